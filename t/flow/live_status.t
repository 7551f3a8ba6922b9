# Proves what video_status tells of live streams, as JSON and for Prometheus:
# what comes in as it was sent, what goes out as clients got it, viewers by
# address, agent and session over both workers; and what becomes of it when a
# worker is killed, on reload, and when the publisher comes back.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Live;
use Test::Video::Prometheus qw(parse_metrics);

my $t = Test::Video->new;
$t->conf(live_conf(grace => '20s', rtmp => 'video_linger 20s;'))->run;

# That of a stream, now.
sub ingest   { return stream_status($t, $_[0])->{ingest} }
sub delivery { return stream_status($t, $_[0])->{delivery} }

sub prometheus {
    my ($metrics, @bad) =
        parse_metrics($t->get('/status?format=prometheus')->body);
    is "@bad", '', $_[0];
    return $metrics;
}

sub sum { my $n = 0; $n += $_ for @_; return $n }

# Bytes of an answer that has a Content-Length.
sub size { return length($_[0]->head) + 2 + length $_[0]->body }

# --- what comes in -----------------------------------------------------------

my $before = time;
my $cam = $t->publish('live', 'cam', file => live_flv(), loop => 0);
ok +(wait_for {
    my $s = stream_status($t, 'cam');
    $s && $s->{tracks}[0] && $s->{tracks}[0]{key_interval}
       && $s->{tracks}[0]{frame_rate} > 0
} 15), 'a publisher at its own speed';

my $s = stream_status($t, 'cam');
my ($video, $audio) = @{ $s->{tracks} };
is "$video->{name} $audio->{name}", 'v0 a0', 'names of tracks';
is "$video->{gop} $video->{gop_max}", '30 30', 'frames of a group';
cmp_ok abs($video->{key_interval} - 1000), '<', 5, 'key frames each second';
cmp_ok abs($video->{key_interval_max} - 1000), '<', 5, 'no later';
ok !exists $audio->{gop}, 'sound has none';

ok +(wait_for {
    my ($v, $a) = @{ stream_status($t, 'cam')->{tracks} };
    abs($v->{frame_rate} - 30) < 3 && abs($a->{frame_rate} - 48000 / 1024) < 5
} 10), 'measured frame rates are those of the file';
($video, $audio) = @{ stream_status($t, 'cam')->{tracks} };
cmp_ok $video->{bitrate}, '>', $video->{average} / 3, 'bit rate is';
cmp_ok $video->{bitrate}, '<', $video->{average} * 3, 'about the average';
cmp_ok abs($video->{latency}), '<', 2000, 'latency of parts';
cmp_ok abs($video->{latency_max}), '<', 2000, 'and the worst';
cmp_ok $video->{delay_max}, '<', 1500, 'a part does not wait';

my $in = ingest('cam');
cmp_ok abs($in->{since} / 1000 - $before), '<', 30, 'since when';
is "$in->{publishers} $in->{runs}", '1 1', 'one publisher, one run';
cmp_ok $in->{bytes}, '>=', $s->{bytes}, 'bytes';
cmp_ok sum(values %{ $in->{dropped} }), '<', 5,
    'nothing was dropped but sound before the first picture';
is $in->{clock_ppm}, 0, 'clocks are not told apart yet';
$cam->stop;

# as many as were sent, and why some were not taken
my $feed = live_feed($t, 'two');
my @sent = @{ $feed->{frames} };
my ($key) = grep { $sent[$_]{type} == 9 && ord($sent[$_]{body}) >> 4 == 1 }
            0 .. $#sent;
my ($delta) = grep { $_->{type} == 9 && ord($_->{body}) >> 4 == 2 } @sent;
$feed->send({ %$delta, timestamp => 0 }, { %$delta, timestamp => 1 });
$feed->to(3500);

