/*
 * Copyright (C) ngx_video authors
 *
 * Boxes of fixed fields: a list of names and kinds is enough to show them.
 */

#include <string.h>

#include "nvm_inspect_mp4.h"


/* From 1904, from which boxes count, to 1970 */
#define NVM_INSPECT_1904  2082844800


/* Three letters of five bits, 8.4.2.3; smaller numbers are QuickTime's. */
void
nvm_inspect_lang(uint32_t v, char lang[4])
{
    int  i;

    for (i = 0; i < 3; i++) {
        lang[i] = (char) ((v >> (10 - 5 * i) & 0x1f) + 0x60);
    }

    lang[3] = '\0';

    if (v < 0x400 || strspn(lang, "abcdefghijklmnopqrstuvwxyz") != 3) {
        memcpy(lang, "und", 4);
    }
}


int
nvm_inspect_rotation(nvm_reader_t *r, int32_t m[9])
{
    int  i, k;

    static const struct {
        int32_t  a, b, c, d;
        int      degrees;
    } rotations[] = {
        { 0x10000, 0, 0, 0x10000, 0 },
        { 0, 0x10000, -0x10000, 0, 90 },
        { -0x10000, 0, 0, -0x10000, 180 },
        { 0, -0x10000, 0x10000, 0, 270 },
    };

    for (i = 0; i < 9; i++) {
        m[i] = (int32_t) nvm_reader_u32(r);
    }

    if (r->error) {
        return 0;
    }

    for (k = 0; k < 4; k++) {
        if (m[0] == rotations[k].a && m[1] == rotations[k].b
            && m[3] == rotations[k].c && m[4] == rotations[k].d)
        {
            return rotations[k].degrees;
        }
    }

    return -1;
}


/* Of the matrix that is applied to the picture: only what isn't 1. */
static void
nvm_inspect_matrix(nvm_emit_t *e, nvm_reader_t *r)
{
    int      i, degrees;
    int32_t  m[9];

    degrees = nvm_inspect_rotation(r, m);

    if (degrees > 0) {
        nvm_emit_int(e, "rotation", degrees);
    }

    if (degrees >= 0) {
        return;
    }

    nvm_emit_open(e, "matrix", NVM_EMIT_ARRAY);

    for (i = 0; i < 9; i++) {
        nvm_emit_int(e, NULL, m[i]);
    }

    nvm_emit_close(e);
}


/* To a zero; QuickTime has the length in front instead. */
static void
nvm_inspect_field_text(nvm_emit_t *e, const char *name, nvm_reader_t *r)
{
    size_t          n, left;
    const uint8_t  *p;

    left = nvm_reader_left(r);

    if (left && nvm_reader_peek(r) == left - 1) {
        nvm_reader_skip(r, 1);
        left--;
    }

    p = nvm_reader_bytes(r, left);

    if (p != NULL) {
        n = strnlen((const char *) p, left);
        nvm_emit_text(e, name, p, n);
    }
}


static uint64_t
nvm_inspect_field_number(nvm_reader_t *r, unsigned kind, uint32_t version)
{
    switch (kind) {

    case NVM_FIELD_U16:
    case NVM_FIELD_S16:
    case NVM_FIELD_FIXED8:
    case NVM_FIELD_LANG:
        return nvm_reader_u16(r);

    case NVM_FIELD_U64:
        return nvm_reader_u64(r);

    case NVM_FIELD_VAR:
    case NVM_FIELD_TIME:
        return version == 1 ? nvm_reader_u64(r) : nvm_reader_u32(r);
    }

    return nvm_reader_u32(r);
}


static void
nvm_inspect_field_show(nvm_emit_t *e, const nvm_inspect_field_t *field,
    uint64_t v)
{
    char  lang[4];

    switch (field->kind) {

    case NVM_FIELD_S16:
        nvm_emit_int(e, field->name, (int16_t) v);
        break;

    case NVM_FIELD_FIXED8:
        nvm_emit_ratio(e, field->name, (int16_t) v, 0x100, 3);
        break;

    case NVM_FIELD_FIXED16:
        nvm_emit_ratio(e, field->name, (int64_t) v, 0x10000, 5);
        break;

    case NVM_FIELD_TYPE:
        nvm_emit_type(e, field->name, (uint32_t) v);
        break;

    case NVM_FIELD_TIME:
        /* most writers leave it 0; past the year 9999 is no date */
        if (v >= NVM_INSPECT_1904 && v >> 40 == 0) {
            nvm_emit_date(e, field->name,
                          (int64_t) (v - NVM_INSPECT_1904) * 1000);
        }

        break;

    case NVM_FIELD_LANG:
        nvm_inspect_lang((uint32_t) v, lang);
        nvm_emit_word(e, field->name, lang);
        break;

    default:
        nvm_emit_uint(e, field->name, v);
    }
}


void
nvm_inspect_fields(nvm_inspect_walk_t *w, nvm_inspect_box_t *box,
    const nvm_inspect_field_t *field)
{
    uint64_t       v;
    nvm_reader_t  *r;

    r = &box->b.r;

    for ( ; field->kind != NVM_FIELD_END && r->error == NVM_OK; field++) {

        switch (field->kind) {

        case NVM_FIELD_SKIP:
            nvm_reader_skip(r, field->n);
            break;

        case NVM_FIELD_MATRIX:
            nvm_inspect_matrix(w->e, r);
            break;

        case NVM_FIELD_TEXT:
            nvm_inspect_field_text(w->e, field->name, r);
            break;

        default:
            v = nvm_inspect_field_number(r, field->kind, box->version);

            if (r->error == NVM_OK) {
                nvm_inspect_field_show(w->e, field, v);
            }
        }
    }
}
