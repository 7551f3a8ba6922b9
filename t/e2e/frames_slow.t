#!/usr/bin/perl

# Ten minutes of 1080p, one video frame a chunk as ffmpeg writes it: every
# frame and every sample come through HLS and DASH as they are in the file.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use E2E;
use Test::More;
use Test::Video;

my $minute = media_file('minute.mp4', qw(-f lavfi
    -i testsrc2=size=1920x1080:rate=30 -f lavfi -i), 'anoisesrc=a=0.2:r=48000',
    qw(-t 60 -c:v libx264 -profile:v high -preset veryfast -pix_fmt yuv420p
    -b:v 5000k -g 60 -bf 2 -c:a aac -b:a 128k -ac 2));
my $file = media_file('tenminutes.mp4', qw(-stream_loop 9 -i), $minute,
    qw(-c copy -t 600));

my $t = Test::Video->new->plan(10);
node($t, 'ten.mp4' => $file);

same_vod($t, '/vod/ten.mp4', 'master.m3u8', $file);
same_vod($t, '/vod/ten.mp4', 'manifest.mpd', $file);
