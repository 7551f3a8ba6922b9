/*
 * Copyright (C) ngx_video authors
 *
 * Messages of the transcoder daemon: what is written is read, in pieces of any
 * size, and what is none is refused before its body is waited for.
 */

#include "nvm_wire.h"
#include "tap.h"


static uint8_t  buf[256];


static size_t
written(const nvm_wire_t *m)
{
    nvm_writer_t  w;

    nvm_writer_init(&w, buf, sizeof(buf));
    nvm_wire_write(&w, m);
    nvm_writer_bytes(&w, m->body, m->len);

    return w.error ? 0 : w.len;
}


static void
test_round(void)
{
    size_t        n, len;
    nvm_wire_t    m;
    nvm_reader_t  r;

    const nvm_wire_t  sent = {
        NVM_WIRE_FRAME, 3, NVM_WIRE_KEY, NVM_WIRE_AVC, -5, INT64_MIN,
        (const uint8_t *) "body", 4
    };

    len = written(&sent);
    is_int(len, NVM_WIRE_HEAD + 4, "a head and a body");

    for (n = 0; n < len; n++) {
        nvm_reader_init(&r, buf, n, 0);

        if (nvm_wire_parse(&r, &m) != NVM_EAGAIN || r.pos != buf) {
            break;
        }
    }

    is_int(n, len, "what isn't whole is waited for, and not read");

    nvm_reader_init(&r, buf, len + 10, 0);
    is_int(nvm_wire_parse(&r, &m), NVM_OK, "what is whole is read");
    is_int(nvm_reader_left(&r), 10, "and nothing behind it");
    ok(m.type == sent.type && m.track == 3 && m.flags == NVM_WIRE_KEY
       && m.codec == NVM_WIRE_AVC && m.pts == -5 && m.dts == INT64_MIN
       && m.len == 4 && memcmp(m.body, "body", 4) == 0, "as it was sent");
}


static void
test_wrong(void)
{
    int           known;
    unsigned      type;
    nvm_wire_t    m;
    nvm_reader_t  r;

    nvm_wire_t  sent = { NVM_WIRE_END, 0, 0, 0, 0, 0, NULL, 0 };

    (void) written(&sent);

    for (type = 0; type < 256; type++) {
        buf[4] = (uint8_t) type;
        nvm_reader_init(&r, buf, NVM_WIRE_HEAD, 0);

        known = type >= NVM_WIRE_OPEN && type <= NVM_WIRE_IMAGE;

        if ((nvm_wire_parse(&r, &m) == NVM_OK) != known) {
            break;
        }
    }

    is_int(type, 256, "the types that there are");

    sent.len = NVM_WIRE_BODY_MAX;
    nvm_writer_t  w;
    nvm_writer_init(&w, buf, sizeof(buf));
    nvm_wire_write(&w, &sent);
    nvm_reader_init(&r, buf, NVM_WIRE_HEAD, 0);
    is_int(nvm_wire_parse(&r, &m), NVM_EAGAIN, "the longest body");

    sent.len++;
    nvm_writer_init(&w, buf, sizeof(buf));
    nvm_wire_write(&w, &sent);
    nvm_reader_init(&r, buf, NVM_WIRE_HEAD, 0);
    is_int(nvm_wire_parse(&r, &m), NVM_ELIMIT, "one that is longer");
}


static void
test_name(void)
{
    size_t          len;
    nvm_wire_t      m;
    nvm_reader_t    r;
    const uint8_t  *name;

    memset(&m, 0, sizeof(m));
    m.body = (const uint8_t *) "\004720pconfig";
    m.len = 11;
    is_int(nvm_wire_name(&m, &r, &name, &len), NVM_OK, "a name");
    ok(len == 4 && memcmp(name, "720p", 4) == 0
       && nvm_reader_left(&r) == 6, "and what is behind it");

    m.len = 4;
    is_int(nvm_wire_name(&m, &r, &name, &len), NVM_ETRUNC, "half of a name");
    m.len = 0;
    is_int(nvm_wire_name(&m, &r, &name, &len), NVM_ETRUNC, "none");
}


static void
test_state(void)
{
    nvm_wire_t        m;
    nvm_writer_t      w;
    nvm_wire_state_t  s;

    const nvm_wire_state_t  sent = { 1, 2, 3, 4, 5, 6, UINT64_MAX };

    nvm_writer_init(&w, buf, sizeof(buf));
    nvm_wire_state_write(&w, &sent);
    is_int(w.len, NVM_WIRE_STATE_LEN, "a state has its length");

    memset(&m, 0, sizeof(m));
    m.body = buf;
    m.len = w.len;
    is_int(nvm_wire_state(&m, &s), NVM_OK, "it is read");
    ok(memcmp(&s, &sent, sizeof(s)) == 0, "as it was written");

    m.len--;
    is_int(nvm_wire_state(&m, &s), NVM_ETRUNC, "all of it");
}


int
main(void)
{
    test_round();
    test_wrong();
    test_name();
    test_state();

    return done_testing();
}
