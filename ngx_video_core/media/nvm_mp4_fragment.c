/*
 * Copyright (C) ngx_video authors
 *
 * The fragments of a file into the fragments of its tracks: ISO/IEC 14496-12,
 * 8.8.  Their samples are walked by nvm_mp4_runs.c.
 */

#include <string.h>

#include "nvm_mp4_edit.h"
#include "nvm_mp4_fragment.h"
#include "nvm_mp4_tables.h"


/* One moof. */
typedef struct {
    nvm_arena_t   *arena;
    nvm_mp4_t     *mp4;
    nvm_fault_t   *f;
    uint64_t       file_size;
    nvm_mp4_box_t  moof;
    const uint8_t *bytes;
    size_t         size;
} nvm_mp4_moof_t;


nvm_err_e
nvm_mp4_mvex_parse(const nvm_mp4_box_t *mvex, nvm_mp4_t *mp4, nvm_fault_t *f)
{
    uint32_t          i, id, usual;
    nvm_err_e         rc;
    nvm_mp4_box_t     walk, trex;
    nvm_mp4_trex_t    d;

    mp4->fragmented = 1;
    walk = *mvex;

    while ((rc = nvm_mp4_box_next(&walk, &trex, f)) == NVM_OK) {

        if (trex.type != NVM_FOURCC('t', 'r', 'e', 'x')) {
            continue;
        }

        nvm_reader_skip(&trex.r, 4);
        id = nvm_reader_u32(&trex.r);
        usual = nvm_reader_u32(&trex.r);
        d.duration = nvm_reader_u32(&trex.r);
        d.size = nvm_reader_u32(&trex.r);
        d.flags = nvm_reader_u32(&trex.r);

        if (trex.r.error) {
            return nvm_mp4_box_fault(f, &trex, NVM_ETRUNC, trex.offset,
                                     "box is cut");
        }

        for (i = 0; i < mp4->ntracks; i++) {
            if (mp4->tracks[i].source_id == id) {
                mp4->tracks[i].trex = d;
                mp4->tracks[i].usual = usual;
            }
        }
    }

    return rc == NVM_ENOENT ? NVM_OK : rc;
}


/* The next fragment of a track, zeroed. */
static nvm_mp4_fragment_t *
nvm_mp4_fragment_push(nvm_mp4_moof_t *m, nvm_mp4_track_t *t)
{
    uint32_t             room;
    nvm_mp4_fragment_t  *fragments;

    if (t->nfragments == t->room) {
        room = t->room ? t->room * 2 : 64;

        fragments = nvm_alloc(m->arena, room, sizeof(nvm_mp4_fragment_t));
        if (fragments == NULL) {
            return NULL;
        }

        if (t->nfragments) {
            memcpy(fragments, t->fragments,
                   t->nfragments * sizeof(nvm_mp4_fragment_t));
        }

        t->fragments = fragments;
        t->room = room;
    }

    return &t->fragments[t->nfragments];
}


static nvm_err_e
nvm_mp4_fragment_sample(const nvm_mp4_moof_t *m, nvm_mp4_track_t *t,
    const nvm_mp4_box_t *traf, const nvm_sample_t *s)
{
    if (s->offset > m->file_size || s->size > m->file_size - s->offset) {
        return nvm_mp4_box_fault(m->f, traf, NVM_EINVAL, traf->offset,
                                 "samples are beyond the end of the file");
    }

    if (s->duration > NVM_MP4_MAX_DELTA) {
        return nvm_mp4_box_fault(m->f, traf, NVM_EINVAL, traf->offset,
                                 "sample duration is out of range");
    }

    /* so that samples without bytes of their own are bounded by bytes too */

    if (m->mp4->nsamples++ == NVM_MAX_SAMPLES
        || t->nsamples >= m->file_size)
    {
        return nvm_mp4_box_fault(m->f, traf, NVM_ELIMIT, traf->offset,
                                 "too many samples");
    }

    if (t->nsamples == 0) {
        t->min_cts = s->cts;
        t->max_cts = s->cts;
        t->delta = s->duration;
    }

    t->min_cts = s->cts < t->min_cts ? s->cts : t->min_cts;
    t->max_cts = s->cts > t->max_cts ? s->cts : t->max_cts;
    t->delta = s->duration == t->delta ? t->delta : 0;
    t->nsamples++;

    return NVM_OK;
}


