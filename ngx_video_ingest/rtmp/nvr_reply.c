/*
 * Copyright (C) ngx_video authors
 *
 * Answers: a body is built in a buffer of its own, then cut into chunks.
 */

#include <string.h>

#include "nvm_flv.h"
#include "nvr_chunk.h"
#include "nvr_command.h"
#include "nvr_reply.h"


/* Enhanced RTMP 2, Enhancing NetConnection connect Command */
#define NVR_CAPS_MULTITRACK     0x02
#define NVR_CAPS_MODEX          0x04    /* is passed over */
#define NVR_CODEC_CAN_FORWARD   0x04


typedef struct {
    nvm_writer_t    body;
    uint8_t         buf[NVR_REPLY_BODY];
} nvr_reply_t;


static void
nvr_reply_init(nvr_reply_t *b)
{
    nvm_writer_init(&b->body, b->buf, sizeof(b->buf));
}


static void
nvr_reply_send(nvr_reply_t *b, nvm_writer_t *w, size_t chunk_size,
    uint32_t csid, uint8_t type, uint32_t stream_id)
{
    if (b->body.error) {
        w->error = w->error ? w->error : b->body.error;
        return;
    }

    nvr_chunk_write(w, chunk_size, csid, type, stream_id, 0, b->buf,
                    b->body.len);
}


/* The head of a command: name and transaction id. */
static void
nvr_reply_begin(nvr_reply_t *b, const char *name, double txid)
{
    nvr_reply_init(b);

    nvr_amf_write_text(&b->body, name);
    nvr_amf_write_number(&b->body, txid);
}


/* A text that may come from a client, cut to what is reasonable. */
static void
nvr_reply_text(nvr_reply_t *b, const void *data, size_t len)
{
    nvr_amf_write_string(&b->body, data,
                         len < NVR_REPLY_TEXT ? len : NVR_REPLY_TEXT);
}


/* The members level, code and description; the object stays open. */
static void
nvr_reply_info(nvr_reply_t *b, const char *level, const char *code,
    const void *description, size_t len)
{
    nvr_amf_write_object_start(&b->body);

    if (level != NULL) {
        nvr_amf_write_key(&b->body, "level");
        nvr_amf_write_text(&b->body, level);
    }

    nvr_amf_write_key(&b->body, "code");
    nvr_reply_text(b, code, strlen(code));

    nvr_amf_write_key(&b->body, "description");
    nvr_reply_text(b, description, len);
}


static void
nvr_reply_u32(nvm_writer_t *w, size_t chunk_size, uint8_t type, uint32_t v)
{
    nvr_reply_t  b;

    nvr_reply_init(&b);
    nvm_writer_u32(&b.body, v);
    nvr_reply_send(&b, w, chunk_size, NVR_CSID_CONTROL, type, 0);
}


void
nvr_reply_set_chunk_size(nvm_writer_t *w, size_t chunk_size, uint32_t size)
{
    nvr_reply_u32(w, chunk_size, NVR_MSG_SET_CHUNK_SIZE, size);
}


void
nvr_reply_ack(nvm_writer_t *w, size_t chunk_size, uint32_t received)
{
    nvr_reply_u32(w, chunk_size, NVR_MSG_ACK, received);
}


void
nvr_reply_window_ack_size(nvm_writer_t *w, size_t chunk_size, uint32_t size)
{
    nvr_reply_u32(w, chunk_size, NVR_MSG_WINDOW_ACK_SIZE, size);
}


void
nvr_reply_peer_bandwidth(nvm_writer_t *w, size_t chunk_size, uint32_t size,
    uint8_t limit)
{
    nvr_reply_t  b;

    nvr_reply_init(&b);
    nvm_writer_u32(&b.body, size);
    nvm_writer_u8(&b.body, limit);
    nvr_reply_send(&b, w, chunk_size, NVR_CSID_CONTROL,
                   NVR_MSG_SET_PEER_BANDWIDTH, 0);
}


void
nvr_reply_user_control(nvm_writer_t *w, size_t chunk_size, uint16_t event,
    uint32_t value)
{
    nvr_reply_t  b;

    nvr_reply_init(&b);
    nvm_writer_u16(&b.body, event);
    nvm_writer_u32(&b.body, value);
    nvr_reply_send(&b, w, chunk_size, NVR_CSID_CONTROL, NVR_MSG_USER_CONTROL,
                   0);
}


/* Numbers are what is done with a codec: it is sent on as it is. */
static void
nvr_reply_codecs(nvr_reply_t *b, const char *name, nvm_kind_e kind)
{
    size_t       n;
    const char  *codec;

    nvr_amf_write_key(&b->body, name);
    nvr_amf_write_object_start(&b->body);

    for (n = 0; (codec = nvm_flv_codec(kind, n)) != NULL; n++) {
        nvr_amf_write_key(&b->body, codec);
        nvr_amf_write_number(&b->body, NVR_CODEC_CAN_FORWARD);
    }

    nvr_amf_write_object_end(&b->body);
}


