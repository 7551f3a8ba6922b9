/*
 * Copyright (C) ngx_video authors
 *
 * The HLS media playlist (RFC 8216bis, 4.4.2 to 4.4.5).  The multivariant
 * playlist has a file of its own, nvm_hls_master.c.
 *
 * The text of a segment depends on nothing but the segment, so that it stays
 * the same from one reload to the next (6.2.1).
 */

#include <inttypes.h>

#include "nvm_hls_range.h"
#include "nvm_text.h"


#define NVM_HLS_VERSION_PLAIN   3       /* EXTINF with decimals (7) */
#define NVM_HLS_VERSION         6       /* EXT-X-MAP (7) */
#define NVM_HLS_VERSION_IMAGES  7       /* EXT-X-IMAGES-ONLY (Roku) */
#define NVM_HLS_VERSION_SKIP    9       /* EXT-X-SKIP (7) */
#define NVM_HLS_VERSION_RANGES  10      /* ... of date ranges (7) */

/* In target durations: HOLD-BACK at least (4.4.3.8). */
#define NVM_HLS_HOLD_BACK       3

/* In target durations: CAN-SKIP-UNTIL at least (4.4.3.8). */
#define NVM_HLS_SKIP_UNTIL      6

/* In target durations from the end: where parts are of use (6.2.2). */
#define NVM_HLS_PART_WINDOW     3

/* In part targets: PART-HOLD-BACK as advised; two at least (4.4.3.8). */
#define NVM_HLS_PART_HOLD_BACK  3

/* In a gap: more than a live segment can have are not listed. */
#define NVM_HLS_GAP_PARTS       1024

/* Before the first EXT-X-MAP. */
#define NVM_HLS_NO_MAP          SIZE_MAX


/* What one run of the media writer works with. */
typedef struct {
    nvm_writer_t           *w;
    const nvm_timeline_t   *tl;
    const nvm_hls_media_t  *opt;
    size_t                  n;          /* segments that appear */
    size_t                  skip;       /* of them behind EXT-X-SKIP */
    size_t                  map;        /* opt->maps in force, plus one */
    uint64_t                end;        /* of the last of them, in ticks */
    uint64_t                target;     /* seconds, as written */
    uint32_t                timescale;
    unsigned                ll:1;
} nvm_hls_list_t;


/* Microseconds between two times of the track, see nvm_text_us(). */
static uint64_t
nvm_hls_us(const nvm_hls_list_t *l, uint64_t start, uint64_t duration)
{
    return nvm_text_us(start + duration, l->timescale)
           - nvm_text_us(start, l->timescale);
}


static uint32_t
nvm_hls_timescale(const nvm_timeline_t *tl)
{
    return tl->timescale ? tl->timescale : tl->track->timescale;
}


static uint64_t
nvm_hls_segment_end(const nvm_segment_t *s)
{
    const nvm_part_t  *p;

    if (s->complete || s->nparts == 0) {
        return s->start + s->duration;
    }

    p = &s->parts[s->nparts - 1];

    return p->dts + p->duration;
}


/* Whether the segment ends at least n target durations before the end. */
static unsigned
nvm_hls_is_old(const nvm_hls_list_t *l, const nvm_segment_t *s, uint64_t n)
{
    uint64_t  end;

    end = nvm_hls_segment_end(s);

    return end < l->end && l->end - end >= n * l->target * l->timescale;
}


/* The element of maps that applies to a segment, plus one; 0 for none. */
static size_t
nvm_hls_map_of(const nvm_hls_media_t *opt, uint64_t msn)
{
    size_t  i;

    for (i = opt->nmaps; i > 0; i--) {
        if (opt->maps[i - 1].msn <= msn) {
            break;
        }
    }

    return i;
}


