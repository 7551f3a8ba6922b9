/*
 * Copyright (C) ngx_video authors
 *
 * The server's side of the RTMP handshake (RTMP 1.0, 5.2), and its variant
 * with digests that Flash Media Server introduced ("complex").  Which of the
 * two is spoken is found from C1: a valid digest in either place asks for the
 * complex one, anything else gets the simple one.
 *
 * The state is one block without pointers; it is of no use once the handshake
 * is done and "out" has been sent.
 */

#ifndef NVR_HANDSHAKE_H
#define NVR_HANDSHAKE_H

#include "nvm.h"


#define NVR_HANDSHAKE_SIZE  1536                /* C1, C2, S1 and S2 */
#define NVR_HANDSHAKE_OUT   (1 + 2 * NVR_HANDSHAKE_SIZE)


typedef enum {
    NVR_HANDSHAKE_C0 = 0,
    NVR_HANDSHAKE_C1,
    NVR_HANDSHAKE_C2,
    NVR_HANDSHAKE_DONE
} nvr_handshake_state_e;


typedef struct {
    nvr_handshake_state_e  state;
    int                    scheme;      /* -1: simple; 0 and 1: digest */
    uint64_t               offset;      /* bytes consumed so far */
    size_t                 got;         /* bytes of the current C1 or C2 */
    size_t                 out_len;     /* 0, or NVR_HANDSHAKE_OUT after C1 */
    nvm_fault_t            fault;
    uint8_t                c1[NVR_HANDSHAKE_SIZE];
    uint8_t                out[NVR_HANDSHAKE_OUT];      /* S0, S1, S2 */
} nvr_handshake_t;


/* random: unpredictable bytes, they become S1. */
void nvr_handshake_init(nvr_handshake_t *hs,
    const uint8_t random[NVR_HANDSHAKE_SIZE]);

/*
 * Takes at most n bytes and sets *consumed to how many.  NVM_EAGAIN: all were
 * consumed, more are needed (look whether out_len became non-zero, the client
 * waits for it); NVM_OK: done, the rest of the data is the first chunk; else
 * an error that sticks, described by hs->fault.
 */
nvm_err_e nvr_handshake_feed(nvr_handshake_t *hs, const uint8_t *data,
    size_t n, size_t *consumed);


#endif /* NVR_HANDSHAKE_H */
