/*
 * Copyright (C) ngx_video authors
 *
 * Samples of wvtt tracks as cues: ISO/IEC 14496-30, 6.6.
 *
 * A track cannot say that two cues overlap: each sample repeats what is shown
 * while it lasts.  So a cue of a sample is compared with those that were shown
 * up to its start, and goes on when it is one of them.
 */

#include <string.h>

#include "nvm_mp4_box.h"
#include "nvm_vtt_build.h"


/* One vttc box. */
typedef struct {
    nvm_vtt_cue_t     cue;              /* spans of the sample */
    nvm_vtt_span_t    time;             /* ctim */
    uint32_t          source;           /* vsid */
    unsigned          has_source:1;
    unsigned          has_text:1;
} nvm_vttc_t;


static nvm_err_e
nvm_vttc_parse(nvm_mp4_box_t *box, nvm_vttc_t *c, nvm_fault_t *f)
{
    nvm_err_e      rc;
    nvm_mp4_box_t  child;

    while ((rc = nvm_mp4_box_next(box, &child, f)) == NVM_OK) {

        switch (child.type) {

        case NVM_FOURCC('v', 's', 'i', 'd'):
            c->source = nvm_reader_u32(&child.r);
            c->has_source = child.r.error == NVM_OK;
            break;

        case NVM_FOURCC('i', 'd', 'e', 'n'):
            c->cue.id = nvm_vtt_trim(nvm_vtt_rest(&child.r));
            break;

        case NVM_FOURCC('c', 't', 'i', 'm'):
            c->time = nvm_vtt_trim(nvm_vtt_rest(&child.r));
            break;

        case NVM_FOURCC('s', 't', 't', 'g'):
            c->cue.settings = nvm_vtt_trim(nvm_vtt_rest(&child.r));
            break;

        case NVM_FOURCC('p', 'a', 'y', 'l'):
            c->cue.text = nvm_vtt_trim(nvm_vtt_rest(&child.r));
            c->has_text = 1;
            break;
        }
    }

    if (rc != NVM_ENOENT) {
        return rc;
    }

    if (!c->has_text) {
        return nvm_mp4_box_fault(f, box, NVM_ENOENT, box->offset,
                                 "cue without a payl box");
    }

    return NVM_OK;
}


/* "<00:00:05.000>" at the reader: moves past it. */
static unsigned
nvm_vttc_timestamp(nvm_reader_t *r, uint64_t *ms)
{
    nvm_reader_t  look;

    look = *r;

    if (!nvm_vtt_accept(&look, '<')
        || nvm_vtt_time_read(&look, 0, ms) != NVM_OK
        || !nvm_vtt_accept(&look, '>'))
    {
        return 0;
    }

    *r = look;

    return 1;
}


static void
nvm_vttc_shift_write(nvm_writer_t *w, nvm_vtt_span_t text, int64_t shift)
{
    int64_t       at;
    uint64_t      ms;
    nvm_reader_t  r;

    nvm_vtt_reader(&r, text);

    while (nvm_reader_left(&r)) {

        if (nvm_vttc_timestamp(&r, &ms)) {
            at = (int64_t) ms + shift;
            nvm_writer_u8(w, '<');
            nvm_vtt_time_write(w, at > 0 ? (uint64_t) at : 0);
            nvm_writer_u8(w, '>');
            continue;
        }

        nvm_writer_u8(w, nvm_reader_u8(&r));
    }
}


/*
 * Timestamps within a text count on the timeline on which the sample starts
 * at ctim: they are moved to ours.  A millisecond is a rounding, not a shift.
 */
static nvm_err_e
nvm_vttc_shift(nvm_vtt_build_t *b, nvm_vttc_t *c)
{
    void          *p;
    int64_t        shift;
    uint64_t       ms;
    nvm_reader_t   r;
    nvm_writer_t   w;

    nvm_vtt_reader(&r, c->time);

    if (c->time.len == 0 || nvm_vtt_time_read(&r, 0, &ms) != NVM_OK
        || c->cue.text.len == 0
        || memchr(c->cue.text.data, '<', c->cue.text.len) == NULL)
    {
        return NVM_OK;
    }

    shift = (int64_t) c->cue.start_ms - (int64_t) ms;

    if (shift >= -1 && shift <= 1) {
        return NVM_OK;
    }

    nvm_writer_init(&w, NULL, 0);
    nvm_vttc_shift_write(&w, c->cue.text, shift);

    p = nvm_alloc(b->arena, w.len, 1);
    if (p == NULL) {
        return NVM_ENOMEM;
    }

    nvm_writer_init(&w, p, w.len);
    nvm_vttc_shift_write(&w, c->cue.text, shift);

    c->cue.text = (nvm_vtt_span_t) { p, w.len };

    return w.error;
}


