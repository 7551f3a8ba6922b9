/*
 * Copyright (C) ngx_video authors
 *
 * What coded frames say of themselves, for sources that have no tables: whether
 * a picture is a place to begin at, how long a frame of audio lasts.
 *
 * Nothing here allocates or copies: spans point into the caller's bytes.  A
 * fault's offset counts from the first byte handed in; f may be NULL.
 */

#ifndef NVM_FRAME_H
#define NVM_FRAME_H

#include "nvm_model.h"


typedef struct {
    const uint8_t  *data;       /* without what samples of MP4 don't have */
    size_t          size;
    uint32_t        duration;   /* of audio, in ticks of the track; else 0 */
    unsigned        key:1;      /* stream access point */
    nvm_captions_t  captions;   /* of H.264 and HEVC */
} nvm_frame_t;


/*
 * Reads a frame of a track: H.264 and HEVC are NAL units after their lengths,
 * AV1 is OBUs with their sizes, VP9 a frame or a superframe, the others as they
 * are.  Of HEVC every IRAP picture is a key, of the others those that nothing
 * before is needed for.  NVM_EINVAL, NVM_ETRUNC: damaged, or no frame of that
 * codec; NVM_ELIMIT: over NVM_MAX_NALS (of OBUs too), or too many syncframes.
 */
nvm_err_e nvm_frame_parse(const nvm_track_t *t, const uint8_t *data, size_t n,
    nvm_frame_t *out, nvm_fault_t *f);


/*
 * Makes a track of a codec's configuration box, and of its first frame where
 * that is needed: MP3, AC-3 and E-AC-3 have no header (config_len is 0), and a
 * VP9 header has no size.  NVM_ENOENT, no fault: a frame is needed, frame is
 * NULL or no key frame.  Fills what the codec's function fills, and kind.
 */
nvm_err_e nvm_frame_track(nvm_track_t *t, nvm_codec_e codec,
    const uint8_t *config, size_t config_len, const uint8_t *frame, size_t n,
    nvm_fault_t *f);


/* nvm_frame_audio.c, for the two above */

/* Ticks, at the sample rate, of a frame of a track of audio. */
nvm_err_e nvm_frame_audio(const nvm_track_t *t, const uint8_t *data, size_t n,
    uint32_t *duration, nvm_fault_t *f);

/* The same as is usual, never 0, of a track of which no frame was seen. */
uint32_t nvm_frame_usual(const nvm_track_t *t);

/*
 * What the head of a frame says of its track, where there is no header to do
 * so, in a number: frames of another one are of another track.  0: nothing, or
 * it is damaged.
 */
uint32_t nvm_frame_look(nvm_codec_e codec, const uint8_t *data, size_t n);

/* What the header of an MP3 frame tells of the track. */
nvm_err_e nvm_frame_mp3(const uint8_t *data, size_t n, uint32_t *rate,
    uint16_t *channels, nvm_fault_t *f);


/* nvm_frame_dolby.c, of AC-3 and of E-AC-3, for both files */

/* samples of a syncframe of AC-3, and of a packet of E-AC-3 */
#define NVM_AC3_SAMPLES      1536

/* The rate, and the payload of dac3 or dec3, of a frame. */
#define NVM_FRAME_DOLBY_MAX  8
nvm_err_e nvm_frame_dolby(nvm_codec_e codec, const uint8_t *data, size_t n,
    uint32_t *rate, uint8_t config[NVM_FRAME_DOLBY_MAX], size_t *len,
    nvm_fault_t *f);

/* As nvm_frame_audio(), and as nvm_frame_look(). */
nvm_err_e nvm_frame_dolby_samples(nvm_codec_e codec, const uint8_t *data,
    size_t n, uint32_t *samples, nvm_fault_t *f);
uint32_t nvm_frame_dolby_look(nvm_codec_e codec, const uint8_t *data,
    size_t n);


#endif /* NVM_FRAME_H */
