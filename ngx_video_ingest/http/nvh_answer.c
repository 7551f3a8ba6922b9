/*
 * Copyright (C) ngx_video authors
 *
 * The head of an HTTP answer.  It is parsed from its start each time that
 * more of it has come: it is short.
 */

#include <string.h>
#include <strings.h>

#include "nvh_answer.h"


static nvm_err_e
nvh_answer_fail(nvh_answer_t *a, nvm_err_e code, const char *error)
{
    a->error = error;

    return code;
}


/* The next line, without its end. */
static nvm_err_e
nvh_answer_line(nvh_answer_t *a, const uint8_t *data, size_t n,
    nvh_str_t *line)
{
    size_t  i;

    for (i = a->head; i < n; i++) {

        if (data[i] == '\r') {
            if (i + 1 == n) {
                break;
            }

            if (data[i + 1] != '\n') {
                return nvh_answer_fail(a, NVM_EINVAL, "malformed answer");
            }

            line->data = &data[a->head];
            line->len = i - a->head;
            a->head = i + 2;

            return a->head <= NVH_ANSWER_MAX
                   ? NVM_OK
                   : nvh_answer_fail(a, NVM_ELIMIT, "too long an answer head");
        }

        if ((data[i] < 0x20 && data[i] != '\t') || data[i] == 0x7f) {
            return nvh_answer_fail(a, NVM_EINVAL, "malformed answer");
        }
    }

    return n < NVH_ANSWER_MAX
           ? NVM_EAGAIN
           : nvh_answer_fail(a, NVM_ELIMIT, "too long an answer head");
}


static int
nvh_answer_digit(uint8_t ch)
{
    return ch >= '0' && ch <= '9';
}


/* RFC 9112, 4; the reason and the space before it may be absent */
static nvm_err_e
nvh_answer_status(nvh_answer_t *a, const nvh_str_t *line)
{
    const uint8_t  *p;

    p = line->data;

    if (line->len < 12 || memcmp(p, "HTTP/1.", 7) != 0
        || (p[7] != '0' && p[7] != '1') || p[8] != ' '
        || !nvh_answer_digit(p[9]) || !nvh_answer_digit(p[10])
        || !nvh_answer_digit(p[11]) || (line->len > 12 && p[12] != ' '))
    {
        return nvh_answer_fail(a, NVM_EINVAL, "not an HTTP/1.x answer");
    }

    a->old = (p[7] == '0');
    a->status = (p[9] - '0') * 100u + (p[10] - '0') * 10u + (p[11] - '0');

    if (a->status < 200 || a->status > 599) {
        return nvh_answer_fail(a, NVM_EINVAL, "unexpected status");
    }

    return NVM_OK;
}


static int
nvh_answer_is(const nvh_str_t *s, const char *name)
{
    return s->len == strlen(name)
           && strncasecmp((const char *) s->data, name, s->len) == 0;
}


/* RFC 9110, 5.6.2 */
static int
nvh_answer_token(const nvh_str_t *s)
{
    size_t   i;
    uint8_t  ch;

    for (i = 0; i < s->len; i++) {
        ch = s->data[i];

        if (ch <= 0x20 || ch >= 0x7f
            || strchr("\"(),/:;<=>?@[\\]{}", ch) != NULL)
        {
            return 0;
        }
    }

    return s->len != 0;
}


static void
nvh_answer_trim(nvh_str_t *s)
{
    while (s->len && (s->data[0] == ' ' || s->data[0] == '\t')) {
        s->data++;
        s->len--;
    }

    while (s->len
           && (s->data[s->len - 1] == ' ' || s->data[s->len - 1] == '\t'))
    {
        s->len--;
    }
}


static nvm_err_e
nvh_answer_length(nvh_answer_t *a, const nvh_str_t *value)
{
    size_t    i;
    uint64_t  length;

    if (value->len == 0 || value->len > 18) {
        return nvh_answer_fail(a, NVM_EINVAL, "invalid Content-Length");
    }

    length = 0;

    for (i = 0; i < value->len; i++) {
        if (!nvh_answer_digit(value->data[i])) {
            return nvh_answer_fail(a, NVM_EINVAL, "invalid Content-Length");
        }

        length = length * 10 + (value->data[i] - '0');
    }

    if (a->sized && a->length != length) {
        return nvh_answer_fail(a, NVM_EINVAL, "two Content-Length");
    }

    a->sized = 1;
    a->length = length;

    return NVM_OK;
}


/* "close" in a list of tokens */
static int
nvh_answer_closes(const nvh_str_t *value)
{
    size_t     i, start;
    nvh_str_t  token;

    for (i = 0, start = 0; i <= value->len; i++) {

        if (i < value->len && value->data[i] != ',') {
            continue;
        }

        token.data = &value->data[start];
        token.len = i - start;
        nvh_answer_trim(&token);

        if (nvh_answer_is(&token, "close")) {
            return 1;
        }

        start = i + 1;
    }

    return 0;
}


static nvm_err_e
nvh_answer_header(nvh_answer_t *a, const nvh_str_t *line)
{
    nvh_str_t       name, value;
    const uint8_t  *colon;

    colon = memchr(line->data, ':', line->len);

    name.data = line->data;
    name.len = colon ? (size_t) (colon - line->data) : line->len;

    if (colon == NULL || !nvh_answer_token(&name)) {
        return nvh_answer_fail(a, NVM_EINVAL, "malformed header");
    }

    value.data = colon + 1;
    value.len = line->len - name.len - 1;
    nvh_answer_trim(&value);

    if (nvh_answer_is(&name, "Content-Length")) {
        return nvh_answer_length(a, &value);
    }

    if (nvh_answer_is(&name, "Transfer-Encoding")) {
        a->coded = 1;

    } else if (nvh_answer_is(&name, "Connection")) {
        a->close = a->close || nvh_answer_closes(&value);

    } else if (nvh_answer_is(&name, "Location")) {
        if (a->location.len) {
            return nvh_answer_fail(a, NVM_EINVAL, "two Location");
        }

        a->location = value;
    }

    return NVM_OK;
}


nvm_err_e
nvh_answer_parse(nvh_answer_t *a, const uint8_t *data, size_t n)
{
    nvm_err_e  err;
    nvh_str_t  line;

    memset(a, 0, sizeof(nvh_answer_t));

    /* something else has perhaps no end of line */
    if (memcmp(data, "HTTP/1.", n < 7 ? n : 7) != 0) {
        return nvh_answer_fail(a, NVM_EINVAL, "not an HTTP/1.x answer");
    }

    err = nvh_answer_line(a, data, n, &line);

    if (err == NVM_OK) {
        err = nvh_answer_status(a, &line);
    }

    while (err == NVM_OK) {
        err = nvh_answer_line(a, data, n, &line);

        if (err != NVM_OK) {
            return err;
        }

        if (line.len == 0) {
            break;
        }

        err = nvh_answer_header(a, &line);
    }

    if (err != NVM_OK) {
        return err;
    }

    /* RFC 9112, 6.3: these have no body, whatever the headers say */
    if (a->status == 204 || a->status == 304) {
        a->sized = 1;
        a->length = 0;
    }

    a->keep = !a->old && !a->close && !a->coded && a->sized;

    return NVM_OK;
}
