/*
 * Copyright (C) ngx_video authors
 *
 * The samples of a track in one movie fragment: ISO/IEC 14496-12, 8.8.6 to
 * 8.8.8.
 */

#include <string.h>

#include "nvm_mp4_fragment.h"
#include "nvm_mp4_tables.h"


/* tf_flags and tr_flags, 8.8.7.1 and 8.8.8.1; two more are in the header */
#define NVM_TFHD_DURATION     0x000008
#define NVM_TFHD_SIZE         0x000010
#define NVM_TFHD_FLAGS        0x000020
#define NVM_TFHD_BASE_MOOF    0x020000

#define NVM_TRUN_OFFSET       0x000001
#define NVM_TRUN_FIRST        0x000004
#define NVM_TRUN_DURATION     0x000100
#define NVM_TRUN_SIZE         0x000200
#define NVM_TRUN_FLAGS        0x000400
#define NVM_TRUN_CTS          0x000800

/* sample_is_non_sync_sample, 8.8.3.1 */
#define NVM_SAMPLE_NON_SYNC   0x00010000


/* The next box of a type; NVM_ENOENT when there is none. */
static nvm_err_e
nvm_mp4_runs_box(nvm_reader_t *from, uint32_t want, nvm_reader_t *box)
{
    uint32_t   type, header;
    uint64_t   size;
    nvm_err_e  rc;

    while (nvm_reader_left(from)) {
        rc = nvm_mp4_box_header(from, &type, &size, &header);

        if (rc != NVM_OK || size < header) {
            return rc != NVM_OK ? rc : NVM_EINVAL;
        }

        nvm_reader_sub(from, size - header, box);

        if (from->error) {
            return from->error;
        }

        if (type == want) {
            return NVM_OK;
        }
    }

    return NVM_ENOENT;
}


void
nvm_mp4_runs_init(nvm_mp4_runs_t *r, const nvm_mp4_track_t *t,
    const nvm_mp4_fragment_t *fragment)
{
    uint32_t  type, header;
    uint64_t  size;

    memset(r, 0, sizeof(nvm_mp4_runs_t));

    r->t = t;
    r->moof_at = fragment->offset;

    nvm_reader_init(&r->moof, fragment->moof, fragment->size,
                    fragment->offset);
    (void) nvm_mp4_box_header(&r->moof, &type, &size, &header);
}


/* tfhd (8.8.7): NVM_DECLINED-like NVM_ENOENT for another track's. */
static nvm_err_e
nvm_mp4_runs_tfhd(nvm_mp4_runs_t *r, nvm_reader_t *tfhd, unsigned first)
{
    uint32_t  flags;

    flags = nvm_reader_u32(tfhd) & 0xffffff;

    if (nvm_reader_u32(tfhd) != r->t->source_id) {
        return tfhd->error ? tfhd->error : NVM_ENOENT;
    }

    r->base = r->moof_at;
    r->defaults = r->t->trex;

    if (flags & NVM_TFHD_BASE) {
        r->base = nvm_reader_u64(tfhd);

    } else if (!(flags & NVM_TFHD_BASE_MOOF) && !first) {
        /* where the data of the track fragment before it ends */
        return NVM_EUNSUP;
    }

    if (flags & NVM_TFHD_DESCRIPTION) {
        nvm_reader_skip(tfhd, 4);
    }

    if (flags & NVM_TFHD_DURATION) {
        r->defaults.duration = nvm_reader_u32(tfhd);
    }

    if (flags & NVM_TFHD_SIZE) {
        r->defaults.size = nvm_reader_u32(tfhd);
    }

    if (flags & NVM_TFHD_FLAGS) {
        r->defaults.flags = nvm_reader_u32(tfhd);
    }

    r->data = r->base;

    return tfhd->error;
}


/* The next track fragment of the track. */
static nvm_err_e
nvm_mp4_runs_traf(nvm_mp4_runs_t *r)
{
    unsigned      first;
    nvm_err_e     rc;
    nvm_reader_t  traf, tfhd;

    first = r->traf.pos == NULL;

    for ( ;; ) {
        rc = nvm_mp4_runs_box(&r->moof, NVM_FOURCC('t', 'r', 'a', 'f'),
                              &r->traf);
        if (rc != NVM_OK) {
            return rc;
        }

        traf = r->traf;

        rc = nvm_mp4_runs_box(&traf, NVM_FOURCC('t', 'f', 'h', 'd'), &tfhd);
        if (rc == NVM_ENOENT) {
            return NVM_EINVAL;
        }

        if (rc == NVM_OK) {
            rc = nvm_mp4_runs_tfhd(r, &tfhd, first);
        }

        if (rc != NVM_ENOENT) {
            return rc;
        }

        first = 0;
    }
}


