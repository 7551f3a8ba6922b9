/*
 * Copyright (C) ngx_video authors
 *
 * What clients say: command and data messages (RTMP 1.0, 7.2) and the
 * protocol control messages, parsed into plain structs.
 *
 * Strings point into the message and end with it; a field that the message
 * does not have is zero.
 */

#ifndef NVR_COMMAND_H
#define NVR_COMMAND_H

#include "nvm.h"
#include "nvr_amf.h"


typedef enum {
    NVR_CMD_UNKNOWN = 0,
    NVR_CMD_CONNECT,
    NVR_CMD_RELEASE_STREAM,
    NVR_CMD_FCPUBLISH,
    NVR_CMD_CREATE_STREAM,
    NVR_CMD_PUBLISH,
    NVR_CMD_FCUNPUBLISH,
    NVR_CMD_DELETE_STREAM,
    NVR_CMD_CLOSE_STREAM,
    NVR_CMD_CHECKBW,
    NVR_CMD_GET_STREAM_LENGTH,
    NVR_CMD_PLAY,
    NVR_CMD_METADATA            /* onMetaData, with @setDataFrame or not */
} nvr_command_e;


typedef struct {
    double           width;
    double           height;
    double           framerate;
    double           videodatarate;     /* kbit/s */
    double           audiodatarate;
    double           audiosamplerate;
    uint32_t         videocodecid;      /* FLV's number, or a FourCC */
    uint32_t         audiocodecid;
} nvr_metadata_t;


typedef struct {
    nvr_command_e    kind;
    nvr_str_t        name;              /* of the command or data message */
    double           txid;

    /* connect */
    nvr_str_t        app;
    nvr_str_t        tc_url;
    nvr_str_t        flash_ver;
    nvr_str_t        swf_url;
    nvr_str_t        page_url;
    double           object_encoding;
    uint32_t         hops;              /* "relayHops", of ours: servers that
                                           have sent the stream on before */

    /* releaseStream, FCPublish, publish, FCUnpublish, getStreamLength, play */
    nvr_str_t        stream;

    nvr_str_t        publish_type;      /* "live", "record", "append", "" */
    uint32_t         stream_id;         /* deleteStream */

    nvr_metadata_t   metadata;
} nvr_command_t;


/*
 * Parses the payload of a message of type 20 or 17 (command), 18 or 15
 * (data).  A command that isn't known is NVM_OK with NVR_CMD_UNKNOWN: it may
 * be ignored.  f may be NULL.
 */
nvm_err_e nvr_command_parse(uint8_t type, const uint8_t *data, size_t n,
    nvr_command_t *cmd, nvm_fault_t *f);


/* User Control events (RTMP 1.0, 7.1.7). */
typedef enum {
    NVR_EVENT_STREAM_BEGIN = 0,
    NVR_EVENT_STREAM_EOF = 1,
    NVR_EVENT_SET_BUFFER_LENGTH = 3,
    NVR_EVENT_PING_REQUEST = 6,
    NVR_EVENT_PING_RESPONSE = 7
} nvr_event_e;


typedef struct {
    uint16_t         event;             /* User Control only */
    uint32_t         value;             /* size, sequence number, stream id */
} nvr_control_t;


/* Types 1 to 6. */
nvm_err_e nvr_control_parse(uint8_t type, const uint8_t *data, size_t n,
    nvr_control_t *ctl, nvm_fault_t *f);


#endif /* NVR_COMMAND_H */
