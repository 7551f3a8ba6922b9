/*
 * Copyright (C) ngx_video authors
 *
 * Data messages as attributes of HLS and as ID3 tags.
 */

#include <stdio.h>
#include <string.h>

#include "nvm_emsg.h"
#include "nvm_text.h"
#include "nvr_cue.h"


/* of a value, and of an attribute's name without "X-" */
#define NVR_CUE_VALUE  512
#define NVR_CUE_NAME   40

/* the largest integer that every double has, as a number is written */
#define NVR_CUE_WHOLE  9007199254740992.0


/* The value of a member with a zero at its end. */
static void
nvr_cue_value(const nvr_amf_value_t *v, char text[NVR_CUE_VALUE])
{
    size_t  n;

    if (v->type == NVR_AMF_BOOLEAN) {
        snprintf(text, NVR_CUE_VALUE, "%s", v->number != 0 ? "true" : "false");

    } else if (v->type == NVR_AMF_NUMBER) {
        snprintf(text, NVR_CUE_VALUE, "%.15g", v->number);

    } else {
        n = v->string.len < NVR_CUE_VALUE ? v->string.len : NVR_CUE_VALUE - 1;

        if (n) {
            memcpy(text, v->string.data, n);
        }

        text[n] = '\0';
    }
}


/* The name of an attribute: A-Z, 0-9 and "-" (RFC 8216bis, 4.2). */
static void
nvr_cue_name(const nvr_str_t *key, char name[NVR_CUE_NAME])
{
    char    c;
    size_t  i;

    for (i = 0; i < key->len && i < NVR_CUE_NAME - 1; i++) {
        c = (char) key->data[i];
        c = c >= 'a' && c <= 'z' ? (char) (c - 'a' + 'A') : c;
        name[i] = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '-';
    }

    name[i] = '\0';

    if (i == 0) {
        memcpy(name, "TEXT", 5);
    }
}


/* Whether a member before has the same name; each may stand once. */
static int
nvr_cue_again(const nvr_cue_t *cue, unsigned member, const char *name)
{
    char      other[NVR_CUE_NAME];
    unsigned  i;

    for (i = 0; i < member; i++) {
        nvr_cue_name(&cue->members[i].key, other);

        if (strcmp(name, other) == 0) {
            return 1;
        }
    }

    return 0;
}


void
nvr_cue_attributes(nvm_writer_t *w, const nvr_cue_t *cue)
{
    char                     name[NVR_CUE_NAME], text[NVR_CUE_VALUE];
    size_t                   len;
    unsigned                 i;
    const nvr_cue_member_t  *m;

    for (i = 0; i < cue->nmembers; i++) {
        m = &cue->members[i];
        nvr_cue_name(&m->key, name);

        if (nvr_cue_again(cue, i, name)) {
            continue;
        }

        len = w->len;
        nvr_cue_value(&m->value, text);
        nvm_writer_fmt(w, ",X-%s=", name);

        if (m->value.type == NVR_AMF_NUMBER && m->value.number >= 0
            && m->value.number < NVR_CUE_WHOLE && strchr(text, 'e') == NULL)
        {
            nvm_writer_text(w, text);

        } else {
            nvm_writer_text(w, "\"");
            nvm_text_quoted(w, text);
            nvm_writer_text(w, "\"");
        }

        if (w->error) {
            w->error = NVM_OK;
            w->len = len;
            return;
        }
    }
}


void
nvr_cue_id3(nvm_writer_t *w, const nvr_cue_t *cue)
{
    char                     text[NVR_CUE_VALUE];
    size_t                   start, len;
    unsigned                 i;
    const nvr_cue_member_t  *m;

    start = nvm_id3_start(w);

    if (cue->kind == NVR_CUE_TEXT && cue->name.len < NVR_CUE_ATTRIBUTES) {
        nvm_id3_text(w, cue->name.data, cue->name.len);
    }

    nvm_id3_named(w, cue->message.data, cue->message.len, cue->name.data,
                  cue->name.len < NVR_CUE_ATTRIBUTES ? cue->name.len : 0);

    for (i = 0; i < cue->nmembers; i++) {
        m = &cue->members[i];
        len = w->len;

        if (m->key.len == 0 || m->key.len > NVR_CUE_VALUE) {
            continue;
        }

        nvr_cue_value(&m->value, text);
        nvm_id3_named(w, m->key.data, m->key.len, text, strlen(text));

        if (w->error) {
            w->error = NVM_OK;
            w->len = len;
            break;
        }
    }

    nvm_id3_end(w, start);
}
