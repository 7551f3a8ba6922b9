# Tags of Enhanced RTMP (Veovera, "Enhanced RTMP (V2)") out of MP4 files, for
# the ffmpeg of distributions writes none of them; and of the codec numbers
# that publishers took before it.  What comes out has the form of
# Test::Video::FLV's tags.
package Test::Video::Enhanced;

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use Exporter 'import';
use JSON::PP ();
use List::Util qw(min);

use Test::Video::Codecs;
use Test::Video::Corpus;
use Test::Video::VOD;

our @EXPORT = qw(enhanced_sources enhanced_packets enhanced_tags
                 enhanced_together in_time aggregates);

# VideoPacketType, AudioPacketType
use constant {
    START    => 0,
    FRAMES   => 1,
    FRAMES_X => 3,
    MULTI    => { 8 => 5, 9 => 6 },
    MOD      => 7,
};

# AvMultitrackType
my %multitrack = (one => 0, many => 1, codecs => 2);

# stream's codec => [FourCC of FLV, box of its record, old codec number]
my %codec = (
    h264 => ['avc1', 'avcC', 7],
    hevc => ['hvc1', 'hvcC', 12],
    av1  => ['av01', 'av1C'],
    vp9  => ['vp09', 'vpcC'],
    aac  => ['mp4a', 'esds', 10],
    opus => ['Opus', 'dOps'],
    flac => ['fLaC', 'dfLa'],
    ac3  => ['ac-3', 'dac3'],
    eac3 => ['ec-3', 'dec3'],
    mp3  => ['.mp3', 'esds', 2],
);


# The tracks of a file: { path, track (its number there), codec, fourcc, type
# (8, 9), rate, channels, number (of its codec in FLV), box, record (its
# content), packets }.  A packet has pts and dts (ms, the earliest of the file
# is 0), duration (seconds), key, data, md5.
sub enhanced_sources {
    my ($path) = @_;
    my $bytes = slurp($path);
    open my $fh, '-|', qw(ffprobe -v error -of json -show_entries),
        'stream=codec_name,codec_type,sample_rate,channels:packet=stream_index,'
        . 'pts_time,dts_time,duration_time,pos,size,flags', $path
        or die "ffprobe: $!\n";
    my $probe = JSON::PP::decode_json(do { local $/; <$fh> });
    close $fh or die "ffprobe $path: $?\n";

    my $start = min map { $_->{dts_time} } @{ $probe->{packets} };
    my @sources;
    for my $track (0 .. $#{ $probe->{streams} }) {
        my $stream = $probe->{streams}[$track];
        my ($fourcc, $box, $number) = @{ $codec{$stream->{codec_name}} };
        push @sources, {
            path => $path, codec => $stream->{codec_name}, fourcc => $fourcc,
            type => $stream->{codec_type} eq 'video' ? 9 : 8,
            rate => $stream->{sample_rate}, channels => $stream->{channels},
            number => $number, track => $track, box => $box,
            record => record(\$bytes, $track, $box),
            packets => [map { packet($_, $start, \$bytes) }
                        grep { $_->{stream_index} == $track }
                        @{ $probe->{packets} }],
        };
    }
    return @sources;
}


sub packet {
    my ($p, $start, $bytes) = @_;
    my $data = substr $$bytes, $p->{pos}, $p->{size};
    return {
        map({ $_ => sprintf '%.0f', 1000 * ($p->{"${_}_time"} - $start) }
            qw(pts dts)),
        key => $p->{flags} =~ /^K/ ? 1 : 0,
        duration => $p->{duration_time} // 0,
        data => $data, md5 => md5_hex($data),
    };
}


# The payload of the sequence start; undef for codecs that have none.
sub header {
    my ($source, $bare) = @_;
    my ($codec, $record) = @$source{qw(codec record)};

    if ($codec eq 'aac') {                      # DecoderSpecificInfo
        my ($size, $rest) = $record
            =~ /\x04\x80*.\x40.{12}\x05\x80*(.)(.*)/s
            or die "$source->{path}: no AudioSpecificConfig\n";
        return substr $rest, 0, ord $size;
    }
    if ($codec eq 'opus') {                     # RFC 7845, 5.1
        my ($channels, $skip, $rate, $gain, $family, $map) =
            unpack 'x C n N n C a*', $record;
        return 'OpusHead' . pack 'C2 v V v C a*', 1, $channels, $skip, $rate,
                                                  $gain, $family, $map;
    }
    if ($codec eq 'flac') {
        return ($bare ? '' : 'fLaC') . substr $record, 4;
    }
    if ($codec eq 'vp9') {
        return substr $record, $bare ? 4 : 0;
    }
    return $codec =~ /^(?:e?ac3|mp3)$/ ? undef : $record;
}


