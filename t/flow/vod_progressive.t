# Proves that progressive.mp4 is the asset as one plain file, whatever layout
# the source has: the same packets and frames at the same times, what is needed
# to begin first; every range of it the bytes that the whole has there; clips
# and choices of tracks those of the playlists; the same bytes by all workers.
use strict;
use warnings;

use List::Util qw(max min);
use POSIX qw(strftime);
use Test::More;
use Test::Video;
use Test::Video::Corpus;
use Test::Video::HTTP;
use Test::Video::Media;
use Test::Video::VOD;

plan skip_all => 'ffmpeg has no encoder libx264' unless has_encoder('libx264');

my $t = Test::Video->new;
$t->conf(vod_conf(workers => 2,
    http => 'sendfile on; video_segment 2s;', locations => <<'CONF'))->run;
        location /clip/ {
            video_vod zone=vod;
            video_clip on;
            alias %%ROOT%%/html/;
        }
        location /some/ {
            video_vod zone=vod;
            video_max_height $arg_height;
            video_tracks $arg_tracks;
            alias %%ROOT%%/html/;
        }
        location /small/ {
            video_vod zone=vod;
            video_max_moov 64k;
            alias %%ROOT%%/html/;
        }
        location /live/ {
            video_live zone=vod;
        }
CONF
my $base = 'http://127.0.0.1:' . $t->port;

sub make {
    my ($name, %o) = @_;
    return mp4_small("progressive_$name.mp4", video => 5, audio => 5, %o);
}

