/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: FLV tag bodies, and the headers and frames in them; the first
 * byte chooses audio or video.
 */

#include "fuzz.h"
#include "nvm_flv.h"
#include "nvm_frame.h"


/* Every packet lies in the body; then its header and its frame are read. */
static void
check(const nvm_flv_tag_t *tag, const uint8_t *body, size_t size)
{
    size_t          len;
    uint8_t         buf[NVM_MAX_CONFIG];
    nvm_fault_t     f;
    nvm_frame_t     frame;
    nvm_track_t     track;
    const uint8_t  *config;

    require(strlen(tag->fourcc) <= 4);
    require(tag->cts >= -8388608 && tag->cts <= 8388607);

    if (tag->packet != NVM_FLV_HEADER && tag->packet != NVM_FLV_FRAME) {
        return;
    }

    require(tag->size != 0 && tag->data > body
            && tag->data + tag->size <= body + size);

    memset(&f, 0, sizeof(f));

    if (tag->packet == NVM_FLV_HEADER) {
        if (nvm_flv_config(tag->codec, tag->data, tag->size, buf, &config,
                           &len, &f)
            == NVM_OK)
        {
            (void) nvm_frame_track(&track, tag->codec, config, len, NULL, 0,
                                   &f);
        }

        return;
    }

    if (nvm_frame_track(&track, tag->codec, tag->data, 0, tag->data,
                        tag->size, &f)
        != NVM_OK)
    {
        memset(&track, 0, sizeof(track));
        track.kind = tag->kind;
        track.codec = tag->codec;
        track.sample_rate = 48000;
        track.timescale = 48000;
    }

    if (nvm_frame_parse(&track, tag->data, tag->size, &frame, &f) == NVM_OK) {
        require(frame.data >= tag->data
                && frame.data + frame.size == tag->data + tag->size);
        require(tag->kind == NVM_VIDEO || frame.duration != 0);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nvm_err_e      rc;
    nvm_fault_t    f;
    nvm_flv_tag_t  tag;

    if (size == 0) {
        return 0;
    }

    memset(&f, 0, sizeof(f));

    rc = data[0] & 1 ? nvm_flv_video_parse(data + 1, size - 1, &tag, &f)
                     : nvm_flv_audio_parse(data + 1, size - 1, &tag, &f);

    while (rc == NVM_OK) {
        check(&tag, data + 1, size - 1);
        rc = nvm_flv_next(&tag, &f);
    }

    require(f.what == NULL ? rc == NVM_ENOENT
                           : f.code == rc && f.offset <= size);

    return 0;
}
