#!/usr/bin/perl

# "video-transcoder ladder" makes renditions with the pictures, the times and the
# key frames of each other, goes on where it was interrupted, and takes nothing
# damaged for whole.

use strict;
use warnings;

use Fcntl qw(:flock);
use FindBin;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep);

use lib "$FindBin::Bin/lib";
use Test::Video::Media;
use Test::Video::Program;

my $dir = tempdir();
my %tools = program_flavours('video-transcoder');

plan skip_all => 'video-transcoder is not built' if !%tools;

my $tool;

sub run { return program_run($tool, 'ladder', @_) }

sub probe {
    my ($path, $kind, $entries) = @_;
    return map { [split /,/] }
           split /\n/, qx(ffprobe -v error -select_streams $kind -show_entries $entries -of csv=p=0 $path);
}


# Packets of a track, by their times: [pts, dts, pos, flags].
sub packets {
    my ($path, $kind) = @_;
    return sort { $a->[0] <=> $b->[0] }
           grep { @$_ >= 4 && $_->[0] =~ /^-?\d+$/ }
           probe($path, $kind, 'packet=pts,dts,pos,flags');
}


# Times of all pictures and of key frames.
sub moments {
    my ($path) = @_;
    my @packets = packets($path, 'v');
    return (join(' ', map { $_->[0] } @packets),
            join(' ', map { $_->[3] =~ /K/ ? $_->[0] : () } @packets));
}


# Brightness of each picture.
sub bright {
    my ($path) = @_;
    return unpack 'C*', qx(ffmpeg -v error -i $path -vf scale=16:16:flags=area,crop=1:1:8:8 -vsync passthrough -f rawvideo -pix_fmt gray -);
}


sub differ {
    my ($one, $two, $most) = @_;
    return scalar(@$one) . ' and ' . scalar(@$two) . ' pictures'
        if @$one != @$two;
    my ($first) = grep { abs($one->[$_] - $two->[$_]) > $most } 0 .. $#$one;
    return defined $first
           ? "picture $first: $one->[$first], $two->[$first]" : '';
}


sub same { my ($one, $two) = map { slurp($_) } @_; return $one eq $two }

# Each picture has a brightness that none near it has; key frames are nowhere
# near where they are asked for.
my @film = (qw(-f lavfi -i), "nullsrc=size=320x180:rate=30000/1001:d=24,"
            . "geq=lum='32+mod(N*37,180)':cb=128:cr=128",
            qw(-f lavfi -i sine=r=44100:d=24 -c:v libx264 -preset ultrafast
               -pix_fmt yuv420p -g 77 -bf 2 -b_strategy 0 -c:a aac
               -metadata:s:a language=deu -shortest));
my $film = media_file('ladder.mp4', @film);
my %films = (
    mp4 => $film,
    mkv => media_file('ladder.mkv', '-i', $film, qw(-c copy)),
    ts  => media_file('ladder.ts', '-i', $film, qw(-c copy)),
    late => media_file('ladder_late.mp4', qw(-ss 5.3), '-i', $film,
                       qw(-c copy)),
    # a key frame that is decoded before a boundary and shown after it
    astride => media_file('ladder_astride.mp4', @film, '-g', 181),
    varied => media_file('ladder_varied.mp4', '-i', $film, '-vf',
        q(select='not(mod(n,7)*mod(n,5))+lt(mod(n,90),40)'),
        qw(-vsync vfr -c:v libx264 -preset ultrafast -bf 2 -c:a copy)),
);
my $mute = media_file('ladder_mute.mp4', '-i', $film, qw(-an -c copy -t 5));
my $turned = media_file('ladder_turned.mp4', '-i', $film,
                        qw(-c copy -t 5 -metadata:s:v:0 rotate=90));
my $quiet = media_file('ladder_quiet.mp4', '-i', $film, qw(-an -c copy));
my $sound = media_file('ladder.m4a', '-i', $film, qw(-vn -c copy -t 5));

my $two = spew('two.json', encode_json({ rungs => [
    { name => 'low', size => '160x90', bitrate => '100k' },
    { name => 'high', size => '320x180', bitrate => '300k' }] }));
my @fast = (qw(--preset ultrafast --ladder), $two);

