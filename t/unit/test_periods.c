/*
 * Copyright (C) ngx_video authors
 *
 * Files whose sample entries change: how many periods they have, and that each
 * has its own samples, its own entry, and the time between its tracks.
 */

#include "mp4_builder.h"
#include "nvm_index.h"
#include "tap.h"


/* 12.48 s with B-frames, another entry at 4.16 s */
static const mp4_track_t  video = {
    .timescale = 12800, .nsamples = 312, .delta = 512, .size = 1000,
    .chunk = 4, .gop = 52, .bframes = 1, .change = 104,
};

/* another one at 4.267 s of the media, which is primed */
static const mp4_track_t  audio = {
    .audio = 1, .timescale = 48000, .nsamples = 563, .delta = 1024,
    .size = 300, .chunk = 8, .change = 200,
};

static const mp4_edit_t  shown = { 0, 512, 0x00010000 };
static const mp4_edit_t  primed = { 0, 1024, 0x00010000 };

static uint8_t     *moov;
static size_t       size;
static nvm_heap_t   heap;
static nvm_fault_t  fault;
static nvm_mp4_t   *mp4;
static mp4_track_t  tracks[2];


static void
build(void)
{
    tracks[0] = video;
    tracks[0].edits = &shown;
    tracks[0].nedits = 1;
    tracks[1] = audio;
    tracks[1].edits = &primed;
    tracks[1].nedits = 1;
}


static nvm_err_e
parse(void)
{
    nvm_heap_init(&heap, 16 * 1024 * 1024);
    memset(&fault, 0, sizeof(fault));

    return nvm_mp4_parse(&heap.arena, moov, size, MP4_AT, MP4_SIZE, &mp4,
                         &fault);
}


/* The period of a file of the two tracks; 0: the file. */
static nvm_err_e
period(uint32_t number)
{
    nvm_err_e  rc;

    moov = mp4_build(tracks, 2, &size);
    rc = parse();

    return rc == NVM_OK && number
           ? nvm_mp4_period(mp4, number, MP4_SIZE, &fault) : rc;
}


static void
end(void)
{
    nvm_heap_done(&heap);
    free(moov);
}


/* The numbers of the first sample of a walk, and of what follows the last. */
static void
walk(uint32_t track, uint32_t first, uint32_t last, const char *what)
{
    uint32_t           n;
    uint64_t           dts;
    nvm_sample_t       s;
    nvm_mp4_samples_t  it;

    n = 0;
    dts = UINT64_MAX;
    nvm_mp4_samples_init(&it, &mp4->tracks[track], MP4_SIZE);

    while (nvm_mp4_samples_next(&it, &s) == NVM_OK) {
        dts = n++ ? dts : s.dts;
    }

    is_int((long long) dts, (long long) first * tracks[track].delta,
           "%s: begins with sample %u", what, first);
    is_int(n, last - first, "%s: %u samples", what, last - first);
}


static nvm_err_e
read_index(void *data, uint64_t offset, void *dst, size_t n)
{
    memcpy(dst, (uint8_t *) data + offset, n);

    return NVM_OK;
}


/* The samples of a track of the index, and where they begin and end. */
static uint32_t
indexed(uint32_t track, uint64_t *start, uint64_t *last)
{
    size_t               bytes;
    uint8_t             *index;
    uint32_t             i, n;
    nvm_index_src_t      src;
    nvm_index_track_t    t;
    nvm_index_segment_t  s;

    if (nvm_index_build(&heap.arena, mp4, MP4_SIZE, 2000, NULL, &index, &bytes,
                        &fault)
        != NVM_OK)
    {
        diag("%s: %s", fault.where, fault.what);
        return 0;
    }

    src.read = read_index;
    src.data = index;
    n = 0;

    if (nvm_index_track(&src, track, &t) != NVM_OK) {
        return 0;
    }

    for (i = 0; i < t.nsegments; i++) {
        if (nvm_index_segment(&src, &t, i, &s) != NVM_OK) {
            return 0;
        }

        *start = i ? *start : s.start;
        *last = s.start + s.duration;
        n += s.nsamples;
    }

    return n;
}


