/*
 * Copyright (C) ngx_video authors
 *
 * The client's side of RTMP: declared in nvr_client.h.  What it says is in
 * nvr_client_say.c.
 */

#include <string.h>

#include "nvm_reader.h"
#include "nvr_client.h"
#include "nvr_client_say.h"
#include "nvr_command.h"


#define NVR_CLIENT_VERSION      3

/* Values of a command that are looked at. */
#define NVR_CLIENT_VALUES       4

/* A shorter name is found in any text, and is no secret. */
#define NVR_CLIENT_KEY          4


/* A command of the server's. */
typedef struct {
    nvr_str_t   name;
    double      txid;
    double      number;         /* the last one among its values */
    nvr_str_t   level;
    nvr_str_t   code;
    nvr_str_t   description;
} nvr_client_call_t;


static nvm_err_e
nvr_client_fail(nvr_client_t *c, nvm_err_e code, const char *what)
{
    static const char *const  where[] = {
        "handshake", "connect", "createStream", "publish", "stream"
    };

    const char    *name;
    nvm_writer_t   w;

    if (c->fault.code == NVM_OK) {
        name = where[c->state];

        if (c->state == NVR_CLIENT_START && c->conf.play) {
            name = "play";
        }

        nvm_writer_init(&w, c->fault.where, sizeof(c->fault.where));
        nvm_writer_text(&w, name);
        nvm_writer_u8(&w, 0);
    }

    return nvm_fault(&c->fault, code, c->received, what);
}


/* A text of the server's, for the log: printable, and cut. */
static void
nvr_client_print(char *buf, size_t size, const nvr_str_t *s)
{
    size_t        i;
    uint8_t       ch;
    nvm_reader_t  r;

    nvm_reader_init(&r, s->len ? s->data : (const uint8_t *) buf, s->len, 0);

    for (i = 0; i + 1 < size && nvm_reader_left(&r); i++) {
        ch = nvm_reader_u8(&r);
        buf[i] = (char) ((ch >= 0x20 && ch < 0x7f && ch != '"') ? ch : '?');
    }

    buf[i] = '\0';
}


