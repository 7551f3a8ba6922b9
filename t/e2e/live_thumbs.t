#!/usr/bin/perl

# Thumbnails of a live stream are found by Shaka, in HLS and in DASH, and by
# dash.js, each that of the segment which was shown then; and all players play
# on beside them, as near the live edge as without.

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
node($t);

my $publisher = publish_ffmpeg($t, 'hd/cam');
ok(on_air($t, 'cam', $publisher), 'ffmpeg publishes');
wait_for { () = $t->get('/live/cam/thumbs/index.m3u8')->body =~ /jpg/g;
           ($t->get('/live/cam/thumbs.vtt')->body =~ tr/>//) >= 4 } 20;

# what a player tells of the thumbnail of 5 s ago, when that was, and how far it
# is behind the newest that it may show
my $look = <<'CODE';
    const image = new Image();

    image.src = seen.url;
    await image.decode();
    seen.image = [image.naturalWidth, image.naturalHeight];

    return JSON.stringify(seen);
CODE

my $shaka = <<"CODE";
    const [track] = player.getImageTracks();
    const thumb = await player.getThumbnails(track.id, video.currentTime - 5);
    const seen = { url: thumb.uris[0], size: [thumb.width, thumb.height],
                   date: player.getPlayheadTimeAsDate().getTime() - 5000,
                   at: [thumb.positionX, thumb.positionY],
                   behind: player.seekRange().end - video.currentTime };
$look
CODE

my $dash = <<"CODE";
    const thumb = await new Promise((done) =>
        player.provideThumbnail(player.timeInDvrWindow() - 5, done));
    const seen = { url: thumb.url, size: [thumb.width, thumb.height],
                   date: player.timeAsUTC() * 1000 - 5000,
                   at: [thumb.x, thumb.y],
                   behind: player.getCurrentLiveLatency() };
$look
CODE

my @plays = (
    ['hls', 'master.m3u8'],
    ['shaka', 'master.m3u8', $shaka],
    ['shaka', 'manifest.mpd', $shaka],
    ['dash', 'manifest.mpd', $dash],
);

# When the segment of a thumbnail began, and ended, ms since 1970.
sub segment_of {
    my ($url) = @_;
    my ($file) = $url =~ m{/(e\w+/\d+\.jpg)} or return (0, 0);
    my $list = $t->get('/live/cam/thumbs/index.m3u8')->body;
    my ($y, $mo, $d, $h, $mi, $s, $ms, $length) = $list =~
        /PROGRAM-DATE-TIME:(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)\.(\d+)Z\n
         \#EXTINF:([\d.]+),\n.*\n\Q$file\E\n/x or return (0, 0);
    require Time::Local;
    my $from = Time::Local::timegm($s, $mi, $h, $d, $mo - 1, $y) * 1000 + $ms;
    return ($from, $from + $length * 1000);
}

for my $play (@plays) {
    my ($player, $manifest, $code) = @$play;
    my $name = "$player, $manifest";
    my $is = browse($t, "/live/cam/$manifest", $player, 6,
        $code ? ($player => $code) : (),
        $player eq 'dash' ? (signals => JSON::PP::true) : ());

    cmp_ok $is->{played} // 0, '>=', 6, "$name: it plays";
    is join("\n", complaints($is)), '', 'without a complaint';
    next if !$code;

    my $told = eval { decode_json($is->{called}) } // {};
    my ($from, $to) = segment_of($told->{url} // '');
    # players know the time of day to some hundredths
    cmp_ok $told->{date} // 0, '>=', $from - 150,
        'the thumbnail is of the segment';
    cmp_ok $told->{date} // 0, '<=', $to + 150, 'of that time';
    is_deeply $told->{image}, [160, 90], 'it is there';
    is_deeply $told->{size}, [160, 90], 'as large as it is said to be';
    is_deeply $told->{at}, [0, 0], 'and alone';
    cmp_ok $told->{behind} // 99, '<', 12, 'the player is near the live edge';
}

unpublish($publisher);
$t->stop;
done_testing;
