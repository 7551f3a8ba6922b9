/*
 * Copyright (C) ngx_video authors
 *
 * The HLS multivariant playlist (RFC 8216bis, 4.4.6).
 *
 * Audio of several codecs makes a group for each of them, and a variant for
 * each video in each group, so that a client keeps to one codec (4.4.6.2.1).
 * All groups must have the same members (4.4.6.1.1): what a codec lacks, a
 * language perhaps, is played there by the rendition that comes first.
 * Sound that the transcoder made is a group of its own, for its pictures.
 */

#include <inttypes.h>
#include <string.h>

#include "nvm_codec.h"
#include "nvm_hls.h"
#include "nvm_text.h"


/* GROUP-ID of the audio renditions, of the first codec if there are more. */
#define NVM_HLS_AUDIO   "audio"

/* That of audio that was made. */
#define NVM_HLS_MADE    "audio-made"

#define NVM_HLS_TEXT    "subtitles"

/* INDEPENDENT-SEGMENTS and everything else here (7). */
#define NVM_HLS_MASTER_VERSION  6

#define NVM_HLS_MAX_RENDITIONS  64

/* No group: of video, or of audio that stands alone. */
#define NVM_HLS_NONE            255


/*
 * What one run of the writer works with.  A group is known by the first
 * rendition of its codec.  A member is known by its name, and its number among
 * those of the same name and codec; here by the first rendition that has both,
 * whatever its codec.
 */
typedef struct {
    nvm_writer_t            *w;
    const nvm_hls_master_t  *m;
    unsigned                 range:1;   /* VIDEO-RANGE is known of any */
    unsigned                 text:1;    /* there are subtitles */
    uint8_t                  group[NVM_HLS_MAX_RENDITIONS];
    uint8_t                  member[NVM_HLS_MAX_RENDITIONS];
    uint8_t                  number[NVM_HLS_MAX_RENDITIONS];
} nvm_hls_plan_t;


static const nvm_track_t *
nvm_hls_track(const nvm_hls_plan_t *p, size_t i)
{
    return p->m->renditions[i].track;
}


/* The language tag of a rendition, or NULL. */
static const char *
nvm_hls_lang(const nvm_hls_plan_t *p, size_t i)
{
    const nvm_hls_rendition_t  *r;

    r = &p->m->renditions[i];

    if (r->lang != NULL && r->lang[0] != '\0') {
        return r->lang;
    }

    return nvm_text_lang(r->track->lang);
}


static const char *
nvm_hls_name(const nvm_hls_plan_t *p, size_t i)
{
    const char                 *lang;
    const nvm_hls_rendition_t  *r;

    r = &p->m->renditions[i];

    if (r->name != NULL && r->name[0] != '\0') {
        return r->name;
    }

    lang = nvm_hls_lang(p, i);

    return lang ? lang
           : r->track->kind == NVM_TEXT ? NVM_HLS_TEXT : NVM_HLS_AUDIO;
}


static void
nvm_hls_plan_audio(nvm_hls_plan_t *p, size_t i)
{
    size_t  k;

    p->group[i] = (uint8_t) i;
    p->member[i] = (uint8_t) i;
    p->number[i] = 0;

    for (k = i; k-- > 0; ) {
        if (p->group[k] != NVM_HLS_NONE
            && nvm_hls_track(p, k)->codec == nvm_hls_track(p, i)->codec
            && nvm_hls_track(p, k)->made == nvm_hls_track(p, i)->made)
        {
            p->group[i] = p->group[k];
            p->number[i] += strcmp(nvm_hls_name(p, k), nvm_hls_name(p, i))
                            == 0;
        }
    }

    for (k = i; k-- > 0; ) {
        if (p->group[k] != NVM_HLS_NONE && p->number[k] == p->number[i]
            && strcmp(nvm_hls_name(p, k), nvm_hls_name(p, i)) == 0)
        {
            p->member[i] = p->member[k];
        }
    }
}


