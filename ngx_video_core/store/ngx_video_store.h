/*
 * Copyright (C) ngx_video authors
 *
 * The store: shared-memory objects that one writer appends to and many
 * readers in all workers stream from while they grow.
 *
 * It runs over a plain piece of shared memory and one mutex, so that the
 * stress test can use it without nginx; the core module connects it to zones,
 * events and timers (ngx_video_worker.c).
 *
 * An object's life:
 *
 *   state      set by             means
 *   FREE       put, sweep         no bytes, not in the index
 *   FILLING    open(CREATE)       one writer appends, readers may follow
 *   COMPLETE   complete           immutable
 *   ABORTED    abort, sweep       will never be whole, readers must fail;
 *                                 always out of the index and of windows
 *
 * An object leaves memory when nothing holds it: not the index (linked), not
 * a live window (owner), not a writer, not a reference of any worker slot.
 * One that only references hold lingers: nobody can find it any more, slow
 * clients are still being sent it.  What lingers is bounded, see
 * ngx_video_store_reader.c.
 *
 * What is true at any instant, because any process may be killed between two
 * instructions: chains of chunks are linked only when complete and walked
 * from the object; free lists, buckets and queues are derived from the object
 * table and rebuilt when a process died inside the lock ("mutating").
 */

#ifndef NGX_VIDEO_STORE_H
#define NGX_VIDEO_STORE_H

#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_VIDEO_STORE_MAGIC     0x6e76737430303031ULL
#define NGX_VIDEO_STORE_VERSION   20

#define NGX_VIDEO_CHUNK_SHIFT     16
#define NGX_VIDEO_CHUNK_SIZE      ((size_t) 1 << NGX_VIDEO_CHUNK_SHIFT)

/* 64 workers, twice: the old and the new ones over a reload */
#define NGX_VIDEO_SLOTS           128
#define NGX_VIDEO_SLOT_WORDS      (NGX_VIDEO_SLOTS / 64)
#define NGX_VIDEO_NO_SLOT         NGX_VIDEO_SLOTS

#define NGX_VIDEO_KEY_MAX         120
#define NGX_VIDEO_META_MAX        64

#define NGX_VIDEO_MIN_ZONE        (2 * 1024 * 1024)


typedef enum {
    NGX_VIDEO_OBJECT_FREE = 0,
    NGX_VIDEO_OBJECT_FILLING,
    NGX_VIDEO_OBJECT_COMPLETE,
    NGX_VIDEO_OBJECT_ABORTED
} ngx_video_object_state_e;


/* What an object is that its writer did not live to complete. */
typedef enum {
    NGX_VIDEO_OBJECT_WHOLE = 0, /* of no use: aborted */
    NGX_VIDEO_OBJECT_PIECES     /* what it has is: complete */
} ngx_video_object_kind_e;


typedef enum {
    NGX_VIDEO_SLOT_FREE = 0,
    NGX_VIDEO_SLOT_LIVE,
    NGX_VIDEO_SLOT_DEAD         /* being swept, see ngx_video_slot_sweep() */
} ngx_video_slot_state_e;


typedef enum {
    NGX_VIDEO_QUEUE_NONE = 0,
    NGX_VIDEO_QUEUE_SMALL,
    NGX_VIDEO_QUEUE_MAIN,
    NGX_VIDEO_QUEUES
} ngx_video_queue_e;


/*
 * Something that changes and is waited for.  seq is raised after each change
 * and mask has a bit for each slot with parked waiters; both are atomic.
 */
typedef struct {
    uint64_t                  seq;
    uint64_t                  mask[NGX_VIDEO_SLOT_WORDS];
} ngx_video_signal_t;


/*
 * A worker's place in the zone.  All fields but the last two are written under
 * the lock; pending is exchanged by anyone who wakes the worker.
 */
typedef struct {
    uint32_t                  state;
    uint32_t                  generation;
    ngx_pid_t                 pid;
    u_char                    name[24];     /* of its abstract socket */
    uint32_t                  pending;      /* a wake is on its way */
    uint32_t                  fetches;      /* see ngx_video_wish.h; atomic */
} ngx_video_slot_t;


