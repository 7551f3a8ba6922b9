/*
 * Copyright (C) ngx_video authors
 *
 * The RTMP chunk stream: every input is fed whole, byte by byte and in pieces
 * of a few odd sizes, and must give the same messages and the same end.
 */

#include <stdlib.h>
#include <string.h>

#include "nvm_writer.h"
#include "nvr_chunk.h"
#include "tap.h"


#define MAX_MSGS  64


typedef struct {
    uint32_t    csid, stream_id, timestamp;
    uint8_t     type;
    size_t      len;
    uint8_t    *data;
} msg_t;


typedef struct {
    nvm_err_e   rc;
    nvm_fault_t fault;
    size_t      n;
    msg_t       msg[MAX_MSGS];
} run_t;


static size_t  live, allocs, peak, fail_at;


static void *
mem_alloc(void *data, size_t size)
{
    size_t  *p;

    (void) data;

    if (++allocs == fail_at) {
        return NULL;
    }

    p = malloc(size + 16);
    if (p == NULL) {
        return NULL;
    }

    *p = size;
    live += size;
    peak = live > peak ? live : peak;

    return (char *) p + 16;
}


static void
mem_free(void *data, void *mem)
{
    size_t  *p;

    (void) data;

    p = (size_t *) (void *) ((char *) mem - 16);
    live -= *p;
    free(p);
}


static const nvr_mem_t  mem = { mem_alloc, mem_free, NULL };


/* Feeds a piece from a block of its exact size, so that ASan watches it. */
static void
feed(nvr_chunk_in_t *in, const uint8_t *data, size_t n, run_t *out)
{
    size_t          used, at;
    uint8_t        *copy;
    msg_t          *m;
    nvr_message_t   msg;

    copy = malloc(n ? n : 1);
    memcpy(copy, data, n);
    at = 0;

    for ( ;; ) {
        out->rc = nvr_chunk_feed(in, copy + at, n - at, &used, &msg);
        at += used;

        if (out->rc != NVM_OK) {
            break;
        }

        if (out->n == MAX_MSGS) {
            break;
        }

        m = &out->msg[out->n++];
        m->csid = msg.csid;
        m->stream_id = msg.stream_id;
        m->timestamp = msg.timestamp;
        m->type = msg.type;
        m->len = msg.len;
        m->data = malloc(msg.len ? msg.len : 1);
        memcpy(m->data, msg.data, msg.len);
    }

    if (out->rc == NVM_EAGAIN && at != n) {
        ok(0, "EAGAIN with %zu of %zu consumed", at, n);
    }

    free(copy);
}


static void
run(run_t *out, const uint8_t *data, size_t n, size_t step)
{
    size_t          at, k;
    nvr_chunk_in_t  in;

    memset(out, 0, sizeof(run_t));
    nvr_chunk_init(&in, &mem);
    in.max_message = 1024 * 1024;
    in.max_held = 2 * 1024 * 1024;

    out->rc = NVM_EAGAIN;

    for (at = 0; at < n && out->rc == NVM_EAGAIN; at += k) {
        k = n - at < step ? n - at : step;
        feed(&in, data + at, k, out);
    }

    out->fault = in.fault;
    nvr_chunk_done(&in);
}


static void
run_free(run_t *r)
{
    while (r->n) {
        free(r->msg[--r->n].data);
    }
}


static int
same(const run_t *a, const run_t *b)
{
    size_t        i;
    const msg_t  *x, *y;

    if (a->rc != b->rc || a->n != b->n) {
        return 0;
    }

    for (i = 0; i < a->n; i++) {
        x = &a->msg[i];
        y = &b->msg[i];

        if (x->csid != y->csid || x->stream_id != y->stream_id
            || x->timestamp != y->timestamp || x->type != y->type
            || x->len != y->len || memcmp(x->data, y->data, x->len) != 0)
        {
            return 0;
        }
    }

    return 1;
}


