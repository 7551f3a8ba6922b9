/*
 * Copyright (C) ngx_video authors
 *
 * What the files that inspect MP4 share; for them alone.
 *
 * The boxes at the top are kept in a list, those that say something with their
 * bytes.  One walk (nvm_inspect_walk.c) goes over them, twice: first dry, to
 * collect tracks and faults, then to show.  nvm_inspect_boxes.c has a table of
 * what each box holds; a body is a function that shows the fields of one.
 */

#ifndef NVM_INSPECT_MP4_H
#define NVM_INSPECT_MP4_H

#include "nvm_inspect.h"
#include "nvm_model.h"
#include "nvm_mp4_box.h"


/* Boxes at the top, and bytes of one of them, that are looked at. */
#define NVM_INSPECT_TOPS    (1u << 20)
#define NVM_INSPECT_READ    (256u << 20)

#define NVM_INSPECT_TRACKS  64

/* Entries of a long table that are shown: the first and the last ones. */
#define NVM_INSPECT_FIRST   8
#define NVM_INSPECT_LAST    4

/* The same for boxes beside each other, and of all boxes together. */
#define NVM_INSPECT_FIRST_BOXES  24
#define NVM_INSPECT_LAST_BOXES   8
#define NVM_INSPECT_MAX_BOXES    4096

/*
 * Samples without an entry of their own in a table, and without bytes in the
 * file, that are looked at one by one: their claimed number bounds nothing.
 */
#define NVM_INSPECT_STEPS   65536


/* Entries in place.  The count was checked against the bytes. */
typedef struct {
    nvm_reader_t           r;
    uint32_t               count;
    uint32_t               width;       /* of an entry, bytes */
} nvm_inspect_table_t;


/* Flags of trun, 8.8.8 */
#define NVM_INSPECT_TRUN_OFFSET     0x001
#define NVM_INSPECT_TRUN_FIRST      0x004
#define NVM_INSPECT_TRUN_DURATION   0x100
#define NVM_INSPECT_TRUN_SIZE       0x200
#define NVM_INSPECT_TRUN_FLAGS      0x400
#define NVM_INSPECT_TRUN_CTS        0x800


/* A trun: samples that follow each other in a fragment. */
typedef struct nvm_inspect_run_s  nvm_inspect_run_t;

struct nvm_inspect_run_s {
    nvm_inspect_run_t     *next;
    nvm_inspect_table_t    entries;     /* count: samples */
    uint64_t               offset;      /* of the first sample */
    uint64_t               dts;
    uint32_t               flags;       /* of the trun */
    uint32_t               version;
    uint32_t               first_flags; /* of the first sample */
    uint32_t               duration;    /* defaults of all */
    uint32_t               size;
    uint32_t               sample_flags;
    uint64_t               keys;        /* how many of the samples */
};


typedef struct {
    uint32_t               number;      /* of the trak, 0: none */
    uint32_t               id;
    uint32_t               handler;
    uint32_t               timescale;
    uint32_t               entry;       /* type of the first sample entry,
                                           before encryption */
    uint32_t               scheme;      /* of the encryption, or 0 */
    uint32_t               nentries;
    uint16_t               width;
    uint16_t               height;
    uint16_t               rotation;    /* degrees, clockwise */
    uint32_t               sample_rate;
    uint16_t               channels;
    char                   lang[4];
    char                   codecs[NVM_CODECS_LEN];
    nvm_reader_t           config;      /* of the codec, the whole payload */

    /* edit list: presentation = media - media_time + delay */
    uint64_t               delay;       /* ticks of the movie */
    int64_t                media_time;
    unsigned               edited:1;    /* media_time is known */

    nvm_inspect_table_t    stts;
    nvm_inspect_table_t    ctts;
    nvm_inspect_table_t    stsc;
    nvm_inspect_table_t    stss;
    nvm_inspect_table_t    chunks;      /* width 4 or 8 */
    nvm_inspect_table_t    sizes;       /* width 1 with bits 4: pairs */
    uint32_t               bits;        /* of a size: 4, 8, 16, 32 */
    uint32_t               sample_size; /* of all, when not 0 */
    unsigned               has_stss:1;

    uint32_t               table_samples;       /* stsz says */
    uint64_t               table_bytes;
    uint64_t               stts_samples;
    uint64_t               stts_duration;
    uint64_t               stts_max;    /* longest sample */
    uint64_t               stbl;        /* offset of the box */

    uint32_t               trex_duration;
    uint32_t               trex_size;
    uint32_t               trex_flags;
    nvm_inspect_run_t     *runs;
    nvm_inspect_run_t     *last_run;
    uint64_t               run_samples;
    uint64_t               run_bytes;
    uint64_t               run_duration;
    uint64_t               run_keys;
    uint64_t               run_end;     /* dts after the last run */

    uint64_t               samples;     /* all of both */
    uint64_t               bytes;
    uint64_t               duration;
    uint64_t               keys;
    uint64_t               interval;    /* longest between two, ticks */
    nvm_fault_t            f;           /* of tables that disagree */
} nvm_inspect_track_t;


