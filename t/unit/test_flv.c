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
    nvm_fault_t    f;
    nvm_flv_tag_t  out;

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
    is_int(PARSE(video, 0x1c, 1, 0, 0, 3, 9), NVM_OK, "old HEVC");
    is_int(out.codec, NVM_CODEC_HEVC, "is HEVC");
    is_int(out.cts, 3, "with a composition time");

    is_int(PARSE(video, 0x90, 'h', 'v', 'c', '1', 1), NVM_OK, "FourCC");
    is_int(out.packet, NVM_FLV_HEADER, "is a header");
    is_int(out.codec, NVM_CODEC_HEVC, "of HEVC");
    is_str(out.fourcc, "hvc1", "by name");
    is_int(PARSE(video, 0xa1, 'h', 'v', 'c', '1', 0, 0, 7, 1), NVM_OK, "frame");
    is_int(out.cts, 7, "composition time");
    is_int(out.key, 0, "no key");
    is_int(PARSE(video, 0x93, 'h', 'v', 'c', '1', 0, 0, 7, 1), NVM_OK,
           "frame without composition time");
    is_int(out.size, 4, "all is payload");
    is_int(PARSE(video, 0x91, 'a', 'v', '0', '1', 1), NVM_OK, "AV1 has none");
    is_int(out.size, 1, "all is payload");
    is_int(PARSE(video, 0x92, 'h', 'v', 'c', '1'), NVM_OK, "end");
    is_int(out.packet, NVM_FLV_EOS, "of sequence");
    is_int(PARSE(video, 0x94, 'h', 'v', 'c', '1', 2), NVM_OK, "metadata");
    is_int(out.packet, NVM_FLV_NONE, "is nothing");
    is_int(PARSE(video, 0xd1, 0), NVM_OK, "a command");
    is_int(out.packet, NVM_FLV_NONE, "is nothing");

    is_int(PARSE(video, 0x90, 'v', 'p', '0', '8', 0), NVM_EUNSUP, "VP8");
    is_str(f.what, "video codec VP8", "by name");
    is_int(PARSE(video, 0x90, '\n', 'x', 'c', '1', 0), NVM_EUNSUP, "another");
    is_str(f.what, "unknown video codec", "without a name");
    is_str(out.fourcc, ".xc1", "fit for a log");
    is_int(PARSE(video, 0x90, 'h'), NVM_ETRUNC, "cut FourCC");
}


static void
test_audio(void)
{
    nvm_fault_t    f;
    nvm_flv_tag_t  out;

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

    is_int(PARSE(audio, 0x2f, 1), NVM_OK, "MP3");
    is_int(out.packet, NVM_FLV_FRAME, "is a frame");
    is_int(out.codec, NVM_CODEC_MP3, "of MP3");
    is_int(PARSE(audio, 0x90, 'O', 'p', 'u', 's', 1), NVM_OK, "FourCC");
    is_int(out.packet, NVM_FLV_HEADER, "is a header");
    is_int(out.codec, NVM_CODEC_OPUS, "of Opus");

    for (int i = 0; i < 16; i++) {
        uint8_t  head[1] = { (uint8_t) (i << 4) };

        memset(&f, 0, sizeof(f));
        ok(nvm_flv_audio_parse(head, 1, &out, &f) == NVM_OK || f.what != NULL,
           "format %d has a text", i);
    }
}


