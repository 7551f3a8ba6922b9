/*
 * Copyright (C) ngx_video authors
 *
 * The moov of a file: ISO/IEC 14496-12, 8.2 to 8.6.  Sample entries are in
 * nvm_mp4_entry.c, sample tables in nvm_mp4_tables.c, edit lists in
 * nvm_mp4_edit.c, what follows in a fragmented file in nvm_mp4_fragment.c.
 */

#include <string.h>

#include "nvm_mp4_edit.h"
#include "nvm_mp4_entry.h"
#include "nvm_mp4_fragment.h"
#include "nvm_mp4_periods.h"
#include "nvm_mp4_tables.h"


/* Tracks with the names of chapters, of which a file has one or two. */
#define NVM_MP4_MAX_CHAPTERS  8


/* One run of the parser. */
typedef struct {
    nvm_arena_t  *arena;
    nvm_mp4_t    *mp4;
    nvm_fault_t  *f;
    uint64_t      file_size;
    uint32_t      ntraks;
    int           fragmented;
    uint64_t      nsamples;         /* of all tracks */
    uint32_t      chapters[NVM_MP4_MAX_CHAPTERS];       /* track_IDs */
    uint32_t      nchapters;
} nvm_mp4_parse_t;


nvm_err_e
nvm_mp4_top(const uint8_t *data, size_t n, uint64_t offset,
    uint64_t file_size, char type[5], uint64_t *size, nvm_fault_t *f)
{
    int           i;
    uint32_t      name, header;
    nvm_err_e     rc;
    nvm_reader_t  r;

    nvm_reader_init(&r, data, n, offset);

    rc = nvm_mp4_box_header(&r, &name, size, &header);

    for (i = 0; i < 4; i++) {
        type[i] = (char) (name >> (24 - 8 * i));
    }

    type[4] = '\0';

    if (rc != NVM_OK) {
        return nvm_fault(f, rc, offset, rc == NVM_ETRUNC ? "box header is cut"
                         : "box is smaller than its header");
    }

    if (offset > file_size) {
        return nvm_fault(f, NVM_ETRUNC, offset, "box is outside the file");
    }

    if (*size == 0) {
        *size = file_size - offset;
    }

    if (*size > file_size - offset || *size < header) {
        return nvm_fault(f, NVM_ETRUNC, offset,
                         "box is longer than the file");
    }

    return NVM_OK;
}


/*
 * The timescale of mvhd and mdhd, which begin alike (8.2.2, 8.4.2); leaves
 * the reader at what follows the duration.
 */
static nvm_err_e
nvm_mp4_timescale(nvm_mp4_box_t *box, uint32_t *timescale, nvm_fault_t *f)
{
    uint64_t  at;
    unsigned  version;

    version = nvm_reader_u32(&box->r) >> 24;
    nvm_reader_skip(&box->r, version == 1 ? 16 : 8);
    at = nvm_reader_offset(&box->r);
    *timescale = nvm_reader_u32(&box->r);
    nvm_reader_skip(&box->r, version == 1 ? 8 : 4);

    if (box->r.error) {
        return nvm_mp4_box_fault(f, box, NVM_ETRUNC, box->offset,
                                 "box is cut");
    }

    if (*timescale == 0) {
        return nvm_mp4_box_fault(f, box, NVM_EINVAL, at, "zero timescale");
    }

    return NVM_OK;
}


/* Timescale and language (8.4.2.3): three letters of five bits */
static nvm_err_e
nvm_mp4_mdhd(const nvm_mp4_box_t *mdia, nvm_track_t *t, nvm_fault_t *f)
{
    int            i;
    char           c;
    uint16_t       lang;
    nvm_err_e      rc;
    nvm_mp4_box_t  mdhd;

    rc = nvm_mp4_box_need(mdia, NVM_FOURCC('m', 'd', 'h', 'd'), &mdhd,
                          "mdia has no mdhd", f);
    if (rc == NVM_OK) {
        rc = nvm_mp4_timescale(&mdhd, &t->timescale, f);
    }

    if (rc != NVM_OK) {
        return rc;
    }

    lang = nvm_reader_u16(&mdhd.r);

    for (i = 0; i < 3; i++) {
        c = (char) ((lang >> (10 - 5 * i) & 0x1f) + 0x60);

        /* the numbers of QuickTime, all under 0x400, have no first letter */

        if (c < 'a' || c > 'z') {
            memcpy(t->lang, "und", 4);
            return NVM_OK;
        }

        t->lang[i] = c;
    }

    t->lang[3] = '\0';

    return NVM_OK;
}