/* Takes the cue that goes on in c out of the list; NULL when c is new. */
static nvm_vtt_cue_t *
nvm_vttc_join(nvm_vtt_open_t *open, size_t nopen, const nvm_vttc_t *c)
{
    size_t          i;
    nvm_vtt_cue_t  *cue;

    for (i = 0; i < nopen; i++) {
        cue = open[i].cue;

        if (cue != NULL
            && open[i].has_source == c->has_source
            && open[i].source == c->source
            && nvm_vtt_same(cue->id, c->cue.id)
            && nvm_vtt_same(cue->settings, c->cue.settings)
            && nvm_vtt_same(cue->text, c->cue.text))
        {
            open[i].cue = NULL;
            return cue;
        }
    }

    return NULL;
}


/* A copy in the arena; returns 0 when that is exhausted. */
static unsigned
nvm_vttc_copy(nvm_arena_t *a, nvm_vtt_span_t *s)
{
    char  *p;

    if (s->len == 0) {
        return 1;
    }

    p = nvm_alloc(a, s->len, 1);
    if (p == NULL) {
        return 0;
    }

    memcpy(p, s->data, s->len);
    s->data = p;

    return 1;
}


static nvm_err_e
nvm_vttc_new(nvm_vtt_build_t *b, nvm_vttc_t *c, nvm_vtt_cue_t **cue)
{
    if (!nvm_vttc_copy(b->arena, &c->cue.id)
        || !nvm_vttc_copy(b->arena, &c->cue.settings)
        || !nvm_vttc_copy(b->arena, &c->cue.text))
    {
        return NVM_ENOMEM;
    }

    return nvm_vtt_build_cue(b, &c->cue, cue);
}


/* A cue of the sample; with those shown before, and adds it to the open ones */
static nvm_err_e
nvm_vttc_take(nvm_vtt_build_t *b, nvm_vttc_t *c, nvm_vtt_open_t *before,
    size_t nbefore)
{
    nvm_err_e       rc;
    nvm_vtt_cue_t  *cue;

    rc = nvm_vttc_shift(b, c);
    if (rc != NVM_OK) {
        return rc;
    }

    cue = nvm_vttc_join(before, nbefore, c);

    if (cue != NULL) {
        cue->end_ms = c->cue.end_ms;

    } else {
        rc = nvm_vttc_new(b, c, &cue);
    }

    if (cue != NULL && b->nopen < NVM_VTT_MAX_ACTIVE) {
        b->open[b->nopen].cue = cue;
        b->open[b->nopen].source = c->source;
        b->open[b->nopen].has_source = c->has_source;
        b->nopen++;
    }

    return rc;
}


nvm_err_e
nvm_vtt_from_wvtt(nvm_vtt_build_t *b, const void *sample, size_t size,
    uint64_t start, uint32_t duration, nvm_fault_t *f)
{
    size_t          nbefore;
    nvm_err_e       rc;
    nvm_vttc_t      c, times;
    nvm_mp4_box_t   root, box;
    nvm_vtt_open_t  before[NVM_VTT_MAX_ACTIVE];

    memset(&times, 0, sizeof(times));

    rc = nvm_vtt_build_time(b, start, duration, &times.cue, f);

    if (rc != NVM_OK || duration == 0) {
        return rc;
    }

    nbefore = b->tail == start ? b->nopen : 0;
    memcpy(before, b->open, nbefore * sizeof(nvm_vtt_open_t));
    b->nopen = 0;
    b->tail = start + duration;

    root = (nvm_mp4_box_t) { .type = NVM_FOURCC('w', 'v', 't', 't') };
    nvm_reader_init(&root.r, size ? sample : "", size, 0);

    while ((rc = nvm_mp4_box_next(&root, &box, f)) == NVM_OK) {

        /* vtte is a gap; vtta and what else there is are comments */

        if (box.type != NVM_FOURCC('v', 't', 't', 'c')) {
            continue;
        }

        c = times;
        rc = nvm_vttc_parse(&box, &c, f);
        if (rc != NVM_OK) {
            return rc;
        }

        rc = nvm_vttc_take(b, &c, before, nbefore);
        if (rc != NVM_OK) {
            return nvm_fault(f, rc, box.offset, "no room for a cue");
        }
    }

    return rc == NVM_ENOENT ? NVM_OK : rc;
}


nvm_err_e
nvm_wvtt_track(nvm_track_t *t, const uint8_t *config, size_t n,
    nvm_fault_t *f)
{
    (void) f;

    if (n > NVM_MAX_CONFIG) {
        return NVM_EUNSUP;
    }

    t->kind = NVM_TEXT;
    t->codec = NVM_CODEC_WVTT;
    strcpy(t->codecs, "wvtt");

    memcpy(t->config, config, n);
    t->config_len = (uint16_t) n;

    return NVM_OK;
}
