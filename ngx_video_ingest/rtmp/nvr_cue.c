/*
 * Copyright (C) ngx_video authors
 *
 * What data messages say.  Their texts are in nvr_cue_text.c.
 */

#include <string.h>

#include "nvm_base64.h"
#include "nvm_reader.h"
#include "nvr_chunk.h"
#include "nvr_cue.h"


/* ms, of what is no section: a day */
#define NVR_CUE_LONGEST  86400000.0


/* The fields of a splice_insert() that some encoders send as such. */
typedef struct {
    nvr_cue_t            *cue;
    nvr_str_t             id;
    nvr_str_t             type;
    nvm_scte35_splice_t   insert;
    unsigned              fields:1;     /* splice_event_id was there */
} nvr_cue_walk_t;


static int
nvr_cue_has(const nvr_str_t *s, const char *word)
{
    size_t  i, n;

    n = strlen(word);

    for (i = 0; i + n <= s->len; i++) {
        if (memcmp(s->data + i, word, n) == 0) {
            return 1;
        }
    }

    return 0;
}


/* Whether a string is a section; then it is the cue's. */
static void
nvr_cue_section(nvr_cue_t *cue, const nvr_str_t *s)
{
    size_t        len;
    nvm_scte35_t  splice;

    /* a base64 text begins with "/D" when its first byte is 0xfc */
    if (cue->section_len || s->len < 20
        || ((s->data[0] != '/' || s->data[1] != 'D'
             || nvm_base64_decode(s->data, s->len, cue->section,
                                  NVM_SCTE35_MAX, &len) != NVM_OK)
            && nvm_hex_decode(s->data, s->len, cue->section, NVM_SCTE35_MAX,
                              &len) != NVM_OK))
    {
        return;
    }

    if (nvm_scte35_parse(cue->section, len, &splice, NULL) == NVM_OK) {
        cue->section_len = len;
        cue->splice = splice;
    }
}


static void
nvr_cue_number(nvr_cue_walk_t *w, const nvr_str_t *key, double v)
{
    uint64_t  ms;

    if (nvr_str_eq(key, "duration")) {
        w->cue->duration = v > 0 && v * 1000 < NVR_CUE_LONGEST ? v : 0;

    } else if (nvr_str_eq(key, "splice_event_id")) {
        w->insert.event = nvr_amf_to_u32(v, UINT32_MAX);
        w->fields = 1;

    } else if (nvr_str_eq(key, "out_of_network_indicator")) {
        w->insert.way = v != 0 ? NVM_SCTE35_OUT : NVM_SCTE35_IN;

    } else if (nvr_str_eq(key, "splice_event_cancel_indicator")) {
        w->insert.cancel = v != 0;

    } else if (nvr_str_eq(key, "break_duration")) {
        ms = nvr_amf_to_u32(v, (uint32_t) NVR_CUE_LONGEST);
        w->insert.duration = ms * (NVM_SCTE35_TIMESCALE / 1000);
        w->insert.timed = ms != 0;
    }
}


static void
nvr_cue_string(nvr_cue_walk_t *w, const nvr_str_t *key, const nvr_str_t *s)
{
    nvr_cue_t  *cue;

    cue = w->cue;

    if (nvr_str_eq(key, "text")
        || ((nvr_str_eq(key, "name") || key->len == 0) && cue->name.len == 0))
    {
        cue->name = *s;

    } else if (nvr_str_eq(key, "type") && w->type.len == 0) {
        w->type = *s;

    } else if (nvr_str_eq(key, "id") && w->id.len == 0) {
        w->id = *s;
    }

    nvr_cue_section(cue, s);
}


static void
nvr_cue_member(void *data, const nvr_str_t *key, const nvr_amf_value_t *v)
{
    nvr_cue_t       *cue;
    nvr_cue_walk_t  *w;

    w = data;
    cue = w->cue;

    switch (v->type) {

    case NVR_AMF_NUMBER:
    case NVR_AMF_BOOLEAN:
        nvr_cue_number(w, key, v->number);
        break;

    case NVR_AMF_STRING:
    case NVR_AMF_LONG_STRING:
    case NVR_AMF_XML:
        nvr_cue_string(w, key, &v->string);
        break;

    default:
        return;
    }

    if (cue->nmembers < NVR_CUE_MEMBERS) {
        cue->members[cue->nmembers].key = *key;
        cue->members[cue->nmembers++].value = *v;
    }
}


