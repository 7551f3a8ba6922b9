# A raw TCP connection for tests that care about bytes: wrong requests, slow
# readers, half-closed sockets.  Made by Test::Video's raw().
package Test::Video::Connection;

use strict;
use warnings;

use Errno qw(EAGAIN EINTR);
use Socket qw(SOL_SOCKET SO_LINGER);

use Test::Video::Loop qw(now);
use Test::Video::HTTP;

use constant TIMEOUT => 5;


# Options: port, timeout (for each call), rcvbuf.
sub new {
    my ($class, %o) = @_;
    my $socket = Test::Video::HTTP::connect_to($o{port}, $o{rcvbuf})
        or die "cannot connect to port $o{port}: $!\n";

    return bless {
        socket   => $socket,
        timeout  => ($o{timeout} // TIMEOUT) * Test::Video::Loop::slowness(),
        buffer   => '',
        received => 0,
    }, $class;
}


# From now on at most so many bytes a second, in both directions.
sub slow {
    my ($self, $rate) = @_;

    $self->{rate} = $rate;
    return $self;
}


# True when all was written.
sub write {
    my ($self, $bytes) = @_;
    my $deadline = now() + $self->{timeout};
    my $step = $self->{rate} ? int($self->{rate} / 20) || 1 : 0;

    local $SIG{PIPE} = 'IGNORE';
    while ($bytes ne '') {
        return 0 if now() > $deadline || !$self->{socket};
        $self->wait_ready(1, 0.1) or next;
        my $n = syswrite $self->{socket}, $bytes, $step || length $bytes;
        if (!defined $n) {
            next if $! == EAGAIN || $! == EINTR;
            $self->{error} = "$!";
            return 0;
        }
        substr $bytes, 0, $n, '';
        $self->pause($n) if $self->{rate} && $bytes ne '';
    }
    return 1;
}


# Up to $max bytes (65536), as soon as there are any; '' at the end or after
# the timeout: ->eof and ->timed_out tell which.
sub read {
    my ($self, $max, $timeout) = @_;

    $max //= 65536;
    $self->fill($max, $timeout) if $self->{buffer} eq '';
    return substr $self->{buffer}, 0, $max, '';
}


# Reads until the pattern matches; returns what came up to the end of the
# match, and leaves the rest.  Undef, and nothing lost, if it never matches.
sub expect {
    my ($self, $pattern, $timeout) = @_;
    my $deadline = now() + ($timeout // $self->{timeout});

    while (1) {
        return substr $self->{buffer}, 0, $+[0], ''
            if $self->{buffer} =~ $pattern;
        my $left = $deadline - now();
        return undef if $left <= 0 || !$self->fill(65536, $left);
    }
}


# Everything until the other side closes or nothing comes any more.
sub read_all {
    my ($self, $timeout) = @_;

    1 while $self->fill(65536, $timeout);
    return substr $self->{buffer}, 0, length $self->{buffer}, '';
}


# Exactly $n bytes, or undef.
sub read_exactly {
    my ($self, $n, $timeout) = @_;
    my $deadline = now() + ($timeout // $self->{timeout});

    while (length $self->{buffer} < $n) {
        my $left = $deadline - now();
        return undef if $left <= 0 || !$self->fill(65536, $left);
    }
    return substr $self->{buffer}, 0, $n, '';
}


# One read from the socket into the buffer; the number of bytes.
sub fill {
    my ($self, $max, $timeout) = @_;
    my $deadline = now() + ($timeout // $self->{timeout});

    delete $self->{timed_out};
    if ($self->{rate}) {
        my $step = int($self->{rate} / 20) || 1;
        $max = $step if $step < $max;
    }

    while (!$self->{eof} && $self->{socket}) {
        my $left = $deadline - now();
        if ($left <= 0) {
            $self->{timed_out} = 1;
            return 0;
        }
        $self->wait_ready(0, $left > 0.1 ? 0.1 : $left) or next;
        my $n = sysread $self->{socket}, $self->{buffer}, $max,
                        length $self->{buffer};
        if ($n) {
            $self->{received} += $n;
            $self->pause($n) if $self->{rate};
            return $n;
        }
        next if !defined $n && ($! == EAGAIN || $! == EINTR);
        $self->{error} = "$!" if !defined $n;
        $self->{eof} = 1;
    }
    return 0;
}


# Waits for this socket, and lets other requests proceed meanwhile.
sub wait_ready {
    my ($self, $for_write, $seconds) = @_;
    my $deadline = now() + $seconds;

    do {
        my $bits = '';
        vec($bits, fileno $self->{socket}, 1) = 1;
        my $n = $for_write ? select(undef, $bits, undef, 0.005)
                           : select($bits, undef, undef, 0.005);
        return 1 if $n > 0;
        Test::Video::Loop::pump(0);
    } while now() < $deadline;
    return 0;
}


sub pause {
    my ($self, $bytes) = @_;
    my $until = now() + $bytes / $self->{rate};

    Test::Video::Loop::pump(0.01) while now() < $until;
    return;
}


sub eof       { return $_[0]{eof} }         # the other side has closed
sub timed_out { return $_[0]{timed_out} }   # the last read got nothing
sub error     { return $_[0]{error} }       # such as "Connection reset by peer"
sub buffer    { return $_[0]{buffer} }      # read but not yet taken
sub received  { return $_[0]{received} }    # bytes in all
sub socket    { return $_[0]{socket} }


# No more from us; still reads.
sub shutdown {
    my ($self) = @_;

    CORE::shutdown $self->{socket}, 1;
    return;
}


sub close {
    my ($self) = @_;

    CORE::close delete $self->{socket} if $self->{socket};
    return;
}


# Closes with a TCP reset.
sub reset {
    my ($self) = @_;

    setsockopt $self->{socket}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    $self->close;
    return;
}


1;
