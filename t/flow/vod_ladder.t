# Proves that what "video-transcoder ladder" makes is an asset as it stands: all
# rungs are listed, with one sound, and with the same segments.
use strict;
use warnings;

use JSON::PP;
use Test::More;
use Test::Video;
use Test::Video::Media;
use Test::Video::Program;
use Test::Video::VOD;

my %tools = program_flavours('video-transcoder');

plan skip_all => 'video-transcoder is not built' if !%tools;

my $t = Test::Video->new(log_level => 'debug');
$t->conf(vod_conf(workers => 2, vod => 'video_segment 2s;'))->run;

# key frames of the source are elsewhere
my $film = media_file('vod_ladder.mp4', qw(-f lavfi -i
    testsrc2=size=640x360:rate=25:d=13 -f lavfi -i sine=r=48000:d=13
    -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 83 -bf 2 -c:a aac
    -shortest));
$t->write_file('ladder.json', encode_json({ rungs => [
    { name => 'high', size => '640x360', bitrate => '800k' },
    { name => 'mid', size => '320x180', bitrate => '300k' },
    { name => 'low', size => '160x90', bitrate => '100k', fps => 12.5 }] }));
my ($out, $err, $code) = program_run($tools{plain} // $tools{sanitized},
    'ladder', '-o', $t->root . '/html/film', qw(--preset ultrafast --chunk 4
    --ladder), $t->root . '/ladder.json', $film);
is "$code$err", '0', 'a ladder';

my $master = $t->get('/vod/film/master.m3u8');
is $master->status, 200, 'is an asset';
my %size = reverse map { /RESOLUTION=(\S+?),.*\n(\w+)/ ? ($1, $2) : () }
           split /(?=#EXT-X-STREAM-INF)/, $master->body;
is_deeply \%size, { v0 => '640x360', v1 => '320x180', v2 => '160x90' },
    'with all rungs';
is scalar(() = $master->body =~ /#EXT-X-MEDIA:TYPE=AUDIO/g), 1,
    'and one sound';

my %list = map { $_ => vod_list($t, "/vod/film/$_/index.m3u8") }
           qw(v0 v1 v2 a0);
is_deeply [map { sprintf '%.2f', $_ } @{ $list{v0}{durations} }],
    [('2.00') x 6, '1.00'], 'segments of 2 s';
is_deeply $list{$_}{durations}, $list{v0}{durations},
    "the same ones of $_" for qw(v1 v2);
is scalar(@{ $list{a0}{segments} }), 7, 'as many of the sound';

for my $pair ([v0 => 'high'], [v2 => 'low']) {
    my ($track, $name) = @$pair;
    $t->write_file('out.mp4', join '', map { $t->get($_)->body }
                   $list{$track}{init}, @{ $list{$track}{segments} });
    my @md5 = map { join ' ', map { (split /,\s*/)[5] } split /^/, $_ }
              map { $_->() }
              framemd5($t->root . '/out.mp4', '0', raw => 1),
              framemd5($t->root . "/html/film/$name.mp4", '0:v:0', raw => 1);
    ok length $md5[1] > 1000 && $md5[0] eq $md5[1],
        "$track: all packets of its file";
}

my $mpd = $t->get('/vod/film/manifest.mpd')->body;
is join(' ', $mpd =~ /<Representation id="(\w+)"/g), 'v0 v1 v2 a0',
    'all of it in a manifest';
is scalar(() = $mpd =~ /<AdaptationSet /g), 2, 'to switch between';

$t->stop;
done_testing;
