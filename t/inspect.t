#!/usr/bin/perl

# video-inspect agrees with ffprobe about every sample, key frame and duration
# of files that ffmpeg made, progressive, fragmented and MPEG-TS; of files that
# are cut or are no media at all it shows what there is, says where it went
# wrong, and its output is still JSON.

use strict;
use warnings;

use FindBin;
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

use lib "$FindBin::Bin/lib";
use Test::Video::Media;
use Test::Video::Program;

my $dir = tempdir();
my %tools = program_flavours('video-inspect');

plan skip_all => 'video-inspect is not built' if !%tools;

$ENV{ASAN_OPTIONS} = 'detect_leaks=1';


my $tool;

# run(arguments): exit code, standard output, standard error
sub run {
    my (@args) = @_;

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        open STDOUT, '>', "$dir/out" or die;
        open STDERR, '>', "$dir/err" or die;
        exec 'timeout', 60, $tool, @args or die;
    }

    waitpid $pid, 0;
    my ($status, $out, $err) = ($?, slurp("$dir/out"), slurp("$dir/err"));
    fail("@args: $err") if $status & 127 || $err =~ /Sanitizer|runtime error/;

    return ($status >> 8, $out, $err);
}


sub inspect {
    my (@args) = @_;
    my ($code, $out, $err) = run('--json', @args);
    my $json = eval { decode_json($out) };

    ok($json, "JSON of @args") or diag($out, $err);

    return ($json, $code, $err);
}


sub ffprobe {
    my ($file) = @_;
    return decode_json(scalar qx{ffprobe -v error -of json -show_streams \\
        -show_entries packet=stream_index,pts,dts,size,pos,flags,duration \\
        '$file'});
}


# The packets of a stream, and those that are key frames.
sub packets {
    my ($probe, $index) = @_;
    return grep { $_->{stream_index} == $index } @{ $probe->{packets} };
}


sub near {
    my ($got, $want, $by, $name) = @_;
    cmp_ok(abs($got - $want), '<=', $by, "$name: $got is about $want");
    return;
}


# Rows of --samples are ffprobe's packets; ffprobe subtracts what the edit
# list says, the same from each.
sub same_samples {
    my ($file, $track, $want, $fields) = @_;
    my ($json) = inspect('--samples', $track, $file);
    my @rows = @{ $json->{samples} };

    is(scalar @rows, scalar @$want, "track $track: number of samples");
    return if @rows != @$want;

    my $shift = $rows[0]{dts} - $want->[0]{dts};
    my @bad = grep {
        my ($row, $packet) = ($rows[$_], $want->[$_]);
        $row->{dts} - $shift != $packet->{dts}
            || $row->{pts} - $shift != $packet->{pts}
            || ($row->{key} ? 1 : 0) != ($packet->{flags} =~ /^K/ ? 1 : 0)
            || grep { $row->{$_->[0]} != $packet->{$_->[1]} } @$fields
    } 0 .. $#rows;

    is(scalar @bad, 0, "track $track: every field of every sample")
        or diag(explain($rows[$bad[0]], $want->[$bad[0]]));
    return;
}