/*
 * The quarter turns, clockwise, of a matrix that does nothing else; 0 for
 * every other one (8.3.2.3, and ISO/IEC 14496-12, 6.2.2).
 */
static uint8_t
nvm_mp4_rotation(nvm_reader_t *r)
{
    uint32_t        a, b, c, d;
    const uint32_t  one = 0x10000, minus = 0u - one;

    a = nvm_reader_u32(r);
    b = nvm_reader_u32(r);
    nvm_reader_skip(r, 4);
    c = nvm_reader_u32(r);
    d = nvm_reader_u32(r);

    if (a == 0 && d == 0) {
        return b == one && c == minus ? 1 : b == minus && c == one ? 3 : 0;
    }

    return b == 0 && c == 0 && a == minus && d == minus ? 2 : 0;
}


static nvm_err_e
nvm_mp4_tkhd(const nvm_mp4_box_t *trak, nvm_mp4_track_t *t, nvm_fault_t *f)
{
    unsigned       version;
    nvm_err_e      rc;
    nvm_mp4_box_t  tkhd;

    rc = nvm_mp4_box_need(trak, NVM_FOURCC('t', 'k', 'h', 'd'), &tkhd,
                          "trak has no tkhd", f);
    if (rc != NVM_OK) {
        return rc;
    }

    version = nvm_reader_u32(&tkhd.r) >> 24;
    nvm_reader_skip(&tkhd.r, version == 1 ? 16 : 8);
    t->source_id = nvm_reader_u32(&tkhd.r);

    if (tkhd.r.error) {
        return nvm_mp4_box_fault(f, &tkhd, NVM_ETRUNC, tkhd.offset,
                                 "box is cut");
    }

    /* duration; layer, group and volume among what is reserved */

    nvm_reader_skip(&tkhd.r, 4 + (version == 1 ? 8 : 4) + 16);
    t->track.rotation = nvm_mp4_rotation(&tkhd.r);

    if (tkhd.r.error) {
        t->track.rotation = 0;
    }

    return NVM_OK;
}


/*
 * The data reference of a sample entry (8.7.2): flag 1 means "in this file".
 * A reference that is not there is taken for that, as every reader does.
 */
static nvm_err_e
nvm_mp4_dref(const nvm_mp4_box_t *minf, uint32_t reference, nvm_fault_t *f)
{
    uint32_t       n;
    nvm_err_e      rc;
    nvm_mp4_box_t  dinf, dref, box;

    rc = nvm_mp4_box_find(minf, NVM_FOURCC('d', 'i', 'n', 'f'), &dinf, f);
    if (rc == NVM_OK) {
        rc = nvm_mp4_box_find(&dinf, NVM_FOURCC('d', 'r', 'e', 'f'), &dref, f);
    }

    if (rc != NVM_OK) {
        return rc == NVM_ENOENT ? NVM_OK : rc;
    }

    nvm_reader_skip(&dref.r, 8);

    for (n = 1; (rc = nvm_mp4_box_next(&dref, &box, f)) == NVM_OK; n++) {
        if (n == reference && (nvm_reader_u32(&box.r) & 1) == 0) {
            return nvm_mp4_box_fault(f, &box, NVM_EUNSUP, box.offset,
                                     "samples are in another file");
        }
    }

    return rc == NVM_ENOENT ? NVM_OK : rc;
}