/*
 * Written under the lock, except: filled, state and signal by the writer
 * (release; readers acquire), frequency by any reader (relaxed).
 */
typedef struct {
    uint64_t                  id;           /* unique in the zone's life */
    uint64_t                  filled;       /* bytes that may be read */
    uint64_t                  hash;
    ngx_video_signal_t        signal;
    uint64_t                  created;      /* ms since 1970 */
    uint64_t                  owner_epoch;

    uint32_t                  state;
    uint32_t                  linked;       /* in the index */
    uint32_t                  owner;        /* live stream + 1 that pins it */
    uint32_t                  writer;       /* slot, or NGX_VIDEO_NO_SLOT */
    uint32_t                  writer_gen;
    uint32_t                  lingers;      /* counted in head.lingering */

    uint32_t                  queue;
    uint32_t                  frequency;
    uint32_t                  next;         /* in the queue or free list */
    uint32_t                  prev;
    uint32_t                  bucket;       /* next in the bucket */

    uint32_t                  first;        /* chunk + 1 */
    uint32_t                  last;
    uint32_t                  nchunks;

    uint16_t                  kind;
    uint16_t                  key_len;
    uint16_t                  meta_len;
    u_char                    key[NGX_VIDEO_KEY_MAX];
    u_char                    meta[NGX_VIDEO_META_MAX];
} ngx_video_object_t;


typedef struct {
    uint32_t                  head;         /* object + 1, newest */
    uint32_t                  tail;
    uint32_t                  chunks;
} ngx_video_fifo_t;


/*
 * The transcoder daemon, as its supervisor knows it: the same in all zones.
 * Atomic, each by itself.
 */
typedef struct {
    uint64_t                  pid;          /* 0: it does not run */
    uint64_t                  starts;
    uint64_t                  streams;      /* that it has */
    uint64_t                  beat;         /* when that was told, ms since
                                               1970 */
} ngx_video_daemon_t;


typedef struct ngx_video_live_s  ngx_video_live_t;
typedef struct ngx_video_live_stat_s  ngx_video_live_stat_t;
typedef struct ngx_video_wish_s  ngx_video_wish_t;
typedef struct ngx_video_relay_stat_s  ngx_video_relay_stat_t;


/* The head of the zone; constant after format except where noted. */
typedef struct {
    uint64_t                  magic;
    uint32_t                  version;
    uint32_t                  nchunks;
    uint32_t                  nobjects;
    uint32_t                  nbuckets;     /* power of two */
    uint32_t                  nlives;
    uint32_t                  nghosts;      /* power of two */
    uint32_t                  nwishes;
    uint32_t                  nrelays;
    uint64_t                  size;

    /* offsets from the head */
    uint64_t                  slots;
    uint64_t                  objects;
    uint64_t                  refs;
    uint64_t                  buckets;
    uint64_t                  chunks;
    uint64_t                  ghosts;
    uint64_t                  lives;
    uint64_t                  names;
    uint64_t                  stats;
    uint64_t                  wishes;
    uint64_t                  relays;
    uint64_t                  data;

    ngx_video_signal_t        wanted;       /* there is another wish */

    /* under the lock */
    uint32_t                  mutating;
    uint32_t                  free_chunk;
    uint32_t                  free_object;
    uint32_t                  nfree;        /* chunks */
    uint32_t                  nused;        /* objects */
    uint32_t                  reserved;     /* chunks promised to streams */
    uint32_t                  pinned;       /* of them, taken so far */
    uint32_t                  lingering;    /* chunks of what lingers */
    uint64_t                  next_id;
    uint64_t                  last_epoch;   /* of a live stream */
    ngx_video_fifo_t          fifo[NGX_VIDEO_QUEUES];

    /* atomic */
    uint32_t                  superseded;   /* another zone took its name */
    uint32_t                  checked;      /* second of the last slot check */
    uint64_t                  evictions;
    uint64_t                  recoveries;
    uint64_t                  refusals;     /* for want of memory */
    uint64_t                  cuts;         /* readers that were too slow */
    uint64_t                  wakes;
    ngx_video_daemon_t        daemon;
} ngx_video_head_t;


