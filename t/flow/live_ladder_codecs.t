# Proves that rungs of a live ladder in other codecs are renditions like those
# of H.264: the segments, parts and pictures of their source, each of which
# decodes; what playlists, manifests and init segments say of their codecs; that
# they are recorded, and left out where their codec can't be carried.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Codecs;
use Test::Video::Corpus;
use Test::Video::Ladder;
use Test::Video::Live;

my $program = ladder_program();
plan skip_all => 'video-transcoder is not built' if !$program;

# name of the rung, sample entry, name of the decoder; x265 does not free all
# that it takes
my @rungs = grep { !$ENV{TEST_NGINX_ASAN} || $_->[0] ne 'hevc' } (
    ['h264', 'avc1', 'h264'], ['hevc', 'hvc1', 'hevc'],
    ['vp9', 'vp09', 'vp9'], ['av1', 'av01', 'av1']);
my $text = '';
my $bits = 200;
$text .= "rung r$_->[0] 160x90 @{[$bits -= 10]}k codec=$_->[0]; " for @rungs;

my $t = Test::Video->new;
$t->conf(live_conf(
    video => "transcoder $program path=%%ROOT%%/transcoder streams=15;"
             . "ladder mixed { $text }"
             . 'ladder tall { rung low 160x160 100k codec=vp9 fps=30; }
                ladder slow { latency quality; rung low 160x90 100k codec=av1;
                              rung high 320x180 300k codec=vp9; }
                ladder late { latency quality; rung low 160x90 100k
                              codec=hevc; }',
    zone => '256m', grace => '5s', window => '12s', servers =>
        'map $video_name $ladder { default mixed; tall tall; slow slow;
                                   late late; }',
    rtmp => 'video_transcode $ladder; video_record %%ROOT%%/rec;'))->run;

# --- the pictures of the source -----------------------------------------------

my $feed = live_feed($t, 'cam');
ok ladder_to($t, 'cam', $feed, 4250, rungs => scalar @rungs),
    'rungs come as far as their source';

sub shown {
    my ($track) = @_;
    return [sort { $a <=> $b } map { sprintf '%.4f', $_->{pts} }
            @{ $track->{samples} }];
}

# Name and number of pictures of each segment, as ffmpeg decodes it by itself.
sub decoded {
    my ($track) = @_;
    my @seen;

    for my $uri (uris_of($track->{list}, 'segment')) {
        my $path = $t->write_file('segment.mp4', $track->{init}
                                  . $t->get($uri)->body);
        my ($line) = `ffprobe -v error -select_streams v:0 -count_frames \\
            -show_entries stream=codec_name,nb_read_frames -of csv=p=0 \\
            $path 2>&1`;
        push @seen, $line =~ s/\s+\z//r;
    }
    return \@seen;
}

my ($source, @made) = map { live_track($t, "/live/cam/v$_/index.m3u8") }
                      0 .. @rungs;
my $master = $t->get('/live/cam/master.m3u8')->body;
my $mpd = $t->get('/live/cam/manifest.mpd')->body;
my %codecs = reverse $master
    =~ /^#EXT-X-STREAM-INF:.*CODECS="([^",]+).*\n(\w+)/mg;

for my $n (0 .. $#rungs) {
    my ($name, $entry, $decoder) = @{ $rungs[$n] };
    my $track = $made[$n];
    my $id = 'v' . ($n + 1);

    is_deeply [segment_msns($track->{list})], [segment_msns($source->{list})],
        "$name: segments have the numbers of the source";
    is_deeply [lines_of($track->{list}{text}, '#EXTINF')],
        [lines_of($source->{list}{text}, '#EXTINF')], 'its lengths';
    is_deeply [map { s/URI="e\w+/URI="/r } lines_of($track->{list}{text},
                                                    '#EXT-X-PART')],
        [map { s/URI="e\w+/URI="/r } lines_of($source->{list}{text},
                                              '#EXT-X-PART')], 'its parts';
    is_deeply shown($track), shown($source), 'its pictures, at its times';
    is_deeply decoded($track), [map { "$decoder," . @$_ }
                                @{ $source->{segments} }],
        'each segment decodes by itself, to as many';

    my $codec = codec_of(\$track->{init}, 0);
    is entry_of(\$track->{init}, 0)->[0], $entry, 'in the right sample entry';
    like $codecs{$id}, qr/^\Q$codec\E/, "which is told in HLS ($codec)";
    like $mpd, qr/<Representation id="$id"[^>]*codecs="\Q$codecs{$id}\E"/,
        'and in DASH';
    my @lines = grep { m{/$id/} || /^$id\b/ } split /\n/, $master;
    is scalar(@lines), 1, 'once';
}

