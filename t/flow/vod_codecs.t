# Proves that files of every codec that is packaged are played whole by HLS,
# DASH and, what they can carry, transport streams; that CODECS, VIDEO-RANGE and
# CHANNELS are what the files' own records say; and that boxes of the sample
# entry that concern colour come through as they are.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Codecs;
use Test::Video::Corpus;
use Test::Video::Media;
use Test::Video::VOD;

my $t = Test::Video->new;
$t->conf(vod_conf(workers => 2, http => 'video_segment 1s;'))->run;

my @exact = qw(-fflags +bitexact -flags:v +bitexact -flags:a +bitexact
               -map_metadata -1);
my @h264 = qw(-c:v libx264 -preset ultrafast -bf 2);
my @aac = qw(-c:a aac -b:a 64k);
my @pq = qw(-color_primaries bt2020 -color_trc smpte2084 -colorspace
            bt2020nc);
my @hlg = qw(-color_primaries bt2020 -color_trc arib-std-b67 -colorspace
             bt2020nc);
my @x265 = qw(-c:v libx265 -preset ultrafast -x265-params
              log-level=none:keyint=25:min-keyint=25:scenecut=0);
my ($av1) = grep { has_encoder($_) } qw(libsvtav1 libaom-av1);
my %av1 = ('libsvtav1' => [qw(-c:v libsvtav1 -preset 10)],
           'libaom-av1' => [qw(-c:v libaom-av1 -cpu-used 8 -usage realtime)]);
