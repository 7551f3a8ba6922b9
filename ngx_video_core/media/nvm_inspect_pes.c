/*
 * Copyright (C) ngx_video authors
 *
 * PES packets, each of which is taken for an access unit: their times
 * (ISO/IEC 13818-1, 2.4.3.6), and whether they are key frames.
 *
 * A key frame is what the adaptation field calls a random access point, or
 * what begins with a picture that needs no other: not all multiplexers set
 * the indicator.
 */

#include "nvm_inspect_ts.h"


/* Stream types of video, table 2-34 */
#define NVM_INSPECT_TS_MPEG1    0x01
#define NVM_INSPECT_TS_MPEG2    0x02
#define NVM_INSPECT_TS_H264     0x1b
#define NVM_INSPECT_TS_HEVC     0x24

/* What a picture turns out to be */
#define NVM_INSPECT_UNKNOWN_PICTURE   0
#define NVM_INSPECT_KEY_PICTURE       1
#define NVM_INSPECT_OTHER_PICTURE     2


static int
nvm_inspect_is_video(const nvm_inspect_pid_t *p)
{
    switch (p->type) {
    case NVM_INSPECT_TS_MPEG1:
    case NVM_INSPECT_TS_MPEG2:
    case NVM_INSPECT_TS_H264:
    case NVM_INSPECT_TS_HEVC:
        return 1;
    }

    return 0;
}


/*
 * Whether the last bytes of "code" end the start of a picture: NAL unit types
 * of ITU-T H.264, table 7-1 and H.265, table 7-1; picture_coding_type of
 * ITU-T H.262, 6.3.9, two bytes behind its start code.
 */
static int
nvm_inspect_picture(int32_t type, uint64_t code)
{
    unsigned  nal;

    if (type == NVM_INSPECT_TS_MPEG1 || type == NVM_INSPECT_TS_MPEG2) {

        if ((code >> 16 & 0xffffffff) != 0x100) {
            return NVM_INSPECT_UNKNOWN_PICTURE;
        }

        return (code >> 3 & 7) == 1 ? NVM_INSPECT_KEY_PICTURE
                                    : NVM_INSPECT_OTHER_PICTURE;
    }

    if ((code >> 8 & 0xffffff) != 1) {
        return NVM_INSPECT_UNKNOWN_PICTURE;
    }

    if (type == NVM_INSPECT_TS_H264) {
        nal = code & 0x1f;

        return nal == 5 ? NVM_INSPECT_KEY_PICTURE
               : nal >= 1 && nal <= 4 ? NVM_INSPECT_OTHER_PICTURE
               : NVM_INSPECT_UNKNOWN_PICTURE;
    }

    nal = code >> 1 & 0x3f;

    return nal >= 16 && nal <= 23 ? NVM_INSPECT_KEY_PICTURE
           : nal < 16 ? NVM_INSPECT_OTHER_PICTURE
           : NVM_INSPECT_UNKNOWN_PICTURE;
}


static void
nvm_inspect_key(nvm_inspect_ts_t *ts, nvm_inspect_pid_t *p)
{
    nvm_inspect_event_t  ev = { 0 };

    if (p->unit.key || !nvm_inspect_is_video(p)) {
        return;
    }

    p->unit.key = 1;

    ev.packet = p->unit.packet;
    ev.offset = p->unit.offset;
    ev.time = p->unit.pts;
    nvm_inspect_event_add(ts, &p->keys, &ev);
}


/* Looks for the first picture of the access unit. */
static void
nvm_inspect_scan(nvm_inspect_ts_t *ts, nvm_inspect_pid_t *p, nvm_reader_t *r)
{
    while (p->unit.scan && nvm_reader_left(r)) {
        p->unit.code = p->unit.code << 8 | nvm_reader_u8(r);

        switch (nvm_inspect_picture(p->type, p->unit.code)) {

        case NVM_INSPECT_KEY_PICTURE:
            nvm_inspect_key(ts, p);
            p->unit.scan = 0;
            break;

        case NVM_INSPECT_OTHER_PICTURE:
            p->unit.scan = 0;
            break;
        }
    }
}


static void
nvm_inspect_stamp_add(nvm_inspect_stamps_t *s, int64_t v)
{
    if (s->count++ == 0) {
        s->first = v;
        s->min = v;
        s->max = v;
    }

    s->last = v;
    s->min = v < s->min ? v : s->min;
    s->max = v > s->max ? v : s->max;
}


/*
 * Times without the wrap at 33 bits: those of a PID go on from the one before,
 * the first of each from the first of the file.
 */
static void
nvm_inspect_times(nvm_inspect_ts_t *ts, nvm_inspect_pid_t *p, uint64_t pts,
    uint64_t dts)
{
    int64_t  from, step;

    if (!ts->timed) {
        ts->timed = 1;
        ts->time = (int64_t) dts;
    }

    from = p->dts.count ? p->dts.last : ts->time;
    step = nvm_inspect_ts_minus(dts, (uint64_t) from, 33);

    if (p->dts.count) {

        if (step > NVM_INSPECT_TS_JUMP || step < -NVM_INSPECT_TS_JUMP) {
            p->jumps++;

        } else if (step <= 0) {
            p->backward++;
        }
    }

    p->unit.dts = from + step;
    p->unit.pts = p->unit.dts + nvm_inspect_ts_minus(pts, dts, 33);
    p->unit.timed = 1;

    nvm_inspect_stamp_add(&p->dts, p->unit.dts);
    nvm_inspect_stamp_add(&p->pts, p->unit.pts);
}


