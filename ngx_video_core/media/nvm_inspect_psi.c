/*
 * Copyright (C) ngx_video authors
 *
 * Program specific information: ISO/IEC 13818-1, 2.4.4, and the names of
 * services of ETSI EN 300 468, 5.2.3.
 */

#include <string.h>

#include "nvm_inspect_ts.h"


#define NVM_INSPECT_TABLE_PAT   0
#define NVM_INSPECT_TABLE_PMT   2
#define NVM_INSPECT_TABLE_SDT   0x42
#define NVM_INSPECT_STUFFING    0xff

/* Table id and length, what follows up to the data, CRC */
#define NVM_INSPECT_SECTION_HEAD  3
#define NVM_INSPECT_SECTION_LONG  8
#define NVM_INSPECT_SECTION_CRC   4

#define NVM_INSPECT_SERVICE     0x48        /* service_descriptor */


/* The CRC of a section with its own CRC behind is 0, annex A. */
static uint32_t
nvm_inspect_crc(const uint8_t *p, size_t n)
{
    int       i;
    uint32_t  crc;

    for (crc = 0xffffffff; n; n--) {
        crc ^= (uint32_t) *p++ << 24;

        for (i = 0; i < 8; i++) {
            crc = crc & 0x80000000 ? crc << 1 ^ 0x04c11db7 : crc << 1;
        }
    }

    return crc;
}


static nvm_inspect_program_t *
nvm_inspect_program_find(const nvm_inspect_ts_t *ts, uint32_t number)
{
    uint32_t  i;

    for (i = 0; i < ts->nprograms; i++) {
        if (ts->programs[i]->number == number) {
            return ts->programs[i];
        }
    }

    return NULL;
}


static void
nvm_inspect_program_add(nvm_inspect_ts_t *ts, const nvm_inspect_pid_t *p,
    uint32_t number, uint32_t pmt_pid)
{
    nvm_inspect_pid_t      *pmt;
    nvm_inspect_program_t  *program;

    program = nvm_inspect_program_find(ts, number);

    if (program == NULL) {

        if (ts->nprograms == NVM_INSPECT_TS_PROGRAMS) {
            nvm_inspect_ts_fault(ts, p, NVM_ELIMIT, "too many programs");
            return;
        }

        program = nvm_alloc(ts->arena, 1, sizeof(nvm_inspect_program_t));

        if (program == NULL) {
            ts->nomem = 1;
            return;
        }

        program->number = number;
        ts->programs[ts->nprograms++] = program;
    }

    program->pmt_pid = pmt_pid;
    pmt = nvm_inspect_pid(ts, pmt_pid);

    if (pmt != NULL) {
        pmt->pmt = 1;
    }
}


/* 2.4.4.3: programs and their PMTs; program 0 is the network */
static void
nvm_inspect_pat(nvm_inspect_ts_t *ts, const nvm_inspect_pid_t *p,
    nvm_reader_t *r)
{
    uint32_t  number, pid;

    nvm_reader_skip(r, NVM_INSPECT_SECTION_HEAD);
    ts->stream = nvm_reader_u16(r);
    nvm_reader_skip(r, 3);
    ts->pats++;

    while (nvm_reader_left(r) >= 4) {
        number = nvm_reader_u16(r);
        pid = nvm_reader_u16(r) & 0x1fff;

        if (number) {
            nvm_inspect_program_add(ts, p, number, pid);
        }
    }
}


nvm_err_e
nvm_inspect_pmt_parse(const uint8_t *data, size_t n, nvm_inspect_pmt_t *pmt)
{
    nvm_reader_t  r;

    if (n < NVM_INSPECT_SECTION_LONG + NVM_INSPECT_SECTION_CRC) {
        return NVM_ETRUNC;
    }

    nvm_reader_init(&r, data, n - NVM_INSPECT_SECTION_CRC, 0);
    nvm_reader_skip(&r, 5);
    pmt->version = nvm_reader_u8(&r) >> 1 & 0x1f;
    nvm_reader_skip(&r, 2);
    pmt->pcr_pid = nvm_reader_u16(&r) & 0x1fff;
    nvm_reader_sub(&r, nvm_reader_u16(&r) & 0xfff, &pmt->descriptors);
    pmt->streams = r;

    return r.error;
}


