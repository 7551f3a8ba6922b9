/*
 * Copyright (C) ngx_video authors
 *
 * Content keys of a seed: answers of an independent HMAC-SHA-256, Python's.
 */

#include "nvd_keys.h"
#include "tap.h"


static nvd_seed_t  seed;


static void
derived(const char *asset, const char *type, uint64_t period, const char *kid,
    const char *key, const char *iv, uint64_t counter)
{
    uint64_t   n;
    uint8_t    want[16];
    nvd_key_t  k;

    is_int(nvd_key_derive(&seed, asset, strlen(asset), type, period, &k), 0,
           "%s of %s", type, asset);

    is_int(nvd_uuid_read(kid, 32, want), 0, "an ID");
    is_mem(k.kid, 16, want, 16, "key ID");
    (void) nvd_uuid_read(key, 32, want);
    is_mem(k.key, 16, want, 16, "key");
    (void) nvd_uuid_read(iv, 32, want);
    is_mem(k.iv, 16, want, 16, "vector");

    is_int(nvd_key_counter(&k, "track 1", 7, &n), 0, "a counter");
    ok(n == counter, "begins where it should");
}


static void
test_derived(void)
{
    unsigned  i;

    seed.len = 32;

    for (i = 0; i < seed.len; i++) {
        seed.data[i] = (uint8_t) i;
    }

    derived("films/one.mp4", "video", 0, "601ac1f2449a8182b5750a36953094eb",
            "bdccc815fa2869e6db5e3be6b567a56e",
            "0dc083006584f0a3f589a4abcd647933", 0x9a3c62b16bea5693);
    derived("films/one.mp4", "audio", 0, "2052c3744932806190797bf66d28e81d",
            "75c0e7344607a04de26350e7c75e60c3",
            "2599465507eea60c382fdbe141508e1f", 0xe811fd507c546040);
    derived("cam", "video", UINT64_MAX, "be48fe27f0b3893585fab9313ebfcda6",
            "fbf636417457781375bdbbd81ef96f0a",
            "d40face9ffba4ca3a783ef4a62ae5b2b", 0x20bb6e848a92fb2b);
}


/* What is not a part of the other: asset "ab" and "c" are not "a" and "bc". */
static void
test_parts(void)
{
    nvd_key_t  a, b;

    (void) nvd_key_derive(&seed, "one", 3, "video", 1, &a);
    (void) nvd_key_derive(&seed, "onev", 4, "ideo", 1, &b);
    ok(memcmp(a.kid, b.kid, 16) != 0, "where a part ends matters");

    (void) nvd_key_of(&seed, a.kid, &b);
    ok(memcmp(&a, &b, sizeof(a)) == 0, "a key by its ID");

    seed.len = 16;
    (void) nvd_key_of(&seed, a.kid, &b);
    ok(memcmp(a.key, b.key, 16) != 0, "another seed has another key");
}


static void
test_uuid(void)
{
    char      text[NVD_UUID];
    size_t    i;
    uint8_t   id[16];

    static const char  *const bad[] = {
        "", "0123456789abcdef0123456789abcde",
        "0123456789abcdef0123456789abcdeg",
        "01234567-89ab-cdef-0123-456789abcde-",
        "0123456-789ab-cdef-0123-456789abcdef",
        "0123456789abcdef0123456789abcdef----",
        "0123456789abcdef0123456789abcdef0"
    };

    is_int(nvd_uuid_read("01234567-89AB-cdef-0123-456789abcdef", 36, id), 0,
           "with hyphens");
    nvd_uuid_write(text, id);
    is_str(text, "01234567-89ab-cdef-0123-456789abcdef", "and back");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        is_int(nvd_uuid_read(bad[i], strlen(bad[i]), id), -1, "not \"%s\"",
               bad[i]);
    }
}


int
main(void)
{
    test_derived();
    test_parts();
    test_uuid();

    return done_testing();
}
