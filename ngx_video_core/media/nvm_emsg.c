/*
 * Copyright (C) ngx_video authors
 *
 * Event message boxes and ID3 tags.
 */

#include <string.h>

#include "nvm_emsg.h"


#define NVM_ID3_HEADER  10
#define NVM_ID3_UTF8    3       /* text encoding (4.1) */


void
nvm_emsg_write(nvm_writer_t *w, const nvm_emsg_t *e)
{
    size_t  box;

    box = nvm_writer_fullbox(w, "emsg", 1, 0);
    nvm_writer_u32(w, e->timescale);
    nvm_writer_u64(w, e->time);
    nvm_writer_u32(w, e->duration);
    nvm_writer_u32(w, e->id);
    nvm_writer_text(w, e->scheme);
    nvm_writer_u8(w, 0);
    nvm_writer_text(w, NVM_EMSG_VALUE);
    nvm_writer_u8(w, 0);
    nvm_writer_bytes(w, e->data, e->size);
    nvm_writer_box_end(w, box);
}


/* 28 bits, 7 to a byte (6.2 there) */
static uint32_t
nvm_id3_size(size_t n)
{
    return (uint32_t) ((n & 0x7f) | (n & 0x3f80) << 1 | (n & 0x1fc000) << 2
                       | (n & 0xfe00000) << 3);
}


size_t
nvm_id3_start(nvm_writer_t *w)
{
    size_t  start;

    start = w->len;

    nvm_writer_text(w, "ID3");
    nvm_writer_u16(w, 0x0400);
    nvm_writer_u8(w, 0);
    nvm_writer_u32(w, 0);

    return start;
}


void
nvm_id3_end(nvm_writer_t *w, size_t start)
{
    nvm_writer_patch_u32(w, start + 6,
                         nvm_id3_size(w->len - start - NVM_ID3_HEADER));
}


static void
nvm_id3_frame(nvm_writer_t *w, const char *id, size_t n)
{
    nvm_writer_text(w, id);
    nvm_writer_u32(w, nvm_id3_size(n));
    nvm_writer_u16(w, 0);
    nvm_writer_u8(w, NVM_ID3_UTF8);
}


void
nvm_id3_text(nvm_writer_t *w, const void *text, size_t n)
{
    n = n ? strnlen(text, n) : 0;

    nvm_id3_frame(w, "TIT2", n + 2);
    nvm_writer_bytes(w, text, n);
    nvm_writer_u8(w, 0);
}


void
nvm_id3_named(nvm_writer_t *w, const void *name, size_t name_len,
    const void *text, size_t n)
{
    name_len = name_len ? strnlen(name, name_len) : 0;
    n = n ? strnlen(text, n) : 0;

    nvm_id3_frame(w, "TXXX", name_len + n + 3);
    nvm_writer_bytes(w, name, name_len);
    nvm_writer_u8(w, 0);
    nvm_writer_bytes(w, text, n);
    nvm_writer_u8(w, 0);
}
