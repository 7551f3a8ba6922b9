/*
 * Copyright (C) ngx_video authors
 *
 * wvtt samples.  Samples of a track may not overlap and leave no gap, cues may
 * do both: a sample begins wherever a cue begins or ends, and holds all cues
 * that are shown from there on (ISO/IEC 14496-30, clause 6).
 */

#include <string.h>

#include "nvm_wvtt.h"


/* A cue that is being shown; times in ticks. */
typedef struct {
    const nvm_vtt_cue_t  *cue;
    uint64_t              start;
    uint64_t              end;
} nvm_wvtt_active_t;


/* A walk over the borders of a segment. */
typedef struct {
    const nvm_vtt_t      *vtt;
    uint32_t              timescale;
    uint64_t              from_ms;      /* of the segment, rounded down */
    uint64_t              end;
    size_t                next;         /* the first cue not yet shown */
    size_t                nactive;
    nvm_wvtt_active_t     active[NVM_VTT_MAX_ACTIVE];
} nvm_wvtt_walk_t;


/* Rounded to nearest; no cue and no segment is later than UINT64_MAX. */
static uint64_t
nvm_wvtt_ticks(uint64_t ms, uint32_t timescale)
{
    unsigned __int128  t;

    t = ((unsigned __int128) ms * timescale + 500) / 1000;

    return t > UINT64_MAX ? UINT64_MAX : (uint64_t) t;
}


static uint64_t
nvm_wvtt_ms(uint64_t ticks, uint32_t timescale, uint32_t round)
{
    return (uint64_t) (((unsigned __int128) ticks * 1000 + round)
                       / timescale);
}


static void
nvm_wvtt_text_box(nvm_writer_t *w, const char type[4], nvm_vtt_span_t s)
{
    size_t  box;

    if (s.len == 0) {
        return;
    }

    box = nvm_writer_box(w, type);
    nvm_vtt_line_write(w, s);
    nvm_writer_box_end(w, box);
}


/* A timestamp within the text ("<00:01.000>"), or what looks like one. */
static unsigned
nvm_wvtt_has_time(nvm_vtt_span_t s)
{
    size_t  i;

    for (i = 1; i < s.len; i++) {
        if (s.data[i - 1] == '<' && s.data[i] >= '0' && s.data[i] <= '9') {
            return 1;
        }
    }

    return 0;
}


/*
 * vttc, 6.6.  ctim is the cue's clock at the start of the sample: needed where
 * the text has timestamps or the cue began earlier.  Every cue has a vsid, so
 * that a reader can tell one that goes on from one that says the same again.
 */
static void
nvm_wvtt_cue_write(nvm_writer_t *w, const nvm_wvtt_active_t *a, uint64_t at,
    uint32_t timescale)
{
    size_t                vttc, box;
    const nvm_vtt_cue_t  *c;

    c = a->cue;
    vttc = nvm_writer_box(w, "vttc");

    box = nvm_writer_box(w, "vsid");
    nvm_writer_u32(w, c->number);
    nvm_writer_box_end(w, box);

    nvm_wvtt_text_box(w, "iden", c->id);

    if (a->start < at || nvm_wvtt_has_time(c->text)) {
        box = nvm_writer_box(w, "ctim");
        nvm_vtt_time_write(w, nvm_wvtt_ms(at, timescale, timescale / 2));
        nvm_writer_box_end(w, box);
    }

    nvm_wvtt_text_box(w, "sttg", c->settings);

    box = nvm_writer_box(w, "payl");
    nvm_vtt_text_write(w, c->text);
    nvm_writer_box_end(w, box);

    nvm_writer_box_end(w, vttc);
}


static void
nvm_wvtt_sample_write(nvm_writer_t *w, const nvm_wvtt_walk_t *k, uint64_t at)
{
    size_t  i, box;

    for (i = 0; i < k->nactive; i++) {
        nvm_wvtt_cue_write(w, &k->active[i], at, k->timescale);
    }

    if (k->nactive == 0) {
        box = nvm_writer_box(w, "vtte");
        nvm_writer_box_end(w, box);
    }
}


