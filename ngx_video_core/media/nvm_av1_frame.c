/*
 * Copyright (C) ngx_video authors
 *
 * The OBUs of a sample, and the tiles in them: AV1 specification, 5.3, 5.10
 * and 5.11.  Names in comments are those of its syntax tables.
 */

#include <string.h>

#include "nvm_av1_header.h"


/* A walk over one sample. */
typedef struct {
    nvm_av1_frames_t   state;       /* the caller's, when all went well */
    nvm_av1_header_t   header;
    unsigned           seen;        /* SeenFrameHeader */
    unsigned           next;        /* TileNum */

    nvm_av1_tile_t    *tiles;
    size_t             max;
    size_t             count;
    const char        *what;        /* of an error */
} nvm_av1_walk_t;


void
nvm_av1_frames_init(nvm_av1_frames_t *s)
{
    memset(s, 0, sizeof(nvm_av1_frames_t));
}


static nvm_err_e
nvm_av1_error(nvm_av1_walk_t *w, nvm_err_e rc, const char *what)
{
    w->what = what;

    return rc;
}


/* Reads a sequence header; the one before stays after an error. */
static nvm_err_e
nvm_av1_frames_sequence(nvm_av1_frames_t *s, nvm_reader_t *r)
{
    size_t         n;
    nvm_av1_t      av1;
    nvm_bits_t     b;
    nvm_av1_seq_t  q;

    memset(&av1, 0, sizeof(nvm_av1_t));

    n = nvm_reader_left(r);
    nvm_bits_init(&b, nvm_reader_bytes(r, n), n, 0);
    nvm_av1_sequence(&b, &av1, &q);
    nvm_av1_sequence_rest(&b, &q);

    if (b.error == NVM_OK && q.profile > 2) {
        b.error = NVM_EINVAL;
    }

    if (b.error == NVM_OK) {
        s->seq = q;
        s->sequence = 1;
    }

    return b.error;
}


nvm_err_e
nvm_av1_frames_config(nvm_av1_frames_t *s, const uint8_t *av1c, size_t n,
    nvm_fault_t *f)
{
    uint64_t       at;
    nvm_av1_t      av1;
    nvm_err_e      rc;
    nvm_reader_t   r;
    nvm_av1_obu_t  obu;

    rc = nvm_av1c_parse(av1c, n, &av1, f);
    if (rc != NVM_OK) {
        return rc;
    }

    nvm_reader_init(&r, av1c, n, 0);
    nvm_reader_skip(&r, 4);             /* before configOBUs (2.3.3) */

    while (nvm_reader_left(&r)) {
        at = nvm_reader_offset(&r);
        nvm_av1_obu_read(&r, &obu);

        if (obu.type != NVM_OBU_SEQUENCE_HEADER) {
            continue;
        }

        rc = nvm_av1_frames_sequence(s, &obu.payload);

        return rc == NVM_OK ? rc : nvm_fault(f, rc, at, "bad OBU in av1C");
    }

    return NVM_OK;
}


/* frame_header_obu(); bytes of the header, to the next whole one, in *used. */
static nvm_err_e
nvm_av1_frame_header(nvm_av1_walk_t *w, const nvm_av1_obu_t *obu, size_t *used)
{
    size_t        n;
    nvm_bits_t    b;
    nvm_reader_t  r;

    if (!w->state.sequence) {
        return nvm_av1_error(w, NVM_ENOENT, "AV1 without a sequence header");
    }

    r = obu->payload;
    n = nvm_reader_left(&r);
    nvm_bits_init(&b, nvm_reader_bytes(&r, n), n, 0);
    nvm_av1_header(&b, &w->state, obu, &w->header);

    *used = n - (size_t) (b.end - b.pos);

    if (b.error) {
        return nvm_av1_error(w, b.error, b.error == NVM_ETRUNC
                             ? "AV1 frame header is cut"
                             : b.error == NVM_ENOENT
                             ? "AV1 frame without its reference"
                             : "bad AV1 frame header");
    }

    w->seen = !w->header.existing;
    w->next = 0;

    return NVM_OK;
}


/* tile_size_minus_1, little-endian; the tile that follows is cut off r. */
static void
nvm_av1_tile(nvm_reader_t *r, unsigned bytes, nvm_reader_t *tile)
{
    uint64_t  v;
    unsigned  i;

    for (i = 0, v = 0; i < bytes; i++) {
        v |= (uint64_t) nvm_reader_u8(r) << (i * 8);
    }

    nvm_reader_sub(r, v + 1, tile);
}


/* tg_start and tg_end; the header is skipped. */
static nvm_err_e
nvm_av1_group(nvm_av1_walk_t *w, nvm_reader_t *r, unsigned *end)
{
    size_t        n, left;
    unsigned      tiles, bits, start;
    nvm_bits_t    b;
    nvm_reader_t  head;

    tiles = (unsigned) w->header.columns * w->header.rows;
    start = 0;
    *end = tiles - 1;

    if (tiles == 1) {
        return NVM_OK;
    }

    bits = (unsigned) w->header.columns_log2 + w->header.rows_log2;
    left = nvm_reader_left(r);
    n = left < 4 ? left : 4;
    head = *r;
    nvm_bits_init(&b, nvm_reader_bytes(&head, n), n, 0);

    if (nvm_bits_u(&b, 1)) {            /* tile_start_and_end_present_flag */
        start = nvm_bits_u(&b, bits);
        *end = nvm_bits_u(&b, bits);
    }

    nvm_reader_skip(r, n - (size_t) (b.end - b.pos));

    if (b.error) {
        return nvm_av1_error(w, b.error, "AV1 tile group is cut");
    }

    if (start != w->next || *end < start || *end >= tiles) {
        return nvm_av1_error(w, NVM_EINVAL, "bad numbers of AV1 tiles");
    }

    return NVM_OK;
}