/* The result of the whole input, after it was compared with the pieces. */
static void
run_all(run_t *out, const uint8_t *data, size_t n, const char *name)
{
    size_t               i;
    run_t                other;
    static const size_t  steps[] = { 1, 2, 3, 5, 7, 11, 13, 127, 129 };

    run(out, data, n, n);

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        run(&other, data, n, steps[i]);
        ok(same(out, &other), "%s: pieces of %zu", name, steps[i]);
        run_free(&other);
    }

    is_int(live, 0, "%s: nothing leaks", name);
}


/* Input under construction. */
static uint8_t       bytes[256 * 1024];
static nvm_writer_t  w;


static void
begin(void)
{
    nvm_writer_init(&w, bytes, sizeof(bytes));
}


static void
fill(size_t n, uint8_t first)
{
    while (n--) {
        nvm_writer_u8(&w, first++);
    }
}


static void
head0(uint8_t csid, uint32_t ts, uint32_t len, uint8_t type, uint8_t sid)
{
    nvm_writer_u8(&w, csid);
    nvm_writer_u24(&w, ts);
    nvm_writer_u24(&w, len);
    nvm_writer_u8(&w, type);
    nvm_writer_u8(&w, sid);
    nvm_writer_u24(&w, 0);
}


static void
head1(uint8_t csid, uint32_t delta, uint32_t len, uint8_t type)
{
    nvm_writer_u8(&w, 0x40 | csid);
    nvm_writer_u24(&w, delta);
    nvm_writer_u24(&w, len);
    nvm_writer_u8(&w, type);
}


static void
head2(uint8_t csid, uint32_t delta)
{
    nvm_writer_u8(&w, 0x80 | csid);
    nvm_writer_u24(&w, delta);
}


static void
head3(uint8_t csid)
{
    nvm_writer_u8(&w, 0xc0 | csid);
}


static void
is_msg(const run_t *r, size_t i, uint32_t csid, uint32_t ts, uint8_t type,
    size_t len, uint8_t first, const char *name)
{
    size_t        k;
    const msg_t  *m;

    if (i >= r->n) {
        ok(0, "%s: message %zu is there", name, i);
        return;
    }

    m = &r->msg[i];
    is_int(m->csid, csid, "%s: message %zu: csid", name, i);
    is_int(m->timestamp, ts, "%s: message %zu: timestamp", name, i);
    is_int(m->type, type, "%s: message %zu: type", name, i);
    is_int(m->len, len, "%s: message %zu: length", name, i);

    for (k = 0; k < m->len && m->data[k] == (uint8_t) (first + k); k++) {
        /* void */
    }

    is_int(k, m->len, "%s: message %zu: payload", name, i);
}


static void
is_fault(const char *name, nvm_err_e rc, const char *what)
{
    run_t  r;

    run_all(&r, bytes, w.len, name);
    is_int(r.rc, rc, "%s: result", name);
    is_int(r.fault.code, rc, "%s: code of the fault", name);
    is_str(r.fault.what, what, "%s: text of the fault", name);
    ok(strncmp(r.fault.where, "chunk stream ", 13) == 0, "%s: where", name);
    run_free(&r);
}


static void
test_formats(void)
{
    run_t  r;

    begin();
    head0(6, 1000, 5, 9, 1);
    fill(5, 1);
    head1(6, 40, 3, 8);
    fill(3, 10);
    head2(6, 20);
    fill(3, 20);
    head3(6);
    fill(3, 30);
    head3(6);
    fill(3, 40);
    head0(6, 7, 2, 9, 1);           /* back in time is the sender's affair */
    fill(2, 50);
    head3(6);                       /* the timestamp of type 0 is the delta */
    fill(2, 60);

    run_all(&r, bytes, w.len, "types 0 to 3");
    is_int(r.rc, NVM_EAGAIN, "types 0 to 3: wants more");
    is_int(r.n, 7, "types 0 to 3: messages");
    is_msg(&r, 0, 6, 1000, 9, 5, 1, "type 0");
    is_msg(&r, 1, 6, 1040, 8, 3, 10, "type 1");
    is_msg(&r, 2, 6, 1060, 8, 3, 20, "type 2");
    is_msg(&r, 3, 6, 1080, 8, 3, 30, "type 3");
    is_msg(&r, 4, 6, 1100, 8, 3, 40, "type 3 again");
    is_msg(&r, 5, 6, 7, 9, 2, 50, "type 0 again");
    is_msg(&r, 6, 6, 14, 9, 2, 60, "type 3 after type 0");
    is_int(r.msg[6].stream_id, 1, "stream id is kept");
    run_free(&r);
}


