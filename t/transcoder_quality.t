#!/usr/bin/perl

# "video-transcoder quality" finds where a file differs from its reference and how
# much, at the same times, whatever its size, rate, container and first time are;
# "compare" shows several beside each other.

use strict;
use warnings;

use FindBin;
use JSON::PP;
use Test::More;

use lib "$FindBin::Bin/lib";
use Test::Video::Media;
use Test::Video::Program;

my $dir = tempdir();
my %tools = program_flavours('video-transcoder');

plan skip_all => 'video-transcoder is not built' if !%tools;

my $tool;

sub run { return program_run($tool, @_) }

# What is measured of a file: JSON that is read, and standard error.
sub measure {
    my ($out, $err) = run('quality', '--json', @_);
    return ($out ? decode_json($out) : {}, $err);
}


sub near {
    my ($is, $wanted, $most, $name) = @_;
    return ok(defined $is && abs($is - $wanted) <= $most, $name)
        || diag(($is // 'nothing') . " is not about $wanted");
}


# What ffprobe says of a picture.
sub size {
    my ($path) = @_;
    return qx(ffprobe -v error -show_entries stream=width,height -of csv=p=0:s=x $path)
           =~ s/\s+//r;
}


# Brightness of a picture, at places from 0 to 1.
sub bright {
    my ($path, @x) = @_;
    my @all = unpack 'C*', qx(ffmpeg -v error -i $path -vf scale=100:1:flags=area -f rawvideo -pix_fmt gray -);
    return map { $all[$_ * 100] } @x;
}


sub well_formed {
    my ($path) = @_;
    my $said = qx(xmllint --noout '$path' 2>&1);
    return is $said, '', "$path is well-formed";
}


# A film with a brightness of its own in each second.
my @encoder = qw(-c:v libx264 -preset veryfast -pix_fmt yuv420p -threads 1);
my $film = media_file('quality.mp4', qw(-f lavfi -i
    testsrc2=size=320x180:rate=25:duration=8 -crf 12 -g 50 -bf 2), @encoder);
my @same = ('-i', $film);
my $bad = media_file('quality_bad.mp4', @same, '-vf',
    q(drawbox=enable='gte(t,3)*lt(t,4)':color=white:t=fill), '-crf', 20,
    @encoder);
my $half = media_file('quality_half.mp4', @same, '-vf', 'fps=12.5',
    '-crf', 20, @encoder);
my $small = media_file('quality_small.mp4', @same, '-vf', 'scale=160:90',
    '-crf', 20, @encoder);
my $good = media_file('quality_good.mp4', @same, '-crf', 18, @encoder);
my $poor = media_file('quality_poor.mp4', @same, '-crf', 36, @encoder);
my $other = media_file('quality_other.mkv', @same, qw(-c:v libvpx-vp9 -b:v
    300k -deadline realtime -cpu-used 8 -threads 1));
my %files = (
    mp4    => $film,
    mkv    => media_file('quality.mkv', @same, qw(-c copy)),
    ts     => media_file('quality.ts', @same, qw(-c copy)),
    later  => media_file('quality_later.ts', @same, qw(-c copy
                         -output_ts_offset 300)),
    flv    => media_file('quality.flv', @same, qw(-c copy)),
);
my $later = media_file('quality_bad.ts', '-i', $bad, qw(-c copy
    -output_ts_offset 100));
my $single = media_file('quality_single.ts', @same, qw(-crf 20 -g 999),
                        @encoder);
my $turned = media_file('quality_turned.mp4', @same,
                        qw(-c copy -metadata:s:v:0 rotate=90));
my $wide = media_file('quality_wide.mp4', @same, qw(-c copy -aspect 32:9));
my $sound = media_file('quality.m4a', qw(-f lavfi -i sine -t 2 -c:a aac));
my $tiny = media_file('quality_tiny.mp4', @same, '-vf', 'scale=32:8,setsar=1',
                      '-crf', 20, @encoder);

for my $name (sort keys %tools) {
    $tool = $tools{$name};

    # --- values --------------------------------------------------------------

    for my $kind (sort keys %files) {
        my ($is, $err) = measure($film, $files{$kind});
        is $err, '', "$name: the same as $kind";
        is $is->{pictures}, 200, 'all pictures are compared';
        is_deeply $is->{unmatched}, { reference => 0, file => 0 }, 'each';
        is_deeply $is->{psnr}, { map { $_ => 100 } qw(mean lowest p1 p5) },
            'the best PSNR';
        is_deeply $is->{ssim}, { map { $_ => 1 } qw(mean lowest p1 p5) },
            'the best SSIM';
        near($is->{duration}, 8, 0.05, 'its length');
        near($is->{bitrate}, (-s $film), 0.05 * -s $film, 'its bit rate');
    }

    for my $bad ($bad, $later) {
        my ($is, $err) = measure($film, $bad);
        is $err, '', "a bad second: $bad";
        is scalar(@{ $is->{worst} }), 5, 'five are told';
        near($is->{worst}[0]{time}, 3.5, 0.5, 'the worst is there');
        cmp_ok $is->{worst}[0]{psnr}, '<', 15, 'and bad';
        cmp_ok abs($is->{worst}[0]{psnr} - $is->{psnr}{lowest}), '<', 0.01,
            'the lowest';
        is scalar(grep { $_->{psnr} < 15 } @{ $is->{worst} }), 1,
            'once a second';
        my @times = sort { $a <=> $b } map { $_->{time} } @{ $is->{worst} };
        is scalar(grep { $times[$_] - $times[$_ - 1] < 0.999 } 1 .. $#times),
            0, 'as are the others';
        cmp_ok $is->{psnr}{p5}, '<', 15, 'a twentieth';
        cmp_ok $is->{psnr}{mean}, '<', 25, 'the mean is that of errors';
        cmp_ok $is->{ssim}{mean}, '>', 0.85, 'that of SSIM of values';
    }

    # the order of what is bad, and its place
    my ($all) = measure(qw(--worst 100), $film, $bad);
    my @worst = map { $_->{psnr} } @{ $all->{worst} };
    is "@worst", join(' ', sort { $a <=> $b } @worst), 'the worst is first';
    ($all) = measure(qw(--worst 0), $film, $bad);
    is_deeply $all->{worst}, [], 'none';

    my ($is, $err) = measure($film, $half);
    is "$is->{pictures}$err", '100', 'half of the pictures';
    is_deeply $is->{unmatched}, { reference => 100, file => 0 },
        'the others have none';
    cmp_ok $is->{psnr}{lowest}, '>', 35, 'they are of the same times';
    ($is) = measure($half, $film);
    is_deeply $is->{unmatched}, { reference => 0, file => 100 },
        'the other way round';
    cmp_ok $is->{psnr}{lowest}, '>', 35, 'the same times';

    ($is, $err) = measure($film, $small);
    is "$is->{pictures}$err", '200', 'a smaller file';
    is "$is->{width} $is->{height} @{ $is->{compared} }", '160 90 320 180',
        'in the size of the reference';
    cmp_ok $is->{psnr}{lowest}, '>', 18, 'is compared';
    ($is) = measure($turned, $turned);
    is "@{ $is->{compared} } $is->{psnr}{mean}", '180 320 100', 'upright';
    ($is) = measure($wide, $wide);
    is "@{ $is->{compared} } $is->{psnr}{mean}", '640 180 100',
        'with square pixels';

    # against ffmpeg's own
    my $said = qx(ffmpeg -v info -nostdin -i $poor -i $film -lavfi '[0][1]psnr' -f null - 2>&1);
    my ($psnr) = $said =~ /average:([\d.]+)/;
    ($is) = measure($film, $poor);
    near($is->{psnr}{mean}, $psnr, 0.02, 'PSNR is that of ffmpeg');

    # --- a ladder ------------------------------------------------------------

    my $ladder = spew('ladder.json', encode_json({ rungs => [
        { name => 'same', size => '320x180', bitrate => '200k' }] }));
    my ($out, undef, $code) = run('ladder', '--json', '--quality', 'psnr',
        qw(--preset ultrafast --ladder), $ladder, '-o', "$dir/$name-ladder",
        $film);
    my $rung = decode_json($out)->{rungs}[0];
    ($is) = measure($film, "$dir/$name-ladder/same.mp4");
    near($is->{psnr}{mean}, $rung->{psnr}, 0.01, 'PSNR of a ladder');
    near($is->{ssim}{mean}, $rung->{ssim}, 0.0005, 'SSIM of a ladder');
    near($is->{bitrate}, $rung->{bitrate}, 0.01 * $rung->{bitrate},
         'the bit rate of a ladder');

    # --- files ---------------------------------------------------------------

    my $strange = spew('a<b&".mp4', slurp($bad));
    my $to = "$dir/$name-quality";
    ($out, $err, $code) = run(qw(quality --worst 3 -o), $to, $film, $strange);
    is "$code$err", '0', 'a page';
    like $out, qr/^PSNR \s+ [\d.]+ \s+ [\d.]+ \s+ [\d.]+ \s+ [\d.]+$/mx,
        'and a text';
    like $out, qr/^worst at 0:03\.\d{3} /m, 'with the worst';
    is join(' ', map { m{([^/]+)$} } glob "$to/* $to/worst/*"),
        'quality.html quality.svg worst 0.jpg 1.jpg 2.jpg', 'files';
    well_formed("$to/quality.$_") for 'svg', 'html';
    my $html = slurp("$to/quality.html");
    like $html, qr{<h1>[^<"]*a&lt;b&amp;&#34;\.mp4</h1>}, 'names are escaped';
    like $html, qr/src="worst\/2\.jpg".*0:0\d\.\d{3}: PSNR/s, 'with pictures';
    is size("$to/worst/0.jpg"), '640x180', 'side by side';
    my ($left, $right) = bright("$to/worst/0.jpg", 0.25, 0.75);
    cmp_ok $left, '<', 200, 'the reference';
    cmp_ok $right, '>', 230, 'and the file, of that time';
    my $points = () = slurp("$to/quality.svg") =~ /\d,\d/g;
    is $points, 400, 'a point for each picture';
    ($out, $err, $code) = run(qw(quality --worst 1 -o), $to, $film,
                              $later);
    is join(' ', map { m{([^/]+)$} } glob "$to/worst/*"), '0.jpg',
        'only what was made now';
    ($left, $right) = bright("$to/worst/0.jpg", 0.25, 0.75);
    cmp_ok $right, '>', 230, 'also in MPEG-TS';

    # pictures of one key frame, which a demuxer does not find
    ($out, $err, $code) = run(qw(quality --worst 2 -o), $to, $single, $single);
    is "$code$err", '0', 'a file that can only be read from its beginning';

    # --- several files -------------------------------------------------------

    $to = "$dir/$name-compare";
    my $none = "$dir/none.mp4";
    ($out, $err, $code) = run('compare', '-o', $to, $film, $good, $none,
                              $strange, $other, $poor);
    is $code, 1, 'one that is not there';
    like $err, qr/^video-transcoder: \Q$none\E: can't be opened: [^\n]+\n\z/,
        'is told';
    my @lines = split /\n/, $out;
    is scalar(@lines), 5, 'the others are done';
    like $lines[0], qr/^codec .* PSNR .* lowest/, 'in a table';
    is join(' ', map { m{([^/]+)$} } glob "$to/* $to/frames/*"),
        'compare.html compare.svg frames 0.jpg 1.jpg 2.jpg', 'files';
    well_formed("$to/compare.$_") for 'svg', 'html';
    my $svg = slurp("$to/compare.svg");
    is scalar(() = $svg =~ /<polyline/g), 2, 'a line for each codec';
    is scalar(() = $svg =~ /<circle/g), 4, 'a point for each file';
    like $svg, qr/>a&lt;b&amp;&#34;\.mp4</, 'with its name';
    is size("$to/frames/$_.jpg"), '1280x360', 'tiles' for 0 .. 2;

    ($out, $err, $code) = run('compare', '-o', $to, '--json', '--jobs', 1,
                              $film, $good, $poor);
    is "$code$err", '0', 'as JSON';
    $all = decode_json($out);
    is $all->{reference}, $film, 'with the reference';
    is_deeply [map { $_->{file} } @{ $all->{files} }], [$poor, $good],
        'by their bit rates';
    ($is) = measure($film, $poor);
    is_deeply [@{ $all->{files}[0] }{qw(psnr ssim bitrate)}],
        [@$is{qw(psnr ssim bitrate)}], 'the values of quality';

    # --- what is damaged -----------------------------------------------------

    my $bytes = slurp($film);
    my $media = index($bytes, 'mdat') + 4;
    my $length = unpack('N', substr $bytes, $media - 8, 4) - 8;
    substr $bytes, int($media + 0.4 * $length), 3000, "\0" x 3000;
    my $damaged = spew('damaged.mp4', $bytes);
    my $cut = spew('cut.mp4', substr slurp(media_file('quality_first.mp4',
        @same, qw(-c copy -movflags +faststart))), 0, int($length * 0.6));

    for my $wrong ([$damaged, qr/\d+ damaged pictures, the first at \d+\.\d+ s/],
                   [$cut, qr/(?:it ends at|\d+ damaged)/],
                   [$sound, qr/no video that can be decoded/],
                   [$none, qr/can't be opened: /],
                   ['/etc/passwd', qr/can't be opened: /])
    {
        my ($file, $why) = @$wrong;
        ($out, $err, $code) = run('quality', '-o', "$dir/$name-wrong", $film,
                                  $file);
        is "$out$code", '1', "wrong: $file";
        like $err, qr/^video-transcoder: \Q$file\E: $why/, 'is said';
        ok !-e "$dir/$name-wrong/quality.html", 'nothing is made of it';
        ($out, $err, $code) = run('quality', $file, $film);
        is "$out$code", '1', "a wrong reference: $file";
        like $err, qr/^video-transcoder: \Q$film\E: the reference: $why/,
            'is said';
    }
    ($out, $err, $code) = run(qw(quality --ignore-damage), $film, $damaged);
    is "$code$err", '0', 'unless it is asked for';
    ($out, $err, $code) = run('compare', '-o', $to, $film, $cut, $good);
    is $code, 1, 'a file that is cut off';
    like $err, qr/\Q$cut\E: /, 'is told';
    like $out, qr/\Q$good\E\n\z/, 'the other is there';
    ($out, $err, $code) = run('compare', '-o', $to, $none, $good, $poor);
    is "$out$code", '1', 'no reference';
    is scalar(() = $err =~ /: the reference: can't be opened/g), 2, 'for each';
    ($out, $err, $code) = run('quality', $tiny, $film);
    like $err, qr/the reference: pictures of 32x8 can't be compared, those of/,
        'a reference that is too small';
    ($out, $err, $code) = run('quality', '-o', '/proc/none', $film, $good);
    is "$out$code", '1', 'no place for it';
    like $err, qr{mkdir\(\) "/proc/none" failed: }, 'is said';
    ($out, $err, $code) = run('compare', '-o', '/proc/none', $film, $good,
                              $poor);
    like $err, qr{^video-transcoder: mkdir\(\) "/proc/none" failed: },
        'for all';

    # --- options -------------------------------------------------------------

    for my $wrong ([qr/quality needs a reference and one file/, 'quality',
                    $film],
                   [qr/quality takes a reference and one file, not "c" too/,
                    qw(quality a b c)],
                   [qr/compare needs a directory, -o DIR/, qw(compare a b c)],
                   [qr/compare needs a reference and 2 to 16 files/,
                    qw(compare -o x a b)],
                   [qr/compare takes a reference and 2 to 16 files, not "q"/,
                    qw(compare -o x), 'a' .. 'q', 'q'],
                   [qr/-o must not be empty/, qw(quality -o), '', 'a', 'b'],
                   [qr/compare has no option --worst/,
                    qw(compare -o x --worst 1 a b c)],
                   [qr/quality has no option --every/,
                    qw(quality --every 1 a b)],
                   [qr/quality has no option --jobs/, qw(quality --jobs 1 a b)],
                   [qr/--jobs must be between 1 and 64/,
                    qw(compare -o x --jobs 0 a b c)],
                   (map { [qr/--worst must be between 0 and 100, not/,
                           qw(quality --worst), $_, 'a', 'b'] }
                        '-1', '101', 'x', ''))
    {
        my ($said, @args) = @$wrong;
        ($out, $err, $code) = run(@args);
        is "$out$code", '2', "@args";
        like $err, $said, 'and why';
    }
}

ok !-e 'x', 'nothing is made of what is wrong';

done_testing;
