/*
 * Copyright (C) ngx_video authors
 *
 * Static pages without scripts, see vtc_page.h.
 */

#define _GNU_SOURCE

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "vtc_file.h"
#include "vtc_page.h"
#include "vtc_svg.h"


static const char  vtc_page_style[] =
    "body { font: 16px/1.5 sans-serif; color: #222; background: #fff; "
    "max-width: 1200px; margin: 2em auto; padding: 0 1em }\n"
    "h1 { font-size: 1.4em; overflow-wrap: anywhere }\n"
    "h2 { font-size: 1.15em; margin-top: 2em }\n"
    "img { max-width: 100%; height: auto }\n"
    "table { border-collapse: collapse }\n"
    "td, th { padding: .25em .9em; border-bottom: 1px solid #ddd; "
    "text-align: right }\n"
    "td:first-child, th:first-child { text-align: left; "
    "overflow-wrap: anywhere }\n"
    "figure { margin: 1.5em 0 }\n";


int
vtc_page_open(vtc_page_t *p, FILE *why)
{
    p->text = NULL;
    p->out = open_memstream(&p->text, &p->len);

    if (p->out == NULL) {
        fputs("no memory", why);
        return -1;
    }

    return 0;
}


char *
vtc_page_path(FILE *why, const char *fmt, ...)
{
    int       rc;
    char     *path;
    va_list   args;

    va_start(args, fmt);
    rc = vasprintf(&path, fmt, args);
    va_end(args);

    if (rc == -1) {
        fputs("no memory", why);
        return NULL;
    }

    return path;
}


int
vtc_page_write(vtc_page_t *p, const char *dir, const char *name, FILE *why)
{
    int    rc;
    char  *path;

    rc = fclose(p->out);

    if (rc != 0) {
        fputs("no memory", why);
    }

    path = rc == 0 ? vtc_page_path(why, "%s/%s", dir, name) : NULL;
    rc = path ? vtc_file_write(path, p->text, p->len, why) : -1;
    free(path);
    free(p->text);

    return rc;
}


int
vtc_page_place(const char *dir, const char *name, FILE *why)
{
    int    rc;
    char  *path;

    path = vtc_page_path(why, "%s/%s", dir, name);

    if (path == NULL) {
        return -1;
    }

    rc = vtc_file_directory(dir, why) == 0 && vtc_file_directory(path, why) == 0
         ? 0 : -1;
    free(path);

    return rc;
}


void
vtc_page_remove(const char *dir, const char *name, unsigned n, FILE *why)
{
    int    rc;
    char  *path;

    do {
        path = vtc_page_path(why, "%s/%s/%u.jpg", dir, name, n++);
        rc = path ? unlink(path) : -1;
        free(path);
    } while (rc == 0);
}


void
vtc_page_begin(FILE *out, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
          "<meta charset=\"utf-8\"/>\n"
          "<meta name=\"viewport\" content=\"width=device-width\"/>\n"
          "<title>", out);
    vtc_svg_escape(out, title);
    fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>",
            vtc_page_style);
    vtc_svg_escape(out, title);
    fputs("</h1>\n", out);
}


void
vtc_page_end(FILE *out)
{
    fputs("</body>\n</html>\n", out);
}
