/*
 * Copyright (C) ngx_video authors
 *
 * Inspection of single boxes: fields of codec configurations, of fragments,
 * events, protection and metadata are told as they stand; boxes that are cut
 * are faults.  What the emitter makes of values is here too.
 */

#include "inspect_env.h"
#include "mp4_builder.h"


/* The box that is built. */
static uint8_t       bytes[4096];
static nvm_writer_t  w;


/* A box in a udta at the top, of hexadecimal digits and 'text'. */
static size_t
build(const char *type, const char *spec)
{
    size_t    udta, box;
    unsigned  v;

    nvm_writer_init(&w, bytes, sizeof(bytes));
    udta = nvm_writer_box(&w, "udta");
    box = nvm_writer_box(&w, type);

    while (*spec) {

        if (*spec == '\'') {
            for (spec++; *spec != '\''; spec++) {
                nvm_writer_u8(&w, (uint8_t) *spec);
            }

            spec++;

        } else if (*spec == ' ') {
            spec++;

        } else {
            v = 0;
            (void) sscanf(spec, "%2x", &v);
            nvm_writer_u8(&w, (uint8_t) v);
            spec += 2;
        }
    }

    nvm_writer_box_end(&w, box);
    nvm_writer_box_end(&w, udta);

    return w.len;
}


typedef struct {
    const char  *type;
    const char  *spec;
    const char  *json;          /* what follows "size": N in the output */
    unsigned     open:1;        /* may be cut: fields or entries are optional */
} case_t;


