/*
 * Copyright (C) ngx_video authors
 *
 * Splice information: sections made by hand, all of their beginnings, all
 * single bits of one; those that are written here; the texts that they come in.
 */

#include <stdlib.h>

#include "nvm_base64.h"
#include "nvm_scte35.h"
#include "tap.h"


static nvm_fault_t   fault;
static nvm_scte35_t  splice;
static uint8_t       buf[4200];
static size_t        len;


static uint32_t
crc(const uint8_t *data, size_t n)
{
    size_t    i;
    uint32_t  c;
    unsigned  k;

    c = 0xffffffff;

    for (i = 0; i < n; i++) {
        for (k = 8; k-- > 0; ) {
            c = c << 1 ^ ((c >> 31 ^ (data[i] >> k & 1)) ? 0x04c11db7 : 0);
        }
    }

    return c;
}


static void
put(const uint8_t *data, size_t n)
{
    memcpy(buf + len, data, n);
    len += n;
}


#define PUT(...)                                                              \
    put((const uint8_t []) { __VA_ARGS__ },                                   \
        sizeof((const uint8_t []) { __VA_ARGS__ }))


/* The head of a section with a command of a type and length. */
static void
begin(uint8_t type, uint16_t command)
{
    len = 0;
    PUT(0xfc, 0x30, 0, 0, 0x00, 0, 0, 0, 0, 0, 0xff,
        (uint8_t) (0xf0 | command >> 8), (uint8_t) command, type);
}


/* Length and checksum; parses a copy of exactly its size. */
static nvm_err_e
finish(void)
{
    uint8_t    *copy;
    uint32_t    c;
    nvm_err_e   rc;

    buf[1] = (uint8_t) (0x30 | (len + 1) >> 8);
    buf[2] = (uint8_t) (len + 1);
    c = crc(buf, len);
    PUT((uint8_t) (c >> 24), (uint8_t) (c >> 16), (uint8_t) (c >> 8),
        (uint8_t) c);

    memset(&fault, 0, sizeof(fault));
    copy = malloc(len);
    memcpy(copy, buf, len);
    rc = nvm_scte35_parse(copy, len, &splice, &fault);
    free(copy);

    return rc;
}


static void
test_insert(void)
{
    begin(5, 20);
    PUT(0x48, 0, 0, 0x8f, 0x7f, 0xef, 0xff, 0x36, 0x9c, 0x02, 0x9a,
        0xfe, 0x00, 0x52, 0xcc, 0xf5, 0, 1, 0, 0);
    PUT(0, 0);
    is_int(finish(), NVM_OK, "splice_insert");
    ok(splice.command == NVM_SCTE35_INSERT && splice.nsplices == 1, "one");
    is_int(splice.splices[0].event, 0x4800008f, "its id");
    is_int(splice.splices[0].way, NVM_SCTE35_OUT, "goes out");
    ok(splice.timed && splice.pts == 0x1369c029aULL, "at a time");
    ok(splice.splices[0].timed && splice.splices[0].duration == 0x52ccf5,
       "for so long");

    /* the same, adjusted beyond 33 bits */
    len -= 4;
    buf[4] = 0x01;
    buf[5] = buf[6] = buf[7] = buf[8] = 0xff;
    is_int(finish(), NVM_OK, "with pts_adjustment");
    is_int(splice.pts, 0x1369c0299ULL, "modulo 2^33");

    begin(5, 10);
    PUT(0, 0, 0, 9, 0x7f, 0x5f, 0, 0, 0, 0);
    PUT(0, 0);
    is_int(finish(), NVM_OK, "an immediate one");
    ok(splice.splices[0].way == NVM_SCTE35_IN && !splice.timed
       && !splice.splices[0].timed, "comes back");

    begin(5, 5);
    PUT(0, 0, 0, 9, 0xff);
    PUT(0, 0);
    is_int(finish(), NVM_OK, "a cancelled one");
    ok(splice.splices[0].cancel && splice.splices[0].event == 9, "of an id");

    begin(5, 0xfff);
    PUT(0, 0, 0, 9, 0x7f, 0xdf, 0, 0, 0, 0);
    PUT(0, 0);
    is_int(finish(), NVM_OK, "without a length");
    is_int(splice.splices[0].way, NVM_SCTE35_OUT, "goes out");

    /* two components with a time each */
    begin(5, 21);
    PUT(0, 0, 0, 9, 0x7f, 0x8f, 2, 1, 0xfe, 0, 0, 0, 1, 2, 0xfe, 0, 0, 0, 2,
        0, 0);
    PUT(0, 0);
    is_int(finish(), NVM_ETRUNC, "components that are cut");
    len -= 6;
    buf[12] = 23;
    PUT(0, 0, 0, 0);
    is_int(finish(), NVM_OK, "components");
    is_int(splice.pts, 2, "the last one's time");
}


