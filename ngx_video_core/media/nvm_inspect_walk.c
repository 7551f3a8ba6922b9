/*
 * Copyright (C) ngx_video authors
 *
 * The walk over the box tree (ISO/IEC 14496-12, 4.2).  A box that claims more
 * than there is gets what there is, and is a fault; where the size of a box
 * is no size at all, what follows within its parent is lost, and the walk goes
 * on after the parent.
 */

#include <string.h>

#include "nvm_inspect_mp4.h"


void
nvm_inspect_fault(nvm_inspect_box_t *box, nvm_err_e code, uint64_t offset,
    const char *what)
{
    (void) nvm_mp4_box_fault(&box->f, &box->b, code, offset, what);
}


uint64_t
nvm_inspect_skip(const nvm_inspect_walk_t *w, uint64_t i, uint64_t count)
{
    if (w->all || i != NVM_INSPECT_FIRST
        || count <= NVM_INSPECT_FIRST + NVM_INSPECT_LAST)
    {
        return i;
    }

    nvm_emit_omitted(w->e, count - NVM_INSPECT_FIRST - NVM_INSPECT_LAST);

    return count - NVM_INSPECT_LAST;
}


void
nvm_inspect_table(nvm_inspect_box_t *box, uint64_t count, uint32_t width,
    nvm_inspect_table_t *t)
{
    size_t    left;
    uint64_t  at;

    at = nvm_reader_offset(&box->b.r);
    left = nvm_reader_left(&box->b.r);

    if (count > left / width) {
        nvm_inspect_fault(box, NVM_ETRUNC, at,
                          "table is longer than its box");
        count = left / width;
    }

    t->count = (uint32_t) count;
    t->width = width;
    nvm_reader_sub(&box->b.r, count * width, &t->r);
}


/* The next child, whatever is wrong with it; 0 at the end. */
static int
nvm_inspect_next(nvm_inspect_box_t *parent, nvm_inspect_box_t *child)
{
    uint32_t       header;
    uint64_t       left;
    nvm_err_e      rc;
    nvm_reader_t  *r;

    r = &parent->b.r;

    if (nvm_mp4_box_ends(r)) {
        return 0;
    }

    memset(child, 0, sizeof(nvm_inspect_box_t));
    child->b.parent = &parent->b;
    child->b.offset = nvm_reader_offset(r);
    child->b.depth = parent->b.depth + 1;

    rc = nvm_mp4_box_header(r, &child->b.type, &child->size, &header);
    left = nvm_reader_left(r);

    if (rc != NVM_OK || child->size == 0) {
        (void) nvm_mp4_box_fault(&child->f,
                                 child->b.type ? &child->b : &parent->b,
                                 rc == NVM_OK ? NVM_EINVAL : rc,
                                 child->b.offset, rc == NVM_ETRUNC
                                 ? "box header is cut"
                                 : "box is smaller than its header");
        child->absent = 1;
        nvm_reader_skip(r, left);
        return 1;
    }

    if (child->size - header > left) {
        nvm_inspect_fault(child, NVM_ETRUNC, child->b.offset,
                          "box is longer than the one around it");
    } else {
        left = child->size - header;
    }

    nvm_reader_sub(r, left, &child->b.r);

    return 1;
}


/* Sets the number that a path shows. */
static void
nvm_inspect_number(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    switch (box->b.type) {

    case NVM_FOURCC('t', 'r', 'a', 'k'):
        box->b.index = ++w->ntraks;
        break;

    case NVM_FOURCC('t', 'r', 'a', 'f'):
        box->b.index = ++w->ntrafs;
        break;
    }
}


static void
nvm_inspect_body(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint32_t                   v;
    const nvm_inspect_form_t  *form;

    form = nvm_inspect_form(&box->b);

    if (form == NULL || box->absent) {
        return;
    }

    box->children = (form->flags & NVM_INSPECT_PARENT) != 0;

    if (form->flags & NVM_INSPECT_CODEC && w->collect && w->track != NULL
        && w->track->nentries == 1)
    {
        w->track->config = box->b.r;
    }

    if (form->flags & NVM_INSPECT_FULL) {
        v = nvm_reader_u32(&box->b.r);
        box->version = v >> 24;
        box->flags = v & 0xffffff;

        if (box->version) {
            nvm_emit_uint(w->e, "version", box->version);
        }

        if (box->flags) {
            nvm_emit_hex32(w->e, "flags", box->flags);
        }
    }

    if (form->body != NULL) {
        form->body(w, box);

    } else if (form->fields != NULL) {
        nvm_inspect_fields(w, box, form->fields);
    }

    if (box->b.r.error) {
        nvm_inspect_fault(box, NVM_ETRUNC, box->b.offset,
                          "box ends before its last field");

    } else if (box->children && box->b.depth >= NVM_MAX_BOX_DEPTH
               && nvm_reader_left(&box->b.r))
    {
        nvm_inspect_fault(box, NVM_ELIMIT, box->b.offset,
                          "boxes are nested too deeply");
        box->children = 0;
    }
}


