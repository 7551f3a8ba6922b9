/*
 * Copyright (C) ngx_video authors
 *
 * Progressive files: chunks in the order of time, tables that our own reader
 * reads as the samples that went in, edit lists that keep presentation times,
 * offsets over 4 GiB, and every limit.
 */

#include "mp4_builder.h"
#include "nvm_aac.h"
#include "nvm_h264.h"
#include "nvm_mp4.h"
#include "nvm_progressive.h"
#include "tap.h"


#define MAX  4000


/* A track with its samples, in segments of so many. */
typedef struct {
    nvm_track_t    track;
    nvm_sample_t   samples[MAX];
    uint32_t       n;
    uint32_t       segment;
} input_t;

typedef struct {
    nvm_heap_t             heap;
    nvm_progressive_t     *p;
    uint8_t               *head;        /* ftyp, moov, header of mdat */
    size_t                 size;
    nvm_mp4_t             *mp4;         /* read again */
} file_t;


static input_t  video, audio;


static void
reset(void)
{
    uint32_t       i;
    nvm_sample_t  *s;

    memset(&video, 0, sizeof(input_t));
    memset(&audio, 0, sizeof(input_t));

    (void) nvm_h264_track(&video.track, mp4_avcc, sizeof(mp4_avcc), NULL);
    (void) nvm_aac_track(&audio.track, mp4_asc, sizeof(mp4_asc), NULL);

    video.track.timescale = 12800;
    video.n = 100;                              /* 4 s */
    video.segment = 50;
    audio.n = 188;
    audio.segment = 94;

    for (i = 0; i < MAX; i++) {
        s = &video.samples[i];
        s->dts = (uint64_t) i * 512;
        s->duration = 512;
        s->size = 1000 + i % 7;
        s->key = i % 50 == 0;

        s = &audio.samples[i];
        s->dts = (uint64_t) i * 1024;
        s->duration = 1024;
        s->size = 300 + i % 5;
        s->key = 1;
    }
}


/* All samples of the tracks, segment by segment, as a server adds them. */
static nvm_err_e
add(nvm_progressive_t *p, input_t **in, size_t n)
{
    size_t                  i, left;
    uint32_t                at, rest;
    nvm_err_e               rc;
    nvm_interleave_t        t[2];
    nvm_interleave_chunk_t  c;

    for (at = 0, left = n; left; at++) {

        for (i = 0, left = 0; i < n; i++) {
            rest = at * in[i]->segment < in[i]->n
                   ? in[i]->n - at * in[i]->segment : 0;

            t[i].track = &in[i]->track;
            t[i].samples = &in[i]->samples[rest ? at * in[i]->segment : 0];
            t[i].nsamples = rest < in[i]->segment ? rest : in[i]->segment;
            t[i].next = 0;
            left += rest != 0;
        }

        while (nvm_interleave_next(t, n, &c) == NVM_OK) {
            rc = nvm_progressive_add(p, &c);
            if (rc != NVM_OK) {
                return rc;
            }
        }
    }

    return NVM_OK;
}


static nvm_err_e
make(file_t *f, input_t **in, size_t n, size_t limit)
{
    size_t              i;
    nvm_err_e           rc;
    nvm_fault_t         fault = { 0 };
    nvm_writer_t        w;
    const nvm_track_t  *tracks[2];

    memset(f, 0, sizeof(file_t));
    nvm_heap_init(&f->heap, limit);

    for (i = 0; i < n; i++) {
        tracks[i] = &in[i]->track;
    }

    rc = nvm_progressive_create(&f->heap.arena, tracks, n, &f->p);
    if (rc == NVM_OK) {
        rc = add(f->p, in, n);
    }

    if (rc == NVM_OK) {
        rc = nvm_progressive_end(f->p, &f->size);
    }

    if (rc == NVM_OK) {
        f->head = nvm_alloc(&f->heap.arena, 1, f->size);
        rc = f->head ? NVM_OK : NVM_ENOMEM;
    }

    if (rc != NVM_OK) {
        return rc;
    }

    nvm_writer_init(&w, f->head, f->size);
    (void) nvm_progressive_write(&w, f->p);

    if (nvm_writer_done(&w, f->size) != NVM_OK) {
        return NVM_EOVERFLOW;
    }

    /* ftyp is first, moov second */
    i = mp4_u32(f->head);

    return nvm_mp4_parse(&f->heap.arena, f->head + i, mp4_u32(f->head + i), i,
                         f->size + nvm_progressive_payload(f->p), &f->mp4,
                         &fault);
}


