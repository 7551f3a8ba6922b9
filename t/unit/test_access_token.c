/*
 * Copyright (C) ngx_video authors
 *
 * Signed tokens.  The signatures are those of
 *
 *     printf 'live/cam1?e=1795300000' | openssl dgst -sha256 -hmac SECRET -r
 */

#include "nva_token.h"
#include "tap.h"


#define FIRST    "0123456789abcdef0123"
#define SECOND   "fedcba9876543210"

/* of live/cam1?e=1795300000; the same and &ip=192.0.2.7 */
#define BY_FIRST                                                              \
    "5522a875468dca540da9d3f2335b2764cc97f9a1d199332ef57a7f3972ef1754"
#define BY_FIRST_IP                                                           \
    "3bd8942328f006dfbbf00ccde5a790bda4b3f28c424de08cc3bf3e698b670ead"
#define BY_SECOND                                                             \
    "c09c0aae4893de5f6345abcdfae94430176aeedb2bfb13e1bf667f656fdc73ba"


static nvm_heap_t     heap;
static nva_secrets_t  secrets;
static nva_token_t    token;
static nvm_fault_t    fault;


static nvm_err_e
parse(const char *text)
{
    memset(&fault, 0, sizeof(fault));
    nvm_heap_done(&heap);
    nvm_heap_init(&heap, 1 << 20);

    return nva_secrets_parse(&secrets, &heap.arena, text, strlen(text),
                             &fault);
}


static void
wrong(const char *text, unsigned line, const char *what)
{
    ok(parse(text) != NVM_OK, "a file is refused: %s", what);
    is_int((long long) fault.offset, line, "its line");
    is_str(fault.what, what, "why");
}


static nva_str_t
str(const char *s)
{
    nva_str_t  r;

    r.data = (const uint8_t *) s;
    r.len = strlen(s);

    return r;
}


static nvm_err_e
check(const char *app, const char *name, const char *query)
{
    nva_str_t  a, n, q;

    a = str(app);
    n = str(name);
    q = str(query);

    return nva_token_check(&secrets, &a, &n, &q, &token);
}


static void
test_files(void)
{
    size_t  i;
    char    text[17 * 17 + 200];

    wrong("", 0, "no secrets");
    wrong("#0123456789abcdef", 0, "no secrets");
    wrong("\n0123456789abcde\n", 2, "a secret of less than 16 bytes");
    wrong("0123456789abcdef 0123456789abcdef\n", 1, "more than a secret");
    wrong("0123456789abcdef\x7f\n", 1,
          "a byte that is neither printable ASCII nor a space");

    memset(text, 'x', sizeof(text));
    text[128] = '\0';
    is_int(parse(text), NVM_OK, "the longest secret");
    text[128] = 'x';
    text[129] = '\0';
    wrong(text, 1, "a secret of more than 128 bytes");

    for (i = 1; i <= 17; i++) {
        memset(&text[(i - 1) * 17], 'a', 17);
        text[i * 17 - 1] = '\n';
    }

    text[16 * 17] = '\0';
    is_int(parse(text), NVM_OK, "as many secrets as there may be");
    is_int(secrets.n, 16, "are 16");
    text[16 * 17] = 'a';
    text[17 * 17] = '\0';
    wrong(text, 17, "more than 16 secrets");

    nvm_heap_done(&heap);
    nvm_heap_init(&heap, 8);
    is_int(nva_secrets_parse(&secrets, &heap.arena, FIRST, sizeof(FIRST) - 1,
                             NULL), NVM_ENOMEM, "without memory");
}


static void
test_right(void)
{
    is_int(parse("# newest first\n" SECOND "\n" FIRST "\n"), NVM_OK,
           "two secrets");

    is_int(check("live", "cam1", "e=1795300000&st=" BY_FIRST), NVM_OK,
           "a token");
    is_int((long long) token.expires, 1795300000, "its time");
    is_int((long long) token.address.len, 0, "of any address");

    is_int(check("live", "cam1", "st=" BY_SECOND "&x=y&e=1795300000"), NVM_OK,
           "by the other secret, in another order");
    is_int(check("live", "cam1", "e=1795300000&st="
                 "5522A875468DCA540DA9D3F2335B2764"
                 "CC97F9A1D199332EF57A7F3972EF1754"), NVM_OK, "in capitals");

    is_int(check("live", "cam1", "e=1795300000&ip=192.0.2.7&st=" BY_FIRST_IP),
           NVM_OK, "of an address");
    is_mem(token.address.data, token.address.len, "192.0.2.7", 9, "of this");
    is_int(check("live", "cam1", "e=1795300000&ip=192.0%2e2.7&st="
                 BY_FIRST_IP), NVM_OK, "which may be encoded");
}


