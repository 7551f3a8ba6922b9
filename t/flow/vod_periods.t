# Proves that a file whose sample entries change is played as clips of itself:
# every picture and all sound of both parts come back in HLS, in transport
# streams and in DASH, each with its own init segment, at the distance that
# pictures and sound had; and that what can't be played so is refused with a
# line that says why.
use strict;
use warnings;

use JSON::PP qw(decode_json);
use Test::More;
use Test::Video;
use Test::Video::Joined;
use Test::Video::Media;
use Test::Video::VOD;

my $t = Test::Video->new;
$t->conf(vod_conf(workers => 2, vod => 'video_info on; video_clip on;'))->run;
my $html = $t->root . '/html';
my $base = 'http://127.0.0.1:' . $t->port . '/vod';

# Parts: the name and what is not the same in all.
sub part {
    my ($name, $size, $rate, $seconds, @more) = @_;
    return media_file("periods_$name.mp4", qw(-f lavfi -i),
        "testsrc2=size=$size:rate=$rate:duration=$seconds", qw(-f lavfi -i),
        'sine=f=440:r=48000:d=' . ($name eq 'long' ? 12 : $seconds),
        qw(-c:v libx264 -preset veryfast -bf 2 -sc_threshold 0 -g), $rate * 2,
        qw(-pix_fmt yuv420p -video_track_timescale 90000 -c:a aac -b:a 64k),
        @more, qw(-threads 1 -fflags +bitexact -flags:v +bitexact
        -flags:a +bitexact -map_metadata -1));
}

my $first = part('first', '320x180', 25, 5);
my $second = part('second', '160x90', 30, 7, qw(-ac 2));
my $long = part('long', '320x180', 25, 5);

sub put {
    my ($name, $bytes) = @_;
    return $t->write_file("html/$name", $bytes);
}

put('a.mp4', joined_file(slurp($first), slurp($second)));
put('b.mp4', joined_file(slurp($long), slurp($second), tracks => [0]));
put('plain.mp4', slurp($first));

