/*
 * Copyright (C) ngx_video authors
 *
 * What x264 and x265 write (ITU-T H.264 and H.265, annex B) as MP4 and FLV have
 * it (ISO/IEC 14496-15, 5 and 8): NAL units with their lengths before them,
 * parameter sets apart.
 */

#ifndef VTC_NAL_H
#define VTC_NAL_H

#include <stddef.h>
#include <stdint.h>


typedef struct {
    uint8_t  *data;             /* free() */
    size_t    len;
    size_t    size;
} vtc_nal_t;


/* Room for so many bytes instead of what is in "out": 0, or -1: no memory. */
int vtc_nal_room(vtc_nal_t *out, size_t len);

/*
 * A picture, without its parameter sets and delimiters, instead of what is in
 * "out": 0, or -1: no memory, or it has no NAL unit.
 */
int vtc_nal_picture(vtc_nal_t *out, const uint8_t *data, size_t len, int hevc);


#endif /* VTC_NAL_H */