# MP4: tracks are ffprobe's streams in order.
sub same_mp4 {
    my ($file, $title) = @_;
    my ($json, $code, $err) = inspect('--all', $file);
    my $probe = ffprobe($file);

    is($code, 0, "$title: exit code") or diag($err);
    is($json->{format}, 'mp4', 'format');
    is($json->{size}, -s $file, 'size');
    is(scalar @{ $json->{tracks} }, scalar @{ $probe->{streams} }, 'tracks');

    for my $i (0 .. $#{ $probe->{streams} }) {
        my ($stream, $track) = ($probe->{streams}[$i], $json->{tracks}[$i]);
        my @packets = packets($probe, $i);
        my @keys = grep { $_->{flags} =~ /^K/ } @packets;
        my ($n, $d) = split m{/}, $stream->{time_base};

        is($track->{kind}, $stream->{codec_type}, "track $track->{id}: kind");
        is("1/$track->{timescale}", $stream->{time_base}, 'timescale');
        near($track->{duration}, $stream->{duration}, 0.1, 'duration');

        # of PCM, ffprobe makes packets of many

        next if $stream->{codec_name} =~ /^pcm/;

        is($track->{samples}, scalar @packets, 'samples');
        same_samples($file, $track->{id}, \@packets,
                     [[qw(size size)], [qw(offset pos)]]);

        next if $track->{kind} ne 'video';

        is_deeply([map { [sprintf('%.3f', $_->{time}), $_->{offset}] }
                       @{ $track->{keyframes}{table} }],
                  [map { [sprintf('%.3f', $_->{pts} / $d), $_->{pos}] }
                       @keys], 'key frames');
        is($track->{width}, $stream->{width}, 'width');
        is($track->{height}, $stream->{height}, 'height');
    }

    return $json;
}


# MPEG-TS: PIDs are ffprobe's ids.
sub same_ts {
    my ($file, $title) = @_;
    my ($json, $code, $err) = inspect('--all', $file);
    my $probe = ffprobe($file);
    my %pids = map { $_->{pid} => $_ } @{ $json->{pids} };

    is($code, 0, "$title: exit code") or diag($err);
    is($json->{format}, 'mpegts', 'format');

    for my $i (0 .. $#{ $probe->{streams} }) {
        my $stream = $probe->{streams}[$i];
        my $pid = $pids{hex $stream->{id}};
        my @packets = packets($probe, $i);

        ok($pid, "PID $stream->{id}") or next;

        # parsers cut PES packets of audio into frames, of which there are
        # more or less in the last one

        if ($stream->{codec_type} ne 'video') {
            near($pid->{duration}, $stream->{duration}, 0.5, 'duration');
            next;
        }

        near($pid->{duration}, $stream->{duration}, 0.1, 'duration');

        my @keys = grep { $_->{flags} =~ /^K/ } @packets;
        is($pid->{pes_packets}, scalar @packets, 'access units');
        is_deeply([map { [sprintf('%.3f', $_->{time}), $_->{offset}] }
                       @{ $pid->{keyframes}{table} }],
                  [map { [sprintf('%.3f', $_->{pts} / 90000), $_->{pos}] }
                       @keys], 'key frames');
        same_samples($file, $pid->{pid}, \@packets, [[qw(offset pos)]]);
    }

    return $json;
}


my @picture = ('-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25');
my @sound = ('-f', 'lavfi', '-i', 'sine=sample_rate=48000');
my @exact = qw(-fflags +bitexact -flags:v +bitexact -flags:a +bitexact
               -map_metadata -1 -threads 1);
my @h264 = qw(-c:v libx264 -preset veryfast -g 30 -keyint_min 30
              -sc_threshold 0 -b:v 200k);
my @aac = qw(-c:a aac -b:a 64k -ac 2);

my $progressive = media_file('inspect.mp4', @picture, @sound, @exact,
    '-t', 6, @h264, qw(-bf 2), @aac, qw(-movflags +faststart));
my $moov_last = media_file('inspect_last.mp4', @picture, @sound, @exact,
    '-t', 6, @h264, qw(-bf 2), @aac);
my $fragmented = media_file('inspect_frag.mp4', @picture, @sound, @exact,
    '-t', 6, @h264, qw(-bf 2), @aac,
    qw(-movflags frag_keyframe+empty_moov+default_base_moof+dash));
my $ts = media_file('inspect.ts', @picture, @sound, @exact, '-t', 6, @h264,
    qw(-bf 2), @aac, qw(-f mpegts));


