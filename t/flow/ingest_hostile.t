# Proves that whatever comes to the RTMP port, the connection is closed with one
# line in the log and, where the protocol has one, an error for the sender; that
# nothing of it stays in the zone, and that others are not disturbed.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::AMF qw(amf_encode amf_string);
use Test::Video::Live;
use Test::Video::RTMP;

my $t = Test::Video->new(log_level => 'info');

$t->conf(live_conf(servers => <<'CONF'))->run;
    server {
        listen 127.0.0.1:%%PORT_2%% sndbuf=4k;
        video_rtmp live zone=live;
        video_rtmp_max_message 64k;
    }
CONF

my $tags = live_tags();
my $video_header = $tags->{video_header}{body};
my $audio_header = $tags->{audio_header}{body};
my ($key) = map { $_->{body} } grep { $_->{type} == 9 } @{ $tags->{frames} };
my ($sound) = map { $_->{body} } grep { $_->{type} == 8 } @{ $tags->{frames} };

my $FAILED = 'NetStream.Publish.Failed';
my $CHUNK = 'NetConnection.Connect.Failed';

my $log_at = 0;


# What the connections have logged since the last call, at most level info.
sub new_lines {
    my $text = $t->server->log_from($log_at);

    $text =~ s/[^\n]+\z//;
    $log_at += length $text;
    return grep { / \[(?:info|warn|error|crit|alert|emerg)\] /
                  && !/client [\d.:]+ connected to/ } split /\n/, $text;
}


