# Proves that clients that do not read cost live streams nothing: what they
# keep of segments that have left the window is bounded, those that are there
# for longest are cut off, short of the length they were told, and the
# publisher goes on in a zone that has little more than its window.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;

my $t = Test::Video->new;

# segments of about 500 KB: 8 chunks; the zone has some 240
$t->conf(live_conf(zone => '16m', window => '4s', bitrate => '4800k',
                   listen => 'sndbuf=8k'))->run;
my $feed = live_feed($t, 'cam', flv => [size => '1280x720',
                                        bitrate => '4000k']);
my $base = '/live/cam/v0';

# --- one client that stalls for each segment, for many windows --------------

my (@stalled, %seen, %size);
for my $second (1 .. 40) {
    $feed->to($second * 1000 + 500);
    my ($path) = reverse grep { !$seen{$_} }
                 uris_of(media_list($t, "$base/index.m3u8"), 'segment')
        or next;
    $seen{$path}++;
    $size{$path} = $t->get($path, method => 'HEAD')->header('Content-Length');
    push @stalled, [$path, $t->get($path, start => 1, rate => 1,
                                   rcvbuf => 4096)];
    wait_for { length $stalled[-1][1]->body } 5
        or diag "$path did not begin";
}
cmp_ok scalar(@stalled), '>=', 35, 'a client stalls at each segment';

my $zone = zone_status($t);
cmp_ok $zone->{cuts}, '>', 0, 'slow clients were cut off';
cmp_ok $zone->{cuts}, '<', scalar(@stalled), 'not all';
cmp_ok $zone->{chunks_lingering}, '<=',
    ($zone->{chunks} - $zone->{chunks_reserved}) / 2, 'what lingers is bounded';
is $zone->{refusals}, 0, 'the stream lacked nothing';
is stream_status($t, 'cam')->{state}, 'live', 'the publisher goes on';

$_->[1]->read_on->end for @stalled;
my @cut = grep { !$stalled[$_][1]->complete } 0 .. $#stalled;
is scalar(@cut), $zone->{cuts}, 'no short body looks whole';
is $cut[0], 0, 'the one that had stalled for longest was cut';
cmp_ok $cut[-1], '<', $#stalled - 2, 'the newest were not';
is scalar(grep { $_->[1]->complete
                 && length $_->[1]->body != $size{$_->[0]} } @stalled), 0,
    'they get all';

$t->expect_log(qr/client is too slow: video zone "live" needs the memory/);
is $t->log_count(qr/\[warn\].*"live" is short of memory: \d+ slow client/) > 0,
    1, 'the operator is told';

# --- a client that reads is served all the time -----------------------------

my ($path) = reverse uris_of(media_list($t, "$base/index.m3u8"), 'segment');
my $whole = $t->get($path);
ok $whole->complete, 'others get whole segments';

# --- all of it comes back ---------------------------------------------------

$feed->end;
ok +(wait_for {
    my $z = zone_status($t);
    $z->{refs} == 0 && $z->{chunks_lingering} == 0;
} 10), 'nothing lingers when the clients have gone';

$t->finish;
done_testing;
