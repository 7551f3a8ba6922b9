/*
 * Copyright (C) ngx_video authors
 *
 * Growing tables of a progressive file, for its writer alone.  They are lists
 * of blocks: nothing is moved, and what is lost is less than a block.
 */

#ifndef NVM_PROGRESSIVE_TABLE_H
#define NVM_PROGRESSIVE_TABLE_H

#include "nvm_arena.h"
#include "nvm_writer.h"


#define NVM_TABLE_BLOCK  1020       /* words: 4 KiB with the link */

typedef struct nvm_table_block_s  nvm_table_block_t;

struct nvm_table_block_s {
    nvm_table_block_t  *next;
    uint32_t            words[NVM_TABLE_BLOCK];
};


typedef struct {
    nvm_table_block_t  *first;
    nvm_table_block_t  *last;
    uint32_t            used;       /* words of the last */
    uint64_t            words;      /* of all */
} nvm_table_t;


/* Pairs of a count and a value, as in stts and ctts. */
typedef struct {
    nvm_table_t         table;      /* of the runs that have ended */
    uint32_t            count;      /* of the one that has not; 0: none */
    uint32_t            value;
} nvm_runs_t;


/* NVM_OK or NVM_ENOMEM. */
nvm_err_e nvm_table_add(nvm_table_t *t, nvm_arena_t *arena, uint32_t word);
nvm_err_e nvm_runs_add(nvm_runs_t *r, nvm_arena_t *arena, uint32_t value);
nvm_err_e nvm_runs_end(nvm_runs_t *r, nvm_arena_t *arena);

/*
 * Calls "visit" with each record of n words, 1 to 4, which divides
 * NVM_TABLE_BLOCK.
 */
typedef void (*nvm_table_visit_pt)(void *data, const uint32_t *words);

void nvm_table_each(const nvm_table_t *t, uint32_t n,
    nvm_table_visit_pt visit, void *data);


#endif /* NVM_PROGRESSIVE_TABLE_H */
