# Proves that live streams are played as MPEG transport streams with all their
# frames: which segments are listed and when, audio that comes late or not at
# all, a publisher that comes back, codecs that change or are not carried, a
# reload, a worker that dies, and segments that are made once.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Corpus;
use Test::Video::Enhanced;
use Test::Video::HLS;
use Test::Video::Live;
use Test::Video::Media;
use Test::Video::TS;
use Test::Video::VOD;

my $t = Test::Video->new(log_level => 'debug');
$t->conf(live_conf(grace => '3s', window => '30s', zone => '128m',
                   rtmp => 'video_audio_fill 0;'))->run;

my $v0 = '/live/cam/v0/index_ts.m3u8';

sub text { return $t->get($_[0])->body }
sub msns { return segment_msns(media_list($t, $_[0])) }

# Paths of the segments of a playlist, without gaps.
sub there {
    my ($path) = @_;
    return map { $_->{path} } grep { $_->{kind} eq 'segment' && !$_->{gap} }
           @{ media_list($t, $path)->{items} };
}

# Bodies of all segments that a playlist has.
sub bodies {
    my ($path) = @_;
    return map { $t->get($_)->body } there($path);
}

# MD5 of what is decoded, frame by frame.
sub hashes {
    my ($path, $map) = @_;
    return map { (split /,\s*/)[5] } split /^/, framemd5($path, $map)->();
}

# Decodes what segments have, and says what a demuxer complains of.
sub decoded {
    my ($name, @segments) = @_;
    my $path = $t->root . "/$name.ts";
    $t->write_file("$name.ts", join '', @segments);
    my $said = `ffmpeg -v warning -nostdin -i $path -f null - 2>&1`;
    is $said, '', "$name: a demuxer has nothing to say";
    return $path;
}

sub streams {
    my ($path) = @_;
    open my $fh, '-|', qw(ffprobe -v error -show_entries stream=codec_name
                          -of csv=p=0), $path or die $!;
    my %seen;
    return join ' ', sort grep { !$seen{$_}++ } map { /(\w+)/ } <$fh>;
}


# --- what is listed, and when ------------------------------------------------

is $t->get('/live/cam/master_ts.m3u8')->status, 404, 'no stream yet';

