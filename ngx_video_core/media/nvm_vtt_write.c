/*
 * Copyright (C) ngx_video authors
 *
 * WebVTT segments.  Whatever a cue was made of, what is written parses into
 * that one cue: see nvm_vtt_text_write().
 */

#include <inttypes.h>

#include "nvm_vtt.h"


/* A presentation timestamp of MPEG-2 has 33 bits. */
#define NVM_VTT_MPEGTS_MASK  ((UINT64_C(1) << 33) - 1)


/* After a line end: another one, then styles and regions, blank lines last. */
static void
nvm_vtt_blocks_write(nvm_writer_t *w, const nvm_vtt_t *v)
{
    size_t  i;

    nvm_writer_text(w, "\n");

    for (i = 0; i < v->nblocks; i++) {
        nvm_vtt_text_write(w, v->blocks[i]);
        nvm_writer_text(w, "\n\n");
    }
}


static void
nvm_vtt_cue_write(nvm_writer_t *w, const nvm_vtt_cue_t *c)
{
    if (c->id.len) {
        nvm_vtt_line_write(w, c->id);
        nvm_writer_text(w, "\n");
    }

    nvm_vtt_time_write(w, c->start_ms);
    nvm_writer_text(w, " --> ");
    nvm_vtt_time_write(w, c->end_ms);

    if (c->settings.len) {
        nvm_writer_text(w, " ");
        nvm_vtt_line_write(w, c->settings);
    }

    nvm_writer_text(w, "\n");

    if (c->text.len) {
        nvm_vtt_text_write(w, c->text);
        nvm_writer_text(w, "\n");
    }

    nvm_writer_text(w, "\n");
}


void
nvm_vtt_header_write(nvm_writer_t *w, const nvm_vtt_t *v)
{
    nvm_writer_text(w, "WEBVTT\n");
    nvm_vtt_blocks_write(w, v);
}


nvm_err_e
nvm_vtt_segment_write(nvm_writer_t *w, const nvm_vtt_t *v, uint64_t start_ms,
    uint64_t end_ms, uint64_t mpegts)
{
    size_t  i;

    nvm_writer_fmt(w, "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:%" PRIu64
                   ",LOCAL:00:00:00.000\n", mpegts & NVM_VTT_MPEGTS_MASK);
    nvm_vtt_blocks_write(w, v);

    for (i = nvm_vtt_find(v, 0, start_ms);
         i < v->ncues && v->cues[i].start_ms < end_ms;
         i = nvm_vtt_find(v, i + 1, start_ms))
    {
        nvm_vtt_cue_write(w, &v->cues[i]);
    }

    return w->error;
}
