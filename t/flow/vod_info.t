# Proves that info.json of an asset is what ffprobe and the playlists say of it,
# that broken files, directories and what is left out are told of with reasons
# and without paths, that it is off unless asked for, that its status is that of
# a manifest, and that neither large files nor many clients cost more than one
# inspection and a bounded answer.
use strict;
use warnings;

use JSON::PP ();
use Test::More;
use Test::Video;
use Test::Video::Media;
use Test::Video::VOD;

my $t = Test::Video->new(log_level => 'debug');
$t->conf(vod_conf(
    workers => 2, zone => '16m; zone live 8m',
    vod => 'video_info on; video_clip on; video_tracks $arg_tracks;',
    listen => 'reuseport',
    locations => <<'CONF'))->run;
        location /off/ {
            video_vod zone=vod;
            alias %%ROOT%%/html/;
        }
        location /limited/ {
            video_vod zone=vod;
            video_info on;
            video_cors https://player.example;
            video_max_moov 64k;
            alias %%ROOT%%/html/;
            location /limited/not/ {
                video_vod zone=vod;
                video_info off;
                alias %%ROOT%%/html/;
            }
        }
        location /live/ { video_live zone=live; video_info on; }
CONF
my $html = $t->root . '/html';
my $low = vod_bytes(size => '160x90', bitrate => '100k');
my $high = vod_bytes();

sub make {
    my ($dir, %files) = @_;
    mkdir "$html/$dir" or -d "$html/$dir" or die "$dir: $!\n";
    $t->write_file("html/$dir/$_", $files{$_}) for sort keys %files;
    return;
}