static const case_t  cases[] = {
    { "avcC", "01 64 00 1f ff e0 00", ", \"profile\": 100, "
      "\"profile_name\": \"High\", \"compatibility\": 0, \"level\": 3.1, "
      "\"nal_length_size\": 4, \"sps\": 0, \"pps\": 0}", 0 },
    { "hvcC", "01 21 60000000 b00000000000 5d f000 fc fd fa fa 0000 0f 00",
      ", \"profile\": 1, \"profile_name\": \"Main\", \"tier\": \"High\", "
      "\"level\": 3.1, \"bit_depth\": 10, \"nal_length_size\": 4}", 0 },
    { "av1C", "81 0d 0c 00", ", \"profile\": 0, "
      "\"profile_name\": \"Main\", \"level\": 5.1, \"tier\": \"Main\", "
      "\"bit_depth\": 8, \"chroma_name\": \"4:2:0\"}", 0 },
    { "vpcC", "01000000 02 1f a3 09 10 09 0000", ", \"profile\": 2, "
      "\"level\": 3.1, \"bit_depth\": 10, \"chroma_name\": \"4:2:0\", "
      "\"primaries\": 9, \"primaries_name\": \"BT.2020\", "
      "\"transfer\": 16, \"transfer_name\": \"PQ\", \"matrix\": 9, "
      "\"matrix_name\": \"BT.2020\", \"full_range\": true}", 1 },
    { "dvcC", "01 00 0a 35", ", \"major\": 1, \"minor\": 0, \"profile\": 5, "
      "\"level\": 6, \"rpu\": true, \"enhancement_layer\": false, "
      "\"base_layer\": true}", 0 },
    { "dac3", "10 3d e0", ", \"sample_rate\": 48000, \"bsid\": 8, "
      "\"channels\": 5, \"lfe\": true, \"bitrate\": 448000}", 0 },
    { "dec3", "0c00 20 0f 02 01", ", \"bitrate\": 384000, \"substreams\": "
      "[{\"sample_rate\": 48000, \"bsid\": 16, \"channels\": 5, "
      "\"lfe\": true, \"dependent\": 1}]}", 0 },
    { "dOps", "00 02 0138 0000bb80 ff00 00", ", \"channels\": 2, "
      "\"pre_skip\": 312, \"input_rate\": 48000, \"gain\": -256, "
      "\"mapping\": 0}", 0 },
    { "dfLa", "00000000 80 000022 1200 1200 000000 000000 0bb802f0 00017700"
      "00000000000000000000000000000000", ", \"min_block\": 4608, "
      "\"max_block\": 4608, \"sample_rate\": 48000, \"channels\": 2, "
      "\"bits\": 16, \"frames\": 96000}", 1 },
    { "esds", "00000000 03 19 0001 00 04 11 40 15 000300 0001f400 0001f000"
      "05 02 1190 06 01 02", ", \"object\": 64, \"object_name\": \"AAC\", "
      "\"buffer\": 768, \"max_bitrate\": 128000, \"avg_bitrate\": 126976, "
      "\"audio_object\": 2, \"audio_object_name\": \"AAC LC\", "
      "\"core_rate\": 48000, \"output_rate\": 48000, "
      "\"output_channels\": 2}", 1 },
    { "esds", "00000000 03 12 0001 00 04 0d 6b 15 000300 0001f400 0001f000",
      ", \"object\": 107, \"object_name\": \"MPEG-1 Audio\", "
      "\"buffer\": 768,", 0 },
    { "colr", "'nclx' 0009 0010 0009 80", ", \"colour_type\": \"nclx\", "
      "\"primaries\": 9, \"primaries_name\": \"BT.2020\", \"transfer\": 16, "
      "\"transfer_name\": \"PQ\", \"matrix\": 9, "
      "\"matrix_name\": \"BT.2020\", \"full_range\": true}", 0 },
    { "colr", "'prof' 00000000", ", \"colour_type\": \"prof\", "
      "\"profile_size\": 4}", 1 },
    { "mdcv", "3a98 7530 0bb8 7530 8a48 3908 3d13 4042 00989680 00000032",
      ", \"green_x\": 0.30000, \"green_y\": 0.60000, \"blue_x\": 0.06000, "
      "\"blue_y\": 0.60000, \"red_x\": 0.70800, \"red_y\": 0.29200, "
      "\"white_x\": 0.31270, \"white_y\": 0.32900, \"max_luminance\": 1000, "
      "\"min_luminance\": 0.0050}", 0 },
    { "clli", "03e8 0190", ", \"max_cll\": 1000, \"max_fall\": 400}", 0 },
    { "pasp", "00000004 00000003", ", \"h_spacing\": 4, \"v_spacing\": 3}",
      0 },
    { "schm", "00000000 'cbcs' 00010000", ", \"scheme\": \"cbcs\", "
      "\"scheme_version\": \"00010000\"}", 0 },
    { "tenc", "01000000 00 19 01 00 000102030405060708090a0b0c0d0e0f 02 aabb",
      ", \"version\": 1, \"protected\": true, \"iv_size\": 0, "
      "\"kid\": \"000102030405060708090a0b0c0d0e0f\", \"crypt_blocks\": 1, "
      "\"skip_blocks\": 9, \"constant_iv\": \"aabb\"}", 0 },
    { "pssh", "01000000 edef8ba979d64acea3c827dcd51d21ed 00000001"
      "000102030405060708090a0b0c0d0e0f 00000002 1234", ", \"version\": 1, "
      "\"system\": \"edef8ba979d64acea3c827dcd51d21ed\", "
      "\"system_name\": \"Widevine\", \"data_size\": 2, \"data\": \"1234\", "
      "\"kids\": [\"000102030405060708090a0b0c0d0e0f\"]}", 0 },
    { "emsg", "00000000 'urn:x' 00 'v' 00 00000064 00000001 00000002 00000003"
      "aa", ", \"scheme\": \"urn:x\", \"value\": \"v\", \"timescale\": 100, "
      "\"time_delta\": 1, \"duration\": 2, \"id\": 3, "
      "\"message_size\": 1}", 1 },
    { "emsg", "01000000 00000064 0000000000000001 00000002 00000003 'urn:x'"
      "00 00 aabb", ", \"version\": 1, \"timescale\": 100, \"time\": 1, "
      "\"duration\": 2, \"id\": 3, \"scheme\": \"urn:x\", \"value\": \"\", "
      "\"message_size\": 2}", 1 },
    { "prft", "01000000 00000001 e8fe888080000000 0000000000001000",
      ", \"version\": 1, \"track\": 1, "
      "\"ntp\": \"2023-11-15T00:00:00.500Z\", \"media_time\": 4096}", 0 },
    { "mvhd", "00000000 e179ba80 00000000 000003e8 000007d0 00010000 0100"
      "00000000000000000000 00010000 00000000 00000000 00000000 00010000"
      "00000000 00000000 00000000 40000000"
      "000000000000000000000000000000000000000000000000 00000002",
      ", \"created\": \"2023-11-15T00:00:00.000Z\", "
      "\"timescale\": 1000, \"duration\": 2000, \"rate\": 1, \"volume\": 1, "
      "\"next_track\": 2}", 0 },
    { "tkhd", "00000007 00000000 00000000 00000001 00000000 000007d0"
      "0000000000000000 ffff 0001 0100 0000 00000000 00010000 00000000"
      "ffff0000 00000000 00000000 00000000 00000000 40000000"
      "01400000 00f08000", ", \"flags\": \"00000007\", \"track\": 1, "
      "\"duration\": 2000, \"layer\": -1, \"alternate_group\": 1, "
      "\"volume\": 1, \"rotation\": 90, \"width\": 320, "
      "\"height\": 240.50000}", 0 },
    { "elng", "00000000 'de-AT' 00", ", \"language\": \"de-AT\"}", 1 },
    { "btrt", "00000100 0000c350 00009c40", ", \"buffer\": 256, "
      "\"max_bitrate\": 50000, \"avg_bitrate\": 40000}", 0 },
    { "trex", "00000000 00000001 00000001 00000200 00000000 01010000",
      ", \"track\": 1, \"description\": 1, \"default_duration\": 512, "
      "\"default_size\": 0, \"default_flags\": \"01010000\"}", 0 },
    { "mehd", "01000000 0000000100000000", ", \"version\": 1, "
      "\"duration\": 4294967296}", 0 },
    { "sidx", "00000000 00000001 00003200 00000000 00000040 0000 0002"
      "00001000 00006400 90000000 80002000 00003200 00000000",
      ", \"reference\": 1, \"timescale\": 12800, \"earliest\": 0, "
      "\"first_offset\": 64, \"entries\": 2, \"bytes\": 12288, "
      "\"duration\": 38400, \"table\": [{\"index\": false, \"size\": 4096, "
      "\"duration\": 25600, \"sap\": true, \"sap_type\": 1}, "
      "{\"index\": true, \"size\": 8192, \"duration\": 12800, "
      "\"sap\": false, \"sap_type\": 0}]}", 0 },
    { "tfra", "01000000 00000001 00000005 00000001 0000000000000200"
      "0000000000001000 01 0002 0003", ", \"version\": 1, \"track\": 1, "
      "\"entries\": 1, \"table\": [{\"time\": 512, \"moof\": 4096, "
      "\"traf\": 1, \"trun\": 2, \"sample\": 3}]}", 0 },
    { "tfra", "00000000 00000001 00000000 00000001 00000200 00001000 01 02 03",
      ", \"track\": 1, \"entries\": 1, \"table\": [{\"time\": 512, "
      "\"moof\": 4096, \"traf\": 1, \"trun\": 2, \"sample\": 3}]}", 0 },
    { "tref", "00000010 'chap' 00000003 00000004", ", \"boxes\": [{\"type\": "
      "\"chap\", \"offset\": 16, \"size\": 16, \"tracks\": [3, 4]}]}", 1 },
    { "\251nam", "0005 15c7 'Titel'", ", \"value\": \"Titel\"}", 0 },
    { "meta", "00000000 00000021 'hdlr' 00000000 00000000 'mdir'"
      "000000000000000000000000 00 00000022 'ilst' 0000001a 'trkn' 00000012"
      "'data' 00000015 00000000 fffe", "\"data_type\": 21, \"value\": -2}",
      1 },
    { "ilst", "0000004a '----' 00000014 'mean' 00000000 'com.appl'"
      "0000000f 'name' 00000000 'iTu' 0000001f 'data' 00000001 00000000"
      "'a \"value\", UTF8'", "\"type\": \"mean\", \"offset\": 24, "
      "\"size\": 20, \"value\": \"com.appl\"}, {\"type\": \"name\", "
      "\"offset\": 44, \"size\": 15, \"value\": \"iTu\"}, {\"type\": "
      "\"data\", \"offset\": 59, \"size\": 31, \"data_type\": 1, "
      "\"value\": \"a \\\"value\\\", UTF8\"}]}", 1 },
    { "mdia", "00000021 'hdlr' 00000000 00000000 'soun'"
      "000000000000000000000000 00 00000058 'stsd' 00000000 00000001"
      "00000048 'lpcm' 000000000000 0001 0002 0000 00000000 0003 0010 fffe"
      "0000 00010000 00000048 40e7700000000000 00000006 7f000000 00000010"
      "00000000 00000000 00000000", "\"data_reference\": 1, \"version\": 2, "
      "\"channels\": 6, \"bits\": 16, \"sample_rate\": 48000}", 1 },
    { "mdia", "00000021 'hdlr' 00000000 00000000 'subt'"
      "000000000000000000000000 00 00000022 'stsd' 00000000 00000001"
      "00000012 'stpp' 000000000000 0001 'x' 00", "\"data_reference\": 1, "
      "\"namespace\": \"x\"}", 1 },
    { "keys", "00000000 00000001 00000010 'mdta' 'com.appl'",
      ", \"entries\": 1, \"names\": [\"com.appl\"]}", 0 },
    { "uuid", "000102030405060708090a0b0c0d0e0f", ", \"uuid\": "
      "\"000102030405060708090a0b0c0d0e0f\"}", 0 },
    { "what", "01020304", "}", 1 },
};


