/*
 * Copyright (C) ngx_video authors
 *
 * A segment: samples into PES packets (ISO/IEC 13818-1, 2.4.3.6), one for
 * each picture, one for several frames of audio, and PCR.
 *
 * Cutting them into transport packets is nvm_ts_packet.c, what goes into them
 * besides the samples' bytes nvm_ts_es.c, the tables nvm_ts_psi.c.
 */

#include <string.h>

#include "nvm_ts_es.h"
#include "nvm_ts_packet.h"
#include "nvm_ts_psi.h"


#define NVM_TS_PES_HEAD     14          /* with PTS alone */
#define NVM_TS_PES_DTS      5

/* A gap of PCR that is longer is one of the source, and stays. */
#define NVM_TS_PCR_GAP      (10 * 90000)


/* a - b of times that wrap at 33 bits */
static int64_t
nvm_ts_diff(uint64_t a, uint64_t b)
{
    return (int64_t) ((a - b) << 31) >> 31;
}


static uint8_t *
nvm_ts_stamp(uint8_t *p, unsigned prefix, uint64_t v)
{
    p[0] = (uint8_t) (prefix << 4 | (v >> 29 & 0x0e) | 1);
    p[1] = (uint8_t) (v >> 22);
    p[2] = (uint8_t) (v >> 14 | 1);
    p[3] = (uint8_t) (v >> 7);
    p[4] = (uint8_t) (v << 1 | 1);

    return p + 5;
}


/*
 * PCR on the way to a PES packet at "dts" where there is none for too long: a
 * low frame rate, or a picture of which only the sound goes on.  "own": the
 * packet will carry PCR itself.  Sound alone moves it a bit late, so that it
 * doesn't go back when a picture comes that is somewhat older.
 */
static void
nvm_ts_pcr_fill(nvm_ts_t *ts, nvm_ts_out_t *o, uint64_t dts, unsigned own)
{
    int64_t        gap;
    nvm_ts_pid_t  *pid;

    pid = &ts->tracks[ts->pcr_track].pid;
    dts -= own ? 0 : NVM_TS_GROUP_TIME;
    gap = nvm_ts_diff(dts, ts->pcr);

    if (gap > NVM_TS_PCR_TIME) {
        nvm_ts_pcr_waiting(pid, o, ts->pcr - NVM_TS_DELAY);
    }

    if (!ts->pcr_known || gap > NVM_TS_PCR_GAP) {
        ts->pcr = own ? dts : dts - NVM_TS_PCR_TIME - 1;
        ts->pcr_known = 1;
        gap = nvm_ts_diff(dts, ts->pcr);
    }

    for ( /* void */ ; gap > NVM_TS_PCR_TIME; gap -= NVM_TS_PCR_TIME) {
        ts->pcr += NVM_TS_PCR_TIME;
        nvm_ts_pcr(pid, o, ts->pcr - NVM_TS_DELAY);
    }
}


/*
 * Starts a PES packet of "size" bytes; 0 leaves its length open, which video
 * may (2.4.3.7).  A picture begins with its access unit delimiter.
 */
static void
nvm_ts_pes(nvm_ts_t *ts, nvm_ts_track_t *t, nvm_ts_out_t *o, uint64_t pts,
    uint64_t dts, unsigned random, size_t size)
{
    uint8_t   head[NVM_TS_PES_HEAD + NVM_TS_PES_DTS + sizeof(t->aud)], *p;
    uint64_t  pcr;
    unsigned  both, own;

    own = t == &ts->tracks[ts->pcr_track];
    both = nvm_ts_diff(pts, dts) != 0;
    size = size ? size + NVM_TS_PES_HEAD - 6 : 0;

    head[0] = 0;
    head[1] = 0;
    head[2] = 1;
    head[3] = t->stream_id;
    head[4] = (uint8_t) (size >> 8);
    head[5] = (uint8_t) size;
    head[6] = 0x84;                     /* data_alignment_indicator */
    head[7] = both ? 0xc0 : 0x80;       /* PTS_DTS_flags */
    head[8] = both ? 10 : 5;

    p = nvm_ts_stamp(head + 9, both ? 3 : 2, pts);

    if (both) {
        p = nvm_ts_stamp(p, 1, dts);
    }

    nvm_ts_flush(&t->pid, o);
    nvm_ts_pcr_fill(ts, o, dts, own);

    if (own) {
        ts->pcr = dts;
    }

    pcr = dts - NVM_TS_DELAY;
    nvm_ts_start(&t->pid, random, own ? &pcr : NULL);

    memcpy(p, t->aud, sizeof(t->aud));
    p += t->aud_len;

    nvm_ts_put(&t->pid, o, head, (size_t) (p - head));
}


