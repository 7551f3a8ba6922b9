/*
 * Copyright (C) ngx_video authors
 *
 * What the files that inspect MPEG-TS (ISO/IEC 13818-1) share; for them alone.
 *
 * A file is fed once, from the beginning; what is kept of it does not grow
 * with its length, unless positions of all events are wanted.
 */

#ifndef NVM_INSPECT_TS_H
#define NVM_INSPECT_TS_H

#include "nvm_inspect.h"
#include "nvm_reader.h"


#define NVM_INSPECT_TS_PACKET   188
#define NVM_INSPECT_TS_LONGEST  204     /* of what packets come in */
#define NVM_INSPECT_TS_PIDS     8192
#define NVM_INSPECT_TS_NULL     8191
#define NVM_INSPECT_TS_SDT      17      /* ETSI EN 300 468, 5.1.3 */
#define NVM_INSPECT_TS_PROGRAMS 64
#define NVM_INSPECT_TS_SECTION  1024    /* of PAT and PMT, 2.4.4.4, 2.4.4.9 */
#define NVM_INSPECT_TS_NAME     64
#define NVM_INSPECT_TS_NONE     (-1)    /* no program has it */

/* Events whose positions are kept: the first and the last ones. */
#define NVM_INSPECT_TS_FIRST    8
#define NVM_INSPECT_TS_LAST     4
#define NVM_INSPECT_TS_BLOCK    64

/* PIDs that are shown. */
#define NVM_INSPECT_TS_SHOWN    64

/* Times of 33 bits, in 90 kHz; a step of more than 10 s is a jump. */
#define NVM_INSPECT_TS_CLOCK    90000
#define NVM_INSPECT_TS_JUMP     (10 * NVM_INSPECT_TS_CLOCK)
#define NVM_INSPECT_PCR_CLOCK   27000000


/* A key frame (time is its PTS) or a packet out of sequence. */
typedef struct {
    uint64_t                 packet;    /* number, from 0 */
    uint64_t                 offset;    /* of the packet in the file */
    int64_t                  time;      /* 90 kHz */
    uint32_t                 expected;  /* continuity counters */
    uint32_t                 found;
} nvm_inspect_event_t;


typedef struct nvm_inspect_block_s  nvm_inspect_block_t;

struct nvm_inspect_block_s {
    nvm_inspect_block_t     *next;
    nvm_inspect_event_t      events[NVM_INSPECT_TS_BLOCK];
};


typedef struct {
    uint64_t                 count;
    nvm_inspect_event_t      first[NVM_INSPECT_TS_FIRST];
    nvm_inspect_event_t      last[NVM_INSPECT_TS_LAST];     /* in turn */
    nvm_inspect_block_t     *blocks;    /* all: those after the first */
    nvm_inspect_block_t     *tail;
    unsigned                 nomem:1;   /* then the last are in "last" */
} nvm_inspect_events_t;


/* PTS or DTS of a PID. */
typedef struct {
    uint64_t                 count;
    int64_t                  first;
    int64_t                  last;
    int64_t                  min;
    int64_t                  max;
} nvm_inspect_stamps_t;


/* PCR: what passes between two of them, and how even that is. */
typedef struct {
    uint64_t                 count;
    uint64_t                 jumps;
    uint64_t                 raw;       /* the last one, in 90 kHz */
    uint32_t                 extension; /* and 27 MHz */
    int64_t                  first;
    int64_t                  last;
    uint64_t                 at;        /* offset of the last one */
    uint32_t                 arrival;   /* its time stamp, 192-byte packets */
    int64_t                  step;      /* to it, 0: there was none before */
    uint64_t                 bytes;     /* to it */
    uint64_t                 max;       /* of the intervals */
    uint64_t                 sum;
    uint64_t                 intervals;
    uint64_t                 jitter_max;
    uint64_t                 jitter_sum;
    uint64_t                 jitters;
} nvm_inspect_pcr_t;


/* A section that is being collected. */
typedef struct {
    size_t                   len;
    unsigned                 active:1;
    uint8_t                  buf[NVM_INSPECT_TS_SECTION];
} nvm_inspect_section_t;


/* The access unit that a PES packet began. */
typedef struct {
    uint64_t                 packet;
    uint64_t                 offset;
    uint64_t                 bytes;
    int64_t                  pts;
    int64_t                  dts;
    unsigned                 open:1;
    unsigned                 timed:1;
    unsigned                 key:1;
    unsigned                 scan:1;    /* the type of picture is sought */
    uint64_t                 code;      /* the last eight bytes */
} nvm_inspect_unit_t;


typedef struct nvm_inspect_pid_s  nvm_inspect_pid_t;

struct nvm_inspect_pid_s {
    nvm_inspect_pid_t       *next;
    uint32_t                 pid;
    int32_t                  type;      /* stream_type, _NONE: in no PMT */
    unsigned                 pmt:1;
    unsigned                 clock:1;   /* a PMT has it as the PCR PID */
    unsigned                 started:1;
    unsigned                 repeated:1;
    uint8_t                  counter;

    uint64_t                 packets;
    uint64_t                 payload;   /* bytes */
    uint64_t                 scrambled;
    uint64_t                 damaged;   /* transport_error_indicator */
    uint64_t                 duplicates;
    uint64_t                 random;    /* random_access_indicator */
    nvm_inspect_events_t     gaps;
    nvm_inspect_events_t     keys;
    nvm_inspect_pcr_t        pcr;

