/*
 * Copyright (C) ngx_video authors
 *
 * Slice segment headers of H.265 by hand, field by field of their syntax
 * table: what libx265 doesn't write, limits, and parameter sets that come and
 * go.  The films of t/slices.t have the rest.
 */

#include "bits.h"
#include "codec_records.h"
#include "nvm_hevc_slice.h"
#include "tap.h"


#define OUT_OF_RANGE  "slice header: field out of range"


/* What an SPS says; zero is the plainest: no sets, POC of 4 bits. */
typedef struct {
    unsigned  id;
    unsigned  profile;          /* 0: main */
    unsigned  chroma;           /* chroma_format_idc; 0: 1 */
    unsigned  planes;
    unsigned  monochrome;
    unsigned  width;            /* 0: 320x240 in blocks of 16: 20x15 */
    unsigned  poc;              /* bits less 4 */
    unsigned  sao;
    unsigned  mvp;
    unsigned  lt;               /* long_term_ref_pics_present_flag */
    unsigned  nlong;
    unsigned  vui;              /* 1: with an HRD; 2: damaged */
    unsigned  extensions;       /* 8 bits: range, multilayer, 3D, SCC, 4 */
    void    (*sets)(void);      /* writes the reference sets */
} sps_t;


typedef struct {
    unsigned  id;
    unsigned  sps;
    unsigned  dependent;
    unsigned  output;
    unsigned  extra;
    unsigned  cabac_init;
    unsigned  refs0;            /* less 1 */
    unsigned  refs1;
    unsigned  skip;             /* transform_skip_enabled_flag */
    unsigned  chroma_qp;
    unsigned  weighted;
    unsigned  bipred;
    unsigned  columns;          /* of tiles less 1 */
    unsigned  rows;
    unsigned  uniform;
    unsigned  wavefronts;
    unsigned  across;           /* filter across slices */
    unsigned  control;          /* of deblocking: 1, 2 disabled, 4 override */
    unsigned  lists;            /* scaling lists */
    unsigned  modification;
    unsigned  extension;
    unsigned  extensions;       /* 8 bits, as those of the SPS */
    unsigned  qp_list;          /* of its range extension */
} pps_t;


static nvm_hevc_params_t  params;
static nvm_fault_t        fault;
static uint8_t            nal[8192];


static nvm_err_e
take(void)
{
    put(1, 1);
    memset(&fault, 0, sizeof(fault));

    return nvm_hevc_params_nal(&params, nal, bits_escape(nal, bits_size()),
                               &fault);
}


/* Two sub-layers, sub-pictures, three CPBs; both kinds. */
static void
write_hrd(void)
{
    int  i;

    put(2, 3);
    put(1, 1);
    put(19, 0x12345);
    put(8, 0x11);
    put(4, 7);
    put(15, 0x1234);

    put(1, 1);                      /* fixed */
    put_ue(1);
    put_ue(2);                      /* three of either kind */

    for (i = 0; i < 2 * 3; i++) {
        put_ue(100);
        put_ue(200);
        put_ue(300);
        put_ue(400);
        put(1, 1);
    }

    put(2, 0);                      /* not fixed */
    put(1, 1);                      /* low delay: one */

    for (i = 0; i < 2; i++) {
        put_ue(1);
        put_ue(2);
        put_ue(3);
        put_ue(4);
        put(1, 0);
    }
}


static void
write_vui(unsigned damaged)
{
    put(4, 0);                      /* up to chroma location */
    put(3, 0);
    put(1, 0);

    if (damaged) {
        put(1, 0);
        put(1, 1);
        put(3, 7);
        put(32, 0);
        put(32, 0);
        return;
    }

    put(1, 1);
    put(32, 1001);
    put(32, 60000);
    put(1, 1);
    put_ue(3);
    put(1, 1);
    write_hrd();
    put(1, 1);
    put(3, 5);

    for (int i = 0; i < 5; i++) {
        put_ue(2);
    }
}


static void
write_sps(sps_t s)
{
    unsigned  i;

    bits_begin();
    put(16, 0x4201);
    put(4, 0);
    put(3, s.vui == 1);             /* two sub-layers */
    put(1, 1);
    put(8, s.profile ? s.profile : 1);
    put(32, 0x60000001);
    put(48, 0x900101010101);
    put(8, 93);
    put(s.vui == 1 ? 16 : 0, 0);    /* nothing of the lower one */
    put_ue(s.id);
    put_ue(s.monochrome ? 0 : s.chroma ? s.chroma : 1);

    if (s.chroma == 3) {
        put(1, s.planes);
    }

    put_ue(s.width ? s.width : 320);
    put_ue(240);
    put(1, 1);                      /* a window */
    put_ue(0);
    put_ue(2);
    put_ue(0);
    put_ue(1);
    put_ue(0);
    put_ue(0);
    put_ue(s.poc);

    put(1, 0);
    put_ue(4);
    put_ue(2);
    put_ue(0);
    put_ue(0);                      /* blocks of 8 to 16 */
    put_ue(1);

    for (i = 0; i < 4; i++) {
        put_ue(0);
    }

    put(1, 0);
    put(1, 0);
    put(1, s.sao);
    put(1, 0);

    if (s.sets) {
        s.sets();

    } else {
        put_ue(0);
    }

    put(1, s.lt);

    if (s.lt) {
        put_ue(s.nlong);

        for (i = 0; i < s.nlong; i++) {
            put(4 + s.poc, i);
            put(1, i % 2);          /* every other is used */
        }
    }

    put(1, s.mvp);
    put(1, 0);
    put(1, s.vui != 0);

    if (s.vui) {
        write_vui(s.vui == 2);
    }

    put(1, s.extensions != 0);

    if (s.extensions) {
        put(8, s.extensions);
    }
}


