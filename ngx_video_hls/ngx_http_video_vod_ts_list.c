/*
 * Copyright (C) ngx_video authors
 *
 * What playlists of MPEG transport streams have: tracks, segments, rates.
 */

#include "ngx_http_video_vod.h"


ngx_uint_t
ngx_http_video_vod_ts_codec(nvm_track_t *track)
{
    return track->codec == NVM_CODEC_H264 || track->codec == NVM_CODEC_AAC
           || track->codec == NVM_CODEC_MP3 || track->codec == NVM_CODEC_AC3
           || track->codec == NVM_CODEC_EAC3;
}


ngx_int_t
ngx_http_video_vod_ts_audio(ngx_http_request_t *r,
    ngx_http_video_source_t **source, nvm_index_track_t *t)
{
    ngx_int_t   rc;
    ngx_uint_t  n;

    for (n = 0; /* void */ ; n++) {
        rc = ngx_http_video_vod_track(r, NVM_AUDIO, n, source, t);

        if (rc != NGX_OK || ngx_http_video_vod_ts_codec(&t->track)) {
            return rc;
        }
    }
}


/*
 * Of a transport stream the segments that only the audio has, before or after
 * the video's, are in its playlist too.
 */
ngx_int_t
ngx_http_video_vod_ts_timeline(ngx_http_request_t *r, nvm_timeline_t *tl)
{
    size_t                    i, n;
    uint64_t                  first, last;
    nvm_arena_t               arena;
    nvm_segment_t            *s, *out;
    nvm_timeline_t            audio;
    nvm_index_track_t        *t;
    ngx_http_video_source_t  *source;

    ngx_video_pool_arena(&arena, r->pool);

    t = ngx_palloc(r->pool, sizeof(nvm_index_track_t));
    if (t == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_video_vod_ts_audio(r, &source, t) != NGX_OK
        || tl->nsegments == 0)
    {
        return NGX_OK;
    }

    if (nvm_index_timeline(&source->src, t, &arena, &audio) != NVM_OK) {
        return NGX_ERROR;
    }

    out = nvm_alloc(&arena, tl->nsegments + audio.nsegments,
                    sizeof(nvm_segment_t));
    if (out == NULL) {
        return NGX_ERROR;
    }

    first = tl->segments[0].msn;
    last = tl->segments[tl->nsegments - 1].msn;

    for (i = 0, n = 0; i <= audio.nsegments; i++) {
        s = i < audio.nsegments ? &audio.segments[i] : NULL;

        if (tl->nsegments && (s == NULL || s->msn >= first)) {
            ngx_memcpy(&out[n], tl->segments,
                       tl->nsegments * sizeof(nvm_segment_t));
            n += tl->nsegments;
            tl->nsegments = 0;
        }

        if (s && (s->msn < first || s->msn > last)) {
            out[n] = *s;
            out[n].start = (uint64_t) nvm_rescale((int64_t) s->start,
                                                  tl->track->timescale,
                                                  t->track.timescale);
            out[n].duration = (uint64_t) nvm_rescale((int64_t) s->duration,
                                                     tl->track->timescale,
                                                     t->track.timescale);
            n++;
        }
    }

    tl->segments = out;
    tl->nsegments = n;

    return NGX_OK;
}


static uint64_t
ngx_http_video_vod_ts_ms(nvm_index_track_t *t, uint64_t ticks)
{
    return (uint64_t) nvm_rescale((int64_t) ticks, 1000, t->track.timescale);
}


/*
 * How long a playlist of a file is, ms, of which "t" is the first track: what
 * comes before the first picture is in its segment, and not counted.
 */
uint64_t
ngx_http_video_vod_ts_length(ngx_http_video_source_t *s, nvm_index_track_t *t)
{
    uint64_t  before;

    before = t->track.kind == NVM_VIDEO
             ? ngx_http_video_vod_ts_ms(t, t->delay) : 0;

    return s->head.duration > before ? s->head.duration - before : 1;
}


/*
 * The rates of a track in a transport stream that lasts "length" ms, bits a
 * second.  What that adds: packet headers; of a picture the headers and
 * stuffing, a whole packet at the peak, two thirds of one on average, and
 * small ones fill a packet; of audio ADTS, and the same for each group of
 * frames; tables and counters of a segment.
 */
void
ngx_http_video_vod_ts_rate(nvm_index_track_t *t, uint64_t length)
{
    uint64_t      frames, units, headers, stuffing, size, tables, seconds, ms;
    nvm_track_t  *track;

    track = &t->track;
    seconds = ngx_max(track->duration / track->timescale, 1);
    frames = t->nsamples / seconds + 1;

    /* groups of 3072 bytes or 200 ms */
    units = track->kind == NVM_VIDEO ? frames
            : 6 + track->bandwidth / 8 / 3072;

    headers = units * (19 + 6 + 8)
              + (track->kind == NVM_AUDIO ? frames * 7 : 256);
    tables = 17 * 188 / ngx_max(t->target, 1);

    size = track->avg_bandwidth / 8 / units;
    stuffing = size < 184 / 3 ? 184 - size : 184 * 2 / 3;

    track->bandwidth += (uint32_t) (track->bandwidth * 4ull / 184
                                    + (headers + units * 184 + tables * 2)
                                      * 8);
    track->avg_bandwidth += (uint32_t) (track->avg_bandwidth * 4ull / 184
                                        + (headers + units * stuffing
                                           + tables) * 8);

    ms = ngx_http_video_vod_ts_ms(t, track->duration - t->delay);

    track->avg_bandwidth = (uint32_t) (track->avg_bandwidth * ms / length);
}