typedef struct nvm_inspect_top_s  nvm_inspect_top_t;

struct nvm_inspect_top_s {
    nvm_inspect_top_t     *next;
    uint64_t               offset;
    uint64_t               size;        /* as claimed */
    uint32_t               type;
    uint32_t               header;      /* bytes of it; 0: it is no good */
    uint32_t               index;       /* of moof */
    nvm_err_e              code;
    const char            *what;
    uint8_t               *data;        /* its first len bytes, or NULL */
    size_t                 len;
};


struct nvm_inspect_mp4_s {
    nvm_arena_t           *arena;
    uint64_t               file_size;

    uint64_t               offset;      /* of the next box at the top */
    uint8_t                header[16];
    nvm_inspect_top_t     *tops;
    nvm_inspect_top_t     *last;
    uint32_t               ntops;
    uint32_t               nmoofs;
    unsigned               body:1;      /* that of the last box is wanted */
    unsigned               ended:1;
    unsigned               has_moov:1;
    unsigned               nomem:1;

    uint32_t               timescale;   /* of the movie */
    uint32_t               ntracks;
    nvm_inspect_track_t   *tracks[NVM_INSPECT_TRACKS];

    nvm_inspect_faults_t   faults;
};


/* A walk, and what it has to know of the boxes around the one at hand. */
typedef struct {
    nvm_emit_t            *e;
    nvm_inspect_mp4_t     *m;
    unsigned               all:1;
    unsigned               collect:1;   /* the first, dry walk */
    uint32_t               shown;       /* boxes so far */
    uint32_t               ntraks;      /* so far; ntrafs: in this moof */
    uint32_t               ntrafs;
    uint32_t               handler;     /* of the mdia around */
    uint32_t               stsd_version;
    nvm_inspect_track_t   *track;       /* collect: of the trak or traf */

    uint64_t               moof;        /* offset */
    uint64_t               base;        /* data offset of the traf */
    uint64_t               next;        /* end of the run before */
    uint64_t               dts;
    uint32_t               duration;    /* defaults of the traf */
    uint32_t               size;
    uint32_t               flags;
} nvm_inspect_walk_t;


/*
 * A box on the way.  "f" is its fault, one at most; a reader that has run out
 * of bytes makes one too.
 */
typedef struct {
    nvm_mp4_box_t          b;
    uint64_t               size;        /* as claimed */
    uint32_t               version;     /* of a full box */
    uint32_t               flags;
    unsigned               children:1;  /* what is left are boxes */
    unsigned               absent:1;    /* its bytes were not read */
    nvm_fault_t            f;
} nvm_inspect_box_t;


typedef void (*nvm_inspect_body_pt)(nvm_inspect_walk_t *w,
    nvm_inspect_box_t *box);


/* nvm_inspect_fields.c: boxes of fixed fields. */