sub test_agreement {
    my $json;

    $json = same_mp4($progressive, 'progressive');
    is($json->{tracks}[0]{codecs}, 'avc1.64000c', 'codecs');
    same_mp4($moov_last, 'moov at the end');

    $json = same_mp4($fragmented, 'fragmented');
    ok($json->{fragmented}, 'fragmented');
    cmp_ok(grep({ $_->{type} eq 'moof' } @{ $json->{boxes} }), '>', 3,
        'fragments');

    same_mp4(media_file('inspect_hevc.mp4', @picture, @sound, @exact,
        '-t', 2, qw(-c:v libx265 -tag:v hvc1 -g 25 -preset ultrafast
        -x265-params log-level=none -c:a ac3)), 'HEVC and AC-3');
    same_mp4(media_file('inspect_vp9.mp4', @picture, @sound, @exact, '-t', 2,
        qw(-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 20
        -c:a libopus)), 'VP9 and Opus');
    same_mp4(media_file('inspect_dv.mov', @picture, @sound, @exact, '-t', 1,
        qw(-c:v mjpeg -c:a pcm_s16le)), 'MJPEG and PCM in MOV');

    $json = same_ts($ts, 'MPEG-TS');
    is($json->{packet_size}, 188, 'packets');
    is($json->{programs}[0]{streams}[0]{type_name}, 'H.264', 'type');
    same_ts(media_file('inspect_mpeg2.ts', @picture, @sound, @exact, '-t', 3,
        qw(-c:v mpeg2video -g 12 -bf 2 -c:a mp2 -f mpegts)), 'MPEG-2');
    same_ts(media_file('inspect_hevc.ts', @picture, @sound, @exact, '-t', 2,
        qw(-c:v libx265 -g 25 -preset ultrafast -x265-params log-level=none
        -c:a ac3 -f mpegts)), 'HEVC and AC-3');
    $json = same_ts(media_file('inspect.m2ts', @picture, @sound, @exact,
        '-t', 3, @h264, qw(-bf 2 -c:a ac3 -mpegts_m2ts_mode 1 -f mpegts)),
        'packets of 192 bytes');
    is($json->{packet_size}, 192, 'packets');

    return;
}


# What is left of a file that was cut at n bytes.
sub cut {
    my ($file, $n, $what) = @_;
    my ($name) = $file =~ m{([^/]+)$};
    my $path = spew("cut-$name", substr slurp($file), 0, $n);
    my ($json, $code, $err) = inspect($path);

    is($code, 1, "$what: exit code");
    like($err, qr/^video-inspect: \Q$path\E: .*\bat \d+: [a-z]/, 'a message');
    cmp_ok($json->{errors}, '>', 0, 'errors');
    is($json->{faults}[0]{what}, ($err =~ /at \d+: (.*)/)[0], 'the same');

    return $json;
}


sub test_cut {
    my $size = -s $progressive;
    my $bytes = slurp($progressive);
    my $moov = index $bytes, 'moov';
    my $json;

    for my $percent (40, 60, 99) {
        $json = cut($progressive, int($size * $percent / 100),
            "progressive, $percent %");
        is($json->{tracks}[0]{samples}, 150, 'the samples are known');
        is($json->{tracks}[0]{error}{what}, 'samples lie outside the file',
            'some have no bytes');
        is($json->{boxes}[-1]{error}{what}, 'box is longer than the file',
            'mdat is cut');
    }

    $json = cut($progressive, index($bytes, 'stsz') + 100, 'within stsz');
    is($json->{tracks}[0]{codecs}, 'avc1.64000c', 'the codec is known');
    cut($progressive, $moov + 2, 'within a header');
    cut($progressive, $moov - 4, 'before moov');
    cut($moov_last, $size - 100, 'moov at the end');

    $json = cut($fragmented, int((-s $fragmented) * 0.7), 'fragmented');
    cmp_ok($json->{tracks}[0]{samples}, '>', 60, 'the first fragments');

    $json = cut($ts, 188 * 300 + 100, 'MPEG-TS within a packet');
    is($json->{packets}, 300, 'whole packets');
    is($json->{faults}[-1]{what}, 'the last packet is cut', 'the last is not');

    return;
}


