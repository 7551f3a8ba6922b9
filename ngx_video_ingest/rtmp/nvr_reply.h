/*
 * Copyright (C) ngx_video authors
 *
 * What the server says: each function writes one complete message, cut into
 * chunks of chunk_size bytes, to w.  A dry writer counts, as everywhere;
 * NVR_REPLY_MAX bytes of room are enough for any one of them.
 */

#ifndef NVR_REPLY_H
#define NVR_REPLY_H

#include "nvm.h"
#include "nvm_writer.h"
#include "nvr_amf.h"


#define NVR_REPLY_BODY      1024        /* longest body that is built */
#define NVR_REPLY_TEXT      256         /* longer texts are cut there */
#define NVR_REPLY_MIN_CHUNK 64          /* below it NVR_REPLY_MAX may not do */
#define NVR_REPLY_MAX       (NVR_REPLY_BODY + 64)


/* Protocol control (RTMP 1.0, 5.4 and 7.1.7), chunk stream 2. */
void nvr_reply_set_chunk_size(nvm_writer_t *w, size_t chunk_size,
    uint32_t size);
void nvr_reply_ack(nvm_writer_t *w, size_t chunk_size, uint32_t received);
void nvr_reply_window_ack_size(nvm_writer_t *w, size_t chunk_size,
    uint32_t size);
void nvr_reply_peer_bandwidth(nvm_writer_t *w, size_t chunk_size,
    uint32_t size, uint8_t limit);
void nvr_reply_user_control(nvm_writer_t *w, size_t chunk_size,
    uint16_t event, uint32_t value);

static inline void
nvr_reply_stream_begin(nvm_writer_t *w, size_t chunk_size, uint32_t stream_id)
{
    nvr_reply_user_control(w, chunk_size, 0, stream_id);
}


static inline void
nvr_reply_ping_request(nvm_writer_t *w, size_t chunk_size, uint32_t time)
{
    nvr_reply_user_control(w, chunk_size, 6, time);
}


static inline void
nvr_reply_ping_response(nvm_writer_t *w, size_t chunk_size, uint32_t time)
{
    nvr_reply_user_control(w, chunk_size, 7, time);
}


/* NetConnection.Connect.Success. */
void nvr_reply_connect(nvm_writer_t *w, size_t chunk_size, double txid,
    double object_encoding);

/* _error with NetConnection.Connect.Rejected. */
void nvr_reply_connect_rejected(nvm_writer_t *w, size_t chunk_size,
    double txid, const char *description);

/* _result with a number: createStream's id, getStreamLength's seconds. */
void nvr_reply_number(nvm_writer_t *w, size_t chunk_size, double txid,
    double number);

/* _result without one: releaseStream, FCPublish, FCUnpublish, _checkbw. */
void nvr_reply_result(nvm_writer_t *w, size_t chunk_size, double txid);

/* onFCPublish and onFCUnpublish. */
void nvr_reply_on_fcpublish(nvm_writer_t *w, size_t chunk_size,
    const nvr_str_t *stream);
void nvr_reply_on_fcunpublish(nvm_writer_t *w, size_t chunk_size,
    const nvr_str_t *stream);

/* level: "status", "warning" or "error"; code: "NetStream.Publish.Start". */
void nvr_reply_status(nvm_writer_t *w, size_t chunk_size, uint32_t stream_id,
    const char *level, const char *code, const char *description);


#endif /* NVR_REPLY_H */
