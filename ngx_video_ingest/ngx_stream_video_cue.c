/*
 * Copyright (C) ngx_video authors
 *
 * What publishers say of their media by data messages: texts, cue points,
 * splices.  Texts go into the media, as ID3; cue points and splices are also
 * listed in playlists.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_stream_video_rtmp_module.h"
#include "nvr_cue.h"


/* an ID3 tag of a message */
#define NGX_STREAM_VIDEO_ID3    8192

/* ms, within which a section is said again and is no other */
#define NGX_STREAM_VIDEO_AGAIN  10000


/* ms of 90 kHz, or not known */
static uint64_t
ngx_stream_video_cue_ms(nvm_scte35_splice_t *s)
{
    return s->timed ? s->duration / (NVM_SCTE35_TIMESCALE / 1000)
                    : NGX_VIDEO_LIVE_UNKNOWN;
}


static void
ngx_stream_video_cue_listed(nvr_cue_t *cue, nvm_scte35_splice_t *s,
    ngx_video_live_event_t *e)
{
    ngx_memzero(e, sizeof(ngx_video_live_event_t));

    e->kind = s->cancel ? NGX_VIDEO_LIVE_SPLICE_CANCEL
              : s->way == NVM_SCTE35_OUT ? NGX_VIDEO_LIVE_SPLICE_OUT
              : s->way == NVM_SCTE35_IN ? NGX_VIDEO_LIVE_SPLICE_IN
              : NGX_VIDEO_LIVE_SPLICE_CMD;
    e->id = s->event;

    /* an end has the type of its beginning */
    e->type = s->way == NVM_SCTE35_IN && s->type ? s->type - 1 : s->type;
    e->duration = ngx_stream_video_cue_ms(s);
    e->data = cue->section;
    e->size = (uint32_t) cue->section_len;
}


/*
 * A section: one entry for each of its segments.  Those that say nothing, such
 * as splice_null(), which encoders send every few seconds, are for players
 * alone.
 */
static ngx_int_t
ngx_stream_video_cue_splice(ngx_video_segmenter_t *sg, nvr_cue_t *cue,
    ngx_video_event_t *event)
{
    ngx_uint_t               i;
    nvm_scte35_t            *splice;
    nvm_scte35_splice_t      none;
    ngx_video_live_event_t   listed[NVM_SCTE35_SEGMENTS];

    splice = &cue->splice;

    for (i = 0; i < splice->nsplices; i++) {
        ngx_stream_video_cue_listed(cue, &splice->splices[i], &listed[i]);
    }

    if (i == 0 && splice->command != NVM_SCTE35_NULL
        && splice->command != NVM_SCTE35_RESERVATION)
    {
        ngx_memzero(&none, sizeof(nvm_scte35_splice_t));
        ngx_stream_video_cue_listed(cue, &none, &listed[i++]);
    }

    event->listed = listed;
    event->nlisted = i;
    event->scheme = NVM_EMSG_SCTE35;
    event->data = cue->section;
    event->size = cue->section_len;

    if (splice->nsplices) {
        event->duration = ngx_stream_video_cue_ms(&splice->splices[0]);
    }

    return ngx_video_segmenter_event(sg, event);
}


static ngx_int_t
ngx_stream_video_cue_point(ngx_video_segmenter_t *sg, nvr_cue_t *cue,
    ngx_video_event_t *event)
{
    u_char                   attributes[NVR_CUE_ATTRIBUTES];
    u_char                   id3[NGX_STREAM_VIDEO_ID3];
    nvm_writer_t             w;
    ngx_video_live_event_t   listed;

    nvm_writer_init(&w, id3, sizeof(id3));
    nvr_cue_id3(&w, cue);

    event->scheme = NVM_EMSG_ID3;
    event->data = id3;
    event->size = w.len;

    if (cue->kind == NVR_CUE_TEXT) {
        return ngx_video_segmenter_event(sg, event);
    }

    nvm_writer_init(&w, attributes, sizeof(attributes));
    nvr_cue_attributes(&w, cue);

    ngx_memzero(&listed, sizeof(ngx_video_live_event_t));
    listed.kind = NGX_VIDEO_LIVE_CUE;
    listed.duration = (uint64_t) (cue->duration * 1000);
    listed.data = attributes;
    listed.size = (uint32_t) w.len;

    event->listed = &listed;
    event->nlisted = 1;
    event->duration = listed.duration;

    return ngx_video_segmenter_event(sg, event);
}


/* Once: a publisher may send such messages all the time. */
static void
ngx_stream_video_cue_warn(ngx_stream_video_rtmp_ctx_t *ctx, const char *what)
{
    if (!ctx->warned_cue) {
        ctx->warned_cue = 1;
        ngx_log_error(NGX_LOG_WARN, ctx->session->connection->log, 0,
                      "stream \"%V\": %s", &ctx->name, what);
    }
}


/*
 * Whether a section is that of a moment ago: encoders send one several times.
 * It ends with its checksum.
 */
static ngx_uint_t
ngx_stream_video_cue_again(ngx_stream_video_rtmp_ctx_t *ctx, nvr_cue_t *cue,
    uint32_t ts)
{
    u_char  *crc;

    if (cue->kind != NVR_CUE_SPLICE) {
        return 0;
    }

    crc = cue->section + cue->section_len - sizeof(ctx->cue);

    if (ngx_memcmp(crc, ctx->cue, sizeof(ctx->cue)) == 0
        && ts - ctx->cue_ts < NGX_STREAM_VIDEO_AGAIN)
    {
        return 1;
    }

    ngx_memcpy(ctx->cue, crc, sizeof(ctx->cue));
    ctx->cue_ts = ts;

    return 0;
}


void
ngx_stream_video_cue(ngx_stream_video_rtmp_ctx_t *ctx, nvr_message_t *msg)
{
    ngx_int_t              rc;
    nvr_cue_t              cue;
    nvm_err_e              err;
    nvm_fault_t            fault;
    ngx_connection_t      *c;
    ngx_video_event_t      event;

    c = ctx->session->connection;
    ngx_memzero(&fault, sizeof(nvm_fault_t));

    err = nvr_cue_parse(msg->type, msg->data, msg->len, &cue, &fault);

    if (err == NVM_ENOENT && fault.what == NULL) {
        return;
    }

    if (err != NVM_OK) {
        ngx_stream_video_cue_warn(ctx, "malformed data message");
        return;
    }

    if (cue.unread) {
        ngx_stream_video_cue_warn(ctx, "SCTE-35 without a valid "
                                  "splice_info_section");
    }

    if (ngx_stream_video_cue_again(ctx, &cue, msg->timestamp)) {
        return;
    }

    ngx_memzero(&event, sizeof(ngx_video_event_t));
    event.ts = msg->timestamp;

    rc = cue.kind == NVR_CUE_SPLICE
         ? ngx_stream_video_cue_splice(&ctx->segmenter, &cue, &event)
         : ngx_stream_video_cue_point(&ctx->segmenter, &cue, &event);

    ngx_log_debug3(NGX_LOG_DEBUG_STREAM, c->log, 0,
                   "video rtmp: cue of kind %d at %uD: %i",
                   (int) cue.kind, msg->timestamp, rc);

    if (rc != NGX_OK && ctx->segmenter.ready) {
        ngx_stream_video_cue_warn(ctx, "no room for an event");
    }
}
