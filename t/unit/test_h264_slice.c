/*
 * Copyright (C) ngx_video authors
 *
 * Slice headers of H.264 by hand, field by field of their syntax table: what
 * libx264 doesn't write, limits, and parameter sets that come and go.  The
 * films of t/slices.t have the rest.
 */

#include "bits.h"
#include "codec_records.h"
#include "nvm_h264_slice.h"
#include "tap.h"


/* What an SPS and a PPS say; zero is the plainest. */
typedef struct {
    unsigned  id;
    unsigned  profile;          /* 0: main */
    unsigned  chroma;           /* of a high profile */
    unsigned  planes;           /* separate_colour_plane_flag */
    unsigned  frame_num;        /* bits less 4 */
    unsigned  poc_type;
    unsigned  poc;              /* bits less 4 */
    unsigned  delta_zero;
    unsigned  fields;
    unsigned  width;            /* in macroblocks less 1 */
    unsigned  height;           /* in map units less 1 */
} sps_t;


typedef struct {
    unsigned  id;
    unsigned  sps;
    unsigned  cabac;
    unsigned  frame_poc;
    unsigned  groups;           /* slice_group_map_type + 1 */
    unsigned  ngroups;
    unsigned  rate;             /* slice_group_change_rate_minus1 */
    unsigned  refs0;            /* less 1 */
    unsigned  refs1;
    unsigned  weighted;
    unsigned  bipred;
    unsigned  deblocking;
    unsigned  redundant;
} pps_t;


static nvm_h264_params_t  params;
static nvm_fault_t        fault;
static uint8_t            nal[8192];

/*
 * A header ends anywhere in a byte, so a bit too many or too few is not always
 * seen.  Most tests run for each of 0..7: that many bits of frame_num more.
 */
static unsigned           shift;


/* The bits as a parameter set. */
static nvm_err_e
take(void)
{
    put(1, 1);
    memset(&fault, 0, sizeof(fault));

    return nvm_h264_params_nal(&params, nal, bits_escape(nal, bits_size()),
                               &fault);
}


static void
write_sps(sps_t s)
{
    bits_begin();
    put(8, 0x67);
    put(8, s.profile ? s.profile : 77);
    put(16, 30);
    put_ue(s.id);

    if (s.profile) {
        put_ue(s.chroma);

        if (s.chroma == 3) {
            put(1, s.planes);
        }

        put_ue(0);
        put_ue(0);
        put(2, 0);
    }

    put_ue(s.frame_num);
    put_ue(s.poc_type);

    if (s.poc_type == 0) {
        put_ue(s.poc);

    } else if (s.poc_type == 1) {
        put(1, s.delta_zero);
        put_se(-1);
        put_se(2);
        put_ue(1);
        put_se(3);
    }

    put_ue(4);
    put(1, 0);
    put_ue(s.width);
    put_ue(s.height);
    put(1, !s.fields);

    if (s.fields) {
        put(1, 0);
    }

    put(3, 0);
}


static void
write_groups(const pps_t *s)
{
    unsigned  i, bits_each;

    put_ue(s->ngroups - 1);
    put_ue(s->groups - 1);

    switch (s->groups - 1) {

    case 0:
        for (i = 0; i < s->ngroups; i++) {
            put_ue(i);
        }

        break;

    case 2:
        for (i = 1; i < s->ngroups; i++) {
            put_ue(i);
            put_ue(i + 9);
        }

        break;

    case 3:
    case 4:
    case 5:
        put(1, 1);
        put_ue(s->rate);
        break;

    case 6:
        put_ue(9);

        for (bits_each = 0; 1u << bits_each < s->ngroups; bits_each++) {
            /* void */
        }

        for (i = 0; i < 10; i++) {
            put(bits_each, i % s->ngroups);
        }

        break;
    }
}


static void
write_pps(pps_t s)
{
    bits_begin();
    put(8, 0x68);
    put_ue(s.id);
    put_ue(s.sps);
    put(1, s.cabac);
    put(1, s.frame_poc);

    if (s.groups) {
        write_groups(&s);

    } else {
        put_ue(0);
    }

    put_ue(s.refs0);
    put_ue(s.refs1);
    put(1, s.weighted);
    put(2, s.bipred);
    put_se(-3);
    put_se(4);
    put_se(-5);
    put(1, s.deblocking);
    put(1, 0);
    put(1, s.redundant);
}


