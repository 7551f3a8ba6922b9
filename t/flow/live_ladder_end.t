# Proves that the rungs of a stream end where their source does: what is in
# decoders and encoders when its publisher goes comes yet, and meanwhile nobody
# is refused the name.
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
$t->conf('worker_shutdown_timeout 2s; ' . live_conf(
    video => "transcoder $program path=%%ROOT%%/transcoder streams=16;"
             . 'ladder low { rung high 320x180 300k; rung low 160x90 100k;
                             audio 64k; }
                ladder quality { latency quality; rung high 320x180 300k;
                                 rung low 160x90 100k; }',
    window => '20s',
    servers => 'map $video_name $ladder { default low; ~^quality quality; }',
    rtmp => 'video_transcode $ladder;'))->run;

sub processes { return Test::Video::Process::children(transcoder_pid($t)) }

sub ended {
    my ($stream, $v) = @_;
    return $t->get("/live/$stream/$v/index.m3u8")->body =~ /#EXT-X-ENDLIST/;
}

# Pictures of each segment.
sub pictures {
    my ($stream, $v) = @_;
    my $track = live_track($t, "/live/$stream/$v/index.m3u8") or return [];
    return [map { scalar @$_ } @{ $track->{segments} }];
}

# In real time.
sub feed {
    my ($name, $ms, %o) = @_;
    my $feed = live_feed($t, $name, %o);

    ladder_until { $feed->{at} >= $ms } $feed;
    return $feed;
}

sub whole {
    my ($stream, $name, $least) = @_;
    ok +(wait_for { ended($stream, 'v0') } 10), "$name: the stream ends";
    my $source = pictures($stream, 'v0');
    cmp_ok scalar @$source, '>=', $least, 'its segments';
    for my $v (qw(v1 v2)) {
        ok ended($stream, $v), "with $v";
        is_deeply pictures($stream, $v), $source, 'which has all pictures';
    }
    return;
}

ok +(wait_for { transcoder_pid($t) } 10), 'a transcoder';

# --- a good-bye, and none ----------------------------------------------------

my $feed = feed('clean', 2400);
$feed->more(240);
$feed->end;
whole('clean', 'a good-bye', 3);

my @sound = map { live_track($t, "/live/clean/$_/index.m3u8") } qw(a0 a1);
my @ends = map { $_->{samples}[-1]{pts} + $_->{samples}[-1]{duration} } @sound;
cmp_ok abs($ends[0] - $ends[1]), '<', 2.1 * 1024 / 44100,
    'and its sound ends where the publisher\'s does';

$feed = feed('reset', 1400);
$feed->more(240);
$feed->reset;
whole('reset', 'a connection that is lost', 2);

# --- lookahead and pictures that wait for others ------------------------------

$feed = feed('quality', 3400);
my ($of) = processes();
$feed->end;
whole('quality', 'quality mode', 4);
ok +(wait_for { !Test::Video::Process::is_running($of) } 5),
    'its process has ended';
unlike $t->log, qr/\[warn\] .*transcoder/, 'nothing is to be said of that';

# --- the name is wanted meanwhile --------------------------------------------

$feed = feed('again', 1400);
($of) = processes();
kill 'STOP', $of;
$feed->more(200);
$feed->end;
is stream_status($t, 'again')->{state}, 'live',
    'a stream whose rungs have not ended is live';
my $next = live_feed($t, 'again', port => 1);
is $next->code, 'NetStream.Publish.Start', 'it can be published';
$t->log_like(qr/"again" is on air, another publisher stands by/,
    'who does stands by');
ok !ended('again', 'v0'), 'until it is over';
kill 'CONT', $of;
ok +(wait_for { $t->log =~ /stream "again" ended/ } 5), 'which it is then';
ladder_until { $t->log =~ /"again": the publisher that stood by takes over/ }
    $next;
$t->log_like(qr/"again": the publisher that stood by takes over/,
    'and the next one is on air');
$next->end;

# --- what does not end -------------------------------------------------------

$feed = feed('killed', 1400);
($of) = processes();
kill 'STOP', $of;
$feed->end;
kill 'KILL', $of;
ok +(wait_for { ended('killed', 'v0') } 4),
    'a stream ends whose transcoder dies then';
$t->log_like(qr/\[warn\] .*stream "killed": the transcoder is gone, the end of the stream is missing in its rungs/,
    'which is told');

$feed = feed('hangs', 1400);
($of) = processes();
kill 'STOP', $of;
$feed->end;
ok +(wait_for { ended('hangs', 'v0') } 15),
    'a stream ends whose transcoder hangs then';
$t->log_like(qr/\[warn\] .*stream "hangs": the transcoder takes too long, the end of the stream is missing in its rungs/,
    'which is told, too');
kill 'CONT', $of;

# --- a worker that quits -----------------------------------------------------

$feed = feed('quits', 1400);
($of) = processes();
kill 'STOP', $of;
$t->reload;
$feed->more(200);
$feed->end;
select undef, undef, undef, 0.3;
kill 'CONT', $of;
whole('quits', 'a worker of before a reload', 2);

$feed = feed('shut', 1400);
($of) = processes();
kill 'STOP', $of;
$t->reload;
$feed->end;
ok +(wait_for { ended('shut', 'v0') } 10), 'one that has to quit ends it';
unlike $t->log, qr/"shut": the transcoder takes too long/,
    'before it is given up';
kill 'CONT', $of;

done_testing;