# Which representations stand together.
my @sets = map { [/<Representation id="(v\d)"/g] }
           grep { /contentType="video"/ } split /(?=<AdaptationSet)/, $mpd;
is_deeply \@sets, [['v0', 'v1'], map { ["v$_"] } 2 .. @rungs],
    'what can be switched between is in an AdaptationSet, and nothing else';

# --- transport streams --------------------------------------------------------

is_deeply [$t->get('/live/cam/master_ts.m3u8')->body =~ m{^(\w+)/index_ts}mg],
    [qw(v0 v1)], 'transport streams have those of H.264';
is_deeply [map { $t->get("/live/cam/v$_/index_ts.m3u8")->status }
           1 .. @rungs], [200, (404) x (@rungs - 1)], 'and no other one';
my $left_out = @rungs - 1;
$t->log_like(qr/\[warn\] .* "cam": $left_out track\(s\) left out of transport/,
    'which is told');

# --- a source of another shape ------------------------------------------------

# VP9's configuration does not tell the size
my $tall = live_feed($t, 'tall');
ok ladder_to($t, 'tall', $tall, 2250, rungs => 1), 'a rung of VP9';
my $wide = live_track($t, '/live/tall/v1/index.m3u8');
$tall->change(size => '240x320');
ok ladder_to($t, 'tall', $tall, 5250, rungs => 1), 'of which the shape changes';
is_deeply [map { [$_->{width}, $_->{height}] } ladder_tracks($t, 'tall')],
    [[240, 320], [120, 160]], 'has that, too';
my @inits = uris_of(media_list($t, '/live/tall/v1/index.m3u8'), 'init');
my $last = $t->get($inits[-1])->body;
is record(\$last, 0, 'vpcC'), record(\$wide->{init}, 0, 'vpcC'),
    'though its configuration is the same';
my ($line) = $t->get('/live/tall/master.m3u8')->body
    =~ /^(#EXT-X-STREAM-INF:.*vp09.*)$/m;
like $line, qr/RESOLUTION=160x\d+|RESOLUTION=120x160/, 'in playlists as well';
$tall->end;

# --- not for low latency ------------------------------------------------------

my $slow = live_feed($t, 'slow');
ok ladder_to($t, 'slow', $slow, 2250), 'those that never look ahead';
is_deeply shown(live_track($t, "/live/slow/v$_/index.m3u8")),
    shown(live_track($t, '/live/slow/v0/index.m3u8')),
    'have all pictures at once with "latency quality", too' for 1, 2;
$slow->end;

SKIP: {
    skip 'x265 does not free all that it takes', 3 if $ENV{TEST_NGINX_ASAN};

    # an encoder that looks ahead takes no more than comes in real time
    my $late = live_feed($t, 'late');
    for (1 .. 30) {
        $late->more(200);
        select undef, undef, undef, 0.2;
    }
    ok +(wait_for {
        my $list = live_track($t, '/live/late/v1/index.m3u8');
        $list && @{ $list->{segments} } > 2;
    } 20), 'HEVC looks ahead, and comes later';
    my ($of, $is) = map { live_track($t, "/live/late/v$_/index.m3u8") } 0, 1;
    my %at = map { $_ => 1 } @{ shown($of) };
    is_deeply [grep { !$at{$_} } @{ shown($is) }], [],
        'with its pictures where those of the source are';
    isnt join(' ', map { $_->{pts} } @{ $is->{samples} }),
        join(' ', sort { $a <=> $b } map { $_->{pts} } @{ $is->{samples} }),
        'in another order than they are decoded in';
    $late->end;
}

# --- recorded -----------------------------------------------------------------

$feed->end;
ok +(wait_for {
    my ($asset) = glob $t->root . '/rec/cam/*/asset.json';
    $asset && -s $asset;
} 10), 'it is recorded';
# Name of the codec and number of pictures, and what a decoder complains of.
my @files = map {
    my ($file) = glob $t->root . "/rec/cam/2*/0001/v$_.mp4";
    my ($line) = `ffprobe -v error -select_streams v:0 -count_frames \\
        -show_entries stream=codec_name,nb_read_frames -of csv=p=0 $file`;
    $line . `ffmpeg -v warning -nostdin -i $file -f null - 2>&1`;
} 0 .. @rungs;
my ($pictures) = $files[0] =~ /^h264,(\d+)\n$/;
cmp_ok $pictures, '>=', 120, 'with its source';
is_deeply [@files[1 .. @rungs]], [map { "$_->[2],$pictures\n" } @rungs],
    'and all pictures of each rung';
$t->finish;
done_testing;
