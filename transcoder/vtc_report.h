/*
 * Copyright (C) ngx_video authors
 *
 * What is told of a ladder: how far it is, and what came of it.
 */

#ifndef VTC_REPORT_H
#define VTC_REPORT_H

#include "vtc_film.h"


typedef struct {
    vtc_made_t   made[VTC_RUNGS_MAX];   /* of each output of the plan */
    uint64_t     sizes[VTC_RUNGS_MAX];  /* bytes of its file */
    double       seconds;               /* that it took */
} vtc_report_t;


/* A bar on a terminal, over the one before: s of media, and s that it took. */
void vtc_report_progress(const vtc_film_t *film, double done, double before,
    double seconds);
void vtc_report_progress_end(void);

/* Seconds of media of the film; 0: unknown. */
double vtc_report_duration(const vtc_film_t *film);

/* A table for people, or JSON: 0, or -1. */
int vtc_report_text(const vtc_film_t *film, const vtc_report_t *r, FILE *out);
int vtc_report_json(const vtc_film_t *film, const vtc_report_t *r, FILE *out);


#endif /* VTC_REPORT_H */