/* Both, alone. */
static void
sets(sps_t sps, pps_t pps)
{
    nvm_err_e  rc;

    sps.frame_num += shift;
    nvm_h264_params_init(&params);
    write_sps(sps);
    rc = take();
    write_pps(pps);

    if (rc != NVM_OK || take() != NVM_OK) {
        ok(0, "sets of a test: %s", fault.what);
    }
}


/*
 * A slice up to its frame_num, of as many bits as the plainest SPS says:
 * header is the NAL header.
 */
static void
slice(unsigned header, unsigned type)
{
    bits_begin();
    put(8, header);
    put_ue(0);
    put_ue(type);
    put_ue(0);
    put(4 + shift, 5);
}


static nvm_err_e
measure(size_t n, size_t *len)
{
    memset(&fault, 0, sizeof(fault));

    return nvm_h264_slice_len(&params, nal, n, len, &fault);
}


/* The bits are the header and nothing else, and all of it is needed. */
static void
slice_is(const char *name)
{
    size_t     i, cut, want, len, less, size;
    nvm_err_e  rc;

    while (nbits % 8) {
        put(1, 1);
    }

    want = bits_escape(nal, bits_size());
    put(32, 0x88888888);
    size = bits_escape(nal, bits_size());

    len = 0;
    rc = measure(size, &len);

    for (i = 1, cut = 0; i < want; i++) {
        cut += measure(i, &less) == NVM_ETRUNC;
    }

    if (!ok(rc == NVM_OK && len == want && cut == want - 1
            && measure(want, &less) == NVM_OK, "%s, %zu bytes", name, want))
    {
        diag("%s, %zu bytes, %zu too short", nvm_strerror(rc), len, cut);
    }
}


/* The last of the bits is that at which it fails. */
static void
slice_fails(nvm_err_e code, const char *what, const char *name)
{
    size_t     at, len;
    nvm_err_e  rc;

    at = bits_escape(nal, bits_size());
    put(32, 0x88888888);
    put(32, 0x88888888);
    len = 12345;

    rc = measure(bits_escape(nal, bits_size()), &len);
    is_int(rc, code, "%s", name);
    is_str(fault.what, what, "by name");
    is_int((long long) fault.offset, (long long) at, "where it is");
    is_int((long long) len, 12345, "and no length");
}


/* A slice of SPS and PPS 0, of which one is not there. */
static void
slice_unknown(const char *name)
{
    bits_begin();
    put(8, 0x01);
    put_ue(0);
    put_ue(2);
    put_ue(0);
    slice_fails(NVM_ENOENT, "slice of unknown parameter sets", name);
}


static void
test_plain(void)
{
    sets((sps_t) { 0 }, (pps_t) { 0 });

    slice(0x65, 7);
    put_ue(65535);                  /* idr_pic_id */
    put(4, 3);                      /* POC */
    put(2, 0);                      /* marking */
    put_se(-20);
    slice_is("IDR");

    slice(0x01, 2);
    put(4, 3);
    put_se(5);
    slice_is("I, no reference");

    slice(0x41, 0);
    put(4, 3);
    put(1, 0);
    put(1, 0);
    put(1, 0);
    put_se(1);
    slice_is("P");

    slice(0x01, 6);
    put(4, 3);
    put(1, 1);                      /* direct */
    put(1, 0);
    put(2, 0);
    put_se(1);
    slice_is("B");
}


static void
test_prevention(void)
{
    size_t  want, n, len;

    /* 16 bits of frame number, 16 of POC: emulation prevention */

    sets((sps_t) { .id = 31, .frame_num = 12, .poc = 12 },
         (pps_t) { .id = 255, .sps = 31 });
    bits_begin();
    put(8, 0x01);
    put_ue(1);
    put_ue(2);
    put_ue(255);
    put(16, 0);
    put(16, 0);
    put_se(0);
    slice_is("the last ids, zeros");

    /* an emulation prevention byte right behind the header isn't of it */

    sets((sps_t) { .frame_num = 12, .poc_type = 2 }, (pps_t) { 0 });

    bits_begin();
    put(8, 0x01);
    put_ue(1);
    put_ue(2);
    put_ue(0);
    put(16, 0x5555);
    put_ue(65535);                  /* slice_qp_delta, which ends in 16 zeros */
    is_int((long long) nbits, 64, "a header of eight bytes");
    want = bits_escape(nal, bits_size());
    put(8, 1);
    put(8, 0x80);
    n = bits_escape(nal, bits_size());
    is_int(nal[want], 3, "then a byte of emulation prevention");
    is_int(measure(n, &len), NVM_OK, "are measured");
    is_int((long long) len, (long long) want, "without it");
}


