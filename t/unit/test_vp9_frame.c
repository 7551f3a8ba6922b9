/*
 * Copyright (C) ngx_video authors
 *
 * VP9 frames: the length of each header that the syntax allows, written by
 * hand; superframes; what is no frame.  t/frames_headers.t has those of
 * encoders.
 */

#include "bits.h"
#include "nvm_vp9_frame.h"
#include "tap.h"


/* What a header is made of; the zero is a key frame of 1 pixel. */
typedef struct {
    unsigned  profile;
    unsigned  inter;            /* 1: inter frame, 2: intra-only */
    unsigned  hidden;
    unsigned  resilient;
    unsigned  rgb;
    unsigned  width;            /* minus 1 */
    unsigned  found;            /* which found_ref is set, 0: none */
    unsigned  index;            /* of that reference */
    unsigned  refresh;
    unsigned  render;           /* render_and_frame_size_different */
    unsigned  every;            /* all that is optional behind the size */
    unsigned  columns;          /* bits of increment_tile_cols_log2 */
    unsigned  ncolumns;
    unsigned  compressed;       /* header_size_in_bytes, 0 is 1 */
} head_t;


static uint8_t          sample[4096];
static size_t           sample_len;
static unsigned         count;
static nvm_fault_t      fault;
static nvm_vp9_refs_t   refs;
static nvm_vp9_frame_t  frames[NVM_VP9_MAX_FRAMES];


static void
put_colour(const head_t *h)
{
    unsigned  odd = h->profile & 1;

    put(h->profile >= 2 ? 1 : 0, 1);
    put(3, h->rgb ? 7 : 2);

    if (!h->rgb) {
        put(1, 0);
        put(odd ? 2 : 0, 0);
    }

    put(odd ? 1 : 0, 0);
}


static void
put_render(const head_t *h)
{
    put(1, h->render);
    put(h->render ? 32 : 0, 0x12345678);
}


static void
put_size(const head_t *h)
{
    put(16, h->width);
    put(16, 179);
}


static void
put_inter(const head_t *h)
{
    put(8, h->refresh);

    for (unsigned i = 1; i <= 3; i++) {
        put(3, i == h->found ? h->index : 7);
        put(1, 1);
    }

    for (unsigned i = 1; i <= (h->found ? h->found : 3); i++) {
        put(1, i == h->found);
    }

    if (!h->found) {
        put_size(h);
    }

    put_render(h);
    put(1, 1);
    put(1, !h->every);
    put(h->every ? 2 : 0, 3);
}


static void
put_not_key(const head_t *h)
{
    put(h->hidden ? 1 : 0, h->inter == 2);
    put(h->resilient ? 0 : 2, 0);

    if (h->inter == 1) {
        put_inter(h);
        return;
    }

    put(24, 0x498342);

    if (h->profile > 0) {
        put_colour(h);
    }

    put(8, h->refresh);
    put_size(h);
    put_render(h);
}


/* Loop filter, quantizers and segmentation with all that they can have */
static void
put_every(void)
{
    put(9, 0);
    put(2, 3);

    for (unsigned i = 0; i < 6; i++) {
        put(8, 0xff);
    }

    put(8, 100);

    for (unsigned i = 0; i < 3; i++) {
        put(6, 0x3f);
    }

    put(2, 3);

    for (unsigned i = 0; i < 7; i++) {
        put(9, 0x1ff);
    }

    put(1, 1);

    for (unsigned i = 0; i < 3; i++) {
        put(9, 0x1ff);
    }

    put(2, 3);

    for (unsigned i = 0; i < 8; i++) {
        put(10, 0x3ff);
        put(8, 0xff);
        put(3, 7);
        put(1, 1);
    }
}


/* Writes the header into "bits": its length in bytes. */
static size_t
put_head(const head_t *h)
{
    bits_begin();
    put(2, 2);
    put(1, h->profile & 1);
    put(1, h->profile >> 1);
    put(h->profile == 3 ? 1 : 0, 0);
    put(1, 0);
    put(1, h->inter != 0);
    put(1, !h->hidden);
    put(1, h->resilient);

    if (h->inter) {
        put_not_key(h);

    } else {
        put(24, 0x498342);
        put_colour(h);
        put_size(h);
        put_render(h);
    }

    put(h->resilient ? 0 : 2, 0);
    put(2, 0);

    if (h->every) {
        put_every();

    } else {
        put(9, 0);
        put(1, 0);
        put(8, 100);
        put(3, 0);
        put(1, 0);
    }

    put(h->ncolumns, h->columns);
    put(1, h->every);
    put(h->every, 1);
    put(16, h->compressed ? h->compressed : 1);

    return bits_size();
}


static nvm_err_e
parse(void)
{
    memset(&fault, 0, sizeof(fault));

    return nvm_vp9_frame_headers(&refs, sample, sample_len, frames, &count,
                                 &fault);
}


