#!/usr/bin/perl

# Subtitles that a viewer chooses in the player page are shown, by every player
# and protocol: the words, at their time and no other.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use E2E;
use Test::More;
use Test::Video;

my $file = media_file('play.mp4', qw(-f lavfi -i testsrc2=size=640x360:rate=30
    -f lavfi -i sine=frequency=440:sample_rate=48000 -t 20
    -c:v libx264 -profile:v main -preset veryfast -pix_fmt yuv420p
    -b:v 1000k -g 60 -c:a aac -b:a 128k -ac 2 -movflags +faststart));

my $t = Test::Video->new->plan(6);
node($t);

# one in the first segment, one over the boundary at 6 s
my $film = $t->root . '/media/film';
mkdir $film or die "$film: $!\n";
symlink $file, "$film/play.mp4" or die "$film: $!\n";
$t->write_file('media/film/de.vtt', <<'VTT');
WEBVTT

00:00.500 --> 00:03.000
Hallo

00:04.000 --> 00:07.000
Welt
VTT
$t->write_file('media/film/en.vtt', <<'VTT');
WEBVTT

00:00.500 --> 00:20.000
Nobody asked for this
VTT


# All the time in which a text is shown, whatever pieces it comes in: DASH has
# a sample for each segment.
sub shown {
    my ($seen) = @_;
    my (%from, %to);

    for my $cue (@{ $seen->{cues} }) {
        my $text = $cue->{text};

        $from{$text} = $cue->{start}
            if !defined $from{$text} || $cue->{start} < $from{$text};
        $to{$text} = $cue->{end}
            if !defined $to{$text} || $cue->{end} > $to{$text};
    }

    return join ' ', map { sprintf '%s %.1f-%.1f', $_, $from{$_}, $to{$_} }
                     sort keys %from;
}


sub shows {
    my ($path, $player) = @_;
    my $seen = browse($t, $path, $player, 8, subtitles => 'de');

    is(join('; ', shown($seen), complaints($seen)),
       'Hallo 0.5-3.0 Welt 4.0-7.0', "$player shows those of $path")
        || diag("played $seen->{played} s, text tracks @{ $seen->{texts} }");
    return;
}

shows('/vod/film/master.m3u8', 'hls');
shows('/vod/film/master.m3u8', 'shaka');
shows('/vod/film/manifest.mpd', 'shaka');
shows('/vod/film/manifest.mpd', 'dash');

my $seen = browse($t, '/vod/film/master.m3u8', 'hls', 2);
is(join(' ', @{ $seen->{texts} }), 'de en', 'both are offered');
is_deeply($seen->{cues}, [], 'none is shown that nobody asked for');