/* A number for an id that is none: FNV-1a. */
static uint32_t
nvr_cue_hash(const nvr_str_t *s)
{
    size_t    i;
    uint32_t  h;

    h = 2166136261u;

    for (i = 0; i < s->len; i++) {
        h = (h ^ s->data[i]) * 16777619u;
    }

    return h;
}


/* A section of what the encoder told without one. */
static void
nvr_cue_make(nvr_cue_walk_t *w)
{
    nvr_cue_t     *cue;
    nvm_writer_t   writer;

    cue = w->cue;

    if (nvr_str_eq(&w->type, "SpliceOut") || nvr_str_eq(&w->type, "SpliceIn"))
    {
        /* "simple mode" of Adobe Primetime */
        w->fields = 1;
        w->insert.event = nvr_cue_hash(&w->id);
        w->insert.way = nvr_str_eq(&w->type, "SpliceOut") ? NVM_SCTE35_OUT
                                                          : NVM_SCTE35_IN;
        w->insert.timed = cue->duration > 0;
        w->insert.duration = (uint64_t) (cue->duration * NVM_SCTE35_TIMESCALE);
    }

    if (!w->fields) {
        return;
    }

    nvm_writer_init(&writer, cue->section, NVM_SCTE35_MAX);
    nvm_scte35_insert(&writer, &w->insert);

    if (nvm_scte35_parse(cue->section, writer.len, &cue->splice, NULL)
        == NVM_OK)
    {
        cue->section_len = writer.len;
    }
}


/* What a message is, by its name; -1: something else. */
static int
nvr_cue_kind(const nvr_str_t *name)
{
    if (nvr_str_eq(name, "onTextData") || nvr_str_eq(name, "onUserData")
        || nvr_str_eq(name, "onUserDataEvent"))
    {
        return NVR_CUE_TEXT;
    }

    return nvr_str_eq(name, "onCuePoint") || nvr_str_eq(name, "onAdCue")
           || nvr_str_eq(name, "scte35") || nvr_str_eq(name, "onScte35")
           || nvr_str_eq(name, "onSCTE35") ? NVR_CUE_POINT : -1;
}


nvm_err_e
nvr_cue_parse(uint8_t type, const uint8_t *data, size_t n, nvr_cue_t *cue,
    nvm_fault_t *f)
{
    int             kind;
    nvm_reader_t    r;
    nvr_cue_walk_t  walk;

    memset(cue, 0, sizeof(nvr_cue_t));
    memset(&walk, 0, sizeof(nvr_cue_walk_t));
    walk.cue = cue;

    nvm_reader_init(&r, data, n, 0);

    if (type == NVR_MSG_DATA_AMF3 && nvm_reader_left(&r)
        && nvm_reader_peek(&r) == 0)
    {
        nvm_reader_skip(&r, 1);
    }

    if (nvr_amf_string(&r, &cue->message) != NVM_OK
        || (nvr_str_eq(&cue->message, "@setDataFrame")
            && nvr_amf_string(&r, &cue->message) != NVM_OK))
    {
        return nvm_fault(f, r.error, nvm_reader_offset(&r), "no name");
    }

    kind = nvr_cue_kind(&cue->message);

    if (kind < 0) {
        return NVM_ENOENT;
    }

    while (nvm_reader_left(&r)) {
        (void) nvr_amf_each(&r, nvr_cue_member, &walk);
    }

    if (r.error) {
        return nvm_fault(f, r.error, nvm_reader_offset(&r),
                         "malformed data message");
    }

    if (cue->section_len == 0) {
        nvr_cue_make(&walk);
    }

    cue->unread = cue->section_len == 0
                  && (nvr_cue_has(&walk.type, "scte35")
                      || nvr_cue_has(&cue->name, "scte35")
                      || nvr_cue_has(&cue->message, "35"));
    cue->kind = cue->section_len ? NVR_CUE_SPLICE : (nvr_cue_e) kind;

    return NVM_OK;
}
