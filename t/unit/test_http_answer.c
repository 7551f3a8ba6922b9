/*
 * Copyright (C) ngx_video authors
 *
 * Heads of HTTP answers.
 */

#include <stdlib.h>

#include "nvh_answer.h"
#include "tap.h"


static int           count;
static nvh_answer_t  a;


/* From memory of that size, so that nothing is read beyond it. */
static nvm_err_e
parse(const char *text, size_t n)
{
    static uint8_t  *copy;

    free(copy);
    copy = malloc(n ? n : 1);
    memcpy(copy, text, n);

    return nvh_answer_parse(&a, copy, n);
}


static void
good(const char *text, unsigned status, int keep, unsigned length)
{
    is_int(parse(text, strlen(text)), NVM_OK, "answer %d", ++count);
    is_int(a.status, status, "its status");
    is_int(a.keep, keep, "is it kept");
    is_int(a.head, strlen(text), "the size of the head");

    if (keep) {
        is_int(a.length, length, "the size of the body");
    }
}


static void
bad(const char *text, const char *error)
{
    is_int(parse(text, strlen(text)), NVM_EINVAL, "answer %d", ++count);
    is_str(a.error, error, "because of it");
}


static void
test_good(void)
{
    size_t  n;

    static const char  text[] =
        "HTTP/1.1 302 Moved: there\r\nlocation: \t http://x/a b?c \t\r\n"
        "Content-Length:5\r\nX-Empty:\r\n\r\n";

    good("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n", 200, 1, 12);
    good("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, 1, 0);
    good("HTTP/1.1 599 \r\n\r\n", 599, 0, 0);
    good("HTTP/1.1 204 No\r\n\r\n", 204, 1, 0);
    good("HTTP/1.1 304 No\r\nContent-Length: 7\r\n\r\n", 304, 1, 0);
    good("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", 200, 0, 0);
    good("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
         200, 1, 1);
    good("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: a, Close ,b"
         "\r\n\r\n", 200, 0, 0);
    good("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nconnection: closed\r\n\r\n",
         200, 1, 1);
    good("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n"
         "Content-Length: 1\r\n\r\n", 200, 0, 0);
    good("HTTP/1.1 200 \xc3\xa9\r\nX: \xff\r\n\r\n", 200, 0, 0);

    good(text, 302, 1, 5);
    is_mem(a.location.data, a.location.len, "http://x/a b?c", 14, "Location");

    for (n = 0; n < sizeof(text) - 1; n++) {
        if (parse(text, n) != NVM_EAGAIN) {
            break;
        }
    }

    is_int(n, sizeof(text) - 1, "more is wanted until all of it is there");
}


static void
test_bad(void)
{
    bad("HTTP/1.1 100 Continue\r\n\r\n", "unexpected status");
    bad("HTTP/1.1 600 What\r\n\r\n", "unexpected status");
    bad("HTTP/2 200\r\n\r\n", "not an HTTP/1.x answer");
    bad("HTTP/1.2 200 OK\r\n\r\n", "not an HTTP/1.x answer");
    bad("HTTP/1.1 20 OK\r\n\r\n", "not an HTTP/1.x answer");
    bad("HTTP/1.1 2000 OK\r\n\r\n", "not an HTTP/1.x answer");
    bad("HTTP/1.1  200 OK\r\n\r\n", "not an HTTP/1.x answer");
    bad("HTTP/1.1\r\n\r\n", "not an HTTP/1.x answer");
    bad("\r\nHTTP/1.1 200 OK\r\n\r\n", "not an HTTP/1.x answer");
    bad("SSH-2.0", "not an HTTP/1.x answer");
    bad("H\r", "not an HTTP/1.x answer");
    bad("HTTP/1.1 200 OK\n\n", "malformed answer");
    bad("HTTP/1.1 200 OK\r\r\n", "malformed answer");
    bad("HTTP/1.1 200 OK\r\nA: b\x01\r\n\r\n", "malformed answer");
    bad("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "malformed header");
    bad("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "malformed header");
    bad("HTTP/1.1 200 OK\r\n: x\r\n\r\n", "malformed header");
    bad("HTTP/1.1 200 OK\r\nA : x\r\n\r\n", "malformed header");
    bad("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "invalid Content-Length");
    bad("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
        "invalid Content-Length");
    bad("HTTP/1.1 200 OK\r\nContent-Length: 1234567890123456789\r\n\r\n",
        "invalid Content-Length");
    bad("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "two Content-Length");
    bad("HTTP/1.1 302 OK\r\nLocation: a\r\nLocation: a\r\n\r\n",
        "two Location");
}


static void
test_long(void)
{
    size_t       head;
    static char  text[2 * NVH_ANSWER_MAX];

    head = strlen("HTTP/1.1 200 OK\r\nA: ");
    memset(text, 'x', sizeof(text));
    memcpy(text, "HTTP/1.1 200 OK\r\nA: ", head);

    is_int(parse(text, NVH_ANSWER_MAX - 1), NVM_EAGAIN, "nearly too long");
    is_int(parse(text, NVH_ANSWER_MAX), NVM_ELIMIT, "too long");
    is_str(a.error, "too long an answer head", "because of it");

    memcpy(&text[NVH_ANSWER_MAX - 4], "\r\n\r\n", 4);
    is_int(parse(text, NVH_ANSWER_MAX), NVM_OK, "the longest head");
    is_int(parse(text, sizeof(text)), NVM_OK, "with a body");
    is_int(a.head, NVH_ANSWER_MAX, "which is not of the head");

    memset(&text[NVH_ANSWER_MAX - 4], 'x', 4);
    memcpy(&text[NVH_ANSWER_MAX - 3], "\r\n\r\n", 4);
    is_int(parse(text, sizeof(text)), NVM_ELIMIT, "a byte longer");
}


int
main(void)
{
    test_good();
    test_bad();
    test_long();
    parse("", 0);

    return done_testing();
}
