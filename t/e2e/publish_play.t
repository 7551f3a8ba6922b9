#!/usr/bin/perl

# A stream that ffmpeg publishes, and a file, play in a real browser through
# the player page, by HLS and by DASH, without a stall or an error.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use E2E;
use Test::More;
use Test::Video;

my $file = media_file('play.mp4', qw(-f lavfi -i testsrc2=size=640x360:rate=30
    -f lavfi -i sine=frequency=440:sample_rate=48000 -t 20
    -c:v libx264 -profile:v main -preset veryfast -pix_fmt yuv420p
    -b:v 1000k -g 60 -c:a aac -b:a 128k -ac 2 -movflags +faststart));

my $t = Test::Video->new->plan(7);
node($t, 'play.mp4' => $file);

my $publisher = publish_ffmpeg($t, 'test');
ok(on_air($t, 'test', $publisher), 'ffmpeg publishes');

plays($t, '/live/test/master.m3u8', 'hls', 10, latency => 4);
plays($t, '/live/test/manifest.mpd', 'dash', 10, latency => 15);
plays($t, '/live/test/master.m3u8', 'shaka', 6, latency => 15);

unpublish($publisher);

plays($t, '/vod/play.mp4/master.m3u8', 'hls', 8);
plays($t, '/vod/play.mp4/manifest.mpd', 'shaka', 8);

my $seen = browse($t, '/live/nobody/master.m3u8', 'hls', 1);
like($seen->{message}, qr/no such stream/, 'a missing stream has a message');
