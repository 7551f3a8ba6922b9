/*
 * Copyright (C) ngx_video authors
 *
 * Files of lines, each of some words between spaces and tabs.  A word that
 * begins with "#" and all that follows it on its line is a comment; lines
 * without a word are passed over.  The end of a line is LF or CR LF.
 */

#ifndef NVA_LINES_H
#define NVA_LINES_H

#include "nva_args.h"
#include "nvm_reader.h"


typedef struct {
    nvm_reader_t  r;
    unsigned      line;         /* the one that was read last, from 1 */
} nva_lines_t;


void nva_lines_init(nva_lines_t *l, const void *text, size_t len);

/*
 * The words of the next line that has some.  NVM_OK; NVM_ENOENT: there is no
 * more; NVM_ELIMIT: it has more than "max" words; NVM_EINVAL: it has bytes that
 * are no printable ASCII.
 */
nvm_err_e nva_lines_next(nva_lines_t *l, nva_str_t *words, size_t max,
    size_t *n);


#endif /* NVA_LINES_H */
