/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: messages of the transcoder daemon, one after the other.  What
 * was read is written the same.
 */

#include "fuzz.h"
#include "nvm_wire.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t          len;
    uint8_t         head[NVM_WIRE_HEAD];
    nvm_wire_t      m;
    nvm_reader_t    r, rest;
    nvm_writer_t    w;
    const uint8_t  *name, *was;
    nvm_wire_state_t  state;

    nvm_reader_init(&r, data, size, 0);

    for ( ;; ) {
        was = r.pos;

        if (nvm_wire_parse(&r, &m) != NVM_OK) {
            require(r.pos == was);
            return 0;
        }

        require(m.len <= NVM_WIRE_BODY_MAX);
        require(r.pos == was + NVM_WIRE_HEAD + m.len);

        nvm_writer_init(&w, head, sizeof(head));
        nvm_wire_write(&w, &m);
        require(nvm_writer_done(&w, NVM_WIRE_HEAD) == NVM_OK);
        require(memcmp(head, was, NVM_WIRE_HEAD) == 0);

        if (nvm_wire_name(&m, &rest, &name, &len) == NVM_OK) {
            require(len + nvm_reader_left(&rest) + 1 == m.len);
        }

        require((nvm_wire_state(&m, &state) == NVM_OK)
                == (m.len >= NVM_WIRE_STATE_LEN));
    }
}
