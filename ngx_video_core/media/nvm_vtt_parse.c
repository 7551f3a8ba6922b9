/*
 * Copyright (C) ngx_video authors
 *
 * The parser of WebVTT (W3C, 6.1 and 6.3) and of SubRip, which it takes for
 * WebVTT without a signature and with other timestamps.
 *
 * A file is walked twice by the same code: the first walk counts, the second
 * fills arrays of that size.  Nothing is copied but texts of SubRip.
 */

#include <string.h>

#include "nvm_vtt.h"
#include "nvm_vtt_srt.h"


typedef struct {
    nvm_reader_t      r;
    nvm_arena_t      *arena;
    nvm_vtt_t        *v;
    size_t            header;           /* bytes of the blocks so far */
    nvm_err_e         error;
    unsigned          srt:1;
    unsigned          real:1;           /* the second walk */
    unsigned          cue_seen:1;       /* no style or region may follow */
} nvm_vtt_parser_t;


typedef enum {
    NVM_VTT_NOTHING = 0,                /* a comment, or no sense */
    NVM_VTT_CUE,
    NVM_VTT_BLOCK
} nvm_vtt_kind_e;


/* What stands between two blank lines, as far as it was read. */
typedef struct {
    nvm_vtt_kind_e    kind;
    nvm_vtt_cue_t     cue;              /* all but its text */
    nvm_vtt_span_t    all;
    nvm_vtt_span_t    text;             /* what the standard calls buffer */
    nvm_vtt_span_t    line;             /* the last one of text */
    nvm_reader_t      before_line;
    unsigned          lines;
    unsigned          arrow:1;
} nvm_vtt_block_t;


/* A line without its end, and past it; whether the file goes on. */
static unsigned
nvm_vtt_line(nvm_reader_t *r, nvm_vtt_span_t *line)
{
    size_t  n;

    *line = nvm_vtt_rest(r);

    for (n = 0; n < line->len; n++) {
        if (line->data[n] == '\n' || line->data[n] == '\r') {
            break;
        }
    }

    line->len = n;
    nvm_reader_skip(r, n);

    if (nvm_vtt_accept(r, '\r')) {
        (void) nvm_vtt_accept(r, '\n');
        return 1;
    }

    return nvm_vtt_accept(r, '\n');
}


static unsigned
nvm_vtt_has_arrow(nvm_vtt_span_t s)
{
    size_t  i;

    for (i = 2; i < s.len; i++) {
        if (s.data[i] == '>' && s.data[i - 1] == '-' && s.data[i - 2] == '-') {
            return 1;
        }
    }

    return 0;
}


static unsigned
nvm_vtt_is_word(nvm_vtt_span_t s, const char *word)
{
    size_t  n;

    n = strlen(word);

    return s.len >= n && memcmp(s.data, word, n) == 0
           && nvm_vtt_trim((nvm_vtt_span_t) { s.data + n, s.len - n }).len
              == 0;
}


static unsigned
nvm_vtt_is_number(nvm_vtt_span_t s)
{
    size_t  i;

    s = nvm_vtt_trim(s);

    for (i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return 0;
        }
    }

    return s.len != 0;
}


static void
nvm_vtt_skip_space(nvm_reader_t *r)
{
    while (nvm_vtt_accept(r, ' ') || nvm_vtt_accept(r, '\t')
           || nvm_vtt_accept(r, '\f'))
    {
        /* void */
    }
}


/* "Collect WebVTT cue timings and settings". */
static nvm_err_e
nvm_vtt_timings(const nvm_vtt_parser_t *p, nvm_vtt_span_t line,
    nvm_vtt_cue_t *c)
{
    nvm_reader_t  r;

    nvm_vtt_reader(&r, line);
    nvm_vtt_skip_space(&r);

    if (nvm_vtt_time_read(&r, p->srt, &c->start_ms) != NVM_OK) {
        return NVM_EINVAL;
    }

    nvm_vtt_skip_space(&r);

    if (!nvm_vtt_accept(&r, '-') || !nvm_vtt_accept(&r, '-')
        || !nvm_vtt_accept(&r, '>'))
    {
        return NVM_EINVAL;
    }

    nvm_vtt_skip_space(&r);

    if (nvm_vtt_time_read(&r, p->srt, &c->end_ms) != NVM_OK) {
        return NVM_EINVAL;
    }

    /* those of SubRip are pixels of a screen that nobody knows */

    if (!p->srt) {
        c->settings = nvm_vtt_trim(nvm_vtt_rest(&r));
    }

    return NVM_OK;
}


