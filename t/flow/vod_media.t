# Proves that the segments of a file are the file's samples, bit for bit,
# however they lie in it, whoever asks for how much how fast, and that what
# can't be sent whole is cut, not faked.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Media;
use Test::Video::VOD;

my @size = (size => '480x270', seconds => 6);
my $large = vod_file(@size, bitrate => '2500k');

# The samples in chunks of so many microseconds, video and audio by turns.  Two
# tracks of audio leave gaps between those of video that are not read along.
sub chunks_of {
    my ($duration, $file) = @_;
    return media_file('chunks.mp4', '-i', $file,
        qw(-map 0:v -map 0:a -map 0:a -c copy -movflags +faststart
           -fflags +bitexact -chunk_duration), $duration, qw(-f mp4));
}

# Layouts: runs of one sample; of over 100 KB, which leave by sendfile; both,
# from 55 to 93 KB.
my %file = (
    'first.mp4' => vod_file(),
    'last.mp4' => vod_file(moov => 'last'),
    'large.mp4' => $large,
    'mixed.mp4' => chunks_of(500_000, vod_file(@size, bitrate => '1000k')),
    'long.mp4' => chunks_of(1_000_000, $large),
    'video.mp4' => media_file('video.mp4', '-i', vod_file(),
        qw(-map 0:v -c copy -fflags +bitexact -f mp4)),
    'audio.mp4' => media_file('audio.mp4', '-i', vod_file(),
        qw(-map 0:a -c copy -fflags +bitexact -f mp4)),
);

my $t = Test::Video->new;

# "small" and "threads" send the same in other ways.
my %way = (
    plain => 'sendfile on;',
    nosendfile => 'sendfile off; output_buffers 2 8k;',
    threads => 'sendfile on; aio threads; sendfile_max_chunk 32k;',
    aio => 'sendfile off; aio threads;',
    small => 'sendfile on; video_buffer_size 16k;',
    postpone => 'sendfile on; postpone_output 0;',
    limited => 'sendfile on; limit_rate 10m;',
);

$t->conf(vod_conf(
    zone => '32m',
    listen => 'sndbuf=64k',
    http => 'sendfile on; video_segment 4s;',
    locations => join '', map { <<"CONF" } sort keys %way))->run;
        location /$_/ {
            video_vod zone=vod;
            alias %%ROOT%%/html/;
            $way{$_}
        }
CONF

$t->write_file("html/$_", slurp($file{$_})) for keys %file;


