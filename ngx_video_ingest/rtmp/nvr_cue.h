/*
 * Copyright (C) ngx_video authors
 *
 * Data messages that publishers send beside their media: onTextData,
 * onCuePoint, onAdCue, onUserData and onUserDataEvent, and what encoders put
 * SCTE-35 into.
 *
 * A splice_info_section() is found in any string that is one in base64 or
 * hexadecimal, whatever it is called: encoders differ.  Without one the fields
 * are taken that some encoders send instead, or a simple "SpliceOut".
 *
 * Strings point into the message and end with it.
 */

#ifndef NVR_CUE_H
#define NVR_CUE_H

#include "nvm.h"
#include "nvm_scte35.h"
#include "nvr_amf.h"


#define NVR_CUE_MEMBERS     24

/* The longest attributes of a cue, see nvr_cue_attributes(). */
#define NVR_CUE_ATTRIBUTES  2048


typedef enum {
    NVR_CUE_TEXT = 0,               /* onTextData, onUserData */
    NVR_CUE_POINT,                  /* onCuePoint */
    NVR_CUE_SPLICE                  /* a section is there */
} nvr_cue_e;


typedef struct {
    nvr_str_t        key;           /* empty: of the message itself */
    nvr_amf_value_t  value;         /* a number, a boolean or a string */
} nvr_cue_member_t;


typedef struct {
    nvr_cue_e         kind;
    nvr_str_t         message;      /* "onCuePoint" */
    nvr_str_t         name;         /* or text, or id: what it is called */
    double            duration;     /* s; 0: not told */
    nvr_cue_member_t  members[NVR_CUE_MEMBERS];     /* the first ones */
    unsigned          nmembers;
    unsigned          unread:1;     /* SCTE-35 was told, but there is none */

    uint8_t           section[NVM_SCTE35_MAX];
    size_t            section_len;
    nvm_scte35_t      splice;
} nvr_cue_t;


/*
 * Parses the payload of a message of type 18 or 15.  NVM_ENOENT and no fault:
 * it is none of those.
 */
nvm_err_e nvr_cue_parse(uint8_t type, const uint8_t *data, size_t n,
    nvr_cue_t *cue, nvm_fault_t *f);

/*
 * The members as attributes of EXT-X-DATERANGE, X-NAME="..." and so on, a comma
 * before each; as many as fit.
 */
void nvr_cue_attributes(nvm_writer_t *w, const nvr_cue_t *cue);

/* The members as an ID3 tag, as many as fit into the buffer of w. */
void nvr_cue_id3(nvm_writer_t *w, const nvr_cue_t *cue);


#endif /* NVR_CUE_H */
