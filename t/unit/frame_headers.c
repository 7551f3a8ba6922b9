/*
 * Copyright (C) ngx_video authors
 *
 * Shows what nvm_vp9_frame and nvm_av1_frame say of the samples of a file, for
 * t/frames_headers.t, which compares it with somebody else's parser:
 *
 *     frame_headers vp9|av1 FILE
 *
 * Lines "OFFSET SIZE" on standard input are samples, each in memory of its own
 * size.  To each there is a line of "OFFSET:SIZE:HEADER" per frame of VP9, of
 * "OFFSET:SIZE" per tile of AV1, or of "error: ...".
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nvm_av1_frame.h"
#include "nvm_vp9_frame.h"


#define MAX_TILES  8192


static nvm_vp9_refs_t    refs;
static nvm_av1_frames_t  frames;
static nvm_av1_tile_t    tiles[MAX_TILES];


static nvm_err_e
show_vp9(const uint8_t *data, size_t n, nvm_fault_t *f)
{
    unsigned         i, count;
    nvm_err_e        rc;
    nvm_vp9_frame_t  list[NVM_VP9_MAX_FRAMES];

    rc = nvm_vp9_frame_headers(&refs, data, n, list, &count, f);

    for (i = 0; i < count; i++) {
        printf("%s%" PRIu32 ":%" PRIu32 ":%" PRIu32, i ? " " : "",
               list[i].offset, list[i].size, list[i].header);
    }

    return rc;
}


static nvm_err_e
show_av1(const uint8_t *data, size_t n, nvm_fault_t *f)
{
    size_t     i, count;
    nvm_err_e  rc;

    rc = nvm_av1_frame_tiles(&frames, data, n, tiles, MAX_TILES, &count, f);

    for (i = 0; i < count; i++) {
        printf("%s%" PRIu32 ":%" PRIu32, i ? " " : "", tiles[i].offset,
               tiles[i].size);
    }

    return rc;
}


int
main(int argc, char **argv)
{
    FILE         *file;
    long          at;
    size_t        n;
    uint8_t      *data;
    nvm_err_e     rc;
    nvm_fault_t   f;

    file = argc == 3 ? fopen(argv[2], "rb") : NULL;

    if (file == NULL) {
        fprintf(stderr, "usage: frame_headers vp9|av1 FILE\n");
        return 2;
    }

    nvm_vp9_refs_init(&refs);
    nvm_av1_frames_init(&frames);

    while (scanf("%ld %zu", &at, &n) == 2) {
        data = malloc(n ? n : 1);

        if (data == NULL || fseek(file, at, SEEK_SET) != 0
            || fread(data, 1, n, file) != n)
        {
            fprintf(stderr, "no %zu bytes at %ld\n", n, at);
            return 1;
        }

        memset(&f, 0, sizeof(f));
        rc = strcmp(argv[1], "vp9") == 0 ? show_vp9(data, n, &f)
                                         : show_av1(data, n, &f);
        free(data);

        if (rc != NVM_OK) {
            printf("error: %s at %" PRIu64, f.what, f.offset);
        }

        printf("\n");
    }

    fclose(file);

    return 0;
}
