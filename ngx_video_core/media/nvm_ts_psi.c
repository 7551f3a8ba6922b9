/*
 * Copyright (C) ngx_video authors
 *
 * The program association table and the program map table: one section in
 * one packet each, made once.
 */

#include <string.h>

#include "nvm_reader.h"
#include "nvm_ts_psi.h"
#include "nvm_writer.h"


#define NVM_TS_PROGRAM      1

/* table_id (table 2-31) */
#define NVM_TS_TABLE_PAT    0x00
#define NVM_TS_TABLE_PMT    0x02

/* descriptor_tag: table 2-45; ATSC A/52, A.4.3 and G.3.5 */
#define NVM_TS_DESC_FORMAT  0x05        /* registration */
#define NVM_TS_DESC_LANG    0x0a        /* ISO_639_language */
#define NVM_TS_DESC_AC3     0x81
#define NVM_TS_DESC_EAC3    0xcc


/* CRC_32 of sections (Annex A); two tables in the life of a writer. */
static uint32_t
nvm_ts_crc(const uint8_t *p, size_t n)
{
    int       bit;
    uint32_t  crc;

    for (crc = 0xffffffff; n; n--) {
        crc ^= (uint32_t) *p++ << 24;

        for (bit = 0; bit < 8; bit++) {
            crc = crc << 1 ^ (crc & 0x80000000 ? 0x04c11db7 : 0);
        }
    }

    return crc;
}


/* The head of a packet and of a section; returns where the section is. */
static size_t
nvm_ts_section(nvm_writer_t *w, uint16_t pid, uint8_t table, uint16_t id)
{
    size_t  at;

    nvm_writer_u32(w, 0x47400010 | (uint32_t) pid << 8);
    nvm_writer_u8(w, 0);                /* pointer_field */

    at = w->len;
    nvm_writer_u8(w, table);
    nvm_writer_u16(w, 0xb000);          /* length: nvm_ts_section_end() */
    nvm_writer_u16(w, id);
    nvm_writer_u8(w, 0xc1);             /* version 0, current */
    nvm_writer_u16(w, 0);               /* the only section */

    return at;
}


static void
nvm_ts_section_end(nvm_writer_t *w, size_t at)
{
    size_t  len;

    len = w->len + 4 - at - 3;

    if (w->error || w->len + 4 > w->size) {
        w->error = NVM_EOVERFLOW;
        return;
    }

    w->start[at + 1] |= (uint8_t) (len >> 8);
    w->start[at + 2] = (uint8_t) len;

    nvm_writer_u32(w, nvm_ts_crc(w->start + at, w->len - at));

    memset(w->start + w->len, 0xff, w->size - w->len);
}


/* AC-3_audio_stream_descriptor from dac3 (ETSI TS 102 366, F.4). */
static void
nvm_ts_ac3(nvm_writer_t *w, const nvm_track_t *track)
{
    uint32_t    fscod, bsid, bsmod, acmod, rate;
    nvm_bits_t  b;

    nvm_bits_init(&b, track->config, track->config_len, 0);
    fscod = nvm_bits_u(&b, 2);
    bsid = nvm_bits_u(&b, 5);
    bsmod = nvm_bits_u(&b, 3);
    acmod = nvm_bits_u(&b, 3);
    nvm_bits_skip(&b, 1);               /* lfeon */
    rate = nvm_bits_u(&b, 5);

    if (b.error) {
        return;
    }

    nvm_writer_u8(w, NVM_TS_DESC_AC3);
    nvm_writer_u8(w, acmod ? 7 : 8);
    nvm_writer_u8(w, (uint8_t) (fscod << 5 | bsid));
    nvm_writer_u8(w, (uint8_t) (rate << 2));    /* exact; no surround mode */
    nvm_writer_u8(w, (uint8_t) (bsmod << 5 | acmod << 1 | 1));  /* full_svc */
    nvm_writer_u8(w, 0xff);             /* langcod */

    if (acmod == 0) {
        nvm_writer_u8(w, 0xff);         /* langcod2: two programs */
    }

    nvm_writer_u8(w, bsmod < 2 ? 0x1f : 0);     /* main 0, or asvcflags */
    nvm_writer_u8(w, 0x01);             /* no text */
    nvm_writer_u8(w, 0x3f);             /* no languages */
}


