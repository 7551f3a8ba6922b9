# Media that are known to the byte: each frame says in its first bytes whose it
# is and which one, and all the rest of it follows from that.  So whoever gets a
# frame can tell, without asking anybody, that it is right, whole, and the one
# that comes next.  Nobody can look at them: their codec headers are real, what
# follows is noise.  Used by Unsteady.pm, which sends them, and Watch.pm.
package Test::Video::Known;

use strict;
use warnings;

use Digest::MD5 qw(md5);
use Exporter 'import';

use Test::Video::Codecs;
use Test::Video::Enhanced ();
use Test::Video::Media;

our @EXPORT = qw(known_stream known_tracks known_headers known_tag known_check
                 known_time);

use constant {
    NOISE   => 1 << 18,
    FPS     => 25,
    GOP     => 25,
    WRAP    => 1 << 32,
};

# What a stream of a kind has: its tracks, as [name, source, how it is said].
# The second list is what it changes to.
my %kinds = (
    avc    => [[['v0', 'h264.v', 'legacy'], ['a0', 'h264.a', 'legacy']]],
    hevc   => [[['v0', 'hevc.v', 'plain'], ['a0', 'hevc.a', 'plain']]],
    radio  => [[['a0', 'h264.a', 'legacy']]],
    two    => [[['v0', 'h264.v', 'plain'], ['v1', 'small.v', 'multi'],
                ['a0', 'h264.a', 'plain'], ['a1', 'small.a', 'multi']]],
    change => [[['v0', 'h264.v', 'legacy'], ['a0', 'h264.a', 'legacy']],
               [['v0', 'small.v', 'legacy'], ['a0', 'h264.a', 'legacy']]],
);

my @x264 = qw(-c:v libx264 -preset veryfast -bf 0 -c:a aac);
my %files = (
    h264  => ['320x180', @x264],
    small => ['160x90', @x264],
    hevc  => ['320x180', qw(-c:v libx265 -preset ultrafast -tag:v hvc1
                            -x265-params log-level=none -c:a libopus)],
);

# NAL unit headers of a key frame and of another one (ITU-T H.264, 7.3.1;
# H.265, 7.3.1.2); the first byte of an Opus packet of 20 ms (RFC 6716, 3.1).
my %nal = (h264 => ["\x65", "\x41"], hevc => ["\x26\x01", "\x02\x01"]);
use constant OPUS_20_MS => "\xfc";

my (%sources, $noise);


sub noise {
    return $noise //= join '', map { md5("noise $_") } 1 .. NOISE / 16;
}


sub source {
    my ($name) = @_;
    my ($file, $kind) = split /\./, $name;

    if (!$sources{$name}) {
        my ($size, @args) = @{ $files{$file} };
        my $path = media_file("known_$file.mp4", qw(-f lavfi -i),
            "testsrc2=size=$size:rate=25", qw(-f lavfi -i sine=r=48000 -t 1
            -pix_fmt yuv420p -g 25 -ac 2), @args, qw(-threads 1
            -fflags +bitexact -flags:v +bitexact -flags:a +bitexact
            -map_metadata -1 -f mp4));
        @sources{"$file.v", "$file.a"} =
            Test::Video::Enhanced::enhanced_sources($path);
    }
    return $sources{$name};
}


# A kind of stream, with its files made: to be called before processes fork.
sub known_stream {
    my ($kind) = @_;

    noise();
    source($_->[1]) for map { @$_ } @{ $kinds{$kind} };
    return $kind;
}


# Names of its tracks; the number of its configurations.
sub known_tracks {
    my ($kind) = @_;
    return map { $_->[0] } @{ $kinds{$kind}[0] };
}


sub configurations {
    my ($kind) = @_;
    return scalar @{ $kinds{$kind} };
}


