/*
 * Copyright (C) ngx_video authors
 *
 * Signed tokens: see nva_token.h.
 */

#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "nva_token.h"
#include "nvm_writer.h"


#define NVA_SIGNATURE    32

/* digits of a time; the year 33658 */
#define NVA_EXPIRES_MAX  12

/* of what is signed; longer names of applications have no tokens */
#define NVA_SIGNED_MAX   1024


static const nva_str_t  nva_token_e = { (const uint8_t *) "e", 1 };
static const nva_str_t  nva_token_ip = { (const uint8_t *) "ip", 2 };
static const nva_str_t  nva_token_st = { (const uint8_t *) "st", 2 };


/* What is wrong with a line of n words, or NULL. */
static const char *
nva_secrets_wrong(nvm_err_e rc, const nva_str_t *words, size_t n)
{
    (void) n;

    if (rc == NVM_EINVAL) {
        return "a byte that is neither printable ASCII nor a space";
    }

    if (rc == NVM_ELIMIT) {
        return "more than a secret";
    }

    if (words[0].len < NVA_SECRET_MIN) {
        return "a secret of less than 16 bytes";
    }

    return words[0].len > NVA_SECRET_MAX ? "a secret of more than 128 bytes"
                                         : NULL;
}


nvm_err_e
nva_secrets_parse(nva_secrets_t *secrets, nvm_arena_t *arena,
    const void *text, size_t len, nvm_fault_t *f)
{
    size_t        n;
    uint8_t      *copy;
    nvm_err_e     rc;
    nva_str_t     word, *secret;
    const char   *wrong;
    nva_lines_t   l;

    memset(secrets, 0, sizeof(nva_secrets_t));
    nva_lines_init(&l, text, len);

    while ((rc = nva_lines_next(&l, &word, 1, &n)) != NVM_ENOENT) {
        wrong = nva_secrets_wrong(rc, &word, n);

        if (wrong == NULL && secrets->n == NVA_SECRETS) {
            wrong = "more than 16 secrets";
        }

        if (wrong) {
            return nvm_fault(f, NVM_EINVAL, l.line, wrong);
        }

        copy = nvm_alloc(arena, word.len, 1);

        if (copy == NULL) {
            return nvm_fault(f, NVM_ENOMEM, 0, "no memory");
        }

        memcpy(copy, word.data, word.len);

        secret = &secrets->secrets[secrets->n++];
        secret->data = copy;
        secret->len = word.len;
    }

    return secrets->n ? NVM_OK : nvm_fault(f, NVM_ENOENT, 0, "no secrets");
}


static int
nva_token_digit(uint8_t ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}


static nvm_err_e
nva_token_signature(const nva_str_t *hex, uint8_t *signature)
{
    int           hi, lo;
    size_t        i;
    nvm_reader_t  r;

    nvm_reader_init(&r, hex->data, hex->len, 0);

    for (i = 0; i < NVA_SIGNATURE; i++) {
        hi = nva_token_digit(nvm_reader_u8(&r));
        lo = nva_token_digit(nvm_reader_u8(&r));

        if (hi < 0 || lo < 0) {
            return NVM_EINVAL;
        }

        signature[i] = (uint8_t) (hi << 4 | lo);
    }

    return nvm_reader_left(&r) ? NVM_EINVAL : NVM_OK;
}


static nvm_err_e
nva_token_expires(const nva_str_t *text, uint64_t *expires)
{
    uint8_t       ch;
    nvm_reader_t  r;

    if (text->len == 0 || text->len > NVA_EXPIRES_MAX) {
        return NVM_EINVAL;
    }

    *expires = 0;
    nvm_reader_init(&r, text->data, text->len, 0);

    while (nvm_reader_left(&r)) {
        ch = nvm_reader_u8(&r);

        if (ch < '0' || ch > '9') {
            return NVM_EINVAL;
        }

        *expires = *expires * 10 + (uint64_t) (ch - '0');
    }

    return NVM_OK;
}


/* The address that it is for; none if there is no argument of it. */
static nvm_err_e
nva_token_address(const nva_str_t *query, nva_token_t *token)
{
    nvm_err_e  rc;

    token->address.data = token->address_data;

    rc = nva_arg_decoded(query, &nva_token_ip, token->address_data,
                         NVA_ADDRESS_MAX, &token->address.len);

    if (rc == NVM_ENOENT) {
        return NVM_OK;
    }

    return rc == NVM_OK && token->address.len ? NVM_OK : NVM_EINVAL;
}


static void
nva_token_signed(nvm_writer_t *w, const nva_str_t *app, const nva_str_t *name,
    const nva_str_t *expires, const nva_str_t *address)
{
    nvm_writer_bytes(w, app->data, app->len);
    nvm_writer_u8(w, '/');
    nvm_writer_bytes(w, name->data, name->len);
    nvm_writer_text(w, "?e=");
    nvm_writer_bytes(w, expires->data, expires->len);

    if (address->len) {
        nvm_writer_text(w, "&ip=");
        nvm_writer_bytes(w, address->data, address->len);
    }
}


static nvm_err_e
nva_token_verify(const nva_secrets_t *secrets, const nvm_writer_t *w,
    const uint8_t *signature)
{
    int            same;
    size_t         i;
    uint8_t        mac[EVP_MAX_MD_SIZE];
    unsigned       len;

    /* all of them, so that the time tells nothing */
    for (i = 0, same = 0; i < secrets->n; i++) {
        len = 0;

        if (HMAC(EVP_sha256(), secrets->secrets[i].data,
                 (int) secrets->secrets[i].len, w->start, w->len, mac, &len)
            != NULL && len == NVA_SIGNATURE)
        {
            same |= CRYPTO_memcmp(mac, signature, NVA_SIGNATURE) == 0;
        }
    }

    return same ? NVM_OK : NVM_EUNSUP;
}


nvm_err_e
nva_token_check(const nva_secrets_t *secrets, const nva_str_t *app,
    const nva_str_t *name, const nva_str_t *query, nva_token_t *token)
{
    uint8_t       text[NVA_SIGNED_MAX], signature[NVA_SIGNATURE];
    nvm_err_e     rc_e, rc_st;
    nva_str_t     e, st;
    nvm_writer_t  w;

    memset(token, 0, sizeof(nva_token_t));

    rc_e = nva_arg(query, &nva_token_e, &e);
    rc_st = nva_arg(query, &nva_token_st, &st);

    if (rc_e == NVM_ENOENT || rc_st == NVM_ENOENT) {
        return NVM_ENOENT;
    }

    if (rc_e != NVM_OK || rc_st != NVM_OK
        || nva_token_expires(&e, &token->expires) != NVM_OK
        || nva_token_signature(&st, signature) != NVM_OK
        || nva_token_address(query, token) != NVM_OK)
    {
        return NVM_EINVAL;
    }

    nvm_writer_init(&w, text, sizeof(text));
    nva_token_signed(&w, app, name, &e, &token->address);

    if (w.error) {
        return NVM_EINVAL;
    }

    return nva_token_verify(secrets, &w, signature);
}
