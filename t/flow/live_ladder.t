# Proves that the rungs of a live ladder are renditions of one stream: the same
# segments, parts, pictures and key frames as their source, also over runs; that
# a stream has the ladder that it was given; and that the transcoder follows
# nginx.
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
my $video = "transcoder $program path=%%ROOT%%/transcoder streams=9;"
          . 'ladder two { rung high 320x180 600k; rung low 160x90 200k
                                                  maxrate=300k fps=30; }
             ladder tall { rung huge 1280x720 2m; rung low 160x90 200k; }
             ladder slow { latency quality; rung low 160x90 200k; }';
my $choice = 'map $video_app/$video_name $ladder {
                  default two; live/none off; live/unknown nothing;
                  live/tall tall; live/slow slow; }';
my $conf = live_conf(video => $video, zone => '128m', grace => '5s',
                     window => '12s', servers => $choice,
                     rtmp => 'video_transcode $ladder;
                              video_publish_standby on silence=1s;');
$t->conf($conf)->run;

# --- the same pictures ------------------------------------------------------

my $feed = live_feed($t, 'cam');
ok ladder_to($t, 'cam', $feed, 4250), 'rungs come as far as their source';

my $master = $t->get('/live/cam/master.m3u8')->body;
is_deeply [map { m{^(\w+)/index} ? $1 : () } split /\n/, $master],
    [qw(v0 v1 v2)], 'they are variants, the source first';
is_deeply [$master =~ /^#EXT-X-STREAM-INF:.*RESOLUTION=(\w+)/mg],
    [qw(320x180 320x180 160x90)], 'of these sizes';
is_deeply [map { m{URI="(\w+)/} } lines_of($master, '#EXT-X-MEDIA')], ['a0'],
    'all with the sound of the source';

sub shown {
    my ($track) = @_;
    return [sort { $a <=> $b } map { sprintf '%.4f', $_->{pts} }
            @{ $track->{samples} }];
}

my ($source, @rungs) = map { live_track($t, "/live/cam/$_/index.m3u8") }
                       qw(v0 v1 v2);
for my $n (0, 1) {
    my $rung = $rungs[$n];
    my @same = ('high', 'low');
    is_deeply [segment_msns($rung->{list})], [segment_msns($source->{list})],
        "$same[$n]: segments have the numbers of the source";
    is_deeply [lines_of($rung->{list}{text}, '#EXTINF')],
        [lines_of($source->{list}{text}, '#EXTINF')], 'and its lengths';
    is_deeply [map { s/URI="e\w+/URI="/r } lines_of($rung->{list}{text},
                                                    '#EXT-X-PART')],
        [map { s/URI="e\w+/URI="/r } lines_of($source->{list}{text},
                                              '#EXT-X-PART')], 'and its parts';
    is_deeply shown($rung), shown($source), 'its pictures, at its times';
    is_deeply [map { scalar @$_ } @{ $rung->{segments} }],
        [map { scalar @$_ } @{ $source->{segments} }], 'as many in each';
}

# What a decoder says of it: size, pictures, key frames by their place.
sub decoded {
    my ($track, $name) = @_;
    my $path = $t->write_file("$name.mp4", $track->{init} . $track->{bytes});
    my @lines = grep { length } split /\n/, `ffprobe -v error -select_streams v\\
        -show_entries frame=key_frame,width,height -of csv=p=0 $path 2>&1`;
    my @keys = grep { $lines[$_] =~ /^1,/ } 0 .. $#lines;
    my %sizes = map { /^\d,(\d+,\d+)/ ? ($1 => 1) : ($_ => 1) } @lines;
    return { sizes => [sort keys %sizes], pictures => scalar @lines,
             keys => \@keys };
}

my @keys = map { $_ * 30 } 0 .. 3;
is_deeply decoded($source, 'v0'), { sizes => ['320,180'], pictures => 120,
                                    keys => \@keys }, 'the source, decoded';
is_deeply decoded($rungs[1], 'v2'), { sizes => ['160,90'], pictures => 120,
                                      keys => \@keys },
    'a rung, decoded: as many, with key frames where the source has them';

is scalar(() = $t->get('/live/cam/manifest.mpd')->body =~ /<Representation /g),
    4, 'a manifest has them all, in one period';
like $t->get('/live/cam/manifest.mpd')->body,
    qr/id="v2" bandwidth="300000".* width="160"/, 'with the rate of the rung';

# --- runs --------------------------------------------------------------------

sub discontinuities {
    my ($path) = @_;
    return scalar lines_of($t->get($path)->body, '#EXT-X-DISCONTINUITY');
}

$feed->reset;
my $again = live_feed($t, 'cam');
ok ladder_to($t, 'cam', $again, 2250), 'its publisher is back, so are they';
is_deeply [map { discontinuities("/live/cam/$_/index.m3u8") } qw(v0 v1 v2)],
    [1, 1, 1], 'after a discontinuity of all';
($source, @rungs) = map { live_track($t, "/live/cam/$_/index.m3u8") }
                    qw(v0 v1 v2);
is_deeply shown($_), shown($source), 'with the pictures of both runs'
    for @rungs;

$again->change(size => '640x360');
ok ladder_to($t, 'cam', $again, 5250), 'the source has another size';
is_deeply [map { [$_->{width}, $_->{height}] } ladder_tracks($t, 'cam')],
    [[640, 360], [320, 180], [160, 90]], 'rungs have theirs';
is_deeply [map { discontinuities("/live/cam/$_/index.m3u8") } qw(v0 v1 v2)],
    [2, 2, 2], 'after another discontinuity';
($source, @rungs) = map { live_track($t, "/live/cam/$_/index.m3u8") }
                    qw(v0 v1 v2);
is_deeply [segment_msns($_->{list})], [segment_msns($source->{list})],
    'their numbers agree' for @rungs;

# --- which ladder ------------------------------------------------------------

my $tall = live_feed($t, 'tall');
ok ladder_to($t, 'tall', $tall, 1250, rungs => 1), 'another ladder';
is_deeply [map { m{^(\w+)/index} ? $1 : () } split /\n/,
           $t->get('/live/tall/master.m3u8')->body],
    [qw(v0 v2)], 'of which one rung is left';
$t->log_like(qr/\[notice\] .* stream "tall": transcoder: rung "huge" of /,
    'what is larger than the source is left out, with a line');

my $none = live_feed($t, 'none');
$none->to(1250);
is scalar(ladder_tracks($t, 'none')), 1, 'a stream without one';
my $unknown = live_feed($t, 'unknown');
$unknown->to(1250);
is scalar(ladder_tracks($t, 'unknown')), 1, 'a ladder that is not there';
$t->log_like(qr/stream "unknown" has no ladder: there is no "nothing"/,
    'is told');

# an encoder that looks ahead takes no more than comes in real time
my $slow = live_feed($t, 'slow');
for (1 .. 30) {
    $slow->more(200);
    select undef, undef, undef, 0.2;
}
ok +(wait_for {
    my $list = live_track($t, '/live/slow/v1/index.m3u8');
    $list && @{ $list->{segments} } > 2;
} 20), 'a ladder of quality comes later';
my ($of, $made) = map { live_track($t, "/live/slow/$_/index.m3u8") } qw(v0 v1);
my %at = map { $_ => 1 } @{ shown($of) };
is_deeply [grep { !$at{$_} } @{ shown($made) }], [],
    'its pictures are where those of the source are, whatever is decoded first';
isnt join(' ', map { $_->{pts} } @{ $made->{samples} }),
    join(' ', sort { $a <=> $b } map { $_->{pts} } @{ $made->{samples} }),
    'it has pictures that are reordered';

# --- another publisher ------------------------------------------------------

my $first = live_feed($t, 'both');
ok ladder_to($t, 'both', $first, 1250), 'a stream';
my $stands = live_feed($t, 'both');
$stands->to(250);
$first->reset;
ok +(ladder_until {
    my @tracks = ladder_tracks($t, 'both');
    $t->log =~ /stream "both": the publisher that stood by takes over/
        && @tracks && $tracks[2]{frame_rate} && $tracks[2]{parts} > 1;
} $stands), 'who stood by has the ladder, too';
is_deeply [map { discontinuities("/live/both/$_/index.m3u8") } qw(v0 v1 v2)],
    [1, 1, 1], 'at once';
$stands->end;

# --- the transcoder follows nginx --------------------------------------------

is transcoder_pid($t) > 0, 1, 'status has its process';
is zone_status($t)->{transcoder_starts}, 1, 'which was started once';
ok +(wait_for { zone_status($t)->{transcoder_streams} == 3 } 5),
    'and how many streams it has';
my $before = transcoder_pid($t);
my @path = glob $t->root . '/transcoder';
is scalar(@path), 1, 'its directory is made';

$t->reload;
ok +(wait_for { my $pid = transcoder_pid($t); $pid && $pid != $before } 10),
    'a reload starts another one';
my $new = live_feed($t, 'new');
ok ladder_to($t, 'new', $new, 1250), 'which has new streams';
ok ladder_to($t, 'cam', $again, 6250), 'the streams of before go on';
ok Test::Video::Process::is_running($before), 'at the old one';
$_->end for $tall, $none, $unknown, $slow, $again;
ok +(wait_for { !Test::Video::Process::is_running($before) } 10),
    'which ends with the last of them';
$new->end;

my ($last) = transcoder_pid($t);
ok +(wait_for { join(' ', transcoder_processes($program, 9)) eq $last } 5),
    'it alone is there, when its streams have ended';
$t->quit;
ok +(wait_for { !Test::Video::Process::is_running($last) } 10),
    'the new one ends with nginx';
ok +(wait_for { !transcoder_processes($program, 9) } 5), 'nothing is left';

done_testing;