static void
test_signal(void)
{
    begin(6, 5);
    PUT(0xfe, 0, 0, 0, 5);

    /* another descriptor; placement out for a second; a programme begins */
    PUT(0, 6 + 24 + 17);
    PUT(0, 4, 'C', 'U', 'E', 'I');
    PUT(2, 22, 'C', 'U', 'E', 'I', 0, 0, 0, 7, 0x7f, 0xff, 0, 0, 1, 0x5f, 0x90,
        9, 2, 'a', 'b', 0x34, 1, 1);
    PUT(2, 15, 'C', 'U', 'E', 'I', 0, 0, 0, 8, 0x7f, 0xbf, 0, 0, 0x10, 1, 1);
    is_int(finish(), NVM_OK, "time_signal");
    ok(splice.timed && splice.pts == 5, "with a time");
    is_int(splice.nsplices, 2, "two segments");
    is_int(splice.splices[0].event, 7, "its id");
    ok(splice.splices[0].type == 0x34
       && splice.splices[0].way == NVM_SCTE35_OUT, "goes out");
    ok(splice.splices[0].timed && splice.splices[0].duration == 90000,
       "for a second");
    ok(splice.splices[1].event == 8 && splice.splices[1].type == 0x10
       && splice.splices[1].way == NVM_SCTE35_CMD
       && !splice.splices[1].timed, "the other does neither");
}


/* The types that go out and come back (table 23). */
static void
test_types(void)
{
    unsigned  type, out, in;

    out = 0;
    in = 0;

    for (type = 1; type < 256; type++) {
        begin(6, 1);
        PUT(0x7f, 0, 17, 2, 15, 'C', 'U', 'E', 'I', 0, 0, 0, 7, 0x7f, 0xbf, 0,
            0, (uint8_t) type, 0, 0);

        if (finish() != NVM_OK || splice.nsplices != 1) {
            ok(0, "type %u: %s", type, fault.what);
            return;
        }

        out += splice.splices[0].way == NVM_SCTE35_OUT;
        in += splice.splices[0].way == NVM_SCTE35_IN;
    }

    is_int(out, 11, "types that go out");
    is_int(in, 11, "types that come back");

    begin(6, 1);
    PUT(0x7f, 0, 11, 2, 9, 'C', 'U', 'E', 'I', 0, 0, 0, 7, 0xff);
    is_int(finish(), NVM_OK, "a cancelled segment");
    ok(splice.nsplices == 1 && splice.splices[0].cancel, "is told");

    begin(6, 1);
    PUT(0x7f, 0, 11, 2, 9, 'C', 'U', 'E', 'I', 0, 0, 0, 7, 0x7f);
    is_int(finish(), NVM_OK, "a segment that is cut");
    is_int(splice.nsplices, 0, "is passed over");

    begin(6, 1);
    PUT(0x7f, 0, 11, 2, 200, 'C', 'U', 'E', 'I', 0, 0, 0, 7, 0x7f);
    is_int(finish(), NVM_OK, "a descriptor past the loop");
    is_int(splice.nsplices, 0, "is passed over, too");
}


static void
test_others(void)
{
    begin(0, 0);
    PUT(0, 0);
    is_int(finish(), NVM_OK, "splice_null");
    ok(splice.command == NVM_SCTE35_NULL && splice.nsplices == 0, "is empty");

    begin(5, 200);
    PUT(0, 0);
    is_int(finish(), NVM_ETRUNC, "a command past the end");

    begin(5, 0);
    buf[3] = 1;
    PUT(0, 0);
    is_int(finish(), NVM_EUNSUP, "another protocol_version");

    begin(5, 0);
    buf[4] = 0x80;
    PUT(1, 2, 3);
    is_int(finish(), NVM_OK, "an encrypted one");
    ok(splice.encrypted && splice.nsplices == 0, "says nothing");

    begin(5, 0);
    buf[0] = 0xfd;
    PUT(0, 0);
    is_int(finish(), NVM_EINVAL, "another table");
}


