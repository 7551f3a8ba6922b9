/*
 * Copyright (C) ngx_video authors
 *
 * What a client says: a body is built in a buffer of its own, then cut into
 * chunks.
 */

#include "nvr_client_say.h"
#include "nvr_command.h"
#include "nvr_reply.h"


#define NVR_CLIENT_BODY     2048        /* two names of the longest, and more */

/* Left of out by answers that nobody waits for: more than commands need. */
#define NVR_CLIENT_SPARE    6144

/* Milliseconds that a player says it holds. */
#define NVR_CLIENT_BUFFER   1000


typedef struct {
    nvm_writer_t    w;
    uint8_t         buf[NVR_CLIENT_BODY];
} nvr_client_body_t;


static void
nvr_client_begin(nvr_client_body_t *b, const char *name, double txid)
{
    nvm_writer_init(&b->w, b->buf, sizeof(b->buf));
    nvr_amf_write_text(&b->w, name);
    nvr_amf_write_number(&b->w, txid);
}


static void
nvr_client_out(nvr_client_t *c, nvm_writer_t *w)
{
    nvm_writer_init(w, c->out, sizeof(c->out));
    w->len = c->out_len;
}


static nvm_err_e
nvr_client_put(nvr_client_t *c, const nvm_writer_t *w)
{
    if (w->error != NVM_OK) {
        return nvm_fault(&c->fault, w->error, c->received,
                         "no room for what is to be said");
    }

    c->out_len = w->len;

    return NVM_OK;
}


static nvm_err_e
nvr_client_send(nvr_client_t *c, nvr_client_body_t *b, uint32_t csid,
    uint32_t stream_id)
{
    nvm_writer_t  w;

    nvr_client_out(c, &w);

    w.error = b->w.error;

    if (w.error == NVM_OK) {
        nvr_chunk_write(&w, c->chunk, csid, NVR_MSG_COMMAND, stream_id, 0,
                        b->buf, b->w.len);
    }

    return nvr_client_put(c, &w);
}


/* A command whose only argument is the stream's name. */
static nvm_err_e
nvr_client_send_name(nvr_client_t *c, const char *name, double txid)
{
    nvr_client_body_t  b;

    nvr_client_begin(&b, name, txid);
    nvr_amf_write_null(&b.w);
    nvr_amf_write_string(&b.w, c->conf.stream.data, c->conf.stream.len);

    return nvr_client_send(c, &b, NVR_CSID_COMMAND, 0);
}


void
nvr_client_say(nvr_client_t *c, const uint8_t *data, size_t n)
{
    nvm_writer_t  w;

    nvr_client_out(c, &w);
    nvm_writer_bytes(&w, data, n);
    (void) nvr_client_put(c, &w);
}


nvm_err_e
nvr_client_say_connect(nvr_client_t *c)
{
    size_t                    i;
    nvr_client_body_t         b;
    static const char *const  codecs[] = {
        "avc1", "hvc1", "av01", "vp09", "mp4a", "Opus", "fLaC", "ac-3",
        "ec-3", ".mp3"
    };

    nvr_client_begin(&b, "connect", NVR_CLIENT_TX_CONNECT);
    nvr_amf_write_object_start(&b.w);

    nvr_amf_write_key(&b.w, "app");
    nvr_amf_write_string(&b.w, c->conf.app.data, c->conf.app.len);

    nvr_amf_write_key(&b.w, "type");
    nvr_amf_write_text(&b.w, "nonprivate");

    nvr_amf_write_key(&b.w, "flashVer");
    nvr_amf_write_text(&b.w, c->conf.play ? "LNX 11,1,102,55"
                                          : "FMLE/3.0 (compatible; ngx_video)");
    nvr_amf_write_key(&b.w, "tcUrl");
    nvr_amf_write_string(&b.w, c->conf.tc_url.data, c->conf.tc_url.len);

    nvr_amf_write_key(&b.w, "relayHops");
    nvr_amf_write_number(&b.w, c->conf.hops);

    /* Veovera, "Enhanced RTMP (V2)", "Enhancing NetConnection connect" */
    nvr_amf_write_key(&b.w, "fourCcList");
    nvm_writer_u8(&b.w, NVR_AMF_STRICT_ARRAY);
    nvm_writer_u32(&b.w, sizeof(codecs) / sizeof(codecs[0]));

    for (i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
        nvr_amf_write_text(&b.w, codecs[i]);
    }

    nvr_amf_write_object_end(&b.w);

    return nvr_client_send(c, &b, NVR_CSID_COMMAND, 0);
}


