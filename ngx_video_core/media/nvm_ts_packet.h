/*
 * Copyright (C) ngx_video authors
 *
 * Transport packets (ISO/IEC 13818-1, 2.4.3): the bytes of a PES packet cut
 * into packets of one PID, and those into the output's spans.
 *
 * Errors stay in o->error.
 */

#ifndef NVM_TS_PACKET_H
#define NVM_TS_PACKET_H

#include "nvm_ts.h"


/* The bytes as they are. */
void nvm_ts_write(nvm_ts_out_t *o, const uint8_t *p, size_t n);

void nvm_ts_pid_reset(nvm_ts_pid_t *t);

/* Ends a PES packet. */
void nvm_ts_flush(nvm_ts_pid_t *t, nvm_ts_out_t *o);

/*
 * Starts one, after a flush; its header goes through nvm_ts_put() first.
 * "random": random_access_indicator; pcr may be NULL.
 */
void nvm_ts_start(nvm_ts_pid_t *t, unsigned random, const uint64_t *pcr);

/* More of the PES packet. */
void nvm_ts_put(nvm_ts_pid_t *t, nvm_ts_out_t *o, const uint8_t *p, size_t n);

/* Ends the last PES packet of a segment on a multiple of 16 packets. */
void nvm_ts_finish(nvm_ts_pid_t *t, nvm_ts_out_t *o);

/* A packet without payload, which leaves the counter alone (2.4.3.3). */
void nvm_ts_pcr(const nvm_ts_pid_t *t, nvm_ts_out_t *o, uint64_t pcr);

/* The same for PCR that waits with the start of a PES packet, if any does. */
void nvm_ts_pcr_waiting(nvm_ts_pid_t *t, nvm_ts_out_t *o, uint64_t pcr);


#endif /* NVM_TS_PACKET_H */