enum {
    NVM_FIELD_END = 0,
    NVM_FIELD_U16,
    NVM_FIELD_U32,
    NVM_FIELD_U64,
    NVM_FIELD_VAR,          /* 32 bits, in version 1 64 */
    NVM_FIELD_S16,
    NVM_FIELD_FIXED8,       /* 8.8 */
    NVM_FIELD_FIXED16,      /* 16.16 */
    NVM_FIELD_TYPE,
    NVM_FIELD_TIME,         /* VAR, seconds since 1904 */
    NVM_FIELD_LANG,         /* 8.4.2.3 */
    NVM_FIELD_TEXT,         /* to a zero or the end */
    NVM_FIELD_MATRIX,
    NVM_FIELD_SKIP          /* n bytes */
};

typedef struct {
    const char            *name;
    uint8_t                kind;
    uint8_t                n;
} nvm_inspect_field_t;

/* Shows fields until the list or the box ends. */
void nvm_inspect_fields(nvm_inspect_walk_t *w, nvm_inspect_box_t *box,
    const nvm_inspect_field_t *field);

void nvm_inspect_lang(uint32_t v, char lang[4]);

/* The matrix of tkhd, 6.2.2: degrees clockwise, -1 when it does more. */
int nvm_inspect_rotation(nvm_reader_t *r, int32_t m[9]);


/* nvm_inspect_boxes.c: what a type of box holds. */

#define NVM_INSPECT_FULL    1           /* version and flags come first */
#define NVM_INSPECT_PARENT  2
#define NVM_INSPECT_CODEC   4           /* the configuration of a codec */

typedef struct {
    char                         type[5];
    uint8_t                      flags;
    const nvm_inspect_field_t   *fields;
    nvm_inspect_body_pt          body;
} nvm_inspect_form_t;

/* NULL: only its type and size are shown. */
const nvm_inspect_form_t *nvm_inspect_form(const nvm_mp4_box_t *box);


/* nvm_inspect_walk.c */

/* The boxes at the top, as an array. */
void nvm_inspect_tops(nvm_inspect_walk_t *w, const nvm_inspect_top_t *top,
    uint64_t count);

/* One of them. */
void nvm_inspect_top(nvm_inspect_walk_t *w, const nvm_inspect_top_t *top);

/* Records a fault of a box that was found at "offset". */
void nvm_inspect_fault(nvm_inspect_box_t *box, nvm_err_e code, uint64_t offset,
    const char *what);

/*
 * For a loop over the count entries of a table: the next one that is shown,
 * i or one further on; what is left out is told.
 */
uint64_t nvm_inspect_skip(const nvm_inspect_walk_t *w, uint64_t i,
    uint64_t count);

/*
 * count entries of width bytes from where the reader of the box stands.  A
 * table that is longer than its box is a fault and is cut.
 */
void nvm_inspect_table(nvm_inspect_box_t *box, uint64_t count, uint32_t width,
    nvm_inspect_table_t *t);

/* A reader of entry i and what follows; empty with an error past the end. */
static inline nvm_reader_t
nvm_inspect_at(const nvm_inspect_table_t *t, uint64_t i)
{
    nvm_reader_t  r;

    r = t->r;
    nvm_reader_skip(&r, i < t->count ? i * t->width : UINT64_MAX);

    return r;
}