/* NVM_KINDS for what is none of them, from hdlr (8.4.3) */
static nvm_kind_e
nvm_mp4_kind(uint32_t type)
{
    switch (type) {

    case NVM_FOURCC('v', 'i', 'd', 'e'):
        return NVM_VIDEO;

    case NVM_FOURCC('s', 'o', 'u', 'n'):
        return NVM_AUDIO;

    case NVM_FOURCC('t', 'e', 'x', 't'):
    case NVM_FOURCC('s', 'b', 't', 'l'):
    case NVM_FOURCC('s', 'u', 'b', 't'):
        return NVM_TEXT;

    default:
        return NVM_KINDS;
    }
}


static nvm_err_e
nvm_mp4_handler(const nvm_mp4_box_t *mdia, nvm_kind_e *kind, nvm_fault_t *f)
{
    nvm_err_e      rc;
    nvm_mp4_box_t  hdlr;

    rc = nvm_mp4_box_need(mdia, NVM_FOURCC('h', 'd', 'l', 'r'), &hdlr,
                          "mdia has no hdlr", f);
    if (rc != NVM_OK) {
        return rc;
    }

    nvm_reader_skip(&hdlr.r, 8);
    *kind = nvm_mp4_kind(nvm_reader_u32(&hdlr.r));

    return NVM_OK;
}


/*
 * The frame rate that the samples have.  That of the SPS stands only if it
 * agrees with the average to 2 %: it is often the limit of a variable rate.
 */
void
nvm_mp4_frame_rate(nvm_mp4_track_t *t, uint32_t delta)
{
    uint32_t      a, b, c;
    uint64_t      said, real;
    nvm_track_t  *track;

    track = &t->track;

    if (delta) {
        for (a = track->timescale, b = delta; b; c = a % b, a = b, b = c) {
            /* void */
        }

        track->fps_num = track->timescale / a;
        track->fps_den = delta / a;

        return;
    }

    if (track->fps_num == 0 || track->fps_den == 0) {
        return;
    }

    said = (uint64_t) ((__uint128_t) track->fps_num * t->media_duration
                       / track->fps_den / track->timescale);
    real = t->nsamples;

    if (said > real + real / 50 + 1 || said + real / 50 + 1 < real) {
        track->fps_num = 0;
        track->fps_den = 1;
    }
}


/* The last sample may last longer, or shorter, than all the others. */
static uint32_t
nvm_mp4_delta(const nvm_mp4_track_t *t)
{
    if (t->stts.count == 1
        || nvm_mp4_table_u32(&t->stts, 0, 8, 0) == t->nsamples - 1)
    {
        return nvm_mp4_table_u32(&t->stts, 0, 8, 4);
    }

    return 0;
}


/* A track that can't be packaged: counted, the first one's entry kept. */
static void
nvm_mp4_skip(nvm_mp4_parse_t *p, uint32_t type)
{
    int   i;
    char  c;

    if (p->mp4->nskipped++ == 0 && type) {
        for (i = 0; i < 4; i++) {
            c = (char) (type >> (24 - 8 * i));
            p->mp4->skipped[i] = c >= 0x20 && c < 0x7f ? c : '?';
        }
    }
}


/* The mandatory boxes of a track down to stbl. */
typedef struct {
    nvm_mp4_box_t  mdia;
    nvm_mp4_box_t  minf;
    nvm_mp4_box_t  stbl;
} nvm_mp4_trak_t;


/* Another sample entry than the first that fits; as nvm_mp4_media(). */
static nvm_err_e
nvm_mp4_entry(const nvm_mp4_parse_t *p, const nvm_mp4_trak_t *b,
    nvm_kind_e kind, uint32_t description, nvm_track_t *track,
    nvm_mp4_entry_t *entry)
{
    nvm_err_e  rc;

    memset(track, 0, sizeof(nvm_track_t));
    entry->description = description;

    rc = nvm_mp4_entry_parse(&b->stbl, kind, track, entry, p->f);
    if (rc == NVM_OK) {
        rc = nvm_mp4_dref(&b->minf, entry->reference, p->f);
    }

    return rc == NVM_OK ? nvm_mp4_mdhd(&b->mdia, track, p->f) : rc;
}


