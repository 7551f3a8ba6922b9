/*
 * Copyright (C) ngx_video authors
 *
 * Transport packets: finding them, their headers and adaptation fields, their
 * sequence (ISO/IEC 13818-1, 2.4.3).
 */

#include <stdio.h>
#include <string.h>

#include "nvm_inspect_ts.h"


#define NVM_INSPECT_TS_SYNC     0x47

/* Flags of the adaptation field, 2.4.3.4 */
#define NVM_INSPECT_AF_DISCONTINUITY  0x80
#define NVM_INSPECT_AF_RANDOM         0x40
#define NVM_INSPECT_AF_PCR            0x10


/* A packet that was taken apart. */
typedef struct {
    uint32_t   pid;
    unsigned   damaged:1;
    unsigned   pusi:1;
    unsigned   scrambled:1;
    unsigned   has_af:1;
    unsigned   has_payload:1;
    uint8_t    counter;
    uint8_t    af;              /* flags of the adaptation field */
} nvm_inspect_packet_t;


nvm_inspect_ts_t *
nvm_inspect_ts_create(nvm_arena_t *arena, const nvm_inspect_probe_t *p,
    unsigned all)
{
    nvm_inspect_ts_t  *ts;

    ts = nvm_alloc(arena, 1, sizeof(nvm_inspect_ts_t));

    if (ts != NULL) {
        ts->arena = arena;
        ts->all = all != 0;
        ts->packet = p->packet;
        ts->prefix = p->packet == 192 ? 4 : 0;
        ts->start = p->start;
    }

    return ts;
}


void
nvm_inspect_ts_samples(nvm_inspect_ts_t *ts, nvm_emit_t *e, uint32_t pid)
{
    ts->rows = e;
    ts->rows_pid = pid;

    nvm_emit_uint(e, "track", pid);
    nvm_emit_uint(e, "timescale", NVM_INSPECT_TS_CLOCK);
    nvm_emit_table(e, "samples", "number dts pts duration size offset key");
}


void
nvm_inspect_ts_fault(nvm_inspect_ts_t *ts, const nvm_inspect_pid_t *p,
    nvm_err_e code, const char *what)
{
    nvm_fault_t  f = { 0 };

    if (p != NULL) {
        (void) snprintf(f.where, sizeof(f.where), "packet %llu, pid %u",
                        (unsigned long long) ts->packets, (unsigned) p->pid);
    } else {
        (void) snprintf(f.where, sizeof(f.where), "packet %llu",
                        (unsigned long long) ts->packets);
    }

    (void) nvm_fault(&f, code, ts->at, what);
    nvm_inspect_fault_add(&ts->faults, &f);
}


nvm_inspect_pid_t *
nvm_inspect_pid(nvm_inspect_ts_t *ts, uint32_t pid)
{
    nvm_inspect_pid_t  *p;

    pid &= NVM_INSPECT_TS_PIDS - 1;
    p = ts->index[pid];

    if (p != NULL) {
        return p;
    }

    p = nvm_alloc(ts->arena, 1, sizeof(nvm_inspect_pid_t));

    if (p == NULL) {
        ts->nomem = 1;
        return NULL;
    }

    p->pid = pid;
    p->type = NVM_INSPECT_TS_NONE;
    ts->index[pid] = p;
    ts->npids++;

    if (ts->last != NULL) {
        ts->last->next = p;

    } else {
        ts->pids = p;
    }

    ts->last = p;

    return p;
}


/*
 * Whether a packet follows the one before (2.4.3.3): its counter is one
 * higher if it has payload.  A packet may be sent twice.  0: it is the second.
 */
