#!/usr/bin/perl

# A live stream with a ladder: each player takes a rung when its network is too
# slow for the source; and plays on when the transcoder dies.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use E2E;
use List::Util qw(all);
use Test::More;
use Test::Video;
use Test::Video::Ladder;
use Test::Video::Live;

plan skip_all => 'video-transcoder is not built' if !ladder_program();

use constant {
    SOURCE => 640,              # widths
    RUNG   => 426,
    SLOW   => 900,              # kbit/s: the source has more, the rung half
    LONG   => 14,               # seconds
};

my @plays = (['hls', 'master.m3u8'], ['shaka', 'manifest.mpd'],
             ['dash', 'manifest.mpd']);

my $t = Test::Video->new;
$t->expect_log(qr/video transcoder \d+ exited on signal 9/);
node($t);

my $publisher = publish_ffmpeg($t, 'hd/cam');
ok(on_air($t, 'cam', $publisher), 'ffmpeg publishes');
is_deeply([map { $_->{width} } ladder_tracks($t, 'cam')], [SOURCE, 0, RUNG],
    'with a rung; the other one is above the source');

sub widths { return map { $_->{width} } @{ $_[0]{sizes} // [] } }

sub fatal {
    my ($seen) = @_;
    return grep { $_->{fatal} && $_->{text} !~ /^Shaka .* HTTP 404/ }
           @{ $seen->{errors} // [] };
}

# What is wrong with what a player has seen, which has to have shown a width.  A
# slow network makes it stand still until it knows.
sub wrong {
    my ($seen, $width) = @_;
    my @widths = widths($seen);

    return ((!(grep { $_ == $width } @widths) ? "shows @widths" : ()),
            (($seen->{played} // 0) < LONG / 2 ? "plays $seen->{played} s"
             : ()),
            (map { "$_->{time} s: $_->{text}" } fatal($seen)));
}

# Each play, once more if the machine was too busy for two browsers.
sub watched {
    my ($name, $width, %o) = @_;
    my $meanwhile = delete $o{meanwhile} // sub { };

    for my $play (@plays) {
        my ($player, $list) = @$play;
        my @wrong;

        for my $try (1, 2) {
            my $mark = $t->root . "/$name-$player-$try";
            my $browsing = browse_start($t, 1, {
                path => "/live/cam/$list", player => $player, seconds => LONG,
                survive => \1, mark => $mark, %o });

            wait_for { -e $mark } 30;
            $meanwhile->();
            my ($seen) = browse_end($browsing);
            @wrong = wrong($seen, $width);
            last if !@wrong;
            diag("$name, $player: @wrong, stalls ", $seen->{stalls} // '?');
        }
        is(join(', ', @wrong), '', "$name: $player");
    }
    return;
}

watched('slow', RUNG, kbits => SLOW);

# The transcoder dies twice; its viewers have what is needed for the source.
watched('killed', SOURCE, meanwhile => sub {
    for (1, 2) {
        my $pid = transcoder_pid($t);
        sleep 2;
        kill 'KILL', $pid if $pid;
        wait_for { my $now = transcoder_pid($t); $now && $now != $pid } 20;
        sleep 2;
    }
});

unpublish($publisher);
$t->finish;
done_testing();