static void
test_chunks(void)
{
    run_t  r;

    begin();
    head0(4, 0, 300, 9, 1);
    fill(128, 0);
    head0(5, 3, 130, 8, 2);         /* another chunk stream in between */
    fill(128, 7);
    head3(4);
    fill(128, 128);
    head3(5);
    fill(2, 135);
    head3(4);
    fill(44, 0);

    run_all(&r, bytes, w.len, "interleaved");
    is_int(r.n, 2, "interleaved: messages");
    is_msg(&r, 0, 5, 3, 8, 130, 7, "interleaved audio");
    is_msg(&r, 1, 4, 0, 9, 300, 0, "interleaved video");
    run_free(&r);
}


static void
test_csid(void)
{
    run_t  r;

    begin();
    nvm_writer_bytes(&w, "\x00\x00", 2);                /* 64 */
    nvm_writer_bytes(&w, "\0\0\1\0\0\1\x14\0\0\0\0", 11);
    fill(1, 1);
    nvm_writer_bytes(&w, "\x00\xff", 2);                /* 319 */
    nvm_writer_bytes(&w, "\0\0\2\0\0\1\x14\0\0\0\0", 11);
    fill(1, 2);
    nvm_writer_bytes(&w, "\x01\xff\xff", 3);            /* 65599 */
    nvm_writer_bytes(&w, "\0\0\3\0\0\1\x14\0\0\0\0", 11);
    fill(1, 3);
    nvm_writer_bytes(&w, "\x01\x00\x00", 3);            /* 64 once more */
    nvm_writer_bytes(&w, "\0\0\4\0\0\1\x14\0\0\0\0", 11);
    fill(1, 4);
    nvm_writer_bytes(&w, "\xc0\xff", 2);                /* type 3 on 319 */
    fill(1, 5);

    run_all(&r, bytes, w.len, "long csid");
    is_int(r.n, 5, "long csid: messages");
    is_msg(&r, 0, 64, 1, 20, 1, 1, "csid in two bytes");
    is_msg(&r, 1, 319, 2, 20, 1, 2, "largest in two bytes");
    is_msg(&r, 2, 65599, 3, 20, 1, 3, "largest in three bytes");
    is_msg(&r, 3, 64, 4, 20, 1, 4, "small in three bytes");
    is_msg(&r, 4, 319, 4, 20, 1, 5, "type 3 in two bytes");
    run_free(&r);
}


static void
extended(int repeat, uint32_t ts)
{
    head0(6, 0xffffff, 258, 9, 1);
    nvm_writer_u32(&w, ts);
    fill(128, 0);
    head3(6);
    if (repeat) {
        nvm_writer_u32(&w, ts);
    }
    fill(128, 128);
    head3(6);
    if (repeat) {
        nvm_writer_u32(&w, ts);
    }
    fill(2, 0);
}


