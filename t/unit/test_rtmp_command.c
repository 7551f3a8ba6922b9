/*
 * Copyright (C) ngx_video authors
 *
 * Commands as publishers send them, every prefix of them, and our answers
 * read back through the demultiplexer and the AMF reader, byte by byte.
 */

#include <stdlib.h>
#include <string.h>

#include "nvr_chunk.h"
#include "nvr_command.h"
#include "nvr_reply.h"
#include "tap.h"


#define S(text)  text, sizeof(text) - 1

#define NUM_0    "\0\0\0\0\0\0\0\0\0"
#define NUM_1    "\0\x3f\xf0\0\0\0\0\0\0"
#define NUM_2    "\0\x40\0\0\0\0\0\0\0"
#define NUM_4    "\0\x40\x10\0\0\0\0\0\0"
#define END      "\0\0\x09"
#define NUL      "\5"

#define CONNECT                                                             \
    "\2\0\7connect" NUM_1 "\3"                                              \
    "\0\3app\2\0\4live"                                                     \
    "\0\4type\2\0\nnonprivate"                                              \
    "\0\6swfUrl\2\0\5a.swf\0\7pageUrl\2\0\x08http://p"                      \
    "\0\x08" "flashVer\2\0\x08" "FMLE/3.0"                                  \
    "\0\5tcUrl\2\0\x15rtmp://127.0.0.1/live"                                \
    "\0\x0e" "objectEncoding" NUM_0                                         \
    "\0\x0a" "fourCcList\x0a\0\0\0\1\2\0\4hvc1"                             \
    END


static nvm_err_e
parse(uint8_t type, const char *data, size_t n, nvr_command_t *cmd,
    nvm_fault_t *f)
{
    static char  *copy;         /* strings of cmd point into it */

    free(copy);
    copy = NULL;

    if (data == NULL) {
        return NVM_OK;
    }

    copy = malloc(n ? n : 1);
    memcpy(copy, data, n);
    memset(f, 0, sizeof(nvm_fault_t));

    return nvr_command_parse(type, (const uint8_t *) copy, n, cmd, f);
}


static void
is_text(const nvr_str_t *s, const char *want, const char *name)
{
    is_mem(s->data, s->len, want, strlen(want), "%s", name);
}


/* Parses, and so does no prefix below "needed" bytes. */
static void
parses(uint8_t type, const char *data, size_t n, size_t needed,
    nvr_command_e kind, nvr_command_t *cmd)
{
    size_t       i;
    nvm_err_e    rc;
    nvm_fault_t  f;

    for (i = 0; i < needed; i++) {
        rc = parse(type, data, i, cmd, &f);

        if (rc == NVM_OK || f.code != rc || f.what == NULL
            || f.where[0] == 0)
        {
            ok(0, "kind %d: prefix of %zu of %zu", kind, i, n);
        }
    }

    for (i = needed; i < n; i++) {
        (void) parse(type, data, i, cmd, &f);
    }

    rc = parse(type, data, n, cmd, &f);
    is_int(rc, NVM_OK, "kind %d parses", kind);
    is_int(cmd->kind, kind, "kind %d", kind);
}


static void
test_connect(void)
{
    nvm_fault_t    f;
    nvr_command_t  cmd;

    parses(20, S(CONNECT), sizeof(CONNECT) - 1, NVR_CMD_CONNECT, &cmd);
    is_text(&cmd.name, "connect", "name");
    ok(cmd.txid == 1, "transaction id");
    is_text(&cmd.app, "live", "app");
    is_text(&cmd.tc_url, "rtmp://127.0.0.1/live", "tcUrl");
    is_text(&cmd.flash_ver, "FMLE/3.0", "flashVer");
    is_text(&cmd.swf_url, "a.swf", "swfUrl");
    is_text(&cmd.page_url, "http://p", "pageUrl");
    ok(cmd.object_encoding == 0, "objectEncoding");

    parses(17, S("\0" CONNECT), sizeof(CONNECT), NVR_CMD_CONNECT, &cmd);
    is_text(&cmd.app, "live", "app of an AMF3 command message");
    is_int(parse(17, S(CONNECT), &cmd, &f), NVM_OK,
           "AMF3 command message without its first byte");

    /* rtmp_pub.js --fault badamf */
    is_int(parse(20, S("\2\0\7connect\0\1\2\3\xff\xff\xff\x08"
                       "\xff\xff\xff\xff"), &cmd, &f),
           NVM_EINVAL, "broken AMF");
    is_str(f.where, "connect", "which command");
    is_str(f.what, "malformed arguments", "what");

    is_int(parse(20, S("\2\0\7connect" NUM_1), &cmd, &f), NVM_ETRUNC,
           "connect without an object");
    is_int(parse(20, S("\2\0\7connect" NUM_1 "\x11\x0a\x0b"), &cmd, &f),
           NVM_EUNSUP, "connect with AMF3");
    is_int(parse(20, S(NUM_1), &cmd, &f), NVM_EINVAL, "no name");
    is_int(parse(20, S("\2\0\7connect\2\0\0"), &cmd, &f), NVM_EINVAL,
           "no transaction id");
    is_int(parse(9, S(CONNECT), &cmd, &f), NVM_EINVAL, "a video message");
    is_int(nvr_command_parse(20, (const uint8_t *) "", 0, &cmd, NULL),
           NVM_ETRUNC, "nothing, and nowhere to tell");
}


