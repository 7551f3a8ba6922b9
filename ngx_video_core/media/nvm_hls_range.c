/*
 * Copyright (C) ngx_video authors
 *
 * EXT-X-DATERANGE (RFC 8216bis, 4.4.5.1), and those that are not there any
 * more (4.4.5.2).
 */

#include <inttypes.h>

#include "nvm_hls_range.h"
#include "nvm_text.h"


static void
nvm_hls_range_ms(nvm_writer_t *w, const char *name, uint64_t ms)
{
    if (ms != NVM_HLS_UNKNOWN) {
        nvm_writer_fmt(w, ",%s=%" PRIu64 ".%03" PRIu64, name, ms / 1000,
                       ms % 1000);
    }
}


static void
nvm_hls_range_hex(nvm_writer_t *w, const nvm_hls_range_t *r)
{
    size_t             i;
    static const char  digits[] = "0123456789ABCDEF";

    nvm_writer_text(w, ",");
    nvm_writer_text(w, r->scte35);
    nvm_writer_text(w, "=0x");

    for (i = 0; i < r->size; i++) {
        nvm_writer_u8(w, (uint8_t) digits[r->data[i] >> 4]);
        nvm_writer_u8(w, (uint8_t) digits[r->data[i] & 15]);
    }
}


static void
nvm_hls_range(nvm_writer_t *w, const nvm_hls_range_t *r)
{
    nvm_writer_fmt(w, "#EXT-X-DATERANGE:ID=\"%s\"", r->id);

    if (r->class_name != NULL) {
        nvm_writer_fmt(w, ",CLASS=\"%s\"", r->class_name);
    }

    nvm_writer_text(w, ",START-DATE=\"");
    nvm_text_date(w, r->start);
    nvm_writer_text(w, "\"");

    if (r->end) {
        nvm_writer_text(w, ",END-DATE=\"");
        nvm_text_date(w, r->end);
        nvm_writer_text(w, "\"");
    }

    nvm_hls_range_ms(w, "DURATION", r->duration);
    nvm_hls_range_ms(w, "PLANNED-DURATION", r->planned);

    if (r->scte35 != NULL) {
        nvm_hls_range_hex(w, r);

    } else {
        nvm_writer_bytes(w, r->data, r->size);
    }

    nvm_writer_text(w, "\n");
}


void
nvm_hls_ranges_write(nvm_writer_t *w, const nvm_hls_range_t *ranges, size_t n,
    unsigned skip)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (!ranges[i].removed && !(skip && ranges[i].old)) {
            nvm_hls_range(w, &ranges[i]);
        }
    }
}


void
nvm_hls_ranges_removed(nvm_writer_t *w, const nvm_hls_range_t *ranges,
    size_t n)
{
    size_t    i;
    unsigned  begun;

    nvm_writer_text(w, ",RECENTLY-REMOVED-DATERANGES=\"");
    begun = 0;

    for (i = 0; i < n; i++) {

        /* the tags of one range follow each other */
        if (!ranges[i].removed || ranges[i].again) {
            continue;
        }

        nvm_writer_text(w, begun ? "\t" : "");
        nvm_writer_text(w, ranges[i].id);
        begun = 1;
    }

    nvm_writer_text(w, "\"");
}
