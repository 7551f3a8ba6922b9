/*
 * Copyright (C) ngx_video authors
 *
 * Samples of tx3g tracks as cues: 3GPP TS 26.245, 5.17, and QuickTime's text
 * media, which has the same layout.
 */

#include <string.h>

#include "nvm_mp4_box.h"
#include "nvm_vtt_build.h"


/* face-style-flags, 5.15 */
#define NVM_TX3G_BOLD       0x01
#define NVM_TX3G_ITALIC     0x02
#define NVM_TX3G_UNDERLINE  0x04
#define NVM_TX3G_FACES      3

#define NVM_TX3G_BOM        0xfeff


typedef struct {
    nvm_reader_t      text;             /* without a byte order mark */
    unsigned          utf16:1;
    unsigned          swapped:1;        /* little-endian */
    uint32_t          first;            /* the characters that are no white */
    uint32_t          last;             /* space around the text */

    nvm_reader_t      styles;           /* records not looked at yet */
    uint32_t          start;            /* the current record */
    uint32_t          end;
    uint8_t           faces;
} nvm_tx3g_t;


/* Tags that are open, the innermost last. */
typedef struct {
    uint8_t           faces[NVM_TX3G_FACES];
    size_t            n;
} nvm_tx3g_tags_t;


static const struct {
    uint8_t           face;
    const char       *open;
    const char       *close;
} nvm_tx3g_faces[NVM_TX3G_FACES] = {
    { NVM_TX3G_BOLD, "<b>", "</b>" },
    { NVM_TX3G_ITALIC, "<i>", "</i>" },
    { NVM_TX3G_UNDERLINE, "<u>", "</u>" }
};


static uint32_t
nvm_tx3g_unit(const nvm_tx3g_t *t, nvm_reader_t *r)
{
    uint16_t  v;

    v = nvm_reader_u16(r);

    return t->swapped ? (uint32_t) (uint16_t) (v << 8 | v >> 8) : v;
}


static uint32_t
nvm_tx3g_utf16(const nvm_tx3g_t *t, nvm_reader_t *r)
{
    uint32_t      high, low;
    nvm_reader_t  next;

    high = nvm_tx3g_unit(t, r);

    if (high < 0xd800 || high > 0xdfff) {
        return high;
    }

    next = *r;
    low = nvm_tx3g_unit(t, &next);

    if (high > 0xdbff || low < 0xdc00 || low > 0xdfff) {
        return 0xfffd;
    }

    *r = next;

    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}


static uint32_t
nvm_tx3g_utf8(nvm_reader_t *r)
{
    size_t          n;
    uint32_t        code;
    nvm_vtt_span_t  s;

    s = nvm_vtt_rest(r);
    n = nvm_vtt_utf8(s.data, s.len, &code);
    nvm_reader_skip(r, n ? n : 1);

    return n ? code : 0xfffd;
}


/* The next character; half a unit at the end is none. */
static unsigned
nvm_tx3g_next(const nvm_tx3g_t *t, nvm_reader_t *r, uint32_t *code)
{
    if (nvm_reader_left(r) < 1u + t->utf16) {
        return 0;
    }

    *code = t->utf16 ? nvm_tx3g_utf16(t, r) : nvm_tx3g_utf8(r);

    return 1;
}


/* A mark is not a character (5.2): offsets do not count it. */
static void
nvm_tx3g_encoding(nvm_tx3g_t *t)
{
    uint16_t      mark;
    nvm_reader_t  look;

    look = t->text;
    mark = nvm_reader_u16(&look);

    if (look.error == NVM_OK && (mark == NVM_TX3G_BOM || mark == 0xfffe)) {
        t->utf16 = 1;
        t->swapped = mark == 0xfffe;
        t->text = look;
        return;
    }

    look = t->text;

    if (nvm_reader_u24(&look) == 0xefbbbf) {
        t->text = look;
    }
}


/* Whether there is any text; where it begins and ends. */
static unsigned
nvm_tx3g_extent(nvm_tx3g_t *t)
{
    unsigned      any;
    uint32_t      i, code;
    nvm_reader_t  r;

    any = 0;
    r = t->text;

    for (i = 0; nvm_tx3g_next(t, &r, &code); i++) {

        if (code == 0 || code == ' ' || (code >= '\t' && code <= '\r')) {
            continue;
        }

        if (!any) {
            t->first = i;
            any = 1;
        }

        t->last = i;
    }

    return any;
}


/* The first styl box of the modifiers (5.17.1.1); there may be none. */
static void
nvm_tx3g_modifiers(nvm_tx3g_t *t, const nvm_reader_t *r)
{
    nvm_mp4_box_t  sample, box;

    sample = (nvm_mp4_box_t) { .r = *r };

    if (nvm_mp4_box_find(&sample, NVM_FOURCC('s', 't', 'y', 'l'), &box, NULL)
        == NVM_OK)
    {
        t->styles = box.r;
        nvm_reader_skip(&t->styles, 2);         /* entry count */
    }
}


