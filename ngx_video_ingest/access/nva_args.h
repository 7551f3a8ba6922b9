/*
 * Copyright (C) ngx_video authors
 *
 * What a publisher asks for: NAME?ARGUMENT=VALUE&...
 */

#ifndef NVA_ARGS_H
#define NVA_ARGS_H

#include "nvm.h"


/* Bytes of others, without a terminating zero. */
typedef struct {
    const uint8_t  *data;
    size_t          len;
} nva_str_t;


/*
 * Whether it may be the name of a stream, of at most "max" bytes: it becomes
 * part of URLs, so letters, digits, "-", "_", "~" and "." (not first).
 */
int nva_name_valid(const uint8_t *name, size_t len, size_t max);

/*
 * The value of an argument as it is.  NVM_ENOENT: it is not there; NVM_EINVAL:
 * it is there twice, and another reader might take the other one.
 */
nvm_err_e nva_arg(const nva_str_t *query, const nva_str_t *name,
    nva_str_t *value);

/*
 * The value with its percent-encoded bytes decoded, at "buf"; what is not
 * encoded properly stays.  NVM_ENOENT and NVM_EINVAL as above; NVM_ELIMIT:
 * longer than "size".
 */
nvm_err_e nva_arg_decoded(const nva_str_t *query, const nva_str_t *name,
    uint8_t *buf, size_t size, size_t *len);


#endif /* NVA_ARGS_H */