/* One process's view of a zone. */
typedef struct {
    ngx_video_head_t         *head;
    ngx_video_slot_t         *slots;
    ngx_video_object_t       *objects;
    uint32_t                 *refs;         /* [object][slot] */
    uint32_t                 *buckets;
    uint32_t                 *chunks;       /* next chunk + 1 of each chunk */
    uint32_t                 *ghosts;
    ngx_video_live_t         *lives;
    uint32_t                 *names;        /* a hash of the name of each */
    ngx_video_live_stat_t    *stats;        /* as many */
    ngx_video_wish_t         *wishes;
    ngx_video_relay_stat_t   *relays;
    u_char                   *data;

    ngx_shmtx_t              *mutex;
    uint32_t                  slot;         /* ours, or NGX_VIDEO_NO_SLOT */
    uint32_t                  generation;
    ngx_socket_t              wake_fd;      /* to send wakes with */

    ngx_queue_t               parked[64];   /* see ngx_video_wait.c */
    ngx_uint_t                nparked;      /* waiters */
    ngx_queue_t               spare;
    ngx_queue_t               readers;      /* the one longest there first */
    ngx_str_t                 name;
} ngx_video_store_t;


/* A reference to an object; id == 0: none. */
typedef struct {
    uint64_t                  id;
    uint32_t                  index;
} ngx_video_ref_t;


/* Where a reader stands in an object's chain of chunks. */
typedef struct {
    uint64_t                  base;         /* offset of the chunk */
    uint32_t                  chunk;        /* + 1; 0: before the first */
} ngx_video_cursor_t;


#define ngx_video_load(p)        __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define ngx_video_store(p, v)    __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define ngx_video_store_sc(p, v) __atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define ngx_video_load_sc(p)     __atomic_load_n(p, __ATOMIC_SEQ_CST)


/* ngx_video_store_zone.c: the zone, its lock, chunks, recovery */

/* Smallest-to-largest layout of a zone of "size" bytes at "base", all new. */
ngx_int_t ngx_video_store_format(void *base, size_t size);

/* The supervisor of the transcoder: what it knows. */
void ngx_video_store_daemon(ngx_video_store_t *st, ngx_video_daemon_t *d);

/* Makes st this process's view of a formatted zone. */
ngx_int_t ngx_video_store_attach(ngx_video_store_t *st, void *base,
    ngx_shmtx_t *mutex);

/* Takes the lock; repairs what a process left that died holding it. */
void ngx_video_store_lock(ngx_video_store_t *st);
void ngx_video_store_unlock(ngx_video_store_t *st);

/*
 * Under the lock: a free chunk (+ 1) or 0, evicting when there is none; puts
 * back a chain.  Who is not "live" leaves what live streams were promised,
 * who is must add it to what is pinned.
 */
uint32_t ngx_video_chunk_take(ngx_video_store_t *st, ngx_uint_t live);
void ngx_video_chunk_free(ngx_video_store_t *st, uint32_t first);

static inline u_char *
ngx_video_chunk_data(ngx_video_store_t *st, uint32_t chunk)
{
    return st->data + ((size_t) (chunk - 1) << NGX_VIDEO_CHUNK_SHIFT);
}


/* Whether the worker that had a slot has it no more; "slot" may be rubbish. */
static inline ngx_uint_t
ngx_video_slot_lost(ngx_video_store_t *st, uint32_t slot, uint32_t generation)
{
    return slot >= NGX_VIDEO_SLOTS
           || ngx_video_load(&st->slots[slot].state) != NGX_VIDEO_SLOT_LIVE
           || ngx_video_load(&st->slots[slot].generation) != generation;
}


/* ngx_video_store_object.c: the life of an object */

#define NGX_VIDEO_OPEN_CREATE   1       /* become the writer on a miss */
#define NGX_VIDEO_OPEN_REPLACE  2       /* the same, also on a hit */

/* Of keys and of names; different ones may have the same. */
uint64_t ngx_video_hash(const u_char *p, size_t n);

/*
 * Finds the object with this key and takes a reference, to be given back
 * with ngx_video_object_put().
 *
 *   NGX_OK        a hit: complete, or being filled by another
 *   NGX_DONE      created: the caller is the writer
 *   NGX_DECLINED  a miss, and CREATE was not asked for
 *   NGX_ERROR     no room, or the key is longer than NGX_VIDEO_KEY_MAX
 */