static void
test_damage(void)
{
    size_t    i;
    unsigned  bad;

    begin(5, 10);
    PUT(0, 0, 0, 9, 0x7f, 0x5f, 0, 0, 0, 0);
    PUT(0, 0);
    is_int(finish(), NVM_OK, "a whole section");

    for (i = 0, bad = 0; i < len; i++) {
        bad += nvm_scte35_parse(buf, i, &splice, NULL) == NVM_OK;
    }

    is_int(bad, 0, "its beginnings are none");

    for (i = 0, bad = 0; i < len * 8; i++) {
        buf[i / 8] ^= (uint8_t) (1 << i % 8);
        bad += nvm_scte35_parse(buf, len, &splice, NULL) == NVM_OK;
        buf[i / 8] ^= (uint8_t) (1 << i % 8);
    }

    is_int(bad, 0, "nor with one bit of it wrong");
    is_int(nvm_scte35_parse(buf, len + 1, &splice, NULL), NVM_ETRUNC,
           "nor with a byte more");
}


static void
test_write(void)
{
    unsigned             i;
    nvm_writer_t         w;
    nvm_scte35_splice_t  s;

    for (i = 0; i < 8; i++) {
        memset(&s, 0, sizeof(s));
        s.event = 0x6ffffff0 + i;
        s.way = i & 1 ? NVM_SCTE35_OUT : NVM_SCTE35_IN;
        s.timed = i >> 1 & 1;
        s.duration = s.timed ? 0x1ffffffffULL : 0;
        s.cancel = i >> 2;

        nvm_writer_init(&w, buf, NVM_SCTE35_INSERT_SIZE);
        nvm_scte35_insert(&w, &s);
        is_int(nvm_scte35_parse(buf, w.len, &splice, NULL), NVM_OK,
               "written, %u", i);
        ok(splice.splices[0].event == s.event
           && splice.splices[0].cancel == s.cancel
           && (s.cancel || (splice.splices[0].way == s.way
                            && splice.splices[0].timed == s.timed
                            && splice.splices[0].duration == s.duration)),
           "and read the same");
    }
}


static nvm_err_e
base64(const char *text)
{
    return nvm_base64_decode((const uint8_t *) text, strlen(text), buf,
                             sizeof(buf), &len);
}


static nvm_err_e
hex(const char *text)
{
    return nvm_hex_decode((const uint8_t *) text, strlen(text), buf,
                          sizeof(buf), &len);
}


static void
test_texts(void)
{
    size_t  n;

    is_int(base64("/DAlAAAAAAAAAP/wFAVDE1agf+//yBysA/4APcxQAAAAAAAAXhEvvQ=="),
           NVM_OK, "base64");
    is_int(nvm_scte35_parse(buf, len, &splice, NULL), NVM_OK, "is a section");
    ok(splice.splices[0].event == 0x431356a0
       && splice.splices[0].duration == 4050000, "of 45 s");

    is_int(base64(""), NVM_OK, "nothing");
    is_int(len, 0, "is nothing");
    is_int(base64("TQ=="), NVM_OK, "two digits");
    ok(len == 1 && buf[0] == 'M', "one byte");
    is_int(base64("TWE="), NVM_OK, "three digits");
    ok(len == 2 && memcmp(buf, "Ma", 2) == 0, "two bytes");
    is_int(base64("TWFu"), NVM_OK, "four digits");
    ok(len == 3 && memcmp(buf, "Man", 3) == 0, "three bytes");
    is_int(base64("TWFuTQ"), NVM_OK, "without padding");
    ok(len == 4 && memcmp(buf, "ManM", 4) == 0, "the same");
    is_int(base64("TWFuT"), NVM_EINVAL, "one digit over");
    is_int(base64("T==="), NVM_EINVAL, "too much padding");
    is_int(base64("TW u"), NVM_EINVAL, "a blank");
    is_int(nvm_base64_decode((const uint8_t *) "TWFu", 4, buf, 2, &n),
           NVM_EOVERFLOW, "no room");

    is_int(hex("0xFc3a"), NVM_OK, "hexadecimal");
    ok(len == 2 && buf[0] == 0xfc && buf[1] == 0x3a, "two bytes");
    is_int(hex("fc"), NVM_OK, "without 0x");
    is_int(hex("fc3"), NVM_EINVAL, "half a byte");
    is_int(hex("fg"), NVM_EINVAL, "no digit");
    is_int(nvm_hex_decode((const uint8_t *) "fcfc", 4, buf, 1, &n),
           NVM_EOVERFLOW, "no room");
}


int
main(void)
{
    test_insert();
    test_signal();
    test_types();
    test_others();
    test_damage();
    test_write();
    test_texts();

    return done_testing();
}
