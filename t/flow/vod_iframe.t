# Proves that key frames come out alone, for fast forward and previews: those
# of the source at their times, byte by byte, listed for HLS and as the trick
# mode of a DASH set; and that no other track and no live stream has any.
use strict;
use warnings;

use List::Util qw(sum);
use Test::More;
use Test::Video;
use Test::Video::Media;
use Test::Video::VOD;

my $t = Test::Video->new;
$t->conf(vod_conf(workers => 2, zone => '32m; zone live 8m',
                  http => 'video_segment 4s;',
                  vod => 'video_clip on; video_tracks $arg_tracks; '
                         . 'video_trick_mode on;',
                  locations => <<'CONF'))->run;
        location /live/ { video_live zone=live; }
        location /off/ { video_vod zone=vod; alias %%ROOT%%/html/; }
CONF
my $html = $t->root . '/html';

# Packets of a file's video: { pts => seconds, key, size, md5 }.
sub packets {
    my ($path) = @_;
    my $md5 = framemd5($path, '0:v:0', raw => 1);
    my @sums = map { (split /,\s*/)[5] =~ s/\s//gr } split /^/, $md5->();
    return map {
        my ($pts, $size, $flags) = split /,/;
        { pts => $pts, size => $size, key => $flags =~ /K/ ? 1 : 0,
          md5 => shift @sums };
    } split /\n/, `ffprobe -v error -select_streams v:0 -show_entries \\
        packet=pts_time,size,flags -of csv=p=0 '$path'`;
}

# What a playlist of key frames has, as one file.
sub fetched {
    my ($list) = @_;
    my @parts = map { $t->get($_) } $list->{init}, @{ $list->{segments} };
    is scalar(grep { $_->status != 200 } @parts), 0, 'all are there';
    $t->write_file('keys.mp4', join '', map { $_->body } @parts);
    return packets($t->root . '/keys.mp4');
}

# A playlist whose addresses have "..".
sub keys_list {
    my ($asset, $query) = @_;
    my $list = vod_list($t, "/vod/$asset/iframe/v0.m3u8" . ($query // ''))
        or return;
    s{iframe/\.\./}{} for $list->{init}, @{ $list->{segments} };
    return $list;
}

# Options: every (key frames that are listed, of those that are there).
sub has_keys {
    my ($asset, $source, %o) = @_;
    my $every = $o{every} // 1;
    my $list = keys_list($asset);

    ok $list, "$asset: a playlist" or return;
    like $list->{body}, qr/^#EXT-X-I-FRAMES-ONLY$/m, "$asset: of key frames";
    unlike $list->{body}, qr/^#EXT-X-ENDLIST\n./m, "$asset: complete";

    my @source = packets($source);
    my @keys = grep { $_->{key} } @source;
    @keys = @keys[map { $_ * $every } 0 .. $#keys / $every];
    my @got = fetched($list);

    cmp_ok scalar(@got), '>', 1, "$asset: some";
    is scalar(@got), @{ $list->{segments} }, "$asset: one in each";
    is_deeply [map { "@$_{qw(key size md5)}" } @got],
        [map { "@$_{qw(key size md5)}" } @keys], "$asset: those of the source";

    my @apart = map { sprintf '%.2f', $_->{pts} - $got[0]{pts} } @got;
    is_deeply \@apart,
        [map { sprintf '%.2f', $_->{pts} - $keys[0]{pts} } @keys],
        "$asset: at their times";

    my $said = sum(@{ $list->{durations} });
    my $whole = sum(@{ vod_list($t, "/vod/$asset/v0/index.m3u8")->{durations} });
    cmp_ok abs($said - $whole), '<', 0.0021, "$asset: as long as the video";

    my ($target) = $list->{body} =~ /TARGETDURATION:(\d+)/;
    is scalar(grep { $_ >= $target + 0.5 } @{ $list->{durations} }), 0,
        "$asset: none exceeds the target";
    return;
}

# --- of files of all kinds --------------------------------------------------

sub encode {
    my ($gop) = @_;
    return media_file("iframe_$gop.mp4", qw(-f lavfi -i
        testsrc2=size=160x90:rate=25:duration=10 -f lavfi -i sine=d=10
        -c:v libx264 -preset veryfast -pix_fmt yuv420p -bf 2), '-g', $gop,
        '-keyint_min', $gop, qw(-sc_threshold 0 -c:a aac -threads 1
        -fflags +bitexact -flags:v +bitexact -flags:a +bitexact));
}

my $plain = encode(50);
my $often = encode(5);
$t->write_file('html/plain.mp4', slurp($plain));
$t->write_file('html/often.mp4', slurp($often));
$t->write_file('html/intra.mp4', slurp(encode(1)));
$t->write_file('html/once.mp4', slurp(encode(1000)));

my @copy = ('-i', $plain, qw(-map 0 -c copy -fflags +bitexact -movflags));
my $fragments = media_file('iframe_fragments.mp4', @copy, 'cmaf+frag_keyframe');
my $long = media_file('iframe_long.mp4', @copy, 'empty_moov+default_base_moof',
                      qw(-frag_duration 7000000));
$t->write_file('html/fragments.mp4', slurp($fragments));
$t->write_file('html/long.mp4', slurp($long));

has_keys('plain.mp4', $plain);
has_keys('fragments.mp4', $fragments);
has_keys('long.mp4', $long);
has_keys('often.mp4', $often, every => 5);
has_keys('intra.mp4', encode(1), every => 23);

is $t->get('/vod/once.mp4/iframe/v0.m3u8')->status, 404, 'one key frame only';
unlike $t->get('/vod/once.mp4/master.m3u8')->body, qr/I-FRAME/, 'is not listed';
unlike $t->get('/vod/once.mp4/manifest.mpd')->body, qr/trickmode/, 'nor here';

# --- decoded, without any other picture -------------------------------------

fetched(keys_list('plain.mp4'));
my $alone = `ffmpeg -v error -i $html/../keys.mp4 -f framemd5 -`;
my $among = `ffmpeg -v error -skip_frame nokey -i $plain -map 0:v -f framemd5 -`;
my @pictures = map { [map { (split /,\s*/)[5] } grep { !/^#/ } split /^/, $_] }
               $alone, $among;
is scalar(@{ $pictures[0] }), 5, 'five pictures';
is_deeply $pictures[0], $pictures[1], 'they are what they are in the film';

# --- where they are listed --------------------------------------------------

mkdir "$html/film";
$t->write_file('html/film/a.mp4', slurp($plain));
$t->write_file('html/film/b.mp4', slurp($plain));
my $master = $t->get('/vod/film/master.m3u8')->body;
like $master, qr{^\#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=\d+,
                 AVERAGE-BANDWIDTH=\d+,CODECS="avc1\.[0-9a-f]+",
                 RESOLUTION=160x90,URI="iframe/v0\.m3u8"$}mx, 'of the first';
like $master, qr{URI="iframe/v1\.m3u8"$}m, 'of the second';
unlike $t->get('/vod/film/master_ts.m3u8')->body, qr/I-FRAME/,
    'not beside transport streams';
unlike $t->get('/vod/film/master.m3u8?tracks=v1,a0')->body, qr{iframe/v0},
    'not of what is not listed';

my $mpd = $t->get('/vod/film/manifest.mpd')->body;
my ($set) = $mpd =~ m{<AdaptationSet\ id="(\d+)"[^>]*"video"}x;
my ($trick) = grep { /trickmode/ } split m{(?=<AdaptationSet)}, $mpd;
like $trick, qr{trickmode"\ value="$set"/>}x, 'a trick mode of the video';
is scalar(() = $trick =~ /<Representation /g), 2, 'of both renditions';
my ($d) = $trick =~ m{<S\ t="0"\ d="25600"\ r="(\d)"/>}x;
is $d, 4, 'five key frames';
my ($media) = $trick =~ m{media="(v0/[^"]*)"};
is $t->get('/vod/film/' . $media =~ s/\$Number\$/4/r)->status, 200, 'are there';
is $t->get('/vod/film/' . $media =~ s/\$Number\$/5/r)->status, 404, 'no sixth';

unlike $t->get('/off/film/manifest.mpd')->body, qr/trickmode/,
    'off by default';
like $t->get('/off/film/master.m3u8')->body, qr/I-FRAME/, 'but not in HLS';
my $bad = Test::Video->new;
$bad->conf(vod_conf(vod => 'video_trick_mode maybe;'));
is $bad->run_refused, 1, 'refused: video_trick_mode maybe';
$bad->log_like(qr/invalid value "maybe" in "video_trick_mode"/, 'why');
$bad->finish;

# --- a clip -----------------------------------------------------------------

my $clip = keys_list('plain.mp4', '?start=5&end=9');
is_deeply [map { sprintf '%.1f', $_ } @{ $clip->{durations} }],
    ['2.0', '2.0', '1.0'], 'from the key frame before it to its end';
like $clip->{segments}[0], qr/\?start=5\.000&end=9\.000$/, 'keeps its name';
is scalar(fetched($clip)), 3, 'three';

# --- answers ----------------------------------------------------------------

my $list = keys_list('plain.mp4');
my ($key, $segment) = ($list->{segments}[0], $list->{segments}[0] =~ s/i0/0/r);
my ($one, $all) = map { $t->get($_) } $key, $segment;
is $one->header('content-type'), 'video/mp4', 'type';
like $one->header('cache-control'), qr/immutable/, 'immutable';
isnt $one->header('etag'), $all->header('etag'), 'another ETag';
cmp_ok length($one->body), '<', length($all->body), 'less than the segment';
is $t->get($key, headers => ['If-None-Match' => $one->header('etag')])->status,
    304, 'unchanged';

my ($epoch) = $key =~ m{/(e[0-9a-f]+)/};
for my $path ('iframe/v1.m3u8', 'iframe/a0.m3u8', 'iframe/s0.m3u8',
              'iframe/index.m3u8', 'v0.m3u8', 'iframe/v0', 'v0/i5.m4s',
              "v0/$epoch/i5.m4s", 'v0/i0.1.m4s', 'v0/i.m4s', 'v0/i0.ts',
              'a0/i0.m4s', 'v0/e1/i0.m4s', 'v0/i-1.m4s')
{
    is $t->get("/vod/plain.mp4/$path")->status, 404, "$path: 404";
}
is $t->get("/live/nobody/$_")->status, 404, "no live $_"
    for 'iframe/v0.m3u8', 'v0/i0.m4s';

$t->finish;
done_testing();
