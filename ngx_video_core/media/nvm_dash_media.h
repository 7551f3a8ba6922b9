/*
 * Copyright (C) ngx_video authors
 *
 * What a DASH manifest says of the media of a track, for nvm_dash.c alone.
 */

#ifndef NVM_DASH_MEDIA_H
#define NVM_DASH_MEDIA_H

#include "nvm_model.h"
#include "nvm_writer.h"


/* Attributes of a Representation: of the picture, or of the sound. */
void nvm_dash_media_attributes(nvm_writer_t *w, const nvm_track_t *t);

/* Elements of a Representation that describe where its channels are. */
void nvm_dash_media_channels(nvm_writer_t *w, const nvm_track_t *t);

/*
 * The transfer function, as an element of an AdaptationSet, if it isn't that
 * of SDR; essential: who doesn't understand it must not play it.
 */
void nvm_dash_media_transfer(nvm_writer_t *w, const nvm_track_t *t,
    unsigned essential);


#endif /* NVM_DASH_MEDIA_H */
