/*
 * Copyright (C) ngx_video authors
 *
 * Workers that come, wake one another and die.
 *
 * Each worker has an abstract unix datagram socket with a random name.  The
 * socket serves twice: a byte sent to it wakes the worker, and the kernel
 * refuses a connection to it from the moment the process is gone, which tells
 * the living from the dead without trusting process ids.
 */

#include <sys/un.h>
#include <fcntl.h>
#include <stddef.h>

#include "ngx_video_store.h"
#include "ngx_video_relay_stat.h"
#include "ngx_video_wish.h"


static socklen_t
ngx_video_slot_address(struct sockaddr_un *sa, u_char name[24])
{
    ngx_memzero(sa, sizeof(struct sockaddr_un));
    sa->sun_family = AF_UNIX;
    ngx_memcpy(sa->sun_path + 1, name, 24);

    return offsetof(struct sockaddr_un, sun_path) + 1 + 24;
}


ngx_socket_t
ngx_video_slot_socket(u_char name[24])
{
    int                 rnd;
    ssize_t             n;
    socklen_t           len;
    uint64_t            id[2];
    ngx_socket_t        fd;
    struct sockaddr_un  sa;

    rnd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (rnd == -1) {
        return (ngx_socket_t) -1;
    }

    n = read(rnd, id, sizeof(id));
    close(rnd);

    if (n != (ssize_t) sizeof(id)) {
        return (ngx_socket_t) -1;
    }

    ngx_memcpy(name, "ngxvideo", 8);
    ngx_memcpy(name + 8, id, 16);

    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1) {
        return (ngx_socket_t) -1;
    }

    len = ngx_video_slot_address(&sa, name);

    if (bind(fd, (struct sockaddr *) &sa, len) == -1) {
        close(fd);
        return (ngx_socket_t) -1;
    }

    return fd;
}


/* Whether a process still has this name bound. */
static ngx_uint_t
ngx_video_slot_alive(u_char name[24])
{
    int                 rc;
    socklen_t           len;
    ngx_err_t           err;
    ngx_socket_t        fd;
    struct sockaddr_un  sa;

    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1) {
        return 1;
    }

    len = ngx_video_slot_address(&sa, name);
    rc = connect(fd, (struct sockaddr *) &sa, len);
    err = errno;
    close(fd);

    return !(rc == -1 && err == ECONNREFUSED);
}


/*
 * Under the lock.  Two may sweep the same slot, when one of them thinks that
 * the other has died: the slower stops here when the slot is free or taken
 * again, and with it all that is counted on it.
 */
static ngx_uint_t
ngx_video_slot_dead(ngx_video_store_t *st, ngx_uint_t slot,
    uint32_t generation)
{
    return st->slots[slot].state == NGX_VIDEO_SLOT_DEAD
           && st->slots[slot].generation == generation;
}


/*
 * Whether a sweep has something to do with an object: it is counted on the
 * slot, or nothing holds it, because a process died after it gave up the last
 * hold and before it freed the object.
 */
static ngx_uint_t
ngx_video_slot_concerns(ngx_video_object_t *o, ngx_uint_t slot, uint32_t *ref)
{
    return ngx_video_load(&o->state) != NGX_VIDEO_OBJECT_FREE
           && (ngx_video_load_sc(ref) || ngx_video_load(&o->writer) == slot
               || (!ngx_video_load_sc(&o->linked)
                   && !ngx_video_load_sc(&o->owner)));
}


