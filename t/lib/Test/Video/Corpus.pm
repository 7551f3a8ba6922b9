# How what is served of a file is compared with the file: packets as ffmpeg
# reads them, samples as they stand in the segments' own boxes, and one check
# of both for all files of a corpus.
package Test::Video::Corpus;

use strict;
use warnings;
no warnings 'portable';              # 64-bit numbers

use Digest::MD5 qw(md5_hex);
use Exporter 'import';
use List::Util qw(min max sum0);
use Test::More;

use Test::Video::VOD;

our @EXPORT = qw(has_encoder boxes packets_of samples_of served frames_of
                 plays_whole plays_ts entry_of insert_at);

my %encoder;


# Whether ffmpeg has it.
sub has_encoder {
    my ($name) = @_;
    %encoder = map { /^\s*[VA][A-Z.]{5}\s+(\S+)/ ? ($1 => 1) : () }
               `ffmpeg -v error -encoders` unless %encoder;
    return $encoder{$name};
}


# Starts to read the packets of the first video and audio track with ffmpeg,
# edit lists applied.  Returns a sub that waits for { v => [packets], a => ...
# }, each { md5, pts, dts, duration, size } in seconds; maps: "va" or one.
sub packets_of {
    my ($url, $maps, @args) = @_;
    my @kinds = split //, $maps;
    open my $fh, '-|', qw(ffmpeg -v fatal -nostdin -copyts), @args, '-i', $url,
        map({ ('-map', "0:$_:0") } @kinds), qw(-c copy -f framemd5 -)
        or die "ffmpeg: $!\n";

    return sub {
        my (%tb, %out);
        local $_;
        while (<$fh>) {
            $tb{$1} = $2 / $3 if m{^#tb (\d): (\d+)/(\d+)};
            my ($n, $dts, $pts, $duration, $size, $md5) =
                /^(\d),\s*(-?\d+),\s*(-?\d+),\s*(\d+),\s*(\d+),\s*(\w+)/
                or next;
            push @{ $out{$kinds[$n]} }, {
                md5 => $md5, size => $size, dts => $dts * $tb{$n},
                pts => $pts * $tb{$n}, duration => $duration * $tb{$n},
            };
        }
        close $fh;
        return \%out;
    };
}


# The boxes in a range: [type, offset of the content, its end]...
sub boxes {
    my ($bytes, $at, $end) = @_;
    my @boxes;
    $at //= 0;
    $end //= length $$bytes;
    while ($at + 8 <= $end) {
        my ($size, $type) = unpack 'N a4', substr $$bytes, $at, 8;
        my $header = 8;
        ($size, $header) = (unpack('Q>', substr $$bytes, $at + 8, 8), 16)
            if $size == 1;
        last if $size < $header || $at + $size > $end;
        push @boxes, [$type, $at + $header, $at + $size];
        $at += $size;
    }
    return @boxes;
}


sub in_box {
    my ($bytes, $path) = @_;
    my @box = (undef, 0, length $$bytes);
    for my $step (split m{/}, $path) {
        my ($next) = grep { $_->[0] eq $step } boxes($bytes, @box[1, 2]);
        $next or return;
        @box = @$next;
    }
    return substr $$bytes, $box[1], $box[2] - $box[1];
}


# What an init segment says: { scale, start (of the edit list, in seconds) }.
sub init_of {
    my ($bytes) = @_;
    my $mdhd = in_box($bytes, 'moov/trak/mdia/mdhd') // return;
    my $scale = unpack 'N', substr $mdhd, ord $mdhd ? 20 : 12;
    my $elst = in_box($bytes, 'moov/trak/edts/elst');
    my $start = 0;
    if (defined $elst) {
        my ($version, $n) = unpack 'C x3 N', $elst;
        my $size = $version ? 20 : 12;
        my $movie = unpack 'N', substr in_box($bytes, 'moov/mvhd'), 12;
        for my $i (0 .. $n - 1) {
            my ($length, $time) = unpack $version ? 'Q> q>' : 'N l>',
                                  substr $elst, 8 + $i * $size;
            $start -= $time < 0 ? $length / $movie : $time / $scale;
        }
    }
    my $trex = in_box($bytes, 'moov/mvex/trex');
    return { scale => $scale, start => $start,
             trex => [unpack 'x4 N5', $trex] };
}


# The samples of a segment: { dts, pts, duration, size, key, md5, data } in
# seconds on the presentation timeline.
sub samples_of {
    my ($bytes, $init) = @_;
    my $scale = $init->{scale};
    my @out;

    for my $moof (grep { $_->[0] eq 'moof' } boxes($bytes)) {
        my $base = $moof->[1] - 8;
        my ($traf) = grep { $_->[0] eq 'traf' } boxes($bytes, @$moof[1, 2]);
        my ($dts, %default);
        @default{qw(duration size flags)} = @{ $init->{trex} }[2, 3, 4];

        for my $box (boxes($bytes, @$traf[1, 2])) {
            my ($type, $at, $end) = @$box;
            my $version = unpack 'C', substr $$bytes, $at, 1;
            my $flags = 0xffffff & unpack 'N', substr $$bytes, $at, 4;
            my $take = sub {
                my ($letter) = @_;
                my $v = unpack $letter, substr $$bytes, $at,
                               $letter =~ /^Q/ ? 8 : 4;
                $at += $letter =~ /^Q/ ? 8 : 4;
                return $v;
            };
            $at += 4;

            if ($type eq 'tfhd') {
                $at += 4 + ($flags & 1 ? 8 : 0) + ($flags & 2 ? 4 : 0);
                $default{duration} = $take->('N') if $flags & 8;
                $default{size} = $take->('N') if $flags & 0x10;
                $default{flags} = $take->('N') if $flags & 0x20;

            } elsif ($type eq 'tfdt') {
                $dts = $take->($version ? 'Q>' : 'N');

            } elsif ($type eq 'trun') {
                my $n = $take->('N');
                my $data = $base + ($flags & 1 ? $take->('l>') : 0);
                my $first = $flags & 4 ? $take->('N') : undef;
                for my $i (1 .. $n) {
                    my %s = %default;
                    $s{duration} = $take->('N') if $flags & 0x100;
                    $s{size} = $take->('N') if $flags & 0x200;
                    $s{flags} = $take->('N') if $flags & 0x400;
                    $s{flags} = $first if $i == 1 && defined $first;
                    my $cts = $flags & 0x800
                            ? $take->($version ? 'l>' : 'N') : 0;
                    my $body = substr $$bytes, $data, $s{size};
                    push @out, {
                        dts => $dts / $scale + $init->{start},
                        pts => ($dts + $cts) / $scale + $init->{start},
                        duration => $s{duration} / $scale,
                        key => !($s{flags} & 0x10000),
                        size => $s{size}, md5 => md5_hex($body),
                        data => $body,
                    };
                    $dts += $s{duration};
                    $data += $s{size};
                }
            }
        }
    }
    return @out;
}


# A track as it is served: what vod_list() has, and bytes (of init), timing,
# target, parts => [[samples of a segment]...].
sub served {
    my ($t, $asset, $track) = @_;
    my $list = vod_list($t, "/vod/$asset/$track/index.m3u8") // return;
    my $init = $t->get($list->{init})->body;
    $list->{bytes} = $init;
    $list->{timing} = init_of(\$init) // return;
    ($list->{target}) = $list->{body} =~ /^#EXT-X-TARGETDURATION:(\d+)$/m;
    for my $path (@{ $list->{segments} }) {
        my $r = $t->get($path);
        my $body = $r->status == 200 && $r->complete ? $r->body : '';
        push @{ $list->{sizes} }, length $body;
        push @{ $list->{parts} }, [samples_of(\$body, $list->{timing})];
    }
    return $list;
}


# The sample entry of a track: [type, offset of its boxes, its end].
sub entry_of {
    my ($bytes, $track) = @_;
    my ($at, $size) = box_at($bytes, "moov/trak[$track]/mdia/minf/stbl/stsd");
    my ($entry) = boxes($bytes, $at + 16, $at + $size);
    my ($handler) = box_at($bytes, "moov/trak[$track]/mdia/hdlr");
    my $video = substr($$bytes, $handler + 16, 4) eq 'vide';
    return [$entry->[0], $entry->[1] + ($video ? 78 : 28), $entry->[2]];
}


# Inserts at an offset inside of moov, in all boxes that hold it.  Chunks must
# not lie behind moov.
sub insert_at {
    my ($bytes, $at, $new) = @_;
    my @inside = (0, length $bytes);
    my $skip = { stsd => 8, avc1 => 78, hvc1 => 78, hev1 => 78, av01 => 78 };
    my @grow;

    while (1) {
        my ($box) = grep { $_->[1] <= $at && $at <= $_->[2]
                           && $_->[0] =~ /^(?:moov|trak|mdia|minf|stbl|edts)$/
                           || $skip->{$_->[0]} && $_->[1] <= $at
                              && $at <= $_->[2] }
                    boxes(\$bytes, @inside);
        $box or last;
        push @grow, $box->[1] - 8;
        @inside = ($box->[1] + ($skip->{$box->[0]} // 0), $box->[2]);
    }
    for (@grow) {
        substr $bytes, $_, 4, pack 'N', length($new)
                                       + unpack 'N', substr $bytes, $_, 4;
    }
    substr $bytes, $at, 0, $new;
    return $bytes;
}


# Shifts of served samples against the packets of the source, in milliseconds:
# the least and the largest.  They are the same samples in the same order.
sub shifts {
    my ($samples, $packets) = @_;
    my @shift = map { 1000 * ($samples->[$_]{pts} - $packets->[$_]{pts}) }
                0 .. min($#$samples, $#$packets);
    return min(@shift), max(@shift);
}


# All of a file comes back by its segments, by HLS and by DASH, in time, and as
# one plain file.  Makes
# these tests; returns { source, v, a }.  Options: kinds ("va"), packets (sub
# that waits for the source's packets, if not ffmpeg's), demux => 0.
sub plays_whole {
    my ($t, $asset, $path, %o) = @_;
    my $kinds = $o{kinds} // 'va';
    my $base = 'http://127.0.0.1:' . $t->port . "/vod/$asset";
    my $wait = $o{packets} // packets_of($path, $kinds);
    my %demuxed;
    if ($o{demux} // 1) {
        # ffmpeg ends DASH with the track that is first to end
        %demuxed = map { ("$_ DASH" => packets_of("$base/manifest.mpd", $_)) }
                   split //, $kinds;
        $demuxed{HLS} = packets_of("$base/master.m3u8", $kinds);
        $demuxed{'progressive.mp4'} = packets_of("$base/progressive.mp4",
                                                 $kinds);
    }
    my %track = map { $_ => served($t, $asset, "${_}0") } split //, $kinds;
    my $source = $wait->();
    $_ = $_->() for values %demuxed;

    my @range;
    for my $kind (split //, $kinds) {
        my $want = join ' ', map { $_->{md5} } @{ $source->{$kind} // [] };
        my @samples = map { @$_ } @{ $track{$kind}{parts} // [] };

        ok $want && $want eq join(' ', map { $_->{md5} } @samples),
            "$asset $kind: the file's samples, " . @samples;
        for my $by (grep { /^(?:$kind |HLS|prog)/ } sort keys %demuxed) {
            my $got = join ' ', map { $_->{md5} }
                                @{ $demuxed{$by}{$kind} // [] };
            ok $want && $got eq $want, "$asset $kind: every packet by $by"
                or diag(differ($want, $got));
        }
        push @range, shifts(\@samples, $source->{$kind} // []);
        timing_of($asset, $kind, $track{$kind}, \@samples);
    }
    my ($said) = $t->get("/vod/$asset/master.m3u8")->body
        =~ /[:,]BANDWIDTH=(\d+)/;
    my $peak = sum0(map { peak_of(@$_{qw(sizes durations target)}) }
                    values %track);
    {
        local $TODO = $o{rate};
        cmp_ok $said, '>=', int $peak, "$asset: BANDWIDTH is the peak or more";
    }
    my $span = @range ? max(@range) - min(@range) : 1e9;
    cmp_ok $span, '<=', 3, "$asset: all moved by the same, to 3 ms"
        or diag(sprintf 'moved by ms: ' . '%.3f ' x @range, @range);
    return { source => $source, %track };
}


sub differ {
    my ($want, $got) = map { [split] } @_;
    my ($n) = grep { ($want->[$_] // '') ne ($got->[$_] // '') }
              0 .. max($#$want, $#$got);
    return sprintf '%d wanted, %d got, differ at %d',
        scalar(@$want), scalar(@$got), $n // -1;
}


# The highest rate of one or two segments that last 0.5 to 1.5 targets
# (RFC 8216, 4.3.4.2), in bits per second.
sub peak_of {
    my ($sizes, $durations, $target) = @_;
    my $peak = 0;
    for my $n (0 .. $#$sizes) {
        my ($bits, $seconds) = (0, 0);
        for my $i ($n, $n + 1) {
            $bits += 8 * ($sizes->[$i] // 0);
            $seconds += $durations->[$i] // 0;
            next if $seconds < 0.5 * $target || $seconds > 1.5 * $target;
            $peak = max($peak, $bits / $seconds);
        }
    }
    return $peak;
}


# Decode times go on without a gap; what the playlist says of durations.
sub timing_of {
    my ($asset, $kind, $track, $samples) = @_;
    my @parts = @{ $track->{parts} // [] };
    my $tick = 1.5 / ($track->{timing}{scale} // 1);
    my @gaps = grep { abs($samples->[$_ - 1]{dts} + $samples->[$_ - 1]{duration}
                          - $samples->[$_]{dts}) > $tick } 1 .. $#$samples;
    is "@gaps", '', "$asset $kind: no gap, no overlap";

    my @real = map { sum0(map { $_->{duration} } @$_) } @parts;
    my @said = @{ $track->{durations} // [] };
    my @bad = grep { abs($said[$_] - $real[$_]) > 0.001
                     || int($said[$_] + 0.5) > $track->{target} } 0 .. $#real;
    ok @said && @said == @real && !@bad,
        "$asset $kind: EXTINF is the duration and within the target"
        or diag("said @said, is @real, target ", $track->{target} // '');
    cmp_ok abs(sum0(@said) - sum0(@real)), '<', 0.001,
        "$asset $kind: and so is the sum";
    return;
}


# All that a file decodes to comes back by transport streams, in time; of audio
# also what edit lists leave out, which a transport stream can't.
# Options: source (packets), todo (why audio is not expected to be whole).
sub plays_ts {
    my ($t, $asset, $path, %o) = @_;
    my $base = "/vod/$asset/v0";
    my $url = 'http://127.0.0.1:' . $t->port . "$base/index_ts.m3u8";
    my $source = $o{source} // packets_of($path, 'va')->();
    my @wait = map { decoded($t, $_) } $path, $url;
    my ($want, $got) = map { $_->() } @wait;

    ok $want->[0] && $want->[0] eq $got->[0], "$asset ts: every frame"
        or diag(differ($want->[0], $got->[0]));
    {
        local $TODO = $o{todo};
        my $at = index $got->[1], $want->[1];
        ok $want->[1] ne '' && $at >= 0, "$asset ts: every sample of audio"
            or diag(length $want->[1], ' bytes, got ', length $got->[1]);
        is $at + length($want->[1]), length($got->[1]),
            "$asset ts: and no more behind it";
    }

    # PTS of PES packets: each picture has one; audio, some frames at a time
    my $list = $t->get("$base/index_ts.m3u8")->body;
    my %pes = (v => [], a => []);
    my @sizes;
    for my $name ($list =~ /^([^#\n]+)$/mg) {
        my $body = $t->get("$base/$name")->body;
        my %of = pes_of($body);
        push @sizes, length $body;
        push @{ $pes{$_} }, @{ $of{$_} } for keys %of;
    }
    is scalar(@{ $pes{v} }), scalar(@{ $source->{v} }),
        "$asset ts: as many pictures";
    my ($said) = $t->get("/vod/$asset/master_ts.m3u8")->body
        =~ /[:,]BANDWIDTH=(\d+)/;
    my ($target) = $list =~ /TARGETDURATION:(\d+)/;
    {
        local $TODO = $o{apart};
        cmp_ok $said, '>=', int peak_of(\@sizes,
            [$list =~ /^#EXTINF:([\d.]+)/mg], $target),
            "$asset ts: BANDWIDTH is the peak or more";
    }
    my @shift = map { 1000 * ($pes{v}[$_] - $source->{v}[$_]{pts}) }
                0 .. min($#{ $pes{v} }, $#{ $source->{v} });
    my %starts = map { sprintf('%.0f', 1000 * $_->{pts}) => $_->{pts} }
                 @{ $source->{a} };
    my $clock = 10;                     # where presentation time 0 is
    for my $pts (map { $_ - $clock } @{ $pes{a} }) {
        my ($near) = sort { abs($a - $pts) <=> abs($b - $pts) }
                     values %starts;
        push @shift, 1000 * ($pts + $clock - $near);
    }
    cmp_ok @shift ? max(@shift) - min(@shift) : 1e9, '<=', 3,
        "$asset ts: in time"
        or diag(sprintf 'moved by ms: %.3f to %.3f', min(@shift), max(@shift));
    return;
}


# PTS in seconds of the PES packets of a transport stream, by kind.
sub pes_of {
    my ($bytes) = @_;
    my %pts = (v => [], a => []);
    for my $packet (unpack '(a188)*', $bytes) {
        my ($pid, $flags) = unpack 'x n C', $packet;
        next unless $pid & 0x4000 && $flags & 0x10;
        my $at = 4 + ($flags & 0x20 ? 1 + ord substr $packet, 4, 1 : 0);
        my ($id, $has, @b) = unpack 'x3 C x3 C x C5', substr $packet, $at;
        next unless substr($packet, $at, 3) eq "\0\0\1" && $has & 0x80;
        my $pts = ($b[0] >> 1 & 7) << 30 | $b[1] << 22 | $b[2] >> 1 << 15
                  | $b[3] << 7 | $b[4] >> 1;
        my $kind = ($id & 0xf0) == 0xe0 ? 'v' : 'a';
        push @{ $pts{$kind} }, $pts / 90000;
    }
    return %pts;
}


# Starts to decode; a sub that waits for [MD5s of pictures, samples of audio].
sub decoded {
    my ($t, $url) = @_;
    my $file = $t->root . '/decoded-' . md5_hex($url);
    my @cmd = (qw(ffmpeg -v fatal -nostdin -y -i), $url,
               qw(-map 0:v:0 -fps_mode passthrough -f framemd5 -));
    open my $fh, '-|', @cmd, qw(-map 0:a:0? -f s16le), $file
        or die "ffmpeg: $!\n";

    return sub {
        my @lines = <$fh>;
        if (!close $fh) {                       # no audio is found
            open $fh, '-|', @cmd or die "ffmpeg: $!\n";
            @lines = <$fh>;
        }
        my $sound = -e $file ? slurp($file) : '';
        unlink $file;
        return [join(' ', map { /(\w{32})$/ } grep { !/^#/ } @lines), $sound];
    };
}


1;
