/*
 * Copyright (C) ngx_video authors
 *
 * The AMF0 reader; the writer is in nvr_amf_write.c.
 *
 * Every loop here consumes at least one byte a turn or ends: a failed read
 * sets r->error, and no count that the input claims is used as a bound before
 * it is compared with the bytes that are left.
 */

#include <string.h>

#include "nvr_amf.h"


/* Who is called for what is in a container. */
typedef struct {
    nvr_amf_member_pt   member;
    void               *data;
    unsigned            deep;           /* in those inside it, too */
} nvr_amf_walk_t;


static nvm_err_e nvr_amf_read(nvm_reader_t *r, nvr_amf_value_t *v,
    unsigned depth, const nvr_amf_walk_t *walk);


static nvm_err_e
nvr_amf_fail(nvm_reader_t *r, nvm_err_e code)
{
    if (r->error == NVM_OK) {
        r->error = code;
    }

    return r->error;
}


static double
nvr_amf_double(nvm_reader_t *r)
{
    double    d;
    uint64_t  bits;

    bits = nvm_reader_u64(r);
    memcpy(&d, &bits, sizeof(d));

    return d;
}


static void
nvr_amf_bytes(nvm_reader_t *r, size_t len, nvr_str_t *s)
{
    s->data = nvm_reader_bytes(r, len);
    s->len = s->data ? len : 0;
}


/*
 * The key of the next member; 0 at the end of the object.  An ECMA array may
 * end with the message: some encoders forget the end marker there.
 */
static int
nvr_amf_key(nvm_reader_t *r, uint8_t type, nvr_str_t *key)
{
    if (type == NVR_AMF_ECMA_ARRAY && nvm_reader_left(r) == 0) {
        return 0;
    }

    nvr_amf_bytes(r, nvm_reader_u16(r), key);

    if (r->error) {
        return 0;
    }

    if (key->len == 0 && nvm_reader_peek(r) == NVR_AMF_OBJECT_END) {
        nvm_reader_skip(r, 1);
        return 0;
    }

    return 1;
}


static int
nvr_amf_container(const nvr_amf_value_t *v)
{
    switch (v->type) {

    case NVR_AMF_OBJECT:
    case NVR_AMF_ECMA_ARRAY:
    case NVR_AMF_STRICT_ARRAY:
    case NVR_AMF_TYPED_OBJECT:
        return 1;

    default:
        return 0;
    }
}


/* The members of a container whose marker has been read. */
static nvm_err_e
nvr_amf_members(nvm_reader_t *r, uint8_t type, unsigned depth,
    const nvr_amf_walk_t *walk)
{
    nvr_str_t              key;
    nvr_amf_value_t        v;
    const nvr_amf_walk_t  *inside;

    if (depth >= NVM_MAX_AMF_DEPTH) {
        return nvr_amf_fail(r, NVM_ELIMIT);
    }

    if (type == NVR_AMF_ECMA_ARRAY) {
        /* The count is a hint and often wrong: AMF0, 2.10. */
        nvm_reader_skip(r, 4);

    } else if (type == NVR_AMF_TYPED_OBJECT) {
        nvm_reader_skip(r, nvm_reader_u16(r));
    }

    inside = walk && walk->deep ? walk : NULL;

    while (r->error == NVM_OK && nvr_amf_key(r, type, &key)) {

        if (nvr_amf_read(r, &v, depth + 1, inside) == NVM_OK && walk
            && !nvr_amf_container(&v))
        {
            walk->member(walk->data, &key, &v);
        }
    }

    return r->error;
}


static nvm_err_e
nvr_amf_elements(nvm_reader_t *r, unsigned depth)
{
    uint32_t         n;
    nvr_amf_value_t  v;

    if (depth >= NVM_MAX_AMF_DEPTH) {
        return nvr_amf_fail(r, NVM_ELIMIT);
    }

    n = nvm_reader_u32(r);

    /* A value has at least one byte. */
    if (n > nvm_reader_left(r)) {
        return nvr_amf_fail(r, NVM_ETRUNC);
    }

    while (n-- && r->error == NVM_OK) {
        (void) nvr_amf_read(r, &v, depth + 1, NULL);
    }

    return r->error;
}


