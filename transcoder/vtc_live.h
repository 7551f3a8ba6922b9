/*
 * Copyright (C) ngx_video authors
 *
 * A live stream: frames of a worker in, frames of the rungs out.
 */

#ifndef VTC_LIVE_H
#define VTC_LIVE_H


/*
 * Works on the connection "fd" of a worker until it ends; the process is this
 * stream's alone, and is killed by an alarm when a frame takes longer than
 * "patience" seconds.  0, or -1: it ended by an error, which the worker has
 * been told, or standard error if it can't be.
 */
int vtc_live(int fd, unsigned patience);


#endif /* VTC_LIVE_H */