static void
test_order(void)
{
    sets((sps_t) { .poc = 3, .fields = 1 },
         (pps_t) { .frame_poc = 1, .redundant = 1 });

    slice(0x41, 2);
    put(1, 0);                      /* frame */
    put(7, 3);
    put_se(-300);                   /* bottom */
    put_ue(127);                    /* redundant */
    put(1, 0);
    put_se(2);
    slice_is("frame with two POC");

    slice(0x41, 2);
    put(2, 3);                      /* bottom field */
    put(7, 3);
    put_ue(0);
    put(1, 0);
    put_se(2);
    slice_is("field with one");

    slice(0x41, 2);
    put(2, 3);
    put(7, 3);
    put_ue(128);
    slice_fails(NVM_EINVAL, "slice header: field out of range",
                "redundant_pic_cnt of 128");

    sets((sps_t) { .poc_type = 1, .fields = 1 }, (pps_t) { .frame_poc = 1 });
    slice(0x01, 2);
    put(1, 0);
    put_se(100);
    put_se(-100);
    put_se(2);
    slice_is("POC type 1, frame");

    slice(0x01, 2);
    put(2, 2);
    put_se(100);
    put_se(2);
    slice_is("POC type 1, field");

    sets((sps_t) { .poc_type = 1 }, (pps_t) { 0 });
    slice(0x01, 2);
    put_se(100);
    put_se(2);
    slice_is("POC type 1, one delta");

    sets((sps_t) { .poc_type = 1, .delta_zero = 1 },
         (pps_t) { .frame_poc = 1 });
    slice(0x01, 2);
    put_se(2);
    slice_is("POC type 1 without deltas");

    sets((sps_t) { .profile = 244, .chroma = 3, .planes = 1, .poc_type = 2 },
         (pps_t) { .weighted = 1 });
    bits_begin();
    put(8, 0x01);
    put_ue(0);
    put_ue(0);
    put_ue(0);
    put(2, 2);                      /* colour_plane_id */
    put(4 + shift, 1);
    put(2, 0);
    put_ue(3);                      /* weights have no chroma */
    put(1, 1);
    put_se(1);
    put_se(1);
    put_se(2);
    slice_is("a plane of 4:4:4");
}


static void
test_lists(void)
{
    int  i;

    sets((sps_t) { .poc_type = 2, .fields = 1 },
         (pps_t) { .refs0 = 2, .refs1 = 31 });

    slice(0x01, 1);
    put(1, 0);
    put(1, 0);
    put(1, 1);
    put_ue(1);
    put_ue(15);
    put(1, 1);
    put_ue(0);
    put_ue(1000);
    put_ue(2);
    put_ue(3);
    put_ue(3);
    put(1, 1);

    for (i = 0; i < 16; i++) {
        put_ue(1);
        put_ue((unsigned) i);
    }

    put_ue(3);
    put_se(0);
    slice_is("modifications of both lists");

    slice(0x01, 1);
    put(1, 0);
    put(1, 0);
    put(1, 1);
    put_ue(1);
    put_ue(0);
    put(2, 1);
    put_ue(0);
    put_ue(0);
    put_ue(0);
    slice_fails(NVM_EINVAL, "slice header: field out of range",
                "more modifications than references");

    slice(0x01, 0);
    put(1, 0);
    put(1, 0);
    put(1, 1);
    put_ue(4);
    slice_fails(NVM_EINVAL, "slice header: field out of range",
                "modification 4");

    slice(0x01, 0);
    put(2, 2);
    put(1, 1);
    put_ue(31);
    put(1, 0);
    put_se(0);
    slice_is("32 references of a field");

    slice(0x01, 0);
    put(1, 0);
    put(1, 1);
    put_ue(16);
    slice_fails(NVM_EINVAL, "slice header: field out of range",
                "17 references of a frame");

    slice(0x01, 1);
    put(1, 0);
    put(1, 0);
    put(1, 0);
    slice_fails(NVM_EINVAL, "slice header: field out of range",
                "17 references of a frame by default");

    slice(0x01, 1);
    put(2, 2);
    put(1, 0);
    put(1, 0);
    put(2, 0);
    put_se(0);
    slice_is("but a field may");
}


