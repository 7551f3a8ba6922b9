/*
 * Copyright (C) ngx_video authors
 *
 * Samples read back from segments that nvm_cmaf_chunk_write() made, box by
 * box, and from segments that somebody has damaged.
 */

#include <string.h>

#include "nvm_cmaf.h"
#include "nvm_cmaf_read.h"
#include "tap.h"


#define CHUNKS   3
#define SAMPLES  5
#define ID       7


static uint8_t       segment[65536];
static size_t        size;
static nvm_sample_t  samples[CHUNKS * SAMPLES];


/* Bytes of sample i. */
static uint8_t
value(size_t i)
{
    return (uint8_t) (17 * i + 3);
}


static void
make(unsigned alike, unsigned events)
{
    size_t                i, k;
    uint64_t              dts, payload;
    nvm_track_t           t = { 0 };
    nvm_writer_t          w;
    nvm_cmaf_chunk_t      c = { 0 };
    static const uint8_t  event[] = { 0, 0, 0, 12, 'e', 'm', 's', 'g',
                                      1, 2, 3, 4 };

    t.id = ID;
    t.timescale = 90000;
    dts = 1234567890123;
    size = 0;

    for (i = 0; i < CHUNKS; i++) {
        c.track = &t;
        c.samples = &samples[i * SAMPLES];
        c.nsamples = SAMPLES;
        c.sequence = (uint32_t) i + 1;
        c.first = i == 0;
        c.wall = i == 1 ? 1795295948100 : 0;
        c.events = events ? event : NULL;
        c.events_len = events ? sizeof(event) : 0;

        /* after a gap between two chunks */
        dts += i == 2 ? 50000 : 0;
        c.dts = dts;

        for (k = i * SAMPLES; k < (i + 1) * SAMPLES; k++) {
            samples[k].dts = dts;
            samples[k].duration = alike ? 3000 : 3000 + (uint32_t) k;
            samples[k].size = alike ? 100 : 100 + (uint32_t) k * 7;
            samples[k].cts = alike ? 0 : (int32_t) k * 100 - 300;
            samples[k].key = alike || k % 4 == 0;
            dts += samples[k].duration;
        }

        nvm_writer_init(&w, segment + size, sizeof(segment) - size);
        is_int(nvm_cmaf_chunk_write(&w, &c, &payload), NVM_OK, "chunk");
        size += w.len;

        for (k = i * SAMPLES; k < (i + 1) * SAMPLES; k++) {
            samples[k].offset = size;
            memset(segment + size, value(k), samples[k].size);
            size += samples[k].size;
        }
    }
}


/* How many samples can be read, and are as they were written. */
static size_t
count(nvm_err_e *err)
{
    size_t           n;
    uint64_t         at, len;
    nvm_fault_t      f = { 0 };
    nvm_sample_t     s, *want;
    nvm_cmaf_box_e   type;
    nvm_cmaf_read_t  r;

    n = 0;
    *err = NVM_OK;

    for (at = 0; at < size; at += len) {
        *err = nvm_cmaf_read_box(segment + at, size - at < NVM_CMAF_BOX
                                               ? size - at : NVM_CMAF_BOX,
                                 at, size, &type, &len, &f);

        if (*err == NVM_OK && type == NVM_CMAF_MOOF) {
            *err = nvm_cmaf_read_chunk(&r, ID, segment + at, (size_t) len, at,
                                       size, &f);

            while (*err == NVM_OK) {
                *err = nvm_cmaf_read_sample(&r, &s, &f);

                if (*err == NVM_OK) {
                    want = &samples[n];
                    n += s.dts == want->dts && s.duration == want->duration
                         && s.size == want->size && s.cts == want->cts
                         && s.key == want->key && s.offset == want->offset
                         && segment[s.offset] == value(n);
                }
            }

            *err = *err == NVM_ENOENT ? NVM_OK : *err;
        }

        if (*err != NVM_OK) {
            return n;
        }
    }

    return n;
}


static void
test_samples(void)
{
    nvm_err_e  err;

    make(0, 0);
    is_int(count(&err), CHUNKS * SAMPLES, "all samples");
    is_int(err, NVM_OK, "to the end");

    make(1, 1);
    is_int(count(&err), CHUNKS * SAMPLES, "that are alike, with events");
    is_int(err, NVM_OK, "to the end");
}


/* Offset of a type in the first chunk. */
static size_t
find(const char *type)
{
    size_t  i;

    for (i = 4; memcmp(segment + i, type, 4) != 0; i++) { /* void */ }

    return i;
}


static void
test_damaged(void)
{
    size_t     i;
    uint8_t    saved;
    nvm_err_e  err;

    make(0, 0);

    size--;
    is_int(count(&err), CHUNKS * SAMPLES - 1, "a segment that is cut");
    is_int(err, NVM_EINVAL, "is an error");
    size++;

    memcpy(segment + find("tfdt"), "free", 4);
    (void) count(&err);
    is_int(err, NVM_EINVAL, "no time");

    make(0, 0);
    memcpy(segment + find("traf"), "free", 4);
    (void) count(&err);
    is_int(err, NVM_EINVAL, "no track fragment");

    make(0, 0);
    memset(segment + find("tfdt") + 8, 0xff, 8);
    (void) count(&err);
    is_int(err, NVM_EINVAL, "a time beyond all");

    make(0, 0);
    memset(segment + find("moof") - 4, 0x7f, 1);
    (void) count(&err);
    is_int(err, NVM_ETRUNC, "a box that is too long");

    /* samples without bytes, without end */
    make(1, 0);
    i = find("tfhd") + 4;
    memset(segment + find("trun") + 8, 0xff, 4);
    memset(segment + i + 12, 0, 4);
    (void) count(&err);
    is_int(err, NVM_ELIMIT, "too many samples");
    is_int(nvm_cmaf_read_chunk(&(nvm_cmaf_read_t) { 0 }, ID, segment,
                               NVM_CMAF_MAX_MOOF + 1, 0, size, NULL),
           NVM_ELIMIT, "a moof that is too large");

    make(0, 0);

    for (i = 0; i < size; i++) {
        saved = segment[i];
        segment[i] ^= 0x80;
        (void) count(&err);
        segment[i] = saved;
    }

    is_int(count(&err), CHUNKS * SAMPLES, "each byte changed");
}


int
main(void)
{
    test_samples();
    test_damaged();

    return done_testing();
}
