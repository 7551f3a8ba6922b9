# Proves that the thumbnails and the poster of a file are made when the first of
# them is asked for, once for all who ask, are of the times that their index
# says, and are kept; and what is answered when they can't be made.
use strict;
use warnings;

use File::Path qw(make_path);
use Test::More;
use Test::Video;
use Test::Video::Ladder;
use Test::Video::Loop qw(wait_for);
use Test::Video::Media;
use Test::Video::Picture;
use Test::Video::Process;
use Test::Video::Program ();
use Test::Video::VOD;

my $program = ladder_program();
plan skip_all => 'video-transcoder is not built' if !$program;

# A minute in which each two seconds have a brightness of their own.
use constant { STEP => 7, LOW => 16 };
my $film = media_file('thumbs_vod.mp4', qw(-f lavfi -i),
    "color=size=320x180:rate=5:d=60,geq=lum='" . LOW . '+floor(N/10)*' . STEP
    . "':cb=128:cr=128", qw(-f lavfi -i sine=duration=60 -c:a aac -c:v libx264
    -preset veryfast -qp 10 -pix_fmt yuv420p -g 10 -keyint_min 10
    -sc_threshold 0 -bf 2 -shortest));

my $t = Test::Video->new;

sub conf {
    my (%o) = @_;
    my $thumbs = $o{thumbs} // 'every=5s size=64x36 grid=3x2 poster=200x200';
    my $video = $o{video} // '';
    my $more = join '', map {
        my ($name, $zone, $timeout) = @$_;
        "location /$name/ { video_vod zone=$zone; alias %%ROOT%%/html/;
            video_thumbs on every=100ms size=1024x576 grid=8x8
                         timeout=$timeout; video_clip on; }\n";
    } ['slow', 'vod', '60s'], ['late', 'vod', '100ms'], ['again', 'two', '60s'];
    $more .= 'location /large/ { video_vod zone=vod; alias %%ROOT%%/html/;
              video_thumbs on; }';
    return vod_conf(workers => $o{workers} // 2,
        video => "zone two 8m; transcoder $program path=%%ROOT%%/cache
                  streams=7 thumbs=1 $video;",
        vod => "video_thumbs on $thumbs;", locations => $more);
}


# Requests on connections of their own, at once: [status of each], by workers.
sub together {
    my ($n, $path) = @_;
    my @requests = map { $t->get($path, start => 1) } 1 .. $n;
    return map { $_->end } @requests;
}


sub coder { return zone_numbers($t)->{transcoder_pid} }

# Sets of the cache: paths of directories.
sub sets { return grep { -d && !/\.\w+$/ } glob $t->root . '/cache/??/*' }
sub others { return grep { /\.\w+$/ } glob $t->root . '/cache/??/*' }

# Brightness of the key frame k, as JPEG has it.
sub wanted { return (LOW + $_[0] * STEP - 16) * 255 / 219 }

$t->conf(conf())->run;
mkdir $t->root . '/html';
$t->expect_log(qr{video transcoder \d+ exited on signal 9});
$t->write_file('html/film.mp4', slurp($film));

# --- what is told of them -----------------------------------------------------

