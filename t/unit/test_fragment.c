/*
 * Copyright (C) ngx_video authors
 *
 * Fragmented files: what the CMAF writer writes is read back sample by
 * sample, from any segment on; decode times with gaps, late and overlapping;
 * and each field that can be wrong in a moof.
 */

#include "mp4_builder.h"
#include "nvm_cmaf.h"
#include "nvm_h264.h"
#include "nvm_index.h"
#include "tap.h"


#define FRAGMENTS  12
#define SAMPLES    25       /* of a fragment */
#define STEP       100000   /* from fragment to fragment in the file */
#define DELTA      512
#define RATE       12800


typedef struct {
    nvm_heap_t       heap;
    nvm_mp4_t       *mp4;
    nvm_fault_t      f;
    uint8_t          init[2048];
    size_t           init_len;
    uint8_t          moof[FRAGMENTS][2048];
    size_t           moof_len[FRAGMENTS];
    uint8_t         *index;
    size_t           size;
    nvm_index_src_t  src;
    uint64_t         dts[FRAGMENTS];    /* tfdt */
} file_t;


static nvm_err_e
read_index(void *data, uint64_t offset, void *dst, size_t n)
{
    file_t  *file = data;

    if (offset > file->size || n > file->size - offset) {
        return NVM_ETRUNC;
    }

    memcpy(dst, file->index + offset, n);

    return NVM_OK;
}


static uint32_t
size_of(uint32_t n)
{
    return 500 + n % 11;
}


static int32_t
cts_of(uint32_t n)
{
    return n % SAMPLES == 0 ? DELTA : n % 3 == 1 ? 3 * DELTA : 0;
}


static void
write_moof(file_t *file, uint32_t k, const nvm_track_t *t)
{
    uint32_t          i, n;
    uint64_t          payload;
    nvm_sample_t      s[SAMPLES];
    nvm_writer_t      w;
    nvm_cmaf_chunk_t  c = { t, s, SAMPLES, file->dts[k], k + 1, 0, 0, 0, NULL,
                            0, NULL };

    for (i = 0; i < SAMPLES; i++) {
        n = k * SAMPLES + i;
        s[i].dts = file->dts[k] + i * DELTA;
        s[i].duration = DELTA;
        s[i].size = size_of(n);
        s[i].cts = cts_of(n);
        s[i].key = i == 0;
    }

    nvm_writer_init(&w, file->moof[k], sizeof(file->moof[k]));
    (void) nvm_cmaf_chunk_write(&w, &c, &payload);

    /* without the header of mdat */

    file->moof_len[k] = w.len - 8;
}


/* A file of one H.264 track whose fragments are a second each. */
static void
make(file_t *file)
{
    uint32_t      k;
    nvm_track_t   t;
    nvm_writer_t  w;

    memset(file, 0, sizeof(file_t));
    nvm_heap_init(&file->heap, 64 * 1024 * 1024);
    file->src.read = read_index;
    file->src.data = file;

    memset(&t, 0, sizeof(nvm_track_t));
    (void) nvm_h264_track(&t, mp4_avcc, sizeof(mp4_avcc), NULL);
    t.id = 7;
    t.timescale = RATE;

    nvm_writer_init(&w, file->init, sizeof(file->init));
    (void) nvm_cmaf_init_write(&w, &t);
    file->init_len = w.len;

    for (k = 0; k < FRAGMENTS; k++) {
        file->dts[k] = (uint64_t) k * SAMPLES * DELTA;
        write_moof(file, k, &t);
    }
}


static uint64_t
place_of(uint32_t k)
{
    return MP4_AT + (uint64_t) (k + 1) * STEP;
}


/* tfdt of fragment k, version 1; size and name come before it */
static void
set_time(file_t *file, uint32_t k, uint64_t dts)
{
    uint8_t  *p;

    file->dts[k] = dts;
    p = mp4_find(file->moof[k], file->moof_len[k], "moof/traf/tfdt");
    mp4_put(p + 12, (uint32_t) (dts >> 32));
    mp4_put(p + 16, (uint32_t) dts);
}


