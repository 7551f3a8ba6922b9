#!/usr/bin/perl

# What comes out is what went in: decoded frames of a file through HLS and
# DASH, and of a published stream through its live playlist, are those of the
# source, none missing, none twice, in order.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use E2E;
use Test::More;
use Test::Video;

my @encode = (qw(-f lavfi -i testsrc2=size=640x360:rate=25
    -f lavfi -i), 'aevalsrc=sin(2*PI*t*(200+20*t)):s=48000', qw(-t 20
    -c:v libx264 -profile:v high -preset veryfast -pix_fmt yuv420p
    -b:v 1000k -g 50 -bf 2 -c:a aac -aac_pns 0 -b:a 128k -ac 2));
my $first = media_file('frames.mp4', @encode, qw(-movflags +faststart));
my $last = media_file('frames.mp4', @encode);

my $t = Test::Video->new->plan(20);
node($t, 'first.mp4' => $first, 'last.mp4' => $last);

same_vod($t, '/vod/first.mp4', 'master.m3u8', $first);
same_vod($t, '/vod/first.mp4', 'manifest.mpd', $first);
same_vod($t, '/vod/last.mp4', 'master.m3u8', $last);

my $publisher = publish_file($t, 'test', $first);
ok(on_air($t, 'test', $publisher), 'a file is published');

for my $kind ('v', 'a') {
    my $playlist = 'http://127.0.0.1:' . $t->port(0)
                   . "/live/test/${kind}0/index.m3u8";
    my @source = frames($first, $kind);
    my @got = frames($playlist, $kind, qw(-live_start_index -2 -t 5));

    cmp_ok(scalar @got, '>', 100, "live $kind: frames were recorded");

    # a decoder that starts within a sound needs a frame to find its feet, and
    # the end of the five seconds cuts the last frame
    @got = @got[1 .. $#got - 1] if $kind eq 'a';

    cmp_ok(contiguous_in(\@got, \@source), '>=', 0,
        "live $kind: they are the source's");
}

unpublish($publisher);
