/*
 * Copyright (C) ngx_video authors
 *
 * The directive and the supervisor of the transcoder daemon: see
 * ngx_video_transcoder.h.
 *
 * The supervisor starts the daemon, says what it says in the log, and starts it
 * again when it is gone: after 1, 2, 4, ... 30 s, or at once 1 s if it had
 * lived for long.  One that says nothing for long hangs and is killed.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_video_core.h"
#include "ngx_video_ingest.h"


#define NGX_VIDEO_TRANSCODER_FIRST     1000     /* ms before it is started */
#define NGX_VIDEO_TRANSCODER_LAST      30000    /* again */

/* ms after which a daemon is one that works */
#define NGX_VIDEO_TRANSCODER_WORKS     10000

/* it tells each second that it lives; ms after which it does not */
#define NGX_VIDEO_TRANSCODER_HANGS     10000

#define NGX_VIDEO_TRANSCODER_LINE      1024

/* descriptors of the program: where it listens, for streams and for
   thumbnails, and its life line */
#define NGX_VIDEO_TRANSCODER_FD        3
#define NGX_VIDEO_TRANSCODER_THUMBS    4
#define NGX_VIDEO_TRANSCODER_LIFE      5

/* of a stream, bytes */
#define NGX_VIDEO_TRANSCODER_LEAST     (64 * 1024 * 1024)
#define NGX_VIDEO_TRANSCODER_MOST      (65536LL * 1024 * 1024)

#define NGX_VIDEO_TRANSCODER_PARAMETERS                                       \
    "\"streams=\", \"thumbs=\", \"nice=\", \"memory=\", \"timeout=\", "       \
    "\"path=\", \"max_size=\" or \"cgroup=\""

#define NGX_VIDEO_TRANSCODER_PROGRAM   "video-transcoder"
#define NGX_VIDEO_TRANSCODER_PLACES                                           \
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"


typedef struct {
    ngx_connection_t         *life;         /* NULL: it does not run */
    ngx_int_t                 slot;         /* of nginx's table; -1: none */
    ngx_pid_t                 pid;
    ngx_msec_t                started;
    ngx_msec_t                heard;        /* of it */
    ngx_msec_t                delay;        /* before the next start */
    uint64_t                  starts;
    ngx_event_t               timer;
    ngx_uint_t                on;
} ngx_video_transcoder_t;


/* What the new process gets. */
typedef struct {
    char                     *argv[22];
    ngx_socket_t              life;
} ngx_video_transcoder_exec_t;


static void ngx_video_transcoder_timer(ngx_event_t *ev);
static ngx_msec_t ngx_video_transcoder_manager(void *data);


static ngx_video_transcoder_t  ngx_video_transcoder_state;

/* for the debug log, which reads a connection's fd from an event's data */
static ngx_connection_t        ngx_video_transcoder_dummy;


/* A number of a range, or NGX_ERROR. */
static ngx_int_t
ngx_video_transcoder_number(ngx_str_t *v, ngx_int_t min, ngx_int_t max)
{
    ngx_int_t  n;

    n = ngx_atoi(v->data, v->len);

    return n < min || n > max ? NGX_ERROR : n;
}


/* Where things are: NULL, or what is expected. */
static const char *
ngx_video_transcoder_where(ngx_conf_t *cf, ngx_str_t *value, ngx_str_t *v,
    ngx_video_transcoder_conf_t *tcf)
{
    if (ngx_strncmp(value->data, "path=", 5) == 0 && v->len) {
        tcf->path = *v;
        return ngx_conf_full_name(cf->cycle, &tcf->path, 0) == NGX_OK
               ? NULL : "a directory";
    }

    if (ngx_strncmp(value->data, "cgroup=", 7) == 0) {
        tcf->cgroup = *v;
        return v->len && v->data[0] == '/' ? NULL : "the path of a cgroup";
    }

    return NGX_VIDEO_TRANSCODER_PARAMETERS;
}