sub body {
    my ($path, %o) = @_;
    my $r = $t->get($path, %o);

    $r->status == 200 && $r->complete
        && $r->header('Content-Length') == length $r->body
        or diag("$path: ", $r->status, ' ', $r->error // '');
    return $r->body;
}


# Lines of 33 characters, the MD5 of each frame or packet; when it is called.
sub hashes {
    my $text = framemd5(@_);
    return sub {
        join '', map { (split /[,\s]+/)[6] . "\n" }
                 map { s/^\s*/ /r } split /^/, $text->();
    };
}


# --- the same frames --------------------------------------------------------

for my $name (sort keys %file) {
    for my $track ($name eq 'audio.mp4' ? 'a0' : 'v0',
                   $name =~ /video|audio/ ? () : 'a0')
    {
        my $list = vod_list($t, "/vod/$name/$track/index.m3u8");
        my $out = join '', map { body($_) } $list->{init},
                                            @{ $list->{segments} };
        $t->write_file('out.mp4', $out);

        my $map = $track eq 'v0' ? '0:v:0' : '0:a:0';
        my ($packets, $frames) = map {
            my $raw = $_;
            [map { hashes($_, $map, raw => $raw) } $t->root . '/out.mp4',
                                                   $file{$name}]
        } 1, $name =~ /^(?:first|mixed)/ ? 0 : ();
        for my $both (grep { $_ } $packets, $frames) {
            $_ = $_->() for @$both;
        }

        cmp_ok length $packets->[1], '>', 5000, "$name $track: packets";
        ok $packets->[0] eq $packets->[1], "$name $track: the same packets";

        $frames or next;

        # ffmpeg presents the encoder's delay of audio, edit list or not
        substr $frames->[0], 0, 33, '' if $track eq 'a0';
        ok $frames->[0] eq $frames->[1], "$name $track: the same frames";
    }
}

# --- every way gives the same bytes -----------------------------------------

my @paths = ('large.mp4/v0/0.m4s', 'mixed.mp4/v0/0.m4s',
             'large.mp4/a0/0.m4s', 'long.mp4/v0/1.m4s',
             'long.mp4/a0/0.m4s', 'video.mp4/v0/0.m4s', 'first.mp4/v0/1.m4s');
my %whole = map { $_ => body("/vod/$_") } @paths;

cmp_ok length $whole{'large.mp4/v0/0.m4s'}, '>', 1_000_000, 'large segments';

for my $way (sort keys %way) {
    my @bad = grep { body("/$way/$_") ne $whole{$_} } @paths;
    is "@bad", '', "$way: identical";

    my @slow = map { $t->get("/$way/$_", start => 1, rcvbuf => 4096,
                             rate => 8_000_000) } @paths;
    $_->end for @slow;
    @bad = grep { !$slow[$_]->complete
                  || $slow[$_]->body ne $whole{$paths[$_]} } 0 .. $#paths;
    is "@paths[@bad]", '', "$way: to slow clients, too";
}

for my $path (@paths) {
    my @all = map { $t->get("/vod/$path", start => 1) } 1 .. 8;
    $_->end for @all;
    is scalar(grep { !$_->complete || $_->body ne $whole{$path} } @all), 0,
        "$path: eight clients at a time";
}

my $first = $t->get("/vod/$paths[0]", keep => 1);
my $second = $t->get("/vod/$paths[1]", over => $first);
ok $second->complete && $second->body eq $whole{$paths[1]},
    'two segments over one connection';

# --- ranges -----------------------------------------------------------------

for my $path (@paths) {
    my $whole = $whole{$path};
    my $size = length $whole;
    my ($moof) = box_at(\$whole, 'mdat');
    my @bad;

    for my $way ('vod', 'nosendfile', 'threads', 'small') {
        for my $range ([0, 0], [0, 99], [$moof - 10, $moof + 20],
                       [$moof + 8, $moof + 8], [1, $size - 2],
                       [16_000, 17_000], [65_000, 67_000],
                       [$moof + 8 + 16_383, $moof + 8 + 16_384],
                       [$moof + 8 + 65_535, $moof + 8 + 65_536],
                       [$size - 1, $size - 1], [$size - 100, $size + 100])
        {
            my ($from, $to) = @$range;
            next if $from >= $size;
            my $last = $to < $size ? $to : $size - 1;
            my $r = $t->get("/$way/$path", range => "$from-$to");

            push @bad, "$way:$from-$to" unless $r->status == 206
                && $r->complete
                && $r->header('Content-Range') eq "bytes $from-$last/$size"
                && $r->body eq substr $whole, $from, $last - $from + 1;
        }
    }
    is "@bad", '', "$path: ranges";
}

{
    my $path = $paths[0];
    my $whole = $whole{$path};
    my $size = length $whole;

    my $r = $t->get("/vod/$path", range => '-777');
    is $r->status, 206, 'a suffix';
    ok $r->body eq substr($whole, -777), 'is the end';

    $r = $t->get("/vod/$path", range => "$size-");
    is $r->status, 416, 'a range behind the end';
    is $r->header('Content-Range'), "bytes */$size", 'says the size';

    $r = $t->get("/vod/$path", range => '0-9,20-29');
    is $r->status, 200, 'two ranges: the whole';
    ok $r->body eq $whole, 'the whole';

    my $etag = $r->header('ETag');
    $r = $t->get("/vod/$path", range => '0-9', headers => ['If-Range', $etag]);
    is $r->status, 206, 'If-Range of the same';
    $r = $t->get("/vod/$path", range => '0-9', headers => ['If-Range', '"1"']);
    is $r->status, 200, 'If-Range of another';
    ok $r->body eq $whole, 'gives the whole';
}

# --- copies of audio segments -----------------------------------------------

$t->write_file('html/copy.mp4', slurp($file{'first.mp4'}));
body('/vod/copy.mp4/v0/init.mp4');
my $before = zone_numbers($t)->{objects};
my @copy = map { body('/vod/copy.mp4/a0/1.m4s') } 1 .. 2;
is zone_numbers($t)->{objects}, $before + 1, 'an audio segment is kept';
ok $copy[0] eq $copy[1] && $copy[0] ne '', 'and is the same';
is $t->get('/vod/copy.mp4/a0/1.m4s', range => '100-30000')->body,
    substr($copy[0], 100, 29_901), 'ranges of it, too';
body('/vod/copy.mp4/v0/0.m4s');
is zone_numbers($t)->{objects}, $before + 2, 'so are small video frames';

$t->write_file('html/range.mp4', slurp($file{'first.mp4'}));
my $part = $t->get('/vod/range.mp4/a0/1.m4s', range => '10-19');
is $part->body, substr($copy[0], 10, 10), 'a range of what is not kept yet';
ok body('/vod/range.mp4/a0/1.m4s') eq $copy[0], 'leaves a whole copy';

# --- clients that leave -----------------------------------------------------

for my $way (sort keys %way) {
    my @gone = map { $t->get("/$way/$_", start => 1, rcvbuf => 4096,
                             rate => 20_000) } @paths, 'copy.mp4/a0/0.m4s';
    wait_for { !grep { $_->body eq '' } @gone } 5;
    $_->close for @gone;
    ok +(wait_for { zone_numbers($t)->{refs} == 0 } 5),
        "$way: no reference is left";
}
$t->write_file('html/left.mp4', slurp($file{'large.mp4'}));
my $left = $t->get('/small/left.mp4/a0/0.m4s', start => 1, rcvbuf => 4096,
                   rate => 1000);
wait_for { $left->body ne '' } 5;
$left->close;
ok +(wait_for { zone_numbers($t)->{refs} == 0 } 5), 'an unfinished copy';
ok body('/vod/left.mp4/a0/0.m4s') eq $whole{'large.mp4/a0/0.m4s'},
    'is not served';

# --- a file that is cut while it is sent ------------------------------------

# gathered samples, and sendfile with and without threads
for (['gathered', 'large.mp4', 'small'], ['by sendfile', 'long.mp4', 'plain'],
     ['in a thread', 'long.mp4', 'threads'], ['read', 'long.mp4', 'nosendfile'])
{
    my ($title, $source, $way) = @$_;
    my $name = "cut-$way.mp4";

    $t->write_file("html/$name", slurp($file{$source}));
    my $whole = body("/vod/$name/v0/0.m4s");
    my $r = $t->get("/$way/$name/v0/0.m4s", start => 1, rcvbuf => 4096,
                    rate => 400_000);
    wait_for { length $r->body > 100_000 } 5;
    truncate $t->root . "/html/$name", 300_000 or die $!;
    $r->{rate} = undef;
    $r->end;

    is $r->status, 200, "$title: has begun";
    ok !$r->complete, "$title: is cut";
    cmp_ok length $r->body, '<', $r->header('Content-Length'),
        "$title: is not whole";
    is index($whole, $r->body), 0, "$title: right so far";
    is $t->get("/$way/$name/v0/0.m4s")->status, 422, "$title: now damaged";
}

$t->expect_log(qr/truncated at|read only/);
is $t->log_count(qr/"[^"]*cut-small\.mp4" was cut while it was sent: \d+ of/),
    1, 'one line of the gathered one';
is $t->log_count(qr/cut-(?:plain|threads)\.mp4" was truncated at/), 2,
    'one of each sendfile';
is $t->log_count(qr/exited on signal/), 0, 'nobody died';
ok +(wait_for { zone_numbers($t)->{refs} == 0 } 5), 'no reference is left';

$t->finish;
done_testing;
