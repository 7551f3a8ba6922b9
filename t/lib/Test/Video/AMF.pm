# AMF0, as far as RTMP commands need it (Adobe AMF 0 specification, 2).  Used
# by RTMP.pm, Publisher.pm and protocol tests.
package Test::Video::AMF;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(amf_encode amf_decode amf_string amf_bool amf_ecma
                    amf_object);


# Values whose type Perl does not know.

sub amf_string { return bless [@_], 'Test::Video::AMF::String' }
sub amf_bool   { return bless [@_], 'Test::Video::AMF::Boolean' }
sub amf_object { return bless [@_], 'Test::Video::AMF::Object' }    # in order
sub amf_ecma   { return bless [@_], 'Test::Video::AMF::Ecma' }


# undef is null; what looks like a number is one; a hash is an object with
# sorted keys; an array a strict array; \"bytes" goes out as it is.
sub amf_encode {
    return join '', map { encode_value($_) } @_;
}


sub encode_value {
    my ($value) = @_;
    my $type = ref $value;

    return "\x05" if !defined $value;
    return $$value if $type eq 'SCALAR';
    return "\x03" . encode_pairs(map { ($_, $value->{$_}) } sort keys %$value)
        if $type eq 'HASH';
    return "\x0a" . pack('N', scalar @$value) . amf_encode(@$value)
        if $type eq 'ARRAY';
    return "\x01" . pack('C', $value->[0] ? 1 : 0) if $type =~ /::Boolean$/;
    return "\x03" . encode_pairs(@$value) if $type =~ /::Object$/;
    return "\x08" . pack('N', @$value / 2) . encode_pairs(@$value)
        if $type =~ /::Ecma$/;

    if (!$type && $value =~ /^-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\z/i) {
        return "\x00" . pack('d>', $value);
    }

    my $string = $type ? $value->[0] : $value;
    return "\x0c" . pack('N/a*', $string) if length $string > 0xffff;
    return "\x02" . pack('n/a*', $string);
}


sub encode_pairs {
    my (@pairs) = @_;
    my $out = '';

    while (my ($key, $value) = splice @pairs, 0, 2) {
        $out .= pack('n/a*', $key) . encode_value($value);
    }
    return $out . "\x00\x00\x09";
}


# All values; dies where the bytes are wrong.
sub amf_decode {
    my ($bytes) = @_;
    my @values;

    push @values, decode_value(\$bytes) while $bytes ne '';
    return @values;
}


sub decode_value {
    my ($bytes) = @_;
    my $type = unpack 'C', take($bytes, 1);

    return unpack 'd>', take($bytes, 8) if $type == 0;
    return unpack 'C', take($bytes, 1) if $type == 1;
    return take($bytes, unpack 'n', take($bytes, 2)) if $type == 2;
    return decode_pairs($bytes) if $type == 3;
    return undef if $type == 5 || $type == 6;
    return take($bytes, unpack 'N', take($bytes, 4)) if $type == 0x0c;

    if ($type == 8) {
        take($bytes, 4);
        return decode_pairs($bytes);
    }
    if ($type == 0x0a) {
        my $count = unpack 'N', take($bytes, 4);
        return [map { decode_value($bytes) } 1 .. $count];
    }
    if ($type == 0x0b) {
        my $time = unpack 'd>', take($bytes, 8);
        take($bytes, 2);
        return $time;
    }
    die "AMF0: type $type\n";
}


sub decode_pairs {
    my ($bytes) = @_;
    my %pairs;

    while (1) {
        my $key = take($bytes, unpack 'n', take($bytes, 2));
        if ($key eq '' && substr($$bytes, 0, 1) eq "\x09") {
            take($bytes, 1);
            return \%pairs;
        }
        $pairs{$key} = decode_value($bytes);
    }
}


sub take {
    my ($bytes, $n) = @_;

    die "AMF0: ends too early\n" if length $$bytes < $n;
    return substr $$bytes, 0, $n, '';
}


1;