static void
test_extended(void)
{
    run_t  r;

    begin();
    extended(1, 0x01000000);
    head1(6, 33, 3, 9);             /* an ordinary delta ends it */
    fill(3, 1);
    head3(6);
    fill(3, 5);

    run_all(&r, bytes, w.len, "extended");
    is_int(r.n, 3, "extended: messages");
    is_msg(&r, 0, 6, 0x01000000, 9, 258, 0, "extended timestamp");
    is_msg(&r, 1, 6, 0x01000021, 9, 3, 1, "delta after extended");
    is_msg(&r, 2, 6, 0x01000042, 9, 3, 5, "type 3 after extended");
    run_free(&r);

    begin();
    extended(0, 0x01000000);
    extended(0, 0x80000001);        /* payload begins like the timestamp */
    head0(6, 5, 1, 9, 1);
    fill(1, 9);

    run_all(&r, bytes, w.len, "extended left out");
    is_int(r.n, 3, "extended left out: messages");
    is_msg(&r, 0, 6, 0x01000000, 9, 258, 0, "left out");
    is_msg(&r, 1, 6, 0x80000001, 9, 258, 0, "left out, begins alike");
    is_msg(&r, 2, 6, 5, 9, 1, 9, "header after left out");
    run_free(&r);

    /* delta in type 1; continuation has the absolute time instead */
    begin();
    head0(6, 50, 1, 9, 1);
    fill(1, 1);
    head1(6, 0xffffff, 130, 9);
    nvm_writer_u32(&w, 0x02000000);
    fill(128, 0);
    head3(6);
    nvm_writer_u32(&w, 0x02000032);
    fill(2, 128);
    head3(6);                       /* a new message repeats the delta */
    nvm_writer_u32(&w, 0x02000000);
    fill(128, 0);
    head3(6);
    nvm_writer_u32(&w, 0x02000000);
    fill(2, 128);

    run_all(&r, bytes, w.len, "extended delta");
    is_int(r.n, 3, "extended delta: messages");
    is_msg(&r, 1, 6, 0x02000032, 9, 130, 0, "extended delta");
    is_msg(&r, 2, 6, 0x04000032, 9, 130, 0, "extended delta repeated");
    run_free(&r);

    /* 0xffffff itself has to be sent extended; type 3 repeats a time */
    begin();
    head0(6, 0xffffff, 1, 9, 1);
    nvm_writer_u32(&w, 0xffffff);
    fill(1, 1);
    head3(6);
    nvm_writer_u32(&w, 0x1000020);
    fill(1, 2);

    run_all(&r, bytes, w.len, "type 3 with a time");
    is_msg(&r, 0, 6, 0xffffff, 9, 1, 1, "smallest extended");
    is_msg(&r, 1, 6, 0x1000020, 9, 1, 2, "type 3 with a time");
    run_free(&r);
}


/*
 * The sender leaves the extended timestamp out, and what is compared with it
 * reaches over the end of the chunk into headers that follow.
 */
static void
test_replay(void)
{
    run_t  r;

    begin();
    head0(6, 0xffffff, 129, 9, 1);
    nvm_writer_u32(&w, 0x00c6c611);
    fill(128, 128);
    head3(6);
    fill(1, 0);                     /* 00: as the timestamp begins */
    head3(6);                       /* c6: as it goes on */
    nvm_writer_u32(&w, 0x00c6c611);
    fill(128, 128);
    head3(6);
    fill(1, 0);
    nvm_writer_u8(&w, 0xc6);        /* and c6 c6 00 */
    nvm_writer_u32(&w, 0x00c6c611);
    fill(128, 128);
    head3(6);
    nvm_writer_u32(&w, 0x00c6c611); /* now with it */
    fill(1, 0);

    run_all(&r, bytes, w.len, "replay");
    is_int(r.n, 3, "replay: messages");
    is_msg(&r, 0, 6, 0x00c6c611, 9, 129, 128, "replay");
    is_msg(&r, 1, 6, 0x00c6c611, 9, 129, 128, "replay twice");
    is_msg(&r, 2, 6, 0x00c6c611, 9, 129, 128, "no replay");
    run_free(&r);

    /* the bytes that are read again hold whole messages of another stream */
    begin();
    head0(5, 1, 0, 8, 1);
    head0(6, 0xffffff, 129, 9, 1);
    nvm_writer_u32(&w, 0x00c5c5c6);
    fill(128, 128);
    head3(6);
    fill(1, 0);
    head3(5);
    head3(5);
    head3(5);

    run_all(&r, bytes, w.len, "replay of messages");
    is_int(r.n, 5, "replay of messages: messages");
    is_msg(&r, 1, 6, 0x00c5c5c6, 9, 129, 128, "before the replay");
    is_msg(&r, 2, 5, 2, 8, 0, 0, "first in replay");
    is_msg(&r, 4, 5, 4, 8, 0, 0, "last in replay");
    run_free(&r);
}


