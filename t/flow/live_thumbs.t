# Proves that a live stream has a thumbnail of the first picture of each of its
# segments, in a playlist, a manifest and an index, for as long as these list
# it; and a poster; and what happens to them when the transcoder, the publisher
# or memory goes.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Ladder;
use Test::Video::Live;
use Test::Video::Loop qw(wait_for);
use Test::Video::Picture;

my $program = ladder_program();
plan skip_all => 'video-transcoder is not built' if !$program;

# Each of six seconds has a brightness of its own.
use constant { LOW => 40, STEP => 30 };
my @flv = (picture => "color=size=320x180:rate=30,geq=lum='" . LOW
           . "+mod(floor(N/30),6)*" . STEP . "':cb=128:cr=128");

my $t = Test::Video->new;

sub conf {
    my (%o) = @_;
    return live_conf(
        video => "transcoder $program path=%%ROOT%%/transcoder streams=21;"
            . 'ladder alone { thumbs size=64x36 grid=3x2 poster=160x160; }'
            . 'ladder both  { rung low 160x90 200k; thumbs poster=off; }'
            . 'ladder large { thumbs size=1024x576 grid=4x4; }'
            . 'ladder heard { audio 64k; thumbs; }'
            . 'ladder none  { rung low 160x90 200k; }',
        zone => $o{zone} // '128m', window => $o{window} // '12s',
        grace => '5s', rtmp => 'video_transcode $ladder;' . ($o{rtmp} // ''),
        servers => 'map $video_name $ladder { ~^([a-z]+) $1; }');
}

$t->conf(conf())->run;
$t->expect_log(qr/video transcoder \d+ exited on signal 9/);

# Brightness of a segment that began so many seconds after the feed, in a JPEG.
sub level { return (LOW + $_[0] % 6 * STEP - 16) * 255 / 219 }

# The segments of a playlist: [msn, 1 if it is a gap, path].
sub listed {
    my ($t, $stream, $what) = @_;
    return map { [$_->{msn}, $_->{gap} ? 1 : 0, $_->{path}] }
           grep { $_->{kind} eq 'segment' }
           @{ media_list($t, "/live/$stream/$what/index.m3u8")->{items} };
}

sub numbers { return [map { $_->[0] } @_] }
sub images { return listed($t, $_[0], 'thumbs') }

# The newest segments have their thumbnails.
sub settled {
    my ($stream, $least) = @_;
    return wait_for {
        my @images = images($stream);
        @images >= $least && !$images[-1][1];
    } 20;
}

# A publisher whose first picture the transcoder has, and the stream's name: one
# that it was too late for is another one's.
sub begin {
    my ($t, $stream) = @_;

    wait_for { transcoder_pid($t) } 10;
    for my $n (1 .. 5) {
        my $feed = live_feed($t, "$stream$n", flv => \@flv);
        $feed->to(250);
        return ($feed, "$stream$n") if wait_for {
            $t->get("/live/$stream$n/poster.jpg")->status == 200 } 5;
        $feed->end;
    }
    die "no transcoder for $stream\n";
}

# The cues of an index: { date, from, to, file, xywh }
sub cues {
    my ($stream) = @_;
    my $body = $t->get("/live/$stream/thumbs.vtt")->body;
    my @all = split /\n\n/, $body;

    return undef if shift @all ne 'WEBVTT';
    return [map {
        /^(\S+)\n(\S+) --> (\S+)\n(thumbs\/[^#]+)(?:#xywh=(\S+))?\n?$/
            ? { date => $1, from => seconds($2), to => seconds($3),
                file => "/live/$stream/$4", xywh => [split /,/, $5 // ''] }
            : { file => 'none' };
    } @all];
}

sub seconds {
    my ($h, $m, $s) = split /:/, $_[0];
    return $h * 3600 + $m * 60 + $s;
}

# When the media of the n-th segment begin, s.
sub media_start {
    my ($stream, $n) = @_;
    return live_track($t, "/live/$stream/v0/index.m3u8")
           ->{segments}[$n][0]{pts};
}

# How bright what a cue shows is.
sub shown {
    my ($cue) = @_;
    my $answer = $t->get($cue->{file});
    my ($x, $y, $w, $h) = @{ $cue->{xywh} // [] };

    return -1 if $answer->status != 200;
    my $picture = picture_of($t, $answer->body);
    return picture_bright($picture, ($x // 0) + 32, ($y // 0) + 18);
}

sub near {
    my ($is, $wanted, $name) = @_;
    return cmp_ok abs($is - $wanted), '<=', 4, "$name ($is, $wanted)";
}

# --- a ladder of thumbnails alone ------------------------------------------------

my ($feed, $name) = begin($t, 'alone');
$feed->to(8250);
ok settled($name, 8), 'thumbnails come';

my $master = $t->get("/live/$name/master.m3u8")->body;
is scalar(lines_of($master, '#EXT-X-STREAM-INF')), 1, 'and nothing else';
is_deeply [lines_of($master, '#EXT-X-IMAGE-STREAM-INF')],
    ['#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=23041,RESOLUTION=64x36,'
     . 'CODECS="jpeg",URI="thumbs/index.m3u8"'], 'which is told';

my $answer = $t->get("/live/$name/thumbs/index.m3u8");
is $answer->header('Content-Type'), 'application/vnd.apple.mpegurl',
    'they have a playlist';
like $answer->body, qr/^#EXTM3U\n#EXT-X-VERSION:7\n.*^#EXT-X-IMAGES-ONLY\n/ms,
    'of images alone';
unlike $answer->body, qr/EXT-X-(MAP|PART|PRELOAD|SERVER|RENDITION)/,
    'without what is of media';
my @tiles = lines_of($answer->body, '#EXT-X-TILES');
is_deeply [@tiles], [('#EXT-X-TILES:RESOLUTION=64x36,LAYOUT=1x1,'
                     . 'DURATION=1.000000') x 8], 'each is one';

my @images = images($name);
my @source = listed($t, $name, 'v0');
is_deeply numbers(@images), numbers(@source), 'of each segment';
is_deeply [map { $_->[1] } @images], [(0) x 8], 'there is one';
is_deeply [$answer->body =~ /^(#EXT(?:INF|-X-PROGRAM).*)$/mg],
    [$t->get("/live/$name/v0/index.m3u8")->body
     =~ /^(#EXTINF.*|#EXT-X-PROGRAM.*(?=\n(?:#EXT-X-PART.*\n)*#EXTINF))$/mg],
    'at its time';
for my $n (0 .. 7) {
    my $image = $t->get($images[$n][2]);
    my $picture = picture_of($t, $image->body);
    is "$picture->{width}x$picture->{height}", '64x36', "thumbnail $n";
    near(picture_bright($picture, 32, 18), level($n), 'is its first picture');
}

my $image = $t->get($images[0][2]);
is $image->header('Content-Type'), 'image/jpeg', 'it has its type';
like $image->header('Cache-Control'), qr/immutable/, 'and is kept for ever';
is $t->get($images[0][2], method => 'HEAD')->header('Content-Length'),
    length $image->body, 'its length is told';
is $t->get($images[0][2], headers => { Range => 'bytes=2-3' })->body,
    substr($image->body, 2, 2), 'and a range of it can be had';

my ($prefix) = $images[0][2] =~ m{^(.*/)\d+\.jpg$};
my $next = $images[-1][0] + 100;
is $t->get($_)->status, 404, "no $_"
    for "$prefix$next.jpg", "${prefix}0.jpg", "${prefix}0-9.jpg",
        "$prefix$next-$next.jpg", "/live/$name/thumbs/$images[0][0].jpg",
        "/live/$name/thumbs/e1/$images[0][0].jpg", "${prefix}x.jpg",
        "$prefix$images[0][0]-.jpg", "$prefix$images[0][0]-x.jpg";

# --- the index ----------------------------------------------------------------

my $vtt = $t->get("/live/$name/thumbs.vtt");
is $vtt->header('Content-Type'), 'text/vtt', 'there is an index';
is $vtt->header('Cache-Control'), 'no-cache', 'which is asked for again';
my $cues = cues($name);
is_deeply [map { "$_->{from} $_->{to}" } @$cues],
    [map { sprintf '%g %g', $_, $_ + 1 } 0 .. 7], 'of all of them';
my @dates = $t->get("/live/$name/v0/index.m3u8")->body
            =~ /^#EXT-X-PROGRAM-DATE-TIME:(.*)$/mg;
is_deeply [map { $_->{date} } @$cues], [@dates[0 .. 7]],
    'with the time of day of each';
near(shown($cues->[$_]), level($_), "cue $_ shows its segment") for 0 .. 7;

my @in_sheets = grep { @{ $_->{xywh} } } @$cues;
cmp_ok scalar(@in_sheets), '>=', 4, 'full rows are in sheets';
my ($from, $to) = $in_sheets[0]{file} =~ /(\d+)-(\d+)\.jpg$/;
is $to % 3, 2, 'each up to the end of a row';
is_deeply $in_sheets[0]{xywh}, [$from % 6 % 3 * 64, int($from % 6 / 3) * 36,
                               64, 36], 'at its place in the grid';
like $t->get($in_sheets[0]{file})->header('Cache-Control'), qr/immutable/,
    'they are kept for ever, too';

# --- the manifest ---------------------------------------------------------------

my $mpd = $t->get("/live/$name/manifest.mpd")->body;
my ($pictures) = $mpd =~ m{(<AdaptationSet[^>]*"video".*?</AdaptationSet>)}s;
my ($set) = $mpd =~ m{(<AdaptationSet[^>]*"image".*?</AdaptationSet>)}s;
like $set // '', $_, 'a manifest has them'
    for qr{mimeType="image/jpeg"}, qr{timescale="90000"},
        qr{startNumber="$images[0][0]"},
        qr{media="thumbs/e\w+/\$Number\$\.jpg"}, qr{width="64" height="36"},
        qr{thumbnail_tile" value="1x1"};
is_deeply [($set // '') =~ /(<S .*)/g], [$pictures =~ /(<S .*)/g],
    'when its segments are';

# --- the poster -----------------------------------------------------------------

my $poster = $t->get("/live/$name/poster.jpg");
is $poster->header('Content-Type'), 'image/jpeg', 'there is a poster';
is $poster->header('Cache-Control'), 'no-cache', 'of now';
my $picture = picture_of($t, $poster->body);
is "$picture->{width}x$picture->{height}", '160x90', 'as large as it fits';
near(picture_bright($picture, 80, 45), level(0), 'the first picture');
is $t->get("/live/$name/poster.jpg",
           headers => { 'If-None-Match' => $poster->header('ETag') })->status,
    304, 'it is not sent again as long as it is the same';

# --- the transcoder dies ------------------------------------------------------

my $died = transcoder_pid($t);
kill 'KILL', $died;
ok +(wait_for { $t->log =~ /stream "$name": the transcoder is gone/ } 5),
    'the transcoder dies';
$feed->to(10250);
ok +(wait_for { my $pid = transcoder_pid($t); $pid && $pid != $died } 10),
    'and is there again';
ok +(ladder_until { my @new = images($name);
                    @new > 9 && !$new[-1][1]
                    && $new[-1][0] > $images[-1][0] + 3 } $feed),
    'thumbnails come again';
my @after = images($name);
my %is = map { $_->[0] => $_->[1] } @after;
is_deeply [map { $is{ $images[-1][0] + $_ } } 2, 3], [1, 1],
    'where it was not there are gaps';
is_deeply numbers(@after), numbers(listed($t, $name, 'v0')),
    'with the numbers of the source';
my $told = cues($name);
is scalar(@$told), scalar(grep { !$_->[1] } @after),
    'the index has what there is';
near(shown($told->[-1]), level($told->[-1]{from}), 'as before');

# --- the publisher goes and comes back --------------------------------------------

my $at = $told->[-1]{to};
$feed->rtmp->close;
ok +(wait_for { my $s = stream_status($t, $name);
                $s && $s->{state} eq 'paused' } 5), 'the publisher is gone';
my @before = images($name);
$feed = live_feed($t, $name, flv => \@flv);
ok +(ladder_until { my @new = images($name);
                    $new[-1][0] > $before[-1][0] && !$new[-1][1] } $feed),
    'one of the same stream comes';
my @joined = images($name);
like $t->get("/live/$name/thumbs/index.m3u8")->body,
    qr/#EXT-X-DISCONTINUITY\n/, 'there is a discontinuity';
is_deeply numbers(@joined), numbers(listed($t, $name, 'v0')),
    'where the source has it';
my $new = cues($name);
my ($first) = grep { $joined[$_][2] !~ /\Q$prefix/ } 0 .. $#joined;
my $began = media_start($name, $first);
my %epochs = map { $_->[2] =~ m{/(e\w+)/} ? ($1 => 1) : () } @joined;
is scalar(keys %epochs), 2, 'thumbnails are of both';
near(shown($new->[-1]), level($new->[-1]{from} - $began), 'the new ones');
my ($old) = grep { !$_->[1] && $_->[2] =~ /\Q$prefix/ } @joined;
is $t->get($old->[2])->status, 200, 'and those before';
is scalar(@$new), scalar(grep { !$_->[1] } @joined),
    'all are in the index';
my @periods = split /<Period /, $t->get("/live/$name/manifest.mpd")->body;
shift @periods;
is scalar(grep { /contentType="image"/ } @periods), scalar(@periods),
    'and in all periods';
is $t->get("/live/$name/poster.jpg")->status, 200, 'there is a poster';

# --- what leaves the window ---------------------------------------------------------

$feed->more(1000), wait_for { !(images($name))[-1][1] } 20 for 1 .. 60;
is $t->get($joined[-1][2])->status, 404, 'thumbnails go with their segments';
my @window = images($name);
is scalar(grep { $_->[1] } @window), 0, 'all that is listed is there';
$feed->end;

# --- with rungs, and without ------------------------------------------------------

my $both = live_feed($t, 'both');
ok ladder_to($t, 'both', $both, 2250, rungs => 1), 'rungs and thumbnails';
ok settled('both', 2), 'both are there';
is scalar(lines_of($t->get('/live/both/master.m3u8')->body,
                   '#EXT-X-STREAM-INF')), 2, 'in a playlist';
is $t->get('/live/both/poster.jpg')->status, 404, 'a poster only if wanted';
$both->end;

my ($heard, $sounds) = begin($t, 'heard');
$heard->to(3250);
ok settled($sounds, 3), 'thumbnails and sound, without rungs';
ok +(ladder_until { $t->get("/live/$sounds/a1/index.m3u8")->body =~ /EXTINF/ }
     $heard), 'both are there';
is_deeply [$t->get("/live/$sounds/master.m3u8")->body
           =~ /^#EXT-X-STREAM-INF:.*AUDIO="([^"]+)".*\n(\w+)/mg],
    [qw(audio v0 audio-made a1)], 'the sound is to be had alone';
$heard->end;

my $none = live_feed($t, 'none');
ok ladder_to($t, 'none', $none, 1250, rungs => 1), 'rungs alone';
is $t->get("/live/none/$_")->status, 404, "no $_"
    for qw(thumbs.vtt thumbs/index.m3u8 poster.jpg);
unlike $t->get('/live/none/master.m3u8')->body, qr/IMAGE/, 'and not told of';
unlike $t->get('/live/none/manifest.mpd')->body, qr/image/,
    'nor in a manifest';
$none->end;
is $t->get("/live/nobody/$_")->status, 404, "nobody has $_"
    for qw(thumbs.vtt thumbs/index.m3u8 poster.jpg thumbs/e1/1.jpg);
$t->stop;

# --- what is listed from disk; a reload; a worker that dies ----------------------------

$t = Test::Video->new;
$t->conf(conf(window => '4s', rtmp => 'video_record %%ROOT%%/rec;
                                       video_dvr 5m;'))->run;
$t->expect_log(qr/worker process \d+ exited on signal 9/);
($feed, $name) = begin($t, 'alone');
$feed->more(1000), wait_for { my @is = images($name);
                              @is && !$is[-1][1] } 20 for 1 .. 15;
ok $t->reload, 'a reload';
$feed->more(1000), wait_for { !(images($name))[-1][1] } 20 for 1 .. 10;
ok +(wait_for { @{ numbers(listed($t, $name, 'v0')) } >= 24 } 10),
    'more is listed than there is in memory';
@images = images($name);
is_deeply numbers(@images), numbers(listed($t, $name, 'v0')), 'of thumbnails, too';
is scalar(grep { $_->[1] } @images), 0, 'all of them are there';
near(shown({ file => $images[1][2] }), level(1), 'the old ones');
is scalar(grep { $_->{file} !~ /-\d+\.jpg/ } @{ cues($name) }[0 .. 14]), 0,
    'the index has them in sheets';

my ($writer) = grep { $_ } map { $t->log =~
    /(\d+)#\d+: \*\d+ stream "\Q$name\E" is live/ } 1;
kill 'KILL', $writer;
ok +(wait_for { my $s = stream_status($t, $name);
                $s && $s->{state} ne 'live' } 10), 'its worker dies';
@after = images($name);
is $t->get($_->[2])->status, $_->[1] ? 404 : 200, 'those that are listed are there'
    for @after[0, 5, -1];
is $t->get("/live/$name/thumbs.vtt")->status, 200, 'and in the index';
$t->stop;

# --- a zone that is too small for them --------------------------------------------

$t = Test::Video->new;
$t->conf(conf(zone => '4m', window => '8s'))->run;
my $large = live_feed($t, 'large');
ok +(ladder_until { $t->log =~ /thumbnails of stream "large" are left out/ }
     $large, 4), 'those that there is no memory for are left out';
$large->more(3000);
is stream_status($t, 'large')->{state}, 'live', 'the stream goes on';
is $t->log_count(qr/"large" are left out/), 1, 'that is told once';
$large->end;
$t->stop;

done_testing;
