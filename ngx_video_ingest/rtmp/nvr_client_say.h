/*
 * Copyright (C) ngx_video authors
 *
 * What a client says: each function puts messages into "out" of the client.
 * NVM_EAGAIN: nothing else is to be done; or an error, which is recorded.
 */

#ifndef NVR_CLIENT_SAY_H
#define NVR_CLIENT_SAY_H

#include "nvr_client.h"


/* Transactions (RTMP 1.0, 7.2.1). */
#define NVR_CLIENT_TX_CONNECT   1
#define NVR_CLIENT_TX_RELEASE   2
#define NVR_CLIENT_TX_FCPUBLISH 3
#define NVR_CLIENT_TX_CREATE    4
#define NVR_CLIENT_TX_START     5
#define NVR_CLIENT_TX_END       6

/* Chunk streams that we send on, besides 2 and 3. */
#define NVR_CLIENT_CSID_AUDIO   4
#define NVR_CLIENT_CSID_DATA    5
#define NVR_CLIENT_CSID_VIDEO   6
#define NVR_CLIENT_CSID_START   8


/* Bytes as they are. */
void nvr_client_say(nvr_client_t *c, const uint8_t *data, size_t n);

/* NVM_OK: it has been said. */
nvm_err_e nvr_client_say_connect(nvr_client_t *c);

nvm_err_e nvr_client_say_create(nvr_client_t *c);
nvm_err_e nvr_client_say_start(nvr_client_t *c);

/* What is owed of pings and acknowledgements, if there is room. */
void nvr_client_say_control(nvr_client_t *c);


#endif /* NVR_CLIENT_SAY_H */
