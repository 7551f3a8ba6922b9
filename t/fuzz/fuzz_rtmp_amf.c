/*
 * Copyright (C) ngx_video authors
 *
 * AMF0 and the command parser.  Byte 0 is the message type; nothing here
 * allocates.  Scalars that were read are written and must read the same.
 */

#include "fuzz.h"
#include "nvr_amf.h"
#include "nvr_command.h"
#include "nvr_reply.h"


/* Touches every byte, so that a bad pointer is seen. */
static void
touch(const nvr_str_t *s)
{
    size_t            i;
    volatile uint8_t  sum;

    sum = 0;

    for (i = 0; i < s->len; i++) {
        sum = (uint8_t) (sum + s->data[i]);
    }

    (void) sum;
}


static void
member(void *data, const nvr_str_t *key, const nvr_amf_value_t *v)
{
    (*(size_t *) data)++;
    touch(key);
    touch(&v->string);
    (void) nvr_amf_to_u32(v->number, UINT32_MAX);
}


static void
round_trip(const nvr_amf_value_t *v)
{
    size_t           len;
    uint8_t         *buf;
    nvm_reader_t     r;
    nvm_writer_t     w;
    nvr_amf_value_t  back;

    len = v->string.len + 16;
    buf = malloc(len);
    if (buf == NULL) {
        return;
    }

    nvm_writer_init(&w, buf, len);

    switch (v->type) {

    case NVR_AMF_NUMBER:
        nvr_amf_write_number(&w, v->number);
        break;

    case NVR_AMF_BOOLEAN:
        nvr_amf_write_bool(&w, v->number != 0);
        break;

    case NVR_AMF_STRING:
        nvr_amf_write_string(&w, v->string.data, v->string.len);
        break;

    default:
        free(buf);
        return;
    }

    nvm_reader_init(&r, buf, w.len, 0);

    if (w.error || nvr_amf_value(&r, &back) != NVM_OK
        || nvm_reader_left(&r) || back.type != v->type
        || memcmp(&back.number, &v->number, sizeof(double)) != 0
        || back.string.len != v->string.len)
    {
        abort();
    }

    free(buf);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t           n, left;
    uint8_t          out[NVR_REPLY_MAX];
    nvm_fault_t      f = { 0 };
    nvm_reader_t     r;
    nvm_writer_t     w;
    nvr_command_t    cmd;
    nvr_amf_value_t  v;

    if (size < 1) {
        return 0;
    }

    if (nvr_command_parse(data[0], data + 1, size - 1, &cmd, &f) != NVM_OK
        && (f.code == NVM_OK || f.offset > size || f.what == NULL))
    {
        abort();
    }

    touch(&cmd.name);
    touch(&cmd.app);
    touch(&cmd.tc_url);
    touch(&cmd.flash_ver);
    touch(&cmd.stream);
    touch(&cmd.publish_type);

    nvm_writer_init(&w, out, sizeof(out));
    nvr_reply_on_fcpublish(&w, NVR_REPLY_MIN_CHUNK, &cmd.stream);
    if (w.error) {
        abort();
    }

    n = 0;
    nvm_reader_init(&r, data + 1, size - 1, 0);
    (void) nvr_amf_object(&r, member, &n);

    /* Every member has a key and a type. */
    if (n * 3 > size) {
        abort();
    }

    nvm_reader_init(&r, data + 1, size - 1, 0);

    while (nvm_reader_left(&r)) {
        left = nvm_reader_left(&r);

        if (nvr_amf_value(&r, &v) != NVM_OK) {
            break;
        }

        if (nvm_reader_left(&r) >= left) {
            abort();
        }

        touch(&v.string);
        round_trip(&v);
    }

    return 0;
}
