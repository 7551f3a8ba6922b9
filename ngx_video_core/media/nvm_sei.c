/*
 * Copyright (C) ngx_video authors
 *
 * The walk over the messages of an SEI NAL unit.
 */

#include "nvm_sei.h"


/* A value coded as a run of 0xff and a last byte (ITU-T H.264, 7.3.2.3.1). */
static uint32_t
nvm_sei_value(nvm_bits_t *b)
{
    uint32_t  c, v;

    v = 0;

    do {
        c = nvm_bits_u(b, 8);
        v += c;
    } while (c == 0xff && b->error == NVM_OK);

    return v;
}


void
nvm_sei_init(nvm_sei_t *s, const uint8_t *nal, size_t n, unsigned header)
{
    s->type = 0;
    s->size = 0;

    nvm_bits_init(&s->rest, nal, n, 1);
    nvm_bits_skip(&s->rest, header * 8);
}


int
nvm_sei_next(nvm_sei_t *s)
{
    nvm_bits_t  *b;

    b = &s->rest;

    /* The last byte is rbsp_trailing_bits(); sizes are in whole bytes. */
    if (b->error || b->end - b->pos <= 1) {
        return 0;
    }

    s->type = nvm_sei_value(b);
    s->size = nvm_sei_value(b);

    if (b->error || s->size > (size_t) (b->end - b->pos)
        || s->size > UINT32_MAX / 8)
    {
        return 0;
    }

    s->message = *b;
    nvm_bits_skip(b, s->size * 8);

    return 1;
}
