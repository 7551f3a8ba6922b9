/*
 * Copyright (C) ngx_video authors
 *
 * Clearkey requests and answers: what EME's own examples are, and what is none.
 */

#include "nvd_clearkey.h"
#include "tap.h"


static const char *
parse(const char *text, nvd_clearkey_t *out)
{
    return nvd_clearkey_parse(text, strlen(text), out);
}


static void
test_example(void)
{
    char            text[256];
    uint8_t         want[16];
    nvd_key_t       key = { .kid = { 0 } };
    nvm_writer_t    w;
    nvd_clearkey_t  r;

    /* EME, 9.1.3.1 and 9.1.4.1 */
    ok(parse("{\"kids\":[\"LwVHf8JLtPrv2GUXFW2v_A\"],\"type\":\"temporary\"}",
             &r) == NULL, "a request");
    is_int(r.n, 1, "of one key");
    (void) nvd_uuid_read("2f05477fc24bb4faefd86517156daffc", 32, want);
    is_mem(r.kids[0], 16, want, 16, "its ID");
    is_int(r.persistent, 0, "temporary");

    memcpy(key.kid, want, 16);
    memset(key.key, 0xff, 16);
    nvm_writer_init(&w, text, sizeof(text));
    nvd_clearkey_write(&w, &key, 1, 0);
    text[w.len] = '\0';
    is_str(text, "{\"keys\":[{\"kty\":\"oct\","
                 "\"kid\":\"LwVHf8JLtPrv2GUXFW2v_A\","
                 "\"k\":\"_____________________w\"}],"
                 "\"type\":\"temporary\"}",
           "an answer");

    ok(parse("{\"type\":\"persistent-license\",\"x\":{},"
             "\"kids\":[\"LwVHf8JLtPrv2GUXFW2v_A\","
             "\"AAAAAAAAAAAAAAAAAAAAAA\"]}", &r) == NULL,
       "what else there is does not matter");
    ok(r.n == 2 && r.persistent, "two to be kept");
}


static void
test_wrong(void)
{
    size_t          i;
    nvd_clearkey_t  r;
    static char     longer[NVD_CLEARKEY_REQUEST + 1];

    static const char  request[] =
        "{\"kids\":[\"AAAAAAAAAAAAAAAAAAAAAA\"],\"type\":\"temporary\"}";

    static const char  *const bad[] = {
        "", "null", "[]", "{}", "{", "{\"kids\":{}}", "{\"kids\":[]}",
        "{\"kids\":[\"AAAAAAAAAAAAAAAAAAAAAA\"]}",
        "{\"kids\":[\"AAAAAAAAAAAAAAAAAAAAAA\"],\"type\":\"x\"}",
        "{\"kids\":[\"AAAAAAAAAAAAAAAAAAAAAA\"],\"type\":\"temporary\"}x",
        "{\"kids\":[\"AAAAAAAAAAAAAAAAAAAAA\"],\"type\":\"temporary\"}",
        "{\"kids\":[\"AAAAAAAAAAAAAAAAAAAAAAA\"],\"type\":\"temporary\"}",
        "{\"kids\":[\"AAAAAAAAAAAAAAAAAAAAAB\"],\"type\":\"temporary\"}",
        "{\"kids\":[\"AAAAAAAAAAAAAAAAAAAA+/\"],\"type\":\"temporary\"}",
        "{\"kids\":[\"AAAAAAAAAAAAAAAAAAAAA=\"],\"type\":\"temporary\"}",
        "{\"kids\":[\"AAAAAAAAAAAAAAAAAAAA\\u0000A\"],\"type\":\"temporary\"}",
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(parse(bad[i], &r) != NULL, "none: %s", bad[i]);
    }

    memset(longer, ' ', sizeof(longer));
    memcpy(longer, request, sizeof(request) - 1);
    ok(nvd_clearkey_parse(longer, sizeof(longer) - 1, &r) == NULL,
       "as long as may be");
    ok(nvd_clearkey_parse(longer, sizeof(longer), &r) != NULL, "longer");
}


int
main(void)
{
    test_example();
    test_wrong();

    return done_testing();
}
