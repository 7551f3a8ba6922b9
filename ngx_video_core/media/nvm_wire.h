/*
 * Copyright (C) ngx_video authors
 *
 * Messages between a worker and the transcoder daemon, of one stream a
 * connection.  Each has a head of 28 bytes and a body:
 *
 *   u32  bytes of the body         u8   type
 *   u8   track                     u16  flags
 *   u32  codec, a FourCC           i64  pts, i64 dts: ticks of NVM_WIRE_SCALE
 *
 * A worker sends OPEN, then HEADER and FRAME of its video and its sound, as FLV
 * has them (configuration as its box has it, NAL units with their lengths), at
 * last END.  The daemon sends for each rung HEADER, whose body begins with the
 * length of the rung's name (u8) and the name, and FRAME; and STATE and LOG.
 * The rung of sound is called "audio", the times of its frames are in samples.
 * A HEADER without a name is that of a ladder of which no rung of pictures is
 * made.  Of a rung of pictures pts and dts of HEADER are its width and height,
 * which VP9's configuration does not have.  VP9 and AV1 come from there alone.
 *
 * For thumbnails a worker sends CUT: the picture of pts is the first of the
 * segment whose number is dts.  The daemon sends IMAGE: a JPEG, see the flags.
 *
 * On a connection for thumbnails a worker sends THUMBS.  Its body is JSON, then
 * strings with a zero behind each: the file, the file of the poster, and the
 * place: a directory that will be there when all in it is.  The daemon sends
 * DONE, or LOG and END.
 */

#ifndef NVM_WIRE_H
#define NVM_WIRE_H

#include "nvm_reader.h"
#include "nvm_writer.h"


#define NVM_WIRE_HEAD       28
#define NVM_WIRE_BODY_MAX   (16 * 1024 * 1024)
#define NVM_WIRE_SCALE      1000

/* bytes of an IMAGE */
#define NVM_WIRE_IMAGE_MAX  (4 * 1024 * 1024)

#define NVM_WIRE_AVC        0x61766331u         /* "avc1" */
#define NVM_WIRE_HEVC       0x68766331u         /* "hvc1" */
#define NVM_WIRE_VP9        0x76703039u         /* "vp09" */
#define NVM_WIRE_AV1        0x61763031u         /* "av01" */
#define NVM_WIRE_AAC        0x6d703461u         /* "mp4a" */
#define NVM_WIRE_MP3        0x2e6d7033u         /* ".mp3" */
#define NVM_WIRE_AC3        0x61632d33u         /* "ac-3" */
#define NVM_WIRE_EAC3       0x65632d33u         /* "ec-3" */
#define NVM_WIRE_OPUS       0x4f707573u         /* "Opus" */
#define NVM_WIRE_FLAC       0x664c6143u         /* "fLaC" */

/* of a FRAME; AUDIO of a HEADER, too */
#define NVM_WIRE_KEY        0x0001
#define NVM_WIRE_AUDIO      0x0002

/* of a HEADER of a rung: no other follows */
#define NVM_WIRE_LAST       0x0004

/*
 * of an IMAGE: without one of them a thumbnail, of segment pts.  SHEET: many,
 * of segments pts to pts + dts - 1, in a sheet that begins with that of a
 * multiple of its tiles.  POSTER: a larger one
 */
#define NVM_WIRE_SHEET      0x0020
#define NVM_WIRE_POSTER     0x0040

/* of a LOG: a level of syslog, which nginx has too */
#define NVM_WIRE_LEVEL      0x000f

/* of an END of thumbnails: the file is at fault, and will be again */
#define NVM_WIRE_MEDIA      0x0010

typedef enum {
    NVM_WIRE_OPEN = 1,          /* JSON: what is to be made */
    NVM_WIRE_HEADER,
    NVM_WIRE_FRAME,
    NVM_WIRE_END,
    NVM_WIRE_STATE,             /* each second: it is alive, and how */
    NVM_WIRE_LOG,               /* a line */
    NVM_WIRE_THUMBS,            /* what is to be made */
    NVM_WIRE_DONE,
    NVM_WIRE_CUT,               /* where a segment of the source begins */
    NVM_WIRE_IMAGE
} nvm_wire_type_e;

typedef struct {
    nvm_wire_type_e  type;
    uint8_t          track;
    uint16_t         flags;
    uint32_t         codec;
    int64_t          pts;
    int64_t          dts;
    const uint8_t   *body;
    size_t           len;
} nvm_wire_t;

/* Of a STATE, each a u64, in this order; counted since the connection began. */
typedef struct {
    uint64_t         pictures;  /* of the source that were decoded */
    uint64_t         dropped;   /* of them, for want of time */
    uint64_t         damaged;   /* frames that could not be */
    uint64_t         rungs;
    uint64_t         off;       /* of them, given up for now */
    uint64_t         late;      /* that it is behind, ms */
    uint64_t         cpu;       /* of encoders, ms */
} nvm_wire_state_t;

#define NVM_WIRE_STATE_LEN  (7 * 8)


/*
 * The next message of what has come, in place: NVM_OK; NVM_EAGAIN: it isn't
 * whole yet, and nothing is read; NVM_EINVAL: no such type; NVM_ELIMIT: a body
 * that is too long.
 */
nvm_err_e nvm_wire_parse(nvm_reader_t *r, nvm_wire_t *m);

/* The head of a message whose body, m->len bytes, follows. */
void nvm_wire_write(nvm_writer_t *w, const nvm_wire_t *m);

/* The body of a STATE; NVM_ETRUNC when it is none. */
nvm_err_e nvm_wire_state(const nvm_wire_t *m, nvm_wire_state_t *s);
void nvm_wire_state_write(nvm_writer_t *w, const nvm_wire_state_t *s);

/* The name that a HEADER of a rung begins with; the rest of the body in r. */
nvm_err_e nvm_wire_name(const nvm_wire_t *m, nvm_reader_t *r,
    const uint8_t **name, size_t *len);


#endif /* NVM_WIRE_H */