static void
test_streams(void)
{
    nvm_fault_t    f;
    nvr_command_t  cmd;

    parses(20, S("\2\0\x0dreleaseStream" NUM_2 NUL "\2\0\3cam"),
           16 + 9, NVR_CMD_RELEASE_STREAM, &cmd);
    is_text(&cmd.stream, "cam", "releaseStream");
    ok(cmd.txid == 2, "its transaction id");

    parses(20, S("\2\0\x09" "FCPublish" NUM_2 NUL "\2\0\3cam"), 12 + 9,
           NVR_CMD_FCPUBLISH, &cmd);
    is_text(&cmd.stream, "cam", "FCPublish");

    parses(20, S("\2\0\x0b" "FCUnpublish" NUM_2 NUL "\2\0\3cam"), 14 + 9,
           NVR_CMD_FCUNPUBLISH, &cmd);
    is_text(&cmd.stream, "cam", "FCUnpublish");

    parses(20, S("\2\0\x0c" "createStream" NUM_2 NUL), 15 + 9,
           NVR_CMD_CREATE_STREAM, &cmd);

    parses(20, S("\2\0\7publish" NUM_2 NUL "\2\0\7cam?k=v\2\0\4live"),
           10 + 9 + 1 + 10, NVR_CMD_PUBLISH, &cmd);
    is_text(&cmd.stream, "cam?k=v", "publish");
    is_text(&cmd.publish_type, "live", "its type");

    is_int(parse(20, S("\2\0\7publish" NUM_2 NUL "\2\0\3cam"), &cmd, &f),
           NVM_OK, "publish without a type");
    is_int(cmd.publish_type.len, 0, "type is empty");
    is_int(parse(20, S("\2\0\7publish" NUM_2 NUL NUL), &cmd, &f),
           NVM_EINVAL, "publish without a name");

    parses(20, S("\2\0\x0c" "deleteStream" NUM_2 NUL NUM_1), 15 + 9,
           NVR_CMD_DELETE_STREAM, &cmd);
    is_int(cmd.stream_id, 1, "deleteStream");
    is_int(parse(20, S("\2\0\x0c" "deleteStream" NUM_2 NUL
                       "\0\xff\xf0\0\0\0\0\0\1"), &cmd, &f), NVM_OK,
           "deleteStream of NaN");
    is_int(cmd.stream_id, 0, "is 0");

    parses(20, S("\2\0\x0b" "closeStream" NUM_0 NUL), 14 + 9,
           NVR_CMD_CLOSE_STREAM, &cmd);
    parses(20, S("\2\0\x08_checkbw" NUM_2 NUL), 11 + 9,
           NVR_CMD_CHECKBW, &cmd);
    parses(20, S("\2\0\x0fgetStreamLength" NUM_2 NUL "\2\0\3cam"), 18 + 9,
           NVR_CMD_GET_STREAM_LENGTH, &cmd);
    is_text(&cmd.stream, "cam", "getStreamLength");
    parses(20, S("\2\0\4play" NUM_0 NUL "\2\0\3cam" NUM_0), 7 + 9,
           NVR_CMD_PLAY, &cmd);
    is_text(&cmd.stream, "cam", "play");

    is_int(parse(20, S("\2\0\4what" NUM_2 "\x11"), &cmd, &f), NVM_OK,
           "unknown command");
    is_int(cmd.kind, NVR_CMD_UNKNOWN, "is unknown");
    is_text(&cmd.name, "what", "its name");
    ok(cmd.txid == 2, "its transaction id");
    is_int(parse(20, S("\2\0\4what"), &cmd, &f), NVM_OK,
           "unknown command without any");
}


