/*
 * Copyright (C) ngx_video authors
 *
 * video-inspect: what is in an MP4 or MPEG-TS file, see docs/inspect.md.
 * media/ does the work and knows no files; here are the files, the options
 * and the way out.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nvm_inspect.h"


#define VIDEO_INSPECT_VERSION   "unreleased"

#define VIDEO_INSPECT_BLOCK     65536

/* What is read where a header is expected: media may follow at once. */
#define VIDEO_INSPECT_PAGE      4096

/* What the boxes of a file may take, beside what is made of them. */
#define VIDEO_INSPECT_MEMORY    ((size_t) 1024 * 1024 * 1024)

/* Exit codes */
#define VIDEO_INSPECT_FINE      0
#define VIDEO_INSPECT_MALFORMED 1
#define VIDEO_INSPECT_FAILED    2


typedef struct {
    const char         *name;
    nvm_emit_form_e     form;
    unsigned            all:1;
    unsigned            samples:1;
    uint32_t            track;
} video_inspect_options_t;


/* A file, of which the last block that was read is kept. */
typedef struct {
    const char         *name;
    int                 fd;
    uint64_t            size;
    uint64_t            at;             /* offset of the block */
    size_t              len;
    uint8_t             block[VIDEO_INSPECT_BLOCK];
} video_inspect_file_t;


static const char  video_inspect_usage[] =
    "usage: video-inspect [OPTIONS] FILE\n"
    "\n"
    "Shows what is in an MP4, MOV, CMAF or MPEG-TS file.\n"
    "\n"
    "  --json            JSON instead of text\n"
    "  --all             long tables as a whole, not their ends only\n"
    "  --samples TRACK   the samples of a track instead: its ID, in MPEG-TS\n"
    "                    its PID\n"
    "  --help, --version\n"
    "\n"
    "exit code: 0 fine, 1 the file is malformed, 2 it can't be read\n";