/* 33 bits with markers in between */
static uint64_t
nvm_inspect_stamp(nvm_reader_t *r)
{
    uint64_t  v;

    v = (uint64_t) (nvm_reader_u8(r) >> 1 & 7) << 30;
    v |= (uint64_t) (nvm_reader_u16(r) >> 1) << 15;

    return v | nvm_reader_u16(r) >> 1;
}


/* Kinds of PES packets without a header of flags, table 2-21 */
static int
nvm_inspect_is_bare(uint32_t stream_id)
{
    switch (stream_id) {
    case 0xbc:
    case 0xbe:
    case 0xbf:
    case 0xf0:
    case 0xf1:
    case 0xf2:
    case 0xf8:
    case 0xff:
        return 1;
    }

    return 0;
}


/* Reads the header of a PES packet; what is left is its data. */
static void
nvm_inspect_pes_head(nvm_inspect_ts_t *ts, nvm_inspect_pid_t *p,
    nvm_reader_t *r)
{
    uint8_t       flags;
    uint64_t      pts, dts;
    nvm_reader_t  head;

    nvm_reader_skip(r, 3);
    p->stream_id = nvm_reader_u8(r);
    nvm_reader_skip(r, 2);

    if (nvm_inspect_is_bare(p->stream_id)) {
        return;
    }

    nvm_reader_skip(r, 1);
    flags = nvm_reader_u8(r) >> 6;
    nvm_reader_sub(r, nvm_reader_u8(r), &head);

    /* a header that goes on in the next packet is rare, and has no times */

    if (!(flags & 2)) {
        return;
    }

    pts = nvm_inspect_stamp(&head);
    dts = flags == 3 ? nvm_inspect_stamp(&head) : pts;

    if (head.error == NVM_OK) {
        nvm_inspect_times(ts, p, pts, dts);
    }
}


/* A row for the access unit that is complete. */
static void
nvm_inspect_row(nvm_inspect_ts_t *ts, const nvm_inspect_pid_t *p,
    const nvm_inspect_unit_t *unit, int64_t duration)
{
    nvm_emit_t  *e;

    e = ts->rows;

    if (e == NULL || p->pid != ts->rows_pid) {
        return;
    }

    nvm_emit_open(e, NULL, NVM_EMIT_ROW);
    nvm_emit_uint(e, "number", ++ts->nrows);
    nvm_emit_int(e, "dts", unit->dts);
    nvm_emit_int(e, "pts", unit->pts);
    nvm_emit_int(e, "duration", duration);
    nvm_emit_uint(e, "size", unit->bytes);
    nvm_emit_uint(e, "offset", unit->offset);
    nvm_emit_flag(e, "key", unit->key);
    nvm_emit_close(e);
}


/* A PES packet begins: the one before is complete. */
static void
nvm_inspect_pes_start(nvm_inspect_ts_t *ts, nvm_inspect_pid_t *p,
    nvm_reader_t *r, unsigned random)
{
    nvm_inspect_unit_t  before;

    before = p->unit;

    p->units++;
    p->unit.open = 1;
    p->unit.key = 0;
    p->unit.timed = 0;
    p->unit.packet = ts->packets;
    p->unit.offset = ts->at;
    p->unit.bytes = 0;
    p->unit.scan = nvm_inspect_is_video(p);
    p->unit.code = UINT64_MAX;

    nvm_inspect_pes_head(ts, p, r);

    if (before.open) {
        nvm_inspect_row(ts, p, &before, p->unit.timed && before.timed
                                        ? p->unit.dts - before.dts : 0);
    }

    if (random) {
        nvm_inspect_key(ts, p);
    }
}


void
nvm_inspect_pes(nvm_inspect_ts_t *ts, nvm_inspect_pid_t *p, nvm_reader_t *r,
    unsigned pusi, unsigned random)
{
    nvm_reader_t  look;

    if (pusi) {
        look = *r;

        if (nvm_reader_u24(&look) == 1) {
            nvm_inspect_pes_start(ts, p, r, random);

        } else if (nvm_inspect_is_video(p)) {
            nvm_inspect_ts_fault(ts, p, NVM_EINVAL,
                                 "no PES packet begins where it should");
        }
    }

    p->unit.bytes += nvm_reader_left(r);
    nvm_inspect_scan(ts, p, r);
}


void
nvm_inspect_pes_end(nvm_inspect_ts_t *ts, nvm_inspect_pid_t *p)
{
    if (p->unit.open) {
        nvm_inspect_row(ts, p, &p->unit, 0);
        p->unit.open = 0;
    }
}
