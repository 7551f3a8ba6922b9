# Proves that whatever happens to publishers, workers and viewers, nobody ever
# gets a wrong byte, a frame twice, out of place or not at all, and that when
# all have gone nothing is left behind in the zone or in the workers.  Some
# seconds of it; TEST_VIDEO_SOAK says how many (3600: an hour), TEST_VIDEO_SEED
# what is chosen.
use strict;
use warnings;

use List::Util qw(max min sum0);
use Test::More;
use Test::Video;
use Test::Video::Known;
use Test::Video::Live;
use Test::Video::Unsteady;
use Test::Video::Viewers;

use constant {
    GRACE  => 4,
    LINGER => 3,
    SILENT => 3,            # video_rtmp_timeout
    CALM   => [0.4, 0.8],   # of the time: workers live, to see their memory
    AFTER  => 2.5,          # a kill may be felt so long
};

my $seconds = $ENV{TEST_VIDEO_SOAK} // 8;
my $seed = $ENV{TEST_VIDEO_SEED} // time;
my $slowness = Test::Video::Loop::slowness();

# kind of media, publishers, port
my %streams = (
    avc => ['avc', 1, 2], change => ['change', 1, 2], hevc => ['hevc', 1, 1],
    radio => ['radio', 1, 1], two => ['two', 1, 1], pair => ['avc', 2, 3],
);

my $t = Test::Video->new;
known_stream($_->[0]) for values %streams;
srand $seed;
note "TEST_VIDEO_SEED=$seed TEST_VIDEO_SOAK=$seconds";

my $server = <<"CONF";
        video_rtmp live zone=live;
        video_segment 1s;
        video_part 333ms;
        video_window 8s;
        video_bitrate 600k;
        video_linger @{[ LINGER ]}s;
        video_rtmp_timeout @{[ SILENT ]}s;
        video_publish_grace @{[ GRACE ]}s;
CONF
my $conf = live_conf(
    zone => '96m', part => '333ms', bitrate => '600k', grace => GRACE . 's',
    listen => 'sndbuf=16k',
    rtmp => 'video_linger ' . LINGER . 's; video_rtmp_timeout '
            . SILENT . 's;',
    servers => "server { listen 127.0.0.1:%%PORT_2%%; $server"
             . ' video_record rec; video_dvr 40s; }'
             . "server { listen 127.0.0.1:%%PORT_3%%; $server"
             . ' video_publish_standby on; }',
    locations => 'location /plain/ { video_live zone=live; '
               . 'video_low_latency off; }');
$conf =~ s/worker_connections 256/worker_connections 1024/;
$t->conf($conf)->run;
my $before = zone_status($t);


# --- publishers and viewers -------------------------------------------------

my $begun = now();
my $until = $begun + $seconds;
my (@publishers, @viewers);

sub publisher {
    my ($stream, $n) = @_;
    my ($kind, undef, $port) = @{ $streams{$stream} };
    my %o = (
        port => $t->port($port), app => 'live', stream => $stream,
        kind => $kind, name => "$stream$n", seed => $seed + @publishers,
        until => $until, silence => SILENT + 1, longer => GRACE + 3,
        lasts => [2, max(5, min(40, $seconds / 20))], rests => [0.1, 2.5],
    );
    push @publishers, $t->background(sub {
        Test::Video::Unsteady::run(%o);
    });
    return;
}

sub viewer {
    my ($how, $stream, %more) = @_;
    my %o = (
        port => $t->port, base => '/live/', stream => $stream,
        kind => $streams{$stream}[0], seed => $seed + 100 + @viewers,
        until => $until + 1, %more,
    );
    $o{name} = join ' ', $how, $stream, $o{track} // ();
    push @viewers, $t->background(sub {
        Test::Video::Viewers->run($how, %o);
    });
    return;
}

for my $stream (sort keys %streams) {
    publisher($stream, $_) for 1 .. $streams{$stream}[1];
    viewer('live', $stream, track => $_)
        for known_tracks($streams{$stream}[0]);
}
viewer('plain', $_, base => '/plain/') for qw(avc two);
viewer('dash', $_) for qw(hevc change);
viewer('dash', 'pair', base => '/plain/');
viewer('slow', $_) for qw(two change);
viewer('leaver', $_) for qw(hevc pair);
viewer('again', $_) for qw(avc change);
viewer('hostile', $_) for qw(avc two);


