/*
 * Copyright (C) ngx_video authors
 *
 * The directives of ladders: see ngx_video_ladder.h.
 */

#include "ngx_video_ladder.h"
#include "ngx_video_ingest.h"


/* of JSON, numbers at their longest */
#define NGX_VIDEO_RUNG_TEXT        512


static char *ngx_video_ladder_line(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf);


static ngx_uint_t
ngx_video_ladder_same(ngx_str_t *a, const u_char *data, size_t len)
{
    return a->len == len && ngx_memcmp(a->data, data, len) == 0;
}


ngx_uint_t
ngx_video_ladder_word(ngx_str_t *s)
{
    u_char  ch;
    size_t  i;

    for (i = 0; i < s->len; i++) {
        ch = s->data[i];

        if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
              || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_'))
        {
            return 0;
        }
    }

    return s->len > 0 && s->len <= NGX_VIDEO_RUNG_NAME;
}


char *
ngx_video_ladder_wrong(ngx_conf_t *cf, ngx_str_t *value, const char *expected)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\": %s "
                       "is expected", value, expected);

    return NGX_CONF_ERROR;
}


static ngx_video_ladder_t *
ngx_video_ladder_named(ngx_array_t *ladders, ngx_str_t *name)
{
    ngx_uint_t            i;
    ngx_video_ladder_t  **l;

    l = ladders->elts;

    for (i = 0; i < ladders->nelts; i++) {
        if (ngx_video_ladder_same(&l[i]->name, name->data, name->len)) {
            return l[i];
        }
    }

    return NULL;
}


static ngx_video_ladder_t *
ngx_video_ladder_add(ngx_conf_t *cf, ngx_array_t *ladders, ngx_str_t *name)
{
    ngx_video_ladder_t  *l, **p;

    l = ngx_video_ladder_named(ladders, name);

    if (l) {
        return l;
    }

    l = ngx_pcalloc(cf->pool, sizeof(ngx_video_ladder_t));
    p = ngx_array_push(ladders);

    if (l == NULL || p == NULL
        || ngx_array_init(&l->rungs, cf->pool, 4, sizeof(ngx_video_rung_t))
           != NGX_OK)
    {
        return NULL;
    }

    l->name = *name;
    l->file = cf->conf_file->file.name.data;
    l->line = cf->conf_file->line;
    *p = l;

    return l;
}


ngx_video_ladder_t *
ngx_video_ladder_ref(ngx_conf_t *cf, ngx_str_t *name)
{
    return ngx_video_ladder_add(cf, &ngx_video_ingest_conf(cf->cycle)->ladders,
                                name);
}


ngx_video_ladder_t *
ngx_video_ladder_find(ngx_array_t *ladders, ngx_str_t *name)
{
    ngx_video_ladder_t  *l;

    l = ngx_video_ladder_named(ladders, name);

    return l && l->declared ? l : NULL;
}