my @flv = (bframes => 2);
my $feed = live_feed($t, 'cam', flv => \@flv);
$feed->to(500);
my $early = $t->get($v0, start => 1);
my $first = media_list($t, '/live/cam/v0/index.m3u8');
my $next = $t->get("/live/cam/v0/$first->{next_msn}.ts", start => 1);
$feed->to(900);
ok !$early->done, 'a playlist waits for the first whole segment';
ok !$next->done, 'and so does who asks for that';
$feed->to(1500);
$early->end;
$next->end;
is $early->status, 200, 'it is there';
is $next->status, 200, 'and so is the segment';
is $next->header('Cache-Control'), 'no-cache', 'without its epoch not kept';
is scalar(() = $early->body =~ /^#EXTINF/mg), 1, 'with one line';

$feed->to(5500);
my $list = media_list($t, $v0);
is_deeply [msns($v0)],
    [grep { $_ < $first->{next_msn} + 5 } segment_msns(
        media_list($t, '/live/cam/v0/index.m3u8'))],
    'the segments of the fMP4, as far as they are closed';
unlike $list->{text}, qr/EXT-X-MAP|PART|SERVER-CONTROL|HINT|REPORT|m4s/,
    'nothing of low latency';
like $list->{text}, qr/^#EXT-X-VERSION:3$/m, 'for old players';
is scalar(lines_of($list->{text}, '#EXT-X-PROGRAM-DATE-TIME')), 5, 'dates';
unlike $list->{text}, qr/ENDLIST/, 'no end';
is $t->get("$v0?_HLS_msn=99999999999&_HLS_part=1")->body, $list->{text},
    'arguments of low latency mean nothing';

my $master = text('/live/cam/master_ts.m3u8');
like $master, qr{^v0/index_ts\.m3u8$}m, 'a variant';
like $master, qr{^#EXT-X-MEDIA:TYPE=AUDIO[^\n]*CHANNELS="2"$}m,
    'its audio is in it';
like $master, qr/CODECS="avc1\.\w+,mp4a\.40\.2"/, 'codecs';
is text('/live/cam/manifest.mpd') =~ /\.ts\b/, '', 'DASH has none';

# --- the same frames ---------------------------------------------------------

my @segments = bodies($v0);
is join("\n", ts_faults(@segments)), '', 'packets, counters and times';
my $ts = decoded('cam', @segments);
my @want = hashes(live_flv(@flv), '0:v:0');
my @got = hashes($ts, '0:v:0');
is scalar(@got), 150, 'the pictures of five seconds';
is_deeply \@got, [@want[0 .. $#got]], 'are those that were sent';
@want = hashes(live_flv(@flv), '0:a:0');
@got = hashes($ts, '0:a:0');
cmp_ok scalar(@got), '>', 225, 'and the sound';
is_deeply \@got, [@want[0 .. $#got]], 'is, too';

my @video = ts_pes(0x100, $segments[1]);
my @audio = ts_pes(0x101, $segments[1]);
my $begin = $video[0]{pts};
cmp_ok abs($audio[0]{pts} - $begin), '<', 90 * 90,
    'audio of a segment begins with its video';
is scalar(@video), 30, 'a segment has its pictures';

# --- delivery ----------------------------------------------------------------

my ($url) = uris_of($list, 'segment');
my $whole = $t->get($url);
is $whole->header('Content-Type'), 'video/mp2t', 'type';
like $whole->header('Cache-Control'), qr/immutable/, 'kept for ever';
is $t->get($url, headers => ['If-None-Match', $whole->header('ETag')])->status,
    304, 'and known by its tag';
my $r = $t->get($url, range => '188-375');
is $r->status, 206, 'a range';
is $r->body, substr($whole->body, 188, 188), 'has its bytes';
is $t->get($url, method => 'HEAD')->header('Content-Length'),
    length $whole->body, 'HEAD';

sub made {
    my ($msn) = @_;
    return $t->log_count(qr/video hls: made segment $msn of "cam"/);
}

$feed->to(6500);
my ($new) = reverse uris_of(media_list($t, $v0), 'segment');
my ($msn) = $new =~ m{/(\d+)\.ts$};
my @all = map { $t->get($new, start => 1) } 1 .. 12;
$_->end for @all;
is scalar(grep { $_->status != 200 || !$_->complete
                 || $_->body ne $all[0]->body } @all), 0, 'twelve at once';
is made($msn), 1, 'are given what one made';

is $t->get("/live/cam/$_")->status, 404, $_
    for qw(v0/99.ts v1/0.ts a1/0.ts v0/99999999999.ts v1/index_ts.m3u8 ts
           v0/1.ts.vtt s0/index_ts.m3u8);

# --- audio alone -------------------------------------------------------------

my @sound = bodies('/live/cam/a0/index_ts.m3u8');
is scalar(@sound), 6, 'segments of the sound';
is join("\n", ts_faults(@sound)), '', 'sound: packets, counters and times';
my $tone = decoded('sound', @sound);
is streams($tone), 'aac', 'sound: nothing else';

# --- a reload, and another run -----------------------------------------------

$t->reload;
is scalar(grep { $t->get($_)->status != 200 }
          uris_of(media_list($t, $v0), 'segment')), 0, 'a reload';
$feed->to(7500);
my $before = media_list($t, $v0);
$feed->reset;
ok +(wait_for { stream_status($t, 'cam')->{state} eq 'paused' } 5),
    'its publisher is gone';
my $paused = media_list($t, $v0);
is scalar(uris_of($paused, 'segment')), 8, 'the last segment is listed';
$feed = live_feed($t, 'cam', flv => [@flv, size => '160x90']);
is media_list($t, $v0)->{text}, $paused->{text}, 'nothing changes at first';
$feed->to(3500);
$list = media_list($t, $v0);
is scalar(lines_of($list->{text}, '#EXT-X-DISCONTINUITY')), 1,
    'it goes on with a discontinuity';
is_deeply [segment_msns($list)],
    [(segment_msns($before))[0] .. (segment_msns($before))[0] + 10],
    'numbers go on';
@segments = bodies($v0);
is join("\n", ts_faults(@segments)), '', 'counters and times go on';
decoded('twice', @segments[8 .. 10]);

# a codec that is not carried, and one that is
$feed->change(size => '320x180');
$feed->more(2500);
$list = media_list($t, $v0);
is scalar(lines_of($list->{text}, '#EXT-X-DISCONTINUITY')), 2,
    'a codec that changes is another';
is scalar(grep { $t->get($_)->status != 200 } uris_of($list, 'segment')), 0,
    'all of it is there';

# --- the end -----------------------------------------------------------------

$feed->end;
$list = media_list($t, $v0);
like $list->{text}, qr/^#EXT-X-ENDLIST$/m, 'the end is told';
@segments = bodies($v0);
is join("\n", ts_faults(@segments)), '', 'all of it in order';

# --- audio that is late ------------------------------------------------------

my $tags = live_tags(@flv);
my @frames = @{ $tags->{frames} };
my $late = live_sent($t, 'late', [@$tags{qw(video_header audio_header)}]);
sub some {
    my ($type, $from, $to) = @_;
    return grep { $_->{type} == $type && $_->{timestamp} >= $from
                  && $_->{timestamp} < $to } @frames;
}
my $path = '/live/late/v0/index_ts.m3u8';
$late->send(some(8, 0, 500), some(9, 0, 2300));
my $held = $t->get($path, start => 1);
is scalar(msns('/live/late/v0/index.m3u8')), 2, 'two segments are closed';
ok !$held->done, 'they wait for their sound';
$late->send(some(8, 500, 1100));
$held->end;
is scalar(() = $held->body =~ /^#EXTINF/mg), 1, 'the first has it';
my @one = bodies($path);
$late->send(some(8, 1100, 2300));
is scalar(msns($path)), 2, 'the second has it';
$late->send(some(9, 2300, 4900));
is scalar(msns($path)), 2, 'what comes is waited for';
$late->send(some(9, 4900, 5900));
is scalar(msns($path)), 2, 'for three seconds';
$late->send(some(9, 5900, 6000), map {
    { %$_, timestamp => $_->{timestamp} + 6000 }
} some(9, 0, 1300));
is scalar(msns($path)), 4, 'not without end';
is join("\n", ts_faults(bodies($path))), '', 'in order without sound, too';
ok +(bodies($path))[0] eq $one[0], 'what has been listed stays as it is';
$late->end;

# --- what is left out --------------------------------------------------------

sub make {
    my ($name, @args) = @_;
    return enhanced_sources(media_file("live_ts_$name.mp4",
        qw(-f lavfi -i testsrc2=size=320x180:rate=25
           -f lavfi -i testsrc2=size=160x90:rate=25
           -f lavfi -i sine=f=440:r=48000 -f lavfi -i sine=f=880:r=48000
           -t 4 -pix_fmt yuv420p -g 25 -keyint_min 25 -sc_threshold 0 -bf 0),
        @args, qw(-preset:v veryfast -strict -2 -threads 1 -fflags +bitexact
                  -flags:v +bitexact -flags:a +bitexact -map_metadata -1
                  -f mp4)));
}

my ($large, $small, $opus, $aac) = make('tracks',
    qw(-map 0 -map 1 -map 2 -map 3 -c:v libx264 -c:a:0 libopus -c:a:1 aac));
my $many = live_sent($t, 'many', [in_time(
    enhanced_tags($large), enhanced_tags($small, track => 1,
                                         multitrack => 'one'),
    enhanced_tags($opus),
    enhanced_tags($aac, track => 1, multitrack => 'one'))]);
$master = text('/live/many/master_ts.m3u8');
unlike $master, qr/opus/i, 'a codec that is not carried is left out';
like $master, qr{^v0/index_ts\.m3u8$}m, 'two renditions';
like $master, qr{^v1/index_ts\.m3u8$}m, 'of video';
text('/live/many/master_ts.m3u8') for 1 .. 3;
is $t->log_count(qr/\[warn\].*stream "many": 1 track\(s\) left out of transport streams, the first is "Opus"/i),
    1, 'with one line in the log';
is $t->get('/live/many/a0/index_ts.m3u8')->status, 404, 'it has no playlist';
is $t->get('/live/many/a1/index_ts.m3u8')->status, 200, 'the other has one';
for my $track (qw(v0 v1)) {
    my $path = decoded("many_$track", bodies("/live/many/$track/index_ts.m3u8"));
    is streams($path), 'aac h264', "$track: with the audio that is carried";
}
$many->end;

my @hevc = has_encoder('libx265') ? make('hevc', qw(-map 0 -map 2 -c:v libx265
    -tag:v hvc1 -x265-params log-level=none:keyint=25:scenecut=0:open-gop=0
    -c:a ac3)) : ();
SKIP: {
    skip 'no encoder of HEVC', 3 if !@hevc;
    my $other = live_sent($t, 'hevc', [in_time(map { enhanced_tags($_) }
                                               @hevc)]);
    $other->end;
    my @bodies = bodies('/live/hevc/v0/index_ts.m3u8');
    is join("\n", ts_faults(@bodies)), '', 'HEVC and AC-3';
    is streams(decoded('hevc', @bodies)), 'ac3 hevc', 'are carried';
}

# --- a worker that dies ------------------------------------------------------

$feed = live_feed($t, 'mort', flv => \@flv);
$feed->to(4500);
my $mort = '/live/mort/v0/index_ts.m3u8';
my @uris = uris_of(media_list($t, $mort), 'segment');
my %body = map { $_ => $t->get($_)->body } @uris;
$t->kill_worker($_, 'KILL') for 1, 0;
ok +(wait_for { (stream_status($t, 'mort') // { state => '' })->{state}
                eq 'paused' } 8), 'the workers are killed';
is_deeply [there($mort)], \@uris, 'what was listed is listed';
is scalar(grep { $t->get($_)->body ne $body{$_} } @uris), 0,
    'and is what it was';
$feed = live_feed($t, 'mort', flv => \@flv);
$feed->to(2500);
my %run;                    # counters go on over what was cut off
push @{ $run{ (m{/(e\w+)/})[0] } }, $t->get($_)->body for there($mort);
is join("\n", map { ts_faults(@$_) } values %run), '', 'it goes on';
is scalar(keys %run), 2, 'in another run';
$feed->end;

ok +(wait_for { zone_status($t)->{refs} == 0 } 5), 'nothing is held';
$t->finish;
done_testing;
