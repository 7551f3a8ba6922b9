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

# What is wrong with the seeks.
sub wrong {
    my ($seen) = @_;
    my (@wrong, $exact);        # the first picture that was looked at

    for my $seek (@{ $seen->{seeks} // [] }) {
        my ($asked, $shown, $picture) = @$seek{qw(asked shown picture)};

        if (!defined $shown || !$seek->{goesOn}) {
            push @wrong, "nothing is shown at $asked s";
            next;
        }

        # the page is a little late to look at what was played before the seek
        my $late = $exact ? 0 : 8;
        $exact //= $seek->{from};
        my $want = $exact->{picture} + RATE * ($shown - $exact->{shown});
        push @wrong, "picture $picture at $shown s, not $want"
            if abs($picture - $want) > $late + 0.5;
        $exact = $seek;
    }

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