sub lists {
    my ($asset) = @_;
    my ($master, $mpd) = map { $t->get("/vod/$asset/$_")->body }
                         'master.m3u8', 'manifest.mpd';
    return { master => [$master =~ /^(#EXT-X-IMAGE.*)$/mg],
             mpd => [$mpd =~ m{(<AdaptationSet[^>]*"image".*?</AdaptationSet>)}sg] };
}

my $told = lists('film.mp4');
is_deeply $told->{master}, ['#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=4609,'
    . 'RESOLUTION=64x36,CODECS="jpeg",URI="thumbs/index.m3u8"'],
    'the multivariant playlist names them';
my ($set) = @{ $told->{mpd} };
like $set, $_, 'so does the manifest'
    for qr{timescale="1000" duration="30000" startNumber="0"},
        qr{media="thumbs/\$Number\$\.jpg"}, qr{width="192" height="72"},
        qr{thumbnail_tile" value="3x2"};
my $list = $t->get('/vod/film.mp4/thumbs/index.m3u8');
is $list->header('Content-Type'), 'application/vnd.apple.mpegurl',
    'their playlist';
like $list->body, qr{^#EXT-X-IMAGES-ONLY$}m, 'has images alone';
is_deeply [$list->body =~ /^(#EXT-X-TILES.*|\d+\.jpg)$/mg],
    [map {; '#EXT-X-TILES:RESOLUTION=64x36,LAYOUT=3x2,DURATION=5.000',
           "$_.jpg" } 0, 1], 'two sheets';
is scalar(sets()), 0, 'nothing has been made for that';

# --- what is made ------------------------------------------------------------

my @made = together(12, '/vod/film.mp4/thumbs.vtt');
is join(' ', map { $_->status } @made), join(' ', (200) x 12),
    'all who ask at once are answered';
is $t->log_count(qr/thumbnails of "\S+film\.mp4" are made/), 1,
    'and it is made once, whatever worker they ask';
is scalar(sets()), 1, 'in a directory';
is join(' ', others()), '', 'beside which nothing is left';

my $vtt = $made[0];
is $vtt->header('Content-Type'), 'text/vtt', 'the index has its type';
is $vtt->header('Cache-Control'), 'no-cache', 'is asked for again';
my ($out, $err, $code) = Test::Video::Program::program_run($program, 'thumbs',
    '-o', $t->root . '/cli', qw(--every 5 --size 64x36 --grid 3x2), $film);
my $cli = slurp($t->root . '/cli/thumbs.vtt');
is $vtt->body =~ s/00:01:00\.\d+/END/gr, $cli =~ s/00:01:00\.\d+/END/gr,
    'the index is that of the program';

my @cues = map { [$_ =~ /^([\d:.]+)\ -->\ \S+\n
                         thumbs\/(\d+)\.jpg\#xywh=(\d+),(\d+),(\d+),(\d+)$/x] }
           grep { /-->/ } split /\n\n/, $vtt->body;
is scalar(@cues), 12, 'it has a cue for each five seconds';
my %sheets = map {
    my $answer = $t->get("/vod/film.mp4/thumbs/$_.jpg");
    is $answer->status . $answer->header('Content-Type'), '200image/jpeg',
        "sheet $_";
    ($_ => picture_of($t, $answer->body));
} 0, 1;
is_deeply [map { @$_{qw(width height)} } @sheets{0, 1}], [192, 72, 192, 72],
    'sheets are whole';
my @wrong = grep {
    my ($from, $n, $x, $y, $w, $h) = @{ $cues[$_] };
    my $is = picture_bright($sheets{$n}, $x + $w / 2, $y + $h / 2);
    "$w$h" ne '6436' || abs($is - wanted(int($_ * 5 / 2))) > 3;
} 0 .. $#cues;
is "@wrong", '', 'each thumbnail is of its time';
is $t->get('/vod/film.mp4/thumbs/7.jpg')->status, 404, 'no other is there';

my $poster = $t->get('/vod/film.mp4/poster.jpg');
is $poster->status . $poster->header('Content-Type'), '200image/jpeg',
    'the poster';
my $picture = picture_of($t, $poster->body);
is "$picture->{width}x$picture->{height}", '200x112', 'fits into its box';
cmp_ok abs(picture_bright($picture, 100, 56) - wanted(3)), '<=', 3,
    'and is of a tenth of the film';

# --- how it is served --------------------------------------------------------

my $sheet = '/vod/film.mp4/thumbs/0.jpg';
my $whole = $t->get($sheet);
my $head = $t->get($sheet, method => 'HEAD');
is $head->status . $head->header('Content-Length'), '200'
    . length $whole->body, 'HEAD';
my $part = $t->get($sheet, headers => { Range => 'bytes=10-19' });
is $part->status . $part->body, '206' . substr($whole->body, 10, 10), 'a range';
my $known = $t->get($sheet, headers => {
    'If-None-Match' => $whole->header('ETag') });
is $known->status, 304, 'what is known is not sent';
ok $whole->header('Last-Modified'), 'it has a date';
is $t->get("/vod/film.mp4/$_")->status, 404, "$_ is none"
    for qw(thumbs/x.jpg thumbs/01.jpg thumbs.jpg 0.jpg v0/0.jpg);
is $t->get("/vod/none.mp4/$_")->status, 404, "$_ of no file"
    for qw(thumbs.vtt thumbs/0.jpg poster.jpg);

# --- another file of the same name -------------------------------------------

my ($before) = sets();
my $other = media_file('thumbs_vod_other.mp4', qw(-f lavfi -i),
    'color=white:size=320x180:rate=5:d=20',
    qw(-c:v libx264 -preset veryfast -pix_fmt yuv420p -g 10));
$t->write_file('html/.new', slurp($other));
rename $t->root . '/html/.new', $t->root . '/html/film.mp4';
my $new = $t->get('/vod/film.mp4/thumbs.vtt');
is scalar(() = $new->body =~ /-->/g), 4, 'a file that is replaced has others';
isnt $t->get($sheet)->header('ETag'), $whole->header('ETag'), 'of its own';
is scalar(sets()), 2, 'in another directory';
$t->write_file('html/.new', slurp($film));
rename $t->root . '/html/.new', $t->root . '/html/film.mp4';
is $t->get('/vod/film.mp4/thumbs.vtt')->body, $vtt->body, 'the same bytes again';
is scalar(sets()), 3, 'are another file';

# --- what can't be made ------------------------------------------------------

sub broken {
    my $bytes = slurp($other);
    my $media = index($bytes, 'mdat') + 4;
    my $length = unpack('N', substr $bytes, $media - 8, 4) - 8;
    substr $bytes, $media, $length, "\0" x $length;
    return $bytes;
}

$t->write_file('html/broken.mp4', broken());
is join(' ', map { $_->status } together(6, '/vod/broken.mp4/thumbs.vtt')),
    join(' ', (422) x 6), 'a file that can\'t be decoded is told of';
is $t->get('/vod/broken.mp4/poster.jpg')->status, 422, 'again and again';
is $t->log_count(qr/\[error\] .*thumbnails of "\S+broken\.mp4": no picture/), 1,
    'in the log once: it is not tried again';
is join(' ', others()), '', 'and leaves nothing';

my $sound = media_file('thumbs_vod.m4a', qw(-f lavfi -i sine -t 2 -c:a aac));
$t->write_file('html/sound.m4a', slurp($sound));
is $t->get("/vod/sound.m4a/$_")->status, 404, "sound has no $_"
    for qw(thumbs.vtt thumbs/0.jpg thumbs/index.m3u8 poster.jpg);
is_deeply lists('sound.m4a'), { master => [], mpd => [] }, 'nor says so';

# --- clips, renditions ---------------------------------------------------------

$t->write_file('html/clips.json', '{ "clips": [ { "asset": "gone.mp4" },
    { "asset": "gone.mp4", "start": 5, "end": 9 } ] }');
$t->write_file('html/gone.mp4', slurp($film));
is $t->get('/vod/clips.json/master.m3u8')->status, 200, 'an asset of clips';
is $t->get("/vod/clips.json/$_")->status, 404, "has no $_"
    for qw(thumbs.vtt thumbs/0.jpg thumbs/index.m3u8 poster.jpg);
is_deeply lists('clips.json'), { master => [], mpd => [] }, 'nor says so';
my $clip = '?start=2&end=8';
is $t->get("/slow/gone.mp4/$_$clip")->status, 404, "a clip has no $_"
    for qw(thumbs.vtt thumbs/0.jpg thumbs/index.m3u8 poster.jpg);
unlike $t->get("/slow/gone.mp4/master.m3u8$clip")->body, qr/IMAGE/,
    'nor says so';

# white is larger than the film
my $large = media_file('thumbs_vod_large.mp4', '-i', $film,
    '-vf', 'scale=640:360,eq=contrast=0:brightness=1',
    qw(-c:v libx264 -preset veryfast -g 10 -keyint_min 10 -sc_threshold 0 -an));
mkdir $t->root . '/html/both';
$t->write_file('html/both/a.mp4', slurp($large));
$t->write_file('html/both/b.mp4', slurp($film));
my $small = picture_of($t, $t->get('/vod/both/thumbs/0.jpg')->body);
cmp_ok picture_bright($small, 32, 18), '<', 30, 'of renditions the smallest is taken';
my $big = picture_of($t, $t->get('/large/both/poster.jpg')->body);
is "$big->{width}x$big->{height}", '640x360', 'that need not be enlarged';
my $sparse = picture_of($t, $t->get('/large/both/thumbs/0.jpg')->body);
is "$sparse->{width}x$sparse->{height}", '1600x900', 'a sheet has all rows';
cmp_ok picture_bright($big, 320, 180), '>', 200, 'and is not';
is $t->get('/vod/both/master.m3u8')->status, 200, 'both are one asset';

# --- who goes away -----------------------------------------------------------

$t->write_file('html/gone.mp4', slurp($film));
my $raw = $t->raw(0);
$raw->write("GET /vod/gone.mp4/thumbs.vtt HTTP/1.1\r\nHost: a\r\n\r\n");
$raw->close;
is $t->get('/vod/gone.mp4/thumbs.vtt')->status, 200,
    'who asked first may go away';

# --- the transcoder dies -----------------------------------------------------

my $pid = coder();
ok $pid, 'there is a transcoder';
$t->write_file('html/kill.mp4', slurp($film));
kill 'STOP', $pid;
my @waiting = map { $t->get('/vod/kill.mp4/thumbs.vtt', start => 1) } 1 .. 4;
select undef, undef, undef, 0.3;
kill 'KILL', $pid;
is join(' ', map { $_->end->status } @waiting), join(' ', (200) x 4),
    'who waits for one that dies has the next one';
isnt coder(), $pid, 'which is another process';

@waiting = map { $t->get('/slow/kill.mp4/thumbs.vtt', start => 1) } 1 .. 4;
ok +(wait_for { grep { /\.part$/ } others() } 10), 'they are being made';
kill 'KILL', coder();
is join(' ', map { $_->end->status } @waiting), join(' ', (503) x 4),
    'who waits for a process that dies is told';
$t->log_like(qr/thumbnails of "\S+kill\.mp4": the transcoder is gone/,
    'the log, too');
ok scalar(others()), 'it leaves something';
is $t->get('/slow/kill.mp4/thumbs.vtt')->status, 200, 'the next one makes them';
is join(' ', others()), '', 'over what was left';

# --- the decoder crashes -----------------------------------------------------

$t->write_file('html/crash.mp4', slurp($film));
my $crash = $t->get('/slow/crash.mp4/thumbs.vtt', start => 1);
my @decoders;
ok +(wait_for {
    @decoders = map { Test::Video::Process::children($_) }
                Test::Video::Process::children(coder());
} 10), 'a process of its own decodes';
my $before_crash = coder();
kill 'KILL', @decoders;
is $crash->end->status, 422, 'its crash is the fault of the file';
$t->log_like(qr/thumbnails of "\S+crash\.mp4": crashed: Killed/,
    'and told of');
is $t->get('/slow/crash.mp4/poster.jpg')->status, 422, 'it is not tried again';
is coder(), $before_crash, 'nothing else is lost';
is join(' ', others()), '', 'nor left';

# --- a worker dies -----------------------------------------------------------

# one of the two has ordered them
for my $n (0, 1) {
    $t->write_file("html/worker$n.mp4", slurp($film));
    my $path = "/slow/worker$n.mp4/thumbs.vtt";
    @waiting = map { $t->get($path, start => 1) } 1 .. 8;
    ok +(wait_for { grep { /\.part$/ } others() } 10), 'they are being made';
    $t->kill_worker($n, 'KILL');
    is $t->get($path)->status, 200, 'a worker dies: who comes then gets them';
    is_deeply [grep { $_ && $_ != 200 } map { eval { $_->end->status } }
               @waiting], [], 'so do all who wait in the other';
}

# --- waiting -----------------------------------------------------------------

$t->write_file("html/slow$_.mp4", slurp($film)) for 1 .. 3;
my $late = $t->get('/late/slow1.mp4/thumbs.vtt');
is $late->status . $late->header('Retry-After'), '5031', 'some wait in vain';
$t->log_like(qr/thumbnails of "\S+slow1\.mp4" are not there after 100 ms/,
    'the log tells');
ok +(wait_for { $t->get('/late/slow1.mp4/thumbs.vtt')->status == 200 } 20),
    'but not the next time';

@waiting = map { $t->get("/slow/slow$_.mp4/poster.jpg", start => 1) } 2, 3;
push @waiting, $t->get('/again/slow2.mp4/poster.jpg', start => 1);
my $most = 0;
wait_for {
    my $n = grep { /\.part$/ } others();
    $most = $n if $n > $most;
    $n == 0 && $most;
} 20;
is join(' ', map { $_->end->status } @waiting), '200 200 200',
    'of several files, one of them in two zones';
is $most, 1, 'one is made at once';
is join(' ', others()), '', 'and nobody is in the way of others';

# --- reload ------------------------------------------------------------------

$t->write_file('html/reload.mp4', slurp($film));
@waiting = map { $t->get('/slow/reload.mp4/thumbs.vtt', start => 1) } 1 .. 4;
$t->reload;
is join(' ', map { $_->end->status } @waiting), join(' ', (200) x 4),
    'a reload loses none that waits';
is $t->get('/vod/gone.mp4/thumbs.vtt')->status, 200, 'what was made is there';

# --- what is kept ------------------------------------------------------------

my @sets = sets();
my $newest = pop @sets;
my $now = time;
for my $set (@sets) {
    utime $now - 1000, $now - 1000, glob "$set/*.* $set/thumbs/*";
}
utime $now + 10, $now + 10, glob "$newest/*.* $newest/thumbs/*";

my $dead = $t->root . '/cache/00/' . '0' x 30;
my $held = $t->root . '/cache/00/' . '1' x 30;
make_path("$dead.part/thumbs", "$held.part/thumbs", "$held.gone/thumbs");
for my $set ($dead, $held) {
    open my $fh, '>', "$set.part/thumbs/0.jpg" or die;
}
open my $lock, '>', "$held.lock" or die;
flock $lock, 2 or die "flock: $!\n";

$t->conf(conf(video => 'max_size=4k'));
$t->reload;
ok +(wait_for { sets() <= 0 } 10), 'what there is no room for goes'
    or diag join "\n", sets();
ok +(wait_for { !-e "$dead.part" && !-e "$dead.lock" && !-e "$held.gone" } 10),
    'so does what the dead have left';
ok -e "$held.part/thumbs/0.jpg", 'not what is being made';
is $t->get('/vod/film.mp4/thumbs.vtt')->status, 200,
    'what has gone is made again';
is $t->get('/vod/film.mp4/thumbs/0.jpg')->status, 200, 'all of it';

$t->stop;

# --- without the module that has the transcoder ------------------------------

{
    local $ENV{TEST_NGINX_LOAD_MODULES} = join ' ', grep { !/ingest|rtmp/ }
        split ' ', $ENV{TEST_NGINX_LOAD_MODULES};
    my $alone = Test::Video->new;
    my $conf = conf() =~ s/transcoder \S+ [^;]*;//r;
    is $alone->conf($conf)->run_refused, 1, 'without ingest it is refused';
    $alone->log_like(qr{\[emerg\] .*"video_thumbs" needs "load_module modules/ngx_video_ingest_module\.so;"},
        'and told why');
    $alone->stop;
    my $none = Test::Video->new;
    $none->conf($conf =~ s/video_thumbs on/video_thumbs off/gr =~ s/off every=.*?;/off;/gsr)->run;
    is $none->get('/vod/film.mp4/thumbs.vtt')->status, 404, 'not when it is off';
    $none->stop;
}

done_testing;
