/*
 * Copyright (C) ngx_video authors
 *
 * What the stress of the store needs of nginx when there is no nginx: the
 * mutex with its forced unlock, the cached time, a zone in shared memory.
 */

#ifndef ZONE_ENV_H
#define ZONE_ENV_H

#include "ngx_video_store.h"
#include "ngx_video_live.h"


typedef struct {
    ngx_atomic_t        lock;
    uint64_t            max_held;       /* ns, of the lock, by one process */
    ngx_video_store_t   store;          /* view of the process that made it */
    ngx_shmtx_t         mutex;
    void               *zone;
    size_t              size;
} zone_env_t;


/* Maps and formats a zone that children share; NULL on failure. */
zone_env_t *zone_env_create(size_t size);

/* What nginx's master does when a child is gone. */
void zone_env_unlock(zone_env_t *env, pid_t pid);

/* Lets ngx_time() pass. */
void zone_env_clock(void);
uint64_t zone_env_ns(void);


#endif /* ZONE_ENV_H */
