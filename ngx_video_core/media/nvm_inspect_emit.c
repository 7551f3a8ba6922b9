/*
 * Copyright (C) ngx_video authors
 *
 * The emitter: JSON and text from the same calls.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "nvm_inspect_emit.h"


/* A line that has come so far is broken before the next value. */
#define NVM_EMIT_WRAP   80

/* Width of a column of a table in text. */
#define NVM_EMIT_WIDTH  12


static nvm_emit_level_t *
nvm_emit_top(nvm_emit_t *e)
{
    return &e->levels[e->depth];
}


void
nvm_emit_put(nvm_emit_t *e, const char *s, size_t n)
{
    nvm_writer_bytes(e->w, s, n);
    e->column += n;
}


void
nvm_emit_puts(nvm_emit_t *e, const char *s)
{
    nvm_emit_put(e, s, strlen(s));
}


static void
nvm_emit_spaces(nvm_emit_t *e, size_t n)
{
    static const char  blank[] = "                                        ";

    while (n >= sizeof(blank)) {
        nvm_emit_put(e, blank, sizeof(blank) - 1);
        n -= sizeof(blank) - 1;
    }

    nvm_emit_put(e, blank, n);
}


/* Lines are where the output may be taken away: they are bounded. */
static void
nvm_emit_line(nvm_emit_t *e, size_t indent)
{
    if (e->drain != NULL && e->w->size - e->w->len < NVM_EMIT_ROOM) {
        e->drain(e->data, e->w);
    }

    nvm_emit_put(e, "\n", 1);
    e->column = 0;
    nvm_emit_spaces(e, indent);
}


int
nvm_emit_in_row(nvm_emit_t *e)
{
    return e->form == NVM_EMIT_TEXT && nvm_emit_top(e)->kind == NVM_EMIT_ROW;
}


static int
nvm_emit_is_array(const nvm_emit_level_t *l)
{
    return l->kind != NVM_EMIT_OBJECT && l->kind != NVM_EMIT_ROW;
}


/*
 * What separates the next thing from the one before, and its name.  Elements
 * that have an inside begin a line.
 */
static void
nvm_emit_json_name(nvm_emit_t *e, const char *name, unsigned inside)
{
    nvm_emit_level_t  *l;

    l = nvm_emit_top(e);

    if (l->used) {
        nvm_emit_put(e, ",", 1);
    }

    if (inside && name == NULL) {
        nvm_emit_line(e, e->depth);

    } else if (l->used && e->column > NVM_EMIT_WRAP
               && l->kind != NVM_EMIT_ROW)
    {
        nvm_emit_line(e, e->depth + 1);

    } else if (l->used) {
        nvm_emit_put(e, " ", 1);
    }

    if (name != NULL) {
        nvm_emit_put(e, "\"", 1);
        nvm_emit_puts(e, name);
        nvm_emit_put(e, "\": ", 3);
    }

    l->used = 1;
}


/* The same in text, for values only. */
static void
nvm_emit_text_name(nvm_emit_t *e, const char *name)
{
    nvm_emit_level_t  *l;

    l = nvm_emit_top(e);

    if (l->closed) {
        nvm_emit_line(e, l->indent);
        l->closed = 0;

    } else if (l->used || l->label) {

        if (l->used && !nvm_emit_is_array(l)) {
            nvm_emit_put(e, ",", 1);
        }

        if (e->column > NVM_EMIT_WRAP) {
            nvm_emit_line(e, l->indent + 2);

        } else {
            nvm_emit_put(e, " ", 1);
        }
    }

    if (name != NULL) {
        nvm_emit_puts(e, name);
        nvm_emit_put(e, " ", 1);
    }

    l->used = 1;
}


void
nvm_emit_name(nvm_emit_t *e, const char *name)
{
    if (e->form == NVM_EMIT_JSON) {
        nvm_emit_json_name(e, name, 0);
        return;
    }

    if (nvm_emit_in_row(e)) {
        nvm_emit_top(e)->used = 1;
        return;
    }

    nvm_emit_text_name(e, name);
}


void
nvm_emit_value(nvm_emit_t *e, const char *name, const char *s,
    unsigned quoted)
{
    size_t  n;

    n = strlen(s);
    nvm_emit_name(e, name);

    if (nvm_emit_in_row(e)) {
        nvm_emit_spaces(e, n < NVM_EMIT_WIDTH ? NVM_EMIT_WIDTH - n : 1);
    }

    if (quoted && e->form == NVM_EMIT_JSON) {
        nvm_emit_put(e, "\"", 1);
        nvm_emit_put(e, s, n);
        nvm_emit_put(e, "\"", 1);
        return;
    }

    nvm_emit_put(e, s, n);
}


