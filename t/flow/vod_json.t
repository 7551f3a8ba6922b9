# Proves that an asset is what its asset.json says: which tracks of which files,
# their languages, labels and roles in HLS and in DASH, subtitles, a clip, an
# image; that what is wrong with one is refused with a line that names the
# place; and that one that changes, or any of its files, is another asset.
use strict;
use warnings;
use utf8;

use Encode qw(encode);
use JSON::PP qw(decode_json);
use Test::More;
use Test::Video;
use Test::Video::Loop qw(wait_for);
use Test::Video::Media;
use Test::Video::VOD;

my $t = Test::Video->new(log_level => 'info');
$t->conf(vod_conf(workers => 2, vod => 'video_cors *;',
                  locations => <<'CONF'))->run;
        location /clip/ {
            video_vod zone=vod;
            video_clip on;
            video_info on;
            alias %%ROOT%%/html/;
        }
        location /chosen/ {
            video_vod zone=vod;
            video_asset %%ROOT%%/html/film/$arg_asset;
        }
        location /live/ {
            video_live zone=vod;
        }
CONF
my $html = $t->root . '/html';

my $high = slurp(vod_file(size => '320x180', gop => 30));
my $low = slurp(vod_file(size => '160x90', bitrate => '100k', gop => 30));
my @audio = (qw(-f lavfi -i sine=f=600:r=48000:d=10 -c:a aac -f mp4
                -fflags +bitexact -metadata:s:a:0));
my %sound = map { $_ => slurp(media_file("audio_$_.m4a", @audio,
                                         "language=$_")) } qw(deu fra);
my $words = "WEBVTT\n\n00:01.000 --> 00:03.000\nHello\n";

# A description, each with a date of its own, and files beside it.
my $clock = 1000;
sub make {
    my ($dir, $json, %files) = @_;
    mkdir "$html/$dir" or -d "$html/$dir" or die "$dir: $!\n";
    describe("$dir/asset.json", $json) if defined $json;
    $t->write_file("html/$dir/$_", $files{$_}) for sort keys %files;
    return;
}

sub describe {
    my ($name, $json) = @_;
    $t->write_file("html/$name", encode('UTF-8', $json));
    $clock++;
    utime $clock, $clock, "$html/$name";
    return;
}

sub body {
    return $t->get($_[0])->body;
}

# The attributes of renditions by the directories of their playlists.
sub renditions {
    my ($path) = @_;
    my %all;
    for (split /^/, body($path)) {
        $all{$3} = $1 . $2
            if /^#EXT-X-MEDIA:TYPE=(\w+).*?(,NAME=.*?),URI="(\w+)\//;
    }
    return \%all;
}

sub variants {
    return join ' ', body($_[0]) =~ m{^(\w+)/index}mg;
}

sub total {
    my ($list) = @_;
    my $sum = 0;
    $sum += $_ for @{ $list->{durations} };
    return sprintf '%.2f', $sum;
}

# --- what it says -----------------------------------------------------------

make('film', <<'JSON', 'high.mp4' => $high, 'low.mp4' => $low);
{
  "tracks": [
    { "file": "high.mp4", "label": "Original", "language": "en" },
    { "file": "low.mp4", "audio": false },
    { "file": "sound/fra.m4a", "label": "Français <1>", "language": "fr-CA",
      "default": true },
    { "file": "sound/ad.m4a", "label": "Described", "language": "fr-CA",
      "role": "description" },
    { "file": "sound/say.m4a", "label": "Director", "language": "de",
      "role": "commentary" },
    { "file": "words/pt.vtt", "label": "Português", "language": "por-br" },
    { "file": "words/sdh.srt", "label": "SDH", "language": "pt-BR",
      "role": "caption", "default": true },
    { "file": "words/forced.vtt", "language": "en", "forced": true }
  ],
  "poster": "images/film.png"
}
JSON
mkdir "$html/film/$_" for qw(sound words images);
make('film/sound', undef, 'fra.m4a' => $sound{fra}, 'ad.m4a' => $sound{fra},
     'say.m4a' => $sound{deu});
make('film/words', undef, 'pt.vtt' => $words, 'forced.vtt' => $words,
     'sdh.srt' => "1\n00:00:01,000 --> 00:00:02,000\n(Music)\n");
