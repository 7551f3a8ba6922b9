/*
 * Copyright (C) ngx_video authors
 *
 * Thumbnails of live streams, see ngx_video_live_image.h.
 *
 * A place of a ring is emptied before what was there loses its object, and its
 * size is written last.
 */

#include "ngx_video_live_block.h"
#include "ngx_video_live_image.h"
#include "ngx_video_live_reading.h"


_Static_assert(sizeof(ngx_video_live_images_t) <= NGX_VIDEO_CHUNK_SIZE,
               "the thumbnails of a run fit into a chunk");


static ngx_video_live_images_t *
ngx_video_live_images_at(ngx_video_store_t *st, ngx_video_live_t *l)
{
    return (ngx_video_live_images_t *) ngx_video_chunk_data(st, l->images);
}


ngx_int_t
ngx_video_live_images(ngx_video_store_t *st, ngx_uint_t index,
    const ngx_video_live_grid_t *grid)
{
    uint32_t                  chunk;
    ngx_video_live_t         *l;
    ngx_video_live_images_t  *images;

    l = &st->lives[index];

    ngx_video_store_lock(st);

    chunk = ngx_video_chunk_take(st, 1);

    if (chunk) {
        images = (ngx_video_live_images_t *) ngx_video_chunk_data(st, chunk);
        ngx_memzero(images, sizeof(ngx_video_live_images_t));
        images->grid = *grid;

        ngx_video_live_begin(l);
        ngx_video_store_sc(&l->images, chunk);
        ngx_video_live_commit(l);

        st->head->pinned++;
    }

    ngx_video_store_unlock(st);

    return chunk ? NGX_OK : NGX_ERROR;
}


uint32_t
ngx_video_live_images_used(ngx_video_store_t *st, ngx_video_live_t *l)
{
    return l->images ? 1 + ngx_video_live_images_at(st, l)->chunks : 0;
}


static uint32_t
ngx_video_live_image_chunks(size_t size)
{
    return (uint32_t) ((size + NGX_VIDEO_CHUNK_SIZE - 1)
                       >> NGX_VIDEO_CHUNK_SHIFT);
}


/* An object that nothing is in any more, of so many bytes. */
static void
ngx_video_live_image_free(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_images_t *images, ngx_video_ref_t *ref, size_t size)
{
    images->chunks -= ngx_min(images->chunks,
                              ngx_video_live_image_chunks(size));
    ngx_video_object_disown(st, index, ref);
}


/* Empties a place: what was there is at "was". */
static void
ngx_video_live_image_take(ngx_video_live_t *l, ngx_video_live_image_t *place,
    ngx_video_live_image_t *was)
{
    *was = *place;

    if (was->size) {
        ngx_video_live_begin(l);
        ngx_video_store_sc(&place->size, 0);
        ngx_video_live_commit(l);
    }
}


/* Something is there. */
static void
ngx_video_live_image_put(ngx_video_live_t *l, ngx_video_live_image_t *place,
    const ngx_video_live_image_t *image)
{
    ngx_video_live_begin(l);

    place->number = image->number;
    place->object = image->object;
    place->offset = image->offset;
    place->count = image->count;
    ngx_video_store_sc(&place->size, image->size);
    l->nimages++;

    ngx_video_live_commit(l);
}


/* A thumbnail goes, and its object if no other one is in it. */
static void
ngx_video_live_thumb_drop(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_images_t *images, ngx_video_live_image_t *place)
{
    ngx_uint_t              i;
    ngx_video_live_t       *l;
    ngx_video_live_image_t  was, *other;

    l = &st->lives[index];
    ngx_video_live_image_take(l, place, &was);

    if (was.size == 0 || was.object.id == images->open.id) {
        return;
    }

    for (i = 0; i < NGX_VIDEO_LIVE_IMAGES; i++) {
        other = &images->thumbs[i];

        if (other->size && other->object.id == was.object.id) {
            return;
        }
    }

    ngx_video_live_image_free(st, index, images, &was.object, was.size);
}


/* The one that thumbnails go to is full, or the last. */
static void
ngx_video_live_images_close(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_images_t *images)
{
    ngx_uint_t       i;
    ngx_video_ref_t  ref;

    if (images->open.id == 0) {
        return;
    }

    ref = images->open;
    images->open.id = 0;

    for (i = 0; i < NGX_VIDEO_LIVE_IMAGES; i++) {
        if (images->thumbs[i].size
            && images->thumbs[i].object.id == ref.id)
        {
            break;
        }
    }

    ngx_video_object_complete(st, &ref);

    if (i == NGX_VIDEO_LIVE_IMAGES) {
        /* all of them have gone meanwhile */
        ngx_video_live_image_free(st, index, images, &ref, images->filled);
    }

    ngx_video_object_put(st, &ref);
}