sub whole {
    my ($path, @more) = @_;
    my $r = $t->get($path, @more);
    $r->status == 200 && $r->complete
        && $r->header('Content-Length') == length $r->body
        or diag("$path: ", $r->status, ' ', $r->error // '');
    return $r;
}

# The sizes of ftyp and moov, with the header of mdat; undef unless these three
# boxes are all there is, in this order.
sub head_of {
    my ($bytes) = @_;
    my @boxes = boxes($bytes);
    return unless "@{[map { $_->[0] } @boxes]}" eq 'ftyp moov mdat'
                  && $boxes[-1][2] == length $$bytes;
    return $boxes[2][1];
}


# --- every layout -----------------------------------------------------------

my $plain = make('plain');
my @copy = ('-i', $plain, qw(-c copy -fflags +bitexact));
my %file = (
    first => make('first', args => [qw(-movflags +faststart)]),
    last => $plain,
    fragmented => media_file('progressive_moof.mp4', @copy, qw(-movflags
        frag_keyframe+empty_moov+default_base_moof -f mp4)),
    cmaf => media_file('progressive_cmaf.mp4', @copy, qw(-movflags
        cmaf+global_sidx+frag_keyframe -f mp4)),
    chunks => media_file('progressive_chunks.mp4', @copy, qw(-chunk_duration
        1000000 -f mp4)),
    deep_b => make('deep_b', args => [qw(-bf 8 -b_strategy 2 -x264-params
                                         b-pyramid=normal)]),
    negative => make('negative', args => [qw(-movflags negative_cts_offsets)]),
    no_b => make('no_b', args => [qw(-bf 0)]),
    vfr => make('vfr', args => ['-vf',
        "select='mod(n,7)',setpts='(N+0.4*mod(N,3))/25/TB'",
        qw(-fps_mode vfr -enc_time_base 1:90000)]),
    ntsc => make('ntsc', rate => '30000/1001'),
    late_audio => make('late_audio', a_before => [qw(-itsoffset 1.5)]),
    late_video => make('late_video', v_before => [qw(-itsoffset 1.5)],
                       args => [qw(-fps_mode passthrough)]),
    long_audio => make('long_audio', video => 3, audio => 7),
    long_video => make('long_video', video => 7, audio => 3),
    audio => media_file('progressive_audio.mp4', @copy, qw(-map 0:a -f mp4)),
    video => media_file('progressive_video.mp4', @copy, qw(-map 0:v -f mp4)),
);

# a picture that is to be turned: ffmpeg does it, so its frames tell
{
    my $bytes = slurp($plain);
    my ($tkhd) = box_at(\$bytes, 'moov/trak[0]/tkhd');
    my ($one, $minus) = (0x10000, 2**32 - 0x10000);
    $file{turned} = $t->write_file('turned.mp4', rewrite($bytes, $tkhd + 48,
        pack 'N6', 0, $one, 0, $minus, 0, 0));
}

sub md5s { return join ' ', map { $_->{md5} } @{ $_[0] } }

# Packets and what they decode to, of a path and of the file that is served.
# Of fragments ffmpeg does not tell the true durations, and it shows pictures
# later by "shift" ms where offsets are negative.
sub is_the_same {
    my ($name, $path, $url, $kinds, %o) = @_;
    my %late = (v => $o{shift} // 0, a => 0);
    my @packets = map { packets_of($_, $kinds) } $path, $url;
    my %frames = map { my $kind = $_;
                       $_ => [map { framemd5($_, "0:$kind:0") } $path, $url] }
                 split //, $kinds;
    my ($want, $got) = map { $_->() } @packets;

    for my $kind (split //, $kinds) {
        my @want = @{ $want->{$kind} // [] };
        my @got = @{ $got->{$kind} // [] };

        ok @want && md5s(\@want) eq md5s(\@got),
            "$name $kind: the same packets, " . @want
            or diag('got ' . @got);
        my @apart = map { 1000 * ($got[$_]{pts} - $want[$_]{pts})
                          + $late{$kind} } 0 .. min($#want, $#got);
        ok @apart && max(map { abs } @apart) < 0.1,
            "$name $kind: presented at the same times"
            or diag(sprintf '%.3f to %.3f ms apart', min(@apart), max(@apart));
        @apart = map { 1000 * ($got[$_]{duration} - $want[$_]{duration}) }
                 0 .. min($#want, $#got);
        ok @apart && max(map { abs } @apart) < 0.1, "$name $kind: for as long"
            or diag(sprintf '%.3f to %.3f ms apart', min(@apart), max(@apart))
            unless $o{moof};

        my ($old, $new) = map { my $text = $_->();
                                $text =~ s/.*,\s*//g if $o{shift};
                                $text } @{ $frames{$kind} };
        ok $old && $old eq $new, "$name $kind: the same frames";
    }
    return ($want, $got);
}

# What is decoded in a second lies together, and nothing comes late.
sub starts_fast {
    my ($name, $bytes) = @_;
    my $path = $t->write_file('fast.mp4', $bytes);
    my @packets = map { [split /,/] } grep { /^-?[\d.]+,\d+/ }
        `ffprobe -v error -of csv=p=0 -show_entries packet=dts_time,pos $path`;
    my ($latest, $back) = (-1e9, 0);
    for (sort { $a->[1] <=> $b->[1] } @packets) {
        $latest = max($latest, $_->[0]);
        $back = max($back, $latest - $_->[0]);
    }
    cmp_ok $back, '<', 1.1, "$name: interleaved by the second"
        or diag($back);
    is 0 + min(map { $_->[1] } @packets), head_of(\$bytes),
        "$name: the first packet follows moov";
    return;
}

my %fragments = (fragmented => { moof => 1 }, cmaf => { moof => 1,
                                                        shift => 40 });
my %body;
for my $name (sort keys %file) {
    $t->write_file("html/$name.mp4", slurp($file{$name}));

    my $r = whole("/vod/$name.mp4/progressive.mp4");
    my $bytes = $body{$name} = $r->body;
    my $kinds = $name eq 'audio' ? 'a' : $name eq 'video' ? 'v' : 'va';

    ok defined head_of(\$bytes), "$name: ftyp, moov, mdat";
    is $r->header('Content-Type'), $kinds eq 'a' ? 'audio/mp4' : 'video/mp4',
        "$name: its type";
    is_the_same($name, $file{$name},
                "$base/vod/$name.mp4/progressive.mp4", $kinds,
                %{ $fragments{$name} // {} });
    starts_fast($name, $bytes);

    # our own reader makes the same of it; rates of fragments have their boxes
    $t->write_file("html/of_$name.mp4", $bytes);
    my $again = whole("/vod/of_$name.mp4/progressive.mp4")->body;
    my $apart = $again ^ $bytes;
    cmp_ok $apart =~ tr/\0//c, '<=', $fragments{$name} ? 8 : 0,
        "$name: a progressive file of it is itself";
}

# separate files of a directory
mkdir $t->root . '/html/film';
$t->write_file("html/film/$_", slurp($file{video})) for 'b.mp4';
$t->write_file("html/film/$_", slurp($file{audio})) for 'c.m4a';
my $small = media_file('progressive_small.mp4', '-i', $file{video},
    '-vf', 'scale=80:46,setsar=1', qw(-c:v libx264 -preset veryfast -bf 2 -g 25 -keyint_min 25
       -sc_threshold 0 -threads 1 -fflags +bitexact -flags:v +bitexact -f mp4));
$t->write_file('html/film/a.mp4', slurp($small));

is_the_same('directory', $plain, "$base/vod/film/progressive.mp4", 'va');
ok whole('/vod/film/progressive.mp4')->body eq $body{last},
    'a directory: the same file as of one that was muxed';

# --- tracks -----------------------------------------------------------------

sub size_of {
    my ($path) = @_;
    my $bytes = whole($path)->body;
    my ($tkhd) = box_at(\$bytes, 'moov/trak[0]/tkhd');
    my $n = () = $bytes =~ /trak/g;
    return join ' ', $n, map { $_ >> 16 } unpack 'N2',
                     substr $bytes, $tkhd + 84, 8;
}

is size_of('/some/film/progressive.mp4'), '2 160 90', 'the best video';
is size_of('/some/film/progressive.mp4?height=60'), '2 80 46',
    'the best of those that are listed';
is size_of('/some/film/progressive.mp4?tracks=v0,a0'), '2 80 46', 'by name';
is size_of('/some/film/progressive.mp4?tracks=v1'), '1 160 90', 'video alone';
is size_of('/some/film/progressive.mp4?tracks=a0'), '1 0 0', 'audio alone';
is $t->get('/some/film/progressive.mp4?tracks=v7')->status, 422,
    'a list of nothing is an error';
is $t->log_count(qr/film": nothing to list,/), 1, 'which is told';

# --- clips ------------------------------------------------------------------

for my $clip ('start=1&end=3', 'start=1.5&end=3.3', 'start=3', 'end=2.5') {
    my $url = "$base/clip/last.mp4/progressive.mp4?$clip";
    my @packets = map { packets_of($_, 'va') }
                  "$base/clip/last.mp4/master.m3u8?$clip", $url;
    my ($want, $got) = map { $_->() } @packets;
    for my $kind (qw(v a)) {
        ok @{ $want->{$kind} }
           && md5s($want->{$kind}) eq md5s($got->{$kind}),
            "$clip $kind: the packets of the playlist"
            or diag(scalar @{ $want->{$kind} }, ' and ',
                    scalar @{ $got->{$kind} });
    }
    isnt whole("/clip/last.mp4/progressive.mp4?$clip")->header('ETag'),
        $t->get('/clip/last.mp4/progressive.mp4')->header('ETag'),
        "$clip: a file of its own";
}
my ($want, $got) = map { $_->() } map { framemd5($_, '0:v:0') } $plain,
    "$base/clip/last.mp4/progressive.mp4?start=1.52&end=3";
my @want = map { (split /[,\s]+/)[-1] } split /^/, $want;
my @got = map { (split /[,\s]+/)[-1] } split /^/, $got;
is_deeply \@got, [@want[38 .. 74]], 'within a GOP: the pictures of that time';

is $t->get("/clip/last.mp4/progressive.mp4?$_->[0]")->status, $_->[1],
    "a clip that is none: $_->[0]"
    for ['start=x', 400], ['start=5&end=2', 400], ['start=60', 404];
ok whole('/vod/last.mp4/progressive.mp4?start=1&end=3')->body eq $body{last},
    'without the directive arguments mean nothing';

# --- ranges -----------------------------------------------------------------

my $path = '/vod/last.mp4/progressive.mp4';
my $body = $body{last};
my $size = length $body;
my $head = head_of(\$body);

for ([0, 0], [0, 1], [0, 99], [10, 60], [$head - 1, $head - 1],
     [$head, $head], [$head - 10, $head + 10], [$head - 8, $size - 1],
     [100, $size - 100], [$size - 1, $size - 1], [0, $size - 1],
     [$head + 70_000, $head + 70_001])
{
    my ($from, $to) = @$_;
    my $r = $t->get($path, range => "$from-$to");
    ok $r->status == 206 && $r->complete
       && $r->header('Content-Range') eq "bytes $from-$to/$size"
       && $r->header('Content-Length') == $to - $from + 1
       && $r->body eq substr($body, $from, $to - $from + 1),
        "bytes $from-$to" or diag($r->status, ' ', length $r->body);
}

srand 7;
my @wrong;
for (1 .. 60) {
    my $from = int rand $size;
    my $to = min($size - 1, $from + int rand 2 ** int rand 19);
    for my $name ('chunks', 'last') {
        my $max = min($to, length($body{$name}) - 1);
        next if $from > $max;
        my $r = $t->get("/vod/$name.mp4/progressive.mp4",
                        range => "$from-$to");
        push @wrong, "$name $from-$to" if $r->status != 206 || !$r->complete
            || $r->body ne substr $body{$name}, $from, $max - $from + 1;
    }
}
is "@wrong", '', 'ranges anywhere';

sub partial {
    my ($range, %headers) = @_;
    my $r = $t->get($path, headers => { Range => $range, %headers });
    $r->complete or diag("$range: ", $r->error // '');
    return $r;
}

ok partial("bytes=$head-")->body eq substr($body, $head), 'to the end';
ok partial('bytes=-500')->body eq substr($body, -500), 'the last bytes';
ok partial('bytes=-' . 2 * $size)->body eq $body, 'more than there are';
ok partial('bytes=5-' . 2 * $size)->body eq substr($body, 5), 'beyond the end';
is partial("bytes=$size-")->status, 416, 'nothing there';
is partial("bytes=$size-")->header('Content-Range'), "bytes */$size",
    'the size is told';
is partial($_)->status, 416, "no range: $_" for 'bytes=x', 'bytes=9-3';
for ("bytes=0-9,$head-" . ($head + 9), 'lines=1-2') {
    my $r = partial($_);
    ok $r->status == 200 && $r->body eq $body, "the whole for $_"
        or diag($r->status);
}

# --- validators -------------------------------------------------------------

my $r = whole($path);
my ($etag, $date) = map { $r->header($_) } qw(ETag Last-Modified);
like $etag, qr/^"[0-9a-f]+-[0-9a-f]+"$/, 'a strong ETag';
is $date, strftime('%a, %d %b %Y %T GMT',
                   gmtime((stat $t->root . '/html/last.mp4')[9])),
    'the date of the file';
is $r->header('Accept-Ranges'), 'bytes', 'ranges are taken';
is $r->header('Cache-Control'), 'no-cache', 'to be asked for again';

is partial('bytes=0-9', 'If-Range' => $etag)->status, 206, 'If-Range: it is';
is partial('bytes=0-9', 'If-Range' => $date)->status, 206, 'the date, too';
ok partial('bytes=0-9', 'If-Range' => $_)->body eq $body, "another: $_"
    for '"x"', 'Wed, 01 Jan 2020 00:00:00 GMT';
is $t->get($path, headers => { 'If-None-Match' => $etag })->status, 304,
    'not modified';
is $t->get($path, headers => { 'If-Modified-Since' => $date })->status, 304,
    'since that date';
is $t->get($path, headers => { 'If-Match' => '"x"' })->status, 412,
    'not another one';

my $h = $t->get($path, method => 'HEAD');
is join(' ', map { $h->header($_) } qw(Content-Length ETag Last-Modified)),
    "$size $etag $date", 'HEAD tells the same';
is $h->body, '', 'and no more';
is $t->get($path, method => 'HEAD', range => "$head-")
   ->header('Content-Length'), $size - $head, 'HEAD of a range';
is $t->get($path, method => 'POST')->status, 405, 'nothing to post';

# --- errors -----------------------------------------------------------------

$t->write_file('html/broken.mp4', substr slurp($plain), 0, 3000);
$t->write_file('html/text.mp4', "no film\n" x 100);
is $t->get("$_->[0]/progressive.mp4")->status, $_->[1], "$_->[0]: $_->[1]"
    for ['/vod/none.mp4', 404], ['/vod/broken.mp4', 422],
        ['/vod/text.mp4', 422], ['/vod/film/none', 404], ['/live/cam', 404],
        ['/vod/last.mp4/v0', 404];

# the index is there, made under another limit
$t->write_file('html/long.mp4', slurp(media_file('progressive_loop.mp4',
    qw(-stream_loop 40 -i), $plain, qw(-c copy -fflags +bitexact -f mp4))));
is $t->get('/vod/long.mp4/v0/index.m3u8')->status, 200, 'a longer file';
is $t->get('/small/long.mp4/progressive.mp4')->status, 422,
    'moov over video_max_moov';
is $t->log_count(qr/long\.mp4": no moov of it can be made: .*limit exceeded/),
    1, 'which is told';
ok defined head_of(\whole('/vod/long.mp4/progressive.mp4')->body),
    'another location has another limit';
is $t->get('/small/long.mp4/progressive.mp4')->status, 200,
    'what is there is sent';

# written over within the second: the tables are not what they were
my $bad = $t->write_file('html/bad.mp4', slurp($plain));
is $t->get('/vod/bad.mp4/v0/index.m3u8')->status, 200, 'a file with an index';
my $mtime = (stat $bad)[9];
my $bytes = slurp($plain);
my $stsz = table_at(\$bytes, 0, 'stsz');
$t->write_file('html/bad.mp4', rewrite($bytes, $stsz + 24, "\x7f" x 400));
utime $mtime, $mtime, $bad;
is $t->get('/vod/bad.mp4/progressive.mp4')->status, 500,
    'not what the index is of';
is $t->log_count(qr/bad\.mp4": no moov of it can be made: segment 0: /), 1,
    'which is told, too';

# --- workers ----------------------------------------------------------------

sub over_both {
    my ($name) = @_;
    my %seen;
    for (1 .. 200) {
        my $c = $t->get('/pid', keep => 1);
        next if $seen{ $c->body };
        my $r = $t->get("/vod/$name.mp4/progressive.mp4", over => $c);
        $seen{ $c->body } = join ' ', $r->status, $r->complete ? 1 : 0,
            $r->header('ETag'), $r->md5;
        last if keys %seen == 2;
    }
    return values %seen;
}

for my $name (qw(first fragmented film)) {
    $t->write_file("html/w_$name.mp4", slurp($file{$name} // $plain));
    my @both = over_both("w_$name");
    is scalar(@both), 2, "$name: two workers";
    is $both[0], $both[1], "$name: send the same, with one ETag";
    like $both[0], qr/^200 1 /, "$name: all of it";
}

ok +(wait_for { zone_numbers($t)->{refs} == 0 } 5), 'no reference is left';

$t->finish;
done_testing;
