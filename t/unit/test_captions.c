/*
 * Copyright (C) ngx_video authors
 *
 * Which captions SEI messages have, by hand-made caption data, and what
 * playlists and manifests say of them.
 */

#include <stdlib.h>

#include "nvm_captions.h"
#include "nvm_frame.h"
#include "nvm_h264.h"
#include "tap.h"


/* ITU-T T.35 message up to the count of triplets, of SEI type 4 */
#define T35(size)   4, size, 0xb5, 0x00, 0x31, 'G', 'A', '9', '4', 3
#define EM_DATA     0xff

#define PAIR1       0xfc        /* marker bits, cc_valid, field 1 */
#define PAIR2       0xfd
#define MORE        0xfe        /* of a packet of CEA-708 */
#define PACKET      0xff
#define INVALID     0xf8

#define RCL         0x94, 0x20
#define RU2_2       0x1c, 0x25  /* in channel 2 */
#define EOC_2       0x15, 0x2f  /* in field 2 */
#define RDC_4       0x9d, 0x29


static nvm_captions_t  seen;


/* The captions of a NAL unit whose bytes are a block of exactly their size. */
static void
look(const uint8_t *nal, size_t n, unsigned header)
{
    uint8_t    *copy;
    nvm_sei_t   sei;

    memset(&seen, 0, sizeof(seen));
    copy = malloc(n);
    memcpy(copy, nal, n);

    nvm_sei_init(&sei, copy, n, header);

    while (nvm_sei_next(&sei)) {
        nvm_captions_sei(&seen, &sei);
    }

    free(copy);
}


#define LOOK(...)                                                             \
    look((const uint8_t []) { 6, __VA_ARGS__, 0x80 },                         \
         sizeof((const uint8_t []) { 6, __VA_ARGS__, 0x80 }), 1)


static void
test_channels(void)
{
    LOOK(T35(14), 0xc1, EM_DATA, PAIR1, RCL, 0xff);
    is_int(seen.channels, 1, "CC1");
    ok(seen.services == 0 && seen.present, "and nothing else");

    LOOK(T35(23), 0xc4, EM_DATA, PAIR1, RCL, PAIR1, RU2_2, PAIR2, EOC_2,
         PAIR2, RDC_4, 0xff);
    is_int(seen.channels, 15, "CC1 to CC4");

    LOOK(T35(14), 0xc1, EM_DATA, PAIR1, 0x94, 0x2c, 0xff);
    ok(seen.channels == 0 && seen.present, "an erased screen shows nothing");

    LOOK(T35(14), 0xc1, EM_DATA, PAIR1, 0x94, 0x2a, 0xff);
    is_int(seen.channels, 0, "text mode is none");

    LOOK(T35(14), 0xc1, EM_DATA, PAIR1, 0x14, 0x20, 0xff);
    is_int(seen.channels, 0, "wrong parity");

    LOOK(T35(14), 0xc1, EM_DATA, PAIR1, 0x80, 0x80, 0xff);
    ok(seen.channels == 0 && seen.present, "padding");

    LOOK(T35(14), 0xc1, EM_DATA, INVALID, RCL, 0xff);
    ok(seen.channels == 0 && !seen.present, "pairs that are not valid");

    LOOK(T35(14), 0x81, EM_DATA, PAIR1, RCL, 0xff);
    ok(seen.channels == 0, "caption data that is not to be processed");
}


static void
test_services(void)
{
    /* packet of 4 bytes: header, block of service 1 with 2 bytes */
    LOOK(T35(17), 0xc2, EM_DATA, PACKET, 0x02, 0x22, MORE, 0x41, 0x42, 0xff);
    ok(seen.services == 2 && seen.channels == 0, "service 1");

    LOOK(T35(17), 0xc2, EM_DATA, PACKET, 0x02, 0xc1, MORE, 0x41, 0x00, 0xff);
    is_int(seen.services, 1 << 6, "service 6");

    LOOK(T35(17), 0xc2, EM_DATA, PACKET, 0x02, 0xe1, MORE, 0x0c, 0x41, 0xff);
    is_int(seen.services, 1 << 12, "service 12, extended");

    LOOK(T35(14), 0xc1, EM_DATA, PACKET, 0x02, 0xe1, 0xff);
    is_int(seen.services, 0, "extended, but its number is missing");

    LOOK(T35(17), 0xc2, EM_DATA, PACKET, 0x02, 0xe1, PACKET, 0x02, 0x41, 0xff);
    is_int(seen.services, 1 << 2, "extended, but another packet follows");

    LOOK(T35(14), 0xc1, EM_DATA, PACKET, 0x01, 0x00, 0xff);
    ok(seen.services == 0 && seen.present, "an empty block");

    LOOK(T35(14), 0xc1, EM_DATA, MORE, 0x22, 0x22, 0xff);
    is_int(seen.services, 0, "the rest of a packet");
}


