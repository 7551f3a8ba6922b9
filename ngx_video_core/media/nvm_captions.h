/*
 * Copyright (C) ngx_video authors
 *
 * Closed captions in coded pictures: which of them there are, and how
 * playlists and manifests announce them.
 *
 * Captions are caption data of ATSC (A/53 part 4, 6.2.3) in SEI messages of
 * H.264 and HEVC.  Nothing is decoded and nothing is remembered from one
 * picture to the next, because pictures come in the order of decoding and
 * captions are in the order of display: a channel of CEA-608 is there when a
 * command to show captions in it is, a service of CEA-708 when a packet begins
 * with one of its blocks.
 */

#ifndef NVM_CAPTIONS_H
#define NVM_CAPTIONS_H

#include "nvm_model.h"
#include "nvm_sei.h"
#include "nvm_text.h"
#include "nvm_writer.h"


/* Captions that are announced of a presentation, at most. */
#define NVM_MAX_CAPTIONS  16

/* Services of CEA-708 are 1 to 63, channels of CEA-608 are 1 to 4. */
#define NVM_CAPTION_SERVICES  63
#define NVM_CAPTION_CHANNELS  4


/* One that is announced. */
typedef struct {
    uint8_t         number;
    uint8_t         service;    /* of CEA-708; 0: a channel of CEA-608 */
    char            lang[NVM_TEXT_TAG];     /* BCP 47, "" when unknown */
} nvm_caption_t;


/* Adds what an SEI message has. */
void nvm_captions_sei(nvm_captions_t *c, const nvm_sei_t *sei);

/* Adds those of b; 0: a had them all. */
unsigned nvm_captions_add(nvm_captions_t *a, const nvm_captions_t *b);

/*
 * Those that were seen, the first NVM_MAX_CAPTIONS of them.  Where there is
 * caption data without any yet, CC1 is likely to come.
 */
size_t nvm_captions_list(const nvm_captions_t *c,
    nvm_caption_t list[NVM_MAX_CAPTIONS]);

/* "CC1", "SERVICE12": INSTREAM-ID (RFC 8216bis, 4.4.6.1). */
#define NVM_CAPTION_ID  12
void nvm_caption_id(const nvm_caption_t *c, char id[NVM_CAPTION_ID]);

/* What nvm_caption_id() gives, or -1 for anything else. */
int nvm_caption_parse(const char *id, size_t n, nvm_caption_t *c);


/* GROUP-ID of EXT-X-MEDIA, one for each caption. */
#define NVM_CAPTIONS_GROUP  "captions"
void nvm_captions_hls(nvm_writer_t *w, const nvm_caption_t *list, size_t n);

/* Accessibility of an AdaptationSet (ANSI/SCTE 214-1, 7.2.3). */
void nvm_captions_dash(nvm_writer_t *w, const nvm_caption_t *list, size_t n);


#endif /* NVM_CAPTIONS_H */
