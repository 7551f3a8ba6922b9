# Proves that a worker killed in mid-stream costs viewers an error or a stop but
# never wrong bytes, that its stream can be published again at once, and that
# the zone's accounting forgets what the dead one held.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;

my $t = Test::Video->new;
my @flv = (size => '1280x720', bitrate => '4000k');

# reuseport: each worker has its share of the viewers
$t->conf(live_conf(bitrate => '6m', listen => 'sndbuf=16k reuseport'))->run;


# The workers that hold a connection to the RTMP port.
sub publishers_workers {
    my ($port) = sprintf ':%04X', $t->port(1);
    my (%inode, @found);

    open my $fh, '<', '/proc/net/tcp' or die "/proc/net/tcp: $!\n";
    while (<$fh>) {
        my ($local, $state, $inode) = (split)[1, 3, 9];
        $inode{$inode} = 1 if $state eq '01' && $local =~ /\Q$port\E$/;
    }
    for my $pid ($t->workers) {
        push @found, $pid if grep {
            (readlink // '') =~ /^socket:\[(\d+)\]$/ && $inode{$1}
        } glob "/proc/$pid/fd/*";
    }
    return @found;
}


sub kill_pid {
    my ($pid) = @_;
    my @workers = $t->workers;
    my ($n) = grep { $workers[$_] == $pid } 0 .. $#workers;

    $t->kill_worker($n, 'KILL');
    wait_for { (grep { $_ != $pid } $t->workers) == 2 } 5;
}


# --- a stream, and viewers of all kinds -------------------------------------

my $feed = live_feed($t, 'cam', flv => \@flv);
my $base = '/live/cam/v0';

$feed->to(3450);
my $list = media_list($t, "$base/index.m3u8");
my ($msn, $part) = @$list{qw(next_msn next_part)};
my %body = map { $_ => $t->get($_)->body }
           map { uris_of($list, $_) } qw(init segment part);
my @segments = uris_of($list, 'segment');
my $open_bytes = join '', map { $body{$_} } uris_of($list, 'part', $msn);
cmp_ok length $body{$segments[0]}, '>', 200_000, 'large segments';

sub start {
    my ($path, %o) = @_;
    return $t->get($path, start => 1, %o);
}

my @growing = map { start("$base/$msn.m4s") } 1 .. 12;
my @waiting = map { start("$base/index.m3u8?_HLS_msn=$msn"
                          . "&_HLS_part=$part") } 1 .. 12;
my @hinted = map { start($list->{hints}[0]{path}) } 1 .. 6;
my @slow = map { start($segments[$_ % 2], rate => 400_000, rcvbuf => 8192) }
           1 .. 12;
ok +(wait_for { !grep { $_->body eq '' } @growing, @slow } 5),
    'viewers have begun';
is scalar(grep { $_->done } @growing, @waiting, @hinted), 0, 'and wait';

# --- the publisher's worker dies --------------------------------------------

my $before = stream_status($t, 'cam');
my ($home, @more) = publishers_workers();
is scalar(@more), 0, 'one worker has the publisher';

my $killed_at = now();
kill_pid($home);

# at once, while the viewers are still there
my $tries = 0;
my $again = wait_for {
    $tries++;
    my $feed = live_feed($t, 'cam', flv => \@flv);
    $feed->code eq 'NetStream.Publish.Start' && $feed;
} 5;
my $took = now() - $killed_at;
ok $again, "published again, after $tries attempts";
cmp_ok $took, '<', 10 * Test::Video::Loop::slowness(), 'soon';

$again->to(450);
$_->end for @growing, @waiting, @hinted, @slow;

is scalar(grep { $_->complete } @growing), 0,
    'a growing segment is never taken for a whole one';
is scalar(grep { $_->body ne substr $open_bytes, 0, length $_->body }
          @growing), 0, 'and its bytes were right';

my @answered = grep { $_->status } @waiting;
cmp_ok scalar(@answered), '<', 12, 'some waited at the dead worker';
cmp_ok scalar(@answered), '>', 0, 'some did not';
is scalar(grep { $_->status != 200 && $_->status != 404 } @answered), 0,
    'these are answered';
for my $request (grep { $_->status == 200 } @answered) {
    next if $request->body =~ /^#EXT-X-ENDLIST$/m
            || $request->body =~ /URI="e(?!$before->{epoch})/;
    fail 'with the end of the old stream or with the new one';
    diag $request->body;
}
is scalar(grep { $_->status == 200 } @hinted), 0, 'no hinted part came';

my $whole = grep { $_->complete } @slow;
my @bad = grep {
    my $n = $_;
    my $right = $body{ $segments[($n + 1) % 2] };
    my $got = $slow[$n]->body;
    $got ne substr($right, 0, length $got)
        || $slow[$n]->complete && $got ne $right;
} 0 .. $#slow;
is_deeply \@bad, [], 'slow readers of finished segments: no wrong byte';
cmp_ok $whole, '>', 0, 'those at the other worker got all';
cmp_ok $whole, '<', 12, 'the others are cut';

# --- the new stream ---------------------------------------------------------

my $new = stream_status($t, 'cam');
isnt $new->{epoch}, $before->{epoch}, 'another epoch';
is $t->get($_)->status, 404, "old URL $_" for $segments[0],
    (uris_of($list, 'init'))[0];

$again->to(2450);
$list = media_list($t, "$base/index.m3u8");
is $list->{status}, 200, 'it plays';
cmp_ok $list->{msn}, '>', $msn - 1, 'with higher numbers';
%body = ();
my $differ = 0;
for (1 .. 12) {
    for my $path (uris_of($list, 'segment'), uris_of($list, 'part')) {
        my $response = $t->get($path);
        $body{$path} //= $response->md5;
        $differ++ if $response->status != 200
                     || $response->md5 ne $body{$path};
    }
}
is $differ, 0, 'the same from each worker';
is zone_status($t)->{workers}, 2, 'two worker slots';

# --- a viewer's worker dies -------------------------------------------------

my @viewers = map { start("$base/$list->{next_msn}.m4s") } 1 .. 12;
ok +(wait_for { !grep { $_->body eq '' } @viewers } 5), 'more viewers';
($home) = publishers_workers();
my ($other) = grep { $_ != $home } $t->workers;
cmp_ok zone_status($t)->{refs}, '>', 2, 'they hold references';
kill_pid($other);

$again->to(3100);
$_->end for @viewers;
my $segment = $t->get("$base/$list->{next_msn}.m4s");
is scalar(grep { $_->complete && $_->body ne $segment->body } @viewers), 0,
    'nobody got a wrong segment';
cmp_ok scalar(grep { $_->complete } @viewers), '>', 0,
    'the viewers of the other worker got it';
cmp_ok scalar(grep { !$_->complete } @viewers), '>', 0, 'those of the dead not';
is stream_status($t, 'cam')->{state}, 'live', 'the stream goes on';

# --- killed before the first frame ------------------------------------------

my $nothing = live_feed($t, 'nothing', flv => \@flv);
my %with = map { $_ => 1 } publishers_workers();
kill_pid($_) for keys %with;
ok +(wait_for { !stream_status($t, 'nothing') } 5),
    'a stream without media is forgotten with its worker';
ok +(wait_for { stream_status($t, 'cam')->{state} eq 'interrupted' } 5),
    'and the other one interrupted, if it was there' if keys %with == 2;

# --- again and again --------------------------------------------------------

my $rounds = 0;
for my $n (1 .. 4) {
    my $feed = wait_for {
        my $feed = live_feed($t, 'often', flv => \@flv);
        $feed->code eq 'NetStream.Publish.Start' && $feed;
    } 5 or last;
    $feed->to(1250);
    last if $t->get('/live/often/v0/index.m3u8')->status != 200;
    my @held = map { start('/live/often/v0/index.m3u8?_HLS_msn=0'),
                     start('/live/often/a0/init.mp4') } 1 .. 4;
    kill_pid($_) for publishers_workers();
    $_->end for @held;
    $rounds++;
}
is $rounds, 4, 'four more times';

# --- what is left -----------------------------------------------------------

$again = undef;
$nothing = undef;
ok +(wait_for {
    my $zone = zone_status($t);
    $zone->{refs} == 0 && $zone->{workers} == 2
        && !grep { $_->{state} !~ /ended|interrupted/ }
           @{ status($t)->{streams} };
} 8), 'no references, no dead workers, no open streams';
$t->log_like(qr/video zone "live": 1 dead worker\(s\) swept|worker process/,
             'the log tells');

$t->finish;
done_testing();