/* Packets of several tracks in one message. */
static void
test_multitrack(void)
{
    nvm_fault_t    f;
    nvm_flv_tag_t  out;

    is_int(PARSE(video, 0x96, 0x00, 'a', 'v', 'c', '1', 3, 9, 9), NVM_OK,
           "one track");
    is_int(out.track, 3, "its number");
    is_int(out.packet, NVM_FLV_HEADER, "is a header");
    is_int(out.size, 2, "with its payload");
    is_int(nvm_flv_next(&out, &f), NVM_ENOENT, "and no more");

    is_int(PARSE(audio, 0x95, 0x11, 'm', 'p', '4', 'a', 0, 0, 0, 1, 7,
                 5, 0, 0, 2, 8, 9), NVM_OK, "many tracks");
    is_int(out.track, 0, "the first");
    is_int(out.size, 1, "its payload");
    is_int(out.data[0], 7, "where it is");
    is_int(nvm_flv_next(&out, &f), NVM_OK, "another");
    is_int(out.track, 5, "the second");
    is_int(out.size, 2, "its payload");
    is_int(nvm_flv_next(&out, &f), NVM_ENOENT, "and no more");

    is_int(PARSE(audio, 0x95, 0x21, 'm', 'p', '4', 'a', 0, 0, 0, 1, 7,
                 'O', 'p', 'u', 's', 1, 0, 0, 1, 8), NVM_OK, "many codecs");
    is_int(out.codec, NVM_CODEC_AAC, "the first");
    is_int(nvm_flv_next(&out, &f), NVM_OK, "another");
    is_int(out.codec, NVM_CODEC_OPUS, "the second");
    is_int(out.track, 1, "its number");

    is_int(PARSE(audio, 0x95, 0x11, 'm', 'p', '4', 'a', 0, 0, 0, 9, 7),
           NVM_ETRUNC, "a track that is too long");
    is_int(PARSE(audio, 0x95, 0x31, 'm', 'p', '4', 'a'), NVM_EINVAL,
           "unknown type");
    is_int(PARSE(audio, 0x95, 0x01, 'm', 'p', '4', 'a'), NVM_OK, "no track");
    is_int(out.packet, NVM_FLV_NONE, "is nothing");

    is_int(PARSE(video, 0x97, 2, 1, 2, 3, 0x03, 'h', 'v', 'c', '1', 9),
           NVM_OK, "ModEx");
    is_int(out.packet, NVM_FLV_FRAME, "is passed over");
    is_int(out.size, 1, "to the payload");
    is_int(PARSE(video, 0x97, 0, 1, 7), NVM_ETRUNC, "ModEx without end");

    is_int(PARSE(video, 0x95, 'a', 'v', '0', '1', 0x80, 4), NVM_OK,
           "MPEG2TSSequenceStart");
    is_int(out.packet, NVM_FLV_NONE, "is nothing");
}


/* A message has no more tracks than there are numbers for. */
static void
test_tracks(void)
{
    size_t         i, n;
    uint8_t        body[6 + 257 * 4] = { 0x95, 0x11, 'm', 'p', '4', 'a' };
    nvm_err_e      rc;
    nvm_fault_t    f;
    nvm_flv_tag_t  out;

    for (i = 0; i < 257; i++) {
        body[6 + i * 4] = (uint8_t) i;
    }

    for (n = 256; n <= 257; n++) {
        memset(&f, 0, sizeof(f));
        rc = nvm_flv_audio_parse(body, 6 + n * 4, &out, &f);

        for (i = 0; rc == NVM_OK; i++) {
            rc = nvm_flv_next(&out, &f);
        }

        is_int(i, 256, "256 of %zu tracks are read", n);
        is_int(rc, n == 256 ? NVM_ENOENT : NVM_ELIMIT, "then there is none");
        ok((f.what == NULL) == (n == 256), "or too many are a fault");
    }
}


/* What servers say they take is what is taken. */
static void
test_codecs(void)
{
    size_t         n;
    uint8_t        body[6] = "\x90....x";
    nvm_err_e      rc;
    nvm_flv_tag_t  tag;
    const char    *codec;

    for (n = 0; (codec = nvm_flv_codec(NVM_VIDEO, n)) != NULL; n++) {
        memcpy(body + 1, codec, 4);
        rc = nvm_flv_video_parse(body, 6, &tag, NULL);
        ok(rc == NVM_OK && tag.codec != NVM_CODEC_NONE, "%s", codec);
    }

    is_int(n, 4, "of video");

    for (n = 0; (codec = nvm_flv_codec(NVM_AUDIO, n)) != NULL; n++) {
        memcpy(body + 1, codec, 4);
        rc = nvm_flv_audio_parse(body, 6, &tag, NULL);
        ok(rc == NVM_OK && tag.codec != NVM_CODEC_NONE, "%s", codec);
    }

    is_int(n, 6, "of audio");
}


int
main(void)
{
    test_codecs();
    test_video();
    test_audio();
    test_multitrack();
    test_tracks();

    return done_testing();
}