static void
test_wrap(void)
{
    run_t  r;

    begin();
    head0(6, 0xffffff, 1, 9, 1);
    nvm_writer_u32(&w, 0xfffffff0);
    fill(1, 1);
    head1(6, 0x20, 1, 9);
    fill(1, 2);

    run_all(&r, bytes, w.len, "wrap");
    is_msg(&r, 0, 6, 0xfffffff0, 9, 1, 1, "before the wrap");
    is_msg(&r, 1, 6, 0x10, 9, 1, 2, "after the wrap");
    run_free(&r);
}


static void
test_empty(void)
{
    run_t  r;

    begin();
    head0(6, 10, 0, 8, 1);
    head2(6, 5);
    head3(6);
    head1(6, 1, 2, 8);
    fill(2, 1);

    run_all(&r, bytes, w.len, "empty");
    is_int(r.n, 4, "empty: messages");
    is_msg(&r, 0, 6, 10, 8, 0, 0, "empty type 0");
    is_msg(&r, 1, 6, 15, 8, 0, 0, "empty type 2");
    is_msg(&r, 2, 6, 20, 8, 0, 0, "empty type 3");
    is_msg(&r, 3, 6, 21, 8, 2, 1, "message after empty");
    run_free(&r);
}


static void
control(uint8_t type, uint32_t v)
{
    head0(2, 0, 4, type, 0);
    nvm_writer_u32(&w, v);
}


static void
test_chunk_size(void)
{
    run_t  r;

    begin();
    control(1, 1);
    head0(6, 0, 3, 9, 1);
    fill(1, 1);
    head3(6);
    fill(1, 2);
    head0(2, 0, 4, 1, 0);           /* while a message is open */
    nvm_writer_bytes(&w, "\x7f\xc2\xff\xc2\xff\xc2\xff", 7);
    head3(6);
    fill(1, 3);
    head0(6, 0, 70000, 9, 1);
    fill(70000, 5);

    run_all(&r, bytes, w.len, "chunk size");
    is_int(r.n, 4, "chunk size: messages");
    is_int(r.msg[0].type, NVR_MSG_SET_CHUNK_SIZE, "caller sees it");
    is_msg(&r, 2, 6, 0, 9, 3, 1, "chunks of one byte");
    is_msg(&r, 3, 6, 0, 9, 70000, 5, "one chunk");
    run_free(&r);

    begin();
    control(1, 0);
    is_fault("chunk size 0", NVM_EINVAL, "chunk size out of range");

    begin();
    control(1, 0x80000000);
    is_fault("chunk size with top bit", NVM_EINVAL,
             "chunk size out of range");

    begin();
    head0(2, 0, 3, 1, 0);
    fill(3, 0);
    is_fault("short Set Chunk Size", NVM_ETRUNC, "protocol control message");
}


static void
test_abort(void)
{
    run_t  r;

    begin();
    head0(6, 100, 200, 9, 1);
    fill(128, 1);
    control(2, 6);
    control(2, 77);                 /* a chunk stream that isn't there */
    head1(6, 1, 2, 9);
    fill(2, 3);

    run_all(&r, bytes, w.len, "abort");
    is_int(r.n, 3, "abort: messages");
    is_msg(&r, 2, 6, 101, 9, 2, 3, "message after abort");
    run_free(&r);
}