/* As it stands, and cut at each byte: a fault unless the rest is optional. */
static void
test_cases(void)
{
    char       *text, *at, name[64];
    size_t      i, k, n;
    uint64_t    faults;
    inspect_t   o = { 0 };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        n = build(cases[i].type, cases[i].spec);
        text = inspect_mp4(&o, bytes, n);

        (void) snprintf(name, sizeof(name), "\"size\": %zu", n - 8);
        at = strstr(text, name);
        inspect_has(at ? at + strlen(name) : text, cases[i].json,
                    cases[i].type);
        inspect_lacks(text, "\"error\"", "without a fault");
        free(text);
        faults = o.faults.count;

        for (k = 16; k < n; k++) {
            mp4_put(bytes, (uint32_t) k);
            mp4_put(bytes + 8, (uint32_t) (k - 8));
            free(inspect_mp4(&o, bytes, k));

            if (o.faults.count == faults && !cases[i].open) {
                ok(0, "%s of %zu bytes is a fault", cases[i].type, k - 8);
            }
        }
    }
}


static size_t
moof(const char *name, uint32_t flags, uint32_t n)
{
    size_t    at, traf, box;
    uint32_t  i;

    nvm_writer_init(&w, bytes, sizeof(bytes));
    at = nvm_writer_box(&w, name);
    traf = nvm_writer_box(&w, "traf");

    box = nvm_writer_fullbox(&w, "tfhd", 0, 0x020038);
    nvm_writer_u32(&w, 7);
    nvm_writer_u32(&w, 100);
    nvm_writer_u32(&w, 50);
    nvm_writer_u32(&w, 0x01010000);
    nvm_writer_box_end(&w, box);

    box = nvm_writer_fullbox(&w, "tfdt", 1, 0);
    nvm_writer_u64(&w, 9000);
    nvm_writer_box_end(&w, box);

    box = nvm_writer_fullbox(&w, "trun", 1, flags | 0x5);
    nvm_writer_u32(&w, n);
    nvm_writer_u32(&w, 300);
    nvm_writer_u32(&w, 0x02000000);

    for (i = 0; i < n && flags; i++) {
        nvm_writer_u32(&w, 60 + i);
        nvm_writer_u32(&w, (uint32_t) -100);
    }

    nvm_writer_box_end(&w, box);
    nvm_writer_box_end(&w, traf);
    nvm_writer_box_end(&w, at);

    return w.len;
}


