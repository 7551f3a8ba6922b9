/*
 * Copyright (C) ngx_video authors
 *
 * What is told of a transport stream: programs, then PIDs as they came.
 */

#include "nvm_inspect_ts.h"


static void
nvm_inspect_stream_write(nvm_emit_t *e, uint32_t type, uint32_t pid,
    nvm_reader_t *descriptors)
{
    nvm_emit_open(e, NULL, NVM_EMIT_OBJECT);
    nvm_emit_uint(e, "pid", pid);
    nvm_emit_code(e, "type", type, nvm_inspect_stream_name(type));
    nvm_inspect_descriptors(e, descriptors);
    nvm_emit_close(e);
}


static void
nvm_inspect_program_write(nvm_emit_t *e, const nvm_inspect_program_t *program)
{
    uint32_t            type, pid;
    nvm_reader_t        descriptors;
    nvm_inspect_pmt_t   pmt;

    nvm_emit_open(e, NULL, NVM_EMIT_OBJECT);
    nvm_emit_uint(e, "number", program->number);

    if (program->name_len) {
        nvm_emit_text(e, "name", program->name, program->name_len);
    }

    nvm_emit_uint(e, "pmt_pid", program->pmt_pid);
    nvm_emit_uint(e, "pmts", program->sections);
    nvm_emit_uint(e, "pmt_changes", program->changes);

    if (nvm_inspect_pmt_parse(program->pmt, program->len, &pmt) == NVM_OK) {
        nvm_emit_uint(e, "pmt_version", pmt.version);
        nvm_emit_uint(e, "pcr_pid", pmt.pcr_pid);
        nvm_inspect_descriptors(e, &pmt.descriptors);

        nvm_emit_open(e, "streams", NVM_EMIT_ARRAY);

        while (nvm_reader_left(&pmt.streams)
               && nvm_inspect_pmt_stream(&pmt.streams, &type, &pid,
                                         &descriptors))
        {
            nvm_inspect_stream_write(e, type, pid, &descriptors);
        }

        nvm_emit_close(e);
    }

    nvm_emit_close(e);
}


static void
nvm_inspect_stamps_write(nvm_emit_t *e, const char *name,
    const nvm_inspect_stamps_t *s)
{
    nvm_emit_open(e, name, NVM_EMIT_OBJECT);
    nvm_emit_uint(e, "count", s->count);
    nvm_emit_seconds(e, "first", s->first, NVM_INSPECT_TS_CLOCK);
    nvm_emit_seconds(e, "last", s->last, NVM_INSPECT_TS_CLOCK);
    nvm_emit_seconds(e, "min", s->min, NVM_INSPECT_TS_CLOCK);
    nvm_emit_seconds(e, "max", s->max, NVM_INSPECT_TS_CLOCK);
    nvm_emit_close(e);
}


/* Intervals in ms, jitter in us: 27 ticks of the clock */
static void
nvm_inspect_pcr_write(nvm_emit_t *e, const nvm_inspect_pcr_t *c)
{
    nvm_emit_open(e, "pcr", NVM_EMIT_OBJECT);
    nvm_emit_uint(e, "count", c->count);
    nvm_emit_seconds(e, "first", c->first, NVM_INSPECT_PCR_CLOCK);
    nvm_emit_seconds(e, "last", c->last, NVM_INSPECT_PCR_CLOCK);
    nvm_emit_uint(e, "jumps", c->jumps);

    if (c->intervals) {
        nvm_emit_ratio(e, "max_interval_ms", (int64_t) c->max, 27000, 3);
        nvm_emit_ratio(e, "mean_interval_ms",
                       (int64_t) (c->sum / c->intervals), 27000, 3);
    }

    if (c->jitters) {
        nvm_emit_ratio(e, "max_jitter_us", (int64_t) c->jitter_max, 27, 3);
        nvm_emit_ratio(e, "mean_jitter_us",
                       (int64_t) (c->jitter_sum / c->jitters), 27, 3);
    }

    nvm_emit_close(e);
}


/* Rows of the events that are kept; "gap": of packets out of sequence. */
static void
nvm_inspect_events_write(nvm_emit_t *e, const nvm_inspect_events_t *all,
    unsigned gap)
{
    uint64_t                    i, omitted;
    const nvm_inspect_event_t  *ev;
    const nvm_inspect_block_t  *block;

    nvm_emit_open(e, gap ? "continuity_errors" : "keyframes",
                  NVM_EMIT_OBJECT);
    nvm_emit_uint(e, "count", all->count);
    nvm_emit_table(e, "table", gap ? "packet offset expected found"
                                   : "packet offset time");

    for (i = 0, omitted = 0, block = all->blocks; i < all->count; i++) {
        ev = nvm_inspect_event(all, i, &block);

        if (ev == NULL) {
            /* on to the last ones, which are always there */
            omitted = all->count - NVM_INSPECT_TS_LAST - i;
            nvm_emit_omitted(e, omitted);
            i += omitted - 1;
            continue;
        }

        nvm_emit_open(e, NULL, NVM_EMIT_ROW);
        nvm_emit_uint(e, "packet", ev->packet);
        nvm_emit_uint(e, "offset", ev->offset);

        if (gap) {
            nvm_emit_uint(e, "expected", ev->expected);
            nvm_emit_uint(e, "found", ev->found);

        } else {
            nvm_emit_seconds(e, "time", ev->time, NVM_INSPECT_TS_CLOCK);
        }

        nvm_emit_close(e);
    }

    nvm_emit_close(e);
    nvm_emit_close(e);
}


