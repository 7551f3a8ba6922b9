# Proves what live playlists say and that what they name is there, byte for
# byte: tags in order, headers of each kind of answer, ranges, errors, a
# segment equal to its parts, decodable media, and the same from both workers.
use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;

my $t = Test::Video->new;

# reuseport: each worker has its share of the connections
$t->conf(live_conf(listen => 'reuseport', live => 'video_cors *; video_info on;',
                   locations => <<'CONF'))->run;
location /named/ {
    video_live zone=live;
    video_cors $http_origin;
}
location /plain/ {
    video_live zone=live;
    video_low_latency off;
}
location ~ ^/regex/(.*)$ {
    rewrite ^/regex/(.*)$ /live/$1 last;
}
CONF

my $feed = live_feed($t, 'cam');
my $base = '/live/cam';

# all of it is there: six seconds, the last segment is still open
$feed->to(6000);
is scalar(segment_msns(media_list($t, "$base/$_/index.m3u8"))), 5,
    "five segments of $_ are complete" for qw(v0 a0);

my $epoch = stream_status($t, 'cam')->{epoch};

# --- master -----------------------------------------------------------------

my $master = $t->get("$base/master.m3u8");
my $text = $master->body;
is $master->header('Content-Type'), 'application/vnd.apple.mpegurl', 'type';
like $text, qr/\A#EXTM3U\n#EXT-X-VERSION:\d+\n/, 'a playlist';
is scalar(lines_of($text, '#EXT-X-STREAM-INF')), 1, 'one variant';
is scalar(lines_of($text, '#EXT-X-MEDIA')), 1, 'one audio rendition';

my $variant = Test::Video::HLS::attributes(
    (lines_of($text, '#EXT-X-STREAM-INF'))[0]);
like $variant->{CODECS}, qr/^avc1\.[0-9a-fA-F]{6},mp4a\.40\.2$/, 'CODECS';
is $variant->{RESOLUTION}, '320x180', 'RESOLUTION';
like $variant->{'FRAME-RATE'}, qr/^30(?:\.0+)?$/, 'FRAME-RATE';
cmp_ok $variant->{BANDWIDTH}, '>', 100_000, 'BANDWIDTH';
is_deeply [master_urls($t, "$base/master.m3u8")],
    ["$base/v0/index.m3u8", "$base/a0/index.m3u8"], 'URLs';

# --- media playlists --------------------------------------------------------

my $video = media_list($t, "$base/v0/index.m3u8");
$text = $video->{text};

my @head = (split /\n/, $text)[0 .. 5];
is $head[0], '#EXTM3U', 'line 1';
like $head[1], qr/^#EXT-X-VERSION:\d+$/, 'line 2';
is $head[2], '#EXT-X-TARGETDURATION:1', 'line 3';
like $head[3], qr/^#EXT-X-SERVER-CONTROL:/, 'line 4';
like $head[4], qr/^#EXT-X-PART-INF:PART-TARGET=0\.2\d*$/, 'line 5';
like $head[5], qr/^#EXT-X-MEDIA-SEQUENCE:\d+$/, 'line 6';

my $control = Test::Video::HLS::attributes($head[3]);
is $control->{'CAN-BLOCK-RELOAD'}, 'YES', 'blocking reload is offered';
cmp_ok $control->{'PART-HOLD-BACK'}, '>=', 2 * $video->{part_target},
    'PART-HOLD-BACK is at least two part targets';
cmp_ok $control->{'HOLD-BACK'} // 3, '>=', 3,
    'HOLD-BACK is at least three target durations';

