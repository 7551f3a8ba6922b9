# What ffmpeg's trace_headers says of the frames of a film: for each packet,
# where the headers of its frames of VP9 end, where its tiles of AV1 are.
# Nothing here reads bits: positions, lengths and values are all ffmpeg's, but
# for the sizes of tiles, which it doesn't show.
package Test::Video::Trace;

use strict;
use warnings;

use Exporter 'import';
use List::Util qw(max min);

our @EXPORT = qw(trace_packets trace_av1 trace_vp9);


# Packets in order: { size, pts, parts, errors }, each part { name, fields,
# end }: fields are lists of values by name (without an index), end is the first bit
# behind the last one; errors are what else ffmpeg says.
sub trace_packets {
    my ($file, @format) = @_;
    my @command = (qw(ffmpeg -nostdin -nostats -v verbose), @format, '-i',
        $file, qw(-c copy -bsf:v trace_headers -f null -));

    open my $fh, '-|', join(' ', map { "'$_'" } @command) . ' 2>&1'
        or die "ffmpeg: $!\n";

    my (@packets, $part);

    while (my $line = readline $fh) {
        next if $line !~ s/^.*\[trace_headers @ \w+\] //;

        if ($line =~ /^Packet: (\d+) bytes.*?(?: pts (\d+)|$)/) {
            push @packets, { size => $1, pts => $2, parts => [] };

        } elsif ($line =~ /^(\d+)\s+([\w.]+)\S*\s+([01]*) = (-?\d+)$/) {
            my ($at, $name, $bits, $value) = ($1, $2, $3, $4);
            push @{ $part->{fields}{$name} }, $value;
            $part->{end} = max($part->{end}, $at + length $bits);

        } elsif ($line =~ /^([A-Z][\w ]+)$/) {
            $part = { name => $1, fields => {}, end => 0 };
            push @{ $packets[-1]{parts} }, $part if @packets;

        } elsif (@packets) {
            push @{ $packets[-1]{errors} }, $line;
        }
    }

    close $fh;
    return @packets;
}


# The last value of a field; undef without one.
sub value {
    my ($part, $name) = @_;
    my $list = $part->{fields}{$name};
    return $list ? $list->[-1] : undef;
}


# A list of [offset, size, header] per packet.
sub trace_vp9 {
    my @packets = @_;
    my @all;

    for my $packet (@packets) {
        my ($index) = grep { $_->{name} eq 'Superframe Index' }
                      @{ $packet->{parts} };
        my @sizes = $index ? @{ $index->{fields}{frame_sizes} }
                           : $packet->{size};
        my ($at, @frames) = (0);

        for my $part (grep { $_->{name} eq 'Frame' } @{ $packet->{parts} }) {
            my $size = shift @sizes;
            my $shown = value($part, 'show_existing_frame');
            push @frames, [$at, $size, $shown ? $size : $part->{end} / 8];
            $at += $size;
        }

        push @all, \@frames;
    }

    return @all;
}


# Tiles along a side of so many superblocks.
sub along {
    my ($part, $log2, $sizes, $blocks) = @_;
    my $n = value($part, $log2);

    return scalar @{ $part->{fields}{$sizes} } if !defined $n;
    return 1 if $n == 0;

    my $each = ($blocks + (1 << $n) - 1) >> $n;
    return int(($blocks + $each - 1) / $each);
}


# Tiles of a frame; undef if that is by a size that isn't shown.
sub tiles {
    my ($frame, $sequence) = @_;
    my $block = value($sequence, 'use_128x128_superblock') ? 128 : 64;
    my ($width, $height) = map { value($frame, "frame_${_}_minus_1")
        // value($sequence, "max_frame_${_}_minus_1") } qw(width height);
    my @blocks = map { int($_ / $block) + 1 } $width, $height;
    my ($columns, $rows) = (
        along($frame, 'tile_cols_log2', 'width_in_sbs_minus_1', $blocks[0]),
        along($frame, 'tile_rows_log2', 'height_in_sbs_minus_1', $blocks[1]));

    return undef if $columns * $rows > 1 && ($frame->{fields}{found_ref}
        && !defined value($frame, 'frame_width_minus_1')
        && value($frame, 'uniform_tile_spacing_flag')
        || value($frame, 'use_superres'));

    return $columns * $rows;
}


# Tiles [offset, size] of a tile group: bytes of the packet, the first one, one
# past the last, how many, and bytes of their sizes.  Of many of which it isn't
# known how many, the first one without its size.
sub group {
    my ($bytes, $at, $end, $n, $length) = @_;
    my @tiles;

    return [$at + $length] if !defined $n;

    while ($n-- > 1) {
        my $size = 1 + unpack 'V', substr($bytes, $at, $length) . "\0" x 4;
        push @tiles, [$at + $length, $size];
        $at += $length + $size;
    }

    return @tiles, [$at, $end - $at];
}


# A list of [offset, size] per packet, of [offset] where there are more but it
# isn't known how many; samples are the packets' bytes.
sub trace_av1 {
    my ($samples, @packets) = @_;
    my ($sequence, $frame, @all);

    for my $i (0 .. $#packets) {
        my ($at, $next, $open, @tiles) = (0, 0, 0);
        my @parts = @{ $packets[$i]{parts} };

        while (my $part = shift @parts) {

            if ($part->{name} eq 'OBU header') {
                $open = $part;
                $at = $next;
                $next += $part->{end} / 8 + value($part, 'obu_size');
            }

            $sequence = $part if $part->{name} eq 'Sequence Header';
            $frame = $part if $part->{name} eq 'Frame Header'
                              && %{ $part->{fields} };

            next if $part->{name} ne 'Tile Group';

            my $total = tiles($frame, $sequence);
            my ($from, $to) = map { value($part, "tg_$_") } qw(start end);
            my $n = defined $from ? $to - $from + 1 : $total;
            my $end = max($part->{end}, $open->{end},
                $open->{fields}{obu_type}[0] == 6 ? $frame->{end} : 0);

            push @tiles, group($samples->[$i], $at + $end / 8, $next, $n,
                (value($frame, 'tile_size_bytes_minus1') // -1) + 1);
        }

        push @all, \@tiles;
    }

    return @all;
}


1;
