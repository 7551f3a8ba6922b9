# Proves that the manifest of a live stream is a valid dynamic one: what its
# templates expand to exists and decodes, its clock is the publisher's, it grows
# with the stream, and it ends with it.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::DASH;
use Test::Video::Live;

my $t = Test::Video->new;

$t->conf(live_conf(locations => 'location /plain/ { video_live zone=live; '
                   . 'video_low_latency off; }'))->run;


my $feed = live_feed($t, 'cam');
my $begun = time;
$feed->to(4400);

my $response = $t->get('/live/cam/manifest.mpd');
my $text = $response->body;
is $response->status, 200, 'a manifest';
is $response->header('Content-Type'), 'application/dash+xml', 'its type';

my $file = $t->write_file('manifest.mpd', $text);
is system("xmllint --noout $file 2>/dev/null"), 0, 'well-formed';

is attribute($text, 'type'), 'dynamic', 'dynamic';
like attribute($text, 'profiles'), qr/isoff-live/, 'profile';
ok defined attribute($text, $_), $_ for qw(availabilityStartTime publishTime
    minimumUpdatePeriod timeShiftBufferDepth minBufferTime
    suggestedPresentationDelay);
is attribute($text, 'mediaPresentationDuration'), undef, 'no duration';
like $text, qr/<UTCTiming /, 'a clock';
cmp_ok abs(seconds(attribute($text, 'availabilityStartTime')) - $begun), '<',
    10, 'the stream began when it began';
cmp_ok seconds(attribute($text, 'publishTime')), '>=',
    seconds(attribute($text, 'availabilityStartTime')) - 10, 'published then';

my @tracks = representations($text, '/live/cam');
is join(' ', map { $_->{id} } @tracks), 'v0 a0', 'video and audio';
like $tracks[0]{codecs}, qr/^avc1\.[0-9a-f]{6}$/i, 'codec of video';
is $tracks[1]{codecs}, 'mp4a.40.2', 'codec of audio';
cmp_ok $_->{bandwidth}, '>', 10_000, "$_->{id}: bandwidth" for @tracks;

for my $track (@tracks) {
    my $id = $track->{id};
    my @segments = @{ $track->{segments} };
    my $announced = pop @segments;
    my $list = media_list($t, "/live/cam/$id/index.m3u8");

    is_deeply [map { $_->[0] } @segments], [segment_msns($list)],
        "$id: the segments of HLS";
    is_deeply [map { $_->[3] } @segments], [uris_of($list, 'segment')],
        'with the same URLs';
    is $track->{init}, (uris_of($list, 'init'))[0], 'and init segment';

    is $announced->[0], $segments[-1][0] + 1, 'and the one that is being made';
    is $announced->[1], $segments[-1][1] + $segments[-1][2], 'behind them';
    is $announced->[2], $segments[-1][2], 'as long as the last';
    my $growing = $t->get($announced->[3], start => 1);
    ok +(wait_for { length $growing->body > 1000 } 5), 'it can be had';
    ok !$growing->done, 'as far as it has come';
    like $growing->body, qr/^.{4}styp.{12,20}\0\0\0\x20prft\x01\0\0\x01/s,
        'with the time of its parts';
    $growing->close;

    is $t->get($track->{init} =~ s{(/e[0-9a-f]+)/}{$1-1/}r)->status, 404,
        'which has no clips';

    my $media = '';
    for my $path ($track->{init}, map { $_->[3] } @segments) {
        my $part = $t->get($path);
        is $part->status, 200, "$path exists";
        $media .= $part->body;
    }

    # tfdt of each segment is what the timeline says
    my @starts = map { unpack 'Q>', substr $_, 8, 8 }
                 $media =~ /(tfdt\x01.{3}.{8})/gs;
    my %has = map { $_ => 1 } @starts;
    is scalar(grep { !$has{ $_->[1] } } @segments), 0,
        "$id: times are those of the media";

    my $path = $t->write_file("$id.mp4", $media);
    like `ffprobe -v error -show_entries stream=codec_name -of csv=p=0 $path`,
        qr/^(?:h264|aac)$/m, "$id: decodes";
}

