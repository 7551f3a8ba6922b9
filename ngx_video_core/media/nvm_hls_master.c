/*
 * Copyright (C) ngx_video authors
 *
 * The HLS multivariant playlist (RFC 8216bis, 4.4.6).
 */

#include <inttypes.h>
#include <string.h>

#include "nvm_hls.h"
#include "nvm_text.h"


/* GROUP-ID of the audio renditions. */
#define NVM_HLS_AUDIO   "audio"

/* INDEPENDENT-SEGMENTS and everything else here (7). */
#define NVM_HLS_MASTER_VERSION  6


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


static void
nvm_hls_uri(nvm_writer_t *w, const nvm_hls_master_t *m,
    const nvm_hls_rendition_t *r)
{
    nvm_text_uri(w, r->dir, 0);
    nvm_writer_text(w, "/index.m3u8");
    nvm_text_query(w, m->query, 0);
}


static const char *
nvm_hls_name(const nvm_hls_rendition_t *r)
{
    const char  *lang;

    if (r->name != NULL && r->name[0] != '\0') {
        return r->name;
    }

    lang = nvm_text_lang(r->track->lang);

    return lang ? lang : NVM_HLS_AUDIO;
}


/*
 * One EXT-X-MEDIA (4.4.6.1).  Names are unique within the group, and those
 * that a client may choose by itself differ in language (4.4.6.1.1).
 */
static void
nvm_hls_audio(nvm_writer_t *w, const nvm_hls_master_t *m, size_t n)
{
    size_t                      i;
    unsigned                    first, name, lang;
    const char                 *tag;
    const nvm_hls_rendition_t  *r, *o;

    r = &m->renditions[n];
    first = 1;
    name = 0;
    lang = 0;

    for (i = 0; i < n; i++) {
        o = &m->renditions[i];

        if (o->track->kind == NVM_AUDIO) {
            first = 0;
            name |= strcmp(nvm_hls_name(o), nvm_hls_name(r)) == 0;
            lang |= strcmp(o->track->lang, r->track->lang) == 0;
        }
    }

    nvm_writer_text(w, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"" NVM_HLS_AUDIO
                    "\",NAME=\"");
    nvm_text_quoted(w, nvm_hls_name(r));

    if (name) {
        nvm_writer_text(w, " (");
        nvm_text_quoted(w, r->dir);
        nvm_writer_text(w, ")");
    }

    nvm_writer_text(w, "\"");

    tag = nvm_text_lang(r->track->lang);
    if (tag != NULL) {
        nvm_writer_fmt(w, ",LANGUAGE=\"%s\"", tag);
    }

    nvm_writer_fmt(w, ",DEFAULT=%s,AUTOSELECT=%s", first ? "YES" : "NO",
                   lang ? "NO" : "YES");

    if (r->track->channels) {
        nvm_writer_fmt(w, ",CHANNELS=\"%u\"", (unsigned) r->track->channels);
    }

    nvm_writer_text(w, ",URI=\"");
    nvm_hls_uri(w, m, r);
    nvm_writer_text(w, "\"\n");
}


/*
 * The rate of a variant is that of its video and of the largest audio
 * rendition that may be played with it (4.4.6.2).
 */
static void
nvm_hls_bandwidth(nvm_writer_t *w, const nvm_hls_master_t *m,
    const nvm_track_t *t)
{
    size_t              i;
    uint64_t            peak, average;
    unsigned            known;
    const nvm_track_t  *o;

    peak = 0;
    average = 0;
    known = t->avg_bandwidth != 0;

    for (i = 0; t->kind == NVM_VIDEO && i < m->nrenditions; i++) {
        o = m->renditions[i].track;

        if (o->kind != NVM_AUDIO) {
            continue;
        }

        peak = o->bandwidth > peak ? o->bandwidth : peak;
        average = o->avg_bandwidth > average ? o->avg_bandwidth : average;
        known &= o->avg_bandwidth != 0;
    }

    peak += t->bandwidth;
    average += t->avg_bandwidth;

    /* BANDWIDTH is mandatory, and zero makes clients divide by it. */
    nvm_writer_fmt(w, "BANDWIDTH=%" PRIu64, peak ? peak : 1);

    if (known) {
        nvm_writer_fmt(w, ",AVERAGE-BANDWIDTH=%" PRIu64, average);
    }
}


