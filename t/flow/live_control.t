# Proves that who operates the server sees the streams of a zone and can end
# one: whatever worker has it, without a grace time.
use strict;
use warnings;

use JSON::PP ();
use Test::More;
use Test::Video;
use Test::Video::Live;

my $t = Test::Video->new;
$t->conf(live_conf(grace => '60s', locations =>
    'location /control/ { video_control zone=live; }'))->run;

sub control {
    my ($path) = @_;
    my $response = $t->get("/control/streams$path");
    return $response->status == 200
        ? JSON::PP::decode_json($response->body) : $response->status;
}

sub kick { return $t->get("/control/streams/$_[0]", method => 'DELETE')->status }

is_deeply control('')->{streams}, [], 'nobody';

my @feeds = map { live_feed($t, $_) } qw(one two);
$_->to(3500) for @feeds;

is_deeply [sort map { $_->{name} } @{ control('')->{streams} }],
    [qw(one two)], 'two streams';
my $one = control('/one');
is $one->{state}, 'live', 'one of them';
is $one->{zone}, 'live', 'its zone';
is $one->{runs}, 1, 'it has not been continued';
my ($video, $audio) = @{ $one->{tracks} };
is "$video->{kind} $audio->{kind}", 'video audio', 'its tracks';
like $video->{codec}, qr/^avc1\./, 'codec';
is "$video->{width} $video->{height} $video->{fps}", '320 180 30', 'pictures';
is "$audio->{codec} $audio->{sample_rate} $audio->{channels}",
    'mp4a.40.2 48000 2', 'sound';
is $video->{segment}, 1, 'how long its segments are';
cmp_ok $video->{bandwidth}, '>', 50_000, 'bit rate';
is control('/three'), 404, 'another one is not there';

# in another worker than its publisher or not: both are asked
is kick('one'), 204, 'one is to end';
my ($frame) = grep { $_->{type} == 9 } @{ $feeds[0]{frames} };
$feeds[0]->rtmp->send_tag(9, 3600, $frame->{body});
1 while $feeds[0]->rtmp->read_message;
is +($feeds[0]->rtmp->status_codes)[-1], 'NetStream.Publish.Failed',
    'its publisher is told';
$t->log_like(qr/stream "one" is to end: video_control/, 'a line about who');
$t->log_like(qr/rtmp invalid media: ended by video_control, publishing "one"/,
    'and one of the publisher');
ok +(wait_for { control('/one')->{state} eq 'ended' } 5), 'it has no grace';
like media_list($t, '/live/one/v0/index.m3u8')->{text}, qr/ENDLIST/,
    'its playlist ends';
is kick('one'), 409, 'once is enough';
is control('/two')->{state}, 'live', 'the other one goes on';
$feeds[1]->to(4500);

# one that is waited for
$feeds[1]->reset;
ok +(wait_for { control('/two')->{state} eq 'paused' } 5), 'paused';
is kick('two'), 204, 'a stream that is waited for';
is control('/two')->{state}, 'ended', 'is over at once';
like media_list($t, '/live/two/v0/index.m3u8')->{text}, qr/ENDLIST/,
    'and says so';

# the name is free
my $feed = live_feed($t, 'one');
is $feed->code, 'NetStream.Publish.Start', 'it can be published again';
$feed->to(1500);
is control('/one')->{state}, 'live', 'and is not ended by what was';
$feed->end;

$t->finish;
done_testing;
