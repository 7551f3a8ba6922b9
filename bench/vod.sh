#!/bin/bash
#
# What a segment of a file costs: CPU per GB as a ratio to that of static files
# of the same bytes, served by the same nginx in the same run, turn by turn;
# the CPU of a first manifest; what slow clients add in memory.
#
# The server keeps audio segments that it has sent once.  So audio has two
# figures: of segments that are kept, and of first views, where each segment
# is asked for once.
#
# The movie is ffmpeg's default: one video frame in a chunk, about 180 byte
# ranges in a segment of 6 s.  "together" is the same in fragments, whose
# samples lie together; "chunks" has a second of a track in each chunk; "sd" is
# 480p; "two" lasts two hours.
#
# Transport streams are made in the store.  In a zone that is too small for the
# movie each of them is made anew.
#
#   bench/vod.sh [ROUNDS [SECONDS]]

. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/media.bash"

ROUNDS=${1:-7}
SECONDS_EACH=${2:-2}
HZ=$(getconf CLK_TCK)
CONNECTIONS=8

need nginx ffmpeg wrk curl taskset

mkdir -p "$WORK"/{logs,static}

make_media movie sd two together chunks

# More names for the movie: the name is part of what identifies a file, so
# each is a file that nobody has asked for.
NAMES=$(mktemp -d "$MEDIA/names.XXXXXX")
TEMPORARY+=("$NAMES")

{
    load_modules ngx_video_core_module ngx_http_video_hls_module
    cat <<END
daemon off;
$([ "$(id -u)" != 0 ] || echo "user root;")
worker_processes 1;
worker_cpu_affinity 01;
pid $WORK/nginx.pid;
error_log $WORK/logs/error.log notice;
events { worker_connections 4096; }
video {
    zone vod 64m;
    zone first 512m;
    zone kept 512m;
}
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    open_file_cache max=1000;
    keepalive_requests 1000000;
    client_body_temp_path $WORK/t1; proxy_temp_path $WORK/t2;
    fastcgi_temp_path $WORK/t3; uwsgi_temp_path $WORK/t4;
    scgi_temp_path $WORK/t5;
    server {
        listen 127.0.0.1:$PORT;
        # small socket buffers: a segment must wait in us, not in the kernel
        listen 127.0.0.1:$((PORT + 1)) sndbuf=32k;
        location /vod/ { video_vod zone=vod; alias $MEDIA/; }
        location /holes/ { video_vod zone=vod; video_holes on; alias $MEDIA/; }
        location /names/ { video_vod zone=vod; alias $NAMES/; }
        location /kept/ { video_vod zone=kept; alias $MEDIA/; }
        location /first/ { video_vod zone=first; alias $NAMES/; }
        location /static/ { alias $WORK/static/; }
        location = /status { video_status; }
    }
}
END
} >"$WORK/nginx.conf"

start_nginx "$WORK/nginx.conf"
BASE=http://127.0.0.1:$PORT

# manifest NAME FILE LIMIT [WHAT]: the first of a file that nobody has asked
# for; of another thing than a manifest the first byte
manifest()
{
    local name=$1 file=$2 limit=$3 what=${4:-master.m3u8} before after i

    for i in $(seq 20); do
        ln -f "$MEDIA/$file.mp4" "$NAMES/$file-$i-$what.mp4"
        before=$(cpu_ticks)
        # shellcheck disable=SC2086
        curl -sf ${4:+-r 0-0} -o /dev/null \
            "$BASE/names/$file-$i-$what.mp4/$what"
        after=$(cpu_ticks)
        echo $((after - before))
    done >"$WORK/ticks"

    figure "$name" \
        "$(awk -v hz="$HZ" '{ n += $1 }
           END { printf "%.1f", n / NR * 1000 / hz }' "$WORK/ticks")" \
        "ms CPU" "$limit"
}

free_chunks()
{
    curl -sf "$BASE/status" \
        | sed 's/.*"name":"vod"[^}]*"chunks_free":\([0-9]*\).*/\1/'
}

# What the index of two hours takes of the zone, in whole chunks of 64 KiB.
index_size()
{
    local before after

    ln "$MEDIA/two.mp4" "$NAMES/size.mp4"
    before=$(free_chunks)
    curl -sf -o /dev/null "$BASE/names/size.mp4/v0/0.m4s" -r 0-0
    after=$(free_chunks)

    figure "index of two hours" \
        "$(awk -v n=$((before - after)) 'BEGIN { printf "%.2f", n / 16 }')" \
        MiB 3
}

