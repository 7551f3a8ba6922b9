#!/usr/bin/perl

# How long a worker is busy with /status at a time, and how long the answer
# takes, of many live streams: the longest turn of its event loop in twenty
# requests, by turns.c.
#
#   bench/status.pl [STREAMS]

use strict;
use warnings;

use File::Temp;
use FindBin;
use lib $FindBin::Bin;
use Time::HiRes qw(time);

use Bench;
use Test::Video;
use Test::Video::Live;

use constant ROUNDS => 20;

my $streams = shift // 200;

my $dir = File::Temp->newdir;
system(qw(cc -Wall -O2 -shared -fPIC -o), "$dir/turns.so",
       "$FindBin::Bin/turns.c", '-ldl') == 0 or die "no cc\n";

# nginx alone has it preloaded, not this program
my $nginx = $ENV{TEST_NGINX_BINARY} // '/usr/sbin/nginx';
write_to('nginx', "#!/bin/sh\nTURNS=$dir/turns LD_PRELOAD=$dir/turns.so "
                  . "exec $nginx \"\$@\"\n");
write_to('turns', '');
chmod 0755, "$dir/nginx";
chmod 0755, "$dir";
$ENV{TEST_NGINX_BINARY} = "$dir/nginx";

my $t = Test::Video->new(log_level => 'notice');
my $size = int($streams / 16 * 64) + 64;
(my $conf = live_conf(workers => 1, zone => "${size}m")) =~
    s/worker_connections \d+/worker_connections 4096/;
$t->conf($conf)->run;

my @feeds = map { live_feed($t, "stream$_") } 1 .. $streams;
$_->to(1300) for @feeds;
my ($worker) = $t->workers;

for my $format (qw(json prometheus)) {
    my (@times, $answer);

    write_to('turns', '');
    kill 'RTMIN', $worker;
    for (1 .. ROUNDS) {
        my $start = time;
        $answer = $t->get("/status?format=$format");
        push @times, (time - $start) * 1000;
    }
    $t->get('/pid');

    open my $fh, '<', "$dir/turns" or die "$dir/turns: $!\n";
    my ($longest) = sort { $b <=> $a } map { (split)[0] / 1000 } <$fh>;

    figure("longest turn, $format of $streams streams", $longest, 'ms',
           limit => 2, format => '%.2f',
           remark => sprintf '%d KB after %.0f ms (median)',
                     length($answer->body) / 1000,
                     (sort { $a <=> $b } @times)[ROUNDS / 2]);
}

$_->end for @feeds;


sub write_to {
    my ($name, $text) = @_;

    open my $fh, '>', "$dir/$name" or die "$dir/$name: $!\n";
    print $fh $text;
    return;
}
