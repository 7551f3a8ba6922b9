/*
 * Copyright (C) ngx_video authors
 *
 * What is known of connections by which streams are sent on and fetched: a
 * table in the zone, for whoever is asked for the state of the server.
 *
 * An entry is of a connection that is kept up, from before its first attempt
 * until it is given up.  Whose it is changes under the zone's lock, "id" 0
 * meanwhile; numbers are atomic, written by its worker alone.  What a worker
 * had that dies is free when its slot is swept.  When the table is full a
 * connection has no entry, and works as well.
 */

#ifndef NGX_VIDEO_RELAY_STAT_H
#define NGX_VIDEO_RELAY_STAT_H

#include "ngx_video_live.h"


/* in a zone: two for each stream that it has room for, or these */
#define NGX_VIDEO_RELAY_STATS     64

/* of a URL that is longer, the beginning */
#define NGX_VIDEO_RELAY_STAT_URL  256


typedef enum {
    NGX_VIDEO_RELAY_PUSH = 0,
    NGX_VIDEO_RELAY_PULL
} ngx_video_relay_kind_e;


typedef enum {
    NGX_VIDEO_RELAY_WAITING = 0,        /* for the next attempt, or its turn */
    NGX_VIDEO_RELAY_CONNECTING,
    NGX_VIDEO_RELAY_FLOWING             /* media are, or may be */
} ngx_video_relay_state_e;


struct ngx_video_relay_stat_s {
    uint64_t                  id;           /* 0: free, or being changed */
    uint32_t                  slot;         /* whose worker has it */
    uint32_t                  generation;
    uint32_t                  kind;
    uint32_t                  name_len;
    uint32_t                  url_len;
    u_char                    name[NGX_VIDEO_LIVE_NAME];
    u_char                    url[NGX_VIDEO_RELAY_STAT_URL];

    uint64_t                  state         /* ngx_video_relay_state_e */
                              __attribute__((aligned(64)));
    uint64_t                  since;        /* it is so, ms since 1970 */
    uint64_t                  attempts;
    uint64_t                  bytes;        /* sent, or received */
    uint64_t                  dropped;      /* messages that were left out */
};


/* What a reader copies. */
typedef struct {
    ngx_str_t                 name;         /* in "name_data" */
    ngx_str_t                 url;
    ngx_video_relay_kind_e    kind;
    ngx_video_relay_state_e   state;
    uint64_t                  since;
    uint64_t                  attempts;
    uint64_t                  bytes;
    uint64_t                  dropped;
    u_char                    name_data[NGX_VIDEO_LIVE_NAME];
    u_char                    url_data[NGX_VIDEO_RELAY_STAT_URL];
} ngx_video_relay_info_t;


/* The worker that has the connection.  NULL: there is no room. */
ngx_video_relay_stat_t *ngx_video_relay_stat_take(ngx_video_store_t *st,
    ngx_video_relay_kind_e kind, ngx_str_t *name, ngx_str_t *url);

/* The others do nothing to NULL. */
void ngx_video_relay_stat_free(ngx_video_store_t *st,
    ngx_video_relay_stat_t *s);
void ngx_video_relay_stat_state(ngx_video_relay_stat_t *s,
    ngx_video_relay_state_e state, uint64_t now);
void ngx_video_relay_stat_bytes(ngx_video_relay_stat_t *s, size_t n);
void ngx_video_relay_stat_dropped(ngx_video_relay_stat_t *s, uint64_t total);


/* Any worker.  NGX_DECLINED: nobody has the entry. */
ngx_int_t ngx_video_relay_stat_read(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_relay_info_t *info);


/* Housekeeping: those of dead slots. */
void ngx_video_relay_stat_orphan(ngx_video_store_t *st);


#endif /* NGX_VIDEO_RELAY_STAT_H */
