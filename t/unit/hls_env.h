/*
 * Copyright (C) ngx_video authors
 *
 * What the tests of HLS playlists have in common: tracks, a live timeline, and
 * the text of a playlist.
 */

#ifndef HLS_ENV_H
#define HLS_ENV_H

#include "nvm_hls.h"
#include "nvm_text.h"
#include "tap.h"


static char  text[65536];


static TAP_UNUSED const char *
done(nvm_writer_t *w)
{
    if (w->error || w->len >= sizeof(text)) {
        return "(error)";
    }

    text[w->len] = '\0';

    return text;
}


/* The text of a playlist, which must be as long when it is written dry. */
static TAP_UNUSED const char *
master(const nvm_hls_master_t *m)
{
    nvm_writer_t  w, dry;

    nvm_writer_init(&dry, NULL, 0);
    nvm_writer_init(&w, text, sizeof(text));

    if (nvm_hls_master_write(&dry, m) != nvm_hls_master_write(&w, m)
        || dry.len != w.len)
    {
        return "(dry run differs)";
    }

    return done(&w);
}


static TAP_UNUSED const char *
media(const nvm_timeline_t *tl, const nvm_hls_media_t *opt)
{
    nvm_writer_t  w, dry;

    nvm_writer_init(&dry, NULL, 0);
    nvm_writer_init(&w, text, sizeof(text));

    if (nvm_hls_media_write(&dry, tl, opt) != nvm_hls_media_write(&w, tl, opt)
        || dry.len != w.len)
    {
        return "(dry run differs)";
    }

    return done(&w);
}


static TAP_UNUSED nvm_track_t  video = {
    .kind = NVM_VIDEO, .codec = NVM_CODEC_H264, .timescale = 90000,
    .bandwidth = 2000000, .avg_bandwidth = 1500000, .width = 720,
    .height = 576, .sar_num = 64, .sar_den = 45, .fps_num = 30000,
    .fps_den = 1001, .codecs = "avc1.64001e", .lang = "und"
};

static TAP_UNUSED nvm_track_t  english = {
    .kind = NVM_AUDIO, .codec = NVM_CODEC_AAC, .timescale = 48000,
    .bandwidth = 130000, .avg_bandwidth = 128000, .sample_rate = 48000,
    .channels = 2, .codecs = "mp4a.40.2", .lang = "eng"
};

static nvm_segment_t  live[8];
static nvm_part_t     parts[8][4];


/* Eight segments of 2 s in four parts; the last is open after two of them. */
static TAP_UNUSED void
make_live(nvm_timeline_t *tl)
{
    memset(live, 0, sizeof(live));

    for (int i = 0; i < 8; i++) {
        live[i].msn = 100 + (uint64_t) i;
        live[i].start = 1000000 + 180000 * (uint64_t) i;
        live[i].duration = 180000;
        live[i].wall = 1709210096000 + 2000 * i;
        live[i].nparts = 4;
        live[i].parts = parts[i];
        live[i].complete = i < 7;

        for (int k = 0; k < 4; k++) {
            parts[i][k] = (nvm_part_t) {
                .dts = live[i].start + 45000 * (uint64_t) k,
                .duration = 45000, .independent = k == 0
            };
        }
    }

    live[7].nparts = 2;
    live[7].duration = 90000;

    *tl = (nvm_timeline_t) { .track = &video, .segments = live,
                             .nsegments = 8, .target = 2,
                             .part_target = 45000 };
}


#endif /* HLS_ENV_H */