static int
nvm_inspect_counter(nvm_inspect_ts_t *ts, nvm_inspect_pid_t *p,
    const nvm_inspect_packet_t *k)
{
    uint8_t              expected;
    nvm_inspect_event_t  ev = { 0 };

    expected = (p->counter + k->has_payload) & 15;

    if (!p->started || k->af & NVM_INSPECT_AF_DISCONTINUITY
        || k->counter == expected)
    {
        p->started = 1;
        p->repeated = 0;
        p->counter = k->counter;
        return 1;
    }

    if (k->has_payload && k->counter == p->counter && !p->repeated) {
        p->repeated = 1;
        p->duplicates++;
        return 0;
    }

    ev.packet = ts->packets;
    ev.offset = ts->at;
    ev.expected = expected;
    ev.found = k->counter;
    nvm_inspect_event_add(ts, &p->gaps, &ev);
    nvm_inspect_ts_fault(ts, p, NVM_EINVAL, "packets are missing");

    p->repeated = 0;
    p->counter = k->counter;

    return 1;
}


/* 2.4.3.4; what is behind PCR is of no interest here */
static void
nvm_inspect_adaptation(nvm_inspect_ts_t *ts, nvm_inspect_pid_t *p,
    nvm_reader_t *r, nvm_inspect_packet_t *k)
{
    uint32_t      high;
    uint16_t      low;
    nvm_reader_t  af;

    nvm_reader_sub(r, nvm_reader_u8(r), &af);

    if (r->error) {
        nvm_inspect_ts_fault(ts, p, NVM_ETRUNC,
                             "adaptation field is longer than its packet");
        return;
    }

    if (nvm_reader_left(&af) == 0) {
        return;
    }

    k->af = nvm_reader_u8(&af);
    p->random += (k->af & NVM_INSPECT_AF_RANDOM) != 0;

    if (!(k->af & NVM_INSPECT_AF_PCR)) {
        return;
    }

    high = nvm_reader_u32(&af);
    low = nvm_reader_u16(&af);

    if (af.error) {
        nvm_inspect_ts_fault(ts, p, NVM_ETRUNC,
                             "PCR is longer than its adaptation field");
        return;
    }

    nvm_inspect_pcr(ts, p, (uint64_t) high << 1 | low >> 15, low & 0x1ff,
                    (k->af & NVM_INSPECT_AF_DISCONTINUITY) != 0);
}


static void
nvm_inspect_packet_head(nvm_reader_t *r, nvm_inspect_packet_t *k)
{
    uint8_t   flags;
    uint16_t  v;

    nvm_reader_skip(r, 1);
    v = nvm_reader_u16(r);
    flags = nvm_reader_u8(r);

    k->pid = v & 0x1fff;
    k->damaged = v >> 15;
    k->pusi = v >> 14 & 1;
    k->scrambled = flags >> 6 != 0;
    k->has_af = flags >> 5 & 1;
    k->has_payload = flags >> 4 & 1;
    k->counter = flags & 15;
    k->af = 0;
}


static void
nvm_inspect_packet(nvm_inspect_ts_t *ts, nvm_reader_t *r)
{
    nvm_inspect_pid_t     *p;
    nvm_inspect_packet_t   k;

    nvm_inspect_packet_head(r, &k);

    p = nvm_inspect_pid(ts, k.pid);
    if (p == NULL) {
        return;
    }

    p->packets++;

    /* what is known to be wrong, or is only filling, is not looked into */

    if (k.damaged) {
        p->damaged++;
        nvm_inspect_ts_fault(ts, p, NVM_EINVAL,
                             "transport error is indicated");
        return;
    }

    if (k.pid == NVM_INSPECT_TS_NULL) {
        return;
    }

    if (k.has_af) {
        nvm_inspect_adaptation(ts, p, r, &k);
    }

    if (!nvm_inspect_counter(ts, p, &k)) {
        return;
    }

    p->scrambled += k.scrambled;
    p->payload += k.has_payload ? nvm_reader_left(r) : 0;

    if (!k.has_payload || k.scrambled || r->error) {
        return;
    }

    if (k.pid == 0 || k.pid == NVM_INSPECT_TS_SDT || p->pmt) {
        nvm_inspect_psi(ts, p, r, k.pusi);
        return;
    }

    nvm_inspect_pes(ts, p, r, k.pusi, (k.af & NVM_INSPECT_AF_RANDOM) != 0);
}


