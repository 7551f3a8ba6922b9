/*
 * Copyright (C) ngx_video authors
 *
 * Packed audio (RFC 8216, 3.4): an ID3v2.4 tag with the time of the first
 * frame, then the frames, each with the header that it has outside of MP4.
 */

#include <string.h>

#include "nvm_ts_es.h"
#include "nvm_ts_packet.h"


/* Sizes are "synchsafe", 7 bits a byte; these fit one (ID3v2.4.0, 6.2). */
static const uint8_t  nvm_ts_id3[NVM_TS_ID3 - 8] =
    "ID3\4\0\0" "\0\0\0\x3f"
    "PRIV" "\0\0\0\x35" "\0\0"
    "com.apple.streaming.transportStreamTimestamp";


nvm_err_e
nvm_ts_packed_begin(nvm_ts_out_t *o, uint64_t pts)
{
    int      i;
    uint8_t  stamp[8];

    pts &= UINT64_C(0x1ffffffff);

    for (i = 7; i >= 0; i--) {
        stamp[i] = (uint8_t) pts;
        pts >>= 8;
    }

    nvm_ts_write(o, nvm_ts_id3, sizeof(nvm_ts_id3));
    nvm_ts_write(o, stamp, sizeof(stamp));

    return o->error;
}


nvm_err_e
nvm_ts_packed_sample(const nvm_ts_t *ts, nvm_ts_out_t *o,
    const nvm_ts_sample_t *s, nvm_fault_t *f)
{
    uint8_t                adts[7];
    nvm_err_e              rc;
    const nvm_ts_track_t  *t;

    if (s->track >= ts->ntracks || ts->tracks[s->track].kind != NVM_AUDIO) {
        return nvm_fault(f, NVM_EINVAL, 0, "no such track of audio");
    }

    if (s->size == 0) {
        return o->error;
    }

    t = &ts->tracks[s->track];

    rc = nvm_ts_es_frame(t, s->size, f);
    if (rc != NVM_OK) {
        return rc;
    }

    nvm_ts_es_adts(t, s->size, adts);
    nvm_ts_write(o, adts, t->adts_len);
    nvm_ts_write(o, s->data, s->size);

    return o->error;
}


uint64_t
nvm_ts_packed_size(const nvm_ts_t *ts, uint32_t track, uint64_t samples,
    uint64_t bytes)
{
    uint64_t  sum;

    if (nvm_mul(samples, ts->tracks[track].adts_len, &sum)
        || nvm_add(sum, bytes, &sum))
    {
        return UINT64_MAX;
    }

    return sum;
}
