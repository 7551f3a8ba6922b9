/*
 * Copyright (C) ngx_video authors
 *
 * What each type of box holds: those of fixed fields by a list of them, the
 * others by the function that shows them.  Paragraphs are of ISO/IEC 14496-12
 * unless something else is said.
 */

#include "nvm_inspect_mp4.h"


/* 8.2.2 */
static const nvm_inspect_field_t  nvm_inspect_mvhd_fields[] = {
    { "created", NVM_FIELD_TIME, 0 },
    { "modified", NVM_FIELD_TIME, 0 },
    { "timescale", NVM_FIELD_U32, 0 },
    { "duration", NVM_FIELD_VAR, 0 },
    { "rate", NVM_FIELD_FIXED16, 0 },
    { "volume", NVM_FIELD_FIXED8, 0 },
    { NULL, NVM_FIELD_SKIP, 10 },
    { "matrix", NVM_FIELD_MATRIX, 0 },
    { NULL, NVM_FIELD_SKIP, 24 },
    { "next_track", NVM_FIELD_U32, 0 },
    { NULL, NVM_FIELD_END, 0 }
};

/* 8.3.2 */
static const nvm_inspect_field_t  nvm_inspect_tkhd_fields[] = {
    { "created", NVM_FIELD_TIME, 0 },
    { "modified", NVM_FIELD_TIME, 0 },
    { "track", NVM_FIELD_U32, 0 },
    { NULL, NVM_FIELD_SKIP, 4 },
    { "duration", NVM_FIELD_VAR, 0 },
    { NULL, NVM_FIELD_SKIP, 8 },
    { "layer", NVM_FIELD_S16, 0 },
    { "alternate_group", NVM_FIELD_S16, 0 },
    { "volume", NVM_FIELD_FIXED8, 0 },
    { NULL, NVM_FIELD_SKIP, 2 },
    { "matrix", NVM_FIELD_MATRIX, 0 },
    { "width", NVM_FIELD_FIXED16, 0 },
    { "height", NVM_FIELD_FIXED16, 0 },
    { NULL, NVM_FIELD_END, 0 }
};

/* 8.4.2 */
static const nvm_inspect_field_t  nvm_inspect_mdhd_fields[] = {
    { "created", NVM_FIELD_TIME, 0 },
    { "modified", NVM_FIELD_TIME, 0 },
    { "timescale", NVM_FIELD_U32, 0 },
    { "duration", NVM_FIELD_VAR, 0 },
    { "language", NVM_FIELD_LANG, 0 },
    { NULL, NVM_FIELD_END, 0 }
};

/* 8.4.3 */
static const nvm_inspect_field_t  nvm_inspect_hdlr_fields[] = {
    { NULL, NVM_FIELD_SKIP, 4 },
    { "handler", NVM_FIELD_TYPE, 0 },
    { NULL, NVM_FIELD_SKIP, 12 },
    { "name", NVM_FIELD_TEXT, 0 },
    { NULL, NVM_FIELD_END, 0 }
};

/* 8.4.6 */
static const nvm_inspect_field_t  nvm_inspect_elng_fields[] = {
    { "language", NVM_FIELD_TEXT, 0 },
    { NULL, NVM_FIELD_END, 0 }
};

/* 8.7.2 */
static const nvm_inspect_field_t  nvm_inspect_url_fields[] = {
    { "location", NVM_FIELD_TEXT, 0 },
    { NULL, NVM_FIELD_END, 0 }
};

/* 8.7.2, 8.4.1: the number of the boxes that follow */
static const nvm_inspect_field_t  nvm_inspect_dref_fields[] = {
    { "entries", NVM_FIELD_U32, 0 },
    { NULL, NVM_FIELD_END, 0 }
};

/* 8.8.2 */
static const nvm_inspect_field_t  nvm_inspect_mehd_fields[] = {
    { "duration", NVM_FIELD_VAR, 0 },
    { NULL, NVM_FIELD_END, 0 }
};

/* 8.8.5 */
static const nvm_inspect_field_t  nvm_inspect_mfhd_fields[] = {
    { "sequence", NVM_FIELD_U32, 0 },
    { NULL, NVM_FIELD_END, 0 }
};

/* 8.8.11 */
static const nvm_inspect_field_t  nvm_inspect_mfro_fields[] = {
    { "mfra_size", NVM_FIELD_U32, 0 },
    { NULL, NVM_FIELD_END, 0 }
};

