#!/usr/bin/perl

# Slice headers end where ffmpeg's parser of bitstreams says that they do:
# filter trace_headers writes every field that it reads with its position.  The
# films are those of libx264 and libx265 with what their headers can have, and
# streams of headers made at random.

use strict;
use warnings;

use FindBin;
use Test::More;

use lib "$FindBin::Bin/lib";
use Test::Video::Media;
use Test::Video::Program;
use Test::Video::Slices;

my $tool = "$FindBin::Bin/../build/unit/slice_lengths";

plan skip_all => 'slice_lengths is not built' if !-x $tool;

$ENV{ASAN_OPTIONS} = 'detect_leaks=1';


# NAL units of a stream with start codes.
sub nal_units {
    my ($file) = @_;
    my (undef, @units) = split /\x00*\x00\x00\x01/, slurp($file);
    return @units;
}


sub is_slice {
    my ($codec, $nal) = @_;
    my $byte = ord $nal;
    return $codec eq 'h264' ? ($byte & 0x1f) =~ /^[15]$/ : $byte >> 1 < 32;
}


# The bytes of a NAL unit that hold its first so many bits, which don't count
# bytes of emulation prevention: 3 after two of 0.
sub bytes_of {
    my ($nal, $bits) = @_;
    my ($zeros, $at) = (0, 0);

    for (my $left = $bits; $left > 0; $at++) {
        my $byte = ord substr $nal, $at, 1;

        if ($zeros >= 2 && $byte == 3) {
            $zeros = 0;
            next;
        }
        $zeros = $byte == 0 ? $zeros + 1 : 0;
        $left -= 8;
    }
    return $at;
}


