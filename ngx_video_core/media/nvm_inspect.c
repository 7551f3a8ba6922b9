/*
 * Copyright (C) ngx_video authors
 *
 * The format of a file, and faults: what MP4 and TS have in common.
 */

#include <string.h>

#include "nvm_inspect.h"
#include "nvm_mp4_box.h"


#define NVM_INSPECT_SYNC        0x47

/* Packets in a row whose first byte must be right, if there are so many. */
#define NVM_INSPECT_SYNCS       5


/* What an MP4 file may begin with. */
static const uint32_t  nvm_inspect_firsts[] = {
    NVM_FOURCC('f', 't', 'y', 'p'), NVM_FOURCC('s', 't', 'y', 'p'),
    NVM_FOURCC('m', 'o', 'o', 'v'), NVM_FOURCC('m', 'o', 'o', 'f'),
    NVM_FOURCC('m', 'd', 'a', 't'), NVM_FOURCC('s', 'i', 'd', 'x'),
    NVM_FOURCC('s', 's', 'i', 'x'), NVM_FOURCC('e', 'm', 's', 'g'),
    NVM_FOURCC('p', 'r', 'f', 't'), NVM_FOURCC('p', 's', 's', 'h'),
    NVM_FOURCC('f', 'r', 'e', 'e'), NVM_FOURCC('s', 'k', 'i', 'p'),
    NVM_FOURCC('w', 'i', 'd', 'e'), NVM_FOURCC('u', 'u', 'i', 'd'),
    NVM_FOURCC('m', 'e', 't', 'a'), NVM_FOURCC('p', 'd', 'i', 'n'),
    NVM_FOURCC('p', 'n', 'o', 't'), NVM_FOURCC('m', 'f', 'r', 'a'),
};

/* Plain, with a time stamp in front (BDAV), with parity behind (DVB). */
static const uint32_t  nvm_inspect_packets[] = { 188, 192, 204 };


static int
nvm_inspect_is_mp4(const uint8_t *data, size_t n)
{
    size_t        i;
    uint32_t      type;
    nvm_reader_t  r;

    nvm_reader_init(&r, data, n, 0);
    nvm_reader_skip(&r, 4);
    type = nvm_reader_u32(&r);

    for (i = 0; i < sizeof(nvm_inspect_firsts)
                    / sizeof(nvm_inspect_firsts[0]); i++)
    {
        if (r.error == NVM_OK && nvm_inspect_firsts[i] == type) {
            return 1;
        }
    }

    return 0;
}


/*
 * Sync bytes at "start" and each "packet" bytes on.  Fewer than are asked for
 * will do in a short file that begins with a packet.
 */
static int
nvm_inspect_is_ts(const uint8_t *data, size_t n, size_t start, size_t packet)
{
    size_t    at;
    unsigned  i;

    for (i = 0, at = start; i < NVM_INSPECT_SYNCS && at < n; i++) {
        if (data[at] != NVM_INSPECT_SYNC) {
            return 0;
        }

        at += packet;
    }

    return i == NVM_INSPECT_SYNCS || (start <= 4 && n >= start + 188);
}


void
nvm_inspect_probe(const uint8_t *data, size_t n, nvm_inspect_probe_t *p)
{
    size_t  i, start, packet, prefix;

    memset(p, 0, sizeof(nvm_inspect_probe_t));

    if (nvm_inspect_is_mp4(data, n)) {
        p->format = NVM_INSPECT_MP4;
        return;
    }

    for (start = 0; start < n; start++) {
        for (i = 0; i < 3; i++) {
            packet = nvm_inspect_packets[i];
            prefix = packet == 192 ? 4 : 0;

            if (start >= prefix && nvm_inspect_is_ts(data, n, start, packet)) {
                p->format = NVM_INSPECT_TS;
                p->packet = (uint32_t) packet;
                p->start = (uint32_t) (start - prefix);
                return;
            }
        }
    }
}


void
nvm_inspect_fault_add(nvm_inspect_faults_t *all, const nvm_fault_t *f)
{
    if (all->count < NVM_INSPECT_FAULTS) {
        all->list[all->count] = *f;
    }

    all->count++;
}


void
nvm_inspect_fault_write(nvm_emit_t *e, const char *name, const nvm_fault_t *f)
{
    nvm_emit_open(e, name, NVM_EMIT_OBJECT);
    nvm_emit_text(e, "path", (const uint8_t *) f->where, strlen(f->where));
    nvm_emit_uint(e, "offset", f->offset);
    nvm_emit_word(e, "what", f->what);
    nvm_emit_close(e);
}


void
nvm_inspect_faults_write(nvm_emit_t *e, const nvm_inspect_faults_t *all)
{
    uint64_t  i;

    if (all->count == 0 && e->form == NVM_EMIT_TEXT) {
        return;
    }

    nvm_emit_open(e, "faults", NVM_EMIT_ARRAY);

    for (i = 0; i < all->count && i < NVM_INSPECT_FAULTS; i++) {
        nvm_inspect_fault_write(e, NULL, &all->list[i]);
    }

    if (i < all->count) {
        nvm_emit_omitted(e, all->count - i);
    }

    nvm_emit_close(e);
}
