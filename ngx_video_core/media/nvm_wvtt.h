/*
 * Copyright (C) ngx_video authors
 *
 * Subtitles as CMAF: WebVTT in ISO/IEC 14496-30, clause 6; ISO/IEC 23000-19,
 * clause 11.  The reader of such tracks is in nvm_vtt_build.h.
 */

#ifndef NVM_WVTT_H
#define NVM_WVTT_H

#include "nvm_model.h"
#include "nvm_vtt.h"


/* Bytes of a segment's samples: cues that overlap are repeated in each */
#define NVM_WVTT_MAX_SEGMENT  (4u * 1024 * 1024)


typedef struct {
    const nvm_vtt_t   *vtt;
    uint32_t           timescale;       /* ticks a second, not zero */
    uint64_t           start;           /* ticks */
    uint32_t           duration;        /* ticks, not zero */
} nvm_wvtt_segment_t;


/*
 * The sample entry, whose header is what nvm_vtt_header_write() wrote; len may
 * be 0.  Handler type is "text" and the media header nmhd.
 */
void nvm_wvtt_entry_write(nvm_writer_t *w, const char *header, size_t len);

/*
 * The samples of a segment, one after the other, as mdat has them.  They fill
 * the segment without a gap; where no cue is shown it has a vtte box.  With
 * samples not NULL *n is the room there, and each is filled in for
 * nvm_cmaf_chunk_write(), offset counted from the first; without it they are
 * only counted.
 *
 * NVM_ELIMIT when more than NVM_VTT_MAX_ACTIVE cues are shown at a time, or
 * there are more bytes than NVM_WVTT_MAX_SEGMENT; NVM_EINVAL for a segment
 * without a duration, NVM_EOVERFLOW when *n is too small.
 */
nvm_err_e nvm_wvtt_segment_write(nvm_writer_t *w,
    const nvm_wvtt_segment_t *s, nvm_sample_t *samples, size_t *n);


#endif /* NVM_WVTT_H */
