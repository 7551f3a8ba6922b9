/*
 * Copyright (C) ngx_video authors
 *
 * Data messages of publishers: which are taken, what is found in them, and the
 * attributes and tags that are made of it.
 */

#include <stdlib.h>

#include "nvm_emsg.h"
#include "nvr_chunk.h"
#include "nvr_cue.h"
#include "tap.h"


#define SECTION  "/DAlAAAAAAAAAP/wFAVDE1agf+//yBysA/4APcxQAAAAAAAAXhEvvQ=="

static uint8_t       buf[70000];
static nvm_writer_t  w;
static nvr_cue_t     cue;
static nvm_fault_t   fault;


static void
begin(const char *name)
{
    nvm_writer_init(&w, buf, sizeof(buf));
    nvr_amf_write_text(&w, name);
}


static void
member(const char *key, const char *text)
{
    nvr_amf_write_key(&w, key);
    nvr_amf_write_text(&w, text);
}


static void
number(const char *key, double v)
{
    nvr_amf_write_key(&w, key);
    nvr_amf_write_number(&w, v);
}


/* Parses a copy of exactly its size; what it points into stays. */
static nvm_err_e
finish(void)
{
    static uint8_t  *copy;

    free(copy);
    copy = malloc(w.len ? w.len : 1);
    memcpy(copy, buf, w.len);
    memset(&fault, 0, sizeof(fault));

    return nvr_cue_parse(NVR_MSG_DATA, copy, w.len, &cue, &fault);
}


static const char *
attributes(void)
{
    nvm_writer_t  out;
    static char   text[NVR_CUE_ATTRIBUTES + 1];

    nvm_writer_init(&out, text, NVR_CUE_ATTRIBUTES);
    nvr_cue_attributes(&out, &cue);
    is_int(out.error, NVM_OK, "they fit");
    text[out.len] = '\0';

    return text;
}


static void
test_names(void)
{
    size_t              i;
    static const char  *taken[] = { "onTextData", "onCuePoint", "onAdCue",
                                    "onUserData", "onUserDataEvent", "scte35",
                                    "onScte35", "onSCTE35" };
    static const char  *left[] = { "onMetaData", "onFI", "", "oncuepoint" };

    for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        begin(taken[i]);
        is_int(finish(), NVM_OK, "%s is taken", taken[i]);
    }

    for (i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
        begin(left[i]);
        is_int(finish(), NVM_ENOENT, "\"%s\" is not", left[i]);
        ok(fault.what == NULL, "which is no fault");
    }

    begin("@setDataFrame");
    nvr_amf_write_text(&w, "onCuePoint");
    is_int(finish(), NVM_OK, "behind @setDataFrame");

    nvm_writer_init(&w, buf, sizeof(buf));
    nvm_writer_u8(&w, 9);
    is_int(finish(), NVM_EINVAL, "no name");
    ok(fault.what != NULL, "is a fault");
}


static void
test_point(void)
{
    begin("onCuePoint");
    nvr_amf_write_object_start(&w);
    member("name", "say \"hi\"");
    number("time", 1.5);
    nvr_amf_write_key(&w, "parameters");
    nvr_amf_write_object_start(&w);
    number("duration", 2.25);
    member("a.b c", "\n\xff");
    number("big", 1e300);
    number("less", -3);
    member("name", "another");
    nvr_amf_write_object_end(&w);
    nvr_amf_write_object_end(&w);

    is_int(finish(), NVM_OK, "a cue point");
    ok(cue.kind == NVR_CUE_POINT && cue.duration == 2.25, "with a duration");
    ok(nvr_str_eq(&cue.name, "say \"hi\""), "the first name is its own");
    is_str(attributes(),
           ",X-NAME=\"say 'hi'\",X-TIME=1.5,X-DURATION=2.25,X-A-B-C=\" ?\","
           "X-BIG=\"1e+300\",X-LESS=\"-3\"", "attributes, each once");
}


