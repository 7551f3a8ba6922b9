/*
 * Copyright (C) ngx_video authors
 *
 * Cues one by one.  They are kept in chunks, because an arena cannot give an
 * array back that has become too small; at the end they are copied into one.
 */

#include <string.h>

#include "nvm_vtt_build.h"


#define NVM_VTT_CHUNK  64


struct nvm_vtt_chunk_s {
    nvm_vtt_chunk_t  *next;
    size_t            n;
    nvm_vtt_cue_t     cues[NVM_VTT_CHUNK];
};


void
nvm_vtt_build_init(nvm_vtt_build_t *b, nvm_arena_t *a, uint32_t timescale)
{
    memset(b, 0, sizeof(nvm_vtt_build_t));

    b->arena = a;
    b->timescale = timescale;
}


nvm_err_e
nvm_vtt_build_header(nvm_vtt_build_t *b, const void *data, size_t size,
    nvm_fault_t *f)
{
    nvm_err_e   rc;
    nvm_vtt_t  *v;

    rc = nvm_vtt_parse(b->arena, data, size, &v, f);

    if (rc == NVM_OK) {
        b->v.blocks = v->blocks;
        b->v.nblocks = v->nblocks;
    }

    return rc;
}


/* Room for one more cue, or NULL. */
static nvm_vtt_cue_t *
nvm_vtt_build_room(nvm_vtt_build_t *b)
{
    nvm_vtt_chunk_t  *chunk;

    chunk = b->last;

    if (chunk == NULL || chunk->n == NVM_VTT_CHUNK) {
        chunk = nvm_alloc(b->arena, 1, sizeof(nvm_vtt_chunk_t));
        if (chunk == NULL) {
            return NULL;
        }

        if (b->last != NULL) {
            b->last->next = chunk;

        } else {
            b->first = chunk;
        }

        b->last = chunk;
    }

    return &chunk->cues[chunk->n];
}


nvm_err_e
nvm_vtt_build_cue(nvm_vtt_build_t *b, const nvm_vtt_cue_t *from,
    nvm_vtt_cue_t **cue)
{
    nvm_vtt_cue_t  *c;

    if (cue != NULL) {
        *cue = NULL;
    }

    if (from->end_ms <= from->start_ms) {
        b->v.skipped++;
        return NVM_OK;
    }

    if (b->v.ncues == NVM_VTT_MAX_CUES) {
        return NVM_ELIMIT;
    }

    c = nvm_vtt_build_room(b);
    if (c == NULL) {
        return NVM_ENOMEM;
    }

    b->last->n++;
    b->v.ncues++;

    *c = *from;
    c->number = (uint32_t) b->v.ncues;

    if (cue != NULL) {
        *cue = c;
    }

    return NVM_OK;
}


nvm_err_e
nvm_vtt_build_time(const nvm_vtt_build_t *b, uint64_t start, uint32_t duration,
    nvm_vtt_cue_t *c, nvm_fault_t *f)
{
    uint64_t  end;

    if (nvm_add(start, duration, &end) || end > INT64_MAX) {
        return nvm_fault(f, NVM_EINVAL, 0, "sample time wraps");
    }

    if (end / b->timescale >= NVM_VTT_MAX_MS / 1000) {
        return nvm_fault(f, NVM_ELIMIT, 0, "sample time is out of range");
    }

    /* both ends from the exact value: what touches goes on touching */

    c->start_ms = (uint64_t) nvm_rescale((int64_t) start, 1000, b->timescale);
    c->end_ms = (uint64_t) nvm_rescale((int64_t) end, 1000, b->timescale);

    return NVM_OK;
}


nvm_err_e
nvm_vtt_build_done(nvm_vtt_build_t *b, nvm_vtt_t **vtt, nvm_fault_t *f)
{
    size_t            n;
    nvm_vtt_t        *v;
    nvm_vtt_chunk_t  *chunk;

    v = nvm_alloc(b->arena, 1, sizeof(nvm_vtt_t));
    if (v == NULL) {
        return nvm_fault(f, NVM_ENOMEM, 0, "no memory for cues");
    }

    *v = b->v;

    v->cues = nvm_alloc(b->arena, v->ncues, sizeof(nvm_vtt_cue_t));
    if (v->cues == NULL) {
        return nvm_fault(f, NVM_ENOMEM, 0, "no memory for cues");
    }

    for (n = 0, chunk = b->first; chunk != NULL; chunk = chunk->next) {
        memcpy(&v->cues[n], chunk->cues, chunk->n * sizeof(nvm_vtt_cue_t));
        n += chunk->n;
    }

    nvm_vtt_index(v);
    *vtt = v;

    return NVM_OK;
}
