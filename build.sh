#!/bin/bash
#
# Copyright (C) ngx_video authors
#
# Installs what is needed, builds the modules, runs a node, runs the tests.
# Every command may be repeated: it does what is missing and is silent when
# nothing is.  "./build.sh help" lists them.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BUILD=$ROOT/build
DEBIAN_SRC=/usr/share/nginx/src
JOBS=$(nproc)

# The order in which the modules are loaded; others follow by name.
MODULES="ngx_video_core_module ngx_video_ingest_module
         ngx_stream_video_rtmp_module ngx_http_video_hls_module
         ngx_video_drm_module"

PACKAGES="nginx nginx-dev libnginx-mod-stream gcc make libssl-dev
          libpcre2-dev zlib1g-dev libjansson-dev pkg-config libavformat-dev
          libavcodec-dev libavutil-dev libavfilter-dev libswscale-dev ffmpeg
          curl perl libtest-base-perl libtext-diff-perl
          libhttp-message-perl libio-socket-ssl-perl"

TEST_PACKAGES="chromium clang libclang-rt-14-dev valgrind libxml2-utils
               gstreamer1.0-tools gstreamer1.0-plugins-base
               gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
               gstreamer1.0-plugins-ugly gstreamer1.0-libav"

BENCH_PACKAGES="chromium wrk"

# What the modules are compiled with, besides what nginx's own build gives.
WARNINGS="-Wall -Wextra -Werror"
HARDENED="-g -O2 -fstack-protector-strong -fPIC -D_FORTIFY_SOURCE=2"
SANITIZED="-g -O1 -fPIC -fno-omit-frame-pointer -fsanitize=address,undefined"
RELRO="-Wl,-z,relro -Wl,-z,now -fPIC"


usage()
{
    cat <<'END'
usage: ./build.sh COMMAND [OPTIONS]

  deps [test]   install the Debian and npm packages (with "test": those of
                the test suites too, with "bench": those of the benchmarks)
  build         build the modules, video-inspect and video-transcoder into
                build/
  run           install, build, start a single node in the foreground and
                publish a test stream to it; Ctrl-C stops everything
                  --prefix DIR   media, logs and pid below DIR (default run/)
                  --no-demo      don't publish the test stream
  test          install, build, run every suite but the slow ones
  test all      the slow ones too
  test FILE...  only these files
  bench         run the benchmarks of bench/
  bench NAME [ARGUMENT...]
                only bench/NAME, with these arguments
  clean         remove everything that was generated

environment:

  NGINX_SRC=DIR      build with this nginx source tree, and its nginx too,
                     instead of the distribution's
  SANITIZE=1         build with ASan and UBSan
  ASAN=1             test: run the server suites with the sanitized modules
                     only (without it each runs plain and sanitized)
  VIDEO_HTTP_PORT    run: port of HTTP, default 8080
  VIDEO_RTMP_PORT    run: port of RTMP, default 1935
  VIDEO_WORKERS      run: worker processes, default 2
END
}


say()
{
    echo "build.sh: $*"
}


die()
{
    echo "build.sh: $*" >&2
    exit 1
}


# --- deps -------------------------------------------------------------------

missing_packages()
{
    local package

    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null \
            | grep -qx installed || echo "$package"
    done
}


as_root()
{
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "root or sudo is needed for: $*"
    fi
}


# A package that brings a daemon would have it started on port 80.  It isn't
# wanted: "policy-rc.d" is Debian's way to say so.
install_packages()
{
    local policy=/usr/sbin/policy-rc.d status=0

    say "installing $*"

    if [ -e $policy ]; then
        policy=
    else
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod +x $policy
    fi

    as_root apt-get -q update \
        && as_root env DEBIAN_FRONTEND=noninteractive \
               apt-get -q -y --no-install-recommends install "$@" \
        || status=$?

    [ -z "$policy" ] || as_root rm -f $policy

    [ $status = 0 ] || die "apt-get could not install: $*"
}