static nvm_err_e
load(file_t *file, uint32_t target)
{
    uint32_t    k, header;
    nvm_err_e   rc;

    /* ftyp comes first */

    header = mp4_u32(file->init);

    rc = nvm_mp4_parse(&file->heap.arena, file->init + header,
                       file->init_len - header, 500, MP4_SIZE, &file->mp4,
                       &file->f);

    for (k = 0; rc == NVM_OK && k < FRAGMENTS; k++) {
        rc = nvm_mp4_fragment_add(&file->heap.arena, file->mp4, file->moof[k],
                                  file->moof_len[k], place_of(k), MP4_SIZE,
                                  &file->f);
    }

    if (rc == NVM_OK) {
        rc = nvm_mp4_fragments_end(file->mp4, &file->f);
    }

    if (rc == NVM_OK) {
        rc = nvm_index_build(&file->heap.arena, file->mp4, MP4_SIZE, target,
                             NULL, &file->index, &file->size, &file->f);
    }

    return rc;
}


static nvm_err_e
segment_of(file_t *file, const nvm_index_track_t *t, uint32_t n,
    nvm_index_segment_t *segment, nvm_sample_t **s)
{
    uint8_t           *bytes, *p;
    uint32_t           i, k;
    nvm_err_e          rc;
    nvm_index_plan_t   plan;

    rc = nvm_index_segment(&file->src, t, n, segment);
    if (rc == NVM_OK) {
        rc = nvm_index_plan(&file->src, t, segment, &file->heap.arena, &plan);
    }

    if (rc != NVM_OK) {
        return rc;
    }

    p = bytes = nvm_alloc(&file->heap.arena, plan.size, 1);

    for (i = 0; i < plan.nranges; p += plan.ranges[i++].size) {
        k = (uint32_t) ((plan.ranges[i].offset - MP4_AT) / STEP) - 1;
        memcpy(p, file->moof[k], plan.ranges[i].size);
    }

    return nvm_index_samples(t, segment, &plan, bytes, &file->heap.arena, s);
}


/* Every sample of every segment; returns how many there are. */
static uint32_t
content(file_t *file, const char *what)
{
    uint32_t             i, k, n, bad;
    uint64_t             dts, at;
    nvm_sample_t        *s;
    nvm_index_track_t    t;
    nvm_index_segment_t  segment;

    (void) nvm_index_track(&file->src, 0, &t);

    for (i = 0, n = 0, bad = 0, dts = 0, at = 0; i < t.nsegments; i++) {

        if (segment_of(file, &t, i, &segment, &s) != NVM_OK) {
            ok(0, "%s: segment %u", what, i);
            return 0;
        }

        for (k = 0; k < segment.nsamples; k++, n++) {

            if (n % SAMPLES == 0) {
                at = place_of(n / SAMPLES)
                     + file->moof_len[n / SAMPLES] + 8;
            }

            bad += s[k].offset != at;
            bad += s[k].size != size_of(n);
            bad += s[k].key != (n % SAMPLES == 0);
            bad += s[k].dts != dts;
            bad += s[k].dts < segment.start;
            bad += s[k].cts != cts_of(n);
            at += s[k].size;
            dts = s[k].dts + s[k].duration;
        }

        bad += segment.start + segment.duration != dts;
    }

    is_int(bad, 0, "%s: every field of %u samples", what, n);

    return n;
}


