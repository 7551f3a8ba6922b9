/*
 * Copyright (C) ngx_video authors
 *
 * An order of a worker: the thumbnails and the poster of a file, in a directory
 * that is there when all of it is.
 */

#ifndef VTC_ORDER_H
#define VTC_ORDER_H

#include "vtc_job.h"


/*
 * In a process of its own: reads the order from a connection, has it made in
 * another process, and answers.  The connection is closed.  0, or -1: the
 * worker has not been answered.
 */
int vtc_order(int fd, const vtc_limits_t *limits);


#endif /* VTC_ORDER_H */