/* The frames that wait, as one PES packet. */
static void
nvm_ts_group(nvm_ts_t *ts, nvm_ts_track_t *t, nvm_ts_out_t *o)
{
    if (t->frames == 0) {
        return;
    }

    nvm_ts_pes(ts, t, o, t->pts, t->pts, 1, t->len);
    nvm_ts_put(&t->pid, o, t->buf, t->len);

    t->frames = 0;
    t->len = 0;
}


static int64_t
nvm_ts_group_time(const nvm_ts_t *ts, const nvm_ts_track_t *t)
{
    return t == &ts->tracks[ts->pcr_track] ? NVM_TS_PCR_TIME
           : NVM_TS_GROUP_TIME;
}


/*
 * Whether a frame may join those that wait: a reader of the stream counts
 * its time from the first of them.
 */
static unsigned
nvm_ts_joins(const nvm_ts_t *ts, const nvm_ts_track_t *t, uint64_t pts,
    size_t size)
{
    int64_t  gap, frame, expected;

    if (t->rate == 0 || t->len + size > NVM_TS_GROUP) {
        return 0;
    }

    gap = nvm_ts_diff(pts, t->pts);
    frame = (int64_t) (t->frame * UINT64_C(90000) / t->rate);
    expected = (int64_t) (t->frames * (t->frame * UINT64_C(90000)) / t->rate);

    return gap + frame <= nvm_ts_group_time(ts, t)
           && gap >= expected - frame / 2 && gap <= expected + frame / 2;
}


static void
nvm_ts_audio(nvm_ts_t *ts, nvm_ts_track_t *t, nvm_ts_out_t *o,
    const nvm_ts_sample_t *s)
{
    size_t   size;
    uint8_t  adts[7];

    size = t->adts_len + s->size;
    nvm_ts_es_adts(t, s->size, adts);

    if (!nvm_ts_joins(ts, t, s->pts, size)) {
        nvm_ts_group(ts, t, o);
    }

    if (size > NVM_TS_GROUP) {
        nvm_ts_pes(ts, t, o, s->pts, s->pts, 1, size);
        nvm_ts_put(&t->pid, o, adts, t->adts_len);
        nvm_ts_put(&t->pid, o, s->data, s->size);
        return;
    }

    if (t->frames++ == 0) {
        t->pts = s->pts;
    }

    memcpy(t->buf + t->len, adts, t->adts_len);
    memcpy(t->buf + t->len + t->adts_len, s->data, s->size);
    t->len += size;
}


/* Audio that would be too late after a picture of this time. */
static void
nvm_ts_audio_due(nvm_ts_t *ts, nvm_ts_out_t *o, uint64_t dts)
{
    uint32_t         i;
    nvm_ts_track_t  *t;

    for (i = 0; i < ts->ntracks; i++) {
        t = &ts->tracks[i];

        if (t->kind == NVM_AUDIO
            && nvm_ts_diff(dts, t->pts) >= nvm_ts_group_time(ts, t))
        {
            nvm_ts_group(ts, t, o);
        }
    }
}


static void
nvm_ts_video(nvm_ts_t *ts, nvm_ts_track_t *t, nvm_ts_out_t *o,
    const nvm_ts_sample_t *s, const nvm_ts_unit_t *unit)
{
    uint32_t              size;
    nvm_reader_t          r;
    const uint8_t        *nal;
    static const uint8_t  code[] = { 0, 0, 0, 1 };

    nvm_ts_audio_due(ts, o, s->dts);
    nvm_ts_pes(ts, t, o, s->pts, s->dts, s->key, 0);

    if (s->key && !unit->sets) {
        nvm_ts_put(&t->pid, o, t->buf, t->len);
    }

    nvm_reader_init(&r, s->data, s->size, 0);

    if (unit->aud) {
        (void) nvm_ts_es_nal(t, &r, &size);
    }

    while ((nal = nvm_ts_es_nal(t, &r, &size)) != NULL) {
        nvm_ts_put(&t->pid, o, code, sizeof(code));
        nvm_ts_put(&t->pid, o, nal, size);
    }
}


nvm_err_e
nvm_ts_init(nvm_ts_t *ts, const nvm_track_t *const *tracks, size_t n,
    nvm_fault_t *f)
{
    size_t           i, video;
    nvm_err_e        rc;
    nvm_ts_track_t  *t;

    if (n == 0 || n > NVM_TS_MAX_TRACKS) {
        return nvm_fault(f, NVM_EINVAL, 0, "number of tracks");
    }

    memset(ts, 0, sizeof(nvm_ts_t));
    ts->ntracks = (uint32_t) n;
    video = 0;

    for (i = 0; i < n; i++) {
        t = &ts->tracks[i];

        rc = nvm_ts_es_init(t, tracks[i], f);
        if (rc != NVM_OK) {
            return rc;
        }

        t->pid.pid = (uint16_t) (NVM_TS_PID_FIRST + i);

        if (t->kind == NVM_VIDEO) {
            ts->pcr_track = (uint32_t) i;
            video++;
        }
    }

    if (video > 1) {
        return nvm_fault(f, NVM_EUNSUP, 0, "more than one track of video");
    }

    return nvm_ts_psi_init(ts, tracks, f);
}