# What must stand in the init segment of a track: the record of its codec; of
# AAC the AudioSpecificConfig in it, of HEVC its head and the parameter sets.
sub known_records {
    my ($kind, $config, $track) = @_;
    my ($entry) = grep { $_->[0] eq $track } @{ $kinds{$kind}[$config] };
    my $source = source($entry->[1]);

    return Test::Video::Enhanced::header($source) if $source->{codec} eq 'aac';
    return $source->{record} if $source->{codec} ne 'hevc';
    return unpack 'a22 a*', parameter_sets($source->{record});
}


# Messages of the codec headers, at a time.
sub known_headers {
    my ($kind, $config, $time) = @_;
    return map {
        my $source = source($_->[1]);
        message($_, $source, kind => 0, key => 1, cts => 0,
                data => Test::Video::Enhanced::header($source),
                time => $time);
    } @{ $kinds{$kind}[$config] };
}


# The message of frame n.
sub known_tag {
    my ($kind, $config, $track, $who, $n, $base) = @_;
    my ($entry) = grep { $_->[0] eq $track } @{ $kinds{$kind}[$config] };
    my $source = source($entry->[1]);
    my $frame = frame($source->{codec}, "$who/$track", $n);

    return message($entry, $source, kind => 1, data => $frame,
                   key => is_key($track, $n), cts => shift_of($source, $n),
                   time => ($base + known_time($source, $n)) % WRAP);
}


sub message {
    my ($entry, $source, %packet) = @_;
    my ($name, undef, $how) = @$entry;
    my %o = $how eq 'multi' ? (multitrack => 'one') : ();
    my $make = $how eq 'legacy' ? \&Test::Video::Enhanced::legacy
                                : \&Test::Video::Enhanced::message;

    return $make->(\%o, { map({ $_ => $source->{$_} } qw(type number fourcc)),
                          track => substr($name, 1), %packet });
}


sub is_key {
    my ($track, $n) = @_;
    return $track =~ /^v/ && $n % GOP == 0 ? 1 : 0;
}


# Milliseconds of decoding from frame 0, and of the composition after it:
# with HEVC, pictures out of order.
sub known_time {
    my ($source, $n) = @_;
    $source = source($source) if !ref $source;

    return $n * 1000 / FPS if $source->{type} == 9;
    return $n * 20 if $source->{codec} eq 'opus';
    return int($n * 1024 * 1000 / $source->{rate} + 0.5);
}


sub shift_of {
    my ($source, $n) = @_;
    my $place = $n % GOP;

    return 0 if $source->{codec} ne 'hevc';
    return $place == 0 ? 40 : $place % 3 == 1 ? 120 : 0;
}


# Presentation time in ms from frame 0.
sub shown_at {
    my ($kind, $track, $n) = @_;
    my ($entry) = grep { $_->[0] eq $track } @{ $kinds{$kind}[0] };
    my $source = source($entry->[1]);
    return known_time($source, $n) + shift_of($source, $n);
}


# A frame: "=whose/track/number;" and noise, of a size and from a place that
# follow from these.
sub frame {
    my ($codec, $of, $n) = @_;
    my ($a, $b) = unpack 'N2', md5("$of $n");
    my $video = $nal{$codec};
    my $key = $video && $n % GOP == 0;
    my $size = !$video ? 40 + $a % 200 : $key ? 6000 + $a % 8000
             : 300 + $a % 1800;
    my $content = "=$of/$n;" . substr noise(), $b % (NOISE - $size), $size;

    return OPUS_20_MS . $content if $codec eq 'opus';
    return $content if !$video;
    $content = $video->[$key ? 0 : 1] . $content;
    return pack('N', length $content) . $content;
}


# Whose a frame is, its track and number; nothing if it has a wrong byte.
sub known_check {
    my ($kind, $bytes) = @_;
    my ($of, $n) = substr($bytes, 0, 80) =~ m{=([\w.-]+/\w+)/(\d+);} or return;
    my ($who, $track) = split m{/}, $of;
    my ($entry) = grep { $_->[0] eq $track } @{ $kinds{$kind}[0] };

    return if !$entry;
    return if frame(source($entry->[1])->{codec}, $of, $n) ne $bytes;
    return ($who, $track, $n);
}


1;
