/*
 * Copyright (C) ngx_video authors
 *
 * AAC's AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1).
 */

#ifndef NVM_AAC_H
#define NVM_AAC_H

#include "nvm.h"
#include "nvm_model.h"


/* Audio object types (ISO/IEC 14496-3, table 1.17) that are handled. */
#define NVM_AAC_LC      2
#define NVM_AAC_SBR     5       /* HE-AAC */
#define NVM_AAC_PS      29      /* HE-AAC version 2 */

/* Samples of one frame at the core rate (4.5.1.1, frameLengthFlag 0). */
#define NVM_AAC_FRAME   1024


typedef struct {
    uint32_t   sample_rate;     /* of the core, Hz, 1..192000 */
    uint32_t   output_rate;     /* after SBR, as far as it is signalled */
    uint16_t   samples_per_frame;       /* at sample_rate: NVM_AAC_FRAME */
    uint16_t   channels;        /* of the output: PS makes two of one */
    uint8_t    object_type;     /* NVM_AAC_LC, _SBR or _PS, as the record
                                   begins */
    uint8_t    channel_config;  /* 0: from the program config element */
    unsigned   sbr:1;           /* signalled, hierarchically or appended */
    unsigned   ps:1;
} nvm_aac_t;


/*
 * Parses an AudioSpecificConfig.  NVM_EUNSUP: another object type than the
 * three, frames of 960 samples, a core coder; NVM_EINVAL: reserved values, a
 * rate out of range, no channels; NVM_ETRUNC.  f may be NULL.
 */
nvm_err_e nvm_aac_parse(const uint8_t *data, size_t n, nvm_aac_t *out,
    nvm_fault_t *f);

/*
 * Fills kind, codec, sample_rate and timescale (both the core rate), channels,
 * codecs ("mp4a.40.N", RFC 6381, 3.3) and config of a track; all else is left
 * alone.  N is 5 or 29 for every kind of signalling, hierarchical (the record
 * begins with it) or backward compatible (appended): it says what a decoder
 * has to be able to do for full quality.  SBR that no record mentions is only
 * in the frames, and N is 2.  NVM_ELIMIT when n exceeds NVM_MAX_CONFIG; t is
 * unchanged after an error.
 */
nvm_err_e nvm_aac_track(nvm_track_t *t, const uint8_t *asc, size_t n,
    nvm_fault_t *f);


#endif /* NVM_AAC_H */
