# Proves what a transcoder that dies, hangs, or is not there costs: its rungs,
# for as long as that is so, and nothing of the source.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Ladder;
use Test::Video::Live;
use Test::Video::Process;

my $program = ladder_program();
plan skip_all => 'video-transcoder is not built' if !$program;

sub ladder {
    my ($path, $streams) = @_;
    return "transcoder $path path=%%ROOT%%/transcoder streams=$streams;"
           . 'ladder two { rung high 320x180 600k; rung low 160x90 200k; }';
}

sub node {
    my ($path, $streams) = @_;
    return Test::Video->new->conf(live_conf(
        video => ladder($path, $streams), zone => '128m', window => '12s',
        rtmp => 'video_transcode two;'))->run;
}

sub shown {
    my ($segment) = @_;
    return join ' ', sort map { sprintf '%.3f', $_->{pts} } @$segment;
}

# The segments of a track: [msn, 1 if it is a gap].
sub gaps_of {
    my ($t, $path) = @_;
    return [map { [$_->{msn}, $_->{gap} ? 1 : 0] }
            grep { $_->{kind} eq 'segment' }
            @{ media_list($t, $path)->{items} }];
}

# Whether rungs are as far as their source, and not with gaps.
sub follows {
    my ($t, $stream, @rungs) = @_;
    my @tracks = ladder_tracks($t, $stream);

    return @tracks && !grep {
        $tracks[$_]{msn} != $tracks[0]{msn}
        || gaps_of($t, "/live/$stream/v$_/index.m3u8")->[-1][1]
    } @rungs;
}

# The number of the segment after a discontinuity.
sub discontinuity {
    my ($t, $path) = @_;
    my $body = $t->get($path)->body;
    my ($after) = $body =~ /#EXT-X-DISCONTINUITY\n(.*)/s or return 'none';
    my ($n) = $after =~ m{/(\d+)\.m4s};
    return $n;
}

# The parts of a segment as a playlist has them: "1" each, "0" if it is a gap;
# and what is wrong with them.
sub parts_of {
    my ($list, $msn) = @_;
    my @parts = grep { $_->{kind} eq 'part' && $_->{msn} == $msn }
                @{ $list->{items} };
    my ($segment) = grep { $_->{kind} eq 'segment' && $_->{msn} == $msn }
                    @{ $list->{items} };
    my $target = $list->{part_target};
    my $sum = 0;
    my @wrong;

    for my $n (0 .. $#parts) {
        my $long = $parts[$n]{duration};
        $sum += $long;
        push @wrong, "part $n of $long" if $long > $target
            || $n < $#parts && $long < $target * 0.85;
    }
    push @wrong, "$sum of $segment->{duration}"
        if abs($sum - $segment->{duration}) > 0.0000005;
    return (join('', map { $_->{gap} ? 0 : 1 } @parts), join ', ', @wrong);
}

# What the playlist of one track says of another: LAST-MSN, LAST-PART.
sub report_of {
    my ($t, $path, $of) = @_;
    my ($line) = grep { m{/$of/} } lines_of($t->get($path)->body,
                                            '#EXT-X-RENDITION-REPORT');
    return [$line =~ /LAST-MSN=(\d+),LAST-PART=(\d+)/];
}

