/*
 * Copyright (C) ngx_video authors
 *
 * A reader of transport streams for the tests of their writer.  It knows
 * nothing of the writer: it is strict where ISO/IEC 13818-1 is, and keeps the
 * first complaint.
 */

#ifndef TS_READER_H
#define TS_READER_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>


#define TS_UNUSED   __attribute__((unused))

#define TS_MAX_PIDS 8


/* One PES packet. */
typedef struct {
    size_t      at;             /* of its payload in the stream's bytes */
    size_t      len;
    size_t      claimed;        /* PES_packet_length */
    uint64_t    pts;
    uint64_t    dts;
    uint64_t    pcr;
    uint8_t     id;
    unsigned    has_pts:1;
    unsigned    has_dts:1;
    unsigned    has_pcr:1;
    unsigned    random:1;
    unsigned    aligned:1;
    unsigned    open:1;
} ts_unit_t;


typedef struct {
    uint16_t    pid;
    uint8_t     type;           /* stream_type; 0: PAT or PMT */
    uint8_t     desc[64];
    size_t      desc_len;
    uint8_t     first;          /* continuity_counter of the first packet */
    uint8_t     counter;        /* of the last */
    size_t      packets;        /* with payload */
    uint8_t    *es;
    size_t      len;
    size_t      size;
    ts_unit_t  *units;
    size_t      nunits;
} ts_stream_t;


typedef struct {
    const char   *why;          /* what is wrong, or NULL */
    size_t        packet;       /* where */
    uint16_t      pmt_pid;
    uint16_t      pcr_pid;
    size_t        npids;
    ts_stream_t   pids[TS_MAX_PIDS];
    uint64_t      pcr;          /* the last */
    uint64_t      pcr_gap;      /* the longest between two */
    size_t        pcrs;
    size_t        stuffing;     /* packets with more of it than PCR takes */
} ts_t;


static void
ts_bad(ts_t *ts, const char *why)
{
    if (ts->why == NULL) {
        ts->why = why;
    }
}


static TS_UNUSED void
ts_free(ts_t *ts)
{
    size_t  i;

    for (i = 0; i < ts->npids; i++) {
        free(ts->pids[i].es);
        free(ts->pids[i].units);
    }

    memset(ts, 0, sizeof(*ts));
}


static ts_stream_t *
ts_pid(ts_t *ts, uint16_t pid)
{
    size_t  i;

    for (i = 0; i < ts->npids; i++) {
        if (ts->pids[i].pid == pid) {
            return &ts->pids[i];
        }
    }

    if (ts->npids == TS_MAX_PIDS) {
        ts_bad(ts, "too many PIDs");
        return NULL;
    }

    ts->pids[ts->npids].pid = pid;

    return &ts->pids[ts->npids++];
}


static uint32_t
ts_crc(const uint8_t *p, size_t n)
{
    int       i;
    uint32_t  crc = 0xffffffff;

    while (n--) {
        for (i = 7; i >= 0; i--) {
            crc = crc << 1 ^ (((crc >> 31) ^ (*p >> i & 1)) ? 0x04c11db7 : 0);
        }

        p++;
    }

    return crc;
}


static uint64_t
ts_stamp(ts_t *ts, const uint8_t *p, unsigned prefix)
{
    if (p[0] >> 4 != prefix || !(p[0] & p[2] & p[4] & 1)) {
        ts_bad(ts, "marker bits of a time stamp");
    }

    return (uint64_t) (p[0] >> 1 & 7) << 30 | (uint64_t) p[1] << 22
           | (uint64_t) (p[2] >> 1) << 15 | (uint64_t) p[3] << 7 | p[4] >> 1;
}


