/*
 * Copyright (C) ngx_video authors
 *
 * MP4 as a whole: asking for the boxes at the top, collecting, showing.
 */

#include <string.h>

#include "nvm_inspect_mp4.h"


/* What is read of boxes at the top; of others nothing. */
static const struct {
    uint32_t   type;
    uint32_t   bytes;
} nvm_inspect_reads[] = {
    { NVM_FOURCC('f', 't', 'y', 'p'), NVM_INSPECT_READ },
    { NVM_FOURCC('s', 't', 'y', 'p'), NVM_INSPECT_READ },
    { NVM_FOURCC('m', 'o', 'o', 'v'), NVM_INSPECT_READ },
    { NVM_FOURCC('m', 'o', 'o', 'f'), NVM_INSPECT_READ },
    { NVM_FOURCC('s', 'i', 'd', 'x'), NVM_INSPECT_READ },
    { NVM_FOURCC('e', 'm', 's', 'g'), NVM_INSPECT_READ },
    { NVM_FOURCC('p', 'r', 'f', 't'), NVM_INSPECT_READ },
    { NVM_FOURCC('p', 's', 's', 'h'), NVM_INSPECT_READ },
    { NVM_FOURCC('m', 'f', 'r', 'a'), NVM_INSPECT_READ },
    { NVM_FOURCC('m', 'e', 't', 'a'), NVM_INSPECT_READ },
    { NVM_FOURCC('u', 'd', 't', 'a'), NVM_INSPECT_READ },

    /* a header of 64 bits and the 16 bytes of the type */
    { NVM_FOURCC('u', 'u', 'i', 'd'), 32 },
};


nvm_inspect_mp4_t *
nvm_inspect_mp4_create(nvm_arena_t *arena, uint64_t file_size)
{
    nvm_inspect_mp4_t  *m;

    m = nvm_alloc(arena, 1, sizeof(nvm_inspect_mp4_t));

    if (m != NULL) {
        m->arena = arena;
        m->file_size = file_size;
    }

    return m;
}


nvm_err_e
nvm_inspect_mp4_want(nvm_inspect_mp4_t *m, nvm_inspect_want_t *want)
{
    uint64_t  left;

    if (m->nomem) {
        return NVM_ENOMEM;
    }

    if (m->body) {
        want->offset = m->last->offset;
        want->dst = m->last->data;
        want->size = m->last->len;
        return NVM_OK;
    }

    if (m->ended || m->offset >= m->file_size) {
        return NVM_ENOENT;
    }

    left = m->file_size - m->offset;

    want->offset = m->offset;
    want->dst = m->header;
    want->size = left < sizeof(m->header) ? (size_t) left : sizeof(m->header);

    return NVM_OK;
}


/* The last box is of no use, and so is what would follow it. */
static void
nvm_inspect_top_fault(nvm_inspect_mp4_t *m, nvm_err_e code, const char *what)
{
    if (m->last->code == NVM_OK) {
        m->last->code = code;
        m->last->what = what;
    }

    m->ended = 1;
}


static uint64_t
nvm_inspect_top_bytes(uint32_t type)
{
    size_t  i;

    for (i = 0; i < sizeof(nvm_inspect_reads) / sizeof(nvm_inspect_reads[0]);
         i++)
    {
        if (nvm_inspect_reads[i].type == type) {
            return nvm_inspect_reads[i].bytes;
        }
    }

    return 0;
}


/* What of a box is wanted, of which "size" bytes are in the file. */
static void
nvm_inspect_top_body(nvm_inspect_mp4_t *m, nvm_inspect_top_t *top,
    uint64_t size)
{
    uint64_t  bytes;

    bytes = nvm_inspect_top_bytes(top->type);

    if (bytes == 0) {
        return;
    }

    if (bytes == NVM_INSPECT_READ && size > bytes) {
        top->code = NVM_ELIMIT;
        top->what = "box is too large to be looked into";
        return;
    }

    top->len = (size_t) (size < bytes ? size : bytes);
    top->data = nvm_alloc(m->arena, top->len, 1);

    if (top->data == NULL) {
        top->len = 0;
        m->nomem = 1;
        return;
    }

    m->body = 1;
}


/* A header of n bytes is there. */
static void
nvm_inspect_top_parse(nvm_inspect_mp4_t *m, nvm_inspect_top_t *top, size_t n)
{
    uint64_t      left;
    nvm_err_e     rc;
    nvm_reader_t  r;

    nvm_reader_init(&r, m->header, n, m->offset);

    rc = nvm_mp4_box_header(&r, &top->type, &top->size, &top->header);

    if (rc != NVM_OK) {
        nvm_inspect_top_fault(m, rc, rc == NVM_ETRUNC ? "box header is cut"
                              : "box is smaller than its header");
        return;
    }

    left = m->file_size - m->offset;

    /* a size of 0: to the end of the file */

    if (top->size == 0) {
        top->size = left;
    }

    if (top->size > left) {
        nvm_inspect_top_fault(m, NVM_ETRUNC, "box is longer than the file");

    } else {
        left = top->size;
    }

    if (top->type == NVM_FOURCC('m', 'o', 'o', 'f')) {
        top->index = ++m->nmoofs;
    }

    m->has_moov |= top->type == NVM_FOURCC('m', 'o', 'o', 'v');
    m->offset += left;

    nvm_inspect_top_body(m, top, left);
}