my @frames = grep { $_->{timestamp} < 3500 } @sent[$key .. $#sent];
$in = ingest('two');
is $in->{video}, scalar(grep({ $_->{type} == 9 } @frames)), 'pictures';
is $in->{dropped}{start}, 2 + $key, 'those before the first key frame';
is sum(@{ $in->{dropped} }{qw(track surplus silent)}), 0,
    'for no other reason';
is $in->{silent}, 0, 'no sound was missing';

my ($sound) = grep { $_->{type} == 8 } @sent;
is delivery('two')->{viewers}, 0, 'nobody has looked';

# --- what goes out -----------------------------------------------------------

my @paths = ('/live/two/master.m3u8', '/live/two/manifest.mpd',
             '/live/two/v0/index.m3u8');
my $list = media_list($t, $paths[2], from => '127.0.0.100');
my ($init) = uris_of($list, 'init');
my ($segment) = uris_of($list, 'segment');
my ($part) = uris_of($list, 'part');
push @paths, $init, $segment, $part;

ok +(wait_for { delivery('two')->{viewers} == 1 } 5), 'one viewer';
my $first = delivery('two');
is $first->{requests}{playlist}, 1, 'and its request';

# each over a connection of its own: any worker may take it
my @answers = map { $t->get($_, from => '127.0.0.100') } @paths;
is join(' ', map { $_->status } @answers), '200 200 200 200 200 200',
    'six requests';
ok +(wait_for { sum(values %{ delivery('two')->{requests} }) == 7 } 5),
    'are counted';
my $out = delivery('two');
is_deeply $out->{requests}, { master => 1, manifest => 1, playlist => 2,
                              init => 1, segment => 1, part => 1 }, 'by kind';
is $out->{bytes} - $first->{bytes}, sum(map { size($_) } @answers),
    'bytes as they came';
is $out->{viewers}, 1, 'of the same viewer';
is $out->{failed}, 0, 'all went well';

is $t->get('/live/two/v0/1.m4s', from => '127.0.0.101')->status, 404,
    'a segment that is not there';
ok +(wait_for { delivery('two')->{failed} == 1 } 5), 'has failed';
is delivery('two')->{viewers}, 1, 'who asks for it is no viewer';
is $t->get('/live/none/master.m3u8')->status, 404, 'nor of what is no stream';

my $again = $t->get($segment, headers =>
    { 'If-None-Match' => $answers[4]->header('ETag') }, from => '127.0.0.100');
is $again->status, 304, 'an answer without a body';
ok +(wait_for { delivery('two')->{requests}{segment} == 3 } 5), 'is counted';
is delivery('two')->{failed}, 1, 'as one that is right';

# connections that are kept: bytes are of each request
my $kept = $t->get($init, keep => 1, from => '127.0.0.100');
my $bytes = delivery('two')->{bytes};
my $next = $t->get($init, over => $kept, keep => 1);
ok +(wait_for { delivery('two')->{bytes} == $bytes + size($next) } 5),
    'the second of a connection';

# --- viewers -----------------------------------------------------------------

# the estimate of so few is exact but where two share a register: not these
for my $address (11 .. 14) {
    for my $agent ('A', 'B') {
        $t->get($paths[$_ % 6], from => "127.0.0.$address",
                headers => { 'User-Agent' => $agent }) for 1 .. 4;
    }
}
ok +(wait_for { delivery('two')->{viewers} == 9 } 5),
    'four addresses with two agents each, and the one before'
    or diag delivery('two')->{viewers};

my %proxy = (from => '127.0.0.9');
$t->get("$init?CMCD=bl%3D2100%2Csid%3D%22$_%22%2Cst%3Dl", %proxy)
    for qw(one two three one two);
$t->get($init, headers => { 'CMCD-Session' => "cid=\"x\",sid=\"$_\"" }, %proxy)
    for qw(three four);
ok +(wait_for { delivery('two')->{viewers} == 13 } 5),
    'four sessions behind one address' or diag delivery('two')->{viewers};
$t->get("$init?CMCD=sid%3D%22", %proxy);
$t->get("$init?CMCD=" . 'x' x 3000, %proxy);
ok +(wait_for { delivery('two')->{viewers} == 14 } 5),
    'who does not say it rightly is an address';

# --- Prometheus --------------------------------------------------------------

my $metrics = prometheus('a text of the format');
my $two = 'zone="live",stream="two"';
$out = delivery('two');
my %sample = (
    stream_live => [$two, 1],
    stream_publishers_total => [$two, 1],
    stream_frames_total => ["$two,kind=\"video\"", ingest('two')->{video}],
    stream_frames_dropped_total =>
        ["$two,reason=\"start\"", ingest('two')->{dropped}{start}],
    stream_viewers => [$two, $out->{viewers}],
    stream_sent_bytes_total => [$two, $out->{bytes}],
    stream_requests_total =>
        ["$two,kind=\"init\"", $out->{requests}{init}],
    stream_requests_failed_total => [$two, $out->{failed}],
    track_gop_frames => ["$two,track=\"v0\"", 30],
    track_key_interval_seconds => ["$two,track=\"v0\"", '1.000'],
    track_info => ["$two,track=\"v0\",kind=\"video\",codec=\""
                   . stream_status($t, 'two')->{tracks}[0]{codec}
                   . '",size="320x180"', 1],
);
for my $name (sort keys %sample) {
    my ($labels, $value) = @{ $sample{$name} };
    is $metrics->{"ngx_video_$name"}{samples}{$labels}, $value, $name;
}
is_deeply [grep { !%{ $metrics->{$_}{samples} } && !/_relay_/ }
           sort keys %$metrics], [], 'no metric is without a sample';

# --- a worker is killed, a reload, the publisher is back ---------------------

$t->expect_log(qr/exited on signal 9/);
my ($was) = delivery('two');
my $runs = ingest('two')->{runs};
my $counted = ingest('two')->{video};
my $worker = $t->get('/pid')->body;
my ($n) = grep { ($t->workers)[$_] == $worker } 0 .. 1;
$t->kill_worker($n);
ok +(wait_for { @{[$t->workers]} == 2 } 10), 'a worker is killed';
my $state = stream_status($t, 'two')->{state};
if ($state eq 'live') {
    # it was not the publisher's
    $feed->reset;
}
ok +(wait_for { stream_status($t, 'two')->{state} eq 'paused' } 10),
    'the publisher is gone';
is delivery('two')->{bytes}, $was->{bytes}, 'bytes are not';
cmp_ok delivery('two')->{viewers}, '>', 0, 'nor viewers';

$feed = live_feed($t, 'two');
$feed->to(2500);
is stream_status($t, 'two')->{state}, 'live', 'it is back';
$in = ingest('two');
is $in->{publishers}, 2, 'the second one';
is $in->{runs}, $runs + 1, 'another run';
cmp_ok $in->{video}, '>', $counted, 'pictures are counted on';
is stream_status($t, 'two')->{tracks}[0]{gop}, 30, 'of the new run';

ok $t->reload, 'a reload';
is delivery('two')->{bytes}, $was->{bytes}, 'takes nothing away';
$feed->more(1000);
$t->get($segment, from => '127.0.0.100');
ok +(wait_for { delivery('two')->{bytes} > $was->{bytes} } 5),
    'new workers count on';

# another stream of the name, which did end
$feed->end;
ok +(wait_for { stream_status($t, 'two')->{state} eq 'ended' } 5), 'the end';
$counted = ingest('two')->{video};
$feed = live_feed($t, 'two');
$feed->to(2500);
is stream_status($t, 'two')->{runs}, 1, 'a stream of the same name';
$in = ingest('two');
is $in->{publishers}, 3, 'is the third of it';
cmp_ok $in->{video}, '>', $counted, 'and counts on';

my $then = prometheus('still a text of the format');
for my $name (sort grep { /_total$/ } keys %$metrics) {
    my ($old, $new) = map { $_->{$name}{samples} } $metrics, $then;
    my @less = grep { /stream="two"/ && $new->{$_} < $old->{$_} } keys %$old;
    is "@less", '', "$name has not gone back";
}
$feed->end;

$t->finish;
done_testing;