/* One value; depth is how many containers are around it. */
static nvm_err_e
nvr_amf_read(nvm_reader_t *r, nvr_amf_value_t *v, unsigned depth,
    const nvr_amf_walk_t *walk)
{
    memset(v, 0, sizeof(nvr_amf_value_t));

    v->type = nvm_reader_u8(r);

    if (r->error) {
        return r->error;
    }

    switch (v->type) {

    case NVR_AMF_NUMBER:
        v->number = nvr_amf_double(r);
        break;

    case NVR_AMF_BOOLEAN:
        v->number = nvm_reader_u8(r) != 0;
        break;

    case NVR_AMF_STRING:
        nvr_amf_bytes(r, nvm_reader_u16(r), &v->string);
        break;

    case NVR_AMF_LONG_STRING:
    case NVR_AMF_XML:
        nvr_amf_bytes(r, nvm_reader_u32(r), &v->string);
        break;

    case NVR_AMF_DATE:
        v->number = nvr_amf_double(r);
        nvm_reader_skip(r, 2);          /* time zone, reserved */
        break;

    case NVR_AMF_NULL:
    case NVR_AMF_UNDEFINED:
    case NVR_AMF_UNSUPPORTED:
        break;

    case NVR_AMF_OBJECT:
    case NVR_AMF_ECMA_ARRAY:
    case NVR_AMF_TYPED_OBJECT:
        return nvr_amf_members(r, v->type, depth, walk);

    case NVR_AMF_STRICT_ARRAY:
        return nvr_amf_elements(r, depth);

    case NVR_AMF_MOVIECLIP:
    case NVR_AMF_REFERENCE:
    case NVR_AMF_RECORDSET:
    case NVR_AMF_AVMPLUS:
        return nvr_amf_fail(r, NVM_EUNSUP);

    default:
        return nvr_amf_fail(r, NVM_EINVAL);
    }

    return r->error;
}


nvm_err_e
nvr_amf_value(nvm_reader_t *r, nvr_amf_value_t *v)
{
    return nvr_amf_read(r, v, 0, NULL);
}


nvm_err_e
nvr_amf_skip(nvm_reader_t *r)
{
    nvr_amf_value_t  v;

    return nvr_amf_read(r, &v, 0, NULL);
}


nvm_err_e
nvr_amf_number(nvm_reader_t *r, double *v)
{
    *v = 0;

    if (nvm_reader_u8(r) != NVR_AMF_NUMBER) {
        return nvr_amf_fail(r, NVM_EINVAL);
    }

    *v = nvr_amf_double(r);

    return r->error;
}


nvm_err_e
nvr_amf_boolean(nvm_reader_t *r, int *v)
{
    *v = 0;

    if (nvm_reader_u8(r) != NVR_AMF_BOOLEAN) {
        return nvr_amf_fail(r, NVM_EINVAL);
    }

    *v = nvm_reader_u8(r) != 0;

    return r->error;
}


nvm_err_e
nvr_amf_string(nvm_reader_t *r, nvr_str_t *s)
{
    memset(s, 0, sizeof(nvr_str_t));

    switch (nvm_reader_u8(r)) {

    case NVR_AMF_STRING:
        nvr_amf_bytes(r, nvm_reader_u16(r), s);
        break;

    case NVR_AMF_LONG_STRING:
        nvr_amf_bytes(r, nvm_reader_u32(r), s);
        break;

    default:
        return nvr_amf_fail(r, NVM_EINVAL);
    }

    return r->error;
}


nvm_err_e
nvr_amf_object(nvm_reader_t *r, nvr_amf_member_pt member, void *data)
{
    uint8_t         type;
    nvr_amf_walk_t  walk = { member, data, 0 };

    type = nvm_reader_u8(r);

    if (r->error) {
        return r->error;
    }

    switch (type) {

    case NVR_AMF_OBJECT:
    case NVR_AMF_ECMA_ARRAY:
    case NVR_AMF_TYPED_OBJECT:
        return nvr_amf_members(r, type, 0, &walk);

    case NVR_AMF_NULL:
    case NVR_AMF_UNDEFINED:
        return NVM_OK;

    case NVR_AMF_REFERENCE:
    case NVR_AMF_AVMPLUS:
        return nvr_amf_fail(r, NVM_EUNSUP);

    default:
        return nvr_amf_fail(r, NVM_EINVAL);
    }
}


nvm_err_e
nvr_amf_each(nvm_reader_t *r, nvr_amf_member_pt member, void *data)
{
    nvr_str_t        none = { NULL, 0 };
    nvr_amf_walk_t   walk = { member, data, 1 };
    nvr_amf_value_t  v;

    if (nvr_amf_read(r, &v, 0, &walk) == NVM_OK && !nvr_amf_container(&v)) {
        member(data, &none, &v);
    }

    return r->error;
}


int
nvr_str_eq(const nvr_str_t *s, const char *text)
{
    size_t  n;

    n = strlen(text);

    return s->len == n && (n == 0 || memcmp(s->data, text, n) == 0);
}


uint32_t
nvr_amf_to_u32(double v, uint32_t max)
{
    if (!(v > 0)) {             /* a NaN too */
        return 0;
    }

    return v < max ? (uint32_t) v : max;
}
