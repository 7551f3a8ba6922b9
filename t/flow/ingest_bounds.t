# Proves what a publisher can make a worker hold and do: the open parts of all its
# tracks together have a bound, and thousands of questions in what is read at once
# cost little more than as many messages that ask nothing.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Live;
use Test::Video::RTMP;

use constant MB => 1024 * 1024;

my $t = Test::Video->new(log_level => 'info');
$t->conf(live_conf(workers => 1, zone => '128m', segment => '10s',
                   part => '5s', window => '30s'))->run;

my $tags = live_tags();
my $record = substr $tags->{video_header}{body}, 5;
my ($key) = map { substr $_->{body}, 5 }
            grep { $_->{type} == 9 } @{ $tags->{frames} };


# Enhanced RTMP, one track of several: 0 is a sequence start, 3 a frame without a
# composition time.
sub of_track {
    my ($track, $type, $time, $data) = @_;

    return { type => 9, timestamp => $time,
             body => "\x96" . chr($type) . 'avc1' . chr($track) . $data };
}

# A picture that nobody can decode.
sub large {
    my ($bytes) = @_;
    return pack('N', $bytes) . "\x65" . 'x' x ($bytes - 1);
}

sub peak {
    my ($pid) = $t->get('/pid')->body =~ /(\d+)/;

    open my $fh, '<', "/proc/$pid/status" or return 0;
    return (join('', <$fh>) =~ /VmHWM:\s*(\d+) kB/)[0] * 1024;
}

sub cpu {
    my ($pid) = $t->get('/pid')->body =~ /(\d+)/;

    open my $fh, '<', "/proc/$pid/stat" or return 0;
    my @field = split ' ', <$fh> =~ s/.*\) //r;
    return $field[11] + $field[12];
}


# --- open parts -------------------------------------------------------------

# what one track may hold
my $before = peak();
my %metadata = (videocodecid => 7, audiocodecid => 0);
my $one = live_sent($t, 'one', [$tags->{video_header}], metadata => \%metadata);
$one->send({ type => 9, timestamp => $_,
             body => "\x17\x01\x00\x00\x00" . large(7 * MB) }) for 0 .. 2;
is stream_status($t, 'one')->{state}, 'live', 'a part of 21 MB';
$one->end;
$t->log_like(qr/stream "one" ended, 3 frames/, 'is no end');

my $rtmp = live_sent($t, 'eight', [map { of_track($_, 0, 0, $record) } 0 .. 7],
                     metadata => \%metadata)->rtmp;
$rtmp->send_tag(@$_{qw(type timestamp body)})
    for map { of_track($_, 3, 0, $key) } 0 .. 7;
ok +(wait_for { (stream_status($t, 'eight') // {})->{state} eq 'live' } 5),
    'eight tracks';

TRACK:
for my $round (1 .. 5) {
    for my $track (0 .. 7) {
        my $tag = of_track($track, 3, $round, large(4 * MB));
        $rtmp->send_tag(@$tag{qw(type timestamp body)}) or last TRACK;
    }
}
my $status = $rtmp->wait_status(qr/Failed/);
is $status && $status->{info}{description}, 'too much in open parts',
    'of which each would hold as much';
$t->log_like(qr/\[info\].* rtmp invalid media: too much in open parts, publishing "eight"/,
    'log');
is $t->log_count(qr/rtmp .*"eight"/), 1, 'one line';
my $took = peak() - $before;
diag sprintf 'a worker took %.0f MB', $took / MB;
SKIP: {
    skip 'sanitizers have memory of their own', 1 if $ENV{TEST_NGINX_ASAN};
    # with the pages of the zone that it has touched
    cmp_ok $took, '<', 256 * MB, 'the memory of a worker';
}
$rtmp->close;

# who has not been let in has not even that
{
    my $client = $t->rtmp;

    $client->handshake && $client->connect_app('live')
        or die "cannot connect\n";
    $client->set_chunk_size(65536);
    $client->send_message(3, Test::Video::RTMP::DATA, 0, 0, 'x' x (512 * 1024));
    1 while $client->read_message;
    ok $client->eof, 'a large message before publish ends it';
    $t->log_like(qr/rtmp invalid chunk stream: too much in open messages, stream ""/,
        'log');
}

# --- questions --------------------------------------------------------------

# What a message type costs, 300000 of them; a ping at the end is answered when
# all is done, so the time is that of all.
sub costs {
    my ($title, $type, $body, $answer) = @_;
    my $client = $t->rtmp;

    $client->handshake or die "no handshake\n";
    my $bytes = $client->message_bytes(2, $type, 0, 0, $body) x 500;
    my $ping = $client->message_bytes(2, Test::Video::RTMP::USER_CONTROL, 0, 0,
                                      pack 'n N', 6, 7);
    my $conn = $client->connection;
    my $ticks = cpu();

    for (1 .. 600) {
        $conn->write($bytes . $ping);
        my $got = $conn->read_exactly($answer * 500 + 18) // '';
        return fail $title
            if substr($got, -6) ne pack 'n N', 7, 7;
    }
    $ticks = cpu() - $ticks;
    pass $title;
    $client->close;
    return $ticks;
}

my $quiet = costs('messages without an answer', Test::Video::RTMP::WINDOW_ACK,
                  pack('N', 0), 0);
my $asking = costs('pings', Test::Video::RTMP::USER_CONTROL,
                   pack('n N', 6, 5), 18);
diag "300000 messages: $quiet ticks, pings: $asking ticks";
cmp_ok $asking, '<', 3 * ($quiet + 2), 'are not much dearer';

$t->finish;
done_testing();
