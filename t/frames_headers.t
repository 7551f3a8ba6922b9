#!/usr/bin/perl

# Where the headers of frames of VP9 and the tiles of AV1 are is what ffmpeg's
# parser says, of every frame of films by five encoders with all that they can
# be asked for, and of frames whose headers are random.

use strict;
use warnings;

use FindBin;
use List::Util qw(sum0);
use Test::More;

use lib "$FindBin::Bin/lib";
use Test::Video::Media;
use Test::Video::Program;
use Test::Video::Trace;

my $tool = "$FindBin::Bin/../build/unit/frame_headers";

plan skip_all => 'frame_headers is not built' if !-x $tool;

$ENV{SVT_LOG} = 1;              # errors only

my $encoders = qx{ffmpeg -v error -encoders};
my $streams = $ENV{FRAME_STREAMS} || 60;
my %seen;                       # values of fields by codec and name


# Where samples are, in order: [offset, size].
sub samples {
    my ($file) = @_;
    my @lines = qx{ffprobe -v error -show_entries packet=pos,size \\
                   -of csv=p=0 '$file'};
    return map { [(split /[,\s]+/)[1, 0]] } @lines;
}


# What our program says: a list of lists of numbers per sample, or an error.
sub ours {
    my ($codec, $file, @samples) = @_;
    my $list = spew('samples', join '', map { "$_->[0] $_->[1]\n" } @samples);

    open my $fh, '-|', "'$tool' $codec '$file' < '$list' 2>&1"
        or die "$tool: $!\n";

    my @all = map {
        chomp;
        /^[\d: ]*$/ ? [map { [split /:/] } split / /] : $_;
    } readline $fh;

    close $fh;
    die "$tool: status $?\n" if $?;
    return @all;
}


# Remembers which values there were.
sub take {
    my ($prefix, @packets) = @_;

    for my $part (map { @{ $_->{parts} } } @packets) {
        while (my ($name, $list) = each %{ $part->{fields} }) {
            $seen{"$prefix$name $_"} = 1 for @$list;
        }
    }
    return;
}


# The film is made by media_file(); both say the same of each of its samples.
sub same {
    my ($codec, $title, @args) = @_;
    my ($encoder) = map { $args[$_] eq '-c:v' ? $args[$_ + 1] : () }
                    0 .. $#args;

    SKIP: {
        skip "no encoder $encoder", 2 if $encoders !~ /\b\Q$encoder\E\b/;

        my $file = media_file('headers.mp4', @args, qw(-threads 1));
        my @at = samples($file);
        my @got = ours($codec, $file, @at);
        my @packets = trace_packets($file);
        my $bytes = slurp($file);

        die "$title: ffmpeg shows other packets\n"
            if "@{[map { $_->{size} } @packets]}"
               ne "@{[map { $_->[1] } @at]}";

        my @want = $codec eq 'vp9' ? trace_vp9(@packets)
            : trace_av1([map { substr $bytes, $_->[0], $_->[1] } @at],
                        @packets);
        my ($n, $parts) = (scalar @want, sum0(map { scalar @$_ } @want));

        ok($n > 0 && $parts >= $n / 2, "$title: $n samples, $parts ranges");
        is_deeply(\@got, \@want, $title);

        take("$codec ", @packets);
    }
}


sub has_all {
    my ($title, @fields) = @_;
    my @missing = grep { !$seen{$_} } @fields;
    return is("@missing", '', "$title: all that is to be tested");
}


# The films have it: where there is an encoder that makes it.
sub has {
    my ($encoder, @fields) = @_;

    SKIP: {
        skip "no encoder $encoder", 1 if $encoders !~ /\b\Q$encoder\E\b/;

        has_all("films of $encoder", @fields);
    }
}


# Arguments for the second pass of an encoder; the first one runs here.
sub second_pass {
    my (@args) = @_;
    my $log = media_dir() . '/headers-pass';

    system('ffmpeg', qw(-v error -nostdin -y), @args, qw(-pass 1 -threads 1),
           '-passlogfile', "$log-$$", qw(-f null -)) if !-e "$log-0.log";
    rename "$log-$$-0.log", "$log-0.log" if -e "$log-$$-0.log";

    return (@args, qw(-pass 2 -passlogfile), $log);
}


sub picture {
    my ($size) = @_;
    return ('-f', 'lavfi', '-i', "testsrc2=size=$size:rate=25");
}


my @small = picture('320x180');
my @large = picture('640x360');
my @fractal = ('-f', 'lavfi', '-i',
    'mandelbrot=size=320x192:rate=25:start_scale=1:end_scale=0.3');


my @vpx = qw(-c:v libvpx-vp9 -cpu-used 8 -deadline good -b:v 200k -g 12);

