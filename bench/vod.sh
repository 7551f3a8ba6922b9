#!/bin/bash
#
# What a segment of a file costs: CPU per GB against the limit, a static file
# of the same bytes served by the same nginx in the same run, turn by turn;
# the CPU of a first manifest; what slow clients add in memory.
#
# The file is ffmpeg's default: one video frame in a chunk, about 180 byte
# ranges in a segment of 6 s.
#
#   bench/vod.sh [ROUNDS [SECONDS]]

. "$(dirname "$0")/common.bash"

ROUNDS=${1:-7}
SECONDS_EACH=${2:-2}
HZ=$(getconf CLK_TCK)
MEDIA=${MEDIA:-$ROOT/build/bench}

need nginx ffmpeg wrk curl taskset

mkdir -p "$MEDIA" "$WORK"/{logs,static}

if [ ! -f "$MEDIA/movie.mp4" ]; then
    echo "making 10 minutes of 1080p in build/bench ..."
    ffmpeg -loglevel error -y \
        -f lavfi -i testsrc2=s=1920x1080:r=30:d=20 \
        -f lavfi -i sine=f=440:r=48000:d=20 \
        -c:v libx264 -preset ultrafast -b:v 5M -minrate 5M -maxrate 5M \
        -bufsize 2500k -x264-params nal-hrd=cbr -g 60 -keyint_min 60 \
        -sc_threshold 0 -c:a aac -b:a 128k -ac 2 "$MEDIA/loop.mp4"
    ffmpeg -loglevel error -y -stream_loop 29 -i "$MEDIA/loop.mp4" -c copy \
        -movflags +faststart "$MEDIA/movie.tmp.mp4"
    mv "$MEDIA/movie.tmp.mp4" "$MEDIA/movie.mp4"
fi

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
video { zone vod 64m; }
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    client_body_temp_path $WORK/t1; proxy_temp_path $WORK/t2;
    fastcgi_temp_path $WORK/t3; uwsgi_temp_path $WORK/t4;
    scgi_temp_path $WORK/t5;
    server {
        listen 127.0.0.1:$PORT;
        # small socket buffers: a segment must wait in us, not in the kernel
        listen 127.0.0.1:$((PORT + 1)) sndbuf=32k;
        location /vod/ { video_vod zone=vod; alias $MEDIA/; }
        location /static/ { alias $WORK/static/; }
    }
}
END
} >"$WORK/nginx.conf"

start_nginx "$WORK/nginx.conf"
BASE=http://127.0.0.1:$PORT

# the first manifest of a file that nobody has asked for
cold()
{
    local before after i

    for i in $(seq 20); do
        ln -f "$MEDIA/movie.mp4" "$MEDIA/cold.mp4"
        touch -d "@$((1600000000 + i + RANDOM))" "$MEDIA/cold.mp4"
        before=$(cpu_ticks)
        curl -sf -o /dev/null "$BASE/vod/cold.mp4/master.m3u8"
        after=$(cpu_ticks)
        echo $((after - before))
    done | awk -v hz="$HZ" '{ n += $1 } END {
        printf "first manifest, index not cached: %.1f ms CPU (limit 5)\n",
               n / NR * 1000 / hz }'
    rm -f "$MEDIA/cold.mp4"
}

# list TRACK: the segments of a track, and copies of them as static files
list()
{
    local track=$1 uri n=0

    mkdir -p "$WORK/static/$track"
    : >"$WORK/$track.vod"
    : >"$WORK/$track.static"

    for uri in $(curl -sf "$BASE/vod/movie.mp4/$track/index.m3u8" \
                 | grep -v '^#'); do
        curl -sf -o "$WORK/static/$track/$n.m4s" \
            "$BASE/vod/movie.mp4/$track/$uri"
        echo "/vod/movie.mp4/$track/$uri" >>"$WORK/$track.vod"
        echo "/static/$track/$n.m4s" >>"$WORK/$track.static"
        n=$((n + 1))
    done
}

# turn URLS: CPU seconds per GB
turn()
{
    local before after out

    before=$(cpu_ticks)
    out=$(URLS=$1 taskset -c 1 wrk -t1 -c8 -d"$SECONDS_EACH" \
          -s "$ROOT/bench/urls.lua" "$BASE" | grep RESULT)
    after=$(cpu_ticks)

    # shellcheck disable=SC2086
    set -- $out
    [ "$4" = 0 ] || { echo "bench: $4 errors" >&2; exit 1; }
    awk -v t=$((after - before)) -v hz="$HZ" -v b="$2" \
        'BEGIN { printf "%.4f\n", t / hz / (b / 1e9) }'
}

compare()
{
    local name=$1 track=$2 limit=$3 i s v

    list "$track"
    : >"$WORK/ratios"; : >"$WORK/s"; : >"$WORK/v"

    for i in $(seq "$ROUNDS"); do
        s=$(turn "$WORK/$track.static")
        v=$(turn "$WORK/$track.vod")
        echo "$s" >>"$WORK/s"
        echo "$v" >>"$WORK/v"
        awk -v s="$s" -v v="$v" 'BEGIN { printf "%.3f\n", v / s }' \
            >>"$WORK/ratios"
    done

    printf '%-16s CPU s/GB: static %s, packaged %s, ratio %s (limit %s)\n' \
        "$name" "$(median <"$WORK/s")" "$(median <"$WORK/v")" \
        "$(median <"$WORK/ratios")" "$limit"
}

slow()
{
    local before after pids=() i uri

    uri=$(sed -n 10p "$WORK/v0.vod")
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

    awk -v a="$before" -v b="$after" 'BEGIN {
        printf "100 slow clients: +%.1f MB anonymous memory (limit 20)\n",
               (b - a) / 1024 }'
}

cold
compare video v0 1.5
compare audio a0 6
slow
