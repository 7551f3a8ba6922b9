#!/usr/bin/perl

# CPU of a live ladder in nginx, 1080p30 in real time with rungs of 720p, 480p
# and 360p, to that of ffmpeg's command line, which makes the same of the same
# file in the same time: decoded once, scaled from rung to rung, libx264 with
# the same options, key frames where the source has them, one thread for each,
# written as FLV to nowhere.  By turns, each as often.
#
# Ours is all of the process of the stream, from its start to its end, with what
# it receives and sends.  A picture that is dropped makes it void: it is tried
# again.
#
#   bench/live_cpu.pl [SECONDS [ROUNDS]]

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use List::Util qw(sum);
use POSIX ();
use Time::HiRes qw(sleep time);

use Bench;
use Test::Video::Ladder;
use Test::Video::Live;
use Test::Video::Loop qw(wait_for);
use Test::Video::Media;
use Test::Video::Process;

use constant {
    NICE  => 5,                         # the default of "transcoder"
    TRIES => 5,
};

my ($seconds, $rounds) = (shift // 30, shift // 2);
my $file = media_file('bench_moving.flv', '-i', moving($seconds),
    qw(-c:v libx264 -preset veryfast -tune zerolatency -b:v 5M -maxrate 5M
    -bufsize 5M -g 60 -keyint_min 60 -sc_threshold 0 -c:a copy -f flv));
my @rungs = ([1280, 720, 2800], [854, 480, 1400], [640, 360, 700]);
my $t = live_node(ladder => join ' ',
    map { "rung $_->[1]p $_->[0]x$_->[1] $_->[2]k;" } @rungs);
my $ticks = POSIX::sysconf(&POSIX::_SC_CLK_TCK);
my (@ours, @theirs, $pictures);


# CPU of the processes that the daemon has waited for.
sub of_streams {
    open my $fh, '<', '/proc/' . transcoder_pid($t) . '/stat'
        or die "bench: no transcoder\n";
    my (undef, @fields) = split / /, <$fh> =~ s/.*\)//r;

    return ($fields[13] + $fields[14]) / $ticks;
}


# What the ladder has cost, and what it says of itself.
sub ladder {
    my $before = of_streams();
    my $p = $t->publish('hd', 'bench', file => $file, wait => 0);
    my ($last, $pid) = {};

    wait_for { ($pid) = Test::Video::Process::children(transcoder_pid($t)) } 10
        or die "bench: no process of a stream\n";

    while (!defined $p->ended) {
        my $stream = stream_status($t, 'bench');
        $last = $stream->{ladder} if $stream && $stream->{ladder}{pictures};
        sleep 0.2;
    }

    wait_for { !Test::Video::Process::children(transcoder_pid($t)) } 10
        or die "bench: the process of the stream does not end\n";
    die "bench: the connection was lost\n" if $last->{losses};
    return (of_streams() - $before, $last);
}


# The same of a command.
sub cpu {
    my @before = (times)[2, 3];

    system(@_) == 0 or die "bench: @_ failed\n";
    my @after = (times)[2, 3];
    return sum(@after) - sum(@before);
}


sub ffmpeg {
    my $from = '[0:v]';
    my (@graph, @outputs);

    for my $n (0 .. $#rungs) {
        my ($width, $height, $rate) = @{ $rungs[$n] };
        my $last = $n == $#rungs;

        push @graph, "${from}scale=$width:$height:flags=bicubic"
                     . ($last ? "[o$n]" : ",split[o$n][i$n]");
        $from = "[i$n]";
        push @outputs, '-map', "[o$n]", qw(-c:v libx264 -threads 1
            -preset superfast -tune zerolatency), '-b:v', "${rate}k",
            '-maxrate', $rate * 1.1 . 'k', '-bufsize', $rate * 1.5 . 'k',
            qw(-g 1892160000 -keyint_min 1892160000 -sc_threshold 0
            -forced-idr 1 -x264-params ratetol=0.3:stitchable=1
            -force_key_frames source -fps_mode passthrough -f flv /dev/null);
    }

    return cpu('nice', '-n', NICE, qw(ffmpeg -v error -nostdin -y
        -filter_complex_threads 1 -re -threads 1 -i), $file,
        '-filter_complex', join(';', @graph), @outputs);
}


# The same, of a time in which nothing was dropped.
sub whole_ladder {
    for (1 .. TRIES) {
        my @seen = ladder();

        return @seen if !$seen[1]{dropped};
        print "void: $seen[1]{dropped} of $seen[1]{pictures} pictures were "
              . "dropped, the machine is too busy\n";
    }
    die "bench: pictures are dropped each time\n";
}


for (1 .. $rounds) {
    my ($cpu, $last) = whole_ladder();
    my $begun = time;

    push @ours, $cpu;
    push @theirs, ffmpeg();
    printf "ours %.2f s, %d pictures, %.2f s of them encoders and scaling; "
           . "ffmpeg %.2f s in %.1f s\n", $cpu, $last->{pictures},
        $last->{cpu} / 1000, $theirs[-1], time - $begun;
    $pictures = $last->{pictures};
}

die "bench: $pictures pictures of ", $seconds * 30, " came\n"
    if $pictures < $seconds * 30 - 60;

my $total = $seconds * $rounds;
figure('CPU of a second of 1080p30 in three rungs', sum(@ours) / $total, 's',
    format => '%.3f');
figure('the same with ffmpeg', sum(@theirs) / $total, 's', format => '%.3f');
figure('CPU to that of ffmpeg', sum(@ours) / sum(@theirs), '', limit => 1.05,
    format => '%.3f');
