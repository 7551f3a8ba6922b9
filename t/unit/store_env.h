/*
 * Copyright (C) ngx_video authors
 *
 * What the store needs to run without nginx, and a look at a whole zone that
 * finds what is not as it must be.
 *
 * A zone is anonymous shared memory, so that children of the test see it.
 * The mutex is a word with the owner's pid, as nginx's; the parent plays the
 * master that takes it away from a dead child.
 */

#ifndef STORE_ENV_H
#define STORE_ENV_H

#include "ngx_video_store.h"
#include "ngx_video_live.h"


/* Lies before the zone, in the same mapping. */
typedef struct {
    uint64_t     lock;          /* pid of the owner */
    uint64_t     locks;
    uint64_t     max_wall;      /* longest hold, ns */
    uint64_t     max_cpu;
    uint64_t     waits;         /* that had to sleep */
} store_env_t;


/* A new formatted zone of "size" bytes; unmapped by store_env_drop(). */
void *store_env_zone(size_t size);
void store_env_drop(void *zone, size_t size);
store_env_t *store_env(void *zone);

/* This process's view of it, with a slot if "open": 0 when all went well. */
int store_env_attach(ngx_video_store_t *st, ngx_shmtx_t *mutex, void *zone,
    int open);

/* In a child and after a fork: the pid that owns the lock. */
void store_env_child(void);

/* As nginx's master does for a child that it has waited for. */
int store_env_force_unlock(void *zone, pid_t pid);

/* ngx_time() becomes that of the system plus "ahead" seconds. */
void store_env_time(int ahead);

/* Reads what the wake socket has; 1 if it had something. */
int store_env_drain(ngx_video_store_t *st);

uint64_t store_env_now(void);           /* monotonic, ns */

/*
 * With nobody working in the zone: NULL when everything that is derived
 * agrees with the object and live tables, or what does not.
 */
const char *store_env_check(ngx_video_store_t *st);

/*
 * Throws out what the index keeps and checks that nothing is left: all chunks
 * free, no reference, no reservation.
 */
const char *store_env_empty(ngx_video_store_t *st);


#endif /* STORE_ENV_H */