/* Counts the samples of a fragment and checks where they are. */
static nvm_err_e
nvm_mp4_fragment_samples(const nvm_mp4_moof_t *m, nvm_mp4_track_t *t,
    const nvm_mp4_box_t *traf, const nvm_mp4_fragment_t *fragment,
    uint64_t *end)
{
    uint64_t        max;
    nvm_err_e       rc;
    nvm_sample_t    s;
    nvm_mp4_runs_t  runs;

    max = (uint64_t) NVM_MP4_MAX_SECONDS * t->track.timescale;

    nvm_mp4_runs_init(&runs, t, fragment);

    while ((rc = nvm_mp4_runs_next(&runs, &s)) == NVM_OK) {

        rc = nvm_mp4_fragment_sample(m, t, traf, &s);
        if (rc != NVM_OK) {
            return rc;
        }

        *end += s.duration;
    }

    if (rc != NVM_ENOENT) {
        return nvm_mp4_box_fault(m->f, traf, rc, traf->offset,
                                 rc == NVM_EUNSUP
                                 ? "data has no base of its own"
                                 : "track fragment is damaged");
    }

    if (*end - fragment->dts > max) {
        return nvm_mp4_box_fault(m->f, traf, NVM_EINVAL, traf->offset,
                                 "durations overflow");
    }

    return NVM_OK;
}


/* tfdt (8.8.12), or the end of the fragment before. */
static nvm_err_e
nvm_mp4_fragment_time(const nvm_mp4_moof_t *m, const nvm_mp4_track_t *t,
    const nvm_mp4_box_t *traf, uint64_t *dts)
{
    uint64_t       end;
    nvm_err_e      rc;
    nvm_mp4_box_t  tfdt;

    end = t->media_duration;
    *dts = end;

    rc = nvm_mp4_box_find(traf, NVM_FOURCC('t', 'f', 'd', 't'), &tfdt, m->f);
    if (rc != NVM_OK) {
        return rc == NVM_ENOENT ? NVM_OK : rc;
    }

    *dts = nvm_reader_u32(&tfdt.r) >> 24 == 1 ? nvm_reader_u64(&tfdt.r)
           : nvm_reader_u32(&tfdt.r);

    if (tfdt.r.error) {
        return nvm_mp4_box_fault(m->f, &tfdt, NVM_ETRUNC, tfdt.offset,
                                 "box is cut");
    }

    if (*dts > INT64_MAX / 4) {
        return nvm_mp4_box_fault(m->f, &tfdt, NVM_EINVAL, tfdt.offset,
                                 "decode time is out of range");
    }

    if (t->nfragments == 0 && t->tables == 0) {
        return NVM_OK;
    }

    if (*dts < end) {
        if (end - *dts > t->track.timescale) {
            return nvm_mp4_box_fault(m->f, &tfdt, NVM_EINVAL, tfdt.offset,
                                     "decode times go back");
        }

        *dts = end;
    }

    if (*dts - t->fragments[0].dts
        > (uint64_t) NVM_MP4_MAX_SECONDS * t->track.timescale
        || *dts - end > NVM_MP4_MAX_DELTA / 2)
    {
        return nvm_mp4_box_fault(m->f, &tfdt, NVM_EINVAL, tfdt.offset,
                                 "gap of decode times is out of range");
    }

    return NVM_OK;
}


