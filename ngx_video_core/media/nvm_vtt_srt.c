/*
 * Copyright (C) ngx_video authors
 *
 * The text of SubRip cues.  The format has no standard: this is what players
 * agree on, HTML's b, i, u, s and font and the overrides of ASS.
 */

#include <string.h>

#include "nvm_vtt_srt.h"


/*
 * Where text stands, by the digit of "\an" (as on a numeric keypad); what is
 * the default is not said.
 */
static const char * const  nvm_vtt_srt_places[] = {
    "align:left", "", "align:right",
    "line:50% align:left", "line:50%", "line:50% align:right",
    "line:0 align:left", "line:0", "line:0 align:right"
};


static const struct {
    char         name[5];
    const char  *open;
    const char  *close;
} nvm_vtt_srt_tags[] = {
    { "b", "<b>", "</b>" },
    { "i", "<i>", "</i>" },
    { "u", "<u>", "</u>" },
    { "s", "", "" },
    { "font", "", "" }
};


/* What is neither of these is an ampersand: WebVTT, 4.2.2 */
static const char * const  nvm_vtt_srt_references[] = {
    "&amp;", "&lt;", "&gt;", "&nbsp;", "&lrm;", "&rlm;"
};


/*
 * The inside of what begins at the reader and ends with "close" on the same
 * line before another begins; the reader moves past it.  Each byte is looked
 * at for one beginning only.
 */
static unsigned
nvm_vtt_srt_enclosed(nvm_reader_t *r, char open, char close,
    nvm_vtt_span_t *inside)
{
    size_t          n;
    nvm_vtt_span_t  s;

    s = nvm_vtt_rest(r);

    for (n = 1; n < s.len; n++) {

        if (s.data[n] == close) {
            inside->data = s.data + 1;
            inside->len = n - 1;
            nvm_reader_skip(r, n + 1);

            return 1;
        }

        if (s.data[n] == open || s.data[n] == '\n' || s.data[n] == '\r') {
            break;
        }
    }

    return 0;
}


/* The name that a tag begins with, in lower case, cut to fit. */
static void
nvm_vtt_srt_name(nvm_reader_t *r, char *name, size_t size)
{
    size_t   n;
    uint8_t  c;

    n = 0;

    for ( ;; ) {
        c = nvm_reader_peek(r) | 0x20;

        if (c < 'a' || c > 'z' || n + 1 == size) {
            break;
        }

        name[n++] = (char) c;
        nvm_reader_skip(r, 1);
    }

    name[n] = '\0';
}


/* Moves past a tag and writes it, if it is one that is known. */
static unsigned
nvm_vtt_srt_tag(nvm_reader_t *r, nvm_writer_t *w)
{
    char            name[6];
    size_t          i;
    unsigned        close;
    nvm_reader_t    after, tag;
    nvm_vtt_span_t  inside;

    after = *r;

    if (!nvm_vtt_srt_enclosed(&after, '<', '>', &inside)) {
        return 0;
    }

    nvm_vtt_reader(&tag, inside);
    close = nvm_vtt_accept(&tag, '/');
    nvm_vtt_srt_name(&tag, name, sizeof(name));

    for (i = 0; i < sizeof(nvm_vtt_srt_tags) / sizeof(nvm_vtt_srt_tags[0]);
         i++)
    {
        if (strcmp(nvm_vtt_srt_tags[i].name, name) == 0) {
            break;
        }
    }

    if (i == sizeof(nvm_vtt_srt_tags) / sizeof(nvm_vtt_srt_tags[0])) {
        return 0;
    }

    /* "<font color=...>" has attributes, "<b3>" is text */

    if (strcmp(name, "font") != 0
        && nvm_vtt_trim(nvm_vtt_rest(&tag)).len != 0)
    {
        return 0;
    }

    nvm_writer_text(w, close ? nvm_vtt_srt_tags[i].close
                             : nvm_vtt_srt_tags[i].open);
    *r = after;

    return 1;
}


/* "{\an8}", "{\i1\an5}": the place is the last that is named. */
static unsigned
nvm_vtt_srt_override(nvm_reader_t *r, nvm_vtt_span_t *settings)
{
    size_t          i;
    const char     *place;
    nvm_reader_t    after;
    nvm_vtt_span_t  s;

    after = *r;

    if (!nvm_vtt_srt_enclosed(&after, '{', '}', &s)
        || s.len == 0 || s.data[0] != '\\')
    {
        return 0;
    }

    for (i = 3; i < s.len; i++) {
        if (memcmp(&s.data[i - 3], "\\an", 3) == 0
            && s.data[i] >= '1' && s.data[i] <= '9')
        {
            place = nvm_vtt_srt_places[s.data[i] - '1'];
            *settings = (nvm_vtt_span_t) { place, strlen(place) };
        }
    }

    *r = after;

    return 1;
}


static unsigned
nvm_vtt_srt_reference(nvm_reader_t *r, nvm_writer_t *w)
{
    size_t          i, n;
    nvm_vtt_span_t  s;

    s = nvm_vtt_rest(r);

    for (i = 0; i < sizeof(nvm_vtt_srt_references) / sizeof(char *); i++) {
        n = strlen(nvm_vtt_srt_references[i]);

        if (s.len >= n && memcmp(s.data, nvm_vtt_srt_references[i], n) == 0) {
            nvm_writer_bytes(w, s.data, n);
            nvm_reader_skip(r, n);
            return 1;
        }
    }

    return 0;
}


static void
nvm_vtt_srt_write(nvm_writer_t *w, nvm_vtt_span_t text,
    nvm_vtt_span_t *settings)
{
    uint8_t       c;
    nvm_reader_t  r;

    nvm_vtt_reader(&r, text);

    while (nvm_reader_left(&r)) {
        c = nvm_reader_peek(&r);

        if ((c == '<' && nvm_vtt_srt_tag(&r, w))
            || (c == '{' && nvm_vtt_srt_override(&r, settings))
            || (c == '&' && nvm_vtt_srt_reference(&r, w)))
        {
            continue;
        }

        nvm_reader_skip(&r, 1);

        if (c == '<' || c == '>' || c == '&') {
            nvm_vtt_char_write(w, c);

        } else {
            nvm_writer_u8(w, c);
        }
    }
}


nvm_err_e
nvm_vtt_srt_text(nvm_arena_t *a, nvm_vtt_span_t *text,
    nvm_vtt_span_t *settings)
{
    size_t         i;
    char          *p;
    nvm_writer_t   w;

    *text = nvm_vtt_trim(*text);

    for (i = 0; i < text->len; i++) {
        if (strchr("<>&{", text->data[i]) != NULL && text->data[i] != '\0') {
            break;
        }
    }

    if (i == text->len) {
        return NVM_OK;
    }

    nvm_writer_init(&w, NULL, 0);
    nvm_vtt_srt_write(&w, *text, settings);

    p = nvm_alloc(a, w.len, 1);
    if (p == NULL) {
        return NVM_ENOMEM;
    }

    nvm_writer_init(&w, p, w.len);
    nvm_vtt_srt_write(&w, *text, settings);
    *text = nvm_vtt_trim((nvm_vtt_span_t) { p, w.len });

    return w.error;
}