/* Each format that a rendition of the variant may have, once (4.4.6.2). */
static void
nvm_hls_codecs(nvm_writer_t *w, const nvm_hls_master_t *m,
    const nvm_track_t *t)
{
    size_t              i, k;
    const nvm_track_t  *o, *p;

    nvm_writer_text(w, ",CODECS=\"");
    nvm_text_quoted(w, t->codecs);

    for (i = 0; t->kind == NVM_VIDEO && i < m->nrenditions; i++) {
        o = m->renditions[i].track;

        for (k = 0; k < i; k++) {
            p = m->renditions[k].track;

            if (p->kind == NVM_AUDIO && strcmp(p->codecs, o->codecs) == 0) {
                break;
            }
        }

        if (o->kind == NVM_AUDIO && k == i) {
            nvm_writer_text(w, ",");
            nvm_text_quoted(w, o->codecs);
        }
    }

    nvm_writer_text(w, "\"");
}


/* RESOLUTION is the size at which pixels are square. */
static void
nvm_hls_picture(nvm_writer_t *w, const nvm_track_t *t)
{
    uint64_t  width;

    if (t->width && t->height) {
        width = t->width;

        if (t->sar_num && t->sar_den) {
            width = (width * t->sar_num + t->sar_den / 2) / t->sar_den;
        }

        nvm_writer_fmt(w, ",RESOLUTION=%" PRIu64 "x%u", width ? width : 1,
                       (unsigned) t->height);
    }

    if (t->fps_num && t->fps_den) {
        width = ((uint64_t) t->fps_num * 1000 + t->fps_den / 2) / t->fps_den;
        nvm_writer_fmt(w, ",FRAME-RATE=%" PRIu64 ".%03" PRIu64, width / 1000,
                       width % 1000);
    }
}


static void
nvm_hls_variant(nvm_writer_t *w, const nvm_hls_master_t *m,
    const nvm_hls_rendition_t *r)
{
    nvm_writer_text(w, "#EXT-X-STREAM-INF:");
    nvm_hls_bandwidth(w, m, r->track);
    nvm_hls_codecs(w, m, r->track);

    if (r->track->kind == NVM_VIDEO) {
        nvm_hls_picture(w, r->track);

        if (nvm_hls_has(m, NVM_AUDIO)) {
            nvm_writer_text(w, ",AUDIO=\"" NVM_HLS_AUDIO "\"");
        }
    }

    nvm_writer_text(w, "\n");
    nvm_hls_uri(w, m, r);
    nvm_writer_text(w, "\n");
}


nvm_err_e
nvm_hls_master_write(nvm_writer_t *w, const nvm_hls_master_t *m)
{
    size_t      i;
    nvm_kind_e  kind;

    if (m->nrenditions == 0) {
        return NVM_ENOENT;
    }

    kind = nvm_hls_has(m, NVM_VIDEO) ? NVM_VIDEO : NVM_AUDIO;

    nvm_writer_fmt(w, "#EXTM3U\n#EXT-X-VERSION:%d\n", NVM_HLS_MASTER_VERSION);

    if (m->independent) {
        nvm_writer_text(w, "#EXT-X-INDEPENDENT-SEGMENTS\n");
    }

    for (i = 0; kind == NVM_VIDEO && i < m->nrenditions; i++) {
        if (m->renditions[i].track->kind == NVM_AUDIO) {
            nvm_hls_audio(w, m, i);
        }
    }

    for (i = 0; i < m->nrenditions; i++) {
        if (m->renditions[i].track->kind == kind) {
            nvm_hls_variant(w, m, &m->renditions[i]);
        }
    }

    return w->error;
}
