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
# Then a client of low-latency DASH, which reads each segment while it grows;
# parts say themselves when their first frame came (prft).
#
#   bench/live.pl [SECONDS]

use strict;
use warnings;

use FindBin;
use IO::Socket::INET;
use lib $FindBin::Bin;
use Time::HiRes qw(time sleep);
use Time::Local qw(timegm);

use Bench;

use constant {
    PART      => 0.2,       # of conf/single.conf
    ALLOWANCE => 0.05,      # for what comes on top of it
};

my $seconds = shift // 20;
my $file = source($seconds * 1.5 + 15);
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

my ($msn) = $r->body =~ /HINT:TYPE=PART,URI="\w+\/(\d+)/;
my @grown = map { growing(++$msn) } 1 .. $seconds / 4;

$p->stop;

die "bench: no parts came\n" if !@late;

@late = sort { $a <=> $b } map { $_ * 1000 } @late;

figure('part at the client after its first frame, p50', $late[@late / 2],
    'ms', limit => (PART + ALLOWANCE) * 1000, format => '%.0f',
    remark => @late . ' parts of ' . PART * 1000 . ' ms');
figure('part at the client after its first frame, p90', $late[@late * 0.9],
    'ms', format => '%.0f');

@grown = sort { $a <=> $b } map { $_ * 1000 } @grown;
die "bench: no segment grew\n" if !@grown;

figure('part in a growing segment after its first frame, p50',
    $grown[@grown / 2], 'ms', limit => 300, format => '%.0f',
    remark => @grown . ' parts');


# Reads a segment that is about to be made: for each of its parts, but the last,
# the seconds from its first frame to its last byte.
sub growing {
    my ($msn) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $t->port(0))
        or die "bench: $!\n";
    my ($body, @reads) = ('');

    print $socket "GET $base/$msn.m4s HTTP/1.1\r\nHost: localhost\r\n"
                  . "Connection: close\r\n\r\n";
    push @reads, [length $body, time]
        while sysread $socket, $body, 65536, length $body;

    my (@at, @of);
    while ($body =~ /prft\x01.{7}(.{8})/gs) {
        my ($seconds, $fraction) = unpack 'N N', $1;
        push @at, $-[0];
        push @of, $seconds - 2_208_988_800 + $fraction / 2 ** 32;
    }

    # before the next part there are boxes and a line of the transfer coding
    return map {
        my $end = $at[$_ + 1] - 64;
        my ($read) = grep { $_->[0] >= $end } @reads;
        $read->[1] - $of[$_];
    } 0 .. $#at - 1;
}