static void
nvm_hls_plan(nvm_hls_plan_t *p)
{
    size_t              i;
    const nvm_track_t  *t;

    for (i = 0; i < p->m->nrenditions; i++) {
        t = nvm_hls_track(p, i);
        p->group[i] = NVM_HLS_NONE;
        p->member[i] = NVM_HLS_NONE;

        if (t->kind == NVM_AUDIO) {
            nvm_hls_plan_audio(p, i);

        } else if (t->kind == NVM_TEXT) {
            p->text = 1;

        } else if (nvm_codec_range(t) != NVM_RANGE_UNKNOWN) {
            p->range = 1;
        }
    }
}


/* The rendition that plays a member in a group. */
static size_t
nvm_hls_played(const nvm_hls_plan_t *p, size_t group, size_t member)
{
    size_t  i;

    for (i = member; i < p->m->nrenditions; i++) {
        if (p->group[i] == group && p->member[i] == member) {
            return i;
        }
    }

    return member;
}


static const char *
nvm_hls_group_id(const nvm_hls_plan_t *p, size_t group)
{
    size_t              i;
    const nvm_codec_t  *c;

    for (i = 0; p->group[i] == NVM_HLS_NONE; i++) { /* void */ }

    if (nvm_hls_track(p, group)->made) {
        return NVM_HLS_MADE;
    }

    c = nvm_codec_of(nvm_hls_track(p, group));

    return i == group || c == NULL ? NVM_HLS_AUDIO : c->group;
}


static void
nvm_hls_uri(nvm_hls_plan_t *p, size_t i)
{
    nvm_text_uri(p->w, p->m->renditions[i].dir, 0);
    nvm_writer_text(p->w, p->m->ts ? "/index_ts.m3u8" : "/index.m3u8");
    nvm_text_query(p->w, p->m->query, 0);
}


/*
 * CHANNELS (4.4.6.1): with joint object coding the number of objects, and the
 * name of the coding.
 */
static void
nvm_hls_channels(nvm_writer_t *w, const nvm_track_t *t)
{
    if (t->joc) {
        nvm_writer_fmt(w, ",CHANNELS=\"%u/JOC\"", (unsigned) t->joc);

    } else if (t->channels) {
        nvm_writer_fmt(w, ",CHANNELS=\"%u\"", (unsigned) t->channels);
    }
}


/* What a client chooses among: of audio a member, of text a rendition. */
static size_t
nvm_hls_member(const nvm_hls_plan_t *p, size_t i)
{
    return nvm_hls_track(p, i)->kind == NVM_TEXT ? i : p->member[i];
}


/* Whether a member is what is played unless somebody chooses. */
static unsigned
nvm_hls_default(const nvm_hls_plan_t *p, size_t member)
{
    size_t      i;
    nvm_kind_e  kind;

    kind = nvm_hls_track(p, member)->kind;

    for (i = 0; i < p->m->nrenditions; i++) {
        if (p->m->renditions[i].def && nvm_hls_track(p, i)->kind == kind) {
            return nvm_hls_member(p, i) == member;
        }
    }

    if (kind == NVM_TEXT) {
        return 0;
    }

    for (i = 0; p->member[i] != i; i++) { /* void */ }

    return i == member;
}


/* Whether a client can't tell two members apart (4.4.6.1.1). */
static unsigned
nvm_hls_alike(const nvm_hls_plan_t *p, size_t a, size_t b)
{
    const char                 *x, *y;
    const nvm_hls_rendition_t  *r;

    r = p->m->renditions;
    x = nvm_hls_lang(p, a);
    y = nvm_hls_lang(p, b);

    return r[a].track->kind == r[b].track->kind
           && (x == y || (x != NULL && y != NULL && strcmp(x, y) == 0))
           && nvm_role_characteristics(r[a].role)
              == nvm_role_characteristics(r[b].role)
           && r[a].forced == r[b].forced;
}


/*
 * AUTOSELECT: the default one has it, and of those that are alike the first.
 * Nobody wants a commentary without having chosen it.
 */
