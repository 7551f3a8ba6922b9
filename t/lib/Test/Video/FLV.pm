# Reads FLV files into tags (Adobe FLV specification 10.1, annex E).  Used by
# Publisher.pm and by tests that make streams of their own.
package Test::Video::FLV;

use strict;
use warnings;


# A list of { type, timestamp, body }; dies on a file that is not FLV.  What
# is cut off at the end is left out.
sub read_tags {
    my ($path) = @_;

    open my $fh, '<:raw', $path or die "cannot read $path: $!\n";
    local $/;
    my $data = <$fh>;
    my ($magic, $offset) = unpack 'a3 x2 N', $data;
    $magic eq 'FLV' or die "$path is not an FLV file\n";

    my @tags;
    my $at = $offset + 4;
    while ($at + 11 <= length $data) {
        my ($type, $size, $low, $high) = unpack 'C a3 a3 C',
                                                substr $data, $at, 8;
        $size = unpack 'N', "\0$size";
        last if $at + 11 + $size > length $data;
        push @tags, {
            type      => $type & 0x1f,
            timestamp => unpack('N', "\0$low") | $high << 24,
            body      => substr($data, $at + 11, $size),
        };
        $at += 11 + $size + 4;
    }
    return @tags;
}


# Codec configuration or metadata: sent again when a publisher joins, not
# part of the timeline.
sub is_header {
    my ($tag) = @_;
    my ($first, $second) = unpack 'C C', $tag->{body};

    return 1 if $tag->{type} == 18;
    return 0 if !defined $second;
    if ($tag->{type} == 8) {
        return $first >> 4 == 10 && $second == 0    # AAC
            || $first >> 4 == 9 && ($first & 15) == 0;
    }
    return ($first & 15) == 0 if $first & 0x80;     # Enhanced RTMP
    return ($first & 15) == 7 && $second == 0;
}


# The end of a video sequence: no frame, and only good at the very end.
sub is_end {
    my ($tag) = @_;
    my ($first, $second) = unpack 'C C', $tag->{body};

    return 0 if $tag->{type} != 9 || !defined $second;
    return ($first & 15) == 2 if $first & 0x80;
    return ($first & 15) == 7 && $second == 2;
}


sub is_frame {
    my ($tag) = @_;
    return $tag->{type} == 9 && !is_header($tag) && !is_end($tag);
}


sub is_keyframe {
    my ($tag) = @_;
    return is_frame($tag) && (unpack('C', $tag->{body}) >> 4 & 7) == 1;
}


1;
