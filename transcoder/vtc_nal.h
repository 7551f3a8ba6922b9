/*
 * Copyright (C) ngx_video authors
 *
 * What x264 writes (ITU-T H.264, annex B) as MP4 and FLV have it (ISO/IEC
 * 14496-15, 5): NAL units with their lengths before them, parameter sets apart.
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


/*
 * Both replace what is in "out": 0, or -1: no memory, or there are no such NAL
 * units.  A picture without its parameter sets and delimiters.
 */
int vtc_nal_picture(vtc_nal_t *out, const uint8_t *data, size_t len);

/* An AVCDecoderConfigurationRecord of SPS and PPS. */
int vtc_nal_config(vtc_nal_t *out, const uint8_t *data, size_t len);


#endif /* VTC_NAL_H */