sub test_damaged {
    my ($json, $code);
    my $bytes = slurp($ts);

    substr($bytes, 188 * 100, 188 * 3) = '';
    ($json, $code) = inspect(spew('holes.ts', $bytes));
    is($code, 1, 'packets are missing');

    srand 1;

    for my $n (1, 4, 100, 1000, 20000, 20000, 20000) {
        ($json, $code) = inspect(spew('garbage',
            pack 'C*', map { int rand 256 } 1 .. $n));
        is($code, 1, "$n random bytes");
        is($json->{format}, 'unknown', 'of no format');
    }

    ($json, $code) = inspect(spew('empty', ''));
    is($code, 1, 'an empty file');

    # random bytes after the first few of a good file, and within moov

    for my $file ($progressive, $fragmented, $ts) {
        for (1 .. 5) {
            $bytes = slurp($file);
            substr($bytes, rand 4000, 1) = chr rand 256 for 1 .. 20;
            ($json, $code) = inspect(spew('damaged', $bytes));
            cmp_ok($code, '<=', 1, 'damaged at random');
        }
    }

    return;
}


# Samples are not read: a hole of 100 GB in mdat costs nothing.
sub test_hole {
    my $bytes = slurp($moov_last);
    my $at = index $bytes, "free\0";
    my ($size) = unpack 'N', substr $bytes, $at + 4, 4;
    my $moov = substr $bytes, $at + 4 + $size;
    my $hole = 100 << 30;

    # "free" before mdat is there for a header of 64 bits

    my $path = spew('hole.mp4', substr($bytes, 0, $at - 4)
        . pack('NA4Q>', 1, 'mdat', 8 + $size + $hole)
        . substr($bytes, $at + 12, $size - 8));

    open my $fh, '+<:raw', $path or die "$path: $!\n";
    seek $fh, (-s $path) + $hole, 0;
    print $fh $moov;
    close $fh or plan skip_all => 'no room for a hole';

    my $start = time;
    my ($json, $code) = inspect($path);
    is($code, 0, 'an mdat of 100 GB');
    is($json->{tracks}[0]{samples}, 150, 'its samples');
    cmp_ok(time - $start, '<', 5, 'in no time');

    return;
}


sub test_usage {
    my ($code, $out, $err);

    ($code, $out) = run('--help');
    is($code, 0, '--help');
    like($out, qr/^usage: video-inspect/, 'usage');
    ($code, $out) = run('--version');
    like($out, qr/^video-inspect /, '--version');

    for my $args ([], ['--what', $ts], [$ts, $ts], ['--samples', 'x', $ts],
                  ['--samples', '', $ts], ['--samples', '99999999999', $ts],
                  ["$dir/none"], ["$dir"], ['/dev/null'],
                  ['--samples', 9, $ts], ['--samples', 9, $progressive])
    {
        ($code, $out, $err) = run(@$args);
        is($code, 2, "exit code of \"@$args\"");
        like($err, qr/^(?:usage|video-inspect|.*video-inspect: )/, 'told why');
    }

    is(system("$tool --all $progressive >/dev/full 2>$dir/err") >> 8, 2,
        'no room for the output');

    # text says the same

    ($code, $out) = run($progressive);
    is($code, 0, 'text');
    like($out, qr/^file ".*",\s+format mp4,\s+size \d+,\s+duration 6/, 'head');
    like($out, qr/^  id 1, kind video, codecs avc1\.64000c,/m, 'a track');
    like($out, qr/^    mvhd offset \d+, size 108,/m, 'a box');
    $out =~ s/\Q$dir\E//;      # its length is not ours
    unlike($out, qr/.{130}/, 'in lines');

    return;
}


for my $flavour (sort keys %tools) {
    $tool = $tools{$flavour};

    subtest "$flavour: agrees with ffprobe" => \&test_agreement;
    subtest "$flavour: files that are cut" => \&test_cut;
    subtest "$flavour: files that are damaged" => \&test_damaged;
    subtest "$flavour: the media is not read" => \&test_hole;
    subtest "$flavour: usage" => \&test_usage;
}

done_testing();
