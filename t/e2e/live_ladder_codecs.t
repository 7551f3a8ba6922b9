#!/usr/bin/perl

# Live rungs of VP9 and AV1 in a browser, which hls.js and Shaka play: the
# source, of H.264, has more bits than their network gives, so that they take
# the rung.  (Chromium here has no HEVC.)

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use E2E;
use Test::More;
use Test::Video;
use Test::Video::Ladder;
use Test::Video::Live;

plan skip_all => 'video-transcoder is not built' if !ladder_program();

use constant {
    RUNG => 426,                # its width
    SLOW => 900,                # kbit/s
    LONG => 10,                 # seconds
};

# What is wrong with what a player has seen.
sub wrong {
    my ($seen) = @_;
    my @widths = map { $_->{width} } @{ $seen->{sizes} // [] };
    my ($rung) = grep { $_->{width} == RUNG } @{ $seen->{sizes} // [] };

    return ((!$rung || $rung->{played} < LONG / 3 ? "shows @widths" : ()),
            (!$seen->{audioBytes} ? 'no audio' : ()),
            (map { "$_->{time} s: $_->{text}" }
             grep { $_->{fatal} } @{ $seen->{errors} // [] }));
}

for my $codec (qw(vp9 av1)) {
    my $t = Test::Video->new;
    node_with($t, { ladder => "rung 240p 426x240 400k codec=$codec;" });

    my $publisher = publish_ffmpeg($t, 'hd/cam');
    ok(on_air($t, 'cam', $publisher), "$codec: ffmpeg publishes");
    ok(+(wait_for {
        my (undef, $rung) = ladder_tracks($t, 'cam');
        $rung && $rung->{width} == RUNG;
    } 10), "with a rung");

    # each once more if the machine was too busy
    for my $play (['hls', 'master.m3u8'], ['shaka', 'manifest.mpd']) {
        my ($player, $list) = @$play;
        my @wrong;

        for my $try (1, 2) {
            my $seen = browse($t, "/live/cam/$list", $player, LONG,
                kbits => SLOW, survive => \1);

            @wrong = wrong($seen);
            last if !@wrong;
            diag("$codec, $player: @wrong, stalls ", $seen->{stalls} // '?');
        }
        is(join(', ', @wrong), '', "$codec: $player");
    }

    unpublish($publisher);
    $t->finish;
}

done_testing();
