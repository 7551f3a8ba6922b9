# Proves that subtitles come out at the time and with the words that they went
# in with: files of WebVTT and SubRip beside the media, text tracks of MP4
# files; as WebVTT for HLS and as wvtt for DASH, clipped, filtered, and with
# transport streams; and that what is broken is refused or left out with a
# line that says so.
use strict;
use warnings;
use utf8;

use Encode qw(decode encode);
use Test::More;
use Test::Video;
use Test::Video::Media;
use Test::Video::VOD;

my $t = Test::Video->new;
$t->conf(vod_conf(workers => 2, vod => <<'CONF'))->run;
            video_clip on;
            video_tracks $arg_tracks;
            video_cors *;
CONF
my $html = $t->root . '/html';

# start, end, text
my %cues = (
    en => [['1.000', '3.000', 'Hello <b>there</b>'],
           ['5.500', '9.250', "Two lines\nof text"]],
    fr => [['0.500', '2.000', 'Ça va ?'], ['7.000', '9.900', 'À bientôt']],
);

sub stamp {
    my ($s, $point) = @_;
    return sprintf('00:00:%06.3f', $s) =~ s/\./$point/r;
}

sub vtt {
    return join "\n", 'WEBVTT', '', map {
        stamp($_->[0], '.') . ' --> ' . stamp($_->[1], '.') . "\n$_->[2]\n"
    } @_;
}

sub srt {
    my $n = 0;
    return join "\r\n", map {
        ++$n . "\r\n" . stamp($_->[0], ',') . ' --> ' . stamp($_->[1], ',')
        . "\r\n" . ($_->[2] =~ s/\n/\r\n/r) . "\r\n"
    } @_;
}

sub make {
    my ($dir, %files) = @_;
    mkdir "$html/$dir" or -d "$html/$dir" or die "$dir: $!\n";
    $t->write_file("html/$dir/$_", $files{$_}) for sort keys %files;
    return;
}

sub lines {
    my ($path, $type) = @_;
    return grep { /TYPE=$type/ } split /^/, $t->get($path)->body;
}

