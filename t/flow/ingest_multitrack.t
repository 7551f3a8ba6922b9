# Proves that the tracks of a multitrack message, of each of its three kinds,
# are renditions and audio of one stream with the same segments; that tracks
# which don't fit are served or left out with a word about it; and that an
# aggregate message is what its tags are.
use strict;
use warnings;

use List::Util qw(max);
use Test::More;
use Test::Video;
use Test::Video::Codecs;
use Test::Video::Corpus;
use Test::Video::Enhanced;
use Test::Video::Live;
use Test::Video::Media;

my $t = Test::Video->new(log_level => 'info');
$t->conf(live_conf(zone => '128m', rtmp => 'video_audio_fill 0;'))->run;

my @x264 = qw(libx264 -preset:v:N veryfast -sc_threshold:v:N 0 -bf:v:N 0);

# Four seconds: 360p and 180p, and two tones.  Arguments by the number of the
# track: "v0", "v1", "a1" (codec and more).
sub make {
    my ($name, %o) = @_;
    my %v = (v0 => \@x264, v1 => \@x264, a0 => ['aac'], a1 => ['aac'],
             gop => 25, %o);
    my @codecs = map {
        my ($kind, $n) = /(.)(.)/;
        map { s/\bN\b/$n/r } "-c:$kind:N", @{ $v{$_} };
    } qw(v0 v1 a0 a1);

    return media_file("tracks_$name.mp4",
        qw(-f lavfi -i testsrc2=size=640x360:rate=25
           -f lavfi -i testsrc2=size=320x180:rate=25
           -f lavfi -i sine=f=440:r=48000 -f lavfi -i sine=f=880:r=48000
           -map 0 -map 1 -map 2 -map 3 -t 4 -pix_fmt yuv420p -g:v:0 25
           -keyint_min:v:0 25 -g:v:1), $v{gop}, '-keyint_min:v:1', $v{gop},
        @codecs, qw(-strict -2 -threads 1 -fflags +bitexact -flags:v +bitexact
                    -flags:a +bitexact -map_metadata -1 -f mp4));
}

# A publisher that says all this and ends.
sub sent {
    my ($name, @tags) = @_;
    ok eval { live_sent($t, $name, [in_time(@tags)])->end; 1 },
        "$name: is taken" or diag($@, odd_lines($name));
    return;
}

# What else the log says of a stream.
sub odd_lines {
    my ($name) = @_;
    return map { "$_\n" }
           grep { /"\Q$name\E"/ && !/ is published| is live: | ended, / }
           split /\n/, $t->log;
}

