/*
 * Copyright (C) ngx_video authors
 *
 * For t/slices.t: reads NAL units, each after a 32-bit length, from standard
 * input, and writes a line of each coded slice: the bytes of its header, or
 * what is wrong with it.
 *
 *     slice_lengths h264|hevc
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nvm_h264.h"
#include "nvm_h264_slice.h"
#include "nvm_hevc_slice.h"
#include "nvm_reader.h"


typedef union {
    nvm_h264_params_t  h264;
    nvm_hevc_params_t  hevc;
} params_t;


static params_t  params;


static nvm_err_e
h264(const uint8_t *nal, size_t n, int *slice, size_t *bytes, nvm_fault_t *f)
{
    unsigned  type;

    type = nal[0] & 0x1f;
    *slice = type == NVM_H264_NAL_SLICE || type == NVM_H264_NAL_IDR;

    return *slice ? nvm_h264_slice_len(&params.h264, nal, n, bytes, f)
           : nvm_h264_params_nal(&params.h264, nal, n, f);
}


static nvm_err_e
hevc(const uint8_t *nal, size_t n, int *slice, size_t *bytes, nvm_fault_t *f)
{
    *slice = nal[0] >> 1 < 32;

    return *slice ? nvm_hevc_slice_len(&params.hevc, nal, n, bytes, f)
           : nvm_hevc_params_nal(&params.hevc, nal, n, f);
}


/* All of standard input. */
static uint8_t *
read_all(size_t *len)
{
    size_t    size;
    uint8_t  *p;

    p = NULL;
    size = 0;
    *len = 0;

    do {
        size = size * 2 + 65536;
        p = realloc(p, size);

        if (p == NULL) {
            abort();
        }

        *len += fread(p + *len, 1, size - *len, stdin);
    } while (*len == size);

    return p;
}


int
main(int argc, char **argv)
{
    int             is_hevc, slice;
    size_t          len, bytes;
    uint8_t        *data, *copy;
    uint32_t        size;
    nvm_err_e       rc;
    nvm_fault_t     f;
    nvm_reader_t    r;
    const uint8_t  *nal;

    is_hevc = argc == 2 && strcmp(argv[1], "hevc") == 0;
    data = read_all(&len);
    nvm_reader_init(&r, data, len, 0);

    while (nvm_reader_left(&r)) {
        size = nvm_reader_u32(&r);
        nal = nvm_reader_bytes(&r, size);

        if (nal == NULL || size == 0) {
            fprintf(stderr, "input is cut\n");
            return 1;
        }

        /* its own block, that a sanitizer sees reads past its end */

        copy = malloc(size);
        if (copy == NULL) {
            abort();
        }

        memcpy(copy, nal, size);
        memset(&f, 0, sizeof(f));
        bytes = 0;

        rc = (is_hevc ? hevc : h264)(copy, size, &slice, &bytes, &f);

        if (rc != NVM_OK) {
            printf("%s: %s at %u\n", slice ? "slice" : "parameters", f.what,
                   (unsigned) f.offset);

        } else if (slice) {
            printf("%zu\n", bytes);
        }

        free(copy);
    }

    free(data);

    return 0;
}