/* Decides what appears: the fields of l from n on. */
static void
nvm_hls_plan(nvm_hls_list_t *l)
{
    size_t                i;
    uint64_t              us;
    const nvm_segment_t  *s;

    l->n = l->tl->nsegments;

    /*
     * A client has the EXT-X-MAP of what an update skips (6.2.5.1), but Shaka
     * 5.2 takes what follows for segments without one.
     */
    l->map = NVM_HLS_NO_MAP;

    l->timescale = nvm_hls_timescale(l->tl);
    l->ll = l->opt->low_latency && !l->opt->vod && l->tl->part_target;
    l->target = l->tl->target ? l->tl->target : 1;

    if (l->n) {
        s = &l->tl->segments[l->n - 1];

        if (!s->complete && (!l->ll || s->nparts == 0)) {
            l->n--;
        }
    }

    if (l->n == 0) {
        return;
    }

    l->end = nvm_hls_segment_end(&l->tl->segments[l->n - 1]);

    for (i = 0; i < l->n; i++) {
        s = &l->tl->segments[i];

        if (s->complete) {
            us = nvm_hls_us(l, s->start, s->duration);
            us = (us + 500000) / 1000000;
            l->target = us > l->target ? us : l->target;
        }
    }

    if (!l->opt->skip || !l->opt->can_skip || l->opt->vod) {
        return;
    }

    while (l->skip < l->n
           && nvm_hls_is_old(l, &l->tl->segments[l->skip], NVM_HLS_SKIP_UNTIL))
    {
        l->skip++;
    }
}


/*
 * PART-TARGET in microseconds, rounded up: no part may be longer (4.4.4.9),
 * and the rounding of its two ends may lengthen one to the next microsecond.
 */
static uint64_t
nvm_hls_part_target(const nvm_hls_list_t *l)
{
    return ((uint64_t) l->tl->part_target * 1000000 + l->timescale - 1)
           / l->timescale;
}


/* EXT-X-SERVER-CONTROL (4.4.3.8) and EXT-X-PART-INF (4.4.3.7). */
static void
nvm_hls_control(const nvm_hls_list_t *l)
{
    char                    sep;
    nvm_writer_t           *w;
    const nvm_hls_media_t  *opt;

    w = l->w;
    opt = l->opt;
    sep = ':';

    if (opt->vod
        || !(l->ll || opt->can_block || opt->hold_back || opt->can_skip))
    {
        return;
    }

    nvm_writer_text(w, "#EXT-X-SERVER-CONTROL");

    if (opt->can_block) {
        nvm_writer_fmt(w, "%cCAN-BLOCK-RELOAD=YES", sep);
        sep = ',';
    }

    if (opt->can_skip) {
        nvm_writer_fmt(w, "%cCAN-SKIP-UNTIL=%" PRIu64 ".0", sep,
                       l->target * NVM_HLS_SKIP_UNTIL);
        sep = ',';

        if (opt->can_skip_ranges) {
            nvm_writer_text(w, ",CAN-SKIP-DATERANGES=YES");
        }
    }

    if (opt->hold_back) {
        nvm_writer_fmt(w, "%cHOLD-BACK=%" PRIu64 ".0", sep,
                       l->target * NVM_HLS_HOLD_BACK);
        sep = ',';
    }

    if (l->ll) {
        nvm_writer_fmt(w, "%cPART-HOLD-BACK=", sep);
        nvm_text_seconds(w, nvm_hls_part_target(l) * NVM_HLS_PART_HOLD_BACK);
        nvm_writer_text(w, "\n#EXT-X-PART-INF:PART-TARGET=");
        nvm_text_seconds(w, nvm_hls_part_target(l));
    }

    nvm_writer_text(w, "\n");
}


/* Whether it is a delta update that leaves out date ranges (6.2.5.1). */
static unsigned
nvm_hls_skips_ranges(const nvm_hls_list_t *l)
{
    return l->skip && l->opt->skip_ranges && l->opt->can_skip_ranges;
}