static void
write_scaling_lists(void)
{
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < (i == 3 ? 2 : 6); k++) {
            put(1, 0);
            put_ue(1);
        }
    }
}


static void
write_pps(pps_t s)
{
    bits_begin();
    put(16, 0x4401);
    put_ue(s.id);
    put_ue(s.sps);
    put(1, s.dependent);
    put(1, s.output);
    put(3, s.extra);
    put(1, 0);
    put(1, s.cabac_init);
    put_ue(s.refs0);
    put_ue(s.refs1);
    put_se(-3);
    put(1, 0);
    put(1, s.skip);
    put(1, 1);                      /* cu_qp_delta */
    put_ue(1);
    put_se(-2);
    put_se(2);
    put(1, s.chroma_qp);
    put(1, s.weighted);
    put(1, s.bipred);
    put(1, 0);
    put(1, s.columns || s.rows);
    put(1, s.wavefronts);

    if (s.columns || s.rows) {
        put_ue(s.columns);
        put_ue(s.rows);
        put(1, s.uniform);

        for (unsigned i = 0; i < s.columns + s.rows && !s.uniform; i++) {
            put_ue(i);
        }

        put(1, 1);
    }

    put(1, s.across);
    put(1, s.control != 0);

    if (s.control) {
        put(1, s.control >> 2);
        put(1, s.control >> 1 & 1);

        if ((s.control & 2) == 0) {
            put_se(-1);
            put_se(1);
        }
    }

    put(1, s.lists);

    if (s.lists) {
        write_scaling_lists();
    }

    put(1, s.modification);
    put_ue(0);
    put(1, s.extension);
    put(1, s.extensions != 0);

    if (s.extensions) {
        put(8, s.extensions);

        if (s.extensions & 0x80) {
            if (s.skip) {
                put_ue(0);
            }

            put(1, 0);
            put(1, s.qp_list);

            if (s.qp_list) {
                put_ue(0);
                put_ue(0);
                put_se(1);
                put_se(1);
            }

            put_ue(0);
            put_ue(0);
        }
    }
}


static void
sets(sps_t sps, pps_t pps)
{
    nvm_err_e  rc;

    nvm_hevc_params_init(&params);
    write_sps(sps);
    rc = take();
    write_pps(pps);

    if (rc != NVM_OK || take() != NVM_OK) {
        ok(0, "sets of a test: %s", fault.what);
    }
}


/* The first slice segment of a picture, up to its type. */
static void
slice(unsigned nal_type, unsigned type)
{
    bits_begin();
    put(16, nal_type << 9 | 1);
    put(1, 1);

    if (nal_type >= 16) {
        put(1, 0);
    }

    put_ue(0);
    put_ue(type);
}


static nvm_err_e
measure(size_t n, size_t *len)
{
    memset(&fault, 0, sizeof(fault));

    return nvm_hevc_slice_len(&params, nal, n, len, &fault);
}


/*
 * The bits and their alignment are the header and nothing else, and all of it
 * is needed.  Any bit too many or too few is seen in the alignment.
 */
static void
slice_is(const char *name)
{
    size_t     i, cut, want, len, less, size;
    nvm_err_e  rc;

    put(1, 1);

    while (nbits % 8) {
        put(1, 0);
    }

    want = bits_escape(nal, bits_size());
    put(32, 0x02aaaaaa);
    size = bits_escape(nal, bits_size());

    len = 0;
    rc = measure(size, &len);

    for (i = 2, cut = 0; i < want; i++) {
        cut += measure(i, &less) == NVM_ETRUNC;
    }

    if (!ok(rc == NVM_OK && len == want && cut == want - 2
            && measure(want, &less) == NVM_OK, "%s, %zu bytes", name, want))
    {
        diag("%s, %zu bytes, %zu too short", nvm_strerror(rc), len, cut);
    }
}


/* Fails at the given byte. */
static void
slice_fails_at(size_t at, nvm_err_e code, const char *what, const char *name)
{
    size_t     len;
    nvm_err_e  rc;

    put(32, 0x88888888);
    put(32, 0x88888888);
    len = 12345;

    rc = measure(bits_escape(nal, bits_size()), &len);
    is_int(rc, code, "%s", name);
    is_str(fault.what, what, "by name");
    is_int((long long) fault.offset, (long long) at, "where it is");
    is_int((long long) len, 12345, "and no length");
}


/* The last of the bits is that at which it fails. */
static void
slice_fails(nvm_err_e code, const char *what, const char *name)
{
    slice_fails_at(bits_escape(nal, bits_size()), code, what, name);
}


/* A slice of PPS 0 with a header that is not read any further. */
static void
slice_refused(nvm_err_e code, const char *what, const char *name)
{
    bits_begin();
    put(16, 0x2601);
    put(2, 2);
    put_ue(0);
    slice_fails(code, what, name);
}


