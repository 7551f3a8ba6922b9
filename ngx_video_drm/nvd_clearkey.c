/*
 * Copyright (C) ngx_video authors
 *
 * Clearkey requests and answers: see nvd_clearkey.h.
 */

#include <jansson.h>
#include <string.h>

#include "nvd_clearkey.h"


/* characters of 16 bytes in base64url without padding (RFC 4648, 5) */
#define NVD_BASE64URL  22

static const char  nvd_base64url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";


/* 16 bytes: 0, or -1. */
static int
nvd_base64url_read(const char *text, size_t len, uint8_t out[16])
{
    size_t       i, at;
    uint32_t     bits;
    unsigned     nbits;
    const char  *p;

    if (len != NVD_BASE64URL) {
        return -1;
    }

    for (i = 0, at = 0, bits = 0, nbits = 0; i < len; i++) {
        p = text[i] ? strchr(nvd_base64url, text[i]) : NULL;

        if (p == NULL) {
            return -1;
        }

        bits = bits << 6 | (uint32_t) (p - nvd_base64url);
        nbits += 6;

        if (nbits >= 8) {
            nbits -= 8;
            out[at++] = (uint8_t) (bits >> nbits);
        }
    }

    /* what is left over is none of the bytes */
    return bits & ((1u << nbits) - 1) ? -1 : 0;
}


static void
nvd_base64url_write(nvm_writer_t *w, const uint8_t *data)
{
    unsigned  i, nbits;
    uint32_t  bits;

    for (i = 0, bits = 0, nbits = 0; i < 16; i++) {
        bits = bits << 8 | data[i];

        for (nbits += 8; nbits >= 6; ) {
            nbits -= 6;
            nvm_writer_u8(w, (uint8_t) nvd_base64url[bits >> nbits & 63]);
        }
    }

    nvm_writer_u8(w, (uint8_t) nvd_base64url[bits << (6 - nbits) & 63]);
}


static const char *
nvd_clearkey_kids(const json_t *kids, nvd_clearkey_t *out)
{
    size_t         i;
    const json_t  *kid;

    if (!json_is_array(kids) || json_array_size(kids) == 0) {
        return "\"kids\" is not a list of key IDs";
    }

    if (json_array_size(kids) > NVD_CLEARKEY_KIDS) {
        return "there are too many \"kids\"";
    }

    for (i = 0; i < json_array_size(kids); i++) {
        kid = json_array_get(kids, i);

        if (!json_is_string(kid)
            || nvd_base64url_read(json_string_value(kid),
                                  json_string_length(kid), out->kids[i])
               != 0)
        {
            return "one of \"kids\" is not a key ID";
        }
    }

    out->n = (unsigned) i;

    return NULL;
}


const char *
nvd_clearkey_parse(const char *data, size_t len, nvd_clearkey_t *out)
{
    json_t      *root, *type;
    const char  *why;

    memset(out, 0, sizeof(nvd_clearkey_t));

    if (len > NVD_CLEARKEY_REQUEST) {
        return "it is too long";
    }

    root = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);

    if (!json_is_object(root)) {
        json_decref(root);
        return "it is not a JSON object";
    }

    why = nvd_clearkey_kids(json_object_get(root, "kids"), out);
    type = json_object_get(root, "type");

    if (why == NULL && json_is_string(type)
        && strcmp(json_string_value(type), "persistent-license") == 0)
    {
        out->persistent = 1;

    } else if (why == NULL
               && (!json_is_string(type)
                   || strcmp(json_string_value(type), "temporary") != 0))
    {
        why = "\"type\" is neither \"temporary\" nor \"persistent-license\"";
    }

    json_decref(root);

    return why;
}


void
nvd_clearkey_write(nvm_writer_t *w, const nvd_key_t *keys, unsigned n,
    int persistent)
{
    unsigned  i;

    nvm_writer_text(w, "{\"keys\":[");

    for (i = 0; i < n; i++) {
        nvm_writer_text(w, i ? ",{\"kty\":\"oct\",\"kid\":\""
                             : "{\"kty\":\"oct\",\"kid\":\"");
        nvd_base64url_write(w, keys[i].kid);
        nvm_writer_text(w, "\",\"k\":\"");
        nvd_base64url_write(w, keys[i].key);
        nvm_writer_text(w, "\"}");
    }

    nvm_writer_text(w, persistent ? "],\"type\":\"persistent-license\"}"
                                  : "],\"type\":\"temporary\"}");
}
