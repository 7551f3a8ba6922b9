# Media for tests, made once by ffmpeg into t/media/ and found again by a hash
# of how it was made.  Used by flow tests and, at the top of the file, by block
# tests.
package Test::Video::Media;

use strict;
use warnings;

use Cwd qw(abs_path);
use Digest::MD5 qw(md5_hex);
use Exporter 'import';
use Fcntl qw(:flock);
use File::Basename qw(dirname);

our @EXPORT = qw(media_file media_dir flv_h264_aac mp4_h264_aac mp4_small);


sub media_dir {
    my $dir = abs_path(dirname(__FILE__) . '/../../..') . '/media';

    if (!-d $dir) {
        mkdir $dir;
        -d $dir or die "cannot make $dir: $!\n";
    }
    if (!-e "$dir/.gitignore") {
        open my $fh, '>', "$dir/.gitignore" or die "$dir: $!\n";
        print $fh "*\n";
    }
    return $dir;
}


# media_file("name.mp4", ffmpeg arguments without the output): the path.  The
# same arguments give the same file; others, another.
sub media_file {
    my ($name, @args) = @_;
    my ($base, $extension) = $name =~ /^([\w.-]+)\.(\w+)$/
        or die "media_file: invalid name \"$name\"\n";
    my $hash = substr md5_hex(join "\0", $extension, @args), 0, 12;
    my $dir = media_dir();
    my $path = "$dir/$base-$hash.$extension";

    return $path if -e $path;

    open my $lock, '>', "$dir/.lock-$hash" or die "$dir: $!\n";
    flock $lock, LOCK_EX or die "flock: $!\n";
    return $path if -e $path;           # somebody else was faster

    my $new = "$dir/.new-$hash-$$.$extension";
    my @cmd = (qw(ffmpeg -v error -nostdin -y), @args, $new);
    if (system(@cmd) != 0) {
        unlink $new;
        die "media_file: \"@cmd\" failed\n";
    }
    rename $new, $path or die "cannot rename $new: $!\n";
    unlink "$dir/.lock-$hash";
    return $path;
}


# Arguments for a test picture and a tone, H.264 and AAC.
sub source_args {
    my (%o) = @_;
    my $fps = $o{fps} // 30;
    my $gop = $o{gop} // $fps;
    my $size = $o{size} // '640x360';
    my $seconds = $o{seconds} // 10;

    return (
        '-f', 'lavfi', '-i', $o{picture} // "testsrc2=size=$size:rate=$fps",
        '-f', 'lavfi', '-i',
        $o{sound} // 'sine=frequency=440:sample_rate=48000', '-t', $seconds,
        qw(-c:v libx264 -preset veryfast -pix_fmt yuv420p),
        '-bf', $o{bframes} // 0,
        '-g', $gop, '-keyint_min', $gop, '-sc_threshold', 0,
        '-b:v', $o{bitrate} // '800k',
        qw(-c:a aac -ac 2 -ar 48000 -b:a 96k),
        # the same bytes on every machine with the same ffmpeg
        qw(-threads 1 -fflags +bitexact -flags:v +bitexact
           -flags:a +bitexact -map_metadata -1),
    );
}


# What an encoder publishes.  Options: seconds (10), fps (30), gop (frames),
# size, bframes (0), bitrate, picture and sound (sources of lavfi; a test picture
# and a tone).
sub flv_h264_aac {
    my (%o) = @_;
    return media_file('h264-aac.flv', source_args(%o),
                      qw(-flvflags no_duration_filesize -f flv));
}


# The same as an MP4.  Options: as above, moov => "first" (default) or
# "last", bframes (2).
sub mp4_h264_aac {
    my (%o) = @_;
    my @moov = ($o{moov} // 'first') eq 'first'
             ? qw(-movflags +faststart) : ();

    return media_file('h264-aac.mp4', source_args(bframes => 2, %o),
                      @moov, qw(-f mp4));
}


# A small film and a tone, whose lengths and rate are told apart: mp4_small(
# "name.mp4", ...).  Options: rate (25), video, audio (seconds, 4), v_before,
# a_before (arguments before the inputs), args.
sub mp4_small {
    my ($name, %o) = @_;
    my %v = (rate => 25, video => 4, audio => 4, v_before => [], a_before => [],
             args => [], %o);
    return media_file($name,
        @{ $v{v_before} }, qw(-f lavfi -i),
        "testsrc2=size=160x90:rate=$v{rate}:duration=$v{video}",
        @{ $v{a_before} }, qw(-f lavfi -i),
        "sine=f=440:r=48000:d=$v{audio}",
        qw(-c:v libx264 -preset veryfast -pix_fmt yuv420p -bf 2 -g 25
           -keyint_min 25 -sc_threshold 0 -c:a aac -b:a 64k -ac 2),
        @{ $v{args} }, qw(-threads 1 -fflags +bitexact -flags:v +bitexact
        -flags:a +bitexact -map_metadata -1 -f mp4));
}


1;
