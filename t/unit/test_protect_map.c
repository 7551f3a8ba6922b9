/*
 * Copyright (C) ngx_video authors
 *
 * What of H.264 samples is protected: in parts that fill a sample, behind
 * headers of slices, in whole blocks where the scheme wants them.  The other
 * codecs' headers have tests of their own, and t/flow/vod_drm.t decrypts them.
 */

#include "mp4_builder.h"
#include "nvm_aac.h"
#include "nvm_protect_map.h"
#include "tap.h"


#define SIZE  200000

static uint8_t                  sample[SIZE];
static nvm_protect_subsample_t  sub[NVM_PROTECT_SUBSAMPLES];


/* A NAL unit of so many bytes after its length; the end of it. */
static size_t
put(size_t at, const uint8_t *head, size_t n, size_t size)
{
    mp4_put(sample + at, (uint32_t) size);
    memset(sample + at + 4, 0xb7, size);
    memcpy(sample + at + 4, head, n);

    return at + 4 + size;
}


/* An IDR slice: first_mb 0, type 7, pps 0, and what comes. */
static size_t
slice(size_t at, size_t size)
{
    static const uint8_t  head[] = { 0x65, 0x88, 0x84 };

    return put(at, head, sizeof(head), size);
}


static size_t
sei(size_t at, size_t size)
{
    static const uint8_t  head[] = { 0x06, 0x05 };

    return put(at, head, sizeof(head), size);
}


static nvm_err_e
map(nvm_protect_scheme_e scheme, size_t len, unsigned *n, nvm_fault_t *f)
{
    nvm_err_e          err;
    nvm_track_t        t = { 0 };
    nvm_protect_map_t  m;

    (void) nvm_h264_track(&t, mp4_avcc, sizeof(mp4_avcc), NULL);
    err = nvm_protect_map_init(&m, &t, scheme, f);

    return err ? err : nvm_protect_map_sample(&m, sample, len, sub, n, f);
}


/* The bytes of a slice that are its header. */
static size_t
header(size_t size)
{
    size_t             len;
    nvm_h264_params_t  p;

    (void) slice(0, size);
    nvm_h264_params_init(&p);
    (void) nvm_h264_params_config(&p, mp4_avcc, sizeof(mp4_avcc), NULL);
    is_int(nvm_h264_slice_len(&p, sample + 4, size, &len, NULL), NVM_OK,
           "a slice");

    return len;
}


static void
test_parts(void)
{
    size_t    head, len;
    unsigned  n;

    head = header(1000);

    len = sei(0, 30);
    len = slice(len, 1000);
    is_int(map(NVM_PROTECT_CBCS, len, &n, NULL), NVM_OK, "SEI and slice");
    is_int(n, 1, "one part");
    is_int(sub[0].clear, 34 + 4 + head, "up to the end of the header is clear");
    is_int(sub[0].bytes, 1000 - head, "all else is not");

    is_int(map(NVM_PROTECT_CENC, len, &n, NULL), NVM_OK, "the same of cenc");
    is_int(n, 1, "one part");
    is_int(sub[0].bytes, (1000 - head) / 16 * 16, "of whole blocks");
    is_int(sub[0].clear + sub[0].bytes, len, "up to the end");

    len = sei(len, 20);
    is_int(map(NVM_PROTECT_CBCS, len, &n, NULL), NVM_OK, "something behind");
    is_int(n, 2, "another part");
    ok(sub[1].clear == 24 && sub[1].bytes == 0, "which is clear");

    len = slice(0, head + 15);
    is_int(map(NVM_PROTECT_CBCS, len, &n, NULL), NVM_OK, "a small slice");
    ok(n == 1 && sub[0].clear == len && sub[0].bytes == 0, "is clear");
    len = slice(0, head + 16);
    is_int(map(NVM_PROTECT_CENC, len, &n, NULL), NVM_OK, "a block");
    ok(n == 1 && sub[0].clear == 4 + head && sub[0].bytes == 16, "is not");
}