# What trace_headers says of a film: of each slice the bits up to the end of its
# header, and its fields.
sub trace {
    my ($codec, $file) = @_;
    my (@slices, $slice);

    # Random slices make no pictures: for ffmpeg's parser of H.264 to cut, nor
    # to begin with.
    my $whole = $codec eq 'h264' && $file =~ /random/
        ? '-fflags noparse -raw_packet_size 1000000' : '';

    open my $fh, '-|', "ffmpeg -nostdin -v trace $whole -f $codec -i '$file'"
        . " -c copy -copyinkf -bsf:v trace_headers -f null - 2>&1"
        or die "ffmpeg: $!\n";

    while (my $line = <$fh>) {
        die "trace_headers: $line" if $line =~ /Failed to read/;
        next if $line !~ /^\[trace_headers @ \w+\] (.*)/;
        my $text = $1;

        if ($text =~ /^Slice (Segment )?Header/) {
            push @slices, $slice = {};

        } elsif ($text =~ /^(\d+)\s+(\S+)\s+([01]+) = (-?\d+)$/) {
            my ($at, $name, $bits, $value) = ($1, $2, $3, $4);
            next if !$slice || $name eq 'cabac_alignment_one_bit';
            $slice->{bits} = $at + length $bits;
            $name =~ s/\[.*//;
            $slice->{of}{$name} = 1;
            $slice->{of}{"$name=$value"} = 1;

        } else {
            undef $slice;
        }
    }
    close $fh or die "trace_headers of $file failed\n";
    return @slices;
}


# What our parser says.
sub lengths {
    my ($codec, @units) = @_;
    my $input = spew("nals", join '', map { pack 'N/a*', $_ } @units);
    my @lines = split /\n/, scalar qx{$tool $codec < '$input' 2>&1};
    return $? == 0 ? @lines : ("exit code $?", @lines);
}


# compare(title, codec, file, fields that must have been there)
sub compare {
    my ($title, $codec, $file, @fields) = @_;

    my @units = nal_units($file);
    my @slices = grep { is_slice($codec, $_) } @units;
    my @trace = trace($codec, $file);
    my %seen = map { %{ $_->{of} } } @trace;

    is(@trace, @slices, "$title: trace_headers saw " . @slices . ' slices');

    my @want = map { bytes_of($slices[$_], $trace[$_]{bits}) }
               0 .. (@trace < @slices ? $#trace : $#slices);

    is_deeply([lengths($codec, @units)], \@want, "$title: the same lengths");
    is_deeply([grep { !$seen{$_} } @fields], [], "$title: has @fields")
        or diag(join ' ', sort keys %seen);

    return map { $_ => 1 } grep { /\x00\x00\x03/ } map {
        substr $slices[$_], 0, $want[$_]
    } 0 .. $#want;
}


# film(codec, seconds, picture, size, options): a path.  It fades in and out,
# for weights.
sub film {
    my ($codec, $seconds, $size, $params, @args) = @_;
    my $fps = 25;

    return media_file("slices.$codec", qw(-f lavfi -i),
        "testsrc2=size=$size:rate=$fps:duration=$seconds",
        '-vf', 'fade=in:0:20,fade=out:25:20',
        $codec eq 'h264' ? ('-c:v', 'libx264', '-x264-params', $params)
                         : ('-c:v', 'libx265', '-x265-params',
                            "log-level=none:$params"),
        # the same bytes on every machine with the same ffmpeg
        qw(-preset veryfast), @args,
        qw(-threads 1 -fflags +bitexact -flags:v +bitexact
           -map_metadata -1 -f), $codec);
}


my %prevention;

for my $of (
    ['baseline', '160x96', 'bframes=0:cabac=0:ref=4', ['-profile:v',
        'baseline'], 'num_ref_idx_active_override_flag=1'],
    ['weights of P, CAVLC', '160x96', 'weightp=2:cabac=0:bframes=0:ref=4', [],
        'luma_offset_l0', 'luma_weight_l0'],
    ['weights of P, CABAC', '160x96', 'weightp=2:bframes=3:b-adapt=0:ref=5', [],
        'luma_offset_l0', 'cabac_init_idc', 'direct_spatial_mv_pred_flag'],
    ['pyramid', '160x96', 'bframes=7:b-pyramid=normal:b-adapt=0:ref=6:'
        . 'direct=temporal:weightp=2', [],
        'ref_pic_list_modification_flag_l0=1',
        'memory_management_control_operation=1'],
    ['strict pyramid, open GOP', '160x96', 'bframes=4:b-pyramid=strict:'
        . 'b-adapt=0:open-gop=1:keyint=15:bluray-compat=1:nal-hrd=vbr:'
        . 'vbv-maxrate=500:vbv-bufsize=500:slices=4', [],
        'memory_management_control_operation=1'],
    ['slices', '320x240', 'slices=7:bframes=2:keyint=10:intra-refresh=1', []],
    ['many slices', '640x480', 'slice-max-mbs=3', [], 'first_mb_in_slice=99'],
    ['interlaced', '160x96', 'tff=1:bframes=3:weightp=0', [qw(-flags
        +ildct+ilme)], 'field_pic_flag=0', 'delta_pic_order_cnt_bottom'],
    ['no deblocking', '160x96', 'no-deblock=1:ref=1:bframes=2', [],
        'disable_deblocking_filter_idc=1'],
    ['POC type 2', '160x96', 'bframes=0:keyint=infinite', []],
    ['4:4:4', '160x96', 'bframes=2:weightp=2', [qw(-pix_fmt yuv444p)],
        'chroma_offset_l0'],
    ['lists of scaling', '160x96', 'cqm=jvt:bframes=2', []],
    ['monochrome', '160x96', 'bframes=2:weightp=2', [qw(-pix_fmt gray)],
        'luma_offset_l0'],
    ['10 bits', '160x96', 'bframes=2:weightp=2', [qw(-pix_fmt yuv422p10)]],
) {
    my ($title, $size, $params, $args, @fields) = @$of;
    %prevention = (%prevention, compare("H.264, $title", 'h264',
        film('h264', 2, $size, $params, @$args), @fields));
}

for my $of (
    ['weights', '160x96', 'weightp=1:weightb=1:bframes=3:b-adapt=0', [],
        'luma_offset_l0', 'luma_offset_l1', 'luma_weight_l0_flag=0'],
    ['slices, rows', '320x256', 'slices=4:ctu=16:wpp=1:max-tu-size=16', [],
        'slice_segment_address', 'num_entry_point_offsets=3',
        'entry_point_offset_minus1'],
    ['rows', '320x256', 'ctu=16:wpp=1:max-tu-size=16', [],
        'num_entry_point_offsets=15'],
    ['pyramid, open GOP', '160x96', 'bframes=8:b-pyramid=1:b-adapt=0:ref=5:'
        . 'open-gop=1:keyint=20', [], 'delta_poc_s1_minus1', 'nal_unit_type=21',
        'nal_unit_type=8', 'mvd_l1_zero_flag', 'collocated_from_l0_flag'],
    ['no SAO, no deblocking', '160x96', 'no-sao=1:no-deblock=1', []],
    ['deblocking', '160x96', 'deblock=2,-1:no-sao=1', [],
        'slice_loop_filter_across_slices_enabled_flag'],
    ['4:4:4', '160x96', 'bframes=2:cbqpoffs=2:tskip=1', [qw(-pix_fmt
        yuv444p)]],
    ['monochrome', '160x96', 'weightp=1', [qw(-pix_fmt gray)],
        'luma_offset_l0'],
    ['10 bits, HRD', '160x96', 'hrd=1:vbv-maxrate=500:vbv-bufsize=500:aud=1:'
        . 'repeat-headers=1:keyint=10', [qw(-pix_fmt yuv420p10)]],
    ['layers in time', '160x96', 'temporal-layers=1:bframes=4:ref=4', []],
    ['fields', '160x96', 'interlace=tff', []],
    ['references in the PPS', '160x96', 'opt-ref-list-length-pps=1:'
        . 'opt-qp-pps=1:repeat-headers=1:ref=4:keyint=10', [],
        'num_ref_idx_active_override_flag=0'],
    ['lists of scaling', '160x96', 'scaling-list=default', []],
) {
    my ($title, $size, $params, $args, @fields) = @$of;
    %prevention = (%prevention, compare("H.265, $title", 'hevc',
        film('hevc', 2, $size, $params, @$args), @fields));
}

for my $codec ('h264', 'hevc') {
    for my $seed (1 .. 20) {
        %prevention = (%prevention, compare("random $codec, $seed", $codec,
            spew("random-$seed.$codec", random_stream($codec, $seed))));
    }
}

isnt(scalar keys %prevention, 0,
    'some headers hold bytes of emulation prevention');

done_testing();
