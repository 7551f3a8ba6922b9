/*
 * Copyright (C) ngx_video authors
 *
 * Writes a stream of AV1 whose headers are random bits, for
 * t/frames_headers.t, which has somebody else's parser read it:
 *
 *     frame_random SEED FRAMES FILE.ivf
 *
 * A sequence header with all that it can have, a key frame, then frames of any
 * kind.  nvm_av1_header() says where a header ends; what comes there must be
 * zeros, and so a parser that thinks otherwise finds an error.
 */

#include <stdio.h>
#include <stdlib.h>

#include "bits.h"
#include "nvm_av1_header.h"


#define HEADER      200             /* bytes, more than any that is tried */
#define TRIES       5000
#define MAX_TILES   64

/* ffmpeg 5.1 keeps heights of tiles, in superblocks, in a byte */
#define MAX_HEIGHT  16384


static FILE              *out;
static uint64_t           state;
static unsigned           units;
static uint8_t            unit[8192];
static size_t             unit_len;
static nvm_av1_frames_t   seen;


/* xorshift64: a number below n */
static unsigned
below(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;

    return (unsigned) (state >> 33) % n;
}


/* A random field; its value. */
static unsigned
any(unsigned n)
{
    unsigned  v;

    v = below(1u << n);
    put(n, v);

    return v;
}


static void
put_le(uint32_t v, unsigned n)
{
    while (n--) {
        fputc((int) (v & 0xff), out);
        v >>= 8;
    }
}


/* Appends an OBU of what is in "bits" to the temporal unit. */
static void
obu(unsigned type)
{
    size_t    n;
    unsigned  extension;

    /* the temporal delimiter and the sequence header have none */
    extension = type > 2 && seen.seq.idc[0] ? 1 : 0;
    n = bits_size();

    unit[unit_len++] = (uint8_t) (type << 3 | extension << 2 | 2);

    if (extension) {
        unit[unit_len++] = 0;
    }

    unit[unit_len++] = (uint8_t) (0x80 | (n & 0x7f));
    unit[unit_len++] = (uint8_t) (n >> 7);
    memcpy(unit + unit_len, bits, n);
    unit_len += n;
}


/* To the file, and on to the next one. */
static void
write_unit(void)
{
    put_le((uint32_t) unit_len, 4);
    put_le(units++, 4);
    put_le(0, 4);
    fwrite(unit, 1, unit_len, out);

    unit_len = 0;
    bits_begin();
    obu(2);
}


/* Timing and operating points */
static void
put_points(void)
{
    unsigned  model, delay, n, level, length;

    model = 0;
    length = 0;

    if (any(1)) {                   /* timing_info_present_flag */
        put(32, 1);
        put(32, 25);

        if (any(1)) {               /* equal_picture_interval */
            put_ue(below(5));
        }

        model = any(1);

        if (model) {
            length = any(5) + 1;
            put(32, 1);
            any(5);
            any(5);
        }
    }

    delay = any(1);
    n = below(3);
    put(5, n);

    for (unsigned i = 0; i <= n; i++) {
        level = below(20);
        put(12, n && below(4) ? i == 0 ? 0x103 : 0x101 << i : 0);
        put(5, level);
        put(level > 7 ? 1 : 0, 0);

        if (model && any(1)) {
            put(length, 1);
            put(length, 1);
            put(1, 0);
        }

        if (delay && any(1)) {
            put(4, 3);
        }
    }
}


static void
put_tools(void)
{
    unsigned  order, screen;

    any(4);                         /* inter tools */
    order = any(1);
    any(order ? 2 : 0);
    screen = any(1) ? 2 : any(1);

    if (screen && any(1) == 0) {
        any(1);
    }

    any(order ? 3 : 0);
}


static void
put_colour(unsigned profile)
{
    unsigned  high, twelve, mono, rgb, chroma;

    high = any(1);
    twelve = profile == 2 && high ? any(1) : 0;
    mono = profile == 1 ? 0 : below(4) == 0;
    put(profile == 1 ? 0 : 1, mono);
    rgb = 0;

    if (any(1)) {                   /* color_description_present_flag */
        rgb = profile == 1 && below(2);
        put(24, rgb ? 0x010d00 : 0x091009);
    }

    put(rgb ? 0 : 1, 0);

    if (!mono) {
        chroma = profile == 0 ? 3 : 0;

        if (twelve) {
            chroma = any(1) << 1;
            chroma |= chroma ? any(1) : 0;
        }

        put(chroma == 3 ? 2 : 0, below(3));
        any(1);                     /* separate_uv_delta_q */
    }
}


static void
put_sequence(void)
{
    unsigned  profile, reduced;

    static const unsigned  sizes[] = { 64, 200, 800, 1930, 4500, 9000 };

    profile = below(3);
    reduced = below(12) == 0;

    bits_begin();
    put(3, profile);
    put(1, reduced);
    put(1, reduced);

    if (reduced) {
        put(5, 4);

    } else {
        put_points();
    }

    put(8, 0xff);
    put(16, sizes[below(6)] - below(64));
    put(16, sizes[below(6)] - below(64));

    if (!reduced && any(1)) {       /* frame_id_numbers_present_flag */
        put(4, below(7));
        put(3, below(7));
    }

    any(3);

    if (!reduced) {
        put_tools();
    }

    any(3);                         /* superres, cdef, restoration */
    put_colour(profile);
    put(1, below(3) == 0);          /* film_grain_params_present */
    put(1, 1);
    obu(1);
}


