/*
 * Copyright (C) ngx_video authors
 *
 * Growing tables.
 */

#include "nvm_progressive_table.h"


nvm_err_e
nvm_table_add(nvm_table_t *t, nvm_arena_t *arena, uint32_t word)
{
    nvm_table_block_t  *b;

    if (t->last == NULL || t->used == NVM_TABLE_BLOCK) {
        b = nvm_alloc(arena, 1, sizeof(nvm_table_block_t));
        if (b == NULL) {
            return NVM_ENOMEM;
        }

        if (t->last) {
            t->last->next = b;

        } else {
            t->first = b;
        }

        t->last = b;
        t->used = 0;
    }

    t->last->words[t->used++] = word;
    t->words++;

    return NVM_OK;
}


nvm_err_e
nvm_runs_end(nvm_runs_t *r, nvm_arena_t *arena)
{
    nvm_err_e  rc;

    if (r->count == 0) {
        return NVM_OK;
    }

    rc = nvm_table_add(&r->table, arena, r->count);
    if (rc == NVM_OK) {
        rc = nvm_table_add(&r->table, arena, r->value);
    }

    r->count = 0;

    return rc;
}


nvm_err_e
nvm_runs_add(nvm_runs_t *r, nvm_arena_t *arena, uint32_t value)
{
    nvm_err_e  rc;

    if (r->count && r->value == value && r->count < UINT32_MAX) {
        r->count++;
        return NVM_OK;
    }

    rc = nvm_runs_end(r, arena);
    r->count = 1;
    r->value = value;

    return rc;
}


void
nvm_table_each(const nvm_table_t *t, uint32_t n, nvm_table_visit_pt visit,
    void *data)
{
    uint32_t                  i, end;
    const nvm_table_block_t  *b;

    for (b = t->first; b != NULL; b = b->next) {
        end = b == t->last ? t->used : NVM_TABLE_BLOCK;

        for (i = 0; i + n <= end; i += n) {
            visit(data, &b->words[i]);
        }
    }
}
