/*
 * Copyright (C) ngx_video authors
 *
 * Texts that are made in a directory (SVG, HTML), and what pages have in
 * common.
 */

#ifndef VTC_PAGE_H
#define VTC_PAGE_H

#include <stddef.h>
#include <stdio.h>


typedef struct {
    FILE        *out;           /* where the text goes */
    char        *text;
    size_t       len;
} vtc_page_t;


/* 0, or -1 and why: no memory. */
int vtc_page_open(vtc_page_t *p, FILE *why);

/* Ends it: DIR/NAME is there when it is whole.  0, or -1 and why. */
int vtc_page_write(vtc_page_t *p, const char *dir, const char *name,
    FILE *why);

/* A name, to free(); NULL and why: no memory. */
char *vtc_page_path(FILE *why, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* DIR, and DIR/NAME: 0, or -1 and why. */
int vtc_page_place(const char *dir, const char *name, FILE *why);

/* DIR/NAME/n.jpg from n on: those of a run before this one. */
void vtc_page_remove(const char *dir, const char *name, unsigned n, FILE *why);

/* Of HTML: what is before the text, with a title and a headline; its end. */
void vtc_page_begin(FILE *out, const char *title);
void vtc_page_end(FILE *out);


#endif /* VTC_PAGE_H */
