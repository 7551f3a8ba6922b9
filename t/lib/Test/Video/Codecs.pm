# What the sample entries of files say of their codecs: the boxes that are
# copied to init segments, and the strings that playlists have to have.
package Test::Video::Codecs;

use strict;
use warnings;

use Exporter 'import';

use Test::Video::Corpus;

our @EXPORT = qw(record codec_of parameter_sets attributes);


# The content of a box of a track's sample entry.
sub record {
    my ($bytes, $track, $type) = @_;
    my $entry = entry_of($bytes, $track);
    my ($box) = grep { $_->[0] eq $type } boxes($bytes, @$entry[1, 2]);
    return $box && substr $$bytes, $box->[1], $box->[2] - $box->[1];
}


# The RFC 6381 string by the records that ffmpeg wrote.
sub codec_of {
    my ($bytes, $track) = @_;
    my $type = entry_of($bytes, $track)->[0];
    my $is = sub { unpack 'C*', record($bytes, $track, $_[0]) };

    if ($type eq 'avc1') {
        my @b = $is->('avcC');
        return sprintf 'avc1.%02x%02x%02x', @b[1 .. 3];
    }
    if ($type =~ /^h[ve][vc]1$/) {             # ISO/IEC 14496-15, E.3
        my @b = $is->('hvcC');
        my $flags = oct '0b' . reverse sprintf '%032b',
                    unpack 'N', pack 'C4', @b[2 .. 5];
        my @limits = @b[6 .. 11];
        pop @limits while @limits && !$limits[-1];
        return sprintf '%s.%s%d.%X.%s%d%s', $type,
            ('', 'A', 'B', 'C')[$b[1] >> 6], $b[1] & 31, $flags,
            $b[1] & 32 ? 'H' : 'L', $b[12],
            join '', map { sprintf '.%X', $_ } @limits;
    }
    if ($type eq 'av01') {
        my @b = $is->('av1C');
        return sprintf 'av01.%d.%02d%s.%02d', $b[1] >> 5, $b[1] & 31,
            $b[2] & 0x80 ? 'H' : 'M', $b[2] & 0x40 ? 10 : 8;
    }
    if ($type eq 'vp09') {
        my @b = $is->('vpcC');
        return sprintf 'vp09.%02d.%02d.%02d', @b[4, 5], $b[6] >> 4;
    }
    if ($type eq 'mp4a') {
        return record($bytes, $track, 'esds')
            =~ /\x04(?:\x80\x80\x80)?.[\x69\x6b]/s ? 'mp4a.40.34' : 'mp4a.40.2';
    }
    return $type;
}


# An hvcC without x265's advertisement, which the server leaves out.
sub parameter_sets {
    my ($hvcc) = @_;
    my ($at, $out) = (23, substr $hvcc, 0, 22);
    for (1 .. unpack 'C', substr $hvcc, 22, 1) {
        my ($from, $type, $n) = ($at, unpack 'C n', substr $hvcc, $at, 3);
        $at += 3;
        $at += 2 + unpack 'n', substr $hvcc, $at, 2 for 1 .. $n;
        $out .= substr $hvcc, $from, $at - $from if ($type & 63) < 39;
    }
    return $out;
}


# The values of all attributes of a name, each cut at its commas.
sub attributes {
    my ($text, $name) = @_;
    return map { split /,/ } $text =~ /\b$name="([^"]*)"/g;
}


1;
