/*
 * Copyright (C) ngx_video authors
 *
 * Aggregate messages.
 */

#include <stdlib.h>

#include "bits.h"
#include "nvr_aggregate.h"
#include "tap.h"


static nvm_fault_t      fault;
static nvr_message_t    part;
static nvr_aggregate_t  aggregate;


/* A message as an aggregate has it, in "bits" (FLV 10.1, E.4.1) */
static void
add(unsigned type, uint32_t timestamp, const void *data, size_t n)
{
    put(8, type);
    put(24, n);
    put(24, timestamp & 0xffffff);
    put(8, timestamp >> 24);
    put(24, 0x010203);                  /* stream id */
    put_bytes(data, n);
    put(32, 11 + n);
}


static void
begin(uint32_t timestamp, const uint8_t *data, size_t n)
{
    nvr_message_t  msg = {
        .type = NVR_MSG_AGGREGATE, .stream_id = 7, .timestamp = timestamp,
        .data = data, .len = n
    };

    memset(&fault, 0, sizeof(fault));
    nvr_aggregate_init(&aggregate, &msg);
}


static void
next(unsigned type, uint32_t timestamp, const char *data)
{
    is_int(nvr_aggregate_next(&aggregate, &part, &fault), NVM_OK,
           "message \"%s\"", data);
    is_int(part.type, type, "its type");
    is_int(part.timestamp, timestamp, "its time");
    is_int(part.stream_id, 7, "its stream, that of the aggregate");
    is_mem(part.data, part.len, data, strlen(data), "its data");
}


static void
end(void)
{
    is_int(nvr_aggregate_next(&aggregate, &part, &fault), NVM_ENOENT, "end");
    is_int(nvr_aggregate_next(&aggregate, &part, &fault), NVM_ENOENT,
           "and no more");
    ok(fault.what == NULL, "no fault");
}


static void
test_messages(void)
{
    bits_begin();
    begin(100, bits, 0);
    end();

    add(NVR_MSG_VIDEO, 5000, "one", 3);
    begin(100, bits, bits_size());
    next(NVR_MSG_VIDEO, 100, "one");
    end();

    add(NVR_MSG_AUDIO, 5020, "", 0);
    add(NVR_MSG_DATA, 4990, "three", 5);
    add(0xc0 | NVR_MSG_AUDIO, 5040, "four", 4);
    begin(100, bits, bits_size());
    next(NVR_MSG_VIDEO, 100, "one");
    next(NVR_MSG_AUDIO, 120, "");
    next(NVR_MSG_DATA, 90, "three");
    next(NVR_MSG_AUDIO, 140, "four");
    end();

    begin(100, bits, bits_size() - 4);
    next(NVR_MSG_VIDEO, 100, "one");
    next(NVR_MSG_AUDIO, 120, "");
    next(NVR_MSG_DATA, 90, "three");
    next(NVR_MSG_AUDIO, 140, "four");
    end();
}


/* Both clocks are of 32 bits, and neither begins where the other does. */
static void
test_wrap(void)
{
    bits_begin();
    add(NVR_MSG_VIDEO, 0xfffffff0, "a", 1);
    add(NVR_MSG_VIDEO, 0x00000010, "b", 1);
    add(NVR_MSG_VIDEO, 0x01000000, "c", 1);

    begin(1000, bits, bits_size());
    next(NVR_MSG_VIDEO, 1000, "a");
    next(NVR_MSG_VIDEO, 1032, "b");
    next(NVR_MSG_VIDEO, 1016 + 0x1000000, "c");
    end();

    begin(0xfffffff8, bits, bits_size());
    next(NVR_MSG_VIDEO, 0xfffffff8, "a");
    next(NVR_MSG_VIDEO, 0x18, "b");
    next(NVR_MSG_VIDEO, 0x1000008, "c");
    end();
}


/* Cut anywhere: the messages before the cut, then an error that stays. */
static void
test_cut(void)
{
    size_t     n;
    uint8_t   *copy;
    unsigned   whole, bad;
    nvm_err_e  rc;

    bits_begin();
    add(NVR_MSG_VIDEO, 0, "one", 3);
    add(NVR_MSG_AUDIO, 0, "second", 6);

    for (n = 0; n <= bits_size(); n++) {
        copy = malloc(n ? n : 1);
        memcpy(copy, bits, n);
        begin(0, copy, n);

        for (whole = 0; ; whole++) {
            rc = nvr_aggregate_next(&aggregate, &part, &fault);

            if (rc != NVM_OK) {
                break;
            }
        }

        is_int(whole, n < 14 ? 0 : n < 35 ? 1 : 2, "whole messages in %zu", n);

        /* the size behind a message may be missing, nobody needs it */
        bad = (n > 0 && n < 14) || (n > 18 && n < 35);
        is_int(rc, bad ? NVM_ETRUNC : NVM_ENOENT, "then");
        ok((fault.what != NULL) == bad && fault.offset <= n, "with a text");

        free(copy);
    }
}


static void
test_nested(void)
{
    bits_begin();
    add(NVR_MSG_VIDEO, 0, "one", 3);
    add(NVR_MSG_AGGREGATE, 0, "two", 3);

    begin(0, bits, bits_size());
    next(NVR_MSG_VIDEO, 0, "one");
    is_int(nvr_aggregate_next(&aggregate, &part, &fault), NVM_EINVAL,
           "an aggregate in another");
    ok(fault.what != NULL, "with a text");

    bits_begin();
    add(0x20 | NVR_MSG_AGGREGATE, 0, "", 0);
    begin(0, bits, bits_size());
    is_int(nvr_aggregate_next(&aggregate, &part, &fault), NVM_EINVAL,
           "with the filter bit");
}


static void
test_many(void)
{
    size_t      i, n;
    uint8_t    *data;
    nvm_err_e   rc;

    data = calloc(NVR_AGGREGATE_MAX + 1, 15);

    for (n = NVR_AGGREGATE_MAX; n <= NVR_AGGREGATE_MAX + 1; n++) {
        begin(0, data, n * 15);

        for (i = 0; /* void */ ; i++) {
            rc = nvr_aggregate_next(&aggregate, &part, &fault);

            if (rc != NVM_OK) {
                break;
            }
        }

        is_int(i, NVR_AGGREGATE_MAX, "so many of %zu messages", n);
        is_int(rc, n == NVR_AGGREGATE_MAX ? NVM_ENOENT : NVM_ELIMIT,
               "then an end or a fault");
    }

    free(data);
}


int
main(void)
{
    test_messages();
    test_wrap();
    test_cut();
    test_nested();
    test_many();

    return done_testing();
}