ngx_int_t ngx_video_object_open(ngx_video_store_t *st, ngx_str_t *key,
    ngx_uint_t kind, ngx_uint_t flags, ngx_video_ref_t *ref);

/*
 * A new object outside the index that belongs to this epoch of live stream
 * "owner" (from 0); it stays until it is aborted or disowned.  NGX_DONE or
 * NGX_ERROR.
 */
ngx_int_t ngx_video_object_create(ngx_video_store_t *st, ngx_uint_t owner,
    uint64_t epoch, ngx_uint_t kind, ngx_video_ref_t *ref);

/* A further reference by identity: NGX_OK, or NGX_DECLINED when gone. */
ngx_int_t ngx_video_object_get(ngx_video_store_t *st, ngx_video_ref_t *ref);

/* Gives a reference back; the bytes may be gone afterwards. */
void ngx_video_object_put(ngx_video_store_t *st, ngx_video_ref_t *ref);

/*
 * Writer only.  Append copies n bytes and shows them to readers when all are
 * there; NGX_ERROR leaves the object as it was (no room) and the writer
 * aborts.  Nothing wakes before ngx_video_object_flush(), complete or abort.
 */
ngx_int_t ngx_video_object_append(ngx_video_store_t *st, ngx_video_ref_t *ref,
    const void *data, size_t n);

/*
 * The same without a copy: room is where the next bytes go, with space for
 * "want" after "filled" and *n of it in one piece; commit shows n bytes that
 * have been written there.  NULL: no room.
 */
u_char *ngx_video_object_room(ngx_video_store_t *st, ngx_video_ref_t *ref,
    size_t want, size_t *n);
void ngx_video_object_commit(ngx_video_store_t *st, ngx_video_ref_t *ref,
    size_t n);

void ngx_video_object_flush(ngx_video_store_t *st, ngx_video_ref_t *ref);
void ngx_video_object_complete(ngx_video_store_t *st, ngx_video_ref_t *ref);
void ngx_video_object_abort(ngx_video_store_t *st, ngx_video_ref_t *ref);

/* Takes the object out of the index; references stay good. */
void ngx_video_object_unlink(ngx_video_store_t *st, ngx_video_ref_t *ref);

/*
 * Frees what live stream "owner" pinned: one object; or, at any time and by
 * anybody, all but those of the epoch at *epoch, which changes only under the
 * lock.
 */
void ngx_video_object_disown(ngx_video_store_t *st, ngx_uint_t owner,
    ngx_video_ref_t *ref);
void ngx_video_object_disown_others(ngx_video_store_t *st, ngx_uint_t owner,
    uint64_t *epoch);

/* With a reference held. */
static inline ngx_video_object_t *
ngx_video_object(ngx_video_store_t *st, ngx_video_ref_t *ref)
{
    return &st->objects[ref->index];
}


static inline ngx_uint_t
ngx_video_object_state(ngx_video_store_t *st, ngx_video_ref_t *ref)
{
    return ngx_video_load(&st->objects[ref->index].state);
}


static inline uint64_t
ngx_video_object_filled(ngx_video_store_t *st, ngx_video_ref_t *ref)
{
    return ngx_video_load(&st->objects[ref->index].filled);
}


/*
 * The bytes at offset "from", which must be below "filled": returns where
 * they are and, in *n, how many lie together in that chunk (not bounded by
 * filled).  cur starts zeroed and makes forward reading cheap.
 */
u_char *ngx_video_object_span(ngx_video_store_t *st, ngx_video_ref_t *ref,
    ngx_video_cursor_t *cur, uint64_t from, size_t *n);

/*
 * Under the lock: drop takes the object out of the index, unpin out of its
 * live window; release_unheld frees it when nothing holds it, and counts it
 * as lingering when nothing but references do.
 */
void ngx_video_object_drop(ngx_video_store_t *st, ngx_video_object_t *o);
ngx_uint_t ngx_video_object_held(ngx_video_store_t *st,
    ngx_video_object_t *o);