static void
test_metadata(void)
{
    nvm_fault_t        f;
    nvr_command_t      cmd;
    static const char  meta[] =
        "\2\0\x0a" "onMetaData\x08\0\0\0\x0a"
        "\0\5width\0\x40\x94\0\0\0\0\0\0"               /* 1280 */
        "\0\6height\0\x40\x86\x80\0\0\0\0\0"            /* 720 */
        "\0\x09" "framerate\0\x40\x39\0\0\0\0\0\0"      /* 25 */
        "\0\x0dvideodatarate\0\x7f\xf0\0\0\0\0\0\0"     /* infinity */
        "\0\x0d" "audiodatarate\0\x40\x60\0\0\0\0\0\0"  /* 128 */
        "\0\x0f" "audiosamplerate\0\x40\xe7\x70\0\0\0\0\0"      /* 48000 */
        "\0\x0cvideocodecid\2\0\4avc1"
        "\0\x0c" "audiocodecid\0\x40\x24\0\0\0\0\0\0"   /* 10 */
        "\0\6stereo\1\1"
        "\0\7encoder\2\0\3obs" END;

    char  buf[512];

    parses(18, meta, sizeof(meta) - 1, 13, NVR_CMD_METADATA, &cmd);
    is_text(&cmd.name, "onMetaData", "name");
    ok(cmd.metadata.width == 1280 && cmd.metadata.height == 720, "size");
    ok(cmd.metadata.framerate == 25, "frame rate");
    ok(cmd.metadata.videodatarate == 0, "infinity counts as nothing");
    ok(cmd.metadata.audiodatarate == 128, "audio bit rate");
    ok(cmd.metadata.audiosamplerate == 48000, "sample rate");
    is_int(cmd.metadata.videocodecid, 0x61766331, "FourCC as a string");
    is_int(cmd.metadata.audiocodecid, 10, "codec as a number");

    memcpy(buf, "\0\2\0\x0d@setDataFrame", 17);
    memcpy(buf + 17, meta, sizeof(meta) - 1);
    is_int(parse(18, buf + 1, sizeof(meta) + 15, &cmd, &f), NVM_OK,
           "@setDataFrame");
    is_int(cmd.kind, NVR_CMD_METADATA, "is metadata");
    ok(cmd.metadata.width == 1280, "width");
    is_int(parse(15, buf, sizeof(meta) + 16, &cmd, &f), NVM_OK,
           "@setDataFrame in an AMF3 data message");
    ok(cmd.metadata.width == 1280, "width");

    is_int(parse(18, S("\2\0\x0aonTextData" NUL), &cmd, &f), NVM_OK,
           "other data");
    is_int(cmd.kind, NVR_CMD_UNKNOWN, "is unknown");
    is_int(parse(18, S("\2\0\x0aonMetaData\2\0\0"), &cmd, &f), NVM_EINVAL,
           "metadata that is no object");
    is_str(f.where, "onMetaData", "where");
    is_int(parse(18, S("\2\0\x0d@setDataFrame"), &cmd, &f), NVM_ETRUNC,
           "@setDataFrame without a name");
}


static void
test_control(void)
{
    nvm_fault_t    f;
    nvr_control_t  c;

    memset(&f, 0, sizeof(f));

#define CTL(type, s)  nvr_control_parse(type, (const uint8_t *) s,            \
                                        sizeof(s) - 1, &c, &f)

    is_int(CTL(5, "\0\x26\x25\xa0"), NVM_OK, "Window Acknowledgement Size");
    is_int(c.value, 2500000, "its value");
    is_int(CTL(6, "\0\x26\x25\xa0\2"), NVM_OK, "Set Peer Bandwidth");
    is_int(CTL(3, "\0\0\1\0"), NVM_OK, "Acknowledgement");
    is_int(c.value, 256, "its value");
    is_int(CTL(4, "\0\6\1\2\3\4"), NVM_OK, "PingRequest");
    is_int(c.event, NVR_EVENT_PING_REQUEST, "its event");
    is_int(c.value, 0x01020304, "its time");
    is_int(CTL(4, "\0\3\0\0\0\1\0\0\x0b\xb8"), NVM_OK, "SetBufferLength");
    is_int(c.value, 1, "its stream");
    is_int(CTL(4, "\0\x20"), NVM_OK, "an event that isn't known");
    is_int(c.event, 0x20, "its event");
    is_int(CTL(4, "\0"), NVM_ETRUNC, "half an event");
    is_str(f.what, "too short", "text");
    is_int(CTL(4, "\0\6\1\2\3"), NVM_ETRUNC, "short PingRequest");
    is_int(CTL(5, "\0\0\0"), NVM_ETRUNC, "short window");
    is_int(CTL(5, ""), NVM_ETRUNC, "empty window");
    is_int(CTL(8, "\0\0\0\0"), NVM_EINVAL, "an audio message");
}