/* E-AC-3_audio_descriptor from dec3 (ETSI TS 102 366, F.6). */
static void
nvm_ts_eac3(nvm_writer_t *w, const nvm_track_t *track)
{
    uint32_t    bsid, bsmod, acmod, dependent, channels;
    nvm_bits_t  b;

    nvm_bits_init(&b, track->config, track->config_len, 0);
    nvm_bits_skip(&b, 13 + 3 + 2);      /* rate, substreams, fscod */
    bsid = nvm_bits_u(&b, 5);
    nvm_bits_skip(&b, 2);               /* reserved, asvc */
    bsmod = nvm_bits_u(&b, 3);
    acmod = nvm_bits_u(&b, 3);
    nvm_bits_skip(&b, 1 + 3);           /* lfeon, reserved */
    dependent = nvm_bits_u(&b, 4);

    if (b.error) {
        return;
    }

    /* mono, 1+1, stereo, up to 5.1, more */
    channels = dependent ? 5 : acmod > 2 ? 4 : acmod < 2 ? 1 - acmod : 2;

    nvm_writer_u8(w, NVM_TS_DESC_EAC3);
    nvm_writer_u8(w, 3);
    nvm_writer_u8(w, 0xc0);             /* bsid_flag */
    nvm_writer_u8(w, (uint8_t) (0xc0 | bsmod << 3 | channels));
    nvm_writer_u8(w, (uint8_t) (0x20 | bsid));
}


static void
nvm_ts_registration(nvm_writer_t *w, const char format[4])
{
    nvm_writer_u8(w, NVM_TS_DESC_FORMAT);
    nvm_writer_u8(w, 4);
    nvm_writer_bytes(w, format, 4);
}


static void
nvm_ts_descriptors(nvm_writer_t *w, const nvm_track_t *track)
{
    switch (track->codec) {

    case NVM_CODEC_HEVC:
        nvm_ts_registration(w, "HEVC");
        break;

    case NVM_CODEC_AC3:
        nvm_ts_registration(w, "AC-3");
        nvm_ts_ac3(w, track);
        break;

    case NVM_CODEC_EAC3:
        nvm_ts_registration(w, "EAC3");
        nvm_ts_eac3(w, track);
        break;

    default:
        break;
    }

    if (track->kind == NVM_AUDIO && memcmp(track->lang, "und", 3) != 0
        && track->lang[0] != '\0')
    {
        nvm_writer_u8(w, NVM_TS_DESC_LANG);
        nvm_writer_u8(w, 4);
        nvm_writer_bytes(w, track->lang, 3);
        nvm_writer_u8(w, 0);            /* audio_type: undefined */
    }
}


nvm_err_e
nvm_ts_psi_init(nvm_ts_t *ts, const nvm_track_t *const *tracks, nvm_fault_t *f)
{
    size_t        i, section, at, len;
    nvm_writer_t  w;

    nvm_writer_init(&w, ts->pat, sizeof(ts->pat));
    section = nvm_ts_section(&w, 0, NVM_TS_TABLE_PAT, NVM_TS_PROGRAM);
    nvm_writer_u16(&w, NVM_TS_PROGRAM);
    nvm_writer_u16(&w, 0xe000 | NVM_TS_PID_PMT);
    nvm_ts_section_end(&w, section);

    nvm_writer_init(&w, ts->pmt, sizeof(ts->pmt));
    section = nvm_ts_section(&w, NVM_TS_PID_PMT, NVM_TS_TABLE_PMT,
                             NVM_TS_PROGRAM);
    nvm_writer_u16(&w, 0xe000 | ts->tracks[ts->pcr_track].pid.pid);
    nvm_writer_u16(&w, 0xf000);         /* no descriptors of the program */

    for (i = 0; i < ts->ntracks; i++) {
        nvm_writer_u8(&w, ts->tracks[i].stream_type);
        nvm_writer_u16(&w, 0xe000 | ts->tracks[i].pid.pid);

        at = w.len;
        nvm_writer_u16(&w, 0xf000);
        nvm_ts_descriptors(&w, tracks[i]);
        len = w.len - at - 2;

        if (w.error == NVM_OK) {
            w.start[at + 1] = (uint8_t) len;
        }
    }

    nvm_ts_section_end(&w, section);

    return w.error == NVM_OK ? NVM_OK
           : nvm_fault(f, NVM_ELIMIT, 0, "program map over one packet");
}