static void video_inspect_error(const char *name, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
video_inspect_error(const char *name, const char *fmt, ...)
{
    va_list  args;

    fprintf(stderr, "video-inspect: %s%s", name, name[0] ? ": " : "");
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
}


/* n bytes at an offset, fewer at the end of the file; -1: an error. */
static ssize_t
video_inspect_pread(video_inspect_file_t *f, void *dst, size_t n,
    uint64_t offset)
{
    size_t   done;
    ssize_t  got;

    for (done = 0; done < n; done += (size_t) got) {
        got = pread(f->fd, (uint8_t *) dst + done, n - done,
                    (off_t) (offset + done));

        if (got == -1 && errno == EINTR) {
            got = 0;
            continue;
        }

        if (got == -1) {
            video_inspect_error(f->name, "read of %zu bytes at %" PRIu64
                                " failed (%s)", n, offset, strerror(errno));
            return -1;
        }

        if (got == 0) {
            break;
        }
    }

    return (ssize_t) done;
}


/* The same by way of the block: headers often lie close to each other. */
static ssize_t
video_inspect_read(video_inspect_file_t *f, void *dst, size_t n,
    uint64_t offset)
{
    size_t   left;
    ssize_t  got;

    if (n > VIDEO_INSPECT_PAGE / 2) {
        return video_inspect_pread(f, dst, n, offset);
    }

    if (offset < f->at || offset - f->at > f->len
        || n > f->len - (size_t) (offset - f->at))
    {
        got = video_inspect_pread(f, f->block, VIDEO_INSPECT_PAGE, offset);
        if (got == -1) {
            return -1;
        }

        f->at = offset;
        f->len = (size_t) got;
    }

    left = f->len - (size_t) (offset - f->at);
    n = n < left ? n : left;
    memcpy(dst, f->block + (offset - f->at), n);

    return (ssize_t) n;
}


static int
video_inspect_open(video_inspect_file_t *f, const char *name)
{
    struct stat  st;

    f->name = name;
    f->at = 0;
    f->len = 0;
    f->fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (f->fd == -1) {
        video_inspect_error(name, "can't be opened (%s)", strerror(errno));
        return -1;
    }

    if (fstat(f->fd, &st) == -1) {
        video_inspect_error(name, "fstat failed (%s)", strerror(errno));
        return -1;
    }

    if (!S_ISREG(st.st_mode)) {
        video_inspect_error(name, "is not a regular file");
        return -1;
    }

    f->size = (uint64_t) st.st_size;

    return 0;
}


/* What was written so far goes to the standard output. */
static void
video_inspect_drain(void *data, nvm_writer_t *w)
{
    (void) data;

    (void) fwrite(w->start, 1, w->len, stdout);
    w->len = 0;
}


static void
video_inspect_emit(nvm_emit_t *e, nvm_writer_t *w,
    const video_inspect_options_t *o)
{
    static uint8_t  buf[VIDEO_INSPECT_BLOCK];

    nvm_writer_init(w, buf, sizeof(buf));
    nvm_emit_init(e, o->form, w);
    e->drain = video_inspect_drain;
    nvm_emit_text(e, "file", (const uint8_t *) o->name, strlen(o->name));
}


static int
video_inspect_done(nvm_emit_t *e, const video_inspect_options_t *o,
    const nvm_inspect_faults_t *faults)
{
    uint64_t            i;
    const nvm_fault_t  *f;

    nvm_emit_done(e);
    video_inspect_drain(NULL, e->w);

    if (e->w->error || fflush(stdout) != 0 || ferror(stdout)) {
        video_inspect_error("", "the output could not be written");
        return VIDEO_INSPECT_FAILED;
    }

    for (i = 0; i < faults->count && i < NVM_INSPECT_FAULTS; i++) {
        f = &faults->list[i];
        video_inspect_error(o->name, "%s%sat %" PRIu64 ": %s", f->where,
                            f->where[0] ? " " : "", f->offset, f->what);
    }

    if (i < faults->count) {
        video_inspect_error(o->name, "%" PRIu64 " more errors",
                            faults->count - i);
    }

    return faults->count ? VIDEO_INSPECT_MALFORMED : VIDEO_INSPECT_FINE;
}


static int
video_inspect_no_track(const video_inspect_options_t *o)
{
    video_inspect_error(o->name, "there is no track \"%" PRIu32 "\"",
                        o->track);
    return VIDEO_INSPECT_FAILED;
}


static int
video_inspect_mp4(video_inspect_file_t *f, const video_inspect_options_t *o,
    nvm_arena_t *arena)
{
    ssize_t              n;
    nvm_emit_t           e;
    nvm_writer_t         w;
    nvm_inspect_mp4_t   *m;
    nvm_inspect_want_t   want;

    m = nvm_inspect_mp4_create(arena, f->size);

    while (m != NULL && nvm_inspect_mp4_want(m, &want) == NVM_OK) {

        n = video_inspect_read(f, want.dst, want.size, want.offset);
        if (n == -1) {
            return VIDEO_INSPECT_FAILED;
        }

        nvm_inspect_mp4_feed(m, (size_t) n);
    }

    if (m == NULL || nvm_inspect_mp4_end(m) == NVM_ENOMEM) {
        video_inspect_error(o->name, "needs too much memory");
        return VIDEO_INSPECT_FAILED;
    }

    video_inspect_emit(&e, &w, o);

    if (!o->samples) {
        nvm_inspect_mp4_write(m, &e, o->all);

    } else if (nvm_inspect_mp4_samples(m, &e, o->track) != NVM_OK) {
        return video_inspect_no_track(o);
    }

    return video_inspect_done(&e, o, nvm_inspect_mp4_faults(m));
}


static int
video_inspect_ts(video_inspect_file_t *f, const video_inspect_options_t *o,
    const nvm_inspect_probe_t *probe, nvm_arena_t *arena)
{
    ssize_t            n;
    uint64_t           offset;
    nvm_err_e          rc;
    nvm_emit_t         e;
    nvm_writer_t       w;
    nvm_inspect_ts_t  *ts;

    ts = nvm_inspect_ts_create(arena, probe, o->all);

    if (ts == NULL) {
        video_inspect_error(o->name, "needs too much memory");
        return VIDEO_INSPECT_FAILED;
    }

    video_inspect_emit(&e, &w, o);

    if (o->samples) {
        nvm_inspect_ts_samples(ts, &e, o->track);
    }

    for (offset = 0; offset < f->size; offset += (uint64_t) n) {
        n = video_inspect_pread(f, f->block, VIDEO_INSPECT_BLOCK, offset);

        if (n == -1) {
            return VIDEO_INSPECT_FAILED;
        }

        if (n == 0) {
            break;
        }

        nvm_inspect_ts_feed(ts, f->block, (size_t) n);
    }

    rc = nvm_inspect_ts_end(ts);

    if (rc == NVM_ENOENT) {
        return video_inspect_no_track(o);
    }

    if (!o->samples) {
        nvm_inspect_ts_write(ts, &e);
    }

    return video_inspect_done(&e, o, nvm_inspect_ts_faults(ts));
}


static int
video_inspect_unknown(const video_inspect_file_t *f,
    const video_inspect_options_t *o)
{
    nvm_emit_t            e;
    nvm_fault_t           fault = { 0 };
    nvm_writer_t          w;
    nvm_inspect_faults_t  faults = { 0 };

    (void) nvm_fault(&fault, NVM_EINVAL, 0, "neither MP4 nor MPEG-TS");
    nvm_inspect_fault_add(&faults, &fault);

    video_inspect_emit(&e, &w, o);
    nvm_emit_word(&e, "format", "unknown");
    nvm_emit_uint(&e, "size", f->size);
    nvm_emit_uint(&e, "errors", faults.count);
    nvm_inspect_faults_write(&e, &faults);

    return video_inspect_done(&e, o, &faults);
}


static int
video_inspect_file(const video_inspect_options_t *o)
{
    int                           rc;
    ssize_t                       n;
    uint8_t                       head[NVM_INSPECT_PROBE];
    nvm_heap_t                    heap;
    nvm_inspect_probe_t           probe;
    static video_inspect_file_t   f;

    if (video_inspect_open(&f, o->name) != 0) {
        return VIDEO_INSPECT_FAILED;
    }

    n = video_inspect_read(&f, head, sizeof(head), 0);
    if (n == -1) {
        return VIDEO_INSPECT_FAILED;
    }

    nvm_inspect_probe(head, (size_t) n, &probe);
    nvm_heap_init(&heap, VIDEO_INSPECT_MEMORY);

    switch (probe.format) {

    case NVM_INSPECT_MP4:
        rc = video_inspect_mp4(&f, o, &heap.arena);
        break;

    case NVM_INSPECT_TS:
        rc = video_inspect_ts(&f, o, &probe, &heap.arena);
        break;

    default:
        rc = video_inspect_unknown(&f, o);
    }

    nvm_heap_done(&heap);
    (void) close(f.fd);

    return rc;
}


/* A number that is nothing but digits; -1: it isn't, or it is too large. */
static int64_t
video_inspect_number(const char *s)
{
    int64_t  v;

    if (*s == '\0') {
        return -1;
    }

    for (v = 0; *s >= '0' && *s <= '9' && v <= UINT32_MAX; s++) {
        v = v * 10 + (*s - '0');
    }

    return *s == '\0' && v <= UINT32_MAX ? v : -1;
}


static int
video_inspect_samples(video_inspect_options_t *o, const char *value)
{
    int64_t  track;

    track = video_inspect_number(value);

    if (track == -1) {
        video_inspect_error("", "invalid track \"%s\", its ID or PID is "
                            "expected", value);
        return -1;
    }

    o->samples = 1;
    o->track = (uint32_t) track;

    return 0;
}


int
main(int argc, char **argv)
{
    int                      c;
    video_inspect_options_t  o = { .form = NVM_EMIT_TEXT };

    static const struct option  options[] = {
        { "json", no_argument, NULL, 'j' },
        { "all", no_argument, NULL, 'a' },
        { "samples", required_argument, NULL, 's' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'v' },
        { NULL, 0, NULL, 0 }
    };

    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {

        switch (c) {

        case 'j':
            o.form = NVM_EMIT_JSON;
            break;

        case 'a':
            o.all = 1;
            break;

        case 's':
            if (video_inspect_samples(&o, optarg) != 0) {
                return VIDEO_INSPECT_FAILED;
            }

            break;

        case 'h':
            fputs(video_inspect_usage, stdout);
            return VIDEO_INSPECT_FINE;

        case 'v':
            puts("video-inspect of ngx_video, " VIDEO_INSPECT_VERSION);
            return VIDEO_INSPECT_FINE;

        default:
            fputs(video_inspect_usage, stderr);
            return VIDEO_INSPECT_FAILED;
        }
    }

    if (optind + 1 != argc) {
        fputs(video_inspect_usage, stderr);
        return VIDEO_INSPECT_FAILED;
    }

    o.name = argv[optind];

    return video_inspect_file(&o);
}
