/*
 * Copyright (C) ngx_video authors
 *
 * Positions of events in a stream of any length: the first ones and the last
 * ones, in between all of them if that was asked for and memory lasts.
 */

#include "nvm_inspect_ts.h"


/* Room for one more of all events; NULL: there is none. */
static nvm_inspect_event_t *
nvm_inspect_event_room(nvm_inspect_ts_t *ts, nvm_inspect_events_t *all)
{
    uint64_t              i;
    nvm_inspect_block_t  *b;

    i = (all->count - NVM_INSPECT_TS_FIRST) % NVM_INSPECT_TS_BLOCK;

    if (i == 0) {
        b = nvm_alloc(ts->arena, 1, sizeof(nvm_inspect_block_t));

        if (b == NULL) {
            all->nomem = 1;
            return NULL;
        }

        if (all->tail != NULL) {
            all->tail->next = b;

        } else {
            all->blocks = b;
        }

        all->tail = b;
    }

    return &all->tail->events[i];
}


void
nvm_inspect_event_add(nvm_inspect_ts_t *ts, nvm_inspect_events_t *all,
    const nvm_inspect_event_t *ev)
{
    nvm_inspect_event_t  *room;

    room = NULL;

    if (all->count < NVM_INSPECT_TS_FIRST) {
        room = &all->first[all->count];

    } else if (ts->all && !all->nomem) {
        room = nvm_inspect_event_room(ts, all);
    }

    if (room != NULL) {
        *room = *ev;
    }

    all->last[all->count % NVM_INSPECT_TS_LAST] = *ev;
    all->count++;
}


const nvm_inspect_event_t *
nvm_inspect_event(const nvm_inspect_events_t *all, uint64_t i,
    const nvm_inspect_block_t **block)
{
    uint64_t                    k;
    const nvm_inspect_event_t  *ev;

    if (i < NVM_INSPECT_TS_FIRST) {
        return &all->first[i];
    }

    if (i + NVM_INSPECT_TS_LAST >= all->count) {
        return &all->last[i % NVM_INSPECT_TS_LAST];
    }

    if (*block == NULL) {
        return NULL;
    }

    k = (i - NVM_INSPECT_TS_FIRST) % NVM_INSPECT_TS_BLOCK;
    ev = &(*block)->events[k];

    if (k == NVM_INSPECT_TS_BLOCK - 1) {
        *block = (*block)->next;
    }

    return ev;
}