static void
done(file_t *f)
{
    nvm_heap_done(&f->heap);
}


/* What the reader finds is what went in, where it was put. */
static void
same(const file_t *f, size_t track, const input_t *in, const char *what)
{
    uint32_t                i, bad;
    uint64_t                start;
    nvm_sample_t            s;
    nvm_mp4_samples_t       walk;
    const nvm_sample_t     *want;
    const nvm_mp4_track_t  *t;

    t = &f->mp4->tracks[track];
    nvm_mp4_samples_init(&walk, t, UINT64_MAX);
    start = in->samples[0].dts;

    for (i = 0, bad = 0; nvm_mp4_samples_next(&walk, &s) == NVM_OK; i++) {
        want = &in->samples[i < in->n ? i : 0];

        /* media time to presentation time, of the file and of the input */
        if (s.dts != want->dts - start || s.size != want->size
            || s.key != want->key
            || (int64_t) (s.dts + t->delay) + s.cts - (int64_t) t->media_time
               != (int64_t) want->dts + want->cts - in->track.edit)
        {
            bad++;
        }
    }

    is_int(i, in->n, "%s: all samples", what);
    is_int(bad, 0, "%s: times, sizes, key frames", what);
}


/* Each byte of mdat belongs to one sample. */
static void
covered(const file_t *f, uint64_t at, uint64_t payload)
{
    size_t             i, n;
    uint64_t           next;
    nvm_sample_t       s[2];
    nvm_mp4_samples_t  walk[2];

    n = f->mp4->ntracks;

    for (i = 0; i < n; i++) {
        nvm_mp4_samples_init(&walk[i], &f->mp4->tracks[i], UINT64_MAX);
        s[i].offset = UINT64_MAX;
        (void) nvm_mp4_samples_next(&walk[i], &s[i]);
    }

    for (next = at; next < at + payload; ) {
        for (i = 0; i < n && s[i].offset != next; i++) { /* void */ }

        if (i == n) {
            break;
        }

        next += s[i].size;
        s[i].offset = UINT64_MAX;
        (void) nvm_mp4_samples_next(&walk[i], &s[i]);
    }

    is_int((long long) next, (long long) (at + payload),
           "samples lie behind one another, to the end");
}


static void
test_interleave(void)
{
    char                    got[64], *p;
    nvm_interleave_t        t[2] = { { 0 } };
    nvm_interleave_chunk_t  c;

    reset();
    t[0].track = &video.track;
    t[0].samples = video.samples;
    t[0].nsamples = 60;
    t[1].track = &audio.track;
    t[1].samples = &audio.samples[40];
    t[1].nsamples = 60;

    for (p = got; nvm_interleave_next(t, 2, &c) == NVM_OK; ) {
        p += sprintf(p, "%d:%u ", (int) c.track, c.nsamples);
    }

    is_str(got, "0:25 1:7 0:25 1:47 0:10 1:6 ", "second by second");
    is_int(nvm_interleave_next(t, 2, &c), NVM_ENOENT, "and no more");
}


