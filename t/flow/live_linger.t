# Proves that a stream which stands still, because its publisher is away or
# gone for good, keeps all that it lists, also what a session before the last
# one has left, until it goes on or is over.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;

my $t = Test::Video->new;
my $stay = 4 * 1.5 + 3;         # in memory, behind a window of 4 s
$t->conf(live_conf(
    grace => '30s', window => '4s', rtmp => 'video_linger 13s;'))->run;

sub list { return media_list($t, "/live/$_[0]/v0/index.m3u8") }
sub lost { return grep { $t->get($_)->status != 200 } uris_of($_[0], 'segment') }

sub feed {
    my ($name) = @_;
    my $feed = live_feed($t, $name);
    $feed->to(2200);
    $feed->reset;
    wait_for { stream_status($t, $name)->{state} eq 'paused' } 5;
    $feed = live_feed($t, $name, flv => [size => '160x90']);
    $feed->to(2200);
    return $feed;
}

my %feed = map { $_ => feed($_) } qw(paused ended);
$feed{paused}->reset;
$feed{ended}->end;

my %was = map { $_ => list($_) } keys %feed;
for my $name (sort keys %feed) {
    is scalar(lines_of($was{$name}{text}, '#EXT-X-DISCONTINUITY')), 1,
        "$name: two sessions are listed";
    is scalar(uris_of($was{$name}, 'segment')), 6, 'of three segments each';
    is_deeply [lost($was{$name})], [], 'all are there';
}
like $was{ended}{text}, qr/^#EXT-X-ENDLIST$/m, 'one stream is over';

sleep $stay + 2;
for my $name (sort keys %feed) {
    my $is = list($name);
    is $is->{text}, $was{$name}{text}, "$name: later the list is the same";
    is_deeply [lost($is)], [], 'and all of it is there';
}

my $feed = live_feed($t, 'paused');
$feed->to(12_200);
ok +(wait_for {
    $feed->more(100);
    !grep { $t->get($_)->status == 200 } (uris_of($was{paused}, 'segment'))[0]
} 15), 'when it goes on, what is old goes';
is_deeply [lost(list('paused'))], [], 'and is not listed';
$feed->end;

ok +(wait_for { !stream_status($t, 'ended') } 10), 'the other is over';
is scalar(lost($was{ended})), 6, 'with all of it';
ok +(wait_for { zone_status($t)->{streams} == 0 } 20), 'then both are';
$t->finish;
done_testing;
