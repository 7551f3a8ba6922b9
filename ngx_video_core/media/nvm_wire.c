/*
 * Copyright (C) ngx_video authors
 *
 * Messages of the transcoder daemon, see nvm_wire.h.
 */

#include "nvm_wire.h"


nvm_err_e
nvm_wire_parse(nvm_reader_t *r, nvm_wire_t *m)
{
    uint8_t       type;
    uint32_t      len;
    nvm_reader_t  head;

    if (r->error) {
        return r->error;
    }

    if (nvm_reader_left(r) < NVM_WIRE_HEAD) {
        return NVM_EAGAIN;
    }

    /* what isn't whole stays where it is */
    head = *r;

    len = nvm_reader_u32(&head);
    type = nvm_reader_u8(&head);

    if (type < NVM_WIRE_OPEN || type > NVM_WIRE_IMAGE) {
        return NVM_EINVAL;
    }

    if (len > NVM_WIRE_BODY_MAX) {
        return NVM_ELIMIT;
    }

    m->type = (nvm_wire_type_e) type;
    m->track = nvm_reader_u8(&head);
    m->flags = nvm_reader_u16(&head);
    m->codec = nvm_reader_u32(&head);
    m->pts = (int64_t) nvm_reader_u64(&head);
    m->dts = (int64_t) nvm_reader_u64(&head);

    if (nvm_reader_left(&head) < len) {
        return NVM_EAGAIN;
    }

    m->len = len;
    m->body = nvm_reader_bytes(&head, len);
    *r = head;

    return NVM_OK;
}


void
nvm_wire_write(nvm_writer_t *w, const nvm_wire_t *m)
{
    nvm_writer_u32(w, (uint32_t) m->len);
    nvm_writer_u8(w, (uint8_t) m->type);
    nvm_writer_u8(w, m->track);
    nvm_writer_u16(w, m->flags);
    nvm_writer_u32(w, m->codec);
    nvm_writer_u64(w, (uint64_t) m->pts);
    nvm_writer_u64(w, (uint64_t) m->dts);
}


nvm_err_e
nvm_wire_name(const nvm_wire_t *m, nvm_reader_t *r, const uint8_t **name,
    size_t *len)
{
    nvm_reader_init(r, m->body, m->len, 0);

    *len = nvm_reader_u8(r);
    *name = nvm_reader_bytes(r, *len);

    return r->error;
}


nvm_err_e
nvm_wire_state(const nvm_wire_t *m, nvm_wire_state_t *s)
{
    nvm_reader_t  r;

    nvm_reader_init(&r, m->body, m->len, 0);

    s->pictures = nvm_reader_u64(&r);
    s->dropped = nvm_reader_u64(&r);
    s->damaged = nvm_reader_u64(&r);
    s->rungs = nvm_reader_u64(&r);
    s->off = nvm_reader_u64(&r);
    s->late = nvm_reader_u64(&r);
    s->cpu = nvm_reader_u64(&r);

    return r.error;
}


void
nvm_wire_state_write(nvm_writer_t *w, const nvm_wire_state_t *s)
{
    nvm_writer_u64(w, s->pictures);
    nvm_writer_u64(w, s->dropped);
    nvm_writer_u64(w, s->damaged);
    nvm_writer_u64(w, s->rungs);
    nvm_writer_u64(w, s->off);
    nvm_writer_u64(w, s->late);
    nvm_writer_u64(w, s->cpu);
}
