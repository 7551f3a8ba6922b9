/*
 * Copyright (C) ngx_video authors
 *
 * MPEG-TS segments for HLS (ISO/IEC 13818-1; RFC 8216, 3.2), and packed audio
 * (RFC 8216, 3.4).
 *
 *     nvm_ts_init()           once for a set of tracks
 *     nvm_ts_begin()          each segment: PAT and PMT
 *       nvm_ts_sample() ...   samples of all tracks, interleaved by time
 *     nvm_ts_end()            what is still held back
 *
 * A segment is a pure function of its number and its samples: nothing is kept
 * from one to the next, and yet continuity counters go on over segments, as
 * RFC 8216, 3 demands.  PAT and PMT count segments.  The packets of every
 * other PID are a multiple of 16 in each segment, so that all start at 0: the
 * last PES packet is spread over up to 15 packets more than it needs, with
 * stuffing in their adaptation fields (2.4.3.5 there).
 */

#ifndef NVM_TS_H
#define NVM_TS_H

#include "nvm_model.h"


#define NVM_TS_PACKET       188
#define NVM_TS_PAYLOAD      184         /* of a packet without adaptation */

#define NVM_TS_MAX_TRACKS   4

#define NVM_TS_PID_PMT      0x1000
#define NVM_TS_PID_FIRST    0x100       /* of track 0; track 1 is the next */

/*
 * PCR is DTS less this, 90 kHz.  Audio is up to 200 ms older than the video
 * next to it, see NVM_TS_GROUP_TIME: it has to be there in time.
 */
#define NVM_TS_DELAY        45000

/* A segment without samples; its samples take nvm_ts_bound() more. */
#define NVM_TS_TABLES       (2 * NVM_TS_PACKET)

/*
 * Audio frames that share a PES packet: so many bytes, so much time.  The
 * time is less where audio carries PCR (2.7.2: at least each 100 ms).
 */
#define NVM_TS_GROUP        3072
#define NVM_TS_GROUP_TIME   18000
#define NVM_TS_PCR_TIME     9000

/*
 * The end of a PES packet is held back, because it may turn out to be the
 * last of its segment, which has to fill this many packets.
 */
#define NVM_TS_HOLD         16

#define NVM_TS_SETS         4096        /* parameter sets in Annex B form */


/*
 * Where the output goes: spans of any size.  more() is called when pos has
 * reached end and gives the next span, not empty; nonzero when there is none:
 * then the output stays in NVM_EOVERFLOW and nothing more is stored.
 */
typedef struct nvm_ts_out_s  nvm_ts_out_t;

struct nvm_ts_out_s {
    uint8_t    *pos;
    uint8_t    *end;
    int       (*more)(nvm_ts_out_t *o);
    void       *data;           /* the caller's */
    nvm_err_e   error;
};


/* The packets of one PID, see nvm_ts_packet.h. */
typedef struct {
    uint16_t   pid;
    uint8_t    counter;         /* of the next packet that has payload */
    uint8_t    start;           /* the next packet begins a PES packet */
    uint8_t    af_len;          /* of the adaptation field that goes there */
    uint8_t    af[8];
    uint8_t    tail[NVM_TS_PAYLOAD + NVM_TS_HOLD];  /* not yet written */
    size_t     len;
} nvm_ts_pid_t;


typedef struct {
    nvm_kind_e     kind;
    nvm_codec_e    codec;
    uint8_t        stream_type;         /* table 2-34 */
    uint8_t        stream_id;           /* table 2-22 */

    uint8_t        length_size;         /* video: of NAL lengths */
    uint8_t        aud_len;             /* access unit delimiter */
    uint8_t        aud[8];

    uint8_t        adts_len;            /* AAC: 7, its length fields zero */
    uint8_t        adts[7];
    uint32_t       rate;                /* audio: Hz, and samples of a frame */
    uint32_t       frame;

    uint32_t       frames;              /* audio: waiting in buf */
    uint64_t       pts;                 /* of the first of them */

    size_t         len;
    uint8_t        buf[NVM_TS_SETS];    /* video: parameter sets; audio:
                                           frames */
    nvm_ts_pid_t   pid;
} nvm_ts_track_t;


