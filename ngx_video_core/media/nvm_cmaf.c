/*
 * Copyright (C) ngx_video authors
 *
 * CMAF chunks.  The header of a track is in nvm_cmaf_init.c.
 */

#include "nvm_cmaf.h"


/* tf_flags and tr_flags: ISO/IEC 14496-12, 8.8.7.1 and 8.8.8.1 */
#define NVM_TFHD_DURATION    0x000008
#define NVM_TFHD_SIZE        0x000010
#define NVM_TFHD_FLAGS       0x000020
#define NVM_TFHD_BASE_MOOF   0x020000

#define NVM_TRUN_OFFSET      0x000001
#define NVM_TRUN_FIRST       0x000004
#define NVM_TRUN_DURATION    0x000100
#define NVM_TRUN_SIZE        0x000200
#define NVM_TRUN_FLAGS       0x000400
#define NVM_TRUN_CTS         0x000800
#define NVM_TRUN_FIELDS      0x000f00   /* of each sample */

#define NVM_TRUN_SIZEOF      20         /* without samples and first flags */

/* What holes may take of the samples: a twentieth. */
#define NVM_CMAF_HOLES       20

/* sample_flags, 8.8.3.1: depends on no other; on others and not a sync */
#define NVM_SAMPLE_SYNC      0x02000000
#define NVM_SAMPLE_NON_SYNC  0x01010000


/* What the samples of a chunk have in common. */
typedef struct {
    uint64_t   payload;         /* bytes that follow, holes included */
    uint32_t   flags;           /* of trun */
    uint32_t   default_flags;
} nvm_cmaf_shape_t;


static uint32_t
nvm_cmaf_sample_flags(const nvm_sample_t *s)
{
    return s->key ? NVM_SAMPLE_SYNC : NVM_SAMPLE_NON_SYNC;
}


static void
nvm_cmaf_shape(const nvm_cmaf_chunk_t *c, nvm_cmaf_shape_t *shape)
{
    size_t               i;
    const nvm_sample_t  *s;

    s = c->samples;
    shape->payload = 0;
    shape->flags = NVM_TRUN_OFFSET;

    /* the second sample's: a segment starts with its only sync sample */
    shape->default_flags = nvm_cmaf_sample_flags(&s[c->nsamples > 1]);

    for (i = 0; i < c->nsamples; i++) {
        shape->payload += s[i].size;

        if (s[i].duration != s[0].duration) {
            shape->flags |= NVM_TRUN_DURATION;
        }

        if (s[i].size != s[0].size) {
            shape->flags |= NVM_TRUN_SIZE;
        }

        if (s[i].cts) {
            shape->flags |= NVM_TRUN_CTS;
        }

        if (nvm_cmaf_sample_flags(&s[i]) != shape->default_flags) {
            shape->flags |= i ? NVM_TRUN_FLAGS : NVM_TRUN_FIRST;
        }
    }

    if (shape->flags & NVM_TRUN_FLAGS) {
        shape->flags &= ~(uint32_t) NVM_TRUN_FIRST;
    }

    if (c->holes) {
        shape->payload = s[i - 1].offset + s[i - 1].size - s[0].offset;
    }
}


int
nvm_cmaf_holes(const nvm_sample_t *samples, size_t n)
{
    size_t    i;
    uint64_t  bytes, end, span;

    for (i = 0, bytes = 0, end = 0; i < n; i++) {

        if (samples[i].offset < end) {
            return 0;
        }

        end = samples[i].offset + samples[i].size;
        bytes += samples[i].size;
    }

    span = n ? end - samples[0].offset : 0;

    /* data_offset is signed */

    return span > bytes && span - bytes <= bytes / NVM_CMAF_HOLES
           && span < INT32_MAX / 2;
}


static void
nvm_cmaf_tfhd(nvm_writer_t *w, const nvm_cmaf_chunk_t *c,
    const nvm_cmaf_shape_t *shape)
{
    size_t    box;
    uint32_t  flags;

    flags = NVM_TFHD_BASE_MOOF | NVM_TFHD_FLAGS;
    flags |= shape->flags & NVM_TRUN_DURATION ? 0 : NVM_TFHD_DURATION;
    flags |= shape->flags & NVM_TRUN_SIZE ? 0 : NVM_TFHD_SIZE;

    box = nvm_writer_fullbox(w, "tfhd", 0, flags);
    nvm_writer_u32(w, c->track->id);

    if (flags & NVM_TFHD_DURATION) {
        nvm_writer_u32(w, c->samples[0].duration);
    }

    if (flags & NVM_TFHD_SIZE) {
        nvm_writer_u32(w, c->samples[0].size);
    }

    nvm_writer_u32(w, shape->default_flags);
    nvm_writer_box_end(w, box);
}


/*
 * A track run of the samples from first to end, whose bytes begin "data" after
 * the start of moof.
 */
