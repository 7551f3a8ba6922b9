/*
 * Copyright (C) ngx_video authors
 *
 * Brands, events, clocks, systems of protection, and metadata: ISO/IEC
 * 14496-12, 4.3, 8.3.3, 8.11, 8.16.5; ISO/IEC 23001-7, 8.1; ISO/IEC 23009-1,
 * 5.10.3.3; the metadata of the QuickTime File Format.
 */

#include <string.h>

#include "nvm_inspect_mp4.h"


/* From 1900, from which NTP counts, to 1970 */
#define NVM_INSPECT_1900    2208988800

/* Well-known types of metadata: QuickTime File Format, "Well-known types" */
#define NVM_INSPECT_UTF8    1
#define NVM_INSPECT_SIGNED  21
#define NVM_INSPECT_UNSIGNED  22


/* The systems that DASH-IF registers, of those that players know */
static const struct {
    uint8_t      id[16];
    const char  *name;
} nvm_inspect_systems[] = {
    { { 0xed, 0xef, 0x8b, 0xa9, 0x79, 0xd6, 0x4a, 0xce,
        0xa3, 0xc8, 0x27, 0xdc, 0xd5, 0x1d, 0x21, 0xed }, "Widevine" },
    { { 0x9a, 0x04, 0xf0, 0x79, 0x98, 0x40, 0x42, 0x86,
        0xab, 0x92, 0xe6, 0x5b, 0xe0, 0x88, 0x5f, 0x95 }, "PlayReady" },
    { { 0x94, 0xce, 0x86, 0xfb, 0x07, 0xff, 0x4f, 0x43,
        0xad, 0xb8, 0x93, 0xd2, 0xfa, 0x96, 0x8c, 0xa2 }, "FairPlay" },
    { { 0x10, 0x77, 0xef, 0xec, 0xc0, 0xb2, 0x4d, 0x02,
        0xac, 0xe3, 0x3c, 0x1e, 0x52, 0xe2, 0xfb, 0x4b }, "W3C common" },
};


void
nvm_inspect_ftyp(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint32_t              major, minor;
    uint64_t              i;
    nvm_reader_t          r;
    nvm_inspect_table_t   t;

    major = nvm_reader_u32(&box->b.r);
    minor = nvm_reader_u32(&box->b.r);

    if (box->b.r.error) {
        return;
    }

    nvm_emit_type(w->e, "major", major);
    nvm_emit_uint(w->e, "minor", minor);

    nvm_inspect_table(box, nvm_reader_left(&box->b.r) / 4, 4, &t);
    nvm_emit_open(w->e, "compatible", NVM_EMIT_ARRAY);

    for (i = 0; i < t.count; i++) {
        i = nvm_inspect_skip(w, i, t.count);
        r = nvm_inspect_at(&t, i);
        nvm_emit_type(w->e, NULL, nvm_reader_u32(&r));
    }

    nvm_emit_close(w->e);
}


void
nvm_inspect_pssh(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    size_t                i;
    uint32_t              n;
    nvm_reader_t         *r, kid;
    const uint8_t        *id, *data;
    nvm_inspect_table_t   kids;

    r = &box->b.r;
    id = nvm_reader_bytes(r, 16);

    if (id == NULL) {
        return;
    }

    nvm_emit_hex(w->e, "system", id, 16);

    for (i = 0; i < sizeof(nvm_inspect_systems)
                    / sizeof(nvm_inspect_systems[0]); i++)
    {
        if (memcmp(nvm_inspect_systems[i].id, id, 16) == 0) {
            nvm_emit_word(w->e, "system_name", nvm_inspect_systems[i].name);
        }
    }

    kids.count = 0;

    if (box->version) {
        nvm_inspect_table(box, nvm_reader_u32(r), 16, &kids);
    }

    n = nvm_reader_u32(r);
    data = nvm_reader_bytes(r, n);

    if (data != NULL) {
        nvm_emit_uint(w->e, "data_size", n);
        nvm_emit_hex(w->e, "data", data, n);
    }

    if (kids.count) {
        nvm_emit_open(w->e, "kids", NVM_EMIT_ARRAY);

        for (i = 0; i < kids.count; i++) {
            i = nvm_inspect_skip(w, i, kids.count);
            kid = nvm_inspect_at(&kids, i);
            nvm_emit_hex(w->e, NULL, nvm_reader_bytes(&kid, 16), 16);
        }

        nvm_emit_close(w->e);
    }
}


/* A string that ends with a zero. */
static void
nvm_inspect_zstring(nvm_emit_t *e, const char *name, nvm_reader_t *r)
{
    size_t          n;
    nvm_reader_t    look;
    const uint8_t  *p;

    look = *r;

    for (n = 0; nvm_reader_left(&look) && nvm_reader_u8(&look); n++) {
        /* void */
    }

    p = nvm_reader_bytes(r, n);
    nvm_reader_skip(r, 1);

    if (p != NULL && r->error == NVM_OK) {
        nvm_emit_text(e, name, p, n);
    }
}


