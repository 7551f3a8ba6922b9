/*
 * Copyright (C) ngx_video authors
 *
 * How loud sound is to be made while it comes, without knowing what follows.
 */

#ifndef VTC_LEVEL_H
#define VTC_LEVEL_H


typedef struct {
    double    energy;           /* mean of the loudness so far, as a ratio to
                                   full scale; 0: none has been heard */
    unsigned  heard;            /* times that went into it */
    double    gain;             /* dB */
} vtc_level_t;


/*
 * What has been measured each 100 ms (EBU R 128, EBU Tech 3341): the loudness
 * of 400 ms, "momentary", and of 3 s, "recent", LUFS.  The gain in dB by which
 * it comes to "target" LUFS.  It begins at 0 and moves slowly, and not at all
 * while there is next to no sound: nobody wants the noise between two
 * sentences.
 */
double vtc_level(vtc_level_t *l, double target, double momentary,
    double recent);


#endif /* VTC_LEVEL_H */
