/*
 * Copyright (C) ngx_video authors
 *
 * The sample entry of a track, for the writers of moov alone.
 */

#ifndef NVM_CMAF_ENTRY_H
#define NVM_CMAF_ENTRY_H

#include "nvm_protect.h"


/*
 * The one entry of stsd; the codec of the track is in nvm_codec.c.  protect
 * NULL: it is clear; text always is.
 */
void nvm_cmaf_entry_write(nvm_writer_t *w, const nvm_track_t *t,
    const nvm_protect_t *protect);


#endif /* NVM_CMAF_ENTRY_H */