    uint64_t                 units;     /* PES packets */
    uint32_t                 stream_id;
    uint64_t                 jumps;     /* of DTS */
    uint64_t                 backward;  /* DTS that don't increase */
    nvm_inspect_stamps_t     pts;
    nvm_inspect_stamps_t     dts;
    nvm_inspect_unit_t       unit;
    nvm_inspect_section_t   *section;   /* of PSI */
};


typedef struct {
    uint32_t                 number;
    uint32_t                 pmt_pid;
    uint32_t                 sections;  /* PMTs that were read */
    uint32_t                 changes;
    size_t                   len;
    uint8_t                  pmt[NVM_INSPECT_TS_SECTION];   /* the last */
    size_t                   name_len;
    uint8_t                  name[NVM_INSPECT_TS_NAME];
} nvm_inspect_program_t;


struct nvm_inspect_ts_s {
    nvm_arena_t             *arena;
    unsigned                 all:1;
    unsigned                 nomem:1;
    unsigned                 hunting:1; /* for a sync byte */
    uint32_t                 packet;    /* bytes */
    uint32_t                 prefix;    /* of them before the sync byte */
    uint32_t                 start;
    uint64_t                 offset;    /* of buf in the file */
    size_t                   len;
    uint8_t                  buf[2 * NVM_INSPECT_TS_LONGEST];

    uint64_t                 packets;
    uint64_t                 at;        /* offset of the packet at hand */
    uint64_t                 lost;      /* times that sync was */
    uint64_t                 skipped;   /* bytes, to find it again */
    uint32_t                 pats;
    uint32_t                 stream;    /* transport_stream_id */
    int64_t                  time;      /* the first time of all */
    unsigned                 timed:1;
    uint32_t                 arrival;   /* of the packet at hand */

    nvm_inspect_pid_t       *pids;      /* as they came */
    nvm_inspect_pid_t       *last;
    uint32_t                 npids;
    nvm_inspect_pid_t       *index[NVM_INSPECT_TS_PIDS];
    uint32_t                 nprograms;
    nvm_inspect_program_t   *programs[NVM_INSPECT_TS_PROGRAMS];

    nvm_emit_t              *rows;      /* access units of rows_pid go there */
    uint32_t                 rows_pid;
    uint64_t                 nrows;

    nvm_inspect_faults_t     faults;
};


/* nvm_inspect_ts.c */

/* NULL: no memory. */
nvm_inspect_pid_t *nvm_inspect_pid(nvm_inspect_ts_t *ts, uint32_t pid);

/* A fault of the packet at hand. */
void nvm_inspect_ts_fault(nvm_inspect_ts_t *ts, const nvm_inspect_pid_t *p,
    nvm_err_e code, const char *what);

/* nvm_inspect_event.c */

void nvm_inspect_event_add(nvm_inspect_ts_t *ts, nvm_inspect_events_t *all,
    const nvm_inspect_event_t *ev);

/*
 * Goes over the events that are kept, i from 0 on; NULL for one that isn't.
 * block: the caller's, at first that of "all".
 */
const nvm_inspect_event_t *nvm_inspect_event(const nvm_inspect_events_t *all,
    uint64_t i, const nvm_inspect_block_t **block);


/* nvm_inspect_psi.c: tables of programs */

/* The payload of a packet; pusi: a section begins in it. */
void nvm_inspect_psi(nvm_inspect_ts_t *ts, nvm_inspect_pid_t *p,
    nvm_reader_t *r, unsigned pusi);

/* The head of a PMT section; descriptors and streams are what follows. */
typedef struct {
    uint32_t                 version;
    uint32_t                 pcr_pid;
    nvm_reader_t             descriptors;
    nvm_reader_t             streams;
} nvm_inspect_pmt_t;

nvm_err_e nvm_inspect_pmt_parse(const uint8_t *data, size_t n,
    nvm_inspect_pmt_t *pmt);

/* The next stream of r; 0 at the end. */
int nvm_inspect_pmt_stream(nvm_reader_t *r, uint32_t *type, uint32_t *pid,
    nvm_reader_t *descriptors);


/* nvm_inspect_pes.c: access units, their times, key frames */

void nvm_inspect_pes(nvm_inspect_ts_t *ts, nvm_inspect_pid_t *p,
    nvm_reader_t *r, unsigned pusi, unsigned random);

/* The last access unit of a PID is complete. */
void nvm_inspect_pes_end(nvm_inspect_ts_t *ts, nvm_inspect_pid_t *p);

/* a - b in a clock of so many bits, as a signed number */
static inline int64_t
nvm_inspect_ts_minus(uint64_t a, uint64_t b, unsigned bits)
{
    return (int64_t) ((a - b) << (64 - bits)) >> (64 - bits);
}


/* nvm_inspect_pcr.c */

void nvm_inspect_pcr(nvm_inspect_ts_t *ts, nvm_inspect_pid_t *p, uint64_t base,
    uint32_t extension, unsigned discontinuity);


/* nvm_inspect_descriptor.c */

/* What a stream_type is, table 2-34; NULL: not known. */
const char *nvm_inspect_stream_name(uint32_t type);

void nvm_inspect_descriptors(nvm_emit_t *e, nvm_reader_t *r);


#endif /* NVM_INSPECT_TS_H */