static unsigned
nvm_hls_autoselect(const nvm_hls_plan_t *p, size_t member)
{
    size_t                      i;
    const nvm_hls_rendition_t  *r;

    r = p->m->renditions;

    if (nvm_hls_default(p, member)) {
        return 1;
    }

    for (i = 0; i < p->m->nrenditions; i++) {
        if (nvm_hls_member(p, i) == i && i != member
            && nvm_hls_alike(p, i, member)
            && (nvm_hls_default(p, i)
                || (i < member && r[i].role != NVM_ROLE_COMMENTARY)))
        {
            return 0;
        }
    }

    return r[member].role != NVM_ROLE_COMMENTARY;
}


/* The attributes that a client chooses by, but CHARACTERISTICS. */
static void
nvm_hls_choice(nvm_hls_plan_t *p, size_t member)
{
    const char  *lang;

    lang = nvm_hls_lang(p, member);
    if (lang != NULL) {
        nvm_writer_fmt(p->w, ",LANGUAGE=\"%s\"", lang);
    }

    nvm_writer_fmt(p->w, ",DEFAULT=%s,AUTOSELECT=%s",
                   nvm_hls_default(p, member) ? "YES" : "NO",
                   nvm_hls_autoselect(p, member) ? "YES" : "NO");
}


static void
nvm_hls_characteristics(nvm_hls_plan_t *p, size_t member)
{
    const char  *text;

    text = nvm_role_characteristics(p->m->renditions[member].role);
    if (text != NULL) {
        nvm_writer_fmt(p->w, ",CHARACTERISTICS=\"%s\"", text);
    }
}


/*
 * One EXT-X-MEDIA (4.4.6.1).  Names are unique within the group, and those
 * that a client may choose by itself differ in what it can choose by.
 */
static void
nvm_hls_media(nvm_hls_plan_t *p, size_t group, size_t member)
{
    size_t         i, played;
    unsigned       first;
    nvm_writer_t  *w;

    w = p->w;
    played = nvm_hls_played(p, group, member);
    first = 1;

    for (i = 0; i < member; i++) {
        first &= p->member[i] != i;
    }

    nvm_writer_fmt(w, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"%s\",NAME=\"",
                   nvm_hls_group_id(p, group));
    nvm_text_quoted(w, nvm_hls_name(p, member));

    if (p->number[member]) {
        nvm_writer_text(w, " (");
        nvm_text_quoted(w, p->m->renditions[member].dir);
        nvm_writer_text(w, ")");
    }

    nvm_writer_text(w, "\"");

    nvm_hls_choice(p, member);
    nvm_hls_channels(w, nvm_hls_track(p, played));
    nvm_hls_characteristics(p, member);

    /* of a transport stream the first is muxed with the video (4.4.6.2.1) */

    if (!p->m->ts || p->m->apart || !first) {
        nvm_writer_text(w, ",URI=\"");
        nvm_hls_uri(p, played);
        nvm_writer_text(w, "\"");
    }

    nvm_writer_text(w, "\n");
}


/*
 * One EXT-X-MEDIA of text.  Without a default none is shown unless a client
 * chooses it, or its user has: by what it can tell them apart by.
 */
static void
nvm_hls_text(nvm_hls_plan_t *p, size_t member)
{
    size_t         i;
    unsigned       name;
    nvm_writer_t  *w;

    w = p->w;
    name = 0;

    for (i = 0; i < member; i++) {
        name |= nvm_hls_track(p, i)->kind == NVM_TEXT
                && strcmp(nvm_hls_name(p, i), nvm_hls_name(p, member)) == 0;
    }

    nvm_writer_text(w, "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\""
                    NVM_HLS_TEXT "\",NAME=\"");
    nvm_text_quoted(w, nvm_hls_name(p, member));

    if (name) {
        nvm_writer_text(w, " (");
        nvm_text_quoted(w, p->m->renditions[member].dir);
        nvm_writer_text(w, ")");
    }

    nvm_writer_text(w, "\"");

    nvm_hls_choice(p, member);
    nvm_writer_fmt(w, ",FORCED=%s",
                   p->m->renditions[member].forced ? "YES" : "NO");
    nvm_hls_characteristics(p, member);

    nvm_writer_text(w, ",URI=\"");
    nvm_hls_uri(p, member);
    nvm_writer_text(w, "\"\n");
}


