/*
 * Copyright (C) ngx_video authors
 *
 * Progressive MP4: the sample tables that grow while chunks are added.  How
 * they are written: nvm_progressive_write.c.
 */

#include <string.h>

#include "nvm_codec.h"
#include "nvm_progressive_track.h"


/* Of the second in which a sample is decoded. */
static uint64_t
nvm_interleave_second(const nvm_interleave_t *t, uint32_t i)
{
    return t->samples[i].dts / t->track->timescale;
}


nvm_err_e
nvm_interleave_next(nvm_interleave_t *t, size_t n,
    nvm_interleave_chunk_t *out)
{
    size_t             i;
    uint32_t           k;
    uint64_t           second, best;
    nvm_interleave_t  *first;

    first = NULL;
    best = 0;

    for (i = 0; i < n; i++) {

        if (t[i].next >= t[i].nsamples) {
            continue;
        }

        second = nvm_interleave_second(&t[i], t[i].next);

        if (first == NULL || second < best) {
            first = &t[i];
            best = second;
        }
    }

    if (first == NULL) {
        return NVM_ENOENT;
    }

    for (k = first->next + 1; k < first->nsamples; k++) {
        if (nvm_interleave_second(first, k) != best) {
            break;
        }
    }

    out->track = (size_t) (first - t);
    out->samples = &first->samples[first->next];
    out->nsamples = k - first->next;

    first->next = k;

    return NVM_OK;
}


nvm_err_e
nvm_progressive_create(nvm_arena_t *arena, const nvm_track_t *const *tracks,
    size_t n, nvm_progressive_t **out)
{
    size_t              i;
    nvm_progressive_t  *p;

    if (n == 0 || n > NVM_MAX_TRACKS) {
        return NVM_EINVAL;
    }

    for (i = 0; i < n; i++) {

        if (nvm_codec_of(tracks[i]) == NULL) {
            return NVM_EUNSUP;
        }

        if (tracks[i]->config_len > NVM_MAX_CONFIG
            || tracks[i]->extras_len > NVM_MAX_EXTRAS
            || tracks[i]->timescale == 0)
        {
            return NVM_EINVAL;
        }
    }

    p = nvm_alloc(arena, 1, sizeof(nvm_progressive_t));
    if (p == NULL) {
        return NVM_ENOMEM;
    }

    p->arena = arena;
    p->ntracks = n;

    for (i = 0; i < n; i++) {
        p->tracks[i].track = tracks[i];
        p->tracks[i].min_cts = INT32_MAX;
        p->tracks[i].max_cts = INT32_MIN;
        p->tracks[i].end = INT64_MIN;
    }

    *out = p;

    return NVM_OK;
}


/* The sample before has lasted until this one. */
static nvm_err_e
nvm_progressive_time(nvm_progressive_t *p, nvm_progressive_track_t *t,
    const nvm_sample_t *s)
{
    uint64_t  delta;

    if (t->nsamples == 0) {
        t->start = s->dts;
        return NVM_OK;
    }

    if (s->dts < t->last.dts) {
        return NVM_EINVAL;
    }

    delta = s->dts - t->last.dts;

    return delta > UINT32_MAX ? NVM_ELIMIT
           : nvm_runs_add(&t->stts, p->arena, (uint32_t) delta);
}


static nvm_err_e
nvm_progressive_sample(nvm_progressive_t *p, nvm_progressive_track_t *t,
    const nvm_sample_t *s)
{
    int64_t    end;
    nvm_err_e  rc;

    rc = nvm_progressive_time(p, t, s);

    if (rc == NVM_OK) {
        rc = nvm_runs_add(&t->ctts, p->arena, (uint32_t) s->cts);
    }

    if (rc == NVM_OK) {
        rc = nvm_table_add(&t->stsz, p->arena, s->size);
    }

    if (rc != NVM_OK) {
        return rc;
    }

    t->size = t->nsamples ? t->size : s->size;
    t->sizes_differ |= s->size != t->size;
    t->nsamples++;

    if (s->key) {
        rc = nvm_table_add(&t->stss, p->arena, t->nsamples);

    } else {
        t->has_stss = 1;
    }

    t->min_cts = s->cts < t->min_cts ? s->cts : t->min_cts;
    t->max_cts = s->cts > t->max_cts ? s->cts : t->max_cts;

    end = (int64_t) s->dts + s->cts + s->duration;
    t->end = end > t->end ? end : t->end;
    t->last = *s;

    p->payload += s->size;

    return rc;
}