static void
nvm_vtt_append(nvm_vtt_span_t *s, nvm_vtt_span_t line)
{
    if (s->len == 0) {
        *s = line;
        return;
    }

    /* lines of one block lie one after the other in the file */

    s->len = (size_t) (line.data - s->data) + line.len;
}


/* A line with an arrow; whether it belongs to this block. */
static unsigned
nvm_vtt_take_arrow(nvm_vtt_parser_t *p, nvm_vtt_block_t *b,
    nvm_vtt_span_t line, unsigned header)
{
    if (header || b->lines > 2 || (b->lines == 2 && b->arrow)) {
        return 0;
    }

    b->arrow = 1;

    if (nvm_vtt_timings(p, line, &b->cue) != NVM_OK) {
        p->v->skipped++;
        return 1;
    }

    b->kind = NVM_VTT_CUE;
    b->cue.id = b->text;
    b->text.len = 0;
    b->line.len = 0;
    p->cue_seen = 1;

    return 1;
}


static void
nvm_vtt_take_line(nvm_vtt_parser_t *p, nvm_vtt_block_t *b, nvm_vtt_span_t line)
{
    if (b->lines == 2 && !p->cue_seen && !p->srt
        && (nvm_vtt_is_word(b->text, "STYLE")
            || nvm_vtt_is_word(b->text, "REGION")))
    {
        b->kind = NVM_VTT_BLOCK;
    }

    nvm_vtt_append(&b->all, line);
    nvm_vtt_append(&b->text, line);
    b->line = line;
}


/*
 * SubRip whose cues have no blank line between them: what looked like the
 * last line of a text was the number of the next cue.
 */
static void
nvm_vtt_give_back(nvm_vtt_parser_t *p, nvm_vtt_block_t *b)
{
    if (!p->srt || b->kind != NVM_VTT_CUE || !nvm_vtt_is_number(b->line)) {
        return;
    }

    p->r = b->before_line;
    b->text.len = (size_t) (b->line.data - b->text.data);
}


static void
nvm_vtt_emit_cue(nvm_vtt_parser_t *p, nvm_vtt_block_t *b)
{
    nvm_vtt_t      *v;
    nvm_vtt_cue_t  *c;

    v = p->v;

    /* never shown */

    if (b->cue.end_ms <= b->cue.start_ms) {
        v->skipped++;
        return;
    }

    if (!p->real) {
        if (v->ncues++ == NVM_VTT_MAX_CUES) {
            p->error = NVM_ELIMIT;
        }

        return;
    }

    c = &v->cues[v->ncues++];
    *c = b->cue;
    c->text = b->text;
    c->number = (uint32_t) v->ncues;

    if (p->srt) {
        p->error = nvm_vtt_srt_text(p->arena, &c->text, &c->settings);
    }
}


static void
nvm_vtt_emit_block(nvm_vtt_parser_t *p, nvm_vtt_block_t *b)
{
    nvm_vtt_t  *v;

    v = p->v;

    if (v->nblocks == NVM_VTT_MAX_BLOCKS
        || b->all.len > NVM_VTT_MAX_HEADER - p->header)
    {
        v->skipped++;
        return;
    }

    p->header += b->all.len;

    if (p->real) {
        v->blocks[v->nblocks] = b->all;
    }

    v->nblocks++;
}


/* "Collect a WebVTT block".  Unless it is the header, it moves on. */
static void
nvm_vtt_block(nvm_vtt_parser_t *p, unsigned header)
{
    unsigned         more;
    nvm_reader_t     before;
    nvm_vtt_span_t   line;
    nvm_vtt_block_t  b;

    memset(&b, 0, sizeof(b));

    do {
        before = p->r;
        more = nvm_vtt_line(&p->r, &line);
        b.lines++;

        if (nvm_vtt_has_arrow(line)) {

            if (!nvm_vtt_take_arrow(p, &b, line, header)) {
                p->r = before;
                nvm_vtt_give_back(p, &b);
                break;
            }

            continue;
        }

        if (line.len == 0 || (p->srt && nvm_vtt_trim(line).len == 0)) {
            break;
        }

        b.before_line = before;
        nvm_vtt_take_line(p, &b, line);

    } while (more);

    if (header) {
        return;
    }

    if (b.kind == NVM_VTT_CUE) {
        nvm_vtt_emit_cue(p, &b);

    } else if (b.kind == NVM_VTT_BLOCK) {
        nvm_vtt_emit_block(p, &b);
    }
}


