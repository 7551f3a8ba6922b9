# Proves that every codec of Enhanced RTMP, and those that had numbers in FLV
# before it, comes out as it went in: the configuration in the init segment, all
# frames from the first key frame on, in time; and that it is named.
use strict;
use warnings;

use Test::More;
use List::Util qw(first max);
use Test::Video;
use Test::Video::Codecs;
use Test::Video::Corpus;
use Test::Video::Enhanced;
use Test::Video::Live;
use Test::Video::Media;
use Test::Video::VOD;

my $t = Test::Video->new(log_level => 'info');
$t->conf(live_conf(zone => '128m'))->run;

my @x264 = qw(-c:v libx264 -preset veryfast -sc_threshold 0);
my @x265 = qw(-c:v libx265 -preset ultrafast -tag:v hvc1 -x265-params
              log-level=none:keyint=25:min-keyint=25:scenecut=0:open-gop=0);
my $av1 = first { has_encoder($_) } qw(libsvtav1 libaom-av1);
my %av1 = ('libsvtav1' => [qw(-c:v libsvtav1 -preset 10)],
           'libaom-av1' => [qw(-c:v libaom-av1 -cpu-used 8 -usage realtime)]);
my @av1 = @{ $av1{$av1 // 'libaom-av1'} };
my @vp9 = qw(-c:v libvpx-vp9 -deadline realtime -cpu-used 8);

# Name, arguments of ffmpeg, options of video and of audio (see
# enhanced_packets); the number of the key frame that the stream starts with.
my @cases = (
    ['hevc_opus', [@x265, qw(-bf 2 -c:a libopus)], {}, {}],
    ['av1_flac', [@av1, qw(-c:a flac)], { delimiter => 1 }, {}],
    ['av1_flac_bare', [@av1, qw(-pix_fmt yuv420p10le -c:a flac -ar 96000
                                -sample_fmt s32)], { x => 1 }, { bare => 1 }],
    ['vp9_ac3', [@vp9, qw(-c:a ac3 -ac 6 -ar 44100)], {}, {}],
    ['vp9_bare', [@vp9, qw(-pix_fmt yuv420p10le -c:a libopus -ac 6
                           -frame_duration 60)],
                 { bare => 1, modex => 3 }, { modex => 300 }],
    ['vp9_opus_short', [@vp9, qw(-c:a libopus -ac 1 -frame_duration 2.5)], {},
                       {}],
    # nothing is known of this audio when the first picture comes
    ['h264_eac3', [@x264, qw(-bf 2 -c:a eac3 -ac 6 -ar 32000)], {}, {}, 1],
    ['hevc12_mp3', [@x265, qw(-pix_fmt yuv420p10le -bf 0 -c:a libmp3lame
                              -ar 44100)], { legacy => 1 }, { legacy => 1 }],
    ['h264_mp3', [@x264, qw(-bf 0 -c:a libmp3lame -ar 22050 -ac 1)],
                 { x => 1 }, {}],
    ['h264_aac', [@x264, qw(-bf 2 -c:a aac)], { x => 1 }, {}],
);

sub make {
    my ($name, @args) = @_;
    return media_file("live_$name.mp4",
        qw(-f lavfi -i testsrc2=size=320x180:rate=25 -f lavfi -i
           sine=f=440:r=48000),
        qw(-t 4 -pix_fmt yuv420p -g 25 -keyint_min 25 -ac 2), @args,
        qw(-strict -2 -threads 1 -fflags +bitexact -flags:v +bitexact
           -flags:a +bitexact -map_metadata -1 -f mp4));
}

# The encoders that arguments name and ffmpeg lacks.
sub lacks {
    my (@args) = @_;
    return grep { !has_encoder($_) }
           map { $args[$_] =~ /^-c:[va]$/ ? $args[$_ + 1] : () } 0 .. $#args;
}

# What a source decodes to: a picture a line, or samples.
sub decoded {
    my ($path, $type) = @_;
    my @noise = qw(-cons_noisegen 1);          # of AC-3: by the frame
    my @out = $type == 9 ? qw(-map 0:v:0 -fps_mode passthrough -f framemd5 -)
                         : qw(-map 0:a:0 -f s16le -);
    @noise = () if $type == 9 || $path !~ /ac3/;
    open my $fh, '-|', qw(ffmpeg -v fatal -nostdin), @noise, '-i', $path, @out
        or die "ffmpeg: $!\n";
    binmode $fh;
    return do { local $/; <$fh> } if $type == 8;
    return join ' ', map { /(\w{32})$/ } grep { !/^#/ } <$fh>;
}

# A box as it should be in the init segment.
sub comparable {
    my ($box, $bytes) = @_;
    return parameter_sets($bytes) if $box eq 'hvcC';
    return $bytes if $box ne 'esds';
    # not the bit rates between the object type and the AudioSpecificConfig
    my ($object, $size, $config) = $bytes
        =~ /\x04\x80*.(.).{12}(?:\x05\x80*(.)(.*))?/s;
    return $object . substr $config // '', 0, ord($size // "\0");
}

# The packets of a source that a stream from "base" ms on has come back with.
sub comes_back {
    my ($name, $source, $base) = @_;
    my $kind = $source->{type} == 9 ? 'v' : 'a';
    my @want = grep { $_->{dts} >= $base } @{ $source->{packets} };
    my $track = live_track($t, "/live/$name/${kind}0/index.m3u8") // {};
    my @is = @{ $track->{samples} // [] };

    my ($md5, $got) = map { join ' ', map { $_->{md5} } @$_ } \@want, \@is;
    ok $md5 && $md5 eq $got, "$name $kind: all packets, " . @want
        or diag(Test::Video::Corpus::differ($md5, $got));
    return if !@is;

    my ($entry, $box) = (entry_of(\$track->{init}, 0)->[0], $source->{box});
    my $file = slurp($source->{path});
    is $entry, entry_of(\$file, $source->{track})->[0],
        "$name $kind: sample entry";
    is unpack('H*', comparable($box, record(\$track->{init}, 0, $box) // '')),
        unpack('H*', comparable($box, $source->{record})),
        "$name $kind: $box is the file's";

    my $timing = $kind eq 'v' ? \&video_in_time : \&audio_in_time;
    $timing->($name, $track, \@want, \@is, $base, $source);
    in_segments($name, $kind, $track);

    $t->write_file("$name.$kind.mp4", $track->{init} . $track->{bytes});
    my $now = decoded($t->root . "/$name.$kind.mp4", $source->{type});
    my $then = decoded($source->{path}, $source->{type});
    if ($kind eq 'v') {
        my @pictures = split / /, $then;
        is $now, join(' ', splice @pictures, -@want),
            "$name v: every picture as before";
    } else {
        # not the second in which a decoder forgets that frames before are
        # missing, and not the end, which files may cut
        my $sample = 2 * $source->{channels};
        my $from = int(($base / 1000 + 1) * $source->{rate}) * $sample;
        my $part = substr $then, $from, length($then) - $from - 4096 * $sample;
        cmp_ok length $part, '>', $source->{rate} * $sample,
            "$name a: more than a second to compare";
        cmp_ok index($now, $part), '>=', 0, "$name a: every sample as before";
    }
    return;
}

# Presented when the publisher said.
sub video_in_time {
    my ($name, $track, $want, $is, $base) = @_;
    my @off = grep { abs($is->[$_]{pts} - ($want->[$_]{pts} - $base) / 1000)
                     > 1.1 / 90000 } 0 .. $#$is;
    is "@off", '', "$name v: presentation times";
    return;
}

# The first by its timestamp, the others without a gap, each as long as it is.
sub audio_in_time {
    my ($name, $track, $want, $is, $base, $source) = @_;
    my $scale = $track->{timing}{scale};
    is $scale, $source->{codec} eq 'opus' ? 48000 : $source->{rate},
        "$name a: ticks are samples";
    cmp_ok abs($is->[0]{dts} - ($want->[0]{dts} - $base) / 1000), '<=',
        1.1 / $scale, "$name a: the first in time";

    my $at = sprintf '%.0f', $is->[0]{dts} * $scale;
    my @off;
    for my $i (0 .. $#$is) {
        my ($dts, $length) = map { sprintf '%.0f', $is->[$i]{$_} * $scale }
                             qw(dts duration);
        push @off, "$i: $dts for $at" if $dts != $at;
        # the last frame of a file may be cut
        my $real = sprintf '%.0f', $want->[$i]{duration} * $scale;
        push @off, "$i lasts $length, not $real"
            if $i < $#$is && $length != $real;
        $at += $length;
    }
    is join(', ', @off), '', "$name a: to the tick";
    return;
}

# Once more at this time, as publishers do.
sub repeated {
    my ($ms, @tags) = @_;
    return map { { %$_, timestamp => $ms } } grep { $_->{header} } @tags;
}

# A list of what else the log says of a stream.
sub odd_lines {
    my ($name) = @_;
    return map { "$_\n" }
           grep { /"\Q$name\E"/ && !/ is published| is live: | ended, / }
           split /\n/, $t->log;
}

sub in_segments {
    my ($name, $kind, $track) = @_;
    my @said = map { $_->{duration} } grep { $_->{kind} eq 'segment' }
               @{ $track->{list}{items} };
    my @is = map { my $d = 0; $d += $_->{duration} for @$_; $d }
             @{ $track->{segments} };
    my @off = grep { abs($said[$_] - $is[$_]) > 0.001 } 0 .. $#is;
    is "@off", '', "$name $kind: EXTINF of " . @is;
    my @keys = grep { !$_->[0]{key} } @{ $track->{segments} };
    is scalar(@keys), 0, "$name $kind: each segment begins with a key frame";
    return;
}

# The codecs of the log's line, of the playlist and of the manifest.
sub named {
    my ($name, @sources) = @_;
    my ($live) = $t->log =~ /stream "\Q$name\E" is live: (\S+?),? /;
    my $mpd = $t->get("/live/$name/manifest.mpd")->body;
    my @said = split /,/, $live // '';
    is scalar(@said), scalar(@sources), "$name: is live: " . ($live // '');
    is join(',', attributes($t->get("/live/$name/master.m3u8")->body,
                            'CODECS')), $live, "$name: CODECS";
    is join(',', attributes($mpd, 'codecs')), $live, "$name: the manifest";

    for my $i (0 .. $#sources) {
        my $file = slurp($sources[$i]{path});
        my $want = quotemeta codec_of(\$file, $sources[$i]{track});
        like $said[$i] // '', qr/^$want(?![^.])/i,
            "$name: $sources[$i]{codec} is that";
    }
    return;
}


for my $case (@cases) {
    my ($name, $args, $v, $a, $first) = @$case;

    SKIP: {
        my ($lacks) = lacks(@$args);
        skip "$name: ffmpeg has no encoder $lacks", 1 if $lacks;

        my ($video, $audio) = enhanced_sources(make($name, @$args));
        my @tags = (enhanced_tags($video, %$v), enhanced_tags($audio, %$a));
        ok eval {
            live_sent($t, $name, [in_time(@tags, repeated(1990, @tags))])->end;
            1;
        }, "$name: is taken" or diag($@, odd_lines($name));

        my @keys = grep { $_->{key} } @{ $video->{packets} };
        named($name, $video, $audio);
        comes_back($name, $_, $keys[$first // 0]{dts}) for $video, $audio;
        is join('', odd_lines($name)), '',
            "$name: headers again change nothing";
    }
}

# --- one track --------------------------------------------------------------

# Announced by its FourCC: at once, without the second that others get.
for my $case (['hevc_opus', 0], ['hevc_opus', 1], ['vp9_ac3', 0],
              ['vp9_ac3', 1])
{
    my ($of, $track) = @$case;
    my $word = ('videocodecid', 'audiocodecid')[$track];
    my ($args) = map { $_->[1] } grep { $_->[0] eq $of } @cases;

    SKIP: {
        my ($lacks) = lacks(@$args);
        skip "$of alone: ffmpeg has no encoder $lacks", 1 if $lacks;

        my $source = (enhanced_sources(make($of, @$args)))[$track];
        my $name = "only_$source->{codec}";
        my @tags = enhanced_tags($source);
        my @start = grep { $_->{timestamp} < 500 } @tags;
        my $feed = live_sent($t, $name, \@start, metadata => {
            $word => unpack 'N', $source->{fourcc} });
        is stream_status($t, $name)->{state}, 'live', "$name: at once";
        $feed->send(@tags[@start .. $#tags]);
        $feed->end;
        named($name, $source);
        comes_back($name, $source, $source->{packets}[0]{dts});
    }
}

# --- audio that comes too late ----------------------------------------------

for my $of ('hevc_opus', 'vp9_ac3') {
    my ($args) = map { $_->[1] } grep { $_->[0] eq $of } @cases;

    SKIP: {
        my ($lacks) = lacks(@$args);
        skip "late: ffmpeg has no encoder $lacks", 1 if $lacks;

        my ($video, $audio) = enhanced_sources(make($of, @$args));
        my $name = "late_$audio->{codec}";
        live_sent($t, $name, [in_time(enhanced_tags($video),
                                      enhanced_tags($audio, late => 2500))])
            ->end;

        # the second that is waited for is over
        my @packets = @{ $video->{packets} };
        my ($key) = grep { $_->{key} && $_->{dts} > 1000 + $packets[0]{dts} }
                    @packets;
        named($name, $video);
        comes_back($name, $video, $key->{dts});
        my @odd = odd_lines($name);
        is scalar(@odd), 1, "$name: one line";
        like $odd[0], qr/\[warn\].* audio came too late and is left out/,
            "$name: it is left out";
    }
}

$t->finish;
done_testing;
