/*
 * Copyright (C) ngx_video authors
 *
 * DASH manifests (ISO/IEC 23009-1).
 */

#include <inttypes.h>
#include <string.h>

#include "nvm_codec.h"
#include "nvm_dash_media.h"
#include "nvm_dash_mpd.h"
#include "nvm_emsg.h"
#include "nvm_text.h"


/* In target durations: suggestedPresentationDelay, as HLS holds back. */
#define NVM_DASH_DELAY  3


/* xs:duration, of milliseconds. */
static void
nvm_dash_ms(nvm_dash_mpd_t *m, const char *name, uint64_t ms)
{
    nvm_writer_fmt(m->w, " %s=\"PT%" PRIu64 ".%03" PRIu64 "S\"", name,
                   ms / 1000, ms % 1000);
}


void
nvm_dash_date(nvm_dash_mpd_t *m, const char *name, int64_t ms)
{
    nvm_writer_fmt(m->w, " %s=\"", name);
    nvm_text_date(m->w, ms);
    nvm_writer_text(m->w, "\"");
}


void
nvm_dash_clock(nvm_dash_mpd_t *m)
{
    if (m->d->clock) {
        nvm_writer_text(m->w, "  <UTCTiming schemeIdUri=\""
                        "urn:mpeg:dash:utc:http-iso:2014\" value=\"");
        nvm_text_uri(m->w, m->d->clock, 1);
        nvm_writer_text(m->w, "\"/>\n");
        return;
    }

    nvm_writer_text(m->w, "  <UTCTiming schemeIdUri=\""
                    "urn:mpeg:dash:utc:direct:2014\" value=\"");
    nvm_text_date(m->w, m->d->now);
    nvm_writer_text(m->w, "\"/>\n");
}


uint64_t
nvm_dash_to_ms(uint64_t ticks, uint32_t timescale)
{
    return (nvm_text_us(ticks, timescale) + 500) / 1000;
}


static void
nvm_dash_max(uint64_t *max, uint64_t v)
{
    *max = v > *max ? v : *max;
}


/* Whether two tracks are renditions of one thing (5.3.3.1). */
static unsigned
nvm_dash_same_set(const nvm_track_t *a, const nvm_track_t *b)
{
    if (a->kind != b->kind || nvm_codec_of(a) != nvm_codec_of(b)) {
        return 0;
    }

    if (a->kind == NVM_VIDEO) {
        return nvm_codec_range(a) == nvm_codec_range(b);
    }

    if (a->kind == NVM_TEXT) {
        /* each is a choice of its own */
        return 0;
    }

    /* frames of what was made lie elsewhere: segments are not aligned */
    return a->made == b->made && strcmp(a->lang, b->lang) == 0
           && strcmp(a->codecs, b->codecs) == 0 && a->channels == b->channels
           && a->joc == b->joc;
}


static const nvm_track_t *
nvm_dash_track(const nvm_dash_mpd_t *m, size_t i)
{
    return m->p->tracks[i].timeline->track;
}


/* The language tag of a track, "" when there is none. */
static const char *
nvm_dash_lang(const nvm_dash_mpd_t *m, size_t i)
{
    const char  *lang;

    lang = m->p->tracks[i].lang;

    if (lang == NULL || lang[0] == '\0') {
        lang = nvm_text_lang(nvm_dash_track(m, i)->lang);
    }

    return lang ? lang : "";
}


/* Whether people are told the same of two tracks; of pictures they aren't. */
static unsigned
nvm_dash_same_about(const nvm_dash_mpd_t *m, size_t a, size_t b)
{
    const char              *x, *y;
    const nvm_dash_track_t  *t;

    t = m->p->tracks;
    x = t[a].label ? t[a].label : "";
    y = t[b].label ? t[b].label : "";

    return nvm_dash_track(m, a)->kind == NVM_VIDEO
           || (t[a].role == t[b].role && strcmp(x, y) == 0
               && strcmp(nvm_dash_lang(m, a), nvm_dash_lang(m, b)) == 0);
}


