/*
 * Copyright (C) ngx_video authors
 *
 * What is in a media file, for people and programs: the box tree of MP4, MOV
 * and CMAF files with its tracks and key frames, the PIDs of MPEG transport
 * streams with their clocks and faults.
 *
 * Malformed input is what this is for: a fault is shown at its place, counted,
 * and the rest is read as far as that is possible.  No I/O is done here: the
 * caller reads what it is asked for (MP4) or all there is (TS).
 *
 *     MP4                                     TS
 *
 *     m = nvm_inspect_mp4_create()            ts = nvm_inspect_ts_create()
 *     while (nvm_inspect_mp4_want() is OK)    for each block
 *         read, nvm_inspect_mp4_feed()            nvm_inspect_ts_feed()
 *     nvm_inspect_mp4_end()                   nvm_inspect_ts_end()
 *     nvm_emit_init()                         nvm_emit_init()
 *     nvm_inspect_mp4_write()                 nvm_inspect_ts_write()
 *     nvm_emit_done()                         nvm_emit_done()
 *
 * What writes may be called several times and gives the same each time, so
 * that it can run dry.
 */

#ifndef NVM_INSPECT_H
#define NVM_INSPECT_H

#include "nvm_arena.h"
#include "nvm_inspect_emit.h"


/* Bytes of the beginning of a file from which its format is told. */
#define NVM_INSPECT_PROBE   4096

/* Faults that are kept; all are counted. */
#define NVM_INSPECT_FAULTS  16


typedef enum {
    NVM_INSPECT_UNKNOWN = 0,
    NVM_INSPECT_MP4,
    NVM_INSPECT_TS
} nvm_inspect_format_e;


typedef struct {
    nvm_inspect_format_e   format;
    uint32_t               packet;      /* TS: 188, 192 or 204 bytes */
    uint32_t               start;       /* TS: of the first packet */
} nvm_inspect_probe_t;


/* Tells the format from the first n bytes of a file. */
void nvm_inspect_probe(const uint8_t *data, size_t n, nvm_inspect_probe_t *p);


typedef struct {
    uint64_t               count;
    nvm_fault_t            list[NVM_INSPECT_FAULTS];
} nvm_inspect_faults_t;


/* Counts a fault, and keeps it as long as there is room. */
void nvm_inspect_fault_add(nvm_inspect_faults_t *all, const nvm_fault_t *f);

/* { path, offset, what }; all that were kept, as "faults". */
void nvm_inspect_fault_write(nvm_emit_t *e, const char *name,
    const nvm_fault_t *f);
void nvm_inspect_faults_write(nvm_emit_t *e, const nvm_inspect_faults_t *all);


typedef struct nvm_inspect_mp4_s  nvm_inspect_mp4_t;

/* Bytes of the file that are to be read to dst. */
typedef struct {
    uint64_t               offset;
    uint8_t               *dst;
    size_t                 size;
} nvm_inspect_want_t;


/* NULL: no memory. */
nvm_inspect_mp4_t *nvm_inspect_mp4_create(nvm_arena_t *arena,
    uint64_t file_size);

/*
 * The headers of the boxes at the top, and those of them whole that say
 * something: not mdat.  NVM_ENOENT when nothing more is needed, NVM_ENOMEM
 * when the arena is exhausted: what was read so far can be shown.
 */
nvm_err_e nvm_inspect_mp4_want(nvm_inspect_mp4_t *m, nvm_inspect_want_t *want);

/* n bytes of what was wanted are there; fewer when the file has no more. */
void nvm_inspect_mp4_feed(nvm_inspect_mp4_t *m, size_t n);

/* Everything was read: finds the tracks, their samples and all faults. */
nvm_err_e nvm_inspect_mp4_end(nvm_inspect_mp4_t *m);

/* The fields of the outermost object; all: long tables are not shortened. */
void nvm_inspect_mp4_write(nvm_inspect_mp4_t *m, nvm_emit_t *e, unsigned all);

/* The samples of the track of that track_ID; NVM_ENOENT: there is none. */
nvm_err_e nvm_inspect_mp4_samples(nvm_inspect_mp4_t *m, nvm_emit_t *e,
    uint32_t id);

const nvm_inspect_faults_t *nvm_inspect_mp4_faults(const nvm_inspect_mp4_t *m);


typedef struct nvm_inspect_ts_s  nvm_inspect_ts_t;

/* all: positions of events are all kept, as far as the arena lasts. */
nvm_inspect_ts_t *nvm_inspect_ts_create(nvm_arena_t *arena,
    const nvm_inspect_probe_t *p, unsigned all);

/*
 * Rows of the access units of this PID, while the blocks are fed: to be asked
 * for before the first; e is used until nvm_inspect_ts_end().
 */
void nvm_inspect_ts_samples(nvm_inspect_ts_t *ts, nvm_emit_t *e, uint32_t pid);

/* The next n bytes of the file, from its first on. */
void nvm_inspect_ts_feed(nvm_inspect_ts_t *ts, const uint8_t *data, size_t n);

/* NVM_ENOENT: rows were wanted and the PID has no access units. */
nvm_err_e nvm_inspect_ts_end(nvm_inspect_ts_t *ts);

void nvm_inspect_ts_write(nvm_inspect_ts_t *ts, nvm_emit_t *e);

const nvm_inspect_faults_t *nvm_inspect_ts_faults(const nvm_inspect_ts_t *ts);


#endif /* NVM_INSPECT_H */
