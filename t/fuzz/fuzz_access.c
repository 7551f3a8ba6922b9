/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: the first byte chooses between a file of keys, one of secrets,
 * and the arguments of a name.
 */

#include "fuzz.h"
#include "nva_keys.h"
#include "nva_token.h"


static const nva_str_t  app = { (const uint8_t *) "live", 4 };
static const nva_str_t  name = { (const uint8_t *) "cam1", 4 };
static const nva_str_t  argument = { (const uint8_t *) "key", 3 };


static void
keys_of(nvm_arena_t *arena, const uint8_t *data, size_t size)
{
    size_t       i;
    nva_keys_t   keys;
    nvm_fault_t  fault;

    memset(&fault, 0, sizeof(fault));

    if (nva_keys_parse(&keys, arena, data, size, &fault) != NVM_OK) {
        require(fault.what != NULL && fault.offset <= size);
        return;
    }

    require(keys.n > 0 && keys.n <= size / 3 + 1);

    for (i = 0; i < keys.n; i++) {
        require(nva_keys_check(&keys, &keys.keys[i].name, data, 1)
                != NVM_ENOENT);

        if (i > 0) {
            require(memcmp(keys.keys[i - 1].name.data, keys.keys[i].name.data,
                           1) <= 0);
        }
    }

    (void) nva_keys_check(&keys, &name, data, size);
}


static void
secrets_of(nvm_arena_t *arena, const uint8_t *data, size_t size)
{
    nvm_fault_t    fault;
    nva_secrets_t  secrets;

    memset(&fault, 0, sizeof(fault));

    if (nva_secrets_parse(&secrets, arena, data, size, &fault) != NVM_OK) {
        require(fault.what != NULL && fault.offset <= size);
        return;
    }

    require(secrets.n > 0 && secrets.n <= NVA_SECRETS);
}


static void
arguments_of(nvm_arena_t *arena, const uint8_t *data, size_t size)
{
    size_t         len;
    uint8_t        buf[16];
    nvm_err_e      rc, raw;
    nva_str_t      query, value;
    nva_token_t    token;
    nva_secrets_t  secrets;

    static const char  file[] = "0123456789abcdef";

    query.data = data;
    query.len = size;

    raw = nva_arg(&query, &argument, &value);
    rc = nva_arg_decoded(&query, &argument, buf, sizeof(buf), &len);

    require(rc == raw || (raw == NVM_OK && rc == NVM_ELIMIT));
    require(rc != NVM_OK || len <= value.len);
    require(raw != NVM_OK
            || (value.data >= data && value.data + value.len <= data + size));

    if (nva_secrets_parse(&secrets, arena, file, sizeof(file) - 1, NULL)
        != NVM_OK)
    {
        return;
    }

    /* nobody has found a signature yet */
    require(nva_token_check(&secrets, &app, &name, &query, &token) != NVM_OK);
    (void) nva_name_valid(data, size, 128);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nvm_heap_t  heap;

    if (size < 2) {
        return 0;
    }

    /* the second one bounds the memory */
    nvm_heap_init(&heap, data[1] < 128 ? (size_t) data[1] * 8 : 1 << 20);

    switch (data[0] % 3) {

    case 0:
        keys_of(&heap.arena, data + 2, size - 2);
        break;

    case 1:
        secrets_of(&heap.arena, data + 2, size - 2);
        break;

    default:
        arguments_of(&heap.arena, data + 2, size - 2);
    }

    nvm_heap_done(&heap);

    return 0;
}
