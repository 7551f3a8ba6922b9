# Proves that an asset of clips plays one after the other: every picture and
# every packet of sound of their sources through HLS, transport streams and
# DASH, of the rendition that is most like the listed one; that what belongs to
# one clip is served and kept as that of any asset; and that what does not fit
# is refused with a line that names the clip.
use strict;
use warnings;

use List::Util qw(sum0);
use Test::More;
use Test::Video;
use Test::Video::Loop qw(wait_for);
use Test::Video::Media;
use Test::Video::VOD;

my $t = Test::Video->new(log_level => 'debug');
$t->conf(vod_conf(workers => 2, zone => '64m', vod => <<'VOD',
            video_tracks $arg_tracks;
            video_max_height $arg_height;
VOD
                  locations => <<'CONF'))->run;
        location /clip/ {
            video_vod zone=vod;
            video_clip on;
            video_info on;
            alias %%ROOT%%/html/;
        }
        location /trick/ {
            video_vod zone=vod;
            video_trick_mode on;
            alias %%ROOT%%/html/;
        }
CONF
my $html = $t->root . '/html';
my $clock = 1000;

sub make {
    my ($dir, %files) = @_;
    mkdir "$html/$dir" or -d "$html/$dir" or die "$dir: $!\n";
    for (sort keys %files) {
        $t->write_file("html/$dir/$_", $files{$_});
        $clock++;
        utime $clock, $clock, "$html/$dir/$_";
    }
    return;
}

sub clips {
    my ($dir, @clips) = @_;
    make($dir, 'asset.json' => '{"clips":[' . join(',', @clips) . ']}');
    return;
}

sub body { return $t->get($_[0])->body }
sub code { return $t->get(@_)->status }

# --- sources: other sizes, rates, timescales --------------------------------

sub film {
    my ($size, $rate, $gop, $seconds, $audio, @args) = @_;
    return media_file('clip.mp4', qw(-f lavfi -i),
        "testsrc2=size=$size:rate=$rate", qw(-f lavfi -i),
        "sine=f=440:r=$audio", '-t', $seconds, '-g', $gop, '-keyint_min', $gop,
        qw(-c:v libx264 -preset veryfast -pix_fmt yuv420p -sc_threshold 0
           -bf 2 -c:a aac -ac 2 -threads 1 -fflags +bitexact
           -flags:v +bitexact -flags:a +bitexact -map_metadata -1), @args);
}

my $one = film('320x180', 25, 50, 8, 44100);
my $high = film('640x360', 30, 60, 10, 48000,
                qw(-metadata:s:a language=eng));
my $low = film('160x90', 30, 60, 10, 48000,
               qw(-metadata:s:a language=eng));
my $three = film('480x270', '30000/1001', 30, 9, 48000);
my $small = film('128x72', '30000/1001', 30, 9, 48000);
my $fra = media_file('clip_fra.m4a', qw(-f lavfi -i sine=f=600:r=48000:d=10
                     -c:a aac -ac 2 -fflags +bitexact
                     -metadata:s:a language=fra));
my $mute = film('320x180', 25, 50, 4, 44100, '-an');

make('film', 'one.mp4' => slurp($one),
     'cut.json' => '{"tracks":[{"file":"three/a.mp4"},{"file":"three/b.mp4",'
                   . '"audio":false}],"clip":{"start":1.001,"end":8}}');
make('film/two', 'a.mp4' => slurp($high), 'b.mp4' => slurp($low),
     'c.m4a' => slurp($fra),
     'en.vtt' => "WEBVTT\n\n00:01.000 --> 00:03.000\nHello\n");
make('film/three', 'a.mp4' => slurp($small), 'b.mp4' => slurp($three));
clips('film', '{"asset":"one.mp4"}', '{"asset":"two"}',
      '{"asset":"cut.json","start":1.001,"end":"5.005"}');

# --- what lists them --------------------------------------------------------