/* 8.5.2 */
static const nvm_inspect_field_t  nvm_inspect_btrt_fields[] = {
    { "buffer", NVM_FIELD_U32, 0 },
    { "max_bitrate", NVM_FIELD_U32, 0 },
    { "avg_bitrate", NVM_FIELD_U32, 0 },
    { NULL, NVM_FIELD_END, 0 }
};

/* 12.1.4 */
static const nvm_inspect_field_t  nvm_inspect_pasp_fields[] = {
    { "h_spacing", NVM_FIELD_U32, 0 },
    { "v_spacing", NVM_FIELD_U32, 0 },
    { NULL, NVM_FIELD_END, 0 }
};

/* 12.1.6: cd/m2 */
static const nvm_inspect_field_t  nvm_inspect_clli_fields[] = {
    { "max_cll", NVM_FIELD_U16, 0 },
    { "max_fall", NVM_FIELD_U16, 0 },
    { NULL, NVM_FIELD_END, 0 }
};


/* The timescale of mvhd and mdhd, which begin alike; moves r behind it. */
static uint32_t
nvm_inspect_timescale(nvm_inspect_box_t *box, nvm_reader_t *r)
{
    uint64_t  at;
    uint32_t  timescale;

    nvm_reader_skip(r, box->version == 1 ? 16 : 8);
    at = nvm_reader_offset(r);
    timescale = nvm_reader_u32(r);

    if (r->error == NVM_OK && timescale == 0) {
        nvm_inspect_fault(box, NVM_EINVAL, at, "zero timescale");
    }

    return timescale;
}


/* Edit lists need the timescale of the movie. */
static void
nvm_inspect_mvhd(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    nvm_reader_t  r;

    r = box->b.r;
    nvm_inspect_fields(w, box, nvm_inspect_mvhd_fields);
    w->m->timescale = nvm_inspect_timescale(box, &r);
}


static void
nvm_inspect_trak(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    w->handler = 0;

    if (box->b.index > NVM_INSPECT_TRACKS) {
        nvm_inspect_fault(box, NVM_ELIMIT, box->b.offset,
                          "too many tracks, this one isn't summed up");
    }

    if (w->collect) {
        w->track = nvm_inspect_track_add(w->m);

        if (w->track != NULL) {
            w->track->number = box->b.index;
        }
    }
}


static void
nvm_inspect_tkhd(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    int           degrees;
    int32_t       matrix[9];
    nvm_reader_t  r;

    r = box->b.r;
    nvm_inspect_fields(w, box, nvm_inspect_tkhd_fields);

    if (w->collect && w->track != NULL) {
        nvm_reader_skip(&r, box->version == 1 ? 16 : 8);
        w->track->id = nvm_reader_u32(&r);
        nvm_reader_skip(&r, box->version == 1 ? 28 : 24);

        degrees = nvm_inspect_rotation(&r, matrix);
        w->track->rotation = degrees > 0 ? (uint16_t) degrees : 0;
    }
}


static void
nvm_inspect_mdhd(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint32_t      timescale;
    nvm_reader_t  r;

    r = box->b.r;
    nvm_inspect_fields(w, box, nvm_inspect_mdhd_fields);
    timescale = nvm_inspect_timescale(box, &r);
    nvm_reader_skip(&r, box->version == 1 ? 8 : 4);

    if (w->collect && w->track != NULL) {
        w->track->timescale = timescale;
        nvm_inspect_lang(nvm_reader_u16(&r), w->track->lang);
    }
}


/*
 * The handler is needed for the sample entries, wherever hdlr stands in mdia.
 */
static void
nvm_inspect_mdia(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    nvm_mp4_box_t  hdlr;

    w->handler = 0;

    if (nvm_mp4_box_find(&box->b, NVM_FOURCC('h', 'd', 'l', 'r'), &hdlr, NULL)
        == NVM_OK)
    {
        nvm_reader_skip(&hdlr.r, 8);
        w->handler = nvm_reader_u32(&hdlr.r);
    }

    if (w->collect && w->track != NULL) {
        w->track->handler = w->handler;
    }
}