static void
test_wrong(void)
{
    char  query[1200];

    is_int(parse(FIRST), NVM_OK, "one secret");

    is_int(check("live", "cam1", ""), NVM_ENOENT, "no token");
    is_int(check("live", "cam1", "st=" BY_FIRST), NVM_ENOENT, "no time");
    is_int(check("live", "cam1", "e=1795300000"), NVM_ENOENT, "no signature");

    is_int(check("live", "cam1", "e=&st=" BY_FIRST), NVM_EINVAL, "empty time");
    is_int(check("live", "cam1", "e=17953000x0&st=" BY_FIRST), NVM_EINVAL,
           "a time that is no number");
    is_int(check("live", "cam1", "e=-1&st=" BY_FIRST), NVM_EINVAL, "below 0");
    is_int(check("live", "cam1", "e=1795300000000&st=" BY_FIRST), NVM_EINVAL,
           "too long a time");
    is_int(check("live", "cam1", "e=1795300000&st=" BY_FIRST "0"), NVM_EINVAL,
           "too long a signature");
    is_int(check("live", "cam1", "e=1795300000&st=5522"), NVM_EINVAL,
           "too short a one");
    is_int(check("live", "cam1", "e=1795300000&st=x522a875468dca540da9d3f2335b"
                 "2764cc97f9a1d199332ef57a7f3972ef1754"), NVM_EINVAL,
           "not hexadecimal");
    is_int(check("live", "cam1", "e=1795300000&e=1795300001&st=" BY_FIRST),
           NVM_EINVAL, "two times");
    is_int(check("live", "cam1", "e=1795300000&st=x&st=" BY_FIRST), NVM_EINVAL,
           "two signatures");
    is_int(check("live", "cam1", "e=1795300000&ip=&st=" BY_FIRST), NVM_EINVAL,
           "an empty address");
    is_int(check("live", "cam1", "e=1795300000&ip=1&ip=2&st=" BY_FIRST),
           NVM_EINVAL, "two addresses");

    snprintf(query, sizeof(query), "e=1795300000&ip=%065d&st=" BY_FIRST, 1);
    is_int(check("live", "cam1", query), NVM_EINVAL, "a long address");

    memset(query, 'x', 1100);
    query[1100] = '\0';
    is_int(check(query, "cam1", "e=1795300000&st=" BY_FIRST), NVM_EINVAL,
           "a long application");

    is_int(check("live", "cam1", "e=1795300000&st=" BY_SECOND), NVM_EUNSUP,
           "by another secret");
    is_int(check("live", "cam1", "e=1795300001&st=" BY_FIRST), NVM_EUNSUP,
           "of another time");
    is_int(check("live", "cam1", "e=01795300000&st=" BY_FIRST), NVM_EUNSUP,
           "of the same time, written otherwise");
    is_int(check("live", "cam2", "e=1795300000&st=" BY_FIRST), NVM_EUNSUP,
           "of another stream");
    is_int(check("live2", "cam1", "e=1795300000&st=" BY_FIRST), NVM_EUNSUP,
           "of another application");
    is_int(check("live", "cam1", "e=1795300000&st=" BY_FIRST_IP), NVM_EUNSUP,
           "without its address");
    is_int(check("live", "cam1", "e=1795300000&ip=192.0.2.8&st=" BY_FIRST_IP),
           NVM_EUNSUP, "of another address");
    is_int(check("live", "cam1", "e=1795300000&ip=192.0.2.7&st=" BY_FIRST),
           NVM_EUNSUP, "an address that was not signed");
}


int
main(void)
{
    test_files();
    test_right();
    test_wrong();

    nvm_heap_done(&heap);

    return done_testing();
}