# The addresses of a playlist.
sub addresses {
    my ($path) = @_;
    my ($base) = $path =~ m{^(.*/)};
    return map { $base . $_ } $t->get($path)->body =~ /^([^#\n]+)$/mg;
}

# What cues a segment has.
sub cues {
    my ($address) = @_;
    my $answer = $t->get($address);
    is $answer->status, 200, "$address: 200";
    is $answer->header('content-type'), 'text/vtt', "$address: type";
    my $text = decode('UTF-8', $answer->body);
    like $text, qr/\AWEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00\.000\n/,
        "$address: head";
    return map { cue($_) } split /\n\n+/, $text;
}

sub cue {
    my ($block) = @_;
    my ($start, $end, $text) =
        $block =~ /^00:00:0?([\d.]+) --> 00:00:0?([\d.]+).*?\n(.*)/ms
            or return;
    return [$start, $end, $text =~ s/\s+\z//r];
}

# All cues of a playlist: each is in all segments of its time.
sub played {
    my ($path) = @_;
    my (%seen, @all);
    for my $address (addresses($path)) {
        my ($segment) = $address =~ /(\d+)\.vtt/;
        for my $cue (cues($address)) {
            my ($start, $end) = ($segment * 6, $segment * 6 + 6);
            ok $cue->[0] < $end && $cue->[1] > $start, 'a cue of this time';
            push @all, $cue if !$seen{"@$cue"}++;
        }
    }
    return \@all;
}

# --- files ------------------------------------------------------------------

my $video = vod_bytes();
make('film', 'a.mp4' => $video, 'en.vtt' => encode('UTF-8', vtt(@{ $cues{en} })),
     'film.fr.srt' => encode('UTF-8', srt(@{ $cues{fr} })),
     'notes.txt' => 'none', 'zz.mp4.vtt' => vtt());

my @media = lines('/vod/film/master.m3u8', 'SUBTITLES');
is @media, 3, 'three renditions';
like $media[0], qr/NAME="en",LANGUAGE="en",.*URI="s0\/index\.m3u8"/, 'English';
like $media[1], qr/NAME="fr",LANGUAGE="fr",.*URI="s1\/index\.m3u8"/, 'French';
like $media[2], qr/NAME="subtitles",DEFAULT=NO/, 'without a language';
like $t->get('/vod/film/master.m3u8')->body,
    qr/^#EXT-X-STREAM-INF:.*,SUBTITLES="subtitles"\n/m, 'of the variant';

my $list = $t->get('/vod/film/s0/index.m3u8')->body;
is_deeply [$list =~ /^#EXTINF:([\d.]+)/mg],
    vod_list($t, '/vod/film/v0/index.m3u8')->{durations}, 'cut as the video is';
unlike $list, qr/EXT-X-MAP/, 'no init segment';

is_deeply played('/vod/film/s0/index.m3u8'), $cues{en}, 'WebVTT';
is_deeply played('/vod/film/s1/index.m3u8'), $cues{fr}, 'SubRip';
is_deeply played('/vod/film/s2/index.m3u8'), [], 'no cues';

my ($first) = addresses('/vod/film/s0/index.m3u8');
my $answer = $t->get($first);
like $answer->header('cache-control'), qr/immutable/, 'immutable';
is $answer->header('access-control-allow-origin'), '*', 'CORS';
my $etag = $answer->header('etag');
is $t->get($first, headers => ['If-None-Match' => $etag])->status, 304, 'unchanged';
my $head = $t->get($first, method => 'HEAD');
is $head->header('content-length'), length $answer->body, 'HEAD';
is $head->body, '', 'has no body';

# --- refused ----------------------------------------------------------------

my ($epoch) = $first =~ m{/(e[0-9a-f]+)/};
for my $path ('s3/index.m3u8', 's0/2.vtt', "s0/$epoch/2.vtt", 's0/0.ts',
              'v0/0.vtt', 'a0/0.vtt', 's0/e1/0.vtt', 's16/0.vtt', 's0/0.0.vtt',
              's3/init.mp4', 's0/2.m4s', 's0/-1.vtt', 's0/.vtt')
{
    is $t->get("/vod/film/$path")->status, 404, "$path: 404";
}

make('bad', 'a.mp4' => $video, 'a.vtt' => 'no subtitles at all',
     'b.vtt' => vtt(@{ $cues{en} }) . 'x' x (4 << 20), 'c.vtt' => '');
is $t->get('/vod/bad/s0/0.vtt')->status, 422, 'not WebVTT';
is $t->log_count(qr{\[error\].*/bad/a\.vtt": subtitles can't be read: }), 1,
    'a line says what is wrong';
is $t->get('/vod/bad/s1/0.vtt')->status, 422, 'too large';
is $t->log_count(qr{\[error\].*/bad/b\.vtt": subtitles over 4194304 bytes}), 1,
    'a line says so';
is $t->get('/vod/bad/s2/0.vtt')->status, 422, 'empty';
is $t->get('/vod/bad/v0/0.m4s')->status, 200, 'the video is played';

make('many', 'a.mp4' => $video, map { ("$_.vtt" => vtt()) } 10 .. 26);
is scalar(lines('/vod/many/master.m3u8', 'SUBTITLES')), 16, 'sixteen files';
is $t->log_count(qr{/many": 1 file\(s\) left out, more than 16 of a kind}), 1,
    'and a line that says so';

make('alone', 'en.vtt' => vtt(@{ $cues{en} }));
is $t->get('/vod/alone/master.m3u8')->status, 404, 'subtitles alone';

# --- they change ------------------------------------------------------------

make('film', 'en.vtt' => vtt(['1.000', '2.000', 'Another text']));
utime 1, 1, "$html/film/en.vtt";
is_deeply played('/vod/film/s0/index.m3u8'),
    [['1.000', '2.000', 'Another text']], 'a file that was replaced';
is $t->get($first)->status, 404, 'the old address is gone';

# --- tracks of MP4 files ----------------------------------------------------

$t->write_file("$_.srt", encode('UTF-8', srt(@{ $cues{$_} }))) for keys %cues;
my @copy = ('ffmpeg', qw(-v error -nostdin -y -i), vod_file());
my @texts = map { ('-i', $t->root . "/$_.srt") } qw(en fr);
my @codecs = qw(-map 0 -map 1 -map 2 -c copy -c:s mov_text
                -metadata:s:s:0 language=eng -metadata:s:s:1 language=fra);

system(@copy, @texts, @codecs, "$html/tx3g.mp4") == 0 or die;
is scalar(lines('/vod/tx3g.mp4/master.m3u8', 'SUBTITLES')), 2, 'two tracks';
is_deeply played('/vod/tx3g.mp4/s0/index.m3u8'), $cues{en}, 'tx3g';
is_deeply played('/vod/tx3g.mp4/s1/index.m3u8'), $cues{fr}, 'the other one';

system(@copy, @texts, @codecs, qw(-movflags frag_keyframe+delay_moov),
       "$html/fragmented.mp4") == 0 or die;
# ffmpeg leaves the end of a cue to the next one there
is_deeply [map { [@$_[0, 2]] } @{ played('/vod/fragmented.mp4/s0/index.m3u8') }],
    [map { [@$_[0, 2]] } @{ $cues{en} }], 'in fragments';

# the text of the first cue says that it is longer than its sample
my $bytes = slurp("$html/tx3g.mp4");
my $at = index($bytes, 'Hello') - 2;
$t->write_file('html/damaged.mp4', rewrite($bytes, $at => "\xff\xff"));
is_deeply played('/vod/damaged.mp4/s0/index.m3u8'), [$cues{en}[1]],
    'one that is damaged is left out';
ok $t->log_count(qr{\[warn\].*/damaged\.mp4": a sample of subtitles is left }
                 . qr{out: .* at offset $at}), 'a line says which';

# a track that is no track leaves the others
my $handler = index($bytes, 'sbtl', index($bytes, 'sbtl') + 4);
my $stts = index($bytes, 'stts', $handler);
$t->write_file('html/broken.mp4', rewrite($bytes, $stts + 8 => "\xff" x 4));
is scalar(lines('/vod/broken.mp4/master.m3u8', 'SUBTITLES')), 1,
    'a track that is broken is left out';
is $t->get('/vod/broken.mp4/v0/0.m4s')->status, 200, 'the video is played';

# a file beside a track is the one after it
make('both', 'a.mp4' => $bytes, 'de.vtt' => vtt(['3.000', '4.000', 'Hallo']));
is_deeply played('/vod/both/s1/index.m3u8'), $cues{fr}, 'a track';
is_deeply played('/vod/both/s2/index.m3u8'), [['3.000', '4.000', 'Hallo']],
    'then a file';

# --- wvtt, of a file with nothing else ---------------------------------------

# one cue beside which others come and go, over the end of a segment
my @beside = (['3.000', '9.000', 'long'],
    map { [sprintf('%.3f', $_), sprintf('%.3f', $_ + 0.3), "short $_"] }
        3.5, 4.5, 5.5, 6.5, 7.5, 8.5);
make('source', 'a.mp4' => $video, 'en.vtt' => vtt(@beside));
my $cmft = join '', map { $t->get("/vod/source/s0/$_")->body }
                    qw(init.mp4 0.m4s 1.m4s);
make('wvtt', 'a.cmft' => $cmft, 'b.mp4' => $video);
is scalar(lines('/vod/wvtt/master.m3u8', 'SUBTITLES')), 1, 'a file of text';
is_deeply [sort { "@$a" cmp "@$b" } @{ played('/vod/wvtt/s0/index.m3u8') }],
    [sort { "@$a" cmp "@$b" } @beside], 'wvtt: a cue is one cue everywhere';
is_deeply vod_list($t, '/vod/wvtt/v0/index.m3u8')->{durations},
    vod_list($t, '/vod/source/v0/index.m3u8')->{durations}, 'video leads';

$t->write_file('html/text.mp4', $cmft);
is $t->get('/vod/text.mp4/master.m3u8')->status, 422, 'text alone';
make('texts', 'a.mp4' => $cmft, 'b.mp4' => $cmft);
is $t->get("/vod/texts/$_")->status, 422, "texts alone: $_"
    for 'master.m3u8', 's0/0.vtt', 's0/index.m3u8', 'manifest.mpd';
is $t->log_count(qr{\[error\].*/texts": nothing to list}), 4, 'lines say so';

# --- clips and tracks -------------------------------------------------------

sub moved {
    my ($start, $end, @all) = @_;
    return [map {
        [sprintf('%.3f', $_->[0] > $start ? $_->[0] - $start : 0),
         sprintf('%.3f', $_->[1] - $start), $_->[2]]
    } grep { $_->[1] > $start && $_->[0] < $end } @all];
}

for my $asset ('tx3g.mp4', 'both') {
    my ($address) = addresses("/vod/$asset/s0/index.m3u8?start=2&end=6");
    is_deeply [cues($address)], moved(2, 6, @{ $cues{en} }), "$asset: a clip";
}

is scalar(lines('/vod/both/master.m3u8?tracks=v0,a0,s2', 'SUBTITLES')), 1,
    'by name';
is scalar(lines('/vod/both/master.m3u8?tracks=v,a', 'SUBTITLES')), 0, 'none';
unlike $t->get('/vod/both/master.m3u8?tracks=v,a')->body, qr/SUBTITLES/,
    'nor a group';

# --- beside transport streams -----------------------------------------------

like((lines('/vod/tx3g.mp4/master_ts.m3u8', 'SUBTITLES'))[0],
    qr{URI="s0/index_ts\.m3u8"}, 'a list of their own');
my ($ts) = addresses('/vod/tx3g.mp4/s0/index_ts.m3u8');
like $ts, qr/0\.ts\.vtt$/, 'with names of their own';
my ($segment) = addresses('/vod/tx3g.mp4/v0/index_ts.m3u8');
$t->write_file('0.ts', $t->get($segment)->body);
my ($pts) = `ffprobe -v error -select_streams v -show_entries packet=pts \\
             -of csv=p=0 $html/../0.ts` =~ /^(\d+)/;
like $t->get($ts)->body, qr/^X-TIMESTAMP-MAP=MPEGTS:$pts,LOCAL:00:00:00\.000$/m,
    'at the time of the first picture';

# --- DASH -------------------------------------------------------------------

my $mpd = $t->get('/vod/tx3g.mp4/manifest.mpd')->body;
is scalar(() = $mpd =~ /contentType="text" mimeType="application\/mp4"/g), 2,
    'two adaptation sets';
like $mpd, qr/<Representation id="s0" bandwidth="\d+" codecs="wvtt">/, 'wvtt';

my $wvtt = $t->get('/vod/tx3g.mp4/s0/init.mp4');
is $wvtt->header('content-type'), 'application/mp4', 'init: type';
my $whole = $wvtt->body;
for my $n (0, 1) {
    my $chunk = $t->get("/vod/tx3g.mp4/s0/$n.m4s");
    is $chunk->header('content-type'), 'application/mp4', "$n.m4s: type";
    $whole .= $chunk->body;
}

# start, end and text of each sample: payl in vttc, or vtte
$t->write_file('wvtt.mp4', $whole);
my @packets = map { [split /,/] } split /\n/,
    `ffprobe -v error -show_entries packet=pts_time,size,pos -of csv=p=0 \\
     $html/../wvtt.mp4`;
my @samples = map {
    my ($time, $size, $pos) = @$_;
    my $sample = substr $whole, $pos, $size;
    [sprintf('%.3f', $time),
     $sample =~ /payl(.*)/s ? $1 : $sample =~ /vtte/ ? '' : 'damaged'];
} @packets;
is_deeply \@samples,
    [['0.000', ''], ['1.000', 'Hello <b>there</b>'], ['3.000', ''],
     ['5.500', "Two lines\nof text"], ['6.000', "Two lines\nof text"],
     ['9.250', '']], 'samples';

done_testing();