same('vp9', 'one frame a sample', @small, '-t', 0.5, @vpx,
     qw(-auto-alt-ref 0));
same('vp9', 'superframes, frames that are only shown', second_pass(@small,
     '-t', 2, @vpx, qw(-g 60 -auto-alt-ref 6 -lag-in-frames 25)))
    if $encoders =~ /libvpx-vp9/;
same('vp9', 'tile columns and rows', picture('1280x720'), '-t', 0.3, @vpx,
     qw(-tile-columns 2 -tile-rows 1));
same('vp9', 'error resilient', @small, '-t', 0.5, @vpx,
     qw(-error-resilient 1));
same('vp9', 'lossless', @small, '-t', 0.3, @vpx, qw(-lossless 1));
same('vp9', 'segments', @fractal, '-t', 0.5, @vpx,
     qw(-deadline realtime -aq-mode 3));
same('vp9', 'segments by variance', @fractal, '-t', 0.5, @vpx,
     qw(-aq-mode 1));
same('vp9', '4:4:4', @small, '-t', 0.3, @vpx, qw(-pix_fmt yuv444p));
same('vp9', 'RGB', @small, '-t', 0.3, @vpx, qw(-pix_fmt gbrp));
same('vp9', '10 bits', @small, '-t', 0.3, @vpx, qw(-pix_fmt yuv420p10le));
same('vp9', '4:2:2 of 12 bits', @small, '-t', 0.3, @vpx,
     qw(-pix_fmt yuv422p12le));

has('libvpx-vp9', map { "vp9 $_" } 'frames_in_superframe_minus_1 2',
    'tile_cols_log2 2', 'tile_rows_log2 1', 'error_resilient_mode 1',
    'base_q_idx 0', 'show_existing_frame 1', 'show_frame 0', 'feature_enabled 1',
    'segmentation_update_map 1', 'segmentation_temporal_update 1',
    'profile_low_bit 1', 'profile_high_bit 1', 'color_space 7',
    'ten_or_twelve_bit 1', 'loop_filter_delta_update 1', 'found_ref 1');


my @aom = qw(-c:v libaom-av1 -cpu-used 8 -g 12 -b:v 200k);

same('av1', 'libaom', @small, '-t', 0.8, @aom);
same('av1', 'tiles', @large, '-t', 0.5, @aom,
     qw(-tile-columns 1 -tile-rows 1));
same('av1', 'tile groups', @large, '-t', 0.4, @aom,
     qw(-tiles 4x2 -aom-params num-tile-groups=3));
same('av1', 'error resilient', @small, '-t', 0.5, @aom,
     qw(-error-resilience default));
same('av1', 'lossless', @small, '-t', 0.3, @aom, qw(-aom-params lossless=1));
same('av1', 'film grain', @small, '-t', 0.5, @aom,
     qw(-aom-params film-grain-test=5));
same('av1', 'film grain of the picture', @fractal, '-t', 0.5, @aom,
     qw(-denoise-noise-level 25));
same('av1', 'global motion', '-f', 'lavfi', '-i',
     'mandelbrot=size=640x384:start_scale=0.5,trim=end_frame=1,'
     . 'loop=-1:1,setpts=N/25/TB,rotate=0.03*n:ow=320:oh=192',
     qw(-r 25 -t 0.5 -c:v libaom-av1 -cpu-used 2 -g 24 -b:v 300k));
same('av1', 'segments', @fractal, '-t', 0.4, @aom,
     qw(-aq-mode 3 -usage realtime));
same('av1', 'segments by variance', @small, '-t', 0.4, @aom, qw(-aq-mode 1));
same('av1', 'monochrome', @small, '-t', 0.3, @aom, qw(-pix_fmt gray));
same('av1', 'RGB', @small, '-t', 0.3, @aom, qw(-pix_fmt gbrp));
same('av1', '4:2:2 of 12 bits', @small, '-t', 0.3, @aom,
     qw(-pix_fmt yuv422p12le));
same('av1', 'superblocks of 128', @fractal, '-t', 0.4, @aom,
     qw(-aom-params sb-size=128));
same('av1', 'matrices', @fractal, '-t', 0.4, @aom,
     qw(-aom-params deltaq-mode=1:enable-chroma-deltaq=1:enable-qm=1));
same('av1', 'reduced header', @small, qw(-frames:v 1), @aom,
     qw(-still-picture 1));

