/*
 * Copyright (C) ngx_video authors
 *
 * Silence: an audio track of a codec and its configuration that nothing is
 * heard of, as an MP4 file that is made, not stored.  It stands for the sound
 * of a clip that has none among clips that have some.
 *
 * All frames are one, which is in the file as often as a chunk has samples:
 * all chunks are at the same offset.  So a file of hours is a few KB, and what
 * it claims to be long is a hole.
 */

#ifndef NVM_SILENCE_H
#define NVM_SILENCE_H

#include "nvm_model.h"
#include "nvm_writer.h"


/* A name, with its zero: "aac.1190", a codec and its configuration. */
#define NVM_SILENCE_NAME  48

/*
 * What silence like this track is called.  NVM_EUNSUP: there is none of its
 * codec, or of its channels; there is of AAC with 1 to 6 and 8 channels (of
 * HE-AAC as the core alone) and of Opus with one or two.
 */
nvm_err_e nvm_silence_name(const nvm_track_t *like,
    char name[NVM_SILENCE_NAME]);

/*
 * The track of that name, n bytes without a zero: id is 1, and it is in no
 * language.  NVM_EINVAL for what is no name, NVM_EUNSUP as above.
 */
nvm_err_e nvm_silence_track(const char *name, size_t n, nvm_track_t *t);

/*
 * A silent frame of a track, and its duration in ticks of the track's sample
 * rate; 0: there is none.
 */
#define NVM_SILENCE_FRAME  32

size_t nvm_silence_frame(const nvm_track_t *t, uint8_t out[NVM_SILENCE_FRAME],
    uint32_t *duration);

/*
 * Its file: so many ms, 1..2^28 s, of whole frames, one at least.  *size is
 * what the file has to be extended to, with zeros.  NVM_ELIMIT: more than
 * NVM_MAX_SAMPLES frames.
 */
nvm_err_e nvm_silence_write(nvm_writer_t *w, const nvm_track_t *t,
    uint64_t ms, uint64_t *size);


#endif /* NVM_SILENCE_H */
