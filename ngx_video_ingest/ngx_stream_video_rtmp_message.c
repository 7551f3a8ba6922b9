/*
 * Copyright (C) ngx_video authors
 *
 * What RTMP messages mean to a server that takes publishers: commands and
 * their answers (RTMP 1.0, 7.2), control messages, media.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_stream_video_rtmp_module.h"
#include "nvm_flv.h"


static ngx_int_t ngx_stream_video_rtmp_control(
    ngx_stream_video_rtmp_ctx_t *ctx, nvr_message_t *msg);
static ngx_int_t ngx_stream_video_rtmp_aggregate(
    ngx_stream_video_rtmp_ctx_t *ctx, nvr_message_t *msg);
static ngx_int_t ngx_stream_video_rtmp_command(
    ngx_stream_video_rtmp_ctx_t *ctx, nvr_message_t *msg);
static ngx_int_t ngx_stream_video_rtmp_connect(
    ngx_stream_video_rtmp_ctx_t *ctx, nvr_command_t *cmd);
static ngx_int_t ngx_stream_video_rtmp_publish(
    ngx_stream_video_rtmp_ctx_t *ctx, nvr_command_t *cmd);
static ngx_int_t ngx_stream_video_rtmp_unpublish(
    ngx_stream_video_rtmp_ctx_t *ctx);
static void ngx_stream_video_rtmp_metadata(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_metadata_t *m);
static ngx_int_t ngx_stream_video_rtmp_media(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_message_t *msg);
static ngx_int_t ngx_stream_video_rtmp_packet(ngx_stream_video_rtmp_ctx_t *ctx,
    uint32_t ts, nvm_flv_tag_t *tag);


ngx_int_t
ngx_stream_video_rtmp_message(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_message_t *msg)
{
    ngx_log_debug4(NGX_LOG_DEBUG_STREAM, ctx->session->connection->log, 0,
                   "video rtmp: message type %d, %uz bytes at %uD on %uD",
                   (int) msg->type, msg->len, msg->timestamp, msg->stream_id);

    switch (msg->type) {

    case NVR_MSG_SET_CHUNK_SIZE:
    case NVR_MSG_ABORT:
        /* have taken effect */
        return NGX_OK;

    case NVR_MSG_ACK:
    case NVR_MSG_USER_CONTROL:
    case NVR_MSG_WINDOW_ACK_SIZE:
    case NVR_MSG_SET_PEER_BANDWIDTH:
        return ngx_stream_video_rtmp_control(ctx, msg);

    case NVR_MSG_COMMAND:
    case NVR_MSG_COMMAND_AMF3:
    case NVR_MSG_DATA:
    case NVR_MSG_DATA_AMF3:
        return ngx_stream_video_rtmp_command(ctx, msg);

    case NVR_MSG_VIDEO:
    case NVR_MSG_AUDIO:
        return ngx_stream_video_rtmp_media(ctx, msg);

    case NVR_MSG_AGGREGATE:
        return ngx_stream_video_rtmp_aggregate(ctx, msg);

    default:
        return NGX_OK;
    }
}