static void
test_large(void)
{
    size_t    i, len, sum;
    unsigned  n;

    len = slice(sei(0, 150000), 500);
    is_int(map(NVM_PROTECT_CBCS, len, &n, NULL), NVM_OK, "a long SEI");
    is_int(n, 3, "three parts");
    ok(sub[0].clear == 65535 && sub[0].bytes == 0 && sub[1].clear == 65535
       && sub[1].bytes == 0 && sub[2].bytes > 400, "of what fits");

    for (i = 0, sum = 0; i < n; i++) {
        sum += sub[i].clear + sub[i].bytes;
    }

    is_int(sum, len, "they are the sample");
}


static void
test_many(void)
{
    size_t       i, len;
    unsigned     n;
    nvm_fault_t  f = { 0 };

    for (i = 0, len = 0; i < NVM_PROTECT_SUBSAMPLES; i++) {
        len = slice(len, 100);
    }

    is_int(map(NVM_PROTECT_CBCS, len, &n, &f), NVM_OK, "as many as may be");
    is_int(n, NVM_PROTECT_SUBSAMPLES, "parts");
    len = slice(len, 100);
    is_int(map(NVM_PROTECT_CBCS, len, &n, &f), NVM_ELIMIT, "one more");
    is_str(f.what, "too many slices or tiles", "is told");
}


static void
test_damaged(void)
{
    size_t       len, i;
    unsigned     n;
    nvm_fault_t  f = { 0 };

    len = slice(sei(0, 30), 500);

    for (i = 1; i < len; i++) {
        nvm_err_e  want;

        /* a sample may end behind a NAL unit alone */
        want = i == 34 ? NVM_OK : NVM_ETRUNC;

        if (map(NVM_PROTECT_CENC, i, &n, NULL) != want) {
            break;
        }
    }

    is_int(i, len, "what is cut is noticed");

    mp4_put(sample + 34, UINT32_MAX);
    is_int(map(NVM_PROTECT_CENC, len, &n, &f), NVM_ETRUNC, "too long a length");
    is_int(f.offset, 34, "where it is");
    mp4_put(sample + 34, 0);
    is_int(map(NVM_PROTECT_CENC, len, &n, &f), NVM_ETRUNC, "an empty NAL unit");

    (void) slice(34, 500);
    sample[39] = 0x00;
    sample[40] = 0x00;
    ok(map(NVM_PROTECT_CENC, len, &n, &f) != NVM_OK && f.offset >= 38,
       "a slice header that is none");

    is_int(map(NVM_PROTECT_CENC, 0, &n, NULL), NVM_OK, "an empty sample");
    is_int(n, 0, "has no parts");
}


static void
test_other(void)
{
    nvm_track_t        t = { 0 };
    nvm_fault_t        f = { 0 };
    nvm_protect_map_t  m;

    (void) nvm_aac_track(&t, mp4_asc, sizeof(mp4_asc), NULL);
    is_int(nvm_protect_map_init(&m, &t, NVM_PROTECT_CENC, NULL), NVM_OK, "AAC");
    ok(!nvm_protect_map_parts(&m), "as a whole");

    memset(&t, 0, sizeof(t));
    t.kind = NVM_VIDEO;
    is_int(nvm_protect_map_init(&m, &t, NVM_PROTECT_CENC, &f), NVM_EUNSUP,
           "no codec");
    t.codec = NVM_CODEC_H264;
    ok(nvm_protect_map_init(&m, &t, NVM_PROTECT_CENC, &f) != NVM_OK,
       "no configuration");
    t.codec = NVM_CODEC_HEVC;
    ok(nvm_protect_map_init(&m, &t, NVM_PROTECT_CENC, &f) != NVM_OK,
       "nor of HEVC");
}


int
main(void)
{
    test_parts();
    test_large();
    test_many();
    test_damaged();
    test_other();

    return done_testing();
}