static void
test_fragments(void)
{
    char       *text;
    size_t      n;
    inspect_t   o = { .size = 10000 };

    /* sizes and composition offsets of each, key frame by first_flags */

    n = moof("moof", 0xa00, 3);
    text = inspect_mp4(&o, bytes, n);
    is_int((long long) o.faults.count, 0, "a fragment without a movie");
    inspect_has(text, "{\"id\": 7, \"kind\": \"unknown\", \"timescale\": 0, "
                "\"samples\": 3, \"bytes\": 183", "its track");
    inspect_has(text, "\"keyframes\": {\"count\": 1, \"table\": [{"
                "\"number\": 1, \"time\": null, \"dts\": 9000, "
                "\"offset\": 300, \"size\": 60}]}", "its key frame");
    inspect_has(text, "\"samples\": 3, \"data_offset\": 300, "
                "\"first_flags\": \"02000000\", \"duration\": 300, "
                "\"bytes\": 183, \"keyframes\": 1, \"table\": ["
                "{\"size\": 60, \"cts_offset\": -100}, ", "trun");
    free(text);

    o.samples = 7;
    text = inspect_mp4(&o, bytes, n);
    inspect_has(text, "\"samples\": [{\"number\": 1, \"dts\": 9000, "
                "\"pts\": 8900, \"duration\": 100, \"size\": 60, "
                "\"offset\": 300, \"key\": true}, {\"number\": 2, "
                "\"dts\": 9100, \"pts\": 9000, \"duration\": 100, "
                "\"size\": 61, \"offset\": 360, \"key\": false}, ",
                "samples of fragments");
    free(text);

    /* nothing but the number of samples */

    n = moof("moof", 0, 3);
    text = inspect_mp4(&o, bytes, n);
    inspect_has(text, "{\"number\": 3, \"dts\": 9200, \"pts\": 9200, "
                "\"duration\": 100, \"size\": 50, \"offset\": 400, "
                "\"key\": false}]", "samples that are all alike");
    free(text);

    o.samples = 0;
    n = moof("moof", 0, 0xffffffff);
    text = inspect_mp4(&o, bytes, n);
    is_str(o.faults.list[0].what, "samples lie outside the file",
           "2^32 - 1 samples without bytes");
    is_str(o.faults.list[0].where, "moof[1]/traf[1]/trun", "path");
    free(text);

    /* found by fuzzing: they were all listed */

    o.samples = 7;
    text = inspect_mp4(&o, bytes, n);
    inspect_has(text, "\"number\": 200, ", "a list of what could be there");
    inspect_lacks(text, "\"number\": 201, ", "and no longer one");
    free(text);

    n = moof("udta", 0, 3);
    free(inspect_mp4(&o, bytes, n));
    is_int((long long) o.faults.count, 0, "a traf somewhere else");
}


