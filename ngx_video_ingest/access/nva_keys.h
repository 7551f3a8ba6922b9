/*
 * Copyright (C) ngx_video authors
 *
 * Stream keys: a file of lines "NAME KEY".  A name may have several keys, each
 * of which is right; those of "*" are for names that have none of their own.
 *
 * Of a key its digest (SHA-256) is kept: so all are compared alike, whatever
 * their length, and the memory of a worker holds none.
 */

#ifndef NVA_KEYS_H
#define NVA_KEYS_H

#include "nva_lines.h"
#include "nvm_arena.h"


#define NVA_KEY_MAX      128
#define NVA_NAME_MAX     128
#define NVA_DIGEST       32


typedef struct {
    nva_str_t    name;
    uint8_t      digest[NVA_DIGEST];
} nva_key_t;


typedef struct {
    nva_key_t   *keys;          /* by name */
    size_t       n;
} nva_keys_t;


/*
 * NVM_OK, or what is wrong: f->what, and the line as f->offset (0: of the file
 * as a whole).
 */
nvm_err_e nva_keys_parse(nva_keys_t *keys, nvm_arena_t *arena,
    const void *text, size_t len, nvm_fault_t *f);

/* NVM_OK; NVM_ENOENT: the name has no key; NVM_EINVAL: it is another. */
nvm_err_e nva_keys_check(const nva_keys_t *keys, const nva_str_t *name,
    const uint8_t *key, size_t len);


#endif /* NVA_KEYS_H */
