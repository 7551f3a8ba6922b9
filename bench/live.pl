#!/usr/bin/perl

# How long after its first frame came a part is at a client: at best the
# length of the part.  1080p30, 5 Mbit/s, key frames every 2 s, parts of
# 200 ms, two workers, one Low-Latency HLS client that asks for the next
# playlist and the next part as the hints say.
#
# The clock is the playlist's own: EXT-X-PROGRAM-DATE-TIME is when the server
# had the first frame of a segment.  Also printed: the first playlist with
# media, from before the publisher connects.
#
#   bench/live.pl [SECONDS]

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Time::HiRes qw(time sleep);
use Time::Local qw(timegm);

use Bench;

use constant {
    PART      => 0.2,       # of conf/single.conf
    ALLOWANCE => 0.05,      # for what comes on top of it
};

my $seconds = shift // 20;
my $file = source($seconds + 10);
my $t = live_node();

my $published = time;
my $p = publish($t, $file);

my $base = '/live/bench/v0';
my $r;

do { $r = $t->get("$base/index.m3u8"); sleep 0.005 if $r->status != 200 }
    while ($r->status != 200 && time < $published + 10);

figure('first playlist with media after the publisher came',
    time - $published, 's', limit => 1, format => '%.3f');

my (@late, %seen, $next);
my $end = time + $seconds;

while (time < $end) {
    my $list = $r->body;
    my ($clock, $part_time);

    for my $line (split /\n/, $list) {
        if ($line =~ /^\#EXT-X-PROGRAM-DATE-TIME:
                      (\d+)-(\d+)-(\d+)T(\d+):(\d+):([\d.]+)Z/x)
        {
            $clock = timegm(0, $5, $4, $3, $2 - 1, $1) + $6;

        } elsif ($line =~ /^#EXT-X-PART:DURATION=([\d.]+),URI="([^"]+)"/) {
            my ($duration, $uri) = ($1, $2);
            $part_time = $clock;
            $clock += $duration;
            next if $seen{$uri}++;

            # of the first playlist only the newest part is news
            next if !$next;

            my $m = $next->{$uri} // $t->get("$base/$uri");
            $m = $m->end if $m->can('end');
            push @late, ($m->{arrived} // time) - $part_time
                if $m->status == 200;
        }
    }

    my ($hint) = $list =~ /PRELOAD-HINT:TYPE=PART,URI="([^"]+)"/;
    my ($msn, $part) = $hint =~ /(\d+)\.(\d+)\.m4s$/;

    # the hinted part, then the playlist that lists it
    my $got = $t->get("$base/$hint", timeout => 10);
    $got->{arrived} = time;
    $next = { $hint => $got };
    $r = $t->get("$base/index.m3u8?_HLS_msn=$msn&_HLS_part=$part",
                 timeout => 10);
}

$p->stop;

die "bench: no parts came\n" if !@late;

@late = sort { $a <=> $b } map { $_ * 1000 } @late;

figure('part at the client after its first frame, p50', $late[@late / 2],
    'ms', limit => (PART + ALLOWANCE) * 1000, format => '%.0f',
    remark => @late . ' parts of ' . PART * 1000 . ' ms');
figure('part at the client after its first frame, p90', $late[@late * 0.9],
    'ms', format => '%.0f');
