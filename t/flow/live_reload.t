# Proves that reloads disturb nobody: through five of them a publisher goes on
# in its old worker, players miss, repeat and lose nothing, waiting requests are
# answered; old workers go when their publisher goes; and a zone of another
# size sends its publishers to the new one.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;

my $t = Test::Video->new;
my %conf = (segment => '500ms', part => '200ms', window => '4s');

$t->conf(live_conf(%conf))->run;

my $flv = live_flv(gop => 15);
my @first = $t->workers;


sub newest {
    my ($name) = @_;
    my $stream = stream_status($t, $name) or return 0;
    return $stream->{tracks}[0]{msn} // 0;
}


my $publisher = $t->publish('live', 'cam', file => $flv, loop => 0);
ok +(wait_for { $t->get('/live/cam/v0/index.m3u8')->status == 200 } 5),
    'a publisher';

my $seconds = 5;
my %clients = (
    'low-latency video' => $t->llhls('/live/cam/v0/index.m3u8',
        seconds => $seconds, segments => 1, bodies => 1, start => 1),
    'low-latency audio' => $t->llhls('/live/cam/a0/index.m3u8',
        seconds => $seconds, segments => 1, bodies => 1, start => 1),
    'plain' => $t->play('/live/cam/master.m3u8', seconds => $seconds,
        start => 1),
);

# --- five reloads -----------------------------------------------------------

my $epoch = stream_status($t, 'cam')->{epoch};
my ($home, @others);

for my $n (1 .. 5) {
    my $list = media_list($t, '/live/cam/v0/index.m3u8');
    my $waiting = $t->get('/live/cam/v0/index.m3u8?_HLS_msn='
                          . ($list->{next_msn} + 1), start => 1);
    my $msn = newest('cam');

    ok $t->reload, "reload $n";
    is $waiting->end->status, 200, 'a request that waited is answered';
    cmp_ok((segment_msns(Test::Video::HLS::parse($waiting->body)))[-1], '>',
           $list->{next_msn}, 'with what it waited for');
    ok +(wait_for { newest('cam') > $msn } 5), 'the stream goes on';

    if (!$home) {
        # all but the publisher's worker leave
        my %old = map { $_ => 1 } @first;
        ok +(wait_for { (grep { $old{$_} } $t->workers(all => 1)) == 1 } 5),
            'the worker without a publisher leaves';
        ($home) = grep { $old{$_} } $t->workers(all => 1);
        is scalar(grep { $_ == $home } $t->workers), 0,
            'the other is shutting down';

        # a second publisher is taken by the new ones
        push @others, $t->publish('live', 'new', file => $flv, loop => 0);
        is(($others[0]->status_codes)[0], 'NetStream.Publish.Start',
            'a new publisher');
    }
}

is scalar(grep { $_ == $home } $t->workers(all => 1)), 1,
    'the worker of the publisher is still there';
is $publisher->ended, undef, 'the publisher was not disconnected';
is_deeply [$publisher->status_codes], ['NetStream.Publish.Start'],
    'and was told nothing';
is stream_status($t, 'cam')->{epoch}, $epoch, 'it is the same stream';
ok +(wait_for { zone_status($t)->{workers} == 4 } 15),
    'two new workers, two of publishers';
ok +(wait_for { $t->get('/live/new/v0/index.m3u8')->status == 200 } 5),
    'the second publisher plays';

# --- what the clients saw ---------------------------------------------------

for my $name (sort keys %clients) {
    my $client = $clients{$name}->end;
    my @failures = map {
        "$_->{uri}: $_->{status} " . ($_->{error} // '')
    } $client->failures;
    is_deeply \@failures, [], "$name: nothing failed";

    my (%by_list, %seen);
    for my $list (grep { $_->{kind} eq 'playlist' } $client->playlists) {
        (my $path = $list->{uri}) =~ s/\?.*//;
        my $parsed = Test::Video::HLS::parse($list->{text});
        push @{ $by_list{$path} }, $parsed;
        $seen{$path}{ $_->{msn} }{ $_->{uri} } = 1
            for grep { $_->{kind} eq 'segment' } @{ $parsed->{items} };
    }

    for my $path (sort keys %by_list) {
        my @positions = map { $_->{next_msn} * 1000 + $_->{next_part} }
                        @{ $by_list{$path} };
        is_deeply \@positions, [sort { $a <=> $b } @positions],
            "$name: $path never goes back";
        my @msns = sort { $a <=> $b } keys %{ $seen{$path} };
        is_deeply \@msns, [$msns[0] .. $msns[-1]], 'no segment is missing';
        cmp_ok scalar(@msns), '>=', 6, 'and there are some';
        is scalar(grep { keys %$_ > 1 } values %{ $seen{$path} }), 0,
            'none has two names';
    }

    next if $name eq 'plain';

    # each part once, in order, and segments are their parts
    my (%parts, $before, @wrong);
    for my $part ($client->parts) {
        my ($msn, $n) = $part->{uri} =~ /(\d+)\.(\d+)\.m4s$/;
        push @wrong, $part->{uri} if $before
            && !($msn == $before->[0] && $n == $before->[1] + 1)
            && !($msn == $before->[0] + 1 && $n == 0);
        $before = [$msn, $n];
        $parts{$msn} .= $part->{body};
    }
    is_deeply \@wrong, [], "$name: parts follow one another";
    my $compared = 0;
    for my $segment ($client->segments) {
        my ($msn) = $segment->{uri} =~ /(\d+)\.m4s$/;
        next if !defined $parts{$msn};
        $compared++;
        fail "segment $msn is not its parts"
            if $segment->{body} ne $parts{$msn};
    }
    cmp_ok $compared, '>=', 5, "$name: segments are their parts";
}

# --- the publishers leave ---------------------------------------------------

$publisher->stop;
ok +(wait_for { !grep { $_ == $home } $t->workers(all => 1) } 5),
    'the old worker goes with its publisher';
is stream_status($t, 'cam')->{state}, 'ended', 'which has said good-bye';
is $t->get('/live/cam/v0/index.m3u8')->status, 200,
    'its stream can still be seen';
$others[0]->stop;
ok +(wait_for { $t->workers(all => 1) == 2 } 5), 'two workers are left';
is zone_status($t)->{workers}, 2, 'two slots';
ok +(wait_for { zone_status($t)->{refs} == 0 } 5), 'no references';

# --- a zone of another size -------------------------------------------------

$publisher = $t->publish('live', 'moved', file => $flv, loop => 0);
ok +(wait_for { $t->get('/live/moved/v0/index.m3u8')->status == 200 } 5),
    'another publisher';
$t->conf(live_conf(%conf, zone => '48m'));
ok $t->reload, 'a reload with a zone of another size';
like $publisher->wait_end(5), qr/closed by the server/,
    'the publisher is sent away';
is(($publisher->status_codes)[-1], 'NetStream.Publish.Failed', 'with a code');
$t->log_like(qr/zone was replaced/, 'and a line in the log');
is $t->publish('live', 'moved', file => $flv)->wait_status(
    'NetStream.Publish.Start'), 1, 'it may come back at once';

$t->finish;
done_testing();
