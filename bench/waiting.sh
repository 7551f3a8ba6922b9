#!/bin/bash
#
# The memory of requests that wait: for a playlist and for a part that are about
# to come, and what nginx needs for a request that waits and does nothing else,
# one that limit_req delays.  Each in an nginx just started, whose memory has
# held nothing before.
#
#   bench/waiting.sh [REQUESTS]

. "$(dirname "$0")/common.bash"

REQUESTS=${1:-5000}
RTMP=$((PORT + 1))

need nginx ffmpeg curl perl
mkdir -p "$WORK"/logs
ulimit -n "$((REQUESTS * 2 + 2000))"

LOOP=$WORK/loop.flv
ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=640x360:r=30 -t 4 \
    -c:v libx264 -preset veryfast -tune zerolatency -g 30 "$LOOP"
echo slow >"$WORK/slow"

# configure POOL: the directives that say how much nginx takes for a request
configure()
{
    echo "load_module /usr/lib/nginx/modules/ngx_stream_module.so;"
    load_modules ngx_video_core_module ngx_video_ingest_module \
        ngx_stream_video_rtmp_module ngx_http_video_hls_module
    cat <<END
daemon off;
$([ "$(id -u)" != 0 ] || echo "user root;")
worker_processes 2;
worker_rlimit_nofile $((REQUESTS * 2 + 2000));
pid $WORK/nginx.pid;
error_log $WORK/logs/error.log notice;
events { worker_connections $((REQUESTS + 1000)); }
video { zone live 64m; }
stream {
    server {
        listen 127.0.0.1:$RTMP;
        video_rtmp live zone=live;
        video_rtmp_timeout 10m;
    }
}
http {
    access_log off;
    client_body_temp_path $WORK/t1; proxy_temp_path $WORK/t2;
    fastcgi_temp_path $WORK/t3; uwsgi_temp_path $WORK/t4;
    scgi_temp_path $WORK/t5;
    limit_req_zone \$binary_remote_addr zone=slow:1m rate=1r/m;
    $1
    server {
        listen 127.0.0.1:$PORT;
        location / { video_live zone=live; }
        location = /slow { root $WORK; limit_req zone=slow burst=$REQUESTS; }
    }
}
END
}

# growth WHAT: MB that the workers have more when all requests wait
growth()
{
    local uri=/slow publisher hint run

    start_nginx "$WORK/nginx.conf"

    ffmpeg -nostdin -v quiet -re -stream_loop -1 -i "$LOOP" -c copy -f flv \
        "rtmp://127.0.0.1:$RTMP/live/s" </dev/null &
    publisher=$!
    sleep 5

    # nothing comes any more
    kill -STOP "$publisher"
    sleep 1
    hint=$(curl -s "http://127.0.0.1:$PORT/s/v0/index.m3u8" \
        | sed -n 's/.*PRELOAD-HINT:TYPE=PART,URI="\(.*\)\.m4s".*/\1/p')
    [ -n "$hint" ] || { echo "bench: no stream" >&2; exit 1; }
    run=${hint#*/}

    case $1 in
        playlist) uri="/s/v0/index.m3u8?_HLS_msn=${run%.*}&_HLS_part=${run#*.}" ;;
        part) uri=/s/v0/$hint.m4s ;;
        slow) curl -s -o /dev/null "http://127.0.0.1:$PORT$uri" ;;
    esac

    before=$(anon_kb)
    perl - "$PORT" "$REQUESTS" "$uri" "$WORK/waiting" <<'END' &
use strict;
use warnings;
use IO::Socket::INET;
my ($port, $n, $uri, $done) = @ARGV;
my @sockets;
for (1 .. $n) {
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port")
        or die "bench: $!\n";
    print $s "GET $uri HTTP/1.1\r\nHost: x\r\n\r\n";
    push @sockets, $s;
}
sleep 2;
# those that were answered don't wait
my $ready = '';
vec($ready, fileno $_, 1) = 1 for @sockets;
my $answered = select $ready, undef, undef, 0;
open my $fh, '>', $done or die;
print $fh $n - $answered;
close $fh;
sleep 3;
END
    local client=$!
    while [ ! -s "$WORK/waiting" ]; do
        kill -0 "$client"
        sleep 0.1
    done
    awk -v a="$(anon_kb)" -v b="$before" -v n="$(cat "$WORK/waiting")" \
        -v all="$REQUESTS" 'BEGIN {
        if (n < all * 0.99) exit 1
        printf "%.1f", (a - b) / 1024 }' >"$WORK/growth" \
        || { echo "bench: not all requests wait" >&2; exit 1; }

    wait "$client"
    rm "$WORK/waiting"
    kill -CONT "$publisher"
    kill "$publisher"
    wait "$publisher" || true
    kill "$NGINX_PID"
    wait "$NGINX_PID" || true
    NGINX_PID=
}

# table NAME POOL
table()
{
    local what own

    configure "$2" >"$WORK/nginx.conf"
    growth slow
    own=$(cat "$WORK/growth")
    figure "$REQUESTS requests that wait, $1, nginx's own (limit_req)" "$own" MB

    for what in playlist part; do
        growth $what
        figure "$REQUESTS requests that wait, $1, for a $what" \
            "$(cat "$WORK/growth")" MB 10
        figure "... beyond nginx's own" \
            "$(awk -v a="$(cat "$WORK/growth")" -v b="$own" 'BEGIN {
                printf "%.1f", a - b }')" MB 10
    done
}

table "nginx's defaults" ""
table "small pools" "request_pool_size 1k; connection_pool_size 256;
    client_header_buffer_size 256;"