/* An own set of n pictures before, of which the first u are used. */
static void
own_set(unsigned n, unsigned u)
{
    unsigned  i;

    put(1, 0);                      /* not of the SPS, which has none */
    put_ue(n);
    put_ue(0);

    for (i = 0; i < n; i++) {
        put_ue(i);
        put(1, i < u);
    }
}


static void
test_plain(void)
{
    sets((sps_t) { 0 }, (pps_t) { 0 });

    slice(19, 2);
    put_se(3);
    slice_is("IDR");

    slice(20, 2);
    put_se(3);
    slice_is("IDR without leading pictures");

    slice(21, 2);
    put(4, 9);
    own_set(2, 1);
    put_se(3);
    slice_is("CRA");

    slice(1, 1);
    put(4, 9);
    own_set(1, 1);
    put(1, 0);
    put_ue(4);
    put_se(-3);
    slice_is("P");

    slice(0, 0);
    put(4, 9);
    own_set(1, 1);
    put(1, 1);
    put_ue(14);
    put_ue(0);
    put(1, 0);                      /* mvd_l1_zero */
    put_ue(0);
    put_se(-3);
    slice_is("B");

    slice(0, 0);
    put(4, 9);
    own_set(1, 1);
    put(1, 1);
    put_ue(15);
    slice_fails(NVM_EINVAL, OUT_OF_RANGE, "16 references");

    slice(1, 3);
    slice_fails(NVM_EINVAL, OUT_OF_RANGE, "slice type 3");

    slice(1, 1);
    put(4, 9);
    own_set(1, 1);
    put(1, 0);
    put_ue(5);
    slice_fails(NVM_EINVAL, OUT_OF_RANGE, "five_minus_max_num_merge_cand 5");

    slice(19, 2);
    put_se(3);
    put(1, 0);
    slice_fails(NVM_EINVAL, "slice header does not end in alignment",
                "no alignment");

    sets((sps_t) { .id = 15, .poc = 12 }, (pps_t) { .id = 63, .sps = 15 });
    bits_begin();
    put(16, 0x0201);
    put(1, 1);
    put_ue(63);
    put_ue(2);
    put(16, 0);
    put(1, 0);
    put_ue(1);
    put_ue(0);
    put_ue(32767);                  /* with zeros before and after its one */
    put(1, 0);
    put_se(0);
    slice_is("the last ids, zeros");
}


/* Segments after the first, of 20x15 blocks: 9 bits. */
static void
test_segments(void)
{
    sets((sps_t) { 0 }, (pps_t) { .dependent = 1 });

    bits_begin();
    put(16, 0x2801);
    put(2, 0);
    put_ue(0);
    put(1, 1);
    put(9, 299);
    slice_is("dependent slice segment");

    bits_begin();
    put(16, 0x0201);
    put(1, 0);
    put_ue(0);
    put(1, 0);
    put(9, 1);
    put_ue(2);
    put(4, 1);
    own_set(1, 1);
    put_se(0);
    slice_is("independent slice segment");

    bits_begin();
    put(16, 0x0201);
    put(1, 0);
    put_ue(0);
    put(1, 1);
    put(9, 300);
    slice_fails(NVM_EINVAL, "slice beyond the picture", "block 300 of 300");

    /* 256 of 16x15: 8 bits; the part that is cut off counts, too */

    sets((sps_t) { .width = 242 }, (pps_t) { 0 });
    bits_begin();
    put(16, 0x2801);
    put(2, 0);
    put_ue(0);
    put(8, 200);
    put_ue(2);
    put_se(0);
    slice_is("no dependent ones");
}


static void
test_flags(void)
{
    sets((sps_t) { .sao = 1, .chroma = 3, .planes = 1 },
         (pps_t) { .output = 1, .extra = 2, .cabac_init = 1, .chroma_qp = 1,
                   .across = 1, .control = 2, .extension = 1 });

    bits_begin();
    put(16, 0x0201);
    put(1, 1);
    put_ue(0);
    put(2, 3);                      /* slice_reserved_flag */
    put_ue(1);
    put(1, 1);                      /* pic_output_flag */
    put(2, 2);                      /* colour_plane_id */
    put(4, 3);
    own_set(1, 1);
    put(1, 0);                      /* SAO of luma; a plane has no chroma */
    put(1, 0);
    put(1, 1);                      /* cabac_init_flag */
    put_ue(0);
    put_se(4);
    put_se(-5);
    put_se(6);                      /* nothing to filter across slices */
    put_ue(3);
    put(24, 0xaaaaaa);
    slice_is("a plane of 4:4:4, an extension");

    sets((sps_t) { .sao = 1, .monochrome = 1 },
         (pps_t) { .across = 1, .extension = 1 });
    slice(19, 2);
    put(1, 1);
    put_se(0);
    put(1, 0);
    put_ue(256);

    for (int i = 0; i < 256; i++) {
        put(8, 0);
    }

    slice_is("monochrome; 256 bytes of extension");

    slice(19, 2);
    put(1, 1);
    put_se(0);
    put(1, 0);
    put_ue(257);
    slice_fails(NVM_EINVAL, OUT_OF_RANGE, "257 bytes");
}


