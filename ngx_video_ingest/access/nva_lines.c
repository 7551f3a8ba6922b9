/*
 * Copyright (C) ngx_video authors
 *
 * Lines of words: see nva_lines.h.
 */

#include <string.h>

#include "nva_lines.h"


void
nva_lines_init(nva_lines_t *l, const void *text, size_t len)
{
    nvm_reader_init(&l->r, text, len, 0);
    l->line = 0;
}


/* A line as a reader of its own, without its end. */
static void
nva_lines_cut(nva_lines_t *l, nvm_reader_t *line)
{
    size_t          left, n;
    const uint8_t  *p;

    left = nvm_reader_left(&l->r);
    p = memchr(l->r.pos, '\n', left);
    n = p ? (size_t) (p - l->r.pos) : left;

    if (p && n && p[-1] == '\r') {
        nvm_reader_sub(&l->r, n - 1, line);
        nvm_reader_skip(&l->r, 2);

    } else {
        nvm_reader_sub(&l->r, n, line);
        nvm_reader_skip(&l->r, p != NULL);
    }

    l->line++;
}


static int
nva_lines_space(uint8_t ch)
{
    return ch == ' ' || ch == '\t';
}


/* The next word; NVM_ENOENT: there is none. */
static nvm_err_e
nva_lines_word(nvm_reader_t *r, nva_str_t *word)
{
    uint8_t  ch;

    while (nva_lines_space(nvm_reader_peek(r))) {
        nvm_reader_skip(r, 1);
    }

    if (nvm_reader_left(r) == 0 || nvm_reader_peek(r) == '#') {
        return NVM_ENOENT;
    }

    word->data = r->pos;

    while (nvm_reader_left(r) && !nva_lines_space(nvm_reader_peek(r))) {
        ch = nvm_reader_u8(r);

        if (ch <= 0x20 || ch >= 0x7f) {
            return NVM_EINVAL;
        }
    }

    word->len = (size_t) (r->pos - word->data);

    return NVM_OK;
}


nvm_err_e
nva_lines_next(nva_lines_t *l, nva_str_t *words, size_t max, size_t *n)
{
    nvm_err_e     rc;
    nva_str_t     word;
    nvm_reader_t  line;

    while (nvm_reader_left(&l->r)) {
        nva_lines_cut(l, &line);
        *n = 0;

        while ((rc = nva_lines_word(&line, &word)) == NVM_OK) {
            if (*n == max) {
                return NVM_ELIMIT;
            }

            words[(*n)++] = word;
        }

        if (rc != NVM_ENOENT) {
            return rc;
        }

        if (*n) {
            return NVM_OK;
        }
    }

    return NVM_ENOENT;
}