/* The unit that is open is complete: takes its header out of the bytes. */
static void
ts_close(ts_t *ts, ts_stream_t *s)
{
    size_t      n, head;
    uint8_t    *p;
    ts_unit_t  *u;

    u = s->nunits ? &s->units[s->nunits - 1] : NULL;

    if (u == NULL || !u->open) {
        return;
    }

    u->open = 0;
    p = s->es + u->at;
    n = s->len - u->at;

    if (n < 9 || p[0] || p[1] || p[2] != 1 || (p[6] & 0xc0) != 0x80) {
        ts_bad(ts, "no PES header");
        return;
    }

    head = 9 + (size_t) p[8];

    if (head > n || (p[7] & 0x3f) || (p[6] & 0x3b)
        || p[8] != (p[7] == 0xc0 ? 10 : p[7] == 0x80 ? 5 : 0))
    {
        ts_bad(ts, "PES header's flags and length");
        return;
    }

    u->id = p[3];
    u->claimed = (size_t) p[4] << 8 | p[5];
    u->aligned = p[6] >> 2 & 1;

    if (u->claimed ? u->claimed + 6 != n : (u->id & 0xf0) != 0xe0) {
        ts_bad(ts, "PES_packet_length");
    }

    if (p[7] & 0x80) {
        u->has_pts = 1;
        u->pts = u->dts = ts_stamp(ts, p + 9, p[7] >> 6);
    }

    if (p[7] & 0x40) {
        u->has_dts = 1;
        u->dts = ts_stamp(ts, p + 14, 1);
    }

    u->len = n - head;
    memmove(p, p + head, u->len);
    s->len -= head;
}


static void
ts_payload(ts_t *ts, ts_stream_t *s, const uint8_t *p, size_t n,
    unsigned start, unsigned random, const uint64_t *pcr)
{
    ts_unit_t  *u;

    if (start) {
        ts_close(ts, s);

        if ((s->nunits & (s->nunits - 1)) == 0) {
            s->units = realloc(s->units, (s->nunits * 2 + 1) * sizeof(*u));
        }

        u = &s->units[s->nunits++];
        memset(u, 0, sizeof(*u));
        u->open = 1;
        u->at = s->len;
        u->random = random & 1;
        u->has_pcr = pcr != NULL;
        u->pcr = pcr ? *pcr : 0;

    } else if (s->nunits == 0 || !s->units[s->nunits - 1].open) {
        ts_bad(ts, "payload outside of a PES packet");
        return;
    }

    if (s->len + n > s->size) {
        s->size = (s->len + n) * 2;
        s->es = realloc(s->es, s->size);
    }

    memcpy(s->es + s->len, p, n);
    s->len += n;
}


static void
ts_tables(ts_t *ts, uint16_t pid, const uint8_t *p, size_t n)
{
    size_t        len, i, desc;
    ts_stream_t  *s;

    if (n < 4 || p[0] != 0) {
        ts_bad(ts, "pointer_field");
        return;
    }

    p++;
    n--;
    len = ((size_t) (p[1] & 0x0f) << 8 | p[2]) + 3;

    if (len > n || len < 12 || (p[1] & 0xf0) != 0xb0 || ts_crc(p, len) != 0) {
        ts_bad(ts, "section length or CRC");
        return;
    }

    for (i = len; i < n; i++) {
        if (p[i] != 0xff) {
            ts_bad(ts, "stuffing after a section");
        }
    }

    if (p[3] != 0 || p[4] != 1 || p[5] != 0xc1 || p[6] || p[7]
        || p[0] != (pid ? 2 : 0))
    {
        ts_bad(ts, "section header");
        return;
    }

    if (pid == 0) {
        ts->pmt_pid = (uint16_t) ((p[10] & 0x1f) << 8 | p[11]);

        if (len != 16 || p[8] != 0 || p[9] != 1 || (p[10] & 0xe0) != 0xe0) {
            ts_bad(ts, "PAT");
        }

        return;
    }

    ts->pcr_pid = (uint16_t) ((p[8] & 0x1f) << 8 | p[9]);

    if ((p[8] & 0xe0) != 0xe0 || p[10] != 0xf0 || p[11] != 0) {
        ts_bad(ts, "PMT");
    }

    for (i = 12; i + 4 < len; i += 5 + desc) {
        desc = (size_t) (p[i + 3] & 0x0f) << 8 | p[i + 4];

        if (i + 5 + desc + 4 > len || desc > 64 || (p[i + 1] & 0xe0) != 0xe0
            || (p[i + 3] & 0xf0) != 0xf0)
        {
            ts_bad(ts, "PMT: a stream");
            return;
        }

        s = ts_pid(ts, (uint16_t) ((p[i + 1] & 0x1f) << 8 | p[i + 2]));

        if (s != NULL) {
            s->type = p[i];
            s->desc_len = desc;
            memcpy(s->desc, p + i + 5, desc);
        }
    }
}