static void
test_read(void)
{
    file_t             *file;
    nvm_index_track_t   t;

    file = malloc(sizeof(file_t));

    make(file);
    is_int(load(file, 1000), NVM_OK, "a segment for each fragment");
    (void) nvm_index_track(&file->src, 0, &t);
    is_int(t.nsegments, FRAGMENTS, "segments");
    is_int(t.track.fps_num, 25, "frame rate");
    is_int((long long) t.track.duration, FRAGMENTS * SAMPLES * DELTA,
           "duration");
    is_int(content(file, "one each"), FRAGMENTS * SAMPLES, "all samples");
    nvm_heap_done(&file->heap);

    make(file);
    is_int(load(file, 4000), NVM_OK, "four fragments in a segment");
    (void) nvm_index_track(&file->src, 0, &t);
    is_int(t.nsegments, 3, "segments");
    is_int(content(file, "four each"), FRAGMENTS * SAMPLES, "all samples");
    nvm_heap_done(&file->heap);

    free(file);
}


static void
test_times(void)
{
    uint32_t             k;
    file_t              *file;
    nvm_index_track_t    t;
    nvm_index_segment_t  segment;

    file = malloc(sizeof(file_t));

    make(file);

    for (k = 0; k < FRAGMENTS; k++) {
        set_time(file, k, file->dts[k] + 5000000000000);
    }

    is_int(load(file, 4000), NVM_OK, "times that start late");
    is_int(content(file, "late"), FRAGMENTS * SAMPLES, "start at 0");
    nvm_heap_done(&file->heap);

    make(file);

    for (k = 6; k < FRAGMENTS; k++) {
        set_time(file, k, file->dts[k] + 3 * RATE);
    }

    is_int(load(file, 1000), NVM_OK, "a gap of three seconds");
    is_int(content(file, "gap"), FRAGMENTS * SAMPLES, "a long sample");
    (void) nvm_index_track(&file->src, 0, &t);
    (void) nvm_index_segment(&file->src, &t, 6, &segment);
    is_int((long long) segment.start, (6 + 3) * RATE, "after the gap");
    nvm_heap_done(&file->heap);

    make(file);
    set_time(file, 5, file->dts[5] - RATE / 2);
    is_int(load(file, 1000), NVM_OK, "half a second that overlaps");
    (void) nvm_index_track(&file->src, 0, &t);
    (void) nvm_index_segment(&file->src, &t, 5, &segment);
    is_int((long long) segment.start, 5 * RATE, "goes on where it was");
    nvm_heap_done(&file->heap);

    make(file);
    set_time(file, 5, file->dts[5] - 2 * RATE);
    is_int(load(file, 1000), NVM_EINVAL, "two seconds back");
    is_str(file->f.where, "moof/traf[1]/tfdt", "the box is named");
    nvm_heap_done(&file->heap);

    make(file);
    set_time(file, 5, UINT64_MAX);
    is_int(load(file, 1000), NVM_EINVAL, "a time beyond all");
    nvm_heap_done(&file->heap);

    free(file);
}


/* One track counts from the start of the film, the other from 1970. */
static void
test_apart(void)
{
    nvm_fault_t         f = { 0 };
    nvm_mp4_t          *mp4;
    nvm_mp4_track_t    *t;
    nvm_mp4_fragment_t  fragments[2] = { { .offset = 700 },
                                         { .offset = 900 } };

    mp4 = calloc(1, sizeof(nvm_mp4_t));
    mp4->ntracks = 2;
    t = mp4->tracks;
    t[0].track.kind = NVM_AUDIO;
    t[0].track.timescale = 48000;
    t[0].nsamples = 1;
    t[0].nfragments = 1;
    t[0].fragments = fragments;
    t[0].media_duration = 1024;
    t[1] = t[0];
    t[1].fragments = &fragments[1];
    fragments[1].dts = 1795340000ull * 48000;
    t[1].media_duration += fragments[1].dts;

    is_int(nvm_mp4_fragments_end(mp4, &f), NVM_EINVAL, "decades apart");
    is_str(f.what, "tracks start too far apart", "it is said");
    is_int((long long) f.offset, 900, "and where");

    fragments[1].dts = 3600 * 48000;
    t[0].media_duration = 1024;
    t[1].media_duration = fragments[1].dts + 1024;
    t[1].delay = 0;
    is_int(nvm_mp4_fragments_end(mp4, &f), NVM_OK, "an hour apart");
    is_int((long long) t[1].delay, 3600 * 48000, "is a delay");

    free(mp4);
}