int
nvm_ts_carries(const nvm_track_t *track)
{
    nvm_ts_track_t  t;

    if (track->made && track->codec == NVM_CODEC_HEVC) {
        return 0;
    }

    memset(&t, 0, sizeof(nvm_ts_track_t));

    return nvm_ts_es_init(&t, track, NULL) == NVM_OK;
}


nvm_err_e
nvm_ts_begin(nvm_ts_t *ts, nvm_ts_out_t *o, uint64_t number)
{
    uint32_t         i;
    nvm_ts_track_t  *t;

    ts->pcr_known = 0;

    for (i = 0; i < ts->ntracks; i++) {
        t = &ts->tracks[i];
        nvm_ts_pid_reset(&t->pid);

        if (t->kind == NVM_AUDIO) {
            t->frames = 0;
            t->len = 0;
        }
    }

    /* continuity_counter, which the CRC doesn't cover */
    ts->pat[3] = (uint8_t) (0x10 | (number & 0x0f));
    ts->pmt[3] = ts->pat[3];

    nvm_ts_write(o, ts->pat, NVM_TS_PACKET);
    nvm_ts_write(o, ts->pmt, NVM_TS_PACKET);

    return o->error;
}


nvm_err_e
nvm_ts_sample(nvm_ts_t *ts, nvm_ts_out_t *o, const nvm_ts_sample_t *s,
    nvm_fault_t *f)
{
    nvm_err_e        rc;
    nvm_ts_unit_t    unit;
    nvm_ts_track_t  *t;

    if (s->track >= ts->ntracks) {
        return nvm_fault(f, NVM_EINVAL, 0, "no such track");
    }

    if (s->size == 0 || o->error) {
        return o->error;
    }

    t = &ts->tracks[s->track];

    rc = t->kind == NVM_VIDEO
         ? nvm_ts_es_scan(t, s->data, s->size, &unit, f)
         : nvm_ts_es_frame(t, s->size, f);

    if (rc != NVM_OK) {
        return rc;
    }

    if (t->kind == NVM_VIDEO) {
        nvm_ts_video(ts, t, o, s, &unit);

    } else {
        nvm_ts_audio(ts, t, o, s);
    }

    return o->error;
}


nvm_err_e
nvm_ts_end(nvm_ts_t *ts, nvm_ts_out_t *o)
{
    uint32_t         i;
    nvm_ts_track_t  *t;

    for (i = 0; i < ts->ntracks; i++) {
        t = &ts->tracks[i];

        if (t->kind == NVM_AUDIO) {
            nvm_ts_group(ts, t, o);
        }

        nvm_ts_finish(&t->pid, o);
    }

    return o->error;
}


uint64_t
nvm_ts_bound(const nvm_ts_t *ts, uint32_t track, uint64_t samples,
    uint64_t bytes, uint64_t duration)
{
    uint64_t               each, sum, packets, nals, grows;
    const nvm_ts_track_t  *t;

    t = &ts->tracks[track];

    /* the adaptation field of the first packet counts as payload */
    each = NVM_TS_PES_HEAD + sizeof(t->pid.af);
    each += t->kind == NVM_VIDEO ? NVM_TS_PES_DTS + t->aud_len + t->len
            : t->adts_len;

    /* a start code has 4 bytes, the smallest NAL unit 1 after its length */
    grows = t->kind == NVM_VIDEO ? 4u - t->length_size : 0;
    nals = bytes / (5 - grows);

    /* PCR on its own, and such as did not wait for its picture */
    packets = track == ts->pcr_track ? duration / NVM_TS_PCR_TIME * 2 + 1 : 0;
    packets += NVM_TS_HOLD;

    if (nvm_mul(nals, grows, &sum) || nvm_add(sum, bytes, &sum)
        || nvm_mul(samples, each, &each) || nvm_add(sum, each, &sum)
        || nvm_add(packets, sum / NVM_TS_PAYLOAD + 1, &packets)
        || nvm_add(packets, samples, &packets)
        || nvm_mul(packets, NVM_TS_PACKET, &sum))
    {
        return UINT64_MAX;
    }

    return sum;
}
