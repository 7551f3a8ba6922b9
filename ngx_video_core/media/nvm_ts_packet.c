/*
 * Copyright (C) ngx_video authors
 *
 * Transport packets.  Payload is copied once, from the caller's sample into
 * the output, but for the packets in which a NAL unit, a PES packet or the
 * output's span begins or ends: these are put together in "tail" or on the
 * stack.
 */

#include <string.h>

#include "nvm_ts_packet.h"


#define NVM_TS_SYNC         0x47
#define NVM_TS_UNIT_START   0x400000    /* payload_unit_start_indicator */
#define NVM_TS_HAS_AF       0x20        /* adaptation_field_control */
#define NVM_TS_HAS_PAYLOAD  0x10

/* Flags of the adaptation field (2.4.3.4). */
#define NVM_TS_AF_RANDOM    0x40
#define NVM_TS_AF_PCR       0x10

#define NVM_TS_HEAD         4


void
nvm_ts_write(nvm_ts_out_t *o, const uint8_t *p, size_t n)
{
    size_t  take;

    while (n && o->error == NVM_OK) {

        if (o->pos == o->end && o->more(o) != 0) {
            o->error = NVM_EOVERFLOW;
            return;
        }

        take = (size_t) (o->end - o->pos);

        if (take > n) {
            take = n;
        }

        memcpy(o->pos, p, take);
        o->pos += take;
        p += take;
        n -= take;
    }
}


/*
 * Where the next packet is made: in the output if it fits there as a whole,
 * else in "aside", from where nvm_ts_close() copies it.
 */
static inline uint8_t *
nvm_ts_open(const nvm_ts_out_t *o, uint8_t aside[NVM_TS_PACKET])
{
    if (o->error || (size_t) (o->end - o->pos) < NVM_TS_PACKET) {
        return aside;
    }

    return o->pos;
}


static inline void
nvm_ts_close(nvm_ts_out_t *o, const uint8_t *packet)
{
    if (packet == o->pos) {
        o->pos += NVM_TS_PACKET;
        return;
    }

    nvm_ts_write(o, packet, NVM_TS_PACKET);
}


/* The four bytes before a packet's payload or adaptation field (2.4.3.2). */
static inline void
nvm_ts_head(uint8_t *p, uint32_t pid, uint32_t flags, unsigned counter)
{
    uint32_t  head;

    head = NVM_TS_SYNC << 24 | pid << 8 | flags | (counter & 0x0f);

    p[0] = (uint8_t) (head >> 24);
    p[1] = (uint8_t) (head >> 16);
    p[2] = (uint8_t) (head >> 8);
    p[3] = (uint8_t) head;
}


/* program_clock_reference_base; the extension in 27 MHz is zero (2.4.3.4). */
static void
nvm_ts_clock(uint8_t *p, uint64_t pcr)
{
    p[0] = (uint8_t) (pcr >> 25);
    p[1] = (uint8_t) (pcr >> 17);
    p[2] = (uint8_t) (pcr >> 9);
    p[3] = (uint8_t) (pcr >> 1);
    p[4] = (uint8_t) ((pcr & 1) << 7 | 0x7e);
    p[5] = 0;
}


/*
 * A packet of the first n bytes of the tail and "more" of those that follow
 * it at p, filled up with stuffing.
 */
static void
nvm_ts_tail(nvm_ts_pid_t *t, nvm_ts_out_t *o, size_t n, const uint8_t *p,
    size_t more)
{
    size_t    af;
    uint8_t  *packet, *dst, aside[NVM_TS_PACKET];

    packet = nvm_ts_open(o, aside);
    dst = packet + NVM_TS_HEAD;
    af = NVM_TS_PAYLOAD - n - more;

    nvm_ts_head(packet, t->pid, (t->start ? NVM_TS_UNIT_START : 0)
                                | (af ? NVM_TS_HAS_AF : 0)
                                | NVM_TS_HAS_PAYLOAD,
                t->counter++);

    if (af) {
        memcpy(dst, t->af, af < sizeof(t->af) ? af : sizeof(t->af));
        memset(dst + t->af_len, 0xff, af - t->af_len);

        if (af > 1 && t->af_len == 0) {
            dst[1] = 0;                 /* no flags */
        }

        dst[0] = (uint8_t) (af - 1);
        dst += af;
    }

    memcpy(dst, t->tail, n);

    if (more) {
        memcpy(dst + n, p, more);
    }

    nvm_ts_close(o, packet);

    t->start = 0;
    t->af_len = 0;
    t->len -= n;

    if (t->len) {
        memmove(t->tail, t->tail + n, t->len);
    }
}


