/*
 * Copyright (C) ngx_video authors
 *
 * AMF0: all types, all truncations, hostile counts and depths.  Input is read
 * from blocks of its exact size; "byte by byte" here is every prefix of it.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nvr_amf.h"
#include "tap.h"


#define S(text)  text, sizeof(text) - 1

#define NUM_1    "\0\x3f\xf0\0\0\0\0\0\0"
#define NUM_2    "\0\x40\0\0\0\0\0\0\0"
#define END      "\0\0\x09"


typedef struct {
    unsigned   n;
    char       text[1024];
} members_t;


static void
member(void *data, const nvr_str_t *key, const nvr_amf_value_t *v)
{
    size_t      used;
    members_t  *m;

    m = data;
    m->n++;
    used = strlen(m->text);

    snprintf(m->text + used, sizeof(m->text) - used, "%.*s:%d=%g'%.*s';",
             (int) key->len, (const char *) key->data, v->type, v->number,
             (int) v->string.len,
             v->string.data ? (const char *) v->string.data : "");
}


static nvm_err_e
walk(const char *data, size_t n, members_t *m, size_t *left)
{
    char          *copy;
    nvm_err_e      rc;
    nvm_reader_t   r;

    copy = malloc(n ? n : 1);
    memcpy(copy, data, n);
    memset(m, 0, sizeof(members_t));

    nvm_reader_init(&r, copy, n, 0);
    rc = nvr_amf_object(&r, member, m);
    *left = nvm_reader_left(&r);
    free(copy);

    return rc;
}


static nvm_err_e
skip(const char *data, size_t n, size_t *left)
{
    char          *copy;
    nvm_err_e      rc;
    nvm_reader_t   r;

    copy = malloc(n ? n : 1);
    memcpy(copy, data, n);

    nvm_reader_init(&r, copy, n, 0);
    rc = nvr_amf_skip(&r);
    *left = nvm_reader_left(&r);
    free(copy);

    return rc;
}


/* Skips to its end; no proper prefix of it is complete. */
static void
skips(const char *name, const char *data, size_t n)
{
    size_t     i, left;
    nvm_err_e  rc;

    rc = skip(data, n, &left);
    is_int(rc, NVM_OK, "%s", name);
    is_int(left, 0, "%s: all of it", name);

    for (i = 0; i < n; i++) {
        rc = skip(data, i, &left);

        if (rc != NVM_ETRUNC) {
            is_int(rc, NVM_ETRUNC, "%s: prefix of %zu", name, i);
        }
    }
}


static void
test_types(void)
{
    size_t     left;
    nvm_err_e  rc;

    skips("number", S(NUM_1));
    skips("boolean", S("\1\1"));
    skips("string", S("\2\0\3abc"));
    skips("empty string", S("\2\0\0"));
    skips("long string", S("\x0c\0\0\0\3abc"));
    skips("xml", S("\x0f\0\0\0\3<a>"));
    skips("null", S("\5"));
    skips("undefined", S("\6"));
    skips("unsupported", S("\x0d"));
    skips("date", S("\x0b\x3f\xf0\0\0\0\0\0\0\0\0"));
    skips("object", S("\3\0\1a" NUM_1 "\0\1b\5" END));
    skips("empty object", S("\3" END));
    skips("object with an empty key", S("\3\0\0\5" END));
    skips("typed object", S("\x10\0\3cls\0\1a" NUM_1 END));
    skips("strict array", S("\x0a\0\0\0\2" NUM_1 "\2\0\1x"));
    skips("empty strict array", S("\x0a\0\0\0\0"));
    skips("nested", S("\3\0\1a\3\0\1b\x0a\0\0\0\1\3" END END END));

    rc = skip(S("\x08\0\0\0\x63\0\1a\5" END), &left);
    is_int(rc, NVM_OK, "ECMA array with a wrong count");
    is_int(left, 0, "all of it");

    rc = skip(S("\x08\0\0\0\1\0\1a\5"), &left);
    is_int(rc, NVM_OK, "ECMA array that ends with the message");

    rc = skip(S("\x08\0\0\0\1\0\1a\5\0\0"), &left);
    is_int(rc, NVM_ETRUNC, "ECMA array in the middle of its end");

    is_int(skip(S("\x07\0\1"), &left), NVM_EUNSUP, "reference");
    is_int(skip(S("\x11\x05"), &left), NVM_EUNSUP, "AMF3");
    is_int(skip(S("\x04"), &left), NVM_EUNSUP, "movie clip");
    is_int(skip(S("\x0e"), &left), NVM_EUNSUP, "record set");
    is_int(skip(S("\x09"), &left), NVM_EINVAL, "end without object");
    is_int(skip(S("\x12"), &left), NVM_EINVAL, "unknown type");
    is_int(skip(S("\3\0\1a\x11\1" END), &left), NVM_EUNSUP, "AMF3 inside");
    is_int(left, 0, "an error sticks");
}