/* moov: a track of video that has nothing but defaults for fragments. */
static void
movie_head(void)
{
    size_t  moov, at, box, i;

    moov = nvm_writer_box(&w, "moov");
    at = nvm_writer_box(&w, "trak");
    box = nvm_writer_fullbox(&w, "tkhd", 0, 3);
    nvm_writer_zero(&w, 8);
    nvm_writer_u32(&w, 1);
    nvm_writer_zero(&w, 68);
    nvm_writer_box_end(&w, box);
    box = nvm_writer_box(&w, "mdia");
    i = nvm_writer_fullbox(&w, "mdhd", 0, 0);
    nvm_writer_zero(&w, 8);
    nvm_writer_u32(&w, 1000);
    nvm_writer_zero(&w, 8);
    nvm_writer_box_end(&w, i);
    i = nvm_writer_fullbox(&w, "hdlr", 0, 0);
    nvm_writer_u32(&w, 0);
    nvm_writer_text(&w, "vide");
    nvm_writer_zero(&w, 13);
    nvm_writer_box_end(&w, i);
    nvm_writer_box_end(&w, box);
    nvm_writer_box_end(&w, at);
    at = nvm_writer_box(&w, "mvex");
    box = nvm_writer_fullbox(&w, "trex", 0, 0);
    nvm_writer_u32(&w, 1);
    nvm_writer_u32(&w, 1);
    nvm_writer_u32(&w, 40);
    nvm_writer_u32(&w, 10);
    nvm_writer_u32(&w, 0x10000);
    nvm_writer_box_end(&w, box);
    nvm_writer_box_end(&w, at);
    nvm_writer_box_end(&w, moov);
}