/* All sample entries that the samples have can be packaged. */
static nvm_err_e
nvm_mp4_entries(const nvm_mp4_parse_t *p, const nvm_mp4_trak_t *b,
    nvm_kind_e kind, nvm_mp4_track_t *t, nvm_mp4_entry_t *entry)
{
    uint32_t         i;
    nvm_err_e        rc;
    nvm_track_t      track;
    nvm_mp4_entry_t  other;

    if (t->description != entry->description) {
        rc = nvm_mp4_entry(p, b, kind, t->description, &track, entry);
        if (rc != NVM_OK) {
            return rc;
        }

        track.rotation = t->track.rotation;
        t->track = track;
    }

    for (i = 0; i < t->nchanges; i++) {
        rc = nvm_mp4_entry(p, b, kind, t->changes[i].description, &track,
                           &other);

        if (rc == NVM_EUNSUP && p->f->code == NVM_OK) {
            return nvm_mp4_box_fault(p->f, &b->stbl, rc, b->stbl.offset,
                                     "a sample entry that is changed to "
                                     "can't be packaged");
        }

        if (rc != NVM_OK) {
            return rc;
        }
    }

    return NVM_OK;
}


/* NVM_EUNSUP without a fault: the track is to be skipped. */
static nvm_err_e
nvm_mp4_media(const nvm_mp4_parse_t *p, const nvm_mp4_trak_t *b,
    nvm_kind_e kind, nvm_mp4_track_t *t, nvm_mp4_entry_t *entry)
{
    nvm_err_e  rc;

    rc = nvm_mp4_entry_parse(&b->stbl, kind, &t->track, entry, p->f);
    if (rc != NVM_OK) {
        return rc;
    }

    rc = nvm_mp4_dref(&b->minf, entry->reference, p->f);
    if (rc != NVM_OK) {
        return rc;
    }

    rc = nvm_mp4_mdhd(&b->mdia, &t->track, p->f);
    if (rc != NVM_OK) {
        return rc;
    }

    t->stbl = b->stbl.r;
    t->description = entry->description;

    rc = nvm_mp4_tables_parse(p->arena, &b->stbl, p->file_size, t, p->f);

    if (rc == NVM_OK && t->nsamples) {
        rc = nvm_mp4_entries(p, b, kind, t, entry);
    }

    if (rc != NVM_OK || !p->fragmented) {
        return rc == NVM_OK && t->nsamples == 0 ? NVM_EUNSUP : rc;
    }

    if (t->nchanges) {
        return nvm_mp4_box_fault(p->f, &b->stbl, NVM_EUNSUP, b->stbl.offset,
                                 "sample entries change before fragments");
    }

    t->tables = t->nsamples;
    t->delta = t->nsamples ? nvm_mp4_delta(t) : 0;

    return NVM_OK;
}


/*
 * The edit list of a track whose samples are not known yet: any start is
 * good, and the durations are of what there was when it was written.
 */
static nvm_err_e
nvm_mp4_fragmented_edit(nvm_mp4_parse_t *p, const nvm_mp4_box_t *trak,
    nvm_mp4_track_t *t)
{
    uint64_t   duration;
    nvm_err_e  rc;

    duration = t->media_duration;
    t->media_duration = (uint64_t) NVM_MP4_MAX_SECONDS * t->track.timescale;

    rc = nvm_mp4_edit_parse(trak, p->mp4->timescale, t, p->f);

    t->media_duration = duration;
    t->media_end = UINT64_MAX;

    return rc;
}


/* Tracks that this one names as its chapters (8.3.3; QuickTime's "chap"). */
static void
nvm_mp4_chapters(nvm_mp4_parse_t *p, const nvm_mp4_box_t *trak)
{
    nvm_fault_t    f = { 0 };
    nvm_mp4_box_t  tref, chap;

    if (nvm_mp4_box_find(trak, NVM_FOURCC('t', 'r', 'e', 'f'), &tref, &f)
        != NVM_OK
        || nvm_mp4_box_find(&tref, NVM_FOURCC('c', 'h', 'a', 'p'), &chap, &f)
           != NVM_OK)
    {
        return;
    }

    while (nvm_reader_left(&chap.r) >= 4
           && p->nchapters < NVM_MP4_MAX_CHAPTERS)
    {
        p->chapters[p->nchapters++] = nvm_reader_u32(&chap.r);
    }
}