# npm_packages DIR: what DIR/package-lock.json names, in DIR/node_modules
npm_packages()
{
    local dir=$1

    [ -f "$dir/package-lock.json" ] || return 0

    if [ -f "$dir/node_modules/.stamp" ] \
       && [ ! "$dir/package-lock.json" -nt "$dir/node_modules/.stamp" ]
    then
        return 0
    fi

    say "installing the npm packages of ${dir#"$ROOT"/}"

    (cd "$dir" \
     && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 \
        npm ci --no-audit --no-fund --loglevel=error) \
        || die "npm ci failed in $dir"

    touch "$dir/node_modules/.stamp"
}


cmd_deps()
{
    local want=$PACKAGES missing

    case "${1:-}" in
    test)  want="$want $TEST_PACKAGES" ;;
    bench) want="$want $BENCH_PACKAGES" ;;
    esac

    # Debian's nodejs conflicts with one from elsewhere, so any will do
    command -v node >/dev/null && command -v npm >/dev/null \
        || want="$want nodejs npm"

    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null \
        || die "this is not Debian; install the equivalents of:" $want

    missing=$(missing_packages $want)
    [ -z "$missing" ] || install_packages $missing

    npm_packages "$ROOT/html"
    [ -z "${1:-}" ] || npm_packages "$ROOT/t/e2e"
}


# --- build ------------------------------------------------------------------

# "1" when SANITIZE asks for it, else nothing
sanitize()
{
    [ "${SANITIZE:-0}" = 0 ] || echo 1
}


# flavour SANITIZE: the name of the directory below build/
flavour()
{
    local name=debian

    if [ -n "${NGINX_SRC:-}" ]; then
        name=$(basename "$(cd "$NGINX_SRC" && pwd)")
    fi

    echo "$name${1:+-asan}"
}


configure_flags()
{
    if [ -z "${NGINX_SRC:-}" ]; then
        . $DEBIAN_SRC/conf_flags
        printf '%s\n' "${NGX_CONF_FLAGS[@]}"
        return
    fi

    printf '%s\n' "--prefix=$1/root" --with-compat --with-debug \
        --with-threads --with-http_ssl_module --with-http_v2_module \
        --with-http_realip_module --with-http_auth_request_module \
        --with-http_slice_module --with-http_secure_link_module \
        --with-http_sub_module --with-http_stub_status_module \
        --with-stream=dynamic --with-stream_ssl_module \
        --with-stream_realip_module
}


# build_flavour SANITIZE, where SANITIZE is empty or 1
build_flavour()
{
    local sanitize=${1:-} src=$DEBIAN_SRC what=modules name out cc ld flags key
    local make

    name=$(flavour "$sanitize")
    out=$BUILD/$name

    if [ -n "${NGINX_SRC:-}" ]; then
        src=$(cd "$NGINX_SRC" && pwd)
        [ ! -f "$src/src/core/nginx.c" ] || what="binary modules"
    fi

    [ -f "$src/src/core/nginx.h" ] \
        || die "no nginx source in $src; try \"./build.sh deps\""
    [ -f "$ROOT/config" ] || die "there is no file \"config\" in $ROOT"

    cc="$HARDENED $WARNINGS" ld=$RELRO
    [ -z "$sanitize" ] \
        || cc="$SANITIZED $WARNINGS" ld="$RELRO -fsanitize=address,undefined"

    # dependencies on headers, which nginx's makefile doesn't know of
    cc="$cc -MMD -MP"

    mapfile -t flags < <(configure_flags "$out")

    mkdir -p "$out"
    exec 9>"$out/.lock"
    flock 9

    key=$({
        echo "$cc $ld $src ${flags[*]}"
        cd "$ROOT"
        cat config config.make "$src/src/core/nginx.h" 2>/dev/null || true
        find ngx_video_* -name '*.[ch]' | LC_ALL=C sort
    } | sha256sum)

    if [ "$key" != "$(cat "$out/.key" 2>/dev/null)" ]; then
        configure_flavour
    fi

    make=(make -s -O -j"$JOBS" -C "$src" -f "$out/Makefile"
          -f "$BUILD/depend.mk" VIDEO_ROOT="$ROOT" VIDEO_OUT="$out"
          VIDEO_LD="$ld")

    make_rules >"$BUILD/depend.mk"
    what="$what video-inspect video-transcoder"

    # shellcheck disable=SC2086
    if ! "${make[@]}" -q $what >/dev/null 2>&1; then
        say "building $what in build/$name"
        "${make[@]}" $what || die "the build failed"
    fi

    exec 9>&-
}