/* A sample of one frame, with n bytes behind its header. */
static nvm_err_e
one(const head_t *h, size_t n)
{
    sample_len = put_head(h);
    memcpy(sample, bits, sample_len);
    memset(sample + sample_len, 0xff, n);
    sample_len += n;

    /* a last byte that is no marker */
    sample[sample_len - 1] = n ? 0 : sample[sample_len - 1];

    return parse();
}


/*
 * The size of the compressed header is the last field: that it is all there,
 * and not one byte less, says that every bit before was read.
 */
static void
is_head(const head_t *head, const char *what)
{
    head_t          h = *head;
    nvm_vp9_refs_t  before;

    before = refs;
    h.compressed = 40;
    is_int(one(&h, 39), NVM_ETRUNC, "%s: is cut", what);
    is_mem(&refs, sizeof(refs), &before, sizeof(before), "no references");
    is_int(one(&h, 40), NVM_OK, "%s", what);
    ok(count == 1 && frames[0].offset == 0 && frames[0].size == sample_len
       && frames[0].header == bits_size(), "%s: %u of %zu bytes", what,
       frames[0].header, bits_size());
}


/* A key frame, then what follows it. */
static void
begin(unsigned width)
{
    head_t  key = { .width = width - 1, .ncolumns = width >= 512 };

    nvm_vp9_refs_init(&refs);
    is_int(one(&key, 40), NVM_OK, "key frame of width %u", width);
}


static void
test_heads(void)
{
    head_t  h;

    nvm_vp9_refs_init(&refs);

    for (unsigned profile = 0; profile < 4; profile++) {
        h = (head_t) { .profile = profile };
        is_head(&h, "key frame");
        h.render = 1;
        h.every = 1;
        is_head(&h, "with all there is");
        h.inter = 2;
        h.hidden = 1;
        h.resilient = 1;
        is_head(&h, "intra-only");
        h.resilient = 0;
        h.rgb = profile & 1;
        is_head(&h, "intra-only, not resilient");
        h.inter = 1;
        is_head(&h, "inter, its own size");
        h.every = 0;
        h.hidden = 0;
        is_head(&h, "inter, shown");

        h = (head_t) { .profile = profile, .rgb = 1 };
        is_int(one(&h, 40), profile & 1 ? NVM_OK : NVM_EINVAL, "RGB");
    }
}


/* The number of tiles' bits is by the width: of 64 * 4 for each two. */
static void
test_tiles(void)
{
    head_t  h = { 0 };

    nvm_vp9_refs_init(&refs);

    for (unsigned i = 0; i < 4; i++) {
        h.width = (256u << i) - 1;
        h.columns = (2u << i) - 1;
        h.ncolumns = i;
        is_head(&h, "all columns");
        h.width = (512u << i) - 65;
        is_head(&h, "as wide as it may be");
        h.columns = 0;
        h.ncolumns = 1;
        h.width = (512u << i) - 1;
        is_head(&h, "no more columns");
    }

    h.width = 4095;
    h.columns = 0xf;
    h.ncolumns = 4;
    h.every = 1;                    /* rows, too */
    is_head(&h, "4096 has one column at least");
    h.width = 4096;
    h.columns = 7;
    h.ncolumns = 3;
    is_head(&h, "4097 has two columns at least");
    h.width = 65535;
    h.columns = 0xf;
    h.ncolumns = 4;
    is_head(&h, "65536, 16 columns at least, 256 at most");
}


static void
test_references(void)
{
    head_t  h = { .inter = 1, .found = 1, .index = 5 };

    nvm_vp9_refs_init(&refs);
    is_int(one(&h, 40), NVM_ENOENT, "reference before a key frame");
    is_str(fault.what, "VP9 frame without its reference", "by name");

    begin(320);
    is_head(&h, "first reference");
    h.found = 2;
    is_head(&h, "second reference");
    h.found = 3;
    is_head(&h, "third reference");

    /* a wider frame in slots 2 and 5 only */

    h = (head_t) { .inter = 1, .width = 1279, .refresh = 0x24, .columns = 3,
                   .ncolumns = 2 };
    is_head(&h, "a size of its own");

    h = (head_t) { .inter = 1, .found = 2, .index = 4 };
    is_head(&h, "slot 4 is as it was");
    h.index = 2;
    h.ncolumns = 2;
    h.columns = 2;
    is_head(&h, "slot 2 has more columns");
    h.index = 5;
    h.refresh = 0x80;
    is_head(&h, "slot 5, too");
    h.index = 7;
    is_head(&h, "slot 7 has the size of a reference");

    h = (head_t) { .inter = 2, .hidden = 1, .width = 511, .refresh = 1,
                   .ncolumns = 1 };
    is_head(&h, "intra-only");
    h = (head_t) { .inter = 1, .found = 1, .index = 0, .ncolumns = 1 };
    is_head(&h, "slot 0 is of the intra-only frame");
}