# The tracks as they are served, by name: all packets of their sources from the
# first picture on, or after it by some ms, "from_v1".
sub served_as {
    my ($name, %source) = @_;
    my $start = $source{v0}{packets}[0]{dts};
    my %track;

    for my $id (sort grep { !/from/ } keys %source) {
        my $track = live_track($t, "/live/$name/$id/index.m3u8") // {};
        my $base = $start + ($source{"from_$id"} // 0);
        my $want = join ' ', map { $_->{md5} } grep { $_->{dts} >= $base }
                             @{ $source{$id}{packets} };
        my $got = join ' ', map { $_->{md5} } @{ $track->{samples} // [] };
        ok $want && $got eq $want, "$name $id: all packets"
            or diag(Test::Video::Corpus::differ($want, $got));
        $track{$id} = $track;
    }
    return %track;
}

# Segments of a number begin together: video with the picture of that time,
# audio with its first frame after the decode time.  A track that comes later
# may begin within one, and audio within the first.
sub same_segments {
    my ($name, %track) = @_;
    my @msns = segment_msns($track{v0}{list});
    my %start;
    @start{@msns} = map { $_->[0] } @{ $track{v0}{segments} };
    cmp_ok scalar(@msns), '>=', 4, "$name: segments";

    for my $id (grep { $_ ne 'v0' } sort keys %track) {
        my @own = segment_msns($track{$id}{list});
        my @off;
        is $own[-1], $msns[-1], "$name $id: the same last segment";
        for my $n (0 .. $#own) {
            my ($sample) = @{ $track{$id}{segments}[$n] };
            my $time = $id =~ /^v/ ? 'pts' : 'dts';
            my $late = $sample->{$time} - ($start{$own[$n]}{$time} // -1);
            my $room = $id =~ /^v/ ? 0 : $sample->{duration};
            $room = 0.999 if $n == 0 && ($own[0] > $msns[0] || $id =~ /^a/);
            push @off, sprintf '%d by %.4f s', $own[$n], $late
                if $late < -1e-6 || $late > $room + 1e-6;
        }
        is join(', ', @off), '', "$name $id: segments begin where v0's do";
    }
    return;
}

# The names in the master playlist and in the manifest.
sub listed {
    my ($name, @ids) = @_;
    my $master = $t->get("/live/$name/master.m3u8")->body;
    my %uri = map { $_ => 1 } $master =~ m{^(\w+)/index\.m3u8$}mg,
                              $master =~ m{URI="(\w+)/index\.m3u8"}g;
    is join(' ', sort keys %uri), join(' ', sort @ids), "$name: master";
    my $mpd = $t->get("/live/$name/manifest.mpd")->body;
    is join(' ', sort $mpd =~ /<Representation\b[^>]*\bid="(\w+)"/g),
        join(' ', sort @ids), "$name: manifest";
    return $master;
}


# --- three kinds of messages ------------------------------------------------

my ($large, $small, $low, $high) = enhanced_sources(make('same'));

my %sent = (
    # as OBS does: the first track has plain messages
    plain_and_one => [
        enhanced_tags($large), enhanced_tags($small, track => 1,
                                             multitrack => 'one'),
        enhanced_tags($low, legacy => 1),
        enhanced_tags($high, track => 1, multitrack => 'one')],
    one => [
        enhanced_tags($large, track => 0, multitrack => 'one', x => 1),
        enhanced_tags($small, track => 1, multitrack => 'one', modex => 3),
        enhanced_tags($low, track => 0, multitrack => 'one'),
        enhanced_tags($high, track => 1, multitrack => 'one', modex => 300)],
    many => [
        enhanced_together({ multitrack => 'many' }, [$large],
                          [$small, track => 1]),
        enhanced_together({ multitrack => 'many', modex => 3 }, [$low],
                          [$high, track => 1])],
    codecs => [
        enhanced_together({ multitrack => 'codecs' }, [$large, x => 1],
                          [$small, x => 1, track => 1]),
        enhanced_together({ multitrack => 'codecs' }, [$low],
                          [$high, track => 1])],
);

for my $name (sort keys %sent) {
    sent($name, @{ $sent{$name} });
    my $master = listed($name, qw(v0 v1 a0 a1));
    is join(' ', sort $master =~ /RESOLUTION=(\d+x\d+)/g), '320x180 640x360',
        "$name: two sizes";
    my %track = served_as($name, v0 => $large, v1 => $small, a0 => $low,
                          a1 => $high);
    same_segments($name, %track);
    is join('', odd_lines($name)), '', "$name: without a word";
}

# The publisher's numbers give the order, not what comes first.  What comes
# before the first picture of the track that leads is not shown: of other video
# all up to its next key frame.
sent('numbers', enhanced_tags($large, track => 200, multitrack => 'one'),
     enhanced_tags($small, track => 7, multitrack => 'one'),
     enhanced_tags($low, track => 255, multitrack => 'one'),
     enhanced_tags($high, track => 254, multitrack => 'one'));
listed('numbers', qw(v0 v1 a0 a1));
same_segments('numbers', served_as('numbers', v0 => $small, v1 => $large,
                                   from_v1 => 1000, a0 => $high, a1 => $low));

# Sound whose header comes in time, and its frames much later.
my $silence = 1500;
sent('silent', enhanced_tags($large),
     grep { $_->{header} || $_->{timestamp} >= $silence } enhanced_tags($low));
listed('silent', qw(v0 a0));
same_segments('silent', served_as('silent', v0 => $large, a0 => $low,
    from_a0 => $silence - $large->{packets}[0]{dts}));

# --- other distances of decoding and presenting -----------------------------

# Two pictures are decoded ahead: of one rendition, or of the one that leads.
my @ahead = map { s/^0$/2/r } @x264;
my ($plain, $deep, $sound) = enhanced_sources(make('deep', v1 => \@ahead));
sent('deep', enhanced_tags($plain), enhanced_tags($sound),
     enhanced_tags($deep, track => 1, multitrack => 'one'));
same_segments('deep', served_as('deep', v0 => $plain, v1 => $deep,
                                from_v1 => 900, a0 => $sound));
is join('', odd_lines('deep')), '', 'deep: without a word';

sent('deep_leads', enhanced_tags($deep), enhanced_tags($sound),
     enhanced_tags($plain, track => 1, multitrack => 'one'));
same_segments('deep_leads', served_as('deep_leads', v0 => $deep, v1 => $plain,
                                      a0 => $sound));
is join('', odd_lines('deep_leads')), '', 'deep_leads: without a word';

# --- not side by side -------------------------------------------------------

# Frames that are sent this much later than those of the track that leads.
sub apart {
    my ($ms, @tags) = @_;
    return map { { %$_, sent => $_->{header} ? -5000
                                             : $_->{timestamp} + $ms } } @tags;
}

# v1, a0 and a1: what is ahead waits for the cut, but for the first one.  Each
# has a clock of its own.
for my $case ([400, 0, 0], [-400, 0, 0], [-300, 400, 800], [0, -700, -900],
              [800, 0, 900]) {
    my $name = join '_', 'apart', map { s/-/m/r } @$case;
    my ($v1, $a0, $a1) = @$case;
    sent($name, apart(0, enhanced_tags($large)),
         apart($v1, enhanced_tags($small, track => 1, multitrack => 'one')),
         apart($a0, enhanced_tags($low)),
         apart($a1, enhanced_tags($high, track => 1, multitrack => 'one')));
    same_segments($name, served_as($name, v0 => $large, v1 => $small,
        a0 => $low, a1 => $high, from_v1 => $v1 < 0 ? 1000 : 0,
        from_a0 => max(0, -$a0), from_a1 => max(0, -$a1)));
    is join('', odd_lines($name)), '', "$name: without a word";
}

# --- each its own codec -----------------------------------------------------

SKIP: {
    my ($lacks) = grep { !has_encoder($_) } qw(libx265 libopus);
    skip "codecs: ffmpeg has no encoder $lacks", 1 if $lacks;

    my @x265 = ('libx265', qw(-preset:v:N ultrafast -tag:v:N hvc1 -x265-params
        log-level=none:keyint=25:min-keyint=25:scenecut=0:open-gop=0:bframes=0)
    );
    my ($hevc, $avc, $aac, $opus) = enhanced_sources(
        make('mixed', v0 => \@x265, a1 => ['libopus']));
    sent('mixed',
        enhanced_together({ multitrack => 'codecs' }, [$hevc],
                          [$avc, track => 1]),
        enhanced_together({ multitrack => 'codecs' }, [$aac],
                          [$opus, track => 1]));
    my $master = listed('mixed', qw(v0 v1 a0 a1));
    my %codecs = map { (s/\..*//sr => 1) } attributes($master, 'CODECS');
    is join(' ', sort keys %codecs), 'Opus avc1 hvc1 mp4a', 'mixed: CODECS';
    same_segments('mixed', served_as('mixed', v0 => $hevc, v1 => $avc,
                                     a0 => $aac, a1 => $opus));
    is join('', odd_lines('mixed')), '', 'mixed: without a word';
}

# --- two workers ------------------------------------------------------------

my %by_worker;
wait_for {
    my $pid = $t->get('/pid', keep => 1);
    my $list = $t->get('/live/many/v1/index.m3u8', over => $pid);
    $by_worker{$pid->body} = $list->body;
    return keys %by_worker == 2;
} 10;
my @lists = values %by_worker;
is scalar(@lists), 2, 'a playlist from each of two workers';
is $lists[0], $lists[1], 'they are the same';
like $lists[0], qr/^#EXT-X-ENDLIST$/m, 'and whole';

# --- key frames elsewhere ---------------------------------------------------

my ($lead, $apart) = enhanced_sources(make('apart', gop => 40));
sent('apart', enhanced_tags($lead),
     enhanced_tags($apart, track => 1, multitrack => 'one'),
     enhanced_tags($low), enhanced_tags($high, track => 1,
                                        multitrack => 'one'));
listed('apart', qw(v0 v1 a0 a1));
my %track = served_as('apart', v0 => $lead, v1 => $apart, a0 => $low,
                      a1 => $high);
delete $track{v1};
same_segments('apart', %track);
my @odd = odd_lines('apart');
is scalar(@odd), 1, 'apart: one line';
like $odd[0] // '', qr/\[warn\].* video track 1 has no key frame where /,
    'apart: about the track';

# --- too many ---------------------------------------------------------------

sent('nine', enhanced_tags($large),
     map { enhanced_tags($low, track => $_, multitrack => 'one') } 0 .. 7);
listed('nine', 'v0', map { "a$_" } 0 .. 6);
same_segments('nine', served_as('nine', v0 => $large,
                                map { ("a$_" => $low) } 0 .. 6));
@odd = odd_lines('nine');
is scalar(@odd), 1, 'nine: one line';
like $odd[0] // '', qr/\[warn\].* more than 8 tracks, audio track 7 is left /,
    'nine: about the track';

# --- aggregate messages -----------------------------------------------------

my @tags = in_time(@{ $sent{many} });
my $wrap = 2 ** 32 - 1500;
my @late = map { { %$_, timestamp => $_->{timestamp} + $wrap } } @tags;
ok +(grep { $late[$_ - 1]{timestamp} < 2 ** 32 && $late[$_]{timestamp}
            >= 2 ** 32 && $_ % 3 } 1 .. $#late),
    'there is a message around 2^32';

my %aggregates = (
    'three'   => [aggregates(3, \@tags)],
    'all'     => [aggregates(30, \@tags)],
    'zero'    => [aggregates(3, \@tags, first => 0)],
    'wrapped' => [aggregates(3, \@late)],
    'other'   => [aggregates(3, \@tags, first => 2 ** 32 - 10)],
);

for my $name (sort keys %aggregates) {
    sent("by_$name", @{ $aggregates{$name} });
    my %is = served_as("by_$name", v0 => $large, v1 => $small, a0 => $low,
                       a1 => $high);
    for my $id (sort keys %is) {
        my $single = live_track($t, "/live/many/$id/index.m3u8");
        # but for the time at which they were sent
        s/prft.{24}//gs for $is{$id}{bytes}, $single->{bytes};
        ok $is{$id}{bytes} && $is{$id}{bytes} eq $single->{bytes},
            "by_$name $id: to the byte as sent singly";
    }
}

$t->finish;
done_testing;
