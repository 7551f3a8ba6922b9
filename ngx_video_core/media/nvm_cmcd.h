/*
 * Copyright (C) ngx_video authors
 *
 * Common Media Client Data (CTA-5004): which session a player says it is.
 */

#ifndef NVM_CMCD_H
#define NVM_CMCD_H

#include "nvm.h"


/* of a session id; longer ones are not taken (CTA-5004) */
#define NVM_CMCD_SID  64


/*
 * The value of "sid" among the keys of a CMCD argument, decoded, or of the
 * field CMCD-Session: NVM_OK; NVM_ENOENT: it has none that can be taken.  "sid"
 * points into data, what stands between the quotes.
 */
nvm_err_e nvm_cmcd_session(const uint8_t *data, size_t size,
    const uint8_t **sid, size_t *len);


#endif /* NVM_CMCD_H */
