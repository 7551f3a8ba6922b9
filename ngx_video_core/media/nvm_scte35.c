/*
 * Copyright (C) ngx_video authors
 *
 * The splice_info_section() and what is in it (ANSI/SCTE 35, 9).
 */

#include <string.h>

#include "nvm_reader.h"
#include "nvm_scte35.h"


#define NVM_SCTE35_TABLE        0xfc

/* "CUEI", the identifier of a splice descriptor (10.2) */
#define NVM_SCTE35_CUEI         0x43554549
#define NVM_SCTE35_SEGMENT      2           /* splice_descriptor_tag */

/* a length that encoders before 2005 didn't know (9.6.1) */
#define NVM_SCTE35_NO_LENGTH    0xfff

#define NVM_SCTE35_PTS          0x1ffffffffULL


/* CRC_32 of MPEG-2 systems (ISO/IEC 13818-1, annex A); 0: it agrees. */
static uint32_t
nvm_scte35_crc(const uint8_t *data, size_t n)
{
    size_t    i;
    uint32_t  crc;
    unsigned  k;

    crc = UINT32_MAX;

    for (i = 0; i < n; i++) {
        crc ^= (uint32_t) data[i] << 24;

        for (k = 0; k < 8; k++) {
            crc = crc << 1 ^ (crc & 0x80000000 ? 0x04c11db7 : 0);
        }
    }

    return crc;
}


/* A number of 33 bits, of which the highest is the last of a byte. */
static uint64_t
nvm_scte35_33(nvm_reader_t *r, uint8_t first)
{
    return (uint64_t) (first & 1) << 32 | nvm_reader_u32(r);
}


/* splice_time() (9.7.1) */
static void
nvm_scte35_time(nvm_reader_t *r, nvm_scte35_t *out, uint64_t adjustment)
{
    uint8_t  first;

    first = nvm_reader_u8(r);

    if (first & 0x80) {
        out->pts = (nvm_scte35_33(r, first) + adjustment) & NVM_SCTE35_PTS;
        out->timed = r->error == NVM_OK;
    }
}


/* splice_insert() (9.7.3) */
static void
nvm_scte35_read_insert(nvm_reader_t *r, nvm_scte35_t *out,
    uint64_t adjustment)
{
    uint8_t               flags, first, n;
    nvm_scte35_splice_t  *s;

    s = &out->splices[0];
    out->nsplices = 1;

    s->event = nvm_reader_u32(r);
    s->cancel = nvm_reader_u8(r) >> 7;

    if (s->cancel) {
        return;
    }

    /* out_of_network, program_splice, duration and splice_immediate flags */
    flags = nvm_reader_u8(r);
    s->way = flags & 0x80 ? NVM_SCTE35_OUT : NVM_SCTE35_IN;

    if ((flags & 0x50) == 0x40) {
        nvm_scte35_time(r, out, adjustment);

    } else if ((flags & 0x40) == 0) {
        n = nvm_reader_u8(r);

        while (n-- && r->error == NVM_OK) {
            nvm_reader_skip(r, 1);

            if ((flags & 0x10) == 0) {
                nvm_scte35_time(r, out, adjustment);
            }
        }
    }

    if (flags & 0x20) {
        /* break_duration() */
        first = nvm_reader_u8(r);
        s->duration = nvm_scte35_33(r, first);
        s->timed = r->error == NVM_OK;
    }

    nvm_reader_skip(r, 4);      /* unique_program_id, avail_num, expected */
}


/*
 * Whether a segment takes viewers out of the programme, or back: breaks,
 * advertisements, placement opportunities and promos (table 23).  The types of
 * their ends are one more than those of their starts.
 */
static nvm_scte35_way_e
nvm_scte35_way(uint8_t type)
{
    if (type == 0x22 || type == 0x23 || (type >= 0x30 && type <= 0x3f)
        || (type >= 0x44 && type <= 0x47))
    {
        return type & 1 ? NVM_SCTE35_IN : NVM_SCTE35_OUT;
    }

    return NVM_SCTE35_CMD;
}


/* segmentation_descriptor() (10.3.3), after its identifier */
static void
nvm_scte35_segment(nvm_reader_t *r, nvm_scte35_t *out)
{
    uint8_t               flags, n, first;
    nvm_scte35_splice_t  *s;

    if (out->nsplices == NVM_SCTE35_SEGMENTS) {
        return;
    }

    s = &out->splices[out->nsplices];
    memset(s, 0, sizeof(nvm_scte35_splice_t));
    s->event = nvm_reader_u32(r);
    s->cancel = nvm_reader_u8(r) >> 7;

    if (s->cancel) {
        out->nsplices += r->error == NVM_OK;
        return;
    }

    /* program_segmentation and segmentation_duration flags */
    flags = nvm_reader_u8(r);

    if ((flags & 0x80) == 0) {
        n = nvm_reader_u8(r);
        nvm_reader_skip(r, (uint64_t) n * 6);
    }

    if (flags & 0x40) {
        first = nvm_reader_u8(r);
        s->duration = (uint64_t) first << 32 | nvm_reader_u32(r);
        s->timed = r->error == NVM_OK;
    }

    nvm_reader_skip(r, 1);      /* segmentation_upid_type */
    nvm_reader_skip(r, nvm_reader_u8(r));

    s->type = nvm_reader_u8(r);
    s->way = (uint8_t) nvm_scte35_way(s->type);

    out->nsplices += r->error == NVM_OK;
}


