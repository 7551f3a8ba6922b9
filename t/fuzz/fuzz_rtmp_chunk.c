/*
 * Copyright (C) ngx_video authors
 *
 * The demultiplexer, and the parsers of what comes out of it.
 *
 * Byte 0: which allocation fails (0: none).  Byte 1: size of the pieces that
 * the rest is fed in.  The same input whole must give the same messages.
 */

#include "fuzz.h"
#include "nvr_chunk.h"
#include "nvr_command.h"


typedef struct {
    unsigned    countdown;
    size_t      live;
    size_t      held;       /* of blocks with a size in front */
} heap_t;


typedef struct {
    nvm_err_e   rc;
    unsigned    messages;
    uint64_t    hash;
} outcome_t;


static void *
heap_alloc(void *data, size_t size)
{
    size_t  *p;
    heap_t  *h;

    h = data;

    if (h->countdown && --h->countdown == 0) {
        return NULL;
    }

    p = malloc(size + 16);
    if (p == NULL) {
        return NULL;
    }

    *p = size;
    h->live++;
    h->held += size;

    return (char *) p + 16;
}


static void
heap_free(void *data, void *mem)
{
    size_t  *p;
    heap_t  *h;

    h = data;
    p = (size_t *) (void *) ((char *) mem - 16);

    h->live--;
    h->held -= *p;
    free(p);
}


static void
outcome_add(outcome_t *o, uint64_t v)
{
    o->hash = (o->hash ^ v) * 0x100000001b3;
}


static void
outcome_message(outcome_t *o, const nvr_message_t *m)
{
    size_t         i;
    nvm_fault_t    f = { 0 };
    nvr_command_t  cmd;
    nvr_control_t  ctl;

    o->messages++;
    outcome_add(o, m->csid);
    outcome_add(o, m->stream_id);
    outcome_add(o, m->timestamp);
    outcome_add(o, m->type);
    outcome_add(o, m->len);

    for (i = 0; i < m->len; i++) {
        outcome_add(o, m->data[i]);
    }

    outcome_add(o, nvr_command_parse(m->type, m->data, m->len, &cmd, &f));
    outcome_add(o, nvr_control_parse(m->type, m->data, m->len, &ctl, NULL));
}


static outcome_t
run(const uint8_t *data, size_t size, size_t step, unsigned countdown)
{
    size_t           at, k, used, piece;
    heap_t           h = { 0 };
    nvr_mem_t        mem = { heap_alloc, heap_free, &h };
    outcome_t        o = { 0 };
    nvr_message_t    msg;
    nvr_chunk_in_t   in;

    h.countdown = countdown;
    nvr_chunk_init(&in, &mem);
    in.max_message = 64 * 1024;
    in.max_held = 100 * 1024;
    in.max_streams = 8;
    o.rc = NVM_EAGAIN;

    for (at = 0; at < size && o.rc == NVM_EAGAIN; at += k) {
        k = size - at < step ? size - at : step;

        for (piece = 0; /* void */ ; piece += used) {
            o.rc = nvr_chunk_feed(&in, data + at + piece, k - piece, &used,
                                  &msg);
            if (used > k - piece) {
                abort();
            }

            if (o.rc != NVM_OK) {
                break;
            }

            outcome_message(&o, &msg);
        }

        if (o.rc == NVM_EAGAIN && piece + used != k) {
            abort();
        }

        /* Old and new buffer, and the chunk streams themselves. */
        if (h.held > 2 * in.max_held + 8 * 256) {
            abort();
        }
    }

    if (o.rc != NVM_EAGAIN && o.rc != in.fault.code) {
        abort();
    }

    nvr_chunk_done(&in);

    if (h.live) {
        abort();
    }

    return o;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned   fail;
    size_t     step;
    outcome_t  a, b;

    if (size < 2) {
        return 0;
    }

    fail = data[0];
    step = data[1] ? data[1] : 1;

    a = run(data + 2, size - 2, size, fail);
    b = run(data + 2, size - 2, step, fail);

    /* Buffers grow by what has arrived, so only then the same ones fail. */
    if (a.rc == NVM_ENOMEM || b.rc == NVM_ENOMEM) {
        return 0;
    }

    if (a.rc != b.rc || a.messages != b.messages || a.hash != b.hash) {
        abort();
    }

    return 0;
}
