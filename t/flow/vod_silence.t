# Proves that a clip without sound among clips with some has silence in their
# codec, rate and channels: as long as its pictures, in HLS, transport streams
# and DASH; that decoders hear nothing of it and find no fault; and that its
# addresses mean nothing else.
use strict;
use warnings;

use List::Util qw(sum0);
use Test::More;
use Test::Video;
use Test::Video::Loop qw(wait_for);
use Test::Video::Media;
use Test::Video::VOD;

my $t = Test::Video->new;
$t->conf(vod_conf(workers => 2, zone => '32m', vod => 'video_segment 2s;',
                  locations => <<'CONF'))->run;
        location /other/ {
            video_vod zone=vod;
            video_segment 4s;
            alias %%ROOT%%/html/;
        }
CONF
my $html = $t->root . '/html';
my $clock = 1000;

sub body { return $t->get($_[0])->body }
sub code { return $t->get(@_)->status }

sub film {
    my ($seconds, @sound) = @_;
    return media_file('silence.mp4', qw(-f lavfi -i),
        'testsrc2=size=320x180:rate=25',
        @sound ? (qw(-f lavfi -i), shift @sound, qw(-shortest)) : (), '-t',
        $seconds, qw(-g 50 -keyint_min 50 -c:v libx264 -preset veryfast
        -pix_fmt yuv420p -sc_threshold 0 -bf 2 -threads 1 -fflags +bitexact
        -flags:v +bitexact -flags:a +bitexact -map_metadata -1), @sound);
}

my $mute = film(7);

