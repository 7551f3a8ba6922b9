# Proves that a stream goes on when the timestamps of its publisher jump: all of
# them, or those of one track; that numbers and times go on, audio and video
# stay together, and nothing is lost; that a wrap is no jump; and that there is
# an end to it.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;

my $t = Test::Video->new;
$t->conf(live_conf(window => '30s', bitrate => '300k', zone => '96m'))->run;

my $tags = live_tags();
my @headers = map { { %{ $tags->{$_} }, timestamp => 0 } }
              qw(video_header audio_header);
my @frames = @{ $tags->{frames} };
my $seen = 0;

sub jumps {
    my $log = substr $t->log, $seen;
    $seen = length $t->log;
    my @said = $log =~ /stream "\w+": timestamps of (.*?) while /g;
    return @said;
}

# Frames of a time, with other timestamps: { video => ms to add, audio => ms }.
sub part {
    my ($from, $to, %add) = @_;
    return map {
        { %$_, timestamp => ($_->{timestamp}
            + ($add{$_->{type} == 9 ? 'video' : 'audio'} // 0)) % 2 ** 32 }
    } grep { $_->{timestamp} >= $from && $_->{timestamp} < $to } @frames;
}

sub both { my ($ms) = @_; return (video => $ms, audio => $ms) }

# What playlists and manifest have of a stream that has begun so many runs.
sub goes_on_well {
    my ($name, $runs, %o) = @_;

    is stream_status($t, $name)->{state}, 'live', "$name: is live";
    for my $track (grep { $_ ne ($o{without} // '') } qw(v0 a0)) {
        my $list = media_list($t, "/live/$name/$track/index.m3u8");
        my @msns = segment_msns($list);
        is_deeply \@msns, [$msns[0] .. $msns[0] + $#msns],
            "$name, $track: numbers go on";
        is scalar(lines_of($list->{text}, '#EXT-X-DISCONTINUITY')), $runs - 1,
            "$name, $track: discontinuities";
        my @times = $list->{text} =~ /DATE-TIME:(\S+)/g;
        is_deeply [sort @times], \@times, "$name, $track: times go on";
        my @bad = grep { $t->get($_)->status != 200 }
                  map { uris_of($list, $_) } qw(init segment part);
        is "@bad", '', "$name, $track: all is there";
    }
    is scalar(() = $t->get("/live/$name/manifest.mpd")->body =~ /<Period /g),
        $runs, "$name: periods";
}

# How much audio of the last run is moved against its video, ms: by what the
# publisher had in one place.
my %when = map { (substr($_->{body}, $_->{type} == 9 ? 5 : 2),
                  $_->{timestamp}) } @frames;

sub apart {
    my ($name) = @_;
    my @moved;
    for my $track (qw(v0 a0)) {
        my @items = @{ media_list($t, "/live/$name/$track/index.m3u8")->{items} };
        my ($map) = grep { $items[$_]{kind} eq 'init' } reverse 0 .. $#items;
        my ($segment) = grep { $_->{kind} eq 'segment' }
                        @items[$map .. $#items];
        my ($head, $body) = map { $t->get($_->{path})->body }
                            $items[$map], $segment;
        my $timing = Test::Video::Corpus::init_of(\$head);
        my ($first) = Test::Video::Corpus::samples_of(\$body, $timing);
        push @moved, $first->{dts} * 1000 - $when{$first->{data}};
    }
    return $moved[1] - $moved[0];
}

# --- all timestamps ----------------------------------------------------------

for my $case (['forward', 3_600_000], ['back', -2000], ['far', 2 ** 31],
              ['zero', 10_000_000, -10_000_000])
{
    my ($name, @by) = @$case;
    my $start = $by[1] ? $by[0] : 20_000;
    my $jump = $by[1] // $by[0];
    my $feed = live_sent($t, $name, [@headers, part(0, 3000, both($start))]);
    jumps();
    $feed->send(part(3000, 6000, both($start + $jump)));
    my @said = jumps();
    is scalar(@said), 1, "$name: one line in the log" or diag "@said";
    like $said[0], qr/^(?:video|audio) jump from \d+ to \d+ ms/,
        "$name: with both timestamps";
    $t->log_like(qr/stream "$name" goes on: avc1/, "$name: it goes on");
    goes_on_well($name, 2);
    my $list = media_list($t, "/live/$name/v0/index.m3u8");
    is scalar(uris_of($list, 'segment')), 5, "$name: no segment is missing";
    cmp_ok abs(apart($name)), '<', 30, "$name: audio is where video is";
}

# --- one track after the other -----------------------------------------------

my $feed = live_sent($t, 'late', [@headers, part(0, 3000, both(5000))]);
jumps();

# video first, then what audio was still to come, then audio
my @new = part(3000, 6000, both(9_000_000));
my @video = grep { $_->{type} == 9 } @new;
my @audio = grep { $_->{type} == 8 } @new;
$feed->send(@video[0 .. 8],
            part(3000, 3200, audio => 5000, video => 9_000_000 + 300));
is scalar(jumps()), 1, 'late: audio that lags is no jump';
$feed->send(sort { $a->{timestamp} <=> $b->{timestamp} }
            @video[15 .. $#video], @audio);
is scalar(jumps()), 0, 'late: nor is audio that follows';
goes_on_well('late', 2);
cmp_ok abs(apart('late')), '<', 30, 'late: audio is where video is';

$feed = live_sent($t, 'first', [@headers, part(0, 3000, both(5000))]);
jumps();
$feed->send((map { { %$_, timestamp => $_->{timestamp} + 700_000 } }
             @audio[0 .. 7]),
            sort { $a->{timestamp} <=> $b->{timestamp} }
            map { { %$_, timestamp => $_->{timestamp} + 700_000 } }
            @video, @audio[8 .. $#audio]);
is_deeply [map { /(\w+)/ } jumps()], ['audio'], 'first: audio is first';
goes_on_well('first', 2);

# --- one track alone ---------------------------------------------------------

$feed = live_sent($t, 'sound', [@headers, part(0, 3000)]);
jumps();
$feed->send(part(3000, 6000, audio => 1_000_000));
is_deeply [map { /(\w+)/ } jumps()], ['audio'], 'sound: audio alone jumps';
goes_on_well('sound', 1);
is scalar(uris_of(media_list($t, '/live/sound/v0/index.m3u8'), 'segment')), 5,
    'sound: nothing happens to video';

$feed = live_sent($t, 'picture', [@headers, part(0, 3000)]);
jumps();
$feed->send(part(3000, 6000, video => 1_000_000));
is_deeply [map { /(\w+)/ } jumps()], ['video'], 'picture: video alone jumps';
goes_on_well('picture', 2);

$feed = live_sent($t, 'radio', [$headers[1],
                                grep { $_->{type} == 8 } part(0, 3000)]);
jumps();
$feed->send(grep { $_->{type} == 8 } part(3000, 6000, audio => 1_000_000));
is scalar(jumps()), 1, 'radio: sound without a picture';
goes_on_well('radio', 2, without => 'v0');

$feed = live_sent($t, 'silent', [$headers[0],
                                 grep { $_->{type} == 9 } part(0, 3000)]);
jumps();
$feed->send(grep { $_->{type} == 9 } part(3000, 6000, video => 1_000_000));
is scalar(jumps()), 1, 'silent: a picture without sound';
goes_on_well('silent', 2, without => 'a0');
is scalar(uris_of(media_list($t, '/live/silent/v0/index.m3u8'), 'segment')),
    3, 'silent: the key frame that jumps begins the run';

# --- a wrong timestamp; none that is wrong ------------------------------------

$feed = live_sent($t, 'wrong', [@headers, part(0, 3100)]);
jumps();
my ($odd, @rest) = grep { $_->{type} == 8 } part(3100, 6000);
$feed->send({ %$odd, timestamp => 77_000_000 },
            (grep { $_->{type} == 9 } part(3100, 3200)), @rest[0 .. 3],
            sort { $a->{timestamp} <=> $b->{timestamp} } @rest[4 .. $#rest],
            grep { $_->{type} == 9 } part(3200, 6000));
is scalar(jumps()), 2, 'wrong: there and back';
goes_on_well('wrong', 1);

$feed = live_sent($t, 'wraps', [@headers, part(0, 6000, both(2 ** 32 - 3010))]);
is scalar(jumps()), 0, 'wraps: 32 bits';
goes_on_well('wraps', 1);

$feed = live_sent($t, 'extended', [@headers,
                                   part(0, 6000, both(2 ** 24 - 3010))]);
is scalar(jumps()), 0, 'extended: beyond 24 bits';
goes_on_well('extended', 1);

# before there is anything to see
$feed = live_sent($t, 'early', [$headers[0],
    (map { { %$_, timestamp => 900_000 } } grep { $_->{type} == 9 }
     part(0, 30)), $headers[1], part(1000, 6000)]);
is scalar(jumps()), 1, 'early: before the stream is live';
goes_on_well('early', 1);

# --- all the time ------------------------------------------------------------

$feed = live_sent($t, 'wild', [@headers, part(0, 2000)]);
eval { $feed->send(part(2000 + $_ * 10, 2010 + $_ * 10, both($_ * 60_000)))
       for 1 .. 40; };
ok +(wait_for { $t->log =~ /\[info\].*rtmp invalid media: timestamps jump too often.*"wild"/ } 5),
    'wild: all the time is too often';
cmp_ok scalar(grep { /./ } jumps()), '<', 12, 'wild: a line for each, no more';

undef $feed;
$t->stop;
done_testing;
