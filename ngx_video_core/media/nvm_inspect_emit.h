/*
 * Copyright (C) ngx_video authors
 *
 * The emitter: one walk over a file becomes JSON for programs or text for
 * people.  The walk opens and closes objects and arrays and names values; how
 * they look is decided here.
 *
 * JSON is strict (RFC 8259), on lines of moderate length.  Text has the values
 * of an object on a line that is broken when it gets long, what is inside it
 * indented below, and tables with a column for each value.
 *
 * Nothing fails here: what doesn't fit is an error of the writer.  Within an
 * object values come before what has an inside; text reads better so.
 */

#ifndef NVM_INSPECT_EMIT_H
#define NVM_INSPECT_EMIT_H

#include "nvm_writer.h"


/* Objects and arrays in one another: two for each level of boxes, and more. */
#define NVM_EMIT_DEPTH      40

/* Bytes of a string from the file that are shown, and of binary data. */
#define NVM_EMIT_TEXT_MAX   256
#define NVM_EMIT_HEX_MAX    64

/* Text of a type, its zero included: "(c)" in front takes two bytes. */
#define NVM_EMIT_TYPE_LEN   12

/* Bytes that may be written between two calls of drain(). */
#define NVM_EMIT_ROOM       4096


typedef enum {
    NVM_EMIT_JSON = 0,
    NVM_EMIT_TEXT
} nvm_emit_form_e;


typedef enum {
    NVM_EMIT_OBJECT = 0,
    NVM_EMIT_ARRAY,
    NVM_EMIT_LIST,              /* an array; text shows no name of it */
    NVM_EMIT_TABLE,             /* an array of rows */
    NVM_EMIT_ROW                /* an object that is a line of a table */
} nvm_emit_kind_e;


typedef struct {
    nvm_emit_kind_e   kind;
    unsigned          indent;   /* of lines inside, in text */
    const char       *name;     /* TABLE */
    const char       *columns;
    unsigned          used:1;   /* something is inside */
    unsigned          label:1;  /* text: a word precedes the first value */
    unsigned          closed:1; /* text: the last thing inside had an inside */
} nvm_emit_level_t;


/*
 * drain: NULL, or what makes room in a writer of at least NVM_EMIT_ROOM bytes
 * (a tool prints what is there and sets len to 0).
 */
typedef struct {
    nvm_writer_t      *w;
    void             (*drain)(void *data, nvm_writer_t *w);
    void              *data;
    nvm_emit_form_e    form;
    size_t             column;
    unsigned           depth;
    nvm_emit_level_t   levels[NVM_EMIT_DEPTH];
} nvm_emit_t;


/* Starts with the outermost object, which nvm_emit_done() closes. */
void nvm_emit_init(nvm_emit_t *e, nvm_emit_form_e form, nvm_writer_t *w);
void nvm_emit_done(nvm_emit_t *e);

/* name: NULL for what is an element of an array. */
void nvm_emit_open(nvm_emit_t *e, const char *name, nvm_emit_kind_e kind);
void nvm_emit_close(nvm_emit_t *e);

/* A table of rows whose values are those of "columns", "count delta". */
void nvm_emit_table(nvm_emit_t *e, const char *name, const char *columns);

/* An element of an array that stands for n that are not shown. */
void nvm_emit_omitted(nvm_emit_t *e, uint64_t n);


/* Values; nvm_inspect_value.c. */

void nvm_emit_uint(nvm_emit_t *e, const char *name, uint64_t v);
void nvm_emit_int(nvm_emit_t *e, const char *name, int64_t v);

/* true or false; text names what is true and nothing else. */
void nvm_emit_flag(nvm_emit_t *e, const char *name, unsigned on);

/* Our own words, which need no escapes; NULL: nothing is written. */
void nvm_emit_word(nvm_emit_t *e, const char *name, const char *word);

/* The same without its name in text: what an object is. */
void nvm_emit_title(nvm_emit_t *e, const char *name, const char *word);

/* A number and what it means, "type": 27, "type_name": "H.264". */
void nvm_emit_code(nvm_emit_t *e, const char *name, uint64_t v,
    const char *meaning);

/* Bytes of the file as a string: escaped, ill-formed UTF-8 as "?". */
void nvm_emit_text(nvm_emit_t *e, const char *name, const uint8_t *p,
    size_t n);

/* What a number means; a table of them ends with NULL. */
typedef struct {
    uint32_t          v;
    const char       *name;
} nvm_emit_name_t;

/* NULL: the table doesn't have it. */
const char *nvm_emit_meaning(const nvm_emit_name_t *names, uint64_t v);

/* A four-character code; "0x00000001" when it has other characters. */
void nvm_emit_type(nvm_emit_t *e, const char *name, uint32_t type);
void nvm_emit_type_name(char dst[NVM_EMIT_TYPE_LEN], uint32_t type);

/* Bytes as hexadecimal digits, and a 32-bit number as eight of them. */
void nvm_emit_hex(nvm_emit_t *e, const char *name, const uint8_t *p, size_t n);
void nvm_emit_hex32(nvm_emit_t *e, const char *name, uint32_t v);

/* ticks / timescale with six decimals; null when timescale is 0. */
void nvm_emit_seconds(nvm_emit_t *e, const char *name, int64_t ticks,
    uint32_t timescale);

/* v / divisor with the given number of decimals (up to 6), cut off. */
void nvm_emit_ratio(nvm_emit_t *e, const char *name, int64_t v,
    uint32_t divisor, unsigned decimals);

/* ms since 1970 as a date. */
void nvm_emit_date(nvm_emit_t *e, const char *name, int64_t ms);


/*
 * What values are made of: the name with what separates it from the value
 * before; bytes as they are; both, with quotes for JSON if it is no number.
 */
void nvm_emit_name(nvm_emit_t *e, const char *name);
void nvm_emit_put(nvm_emit_t *e, const char *s, size_t n);
void nvm_emit_puts(nvm_emit_t *e, const char *s);
void nvm_emit_value(nvm_emit_t *e, const char *name, const char *s,
    unsigned quoted);

/* Rows of a table in text consist of columns, whose names are above. */
int nvm_emit_in_row(nvm_emit_t *e);


#endif /* NVM_INSPECT_EMIT_H */
