/*
 * Copyright (C) ngx_video authors
 *
 * The text of SubRip cues, for nvm_vtt_parse.c.
 */

#ifndef NVM_VTT_SRT_H
#define NVM_VTT_SRT_H

#include "nvm_arena.h"
#include "nvm_vtt_text.h"


/*
 * Rewrites a text as WebVTT spells it, into the arena unless it stays as it
 * is.  An override of ASS for the place ("{\an8}") becomes *settings, others
 * and fonts are dropped, unknown tags become text.  NVM_OK or NVM_ENOMEM.
 */
nvm_err_e nvm_vtt_srt_text(nvm_arena_t *a, nvm_vtt_span_t *text,
    nvm_vtt_span_t *settings);


#endif /* NVM_VTT_SRT_H */
