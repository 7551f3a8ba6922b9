/*
 * Copyright (C) ngx_video authors
 *
 * The core module: the "video { }" block and its zones.  A zone's memory is
 * formatted once and lives over reloads; each process has one view of it
 * (ngx_video_store_t), which outlives cycles because a single process reloads
 * without starting anew.
 */

#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_video_core.h"


static char *ngx_video_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_video_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static ngx_int_t ngx_video_zone_init(ngx_shm_zone_t *zone, void *data);
static ngx_uint_t ngx_video_zone_kept(ngx_cycle_t *cycle,
    ngx_video_store_t *st);
static ngx_int_t ngx_video_core_init_module(ngx_cycle_t *cycle);
static void *ngx_video_core_create_conf(ngx_cycle_t *cycle);
static ngx_int_t ngx_video_core_init_process(ngx_cycle_t *cycle);
static void ngx_video_core_exit_process(ngx_cycle_t *cycle);


static ngx_command_t  ngx_video_core_commands[] = {

    { ngx_string("video"),
      NGX_MAIN_CONF|NGX_DIRECT_CONF|NGX_CONF_BLOCK|NGX_CONF_NOARGS,
      ngx_video_block,
      0,
      0,
      NULL },

    { ngx_string("zone"),
      NGX_VIDEO_CONF|NGX_DIRECT_CONF|NGX_CONF_TAKE2,
      ngx_video_zone,
      0,
      0,
      NULL },

      ngx_null_command
};


static ngx_core_module_t  ngx_video_core_module_ctx = {
    ngx_string("video"),
    ngx_video_core_create_conf,
    NULL
};


ngx_module_t  ngx_video_core_module = {
    NGX_MODULE_V1,
    &ngx_video_core_module_ctx,            /* module context */
    ngx_video_core_commands,               /* module directives */
    NGX_CORE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_video_core_init_module,            /* init module */
    ngx_video_core_init_process,           /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_video_core_exit_process,           /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static char *
ngx_video_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_video_core_conf_t *vcf = conf;

    char        *rv;
    ngx_conf_t   pcf;

    if (vcf->block) {
        return "is duplicate";
    }

    vcf->block = 1;

    pcf = *cf;
    cf->cmd_type = NGX_VIDEO_CONF;

    rv = ngx_conf_parse(cf, NULL);

    *cf = pcf;

    return rv;
}


static char *
ngx_video_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_video_core_conf_t *vcf = conf;

    ssize_t           size;
    ngx_str_t        *value;
    ngx_shm_zone_t   *zone, **zp;

    value = cf->args->elts;

    if (value[1].len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "empty zone name");
        return NGX_CONF_ERROR;
    }

    size = ngx_parse_size(&value[2]);

    if (size == NGX_ERROR || size < NGX_VIDEO_MIN_ZONE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid size \"%V\" of zone \"%V\": a number with "
                           "\"k\" or \"m\", at least 2m, is expected",
                           &value[2], &value[1]);
        return NGX_CONF_ERROR;
    }

    zone = ngx_shared_memory_add(cf, &value[1], size, &ngx_video_core_module);
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    if (zone->init) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" is already declared", &value[1]);
        return NGX_CONF_ERROR;
    }

    zone->init = ngx_video_zone_init;

    zp = ngx_array_push(&vcf->zones);
    if (zp == NULL) {
        return NGX_CONF_ERROR;
    }

    *zp = zone;

    return NGX_CONF_OK;
}


ngx_shm_zone_t *
ngx_video_zone_ref(ngx_conf_t *cf, ngx_str_t *name)
{
    if (name->len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "empty zone name");
        return NULL;
    }

    return ngx_shared_memory_add(cf, name, 0, &ngx_video_core_module);
}


ngx_shm_zone_t *
ngx_video_zone_arg(ngx_conf_t *cf, ngx_uint_t from)
{
    ngx_str_t        *value, name;
    ngx_uint_t        i;
    ngx_shm_zone_t   *zone;

    value = cf->args->elts;
    zone = NULL;

    for (i = from; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "zone=", 5) != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\": \"zone=NAME\" is "
                               "expected", &value[i]);
            return NULL;
        }

        name.data = value[i].data + 5;
        name.len = value[i].len - 5;

        zone = ngx_video_zone_ref(cf, &name);
        if (zone == NULL) {
            return NULL;
        }
    }

    if (zone == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" needs the parameter \"zone=NAME\"",
                           &value[0]);
    }

    return zone;
}


