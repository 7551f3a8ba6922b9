/*
 * Copyright (C) ngx_video authors
 *
 * The CMAF header of a track: ftyp and moov (ISO/IEC 14496-12, clause 8).
 */

#include "nvm_cmaf.h"
#include "nvm_cmaf_entry.h"
#include "nvm_codec.h"
#include "nvm_movie.h"
#include "nvm_mp4.h"


/*
 * One set of segments serves HLS and DASH, so the brands are those of CMAF
 * (ISO/IEC 23000-19, 7.2), and DASH's own.  What is sent always keeps the
 * rules of "cmf2" for fragments: trun of version 1, defaults in tfhd and none
 * in trex (7.7.3).  Video with an edit list breaks that for tracks (7.7.2) and
 * is "cmfc" alone, which stands beside "cmf2" too for those who know no other.
 * "av01" is demanded by the AV1 binding (2.1).
 */
static void
nvm_cmaf_ftyp(nvm_writer_t *w, const nvm_track_t *t, int edited)
{
    size_t  box;

    box = nvm_writer_box(w, "ftyp");
    nvm_writer_text(w, "iso6");
    nvm_writer_u32(w, 0);
    nvm_writer_text(w, "iso6");

    if (!t->holes) {
        nvm_writer_text(w, "cmfc");

        if (t->kind != NVM_VIDEO || !edited) {
            nvm_writer_text(w, "cmf2");
        }
    }

    nvm_writer_text(w, "dash");

    if (t->codec == NVM_CODEC_AV1) {
        nvm_writer_text(w, "av01");
    }

    nvm_writer_box_end(w, box);
}


static void
nvm_cmaf_edit(nvm_writer_t *w, uint64_t duration, uint64_t time)
{
    nvm_writer_u64(w, duration);
    nvm_writer_u64(w, time);
    nvm_writer_u32(w, 0x00010000);
}


/*
 * One edit to the end of the track (8.6.6): duration 0 in a fragmented file.
 * Before it one without media where the track starts late.
 */
static void
nvm_cmaf_edts(nvm_writer_t *w, const nvm_track_t *t,
    const nvm_cmaf_place_t *place)
{
    size_t  box, elst;

    if (t->edit == 0 && place == NULL) {
        return;
    }

    box = nvm_writer_box(w, "edts");

    if (place == NULL) {
        elst = nvm_writer_fullbox(w, "elst", 0, 0);
        nvm_writer_u32(w, 1);
        nvm_writer_u32(w, 0);
        nvm_writer_u32(w, t->edit);
        nvm_writer_u32(w, 0x00010000);

    } else {
        elst = nvm_writer_fullbox(w, "elst", 1, 0);
        nvm_writer_u32(w, place->delay ? 2 : 1);

        if (place->delay) {
            nvm_cmaf_edit(w, place->delay, UINT64_MAX);
        }

        nvm_cmaf_edit(w, 0, place->start + t->edit);
    }

    nvm_writer_box_end(w, elst);
    nvm_writer_box_end(w, box);
}


static void
nvm_cmaf_stbl(nvm_writer_t *w, const nvm_track_t *t,
    const nvm_protect_t *protect)
{
    size_t  stbl, box;

    stbl = nvm_writer_box(w, "stbl");

    box = nvm_writer_fullbox(w, "stsd", 0, 0);
    nvm_writer_u32(w, 1);

    nvm_cmaf_entry_write(w, t, protect);
    nvm_writer_box_end(w, box);

    box = nvm_writer_fullbox(w, "stts", 0, 0);
    nvm_writer_u32(w, 0);
    nvm_writer_box_end(w, box);

    box = nvm_writer_fullbox(w, "stsc", 0, 0);
    nvm_writer_u32(w, 0);
    nvm_writer_box_end(w, box);

    box = nvm_writer_fullbox(w, "stsz", 0, 0);
    nvm_writer_zero(w, 8);
    nvm_writer_box_end(w, box);

    box = nvm_writer_fullbox(w, "stco", 0, 0);
    nvm_writer_u32(w, 0);
    nvm_writer_box_end(w, box);

    nvm_writer_box_end(w, stbl);
}