/* The largest rate of subtitles. */
static uint64_t
nvm_hls_text_rate(nvm_hls_plan_t *p, uint64_t *average)
{
    size_t              i;
    uint64_t            peak;
    const nvm_track_t  *t;

    peak = 0;
    *average = 0;

    for (i = 0; i < p->m->nrenditions; i++) {
        t = nvm_hls_track(p, i);

        if (t->kind == NVM_TEXT) {
            peak = t->bandwidth > peak ? t->bandwidth : peak;
            *average = t->avg_bandwidth > *average ? t->avg_bandwidth
                                                   : *average;
        }
    }

    return peak;
}


/*
 * The rate of a variant is that of its video, of the audio that is muxed with
 * it, and of the largest renditions of audio and of text that may be played
 * with them (4.4.6.2).
 */
static void
nvm_hls_bandwidth(nvm_hls_plan_t *p, const nvm_track_t *t, size_t group)
{
    size_t              i;
    uint64_t            peak, average, muxed, muxed_average, text;
    unsigned            known, first;
    const nvm_track_t  *o;

    peak = 0;
    average = 0;
    muxed = t->bandwidth;
    muxed_average = t->avg_bandwidth;
    known = t->avg_bandwidth != 0;
    first = 1;

    for (i = 0; group != NVM_HLS_NONE && i < p->m->nrenditions; i++) {
        if (p->member[i] != i) {
            continue;
        }

        o = nvm_hls_track(p, nvm_hls_played(p, group, i));
        known &= o->avg_bandwidth != 0;

        if (first && p->m->ts && !p->m->apart) {
            muxed += o->bandwidth;
            muxed_average += o->avg_bandwidth;

        } else {
            peak = o->bandwidth > peak ? o->bandwidth : peak;
            average = o->avg_bandwidth > average ? o->avg_bandwidth : average;
        }

        first = 0;
    }

    peak += muxed + nvm_hls_text_rate(p, &text);
    average += muxed_average + text;

    /* BANDWIDTH is mandatory, and zero makes clients divide by it. */
    nvm_writer_fmt(p->w, "BANDWIDTH=%" PRIu64, peak ? peak : 1);

    if (known) {
        nvm_writer_fmt(p->w, ",AVERAGE-BANDWIDTH=%" PRIu64, average);
    }
}


/* Whether a member before the n-th plays the same format in a group. */
static unsigned
nvm_hls_codecs_said(const nvm_hls_plan_t *p, size_t group, size_t n,
    const char *codecs)
{
    size_t              i;
    const nvm_track_t  *t;

    for (i = 0; i < n; i++) {
        if (p->member[i] == i) {
            t = nvm_hls_track(p, nvm_hls_played(p, group, i));

            if (strcmp(t->codecs, codecs) == 0) {
                return 1;
            }
        }
    }

    return 0;
}


/* Each format that a rendition of the variant may have, once (4.4.6.2). */
static void
nvm_hls_codecs(nvm_hls_plan_t *p, const nvm_track_t *t, size_t group)
{
    size_t       i;
    const char  *codecs;

    nvm_writer_text(p->w, ",CODECS=\"");
    nvm_text_quoted(p->w, t->codecs);

    for (i = 0; group != NVM_HLS_NONE && i < p->m->nrenditions; i++) {
        if (p->member[i] != i) {
            continue;
        }

        codecs = nvm_hls_track(p, nvm_hls_played(p, group, i))->codecs;

        if (!nvm_hls_codecs_said(p, group, i, codecs)) {
            nvm_writer_text(p->w, ",");
            nvm_text_quoted(p->w, codecs);
        }
    }

    nvm_writer_text(p->w, "\"");
}


