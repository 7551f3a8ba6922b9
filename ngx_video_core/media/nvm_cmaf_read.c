/*
 * Copyright (C) ngx_video authors
 *
 * Reading CMAF chunks: see nvm_cmaf_read.h.  The walk over the samples of a
 * moof is that of files, nvm_mp4_runs.c.
 */

#include <string.h>

#include "nvm_cmaf_read.h"
#include "nvm_mp4_box.h"
#include "nvm_mp4_tables.h"


nvm_err_e
nvm_cmaf_read_box(const uint8_t *p, size_t n, uint64_t offset, uint64_t size,
    nvm_cmaf_box_e *type, uint64_t *len, nvm_fault_t *f)
{
    char       name[5];
    nvm_err_e  rc;

    rc = nvm_mp4_top(p, n, offset, size, name, len, f);
    if (rc != NVM_OK) {
        return rc;
    }

    *type = memcmp(name, "moof", 4) == 0 ? NVM_CMAF_MOOF : NVM_CMAF_OTHER;

    if (*type == NVM_CMAF_MOOF && *len > NVM_CMAF_MAX_MOOF) {
        return nvm_fault(f, NVM_ELIMIT, offset, "moof is too large");
    }

    return NVM_OK;
}


/* tfdt of the only track fragment (ISO/IEC 14496-12, 8.8.12). */
static nvm_err_e
nvm_cmaf_read_time(nvm_cmaf_read_t *r, nvm_mp4_box_t *moof, nvm_fault_t *f)
{
    nvm_err_e      rc;
    nvm_mp4_box_t  traf, tfdt;

    rc = nvm_mp4_box_need(moof, NVM_FOURCC('t', 'r', 'a', 'f'), &traf,
                          "moof has no traf", f);

    if (rc == NVM_OK) {
        rc = nvm_mp4_box_need(&traf, NVM_FOURCC('t', 'f', 'd', 't'), &tfdt,
                              "traf has no tfdt", f);
    }

    if (rc != NVM_OK) {
        /* no end of the samples, as NVM_ENOENT is */
        return rc == NVM_ENOENT ? NVM_EINVAL : rc;
    }

    r->dts = nvm_reader_u32(&tfdt.r) >> 24 == 1 ? nvm_reader_u64(&tfdt.r)
             : nvm_reader_u32(&tfdt.r);

    if (tfdt.r.error || r->dts > INT64_MAX / 4) {
        return nvm_mp4_box_fault(f, &tfdt, NVM_EINVAL, tfdt.offset,
                                 "decode time is cut or out of range");
    }

    return NVM_OK;
}


nvm_err_e
nvm_cmaf_read_chunk(nvm_cmaf_read_t *r, uint32_t id, const uint8_t *moof,
    size_t n, uint64_t offset, uint64_t size, nvm_fault_t *f)
{
    uint32_t            header;
    uint64_t            len;
    nvm_err_e           rc;
    nvm_mp4_box_t       box;
    nvm_mp4_fragment_t  fragment;

    if (n > NVM_CMAF_MAX_MOOF) {
        return nvm_fault(f, NVM_ELIMIT, offset, "moof is too large");
    }

    memset(r, 0, sizeof(nvm_cmaf_read_t));
    memset(&box, 0, sizeof(nvm_mp4_box_t));
    memset(&fragment, 0, sizeof(nvm_mp4_fragment_t));

    r->track.source_id = id;
    r->size = size;
    r->left = NVM_CMAF_MAX_CHUNK;

    nvm_reader_init(&box.r, moof, n, offset);
    box.offset = offset;

    rc = nvm_mp4_box_header(&box.r, &box.type, &len, &header);
    if (rc != NVM_OK) {
        return nvm_fault(f, rc, offset, "box header is cut");
    }

    rc = nvm_cmaf_read_time(r, &box, f);
    if (rc != NVM_OK) {
        return rc;
    }

    fragment.offset = offset;
    fragment.size = (uint32_t) n;
    fragment.moof = moof;

    nvm_mp4_runs_init(&r->runs, &r->track, &fragment);

    return NVM_OK;
}


nvm_err_e
nvm_cmaf_read_sample(nvm_cmaf_read_t *r, nvm_sample_t *out, nvm_fault_t *f)
{
    uint64_t   end;
    nvm_err_e  rc;

    rc = nvm_mp4_runs_next(&r->runs, out);

    if (rc != NVM_OK) {
        return rc == NVM_ENOENT ? rc
               : nvm_fault(f, rc, r->runs.moof_at, "chunk is damaged");
    }

    if (r->left-- == 0) {
        return nvm_fault(f, NVM_ELIMIT, r->runs.moof_at, "too many samples");
    }

    if (nvm_add(out->offset, out->size, &end) || end > r->size) {
        return nvm_fault(f, NVM_EINVAL, r->runs.moof_at,
                         "samples are beyond the end of the segment");
    }

    out->dts = r->dts;
    r->dts += out->duration;

    return NVM_OK;
}
