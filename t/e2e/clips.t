#!/usr/bin/perl

# Clips of different size, frame rate and sound play one after the other in
# hls.js, Shaka and dash.js: over every boundary, also into a clip without sound
# and out of it, nothing is refused, a seek into each shows the picture of that
# time, subtitles come at their time, and the end comes where the playlist says.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use List::Util qw(sum0);

use E2E;
use Test::More;
use Test::Video;

my $browsers = 2;               # at a time

# name => manifest, the page's name
my %players = (
    hls        => ['master.m3u8', 'hls'],
    ts         => ['master_ts.m3u8', 'hls'],
    shaka      => ['master.m3u8', 'shaka'],
    shaka_dash => ['manifest.mpd', 'shaka'],
    dash       => ['manifest.mpd', 'dash'],
);

# Pictures that have their number, from "first" on, in the lowest quarter, see
# player.js, and a tone, unless "audio", its rate, is 0.
sub film {
    my ($name, %o) = @_;
    my $number = "lum='if(gt(Y,H*3/4),if(bitand(N+$o{first},"
                 . "pow(2,floor(X*12/W))),235,16),lum(X,Y))':cb=128:cr=128";

    return media_file("clips_$name.mp4", qw(-f lavfi -i),
        "testsrc2=size=$o{size}:rate=$o{rate},geq=$number",
        $o{audio} ? (qw(-f lavfi -i), "sine=f=440:r=$o{audio}") : (),
        '-t', $o{seconds}, '-g', $o{gop}, '-keyint_min', $o{gop},
        qw(-c:v libx264 -preset veryfast -bf 2 -sc_threshold 0 -pix_fmt yuv420p
           -c:a aac -b:a 64k -ac 2 -threads 1 -fflags +bitexact
           -flags:v +bitexact -flags:a +bitexact -map_metadata -1));
}

# --- what is played ---------------------------------------------------------

my @three = (
    { size => '320x180', rate => 25, audio => 44100, gop => 50, seconds => 4,
      first => 0 },
    { size => '640x360', rate => 30, audio => 48000, gop => 60, seconds => 5,
      first => 1000 },
    { size => '480x270', rate => '30000/1001', audio => 48000, gop => 60,
      seconds => 4.004, first => 2000 },
);
my $long = film('long', size => '320x180', rate => 25, audio => 48000,
                gop => 50, seconds => 16, first => 0);

# The clips: start, rate, number of the first picture.
my @at = ([0, 25, 0], [4, 30, 1000], [9, 30000 / 1001, 2000]);
my @mute = ([0, 25, 0], [4, 25, 3000], [12, 25, 0]);
my @eight = map { [2 * $_, 25, 50 * (7 - $_)] } 0 .. 7;

my %assets = (
    three => { clips => \@at, seek => [10.5, 5.5, 2.1], duration => 13.004,
               play => 12, words => 1 },
    # no sound in the middle
    mute => { clips => \@mute, seek => [13.1, 6.2, 2.1], duration => 16,
              play => 14 },
    # one film backwards
    eight => { clips => \@eight, seek => [13.1, 4.6, 9.3], duration => 16,
               play => 14 },
);

my $t = Test::Video->new;
node($t);

my $media = $t->root . '/media';
mkdir "$media/$_" or die "$media/$_: $!\n" for qw(three three/b mute eight);
symlink film('a', %{ $three[0] }), "$media/three/a.mp4" or die;
symlink film('b', %{ $three[1] }), "$media/three/b/b.mp4" or die;
symlink film('c', %{ $three[2] }), "$media/three/c.mp4" or die;
symlink film('a', %{ $three[0] }), "$media/mute/a.mp4" or die;
symlink film('mute', %{ $three[0] }, seconds => 8, first => 3000, audio => 0),
    "$media/mute/b.mp4" or die;
symlink $long, "$media/eight/long.mp4" or die;

$t->write_file('media/three/b/en.vtt',
               "WEBVTT\n\n00:01.000 --> 00:03.000\nHello\n");
$t->write_file('media/three/asset.json',
    '{"clips":[{"asset":"a.mp4"},{"asset":"b"},{"asset":"c.mp4"}]}');
$t->write_file('media/mute/asset.json',
    '{"clips":[{"asset":"a.mp4"},{"asset":"b.mp4"},{"asset":"a.mp4"}]}');
$t->write_file('media/eight/asset.json', '{"clips":[' . join(',', map {
    sprintf '{"asset":"long.mp4","start":%d,"end":%d}', 2 * $_, 2 * $_ + 2
} reverse 0 .. 7) . ']}');

# --- what must be seen ------------------------------------------------------

# What is wrong with one seek.  Options: apart (frames), late (s that each clip
# may be longer).
sub wrong_seek {
    my ($seek, $asset, %o) = @_;
    my ($asked, $shown) = @$seek{qw(asked shown)};

    return "nothing is shown at $asked s" if !defined $shown;
    return "it stands at $asked s" if !$seek->{goesOn};

    my ($clip) = grep { $_->[0] <= $shown + 0.001 }
                 reverse @{ $asset->{clips} };
    my ($start, $rate, $first) = @$clip;
    my $time = $start + ($seek->{picture} - $first) / $rate;
    my $apart = $o{apart} + $o{late} * ($start / 2 + 1) * $rate;

    return abs($time - $shown) > $apart / $rate
         ? "at $shown s it shows picture $seek->{picture}, of $time s" : ();
}


