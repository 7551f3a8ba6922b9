/*
 * Copyright (C) ngx_video authors
 *
 * The pieces of text that playlists and manifests are made of.
 */

#include "hls_env.h"


static void
test_dates(void)
{
    nvm_writer_t  w;

    static const struct {
        int64_t      ms;
        const char  *text;
    } dates[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { -5, "1970-01-01T00:00:00.000Z" },
        { 951782399999, "2000-02-28T23:59:59.999Z" },
        { 951782400000, "2000-02-29T00:00:00.000Z" },
        { 951868800000, "2000-03-01T00:00:00.000Z" },
        { 1709210096789, "2024-02-29T12:34:56.789Z" },
        { 1735689599001, "2024-12-31T23:59:59.001Z" },
        { 4107542400000, "2100-03-01T00:00:00.000Z" },
        { INT64_MAX, "9999-12-31T23:59:59.999Z" }
    };

    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        nvm_writer_init(&w, text, sizeof(text));
        nvm_text_date(&w, dates[i].ms);
        is_str(done(&w), dates[i].text, "date %zu", i);
    }
}


static void
test_escapes(void)
{
    nvm_writer_t  w;

    nvm_writer_init(&w, text, sizeof(text));
    nvm_text_uri(&w, "e1f/a b\"c\n{$x}#\x80&%41", 0);
    is_str(done(&w), "e1f/a%20b%22c%0A%7B%24x%7D%23%80&%41", "URI");

    nvm_writer_init(&w, text, sizeof(text));
    nvm_text_query(&w, "a=1&b=<'", 1);
    is_str(done(&w), "?a=1&amp;b=%3C'", "query in XML");

    nvm_writer_init(&w, text, sizeof(text));
    nvm_text_quoted(&w, "a\"b\r\nc\xc3\xa9\xff\xc3\xc2\x85");
    is_str(done(&w), "a'b  c\xc3\xa9?? ", "quoted string");

    nvm_writer_init(&w, text, sizeof(text));
    nvm_text_xml(&w, "<a b=\"c\">&\x01\xed\xa0\x80\xf0\x9f\x8e\xac\xf4\x90"
                 "\x80\x80\xe0\x80\x80\xc0\xef\xbf\xbf");
    is_str(done(&w), "&lt;a b=&quot;c&quot;&gt;&amp; ???\xf0\x9f\x8e\xac"
           "???????????", "XML text");
}


static void
test_languages(void)
{
    is_str(nvm_text_lang("eng"), "en", "language");
    is_str(nvm_text_lang("ger"), "de", "bibliographic code");
    is_str(nvm_text_lang("yue"), "yue", "without a short form");
    ok(nvm_text_lang("und") == NULL && nvm_text_lang("") == NULL
       && nvm_text_lang("e\"g") == NULL, "no language");
}


int
main(void)
{
    test_dates();
    test_escapes();
    test_languages();

    return done_testing();
}