# Those of a rung that are there are as those of its source; how many are not.
sub compared {
    my ($t, $stream) = @_;
    my ($source) = map { live_track($t, "/live/$stream/$_/index.m3u8") } 'v0';
    my $path = "/live/$stream/v2/index.m3u8";
    my $list = media_list($t, $path);
    my ($init) = uris_of($list, 'init');
    my $timing = Test::Video::Corpus::init_of(\$t->get($init)->body);
    my @numbers = segment_msns($source->{list});
    my %shown = map { $numbers[$_] => shown($source->{segments}[$_]) }
                0 .. $#numbers;
    my ($gaps, $other) = (0, 0);

    for my $item (grep { $_->{kind} eq 'segment' } @{ $list->{items} }) {
        my $r = $t->get($item->{path});
        if ($item->{gap} && $r->status == 404) {
            $gaps++;
            next;
        }
        my $body = $r->body;
        my @samples = Test::Video::Corpus::samples_of(\$body, $timing);
        if ($item->{gap}) {
            # it has been listed before: as much of it as there is
            $gaps++;
            my $rest = ' ' . ($shown{ $item->{msn} } // '') . ' ';
            my $is = ' ' . shown(\@samples) . ' ';
            $other++ if index($rest, $is) != 0 || $rest eq $is;
            next;
        }
        $other++ if !@samples || !defined $shown{ $item->{msn} }
                    || shown(\@samples) ne $shown{ $item->{msn} };
    }
    return ($gaps, $other, join(' ', segment_msns($list)) eq "@numbers");
}

my $t = node($program, 11);
$t->expect_log(qr/video transcoder \d+ exited on signal 9/);

# --- it dies ----------------------------------------------------------------

my $feed = live_feed($t, 'cam');
ok ladder_to($t, 'cam', $feed, 3350), 'rungs';
my $died = transcoder_pid($t);
kill 'KILL', $died;
ok +(wait_for { $t->log =~ /stream "cam": the transcoder is gone/ } 5),
    'the transcoder dies';
my $list = media_list($t, '/live/cam/v1/index.m3u8');
my ($cut) = grep { $_->{gap} && $_->{kind} eq 'segment' } @{ $list->{items} };
is $cut && $cut->{msn}, gaps_of($t, '/live/cam/v0/index.m3u8')->[-1][0] + 1,
    'what was being made is a gap at once';
is $t->get("/live/cam/v1/index.m3u8?_HLS_msn=$cut->{msn}&_HLS_part=4")->status,
    200, 'who waits for a part of it is told';
is $t->get($cut->{path})->status, 200, 'what there is of it is sent';
is_deeply [parts_of($list, $cut->{msn})], ['10000', ''],
    'the parts that are missing are gaps, as long as the others';
my @of_cut = uris_of($list, 'part', $cut->{msn});
is_deeply [map { $t->get($_)->status } @of_cut[0, 1, 4]], [200, 404, 404],
    'they are not there';
is_deeply report_of($t, '/live/cam/v0/index.m3u8', 'v1'), [$cut->{msn}, 4],
    'other playlists report the last of them';
is_deeply [map { $_->{path} } @{ $list->{hints} }],
    [$of_cut[4] =~ s{\d+\.4(?=\.m4s)}{$cut->{msn} + 1 . '.0'}er],
    'what is hinted at is the next segment';
$feed->to(5100);
is gaps_of($t, '/live/cam/v0/index.m3u8')->[-1][1], 0, 'the source goes on';
$t->log_like(qr/\[error\] .* the transcoder is gone and will be started again/,
    'that is told');
my $gaps = gaps_of($t, '/live/cam/v1/index.m3u8');
is_deeply [map { $_->[1] } @$gaps], [0, 0, 0, 1, 1, 1],
    'what it had begun is a gap, and what the source has begun';
like $t->get('/live/cam/v1/index.m3u8')->body, qr/#EXT-X-GAP\n#EXTINF:1.0/,
    'as long as the segment of the source';
$list = media_list($t, '/live/cam/v1/index.m3u8');
is_deeply [map { parts_of($list, $gaps->[$_][0]) } 3 .. 5],
    ['10000', '', '00000', '', '00000', ''],
    'its parts are gaps, also those that nobody waits for yet';
my $delta = media_list($t, '/live/cam/v1/index.m3u8?_HLS_skip=YES');
is_deeply [lines_of($delta->{text}, '#EXT-X-PART')],
    [lines_of($list->{text}, '#EXT-X-PART')], 'a delta update has them';
is_deeply report_of($t, '/live/cam/v0/index.m3u8', 'v1'),
    [$gaps->[5][0], 4], 'reports count them';
is $t->get("/live/cam/v1/index.m3u8?_HLS_msn=$gaps->[5][0]&_HLS_part=$_")
   ->status, 200, "part $_ is not waited for" for 0, 4;

ok +(wait_for { my $pid = transcoder_pid($t); $pid && $pid != $died } 10),
    'it is started again';
is zone_status($t)->{transcoder_starts}, 2, 'for the second time';
ok +(ladder_until { follows($t, 'cam', 1, 2) } $feed), 'the rungs are back';
ok ladder_to($t, 'cam', $feed, (int($feed->{at} / 1000) + 2) * 1000 + 250),
    'as before';
my ($missing, $other, $same) = compared($t, 'cam');
cmp_ok $missing, '>', 0, 'with gaps of the time between';
is $other, 0, 'all else is as the source has it';
ok $same, 'under the same numbers';

my @periods = split /<Period /, $t->get('/live/cam/manifest.mpd')->body;
my @of = map { scalar(() = /<Representation id="v/g) } @periods[1 .. $#periods];
is_deeply [grep { $_ != 1 && $_ != 3 } @of], [], 'periods have one or all';
is $of[0], 3, 'the first has all';
is $of[-1], 3, 'and the last';
cmp_ok scalar(grep { $_ == 1 } @of), '>', 0, 'one between has the source';

# --- one stream of it dies ---------------------------------------------------

my $second = live_feed($t, 'second');
ok ladder_to($t, 'second', $second, 1350), 'another stream';
my ($newest) = sort { $b <=> $a } Test::Video::Process::children(
    transcoder_pid($t));
kill 'KILL', $newest;
ok +(wait_for { $t->log =~ /stream "second": the transcoder is gone/ } 5),
    'its process dies';
ok ladder_to($t, 'cam', $feed, $feed->{at} + 900), 'other streams go on';
$t->log_like(qr/\[error\] .* process \d+ of a stream crashed: Killed/,
    'that is told');
ok +(ladder_until { follows($t, 'second', 1) } $second),
    'its rungs come back';
$second->end;

# --- it hangs ---------------------------------------------------------------

my ($of_cam) = Test::Video::Process::children(transcoder_pid($t));
kill 'STOP', $of_cam;
$feed->more(6000);
ok +(wait_for {
    my $list = gaps_of($t, '/live/cam/v1/index.m3u8');
    my $source = gaps_of($t, '/live/cam/v0/index.m3u8');
    $source->[-1][0] - $list->[-1][0] < 4;
} 5), 'rungs of a process that hangs are gaps, too';
is +(grep { $_->[1] } @{ gaps_of($t, '/live/cam/v0/index.m3u8') }) + 0, 0,
    'not the source';
kill 'CONT', $of_cam;
ok +(ladder_until { follows($t, 'cam', 2) } $feed), 'the lowest comes back when it goes on';
($missing, $other, $same) = compared($t, 'cam');
ok $same, 'with the numbers of the source';
$feed->end;

# --- a run ends while it is away ----------------------------------------------

my $ends = live_feed($t, 'ends');
ok ladder_to($t, 'ends', $ends, 2250), 'a stream';
kill 'KILL', transcoder_pid($t);
ok +(wait_for { $t->log =~ /stream "ends": the transcoder is gone/ } 5),
    'that loses its rungs';
$ends->to(3250);
$ends->change(size => '640x360');
$ends->to(6250);
is_deeply [lines_of(join('', map { $t->get("/live/ends/$_/index.m3u8")->body }
                         qw(v0 v1)), '#EXT-X-DISCONTINUITY-SEQUENCE')], [],
    'both runs are listed';
my ($v0, $v1) = map { gaps_of($t, "/live/ends/$_/index.m3u8") } qw(v0 v1);
my @at = grep { $_ < @$v1 } 0 .. $#$v0;
is_deeply [map { $v1->[$_][0] } @at], [map { $v0->[$_][0] } @at],
    'the numbers of rungs are those of their source in the next one, too';
ok +(ladder_until {
    my @tracks = ladder_tracks($t, 'ends');
    @tracks && $tracks[1]{frame_rate} && follows($t, 'ends', 1);
} $ends), 'and when they are back';
is_deeply [map { discontinuity($t, "/live/ends/$_/index.m3u8") } qw(v0 v1)],
    [(discontinuity($t, '/live/ends/v0/index.m3u8')) x 2],
    'the discontinuity is at the same number';
$ends->end;

# --- all of it hangs ---------------------------------------------------------

my $starts = zone_status($t)->{transcoder_starts};
kill 'STOP', transcoder_pid($t);
ok +(wait_for { zone_status($t)->{transcoder_starts} > $starts } 30),
    'a transcoder that hangs is killed, and another one started';
$t->log_like(qr/the transcoder has said nothing for \d+ ms and is killed/,
    'that is told');

cmp_ok scalar(transcoder_processes($program, 11)), '>', 0, 'it is there';
my $conf = $t->read_file('conf/nginx.conf');
(my $off = $conf) =~ s/transcoder [^;]*;/transcoder off;/ or die;
$t->write_file('conf/nginx.conf', $off);
$t->reload;
ok +(wait_for { !transcoder_processes($program, 11) } 10),
    'a configuration without it ends it';
ok +(wait_for { zone_status($t)->{transcoder_pid} == 0 } 25),
    'status knows that';
my $plain = live_feed($t, 'plain');
$plain->to(1250);
is scalar(ladder_tracks($t, 'plain')), 1, 'streams have no ladder';
$plain->end;
$t->write_file('conf/nginx.conf', $conf);
$t->reload;
ok +(wait_for { transcoder_pid($t) } 10), 'and another configuration starts it';
$t->quit;
ok +(wait_for { !transcoder_processes($program, 11) } 5), 'nothing is left';
$t->finish;

# --- it comes when the stream is on ------------------------------------------

my $late = Test::Video->new;
my $script = $late->write_file('late', "#!/bin/sh\nwhile [ ! -e "
    . $late->root . "/go ]; do sleep 0.1; done\nexec $program \"\$@\"\n");
chmod 0755, $script;
$late->conf(live_conf(video => ladder($script, 12), zone => '128m',
                      window => '20s', rtmp => 'video_transcode two;'))->run;
$feed = live_feed($late, 'cam');
$feed->to(500);
is scalar(ladder_tracks($late, 'cam')), 0, 'a stream waits for its rungs';
ok +(ladder_until { ladder_tracks($late, 'cam') } $feed), 'not for long';
is scalar(() = $late->get('/live/cam/master.m3u8')->body =~ /STREAM-INF/g), 1,
    'and is live without them';
is $late->get("/live/cam/v1/init.mp4")->status, 404, 'nothing of them is there';
my $dropped = stream_status($late, 'cam')->{ingest}{dropped}{start};
cmp_ok $dropped, '<', 3, 'from its first picture';
$late->write_file('go', '');
ok +(ladder_until {
    3 == grep { $_->{frame_rate} } ladder_tracks($late, 'cam')
} $feed), 'when they come it goes on with them';
ok ladder_to($late, 'cam', $feed, $feed->{at} + 2000), 'as any other';
is stream_status($late, 'cam')->{ingest}{dropped}{start}, $dropped,
    'no frame of the source is lost';
my @lists = map { $late->get("/live/cam/$_/index.m3u8")->body } qw(v0 v1 v2);
is_deeply [map { scalar lines_of($_, '#EXT-X-DISCONTINUITY') } @lists],
    [1, 1, 1], 'there is a discontinuity';
my @numbers = map {
    [segment_msns(media_list($late, "/live/cam/$_/index.m3u8"))]
} qw(v0 v1);
my %of = map { $_ => 1 } @{ $numbers[0] };
is_deeply [grep { !$of{$_} } @{ $numbers[1] }], [], 'numbers agree';
unlike $lists[0], qr/#EXT-X-GAP/, 'the source has no gap';
$feed->end;
$late->finish;

# --- it never comes ----------------------------------------------------------

my $never = Test::Video->new;
my $false = $never->write_file('false', "#!/bin/sh\nexit 3\n");
chmod 0755, $false;
# faster than nginx enters it into its table, at times
$never->expect_log(
    qr/(?:video transcoder|unknown process) \d+ exited with code 3/);
$never->conf(live_conf(video => ladder($false, 13),
                       rtmp => 'video_transcode two;'))->run;
$feed = live_feed($never, 'cam');
ok +(ladder_until { ladder_tracks($never, 'cam') } $feed),
    'without a transcoder a stream is live';
$feed->more(3000);
is media_list($never, '/live/cam/v0/index.m3u8')->{status}, 200, 'and plays';
ok +(wait_for {
    $never->log_count(qr/the transcoder is gone and will be started again/) > 2
} 10), 'it is tried again';
my @delays = $never->log =~ /will be started again in (\d+) ms/g;
is_deeply [@delays[0 .. 2]], [1000, 2000, 4000], 'more and more seldom';
is zone_status($never)->{transcoder_pid}, 0, 'status knows that it is gone';
$feed->end;
$never->finish;

done_testing;
