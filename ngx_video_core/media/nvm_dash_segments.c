/*
 * Copyright (C) ngx_video authors
 *
 * Where the segments of a manifest are: SegmentTemplate (ISO/IEC 23009-1,
 * 5.3.9.4) of tracks, and of their thumbnails.
 */

#include <inttypes.h>

#include "nvm_dash_mpd.h"
#include "nvm_text.h"


/*
 * SegmentTimeline (5.3.9.6): segments of one duration that follow each other
 * without a gap are one S.
 */
static void
nvm_dash_timeline(nvm_dash_mpd_t *m, const nvm_segment_t *s, size_t n)
{
    size_t    i, run;
    uint64_t  next;

    nvm_writer_text(m->w, "          <SegmentTimeline>\n");

    next = 0;

    for (i = 0; i < n; i += run) {
        nvm_writer_text(m->w, "            <S");

        if (i == 0 || s[i].start != next) {
            nvm_writer_text(m->w, " t=\"");
            nvm_writer_number(m->w, s[i].start, 1);
            nvm_writer_text(m->w, "\"");
        }

        next = s[i].start + s[i].duration;

        for (run = 1; i + run < n; run++) {
            if (s[i + run].start != next
                || s[i + run].duration != s[i].duration)
            {
                break;
            }

            next += s[i].duration;
        }

        nvm_writer_text(m->w, " d=\"");
        nvm_writer_number(m->w, s[i].duration, 1);
        nvm_writer_text(m->w, "\"");

        if (run > 1) {
            nvm_writer_fmt(m->w, " r=\"%zu\"", run - 1);
        }

        nvm_writer_text(m->w, "/>\n");
    }

    nvm_writer_text(m->w, "          </SegmentTimeline>\n");
}


/* Where a track's files are: what their names begin with. */
static void
nvm_dash_directory(nvm_dash_mpd_t *m, const nvm_dash_track_t *t)
{
    if (t->keys_of != NULL) {
        nvm_text_uri(m->w, t->keys_of, 1);

    } else {
        nvm_writer_text(m->w, "$RepresentationID$");
    }

    nvm_writer_text(m->w, "/");
    nvm_text_uri(m->w, t->prefix, 1);
}


/* How long before its end a segment can be asked for (5.3.9.5.3). */
static void
nvm_dash_availability(nvm_dash_mpd_t *m, size_t i)
{
    uint64_t               ms, part;
    const nvm_timeline_t  *tl;

    tl = m->p->tracks[i].timeline;

    if (m->d->latency == 0 || tl->part_target == 0) {
        return;
    }

    ms = nvm_dash_to_ms(tl->segments[m->n[i] - 1].duration,
                        tl->track->timescale);
    part = nvm_dash_to_ms(tl->part_target, tl->track->timescale);

    if (ms <= part) {
        return;
    }

    nvm_writer_fmt(m->w, " availabilityTimeOffset=\"%" PRIu64 ".%03" PRIu64
                   "\" availabilityTimeComplete=\"false\"",
                   (ms - part) / 1000, (ms - part) % 1000);
}


void
nvm_dash_produced(nvm_dash_mpd_t *m, size_t i)
{
    int64_t                wall;
    uint64_t               time;
    const nvm_segment_t   *s;
    const nvm_timeline_t  *tl;

    if (m->d->latency == 0) {
        return;
    }

    tl = m->p->tracks[i].timeline;
    wall = m->d->availability_start + (int64_t) m->p->start;
    time = m->p->tracks[i].pto;

    /* the last one is being made, or is yet to be */
    if (m->n[i] > 1) {
        s = &tl->segments[m->n[i] - 2];
        wall = s->wall ? s->wall : wall;
        time = s->wall ? s->start : time;
    }

    nvm_writer_text(m->w, "        <ProducerReferenceTime id=\"0\" inband="
                    "\"true\" type=\"encoder\"");
    nvm_dash_date(m, "wallClockTime", wall);
    nvm_writer_fmt(m->w, " presentationTime=\"%" PRIu64 "\">\n", time);
    nvm_writer_text(m->w, "  ");
    nvm_dash_clock(m);
    nvm_writer_text(m->w, "        </ProducerReferenceTime>\n");
}


void
nvm_dash_template(nvm_dash_mpd_t *m, size_t i)
{
    const nvm_timeline_t    *tl;
    const nvm_dash_track_t  *t;

    t = &m->p->tracks[i];
    tl = t->timeline;

    nvm_writer_fmt(m->w, "        <SegmentTemplate timescale=\"%" PRIu32 "\"",
                   tl->track->timescale);

    if (t->pto) {
        nvm_writer_fmt(m->w, " presentationTimeOffset=\"%" PRIu64 "\"",
                       t->pto);
    }

    nvm_writer_fmt(m->w, " startNumber=\"%" PRIu64 "\"", tl->segments[0].msn);
    nvm_dash_availability(m, i);

    nvm_writer_text(m->w, " initialization=\"");
    nvm_dash_directory(m, t);
    nvm_writer_text(m->w, "init.mp4");
    nvm_text_query(m->w, m->d->query, 1);

    nvm_writer_text(m->w, "\" media=\"");
    nvm_dash_directory(m, t);
    nvm_writer_text(m->w, t->keys_of ? "i$Number$.m4s" : "$Number$.m4s");
    nvm_text_query(m->w, m->d->query, 1);
    nvm_writer_text(m->w, "\">\n");

    nvm_dash_timeline(m, tl->segments, m->n[i]);

    nvm_writer_text(m->w, "        </SegmentTemplate>\n");
}


void
nvm_dash_images(nvm_dash_mpd_t *m, uint32_t set)
{
    const nvm_timeline_t    *tl;
    const nvm_dash_track_t  *t;

    t = &m->p->tracks[0];
    tl = t->timeline;

    if (!m->d->dynamic) {
        nvm_images_set(m->w, m->d->images, set);
        return;
    }

    if (tl->track->kind != NVM_VIDEO || m->n[0] == 0) {
        return;
    }

    nvm_images_set_begin(m->w, set);
    nvm_writer_fmt(m->w, "      <SegmentTemplate timescale=\"%" PRIu32 "\"",
                   tl->track->timescale);

    if (t->pto) {
        nvm_writer_fmt(m->w, " presentationTimeOffset=\"%" PRIu64 "\"",
                       t->pto);
    }

    nvm_writer_fmt(m->w, " startNumber=\"%" PRIu64 "\" media=\"thumbs/",
                   tl->segments[0].msn);
    nvm_text_uri(m->w, t->prefix, 1);
    nvm_writer_text(m->w, "$Number$.jpg");
    nvm_text_query(m->w, m->d->query, 1);
    nvm_writer_text(m->w, "\">\n");

    nvm_dash_timeline(m, tl->segments, m->n[0]);

    nvm_writer_text(m->w, "      </SegmentTemplate>\n");
    nvm_images_set_end(m->w, m->d->images);
}