typedef struct {
    uint64_t         pcr;               /* of the last that was written */
    unsigned         pcr_known:1;
    uint32_t         pcr_track;
    uint32_t         ntracks;
    uint8_t          pat[NVM_TS_PACKET];
    uint8_t          pmt[NVM_TS_PACKET];
    nvm_ts_track_t   tracks[NVM_TS_MAX_TRACKS];
} nvm_ts_t;


/* One whole sample.  Times are in 90 kHz; what exceeds 33 bits is dropped. */
typedef struct {
    const uint8_t   *data;
    size_t           size;              /* 0: skipped */
    uint64_t         dts;               /* video */
    uint64_t         pts;
    uint32_t         track;             /* index, as given to nvm_ts_init() */
    unsigned         key:1;             /* video: parameter sets go before */
} nvm_ts_sample_t;


/*
 * At most one track of video, at most NVM_TS_MAX_TRACKS in all; they are not
 * referred to afterwards.  PCR goes with video, else with the first track.
 * NVM_EUNSUP: a codec, or a form of it, that a transport stream does not
 * carry; NVM_EINVAL: no tracks, or too many; NVM_ELIMIT: parameter sets over
 * NVM_TS_SETS; else the codec configuration is damaged.
 */
nvm_err_e nvm_ts_init(nvm_ts_t *ts, const nvm_track_t *const *tracks, size_t n,
    nvm_fault_t *f);

/*
 * Whether there can be a transport stream of a track; of what was made beside
 * another one not of HEVC, which few players take there.
 */
int nvm_ts_carries(const nvm_track_t *track);

/*
 * Starts a segment, whatever became of the one before.  Numbers of segments
 * that follow each other are consecutive.
 */
nvm_err_e nvm_ts_begin(nvm_ts_t *ts, nvm_ts_out_t *o, uint64_t number);

/*
 * Samples of a track come in the order of their DTS; those of all tracks
 * nearly so: PCR follows what is written.  The bytes are not needed after the
 * call.  NVM_ETRUNC: a NAL unit runs past the end of the
 * sample; NVM_EINVAL: it is empty, or an audio frame is shorter than its
 * header, or there is no such track; NVM_ELIMIT: over NVM_MAX_NALS, or an
 * audio frame that doesn't fit its headers.  After any of these nothing of
 * the sample was written and the next one may follow.  NVM_EOVERFLOW ends the
 * segment.
 */
nvm_err_e nvm_ts_sample(nvm_ts_t *ts, nvm_ts_out_t *o,
    const nvm_ts_sample_t *s, nvm_fault_t *f);

nvm_err_e nvm_ts_end(nvm_ts_t *ts, nvm_ts_out_t *o);

/*
 * An upper bound of what so many samples of a track take of a segment in
 * which DTS never decrease, over all tracks, and span at most "duration" (90
 * kHz).  To be added up over all tracks, also those without samples.
 * UINT64_MAX when it exceeds 64 bits.
 */
uint64_t nvm_ts_bound(const nvm_ts_t *ts, uint32_t track, uint64_t samples,
    uint64_t bytes, uint64_t duration);


/*
 * Packed audio: frames of one audio track of "ts" with their headers, after
 * an ID3 tag that tells the time of the first.  A segment takes NVM_TS_ID3
 * bytes and what nvm_ts_packed_size() gives.
 */
#define NVM_TS_ID3          73

nvm_err_e nvm_ts_packed_begin(nvm_ts_out_t *o, uint64_t pts);

/* pts, dts and key of the sample don't matter. */
nvm_err_e nvm_ts_packed_sample(const nvm_ts_t *ts, nvm_ts_out_t *o,
    const nvm_ts_sample_t *s, nvm_fault_t *f);

/* Exact, when none of the samples is empty. */
uint64_t nvm_ts_packed_size(const nvm_ts_t *ts, uint32_t track,
    uint64_t samples, uint64_t bytes);


#endif /* NVM_TS_H */
