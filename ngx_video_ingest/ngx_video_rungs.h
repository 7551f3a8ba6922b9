/*
 * Copyright (C) ngx_video authors
 *
 * A stream's connection to the transcoder (ngx_video_transcoder.h): the frames
 * of its first video and sound go there, those of its rungs come back.  It
 * never keeps the stream waiting: what the transcoder does not take is dropped,
 * and it is tried again, after 1, 2, 4, ... 30 s, with the next key frame.
 */

#ifndef NGX_VIDEO_RUNGS_H
#define NGX_VIDEO_RUNGS_H

#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_video_ladder.h"
#include "nvm_model.h"
#include "nvm_wire.h"


typedef struct ngx_video_rungs_s  ngx_video_rungs_t;


/*
 * What its owner is told.  header: of rung n of the ladder, without its name;
 * those that have not come with NVM_WIRE_LAST are not made; n is
 * NGX_VIDEO_RUNGS when none of pictures is.  image: NVM_WIRE_IMAGE.  frame: of
 * a rung whose header has come.  NGX_ERROR of one of them ends the connection.
 * gone: nothing comes until there are headers again.  drained: see
 * ngx_video_rungs_end().
 */
typedef struct {
    ngx_int_t  (*header)(void *data, ngx_uint_t n, nvm_wire_t *m,
                         const u_char *config, size_t len);
    ngx_int_t  (*frame)(void *data, ngx_uint_t n, nvm_wire_t *m);
    void       (*image)(void *data, nvm_wire_t *m);
    void       (*state)(void *data, nvm_wire_state_t *state);
    void       (*gone)(void *data);
    void       (*drained)(void *data);
} ngx_video_rungs_handlers_t;


/*
 * "name" and "log" as long as it lives.  NULL: no memory.  It connects with the
 * first key frame.
 */
ngx_video_rungs_t *ngx_video_rungs_create(ngx_video_ladder_t *ladder,
    ngx_video_rungs_handlers_t *handlers, void *data, ngx_str_t *name,
    ngx_log_t *log);
void ngx_video_rungs_destroy(ngx_video_rungs_t *r);

/*
 * The codec configuration of the source, as its box has it: of the key frame
 * that is next.
 */
ngx_int_t ngx_video_rungs_source(ngx_video_rungs_t *r, nvm_codec_e codec,
    const u_char *config, size_t len);

/* The same of sound, before each of its frames. */
void ngx_video_rungs_sound(ngx_video_rungs_t *r, nvm_codec_e codec,
    const u_char *config, size_t len);

/* A frame of video; times in ms. */
void ngx_video_rungs_frame(ngx_video_rungs_t *r, int64_t dts, int64_t pts,
    ngx_uint_t key, const u_char *data, size_t size);

/* A segment of this number begins with the frame of "pts", which it has had. */
void ngx_video_rungs_cut(ngx_video_rungs_t *r, int64_t pts, uint64_t number);

/* A frame of sound, ms. */
void ngx_video_rungs_sound_frame(ngx_video_rungs_t *r, int64_t pts,
    const u_char *data, size_t size);

/*
 * Nothing follows.  NGX_OK: nothing comes, either; NGX_AGAIN: what is left in
 * decoders and encoders does, and then, or after a while, "drained" is called
 * instead of "gone", which may destroy it.
 */
ngx_int_t ngx_video_rungs_end(ngx_video_rungs_t *r);

/* Whether headers and frames can be expected. */
ngx_uint_t ngx_video_rungs_flow(ngx_video_rungs_t *r);


#endif /* NGX_VIDEO_RUNGS_H */
