/*
 * Copyright (C) ngx_video authors
 *
 * The pieces of text that HLS playlists and DASH manifests share: times,
 * dates, escaped strings, language tags.
 *
 * Every string is zero-terminated; NULL is as good as "".
 */

#ifndef NVM_TEXT_H
#define NVM_TEXT_H

#include "nvm_writer.h"


/*
 * The time "ticks" in microseconds, rounded to nearest.  The duration of
 * anything on a timeline is the difference of two of these, never of its own:
 * then a sum over a playlist is off by half a microsecond at most, whatever
 * its length (RFC 8216bis, 4.4.4.1).
 */
uint64_t nvm_text_us(uint64_t ticks, uint32_t timescale);

/* Seconds with exactly six decimals, "2.000000". */
void nvm_text_seconds(nvm_writer_t *w, uint64_t us);

/*
 * ms since 1970 as "2024-02-29T12:34:56.789Z" (ISO/IEC 8601, RFC 3339), UTC,
 * proleptic Gregorian, without libc; years 1970..9999, others are clamped.
 */
void nvm_text_date(nvm_writer_t *w, int64_t ms);

/*
 * A relative URI or a piece of one: bytes that no URI contains (RFC 3986, 2)
 * are percent-encoded, and so are '#', that would begin a fragment, and '$',
 * that DASH templates give a meaning; '%' stays.  With "xml", '&' becomes a
 * reference.
 */
void nvm_text_uri(nvm_writer_t *w, const char *s, unsigned xml);

/* "?" and the query as above, or nothing. */
void nvm_text_query(nvm_writer_t *w, const char *query, unsigned xml);

/*
 * The inside of an HLS quoted-string (RFC 8216bis, 4.2): double quotes become
 * single ones, control characters spaces, ill-formed UTF-8 '?'.
 */
void nvm_text_quoted(nvm_writer_t *w, const char *s);

/*
 * XML character data or an attribute value; control characters, which XML
 * 1.0 has no spelling for, become spaces, ill-formed UTF-8 '?'.
 */
void nvm_text_xml(nvm_writer_t *w, const char *s);

/*
 * The BCP 47 tag of an ISO 639-2 code, "en" for "eng" (RFC 5646, 2.2.1: the
 * shortest); three letters without a short form are returned as they are,
 * anything else, "und" included, gives NULL.
 */
const char *nvm_text_lang(const char *lang);


/* The longest language tag with its zero (RFC 5646, 4.4.1). */
#define NVM_TEXT_TAG  36

/*
 * A language tag in its usual spelling, "pt-BR" for "PT-br" and "por-br" (RFC
 * 5646, 2.1.1, 4.5), or -1: it is none, or longer.  Tags that begin with more
 * than three letters, with "i-" or "x-" are not taken.
 */
int nvm_text_tag(const char *s, char tag[NVM_TEXT_TAG]);

/*
 * The ISO 639-2 code (terminological) of a tag's language, "deu" for "de-AT";
 * "und" for two letters that are not known.
 */
void nvm_text_iso(const char *tag, char iso[4]);


#endif /* NVM_TEXT_H */