/*
 * Whether ref_order_hint says that frames were lost: parsers don't agree on
 * what is then, so there is no such frame.  Of slots that the frame takes it is
 * not known.
 */
static int
is_lossy(const nvm_av1_frames_t *next, const nvm_av1_header_t *h)
{
    if (h->existing || !h->resilient || seen.seq.order_bits == 0
        || (h->shown && h->type == NVM_AV1_KEY_FRAME))
    {
        return 0;
    }

    if (h->refresh != 0) {
        return !(h->intra && h->refresh == 0xff);
    }

    for (unsigned i = 0; i < NVM_AV1_REFS; i++) {
        if (next->refs[i].order_hint != seen.refs[i].order_hint) {
            return 1;
        }
    }

    return 0;
}


/* A header of random bits: their number. */
static size_t
any_header(uint8_t data[HEADER], nvm_av1_header_t *h)
{
    unsigned          tries, mask;
    nvm_bits_t        b;
    nvm_av1_obu_t     o = { .type = NVM_OBU_FRAME };
    nvm_av1_frames_t  next;

    for (tries = 0; tries < TRIES; tries++) {
        mask = below(4);

        for (unsigned i = 0; i < HEADER; i++) {
            data[i] = (uint8_t) below(256);
            data[i] &= (uint8_t) (mask & 1 ? below(256) : 0xff);
            data[i] &= (uint8_t) (mask & 2 ? below(256) : 0xff);
        }

        if (units == 0 && !seen.seq.reduced) {
            data[0] = 0x10 | (data[0] & 0x0f);
        }

        next = seen;
        nvm_bits_init(&b, data, HEADER, 0);
        nvm_av1_header(&b, &next, &o, h);

        if (b.error || (h->existing && below(4))
            || h->columns * h->rows > MAX_TILES || h->height > MAX_HEIGHT
            || is_lossy(&next, h))
        {
            continue;
        }

        seen = next;

        return (size_t) (b.pos - data) * 8 - b.nbits;
    }

    fprintf(stderr, "no header in %u tries\n", tries);
    exit(1);
}


/* Tiles from first to last, behind what is in "bits" */
static void
put_group(const nvm_av1_header_t *h, unsigned first, unsigned last)
{
    unsigned  all, log2, size;

    all = (unsigned) h->columns * h->rows;
    log2 = (unsigned) h->columns_log2 + h->rows_log2;

    put((8 - nbits % 8) % 8, 0);

    if (all > 1) {
        if (first > 0 || last + 1 < all || below(2)) {
            put(1, 1);
            put(log2, first);
            put(log2, last);
        }

        put(nbits % 8 ? 8 - nbits % 8 : first || last + 1 < all ? 0 : 8, 0);
    }

    for ( /* void */ ; first <= last; first++) {
        size = 1 + below(3);

        if (first < last) {
            put(8, size - 1);
            put(8 * (h->size_bytes - 1u), 0);
        }

        while (size--) {
            put(8, 0xff);
        }
    }
}


static void
put_frame(void)
{
    size_t            n;
    uint8_t           data[HEADER];
    unsigned          all, cut;
    nvm_av1_header_t  h;

    n = any_header(data, &h);
    bits_begin();

    for (size_t i = 0; i < n; i++) {
        put(1, data[i / 8] >> (7 - i % 8) & 1);
    }

    all = (unsigned) h.columns * h.rows;

    if (h.existing || below(3) == 0) {
        put(1, 1);
        obu(3);

        if (h.existing) {
            return;
        }

        cut = below(all);

        if (cut > 0) {
            bits_begin();
            put_group(&h, 0, cut - 1);
            obu(4);
        }

        bits_begin();
        put_group(&h, cut, all - 1);
        obu(4);
        return;
    }

    put_group(&h, 0, all - 1);
    obu(6);
}


int
main(int argc, char **argv)
{
    unsigned     n;
    nvm_fault_t  f = { 0 };
    size_t       count;

    out = argc == 4 ? fopen(argv[3], "wb") : NULL;

    if (out == NULL) {
        fprintf(stderr, "usage: frame_random SEED FRAMES FILE.ivf\n");
        return 2;
    }

    state = (strtoull(argv[1], NULL, 10) + 1) * 0x9e3779b97f4a7c15;

    /* the header of an IVF file */

    fwrite("DKIF\0\0\x20\0AV01", 1, 12, out);
    put_le(64, 2);
    put_le(64, 2);
    put_le(25, 4);
    put_le(1, 4);
    put_le(0, 8);

    bits_begin();
    obu(2);
    put_sequence();

    nvm_av1_frames_init(&seen);

    if (nvm_av1_frame_tiles(&seen, unit, unit_len, NULL, 0, &count, &f)
        != NVM_OK)
    {
        fprintf(stderr, "%s\n", f.what);
        return 1;
    }

    for (n = (unsigned) strtoul(argv[2], NULL, 10); n > 0; n--) {
        put_frame();
        write_unit();
    }

    return fclose(out) == 0 ? 0 : 1;
}