/* So many packets full of payload. */
static void
nvm_ts_full(nvm_ts_pid_t *t, nvm_ts_out_t *o, const uint8_t *p, size_t packets)
{
    size_t     fit;
    uint8_t   *dst, aside[NVM_TS_PACKET];
    uint32_t   pid;
    unsigned   counter;

    /* "dst" might be any of t's bytes, as far as a compiler knows */
    pid = t->pid;
    counter = t->counter;
    t->counter = (uint8_t) (counter + packets);

    while (packets && o->error == NVM_OK) {
        fit = (size_t) (o->end - o->pos) / NVM_TS_PACKET;

        if (fit == 0) {
            nvm_ts_head(aside, pid, NVM_TS_HAS_PAYLOAD, counter++);
            memcpy(aside + NVM_TS_HEAD, p, NVM_TS_PAYLOAD);
            nvm_ts_write(o, aside, NVM_TS_PACKET);
            p += NVM_TS_PAYLOAD;
            packets--;
            continue;
        }

        if (fit > packets) {
            fit = packets;
        }

        packets -= fit;

        for (dst = o->pos; fit; fit--) {
            nvm_ts_head(dst, pid, NVM_TS_HAS_PAYLOAD, counter++);
            memcpy(dst + NVM_TS_HEAD, p, NVM_TS_PAYLOAD);
            dst += NVM_TS_PACKET;
            p += NVM_TS_PAYLOAD;
        }

        o->pos = dst;
    }
}


/* How many packets the tail needs. */
static size_t
nvm_ts_need(const nvm_ts_pid_t *t)
{
    size_t  room;

    room = NVM_TS_PAYLOAD - t->af_len;

    return t->len == 0 ? 0 : t->len <= room ? 1 : 2;
}


/* The tail in so many packets, with a byte at least in each. */
static void
nvm_ts_spread(nvm_ts_pid_t *t, nvm_ts_out_t *o, size_t packets)
{
    size_t  n, room;

    while (t->len) {
        room = NVM_TS_PAYLOAD - t->af_len;
        n = t->len > packets ? t->len - packets + 1 : 1;
        nvm_ts_tail(t, o, n < room ? n : room, NULL, 0);
        packets--;
    }
}


void
nvm_ts_pid_reset(nvm_ts_pid_t *t)
{
    t->counter = 0;
    t->start = 0;
    t->af_len = 0;
    t->len = 0;
}


void
nvm_ts_flush(nvm_ts_pid_t *t, nvm_ts_out_t *o)
{
    nvm_ts_spread(t, o, nvm_ts_need(t));
}


void
nvm_ts_start(nvm_ts_pid_t *t, unsigned random, const uint64_t *pcr)
{
    t->start = 1;
    t->af[1] = random ? NVM_TS_AF_RANDOM : 0;
    t->af_len = random ? 2 : 0;

    if (pcr != NULL) {
        t->af[1] |= NVM_TS_AF_PCR;
        nvm_ts_clock(t->af + 2, *pcr);
        t->af_len = 8;
    }
}


void
nvm_ts_put(nvm_ts_pid_t *t, nvm_ts_out_t *o, const uint8_t *p, size_t n)
{
    size_t  take, room;

    for ( ;; ) {
        room = NVM_TS_PAYLOAD - t->af_len;

        if (t->len + n < room + NVM_TS_HOLD) {
            break;
        }

        if (t->len == 0) {
            take = (n - NVM_TS_HOLD) / NVM_TS_PAYLOAD;
            nvm_ts_full(t, o, p, take);
            take *= NVM_TS_PAYLOAD;

        } else {
            take = t->len < room ? room - t->len : 0;
            nvm_ts_tail(t, o, room - take, p, take);
        }

        p += take;
        n -= take;
    }

    memcpy(t->tail + t->len, p, n);
    t->len += n;
}


void
nvm_ts_finish(nvm_ts_pid_t *t, nvm_ts_out_t *o)
{
    size_t  need;

    need = nvm_ts_need(t);
    nvm_ts_spread(t, o, need + (0 - (t->counter + need)) % 16);
}


void
nvm_ts_pcr(const nvm_ts_pid_t *t, nvm_ts_out_t *o, uint64_t pcr)
{
    uint8_t  *p, aside[NVM_TS_PACKET];

    p = nvm_ts_open(o, aside);

    nvm_ts_head(p, t->pid, NVM_TS_HAS_AF, t->counter - 1u);
    memset(p + NVM_TS_HEAD, 0xff, NVM_TS_PAYLOAD);
    p[NVM_TS_HEAD] = NVM_TS_PAYLOAD - 1;
    p[NVM_TS_HEAD + 1] = NVM_TS_AF_PCR;
    nvm_ts_clock(p + NVM_TS_HEAD + 2, pcr);

    nvm_ts_close(o, p);
}


void
nvm_ts_pcr_waiting(nvm_ts_pid_t *t, nvm_ts_out_t *o, uint64_t pcr)
{
    if (t->start && (t->af[1] & NVM_TS_AF_PCR)) {
        nvm_ts_pcr(t, o, pcr);
        nvm_ts_start(t, t->af[1] & NVM_TS_AF_RANDOM, NULL);
    }
}
