#!/bin/bash
#
# The longest turn of nginx's event loop while a film is asked for for the first
# time: what all other clients of that worker wait.  Twenty names of the same
# film, one after the other, each a file that nobody has asked for; the median,
# and the worst, which has what else the machine did in it.
#
#   bench/turns.sh

. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/media.bash"

need nginx ffmpeg curl cc

make_media two movie
mkdir -p "$WORK"/logs
cc -Wall -O2 -shared -fPIC -o "$WORK/turns.so" "$ROOT/bench/turns.c" -ldl
export TURNS=$WORK/turns
: >"$TURNS"

NAMES=$(mktemp -d "$MEDIA/names.XXXXXX")
TEMPORARY+=("$NAMES")

{
    load_modules ngx_video_core_module ngx_http_video_hls_module
    cat <<END
daemon off;
$([ "$(id -u)" != 0 ] || echo "user root;")
worker_processes 1;
pid $WORK/nginx.pid;
error_log $WORK/logs/error.log notice;
events { worker_connections 1024; }
video { zone vod 256m; }
http {
    access_log off;
    sendfile on;
    client_body_temp_path $WORK/t1; proxy_temp_path $WORK/t2;
    fastcgi_temp_path $WORK/t3; uwsgi_temp_path $WORK/t4;
    scgi_temp_path $WORK/t5;
    server {
        listen 127.0.0.1:$PORT;
        location / { video_vod zone=vod; alias $NAMES/; }
        location /static/ { alias $NAMES/; }
    }
}
END
} >"$WORK/nginx.conf"

LD_PRELOAD=$WORK/turns.so start_nginx "$WORK/nginx.conf"

# longest NAME FILE URI [LIMIT]: of twenty first requests for it
longest()
{
    local name=$1 file=$2 uri=$3 limit=${4:-} i link prefix=

    case $uri in static) prefix=static/ uri= ;; esac

    for i in $(seq 20); do
        link=$file-$i-${uri//\//-}.mp4
        ln "$MEDIA/$file.mp4" "$NAMES/$link"

        # the worker has done nothing else than this since it forgot
        kill -s RTMIN "$(workers)"
        : >"$TURNS"
        curl -sf -r 0-2000000 -o /dev/null \
            "http://127.0.0.1:$PORT/$prefix$link${uri:+/$uri}"
        curl -s -o /dev/null "http://127.0.0.1:$PORT/none"
        tail -n 1 "$TURNS"
    done >"$WORK/longest"

    awk 'NF != 3 || $3 > 0 { print "bench: the worker slept: " $0 }' \
        "$WORK/longest" >&2
    figure "$name" \
        "$(awk '{ print $1 / 1000 }' "$WORK/longest" | median)" ms "$limit" \
        "worst $(sort -n "$WORK/longest" | awk '{ v = $1 } END {
            printf "%.2f", v / 1000 }') ms"
}

longest "2 MB of a static file" movie static
for uri in master.m3u8 manifest.mpd v0/index.m3u8 iframe/v0.m3u8 \
           v0/index_ts.m3u8 v0/0.m4s v0/1199.m4s a0/1199.m4s; do
    longest "two hours, $uri" two "$uri" 2
done
for uri in v0/50.m4s a0/50.m4s v0/50.ts progressive.mp4; do
    longest "1080p of ten minutes, $uri" movie "$uri" 2
done
longest "two hours, progressive.mp4" two progressive.mp4 2
