#!/usr/bin/perl

# How far behind the publisher players are, 720p30 with parts of 333 ms and
# segments of 2 s.
#
# First without a player: what is listed at each moment, and how old its end is
# by the clock of the publisher, which is here.  A player that begins at any
# moment, PART-HOLD-BACK behind the end of the playlist, and plays on at speed 1
# is so much behind.
#
# Then hls.js, dash.js and Shaka Player in their low-latency modes, in headless
# Chromium on the player page, one after the other: stalls, and whether they
# hold the latency that playlist and manifest ask for.
#
#   bench/players.pl [MINUTES [BITRATE [PLAYER...]]]
#
# CLOCK=1000 in the environment: the clock of the publisher is fast by so many
# in a million, which manifests follow in steps.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../t/e2e";
use Time::HiRes qw(time sleep);

use Bench;
use E2E;
use Test::Video::FLV;
use Test::Video::HLS;
use Test::Video::RTMP;

use constant {
    BEFORE => 6,            # seconds of media before anybody looks
    EDGE   => 30,           # seconds in which the age is measured
    SAMPLE => 0.02,
};

my $minutes = shift // 1;
my $bitrate = shift // '2M';
my $clock = 1 + ($ENV{CLOCK} // 0) / 1e6;
my $t = live_node(part => '333ms');

# each player has time for a start and for stalls
my %wanted = map { $_ => 1 } @ARGV ? @ARGV : qw(hls dash shaka);
my @plays = grep { $wanted{ $_->[0] } } (
    ['hls', 'master.m3u8'], ['dash', 'manifest.mpd'],
    ['shaka', 'manifest.mpd'], ['shaka', 'master.m3u8'],
);
my $film = film('720p', '1280x720', $bitrate,
    $minutes * 60 * @plays * 1.5 + 60 + EDGE + BEFORE);
my @tags = Test::Video::FLV::read_tags($film);
my $begun = time + 1;
my $publisher = $t->background(\&publish_in_time);

sleep BEFORE;
my ($target) = edge();
my $mpd = $t->get('/live/bench/manifest.mpd')->body;
my ($dash) = $mpd =~ /<Latency\b[^>]*\btarget="(\d+)"/;

print "\nplayer, address                 start   played   stalls      latency: "
      . "asked, median, p95   errors\n";
player(@$_, $_->[1] =~ /mpd$/ ? $dash / 1000 : $target) for @plays;
$publisher->abandon;


# Sends each frame at the time that its timestamp says.
sub publish_in_time {
    my $rtmp = Test::Video::RTMP->new(port => $t->port(1));

    $rtmp->handshake && $rtmp->connect_app('live') or die "bench: no RTMP\n";
    $rtmp->set_chunk_size(65536);
    $rtmp->publish('bench');

    for my $tag (@tags) {
        my $wait = $begun + $tag->{timestamp} / 1000 / $clock - time;
        sleep $wait if $wait > 0;
        $rtmp->send_tag(@$tag{qw(type timestamp body)}) or last;
        $rtmp->connection->fill(65536, 0) if rand() < 0.01;
    }
    return;
}


# PART-HOLD-BACK, after printing how old the end of the playlist is.
sub edge {
    my $path = '/live/bench/v0/index.m3u8';
    my $until = time + EDGE;
    my ($query, %start, @edges, $hold_back) = ('');

    while (time < $until) {
        my $r = $t->get($path . $query);
        my $at = time;

        die 'bench: playlist ', $r->status, "\n" if $r->status != 200;
        my $list = Test::Video::HLS::parse($r->body);
        ($hold_back) = $r->body =~ /PART-HOLD-BACK=([\d.]+)/;
        push @edges, [$at, end_of($list, \%start)];
        $query = "?_HLS_msn=$list->{next_msn}&_HLS_part=$list->{next_part}";
    }

    # at every moment, the playlist that was newest then
    my @ages;
    for my $n (1 .. $#edges) {
        my ($from, $end) = @{ $edges[$n - 1] };
        for (my $s = $from; $s < $edges[$n][0]; $s += SAMPLE) {
            push @ages, 1000 * ($s - $begun - $end + $hold_back);
        }
    }
    @ages = sort { $a <=> $b } @ages;
    figure('at the hold-back distance, p50', $ages[@ages * 0.5], 'ms',
        limit => 1250, format => '%.0f', remark => @edges . ' playlists');
    figure('at the hold-back distance, p99', $ages[@ages * 0.99], 'ms',
        limit => 1400, format => '%.0f');
    return $hold_back;
}


# Where the media of a playlist end, in seconds from the publisher's first
# frame.  The first segment that there was began with it.
sub end_of {
    my ($list, $start) = @_;
    my $at;

    for my $item (@{ $list->{items} }) {
        next if $item->{kind} eq 'init';
        $start->{$item->{msn}} //= $at // 0 if !%$start || defined $at;
        $at = $start->{$item->{msn}}
            if $item->{kind} eq 'segment' || $item->{part} == 0;
        $at += $item->{duration};
    }
    return $at;
}


sub player {
    my ($name, $file, $asked) = @_;
    my $seen = browse($t, "/live/bench/$file", $name, $minutes * 60);
    my @complaints = complaints($seen);
    my $median = $seen->{medianLatency};
    my $held = defined $median && abs($median - $asked) <= 0.5;

    printf "%-30s %4.1f s %6.0f s  %3d, %4.1f s      %.2f, %s, %s s %s  %d\n",
        ($seen->{name} // $name) . " $file", $seen->{startup} // 0,
        $seen->{played} // 0,
        $seen->{stalls} // -1, $seen->{stallTime} // 0, $asked,
        map({ defined ? sprintf '%.2f', $_ : '?' }
            $median, $seen->{highLatency}),
        $held && !$seen->{stalls} ? 'met    ' : 'NOT met',
        scalar @complaints;
    print "    $_\n" for splice @complaints, 0, 5;
    return;
}
