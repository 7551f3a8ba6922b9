/*
 * Copyright (C) ngx_video authors
 *
 * The boxes of moov that all writers of it share.
 */

#include "nvm_movie.h"


/*
 * A turn by quarters, clockwise, and then back into the first quadrant (6.2.2,
 * where a picture of width x height has its corner at 0).
 */
static void
nvm_movie_matrix(nvm_writer_t *w, unsigned quarters, uint32_t width,
    uint32_t height)
{
    uint32_t  x, y;

    /* of ( a b u, c d v, x y w ), all 16.16 but u, v and w */

    static const int32_t  turn[4][2] = {
        { 0x10000, 0 }, { 0, 0x10000 }, { -0x10000, 0 }, { 0, -0x10000 }
    };

    quarters &= 3;
    x = quarters == 1 ? height : quarters == 2 ? width : 0;
    y = quarters == 2 ? height : quarters == 3 ? width : 0;

    nvm_writer_u32(w, (uint32_t) turn[quarters][0]);
    nvm_writer_u32(w, (uint32_t) turn[quarters][1]);
    nvm_writer_u32(w, 0);
    nvm_writer_u32(w, (uint32_t) -turn[quarters][1]);
    nvm_writer_u32(w, (uint32_t) turn[quarters][0]);
    nvm_writer_u32(w, 0);
    nvm_writer_u32(w, x);
    nvm_writer_u32(w, y);
    nvm_writer_u32(w, 0x40000000);
}


/* The version of a full box with this duration. */
static uint8_t
nvm_movie_version(uint64_t duration)
{
    return duration > UINT32_MAX ? 1 : 0;
}


/* Creation and modification: not told. */
static void
nvm_movie_times(nvm_writer_t *w, uint64_t duration)
{
    nvm_writer_zero(w, nvm_movie_version(duration) ? 16 : 8);
}


static void
nvm_movie_duration(nvm_writer_t *w, uint64_t duration)
{
    if (nvm_movie_version(duration)) {
        nvm_writer_u64(w, duration);

    } else {
        nvm_writer_u32(w, (uint32_t) duration);
    }
}


void
nvm_movie_mvhd(nvm_writer_t *w, uint32_t timescale, uint64_t duration,
    uint32_t next_track)
{
    size_t  box;

    box = nvm_writer_fullbox(w, "mvhd", nvm_movie_version(duration), 0);
    nvm_movie_times(w, duration);
    nvm_writer_u32(w, timescale);
    nvm_movie_duration(w, duration);
    nvm_writer_u32(w, 0x00010000);              /* rate */
    nvm_writer_u16(w, 0x0100);                  /* volume */
    nvm_writer_zero(w, 10);
    nvm_movie_matrix(w, 0, 0, 0);
    nvm_writer_zero(w, 24);
    nvm_writer_u32(w, next_track);
    nvm_writer_box_end(w, box);
}


/* Width after the shape of the pixels has been applied, 16.16. */
static uint32_t
nvm_movie_display_width(const nvm_track_t *t)
{
    if (t->sar_num == 0 || t->sar_den == 0) {
        return (uint32_t) t->width << 16;
    }

    return (uint32_t) (((uint64_t) t->width << 16) * t->sar_num / t->sar_den);
}


void
nvm_movie_tkhd(nvm_writer_t *w, const nvm_track_t *t,
    const nvm_movie_tkhd_t *h)
{
    size_t    box;
    uint32_t  width, height;

    width = t->kind == NVM_VIDEO ? nvm_movie_display_width(t) : 0;
    height = t->kind == NVM_VIDEO ? (uint32_t) t->height << 16 : 0;

    box = nvm_writer_fullbox(w, "tkhd", nvm_movie_version(h->duration),
                             h->flags);
    nvm_movie_times(w, h->duration);
    nvm_writer_u32(w, h->id);
    nvm_writer_zero(w, 4);
    nvm_movie_duration(w, h->duration);
    nvm_writer_zero(w, 8);
    nvm_writer_zero(w, 2);                      /* layer */
    nvm_writer_u16(w, h->group);
    nvm_writer_u16(w, t->kind == NVM_AUDIO ? 0x0100 : 0);
    nvm_writer_zero(w, 2);
    nvm_movie_matrix(w, t->rotation, width, height);
    nvm_writer_u32(w, width);
    nvm_writer_u32(w, height);
    nvm_writer_box_end(w, box);
}


void
nvm_movie_mdhd(nvm_writer_t *w, const nvm_track_t *t, uint64_t duration)
{
    size_t       i, box;
    uint16_t     lang;
    const char  *p;

    p = t->lang[0] ? t->lang : "und";

    for (i = 0, lang = 0; i < 3; i++) {
        lang = (uint16_t) (lang << 5 | (p[i] >= 'a' && p[i] <= 'z'
                                        ? p[i] - 0x60 : 0x15));
    }

    box = nvm_writer_fullbox(w, "mdhd", nvm_movie_version(duration), 0);
    nvm_movie_times(w, duration);
    nvm_writer_u32(w, t->timescale);
    nvm_movie_duration(w, duration);
    nvm_writer_u16(w, lang);
    nvm_writer_zero(w, 2);
    nvm_writer_box_end(w, box);
}


void
nvm_movie_hdlr(nvm_writer_t *w, const nvm_track_t *t)
{
    size_t  box;

    box = nvm_writer_fullbox(w, "hdlr", 0, 0);
    nvm_writer_zero(w, 4);
    nvm_writer_text(w, t->kind == NVM_VIDEO ? "vide"
                       : t->kind == NVM_AUDIO ? "soun" : "text");
    nvm_writer_zero(w, 12);
    nvm_writer_text(w, t->kind == NVM_VIDEO ? "video"
                       : t->kind == NVM_AUDIO ? "audio" : "text");
    nvm_writer_u8(w, 0);
    nvm_writer_box_end(w, box);
}


static void
nvm_movie_dinf(nvm_writer_t *w)
{
    size_t  box, dref, url;

    box = nvm_writer_box(w, "dinf");
    dref = nvm_writer_fullbox(w, "dref", 0, 0);
    nvm_writer_u32(w, 1);
    url = nvm_writer_fullbox(w, "url ", 0, 1);  /* the same file */
    nvm_writer_box_end(w, url);
    nvm_writer_box_end(w, dref);
    nvm_writer_box_end(w, box);
}


void
nvm_movie_minf(nvm_writer_t *w, const nvm_track_t *t)
{
    size_t  box;

    if (t->kind == NVM_VIDEO) {
        box = nvm_writer_fullbox(w, "vmhd", 0, 1);
        nvm_writer_zero(w, 8);

    } else if (t->kind == NVM_AUDIO) {
        box = nvm_writer_fullbox(w, "smhd", 0, 0);
        nvm_writer_zero(w, 4);

    } else {
        box = nvm_writer_fullbox(w, "nmhd", 0, 0);
    }

    nvm_writer_box_end(w, box);

    nvm_movie_dinf(w);
}