/*
 * The first track of the set that a track belongs to, or of its key frames;
 * ntracks: none has one.
 */
static size_t
nvm_dash_set_of(const nvm_dash_mpd_t *m, size_t track, unsigned keys)
{
    size_t  i;

    for (i = 0; i < m->p->ntracks; i++) {
        if (m->set[i] && (m->p->tracks[i].keys_of != NULL) == keys
            && nvm_dash_same_about(m, i, track)
            && nvm_dash_same_set(nvm_dash_track(m, i),
                                 nvm_dash_track(m, track)))
        {
            break;
        }
    }

    return i;
}


/*
 * Whether a rendition is left out of a period because its first media are
 * missing: players don't expect one to come later.  Not without another one of
 * its kind that is there.
 */
static unsigned
nvm_dash_absent(const nvm_dash_mpd_t *m, size_t track)
{
    size_t                 i;
    const nvm_timeline_t  *tl;

    if (!m->p->tracks[track].timeline->segments[0].gap) {
        return 0;
    }

    for (i = 0; i < m->p->ntracks; i++) {
        tl = m->p->tracks[i].timeline;

        if (tl->nsegments && !tl->segments[0].gap
            && tl->track->kind == nvm_dash_track(m, track)->kind)
        {
            return 1;
        }
    }

    return 0;
}


static void
nvm_dash_plan_track(nvm_dash_mpd_t *m, size_t i)
{
    size_t                   k;
    uint64_t                 end;
    const nvm_segment_t     *last;
    const nvm_timeline_t    *tl;
    const nvm_dash_track_t  *t;

    t = &m->p->tracks[i];
    tl = t->timeline;
    m->n[i] = tl->nsegments;

    /* what is still being made, or was never whole */
    while (m->n[i] && (!tl->segments[m->n[i] - 1].complete
                       || tl->segments[m->n[i] - 1].gap))
    {
        m->n[i]--;
    }

    if (m->n[i] == 0 || nvm_dash_absent(m, i)) {
        m->n[i] = 0;
        return;
    }

    k = nvm_dash_set_of(m, i, t->keys_of != NULL);
    m->set[i] = k < i ? m->set[k] : ++m->nsets;
    m->ended &= tl->ended;
    m->holes |= tl->track->holes;

    last = &tl->segments[m->n[i] - 1];
    end = last->start + last->duration;

    nvm_dash_max(&m->target, (uint64_t) tl->target * 1000);

    for (k = 0; k < m->n[i]; k++) {
        nvm_dash_max(&m->target, nvm_dash_to_ms(tl->segments[k].duration,
                                                tl->track->timescale));
    }

    nvm_dash_max(&m->listed, nvm_dash_to_ms(end - tl->segments[0].start,
                                            tl->track->timescale));

    if (end > t->pto) {
        nvm_dash_max(&m->duration, nvm_dash_to_ms(end - t->pto,
                                                  tl->track->timescale));
    }

    if (end > t->pto + tl->track->edit) {
        nvm_dash_max(tl->track->kind == NVM_VIDEO ? &m->shown : &m->heard,
                     nvm_dash_to_ms(end - t->pto - tl->track->edit,
                                    tl->track->timescale));
    }
}


/* How long a period lasts, ms.  The last one has everything. */
static uint64_t
nvm_dash_length(const nvm_dash_mpd_t *m)
{
    if (m->p == &m->d->periods[m->d->nperiods - 1]) {
        return m->duration;
    }

    return m->shown && m->heard < m->shown + NVM_DASH_OVERLAP ? m->shown
                                                              : m->heard;
}


/* What is written of a period from now on; the rest of m takes it in. */
static void
nvm_dash_plan(nvm_dash_mpd_t *m, const nvm_dash_period_t *p)
{
    size_t  i;

    m->p = p;
    m->nsets = 0;
    m->duration = 0;
    m->shown = 0;
    m->heard = 0;
    memset(m->set, 0, sizeof(m->set));

    for (i = 0; i < p->ntracks; i++) {
        nvm_dash_plan_track(m, i);
    }
}


