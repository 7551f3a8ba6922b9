/*
 * Copyright (C) ngx_video authors
 *
 * Common Media Client Data: the session among other keys, and what is none.
 */

#include "nvm_cmcd.h"
#include "tap.h"


static const struct {
    const char  *data;
    const char  *sid;           /* NULL: none */
} cases[] = {
    { "sid=\"6e2fb550-c457\"", "6e2fb550-c457" },
    { "bl=2100,bs,sid=\"a\",su", "a" },
    { "bs,sid=\"a b\"", "a b" },
    { "bl=1, sid=\"a\"", "a" },
    { "cid=\"x,sid=\\\"no\\\"\",sid=\"yes\"", "yes" },
    { "cid=\"\\\\\",sid=\"yes\"", "yes" },
    { "sid=\"a\\\"b\"", "a\\\"b" },
    { "sid=\"1234567890123456789012345678901234567890123456789012345678901234"
      "\"",
      "1234567890123456789012345678901234567890123456789012345678901234" },
    { "sid=\"12345678901234567890123456789012345678901234567890123456789012345"
      "\"", NULL },
    { "", NULL },
    { ",,,=,\"", NULL },
    { "sid", NULL },
    { "sid=", NULL },
    { "sid=a", NULL },
    { "sid=\"", NULL },
    { "sid=\"a", NULL },
    { "sid=\"a\\", NULL },
    { "sid=\"\"", NULL },
    { "xsid=\"a\"", NULL },
    { "sidx=\"a\"", NULL },
    { "Sid=\"a\"", NULL },
    { "cid=\"sid=\",sid=\"a\"", "a" },
    { "br=sid=\"a\"", NULL },
};


int
main(void)
{
    size_t          i, len, n;
    nvm_err_e       err;
    const char     *want;
    const uint8_t  *sid;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        n = strlen(cases[i].data);
        want = cases[i].sid;

        err = nvm_cmcd_session((const uint8_t *) cases[i].data, n, &sid, &len);

        if (want == NULL) {
            is_int(err, NVM_ENOENT, "none: %s", cases[i].data);
            continue;
        }

        ok(err == NVM_OK && len == strlen(want)
           && memcmp(sid, want, len) == 0, "session of %s", cases[i].data);
    }

    return done_testing();
}