for my $name (sort keys %tools) {
    $tool = $tools{$name};

    # --- what is made --------------------------------------------------------

    for my $kind (sort keys %films) {
        my $to = "$dir/$name-$kind";
        my ($out, $err, $code) = run('-o', $to, @fast, qw(--chunk 6 --jobs 2),
                                     $films{$kind});
        is "$code$err", '0', "$name: a ladder of $kind" or next;
        like $out, qr/^high \s+ 320x180 .*\nlow \s+ 160x90 /mx, 'a table';
        is join(' ', map { m{([^/]+)$} } glob "$to/* $to/.l*"),
            'asset.json high.mp4 low.mp4', 'files';
        is_deeply decode_json(slurp("$to/asset.json")),
            { tracks => [{ file => 'high.mp4' }, { file => 'low.mp4' }] },
            'asset.json names them';

        my @source = bright($films{$kind});
        is differ(\@source, [bright("$to/high.mp4")], 6), '',
            'the pictures of the source';
        is differ(\@source, [bright("$to/low.mp4")], 6), '', 'in both';
        my ($times, $keys) = moments("$to/high.mp4");
        is_deeply [moments("$to/low.mp4")], [$times, $keys],
            'the same times and key frames';

        # to the tick, from the first picture on
        my @source_times = split / /, (moments($films{$kind}))[0];
        my $first = (grep { $_ >= 0 } @source_times)[0];
        $times =~ s/^(\d+).*/$1/s if $kind eq 'late';
        is $times, $kind eq 'late' ? 0
            : join(' ', map { ($_ - $first)
                              * ($kind eq 'mkv' ? 16 : 1) } @source_times),
            'those of the source';

        my ($base) = probe("$to/high.mp4", 'v', 'stream=time_base');
        my ($scale) = $base->[0] =~ m{/(\d+)};
        my @late = grep {
            my $at = (split / /, $keys)[$_] / $scale;
            $at < $_ * 2 || $at > $_ * 2 + ($kind eq 'varied' ? 0.3 : 0.034);
        } 0 .. (() = $keys =~ / /g);
        is "@late", '', 'a key frame each 2 s';

        # a second of the one track, a second of the other
        my @by_place = sort { $a->[0] <=> $b->[0] }
            map { my $kind = $_; map { [$_->[2], $kind] }
                  packets("$to/high.mp4", $kind) } 'v', 'a';
        my $runs = 1 + grep { $by_place[$_][1] ne $by_place[$_ - 1][1] }
                            1 .. $#by_place;
        cmp_ok $runs, '<=', 2 * ($kind eq 'late' ? 20 : 26), 'in seconds';
        my $bytes = slurp("$to/high.mp4");
        cmp_ok index($bytes, 'moov'), '<', index($bytes, 'mdat'),
            'moov is first';
        is_deeply [map { @$_ } probe("$to/high.mp4", 'a',
            'stream=codec_name,sample_rate:stream_tags=language')],
            ['aac', 44100, 'deu'], 'sound';
        my @sounds = map { join ' ', map { "@$_[0, 1]" }
                           packets("$to/$_.mp4", 'a') } 'high', 'low';
        is $sounds[0], $sounds[1], 'is the same in both';
    }

    # --- it goes on ----------------------------------------------------------

    my $whole = "$dir/$name-whole";
    my @cut = (@fast, qw(--chunk 2 --jobs 1));
    run('-o', $whole, @cut, $film);
    my $part = "$dir/$name-part";
    my $pid = program_start($tool, 'ladder', '-o', $part, @cut, $film);

    for (1 .. 600) {
        last if -e "$part/.ladder/4-made";
        sleep 0.05;
    }

    kill 'KILL', $pid;
    program_end($pid);
    ok !-e "$part/asset.json" && !-e "$part/high.mp4",
        'nothing is there before it is whole';
    my ($out, $err, $code) = run('-o', $part, @cut, $film);
    is $code, 0, 'it goes on after a kill';
    like $err, qr/: ([5-9]|1[01]) of 12 chunks were there$/, 'with what is there';
    ok same("$whole/$_.mp4", "$part/$_.mp4"), "$_: as if nothing had been"
        for qw(high low);

    my $other = "$dir/$name-other";
    $pid = program_start($tool, 'ladder', '-o', $other, @cut, $film);

    for (1 .. 600) {
        last if -e "$other/.ladder/2-made";
        sleep 0.05;
    }

    kill 'KILL', $pid;
    program_end($pid);
    open my $lock, '<', "$other/.ladder/lock" or die;
    flock $lock, LOCK_EX or die;
    ($out, $err, $code) = run('-o', $other, @cut, $film);
    like $err, qr/another one works on "\Q$other\E"$/, 'two at once';
    is $code, 1, 'is an error';
    close $lock;
    ($out, $err, $code) = run('-o', $other, @cut, qw(--segment-aligned 1),
                              $film);
    is "$code$err", '0', 'what was made for something else is not taken';

    # --- rungs ---------------------------------------------------------------

    my $rungs = sub {
        my ($to, $source, $options, @rungs) = @_;
        my $ladder = spew('rungs.json', encode_json({ rungs => \@rungs,
                          @$options && ref $options->[0]
                          ? %{ shift @$options } : () }));
        return run('-o', "$dir/$name-$to", '--json', '--preset', 'ultrafast',
                   '--ladder', $ladder, @$options, $source);
    };

    ($out, $err, $code) = $rungs->('above', $mute, [],
        { name => 'above', size => '640x360', bitrate => '1m' },
        { name => 'about', size => '340x192', bitrate => 300000 },
        { name => 'wide', size => '160x160', bitrate => '100k' });
    is $code, 0, 'rungs above the source';
    is $err, "rung \"above\" of 640x360 is left out: the source has 320x180\n",
        'are left out';
    my $is = decode_json($out);
    is_deeply [map { "@$_{qw(name width height)}" } @{ $is->{rungs} }],
        ['about 320 180', 'wide 160 90'], 'nothing is made larger';
    is scalar(probe("$dir/$name-above/wide.mp4", 'a', 'stream=index')), 0,
        'no sound where there was none';
    ($out, $err, $code) = $rungs->('none', $mute, [],
        { name => 'above', size => '640x360', bitrate => '1m' });
    is "$out$code", '1', 'no rung that is left';
    like $err, qr/no rung is left of the ladder: the source has 320x180$/,
        'is an error';

    ($out) = $rungs->('turned', $turned, [],
        { name => 'r', size => '160x90', bitrate => '100k' });
    is_deeply [@{ decode_json($out)->{rungs}[0] }{qw(width height)}],
        [90, 160], 'a film that is turned stands upright';

    ($out) = $rungs->('quality', $film, [{ audio => JSON::PP::false() },
                                         '--quality', 'psnr,ssim',
                                         qw(--chunk 12)],
        { name => 'good', size => '320x180', bitrate => '900k' },
        { name => 'fps', size => '160x90', bitrate => '100k', fps => 10 });
    $is = decode_json($out);
    cmp_ok $is->{rungs}[0]{psnr}, '>', 38, 'PSNR';
    cmp_ok $is->{rungs}[0]{ssim}, '>', 0.9, 'SSIM';
    is $is->{chunks}, 2, 'of all chunks';
    cmp_ok abs($is->{rungs}[1]{pictures} - 240), '<', 10, 'fewer a second';
    is((moments("$dir/$name-quality/good.mp4"))[1],
       (moments("$dir/$name-quality/fps.mp4"))[1], 'with the same key frames');
    is scalar(probe("$dir/$name-quality/good.mp4", 'a', 'stream=index')), 0,
        'without sound';

    ($out, $err, $code) = $rungs->('passes', $mute, [
        { audio => { bitrate => '64k', loudnorm => JSON::PP::true() } },
        qw(--two-pass --chunk 2)],
        { name => 'x', size => '160x90', bitrate => '100k' });
    is "$code$err", '0', 'two passes';

    # x265 does not free all that it takes
    my $codecs = $name eq 'plain' ? 'h264,hevc,vp9,av1' : 'h264,vp9';
    ($out, $err, $code) = $rungs->('codecs', $mute, ['--codec', $codecs],
        { name => 'x', size => '160x90', bitrate => '100k' });
    is "$code$err", '0', 'other codecs';
    my @codecs = split /,/, $codecs;
    is_deeply [sort map { "$_->{name} $_->{codec}" }
               @{ decode_json($out)->{rungs} }],
        [sort map { "x-$_ $_" } @codecs], 'a rung of each';
    my ($keys, @others) = map { (moments("$dir/$name-codecs/x-$_.mp4"))[1] }
                              @codecs;
    is_deeply \@others, [($keys) x @others], 'with the same key frames';
    if ($name eq 'plain') {
        ($out, $err, $code) = $rungs->('large', media_file('ladder_large.mp4',
            qw(-f lavfi -i testsrc2=size=1280x720:rate=10:d=2 -c:v libx264
               -preset ultrafast -pix_fmt yuv420p)), [qw(--codec av1)],
            { name => 'x', size => '1280x720', bitrate => '500k' });
        is "$code$err", '0', 'SVT-AV1 has the memory that it needs';
    }

    # --- odd films -----------------------------------------------------------

    my $made = sub {
        my ($kind, $source, @options) = @_;
        my ($out, $err, $code) = run('-o', "$dir/$name-$kind", @fast,
                                     @options, $source);
        is "$code$err", '0', "$name: a film that is $kind";
        return "$dir/$name-$kind/high.mp4";
    };
    my $lasts = sub {
        my ($path, $kind) = @_;
        return (probe($path, $kind, 'stream=duration'))[0][0];
    };
    my @lavfi = qw(-c:v libx264 -preset ultrafast -pix_fmt yuv420p);

    # fields, a key frame beside each boundary
    my $fields = media_file('ladder_fields.mp4', qw(-f lavfi -i
        testsrc2=size=320x180:rate=25:d=12), @lavfi, qw(-g 51 -bf 2
        -flags +ilme+ildct -x264-params tff=1));
    my $is_whole = $made->('interlaced', $fields, qw(--chunk 4));
    is((moments($is_whole))[0], (moments($fields))[0],
       'has all its pictures at their times');
    is((probe($is_whole, 'v', 'stream=field_order'))[0][0], 'progressive',
       'and no fields');

    # one picture in a chunk or none
    my $slides = media_file('ladder_slides.mp4', qw(-f lavfi -i),
        'testsrc2=size=320x180:rate=1/7:d=42', @lavfi);
    is((moments($made->('slides', $slides, qw(--chunk 4))))[0],
       (moments($slides))[0], 'has all of them');

    # Matroska does not tell how long each track is
    my $outlast = media_file('ladder_outlast.mkv', qw(-f lavfi -i
        testsrc2=size=320x180:rate=25:d=5 -f lavfi -i sine=d=15), @lavfi,
        qw(-c:a aac));
    my $outlasted = $made->('outlasted', $outlast, qw(--chunk 3));
    cmp_ok abs($lasts->($outlasted, 'v') - 5), '<', 0.1, 'ends when it does';
    cmp_ok abs($lasts->($outlasted, 'a') - 15), '<', 0.1, 'its sound, too';

    # sound with a hole in it stays with the picture
    my $hole = media_file('ladder_hole.mkv', qw(-f lavfi -i
        testsrc2=size=320x180:rate=25:d=20 -f lavfi -i sine=d=20), @lavfi,
        '-af', 'aselect=not(between(t\,5\,10))', qw(-c:a pcm_s16le));
    spew('loud.json', encode_json({ audio => { loudnorm => JSON::PP::true() },
        rungs => [{ name => 'high', size => '320x180', bitrate => '100k' }] }));
    cmp_ok abs($lasts->($made->('loud', $hole, '--ladder', "$dir/loud.json"),
                         'a') - 20), '<', 0.2, 'has sound to its end';

    # two recordings in one file
    spew('one.ts', slurp(media_file('ladder_joined.ts', qw(-f lavfi -i
        testsrc2=size=320x180:rate=25:d=4), @lavfi, qw(-mpegts_copyts 1))) x 2);
    ($out, $err, $code) = run('-o', "$dir/$name-joined", @fast, "$dir/one.ts");
    is $code, 1, 'what was joined is not taken for the whole';

    # --- what is damaged -----------------------------------------------------

    my $bytes = slurp($quiet);
    my $media = index($bytes, 'mdat') + 4;
    my $length = unpack('N', substr $bytes, $media - 8, 4) - 8;
    my $wrong = $bytes;
    substr $wrong, int($media + 0.4 * $length), 3000, "\0" x 3000;
    my $damaged = spew('damaged.mp4', $wrong);
    ($out, $err, $code) = run('-o', "$dir/$name-damaged", @fast, $damaged);
    is "$out$code", '1', 'a damaged film is not done';
    like $err, qr/damaged\.mp4:\ .*\d+\ damaged\ pictures,\ the\ first\ at\ \d+\.\d{3}\ s$/x, 'and it is said where';
    ok !-e "$dir/$name-damaged/asset.json", 'and nothing is there';
    my $click = slurp($film);
    my $last = (packets($film, 'a'))[500][2];
    substr $click, $last, 60, "\xff" x 60;
    ($out, $err, $code) = run('-o', "$dir/$name-click", @fast,
                              spew('click.mp4', $click));
    is "$out$code", '1', 'nor is one with damaged sound';
    like $err, qr/click\.mp4: its sound: \d+ damaged frames of sound, the first/,
        'and it is said where';
    ($out, $err, $code) = run('-o', "$dir/$name-damaged", @fast,
                              '--ignore-damage', $damaged);
    is $code, 0, 'unless it is asked for';

    # pictures alone, in one chunk, with two threads for it
    my $pictures = slurp($mute);
    my $first = index($pictures, 'mdat') + 4;
    my $size = unpack('N', substr $pictures, $first - 8, 4) - 8;
    substr $pictures, int($first + 0.4 * $size), 1000, "\0" x 1000;
    ($out, $err, $code) = run('-o', "$dir/$name-damaged-mute", @fast,
                              qw(--jobs 2), spew('damaged_mute.mp4', $pictures));
    is "$out$code", '1', 'nor is one whose pictures are';
    like $err, qr/: \d+ damaged pictures, the first at /, 'and it is said';

    my $cut_off = spew('cut.mp4', substr slurp(media_file('ladder_first.mp4',
        '-i', $quiet, qw(-c copy -movflags +faststart))), 0,
        int($length * 0.6));
    ($out, $err, $code) = run('-o', "$dir/$name-cut", @fast, $cut_off);
    is "$out$code", '1', 'a film that is cut off is not done';
    like $err, qr/cut\.mp4: .*(?:it ends at \d+\.\d+ s|damaged|no picture)/,
        'and it is said';
    for my $bad ($sound, '/etc/passwd', "$dir/none.mp4") {
        ($out, $err, $code) = run('-o', "$dir/$name-bad", @fast, $bad);
        is "$out$code", '1', "no film: $bad";
        like $err, qr/\Q$bad\E: (no video that|can't be opened: )/, 'is said';
    }
    ($out, $err, $code) = run('-o', '/proc/none', @fast, $mute);
    like $err, qr{mkdir\(\) "/proc/none" failed: }, 'no place for it';
    is $code, 1, 'is a failure';

    # --- a batch -------------------------------------------------------------

    my $short = slurp(media_file('ladder_short.mp4', qw(-f lavfi -i
        testsrc2=size=64x48:rate=10:d=1 -c:v libx264 -preset ultrafast
        -pix_fmt yuv420p)));
    srand 11;
    my @how = (
        (sub { $short }) x 3,
        sub { substr $short, 0, 100 + rand(length($short) / 2) },
        sub { join '', map { chr int rand 256 } 1 .. 3000 },
        sub { '' },
        sub { $short =~ s/moov/mooo/r },
        sub { "ffconcat version 1.0\nfile '$film'\n" },
        sub { "#EXTM3U\n#EXTINF:4,\n$film\n#EXT-X-ENDLIST\n" },
    );
    my @batch = map { my $how = $how[$_ % 10];
                      $how ? spew("batch$_.mp4", $how->()) : "$dir/none.mp4" }
                0 .. ($name eq 'plain' ? 99 : 19);
    $batch[$_ * 10 + 9] = "$dir/none$_.mp4" for 0 .. @batch / 10 - 1;
    spew('tiny.json', encode_json({ rungs => [
        { name => 'x', size => '64x48', bitrate => '50k' }] }));
    ($out, $err, $code) = run('-o', "$dir/$name-batch", '--json', '--preset',
        'ultrafast', '--ladder', "$dir/tiny.json", @batch);
    is $code, 1, 'a batch of which some are broken';
    is join(' ', map { decode_json($_)->{file} } split /\n/, $out),
        join(' ', @batch[grep { $_ % 10 < 3 } 0 .. $#batch]),
        'the good ones are done';
    my @lines = split /\n/, $err;
    is scalar(@lines), @batch * 7 / 10, 'a line for each of the others';
    is scalar(grep { !/^video-transcoder: \S+\.mp4: \w[ -~]+$/ } @lines), 0,
        'with a reason' or diag($err);
    is scalar(() = glob "$dir/$name-batch/*/asset.json"), @batch * 3 / 10,
        'and nothing of them is there';

    # --- options -------------------------------------------------------------

    for my $wrong ([qr/ladder needs a directory, -o DIR/, $film],
                   [qr{two files would be made in "x/a"}, qw(-o x a.mp4 b/a)],
                   [qr/--ladder: there is no ladder of that name/,
                    qw(-o x --ladder ultra), $film],
                   [qr/open\(\) "none\.json" failed/,
                    qw(-o x --ladder none.json), $film],
                   [qr/--codec must be a list of h264/,
                    qw(-o x --codec mpeg2), $film],
                   [qr/--codec makes more than 16 rungs, two/,
                    qw(-o x --codec), 'h264,h264', $film],
                   [qr/--preset must be one of x264's/,
                    qw(-o x --preset fastest), $film],
                   [qr/--quality must be a list of psnr/,
                    qw(-o x --quality good), $film],
                   (map { [qr/--segment-aligned must be between 0\.5 and 60/,
                           '-o', 'x', '--segment-aligned', $_, $film] }
                        qw(0 61 2m x)),
                   (map { [qr/--chunk must be between 1 and 3600/, '-o', 'x',
                           '--chunk', $_, $film] } qw(0 3601 x)),
                   (map { [qr/--jobs must be between 1 and 64/, '-o', 'x',
                           '--jobs', $_, $film] } qw(0 65 x)))
    {
        my ($said, @args) = @$wrong;
        ($out, $err, $code) = run(@args);
        is "$out$code", '2', "ladder @args";
        like $err, $said, 'and why';
    }

    my %rung = (name => 'x', size => '160x90', bitrate => '100k');
    for my $wrong (
        [qr/: 1:\d+: .*expected/, '{'],
        [qr/: an object is expected/, '[]'],
        [qr/: rungs: a list of 1 to 16 objects is/, '{}'],
        [qr/: rungs: a list/, { rungs => [] }],
        [qr/: rungs: a list/, { rungs => [(\%rung) x 17] }],
        [qr/: rungs\[0\]: an object is expected/, { rungs => ['x'] }],
        [qr/: rungs\[1\]: name: one that no other rung has/,
         { rungs => [(\%rung) x 2] }],
        [qr/: more: there is no such member/, { rungs => [\%rung], more => 1 }],
        [qr/: audio: bitrate: a number of bits/,
         { rungs => [\%rung], audio => { bitrate => '1k' } }],
        [qr/: audio: loudnorm: true or false/,
         { rungs => [\%rung], audio => { loudnorm => 1 } }],
        map { my ($member, $value, $said) = @$_;
              [qr/: rungs\[0\]: $member: \Q$said\E/,
               { rungs => [{ %rung, $member => $value }] }] }
            ['name', '', 'a short word'], ['name', '../x', 'a short word'],
            ['name', 'x' x 32, 'a short word'], ['name', 1, 'a short word'],
            ['size', '160', 'two even numbers'],
            ['size', '161x90', 'two even numbers'],
            ['size', '160x9000', 'two even numbers'],
            ['bitrate', 0, 'a number of bits'],
            ['bitrate', '5x', 'a number of bits'],
            ['bitrate', '5kk', 'a number of bits'],
            ['bitrate', -1, 'a number of bits'],
            ['maxrate', '50k', 'not less than bitrate'],
            ['bufsize', '1', 'a number of bits'],
            ['fps', 0, 'a number between 1 and 240'],
            ['fps', '30', 'a number between 1 and 240'],
            ['codec', 'mpeg2', 'one of h264, hevc, vp9 and av1'],
            ['preset', '', 'a short word'], ['profile', 'a b', 'a short word'],
            ['level', 4, 'there is no such member'])
    {
        my ($said, $json) = @$wrong;
        my $file = spew('wrong.json', ref $json ? encode_json($json) : $json);
        ($out, $err, $code) = run('-o', 'x', '--ladder', $file, $film);
        is "$out$code", '2', 'a wrong ladder: ' . slurp($file);
        like $err, qr/^video-transcoder: \Q$file\E$said/, 'and why';
    }

    ($out, $err, $code) = $rungs->('preset', $mute, [], { %rung,
        preset => 'fastest' });
    is "$out$code", '1', 'a preset that there is not';
    like $err, qr/rung "x": can't be encoded: /, 'is said by the encoder';
}

ok !-e 'x', 'nothing is made of what is wrong';

done_testing;
