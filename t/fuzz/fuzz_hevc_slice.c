/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: an hvcC or nothing, then NAL units, each after a length of one
 * byte, as parameter sets and as slices.
 */

#include "fuzz.h"
#include "nvm_hevc_slice.h"
#include "nvm_reader.h"


/* A copy of its own, so that reads past its end are seen. */
static void
fuzz_nal(nvm_hevc_params_t *p, const uint8_t *data, size_t n)
{
    size_t        bytes, less;
    uint8_t      *nal;
    nvm_err_e     rc;
    nvm_fault_t   f;

    nal = malloc(n + !n);
    require(nal != NULL);
    memcpy(nal, data, n);

    memset(&f, 0, sizeof(f));
    rc = nvm_hevc_params_nal(p, nal, n, &f);
    require(rc == f.code && f.offset <= n && (rc == NVM_OK || f.what));

    memset(&f, 0, sizeof(f));
    bytes = 0;
    rc = nvm_hevc_slice_len(p, nal, n, &bytes, &f);
    require(rc == f.code && f.offset <= n && (rc == NVM_OK || f.what));

    if (rc == NVM_OK) {
        require(bytes >= 3 && bytes <= n);

        /* what follows the header does not matter, and all of it is needed */

        less = 0;
        require(nvm_hevc_slice_len(p, nal, bytes, &less, NULL) == NVM_OK);
        require(less == bytes);
        require(nvm_hevc_slice_len(p, nal, bytes - 1, &less, NULL)
                == NVM_ETRUNC);

    } else {
        require(bytes == 0);
    }

    free(nal);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nvm_err_e          rc;
    nvm_fault_t        f;
    nvm_reader_t       r, nal;
    nvm_hevc_params_t  p;

    nvm_hevc_params_init(&p);
    nvm_reader_init(&r, data, size, 0);

    nvm_reader_sub(&r, nvm_reader_u8(&r), &nal);

    memset(&f, 0, sizeof(f));
    rc = nvm_hevc_params_config(&p, nal.pos, nvm_reader_left(&nal), &f);
    require(rc == f.code && (rc == NVM_OK || f.what));
    require(f.offset <= nvm_reader_left(&nal));

    while (nvm_reader_left(&r)) {
        nvm_reader_sub(&r, nvm_reader_u8(&r), &nal);
        fuzz_nal(&p, nal.pos, nvm_reader_left(&nal));
    }

    return 0;
}