static void
test_faults(void)
{
    unsigned  i;
    run_t     r;

    for (i = 1; i < 4; i++) {
        begin();
        nvm_writer_u8(&w, (uint8_t) (i << 6 | 3));
        fill(11, 0);
        is_fault("first chunk not type 0", NVM_EINVAL,
                 "chunk stream without a first header");
    }

    begin();
    head1(2, 9, 6, 4);
    fill(6, 1);
    run_all(&r, bytes, w.len, "librtmp");
    is_msg(&r, 0, 2, 9, 4, 6, 1, "type 1 first, on chunk stream 2");
    run_free(&r);

    begin();
    head2(2, 9);
    is_fault("type 2 first on chunk stream 2", NVM_EINVAL,
             "chunk stream without a first header");

    begin();
    head0(6, 0, 200, 9, 1);
    fill(128, 0);
    head0(6, 0, 200, 9, 1);
    is_fault("header inside a message", NVM_EINVAL,
             "new message inside one of its chunk stream");

    begin();
    head0(6, 0, 1024 * 1024 + 1, 9, 1);
    is_fault("long message", NVM_ELIMIT, "message too long");

    begin();
    for (i = 0; i < NVR_CHUNK_MAX_STREAMS; i++) {
        nvm_writer_u8(&w, 0);
        nvm_writer_u8(&w, (uint8_t) i);
        nvm_writer_bytes(&w, "\0\0\0\0\0\0\x14\0\0\0\0", 11);
    }
    run(&r, bytes, w.len, w.len);
    is_int(r.n, NVR_CHUNK_MAX_STREAMS, "64 chunk streams are allowed");
    run_free(&r);

    head0(9, 0, 0, 20, 0);
    run(&r, bytes, w.len, 5);
    is_int(r.rc, NVM_ELIMIT, "one more is not");
    run_free(&r);
}


/* A claimed length costs nothing; open messages together are limited. */
static void
test_memory(void)
{
    unsigned         i;
    size_t           before;
    run_t            r;
    uint8_t          csid;
    nvr_chunk_in_t   in;

    memset(&r, 0, sizeof(r));
    nvr_chunk_init(&in, &mem);
    peak = 0;

    for (csid = 3; csid < 60; csid++) {
        begin();
        head0(csid, 0, 8 * 1024 * 1024, 9, 1);
        fill(128, 0);
        feed(&in, bytes, w.len, &r);
    }

    is_int(r.rc, NVM_EAGAIN, "57 claims of 8 MiB");
    ok(peak < 57 * 1024, "cost %zu bytes", peak);
    nvr_chunk_done(&in);
    is_int(live, 0, "all given back");

    nvr_chunk_init(&in, &mem);
    in.max_held = 256 * 1024;
    peak = 0;

    begin();
    control(1, 0x10000);
    feed(&in, bytes, w.len, &r);

    for (csid = 3; csid < 60 && r.rc == NVM_EAGAIN; csid++) {
        begin();
        head0(csid, 0, 0x20000, 9, 1);
        fill(0x10000, 0);
        feed(&in, bytes, w.len, &r);
    }

    is_int(r.rc, NVM_ELIMIT, "open messages of more than the limit");
    ok(peak < 300 * 1024, "held %zu bytes", peak);
    is_str(in.fault.what, "too much in open messages", "text of the fault");
    nvr_chunk_done(&in);
    run_free(&r);

    /* idle buffers make room */
    memset(&r, 0, sizeof(r));
    nvr_chunk_init(&in, &mem);
    in.max_held = 256 * 1024;

    begin();
    control(1, 0x20000);
    feed(&in, bytes, w.len, &r);

    for (csid = 3; csid < 30; csid++) {
        begin();
        head0(csid, 0, 0x10001, 9, 1);
        fill(0x10001, csid);
        feed(&in, bytes, w.len, &r);
    }

    is_int(r.rc, NVM_EAGAIN, "idle buffers make room");
    is_int(r.n, 28, "for all messages");
    is_msg(&r, 27, 29, 0, 9, 0x10001, 29, "the last");
    run_free(&r);

    before = allocs;

    for (i = 0; i < 50; i++) {
        begin();
        head1(29, 1, 0x10001 - i, 9);
        fill(0x10001 - i, 1);
        feed(&in, bytes, w.len, &r);
        run_free(&r);
    }

    is_int(allocs - before, 0, "a steady state allocates nothing");
    nvr_chunk_done(&in);
    is_int(live, 0, "all given back");
}


