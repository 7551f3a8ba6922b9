/*
 * Copyright (C) ngx_video authors
 *
 * A file of subtitles in "info.json": read by a thread, with the same limits
 * and the same parser as when its segments are made.
 */

#include "ngx_http_video_vod_info.h"
#include "ngx_http_video_vod_text.h"


typedef struct {
    ngx_http_video_info_memory_t  memory;
    u_char                   *data;
    nvm_vtt_t                *vtt;          /* NULL: it can't be read */
    nvm_err_e                 rc;
    nvm_fault_t               fault;
    ngx_err_t                 err;          /* of a failed read */
} ngx_http_video_info_cues_t;


static void
ngx_http_video_info_cues_read(ngx_http_video_info_cues_t *c,
    ngx_http_video_info_file_t *f)
{
    size_t  n;

    if (f->size > NGX_HTTP_VIDEO_TEXT_MAX) {
        c->rc = nvm_fault(&c->fault, NVM_ELIMIT, NGX_HTTP_VIDEO_TEXT_MAX,
                          "file is too large");
        return;
    }

    c->data = c->memory.arena.alloc(c->memory.arena.data,
                                    (size_t) f->size + 1);

    if (c->data == NULL) {
        c->rc = NVM_ENOMEM;
        return;
    }

    n = ngx_http_video_info_pread(f->fd, c->data, (size_t) f->size, 0,
                                  &c->err);

    c->data[n] = '\0';

    if (c->err == 0) {
        c->rc = nvm_vtt_parse(&c->memory.arena, c->data, n, &c->vtt,
                              &c->fault);
    }
}


static void
ngx_http_video_info_cues_inspect(nvm_emit_t *e, ngx_http_video_info_cues_t *c,
    ngx_http_video_info_file_t *f)
{
    u_char                *p;
    nvm_inspect_faults_t   faults;

    ngx_memzero(&faults, sizeof(nvm_inspect_faults_t));

    nvm_emit_open(e, "inspect", NVM_EMIT_OBJECT);

    if (c->err) {
        nvm_emit_word(e, "incomplete", "the file can't be read");

    } else if (c->rc == NVM_ENOMEM) {
        nvm_emit_word(e, "incomplete",
                      "more memory is needed than video_max_moov allows");

    } else if (c->rc != NVM_OK) {
        nvm_inspect_fault_add(&faults, &c->fault);
    }

    if (c->vtt) {
        p = c->data;

        if (ngx_strncmp(p, "\xef\xbb\xbf", 3) == 0) {
            p += 3;
        }

        nvm_emit_word(e, "format", ngx_strncmp(p, "WEBVTT", 6) == 0
                                   ? "webvtt" : "subrip");

    } else {
        nvm_emit_word(e, "format", "unknown");
    }

    nvm_emit_uint(e, "size", f->size);

    if (c->vtt) {
        nvm_emit_seconds(e, "duration", (int64_t) c->vtt->end_ms, 1000);
        nvm_emit_uint(e, "cues", c->vtt->ncues);
        nvm_emit_uint(e, "cues_left_out", c->vtt->skipped);
    }

    nvm_emit_uint(e, "errors", faults.count);
    nvm_inspect_faults_write(e, &faults);
    nvm_emit_close(e);
}


void
ngx_http_video_info_cues(nvm_emit_t *e, ngx_http_video_info_t *info,
    ngx_http_video_info_file_t *f)
{
    ngx_http_video_info_cues_t  c;

    ngx_memzero(&c, sizeof(ngx_http_video_info_cues_t));
    ngx_http_video_info_memory_init(&c.memory, info->max_moov
                                               + NGX_HTTP_VIDEO_INFO_MORE);

    ngx_http_video_info_cues_read(&c, f);

    if (c.err) {
        info->err = c.err;
        info->unread = &f->name;
    }

    nvm_emit_flag(e, "served", c.vtt != NULL);

    if (c.vtt == NULL) {
        nvm_emit_word(e, "left_out", "its segments can't be made: listed, but "
                      "422");
    }

    ngx_http_video_info_cues_inspect(e, &c, f);

    ngx_http_video_info_memory_done(&c.memory);
}