# What a publisher has to say of a track, as { type, kind, time, key, cts, data,
# track, fourcc, number }.  Options: track (0), x (CodedFramesX where the
# composition time is 0), bare (VP9's record without version and flags, FLAC's
# blocks without "fLaC"), delimiter (AV1: a temporal delimiter before each
# frame), late (ms, when the header comes).
sub enhanced_packets {
    my ($source, %o) = @_;
    my $header = header($source, $o{bare});
    my %common = (map({ $_ => $source->{$_} } qw(type fourcc number)),
                  track => $o{track} // 0, cts => 0, key => 1);
    my @out = !defined $header ? ()
            : { %common, kind => START, time => $o{late} // 0,
                data => $header };

    for my $packet (@{ $source->{packets} }) {
        my $cts = $packet->{pts} - $packet->{dts};
        my $x = $o{x} && $source->{type} == 9 && $cts == 0;
        next if $packet->{dts} < ($o{late} // 0);
        push @out, {
            %common, kind => $x ? FRAMES_X : FRAMES, time => $packet->{dts},
            key => $packet->{key}, cts => $source->{type} == 9 ? $cts : 0,
            data => ($o{delimiter} ? "\x12\0" : '') . $packet->{data},
        };
    }
    return @out;
}


# The same as tags.  Options: those and multitrack ("one", "many", "codecs"),
# modex (bytes of a ModEx in front), legacy (FLV's own header).
sub enhanced_tags {
    my ($source, %o) = @_;
    my $make = $o{legacy} ? \&legacy : \&message;
    return map { $make->(\%o, $_) } enhanced_packets($source, %o);
}


# Tags of several tracks of one type, [source, options]..., with one message for
# what they say at one time.  Options: multitrack ("many", "codecs"), modex.
sub enhanced_together {
    my ($o, @tracks) = @_;
    my (@order, %message);

    for my $packet (map { enhanced_packets($_->[0], @$_[1 .. $#$_]) } @tracks) {
        my $key = join ' ', @$packet{qw(time kind)};
        push @order, $key if !$message{$key};
        push @{ $message{$key} }, $packet;
    }
    return in_time(map { message($o, @{ $message{$_} }) } @order);
}


sub message {
    my ($o, @packets) = @_;
    my ($first) = @packets;
    my ($type, $kind) = @$first{qw(type kind)};
    my $head = $type == 8 ? 0x90 : 0x80 | ($first->{key} ? 1 : 2) << 4;
    my $multi = defined $o->{multitrack} ? $multitrack{$o->{multitrack}}
                                         : undef;
    my $next = defined $multi ? MULTI->{$type} : $kind;

    my $body = pack 'C', $head | (defined $o->{modex} ? MOD : $next);
    if (defined(my $n = $o->{modex})) {
        $body .= ($n < 256 ? pack 'C', $n - 1 : pack 'C n', 255, $n - 1)
               . "\0" x $n . pack 'C', $next;
    }
    $body .= pack 'C', $multi << 4 | $kind if defined $multi;
    $body .= $first->{fourcc} if ($multi // 0) < 2;

    for my $packet (@packets) {
        my $payload = $packet->{data};
        $payload = substr(pack('N', $packet->{cts} & 0xffffff), 1) . $payload
            if $kind == FRAMES && $packet->{fourcc} =~ /^(?:avc1|hvc1)$/;
        $body .= $packet->{fourcc} if ($multi // 0) == 2;
        $body .= pack 'C', $packet->{track} if defined $multi;
        $body .= substr pack('N', length $payload), 1 if $multi;
        $body .= $payload;
    }
    return { type => $type, timestamp => $first->{time}, body => $body,
             header => $kind == START };
}


# Adobe FLV specification 10.1, E.4.2.1, E.4.3.1; 12 as 7.
sub legacy {
    my ($o, $packet) = @_;
    my ($type, $number) = @$packet{qw(type number)};
    my $body = $type == 9 ? pack 'C', ($packet->{key} ? 1 : 2) << 4 | $number
                          : pack 'C', $number << 4 | 15;

    $body .= pack 'C', $packet->{kind} == START ? 0 : 1 if $number != 2;
    $body .= substr pack('N', $packet->{cts} & 0xffffff), 1 if $type == 9;
    return { type => $type, timestamp => $packet->{time},
             body => $body . $packet->{data},
             header => $packet->{kind} == START };
}


# Tags by their time, or that in "sent"; of one time, headers first, then in the
# order given.
sub in_time {
    my (@tags) = @_;
    my @at = map { $_->{sent} // $_->{timestamp} } @tags;
    my @order = sort { $at[$a] <=> $at[$b]
                       || !!$tags[$b]{header} <=> !!$tags[$a]{header}
                       || $a <=> $b } 0 .. $#tags;
    return @tags[@order];
}


# The same tags, n in each aggregate message (RTMP 1.0, 7.1.6).  Options: first
# (the timestamp that the first tag of each has inside).
sub aggregates {
    my ($n, $tags, %o) = @_;
    my @left = @$tags;
    my @out;

    while (my @some = splice @left, 0, $n) {
        my $at = $some[0]{timestamp};
        my $body = '';
        for my $tag (@some) {
            my $inside = $tag->{timestamp} - $at + ($o{first} // $at);
            my ($high, $low) = unpack 'C a3', pack 'N', $inside & 0xffffffff;
            $body .= pack('C', $tag->{type})
                   . substr(pack('N', length $tag->{body}), 1)
                   . $low . pack('C', $high) . "\0\0\0" . $tag->{body}
                   . pack 'N', 11 + length $tag->{body};
        }
        push @out, { type => 22, timestamp => $at, body => $body };
    }
    return @out;
}


1;
