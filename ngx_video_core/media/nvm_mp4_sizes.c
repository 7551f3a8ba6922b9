/*
 * Copyright (C) ngx_video authors
 *
 * Sample sizes: ISO/IEC 14496-12, 8.7.3.
 */

#include "nvm_mp4_tables.h"


/* stsz (8.7.3.2): the size of all, the number of samples, a table or none. */
static nvm_err_e
nvm_mp4_sizes_stsz(nvm_mp4_box_t *box, nvm_mp4_track_t *t, nvm_fault_t *f)
{
    uint64_t       at;
    nvm_reader_t  *r;

    r = &box->r;
    nvm_reader_skip(r, 4);
    t->sample_size = nvm_reader_u32(r);
    at = nvm_reader_offset(r);
    t->nsamples = nvm_reader_u32(r);
    t->sizes.version = 32;

    if (t->sample_size == 0) {
        t->sizes.at = nvm_reader_offset(r);
        t->sizes.count = t->nsamples;
        t->sizes.end = t->nsamples;
        t->sizes.entries = nvm_reader_bytes(r, (size_t) t->nsamples * 4);
    }

    if (r->error) {
        return nvm_mp4_box_fault(f, box, NVM_ETRUNC, at,
                                 "table is longer than its box");
    }

    return NVM_OK;
}


/* stz2 (8.7.3.3): entries of 4, 8 or 16 bits */
static nvm_err_e
nvm_mp4_sizes_stz2(nvm_mp4_box_t *box, nvm_mp4_track_t *t, nvm_fault_t *f)
{
    uint64_t       at, bits;
    nvm_reader_t  *r;

    r = &box->r;
    nvm_reader_skip(r, 7);
    t->sample_size = 0;
    t->sizes.version = nvm_reader_u8(r);
    at = nvm_reader_offset(r);
    t->nsamples = nvm_reader_u32(r);

    if (r->error == NVM_OK && t->sizes.version != 4 && t->sizes.version != 8
        && t->sizes.version != 16)
    {
        return nvm_mp4_box_fault(f, box, NVM_EINVAL, at - 1,
                                 "field size is not 4, 8 or 16");
    }

    bits = (uint64_t) t->nsamples * t->sizes.version;
    t->sizes.at = nvm_reader_offset(r);
    t->sizes.count = t->nsamples;
    t->sizes.end = t->nsamples;
    t->sizes.entries = nvm_reader_bytes(r, (size_t) ((bits + 7) / 8));

    if (r->error) {
        return nvm_mp4_box_fault(f, box, NVM_ETRUNC, at,
                                 "table is longer than its box");
    }

    return NVM_OK;
}


nvm_err_e
nvm_mp4_sizes_parse(const nvm_mp4_box_t *stbl, uint64_t file_size,
    nvm_mp4_track_t *t, nvm_fault_t *f)
{
    uint64_t       bytes;
    nvm_err_e      rc;
    nvm_mp4_box_t  box;

    rc = nvm_mp4_box_find(stbl, NVM_FOURCC('s', 't', 's', 'z'), &box, f);

    if (rc == NVM_OK) {
        rc = nvm_mp4_sizes_stsz(&box, t, f);

    } else if (rc == NVM_ENOENT) {
        rc = nvm_mp4_box_need(stbl, NVM_FOURCC('s', 't', 'z', '2'), &box,
                              "stbl has neither stsz nor stz2", f);
        if (rc == NVM_OK) {
            rc = nvm_mp4_sizes_stz2(&box, t, f);
        }
    }

    if (rc != NVM_OK) {
        return rc;
    }

    if (t->nsamples > NVM_MAX_SAMPLES) {
        return nvm_mp4_box_fault(f, &box, NVM_ELIMIT, box.offset,
                                 "too many samples");
    }

    /*
     * A constant size claims samples without an entry for each: here they
     * must be in the file, so that memory for them is bounded by bytes.
     */

    bytes = (uint64_t) t->sample_size * t->nsamples;

    if (bytes > file_size) {
        return nvm_mp4_box_fault(f, &box, NVM_EINVAL, box.offset,
                                 "samples are larger than the file");
    }

    return NVM_OK;
}
