# Proves that what some publishers do is no end of a stream and no burden: a
# track that falls silent or has no key frames, one that is behind the others,
# sound of another rate in mid-stream, headers with more than is needed.
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

# segments of 1 s: a track goes on by itself after 10 s, without a key frame
# after 20 s; and more parts than a segment may have in 41 s
my $t = Test::Video->new(log_level => 'info');
$t->conf(live_conf(zone => '128m', part => '50ms', window => '80s',
                   rtmp => 'video_audio_fill 0;'))->run;

my @x264 = qw(-c:v libx264 -preset veryfast -sc_threshold 0 -bf 0);

# Pictures of two sizes and a tone, a minute; and that many frames apart.
sub make {
    my ($gop) = @_;
    return media_file("odd_$gop.mp4",
        qw(-f lavfi -i testsrc2=size=160x90:rate=25
           -f lavfi -i testsrc2=size=96x54:rate=25
           -f lavfi -i sine=f=440:r=48000 -map 0 -map 1 -map 2 -t 60
           -pix_fmt yuv420p -g:v:0 25 -keyint_min 25 -g:v:1), $gop, @x264,
        qw(-c:a aac -threads 1 -fflags +bitexact -flags:v +bitexact
           -flags:a +bitexact -map_metadata -1 -f mp4));
}

# A tone as this codec.
sub tone {
    my ($name, $encoder, @args) = @_;
    my ($source) = enhanced_sources(media_file("tone_$name.mp4",
        qw(-f lavfi -i sine=f=440:r=48000 -t 4 -c:a), $encoder, @args,
        qw(-strict -2 -threads 1 -fflags +bitexact -flags:a +bitexact
           -map_metadata -1 -f mp4)));
    return $source;
}

# What else the log says of a stream.
sub odd_lines {
    my ($name) = @_;
    return map { "$_\n" }
           grep { /"\Q$name\E"/ && !/ is published| is live: | ended, / }
           split /\n/, $t->log;
}

# A publisher that says all this and ends.
sub sent {
    my ($name, @tags) = @_;
    ok eval { live_sent($t, $name, [in_time(@tags)])->end; 1 },
        "$name: is taken" or diag($@, odd_lines($name));
    return;
}

# One line for each of these, and no others.
sub says {
    my ($name, @words) = @_;
    my @odd = odd_lines($name);
    is scalar(@odd), scalar(@words), "$name: so many lines" or diag(@odd);
    for my $word (@words) {
        my @about = grep { /\[warn\].* $word/ } @odd;
        is scalar(@about), 1, "$name: $word";
    }
    return;
}

sub sizes {
    my ($name) = @_;
    my $master = $t->get("/live/$name/master.m3u8")->body;
    return join ' ', sort $master =~ /RESOLUTION=(\d+x\d+)/g;
}

sub sums { return join ' ', map { $_->{md5} } @_ }

my ($large, $small, $sound) = enhanced_sources(make(25));
my $start = $large->{packets}[0]{dts};