/* A stream's name may be a key, and is not to be seen in a log. */
static int
nvr_client_tells(const nvr_client_t *c, const nvr_str_t *s)
{
    size_t  i;

    if (c->conf.stream.len < NVR_CLIENT_KEY) {
        return 0;
    }

    for (i = 0; i + c->conf.stream.len <= s->len; i++) {
        if (memcmp(s->data + i, c->conf.stream.data, c->conf.stream.len)
            == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* The server says no, or that it is over. */
static nvm_err_e
nvr_client_refused(nvr_client_t *c, const nvr_client_call_t *call,
    const char *what)
{
    if (!nvr_client_tells(c, &call->code)) {
        nvr_client_print(c->code, sizeof(c->code), &call->code);
    }

    if (!nvr_client_tells(c, &call->description)) {
        nvr_client_print(c->text, sizeof(c->text), &call->description);
    }

    return nvr_client_fail(c, NVM_ENOENT, what);
}


static void
nvr_client_member(void *data, const nvr_str_t *key, const nvr_amf_value_t *v)
{
    nvr_client_call_t  *call;

    call = data;

    if (v->type != NVR_AMF_STRING) {
        return;
    }

    if (nvr_str_eq(key, "level")) {
        call->level = v->string;

    } else if (nvr_str_eq(key, "code")) {
        call->code = v->string;

    } else if (nvr_str_eq(key, "description")) {
        call->description = v->string;
    }
}


/* NVM_EAGAIN, not an error: it is nothing that we know how to read. */
static nvm_err_e
nvr_client_parse(nvr_client_call_t *call, const nvr_message_t *msg)
{
    int              i;
    uint8_t          type;
    nvm_reader_t     r;
    nvr_amf_value_t  v;

    memset(call, 0, sizeof(nvr_client_call_t));
    nvm_reader_init(&r, msg->data, msg->len, 0);

    if (msg->type == NVR_MSG_COMMAND_AMF3 && nvm_reader_left(&r)
        && nvm_reader_peek(&r) == 0)
    {
        nvm_reader_skip(&r, 1);
    }

    if (nvr_amf_string(&r, &call->name) != NVM_OK) {
        return NVM_EINVAL;
    }

    if (nvr_amf_number(&r, &call->txid) != NVM_OK) {
        return NVM_EAGAIN;
    }

    for (i = 0; i < NVR_CLIENT_VALUES && nvm_reader_left(&r); i++) {
        type = nvm_reader_peek(&r);

        if (type == NVR_AMF_OBJECT || type == NVR_AMF_ECMA_ARRAY) {
            (void) nvr_amf_object(&r, nvr_client_member, call);

        } else if (nvr_amf_value(&r, &v) == NVM_OK
                   && v.type == NVR_AMF_NUMBER)
        {
            call->number = v.number;
        }

        /* what follows a value that can't be read is left alone */
        if (r.error) {
            break;
        }
    }

    return NVM_OK;
}


/* Of a message stream: it has started, it is over, or it never will. */
static nvm_err_e
nvr_client_status(nvr_client_t *c, const nvr_client_call_t *call,
    nvr_client_event_e *event)
{
    size_t                    i;
    static const char *const  over[] = {
        "NetConnection.Connect.Closed", "NetStream.Unpublish.Success",
        "NetStream.Play.Stop", "NetStream.Play.Complete",
        "NetStream.Play.UnpublishNotify", "NetStream.Play.StreamNotFound"
    };

    if (nvr_str_eq(&call->level, "error")) {
        return nvr_client_refused(c, call, c->state == NVR_CLIENT_READY
                                           ? "ended by the server"
                                           : "refused by the server");
    }

    for (i = 0; i < sizeof(over) / sizeof(over[0]); i++) {
        if (nvr_str_eq(&call->code, over[i])) {
            return nvr_client_refused(c, call, "ended by the server");
        }
    }

    if (c->state == NVR_CLIENT_START
        && nvr_str_eq(&call->code, c->conf.play ? "NetStream.Play.Start"
                                            : "NetStream.Publish.Start"))
    {
        c->state = NVR_CLIENT_READY;
        *event = NVR_CLIENT_STARTED;
        return NVM_OK;
    }

    return NVM_EAGAIN;
}


static nvm_err_e
nvr_client_result(nvr_client_t *c, const nvr_client_call_t *call)
{
    if (c->state == NVR_CLIENT_CONNECT
        && call->txid == NVR_CLIENT_TX_CONNECT)
    {
        c->state = NVR_CLIENT_CREATE;
        return nvr_client_say_create(c);
    }

    if (c->state == NVR_CLIENT_CREATE && call->txid == NVR_CLIENT_TX_CREATE) {
        c->stream_id = nvr_amf_to_u32(call->number, UINT32_MAX);
        c->state = NVR_CLIENT_START;
        return nvr_client_say_start(c);
    }

    return NVM_EAGAIN;
}


static nvm_err_e
nvr_client_command(nvr_client_t *c, const nvr_message_t *msg,
    nvr_client_event_e *event)
{
    nvm_err_e          rc;
    nvr_client_call_t  call;

    rc = nvr_client_parse(&call, msg);

    if (rc != NVM_OK) {
        return rc == NVM_EAGAIN
               ? rc : nvr_client_fail(c, rc, "malformed command");
    }

    if (nvr_str_eq(&call.name, "_result")) {
        return nvr_client_result(c, &call);
    }

    if (nvr_str_eq(&call.name, "_error")) {

        /* releaseStream and FCPublish are not known everywhere */
        if ((c->state == NVR_CLIENT_CONNECT
             && call.txid == NVR_CLIENT_TX_CONNECT)
            || (c->state == NVR_CLIENT_CREATE
                && call.txid == NVR_CLIENT_TX_CREATE)
            || (c->state == NVR_CLIENT_START
                && call.txid == NVR_CLIENT_TX_START))
        {
            return nvr_client_refused(c, &call, "refused by the server");
        }

        return NVM_EAGAIN;
    }

    if (nvr_str_eq(&call.name, "onStatus")) {
        return nvr_client_status(c, &call, event);
    }

    if (nvr_str_eq(&call.name, "close")) {
        return nvr_client_refused(c, &call, "ended by the server");
    }

    return NVM_EAGAIN;
}


static nvm_err_e
nvr_client_control(nvr_client_t *c, const nvr_message_t *msg)
{
    nvr_control_t  ctl;

    if (nvr_control_parse(msg->type, msg->data, msg->len, &ctl, NULL)
        != NVM_OK)
    {
        return nvr_client_fail(c, NVM_EINVAL, "invalid control message");
    }

    if (msg->type == NVR_MSG_WINDOW_ACK_SIZE) {
        c->window = ctl.value;

    } else if (msg->type == NVR_MSG_USER_CONTROL) {

        if (ctl.event == NVR_EVENT_PING_REQUEST) {
            c->ping = ctl.value;
            c->pinged = 1;

        } else if (ctl.event == NVR_EVENT_STREAM_EOF && c->conf.play
                   && c->state == NVR_CLIENT_READY)
        {
            return nvr_client_fail(c, NVM_ENOENT, "ended by the server");
        }
    }

    return NVM_EAGAIN;
}


/* NVM_OK: an event for the caller; NVM_EAGAIN: there is none. */
static nvm_err_e
nvr_client_message(nvr_client_t *c, const nvr_message_t *msg,
    nvr_client_event_e *event)
{
    switch (msg->type) {

    case NVR_MSG_ACK:
    case NVR_MSG_USER_CONTROL:
    case NVR_MSG_WINDOW_ACK_SIZE:
    case NVR_MSG_SET_PEER_BANDWIDTH:
        return nvr_client_control(c, msg);

    case NVR_MSG_COMMAND:
    case NVR_MSG_COMMAND_AMF3:
        return nvr_client_command(c, msg, event);

    case NVR_MSG_AUDIO:
    case NVR_MSG_VIDEO:
    case NVR_MSG_DATA:
    case NVR_MSG_DATA_AMF3:
    case NVR_MSG_AGGREGATE:

        if (c->conf.play && c->state == NVR_CLIENT_READY) {
            *event = NVR_CLIENT_MESSAGE;
            return NVM_OK;
        }

        return NVM_EAGAIN;

    default:
        return NVM_EAGAIN;
    }
}


/* S0, S1 and S2; NVM_OK when all of them have come. */
static nvm_err_e
nvr_client_handshake(nvr_client_t *c, nvm_reader_t *r)
{
    size_t        n;
    nvm_writer_t  w;

    if (c->got == 0 && nvm_reader_left(r)) {
        if (nvm_reader_u8(r) != NVR_CLIENT_VERSION) {
            return nvr_client_fail(c, NVM_EINVAL,
                                   "not the version byte of RTMP");
        }

        c->got = 1;
    }

    if (c->got && c->got < 1 + NVR_HANDSHAKE_SIZE) {
        n = 1 + NVR_HANDSHAKE_SIZE - c->got;
        n = n < nvm_reader_left(r) ? n : nvm_reader_left(r);

        nvm_writer_init(&w, c->s1, sizeof(c->s1));
        w.len = c->got - 1;
        nvm_writer_bytes(&w, nvm_reader_bytes(r, n), n);
        c->got += n;

        if (c->got == 1 + NVR_HANDSHAKE_SIZE) {
            /* RTMP 1.0, 5.2.4: an echo */
            nvr_client_say(c, c->s1, sizeof(c->s1));
        }
    }

    if (c->got >= 1 + NVR_HANDSHAKE_SIZE) {
        n = NVR_HANDSHAKE_OUT - c->got;
        n = n < nvm_reader_left(r) ? n : nvm_reader_left(r);

        nvm_reader_skip(r, n);
        c->got += n;
    }

    if (c->got < NVR_HANDSHAKE_OUT) {
        return NVM_EAGAIN;
    }

    c->state = NVR_CLIENT_CONNECT;

    return nvr_client_say_connect(c);
}


static nvm_err_e
nvr_client_run(nvr_client_t *c, const uint8_t *data, size_t n,
    size_t *consumed, nvr_client_event_e *event, nvr_message_t *msg)
{
    size_t        used;
    nvm_err_e     rc;
    nvm_reader_t  r;

    nvm_reader_init(&r, n ? data : c->s1, n, 0);

    if (c->state == NVR_CLIENT_HANDSHAKE) {
        rc = nvr_client_handshake(c, &r);

        *consumed = (size_t) nvm_reader_offset(&r);
        c->received += *consumed;

        if (rc != NVM_OK) {
            return rc;
        }
    }

    for ( ;; ) {
        n = nvm_reader_left(&r);

        rc = nvr_chunk_feed(&c->in, n ? nvm_reader_bytes(&r, 0) : c->s1, n,
                            &used, msg);

        nvm_reader_skip(&r, used);
        *consumed += used;
        c->received += used;

        if (rc == NVM_EAGAIN) {
            return rc;
        }

        if (rc != NVM_OK) {
            return nvr_client_fail(c, rc, c->in.fault.what
                                          ? c->in.fault.what
                                          : "invalid chunk stream");
        }

        rc = nvr_client_message(c, msg, event);

        if (rc != NVM_EAGAIN) {
            return rc;
        }
    }
}


nvm_err_e
nvr_client_feed(nvr_client_t *c, const uint8_t *data, size_t n,
    size_t *consumed, nvr_client_event_e *event, nvr_message_t *msg)
{
    nvm_err_e  rc;

    *consumed = 0;

    if (c->fault.code != NVM_OK) {
        return c->fault.code;
    }

    rc = nvr_client_run(c, data, n, consumed, event, msg);

    if (rc == NVM_OK || rc == NVM_EAGAIN) {
        nvr_client_say_control(c);
    }

    return rc;
}


nvm_err_e
nvr_client_init(nvr_client_t *c, const nvr_client_conf_t *conf,
    const nvr_mem_t *mem, const uint8_t random[NVR_HANDSHAKE_SIZE])
{
    uint8_t       c0;
    nvm_writer_t  w;

    memset(c, 0, sizeof(nvr_client_t));

    c->conf = *conf;
    c->chunk = NVR_CHUNK_SIZE;

    nvr_chunk_init(&c->in, mem);
    c->in.max_message = NVR_CLIENT_MAX_MESSAGE;

    if (conf->app.len > NVR_CLIENT_MAX_NAME
        || conf->tc_url.len > NVR_CLIENT_MAX_NAME
        || conf->stream.len > NVR_CLIENT_MAX_NAME)
    {
        return nvr_client_fail(c, NVM_ELIMIT, "a name is too long");
    }

    /* RTMP 1.0, 5.2.2 and 5.2.3: version; time, zero, random */
    c0 = NVR_CLIENT_VERSION;
    nvr_client_say(c, &c0, 1);

    nvm_writer_init(&w, c->s1, sizeof(c->s1));
    nvm_writer_bytes(&w, random, NVR_HANDSHAKE_SIZE);
    nvm_writer_patch_u32(&w, 0, 0);
    nvm_writer_patch_u32(&w, 4, 0);
    nvr_client_say(c, c->s1, sizeof(c->s1));

    return NVM_OK;
}


void
nvr_client_done(nvr_client_t *c)
{
    nvr_chunk_done(&c->in);
}


int
nvr_client_write(const nvr_client_t *c, nvm_writer_t *w, nvr_message_t *msg,
    size_t *offset)
{
    size_t  left;

    msg->stream_id = c->stream_id;
    msg->csid = (msg->type == NVR_MSG_AUDIO) ? NVR_CLIENT_CSID_AUDIO
                : (msg->type == NVR_MSG_VIDEO) ? NVR_CLIENT_CSID_VIDEO
                                               : NVR_CLIENT_CSID_DATA;

    do {
        left = msg->len - *offset;
        left = left < c->chunk ? left : c->chunk;

        if (w->size - w->len < NVR_CHUNK_MAX_HEADER + left) {
            return 0;
        }

        nvr_chunk_write_one(w, c->chunk, msg, offset);

    } while (*offset < msg->len);

    return 1;
}
