#!/usr/bin/perl

# hls.js in low-latency mode, in headless Chromium on the player page, plays
# 1080p30 at 5 Mbit/s: stalls, errors, dropped frames, latency.
#
# The latency is by the clock: from the time when the server had a picture to
# the time when it is due on the screen.
#
#   bench/player.pl [SECONDS]

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../t/e2e";

use Bench;
use E2E;

my $seconds = shift // 60;
my $t = live_node();

# with time for a start and for stalls
my $p = publish($t, source(int($seconds * 1.5) + 20));

die "bench: the stream does not come\n" if !on_air($t, 'bench', $p);

my $seen = browse($t, '/live/bench/master.m3u8', 'hls', $seconds);

$p->stop;

my @complaints = complaints($seen);

die join("\n", 'bench: the page did not play', @complaints), "\n"
    if !$seen->{frames};

print "$seen->{name}, low latency, 1080p30, 5 Mbit/s\n";

figure('played', $seen->{played}, 's', at_least => $seconds,
    format => '%.1f');
figure('stalls', $seen->{stalls}, '', limit => 0,
    remark => sprintf '%.1f s in all', $seen->{stallTime});
figure('errors', scalar @complaints, '', limit => 0);
print "    $_\n" for @complaints;
figure('dropped frames', 100 * $seen->{dropped} / $seen->{frames}, '%',
    limit => 2, format => '%.2f',
    remark => "$seen->{dropped} of $seen->{frames}");
figure('mean latency', $seen->{meanLatency}, 's', limit => 2,
    format => '%.2f',
    remark => sprintf '%.2f s at most', $seen->{maxLatency} // 0);
