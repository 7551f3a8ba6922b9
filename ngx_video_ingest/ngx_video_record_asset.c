/*
 * Copyright (C) ngx_video authors
 *
 * What asset.json says of a recording: of one run its files, so that it is an
 * asset like others; of several them.
 */

#include "ngx_video_record.h"


/* Whether the file of a track has media, or is about to: that of "number". */
static ngx_uint_t
ngx_video_record_begun(ngx_video_record_asset_t *a, ngx_uint_t i,
    ngx_uint_t number)
{
    ngx_int_t                  rc;
    uint64_t                   offset;
    ngx_video_live_segment_t   s;

    if (i == number || a->described >> i & 1) {
        return 1;
    }

    rc = ngx_video_live_unrecorded(a->store, a->live, a->epoch, i, &s,
                                   &offset);
    if (rc == NGX_OK) {
        ngx_video_object_put(a->store, &s.object);
    }

    return rc != NGX_ABORT && offset;
}


void
ngx_video_record_asset_write(ngx_video_record_asset_t *a,
    ngx_video_live_recording_t *rec, ngx_video_record_job_t *j,
    ngx_uint_t number)
{
    u_char      *p;
    uint32_t     n, bit, runs;
    ngx_uint_t   i;
    const char  *comma;

    bit = (uint32_t) 1 << ngx_video_live_run_bit(rec->number);
    runs = (rec->runs | bit) & ~j->gone;
    comma = "";
    p = ngx_sprintf(a->text, "{\"%s\":[", runs == bit ? "tracks" : "clips");

    for (i = 0; runs == bit && i < a->ntracks; i++) {
        if (ngx_video_record_begun(a, i, number)) {
            p = ngx_sprintf(p, "%s{\"file\":\"%04uD/%s.mp4\"}", comma,
                            rec->number, a->tracks[i]);
            comma = ",";
        }
    }

    /* from the oldest on */
    for (i = NGX_VIDEO_LIVE_RECORDED; runs != bit && i-- > 0; /* void */ ) {
        n = rec->number - (uint32_t) i;

        if (i < rec->number && runs >> ngx_video_live_run_bit(n) & 1) {
            p = ngx_sprintf(p, "%s{\"asset\":\"%04uD\"}", comma, n);
            comma = ",";
        }
    }

    p = ngx_cpymem(p, "]}\n", 3);

    j->text = a->text;
    j->text_len = p - a->text;
    ngx_sprintf(j->text_file, "%*s/asset.json%Z", (size_t) rec->path_len,
                rec->path);
}
