/*
 * Copyright (C) ngx_video authors
 *
 * FLV tag bodies as RTMP carries them.
 */

#include "nvm_flv.h"
#include "tap.h"


#define PARSE(kind, ...)                                                      \
    (memset(&f, 0, sizeof(f)),                                                \
     nvm_flv_##kind##_parse((const uint8_t []) { __VA_ARGS__ },               \
                            sizeof((const uint8_t []) { __VA_ARGS__ }),       \
                            &out, &f))


static void
test_video(void)
{
    nvm_fault_t      f;
    nvm_flv_video_t  out;

    is_int(PARSE(video, 0x17, 0, 0, 0, 0, 1, 0x64), NVM_OK, "AVC header");
    is_int(out.packet, NVM_FLV_HEADER, "is a header");
    is_int(out.codec, NVM_CODEC_H264, "of H.264");
    is_int(out.size, 2, "with its payload");
    is_int(out.data[1], 0x64, "where it is");

    is_int(PARSE(video, 0x17, 1, 0, 0, 80, 9), NVM_OK, "key frame");
    is_int(out.packet, NVM_FLV_FRAME, "is a frame");
    is_int(out.key, 1, "is key");
    is_int(out.cts, 80, "composition time");

    is_int(PARSE(video, 0x27, 1, 0xff, 0xff, 0xd8, 9), NVM_OK, "inter frame");
    is_int(out.key, 0, "is not key");
    is_int(out.cts, -40, "negative composition time");
    is_int(PARSE(video, 0x27, 1, 0x80, 0, 0, 9), NVM_OK, "least");
    is_int(out.cts, -8388608, "composition time");
    is_int(PARSE(video, 0x27, 1, 0x7f, 0xff, 0xff, 9), NVM_OK, "greatest");
    is_int(out.cts, 8388607, "composition time");

    is_int(PARSE(video, 0x17, 2, 0, 0, 0), NVM_OK, "end of sequence");
    is_int(out.packet, NVM_FLV_EOS, "without payload");

    is_int(PARSE(video, 0x17, 1, 0, 0, 0), NVM_OK, "frame without payload");
    is_int(out.packet, NVM_FLV_NONE, "is nothing");
    is_int(PARSE(video, 0x57, 0), NVM_OK, "command frame");
    is_int(out.packet, NVM_FLV_NONE, "is nothing");
    is_int(nvm_flv_video_parse(NULL, 0, &out, NULL), NVM_OK, "empty body");
    is_int(out.packet, NVM_FLV_NONE, "is nothing");

    is_int(PARSE(video, 0x17, 0, 0, 0, 0), NVM_ETRUNC, "empty header");
    is_int(PARSE(video, 0x17, 1, 0, 0), NVM_ETRUNC, "cut header");
    is_int(PARSE(video, 0x17), NVM_ETRUNC, "one byte");
    is_int(PARSE(video, 0x17, 3, 0, 0, 0, 1), NVM_EINVAL, "packet type 3");

    is_int(PARSE(video, 0x12, 1), NVM_EUNSUP, "Sorenson");
    is_str(f.what, "video codec Sorenson H.263", "by name");
    is_int(PARSE(video, 0x1c, 1), NVM_EUNSUP, "old HEVC");
    is_str(f.what, "video codec HEVC (FLV codec 12)", "by name");

    is_int(PARSE(video, 0x90, 'h', 'v', 'c', '1', 0), NVM_EUNSUP, "FourCC");
    is_str(f.what, "Enhanced RTMP video, codec HEVC", "by name");
    is_str(out.fourcc, "hvc1", "and itself");
    is_int(PARSE(video, 0x96, 0x00, '\n', 'c', '1'), NVM_EUNSUP, "multitrack");
    is_str(f.what, "Enhanced RTMP video", "without a name");
    is_str(out.fourcc, "..c1", "fit for a log");
    is_int(PARSE(video, 0x90, 'h'), NVM_EUNSUP, "cut FourCC");
    is_str(out.fourcc, "", "is none");
}


static void
test_audio(void)
{
    nvm_fault_t      f;
    nvm_flv_audio_t  out;

    is_int(PARSE(audio, 0xaf, 0, 0x12, 0x10), NVM_OK, "AAC header");
    is_int(out.packet, NVM_FLV_HEADER, "is a header");
    is_int(out.codec, NVM_CODEC_AAC, "of AAC");
    is_int(out.size, 2, "with its payload");
    is_int(PARSE(audio, 0xaf, 1, 0x21), NVM_OK, "AAC frame");
    is_int(out.packet, NVM_FLV_FRAME, "is a frame");
    is_int(out.data[0], 0x21, "with its payload");

    is_int(PARSE(audio, 0xaf, 1), NVM_OK, "frame without payload");
    is_int(out.packet, NVM_FLV_NONE, "is nothing");
    is_int(nvm_flv_audio_parse(NULL, 0, &out, NULL), NVM_OK, "empty body");
    is_int(out.packet, NVM_FLV_NONE, "is nothing");

    is_int(PARSE(audio, 0xaf), NVM_ETRUNC, "cut header");
    is_int(PARSE(audio, 0xaf, 0), NVM_ETRUNC, "empty header");
    is_int(PARSE(audio, 0xaf, 2, 1), NVM_EINVAL, "packet type 2");

    is_int(PARSE(audio, 0x2f, 1), NVM_EUNSUP, "MP3");
    is_str(f.what, "audio format MP3", "by name");
    is_int(PARSE(audio, 0x90, 'O', 'p', 'u', 's'), NVM_EUNSUP, "FourCC");
    is_str(f.what, "Enhanced RTMP audio, codec Opus", "by name");

    for (int i = 0; i < 16; i++) {
        uint8_t  head[1] = { (uint8_t) (i << 4) };

        memset(&f, 0, sizeof(f));
        (void) nvm_flv_audio_parse(head, 1, &out, &f);
        ok(f.what != NULL, "format %d has a text", i);
    }
}


int
main(void)
{
    test_video();
    test_audio();

    return done_testing();
}
