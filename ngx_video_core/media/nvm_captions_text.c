/*
 * Copyright (C) ngx_video authors
 *
 * Captions by name, and what playlists and manifests say of them.
 */

#include <stdio.h>
#include <string.h>

#include "nvm_captions.h"


static void
nvm_captions_push(nvm_caption_t *list, size_t *n, unsigned number,
    unsigned service)
{
    if (*n < NVM_MAX_CAPTIONS) {
        list[*n].number = (uint8_t) number;
        list[*n].service = (uint8_t) service;
        list[*n].lang[0] = '\0';
        (*n)++;
    }
}


size_t
nvm_captions_list(const nvm_captions_t *c,
    nvm_caption_t list[NVM_MAX_CAPTIONS])
{
    size_t    n;
    unsigned  i;

    n = 0;

    for (i = 1; i <= NVM_CAPTION_CHANNELS; i++) {
        if (c->channels & 1u << (i - 1)) {
            nvm_captions_push(list, &n, i, 0);
        }
    }

    for (i = 1; i <= NVM_CAPTION_SERVICES; i++) {
        if (c->services & 1ULL << i) {
            nvm_captions_push(list, &n, i, 1);
        }
    }

    if (n == 0 && c->present) {
        nvm_captions_push(list, &n, 1, 0);
    }

    return n;
}


void
nvm_caption_id(const nvm_caption_t *c, char id[NVM_CAPTION_ID])
{
    snprintf(id, NVM_CAPTION_ID, "%s%u", c->service ? "SERVICE" : "CC",
             (unsigned) c->number);
}


int
nvm_caption_parse(const char *id, size_t n, nvm_caption_t *c)
{
    char      name[NVM_CAPTION_ID];
    unsigned  i;

    memset(c, 0, sizeof(nvm_caption_t));

    for (i = 1; i <= NVM_CAPTION_CHANNELS + NVM_CAPTION_SERVICES; i++) {
        c->service = i > NVM_CAPTION_CHANNELS;
        c->number = (uint8_t) (c->service ? i - NVM_CAPTION_CHANNELS : i);
        nvm_caption_id(c, name);

        if (strlen(name) == n && memcmp(name, id, n) == 0) {
            return 0;
        }
    }

    return -1;
}


/* Whether a client can't tell a caption from one before it (4.4.6.1.1). */
static unsigned
nvm_captions_alike(const nvm_caption_t *list, size_t i)
{
    size_t  k;

    for (k = 0; k < i; k++) {
        if (strcmp(list[k].lang, list[i].lang) == 0) {
            return 1;
        }
    }

    return 0;
}


void
nvm_captions_hls(nvm_writer_t *w, const nvm_caption_t *list, size_t n)
{
    char    id[NVM_CAPTION_ID];
    size_t  i;

    for (i = 0; i < n; i++) {
        nvm_caption_id(&list[i], id);

        nvm_writer_text(w, "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\""
                        NVM_CAPTIONS_GROUP "\",NAME=\"");

        if (list[i].lang[0] == '\0') {
            nvm_writer_fmt(w, "%s\"", id);

        } else {
            nvm_writer_fmt(w, "%s (%s)\",LANGUAGE=\"%s\"", list[i].lang, id,
                           list[i].lang);
        }

        nvm_writer_fmt(w, ",DEFAULT=NO,AUTOSELECT=%s,INSTREAM-ID=\"%s\"\n",
                       nvm_captions_alike(list, i) ? "NO" : "YES", id);
    }
}


/* Those of one standard: "CC1=eng;CC3=und", or "1=lang:eng;2=lang:und". */
static void
nvm_captions_set(nvm_writer_t *w, const nvm_caption_t *list, size_t n,
    unsigned service)
{
    char      iso[4];
    size_t    i;
    unsigned  begun;

    begun = 0;

    for (i = 0; i < n; i++) {
        if (list[i].service != service) {
            continue;
        }

        if (!begun) {
            nvm_writer_fmt(w, "      <Accessibility schemeIdUri=\""
                           "urn:scte:dash:cc:cea-%s:2015\" value=\"",
                           service ? "708" : "608");
        }

        memcpy(iso, "und", 4);

        if (list[i].lang[0] != '\0') {
            nvm_text_iso(list[i].lang, iso);
        }

        nvm_writer_fmt(w, service ? "%s%u=lang:%s" : "%sCC%u=%s",
                       begun ? ";" : "", (unsigned) list[i].number, iso);
        begun = 1;
    }

    nvm_writer_text(w, begun ? "\"/>\n" : "");
}


void
nvm_captions_dash(nvm_writer_t *w, const nvm_caption_t *list, size_t n)
{
    nvm_captions_set(w, list, n, 0);
    nvm_captions_set(w, list, n, 1);
}