static void nvm_inspect_children(nvm_inspect_walk_t *w,
    nvm_inspect_box_t *parent);


static void
nvm_inspect_box(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    char  type[NVM_EMIT_TYPE_LEN];

    w->shown++;
    nvm_emit_open(w->e, NULL, NVM_EMIT_OBJECT);

    nvm_emit_type_name(type, box->b.type);
    nvm_emit_title(w->e, "type", box->b.type ? type : "");
    nvm_emit_uint(w->e, "offset", box->b.offset);
    nvm_emit_uint(w->e, "size", box->size);

    nvm_inspect_body(w, box);

    if (box->f.code) {
        nvm_inspect_fault_write(w->e, "error", &box->f);

        if (w->collect) {
            nvm_inspect_fault_add(&w->m->faults, &box->f);
        }
    }

    if (box->children && !nvm_mp4_box_ends(&box->b.r)) {
        nvm_inspect_children(w, box);
    }

    nvm_emit_close(w->e);
}


/* Whether box i of total beside each other is left out. */
static int
nvm_inspect_hidden(const nvm_inspect_walk_t *w, uint64_t i, uint64_t total)
{
    if (w->all || w->collect) {
        return 0;
    }

    if (w->shown >= NVM_INSPECT_MAX_BOXES) {
        return 1;
    }

    return i >= NVM_INSPECT_FIRST_BOXES
           && total - i > NVM_INSPECT_LAST_BOXES;
}


static void
nvm_inspect_children(nvm_inspect_walk_t *w, nvm_inspect_box_t *parent)
{
    uint64_t           i, total, omitted;
    nvm_inspect_box_t  scan, child;

    scan = *parent;

    for (total = 0; !w->all && nvm_inspect_next(&scan, &child); total++) {
        /* void */
    }

    nvm_emit_open(w->e, "boxes", NVM_EMIT_LIST);

    for (i = 0, omitted = 0; nvm_inspect_next(parent, &child); i++) {
        nvm_inspect_number(w, &child);

        if (nvm_inspect_hidden(w, i, total)) {
            omitted++;
            continue;
        }

        if (omitted) {
            nvm_emit_omitted(w->e, omitted);
            omitted = 0;
        }

        nvm_inspect_box(w, &child);
    }

    if (omitted) {
        nvm_emit_omitted(w->e, omitted);
    }

    nvm_emit_close(w->e);
}


void
nvm_inspect_top(nvm_inspect_walk_t *w, const nvm_inspect_top_t *top)
{
    nvm_inspect_box_t  box;

    static const uint8_t  nothing[1];

    memset(&box, 0, sizeof(nvm_inspect_box_t));

    box.b.offset = top->offset;
    box.b.type = top->type;
    box.b.index = top->index;
    box.b.depth = 1;
    box.size = top->size;
    box.absent = top->data == NULL;

    nvm_reader_init(&box.b.r, top->data ? top->data : nothing, top->len,
                    top->offset);

    if (!box.absent) {
        nvm_reader_skip(&box.b.r, top->header);
    }

    if (top->code && top->type) {
        nvm_inspect_fault(&box, top->code, top->offset, top->what);

    } else if (top->code) {
        (void) nvm_fault(&box.f, top->code, top->offset, top->what);
    }

    nvm_inspect_box(w, &box);
}


void
nvm_inspect_tops(nvm_inspect_walk_t *w, const nvm_inspect_top_t *top,
    uint64_t count)
{
    uint64_t  i, omitted;

    nvm_emit_open(w->e, "boxes", NVM_EMIT_ARRAY);

    for (i = 0, omitted = 0; top != NULL; top = top->next, i++) {

        if (nvm_inspect_hidden(w, i, count)) {
            omitted++;
            continue;
        }

        if (omitted) {
            nvm_emit_omitted(w->e, omitted);
            omitted = 0;
        }

        nvm_inspect_top(w, top);
    }

    if (omitted) {
        nvm_emit_omitted(w->e, omitted);
    }

    nvm_emit_close(w->e);
}
