#!/usr/bin/perl

# CPU of thumbnails: 1080p30 of 5 Mbit/s with a key frame every 2 s, one of
# 160x90 every 5 s in sheets of 10x10, and what ffmpeg's command line takes for
# the same sheets of the same file in the same run.  Medians of the rounds.
#
#   bench/thumbs.pl [SECONDS [ROUNDS]]

use strict;
use warnings;

use File::Path qw(make_path remove_tree);
use File::Temp;
use FindBin;
use lib $FindBin::Bin;

use Bench;
use Test::Video::Media;

my ($seconds, $rounds) = (shift // 300, shift // 5);
my $tool = ($ENV{BENCH_MODULES} // "$FindBin::Bin/../build/debian")
           . '/video-transcoder';
my $dir = File::Temp->newdir;
my $film = media_file('bench_thumbs.mp4', '-i', source($seconds),
                      qw(-an -c copy -movflags +faststart));

# CPU of a command and of what it starts.
sub cpu {
    my @before = (times)[2, 3];

    remove_tree("$dir/out");
    make_path("$dir/out");
    system(@_) == 0 or die "bench: @_ failed\n";
    my @after = (times)[2, 3];
    return $after[0] - $before[0] + $after[1] - $before[1];
}

sub median { return (sort { $a <=> $b } @_)[@_ / 2] }

my (@ours, @theirs);

for (1 .. $rounds) {
    push @ours, cpu("$tool thumbs -o $dir/out --json $film >$dir/said");
    push @theirs, cpu(qw(ffmpeg -v error -nostdin -threads 1 -skip_frame nokey
        -i), $film, '-vf',
        'fps=1/5,scale=160:90:flags=area,tile=10x10', qw(-q:v 4 -threads 1),
        "$dir/out/%d.jpg");
}

my ($ours, $theirs) = (median(@ours), median(@theirs));

figure('seconds of film whose thumbnails are made in a second of CPU',
    $seconds / $ours, 's', at_least => 240, format => '%.0f');
figure('the same with ffmpeg', $seconds / $theirs, 's', format => '%.0f');
figure('CPU to that of ffmpeg', $ours / $theirs, '', limit => 1,
    format => '%.2f');
