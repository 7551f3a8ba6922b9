# Proves that a publisher is answered step by step as RTMP says, that names
# and applications are checked, that the ways to end are told apart, and that a
# name can be published again at once.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::AMF qw(amf_encode amf_string);
use Test::Video::Live;
use Test::Video::RTMP;

my $t = Test::Video->new(log_level => 'info');
my $tags = live_tags();

$t->conf(live_conf(
    zone      => '128m',
    servers   => <<'CONF',
    server {
        listen 127.0.0.1:%%PORT_2%%;
        video_rtmp brief zone=live;
        video_rtmp other zone=live;
        video_rtmp_timeout 1s;
    }
    server {
        listen 127.0.0.1:%%PORT_3%%;
        video_rtmp big zone=live;
        video_bitrate 100m;
    }
CONF
))->run;


# Up to the answer to connect.
sub connected {
    my ($app, %o) = @_;
    my $rtmp = $t->rtmp(%o);

    $rtmp->handshake or die "no handshake\n";
    my $answer = $rtmp->connect_app($app // 'live');
    return wantarray ? ($rtmp, $answer) : $rtmp;
}


# Sends media: codec headers, then frames up to a time, shifted by "at".
sub send_media {
    my ($rtmp, %o) = @_;
    my $only = $o{only} // '';
    my $at = $o{at} // 0;

    if ($o{metadata}) {
        $rtmp->send_tag(18, $at, "\x02\x00\x0d\@setDataFrame$o{metadata}");
    }
    $rtmp->send_tag(9, $at, $tags->{video_header}{body})
        if $only ne 'audio' && !$o{no_headers};
    $rtmp->send_tag(8, $at, $tags->{audio_header}{body})
        if $only ne 'video' && !$o{no_headers};

    for my $tag (@{ $tags->{frames} }) {
        next if $only eq 'audio' && $tag->{type} == 9;
        next if $only eq 'video' && $tag->{type} == 8;
        next if $tag->{timestamp} < ($o{from} // 0);
        last if $tag->{timestamp} >= ($o{to} // 1e9);
        $rtmp->send_tag($tag->{type}, $tag->{timestamp} + $at, $tag->{body});
    }
}


sub on_air {
    my ($name) = @_;
    return wait_for { $t->get("/live/$name/v0/index.m3u8")->status == 200 } 5;
}


# --- the steps --------------------------------------------------------------

my ($rtmp, $answer) = connected();

is $answer->{name}, '_result', 'connect is answered';
is $answer->{args}[1]{code}, 'NetConnection.Connect.Success', 'with success';
my $can = $answer->{args}[0];
is "@{ $can->{fourCcList} }",
    'avc1 hvc1 av01 vp09 mp4a Opus ac-3 ec-3 fLaC .mp3', 'and codecs';
is join(' ', sort keys %{ $can->{videoFourCcInfoMap} }),
    'av01 avc1 hvc1 vp09', 'of video';
is join(' ', sort keys %{ $can->{audioFourCcInfoMap} }),
    '.mp3 Opus ac-3 ec-3 fLaC mp4a', 'of audio';
is $can->{capsEx}, 6, 'several tracks, ModEx; no reconnecting, no nanoseconds';
is $rtmp->{window}, 2500000, 'the window was announced before';
cmp_ok $rtmp->{in_chunk}, '>', 128, 'and a larger chunk size';

$rtmp->send_command('releaseStream', 2, undef, amf_string('cam'));
is $rtmp->wait_result(2)->{name}, '_result', 'releaseStream';

$rtmp->send_command('FCPublish', 3, undef, amf_string('cam'));
is $rtmp->wait_result(3)->{name}, '_result', 'FCPublish';
my $fc = $rtmp->wait_message(sub { ($_[0]{name} // '') eq 'onFCPublish' });
is $fc->{args}[1]{code}, 'NetStream.Publish.Start', 'onFCPublish';

$rtmp->send_command('createStream', 4, undef);
is $rtmp->wait_result(4)->{args}[1], 1, 'createStream gives a stream';
$rtmp->{stream_id} = 1;

$rtmp->send_command('_checkbw', 5, undef);
is $rtmp->wait_result(5)->{name}, '_result', '_checkbw';

$rtmp->send_command('noSuchThing', 6, undef);       # nothing happens

$rtmp->send_command_on(1, 'publish', 7, undef, amf_string('cam'), 'live');
my $begin = $rtmp->wait_message(sub { $_[0]{type} == 4 });
is unpack('H*', $begin->{body}), '000000000001', 'Stream Begin of stream 1';
$answer = $rtmp->wait_status(qr/./);
is $answer->{info}{code}, 'NetStream.Publish.Start', 'publish is accepted';
is $answer->{info}{level}, 'status', 'level status';
is $answer->{stream_id}, 1, 'on the message stream';
is stream_status($t, 'cam')->{state}, 'starting', 'state before the media';

# --- control messages -------------------------------------------------------

$rtmp->send_message(2, Test::Video::RTMP::USER_CONTROL, 0, 0,
                    pack 'n N', 6, 0x01020304);
my $pong = $rtmp->wait_message(sub { $_[0]{type} == 4 });
is unpack('H*', $pong->{body}), '000701020304', 'a ping is answered';

# one in an aggregate is not: the next answer is that to the next ping
$rtmp->send_message(4, 22, 1, 0, pack 'C Cn N x3 nN N', 4, 0, 6, 0, 6, 5, 17);
$rtmp->send_message(2, Test::Video::RTMP::USER_CONTROL, 0, 0,
                    pack 'n N', 6, 7);
$pong = $rtmp->wait_message(sub { $_[0]{type} == 4 });
is unpack('H*', $pong->{body}), '000700000007', 'but none in an aggregate';

$rtmp->send_message(2, Test::Video::RTMP::WINDOW_ACK, 0, 0, pack 'N', 20000);
$rtmp->set_chunk_size(3000);
send_media($rtmp, to => 2100);
my $ack = $rtmp->wait_message(sub { $_[0]{type} == 3 });
cmp_ok unpack('N', $ack->{body}), '>=', 20000, 'bytes are acknowledged';

ok +(on_air 'cam'), 'the stream plays, chunk size 3000';
is stream_status($t, 'cam')->{state}, 'live', 'state live';

$rtmp->set_chunk_size(65536);
send_media($rtmp, no_headers => 1, from => 2100, to => 3100);
$rtmp->set_chunk_size(1);
send_media($rtmp, no_headers => 1, from => 3100, to => 3400, only => 'audio');
$rtmp->set_chunk_size(0x7fffffff);
send_media($rtmp, no_headers => 1, from => 3400, to => 4300);
ok +(wait_for {
    my @msns = segment_msns(media_list($t, '/live/cam/v0/index.m3u8'));
    @msns >= 4;
} 5), 'chunk sizes 65536, 1 and 2^31-1 on the way';

# --- a second publisher -----------------------------------------------------

my $first = stream_status($t, 'cam');
my $second = connected();
is $second->publish('cam')->{info}{code}, 'NetStream.Publish.BadName',
    'a second publisher is refused';
is $second->wait_message(sub { 0 }), undef, 'nothing more';
ok $second->eof, 'and its connection closed';
$t->log_like(qr/stream is already published/, 'which is logged');

send_media($rtmp, no_headers => 1, from => 4300, to => 5300);
ok +(wait_for { stream_status($t, 'cam')->{bytes} > $first->{bytes} } 5),
    'the first goes on';

# --- the clean end ----------------------------------------------------------

$rtmp->unpublish('cam');
$fc = $rtmp->wait_message(sub { ($_[0]{name} // '') eq 'onFCUnpublish' });
is $fc->{args}[1]{code}, 'NetStream.Unpublish.Success', 'onFCUnpublish';
is $rtmp->wait_status(qr/./)->{info}{code}, 'NetStream.Unpublish.Success',
    'onStatus';
is $rtmp->wait_message(sub { 0 }), undef, 'then the connection';
ok $rtmp->eof, 'is closed';

is stream_status($t, 'cam')->{state}, 'ended', 'state ended';
my $list = media_list($t, '/live/cam/v0/index.m3u8');
like $list->{text}, qr/^#EXT-X-ENDLIST$/m, 'the playlist says so';
is_deeply $list->{hints}, undef, 'and hints at nothing';
$t->log_like(qr/\[notice\].* stream "cam" ended, \d+ frames/, 'and the log');

# --- again ------------------------------------------------------------------

my $old = stream_status($t, 'cam');
my ($old_last) = (segment_msns($list))[-1];

$rtmp = connected();
is $rtmp->publish('cam')->{info}{code}, 'NetStream.Publish.Start',
    'the name can be published again at once';
send_media($rtmp, to => 1500);
ok +(on_air 'cam'), 'and plays';

my $new = stream_status($t, 'cam');
isnt $new->{epoch}, $old->{epoch}, 'it has another epoch';
$list = media_list($t, '/live/cam/v0/index.m3u8');
cmp_ok $list->{msn}, '>', $old_last, 'and higher sequence numbers';
like $list->{text}, qr/URI="e$new->{epoch}\//, 'and other URLs';

# a disconnect
$rtmp->reset;
ok +(wait_for { stream_status($t, 'cam')->{state} eq 'interrupted' } 5),
    'a reset interrupts the stream';
$t->log_like(qr/stream "cam" interrupted/, 'with a line in the log');
like media_list($t, '/live/cam/v0/index.m3u8')->{text},
    qr/^#EXT-X-ENDLIST$/m, 'its playlist is ended too';

# --- each way to say good-bye -----------------------------------------------

my $byes = 0;

for my $bye (['deleteStream', 1], ['closeStream'],
             ['FCUnpublish', amf_string('bye')])
{
    my ($name, @args) = @$bye;

    $rtmp = connected();
    $rtmp->publish("bye$byes");
    send_media($rtmp, to => 1200);
    on_air("bye$byes");
    $rtmp->send_command($name, 20, undef, @args);
    ok +(wait_for { stream_status($t, "bye$byes")->{state} eq 'ended' } 5),
        "$name ends the stream";
    $byes++;
}

# one that never had media leaves nothing
$rtmp = connected();
$rtmp->publish('nothing');
is stream_status($t, 'nothing')->{state}, 'starting', 'published, no media';
$rtmp->unpublish('nothing');
ok +(wait_for { !stream_status($t, 'nothing') } 5), 'it is gone at once';
is $t->get('/live/nothing/master.m3u8')->status, 404, 'and not found';

# --- one track --------------------------------------------------------------

for my $only (qw(video audio)) {
    my $dir = substr($only, 0, 1) . '0';
    my $other = $only eq 'video' ? 'a0' : 'v0';

    # without a word in metadata: after a second of media
    $rtmp = connected();
    $rtmp->publish("only-$only");
    send_media($rtmp, only => $only, to => 3000);
    ok +(wait_for {
        $t->get("/live/only-$only/$dir/index.m3u8")->status == 200
    } 5), "$only only";
    is scalar(@{ stream_status($t, "only-$only")->{tracks} }), 1, 'one track';
    is $t->get("/live/only-$only/$other/index.m3u8")->status, 404,
        'no other track';
    is_deeply [master_urls($t, "/live/only-$only/master.m3u8")],
        ["/live/only-$only/$dir/index.m3u8"], 'nor in the master playlist';
    my $init = $t->get((uris_of(media_list(
        $t, "/live/only-$only/$dir/index.m3u8"), 'init'))[0]);
    is $init->header('Content-Type'), "$only/mp4", 'type of the init segment';
}

# announced: at once
$rtmp = connected();
$rtmp->publish('announced');
send_media($rtmp, only => 'video', to => 500, metadata => amf_encode(
    amf_string('onMetaData'),
    { videocodecid => 7, audiocodecid => 0, framerate => 30 }));
ok +(on_air 'announced'), 'a track announced to be absent is not waited for';

# --- timestamps -------------------------------------------------------------

$rtmp = connected();
$rtmp->publish('extended');
send_media($rtmp, at => 0xffffff - 1000, to => 3200);
ok +(on_air 'extended'), 'timestamps that become extended ones';
ok +(wait_for {
    segment_msns(media_list($t, '/live/extended/v0/index.m3u8')) >= 3;
} 5), 'count on';

$rtmp = connected();
$rtmp->publish('wrapped');
send_media($rtmp, at => 0xffffffff - 1500, to => 3200);
ok +(on_air 'wrapped'), 'timestamps that wrap at 2^32';
ok +(wait_for {
    $list = media_list($t, '/live/wrapped/v0/index.m3u8');
    segment_msns($list) >= 3;
} 5), 'count on';
is scalar(grep { $_->{kind} eq 'segment'
                 && ($_->{duration} < 0.9 || $_->{duration} > 1.1) }
          @{ $list->{items} }), 0, 'with the same durations';

# --- defaults ---------------------------------------------------------------

$rtmp = connected('other', port => 2);
$rtmp->publish('defaults');
send_media($rtmp);
ok +(wait_for {
    segment_msns(media_list($t, '/live/defaults/v0/index.m3u8')) == 2;
} 5), 'segments are of two seconds unless said otherwise';
$list = media_list($t, '/live/defaults/v0/index.m3u8');
is $list->{target}, 2, 'so is the target duration';
cmp_ok abs($list->{part_target} - 0.2), '<', 0.001, 'and parts of 200 ms';

# --- names ------------------------------------------------------------------

my %names = (
    'a'              => 'a',
    'A-z_0.9~'       => 'A-z_0.9~',
    'x' x 128        => 'x' x 128,
    'key?token=a/../b&c=%2e' => 'key',
    'plain?'         => 'plain',
);

for my $name (sort keys %names) {
    $rtmp = connected();
    my $short = length $name > 40 ? substr($name, 0, 8) . '...' : $name;
    is $rtmp->publish($name)->{info}{code}, 'NetStream.Publish.Start',
        "name \"$short\"";
    ok stream_status($t, $names{$name}), 'it is called so';
    $rtmp->close;
}

for my $name ('', '.hidden', '..', 'a/b', 'a b', "a\x00b", 'a%2fb', "\xc3\xa9",
              'a"b', 'a<b', '?only=args', 'x' x 129)
{
    $rtmp = connected();
    my $short = length $name > 40 ? substr($name, 0, 8) . '...' : $name;
    $short =~ s/[^ -~]/./g;
    my $answer = $rtmp->publish($name);
    is $answer && "$answer->{info}{code} $answer->{stream_id}",
        'NetStream.Publish.BadName 1',
        "not the name \"$short\"";
}
$t->log_like(qr/rtmp invalid stream name/, 'in the log');

# --- applications -----------------------------------------------------------

for my $app ('nosuch', 'liv', 'livex', '') {
    ($rtmp, $answer) = connected($app);
    is $answer->{name}, '_error', "no application \"$app\"";
    is +($rtmp->status_codes)[0], 'NetConnection.Connect.Rejected', 'code';
    is $rtmp->read_message, undef, 'closed';
    ok $rtmp->eof, 'by the server';
}
$t->log_like(qr/rtmp unknown application/, 'in the log');

for my $app ('live/', 'live?token=1', 'live/instance') {
    ($rtmp, $answer) = connected($app);
    is $answer->{name}, '_result', "application \"$app\" is \"live\"";
}

($rtmp, $answer) = connected('other', port => 2);
is $answer->{name}, '_result', 'a second application of a server';
($rtmp, $answer) = connected('live', port => 2);
is $answer->{name}, '_error', 'which does not know those of others';

# --- out of order -----------------------------------------------------------

sub refused {
    my ($code, $log, $title, $rtmp) = @_;
    my $answer = $rtmp->wait_status(qr/./);

    is $answer && $answer->{info}{code}, $code, "$title: $code";
    is $answer && $answer->{info}{level}, 'error', 'level error';
    is $rtmp->wait_message(sub { 0 }), undef, 'nothing after it';
    ok $rtmp->eof, 'closed';
    $t->log_like($log, 'logged');
}

$rtmp = $t->rtmp;
$rtmp->handshake;
$rtmp->send_command_on(1, 'publish', 1, undef, amf_string('early'), 'live');
refused('NetStream.Publish.Failed', qr/rtmp publish before connect/,
        'publish before connect', $rtmp);

$rtmp = connected();
$rtmp->create_stream;
$rtmp->send_tag(9, 0, $tags->{video_header}{body});
refused('NetStream.Publish.Failed', qr/rtmp media before publish/,
        'media before publish', $rtmp);

$rtmp = connected();
$rtmp->send_command('connect', 9, { app => amf_string('live') });
refused('NetConnection.Connect.Failed', qr/rtmp second connect/,
        'a second connect', $rtmp);

$rtmp = connected();
$rtmp->publish('twice');
$rtmp->send_command_on(1, 'publish', 9, undef, amf_string('twice2'), 'live');
refused('NetStream.Publish.Failed', qr/rtmp second publish/,
        'a second publish', $rtmp);
ok +(wait_for { !stream_status($t, 'twice') } 5), 'and the first is over';

$rtmp = connected();
$rtmp->send_command_on(1, 'play', 9, undef, amf_string('cam'));
refused('NetStream.Play.Failed', qr/rtmp playing is not supported/,
        'play', $rtmp);

# --- a full zone ------------------------------------------------------------

$rtmp = connected('big', port => 3);
refused_full($rtmp->publish('large'));

sub refused_full {
    my ($answer) = @_;

    is $answer->{info}{code}, 'NetStream.Publish.Denied', 'the zone is full';
    is $answer->{info}{level}, 'error', 'level error';
    is $rtmp->read_message, undef, 'nothing after it';
    ok $rtmp->eof, 'closed';
}
my $full =
    qr/\[crit\].* zone "live" is full: not enough memory, stream "large"/;
$t->expect_log($full);
$t->log_like($full, 'logged');
ok !stream_status($t, 'large'), 'there is no such stream';

# --- timeouts ---------------------------------------------------------------

my $silent = $t->raw(2);                        # no handshake
my $half = connected('brief', port => 2);       # no publish
my $idle = connected('brief', port => 2);
$idle->publish('idle');
is $idle->wait_status('NetStream.Publish.Failed', 5)->{info}{level}, 'error',
    'an idle publisher is told that it timed out';
is $silent->read(1, 5), '', 'a silent client';
ok $silent->eof, 'is sent away';
$half->wait_message(sub { 0 }, 5);
ok $half->eof, 'one without publish too';
is $t->log_count(qr/rtmp timed out/), 3, 'one line each';
ok +(wait_for { !stream_status($t, 'idle') } 5), 'and the name is free';

# --- nothing is left --------------------------------------------------------

$rtmp = undef;
ok +(wait_for {
    my $zone = zone_status($t);
    my @open = grep { $_->{state} =~ /starting|live/ }
               @{ status($t)->{streams} };
    $zone->{refs} == 0 && !@open;
} 5), 'no references and no open streams when all are gone';
is zone_status($t)->{workers}, 2, 'both workers';

$t->finish;
done_testing();