/* What players are to aim at, and how fast they may play for it (annex K). */
static void
nvm_dash_service(nvm_dash_mpd_t *m)
{
    uint32_t  latency;

    latency = m->d->latency;

    nvm_writer_fmt(m->w, "  <ServiceDescription id=\"0\">\n"
                   "    <Latency referenceId=\"0\" target=\"%" PRIu32
                   "\" min=\"%" PRIu32 "\" max=\"%" PRIu32 "\"/>\n"
                   "    <PlaybackRate min=\"0.96\" max=\"1.04\"/>\n"
                   "  </ServiceDescription>\n",
                   latency, latency / 2, latency * 3);
}


/* The attributes of MPD (5.3.1.2). */
static void
nvm_dash_head(nvm_dash_mpd_t *m)
{
    const nvm_dash_t  *d;

    d = m->d;

    nvm_writer_text(m->w,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\""
        " profiles=\"urn:mpeg:dash:profile:isoff-live:2011");

    if (!m->holes) {
        nvm_writer_text(m->w, ",urn:mpeg:dash:profile:cmaf:2019");
    }

    if (d->latency) {
        nvm_writer_text(m->w,
                ",http://www.dashif.org/guidelines/low-latency-live-v5");
    }

    nvm_writer_text(m->w, "\"");

    nvm_dash_ms(m, "minBufferTime", d->min_buffer ? d->min_buffer : m->target);
    nvm_dash_ms(m, "maxSegmentDuration", m->target);

    if (!d->dynamic || m->ended) {
        nvm_dash_ms(m, "mediaPresentationDuration", m->total);
    }

    if (!d->dynamic) {
        nvm_writer_text(m->w, " type=\"static\">\n");
        return;
    }

    nvm_writer_text(m->w, " type=\"dynamic\"");
    nvm_dash_date(m, "availabilityStartTime", d->availability_start);
    nvm_dash_date(m, "publishTime", d->publish_time);
    nvm_dash_ms(m, "timeShiftBufferDepth",
                d->time_shift ? d->time_shift : m->listed);
    nvm_dash_ms(m, "suggestedPresentationDelay",
                d->delay ? d->delay : m->target * NVM_DASH_DELAY);

    if (!m->ended) {
        nvm_dash_ms(m, "minimumUpdatePeriod",
                    d->update_period ? d->update_period : m->target);
    }

    nvm_writer_text(m->w, ">\n");

    if (d->latency) {
        nvm_dash_service(m);
    }
}


static void
nvm_dash_representation(nvm_dash_mpd_t *m, size_t i)
{
    const nvm_track_t       *t;
    const nvm_dash_track_t  *dt;

    dt = &m->p->tracks[i];
    t = dt->timeline->track;

    nvm_writer_text(m->w, "      <Representation id=\"");
    nvm_text_xml(m->w, dt->id);
    nvm_writer_fmt(m->w, "\" bandwidth=\"%" PRIu32 "\" codecs=\"",
                   t->bandwidth ? t->bandwidth : 1);
    nvm_text_xml(m->w, t->codecs);
    nvm_writer_text(m->w, "\"");

    nvm_dash_media_attributes(m->w, t);

    if (dt->keys_of != NULL) {
        nvm_writer_text(m->w, " codingDependency=\"false\"");
    }

    nvm_writer_text(m->w, ">\n");
    nvm_dash_media_channels(m->w, t);
    nvm_dash_produced(m, i);
    nvm_dash_template(m, i);

    nvm_writer_text(m->w, "      </Representation>\n");
}


/*
 * Whether a client that doesn't know its transfer function must leave a set
 * alone: PQ shown as SDR is grey, and there is something else for it.  HLG
 * shown as SDR is meant to be good enough.
 */