static void
nvm_hls_header(const nvm_hls_list_t *l)
{
    uint64_t       msn;
    nvm_writer_t  *w;

    w = l->w;

    /* a version that a client does not know keeps it from playing */

    nvm_writer_fmt(w, "#EXTM3U\n#EXT-X-VERSION:%d\n",
                   l->opt->images ? NVM_HLS_VERSION_IMAGES
                   : !l->skip && l->opt->ts ? NVM_HLS_VERSION_PLAIN
                   : !l->skip ? NVM_HLS_VERSION
                   : nvm_hls_skips_ranges(l) ? NVM_HLS_VERSION_RANGES
                   : NVM_HLS_VERSION_SKIP);
    nvm_writer_fmt(w, "#EXT-X-TARGETDURATION:%" PRIu64 "\n", l->target);

    nvm_hls_control(l);

    msn = l->tl->segments[0].msn;
    nvm_writer_fmt(w, "#EXT-X-MEDIA-SEQUENCE:%" PRIu64 "\n", msn);

    if (l->opt->discontinuity_sequence) {
        nvm_writer_fmt(w, "#EXT-X-DISCONTINUITY-SEQUENCE:%" PRIu64 "\n",
                       l->opt->discontinuity_sequence);
    }

    if (l->opt->vod) {
        nvm_writer_text(w, "#EXT-X-PLAYLIST-TYPE:VOD\n");
    }

    if (l->opt->independent) {
        nvm_writer_text(w, "#EXT-X-INDEPENDENT-SEGMENTS\n");
    }

    if (l->opt->keys) {
        nvm_writer_text(w, "#EXT-X-I-FRAMES-ONLY\n");
    }

    if (l->opt->images) {
        nvm_writer_text(w, "#EXT-X-IMAGES-ONLY\n");
    }

    if (l->skip) {
        nvm_writer_fmt(w, "#EXT-X-SKIP:SKIPPED-SEGMENTS=%zu", l->skip);

        if (nvm_hls_skips_ranges(l)) {
            nvm_hls_ranges_removed(w, l->opt->ranges, l->opt->nranges);
        }

        nvm_writer_text(w, "\n");
    }

    nvm_hls_ranges_write(w, l->opt->ranges, l->opt->nranges,
                         nvm_hls_skips_ranges(l));
}


static void
nvm_hls_prefix(const nvm_hls_list_t *l, uint64_t msn)
{
    size_t  i;

    i = nvm_hls_map_of(l->opt, msn);

    nvm_text_uri(l->w, i ? l->opt->maps[i - 1].prefix : l->opt->prefix, 0);
}


static void
nvm_hls_part_uri(const nvm_hls_list_t *l, uint64_t msn, unsigned part)
{
    nvm_hls_prefix(l, msn);
    nvm_writer_number(l->w, msn, 1);
    nvm_writer_text(l->w, ".");
    nvm_writer_number(l->w, part, 1);
    nvm_writer_text(l->w, ".m4s");
    nvm_text_query(l->w, l->opt->query, 0);
}


/* EXT-X-MAP (4.4.4.5), where the one in force changes. */
static void
nvm_hls_init(nvm_hls_list_t *l, uint64_t msn)
{
    size_t       i;
    const char  *init;

    i = nvm_hls_map_of(l->opt, msn);

    if (i == l->map || l->opt->ts || l->opt->vtt || l->opt->images) {
        return;
    }

    l->map = i;
    init = i ? l->opt->maps[i - 1].init : l->opt->init;

    nvm_writer_text(l->w, "#EXT-X-MAP:URI=\"");
    nvm_hls_prefix(l, msn);
    nvm_text_uri(l->w, init ? init : "init.mp4", 0);
    nvm_text_query(l->w, l->opt->query, 0);
    nvm_writer_text(l->w, "\"\n");

    if (l->opt->protection) {
        nvm_writer_text(l->w, l->opt->protection);
    }
}


/*
 * Of a gap, what there are no parts of: microseconds at its end.  It has been
 * cut off behind its parts, or has none.
 */
static uint64_t
nvm_hls_missing(const nvm_hls_list_t *l, const nvm_segment_t *s)
{
    uint64_t           from, end;
    const nvm_part_t  *p;

    from = s->start;
    end = s->start + s->duration;

    if (s->nparts) {
        p = &s->parts[s->nparts - 1];
        from = p->dts + p->duration;
    }

    return from < end ? nvm_hls_us(l, from, end - from) : 0;
}


/* How many parts that is: as long as may be, but for the last (4.4.4.9). */
static uint64_t
nvm_hls_missing_parts(const nvm_hls_list_t *l, const nvm_segment_t *s)
{
    uint64_t  target;

    target = nvm_hls_part_target(l);

    return (nvm_hls_missing(l, s) + target - 1) / target;
}


/* A gap whose parts are not known any more has no end that could be told. */
static unsigned
nvm_hls_gap_is_whole(const nvm_hls_list_t *l, const nvm_segment_t *s)
{
    return (s->nparts || s->size == 0)
           && nvm_hls_missing_parts(l, s) <= NVM_HLS_GAP_PARTS;
}