static void
test_plain(void)
{
    file_t    f;
    uint8_t  *box;
    input_t  *in[] = { &video, &audio };

    reset();
    is_int(make(&f, in, 2, 1 << 20), NVM_OK, "video and audio");

    is_mem(f.head + 4, 4, "ftyp", 4, "ftyp is first");
    box = mp4_find(f.head, f.size, "ftyp");
    is_mem(box + 8, mp4_u32(box) - 8, "isom\0\0\2\0isomiso2mp41avc1", 24,
           "brands");
    box = f.head + mp4_u32(f.head);
    is_mem(box + 4, 4, "moov", 4, "then moov");
    box += mp4_u32(box);
    is_mem(box + 4, 4, "mdat", 4, "then mdat");
    is_int(mp4_u32(box), (long long) nvm_progressive_payload(f.p) + 8,
           "of all samples");
    is_int(box + 8 - f.head, (long long) f.size, "which follow");

    same(&f, 0, &video, "video");
    same(&f, 1, &audio, "audio");
    covered(&f, f.size, nvm_progressive_payload(f.p));

    box = mp4_find(f.head, f.size, "moov/mvhd");
    is_int(mp4_u32(box + 24), 188 * 1024 * 90 / 48 + (188 * 1024 * 90 % 48 > 0),
           "the movie lasts as long as the longest");
    box = mp4_find(f.head, f.size, "moov/trak/tkhd");
    is_int(mp4_u32(box + 28), 360000, "video is shorter");
    is_int(box[11], 3, "enabled");
    box = mp4_find(f.head, f.size, "moov/trak/mdia/mdhd");
    is_int(mp4_u32(box + 24), 51200, "the media's own duration");
    is_mem(box + mp4_u32(box) + 4, 4, "hdlr", 4, "hdlr");
    box = mp4_find(f.head, f.size, "moov/trak/tkhd");
    is_mem(box + mp4_u32(box) + 4, 4, "mdia", 4, "no edit list is needed");
    box = mp4_find(f.head, f.size, "moov/trak/mdia/minf/stbl/stts");
    is_int(mp4_u32(box + 12), 1, "one run of durations");
    is_mem(box + mp4_u32(box) + 4, 4, "stss", 4, "no offsets, key frames");
    box = mp4_find(f.head, f.size, "moov/trak[2]/mdia/minf/stbl/stts");
    is_mem(box + mp4_u32(box) + 4, 4, "stsc", 4, "all audio is sync");
    done(&f);

    is_int(make(&f, &in[1], 1, 1 << 20), NVM_OK, "audio alone");
    same(&f, 0, &audio, "audio alone");
    box = mp4_find(f.head, f.size, "ftyp");
    is_int(mp4_u32(box), 28, "no brand of video");
    done(&f);
}


/* The edit list of a track: entries from offset 16 of the box on. */
static void
edit(const file_t *f, const char *path, uint32_t entry, uint32_t length,
    int32_t time, const char *what)
{
    uint8_t  *box;

    box = mp4_find(f->head, f->size, path);
    box += 16 + 12 * (size_t) entry;

    is_int(mp4_u32(box), length, "%s: how long", what);
    is_int((int32_t) mp4_u32(box + 4), time, "%s: from where", what);
    is_int(mp4_u32(box + 8), 0x10000, "%s: at normal speed", what);
}


/* Reordered pictures, priming, a late track, an end before the last sample. */
static void
test_edits(void)
{
    file_t    f;
    uint8_t  *box;
    uint32_t  i;
    input_t  *in[] = { &video, &audio };
    int32_t   order[] = { 0, 1024, -512, -512 };

    reset();

    for (i = 0; i < video.n; i++) {
        video.samples[i].cts = order[i % 4];
    }

    audio.track.edit = 1024;

    for (i = 0; i < audio.n; i++) {
        audio.samples[i].dts += 24000;          /* half a second */
    }

    /* 3 s of audio are shown: what follows is not */
    audio.track.duration = 24000 + 144000;

    is_int(make(&f, in, 2, 1 << 20), NVM_OK, "edits");
    same(&f, 0, &video, "reordered");
    same(&f, 1, &audio, "late and primed");

    box = mp4_find(f.head, f.size, "moov/trak/mdia/minf/stbl/ctts");
    is_int(box[8], 0, "ctts: version 0");
    is_int(mp4_u32(box + 20), 512, "offsets are raised");
    edit(&f, "moov/trak/edts/elst", 0, 360000, 512, "video");
    is_int(mp4_u32(mp4_find(f.head, f.size, "moov/trak[2]/edts/elst") + 12), 2,
           "audio has two edits");
    edit(&f, "moov/trak[2]/edts/elst", 0, 45000, -1, "nothing first");
    edit(&f, "moov/trak[2]/edts/elst", 1, 270000, 1024, "then audio");
    is_int(mp4_u32(mp4_find(f.head, f.size, "moov/trak[2]/tkhd") + 28),
           315000, "both together");
    done(&f);

    reset();

    for (i = 0; i < video.n; i++) {
        video.samples[i].cts = 512;
    }

    is_int(make(&f, in, 1, 1 << 20), NVM_OK, "all later than decoded");
    same(&f, 0, &video, "all later");
    done(&f);

    reset();
    video.track.edit = 600;
    is_int(make(&f, in, 1, 1 << 20), NVM_OK, "from within a GOP");
    same(&f, 0, &video, "from within a GOP");
    edit(&f, "moov/trak/edts/elst", 0, (100 * 512 - 600) * 225 / 32
         + ((100 * 512 - 600) * 225 % 32 > 0), 600, "clip");
    done(&f);
}


