# Proves that what a publisher's session has not recorded at its end is a gap
# when it has left memory, before the next session: the numbers of segments are
# their places in the playlist.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;
use Test::Video::VOD;

my $t = Test::Video->new;
$t->conf(live_conf(
    grace => '10s', window => '4s',
    rtmp => 'video_record rec; video_dvr 60s;',
    locations => 'location /control { video_control zone=live; }'))->run;

sub list { return media_list($t, "/live/cam/v0/$_[0]") }

# Those whose number is not their place.
sub astray {
    my ($list) = @_;
    return grep { $_->{kind} eq 'segment' && $_->{path} !~ m{/$_->{msn}\.\w+$} }
           @{ $list->{items} };
}

sub record {
    my ($method) = @_;
    return $t->get('/control/streams/cam/record', method => $method)->status;
}

# Segments that the recording has.
sub recorded {
    my ($path) = reverse sort glob $t->root . '/rec/cam/2*/*/v0.mp4';
    return 0 if !defined $path;
    return () = slurp($path) =~ /styp/g;
}

# --- a run whose second half is not recorded ---------------------------------

my $feed = live_feed($t, 'cam');
for my $n (1 .. 6) {
    $feed->to(1000 * $n + 200);
    wait_for { recorded() >= $n } 5;
}
is recorded(), 6, 'six segments are recorded';
is record('DELETE'), 204, 'no more';
$feed->more(1000) for 1 .. 5;
my ($oldest) = segment_msns(list('index.m3u8'));

$feed->reset;
ok +(wait_for { stream_status($t, 'cam')->{state} eq 'paused' } 5),
    'its publisher is gone';
$feed = live_feed($t, 'cam', flv => [size => '160x90']);
$feed->to(2200);
is record('POST'), 204, 'the next is recorded';

# until the end of the first has left memory
my ($list, @wrong);
my ($lost) = grep { /\/@{[ $oldest + 7 ]}\./ } uris_of(list('index.m3u8'),
                                                     'segment');
ok +(wait_for {
    $feed->more(1000) if $feed->{at} < 20_000;
    $list = list('index.m3u8');
    push @wrong, astray($list);
    push @wrong, $list if (segment_msns($list))[0] != $oldest;
    $t->get($lost)->status == 404;
} 20), 'the end of the first run leaves memory';
is_deeply \@wrong, [], 'numbers are places';
$feed->more(1000);

for my $name (qw(index.m3u8 index_ts.m3u8)) {
    $list = list($name);
    my @gaps = grep { $_->{gap} } @{ $list->{items} };
    my @there = grep { $_->{kind} eq 'segment' && !$_->{gap} }
                @{ $list->{items} };

    is_deeply [astray($list)], [], "$name: numbers are places";
    is +(segment_msns($list))[0], $oldest, 'the oldest is what it was';
    cmp_ok scalar(@gaps), '>=', 5, 'what was not recorded is a gap';
    is $gaps[-1]{msn} - $gaps[0]{msn}, $#gaps, 'one';
    is scalar(lines_of($list->{text}, '#EXT-X-DISCONTINUITY')), 1,
        'before the discontinuity';
    is scalar(grep { $t->get($_->{path})->status != 200 } @there), 0,
        'all else is there';
    is scalar(grep { $t->get($_->{path})->status != 404 } @gaps), 0,
        'and nothing of the gap';
}

$feed->end;
$t->finish;
done_testing;
