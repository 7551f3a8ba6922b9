/*
 * Copyright (C) ngx_video authors
 *
 * Aggregate messages (RTMP 1.0, 7.1.6): several messages in one, each with the
 * header of an FLV tag (Adobe Flash Video File Format Specification 10.1, E.4)
 * before it and its size behind it.
 */

#ifndef NVR_AGGREGATE_H
#define NVR_AGGREGATE_H

#include "nvm_reader.h"
#include "nvr_chunk.h"


/* messages in one: a publisher may make them of no bytes, all in one turn */
#define NVR_AGGREGATE_MAX  1024


typedef struct {
    nvm_reader_t   r;
    uint32_t       timestamp;   /* of the aggregate */
    uint32_t       first;       /* of the first message in it, as stored */
    uint32_t       stream_id;
    uint32_t       n;           /* messages so far */
} nvr_aggregate_t;


void nvr_aggregate_init(nvr_aggregate_t *a, const nvr_message_t *msg);

/*
 * The next message: its data lie in those of the aggregate, its timestamp is
 * that of the aggregate and its distance from the first.  NVM_ENOENT, no
 * fault: there is none; NVM_ETRUNC: it is cut (the size behind the last
 * message may be); NVM_EINVAL: an aggregate; NVM_ELIMIT.
 */
nvm_err_e nvr_aggregate_next(nvr_aggregate_t *a, nvr_message_t *msg,
    nvm_fault_t *f);


#endif /* NVR_AGGREGATE_H */