# All that was sent of a track from the first picture on is there; the longest
# segment, s.
sub whole {
    my ($name, $id, @packets) = @_;
    my $track = live_track($t, "/live/$name/$id/index.m3u8") // {};
    my @samples = @{ $track->{samples} // [] };
    my $want = sums(grep { $_->{dts} >= $start } @packets);
    my $got = sums(@samples);
    ok $want && $want eq $got, "$name $id: all packets"
        or diag(Test::Video::Corpus::differ($want, $got));
    my @back = grep { $samples[$_]{dts} < $samples[$_ - 1]{dts} }
               1 .. $#samples;
    is "@back", '', "$name $id: in their order";
    return max 0, map { $_->{duration} }
                  grep { $_->{kind} eq 'segment' } @{ $track->{list}{items} };
}

# From and up to some ms.
sub part {
    my ($from, $to, @tags) = @_;
    return grep { $_->{header} || ($_->{timestamp} >= $from
                                   && $_->{timestamp} < $to) } @tags;
}

my @lead = enhanced_tags($large);
my @other = enhanced_tags($small, track => 1, multitrack => 'one');
my @all_sound = enhanced_tags($sound);
my @heard = part(0, 5000, @all_sound);

# --- the track that leads falls silent --------------------------------------

my ($gone, $back) = (3000, 55_000);
my @silent = in_time(part(0, $gone, @lead), part($back, 60_000,
                     grep { !$_->{header} } @lead), @other, @all_sound);
my $feed = live_sent($t, 'silent', []);
my $all = eval {
    $feed->send(grep { $_->{timestamp} < 50_000 } @silent);
    my %newest = map {
        $_ => (segment_msns(media_list($t, "/live/silent/$_/index.m3u8")))[-1]
    } qw(v0 v1 a0);
    cmp_ok $newest{$_} - $newest{v0}, '>=', 3, "silent: $_ goes on alone"
        for qw(v1 a0);
    $feed->send(grep { $_->{timestamp} >= 50_000 } @silent);
    $feed->end;
    1;
};
ok $all, 'silent: is taken' or diag($@, odd_lines('silent'));
whole('silent', 'v0', grep { $_->{dts} < $gone || $_->{dts} >= $back }
                      @{ $large->{packets} });
cmp_ok whole('silent', 'v1', @{ $small->{packets} }), '<=', 11.1,
    'silent v1: no segment without end';
cmp_ok whole('silent', 'a0', @{ $sound->{packets} }), '<=', 11.1,
    'silent a0: no segment without end';
says('silent', 'video track 1 goes on without ', 'audio goes on without ');

# --- key frames that don't come ---------------------------------------------

my ($with, $without) = enhanced_sources(make(9999));
sent('keyless', enhanced_tags($with),
     enhanced_tags($without, track => 1, multitrack => 'one'), @all_sound);
cmp_ok whole('keyless', 'v0', @{ $with->{packets} }), '<=', 1.1,
    'keyless v0: segments as ever';
cmp_ok whole('keyless', 'v1', @{ $without->{packets} }), '<=', 20.1,
    'keyless v1: no segment without end';
says('keyless', 'video track 1 has no key frame where ');

# --- a first track that never begins ----------------------------------------

my @first = enhanced_tags($large, track => 3, multitrack => 'one');
my @second = part(0, 5000, enhanced_tags($small, track => 5,
                                         multitrack => 'one'));
my %key = map { $_->{dts} => 1 } grep { $_->{key} } @{ $large->{packets} };

my %blocked = (
    nothing => [grep { $_->{header} } @first],
    no_keys => [grep { $_->{header} || !$key{$_->{timestamp}} }
                part(0, 5000, @first)],
);
for my $name (sort keys %blocked) {
    sent($name, @second, @{ $blocked{$name} }, @heard);
    is sizes($name), '96x54', "$name: the other one is shown";
    says($name, 'video track 3 came too late and is left out');
}

# Its first key frame comes right behind that of the other one.
sent('behind', map({ { %$_, sent => $_->{header} ? -5000 : $_->{timestamp} } }
                   part(1400, 5000, @second), part(1400, 5000, @heard)),
     map { { %$_, sent => $_->{header} ? -5000 : $_->{timestamp} + 5 } }
     part(1400, 5000, @first));
is sizes('behind'), '160x90 96x54', 'behind: both are shown';
is join('', odd_lines('behind')), '', 'behind: without a word';

# --- too late ---------------------------------------------------------------

sent('late', part(0, 5000, @lead), @heard,
     map { { %$_, sent => $_->{timestamp} + ($_->{header} ? 2500 : 1) } }
     part(3000, 5000, @other));
is sizes('late'), '160x90', 'late: one is shown';
says('late', 'video track 1 came too late and is left out');

sent('later', part(0, 5000, @lead),
     map { { %$_, sent => $_->{timestamp} + ($_->{header} ? 2500 : 1) } }
     part(3000, 5000, @all_sound));
says('later', 'audio came too late and is left out');

# --- far behind -------------------------------------------------------------

live_sent($t, 'far', [
    (grep { $_->{header} } @lead, @heard),
    part(0, 15_000, grep { !$_->{header} } @lead),
    grep { !$_->{header} } @heard])->end;
says('far', 'timestamps of audio jump from');

# --- sound that changes -----------------------------------------------------

my @changes = (
    ['mp3', 'libmp3lame', [qw(-ar 44100 -ac 2)], [qw(-ar 22050 -ac 1)]],
    ['ac3', 'ac3', [qw(-ar 48000 -ac 6)], [qw(-ar 32000 -ac 2)]],
    ['eac3', 'eac3', [qw(-ar 48000 -ac 2)], [qw(-ar 44100 -ac 6)]],
    ['channels', 'ac3', [qw(-ar 48000 -ac 2)], [qw(-ar 48000 -ac 6)]],
);

for my $case (@changes) {
    my ($name, $encoder, @args) = @$case;

    SKIP: {
        skip "$name: ffmpeg has no encoder $encoder", 1
            if !has_encoder($encoder);

        my ($before, $after) = map { tone("${name}_$_", $encoder,
                                          @{ $args[$_] }) } 0, 1;
        sent($name, part(0, 4000, @lead), part(0, 1900, enhanced_tags($before)),
             part(1900, 4000, enhanced_tags($after)));
        like join('', odd_lines($name)), qr/\A.* goes on: .*\n\z/,
            "$name: a line about it";

        my $list = media_list($t, "/live/$name/a0/index.m3u8");
        is scalar(lines_of($list->{text}, '#EXT-X-DISCONTINUITY')), 1,
            "$name: one discontinuity";
        my @rates = map {
            my $init = $t->get($_)->body;
            Test::Video::Corpus::init_of(\$init)->{scale};
        } uris_of($list, 'init');
        is "@rates", "$before->{rate} $after->{rate}", "$name: rates";

        my @said = map { $_->{duration} } grep { $_->{kind} eq 'segment' }
                   @{ $list->{items} };
        my ($off) = map { abs($_ - 3.9) } eval { List::Util::sum(@said) } // 0;
        cmp_ok $off, '<', 0.3, "$name: as long as the pictures";
    }
}

# --- more than is needed ----------------------------------------------------

SKIP: {
    skip 'ffmpeg has no encoder flac', 1 if !has_encoder('flac');

    my $flac = tone('flac', 'flac');
    my ($header, @frames) = enhanced_tags($flac);
    my $last = substr $header->{body}, 0, length($header->{body}) - 38;
    my $info = substr $header->{body}, -38;
    substr $info, 0, 1, "\0";
    $header->{body} = $last . $info . "\x86\0\x0f\xa0" . 'x' x 4000;
    sent('picture', part(0, 4000, @lead), $header, @frames);
    whole('picture', 'a0', @{ $flac->{packets} });
    is join('', odd_lines('picture')), '', 'picture: without a word';
}

sent('mpegts', part(0, 3000, @lead), part(0, 3000, @heard),
     map { { type => 9, timestamp => $_, body => "\x95av01\x80\4\x81\0\0\0" } }
     0, 1001);
cmp_ok whole('mpegts', 'v0', grep { $_->{dts} < 3000 } @{ $large->{packets} }),
    '<=', 1.1, 'mpegts: a start of MPEG-2 TS is passed over';

$t->finish;
done_testing;