static void
test_alloc_failure(void)
{
    size_t  i;
    run_t   r;

    begin();
    control(1, 300);
    head0(6, 0, 5000, 9, 1);
    fill(300, 0);
    for (i = 0; i < 15; i++) {
        head3(6);
        fill(300, 0);
    }
    head3(6);
    fill(200, 0);

    for (i = 1; i < 20; i++) {
        allocs = 0;
        fail_at = i;
        run(&r, bytes, w.len, 100);
        run_free(&r);

        if (allocs < i) {
            break;
        }

        is_int(r.rc, NVM_ENOMEM, "allocation %zu fails", i);
        is_int(live, 0, "allocation %zu fails: nothing leaks", i);
    }

    fail_at = 0;
    ok(i > 4 && i < 20, "took %zu allocations", i - 1);
}


static void
round_trip(uint32_t csid, uint32_t ts, size_t len, size_t chunk)
{
    size_t           i;
    run_t            r;
    uint8_t         *body;
    nvm_writer_t     dry;
    nvr_chunk_in_t   in;

    body = malloc(len ? len : 1);
    for (i = 0; i < len; i++) {
        body[i] = (uint8_t) i;
    }

    nvm_writer_init(&dry, NULL, 0);
    nvr_chunk_write(&dry, chunk, csid, 20, 0x01020304, ts, body, len);

    begin();
    nvr_chunk_write(&w, chunk, csid, 20, 0x01020304, ts, body, len);
    is_int(nvm_writer_done(&w, dry.len), NVM_OK, "dry pass agrees");

    memset(&r, 0, sizeof(r));
    nvr_chunk_init(&in, &mem);
    is_int(nvr_chunk_set_size(&in, (uint32_t) chunk), NVM_OK, "chunk size");
    feed(&in, bytes, w.len, &r);
    is_int(r.n, 1, "%zu bytes in chunks of %zu", len, chunk);
    is_msg(&r, 0, csid, ts, 20, len, 0, "round trip");

    if (r.n) {
        is_int(r.msg[0].stream_id, 0x01020304, "stream id");
    }

    nvr_chunk_done(&in);
    run_free(&r);
    free(body);
}


static void
test_write(void)
{
    uint8_t  out[32];

    nvm_writer_init(&w, out, sizeof(out));
    nvr_chunk_write(&w, 2, 5, 20, 1, 0x123456, (const uint8_t *) "abc", 3);
    is_mem(out, w.len, "\x05\x12\x34\x56\0\0\3\x14\1\0\0\0ab\xc5" "c", 16,
           "bytes of two chunks");

    nvm_writer_init(&w, out, 15);
    nvr_chunk_write(&w, 2, 5, 20, 1, 0x123456, (const uint8_t *) "abc", 3);
    is_int(w.error, NVM_EOVERFLOW, "no room for the last byte");

    nvm_writer_init(&w, out, sizeof(out));
    nvr_chunk_write(&w, 0, 5, 20, 1, 0, out, 3);
    is_int(w.error, NVM_EINVAL, "chunk size 0");

    nvm_writer_init(&w, out, sizeof(out));
    nvr_chunk_write(&w, 128, 1, 20, 1, 0, out, 3);
    is_int(w.error, NVM_EINVAL, "csid 1");

    round_trip(2, 0, 4, 128);
    round_trip(63, 0xfffffe, 128, 128);
    round_trip(64, 0xffffff, 129, 128);
    round_trip(319, 0xffffffff, 1000, 1);
    round_trip(320, 77, 65536, 4096);
    round_trip(65599, 77, 0, 4096);
}


int
main(void)
{
    test_formats();
    test_chunks();
    test_csid();
    test_extended();
    test_replay();
    test_wrap();
    test_empty();
    test_chunk_size();
    test_abort();
    test_faults();
    test_memory();
    test_alloc_failure();
    test_write();

    return done_testing();
}
