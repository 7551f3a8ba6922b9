# One file of two: each track has the sample entry of the first up to where
# the second begins, and that of the second from there on.  What MP4Box -cat
# and editors write when encoders have changed.
package Test::Video::Joined;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(joined_file);


# The children of a box: [type, content]...
sub children {
    my ($bytes) = @_;
    my @boxes;
    while (length $bytes >= 8) {
        my ($size, $type) = unpack 'N a4', $bytes;
        push @boxes, [$type, substr $bytes, 8, $size - 8];
        substr($bytes, 0, $size) = '';
    }
    return @boxes;
}

sub box {
    my ($type, @content) = @_;
    my $content = join '', @content;
    return pack('N a4', 8 + length $content, $type) . $content;
}

sub child {
    my ($bytes, $type) = @_;
    my ($box) = grep { $_->[0] eq $type } children($bytes);
    return $box ? $box->[1] : undef;
}

# The content of a table's entries, and how many they are.
sub entries {
    my ($stbl, $type, $head) = @_;
    my $table = child($stbl, $type) // return ('', 0);
    return (substr($table, $head), unpack 'N', substr $table, $head - 4);
}

# Entries of two tables that count in the same way.
sub both {
    my ($type, $first, $second) = @_;
    my ($x, $n) = entries($first, $type, 8);
    my ($y, $m) = entries($second, $type, 8);
    return $n + $m ? box($type, pack('N2', 0, $n + $m), $x, $y) : '';
}

# stbl of both; the second has its bytes $shift later.
sub tables {
    my ($first, $second, $shift) = @_;
    my ($x, $n) = entries($first, 'stsz', 12);
    my ($y, $m) = entries($second, 'stsz', 12);
    my ($chunks, $k) = entries($first, 'stco', 8);
    my ($later, $l) = entries($second, 'stco', 8);
    my ($keys, $a) = entries($first, 'stss', 8);
    my ($more, $b) = entries($second, 'stss', 8);
    my ($runs) = entries($first, 'stsc', 8);
    my @runs = unpack 'N*', (entries($second, 'stsc', 8))[0];
    $runs .= pack 'N3', $k + shift @runs, shift @runs, (shift @runs, 2)[1]
        while @runs;

    return box('stbl', both('stsd', $first, $second),
        both('stts', $first, $second), both('ctts', $first, $second),
        $a ? box('stss', pack('N2', 0, $a + $b), $keys,
                 pack 'N*', map { $_ + $n } unpack 'N*', $more) : '',
        box('stsc', pack('N2', 0, length($runs) / 12), $runs),
        box('stsz', pack('N3', 0, 0, $n + $m), $x, $y),
        box('stco', pack('N2', 0, $k + $l), $chunks,
            pack 'N*', map { $_ + $shift } unpack 'N*', $later));
}

# A box of which one descendant is another one; the path names it.
sub replaced {
    my ($bytes, $path, $new) = @_;
    my ($step, @rest) = @$path;
    return join '', map {
        $_->[0] ne $step ? box(@$_)
        : @rest ? box($step, replaced($_->[1], \@rest, $new)) : $new
    } children($bytes);
}

# The edit of a track goes on to the end: a duration of 0.
sub endless {
    my ($trak) = @_;
    my $elst = child(child($trak, 'edts') // '', 'elst') // return $trak;
    substr $elst, 8 + 12 * (unpack('N', substr $elst, 4) - 1), 4, "\0\0\0\0";
    return replaced($trak, [qw(edts elst)], box('elst', $elst));
}

# The bytes of two MP4 files, which have the same tracks in the same
# timescales, as one.  Options: tracks ([0, 1]: which of them change; the
# others are of the first file and end where they end).
sub joined_file {
    my ($first, $second, %o) = @_;
    my %changes = map { $_ => 1 } @{ $o{tracks} // [0, 1] };
    my $moov = child($first, 'moov');
    my @second = map { $_->[1] } grep { $_->[0] eq 'trak' }
                 children(child($second, 'moov'));
    my $n = -1;

    my $new = join '', map {
        my ($type, $content) = @$_;
        if ($type eq 'trak' && $changes{++$n}) {
            my @stbl = map { child(child(child($_, 'mdia'), 'minf'), 'stbl') }
                       $content, $second[$n];
            $content = endless(replaced($content, [qw(mdia minf stbl)],
                                        tables(@stbl, length $first)));
        }
        box($type, $content);
    } children($moov);

    my $bytes = $first . $second;
    my $at = 0;
    while ($at < length $bytes) {
        my ($size, $type) = unpack 'N a4', substr $bytes, $at, 8;
        substr $bytes, $at + 4, 4, 'free'
            if $type eq 'moov' || ($type eq 'ftyp' && $at);
        $at += $size;
    }
    return $bytes . box('moov', $new);
}


1;
