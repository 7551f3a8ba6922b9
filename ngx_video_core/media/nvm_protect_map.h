/*
 * Copyright (C) ngx_video authors
 *
 * What of a sample is protected, by its codec: of H.264 and HEVC what follows
 * slice headers (ISO/IEC 23001-7, 9.5, 10.2, 10.3), of VP9 what follows
 * uncompressed headers, of AV1 tiles, as their bindings to MP4 say; of sound
 * all of it.
 */

#ifndef NVM_PROTECT_MAP_H
#define NVM_PROTECT_MAP_H

#include "nvm_av1_frame.h"
#include "nvm_h264.h"
#include "nvm_h264_slice.h"
#include "nvm_hevc.h"
#include "nvm_hevc_slice.h"
#include "nvm_protect.h"
#include "nvm_vp9_frame.h"


typedef struct {
    nvm_protect_scheme_e  scheme;
    nvm_codec_e           codec;
    unsigned              nal_size;     /* bytes of a NAL unit's length */

    union {
        nvm_h264_params_t  h264;
        nvm_hevc_params_t  hevc;
        nvm_vp9_refs_t     vp9;
        nvm_av1_frames_t   av1;
    } seen;
} nvm_protect_map_t;


/*
 * For the samples of a track, in decode order from the first of a segment.
 * NVM_EUNSUP: of a codec that can't be protected; errors of its configuration.
 */
nvm_err_e nvm_protect_map_init(nvm_protect_map_t *m, const nvm_track_t *t,
    nvm_protect_scheme_e scheme, nvm_fault_t *f);

/* Whether samples have subsamples; else they are protected as wholes. */
int nvm_protect_map_parts(const nvm_protect_map_t *m);

/*
 * The subsamples of a sample, whose sizes have the sum "len": *n of them, at
 * most NVM_PROTECT_SUBSAMPLES.  NVM_ELIMIT: there would be more; NVM_ETRUNC:
 * lengths of NAL units don't fill it; errors of slices and frames
 * (nvm_h264_slice.h and others).
 */
nvm_err_e nvm_protect_map_sample(nvm_protect_map_t *m, const uint8_t *data,
    size_t len, nvm_protect_subsample_t *sub, unsigned *n, nvm_fault_t *f);


#endif /* NVM_PROTECT_MAP_H */