/* A movie of one track, fragments of it and of another. */
static size_t
movie(void)
{
    size_t    moof, at, box, i;
    uint32_t  id;

    nvm_writer_init(&w, bytes, sizeof(bytes));
    movie_head();

    for (id = 1; id <= 2; id++) {
        moof = nvm_writer_box(&w, "moof");
        at = nvm_writer_box(&w, "traf");
        box = nvm_writer_fullbox(&w, "tfhd", 0, 3);
        nvm_writer_u32(&w, id);
        nvm_writer_u64(&w, 5000);
        nvm_writer_u32(&w, 1);
        nvm_writer_box_end(&w, box);

        for (i = 0; i < 2; i++) {
            box = nvm_writer_fullbox(&w, "trun", 0, 0x500);
            nvm_writer_u32(&w, 2);
            nvm_writer_u32(&w, 30);
            nvm_writer_u32(&w, i ? 0x10000 : 0);
            nvm_writer_u32(&w, 50);
            nvm_writer_u32(&w, 0x10000);
            nvm_writer_box_end(&w, box);
        }

        nvm_writer_box_end(&w, at);
        nvm_writer_box_end(&w, moof);
    }

    return w.len;
}


static void
test_movie(void)
{
    char       *text;
    size_t      n;
    inspect_t   o = { .size = 10000 };

    n = movie();
    text = inspect_mp4(&o, bytes, n);
    is_int((long long) o.faults.count, 1, "a fragment of no track");
    is_str(o.faults.list[0].where, "moof[2]/traf[1]/tfhd", "path");
    is_str(o.faults.list[0].what, "the movie has no such track", "what");
    inspect_has(text, "\"error\": {\"path\": \"moof[2]/traf[1]/tfhd\"",
                "shown");
    inspect_has(text, "{\"id\": 1, \"kind\": \"video\", \"language\": "
                "\"und\", \"timescale\": 1000, \"samples\": 4, "
                "\"bytes\": 40, \"duration\": 0.160000", "sizes of trex");
    inspect_has(text, "\"keyframes\": {\"count\": 1, \"table\": [{"
                "\"number\": 1, \"time\": 0.000000, \"dts\": 0, "
                "\"offset\": 5000", "flags of trun");
    inspect_has(text, "{\"duration\": 30, \"key\": true}, {\"duration\": 50, "
                "\"key\": false}]}", "rows of trun");
    free(text);

    o.samples = 1;
    text = inspect_mp4(&o, bytes, n);
    inspect_has(text, "{\"number\": 4, \"dts\": 110, \"pts\": 110, "
                "\"duration\": 50, \"size\": 10, \"offset\": 5030, "
                "\"key\": false}]", "one run after the other");
    free(text);
}


