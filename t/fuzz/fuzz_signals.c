/*
 * Copyright (C) ngx_video authors
 *
 * What publishers signal: caption data in SEI messages, splice information, and
 * data messages.  Byte 0 chooses.  A splice_info_section() gets the checksum
 * that it should have, or hardly any would be looked into.
 */

#include "fuzz.h"
#include "nvm_captions.h"
#include "nvm_scte35.h"
#include "nvr_chunk.h"
#include "nvr_cue.h"


static void
check_captions(const uint8_t *data, size_t size, unsigned header)
{
    char            text[4096];
    size_t          n;
    nvm_sei_t       sei;
    nvm_writer_t    w;
    nvm_caption_t   list[NVM_MAX_CAPTIONS];
    nvm_captions_t  c = { 0, 0, 0 };

    nvm_sei_init(&sei, data, size, header);

    while (nvm_sei_next(&sei)) {
        nvm_captions_sei(&c, &sei);
    }

    if (c.channels > 15 || c.services & 1 || ((c.channels || c.services)
                                              && !c.present))
    {
        abort();
    }

    n = nvm_captions_list(&c, list);
    nvm_writer_init(&w, text, sizeof(text));
    nvm_captions_hls(&w, list, n);
    nvm_captions_dash(&w, list, n);

    if (w.error || (n != 0) != c.present) {
        abort();
    }
}


static uint32_t
crc(const uint8_t *data, size_t n)
{
    size_t    i;
    uint32_t  c;
    unsigned  k;

    c = UINT32_MAX;

    for (i = 0; i < n; i++) {
        c ^= (uint32_t) data[i] << 24;

        for (k = 0; k < 8; k++) {
            c = c << 1 ^ (c & 0x80000000 ? 0x04c11db7 : 0);
        }
    }

    return c;
}


static void
check_splice(const uint8_t *data, size_t size)
{
    uint32_t       c;
    uint8_t       *copy;
    nvm_fault_t    f = { 0 };
    nvm_scte35_t   splice;

    copy = malloc(size + 7);
    if (copy == NULL) {
        return;
    }

    copy[0] = 0xfc;
    copy[1] = (uint8_t) (0x30 | ((size + 4) >> 8 & 0x0f));
    copy[2] = (uint8_t) (size + 4);
    memcpy(copy + 3, data, size);
    c = crc(copy, size + 3);
    copy[size + 3] = (uint8_t) (c >> 24);
    copy[size + 4] = (uint8_t) (c >> 16);
    copy[size + 5] = (uint8_t) (c >> 8);
    copy[size + 6] = (uint8_t) c;

    if (nvm_scte35_parse(copy, size + 7, &splice, &f) == NVM_OK) {
        if (splice.nsplices > NVM_SCTE35_SEGMENTS
            || splice.pts > 0x1ffffffffULL)
        {
            abort();
        }

    } else if (f.what == NULL) {
        abort();
    }

    free(copy);
}


static void
check_cue(uint8_t type, const uint8_t *data, size_t size)
{
    uint8_t           text[NVR_CUE_ATTRIBUTES], tag[8192];
    nvm_fault_t       f = { 0 };
    nvm_writer_t      w;
    static nvr_cue_t  cue;

    if (nvr_cue_parse(type, data, size, &cue, &f) != NVM_OK) {
        return;
    }

    if (cue.nmembers > NVR_CUE_MEMBERS
        || (cue.kind == NVR_CUE_SPLICE) != (cue.section_len != 0)
        || (cue.section_len && cue.unread))
    {
        abort();
    }

    nvm_writer_init(&w, text, sizeof(text));
    nvr_cue_attributes(&w, &cue);

    if (w.error || memchr(text, '\n', w.len) != NULL) {
        abort();
    }

    nvm_writer_init(&w, tag, sizeof(tag));
    nvr_cue_id3(&w, &cue);

    if (w.error || w.len > sizeof(tag)) {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }

    switch (data[0] & 3) {

    case 0:
        check_captions(data + 1, size - 1, 1 + (data[0] >> 2 & 1));
        break;

    case 1:
        check_splice(data + 1, size - 1);
        break;

    default:
        check_cue(data[0] & 1 ? NVR_MSG_DATA : NVR_MSG_DATA_AMF3, data + 1,
                  size - 1);
    }

    return 0;
}
