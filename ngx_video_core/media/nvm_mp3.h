/*
 * Copyright (C) ngx_video authors
 *
 * MP3 (ISO/IEC 11172-3 and 13818-3, layer III).  Each frame describes itself
 * and there is no configuration: all that is known of a track is what its
 * sample entry says.
 */

#ifndef NVM_MP3_H
#define NVM_MP3_H

#include "nvm_model.h"


/*
 * Fills kind, codec, timescale, channels and codecs of a track from the
 * sample_rate and channels that it has already; config becomes empty, data is
 * not looked at.  NVM_EUNSUP for a rate that MP3 doesn't have, because frames
 * would have to tell; t is unchanged then.  An object type of ISO/IEC 11172-3
 * may also mean layers I and II: only frames tell.
 */
nvm_err_e nvm_mp3_track(nvm_track_t *t, const uint8_t *data, size_t n,
    nvm_fault_t *f);


#endif /* NVM_MP3_H */
