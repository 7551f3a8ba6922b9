/*
 * Copyright (C) ngx_video authors
 *
 * Work on media that nobody trusts, in a process of its own: what crashes it,
 * fills its memory or keeps it busy for ever costs this one piece of work.
 */

#ifndef VTC_JOB_H
#define VTC_JOB_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>


typedef struct {
    uint64_t     memory;        /* bytes of address space; 0: any */
    unsigned     silence;       /* seconds without output or a sign of life
                                   after which it is ended; 0: any */
} vtc_limits_t;


/*
 * The work: writes its result, a text, to "out".  0; or -1 and one line to
 * "why", without a line break.
 */
typedef int (*vtc_work_pt)(void *data, FILE *out, FILE *why);

/* Called by work that takes long: it goes on. */
void vtc_job_alive(FILE *out);

/* From now on, by itself, each second: in a call that tells nothing.  NULL: no
   more. */
void vtc_job_lives(FILE *out);


typedef struct {
    char        *text;          /* all of "out", with a zero behind it */
    size_t       len;
    char         why[512];      /* one line; empty: it was done */
} vtc_result_t;

/* A result that is longer than this is none. */
#define VTC_RESULT_MAX  (16 * 1024 * 1024)

/*
 * In a child, which dies with its parent: no core file, and no more memory than
 * it may have.
 */
void vtc_job_confine(const vtc_limits_t *limits, pid_t parent);

/* at once */
#define VTC_JOBS_MAX    64

/* A pipe's end that is read into a buffer that grows. */
typedef struct {
    int          fd;            /* -1: at its end */
    char        *text;
    size_t       len;
    size_t       size;
    size_t       max;
} vtc_stream_t;

/* Work that is under way; zero: none. */
typedef struct {
    pid_t         pid;          /* 0: none */
    vtc_limits_t  limits;
    vtc_stream_t  streams[2];   /* "out" and "why" */
    int64_t       alive;        /* ms, when it was heard of last */
    vtc_result_t  result;       /* when it has ended */
} vtc_job_t;


/*
 * Starts work in a child, which has no core file: 0, or -1 and why not in the
 * result.
 */
int vtc_job_start(vtc_job_t *j, const vtc_limits_t *limits, vtc_work_pt work,
    void *data);

/*
 * Waits until one of n jobs has ended, at most so many ms: that one, whose
 * result is there, and whose text is the caller's to free(), also after an
 * error; NULL: none has, or none is under way.
 */
vtc_job_t *vtc_job_wait(vtc_job_t *jobs, unsigned n, int ms);

/* Ends those that are under way. */
void vtc_job_kill(vtc_job_t *jobs, unsigned n);

/*
 * Runs the work in a child and waits for it: 0, or -1 and why not.  The text is
 * the caller's to free(), also after an error; it may be NULL then.
 */
int vtc_job_run(const vtc_limits_t *limits, vtc_work_pt work, void *data,
    vtc_result_t *result);


#endif /* VTC_JOB_H */