/* Those are text that is no subtitle. */
static void
nvm_mp4_chapters_remove(nvm_mp4_parse_t *p)
{
    uint32_t         i, k, n;
    nvm_mp4_track_t  *t;

    t = p->mp4->tracks;

    for (i = 0, n = 0; i < p->mp4->ntracks; i++) {

        for (k = 0; k < p->nchapters; k++) {
            if (t[i].track.kind == NVM_TEXT
                && t[i].source_id == p->chapters[k])
            {
                break;
            }
        }

        if (k < p->nchapters) {
            continue;
        }

        if (n != i) {
            t[n] = t[i];
        }

        n++;
    }

    p->mp4->ntracks = n;
}


/* All of a track; NVM_EUNSUP without a fault as above. */
static nvm_err_e
nvm_mp4_trak_read(nvm_mp4_parse_t *p, const nvm_mp4_box_t *trak,
    nvm_kind_e *kind, nvm_mp4_track_t *t, nvm_mp4_entry_t *entry)
{
    nvm_err_e       rc;
    nvm_mp4_trak_t  b;

    rc = nvm_mp4_tkhd(trak, t, p->f);
    if (rc == NVM_OK) {
        rc = nvm_mp4_box_need(trak, NVM_FOURCC('m', 'd', 'i', 'a'), &b.mdia,
                              "trak has no mdia", p->f);
    }

    if (rc == NVM_OK) {
        rc = nvm_mp4_handler(&b.mdia, kind, p->f);
    }

    if (rc == NVM_OK) {
        rc = nvm_mp4_box_need(&b.mdia, NVM_FOURCC('m', 'i', 'n', 'f'), &b.minf,
                              "mdia has no minf", p->f);
    }

    if (rc == NVM_OK) {
        rc = nvm_mp4_box_need(&b.minf, NVM_FOURCC('s', 't', 'b', 'l'), &b.stbl,
                              "minf has no stbl", p->f);
    }

    if (rc == NVM_OK) {
        rc = nvm_mp4_media(p, &b, *kind, t, entry);
    }

    if (rc != NVM_OK) {
        return rc;
    }

    return p->fragmented
           ? nvm_mp4_fragmented_edit(p, trak, t)
           : nvm_mp4_edit_parse(trak, p->mp4->timescale, t, p->f);
}


static nvm_err_e
nvm_mp4_trak(nvm_mp4_parse_t *p, const nvm_mp4_box_t *trak)
{
    nvm_err_e        rc;
    nvm_kind_e       kind;
    nvm_mp4_entry_t  entry = { 0 };
    nvm_mp4_track_t  t;

    memset(&t, 0, sizeof(nvm_mp4_track_t));
    kind = NVM_KINDS;

    rc = nvm_mp4_trak_read(p, trak, &kind, &t, &entry);

    if (rc != NVM_OK && rc != NVM_ENOMEM
        && (kind == NVM_TEXT || (rc == NVM_EUNSUP && p->f->code == NVM_OK)))
    {
        /* no subtitles are better than no video */
        memset(p->f, 0, sizeof(nvm_fault_t));
        nvm_mp4_skip(p, entry.type);
        return NVM_OK;
    }

    if (rc != NVM_OK) {
        return rc;
    }

    nvm_mp4_chapters(p, trak);

    p->nsamples += t.nsamples;

    if (p->nsamples > NVM_MAX_SAMPLES) {
        return nvm_mp4_box_fault(p->f, trak, NVM_ELIMIT, trak->offset,
                                 "too many samples");
    }

    if (p->mp4->ntracks == NVM_MAX_TRACKS) {
        return nvm_mp4_box_fault(p->f, trak, NVM_ELIMIT, trak->offset,
                                 "too many tracks");
    }

    if (kind == NVM_VIDEO && !p->fragmented) {
        nvm_mp4_frame_rate(&t, nvm_mp4_delta(&t));
    }

    p->mp4->tracks[p->mp4->ntracks++] = t;

    return NVM_OK;
}


