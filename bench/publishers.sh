#!/bin/bash
#
# What many publishers cost, 2.6 Mbit/s each: processor time of the workers, and
# their memory beside the zone.  They are copies of one file, sent by ffmpeg at
# the pace of its clock.
#
#   bench/publishers.sh [PUBLISHERS [SECONDS]]

. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/media.bash"

PUBLISHERS=${1:-100}
SECONDS_MEASURED=${2:-30}
RTMP=$((PORT + 1))

need nginx ffmpeg curl perl
mkdir -p "$WORK"/logs

LOOP=$WORK/loop.flv
ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=1280x720:r=30 \
    -f lavfi -i "sine=frequency=440:sample_rate=48000" -t 10 \
    -c:v libx264 -preset veryfast -tune zerolatency -g 60 -sc_threshold 0 \
    -b:v 2470k -minrate 2470k -maxrate 2470k -bufsize 1200k \
    -nal-hrd cbr -c:a aac -b:a 128k "$LOOP"

{
    echo "load_module /usr/lib/nginx/modules/ngx_stream_module.so;"
    load_modules ngx_video_core_module ngx_video_ingest_module \
        ngx_stream_video_rtmp_module ngx_http_video_hls_module
    cat <<END
daemon off;
$([ "$(id -u)" != 0 ] || echo "user root;")
worker_processes 2;
pid $WORK/nginx.pid;
error_log $WORK/logs/error.log notice;
events { worker_connections 2000; }
video { zone live $((PUBLISHERS * 30 + 256))m; }
stream {
    server {
        listen 127.0.0.1:$RTMP;
        video_rtmp live zone=live;
        video_window 30s;
        video_bitrate 3m;
    }
}
http {
    access_log off;
    client_body_temp_path $WORK/t1; proxy_temp_path $WORK/t2;
    fastcgi_temp_path $WORK/t3; uwsgi_temp_path $WORK/t4;
    scgi_temp_path $WORK/t5;
    server {
        listen 127.0.0.1:$PORT;
        location / { video_live zone=live; }
        location = /status { video_status; }
    }
}
END
} >"$WORK/nginx.conf"

start_nginx "$WORK/nginx.conf"
BEFORE=$(anon_kb)

JOBS=()
for n in $(seq "$PUBLISHERS"); do
    ffmpeg -nostdin -v quiet -re -stream_loop -1 -i "$LOOP" -c copy -f flv \
        "rtmp://127.0.0.1:$RTMP/live/s$n" </dev/null &
    JOBS+=($!)
done
trap 'kill "${JOBS[@]}" 2>/dev/null || true; cleanup' EXIT

# until the window is full
sleep 40
FROM=$(cpu_ticks)
sleep "$SECONDS_MEASURED"
TICKS=$(($(cpu_ticks) - FROM))
LIVE=$(curl -s "http://127.0.0.1:$PORT/status" \
    | perl -0777 -ne 'print scalar(() = /"state":"live"/g)')

[ "$LIVE" = "$PUBLISHERS" ] \
    || { echo "bench: $LIVE of $PUBLISHERS streams are live" >&2; exit 1; }

figure "$PUBLISHERS publishers, CPU of a stream in an hour" \
    "$(awk -v t="$TICKS" -v hz="$(getconf CLK_TCK)" -v n="$PUBLISHERS" \
        -v s="$SECONDS_MEASURED" 'BEGIN {
        printf "%.2f", t / hz * 3600 / s / n }')" s 10
figure "$PUBLISHERS publishers, memory of a stream beside the zone" \
    "$(awk -v a="$(anon_kb)" -v b="$BEFORE" -v n="$PUBLISHERS" 'BEGIN {
        printf "%.3f", (a - b) / 1024 / n }')" MB 0.5