is scalar(lines_of($text, '#EXT-X-MAP')), 1, 'one EXT-X-MAP';
is scalar(lines_of($text, '#EXTINF')), 5, 'five EXTINF';
is scalar(lines_of($text, '#EXT-X-ENDLIST')), 0, 'no end';
is scalar(lines_of($text, '#EXT-X-PRELOAD-HINT')), 1, 'one hint';
is scalar(lines_of($text, '#EXT-X-RENDITION-REPORT')), 1, 'one report';
is scalar(grep { !/^#/ && !/^e$epoch\/\d+\.m4s$/ } split /\n/, $text), 0,
    'all segments have URLs with the epoch';

my @dates = map { /DATE-TIME:(.*)/ ? $1 : () } split /\n/, $text;
is scalar(@dates), 6, 'a date for each segment';
is scalar(grep { !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ } @dates), 0,
    'in the form of ISO 8601';
is_deeply [@dates], [sort @dates], 'they grow';

my @msns = segment_msns($video);
is_deeply [@msns], [$msns[0] .. $msns[0] + 4], 'numbers without a gap';

for my $item (grep { defined $_->{duration} } @{ $video->{items} }) {
    my ($low, $high) = $item->{kind} eq 'part'
        ? (0, $video->{part_target} + 1e-6) : (0.95, 1.05);
    next if $item->{duration} > $low && $item->{duration} <= $high;
    fail "$item->{kind} $item->{uri} of $item->{duration} s";
}

# parts add up to their segments
for my $msn (@msns) {
    my @parts = grep { $_->{kind} eq 'part' && $_->{msn} == $msn }
                @{ $video->{items} };
    next if !@parts;
    my ($segment) = grep { $_->{kind} eq 'segment' && $_->{msn} == $msn }
                    @{ $video->{items} };
    my $sum = 0;
    $sum += $_->{duration} for @parts;
    cmp_ok abs($sum - $segment->{duration}), '<', 0.001,
        "the parts of segment $msn are as long as it";
}

my @first_parts = map { /INDEPENDENT=YES/ ? 1 : 0 }
                  grep { /URI="[^"]*\.0\.m4s"/ }
                  lines_of($text, '#EXT-X-PART');
is_deeply [@first_parts], [(1) x @first_parts],
    'first parts are independent';

my ($hint) = @{ $video->{hints} };
is $hint->{TYPE}, 'PART', 'the hint is of a part';
is $video->{next_part}, 5, 'the open segment has a second of media';
is $hint->{path}, "$base/v0/e$epoch/" . ($video->{next_msn} + 1) . '.0.m4s',
    'so the next part is likely to be of the next segment';

my ($report) = map { Test::Video::HLS::attributes($_) }
               lines_of($text, '#EXT-X-RENDITION-REPORT');
my $audio = media_list($t, "$base/a0/index.m3u8");
is $report->{URI}, '../a0/index.m3u8', 'the report is of audio';
is $report->{'LAST-MSN'}, $audio->{next_msn}, 'its last segment';
is $report->{'LAST-PART'}, $audio->{next_part} - 1, 'and part';

is $audio->{msn}, $video->{msn}, 'audio has the same numbers';
is_deeply [segment_msns($audio)], [@msns], 'and as many segments';

# --- without low latency ----------------------------------------------------

my $plain = media_list($t, '/plain/cam/v0/index.m3u8');
is scalar(lines_of($plain->{text}, $_)), 0, "plain: no $_"
    for map { "#EXT-X-$_" } qw(PART PART-INF PRELOAD-HINT RENDITION-REPORT);
is_deeply [segment_msns($plain)], [@msns], 'plain: the same segments';
is media_list($t, '/regex/cam/v0/index.m3u8')->{text}, $text,
    'a rewritten URL is the same';

# --- bytes ------------------------------------------------------------------

my %body;

for my $list ($video, $audio) {
    my ($init) = uris_of($list, 'init');

    for my $path ($init, map { uris_of($list, $_) } qw(segment part)) {
        my $response = $t->get($path);
        $body{$path} = $response->body;
        next if $response->status == 200 && $response->complete
                && length $response->body;
        fail "$path is there";
    }

    my $compared = 0;
    for my $msn (@msns) {
        my @parts = uris_of($list, 'part', $msn) or next;
        my ($segment) = uris_of($list, 'segment', $msn);
        $compared++ if join('', @body{@parts}) eq $body{$segment};
    }
    cmp_ok $compared, '>=', 2,
        "$init: segments are their parts, byte for byte";

    my $file = $t->write_file('segments.mp4', join '', @body{
        $init, uris_of($list, 'segment')});
    my $frames = `ffprobe -v error -count_frames -show_entries \\
        stream=codec_name,nb_read_frames -of csv=p=0 $file 2>&1`;
    like $frames, $list == $video ? qr/^h264,150\n$/ : qr/^aac,23[3-6]\n$/,
        "$init: init and segments decode";
}

is $t->get("$base/v0/init.mp4")->body,
    $body{(uris_of($video, 'init'))[0]}, 'an init URL without epoch';
is $t->get("$base/v0/$msns[0].m4s")->body,
    $body{(uris_of($video, 'segment', $msns[0]))[0]},
    'a segment URL without epoch';

# --- headers ----------------------------------------------------------------

my ($init) = uris_of($video, 'init');
my ($segment) = uris_of($video, 'segment', $msns[-1]);
my ($part) = uris_of($video, 'part', $msns[-1]);
my ($sound) = uris_of($audio, 'segment', $msns[-1]);

my %type = (
    "$base/v0/index.m3u8" => 'application/vnd.apple.mpegurl',
    "$base/manifest.mpd"  => 'application/dash+xml',
    $init => 'video/mp4', $segment => 'video/mp4', $part => 'video/mp4',
    $sound => 'audio/mp4',
);
my %cache = (
    "$base/master.m3u8" => 'no-cache', "$base/v0/index.m3u8" => 'no-cache',
    "$base/manifest.mpd" => 'no-cache',
    map({ $_ => 'max-age=31536000, immutable' } $init, $segment, $part),
    "$base/v0/init.mp4" => 'no-cache', "$base/v0/$msns[0].m4s" => 'no-cache',
);

is $t->get($_)->header('Content-Type'), $type{$_}, "type of $_"
    for sort keys %type;
is $t->get($_)->header('Cache-Control'), $cache{$_}, "caching of $_"
    for sort keys %cache;
is $t->get("$base/v0/index.m3u8?_HLS_msn=$msns[-1]")->header('Cache-Control'),
    'max-age=1', 'caching of a blocking request that is answered';

my %etags;

for my $path ("$base/master.m3u8", "$base/v0/index.m3u8",
              "$base/manifest.mpd", $init, $segment, $part)
{
    my $full = $t->get($path);
    my $etag = $full->header('ETag');
    like $etag, qr/^"[0-9a-f]+-[0-9a-f]+"$/, "ETag of $path";
    $etags{$etag}++;

    my $not = $t->get($path, headers => { 'If-None-Match' => $etag });
    is $not->status, 304, 'If-None-Match: 304';
    is $not->header('ETag'), $etag, 'with the ETag';
    is $t->get($path, headers => { 'If-None-Match' => '"x"' })->status, 200,
        'another: 200';

    my $head = $t->get($path, method => 'HEAD');
    is $head->status, 200, 'HEAD';
    is $head->header('Content-Length'), length $full->body, 'length';
    is $head->header($_), $full->header($_), $_
        for qw(Content-Type ETag Cache-Control);
    is $head->body, '', 'no body';
}
is scalar(grep { $_ > 1 } values %etags), 0, 'ETags differ';

# --- ranges -----------------------------------------------------------------

for my $path ($init, $segment, $part) {
    my $all = $body{$path};
    my $size = length $all;

    for my $case (['0-0', 0, 0], ['0-99', 0, 99], ['100-', 100, $size - 1],
                  ['-50', $size - 50, $size - 1],
                  ['10-' . ($size * 2), 10, $size - 1],
                  [int($size / 2) . '-' . ($size - 2), int($size / 2),
                   $size - 2])
    {
        my ($range, $from, $to) = @$case;
        my $response = $t->get($path, range => $range);
        is $response->status, 206, "$path: range $range";
        is $response->header('Content-Range'), "bytes $from-$to/$size",
            'Content-Range';
        ok $response->body eq substr($all, $from, $to - $from + 1), 'bytes';
    }
    is $t->get($path, range => $size . '-')->status, 416,
        "$path: no range after the end";
    is $t->get($path)->header('Accept-Ranges'), 'bytes', 'Accept-Ranges';
    is $t->get($path, range => '0-9', headers => { 'If-Range' => '"x"' })
        ->status, 200, 'If-Range of another ETag: all of it';
}

# --- CORS -------------------------------------------------------------------

for my $path ("$base/master.m3u8", $segment) {
    my $response = $t->get($path);
    is $response->header('Access-Control-Allow-Origin'), '*', 'CORS';
    like $response->header('Access-Control-Expose-Headers'),
        qr/Content-Range/, 'headers for scripts';
    is $response->header('Vary'), undef, 'for all alike';
}

is $t->get('/live/none/master.m3u8')->header('Access-Control-Allow-Origin'),
    '*', 'CORS of an error, so that a player sees it';

my $preflight = $t->get($segment, method => 'OPTIONS', headers => {
    Origin => 'https://a.example', 'Access-Control-Request-Method' => 'GET',
    'Access-Control-Request-Headers' => 'range' });
is $preflight->status, 204, 'preflight';
is $preflight->header('Access-Control-Allow-Origin'), '*', 'origin';
like $preflight->header('Access-Control-Allow-Methods'), qr/\bGET\b/,
    'methods';
like $preflight->header('Access-Control-Allow-Headers'), qr/\bRange\b/,
    'headers';
cmp_ok $preflight->header('Access-Control-Max-Age'), '>', 0, 'age';
is $preflight->body, '', 'no body';

my $named = $t->get('/named/cam/master.m3u8',
                    headers => { Origin => 'https://a.example' });
is $named->header('Access-Control-Allow-Origin'), 'https://a.example',
    'an origin from a variable';
is $named->header('Vary'), 'Origin', 'varies';
$named = $t->get('/named/cam/master.m3u8');
is $named->header('Access-Control-Allow-Origin'), undef,
    'no origin, no header';
is $t->get('/plain/cam/master.m3u8')->header('Access-Control-Allow-Origin'),
    undef, 'not configured, no header';
is $t->get('/plain/cam/master.m3u8', method => 'OPTIONS')->status, 405,
    'nor preflight';
is $t->get("$base/master.m3u8", method => $_, body => 'x')->status, 405,
    "$_ is not allowed" for qw(POST PUT DELETE);

# --- what is not there ------------------------------------------------------

(my $wrong = $epoch) =~ s/(.)$/$1 eq 'f' ? 0 : 'f'/e;
my $old = $msns[0] - 1;
my $far = $msns[-1] + 3;
my $parts = uris_of($video, 'part', $msns[-1]);

for my $path ('none/master.m3u8', 'none/v0/index.m3u8', 'none/manifest.mpd',
    'cam/v1/index.m3u8', 'cam/a1/index.m3u8', 'cam/x0/index.m3u8',
    'cam/v/index.m3u8', 'cam/v00/index.m3u8', 'cam/index.m3u8', 'cam', '',
    'cam/v0/', 'cam/v0/e/init.mp4', "cam/v0/E$epoch/init.mp4",
    "cam/v0/e$wrong/init.mp4", "cam/v0/e$wrong/$msns[0].m4s",
    "cam/v0/e$wrong/$msns[0].0.m4s", "cam/v0/e${epoch}0/init.mp4",
    "cam/v0/e$epoch/$old.m4s", "cam/v0/e$epoch/$old.0.m4s",
    "cam/v0/e$epoch/$far.m4s", "cam/v0/e$epoch/$far.0.m4s",
    "cam/v0/e$epoch/$msns[-1].$parts.m4s", "cam/v0/e$epoch/$msns[-1].99.m4s",
    "cam/v0/e$epoch/0$msns[-1].m4s", "cam/v0/e$epoch/$msns[-1].00.m4s",
    "cam/v0/e$epoch/.m4s", "cam/v0/e$epoch/$msns[-1]..m4s",
    "cam/v0/e$epoch/$msns[-1].0.0.m4s", "cam/v0/e$epoch/-1.m4s",
    "cam/v0/e$epoch/$msns[-1].65536.m4s", "cam/v0/e$epoch/" . '9' x 30 . '.m4s',
    'cam/v0/init.mp4.m4s', 'cam/master.m3u8/', 'sub/cam/master.m3u8',
    'CAM/master.m3u8', 'cam/info.json', 'cam/poster')
{
    my $short = length $path > 60 ? substr($path, 0, 57) . '...' : $path;
    is $t->get("/live/$path", timeout => 2)->status, 404, "404: $short";
}

# --- both workers -----------------------------------------------------------

my (%pids, %seen);

for my $round (1 .. 60) {
    my @requests = map {
        my $path = $_;
        { pid => $t->get('/status', start => 1, keep => 1), path => $path }
    } "$base/master.m3u8", "$base/v0/index.m3u8", $segment, $part, $init;

    for my $r (@requests) {
        my $pid = JSON::PP::decode_json($r->{pid}->end->body)->{pid};
        my $response = $t->get($r->{path}, over => $r->{pid});
        next if $response->status != 200;
        $pids{$pid} = 1;
        $seen{ $r->{path} }{ $response->header('ETag') . $response->md5 }{$pid}
            = 1;
    }
    last if keys %pids == 2 && $round >= 5
            && !grep { grep { keys %$_ < 2 } values %$_ } values %seen;
}
is scalar(keys %pids), 2, 'both workers were asked';
for my $path (sort keys %seen) {
    my @answers = values %{ $seen{$path} };
    is scalar(@answers), 1, "$path is the same from each";
    is scalar(keys %{ $answers[0] }), 2, 'by both';
}

# --- the window -------------------------------------------------------------

# thirty seconds: what is listed is the window, what was is still there
$feed->end;
$feed = live_feed($t, 'long');
$feed->to(30_000);

my $long = media_list($t, '/live/long/v0/index.m3u8');
@msns = segment_msns($long);
my $listed = 0;
$listed += $_->{duration} for grep {
    $_->{kind} eq 'segment' || $_->{kind} eq 'part' && $_->{msn} > $msns[-1]
} @{ $long->{items} };
cmp_ok $listed, '>=', 7.99, 'at least the window of 8 s is listed';
cmp_ok $listed, '<=', 10, 'and hardly more';
is $t->get("/live/long/v0/" . ($msns[0] - 1) . '.m4s')->status, 200,
    'a segment that has just left is kept';
is $t->get("/live/long/v0/" . ($msns[0] - 12) . '.m4s')->status, 404,
    'one that left long ago is not';
cmp_ok scalar(map { uris_of($long, 'part', $_) } @msns[0 .. 2]), '==', 0,
    'old segments are listed without parts';
cmp_ok scalar(map { uris_of($long, 'part', $_) } @msns[-2 .. -1]), '>=', 10,
    'new ones with';

$feed->end;
$t->finish;
done_testing();