/* The same file, placed: from 1000 s on of what was in it. */
static void
make_placed(file_t *file, uint64_t delay)
{
    uint32_t          k;
    nvm_track_t       t = { 0 };
    nvm_writer_t      w;
    nvm_cmaf_place_t  place = { delay, 4000 * RATE, 1 };

    make(file);

    (void) nvm_h264_track(&t, mp4_avcc, sizeof(mp4_avcc), NULL);
    t.id = 7;
    t.timescale = RATE;

    nvm_writer_init(&w, file->init, sizeof(file->init));
    (void) nvm_cmaf_file_write(&w, &t, &place);
    file->init_len = w.len;

    for (k = 0; k < FRAGMENTS; k++) {
        set_time(file, k, file->dts[k] + 5000 * RATE);
    }
}


/* Its index where time 0 is this, s: segments and when the first begins, ms. */
static int
placed_at(file_t *file, uint64_t origin, long long *start)
{
    nvm_index_track_t    t;
    nvm_index_segment_t  segment;

    (void) load(file, 1000);
    nvm_mp4_place(file->mp4, origin * 1000, 1000);

    if (nvm_index_build(&file->heap.arena, file->mp4, MP4_SIZE, 1000, NULL,
                        &file->index, &file->size, &file->f)
        != NVM_OK)
    {
        nvm_heap_done(&file->heap);
        return -1;
    }

    (void) nvm_index_track(&file->src, 0, &t);
    (void) nvm_index_segment(&file->src, &t, 0, &segment);
    *start = (long long) segment.start * 1000 / RATE;
    nvm_heap_done(&file->heap);

    return (int) t.nsegments;
}


/* What a file has lost at its beginning counts in its time. */
static void
test_placed(void)
{
    file_t            *file;
    uint8_t           *box;
    long long          start;
    nvm_index_head_t   head;
    nvm_index_lead_t   lead;

    file = malloc(sizeof(file_t));

    make_placed(file, 0);
    box = file->init + file->init_len - NVM_CMAF_SPARE;
    is_int((box - file->init) % 8, 0, "the size is in one sector");
    is_int(mp4_u32(box), 1, "a box of 64 bits");
    is_mem(box + 4, 4, "free", 4, "that is free");
    is_int(mp4_u32(box + 12), NVM_CMAF_SPARE, "of its size");

    is_int(load(file, 1000), NVM_OK, "a placed file");
    is_int(file->mp4->placed, 1, "is known");
    is_int((long long) file->mp4->origin, 1000 * RATE, "with its origin");
    is_int(content(file, "placed"), FRAGMENTS * SAMPLES, "begins at 0");
    (void) nvm_index_head(&file->src, &head);
    is_int((long long) head.duration, FRAGMENTS * 1000,
           "and is as long as it is");
    (void) nvm_index_lead(&file->src, &file->heap.arena, &lead);
    is_int(lead.placed, 1, "the index tells");
    is_int((long long) lead.origin, 1000 * RATE, "the origin");
    nvm_heap_done(&file->heap);

    make_placed(file, 0);
    is_int(placed_at(file, 1000, &start), FRAGMENTS, "beside one like it");
    is_int(start, 0, "it begins at 0");

    make_placed(file, 0);
    is_int(placed_at(file, 990, &start), FRAGMENTS, "beside one with more");
    is_int(start, 10000, "it begins late");

    make_placed(file, RATE / 2);
    is_int(placed_at(file, 990, &start), FRAGMENTS, "one that was late");
    is_int(start, 10500, "is so still");

    make_placed(file, 0);
    is_int(placed_at(file, 1003, &start), FRAGMENTS - 2,
           "beside one with less it is cut, at a key frame");
    is_int(start, 0, "and begins at 0");

    make_placed(file, 0);
    is_int(placed_at(file, 2000, &start), -1, "there is nothing there");

    make_placed(file, 0);
    set_time(file, 0, 4000 * (uint64_t) RATE);
    is_int(load(file, 1000), NVM_OK, "a whole file");
    is_int((long long) file->mp4->origin, 0, "has its own beginning");
    nvm_heap_done(&file->heap);

    make_placed(file, 0);
    set_time(file, 0, (uint64_t) INT64_MAX / 4 - 1);
    (void) load(file, 1000);
    ok(file->mp4 == NULL || !file->mp4->placed || file->f.code,
       "a time beyond all is no place");
    nvm_heap_done(&file->heap);

    make(file);
    (void) load(file, 1000);
    is_int(file->mp4->placed, 0, "a file of others is not placed");
    nvm_heap_done(&file->heap);

    free(file);
}


