#!/usr/bin/perl

# "video-transcoder thumbs" shows the newest key frame at each time, in the tile
# that the index says, as large as it fits and the way up that it is shown; of
# files with an index and without, with pictures that are broken too.

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

# A sheet: { width, height, data }, brightness of pixels from 0 to 255.
sub sheet {
    my ($path) = @_;
    my ($width, $height) =
        qx(ffprobe -v error -show_entries stream=width,height -of csv=p=0 $path)
        =~ /^(\d+),(\d+)/ or return;
    my $data = qx(ffmpeg -v error -i $path -f rawvideo -pix_fmt gray -);
    return { width => $width, height => $height, data => $data };
}


sub bright {
    my ($sheet, $x, $y) = @_;
    return ord substr $sheet->{data}, $y * $sheet->{width} + $x, 1;
}


# The cues of an index: [from, to, file, x, y, w, h].
sub cues {
    my ($text) = @_;
    return map { [$_ =~ /^([\d:.]+)\ -->\ ([\d:.]+)\n
                         (\S+)\#xywh=(\d+),(\d+),(\d+),(\d+)$/x] }
           grep { /-->/ } split /\n\n/, $text;
}


# A minute in which each two seconds have a brightness of their own.
use constant { STEP => 7, LOW => 16 };
my @film = (qw(-f lavfi -i), "color=size=320x180:rate=5:d=60,geq=lum='"
            . LOW . "+floor(N/10)*" . STEP . "':cb=128:cr=128",
            qw(-c:v libx264 -preset veryfast -qp 10 -pix_fmt yuv420p -g 10
               -keyint_min 10 -sc_threshold 0 -bf 2));
my $film = media_file('thumbs.mp4', @film);
my %files = (
    mp4 => $film,
    mkv => media_file('thumbs.mkv', '-i', $film, qw(-c copy)),
    ts  => media_file('thumbs.ts', '-i', $film, qw(-c copy)),
    flv => media_file('thumbs.flv', '-i', $film, qw(-c copy)),
    fragmented => media_file('thumbs_fragmented.mp4', '-i', $film,
        qw(-c copy -movflags frag_keyframe+empty_moov+default_base_moof)),
);
my $busy = media_file('thumbs_busy.mp4', qw(-f lavfi -i
    testsrc2=size=320x180:rate=5:duration=30 -c:v libx264 -preset veryfast
    -pix_fmt yuv420p -g 10 -keyint_min 10 -sc_threshold 0));
my $cut = media_file('thumbs_cut.mp4', qw(-ss 3), '-i', $film, qw(-c copy));
my $tall = media_file('thumbs_tall.mp4', '-i', $film,
                      qw(-c copy -metadata:s:v:0 rotate=90));
my $wide = media_file('thumbs_wide.mp4', '-i', $film,
                      qw(-c copy -aspect 32:9));
my $sound = media_file('thumbs.m4a', qw(-f lavfi -i sine -t 2 -c:a aac));

# Brightness of the key frame k, as JPEG has it.
sub wanted { return (LOW + $_[0] * STEP - 16) * 255 / 219 }

for my $name (sort keys %tools) {
    $tool = $tools{$name};

    # --- which picture, and where --------------------------------------------

    for my $kind (sort keys %files) {
        my ($out, $err, $code) = run('thumbs', '-o', "$dir/$name$kind",
                                     qw(--every 5 --size 64x36 --grid 3x2),
                                     $files{$kind});
        is "$code$err", '0', "$name: thumbnails of $kind";
        # what ffmpeg says of FLV is too long by what comes before the picture
        my ($n, $sheets) = $kind eq 'flv' ? (13, 3) : (12, 2);
        like $out, qr/: $n thumbnails, $sheets sheets, \Q$dir\E\S+\.vtt$/,
            'are told of';

        my @cues = cues(slurp("$dir/$name$kind/thumbs.vtt"));
        is scalar(@cues), $n, 'each has a cue';
        my %sheets = map { $_ => sheet("$dir/$name$kind/thumbs/$_.jpg") } 0, 1;
        is_deeply [map { @$_{qw(width height)} } @sheets{0, 1}],
            [192, 72, 192, 72], 'two sheets';
        my @wrong = grep {
            my ($from, $to, $file, $x, $y, $w, $h) = @{ $cues[$_] };
            my ($n) = $file =~ m{^thumbs/(\d)\.jpg$};
            my $is = bright($sheets{$n}, $x + $w / 2, $y + $h / 2);
            "$w$h" ne '6436' || $from ne sprintf('00:00:%02d.000', $_ * 5)
                || abs($is - wanted(int($_ * 5 / 2))) > 3;
        } 0 .. 11;
        is "@wrong", '', 'each is of its time, where the index says'
            or diag(slurp("$dir/$name$kind/thumbs.vtt"));
        like $cues[-1][1], qr/^00:0[01]:/, 'the last one to the end';
    }

    my ($out, $err, $code) = run(qw(thumbs --json -o), "$dir/$name.last",
                                 qw(--every 7 --grid 4x4 --size 32x18), $film);
    is_deeply decode_json($out), { file => $film, thumbs => 9, sheets => 1,
        broken => 0, duration => 60, index => "$dir/$name.last/thumbs.vtt" },
        'as JSON';
    is sheet("$dir/$name.last/thumbs/0.jpg")->{height}, 3 * 18,
        'no rows that are empty';
    ($out) = run(qw(thumbs --json --every 3600 -o), "$dir/$name.one", $film);
    is decode_json($out)->{thumbs}, 1, 'one at least';

    # a film that begins between two key frames, by its edit list
    ($out) = run(qw(thumbs --json --every 1 -o), "$dir/$name.cut", $cut);
    is decode_json($out)->{broken}, 0, 'what is hidden can be shown';

    my $again = "$dir/${name}mp4";
    ($out, $err, $code) = run(qw(thumbs --every 60 -o), $again, $film);
    is "$code$err", '0', 'the same directory again';
    is join(' ', map { m{([^/]+)$} } glob "$again/* $again/thumbs/*"),
        'thumbs thumbs.vtt 0.jpg', 'has what was made now';

    # --- the shape of a picture ----------------------------------------------

    run(qw(thumbs --every 30 --size 160x90 --grid 2x1 -o), "$dir/$name.tall",
        $tall);
    my $sheet = sheet("$dir/$name.tall/thumbs/0.jpg");
    cmp_ok bright($sheet, 160 + 80, $_), '>', 100, "tall at $_" for 2, 45, 87;
    is bright($sheet, 160 + $_, 45), 0, "black at $_" for 3, 45, 115, 157;
    run(qw(thumbs --every 30 --size 160x90 --grid 2x1 -o), "$dir/$name.wide",
        $wide);
    $sheet = sheet("$dir/$name.wide/thumbs/0.jpg");
    cmp_ok bright($sheet, 160 + $_, 45), '>', 100, "wide at $_" for 2, 80, 157;
    is bright($sheet, 160 + 80, $_), 0, "black at $_" for 3, 15, 75, 87;

    # --- what is broken ------------------------------------------------------

    my $bytes = slurp($busy);
    my $media = index($bytes, 'mdat') + 4;
    my $length = unpack('N', substr $bytes, $media - 8, 4) - 8;
    my $wrong = sub {
        my ($from, $to) = map { int($media + $_ * $length) } @_;
        my $is = $bytes;
        substr $is, $from, $to - $from, "\0" x ($to - $from);
        return spew('broken.mp4', $is);
    };
    ($out, $err, $code) = run(qw(thumbs --json --every 2 -o),
                              "$dir/$name.broken", $wrong->(0.4, 0.6));
    is "$code$err", '0', 'pictures that are broken';
    $out = decode_json($out);
    is $out->{thumbs}, 15, 'have their place';
    cmp_ok abs($out->{broken} - 3), '<', 2, 'and are counted';

    # the first sheet has none that is good
    ($out, $err, $code) = run(qw(thumbs --json --every 2 --grid 1x1 -o),
                              "$dir/$name.first", $wrong->(0, 0.05));
    is "$code$err", '0', 'the first that is broken';
    $out = decode_json($out);
    is "$out->{thumbs} $out->{sheets}", '15 15', 'costs no others';

    ($out, $err, $code) = run(qw(thumbs -o), "$dir/$name.none",
                              $wrong->(0, 1));
    is "$out$code", '1', 'none that can be decoded';
    like $err, qr/broken\.mp4: no picture of it can be decoded$/, 'is said';
    ok !-e "$dir/$name.none/thumbs.vtt", 'and has no index';

    ($out, $err, $code) = run(qw(thumbs -o), "$dir/$name.none", $sound);
    like $err, qr/no video that can be decoded$/, 'sound alone';
    ($out, $err, $code) = run(qw(thumbs -o), "$dir/$name.none", '/etc/passwd');
    like $err, qr/can't be opened: /, 'no media';
    ($out, $err, $code) = run(qw(thumbs -o /proc/none), $film);
    like $err, qr{mkdir\(\) "/proc/none" failed: }, 'no place for it';
    is $code, 1, 'is a failure';
    mkdir "$dir/$name.full";
    spew("$name.full/thumbs", '');
    ($out, $err, $code) = run(qw(thumbs -o), "$dir/$name.full", $film);
    like $err, qr/0\.jpg\.part" failed: Not a directory/, 'a name that is taken';
    is scalar(() = glob "$dir/*/thumbs/*.part"), 0, 'nothing is left half';

    # --- several -------------------------------------------------------------

    ($out, $err, $code) = run('thumbs', '-o', "$dir/$name.many", qw(--every 30),
                              $film, $sound, $files{mkv});
    is $code, 1, 'several files, one of them without pictures';
    like $err, qr/^video-transcoder: \S+\.m4a: no video [ -~]+\n\z/, 'is told';
    is scalar(() = glob "$dir/$name.many/thumbs-*/thumbs.vtt"), 2,
        'the others have their places';

    # --- options -------------------------------------------------------------

    for my $wrong ([qr/thumbs needs a directory/, $film],
                   [qr/thumbs needs a file/, '-o', 'x'],
                   [qr{two files would be made in "x/a"}, qw(-o x a.mp4 b/a)],
                   [qr/-o must not be empty/, '-o', '', 'x'],
                   (map { [qr/--every must be between 0\.1 and 3600/, '--every',
                           $_, 'x'] } '0', '3601', 'x', 'nan', '5m', ''),
                   (map { [qr/--size must be two even numbers/, '--size', $_,
                           'x'] } '14x90', '160x1026', '161x90', '160', 'x',
                          '160x90x', '-160x90', ''),
                   (map { [qr/--grid must be two numbers between 1 and 32/,
                           '--grid', $_, 'x'] } '0x1', '33x1', '1x33', '10'))
    {
        my ($said, @args) = @$wrong;
        ($out, $err, $code) = run('thumbs', @args);
        is "$out$code", '2', "thumbs @args";
        like $err, $said, 'and why';
    }
    ($out, $err, $code) = run(qw(probe --every 5), $film);
    like $err, qr/probe has no option --every/, 'of another command';
    for my $large (['1024x16', '9x1'], ['16x1024', '1x9']) {
        ($out, $err, $code) = run(qw(thumbs -o x --size), $large->[0], '--grid',
                                  $large->[1], $film);
        like $err, qr/must not be larger than 8192x8192/, "@$large";
    }
    ($out, $err, $code) = run(qw(thumbs --every 10 --size 1024x1024 --grid 8x8
                                 -o), "$dir/$name.vast", $film);
    is "$code$err", '0', 'the largest sheet';
}

done_testing;
