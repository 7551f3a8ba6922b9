#!/usr/bin/perl

# A live ladder in nginx: how much later than those of their source parts of
# rungs, and of the sound that is made for them, can be fetched, 1080p30 in real
# time, parts of 200 ms; by /status, which has it of the newest part of each
# track.  And the start: how long after the publisher came there is a playlist
# with all of them, and what was waited for.
#
#   bench/live_ladder.pl [SECONDS]

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Time::HiRes qw(sleep time);

use Bench;
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

my (@late, @sound, $ladder);
my $end = time + $seconds;

sleep 5;
while (time < $end) {
    my $stream = stream_status($t, 'bench');
    my ($source, @rungs) = grep { $_->{kind} eq 'video' } @{ $stream->{tracks} };
    my ($sent, $made) = grep { $_->{kind} eq 'audio' } @{ $stream->{tracks} };

    push @{ $late[$_] }, $rungs[$_]{latency} - $source->{latency}
        for 0 .. $#rungs;
    push @sound, $made->{latency} - $sent->{latency};
    $ladder = $stream->{ladder};
    sleep 0.05;
}
$p->stop;

# Median and 95 of 100.
sub later {
    my ($what, $limit, @ms) = @_;
    my @sorted = sort { $a <=> $b } @ms;

    figure("$what: later than the source, median", $sorted[@sorted / 2], 'ms',
        limit => $limit);
    figure("$what: the same, 95 of 100", $sorted[@sorted * 0.95], 'ms',
        limit => 350);
    return;
}

later('rung ' . ($_ + 1), 150, @{ $late[$_] }) for 0 .. $#late;
later('sound', 350, @sound);
figure('pictures dropped', $ladder->{dropped}, '', limit => 0,
    remark => join ', ', map { "$_ $ladder->{$_}" } sort keys %$ladder);
