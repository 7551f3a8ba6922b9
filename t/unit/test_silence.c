/*
 * Copyright (C) ngx_video authors
 *
 * Silence: names of it, and that its file has as many frames as it is long,
 * all of them the same bytes.  What decoders hear of it is in
 * t/flow/vod_silence.t.
 */

#include "nvm_aac.h"
#include "nvm_index.h"
#include "nvm_opus.h"
#include "nvm_silence.h"
#include "tap.h"

#include <stdlib.h>


static nvm_track_t  track;
static uint8_t     *file;
static size_t       len;
static uint64_t     size;


static int
named(const char *name)
{
    memset(&track, 0xee, sizeof(track));

    return nvm_silence_track(name, strlen(name), &track);
}


static int
written(uint64_t ms)
{
    int           rc;
    nvm_writer_t  w;

    free(file);
    file = NULL;

    nvm_writer_init(&w, NULL, 0);
    rc = nvm_silence_write(&w, &track, ms, &size);
    if (rc != NVM_OK) {
        return rc;
    }

    len = w.len;
    file = malloc(len);
    nvm_writer_init(&w, file, len);
    (void) nvm_silence_write(&w, &track, ms, &size);

    return nvm_writer_done(&w, len);
}


static void
test_names(void)
{
    char      name[NVM_SILENCE_NAME];
    char      longest[5 + 2 * 17 + 1];
    uint8_t   frame[NVM_SILENCE_FRAME];
    uint32_t  duration;

    is_int(named("aac.1190"), NVM_OK, "AAC");
    is_int(track.kind, NVM_AUDIO, "is audio");
    is_int(track.codec, NVM_CODEC_AAC, "of its codec");
    is_int(track.timescale, 48000, "its rate");
    is_int(track.channels, 2, "its channels");
    is_int(nvm_silence_name(&track, name), NVM_OK, "has a name");
    is_str(name, "aac.1190", "which is that");

    is_int(named("opus.000201380000bb80000000"), NVM_OK, "Opus");
    is_int(nvm_silence_name(&track, name), NVM_OK, "has a name");
    is_str(name, "opus.000201380000bb80000000", "which is that");

    is_int(named("opus.000201380000bb800000ff02000001"), NVM_EUNSUP,
           "of two streams there is none");
    is_int(named(""), NVM_EINVAL, "no name");
    is_int(named("aac."), NVM_EINVAL, "no configuration");
    is_int(named("aac.119"), NVM_EINVAL, "half a byte");
    is_int(named("aac.11zz"), NVM_EINVAL, "no digits");
    is_int(named("mp3.1190"), NVM_EINVAL, "a codec that there is none of");
    is_int(named("aac.11d8"), NVM_EUNSUP, "seven channels");

    memset(longest, '0', sizeof(longest) - 1);
    memcpy(longest, "opus.", 5);
    longest[sizeof(longest) - 1] = '\0';
    is_int(named(longest), NVM_EINVAL, "17 bytes of configuration");

    (void) named("opus.000201380000bb80000000");
    is_int(nvm_silence_frame(&track, frame, &duration), 3, "a frame of Opus");
    is_int(duration, 960, "of 20 ms");
    (void) named("aac.1190");
    is_int(nvm_silence_frame(&track, frame, &duration), 7, "one of AAC");
    is_int(duration, 1024, "of its length");
    track.codec = NVM_CODEC_FLAC;
    is_int(nvm_silence_frame(&track, frame, &duration), 0, "none of FLAC");

    (void) named("aac.1190");
    track.config_len = 17;
    is_int(nvm_silence_name(&track, name), NVM_EUNSUP, "no name for them");

    (void) named("aac.1190");
    track.codec = NVM_CODEC_AC3;
    is_int(nvm_silence_name(&track, name), NVM_EUNSUP, "none of AC-3");
}


/* Frames of each channel configuration: elements, 3 bits of end, padding. */
static void
test_frames(void)
{
    char      name[] = "aac.1190";
    unsigned  i, bits;

    /* single channel: 29 bits, pair: 52, low frequencies: 29 */

    static const unsigned  elements[] = {
        0, 29, 52, 81, 110, 133, 162, 214
    };

    for (i = 1; i < 8; i++) {
        snprintf(name, sizeof(name), "aac.11%02x", 0x80 | i << 3);
        is_int(named(name), NVM_OK, "configuration %u", i);
        is_int(written(1), NVM_OK, "is written");

        bits = (elements[i] + 3 + 7) / 8;
        is_int(file[20 + 3], 8 + bits, "a frame of %u bytes", bits);
    }

    (void) named("aac.1188");
    (void) written(1);
    ok(memcmp(file + 28, "\0\0\0\7", 4) == 0, "mono: one element, and its end");
}


/* Whether all samples of the index's segments lie in the one chunk. */
static void
test_file(uint64_t ms, uint32_t frames)
{
    size_t        indexed;
    uint8_t      *index;
    nvm_heap_t    heap;
    nvm_mp4_t    *mp4;
    nvm_fault_t   f = { 0 };
    uint64_t      offset, box;
    char          type[5];
    int           rc;

    (void) named("aac.1190");
    is_int(written(ms), NVM_OK, "%llu ms", (unsigned long long) ms);

    nvm_heap_init(&heap, 1 << 24);

    for (offset = 0; offset < len; offset += box) {
        rc = nvm_mp4_top(file + offset, len - offset < NVM_MP4_TOP
                                        ? len - offset : NVM_MP4_TOP,
                         offset, size, type, &box, &f);
        if (rc != NVM_OK || memcmp(type, "moov", 4) == 0) {
            break;
        }
    }

    is_str(type, "moov", "a moov");
    rc = nvm_mp4_parse(&heap.arena, file + offset, box, offset, size, &mp4,
                       &f);
    is_int(rc, NVM_OK, "is read: %s %s", f.where, f.what ? f.what : "");

    if (rc == NVM_OK) {
        is_int(mp4->tracks[0].nsamples, frames, "%u frames", frames);
        is_int(nvm_index_build(&heap.arena, mp4, size, 2000, NULL, &index,
                               &indexed, &f),
               NVM_OK, "is cut: %s %s", f.where, f.what ? f.what : "");
        ok(indexed < 65536 + ms / 10, "%zu bytes", indexed);
    }

    nvm_heap_done(&heap);
}


int
main(void)
{
    test_names();
    test_frames();

    test_file(1, 1);
    test_file(22, 1);
    test_file(10 * 1000, 468);
    test_file(16 * 1000, 750);
    test_file(3600 * 1000, 168750);

    is_int(written(0), NVM_EINVAL, "of no time");
    is_int(written((1ull << 28) * 1000 + 1), NVM_EINVAL, "longer than all");
    is_int(written((1ull << 28) * 1000), NVM_ELIMIT, "of too many frames");

    free(file);

    return done_testing();
}