/* Under the lock; returns whether the object was counted on the slot. */
static ngx_uint_t
ngx_video_slot_take_back(ngx_video_store_t *st, ngx_video_object_t *o,
    ngx_uint_t slot, uint32_t *ref)
{
    ngx_uint_t  counted;

    counted = (*ref || o->writer == slot);

    if (counted) {
        /* it may have died between a change and the wake for it */
        __atomic_fetch_add(&o->signal.seq, 1, __ATOMIC_SEQ_CST);
    }

    if (o->writer == slot) {

        if (o->state == NGX_VIDEO_OBJECT_FILLING
            && o->kind == NGX_VIDEO_OBJECT_PIECES)
        {
            ngx_video_store_sc(&o->state, NGX_VIDEO_OBJECT_COMPLETE);

        } else if (o->state == NGX_VIDEO_OBJECT_FILLING) {
            ngx_video_store_sc(&o->state, NGX_VIDEO_OBJECT_ABORTED);
            ngx_video_object_unpin(st, o);
        }

        ngx_video_store(&o->writer, NGX_VIDEO_NO_SLOT);
    }

    ngx_video_store_sc(ref, 0);

    if (o->state == NGX_VIDEO_OBJECT_ABORTED
        || !ngx_video_object_held(st, o))
    {
        ngx_video_object_drop(st, o);
    }

    return counted;
}


static void
ngx_video_slot_sweep_object(ngx_video_store_t *st, ngx_video_object_t *o,
    ngx_uint_t slot, uint32_t generation)
{
    uint32_t    *ref;
    ngx_uint_t   counted;

    ref = &st->refs[(size_t) (o - st->objects) * NGX_VIDEO_SLOTS + slot];

    if (!ngx_video_slot_concerns(o, slot, ref)) {
        return;
    }

    ngx_video_store_lock(st);

    counted = ngx_video_slot_dead(st, slot, generation)
              && o->state != NGX_VIDEO_OBJECT_FREE
              && ngx_video_slot_take_back(st, o, slot, ref);

    ngx_video_store_unlock(st);

    if (counted) {
        ngx_video_signal_raise(st, &o->signal);
    }
}


/*
 * Takes back all that is counted on a slot in state DEAD, then frees it.  Each
 * object has the lock to itself, so that a sweep of a large zone delays
 * nobody; a sweeper may die too, the next one does it again.
 *
 * The slot's bits in masks are left alone: to clear one could lose a wake of
 * the slot's next process, while a bit too many costs it one wake at most.
 */
static void
ngx_video_slot_sweep(ngx_video_store_t *st, ngx_uint_t slot,
    uint32_t generation)
{
    uint32_t  i;

    ngx_video_live_orphan(st);
    ngx_video_wish_orphan(st);
    ngx_video_relay_stat_orphan(st);

    for (i = 0; i < st->head->nobjects; i++) {
        ngx_video_slot_sweep_object(st, &st->objects[i], slot, generation);
    }

    ngx_video_store_lock(st);

    if (ngx_video_slot_dead(st, slot, generation)) {
        st->slots[slot].state = NGX_VIDEO_SLOT_FREE;
    }

    ngx_video_store_unlock(st);
}


ngx_int_t
ngx_video_slot_open(ngx_video_store_t *st, ngx_socket_t fd, u_char name[24])
{
    ngx_uint_t         i;
    ngx_video_slot_t  *s;

    st->wake_fd = fd;

    /* a crash may have left all slots taken */
    ngx_video_store(&st->head->checked, 0);
    (void) ngx_video_slot_check(st);

    ngx_video_store_lock(st);

    for (i = 0; i < NGX_VIDEO_SLOTS; i++) {
        s = &st->slots[i];

        if (s->state == NGX_VIDEO_SLOT_FREE) {
            ngx_video_store(&s->generation, s->generation + 1);
            s->pid = ngx_getpid();
            ngx_memcpy(s->name, name, 24);
            ngx_video_store(&s->fetches, 0);
            ngx_video_store_sc(&s->state, NGX_VIDEO_SLOT_LIVE);

            /* last: a late waker of the process before may have set it */
            ngx_video_store_sc(&s->pending, 0);

            st->slot = i;
            st->generation = s->generation;
            break;
        }
    }

    ngx_video_store_unlock(st);

    return i < NGX_VIDEO_SLOTS ? NGX_OK : NGX_ERROR;
}