# The stretches of a media playlist: [{ init, segments, durations }].
sub stretches {
    my ($path) = @_;
    my ($base) = $path =~ m{^(.*/)};
    my $body = body($path);
    my $place = sub {
        my $url = $base . $_[0];
        1 while $url =~ s{/[^/.]+/\.\./}{/};
        return $url;
    };
    my @all = map {
        my ($init) = /^#EXT-X-MAP:URI="([^"]+)"/m;
        +{ init => $init && $place->($init),
           segments => [map { $place->($_) } /^([^#\n]+)$/mg],
           durations => [/^#EXTINF:([\d.]+)/mg] };
    } split /^#EXT-X-DISCONTINUITY\n/m, $body;
    return \@all;
}

# The periods of a manifest: [{ start, id => { init, segments, length } }].
sub periods {
    my ($path) = @_;
    my ($base) = $path =~ m{^(.*/)};
    my $body = body($path);
    my @all;
    while ($body =~ m{<Period id="\d+" start="PT([\d.]+)S">(.*?)</Period>}gs) {
        my ($start, $inside) = ($1, $2);
        my %period = (start => $start);
        while ($inside =~ m{<Representation\ id="([\w-]+)"
                            (.*?)</Representation>}gsx) {
            my ($id, $text) = ($1, $2);
            my ($scale) = $text =~ /timescale="(\d+)"/;
            my ($init, $media) =
                map { "$base$_" =~ s/\$RepresentationID\$/$id/r }
                $text =~ /initialization="([^"]+)" media="([^"]+)"/;
            my @d;
            push @d, ($1) x (1 + ($2 // 0))
                while $text =~ /<S(?: t="\d+")? d="(\d+)"(?: r="(\d+)")?/g;
            $period{$id} = {
                init => $init, length => sum0(@d) / $scale,
                segments => [map { $media =~ s/\$Number\$/$_/r } 0 .. $#d],
            };
        }
        push @all, \%period;
    }
    return @all;
}

# The checksums of packets, or of pictures.
sub sums {
    my ($file, $map, @how) = @_;
    open my $fh, '-|', qw(ffmpeg -v error -nostdin -i), $file, '-map', $map,
        @how, qw(-f framemd5 -) or die "ffmpeg: $!\n";
    return [map { (split /,\s*/)[5] =~ s/\s//gr } grep { !/^#/ } <$fh>];
}

sub packets { return sums(@_, qw(-c copy)) }

sub fetched { return vod_fetched($t, @_) }

# Whether a list is a run of another one; where.
sub run_of {
    my ($part, $all) = @_;
    my $at = index "@$all", "@$part";
    return @$part && $at >= 0 ? ($at / 33) : -1;
}

my $master = body('/vod/film/master.m3u8');
my @lines = $master =~ /^#EXT-X-STREAM-INF:(.*)$/mg;
is join(' ', $master =~ m{(?:^|")([\w/]+)\.m3u8}mg),
    's0/index a0/index a2/index v0/index v1/index iframe/v0 iframe/v1',
    'the tracks of the clip that has the most';
like $lines[0], qr/RESOLUTION=640x360,FRAME-RATE=30\.000/, 'as the highest';
like $lines[1], qr/RESOLUTION=320x180/, 'of the other, too';
like $lines[0], qr/CODECS="avc1\.64001e,mp4a/, 'the highest level';

my %names = (v0 => [qw(v0 v0 v1)], v1 => [qw(v0 v1 v0)],
             a0 => [qw(a0 a0 a0)], a2 => [qw(a0 a2 a0)]);
my %of = (v0 => [$one, $high, $three], v1 => [$one, $low, $small],
          a0 => [$one, $high, $small], a2 => [$one, $fra, $small]);
# from 1.001 s + 1.001 s to the key frame at 1.001 s + 5.005 s
my @cut = (60 .. 179);
my %list = map { $_ => stretches("/vod/film/$_/index.m3u8") } keys %of;

for my $track (sort keys %of) {
    my $map = $track =~ /^v/ ? '0:v:0' : '0:a:0';
    my @s = @{ $list{$track} };
    is scalar(@s), 3, "$track: three stretches";
    is_deeply [map { m{/(\w\d)/e[0-9a-f]+-(\d)/init}; "$1 $2" }
               map { $_->{init} } @s],
        [map { "$names{$track}[$_] " . ($_ + 1) } 0 .. 2],
        "$track: each of the track that is most like it";

    for my $k (0 .. 2) {
        my ($got, $want) = (packets(fetched($s[$k]), $map),
                            packets($of{$track}[$k], $map));
        if ($k < 2) {
            is_deeply $got, $want, "$track: packets of clip $k";
        } elsif ($track =~ /^v/) {
            is_deeply $got, [@$want[@cut]], "$track: those of its time";
        } else {
            my $at = run_of($got, $want);
            # some before, for the decoder
            ok abs($at - 2.002 * 48000 / 1024) < 5, "$track: from the time"
                or diag("packet $at");
            ok abs(@$got - 4.004 * 48000 / 1024) < 7, "$track: to the time"
                or diag(scalar(@$got) . ' packets');
        }
    }
}

# All tracks of a clip that another one follows end at once, so that what is
# added up of a playlist does not drift away from the others.
for my $track (qw(v1 a0 a2)) {
    for my $k (0, 1) {
        my ($sum, $want) = map { sum0(@{ $list{$_}[$k]{durations} }) }
                           $track, 'v0';
        ok abs($sum - $want) < 0.0001, "$track: clip $k is as long as v0"
            or diag("$sum s, not $want s");
    }
}

my $body = body('/vod/film/v1/index.m3u8');
is join(' ', $body =~ m{^#EXT-X-MAP:URI="((?:\.\./)?[\w-]+)/}mg)
   =~ s/\be[\w-]+/e/gr,
    '../v0 e ../v0', 'by another number';
my ($target) = $body =~ /TARGETDURATION:(\d+)/;
is scalar(grep { $_ >= $target + 0.5 } $body =~ /^#EXTINF:([\d.]+)/mg), 0,
    'no segment is longer than the target';
is scalar(() = $body =~ /^#EXT-X-(?:ENDLIST|TARGETDURATION)/mg), 2, 'one list';

my @periods = periods('/vod/film/manifest.mpd');
is_deeply [map { join ' ', sort grep { $_ ne 'start' } keys %$_ } @periods],
    ['a0 v0', 'a0 a2 s0 v0 v1', 'a0 v0 v1'], 'a period has what its clip has';
is_deeply [map { $_->{start} } @periods], ['0', '8.000', '18.000'],
    'and begins when the pictures before it end';
my ($total) = body('/vod/film/manifest.mpd')
              =~ /PresentationDuration="PT([\d.]+)/;
ok abs($total - 18 - $periods[2]{v0}{length}) < 0.15,
    'the whole is their sum'
    or diag("$total s, with $periods[2]{v0}{length} s");
for ([0, 'v0', '0:v:0', $one], [1, 'v1', '0:v:0', $low],
     [1, 'v0', '0:v:0', $high], [1, 'a2', '0:a:0', $fra],
     [0, 'a0', '0:a:0', $one])
{
    my ($k, $id, $map, $source) = @$_;
    is_deeply packets(fetched($periods[$k]{$id}), $map),
        packets($source, $map), "DASH: $id of clip $k";
}
is_deeply packets(fetched($periods[2]{v1}), '0:v:0'),
    [@{ packets($three, '0:v:0') }[@cut]], 'DASH: v1 of clip 2';
ok !(grep { exists $_->{'v0-iframe'} } @periods), 'no key frames';
is scalar(grep { exists $_->{'v0-iframe'} }
          periods('/trick/film/manifest.mpd')), 3, 'with them, in all';

# --- transport streams ------------------------------------------------------

like body('/vod/film/master_ts.m3u8'), qr{^v0/index_ts\.m3u8$}m, 'TS';
my $ts = stretches('/vod/film/v0/index_ts.m3u8');
is scalar(@$ts), 3, 'TS: three stretches';
for my $k (0, 1) {
    my $file = fetched($ts->[$k]);
    is_deeply sums($file, '0:v:0'), sums($of{v0}[$k], '0:v:0'),
        "TS: pictures of clip $k";
    is_deeply sums($file, '0:a:0', qw(-c copy -bsf:a aac_adtstoasc)),
        packets($of{a0}[$k], '0:a:0'), "TS: sound of clip $k";
}
is_deeply sums(fetched($ts->[2]), '0:v:0'),
    [@{ sums($three, '0:v:0') }[@cut]], 'TS: pictures of clip 2';
is scalar(@{ stretches('/vod/film/a2/index_ts.m3u8') }), 3, 'TS: sound alone';

# ffmpeg reads it as one
is scalar(@{ packets('http://127.0.0.1:' . $t->port
                     . '/vod/film/v0/index_ts.m3u8', '0:v:0') }),
    200 + 300 + 120, 'all pictures one after the other';

# --- key frames -------------------------------------------------------------

my $keys = stretches('/vod/film/iframe/v1.m3u8');
is_deeply [map { scalar @{ $_->{segments} } } @$keys], [4, 5, 4],
    'key frames of all clips';
like $keys->[0]{segments}[0], qr{^/vod/film/v0/e[0-9a-f]+-1/i0\.m4s$}, 'where';
for my $k (0 .. 2) {
    is scalar(@{ packets(fetched($keys->[$k]), '0:v:0') }),
        @{ $keys->[$k]{segments} }, "one in each: clip $k";
}

# --- subtitles --------------------------------------------------------------

my $texts = stretches('/vod/film/s0/index.m3u8');
is_deeply [map { [map { sprintf '%.1f', $_ } @{ $_->{durations} }] } @$texts],
    [map { [map { sprintf '%.1f', $_ } @{ $_->{durations} }] } @{ $list{v0} }],
    'subtitles are cut as the pictures are';
my @words = map { my $s = $_; join '', map { body($_) } @{ $s->{segments} } }
            @$texts;
like $words[1], qr/^00:00:01\.000 --> 00:00:03\.000.*\nHello/m, 'the cue';
unlike $words[$_], qr/-->/, "none in clip $_" for 0, 2;
like $words[$_], qr/^WEBVTT/, "which is WebVTT: $_" for 0, 2;
is code($_), 200, 'with transport streams' for map { @{ $_->{segments} } }
    @{ stretches('/vod/film/s0/index_ts.m3u8') };
is scalar(grep { !/^WEBVTT\n/ } map { body($_) } map { @{ $_->{segments} } }
          @$texts), 0, 'every one is a file';

# of clips that are alike it is the one with subtitles that is listed
make('said', 'a.mp4' => slurp($one));
make('said/b', 'b.mp4' => slurp($one), 'de.vtt' => "WEBVTT\n");
clips('said', '{"asset":"a.mp4"}', '{"asset":"b"}');
like body('/vod/said/master.m3u8'), qr{LANGUAGE="de".*URI="s0/},
    'the second has';
is scalar(@{ stretches('/vod/said/s0/index.m3u8') }), 2, 'both are listed';

# by height first, though another one has the rate
make('like');
make('like/b', 'a.mp4' => slurp(film('160x90', 30, 60, 4, 48000, '-qp', 4)),
     'b.mp4' => slurp(film('480x270', 30, 60, 4, 48000, '-qp', 45)));
make('like/a', 'a.mp4' => slurp($high), 'b.mp4' => slurp($low));
clips('like', '{"asset":"a"}', '{"asset":"b"}');
is_deeply [map { m{/(v\d)/e[0-9a-f]+-2/init}; $1 } map { $_->{init} }
           map { stretches("/vod/like/$_/index.m3u8")->[1] } qw(v0 v1)],
    ['v1', 'v0'], 'the nearest height';

# --- some of the tracks -----------------------------------------------------

is join(' ', body('/vod/film/master.m3u8?tracks=v1,a2') =~ m{(\w\d)/index}g),
    'a2 v1', 'by name';
is join(' ', body('/vod/film/master.m3u8?height=100') =~ m{^(v\d)/index}mg),
    'v1', 'by height';

# --- what belongs to one clip -----------------------------------------------

my $url = $list{v0}[1]{segments}[0];
my $all = $t->get($url);
like $all->header('cache-control'), qr/max-age=31536000, immutable/, 'kept';
my $range = $t->get($url, headers => [Range => 'bytes=100-199']);
is $range->status . $range->body, 206 . substr($all->body, 100, 100), 'a range';
my $head = $t->get($url, method => 'HEAD');
is $head->header('content-length') . $head->body, length $all->body, 'HEAD';
is code($url, headers => ['If-None-Match' => $all->header('etag')]), 304,
    'ETag';

is code($url =~ s/-2/-$_/r), 404, "clip $_" for 1, 3, 4, 33, '0', '02', 'x', '';
is code($url =~ s/-2//r), 404, 'without a clip';
is code($url =~ s{/e[0-9a-f]+-2/}{/}r), 404, 'without an epoch';
is code($url =~ s{/e([0-9a-f]+)-2}{/e${1}0-2}r), 404, 'another epoch';
is code('/vod/film/v0/e1-2/0.m4s'), 404, 'which is none';
is code($list{v0}[1]{init} =~ s/-2/-1/r), 404, 'the init segment of another';
my $alone = vod_list($t, '/vod/film/one.mp4/v0/index.m3u8');
is code($alone->{segments}[0]), 200, 'an asset without clips';
is code($alone->{segments}[0] =~ s{(/e[0-9a-f]+)/}{$1-1/}r), 404, 'has none';
is code("/clip/film/$_"), 404, $_ for 'info.json', 'progressive.mp4', 'poster';

make('shown', 'asset.json' => '{"clips":[{"asset":"a.mp4"}],'
                              . '"poster":"p.png"}',
     'a.mp4' => slurp($one), 'p.png' => 'image');
is body('/vod/shown/poster'), 'image', 'a poster';
is scalar(@{ stretches('/vod/shown/v0/index.m3u8') }), 1, 'one clip';

# sound far longer than the pictures
make('long', 'a.mp4' => slurp(media_file('clip_long.mp4', '-i', $mute,
         '-i', $fra, qw(-map 0 -map 1 -c copy -fflags +bitexact))));
clips('long', '{"asset":"a.mp4"}', '{"asset":"a.mp4"}');
is_deeply [map { sprintf '%.2f', sum0(@{ $_->[0]{durations} }) }
           map { stretches("/vod/long/$_/index.m3u8") } 'v0', 'a0'],
    ['10.00', '10.00'], 'a clip lasts as long as its sound';
is_deeply [map { $_->{start} } periods('/vod/long/manifest.mpd')],
    ['0', '10.000'], 'in DASH, too';

# the same stretch twice is there once
make('twice', 'a.mp4' => slurp($one));
clips('twice', '{"asset":"a.mp4","end":4}', '{"asset":"a.mp4","end":4}',
      '{"asset":"a.mp4","start":4}');
my $twice = stretches('/vod/twice/v0/index_ts.m3u8');
my @twice = map { $_->{segments}[0] } @$twice;
is_deeply [map { $_->{start} } periods('/vod/twice/manifest.mpd')],
    ['0', '4.000', '8.000'], 'sound that outlasts the pictures a little is cut';
isnt $twice[1], $twice[0], 'twice';
is $twice[1] =~ s/-2/-1/r, $twice[0], 'of the same epoch';
is code($twice[0]), 200, 'made';
my $before = zone_numbers($t)->{objects};
is body($twice[1]), body($twice[0]), 'the same';
is zone_numbers($t)->{objects}, $before, 'which is kept once';
is code($twice[2]), 200, 'another stretch';
ok zone_numbers($t)->{objects} > $before, 'is another';

# --- it changes -------------------------------------------------------------

my @old = map { $_->{segments}[0] } @{ stretches('/vod/twice/v0/index.m3u8') };
my $tag = $t->get('/vod/twice/v0/index.m3u8')->header('etag');
utime 5, 5, "$html/twice/a.mp4";
my @new = map { $_->{segments}[0] } @{ stretches('/vod/twice/v0/index.m3u8') };
isnt $new[$_], $old[$_], "clip $_ of a file that changed" for 0 .. 2;
is code($_), 404, 'the old one is gone' for @old;
is code($_), 200, 'the new one is there' for @new;
isnt $t->get('/vod/twice/v0/index.m3u8')->header('etag'), $tag,
    'another playlist';
$tag = $t->get('/vod/twice/v0/index.m3u8')->header('etag');
clips('twice', '{"asset":"a.mp4","end":4}', '{"asset":"a.mp4","start":4}');
is scalar(@{ stretches('/vod/twice/v0/index.m3u8') }), 2, 'other clips';
is code($new[0]), 200, 'do not change the first';

# --- what does not fit ------------------------------------------------------

# status, line, path
sub refused {
    my ($status, $line, $path) = @_;
    my $n = $t->log_count($line);
    is code($path), $status, "$status: $path";
    is $t->log_count($line), $n + 1, 'and a line';
    return;
}

my $file = quotemeta "$html/odd/asset.json";
make('odd', 'a.mp4' => slurp($one), 'mute.mp4' => slurp($mute),
     'ac3.mp4' => slurp(media_file('clip_ac3.mp4', '-i', $one,
                                   qw(-c:v copy -c:a ac3 -fflags +bitexact))),
     'opus.mp4' => slurp(media_file('clip_opus.mp4', '-i', $one,
                                    qw(-c:v copy -c:a libopus
                                       -fflags +bitexact))),
     'more.json' => '{"clips":[{"asset":"a.mp4"}]}',
     'bad.json' => '{"clip":1}');
# what there is silence of is in vod_silence.t
clips('odd', '{"asset":"ac3.mp4"}', '{"asset":"mute.mp4"}');
my $no = qr{"$file":\ clips\[1\]\ has\ no\ audio\ of\ the\ codec\ ac-3,
            \ which\ clips\[0\]\ has}x;
refused(422, $no, "/vod/odd/$_")
    for 'master.m3u8', 'master_ts.m3u8', 'a0/index.m3u8';
is scalar(@{ stretches('/vod/odd/v0/index.m3u8') }), 2,
    'its pictures are listed';
@periods = periods('/vod/odd/manifest.mpd');
is_deeply [map { join ' ', sort keys %$_ } @periods],
    ['a0 start v0', 'start v0'], 'DASH has it';
is code($periods[1]{v0}{segments}[0]), 200, 'and plays it';
is join(' ', body('/vod/odd/master.m3u8?tracks=v0') =~ m{(\w\d)/index}g), 'v0',
    'HLS, too, without the sound';

clips('odd', '{"asset":"opus.mp4"}', '{"asset":"a.mp4"}');
refused(422, qr{clips\[1\] has no audio of the codec Opus, which clips\[0\]},
        '/vod/odd/master.m3u8');
is scalar(periods('/vod/odd/manifest.mpd')), 2, 'DASH has it';
clips('odd', '{"asset":"a.mp4"}', '{"asset":"more.json"}');
refused(422, qr{"$file":\ clips\[1\]\.asset:\ "[^"]*more\.json"\ has\ clips
                \ itself}x, "/vod/odd/$_") for 'master.m3u8', 'manifest.mpd';
clips('odd', '{"asset":"a.mp4"}', '{"asset":"gone.mp4"}');
refused(404, qr{"$file":\ clips\[1\]\.asset:\ open\(\)\ "[^"]*/odd/gone\.mp4"
                \ failed}x, '/vod/odd/v0/index.m3u8');
clips('odd', '{"asset":"a.mp4"}', '{"asset":"bad.json"}');
refused(422, qr{odd/bad\.json": tracks: a list}, '/vod/odd/v0/index.m3u8');
clips('odd', '{"asset":"a.mp4"}', '{"asset":"a.mp4","start":60}');
refused(422, qr{odd/a\.mp4": .*nothing in the time of the clip},
        '/vod/odd/v0/index.m3u8');
make('odd/nothing');
clips('odd', '{"asset":"nothing"}');
refused(404, qr{odd/nothing": no media files}, '/vod/odd/master.m3u8');
make('odd', 'asset.json' => '{"clips":[{"asset":"a.mp4"}],"clip":{"end":1}}');
refused(422, qr{"$file": clip: is not for an asset of clips},
        '/vod/odd/master.m3u8');

refused(400, qr{"[^"]*film/asset\.json":\ an\ asset\ of\ clips\ can't\ be
                \ clipped}x, "/clip/film/$_")
    for 'master.m3u8?start=1', 'v0/index.m3u8?end=3';
is code('/clip/film/master.m3u8'), 200, 'without arguments';
is code('/vod/film/master.m3u8?start=1'), 200, 'which mean nothing here';

# --- sound alone ------------------------------------------------------------

make('sound', 'a.m4a' => slurp($fra), 'b.mp4' => slurp($one));
clips('sound', '{"asset":"a.m4a"}', '{"asset":"a.m4a","start":2,"end":5}');
is_deeply packets(fetched(stretches('/vod/sound/a0/index.m3u8')->[0]), '0:a:0'),
    packets($fra, '0:a:0'), 'sound alone';
is_deeply [map { $_->{start} } periods('/vod/sound/manifest.mpd')],
    ['0', '10.000'], 'begins where it ends';
clips('sound', '{"asset":"a.m4a"}', '{"asset":"b.mp4"}');
refused(422, qr{clips\[0\] has no video of the codec avc1},
        '/vod/sound/master.m3u8');

# --- many, and all workers --------------------------------------------------

make('many', 'a.mp4' => slurp($one));
clips('many', map { sprintf '{"asset":"a.mp4","start":%d,"end":%d}',
                    $_ % 2 * 2, $_ % 2 * 2 + 2 + $_ % 3 } 0 .. 31);
my @started = map { $t->get($_, start => 1) } map {
    ("/vod/many/v0/index.m3u8", "/vod/many/manifest.mpd",
     "/vod/many/master.m3u8") } 1 .. 8;
$_->end for @started;
is scalar(grep { $_->status != 200 } @started), 0, 'many at a time';
my $many = stretches('/vod/many/v0/index.m3u8');
is scalar(@$many), 32, '32 clips';
is scalar(grep { code($_) != 200 } map { $_->{init}, @{ $_->{segments} } }
          @$many), 0, 'all of them are there';

# a picture more where one has to be decoded after the end
is scalar(grep { my $more = sum0(@{ $many->[$_]{durations} }) - 2 - $_ % 3;
                 $more < -0.001 || $more > 0.081 } 0 .. 31), 0,
    'as long as they say';

my $kept = body('/vod/film/v0/index.m3u8');
ok $t->reload, 'reload';
is body('/vod/film/v0/index.m3u8'), $kept, 'the same afterwards';
is code($url), 200, 'with its segments';
ok +(wait_for { zone_numbers($t)->{refs} == 0 } 5), 'nothing is held';

$t->finish;
done_testing;