my @av1 = @{ $av1{$av1 // 'libaom-av1'} };

sub ten_bit { return (@_, qw(-pix_fmt yuv420p10le)) }

# name => [what is needed, arguments, whether a transport stream carries it]
my @cases = (
    ['h264_baseline', [qw(-c:v libx264 -preset ultrafast -profile:v baseline),
                       @aac, '-ac', 1], 1],
    ['h264_high', [qw(-c:v libx264 -profile:v high -preset veryfast), @aac], 1],
    ['h264_high10', [ten_bit(qw(-c:v libx264 -preset veryfast)), @aac], 1],
    ['aac_51', [@h264, @aac, qw(-ac 6)], 1],
    ['mp3', [@h264, qw(-c:a libmp3lame)], 1],
    ['mp3_mono', [@h264, qw(-c:a libmp3lame -ac 1 -ar 22050)], 1],
    ['ac3', [@h264, qw(-c:a ac3 -ac 6)], 1],
    ['eac3', [@h264, qw(-c:a eac3 -ac 6)], 1],
    ['opus', [@h264, qw(-c:a libopus)]],
    ['flac', [@h264, qw(-c:a flac -strict -2)]],
    ['hvc1', [@x265, qw(-tag:v hvc1), @aac]],
    ['hev1', [@x265, qw(-tag:v hev1), @aac]],
    ['hvc1_pq', [ten_bit(@x265), @pq, qw(-tag:v hvc1), @aac]],
    ['hvc1_hlg', [ten_bit(@x265), @hlg, qw(-tag:v hvc1), @aac]],
    ['av1', [@av1, @aac], 0, $av1 // 'an AV1 encoder'],
    ['av1_pq', [ten_bit(@av1), @pq, @aac], 0, $av1 // 'an AV1 encoder'],
    ['vp9', [qw(-c:v libvpx-vp9 -deadline realtime -cpu-used 8), @aac]],
);

sub make {
    my ($name, @args) = @_;
    return media_file("codec_$name.mp4",
        qw(-f lavfi -i testsrc2=size=160x90:rate=25 -f lavfi -i
           sine=f=440:r=48000),
        qw(-t 3 -pix_fmt yuv420p -g 25 -keyint_min 25 -sc_threshold 0
           -ac 2), @args, qw(-threads 1), @exact, qw(-f mp4));
}


for my $case (@cases) {
    my ($name, $args, $ts, $needs) = @$case;
    my @needs = $needs // (grep { defined } map {
        $args->[$_] =~ /^-c:[va]$/ ? $args->[$_ + 1] : undef } 0 .. $#$args);

    SKIP: {
        my ($lacks) = grep { !has_encoder($_) } @needs;
        skip "$name: ffmpeg has no encoder $lacks", 1 if $lacks;

        my $path = make($name, @$args);
        my $bytes = slurp($path);
        $t->write_file("html/$name.mp4", $bytes);
        my $got = plays_whole($t, "$name.mp4", $path);
        plays_ts($t, "$name.mp4", $path, source => $got->{source}) if $ts;

        my $master = $t->get("/vod/$name.mp4/master.m3u8")->body;
        my $mpd = $t->get("/vod/$name.mp4/manifest.mpd")->body;
        # vod_iframe.t has those
        $master =~ s/^#EXT-X-I-FRAME.*\n//mg;
        $mpd = join '', grep { !/trickmode/ } split m{(?=<AdaptationSet)}, $mpd;
        my @want = map { codec_of(\$bytes, $_) } 0, 1;

        for ([hls => $master, 'CODECS'], [dash => $mpd, 'codecs']) {
            my ($kind, $text, $attribute) = @$_;
            my @said = attributes($text, $attribute);
            s/^opus$/Opus/i, s/^flac$/fLaC/i for @said;
            my $start = quotemeta lc $want[0];
            is scalar(@said), 2, "$name $kind: two codecs";
            like lc $said[0], qr/^$start(?![^.])/,
                "$name $kind: $said[0]";
            is lc $said[1], lc $want[1], "$name $kind: $said[1]";
        }

        my $range = $name =~ /_pq/ ? 'PQ' : $name =~ /_hlg/ ? 'HLG' : '';
        my ($said) = $master =~ /VIDEO-RANGE=(\w+)/;
        $said = '' if ($said // '') eq 'SDR';
        is $said // '', $range, "$name: VIDEO-RANGE" if $range || $said;

        my ($channels) = `ffprobe -v error -select_streams a @{[
            ]}-show_entries stream=channels -of csv=p=0 $path` =~ /(\d+)/;
        TODO: {
            # ffmpeg's sample entries say 2; the truth is in MP3's frames
            local $TODO = 'not read' if $name eq 'mp3_mono';
            is +(attributes($master, 'CHANNELS'))[0], $channels,
                "$name: CHANNELS";
        }

        # the records themselves are what they were
        my ($record) = grep { defined record(\$bytes, 0, $_) }
                       qw(avcC hvcC av1C vpcC);
        for my $type ($record, 'colr') {
            my $want = record(\$bytes, 0, $type) // next;
            my $is = record(\$got->{v}{bytes}, 0, $type) // '';
            ($want, $is) = map { parameter_sets($_) } $want, $is
                if $type eq 'hvcC';
            is unpack('H*', $is), unpack('H*', $want),
                "$name: $type is the file's";
        }
    }
}

# --- two codecs of audio: two groups ----------------------------------------

SKIP: {
    skip 'ffmpeg has no encoder ac3', 1 unless has_encoder('ac3');
    my $path = make('two_audio', @h264, qw(-map 0:v -map 1:a -map 1:a -c:a:0
                                           aac -c:a:1 ac3));
    $t->write_file('html/two.mp4', slurp($path));
    my $master = $t->get('/vod/two.mp4/master.m3u8')->body;
    my @groups = $master =~ /^#EXT-X-MEDIA:.*GROUP-ID="([^"]+)"/mg;
    my @variants = $master =~ /^#EXT-X-STREAM-INF:(.*)$/mg;

    is scalar(keys %{ { map { $_ => 1 } @groups } }), 2,
        'two codecs: two groups';
    is scalar(@variants), 2, 'a variant for each';
    for ([qr/mp4a\.40\.2/, 'aac', 'a0'], [qr/ac-3/, 'ac-3', 'a1']) {
        my ($codec, $name, $track) = @$_;
        my ($variant) = grep { /CODECS="[^"]*$codec/ } @variants;
        my ($group) = $variant =~ /AUDIO="([^"]+)"/;
        like $master, qr{GROUP-ID="\Q$group\E".*URI="$track/index\.m3u8"},
            "$name: its group";
    }
    my @sets = $t->get('/vod/two.mp4/manifest.mpd')->body
        =~ /<AdaptationSet[^>]*contentType="audio"/g;
    is scalar(@sets), 2, 'two adaptation sets';

    my $second = served($t, 'two.mp4', 'a1');
    my $path2 = media_file('codec_two_second.mp4', '-i', $path,
        qw(-map 0:v -map 0:a:1 -c copy), @exact, qw(-f mp4));
    is join(' ', map { $_->{md5} } map { @$_ } @{ $second->{parts} }),
        join(' ', map { $_->{md5} } @{ packets_of($path2, 'a')->()->{a} }),
        'the second is whole';
}

# --- boxes of colour --------------------------------------------------------

my %box = (
    colr => pack('N a4 a4 n3 C', 19, 'colr', 'nclx', 9, 16, 9, 0),
    mdcv => pack('N a4 n8 N2', 32, 'mdcv', 13250, 34500, 7500, 3000, 34000,
                 16000, 15635, 16450, 10_000_000, 50),
    clli => pack('N a4 n2', 12, 'clli', 1000, 400),
    pasp => pack('N a4 N2', 16, 'pasp', 1, 1),
);

for my $name ('hvc1_pq', 'h264_high') {
    next unless has_encoder($name eq 'h264_high' ? 'libx264' : 'libx265');
    my ($args) = map { $_->[1] } grep { $_->[0] eq $name } @cases;
    my $path = make($name, @$args);
    my $bytes = slurp($path);
    my $entry = entry_of(\$bytes, 0);
    my %had = map { $_->[0] => 1 } boxes(\$bytes, @$entry[1, 2]);
    my $new = join '', map { $box{$_} } grep { !$had{$_} } sort keys %box;
    $bytes = insert_at($bytes, $entry->[2], $new);
    $t->write_file("html/colour_$name.mp4", $bytes);

    my $got = plays_whole($t, "colour_$name.mp4", $path, demux => 0);
    for my $type (qw(colr mdcv clli)) {
        my $want = record(\$bytes, 0, $type);
        is unpack('H*', record(\$got->{v}{bytes}, 0, $type) // ''),
            unpack('H*', $want), "$name: $type, byte for byte";
    }
    is +($t->get("/vod/colour_$name.mp4/master.m3u8")->body
         =~ /VIDEO-RANGE=(\w+)/)[0], 'PQ', "$name: colr says PQ";
}

$t->finish;
done_testing;