/* Faces at a character.  Records do not overlap and are in order (5.2). */
static uint8_t
nvm_tx3g_style(nvm_tx3g_t *t, uint32_t at)
{
    while ((t->end <= at || t->end <= t->start)
           && nvm_reader_left(&t->styles) >= 12)
    {
        t->start = nvm_reader_u16(&t->styles);
        t->end = nvm_reader_u16(&t->styles);
        nvm_reader_skip(&t->styles, 2);         /* font */
        t->faces = nvm_reader_u8(&t->styles);
        nvm_reader_skip(&t->styles, 5);         /* size, colour */
    }

    return at >= t->start && at < t->end ? t->faces : 0;
}


/* Closes from the innermost as far as needed, then opens what is missing. */
static void
nvm_tx3g_switch(nvm_writer_t *w, nvm_tx3g_tags_t *tags, uint8_t faces)
{
    size_t   i, keep;
    uint8_t  open;

    for (keep = 0, open = 0; keep < tags->n; keep++) {
        if (!(nvm_tx3g_faces[tags->faces[keep]].face & faces)) {
            break;
        }

        open |= nvm_tx3g_faces[tags->faces[keep]].face;
    }

    while (tags->n > keep) {
        tags->n--;
        nvm_writer_text(w, nvm_tx3g_faces[tags->faces[tags->n]].close);
    }

    for (i = 0; i < NVM_TX3G_FACES; i++) {
        if (nvm_tx3g_faces[i].face & faces & ~open) {
            nvm_writer_text(w, nvm_tx3g_faces[i].open);
            tags->faces[tags->n++] = (uint8_t) i;
        }
    }
}


/* t is a copy: the text is written twice. */
static void
nvm_tx3g_write(nvm_writer_t *w, nvm_tx3g_t t)
{
    uint32_t         i, code;
    nvm_tx3g_tags_t  tags;

    tags.n = 0;

    for (i = 0; i <= t.last && nvm_tx3g_next(&t, &t.text, &code); i++) {

        if (i < t.first) {
            continue;
        }

        nvm_tx3g_switch(w, &tags, nvm_tx3g_style(&t, i));
        nvm_vtt_char_write(w, code);
    }

    nvm_tx3g_switch(w, &tags, 0);
}


/* As cue text in the arena. */
static nvm_err_e
nvm_tx3g_text(nvm_vtt_build_t *b, const nvm_tx3g_t *t, nvm_vtt_span_t *text)
{
    void          *p;
    nvm_writer_t   w;

    nvm_writer_init(&w, NULL, 0);
    nvm_tx3g_write(&w, *t);

    p = nvm_alloc(b->arena, w.len, 1);
    if (p == NULL) {
        return NVM_ENOMEM;
    }

    nvm_writer_init(&w, p, w.len);
    nvm_tx3g_write(&w, *t);

    *text = (nvm_vtt_span_t) { p, w.len };

    return w.error;
}


nvm_err_e
nvm_vtt_from_tx3g(nvm_vtt_build_t *b, const void *sample, size_t size,
    uint64_t start, uint32_t duration, nvm_fault_t *f)
{
    uint16_t       len;
    nvm_err_e      rc;
    nvm_tx3g_t     t = { 0 };
    nvm_reader_t   r;
    nvm_vtt_cue_t  c = { 0 };

    rc = nvm_vtt_build_time(b, start, duration, &c, f);

    if (rc != NVM_OK || size == 0) {
        return rc;
    }

    nvm_reader_init(&r, sample, size, 0);
    len = nvm_reader_u16(&r);
    nvm_reader_sub(&r, len, &t.text);

    if (r.error) {
        return nvm_fault(f, r.error, 0, "text is longer than its sample");
    }

    nvm_tx3g_encoding(&t);

    if (!nvm_tx3g_extent(&t)) {
        return NVM_OK;
    }

    nvm_reader_init(&t.styles, "", 0, 0);
    nvm_tx3g_modifiers(&t, &r);

    rc = nvm_tx3g_text(b, &t, &c.text);

    if (rc == NVM_OK) {
        rc = nvm_vtt_build_cue(b, &c, NULL);
    }

    return rc == NVM_OK ? rc : nvm_fault(f, rc, 0, "no room for a cue");
}


nvm_err_e
nvm_tx3g_track(nvm_track_t *t, const uint8_t *config, size_t n,
    nvm_fault_t *f)
{
    (void) config;
    (void) n;
    (void) f;

    t->kind = NVM_TEXT;
    t->codec = NVM_CODEC_TX3G;
    strcpy(t->codecs, "tx3g");

    return NVM_OK;
}