/* Tables of several blocks, and rates that change. */
static void
test_long(void)
{
    file_t    f;
    uint32_t  i;
    uint64_t  dts;
    input_t  *in[] = { &video, &audio };

    reset();
    video.n = MAX;
    audio.n = MAX;

    for (i = 0, dts = 0; i < MAX; i++) {
        video.samples[i].dts = dts;
        video.samples[i].duration = 400 + i * 37 % 200;
        video.samples[i].cts = (int32_t) (i % 3) * 400;
        dts += video.samples[i].duration;
    }

    is_int(make(&f, in, 2, 4 << 20), NVM_OK, "a long file of variable rate");
    same(&f, 0, &video, "long video");
    same(&f, 1, &audio, "long audio");
    covered(&f, f.size, nvm_progressive_payload(f.p));
    done(&f);

    for (i = 0; i < MAX; i++) {
        audio.samples[i].size = 417;
        video.samples[i].size = 0;
        video.samples[i].key = 0;
    }

    is_int(make(&f, in, 2, 4 << 20), NVM_OK, "samples of one size");
    same(&f, 0, &video, "empty samples, none of them key frames");
    same(&f, 1, &audio, "samples of one size");
    is_int(mp4_u32(mp4_find(f.head, f.size,
                            "moov/trak[2]/mdia/minf/stbl/stsz") + 12), 417,
           "the size is told once");
    done(&f);
}


static void
test_large(void)
{
    file_t    f;
    uint8_t  *box;
    uint64_t  size;
    uint32_t  i;
    input_t  *in[] = { &video, &audio };

    reset();

    for (i = 0; i < video.n; i++) {
        video.samples[i].size = 100000000;
    }

    is_int(make(&f, in, 2, 1 << 20), NVM_OK, "10 GB");
    same(&f, 0, &video, "large video");
    same(&f, 1, &audio, "large audio");
    covered(&f, f.size, nvm_progressive_payload(f.p));
    (void) mp4_find(f.head, f.size, "moov/trak/mdia/minf/stbl/co64");
    box = f.head + f.size - 16;
    size = (uint64_t) mp4_u32(box + 8) << 32 | mp4_u32(box + 12);
    is_int(mp4_u32(box), 1, "mdat of 64 bits");
    is_int((long long) size, (long long) nvm_progressive_payload(f.p) + 16,
           "and its size");
    done(&f);

    /* the last byte that 32 bits reach, and the first that they don't */

    reset();
    video.n = 2;
    is_int(make(&f, in, 1, 1 << 20), NVM_OK, "two samples");
    size = f.size;
    done(&f);

    video.samples[0].size = (uint32_t) (UINT32_MAX - size - 1001);
    is_int(make(&f, in, 1, 1 << 20), NVM_OK, "a file of 4 GiB less one");
    (void) mp4_find(f.head, f.size, "moov/trak/mdia/minf/stbl/stco");
    done(&f);

    video.samples[0].size++;
    is_int(make(&f, in, 1, 1 << 20), NVM_OK, "of 4 GiB");
    (void) mp4_find(f.head, f.size, "moov/trak/mdia/minf/stbl/co64");
    ok(1, "has 64-bit offsets");
    done(&f);

    /* durations over 32 bits of the movie: 14 hours are 2^32 / 90000 */

    reset();
    video.n = 2;
    video.samples[1].dts = 14ull * 3600 * 12800;
    is_int(make(&f, in, 1, 1 << 20), NVM_OK, "14 hours");
    is_int(mp4_find(f.head, f.size, "moov/mvhd")[8], 1, "mvhd of 64 bits");
    is_int(mp4_find(f.head, f.size, "moov/trak/tkhd")[8], 1, "tkhd");
    same(&f, 0, &video, "14 hours");
    done(&f);

    video.samples[1].cts = -512;
    is_int(make(&f, in, 1, 1 << 20), NVM_OK, "14 hours with an edit");
    is_int(mp4_find(f.head, f.size, "moov/trak/edts/elst")[8], 1, "elst");
    same(&f, 0, &video, "14 hours with an edit");
    done(&f);
}