# One case: the connection ends, one line is logged, the sender was told.
sub ends {
    my ($title, $connection, $code, $log) = @_;
    my $is_rtmp = $connection->isa('Test::Video::RTMP');
    my @lines;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    if ($is_rtmp) {
        1 while $connection->read_message(5);
    } elsif ($connection->socket) {
        $connection->read_all(5);
    }
    my $gone = !$is_rtmp && !$connection->socket || $connection->eof;
    wait_for { push @lines, new_lines(); @lines } 5;
    $t->get('/pid');
    push @lines, new_lines();

    my @told = $is_rtmp ? $connection->status_codes : ();
    my $wanted = @lines == 1 && $lines[0] =~ $log;
    ok $gone && $wanted && ($told[-1] // '') eq ($code // $told[-1] // ''),
        $title
        or diag(($gone ? '' : "still open\n"), 'told: ', $told[-1] // 'nothing',
                "\n", map { "$_\n" } @lines);
    $connection->close;
}


# --- before RTMP ------------------------------------------------------------

sub sent {
    my ($bytes, $then) = @_;
    my $raw = $t->raw(1);

    $raw->write($bytes) if length $bytes;
    $raw->$then if $then;
    return $raw;
}

my $c1 = "\x03" . "\0" x 1536;

ends 'nothing at all', sent('', 'close'), undef,
    qr/rtmp connection closed, .* 0 bytes received/;
ends 'a reset', sent("\x03", 'reset'), undef, qr/rtmp connection closed|reset/;
ends 'another protocol', sent("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), undef,
    qr/rtmp invalid handshake: not the version byte of RTMP/;
ends 'TLS', sent("\x16\x03\x01\x02\x00" . "\x01" x 512), undef,
    qr/rtmp invalid handshake/;
ends 'the version byte only', sent("\x03", 'close'), undef,
    qr/rtmp connection closed, .* 1 bytes received/;
ends 'half a handshake', sent(substr($c1, 0, 700), 'close'), undef,
    qr/rtmp connection closed, .* 700 bytes received/;
ends 'no second half', sent($c1, 'close'), undef,
    qr/rtmp connection closed, .* 1537 bytes received/;
ends 'garbage after the version byte',
    sent("\x03" . join '', map { chr int rand 256 } 1 .. 100_000), undef,
    qr/rtmp invalid chunk stream|rtmp malformed|rtmp invalid control/;
ends 'garbage after the handshake', sent($c1 . "\0" x 1536 . "\xff" x 2000),
    undef, qr/rtmp invalid chunk stream: chunk stream without a first header/;

# --- chunks -----------------------------------------------------------------

my $names = 0;

sub handshaken {
    my (%o) = @_;
    my $rtmp = $t->rtmp(%o);
    $rtmp->handshake or die "no handshake\n";
    return $rtmp;
}

sub publishing {
    my (%o) = @_;
    my $rtmp = handshaken(%o);

    $rtmp->connect_app('live') or die "not connected\n";
    my $answer = $rtmp->publish('hostile' . $names++);
    $answer && $answer->{info}{code} eq 'NetStream.Publish.Start'
        or die "not publishing\n";
    return $rtmp;
}

# A new connection to which a message has been sent.
sub told {
    my ($make, @message) = @_;
    my $rtmp = $make->();
    $rtmp->send_message(@message);
    return $rtmp;
}

for my $make (\&handshaken, \&publishing) {
    my $when = $make == \&publishing ? 'publishing' : 'new';

    ends "$when: chunk size $_", told($make, 2, 1, 0, 0, pack 'N', $_),
        $CHUNK, qr/rtmp invalid chunk stream: chunk size out of range/
        for 0, 0x80000000, 0xffffffff;
    ends "$when: a short Set Chunk Size", told($make, 2, 1, 0, 0, 'abc'),
        $CHUNK, qr/rtmp invalid chunk stream: protocol control message/;
    ends "$when: a short user control message", told($make, 2, 4, 0, 0, "\0"),
        $CHUNK, qr/rtmp invalid control message: too short/;
    ends "$when: a short window", told($make, 2, 5, 0, 0, "\0"),
        $CHUNK, qr/rtmp invalid control message: too short/;

    my %bytes = (
        'a message of 16 MB' =>
            ["\x06\0\0\0\xff\xff\xff\x09\x01\0\0\0", qr/message too long/],
        'a chunk without a first header' =>
            ["\xc7", qr/chunk stream without a first header/],
        'a message inside another' =>
            ["\x06\0\0\0\0\x01\0\x09\x01\0\0\0" . 'x' x 128
             . "\x06\0\0\0\0\x01\0\x09\x01\0\0\0",
             qr/new message inside one of its chunk stream/],
        'too many chunk streams' =>
            [join('', map { "\0" . chr($_) . "\0\0\0\0\0\0\x4d\0\0\0\0" }
                      0 .. 99), qr/too many chunk streams/],
    );
    for my $what (sort keys %bytes) {
        my $rtmp = $make->();
        $rtmp->send_raw($bytes{$what}[0]);
        ends "$when: $what", $rtmp, $CHUNK,
            qr/rtmp invalid chunk stream: $bytes{$what}[1]/;
    }
}

my $long = publishing(port => 2);
$long->send_tag(9, 0, "\x17\x01\0\0\0" . 'x' x 70_000);
ends 'longer than video_rtmp_max_message', $long, $CHUNK,
    qr/rtmp invalid chunk stream: message too long/;

my $deaf = handshaken(port => 2, rcvbuf => 2048);
$deaf->{conn}{timeout} = 1;
my $ping = $deaf->message_bytes(2, 4, 0, 0, pack 'n N', 6, 1) x 500;
for (1 .. 200) {
    last if !$deaf->send_raw($ping);
}
ends 'a client that does not read', $deaf, undef,
    qr/rtmp client doesn't read its answers|rtmp send failed/;

# --- AMF --------------------------------------------------------------------

my $connect = amf_encode(amf_string('connect'), 1);
my %amf = (
    'empty'            => '',
    'no string'        => "\x05",
    'not AMF'          => "\xff" x 50,
    'a cut string'     => "\x02\xff\xffconnect",
    'no transaction'   => amf_encode(amf_string('createStream')),
    'a string as one'  => amf_encode(amf_string('connect'), amf_string('x')),
    'no object'        => $connect . "\x02\0\x01x",
    'a cut object'     => "$connect\x03\0\x03app\x02\0\x10li",
    'an endless object' => "$connect\x03" . "\0\x01a\x05" x 20,
    'deep nesting'     => $connect . "\x03\0\x01a" x 2000,
    'a huge array'     => "$connect\x03\0\x01a\x0a\xff\xff\xff\xff",
    'a huge string'    => "$connect\x03\0\x01a\x0c\xff\xff\xff\xff",
);
ends "AMF: $_", told(\&handshaken, 3, 20, 0, 0, $amf{$_}),
    'NetConnection.Call.Failed', qr/rtmp malformed command/
    for sort keys %amf;
ends 'a number for a name',
    told(\&publishing, 8, 20, 1, 0,
         amf_encode(amf_string('publish'), 9, undef, 5)),
    'NetConnection.Call.Failed', qr/rtmp malformed command/;
ends 'cut metadata', told(\&publishing, 5, 18, 1, 0,
    "\x02\0\x0d\@setDataFrame\x02\0\x0aonMetaData\x08\0\0\0\x05\0\x05width"),
    'NetConnection.Call.Failed', qr/rtmp malformed command/;

# --- media ------------------------------------------------------------------

sub media {
    my (@tags) = @_;
    my $rtmp = publishing();

    while (my ($type, $time, $body) = splice @tags, 0, 3) {
        $rtmp->send_tag($type, $time, $body);
    }
    return $rtmp;
}

# avcC with its parts replaced: bytes after the five of the FLV tag
sub avcc {
    my ($at, $bytes) = @_;
    my $body = $video_header;
    substr $body, 5 + $at, length $bytes, $bytes;
    return $body;
}

my %media = (
    'video without a codec header' =>
        [[9, 0, $key], qr/invalid media: video without codec header/],
    'audio without a codec header' =>
        [[8, 0, $sound], qr/invalid media: audio without codec header/],
    'a codec header without payload' =>
        [[9, 0, "\x17\0\0\0\0"], qr/FLV sequence header without payload/],
    'a cut tag' => [[9, 0, "\x17\x01"], qr/FLV tag header is cut/],
    'an unknown packet' =>
        [[9, 0, "\x17\x07\0\0\0x"], qr/unknown FLV packet type/],

    'avcC of another version' =>
        [[9, 0, avcc(0, "\x02")], qr/invalid media: avcC version is not 1/],
    'avcC cut' =>
        [[9, 0, substr $video_header, 0, 20], qr/invalid media: avcC is cut/],
    'avcC with a long SPS' =>
        [[9, 0, avcc(6, "\xff\xff")], qr/invalid media/],
    'avcC without SPS' =>
        [[9, 0, avcc(5, "\xe0")], qr/invalid media: no SPS in avcC/],
    'avcC of noise' => [[9, 0, avcc(1, 'z' x 30)], qr/invalid media/],
    'an empty AudioSpecificConfig' =>
        [[8, 0, "\xaf\0"], qr/FLV sequence header without payload/],
    'AudioSpecificConfig of noise' =>
        [[8, 0, "\xaf\0\xff\xff"], qr/invalid media/],
    'AudioSpecificConfig cut' => [[8, 0, "\xaf\0\x11"], qr/invalid media/],

    'a NAL unit longer than the frame' =>
        [[9, 0, $video_header, 9, 0, "\x17\x01\0\0\0\0\0\xff\xff\x65abc"],
         qr/invalid media: malformed video frame/],
    'a NAL length of 2^32-1' =>
        [[9, 0, $video_header, 9, 0, "\x17\x01\0\0\0\xff\xff\xff\xff\x65abc"],
         qr/invalid media: malformed video frame/],
    'a cut NAL length' =>
        [[9, 0, $video_header, 9, 0, "\x17\x01\0\0\0\0\0"],
         qr/invalid media: malformed video frame/],
    'Annex B' =>
        [[9, 0, $video_header, 9, 0, "\x17\x01\0\0\0\0\0\0\x01\x65\x88\x80"],
         qr/invalid media: malformed video frame/],

    'a composition time of two hours' =>
        [[9, 0, $video_header, 9, 0, "\x17\x01\x7f\xff\xff"
                                     . substr $key, 5],
         qr/invalid media: composition time out of range/],

    'HEVC of noise' => [[9, 0, "\x90hvc1abcd"], qr/invalid media: hvcC/],
    'HEVC as codec 12, cut' => [[9, 0, "\x1cabc"], qr/FLV tag header is cut/],
    'AV1 of noise' => [[9, 0, "\x90av01abcd"], qr/invalid media: .*av1C/],
    'VP9 of noise' => [[9, 0, "\x90vp09abcd", 9, 0, "\x93vp09abcd"],
                       qr/invalid media: no frame marker of VP9/],
    'AVC of noise' => [[9, 0, "\x90avc1abcd"], qr/invalid media: avcC/],
    'VP8' => [[9, 0, "\x90vp08abcd"], qr/video message: video codec VP8/],
    'no codec' => [[9, 0, "\x90\xff\0\n\r"],
                   qr/video message: unknown video codec/],
    'a multitrack message of noise' =>
        [[9, 0, "\x96\xff\x00\n\r"], qr/unknown FLV multitrack type/],
    'a track longer than its message' =>
        [[9, 0, "\x96\x11avc1\x01\xff\xff\xff..."], qr/FLV track is cut/],
    'ModEx without end' =>
        [[9, 0, "\x97" . "\x00\x00\x07" x 50], qr/FLV tag header is cut/],
    'Opus of noise' => [[8, 0, "\x90Opusabcd"], qr/invalid media: dOps/],
    'OpusHead cut' => [[8, 0, "\x90OpusOpusHead\x01\x02"],
                       qr/invalid media: OpusHead is cut/],
    'an Opus packet of no frames' =>
        [[8, 0, "\x90OpusOpusHead\x01\x02\0\0\x80\xbb\0\0\0\0\0",
          8, 0, "\x91Opus\x03\0"], qr/invalid media: malformed audio frame/],
    'FLAC of noise' => [[8, 0, "\x90fLaCabcd"],
                        qr/invalid media: STREAMINFO is cut/],
    'AC-3 of noise' => [[8, 0, "\x91ac-3abcd"],
                        qr/invalid media: no sync word of AC-3/],
    'E-AC-3 cut' => [[8, 0, "\x91ec-3\x0b\x77"],
                     qr/invalid media: syncframe of AC-3 is cut/],
    'MP3 of noise' => [[8, 0, "\x2fabc"],
                       qr/invalid media: no sync word of MP3/],
    'another codec than the header' =>
        [[9, 0, $video_header, 9, 0, "\x93hvc1abcd"],
         qr/invalid media: frame of another codec than the header/],
    'Sorenson video' => [[9, 0, "\x12abc"], qr/video codec Sorenson/],
    'an aggregate of noise' =>
        [[22, 0, 'x' x 100], qr/aggregate message: aggregate message is cut/],
    'an aggregate of 1025 messages' =>
        [[22, 0, join '', ("\x08" . "\0" x 13 . "\x0b") x 1025],
         qr/too many messages in an aggregate/],
    'an aggregate in an aggregate' =>
        [[22, 0, "\x16\0\0\0" . "\0" x 11], qr/aggregate message in another/],
);

ends $_, media(@{ $media{$_}[0] }), $FAILED, $media{$_}[1]
    for sort keys %media;

# --- gone in the middle -----------------------------------------------------

for my $then (qw(close reset)) {
    my $rtmp = media(9, 0, $video_header);
    my $bytes = $rtmp->message_bytes(6, 9, 1, 0, $key);
    $rtmp->send_raw(substr $bytes, 0, length($bytes) - 100);
    wait_for { $t->get('/pid')->status == 200 } 1;
    $rtmp->connection->$then;
    ends "$then in mid-message", $rtmp->connection, undef,
        qr/rtmp connection closed/;
}

# --- what is left of all that -----------------------------------------------

ok +(wait_for { !@{ status($t)->{streams} } } 5), 'no stream is left';
my $zone = zone_status($t);
is $zone->{$_}, 0, "zone: $_" for qw(refs chunks_reserved objects);
is $zone->{chunks_free}, $zone->{chunks}, 'all chunks are free';
is $zone->{workers}, 2, 'both workers live';

# --- what must be borne -----------------------------------------------------

my $feed = live_feed($t, 'robust');
my $rtmp = $feed->rtmp;
$feed->to(1500);
$rtmp->send_tag(9, 1480, '');                               # empty messages
$rtmp->send_tag(8, 1480, '');
$rtmp->send_tag(9, 1480, "\x17\x02\0\0\0");                 # end of sequence
$rtmp->send_tag(9, 1480, "\x57\x00");                       # info frame
$rtmp->send_tag(9, 1480, $video_header);                    # the same again
$rtmp->send_tag(8, 1480, $audio_header);
$rtmp->send_tag(8, 1200, $sound);                           # a little late
$rtmp->send_message(7, 77, 1, 0, '???');                    # unknown type
$rtmp->send_message(2, 2, 0, 0, pack 'N', 99);              # Abort
$rtmp->send_command('unknownCall', 99, undef, { a => [1, 2, { b => 3 }] });
$rtmp->send_message(5, 18, 1, 0, amf_encode(amf_string('onTextData'), 5));
$rtmp->send_tag(9, 1500, $key) for 1 .. 3000;               # all at once
$feed->to(3600);
is stream_status($t, 'robust')->{state}, 'live', 'a stream that is odd goes on';
is media_list($t, '/live/robust/v0/index.m3u8')->{status}, 200, 'and plays';
is_deeply [new_lines()], [], 'without a word in the log';

# --- in mid-stream ----------------------------------------------------------

$rtmp->send_tag(9, 3600, "\x17\0\0\0\0" . 'z' x 40);
ends 'a codec header of noise', $rtmp, $FAILED, qr/invalid media: avcC/;
is stream_status($t, 'robust')->{state}, 'interrupted', 'the stream is over';

# a late track is left out, not refused
$feed = live_feed($t, 'late', only => 'video');
$feed->to(2500);
$feed->rtmp->send_tag(8, 2500, $audio_header);
$feed->rtmp->send_tag(8, 2500, $sound);
$feed->to(3500);
is stream_status($t, 'late')->{state}, 'live', 'a late track is left out';
is scalar(grep { /stream "late": audio came too late/ } new_lines()), 1,
    'with one line in the log';

$feed = live_feed($t, 'after');
$feed->to(1200);
is $t->get('/live/after/master.m3u8')->status, 200, 'others can publish';

$feed = $rtmp = undef;
ok +(wait_for { zone_status($t)->{refs} == 0 } 5), 'no reference is left';

$t->finish;
done_testing();
