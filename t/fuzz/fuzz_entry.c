/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: stsd, of video or audio as the first byte chooses.  A track
 * that is made of it and written into an init segment is read from there as
 * the same track.
 */

#include "fuzz.h"
#include "nvm_cmaf.h"
#include "nvm_codec.h"
#include "nvm_mp4_entry.h"


/* The payload of a box in another, by the types on the way. */
static nvm_mp4_box_t
descend(nvm_mp4_box_t root, const char *path)
{
    uint32_t       type;
    nvm_mp4_box_t  box, parent;

    for (parent = root; *path; path += 4) {
        type = NVM_FOURCC((uint8_t) path[0], (uint8_t) path[1],
                          (uint8_t) path[2], (uint8_t) path[3]);
        require(nvm_mp4_box_find(&parent, type, &box, NULL) == NVM_OK);
        box.parent = NULL;
        box.depth = 0;
        parent = box;
    }

    return parent;
}


/* The order of boxes may decide which of two colours stays. */
static void
forget_colour(nvm_track_t *t)
{
    t->primaries = 0;
    t->transfer = 0;
    t->matrix = 0;
    t->full_range = 0;

    if (t->codec == NVM_CODEC_AV1) {
        memset(t->codecs, 0, sizeof(t->codecs));
    }
}


static void
again(nvm_track_t *t)
{
    size_t           n;
    nvm_track_t      other;
    nvm_writer_t     w;
    nvm_mp4_box_t    root, stbl;
    nvm_mp4_entry_t  e;
    static uint8_t   buf[8192];

    nvm_writer_init(&w, NULL, 0);
    require(nvm_cmaf_init_write(&w, t) == NVM_OK);
    n = w.len;
    require(n <= sizeof(buf));

    nvm_writer_init(&w, buf, n);
    require(nvm_cmaf_init_write(&w, t) == NVM_OK);
    require(nvm_writer_done(&w, n) == NVM_OK);

    memset(&root, 0, sizeof(root));
    memset(&other, 0, sizeof(other));
    memset(&e, 0, sizeof(e));
    nvm_reader_init(&root.r, buf, n, 0);
    stbl = descend(root, "moovtrakmdiaminfstbl");

    require(nvm_mp4_entry_parse(&stbl, t->kind, &other, &e, NULL) == NVM_OK);
    require(e.type == t->entry && e.description == 1);

    forget_colour(t);
    forget_colour(&other);
    require(memcmp(t, &other, sizeof(other)) == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nvm_err_e        rc;
    nvm_fault_t      f;
    nvm_track_t      t, before;
    nvm_mp4_box_t    stbl;
    nvm_mp4_entry_t  e;

    if (size == 0) {
        return 0;
    }

    memset(&f, 0, sizeof(f));
    memset(&t, 0, sizeof(t));
    memset(&e, 0, sizeof(e));
    memset(&stbl, 0, sizeof(stbl));
    before = t;
    stbl.type = NVM_FOURCC('s', 't', 'b', 'l');
    nvm_reader_init(&stbl.r, data + 1, size - 1, 0);

    rc = nvm_mp4_entry_parse(&stbl, data[0] & 1 ? NVM_AUDIO : NVM_VIDEO, &t,
                             &e, &f);

    if (rc == NVM_OK) {
        require(f.code == NVM_OK && t.extras_len <= NVM_MAX_EXTRAS);
        again(&t);
        return 0;
    }

    require(memcmp(&t, &before, sizeof(t)) == 0);
    require(rc == NVM_EUNSUP ? f.code == NVM_OK
                             : f.code == rc && f.what != NULL
                               && f.offset <= size - 1);

    return 0;
}
