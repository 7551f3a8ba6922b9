/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: heads of HTTP answers; what is left of the input is a query.
 */

#include "fuzz.h"
#include "nvh_answer.h"
#include "nvh_form.h"


static const char *const  taken[] = { "name", "bytes_in", NULL };


static void
form(const uint8_t *data, size_t size)
{
    size_t        len, i;
    uint8_t      *out;
    nvm_writer_t  w;

    nvm_writer_init(&w, NULL, 0);
    nvh_form_query(&w, data, size, taken);
    len = w.len;

    require(len <= 3 * size);

    out = malloc(len + 1);
    require(out != NULL);

    nvm_writer_init(&w, out, len);
    nvh_form_query(&w, data, size, taken);
    require(nvm_writer_done(&w, len) == NVM_OK);

    for (i = 0; i < len; i++) {
        require(out[i] > 0x20 && out[i] < 0x7f && out[i] != ';');
    }

    free(out);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t        n;
    nvm_err_e     rc, all;
    nvh_answer_t  a;

    all = nvh_answer_parse(&a, data, size);

    require(all == NVM_OK || all == NVM_EAGAIN || a.error != NULL);

    if (all != NVM_OK) {
        form(data, size);
        return 0;
    }

    require(a.status >= 200 && a.status <= 599);
    require(a.head <= size && a.head <= NVH_ANSWER_MAX);

    if (a.location.len) {
        require(a.location.data > data
                && a.location.data + a.location.len < data + a.head);
    }

    /* no earlier */
    for (n = 0; n < a.head; n++) {
        rc = nvh_answer_parse(&a, data, n);
        require(rc == NVM_EAGAIN);
    }

    require(nvh_answer_parse(&a, data, a.head) != NVM_OK || n == a.head);
    form(data + n, size - n);

    return 0;
}
