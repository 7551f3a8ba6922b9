/*
 * Copyright (C) ngx_video authors
 *
 * Elementary streams: what a transport stream needs before, in front of and
 * in place of the bytes that MP4 and FLV carry.
 */

#ifndef NVM_TS_ES_H
#define NVM_TS_ES_H

#include "nvm_reader.h"
#include "nvm_ts.h"


/* Fills a track but its PID; see nvm_ts_init() for errors. */
nvm_err_e nvm_ts_es_init(nvm_ts_track_t *t, const nvm_track_t *track,
    nvm_fault_t *f);


/* An access unit of length-prefixed NAL units. */
typedef struct {
    unsigned   aud:1;           /* it begins with a delimiter of its own */
    unsigned   sets:1;          /* it has parameter sets */
} nvm_ts_unit_t;

/* Errors as nvm_ts_sample(). */
nvm_err_e nvm_ts_es_scan(const nvm_ts_track_t *t, const uint8_t *data,
    size_t n, nvm_ts_unit_t *unit, nvm_fault_t *f);

/* The next NAL unit; NULL at the end or on an error, which r has. */
const uint8_t *nvm_ts_es_nal(const nvm_ts_track_t *t, nvm_reader_t *r,
    uint32_t *size);


/* Whether an audio frame of so many bytes can be carried. */
nvm_err_e nvm_ts_es_frame(const nvm_ts_track_t *t, size_t n, nvm_fault_t *f);

/* The header of an AAC frame of n bytes: t->adts_len bytes, or none. */
void nvm_ts_es_adts(const nvm_ts_track_t *t, size_t n, uint8_t adts[7]);


#endif /* NVM_TS_ES_H */