static void *
mem_alloc(void *data, size_t size)
{
    (void) data;
    return malloc(size);
}


static void
mem_free(void *data, void *p)
{
    (void) data;
    free(p);
}


static uint8_t          out[4096];
static nvm_writer_t     w;
static nvr_message_t    msg;
static nvr_chunk_in_t   in;


/* Reads what is in w back, a byte at a time; msg is the only message. */
static void
read_back(size_t chunk_size, uint32_t csid, uint8_t type, const char *name)
{
    size_t           i, used;
    nvm_err_e        rc;
    const nvr_mem_t  mem = { mem_alloc, mem_free, NULL };

    is_int(w.error, NVM_OK, "%s: written", name);
    ok(w.len <= NVR_REPLY_MAX, "%s: %zu bytes", name, w.len);

    nvr_chunk_done(&in);
    nvr_chunk_init(&in, &mem);
    (void) nvr_chunk_set_size(&in, (uint32_t) chunk_size);

    rc = NVM_EAGAIN;

    for (i = 0; i < w.len && rc == NVM_EAGAIN; i++) {
        rc = nvr_chunk_feed(&in, out + i, 1, &used, &msg);
    }

    is_int(rc, NVM_OK, "%s: a message", name);
    is_int(i, w.len, "%s: all of it", name);
    is_int(msg.csid, csid, "%s: chunk stream", name);
    is_int(msg.type, type, "%s: type", name);
}


static void
begin(void)
{
    nvm_writer_init(&w, out, sizeof(out));
}


static void
test_reply_control(void)
{
    begin();
    nvr_reply_set_chunk_size(&w, 128, 4096);
    is_mem(out, w.len, "\2\0\0\0\0\0\4\1\0\0\0\0\0\0\x10\0", 16,
           "Set Chunk Size");

    begin();
    nvr_reply_ack(&w, 128, 0x01020304);
    read_back(128, 2, 3, "Acknowledgement");
    is_mem(msg.data, msg.len, "\1\2\3\4", 4, "its bytes");

    begin();
    nvr_reply_window_ack_size(&w, 128, 2500000);
    read_back(128, 2, 5, "Window Acknowledgement Size");
    is_mem(msg.data, msg.len, "\0\x26\x25\xa0", 4, "its bytes");

    begin();
    nvr_reply_peer_bandwidth(&w, 128, 2500000, 2);
    read_back(128, 2, 6, "Set Peer Bandwidth");
    is_mem(msg.data, msg.len, "\0\x26\x25\xa0\2", 5, "its bytes");

    begin();
    nvr_reply_stream_begin(&w, 128, 1);
    read_back(128, 2, 4, "StreamBegin");
    is_mem(msg.data, msg.len, "\0\0\0\0\0\1", 6, "its bytes");

    begin();
    nvr_reply_ping_request(&w, 128, 9);
    is_mem(out + 12, w.len - 12, "\0\6\0\0\0\x09", 6, "PingRequest");

    begin();
    nvr_reply_ping_response(&w, 128, 9);
    is_mem(out + 12, w.len - 12, "\0\7\0\0\0\x09", 6, "PingResponse");
}