/* The samples of a track fragment are of the entry that the track is. */
static nvm_err_e
nvm_mp4_fragment_entry(const nvm_mp4_moof_t *m, const nvm_mp4_track_t *t,
    const nvm_mp4_box_t *tfhd)
{
    uint32_t      flags, description;
    nvm_reader_t  r;

    r = tfhd->r;
    flags = nvm_reader_u32(&r);
    nvm_reader_skip(&r, flags & NVM_TFHD_BASE ? 12 : 4);
    description = flags & NVM_TFHD_DESCRIPTION ? nvm_reader_u32(&r) : t->usual;

    if (!r.error && description && description != t->description) {
        return nvm_mp4_box_fault(m->f, tfhd, NVM_EUNSUP, tfhd->offset,
                                 "fragment is of another sample entry");
    }

    return NVM_OK;
}


static nvm_err_e
nvm_mp4_fragment_traf(nvm_mp4_moof_t *m, nvm_mp4_track_t *t,
    const nvm_mp4_box_t *traf)
{
    uint64_t             end;
    nvm_err_e            rc;
    nvm_mp4_fragment_t  *fragment;

    if (t->nfragments
        && t->fragments[t->nfragments - 1].offset == m->moof.offset)
    {
        /* a further track fragment of the track: one walk has them all */
        return NVM_OK;
    }

    fragment = nvm_mp4_fragment_push(m, t);
    if (fragment == NULL) {
        return nvm_mp4_box_fault(m->f, traf, NVM_ENOMEM, traf->offset,
                                 "no memory for the fragments");
    }

    rc = nvm_mp4_fragment_time(m, t, traf, &fragment->dts);
    if (rc != NVM_OK) {
        return rc;
    }

    fragment->offset = m->moof.offset;
    fragment->moof = m->bytes;
    fragment->size = (uint32_t) m->size;
    fragment->first = t->nsamples;
    end = fragment->dts;

    rc = nvm_mp4_fragment_samples(m, t, traf, fragment, &end);
    if (rc != NVM_OK) {
        return rc;
    }

    if (t->nsamples > fragment->first) {
        t->media_duration = end;
        t->nfragments++;
    }

    return NVM_OK;
}


/* A track fragment, to the track that it is of; it may have been skipped. */
static nvm_err_e
nvm_mp4_fragment_tracks(nvm_mp4_moof_t *m, const nvm_mp4_box_t *traf)
{
    uint32_t          i, id;
    nvm_err_e         rc;
    nvm_reader_t      r;
    nvm_mp4_box_t     tfhd;
    nvm_mp4_track_t  *t;

    rc = nvm_mp4_box_need(traf, NVM_FOURCC('t', 'f', 'h', 'd'), &tfhd,
                          "traf has no tfhd", m->f);
    if (rc != NVM_OK) {
        return rc;
    }

    r = tfhd.r;
    nvm_reader_skip(&r, 4);
    id = nvm_reader_u32(&r);

    for (i = 0; rc == NVM_OK && i < m->mp4->ntracks; i++) {
        t = &m->mp4->tracks[i];

        if (t->source_id != id) {
            continue;
        }

        rc = nvm_mp4_fragment_entry(m, t, &tfhd);
        if (rc == NVM_OK) {
            rc = nvm_mp4_fragment_traf(m, t, traf);
        }
    }

    return rc;
}


nvm_err_e
nvm_mp4_fragment_add(nvm_arena_t *arena, nvm_mp4_t *mp4, const uint8_t *moof,
    size_t n, uint64_t offset, uint64_t file_size, nvm_fault_t *f)
{
    uint32_t         header, index;
    uint64_t         size;
    nvm_err_e        rc;
    nvm_mp4_box_t    walk, traf;
    nvm_mp4_moof_t   m = { 0 };

    m.arena = arena;
    m.mp4 = mp4;
    m.f = f;
    m.file_size = file_size;
    m.bytes = moof;
    m.size = n;
    m.moof.offset = offset;

    nvm_reader_init(&m.moof.r, moof, n, offset);

    rc = nvm_mp4_box_header(&m.moof.r, &m.moof.type, &size, &header);

    if (rc != NVM_OK || n > UINT32_MAX) {
        return nvm_mp4_box_fault(f, &m.moof, rc != NVM_OK ? rc : NVM_ELIMIT,
                                 offset, "moof is damaged or too large");
    }

    walk = m.moof;
    index = 0;

    while ((rc = nvm_mp4_box_next(&walk, &traf, f)) == NVM_OK) {

        if (traf.type != NVM_FOURCC('t', 'r', 'a', 'f')) {
            continue;
        }

        traf.index = ++index;
        rc = nvm_mp4_fragment_tracks(&m, &traf);

        if (rc != NVM_OK) {
            return rc;
        }
    }

    return rc == NVM_ENOENT ? NVM_OK : rc;
}


