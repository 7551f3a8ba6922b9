/*
 * Copyright (C) ngx_video authors
 *
 * What the tests of coded frames have in common: reading one.
 */

#ifndef FRAME_ENV_H
#define FRAME_ENV_H

#include <stdlib.h>

#include "bits.h"
#include "codec_records.h"
#include "nvm_frame.h"
#include "tap.h"


static nvm_fault_t  fault;
static nvm_frame_t  frame;
static nvm_track_t  track;


/*
 * Reads a frame from a block of its exact size, so that ASan watches it.  Of
 * audio all of it is the frame, and a fault may be told of a header that is
 * cut.
 */
static TAP_UNUSED nvm_err_e
parse_kind(nvm_kind_e kind, nvm_codec_e codec, const uint8_t *data, size_t n)
{
    size_t      past;
    uint8_t    *copy;
    nvm_err_e   rc;

    track.kind = kind;
    track.codec = codec;
    memset(&fault, 0, sizeof(fault));

    copy = malloc(n ? n : 1);
    memcpy(copy, data, n);

    rc = nvm_frame_parse(&track, copy, n, &frame, &fault);
    past = kind == NVM_AUDIO ? 4 : 0;

    if ((rc == NVM_OK) != (fault.what == NULL) || fault.offset > n + past
        || (rc == NVM_OK && frame.data + frame.size != copy + n)
        || (rc == NVM_OK && kind == NVM_AUDIO
            && (frame.size != n || !frame.key || frame.duration == 0)))
    {
        ok(0, "fault and frame agree");
    }

    free(copy);

    return rc;
}


/* The same of bytes in the source; parse() is the test's. */
#define PARSE(codec, ...)                                                     \
    parse(NVM_CODEC_##codec, (const uint8_t []) { __VA_ARGS__ },              \
          sizeof((const uint8_t []) { __VA_ARGS__ }))


#endif /* FRAME_ENV_H */
