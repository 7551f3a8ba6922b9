/*
 * Copyright (C) ngx_video authors
 *
 * Sample entries, for the MP4 reader alone: stsd into the codec fields of a
 * track.
 */

#ifndef NVM_MP4_ENTRY_H
#define NVM_MP4_ENTRY_H

#include "nvm_model.h"
#include "nvm_mp4_box.h"


typedef struct {
    uint32_t   type;            /* of the entry, or of the first if none fits */
    uint32_t   description;     /* its number in stsd, from 1; 0: the first
                                   that can be packaged is looked for */
    uint32_t   reference;       /* its data_reference_index */
} nvm_mp4_entry_t;


/*
 * The first entry that can be packaged, or the one that entry->description
 * names, for a track of the given kind: one of
 * the table in nvm_codec.c.  Fills what the codec's function there fills,
 * entry, extras, colour and shape of pixels; t is unchanged when there is
 * none.  NVM_EUNSUP without a fault then: encrypted (encv, enca) and all other
 * codecs.  NVM_EINVAL for a number that no entry has.
 */
nvm_err_e nvm_mp4_entry_parse(const nvm_mp4_box_t *stbl, nvm_kind_e kind,
    nvm_track_t *t, nvm_mp4_entry_t *entry, nvm_fault_t *f);


#endif /* NVM_MP4_ENTRY_H */
