/*
 * Copyright (C) ngx_video authors
 *
 * What headers and fragments of protected tracks say, byte by byte.
 */

#include "mp4_builder.h"
#include "nvm_aac.h"
#include "nvm_cmaf.h"
#include "nvm_h264.h"
#include "tap.h"


#define STSD  "moov/trak/mdia/minf/stbl/stsd/"

static uint8_t  buf[8192];


static void
protection(nvm_protect_t *p, nvm_protect_scheme_e scheme)
{
    memset(p, 0, sizeof(nvm_protect_t));
    p->scheme = scheme;
    memset(p->kid, 0x4b, NVM_PROTECT_ID);
    memset(p->iv, 0x56, NVM_PROTECT_IV);
}


static void
video(nvm_track_t *t)
{
    memset(t, 0, sizeof(nvm_track_t));
    (void) nvm_h264_track(t, mp4_avcc, sizeof(mp4_avcc), NULL);
    t->id = 3;
    t->timescale = 12800;
    memcpy(t->lang, "und", 4);
}


static void
sound(nvm_track_t *t)
{
    memset(t, 0, sizeof(nvm_track_t));
    (void) nvm_aac_track(t, mp4_asc, sizeof(mp4_asc), NULL);
    t->id = 4;
    t->timescale = 48000;
    memcpy(t->lang, "und", 4);
}


static size_t
init(const nvm_track_t *t, const nvm_protect_t *p)
{
    size_t        size;
    nvm_writer_t  w;

    nvm_writer_init(&w, NULL, 0);
    is_int(nvm_cmaf_init_protected(&w, t, p), NVM_OK, "dry");
    size = w.len;

    nvm_writer_init(&w, buf, sizeof(buf));
    is_int(nvm_cmaf_init_protected(&w, t, p), NVM_OK, "written");
    is_int(w.len, size, "as large");

    return w.len;
}


static void
test_entry(void)
{
    size_t         n;
    uint8_t       *box, want[64];
    nvm_track_t    t;
    nvm_protect_t  p;

    protection(&p, NVM_PROTECT_CENC);
    video(&t);
    n = init(&t, &p);
    box = mp4_find(buf, n, "moov/trak/mdia/minf/stbl/stsd");
    is_int(mp4_u32(box + 12), 1, "one entry");
    box = mp4_find(buf, n, STSD "encv/avcC");
    is_mem(box + 8, mp4_u32(box) - 8, mp4_avcc, sizeof(mp4_avcc), "avcC");
    box = mp4_find(buf, n, STSD "encv/sinf/frma");
    is_mem(box, mp4_u32(box), "\0\0\0\14frmaavc1", 12, "frma");
    box = mp4_find(buf, n, STSD "encv/sinf/schm");
    is_mem(box, mp4_u32(box), "\0\0\0\24schm\0\0\0\0cenc\0\1\0\0", 20, "schm");
    box = mp4_find(buf, n, STSD "encv/sinf/schi/tenc");
    memcpy(want, "\0\0\0\40tenc\0\0\0\0\0\0\1\10", 16);
    memcpy(want + 16, p.kid, 16);
    is_mem(box, mp4_u32(box), want, 32, "tenc: vectors of 8 bytes");

    protection(&p, NVM_PROTECT_CBCS);
    n = init(&t, &p);
    box = mp4_find(buf, n, STSD "encv/sinf/schi/tenc");
    memcpy(want, "\0\0\0\61tenc\1\0\0\0\0\x19\1\0", 16);
    want[32] = 16;
    memcpy(want + 33, p.iv, 16);
    is_mem(box, mp4_u32(box), want, 49,
           "of cbcs: one block of ten, and the vector");

    sound(&t);
    n = init(&t, &p);
    (void) mp4_find(buf, n, STSD "enca/esds");
    box = mp4_find(buf, n, STSD "enca/sinf/frma");
    is_mem(box + 8, 4, "mp4a", 4, "of AAC");
    box = mp4_find(buf, n, STSD "enca/sinf/schi/tenc");
    want[8] = 0;
    want[13] = 0;
    is_mem(box, mp4_u32(box), want, 49, "has no pattern");
}


static void
test_pssh(void)
{
    size_t         n;
    uint8_t        pssh[256], kids[32], system[16], *box, want[128];
    nvm_track_t    t;
    nvm_writer_t   w;
    nvm_protect_t  p;

    memset(kids, 1, 16);
    memset(kids + 16, 2, 16);
    memset(system, 0x53, 16);

    nvm_writer_init(&w, pssh, sizeof(pssh));
    nvm_protect_pssh_write(&w, system, kids, 2, NULL, 0);
    n = w.len;
    memcpy(want, "\0\0\0\104pssh\1\0\0\0SSSSSSSSSSSSSSSS\0\0\0\2", 32);
    memcpy(want + 32, kids, 32);
    memset(want + 64, 0, 4);
    is_mem(pssh, n, want, 68, "version 1: two keys, no data");

    nvm_protect_pssh_write(&w, system, NULL, 0, (const uint8_t *) "data", 4);
    is_mem(pssh + n, w.len - n,
           "\0\0\0\44pssh\0\0\0\0SSSSSSSSSSSSSSSS\0\0\0\4data", 36,
           "version 0: data alone");

    protection(&p, NVM_PROTECT_CENC);
    p.pssh = pssh;
    p.pssh_len = w.len;
    video(&t);
    n = init(&t, &p);
    box = mp4_find(buf, n, "moov/pssh");
    is_mem(box, p.pssh_len, pssh, p.pssh_len, "both are in moov");
}


