/*
 * Copyright (C) ngx_video authors
 *
 * The only way that media/ gets memory.  The caller supplies the function:
 * a worker passes its pool, a thread or a tool the growing heap arena of this
 * file, a test one allocation of malloc() per call that fails on demand.
 */

#ifndef NVM_ARENA_H
#define NVM_ARENA_H

#include "nvm.h"


typedef struct {
    void       *(*alloc)(void *data, size_t size);      /* NULL on failure */
    void        *data;
} nvm_arena_t;


/*
 * Zeroed memory for n elements of the given size, aligned for any type.
 * Returns NULL when n * size overflows or the arena is exhausted.  Memory
 * lives as long as the arena: there is no free.
 */
void *nvm_alloc(nvm_arena_t *a, size_t n, size_t size);


/*
 * An arena on the heap, bounded by limit bytes: for threads and tools.
 * nvm_heap_done() frees everything that was allocated from it.
 */
typedef struct nvm_heap_block_s  nvm_heap_block_t;

typedef struct {
    nvm_arena_t        arena;
    nvm_heap_block_t  *blocks;
    size_t             used;
    size_t             limit;
} nvm_heap_t;

void nvm_heap_init(nvm_heap_t *h, size_t limit);
void nvm_heap_done(nvm_heap_t *h);


#endif /* NVM_ARENA_H */