# What is told of an asset; no answer may have a path of this machine.
sub info {
    my ($path, %o) = @_;
    my $answer = $t->get(($o{location} // '/vod') . "/$path", %o);
    my $status = $o{status} // 200;
    is $answer->status, $status, "$path: $status";
    ok $answer->complete, "$path: whole";
    unlike $answer->body, qr/\Q@{[ $t->root ]}\E|html/, "$path: no paths";
    my $info = eval { JSON::PP->new->utf8->decode($answer->body) };
    is $@, '', "$path: JSON";
    return ($info, $answer);
}

sub inspected {
    my ($name) = @_;
    return $t->log_count(qr/video hls: inspects "[^"]*\Q$name\E"/);
}

sub track { my ($info, $name) = @_;
            return +(grep { $_->{name} eq $name } @{ $info->{tracks} })[0] }
sub file { my ($info, $name) = @_;
           return +(grep { ($_->{name} // '') eq $name }
                    @{ $info->{files} })[0] }

sub ffprobe {
    my ($path) = @_;
    open my $fh, '-|', qw(ffprobe -v error -show_streams -show_format
                          -count_packets -of json), $path or die;
    local $/;
    return JSON::PP::decode_json(scalar <$fh>);
}

sub box { return pack('N a4', 8 + length $_[1], $_[0]) . $_[1] }

# The movie with n bytes more in moov.
sub padded {
    my ($bytes, $n) = @_;
    my ($at, $size) = box_at(\$bytes, 'moov');
    substr $bytes, $at + $size, 0, box('free', "\0" x $n);
    substr $bytes, $at, 4, pack 'N', $size + $n + 8;
    return $bytes;
}


# --- off by default ---------------------------------------------------------

$t->write_file('html/a.mp4', $high);
for my $location (qw(/off /limited/not)) {
    is $t->get("$location/a.mp4/info.json")->status, 404, "$location: off";
    is $t->get("$location/a.mp4/master.m3u8")->status, 200,
        "$location: the rest is there";
}
is $t->get('/live/cam/info.json')->status, 404, 'of files only';
is $t->get('/vod/none.mp4/info.json')->status, 404, 'no such file';
is $t->get('/vod/info.json')->status, 404, 'of no asset';
is $t->get('/vod/a.mp4/v0/info.json')->status, 404, 'of no track';
is $t->get('/vod/a.mp4/info.json', method => 'POST')->status, 405, 'POST';

# --- one file ---------------------------------------------------------------

my ($info, $answer) = info('a.mp4/info.json');
my $probe = ffprobe("$html/a.mp4");
my %stream = map { $_->{codec_type} => $_ } @{ $probe->{streams} };
my $list = vod_list($t, '/vod/a.mp4/v0/index.m3u8');
my $master = $t->get('/vod/a.mp4/master.m3u8')->body;

is $answer->header('Content-Type'), 'application/json', 'its type';
is $answer->header('Cache-Control'), 'no-cache', 'its lifetime';
is $info->{asset}, 'a.mp4', 'its name';
is $info->{epoch}, "e$list->{epoch}", 'the epoch of the playlists';
is $info->{segment}, 6, 'video_segment';
is join(' ', map { $_->{name} } @{ $info->{tracks} }), 'v0 a0', 'its tracks';

my $v0 = track($info, 'v0');
is "$v0->{width}x$v0->{height}",
    "$stream{video}{width}x$stream{video}{height}", 'the size of v0';
is $v0->{frame_rate}, eval $stream{video}{avg_frame_rate}, 'its frame rate';
is $v0->{language}, 'und', 'its language';
cmp_ok abs($v0->{duration} - $stream{video}{duration}), '<', 0.001,
    'its duration';
is $v0->{segments}, scalar(@{ $list->{segments} }), 'its segments';
like $master, qr/CODECS="\Q$v0->{codecs}\E/, 'its codec';
is $v0->{key_frames}, () = $t->get('/vod/a.mp4/iframe/v0.m3u8')->body
                               =~ /^#EXTINF/mg, 'its key frames';

my $a0 = track($info, 'a0');
is $a0->{sample_rate}, $stream{audio}{sample_rate}, 'the rate of a0';
is $a0->{channels}, $stream{audio}{channels}, 'its channels';
is $a0->{segments}, scalar(@{ vod_list($t, '/vod/a.mp4/a0/index.m3u8')
                              ->{segments} }), 'its segments';
like $master, qr/\bBANDWIDTH=@{[ $v0->{bandwidth} + $a0->{bandwidth} ]}\b/,
    'the bandwidths';
ok $v0->{listed} && $a0->{listed}, 'both are listed';

my $file = $info->{files}[0];
is scalar(@{ $info->{files} }), 1, 'one file';
is $file->{size}, length $high, 'its size';
is $file->{mtime}, do {
    my @t = gmtime((stat "$html/a.mp4")[9]);
    sprintf '%04d-%02d-%02dT%02d:%02d:%02d.000Z', $t[5] + 1900, $t[4] + 1,
            @t[3, 2, 1, 0];
}, 'its time of modification';
ok $file->{served} && $file->{leads}, 'it is served';
is_deeply $file->{tracks_left_out}, [], 'with all tracks';
is $file->{inspect}{format}, 'mp4', 'what is in it';
is $file->{inspect}{errors}, 0, 'nothing is wrong with it';
is join(' ', map { $_->{samples} } @{ $file->{inspect}{tracks} }),
    join(' ', map { $_->{nb_read_packets} } @{ $probe->{streams} }),
    'its samples';
is join(' ', map { $_->{type} } @{ $file->{inspect}{boxes} }),
    'ftyp moov free mdat', 'its boxes';

# the matrix of a picture that was taken upright
my $turned = rewrite($high, index($high, 'tkhd') + 44,
                     pack 'N5', 0, 0x10000, 0, 0xffff0000, 0);
$t->write_file('html/turned.mp4', $turned);
my ($side) = (ffprobe("$html/turned.mp4"))->{streams}[0]{side_data_list}[0];
($info) = info('turned.mp4/info.json');
is $info->{files}[0]{inspect}{tracks}[0]{rotation}, -$side->{rotation},
    'the rotation of a file';
is track($info, 'v0')->{rotation}, 90, 'and of its track';
ok !exists $v0->{rotation}, 'not of others';

# --- HTTP -------------------------------------------------------------------

my $head = $t->get('/vod/a.mp4/info.json', method => 'HEAD');
is $head->status, 200, 'HEAD';
is $head->header('Content-Length'), length $answer->body, 'HEAD: the length';
is $head->header('ETag'), $answer->header('ETag'), 'HEAD: the ETag';
is $head->body, '', 'HEAD: no body';
is $t->get('/vod/a.mp4/info.json',
           headers => ['If-None-Match', $head->header('ETag')])->status, 304,
    'what a client knows';
my $part = $t->get('/vod/a.mp4/info.json', range => '10-19');
is $part->status, 206, 'a range';
is $part->body, substr($answer->body, 10, 10), 'its bytes';
is inspected('a.mp4'), 1, 'inspected once';

$t->write_file('html/cors.mp4', $low);
my $cors = (info('cors.mp4/info.json', location => '/limited'))[1];
is $cors->header('Access-Control-Allow-Origin'), 'https://player.example',
    'CORS';
is $t->get('/limited/none.mp4/info.json')
   ->header('Access-Control-Allow-Origin'), 'https://player.example',
    'CORS on errors';
is $t->get('/limited/cors.mp4/info.json', method => 'OPTIONS')->status, 204,
    'a preflight';

# --- once for all -----------------------------------------------------------

$t->write_file('html/many.mp4', $high);
my @all = map { $t->get('/vod/many.mp4/info.json', start => 1) } 1 .. 24;
$_->end for @all;
is scalar(grep { $_->status == 200 && $_->complete
                 && $_->body eq $all[0]->body } @all), 24,
    'the same for all';
is inspected('many.mp4'), 1, 'inspected once for all workers';

for (1 .. 8) {
    $t->write_file("html/gone$_.mp4", $low);
    $t->get("/vod/gone$_.mp4/info.json", start => 1)->close;
}
ok +(wait_for { zone_numbers($t)->{refs} == 0 } 5), 'clients that go';

my $was = $answer->header('ETag');
$t->write_file('html/.new', $low);
rename "$html/.new", "$html/a.mp4" or die $!;
($info, $answer) = info('a.mp4/info.json');
is $info->{files}[0]{size}, length $low, 'a replaced file';
isnt $answer->header('ETag'), $was, 'has another ETag';

# --- what is asked for ------------------------------------------------------

($info) = info('a.mp4/info.json?tracks=v0');
ok track($info, 'v0')->{listed}, 'a track of video_tracks';
ok !track($info, 'a0')->{listed}, 'and one that is not';
like track($info, 'a0')->{unlisted}, qr/video_tracks/, 'says why';

($info) = info('a.mp4/info.json?start=2&end=5');
is $info->{epoch}, 'e' . vod_list($t, '/vod/a.mp4/v0/index.m3u8?start=2&end=5')
   ->{epoch}, 'a clip';
cmp_ok track($info, 'v0')->{duration}, '<', 4, 'is shorter';
is $t->get('/vod/a.mp4/info.json?start=x')->status, 400, 'no clip';
is $t->get("/vod/a.mp4/$_?start=200")->status, 404, "$_: nothing in a clip"
    for qw(info.json master.m3u8);

# --- broken files -----------------------------------------------------------

my ($moov) = box_at(\$high, 'moov');
my $stts = table_at(\$high, 0, 'stts');
my @broken = (
    ['cut', substr($high, 0, 5000), qr/box is longer than the file/, 'mp4',
        qr/box is longer than the file/],
    ['samples', rewrite($high, $stts + 16, pack 'N', 7),
        qr/stts: number of samples differs/, 'mp4',
        qr/stts and stsz differ in samples/],
    ['text', "This is no film.\n" x 100, qr/box is longer/, 'unknown',
        qr/neither MP4 nor MPEG-TS/],
    ['empty', '', qr/no moov box/, 'unknown', qr/neither MP4 nor MPEG-TS/],
    ['ts', slurp(media_file('info.ts', '-i', vod_file(),
                            qw(-c copy -fflags +bitexact -f mpegts))),
        qr/./, 'mpegts', undef],
);

for my $case (@broken) {
    my ($name, $bytes, $why, $format, $fault) = @$case;
    $t->write_file("html/$name.mp4", $bytes);
    is $t->get("/vod/$name.mp4/master.m3u8")->status, 422, "$name: 422";

    my $lines = $t->log_count(qr/\[error\].*\Q$name\E\.mp4": /);
    my ($told) = info("$name.mp4/info.json", status => 422);
    is $t->log_count(qr/\[error\].*\Q$name\E\.mp4": .*$why/), $lines + 1,
        "$name: a line of the log";
    my $file = $told->{files}[0];
    ok !$file->{served}, "$name: is not served";
    like $file->{left_out}, $why, "$name: why";
    is $file->{size}, length $bytes, "$name: its size";
    is $file->{inspect}{format}, $format, "$name: its format";
    is_deeply $told->{tracks}, [], "$name: no tracks";
    ok !exists $told->{epoch}, "$name: no epoch";

    if ($fault) {
        cmp_ok $file->{inspect}{errors}, '>', 0, "$name: has faults";
        like join(' ', map { $_->{what} } @{ $file->{inspect}{faults} }),
            $fault, "$name: its fault";

    } else {
        is $file->{inspect}{errors}, 0, "$name: no faults";
    }
}
is inspected('cut.mp4'), 1, 'inspected once';
$answer = $t->get('/vod/cut.mp4/info.json', method => 'HEAD');
is $answer->status, 422, 'and once more: 422';
like $answer->header('ETag'), qr/^"[0-9a-f]+-[0-9a-f]+"$/, 'with an ETag';
cmp_ok $answer->header('Content-Length'), '>', 100, 'and a length';
is inspected('cut.mp4'), 1, 'not inspected again';
$answer = $t->get('/limited/cut.mp4/info.json');
is $answer->status, 422, 'elsewhere too';
is $answer->header('Access-Control-Allow-Origin'), 'https://player.example',
    'with CORS';

# a file that opens but can't be read
symlink '/proc/self/mem', "$html/unread.mp4" or die $!;
for my $n (1, 2) {
    my ($told) = info('unread.mp4/info.json', status => 422);
    is $told->{files}[0]{inspect}{incomplete}, "the file can't be read",
        'a read fails';
    is inspected('unread.mp4'), $n, 'that may be otherwise the next time';
}
cmp_ok $t->log_count(qr/\[error\].*reading "unread\.mp4" of ".*" failed \(5:/),
    '==', 2, 'a line of the log';

# --- directories ------------------------------------------------------------

make('film',
    'a.mp4' => $high, 'b.mp4' => $low,
    'c.mp4' => vod_bytes(size => '160x90', bitrate => '100k', gop => 25),
    'd.mp4' => substr($low, 0, 2000), 'notes.txt' => 'no media',
    '.hidden.mp4' => 'being written',
    'g.mp4' => slurp(media_file('info_foreign.mp4',
        '-i', vod_file(size => '160x90', bitrate => '100k'),
        qw(-map 0:v -map 0:v -c:v:0 copy -c:v:1 mpeg4 -b:v:1 50k
           -fflags +bitexact -f mp4))));
mkdir "$html/film/e.mp4";
symlink 'nowhere', "$html/film/f.mp4";

($info) = info('film/info.json');
is $info->{asset}, 'film', 'a directory';
is join(' ', map { $_->{name} } @{ $info->{files} }),
    'a.mp4 b.mp4 c.mp4 d.mp4 g.mp4 e.mp4 f.mp4', 'its files';
is join(' ', map { "$_->{name}:$_->{file}:" . ($_->{listed} ? 1 : 0) }
             @{ $info->{tracks} }),
    'v0:a.mp4:1 a0:a.mp4:1 v1:b.mp4:1 a1:b.mp4:0 a2:c.mp4:0 v2:g.mp4:1',
    'its tracks';
is track($info, 'a1')->{same_as}, 'a0', 'audio that both have';
$master = $t->get('/vod/film/master.m3u8')->body;
is join(' ', sort $master =~ m{(\w+)/index\.m3u8}g),
    join(' ', sort map { $_->{name} } grep { $_->{listed} }
                   @{ $info->{tracks} }), 'what the playlist lists';
is $info->{epoch}, 'e' . vod_list($t, '/vod/film/v0/index.m3u8')->{epoch},
    'its epoch';
ok file($info, 'a.mp4')->{leads}, 'the first leads';
ok !file($info, 'b.mp4')->{leads}, 'the second does not';
my $left = file($info, 'c.mp4')->{tracks_left_out}[0];
like $left->{reason}, qr/no key frame where a segment begins/, 'misaligned';
is $left->{boundary}, 6, 'where';
cmp_ok $left->{next_key}, '>', 6, 'and where its next key frame is';
$left = file($info, 'g.mp4')->{tracks_left_out}[0];
is "$left->{count} $left->{first}", '1 mp4v', 'a codec that is not packaged';
like file($info, 'd.mp4')->{left_out}, qr/box is longer/, 'a broken file';
cmp_ok file($info, 'd.mp4')->{inspect}{errors}, '>', 0, 'with its faults';
like file($info, 'e.mp4')->{left_out}, qr/no file/, 'a directory in it';
like file($info, 'f.mp4')->{left_out}, qr/can't be opened/, 'no such file';
is join(' ', sort keys %{ file($info, 'f.mp4') }), 'left_out name served',
    'of which nothing else is told';

make('broken', map { ("$_.mp4" => 'broken') } 1 .. 3);
is $t->get('/vod/broken/master.m3u8')->status, 422, 'none that can be used';
my $lines = $t->log_count(qr/\[error\].*\/broken\/\d\.mp4": /);
($info) = info('broken/info.json', status => 422);
is $t->log_count(qr/\[error\].*\/broken\/\d\.mp4": /), $lines + 3,
    'each has a line of the log';
is scalar(grep { !$_->{served} && $_->{inspect}{errors} }
          @{ $info->{files} }), 3, 'are all told of';

make('many', map { sprintf('%02d.mp4', $_) => $low } 1 .. 18);
($info) = info('many/info.json');
is join(' ', map { $_->{name} } grep { !$_->{served} } @{ $info->{files} }),
    '17.mp4 18.mp4', 'too many files';
like file($info, '17.mp4')->{left_out}, qr/at most 16 files of a kind/,
    'says so';
is $t->get('/vod/none/info.json')->status, 404, 'no directory';
make('void');
is $t->get('/vod/void/info.json')->status, 404, 'an empty one';

make('many', '19.mp4' => $low);
utime 1, 1, "$html/many";
($info) = info('many/info.json');
is scalar(@{ $info->{files} }), 19, 'a directory that has changed';

# --- subtitles --------------------------------------------------------------

my $cue = "00:00:01.000 --> 00:00:03.500\nHello\n";
$t->write_file('track.srt', "1\n" . $cue =~ tr/./,/r);
make('subs',
     'bad.vtt' => "\0\1" x 100, 'film.de.vtt' => "WEBVTT\n\n$cue\n$cue",
     'film.fr.srt' => "1\n" . $cue =~ tr/./,/r, 'large.vtt' => ' ' x 4194305);
system(qw(ffmpeg -v error -nostdin -y -i), vod_file(), '-i',
       $t->root . '/track.srt', qw(-map 0 -map 1 -c copy -c:s mov_text
       -metadata:s:s:0 language=swe), "$html/subs/a.mp4") == 0 or die;
($info) = info('subs/info.json?tracks=v0,s0,s2');
is join(' ', map { "$_->{name}:$_->{kind}:$_->{language}:$_->{file}:"
                   . ($_->{listed} ? 1 : 0) } @{ $info->{tracks} }),
    'v0:video:und:a.mp4:1 a0:audio:und:a.mp4:0 s0:text:swe:a.mp4:1 '
    . 's1:text:und:bad.vtt:0 s2:text:deu:film.de.vtt:1 '
    . 's3:text:fra:film.fr.srt:0 s4:text:und:large.vtt:0', 'are tracks';
$master = $t->get('/vod/subs/master.m3u8?tracks=v0,s0,s2')->body;
is join(' ', sort $master =~ m{(\w+)/index\.m3u8}g), 's0 s2 v0',
    'as in the playlist';
is track($info, 's2')->{segments}, track($info, 'v0')->{segments},
    'with the segments of the video';
is $info->{epoch}, 'e' . vod_list($t, '/vod/subs/v0/index.m3u8')->{epoch},
    'the epoch has them';
my $de = file($info, 'film.de.vtt');
ok $de->{served}, 'a file is served';
is_deeply $de->{inspect}, { format => 'webvtt', duration => 3.5, cues => 2,
    cues_left_out => 0, size => 9 + 2 * length $cue, errors => 0,
    faults => [] }, 'what is in it';
is file($info, 'film.fr.srt')->{inspect}{format}, 'subrip', 'of SubRip too';
for my $case (['bad.vtt', 's1', qr/./], ['large.vtt', 's4', qr/too large/]) {
    my ($name, $track, $why) = @$case;
    my $bad = file($info, $name);
    is $t->get("/vod/subs/$track/0.vtt")->status, 422, "$name: 422";
    ok !$bad->{served}, "$name: is not served";
    like $bad->{inspect}{faults}[0]{what}, $why, "$name: why";
}
make('subs', map { sprintf('z%02d.vtt', $_) => $cue } 1 .. 14);
utime 2, 2, "$html/subs";
($info) = info('subs/info.json');
is join(' ', map { $_->{name} } grep { !exists $_->{inspect} }
             @{ $info->{files} }), 'z13.vtt z14.vtt', 'too many of them';
like file($info, 'z13.vtt')->{left_out}, qr/of a kind/, 'says so';
open my $fh, '>', "$html/subs/film.de.vtt" or die $!;
print $fh "WEBVTT\n\n$cue";
close $fh or die $!;
($info) = info('subs/info.json');
is file($info, 'film.de.vtt')->{inspect}{cues}, 1, 'one that has changed';

# --- limits -----------------------------------------------------------------

# within the limit of the location, over it, and over the memory besides
for my $case ([1, 100_000, 0], [0, 100_000, 1], [0, 20_000_000, 1]) {
    my ($fine, $n, $limited) = @$case;
    $t->write_file("html/moov$n$limited.mp4", padded($high, $n));
    my ($told) = info("moov$n$limited.mp4/info.json",
                      location => $limited ? '/limited' : '/vod',
                      status => $fine ? 200 : 422);
    my $file = $told->{files}[0];
    is $file->{served} ? 1 : 0, $fine, "moov of $n: is it served";
    like $file->{left_out}, qr/moov exceeds video_max_moov/,
        "moov of $n: why not" if !$fine;
    my $moov = (grep { $_->{type} eq 'moov' }
                @{ $file->{inspect}{boxes} })[0];
    cmp_ok $moov->{size}, '>', $n, "moov of $n: its size";

    if ($n < 20_000_000) {
        is scalar(@{ $file->{inspect}{tracks} }), 2, "moov of $n: its tracks";
        ok !exists $file->{inspect}{incomplete}, "moov of $n: all of it";

    } else {
        like $file->{inspect}{incomplete}, qr/more memory/,
            "moov of $n: has a limit";
    }
}

# of a limit nothing is kept: another location may make an index
is $t->get('/vod/moov1000001.mp4/master.m3u8')->status, 200, 'elsewhere';
($info) = info('moov1000001.mp4/info.json', location => '/limited');
ok $info->{files}[0]{served}, 'then it is served here';

# boxes whose strings need escapes make much text
my $hdlr = box('hdlr', pack('N2', 0, 0) . 'vide' . "\0" x 12
                       . "\1" x 250 . "\0");
my $wordy = box('ftyp', 'isom' . "\0" x 4)
            . join '', map { box('udta', $hdlr x 32) } 1 .. 32;

make('text', 'a.mp4' => $low, 'b.mp4' => substr($wordy, 0, 100_000),
             'c.mp4' => $wordy, 'd.mp4' => $low);
($info, $answer) = info('text/info.json');
cmp_ok length $answer->body, '<=', 1024 * 1024, 'an answer has a limit';
is join(' ', map { $_->{inspect}{incomplete} ? 1 : 0 } @{ $info->{files} }),
    '0 0 1 0', 'what is too large is left out';
is file($info, 'c.mp4')->{inspect}{size}, length $wordy,
    'and told of in short';
is scalar(@{ file($info, 'd.mp4')->{inspect}{tracks} }), 2,
    'others have room';

# what would fit alone, but for the room of what is told of others
$t->write_file('html/full.mp4', substr $wordy, 0, 170_000);
($info) = info('full.mp4/info.json', status => 422);
like $info->{files}[0]{inspect}{incomplete}, qr/more text/, 'room is kept';

$t->write_file('html/long.mp4', slurp(media_file('info_long.ts', '-i',
    vod_file(bitrate => '8000k', size => '640x360', seconds => 20),
    qw(-c copy -fflags +bitexact -f mpegts))));
my $once = -s "$html/long.mp4";
$t->write_file('html/long.mp4', $t->read_file('html/long.mp4')
                                x (1 + 20_000_000 / $once));
($info) = info('long.mp4/info.json', status => 422);
like $info->{files}[0]{inspect}{incomplete}, qr/beginning/,
    'a long transport stream';
is $info->{files}[0]{inspect}{packets}, 88 * 1024, 'as far as it is read';

# millions of small things in memory, by other threads of the pool each time
sub anonymous {
    my $kb = 0;
    for my $pid ($t->workers) {
        $kb += $1 if slurp("/proc/$pid/status") =~ /^RssAnon:\s+(\d+)/m;
    }
    return $kb;
}

my $moof = box('moof', box('mfhd', pack 'N2', 0, 1)
    . box('traf', box('tfhd', pack 'N2', 0, 1)
                  . box('trun', pack 'N2', 0, 0) x 250_000));
my $anonymous = anonymous();
for my $n (1 .. 4) {
    $t->write_file("html/small$n.mp4", box('ftyp', "isom\0\0\0\0") . $moof);
    ($info) = info("small$n.mp4/info.json", status => 422);
    cmp_ok $info->{files}[0]{inspect}{size}, '>', 4_000_000, 'many boxes';
}
cmp_ok anonymous() - $anonymous, '<', 8192, 'memory is given back';

# --- reload -----------------------------------------------------------------

my $before = inspected('film');
ok $t->reload, 'reload';
info('film/info.json');
is inspected('film'), $before, 'kept over a reload';
is zone_numbers($t)->{refs}, 0, 'nothing is held';
$t->finish;

# --- a zone that is too small -----------------------------------------------

my $small = Test::Video->new(log_level => 'debug');
$small->conf(vod_conf(zone => '2m', http => 'video_info on;',
                      listen => 'sndbuf=16k'))->run;
$small->write_file("html/$_.mp4", $low . substr $wordy, 16, 16 * 9064)
    for qw(b c d);
my ($body) = map { $small->get("/vod/$_.mp4/info.json")->body } qw(b b c);
cmp_ok length $body, '>', 800_000, 'large texts';
is $small->log_count(qr/video hls: inspects/), 2, 'are kept';

my @slow = map { $small->get("/vod/$_.mp4/info.json", start => 1,
                             rate => 1000, rcvbuf => 4096) } qw(b c);
ok +(wait_for { zone_numbers($small)->{refs} == 2 } 5), 'and being sent';
my ($one, $two) = map { $small->get('/vod/d.mp4/info.json') } 1 .. 2;
ok $one->complete && $two->complete, 'another has no room beside them';
cmp_ok length $one->body, '>', 800_000, 'and is sent';
is $one->body, $two->body, 'each time';
is $one->status, 200, 'of files that are served';
is $one->header('ETag'), $two->header('ETag'), 'with the same ETag';
is $small->log_count(qr/video hls: inspects/), 4, 'it is made each time';
$_->close for @slow;
ok +(wait_for { zone_numbers($small)->{refs} == 0 } 5), 'nothing is held';
$small->finish;

my $bad = Test::Video->new;
$bad->conf(vod_conf(vod => 'video_info maybe;'));
is $bad->run_refused, 1, 'a value that is none';
cmp_ok $bad->log_count(qr/\[emerg\].*invalid value "maybe" in "video_info"/),
    '>', 0, 'says which';
$bad->finish;

done_testing;