# --- what happens to workers ------------------------------------------------

my (@kills, @samples, $reloads);

# Anonymous memory in KB and open files of a process.
sub usage {
    my ($pid) = @_;
    open my $fh, '<', "/proc/$pid/status" or return;
    my ($memory) = do { local $/; <$fh> } =~ /^RssAnon:\s+(\d+)/m;
    return { pid => $pid, memory => $memory,
             files => scalar(() = glob "/proc/$pid/fd/*") };
}

sub kill_one {
    my @pids = $t->workers(all => 1);
    my $pid = $pids[rand @pids];

    $t->{server}{killed}{$pid} = 1;
    push @kills, now();
    kill 'KILL', $pid;
    wait_for { $t->workers >= 2 } 5 or diag 'the worker is not replaced';
    return;
}

sub sample {
    my $r = $t->get('/status', timeout => 5);
    my ($zone) = $r->complete && $r->status == 200
               ? @{ JSON::PP::decode_json($r->body)->{zones} } : ();
    push @samples, { at => (now() - $begun) / $seconds, zone => $zone,
                     master => usage($t->pid),
                     workers => [map { usage($_) } $t->workers] };
    return;
}

my $every = max(2, min(20, $seconds / 60));
my ($next_event, $next_sample) = ($begun + 3, 0);

while (now() < $until) {
    my $at = (now() - $begun) / $seconds;
    if (now() >= $next_sample) {
        sample();
        $next_sample = now() + max(0.5, $seconds / 1000);
    }
    if (now() >= $next_event) {
        if ($at >= CALM->[0] && $at < CALM->[1]) {
            # nothing
        } elsif (rand() < 0.6) {
            kill_one();
        } else {
            $reloads++;
            $t->reload or diag 'a reload took long';
        }
        $next_event = now() + $every * (0.4 + rand 1.2);
    }
    Test::Video::Loop::pump(0.1);
}


# --- what they say ----------------------------------------------------------

my @lives = map { @{ $_->end(60)->{lives} } } @publishers;
my @seen = map { $_->end(120) } @viewers;
my (%count, %bodies, @differ, %ends);

