# Proves that a stream goes on: when its publisher comes back in time, by any
# worker, and when its codec changes; that HLS and DASH say so and all that came
# before can be fetched; and that it ends when nobody comes.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;

my $t = Test::Video->new;
$t->conf(live_conf(grace => '3s', window => '4s',
                   rtmp => 'video_linger 2s; video_audio_fill 0;'))->run;

sub text { return $t->get($_[0])->body }
sub state { return (stream_status($t, $_[0]) // { state => 'gone' })->{state} }
sub periods { return () = text("/live/$_[0]/manifest.mpd") =~ /<Period /g }

# What a list has: [run, msn]..., runs in the order of their appearance.
sub segments {
    my ($list) = @_;
    my %run;
    return map {
        my ($epoch, $msn) = $_->{uri} =~ m{^e(\w+)/(\d+)\.m4s$};
        $run{$epoch} = keys %run if !exists $run{$epoch};
        [$run{$epoch}, $msn];
    } grep { $_->{kind} eq 'segment' } @{ $list->{items} };
}

sub goes_on_well {
    my ($name, $path, $runs) = @_;
    my $list = media_list($t, $path);
    my @segments = segments($list);

    is_deeply [map { $_->[1] } @segments],
        [$segments[0][1] .. $segments[0][1] + $#segments],
        "$name: numbers go on";
    is $segments[-1][0], $runs - 1, "$name: $runs runs are listed";
    is scalar(lines_of($list->{text}, '#EXT-X-DISCONTINUITY')), $runs - 1,
        "$name: discontinuities";
    is scalar(lines_of($list->{text}, '#EXT-X-MAP')), $runs, "$name: maps";

    my @times = $list->{text} =~ /DATE-TIME:(\S+)/g;
    is_deeply [sort @times], \@times, "$name: times go on";

    my @bad = grep { $t->get($_)->status != 200 }
              map { $_->{path} } grep { !$_->{gap} } @{ $list->{items} };
    is "@bad", '', "$name: all can be fetched";
    return $list;
}

# --- a publisher that comes back --------------------------------------------

my $feed = live_feed($t, 'cam');
my $base = '/live/cam/v0';
$feed->to(2500);

my $open = media_list($t, "$base/index.m3u8");
my $next = $t->get("$base/index.m3u8?_HLS_msn=" . ($open->{next_msn} + 1)
                   . '&_HLS_part=2', start => 1);
$feed->reset;
ok +(wait_for { state('cam') eq 'paused' } 5), 'a reset pauses the stream';

my $paused = media_list($t, "$base/index.m3u8");
unlike $paused->{text}, qr/ENDLIST/, 'its playlist has no end';
unlike $paused->{text}, qr/PRELOAD-HINT/, 'and nothing is about to come';
is +(segments($paused))[-1][1], $open->{next_msn},
    'the segment that was open is complete';
unlike text('/live/cam/manifest.mpd'), qr/mediaPresentationDuration/,
    'nor has the manifest an end';
ok !$next->done, 'who waits for more goes on waiting';

my $old = (segments($paused))[-1];
$feed = live_feed($t, 'cam');
is $feed->code, 'NetStream.Publish.Start', 'it is published again';
is media_list($t, "$base/index.m3u8")->{text}, $paused->{text},
    'nothing changes before there are media';
$feed->to(1500);
$t->log_like(qr/stream "cam" goes on: avc1/, 'it goes on');
is state('cam'), 'live', 'as the same stream';
ok +(wait_for { $next->done } 5), 'who waited is answered';
is $next->status, 200, 'with a playlist';
like $next->body, qr/^#EXT-X-DISCONTINUITY$/m, 'that goes on';
is scalar(grep { $_->{name} eq 'cam' } @{ status($t)->{streams} }), 1,
    'status has it once';

my $list = goes_on_well('video', "$base/index.m3u8", 2);
goes_on_well('audio', '/live/cam/a0/index.m3u8', 2);
is periods('cam'), 2, 'the manifest has two periods';
is scalar(lines_of($list->{text}, '#EXT-X-DISCONTINUITY-SEQUENCE')), 0,
    'none has left the window yet';
isnt text("$base/" . (segments($list))[0][1] . '.m4s'),
    '', 'a segment without its run is found'
    if $t->get("$base/" . (segments($list))[-1][1] . '.m4s')->status == 200;

# without low latency, and as a delta update
my $delta = text("$base/index.m3u8?_HLS_skip=YES");
like $delta, qr/^#EXT-X-DISCONTINUITY$/m, 'a delta update has it, too';

# --- the window moves on ----------------------------------------------------

$feed->to(3700);
$list = media_list($t, "$base/index.m3u8");
like $list->{text}, qr/^#EXT-X-DISCONTINUITY$/m, 'the window has both';
$feed->to(8600);
$list = media_list($t, "$base/index.m3u8");
like $list->{text}, qr/^#EXT-X-DISCONTINUITY-SEQUENCE:1$/m,
    'a discontinuity that has left is counted';
unlike $list->{text}, qr/^#EXT-X-DISCONTINUITY$/m, 'and not there any more';
is scalar(lines_of($list->{text}, '#EXT-X-MAP')), 1, 'one map';
is periods('cam'), 1, 'and one period';
like text('/live/cam/manifest.mpd'), qr/<Period id="e\w+" start="PT[2-9]/,
    'that keeps its name and its start';
is $t->get("$base/$open->{next_msn}.m4s")->status, 404,
    'what was before is not of this run';

# --- a codec that changes ---------------------------------------------------

$feed->change(size => '160x90');
$feed->to(11_000);
$list = goes_on_well('a change', "$base/index.m3u8", 2);
like $list->{text}, qr/^#EXT-X-DISCONTINUITY-SEQUENCE:1$/m, 'is the second';
my @inits = map { text($_) } uris_of($list, 'init');
isnt $inits[0], $inits[1], 'with an init segment of its own';
like text('/live/cam/master.m3u8'), qr/RESOLUTION=320x180/,
    'master has the larger size as long as it is there';
my @numbers = map { unpack 'N', $_ }
              map { text($_) =~ /mfhd.{4}(.{4})/gs } uris_of($list, 'segment');
is_deeply [sort { $a <=> $b } @numbers], \@numbers, 'mfhd counts on';
is periods('cam'), 2, 'and the manifest';
like text('/live/cam/manifest.mpd'),
    qr/width="320" height="180".*width="160" height="90"/s, 'both sizes';

my @times = map { /T(\d+):(\d+):([\d.]+)Z/ ? $1 * 3600 + $2 * 60 + $3 : () }
            lines_of($list->{text}, '#EXT-X-PROGRAM-DATE-TIME');
my @durations = $list->{text} =~ /^#EXTINF:([\d.]+)/mg;
my @gaps = grep { abs($times[$_ + 1] - $times[$_] - $durations[$_]) > 0.0021 }
           0 .. $#durations - 1;
is "@gaps", '', 'no time is lost';

# --- a clean end ------------------------------------------------------------

$feed->end;
ok +(wait_for { state('cam') eq 'ended' } 5), 'who says good-bye does not pause';
like text("$base/index.m3u8"), qr/^#EXT-X-ENDLIST$/m, 'that is the end';
like text('/live/cam/manifest.mpd'), qr/mediaPresentationDuration/,
    'of the manifest, too';
$feed = live_feed($t, 'cam');
$feed->to(2500);
unlike text("$base/index.m3u8"), qr/DISCONTINUITY/,
    'a new stream after that has nothing of it';
$feed->end;
ok +(wait_for { state('cam') eq 'gone' } 6), 'after video_linger it is gone';

# --- nobody comes -----------------------------------------------------------

$feed = live_feed($t, 'lost');
$feed->to(2500);
my $waits = $t->get('/live/lost/v0/index.m3u8?_HLS_msn='
                    . (media_list($t, '/live/lost/v0/index.m3u8')->{next_msn}
                       + 1), start => 1);
$feed->reset;
ok +(wait_for { state('lost') eq 'paused' } 5), 'paused';
ok +(wait_for { state('lost') eq 'interrupted' } 7),
    'after video_publish_grace it is over';
like text('/live/lost/v0/index.m3u8'), qr/^#EXT-X-ENDLIST$/m, 'with an end';
ok +(wait_for { $waits->done } 5), 'who waited is answered';

# --- other tracks than before -----------------------------------------------

$feed = live_feed($t, 'other');
$feed->to(2500);
$feed->reset;
ok +(wait_for { state('other') eq 'paused' } 5), 'paused';
$feed = live_feed($t, 'other', only => 'video');
$feed->rtmp->send_message(5, 18, 1, 0, Test::Video::AMF::amf_encode(
    Test::Video::AMF::amf_string('onMetaData'), { videocodecid => 7 }));
$feed->to(3500);
$t->log_like(qr/stream "other" is live: avc1/,
    'a publisher with other tracks begins a new stream');
unlike text('/live/other/v0/index.m3u8'), qr/DISCONTINUITY/, 'with nothing of it';
$feed->end;

# --- a worker that dies -----------------------------------------------------

$feed = live_feed($t, 'killed');
$feed->to(3500);
for my $pid ($t->workers) {
    my @now = $t->workers;
    $t->kill_worker((grep { $now[$_] == $pid } 0 .. $#now)[0], 'KILL');
    ok +(wait_for { (grep { $_ != $pid } $t->workers) == 2 } 5), 'a worker dies';
}
ok +(wait_for { state('killed') eq 'paused' } 5), 'the stream is paused';
$feed = wait_for {
    my $try = live_feed($t, 'killed');
    $try->code eq 'NetStream.Publish.Start' && $try;
} 5;
$feed->to(2500);
goes_on_well('after a kill', '/live/killed/v0/index.m3u8', 2);

# --- many times -------------------------------------------------------------

for my $n (1 .. 12) {
    $feed->change(size => $n % 2 ? '160x90' : '320x180');
    $feed->to(2500 + $n * 700);
}
is state('killed'), 'live', 'a codec that changes all the time is taken';
is media_list($t, '/live/killed/v0/index.m3u8')->{status}, 200, 'and listed';

# but not without end
my $rtmp = $feed->rtmp;
my @headers = map { live_tags(size => $_)->{video_header}{body} }
              qw(160x90 320x180);
my ($key) = map { $_->{body} } grep { $_->{type} == 9 } @{ $feed->{frames} };
for my $n (1 .. 400) {
    $rtmp->send_tag(9, 11_000 + $n, $headers[$n % 2]) or last;
    $rtmp->send_tag(9, 11_000 + $n, $key) or last;
}
1 while $rtmp->read_message;
$t->log_like(qr/rtmp invalid media: codecs change too often/,
             'all the time is too often');

ok +(wait_for {
    my $zone = zone_status($t);
    $zone->{refs} == 0 && $zone->{chunks_reserved} == 0
        && !@{ status($t)->{streams} };
} 15), 'nothing is left behind' or diag explain status($t);

$t->stop;
done_testing;
