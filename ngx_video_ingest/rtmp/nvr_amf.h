/*
 * Copyright (C) ngx_video authors
 *
 * AMF0 (Action Message Format, 2007): reading over the bounded reader and
 * writing over the bounded writer.
 *
 * Errors stick in the reader: NVM_ETRUNC for a value that ends early,
 * NVM_EINVAL for another type than the one asked for, NVM_EUNSUP for
 * references, reserved types and the switch to AMF3, NVM_ELIMIT for
 * containers nested deeper than NVM_MAX_AMF_DEPTH.
 */

#ifndef NVR_AMF_H
#define NVR_AMF_H

#include "nvm.h"
#include "nvm_reader.h"
#include "nvm_writer.h"


typedef enum {
    NVR_AMF_NUMBER = 0,
    NVR_AMF_BOOLEAN = 1,
    NVR_AMF_STRING = 2,
    NVR_AMF_OBJECT = 3,
    NVR_AMF_MOVIECLIP = 4,
    NVR_AMF_NULL = 5,
    NVR_AMF_UNDEFINED = 6,
    NVR_AMF_REFERENCE = 7,
    NVR_AMF_ECMA_ARRAY = 8,
    NVR_AMF_OBJECT_END = 9,
    NVR_AMF_STRICT_ARRAY = 10,
    NVR_AMF_DATE = 11,
    NVR_AMF_LONG_STRING = 12,
    NVR_AMF_UNSUPPORTED = 13,
    NVR_AMF_RECORDSET = 14,
    NVR_AMF_XML = 15,
    NVR_AMF_TYPED_OBJECT = 16,
    NVR_AMF_AVMPLUS = 17
} nvr_amf_type_e;


/* Bytes inside the input, without a terminating zero, not checked as UTF-8. */
typedef struct {
    const uint8_t  *data;
    size_t          len;
} nvr_str_t;


/*
 * One value.  Number, boolean (0 or 1) and date are in number; strings and
 * XML in string; the rest has neither.
 */
typedef struct {
    uint8_t         type;           /* nvr_amf_type_e */
    double          number;
    nvr_str_t       string;
} nvr_amf_value_t;


/* Called for each member of an object whose value is not a container. */
typedef void (*nvr_amf_member_pt)(void *data, const nvr_str_t *key,
    const nvr_amf_value_t *value);


/* Any value; a container is skipped and leaves only its type in *v. */
nvm_err_e nvr_amf_value(nvm_reader_t *r, nvr_amf_value_t *v);

nvm_err_e nvr_amf_skip(nvm_reader_t *r);

/* A value of that type, or an error. */
nvm_err_e nvr_amf_number(nvm_reader_t *r, double *v);
nvm_err_e nvr_amf_boolean(nvm_reader_t *r, int *v);
nvm_err_e nvr_amf_string(nvm_reader_t *r, nvr_str_t *s);

/*
 * Walks an object, a typed object or an ECMA array; null and undefined count
 * as an object without members.
 */
nvm_err_e nvr_amf_object(nvm_reader_t *r, nvr_amf_member_pt member,
    void *data);

/*
 * Any value: itself, with an empty key, or all that are in it at any depth but
 * those of strict arrays.
 */
nvm_err_e nvr_amf_each(nvm_reader_t *r, nvr_amf_member_pt member, void *data);


/* The bytes of s equal the text. */
int nvr_str_eq(const nvr_str_t *s, const char *text);

/* v as an integer: 0 for what is no number or negative, max when above. */
uint32_t nvr_amf_to_u32(double v, uint32_t max);


void nvr_amf_write_number(nvm_writer_t *w, double v);
void nvr_amf_write_bool(nvm_writer_t *w, int v);
void nvr_amf_write_string(nvm_writer_t *w, const void *data, size_t len);
void nvr_amf_write_text(nvm_writer_t *w, const char *text);
void nvr_amf_write_null(nvm_writer_t *w);
void nvr_amf_write_undefined(nvm_writer_t *w);
void nvr_amf_write_object_start(nvm_writer_t *w);
void nvr_amf_write_array_start(nvm_writer_t *w, uint32_t n);
void nvr_amf_write_key(nvm_writer_t *w, const char *key);
void nvr_amf_write_object_end(nvm_writer_t *w);


#endif /* NVR_AMF_H */