/* Media and data, which FLV has too; of others, such as pings, none. */
static ngx_int_t
ngx_stream_video_rtmp_aggregate(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_message_t *msg)
{
    ngx_int_t        rc;
    nvm_err_e        err;
    nvm_fault_t      fault;
    nvr_message_t    part;
    nvr_aggregate_t  aggregate;

    ngx_memzero(&fault, sizeof(nvm_fault_t));
    nvr_aggregate_init(&aggregate, msg);

    while ((err = nvr_aggregate_next(&aggregate, &part, &fault)) == NVM_OK) {

        if (part.type != NVR_MSG_AUDIO && part.type != NVR_MSG_VIDEO
            && part.type != NVR_MSG_DATA && part.type != NVR_MSG_DATA_AMF3)
        {
            continue;
        }

        rc = ngx_stream_video_rtmp_message(ctx, &part);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return err == NVM_ENOENT
           ? NGX_OK
           : ngx_stream_video_rtmp_fail(ctx, "NetStream.Publish.Failed",
                                        "invalid aggregate message",
                                        fault.what);
}


static ngx_int_t
ngx_stream_video_rtmp_control(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_message_t *msg)
{
    u_char         buf[64];
    nvm_fault_t    fault;
    nvm_writer_t   w;
    nvr_control_t  ctl;

    ngx_memzero(&fault, sizeof(nvm_fault_t));

    if (nvr_control_parse(msg->type, msg->data, msg->len, &ctl, &fault)
        != NVM_OK)
    {
        return ngx_stream_video_rtmp_fail(ctx, "NetConnection.Connect.Failed",
                                          "invalid control message",
                                          fault.what);
    }

    if (msg->type == NVR_MSG_WINDOW_ACK_SIZE) {
        ctx->window = ctl.value;
        return NGX_OK;
    }

    if (msg->type == NVR_MSG_USER_CONTROL
        && ctl.event == NVR_EVENT_PING_REQUEST)
    {
        nvm_writer_init(&w, buf, sizeof(buf));
        nvr_reply_ping_response(&w, ctx->chunk, ctl.value);
        return ngx_stream_video_rtmp_send(ctx, buf, w.len);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_stream_video_rtmp_command(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_message_t *msg)
{
    u_char         buf[2 * NVR_REPLY_MAX];
    nvm_fault_t    fault;
    nvm_writer_t   w;
    nvr_command_t  cmd;

    ngx_memzero(&fault, sizeof(nvm_fault_t));

    if (nvr_command_parse(msg->type, msg->data, msg->len, &cmd, &fault)
        != NVM_OK)
    {
        return ngx_stream_video_rtmp_fail(ctx, "NetConnection.Call.Failed",
                                          "malformed command", fault.what);
    }

    if (ctx->push && (msg->type == NVR_MSG_DATA
                      || msg->type == NVR_MSG_DATA_AMF3))
    {
        ngx_stream_video_push_message(ctx->push, msg);
    }

    nvm_writer_init(&w, buf, sizeof(buf));

    switch (cmd.kind) {

    case NVR_CMD_CONNECT:
        return ngx_stream_video_rtmp_connect(ctx, &cmd);

    case NVR_CMD_PUBLISH:
        return ngx_stream_video_rtmp_publish(ctx, &cmd);

    case NVR_CMD_FCUNPUBLISH:
        nvr_reply_on_fcunpublish(&w, ctx->chunk, &cmd.stream);
        nvr_reply_result(&w, ctx->chunk, cmd.txid);

        if (ngx_stream_video_rtmp_send(ctx, buf, w.len) != NGX_OK) {
            return NGX_ERROR;
        }

        return ngx_stream_video_rtmp_unpublish(ctx);

    case NVR_CMD_DELETE_STREAM:
    case NVR_CMD_CLOSE_STREAM:
        return ngx_stream_video_rtmp_unpublish(ctx);

    case NVR_CMD_METADATA:
        ngx_stream_video_rtmp_metadata(ctx, &cmd.metadata);
        return NGX_OK;

    case NVR_CMD_CREATE_STREAM:
        nvr_reply_number(&w, ctx->chunk, cmd.txid,
                         NGX_VIDEO_RTMP_STREAM);
        break;

    case NVR_CMD_GET_STREAM_LENGTH:
        nvr_reply_number(&w, ctx->chunk, cmd.txid, 0);
        break;

    case NVR_CMD_FCPUBLISH:
        nvr_reply_result(&w, ctx->chunk, cmd.txid);
        nvr_reply_on_fcpublish(&w, ctx->chunk, &cmd.stream);
        break;

    case NVR_CMD_RELEASE_STREAM:
    case NVR_CMD_CHECKBW:
        nvr_reply_result(&w, ctx->chunk, cmd.txid);
        break;

    case NVR_CMD_PLAY:
        return ngx_stream_video_rtmp_fail(ctx, "NetStream.Play.Failed",
                                          "playing is not supported", NULL);

    default:

        if (ctx->publishing && (msg->type == NVR_MSG_DATA
                                || msg->type == NVR_MSG_DATA_AMF3))
        {
            ngx_stream_video_cue(ctx, msg);
        }

        return NGX_OK;
    }

    return ngx_stream_video_rtmp_send(ctx, buf, w.len);
}


/*
 * What a client calls a thing, for the log: printable, not too much, and none
 * of its arguments, which may be secret.
 */
static void
ngx_stream_video_rtmp_print(ngx_stream_video_rtmp_ctx_t *ctx, nvr_str_t *s)
{
    size_t  i;

    for (i = 0; i < ngx_min(s->len, NGX_VIDEO_LIVE_NAME); i++) {
        if (s->data[i] == '?') {
            break;
        }

        ctx->name_data[i] = (s->data[i] >= 0x20 && s->data[i] < 0x7f
                             && s->data[i] != '"') ? s->data[i] : '?';
    }

    ctx->name.data = ctx->name_data;
    ctx->name.len = i;
}


static ngx_stream_video_app_t *
ngx_stream_video_rtmp_app(ngx_stream_video_rtmp_ctx_t *ctx, nvr_str_t *name)
{
    size_t                   len;
    ngx_uint_t               i;
    ngx_stream_video_app_t  *app;

    /* "live/" and "live?token" are the application "live" */
    for (len = 0; len < name->len; len++) {
        if (name->data[len] == '/' || name->data[len] == '?') {
            break;
        }
    }

    app = ctx->conf->apps->elts;

    for (i = 0; i < ctx->conf->apps->nelts; i++) {
        if (app[i].name.len == len
            && ngx_memcmp(app[i].name.data, name->data, len) == 0)
        {
            return &app[i];
        }
    }

    return NULL;
}


static ngx_int_t
ngx_stream_video_rtmp_connect(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_command_t *cmd)
{
    u_char        buf[2 * NVR_REPLY_MAX];
    nvm_writer_t  w;

    nvm_writer_init(&w, buf, sizeof(buf));

    if (ctx->app) {
        return ngx_stream_video_rtmp_fail(ctx, "NetConnection.Connect.Failed",
                                          "second connect", NULL);
    }

    ctx->app = ngx_stream_video_rtmp_app(ctx, &cmd->app);

    if (ctx->app == NULL) {
        nvr_reply_connect_rejected(&w, ctx->chunk, cmd->txid,
                                   "unknown application");
        (void) ngx_stream_video_rtmp_send(ctx, buf, w.len);

        ngx_stream_video_rtmp_print(ctx, &cmd->app);
        return ngx_stream_video_rtmp_fail(ctx, NULL, "unknown application",
                                          NULL);
    }

    ctx->hops = cmd->hops;

    if (ngx_stream_video_auth_connect(ctx, cmd) != NGX_OK) {
        return ngx_stream_video_rtmp_fail(ctx, "NetConnection.Connect.Failed",
                                          "no memory", NULL);
    }

    nvr_reply_window_ack_size(&w, ctx->chunk,
                              NGX_VIDEO_RTMP_WINDOW);
    nvr_reply_peer_bandwidth(&w, ctx->chunk, NGX_VIDEO_RTMP_WINDOW,
                             2);
    nvr_reply_set_chunk_size(&w, ctx->chunk, NGX_VIDEO_RTMP_CHUNK);
    ctx->chunk = NGX_VIDEO_RTMP_CHUNK;

    nvr_reply_connect(&w, ctx->chunk, cmd->txid,
                      cmd->object_encoding);

    return ngx_stream_video_rtmp_send(ctx, buf, w.len);
}


/* Arguments after "?" are not part of a stream's name. */
ngx_int_t
ngx_stream_video_rtmp_name(ngx_stream_video_rtmp_ctx_t *ctx, nvr_str_t *s)
{
    size_t  len;

    for (len = 0; len < s->len && s->data[len] != '?'; len++) { /* void */ }

    if (!nva_name_valid(s->data, len, NGX_VIDEO_LIVE_NAME)) {
        return NGX_ERROR;
    }

    ngx_memcpy(ctx->name_data, s->data, len);
    ctx->name.data = ctx->name_data;
    ctx->name.len = len;

    return NGX_OK;
}


static ngx_int_t
ngx_stream_video_rtmp_publish(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_command_t *cmd)
{
    if (ctx->app == NULL || ctx->publishing) {
        return ngx_stream_video_rtmp_fail(ctx, "NetStream.Publish.Failed",
                                          ctx->app ? "second publish"
                                          : "publish before connect", NULL);
    }

    if (ngx_stream_video_rtmp_name(ctx, &cmd->stream) != NGX_OK) {
        ngx_stream_video_rtmp_print(ctx, &cmd->stream);
        return ngx_stream_video_rtmp_fail(ctx, "NetStream.Publish.BadName",
                                          "invalid stream name", NULL);
    }

    if (ngx_stream_video_access(ctx, cmd) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ctx->auth.conf->url) {
        return ngx_stream_video_auth_publish(ctx, cmd);
    }

    return ngx_stream_video_rtmp_begin(ctx);
}


ngx_int_t
ngx_stream_video_rtmp_begin(ngx_stream_video_rtmp_ctx_t *ctx)
{
    u_char                             buf[2 * NVR_REPLY_MAX];
    ngx_int_t                          rc;
    nvm_writer_t                       w;
    ngx_connection_t                  *c;
    ngx_video_store_t                 *st;
    ngx_video_ladder_t                *ladder;
    ngx_video_live_conf_t              live;
    ngx_stream_video_rtmp_srv_conf_t  *conf;

    c = ctx->session->connection;
    conf = ctx->conf;

    st = ngx_video_zone_store(ctx->app->zone);
    ladder = ngx_stream_video_transcode_ladder(ctx);

    ngx_memzero(&live, sizeof(ngx_video_live_conf_t));
    live.name = ctx->name;
    live.segment = conf->segment;
    live.part = conf->part;
    live.fill = conf->fill;
    live.window = conf->window;
    live.grace = conf->grace;
    live.linger = conf->linger;
    live.dvr = conf->dvr;
    live.reserve = ((uint64_t) conf->bitrate
                    + ngx_video_ladder_rate(ladder)) / 8
                   * (conf->window * 3 / 2 + 4 * conf->segment) / 1000;
    ngx_stream_video_limit_streams(ctx, &live);

    rc = ngx_video_segmenter_init(&ctx->segmenter, st, &live, c->log);

    if (rc == NGX_BUSY && !conf->standby && !live.left) {
        return ngx_stream_video_rtmp_fail(ctx, "NetStream.Publish.BadName",
                                          "stream is already published",
                                          NULL);
    }

    if (rc == NGX_DECLINED && (live.over_app || live.over_peer)) {
        return ngx_stream_video_limit_refuse(ctx, &live);
    }

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_CRIT, c->log, 0,
                      "video zone \"%V\" is full: %s, stream \"%V\" refused",
                      &st->name, live.refused, &ctx->name);

        return ngx_stream_video_rtmp_refuse(ctx, "NetStream.Publish.Denied",
                                            "the server is full");
    }

    ctx->segmenter.conf.name = ctx->name;
    ctx->segmenter.record = conf->record;
    ctx->segmenter.ladder = ladder;
    ctx->segmenter.standby = (rc == NGX_BUSY);

    /* the stream is on air: its further runs are it */
    ctx->segmenter.conf.max_app = 0;
    ctx->segmenter.conf.max_peer = 0;

    ctx->publishing = 1;
    ctx->in.max_held = NVR_CHUNK_MAX_HELD;
    ctx->push = ngx_stream_video_push_start(&conf->push, st, &ctx->name,
                                            ctx->hops, rc == NGX_BUSY, c->log);
    ngx_stream_video_standby_start(ctx);

    ngx_log_error(NGX_LOG_NOTICE, c->log, 0, "stream \"%V\" %s", &ctx->name,
                  rc == NGX_OK ? "is published"
                  : "is on air, another publisher stands by");

    nvm_writer_init(&w, buf, sizeof(buf));
    nvr_reply_stream_begin(&w, ctx->chunk, NGX_VIDEO_RTMP_STREAM);
    nvr_reply_status(&w, ctx->chunk, NGX_VIDEO_RTMP_STREAM,
                     "status", "NetStream.Publish.Start", "publishing");

    return ngx_stream_video_rtmp_send(ctx, buf, w.len);
}


static ngx_int_t
ngx_stream_video_rtmp_unpublish(ngx_stream_video_rtmp_ctx_t *ctx)
{
    u_char        buf[NVR_REPLY_MAX];
    nvm_writer_t  w;

    if (!ctx->publishing) {
        return NGX_OK;
    }

    ctx->clean = 1;
    ctx->logged = 1;

    nvm_writer_init(&w, buf, sizeof(buf));
    nvr_reply_status(&w, ctx->chunk, NGX_VIDEO_RTMP_STREAM,
                     "status", "NetStream.Unpublish.Success", "unpublished");
    (void) ngx_stream_video_rtmp_send(ctx, buf, w.len);

    return NGX_DONE;
}


/* kbit/s as announced to bit/s, within reason */
static uint32_t
ngx_stream_video_rtmp_rate(double kbits)
{
    return kbits > 1 && kbits < 1000000 ? (uint32_t) (kbits * 1000) : 0;
}


static void
ngx_stream_video_rtmp_metadata(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_metadata_t *m)
{
    ngx_video_segmenter_t  *sg;

    sg = &ctx->segmenter;

    if (!ctx->publishing || sg->ready) {
        return;
    }

    sg->framerate = m->framerate;
    sg->rate[NVM_VIDEO] = ngx_stream_video_rtmp_rate(m->videodatarate);
    sg->rate[NVM_AUDIO] = ngx_stream_video_rtmp_rate(m->audiodatarate);

    /* only one that names a codec tells that the other is absent */
    sg->no_audio = (m->videocodecid && m->audiocodecid == 0);
    sg->no_video = (m->audiocodecid && m->videocodecid == 0);
}


/* The packets of a message, one for each of its tracks. */
static ngx_int_t
ngx_stream_video_rtmp_media(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_message_t *msg)
{
    ngx_int_t      rc;
    nvm_err_e      err;
    ngx_uint_t     video;
    nvm_fault_t    fault;
    nvm_flv_tag_t  tag;

    if (!ctx->publishing) {
        return ngx_stream_video_rtmp_fail(ctx, "NetStream.Publish.Failed",
                                          "media before publish", NULL);
    }

    video = (msg->type == NVR_MSG_VIDEO);
    ngx_memzero(&fault, sizeof(nvm_fault_t));

    err = video ? nvm_flv_video_parse(msg->data, msg->len, &tag, &fault)
                : nvm_flv_audio_parse(msg->data, msg->len, &tag, &fault);

    while (err == NVM_OK) {
        rc = ngx_stream_video_rtmp_packet(ctx, msg->timestamp, &tag);

        if (rc != NGX_OK) {
            return rc;
        }

        err = nvm_flv_next(&tag, &fault);
    }

    if (err == NVM_ENOENT && fault.what == NULL) {

        if (ctx->push) {
            ngx_stream_video_push_message(ctx->push, msg);

            if (!ctx->segmenter.standby) {
                ngx_stream_video_push_go(ctx->push);
            }
        }

        return NGX_OK;
    }

    return ngx_stream_video_rtmp_fail(ctx, "NetStream.Publish.Failed",
                                      video ? "invalid video message"
                                            : "invalid audio message",
                                      fault.what);
}


static ngx_int_t
ngx_stream_video_rtmp_packet(ngx_stream_video_rtmp_ctx_t *ctx, uint32_t ts,
    nvm_flv_tag_t *tag)
{
    size_t               len;
    u_char               buf[NVM_MAX_CONFIG];
    ngx_int_t            rc;
    nvm_fault_t          fault;
    const uint8_t       *config;
    ngx_video_packet_t   p;

    ctx->auth.timestamp = ts;

    p.kind = tag->kind;
    p.codec = tag->codec;
    p.track = tag->track;
    p.ts = ts;
    p.cts = tag->cts;
    p.data = tag->data;
    p.size = tag->size;

    ngx_memzero(&fault, sizeof(nvm_fault_t));

    switch (tag->packet) {

    case NVM_FLV_HEADER:

        if (nvm_flv_config(tag->codec, tag->data, tag->size, buf, &config,
                           &len, &fault)
            != NVM_OK)
        {
            return ngx_stream_video_rtmp_fail(ctx, "NetStream.Publish.Failed",
                                              "invalid media", fault.what);
        }

        p.data = config;
        p.size = len;
        rc = ngx_video_segmenter_header(&ctx->segmenter, &p);
        break;

    case NVM_FLV_FRAME:
        rc = ngx_video_segmenter_frame(&ctx->segmenter, &p);
        break;

    default:
        return NGX_OK;
    }

    return rc == NGX_OK
           ? NGX_OK
           : ngx_stream_video_rtmp_fail(ctx, "NetStream.Publish.Failed",
                                        "invalid media",
                                        ctx->segmenter.error);
}
