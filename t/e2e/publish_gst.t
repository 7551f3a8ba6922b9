#!/usr/bin/perl

# A second RTMP client, gstreamer's rtmp2sink, is understood as well as
# ffmpeg: what it publishes plays in a real browser.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use E2E;
use Test::More;
use Test::Video;

my $t = Test::Video->new->plan(3);
node($t);

my $publisher = publish_gst($t, 'gst');
ok(on_air($t, 'gst', $publisher), 'gstreamer publishes');

plays($t, '/live/gst/master.m3u8', 'hls', 8, latency => 4);
plays($t, '/live/gst/manifest.mpd', 'shaka', 6, latency => 15);

unpublish($publisher);