has('libaom-av1', map { "av1 $_" } 'frame_type 1', 'show_existing_frame 1',
    'tile_cols_log2 1', 'tile_rows_log2 1', 'uniform_tile_spacing_flag 0',
    'tg_start 3', 'obu_type 4', 'error_resilient_mode 1', 'ref_order_hint 1',
    'frame_id_numbers_present_flag 1', 'base_q_idx 0', 'apply_grain 1',
    'update_grain 0', 'update_grain 1', 'allow_intrabc 1', 'mono_chrome 1',
    'feature_enabled 1', 'segmentation_update_data 0', 'skip_mode_present 0',
    'skip_mode_present 1', 'color_range 1', 'twelve_bit 1',
    'use_128x128_superblock 1', 'using_qmatrix 1',
    'reduced_still_picture_header 1', 'cdef_bits 1', 'is_global 1',
    'is_rot_zoom 1');


my @svt = qw(-c:v libsvtav1 -preset 8 -g 12 -b:v 200k);

same('av1', 'SVT-AV1', @small, '-t', 0.8, @svt);
same('av1', 'restoration', @fractal, '-t', 0.4, qw(-c:v libsvtav1 -preset 4
     -g 12 -b:v 100k -svtav1-params film-grain=20));
same('av1', 'super-resolution', @small, '-t', 0.8, @svt,
     qw(-svtav1-params superres-mode=2));
same('av1', 'sizes of references', @small, '-t', 0.8, @svt,
     qw(-svtav1-params resize-mode=2));
same('av1', 'switch frames', @small, '-t', 1.2, qw(-c:v libsvtav1 -preset 9
     -g 48 -b:v 200k -svtav1-params
     sframe-dist=8:sframe-mode=2:pred-struct=1));

has('libsvtav1', map { "av1 $_" } 'use_superres 1', 'found_ref 0',
    'found_ref 1', 'frame_size_override_flag 1', 'frame_type 3',
    'delta_q_present 1', 'lr_type 1', 'lr_type 2', 'lr_type 3');


my @rav1e = qw(-c:v librav1e -speed 10 -b:v 200k);

same('av1', 'rav1e', @small, '-t', 0.4, @rav1e, qw(-g 12));
same('av1', 'switch frames of rav1e', @small, '-t', 0.8, @rav1e, qw(-g 40
     -rav1e-params),
     'error_resilient=true:switch_frame_interval=5:low_latency=true');

has('librav1e', map { "av1 $_" } 'diff_uv_delta 1');

# Headers of random bits, of which zeros follow where ours says that they end.
# Film grain has values, and numbers of frames make references void, which only
# ffmpeg looks at: up to there they agree.

my $random = "$FindBin::Bin/../build/unit/frame_random";
my ($frames, $stopped, @wrong) = (0, 0);

for my $seed (1 .. $streams) {
    my $file = tempdir() . '/random.ivf';

    system($random, $seed, 12, $file) == 0 or die "frame_random $seed\n";

    my $bytes = slurp($file);
    my @at;

    for (my $i = 32; $i < length $bytes; $i += 12 + $at[-1][1]) {
        push @at, [$i + 12, unpack 'V', substr $bytes, $i, 4];
    }

    my @got = ours('av1', $file, @at);
    my @packets = trace_packets($file, qw(-f ivf));

    # what no key frame precedes, ffmpeg leaves out

    if (!@packets || $packets[0]{pts} != 0) {
        $stopped++;
        next;
    }

    my @want = trace_av1([map { substr $bytes, $_->[0], $_->[1] } @at],
                         @packets);

    for my $i (0 .. $#packets) {
        my ($error) = @{ $packets[$i]{errors} // [] };

        if (defined $error) {
            push @wrong, "seed $seed, frame $i: $error"
                if $error !~ /^(?:point_|film_grain_|num_|Missing ref)/;
            $stopped++;
            last;
        }

        my ($got, $want) = ($got[$i], $want[$i]);

        # one tile of many

        $got = [[$got->[0][0]]] if ref $got && @$want && @{ $want->[0] } == 1;
        $want = [$want->[0]] if @$want && @{ $want->[0] } == 1;

        push @wrong, "seed $seed, frame $i"
            if !eq_array([$got], [$want]);
        take('', $packets[$i]);
        $frames++;
    }
}

is("@wrong[0 .. ($#wrong > 9 ? 9 : $#wrong)]", '', "$frames random frames");
cmp_ok($frames, '>', $streams * 6, "$stopped of $streams streams end early");

has_all('random frames', (map { "frame_type $_" } 0 .. 2),
    'show_existing_frame 1', 'frame_refs_short_signaling 1', 'found_ref 1',
    'is_translation 0', 'is_translation 1', 'is_rot_zoom 1',
    'delta_lf_present 1', 'obu_extension_flag 1', 'primary_ref_frame 0',
    'buffer_removal_time_present_flag 1', 'segmentation_update_data 0',
    'skip_mode_present 1', 'apply_grain 1', 'lr_uv_shift 1',
    'diff_uv_delta 1', 'use_superres 1', 'tg_end 1',
    'tile_size_bytes_minus1 3', 'equal_picture_interval 0');

done_testing();