/* The number of the oldest segment that is listed of the first track. */
static uint64_t
ngx_video_live_images_oldest(ngx_video_store_t *st, ngx_video_live_t *l)
{
    ngx_video_live_track_t  *t;

    t = ngx_video_live_track_at(st, l, 0);

    if (t->dvr.next > t->dvr.first) {
        return t->dvr.base + t->dvr.first;
    }

    return t->next > t->first ? ngx_video_live_segment_at(t, t->first)->msn : 0;
}


/* That which the next one will have at least. */
static uint64_t
ngx_video_live_images_next(ngx_video_store_t *st, ngx_video_live_t *l)
{
    ngx_video_live_track_t  *t;

    t = ngx_video_live_track_at(st, l, 0);

    return t->next > t->first
           ? ngx_video_live_segment_at(t, t->next - 1)->msn + 1 : 0;
}


/* Thumbnails and sheets of segments before "oldest" go. */
static void
ngx_video_live_images_slide(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_images_t *images, uint64_t oldest)
{
    ngx_uint_t               i;
    ngx_video_live_t        *l;
    ngx_video_live_image_t  *place, was;

    l = &st->lives[index];

    for (i = 0; images->first < ngx_min(oldest, images->next)
                && i < NGX_VIDEO_LIVE_IMAGES; i++)
    {
        place = ngx_video_live_thumb_at(images, images->first);

        if (place->size && place->number == images->first) {
            ngx_video_live_thumb_drop(st, index, images, place);
        }

        images->first++;
    }

    images->first = ngx_max(images->first, ngx_min(oldest, images->next));

    for (i = 0; i < NGX_VIDEO_LIVE_SHEETS; i++) {
        place = &images->sheets[i];

        if (place->size && place->number + place->count <= oldest) {
            ngx_video_live_image_take(l, place, &was);
            ngx_video_live_image_free(st, index, images, &was.object,
                                      was.size);
        }
    }
}


/*
 * Whether the stream may have so many chunks more: a quarter of the zone is left
 * for media.
 */
static ngx_uint_t
ngx_video_live_images_room(ngx_video_store_t *st, ngx_video_live_t *l,
    uint32_t chunks)
{
    uint32_t    want, used;
    ngx_uint_t  room;

    used = ngx_video_live_used(st, l) + chunks;

    if (used <= l->reserved) {
        return 1;
    }

    want = used - l->reserved;

    ngx_video_store_lock(st);

    room = st->head->reserved + want
           <= st->head->nchunks - st->head->nchunks / 4;

    if (room) {
        st->head->reserved += want;
        l->reserved += want;
    }

    ngx_video_store_unlock(st);

    return room;
}


/* An object of its own, or one that thumbnails go to: NGX_OK, NGX_DECLINED. */
static ngx_int_t
ngx_video_live_image_object(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_images_t *images, const u_char *data, size_t size,
    ngx_video_ref_t *ref)
{
    uint32_t           chunks;
    ngx_video_live_t  *l;

    l = &st->lives[index];
    chunks = ngx_video_live_image_chunks(size);

    if (!ngx_video_live_images_room(st, l, chunks)
        || ngx_video_object_create(st, index, l->epoch,
                                   NGX_VIDEO_OBJECT_PIECES, ref)
           != NGX_DONE)
    {
        return NGX_DECLINED;
    }

    if (ngx_video_object_append(st, ref, data, size) != NGX_OK) {
        ngx_video_object_abort(st, ref);
        ngx_video_object_put(st, ref);
        return NGX_DECLINED;
    }

    images->chunks += chunks;

    return NGX_OK;
}


