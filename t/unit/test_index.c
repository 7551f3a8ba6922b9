/*
 * Copyright (C) ngx_video authors
 *
 * The index: where segments begin, how times move by the edit list, that all
 * samples are in one segment each, the rates, and every limit.
 */

#include "mp4_builder.h"
#include "nvm_index.h"
#include "tap.h"


static const mp4_track_t  video = {
    .timescale = 12800, .nsamples = 300, .delta = 512, .size = 1000,
    .chunk = 5, .gop = 50,
};

static const mp4_track_t  audio = {
    .audio = 1, .timescale = 48000, .nsamples = 563, .delta = 1024,
    .size = 300, .chunk = 8,
};


/* An index in pieces, as the store keeps it. */
typedef struct {
    nvm_heap_t       heap;
    nvm_mp4_t       *mp4;
    uint8_t         *moov;
    size_t           moov_size;
    uint8_t         *index;
    size_t           size;
    nvm_fault_t      f;
    nvm_index_src_t  src;
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


static nvm_err_e
load(file_t *file, const mp4_track_t *t, uint32_t n, uint32_t target)
{
    size_t     size;
    nvm_err_e  rc;

    memset(file, 0, sizeof(file_t));
    nvm_heap_init(&file->heap, 16 * 1024 * 1024);
    file->src.read = read_index;
    file->src.data = file;
    file->moov = mp4_build(t, n, &size);
    file->moov_size = size;

    rc = nvm_mp4_parse(&file->heap.arena, file->moov, size, MP4_AT, MP4_SIZE,
                       &file->mp4, &file->f);
    if (rc == NVM_OK) {
        rc = nvm_index_build(&file->heap.arena, file->mp4, MP4_SIZE, target,
                             NULL, &file->index, &file->size, &file->f);
    }

    if (rc != NVM_OK) {
        diag("%s: %s", file->f.where, file->f.what);
    }

    return rc;
}


static void
unload(file_t *file)
{
    nvm_heap_done(&file->heap);
    free(file->moov);
}


/* A segment with its samples: the file is read as the server reads it. */
static nvm_err_e
segment_of(file_t *file, const nvm_index_track_t *t, uint32_t n,
    nvm_arena_t *arena, nvm_index_segment_t *segment, nvm_sample_t **samples)
{
    uint8_t            *bytes, *p;
    uint32_t            i;
    nvm_err_e           rc;
    nvm_range_t        *r;
    nvm_index_plan_t    plan;

    rc = nvm_index_segment(&file->src, t, n, segment);
    if (rc == NVM_OK) {
        rc = nvm_index_plan(&file->src, t, segment, arena, &plan);
    }

    if (rc != NVM_OK) {
        return rc;
    }

    bytes = malloc(plan.size + 1);

    for (i = 0, p = bytes; i < plan.nranges; p += r->size, i++) {
        r = &plan.ranges[i];

        if (r->offset < MP4_AT || r->offset - MP4_AT > file->moov_size
            || r->size > file->moov_size - (r->offset - MP4_AT))
        {
            memset(p, 0, r->size);
            continue;
        }

        memcpy(p, file->moov + (r->offset - MP4_AT), r->size);
    }

    if (p != bytes + plan.size
        || (!plan.fragments && plan.size > 48 * (size_t) segment->nsamples + 48))
    {
        ok(0, "%zu bytes for %u samples", plan.size, segment->nsamples);
    }

    rc = nvm_index_samples(t, segment, &plan, bytes, arena, samples);
    free(bytes);

    return rc;
}


/* Starts of the segments of a track in ticks, -1 ends the list. */
static void
starts(file_t *file, uint32_t track, const long long *want, const char *what)
{
    size_t             i;
    nvm_timeline_t     tl;
    nvm_index_track_t  t;

    if (nvm_index_track(&file->src, track, &t) != NVM_OK
        || nvm_index_timeline(&file->src, &t, &file->heap.arena, &tl)
           != NVM_OK)
    {
        ok(0, "%s: readable", what);
        return;
    }

    for (i = 0; i < tl.nsegments && want[i] >= 0; i++) {
        is_int((long long) tl.segments[i].start, want[i], "%s: start of %d",
               what, (int) i);
    }

    ok(i == tl.nsegments && want[i] == -1, "%s: %d segments", what, (int) i);
}


/*
 * All samples of a track in order, none twice; times without a gap; returns
 * how many.  "shift" is what a presentation time is above the builder's.
 */
static uint32_t
content(file_t *file, uint32_t track, const mp4_track_t *from, uint64_t at,
    uint32_t skip, int64_t shift, const char *what)
{
    uint32_t              i, k, n, bad;
    uint64_t              dts;
    nvm_sample_t         *s;
    nvm_index_track_t     t;
    nvm_index_segment_t   segment;

    (void) nvm_index_track(&file->src, track, &t);
    bad = 0;
    dts = UINT64_MAX;

    for (n = 0; n < skip; n++) {
        at += mp4_sample_size(from, n);
    }

    for (i = 0; i < t.nsegments; i++) {
        if (segment_of(file, &t, i, &file->heap.arena, &segment, &s)
            != NVM_OK)
        {
            ok(0, "%s: segment %u", what, i);
            return 0;
        }

        for (k = 0; k < segment.nsamples; k++, n++) {
            dts = dts == UINT64_MAX ? segment.start : dts;
            bad += s[k].dts != dts;
            bad += s[k].offset != at;
            bad += s[k].size != mp4_sample_size(from, n);
            bad += s[k].key != mp4_is_key(from, n);
            bad += (int64_t) s[k].dts + s[k].cts - t.track.edit
                   != (int64_t) n * from->delta + mp4_cts(from, n) + shift;
            at += s[k].size;
            dts += s[k].duration;
        }

        bad += segment.nsamples && segment.start + segment.duration != dts;
        bad += segment.nsamples && segment.key != s[0].key;
    }

    is_int(bad, 0, "%s: every field of %u samples", what, n);

    return n;
}


static uint64_t
end_of(const mp4_track_t *t)
{
    uint32_t  i;
    uint64_t  at;

    for (i = 0, at = MP4_DATA; i < t->nsamples; i++) {
        at += mp4_sample_size(t, i);
    }

    return at;
}


static void
test_plain(void)
{
    file_t               file;
    mp4_track_t          t[2];
    nvm_index_head_t     head;
    nvm_index_track_t    track;
    nvm_index_segment_t  segment;
    nvm_sample_t        *s;
    const long long      v[] = { 0, 51200, 102400, -1 };
    const long long      a[] = { 0, 192512, 384000, -1 };

    t[0] = video;
    t[1] = audio;

    is_int(load(&file, t, 2, 4000), NVM_OK, "built");
    is_int(nvm_index_head(&file.src, &head), NVM_OK, "head");
    is_int(head.ntracks, 2, "tracks");
    is_int((long long) head.duration, 12011, "duration");
    is_int(head.target, 4000, "target");
    is_int((long long) head.file_size, MP4_SIZE, "size of the file");
    is_int((long long) head.size, (long long) file.size, "size");

    starts(&file, 0, v, "video");
    starts(&file, 1, a, "audio");
    is_int(content(&file, 0, &t[0], MP4_DATA, 0, 0, "video"), 300, "all");
    is_int(content(&file, 1, &t[1], end_of(&t[0]), 0, 0, "audio"), 563,
           "all");

    (void) nvm_index_track(&file.src, 1, &track);
    is_int(track.track.id, 2, "id");
    is_int(track.name, 0, "name");
    is_int(track.target, 4, "target");
    is_int(track.track.kind, NVM_AUDIO, "kind");

    is_int(nvm_index_track(&file.src, 2, &track), NVM_ENOENT, "no track 2");
    is_int(segment_of(&file, &track, 3, &file.heap.arena, &segment, &s),
           NVM_ENOENT, "no segment 3");
    unload(&file);
}


/* B-frames: the edit goes into composition offsets; audio keeps its own. */
static void
test_edit(void)
{
    file_t             file;
    mp4_edit_t         ev[] = { { 12480, 512, 0x10000 } };
    mp4_edit_t         ea[] = { { 11989, 1024, 0x10000 } };
    mp4_edit_t         late[] = { { 500, -1, 0x10000 },
                                  { 12000, 512, 0x10000 } };
    mp4_edit_t         mid[] = { { 10000, 512 * 60 + 512, 0x10000 } };
    mp4_edit_t         tail[] = { { 4000, 48000, 0x10000 } };
    mp4_track_t        t[2];
    nvm_index_track_t  track;

    t[0] = video;
    t[0].gop = 52;
    t[0].nsamples = 312;
    t[0].bframes = 1;
    t[0].edits = ev;
    t[0].nedits = 1;
    t[1] = audio;
    t[1].edits = ea;
    t[1].nedits = 1;

    is_int(load(&file, t, 2, 4000), NVM_OK, "edits");
    (void) content(&file, 0, &t[0], MP4_DATA, 0, -512, "lowered by 512");
    (void) content(&file, 1, &t[1], end_of(&t[0]), 0, -1024, "priming");
    (void) nvm_index_track(&file.src, 0, &track);
    is_int(track.track.edit, 0, "video needs no edit list");
    (void) nvm_index_track(&file.src, 1, &track);
    is_int(track.track.edit, 1024, "audio keeps its priming");
    unload(&file);

    t[0].edits = late;
    t[0].nedits = 2;
    is_int(load(&file, t, 2, 4000), NVM_OK, "a late start");
    (void) content(&file, 0, &t[0], MP4_DATA, 0, 6400 - 512, "0.5 s late");
    starts(&file, 0, (const long long []) { 6400, 59648, 112896, -1 },
           "decode times begin at the delay");
    unload(&file);

    t[0].edits = mid;
    t[0].nedits = 1;
    is_int(load(&file, t, 2, 4000), NVM_OK, "an edit within a GOP");
    is_int(content(&file, 0, &t[0], MP4_DATA, 52, -61 * 512, "from its key"),
           311, "to the last but one, which follows the edit");
    (void) nvm_index_track(&file.src, 0, &track);
    is_int(track.track.edit, 8 * 512, "frames to be hidden");
    unload(&file);

    t[1].edits = tail;
    is_int(load(&file, t, 2, 4000), NVM_OK, "audio cut at both ends");
    is_int(content(&file, 1, &t[1], end_of(&t[0]), 42, -48000, "the rest"),
           235, "and not after the edit");
    (void) nvm_index_track(&file.src, 1, &track);
    is_int(track.track.edit, 48000 - 42 * 1024, "100 ms are kept");
    unload(&file);

    t[0] = video;
    t[0].gop = 52;
    t[0].bframes = 1;
    t[0].ctts_version = 1;
    t[0].nsamples = 104;
    is_int(load(&file, t, 1, 1000), NVM_OK, "negative composition offsets");
    (void) content(&file, 0, &t[0], MP4_DATA, 0, 0, "as they were");
    unload(&file);
}


static void
test_ends(void)
{
    file_t               file;
    mp4_edit_t           late[] = { { 9000, -1, 0x10000 },
                                    { 3000, 0, 0x10000 } };
    mp4_track_t          t[2];
    nvm_sample_t        *s;
    nvm_timeline_t       tl;
    nvm_index_track_t    track;
    nvm_index_segment_t  segment;

    t[0] = video;
    t[1] = audio;
    t[1].nsamples = 200;
    is_int(load(&file, t, 2, 4000), NVM_OK, "audio ends early");
    starts(&file, 1, (const long long []) { 0, 192512, -1 }, "audio");
    unload(&file);

    t[1].nsamples = 1000;
    is_int(load(&file, t, 2, 4000), NVM_OK, "audio outlasts video");
    starts(&file, 1, (const long long []) { 0, 192512, 384000, 576512, 768000,
                                            960512, -1 }, "audio");
    (void) content(&file, 1, &t[1], end_of(&t[0]), 0, 0, "audio");
    unload(&file);

    t[1].nsamples = 580;
    is_int(load(&file, t, 2, 4000), NVM_OK, "audio a little longer");
    starts(&file, 1, (const long long []) { 0, 192512, 384000, -1 }, "audio");
    unload(&file);

    t[1].nsamples = 140;
    t[1].edits = late;
    t[1].nedits = 2;
    is_int(load(&file, t, 2, 4000), NVM_OK, "audio starts in segment 2");
    (void) nvm_index_track(&file.src, 1, &track);
    is_int(track.nsegments, 3, "numbers agree");
    is_int(segment_of(&file, &track, 1, &file.heap.arena, &segment, &s),
           NVM_OK, "segment 1");
    is_int(segment.nsamples, 0, "is empty");
    (void) nvm_index_timeline(&file.src, &track, &file.heap.arena, &tl);
    is_int((long long) tl.nsegments, 1, "and not in the timeline");
    is_int((long long) tl.segments[0].msn, 2, "which keeps the number");
    unload(&file);

    t[1].edits = NULL;
    t[1].nedits = 0;
    t[1].delta = 480000;
    t[1].nsamples = 4;
    is_int(load(&file, t, 2, 1000), NVM_OK, "samples of ten seconds");
    starts(&file, 1, (const long long []) { 0, 480000, 960000, 1440000, -1 },
           "a segment each");
    unload(&file);
}


static void
test_targets(void)
{
    file_t       file;
    mp4_track_t  t;

    t = audio;
    is_int(load(&file, &t, 1, 4000), NVM_OK, "audio alone");
    starts(&file, 0, (const long long []) { 0, 192512, 385024, -1 },
           "audio leads");
    unload(&file);

    t = video;
    is_int(load(&file, &t, 1, 5000), NVM_OK, "target between key frames");
    starts(&file, 0, (const long long []) { 0, 76800, -1 }, "the next one");
    unload(&file);

    is_int(load(&file, &t, 1, 100), NVM_OK, "target below the GOP");
    starts(&file, 0, (const long long []) { 0, 25600, 51200, 76800, 102400,
                                            128000, -1 }, "each GOP");
    unload(&file);

    is_int(load(&file, &t, 1, 3600000), NVM_OK, "an hour");
    starts(&file, 0, (const long long []) { 0, -1 }, "one segment");
    unload(&file);

    t.timescale = 30000;
    t.delta = 1001;
    t.gop = 30;
    is_int(load(&file, &t, 1, 2002), NVM_OK, "29.97");
    starts(&file, 0, (const long long []) { 0, 60060, 120120, 180180, 240240,
                                            -1 }, "exactly");
    unload(&file);

    /* 24 frames are 1001 ms, the target is rounded up to 2003 */

    t.delta = 1251;
    t.gop = 24;
    is_int(load(&file, &t, 1, 2003), NVM_OK, "half a frame of tolerance");
    starts(&file, 0, (const long long []) { 0, 60048, 120096, 180144, 240192,
                                            300240, 360288, -1 }, "no drift");
    unload(&file);

    is_int(load(&file, &t, 1, 99), NVM_EINVAL, "target too short");
    unload(&file);
    is_int(load(&file, &t, 1, 3600001), NVM_EINVAL, "target too long");
    unload(&file);
}


/*
 * Key frames alone: each is the sample that it is in its segment, and lasts
 * until the next; returns how many.
 */
static uint32_t
keys(file_t *file, const char *what)
{
    uint32_t             i, k, n, bad;
    uint64_t             end;
    nvm_sample_t        *s, *key;
    nvm_index_track_t    t, keys;
    nvm_index_segment_t  segment, one;

    (void) nvm_index_track(&file->src, 0, &t);
    keys = t;

    if (nvm_index_keys(&keys) != NVM_OK) {
        return 0;
    }

    bad = 0;
    end = 0;
    n = 0;

    for (i = 0; i < t.nsegments && n < keys.nsegments; i++) {
        (void) segment_of(file, &t, i, &file->heap.arena, &segment, &s);

        for (k = 0; k < segment.nsamples && n < keys.nsegments; k++) {

            if (segment_of(file, &keys, n, &file->heap.arena, &one, &key)
                != NVM_OK)
            {
                ok(0, "%s: key frame %u", what, n);
                return n;
            }

            if (key->offset != s[k].offset) {
                continue;
            }

            bad += one.nsamples != 1 || one.bytes != key->size;
            bad += n && one.start != end;
            bad += key->dts != one.start || key->duration != one.duration;
            bad += key->dts != s[k].dts || key->cts != s[k].cts
                   || key->size != s[k].size || !key->key || !s[k].key;
            end = one.start + one.duration;
            n++;
        }
    }

    bad += end != segment.start + segment.duration;
    is_int(bad, 0, "%s: every field of %u key frames", what, n);
    is_int(n, keys.nsegments, "%s: all are found", what);

    return n;
}


static void
test_keys(void)
{
    file_t             file;
    mp4_edit_t         mid[] = { { 8000, 512 * 60 + 512, 0x10000 } };
    mp4_track_t        t[2];
    nvm_index_track_t  track;

    t[0] = video;
    t[1] = audio;
    (void) load(&file, t, 2, 4000);
    is_int(keys(&file, "every 2 s"), 6, "one for each GOP");
    (void) nvm_index_track(&file.src, 1, &track);
    is_int(nvm_index_keys(&track), NVM_ENOENT, "audio has none");
    (void) nvm_index_track(&file.src, 0, &track);
    (void) nvm_index_keys(&track);
    is_int(track.target, 2, "target");

    /* the largest has 1005 bytes; 136 of boxes, and three fields of trun */

    is_int(track.track.bandwidth, (1005 + 136 + 12) * 4, "peak");
    unload(&file);

    t[0].gop = 0;
    (void) load(&file, t, 2, 4000);
    is_int(keys(&file, "every frame"), 14, "one for each 23 frames");
    unload(&file);

    t[0].gop = 10;
    (void) load(&file, t, 2, 4000);
    is_int(keys(&file, "every 0.4 s"), 10, "one for each three GOPs");
    unload(&file);

    t[0].gop = 52;
    t[0].nsamples = 312;
    t[0].bframes = 1;
    t[0].edits = mid;
    t[0].nedits = 1;
    (void) load(&file, t, 2, 4000);
    is_int(keys(&file, "clipped"), 4, "from the one before the clip");
    unload(&file);

    t[0] = video;
    t[0].gop = 1000;
    (void) load(&file, t, 2, 4000);
    (void) nvm_index_track(&file.src, 0, &track);
    is_int(nvm_index_keys(&track), NVM_ENOENT, "one is not enough");
    unload(&file);
}


static void
test_rates(void)
{
    file_t             file;
    mp4_track_t        t;
    nvm_index_track_t  track;

    t = audio;
    t.nsamples = 188;
    t.constant = 1;
    (void) load(&file, &t, 1, 4000);
    (void) nvm_index_track(&file.src, 0, &track);

    /* 300 bytes in 1024/48000 s; boxes of 136 bytes in two segments */

    is_int(track.track.bandwidth, 112772, "peak of one segment");
    is_int(track.track.avg_bandwidth, 112772, "average");
    unload(&file);

    t.nsamples = 189;
    (void) load(&file, &t, 1, 4000);
    (void) nvm_index_track(&file.src, 0, &track);
    is_int(track.nsegments, 2, "a segment of one frame");
    ok(track.track.bandwidth < 113100, "is not the peak: %u",
       track.track.bandwidth);
    unload(&file);
}


static void
test_limits(void)
{
    file_t       file;
    mp4_track_t  t;
    mp4_edit_t   none[] = { { 10, 512 * 400, 0x10000 } };

    t = video;
    t.nsamples = 1;
    t.size = 1 << 26;
    is_int(load(&file, &t, 1, 4000), NVM_OK, "a sample of 64 MiB");
    unload(&file);

    t.size = 1000;
    t.delta = 0x7fffffff;
    is_int(load(&file, &t, 1, 4000), NVM_OK, "2^31 - 1 ticks");
    unload(&file);

    t.nsamples = 2;
    t.gop = 2;
    is_int(load(&file, &t, 1, 4000), NVM_OK, "a segment of 2^32 ticks");
    unload(&file);

    t = video;
    t.edits = none;
    t.nedits = 1;
    is_int(load(&file, &t, 1, 4000), NVM_OK, "an edit past the last picture");
    unload(&file);

    t = video;
    t.entry = "hvc1";
    is_int(load(&file, &t, 1, 4000), NVM_ENOENT, "no track");
    unload(&file);
}


/* Whatever an index holds, reading it has an answer. */
static void
test_damaged(void)
{
    size_t                i;
    uint8_t              *good;
    file_t                file;
    uint32_t              k, n;
    mp4_track_t           t[2];
    nvm_sample_t         *s;
    nvm_heap_t            h;
    nvm_timeline_t        tl;
    nvm_index_track_t     track;
    nvm_index_segment_t   segment;

    t[0] = video;
    t[1] = audio;
    (void) load(&file, t, 2, 4000);
    good = malloc(file.size);
    memcpy(good, file.index, file.size);
    n = 0;

    for (i = 0; i + 4 <= file.size; i++) {
        memset(file.index + i, 0xff, 4);
        nvm_heap_init(&h, 1024 * 1024);

        for (k = 0; k < 2; k++) {
            if (nvm_index_track(&file.src, k, &track) != NVM_OK) {
                continue;
            }

            n += nvm_index_timeline(&file.src, &track, &h.arena, &tl)
                 == NVM_OK;
            n += segment_of(&file, &track, 1, &h.arena, &segment, &s)
                 == NVM_OK;
        }

        nvm_heap_done(&h);
        memcpy(file.index + i, good + i, 4);
    }

    ok(n > 0, "damaged index: %u answers", n);

    for (i = 0; i < 3; i++) {
        nvm_heap_init(&h, i == 2 ? 4000 : i * 100);
        n = nvm_index_build(&h.arena, file.mp4, MP4_SIZE, 4000, NULL,
                            &file.index, &file.size, NULL);
        is_int(n, NVM_ENOMEM, "no memory, %d", (int) i);
        nvm_heap_done(&h);
    }

    free(good);
    unload(&file);
}


int
main(void)
{
    test_plain();
    test_edit();
    test_ends();
    test_targets();
    test_keys();
    test_rates();
    test_limits();
    test_damaged();

    return done_testing();
}
