#!/usr/bin/perl

# A publisher that is killed and comes back with pictures of another size, with
# sound or without: each player plays on, by HLS and by DASH, and shows them.
#
# Not Shaka 5.2.12 by Low-Latency HLS: after the gap of EXT-X-PROGRAM-DATE-TIME
# it may lose all segments for up to a minute, see docs/decisions.md.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use E2E;
use List::Util qw(all);
use Test::More;
use Test::Video;

use constant {
    BEFORE => 320,              # widths
    AFTER  => 480,
    LONG   => 8,                # seconds that are played of each
    LISTED => 8,                # segments, at the beginning
};

sub source {
    my ($size, @args) = @_;
    return media_file("return_$size.mp4",
        qw(-f lavfi -i), "testsrc2=size=$size:rate=25",
        qw(-f lavfi -i sine=frequency=440:sample_rate=48000 -t 100
           -c:v libx264 -profile:v main -preset veryfast -pix_fmt yuv420p
           -b:v 400k -g 50 -keyint_min 50 -sc_threshold 0 -bf 0
           -c:a aac -b:a 96k -ac 2), @args);
}

my $before = source(BEFORE . 'x180');
my %after = (sound => source(AFTER . 'x270'),
             mute  => source(AFTER . 'x270', '-an'));
my @plays = (['hls', 'master.m3u8'], ['shaka', 'manifest.mpd'],
             ['dash', 'manifest.mpd']);

my $t = Test::Video->new;
node($t);

# What the players see of a stream whose publisher is lost, and comes back with
# sound or "mute".
sub watch {
    my ($name, $how, @plays) = @_;
    my @marks = map { $t->root . "/${name}_$_" } 0 .. $#plays;

    my $publisher = publish_file($t, $name, $before);
    ok(on_air($t, $name, $publisher), "$name: ffmpeg publishes");
    wait_for {
        LISTED <= (() = $t->get("/live/$name/v0/index.m3u8")->body
                        =~ /^#EXTINF/mg);
    } 30;

    my $browsing = browse_start($t, scalar @plays, map {
        my ($player, $list) = @{ $plays[$_] };
        { path => "/live/$name/$list", player => $player, seconds => LONG + 1,
          survive => \1, change => \1, mark => $marks[$_] };
    } 0 .. $#plays);

    wait_for { all { -e } @marks } 30;
    sleep LONG + 2;             # is played
    lose($publisher);
    sleep 2;                    # nobody publishes
    $publisher = publish_file($t, $name, $after{$how});
    ok(on_air($t, $name, $publisher), "$name: another one goes on");

    my @seen = browse_end($browsing);
    unpublish($publisher);
    return @seen;
}

sub widths { return join ' ', map { $_->{width} } @{ $_[0]{sizes} // [] } }

# What is wrong with what a player has seen.
sub wrong {
    my ($seen) = @_;
    my @sizes = @{ $seen->{sizes} // [] };
    # a part that was hinted and does not come; Shaka asks again
    my @fatal = grep { $_->{fatal} && $_->{text} !~ /^Shaka .* HTTP 404/ }
                @{ $seen->{errors} // [] };

    return ((widths($seen) ne join(' ', BEFORE, AFTER)
             ? 'not first these pictures, then those: ' . widths($seen) : ()),
            (($sizes[0]{played} // 0) < LONG ? 'plays not before' : ()),
            (($sizes[-1]{played} // 0) < LONG ? 'plays not on after' : ()),
            (map { "$_->{time} s: $_->{text}" } @fatal));
}

for my $how (sort keys %after) {
    my @seen = watch($how, $how, @plays);

    for my $i (0 .. $#plays) {
        my $name = "$how: @{ $plays[$i] }";
        my @wrong = wrong($seen[$i]);

        # three browsers at a time may be too many for a busy machine
        if (@wrong) {
            diag("$name: @wrong, latency ", $seen[$i]{latency} // '?',
                 '; once more, alone');
            ($seen[$i]) = watch("$how$i", $how, $plays[$i]);
            @wrong = wrong($seen[$i]);
        }

        is(join(', ', @wrong), '', "$name: plays on, and shows what comes");
        diag("$name: stalls $seen[$i]{stalls}, $seen[$i]{stallTime} s, latency "
             . ($seen[$i]{latency} // '?') . "\n")
            if $seen[$i]{stalls};
    }
}

$t->finish;
done_testing();
