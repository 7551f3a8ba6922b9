/*
 * Copyright (C) ngx_video authors
 *
 * The walk over the samples of a track, in decode order.  The tables have
 * been checked by nvm_mp4_tables.c; an entry that is missing all the same
 * gives NVM_EINVAL, never a read outside.
 */

#include <string.h>

#include "nvm_mp4_tables.h"


void
nvm_mp4_samples_init(nvm_mp4_samples_t *s, const nvm_mp4_track_t *t)
{
    memset(s, 0, sizeof(nvm_mp4_samples_t));
    s->t = t;
}


/* Moves to the run of stts that holds the next sample. */
static int
nvm_mp4_samples_time(nvm_mp4_samples_t *s)
{
    const nvm_mp4_table_t  *stts;

    stts = &s->t->stts;

    do {
        if (s->stts_entry >= stts->count) {
            return -1;
        }

        s->stts_left = nvm_mp4_table_u32(stts, s->stts_entry, 8, 0);
        s->stts_delta = nvm_mp4_table_u32(stts, s->stts_entry, 8, 4);
        s->stts_entry++;
    } while (s->stts_left == 0);

    return 0;
}


static int
nvm_mp4_samples_composition(nvm_mp4_samples_t *s)
{
    const nvm_mp4_table_t  *ctts;

    ctts = &s->t->ctts;

    do {
        if (s->ctts_entry >= ctts->count) {
            return -1;
        }

        s->ctts_left = nvm_mp4_table_u32(ctts, s->ctts_entry, 8, 0);
        s->ctts_offset = (int32_t) nvm_mp4_table_u32(ctts, s->ctts_entry, 8,
                                                     4);
        s->ctts_entry++;
    } while (s->ctts_left == 0);

    return 0;
}


/* Moves to the next chunk; stsc_entry is the one after the run in force. */
static int
nvm_mp4_samples_chunk(nvm_mp4_samples_t *s)
{
    const nvm_mp4_table_t  *stsc;

    stsc = &s->t->stsc;

    if (s->chunk >= s->t->chunks.count) {
        return -1;
    }

    if (nvm_mp4_table_u32(stsc, s->stsc_entry, 12, 0) == s->chunk + 1) {
        s->stsc_entry++;
    }

    if (s->stsc_entry == 0) {
        return -1;
    }

    s->offset = nvm_mp4_chunk_offset(s->t, s->chunk);
    s->chunk_left = nvm_mp4_table_u32(stsc, s->stsc_entry - 1, 12, 4);
    s->chunk++;

    return s->chunk_left ? 0 : -1;
}


static unsigned
nvm_mp4_samples_key(nvm_mp4_samples_t *s)
{
    const nvm_mp4_table_t  *stss;

    stss = &s->t->stss;

    if (stss->entries == NULL) {
        return 1;
    }

    if (nvm_mp4_table_u32(stss, s->stss_entry, 4, 0) != s->sample + 1) {
        return 0;
    }

    s->stss_entry++;

    return 1;
}


nvm_err_e
nvm_mp4_samples_next(nvm_mp4_samples_t *s, uint64_t file_size,
    nvm_sample_t *out)
{
    if (s->sample >= s->t->nsamples) {
        return NVM_ENOENT;
    }

    if ((s->stts_left == 0 && nvm_mp4_samples_time(s) != 0)
        || (s->ctts_left == 0 && s->t->ctts.count
            && nvm_mp4_samples_composition(s) != 0)
        || (s->chunk_left == 0 && nvm_mp4_samples_chunk(s) != 0))
    {
        return NVM_EINVAL;
    }

    out->dts = s->dts;
    out->offset = s->offset;
    out->duration = s->stts_delta;
    out->size = nvm_mp4_sample_size(s->t, s->sample);
    out->cts = s->ctts_offset;
    out->key = nvm_mp4_samples_key(s);

    if (out->offset > file_size || out->size > file_size - out->offset) {
        return NVM_EINVAL;
    }

    s->sample++;
    s->dts += s->stts_delta;
    s->offset += out->size;
    s->stts_left--;
    s->chunk_left--;
    s->ctts_left -= s->ctts_left ? 1 : 0;

    return NVM_OK;
}