/* A sheet, or a poster: it takes a place, from what it replaces. */
static ngx_int_t
ngx_video_live_image_alone(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_images_t *images, ngx_video_live_image_t *place,
    ngx_video_live_image_t *image, const u_char *data)
{
    ngx_video_live_image_t  was;

    if (ngx_video_live_image_object(st, index, images, data, image->size,
                                    &image->object)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    ngx_video_object_complete(st, &image->object);
    ngx_video_live_image_take(&st->lives[index], place, &was);
    ngx_video_live_image_put(&st->lives[index], place, image);
    ngx_video_object_put(st, &image->object);

    if (was.size) {
        ngx_video_live_image_free(st, index, images, &was.object, was.size);
    }

    return NGX_OK;
}


/* The place of a sheet: that of the one which it has all of, or the oldest. */
static ngx_video_live_image_t *
ngx_video_live_sheet_place(ngx_video_live_images_t *images,
    ngx_video_live_image_t *image)
{
    ngx_uint_t               i;
    ngx_video_live_image_t  *p;

    for (i = 0; i < NGX_VIDEO_LIVE_SHEETS; i++) {
        p = &images->sheets[i];

        if (p->size && p->number >= image->number
            && p->number + p->count <= image->number + image->count)
        {
            return p;
        }
    }

    return &images->sheets[images->nsheets++ % NGX_VIDEO_LIVE_SHEETS];
}


/* Behind the others that are in the open object, or in a new one. */
static ngx_int_t
ngx_video_live_thumb(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_images_t *images, ngx_video_live_image_t *image,
    const u_char *data)
{
    ngx_video_live_image_t  *place;

    if (images->open.id && images->filled + image->size > NGX_VIDEO_CHUNK_SIZE)
    {
        ngx_video_live_images_close(st, index, images);
    }

    if (images->open.id == 0) {
        if (ngx_video_live_image_object(st, index, images, data, image->size,
                                        &images->open)
            != NGX_OK)
        {
            images->open.id = 0;
            return NGX_DECLINED;
        }

        images->filled = 0;

    } else if (ngx_video_object_append(st, &images->open, data, image->size)
               != NGX_OK)
    {
        return NGX_DECLINED;
    }

    ngx_video_object_flush(st, &images->open);

    image->object = images->open;
    image->offset = images->filled;
    images->filled += image->size;

    if (image->number >= images->next + NGX_VIDEO_LIVE_IMAGES) {
        images->first = image->number;
    }

    place = ngx_video_live_thumb_at(images, image->number);
    ngx_video_live_thumb_drop(st, index, images, place);
    ngx_video_live_image_put(&st->lives[index], place, image);

    images->next = ngx_max(images->next, image->number + 1);

    return NGX_OK;
}


ngx_int_t
ngx_video_live_image(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_image_e kind, uint64_t number, uint32_t count,
    const u_char *data, size_t size)
{
    uint64_t                  oldest, next;
    ngx_video_live_t         *l;
    ngx_video_live_image_t    image;
    ngx_video_live_images_t  *images;

    l = &st->lives[index];

    if (l->images == 0 || l->ntracks == 0 || size == 0) {
        return NGX_ABORT;
    }

    images = ngx_video_live_images_at(st, l);
    oldest = ngx_video_live_images_oldest(st, l);
    next = ngx_video_live_images_next(st, l);

    ngx_memzero(&image, sizeof(ngx_video_live_image_t));
    image.number = number;
    image.count = count;
    image.size = (uint32_t) size;

    if (kind == NGX_VIDEO_LIVE_POSTER) {
        image.number = images->poster.number + 1;
        return ngx_video_live_image_alone(st, index, images, &images->poster,
                                          &image, data);
    }

    if (number < oldest || count == 0 || number >= next
        || count > next - number)
    {
        return NGX_ABORT;
    }

    ngx_video_live_images_slide(st, index, images, oldest);

    if (kind == NGX_VIDEO_LIVE_SHEET) {
        return ngx_video_live_image_alone(st, index, images,
                               ngx_video_live_sheet_place(images, &image),
                               &image, data);
    }

    return ngx_video_live_thumb(st, index, images, &image, data);
}


void
ngx_video_live_images_end(ngx_video_store_t *st, ngx_uint_t index)
{
    ngx_video_live_t  *l;

    l = &st->lives[index];

    if (l->images) {
        ngx_video_live_images_close(st, index,
                                    ngx_video_live_images_at(st, l));
    }
}


ngx_uint_t
ngx_video_live_images_yield(ngx_video_store_t *st, ngx_uint_t index)
{
    ngx_uint_t                i;
    ngx_video_live_t         *l;
    ngx_video_live_image_t    was, *place;
    ngx_video_live_images_t  *images;

    l = &st->lives[index];

    if (l->images == 0) {
        return 0;
    }

    images = ngx_video_live_images_at(st, l);

    if (images->chunks == 0) {
        return 0;
    }

    ngx_video_live_images_close(st, index, images);

    for (i = 0; i < NGX_VIDEO_LIVE_IMAGES; i++) {
        ngx_video_live_thumb_drop(st, index, images, &images->thumbs[i]);
    }

    for (i = 0; i <= NGX_VIDEO_LIVE_SHEETS; i++) {
        place = i ? &images->sheets[i - 1] : &images->poster;
        ngx_video_live_image_take(l, place, &was);

        if (was.size) {
            ngx_video_live_image_free(st, index, images, &was.object,
                                      was.size);
        }
    }

    images->chunks = 0;

    return 1;
}


/* Between two looks at the version: the chunk; NULL: there is none. */
static ngx_video_live_images_t *
ngx_video_live_images_there(ngx_video_store_t *st, ngx_video_live_t *l)
{
    uint32_t  chunk;

    chunk = ngx_video_load(&l->images);

    return chunk && chunk <= st->head->nchunks
           ? (ngx_video_live_images_t *) ngx_video_chunk_data(st, chunk)
           : NULL;
}


ngx_int_t
ngx_video_live_grid(ngx_video_store_t *st, ngx_video_live_info_t *info,
    ngx_video_live_grid_t *grid)
{
    uint64_t                  version;
    ngx_video_live_t         *l;
    ngx_video_live_images_t  *images;

    l = &st->lives[info->index];

    do {
        if (ngx_video_live_read_begin(st, l, &version) != NGX_OK
            || ngx_video_load(&l->epoch) != info->epoch)
        {
            return NGX_DECLINED;
        }

        images = ngx_video_live_images_there(st, l);

        if (images) {
            *grid = images->grid;
        }

    } while (!ngx_video_live_read_valid(l, version));

    return images ? NGX_OK : NGX_DECLINED;
}


ngx_video_live_images_t *
ngx_video_live_images_read(ngx_video_store_t *st, ngx_video_live_info_t *info,
    nvm_arena_t *arena)
{
    uint64_t                  version;
    ngx_video_live_t         *l;
    ngx_video_live_images_t  *images, *copy;

    l = &st->lives[info->index];
    copy = NULL;

    do {
        if (ngx_video_live_read_begin(st, l, &version) != NGX_OK
            || ngx_video_load(&l->epoch) != info->epoch)
        {
            return NULL;
        }

        images = ngx_video_live_images_there(st, l);

        if (images == NULL) {
            return NULL;
        }

        if (copy == NULL) {
            copy = nvm_alloc(arena, 1, sizeof(ngx_video_live_images_t));

            if (copy == NULL) {
                return NULL;
            }
        }

        ngx_memcpy(copy, images, sizeof(ngx_video_live_images_t));

    } while (!ngx_video_live_read_valid(l, version));

    return copy;
}


/* Between two looks at the version. */
static ngx_video_live_image_t *
ngx_video_live_image_at(ngx_video_live_images_t *images,
    ngx_video_live_image_e kind, uint64_t number)
{
    ngx_uint_t               i;
    ngx_video_live_image_t  *p, *best;

    if (kind == NGX_VIDEO_LIVE_POSTER) {
        return &images->poster;
    }

    if (kind == NGX_VIDEO_LIVE_THUMB) {
        p = ngx_video_live_thumb_at(images, number);
        return p->number == number ? p : NULL;
    }

    for (i = 0, best = NULL; i < NGX_VIDEO_LIVE_SHEETS; i++) {
        p = &images->sheets[i];

        if (p->size && number >= p->number && number - p->number < p->count
            && (best == NULL || p->count > best->count))
        {
            best = p;
        }
    }

    return best;
}


ngx_int_t
ngx_video_live_image_of(ngx_video_store_t *st, ngx_video_live_info_t *info,
    ngx_video_live_image_e kind, uint64_t number,
    ngx_video_live_image_t *image)
{
    uint64_t                  version;
    ngx_video_live_t         *l;
    ngx_video_live_image_t   *p;
    ngx_video_live_images_t  *images;

    l = &st->lives[info->index];

    do {
        if (ngx_video_live_read_begin(st, l, &version) != NGX_OK
            || ngx_video_load(&l->epoch) != info->epoch)
        {
            return NGX_DECLINED;
        }

        images = ngx_video_live_images_there(st, l);
        p = images ? ngx_video_live_image_at(images, kind, number) : NULL;

        if (p) {
            *image = *p;
        }

    } while (!ngx_video_live_read_valid(l, version));

    if (p == NULL || image->size == 0
        || ngx_video_object_get(st, &image->object) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (ngx_video_object_state(st, &image->object) == NGX_VIDEO_OBJECT_ABORTED
        || ngx_video_object_filled(st, &image->object)
           < (uint64_t) image->offset + image->size)
    {
        ngx_video_object_put(st, &image->object);
        return NGX_DECLINED;
    }

    return NGX_OK;
}