/* In the order of a file: 4.3, 8.1 to 8.16, 12; then codecs, metadata. */
static const nvm_inspect_form_t  nvm_inspect_forms[] = {
    { "ftyp", 0, NULL, nvm_inspect_ftyp },
    { "styp", 0, NULL, nvm_inspect_ftyp },
    { "moov", NVM_INSPECT_PARENT, NULL, NULL },
    { "mvhd", NVM_INSPECT_FULL, NULL, nvm_inspect_mvhd },
    { "trak", NVM_INSPECT_PARENT, NULL, nvm_inspect_trak },
    { "tkhd", NVM_INSPECT_FULL, NULL, nvm_inspect_tkhd },
    { "tref", NVM_INSPECT_PARENT, NULL, NULL },
    { "edts", NVM_INSPECT_PARENT, NULL, NULL },
    { "elst", NVM_INSPECT_FULL, NULL, nvm_inspect_elst },
    { "mdia", NVM_INSPECT_PARENT, NULL, nvm_inspect_mdia },
    { "mdhd", NVM_INSPECT_FULL, NULL, nvm_inspect_mdhd },
    { "hdlr", NVM_INSPECT_FULL, nvm_inspect_hdlr_fields, NULL },
    { "elng", NVM_INSPECT_FULL, nvm_inspect_elng_fields, NULL },
    { "minf", NVM_INSPECT_PARENT, NULL, NULL },
    { "dinf", NVM_INSPECT_PARENT, NULL, NULL },
    { "dref", NVM_INSPECT_FULL | NVM_INSPECT_PARENT, nvm_inspect_dref_fields,
      NULL },
    { "url ", NVM_INSPECT_FULL, nvm_inspect_url_fields, NULL },
    { "stbl", NVM_INSPECT_PARENT, NULL, nvm_inspect_stbl },
    { "stsd", NVM_INSPECT_FULL | NVM_INSPECT_PARENT, NULL, nvm_inspect_stsd },
    { "stts", NVM_INSPECT_FULL, NULL, nvm_inspect_stts },
    { "ctts", NVM_INSPECT_FULL, NULL, nvm_inspect_ctts },
    { "stss", NVM_INSPECT_FULL, NULL, nvm_inspect_stss },
    { "stsc", NVM_INSPECT_FULL, NULL, nvm_inspect_stsc },
    { "stsz", NVM_INSPECT_FULL, NULL, nvm_inspect_stsz },
    { "stz2", NVM_INSPECT_FULL, NULL, nvm_inspect_stsz },
    { "stco", NVM_INSPECT_FULL, NULL, nvm_inspect_stco },
    { "co64", NVM_INSPECT_FULL, NULL, nvm_inspect_stco },

    { "mvex", NVM_INSPECT_PARENT, NULL, NULL },
    { "mehd", NVM_INSPECT_FULL, nvm_inspect_mehd_fields, NULL },
    { "trex", NVM_INSPECT_FULL, NULL, nvm_inspect_trex },
    { "moof", NVM_INSPECT_PARENT, NULL, nvm_inspect_moof },
    { "mfhd", NVM_INSPECT_FULL, nvm_inspect_mfhd_fields, NULL },
    { "traf", NVM_INSPECT_PARENT, NULL, nvm_inspect_traf },
    { "tfhd", NVM_INSPECT_FULL, NULL, nvm_inspect_tfhd },
    { "tfdt", NVM_INSPECT_FULL, NULL, nvm_inspect_tfdt },
    { "trun", NVM_INSPECT_FULL, NULL, nvm_inspect_trun },
    { "sidx", NVM_INSPECT_FULL, NULL, nvm_inspect_sidx },
    { "mfra", NVM_INSPECT_PARENT, NULL, NULL },
    { "tfra", NVM_INSPECT_FULL, NULL, nvm_inspect_tfra },
    { "mfro", NVM_INSPECT_FULL, nvm_inspect_mfro_fields, NULL },
    { "emsg", NVM_INSPECT_FULL, NULL, nvm_inspect_emsg },
    { "prft", NVM_INSPECT_FULL, NULL, nvm_inspect_prft },
    { "pssh", NVM_INSPECT_FULL, NULL, nvm_inspect_pssh },
    { "uuid", 0, NULL, nvm_inspect_uuid },

    { "sinf", NVM_INSPECT_PARENT, NULL, NULL },
    { "frma", 0, NULL, nvm_inspect_frma },
    { "schm", NVM_INSPECT_FULL, NULL, nvm_inspect_schm },
    { "schi", NVM_INSPECT_PARENT, NULL, NULL },
    { "tenc", NVM_INSPECT_FULL, NULL, nvm_inspect_tenc },
    { "btrt", 0, nvm_inspect_btrt_fields, NULL },
    { "pasp", 0, nvm_inspect_pasp_fields, NULL },
    { "colr", 0, NULL, nvm_inspect_colr },
    { "mdcv", 0, NULL, nvm_inspect_mdcv },
    { "clli", 0, nvm_inspect_clli_fields, NULL },
    { "avcC", NVM_INSPECT_CODEC, NULL, nvm_inspect_avcc },
    { "hvcC", NVM_INSPECT_CODEC, NULL, nvm_inspect_hvcc },
    { "av1C", NVM_INSPECT_CODEC, NULL, nvm_inspect_av1c },
    { "vpcC", NVM_INSPECT_CODEC, NULL, nvm_inspect_vpcc },
    { "dvcC", 0, NULL, nvm_inspect_dvcc },
    { "dvvC", 0, NULL, nvm_inspect_dvcc },
    { "wave", NVM_INSPECT_PARENT, NULL, NULL },
    { "esds", NVM_INSPECT_FULL | NVM_INSPECT_CODEC, NULL, nvm_inspect_esds },
    { "dac3", NVM_INSPECT_CODEC, NULL, nvm_inspect_dac3 },
    { "dec3", NVM_INSPECT_CODEC, NULL, nvm_inspect_dec3 },
    { "dOps", NVM_INSPECT_CODEC, NULL, nvm_inspect_dops },
    { "dfLa", NVM_INSPECT_FULL | NVM_INSPECT_CODEC, NULL, nvm_inspect_dfla },

    { "udta", NVM_INSPECT_PARENT, NULL, NULL },
    { "meta", NVM_INSPECT_PARENT, NULL, nvm_inspect_meta },
    { "ilst", NVM_INSPECT_PARENT, NULL, NULL },
    { "keys", NVM_INSPECT_FULL, NULL, nvm_inspect_keys },
    { "data", 0, NULL, nvm_inspect_data },
};