/* tile_group_obu() */
static nvm_err_e
nvm_av1_tile_group(nvm_av1_walk_t *w, nvm_reader_t *r)
{
    unsigned      end;
    nvm_err_e     rc;
    nvm_reader_t  tile;

    if (!w->seen) {
        return nvm_av1_error(w, NVM_EINVAL, "AV1 tiles without a header");
    }

    rc = nvm_av1_group(w, r, &end);
    if (rc != NVM_OK) {
        return rc;
    }

    for ( /* void */ ; w->next <= end; w->next++) {

        if (w->next < end) {
            nvm_av1_tile(r, w->header.size_bytes, &tile);

        } else {
            nvm_reader_sub(r, nvm_reader_left(r), &tile);
        }

        if (r->error || nvm_reader_left(&tile) == 0) {
            return nvm_av1_error(w, NVM_ETRUNC, "AV1 tile is cut");
        }

        if (w->count == w->max) {
            return nvm_av1_error(w, NVM_EOVERFLOW, "too many AV1 tiles");
        }

        w->tiles[w->count].offset = (uint32_t) nvm_reader_offset(&tile);
        w->tiles[w->count].size = (uint32_t) nvm_reader_left(&tile);
        w->count++;
    }

    w->seen = w->next != (unsigned) w->header.columns * w->header.rows;

    return NVM_OK;
}


static nvm_err_e
nvm_av1_frame(nvm_av1_walk_t *w, nvm_av1_obu_t *obu)
{
    size_t     used;
    nvm_err_e  rc;

    if (w->seen) {
        return nvm_av1_error(w, NVM_EINVAL, "AV1 frame in another");
    }

    rc = nvm_av1_frame_header(w, obu, &used);
    if (rc != NVM_OK) {
        return rc;
    }

    if (w->header.existing) {
        return nvm_av1_error(w, NVM_EINVAL, "AV1 frame that is only shown");
    }

    nvm_reader_skip(&obu->payload, used);

    return nvm_av1_tile_group(w, &obu->payload);
}


static nvm_err_e
nvm_av1_walk_obu(nvm_av1_walk_t *w, nvm_av1_obu_t *obu)
{
    size_t     used;
    nvm_err_e  rc;

    if (obu->forbidden) {
        return nvm_av1_error(w, NVM_EINVAL, "OBU has its forbidden bit set");
    }

    switch (obu->type) {

    case NVM_OBU_SEQUENCE_HEADER:
        rc = nvm_av1_frames_sequence(&w->state, &obu->payload);
        return rc == NVM_OK ? rc
               : nvm_av1_error(w, rc, "bad AV1 sequence header");

    case NVM_OBU_FRAME_HEADER:
    case NVM_OBU_REDUNDANT_FRAME_HEADER:

        if (w->seen) {                  /* frame_header_copy() */
            return NVM_OK;
        }

        return nvm_av1_frame_header(w, obu, &used);

    case NVM_OBU_TILE_GROUP:
        return nvm_av1_tile_group(w, &obu->payload);

    case NVM_OBU_FRAME:
        return nvm_av1_frame(w, obu);

    case NVM_OBU_TILE_LIST:
        return nvm_av1_error(w, NVM_EUNSUP, "AV1 tile list");

    default:
        return NVM_OK;
    }
}


nvm_err_e
nvm_av1_frame_tiles(nvm_av1_frames_t *s, const uint8_t *data, size_t n,
    nvm_av1_tile_t *tiles, size_t max, size_t *count, nvm_fault_t *f)
{
    uint64_t        at;
    unsigned        obus;
    nvm_err_e       rc;
    nvm_reader_t    r;
    nvm_av1_obu_t   obu;
    nvm_av1_walk_t  w = { .state = *s, .tiles = tiles, .max = max };

    *count = 0;

    if (n > UINT32_MAX) {
        return nvm_fault(f, NVM_ELIMIT, 0, "AV1 sample is too long");
    }

    nvm_reader_init(&r, data, n, 0);

    for (obus = 0; nvm_reader_left(&r); obus++) {
        at = nvm_reader_offset(&r);

        if (obus == NVM_MAX_NALS) {
            return nvm_fault(f, NVM_ELIMIT, at, "too many OBUs");
        }

        nvm_av1_obu_read(&r, &obu);

        if (r.error) {
            return nvm_fault(f, r.error, at, "OBU is cut");
        }

        rc = nvm_av1_walk_obu(&w, &obu);
        if (rc != NVM_OK) {
            return nvm_fault(f, rc, at, w.what);
        }
    }

    if (w.seen) {
        return nvm_fault(f, NVM_ETRUNC, n, "AV1 frame without all its tiles");
    }

    *s = w.state;
    *count = w.count;

    return NVM_OK;
}