int
nvm_inspect_pmt_stream(nvm_reader_t *r, uint32_t *type, uint32_t *pid,
    nvm_reader_t *descriptors)
{
    *type = nvm_reader_u8(r);
    *pid = nvm_reader_u16(r) & 0x1fff;
    nvm_reader_sub(r, nvm_reader_u16(r) & 0xfff, descriptors);

    return r->error == NVM_OK;
}


/* 2.4.4.8; the section is kept, its streams are told their types */
static void
nvm_inspect_pmt(nvm_inspect_ts_t *ts, nvm_inspect_pid_t *p,
    const uint8_t *data, size_t n)
{
    uint32_t                type, pid;
    nvm_reader_t            r, descriptors;
    nvm_inspect_pid_t      *es;
    nvm_inspect_pmt_t       pmt;
    nvm_inspect_program_t  *program;

    nvm_reader_init(&r, data, n, 0);
    nvm_reader_skip(&r, NVM_INSPECT_SECTION_HEAD);
    program = nvm_inspect_program_find(ts, nvm_reader_u16(&r));

    if (program == NULL) {
        nvm_inspect_ts_fault(ts, p, NVM_EINVAL,
                             "program map of a program that PAT doesn't have");
        return;
    }

    program->sections++;

    if (program->len == n && memcmp(program->pmt, data, n) == 0) {
        return;
    }

    program->changes += program->len != 0;
    program->len = n;
    memcpy(program->pmt, data, n);

    if (nvm_inspect_pmt_parse(program->pmt, n, &pmt) != NVM_OK) {
        nvm_inspect_ts_fault(ts, p, NVM_ETRUNC, "program map is cut");
        return;
    }

    while (nvm_reader_left(&pmt.streams)
           && nvm_inspect_pmt_stream(&pmt.streams, &type, &pid, &descriptors))
    {
        es = nvm_inspect_pid(ts, pid);

        if (es != NULL) {
            es->type = (int32_t) type;
        }
    }

    if (pmt.streams.error) {
        nvm_inspect_ts_fault(ts, p, NVM_ETRUNC,
                             "program map ends within a stream");
    }

    if (pmt.pcr_pid != NVM_INSPECT_TS_NULL) {
        es = nvm_inspect_pid(ts, pmt.pcr_pid);

        if (es != NULL) {
            es->clock = 1;
        }
    }
}


/* The name of a service; a first byte under 0x20 chooses a table (annex A). */
static void
nvm_inspect_service(nvm_inspect_program_t *program, nvm_reader_t *r)
{
    size_t          n;
    const uint8_t  *name;

    nvm_reader_skip(r, 1);
    nvm_reader_skip(r, nvm_reader_u8(r));
    n = nvm_reader_u8(r);

    if (n && nvm_reader_peek(r) < 0x20) {
        nvm_reader_skip(r, 1);
        n--;
    }

    n = n < NVM_INSPECT_TS_NAME ? n : NVM_INSPECT_TS_NAME;
    name = nvm_reader_bytes(r, n);

    if (name != NULL) {
        memcpy(program->name, name, n);
        program->name_len = n;
    }
}


static void
nvm_inspect_sdt(nvm_inspect_ts_t *ts, nvm_reader_t *r)
{
    uint8_t                 tag;
    nvm_reader_t            descriptors, body;
    nvm_inspect_program_t  *program;

    nvm_reader_skip(r, 11);

    while (nvm_reader_left(r) > 5) {
        program = nvm_inspect_program_find(ts, nvm_reader_u16(r));
        nvm_reader_skip(r, 1);
        nvm_reader_sub(r, nvm_reader_u16(r) & 0xfff, &descriptors);

        while (nvm_reader_left(&descriptors)) {
            tag = nvm_reader_u8(&descriptors);
            nvm_reader_sub(&descriptors, nvm_reader_u8(&descriptors), &body);

            if (tag == NVM_INSPECT_SERVICE && program != NULL) {
                nvm_inspect_service(program, &body);
            }
        }
    }
}