/* A chunk of n samples at the present end of the payload. */
static nvm_err_e
nvm_progressive_chunk(nvm_progressive_t *p, nvm_progressive_track_t *t,
    uint32_t n)
{
    nvm_err_e  rc;

    rc = nvm_table_add(&t->chunks, p->arena, (uint32_t) (p->payload >> 32));
    if (rc == NVM_OK) {
        rc = nvm_table_add(&t->chunks, p->arena, (uint32_t) p->payload);
    }

    t->nchunks++;

    if (rc != NVM_OK || n == t->chunk_samples) {
        return rc;
    }

    t->chunk_samples = n;

    rc = nvm_table_add(&t->stsc, p->arena, t->nchunks);
    if (rc == NVM_OK) {
        rc = nvm_table_add(&t->stsc, p->arena, n);
    }

    return rc;
}


nvm_err_e
nvm_progressive_add(nvm_progressive_t *p, const nvm_interleave_chunk_t *chunk)
{
    uint32_t                  i;
    nvm_err_e                 rc;
    nvm_progressive_track_t  *t;

    if (chunk->track >= p->ntracks || chunk->nsamples == 0) {
        return NVM_EINVAL;
    }

    t = &p->tracks[chunk->track];

    if (chunk->nsamples > NVM_MAX_SAMPLES - t->nsamples) {
        return NVM_ELIMIT;
    }

    rc = nvm_progressive_chunk(p, t, chunk->nsamples);

    for (i = 0; rc == NVM_OK && i < chunk->nsamples; i++) {
        rc = nvm_progressive_sample(p, t, &chunk->samples[i]);
    }

    return rc;
}


uint64_t
nvm_progressive_payload(const nvm_progressive_t *p)
{
    return p->payload;
}


/* To ticks of the movie; "up": the first that is not before. */
static uint64_t
nvm_progressive_ticks(const nvm_progressive_track_t *t, uint64_t v,
    unsigned up)
{
    __uint128_t  x;

    x = (__uint128_t) v * NVM_PROGRESSIVE_TIMESCALE;
    x += up ? t->track->timescale - 1 : t->track->timescale / 2;

    return (uint64_t) (x / t->track->timescale);
}


/* The edit list: see the head of nvm_progressive.h. */
static nvm_err_e
nvm_progressive_edit(nvm_progressive_track_t *t)
{
    int64_t   length;
    uint64_t  total;

    if (t->nsamples == 0) {
        t->min_cts = 0;
        t->max_cts = 0;
        return NVM_OK;
    }

    t->raise = t->min_cts < 0 ? (uint32_t) -(int64_t) t->min_cts : 0;

    if ((int64_t) t->max_cts + t->raise > INT32_MAX) {
        return NVM_ELIMIT;
    }

    total = t->last.dts + t->last.duration - t->start;
    length = t->end - (int64_t) t->start - t->track->edit;
    length = length > 0 ? length : 0;

    if (t->track->duration > t->start
        && t->track->duration - t->start < (uint64_t) length)
    {
        length = (int64_t) (t->track->duration - t->start);
    }

    t->duration = total;
    t->media_time = (uint64_t) t->track->edit + t->raise;
    t->empty = nvm_progressive_ticks(t, t->start, 0);
    t->length = nvm_progressive_ticks(t, (uint64_t) length, 1);
    t->has_elst = t->media_time || t->empty || (uint64_t) length != total;

    return NVM_OK;
}


nvm_err_e
nvm_progressive_end(nvm_progressive_t *p, size_t *size)
{
    size_t                    i;
    nvm_err_e                 rc;
    nvm_writer_t              w;
    nvm_progressive_track_t  *t;

    for (i = 0; i < p->ntracks; i++) {
        t = &p->tracks[i];
        rc = NVM_OK;

        if (t->nsamples) {
            rc = nvm_runs_add(&t->stts, p->arena, t->last.duration);
        }

        if (rc == NVM_OK) {
            rc = nvm_runs_end(&t->stts, p->arena);
        }

        if (rc == NVM_OK) {
            rc = nvm_runs_end(&t->ctts, p->arena);
        }

        if (rc == NVM_OK) {
            rc = nvm_progressive_edit(t);
        }

        if (rc != NVM_OK) {
            return rc;
        }

        p->duration = t->empty + t->length > p->duration
                      ? t->empty + t->length : p->duration;
    }

    nvm_writer_init(&w, NULL, 0);
    rc = nvm_progressive_write(&w, p);

    if (rc == NVM_OK && (p->payload > UINT32_MAX
                         || w.len > UINT32_MAX - p->payload))
    {
        /* offsets, or the size of mdat, do not fit into 32 bits */
        p->large = 1;

        nvm_writer_init(&w, NULL, 0);
        rc = nvm_progressive_write(&w, p);
    }

    p->head = w.len;
    *size = w.len;

    return rc == NVM_EOVERFLOW ? NVM_ELIMIT : rc;
}
