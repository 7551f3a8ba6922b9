# Proves that no segment which was closed is lost to a recording when workers are
# killed at any moment, and that what is on disk plays.  TEST_VIDEO_KILLS sets
# how many times.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;
use Test::Video::Record;
use Test::Video::VOD;
use Time::HiRes qw(sleep);

my $kills = $ENV{TEST_VIDEO_KILLS} // 12;
my $t = Test::Video->new;
$t->conf(live_conf(
    window => '60s', zone => '384m',
    rtmp => 'video_record rec; video_dvr 90s; video_linger 1s;',
    locations => 'location /rec/ { video_vod zone=live; alias %%ROOT%%/rec/;'
               . ' video_segment 1s; }'))->run;

srand($ENV{TEST_VIDEO_SEED} // 1);

# Kills both workers after a while, from another process.
sub killer {
    my ($wait, @pids) = @_;
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    sleep $wait;
    kill 'KILL', @pids;
    require POSIX;
    POSIX::_exit(0);
}

# Media time, in ms, that was taken in before the worker died.
sub feed_until_dead {
    my ($name, $wait) = @_;
    my $feed = live_feed($t, $name);
    my @pids = $t->workers;
    $t->{server}{killed}{$_} = 1 for @pids;

    my $killer = killer($wait, @pids);
    my $taken = 0;
    while ($taken < 60_000 && eval { $feed->more(200 + int rand 900); 1 }) {
        $taken = $feed->{at};
    }
    waitpid $killer, 0;
    eval { $feed->reset };
    return $taken;
}

sub files {
    my ($name) = @_;
    return map { recorded($t, $name, "0001/$_") } qw(v0.mp4 a0.mp4);
}

my (@lost, @broken, $closed);
for my $n (1 .. $kills) {
    my $name = "cam$n";
    my $taken = feed_until_dead($name, 0.02 + rand 0.4);
    my $want = $taken > 100 ? int(($taken - 100) / 1000) : 0;
    $closed += $want;

    # sound is cut where the next video frame has been
    my $whole = wait_for {
        my ($video, $audio) = files($name);
        $video >= $want && $audio >= $want - 1;
    } 6;
    push @lost, "$name: " . join('/', files($name)) . " of $want" if !$whole;

    # the dead streams are reaped by a worker that lives for a second
    sleep 2.5 if $n % 10 == 0;
    next if $want < 2;

    my ($dir) = map { m{([^/]+)$} } glob $t->root . "/rec/$name/2*";
    for my $track (qw(v0 a0)) {
        my $list = media_list($t, "/rec/$name/$dir/$track/index.m3u8");
        my @uris = map { uris_of($list, $_) } qw(init segment);
        my $sum = 0;
        $sum += $_ for $list->{text} =~ /^#EXTINF:([\d.]+)/mg;
        push @broken, "$name/$track: $sum of $want"
            if $sum < $want - 1.1 || grep { $t->get($_)->status != 200 } @uris;
    }
}

is_deeply \@lost, [], 'no closed segment is lost';
is_deeply \@broken, [], 'all that is there plays';
cmp_ok $closed, '>', 2 * $kills, "$closed segments were closed";
cmp_ok $t->log_count(qr/recording of a worker that died is finished/), '>=', 0,
    'some of them after a death: '
    . $t->log_count(qr/recording of a worker that died is finished/);
is $t->log_count(qr/is not recorded/), 0, 'none was missed';

done_testing;
