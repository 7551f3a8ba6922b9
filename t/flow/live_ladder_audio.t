# Proves that the sound of a ladder is that of its publisher: when it was, in
# segments with the numbers of its pictures, in a group of its own that the
# rungs are played with; that it follows what happens to it; and that it can
# be missing.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Enhanced;
use Test::Video::Ladder;
use Test::Video::Live;
use Test::Video::Media;
use Test::Video::Process;
use Test::Video::Program;
use Test::Video::Sound;

my $program = ladder_program();
plan skip_all => 'video-transcoder is not built' if !$program;

my $t = Test::Video->new;
$t->conf(live_conf(
    video => "transcoder $program path=%%ROOT%%/transcoder streams=13;"
             . 'ladder heard { rung high 320x180 600k; rung low 160x90 200k;
                               audio 64k rate=44100 channels=1 variant; }',
    zone => '128m', grace => '5s', window => '12s',
    rtmp => 'video_transcode heard; video_audio_fill 500ms;
             video_record %%ROOT%%/rec;'))->run;
$t->expect_log(qr/video transcoder \d+ exited on signal 9/);

my @noise = (sound => 'anoisesrc=seed=3:color=pink:sample_rate=48000');
my $rate = 8000;

sub numbers { return [segment_msns(media_list($t, $_[0]))] }

# --- as it came -------------------------------------------------------------

my $feed = live_feed($t, 'cam', flv => \@noise);
ok ladder_to($t, 'cam', $feed, 4250), 'a stream';

my $master = $t->get('/live/cam/master.m3u8')->body;
is_deeply [map { /GROUP-ID="([^"]+)".*URI="(\w+)/ } lines_of($master,
    '#EXT-X-MEDIA')], [qw(audio a0 audio-made a1)], 'both are listed';
is_deeply [$master =~ /^#EXT-X-STREAM-INF:.*AUDIO="([^"]+)".*\n(\w+)/mg],
    [qw(audio v0 audio-made v1 audio-made v2 audio-made a1)],
    'each for its pictures, and that of the ladder without any';
like $master, qr/BANDWIDTH=80000,AVERAGE-BANDWIDTH=\d+,CODECS="mp4a.40.2",/,
    'with its rate';

my ($pictures, $source, $made) = map { live_track($t,
    "/live/cam/$_/index.m3u8") } qw(v0 a0 a1);
is_deeply [segment_msns($made->{list})], [segment_msns($source->{list})],
    'segments have the numbers of the source';
for my $n (0 .. $#{ $made->{segments} }) {
    my $off = $made->{segments}[$n][0]{pts} - $pictures->{segments}[$n][0]{pts};
    cmp_ok $off, '>=', -0.002, "segment $n begins with its pictures";
    cmp_ok $off, '<', 0.0262, 'or the frame after';
}
my @samples = @{ $made->{samples} };
is scalar(grep { abs($samples[$_]{pts} - $samples[$_ - 1]{pts}
                     - 1024 / 44100) > 1e-4 } 1 .. $#samples), 0,
    'each frame where the one before ends';

my ($was, $is) = map {
    my $track = $_ ? $made : $source;
    sound_pcm($t->write_file("a$_.mp4", $track->{init} . $track->{bytes}),
              $rate);
} 0, 1;
my $expected = int(($samples[0]{pts} - $source->{samples}[0]{pts}) * $rate
                   + 0.5);
my ($lag, $like) = sound_lag($was, $is, $expected - 16, $expected + 16, $rate);
cmp_ok abs($lag - $expected), '<=', 8, "when it was ($lag, $expected)";
cmp_ok $like, '>', 0.8, "and what it was ($like)";

my $mpd = $t->get('/live/cam/manifest.mpd')->body;
is scalar(() = $mpd =~ /<AdaptationSet /g), 3,
    'in a manifest it is a choice of its own';
like $mpd, qr/id="a1" bandwidth="80000" codecs="mp4a.40.2" audioSamplingRate="44100"/,
    'as it was asked for';
is_deeply [$t->get('/live/cam/master_ts.m3u8')->body =~ m{^(\w+)/index_ts}mg],
    [qw(v0 v1 v2)], 'transport streams have that of the publisher';

# --- it dies -----------------------------------------------------------------

kill 'KILL', transcoder_pid($t);
ok +(wait_for { $t->log =~ /stream "cam": the transcoder is gone/ } 5),
    'the transcoder dies';
$feed->to(5350);
is_deeply numbers('/live/cam/a1/index.m3u8'), numbers('/live/cam/v1/index.m3u8'),
    'gaps of sound have the numbers of those of pictures';

sub back {
    my ($stream) = @_;
    my @ends = map { [grep { $_->{kind} eq 'segment' }
                      @{ media_list($t, "/live/$stream/$_/index.m3u8")->{items}
                       }] } qw(v0 v1 a1);
    return !grep { !@$_ || $_->[-1]{gap} || $_->[-1]{msn} != $ends[0][-1]{msn}
                 } @ends;
}
ok +(ladder_until { back('cam') } $feed), 'it is back';
ok ladder_to($t, 'cam', $feed, (int($feed->{at} / 1000) + 2) * 1000 + 250),
    'with its pictures';
is_deeply numbers('/live/cam/a1/index.m3u8'), numbers('/live/cam/a0/index.m3u8'),
    'under the numbers of its source';

# --- the publisher's sound goes, and comes ------------------------------------

my @both = @{ $feed->{frames} };
my $silent = $feed->{at};
for (1 .. 25) {
    my $next = $feed->{frames}[$feed->{next}]{timestamp};
    $feed->{frames} = [grep { $_->{type} == 9 } @both];
    $feed->{next} = grep { $_->{timestamp} < $next } @{ $feed->{frames} };
    $feed->more(100);
    select undef, undef, undef, 0.1;
}
ok +(wait_for { back('cam') } 5), 'silence is made for the ladder, too';
$feed->{next} = grep { $_->{timestamp}
    < $feed->{frames}[$feed->{next}]{timestamp} } @both;
$feed->{frames} = \@both;
ok +(ladder_until { $feed->{at} > $silent + 4500 && back('cam') } $feed),
    'it comes again';
is_deeply numbers('/live/cam/a1/index.m3u8'), numbers('/live/cam/v0/index.m3u8'),
    'and nothing of it is missing';
$feed->end;
ok +(wait_for {
    my ($asset) = glob $t->root . '/rec/cam/*/asset.json';
    $asset && slurp($asset) =~ m{/a1\.mp4};
} 5), 'it is recorded';

# --- of another codec, late, and never ------------------------------------------

my $opus = media_file('ladder_opus.mp4', qw(-f lavfi -i
    testsrc2=size=320x180:rate=25 -f lavfi -i), "$noise[1]", qw(-t 4 -c:v libx264
    -preset veryfast -bf 0 -g 25 -keyint_min 25 -sc_threshold 0 -pix_fmt
    yuv420p -c:a libopus -fflags +bitexact -flags:v +bitexact -flags:a
    +bitexact -f mp4));
my @tags = in_time(map { enhanced_tags($_) } enhanced_sources($opus));
my $sent = live_sent($t, 'opus', []);
my $at = 0;
for my $tag (@tags) {
    select undef, undef, undef, ($tag->{timestamp} - $at) / 1000
        if $tag->{timestamp} > $at;
    $at = $tag->{timestamp} if $tag->{timestamp} > $at;
    $sent->send($tag);
}
ok +(wait_for { (my $list = live_track($t, '/live/opus/a1/index.m3u8')) } 10),
    'Opus';
is_deeply [map { /GROUP-ID="([^"]+)"/ } lines_of(
    $t->get('/live/opus/master.m3u8')->body, '#EXT-X-MEDIA')],
    [qw(audio audio-made)], 'has a group, and AAC another one';
