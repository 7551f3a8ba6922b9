/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: the configuration box of every codec in the table; the first
 * byte chooses, the second is what the sample entry claims.  A track that is
 * made keeps what it says when its configuration is read again, and can be
 * written.
 */

#include "fuzz.h"
#include "nvm_ac3.h"
#include "nvm_cmaf.h"
#include "nvm_codec.h"


static const char  *const entries[] = {
    "avc1", "avc3", "hvc1", "hev1", "av01", "vp09", "mp4a", ".mp3", "ac-3",
    "ec-3", "Opus", "fLaC"
};

static const uint32_t  rates[] = { 48000, 22050, 24000, 96000, 0 };


/* esds is no configuration, but holds one. */
static void
again(const nvm_codec_t *c, const nvm_track_t *t, const nvm_track_t *before)
{
    nvm_track_t  other;

    if (c->write == NVM_FOURCC('m', 'p', '4', 'a')) {
        return;
    }

    other = *before;
    require(c->parse(&other, t->config, t->config_len, NULL) == NVM_OK);
    require(memcmp(&other, t, sizeof(other)) == 0);
}


static void
track(const nvm_codec_t *c, uint8_t claim, const uint8_t *data, size_t size)
{
    nvm_fault_t   f;
    nvm_track_t   t, before;
    nvm_writer_t  w;

    memset(&f, 0, sizeof(f));
    memset(&t, 0, sizeof(t));
    t.entry = c->write;
    t.id = 1;

    if (c->kind == NVM_VIDEO) {
        t.width = t.height = claim;

    } else {
        t.channels = claim & 15;
        t.sample_rate = rates[(claim >> 4) % 5];
    }

    before = t;

    if (c->parse(&t, data, size, &f) != NVM_OK) {
        require(f.code != NVM_OK && f.what != NULL && f.offset <= size);
        require(memcmp(&t, &before, sizeof(t)) == 0);
        return;
    }

    require(f.code == NVM_OK && t.kind == c->kind);
    require(memchr(t.codecs, 0, sizeof(t.codecs)) != NULL && t.codecs[0]);
    require(t.config_len <= NVM_MAX_CONFIG);
    require(nvm_codec_of(&t) != NULL);

    if (t.kind == NVM_VIDEO) {
        require(t.width && t.height);

    } else {
        require(t.channels && t.sample_rate && t.timescale && t.joc <= 16);
    }

    again(c, &t, &before);

    nvm_writer_init(&w, NULL, 0);
    require(nvm_cmaf_init_write(&w, &t) == NVM_OK);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t            name;
    const char         *e;
    const nvm_codec_t  *c;

    if (size < 2) {
        return 0;
    }

    e = entries[data[0] % (sizeof(entries) / sizeof(entries[0]))];
    name = NVM_FOURCC((uint8_t) e[0], (uint8_t) e[1], (uint8_t) e[2],
                      (uint8_t) e[3]);

    c = nvm_codec_find(name, NVM_VIDEO);
    c = c ? c : nvm_codec_find(name, NVM_AUDIO);
    require(c != NULL);

    track(c, data[1], data + 2, size - 2);

    return 0;
}