static void
test_together(void)
{
    uint64_t  start, last;

    build();

    is_int(period(0), NVM_OK, "a file of two entries");
    is_int(mp4->nperiods, 2, "two periods");
    is_int(mp4->tracks[0].nchanges, 1, "one change");
    end();

    is_int(period(1), NVM_OK, "the first");
    is_int(mp4->nperiods, 1, "is one");
    is_int(mp4->tracks[0].track.entry, 0x61766331, "avc1");
    is_int((long long) mp4->tracks[0].track.duration, 104 * 512, "4.16 s");
    is_int(mp4->tracks[0].track.fps_num * 1000 / mp4->tracks[0].track.fps_den,
           25000, "frame rate");
    walk(0, 0, 104, "video");
    walk(1, 0, 200, "audio");
    is_int(indexed(0, &start, &last), 104, "video in the index");
    is_int((long long) start, 0, "from 0");
    is_int((long long) last, 104 * 512, "to 4.16 s");
    is_int(indexed(1, &start, &last), 200, "audio in the index");
    end();

    is_int(period(2), NVM_OK, "the second");
    is_int(mp4->tracks[0].track.entry, 0x61766333, "avc3");
    is_int(mp4->tracks[0].track.width, 320, "its pictures");
    is_int((long long) mp4->tracks[0].track.duration, 208 * 512, "8.32 s");
    is_int((long long) mp4->tracks[0].delay, 0, "video is first");
    is_int((long long) mp4->tracks[1].delay, 199 * 1024 - 199680,
           "audio as much later as it was");
    walk(0, 104, 312, "video");
    walk(1, 200, 563, "audio");
    is_int(indexed(0, &start, &last), 208, "video in the index");
    is_int((long long) start, 0, "from 0");
    is_int((long long) last, 208 * 512, "to 8.32 s");
    is_int(indexed(1, &start, &last), 363, "audio in the index");
    is_int((long long) start, 4096, "from 85 ms");
    is_int((long long) last, 4096 + 363 * 1024, "to its end");
    end();
}


static void
test_alone(void)
{
    uint64_t  start, last;

    build();
    tracks[1].change = 0;

    is_int(period(1), NVM_OK, "one track changes, the first period");
    is_int((long long) mp4->tracks[1].track.duration, 199680,
           "the other is clipped");
    walk(1, 0, 563, "it has all samples");
    end();

    is_int(period(2), NVM_OK, "and the second");
    is_int((long long) mp4->tracks[1].media_time, 1024 + 199680,
           "from there");
    is_int((long long) mp4->tracks[1].delay, 0, "together");
    indexed(1, &start, &last);
    ok(start == 0 && last >= 375808 && last < 375808 + 6000,
       "the rest of it");
    end();
}


static void
test_apart(void)
{
    build();
    tracks[1].change = 256;             /* 5.44 s */

    is_int(period(0), NVM_OK, "changes a second apart");
    is_int(mp4->nperiods, 3, "three periods");
    end();

    is_int(period(2), NVM_OK, "the one between them");
    is_int(mp4->tracks[0].track.entry, 0x61766333, "pictures have changed");
    is_int(mp4->tracks[1].description, 1, "sound has not");
    is_int(mp4->tracks[1].nsamples, 256, "and ends where it will");
    walk(0, 104, 312, "video");
    is_int((long long) mp4->tracks[0].track.duration,
           (255 * 1024 - 199680) * 4 / 15, "clipped there");
    end();

    is_int(period(3), NVM_OK, "the last");
    is_int(mp4->tracks[0].track.entry, 0x61766333, "the same pictures");
    is_int(mp4->tracks[1].description, 2, "other sound");
    walk(1, 256, 563, "audio");
    end();
}


static void
test_refused(void)
{
    uint8_t           *p, *index;
    size_t             bytes;
    int64_t            zero;
    nvm_index_head_t   head;
    nvm_index_lead_t   lead = { .times = &zero, .n = 1, .timescale = 1000 };

    build();
    zero = 0;

    is_int(period(3), NVM_ENOENT, "no third period");
    end();

    is_int(period(0), NVM_OK, "the file");
    is_int(nvm_mp4_period(mp4, 0, MP4_SIZE, &fault), NVM_ENOENT, "nor a 0th");
    is_int(nvm_index_build(&heap.arena, mp4, MP4_SIZE, 2000, &lead, &index,
                           &bytes, &fault),
           NVM_EUNSUP, "it can't follow another file");
    is_int(nvm_index_build(&heap.arena, mp4, MP4_SIZE, 2000, NULL, &index,
                           &bytes, &fault),
           NVM_OK, "its index");
    memcpy(&head, index, sizeof(head));
    is_int((long long) bytes, sizeof(head), "is a head");
    is_int(head.nperiods, 2, "that says how many periods");
    is_int(head.ntracks, 0, "and no more");
    end();

    tracks[0].change = 0;
    tracks[1].change = 0;
    is_int(period(1), NVM_ENOENT, "a file without: no first one");
    end();

    build();
    moov = mp4_build(tracks, 2, &size);
    memcpy(mp4_find(moov, size, "moov/trak/mdia/minf/stbl/stsd/avc3") + 4,
           "xxxx", 4);
    is_int(parse(), NVM_EUNSUP, "to a codec that can't be packaged");
    is_str(fault.where, "moov/trak[1]/mdia/minf/stbl", "where");
    end();

    moov = mp4_build(tracks, 2, &size);
    p = mp4_find(moov, size, "moov/trak/mdia/minf/stbl/stsc");
    mp4_put(p + 24, 2);
    is_int(parse(), NVM_OK, "the second entry from the start");
    is_int(mp4->tracks[0].nchanges, 0, "is no change");
    is_int(mp4->tracks[0].track.entry, 0x61766333, "but another entry");
    end();
}


int
main(void)
{
    test_together();
    test_alone();
    test_apart();
    test_refused();

    return done_testing();
}