static void
test_weights(void)
{
    int  i;

    sets((sps_t) { .poc_type = 2 },
         (pps_t) { .refs0 = 2, .refs1 = 1, .bipred = 1, .cabac = 1 });
    slice(0x01, 1);
    put(1, 0);
    put(1, 0);
    put(2, 0);
    put_ue(7);
    put_ue(0);

    for (i = 0; i < 3 + 2; i++) {
        put(1, i & 1);

        if (i & 1) {
            put_se(-128);
            put_se(127);
        }

        put(1, !(i & 1));

        if (!(i & 1)) {
            put_se(-1);
            put_se(100);
            put_se(0);
            put_se(-100);
        }
    }

    put_ue(2);
    put_se(0);
    slice_is("weights of B");

    slice(0x01, 0);
    put(1, 0);
    put(1, 0);
    put_ue(1);
    put_se(0);
    slice_is("but none of P");

    slice(0x01, 0);
    put(1, 0);
    put(1, 0);
    put_ue(3);
    slice_fails(NVM_EINVAL, "slice header: field out of range",
                "cabac_init_idc of 3");

    slice(0x01, 1);
    put(1, 0);
    put(1, 0);
    put(2, 0);
    put_ue(8);
    slice_fails(NVM_EINVAL, "slice header: field out of range",
                "a denominator of 2^8");

    sets((sps_t) { .poc_type = 2, .profile = 100 },
         (pps_t) { .bipred = 2, .weighted = 1 });
    slice(0x01, 6);
    put(1, 0);
    put(1, 0);
    put(2, 0);
    put_se(0);
    slice_is("implicit weights");

    slice(0x01, 3);
    put(1, 0);
    put(1, 0);
    put_ue(0);
    put(1, 1);                      /* luma; there is no chroma */
    put_se(3);
    put_se(3);
    put_se(0);
    put(1, 1);                      /* sp_for_switch_flag */
    put_se(1);
    slice_is("weights of SP, monochrome");
}


static void
test_marking(void)
{
    int  i;

    sets((sps_t) { .poc_type = 2 }, (pps_t) { 0 });

    slice(0x21, 2);
    put(1, 1);
    put_ue(1);
    put_ue(3);
    put_ue(2);
    put_ue(4);
    put_ue(3);
    put_ue(5);
    put_ue(6);
    put_ue(4);
    put_ue(7);
    put_ue(5);
    put_ue(6);
    put_ue(8);
    put_ue(0);
    put_se(0);
    slice_is("all markings");

    slice(0x21, 2);
    put(1, 1);

    for (i = 0; i < 66; i++) {
        put_ue(1);
        put_ue(0);
    }

    put_ue(0);
    put_se(0);
    slice_is("66 markings");

    slice(0x21, 2);
    put(1, 1);

    for (i = 0; i < 66; i++) {
        put_ue(1);
        put_ue(0);
    }

    put_ue(1);
    slice_fails(NVM_EINVAL, "slice header: field out of range",
                "67 markings");

    slice(0x21, 2);
    put(1, 1);
    put_ue(7);
    slice_fails(NVM_EINVAL, "slice header: field out of range", "marking 7");
}


static void
test_tail(void)
{
    sets((sps_t) { .poc_type = 2 }, (pps_t) { .deblocking = 1, .cabac = 1 });
    slice(0x01, 4);
    put_se(1);
    put_se(-2);                     /* slice_qs_delta */
    put_ue(0);
    put_se(6);
    put_se(-6);
    slice_is("SI, no cabac_init_idc; deblocking");

    slice(0x01, 2);
    put_se(1);
    put_ue(1);
    slice_is("no deblocking");

    slice(0x01, 2);
    put_se(1);
    put_ue(2);
    put_se(1);
    put_se(1);
    slice_is("deblocking within slices");

    slice(0x01, 2);
    put_se(1);
    put_ue(3);
    slice_fails(NVM_EINVAL, "slice header: field out of range",
                "disable_deblocking_filter_idc of 3");
}


