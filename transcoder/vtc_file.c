/*
 * Copyright (C) ngx_video authors
 *
 * Whole files.
 */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vtc_file.h"


static int
vtc_file_why(FILE *why, const char *call, const char *path)
{
    fprintf(why, "%s \"%s\" failed: %s", call, path, strerror(errno));

    return -1;
}


int
vtc_file_directory(const char *path, FILE *why)
{
    return mkdir(path, 0777) == -1 && errno != EEXIST
           ? vtc_file_why(why, "mkdir()", path) : 0;
}


char *
vtc_file_read(const char *path, size_t max, FILE *why)
{
    char         *text;
    FILE         *f;
    size_t        n;
    struct stat   st;

    f = fopen(path, "rb");

    if (f == NULL) {
        (void) vtc_file_why(why, "open()", path);
        return NULL;
    }

    if (fstat(fileno(f), &st) == -1 || !S_ISREG(st.st_mode)
        || (uint64_t) st.st_size > max)
    {
        fprintf(why, "\"%s\" is no file of at most %zu bytes", path, max);
        fclose(f);
        return NULL;
    }

    n = (size_t) st.st_size;
    text = malloc(n + 1);

    if (text == NULL) {
        fputs("no memory", why);

    } else if (fread(text, 1, n, f) != n) {
        (void) vtc_file_why(why, "read()", path);
        free(text);
        text = NULL;

    } else {
        text[n] = '\0';
    }

    fclose(f);

    return text;
}


int
vtc_file_write(const char *path, const void *data, size_t n, FILE *why)
{
    int     rc;
    char   *part;
    FILE   *f;
    size_t  len;

    len = strlen(path) + sizeof(".part");
    part = malloc(len);

    if (part == NULL) {
        fputs("no memory", why);
        return -1;
    }

    snprintf(part, len, "%s.part", path);
    f = fopen(part, "wb");

    if (f == NULL) {
        rc = vtc_file_why(why, "open()", part);
        free(part);
        return rc;
    }

    rc = fwrite(data, 1, n, f) == n ? 0 : -1;

    if (fclose(f) != 0 || rc != 0) {
        rc = vtc_file_why(why, "write()", part);

    } else if (rename(part, path) == -1) {
        rc = vtc_file_why(why, "rename()", path);
    }

    if (rc != 0) {
        (void) unlink(part);
    }

    free(part);

    return rc;
}
