/*
 * Copyright (C) ngx_video authors
 *
 * Stream keys: which files are taken, and which key opens which name.
 */

#include "nva_keys.h"
#include "tap.h"


static nvm_heap_t   heap;
static nva_keys_t   keys;
static nvm_fault_t  fault;


static nvm_err_e
parse(const char *text)
{
    memset(&fault, 0, sizeof(fault));
    nvm_heap_done(&heap);
    nvm_heap_init(&heap, 1 << 20);

    return nva_keys_parse(&keys, &heap.arena, text, strlen(text), &fault);
}


static void
wrong(const char *text, unsigned line, const char *what)
{
    ok(parse(text) != NVM_OK, "a file is refused: %s", what);
    is_int((long long) fault.offset, line, "its line");
    is_str(fault.what, what, "why");
}


static nvm_err_e
check(const char *name, const char *key)
{
    nva_str_t  s;

    s.data = (const uint8_t *) name;
    s.len = strlen(name);

    return nva_keys_check(&keys, &s, (const uint8_t *) key, strlen(key));
}


static void
test_files(void)
{
    char  text[400];

    static const char  unfit[] = "\"/\", \"?\", \"&\", \"%\" or \"#\" in a "
                                 "key, which URLs don't carry as they are";

    is_int(parse("cam key"), NVM_OK, "one line");
    is_int(keys.n, 1, "is one key");
    is_int(parse("\n#a\ncam key # of cam\r\ncam other\n* any\n"), NVM_OK,
           "several");
    is_int(keys.n, 3, "with comments");

    wrong("", 0, "no keys");
    wrong("# nothing\n", 0, "no keys");
    wrong("a b\ncam\n", 2, "no key after the name");
    wrong("a b\ncam #key\n", 2, "no key after the name");
    wrong("a b\n\n\ncam key more\n", 4, "more than a name and a key");
    wrong(".a b\n", 1, "invalid stream name");
    wrong("a/b c\n", 1, "invalid stream name");
    wrong("** c\n", 1, "invalid stream name");
    wrong("a b\xc3\xa4\n", 1,
          "a byte that is neither printable ASCII nor a space");
    wrong("a b/c\n", 1, unfit);
    wrong("a b&c\n", 1, unfit);
    wrong("a b%20c\n", 1, unfit);
    wrong("a b#c\n", 1, unfit);

    memset(text, 'x', sizeof(text));
    text[128] = ' ';
    text[129 + 128] = '\0';
    is_int(parse(text), NVM_OK, "the longest name and key");
    text[129 + 128] = 'x';
    text[129 + 129] = '\0';
    wrong(text, 1, "a key of more than 128 bytes");
    text[128] = 'x';
    text[129] = ' ';
    text[130 + 128] = '\0';
    wrong(text, 1, "invalid stream name");
}


static void
test_memory(void)
{
    int        good;
    size_t     limit;
    nvm_err_e  rc;

    static const char  text[] = "b 1\na 2\nc 3\n";

    good = 0;

    for (limit = 0; limit < 1024; limit += 8) {
        nvm_heap_done(&heap);
        nvm_heap_init(&heap, limit);
        rc = nva_keys_parse(&keys, &heap.arena, text, sizeof(text) - 1, NULL);

        if (rc == NVM_OK) {
            good = 1;

        } else if (rc != NVM_ENOMEM || good) {
            break;
        }
    }

    ok(good && limit >= 1024, "without memory, until there is enough");
}


static void
test_check(void)
{
    is_int(parse("cam1 one\ncam2 two\ncam1 uno\ncam10 ten\nb\tx\nCam1 big\n"),
           NVM_OK, "keys of several names");

    is_int(check("cam1", "one"), NVM_OK, "a key");
    is_int(check("cam1", "uno"), NVM_OK, "another of the same name");
    is_int(check("cam2", "two"), NVM_OK, "of another name");
    is_int(check("cam10", "ten"), NVM_OK, "of a longer one");
    is_int(check("Cam1", "big"), NVM_OK, "names have their case");
    is_int(check("b", "x"), NVM_OK, "the first");
    is_int(check("cam1", "two"), NVM_EINVAL, "a key of another name");
    is_int(check("cam1", "big"), NVM_EINVAL, "of another case");
    is_int(check("cam1", "on"), NVM_EINVAL, "less than the key");
    is_int(check("cam1", "onee"), NVM_EINVAL, "more than it");
    is_int(check("cam1", "One"), NVM_EINVAL, "its case");
    is_int(check("cam1", ""), NVM_EINVAL, "no key");
    is_int(check("cam", "one"), NVM_ENOENT, "a shorter name");
    is_int(check("cam11", "one"), NVM_ENOENT, "a longer name");
    is_int(check("zzz", "one"), NVM_ENOENT, "a name at the end");
    is_int(check("*", "one"), NVM_ENOENT, "none for all");

    is_int(parse("* any\n* all\ncam one\n"), NVM_OK, "a key for all names");
    is_int(check("x", "any"), NVM_OK, "opens one");
    is_int(check("y", "all"), NVM_OK, "and so does another");
    is_int(check("y", "one"), NVM_EINVAL, "but not a name's");
    is_int(check("cam", "one"), NVM_OK, "a name's own key opens that");
    is_int(check("cam", "any"), NVM_EINVAL, "and then no other does");
}


int
main(void)
{
    test_files();
    test_memory();
    test_check();

    nvm_heap_done(&heap);

    return done_testing();
}
