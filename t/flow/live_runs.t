# Proves that what a multivariant playlist says of a stream that goes on in
# several runs is right: a track that has nothing is not offered, and bit rates
# are those of what is listed.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Known;
use Test::Video::Live;

my $t = Test::Video->new;
$t->conf(live_conf(grace => '5s', window => '6s', zone => '128m',
                   rtmp => 'video_audio_fill 0;'))->run;

sub text { return $t->get($_[0])->body }

# Pictures $from to $to of some tracks of video, and the audio of that time.
sub frames {
    my ($who, $from, $to, @tracks) = @_;
    my @tags = known_headers('two', 0, $from * 40);
    my @video = grep { /v/ } @tracks;
    my @audio = grep { /a/ } @tracks;

    for my $n ($from .. $to) {
        push @tags, map { known_tag('two', 0, $_, $who, $n, 0) } @video;
        push @tags, map {
            my $track = $_;
            map { known_tag('two', 0, $track, $who, $_, 0) }
            grep { int($_ * 1024 / 48 / 40) == $n }
            int(($n - 1) * 40 * 48 / 1024) .. ($n + 1) * 40 * 48 / 1024 + 1;
        } @audio;
    }
    return \@tags;
}

known_stream('two');

# --- tracks that have nothing ------------------------------------------------

# What a multivariant playlist offers: its variants, and its audio.
sub offered {
    my ($path) = @_;
    my $text = text($path);
    return [join(' ', sort map { m{^(\w+)/index} ? $1 : () } split /\n/, $text),
            join(' ', map { m{URI="(\w+)/index} ? $1 : 'muxed' }
                      lines_of($text, '#EXT-X-MEDIA'))];
}

# One that goes on: of frames $from to $to these tracks.
sub sends {
    my ($feed, $from, $to, @tracks) = @_;
    my @tags = @{ frames('none', $from, $to, @tracks) };
    my $headers = () = known_headers('two', 0, 0);
    splice @tags, 0, $headers if $from > 25;
    return $feed->send(@tags);
}

my $name = 'none';
my $feed = live_sent($t, $name, []);
sends($feed, 25, 75, qw(v0 a1));
wait_for { $t->get("/live/$name/master_ts.m3u8")->status == 200 } 5;
is_deeply offered("/live/$name/master_ts.m3u8"), ['v0 v1', 'muxed a1'],
    'tracks are offered at first';
sends($feed, 76, 130, qw(v0 a1));
ok +(wait_for {
    text("/live/$name/v0/index_ts.m3u8") =~ /^#EXTINF/m
} 5), 'video goes on';
is_deeply offered("/live/$name/master.m3u8"), ['v0', 'a1'],
    'those that have nothing are not';
is_deeply offered("/live/$name/master_ts.m3u8"), ['v0', 'a1'],
    'nor as transport streams, and what is not muxed has an address';
my $ts = text("/live/$name/master_ts.m3u8");
my $fmp4 = text("/live/$name/master.m3u8");
my ($more, $less) = map { /AVERAGE-BANDWIDTH=(\d+)/ ? $1 : 0 } $ts, $fmp4;
cmp_ok $more, '>', $less, 'with its bit rate';
sends($feed, 131, 210, qw(v0 v1 a0 a1));
is_deeply offered("/live/$name/master_ts.m3u8"), ['v0 v1', 'muxed a1'],
    'until they have';
$feed->end;

# --- bit rates ---------------------------------------------------------------

# Of the first variant: the peak, the average; and the average of all segments
# that its tracks list.
sub rates {
    my ($name) = @_;
    my ($line) = lines_of(text("/live/$name/master.m3u8"),
                          '#EXT-X-STREAM-INF');
    my ($peak, $average) = map { $line =~ /[:,]$_=(\d+)/ ? $1 : 0 }
                           qw(BANDWIDTH AVERAGE-BANDWIDTH);
    my $is = 0;

    for my $track (qw(v0 a0)) {
        my $path = "/live/$name/$track/index.m3u8";
        my ($bytes, $seconds) = (0, 0);
        $bytes += length text($_) for uris_of(media_list($t, $path), 'segment');
        $seconds += $_ for text($path) =~ /^#EXTINF:([\d.]+)/mg;
        $is += 8 * $bytes / $seconds;
    }
    return ($peak, $average, $is);
}

sub rate_run {
    my ($ms, %flv) = @_;
    my $feed = live_feed($t, 'rate', flv => [%flv]);
    $feed->to($ms);
    return ($feed, rates('rate'));
}

my @flv = ([bitrate => '1500k', size => '640x360'], [bitrate => '100k']);
my ($first, @high) = rate_run(4200, @{ $flv[0] });
$first->reset;
wait_for { stream_status($t, 'rate')->{state} eq 'paused' } 5;
my ($next, @both) = rate_run(2500, @{ $flv[1] });
cmp_ok $both[0], '>=', $high[0], 'the peak is that of all that is listed';
cmp_ok abs($both[1] / $both[2] - 1), '<', 0.1, 'and so is the average'
    or diag "@both";
$next->to(16_000);
my @low = rates('rate');
cmp_ok $low[0], '<', $high[0] / 2, 'when it has left it is lower';
cmp_ok abs($low[1] / $low[2] - 1), '<', 0.1, 'and the average is' or diag "@low";
$next->end;

# the same of a codec that changes
$first = live_feed($t, 'mix', flv => $flv[0]);
$first->to(3200);
my @avc = rates('mix');
$first->reset;
wait_for { stream_status($t, 'mix')->{state} eq 'paused' } 5;
known_stream('hevc');
$next = live_sent($t, 'mix', [known_headers('hevc', 0, 1000), map {
    my $n = $_;
    (known_tag('hevc', 0, 'v0', 'mix', $n, 0),
     map { known_tag('hevc', 0, 'a0', 'mix', 2 * $n + $_, 0) } 0, 1);
} 25 .. 90]);
like text('/live/mix/master.m3u8'), qr/CODECS="hvc1/, 'another codec';
my @mixed = rates('mix');
cmp_ok $mixed[0], '>=', $avc[0], 'has the peak of what was before it';
cmp_ok abs($mixed[1] / $mixed[2] - 1), '<', 0.1, 'and the mean'
    or diag "@mixed";
$next->end;

$t->finish;
done_testing;
