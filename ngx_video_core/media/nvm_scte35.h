/*
 * Copyright (C) ngx_video authors
 *
 * Splice information (ANSI/SCTE 35): what a splice_info_section() says of
 * programmes and breaks.
 */

#ifndef NVM_SCTE35_H
#define NVM_SCTE35_H

#include "nvm.h"
#include "nvm_writer.h"


/* splice_command_type (9.6.1, table 7) */
#define NVM_SCTE35_NULL         0x00
#define NVM_SCTE35_SCHEDULE     0x04
#define NVM_SCTE35_INSERT       0x05
#define NVM_SCTE35_SIGNAL       0x06
#define NVM_SCTE35_RESERVATION  0x07
#define NVM_SCTE35_PRIVATE      0xff

/* The longest section: 12 bits of length and what stands before it. */
#define NVM_SCTE35_MAX          4096

/* segmentation_descriptor()s that are read, the first */
#define NVM_SCTE35_SEGMENTS     8

/* ticks a second of its times */
#define NVM_SCTE35_TIMESCALE    90000


/* What begins or ends, or neither. */
typedef enum {
    NVM_SCTE35_CMD = 0,
    NVM_SCTE35_OUT,
    NVM_SCTE35_IN
} nvm_scte35_way_e;


/* A splice_insert(), or a segmentation_descriptor() of a time_signal(). */
typedef struct {
    uint32_t          event;        /* splice_ or segmentation_event_id */
    uint8_t           type;         /* segmentation_type_id; 0: an insert */
    uint8_t           way;          /* nvm_scte35_way_e */
    unsigned          cancel:1;
    unsigned          timed:1;      /* duration is known */
    uint64_t          duration;     /* 90 kHz */
} nvm_scte35_splice_t;


typedef struct {
    uint8_t              command;       /* splice_command_type */
    unsigned             encrypted:1;   /* nothing more is known */
    unsigned             timed:1;       /* pts is known */
    uint64_t             pts;           /* 90 kHz, adjusted, 33 bits */
    nvm_scte35_splice_t  splices[NVM_SCTE35_SEGMENTS];
    uint8_t              nsplices;
} nvm_scte35_t;


/*
 * Parses a section, which must fill the data.  NVM_EINVAL: it is none, or its
 * checksum is wrong; NVM_ETRUNC.
 */
nvm_err_e nvm_scte35_parse(const uint8_t *data, size_t n, nvm_scte35_t *out,
    nvm_fault_t *f);

/*
 * Writes a section with a splice_insert() that is to be done at once, for
 * encoders that tell its fields alone.
 */
#define NVM_SCTE35_INSERT_SIZE  40
void nvm_scte35_insert(nvm_writer_t *w, const nvm_scte35_splice_t *s);


#endif /* NVM_SCTE35_H */