/* Bodies: nvm_inspect_tables.c */
void nvm_inspect_stts(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_ctts(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_stss(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_stsc(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_stsz(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_stco(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_stbl(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_elst(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);

/* Bodies: nvm_inspect_fragment.c */
void nvm_inspect_moof(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_traf(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_tfhd(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_tfdt(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_trun(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_trex(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);

/* Bodies: nvm_inspect_sidx.c */
void nvm_inspect_sidx(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_tfra(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);

/* Bodies: nvm_inspect_entry.c */
void nvm_inspect_stsd(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_entry(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_frma(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_schm(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_tenc(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_colr(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_mdcv(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);

/* Bodies: nvm_inspect_codec.c, nvm_inspect_sound.c */
void nvm_inspect_avcc(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_hvcc(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_av1c(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_vpcc(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_dvcc(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_esds(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_dac3(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_dec3(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_dops(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_dfla(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);

/* Colour, if anything is told of it. */
void nvm_inspect_colour(nvm_emit_t *e, const nvm_colour_t *c);

/* The fault of a codec's parser, whose data stands at "base" of the file. */
void nvm_inspect_codec_fault(nvm_inspect_box_t *box, uint64_t base,
    const nvm_fault_t *f);

/* Bodies: nvm_inspect_meta.c */
void nvm_inspect_ftyp(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_pssh(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_emsg(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_prft(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_meta(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_keys(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_data(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_string(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_words(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_tref(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);
void nvm_inspect_uuid(nvm_inspect_walk_t *w, nvm_inspect_box_t *box);


/* nvm_inspect_samples.c: samples of tables and runs, by number. */

typedef struct {
    uint64_t               dts;
    int64_t                cts;         /* offset */
    uint64_t               offset;
    uint32_t               duration;
    uint32_t               size;
    unsigned               key:1;
    unsigned               bare:1;      /* no entry of a table is its own */
} nvm_inspect_sample_t;

/* How many bare samples there may be, whatever is claimed. */
typedef struct {
    uint64_t               bytes;       /* that are left of the file */
    uint32_t               empty;       /* samples without bytes, so far */
} nvm_inspect_bound_t;

/* Where the tables and runs stand; numbers only grow. */
typedef struct {
    const nvm_inspect_track_t  *t;

    uint32_t                stts;       /* entry */
    uint64_t                stts_first; /* number of its first sample */
    uint64_t                stts_dts;
    uint32_t                ctts;
    uint64_t                ctts_first;
    uint32_t                stsc;
    uint64_t                stsc_first;
    uint32_t                stss;
    uint32_t                chunk;      /* the bytes of which were counted, */
    uint64_t                chunk_next; /* up to this sample */
    uint64_t                chunk_at;   /* at this offset */

    const nvm_inspect_run_t *run;
    uint64_t                run_first;
    uint64_t                run_next;   /* as chunk_next */
    uint64_t                run_at;
    uint64_t                run_dts;
} nvm_inspect_cursor_t;

void nvm_inspect_cursor_init(nvm_inspect_cursor_t *c,
    const nvm_inspect_track_t *t);

/*
 * For a loop over samples: 0 when there can't be as many.  They would have
 * more bytes than the file, or none at all.
 */
int nvm_inspect_plausible(nvm_inspect_bound_t *b,
    const nvm_inspect_sample_t *s);

/* Sample n, counted from 0; NVM_ENOENT: tables or runs have no such one. */
nvm_err_e nvm_inspect_cursor_at(nvm_inspect_cursor_t *c, uint64_t n,
    nvm_inspect_sample_t *s);

/*
 * What entry i of a run and the defaults say: all but offset and dts.  Runs
 * without entries have samples that are alike but for the first.
 */
void nvm_inspect_run_sample(const nvm_inspect_run_t *run, uint64_t i,
    nvm_inspect_sample_t *s);

/* The size of sample n of stsz or stz2. */
uint32_t nvm_inspect_size(const nvm_inspect_track_t *t, uint64_t n);


/* nvm_inspect_track.c: the tracks as a whole. */

/* NULL: no memory, or too many. */
nvm_inspect_track_t *nvm_inspect_track_add(nvm_inspect_mp4_t *m);
nvm_inspect_track_t *nvm_inspect_track_find(const nvm_inspect_mp4_t *m,
    uint32_t id);

/* Adds up what was collected, finds out whether the tables agree. */
void nvm_inspect_track_end(nvm_inspect_mp4_t *m, nvm_inspect_track_t *t);

/* Presentation time of a sample, ticks: the edit list is applied. */
int64_t nvm_inspect_track_time(const nvm_inspect_mp4_t *m,
    const nvm_inspect_track_t *t, const nvm_inspect_sample_t *s);

void nvm_inspect_track_write(nvm_inspect_walk_t *w,
    const nvm_inspect_track_t *t);


/* nvm_inspect_keyframes.c */

/* Their number and the longest interval. */
void nvm_inspect_keyframes_end(nvm_inspect_track_t *t);

void nvm_inspect_keyframes_write(nvm_inspect_walk_t *w,
    const nvm_inspect_track_t *t);


#endif /* NVM_INSPECT_MP4_H */
