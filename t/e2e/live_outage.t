#!/usr/bin/perl

# A viewer of a low-latency stream loses the network for a while: hls.js on the
# player page goes on, and is as near to the source again as it was.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use E2E;
use Test::More;
use Test::Video;

use constant OUTAGE => 8;       # seconds

my @plays = (['hls', 'master.m3u8']);

my $t = Test::Video->new->plan(1 + 3 * @plays);
node($t);

my $publisher = publish_ffmpeg($t, 'cam');
ok(on_air($t, 'cam', $publisher), 'ffmpeg publishes');

my @seen = browse_all($t, scalar @plays, map {
    my ($player, $list) = @$_;
    { path => "/live/cam/$list", player => $player, seconds => 6,
      offline => OUTAGE, survive => \1 };
} @plays);
unpublish($publisher);

for my $i (0 .. $#plays) {
    my ($seen, $name) = ($seen[$i], join ' ', @{ $plays[$i] });
    my ($before, $after) = @{ $seen->{outage} // {} }{qw(before after)};

    ok(defined $before && defined $after, "$name: plays");
    cmp_ok($seen->{stalls} // 0, '>', 0, "$name: stands still");
    cmp_ok($after // 99, '<', ($before // 0) + OUTAGE / 2,
        "$name: then it is near again")
        || diag("$before s before, then $after s");
}
