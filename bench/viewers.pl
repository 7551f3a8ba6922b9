#!/usr/bin/perl

# What a request of a low-latency viewer costs: processor time of the workers.
# 720p30, 2.4 Mbit/s, parts of 200 ms.  Each viewer has two connections that
# wait all the time, one for the next playlist and one for the next part, as
# hls.js and Safari do.
#
# Then the same connections ask for files of the same sizes, as often and all
# at once: what nginx itself needs for that.
#
#   bench/viewers.pl [VIEWERS [SECONDS]]

use strict;
use warnings;

use FindBin;
use IO::Select;
use IO::Socket::INET;
use lib $FindBin::Bin;
use POSIX qw(sysconf _SC_CLK_TCK);
use Time::HiRes qw(time sleep);

use Bench;

use constant {
    PART  => 0.2,           # of conf/single.conf
    WARM  => 3,             # seconds before anything counts
    LIMIT => 0.06,
};

my $viewers = shift // 150;
my $seconds = shift // 20;
my $file = film('720p', '1280x720', '2.4M', $seconds + 40);
my $t = live_node(locations => 'location /static/ { root %%ROOT%%; }');
my $list = '/live/bench/v0/index.m3u8';
my $select = IO::Select->new;
my %what;                   # by socket: kind, left, buf, viewer
my %next;                   # by playlist: path of the next, of the next part
my %count;

my $publisher = publish($t, $file);
my $until = time + 10;

sleep 0.1 while $t->get($list)->status != 200 && time < $until;
sleep 2;

for my $viewer (1 .. $viewers) {
    open_for($_, $viewer) for qw(playlist part);
}

my %of;
push @{ $of{ $what{$_}{viewer} } }, $what{$_} for keys %what;

ask($_, $list) for grep { $_->{kind} eq 'playlist' } values %what;
serve(WARM);
my %live = measure(\&serve);
my $playlist = $live{playlist_bytes} / $live{playlist};
my $part = $live{part_bytes} / $live{part};

figure("$viewers viewers, CPU of a request", $live{ms}, 'ms', limit => LIMIT,
    format => '%.3f',
    remark => sprintf '%.0f requests a second, playlists of %.1f KB, parts of '
                      . '%.1f KB', $live{rate}, $playlist / 1000,
                      $part / 1000);
figure('answers other than 200', $count{wrong} // 0, '', limit => 0);

# the same of files
$publisher->abandon;
mkdir $t->root . '/static';
$t->write_file("static/$_->[0]", 'x' x $_->[1])
    for ['playlist', $playlist], ['part', $part];
%next = ();
renew();
serve_files(WARM);
my %static = measure(\&serve_files);
figure('the same of static files', $static{ms}, 'ms', format => '%.3f',
    remark => sprintf '%.0f requests a second; live to static: %.2f',
                      $static{rate}, $live{ms} / $static{ms});


sub open_for {
    my ($kind, $viewer) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $t->port(0))
        or die "bench: no connection: $@\n";

    $what{$socket} = { socket => $socket, kind => $kind, viewer => $viewer,
                       buf => '', waits => 0 };
    $select->add($socket);
    return;
}


# All connections anew, none of which waits for something.
sub renew {
    $select->remove($_), close $_ for map { $_->{socket} } values %what;
    %what = ();
    for my $viewer (1 .. $viewers) {
        open_for($_, $viewer) for qw(playlist part);
    }
    return;
}


sub ask {
    my ($c, $path) = @_;
    $c->{waits} = 1;
    syswrite $c->{socket}, "GET $path HTTP/1.1\r\nHost: localhost\r\n\r\n";
    return;
}


# Takes what is there; true when an answer is complete, which is in "buf".
sub take {
    my ($c) = @_;
    my $n = sysread $c->{socket}, $c->{buf}, 262144, length $c->{buf};

    die "bench: a connection was closed\n" if !$n;

    if (!defined $c->{length}) {
        my $head = index $c->{buf}, "\r\n\r\n";

        return if $head < 0;
        $c->{status} = substr $c->{buf}, 9, 3;
        ($c->{length}) = substr($c->{buf}, 0, $head)
                         =~ /^content-length: (\d+)/mi
            or die "bench: an answer has no length\n";
        substr $c->{buf}, 0, $head + 4, '';
    }
    return if length $c->{buf} < $c->{length};

    $count{ $c->{kind} }++;
    $count{"$c->{kind}_bytes"} += $c->{length};
    $count{wrong}++ if $c->{status} != 200;
    $c->{waits} = 0;
    delete $c->{length};
    return 1;
}


# All viewers are given the same text.
sub followed_by {
    my ($text) = @_;
    my $found = $next{$text};

    if (!$found) {
        my ($hint) = $text =~ /PRELOAD-HINT:TYPE=PART,URI="([^"]+)"/
            or die "bench: a playlist has no hint\n";
        my ($msn, $part) = $hint =~ /(\d+)\.(\d+)\.m4s$/;

        %next = () if keys %next > 100;
        $found = $next{$text} = ["$list?_HLS_msn=$msn&_HLS_part=$part",
                                 $list =~ s/[^\/]+$/$hint/r];
    }
    return @$found;
}


sub serve {
    my ($for) = @_;
    my $end = time + $for;

    while (time < $end) {
        for my $socket ($select->can_read(0.1)) {
            my $c = $what{$socket};

            take($c) or next;
            if ($c->{kind} eq 'playlist') {
                my ($playlist, $part) = followed_by($c->{buf});

                ask($c, $playlist);
                my ($other) = grep { $_ != $c } @{ $of{ $c->{viewer} } };
                if ($other->{waits}) { $other->{then} = $part }
                else { ask($other, $part) }

            } elsif (defined(my $path = delete $c->{then})) {
                ask($c, $path);
            }
            $c->{buf} = '';
        }
    }
    return;
}


sub serve_files {
    my ($for) = @_;
    my $end = time + $for;
    my $turn = time;

    while (time < $end) {
        for my $c (values %what) {
            ask($c, "/static/$c->{kind}") if !$c->{waits};
        }
        $turn += PART;
        while ((my $left = $turn - time) > 0) {
            for my $socket ($select->can_read($left)) {
                my $c = $what{$socket};
                $c->{buf} = '' if take($c);
            }
        }
    }
    return;
}


# User and system time of the workers, ms.
sub cpu {
    my $ticks = 0;

    for my $pid ($t->workers(all => 1)) {
        my @stat = split / /, $t->read_file("/proc/$pid/stat") =~ s/.*\) //r;
        $ticks += $stat[11] + $stat[12];
    }
    return $ticks * 1000 / sysconf(_SC_CLK_TCK);
}


sub measure {
    my ($serve) = @_;
    my ($from, $begun) = (cpu(), time);

    %count = (wrong => $count{wrong});
    $serve->($seconds);

    my $n = $count{playlist} + $count{part};
    return (%count, ms => (cpu() - $from) / $n, rate => $n / (time - $begun));
}