static void
test_reply_command(void)
{
    nvr_str_t          stream;
    nvr_command_t      cmd;
    static const char  result[] = "\2\0\7_result" NUM_2 NUL NUM_1;
    static const char  fc[] = "\2\0\x0bonFCPublish" NUM_0 NUL "\3"
                              "\0\4code\2\0\x17NetStream.Publish.Start"
                              "\0\x0b" "description\2\0\3cam" END;
    static const char  status[] = "\2\0\x08onStatus" NUM_0 NUL "\3"
                                  "\0\5level\2\0\5error"
                                  "\0\4code\2\0\x18NetStream.Publish.Denied"
                                  "\0\x0b" "description\2\0\2no" END;
    static const char  conn[] = "\2\0\7_result" NUM_1 "\3"
        "\0\6fmsVer\2\0\x0d" "FMS/3,0,1,123"
        "\0\x0c" "capabilities\0\x40\x3f\0\0\0\0\0\0"
        "\0\x0a" "fourCcList\x0a\0\0\0\x0a"
        "\2\0\4" "avc1" "\2\0\4" "hvc1" "\2\0\4" "av01" "\2\0\4" "vp09"
        "\2\0\4" "mp4a" "\2\0\4" "Opus" "\2\0\4" "ac-3" "\2\0\4" "ec-3"
        "\2\0\4" "fLaC" "\2\0\4" ".mp3"
        "\0\x12" "videoFourCcInfoMap\3"
        "\0\4" "avc1" NUM_4 "\0\4" "hvc1" NUM_4 "\0\4" "av01" NUM_4
        "\0\4" "vp09" NUM_4 END
        "\0\x12" "audioFourCcInfoMap\3"
        "\0\4" "mp4a" NUM_4 "\0\4" "Opus" NUM_4 "\0\4" "ac-3" NUM_4
        "\0\4" "ec-3" NUM_4 "\0\4" "fLaC" NUM_4 "\0\4" ".mp3" NUM_4 END
        "\0\6capsEx\0\x40\x18\0\0\0\0\0\0" END "\3"
        "\0\5level\2\0\6status"
        "\0\4code\2\0\x1dNetConnection.Connect.Success"
        "\0\x0b" "description\2\0\x15" "Connection succeeded."
        "\0\x0eobjectEncoding" NUM_0 END;

    begin();
    nvr_reply_number(&w, 128, 2, 1);
    read_back(128, 3, 20, "createStream");
    is_mem(msg.data, msg.len, S(result), "its bytes");

    begin();
    nvr_reply_result(&w, 128, 2);
    read_back(128, 3, 20, "_result");
    is_mem(msg.data, msg.len, S("\2\0\7_result" NUM_2 NUL "\6"), "its bytes");

    begin();
    nvr_reply_connect(&w, 128, 1, 0);
    read_back(128, 3, 20, "connect");
    is_mem(msg.data, msg.len, S(conn), "its bytes");

    begin();
    nvr_reply_connect_rejected(&w, 64, 1, "no such app");
    read_back(64, 3, 20, "connect rejected");
    is_int(nvr_command_parse(20, msg.data, msg.len, &cmd, NULL), NVM_OK,
           "is a command");
    is_text(&cmd.name, "_error", "its name");

    stream.data = (const uint8_t *) "cam";
    stream.len = 3;

    begin();
    nvr_reply_on_fcpublish(&w, 4096, &stream);
    read_back(4096, 3, 20, "onFCPublish");
    is_mem(msg.data, msg.len, S(fc), "its bytes");

    begin();
    nvr_reply_status(&w, 128, 1, "error", "NetStream.Publish.Denied", "no");
    read_back(128, 5, 20, "onStatus");
    is_int(msg.stream_id, 1, "its stream");
    is_mem(msg.data, msg.len, S(status), "its bytes");
}


/* A stream name of a client's is cut; no room is an error. */
static void
test_reply_limits(void)
{
    char       *text;
    nvr_str_t   stream;

    text = malloc(70001);
    memset(text, 'x', 70000);
    text[70000] = 0;
    stream.data = (const uint8_t *) text;
    stream.len = 70000;

    begin();
    nvr_reply_on_fcunpublish(&w, NVR_REPLY_MIN_CHUNK, &stream);
    read_back(NVR_REPLY_MIN_CHUNK, 3, 20, "long name");

    begin();
    nvr_reply_status(&w, NVR_REPLY_MIN_CHUNK, 1, "error", text, text);
    read_back(NVR_REPLY_MIN_CHUNK, 5, 20, "long texts");

    begin();
    nvr_reply_status(&w, 128, 1, text, "code", "text");
    is_int(w.error, NVM_EOVERFLOW, "level too long");

    nvm_writer_init(&w, out, 40);
    nvr_reply_connect(&w, 128, 1, 0);
    is_int(w.error, NVM_EOVERFLOW, "no room");

    stream.data = NULL;
    stream.len = 0;
    begin();
    nvr_reply_on_fcpublish(&w, 128, &stream);
    read_back(128, 3, 20, "empty name");

    free(text);
}


int
main(void)
{
    test_connect();
    test_streams();
    test_metadata();
    test_control();
    test_reply_control();
    test_reply_command();
    test_reply_limits();

    (void) parse(0, NULL, 0, NULL, NULL);
    nvr_chunk_done(&in);

    return done_testing();
}
