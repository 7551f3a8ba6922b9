/*
 * Copyright (C) ngx_video authors
 *
 * VP9: where the frames of a sample are and where their uncompressed headers
 * end, which Common Encryption leaves clear ("VP Codec ISO Media File Format
 * Binding"; the header is 6.2 of the "VP9 Bitstream & Decoding Process
 * Specification").
 */

#ifndef NVM_VP9_FRAME_H
#define NVM_VP9_FRAME_H

#include "nvm.h"


#define NVM_VP9_MAX_FRAMES  8           /* in a superframe (Annex B) */
#define NVM_VP9_REFS        8           /* NUM_REF_FRAMES */


/*
 * What the length of a header takes from frames before.  Fixed size, no
 * pointers: a copy of it is as good.
 */
typedef struct {
    uint32_t       width[NVM_VP9_REFS]; /* of references; 0: there is none */
} nvm_vp9_refs_t;


typedef struct {
    uint32_t       offset;              /* in the sample */
    uint32_t       size;
    uint32_t       header;              /* bytes of the uncompressed header:
                                           what follows may be protected; size
                                           where a frame is only shown */
} nvm_vp9_frame_t;


/* For the first sample, which has to begin with a key frame. */
void nvm_vp9_refs_init(nvm_vp9_refs_t *refs);

/*
 * Fills frames[0..*count) with the frames of a sample, hidden ones too, in
 * order.  The superframe index, and bytes between the last frame and it, are
 * in none of them.  Samples are given in decode order.
 *
 * NVM_ETRUNC: a frame is cut; NVM_EINVAL: no VP9; NVM_ENOENT: it has the size
 * of a reference that was not seen; NVM_ELIMIT: over 4 GB.  refs is unchanged
 * after an error.
 */
nvm_err_e nvm_vp9_frame_headers(nvm_vp9_refs_t *refs, const uint8_t *data,
    size_t n, nvm_vp9_frame_t frames[NVM_VP9_MAX_FRAMES], unsigned *count,
    nvm_fault_t *f);


#endif /* NVM_VP9_FRAME_H */
