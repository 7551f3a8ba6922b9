# What publishers signal beside their media, made by hand: captions in pictures
# of H.264, splice information (SCTE-35); and what becomes of that: event boxes
# and ID3 tags.
package Test::Video::Signals;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(caption_nal captioned cc_pair cc_text splice_insert
                    time_signal emsgs_of id3_of);


# cc_data (CEA-708, 4.4) of [type, first, second byte]s as an SEI NAL unit: ATSC
# A/53 in ITU-T T.35.
sub caption_nal {
    my (@triplets) = @_;
    my $data = pack 'C n a4 C C C', 0xb5, 0x31, 'GA94', 3,
                    0xc0 | @triplets, 0xff;

    $data .= pack 'C3', 0xfc | $_->[0], @$_[1, 2] for @triplets;
    $data .= "\xff";

    my $nal = pack 'C a* C', 6, pack('C C/a*', 4, $data), 0x80;
    $nal =~ s/\0\0(?=[\0-\3])/\0\0\x03/gs;
    return $nal;
}


# A byte of CEA-608 with its parity.
sub parity {
    my ($byte) = @_;
    my $ones = unpack '%32b*', chr $byte;
    return $ones % 2 ? $byte : $byte | 0x80;
}


# A triplet of two bytes of CEA-608, of field 0 or 1.
sub cc_pair {
    my ($field, $first, $second) = @_;
    return [$field, parity($first), parity($second)];
}


# The triplets, one for a picture, that show a text in a channel, 1 to 4: erase,
# load, text, show.  Commands are sent twice.
sub cc_text {
    my ($channel, $text) = @_;
    my $field = $channel > 2 ? 1 : 0;
    my $base = 0x14 + $field + ($channel % 2 ? 0 : 8);
    my $row = 0x14 + ($channel % 2 ? 0 : 8);
    my @command = map {
        my @pair = @$_;
        (cc_pair($field, @pair)) x 2;
    } [$base, 0x20], [$base, 0x2e], [$row, 0x70];
    my @text = map { cc_pair($field, unpack 'C2', pack 'a2', $_) }
               $text =~ /(..?)/gs;

    return (@command, @text, (cc_pair($field, $base, 0x2f)) x 2);
}


# A video tag of H.264 with a NAL unit before its others.
sub captioned {
    my ($tag, @triplets) = @_;
    my $body = $tag->{body};

    substr $body, 5, 0, pack 'N/a*', caption_nal(@triplets);
    return { %$tag, body => $body };
}


# A splice_info_section() around a command (ANSI/SCTE 35, 9.6).
sub section {
    my ($type, $command, $descriptors) = @_;
    my $body = pack('C C N C', 0, 0, 0, 0)                   # version .. cw_index
          . substr(pack('N', 0xfff000 | length $command), 1)
          . pack('C', $type) . $command
          . pack('n/a*', $descriptors // '');
    my $bytes = pack 'C n a*', 0xfc, 0x3000 | 4 + length $body, $body;
    return $bytes . pack 'N', crc($bytes);
}


sub crc {
    my ($bytes) = @_;
    my $crc = 0xffffffff;

    for my $byte (unpack 'C*', $bytes) {
        $crc ^= $byte << 24;
        for (1 .. 8) {
            $crc = ($crc << 1 ^ ($crc & 0x80000000 ? 0x04c11db7 : 0))
                 & 0xffffffff;
        }
    }
    return $crc;
}


# splice_insert($id, out => 1, duration => s, cancel => 1)
sub splice_insert {
    my ($id, %o) = @_;

    return section(5, pack('N C', $id, 0xff)) if $o{cancel};
    my $flags = 0x5f | ($o{out} ? 0x80 : 0)
              | (defined $o{duration} ? 0x20 : 0);
    my $break = defined $o{duration}
              ? pack('C N', 0xfe, $o{duration} * 90000) : '';
    return section(5, pack('N C C a* N', $id, 0x7f, $flags, $break, 0));
}


# time_signal([id, segmentation_type_id, duration in s or undef], ...)
sub time_signal {
    my $loop = '';

    for my $segment (@_) {
        my ($id, $type, $duration) = @$segment;
        my $long = defined $duration
                 ? pack('C N', 0, $duration * 90000) : '';
        $loop .= pack 'C C/a*', 2,
            pack 'a4 N C C a* C C C C C', 'CUEI', $id, 0x7f,
                 0x80 | 0x3f | (defined $duration ? 0x40 : 0), $long, 0, 0,
                 $type, 1, 1;
    }
    return section(6, pack('C', 0x7f), $loop);
}


# The event boxes of a segment: { scheme, value, time (s), duration (s, or
# undef), id, data }, in order.
sub emsgs_of {
    my ($segment) = @_;
    my @emsgs;
    my $at = 0;

    while ($at + 8 <= length $segment) {
        my ($size, $type) = unpack 'N a4', substr $segment, $at, 8;
        if ($type eq 'emsg') {
            my ($scale, $time, $duration, $id, $scheme, $value, $data) =
                unpack 'x12 N Q> N N Z* Z* a*', substr $segment, $at, $size;
            push @emsgs, {
                scheme => $scheme, value => $value, time => $time / $scale,
                duration => $duration == 0xffffffff ? undef
                                                    : $duration / $scale,
                id => $id, data => $data,
            };
        }
        $at += $size || 8;
    }
    return @emsgs;
}


# A number of ID3, 7 bits to a byte.
sub syncsafe {
    my ($n) = @_;
    return ($n & 0x7f) | ($n & 0x7f00) >> 1 | ($n & 0x7f0000) >> 2
         | ($n & 0x7f000000) >> 3;
}


# The frames of an ID3v2.4 tag: [id, description or undef, text].
sub id3_of {
    my ($tag) = @_;
    my ($magic, $size) = unpack 'a3 x3 N', $tag;
    my @frames;

    return if $magic ne 'ID3' || syncsafe($size) != length($tag) - 10;
    my $at = 10;
    while ($at + 10 <= length $tag) {
        my ($id, $n) = unpack 'a4 N', substr $tag, $at, 8;
        $n = syncsafe($n);
        my ($encoding, $text) = unpack 'C a*', substr $tag, $at + 10, $n;
        my @texts = split /\0/, $text;
        push @frames, $id eq 'TXXX' ? [$id, @texts]
                                    : [$id, undef, $texts[0]];
        $at += 10 + $n;
    }
    return @frames;
}


1;