static void
test_limits(void)
{
    file_t                  f;
    size_t                  limit, used;
    nvm_err_e               rc;
    input_t                *in[] = { &video, &audio };
    const nvm_track_t      *tracks[] = { &video.track, &audio.track };
    nvm_interleave_chunk_t  c = { 0, video.samples, 1 };

    reset();
    video.samples[60].dts = video.samples[59].dts - 1;
    is_int(make(&f, in, 1, 1 << 20), NVM_EINVAL, "decode times go back");
    done(&f);

    reset();
    video.samples[99].dts = 0x200000000ull;
    is_int(make(&f, in, 1, 1 << 20), NVM_ELIMIT, "a gap of 2^32 ticks");
    done(&f);

    reset();
    video.samples[3].cts = INT32_MAX;
    video.samples[4].cts = -1;
    is_int(make(&f, in, 1, 1 << 20), NVM_ELIMIT, "an offset over 2^31");
    done(&f);

    reset();
    is_int(make(&f, in, 0, 1 << 20), NVM_EINVAL, "no track");
    done(&f);

    video.track.codec = NVM_CODEC_NONE;
    is_int(make(&f, in, 1, 1 << 20), NVM_EUNSUP, "no codec");
    done(&f);

    reset();
    video.track.config_len = NVM_MAX_CONFIG + 1;
    is_int(make(&f, in, 1, 1 << 20), NVM_EINVAL, "a config that is too long");
    done(&f);

    reset();
    nvm_heap_init(&f.heap, 1 << 20);
    (void) nvm_progressive_create(&f.heap.arena, tracks, 2, &f.p);
    c.track = 2;
    is_int(nvm_progressive_add(f.p, &c), NVM_EINVAL, "a third of two tracks");
    c.track = 1;
    c.nsamples = 0;
    is_int(nvm_progressive_add(f.p, &c), NVM_EINVAL, "a chunk of none");
    c.nsamples = NVM_MAX_SAMPLES + 1;
    is_int(nvm_progressive_add(f.p, &c), NVM_ELIMIT, "of too many");
    done(&f);

    /* every allocation may fail */

    (void) make(&f, in, 2, 1 << 20);
    used = f.heap.used;
    done(&f);

    for (limit = 0, rc = NVM_ENOMEM; limit < used - f.size; limit += 1000) {
        rc = make(&f, in, 2, limit);
        done(&f);

        if (rc != NVM_ENOMEM) {
            break;
        }
    }

    is_int(rc, NVM_ENOMEM, "no memory, wherever it ends");
}


/* A track of the file that has no samples at all is there, and is empty. */
static void
test_empty(void)
{
    file_t    f;
    input_t  *in[] = { &video, &audio };

    reset();
    audio.n = 0;
    is_int(make(&f, in, 2, 1 << 20), NVM_OK, "a track without samples");
    same(&f, 0, &video, "beside an empty one");
    is_int(mp4_u32(mp4_find(f.head, f.size,
                            "moov/trak[2]/mdia/minf/stbl/stsz") + 16), 0,
           "has none");
    done(&f);
}


int
main(void)
{
    test_interleave();
    test_plain();
    test_edits();
    test_long();
    test_large();
    test_limits();
    test_empty();

    return done_testing();
}