# segments TRACK [PLAYLIST]: URIs of the segments ("vod/movie.mp4/a0")
segments()
{
    curl -sf "$BASE/$1/${2:-index.m3u8}" | grep -v '^#' | sed "s|^|/$1/|"
}

# list NAME TRACK [PLAYLIST]: the segments of a track ("vod/movie.mp4/v0") in
# NAME.vod, and copies of them as static files in NAME.static
list()
{
    local name=$1 uri n=0

    mkdir -p "$WORK/static/$name"
    : >"$WORK/$name.static"
    segments "$2" "${3:-}" >"$WORK/$name.vod"

    while read -r uri; do
        curl -sf -o "$WORK/static/$name/$n" "$BASE$uri"
        echo "/static/$name/$n" >>"$WORK/$name.static"
        n=$((n + 1))
    done <"$WORK/$name.vod"
}

# load URLS [once]: asks for them, round and round for a while or each of them
# once; prints clock ticks and bytes
load()
{
    local before after out once='' seconds=$SECONDS_EACH

    # that ends by itself
    [ -z "${2:-}" ] || { once=$CONNECTIONS; seconds=300; }

    before=$(cpu_ticks)
    out=$(URLS=$1 ONCE=$once taskset -c 1 wrk -t1 -c"$CONNECTIONS" \
          --timeout 60s -d"$seconds" -s "$ROOT/bench/urls.lua" "$BASE" \
          | grep RESULT)
    after=$(cpu_ticks)

    # shellcheck disable=SC2086
    set -- "$1" $out
    [ "$5" = 0 ] || { echo "bench: $5 errors" >&2; exit 1; }
    [ -z "$once" ] || [ "$4" = "$(wc -l <"$1")" ] \
        || { echo "bench: $4 answers to the URLs of $1" >&2; exit 1; }

    echo $((after - before)) "$3"
}

# CPU seconds per GB, of lines of ticks and bytes
per_gb()
{
    awk -v hz="$HZ" '{ t += $1; b += $2 }
        END { printf "%.4f\n", t / hz / (b / 1e9) }'
}

divide()
{
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f\n", a / b }'
}

# compare TITLE NAME LIMIT TRACK [PLAYLIST]: segments that are asked for again
# and again
compare()
{
    local title=$1 name=$2 limit=$3 i s v

    list "$name" "$4" "${5:-}"
    : >"$WORK/ratios"; : >"$WORK/s"; : >"$WORK/v"

    for i in $(seq "$ROUNDS"); do
        s=$(load "$WORK/$name.static" | per_gb)
        v=$(load "$WORK/$name.vod" | per_gb)
        echo "$s" >>"$WORK/s"
        echo "$v" >>"$WORK/v"
        divide "$v" "$s" >>"$WORK/ratios"
    done

    figure "$title, times the CPU of static files" \
        "$(median <"$WORK/ratios")" '' "$limit" \
        "s/GB $(median <"$WORK/v") over $(median <"$WORK/s")"
}

# progressive TITLE FILE LIMIT: the whole of it, to each connection once
progressive()
{
    local title=$1 uri=/vod/$2.mp4/progressive.mp4 limit=$3 i s v

    mkdir -p "$WORK/static/$2"
    curl -sf -o "$WORK/static/$2/0" "$BASE$uri"
    : >"$WORK/ratios"; : >"$WORK/s"; : >"$WORK/v"
    : >"$WORK/$2.static"; : >"$WORK/$2.vod"

    for i in $(seq "$CONNECTIONS"); do
        echo "/static/$2/0" >>"$WORK/$2.static"
        echo "$uri" >>"$WORK/$2.vod"
    done

    for i in $(seq "$ROUNDS"); do
        s=$(load "$WORK/$2.static" once | per_gb)
        v=$(load "$WORK/$2.vod" once | per_gb)
        echo "$s" >>"$WORK/s"
        echo "$v" >>"$WORK/v"
        divide "$v" "$s" >>"$WORK/ratios"
    done

    figure "$title, times the CPU of static files" \
        "$(median <"$WORK/ratios")" '' "$limit" \
        "s/GB $(median <"$WORK/v") over $(median <"$WORK/s")"
}

