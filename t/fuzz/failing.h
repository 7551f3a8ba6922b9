/*
 * Copyright (C) ngx_video authors
 *
 * For targets that allocate: an arena whose n-th allocation fails (0: none),
 * as it would when memory is short.  failing_init() and nvm_heap_done() of its
 * heap.
 */

#ifndef FAILING_H
#define FAILING_H

#include "nvm_arena.h"


#define LIMIT  (64 * 1024 * 1024)


typedef struct {
    nvm_heap_t    heap;
    nvm_arena_t   arena;
    unsigned      left;
} failing_t;


static void *
failing_alloc(void *data, size_t size)
{
    failing_t  *f = data;

    if (f->left && --f->left == 0) {
        return NULL;
    }

    return f->heap.arena.alloc(f->heap.arena.data, size);
}


static void
failing_init(failing_t *f, unsigned n)
{
    nvm_heap_init(&f->heap, LIMIT);
    f->arena.alloc = failing_alloc;
    f->arena.data = f;
    f->left = n;
}


#endif /* FAILING_H */