# both tracks begin together
my @first = map { $_->{segments}[0][1] / $_->{timescale} } @tracks;
cmp_ok abs($first[0] - $first[1]), '<', 0.1, 'tracks are in step';

# --- without low latency ----------------------------------------------------

my $plain = $t->get('/plain/cam/manifest.mpd')->body;
unlike $plain, qr/Latency|availabilityTime(?:Offset|Complete)|Producer/,
    'without low latency nothing of it';
is attribute($plain, 'minimumUpdatePeriod'), 'PT1.003S', 'updates by segment';
my @plain = representations($plain, '/plain/cam');
is scalar(@{ $plain[0]{segments} }), @{ $tracks[0]{segments} } - 1,
    'and what is complete';

# --- it grows ---------------------------------------------------------------

like $text, qr/<ServiceDescription .*<Latency [^>]*target="21\d\d"/s,
    'low latency: what to aim at';
like $text, qr/availabilityTimeOffset="0\.8\d*" availabilityTimeComplete="false"/,
    'when a segment can be had';
is attribute($text, 'minimumUpdatePeriod'), 'PT0.500S', 'updates are frequent';
my $time = $t->get('/live/cam/time');
is $time->status, 200, 'the time';
is $time->header('Content-Type'), 'text/plain', 'as a text';
cmp_ok abs(seconds($time->body) - time), '<', 5, 'is right';
is $time->header('Cache-Control'), 'no-cache', 'and not kept';

my $count = @{ $tracks[0]{segments} };
my $etag = $response->header('ETag');
is $t->get('/live/cam/manifest.mpd', headers => { 'If-None-Match' => $etag })
    ->status, 304, 'unchanged while no segment is complete';
$feed->to(4800);
is $t->get('/live/cam/manifest.mpd', headers => { 'If-None-Match' => $etag })
    ->status, 304, 'and when a part has come';
$feed->to(6400);
$text = $t->get('/live/cam/manifest.mpd')->body;
my @new = representations($text, '/live/cam');
is scalar(@{ $new[0]{segments} }), $count + 2, 'two segments more';
is_deeply [@{ $new[0]{segments} }[0 .. $count - 1]], $tracks[0]{segments},
    'those before are the same, and what was announced has come so';
is attribute($text, 'availabilityStartTime'),
    attribute($response->body, 'availabilityStartTime'),
    'the start does not move';

# --- it slides --------------------------------------------------------------

$feed->to(16_400);
$text = $t->get('/live/cam/manifest.mpd')->body;
@new = representations($text, '/live/cam');
cmp_ok scalar(@{ $new[0]{segments} }), '<=', 10, 'the window is kept';
cmp_ok $new[0]{segments}[0][0], '>', $tracks[0]{segments}[0][0], 'and moves';
is $t->get($_)->status, 200, 'its oldest segment exists'
    for map { $_->{segments}[0][3] } @new;
is attribute($text, 'availabilityStartTime'),
    attribute($response->body, 'availabilityStartTime'), 'the same start';

# --- it ends ----------------------------------------------------------------

$feed->end;
$response = $t->get('/live/cam/manifest.mpd');
$text = $response->body;
is $response->status, 200, 'after the end';
$file = $t->write_file('ended.mpd', $text);
is system("xmllint --noout $file 2>/dev/null"), 0, 'well-formed';
is attribute($text, 'minimumUpdatePeriod'), undef, 'it asks for no updates';
ok defined(attribute($text, 'mediaPresentationDuration'))
    || $text =~ /<Period [^>]*duration=/, 'it has a duration';
@new = representations($text, '/live/cam');
is $t->get($_)->status, 200, 'the last segment exists'
    for map { $_->{segments}[-1][3] } @new;

# --- one track --------------------------------------------------------------

$feed = live_feed($t, 'sound', only => 'audio');
$feed->to(4400);
@tracks = representations($t->get('/live/sound/manifest.mpd')->body,
                          '/live/sound');
is join(' ', map { $_->{id} } @tracks), 'a0', 'audio only';
is $t->get($tracks[0]{segments}[-2][3])->status, 200, 'with its segments';
$feed->end;

$t->finish;
done_testing();