static void
ts_clock(ts_t *ts, uint16_t pid, uint64_t pcr)
{
    uint64_t  gap;

    if (pid != ts->pcr_pid) {
        ts_bad(ts, "PCR on another PID");
    }

    gap = (pcr - ts->pcr) & 0x1ffffffff;

    if (ts->pcrs++ && gap > ts->pcr_gap) {
        ts->pcr_gap = gap;
    }

    ts->pcr = pcr;
}


/* Returns the bytes that it takes, with its length. */
static size_t
ts_adaptation(ts_t *ts, uint16_t pid, const uint8_t *p, unsigned payload,
    unsigned *random, uint64_t *pcr, unsigned *has_pcr)
{
    size_t  len, i;

    len = p[0];

    if (payload ? len > 182 : len != 183) {
        ts_bad(ts, "adaptation_field_length");
        return 184;
    }

    if (len == 0) {
        return 1;
    }

    *random = p[1] >> 6 & 1;
    i = 2;

    if (p[1] & ~0x50) {
        ts_bad(ts, "flags of an adaptation field");
    }

    if (p[1] & 0x10) {
        *has_pcr = 1;
        *pcr = (uint64_t) p[2] << 25 | (uint64_t) p[3] << 17
               | (uint64_t) p[4] << 9 | (uint64_t) p[5] << 1 | p[6] >> 7;
        i += 6;

        if (len < 7 || (p[6] & 0x7f) != 0x7e || p[7] != 0) {
            ts_bad(ts, "PCR");
        }

        ts_clock(ts, pid, *pcr);
    }

    ts->stuffing += payload && len > 7;

    for ( /* void */ ; i <= len; i++) {
        if (p[i] != 0xff) {
            ts_bad(ts, "stuffing_byte");
        }
    }

    return len + 1;
}


static void
ts_packet(ts_t *ts, const uint8_t *p)
{
    size_t        af;
    uint16_t      pid;
    unsigned      payload, random, has_pcr;
    uint64_t      pcr;
    ts_stream_t  *s;

    pid = (uint16_t) ((p[1] & 0x1f) << 8 | p[2]);
    payload = p[3] >> 4 & 1;
    random = 0;
    has_pcr = 0;
    pcr = 0;

    if (p[0] != 0x47 || (p[1] & 0xa0) || (p[3] & 0xc0) || !(p[3] & 0x30)) {
        ts_bad(ts, "packet header");
        return;
    }

    if (pid != 0 && pid != ts->pmt_pid && ts->pcr_pid == 0) {
        ts_bad(ts, "a packet before the tables");
    }

    s = ts_pid(ts, pid);
    if (s == NULL) {
        return;
    }

    if (s->packets == 0 && payload) {
        s->first = p[3] & 0x0f;

    } else if ((p[3] & 0x0f) != ((s->counter + payload) & 0x0f)
               && s->packets)
    {
        ts_bad(ts, "continuity_counter");
    }

    s->counter = p[3] & 0x0f;
    s->packets += payload;

    af = p[3] & 0x20
         ? ts_adaptation(ts, pid, p + 4, payload, &random, &pcr, &has_pcr) : 0;

    if (!payload || af >= 184) {
        return;
    }

    if (pid == 0 || pid == ts->pmt_pid) {
        if (!(p[1] & 0x40)) {
            ts_bad(ts, "a section over two packets");
        }

        ts_tables(ts, pid, p + 4 + af, 184 - af);
        return;
    }

    if (s->type == 0) {
        ts_bad(ts, "a PID that is not in the PMT");
    }

    ts_payload(ts, s, p + 4 + af, 184 - af, p[1] & 0x40, random,
               has_pcr ? &pcr : NULL);
}


/* Reads n bytes that begin with tables; ts is zeroed or of the part before. */
static TS_UNUSED void
ts_read(ts_t *ts, const uint8_t *p, size_t n)
{
    size_t  i;

    if (n % 188) {
        ts_bad(ts, "not a whole number of packets");
    }

    for ( /* void */ ; n >= 188 && ts->why == NULL; n -= 188, p += 188) {
        ts_packet(ts, p);
        ts->packet++;
    }

    for (i = 0; i < ts->npids; i++) {
        if (ts->pids[i].type) {
            ts_close(ts, &ts->pids[i]);
        }
    }
}


#endif /* TS_READER_H */