/*
 * The place in buf where a packet begins after sync was lost: where sync bytes
 * are a packet apart.  Drops what is before; 0: more is needed.
 */
static int
nvm_inspect_hunt(nvm_inspect_ts_t *ts)
{
    size_t  i, n;

    n = ts->prefix + ts->packet + 1;

    for (i = 0; i + n <= ts->len; i++) {
        if (ts->buf[i + ts->prefix] == NVM_INSPECT_TS_SYNC
            && ts->buf[i + ts->prefix + ts->packet] == NVM_INSPECT_TS_SYNC)
        {
            ts->hunting = 0;
            break;
        }
    }

    ts->len -= i;
    ts->offset += i;
    ts->skipped += i;
    memmove(ts->buf, ts->buf + i, ts->len);

    return !ts->hunting;
}


/* The packet at the beginning of buf, if it is one. */
static void
nvm_inspect_take(nvm_inspect_ts_t *ts)
{
    nvm_reader_t  r;

    ts->at = ts->offset;

    if (ts->buf[ts->prefix] != NVM_INSPECT_TS_SYNC) {
        nvm_inspect_ts_fault(ts, NULL, NVM_EINVAL, "sync byte is missing");
        ts->lost++;
        ts->hunting = 1;
        return;
    }

    nvm_reader_init(&r, ts->buf, ts->prefix + NVM_INSPECT_TS_PACKET,
                    ts->offset);

    if (ts->prefix) {
        ts->arrival = nvm_reader_u32(&r) & 0x3fffffff;
    }

    nvm_inspect_packet(ts, &r);

    ts->packets++;
    ts->offset += ts->packet;
    ts->len -= ts->packet;
    memmove(ts->buf, ts->buf + ts->packet, ts->len);
}


void
nvm_inspect_ts_feed(nvm_inspect_ts_t *ts, const uint8_t *data, size_t n)
{
    size_t  take, room;

    /* what is before the first packet */

    if (ts->offset < ts->start) {
        take = ts->start - ts->offset < n ? (size_t) (ts->start - ts->offset)
                                          : n;
        ts->offset += take;
        data += take;
        n -= take;
    }

    while (n) {
        room = (ts->hunting ? sizeof(ts->buf) : ts->packet) - ts->len;
        take = n < room ? n : room;

        memcpy(ts->buf + ts->len, data, take);
        ts->len += take;
        data += take;
        n -= take;

        if (ts->hunting && !nvm_inspect_hunt(ts)) {
            continue;
        }

        while (!ts->hunting && ts->len >= ts->packet) {
            nvm_inspect_take(ts);
        }
    }
}


nvm_err_e
nvm_inspect_ts_end(nvm_inspect_ts_t *ts)
{
    nvm_inspect_pid_t  *p;

    ts->at = ts->offset;

    if (ts->hunting) {
        ts->skipped += ts->len;

    } else if (ts->len) {
        nvm_inspect_ts_fault(ts, NULL, NVM_ETRUNC, "the last packet is cut");
    }

    ts->offset += ts->len;
    ts->len = 0;

    for (p = ts->pids; p != NULL; p = p->next) {
        nvm_inspect_pes_end(ts, p);
    }

    if (ts->pats == 0) {
        nvm_inspect_ts_fault(ts, NULL, NVM_ENOENT,
                             "there is no program association table");
    }

    if (ts->rows != NULL) {
        nvm_emit_close(ts->rows);

        if (ts->nrows == 0) {
            return NVM_ENOENT;
        }
    }

    return ts->nomem ? NVM_ENOMEM : NVM_OK;
}


const nvm_inspect_faults_t *
nvm_inspect_ts_faults(const nvm_inspect_ts_t *ts)
{
    return &ts->faults;
}