# An asset of these clips: names of files, or their descriptions.
sub asset {
    my ($dir, $files, @clips) = @_;
    mkdir "$html/$dir";
    for (sort keys %$files) {
        $t->write_file("html/$dir/$_", slurp($files->{$_}));
        $clock++;
        utime $clock, $clock, "$html/$dir/$_";
    }
    $t->write_file("html/$dir/asset.json", '{"clips":[' . join(',',
        map { /^\{/ ? $_ : qq({"asset":"$_"}) } @clips) . ']}');
    $clock++;
    utime $clock, $clock, "$html/$dir/asset.json";
    return;
}

# The stretches of a playlist: [{ text, init, segments, length }].
sub stretches {
    my ($path) = @_;
    my ($base) = $path =~ m{^(.*/)};
    return map {
        my ($init) = /^#EXT-X-MAP:URI="([^"]+)"/m;
        +{ text => $_, init => $init && $base . $init,
           segments => [map { "$base$_" } /^([^#\n]+)$/mg],
           length => sum0(/^#EXTINF:([\d.]+)/mg) };
    } split /^#EXT-X-DISCONTINUITY\n/m, body($path);
}

sub fetched { return vod_fetched($t, @_) }

sub output {
    my $command = join ' ', @_;
    return scalar qx($command 2>&1);
}

# What decoders make of the sound of a file: rate, channels, packets, bytes
# that are not silence, what they say.
sub heard {
    my ($file) = @_;
    my $said = output(qw(ffmpeg -v warning -nostdin -i), $file,
                      qw(-map 0:a:0 -f s16le -y), "$file.pcm");
    my $noise = () = slurp("$file.pcm") =~ /[^\0]/g;
    my %is = output(qw(ffprobe -v error -select_streams a:0 -count_packets
                       -show_streams), $file) =~ /^(\w+)=(\d+)$/mg;
    return { rate => $is{sample_rate}, channels => $is{channels},
             packets => $is{nb_read_packets}, noise => $noise, said => $said };
}

# --- each kind of sound ------------------------------------------------------

my %sound = (
    aac   => ['sine=r=48000', qw(-c:a aac -ac 2)],
    mono  => ['sine=r=44100', qw(-c:a aac -ac 1)],
    six   => ['sine=r=48000', qw(-c:a aac -ac 6)],
    opus  => ['sine=r=48000', qw(-c:a libopus -ac 2)],
);
my %is = (aac => [48000, 2, 1024], mono => [44100, 1, 1024],
          six => [48000, 6, 1024], opus => [48000, 2, 960]);

for my $name (sort keys %sound) {
    my ($rate, $channels, $frame) = @{ $is{$name} };
    asset($name, { 'a.mp4' => film(4, @{ $sound{$name} }), 'b.mp4' => $mute },
          qw(a.mp4 b.mp4 a.mp4));

    is code("/vod/$name/master.m3u8"), 200, "$name: a playlist of all";
    my @sound = stretches("/vod/$name/a0/index.m3u8");
    my @shown = stretches("/vod/$name/v0/index.m3u8");
    is scalar(@sound), 3, "$name: three stretches";
    is scalar(@{ $sound[1]{segments} }), scalar(@{ $shown[1]{segments} }),
        'cut as the pictures are';
    ok abs($sound[1]{length} - $shown[1]{length}) < 0.0001, 'as long as they'
        or diag("$sound[1]{length} s, not $shown[1]{length} s");

    my $heard = heard(fetched($sound[1]));
    is_deeply [@$heard{qw(rate channels noise said)}],
        [$rate, $channels, 0, ''], 'nothing is heard'
        or diag(explain($heard));
    is $heard->{packets}, int(7 * $rate / $frame), 'all the time';

    isnt heard(fetched($sound[0]))->{noise}, 0, 'of the first something is';

    my ($period) = (body("/vod/$name/manifest.mpd")
                    =~ m{(<Period id="1".*?</Period>)}s);
    is join(' ', $period =~ /<Representation id="(\w+)"/g), 'v0 a0',
        'DASH has both';
    my ($prefix) = $sound[1]{init} =~ m{/(e[^/]+/)init};
    is scalar(() = $period =~ /\Q$prefix\E/g), 4, 'by the same addresses';

    next if $name eq 'opus';

    my @ts = stretches("/vod/$name/v0/index_ts.m3u8");
    my $file = fetched($ts[1]);
    $heard = heard($file);
    is_deeply [@$heard{qw(rate channels noise)}], [$rate, $channels, 0],
        'as a transport stream, too';
    is $heard->{packets}, int(7 * $rate / $frame), 'all the time';
    is code("/vod/$name/a0/index_ts.m3u8"), 200, 'and alone';
}

# --- which clips -------------------------------------------------------------

my $aac = film(4, @{ $sound{aac} });

sub a0_of {
    my ($dir, @clips) = @_;
    asset($dir, { 'a.mp4' => $aac, 'b.mp4' => $mute }, @clips);
    return map { $_->{text} =~ m{/init\.mp4} ? $_ : () }
           stretches("/vod/$dir/a0/index.m3u8");
}

my @first = a0_of('first', qw(b.mp4 a.mp4));
is scalar(@first), 2, 'the first has none';
is heard(fetched($first[0]))->{noise}, 0, 'and is silent';

my @two = a0_of('two', qw(b.mp4 a.mp4 b.mp4));
is_deeply [map { heard(fetched($_))->{noise} ? 1 : 0 } @two], [0, 1, 0],
    'two have none';

my @cut = a0_of('cut', 'a.mp4', '{"asset":"b.mp4","start":3,"end":6.5}');
ok abs($cut[1]{length} - 3.5) < 0.15, 'a part of a clip'
    or diag("$cut[1]{length} s");
my $cut = heard(fetched($cut[1]));
is $cut->{noise}, 0, 'is silent';
ok $cut->{packets} >= int(3.5 * 48000 / 1024), 'all of its time'
    or diag("$cut->{packets} packets");

my $english = film(4, @{ $sound{aac} }, qw(-metadata:s:a language=eng));
asset('english', { 'a.mp4' => $english, 'b.mp4' => $mute }, qw(b.mp4 a.mp4));
like body('/vod/english/master.m3u8'), qr/TYPE=AUDIO.*LANGUAGE="en/,
    'its language is that of the sound that there is';

asset('none', { 'b.mp4' => $mute }, qw(b.mp4 b.mp4));
unlike body('/vod/none/master.m3u8'), qr/AUDIO/, 'none has any: none is made';
unlike body('/vod/none/v0/index.m3u8'), qr/e[0-9a-f]+-\d-/, 'and none named';

asset('text', { 'a.mp4' => $aac, 'b/b.mp4' => $mute }, qw(a.mp4 b))
    if mkdir("$html/text") && mkdir("$html/text/b");
$t->write_file('html/text/b/en.vtt',
               "WEBVTT\n\n00:01.000 --> 00:03.000\nHello\n");
my @text = stretches('/vod/text/s0/index.m3u8');
like body($text[1]{segments}[0]), qr/Hello/, 'subtitles of a clip that has none';
my ($key) = body('/vod/text/iframe/v0.m3u8')
            =~ m{DISCONTINUITY.*?^\.\./(\S+i0\.m4s)$}ms;
is code("/vod/text/$key"), 200, 'and its key frames';

# --- what an address means ---------------------------------------------------

my ($sound) = (stretches('/vod/aac/a0/index.m3u8'))[1];
my ($shown) = (stretches('/vod/aac/v0/index.m3u8'))[1];
my $url = $sound->{segments}[1];
my ($config) = $url =~ m{-2-aac\.([0-9a-f]+)/} or BAIL_OUT("no name in $url");

my $all = $t->get($url);
like $all->header('cache-control'), qr/immutable/, 'silence is kept';
my $range = $t->get($url, headers => [Range => 'bytes=100-199']);
is $range->status . $range->body, 206 . substr($all->body, 100, 100), 'a range';
is $t->get($url, method => 'HEAD')->header('content-length'),
    length $all->body, 'HEAD';
is code($url, headers => ['If-None-Match' => $all->header('etag')]), 304,
    'ETag';

for my $of ($url, $sound->{init}, $shown->{segments}[1], $shown->{init}) {
    is code($of), 200, $of;
    is code($of =~ s/-aac\.\w+//r), 404, 'not without a name';
    is code($of =~ s/-2-aac\.\w+//r), 404, 'nor without a clip';
    is code($of =~ s/$config/$_/r), 404, "nor as $_"
        for '1210', '11d8', uc $config, "0x$config", '', 'zz', '1' x 33;
    is code($of =~ s/-2-aac/-2-opus/r), 404, 'nor as opus';
    is code($of =~ s/-aac\.\w+/-/r), 404, 'nor with an empty name';
    is code($of =~ s/-2-aac/-1-aac/r), 404, 'nor of a clip with sound';
    is code($of =~ s{/e([0-9a-f]+)-}{/e${1}0-}r), 404, 'nor of another epoch';
}
is code($url =~ s{/1\.m4s}{/9.m4s}r), 404, 'there is an end of it';
is code($url =~ s{/a0/}{/a1/}r), 404, 'there is one';
is code("/vod/aac/b.mp4/v0/e1-1-aac.$config/0.m4s"), 404, 'no asset of clips';
isnt +(stretches('/other/aac/a0/index.m3u8'))[1]{init}
     =~ s/other/vod/r, $sound->{init}, 'cut otherwise: another address';

# the sound of the other clips changes, so does the address of silence
asset('aac', { 'a.mp4' => film(4, @{ $sound{mono} }) }, qw(a.mp4 b.mp4 a.mp4));
my ($new) = (stretches('/vod/aac/a0/index.m3u8'))[1];
isnt $new->{init}, $sound->{init}, 'other sound, other silence';
is heard(fetched($new))->{channels}, 1, 'like that';
is body($url), $all->body, 'the old one is what it was';

# --- what can't be helped ----------------------------------------------------

asset('dolby', { 'a.mp4' => film(4, 'sine=r=48000', qw(-c:a ac3 -ac 2)),
                 'b.mp4' => $mute }, qw(a.mp4 b.mp4));
my $n = $t->log_count(qr/clips\[1\] has no audio of the codec ac-3/);
is code('/vod/dolby/master.m3u8'), 422, 'there is no silence of AC-3';
is $t->log_count(qr/clips\[1\] has no audio of the codec ac-3/), $n + 1,
    'and a line that says so';
is code('/vod/dolby/manifest.mpd'), 200, 'DASH has the clips as they are';

# --- all at once, and nothing is left ----------------------------------------

my @urls = map { ($_->{init}, @{ $_->{segments} }) }
           map { stretches("/vod/$_") }
           qw(six/a0/index.m3u8 six/v0/index_ts.m3u8 two/a0/index.m3u8);
@urls = grep { defined } @urls;
my @started = map { $t->get($_, start => 1) } (@urls) x 3;
$_->end for @started;
is scalar(grep { $_->status != 200 } @started), 0, 'all at once';

ok $t->reload, 'reload';
is body($url), $all->body, 'a reload changes nothing';

my @pids = map { body('/pid') } 1 .. 20;
my @open = grep { (readlink // '') =~ /memfd/ } map { glob "/proc/$_/fd/*" }
           @pids;
is scalar(@open), 0, 'no file is left open';
ok +(wait_for { zone_numbers($t)->{refs} == 0 } 5), 'nothing is held';

$t->finish;
done_testing;