static void
nvm_cmaf_mdia(nvm_writer_t *w, const nvm_track_t *t,
    const nvm_protect_t *protect)
{
    size_t  mdia, minf;

    mdia = nvm_writer_box(w, "mdia");
    nvm_movie_mdhd(w, t, 0);
    nvm_movie_hdlr(w, t);

    minf = nvm_writer_box(w, "minf");
    nvm_movie_minf(w, t);
    nvm_cmaf_stbl(w, t, protect);
    nvm_writer_box_end(w, minf);
    nvm_writer_box_end(w, mdia);
}


/* Makes the header as long as a multiple of what the size of the box takes. */
static void
nvm_cmaf_placed(nvm_writer_t *w)
{
    size_t  box;

    box = nvm_writer_box(w, "uuid");
    nvm_writer_bytes(w, NVM_MP4_PLACED, NVM_MP4_UUID);
    nvm_writer_zero(w, (8 - w->len % 8) % 8);
    nvm_writer_box_end(w, box);
}


static void
nvm_cmaf_spare(nvm_writer_t *w)
{
    nvm_writer_u32(w, 1);
    nvm_writer_text(w, "free");
    nvm_writer_u64(w, NVM_CMAF_SPARE);
    nvm_writer_zero(w, NVM_CMAF_SPARE - NVM_CMAF_SPARE_HEAD);
}


static nvm_err_e
nvm_cmaf_header(nvm_writer_t *w, const nvm_track_t *t,
    const nvm_cmaf_place_t *place, const nvm_protect_t *protect)
{
    size_t            moov, box, trex;
    nvm_movie_tkhd_t  tkhd = { 0 };

    if (nvm_codec_of(t) == NULL) {
        return NVM_EUNSUP;
    }

    /* from shared memory: checked like input */

    if (t->config_len > NVM_MAX_CONFIG || t->extras_len > NVM_MAX_EXTRAS) {
        return NVM_EINVAL;
    }

    nvm_cmaf_ftyp(w, t, t->edit || place);

    tkhd.id = t->id;
    tkhd.flags = NVM_MOVIE_ENABLED|NVM_MOVIE_IN;

    moov = nvm_writer_box(w, "moov");
    nvm_movie_mvhd(w, t->timescale, 0, t->id + 1);

    box = nvm_writer_box(w, "trak");
    nvm_movie_tkhd(w, t, &tkhd);
    nvm_cmaf_edts(w, t, place);
    nvm_cmaf_mdia(w, t, protect);
    nvm_writer_box_end(w, box);

    box = nvm_writer_box(w, "mvex");
    trex = nvm_writer_fullbox(w, "trex", 0, 0);
    nvm_writer_u32(w, t->id);
    nvm_writer_u32(w, 1);                       /* sample description */
    nvm_writer_zero(w, 12);
    nvm_writer_box_end(w, trex);
    nvm_writer_box_end(w, box);

    if (protect) {
        nvm_writer_bytes(w, protect->pssh, protect->pssh_len);
    }

    if (place && place->spare) {
        nvm_cmaf_placed(w);
    }

    nvm_writer_box_end(w, moov);

    if (place && place->spare) {
        nvm_cmaf_spare(w);
    }

    return w->error;
}


nvm_err_e
nvm_cmaf_init_write(nvm_writer_t *w, const nvm_track_t *t)
{
    return nvm_cmaf_header(w, t, NULL, NULL);
}


nvm_err_e
nvm_cmaf_init_protected(nvm_writer_t *w, const nvm_track_t *t,
    const nvm_protect_t *protect)
{
    return nvm_cmaf_header(w, t, NULL, protect);
}


nvm_err_e
nvm_cmaf_file_write(nvm_writer_t *w, const nvm_track_t *t,
    const nvm_cmaf_place_t *place)
{
    return nvm_cmaf_header(w, t, place, NULL);
}
