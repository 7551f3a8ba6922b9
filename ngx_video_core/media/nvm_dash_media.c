/*
 * Copyright (C) ngx_video authors
 *
 * The media of a track as a DASH manifest describes it: ISO/IEC 23009-1, 5.3.7
 * and 5.8.
 */

#include <inttypes.h>
#include <string.h>

#include "nvm_aac.h"
#include "nvm_ac3.h"
#include "nvm_codec.h"
#include "nvm_dash_media.h"
#include "nvm_text.h"


/* Size as coded, shape of a pixel, frame rate (5.3.7.2). */
static void
nvm_dash_media_video(nvm_writer_t *w, const nvm_track_t *t)
{
    nvm_writer_fmt(w, " width=\"%u\" height=\"%u\" sar=\"%u:%u\"",
                   (unsigned) t->width, (unsigned) t->height,
                   t->sar_num ? (unsigned) t->sar_num : 1,
                   t->sar_den ? (unsigned) t->sar_den : 1);

    if (t->fps_num == 0 || t->fps_den == 0) {
        return;
    }

    nvm_writer_fmt(w, " frameRate=\"%" PRIu32, t->fps_num);

    if (t->fps_den != 1) {
        nvm_writer_fmt(w, "/%" PRIu32, t->fps_den);
    }

    nvm_writer_text(w, "\"");
}


/* The rate of what a decoder puts out: twice the core's under SBR. */
static void
nvm_dash_media_audio(nvm_writer_t *w, const nvm_track_t *t)
{
    uint32_t   rate;
    nvm_aac_t  aac;

    rate = t->sample_rate;

    if (t->codec == NVM_CODEC_AAC
        && nvm_aac_parse(t->config, t->config_len, &aac, NULL) == NVM_OK)
    {
        rate = aac.output_rate;
    }

    if (rate) {
        nvm_writer_fmt(w, " audioSamplingRate=\"%" PRIu32 "\"", rate);
    }
}


/*
 * A ChannelConfiguration of ISO/IEC 23003-3, table 68: the number of channels
 * up to six, if they are where MPEG puts them.  Opus and FLAC have four in the
 * corners and eight with a back pair (RFC 7845, 5.1.1.2; RFC 9639, 9.1.3).
 */
static unsigned
nvm_dash_media_layout(const nvm_track_t *t)
{
    unsigned  vorbis;

    vorbis = t->codec == NVM_CODEC_OPUS || t->codec == NVM_CODEC_FLAC;

    switch (t->channels) {

    case 4:
        return vorbis ? 10 : 4;

    case 7:
        return 11;

    case 8:
        return vorbis ? 12 : 7;

    case 24:
        return 13;

    default:
        return t->channels;
    }
}


/* What Dolby's formats have in place of that (DASH-IF IOP 4.3, 9.2.1.2) */
static void
nvm_dash_media_dolby(nvm_writer_t *w, const nvm_track_t *t)
{
    nvm_ac3_t  a;
    nvm_err_e  rc;

    rc = t->codec == NVM_CODEC_AC3
         ? nvm_dac3_parse(t->config, t->config_len, &a, NULL)
         : nvm_dec3_parse(t->config, t->config_len, &a, NULL);

    if (rc != NVM_OK) {
        return;
    }

    nvm_writer_fmt(w, "        <AudioChannelConfiguration schemeIdUri=\""
                   "tag:dolby.com,2014:dash:audio_channel_configuration:2011\""
                   " value=\"%04X\"/>\n", (unsigned) a.map);

    if (a.joc) {
        nvm_writer_fmt(w, "        <SupplementalProperty schemeIdUri=\""
                       "tag:dolby.com,2018:dash:EC3_ExtensionType:2018\""
                       " value=\"JOC\"/>\n"
                       "        <SupplementalProperty schemeIdUri=\""
                       "tag:dolby.com,2018:dash:EC3_ExtensionComplexityIndex"
                       ":2018\" value=\"%u\"/>\n", (unsigned) a.joc);
    }
}


void
nvm_dash_media_attributes(nvm_writer_t *w, const nvm_track_t *t)
{
    if (t->kind == NVM_VIDEO) {
        nvm_dash_media_video(w, t);

    } else if (t->kind == NVM_AUDIO) {
        nvm_dash_media_audio(w, t);
    }
}


/* AudioChannelConfiguration (5.8.5.4) */
void
nvm_dash_media_channels(nvm_writer_t *w, const nvm_track_t *t)
{
    if (t->kind != NVM_AUDIO || t->channels == 0) {
        return;
    }

    if (t->codec == NVM_CODEC_AC3 || t->codec == NVM_CODEC_EAC3) {
        nvm_dash_media_dolby(w, t);
        return;
    }

    nvm_writer_fmt(w, "        <AudioChannelConfiguration schemeIdUri=\""
                   "urn:mpeg:dash:23003:3:audio_channel_configuration:2011\""
                   " value=\"%u\"/>\n", nvm_dash_media_layout(t));
}


/* DASH-IF IOP 4.3, 6.2.5.1 */
void
nvm_dash_media_transfer(nvm_writer_t *w, const nvm_track_t *t,
    unsigned essential)
{
    nvm_range_e  range;

    range = nvm_codec_range(t);

    if (t->kind == NVM_VIDEO
        && (range == NVM_RANGE_PQ || range == NVM_RANGE_HLG))
    {
        nvm_writer_fmt(w, "      <%sProperty schemeIdUri=\""
                       "urn:mpeg:mpegB:cicp:TransferCharacteristics\""
                       " value=\"%u\"/>\n",
                       essential ? "Essential" : "Supplemental",
                       (unsigned) t->transfer);
    }
}


static void
nvm_dash_media_role(nvm_writer_t *w, const char *role)
{
    nvm_writer_fmt(w, "      <Role schemeIdUri=\"urn:mpeg:dash:role:2011\""
                   " value=\"%s\"/>\n", role);
}


/* 5.8.4.3, 5.8.5.5, in the schema's order */
void
nvm_dash_media_about(nvm_writer_t *w, const nvm_dash_t *d,
    const nvm_dash_track_t *t, unsigned main, unsigned preferred)
{
    const char  *text;

    if (t->label != NULL && t->label[0] != '\0') {
        nvm_writer_text(w, "      <Label>");
        nvm_text_xml(w, t->label);
        nvm_writer_text(w, "</Label>\n");
    }

    text = nvm_role_purpose(t->role);
    if (text != NULL) {
        nvm_writer_fmt(w, "      <Accessibility schemeIdUri=\""
                       "urn:tva:metadata:cs:AudioPurposeCS:2007\""
                       " value=\"%s\"/>\n", text);
    }

    if (t->timeline->track->kind == NVM_VIDEO && t->keys_of == NULL) {
        nvm_captions_dash(w, d->captions, d->ncaptions);
    }

    text = nvm_role_name(t->role);

    if (text == NULL) {
        text = t->timeline->track->kind == NVM_TEXT ? "subtitle"
               : main ? "main" : "alternate";
    }

    nvm_dash_media_role(w, text);

    if (preferred && strcmp(text, "main") != 0) {
        nvm_dash_media_role(w, "main");
    }
}
