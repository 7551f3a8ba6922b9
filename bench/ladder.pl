#!/usr/bin/perl

# A ladder of a 1080p film by "video-transcoder ladder" and by ffmpeg's command
# line with the same options, in the same run: CPU, bit rates, and PSNR of each
# rung, as large as the source, against it.
#
#   bench/ladder.pl [SECONDS [PRESET]]

use strict;
use warnings;

use File::Path qw(make_path);
use File::Temp;
use FindBin;
use lib $FindBin::Bin;

use Bench;

my ($seconds, $preset) = (shift // 60, shift // 'superfast');
my $tool = ($ENV{BENCH_MODULES} // "$FindBin::Bin/../build/debian")
           . '/video-transcoder';
my $dir = File::Temp->newdir;

my $film = moving($seconds);
my @rungs = ([1080, 1920, 5000], [720, 1280, 2800], [480, 854, 1400],
             [360, 640, 700]);

# CPU of a command and of what it starts.
sub cpu {
    my @before = (times)[2, 3];

    system(@_) == 0 or die "bench: @_ failed\n";
    my @after = (times)[2, 3];
    return $after[0] - $before[0] + $after[1] - $before[1];
}

make_path("$dir/theirs");
my $ours = cpu("$tool ladder -o $dir/ours --preset $preset $film >$dir/said");
my $graph = join ';', '[0:v]split=4' . join('', map { "[i$_->[0]]" } @rungs),
    map { "[i$_->[0]]scale=$_->[1]:$_->[0]\[o$_->[0]]" } @rungs;
my $theirs = cpu(qw(ffmpeg -v error -nostdin -i), $film, '-filter_complex',
    $graph, map {
        my ($height, undef, $rate) = @$_;
        ('-map', "[o$height]", '-map', '0:a', qw(-c:v libx264 -preset),
         $preset, '-b:v', "${rate}k", '-maxrate', $rate * 1.1 . 'k',
         '-bufsize', $rate * 1.5 . 'k', qw(-g 100000 -sc_threshold 0
         -forced-idr 1 -x264-params ratetol=0.3),
         '-force_key_frames', 'expr:gte(t,n_forced*2)',
         $height == 1080 ? qw(-c:a aac -b:a 128k) : '-an',
         '-movflags', '+faststart', "$dir/theirs/${height}p.mp4")
    } @rungs);

figure("CPU of $seconds s of 1080p in four rungs, $preset", $ours, 's',
    format => '%.1f');
figure('the same with ffmpeg', $theirs, 's', format => '%.1f');
figure('CPU to that of ffmpeg', $ours / $theirs, '', limit => 1.05,
    format => '%.2f');

sub rate {
    my ($path) = @_;
    return qx(ffprobe -v error -select_streams v -show_entries stream=bit_rate -of csv=p=0 $path)
           / 1000;
}

sub psnr {
    my ($path) = @_;
    my $said = qx(ffmpeg -nostdin -i $path -i $film -lavfi '[0:v]scale=1920:1080[a];[a][1:v]psnr' -f null - 2>&1);
    return $said =~ /average:([\d.]+)/ ? $1 : die "bench: no PSNR\n";
}

for (@rungs) {
    my ($height, undef, $asked) = @$_;
    my @path = map { "$dir/$_/${height}p.mp4" } 'ours', 'theirs';
    my @rate = map { rate($_) } @path;
    my @psnr = map { psnr($_) } @path;

    figure("${height}p: bit rate to what was asked", $rate[0] / $asked, '',
        limit => 1.05, format => '%.3f',
        remark => sprintf 'ffmpeg %.3f', $rate[1] / $asked);
    figure("${height}p: PSNR less than with ffmpeg", $psnr[1] - $psnr[0], 'dB',
        limit => 0.1, format => '%.3f',
        remark => sprintf '%.2f, ffmpeg %.2f', @psnr);
}