/* What is taken of Enhanced RTMP; "fourCcList" is how version 1 says it. */
static void
nvr_reply_enhanced(nvr_reply_t *b)
{
    size_t      n;
    uint32_t    codecs;
    nvm_kind_e  kind;

    codecs = 0;

    for (kind = NVM_VIDEO; kind <= NVM_AUDIO; kind++) {
        for (n = 0; nvm_flv_codec(kind, n); n++) {
            codecs++;
        }
    }

    nvr_amf_write_key(&b->body, "fourCcList");
    nvr_amf_write_array_start(&b->body, codecs);

    for (kind = NVM_VIDEO; kind <= NVM_AUDIO; kind++) {
        for (n = 0; nvm_flv_codec(kind, n); n++) {
            nvr_amf_write_text(&b->body, nvm_flv_codec(kind, n));
        }
    }

    nvr_reply_codecs(b, "videoFourCcInfoMap", NVM_VIDEO);
    nvr_reply_codecs(b, "audioFourCcInfoMap", NVM_AUDIO);

    nvr_amf_write_key(&b->body, "capsEx");
    nvr_amf_write_number(&b->body, NVR_CAPS_MULTITRACK|NVR_CAPS_MODEX);
}


void
nvr_reply_connect(nvm_writer_t *w, size_t chunk_size, double txid,
    double object_encoding)
{
    static const char  text[] = "Connection succeeded.";

    nvr_reply_t  b;

    nvr_reply_begin(&b, "_result", txid);

    nvr_amf_write_object_start(&b.body);
    nvr_amf_write_key(&b.body, "fmsVer");
    nvr_amf_write_text(&b.body, "FMS/3,0,1,123");
    nvr_amf_write_key(&b.body, "capabilities");
    nvr_amf_write_number(&b.body, 31);
    nvr_reply_enhanced(&b);
    nvr_amf_write_object_end(&b.body);

    nvr_reply_info(&b, "status", "NetConnection.Connect.Success", text,
                   sizeof(text) - 1);
    nvr_amf_write_key(&b.body, "objectEncoding");
    nvr_amf_write_number(&b.body, object_encoding);
    nvr_amf_write_object_end(&b.body);

    nvr_reply_send(&b, w, chunk_size, NVR_CSID_COMMAND, NVR_MSG_COMMAND, 0);
}


void
nvr_reply_connect_rejected(nvm_writer_t *w, size_t chunk_size, double txid,
    const char *description)
{
    nvr_reply_t  b;

    nvr_reply_begin(&b, "_error", txid);
    nvr_amf_write_null(&b.body);
    nvr_reply_info(&b, "error", "NetConnection.Connect.Rejected",
                   description, strlen(description));
    nvr_amf_write_object_end(&b.body);

    nvr_reply_send(&b, w, chunk_size, NVR_CSID_COMMAND, NVR_MSG_COMMAND, 0);
}


void
nvr_reply_number(nvm_writer_t *w, size_t chunk_size, double txid,
    double number)
{
    nvr_reply_t  b;

    nvr_reply_begin(&b, "_result", txid);
    nvr_amf_write_null(&b.body);
    nvr_amf_write_number(&b.body, number);

    nvr_reply_send(&b, w, chunk_size, NVR_CSID_COMMAND, NVR_MSG_COMMAND, 0);
}


void
nvr_reply_result(nvm_writer_t *w, size_t chunk_size, double txid)
{
    nvr_reply_t  b;

    nvr_reply_begin(&b, "_result", txid);
    nvr_amf_write_null(&b.body);
    nvr_amf_write_undefined(&b.body);

    nvr_reply_send(&b, w, chunk_size, NVR_CSID_COMMAND, NVR_MSG_COMMAND, 0);
}


static void
nvr_reply_fc(nvm_writer_t *w, size_t chunk_size, const char *name,
    const char *code, const nvr_str_t *stream)
{
    nvr_reply_t  b;

    nvr_reply_begin(&b, name, 0);
    nvr_amf_write_null(&b.body);
    nvr_reply_info(&b, NULL, code, stream->data, stream->len);
    nvr_amf_write_object_end(&b.body);

    nvr_reply_send(&b, w, chunk_size, NVR_CSID_COMMAND, NVR_MSG_COMMAND, 0);
}


void
nvr_reply_on_fcpublish(nvm_writer_t *w, size_t chunk_size,
    const nvr_str_t *stream)
{
    nvr_reply_fc(w, chunk_size, "onFCPublish", "NetStream.Publish.Start",
                 stream);
}


void
nvr_reply_on_fcunpublish(nvm_writer_t *w, size_t chunk_size,
    const nvr_str_t *stream)
{
    nvr_reply_fc(w, chunk_size, "onFCUnpublish",
                 "NetStream.Unpublish.Success", stream);
}


void
nvr_reply_status(nvm_writer_t *w, size_t chunk_size, uint32_t stream_id,
    const char *level, const char *code, const char *description)
{
    nvr_reply_t  b;

    nvr_reply_begin(&b, "onStatus", 0);
    nvr_amf_write_null(&b.body);
    nvr_reply_info(&b, level, code, description, strlen(description));
    nvr_amf_write_object_end(&b.body);

    nvr_reply_send(&b, w, chunk_size, NVR_CSID_STATUS, NVR_MSG_COMMAND,
                   stream_id);
}
