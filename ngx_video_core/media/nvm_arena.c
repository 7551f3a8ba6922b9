/*
 * Copyright (C) ngx_video authors
 *
 * The arena interface and its heap implementation: one malloc() per
 * allocation, under AddressSanitizer also of what is long, so that it sees
 * every overflow.
 */

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "nvm_arena.h"


/*
 * Blocks as long as the tables of a film have a map of their own, and the last
 * one that was given back is the next one: the page faults of fresh memory are
 * a fifth of the time that the index of two hours takes, and malloc() would
 * keep such a block for each thread.
 */
#define NVM_HEAP_MAPPED  (1u << 20)
#define NVM_HEAP_SPARE   (16u << 20)        /* none that is longer is kept */

#ifndef __has_feature
#define __has_feature(x)  0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define NVM_HEAP_MAPS  0
#else
#define NVM_HEAP_MAPS  1
#endif


struct nvm_heap_block_s {
    nvm_heap_block_t  *next;
    size_t             mapped;              /* bytes; 0: of malloc() */
    max_align_t        data[];
};


static _Atomic(nvm_heap_block_t *)  nvm_heap_spare;


static nvm_heap_block_t *
nvm_heap_map(size_t size)
{
    nvm_heap_block_t  *b;

    b = atomic_exchange(&nvm_heap_spare, NULL);

    if (b != NULL) {
        if (b->mapped >= size) {
            return b;
        }

        (void) munmap(b, b->mapped);
    }

    b = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS,
             -1, 0);

    if (b == MAP_FAILED) {
        return NULL;
    }

    b->mapped = size;

    return b;
}


static nvm_heap_block_t *
nvm_heap_block(size_t size)
{
    nvm_heap_block_t  *b;

    if (NVM_HEAP_MAPS && size >= NVM_HEAP_MAPPED) {
        return nvm_heap_map(size);
    }

    b = malloc(size);

    if (b != NULL) {
        b->mapped = 0;
    }

    return b;
}


static void
nvm_heap_free(nvm_heap_block_t *b)
{
    if (b->mapped == 0) {
        free(b);
        return;
    }

    if (b->mapped <= NVM_HEAP_SPARE) {
        b = atomic_exchange(&nvm_heap_spare, b);
    }

    if (b != NULL) {
        (void) munmap(b, b->mapped);
    }
}


static void *
nvm_heap_alloc(void *data, size_t size)
{
    nvm_heap_t        *h = data;
    nvm_heap_block_t  *b;

    if (size > h->limit - h->used) {
        return NULL;
    }

    b = nvm_heap_block(sizeof(nvm_heap_block_t) + size);
    if (b == NULL) {
        return NULL;
    }

    b->next = h->blocks;
    h->blocks = b;
    h->used += size;

    return b->data;
}


void *
nvm_alloc(nvm_arena_t *a, size_t n, size_t size)
{
    void    *p;
    size_t   bytes;

    if (__builtin_mul_overflow(n, size, &bytes)) {
        return NULL;
    }

    if (bytes == 0) {
        bytes = 1;
    }

    p = a->alloc(a->data, bytes);
    if (p != NULL) {
        memset(p, 0, bytes);
    }

    return p;
}


void
nvm_heap_init(nvm_heap_t *h, size_t limit)
{
    h->arena.alloc = nvm_heap_alloc;
    h->arena.data = h;
    h->blocks = NULL;
    h->used = 0;
    h->limit = limit;
}


void
nvm_heap_done(nvm_heap_t *h)
{
    nvm_heap_block_t  *b, *next;

    for (b = h->blocks; b != NULL; b = next) {
        next = b->next;
        nvm_heap_free(b);
    }

    h->blocks = NULL;
    h->used = 0;
}
