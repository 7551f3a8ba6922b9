# The small event loop of a test: everything that waits goes through here, so
# that requests started with "start => 1" are read (and timed) while the test
# waits for something else.  Used by HTTP.pm, Connection.pm, Server.pm and, as
# the exported wait_for, by every flow test.
package Test::Video::Loop;

use strict;
use warnings;

use Exporter 'import';
use List::Util qw(max);
use Scalar::Util qw(refaddr weaken);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

our @EXPORT_OK = qw(now wait_for pump);

use constant STEP => 0.01;

# Objects being pumped.  References are weak: a response that the test drops
# closes its socket, as a client that goes away does.
my %active;


sub now {
    return clock_gettime(CLOCK_MONOTONIC);
}


# An object has: fh, wants_read, wants_write (each true or false), on_read,
# on_write, on_tick (called on each turn, for timeouts).
sub add {
    my ($object) = @_;

    $active{ refaddr $object } = $object;
    weaken $active{ refaddr $object };
    return;
}


sub remove {
    my ($object) = @_;

    delete $active{ refaddr $object };
    return;
}


# A forked child has its own life: its parent's sockets are not its business.
sub forget_all {
    %active = ();
    return;
}


# One turn: waits at most $timeout seconds for any of the active objects.
sub pump {
    my ($timeout) = @_;
    my ($read, $write) = ('', '');
    my %by_fd;

    for my $object (grep { defined } values %active) {
        my $fh = $object->fh or next;
        my $fd = fileno $fh;
        next if !defined $fd;

        $by_fd{$fd} = $object;
        vec($read, $fd, 1) = 1 if $object->wants_read;
        vec($write, $fd, 1) = 1 if $object->wants_write;
    }

    my $n = select($read, $write, undef, $timeout);

    for my $fd (keys %by_fd) {
        my $object = $by_fd{$fd};
        if ($n > 0) {
            $object->on_write if vec($write, $fd, 1);
            $object->on_read if vec($read, $fd, 1);
        }
        $object->on_tick;
    }

    return;
}


# Polls a condition every 10 ms; its value, or false after $seconds.  What is
# given three or more is expected to come, and has four times as long on a busy
# machine.
sub wait_for (&;$) {
    my ($condition, $seconds) = @_;
    $seconds //= 5;
    my $times = max(slowness(), $seconds >= 3 ? 4 : 1);
    my $deadline = now() + $seconds * $times;

    while (1) {
        my $value = $condition->();
        return $value if $value;
        return '' if now() >= $deadline;
        pump(STEP);
    }
}


# Everything is allowed more time under valgrind and the sanitizers.
sub slowness {
    return 10 if $ENV{TEST_NGINX_USE_VALGRIND};
    return 3 if $ENV{TEST_NGINX_ASAN};
    return 1;
}


1;
