# Proves that a manifest has all tracks in each period: what it is asked for
# waits until each has a segment, a run is told when each has one in it, and a
# segment that one of them has later than the first is told at once; and that
# a track which does not come is not waited for.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::DASH;
use Test::Video::Live;

my $t = Test::Video->new;
$t->conf(live_conf(grace => '20s', rtmp => 'video_audio_fill 0;'))->run;

my $tags = live_tags();
my @headers = map { { %{ $tags->{$_} }, timestamp => 0 } }
              qw(video_header audio_header);
my %frames = map { my $type = $_;
                   ($type => [grep { $_->{type} == $type }
                              @{ $tags->{frames} }]) } 8, 9;

# Frames of video, or of audio, of a time in ms.
sub video { return part(9, @_) }
sub audio { return part(8, @_) }

sub part {
    my ($type, $from, $to) = @_;
    return grep { $_->{timestamp} >= $from && $_->{timestamp} < $to }
           @{ $frames{$type} };
}

# What a manifest has: "v0:2 a0:1" for each period, with the number of segments.
sub has {
    my ($name) = @_;
    return join '; ', map {
        join ' ', map { "$_->{id}:" . @{ $_->{segments} } } @{ $_->{tracks} }
    } periods($t->get("/live/$name/manifest.mpd")->body, "/live/$name");
}

# a stream that begins
my $feed = live_sent($t, 'cam', [@headers, video(0, 1200)]);
my $asked = $t->get('/live/cam/manifest.mpd', start => 1);
$feed->send(audio(0, 900));
ok !$asked->done, 'it is waited for audio';
$feed->send(audio(900, 1200));
my $response = $asked->end;
is $response->status, 200, 'which has come';
is join(' ', map { $_->{id} } representations($response->body, '')), 'v0 a0',
    'both are told';

# the leader's segment is there first
$feed->send(video(1200, 3200), audio(1200, 2000));
like has('cam'), qr/^v0:4 a0:[23]$/, 'audio is behind';
$feed->send(audio(2000, 3200));
is has('cam'), 'v0:4 a0:4', 'what has come of it is told at once';

# it comes back
$feed->reset;
ok +(wait_for { stream_status($t, 'cam')->{state} eq 'paused' } 5), 'it breaks';
my $before = has('cam');
$feed = live_sent($t, 'cam', [@headers, video(0, 1200)]);
is has('cam'), $before, 'a run without audio is not told';
$feed->send(audio(0, 1200));
is has('cam'), "$before; v0:2 a0:2", 'but with it';
$feed->end;
is has('cam'), "$before; v0:2 a0:2", 'and at the end';

# what does not come
$feed = live_sent($t, 'mute', [@headers, video(0, 2200)]);
is has('mute'), 'v0:3', 'video begins alone after its first segment';
$feed->reset;
ok +(wait_for { stream_status($t, 'mute')->{state} eq 'paused' } 5), 'breaks';
$feed = live_sent($t, 'mute', [@headers, video(0, 5200)]);
like has('mute'), qr/; v0:6$/, 'audio is not waited for for ever';
$feed->end;

# the window is one of media: an absence comes on top, while it is in it
sub depth {
    my ($name) = @_;
    my $text = $t->get("/live/$name/manifest.mpd")->body;
    my ($depth) = attribute($text, 'timeShiftBufferDepth') =~ /^PT([\d.]+)S$/;
    return $depth;
}

$feed = live_sent($t, 'away', [@headers, video(0, 1200), audio(0, 1200)]);
is depth('away'), '8.000', 'the window';
$feed->reset;
wait_for { 0 } 2.9;
$feed = live_sent($t, 'away', [@headers, video(0, 1200), audio(0, 1200)]);
is has('away'), 'v0:2 a0:2; v0:2 a0:2', 'it was away';
cmp_ok depth('away'), '>', 9, 'the window reaches over that';
$feed->end;

# Every period has both, at any time: also as it begins, where the clock is
# put right, and as it leaves the window.
$feed = live_feed($t, 'long');
$feed->to(1500);
my (%ids, %wrong);
for (my $ms = 1500; $ms < 65_000; $ms += 150) {
    $feed->to($ms);
    for (periods($t->get('/live/long/manifest.mpd')->body, '')) {
        my $has = join ' ', map { $_->{id} } @{ $_->{tracks} };
        $ids{ $_->{id} } = 1;
        $wrong{"$_->{id} has $has"}++ if $has ne 'v0 a0';
    }
}
cmp_ok scalar(keys %ids), '>=', 3, 'the clock was put right';
is join(', ', sort keys %wrong), '', 'each period always has both tracks';
$feed->end;

$t->finish;
done_testing;