static unsigned
nvm_dash_essential(const nvm_dash_mpd_t *m, const nvm_track_t *t)
{
    size_t              i;
    const nvm_track_t  *o;

    for (i = 0; i < m->p->ntracks; i++) {
        o = nvm_dash_track(m, i);

        if (m->set[i] && o->kind == NVM_VIDEO
            && nvm_codec_range(o) != NVM_RANGE_PQ)
        {
            return nvm_codec_range(t) == NVM_RANGE_PQ;
        }
    }

    return 0;
}


/*
 * Whether a set has the programme's main content (5.8.5.5): all video has, in
 * whatever codec, and the audio of the language that is the default.
 */
static unsigned
nvm_dash_main(const nvm_dash_mpd_t *m, size_t track)
{
    size_t      i, first;
    nvm_kind_e  kind;

    kind = nvm_dash_track(m, track)->kind;
    first = m->p->ntracks;

    for (i = m->p->ntracks; i-- > 0; ) {
        if (m->set[i] && nvm_dash_track(m, i)->kind == kind
            && (first == m->p->ntracks || m->p->tracks[i].def
                || !m->p->tracks[first].def))
        {
            first = i;
        }
    }

    return kind == NVM_VIDEO
           || strcmp(nvm_dash_lang(m, first), nvm_dash_lang(m, track)) == 0;
}


/* Whether all segments of a set start with a stream access point of type 1. */
static unsigned
nvm_dash_sap(const nvm_dash_mpd_t *m, uint32_t set)
{
    size_t                 i, k;
    const nvm_timeline_t  *tl;

    for (i = 0; i < m->p->ntracks; i++) {
        tl = m->p->tracks[i].timeline;

        for (k = 0; m->set[i] == set && k < tl->nsegments; k++) {
            if (tl->segments[k].complete && !tl->segments[k].independent) {
                return 0;
            }
        }
    }

    return 1;
}


/*
 * That a set is for trick modes of another one, and for nothing else.  Comes
 * before properties that may be supplemental (5.3.3.3).
 */
static void
nvm_dash_trick(nvm_dash_mpd_t *m, size_t track)
{
    size_t  i;

    if (m->p->tracks[track].keys_of == NULL) {
        return;
    }

    i = nvm_dash_set_of(m, track, 0);

    if (i < m->p->ntracks) {
        nvm_writer_fmt(m->w, "      <EssentialProperty schemeIdUri=\""
                       "http://dashif.org/guidelines/trickmode\" value=\"%"
                       PRIu32 "\"/>\n", m->set[i]);
    }
}


/* Whether a set has the track that is the default, of those that may be. */
static unsigned
nvm_dash_preferred(const nvm_dash_mpd_t *m, uint32_t set)
{
    size_t  i;

    for (i = 0; i < m->p->ntracks; i++) {
        if (m->set[i] == set && m->p->tracks[i].def) {
            return 1;
        }
    }

    return 0;
}


/* InbandEventStream (5.10.3.2), where the source puts events. */
static void
nvm_dash_events(nvm_dash_mpd_t *m, size_t track)
{
    size_t      i;
    nvm_kind_e  kind;

    kind = NVM_AUDIO;

    for (i = 0; i < m->p->ntracks; i++) {
        if (nvm_dash_track(m, i)->kind == NVM_VIDEO) {
            kind = NVM_VIDEO;
        }
    }

    if (m->d->events && nvm_dash_track(m, track)->kind == kind
        && m->p->tracks[track].keys_of == NULL)
    {
        nvm_writer_text(m->w, "      <InbandEventStream schemeIdUri=\""
                        NVM_EMSG_SCTE35 "\" value=\"" NVM_EMSG_VALUE
                        "\"/>\n      <InbandEventStream schemeIdUri=\""
                        NVM_EMSG_ID3 "\" value=\"" NVM_EMSG_VALUE
                        "\"/>\n");
    }
}