static ngx_int_t
ngx_video_zone_init(ngx_shm_zone_t *zone, void *data)
{
    void               *base;
    size_t              size;
    ngx_slab_pool_t    *pool;
    ngx_video_store_t  *st;

    if (data) {
        zone->data = data;
        return NGX_OK;
    }

    st = ngx_alloc(sizeof(ngx_video_store_t), zone->shm.log);
    if (st == NULL) {
        return NGX_ERROR;
    }

    pool = (ngx_slab_pool_t *) zone->shm.addr;

    if (!zone->shm.exists) {
        /* one allocation of all pages: the store has its own allocator */
        size = pool->pfree * ngx_pagesize;
        base = ngx_slab_alloc(pool, size);

        if (base == NULL || ngx_video_store_format(base, size) != NGX_OK) {
            ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                          "video zone \"%V\" can not be formatted",
                          &zone->shm.name);
            return NGX_ERROR;
        }

        pool->data = base;
    }

    if (ngx_video_store_attach(st, pool->data, &pool->mutex) != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                      "video zone \"%V\" has another layout",
                      &zone->shm.name);
        return NGX_ERROR;
    }

    st->name = zone->shm.name;
    st->name.data = ngx_alloc(zone->shm.name.len, zone->shm.log);
    if (st->name.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(st->name.data, zone->shm.name.data, st->name.len);

    zone->data = st;

    return NGX_OK;
}


/*
 * Zones of the running configuration that the new one doesn't have, by name
 * or by size, are about to be left behind: tells their publishers, who close
 * so that they reconnect.
 */
static ngx_int_t
ngx_video_core_init_module(ngx_cycle_t *cycle)
{
    ngx_uint_t          i;
    ngx_list_part_t    *part;
    ngx_shm_zone_t     *old;
    ngx_video_store_t  *st;

    if (ngx_test_config || ngx_is_init_cycle(cycle->old_cycle)) {
        return NGX_OK;
    }

    for (part = &cycle->old_cycle->shared_memory.part; part;
         part = part->next)
    {
        old = part->elts;

        for (i = 0; i < part->nelts; i++) {
            st = old[i].data;

            if (old[i].tag == &ngx_video_core_module && st
                && !ngx_video_zone_kept(cycle, st))
            {
                ngx_video_store(&st->head->superseded, 1);
            }
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_video_zone_kept(ngx_cycle_t *cycle, ngx_video_store_t *st)
{
    ngx_uint_t              i;
    ngx_shm_zone_t        **zones;
    ngx_video_core_conf_t  *vcf;

    vcf = (ngx_video_core_conf_t *) ngx_get_conf(cycle->conf_ctx,
                                                 ngx_video_core_module);
    zones = vcf->zones.elts;

    for (i = 0; i < vcf->zones.nelts; i++) {
        if (zones[i]->data == st) {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_video_core_required(ngx_conf_t *cf, const char *module)
{
    if (ngx_video_core_module.index == NGX_MODULE_UNSET_INDEX) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "%s needs \"load_module modules/"
                      "ngx_video_core_module.so;\" before it", module);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_video_pair(ngx_str_t *value, ngx_int_t min, ngx_int_t max, ngx_int_t step,
    ngx_uint_t *a, ngx_uint_t *b)
{
    u_char     *x, *last;
    ngx_int_t   n, m;

    last = value->data + value->len;
    x = ngx_strlchr(value->data, last, 'x');

    if (x == NULL) {
        return NGX_ERROR;
    }

    n = ngx_atoi(value->data, x - value->data);
    m = ngx_atoi(x + 1, last - x - 1);

    if (n < min || n > max || m < min || m > max || n % step || m % step) {
        return NGX_ERROR;
    }

    *a = (ngx_uint_t) n;
    *b = (ngx_uint_t) m;

    return NGX_OK;
}


static void *
ngx_video_pool_alloc(void *data, size_t size)
{
    return ngx_palloc(data, size);
}


void
ngx_video_pool_arena(nvm_arena_t *arena, ngx_pool_t *pool)
{
    arena->alloc = ngx_video_pool_alloc;
    arena->data = pool;
}


uint64_t
ngx_video_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (uint64_t) tp->sec * 1000 + tp->msec;
}


static void *
ngx_video_core_create_conf(ngx_cycle_t *cycle)
{
    ngx_video_core_conf_t  *vcf;

    vcf = ngx_pcalloc(cycle->pool, sizeof(ngx_video_core_conf_t));
    if (vcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&vcf->zones, cycle->pool, 2, sizeof(ngx_shm_zone_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return vcf;
}


static ngx_int_t
ngx_video_core_init_process(ngx_cycle_t *cycle)
{
    ngx_video_core_conf_t  *vcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    vcf = (ngx_video_core_conf_t *) ngx_get_conf(cycle->conf_ctx,
                                                 ngx_video_core_module);

    return ngx_video_worker_init(cycle, vcf);
}


static void
ngx_video_core_exit_process(ngx_cycle_t *cycle)
{
    ngx_video_core_conf_t  *vcf;

    vcf = (ngx_video_core_conf_t *) ngx_get_conf(cycle->conf_ctx,
                                                 ngx_video_core_module);

    ngx_video_worker_done(cycle, vcf);
}
