/*
 * Copyright (C) ngx_video authors
 *
 * The directive video_captions, and what is announced.
 */

#include "ngx_http_video_hls_module.h"


/* One caption of the directive: "CC1", or with a language, "CC1=eng". */
static char *
ngx_http_video_captions_one(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_video_captions_t *captions)
{
    u_char         *eq;
    char            tag[NVM_TEXT_TAG];
    size_t          i, len;
    nvm_caption_t  *c;

    if (captions->n == NVM_MAX_CAPTIONS) {
        return "has too many captions, 16 are allowed";
    }

    c = &captions->list[captions->n];
    eq = (u_char *) ngx_strchr(value->data, '=');
    len = eq ? (size_t) (eq - value->data) : value->len;

    if (nvm_caption_parse((char *) value->data, len, c) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid caption \"%V\" in \"video_captions\": "
                           "CC1 to CC4 or SERVICE1 to SERVICE63 is expected, "
                           "and \"=LANGUAGE\" if it is known", value);
        return NGX_CONF_ERROR;
    }

    if (eq && nvm_text_tag((char *) eq + 1, tag) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid language \"%s\" in \"video_captions\": "
                           "a tag like \"en\", \"eng\" or \"pt-BR\" is "
                           "expected", eq + 1);
        return NGX_CONF_ERROR;
    }

    if (eq) {
        ngx_memcpy(c->lang, tag, NVM_TEXT_TAG);
    }

    for (i = 0; i < captions->n; i++) {
        if (captions->list[i].number == c->number
            && captions->list[i].service == c->service)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate caption \"%V\" in "
                               "\"video_captions\"", value);
            return NGX_CONF_ERROR;
        }
    }

    captions->n++;

    return NGX_CONF_OK;
}


char *
ngx_http_video_captions_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                        *rv;
    ngx_str_t                   *value;
    ngx_uint_t                   i;
    ngx_http_video_captions_t   *captions, **slot;

    slot = (ngx_http_video_captions_t **) ((char *) conf + cmd->offset);

    if (*slot != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    captions = ngx_pcalloc(cf->pool, sizeof(ngx_http_video_captions_t));
    if (captions == NULL) {
        return NGX_CONF_ERROR;
    }

    *slot = captions;
    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "auto") == 0) {
        captions->automatic = 1;
        return NGX_CONF_OK;
    }

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        captions->none = 1;
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        rv = ngx_http_video_captions_one(cf, &value[i], captions);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


void
ngx_http_video_captions(ngx_http_video_captions_t *conf,
    const nvm_captions_t *seen, ngx_http_video_captions_t *out)
{
    if (conf && !conf->automatic) {
        *out = *conf;
        return;
    }

    out->n = 0;
    out->automatic = 1;
    out->none = 0;

    if (seen) {
        out->n = nvm_captions_list(seen, out->list);
        out->none = (out->n == 0);
    }
}


uint64_t
ngx_http_video_captions_hash(ngx_http_video_captions_t *conf, uint64_t h)
{
    if (conf == NULL || conf->automatic) {
        return h;
    }

    return ngx_http_video_hash(h, conf, sizeof(ngx_http_video_captions_t));
}