/* An AdaptationSet (5.3.3.2), described by its first track. */
static void
nvm_dash_set(nvm_dash_mpd_t *m, uint32_t set)
{
    size_t              i, first;
    unsigned            preferred;
    const char         *kind, *lang;
    const nvm_track_t  *t;

    for (first = 0; m->set[first] != set; first++) { /* void */ }

    t = nvm_dash_track(m, first);
    kind = t->kind == NVM_VIDEO ? "video"
           : t->kind == NVM_AUDIO ? "audio" : "text";

    nvm_writer_fmt(m->w, "    <AdaptationSet id=\"%" PRIu32
                   "\" contentType=\"%s\" mimeType=\"%s/mp4\""
                   " segmentAlignment=\"true\"", set, kind,
                   t->kind == NVM_TEXT ? "application" : kind);

    if (nvm_dash_sap(m, set)) {
        nvm_writer_text(m->w, " startWithSAP=\"1\"");
    }

    lang = nvm_dash_lang(m, first);
    if (lang[0] != '\0') {
        nvm_writer_fmt(m->w, " lang=\"%s\"", lang);
    }

    preferred = nvm_dash_preferred(m, set);

    if (preferred) {
        nvm_writer_text(m->w, " selectionPriority=\"2\"");
    }

    nvm_writer_text(m->w, ">\n");

    if (m->p->tracks[first].protection) {
        nvm_writer_text(m->w, m->p->tracks[first].protection);
    }

    nvm_dash_trick(m, first);
    nvm_dash_media_transfer(m->w, t, nvm_dash_essential(m, t));
    nvm_dash_events(m, first);
    nvm_dash_media_about(m->w, m->d, &m->p->tracks[first],
                         nvm_dash_main(m, first), preferred);

    for (i = first; i < m->p->ntracks; i++) {
        if (m->set[i] == set) {
            nvm_dash_representation(m, i);
        }
    }

    nvm_writer_text(m->w, "    </AdaptationSet>\n");
}


/* A Period (5.3.2) that starts at "start", ms. */
static void
nvm_dash_period(nvm_dash_mpd_t *m, size_t number, uint64_t start)
{
    uint32_t  i;

    nvm_writer_text(m->w, "  <Period id=\"");

    if (m->p->id != NULL) {
        nvm_text_xml(m->w, m->p->id);

    } else {
        nvm_writer_number(m->w, number, 1);
    }

    nvm_writer_text(m->w, "\"");

    if (start) {
        nvm_dash_ms(m, "start", start);

    } else {
        nvm_writer_text(m->w, " start=\"PT0S\"");
    }

    nvm_writer_text(m->w, ">\n");

    for (i = 1; i <= m->nsets; i++) {
        nvm_dash_set(m, i);
    }

    if (m->d->images && m->shown) {
        nvm_dash_images(m, m->nsets + 1);
    }

    nvm_writer_text(m->w, "  </Period>\n");
}


nvm_err_e
nvm_dash_write(nvm_writer_t *w, const nvm_dash_t *d)
{
    size_t          i, sets;
    uint64_t        start;
    nvm_dash_mpd_t  m;

    m = (nvm_dash_mpd_t) { .w = w, .d = d, .ended = 1, .target = 1 };
    sets = 0;

    for (i = 0; i < d->nperiods; i++) {
        if (d->periods[i].ntracks > NVM_MAX_TRACKS) {
            return NVM_ELIMIT;
        }

        nvm_dash_plan(&m, &d->periods[i]);
        m.total = d->dynamic ? d->periods[i].start + m.duration
                             : m.total + nvm_dash_length(&m);
        sets += m.nsets;
    }

    if (sets == 0) {
        return NVM_ENOENT;
    }

    nvm_dash_head(&m);
    start = 0;

    for (i = 0; i < d->nperiods; i++) {
        nvm_dash_plan(&m, &d->periods[i]);

        if (m.nsets) {
            nvm_dash_period(&m, i, d->dynamic ? d->periods[i].start : start);
        }

        start += nvm_dash_length(&m);
    }

    if (d->dynamic) {
        nvm_dash_clock(&m);
    }

    nvm_writer_text(w, "</MPD>\n");

    return w->error;
}