/* The signature and what else comes before the first blank line. */
static void
nvm_vtt_file_header(nvm_vtt_parser_t *p)
{
    nvm_vtt_span_t  line;

    if (!nvm_vtt_line(&p->r, &line) || nvm_reader_left(&p->r) == 0) {
        return;
    }

    if (nvm_reader_peek(&p->r) != '\n' && nvm_reader_peek(&p->r) != '\r') {
        nvm_vtt_block(p, 1);
    }
}


static void
nvm_vtt_walk(nvm_vtt_parser_t *p)
{
    p->header = 0;
    p->cue_seen = 0;
    p->v->ncues = 0;
    p->v->nblocks = 0;
    p->v->skipped = 0;

    if (!p->srt) {
        nvm_vtt_file_header(p);
    }

    while (nvm_reader_left(&p->r) && p->error == NVM_OK) {

        if (nvm_vtt_accept(&p->r, '\n') || nvm_vtt_accept(&p->r, '\r')) {
            continue;
        }

        nvm_vtt_block(p, 0);
    }
}


/* Moves past a byte order mark; whether the file claims to be WebVTT. */
static unsigned
nvm_vtt_signature(nvm_reader_t *r)
{
    nvm_vtt_span_t  s;

    s = nvm_vtt_rest(r);

    if (s.len >= 3 && memcmp(s.data, "\xef\xbb\xbf", 3) == 0) {
        nvm_reader_skip(r, 3);
        s = nvm_vtt_rest(r);
    }

    return s.len >= 6 && memcmp(s.data, "WEBVTT", 6) == 0
           && (s.len == 6 || memchr(" \t\r\n", s.data[6], 4) != NULL);
}


static nvm_err_e
nvm_vtt_check(const nvm_vtt_parser_t *p, nvm_fault_t *f)
{
    uint64_t        offset;
    nvm_vtt_span_t  s;

    offset = nvm_reader_offset(&p->r);

    if (p->error == NVM_ELIMIT) {
        return nvm_fault(f, NVM_ELIMIT, offset, "too many cues");
    }

    if (!p->srt || p->v->ncues) {
        return NVM_OK;
    }

    s = (nvm_vtt_span_t) { (const char *) p->r.start,
                           (size_t) (p->r.end - p->r.start) };

    if (s.len >= 2 && (memcmp(s.data, "\xff\xfe", 2) == 0
                       || memcmp(s.data, "\xfe\xff", 2) == 0))
    {
        return nvm_fault(f, NVM_EUNSUP, 0, "UTF-16 text");
    }

    return nvm_fault(f, NVM_EINVAL, 0, "neither WebVTT nor SubRip");
}


nvm_err_e
nvm_vtt_parse(nvm_arena_t *a, const void *data, size_t size, nvm_vtt_t **vtt,
    nvm_fault_t *f)
{
    nvm_err_e         rc;
    nvm_vtt_t        *v;
    nvm_reader_t      body;
    nvm_vtt_parser_t  p;

    memset(&p, 0, sizeof(p));
    nvm_reader_init(&p.r, size ? data : "", size, 0);

    v = nvm_alloc(a, 1, sizeof(nvm_vtt_t));
    if (v == NULL) {
        return nvm_fault(f, NVM_ENOMEM, 0, "no memory for cues");
    }

    p.arena = a;
    p.v = v;
    p.srt = !nvm_vtt_signature(&p.r);
    body = p.r;

    nvm_vtt_walk(&p);

    rc = nvm_vtt_check(&p, f);
    if (rc != NVM_OK) {
        return rc;
    }

    v->cues = nvm_alloc(a, v->ncues, sizeof(nvm_vtt_cue_t));
    v->blocks = nvm_alloc(a, v->nblocks, sizeof(nvm_vtt_span_t));

    if (v->cues == NULL || v->blocks == NULL) {
        return nvm_fault(f, NVM_ENOMEM, 0, "no memory for cues");
    }

    p.r = body;
    p.real = 1;
    nvm_vtt_walk(&p);

    if (p.error) {
        return nvm_fault(f, p.error, nvm_reader_offset(&p.r),
                         "no memory for cues");
    }

    nvm_vtt_index(v);
    *vtt = v;

    return NVM_OK;
}
