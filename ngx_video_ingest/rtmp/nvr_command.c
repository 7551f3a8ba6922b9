/*
 * Copyright (C) ngx_video authors
 *
 * Command, data and control messages.
 *
 * A command is a name, a transaction id, a command object (null for all but
 * connect) and arguments.  Senders differ in the arguments that they leave
 * out: only what the server can't do without is demanded.
 */

#include <string.h>

#include "nvm_reader.h"
#include "nvm_writer.h"
#include "nvr_chunk.h"
#include "nvr_command.h"


/* Above it a number in metadata is nonsense; none is far below. */
#define NVR_METADATA_MAX    1e9

#define NVR_COMMAND_HOPS    1000


typedef nvm_err_e (*nvr_command_args_pt)(nvm_reader_t *r, nvr_command_t *cmd);

typedef struct {
    const char           *name;
    nvr_command_e         kind;
    nvr_command_args_pt   args;     /* reads what follows the transaction id */
} nvr_command_def_t;


static nvm_err_e nvr_command_connect(nvm_reader_t *r, nvr_command_t *cmd);
static nvm_err_e nvr_command_stream(nvm_reader_t *r, nvr_command_t *cmd);
static nvm_err_e nvr_command_publish(nvm_reader_t *r, nvr_command_t *cmd);
static nvm_err_e nvr_command_delete(nvm_reader_t *r, nvr_command_t *cmd);


static const nvr_command_def_t  nvr_commands[] = {
    { "connect", NVR_CMD_CONNECT, nvr_command_connect },
    { "releaseStream", NVR_CMD_RELEASE_STREAM, nvr_command_stream },
    { "FCPublish", NVR_CMD_FCPUBLISH, nvr_command_stream },
    { "createStream", NVR_CMD_CREATE_STREAM, NULL },
    { "publish", NVR_CMD_PUBLISH, nvr_command_publish },
    { "FCUnpublish", NVR_CMD_FCUNPUBLISH, nvr_command_stream },
    { "deleteStream", NVR_CMD_DELETE_STREAM, nvr_command_delete },
    { "closeStream", NVR_CMD_CLOSE_STREAM, NULL },
    { "_checkbw", NVR_CMD_CHECKBW, NULL },
    { "getStreamLength", NVR_CMD_GET_STREAM_LENGTH, nvr_command_stream },
    { "play", NVR_CMD_PLAY, nvr_command_stream },
    { NULL, NVR_CMD_UNKNOWN, NULL }
};


static nvm_err_e
nvr_command_fail(nvm_fault_t *f, nvm_err_e code, const nvm_reader_t *r,
    const char *where, const char *what)
{
    nvm_writer_t  w;

    if (f != NULL && f->code == NVM_OK) {
        nvm_writer_init(&w, f->where, sizeof(f->where));
        nvm_writer_text(&w, where);
        nvm_writer_u8(&w, 0);
    }

    return nvm_fault(f, code, nvm_reader_offset(r), what);
}


/* A string that may be missing or null. */
static nvm_err_e
nvr_command_text(nvm_reader_t *r, nvr_str_t *s)
{
    nvr_amf_value_t  v;

    if (r->error || nvm_reader_left(r) == 0) {
        return r->error;
    }

    if (nvr_amf_value(r, &v) == NVM_OK
        && (v.type == NVR_AMF_STRING || v.type == NVR_AMF_LONG_STRING))
    {
        *s = v.string;
    }

    return r->error;
}


/* The command object of all commands but connect. */
static void
nvr_command_object(nvm_reader_t *r)
{
    if (nvm_reader_left(r)) {
        (void) nvr_amf_skip(r);
    }
}