static void
test_messages(void)
{
    /* another message before it, one that begins like it, 0 0 3 emulated */
    LOOK(1, 2, 0, 0, 4, 3, 0xb5, 0, 0x31, T35(14), 0xc1, EM_DATA, PAIR1, RCL,
         0xff);
    is_int(seen.channels, 1, "the third message");

    LOOK(1, 3, 0, 0, 3, 1, T35(14), 0xc1, EM_DATA, PAIR1, RCL, 0xff);
    is_int(seen.channels, 1, "after emulated bytes");

    LOOK(4, 14, 0xb5, 0x00, 0x31, 'D', 'T', 'G', '1', 3, 0xc1, EM_DATA, PAIR1,
         RCL, 0xff);
    is_int(seen.present, 0, "active format description");

    LOOK(4, 14, 0xb5, 0x00, 0x3c, 'G', 'A', '9', '4', 3, 0xc1, EM_DATA, PAIR1,
         RCL, 0xff);
    is_int(seen.present, 0, "another provider");

    LOOK(T35(14), 0xdf, EM_DATA, PAIR1, RCL, 0xff);
    is_int(seen.channels, 1, "more triplets claimed than there are");

    LOOK(T35(200), 0xc1, EM_DATA, PAIR1, RCL, 0xff);
    is_int(seen.present, 0, "a message past the end");

    LOOK(4, 9, 0xb5, 0x00, 0x31, 'G', 'A', '9', '4', 3, 0xc1);
    is_int(seen.present, 0, "without em_data");

    LOOK(0xff, 0xff, 0xff);
    is_int(seen.present, 0, "endless type");

    look((const uint8_t []) { 39 << 1, 1, T35(14), 0xc1, EM_DATA, PAIR1, RCL,
         0xff, 0x80 }, 19, 2);
    is_int(seen.channels, 1, "the header of HEVC");
}


/* In access units. */
static void
test_frames(void)
{
    nvm_frame_t    frame;
    nvm_track_t    t;
    nvm_h264_au_t  au;

    const uint8_t  h264[] = {
        0, 0, 0, 18, 6, T35(14), 0xc1, EM_DATA, PAIR1, RCL, 0xff, 0x80,
        0, 0, 0, 4, 6, 6, 1, 0x24,
        0, 0, 0, 2, 0x65, 0x88
    };

    const uint8_t  hevc[] = {
        0, 0, 0, 19, 39 << 1, 1, T35(14), 0xc1, EM_DATA, PAIR2, EOC_2, 0xff,
        0x80,
        0, 0, 0, 2, 19 << 1, 1
    };

    is_int(nvm_h264_scan(h264, sizeof(h264), 4, &au, NULL), NVM_OK, "H.264");
    is_int(au.captions.channels, 1, "has CC1");
    ok(au.has_idr, "and its picture");

    memset(&t, 0, sizeof(t));
    t.kind = NVM_VIDEO;
    t.codec = NVM_CODEC_H264;
    is_int(nvm_frame_parse(&t, h264, sizeof(h264), &frame, NULL), NVM_OK,
           "as a frame");
    is_int(frame.captions.channels, 1, "has CC1");

    t.codec = NVM_CODEC_HEVC;
    is_int(nvm_frame_parse(&t, hevc, sizeof(hevc), &frame, NULL), NVM_OK,
           "HEVC");
    is_int(frame.captions.channels, 4, "has CC3");
    ok(frame.key, "and its picture");
}


