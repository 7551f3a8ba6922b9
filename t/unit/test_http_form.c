/*
 * Copyright (C) ngx_video authors
 *
 * Forms, and what a client's arguments may not pass for.
 */

#include "nvh_form.h"
#include "tap.h"


static const char *const  taken[] = { "name", "call", "bytes_in", NULL };


static void
query_n(const char *in, size_t n, const char *out)
{
    size_t        len;
    char          buf[256];
    nvm_writer_t  w;

    nvm_writer_init(&w, NULL, 0);
    nvh_form_query(&w, in, n, taken);
    len = w.len;

    nvm_writer_init(&w, buf, len);
    nvh_form_query(&w, in, n, taken);

    is_int(nvm_writer_done(&w, len), NVM_OK, "a query");
    is_mem(buf, w.len, out, strlen(out), "becomes \"%s\"", out);
}


static void
query(const char *in, const char *out)
{
    query_n(in, strlen(in), out);
}


static void
test_pairs(void)
{
    char          buf[256];
    nvm_writer_t  w;

    static const char  want[] = "a=&b=%00%20%26%3D%2B%25%C3%A9azAZ09-._~&"
                                "n=0&m=18446744073709551615";

    nvm_writer_init(&w, buf, sizeof(buf));
    nvh_form_text(&w, "a", NULL, 0);
    nvh_form_text(&w, "b", "\0 &=+%\xc3\xa9" "azAZ09-._~", 18);
    nvh_form_number(&w, "n", 0);
    nvh_form_number(&w, "m", UINT64_MAX);

    is_mem(buf, w.len, want, sizeof(want) - 1, "pairs");
}


static void
test_query(void)
{
    query("", "");
    query("&&", "");
    query("key=x&y=z", "key=x&y=z");
    query("&a&b=&=c&d==e&", "a&b=&=c&d==e");
    query("p=%41+%zz%4", "p=%41+%zz%4");
    query("a=1;name=2", "a=1%3Bname=2");
    query("a= \x01\x7f\xff\r\n", "a=%20%01%7F%FF%0D%0A");
    query_n("a=\0b", 4, "a=%00b");

    /* what is not ours, but nearly */
    query("names=1&nam=2&xname=3&rename=4&name_=5", "names=1&nam=2&xname=3"
          "&rename=4&name_=5");
    query("bytes-in=1", "bytes-in=1");
    query("x=name", "x=name");
    query("name%3Dx=1", "name%3Dx=1");
}


static void
test_taken(void)
{
    query("name=evil", "");
    query("name", "");
    query("a=1&name=evil&b=2", "a=1&b=2");
    query("NAME=evil", "");
    query("n%61me=evil", "");
    query("n%61m%65=evil&call=publish_done", "");
    query("name[]=evil", "");
    query("name%5b0%5D=evil", "");
    query("+name=evil", "");
    query("%20%20name=evil", "");
    query("name%00x=evil", "");
    query("bytes.in=1&bytes+in=1&bytes%20in=1&bytes[in=1&bytes_in[x=1", "");
}


int
main(void)
{
    test_pairs();
    test_query();
    test_taken();

    return done_testing();
}
