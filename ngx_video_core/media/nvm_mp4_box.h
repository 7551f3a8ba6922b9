/*
 * Copyright (C) ngx_video authors
 *
 * Boxes, for the MP4 reader alone: a walk over the children of a box that
 * cannot see past it, and faults that name the path of the box.
 *
 * A box lives on the stack of the function that found it and points to its
 * parent, so that a path is there when a fault needs it and costs nothing
 * when none does.
 */

#ifndef NVM_MP4_BOX_H
#define NVM_MP4_BOX_H

#include "nvm_reader.h"


#define NVM_FOURCC(a, b, c, d)                                                \
    ((uint32_t) (a) << 24 | (uint32_t) (b) << 16 | (uint32_t) (c) << 8        \
     | (uint32_t) (d))


typedef struct nvm_mp4_box_s  nvm_mp4_box_t;

struct nvm_mp4_box_s {
    const nvm_mp4_box_t  *parent;       /* NULL: moov */
    nvm_reader_t          r;            /* what is left of its payload */
    uint64_t              offset;       /* of its header in the file */
    uint32_t              type;
    uint32_t              index;        /* shown in the path unless 0 */
    uint32_t              depth;
};


/*
 * Size and type of a box, ISO/IEC 14496-12, 4.2; *header is 8 or 16.  A size
 * of 0 is handed on as it stands.  NVM_ETRUNC or NVM_EINVAL.
 */
nvm_err_e nvm_mp4_box_header(nvm_reader_t *r, uint32_t *type, uint64_t *size,
    uint32_t *header);

/* Nothing is left, or a terminator: a header, or less, of zero bytes. */
int nvm_mp4_box_ends(const nvm_reader_t *r);

/*
 * The next child of a box, or NVM_ENOENT at its end.  Zero bytes at the end
 * are skipped: QuickTime ends lists with them.
 */
nvm_err_e nvm_mp4_box_next(nvm_mp4_box_t *parent, nvm_mp4_box_t *child,
    nvm_fault_t *f);

/*
 * The first child of a type from where the parent's reader stands, which does
 * not move.  NVM_ENOENT without a fault when there is none.
 */
nvm_err_e nvm_mp4_box_find(const nvm_mp4_box_t *parent, uint32_t type,
    nvm_mp4_box_t *child, nvm_fault_t *f);

/* The same for a mandatory child: its absence is a fault of the parent. */
nvm_err_e nvm_mp4_box_need(const nvm_mp4_box_t *parent, uint32_t type,
    nvm_mp4_box_t *child, const char *missing, nvm_fault_t *f);

/* Records a fault with the path of a box; offset is that in the file. */
nvm_err_e nvm_mp4_box_fault(nvm_fault_t *f, const nvm_mp4_box_t *box,
    nvm_err_e code, uint64_t offset, const char *what);


#endif /* NVM_MP4_BOX_H */