# What nginx's makefile lacks: dependencies on headers, and the programs:
# both take media/ as it was compiled for the core module.
make_rules()
{
    cat <<'END'
-include $(wildcard $(VIDEO_OUT)/addon/*/*.d)

VIDEO_MEDIA = $(VIDEO_ROOT)/ngx_video_core/media
VIDEO_SRCS = $(notdir $(wildcard $(VIDEO_MEDIA)/*.c))
VIDEO_TOOL = $(VIDEO_OUT)/addon/inspect/video_inspect.o

video-inspect: $(VIDEO_OUT)/video-inspect

$(VIDEO_OUT)/video-inspect: $(VIDEO_TOOL) \
		$(VIDEO_SRCS:%.c=$(VIDEO_OUT)/addon/media/%.o)
	$(CC) $(VIDEO_LD) -o $@ $^

$(VIDEO_TOOL): $(VIDEO_ROOT)/ngx_video_hls/inspect/video_inspect.c
	@mkdir -p $(@D)
	$(CC) -c $(CFLAGS) -I $(VIDEO_MEDIA) -o $@ $<

VIDEO_LIBS = libavfilter libavformat libavcodec libavutil libswscale jansson
VIDEO_CODER = $(notdir $(wildcard $(VIDEO_ROOT)/transcoder/*.c))

video-transcoder: $(VIDEO_OUT)/video-transcoder

$(VIDEO_OUT)/video-transcoder: \
		$(VIDEO_CODER:%.c=$(VIDEO_OUT)/addon/transcoder/%.o) \
		$(VIDEO_SRCS:%.c=$(VIDEO_OUT)/addon/media/%.o)
	$(CC) $(VIDEO_LD) -o $@ $^ $(shell pkg-config --libs $(VIDEO_LIBS)) -lm

$(VIDEO_OUT)/addon/transcoder/%.o: $(VIDEO_ROOT)/transcoder/%.c
	@mkdir -p $(@D)
	$(CC) -c -MMD $(CFLAGS) -I $(VIDEO_MEDIA) \
		$(shell pkg-config --cflags $(VIDEO_LIBS)) -o $@ $<
END
}


# uses the variables of build_flavour
configure_flavour()
{
    local configure=./configure

    [ -x "$src/configure" ] || configure=auto/configure

    say "configuring build/$name"
    rm -f "$out"/.key "$out"/*.so

    (cd "$src" \
     && ASAN_OPTIONS=detect_leaks=0 "$configure" "${flags[@]}" \
            --with-cc-opt="$cc" --with-ld-opt="$ld" \
            --add-dynamic-module="$ROOT" --builddir="$out") \
        >"$out/configure.log" 2>&1 \
        || { tail -n 20 "$out/configure.log" >&2;
             die "configure failed, see build/$name/configure.log"; }

    echo "$key" >"$out/.key"
}


# module_files SANITIZE: absolute paths in the order in which to load them
module_files()
{
    local out name file

    out=$BUILD/$(flavour "${1:-}")

    if [ -f "$out/ngx_stream_module.so" ]; then
        echo "$out/ngx_stream_module.so"
    elif [ -f /usr/lib/nginx/modules/ngx_stream_module.so ]; then
        echo /usr/lib/nginx/modules/ngx_stream_module.so
    fi

    for name in $MODULES; do
        [ ! -f "$out/$name.so" ] || echo "$out/$name.so"
    done

    for file in "$out"/*.so; do
        name=$(basename "$file" .so)
        case " $(echo $MODULES) ngx_stream_module " in
        *" $name "*) ;;
        *) [ ! -f "$file" ] || echo "$file" ;;
        esac
    done
}


nginx_binary()
{
    local out

    out=$BUILD/$(flavour "${1:-}")

    if [ -x "$out/nginx" ]; then
        echo "$out/nginx"
    else
        PATH=$PATH:/usr/sbin command -v nginx || die "nginx is not installed"
    fi
}


cmd_build()
{
    build_flavour "$(sanitize)"
}


# --- test -------------------------------------------------------------------

build_programs()
{
    make -s -O -j"$JOBS" -C "$ROOT/t" OUT="$BUILD" \
         NGX="${NGINX_SRC:-$DEBIAN_SRC}" NGX_OBJS="$BUILD/$(flavour "")" "$@" \
        || die "the unit tests or fuzz targets don't compile"
}


# What runs: the names of the files, a mode of the server suites apart.  The
# sanitized run of a suite is a file of its own, so that one prove runs all
# and its summary comes last.
suite_files()
{
    local all=${1:-} file

    cd "$ROOT"

    for file in t/*.t t/flow/*.t t/e2e/*.t t/regress/*.t; do
        [ -f "$file" ] || continue
        case "$all:$file" in
        all:*) ;;
        :*slow*) continue ;;
        esac

        if [ -n "${ASAN:-}" ] && ! is_server_suite "$file"; then
            continue
        fi

        echo "$file"

        if [ -z "${ASAN:-}" ] && is_server_suite "$file"; then
            asan_file "$file"
        fi
    done
}


is_server_suite()
{
    case "$1" in
    t/unit.t|t/fuzz.t|t/e2e/*|*/harness*) return 1 ;;
    esac

    # what doesn't start nginx by the harness has nothing to sanitize
    grep -q '^use Test::\(Nginx::Socket\|Video\)[; ]' "$1"
}