/* The name of a table and the heads of its columns, above the first row. */
static void
nvm_emit_columns(nvm_emit_t *e, const nvm_emit_level_t *l)
{
    size_t       n;
    const char  *p;

    nvm_emit_line(e, l->indent - 2);
    nvm_emit_puts(e, l->name);
    nvm_emit_put(e, ":", 1);
    nvm_emit_line(e, l->indent);

    for (p = l->columns; *p; p += n) {
        p += *p == ' ';
        n = strcspn(p, " ");
        nvm_emit_spaces(e, n < NVM_EMIT_WIDTH ? NVM_EMIT_WIDTH - n : 1);
        nvm_emit_put(e, p, n);
    }
}


/* What text shows where something with an inside begins. */
static void
nvm_emit_text_open(nvm_emit_t *e, const char *name, nvm_emit_kind_e kind)
{
    nvm_emit_level_t  *l;

    l = nvm_emit_top(e);

    if (kind == NVM_EMIT_ROW && !l->used && l->columns != NULL) {
        nvm_emit_columns(e, l);
    }

    l->used = 1;

    if (kind == NVM_EMIT_LIST || kind == NVM_EMIT_TABLE) {
        return;
    }

    nvm_emit_line(e, l->indent);

    if (name != NULL) {
        nvm_emit_puts(e, name);
        nvm_emit_put(e, ":", 1);
    }
}


void
nvm_emit_open(nvm_emit_t *e, const char *name, nvm_emit_kind_e kind)
{
    unsigned           indent;
    nvm_emit_level_t  *l;

    /* nobody nests so deep: boxes have a limit of their own */

    if (e->depth + 1 == NVM_EMIT_DEPTH) {
        e->w->error = NVM_ELIMIT;
        return;
    }

    indent = nvm_emit_top(e)->indent;

    if (e->form == NVM_EMIT_TEXT) {
        nvm_emit_text_open(e, name, kind);

    } else {
        nvm_emit_json_name(e, name, 1);
        nvm_emit_puts(e, kind == NVM_EMIT_OBJECT || kind == NVM_EMIT_ROW
                         ? "{" : "[");
    }

    e->depth++;
    l = nvm_emit_top(e);
    memset(l, 0, sizeof(nvm_emit_level_t));
    l->kind = kind;
    l->label = name != NULL && kind != NVM_EMIT_LIST;
    l->indent = kind == NVM_EMIT_LIST ? indent : indent + 2;
}


void
nvm_emit_table(nvm_emit_t *e, const char *name, const char *columns)
{
    nvm_emit_open(e, name, NVM_EMIT_TABLE);
    nvm_emit_top(e)->name = name;
    nvm_emit_top(e)->columns = columns;
}


void
nvm_emit_close(nvm_emit_t *e)
{
    if (e->depth == 0) {
        return;
    }

    if (e->form == NVM_EMIT_JSON) {
        nvm_emit_puts(e, nvm_emit_is_array(nvm_emit_top(e)) ? "]" : "}");
    }

    e->depth--;
    nvm_emit_top(e)->closed = 1;
}


void
nvm_emit_omitted(nvm_emit_t *e, uint64_t n)
{
    char  buf[48];

    if (e->form == NVM_EMIT_JSON) {
        nvm_emit_open(e, NULL, NVM_EMIT_OBJECT);
        nvm_emit_uint(e, "omitted", n);
        nvm_emit_close(e);
        return;
    }

    (void) snprintf(buf, sizeof(buf), "... %" PRIu64 " more ...", n);
    nvm_emit_line(e, nvm_emit_top(e)->indent);
    nvm_emit_puts(e, buf);
    nvm_emit_top(e)->used = 1;
    nvm_emit_top(e)->closed = 1;
}


void
nvm_emit_init(nvm_emit_t *e, nvm_emit_form_e form, nvm_writer_t *w)
{
    memset(e, 0, sizeof(nvm_emit_t));
    e->w = w;
    e->form = form;

    if (form == NVM_EMIT_JSON) {
        nvm_emit_put(e, "{", 1);
    }
}


void
nvm_emit_done(nvm_emit_t *e)
{
    if (e->form == NVM_EMIT_JSON) {
        nvm_emit_put(e, "}", 1);
    }

    nvm_emit_line(e, 0);
}
