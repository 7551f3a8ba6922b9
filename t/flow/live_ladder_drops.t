# Proves that pictures that a ladder leaves out for want of time change nothing
# of the segments that follow: they begin where those of the source do.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Ladder;
use Test::Video::Live;
use Test::Video::Process;

my $program = ladder_program();
plan skip_all => 'video-transcoder is not built' if !$program;

my $t = Test::Video->new;
$t->conf(live_conf(
    video => "transcoder $program path=%%ROOT%%/transcoder streams=17;"
             . 'ladder three { rung high 320x180 300k; rung low 160x90 100k;
                            rung slow 160x90 100k fps=15; }',
    part => '333ms', window => '30s',
    rtmp => 'video_transcode three;'))->run;

ok +(wait_for { transcoder_pid($t) } 10), 'a transcoder';
my $feed = live_feed($t, 'cam');
ladder_until { $feed->{at} >= 1300 } $feed;
my ($of) = Test::Video::Process::children(transcoder_pid($t));

# it is late, now and then, and then in time again
my $dropped = 0;
for my $ms (3350, 5650, 8450) {
    kill 'STOP', $of;
    my $end = $feed->{at} + 900;
    ladder_until { $feed->{at} >= $end } $feed;
    kill 'CONT', $of;
    ladder_until { $feed->{at} >= $ms } $feed;
}
my $last = $feed->{at} + 4000;
ladder_until { $feed->{at} >= $last } $feed;
$dropped = stream_status($t, 'cam')->{ladder}{dropped};
cmp_ok $dropped, '>', 0, 'pictures are left out';
$feed->end;
ok +(wait_for { $t->log =~ /stream "cam" ended/ } 10), 'the stream ends';

sub starts {
    my $track = live_track($t, "/live/cam/$_[0]/index.m3u8");
    return [map { sprintf '%.6f', $_->[0]{dts} } @{ $track->{segments} }];
}

my $source = starts('v0');
cmp_ok scalar @$source, '>', 8, 'segments of the source';
is_deeply starts($_), $source, "$_: all begin where those do" for qw(v1 v2);

# of one with a rate of its own it is not known what is missing
my $slow = starts('v3');
is_deeply [@$slow[-3 .. -1]], [@$source[-3 .. -1]],
    'v3: the last ones begin where those do';

done_testing;