static void
test_filters(void)
{
    unsigned  luma, chroma, disabled;

    for (luma = 0; luma < 2; luma++) {
        for (chroma = 0; chroma < 2; chroma++) {
            for (disabled = 0; disabled < 2; disabled++) {
                sets((sps_t) { .sao = 1 },
                     (pps_t) { .across = 1, .control = disabled ? 2 : 1 });
                slice(19, 2);
                put(1, luma);
                put(1, chroma);
                put_se(0);

                if (luma || chroma || !disabled) {
                    put(1, 0);
                }

                slice_is("filter across slices");
            }
        }
    }

    sets((sps_t) { 0 }, (pps_t) { .across = 1, .control = 4 | 2 });
    slice(19, 2);
    put_se(0);
    put(1, 0);
    slice_is("deblocking is not overridden");

    slice(19, 2);
    put_se(0);
    put(2, 2);
    put_se(1);
    put_se(-6);
    put(1, 1);
    slice_is("it is");

    sets((sps_t) { 0 }, (pps_t) { .across = 1, .control = 4 | 1 });
    slice(19, 2);
    put_se(0);
    put(2, 3);
    slice_is("it is disabled");

    sets((sps_t) { .profile = 4, .extensions = 0x80 },
         (pps_t) { .skip = 1, .lists = 1, .extensions = 0x80, .qp_list = 1 });
    slice(19, 2);
    put_se(0);
    put(1, 1);
    slice_is("range extension: lists of chroma QP");

    sets((sps_t) { 0 }, (pps_t) { .extensions = 0x80, .qp_list = 1 });
    slice(19, 2);
    put_se(0);
    put(1, 1);
    slice_is("the same without transform skip");

    sets((sps_t) { 0 }, (pps_t) { .control = 1, .extension = 1 });
    slice(19, 2);
    put_se(0);
    put_ue(0);
    slice_is("what follows deblocking in the PPS");

    sets((sps_t) { .profile = 4, .extensions = 0x60 },
         (pps_t) { .extensions = 0xe0 });
    slice(19, 2);
    put_se(0);
    slice_is("layers and 3D change nothing in the base layer");
}


/*
 * Sets of an SPS: {-1 -2, 1}, then {-2, 3} not used, then one predicted by +2
 * from that: {1 (not used) 2, 5}, without 0, that its flags keep.
 */
static void
three_sets(void)
{
    put_ue(3);

    put_ue(2);
    put_ue(1);
    put_ue(0);
    put(1, 1);
    put_ue(0);
    put(1, 1);
    put_ue(0);
    put(1, 1);

    put(1, 0);
    put_ue(1);
    put_ue(1);
    put_ue(1);
    put(1, 0);
    put_ue(2);
    put(1, 0);

    put(1, 1);                      /* from the one before */
    put(1, 0);                      /* + 2 */
    put_ue(1);
    put(1, 1);                      /* -2 + 2: not there */
    put(2, 1);                      /* 3 + 2: not used */
    put(1, 1);                      /* 2: used */
}


static void
pictures_are(unsigned bits_each, const char *name)
{
    if (bits_each) {                /* else there is no choice */
        put(1, 1);
        put(bits_each, 0);          /* list_entry of one reference */
    }

    put_ue(0);
    put_se(0);
    slice_is(name);
}


/*
 * How many pictures there are to refer to shows in the bits of list entries:
 * 0 or 1: no modification, 2: 1 bit, 3 and 4: 2 bits.
 */
static void
test_sets_of_references(void)
{
    unsigned  i;

    static const struct {
        unsigned  bits;
        unsigned  n;
    } of[] = { { 2, 3 }, { 0, 0 }, { 0, 1 } };

    sets((sps_t) { .sets = three_sets }, (pps_t) { .modification = 1 });
    is_int(params.sps[0].pictures[2], 2, "a picture can't refer to itself");

    for (i = 0; i < 3; i++) {
        is_int(params.sps[0].used[i], of[i].n, "used pictures of set %u", i);
        slice(1, 1);
        put(4, 1);
        put(1, 1);
        put(2, i);
        put(1, 0);
        pictures_are(of[i].bits, "a set of the SPS");
    }

    slice(1, 1);
    put(4, 1);
    put(1, 1);
    put(2, 3);
    slice_fails(NVM_EINVAL, OUT_OF_RANGE, "set 3 of 3");

    /* own sets: of four pictures, and predicted */

    slice(1, 1);
    put(4, 1);
    put(1, 0);
    put(1, 0);
    put_ue(2);
    put_ue(3);

    for (i = 0; i < 5; i++) {
        put_ue(i);
        put(1, i != 2);
    }

    put(1, 0);
    pictures_are(2, "an own set, four used of five");

    slice(1, 1);
    put(4, 1);
    put(1, 0);
    put(1, 1);
    put_ue(2);                      /* from the first: {-1 -2, 1} */
    put(1, 1);
    put_ue(0);                      /* - 1: {-2 -3, 0}, -1 */
    put(1, 1);
    put(2, 1);
    put(1, 1);
    put(1, 1);
    put(1, 0);
    pictures_are(1, "predicted from the first set: -1, -2");

    slice(1, 1);
    put(4, 1);
    put(1, 0);
    put(1, 1);
    put_ue(0);                      /* from the last: {, 2 5} */
    put(1, 1);
    put_ue(1);                      /* - 2: {0 3}, -2 */
    put(3, 7);
    put(1, 0);
    pictures_are(1, "from the last one: two");

    slice(1, 1);
    put(4, 1);
    put(1, 0);
    put(1, 1);
    put_ue(3);
    slice_fails(NVM_EINVAL, OUT_OF_RANGE, "from one before the first");

    slice(1, 1);
    put(4, 1);
    put(1, 0);
    put(1, 1);
    put_ue(0);
    put(1, 1);
    put_ue(32768);
    slice_fails(NVM_EINVAL, OUT_OF_RANGE, "by more than 32768");

    slice(1, 1);
    put(4, 1);
    put(1, 0);
    put(1, 0);
    put_ue(17);
    slice_fails(NVM_EINVAL, OUT_OF_RANGE, "a set of 17");

    slice(1, 1);
    put(4, 1);
    put(1, 0);
    put(1, 0);
    put_ue(8);
    put_ue(9);
    slice_fails(NVM_EINVAL, OUT_OF_RANGE, "8 before and 9 after");

    sets((sps_t) { 0 }, (pps_t) { 0 });
    slice(1, 1);
    put(4, 1);
    put(1, 1);
    slice_fails(NVM_EINVAL, OUT_OF_RANGE, "a set of an SPS without");
}