/* NULL, or what is expected. */
static const char *
ngx_video_transcoder_parameter(ngx_conf_t *cf, ngx_str_t *value,
    ngx_video_transcoder_conf_t *tcf)
{
    ngx_int_t  n;
    ngx_str_t  v;

    v.data = ngx_strlchr(value->data, value->data + value->len, '=');

    if (v.data == NULL) {
        return NGX_VIDEO_TRANSCODER_PARAMETERS;
    }

    v.data++;
    v.len = value->data + value->len - v.data;

    if (ngx_strncmp(value->data, "streams=", 8) == 0) {
        n = ngx_video_transcoder_number(&v, 1, 256);
        tcf->streams = (ngx_uint_t) n;
        return n == NGX_ERROR ? "a number between 1 and 256" : NULL;
    }

    if (ngx_strncmp(value->data, "thumbs=", 7) == 0) {
        n = ngx_video_transcoder_number(&v, 1, 64);
        tcf->thumbs = (ngx_uint_t) n;
        return n == NGX_ERROR ? "a number between 1 and 64" : NULL;
    }

    if (ngx_strncmp(value->data, "max_size=", 9) == 0) {
        tcf->max_size = ngx_parse_offset(&v);
        return tcf->max_size < 0 ? "a size" : NULL;
    }

    if (ngx_strncmp(value->data, "nice=", 5) == 0) {
        n = ngx_video_transcoder_number(&v, 0, 19);
        tcf->nice = (ngx_uint_t) n;
        return n == NGX_ERROR ? "a number between 0 and 19" : NULL;
    }

    if (ngx_strncmp(value->data, "memory=", 7) == 0) {
        n = ngx_parse_size(&v);
        tcf->memory = (size_t) n / (1024 * 1024);
        return n && (n < NGX_VIDEO_TRANSCODER_LEAST
                     || n > NGX_VIDEO_TRANSCODER_MOST)
               ? "0, or a size between 64m and 65536m," : NULL;
    }

    if (ngx_strncmp(value->data, "timeout=", 8) == 0) {
        n = ngx_parse_time(&v, 0);
        tcf->timeout = (ngx_msec_t) n;
        return n < 1000 || n > 3600000 ? "a time between 1s and 1h" : NULL;
    }

    return ngx_video_transcoder_where(cf, value, &v, tcf);
}


char *
ngx_video_transcoder(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_video_ingest_conf_t  *icf = conf;

    ngx_str_t                    *value;
    ngx_uint_t                    i;
    const char                   *expected;
    ngx_video_transcoder_conf_t  *tcf;

    tcf = &icf->transcoder;
    value = cf->args->elts;

    if (tcf->enable != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    tcf->file = cf->conf_file->file.name.data;
    tcf->line = cf->conf_file->line;
    tcf->enable = 1;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        tcf->enable = 0;
        return cf->args->nelts == 2 ? NGX_CONF_OK
               : ngx_video_ladder_wrong(cf, &value[2], "nothing after "
                                        "\"off\"");
    }

    if (value[1].len == 0) {
        return ngx_video_ladder_wrong(cf, &value[1], "a program or \"off\"");
    }

    tcf->program = value[1];

    for (i = 2; i < cf->args->nelts; i++) {
        expected = ngx_video_transcoder_parameter(cf, &value[i], tcf);

        if (expected) {
            return ngx_video_ladder_wrong(cf, &value[i], expected);
        }
    }

    return NGX_CONF_OK;
}


void
ngx_video_transcoder_create(ngx_video_transcoder_conf_t *tcf)
{
    tcf->enable = NGX_CONF_UNSET;
    tcf->streams = 16;
    tcf->thumbs = 2;
    tcf->max_size = 1024 * 1024 * 1024;
    tcf->nice = 5;
    tcf->memory = 1024;
    tcf->timeout = 60000;
}


static ngx_uint_t
ngx_video_transcoder_there(u_char *path)
{
    struct stat  st;

    return stat((char *) path, &st) == 0 && S_ISREG(st.st_mode)
           && access((char *) path, X_OK) == 0;
}


