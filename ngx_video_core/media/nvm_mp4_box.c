/*
 * Copyright (C) ngx_video authors
 *
 * Boxes: the bounded walk and the path for faults.
 */

#include "nvm_mp4_box.h"


/* Four characters, what cannot be printed as "?". */
static void
nvm_mp4_box_name(char *dst, uint32_t type)
{
    int      i;
    uint8_t  c;

    for (i = 0; i < 4; i++) {
        c = (uint8_t) (type >> (24 - 8 * i));
        dst[i] = (char) (c >= 0x20 && c < 0x7f ? c : '?');
    }
}


/* "trak[12]"; returns the length, at most 16. */
static size_t
nvm_mp4_box_step(char *dst, const nvm_mp4_box_t *box)
{
    size_t    n, i;
    char      digits[10];
    uint32_t  v;

    nvm_mp4_box_name(dst, box->type);

    if (box->index == 0) {
        return 4;
    }

    for (n = 0, v = box->index; v; v /= 10) {
        digits[n++] = (char) ('0' + v % 10);
    }

    dst[4] = '[';

    for (i = 0; i < n; i++) {
        dst[5 + i] = digits[n - 1 - i];
    }

    dst[5 + n] = ']';

    return 6 + n;
}


/* Outermost box first; what does not fit is cut off at a whole step. */
static void
nvm_mp4_box_path(char *dst, size_t size, const nvm_mp4_box_t *box)
{
    char                  step[16];
    size_t                i, n, len, depth;
    const nvm_mp4_box_t  *path[NVM_MAX_BOX_DEPTH + 1];

    for (depth = 0; box != NULL && depth <= NVM_MAX_BOX_DEPTH; depth++) {
        path[depth] = box;
        box = box->parent;
    }

    len = 0;

    while (depth--) {
        n = nvm_mp4_box_step(step, path[depth]);

        if (n + 2 > size - len) {
            break;
        }

        if (len) {
            dst[len++] = '/';
        }

        for (i = 0; i < n; i++) {
            dst[len++] = step[i];
        }
    }

    dst[len] = '\0';
}


nvm_err_e
nvm_mp4_box_fault(nvm_fault_t *f, const nvm_mp4_box_t *box, nvm_err_e code,
    uint64_t offset, const char *what)
{
    if (f != NULL && f->code == NVM_OK) {
        nvm_mp4_box_path(f->where, sizeof(f->where), box);
    }

    return nvm_fault(f, code, offset, what);
}


nvm_err_e
nvm_mp4_box_header(nvm_reader_t *r, uint32_t *type, uint64_t *size,
    uint32_t *header)
{
    *size = nvm_reader_u32(r);
    *type = nvm_reader_u32(r);
    *header = 8;

    if (*size == 1) {
        *size = nvm_reader_u64(r);
        *header = 16;
    }

    if (r->error) {
        return r->error;
    }

    return *size != 0 && *size < *header ? NVM_EINVAL : NVM_OK;
}


int
nvm_mp4_box_ends(const nvm_reader_t *r)
{
    size_t        left;
    nvm_reader_t  look;

    look = *r;
    left = nvm_reader_left(r);

    if (left >= 8) {
        return nvm_reader_u64(&look) == 0;
    }

    while (left--) {
        if (nvm_reader_u8(&look)) {
            return 0;
        }
    }

    return 1;
}


nvm_err_e
nvm_mp4_box_next(nvm_mp4_box_t *parent, nvm_mp4_box_t *child, nvm_fault_t *f)
{
    uint32_t   header;
    uint64_t   size;
    nvm_err_e  rc;

    if (nvm_mp4_box_ends(&parent->r)) {
        return NVM_ENOENT;
    }

    if (parent->depth == NVM_MAX_BOX_DEPTH) {
        return nvm_mp4_box_fault(f, parent, NVM_ELIMIT, parent->offset,
                                 "boxes are nested too deeply");
    }

    child->parent = parent;
    child->offset = nvm_reader_offset(&parent->r);
    child->depth = parent->depth + 1;
    child->index = 0;

    rc = nvm_mp4_box_header(&parent->r, &child->type, &size, &header);

    /* a box that ends with the file has no place inside another */

    if (rc == NVM_EINVAL || (rc == NVM_OK && size == 0)) {
        return nvm_mp4_box_fault(f, child, NVM_EINVAL, child->offset,
                                 "box is smaller than its header");
    }

    if (rc != NVM_OK) {
        return nvm_mp4_box_fault(f, parent, rc, child->offset,
                                 "box header is cut");
    }

    nvm_reader_sub(&parent->r, size - header, &child->r);

    if (parent->r.error) {
        return nvm_mp4_box_fault(f, child, NVM_ETRUNC, child->offset,
                                 "box is longer than the one around it");
    }

    return NVM_OK;
}


nvm_err_e
nvm_mp4_box_find(const nvm_mp4_box_t *parent, uint32_t type,
    nvm_mp4_box_t *child, nvm_fault_t *f)
{
    nvm_err_e      rc;
    nvm_mp4_box_t  scan;

    scan = *parent;

    do {
        rc = nvm_mp4_box_next(&scan, child, f);
        child->parent = parent;
    } while (rc == NVM_OK && child->type != type);

    return rc;
}


nvm_err_e
nvm_mp4_box_need(const nvm_mp4_box_t *parent, uint32_t type,
    nvm_mp4_box_t *child, const char *missing, nvm_fault_t *f)
{
    nvm_err_e  rc;

    rc = nvm_mp4_box_find(parent, type, child, f);

    if (rc == NVM_ENOENT) {
        return nvm_mp4_box_fault(f, parent, rc, parent->offset, missing);
    }

    return rc;
}