asan_file()
{
    local file=$BUILD/asan/${1#t/}

    mkdir -p "$(dirname "$file")"

    cat >"$file" <<END
# $1 with the sanitized modules
\$ENV{TEST_NGINX_ASAN} = 1;
\$ENV{TEST_NGINX_LOAD_MODULES} = \$ENV{TEST_NGINX_LOAD_MODULES_ASAN};
\$ENV{TEST_NGINX_BINARY} = \$ENV{TEST_NGINX_BINARY_ASAN};
exec \$^X, '-It/lib', '$1' or die;
END

    echo "${file#"$ROOT"/}"
}


cmd_test()
{
    local files all=

    if [ "${1:-}" = all ]; then
        all=all
        shift
    fi

    cmd_deps test
    build_flavour ""
    build_flavour 1

    build_programs unit plain stress
    ! command -v clang >/dev/null || build_programs fuzz

    rm -rf "$BUILD/asan"

    if [ $# -gt 0 ]; then
        files=("$@")
    else
        mapfile -t files < <(suite_files $all)
        cd "$ROOT"
    fi

    export TEST_NGINX_BINARY TEST_NGINX_BINARY_ASAN
    export TEST_NGINX_LOAD_MODULES TEST_NGINX_LOAD_MODULES_ASAN

    TEST_NGINX_BINARY=$(nginx_binary)
    TEST_NGINX_BINARY_ASAN=$(nginx_binary 1)
    TEST_NGINX_LOAD_MODULES=$(echo $(module_files))
    TEST_NGINX_LOAD_MODULES_ASAN=$(echo $(module_files 1))

    if [ -n "${ASAN:-}" ]; then
        export TEST_NGINX_ASAN=1
        TEST_NGINX_BINARY=$TEST_NGINX_BINARY_ASAN
        TEST_NGINX_LOAD_MODULES=$TEST_NGINX_LOAD_MODULES_ASAN
    fi

    exec prove -I"$ROOT/t/lib" --timer -j3 "${files[@]}"
}


# --- run --------------------------------------------------------------------

PREFIX=$ROOT/run
NGINX_PID=
PUBLISHER_PID=


# in_use PORT: something answers there
in_use()
{
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}


make_sample()
{
    local file=$PREFIX/media/sample.mp4

    [ -z "$(find "$PREFIX/media" -name '*.mp4' -print -quit)" ] || return 0

    say "making a minute of sample media"

    ffmpeg -nostdin -v error -y \
        -f lavfi -i "testsrc2=size=1280x720:rate=30" \
        -f lavfi -i "sine=frequency=440:beep_factor=4:sample_rate=48000" \
        -t 60 -vf "$(caption "timecode='00\:00\:00\:00':rate=30")" \
        -c:v libx264 -profile:v main -preset veryfast -pix_fmt yuv420p \
        -b:v 2500k -g 60 -keyint_min 60 -sc_threshold 0 \
        -c:a aac -b:a 128k -ac 2 -movflags +faststart \
        -f mp4 "$file.part" || die "ffmpeg could not make the sample"

    mv "$file.part" "$file"
}


# caption TEXT: a filter that writes it into the picture
caption()
{
    echo "drawtext=$1:fontsize=64:fontcolor=white:box=1:boxcolor=black@0.6\
:boxborderw=16:x=(w-tw)/2:y=h-2*th"
}


# The publisher of the test stream; its log is overwritten when it restarts.
start_publisher()
{
    ffmpeg -nostdin -hide_banner -v warning \
        -re -f lavfi -i "testsrc2=size=1280x720:rate=30" \
        -re -f lavfi \
        -i "sine=frequency=440:beep_factor=4:sample_rate=48000" \
        -vf "$(caption "text='%{localtime\:%X}'")" \
        -c:v libx264 -profile:v main -preset veryfast -tune zerolatency \
        -pix_fmt yuv420p -b:v 2500k -maxrate 2500k -bufsize 2500k \
        -g 60 -keyint_min 60 -sc_threshold 0 -c:a aac -b:a 128k -ac 2 \
        -flvflags no_duration_filesize -f flv \
        "rtmp://127.0.0.1:$RTMP_PORT/live/demo" \
        >"$PREFIX/logs/publisher.log" 2>&1 &
    PUBLISHER_PID=$!
}


# The workers' user: the distribution's, if it can read what it is to serve.
worker_user()
{
    [ "$(id -u)" = 0 ] || return 0

    if runuser -u www-data -- test -r "$ROOT/html/index.html" \
                                   -a -r "$PREFIX/media" 2>/dev/null
    then
        echo "user              www-data;"
    else
        echo "user              root;"
    fi
}


make_conf()
{
    local text modules

    modules=$(module_files "$(sanitize)" | sed 's/.*/load_module  &;/')

    text=$(<"$ROOT/conf/single.conf")
    text=${text//@USER@/$(worker_user)}
    text=${text//@MODULES@/$modules}
    text=${text//@WORKERS@/${VIDEO_WORKERS:-2}}
    text=${text//@TRANSCODER@/$BUILD/$(flavour "$(sanitize)")/video-transcoder}
    text=${text//@PREFIX@/$PREFIX}
    text=${text//@ROOT@/$ROOT}
    text=${text//@HTTP_PORT@/$HTTP_PORT}
    text=${text//@RTMP_PORT@/$RTMP_PORT}

    printf '%s\n' "$text" >"$PREFIX/nginx.conf"
}


start_nginx()
{
    local nginx arguments

    nginx=$(nginx_binary "$(sanitize)")
    arguments=(-p "$PREFIX/" -c "$PREFIX/nginx.conf"
               -e "$PREFIX/logs/error.log")

    if [ -n "$(sanitize)" ]; then
        export ASAN_OPTIONS=detect_leaks=0:detect_odr_violation=0
        nginx="env LD_PRELOAD=$(gcc -print-file-name=libasan.so) $nginx"
    fi

    $nginx "${arguments[@]}" -t -q || die "nginx refuses $PREFIX/nginx.conf"

    $nginx "${arguments[@]}" &
    NGINX_PID=$!

    for _ in $(seq 100); do
        kill -0 "$NGINX_PID" 2>/dev/null || break
        ! { in_use "$HTTP_PORT" && in_use "$RTMP_PORT"; } || return 0
        sleep 0.1
    done

    tail -n 5 "$PREFIX/logs/error.log" >&2
    die "nginx did not start, see $PREFIX/logs/error.log"
}


# Ends what this script started; a publisher before the server that it uses.
stop_all()
{
    local pid

    trap - EXIT INT TERM

    for pid in $PUBLISHER_PID $NGINX_PID; do
        kill -TERM "$pid" 2>/dev/null || continue
        wait "$pid" 2>/dev/null || true
    done
}


print_urls()
{
    local http=http://127.0.0.1:$HTTP_PORT rtmp=rtmp://127.0.0.1:$RTMP_PORT
    local file

    file=$(cd "$PREFIX/media" && ls -- *.mp4 2>/dev/null | head -n 1)

    cat <<END

  player     $http/
  status     $http/status

  live       $http/live/NAME/master.m3u8    (HLS, Low-Latency HLS)
             $http/live/NAME/manifest.mpd   (DASH)
  files      $http/vod/${file:-FILE.mp4}/master.m3u8
             $http/vod/${file:-FILE.mp4}/manifest.mpd
             every MP4 file in $PREFIX/media

  publish    OBS:     Settings, Stream, "Custom": server $rtmp/live,
                      stream key NAME; keyframe interval 2 s, H.264, AAC
             ffmpeg:  ffmpeg -re -i FILE -c copy -f flv $rtmp/live/NAME
END
    [ -z "$1" ] || echo "  on air     NAME \"demo\": a test picture"
    printf '\n  Ctrl-C stops everything.\n\n'
}


cmd_run()
{
    local demo=1 started pid

    while [ $# -gt 0 ]; do
        case "$1" in
        --prefix) [ $# -ge 2 ] || die "--prefix needs a directory"
                  PREFIX=$2; shift ;;
        --prefix=*) PREFIX=${1#*=} ;;
        --no-demo) demo= ;;
        *) die "unknown option \"$1\" of run" ;;
        esac
        shift
    done

    HTTP_PORT=${VIDEO_HTTP_PORT:-8080}
    RTMP_PORT=${VIDEO_RTMP_PORT:-1935}

    cmd_deps
    cmd_build

    mkdir -p "$PREFIX"
    PREFIX=$(cd "$PREFIX" && pwd)
    mkdir -p "$PREFIX/media" "$PREFIX/logs" "$PREFIX/temp"

    pid=$(cat "$PREFIX/nginx.pid" 2>/dev/null || true)
    [ -z "$pid" ] || ! kill -0 "$pid" 2>/dev/null \
        || die "nginx of $PREFIX is running already, its pid is $pid"

    ! in_use "$HTTP_PORT" \
        || die "port $HTTP_PORT is in use; VIDEO_HTTP_PORT=N chooses another"
    ! in_use "$RTMP_PORT" \
        || die "port $RTMP_PORT is in use; VIDEO_RTMP_PORT=N chooses another"

    make_sample
    make_conf

    trap stop_all EXIT
    trap 'exit 0' INT TERM

    start_nginx
    print_urls "$demo"

    while kill -0 "$NGINX_PID" 2>/dev/null; do
        started=$SECONDS
        [ -z "$demo" ] || start_publisher

        # returns when either ends
        wait -n $NGINX_PID $PUBLISHER_PID || true

        kill -0 "$NGINX_PID" 2>/dev/null || break
        [ -z "$PUBLISHER_PID" ] || kill -0 "$PUBLISHER_PID" 2>/dev/null \
            || PUBLISHER_PID=
        say "the publisher ended, see $PREFIX/logs/publisher.log; restarting"
        [ $((SECONDS - started)) -ge 2 ] || sleep 2
    done

    die "nginx ended, see $PREFIX/logs/error.log"
}


# --- bench, clean -----------------------------------------------------------

# Fails if something can't be measured; limits are told, see bench/README.md.
cmd_bench()
{
    local script scripts=("$ROOT"/bench/*.sh "$ROOT"/bench/*.pl)

    if [ $# -gt 0 ]; then
        scripts=("$ROOT/bench/$(basename "$1")")
        [ -x "${scripts[0]}" ] || die "there is no benchmark \"$1\""
        shift
    fi

    cmd_deps bench
    cmd_build

    for script in "${scripts[@]}"; do
        say "bench/$(basename "$script")"
        "$script" "$@" || die "bench/$(basename "$script") failed"
    done
}


cmd_clean()
{
    rm -rf "$BUILD" "$ROOT/run" "$ROOT/t/media" \
        "$ROOT/html/node_modules" "$ROOT/t/e2e/node_modules"
}


case "${1:-help}" in
deps|build|run|test|bench|clean)
    command=$1
    shift
    "cmd_$command" "$@"
    ;;
help|-h|--help)
    usage
    ;;
*)
    usage >&2
    die "unknown command \"$1\""
    ;;
esac