/* {-1 -3, 2 6}, from it by -4, and from that by 4 */
static void
shifted_sets(void)
{
    unsigned  i;

    put_ue(3);
    put_ue(2);
    put_ue(2);
    put_ue(0);
    put(1, 1);
    put_ue(1);
    put(1, 1);
    put_ue(1);
    put(1, 1);
    put_ue(3);
    put(1, 1);

    for (i = 0; i < 2; i++) {
        put(1, 1);
        put(1, i == 0);
        put_ue(3);
        put(i ? 6 : 5, 0x3f);
    }
}


/* What 7-61 and 7-62 say, by hand. */
static void
test_shifted_sets(void)
{
    static const int16_t  deltas[] = {
        -1, -3, 2, 6,
        -2, -4, -5, -7, 2,
        -1, -3, 2, 4, 6
    };

    nvm_hevc_params_init(&params);
    write_sps((sps_t) { .sets = shifted_sets });
    is_int(take(), NVM_OK, "sets that are predicted");
    is_mem(params.sps[0].deltas, sizeof(deltas), deltas, sizeof(deltas),
           "their pictures in order");
    is_int(params.sps[0].used[1], 5, "all used");
    is_int(params.sps[0].used[2], 5, "but the picture itself");
}


/* Differences of 17 bits. */
static void
far_sets(void)
{
    put_ue(1);
    put_ue(2);
    put_ue(0);
    put_ue(32767);
    put(1, 1);
    put_ue(0);
    put(1, 1);
}


/* Nine sets of 16 pictures; of the ninth the differences aren't kept. */
static void
many_sets(void)
{
    unsigned  i, j;

    put_ue(9);

    for (i = 0; i < 9; i++) {
        put(i ? 1 : 0, 0);
        put_ue(16);
        put_ue(0);

        for (j = 0; j < 16; j++) {
            put_ue(0);
            put(1, i < 8 && j < 9);
        }
    }
}


static void
test_many_sets(void)
{
    sets((sps_t) { .sets = many_sets }, (pps_t) { .modification = 1 });

    slice(1, 1);
    put(4, 1);
    put(1, 1);
    put(4, 8);
    put(1, 0);
    pictures_are(0, "the ninth set by number");

    slice(1, 1);
    put(4, 1);
    put(1, 1);
    put(4, 7);
    put(1, 0);
    pictures_are(4, "the eighth: nine pictures");

    slice(1, 1);
    put(4, 1);
    put(1, 0);
    put(1, 1);
    put_ue(0);
    slice_fails(NVM_EUNSUP, "SPS with too many reference pictures",
                "predicted from the ninth");

    slice(1, 1);
    put(4, 1);
    put(1, 0);
    put(1, 1);
    put_ue(1);
    put(1, 1);
    put_ue(0);
    put(17, 0x1ffff);
    slice_fails(NVM_EINVAL, OUT_OF_RANGE, "17 pictures from the eighth");

    slice(1, 1);
    put(4, 1);
    put(1, 0);
    put(1, 1);
    put_ue(1);
    put(1, 0);
    put_ue(16);
    put(17, 0x1ffff);
    slice_fails(NVM_EINVAL, OUT_OF_RANGE, "17 to the other side");

    slice(1, 1);
    put(4, 1);
    put(1, 0);
    put(1, 1);
    put_ue(1);
    put(1, 0);
    put_ue(15);
    put(17, 0x1ffff);
    put(1, 0);
    pictures_are(4, "16 when one of them is the picture itself");
}