# Playlists that are asked for again and again: the time that a request takes,
# as a ratio to that of a static file.
playlists()
{
    local i s v

    mkdir -p "$WORK/static/list"
    curl -sf -o "$WORK/static/list/0" "$BASE/vod/movie.mp4/v0/index.m3u8"
    echo /static/list/0 >"$WORK/list.static"
    echo /vod/movie.mp4/v0/index.m3u8 >"$WORK/list.vod"
    : >"$WORK/ratios"

    for i in $(seq "$ROUNDS"); do
        s=$(load "$WORK/list.static" | awk '{ print $2 }')
        v=$(load "$WORK/list.vod" | awk '{ print $2 }')
        divide "$s" "$v" >>"$WORK/ratios"
    done

    figure "playlists, times the time of a static file" \
        "$(median <"$WORK/ratios")" '' 1.11
}

# The file with the URLs of the audio segments of movie number N, whose index
# is cached by then.  An index that is used three times stays in a full zone.
audio_of()
{
    local n=$1

    ln "$MEDIA/movie.mp4" "$NAMES/$n.mp4"
    segments "first/$n.mp4/a0" >/dev/null
    segments "first/$n.mp4/a0" >/dev/null
    segments "first/$n.mp4/a0" >"$WORK/$n.first"
}

# first_views NAME FROM TO LIMIT: each audio segment of the movies with these
# numbers once.  What one movie costs is too little for a clock of ticks:
# twenty are a turn, and the turns are added up.
first_views()
{
    local name=$1 from=$2 to=$3 limit=$4 i n s v

    : >"$WORK/s"; : >"$WORK/v"

    for i in $(seq "$from" "$to"); do
        audio_of "$i"
    done

    for i in $(seq "$from" 20 "$to"); do
        : >"$WORK/turn.static"; : >"$WORK/turn.first"

        for n in $(seq "$i" $((i + 19))); do
            cat "$WORK/a0.static" >>"$WORK/turn.static"
            cat "$WORK/$n.first" >>"$WORK/turn.first"
        done

        load "$WORK/turn.static" once >>"$WORK/s"
        load "$WORK/turn.first" once >>"$WORK/v"
    done

    s=$(per_gb <"$WORK/s")
    v=$(per_gb <"$WORK/v")
    figure "$name, times the CPU of static files" \
        "$(divide "$v" "$s")" '' "$limit" "s/GB $v over $s"
}

# First in a zone whose memory is touched for the first time, which costs page
# faults, then as in a server that runs for long: the zone is full, and every
# copy of a segment puts another one out.
first_audio()
{
    first_views "audio, first view, new zone" 1 40 3

    curl -sf "$BASE/status" | grep -q '"name":"first"[^}]*"evictions":[1-9]' \
        || { echo "bench: the zone is not full yet" >&2; exit 1; }

    first_views "audio, first view" 41 100 3
}

slow()
{
    local before after pids=() i uri

    uri=$(sed -n 10p "$WORK/video.vod")
    before=$(anon_kb)

    for i in $(seq 100); do
        curl -s --limit-rate 20k -m 8 -o /dev/null \
            "http://127.0.0.1:$((PORT + 1))$uri" &
        pids+=($!)
    done

    sleep 6
    after=$(anon_kb)
    kill "${pids[@]}" 2>/dev/null || true
    wait "${pids[@]}" 2>/dev/null || true

    figure "100 slow clients, anonymous memory" \
        "$(awk -v a="$before" -v b="$after" \
           'BEGIN { printf "%+.1f", (b - a) / 1024 }')" MB 20
}

manifest "first manifest" movie 5
manifest "first manifest of two hours" two 10
index_size
playlists
compare "video" video 1.4 vod/movie.mp4/v0
compare "video, with holes" holes 1.1 holes/movie.mp4/v0
compare "video, samples together" together 1.1 vod/together.mp4/v0
compare "480p video" sd 1.8 vod/sd.mp4/v0
compare "audio, kept" a0 3 vod/movie.mp4/a0
first_audio
progressive "progressive.mp4" movie 4
progressive "progressive.mp4, chunks of a second" chunks 1.4
manifest "first progressive.mp4 of two hours" two 150 progressive.mp4
compare "transport streams, made" made 1.4 vod/movie.mp4/v0 index_ts.m3u8
compare "transport streams, kept" kept 1.1 kept/movie.mp4/v0 index_ts.m3u8
slow