my $image = "\x89PNG\r\n" . join '', map { chr($_ % 256) } 1 .. 5000;
make('film/images', undef, 'film.png' => $image, 'B.JPEG' => $image,
     'c.webp' => $image);
make('film', undef, 'left.mp4' => $low);

my $all = renditions('/vod/film/master.m3u8');
is_deeply [sort keys %$all], [qw(a0 a1 a2 a3 s0 s1 s2)], 'these renditions';
is variants('/vod/film/master.m3u8'), 'v0 v1', 'and these variants';

my $yes = ',DEFAULT=YES,AUTOSELECT=YES';
my $may = ',DEFAULT=NO,AUTOSELECT=YES';
my $two = ',CHANNELS="2"';
my $one = ',CHANNELS="1"';
my $a11y = ',CHARACTERISTICS="public.accessibility.';
my %want = (
    a0 => qq{AUDIO,NAME="Original",LANGUAGE="en"$may$two},
    a1 => qq{AUDIO,NAME="Français <1>",LANGUAGE="fr-CA"$yes$one},
    a2 => qq{AUDIO,NAME="Described",LANGUAGE="fr-CA"$may$one}
          . qq{${a11y}describes-video"},
    a3 => qq{AUDIO,NAME="Director",LANGUAGE="de",DEFAULT=NO,AUTOSELECT=NO}
          . $one,
    s0 => qq{SUBTITLES,NAME="Português",LANGUAGE="pt-BR"$may,FORCED=NO},
    s1 => qq{SUBTITLES,NAME="SDH",LANGUAGE="pt-BR"$yes,FORCED=NO}
          . qq{${a11y}transcribes-spoken-dialog,}
          . 'public.accessibility.describes-music-and-sound"',
    s2 => qq{SUBTITLES,NAME="en",LANGUAGE="en"$may,FORCED=YES},
);
is $all->{$_}, encode('UTF-8', $want{$_}), "HLS: $_" for sort keys %want;

my $mpd = body('/vod/film/manifest.mpd');
my %set;
while ($mpd =~ m{<AdaptationSet (.*?)>\n(.*?)</AdaptationSet>}gs) {
    my ($head, $inside) = ($1, $2);
    my ($id) = $inside =~ /Representation id="([\w-]+)"/;
    $set{$id} = join ' ', $head =~ /lang="([^"]*)"/,
        $head =~ /selectionPriority="(\d)"/,
        $inside =~ m{<Label>(.*?)</Label>}g,
        $inside =~ m{PurposeCS:2007" value="(.*?)"}g,
        $inside =~ m{role:2011" value="(.*?)"}g;
}
%want = (
    v0 => 'main', a0 => 'en Original alternate',
    a1 => 'fr-CA 2 Français &lt;1&gt; main',
    a2 => 'fr-CA Described 1 description', a3 => 'de Director commentary',
    s0 => 'pt-BR Português subtitle', s1 => 'pt-BR 2 SDH 2 caption main',
    s2 => 'en forced-subtitle',
);
is $set{$_}, encode('UTF-8', $want{$_}), "DASH: $_" for sort keys %want;

my %list = map { $_ => vod_list($t, "/vod/film/$_/index.m3u8") }
           qw(v0 v1 a0 a1 a2 a3);
is join(' ', sort { $a cmp $b } values %{{ map { $_->{epoch} => $_->{epoch} }
                                           values %list }}),
    $list{v0}{epoch}, 'one epoch';
for my $track (sort keys %list) {
    my @bad = grep { !$t->get($_)->complete || $t->get($_)->status != 200 }
              $list{$track}{init}, @{ $list{$track}{segments} };
    is_deeply \@bad, [], "$track: all there";
}
# mdhd: five bits a letter
for ([a1 => 'fra'], [s1 => 'por'], [s2 => 'eng']) {
    my $init = body("/vod/film/$_->[0]/init.mp4");
    my $lang = unpack 'n', substr $init, index($init, 'mdhd') + 24;
    is join('', map { chr(96 + ($lang >> $_ & 31)) } 10, 5, 0), $_->[1],
        "$_->[0]: the language of the init segment";
}
like body('/vod/film/s1/0.vtt'), qr/\(Music\)/, 'a text by its number';
is $t->get("/vod/film/$_/index.m3u8")->status, 404, "no $_" for qw(v2 a4 s3);
is $t->get('/vod/film/v0/0.ts')->status, 200, 'a transport stream';

is body('/vod/film/asset.json/master.m3u8'), body('/vod/film/master.m3u8'),
    'by the name of the file';
is body('/chosen/x/master.m3u8?asset=asset.json'),
    body('/vod/film/master.m3u8'), 'by video_asset';
is body('/chosen/x/master.m3u8?asset='), body('/vod/film/master.m3u8'),
    'as the directory, too';

# --- an image ---------------------------------------------------------------

my $poster = $t->get('/vod/film/poster');
is $poster->status, 200, 'poster';
ok $poster->body eq $image, 'as it is';
is $poster->header('content-type'), 'image/png', 'type';
is $poster->header('cache-control'), 'no-cache', 'to be asked for again';
is $poster->header('access-control-allow-origin'), '*', 'CORS';
like $poster->header('last-modified'), qr/GMT$/, 'date';
my $etag = $poster->header('etag');
is $t->get('/vod/film/poster', headers => ['If-None-Match' => $etag])->status,
    304, 'unchanged';
my $range = $t->get('/vod/film/poster', headers => [Range => 'bytes=10-19']);
is $range->status . $range->body, 206 . substr($image, 10, 10), 'a range';
my $head = $t->get('/vod/film/poster', method => 'HEAD');
is $head->header('content-length') . $head->body, length $image, 'HEAD';
utime 1, 1, "$html/film/images/film.png";
isnt $t->get('/vod/film/poster')->header('etag'), $etag, 'another one';

for (['B.JPEG' => 'image/jpeg'], ['c.webp' => 'image/webp']) {
    describe('film/one.json', qq({"tracks":[{"file":"low.mp4"}],)
                              . qq("poster":"images/$_->[0]"}));
    is $t->get('/vod/film/one.json/poster')->header('content-type'), $_->[1],
        $_->[1];
}

is $t->get("$_/poster")->status, 404, "$_: no poster"
    for '/vod/film/low.mp4', '/live/x';

# --- a clip -----------------------------------------------------------------

make('clip', <<'JSON', 'a.mp4' => $high, 'en.vtt' => <<'VTT');
{ "tracks": [{ "file": "a.mp4" }, { "file": "en.vtt" }],
  "clip": { "start": 2, "end": "8.000" } }
JSON
WEBVTT

00:03.000 --> 00:04.000
Hello

00:07.000 --> 00:09.000
Good-bye
VTT

my $clip = vod_list($t, '/vod/clip/v0/index.m3u8');
is total($clip), '6.00', 'six seconds';
is scalar(grep { /\?/ } $clip->{init}, @{ $clip->{segments} }), 0,
    'without arguments';
is vod_list($t, '/vod/clip/v0/index.m3u8?start=1&end=2')->{epoch},
    $clip->{epoch}, 'which mean nothing without the directive';
is vod_list($t, '/clip/clip/v0/index.m3u8')->{epoch}, $clip->{epoch},
    'the same where it is on';

my $source = $t->root . '/html/clip/a.mp4';
my @of = map { sub { [map { (split /,\s*/)[5] =~ s/\s//gr } split /^/,
                      $_[0]->()] }->(framemd5($_, '0:v:0', raw => 1)) }
         $source, 'http://127.0.0.1:' . $t->port . '/vod/clip/master.m3u8';
is_deeply $of[1], [@{ $of[0] }[60 .. 239]], 'the pictures of these seconds';

for (['start=1' => '5.00', '01.000', 60 + 30], ['end=4' => '4.00', '01.000'],
     ['start=1&end=3' => '2.00'], ['start=1&end=60' => '5.00'])
{
    my $part = vod_list($t, "/clip/clip/v0/index.m3u8?$_->[0]");
    is total($part), $_->[1], "$_->[0]: within it";
    isnt $part->{epoch}, $clip->{epoch}, 'another asset';
    is scalar(grep { !$t->get($_)->complete } @{ $part->{segments} }), 0,
        'which is there';
}
like body('/vod/clip/s0/0.vtt'), qr/^00:00:01\.000 --> 00:00:02\.000.*\nHello/m,
    'subtitles move along';
like body('/clip/clip/s0/0.vtt?start=1'),
    qr/^00:00:00\.000 --> 00:00:01\.000.*\nHello/m, 'and again';
is $t->get("/clip/clip/master.m3u8?$_->[0]")->status, $_->[1], $_->[0]
    for ['start=6' => 404], ['start=7&end=8' => 404], ['start=x' => 400];
make('late', '{"tracks":[{"file":"a.mp4"}],"clip":{"start":60}}',
     'a.mp4' => $high);
is $t->get('/vod/late/master.m3u8')->status, 422, 'a clip that is not there';
is $t->log_count(qr{late/a\.mp4": .*nothing in the time of the clip}), 1,
    'says so';

# --- parts of files ---------------------------------------------------------

sub described {
    make('part', '{"tracks":[' . join(',', @_) . ']}');
    return;
}

sub listed {
    return join ' ', variants('/vod/part/master.m3u8'),
        sort keys %{ renditions('/vod/part/master.m3u8') };
}

$t->write_file('words.srt', "1\n00:00:01,000 --> 00:00:02,000\nWords\n");
system(qw(ffmpeg -v error -nostdin -y -i), vod_file(), '-i',
       $t->root . '/words.srt', qw(-map 0 -map 1 -c copy -c:s mov_text
       -metadata:s:s:0 language=eng -f mp4), $t->root . '/text.mp4') == 0
    or die;
make('part', undef, 'av.mp4' => $low, 'de.m4a' => $sound{deu},
     'text.mp4' => slurp($t->root . '/text.mp4'), 'en.vtt' => $words);

described('{"file":"de.m4a"}', '{"file":"av.mp4","audio":false}');
is listed(), 'v0 a0', 'without audio';
like vod_list($t, '/vod/part/a0/index.m3u8')->{durations}[0], qr/^6\.0/,
    'cut at the video that comes second';
described('{"file":"av.mp4","video":false}',
          '{"file":"text.mp4","text":false}');
is listed(), 'v0 a0', 'without video, without text';
is $t->get("/vod/part/$_/index.m3u8")->status, 404, "no $_" for 'v1', 's0';
is $t->get('/vod/part/a1/index.m3u8')->status, 200, 'audio that is listed once';
described('{"file":"av.mp4","video":false}', '{"file":"de.m4a"}');
is listed(), 'a0 a1', 'audio alone';
is scalar(@{ vod_list($t, '/vod/part/a1/index.m3u8')->{segments} }), 2,
    'is cut';
is $t->get('/vod/part/v0/index.m3u8')->status, 404, 'the video is not there';
described('{"file":"de.m4a","audio":true,"video":true}',
          '{"file":"text.mp4","type":"subtitles","language":"en-GB",'
          . '"label":"Words"}', '{"file":"en.vtt"}', '{"file":"av.mp4"}');
is listed(), 'v0 a0 a1 s0 s1', 'the text of a file with video';
like renditions('/vod/part/master.m3u8')->{s0},
    qr/NAME="Words",LANGUAGE="en-GB"/, 'as told';
like body('/vod/part/s0/0.vtt'), qr/Words/, 'the track';
like body('/vod/part/s1/0.vtt'), qr/Hello/, 'then the file';
is $t->get('/vod/part/s2/0.vtt')->status, 404, 'no more';
described('{"file":"text.mp4","language":"fr","label":"Son"}');
like renditions('/vod/part/master.m3u8')->{s0}, qr/NAME="en",LANGUAGE="en"/,
    'what is said of media is said of its audio';
described('{"file":"de.m4a"}', '{"file":"text.mp4","type":"subtitles"}');
is listed(), 'a0 s0', 'subtitles beside audio alone';
is $t->get('/vod/part/s0/0.vtt')->status, 200, 'with subtitles';

system(qw(ffmpeg -v error -nostdin -y -i), $t->root . '/words.srt',
       qw(-c:s mov_text -f mp4), "$html/part/words.cmft") == 0 or die;
described('{"file":"words.cmft","language":"pt-BR"}', '{"file":"av.mp4"}');
like renditions('/vod/part/master.m3u8')->{s0}, qr/LANGUAGE="pt-BR"/,
    'a file of text alone';
like body('/vod/part/s0/0.vtt'), qr/Words/, 'has its words';
described('{"file":"de.m4a","audio":false}', '{"file":"words.cmft"}');
is $t->get('/vod/part/master.m3u8')->status, 422, 'nothing but text is left';
is $t->log_count(qr{part/asset\.json": nothing to list}), 1, 'and told';

described('{"file":"text.mp4","type":"subtitles"}', '{"file":"de.m4a"}');
is $t->get('/vod/part/a1/index.m3u8')->status, 404, 'no other audio';
is_deeply vod_list($t, '/vod/part/a0/index.m3u8')->{durations},
    vod_list($t, '/vod/part/de.m4a/a0/index.m3u8')->{durations},
    'which leads, also when it comes second';

described('{"file":"av.mp4"}', '{"file":"text.mp4","label":"Again"}');
is listed(), 'v0 v1 a0 a1 s0', 'audio of another label is another';
described('{"file":"av.mp4","language":"en"}',
          '{"file":"text.mp4","text":false}');
is listed(), 'v0 v1 a0 a1', 'of another language, too';
for (['"role":"dub"' => 'role'], ['"language":"de-AT"' => 'region']) {
    described('{"file":"av.mp4"}', '{"file":"de.m4a","language":"de"}',
              qq({"file":"de.m4a","language":"de",$_->[0]}) =~
              s/"language":"de",(?=.*language)//r);
    is listed(), 'v0 a0 a1 a2', "of another $_->[1]";
}
described('{"file":"av.mp4"}', '{"file":"de.m4a"}',
          '{"file":"de.m4a","language":"de","type":"media"}');
is listed(), 'v0 a0 a1', 'said in other words it is the same';
described('{"file":"de.m4a","video":false}', '{"file":"av.mp4","audio":false}',
          '{"file":"av.mp4","video":false}');
is listed(), 'v0 a0 a1', 'a file twice';
described('{"file":"de.m4a","video":true}', '{"file":"nothing.mp4"}');
make('part', undef, 'nothing.mp4' => 'nothing');
is listed(), 'a0', 'one that is broken is left out';
ok $t->log_count(qr{part/nothing\.mp4": .* at offset \d+}), 'and told';

described('{"file":"av.mp4","audio":false}',
          ('{"file":"de.m4a","language":"fr-CA","label":"A"}') x 2,
          '{"file":"de.m4a","label":"B"}', '{"file":"en.vtt"}');
my $info = decode_json(body('/clip/part/info.json'));
is_deeply [map { "$_->{name} $_->{language} " . ($_->{listed} ? 1 : 0) }
           @{ $info->{tracks} }],
    ['v0 und 1', 'a0 fra 1', 'a1 fra 0', 'a2 deu 1', 's0 eng 1'],
    'info.json has these tracks';
is_deeply [map { $_->{name} } @{ $info->{files} }],
    [qw(av.mp4 de.m4a de.m4a de.m4a en.vtt)], 'and these files alone';
described('{"file":"av.mp4","audio":false}', '{"file":"de.m4a"}');
is_deeply [map { $_->{name} } @{ decode_json(body('/clip/part/info.json'))
                                 ->{tracks} }], [qw(v0 a0)], 'or others';

# --- it changes -------------------------------------------------------------

sub epoch { return vod_list($t, '/vod/change/v0/index.m3u8')->{epoch} }

my $json = '{"tracks":[{"file":"a.mp4","label":"A"},{"file":"b.mp4"},'
         . '{"file":"c.vtt"}]}';
make('change', $json, 'a.mp4' => $high, 'b.mp4' => $low, 'c.vtt' => $words);
my $now = epoch();
my $old = vod_list($t, '/vod/change/v0/index.m3u8')->{segments}[0];
make('change', $json);
is epoch(), $now, 'what says the same is the same';
my %epochs = ($now => 1);
for (qw(a.mp4 b.mp4 c.vtt)) {
    utime 2, 2, "$html/change/$_";
    ok !$epochs{epoch()}++, "$_ changes";
}
make('change', $json =~ s/"A"/"B"/r);
ok !$epochs{epoch()}++, 'a label changes';
is $t->get($old)->status, 404, 'the old address is gone';
unlink "$html/change/asset.json";
utime 2, 2, "$html/change";
ok !$epochs{epoch()}++, 'no description';
make('change', $json);
utime 3, 3, "$html/change";
like renditions('/vod/change/master.m3u8')->{a0}, qr/NAME="A"/, 'one again';

# twice in a second, of the same size
for my $name ('X', 'Y') {
    $t->write_file('html/change/asset.json', $json =~ s/"A"/"$name"/r);
    my $seen = sub { renditions('/vod/change/master.m3u8')->{a0} };
    ok wait_for(sub { $seen->() =~ /NAME="$name"/ }, 5), "$name is seen";
}

# --- what is refused --------------------------------------------------------

make('bad', '{}');
my $answer = $t->get('/clip/bad/info.json');
is $answer->status . $answer->body, 422, 'info.json, too, has nothing to tell';

my $n = 0;
sub refused {
    my ($json, $status, $message) = @_;
    my $dir = 'bad' . $n++;
    make($dir, $json, 'a.mp4' => $low);
    my $path = "$html/$dir/asset.json";
    is $t->get("/vod/$dir/$_")->status, $status, "$status: $message"
        for qw(master.m3u8 v0/0.m4s);
    is $t->log_count(qr{\[error\]\ [^\n]*\ "\Q$path\E":\ \Q$message\E}x), 2,
        'and a line for each';
    return;
}

my @one = ('{"tracks":[{"file":"a.mp4"', '}]}');
my $names = '"file", "type", "video", "audio", "text", "language", "label", '
          . '"role", "default", "forced"';
my $roles = '"main", "alternate", "commentary", "dub", "description"';

refused('', 422, q(1:0: '[' or '{' expected near end of file));
refused("{\n \"tracks\": [,]\n}", 422, q(2:13: unexpected token near ','));
refused('[' x 9, 422, '1:9: nested more than 8 deep');
refused(' ' x 65537, 422, 'larger than 65536 bytes');
refused('{"tracks":[],"tracks":[]}', 422, '1:21: duplicate object key near ');
refused('"text"', 422, q(1:6: '[' or '{' expected near '"text"'));
refused('[]', 422, 'an object is expected, not a list');
refused('{"track":[]}', 422, 'track: no such member, known are "tracks", '
                             . '"poster", "clip"');
refused('{"poster":"p.png"}', 422, 'tracks: a list of 1 to 32 objects is '
                                   . 'expected');
refused('{"tracks":["a.mp4"]}', 422, 'tracks[0]: an object is expected, not a '
                                     . 'string');
refused(join(',"lang":"en"', @one), 422, 'tracks[0].lang: no such member, '
                                         . "known are $names");
refused('{"tracks":[{"label":"x"}]}', 422, 'tracks[0].file: is missing');
refused('{"tracks":[{"file":7}]}', 422, 'tracks[0].file: a string is expected, '
                                        . 'not a number');
refused('{"tracks":[{"file":""}]}', 422, 'tracks[0].file: 1 to 511 bytes are '
                                         . 'expected, not 0');
refused('{"tracks":[{"file":"../film/high.mp4"}]}', 422, 'tracks[0].file: '
        . '"../film/high.mp4" has "..", a path below this file\'s directory '
        . 'is expected');
refused("{\"tracks\":[{\"file\":\"$html/film/high.mp4\"}]}" =~ s/$html/\/x/r,
        422, 'tracks[0].file: "/x/film/high.mp4" is absolute, a path relative '
        . 'to this file\'s directory is expected');
refused('{"tracks":[{"file":"a\nb"}]}', 422, 'tracks[0].file: has a control '
                                             . 'character');
refused(join(',"type":"text"', @one), 422, 'tracks[0].type: "text" is none of '
                                           . '"media", "subtitles"');
refused('{"tracks":[{"file":"a.vtt","type":"media"}]}', 422, 'tracks[0].type: '
        . '"a.vtt" is subtitles by its name');
refused('{"tracks":[{"file":"a.vtt"}]}', 422, 'tracks: one of type "media" is '
                                              . 'expected');
refused(join(',"audio":1', @one), 422, 'tracks[0].audio: true or false is '
                                       . 'expected, not a number');
refused(join(',"audio":false,"video":false', @one), 422, 'tracks[0].video: '
        . 'false, and "audio" too: nothing is left of the file');
refused(join(',"audio":false,"role":"dub"', @one), 422, 'tracks[0].role: is '
        . 'said of audio, and "audio" is false');
refused('{"tracks":[{"file":"a.vtt","video":true}]}', 422, 'tracks[0].video: '
        . 'is not for subtitles');
refused(join(',"forced":true', @one), 422, 'tracks[0].forced: only subtitles '
                                           . 'can be forced');
refused(join(',"language":"english"', @one), 422, 'tracks[0].language: '
        . '"english" is no language tag, one like "en", "pt-BR" or "deu" is '
        . 'expected');
refused(join(',"role":"subtitle"', @one), 422, 'tracks[0].role: "subtitle" is '
                                               . "none of $roles");
refused('{"tracks":[{"file":"a.mp4"},{"file":"b.vtt","role":"x"}]}', 422,
        'tracks[1].role: "x" is none of ' . $roles . ', "caption", '
        . '"subtitle", "forced-subtitle", "easyreader"');
refused('{"tracks":[{"file":"a.mp4","default":true},{"file":"a.mp4",'
        . '"default":true}]}', 422, 'tracks[1].default: tracks[0] is the '
        . 'default of audio already');
refused('{"tracks":[' . join(',', ('{"file":"a.mp4"}') x 17) . ']}', 422,
        'tracks[16].file: more than 16 MP4 files');
refused('{"tracks":[{"file":"a.mp4"},' . join(',', ('{"file":"a.vtt"}') x 17)
        . ']}', 422, 'tracks[17].file: more than 16 files of subtitles');
refused(join('}],"poster":"p.gif"', $one[0], '}'), 422, 'poster: "p.gif" is '
        . 'no image by its name: .jpg, .jpeg, .png or .webp is expected');
refused(join('}],"clip":7', $one[0], '}'), 422, 'clip: an object is expected, '
                                                . 'not a number');
refused(join('}],"clip":{"start":"1:30"}', $one[0], '}'), 422, 'clip.start: '
        . 'seconds with up to three decimals are expected');
refused(join('}],"clip":{"start":2,"end":1}', $one[0], '}'), 422, 'clip.end: '
        . 'is not after "start"');

refused('{"tracks":[{"file":"a.mp4"},{"file":"gone.vtt"}]}', 404,
        "tracks[1].file: open() \"$html/bad$n/gone.vtt\" failed (2: ");
make("bad$n/dir", undef) if mkdir "$html/bad$n";
refused('{"tracks":[{"file":"a.mp4"},{"file":"dir"}]}', 404,
        "tracks[1].file: \"$html/bad$n/dir\" is no file");
make('late', '{"tracks":[{"file":"a.mp4"}],"poster":"gone.png"}');
is $t->get('/vod/late/master.m3u8')->status, 200, 'without its poster';
is $t->get('/vod/late/poster')->status, 404, 'which is not there';
is $t->log_count(qr{late/asset\.json":\ poster:\ open\(\)
                    \ "[^"]*gone\.png"\ failed}x), 1, 'and told';
make('late', '{"tracks":[{"file":"gone.mp4"}],"poster":"a.png"}',
     'a.png' => $image);
is $t->get('/vod/late/poster')->status, 200, 'a poster without media';

SKIP: {
    skip 'root may read all', 1 if $> == 0;
    chmod 0, "$html/late/asset.json";
    is $t->get('/vod/late/master.m3u8')->status, 403, 'not permitted';
}

# --- it is read once --------------------------------------------------------

is $t->get('/vod/film/master.m3u8')->status, 200, 'again' for 1 .. 4;
unlink "$html/film/asset.json";
mkdir "$html/film/asset.json";
is $t->get('/vod/film/master.m3u8')->status, 404, 'a directory of that name';

done_testing();
