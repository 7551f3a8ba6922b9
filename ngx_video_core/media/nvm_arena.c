/*
 * Copyright (C) ngx_video authors
 *
 * The arena interface and its heap implementation: one malloc() per
 * allocation, so that AddressSanitizer sees every overflow.
 */

#include <stdlib.h>
#include <string.h>

#include "nvm_arena.h"


struct nvm_heap_block_s {
    nvm_heap_block_t  *next;
    max_align_t        data[];
};


static void *
nvm_heap_alloc(void *data, size_t size)
{
    nvm_heap_t        *h = data;
    nvm_heap_block_t  *b;

    if (size > h->limit - h->used) {
        return NULL;
    }

    b = malloc(sizeof(nvm_heap_block_t) + size);
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
        free(b);
    }

    h->blocks = NULL;
    h->used = 0;
}