void
nvm_inspect_emsg(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    static const nvm_inspect_field_t  fields0[] = {
        { "timescale", NVM_FIELD_U32, 0 },
        { "time_delta", NVM_FIELD_U32, 0 },
        { "duration", NVM_FIELD_U32, 0 },
        { "id", NVM_FIELD_U32, 0 },
        { NULL, NVM_FIELD_END, 0 }
    };
    static const nvm_inspect_field_t  fields1[] = {
        { "timescale", NVM_FIELD_U32, 0 },
        { "time", NVM_FIELD_U64, 0 },
        { "duration", NVM_FIELD_U32, 0 },
        { "id", NVM_FIELD_U32, 0 },
        { NULL, NVM_FIELD_END, 0 }
    };

    if (box->version) {
        nvm_inspect_fields(w, box, fields1);
    }

    nvm_inspect_zstring(w->e, "scheme", &box->b.r);
    nvm_inspect_zstring(w->e, "value", &box->b.r);

    if (box->version == 0) {
        nvm_inspect_fields(w, box, fields0);
    }

    if (box->b.r.error == NVM_OK) {
        nvm_emit_uint(w->e, "message_size", nvm_reader_left(&box->b.r));
    }
}


void
nvm_inspect_prft(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint32_t       id;
    uint64_t       ntp, time;
    nvm_reader_t  *r;

    r = &box->b.r;

    id = nvm_reader_u32(r);
    ntp = nvm_reader_u64(r);
    time = box->version ? nvm_reader_u64(r) : nvm_reader_u32(r);

    if (r->error) {
        return;
    }

    nvm_emit_uint(w->e, "track", id);
    nvm_emit_date(w->e, "ntp",
                  ((int64_t) (ntp >> 32) - NVM_INSPECT_1900) * 1000
                  + (int64_t) (((ntp & 0xffffffff) * 1000) >> 32));
    nvm_emit_uint(w->e, "media_time", time);
}


/* A full box in ISO/IEC 14496-12, 8.11.1; none in QuickTime. */
void
nvm_inspect_meta(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    nvm_reader_t  look;

    (void) w;

    look = box->b.r;
    nvm_reader_skip(&look, 4);

    if (nvm_reader_u32(&look) != NVM_FOURCC('h', 'd', 'l', 'r')) {
        nvm_reader_skip(&box->b.r, 4);
    }
}


/* The names to which the numbers of the items refer. */
void
nvm_inspect_keys(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint32_t        i, n, size;
    nvm_reader_t   *r;
    const uint8_t  *p;

    r = &box->b.r;
    n = nvm_reader_u32(r);

    if (r->error) {
        return;
    }

    nvm_emit_uint(w->e, "entries", n);
    nvm_emit_open(w->e, "names", NVM_EMIT_ARRAY);

    for (i = 0; i < n && r->error == NVM_OK; i++) {

        if (i == NVM_INSPECT_FIRST_BOXES && !w->all) {
            nvm_emit_omitted(w->e, n - i);
            break;
        }

        size = nvm_reader_u32(r);
        nvm_reader_skip(r, 4);
        p = nvm_reader_bytes(r, size < 8 ? SIZE_MAX : size - 8);

        if (p != NULL) {
            nvm_emit_text(w->e, NULL, p, size - 8);
        }
    }

    nvm_emit_close(w->e);
}


/* The value of an item of ilst. */
void
nvm_inspect_data(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    size_t          n;
    int64_t         v;
    uint32_t        type;
    nvm_reader_t   *r;
    const uint8_t  *p;

    r = &box->b.r;
    type = nvm_reader_u32(r) & 0xffffff;
    nvm_reader_skip(r, 4);
    n = nvm_reader_left(r);

    if (r->error) {
        return;
    }

    nvm_emit_uint(w->e, "data_type", type);

    if (type == NVM_INSPECT_UTF8) {
        p = nvm_reader_bytes(r, n);
        nvm_emit_text(w->e, "value", p, n);

    } else if (n && n <= 8
               && (type == NVM_INSPECT_SIGNED || type == NVM_INSPECT_UNSIGNED))
    {
        v = type == NVM_INSPECT_SIGNED && nvm_reader_peek(r) >> 7 ? -1 : 0;

        while (n--) {
            v = (int64_t) ((uint64_t) v << 8 | nvm_reader_u8(r));
        }

        nvm_emit_int(w->e, "value", v);
    }
}


/* Of an item with a name of its own: its parts are strings. */
void
nvm_inspect_string(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    size_t          n;
    const uint8_t  *p;

    n = nvm_reader_left(&box->b.r);
    p = nvm_reader_bytes(&box->b.r, n);

    if (p != NULL) {
        nvm_emit_text(w->e, "value", p, n);
    }
}


/* User data of QuickTime: texts in several languages, of which the first */
void
nvm_inspect_words(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint16_t        n;
    const uint8_t  *p;

    n = nvm_reader_u16(&box->b.r);
    nvm_reader_skip(&box->b.r, 2);
    p = nvm_reader_bytes(&box->b.r, n);

    if (p != NULL) {
        nvm_emit_text(w->e, "value", p, n);
    }
}


/* 8.3.3: the tracks to which this one refers */
void
nvm_inspect_tref(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint64_t              i;
    nvm_reader_t          r;
    nvm_inspect_table_t   t;

    nvm_inspect_table(box, nvm_reader_left(&box->b.r) / 4, 4, &t);
    nvm_emit_open(w->e, "tracks", NVM_EMIT_ARRAY);

    for (i = 0; i < t.count; i++) {
        i = nvm_inspect_skip(w, i, t.count);
        r = nvm_inspect_at(&t, i);
        nvm_emit_uint(w->e, NULL, nvm_reader_u32(&r));
    }

    nvm_emit_close(w->e);
}


void
nvm_inspect_uuid(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    const uint8_t  *p;

    p = nvm_reader_bytes(&box->b.r, 16);

    if (p != NULL) {
        nvm_emit_hex(w->e, "uuid", p, 16);
    }
}
