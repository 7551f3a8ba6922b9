/*
 * Copyright (C) ngx_video authors
 *
 * The pieces that WebVTT is made of, for its parser, its writers and the
 * readers of text tracks: spans of text, timestamps, characters.
 */

#ifndef NVM_VTT_TEXT_H
#define NVM_VTT_TEXT_H

#include "nvm_reader.h"
#include "nvm_writer.h"


/*
 * Hours that a timestamp may have are fewer than this.  A clock in ms since
 * 1970 needs six digits.
 */
#define NVM_VTT_MAX_HOURS  10000000
#define NVM_VTT_MAX_MS     (UINT64_C(3600000) * NVM_VTT_MAX_HOURS)


/* Text of somebody else's, without a terminating zero; owns nothing. */
typedef struct {
    const char  *data;
    size_t       len;
} nvm_vtt_span_t;


/* Without the white space (and line ends) around it. */
nvm_vtt_span_t nvm_vtt_trim(nvm_vtt_span_t s);

unsigned nvm_vtt_same(nvm_vtt_span_t a, nvm_vtt_span_t b);

/* The bytes that a reader has left; the reader does not move. */
nvm_vtt_span_t nvm_vtt_rest(const nvm_reader_t *r);

/* Makes a reader of a span. */
void nvm_vtt_reader(nvm_reader_t *r, nvm_vtt_span_t s);

/* Moves past c if that is the next byte; whether it was. */
unsigned nvm_vtt_accept(nvm_reader_t *r, char c);

/*
 * A timestamp (WebVTT, 6.3, "collect a WebVTT timestamp"); with "srt" those of
 * SubRip too: a comma, and numbers with fewer digits.  NVM_EINVAL when there
 * is none; how far the reader moved is then undefined.
 */
nvm_err_e nvm_vtt_time_read(nvm_reader_t *r, unsigned srt, uint64_t *ms);

/* "01:02:03.004" */
void nvm_vtt_time_write(nvm_writer_t *w, uint64_t ms);

/* Length of the UTF-8 sequence at p (Unicode, table 3-7), 0: ill-formed. */
size_t nvm_vtt_utf8(const char *p, size_t len, uint32_t *code);

/* A character as cue text: '&', '<' and '>' become references. */
void nvm_vtt_char_write(nvm_writer_t *w, uint32_t code);

/*
 * Text of any origin so that it stays one piece of a WebVTT file: line ends
 * become LF and a blank line gets a space, "-->" loses its arrow, what is no
 * UTF-8 becomes U+FFFD.  All else is written as it is.
 */
void nvm_vtt_text_write(nvm_writer_t *w, nvm_vtt_span_t s);

/* The same for an identifier or settings: line ends become spaces. */
void nvm_vtt_line_write(nvm_writer_t *w, nvm_vtt_span_t s);


#endif /* NVM_VTT_TEXT_H */
