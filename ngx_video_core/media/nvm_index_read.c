/*
 * Copyright (C) ngx_video authors
 *
 * Reading the index of a file.  It lies in shared memory, so what is read
 * from it is checked as input is.
 */

#include <string.h>

#include "nvm_index.h"


/* Records that are copied at a time. */
#define NVM_INDEX_BATCH  64


/* n records of a size at an offset are inside the index. */
static int
nvm_index_holds(const nvm_index_head_t *head, uint64_t at, uint64_t n,
    uint64_t size)
{
    uint64_t  bytes, end;

    return nvm_mul(n, size, &bytes) == 0 && nvm_add(at, bytes, &end) == 0
           && end <= head->size;
}


nvm_err_e
nvm_index_head(const nvm_index_src_t *src, nvm_index_head_t *head)
{
    nvm_err_e  rc;

    rc = src->read(src->data, 0, head, sizeof(nvm_index_head_t));
    if (rc != NVM_OK) {
        return rc;
    }

    if (head->magic != NVM_INDEX_MAGIC || head->ntracks == 0
        || head->ntracks > NVM_MAX_TRACKS
        || !nvm_index_holds(head, sizeof(nvm_index_head_t), head->ntracks,
                            sizeof(nvm_index_track_t)))
    {
        return NVM_EINVAL;
    }

    head->skipped[sizeof(head->skipped) - 1] = '\0';

    return NVM_OK;
}


nvm_err_e
nvm_index_track(const nvm_index_src_t *src, uint32_t track,
    nvm_index_track_t *out)
{
    nvm_err_e         rc;
    nvm_index_head_t  head;

    rc = nvm_index_head(src, &head);
    if (rc != NVM_OK) {
        return rc;
    }

    if (track >= head.ntracks) {
        return NVM_ENOENT;
    }

    rc = src->read(src->data, sizeof(nvm_index_head_t)
                              + track * sizeof(nvm_index_track_t),
                   out, sizeof(nvm_index_track_t));
    if (rc != NVM_OK) {
        return rc;
    }

    if (!nvm_index_holds(&head, out->segments, out->nsegments,
                         sizeof(nvm_index_segment_t))
        || !nvm_index_holds(&head, out->samples, out->nsamples,
                            sizeof(nvm_index_sample_t))
        || out->track.timescale == 0
        || out->track.config_len > NVM_MAX_CONFIG)
    {
        return NVM_EINVAL;
    }

    return NVM_OK;
}


static void
nvm_index_timeline_add(nvm_timeline_t *tl, const nvm_index_segment_t *s,
    uint32_t n)
{
    nvm_segment_t  *out;

    if (s->nsamples == 0) {
        return;
    }

    out = &tl->segments[tl->nsegments++];
    out->msn = n;
    out->start = s->start;
    out->duration = s->duration;
    out->size = s->bytes > UINT32_MAX ? UINT32_MAX : (uint32_t) s->bytes;
    out->independent = s->key != 0;
    out->complete = 1;
}


nvm_err_e
nvm_index_timeline(const nvm_index_src_t *src, const nvm_index_track_t *t,
    nvm_arena_t *arena, nvm_timeline_t *out)
{
    uint32_t             i, k, n;
    nvm_err_e            rc;
    nvm_index_segment_t  batch[NVM_INDEX_BATCH];

    memset(out, 0, sizeof(nvm_timeline_t));
    out->track = &t->track;
    out->target = t->target;
    out->ended = 1;

    out->segments = nvm_alloc(arena, t->nsegments, sizeof(nvm_segment_t));
    if (out->segments == NULL) {
        return NVM_ENOMEM;
    }

    for (i = 0; i < t->nsegments; i += n) {
        n = t->nsegments - i;
        n = n < NVM_INDEX_BATCH ? n : NVM_INDEX_BATCH;

        rc = src->read(src->data,
                       t->segments + (uint64_t) i * sizeof(batch[0]), batch,
                       n * sizeof(batch[0]));
        if (rc != NVM_OK) {
            return rc;
        }

        for (k = 0; k < n; k++) {
            nvm_index_timeline_add(out, &batch[k], i + k);
        }
    }

    return NVM_OK;
}


/* The duration of a sample is known when its successor is. */
static void
nvm_index_sample_read(nvm_sample_t *s, const nvm_index_sample_t *r,
    uint64_t start)
{
    s->dts = start + (r->time & 0x7fffffff);
    s->key = r->time >> 31;
    s->offset = r->place >> 24;
    s->size = r->place & 0xffffff;
    s->cts = r->cts;
}


nvm_err_e
nvm_index_segment(const nvm_index_src_t *src, const nvm_index_track_t *t,
    uint32_t n, nvm_arena_t *arena, nvm_index_segment_t *segment,
    nvm_sample_t **samples)
{
    uint32_t             i, k, m;
    uint64_t             end;
    nvm_err_e            rc;
    nvm_sample_t        *s;
    nvm_index_sample_t   batch[NVM_INDEX_BATCH];

    if (n >= t->nsegments) {
        return NVM_ENOENT;
    }

    rc = src->read(src->data, t->segments + (uint64_t) n * sizeof(*segment),
                   segment, sizeof(*segment));
    if (rc != NVM_OK) {
        return rc;
    }

    if (segment->first > t->nsamples
        || segment->nsamples > t->nsamples - segment->first)
    {
        return NVM_EINVAL;
    }

    s = nvm_alloc(arena, segment->nsamples, sizeof(nvm_sample_t));
    if (s == NULL) {
        return NVM_ENOMEM;
    }

    for (i = 0; i < segment->nsamples; i += m) {
        m = segment->nsamples - i;
        m = m < NVM_INDEX_BATCH ? m : NVM_INDEX_BATCH;

        rc = src->read(src->data, t->samples
                       + ((uint64_t) segment->first + i) * sizeof(batch[0]),
                       batch, m * sizeof(batch[0]));
        if (rc != NVM_OK) {
            return rc;
        }

        for (k = 0; k < m; k++) {
            nvm_index_sample_read(&s[i + k], &batch[k], segment->start);
        }
    }

    end = segment->start + segment->duration;

    for (i = segment->nsamples; i-- > 0; ) {
        s[i].duration = (uint32_t) (end - s[i].dts);
        end = s[i].dts;
    }

    *samples = s;

    return NVM_OK;
}
