/*
 * Copyright (C) ngx_video authors
 *
 * Edit lists, for the MP4 reader alone.
 */

#ifndef NVM_MP4_EDIT_H
#define NVM_MP4_EDIT_H

#include "nvm_mp4.h"
#include "nvm_mp4_box.h"


/*
 * Reads the edit list of a track whose sample tables are known: its delay,
 * media_time, media_end and, after these, track.duration.  "timescale" is that
 * of the movie.  What is refused: see nvm_mp4_parse().
 */
nvm_err_e nvm_mp4_edit_parse(const nvm_mp4_box_t *trak, uint32_t timescale,
    nvm_mp4_track_t *t, nvm_fault_t *f);

/*
 * Narrows the edit to [from, to) of the presentation, in ticks of the track.
 * NVM_ENOENT: nothing of it is left.
 */
nvm_err_e nvm_mp4_clip_track(nvm_mp4_track_t *t, uint64_t from, uint64_t to);

/* The duration of the presentation from that of the media. */
void nvm_mp4_edit_duration(nvm_mp4_track_t *t);


#endif /* NVM_MP4_EDIT_H */