static void
nvm_wvtt_expire(nvm_wvtt_walk_t *k, uint64_t at)
{
    size_t  i, n;

    for (i = 0, n = 0; i < k->nactive; i++) {
        if (k->active[i].end > at) {
            k->active[n++] = k->active[i];
        }
    }

    k->nactive = n;
}


/* Adds the cues that have begun; *border is where the next one begins. */
static nvm_err_e
nvm_wvtt_begin(nvm_wvtt_walk_t *k, uint64_t at, uint64_t *border)
{
    uint64_t              start, end;
    const nvm_vtt_cue_t  *c;

    while (k->next < k->vtt->ncues) {
        c = &k->vtt->cues[k->next];
        start = nvm_wvtt_ticks(c->start_ms, k->timescale);
        end = nvm_wvtt_ticks(c->end_ms, k->timescale);

        if (start > at) {
            *border = start < *border ? start : *border;
            return NVM_OK;
        }

        /* one that is shorter than a tick is not shown */

        if (end > at) {
            if (k->nactive == NVM_VTT_MAX_ACTIVE) {
                return NVM_ELIMIT;
            }

            k->active[k->nactive++] = (nvm_wvtt_active_t) { c, start, end };
        }

        k->next = nvm_vtt_find(k->vtt, k->next + 1, k->from_ms);
    }

    return NVM_OK;
}


/* What is shown from "at" on, and until when: *next is after "at". */
static nvm_err_e
nvm_wvtt_step(nvm_wvtt_walk_t *k, uint64_t at, uint64_t *next)
{
    size_t     i;
    nvm_err_e  rc;

    *next = k->end;

    nvm_wvtt_expire(k, at);

    rc = nvm_wvtt_begin(k, at, next);

    for (i = 0; i < k->nactive; i++) {
        if (k->active[i].end < *next) {
            *next = k->active[i].end;
        }
    }

    return rc;
}


void
nvm_wvtt_entry_write(nvm_writer_t *w, const char *header, size_t len)
{
    size_t  entry, box;

    entry = nvm_writer_box(w, "wvtt");
    nvm_writer_zero(w, 6);
    nvm_writer_u16(w, 1);                       /* data reference */

    box = nvm_writer_box(w, "vttC");

    if (len) {
        nvm_writer_bytes(w, header, len);

    } else {
        nvm_writer_text(w, "WEBVTT");
    }

    nvm_writer_box_end(w, box);
    nvm_writer_box_end(w, entry);
}


nvm_err_e
nvm_wvtt_segment_write(nvm_writer_t *w, const nvm_wvtt_segment_t *s,
    nvm_sample_t *samples, size_t *n)
{
    size_t           first, count, len;
    uint64_t         at, next;
    nvm_err_e        rc;
    nvm_wvtt_walk_t  k;

    memset(&k, 0, sizeof(k));
    k.vtt = s->vtt;
    k.timescale = s->timescale;

    if (s->duration == 0 || nvm_add(s->start, s->duration, &k.end)) {
        return NVM_EINVAL;
    }

    k.from_ms = nvm_wvtt_ms(s->start, s->timescale, 0);
    k.next = nvm_vtt_find(s->vtt, 0, k.from_ms);

    first = w->len;
    count = 0;

    for (at = s->start; at < k.end; at = next) {
        rc = nvm_wvtt_step(&k, at, &next);
        if (rc != NVM_OK) {
            return rc;
        }

        len = w->len;
        nvm_wvtt_sample_write(w, &k, at);

        if (w->len - first > NVM_WVTT_MAX_SEGMENT) {
            return NVM_ELIMIT;
        }

        if (samples != NULL) {
            if (count == *n) {
                return NVM_EOVERFLOW;
            }

            samples[count] = (nvm_sample_t) {
                .dts = at, .offset = len - first, .key = 1,
                .duration = (uint32_t) (next - at),
                .size = (uint32_t) (w->len - len)
            };
        }

        count++;
    }

    *n = count;

    return w->error;
}