static void
test_hostile(void)
{
    char       deep[64 * 4 + 1];
    size_t     i, left;
    nvm_err_e  rc;

    /* rtmp_pub.js --fault badamf */
    rc = skip(S("\x08\xff\xff\xff\xff"), &left);
    is_int(rc, NVM_OK, "ECMA array of 2^32 - 1, and no byte of them");

    rc = skip(S("\x0a\xff\xff\xff\xff\5\5"), &left);
    is_int(rc, NVM_ETRUNC, "strict array of 2^32 - 1");

    rc = skip(S("\x0c\xff\xff\xff\xff" "abc"), &left);
    is_int(rc, NVM_ETRUNC, "long string of 4 GiB");

    for (i = 0; i < 64; i++) {
        memcpy(deep + 4 * i, "\3\0\1a", 4);
    }

    rc = skip(deep, sizeof(deep) - 1, &left);
    is_int(rc, NVM_ELIMIT, "64 objects in one another");

    memcpy(deep + 4 * (NVM_MAX_AMF_DEPTH - 1) + 1, END, 3);
    for (i = 4 * NVM_MAX_AMF_DEPTH; i < sizeof(deep) - 4; i += 3) {
        memcpy(deep + i, END, 3);
    }

    rc = skip(deep, sizeof(deep) - 1, &left);
    is_int(rc, NVM_OK, "as many as are allowed");

    for (i = 0; i + 5 < sizeof(deep); i += 5) {
        memcpy(deep + i, "\x0a\0\0\0\1", 5);
    }

    rc = skip(deep, sizeof(deep) - 1, &left);
    is_int(rc, NVM_ELIMIT, "arrays in one another");
}


static void
test_walk(void)
{
    size_t             left;
    nvm_err_e          rc;
    members_t          m;
    static const char  object[] = "\0\1a" NUM_1 "\0\1b\2\0\2xy"
                                  "\0\1c\3\0\1d\5" END "\0\1e\1\1"
                                  "\0\1f\x0a\0\0\0\1\5" "\0\1g\6" END;
    static const char  want[] = "a:0=1'';b:2=0'xy';e:1=1'';g:6=0'';";

    char  buf[128];

    buf[0] = 3;
    memcpy(buf + 1, object, sizeof(object) - 1);
    rc = walk(buf, sizeof(object), &m, &left);
    is_int(rc, NVM_OK, "object");
    is_str(m.text, want, "members of an object");
    is_int(left, 0, "all of it");

    memcpy(buf, "\x08\0\0\0\0", 5);
    memcpy(buf + 5, object, sizeof(object) - 1);
    rc = walk(buf, sizeof(object) + 4, &m, &left);
    is_int(rc, NVM_OK, "ECMA array");
    is_str(m.text, want, "members of an ECMA array");

    memcpy(buf, "\x10\0\2cl", 5);
    rc = walk(buf, sizeof(object) + 4, &m, &left);
    is_int(rc, NVM_OK, "typed object");
    is_str(m.text, want, "members of a typed object");

    is_int(walk(S("\5"), &m, &left), NVM_OK, "null");
    is_int(m.n, 0, "null has no members");
    is_int(walk(S("\6"), &m, &left), NVM_OK, "undefined");
    is_int(walk(S(NUM_1), &m, &left), NVM_EINVAL, "number is no object");
    is_int(walk(S("\x11\1"), &m, &left), NVM_EUNSUP, "AMF3 is not read");
    is_int(walk(S(""), &m, &left), NVM_ETRUNC, "nothing");

    rc = walk(S("\3\0\1a" NUM_1 "\0\1b\2\0\x09" "ab"), &m, &left);
    is_int(rc, NVM_ETRUNC, "member that ends early");
    is_str(m.text, "a:0=1'';", "no call for it");
}


