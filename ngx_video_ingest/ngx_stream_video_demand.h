/*
 * Copyright (C) ngx_video authors
 *
 * Streams that are fetched because a viewer asks for them.
 *
 * Each worker looks for wishes in the zone (ngx_video_wish.h); the first that
 * sees one has it, so the least busy one, as a rule.  It fetches the stream for
 * as long as somebody asks for it.
 *
 *   a wish is     its pull         ends by
 *   PULLING       connects,        media: on air; failure: the next directive
 *                 waits for media  that has the name, or FAILED
 *   PULLING       is on air        failure: tried again; nobody asks for it:
 *                                  done; the worker is to exit: released
 *   PULLING       was on air, and  as one that connects
 *                 is tried again
 */

#ifndef NGX_STREAM_VIDEO_DEMAND_H
#define NGX_STREAM_VIDEO_DEMAND_H

#include "ngx_stream_video_pull_stream.h"


/* Of init process: a directive that this worker is to heed. */
ngx_int_t ngx_stream_video_demand_add(ngx_cycle_t *cycle,
    ngx_stream_video_pull_conf_t *pc);
void ngx_stream_video_demand_exit(void);


#endif /* NGX_STREAM_VIDEO_DEMAND_H */
