#!/usr/bin/perl

# Players go back in a live stream that is recorded, farther than the window in
# memory: each shows the picture of that time, from the disk, and plays on.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use E2E;
use List::Util qw(max);
use Test::More;
use Test::Video;

use constant {
    RATE   => 25,
    WINDOW => 6,                # seconds in memory
    SEGMENT => 2,
    LISTED => 26,               # when the players begin
    BACK   => 18,               # that they go back
};

my $film = numbered_film('dvr.mp4', seconds => 160,
    codecs => [qw(-c:v libx264 -preset veryfast -bf 0 -sc_threshold 0
                  -b:v 300k -c:a aac -b:a 64k -ac 2)]);
my @plays = (['hls', 'master.m3u8'], ['shaka', 'master.m3u8'],
             ['shaka', 'manifest.mpd'], ['dash', 'manifest.mpd']);

my $t = Test::Video->new->plan(3 + 3 * @plays);
node_with($t, { rtmp => 'video_window ' . WINDOW . 's; video_dvr 5m;'
                        . 'video_record ' . $t->root . '/recordings;' });

my $publisher = publish_file($t, 'cam', $film);
ok(on_air($t, 'cam', $publisher), 'ffmpeg publishes');
ok((wait_for { LISTED <= listed() } LISTED + 20), 'and is recorded');

sub listed {
    my $sum = 0;
    $sum += $_ for $t->get('/live/cam/v0/index.m3u8')->body
                   =~ /^#EXTINF:([\d.]+)/mg;
    return $sum;
}

# How many pictures one is ahead of its time.
sub ahead { return $_[0]{picture} - RATE * $_[0]{shown} }

# What is wrong with the seeks: all show the picture of one and the same
# timeline, which is that of the playing before.  Of that the page has a late
# look: when a player has just jumped, or the machine is busy, it sees what was
# there before; so one of them is enough.
sub wrong {
    my ($seen) = @_;
    my @seeks = @{ $seen->{seeks} // [] };
    my @wrong = map { "nothing is shown at $_->{asked} s" }
                grep { !defined $_->{shown} || !$_->{goesOn} } @seeks;

    return @wrong if @wrong || !@seeks;

    my $first = ahead($seeks[0]);
    push @wrong, map { sprintf 'picture %d at %.2f s, %.1f pictures off',
                       @$_{qw(picture shown)}, ahead($_) - $first }
                 grep { abs(ahead($_) - $first) > 0.5 } @seeks;
    push @wrong, "another timeline than that of playing"
        if !grep { abs(ahead($_->{from}) - $first) <= 8.5 } @seeks;
    return @wrong;
}

my @options = map {
    my ($player, $list) = @$_;
    { path => "/live/cam/$list", player => $player, seconds => 3,
      seek => [-BACK, 3 - WINDOW, -1] };
} @plays;
my @seen = browse_all($t, scalar @plays, @options);

for my $i (0 .. $#plays) {
    my ($seen, $name) = ($seen[$i], join ' ', @{ $plays[$i] });

    # four browsers at a time may be too many for a busy machine
    if (my @wrong = wrong($seen)) {
        diag("$name: ", join('; ', @wrong), '; once more, alone');
        ($seen) = browse_all($t, 1, $options[$i]);
    }

    my @fatal = map { $_->{text} } grep { $_->{fatal} }
                @{ $seen->{errors} // [] };

    is(scalar @{ $seen->{seeks} // [] }, 3, "$name: goes back");
    is(join('; ', wrong($seen)), '', "$name: to the pictures of that time");
    is(join('; ', @fatal), '', "$name: no error ends it");
}

unpublish($publisher);

my ($newest, $back) = (0, 0);
for ($t->read_file($t->root . '/logs/access.log')
     =~ m{/v0/\w+/(\d+)(?:\.\d+)?\.m4s\S* HTTP/1\.1" 200 }g)
{
    $newest = max($newest, $_);
    $back = max($back, $newest - $_);
}
cmp_ok($back * SEGMENT, '>=', BACK - SEGMENT, 'it was asked for');