static void
test_long_term(void)
{
    sets((sps_t) { .lt = 1, .nlong = 5, .poc = 4, .mvp = 1 },
         (pps_t) { .modification = 1 });

    slice(1, 1);
    put(8, 1);
    own_set(1, 1);
    put_ue(2);                      /* of the SPS: 3, used, and 4, not */
    put_ue(2);
    put(3, 3);
    put(1, 1);
    put_ue(7);
    put(3, 4);
    put(1, 0);
    put(8, 0xaa);                   /* own: used, not */
    put(1, 1);
    put(1, 0);
    put(8, 0x55);
    put(1, 0);
    put(1, 1);
    put_ue(0);
    put(1, 0);                      /* no temporal MVP */
    put(1, 0);
    pictures_are(2, "long-term pictures: three are used");

    slice(1, 1);
    put(8, 1);
    own_set(15, 0);
    put_ue(1);
    put_ue(1);
    slice_fails(NVM_EINVAL, OUT_OF_RANGE, "17 pictures in all");

    slice(1, 1);
    put(8, 1);
    own_set(0, 0);
    put_ue(6);
    slice_fails(NVM_EINVAL, OUT_OF_RANGE, "6 of 5");

    slice(1, 1);
    put(8, 1);
    own_set(0, 0);
    put_ue(1);
    put_ue(0);
    put(3, 5);
    slice_fails(NVM_EINVAL, OUT_OF_RANGE, "number 5 of 5");

    sets((sps_t) { .lt = 1, .nlong = 1 }, (pps_t) { 0 });
    slice(1, 2);
    put(4, 1);
    own_set(0, 0);
    put_ue(1);
    put_ue(0);
    put(1, 0);
    put_se(0);
    slice_is("the only one needs no number");

    sets((sps_t) { .lt = 1 }, (pps_t) { 0 });
    slice(1, 2);
    put(4, 1);
    own_set(0, 0);
    put_ue(1);
    put(5, 1);
    put(1, 0);
    put_se(0);
    slice_is("none in the SPS");
}


static void
test_lists(void)
{
    sets((sps_t) { .mvp = 1 },
         (pps_t) { .modification = 1, .refs0 = 2, .refs1 = 14 });

    slice(0, 0);
    put(4, 1);
    own_set(5, 5);
    put(1, 1);                      /* temporal MVP */
    put(1, 1);
    put_ue(3);
    put_ue(1);
    put(1, 1);
    put(12, 0x29c);
    put(1, 1);
    put(6, 0x0c);
    put(1, 1);
    put(1, 0);                      /* collocated in l1 */
    put_ue(1);
    put_ue(0);
    put_se(0);
    slice_is("modifications of both lists, collocated in the second");

    slice(0, 0);
    put(4, 1);
    own_set(1, 1);
    put(1, 1);
    put(1, 1);
    put_ue(0);
    put_ue(1);
    put(1, 0);
    put(1, 1);                      /* in l0, which has one */
    put_ue(0);
    put_se(0);
    slice_is("collocated in the first, of one");

    slice(1, 1);
    put(4, 1);
    own_set(1, 1);
    put(1, 1);
    put(1, 0);
    put_ue(2);
    put_ue(0);
    put_se(0);
    slice_is("P, collocated");

    slice(1, 1);
    put(4, 1);
    own_set(1, 1);
    put(1, 1);
    put(1, 0);
    put_ue(3);
    slice_fails(NVM_EINVAL, OUT_OF_RANGE, "collocated in picture 3 of 3");
}


static void
weights(unsigned n, unsigned luma, unsigned chroma, int has_chroma)
{
    unsigned  i, k;

    put(n, luma);
    put(has_chroma ? n : 0, chroma);

    for (i = n; i-- > 0; /* void */) {
        for (k = 0; k < (luma >> i & 1) * 2; k++) {
            put_se(-100);
        }

        for (k = 0; k < (chroma >> i & 1) * 4; k++) {
            put_se(50);
        }
    }
}


static void
test_weights(void)
{
    sets((sps_t) { 0 }, (pps_t) { .bipred = 1, .refs0 = 2, .refs1 = 14 });

    slice(0, 0);
    put(4, 1);
    own_set(1, 1);
    put(1, 0);
    put(1, 0);
    put_ue(7);
    put_se(-7);
    weights(3, 5, 3, 1);
    weights(15, 0x2aaa, 0x7001, 1);
    put_ue(0);
    put_se(0);
    slice_is("weights of B");

    slice(1, 1);
    put(4, 1);
    own_set(1, 1);
    put(1, 0);
    put_ue(0);
    put_se(0);
    slice_is("none of P");

    slice(0, 0);
    put(4, 1);
    own_set(1, 1);
    put(1, 0);
    put(1, 0);
    put_ue(8);
    slice_fails(NVM_EINVAL, OUT_OF_RANGE, "a denominator of 2^8");

    sets((sps_t) { .monochrome = 1 }, (pps_t) { .weighted = 1, .refs0 = 1 });
    slice(1, 1);
    put(4, 1);
    own_set(1, 1);
    put(1, 0);
    put_ue(0);
    weights(2, 1, 0, 0);
    put_ue(0);
    put_se(0);
    slice_is("weights of P, monochrome");

    slice(0, 0);
    put(4, 1);
    own_set(1, 1);
    put(1, 0);
    put(1, 0);
    put_ue(0);
    put_se(0);
    slice_is("none of B");
}