/* RESOLUTION is the size at which pixels are square, as it is shown. */
static void
nvm_hls_picture(nvm_writer_t *w, const nvm_track_t *t)
{
    uint64_t  width, height;

    if (t->width && t->height) {
        width = t->width;
        height = t->height;

        if (t->sar_num && t->sar_den) {
            width = (width * t->sar_num + t->sar_den / 2) / t->sar_den;
            width = width ? width : 1;
        }

        nvm_writer_fmt(w, ",RESOLUTION=%" PRIu64 "x%" PRIu64,
                       t->rotation & 1 ? height : width,
                       t->rotation & 1 ? width : height);
    }

    if (t->fps_num && t->fps_den) {
        width = ((uint64_t) t->fps_num * 1000 + t->fps_den / 2) / t->fps_den;
        nvm_writer_fmt(w, ",FRAME-RATE=%" PRIu64 ".%03" PRIu64, width / 1000,
                       width % 1000);
    }
}


/*
 * VIDEO-RANGE (4.4.6.2).  Its absence means SDR, but if one variant has it all
 * do: a client compares them.
 */
static void
nvm_hls_range(nvm_hls_plan_t *p, const nvm_track_t *t)
{
    nvm_range_e  range;

    if (p->range) {
        range = nvm_codec_range(t);
        nvm_writer_fmt(p->w, ",VIDEO-RANGE=%s", range == NVM_RANGE_PQ ? "PQ"
                       : range == NVM_RANGE_HLG ? "HLG" : "SDR");
    }
}


/*
 * Whether pictures go with a group of audio: those that were made with what was
 * made, if there is such audio, and the others with the others.
 */
static unsigned
nvm_hls_together(const nvm_hls_plan_t *p, size_t i, size_t group)
{
    size_t   k;
    uint8_t  made;

    made = nvm_hls_track(p, i)->made;

    if (group == NVM_HLS_NONE || nvm_hls_track(p, group)->made == made) {
        return 1;
    }

    for (k = 0; k < p->m->nrenditions; k++) {
        if (p->group[k] == k && nvm_hls_track(p, k)->made == made) {
            return 0;
        }
    }

    return 1;
}


/*
 * Whether a rendition is a variant with a group: pictures, or audio that has
 * none, or is to be had without them as well.
 */
static unsigned
nvm_hls_variant(const nvm_hls_plan_t *p, size_t i, nvm_kind_e kind,
    size_t group)
{
    const nvm_track_t  *t;

    t = nvm_hls_track(p, i);

    if (t->kind == NVM_AUDIO && kind == NVM_VIDEO) {
        return t->alone && p->group[i] == group && !p->m->ts;
    }

    return t->kind == kind && nvm_hls_together(p, i, group);
}


/* All renditions of a kind as variants, with one group of audio or none. */
static void
nvm_hls_variants(nvm_hls_plan_t *p, nvm_kind_e kind, size_t group)
{
    size_t              i;
    const nvm_track_t  *t;

    for (i = 0; i < p->m->nrenditions; i++) {
        t = nvm_hls_track(p, i);

        if (!nvm_hls_variant(p, i, kind, group)) {
            continue;
        }

        nvm_writer_text(p->w, "#EXT-X-STREAM-INF:");

        if (t->kind == kind) {
            nvm_hls_bandwidth(p, t, group);
            nvm_hls_codecs(p, t, group);

        } else {
            nvm_hls_bandwidth(p, t, NVM_HLS_NONE);
            nvm_hls_codecs(p, t, NVM_HLS_NONE);
        }

        if (t->kind == NVM_VIDEO) {
            nvm_hls_picture(p->w, t);
            nvm_hls_range(p, t);
        }

        if (group != NVM_HLS_NONE) {
            nvm_writer_fmt(p->w, ",AUDIO=\"%s\"", nvm_hls_group_id(p, group));
        }

        if (p->m->uncaptioned && p->m->ncaptions == 0) {
            nvm_writer_text(p->w, ",CLOSED-CAPTIONS=NONE");

        } else if (t->kind == NVM_VIDEO && p->m->ncaptions) {
            nvm_writer_text(p->w, ",CLOSED-CAPTIONS=\"" NVM_CAPTIONS_GROUP
                            "\"");
        }

        if (p->text) {
            nvm_writer_text(p->w, ",SUBTITLES=\"" NVM_HLS_TEXT "\"");
        }

        nvm_writer_text(p->w, "\n");
        nvm_hls_uri(p, i);
        nvm_writer_text(p->w, "\n");
    }
}