/* Ceil(Log2(size / rate + 1)) bits of slice_group_change_cycle */
static void
test_groups(void)
{
    static const struct {
        unsigned  rate;
        unsigned  bits;
    } cases[] = {
        { 1, 7 }, { 2, 6 }, { 3, 6 }, { 32, 3 }, { 33, 2 }, { 34, 2 },
        { 98, 2 }, { 99, 1 }, { 100, 1 }
    };

    static const unsigned  types[] = { 0, 1, 2, 6 };

    unsigned  i, n;

    /* what follows in the PPS must be right, too */

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        for (n = 2; n <= 8; n++) {
            sets((sps_t) { .poc_type = 2, .width = 10, .height = 8 },
                 (pps_t) { .groups = types[i] + 1, .ngroups = n, .refs0 = 2,
                           .weighted = 1, .redundant = 1 });
            slice(0x01, 0);
            put_ue(3);
            put(2, 0);
            put_ue(3);
            put_ue(3);
            put(6, 0);
            put_se(1);
            slice_is("slice groups that stay");
        }
    }

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sets((sps_t) { .poc_type = 2, .width = 10, .height = 8 },
             (pps_t) { .groups = 4 + i % 3, .ngroups = 3,
                       .rate = cases[i].rate - 1 });
        slice(0x01, 2);
        put_se(1);
        put(cases[i].bits, 1);
        slice_is("slice groups that change");
    }

    write_pps((pps_t) { .groups = 8, .ngroups = 2 });
    is_int(take(), NVM_EINVAL, "slice_group_map_type of 7");
    write_pps((pps_t) { .groups = 1, .ngroups = 9 });
    is_int(take(), NVM_EINVAL, "nine slice groups");
}


/* Sets that come, go, and are damaged. */
static void
test_sets(void)
{
    size_t  i, len, n;

    nvm_h264_params_init(&params);
    slice_unknown("no sets");

    write_pps((pps_t) { 0 });
    is_int(take(), NVM_OK, "PPS before its SPS");
    slice_unknown("no SPS");

    write_sps((sps_t) { .poc_type = 2 });
    is_int(take(), NVM_OK, "SPS");
    slice(0x01, 2);
    put_se(1);
    slice_is("with both");

    write_sps((sps_t) { .poc_type = 2, .frame_num = 9 });
    (void) take();
    slice(0x01, 2);
    put(9, 0);
    put_se(1);
    slice_is("another SPS of that id");

    write_pps((pps_t) { .id = 7, .sps = 3 });
    (void) take();
    slice(0x01, 2);
    put(9, 0);
    put_se(1);
    slice_is("other ids don't matter");

    /* each damaged set makes its id unknown */

    write_pps((pps_t) { .bipred = 3 });
    is_int(take(), NVM_EINVAL, "PPS with weighted_bipred_idc of 3");
    is_str(fault.what, "PPS: field out of range", "by name");
    slice_unknown("is forgotten");

    write_pps((pps_t) { .redundant = 1 });
    n = bits_escape(nal, bits_size());

    for (i = 1, len = 0; i < n; i++) {
        len += nvm_h264_params_nal(&params, nal, i, &fault) == NVM_ETRUNC;
    }

    is_int((long long) len, (long long) n - 1, "PPS that are cut");

    write_pps((pps_t) { 0 });
    (void) take();
    write_sps((sps_t) { .poc_type = 3 });
    is_int(take(), NVM_EINVAL, "SPS with pic_order_cnt_type of 3");
    slice_unknown("is forgotten");

    write_pps((pps_t) { .id = 256 });
    is_int(take(), NVM_EINVAL, "PPS 256");
    write_pps((pps_t) { .sps = 32 });
    is_int(take(), NVM_EINVAL, "PPS of SPS 32");
    write_pps((pps_t) { .refs0 = 32 });
    is_int(take(), NVM_EINVAL, "PPS with 33 references");
    write_pps((pps_t) { .refs1 = 32 });
    is_int(take(), NVM_EINVAL, "in the other list");
}


