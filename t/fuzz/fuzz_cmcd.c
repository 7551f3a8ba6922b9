/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: the session in Common Media Client Data lies within the input,
 * between quotes, and has a length that may be.
 */

#include "fuzz.h"
#include "nvm_cmcd.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t          len;
    nvm_err_e       err;
    const uint8_t  *sid;

    err = nvm_cmcd_session(data, size, &sid, &len);

    if (err != NVM_OK) {
        require(err == NVM_ENOENT);
        return 0;
    }

    require(len > 0 && len <= NVM_CMCD_SID);
    require(sid > data && sid + len < data + size);
    require(sid[-1] == '"' && sid[len] == '"');

    return 0;
}
