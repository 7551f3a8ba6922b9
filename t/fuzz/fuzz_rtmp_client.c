/*
 * Copyright (C) ngx_video authors
 *
 * The client's side of RTMP, against a hostile server.
 *
 * Byte 0: the lowest bit plays, the others tell which allocation fails (0:
 * none).  Byte 1: size of the pieces that the rest is fed in, after a
 * handshake unless its highest bit is set.  The same input whole must come to
 * the same end.
 */

#include "fuzz.h"
#include "nvr_client.h"


typedef struct {
    nvm_err_e   rc;
    unsigned    messages;
    unsigned    started;
    uint64_t    hash;
    nvr_client_state_e  state;
} outcome_t;


static unsigned  countdown;
static size_t    blocks;


static void *
heap_alloc(void *data, size_t size)
{
    (void) data;

    if (countdown && --countdown == 0) {
        return NULL;
    }

    blocks++;

    return malloc(size);
}


static void
heap_free(void *data, void *p)
{
    (void) data;
    blocks--;
    free(p);
}


static void
check(nvr_client_t *c)
{
    if (c->out_len > NVR_CLIENT_OUT
        || memchr(c->code, 0, sizeof(c->code)) == NULL
        || memchr(c->text, 0, sizeof(c->text)) == NULL
        || strstr(c->text, "secret") || strstr(c->code, "secret"))
    {
        abort();
    }

    nvr_client_taken(c);
}


static nvm_err_e
feed(nvr_client_t *c, const uint8_t *data, size_t n, outcome_t *o)
{
    size_t              i, used;
    uint8_t             buf[9000];
    nvm_err_e           rc;
    nvm_writer_t        w;
    nvr_message_t       msg;
    nvr_client_event_e  event;

    for ( ;; ) {
        rc = nvr_client_feed(c, data, n, &used, &event, &msg);

        if (used > n || (rc == NVM_EAGAIN && used != n)) {
            abort();
        }

        check(c);

        if (rc != NVM_OK) {
            return rc;
        }

        data += used;
        n -= used;

        if (event == NVR_CLIENT_STARTED) {
            o->started++;
            continue;
        }

        o->messages++;

        for (i = 0; i < msg.len; i++) {
            o->hash = (o->hash ^ msg.data[i]) * 0x100000001b3;
        }

        /* what comes may be what goes */
        i = 0;
        nvm_writer_init(&w, buf, sizeof(buf));
        (void) nvr_client_write(c, &w, &msg, &i);

        if (w.error != NVM_OK) {
            abort();
        }
    }
}


static outcome_t
run(const uint8_t *data, size_t size, size_t step, int play, int raw)
{
    size_t             at, k;
    outcome_t          o = { 0 };
    nvr_mem_t          mem = { heap_alloc, heap_free, NULL };
    nvr_client_t      *c;
    nvr_client_conf_t  conf = { 0 };
    static uint8_t     hello[1 + 2 * NVR_HANDSHAKE_SIZE] = { 3 };

    conf.app.data = (const uint8_t *) "live";
    conf.app.len = 4;
    conf.tc_url.data = (const uint8_t *) "rtmp://h/live";
    conf.tc_url.len = 13;
    conf.stream.data = (const uint8_t *) "secret";
    conf.stream.len = 6;
    conf.play = play;

    c = malloc(sizeof(nvr_client_t));

    if (nvr_client_init(c, &conf, &mem, hello + 1) != NVM_OK) {
        abort();
    }

    check(c);
    o.rc = NVM_EAGAIN;

    if (!raw && feed(c, hello, sizeof(hello), &o) != NVM_EAGAIN) {
        abort();
    }

    for (at = 0; at < size && o.rc == NVM_EAGAIN; at += k) {
        k = size - at < step ? size - at : step;
        o.rc = feed(c, data + at, k, &o);
    }

    o.state = c->state;

    nvr_client_end(c);
    check(c);
    nvr_client_done(c);
    free(c);

    if (blocks || o.started > 1) {
        abort();
    }

    return o;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int        play, raw;
    size_t     step;
    outcome_t  a, b;

    if (size < 2) {
        return 0;
    }

    play = data[0] & 1;
    raw = data[1] >> 7;
    step = data[1] & 127 ? data[1] & 127 : 1;

    countdown = data[0] >> 1;
    a = run(data + 2, size - 2, size, play, raw);
    countdown = data[0] >> 1;
    b = run(data + 2, size - 2, step, play, raw);

    /* Buffers grow by what has arrived, so only then the same ones fail. */
    if (a.rc == NVM_ENOMEM || b.rc == NVM_ENOMEM) {
        return 0;
    }

    if (a.rc != b.rc || a.messages != b.messages || a.hash != b.hash
        || a.state != b.state || a.started != b.started)
    {
        abort();
    }

    return 0;
}
