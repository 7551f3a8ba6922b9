/*
 * Copyright (C) ngx_video authors
 *
 * The AMF0 writer: declared in nvr_amf.h.
 */

#include <string.h>

#include "nvr_amf.h"


void
nvr_amf_write_number(nvm_writer_t *w, double v)
{
    uint64_t  bits;

    memcpy(&bits, &v, sizeof(bits));

    nvm_writer_u8(w, NVR_AMF_NUMBER);
    nvm_writer_u64(w, bits);
}


void
nvr_amf_write_bool(nvm_writer_t *w, int v)
{
    nvm_writer_u8(w, NVR_AMF_BOOLEAN);
    nvm_writer_u8(w, v != 0);
}


void
nvr_amf_write_string(nvm_writer_t *w, const void *data, size_t len)
{
    if (len > UINT32_MAX) {
        w->error = NVM_EOVERFLOW;
        return;
    }

    if (len > UINT16_MAX) {
        nvm_writer_u8(w, NVR_AMF_LONG_STRING);
        nvm_writer_u32(w, (uint32_t) len);

    } else {
        nvm_writer_u8(w, NVR_AMF_STRING);
        nvm_writer_u16(w, (uint16_t) len);
    }

    nvm_writer_bytes(w, data, len);
}


void
nvr_amf_write_text(nvm_writer_t *w, const char *text)
{
    nvr_amf_write_string(w, text, strlen(text));
}


void
nvr_amf_write_null(nvm_writer_t *w)
{
    nvm_writer_u8(w, NVR_AMF_NULL);
}


void
nvr_amf_write_undefined(nvm_writer_t *w)
{
    nvm_writer_u8(w, NVR_AMF_UNDEFINED);
}


void
nvr_amf_write_object_start(nvm_writer_t *w)
{
    nvm_writer_u8(w, NVR_AMF_OBJECT);
}


/* Strict: n values follow, and no end. */
void
nvr_amf_write_array_start(nvm_writer_t *w, uint32_t n)
{
    nvm_writer_u8(w, NVR_AMF_STRICT_ARRAY);
    nvm_writer_u32(w, n);
}


void
nvr_amf_write_key(nvm_writer_t *w, const char *key)
{
    size_t  len;

    len = strlen(key);

    if (len > UINT16_MAX) {
        w->error = NVM_EOVERFLOW;
        return;
    }

    nvm_writer_u16(w, (uint16_t) len);
    nvm_writer_bytes(w, key, len);
}


void
nvr_amf_write_object_end(nvm_writer_t *w)
{
    nvm_writer_u24(w, NVR_AMF_OBJECT_END);
}
