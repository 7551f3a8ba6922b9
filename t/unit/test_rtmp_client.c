/*
 * Copyright (C) ngx_video authors
 *
 * The client's side: what it says in each state, read back as our server
 * reads it; servers that refuse, end, and talk rubbish; input cut at any byte;
 * messages in chunks, in as little room as they need.
 */

#include <stdlib.h>
#include <string.h>

#include "nvr_client.h"
#include "nvr_command.h"
#include "nvr_reply.h"
#include "tap.h"


#define S(text)  text, sizeof(text) - 1

#define NUM_0    "\0\0\0\0\0\0\0\0\0"
#define END      "\0\0\x09"

#define HELLO    (1 + 2 * NVR_HANDSHAKE_SIZE)


static uint8_t  seed[NVR_HANDSHAKE_SIZE];
static size_t   blocks;

/* What the server says, and the client's answers as they come. */
static uint8_t       in[65536];
static size_t        in_len;
static uint8_t       said[65536];
static size_t        said_len;
static nvr_client_t  c;

/* Events of the last run. */
static unsigned      started;
static unsigned      messages;
static nvr_message_t last;


static void *
mem_alloc(void *data, size_t size)
{
    (void) data;
    blocks++;

    return malloc(size);
}


static void
mem_free(void *data, void *p)
{
    (void) data;
    blocks--;
    free(p);
}


static const nvr_mem_t  mem = { mem_alloc, mem_free, NULL };


static void
take(void)
{
    if (c.out_len > sizeof(c.out) || said_len + c.out_len > sizeof(said)) {
        ok(0, "too much is said: %zu", c.out_len);
        c.out_len = 0;
    }

    memcpy(said + said_len, c.out, c.out_len);
    said_len += c.out_len;
    nvr_client_taken(&c);
}


static nvm_err_e
init(int play)
{
    nvm_err_e          rc;
    nvr_client_conf_t  conf;

    nvr_client_done(&c);
    memset(&conf, 0, sizeof(conf));

    conf.app.data = (const uint8_t *) "live";
    conf.app.len = 4;
    conf.tc_url.data = (const uint8_t *) "rtmp://h/live";
    conf.tc_url.len = 13;
    conf.stream.data = (const uint8_t *) "secret";
    conf.stream.len = 6;
    conf.hops = 3;
    conf.play = play;

    rc = nvr_client_init(&c, &conf, &mem, seed);

    in_len = 0;
    said_len = 0;
    started = 0;
    messages = 0;
    take();

    return rc;
}


/* Feeds what the server says in pieces, each of exact size. */
static nvm_err_e
feed(const uint8_t *data, size_t n, size_t step)
{
    size_t              at, k, used, done;
    uint8_t            *copy;
    nvm_err_e           rc;
    nvr_message_t       msg;
    nvr_client_event_e  event;

    rc = NVM_EAGAIN;

    for (at = 0; at < n && rc == NVM_EAGAIN; at += k) {
        k = n - at < step ? n - at : step;
        copy = malloc(k);
        memcpy(copy, data + at, k);

        for (done = 0; /* void */ ; done += used) {
            rc = nvr_client_feed(&c, copy + done, k - done, &used, &event,
                                 &msg);
            take();

            if (rc != NVM_OK) {
                break;
            }

            if (event == NVR_CLIENT_STARTED) {
                started++;

            } else {
                messages++;
                last = msg;
                last.data = NULL;
            }
        }

        if (rc == NVM_EAGAIN && done + used != k) {
            ok(0, "EAGAIN with %zu of %zu", done + used, k);
        }

        free(copy);
    }

    return rc;
}


static void
hello(void)
{
    in[0] = 3;
    memset(in + 1, 0x5a, HELLO - 1);
    in_len = HELLO;
}


/* A message of the server's, at the end of what it says. */
static void
say(uint8_t type, uint32_t stream, const char *body, size_t n)
{
    nvm_writer_t  w;

    nvm_writer_init(&w, in, sizeof(in));
    w.len = in_len;
    nvr_chunk_write(&w, 128, 3, type, stream, 7, (const uint8_t *) body, n);
    in_len = w.len;
}


static void
result(double txid, double number)
{
    nvm_writer_t  w;

    nvm_writer_init(&w, in, sizeof(in));
    w.len = in_len;
    nvr_reply_number(&w, 128, txid, number);
    in_len = w.len;
}


static void
status(const char *level, const char *code, const char *text)
{
    nvm_writer_t  w;

    nvm_writer_init(&w, in, sizeof(in));
    w.len = in_len;
    nvr_reply_status(&w, 128, 1, level, code, text);
    in_len = w.len;
}