/* A name without "/" is looked for as a shell does. */
static ngx_int_t
ngx_video_transcoder_find(ngx_cycle_t *cycle, ngx_video_transcoder_conf_t *tcf)
{
    u_char      *path;
    size_t       len;
    ngx_str_t    name;
    const char  *places, *end;

    name = tcf->program;

    if (ngx_strlchr(name.data, name.data + name.len, '/')) {
        return ngx_conf_full_name(cycle, &tcf->program, 0) == NGX_OK
               && ngx_video_transcoder_there(tcf->program.data)
               ? NGX_OK : NGX_DECLINED;
    }

    places = getenv("PATH");
    places = places ? places : NGX_VIDEO_TRANSCODER_PLACES;

    for ( /* void */ ; *places; places = *end ? end + 1 : end) {
        end = strchrnul(places, ':');
        len = end - places;

        path = ngx_pnalloc(cycle->pool, len + name.len + 2);
        if (path == NULL) {
            return NGX_ERROR;
        }

        ngx_sprintf(path, "%*s/%V%Z", len, places, &name);

        if (len && *path == '/' && ngx_video_transcoder_there(path)) {
            tcf->program.data = path;
            tcf->program.len = len + 1 + name.len;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/* Beside nginx's own directories of temporary files. */
static ngx_int_t
ngx_video_transcoder_directory(ngx_cycle_t *cycle,
    ngx_video_transcoder_conf_t *tcf)
{
    size_t      len;
    ngx_str_t   near;
    ngx_path_t *path, **slot;

    if (tcf->path.len == 0) {
        ngx_str_set(&near, NGX_HTTP_CLIENT_TEMP_PATH);

        for (len = near.len; len && near.data[len - 1] != '/'; len--) {
            /* void */
        }

        tcf->path.data = ngx_pnalloc(cycle->pool,
                                     len + sizeof("video_transcoder"));
        if (tcf->path.data == NULL) {
            return NGX_ERROR;
        }

        tcf->path.len = ngx_sprintf(tcf->path.data, "%*svideo_transcoder%Z",
                                    len, near.data)
                        - tcf->path.data - 1;

        if (ngx_conf_full_name(cycle, &tcf->path, 0) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    path = ngx_pcalloc(cycle->pool, sizeof(ngx_path_t));
    slot = ngx_array_push(&cycle->paths);

    if (path == NULL || slot == NULL) {
        return NGX_ERROR;
    }

    ngx_video_coder(cycle)->path = tcf->path;

    path->name = tcf->path;
    path->manager = ngx_video_transcoder_manager;
    path->conf_file = tcf->file;
    path->line = tcf->line;
    *slot = path;

    return NGX_OK;
}


ngx_int_t
ngx_video_transcoder_init(ngx_cycle_t *cycle, ngx_video_transcoder_conf_t *tcf)
{
    ngx_int_t  rc;
    ngx_str_t  name;

    if (tcf->enable == 0 && ngx_video_coder(cycle)->thumbs) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "\"video_thumbs\" needs "
                      "the transcoder, and there is \"transcoder off\"");
        return NGX_ERROR;
    }

    if (tcf->enable == 0) {
        return NGX_OK;
    }

    tcf->enable = 1;

    if (tcf->program.len == 0) {
        ngx_str_set(&tcf->program, NGX_VIDEO_TRANSCODER_PROGRAM);
    }

    if (ngx_process == NGX_PROCESS_SIGNALLER) {
        /* of "-s stop" and others: nothing is started */
        return NGX_OK;
    }

    name = tcf->program;
    rc = ngx_video_transcoder_find(cycle, tcf);

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "transcoder \"%V\" is no "
                      "program that can be run: ladders and thumbnails need "
                      "the path of video-transcoder in \"transcoder\", "
                      "or \"transcoder off\"", &name);
    }

    return rc == NGX_OK ? ngx_video_transcoder_directory(cycle, tcf)
                        : NGX_ERROR;
}


/* What "video_status" shows of it, in all zones. */
static void
ngx_video_transcoder_publish(ngx_cycle_t *cycle, ngx_video_daemon_t *d)
{
    ngx_uint_t               i;
    ngx_shm_zone_t         **zones;
    ngx_video_core_conf_t   *vcf;

    vcf = (ngx_video_core_conf_t *) ngx_get_conf(cycle->conf_ctx,
                                                 ngx_video_core_module);
    zones = vcf->zones.elts;

    for (i = 0; i < vcf->zones.nelts; i++) {
        ngx_video_store_daemon(ngx_video_zone_store(zones[i]), d);
    }
}


void
ngx_video_transcoder_none(ngx_cycle_t *cycle)
{
    ngx_video_daemon_t  d;

    ngx_memzero(&d, sizeof(ngx_video_daemon_t));
    ngx_video_transcoder_publish(cycle, &d);
}


static void
ngx_video_transcoder_tell(ngx_video_transcoder_t *t, ngx_uint_t streams)
{
    ngx_video_daemon_t  d;

    d.pid = t->life ? (uint64_t) t->pid : 0;
    d.starts = t->starts;
    d.streams = streams;
    d.beat = ngx_video_now();

    ngx_video_transcoder_publish((ngx_cycle_t *) ngx_cycle, &d);
}


static void
ngx_video_transcoder_again(ngx_video_transcoder_t *t)
{
    if (ngx_current_msec - t->started >= NGX_VIDEO_TRANSCODER_WORKS) {
        t->delay = NGX_VIDEO_TRANSCODER_FIRST;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "the transcoder is gone and will be started again in %M ms",
                  t->delay);

    ngx_add_timer(&t->timer, t->delay);
    t->delay = ngx_min(t->delay * 2, NGX_VIDEO_TRANSCODER_LAST);
}


static void
ngx_video_transcoder_gone(ngx_video_transcoder_t *t)
{
    ngx_close_connection(t->life);
    t->life = NULL;

    if (t->timer.timer_set) {
        ngx_del_timer(&t->timer);
    }

    ngx_video_transcoder_tell(t, 0);
    ngx_video_transcoder_again(t);
}


/* "@N": it lives, and has so many streams; all else are lines for the log. */
static void
ngx_video_transcoder_line(ngx_video_transcoder_t *t, u_char *line, size_t n)
{
    ngx_int_t  streams;

    if (line[0] == '@') {
        /* its streams may say something while it hangs */
        t->heard = ngx_current_msec;
        streams = ngx_atoi(line + 1, n - 1);
        ngx_video_transcoder_tell(t, streams > 0 ? (ngx_uint_t) streams : 0);
        return;
    }

    while (n && line[n - 1] == '\n') {
        n--;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "%*s", n, line);
}


static void
ngx_video_transcoder_read(ngx_event_t *rev)
{
    u_char                   line[NGX_VIDEO_TRANSCODER_LINE];
    ssize_t                  n;
    ngx_connection_t        *c;
    ngx_video_transcoder_t  *t;

    c = rev->data;
    t = c->data;

    for ( ;; ) {
        n = recv(c->fd, line, sizeof(line), MSG_DONTWAIT);

        if (n <= 0) {
            break;
        }

        ngx_video_transcoder_line(t, line, (size_t) n);
    }

    if (n == 0 || (ngx_errno != NGX_EAGAIN && ngx_errno != NGX_EINTR)) {
        ngx_video_transcoder_gone(t);
    }
}


/* Our end of the life line: the events of it. */
static ngx_int_t
ngx_video_transcoder_watch(ngx_video_transcoder_t *t, ngx_socket_t fd)
{
    ngx_connection_t  *c;

    c = ngx_get_connection(fd, ngx_cycle->log);

    if (c == NULL) {
        ngx_close_socket(fd);
        return NGX_ERROR;
    }

    c->data = t;
    c->log = ngx_cycle->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->read->handler = ngx_video_transcoder_read;

    /* a process that exits does not count it as a connection left open */
    c->read->channel = 1;
    c->write->channel = 1;
    t->life = c;

    if (ngx_add_event(c->read, NGX_READ_EVENT, 0) != NGX_OK) {
        ngx_close_connection(c);
        t->life = NULL;
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * In the new process.  What nginx has open is none of its business: above all
 * the sockets that it listens on, which another nginx may want soon.
 */
static void
ngx_video_transcoder_process(ngx_cycle_t *cycle, void *data)
{
    int                           streams, thumbs, life;
    ngx_video_transcoder_exec_t  *exec = data;

    /* each may be where another is to be */
    streams = fcntl(ngx_video_transcoder_sockets[0].fd, F_DUPFD,
                    NGX_VIDEO_TRANSCODER_LIFE + 1);
    thumbs = fcntl(ngx_video_transcoder_sockets[1].fd, F_DUPFD,
                   NGX_VIDEO_TRANSCODER_LIFE + 1);
    life = fcntl(exec->life, F_DUPFD, NGX_VIDEO_TRANSCODER_LIFE + 1);

    (void) dup2(streams, NGX_VIDEO_TRANSCODER_FD);
    (void) dup2(thumbs, NGX_VIDEO_TRANSCODER_THUMBS);
    (void) dup2(life, NGX_VIDEO_TRANSCODER_LIFE);
    (void) close_range(NGX_VIDEO_TRANSCODER_LIFE + 1, ~0u, 0);

    (void) execve(exec->argv[0], exec->argv, environ);

    ngx_log_stderr(ngx_errno, "execve() failed while executing \"%s\"",
                   exec->argv[0]);
    exit(1);
}


static ngx_int_t
ngx_video_transcoder_execute(ngx_video_transcoder_t *t, ngx_socket_t life)
{
    u_char                        numbers[8][NGX_INT64_LEN + 1];
    ngx_uint_t                    i, n;
    ngx_video_transcoder_exec_t   exec;
    ngx_video_transcoder_conf_t  *tcf;

    static char  *const names[] = { "--fd", "--life", "--streams", "--nice",
                                    "--memory", "--timeout", "--thumbs-fd",
                                    "--thumbs" };

    tcf = &ngx_video_ingest_conf((ngx_cycle_t *) ngx_cycle)->transcoder;

    ngx_sprintf(numbers[0], "%d%Z", NGX_VIDEO_TRANSCODER_FD);
    ngx_sprintf(numbers[1], "%d%Z", NGX_VIDEO_TRANSCODER_LIFE);
    ngx_sprintf(numbers[2], "%ui%Z", tcf->streams);
    ngx_sprintf(numbers[3], "%ui%Z", tcf->nice);
    ngx_sprintf(numbers[4], "%uz%Z", tcf->memory);
    ngx_sprintf(numbers[5], "%M%Z", tcf->timeout / 1000);
    ngx_sprintf(numbers[6], "%d%Z", NGX_VIDEO_TRANSCODER_THUMBS);
    ngx_sprintf(numbers[7], "%ui%Z", tcf->thumbs);

    exec.life = life;
    exec.argv[0] = (char *) tcf->program.data;
    exec.argv[1] = "serve";
    n = 2;

    for (i = 0; i < 8; i++) {
        exec.argv[n++] = names[i];
        exec.argv[n++] = (char *) numbers[i];
    }

    if (tcf->cgroup.len) {
        exec.argv[n++] = "--cgroup";
        exec.argv[n++] = (char *) tcf->cgroup.data;
    }

    exec.argv[n] = NULL;

    t->pid = ngx_spawn_process((ngx_cycle_t *) ngx_cycle,
                               ngx_video_transcoder_process, &exec,
                               "video transcoder", NGX_PROCESS_DETACHED);

    if (t->pid == NGX_INVALID_PID) {
        return NGX_ERROR;
    }

    t->slot = ngx_process_slot;

    return NGX_OK;
}


static ngx_int_t
ngx_video_transcoder_start(ngx_video_transcoder_t *t)
{
    int        fds[2];
    ngx_int_t  rc;

    if (t->slot != -1) {
        /* detached ones are not taken from nginx's table when they exit */
        ngx_processes[t->slot].pid = -1;
        t->slot = -1;
    }

    t->started = ngx_current_msec;
    t->heard = ngx_current_msec;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == -1) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                      "socketpair() of the transcoder failed");
        return NGX_ERROR;
    }

    (void) fcntl(fds[0], F_SETFD, FD_CLOEXEC);

    rc = ngx_video_transcoder_execute(t, fds[1]);
    ngx_close_socket(fds[1]);

    if (rc != NGX_OK) {
        ngx_close_socket(fds[0]);
        return NGX_ERROR;
    }

    t->starts++;

    if (ngx_video_transcoder_watch(t, fds[0]) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_video_transcoder_tell(t, 0);

    return NGX_OK;
}


static void
ngx_video_transcoder_timer(ngx_event_t *ev)
{
    ngx_video_transcoder_t  *t;

    t = &ngx_video_transcoder_state;

    if (t->life == NULL) {

        if (ngx_video_transcoder_start(t) != NGX_OK) {
            ngx_video_transcoder_again(t);
            return;
        }

    } else if (ngx_current_msec - t->heard > NGX_VIDEO_TRANSCODER_HANGS) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "the transcoder has "
                      "said nothing for %d ms and is killed",
                      NGX_VIDEO_TRANSCODER_HANGS);
        (void) kill(t->pid, SIGKILL);
        ngx_video_transcoder_gone(t);
        return;
    }

    ngx_add_timer(ev, NGX_VIDEO_TRANSCODER_HANGS / 4);
}


static void
ngx_video_transcoder_supervise(void)
{
    ngx_video_transcoder_t  *t;

    t = &ngx_video_transcoder_state;

    if (t->on || ngx_video_transcoder_sockets[0].fd == (ngx_socket_t) -1) {
        return;
    }

    ngx_memzero(t, sizeof(ngx_video_transcoder_t));
    t->on = 1;
    t->slot = -1;
    t->delay = NGX_VIDEO_TRANSCODER_FIRST;

    ngx_video_transcoder_dummy.fd = (ngx_socket_t) -1;
    t->timer.handler = ngx_video_transcoder_timer;
    t->timer.data = &ngx_video_transcoder_dummy;
    t->timer.log = ngx_cycle->log;
    t->timer.cancelable = 1;

    ngx_video_transcoder_timer(&t->timer);
    ngx_video_transcoder_cache();
}


/* Of the process that manages caches. */
static ngx_msec_t
ngx_video_transcoder_manager(void *data)
{
    ngx_video_transcoder_supervise();

    return 3600 * 1000;
}


void
ngx_video_transcoder_single(ngx_cycle_t *cycle)
{
    if (ngx_video_ingest_conf(cycle)->transcoder.enable == 1) {
        ngx_video_transcoder_supervise();
    }
}