/* What the emitter does with values. */
static void
test_emitter(void)
{
    char          buf[1024];
    nvm_emit_t    e;
    nvm_writer_t  to;

    nvm_writer_init(&to, buf, sizeof(buf) - 1);
    nvm_emit_init(&e, NVM_EMIT_JSON, &to);
    nvm_emit_text(&e, "a", (const uint8_t *) "\"\\\n\177\303\244\377\303.", 9);
    nvm_emit_seconds(&e, "b", -1, 3);
    nvm_emit_seconds(&e, "c", INT64_MIN, 1);
    nvm_emit_seconds(&e, "d", 1, 0);
    nvm_emit_ratio(&e, "e", -3, 2, 3);
    nvm_emit_ratio(&e, "f", 7, 3, 2);
    nvm_emit_ratio(&e, "g", 6, 3, 2);
    nvm_emit_word(&e, "h", NULL);
    nvm_emit_code(&e, "i", 1, "one");
    nvm_emit_done(&e);
    buf[to.len] = '\0';

    ok(json_check(buf, to.len) == NULL, "JSON");
    inspect_has(buf, "\"a\": \"\\\"\\\\\\u000a\\u007f\303\244??.\"",
                "escapes, UTF-8, ill-formed UTF-8");
    inspect_has(buf, "\"b\": -0.333333", "negative seconds");
    inspect_has(buf, "-9223372036854775808.000000", "the smallest");
    inspect_has(buf, "\"d\": null", "no timescale");
    inspect_has(buf, "\"e\": -1.500", "a negative ratio");
    inspect_has(buf, "\"f\": 2.33", "decimals");
    inspect_has(buf, "\"g\": 2,", "none if there are none");
    inspect_lacks(buf, "\"h\"", "no word");
    inspect_has(buf, "\"i\": 1, \"i_name\": \"one\"", "a number that means");

    nvm_writer_init(&to, buf, 20);
    nvm_emit_init(&e, NVM_EMIT_TEXT, &to);
    nvm_emit_uint(&e, "number", 1);
    nvm_emit_uint(&e, "number", 2);
    nvm_emit_uint(&e, "number", 3);
    nvm_emit_done(&e);
    is_int(nvm_writer_done(&to, to.len), NVM_EOVERFLOW, "no room");
}


static void
test_probe(void)
{
    size_t                i;
    uint8_t               data[NVM_INSPECT_PROBE];
    nvm_inspect_probe_t   p;

    memset(data, 0, sizeof(data));
    nvm_inspect_probe(data, sizeof(data), &p);
    is_int(p.format, NVM_INSPECT_UNKNOWN, "zeros");
    nvm_inspect_probe(data, 0, &p);
    is_int(p.format, NVM_INSPECT_UNKNOWN, "nothing");

    memset(data, 0x47, sizeof(data));
    nvm_inspect_probe(data, sizeof(data), &p);
    is_int(p.format, NVM_INSPECT_TS, "sync bytes");
    is_int(p.packet, 188, "packets");

    for (i = 0; i < sizeof(data); i++) {
        data[i] = i % 192 == 4 ? 0x47 : 0;
    }

    nvm_inspect_probe(data, sizeof(data), &p);
    is_int(p.packet, 192, "packets of 192 bytes");
    is_int(p.start, 0, "from the beginning");
    nvm_inspect_probe(data + 100, sizeof(data) - 100, &p);
    is_int(p.packet, 192, "packets of 192 bytes");
    is_int(p.start, 92, "after a piece of one");

    for (i = 0; i < sizeof(data); i++) {
        data[i] = i % 204 == 30 ? 0x47 : 0;
    }

    nvm_inspect_probe(data, sizeof(data), &p);
    is_int(p.packet, 204, "packets of 204 bytes");
    is_int(p.start, 30, "after 30 others");
    nvm_inspect_probe(data, 4 * 204, &p);
    is_int(p.format, NVM_INSPECT_UNKNOWN, "too few sync bytes");

    memcpy(data + 4, "ftyp", 4);
    nvm_inspect_probe(data, 8, &p);
    is_int(p.format, NVM_INSPECT_MP4, "ftyp");
    nvm_inspect_probe(data, 7, &p);
    is_int(p.format, NVM_INSPECT_UNKNOWN, "ftyp, cut");
}


int
main(void)
{
    test_cases();
    test_fragments();
    test_movie();
    test_emitter();
    test_probe();

    return done_testing();
}