ngx_int_t
ngx_video_ladder_check(ngx_array_t *ladders, ngx_log_t *log)
{
    ngx_uint_t            i;
    ngx_video_ladder_t  **l;

    l = ladders->elts;

    for (i = 0; i < ladders->nelts; i++) {
        if (!l[i]->declared) {
            ngx_log_error(NGX_LOG_EMERG, log, 0,
                          "ladder \"%V\" is not declared in \"video { }\" in "
                          "%s:%ui", &l[i]->name, l[i]->file, l[i]->line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


uint64_t
ngx_video_ladder_rate(ngx_video_ladder_t *ladder)
{
    uint64_t           rate;
    ngx_uint_t         i;
    ngx_video_rung_t  *r;

    if (ladder == NULL) {
        return 0;
    }

    r = ladder->rungs.elts;

    for (i = 0, rate = 0; i < ladder->rungs.nelts; i++) {
        rate += r[i].maxrate ? r[i].maxrate : r[i].bitrate + r[i].bitrate / 4;
    }

    return rate;
}


ngx_video_rung_t *
ngx_video_ladder_rung(ngx_video_ladder_t *ladder, const u_char *name,
    size_t len)
{
    ngx_uint_t         i;
    ngx_video_rung_t  *r;

    r = ladder->rungs.elts;

    for (i = 0; i < ladder->rungs.nelts; i++) {
        if (ngx_video_ladder_same(&r[i].name, name, len)) {
            return &r[i];
        }
    }

    return NULL;
}


/* latency low | quality */
static char *
ngx_video_ladder_latency(ngx_conf_t *cf, ngx_video_ladder_t *l)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    if (cf->args->nelts != 2) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid number of arguments "
                           "in \"latency\"");
        return NGX_CONF_ERROR;
    }

    l->quality = (ngx_strcmp(value[1].data, "quality") == 0);

    return l->quality || ngx_strcmp(value[1].data, "low") == 0
           ? NGX_CONF_OK
           : ngx_video_ladder_wrong(cf, &value[1], "\"low\" or \"quality\"");
}


static char *
ngx_video_ladder_line(ngx_conf_t *cf, ngx_command_t *dummy, void *conf)
{
    ngx_video_ladder_t *l = conf;

    ngx_str_t  *value;

    value = cf->args->elts;

    if (ngx_strcmp(value[0].data, "rung") == 0) {
        return ngx_video_ladder_pictures(cf, l);
    }

    if (ngx_strcmp(value[0].data, "audio") == 0) {
        return ngx_video_ladder_sound(cf, l);
    }

    if (ngx_strcmp(value[0].data, "thumbs") == 0) {
        return ngx_video_ladder_images(cf, l);
    }

    if (ngx_strcmp(value[0].data, "latency") == 0) {
        return ngx_video_ladder_latency(cf, l);
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "unknown directive \"%V\" in "
                       "\"ladder\": \"rung\", \"audio\", \"thumbs\" or "
                       "\"latency\" is expected", &value[0]);

    return NGX_CONF_ERROR;
}


static u_char *
ngx_video_ladder_rung_text(u_char *p, ngx_video_rung_t *r)
{
    p = ngx_sprintf(p, "{\"name\":\"%V\",\"size\":\"%uix%ui\",\"bitrate\":%uL,"
                    "\"codec\":\"%V\"", &r->name, r->width, r->height,
                    r->bitrate, &r->codec->name);

    if (r->maxrate) {
        p = ngx_sprintf(p, ",\"maxrate\":%uL", r->maxrate);
    }

    if (r->bufsize) {
        p = ngx_sprintf(p, ",\"bufsize\":%uL", r->bufsize);
    }

    if (r->fps) {
        p = ngx_sprintf(p, ",\"fps\":%ui", r->fps);
    }

    if (r->preset.len) {
        p = ngx_sprintf(p, ",\"preset\":\"%V\"", &r->preset);
    }

    if (r->profile.len) {
        p = ngx_sprintf(p, ",\"profile\":\"%V\"", &r->profile);
    }

    return ngx_sprintf(p, "}");
}


static u_char *
ngx_video_ladder_sound_text(u_char *p, ngx_video_rung_t *r)
{
    p = ngx_sprintf(p, ",\"audio\":{\"bitrate\":%uL,\"rate\":%ui,"
                    "\"channels\":%ui", r->bitrate, r->rate, r->channels);

    if (r->loudness) {
        p = ngx_sprintf(p, ",\"loudness\":-%ui", r->loudness);
    }

    return ngx_sprintf(p, "}");
}


static u_char *
ngx_video_ladder_thumbs_text(u_char *p, ngx_video_ladder_thumbs_t *t)
{
    p = ngx_sprintf(p, ",\"thumbs\":{\"size\":[%ui,%ui],\"grid\":[%ui,%ui]",
                    t->width, t->height, t->columns, t->rows);

    if (t->poster_width) {
        p = ngx_sprintf(p, ",\"poster\":[%ui,%ui]", t->poster_width,
                        t->poster_height);
    }

    return ngx_sprintf(p, "}");
}


static u_char *
ngx_video_ladder_rungs_text(u_char *p, ngx_video_ladder_t *l)
{
    ngx_uint_t         i, n;
    ngx_video_rung_t  *r;

    r = l->rungs.elts;
    p = ngx_sprintf(p, ",\"ladder\":{\"audio\":false,\"rungs\":[");

    for (i = 0, n = 0; i < l->rungs.nelts; i++) {
        if (&r[i] != l->sound) {
            p = n++ ? ngx_sprintf(p, ",") : p;
            p = ngx_video_ladder_rung_text(p, &r[i]);
        }
    }

    return ngx_sprintf(p, "]}");
}


/* What docs/transcoder.md has of OPEN. */
static ngx_int_t
ngx_video_ladder_text(ngx_conf_t *cf, ngx_video_ladder_t *l)
{
    u_char  *p;

    p = ngx_pnalloc(cf->pool, (l->rungs.nelts + 2) * NGX_VIDEO_RUNG_TEXT);

    if (p == NULL) {
        return NGX_ERROR;
    }

    l->text.data = p;
    p = ngx_sprintf(p, "{\"latency\":\"%s\"",
                    l->quality ? "quality" : "low");

    if (l->sound) {
        p = ngx_video_ladder_sound_text(p, l->sound);
    }

    if (l->thumbs) {
        p = ngx_video_ladder_thumbs_text(p, l->thumbs);
    }

    if (ngx_video_ladder_shown(l)) {
        p = ngx_video_ladder_rungs_text(p, l);
    }

    p = ngx_sprintf(p, "}");
    l->text.len = p - l->text.data;

    return NGX_OK;
}


char *
ngx_video_ladder_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                *rv;
    ngx_str_t           *value;
    ngx_conf_t           save;
    ngx_video_ladder_t  *l;

    value = cf->args->elts;

    if (!ngx_video_ladder_word(&value[1])
        || ngx_strcmp(value[1].data, "off") == 0)
    {
        return ngx_video_ladder_wrong(cf, &value[1], "a name of up to 31 "
                                      "letters, digits, \"-\" and \"_\", not "
                                      "\"off\",");
    }

    l = ngx_video_ladder_ref(cf, &value[1]);
    if (l == NULL) {
        return NGX_CONF_ERROR;
    }

    if (l->declared) {
        return "is duplicate";
    }

    l->declared = 1;

    save = *cf;
    cf->handler = ngx_video_ladder_line;
    cf->handler_conf = (void *) l;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    /* they stay where they are now */
    l->sound = ngx_video_ladder_rung(l, (u_char *) NGX_VIDEO_RUNG_SOUND,
                                     sizeof(NGX_VIDEO_RUNG_SOUND) - 1);
    l->sound = l->sound && l->sound->rate ? l->sound : NULL;

    if (l->rungs.nelts == 0 && l->thumbs == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "ladder \"%V\" is empty: "
                           "\"rung\", \"audio\" or \"thumbs\" is expected",
                           &l->name);
        return NGX_CONF_ERROR;
    }

    if (l->sound && ngx_video_ladder_shown(l) == 0) {
        /* there is nothing that it could be played with */
        l->sound->variant = 1;
    }

    return ngx_video_ladder_text(cf, l) == NGX_OK ? NGX_CONF_OK
                                                  : NGX_CONF_ERROR;
}