static const char *
nvm_inspect_pid_kind(const nvm_inspect_pid_t *p)
{
    switch (p->pid) {

    case 0:
        return "PAT";

    case NVM_INSPECT_TS_SDT:
        return "SDT";

    case NVM_INSPECT_TS_NULL:
        return "null";
    }

    return p->pmt ? "PMT" : p->type != NVM_INSPECT_TS_NONE ? "stream"
           : p->clock ? "PCR" : "unreferenced";
}


/* Of the times of a PID, the last access unit included. */
static int64_t
nvm_inspect_pid_duration(const nvm_inspect_pid_t *p)
{
    if (p->pts.count == 0) {
        return 0;
    }

    return p->pts.max - p->pts.min
           + (p->dts.count > 1 && p->dts.last > p->dts.first
              ? (p->dts.last - p->dts.first) / (int64_t) (p->dts.count - 1)
              : 0);
}


/* What a PID that carries access units has besides. */
static void
nvm_inspect_units_write(nvm_emit_t *e, const nvm_inspect_pid_t *p)
{
    nvm_emit_uint(e, "stream_id", p->stream_id);
    nvm_emit_uint(e, "pes_packets", p->units);
    nvm_emit_uint(e, "random_access", p->random);

    if (p->dts.count) {
        nvm_emit_seconds(e, "duration", nvm_inspect_pid_duration(p),
                         NVM_INSPECT_TS_CLOCK);
        nvm_emit_uint(e, "time_jumps", p->jumps);
        nvm_emit_uint(e, "times_backward", p->backward);
        nvm_inspect_stamps_write(e, "pts", &p->pts);
        nvm_inspect_stamps_write(e, "dts", &p->dts);
    }
}


static void
nvm_inspect_pid_write(nvm_emit_t *e, const nvm_inspect_pid_t *p)
{
    nvm_emit_open(e, NULL, NVM_EMIT_OBJECT);
    nvm_emit_uint(e, "pid", p->pid);
    nvm_emit_word(e, "kind", nvm_inspect_pid_kind(p));

    if (p->type != NVM_INSPECT_TS_NONE) {
        nvm_emit_code(e, "type", (uint32_t) p->type,
                      nvm_inspect_stream_name((uint32_t) p->type));
    }

    nvm_emit_uint(e, "packets", p->packets);
    nvm_emit_uint(e, "payload", p->payload);
    nvm_emit_uint(e, "scrambled", p->scrambled);
    nvm_emit_uint(e, "transport_errors", p->damaged);
    nvm_emit_uint(e, "duplicates", p->duplicates);

    if (p->units) {
        nvm_inspect_units_write(e, p);
    }

    if (p->pcr.count) {
        nvm_inspect_pcr_write(e, &p->pcr);
    }

    if (p->gaps.count) {
        nvm_inspect_events_write(e, &p->gaps, 1);
    }

    if (p->keys.count) {
        nvm_inspect_events_write(e, &p->keys, 0);
    }

    nvm_emit_close(e);
}


/* Those that came first. */
static void
nvm_inspect_pids_write(nvm_inspect_ts_t *ts, nvm_emit_t *e)
{
    uint32_t                  i, omitted;
    const nvm_inspect_pid_t  *p;

    nvm_emit_open(e, "pids", NVM_EMIT_ARRAY);

    for (i = 0, omitted = 0, p = ts->pids; p != NULL; p = p->next, i++) {

        if (!ts->all && i >= NVM_INSPECT_TS_SHOWN) {
            omitted++;
            continue;
        }

        nvm_inspect_pid_write(e, p);
    }

    if (omitted) {
        nvm_emit_omitted(e, omitted);
    }

    nvm_emit_close(e);
}


void
nvm_inspect_ts_write(nvm_inspect_ts_t *ts, nvm_emit_t *e)
{
    int64_t             duration, longest;
    uint32_t            i;
    uint64_t            bytes;
    nvm_inspect_pid_t  *p;

    for (p = ts->pids, longest = 0; p != NULL; p = p->next) {
        duration = nvm_inspect_pid_duration(p);
        longest = duration > longest ? duration : longest;
    }

    bytes = ts->packets * NVM_INSPECT_TS_PACKET;

    nvm_emit_word(e, "format", "mpegts");
    nvm_emit_uint(e, "size", ts->offset);
    nvm_emit_seconds(e, "duration", longest, NVM_INSPECT_TS_CLOCK);
    nvm_emit_uint(e, "errors", ts->faults.count);
    nvm_emit_uint(e, "packet_size", ts->packet);
    nvm_emit_uint(e, "first_packet", ts->start);
    nvm_emit_uint(e, "packets", ts->packets);
    nvm_emit_uint(e, "sync_losses", ts->lost);
    nvm_emit_uint(e, "skipped_bytes", ts->skipped);
    nvm_emit_uint(e, "pats", ts->pats);

    if (longest) {
        nvm_emit_uint(e, "bitrate",
                      (uint64_t) ((unsigned __int128) bytes * 8
                                  * NVM_INSPECT_TS_CLOCK
                                  / (uint64_t) longest));
    }

    nvm_emit_open(e, "programs", NVM_EMIT_ARRAY);

    for (i = 0; i < ts->nprograms; i++) {
        nvm_inspect_program_write(e, ts->programs[i]);
    }

    nvm_emit_close(e);

    nvm_inspect_pids_write(ts, e);
    nvm_inspect_faults_write(e, &ts->faults);
}
