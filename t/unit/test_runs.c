/*
 * Copyright (C) ngx_video authors
 *
 * The samples of a track in a movie fragment: runs with and without fields of
 * their own, read and passed over.
 */

#include <string.h>

#include "nvm_mp4_tables.h"
#include "nvm_writer.h"
#include "tap.h"


#define ID    3
#define MOOF  5000      /* its offset in the file */


static uint8_t             bytes[4096];
static nvm_mp4_track_t     track = { .source_id = ID,
                                     .trex = { .duration = 10, .size = 70,
                                               .flags = 0x10000 } };
static nvm_mp4_fragment_t  fragment = { .offset = MOOF, .moof = bytes };


/* A trun of n samples with the fields that its flags name; where it is. */
static size_t
trun(nvm_writer_t *w, uint32_t flags, uint32_t n)
{
    size_t    at;
    uint32_t  i, k, fields;

    at = nvm_writer_fullbox(w, "trun", 0, flags);
    nvm_writer_u32(w, n);

    if (flags & 0x1) {
        nvm_writer_u32(w, 1000 + flags);
    }

    if (flags & 0x4) {
        nvm_writer_u32(w, 0);
    }

    for (fields = 0, k = 0x100; k < 0x1000; k <<= 1) {
        fields += (flags & k) != 0;
    }

    for (i = 0; fields && i < n; i++) {
        for (k = 0; k < fields; k++) {
            nvm_writer_u32(w, 40 + 13 * i + 100 * k);
        }
    }

    nvm_writer_box_end(w, at);

    return at;
}


/* Where its last trun is. */
static size_t
traf(nvm_writer_t *w, uint32_t id, const uint32_t *flags, uint32_t n)
{
    size_t    at, tfhd, last;
    uint32_t  i;

    at = nvm_writer_box(w, "traf");
    tfhd = nvm_writer_fullbox(w, "tfhd", 0, 0x020000);
    nvm_writer_u32(w, id);
    nvm_writer_box_end(w, tfhd);

    for (last = 0, i = 0; i < n; i++) {
        last = trun(w, flags[i], 1 + i % 4);
    }

    nvm_writer_box_end(w, at);

    return last;
}


/* Two track fragments, with runs of all kinds; where the last of them is. */
static size_t
make(void)
{
    size_t                 at, last;
    nvm_writer_t           w;
    static const uint32_t  first[] = { 0x1, 0x201, 0x704, 0, 0x305, 0xf01,
                                       0x100, 0x804, 0x600, 0xc00, 0xb05 };
    static const uint32_t  second[] = { 0x5, 0x200, 0x101, 0xf00 };

    nvm_writer_init(&w, bytes, sizeof(bytes));
    at = nvm_writer_box(&w, "moof");
    (void) traf(&w, ID, first, sizeof(first) / sizeof(first[0]));
    (void) traf(&w, ID + 1, first, 3);
    last = traf(&w, ID, second, sizeof(second) / sizeof(second[0]));
    nvm_writer_box_end(&w, at);

    fragment.size = (uint32_t) w.len;

    return last;
}


static void
test_skip(void)
{
    size_t          last;
    uint32_t        i, k, n, bad, made;
    nvm_sample_t    s, all[64];
    nvm_mp4_runs_t  r;

    last = make();
    memset(all, 0, sizeof(all));
    memset(&s, 0, sizeof(s));
    made = 0;

    nvm_mp4_runs_init(&r, &track, &fragment);

    while (made < 64 && nvm_mp4_runs_next(&r, &all[made]) == NVM_OK) {
        made++;
    }

    is_int(made, 36, "all samples are read");

    for (bad = 0, i = 0; i <= made; i++) {
        for (k = 0; i + k <= made; k++) {

            nvm_mp4_runs_init(&r, &track, &fragment);
            bad += nvm_mp4_runs_skip(&r, i) != NVM_OK;
            bad += nvm_mp4_runs_skip(&r, k) != NVM_OK;

            for (n = i + k; n < made; n++) {
                bad += nvm_mp4_runs_next(&r, &s) != NVM_OK
                       || memcmp(&s, &all[n], sizeof(s)) != 0;
            }

            bad += nvm_mp4_runs_next(&r, &s) != NVM_ENOENT;
        }
    }

    is_int(bad, 0, "what is passed over is not missed");

    nvm_mp4_runs_init(&r, &track, &fragment);
    is_int(nvm_mp4_runs_skip(&r, made + 1), NVM_ENOENT, "over the end");

    bytes[last + 12] = 1;
    nvm_mp4_runs_init(&r, &track, &fragment);
    is_int(nvm_mp4_runs_skip(&r, made), NVM_ETRUNC,
           "a count of more than there is");
}


/* Were each of them read, this would last for an hour. */
static void
test_counts(void)
{
    size_t          at, last;
    uint32_t        i, bad, flags = 0;
    nvm_writer_t    w;
    nvm_sample_t    s;
    nvm_mp4_runs_t  r;

    nvm_writer_init(&w, bytes, sizeof(bytes));
    at = nvm_writer_box(&w, "moof");
    last = traf(&w, ID, &flags, 1);
    nvm_writer_box_end(&w, at);
    nvm_writer_patch_u32(&w, last + 12, UINT32_MAX);
    fragment.size = (uint32_t) w.len;

    for (bad = 0, i = 1; i <= 1000; i++) {
        nvm_mp4_runs_init(&r, &track, &fragment);
        bad += nvm_mp4_runs_skip(&r, UINT32_MAX - i) != NVM_OK
               || nvm_mp4_runs_next(&r, &s) != NVM_OK
               || s.offset != MOOF + 70ull * (UINT32_MAX - i);
    }

    is_int(bad, 0, "samples without bytes of their own cost nothing");
}


int
main(void)
{
    test_skip();
    test_counts();

    return done_testing();
}
