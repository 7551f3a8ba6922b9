# Proves what "video_holes" does: video segments become one range of the file,
# with what lies between their samples, and mean the same; audio, fragmented
# files, files of several mdat boxes and large gaps stay as they are; nothing
# claims to be CMAF or to need less than it does; and that off is the default.
use strict;
use warnings;

use List::Util qw(max);
use Test::More;
use Test::Video;
use Test::Video::Media;
use Test::Video::VOD;

my $t = Test::Video->new;
$t->conf(vod_conf(workers => 2, vod => 'video_clip on;', locations => <<'CONF'))->run;
        location /holes/ {
            video_vod zone=vod;
            video_holes on;
            video_clip on;
            alias %%ROOT%%/html/;
        }
CONF
my $base = 'http://127.0.0.1:' . $t->port;

# enough of video, so that audio is less than a twentieth of it
my $source = media_file('holes.mp4', qw(-f lavfi -i
    testsrc2=size=640x360:rate=25:duration=10 -f lavfi -i sine=d=10
    -c:v libx264 -preset veryfast -pix_fmt yuv420p -bf 2 -g 50 -sc_threshold 0
    -b:v 3000k -minrate 3000k -maxrate 3000k -bufsize 1000k -x264-params
    nal-hrd=cbr -c:a aac -b:a 32k -threads 1 -fflags +bitexact));
$t->write_file('html/a.mp4', slurp($source));

# How many track runs, and the size of moof and the whole.
sub runs {
    my ($answer) = @_;
    return scalar(() = $answer->body =~ /trun\x01\0/g);
}

sub same_packets {
    my ($name) = @_;
    for my $kind (qw(v a)) {
        my @got = map { framemd5("$base/$_", "0:$kind:0", raw => 1)->() }
                  "vod/$name/master.m3u8", "holes/$name/master.m3u8",
                  "holes/$name/manifest.mpd";
        cmp_ok length($got[0]), '>', 1000, "$name $kind: packets";
        is $got[1], $got[0], "$name $kind: the same by HLS";
        is $got[2] =~ s/,\s+/,/gr, $got[0] =~ s/,\s+/,/gr,
            "$name $kind: and by DASH";
    }
    return;
}

# --- one range, the same packets --------------------------------------------

my ($plain, $holes) = map { vod_list($t, "/$_/a.mp4/v0/index.m3u8") }
                      'vod', 'holes';
isnt $holes->{epoch}, $plain->{epoch}, 'other bytes have another name';
is_deeply $holes->{durations}, $plain->{durations}, 'the same times';

my ($with, $without) = map { $t->get($_->{segments}[0]) } $holes, $plain;
is runs($without), 1, 'as a rule one track run';
cmp_ok runs($with), '>', 50, 'with holes many';
my $more = length($with->body) - length($without->body);
cmp_ok $more, '>', 0, 'bytes that nobody needs';
cmp_ok $more, '<', length($without->body) / 10, 'are not many';
ok index(slurp($source), substr $with->body, -100000) > 0,
    'they are those of the file';
same_packets('a.mp4');

my $range = $t->get($holes->{segments}[0], headers => [Range => 'bytes=9000-19999']);
is $range->status, 206, 'a range';
is $range->body, substr($with->body, 9000, 11000), 'has its bytes';

# --- what it says -----------------------------------------------------------

like $t->get($plain->{init})->body, qr/^....ftypiso6.{4}iso6cmfc/s, 'CMAF';
unlike $t->get($holes->{init})->body, qr/^.{8,32}cmf/s, 'is none with holes';
like $without->body, qr/^....stypmsdh.{4}msdhcmfs/s, 'a CMAF segment';
unlike substr($with->body, 0, 32), qr/cmfs/, 'is none with holes';
like $t->get('/vod/a.mp4/manifest.mpd')->body, qr/profile:cmaf/, 'profile';
unlike $t->get('/holes/a.mp4/manifest.mpd')->body, qr/profile:cmaf/,
    'is none with holes';

my ($rate) = $t->get('/holes/a.mp4/manifest.mpd')->body
             =~ /id="v0" bandwidth="(\d+)"/;
my @rates = map { length($t->get($holes->{segments}[$_])->body) * 8
                  / $holes->{durations}[$_] } 0 .. 1;
cmp_ok max(@rates), '<=', $rate, 'bandwidth is enough for them';

# --- where it is not done ---------------------------------------------------

my $audio = vod_list($t, '/holes/a.mp4/a0/index.m3u8');
is runs($t->get($audio->{segments}[0])), 1, 'audio has none';
my ($key) = $t->get('/holes/a.mp4/iframe/v0.m3u8')->body =~ /^\.\.\/(v0.*)$/m;
is runs($t->get("/holes/a.mp4/$key")), 1, 'nor a key frame alone';

my $low = vod_file();
$t->write_file('html/low.mp4', slurp($low));
my $list = vod_list($t, '/holes/low.mp4/v0/index.m3u8');
is runs($t->get($list->{segments}[0])), 1, 'nor when they were too much';
same_packets('low.mp4');

$t->write_file('html/fragments.mp4', slurp(media_file('holes_cmaf.mp4', '-i',
    $source, qw(-map 0 -c copy -fflags +bitexact -movflags
                cmaf+frag_keyframe))));
$list = vod_list($t, '/holes/fragments.mp4/v0/index.m3u8');
is runs($t->get($list->{segments}[0])), 1, 'nor in fragments';
like $t->get($list->{init})->body, qr/^....ftypiso6.{4}iso6cmfc/s, 'CMAF';

# another mdat at the end, of which no sample is
$t->write_file('html/two.mp4', slurp($source) . pack('N a4 a8', 16, 'mdat', ''));
$list = vod_list($t, '/holes/two.mp4/v0/index.m3u8');
is runs($t->get($list->{segments}[0])), 1, 'nor with two mdat boxes';

# what stands behind the last box is no reason
$t->write_file('html/rest.mp4', slurp($source) . 'rest');
$list = vod_list($t, '/holes/rest.mp4/v0/index.m3u8');
is runs($t->get($list->{segments}[0])), 1, 'nor when boxes are broken';
$t->write_file('html/free.mp4', slurp($source) . pack('N a4', 8, 'free') x 70);
$list = vod_list($t, '/holes/free.mp4/v0/index.m3u8');
is runs($t->get($list->{segments}[0])), 1, 'nor when boxes are many';

# --- the configuration ------------------------------------------------------

my %refused = (
    'video_holes on; video_tracks v0;' =>
        qr/"video_holes" sends bytes of tracks that "video_tracks" leaves out/,
    'video_holes maybe;' => qr/invalid value "maybe" in "video_holes"/,
);

for my $case (sort keys %refused) {
    my $bad = Test::Video->new;
    $bad->conf(vod_conf(vod => $case));
    is $bad->run_refused, 1, "refused: $case";
    $bad->log_like($refused{$case}, 'with a reason');
    $bad->finish;
}

$t->finish;
done_testing();