/* 20 blocks of width, 15 of height */
static void
test_entries(void)
{
    static const struct {
        pps_t     pps;
        unsigned  max;
    } cases[] = {
        { { .wavefronts = 1, .extension = 1 }, 14 },
        { { .columns = 3, .rows = 2, .uniform = 1, .extension = 1 }, 11 },
        { { .columns = 3, .rows = 2, .extension = 1 }, 11 },
        { { .columns = 3, .rows = 2, .wavefronts = 1, .extension = 1 }, 59 },
        { { .rows = 4, .extension = 1 }, 4 }
    };

    unsigned  i, j;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sets((sps_t) { 0 }, cases[i].pps);

        slice(19, 2);
        put_se(0);
        put_ue(0);
        put_ue(0);                  /* no extension */
        slice_is("no entry points");

        slice(19, 2);
        put_se(0);
        put_ue(cases[i].max);
        put_ue(31);

        for (j = 0; j < cases[i].max; j++) {
            put(32, 0x100 + j);
        }

        put_ue(0);
        slice_is("all entry points");

        slice(19, 2);
        put_se(0);
        put_ue(cases[i].max + 1);
        slice_fails(NVM_EINVAL, OUT_OF_RANGE, "one more");

        slice(19, 2);
        put_se(0);
        put_ue(2);
        put_ue(32);
        slice_fails(NVM_EINVAL, OUT_OF_RANGE, "of 33 bits");
    }

    bits_begin();
    put(16, 0x0201);
    put(1, 0);
    put_ue(0);
    put(9, 20);
    put_ue(2);
    put(4, 0);
    own_set(0, 0);
    put_se(0);
    put_ue(2);
    put_ue(0);
    put(2, 1);
    put_ue(0);
    slice_is("of a bit");

    sets((sps_t) { 0 }, (pps_t) { .dependent = 1, .wavefronts = 1 });
    bits_begin();
    put(16, 0x0201);
    put(1, 0);
    put_ue(0);
    put(1, 1);
    put(9, 20);
    put_ue(1);
    put_ue(9);
    put(10, 77);
    slice_is("a dependent segment has its own");
}


static void
test_vui(void)
{
    unsigned  profile;

    sets((sps_t) { .vui = 1, .extensions = 0x80 }, (pps_t) { 0 });
    slice(19, 2);
    put_se(0);
    slice_is("an SPS with all of a VUI");

    sets((sps_t) { .vui = 1, .extensions = 0x10, .profile = 9 },
         (pps_t) { 0 });
    slice_refused(NVM_EUNSUP, "slice with screen content coding",
                  "behind it an SPS for screen content");

    sets((sps_t) { .profile = 9 }, (pps_t) { .extensions = 0x10 });
    slice_refused(NVM_EUNSUP, "slice with screen content coding",
                  "a PPS for it");

    for (profile = 1; profile <= 3; profile++) {
        sets((sps_t) { .vui = 2, .profile = profile }, (pps_t) { 0 });
        slice(19, 2);
        put_se(0);
        slice_is("a damaged VUI of a profile without extensions");
    }

    write_sps((sps_t) { .vui = 2, .profile = 4 });
    is_int(take(), NVM_EINVAL, "of others");
    is_str(fault.what, "SPS: damaged VUI", "it is an error");
    slice_refused(NVM_ENOENT, "slice of unknown parameter sets",
                  "is forgotten");
}


static void
too_many_sets(void)
{
    put_ue(65);
}


static void
test_sets(void)
{
    size_t  i, n, cut;

    nvm_hevc_params_init(&params);
    slice_refused(NVM_ENOENT, "slice of unknown parameter sets", "no sets");

    write_pps((pps_t) { 0 });
    is_int(take(), NVM_OK, "PPS before its SPS");
    slice_refused(NVM_ENOENT, "slice of unknown parameter sets", "no SPS");

    write_sps((sps_t) { 0 });
    is_int(take(), NVM_OK, "SPS");
    slice(19, 2);
    put_se(0);
    slice_is("with both");

    write_sps((sps_t) { .sao = 1 });
    (void) take();
    slice(19, 2);
    put(2, 0);
    put_se(0);
    slice_is("another SPS of that id");

    write_pps((pps_t) { .id = 9, .sps = 3 });
    bits[1] |= 8;                   /* nuh_layer_id 1, id 9 */
    (void) take();
    ok(!params.pps[9].known, "sets of other layers are ignored");

    write_sps((sps_t) { .sets = far_sets });
    is_int(take(), NVM_EINVAL, "a difference of 32769");

    write_sps((sps_t) { 0 });
    n = bits_escape(nal, bits_size());

    for (i = 2, cut = 0; i < 20; i++) {
        cut += nvm_hevc_params_nal(&params, nal, i, &fault) == NVM_ETRUNC;
    }

    is_int((long long) cut, 18, "SPS that are cut");

    write_sps((sps_t) { .sets = too_many_sets });
    is_int(take(), NVM_EINVAL, "65 reference sets");
    is_str(fault.what, "SPS: damaged", "by name");
    slice_refused(NVM_ENOENT, "slice of unknown parameter sets",
                  "is forgotten");

    write_pps((pps_t) { .lists = 1, .extensions = 0x80 });
    put(8, 0xff);
    n = bits_escape(nal, bits_size()) - 2;

    for (i = 2, cut = 0; i < n; i++) {
        cut += nvm_hevc_params_nal(&params, nal, i, &fault) == NVM_ETRUNC;
    }

    is_int((long long) cut, (long long) n - 2, "PPS that are cut");
    ok(!params.pps[0].known, "are forgotten");

    write_pps((pps_t) { .id = 64 });
    is_int(take(), NVM_EINVAL, "PPS 64");
    write_pps((pps_t) { .sps = 16 });
    is_int(take(), NVM_EINVAL, "PPS of SPS 16");
    write_pps((pps_t) { .refs0 = 15 });
    is_int(take(), NVM_EINVAL, "PPS with 16 references");
    write_pps((pps_t) { .refs1 = 15 });
    is_int(take(), NVM_EINVAL, "in the other list");
    write_pps((pps_t) { .columns = 8192, .uniform = 1 });
    is_int(take(), NVM_EINVAL, "PPS with 8193 columns");
}