/*
 * Whether parts are listed.  A segment that is over is listed with all of its
 * parts or with none, for they must add up to it.
 */
static unsigned
nvm_hls_has_parts(const nvm_hls_list_t *l, const nvm_segment_t *s)
{
    const nvm_part_t  *p;

    if (!l->ll || (s->nparts == 0 && !s->gap)) {
        return 0;
    }

    if (!s->complete) {
        return 1;
    }

    if (s->first_part != 0 || nvm_hls_is_old(l, s, NVM_HLS_PART_WINDOW)) {
        return 0;
    }

    if (s->gap) {
        return nvm_hls_gap_is_whole(l, s);
    }

    p = &s->parts[s->nparts - 1];

    return p->dts + p->duration == s->start + s->duration;
}


static void
nvm_hls_part(const nvm_hls_list_t *l, const nvm_segment_t *s, unsigned part,
    uint64_t us, const char *attributes)
{
    nvm_writer_text(l->w, "#EXT-X-PART:DURATION=");
    nvm_text_seconds(l->w, us);
    nvm_writer_text(l->w, ",URI=\"");
    nvm_hls_part_uri(l, s->msn, part);
    nvm_writer_text(l->w, "\"");
    nvm_writer_text(l->w, attributes);
    nvm_writer_text(l->w, "\n");
}


/*
 * EXT-X-PART (4.4.4.9).  Those that are missing of a gap are told, too: hls.js
 * 1.7.4 waits for parts of a segment that has none.
 */
static void
nvm_hls_parts(const nvm_hls_list_t *l, const nvm_segment_t *s)
{
    size_t             i;
    uint64_t           us, target;
    const nvm_part_t  *p;

    if (!nvm_hls_has_parts(l, s)) {
        return;
    }

    for (i = 0; i < s->nparts; i++) {
        p = &s->parts[i];
        nvm_hls_part(l, s, (unsigned) (s->first_part + i),
                     nvm_hls_us(l, p->dts, p->duration),
                     p->independent ? ",INDEPENDENT=YES" : "");
    }

    if (!s->gap) {
        return;
    }

    target = nvm_hls_part_target(l);

    for (us = nvm_hls_missing(l, s); us; us -= us < target ? us : target) {
        nvm_hls_part(l, s, (unsigned) i++, us < target ? us : target,
                     ",GAP=YES");
    }
}


static const char *
nvm_hls_extension(const nvm_hls_list_t *l)
{
    if (l->opt->vtt) {
        return l->opt->ts ? ".ts.vtt" : ".vtt";
    }

    return l->opt->ts ? ".ts" : l->opt->images ? ".jpg" : ".m4s";
}


static void
nvm_hls_segment(nvm_hls_list_t *l, const nvm_segment_t *s)
{
    if (s->discontinuity) {
        nvm_writer_text(l->w, "#EXT-X-DISCONTINUITY\n");
    }

    nvm_hls_init(l, s->msn);

    if (s->wall && !l->opt->vod) {
        nvm_writer_text(l->w, "#EXT-X-PROGRAM-DATE-TIME:");
        nvm_text_date(l->w, s->wall);
        nvm_writer_text(l->w, "\n");
    }

    nvm_hls_parts(l, s);

    if (!s->complete) {
        return;
    }

    if (s->gap) {
        nvm_writer_text(l->w, "#EXT-X-GAP\n");
    }

    nvm_writer_text(l->w, "#EXTINF:");
    nvm_text_seconds(l->w, nvm_hls_us(l, s->start, s->duration));
    nvm_writer_text(l->w, ",\n");

    if (l->opt->images) {
        nvm_images_tiles(l->w, l->opt->images,
                         nvm_hls_us(l, s->start, s->duration));
    }

    nvm_hls_prefix(l, s->msn);
    nvm_writer_text(l->w, l->opt->keys ? "i" : "");
    nvm_writer_number(l->w, s->msn, 1);
    nvm_writer_text(l->w, nvm_hls_extension(l));
    nvm_text_query(l->w, l->opt->query, 0);
    nvm_writer_text(l->w, "\n");
}


/*
 * What comes next: EXT-X-PRELOAD-HINT (4.4.5.3).  An open segment whose writer
 * takes the newest part for its last one is hinted past: a hinted part that
 * never comes costs a player more than one that was not hinted.
 */
