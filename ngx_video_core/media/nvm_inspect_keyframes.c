/*
 * Copyright (C) ngx_video authors
 *
 * Key frames: sync samples of stss (ISO/IEC 14496-12, 8.6.2) and of the flags
 * in fragments (8.8.3.1).
 */

#include <string.h>

#include "nvm_inspect_mp4.h"


/* A walk over the key frames of a track. */
typedef struct {
    nvm_inspect_cursor_t       cursor;
    uint64_t                   n;           /* the next sample */
    uint32_t                   stss;        /* the next entry */
    uint32_t                   steps;
    const nvm_inspect_run_t   *run;
    uint64_t                   first;       /* number of its first sample */
} nvm_inspect_keys_t;


static void
nvm_inspect_keys_init(nvm_inspect_keys_t *k, const nvm_inspect_track_t *t)
{
    memset(k, 0, sizeof(nvm_inspect_keys_t));
    nvm_inspect_cursor_init(&k->cursor, t);
    k->run = t->runs;
    k->first = t->table_samples;
}


/* Every sample of a progressive track is one: no list says which. */
static int
nvm_inspect_keys_all(const nvm_inspect_track_t *t)
{
    return !t->has_stss && t->runs == NULL;
}


/* The number of the next one in the tables. */
static int
nvm_inspect_keys_table(nvm_inspect_keys_t *k, uint64_t *number)
{
    uint32_t                    v;
    nvm_reader_t                r;
    const nvm_inspect_track_t  *t;

    t = k->cursor.t;

    if (!t->has_stss && k->n < t->table_samples) {
        *number = k->n++;
        return k->steps++ < NVM_INSPECT_STEPS;
    }

    while (k->stss < t->stss.count) {
        r = nvm_inspect_at(&t->stss, k->stss++);
        v = nvm_reader_u32(&r);

        if (v > k->n && v <= t->table_samples) {
            *number = v - 1;
            k->n = v;
            return 1;
        }
    }

    return 0;
}


/* The number of the next one in the runs. */
static int
nvm_inspect_keys_run(nvm_inspect_keys_t *k, uint64_t *number)
{
    uint64_t                  i;
    nvm_inspect_sample_t      s;
    const nvm_inspect_run_t  *run;

    for ( ; (run = k->run) != NULL; k->run = run->next) {

        i = k->n > k->first ? k->n - k->first : 0;

        for ( ; i < run->entries.count; i++) {
            nvm_inspect_run_sample(run, i, &s);

            if (s.key) {
                *number = k->first + i;
                k->n = *number + 1;
                return run->entries.width != 0
                       || k->steps++ < NVM_INSPECT_STEPS;
            }

            /* without entries all but the first are alike */

            if (run->entries.width == 0 && i) {
                break;
            }
        }

        k->first += run->entries.count;
    }

    return 0;
}


static int
nvm_inspect_keys_next(nvm_inspect_keys_t *k, uint64_t *number,
    nvm_inspect_sample_t *s)
{
    if (!nvm_inspect_keys_table(k, number)
        && !nvm_inspect_keys_run(k, number))
    {
        return 0;
    }

    return nvm_inspect_cursor_at(&k->cursor, *number, s) == NVM_OK;
}


void
nvm_inspect_keyframes_end(nvm_inspect_track_t *t)
{
    uint64_t              number, last;
    nvm_inspect_keys_t    k;
    nvm_inspect_sample_t  s;

    t->keys = t->run_keys + (t->has_stss ? t->stss.count : t->table_samples);

    if (nvm_inspect_keys_all(t)) {
        t->interval = t->keys > 1 ? t->stts_max : 0;
        return;
    }

    nvm_inspect_keys_init(&k, t);

    for (last = UINT64_MAX; nvm_inspect_keys_next(&k, &number, &s); ) {

        if (last != UINT64_MAX && s.dts > last && s.dts - last > t->interval)
        {
            t->interval = s.dts - last;
        }

        last = s.dts;
    }
}


static void
nvm_inspect_keyframe(nvm_inspect_walk_t *w, const nvm_inspect_track_t *t,
    uint64_t number, const nvm_inspect_sample_t *s)
{
    nvm_emit_open(w->e, NULL, NVM_EMIT_ROW);
    nvm_emit_uint(w->e, "number", number + 1);
    nvm_emit_seconds(w->e, "time", nvm_inspect_track_time(w->m, t, s),
                     t->timescale);
    nvm_emit_uint(w->e, "dts", s->dts);
    nvm_emit_uint(w->e, "offset", s->offset);
    nvm_emit_uint(w->e, "size", s->size);
    nvm_emit_close(w->e);
}


/* The first and the last ones of all samples. */
static void
nvm_inspect_keyframes_all(nvm_inspect_walk_t *w, const nvm_inspect_track_t *t)
{
    uint64_t              i;
    nvm_inspect_bound_t   bound = { w->m->file_size, 0 };
    nvm_inspect_cursor_t  c;
    nvm_inspect_sample_t  s;

    nvm_inspect_cursor_init(&c, t);

    for (i = 0; i < t->keys; i++) {
        i = nvm_inspect_skip(w, i, t->keys);

        if (nvm_inspect_cursor_at(&c, i, &s) != NVM_OK
            || !nvm_inspect_plausible(&bound, &s))
        {
            break;
        }

        nvm_inspect_keyframe(w, t, i, &s);
    }
}


static void
nvm_inspect_keyframes_some(nvm_inspect_walk_t *w, const nvm_inspect_track_t *t)
{
    uint64_t              i, number;
    nvm_inspect_keys_t    k;
    nvm_inspect_sample_t  s;

    nvm_inspect_keys_init(&k, t);

    for (i = 0; nvm_inspect_keys_next(&k, &number, &s); i++) {

        if (i == NVM_INSPECT_FIRST) {
            /* the rows between are gone through, not shown */
            (void) nvm_inspect_skip(w, i, t->keys);
        }

        if (w->all || i < NVM_INSPECT_FIRST || t->keys <= NVM_INSPECT_FIRST
            + NVM_INSPECT_LAST || i >= t->keys - NVM_INSPECT_LAST)
        {
            nvm_inspect_keyframe(w, t, number, &s);
        }
    }
}


void
nvm_inspect_keyframes_write(nvm_inspect_walk_t *w,
    const nvm_inspect_track_t *t)
{
    nvm_emit_open(w->e, "keyframes", NVM_EMIT_OBJECT);
    nvm_emit_uint(w->e, "count", t->keys);

    if (t->keys > 1 && t->timescale) {
        nvm_emit_seconds(w->e, "max_interval", (int64_t) t->interval,
                         t->timescale);
    }

    nvm_emit_table(w->e, "table", "number time dts offset size");

    if (nvm_inspect_keys_all(t)) {
        nvm_inspect_keyframes_all(w, t);

    } else {
        nvm_inspect_keyframes_some(w, t);
    }

    nvm_emit_close(w->e);
    nvm_emit_close(w->e);
}