/* The loop of splice descriptors; what is damaged in one is passed over. */
static void
nvm_scte35_descriptors(nvm_reader_t *r, nvm_scte35_t *out)
{
    uint8_t       tag;
    nvm_reader_t  d;

    while (nvm_reader_left(r)) {
        tag = nvm_reader_u8(r);
        nvm_reader_sub(r, nvm_reader_u8(r), &d);

        if (r->error == NVM_OK && tag == NVM_SCTE35_SEGMENT
            && nvm_reader_u32(&d) == NVM_SCTE35_CUEI)
        {
            nvm_scte35_segment(&d, out);
        }
    }
}


/* From splice_command_type on; r ends before the checksum. */
static nvm_err_e
nvm_scte35_command(nvm_reader_t *r, unsigned length, uint64_t adjustment,
    nvm_scte35_t *out)
{
    nvm_reader_t  command, descriptors;

    if (length == NVM_SCTE35_NO_LENGTH) {
        command = *r;

    } else {
        nvm_reader_sub(r, length, &command);
    }

    if (out->command == NVM_SCTE35_INSERT) {
        nvm_scte35_read_insert(&command, out, adjustment);

    } else if (out->command == NVM_SCTE35_SIGNAL) {
        nvm_scte35_time(&command, out, adjustment);
    }

    if (command.error) {
        return command.error;
    }

    if (length == NVM_SCTE35_NO_LENGTH) {
        *r = command;
    }

    nvm_reader_sub(r, nvm_reader_u16(r), &descriptors);

    /* an insert has its event itself */
    if (out->command == NVM_SCTE35_SIGNAL) {
        nvm_scte35_descriptors(&descriptors, out);
    }

    return r->error;
}


nvm_err_e
nvm_scte35_parse(const uint8_t *data, size_t n, nvm_scte35_t *out,
    nvm_fault_t *f)
{
    uint8_t       first;
    uint64_t      adjustment;
    unsigned      length;
    nvm_err_e     rc;
    nvm_reader_t  r, section;

    memset(out, 0, sizeof(nvm_scte35_t));
    nvm_reader_init(&r, data, n, 0);

    if (nvm_reader_u8(&r) != NVM_SCTE35_TABLE) {
        return nvm_fault(f, NVM_EINVAL, 0, "no splice_info_section");
    }

    length = nvm_reader_u16(&r) & 0xfff;

    if (r.error || length < 4 || length != nvm_reader_left(&r)) {
        return nvm_fault(f, NVM_ETRUNC, n, "splice_info_section is not as "
                         "long as it says");
    }

    if (nvm_scte35_crc(data, n) != 0) {
        return nvm_fault(f, NVM_EINVAL, n - 4, "CRC_32 of splice_info_section "
                         "is wrong");
    }

    nvm_reader_sub(&r, length - 4, &section);

    if (nvm_reader_u8(&section) != 0) {
        return nvm_fault(f, NVM_EUNSUP, 3, "protocol_version is not 0");
    }

    first = nvm_reader_u8(&section);
    out->encrypted = first >> 7;
    adjustment = nvm_scte35_33(&section, first);

    /* cw_index, tier, splice_command_length */
    length = nvm_reader_u32(&section) & 0xfff;
    out->command = nvm_reader_u8(&section);

    if (section.error == NVM_OK && out->encrypted) {
        out->command = NVM_SCTE35_PRIVATE;
        return NVM_OK;
    }

    rc = section.error ? section.error
         : nvm_scte35_command(&section, length, adjustment, out);

    return rc == NVM_OK ? NVM_OK
           : nvm_fault(f, rc, n, "splice_info_section is cut");
}


void
nvm_scte35_insert(nvm_writer_t *w, const nvm_scte35_splice_t *s)
{
    size_t    start;
    uint8_t   flags;
    unsigned  command;

    start = w->len;
    command = s->cancel ? 5 : 10 + (s->timed ? 5 : 0);

    nvm_writer_u8(w, NVM_SCTE35_TABLE);
    nvm_writer_u16(w, (uint16_t) (0x3000 | (17 + command)));
    nvm_writer_zero(w, 6);      /* version, no encryption, no adjustment */
    nvm_writer_u8(w, 0);        /* cw_index */
    nvm_writer_u24(w, 0xfff000 | command);
    nvm_writer_u8(w, NVM_SCTE35_INSERT);

    nvm_writer_u32(w, s->event);
    nvm_writer_u8(w, s->cancel ? 0xff : 0x7f);

    if (!s->cancel) {
        /* program_splice, splice_immediate */
        flags = 0x5f | (s->way == NVM_SCTE35_OUT ? 0x80 : 0)
                | (s->timed ? 0x20 : 0);
        nvm_writer_u8(w, flags);

        if (s->timed) {
            /* auto_return: who tells a duration may not tell the end */
            nvm_writer_u8(w, (uint8_t) (0xfe | (s->duration >> 32 & 1)));
            nvm_writer_u32(w, (uint32_t) s->duration);
        }

        nvm_writer_u32(w, 0);
    }

    nvm_writer_u16(w, 0);       /* descriptor_loop_length */

    nvm_writer_u32(w, w->start && w->error == NVM_OK
                      ? nvm_scte35_crc(w->start + start, w->len - start) : 0);
}
