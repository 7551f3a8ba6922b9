#!/usr/bin/perl

# Live ladders: a stream of 1080p30 in real time into "video-transcoder serve",
# how long after a frame was sent its rungs come back, and the CPU of a second.
#
#   bench/serve.pl [SECONDS]

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;

use Bench;
use Test::Video::Coder;
use Test::Video::Program;
use Time::HiRes qw(sleep time);

my $seconds = shift // 30;
my $tool = ($ENV{BENCH_MODULES} // "$FindBin::Bin/../build/debian")
           . '/video-transcoder';
my $socket = tempdir() . '/socket';
my $film = film('serve', '1920x1080', '5M', $seconds);
my @rungs = (['720p', '1280x720', '2800k'], ['480p', '854x480', '1400k'],
             ['360p', '640x360', '700k']);
my @before = (times)[2, 3];
my $pid = program_start($tool, qw(serve --socket), $socket);

for (1 .. 100) {
    last if -S $socket;
    sleep 0.05;
}

my $l = coder_link($socket);
my %sent;
my @messages = coder_film($film);
my $begun = time - $messages[0][1] / 1000;

coder_put($l, coder_opening(rungs => [
    map { { name => $_->[0], size => $_->[1], bitrate => $_->[2] } } @rungs]));

for my $m (@messages) {
    my $due = $begun + $m->[1] / 1000;

    while ((my $wait = $due - time) > 0) {
        coder_receive($l, $wait) or die "bench: the daemon has gone\n";
    }
    $sent{ $m->[3] } = time if $m->[0] == FRAME;
    coder_put($l, $m->[2]);
}

coder_put($l, coder_message(ENDED));
while (coder_receive($l, 5)) { next }
sleep 1;                                # its process has been waited for
kill 'TERM', $pid;
my (undef, $err) = program_end($pid);
my @after = (times)[2, 3];
print $err;

my $state = coder_state((coder_got($l, STATE))[-1]);
my $last = join ', ', map { "$_ $state->{$_}" } sort keys %$state;
my $frames = grep { $_->[0] == FRAME } @messages;

for my $track (0 .. $#rungs) {
    my @got = grep { $_->{track} == $track } coder_got($l, FRAME);
    my @late = sort { $a <=> $b }
               map { ($_->{at} - $sent{ $_->{pts} }) * 1000 } @got;
    my ($name, undef, $asked) = @{ $rungs[$track] };
    my $bytes = 0;
    $bytes += length $_->{body} for @got;
    $asked =~ s/k//;

    figure("$name: pictures that came back", @got / $frames, '',
        at_least => 1, format => '%.3f');
    figure("$name: later than the source, median", $late[@late / 2], 'ms',
        limit => 150, format => '%.1f');
    figure("$name: later than the source, 99 of 100", $late[@late * 0.99],
        'ms', limit => 150, format => '%.1f');
    figure("$name: bit rate to what was asked",
        $bytes * 8 / 1000 / $seconds / $asked, '', limit => 1.05,
        format => '%.3f');
}

figure('CPU of a second of it',
    ($after[0] + $after[1] - $before[0] - $before[1]) / $seconds, 's',
    format => '%.2f', remark => $last);
