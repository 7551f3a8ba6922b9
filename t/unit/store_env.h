/*
 * Copyright (C) ngx_video authors
 *
 * What the store needs to run without nginx: a zone in shared memory, the
 * cached time, and a mutex.  Tests and the stress of the store share it.
 *
 * A zone is anonymous shared memory, so that children of the test see it.
 * The mutex is a word with the owner's thread id, as nginx's has the pid; the
 * parent plays the master that takes it away from a dead child.  Each hold is
 * measured.
 */

#ifndef STORE_ENV_H
#define STORE_ENV_H

#include "ngx_video_store.h"
#include "ngx_video_live.h"
#include "ngx_video_live_event.h"
#include "ngx_video_live_image.h"


/* a time for ngx_video_live_reap() at which no stream lingers any more */
#define STORE_ENV_FOREVER  UINT64_MAX


/*
 * How long the lock was held, in processor time of the holder: what others
 * wait for when it is not preempted.  Whoever has the lock writes it.
 */
typedef struct {
    uint64_t            count;
    uint64_t            longest;        /* ns */
    uint64_t            below[40];      /* holds under 2^n ns */
} store_env_holds_t;


/* Lies before the zone, in the same mapping. */
typedef struct {
    uint64_t            lock;           /* the owner's thread id, or 0 */
    store_env_holds_t   usual;
    store_env_holds_t   recovery;       /* those that found a dead owner's */
} store_env_t;


/* A new formatted zone of "size" bytes; unmapped by store_env_drop(). */
void *store_env_zone(size_t size);
void store_env_drop(void *zone, size_t size);
store_env_t *store_env(void *zone);

/*
 * A view of it for this thread, with a slot if "open": 0 when all went well.
 * Kill makes it that of a worker that died; detach gives everything back.
 */
int store_env_attach(ngx_video_store_t *st, ngx_shmtx_t *mutex, void *zone,
    int open);
void store_env_kill(ngx_video_store_t *st);
void store_env_detach(ngx_video_store_t *st);

/* A new zone, and views of it as two workers have them; or the test ends. */
void *store_env_pair(size_t size, ngx_shmtx_t *mutex, ngx_video_store_t *a,
    ngx_video_store_t *b);

/* In a child, after the fork: it is not its parent that owns the lock. */
void store_env_child(void);

/* As nginx's master does for a child that it has waited for. */
int store_env_force_unlock(void *zone, pid_t pid);

/* No less than "share" of the holds were shorter than that many ns. */
uint64_t store_env_held(store_env_holds_t *holds, double share);

/* Looks for dead workers now, even if somebody did in this second. */
ngx_uint_t store_env_sweep(ngx_video_store_t *st);

/* Reads what the wake socket has; 1 if it had something. */
int store_env_drain(ngx_video_store_t *st);

uint64_t store_env_now(void);           /* monotonic, ns */

/* What several tests do with an object or a stream of this name. */
ngx_int_t store_env_open(ngx_video_store_t *st, const char *key,
    ngx_uint_t flags, ngx_video_ref_t *ref);
void store_env_put_complete(ngx_video_store_t *st, const char *key,
    const void *data, size_t size);
ngx_int_t store_env_publish(ngx_video_store_t *st, const char *name,
    size_t reserve, ngx_uint_t *index);

/*
 * In store_check.c.  With nobody working in the zone: NULL when everything
 * that is derived agrees with the object and live tables, or what does not.
 */
const char *store_env_check(ngx_video_store_t *st);

/*
 * Throws out what the index keeps and checks that nothing is left: all chunks
 * free, no reference, no reservation.
 */
const char *store_env_empty(ngx_video_store_t *st);

/* The same after it has reaped the streams that have ended. */
const char *store_env_over(ngx_video_store_t *st);


#endif /* STORE_ENV_H */