void
nvm_inspect_mp4_feed(nvm_inspect_mp4_t *m, size_t n)
{
    nvm_inspect_top_t  *top;

    if (m->body) {
        m->body = 0;

        if (n < m->last->len) {
            m->last->len = n;
            nvm_inspect_top_fault(m, NVM_ETRUNC, "the file has become shorter");
        }

        return;
    }

    top = nvm_alloc(m->arena, 1, sizeof(nvm_inspect_top_t));

    if (top == NULL) {
        m->nomem = 1;
        return;
    }

    if (m->last != NULL) {
        m->last->next = top;

    } else {
        m->tops = top;
    }

    m->last = top;
    m->ntops++;
    top->offset = m->offset;

    if (m->ntops == NVM_INSPECT_TOPS) {
        nvm_inspect_top_fault(m, NVM_ELIMIT,
                              "too many boxes, the rest isn't looked at");
        return;
    }

    nvm_inspect_top_parse(m, top, n);
}


/* Which of the walks is to see a box: those of the movie come first. */
static void
nvm_inspect_collect(nvm_inspect_walk_t *w, unsigned moov)
{
    nvm_inspect_top_t  *top;

    for (top = w->m->tops; top != NULL; top = top->next) {
        if ((top->type == NVM_FOURCC('m', 'o', 'o', 'v')) == moov) {
            nvm_inspect_top(w, top);
        }
    }
}


nvm_err_e
nvm_inspect_mp4_end(nvm_inspect_mp4_t *m)
{
    uint32_t             i;
    nvm_emit_t           e;
    nvm_fault_t          f = { 0 };
    nvm_writer_t         dry;
    nvm_inspect_walk_t   w;

    nvm_writer_init(&dry, NULL, 0);
    nvm_emit_init(&e, NVM_EMIT_JSON, &dry);

    memset(&w, 0, sizeof(nvm_inspect_walk_t));
    w.m = m;
    w.e = &e;
    w.collect = 1;

    nvm_inspect_collect(&w, 1);
    nvm_inspect_collect(&w, 0);

    for (i = 0; i < m->ntracks; i++) {
        nvm_inspect_track_end(m, m->tracks[i]);
    }

    if (!m->has_moov && m->nmoofs == 0 && m->ntracks == 0) {
        (void) nvm_fault(&f, NVM_ENOENT, m->offset,
                         "there is neither moov nor moof");
        nvm_inspect_fault_add(&m->faults, &f);
    }

    return m->nomem ? NVM_ENOMEM : NVM_OK;
}


/* That of the longest track, because movies with fragments don't tell. */
static void
nvm_inspect_mp4_duration(const nvm_inspect_mp4_t *m, nvm_emit_t *e)
{
    uint32_t                    i;
    unsigned __int128           us, max;
    const nvm_inspect_track_t  *t;

    for (i = 0, max = 0; i < m->ntracks; i++) {
        t = m->tracks[i];
        us = (unsigned __int128) t->duration * 1000000 + t->timescale / 2;
        us = t->timescale ? us / t->timescale : 0;
        max = us > max ? us : max;
    }

    nvm_emit_seconds(e, "duration", max > INT64_MAX ? INT64_MAX
                                    : (int64_t) max, 1000000);
}


void
nvm_inspect_mp4_write(nvm_inspect_mp4_t *m, nvm_emit_t *e, unsigned all)
{
    uint32_t            i;
    nvm_inspect_walk_t  w;

    memset(&w, 0, sizeof(nvm_inspect_walk_t));
    w.m = m;
    w.e = e;
    w.all = all != 0;

    nvm_emit_word(e, "format", "mp4");
    nvm_emit_uint(e, "size", m->file_size);
    nvm_inspect_mp4_duration(m, e);
    nvm_emit_flag(e, "fragmented", m->nmoofs != 0);
    nvm_emit_uint(e, "errors", m->faults.count);

    nvm_emit_open(e, "tracks", NVM_EMIT_ARRAY);

    for (i = 0; i < m->ntracks; i++) {
        nvm_inspect_track_write(&w, m->tracks[i]);
    }

    nvm_emit_close(e);

    nvm_inspect_tops(&w, m->tops, m->ntops);
    nvm_inspect_faults_write(e, &m->faults);
}


const nvm_inspect_faults_t *
nvm_inspect_mp4_faults(const nvm_inspect_mp4_t *m)
{
    return &m->faults;
}
