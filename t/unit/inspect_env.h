/*
 * Copyright (C) ngx_video authors
 *
 * Inspection in memory, for its tests: a file is a few bytes and a length that
 * may be larger, as if zeros followed; what comes out is a string.
 */

#ifndef INSPECT_ENV_H
#define INSPECT_ENV_H

#include <stdlib.h>
#include <string.h>

#include "json_check.h"
#include "nvm_inspect.h"
#include "tap.h"


#define INSPECT_UNUSED  __attribute__((unused))
#define INSPECT_MEMORY  (64 * 1024 * 1024)
#define INSPECT_OUTPUT  (16 * 1024 * 1024)


typedef struct {
    nvm_emit_form_e       form;
    unsigned              all;
    uint32_t              samples;      /* of this track; 0: the whole */
    uint64_t              size;         /* of the file; 0: of its bytes */
    size_t                block;        /* TS: bytes fed at once; 0: all */

    nvm_inspect_faults_t  faults;       /* what came of it */
    nvm_err_e             rc;
    size_t                len;
} inspect_t;


/* JSON in one line, so that tests needn't know where lines are broken. */
static void
inspect_join(char *text)
{
    char  *to, last;

    for (to = text, last = 0; *text; text++) {

        if (*text == '\n') {
            text += strspn(text, "\n ");

            if (last == ',') {
                *to++ = ' ';
            }

            if (*text == '\0') {
                break;
            }
        }

        *to++ = last = *text;
    }

    *to = '\0';
}


/* Output of a walk into a string, after a dry run of the same size. */
static char *
inspect_finish(inspect_t *o, void (*walk)(void *, nvm_emit_t *), void *data)
{
    size_t        n;
    char         *text;
    nvm_emit_t    e;
    nvm_writer_t  w;

    nvm_writer_init(&w, NULL, 0);
    nvm_emit_init(&e, o->form, &w);
    walk(data, &e);
    nvm_emit_done(&e);

    n = w.len;
    text = malloc(n + 1);
    nvm_writer_init(&w, text, n);
    nvm_emit_init(&e, o->form, &w);
    walk(data, &e);
    nvm_emit_done(&e);

    if (nvm_writer_done(&w, n) != NVM_OK) {
        abort();
    }

    text[n] = '\0';
    o->len = n;

    if (o->form == NVM_EMIT_JSON && json_check(text, n) != NULL) {
        diag("no JSON: %s", json_check(text, n));
        abort();
    }

    if (o->form == NVM_EMIT_JSON) {
        inspect_join(text);
    }

    return text;
}


typedef struct {
    inspect_t          *o;
    nvm_inspect_mp4_t  *m;
    nvm_inspect_ts_t   *ts;
} inspect_run_t;


static void
inspect_mp4_walk(void *data, nvm_emit_t *e)
{
    inspect_run_t  *run = data;

    if (run->o->samples == 0) {
        nvm_inspect_mp4_write(run->m, e, run->o->all);

    } else {
        run->o->rc = nvm_inspect_mp4_samples(run->m, e, run->o->samples);
    }
}


static INSPECT_UNUSED char *
inspect_mp4(inspect_t *o, const uint8_t *data, size_t n)
{
    size_t               i;
    char                *text;
    uint64_t             at;
    nvm_heap_t           h;
    inspect_run_t        run = { o, NULL, NULL };
    nvm_inspect_want_t   want;

    nvm_heap_init(&h, INSPECT_MEMORY);
    run.m = nvm_inspect_mp4_create(&h.arena, o->size ? o->size : n);

    while (nvm_inspect_mp4_want(run.m, &want) == NVM_OK) {

        for (i = 0; i < want.size; i++) {
            at = want.offset + i;
            want.dst[i] = at < n ? data[at] : 0;
        }

        nvm_inspect_mp4_feed(run.m, want.size);
    }

    o->rc = nvm_inspect_mp4_end(run.m);
    text = inspect_finish(o, inspect_mp4_walk, &run);
    o->faults = *nvm_inspect_mp4_faults(run.m);
    nvm_heap_done(&h);

    return text;
}


static void
inspect_ts_walk(void *data, nvm_emit_t *e)
{
    inspect_run_t  *run = data;

    nvm_inspect_ts_write(run->ts, e);
}


static void
inspect_ts_feed(nvm_inspect_ts_t *ts, const uint8_t *data, size_t n,
    size_t block)
{
    size_t  i, take;

    for (i = 0; i < n; i += take) {
        take = block && n - i > block ? block : n - i;
        nvm_inspect_ts_feed(ts, data + i, take);
    }
}


static INSPECT_UNUSED char *
inspect_ts(inspect_t *o, const uint8_t *data, size_t n)
{
    char                 *text;
    nvm_emit_t            e;
    nvm_heap_t            h;
    nvm_writer_t          w;
    inspect_run_t         run = { o, NULL, NULL };
    nvm_inspect_probe_t   p;

    nvm_inspect_probe(data, n, &p);

    if (p.format != NVM_INSPECT_TS) {
        abort();
    }

    nvm_heap_init(&h, INSPECT_MEMORY);
    run.ts = nvm_inspect_ts_create(&h.arena, &p, o->all);

    if (o->samples) {
        text = malloc(INSPECT_OUTPUT);
        nvm_writer_init(&w, text, INSPECT_OUTPUT - 1);
        nvm_emit_init(&e, o->form, &w);
        nvm_inspect_ts_samples(run.ts, &e, o->samples);
        inspect_ts_feed(run.ts, data, n, o->block);
        o->rc = nvm_inspect_ts_end(run.ts);
        nvm_emit_done(&e);
        text[w.len] = '\0';
        o->len = w.len;

        if (o->form == NVM_EMIT_JSON) {
            inspect_join(text);
        }

    } else {
        inspect_ts_feed(run.ts, data, n, o->block);
        o->rc = nvm_inspect_ts_end(run.ts);
        text = inspect_finish(o, inspect_ts_walk, &run);
    }

    o->faults = *nvm_inspect_ts_faults(run.ts);
    nvm_heap_done(&h);

    return text;
}


/* The text contains that; else it is shown. */
static INSPECT_UNUSED void
inspect_has(const char *text, const char *part, const char *what)
{
    if (!ok(strstr(text, part) != NULL, "%s", what)) {
        diag("want: %s", part);
        diag("in:   %s", text);
    }
}


static INSPECT_UNUSED void
inspect_lacks(const char *text, const char *part, const char *what)
{
    if (!ok(strstr(text, part) == NULL, "%s", what)) {
        diag("don't want: %s", part);
        diag("in:   %s", text);
    }
}


#endif /* INSPECT_ENV_H */