static void
nvm_mp4_uuid(nvm_mp4_parse_t *p, const nvm_mp4_box_t *box)
{
    nvm_reader_t    r;
    const uint8_t  *type;

    r = box->r;
    type = nvm_reader_bytes(&r, NVM_MP4_UUID);

    if (!r.error && memcmp(type, NVM_MP4_PLACED, NVM_MP4_UUID) == 0) {
        p->mp4->placed = 1;
    }
}


static nvm_err_e
nvm_mp4_moov(nvm_mp4_parse_t *p, nvm_mp4_box_t *moov)
{
    nvm_err_e      rc;
    nvm_mp4_box_t  box, mvex;

    rc = nvm_mp4_box_find(moov, NVM_FOURCC('m', 'v', 'e', 'x'), &mvex, p->f);

    if (rc != NVM_OK && rc != NVM_ENOENT) {
        return rc;
    }

    p->fragmented = rc == NVM_OK;

    rc = nvm_mp4_box_need(moov, NVM_FOURCC('m', 'v', 'h', 'd'), &box,
                          "moov has no mvhd", p->f);
    if (rc == NVM_OK) {
        rc = nvm_mp4_timescale(&box, &p->mp4->timescale, p->f);
    }

    while (rc == NVM_OK) {
        rc = nvm_mp4_box_next(moov, &box, p->f);

        if (rc == NVM_OK && box.type == NVM_FOURCC('t', 'r', 'a', 'k')) {
            box.index = ++p->ntraks;
            rc = nvm_mp4_trak(p, &box);

        } else if (rc == NVM_OK
                   && box.type == NVM_FOURCC('u', 'u', 'i', 'd'))
        {
            nvm_mp4_uuid(p, &box);
        }
    }

    if (rc != NVM_ENOENT || p->f->code != NVM_OK) {
        return rc;
    }

    nvm_mp4_chapters_remove(p);

    return p->fragmented
           ? nvm_mp4_mvex_parse(&mvex, p->mp4, p->f)
           : nvm_mp4_periods_count(p->mp4, p->arena, p->file_size, p->f);
}


static nvm_err_e
nvm_mp4_root(nvm_mp4_parse_t *p, const uint8_t *moov, size_t n,
    uint64_t offset)
{
    char           type[5];
    uint32_t       header;
    uint64_t       size;
    nvm_err_e      rc;
    nvm_mp4_box_t  box = { 0 };

    rc = nvm_mp4_top(moov, n, offset, offset + n, type, &size, p->f);
    if (rc != NVM_OK) {
        return rc;
    }

    if (memcmp(type, "moov", 4) != 0) {
        return nvm_fault(p->f, NVM_EINVAL, offset, "box is not moov");
    }

    p->mp4 = nvm_alloc(p->arena, 1, sizeof(nvm_mp4_t));
    if (p->mp4 == NULL) {
        return nvm_fault(p->f, NVM_ENOMEM, offset, "no memory for the tracks");
    }

    nvm_reader_init(&box.r, moov, (size_t) size, offset);
    (void) nvm_mp4_box_header(&box.r, &box.type, &size, &header);
    box.offset = offset;

    return nvm_mp4_moov(p, &box);
}


nvm_err_e
nvm_mp4_parse(nvm_arena_t *arena, const uint8_t *moov, size_t n,
    uint64_t offset, uint64_t file_size, nvm_mp4_t **out, nvm_fault_t *f)
{
    nvm_err_e        rc;
    nvm_fault_t      fault = { 0 };
    nvm_mp4_parse_t  p = { 0 };

    /* its own: a fault tells a refused file from a track that is skipped */

    p.arena = arena;
    p.f = &fault;
    p.file_size = file_size;

    rc = nvm_mp4_root(&p, moov, n, offset);

    if (rc != NVM_OK && f != NULL && f->code == NVM_OK) {
        *f = fault;
    }

    *out = rc == NVM_OK ? p.mp4 : NULL;

    return rc;
}
