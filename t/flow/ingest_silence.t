# Proves that a publisher which falls silent, its connection open, is replaced
# by the one that stands by, on the same worker or on another; that it stands by
# itself then; that it is left in peace when nobody does, or who does is silent
# as well; and that targets of video_push follow.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;
use Test::Video::Target;

my $t = Test::Video->new;
my $slow = Test::Video::Loop::slowness();
my $silence = int 1000 * $slow;
my $conf = live_conf(grace => '10s', window => '60s', zone => '96m',
                     rtmp => "video_publish_standby on silence=${silence}ms;",
                     servers => <<'CONF');
    server {
        listen 127.0.0.1:%%PORT_2%%;
        video_rtmp live zone=live;
        video_segment 1s;
        video_bitrate 512k;
        video_publish_grace 10s;
        video_publish_standby on silence=0;
    }
    server {
        listen 127.0.0.1:%%PORT_3%%;
        video_rtmp live zone=live;
        video_segment 1s;
        video_bitrate 512k;
        video_publish_grace 10s;
        video_publish_standby on silence=1s;
        video_push rtmp://127.0.0.1:%%PORT_5%%/app;
    }
CONF

# which worker a connection comes to is chance then, also when one is faster
$t->conf($conf =~ s/(listen 127\.0\.0\.1:%%PORT_[123]%%)/$1 reuseport/gr)->run;

sub state { return (stream_status($t, $_[0]) // { state => 'gone' })->{state} }
sub list { return media_list($t, "/live/$_[0]/v0/index.m3u8") }
sub runs { return 1 + lines_of(list($_[0])->{text}, '#EXT-X-DISCONTINUITY') }
sub left { return () = $t->log =~ /\[warn\].*stream "$_[0]": nothing has come for/g }

# Goes on for a time, as a publisher that is there does.
sub during {
    my ($seconds, @feeds) = @_;
    my $end = Test::Video::Loop::now() + $seconds;
    while (Test::Video::Loop::now() < $end) {
        $_->more(100) for @feeds;
        select undef, undef, undef, 0.1;
    }
}

sub all_well {
    my ($name, $runs) = @_;
    my $list = list($name);
    my @msns = segment_msns($list);
    is_deeply \@msns, [$msns[0] .. $msns[0] + $#msns], "$name: numbers go on";
    is runs($name), $runs, "$name: $runs runs";
    my @times = $list->{text} =~ /DATE-TIME:(\S+)/g;
    is_deeply [sort @times], \@times, "$name: times go on";
    is_deeply [grep { $t->get($_)->status != 200 }
               map { uris_of($list, $_) } qw(init segment part)], [],
        "$name: all is there";
}

# Two publishers of a name, the second of which stands by, at one worker or at
# two: which one they come to is chance.
sub pair {
    my ($name, $two, %o) = @_;

    for my $n (1 .. 40) {
        my @feeds = map { live_feed($t, "$name$n", %o) } 1, 2;
        my ($one) = $t->log =~ /(\d+)#\d+: \*\d+ stream "$name$n" is published/;
        my ($other) = $t->log =~ /(\d+)#\d+: \*\d+ stream "$name$n" is on air/;
        return ("$name$n", @feeds) if $two == ($one != $other);
        $_->reset for reverse @feeds;
    }
    die "never at " . ($two ? "two workers\n" : "one worker\n");
}

for my $two (0, 1) {
    my ($name, $first, $second) = pair($two ? 'two' : 'one', $two);

    $_->to(2500) for $first, $second;
    my $from = Test::Video::Loop::now();
    ok +(wait_for { $second->more(100); left($name) } 10),
        "$name: who is silent is found out";
    cmp_ok Test::Video::Loop::now() - $from, '>', $silence / 1000 * 0.8,
        "$name: not before its time";
    ok +(wait_for { $second->more(100); runs($name) == 2 } 5),
        "$name: the other takes over";
    $second->more(2000);
    all_well($name, 2);

    # it is there again, and stands by
    $first->more(2500);
    during($silence / 1000 * 1.5, $first, $second);
    is runs($name), 2, "$name: the first one is back, and stands by";
    ok +(wait_for { $first->more(100); runs($name) == 3 } 10),
        "$name: it takes over when the other is silent";
    $first->more(1500);
    all_well($name, 3);
    is left($name), 2, "$name: a line each time";

    $first->end;
    ok +(wait_for { state($name) =~ /ended|starting|live/ } 5),
        "$name: and can say good-bye";
    $second->reset;
}

# --- nobody who could --------------------------------------------------------

my $alone = live_feed($t, 'alone');
$alone->to(2500);
my ($both, $first, $second) = pair('both', 0);
$_->to(2500) for $first, $second;
my ($never, @never) = pair('never', 0, port => 2);
$_->to(2500) for @never;
my ($dumb, @dumb) = pair('dumb', 0);
$dumb[0]->to(2500);
during($silence / 1000 * 2.5, $never[1]);
is state('alone'), 'live', 'alone: silence alone is no end';
is state($both), 'live', 'both: of two that are silent none takes over';
is left($both), 0, 'both: nor leaves';
is left($never), 0, 'never: nor with silence=0';
is left($dumb), 0, 'dumb: nor to one that has never had media';
$first->more(1000);
is runs($both), 1, 'both: the first one goes on';

# --- one that has sent nothing yet -------------------------------------------

($dumb, @dumb) = pair('mute', 1);
ok +(wait_for { $dumb[1]->more(100); state($dumb) eq 'live' } 10),
    'mute: one that begins with silence is replaced, too';
$dumb[1]->more(1500);
all_well($dumb, 1);

# --- what is pushed ----------------------------------------------------------

my $target = Test::Video::Target->of($t, 5);
my ($pushed, @pushed) = pair('pushed', 1, port => 3);
my $count = sub { scalar grep { $_ eq $pushed } $target->published };
$_->to(2500) for @pushed;
ok +(wait_for { $count->() == 1 } 5), 'pushed: the first is';
ok +(wait_for { $pushed[1]->more(100); runs($pushed) == 2 } 10),
    'pushed: another takes over';
my $before = $target->messages;
ok +(wait_for { $pushed[1]->more(100); $count->() == 2
                && $target->messages > $before + 60 } 10), 'pushed: and is';
$pushed[0]->more(1500);
during(1, @pushed);
is $count->(), 2, 'pushed: the first is not any more';

undef $_ for $alone, $first, $second, @never, @dumb, @pushed;
$t->stop;
done_testing;