static void
nvr_command_connect_member(void *data, const nvr_str_t *key,
    const nvr_amf_value_t *v)
{
    nvr_command_t  *cmd;

    cmd = data;

    if (v->type == NVR_AMF_NUMBER) {
        if (nvr_str_eq(key, "objectEncoding")) {
            cmd->object_encoding = v->number;

        } else if (nvr_str_eq(key, "relayHops")) {
            cmd->hops = nvr_amf_to_u32(v->number, NVR_COMMAND_HOPS);
        }

        return;
    }

    if (v->type != NVR_AMF_STRING && v->type != NVR_AMF_LONG_STRING) {
        return;
    }

    if (nvr_str_eq(key, "app")) {
        cmd->app = v->string;

    } else if (nvr_str_eq(key, "tcUrl")) {
        cmd->tc_url = v->string;

    } else if (nvr_str_eq(key, "flashVer")) {
        cmd->flash_ver = v->string;

    } else if (nvr_str_eq(key, "swfUrl")) {
        cmd->swf_url = v->string;

    } else if (nvr_str_eq(key, "pageUrl")) {
        cmd->page_url = v->string;
    }
}


static nvm_err_e
nvr_command_connect(nvm_reader_t *r, nvr_command_t *cmd)
{
    return nvr_amf_object(r, nvr_command_connect_member, cmd);
}


static nvm_err_e
nvr_command_stream(nvm_reader_t *r, nvr_command_t *cmd)
{
    nvr_command_object(r);

    return nvr_command_text(r, &cmd->stream);
}


static nvm_err_e
nvr_command_publish(nvm_reader_t *r, nvr_command_t *cmd)
{
    nvr_command_object(r);
    (void) nvr_amf_string(r, &cmd->stream);

    return nvr_command_text(r, &cmd->publish_type);
}


static nvm_err_e
nvr_command_delete(nvm_reader_t *r, nvr_command_t *cmd)
{
    nvr_amf_value_t  v;

    nvr_command_object(r);

    if (r->error || nvm_reader_left(r) == 0) {
        return r->error;
    }

    if (nvr_amf_value(r, &v) == NVM_OK && v.type == NVR_AMF_NUMBER) {
        cmd->stream_id = nvr_amf_to_u32(v.number, UINT32_MAX);
    }

    return r->error;
}


/* A codec is a number of FLV's, or its FourCC as a number or a string. */
static uint32_t
nvr_metadata_codec(const nvr_amf_value_t *v)
{
    nvm_reader_t  r;

    if (v->type == NVR_AMF_NUMBER) {
        return nvr_amf_to_u32(v->number, UINT32_MAX);
    }

    if (v->type != NVR_AMF_STRING || v->string.len != 4) {
        return 0;
    }

    nvm_reader_init(&r, v->string.data, v->string.len, 0);

    return nvm_reader_u32(&r);
}


static void
nvr_metadata_member(void *data, const nvr_str_t *key, const nvr_amf_value_t *v)
{
    double           number;
    nvr_metadata_t  *m;

    m = data;

    if (nvr_str_eq(key, "videocodecid")) {
        m->videocodecid = nvr_metadata_codec(v);
        return;
    }

    if (nvr_str_eq(key, "audiocodecid")) {
        m->audiocodecid = nvr_metadata_codec(v);
        return;
    }

    if (v->type != NVR_AMF_NUMBER) {
        return;
    }

    number = v->number > 0 && v->number <= NVR_METADATA_MAX ? v->number : 0;

    if (nvr_str_eq(key, "width")) {
        m->width = number;

    } else if (nvr_str_eq(key, "height")) {
        m->height = number;

    } else if (nvr_str_eq(key, "framerate")) {
        m->framerate = number;

    } else if (nvr_str_eq(key, "videodatarate")) {
        m->videodatarate = number;

    } else if (nvr_str_eq(key, "audiodatarate")) {
        m->audiodatarate = number;

    } else if (nvr_str_eq(key, "audiosamplerate")) {
        m->audiosamplerate = number;
    }
}


