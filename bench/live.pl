#!/usr/bin/perl

# How long after its first frame came a part is at a client: at best the
# length of the part.  1080p30, 5 Mbit/s, key frames every 2 s, parts of
# 200 ms, two workers, one Low-Latency HLS client that asks for the next
# playlist and the next part as the hints say.
#
# The clock is the playlist's own: EXT-X-PROGRAM-DATE-TIME is when the server
# had the first frame of a segment.  Also printed: the first playlist with
# media after the first key frame.
#
#   bench/live.pl [SECONDS]

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../t/lib";
use Time::HiRes qw(time sleep);
use Time::Local qw(timegm);

use Test::More;
use Test::Video;
use Test::Video::Media qw(media_file);

my $seconds = shift // 20;
my $root = "$FindBin::Bin/..";

$ENV{TEST_NGINX_LOAD_MODULES} //= join ' ',
    '/usr/lib/nginx/modules/ngx_stream_module.so',
    map { "$root/build/debian/$_.so" }
    qw(ngx_video_core_module ngx_video_ingest_module
       ngx_stream_video_rtmp_module ngx_http_video_hls_module);

my $file = media_file('bench_1080p.flv',
    qw(-f lavfi -i testsrc2=s=1920x1080:r=30:d=30
       -f lavfi -i sine=r=48000:d=30
       -c:v libx264 -preset ultrafast -tune zerolatency
       -b:v 5M -maxrate 5M -bufsize 1M -g 60 -keyint_min 60 -sc_threshold 0
       -c:a aac -b:a 128k -f flv));

my $t = Test::Video->new(log_level => 'notice')->plan(1);

$t->conf(<<'CONF');
%%GLOBALS%%
%%MODULES%%
worker_processes 2;
events { }
video { zone live 256m; }
stream {
    server {
        listen 127.0.0.1:%%PORT_1%%;
        video_rtmp live zone=live;
        video_part 200ms;
        video_segment 2s;
    }
}
http {
    %%TEMP_PATHS%%
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location /live/ { video_live zone=live; }
    }
}
CONF
$t->run;

my $published = time;
my $p = $t->publish('live', 'bench', file => $file, loop => 1);

my $base = '/live/bench/v0';
my $r;

do { $r = $t->get("$base/index.m3u8"); sleep 0.005 if $r->status != 200 }
    while ($r->status != 200 && time < $published + 10);

printf "first playlist with media: %.0f ms after the publisher connected\n",
    (time - $published) * 1000;

my (@late, %seen, $next);
my $end = time + $seconds;

while (time < $end) {
    my $list = $r->body;
    my ($clock, $part_time);

    for my $line (split /\n/, $list) {
        if ($line =~ /^\#EXT-X-PROGRAM-DATE-TIME:
                      (\d+)-(\d+)-(\d+)T(\d+):(\d+):([\d.]+)Z/x)
        {
            $clock = timegm(0, $5, $4, $3, $2 - 1, $1) + $6;

        } elsif ($line =~ /^#EXT-X-PART:DURATION=([\d.]+),URI="([^"]+)"/) {
            my ($duration, $uri) = ($1, $2);
            $part_time = $clock;
            $clock += $duration;
            next if $seen{$uri}++;

            # of the first playlist only the newest part is news
            next if !$next;

            my $m = $next->{$uri} // $t->get("$base/$uri");
            $m = $m->end if $m->can('end');
            push @late, ($m->{arrived} // time) - $part_time
                if $m->status == 200;
        }
    }

    my ($hint) = $list =~ /PRELOAD-HINT:TYPE=PART,URI="([^"]+)"/;
    my ($msn, $part) = $hint =~ /(\d+)\.(\d+)\.m4s$/;

    # the hinted part, then the playlist that lists it
    my $got = $t->get("$base/$hint", timeout => 10);
    $got->{arrived} = time;
    $next = { $hint => $got };
    $r = $t->get("$base/index.m3u8?_HLS_msn=$msn&_HLS_part=$part",
                 timeout => 10);
}

$p->stop;

@late = sort { $a <=> $b } @late;

printf "part at the client after its first frame, %d parts of 200 ms: "
    . "p50 %.0f ms, p90 %.0f ms (limit 250 at p50, ratio to the part %.2f)\n",
    scalar @late, $late[@late / 2] * 1000, $late[@late * 0.9] * 1000,
    $late[@late / 2] / 0.2;

ok(@late > 10, 'parts came');