static void
test_types(void)
{
    size_t    len;
    unsigned  type, known;

    sets((sps_t) { 0 }, (pps_t) { 0 });

    for (type = 0; type < 64; type++) {
        known = type <= 9 || (type >= 16 && type <= 21);
        slice(type, 2);

        if (type != 19 && type != 20) {
            put(4, 0);
            own_set(0, 0);
        }

        put_se(0);

        if (known) {
            slice_is("a slice of this type");

        } else {
            slice_fails_at(0, type < 32 ? NVM_EUNSUP : NVM_EINVAL,
                           type < 32 ? "slice of a reserved type"
                           : "NAL unit is not a slice", "and of this not");
        }
    }

    slice(19, 2);
    bits[1] = 0x09;
    slice_fails_at(0, NVM_EUNSUP, "slice of another layer", "layer 1");
    slice(19, 2);
    bits[0] |= 1;
    slice_fails_at(0, NVM_EUNSUP, "slice of another layer", "layer 32");

    memcpy(nal, "\xa6\x01\xff\xff", 4);
    is_int(measure(4, &len), NVM_EINVAL, "the forbidden bit");
    is_int(nvm_hevc_params_nal(&params, nal, 4, NULL), NVM_EINVAL, "always");
    is_int(measure(1, &len), NVM_EINVAL, "half a header");
    is_int(nvm_hevc_params_nal(&params, nal, 1, NULL), NVM_EINVAL, "always");
}


static void
test_config(void)
{
    uint8_t  hvcc[sizeof(record_hvcc)], more[sizeof(record_hvcc) + 2];

    nvm_hevc_params_init(&params);
    is_int(nvm_hevc_params_config(&params, record_hvcc, sizeof(record_hvcc),
                                  NULL), NVM_OK, "hvcC");
    ok(params.sps[0].known && params.pps[0].known, "has both sets");
    ok(params.sps[0].ctb_width == 11 && params.sps[0].ctb_height == 6,
       "328x184 in blocks of 32");
    ok(params.pps[0].wavefronts, "of x265");

    memset(&fault, 0, sizeof(fault));
    memcpy(hvcc, record_hvcc, sizeof(hvcc));
    hvcc[0] = 2;
    is_int(nvm_hevc_params_config(&params, hvcc, sizeof(hvcc), &fault),
           NVM_EINVAL, "version 2");
    is_str(fault.what, "hvcC version is not 1", "by name");
    ok(params.sps[0].known, "and nothing was taken");
    is_int(nvm_hevc_params_config(&params, record_hvcc, 60, NULL), NVM_ETRUNC,
           "cut");

    nvm_hevc_params_init(&params);
    memcpy(hvcc, record_hvcc, sizeof(hvcc));
    memset(hvcc + 76, 0, 6);
    memset(&fault, 0, sizeof(fault));
    is_int(nvm_hevc_params_config(&params, hvcc, sizeof(hvcc), &fault),
           NVM_EINVAL, "damaged SPS");
    ok(fault.offset > 57 && fault.offset < 101, "the fault is inside it");
    ok(!params.sps[0].known && params.pps[0].known, "the PPS was taken");

    memset(hvcc + sizeof(hvcc) - 4, 0, 4);      /* the PPS, too */
    memset(&fault, 0, sizeof(fault));
    is_int(nvm_hevc_params_config(&params, hvcc, sizeof(hvcc), &fault),
           NVM_EINVAL, "both are damaged");
    ok(fault.offset > 57 && fault.offset < 101, "the fault is in the first");

    /* a set of no byte at the end */

    memcpy(more, record_hvcc, sizeof(record_hvcc));
    more[sizeof(record_hvcc) - 9] = 2;
    more[sizeof(record_hvcc)] = 0;
    more[sizeof(record_hvcc) + 1] = 0;
    nvm_hevc_params_init(&params);
    is_int(nvm_hevc_params_config(&params, more, sizeof(more), NULL), NVM_OK,
           "an empty set");
    ok(params.sps[0].known && params.pps[0].known, "is skipped");

    memcpy(hvcc, record_hvcc, 23);
    hvcc[22] = 0;
    nvm_hevc_params_init(&params);
    is_int(nvm_hevc_params_config(&params, hvcc, 23, NULL), NVM_OK, "no sets");
    ok(sizeof(params) < 8192, "size of all sets: %zu", sizeof(params));

    slice_refused(NVM_ENOENT, "slice of unknown parameter sets",
                  "a slice before they came");
}


int
main(void)
{
    test_plain();
    test_segments();
    test_flags();
    test_filters();
    test_sets_of_references();
    test_shifted_sets();
    test_many_sets();
    test_long_term();
    test_lists();
    test_weights();
    test_entries();
    test_vui();
    test_sets();
    test_types();
    test_config();

    return done_testing();
}
