# Proves that parts keep to PART-TARGET whatever a publisher says and sends of
# the lengths of its frames: Opus may change them from packet to packet, a FLAC
# header may tell none, that of H.264 one of hours.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::FLV;
use Test::Video::Live;
use Test::Video::Media;
use Test::Video::RTMP;

my $t = Test::Video->new(log_level => 'info');

$t->conf(live_conf(workers => 1, servers => <<'CONF'))->run;
    server {
        listen 127.0.0.1:%%PORT_2%%;
        video_rtmp live zone=live;
        video_segment 1s;
        video_part 50ms;
    }
CONF

my $HEAD = "\x90OpusOpusHead\x01\x02\0\0\x80\xbb\0\0\0\0\0";

# Opus packets of some ms: the table-of-contents byte (RFC 6716, 3.1)
my %toc = (20 => "\xfc", 60 => "\x1c", 120 => "\x1d");


sub publisher {
    my ($stream, $port) = @_;
    my $rtmp = $t->rtmp(port => $port);

    $rtmp->handshake && $rtmp->connect_app('live') && $rtmp->publish($stream)
        or die "cannot publish $stream\n";
    return bless { rtmp => $rtmp, at => 0 }, 'Publisher';
}


# Packets of a length for so many ms.
sub Publisher::send {
    my ($self, $ms, $count) = @_;

    for (1 .. $count) {
        $self->{rtmp}->send_tag(8, $self->{at}, "\x91Opus$toc{$ms}x");
        $self->{at} += $ms;
    }
    return;
}


sub longest_part {
    my ($list) = @_;
    my ($longest) = sort { $b <=> $a } map { $_->{duration} }
                    grep { $_->{kind} eq 'part' } @{ $list->{items} };
    return $longest;
}


# === Opus that changes from 20 ms to 60, to 120 and back

my $opus = publisher('opus', 1);
$opus->{rtmp}->send_tag(8, 0, $HEAD);
$opus->send(20, 100);
$opus->send(60, 20);
$opus->send(120, 10);
$opus->send(20, 40);
$opus->{rtmp}->send_tag(8, $opus->{at}, '');
Test::Video::Live::Feed::settle($opus);

my $list = media_list($t, '/live/opus/a0/index.m3u8');
is $list->{status}, 200, 'a playlist';
cmp_ok longest_part($list), '<=', $list->{part_target} + 1e-6,
    'no part is longer than PART-TARGET';
cmp_ok longest_part($list), '>', 0.1, 'nor are they many short ones';

# === frames that fit into no part

my $long = publisher('long', 2);
$long->{rtmp}->send_tag(8, 0, $HEAD);
$long->send(20, 100);
$long->send(120, 1);
1 while $long->{rtmp}->read_message(5);
$t->log_like(qr/audio frame is longer than the parts/,
    'frames longer than the parts end the stream');

# === a FLAC header without block size

my $tags = live_tags();
my $flac = publisher('flac', 1);
$flac->{rtmp}->send_tag(9, 0, $tags->{video_header}{body});
$flac->{rtmp}->send_tag(8, 0, "\x90fLaCfLaC\x80\0\0\x22" . "\0" x 10
                              . "\x0b\xb8\x02\xf0" . "\0" x 20);
my ($key) = map { $_->{body} } grep { $_->{type} == 9 } @{ $tags->{frames} };
$flac->{rtmp}->send_tag(9, 0, $key);
Test::Video::Live::Feed::settle($flac);
pass 'a FLAC header without block size ends no worker';

# === an H.264 header with a picture in 4,000,000,000 seconds

my $slow = publisher('slow', 1);
my @slow = Test::Video::FLV::read_tags(
    media_file('slow.flv', '-i', live_flv(), qw(-c copy -f flv),
               '-bsf:v', 'h264_metadata=tick_rate=1/2000000000'));
$slow->{rtmp}->set_chunk_size(65536);
$slow->{rtmp}->send_tag($_->{type}, $_->{timestamp}, $_->{body})
    for grep { $_->{type} != 18 } @slow;
Test::Video::Live::Feed::settle($slow);

$list = media_list($t, '/live/slow/v0/index.m3u8');
cmp_ok $list->{part_target}, '<', 0.3, 'PART-TARGET is as configured';
cmp_ok longest_part($list), '<=', $list->{part_target} + 1e-6,
    'and no part is longer';

done_testing();
