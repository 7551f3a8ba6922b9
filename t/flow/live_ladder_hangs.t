# Proves that a process of a stream that hangs costs the ladder of this stream
# for as long as it does, and nothing else: one that makes no progress is ended
# by its alarm ("timeout"), one that can't be is given up by the worker.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Ladder;
use Test::Video::Live;
use Test::Video::Process;

my $program = ladder_program();
plan skip_all => 'video-transcoder is not built' if !$program;

# The first picture of "large" takes many times as long as one may: its pictures
# are noise.
my $t = Test::Video->new;
$t->conf(live_conf(
    video => "transcoder $program path=%%ROOT%%/transcoder streams=15 timeout=2s;"
             . 'ladder two { rung high 320x180 600k; rung low 160x90 200k; }
                ladder large {'
             . join('', map { "rung large$_ 2560x1440 10m preset=veryslow;" }
                        1 .. 5)
             . 'rung low 160x90 200k; }',
    zone => '256m', window => '12s',
    servers => 'map $video_name $ladder { default two; large large; }',
    rtmp => 'video_transcode $ladder;'))->run;

sub processes { return Test::Video::Process::children(transcoder_pid($t)) }

sub gaps {
    my ($path) = @_;
    return scalar grep { $_->{gap} } @{ media_list($t, $path)->{items} };
}

# Whether the rungs of "cam" are as far as their source, and not with gaps.
sub follows {
    my ($source, @rungs) = ladder_tracks($t, 'cam');

    return $source && !grep {
        my ($newest) = reverse grep { $_->{kind} eq 'segment' }
                       @{ media_list($t, "/live/cam/v$_/index.m3u8")->{items} };
        $rungs[$_ - 1]{msn} != $source->{msn} || $newest->{gap}
    } 1, 2;
}

# --- its alarm ---------------------------------------------------------------

ok +(wait_for { transcoder_pid($t) } 10), 'a transcoder';
my $cam = live_feed($t, 'cam');
ok ladder_to($t, 'cam', $cam, 2250), 'a stream with rungs';
my $daemon = transcoder_pid($t);
my ($of_cam) = processes();

my $large = live_feed($t, 'large', flv => [size => '2560x1440', gop => 180,
    bitrate => '40M', picture => 'nullsrc=size=2560x1440:rate=30,'
    . 'trim=end_frame=1,geq=random(1)*255:128:128,loop=200:1:0']);
$large->to(250);
my ($slow) = grep { $_ != $of_cam } processes();
ok $slow, 'another one, with pictures that are too large for its ladder';

my ($goes_on, $until) = (1, time + 60);
while (time < $until && $t->log !~ /process $slow of a stream/) {
    $goes_on &&= ladder_to($t, 'cam', $cam, $cam->{at} + 300);
    $large->more(100);
}
$t->log_like(qr/process $slow of a stream made no progress/,
    'its process is ended, and that is told');
ok +(wait_for {
    $t->log =~ /\[warn\] .*stream "large": the transcoder (is gone|takes nothing)/
} 5), 'the worker goes on without it';
is transcoder_pid($t), $daemon, 'the daemon has not died';
ok $goes_on && ladder_to($t, 'cam', $cam, $cam->{at} + 1500),
    'other streams go on';
is scalar(grep { $_ == $of_cam } processes()), 1, 'in the same process';
is gaps("/live/cam/v$_/index.m3u8"), 0, "v$_: nothing of it is missing"
    for 1, 2;

ok +(ladder_until {
    1 == grep { $_->{kind} eq 'video' && $_->{parts} }
         @{ (stream_status($t, 'large') // {})->{tracks} // [] };
} $large), 'the stream is live without its rungs';
$large->change(size => '320x180');
ok +(ladder_until {
    my ($source, @rungs) = ladder_tracks($t, 'large');
    grep { $_->{width} == 160 && $_->{msn} == $source->{msn} } @rungs;
} $large), 'and has a ladder again when its pictures are what can be encoded';
$large->end;

# --- the worker --------------------------------------------------------------

# the alarm of a process that is stopped waits, too
kill 'STOP', $of_cam;
my $source = gaps('/live/cam/v0/index.m3u8');
for (1 .. 300) {
    last if $t->log =~ /stream "cam": the transcoder has said nothing/;
    $cam->more(100);
    select undef, undef, undef, 0.1;
}
$t->log_like(qr/\[warn\] .*stream "cam": the transcoder has said nothing for too long, it is tried again in \d+ ms/,
    'a process that can\'t be ended is given up');
is gaps('/live/cam/v0/index.m3u8'), $source, 'the source goes on';
ok +(ladder_until { follows() } $cam), 'its rungs come from another process';
is transcoder_pid($t), $daemon, 'of the same daemon';
kill 'CONT', $of_cam;
ok +(wait_for { !Test::Video::Process::is_running($of_cam) } 5),
    'the one that was given up ends when it can';
$cam->end;

done_testing;