static void
nvm_cmaf_trun(nvm_writer_t *w, const nvm_cmaf_chunk_t *c, uint32_t flags,
    size_t first, size_t end, uint32_t data)
{
    size_t               i, box;
    const nvm_sample_t  *s;

    flags &= first ? ~(uint32_t) NVM_TRUN_FIRST : UINT32_MAX;

    box = nvm_writer_fullbox(w, "trun", 1, flags);
    nvm_writer_u32(w, (uint32_t) (end - first));
    nvm_writer_u32(w, data);

    if (flags & NVM_TRUN_FIRST) {
        nvm_writer_u32(w, nvm_cmaf_sample_flags(&c->samples[0]));
    }

    for (i = first; i < end; i++) {
        s = &c->samples[i];

        if (flags & NVM_TRUN_DURATION) {
            nvm_writer_u32(w, s->duration);
        }

        if (flags & NVM_TRUN_SIZE) {
            nvm_writer_u32(w, s->size);
        }

        if (flags & NVM_TRUN_FLAGS) {
            nvm_writer_u32(w, nvm_cmaf_sample_flags(s));
        }

        if (flags & NVM_TRUN_CTS) {
            nvm_writer_u32(w, (uint32_t) s->cts);
        }
    }

    nvm_writer_box_end(w, box);
}


/* The sample after those that lie together with sample i. */
static size_t
nvm_cmaf_run(const nvm_cmaf_chunk_t *c, size_t i)
{
    const nvm_sample_t  *s;

    if (!c->holes) {
        return c->nsamples;
    }

    do {
        s = &c->samples[i++];
    } while (i < c->nsamples && s->offset + s->size == s[1].offset);

    return i;
}


/*
 * All track runs of the moof that begins at "moof".  The first byte of mdat's
 * payload comes behind them and its header.
 */
static void
nvm_cmaf_runs(nvm_writer_t *w, const nvm_cmaf_chunk_t *c, uint32_t flags,
    size_t moof)
{
    size_t    i, data, end;
    uint64_t  at;

    data = w->len - moof + 8;
    data += c->protect ? nvm_protect_traf_size(c->protect, c->nsamples) : 0;
    data += flags & NVM_TRUN_FIRST ? 4 : 0;
    data += c->nsamples * 4
            * (size_t) __builtin_popcount(flags & NVM_TRUN_FIELDS);

    for (i = 0; i < c->nsamples; i = nvm_cmaf_run(c, i)) {
        data += NVM_TRUN_SIZEOF;
    }

    for (i = 0; i < c->nsamples; i = end) {
        end = nvm_cmaf_run(c, i);
        at = c->holes ? c->samples[i].offset - c->samples[0].offset : 0;
        nvm_cmaf_trun(w, c, flags, i, end, (uint32_t) (data + at));
    }
}


/* The segment type: a media segment that starts with a CMAF chunk. */
static void
nvm_cmaf_styp(nvm_writer_t *w, const nvm_cmaf_chunk_t *c)
{
    size_t  box;

    box = nvm_writer_box(w, "styp");
    nvm_writer_text(w, "msdh");
    nvm_writer_u32(w, 0);
    nvm_writer_text(w, c->track->holes ? "msdhiso6" : "msdhcmfs");
    nvm_writer_box_end(w, box);
}


/* Seconds from 1900, where NTP begins to count, to 1970 (RFC 5905, 6). */
#define NVM_CMAF_NTP  2208988800u

/* prft flags: the time at which the encoder put the frame out */
#define NVM_CMAF_PRFT_OUTPUT  1


/* The time of the first sample (ISO/IEC 14496-12, 8.16.5). */
static void
nvm_cmaf_prft(nvm_writer_t *w, const nvm_cmaf_chunk_t *c)
{
    size_t    box;
    uint64_t  wall;

    wall = (uint64_t) c->wall;

    box = nvm_writer_fullbox(w, "prft", 1, NVM_CMAF_PRFT_OUTPUT);
    nvm_writer_u32(w, c->track->id);
    nvm_writer_u32(w, (uint32_t) (wall / 1000 + NVM_CMAF_NTP));
    nvm_writer_u32(w, (uint32_t) ((wall % 1000 << 32) / 1000));
    nvm_writer_u64(w, c->dts);
    nvm_writer_box_end(w, box);
}


nvm_err_e
nvm_cmaf_chunk_write(nvm_writer_t *w, const nvm_cmaf_chunk_t *c,
    uint64_t *payload)
{
    size_t            moof, traf, box;
    nvm_cmaf_shape_t  shape;

    if (c->nsamples == 0) {
        return NVM_EINVAL;
    }

    nvm_cmaf_shape(c, &shape);

    if (shape.payload > UINT32_MAX - 65536) {
        return NVM_ELIMIT;
    }

    *payload = shape.payload;

    if (c->first) {
        nvm_cmaf_styp(w, c);
    }

    if (c->wall > 0) {
        nvm_cmaf_prft(w, c);
    }

    nvm_writer_bytes(w, c->events, c->events_len);

    moof = nvm_writer_box(w, "moof");

    box = nvm_writer_fullbox(w, "mfhd", 0, 0);
    nvm_writer_u32(w, c->sequence);
    nvm_writer_box_end(w, box);

    traf = nvm_writer_box(w, "traf");
    nvm_cmaf_tfhd(w, c, &shape);

    box = nvm_writer_fullbox(w, "tfdt", 1, 0);
    nvm_writer_u64(w, c->dts);
    nvm_writer_box_end(w, box);

    nvm_cmaf_runs(w, c, shape.flags, moof);

    if (c->protect) {
        nvm_protect_traf_write(w, c->protect, c->nsamples, moof);
    }

    nvm_writer_box_end(w, traf);
    nvm_writer_box_end(w, moof);

    nvm_writer_u32(w, (uint32_t) (shape.payload + 8));
    nvm_writer_text(w, "mdat");

    return w->error;
}