/* Where the box around decides. */
static const nvm_inspect_form_t  nvm_inspect_entry_form = {
    "", 0, NULL, nvm_inspect_entry
};

static const nvm_inspect_form_t  nvm_inspect_tref_form = {
    "", 0, NULL, nvm_inspect_tref
};

static const nvm_inspect_form_t  nvm_inspect_item_form = {
    "", NVM_INSPECT_PARENT, NULL, NULL
};

static const nvm_inspect_form_t  nvm_inspect_words_form = {
    "", 0, NULL, nvm_inspect_words
};

static const nvm_inspect_form_t  nvm_inspect_string_form = {
    "", NVM_INSPECT_FULL, NULL, nvm_inspect_string
};


/* What the box around makes of it, or NULL. */
static const nvm_inspect_form_t *
nvm_inspect_form_within(uint32_t parent, uint32_t type)
{
    switch (parent) {

    case NVM_FOURCC('s', 't', 's', 'd'):
        return &nvm_inspect_entry_form;

    case NVM_FOURCC('t', 'r', 'e', 'f'):
        return &nvm_inspect_tref_form;

    case NVM_FOURCC('i', 'l', 's', 't'):
        return &nvm_inspect_item_form;

    case NVM_FOURCC('u', 'd', 't', 'a'):
        return type >> 24 == 0xa9 ? &nvm_inspect_words_form : NULL;

    case NVM_FOURCC('-', '-', '-', '-'):
        return type == NVM_FOURCC('d', 'a', 't', 'a')
               ? NULL : &nvm_inspect_string_form;
    }

    return NULL;
}


const nvm_inspect_form_t *
nvm_inspect_form(const nvm_mp4_box_t *box)
{
    size_t                     i;
    const char                *s;
    const nvm_inspect_form_t  *form;

    form = box->parent ? nvm_inspect_form_within(box->parent->type, box->type)
                       : NULL;
    if (form != NULL) {
        return form;
    }

    for (i = 0; i < sizeof(nvm_inspect_forms) / sizeof(nvm_inspect_forms[0]);
         i++)
    {
        s = nvm_inspect_forms[i].type;

        if (NVM_FOURCC((uint8_t) s[0], (uint8_t) s[1], (uint8_t) s[2],
                       (uint8_t) s[3]) == box->type)
        {
            return &nvm_inspect_forms[i];
        }
    }

    return NULL;
}