static void
test_add(void)
{
    nvm_captions_t  a = { 0, 0, 0 }, b = { 2, 1, 1 }, c = { 0, 0, 1 };

    is_int(nvm_captions_add(&a, &c), 1, "caption data is new");
    is_int(nvm_captions_add(&a, &c), 0, "not again");
    is_int(nvm_captions_add(&a, &b), 1, "captions are");
    is_int(nvm_captions_add(&a, &b), 0, "not again");
    ok(a.services == 2 && a.channels == 1 && a.present, "all are kept");
    is_int(nvm_captions_add(&a, &c), 0, "less is nothing new");
}


static void
test_list(void)
{
    char            id[NVM_CAPTION_ID];
    size_t          n;
    nvm_caption_t   list[NVM_MAX_CAPTIONS], c;
    nvm_captions_t  all = { ~1ULL, 15, 1 }, padding = { 0, 0, 1 }, some;

    memset(&some, 0, sizeof(some));
    is_int(nvm_captions_list(&some, list), 0, "none");

    is_int(nvm_captions_list(&padding, list), 1, "padding alone");
    nvm_caption_id(&list[0], id);
    is_str(id, "CC1", "lets expect CC1");

    some.channels = 4;
    some.services = 1ULL << 63;
    some.present = 1;
    n = nvm_captions_list(&some, list);
    is_int(n, 2, "two");
    nvm_caption_id(&list[0], id);
    is_str(id, "CC3", "a channel");
    nvm_caption_id(&list[1], id);
    is_str(id, "SERVICE63", "a service");

    is_int(nvm_captions_list(&all, list), NVM_MAX_CAPTIONS, "too many");

    is_int(nvm_caption_parse("CC4=en", 3, &c), 0, "a name");
    ok(c.number == 4 && !c.service, "is a channel");
    is_int(nvm_caption_parse("SERVICE63", 9, &c), 0, "another");
    ok(c.number == 63 && c.service, "is a service");
    is_int(nvm_caption_parse("CC5", 3, &c), -1, "there is no CC5");
    is_int(nvm_caption_parse("CC0", 3, &c), -1, "nor CC0");
    is_int(nvm_caption_parse("SERVICE64", 9, &c), -1, "nor SERVICE64");
    is_int(nvm_caption_parse("SERVICE01", 9, &c), -1, "nor SERVICE01");
    is_int(nvm_caption_parse("", 0, &c), -1, "nor nothing");
}


static void
test_texts(void)
{
    char           buf[1024];
    nvm_writer_t   w;
    nvm_caption_t  list[4] = {
        { 1, 0, "en" }, { 3, 0, "" }, { 1, 1, "en" }, { 12, 1, "pt-BR" }
    };

    nvm_writer_init(&w, buf, sizeof(buf));
    nvm_captions_hls(&w, list, 4);
    nvm_writer_u8(&w, 0);
    is_str(buf,
           "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"captions\","
           "NAME=\"en (CC1)\",LANGUAGE=\"en\",DEFAULT=NO,AUTOSELECT=YES,"
           "INSTREAM-ID=\"CC1\"\n"
           "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"captions\","
           "NAME=\"CC3\",DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID=\"CC3\"\n"
           "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"captions\","
           "NAME=\"en (SERVICE1)\",LANGUAGE=\"en\",DEFAULT=NO,AUTOSELECT=NO,"
           "INSTREAM-ID=\"SERVICE1\"\n"
           "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"captions\","
           "NAME=\"pt-BR (SERVICE12)\",LANGUAGE=\"pt-BR\",DEFAULT=NO,"
           "AUTOSELECT=YES,INSTREAM-ID=\"SERVICE12\"\n", "HLS");

    nvm_writer_init(&w, buf, sizeof(buf));
    nvm_captions_dash(&w, list, 4);
    nvm_writer_u8(&w, 0);
    is_str(buf,
           "      <Accessibility schemeIdUri=\"urn:scte:dash:cc:cea-608:2015\""
           " value=\"CC1=eng;CC3=und\"/>\n"
           "      <Accessibility schemeIdUri=\"urn:scte:dash:cc:cea-708:2015\""
           " value=\"1=lang:eng;12=lang:por\"/>\n", "DASH");

    nvm_writer_init(&w, buf, sizeof(buf));
    nvm_captions_hls(&w, list, 0);
    nvm_captions_dash(&w, list, 0);
    is_int(w.len, 0, "nothing of none");
}


int
main(void)
{
    test_channels();
    test_services();
    test_messages();
    test_frames();
    test_add();
    test_list();
    test_texts();

    return done_testing();
}
