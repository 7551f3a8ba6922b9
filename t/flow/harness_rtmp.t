# Proves that our RTMP publisher speaks to somebody else's server (ffmpeg as a
# listener): media arrive whole and paced, and each way to end is seen.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::AMF qw(amf_encode amf_decode amf_object amf_bool amf_ecma);
use Test::Video::FLV;
use Test::Video::Media;
use Test::Video::Ports;
use Test::Video::Process;
use Test::Video::Publisher;
use Test::Video::RTMP;

plan tests => 20;

my $port = Test::Video::Ports::take_window();
my $dir = File::Temp->newdir;
my $flv = flv_h264_aac(seconds => 3, bframes => 2);
my @tags = Test::Video::FLV::read_tags($flv);
my $frames = grep { Test::Video::FLV::is_frame($_) } @tags;

is $frames, 90, 'FLV reader sees all frames';
is scalar(grep { Test::Video::FLV::is_keyframe($_) } @tags), 3, 'keyframes';
is flv_h264_aac(seconds => 3, bframes => 2), $flv, 'media are made once';

is_deeply [amf_decode(amf_encode('connect', 1, { app => 'live', n => 2.5 },
                                 undef, amf_bool(1), [1, 'x'],
                                 amf_object(a => 1), amf_ecma(b => 'c')))],
          ['connect', 1, { app => 'live', n => 2.5 }, undef, 1, [1, 'x'],
           { a => 1 }, { b => 'c' }],
          'AMF there and back';


# ffmpeg accepts one publisher, writes what it gets, and ends.
sub listen_with_ffmpeg {
    my ($name) = @_;
    my $pid = Test::Video::Process::spawn(
        cmd => ['ffmpeg', '-v', 'error', '-y', '-listen', 1,
                '-i', "rtmp://127.0.0.1:$port/live/stream",
                '-c', 'copy', '-f', 'flv', "$dir/$name.flv"],
        output => "$dir/$name.log",
    );

    wait_for { Test::Video::Ports::is_listening($port) } 5
        or BAIL_OUT('ffmpeg does not listen');
    return $pid;
}


sub publish {
    my (%o) = @_;
    return Test::Video::Publisher->start(
        port => $port, app => 'live', stream => 'stream', file => $flv, %o);
}


# The whole file, at ten times its speed.
my $ffmpeg = listen_with_ffmpeg('all');
my $start = now();
my $publisher = publish(speed => 10);

is +($publisher->status_codes)[0], 'NetStream.Publish.Start', 'accepted';
ok $publisher->publishing, 'publishing';
is $publisher->wait_end, 'end of file', 'sent to its end';
my $took = now() - $start;
cmp_ok $took, '>', 0.25, "paced ($took s)";
cmp_ok $publisher->timestamp, '>', 2900, 'timestamps counted';

defined Test::Video::Process::wait_exit($ffmpeg, 5)
    or Test::Video::Process::end($ffmpeg);
my @got = Test::Video::FLV::read_tags("$dir/all.flv");
my @got_frames = grep { Test::Video::FLV::is_frame($_) } @got;
my @sent_frames = grep { Test::Video::FLV::is_frame($_) } @tags;
is_deeply [map { $_->{body} } @got_frames], [map { $_->{body} } @sent_frames],
          'every frame arrived as it was';


# Stopping, standing still, and being cut off.
$ffmpeg = listen_with_ffmpeg('pause');
$publisher = publish(loop => 0, speed => 5);
ok +(wait_for { $publisher->timestamp > 500 } 3), 'under way';
$publisher->pause;
my $at = -1;
wait_for { my $same = $at == $publisher->timestamp;
           $at = $publisher->timestamp;
           Test::Video::Loop::pump(0.2); $same } 3;
is $publisher->timestamp, $at, 'stands still';
$publisher->resume;
ok +(wait_for { $publisher->timestamp > $at + 3000 } 5), 'goes on, over a loop';
$publisher->stop;
is $publisher->ended, 'stopped', 'stopped';
Test::Video::Process::end($ffmpeg);

$ffmpeg = listen_with_ffmpeg('cut');
$publisher = publish(loop => 0);
$publisher->cut;
is $publisher->ended, 'cut', 'cut';
ok defined Test::Video::Process::wait_exit($ffmpeg, 5), 'the server noticed';
Test::Video::Process::end($ffmpeg);

$ffmpeg = listen_with_ffmpeg('kill');
$publisher = publish(loop => 0);
Test::Video::Process::end($ffmpeg, 'KILL');
like $publisher->wait_end, qr/closed by the server/, 'server gone';


# The low-level client, one step after the other.
$ffmpeg = listen_with_ffmpeg('low');
my $rtmp = Test::Video::RTMP->new(port => $port);
ok $rtmp->handshake, 'handshake';
is $rtmp->connect_app('live')->{name}, '_result', 'connect';
is $rtmp->publish('stream')->{info}{code}, 'NetStream.Publish.Start',
   'publish';
$rtmp->reset;
Test::Video::Process::end($ffmpeg);