static nvm_err_e
nvr_client_send_create(nvr_client_t *c)
{
    nvr_client_body_t  b;

    nvr_client_begin(&b, "createStream", NVR_CLIENT_TX_CREATE);
    nvr_amf_write_null(&b.w);

    return nvr_client_send(c, &b, NVR_CSID_COMMAND, 0);
}


nvm_err_e
nvr_client_say_create(nvr_client_t *c)
{
    nvm_err_e     rc;
    nvm_writer_t  w;

    nvr_client_out(c, &w);

    if (c->conf.play) {
        nvr_reply_window_ack_size(&w, c->chunk, 2500000);
    }

    nvr_reply_set_chunk_size(&w, c->chunk, NVR_CLIENT_CHUNK);

    rc = nvr_client_put(c, &w);
    c->chunk = NVR_CLIENT_CHUNK;

    if (rc == NVM_OK && !c->conf.play) {
        rc = nvr_client_send_name(c, "releaseStream",
                                  NVR_CLIENT_TX_RELEASE);
    }

    if (rc == NVM_OK && !c->conf.play) {
        rc = nvr_client_send_name(c, "FCPublish", NVR_CLIENT_TX_FCPUBLISH);
    }

    if (rc == NVM_OK) {
        rc = nvr_client_send_create(c);
    }

    return rc == NVM_OK ? NVM_EAGAIN : rc;
}


nvm_err_e
nvr_client_say_start(nvr_client_t *c)
{
    nvm_err_e          rc;
    nvm_writer_t       w;
    nvr_client_body_t  b;

    nvr_client_begin(&b, c->conf.play ? "play" : "publish",
                     NVR_CLIENT_TX_START);
    nvr_amf_write_null(&b.w);
    nvr_amf_write_string(&b.w, c->conf.stream.data, c->conf.stream.len);

    if (c->conf.play) {
        /* RTMP 1.0, 7.2.2.1: live, or what there is of the name */
        nvr_amf_write_number(&b.w, -2000);

    } else {
        nvr_amf_write_text(&b.w, "live");
    }

    rc = nvr_client_send(c, &b, NVR_CLIENT_CSID_START, c->stream_id);

    if (rc == NVM_OK && c->conf.play) {
        nvm_writer_init(&b.w, b.buf, sizeof(b.buf));
        nvm_writer_u16(&b.w, NVR_EVENT_SET_BUFFER_LENGTH);
        nvm_writer_u32(&b.w, c->stream_id);
        nvm_writer_u32(&b.w, NVR_CLIENT_BUFFER);

        nvr_client_out(c, &w);
        nvr_chunk_write(&w, c->chunk, NVR_CSID_CONTROL, NVR_MSG_USER_CONTROL,
                        0, 0, b.buf, b.w.len);
        rc = nvr_client_put(c, &w);
    }

    return rc == NVM_OK ? NVM_EAGAIN : rc;
}


void
nvr_client_say_control(nvr_client_t *c)
{
    nvm_writer_t  w;

    if (c->state == NVR_CLIENT_HANDSHAKE
        || c->out_len > NVR_CLIENT_OUT - NVR_CLIENT_SPARE)
    {
        return;
    }

    nvr_client_out(c, &w);

    if (c->pinged) {
        c->pinged = 0;
        nvr_reply_ping_response(&w, c->chunk, c->ping);
    }

    /* RTMP 1.0, 5.4.3: after each window of bytes */
    if (c->window && c->received - c->acknowledged >= c->window) {
        c->acknowledged = c->received;
        nvr_reply_ack(&w, c->chunk, (uint32_t) c->received);
    }

    (void) nvr_client_put(c, &w);
}


void
nvr_client_end(nvr_client_t *c)
{
    nvr_client_body_t  b;

    if (c->state < NVR_CLIENT_START) {
        return;
    }

    if (!c->conf.play) {
        (void) nvr_client_send_name(c, "FCUnpublish", NVR_CLIENT_TX_END);
    }

    nvr_client_begin(&b, "deleteStream", 0);
    nvr_amf_write_null(&b.w);
    nvr_amf_write_number(&b.w, c->stream_id);

    (void) nvr_client_send(c, &b, NVR_CSID_COMMAND, 0);
}
