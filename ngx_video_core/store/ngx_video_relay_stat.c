/*
 * Copyright (C) ngx_video authors
 *
 * What is known of pushes and pulls: see ngx_video_relay_stat.h.
 */

#include "ngx_video_relay_stat.h"


#define ngx_video_relay_get(p)     __atomic_load_n(p, __ATOMIC_RELAXED)
#define ngx_video_relay_set(p, v)  __atomic_store_n(p, v, __ATOMIC_RELAXED)


ngx_video_relay_stat_t *
ngx_video_relay_stat_take(ngx_video_store_t *st, ngx_video_relay_kind_e kind,
    ngx_str_t *name, ngx_str_t *url)
{
    ngx_uint_t               i;
    ngx_video_relay_stat_t  *s;

    if (st->slot == NGX_VIDEO_NO_SLOT) {
        return NULL;
    }

    ngx_video_store_lock(st);

    for (i = 0; i < st->head->nrelays; i++) {
        s = &st->relays[i];

        if (s->id == 0) {
            break;
        }
    }

    if (i == st->head->nrelays) {
        ngx_video_store_unlock(st);
        return NULL;
    }

    ngx_memzero(s, sizeof(ngx_video_relay_stat_t));

    s->slot = st->slot;
    s->generation = st->generation;
    s->kind = kind;
    s->name_len = ngx_min(name->len, NGX_VIDEO_LIVE_NAME);
    s->url_len = ngx_min(url->len, NGX_VIDEO_RELAY_STAT_URL);
    ngx_memcpy(s->name, name->data, s->name_len);
    ngx_memcpy(s->url, url->data, s->url_len);

    /* with it the entry is there */
    ngx_video_store_sc(&s->id, st->head->next_id++);

    ngx_video_store_unlock(st);

    return s;
}


/* Under the lock. */
static ngx_uint_t
ngx_video_relay_stat_of(ngx_video_relay_stat_t *s, uint32_t slot,
    uint32_t generation)
{
    return s->id && s->slot == slot && s->generation == generation;
}


void
ngx_video_relay_stat_free(ngx_video_store_t *st, ngx_video_relay_stat_t *s)
{
    if (s == NULL) {
        return;
    }

    ngx_video_store_lock(st);

    /* not if it was taken from a worker that seemed to be dead */
    if (ngx_video_relay_stat_of(s, st->slot, st->generation)) {
        ngx_video_store_sc(&s->id, 0);
    }

    ngx_video_store_unlock(st);
}


void
ngx_video_relay_stat_state(ngx_video_relay_stat_t *s,
    ngx_video_relay_state_e state, uint64_t now)
{
    if (s == NULL) {
        return;
    }

    if (state == NGX_VIDEO_RELAY_CONNECTING) {
        ngx_video_relay_set(&s->attempts, s->attempts + 1);
    }

    ngx_video_relay_set(&s->state, (uint64_t) state);
    ngx_video_relay_set(&s->since, now);
}


void
ngx_video_relay_stat_bytes(ngx_video_relay_stat_t *s, size_t n)
{
    if (s) {
        ngx_video_relay_set(&s->bytes, s->bytes + n);
    }
}


void
ngx_video_relay_stat_dropped(ngx_video_relay_stat_t *s, uint64_t total)
{
    if (s) {
        ngx_video_relay_set(&s->dropped, total);
    }
}


ngx_int_t
ngx_video_relay_stat_read(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_relay_info_t *info)
{
    uint64_t                 id;
    ngx_video_relay_stat_t  *s;

    s = &st->relays[index];
    id = ngx_video_load_sc(&s->id);

    if (id == 0) {
        return NGX_DECLINED;
    }

    info->kind = s->kind;
    info->name.data = info->name_data;
    info->name.len = ngx_min(s->name_len, NGX_VIDEO_LIVE_NAME);
    info->url.data = info->url_data;
    info->url.len = ngx_min(s->url_len, NGX_VIDEO_RELAY_STAT_URL);
    ngx_memcpy(info->name_data, s->name, info->name.len);
    ngx_memcpy(info->url_data, s->url, info->url.len);

    info->state = (ngx_video_relay_state_e) ngx_video_relay_get(&s->state);
    info->since = ngx_video_relay_get(&s->since);
    info->attempts = ngx_video_relay_get(&s->attempts);
    info->bytes = ngx_video_relay_get(&s->bytes);
    info->dropped = ngx_video_relay_get(&s->dropped);

    __atomic_thread_fence(__ATOMIC_SEQ_CST);

    /* it may have become another's while it was copied */
    return ngx_video_load_sc(&s->id) == id ? NGX_OK : NGX_DECLINED;
}


static ngx_uint_t
ngx_video_relay_stat_orphaned(ngx_video_store_t *st,
    ngx_video_relay_stat_t *s)
{
    return ngx_video_load_sc(&s->id) != 0
           && ngx_video_slot_lost(st, ngx_video_load(&s->slot),
                                  ngx_video_load(&s->generation));
}


void
ngx_video_relay_stat_orphan(ngx_video_store_t *st)
{
    ngx_uint_t               i;
    ngx_video_relay_stat_t  *s;

    for (i = 0; i < st->head->nrelays; i++) {
        s = &st->relays[i];

        if (!ngx_video_relay_stat_orphaned(st, s)) {
            continue;
        }

        ngx_video_store_lock(st);

        if (ngx_video_relay_stat_orphaned(st, s)) {
            ngx_video_store_sc(&s->id, 0);
        }

        ngx_video_store_unlock(st);
    }
}
