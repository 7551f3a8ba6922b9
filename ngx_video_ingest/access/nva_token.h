/*
 * Copyright (C) ngx_video authors
 *
 * Signed tokens: NAME?e=EXPIRES&st=SIGNATURE or, for one address alone,
 * NAME?e=EXPIRES&ip=ADDRESS&st=SIGNATURE.
 *
 * The signature is HMAC-SHA-256 in hexadecimal over what it allows,
 * "APPLICATION/NAME?e=EXPIRES" or "APPLICATION/NAME?e=EXPIRES&ip=ADDRESS".
 * Neither an application nor a name has a "?", nor EXPIRES anything but digits,
 * so no text can be read in two ways.
 */

#ifndef NVA_TOKEN_H
#define NVA_TOKEN_H

#include "nva_lines.h"
#include "nvm_arena.h"


#define NVA_SECRETS      16
#define NVA_SECRET_MIN   16
#define NVA_SECRET_MAX   128
#define NVA_ADDRESS_MAX  64


/* Each is right: so one can be replaced by another without a break. */
typedef struct {
    nva_str_t    secrets[NVA_SECRETS];
    size_t       n;
} nva_secrets_t;


/* A token that has been found right. */
typedef struct {
    uint64_t     expires;       /* seconds since 1970; still good then */
    uint8_t      address_data[NVA_ADDRESS_MAX];
    nva_str_t    address;       /* as its maker wrote it; len 0: of any */
} nva_token_t;


/* A file of lines "SECRET"; errors as of nva_keys_parse(). */
nvm_err_e nva_secrets_parse(nva_secrets_t *secrets, nvm_arena_t *arena,
    const void *text, size_t len, nvm_fault_t *f);

/*
 * NVM_OK: signed by one of the secrets, for this stream; the caller checks the
 * time and the address.  NVM_ENOENT: there is no token, or not all of it;
 * NVM_EINVAL: it is malformed; NVM_EUNSUP: the signature is another.
 */
nvm_err_e nva_token_check(const nva_secrets_t *secrets, const nva_str_t *app,
    const nva_str_t *name, const nva_str_t *query, nva_token_t *token);


#endif /* NVA_TOKEN_H */