static void
test_scalars(void)
{
    int            b;
    double         d;
    nvr_str_t      s;
    nvm_reader_t   r;

    nvm_reader_init(&r, S(NUM_1 "\1\1\1\0\2\0\2ab\x0c\0\0\0\1c"), 0);
    is_int(nvr_amf_number(&r, &d), NVM_OK, "number");
    ok(d == 1, "its value");
    is_int(nvr_amf_boolean(&r, &b), NVM_OK, "boolean");
    is_int(b, 1, "true");
    is_int(nvr_amf_boolean(&r, &b), NVM_OK, "boolean");
    is_int(b, 0, "false");
    is_int(nvr_amf_string(&r, &s), NVM_OK, "string");
    is_mem(s.data, s.len, "ab", 2, "its bytes");
    ok(nvr_str_eq(&s, "ab"), "equal");
    ok(!nvr_str_eq(&s, "abc") && !nvr_str_eq(&s, "a")
       && !nvr_str_eq(&s, "ac"), "not equal");
    is_int(nvr_amf_string(&r, &s), NVM_OK, "long string");
    is_mem(s.data, s.len, "c", 1, "its bytes");
    is_int(nvr_amf_string(&r, &s), NVM_ETRUNC, "no more");
    is_int(s.len, 0, "empty after an error");
    ok(nvr_str_eq(&s, ""), "equals the empty text");

    nvm_reader_init(&r, S("\5"), 0);
    is_int(nvr_amf_number(&r, &d), NVM_EINVAL, "null is no number");
    nvm_reader_init(&r, S("\5"), 0);
    is_int(nvr_amf_string(&r, &s), NVM_EINVAL, "null is no string");
    nvm_reader_init(&r, S("\5"), 0);
    is_int(nvr_amf_boolean(&r, &b), NVM_EINVAL, "null is no boolean");
    nvm_reader_init(&r, S("\0\x3f"), 0);
    is_int(nvr_amf_number(&r, &d), NVM_ETRUNC, "half a number");

    is_int(nvr_amf_to_u32(NAN, 9), 0, "NaN as an integer");
    is_int(nvr_amf_to_u32(-1, 9), 0, "-1 as an integer");
    is_int(nvr_amf_to_u32(INFINITY, 9), 9, "infinity as an integer");
    is_int(nvr_amf_to_u32(8.9, 9), 8, "8.9 as an integer");
    is_int(nvr_amf_to_u32(4294967295.0, UINT32_MAX), UINT32_MAX, "2^32 - 1");
    is_int(nvr_amf_to_u32(1e300, UINT32_MAX), UINT32_MAX, "1e300");
}


static void
test_write(void)
{
    char              *text;
    uint8_t            out[128];
    nvr_str_t          s;
    nvm_reader_t       r;
    nvm_writer_t       w;
    static const char  want[] = NUM_2 "\1\1\2\0\2ab\5\6\3\0\1k\2\0\1v" END;

    nvm_writer_init(&w, out, sizeof(out));
    nvr_amf_write_number(&w, 2);
    nvr_amf_write_bool(&w, 7);
    nvr_amf_write_string(&w, "abc", 2);
    nvr_amf_write_null(&w);
    nvr_amf_write_undefined(&w);
    nvr_amf_write_object_start(&w);
    nvr_amf_write_key(&w, "k");
    nvr_amf_write_text(&w, "v");
    nvr_amf_write_object_end(&w);
    is_int(w.error, NVM_OK, "written");
    is_mem(out, w.len, S(want), "bytes");

    text = malloc(70000 + 5);
    nvm_writer_init(&w, text, 70000 + 5);
    nvr_amf_write_string(&w, NULL, 0);
    is_mem(text, w.len, "\2\0\0", 3, "empty string");

    nvm_writer_init(&w, text, 70000 + 5);
    memset(text, 'x', 70000);
    {
        char  *src = malloc(70000);

        memset(src, 'y', 70000);
        nvr_amf_write_string(&w, src, 70000);
        free(src);
    }
    is_int(nvm_writer_done(&w, 70005), NVM_OK, "long string");
    nvm_reader_init(&r, text, w.len, 0);
    is_int(nvr_amf_string(&r, &s), NVM_OK, "read again");
    is_int(s.len, 70000, "its length");
    free(text);
}


int
main(void)
{
    test_types();
    test_hostile();
    test_walk();
    test_scalars();
    test_write();

    return done_testing();
}