/* The decode time of a track's first sample. */
static uint64_t
nvm_mp4_fragments_start(const nvm_mp4_track_t *t)
{
    return t->tables ? 0 : t->fragments[0].dts;
}


/* Whether the first sample of a comes before that of b. */
static int
nvm_mp4_fragments_before(const nvm_mp4_track_t *a, const nvm_mp4_track_t *b)
{
    return (__uint128_t) nvm_mp4_fragments_start(a) * b->track.timescale
           < (__uint128_t) nvm_mp4_fragments_start(b) * a->track.timescale;
}


/*
 * Times of a track from its first sample on; what it starts late, against
 * the track that starts first, is a delay as an empty edit would be.
 */
static nvm_err_e
nvm_mp4_fragments_rebase(nvm_mp4_t *mp4, nvm_mp4_track_t *t, uint64_t start,
    uint32_t timescale, nvm_fault_t *f)
{
    uint32_t  i;
    uint64_t  first, late;

    first = nvm_mp4_fragments_start(t);
    late = first - (uint64_t) nvm_rescale((int64_t) start, t->track.timescale,
                                          timescale);

    for (i = 0; i < t->nfragments; i++) {
        t->fragments[i].dts -= first;
    }

    t->media_duration -= first;
    mp4->origin = first > t->media_time ? first - t->media_time : 0;
    t->media_time = t->media_time > first ? t->media_time - first : 0;
    t->delay += late <= first ? late : 0;

    if (t->delay > (uint64_t) NVM_MP4_MAX_SECONDS * t->track.timescale) {
        return nvm_fault(f, NVM_EINVAL,
                         t->nfragments ? t->fragments[0].offset : 0,
                         "tracks start too far apart");
    }

    nvm_mp4_edit_duration(t);

    if (t->track.kind == NVM_VIDEO) {
        nvm_mp4_frame_rate(t, t->delta);
    }

    return NVM_OK;
}


nvm_err_e
nvm_mp4_fragments_end(nvm_mp4_t *mp4, nvm_fault_t *f)
{
    uint32_t          i, n, timescale;
    uint64_t          start;
    nvm_err_e         rc;
    nvm_mp4_track_t  *t, *first;

    for (i = 0, n = 0; i < mp4->ntracks; i++) {
        if (mp4->tracks[i].nsamples == 0) {
            mp4->nskipped++;
            continue;
        }

        if (n != i) {
            mp4->tracks[n] = mp4->tracks[i];
        }

        n++;
    }

    mp4->ntracks = n;

    if (n == 0) {
        return NVM_OK;
    }

    for (i = 1, first = mp4->tracks; i < n; i++) {
        t = &mp4->tracks[i];
        first = nvm_mp4_fragments_before(t, first) ? t : first;
    }

    start = nvm_mp4_fragments_start(first);
    timescale = first->track.timescale;

    for (i = 0; i < n; i++) {
        rc = nvm_mp4_fragments_rebase(mp4, &mp4->tracks[i], start, timescale,
                                      f);
        if (rc != NVM_OK) {
            return rc;
        }
    }

    mp4->placed = mp4->placed && n == 1
                  && mp4->origin <= (uint64_t) NVM_MP4_MAX_SECONDS * timescale;

    return NVM_OK;
}
