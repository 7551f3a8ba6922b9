/*
 * Copyright (C) ngx_video authors
 *
 * What fuzz targets have in common: the entry, and what must be true of any
 * input.
 */

#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static __attribute__((unused)) void
require(int good)
{
    if (!good) {
        abort();
    }
}


#endif /* FUZZ_H */