/* A field of fragment 3: its box, where, and what. */
typedef struct {
    const char  *what;
    const char  *box;
    uint32_t     at;
    uint32_t     value;
    nvm_err_e    rc;
} damage_t;


static void
test_damaged(void)
{
    size_t     i, n;
    file_t    *file;
    nvm_err_e  rc;

    static const damage_t  damages[] = {
        { "no tfhd", "moof/traf/tfhd", 4, 0x66726565, NVM_ENOENT },
        { "no tfdt", "moof/traf/tfdt", 4, 0x66726565, NVM_OK },
        { "another track", "moof/traf/tfhd", 12, 99, NVM_OK },
        { "no run", "moof/traf/trun", 4, 0x66726565, NVM_OK },
        { "many samples", "moof/traf/trun", 12, 0xffffffff, NVM_ETRUNC },
        { "one sample more", "moof/traf/trun", 12, SAMPLES + 1, NVM_ETRUNC },
        { "data beyond the end", "moof/traf/trun", 16, 0x7fffffff,
          NVM_EINVAL },
        { "data before the start", "moof/traf/trun", 16, 0x80000000,
          NVM_EINVAL },
        { "a long duration", "moof/traf/tfhd", 16, 0xffffffff, NVM_EINVAL },
        { "a box past the end", "moof/traf", 0, 0x00ffffff, NVM_ETRUNC },
        { "a box without a size", "moof/traf/trun", 0, 0, NVM_EINVAL },
    };

    file = malloc(sizeof(file_t));

    for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        make(file);
        mp4_put(mp4_find(file->moof[3], file->moof_len[3], damages[i].box)
                + damages[i].at, damages[i].value);
        rc = load(file, 1000);
        is_int(rc, damages[i].rc, "%s", damages[i].what);
        ok(rc == NVM_OK || file->f.what != NULL, "%s: %s: %s",
           damages[i].what, file->f.where, file->f.what ? file->f.what : "");
        nvm_heap_done(&file->heap);
    }

    /* what was damaged after it was indexed is seen when it is read */

    make(file);
    (void) load(file, 1000);

    for (i = 0, n = 0; i < file->moof_len[3]; i++) {
        nvm_sample_t         *s;
        nvm_index_track_t     t;
        nvm_index_segment_t   segment;

        file->moof[3][i] ^= 0xff;
        (void) nvm_index_track(&file->src, 0, &t);
        n += segment_of(file, &t, 3, &segment, &s) == NVM_EINVAL;
        file->moof[3][i] ^= 0xff;
    }

    ok(n > 20, "%d of its bytes are missed", (int) n);

    nvm_heap_done(&file->heap);
    free(file);
}


int
main(void)
{
    test_read();
    test_times();
    test_apart();
    test_placed();
    test_damaged();

    return done_testing();
}
