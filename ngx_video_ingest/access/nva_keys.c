/*
 * Copyright (C) ngx_video authors
 *
 * Stream keys: see nva_keys.h.
 */

#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "nva_keys.h"


static const nva_str_t  nva_keys_any = { (const uint8_t *) "*", 1 };


static int
nva_keys_order(const nva_str_t *a, const nva_str_t *b)
{
    int     rc;
    size_t  n;

    n = a->len < b->len ? a->len : b->len;
    rc = memcmp(a->data, b->data, n);

    return rc ? rc : (a->len > b->len) - (a->len < b->len);
}


static int
nva_keys_compare(const void *one, const void *two)
{
    const nva_key_t  *a = one, *b = two;

    return nva_keys_order(&a->name, &b->name);
}


/*
 * Whether a key would have to be encoded by who publishes.  Clients cut a URL
 * at "/": the rest of the key would be taken for a name, and be logged.
 */
static int
nva_keys_unfit(const nva_str_t *key)
{
    size_t  i;

    for (i = 0; i < key->len; i++) {
        if (strchr("/?&%#", key->data[i])) {
            return 1;
        }
    }

    return 0;
}


/* What is wrong with a line of n words, or NULL. */
static const char *
nva_keys_wrong(nvm_err_e rc, const nva_str_t *words, size_t n)
{
    if (rc == NVM_EINVAL) {
        return "a byte that is neither printable ASCII nor a space";
    }

    if (rc == NVM_ELIMIT) {
        return "more than a name and a key";
    }

    if (n < 2) {
        return "no key after the name";
    }

    if (!nva_name_valid(words[0].data, words[0].len, NVA_NAME_MAX)
        && nva_keys_order(&words[0], &nva_keys_any) != 0)
    {
        return "invalid stream name";
    }

    if (nva_keys_unfit(&words[1])) {
        return "\"/\", \"?\", \"&\", \"%\" or \"#\" in a key, which URLs "
               "don't carry as they are";
    }

    return words[1].len > NVA_KEY_MAX ? "a key of more than 128 bytes" : NULL;
}


static nvm_err_e
nva_keys_add(nva_keys_t *keys, nvm_arena_t *arena, const nva_str_t *words)
{
    uint8_t    *name;
    nva_key_t  *key;

    name = nvm_alloc(arena, words[0].len, 1);

    if (name == NULL) {
        return NVM_ENOMEM;
    }

    memcpy(name, words[0].data, words[0].len);

    key = &keys->keys[keys->n++];
    key->name.data = name;
    key->name.len = words[0].len;
    SHA256(words[1].data, words[1].len, key->digest);

    return NVM_OK;
}


/* Of all lines: counts them without keys->keys, or else adds them. */
static nvm_err_e
nva_keys_lines(nva_keys_t *keys, nvm_arena_t *arena, const void *text,
    size_t len, nvm_fault_t *f)
{
    size_t        n;
    nvm_err_e     rc;
    nva_str_t     words[2];
    const char   *wrong;
    nva_lines_t   l;

    nva_lines_init(&l, text, len);

    while ((rc = nva_lines_next(&l, words, 2, &n)) != NVM_ENOENT) {
        wrong = nva_keys_wrong(rc, words, n);

        if (wrong) {
            return nvm_fault(f, NVM_EINVAL, l.line, wrong);
        }

        if (keys->keys == NULL) {
            keys->n++;

        } else if (nva_keys_add(keys, arena, words) != NVM_OK) {
            return nvm_fault(f, NVM_ENOMEM, 0, "no memory");
        }
    }

    return NVM_OK;
}


nvm_err_e
nva_keys_parse(nva_keys_t *keys, nvm_arena_t *arena, const void *text,
    size_t len, nvm_fault_t *f)
{
    nvm_err_e  rc;

    memset(keys, 0, sizeof(nva_keys_t));

    rc = nva_keys_lines(keys, arena, text, len, f);

    if (rc != NVM_OK) {
        return rc;
    }

    if (keys->n == 0) {
        return nvm_fault(f, NVM_ENOENT, 0, "no keys");
    }

    keys->keys = nvm_alloc(arena, keys->n, sizeof(nva_key_t));

    if (keys->keys == NULL) {
        return nvm_fault(f, NVM_ENOMEM, 0, "no memory");
    }

    keys->n = 0;
    rc = nva_keys_lines(keys, arena, text, len, f);

    if (rc == NVM_OK) {
        qsort(keys->keys, keys->n, sizeof(nva_key_t), nva_keys_compare);
    }

    return rc;
}


/* The first key of a name; keys->n if there is none. */
static size_t
nva_keys_first(const nva_keys_t *keys, const nva_str_t *name)
{
    size_t  low, high, middle;

    low = 0;
    high = keys->n;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (nva_keys_order(&keys->keys[middle].name, name) < 0) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low < keys->n && nva_keys_order(&keys->keys[low].name, name) == 0
           ? low : keys->n;
}


nvm_err_e
nva_keys_check(const nva_keys_t *keys, const nva_str_t *name,
    const uint8_t *key, size_t len)
{
    int      same;
    size_t   i;
    uint8_t  digest[NVA_DIGEST];

    i = nva_keys_first(keys, name);

    if (i == keys->n) {
        name = &nva_keys_any;
        i = nva_keys_first(keys, name);
    }

    if (i == keys->n) {
        return NVM_ENOENT;
    }

    SHA256(key, len, digest);

    /* all of them, so that the time tells nothing */
    for (same = 0; i < keys->n; i++) {
        if (nva_keys_order(&keys->keys[i].name, name) != 0) {
            break;
        }

        same |= CRYPTO_memcmp(digest, keys->keys[i].digest, NVA_DIGEST) == 0;
    }

    return same ? NVM_OK : NVM_EINVAL;
}
