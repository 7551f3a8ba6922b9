#!/usr/bin/perl

# A live ladder for a long time, in real time: 960x540, 30 pictures/s, rungs of
# 640x360 and 426x240, and sound.  Each segment of a rung is compared with that
# of the source which has its number: start, duration, pictures.  Meanwhile hls.js
# plays, in headless Chromium on the player page, and takes another rendition
# each 10 s; or, when the transcoder is killed, what it likes best.
#
#   bench/live_hour.pl [MINUTES [KILLS]]
#
# With KILLS the daemon is killed so many times with SIGKILL, at equal distances.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../t/e2e";
use List::Util qw(max);
use Time::HiRes qw(sleep time);

use Bench;
use E2E;
use Test::Video::Corpus;
use Test::Video::Ladder;
use Test::Video::Live;
use Test::Video::Loop qw(wait_for);

use constant {
    ROUND  => 64,           # seconds in which frames of AAC and pictures end
    STEP   => 0.1,          # what the publisher sends at once
    LOOK   => 5,            # and how often playlists are looked at
    LEVELS => 10,
    TRACKS => [qw(v0 v1 v2 a0 a1)],
};

my ($minutes, $kills) = (shift // 60, shift // 0);
my $t = live_node(
    part => '333ms',
    ladder => 'rung 360p 640x360 700k; rung 240p 426x240 300k; audio 96k;');
$t->expect_log(qr{video transcoder \d+ exited on signal 9}) if $kills;
my $publisher = $t->background(\&publish_in_time);
my $end = time + 60 * $minutes;
my (%seen, %timing, %first, @killed, $dropped, $pictures);
my $failures = 0;

wait_for { ladder_tracks($t, 'bench') == 3 } 20
    or die "bench: the stream does not come\n";
sleep 4;

my $browsing = browse_start($t, 1, {
    path => '/live/bench/master.m3u8', player => 'hls', survive => \1,
    seconds => 60 * $minutes - 20, $kills ? () : (levels => LEVELS) });
my $next_kill = time + 60 * $minutes / ($kills + 1);

while (time < $end) {
    look($_) for @{ +TRACKS };
    my $ladder = (stream_status($t, 'bench') // {})->{ladder} // {};
    ($dropped, $pictures) = @$ladder{qw(dropped pictures)}
        if $ladder->{pictures};

    if ($kills && time >= $next_kill) {
        $next_kill += 60 * $minutes / ($kills + 1);
        kill_it();
    }
    sleep LOOK;
}

my ($player) = browse_end($browsing);
look($_) for @{ +TRACKS };
$publisher->abandon;
figures();


# What a file of ROUND seconds has, over and over, each frame when it is due.
sub publish_in_time {
    my $feed = live_feed($t, 'bench', app => 'hd', flv => [
        seconds => ROUND, size => '960x540', bitrate => '1500k', gop => 60]);
    my $begun = time;

    # the encoder of sound has one frame more
    $feed->{frames} = [grep { $_->{timestamp} < 1000 * ROUND - 10 }
                       @{ $feed->{frames} }];
    while (1) {
        $feed->more(1000 * STEP);
        my $wait = $begun + $feed->{at} / 1000 - time;
        sleep $wait if $wait > 0;
    }
    return;
}


# Keeps what is new in a playlist, by number: undef for a gap.
sub look {
    my ($name) = @_;
    my $list = media_list($t, "/live/bench/$name/index.m3u8");
    my ($init) = uris_of($list, 'init');

    $timing{$name} //= Test::Video::Corpus::init_of(\$t->get($init)->body)
        if defined $init;

    for my $item (grep { $_->{kind} eq 'segment' } @{ $list->{items} }) {
        next if exists $seen{$name}{ $item->{msn} };
        $seen{$name}{ $item->{msn} } = undef;
        next if $item->{gap};

        my $answer = $t->get($item->{path});
        my $body = $answer->body;
        $failures++ if $answer->status != 200 || !$answer->complete;
        my @samples = Test::Video::Corpus::samples_of(\$body, $timing{$name});
        $seen{$name}{ $item->{msn} } = sprintf '%.4f %.3f %d',
            @samples ? $samples[0]{dts} : -1, $item->{duration},
            scalar @samples;
    }
    $seen{$name}{breaks} += () = lines_of($list->{text},
                                          '#EXT-X-DISCONTINUITY');
    return;
}


sub kill_it {
    my $pid = transcoder_pid($t);

    if ($pid) {
        kill 'KILL', $pid;
        push @killed, time;
    }
    return;
}


# Gaps of a track, and the longest row of them.
sub gaps {
    my ($of) = @_;
    my ($n, $row, $longest) = (0, 0, 0);

    for my $msn (sort { $a <=> $b } keys %$of) {
        $row = defined $of->{$msn} ? 0 : $row + 1;
        $n++ if $row;
        $longest = max($longest, $row);
    }
    return ($n, $longest);
}


sub figures {
    my $breaks = 0;
    $breaks += delete $seen{$_}{breaks} for @{ +TRACKS };

    my ($v0, @rungs) = @seen{qw(v0 v1 v2)};
    my ($source_gaps) = gaps($v0);
    my @numbers = sort { $a <=> $b } keys %$v0;

    figure('minutes', $minutes, '',
        remark => @killed . ' kills of the daemon');
    figure('segments of the source', scalar @numbers, '');
    figure('of them missing', $numbers[-1] - $numbers[0] + 1 - @numbers
        + $source_gaps, '', limit => 0);

    for my $n (0, 1) {
        my $rung = $rungs[$n];
        my @listed = grep { defined $rung->{$_} && defined $v0->{$_} }
                     @numbers;
        my @differ = grep { $rung->{$_} ne $v0->{$_} } @listed;
        my ($gaps, $row) = gaps($rung);
        my $name = 'rung ' . ($n + 1);

        figure("$name: segments with another start, duration or number of "
            . 'pictures', scalar @differ, '', limit => 0,
            remark => 'of ' . @listed
                . join '', map { "; $_: $rung->{$_}, not $v0->{$_}" }
                           @differ[0 .. ($#differ < 3 ? $#differ : 3)]);
        figure("$name: gaps", $gaps, '', limit => 2 * @killed,
            remark => "$row at most in a row");
    }

    my ($sound_gaps) = gaps($seen{a0});
    figure("gaps of the source's sound", $sound_gaps, '', limit => 0);
    ($sound_gaps) = gaps($seen{a1});
    figure("gaps of the ladder's sound", $sound_gaps, '',
        limit => 2 * @killed);
    figure('discontinuities', $breaks, '', limit => 0);
    figure('segments that were not to be had', $failures, '', limit => 0);
    figure('pictures dropped', $dropped, '', limit => 0,
        remark => "of $pictures" . (@killed ? ' since the last kill' : ''));
    player_figures();
    return;
}


sub player_figures {
    my $sizes = $player->{sizes} // [];

    figure('hls.js: played', $player->{played}, 's',
        at_least => 60 * $minutes - 20, format => '%.0f',
        remark => @$sizes . ' sizes of the picture, one after the other');
    figure('hls.js: stalls', $player->{stalls}, '', limit => 0,
        remark => sprintf '%.1f s in all', $player->{stallTime} // -1);
    figure('hls.js: longest step from picture to picture',
        $player->{largestStep}, 's', limit => 0.2, format => '%.3f');
    figure('hls.js: latency, median', $player->{medianLatency}, 's',
        format => '%.2f',
        remark => sprintf '95 of 100 %.2f s', $player->{highLatency} // -1);

    my %errors;
    $errors{$_}++ for map { s{http://[^ ]*/}{}r } complaints($player);
    figure('hls.js: errors', scalar(grep { /fatal/ } keys %errors), '',
        limit => 0, remark => 'fatal ones');
    print "    $errors{$_} x $_\n" for sort keys %errors;
    return;
}
