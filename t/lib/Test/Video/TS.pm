# Transport streams, as far as tests of playlists and segments look into them.
package Test::Video::TS;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(ts_packets ts_pes ts_faults);


# Packets: { pid, counter, start, payload (bytes or undef) }.
sub ts_packets {
    my ($bytes) = @_;
    return map {
        my ($sync, $pid, $flags) = unpack 'C n C', $_;
        my $at = $flags & 0x20 ? 5 + ord substr $_, 4, 1 : 4;
        { sync => $sync, pid => $pid & 0x1fff, start => $pid & 0x4000,
          counter => $flags & 15,
          payload => $flags & 0x10 ? substr $_, $at : undef };
    } unpack '(a188)*', $bytes;
}


sub stamp {
    my @b = unpack 'C5', shift;
    return ($b[0] >> 1 & 7) << 30 | $b[1] << 22 | $b[2] >> 1 << 15
           | $b[3] << 7 | $b[4] >> 1;
}


# PES packets of a PID: { pts, dts }, 90 kHz.
sub ts_pes {
    my ($pid, $bytes) = @_;
    my @pes;

    for my $packet (ts_packets($bytes)) {
        my $p = $packet->{payload};
        next if $packet->{pid} != $pid || !$packet->{start} || !defined $p;
        my $flags = ord substr $p, 7, 1;
        my $pts = stamp(substr $p, 9, 5);
        push @pes, { pts => $pts,
                     dts => $flags & 0x40 ? stamp(substr $p, 14, 5) : $pts };
    }
    return @pes;
}


# What is wrong with segments that follow one another.
sub ts_faults {
    my (@segments) = @_;
    my (%counter, %dts, @faults);

    for my $n (0 .. $#segments) {
        my $bytes = $segments[$n];
        push @faults, "$n: no whole packets" if !length $bytes
                                                || length($bytes) % 188;
        my @packets = ts_packets($bytes);
        push @faults, "$n: out of step" if grep { $_->{sync} != 0x47 }
                                                @packets;
        push @faults, "$n: no tables first" if $packets[0]{pid} != 0
                                               || $packets[1]{pid} != 0x1000;
        for my $packet (@packets) {
            my ($pid, $counter) = @$packet{qw(pid counter)};
            next if !defined $packet->{payload};
            push @faults, "$n: counter of $pid"
                if defined $counter{$pid}
                   && $counter != (($counter{$pid} + 1) & 15);
            $counter{$pid} = $counter;
        }
        for my $pid (0x100, 0x101) {
            for my $pes (ts_pes($pid, $bytes)) {
                push @faults, "$n: $pid is shown before it is decoded"
                    if $pes->{pts} < $pes->{dts};
                push @faults, "$n: times of $pid"
                    if defined $dts{$pid} && $pes->{dts} <= $dts{$pid};
                $dts{$pid} = $pes->{dts};
            }
        }
    }
    return @faults;
}


1;