static ngx_uint_t
ngx_video_slot_condemn(ngx_video_store_t *st, ngx_uint_t slot,
    uint32_t generation)
{
    ngx_uint_t         rc;
    ngx_video_slot_t  *s;

    s = &st->slots[slot];

    ngx_video_store_lock(st);

    rc = (s->state != NGX_VIDEO_SLOT_FREE && s->generation == generation);

    if (rc) {
        ngx_video_store_sc(&s->state, NGX_VIDEO_SLOT_DEAD);
    }

    ngx_video_store_unlock(st);

    return rc;
}


void
ngx_video_slot_close(ngx_video_store_t *st)
{
    if (st->slot == NGX_VIDEO_NO_SLOT) {
        return;
    }

    if (ngx_video_slot_condemn(st, st->slot, st->generation)) {
        ngx_video_slot_sweep(st, st->slot, st->generation);
    }

    st->slot = NGX_VIDEO_NO_SLOT;
}


/*
 * Whether the process that a slot speaks of is gone.  Generation and name are
 * read together: a slot that changes hands has the new one before the other.
 */
static ngx_uint_t
ngx_video_slot_gone(ngx_video_store_t *st, ngx_uint_t slot,
    uint32_t *generation)
{
    u_char             name[24];
    uint32_t           state;
    ngx_video_slot_t  *s;

    s = &st->slots[slot];

    if (slot == st->slot
        || ngx_video_load(&s->state) == NGX_VIDEO_SLOT_FREE)
    {
        return 0;
    }

    ngx_video_store_lock(st);

    state = s->state;
    *generation = s->generation;
    ngx_memcpy(name, s->name, 24);

    ngx_video_store_unlock(st);

    return state == NGX_VIDEO_SLOT_DEAD
           || (state == NGX_VIDEO_SLOT_LIVE && !ngx_video_slot_alive(name));
}


ngx_uint_t
ngx_video_slot_check(ngx_video_store_t *st)
{
    uint32_t    now, last, generation;
    ngx_uint_t  i, n;

    now = (uint32_t) ngx_time();
    last = ngx_video_load(&st->head->checked);

    if (last == now
        || !__atomic_compare_exchange_n(&st->head->checked, &last, now, 0,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
    {
        return 0;
    }

    n = 0;

    for (i = 0; i < NGX_VIDEO_SLOTS; i++) {
        if (ngx_video_slot_gone(st, i, &generation)
            && ngx_video_slot_condemn(st, i, generation))
        {
            ngx_video_slot_sweep(st, i, generation);
            n++;
        }
    }

    return n;
}


void
ngx_video_slot_wake(ngx_video_store_t *st, ngx_uint_t slot)
{
    socklen_t            len;
    ngx_video_slot_t    *s;
    struct sockaddr_un   sa;

    s = &st->slots[slot];

    if (ngx_video_load(&s->state) != NGX_VIDEO_SLOT_LIVE
        || __atomic_exchange_n(&s->pending, 1, __ATOMIC_SEQ_CST))
    {
        return;
    }

    len = ngx_video_slot_address(&sa, s->name);

    /* EAGAIN: a wake is queued already; ECONNREFUSED: dead, to be swept */
    (void) sendto(st->wake_fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL,
                  (struct sockaddr *) &sa, len);

    __atomic_fetch_add(&st->head->wakes, 1, __ATOMIC_RELAXED);
}


void
ngx_video_signal_raise(ngx_video_store_t *st, ngx_video_signal_t *sig)
{
    uint64_t    mask;
    ngx_uint_t  i, slot;

    __atomic_fetch_add(&sig->seq, 1, __ATOMIC_SEQ_CST);

    for (i = 0; i < NGX_VIDEO_SLOT_WORDS; i++) {

        if (ngx_video_load_sc(&sig->mask[i]) == 0) {
            continue;
        }

        mask = __atomic_exchange_n(&sig->mask[i], 0, __ATOMIC_SEQ_CST);

        while (mask) {
            slot = i * 64 + __builtin_ctzll(mask);
            mask &= mask - 1;
            ngx_video_slot_wake(st, slot);
        }
    }
}
