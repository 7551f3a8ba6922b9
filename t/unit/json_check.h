/*
 * Copyright (C) ngx_video authors
 *
 * Whether a text is JSON (RFC 8259), for tests and fuzz targets: one value,
 * strings without control characters, no name twice in an object.
 */

#ifndef JSON_CHECK_H
#define JSON_CHECK_H

#include <stddef.h>
#include <string.h>


#define JSON_UNUSED  __attribute__((unused))
#define JSON_DEPTH   64
#define JSON_NAMES   64         /* of an object that are compared */


typedef struct {
    const char  *pos;
    const char  *end;
    int          depth;
} json_t;


static int json_value(json_t *j);


static void
json_space(json_t *j)
{
    while (j->pos < j->end && strchr(" \t\r\n", *j->pos)) {
        j->pos++;
    }
}


static int
json_is(json_t *j, char c)
{
    json_space(j);

    if (j->pos == j->end || *j->pos != c) {
        return 0;
    }

    j->pos++;

    return 1;
}


static int
json_string(json_t *j)
{
    size_t  i;

    if (!json_is(j, '"')) {
        return 0;
    }

    for ( ; j->pos < j->end && *j->pos != '"'; j->pos++) {

        if ((unsigned char) *j->pos < 0x20) {
            return 0;
        }

        if (*j->pos != '\\') {
            continue;
        }

        if (++j->pos == j->end || !strchr("\"\\/bfnrtu", *j->pos)) {
            return 0;
        }

        for (i = 0; *j->pos == 'u' && i < 4; i++) {
            if (j->end - j->pos <= 4
                || !strchr("0123456789abcdefABCDEF", j->pos[1 + i]))
            {
                return 0;
            }
        }
    }

    return json_is(j, '"');
}


static int
json_digits(json_t *j)
{
    const char  *from;

    from = j->pos;

    while (j->pos < j->end && *j->pos >= '0' && *j->pos <= '9') {
        j->pos++;
    }

    return j->pos > from;
}


static int
json_number(json_t *j)
{
    const char  *from;

    if (j->pos < j->end && *j->pos == '-') {
        j->pos++;
    }

    from = j->pos;

    if (!json_digits(j) || (*from == '0' && j->pos - from > 1)) {
        return 0;
    }

    if (j->pos < j->end && *j->pos == '.') {
        j->pos++;
        return json_digits(j);
    }

    return 1;
}


static int
json_word(json_t *j, const char *word)
{
    size_t  n;

    n = strlen(word);

    if ((size_t) (j->end - j->pos) < n || memcmp(j->pos, word, n) != 0) {
        return 0;
    }

    j->pos += n;

    return 1;
}


/* The members of an object, or the elements of an array. */
static int
json_inside(json_t *j, int object)
{
    char         close;
    size_t       i, n, len[JSON_NAMES];
    const char  *names[JSON_NAMES];

    close = object ? '}' : ']';
    n = 0;

    if (json_is(j, close)) {
        return 1;
    }

    do {
        if (object) {
            json_space(j);
            names[n] = j->pos;

            if (!json_string(j)) {
                return 0;
            }

            len[n] = (size_t) (j->pos - names[n]);

            for (i = 0; i < n; i++) {
                if (len[i] == len[n] && memcmp(names[i], names[n], len[n]) == 0)
                {
                    return 0;
                }
            }

            n += n + 1 < JSON_NAMES;

            if (!json_is(j, ':')) {
                return 0;
            }
        }

        if (!json_value(j)) {
            return 0;
        }
    } while (json_is(j, ','));

    return json_is(j, close);
}


static int
json_value(json_t *j)
{
    int  good;

    if (++j->depth > JSON_DEPTH) {
        return 0;
    }

    json_space(j);

    if (j->pos == j->end) {
        return 0;
    }

    switch (*j->pos) {

    case '{':
    case '[':
        j->pos++;
        good = json_inside(j, j->pos[-1] == '{');
        break;

    case '"':
        good = json_string(j);
        break;

    case 't':
        good = json_word(j, "true");
        break;

    case 'f':
        good = json_word(j, "false");
        break;

    case 'n':
        good = json_word(j, "null");
        break;

    default:
        good = json_number(j);
    }

    j->depth--;

    return good;
}


/* Where the text stops being JSON; NULL: it is. */
static JSON_UNUSED const char *
json_check(const char *text, size_t n)
{
    json_t  j = { text, text + n, 0 };

    if (!json_value(&j)) {
        return j.pos;
    }

    json_space(&j);

    return j.pos == j.end ? NULL : j.pos;
}


#endif /* JSON_CHECK_H */
