/*
 * Copyright (C) ngx_video authors
 *
 * The RTMP chunk stream (RTMP 1.0, 5.3): bytes to messages and back.
 *
 * The demultiplexer keeps what it has seen of a header or a message, so input
 * may be cut anywhere.  Memory follows the bytes that arrived, never a length
 * that a header claims, and each chunk stream reuses its buffer: a steady
 * publisher causes no allocation.
 */

#ifndef NVR_CHUNK_H
#define NVR_CHUNK_H

#include "nvm.h"
#include "nvm_writer.h"


#define NVR_CHUNK_SIZE          128             /* RTMP 1.0, 5.4.1 */
#define NVR_CHUNK_MAX_SIZE      0xffffff        /* longest message there is */
#define NVR_CHUNK_MAX_HEADER    18
#define NVR_CHUNK_MAX_STREAMS   64
#define NVR_CHUNK_MAX_MESSAGE   (8 * 1024 * 1024)
#define NVR_CHUNK_MAX_HELD      (24 * 1024 * 1024)


/* Message types (RTMP 1.0, 5.4, 6.2, 7.1). */
typedef enum {
    NVR_MSG_SET_CHUNK_SIZE = 1,
    NVR_MSG_ABORT = 2,
    NVR_MSG_ACK = 3,
    NVR_MSG_USER_CONTROL = 4,
    NVR_MSG_WINDOW_ACK_SIZE = 5,
    NVR_MSG_SET_PEER_BANDWIDTH = 6,
    NVR_MSG_AUDIO = 8,
    NVR_MSG_VIDEO = 9,
    NVR_MSG_DATA_AMF3 = 15,
    NVR_MSG_COMMAND_AMF3 = 17,
    NVR_MSG_DATA = 18,
    NVR_MSG_COMMAND = 20,
    NVR_MSG_AGGREGATE = 22
} nvr_msg_type_e;


/* Chunk streams that the server sends on; 2 is fixed by the standard. */
#define NVR_CSID_CONTROL        2
#define NVR_CSID_COMMAND        3
#define NVR_CSID_STATUS         5


typedef struct {
    uint32_t         csid;
    uint32_t         stream_id;
    uint32_t         timestamp;     /* absolute, in ms, modulo 2^32 */
    uint8_t          type;          /* nvr_msg_type_e or unknown */
    const uint8_t   *data;          /* never NULL, even when len is 0 */
    size_t           len;
} nvr_message_t;


/* alloc returns NULL on failure; free is only called with what it returned. */
typedef struct {
    void           *(*alloc)(void *data, size_t size);
    void            (*free)(void *data, void *p);
    void             *data;
} nvr_mem_t;


typedef struct nvr_chunk_stream_s  nvr_chunk_stream_t;

typedef struct {
    nvr_mem_t             mem;

    /* Limits; may be changed after nvr_chunk_init() and before any input. */
    uint32_t              max_message;  /* at most NVR_CHUNK_MAX_SIZE */
    uint32_t              max_streams;
    size_t                max_held;     /* of all message buffers together;
                                           may be raised at any time */

    uint32_t              chunk_size;   /* that the peer sends with */
    uint32_t              nstreams;
    size_t                held;
    uint64_t              offset;       /* bytes consumed so far */
    nvr_chunk_stream_t   *streams;

    nvr_chunk_stream_t   *current;      /* inside this one's chunk, or NULL */
    nvr_chunk_stream_t   *ready;        /* its message is complete, or NULL */
    uint32_t              chunk_left;   /* payload of the current chunk */

    uint8_t               head[NVR_CHUNK_MAX_HEADER];
    uint8_t               head_len;
    uint8_t               replay_len;   /* bytes to be read once more */
    uint8_t               replay[4];

    nvm_fault_t           fault;
} nvr_chunk_in_t;


void nvr_chunk_init(nvr_chunk_in_t *in, const nvr_mem_t *mem);
void nvr_chunk_done(nvr_chunk_in_t *in);

/*
 * Consumes input up to the end of one message.  NVM_OK: *msg is filled, its
 * data is valid until the next call; call again with the rest, even when
 * nothing is left of it.  NVM_EAGAIN: all was consumed.  Else an error that
 * sticks, described by in->fault.
 *
 * Set Chunk Size and Abort have taken effect when they are returned.
 */
nvm_err_e nvr_chunk_feed(nvr_chunk_in_t *in, const uint8_t *data, size_t n,
    size_t *consumed, nvr_message_t *msg);

/* What the two messages cause; nvr_chunk_feed() does it for the caller. */
nvm_err_e nvr_chunk_set_size(nvr_chunk_in_t *in, uint32_t size);
void nvr_chunk_abort(nvr_chunk_in_t *in, uint32_t csid);

/*
 * One message: a type 0 chunk, then type 3.  A message or a chunk size that
 * cannot be sent is NVM_EINVAL in w->error.
 */
void nvr_chunk_write(nvm_writer_t *w, size_t chunk_size, uint32_t csid,
    uint8_t type, uint32_t stream_id, uint32_t timestamp, const uint8_t *body,
    size_t n);

/*
 * The same in pieces: one chunk, of what is at *offset, which is moved to
 * behind it.  A message of no bytes is one chunk.  What can't be sent moves it
 * to the end.
 */
void nvr_chunk_write_one(nvm_writer_t *w, size_t chunk_size,
    const nvr_message_t *m, size_t *offset);


#endif /* NVR_CHUNK_H */