static void
test_text(void)
{
    uint8_t       tag[8192];
    nvm_writer_t  out;

    static const char  id3[] =
        "ID3\4\0\0\0\0\0\x5b"
        "TIT2\0\0\0\7\0\0\3hello\0"
        "TXXX\0\0\0\x12\0\0\3onTextData\0hello\0"
        "TXXX\0\0\0\x0c\0\0\3text\0hello\0"
        "TXXX\0\0\0\x0e\0\0\3language\0" "eng\0";

    begin("onTextData");
    nvr_amf_write_object_start(&w);
    member("text", "hello");
    member("language", "eng");
    nvr_amf_write_object_end(&w);
    is_int(finish(), NVM_OK, "a text");
    is_int(cue.kind, NVR_CUE_TEXT, "is one");

    nvm_writer_init(&out, tag, sizeof(tag));
    nvr_cue_id3(&out, &cue);
    is_mem(tag, out.len, id3, sizeof(id3) - 1, "as ID3");

    begin("onUserData");
    nvr_amf_write_text(&w, "alone");
    is_int(finish(), NVM_OK, "a string alone");
    ok(nvr_str_eq(&cue.name, "alone"), "is the text");
}


static void
test_splice(void)
{
    char  text[200];

    begin("onCuePoint");
    nvr_amf_write_object_start(&w);
    member("name", "scte35");
    nvr_amf_write_key(&w, "parameters");
    nvr_amf_write_object_start(&w);
    member("data", SECTION);
    nvr_amf_write_object_end(&w);
    nvr_amf_write_object_end(&w);
    is_int(finish(), NVM_OK, "a section");
    ok(cue.kind == NVR_CUE_SPLICE && cue.section_len == 40 && !cue.unread,
       "is found");
    is_int(cue.splice.splices[0].event, 0x431356a0, "and read");

    memcpy(text, SECTION, sizeof(SECTION));
    text[20] ^= 1;
    begin("onCuePoint");
    nvr_amf_write_object_start(&w);
    member("name", "scte35");
    member("data", text);
    nvr_amf_write_object_end(&w);
    is_int(finish(), NVM_OK, "a damaged one");
    ok(cue.kind == NVR_CUE_POINT && cue.unread, "is a cue point, and told");

    begin("onCuePoint");
    nvr_amf_write_object_start(&w);
    number("splice_event_id", 5);
    nvr_amf_write_key(&w, "out_of_network_indicator");
    nvr_amf_write_bool(&w, 1);
    number("break_duration", 30000);
    nvr_amf_write_object_end(&w);
    is_int(finish(), NVM_OK, "fields alone");
    ok(cue.kind == NVR_CUE_SPLICE && cue.splice.splices[0].event == 5
       && cue.splice.splices[0].way == NVM_SCTE35_OUT
       && cue.splice.splices[0].duration == 2700000, "make a section");

    begin("onAdCue");
    nvr_amf_write_object_start(&w);
    member("type", "SpliceOut");
    member("id", "x");
    number("duration", 10);
    nvr_amf_write_object_end(&w);
    is_int(finish(), NVM_OK, "a simple splice");
    ok(cue.kind == NVR_CUE_SPLICE && cue.splice.splices[0].duration == 900000,
       "too");
}


static void
test_limits(void)
{
    size_t        i, n;
    unsigned      bad;
    nvm_writer_t  out;
    static char   text[60000];

    memset(text, 'x', sizeof(text) - 1);

    begin("onCuePoint");
    nvr_amf_write_object_start(&w);
    member("name", "n");

    for (i = 0; i < 100; i++) {
        char  key[20];

        snprintf(key, sizeof(key), "k%zu", i);
        member(key, i ? "value" : text);
    }

    nvr_amf_write_object_end(&w);
    is_int(finish(), NVM_OK, "many members");
    is_int(cue.nmembers, NVR_CUE_MEMBERS, "the first of them");
    is_int(strlen(attributes()), 11 + 8 + 511 + 9 * 13 + 13 * 14,
           "a value is cut");

    nvm_writer_init(&out, text, 300);
    nvr_cue_attributes(&out, &cue);
    ok(out.error == NVM_OK && out.len == 11, "what does not fit is left out");

    n = w.len;

    for (i = 1, bad = 0; i < n; i += i < 100 ? 1 : 97) {
        w.len = i;
        bad += finish() == NVM_OK && i > 13;
    }

    is_int(bad, 0, "its beginnings are faults");

    begin("onCuePoint");

    for (i = 0; i < 2000; i++) {
        nvr_amf_write_object_start(&w);
        nvr_amf_write_key(&w, "a");
    }

    is_int(finish(), NVM_ELIMIT, "too deep");
}


int
main(void)
{
    test_names();
    test_point();
    test_text();
    test_splice();
    test_limits();

    return done_testing();
}