/* All that a good server says until media flow. */
static void
good(int play)
{
    nvm_writer_t  w;

    hello();

    nvm_writer_init(&w, in, sizeof(in));
    w.len = in_len;
    nvr_reply_window_ack_size(&w, 128, 500);
    nvr_reply_peer_bandwidth(&w, 128, 2500000, 2);
    nvr_reply_ping_request(&w, 128, 77);
    nvr_reply_connect(&w, 128, 1, 0);
    in_len = w.len;

    result(2, 0);
    result(4, 9);
    status("status", play ? "NetStream.Play.Start"
                          : "NetStream.Publish.Start", "go");
}


/* What has been said after the handshake, as our server reads it. */
static void
is_said(const char *want, const char *name)
{
    size_t          at, used, n;
    char            got[512];
    nvm_err_e       rc;
    nvr_chunk_in_t  chunks;
    nvr_message_t   msg;
    nvr_command_t   cmd;

    nvr_chunk_init(&chunks, &mem);
    got[0] = 0;
    n = 0;

    for (at = HELLO; at <= said_len; at += used) {
        rc = nvr_chunk_feed(&chunks, said + at, said_len - at, &used, &msg);

        if (rc != NVM_OK) {
            is_int(rc, NVM_EAGAIN, "%s: whole chunks", name);
            break;
        }

        if (msg.type != 20) {
            n += (size_t) snprintf(got + n, sizeof(got) - n, "%d ",
                                   msg.type);
            continue;
        }

        if (nvr_command_parse(20, msg.data, msg.len, &cmd, NULL) != NVM_OK) {
            ok(0, "%s: a command", name);
            break;
        }

        n += (size_t) snprintf(got + n, sizeof(got) - n, "%.*s",
                               (int) cmd.name.len, cmd.name.data);

        if (cmd.kind == NVR_CMD_CONNECT) {
            n += (size_t) snprintf(got + n, sizeof(got) - n, "(%.*s,%.*s,%u)",
                                   (int) cmd.app.len, cmd.app.data,
                                   (int) cmd.tc_url.len, cmd.tc_url.data,
                                   cmd.hops);
        }

        if (cmd.stream.len) {
            n += (size_t) snprintf(got + n, sizeof(got) - n, "(%.*s)",
                                   (int) cmd.stream.len, cmd.stream.data);
        }

        n += (size_t) snprintf(got + n, sizeof(got) - n, "%s%u ",
                               msg.stream_id ? "@" : "", msg.stream_id);
    }

    nvr_chunk_done(&chunks);
    is_str(got, want, "%s", name);
}


static void
test_publish(void)
{
    size_t               i;
    static const size_t  steps[] = { 1, 2, 7, 100, 1536, 100000 };

    is_int(init(0), NVM_OK, "publish");
    is_int(said_len, 1 + NVR_HANDSHAKE_SIZE, "C0 and C1");
    is_int(said[0], 3, "C0");
    is_mem(said + 1, 8, "\0\0\0\0\0\0\0\0", 8, "time and zero");
    is_mem(said + 9, sizeof(seed) - 8, seed + 8, sizeof(seed) - 8, "random");

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        init(0);
        good(0);
        is_int(feed(in, in_len, steps[i]), NVM_EAGAIN, "pieces of %zu",
               steps[i]);
        is_int(started, 1, "has started");
        is_int(c.state, NVR_CLIENT_READY, "is ready");
        is_int(c.stream_id, 9, "the server's stream");
        is_mem(said + 1 + sizeof(seed), sizeof(seed), in + 1, sizeof(seed),
               "C2 is an echo");
    }

    /* pings and windows in one piece are answered once */
    init(0);
    good(0);
    (void) feed(in, HELLO, HELLO);
    (void) feed(in + HELLO, in_len - HELLO, in_len);
    is_said("connect(live,rtmp://h/live,3)0 "
            "1 releaseStream(secret)0 FCPublish(secret)0 createStream0 "
            "publish(secret)@9 4 3 ", "what is said");

    /* media are nothing that a publisher is waiting for */
    say(9, 1, S("xyz"));
    say(15, 1, S("xyz"));
    is_int(feed(in + in_len - 30, 30, 100), NVM_EAGAIN, "media");
    is_int(messages, 0, "are ignored");
}


