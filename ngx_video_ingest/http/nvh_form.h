/*
 * Copyright (C) ngx_video authors
 *
 * Writes application/x-www-form-urlencoded.  A dry writer counts.
 */

#ifndef NVH_FORM_H
#define NVH_FORM_H

#include "nvm_writer.h"


/* "name=value", after "&" if it is not the first; the value is encoded. */
void nvh_form_text(nvm_writer_t *w, const char *name, const void *value,
    size_t len);
void nvh_form_number(nvm_writer_t *w, const char *name, uint64_t value);

/*
 * The arguments of a query as they are, but for those that a reader might
 * take for one of "taken" (ends with NULL): these are left out.  Bytes that a
 * form does not have, and ";", which some take for "&", are encoded.
 */
void nvh_form_query(nvm_writer_t *w, const void *query, size_t len,
    const char *const *taken);


#endif /* NVH_FORM_H */