# Of several seeks to one position one has to be right.
sub lost {
    my ($seen, $asset, %o) = @_;
    my (@wrong, %right, %asked);

    for my $seek (@{ $seen->{seeks} }) {
        my @why = wrong_seek($seek, $asset, %o);

        $asked{ $seek->{asked} } = 1;
        push @wrong, [$seek->{asked}, @why] if @why;
        $right{ $seek->{asked} } = 1 if !@why;
    }

    return (map({ $_->[1] } grep { !$right{ $_->[0] } } @wrong),
            map({ "no seek to $_ s was right" }
                grep { !$right{$_} } sort { $a <=> $b } keys %asked));
}


# hls.js jumps over what decoding order costs in front of a transport stream's
# first picture, and a busy machine stalls by itself.  A transport stream has
# nothing that hides the sound before the first picture, which decoders need:
# each clip is longer by that.
sub wrong {
    my ($seen, $asset, $name) = @_;
    my $ts = $name eq 'ts';
    my $own = join '|', qw(stall nudge), 'SourceBuffer is still processing',
              $ts ? 'bufferSeekOverHole' : ();
    my %o = (apart => $ts || $name eq 'dash' ? 3.5 : 1.5,
             late => $ts ? 0.11 : 0);
    my @wrong = grep { !/^error: .*(?:$own)/i } complaints($seen);
    my $played = $seen->{played} // 0;

    push @wrong, "played $played s" if $played < $asset->{play} - 0.5;
    push @wrong, 'no audio' if !$seen->{audioBytes};
    push @wrong, "$seen->{backwards} steps backwards" if $seen->{backwards};
    push @wrong, "a step of $seen->{largestStep} s"
        if $seen->{largestStep} > 1;
    push @wrong, 'it was not asked to seek'
        if !@{ $seen->{seeks} } && $name ne 'dash';
    push @wrong, lost($seen, $asset, %o);

    push @wrong, 'the end never came' if !defined $seen->{endedAt};
    push @wrong, "it ended at $seen->{endedAt} s of $asset->{duration} s"
        if defined $seen->{endedAt}
           && abs($seen->{endedAt} - $asset->{duration})
              > 0.2 + $o{late} * @{ $asset->{clips} };

    # Shaka knows where the text of a discontinuity belongs only from video
    # that it takes in while text is on
    if ($asset->{words} && $name ne 'shaka') {
        my @cues = grep { $_->{text} eq 'Hello' } @{ $seen->{cues} // [] };

        push @wrong, 'no words' if !@cues;
        push @wrong, map { "the words are at $_->{start} to $_->{end} s" }
            grep { $_->{start} < 4.9 || $_->{end} > 7.1 + $o{late} } @cues;
    }

    return @wrong;
}

# --- who plays what ---------------------------------------------------------

my @queue;

for my $name (qw(three mute eight)) {
    for my $player (qw(hls ts shaka shaka_dash dash)) {
        push @queue, { asset => $name, name => $player,
                       path => "/vod/$name/$players{$player}[0]",
                       player => $players{$player}[1] };
    }
}

# for a closer look: patterns of players and addresses
my @only = @ARGV;
@queue = grep { my $play = "$_->{name} $_->{path}";
                !grep { $play !~ /$_/ } @only } @queue;

sub browsed {
    my ($at_a_time, @plays) = @_;

    return browse_all($t, $at_a_time, map {
        my $asset = $assets{ $_->{asset} };
        my @seek = @{ $asset->{seek} };

        # dash.js loses one seek or another into another period, of which it has
        # all segments, most often while it pauses; of eight periods too many
        my @more = $_->{name} eq 'dash' ? (running => 1) : ();
        @seek = $_->{asset} eq 'eight' ? () : map { ($_) x 3 } @seek if @more;

        +{ path => $_->{path}, player => $_->{player}, seconds => $asset->{play},
           seek => \@seek, end => 1, @more,
           $asset->{words} ? (subtitles => 'en') : () };
    } @plays);
}

# Several browsers are more than two cores can do in time: what goes wrong is
# played again, alone.
sub judged {
    my ($play, $seen) = @_;
    my @wrong = wrong($seen, $assets{ $play->{asset} }, $play->{name});

    if (@wrong) {
        diag("$play->{name}, $play->{path}: @wrong; once more, alone");
        ($seen) = browsed(1, $play);
        @wrong = wrong($seen, $assets{ $play->{asset} }, $play->{name});
    }

    ok(!@wrong, "$play->{name} plays $play->{path}")
        || diag(join("\n", @wrong), "\n", JSON::PP->new->encode($seen));
    return;
}

my @seen = browsed($browsers, @queue);
judged($_, shift @seen) for @queue;

$t->finish;
done_testing;