static nvm_err_e
nvr_command_data(nvm_reader_t *r, nvr_command_t *cmd, nvm_fault_t *f)
{
    if (nvr_amf_string(r, &cmd->name) != NVM_OK) {
        return nvr_command_fail(f, r->error, r, "data message", "no name");
    }

    if (nvr_str_eq(&cmd->name, "@setDataFrame")
        && nvr_amf_string(r, &cmd->name) != NVM_OK)
    {
        return nvr_command_fail(f, r->error, r, "@setDataFrame", "no name");
    }

    if (!nvr_str_eq(&cmd->name, "onMetaData")) {
        return NVM_OK;
    }

    cmd->kind = NVR_CMD_METADATA;

    if (nvm_reader_left(r) == 0) {
        return NVM_OK;
    }

    if (nvr_amf_object(r, nvr_metadata_member, &cmd->metadata) != NVM_OK) {
        return nvr_command_fail(f, r->error, r, "onMetaData",
                                "malformed metadata");
    }

    return NVM_OK;
}


static nvm_err_e
nvr_command_call(nvm_reader_t *r, nvr_command_t *cmd, nvm_fault_t *f)
{
    nvr_amf_value_t           v;
    const nvr_command_def_t  *def;

    if (nvr_amf_string(r, &cmd->name) != NVM_OK) {
        return nvr_command_fail(f, r->error, r, "command", "no name");
    }

    for (def = nvr_commands; def->name != NULL; def++) {
        if (nvr_str_eq(&cmd->name, def->name)) {
            break;
        }
    }

    cmd->kind = def->kind;

    if (def->name == NULL) {

        /* The id lets the caller answer; what else is there is unknown. */
        if (nvr_amf_value(r, &v) == NVM_OK && v.type == NVR_AMF_NUMBER) {
            cmd->txid = v.number;
        }

        return NVM_OK;
    }

    if (nvr_amf_number(r, &cmd->txid) != NVM_OK) {
        return nvr_command_fail(f, r->error, r, def->name,
                                "no transaction id");
    }

    if (def->args != NULL && def->args(r, cmd) != NVM_OK) {
        return nvr_command_fail(f, r->error, r, def->name,
                                "malformed arguments");
    }

    return NVM_OK;
}


nvm_err_e
nvr_command_parse(uint8_t type, const uint8_t *data, size_t n,
    nvr_command_t *cmd, nvm_fault_t *f)
{
    nvm_reader_t  r;

    memset(cmd, 0, sizeof(nvr_command_t));
    nvm_reader_init(&r, data, n, 0);

    switch (type) {

    case NVR_MSG_COMMAND_AMF3:
    case NVR_MSG_DATA_AMF3:

        /* AMF0 after a byte that says so: no AMF0 string begins with 0. */
        if (nvm_reader_left(&r) && nvm_reader_peek(&r) == 0) {
            nvm_reader_skip(&r, 1);
        }

        break;

    case NVR_MSG_COMMAND:
    case NVR_MSG_DATA:
        break;

    default:
        return nvr_command_fail(f, NVM_EINVAL, &r, "message",
                                "not a command or data message");
    }

    if (type == NVR_MSG_DATA || type == NVR_MSG_DATA_AMF3) {
        return nvr_command_data(&r, cmd, f);
    }

    return nvr_command_call(&r, cmd, f);
}


nvm_err_e
nvr_control_parse(uint8_t type, const uint8_t *data, size_t n,
    nvr_control_t *ctl, nvm_fault_t *f)
{
    nvm_reader_t  r;

    memset(ctl, 0, sizeof(nvr_control_t));
    nvm_reader_init(&r, data, n, 0);

    if (type == 0 || type > NVR_MSG_SET_PEER_BANDWIDTH) {
        return nvr_command_fail(f, NVM_EINVAL, &r, "message",
                                "not a protocol control message");
    }

    if (type == NVR_MSG_USER_CONTROL) {
        ctl->event = nvm_reader_u16(&r);

        if (ctl->event > NVR_EVENT_PING_RESPONSE) {
            return NVM_OK;              /* not in the standard */
        }
    }

    ctl->value = nvm_reader_u32(&r);

    if (r.error) {
        return nvr_command_fail(f, r.error, &r, "protocol control message",
                                "too short");
    }

    return NVM_OK;
}