static void
test_end(void)
{
    init(0);
    nvr_client_end(&c);
    is_int(c.out_len, 0, "no good-bye before the hello");

    good(0);
    (void) feed(in, in_len, 100000);
    said_len = HELLO;
    nvr_client_end(&c);
    take();

    /* it speaks with larger chunks by now, but these are short */
    is_said("FCUnpublish(secret)0 deleteStream0 ", "good-bye");
}


static void
test_play(void)
{
    init(1);
    good(1);
    say(9, 1, S("video"));
    say(8, 1, S(""));
    say(22, 1, S("aggregate"));
    say(18, 1, S("data"));
    say(16, 1, S("nothing"));
    is_int(feed(in, in_len, 50), NVM_EAGAIN, "play");
    is_int(started, 1, "has started");
    is_int(messages, 4, "audio, video, data and aggregates");
    is_int(last.type, 18, "the last one");
    is_int(last.timestamp, 7, "its time");

    in_len = 0;
    say(4, 0, S("\0\1\0\0\0\1"));
    is_int(feed(in, in_len, 50), NVM_ENOENT, "Stream EOF");
    is_str(c.fault.what, "ended by the server", "is the end");
}


/* A refusal at each step: where, code and text. */
static void
refused(const char *where, const char *code, const char *text,
    const char *name)
{
    is_int(feed(in, in_len, 33), NVM_ENOENT, "%s", name);
    is_str(c.fault.where, where, "%s: where", name);
    is_str(c.code, code, "%s: code", name);
    is_str(c.text, text, "%s: text", name);
    is_int(feed(in, 1, 1), NVM_ENOENT, "%s: sticks", name);
}


static void
test_refused(void)
{
    nvm_writer_t  w;

    init(0);
    hello();
    nvm_writer_init(&w, in, sizeof(in));
    w.len = in_len;
    nvr_reply_connect_rejected(&w, 128, 1, "no\n\"app\"\xff");
    in_len = w.len;
    refused("connect", "NetConnection.Connect.Rejected", "no??app??",
            "connect");

    init(0);
    hello();
    result(1, 0);
    say(20, 0, S("\2\0\6_error\0\x40\x10\0\0\0\0\0\0"));
    refused("createStream", "", "", "createStream");

    init(0);
    hello();
    result(1, 0);
    say(20, 0, S("\2\0\6_error\0\x40\x08\0\0\0\0\0\0\5\3\0\4code\2\0\1x" END));
    result(4, 1);
    status("error", "NetStream.Publish.BadName", "of a secret thing");
    refused("publish", "NetStream.Publish.BadName", "", "publish");

    init(1);
    hello();
    result(1, 0);
    result(4, 1);
    status("status", "NetStream.Play.StreamNotFound", "no such");
    refused("play", "NetStream.Play.StreamNotFound", "no such", "play");

    init(0);
    good(0);
    status("status", "NetStream.Unpublish.Success", "");
    refused("stream", "NetStream.Unpublish.Success", "", "the end");

    init(0);
    good(0);
    say(20, 0, S("\2\0\5close" NUM_0 "\5"));
    refused("stream", "", "", "close");
}


/* Nothing of it is an answer to what was asked. */
static void
test_ignored(void)
{
    init(0);
    hello();
    result(4, 1);
    result(7, 1);
    status("status", "NetStream.Publish.Start", "too early");
    say(20, 0, S("\2\0\4what"));
    say(20, 0, S("\2\0\7_result\2\0\1x"));
    say(20, 0, S("\2\0\6_error\0\x40\x08\0\0\0\0\0\0"));
    say(17, 0, S("\0\2\0\10onStatus" NUM_0 "\x11\x0a\x0b"));
    say(99, 0, S("x"));
    is_int(feed(in, in_len, 9), NVM_EAGAIN, "odd answers");
    is_int(c.state, NVR_CLIENT_CONNECT, "are none");
    is_int(started, 0, "nothing has started");
}


static void
malformed(const char *what, const char *name)
{
    nvm_err_e  rc;

    rc = feed(in, in_len, 64);
    ok(rc != NVM_OK && rc != NVM_EAGAIN && rc != NVM_ENOENT, "%s", name);
    is_str(c.fault.what, what, "%s: text", name);
}


