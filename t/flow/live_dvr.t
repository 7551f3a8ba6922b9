# Proves that what has left memory is listed and served from disk, byte for
# byte, over a publisher that comes back; that the recording is an asset which
# video_vod plays while and after it is made; that a worker which dies loses no
# closed segment; and that a disk that fails ends the recording, not the stream.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;
use Test::Video::Record;
use Test::Video::VOD;

my $t = Test::Video->new;
$t->expect_log(qr/stream "bad": .* failed, recording stops/);
$t->conf(live_conf(
    grace => '3s', window => '4s',
    rtmp => 'video_record rec; video_dvr 30s; video_linger 5s;',
    servers => record_server(),
    locations => 'location /rec/ { video_vod zone=live; alias %%ROOT%%/rec/;'
               . ' video_segment 1s; } location /control {'
               . ' video_control zone=live; }'))->run;

my $base = '/live/cam/v0';
my $dir;

sub text { return $t->get($_[0])->body }

sub duration {
    my ($list) = @_;
    my $sum = 0;
    $sum += $_ for $list->{text} =~ /^#EXTINF:([\d.]+)/mg;
    return $sum;
}

# --- from memory to disk ----------------------------------------------------

my $feed = live_feed($t, 'cam');
ok record_to($t, $feed, 'cam', 3500, '0001'), 'segments are recorded';

my $first = media_list($t, "$base/index.m3u8");
my @uris = (uris_of($first, 'init'), uris_of($first, 'segment'),
            uris_of($first, 'part'),
            uris_of(media_list($t, '/live/cam/a0/index.m3u8'), 'part'));
my %before = map { $_ => $t->get($_) } @uris;
is scalar(uris_of($first, 'segment')), 3, 'three segments are closed';
cmp_ok scalar(@uris), '>', 30, 'with parts';

ok record_to($t, $feed, 'cam', 16_500, '0001'), 'the stream goes on';
my $list = media_list($t, "$base/index.m3u8");
is_deeply [segment_msns($list)],
    [map { (segment_msns($first))[0] + $_ } 0 .. 15],
    'all segments are listed, in a window of four seconds';
like $list->{text}, qr/^#EXT-X-PART/m, 'the newest with parts';

for my $uri (@uris) {
    my $r = $t->get($uri);
    is $r->status, 200, "$uri is there";
    ok $r->body eq $before{$uri}->body, 'with the same bytes';
    is $r->header('ETag'), $before{$uri}->header('ETag'), 'and ETag';
    is $r->header('Cache-Control'), $before{$uri}->header('Cache-Control'),
        'and Cache-Control';
}
my $bytes = $before{$uris[1]}->body;
my $r = $t->get($uris[1], headers => { Range => 'bytes=100-299' });
is $r->status, 206, 'a range';
ok $r->body eq substr($bytes, 100, 200), 'has its bytes';
$r = $t->get($uris[1], headers => { 'If-None-Match' =>
                                    $before{$uris[1]}->header('ETag') });
is $r->status, 304, 'not modified';
is $t->get($uris[1], method => 'HEAD')->header('Content-Length'),
    length $bytes, 'HEAD';
is $t->get($uris[1] =~ s/\.m4s/.5.m4s/r)->status, 404,
    'no more parts than it has';
is scalar(uris_of(media_list($t, '/live/cam/a0/index.m3u8'), 'segment')), 16,
    'sound, too';
my $mpd = text('/live/cam/manifest.mpd');
like $mpd, qr/timeShiftBufferDepth="PT30(?:\.0+)?S"/, 'the manifest says how far';
my $delta = text("$base/index.m3u8?_HLS_skip=YES");
like $delta, qr/SKIPPED-SEGMENTS=(\d+)/, 'a delta update';

# --- it is an asset ---------------------------------------------------------

($dir) = glob $t->root . '/rec/cam/2*';
my ($name) = $dir =~ m{([^/]+)$};
is slurp("$dir/asset.json"),
    qq({"tracks":[{"file":"0001/v0.mp4"},{"file":"0001/a0.mp4"}]}\n),
    'it is described';
my $vod = media_list($t, "/rec/cam/$name/v0/index.m3u8");
cmp_ok abs(duration($vod) - 16), '<', 0.1, 'it plays while it is made';
is_deeply [grep { $t->get($_)->status != 200 }
           map { uris_of($vod, $_) } qw(init segment)], [], 'all of it';
ok index(slurp("$dir/0001/v0.mp4"), $bytes) > 0, 'the file has what was sent';