/* Playlists of key frames (4.4.6.3). */
static void
nvm_hls_keys(nvm_hls_plan_t *p)
{
    size_t              i;
    const nvm_track_t  *t;

    for (i = 0; i < p->m->nrenditions; i++) {
        t = p->m->renditions[i].keys;

        if (t == NULL) {
            continue;
        }

        nvm_writer_fmt(p->w, "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=%" PRIu32,
                       t->bandwidth ? t->bandwidth : 1);

        if (t->avg_bandwidth) {
            nvm_writer_fmt(p->w, ",AVERAGE-BANDWIDTH=%" PRIu32,
                           t->avg_bandwidth);
        }

        nvm_writer_text(p->w, ",CODECS=\"");
        nvm_text_quoted(p->w, t->codecs);
        nvm_writer_text(p->w, "\"");
        nvm_hls_picture(p->w, t);
        nvm_hls_range(p, t);

        nvm_writer_text(p->w, ",URI=\"iframe/");
        nvm_text_uri(p->w, p->m->renditions[i].dir, 0);
        nvm_writer_text(p->w, ".m3u8");
        nvm_text_query(p->w, p->m->query, 0);
        nvm_writer_text(p->w, "\"\n");
    }
}


/* Groups of audio, then every pair of a video and a group. */
static void
nvm_hls_presentation(nvm_hls_plan_t *p)
{
    size_t    i, group;
    unsigned  groups;

    for (group = 0; group < p->m->nrenditions; group++) {
        for (i = 0; p->group[group] == group && i < p->m->nrenditions; i++) {
            if (p->member[i] == i) {
                nvm_hls_media(p, group, i);
            }
        }
    }

    for (group = 0, groups = 0; group < p->m->nrenditions; group++) {
        if (p->group[group] == group) {
            nvm_hls_variants(p, NVM_VIDEO, group);
            groups++;
        }
    }

    if (groups == 0) {
        nvm_hls_variants(p, NVM_VIDEO, NVM_HLS_NONE);
    }
}


static unsigned
nvm_hls_has(const nvm_hls_master_t *m, nvm_kind_e kind)
{
    size_t  i;

    for (i = 0; i < m->nrenditions; i++) {
        if (m->renditions[i].track->kind == kind) {
            return 1;
        }
    }

    return 0;
}


nvm_err_e
nvm_hls_master_write(nvm_writer_t *w, const nvm_hls_master_t *m)
{
    size_t          i;
    unsigned        video;
    nvm_hls_plan_t  p;

    if (m->nrenditions > NVM_HLS_MAX_RENDITIONS) {
        return NVM_ELIMIT;
    }

    video = nvm_hls_has(m, NVM_VIDEO);

    if (!video && !nvm_hls_has(m, NVM_AUDIO)) {
        return NVM_ENOENT;
    }

    p = (nvm_hls_plan_t) { .w = w, .m = m };
    nvm_hls_plan(&p);

    nvm_writer_fmt(w, "#EXTM3U\n#EXT-X-VERSION:%d\n", NVM_HLS_MASTER_VERSION);

    if (m->independent) {
        nvm_writer_text(w, "#EXT-X-INDEPENDENT-SEGMENTS\n");
    }

    for (i = 0; i < m->nrenditions; i++) {
        if (nvm_hls_track(&p, i)->kind == NVM_TEXT) {
            nvm_hls_text(&p, i);
        }
    }

    if (video) {
        nvm_captions_hls(w, m->captions, m->ncaptions);
        nvm_hls_presentation(&p);
        nvm_hls_keys(&p);

        if (m->images) {
            nvm_images_variant(w, m->images);
        }

    } else {
        nvm_hls_variants(&p, NVM_AUDIO, NVM_HLS_NONE);
    }

    return w->error;
}
