/*
 * Copyright (C) ngx_video authors
 *
 * What a DASH manifest says of the media of a track, for nvm_dash.c alone.
 */

#ifndef NVM_DASH_MEDIA_H
#define NVM_DASH_MEDIA_H

#include "nvm_dash.h"


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

/*
 * What people are told of an AdaptationSet by its first track: label, purpose,
 * captions, and role.  One that has no role is "main" or "alternate", of text
 * it is "subtitle"; the default is "main" beside its role.
 */
void nvm_dash_media_about(nvm_writer_t *w, const nvm_dash_t *d,
    const nvm_dash_track_t *t, unsigned main, unsigned preferred);


#endif /* NVM_DASH_MEDIA_H */