/* A section that is complete. */
static void
nvm_inspect_section(nvm_inspect_ts_t *ts, nvm_inspect_pid_t *p,
    const uint8_t *data, size_t n)
{
    uint8_t       table;
    nvm_reader_t  r;

    if (n < NVM_INSPECT_SECTION_LONG + NVM_INSPECT_SECTION_CRC) {
        nvm_inspect_ts_fault(ts, p, NVM_ETRUNC, "section is too short");
        return;
    }

    nvm_reader_init(&r, data, n - NVM_INSPECT_SECTION_CRC, 0);
    table = nvm_reader_peek(&r);

    /* others may be here too, and needn't have a CRC */

    if (!(p->pid == 0 && table == NVM_INSPECT_TABLE_PAT)
        && !(p->pmt && table == NVM_INSPECT_TABLE_PMT)
        && !(p->pid == NVM_INSPECT_TS_SDT && table == NVM_INSPECT_TABLE_SDT))
    {
        return;
    }

    if (nvm_inspect_crc(data, n) != 0) {
        nvm_inspect_ts_fault(ts, p, NVM_EINVAL, "CRC of a section is wrong");
        return;
    }

    if (table == NVM_INSPECT_TABLE_PAT) {
        nvm_inspect_pat(ts, p, &r);

    } else if (table == NVM_INSPECT_TABLE_PMT) {
        nvm_inspect_pmt(ts, p, data, n);

    } else {
        nvm_inspect_sdt(ts, &r);
    }
}


/* Bytes of the section that is being collected; nothing is left of them. */
static void
nvm_inspect_section_add(nvm_inspect_ts_t *ts, nvm_inspect_pid_t *p,
    nvm_reader_t *r)
{
    size_t                  n, size;
    nvm_reader_t            head;
    const uint8_t          *data;
    nvm_inspect_section_t  *s;

    s = p->section;

    while (s->active && nvm_reader_left(r)) {

        if (s->len == 0 && nvm_reader_peek(r) == NVM_INSPECT_STUFFING) {
            s->active = 0;
            return;
        }

        size = NVM_INSPECT_SECTION_HEAD;

        if (s->len >= NVM_INSPECT_SECTION_HEAD) {
            nvm_reader_init(&head, s->buf, s->len, 0);
            nvm_reader_skip(&head, 1);
            size += nvm_reader_u16(&head) & 0xfff;
        }

        /* private sections, which aren't read, may be longer */

        if (size > sizeof(s->buf)) {
            s->active = 0;
            return;
        }

        n = size - s->len;
        n = n < nvm_reader_left(r) ? n : nvm_reader_left(r);
        data = nvm_reader_bytes(r, n);
        memcpy(s->buf + s->len, data, n);
        s->len += n;

        if (s->len == size && size > NVM_INSPECT_SECTION_HEAD) {
            nvm_inspect_section(ts, p, s->buf, s->len);
            s->len = 0;

        } else if (s->len == size && n == 0) {
            /* a section of no length */
            s->active = 0;
        }
    }
}


void
nvm_inspect_psi(nvm_inspect_ts_t *ts, nvm_inspect_pid_t *p, nvm_reader_t *r,
    unsigned pusi)
{
    nvm_reader_t  before;

    if (p->section == NULL) {
        p->section = nvm_alloc(ts->arena, 1, sizeof(nvm_inspect_section_t));

        if (p->section == NULL) {
            ts->nomem = 1;
            return;
        }
    }

    if (!pusi) {
        nvm_inspect_section_add(ts, p, r);
        return;
    }

    /* 2.4.4.2: how much belongs to the section before */

    nvm_reader_sub(r, nvm_reader_u8(r), &before);

    if (r->error) {
        nvm_inspect_ts_fault(ts, p, NVM_ETRUNC,
                             "pointer points outside the packet");
        return;
    }

    nvm_inspect_section_add(ts, p, &before);

    p->section->active = 1;
    p->section->len = 0;
    nvm_inspect_section_add(ts, p, r);
}