sub frames {
    my ($path, $map, @more) = @_;
    return map { (split /,\s*/)[5] =~ s/\s//gr }
           split /^/, framemd5($path, $map, @more)->();
}

# The URLs of a playlist, a list of them for each clip: the init segment first.
sub clips {
    my ($path) = @_;
    my ($dir) = $path =~ m{^(.*/)};
    my @clips = ([]);
    for (split /\n/, $t->get($path)->body) {
        push @clips, [] if /^#EXT-X-DISCONTINUITY$/;
        push @{ $clips[-1] }, "$dir$1"
            if /^#EXT-X-MAP:URI="([^"]+)"/ || /^([^#].*)/;
    }
    return @clips;
}

sub fetch {
    my ($name, @urls) = @_;
    $t->write_file($name, join '', map { $t->get($_)->body } @urls);
    return $t->root . "/$name";
}


# --- the parts come back ----------------------------------------------------

my %kinds = (v0 => 'v', a0 => 'a');

for my $track (sort keys %kinds) {
    my $map = "0:$kinds{$track}:0";
    my @clips = clips("/vod/a.mp4/$track/index.m3u8");
    is scalar(@clips), 2, "$track: two clips";
    my @names = map { fetch("$track-$_.mp4", @{ $clips[$_] }) } 0, 1;

    # pictures are decoded; of the second the priming is sound now: packets
    my @how = $track eq 'a0' ? (raw => 1) : ();
    is_deeply [frames($names[0], $map, @how)],
        [frames($first, $map, @how)], "$track: the first";
    is_deeply [frames($names[1], $map, @how)],
        [frames($second, $map, @how)], "$track: and the second";
}

my $master = $t->get('/vod/a.mp4/master.m3u8')->body;
like $master, qr/RESOLUTION=320x180/, 'one variant, of the first';
my @infs = $master =~ /^#EXT-X-STREAM-INF/mg;
is scalar(@infs), 1, 'and no other';
like $master, qr/FRAME-RATE=30\.000/, 'whose frame rate is the highest';

my @ts = clips('/vod/a.mp4/v0/index_ts.m3u8');
is scalar(@ts), 2, 'transport streams: two clips';
for my $i (0, 1) {
    my $path = fetch("$i.ts", @{ $ts[$i] });
    is_deeply [frames($path, '0:v:0')], [frames(($first, $second)[$i],
        '0:v:0')], "pictures of part $i";
}

my $mpd = $t->get('/vod/a.mp4/manifest.mpd')->body;
my @starts = $mpd =~ /<Period id="\d" start="PT([\d.]+)S"/g;
is_deeply [map { $_ + 0 } @starts], [0, 5], 'periods';
is_deeply [$mpd =~ /frameRate="(\d+)"/g], [25, 30], 'their frame rates';
is_deeply [$mpd =~ / width="(\d+)"/g], [320, 160], 'their pictures';
is_deeply [$mpd =~ /configuration:2011" value="(\d)"/g], [1, 2], 'channels';

# Decoders of the first are two frames of 1/25 s behind, and the edit list makes
# up for that; those of the second two of 1/30 s.  So pictures are 1/75 s early.
my ($later) = $mpd =~ m{<Period id="1".*?contentType="audio".*?<S t="(\d+)"}s;
is $later, 48000 / 75, 'sound keeps its distance';


# --- one track changes ------------------------------------------------------

my @sound = map { fetch("b$_.mp4", @$_) } clips('/vod/b.mp4/a0/index.m3u8');
my @want = frames($long, '0:a:0', raw => 1);
my @got = map { [frames($_, '0:a:0', raw => 1)] } @sound;
my $rest = @want - @{ $got[1] };
is_deeply $got[1], [@want[$rest .. $#want]], 'sound goes on in the second';
cmp_ok @{ $got[0] }, '>=', $rest, 'after what the first has';
cmp_ok @{ $got[0] }, '<=', $rest + 7, 'and some to begin decoding with';


# --- the URLs ---------------------------------------------------------------

my ($list) = clips('/vod/a.mp4/v0/index.m3u8');
my ($init, $segment) = @$list;
like $init, qr{/e[0-9a-f]+-1/init\.mp4$}, 'a clip says which it is';
is $t->get($segment)->header('Cache-Control'), 'max-age=31536000, immutable',
    'it never changes';
is $t->get($segment =~ s/-1\//-2\//r)->status, 404, 'the epoch is its own';
is $t->get($segment =~ s/-1\//-$_\//r)->status, 404, "no clip $_"
    for qw(0 3 33 99999999999999);
is $t->get($segment =~ s/-1\//\//r)->status, 404, 'nor a whole';
is $t->get('/vod/a.mp4/v0/0.m4s')->status, 404, 'without an epoch neither';
is $t->get("/vod/plain.mp4/v0/e1-$_/0.m4s")->status, 404,
    "a file of one entry has no clip $_" for 1, 2, 33;
is $t->get('/vod/a.mp4/master.m3u8?start=1&end=3')->status, 400,
    'it is not clipped by arguments';
is $t->get('/vod/a.mp4/progressive.mp4')->status, 404, 'and is no plain file';

my $info = $t->get('/vod/a.mp4/info.json');
is $info->status, 200, 'info.json';
like $info->body, qr/sample entries change/, 'says what it is';
ok eval { decode_json($info->body); 1 }, 'and is JSON';

put('a.mp4', joined_file(slurp($second), slurp($first)));
is $t->get($segment)->status, 404, 'a replaced file: another epoch';
is scalar(clips('/vod/a.mp4/v0/index.m3u8')), 2, 'with clips of its own';


# --- what is refused --------------------------------------------------------

my $joined = joined_file(slurp($first), slurp($second));
mkdir "$html/film";
put('film/a.mp4', $joined);
put('film/b.mp4', slurp($first));
is $t->get('/vod/film/master.m3u8')->status, 200, 'beside another file';
like $t->log, qr{film/a\.mp4": sample entries change, which only}, 'a line';
put('one.json', '{"tracks":[{"file":"b.mp4"}]}');
is $t->get('/vod/one.json/master.m3u8')->status, 422, 'in a description';
put('clips.json', '{"clips":[{"asset":"b.mp4"}]}');
is $t->get('/vod/clips.json/master.m3u8')->status, 422, 'in clips';

my ($at) = box_at(\$joined, 'moov/trak/mdia/minf/stbl/stsd');
my $other = index $joined, 'avc1', 8 + $at + unpack 'N', substr $joined,
                                                           $at + 16, 4;
put('other.mp4', rewrite($joined, $other => 'encv'));
is $t->get('/vod/other.mp4/master.m3u8')->status, 422, 'an encrypted part';
like $t->log, qr{a sample entry that is changed to can't be packaged},
    'has a line';

is zone_numbers($t)->{refs}, 0, 'nothing is left open';
is scalar(grep { /\[(?:alert|crit|emerg)\]/ } split /^/, $t->log), 0,
    'no worker minded';

done_testing();
