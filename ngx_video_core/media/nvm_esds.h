/*
 * Copyright (C) ngx_video authors
 *
 * esds: the elementary stream descriptor of an mp4a entry (ISO/IEC 14496-14,
 * 5.6; 14496-1, 7.2.6), read for AAC and MP3 and written for both.
 */

#ifndef NVM_ESDS_H
#define NVM_ESDS_H

#include "nvm_model.h"
#include "nvm_writer.h"


/*
 * Makes a track of the payload of an esds, version and flags included: by its
 * objectTypeIndication what nvm_aac_track() or nvm_mp3_track() does.
 * NVM_EUNSUP for any other; NVM_ETRUNC for a descriptor that is missing or
 * cut; else the errors of those two.
 */
nvm_err_e nvm_esds_track(nvm_track_t *t, const uint8_t *data, size_t n,
    nvm_fault_t *f);

/* The whole box, for AAC (with t->config) or MP3 (which has none). */
void nvm_esds_write(nvm_writer_t *w, const nvm_track_t *t);


#endif /* NVM_ESDS_H */
