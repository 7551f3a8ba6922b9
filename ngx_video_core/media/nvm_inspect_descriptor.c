/*
 * Copyright (C) ngx_video authors
 *
 * Stream types and descriptors: ISO/IEC 13818-1, tables 2-34 and 2-45; ETSI EN
 * 300 468, table 12; SCTE 35, 8.
 */

#include "nvm_inspect_ts.h"


#define NVM_INSPECT_DESC_REGISTRATION   0x05
#define NVM_INSPECT_DESC_LANGUAGE       0x0a
#define NVM_INSPECT_DESC_BITRATE        0x0e
#define NVM_INSPECT_DESC_TELETEXT       0x56
#define NVM_INSPECT_DESC_SUBTITLING     0x59


static const nvm_emit_name_t  nvm_inspect_stream_types[] = {
    { 0x01, "MPEG-1 video" }, { 0x02, "MPEG-2 video" },
    { 0x03, "MPEG-1 audio" }, { 0x04, "MPEG-2 audio" },
    { 0x05, "private sections" }, { 0x06, "private data" },
    { 0x0b, "DSM-CC" }, { 0x0d, "DSM-CC sections" }, { 0x0f, "AAC in ADTS" },
    { 0x10, "MPEG-4 video" }, { 0x11, "AAC in LATM" },
    { 0x15, "metadata" }, { 0x1b, "H.264" }, { 0x1c, "AAC raw" },
    { 0x20, "H.264 MVC" }, { 0x21, "JPEG 2000" }, { 0x24, "HEVC" },
    { 0x33, "VVC" }, { 0x42, "AVS" }, { 0x81, "AC-3" }, { 0x82, "DTS" },
    { 0x83, "TrueHD" }, { 0x86, "SCTE-35" }, { 0x87, "E-AC-3" },
    { 0xc1, "AC-3 encrypted" }, { 0xcf, "AAC encrypted" },
    { 0xdb, "H.264 encrypted" }, { 0xea, "VC-1" }, { 0, NULL }
};

static const nvm_emit_name_t  nvm_inspect_descriptor_names[] = {
    { 0x02, "video stream" }, { 0x03, "audio stream" },
    { 0x05, "registration" }, { 0x06, "data stream alignment" },
    { 0x09, "CA" }, { 0x0a, "language" }, { 0x0b, "system clock" },
    { 0x0e, "maximum bitrate" }, { 0x10, "smoothing buffer" },
    { 0x1b, "MPEG-4 video" }, { 0x1c, "MPEG-4 audio" }, { 0x1d, "IOD" },
    { 0x25, "metadata pointer" }, { 0x26, "metadata" }, { 0x28, "AVC video" },
    { 0x2a, "AVC timing" }, { 0x2b, "MPEG-2 AAC" }, { 0x38, "HEVC video" },
    { 0x3f, "extension" }, { 0x45, "VBI data" },
    { 0x52, "stream identifier" }, { 0x56, "teletext" },
    { 0x59, "subtitling" }, { 0x5f, "private data specifier" },
    { 0x6a, "AC-3" }, { 0x7a, "enhanced AC-3" }, { 0x7b, "DTS" },
    { 0x7c, "AAC" }, { 0x7f, "DVB extension" }, { 0x81, "AC-3 (ATSC)" },
    { 0x86, "caption service" }, { 0x8a, "cue identifier" },
    { 0xcc, "E-AC-3 (ATSC)" }, { 0, NULL }
};


const char *
nvm_inspect_stream_name(uint32_t type)
{
    return nvm_emit_meaning(nvm_inspect_stream_types, type);
}


/* Languages that come once in each "size" bytes: "eng", "deu". */
static void
nvm_inspect_languages(nvm_emit_t *e, nvm_reader_t r, uint32_t size)
{
    const uint8_t  *p;

    nvm_emit_open(e, "languages", NVM_EMIT_ARRAY);

    while (nvm_reader_left(&r) >= size) {
        p = nvm_reader_bytes(&r, size);
        nvm_emit_text(e, NULL, p, 3);
    }

    nvm_emit_close(e);
}


static void
nvm_inspect_descriptor_body(nvm_emit_t *e, uint8_t tag, nvm_reader_t *r)
{
    size_t          n;
    nvm_reader_t    look;
    const uint8_t  *p;

    look = *r;
    n = nvm_reader_left(r);
    p = nvm_reader_bytes(r, n);

    nvm_emit_code(e, "tag", tag,
                  nvm_emit_meaning(nvm_inspect_descriptor_names, tag));
    nvm_emit_hex(e, "data", p, n);

    switch (tag) {

    case NVM_INSPECT_DESC_REGISTRATION:
        if (n >= 4) {
            nvm_emit_type(e, "format", nvm_reader_u32(&look));
        }

        break;

    case NVM_INSPECT_DESC_BITRATE:
        if (n >= 3) {
            /* in units of 50 bytes a second */
            nvm_emit_uint(e, "max_bitrate",
                          (nvm_reader_u24(&look) & 0x3fffffu) * 400);
        }

        break;

    case NVM_INSPECT_DESC_LANGUAGE:
        nvm_inspect_languages(e, look, 4);
        break;

    case NVM_INSPECT_DESC_TELETEXT:
        nvm_inspect_languages(e, look, 5);
        break;

    case NVM_INSPECT_DESC_SUBTITLING:
        nvm_inspect_languages(e, look, 8);
        break;
    }
}


void
nvm_inspect_descriptors(nvm_emit_t *e, nvm_reader_t *r)
{
    uint8_t       tag;
    nvm_reader_t  body;

    if (nvm_reader_left(r) == 0) {
        return;
    }

    nvm_emit_open(e, "descriptors", NVM_EMIT_ARRAY);

    while (nvm_reader_left(r)) {
        tag = nvm_reader_u8(r);
        nvm_reader_sub(r, nvm_reader_u8(r), &body);

        if (r->error) {
            break;
        }

        nvm_emit_open(e, NULL, NVM_EMIT_OBJECT);
        nvm_inspect_descriptor_body(e, tag, &body);
        nvm_emit_close(e);
    }

    nvm_emit_close(e);
}