for my $seen (@seen) {
    $count{$_} += $seen->{count}{$_} for keys %{ $seen->{count} };
    for my $path (keys %{ $seen->{bodies} }) {
        my $of = $path =~ s{^/(?:live|plain)/}{}r;
        my $md5 = $bodies{$of} //= $seen->{bodies}{$path};
        push @differ, $of if $md5 ne $seen->{bodies}{$path};
    }
    for my $of (keys %{ $seen->{ends} }) {
        my ($first, $last) = @{ $seen->{ends}{$of} };
        $ends{$of}[0] = min($ends{$of}[0] // $first, $first);
        $ends{$of}[1] = max($ends{$of}[1] // $last, $last);
    }
}
note join ', ', map { "$_ $count{$_}" } sort keys %count;
note scalar(@lives), ' publishers, ', scalar(@kills), ' kills, ',
    $reloads // 0, ' reloads, ', scalar(keys %bodies), ' addresses';

cmp_ok $count{frames} // 0, '>', 100 * $seconds / $slowness, 'frames came';
cmp_ok $count{$_} // 0, '>', $seconds / $slowness / 4, "$_ came"
    for qw(parts segments chunked wholes again);
my @faults = sort map { @{ $_->{faults} } } @seen;
is scalar(@faults), 0, 'nobody found anything wrong'
    or diag(join "\n", splice @faults, 0, 30);
is scalar(@differ), 0, 'all got the same bytes of an address'
    or diag("@differ[0 .. min(9, $#differ)]");

my @broken = grep {
    my $answer = $_;
    !grep { $answer->[0] < $_ + AFTER * $slowness && $answer->[1] > $_ }
     @kills;
} map { @{ $_->{broken} } } @seen;
is scalar(@broken), 0, 'answers broke when a worker died, and only then'
    or diag(join "\n", map {
        sprintf '%.3f to %.3f %s: %s', @$_ } splice @broken, 0, 20);

# Whether another stream of the name began at once, before viewers had the end.
sub soon_replaced {
    my ($life) = @_;
    my ($stream) = $life->{who} =~ /^([a-z]+)/;
    return grep { $_->{who} =~ /^$stream/ && $_->{started} > $life->{started}
                  && $_->{started} < $life->{ended} + AFTER } @lives;
}

# Of who was not at a worker that died, all is seen from the first key frame
# on, and to the end if the connection was ended in order.
my (@lost, $started, $closed);
for my $life (grep { defined $_->{ended} } @lives) {
    next if grep { $_ > $life->{started} - 2 && $_ < $life->{ended} + AFTER }
            @kills;
    for my $track (keys %{ $life->{sent} }) {
        my $of = "$life->{who}/$track";
        my ($from, $to) = @{ $life->{sent}{$track} };
        my ($first, $last) = @{ $ends{$of} // next };
        my $key = 25 * int(($from + 24) / 25);

        # who stands by takes over with any key frame
        if ($track eq 'v0' && $of !~ /^pair/ && $to > $key + 50) {
            $started++;
            push @lost, "$of: first $first, not $key" if $first != $key;
        }
        if ($life->{way} =~ /^(?:close|half)$/
            || $life->{way} eq 'bye' && !soon_replaced($life))
        {
            $closed++;
            push @lost, "$of ($life->{way}): last $last, not $to"
                if $last != $to;
        }
    }
}
is scalar(@lost), 0, 'nothing is lost, ' . ($started // 0) . ' beginnings and '
    . ($closed // 0) . ' ends' or diag(join "\n", splice @lost, 0, 20);


# --- what is left -----------------------------------------------------------

my $zone;
ok +(wait_for {
    $zone = zone_status($t);
    !grep { $zone->{$_} } qw(streams refs chunks_reserved chunks_lingering);
} GRACE + LINGER + SILENT + 10), 'no stream, no reference, no promise is left'
    or diag(explain($zone));
is $zone->{chunks_free} + $zone->{chunks_cached},
    $before->{chunks_free} + $before->{chunks_cached},
    'and all memory of the zone can be had';
is $zone->{workers}, 2, 'two workers';
note "evictions $zone->{evictions}, refusals $zone->{refusals}, cuts "
    . "$zone->{cuts}, recoveries $zone->{recoveries}";

# Means of the second and of the last quarter of the calm time.
sub means {
    my ($of) = @_;
    my $quarter = (CALM->[1] - CALM->[0]) / 4;
    return map {
        my $from = CALM->[0] + $_ * $quarter;
        my @in = map { $of->($_) } grep {
            $_->{at} >= $from && $_->{at} < $from + $quarter } @samples;
        @in ? sum0(@in) / @in : 0;
    } 1, 3;
}

my %curve = (
    'KB of workers' => sub { sum0(map { $_->{memory} } @{ $_[0]{workers} }) },
    'files of workers' => sub { sum0(map { $_->{files} }
                                     @{ $_[0]{workers} }) },
    'KB of the master' => sub { $_[0]{master}{memory} },
    'references' => sub { $_[0]{zone} ? $_[0]{zone}{refs} : () },
    'chunks in use' => sub { my $z = $_[0]{zone} or return;
        $z->{chunks} - $z->{chunks_free} - $z->{chunks_cached} },
);
for my $what (sort keys %curve) {
    my ($early, $late) = means($curve{$what});
    note sprintf '%s: %.0f, then %.0f', $what, $early, $late;
}
SKIP: {
    skip 'too short to see a leak', 1 if $seconds < 300;
    my @growing = grep {
        my ($early, $late) = means($curve{$_});
        # what the zone holds goes with what publishers happen to do
        $late > (/of / ? 1.15 : 1.5) * $early + (/KB/ ? 512 : 8);
    } sort keys %curve;
    is "@growing", '', 'memory, files and zone do not grow';
}

my %lines;
for (split /\n/, $t->log) {
    next if !/ \[(?:error|crit|alert|emerg)\] /;
    s/^.*?\] \d+#\d+: (?:\*\d+ )?//;
    s/, client: .*//;
    s/"[^"]*"/"..."/g;
    s/\d+/N/g;
    $lines{$_}++;
}
note "$lines{$_} times: $_" for sort keys %lines;

# the hostile ones get out of /live/, into the root of the server
my @unexpected = grep { !/^"\.{3}" is not found|^open\(\) "|^directory index of/
                        && !/ exited on signal N$| was locked by N$/ } sort keys %lines;
is "@unexpected", '', 'nothing else is in the log';

$t->finish;
done_testing();
