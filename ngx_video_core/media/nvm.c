/*
 * Copyright (C) ngx_video authors
 *
 * Result codes as text and the recording of faults.
 */

#include "nvm.h"


static const char  *nvm_messages[] = {
    "no error",
    "more data needed",
    "truncated",
    "invalid value",
    "not supported",
    "limit exceeded",
    "out of memory",
    "missing",
    "output buffer too small"
};


const char *
nvm_strerror(nvm_err_e code)
{
    if ((size_t) code >= sizeof(nvm_messages) / sizeof(nvm_messages[0])) {
        return "unknown error";
    }

    return nvm_messages[code];
}


nvm_err_e
nvm_fault(nvm_fault_t *f, nvm_err_e code, uint64_t offset, const char *what)
{
    if (f != NULL && f->code == NVM_OK) {
        f->code = code;
        f->offset = offset;
        f->what = what;
    }

    return code;
}