is $t->get('/live/opus/master_ts.m3u8')->body =~ /mp4a/ ? 1 : 0, 1,
    'which is what transport streams can have';
$sent->end;

my $mute = live_feed($t, 'mute', only => 'video');
ok +(ladder_until { my @tracks = ladder_tracks($t, 'mute');
                    @tracks == 3 && $tracks[1]{msn} == $tracks[0]{msn}
                    && $tracks[1]{parts} } $mute), 'a stream without sound';
is_deeply [$t->get('/live/mute/master.m3u8')->body =~ m{^(\w+)/index}mg],
    [qw(v0 v1 v2)], 'has none of the ladder';
$mute->end;

# --- a reload ----------------------------------------------------------------

my $through = live_feed($t, 'through', flv => \@noise);
ok ladder_to($t, 'through', $through, 2350), 'another stream';
my $before = transcoder_pid($t);
$t->reload;
ok +(wait_for { my $pid = transcoder_pid($t); $pid && $pid != $before } 10),
    'a reload starts another transcoder';
my $next = live_feed($t, 'next', flv => \@noise);
ok ladder_to($t, 'next', $next, 1250), 'which has the next stream';
my @has = map { scalar(() = Test::Video::Process::children($_)) }
          $before, transcoder_pid($t);
is "@has", '1 1', 'and that alone: the one before has the stream of before';
ok ladder_to($t, 'through', $through, 5250), 'which goes on';

my %of = map { $_ => live_track($t, "/live/through/$_/index.m3u8") }
         qw(v0 v1 v2 a0 a1);
for my $name (sort keys %of) {
    my $list = $of{$name}{list};
    is_deeply [lines_of($list->{text}, '#EXT-X-DISCONTINUITY'),
               lines_of($list->{text}, '#EXT-X-GAP')], [],
        "$name: no discontinuity, no gap";
    is_deeply [segment_msns($list)], [segment_msns($of{v0}{list})],
        'with the same numbers';
}
for my $name (qw(v1 v2)) {
    is_deeply [map { scalar @$_ } @{ $of{$name}{segments} }],
        [(30) x 5], "$name: as many pictures in each segment as there were";
}
@samples = @{ $of{a1}{samples} };
is scalar(grep { abs($samples[$_]{pts} - $samples[$_ - 1]{pts}
                     - 1024 / 44100) > 1e-4 } 1 .. $#samples), 0,
    'a1: each frame where the one before ends';
is stream_status($t, 'through')->{ladder}{losses}, 0,
    'its connection was not lost';
is stream_status($t, 'through')->{ladder}{dropped}, 0, 'nothing dropped';
$through->end;
ok +(wait_for { !Test::Video::Process::is_running($before) } 10),
    'the one before ends with its last stream';
$next->end;

done_testing;
