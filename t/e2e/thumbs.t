#!/usr/bin/perl

# Thumbnails of files are found by Shaka, in HLS and in DASH, and by dash.js,
# each where the picture of its time is; hls.js, which knows no images, plays on.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use E2E;
use JSON::PP;
use Test::More;
use Test::Video;
use Test::Video::Ladder qw(ladder_program);

plan skip_all => 'video-transcoder is not built' if !ladder_program();

my $t = Test::Video->new;

my $film = numbered_film('thumbs.mp4', seconds => 62);

node_with($t, { locations => <<'CONF' }, 'film.mp4' => $film);
        location /thumbs/ {
            video_vod    zone=live;
            video_thumbs on every=2s size=160x90 grid=4x4;
            alias        @PREFIX@/media/;
        }

CONF

# what a player tells of the thumbnail at 41 s, and of its image
my $look = <<'CODE';
    const image = new Image();

    image.src = seen.url;
    await image.decode();
    seen.image = [image.naturalWidth, image.naturalHeight];

    return JSON.stringify(seen);
CODE

my $shaka = <<"CODE";
    const [track] = player.getImageTracks();
    const all = await player.getAllThumbnails(track.id);
    const thumb = await player.getThumbnails(track.id, 41);
    const seen = { all: all.length, url: thumb.uris[0],
                   from: thumb.startTime, sheet: [thumb.imageWidth,
                   thumb.imageHeight], x: thumb.positionX, y: thumb.positionY,
                   size: [thumb.width, thumb.height] };
$look
CODE

my $dash = <<"CODE";
    const thumb = await new Promise((done) =>
        player.provideThumbnail(41, done));
    const seen = { url: thumb.url, x: thumb.x, y: thumb.y,
                   size: [thumb.width, thumb.height] };
$look
CODE

my @plays = (
    ['hls', 'master.m3u8'],
    ['shaka', 'master.m3u8', $shaka],
    ['shaka', 'manifest.mpd', $shaka],
    ['dash', 'manifest.mpd', $dash],
);
my @seen = browse_all($t, 1, map { {
    path => "/thumbs/film.mp4/$_->[1]", player => $_->[0], seconds => 3,
    $_->[2] ? ($_->[0] => $_->[2]) : (),
    $_->[0] eq 'dash' ? (signals => JSON::PP::true) : (),
} } @plays);

for my $play (@plays) {
    my ($player, $manifest, $code) = @$play;
    my $name = "$player, $manifest";
    my $is = shift @seen;

    cmp_ok $is->{played} // 0, '>=', 3, "$name: it plays";
    is join("\n", complaints($is)), '', 'without a complaint';
    next if !$code;

    my $told = eval { decode_json($is->{called}) } // {};
    like $told->{url} // '', qr{/thumbs/film\.mp4/thumbs/1\.jpg$},
        'the thumbnail at 41 s is on the second sheet';
    # number 20 of all: the fifth of this sheet
    is_deeply [@$told{qw(x y)}], [0, 90], 'at its place';
    is_deeply $told->{size}, [160, 90], 'of its size';
    is_deeply $told->{image}, [640, 360], 'which is as large as it should be';
    next if $player eq 'dash';

    is_deeply $told->{sheet}, [640, 360], 'and as it is said to be';
}

$t->stop;
done_testing;
