/*
 * Copyright (C) ngx_video authors
 *
 * Sheets of thumbnails, see nvm_images.h.
 */

#include <inttypes.h>

#include "nvm_images.h"
#include "nvm_text.h"
#include "nvm_vtt_text.h"


/* Bits of a pixel in a JPEG of a film, at most; nobody waits for the sheets to
   be made to know better. */
#define NVM_IMAGES_BITS  10

/* EXT-X-IMAGES-ONLY came with it */
#define NVM_IMAGES_VERSION  7


static uint64_t
nvm_images_bandwidth(const nvm_images_t *i)
{
    return (uint64_t) i->width * i->height * NVM_IMAGES_BITS * 1000 / i->every
           + 1;
}


/* ms that a sheet is of */
static uint64_t
nvm_images_sheet(const nvm_images_t *i)
{
    return i->every * i->columns * i->rows;
}


void
nvm_images_variant(nvm_writer_t *w, const nvm_images_t *i)
{
    nvm_writer_fmt(w, "#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=%" PRIu64
                   ",RESOLUTION=%" PRIu32 "x%" PRIu32 ",CODECS=\"jpeg\","
                   "URI=\"thumbs/index.m3u8\"\n", nvm_images_bandwidth(i),
                   i->width, i->height);
}


nvm_err_e
nvm_images_list(nvm_writer_t *w, const nvm_images_t *i)
{
    uint64_t  n, start, length, sheet;

    sheet = nvm_images_sheet(i);
    length = sheet < i->duration ? sheet : i->duration;

    nvm_writer_fmt(w, "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-TARGETDURATION:%"
                   PRIu64 "\n#EXT-X-MEDIA-SEQUENCE:0\n"
                   "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-IMAGES-ONLY\n",
                   NVM_IMAGES_VERSION, (length + 999) / 1000);

    for (n = 0, start = 0; start < i->duration; n++, start += sheet) {
        length = i->duration - start < sheet ? i->duration - start : sheet;

        nvm_writer_fmt(w, "#EXTINF:%" PRIu64 ".%03" PRIu64 ",\n#EXT-X-TILES:"
                       "RESOLUTION=%" PRIu32 "x%" PRIu32 ",LAYOUT=%" PRIu32
                       "x%" PRIu32 ",DURATION=%" PRIu64 ".%03" PRIu64 "\n%"
                       PRIu64 ".jpg\n", length / 1000, length % 1000,
                       i->width, i->height, i->columns, i->rows,
                       i->every / 1000, i->every % 1000, n);
    }

    nvm_writer_text(w, "#EXT-X-ENDLIST\n");

    return w->error;
}


void
nvm_images_tiles(nvm_writer_t *w, const nvm_images_t *i, uint64_t us)
{
    nvm_writer_fmt(w, "#EXT-X-TILES:RESOLUTION=%" PRIu32 "x%" PRIu32
                   ",LAYOUT=%" PRIu32 "x%" PRIu32 ",DURATION=", i->width,
                   i->height, i->columns, i->rows);
    nvm_text_seconds(w, us);
    nvm_writer_text(w, "\n");
}


void
nvm_images_set_begin(nvm_writer_t *w, uint32_t id)
{
    nvm_writer_fmt(w, "    <AdaptationSet id=\"%" PRIu32 "\" contentType="
                   "\"image\" mimeType=\"image/jpeg\">\n", id);
}


void
nvm_images_set_end(nvm_writer_t *w, const nvm_images_t *i)
{
    nvm_writer_fmt(w, "      <Representation id=\"thumbs\" bandwidth=\"%"
                   PRIu64 "\" width=\"%" PRIu32 "\" height=\"%" PRIu32
                   "\">\n"
                   "        <EssentialProperty schemeIdUri=\""
                   "http://dashif.org/guidelines/thumbnail_tile\" value=\"%"
                   PRIu32 "x%" PRIu32 "\"/>\n"
                   "      </Representation>\n    </AdaptationSet>\n",
                   nvm_images_bandwidth(i), i->width * i->columns,
                   i->height * i->rows, i->columns, i->rows);
}


void
nvm_images_set(nvm_writer_t *w, const nvm_images_t *i, uint32_t id)
{
    nvm_images_set_begin(w, id);
    nvm_writer_fmt(w, "      <SegmentTemplate timescale=\"1000\" duration=\"%"
                   PRIu64 "\" startNumber=\"0\""
                   " media=\"thumbs/$Number$.jpg\"/>\n",
                   nvm_images_sheet(i));
    nvm_images_set_end(w, i);
}


void
nvm_images_cue(nvm_writer_t *w, const nvm_images_t *i,
    const nvm_images_cue_t *c)
{
    uint64_t  tile;

    nvm_text_date(w, c->wall);
    nvm_writer_text(w, "\n");
    nvm_vtt_time_write(w, c->start);
    nvm_writer_text(w, " --> ");
    nvm_vtt_time_write(w, c->end);
    nvm_writer_text(w, "\nthumbs/");
    nvm_text_uri(w, c->prefix, 0);

    if (c->count == 0) {
        nvm_writer_fmt(w, "%" PRIu64 ".jpg\n\n", c->number);
        return;
    }

    tile = c->number % ((uint64_t) i->columns * i->rows);

    nvm_writer_fmt(w, "%" PRIu64 "-%" PRIu64 ".jpg#xywh=%" PRIu64 ",%" PRIu64
                   ",%" PRIu32 ",%" PRIu32 "\n\n", c->first,
                   c->first + c->count - 1, tile % i->columns * i->width,
                   tile / i->columns * i->height, i->width, i->height);
}