/* Appends a superframe index with sizes of some bytes. */
static void
append_index(unsigned bytes, unsigned n, const uint32_t *sizes)
{
    uint8_t  marker;

    marker = (uint8_t) (0xc0 | (bytes - 1) << 3 | (n - 1));
    sample[sample_len++] = marker;

    for (unsigned i = 0; i < n; i++) {
        for (unsigned j = 0; j < bytes; j++) {
            sample[sample_len++] = (uint8_t) (sizes[i] >> (j * 8));
        }
    }

    sample[sample_len++] = marker;
}


static void
test_superframes(void)
{
    head_t          key = { .hidden = 1, .width = 1279, .columns = 3,
                            .ncolumns = 2 };
    head_t          inter = { .inter = 1, .found = 1, .columns = 3,
                              .ncolumns = 2 };
    size_t          len, first, second;
    uint32_t        sizes[NVM_VP9_MAX_FRAMES];
    nvm_vp9_refs_t  before;

    for (unsigned bytes = 1; bytes <= 4; bytes++) {
        nvm_vp9_refs_init(&refs);
        first = put_head(&key);
        memcpy(sample, bits, first);
        sizes[0] = (uint32_t) first + 30;
        second = put_head(&inter);
        memcpy(sample + sizes[0], bits, second);
        sizes[1] = (uint32_t) second + 20;
        sample[sizes[0] + sizes[1]] = 0x88;     /* show_existing_frame */
        sizes[2] = 1;
        sample_len = len = sizes[0] + sizes[1] + 1;
        append_index(bytes, 3, sizes);

        is_int(parse(), NVM_OK, "superframe, sizes of %u bytes", bytes);
        is_int(count, 3, "frames");
        ok(frames[0].offset == 0 && frames[0].size == sizes[0]
           && frames[0].header == first, "hidden key frame");
        ok(frames[1].offset == sizes[0] && frames[1].size == sizes[1]
           && frames[1].header == second, "inter frame, of its width");
        ok(frames[2].offset == len - 1 && frames[2].size == 1
           && frames[2].header == 1, "a frame that is only shown");
    }

    sample_len = len;
    sizes[1] += 2;
    append_index(2, 3, sizes);
    nvm_vp9_refs_init(&refs);
    before = refs;
    is_int(parse(), NVM_ETRUNC, "a frame that has a part of the index");
    is_int(fault.offset, sizes[0], "and where");
    is_int(count, 0, "no frames");
    is_mem(&refs, sizeof(refs), &before, sizeof(before), "nor references");

    sample_len = len;
    sizes[1] -= 2;
    sizes[2] = 0;
    append_index(2, 3, sizes);
    is_int(parse(), NVM_ETRUNC, "an empty frame");

    sample_len = len;
    append_index(2, 2, sizes);
    is_int(parse(), NVM_OK, "a byte that no frame has");
    is_int(count, 2, "frames");
    is_int(frames[1].offset + frames[1].size, (long long) len - 1, "without");

    sample[len] ^= 1;
    is_int(parse(), NVM_OK, "an index with another marker is none");
    ok(count == 1 && frames[0].size == sample_len, "one frame");

    sample[0] = 0xc9;
    sample_len = 1;
    is_int(parse(), NVM_EINVAL, "an index that is longer than the sample");
}


static void
test_bad(void)
{
    head_t  h = { .compressed = 40 };
    size_t  i, n, good;

    static const struct {
        size_t      at;
        uint8_t     mask;
        const char  *what;
    } wrong[] = {
        { 0, 0x40, "frame_marker" },
        { 1, 0x80, "sync code" },
        { 3, 0x02, "end of the sync code" },
    };

    nvm_vp9_refs_init(&refs);
    is_int(one(&h, 40), NVM_OK, "compressed header to the last byte");
    n = sample_len;
    is_int(one(&h, 39), NVM_ETRUNC, "it is cut");

    for (i = 0, good = 0; i < n; i++) {
        sample_len = i;
        good += parse() != NVM_ETRUNC || fault.offset > i;
    }

    is_int((long long) good, 0, "no shorter frame is accepted");

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        (void) one(&h, 40);
        sample[wrong[i].at] ^= wrong[i].mask;
        is_int(parse(), NVM_EINVAL, "%s", wrong[i].what);
    }

    h.profile = 3;
    (void) one(&h, 40);
    sample[0] |= 0x08;
    is_int(parse(), NVM_EINVAL, "profile 4");

    h = (head_t) { .profile = 1, .rgb = 1 };
    (void) one(&h, 40);
    sample[4] |= 0x10;
    is_int(parse(), NVM_EINVAL, "reserved bit of RGB");

    h = (head_t) { .compressed = 0x10000 };
    is_int(one(&h, 40), NVM_EINVAL, "no compressed header");
}


int
main(void)
{
    test_heads();
    test_tiles();
    test_references();
    test_superframes();
    test_bad();

    return done_testing();
}