void ngx_video_object_release_unheld(ngx_video_store_t *st,
    ngx_video_object_t *o);
void ngx_video_object_unpin(ngx_video_store_t *st, ngx_video_object_t *o);


/* ngx_video_store_evict.c: S3-FIFO over the objects of the index */

void ngx_video_evict_insert(ngx_video_store_t *st, ngx_video_object_t *o);
void ngx_video_evict_remove(ngx_video_store_t *st, ngx_video_object_t *o);

/*
 * Under the lock: frees at least one chunk, or NGX_DECLINED.  For a live
 * stream what is being read is put out too, and lingers.
 */
ngx_int_t ngx_video_evict(ngx_video_store_t *st, ngx_uint_t live);


/* ngx_video_store_slot.c: workers that come, wake one another and die */

/*
 * Takes a slot for this process and a socket to be woken by (non-blocking,
 * close-on-exec; the caller polls and drains it).  fd may be shared by
 * several zones: pass the name that an earlier call made.  NGX_ERROR: no slot.
 */
ngx_socket_t ngx_video_slot_socket(u_char name[24]);
ngx_int_t ngx_video_slot_open(ngx_video_store_t *st, ngx_socket_t fd,
    u_char name[24]);

/* Gives the slot back with everything that is counted on it. */
void ngx_video_slot_close(ngx_video_store_t *st);

/*
 * Finds slots whose process is gone and sweeps them; returns how many.
 * Cheap enough for once a second.
 */
ngx_uint_t ngx_video_slot_check(ngx_video_store_t *st);

void ngx_video_slot_wake(ngx_video_store_t *st, ngx_uint_t slot);

/* Raises seq and wakes every slot that waits. */
void ngx_video_signal_raise(ngx_video_store_t *st, ngx_video_signal_t *sig);


/* ngx_video_store_reader.c: readers of this process that can be ended */

typedef struct ngx_video_reader_s  ngx_video_reader_t;

struct ngx_video_reader_s {
    ngx_queue_t               queue;
    ngx_video_ref_t          *ref;
    void                    (*cut)(ngx_video_reader_t *rd);
    void                     *data;
};

/*
 * From add to remove the reader may be told, by a call of rd->cut, to give
 * its reference back: its object lingers and memory is short.  Remove may be
 * called twice, or without add on a zeroed structure.
 */
void ngx_video_reader_add(ngx_video_store_t *st, ngx_video_reader_t *rd);
void ngx_video_reader_remove(ngx_video_reader_t *rd);

/* Whether more lingers than may; wakes all workers when it does. */
ngx_uint_t ngx_video_readers_pressed(ngx_video_store_t *st);
void ngx_video_readers_press(ngx_video_store_t *st);

/* Ends readers until enough memory is free; returns how many were told. */
ngx_uint_t ngx_video_readers_relieve(ngx_video_store_t *st);


/* ngx_video_store_wait.c: waiters of this process */

typedef struct ngx_video_waiter_s  ngx_video_waiter_t;
typedef struct ngx_video_parked_s  ngx_video_parked_t;

typedef void (*ngx_video_wake_pt)(ngx_video_waiter_t *w);

struct ngx_video_waiter_s {
    ngx_queue_t               queue;
    ngx_video_parked_t       *parked;       /* NULL: not waiting */
    ngx_video_store_t        *store;
    ngx_video_wake_pt         handler;
    void                     *data;
};

/*
 * Parks w until sig's seq differs from "seen", which the caller loaded before
 * it looked at the state.  NGX_AGAIN: parked, w->handler will be called once,
 * unparked; NGX_OK: it has changed already; NGX_ERROR: no memory.
 */
ngx_int_t ngx_video_wait(ngx_video_store_t *st, ngx_video_signal_t *sig,
    uint64_t seen, ngx_video_waiter_t *w);
void ngx_video_wait_cancel(ngx_video_waiter_t *w);

/* Calls the handlers of all that have changed; on a wake and once a second. */
void ngx_video_wait_scan(ngx_video_store_t *st);

static inline uint64_t
ngx_video_signal_seen(ngx_video_signal_t *sig)
{
    return ngx_video_load_sc(&sig->seq);
}


#endif /* NGX_VIDEO_STORE_H */