static void
nvm_hls_hint(const nvm_hls_list_t *l)
{
    unsigned              part, full;
    uint64_t              msn;
    const nvm_segment_t  *s;

    s = &l->tl->segments[l->tl->nsegments - 1];

    full = s->complete || (s->nparts && s->parts[s->nparts - 1].last);

    msn = full ? s->msn + 1 : s->msn;
    part = full ? 0 : (unsigned) s->first_part + s->nparts;

    nvm_writer_text(l->w, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"");
    nvm_hls_part_uri(l, msn, part);
    nvm_writer_text(l->w, "\"\n");
}


/* EXT-X-RENDITION-REPORT (4.4.5.4). */
static void
nvm_hls_reports(const nvm_hls_list_t *l)
{
    size_t                   i;
    const nvm_hls_report_t  *r;

    for (i = 0; i < l->opt->nreports; i++) {
        r = &l->opt->reports[i];

        nvm_writer_text(l->w, "#EXT-X-RENDITION-REPORT:URI=\"");
        nvm_text_uri(l->w, r->uri, 0);
        nvm_text_query(l->w, l->opt->query, 0);
        nvm_writer_fmt(l->w, "\",LAST-MSN=%" PRIu64, r->last_msn);

        if (r->last_part >= 0) {
            nvm_writer_fmt(l->w, ",LAST-PART=%" PRId32, r->last_part);
        }

        nvm_writer_text(l->w, "\n");
    }
}


int32_t
nvm_hls_last_part(const nvm_timeline_t *tl, const nvm_segment_t *s)
{
    nvm_hls_list_t  l;

    l = (nvm_hls_list_t) { .tl = tl, .timescale = nvm_hls_timescale(tl) };

    if (!s->gap || tl->part_target == 0 || !nvm_hls_gap_is_whole(&l, s)) {
        return (int32_t) s->nparts - 1;
    }

    return (int32_t) (s->nparts + nvm_hls_missing_parts(&l, s)) - 1;
}


nvm_err_e
nvm_hls_media_write(nvm_writer_t *w, const nvm_timeline_t *tl,
    const nvm_hls_media_t *opt)
{
    size_t          i;
    nvm_hls_list_t  list;

    list = (nvm_hls_list_t) { .w = w, .tl = tl, .opt = opt };

    nvm_hls_plan(&list);

    if (list.n == 0) {
        return NVM_ENOENT;
    }

    nvm_hls_header(&list);

    for (i = list.skip; i < list.n; i++) {
        nvm_hls_segment(&list, &tl->segments[i]);
    }

    if (opt->vod || tl->ended) {
        nvm_writer_text(w, "#EXT-X-ENDLIST\n");

    } else if (list.ll) {
        if (!opt->paused) {
            nvm_hls_hint(&list);
        }

        nvm_hls_reports(&list);
    }

    return w->error;
}


nvm_err_e
nvm_hls_joined_write(nvm_writer_t *w, const nvm_hls_stretch_t *s, size_t n,
    const nvm_hls_media_t *opt)
{
    size_t           i, k;
    uint64_t         target;
    unsigned         begun;
    nvm_hls_list_t   list;
    nvm_hls_media_t  o;

    o = *opt;
    o.vod = 1;
    o.nmaps = 0;
    target = 0;
    begun = 0;

    for (i = 0; i < n; i++) {
        list = (nvm_hls_list_t) { .tl = s[i].timeline, .opt = &o };
        nvm_hls_plan(&list);
        target = list.n && list.target > target ? list.target : target;
    }

    for (i = 0; i < n; i++) {
        list = (nvm_hls_list_t) { .w = w, .tl = s[i].timeline, .opt = &o };
        o.prefix = s[i].prefix;
        nvm_hls_plan(&list);
        list.target = target;

        if (list.n && begun) {
            nvm_writer_text(w, "#EXT-X-DISCONTINUITY\n");

        } else if (list.n) {
            nvm_hls_header(&list);
            begun = 1;
        }

        for (k = 0; k < list.n; k++) {
            nvm_hls_segment(&list, &list.tl->segments[k]);
        }
    }

    if (!begun) {
        return NVM_ENOENT;
    }

    nvm_writer_text(w, "#EXT-X-ENDLIST\n");

    return w->error;
}
