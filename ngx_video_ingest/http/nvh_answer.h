/*
 * Copyright (C) ngx_video authors
 *
 * The head of an HTTP/1.x answer (RFC 9112), strictly: CRLF ends lines, none
 * is folded, no control characters.  Strings point into the head.
 */

#ifndef NVH_ANSWER_H
#define NVH_ANSWER_H

#include "nvm.h"


#define NVH_ANSWER_MAX    4096        /* bytes of a head */


typedef struct {
    const uint8_t  *data;
    size_t          len;
} nvh_str_t;


typedef struct {
    unsigned        status;             /* 200 to 599 */
    nvh_str_t       location;           /* len 0: there is none */
    size_t          head;               /* bytes, the empty line included */
    uint64_t        length;             /* of the body, when keep is set */
    const char     *error;              /* after NVM_EINVAL, NVM_ELIMIT */

    unsigned        keep:1;             /* the connection can be used again */

    /* while it is parsed */
    unsigned        old:1;              /* HTTP/1.0 */
    unsigned        close:1;
    unsigned        coded:1;            /* Transfer-Encoding */
    unsigned        sized:1;            /* Content-Length */
} nvh_answer_t;


/*
 * n bytes from the start of the answer, with what follows the head or not.
 * NVM_EAGAIN: more are needed.
 */
nvm_err_e nvh_answer_parse(nvh_answer_t *a, const uint8_t *data, size_t n);


#endif /* NVH_ANSWER_H */
