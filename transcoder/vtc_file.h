/*
 * Copyright (C) ngx_video authors
 *
 * Files that are there when they are whole: written under another name, and
 * renamed.
 */

#ifndef VTC_FILE_H
#define VTC_FILE_H

#include <stddef.h>
#include <stdio.h>


/* 0, or -1 and why: the system's error with the name. */
int vtc_file_write(const char *path, const void *data, size_t n, FILE *why);

/* A whole file of at most max bytes, with a zero behind it, to free(); NULL and
   why. */
char *vtc_file_read(const char *path, size_t max, FILE *why);

/* A directory, which may be there. */
int vtc_file_directory(const char *path, FILE *why);


#endif /* VTC_FILE_H */