static void
test_types(void)
{
    size_t    len;
    unsigned  type;

    sets((sps_t) { .poc_type = 2 }, (pps_t) { 0 });
    memset(nal, 0xff, 16);

    for (type = 0; type < 32; type++) {

        if (type == 1 || type == 5) {
            continue;
        }

        nal[0] = (uint8_t) (0x20 | type);
        is_int(measure(16, &len),
               (type >= 2 && type <= 4) || (type >= 19 && type <= 21)
               ? NVM_EUNSUP : NVM_EINVAL, "NAL unit of type %u", type);
    }

    nal[0] = 0x81;
    is_int(measure(16, &len), NVM_EINVAL, "the forbidden bit");
    is_int(nvm_h264_params_nal(&params, nal, 16, NULL), NVM_EINVAL, "always");
    is_int(measure(0, &len), NVM_EINVAL, "nothing");
    is_int(nvm_h264_params_nal(&params, nal, 0, NULL), NVM_EINVAL, "always");

    nal[0] = 0x09;
    is_int(nvm_h264_params_nal(&params, nal, 2, NULL), NVM_OK,
           "other NAL units are ignored");

    bits_begin();
    put(8, 0x01);
    put_ue(0);
    put_ue(10);
    slice_fails(NVM_EINVAL, "slice header: field out of range",
                "slice type 10");
    slice(0x65, 7);
    put_ue(65536);
    slice_fails(NVM_EINVAL, "slice header: field out of range",
                "idr_pic_id of 65536");
}


static void
test_config(void)
{
    uint8_t  avcc[sizeof(record_avcc)], more[sizeof(record_avcc) + 2];

    nvm_h264_params_init(&params);
    is_int(nvm_h264_params_config(&params, record_avcc, sizeof(record_avcc),
                                  NULL), NVM_OK, "avcC");
    ok(params.sps[0].known && params.pps[0].known, "has both sets");
    is_int(params.sps[0].map_units, 20 * 15, "320x240");

    /* its frame numbers have 4 bits, POC is type 2 */

    slice(0x01, 2);
    put_se(0);
    put_ue(1);
    slice_is("a slice of it");

    memset(&fault, 0, sizeof(fault));
    memcpy(avcc, record_avcc, sizeof(avcc));
    avcc[0] = 2;
    is_int(nvm_h264_params_config(&params, avcc, sizeof(avcc), &fault),
           NVM_EINVAL, "version 2");
    is_str(fault.what, "avcC version is not 1", "by name");
    ok(params.sps[0].known, "and nothing was taken");
    is_int(nvm_h264_params_config(&params, record_avcc, 20, NULL), NVM_ETRUNC,
           "cut");

    /* the SPS is damaged, the PPS is good */

    nvm_h264_params_init(&params);
    memcpy(avcc, record_avcc, sizeof(avcc));
    memset(avcc + 12, 0, 20);
    memset(&fault, 0, sizeof(fault));
    is_int(nvm_h264_params_config(&params, avcc, sizeof(avcc), &fault),
           NVM_EINVAL, "damaged SPS");
    ok(fault.offset >= 8 && fault.offset < 32, "the fault is inside it");
    ok(!params.sps[0].known && params.pps[0].known, "the PPS was taken");

    memset(avcc + 35, 0, 5);
    memset(&fault, 0, sizeof(fault));
    is_int(nvm_h264_params_config(&params, avcc, sizeof(avcc), &fault),
           NVM_EINVAL, "both are damaged");
    ok(fault.offset >= 8 && fault.offset < 32, "the fault is in the first");

    /* a set of no byte, then those of the record */

    nvm_h264_params_init(&params);
    memcpy(more, record_avcc, 6);
    more[5] = 0xe2;
    more[6] = more[7] = 0;
    memcpy(more + 8, record_avcc + 6, sizeof(record_avcc) - 6);
    is_int(nvm_h264_params_config(&params, more, sizeof(more), NULL), NVM_OK,
           "an empty set");
    ok(params.sps[0].known && params.pps[0].known, "is skipped");

    /* avc3: no set */

    nvm_h264_params_init(&params);
    memcpy(avcc, record_avcc, 5);
    avcc[5] = 0xe0;
    avcc[6] = 0;
    is_int(nvm_h264_params_config(&params, avcc, 7, NULL), NVM_OK, "no sets");
    is_int((long long) sizeof(params), 2304, "size of all sets");

    slice_unknown("a slice before they came");
}


int
main(void)
{
    for (shift = 0; shift < 8; shift++) {
        test_plain();
        test_order();
        test_lists();
        test_weights();
        test_marking();
        test_tail();
        test_groups();
    }

    shift = 0;
    test_prevention();
    test_sets();
    test_types();
    test_config();

    return done_testing();
}
