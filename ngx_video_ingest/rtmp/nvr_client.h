/*
 * Copyright (C) ngx_video authors
 *
 * The client's side of RTMP: the simple handshake, and the commands up to the
 * point where media flow (RTMP 1.0, 7.2), as a state machine over bytes in
 * and bytes out.
 *
 *   state       entered by                  waits for
 *   HANDSHAKE   init: C0, C1 are in "out"   S0, S1 (then C2 is), S2
 *   CONNECT     "connect" is in "out"       its _result
 *   CREATE      "createStream" is, with     its _result
 *               what publishers of old
 *               say before it
 *   START       "publish" or "play" is      NetStream.Publish.Start or
 *                                           NetStream.Play.Start
 *   READY       media may be sent, or come
 *
 * Everything that the server sends is hostile.  What it makes us answer is
 * bounded by NVR_CLIENT_OUT bytes, however much it asks for: the caller takes
 * what is in "out" after each call, and of several pings and windows of
 * acknowledgement that come at once one is answered.
 */

#ifndef NVR_CLIENT_H
#define NVR_CLIENT_H

#include "nvr_amf.h"
#include "nvr_chunk.h"
#include "nvr_handshake.h"


#define NVR_CLIENT_CHUNK        4096        /* that we send with */
#define NVR_CLIENT_OUT          12288
#define NVR_CLIENT_MAX_NAME     512         /* tcUrl, application, stream */
#define NVR_CLIENT_MAX_MESSAGE  65536       /* of a server that is pushed to */
#define NVR_CLIENT_CODE         64
#define NVR_CLIENT_TEXT         128


typedef enum {
    NVR_CLIENT_HANDSHAKE = 0,
    NVR_CLIENT_CONNECT,
    NVR_CLIENT_CREATE,
    NVR_CLIENT_START,
    NVR_CLIENT_READY
} nvr_client_state_e;


typedef enum {
    NVR_CLIENT_STARTED = 0,     /* once: the state is READY */
    NVR_CLIENT_MESSAGE          /* audio, video, data or an aggregate of them */
} nvr_client_event_e;


/* The bytes are the caller's, and stay as long as the client. */
typedef struct {
    nvr_str_t           app;
    nvr_str_t           tc_url;
    nvr_str_t           stream;
    uint32_t            hops;           /* see nvr_command_t */
    int                 play;           /* 0: publish */
} nvr_client_conf_t;


typedef struct {
    nvr_client_conf_t   conf;
    nvr_client_state_e  state;
    nvr_chunk_in_t      in;             /* its limits may be changed, too */

    size_t              got;            /* bytes of S0, S1 and S2 */
    uint8_t             s1[NVR_HANDSHAKE_SIZE];

    uint32_t            stream_id;
    size_t              chunk;          /* that we send with */
    uint64_t            received;
    uint64_t            acknowledged;
    uint32_t            window;         /* the server asked for */
    uint32_t            ping;
    unsigned            pinged:1;

    /* printable, ends with a zero: why the server refused, or has ended it */
    char                code[NVR_CLIENT_CODE];
    char                text[NVR_CLIENT_TEXT];

    size_t              out_len;
    uint8_t             out[NVR_CLIENT_OUT];

    nvm_fault_t         fault;
} nvr_client_t;


/* NVM_ELIMIT: a name is too long.  random becomes C1. */
nvm_err_e nvr_client_init(nvr_client_t *c, const nvr_client_conf_t *conf,
    const nvr_mem_t *mem, const uint8_t random[NVR_HANDSHAKE_SIZE]);
void nvr_client_done(nvr_client_t *c);

/*
 * Consumes input up to the next event.  NVM_OK: it is in *event, a message in
 * *msg, valid until the next call; call again with the rest, even when nothing
 * is left of it.  NVM_EAGAIN: all was consumed.  Else an error that sticks,
 * described by c->fault; NVM_ENOENT means that it is the server that refuses
 * or ends it, and that c->code may tell why.  In any case take what is in out.
 */
nvm_err_e nvr_client_feed(nvr_client_t *c, const uint8_t *data, size_t n,
    size_t *consumed, nvr_client_event_e *event, nvr_message_t *msg);

/* READY: the good-bye of a publisher. */
void nvr_client_end(nvr_client_t *c);

/* What was in out is with the caller. */
static inline void
nvr_client_taken(nvr_client_t *c)
{
    c->out_len = 0;
}

/*
 * READY: the chunks of a message from *offset on, as many as there is room
 * for; with *offset at 0 from the beginning.  Returns 1 when that was all of
 * it.  csid and stream_id of the message are set.  Between two chunks, other
 * chunks may be sent.
 */
int nvr_client_write(const nvr_client_t *c, nvm_writer_t *w,
    nvr_message_t *msg, size_t *offset);


#endif /* NVR_CLIENT_H */