static void
test_malformed(void)
{
    size_t             i;
    nvr_client_conf_t  conf;

    init(0);
    in[0] = 'H';
    in_len = 1;
    malformed("not the version byte of RTMP", "no RTMP");

    init(0);
    hello();
    say(20, 0, S("\5"));
    malformed("malformed command", "a command without a name");

    init(0);
    hello();
    say(4, 0, S("\0"));
    malformed("invalid control message", "a short control message");

    init(0);
    hello();
    memcpy(in + in_len, "\3\0\0\0\xff\xff\xff\x14\0\0\0\0", 12);
    in_len += 12;
    malformed("message too long", "a message that is too long");

    init(0);
    memset(&conf, 0, sizeof(conf));
    conf.app.len = NVR_CLIENT_MAX_NAME + 1;
    nvr_client_done(&c);
    is_int(nvr_client_init(&c, &conf, &mem, seed), NVM_ELIMIT, "long names");

    /* many pings at once, none of the answers taken */
    init(0);
    good(0);
    (void) feed(in, in_len, 100000);

    for (i = 0; i < 2000; i++) {
        nvr_message_t       msg;
        nvr_client_event_e  event;
        size_t              used;

        in_len = 0;
        say(4, 0, S("\0\6\0\0\0\1"));
        (void) nvr_client_feed(&c, in, in_len, &used, &event, &msg);
    }

    ok(c.out_len < NVR_CLIENT_OUT, "2000 pings: %zu bytes", c.out_len);
    is_int(c.fault.code, NVM_OK, "and no harm");
    c.out_len = 0;
}


/* Names of the longest fit. */
static void
test_long(void)
{
    char               *text;
    nvr_client_conf_t   conf;

    text = malloc(NVR_CLIENT_MAX_NAME);
    memset(text, 'x', NVR_CLIENT_MAX_NAME);

    nvr_client_done(&c);
    memset(&conf, 0, sizeof(conf));
    conf.app.data = (uint8_t *) text;
    conf.app.len = NVR_CLIENT_MAX_NAME;
    conf.tc_url = conf.app;
    conf.stream = conf.app;

    is_int(nvr_client_init(&c, &conf, &mem, seed), NVM_OK, "long names");
    said_len = 0;
    started = 0;
    take();
    good(0);

    /* at once, and nothing of it is taken before the end */
    is_int(feed(in, in_len, 100000), NVM_EAGAIN, "long names: fed");
    is_int(started, 1, "long names: started");

    nvr_client_done(&c);
    memset(&c, 0, sizeof(c));
    free(text);
}


static void
test_write(void)
{
    int               done;
    size_t            i, n, at, used, offset, room;
    uint8_t          *body, *out;
    nvm_err_e         rc;
    nvm_writer_t      w;
    nvr_message_t     msg, back;
    nvr_chunk_in_t    chunks;

    static const size_t  sizes[] = { 0, 1, 4095, 4096, 4097, 8192, 50000 };

    init(0);
    good(0);
    (void) feed(in, in_len, 100000);

    body = malloc(50000);
    out = malloc(65536);

    for (i = 0; i < 50000; i++) {
        body[i] = (uint8_t) (i * 7 + (i >> 9));
    }

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        n = sizes[i];

        /* in room for one chunk each, and for all */
        for (room = 4096 + NVR_CHUNK_MAX_HEADER; room < 65536; room += 55000)
        {
            nvr_chunk_init(&chunks, &mem);
            (void) nvr_chunk_set_size(&chunks, NVR_CLIENT_CHUNK);

            memset(&msg, 0, sizeof(msg));
            msg.type = 9;
            msg.timestamp = i & 1 ? 0xfffffff0 : 5;
            msg.data = body;
            msg.len = n;
            offset = 0;
            rc = NVM_EAGAIN;

            do {
                nvm_writer_init(&w, out, room);
                done = nvr_client_write(&c, &w, &msg, &offset);
                is_int(w.error, NVM_OK, "%zu bytes in %zu: fits", n, room);

                for (at = 0; at < w.len && rc == NVM_EAGAIN; at += used) {
                    rc = nvr_chunk_feed(&chunks, out + at, w.len - at, &used,
                                        &back);
                }

            } while (!done && w.len);

            is_int(rc, NVM_OK, "%zu bytes in %zu: a message", n, room);
            is_int(back.timestamp, msg.timestamp, "its time");
            is_int(back.stream_id, 9, "its stream");
            is_mem(back.data, back.len, body, n, "its bytes");
            nvr_chunk_done(&chunks);
        }
    }

    free(body);
    free(out);
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(seed); i++) {
        seed[i] = (uint8_t) (i * 13 + 5);
    }

    test_publish();
    test_end();
    test_play();
    test_refused();
    test_ignored();
    test_malformed();
    test_long();
    test_write();

    nvr_client_done(&c);
    is_int(blocks, 0, "no memory is left");

    return done_testing();
}
