#!/usr/bin/perl

# A publisher that is killed and comes back with pictures of another size: each
# player plays on, by HLS and by DASH, and shows them.
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
    my ($size) = @_;
    return media_file("return_$size.mp4",
        qw(-f lavfi -i), "testsrc2=size=$size:rate=25",
        qw(-f lavfi -i sine=frequency=440:sample_rate=48000 -t 100
           -c:v libx264 -profile:v main -preset veryfast -pix_fmt yuv420p
           -b:v 400k -g 50 -keyint_min 50 -sc_threshold 0 -bf 0
           -c:a aac -b:a 96k -ac 2));
}

my @files = (source(BEFORE . 'x180'), source(AFTER . 'x270'));
my @plays = (['hls', 'master.m3u8'], ['shaka', 'manifest.mpd'],
             ['dash', 'manifest.mpd']);

my $t = Test::Video->new;
node($t);

# What the players see of a stream whose publisher is lost and comes back.
sub watch {
    my ($name, @plays) = @_;
    my @marks = map { $t->root . "/${name}_$_" } 0 .. $#plays;

    my $publisher = publish_file($t, $name, $files[0]);
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
    $publisher = publish_file($t, $name, $files[1]);
    ok(on_air($t, $name, $publisher), "$name: another one goes on");

    my @seen = browse_end($browsing);
    unpublish($publisher);
    return @seen;
}

sub widths { return join ' ', map { $_->{width} } @{ $_[0]{sizes} // [] } }

my @seen = watch('cam', @plays);

# three browsers at a time may be too many for a busy machine
my @again = grep { widths($seen[$_]) ne join ' ', BEFORE, AFTER } 0 .. $#plays;
for my $i (@again) {
    diag("@{ $plays[$i] }: ", widths($seen[$i]), ', latency ',
         $seen[$i]{latency} // '?', '; once more, alone');
    ($seen[$i]) = watch("again$i", $plays[$i]);
}

for my $i (0 .. $#plays) {
    my ($seen, $name) = ($seen[$i], join ' ', @{ $plays[$i] });
    my @sizes = @{ $seen->{sizes} // [] };
    # a part that was hinted and does not come; Shaka asks again
    my @fatal = grep { $_->{fatal} && $_->{text} !~ /^Shaka .* HTTP 404/ }
                @{ $seen->{errors} // [] };

    is(widths($seen), join(' ', BEFORE, AFTER),
        "$name: first these pictures, then those");
    cmp_ok($sizes[0]{played} // 0, '>=', LONG, "$name: plays before");
    cmp_ok($sizes[-1]{played} // 0, '>=', LONG, "$name: plays on after");
    is(join(', ', map { "$_->{time} s: $_->{text}" } @fatal), '',
        "$name: no error ends it");
    diag("$name: stalls $seen->{stalls}, $seen->{stallTime} s, latency "
         . ($seen->{latency} // '?') . "\n")
        if $seen->{stalls};
}

$t->finish;
done_testing();