/*
 * A chunk of three samples: the boxes in traf, and that trun and saio point to
 * what they are to.
 */
static uint8_t *
chunk(const nvm_track_t *t, const nvm_protect_samples_t *s, unsigned first,
    size_t *len)
{
    size_t            size, moof;
    uint8_t          *box, *saio, *senc;
    uint64_t          payload;
    nvm_writer_t      w;
    nvm_cmaf_chunk_t  c = { 0 };

    static const nvm_sample_t  samples[3] = {
        { .duration = 512, .size = 1000, .key = 1 },
        { .duration = 512, .size = 500, .dts = 512 },
        { .duration = 512, .size = 400, .dts = 1024 }
    };

    c.track = t;
    c.samples = samples;
    c.nsamples = 3;
    c.sequence = 1;
    c.first = first;
    c.protect = s;

    nvm_writer_init(&w, NULL, 0);
    is_int(nvm_cmaf_chunk_write(&w, &c, &payload), NVM_OK, "chunk: dry");
    size = w.len;
    nvm_writer_init(&w, buf, sizeof(buf));
    is_int(nvm_cmaf_chunk_write(&w, &c, &payload), NVM_OK, "written");
    is_int(w.len, size, "as large");
    is_int(payload, 1900, "payload");
    *len = w.len;

    moof = (size_t) (mp4_find(buf, w.len, "moof") - buf);
    box = mp4_find(buf, w.len, "moof/traf/trun");
    is_int(mp4_u32(box + 16), w.len - moof, "samples come behind mdat");

    if (memmem(buf, w.len, "senc", 4) == NULL) {
        return NULL;
    }

    saio = mp4_find(buf, w.len, "moof/traf/saio");
    senc = mp4_find(buf, w.len, "moof/traf/senc");
    is_int(mp4_u32(saio + 12), 1, "one offset");
    is_int(mp4_u32(saio + 16), (size_t) (senc + 16 - buf) - moof,
           "that of what senc has");

    return senc;
}


static void
test_samples(void)
{
    size_t                 n;
    uint8_t               *senc, *saiz, want[256], *q;
    nvm_track_t            t;
    nvm_protect_t          p;
    nvm_protect_samples_t  s;

    static const uint64_t  ivs[3] = { 0x0102030405060708, 2, UINT64_MAX };
    static const uint8_t   counts[3] = { 2, 1, 1 };
    static const uint8_t   equal[3] = { 1, 1, 1 };

    static const nvm_protect_subsample_t  sub[4] = {
        { 40, 160 }, { 65535, 0 }, { 5, 495 }, { 400, 0 }
    };

    protection(&p, NVM_PROTECT_CENC);
    memset(&s, 0, sizeof(s));
    s.track = &p;
    s.ivs = ivs;
    video(&t);

    senc = chunk(&t, &s, 1, &n);
    memcpy(want, "\0\0\0\50senc\0\0\0\0\0\0\0\3\1\2\3\4\5\6\7\10"
                 "\0\0\0\0\0\0\0\2\377\377\377\377\377\377\377\377", 40);
    is_mem(senc, mp4_u32(senc), want, 40, "senc: vectors alone");
    saiz = mp4_find(buf, n, "moof/traf/saiz");
    is_mem(saiz, mp4_u32(saiz), "\0\0\0\21saiz\0\0\0\0\10\0\0\0\3", 17,
           "saiz: of 8 bytes each");

    s.subsamples = sub;
    s.counts = counts;
    senc = chunk(&t, &s, 0, &n);
    is_int(mp4_u32(senc), 16 + 3 * 8 + 3 * 2 + 4 * 6, "senc: subsamples");
    is_int(mp4_u32(senc + 8), 2, "that is said");
    q = senc + 16;
    is_mem(q, 22, "\1\2\3\4\5\6\7\10\0\2\0\50\0\0\0\240\377\377\0\0\0\0", 22,
           "two of the first");
    is_mem(q + 22, 16, "\0\0\0\0\0\0\0\2\0\1\0\5\0\0\1\357", 16,
           "one of the next");
    saiz = mp4_find(buf, n, "moof/traf/saiz");
    is_mem(saiz, mp4_u32(saiz), "\0\0\0\24saiz\0\0\0\0\0\0\0\0\3\26\20\20", 20,
           "saiz: of each");

    protection(&p, NVM_PROTECT_CBCS);
    s.counts = equal;
    senc = chunk(&t, &s, 1, &n);
    is_int(mp4_u32(senc), 16 + 3 * 8, "cbcs: no vectors");
    saiz = mp4_find(buf, n, "moof/traf/saiz");
    is_mem(saiz, mp4_u32(saiz), "\0\0\0\21saiz\0\0\0\0\10\0\0\0\3", 17,
           "as many bytes of all");

    s.counts = NULL;
    sound(&t);
    senc = chunk(&t, &s, 1, &n);
    ok(senc == NULL && memmem(buf, n, "saiz", 4) == NULL
       && memmem(buf, n, "saio", 4) == NULL,
       "cbcs of sound: there is nothing to say");
}


int
main(void)
{
    test_entry();
    test_pssh();
    test_samples();

    return done_testing();
}