/* The bytes of an entry of the trun; 0: all samples are as the defaults say. */
static uint32_t
nvm_mp4_runs_width(const nvm_mp4_runs_t *r)
{
    return 4 * ((r->flags & NVM_TRUN_DURATION) != 0)
           + 4 * ((r->flags & NVM_TRUN_SIZE) != 0)
           + 4 * ((r->flags & NVM_TRUN_FLAGS) != 0)
           + 4 * ((r->flags & NVM_TRUN_CTS) != 0);
}


/* The head of a trun (8.8.8); its entries are all there. */
static nvm_err_e
nvm_mp4_runs_trun(nvm_mp4_runs_t *r)
{
    uint32_t  v, width;

    v = nvm_reader_u32(&r->run);
    r->version = v >> 24;
    r->flags = v & 0xffffff;
    r->left = nvm_reader_u32(&r->run);

    if (r->flags & NVM_TRUN_OFFSET) {
        r->data = r->base + (uint64_t) (int32_t) nvm_reader_u32(&r->run);
    }

    r->first_flags = r->flags & NVM_TRUN_FIRST ? nvm_reader_u32(&r->run)
                     : r->defaults.flags;

    width = nvm_mp4_runs_width(r);

    if (r->run.error
        || (width && r->left > nvm_reader_left(&r->run) / width))
    {
        r->left = 0;
        return NVM_ETRUNC;
    }

    return NVM_OK;
}


static nvm_err_e
nvm_mp4_runs_advance(nvm_mp4_runs_t *r)
{
    nvm_err_e  rc;

    while (r->left == 0) {
        rc = nvm_mp4_runs_box(&r->traf, NVM_FOURCC('t', 'r', 'u', 'n'),
                              &r->run);

        if (rc == NVM_ENOENT) {
            rc = nvm_mp4_runs_traf(r);

        } else if (rc == NVM_OK) {
            rc = nvm_mp4_runs_trun(r);
        }

        if (rc != NVM_OK) {
            return rc;
        }
    }

    return NVM_OK;
}


nvm_err_e
nvm_mp4_runs_next(nvm_mp4_runs_t *r, nvm_sample_t *out)
{
    uint32_t   flags;
    nvm_err_e  rc;

    if (r->left == 0) {
        rc = nvm_mp4_runs_advance(r);
        if (rc != NVM_OK) {
            return rc;
        }
    }

    flags = r->first_flags;
    r->first_flags = r->defaults.flags;

    out->duration = r->flags & NVM_TRUN_DURATION ? nvm_reader_u32(&r->run)
                    : r->defaults.duration;
    out->size = r->flags & NVM_TRUN_SIZE ? nvm_reader_u32(&r->run)
                : r->defaults.size;

    if (r->flags & NVM_TRUN_FLAGS) {
        flags = nvm_reader_u32(&r->run);
    }

    /* signed in version 1; in version 0 by those who don't know it */

    out->cts = r->flags & NVM_TRUN_CTS ? (int32_t) nvm_reader_u32(&r->run)
               : 0;
    out->key = !(flags & NVM_SAMPLE_NON_SYNC);
    out->offset = r->data;

    r->data += out->size;
    r->left--;

    return NVM_OK;
}


nvm_err_e
nvm_mp4_runs_skip(nvm_mp4_runs_t *r, uint32_t n)
{
    uint32_t   k, i, width, before;
    nvm_err_e  rc;

    for ( /* void */ ; n; n -= k) {

        if (r->left == 0) {
            rc = nvm_mp4_runs_advance(r);
            if (rc != NVM_OK) {
                return rc;
            }
        }

        k = n < r->left ? n : r->left;
        r->left -= k;
        r->first_flags = r->defaults.flags;

        if (!(r->flags & NVM_TRUN_SIZE)) {
            r->data += (uint64_t) k * r->defaults.size;
            nvm_reader_skip(&r->run, (size_t) k * nvm_mp4_runs_width(r));
            continue;
        }

        before = r->flags & NVM_TRUN_DURATION ? 4 : 0;
        width = nvm_mp4_runs_width(r);

        for (i = 0; i < k; i++) {
            nvm_reader_skip(&r->run, before);
            r->data += nvm_reader_u32(&r->run);
            nvm_reader_skip(&r->run, width - before - 4);
        }
    }

    return NVM_OK;
}
