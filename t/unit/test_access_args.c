/*
 * Copyright (C) ngx_video authors
 *
 * The arguments of a stream's name: what is found, and what is not taken for
 * it; which names there are; lines of words.
 */

#include <stdlib.h>

#include "nva_args.h"
#include "nva_lines.h"
#include "tap.h"


static nva_str_t
str(const char *s)
{
    nva_str_t  r;

    r.data = (const uint8_t *) s;
    r.len = strlen(s);

    return r;
}


static void
value(const char *query, nvm_err_e want, const char *is)
{
    nvm_err_e  rc;
    nva_str_t  q, name, v;

    q = str(query);
    name = str("key");
    v = str("");

    rc = nva_arg(&q, &name, &v);
    is_int(rc, want, "the argument of \"%s\"", query);

    if (rc == NVM_OK) {
        is_mem(v.data, v.len, is, strlen(is), "is \"%s\"", is);
    }
}


static void
decoded(const char *query, nvm_err_e want, const char *is, size_t n)
{
    size_t     len;
    uint8_t    buf[8];
    nvm_err_e  rc;
    nva_str_t  q, name;

    q = str(query);
    name = str("key");

    rc = nva_arg_decoded(&q, &name, buf, sizeof(buf), &len);
    is_int(rc, want, "decoded, \"%s\"", query);

    if (rc == NVM_OK) {
        is_mem(buf, len, is, n, "is that");
    }
}


static void
test_args(void)
{
    value("", NVM_ENOENT, NULL);
    value("key", NVM_OK, "");
    value("key=", NVM_OK, "");
    value("key=a", NVM_OK, "a");
    value("key=a=b", NVM_OK, "a=b");
    value("x=1&key=a&y", NVM_OK, "a");
    value("&&key=a&&", NVM_OK, "a");
    value("key2=a&ke=b&xkey=c&KEY=d&k%65y=e", NVM_ENOENT, NULL);
    value("x=key=a", NVM_ENOENT, NULL);
    value("=key", NVM_ENOENT, NULL);
    value("key=a&key=b", NVM_EINVAL, NULL);
    value("key=a&key", NVM_EINVAL, NULL);

    decoded("x", NVM_ENOENT, NULL, 0);
    decoded("key=a&key=a", NVM_EINVAL, NULL, 0);
    decoded("key=", NVM_OK, "", 0);
    decoded("key=a%2fb%2Bc", NVM_OK, "a/b+c", 5);
    decoded("key=a+b%00c", NVM_OK, "a+b\0c", 5);
    decoded("key=%&x", NVM_OK, "%", 1);
    decoded("key=%4", NVM_OK, "%4", 2);
    decoded("key=%4%41%zz", NVM_OK, "%4A%zz", 6);
    decoded("key=12345678", NVM_OK, "12345678", 8);
    decoded("key=123456789", NVM_ELIMIT, NULL, 0);
    decoded("key=1234567%39", NVM_OK, "12345679", 8);
}


static int
valid(const char *s)
{
    return nva_name_valid((const uint8_t *) s, strlen(s), 8);
}


static void
test_names(void)
{
    ok(valid("a") && valid("A-_~.9") && valid("12345678") && valid("~"),
       "names");
    ok(!valid("") && !valid(".a") && !valid("123456789"), "no names");
    ok(!valid("a b") && !valid("a/b") && !valid("a?") && !valid("\xc3\xa4")
       && !valid("*") && !valid("a%20"), "nor these");
    ok(!nva_name_valid((const uint8_t *) "a\0b", 3, 8), "nor this");
}


static void
lines(const char *text, size_t len, const char *want)
{
    char         out[256];
    size_t       i, n, at;
    nvm_err_e    rc;
    nva_str_t    words[2];
    nva_lines_t  l;
    uint8_t     *copy;

    /* of its own size, for the sanitizer */
    copy = malloc(len ? len : 1);
    memcpy(copy, text, len);

    nva_lines_init(&l, copy, len);
    at = 0;

    while ((rc = nva_lines_next(&l, words, 2, &n)) == NVM_OK) {
        at += (size_t) snprintf(out + at, sizeof(out) - at, "%u", l.line);

        for (i = 0; i < n; i++) {
            at += (size_t) snprintf(out + at, sizeof(out) - at, " %.*s",
                                    (int) words[i].len, words[i].data);
        }

        at += (size_t) snprintf(out + at, sizeof(out) - at, ";");
    }

    if (rc != NVM_ENOENT) {
        at += (size_t) snprintf(out + at, sizeof(out) - at, "%u %s", l.line,
                                nvm_strerror(rc));
    }

    is_mem(out, at, want, strlen(want), "lines: %s", want);
    free(copy);
}


static void
test_lines(void)
{
    lines("", 0, "");
    lines("\n", 1, "");
    lines("\r\n\r", 3, "2 invalid value");
    lines("a", 1, "1 a;");
    lines("a b\n", 4, "1 a b;");
    lines("# x\n\n \t\n  a\t b  \r\n#\nc #d e f\ng#h", 32, "4 a b;6 c;7 g#h;");
    lines("a b c\n", 6, "1 limit exceeded");
    lines("a\nb\x01\n", 5, "1 a;2 invalid value");
    lines("a\0b\n", 4, "1 invalid value");
    lines("\xef\xbb\xbf" "a\n", 5, "1 invalid value");
}


int
main(void)
{
    test_args();
    test_names();
    test_lines();

    return done_testing();
}
