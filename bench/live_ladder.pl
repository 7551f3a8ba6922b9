#!/usr/bin/perl

# A live ladder in nginx: how much later than those of their source parts of
# rungs can be fetched, 1080p30 in real time, parts of 200 ms; by /status, which
# has it of the newest part of each track.  And the start: how long after the
# publisher came there is a playlist with all of them, and what was waited for.
#
#   bench/live_ladder.pl [SECONDS]

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Time::HiRes qw(sleep time);

use Bench;
use Test::Video::Ladder;
use Test::Video::Live;

my $seconds = shift // 30;
my $file = source($seconds + 15);
my $t = live_node();
my $asked = time;
my $p = $t->publish('hd', 'bench', file => $file);

sleep 0.005
    while (() = $t->get('/live/bench/master.m3u8')->body =~ /RESOLUTION/g) < 3
          && time < $asked + 20;
figure('playlist with all rungs after the publisher came', time - $asked, 's',
    limit => 1, format => '%.3f');

my (@late, $ladder);
my $end = time + $seconds;

sleep 5;
while (time < $end) {
    my ($source, @rungs) = ladder_tracks($t, 'bench');
    push @{ $late[$_] }, $rungs[$_]{latency} - $source->{latency}
        for 0 .. $#rungs;
    sleep 0.05;
}
$ladder = stream_status($t, 'bench')->{ladder};
$p->stop;

for my $n (0 .. $#late) {
    my @sorted = sort { $a <=> $b } @{ $late[$n] };
    figure('rung ' . ($n + 1) . ': later than the source, median',
        $sorted[@sorted / 2], 'ms', limit => 150);
    figure('rung ' . ($n + 1) . ': the same, 95 of 100',
        $sorted[@sorted * 0.95], 'ms', limit => 350);
}
figure('pictures dropped', $ladder->{dropped}, '', limit => 0,
    remark => join ', ', map { "$_ $ladder->{$_}" } sort keys %$ladder);