# somebody has been at the file
my $file = slurp("$dir/0001/v0.mp4");
my $moof = index($file, 'moof', index $file, $bytes) - 4;
open my $fh, '+<', "$dir/0001/v0.mp4" or die "v0.mp4: $!\n";
for my $size (0, 7, 0x7fffffff) {
    sysseek $fh, $moof, 0;
    syswrite $fh, pack 'N', $size;
    is $t->get($uris[1] =~ s/\.m4s/.0.m4s/r)->status, 404,
        "a part with a box of $size bytes";
}
sysseek $fh, $moof, 0;
syswrite $fh, substr $file, $moof, 4;
close $fh;
is scalar(() = $t->log =~ /is not what was recorded: a broken box at offset $moof,/g),
    3, 'is not there, and logged';

# --- another run ------------------------------------------------------------

$feed->reset;
ok +(wait_for { (stream_status($t, 'cam') // {})->{state} eq 'paused' } 5),
    'its publisher is gone';
$feed = live_feed($t, 'cam', flv => [size => '160x90']);
ok record_to($t, $feed, 'cam', 8500, '0002'), 'it goes on in another file';
$list = media_list($t, "$base/index.m3u8");
is scalar(uris_of($list, 'segment')), 25, 'all of both is listed';
is scalar(lines_of($list->{text}, '#EXT-X-DISCONTINUITY')), 1,
    'with a discontinuity';
is scalar(lines_of($list->{text}, '#EXT-X-MAP')), 2, 'and two maps';
is_deeply [grep { $t->get($_)->status != 200 }
           map { uris_of($list, $_) } qw(init segment)], [], 'all is there';
is_deeply [$t->get($uris[1])->md5], [$before{$uris[1]}->md5],
    'the first with the same bytes';
is scalar(() = text('/live/cam/manifest.mpd') =~ /<Period /g), 2,
    'two periods';
is slurp("$dir/asset.json"),
    qq({"clips":[{"asset":"0001"},{"asset":"0002"}]}\n), 'two clips';
$vod = media_list($t, "/rec/cam/$name/v0/index.m3u8");
is scalar(lines_of($vod->{text}, '#EXT-X-DISCONTINUITY')), 1,
    'which play one after the other';
cmp_ok abs(duration($vod) - 24.5), '<', 0.1, 'whole';

# --- what is older than it is asked for ------------------------------------

ok record_to($t, $feed, 'cam', 24_500, '0002'), 'more';
$list = media_list($t, "$base/index.m3u8");
cmp_ok duration($list), '<', 32.5, 'thirty seconds are listed';
cmp_ok duration($list), '>', 28.5, 'not less';
like $list->{text}, qr/^#EXT-X-DISCONTINUITY$/m, 'of both runs';
is_deeply [grep { $t->get($_)->status != 200 } uris_of($list, 'segment')], [],
    'all is there';

# --- over a reload, and at the end -----------------------------------------

$t->reload;
is_deeply [grep { $t->get($_)->status != 200 } uris_of($list, 'segment')], [],
    'other workers serve it';
$feed->end;
$list = media_list($t, "$base/index.m3u8");
like $list->{text}, qr/ENDLIST/, 'the end is told';
cmp_ok duration($list), '>', 28.5, 'and the past is still there';
ok +(wait_for { recorded($t, 'cam', '0002/v0.mp4') == 25 } 5),
    'the last segment is recorded';
$vod = media_list($t, "/rec/cam/$name/v0/index.m3u8");
cmp_ok abs(duration($vod) - 41), '<', 0.6, 'and played';

# --- a worker that dies -----------------------------------------------------

$feed = live_feed($t, 'mort');
$feed->to(5500);
$t->kill_worker($_) for 1, 0;
ok +(wait_for { recorded($t, 'mort', '0001/v0.mp4') == 5
                && recorded($t, 'mort', '0001/a0.mp4') == 5 } 8),
    'what was closed is recorded, also when all workers were killed';
is $t->log_count(qr/is not recorded/), 0, 'nothing was missed';

# --- a file that is broken off ----------------------------------------------

# Time of a file's fragments that are whole before an offset.
sub whole {
    my ($bytes, $end) = @_;
    my ($at, $ms) = (0, 0);
    while (my $box = next_box($bytes, \$at)) {
        last if $at > $end;
        $ms += 200 if $box eq 'mdat';
    }
    return $ms / 1000;
}

sub next_box {
    my ($bytes, $at) = @_;
    return if length $bytes < $$at + 8;
    my ($size, $type) = unpack 'N a4', substr $bytes, $$at, 8;
    $$at += $size;
    return $type;
}

my $whole = slurp("$dir/0001/v0.mp4");
my $torn = $t->root . '/rec/torn.mp4';
my @wrong;
for my $n (1 .. 40) {
    my $end = int(length($whole) * (0.1 + 0.9 * $n / 41) + 7 * $n);
    open my $fh, '>', "$torn.$n.mp4" or die "$torn: $!\n";
    print $fh substr($whole, 0, $end), $n % 3 ? '' : "\0" x 5000;
    close $fh;
    my $list = media_list($t, "/rec/torn.mp4.$n.mp4/v0/index.m3u8");
    my ($is, $should) = (duration($list), whole($whole, $end));
    push @wrong, "$end: $is, not $should" if abs($is - $should) > 0.001
        || grep { $t->get($_)->status != 200 } uris_of($list, 'segment');
}
is_deeply \@wrong, [], 'a file that is broken off plays to there';
cmp_ok $t->log_count(qr/\[warn\].*torn.*: broken off, what begins at offset \d+ of \d+ bytes is left out/),
    '>=', 39, 'with a line in the log each';

# --- a disk that fails -------------------------------------------------------

my $broken = $t->root . '/rec/bad';
open my $blocked, '>', $broken or die "$broken: $!\n";
close $blocked;
$feed = live_feed($t, 'bad');
$feed->to(8500);
$t->log_like(qr/\[crit\].*stream "bad": open\(\) "\S+v0\.mp4" failed, recording stops, the stream goes on \(20: Not a directory\)/,
             'a directory that can not be made is logged');
$list = media_list($t, '/live/bad/v0/index.m3u8');
is scalar(uris_of($list, 'segment')), 4, 'the stream goes on in memory';
is_deeply [grep { $t->get($_)->status != 200 } uris_of($list, 'segment')], [],
    'all that is listed is there';
is stream_status($t, 'bad')->{recording}, 'failed', 'status tells';
$feed->end;

# --- started and stopped by hand --------------------------------------------

$feed = live_feed($t, 'hand', app => 'late', port => 2);
$feed->to(3500);
is stream_status($t, 'hand')->{recording}, 'off', 'nothing is recorded';
is recorded($t, 'hand', '0001/v0.mp4'), 0, 'there is no file';

is record_control($t, POST => 'hand'), 204, 'it is started';
is stream_status($t, 'hand')->{recording}, 'on', 'and on';
ok record_until($t, $feed, 'hand', 3), 'it is recorded from then on';
my ($hand) = glob $t->root . '/rec/hand/2*';
my ($part) = $hand =~ m{([^/]+)$};
$vod = media_list($t, "/rec/hand/$part/v0/index.m3u8");
is scalar(uris_of($vod, 'segment')), recorded($t, 'hand', '0001/v0.mp4'),
    'and begins there';
is record_control($t, DELETE => 'hand'), 204, 'it is stopped';
my $had = recorded($t, 'hand', '0001/v0.mp4');
$feed->more(3000) for 1 .. 4;
is stream_status($t, 'hand')->{recording}, 'off', 'it is off';
cmp_ok recorded($t, 'hand', '0001/v0.mp4'), '<=', $had + 1, 'nothing is added';
is record_control($t, POST => 'hand'), 204, 'and on again';
$feed->more(1000);
ok record_until($t, $feed, 'hand', $had + 2), 'it goes on';
$feed->more(5000);
# what follows it is recorded, too, and there is a part more to list
wait_for {
    $feed->more(250);
    $list = media_list($t, '/live/hand/v0/index.m3u8');
    $list->{text} =~ /^#EXT-X-GAP/m;
} 5;
like $list->{text}, qr/^#EXT-X-GAP\n#EXTINF/m, 'what is missing is a gap';
my ($gap) = $list->{text} =~ /EXT-X-GAP\n#EXTINF.*\n(\S+)/;
is $t->get("/live/hand/v0/$gap")->status, 404, 'which is not there';
is record_control($t, POST => 'nobody'), 404, 'no such stream';
is record_control($t, POST => 'cam'), 409, 'one that is over'
    if stream_status($t, 'cam');
is record_control($t, GET => 'hand'), 405, 'GET is not allowed';
is $t->get('/control/streams/hand', method => 'POST')->status, 405,
    'nor POST of a stream';
$feed->end;

# --- files that somebody deletes --------------------------------------------

$feed = live_feed($t, 'gone');
record_to($t, $feed, 'gone', 12_500, '0001');
$list = media_list($t, '/live/gone/v0/index.m3u8');
unlink glob $t->root . '/rec/gone/2*/0001/v0.mp4';
my ($old) = uris_of($list, 'segment');
is $t->get($old)->status, 404, 'a segment of a file that was deleted is 404';
$t->log_like(qr/\[error\].* recorded segment \d+ is gone: open\(\) "\S+v0\.mp4" failed \(2: No such/,
             'and a line in the log');
is $t->get((uris_of($list, 'segment'))[-1])->status, 200, 'those in memory are there';
$feed->end;

done_testing;
