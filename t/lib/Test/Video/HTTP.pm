# An HTTP/1.1 client request that is also its response.  It proceeds while the
# test waits for anything (Loop.pm), so that several may be under way and each
# keeps its own times.  Used by Test/Video.pm (get), HLS.pm and Backend.pm.
package Test::Video::HTTP;

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use Errno qw(EAGAIN EINPROGRESS EINTR EWOULDBLOCK);
use IO::Socket::INET;
use Socket qw(IPPROTO_TCP TCP_NODELAY SOL_SOCKET SO_RCVBUF);

use Test::Video::Loop qw(now wait_for);

use constant {
    TIMEOUT   => 10,
    READ_SIZE => 65536,
};


# Sends a request and returns at once.  Options: port, path, method, headers
# (hash or list of pairs), range ("0-99"), body, version ("1.1"), timeout
# (whole request), rate (bytes a second that are read), rcvbuf, from (our
# address, "127.0.0.2"), keep (keep the connection open), over (a finished response made with keep: use its
# connection).
sub start {
    my ($class, %o) = @_;
    my $self = bless {
        method  => $o{method} // ($o{body} ? 'POST' : 'GET'),
        path    => $o{path} // '/',
        timeout => ($o{timeout} // TIMEOUT) * Test::Video::Loop::slowness(),
        rate    => $o{rate},
        keep    => $o{keep},
        started => now(),
        status  => 0,
        reason  => '',
        in      => '',
        body    => '',
        headers => [],
        state   => 'head',
        arrivals => [],
    }, $class;

    $self->{out} = $self->request_bytes(%o);

    if ($o{over}) {
        $self->{socket} = delete $o{over}{socket};
        $self->{socket} or return $self->finish('the connection is closed');
    } else {
        $self->{socket} = connect_to(@o{qw(port rcvbuf from)})
            or return $self->finish("cannot connect: $!");
    }

    Test::Video::Loop::add($self);
    $self->on_write;
    return $self;
}


sub connect_to {
    my ($port, $rcvbuf, $from) = @_;

    my $socket = IO::Socket::INET->new(Proto => 'tcp', Type => SOCK_STREAM)
        or return;
    setsockopt $socket, SOL_SOCKET, SO_RCVBUF, $rcvbuf if $rcvbuf;
    setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
    !$from || bind($socket, Socket::pack_sockaddr_in(0,
        Socket::inet_aton($from))) or return;
    connect $socket, Socket::pack_sockaddr_in($port,
        Socket::inet_aton('127.0.0.1')) or return;
    $socket->blocking(0);
    return $socket;
}


sub request_bytes {
    my ($self, %o) = @_;
    my $version = $o{version} // '1.1';
    my @given = ref($o{headers} // '') eq 'HASH' ? %{ $o{headers} }
              : @{ $o{headers} || [] };
    my %has;
    my $text = '';

    while (my ($name, $value) = splice @given, 0, 2) {
        $has{lc $name} = 1;
        $text .= "$name: $value\r\n" if defined $value;
    }

    $text = "Host: localhost\r\n$text" if !$has{host};
    $text .= "Range: bytes=$o{range}\r\n" if defined $o{range};
    $text .= 'Connection: ' . ($o{keep} ? 'keep-alive' : 'close') . "\r\n"
        if !$has{connection};
    $text .= 'Content-Length: ' . length($o{body}) . "\r\n"
        if defined $o{body} && !$has{'content-length'}
           && !$has{'transfer-encoding'};

    return "$self->{method} $self->{path} HTTP/$version\r\n$text\r\n"
         . ($o{body} // '');
}


# Waits until it is over; returns itself.
sub end {
    my ($self) = @_;

    Test::Video::Loop::pump(0.05) while !$self->{finished};
    return $self;
}


sub finish {
    my ($self, $error) = @_;

    return $self if $self->{finished};
    $self->{finished} = now();
    $self->{error} = $error;
    Test::Video::Loop::remove($self);

    CORE::close delete $self->{socket}
        if $self->{socket} && ($error || !$self->{keep});
    return $self;
}


# The client goes away.
sub close {
    my ($self) = @_;

    CORE::close delete $self->{socket} if $self->{socket};
    $self->finish('closed by the test');
    return;
}


# Interface to the loop.

# From now on at full speed.
sub read_on {
    my ($self) = @_;

    delete $self->{rate};
    return $self;
}


sub fh          { return $_[0]{socket} }
sub wants_write { return $_[0]{out} ne '' }

sub wants_read {
    my ($self) = @_;

    return 1 if !$self->{rate};
    return length($self->{body}) <= $self->{rate} * (now() - $self->{started});
}

sub on_tick {
    my ($self) = @_;

    if (!$self->{finished} && now() - $self->{started} > $self->{timeout}) {
        $self->{timed_out} = 1;
        $self->finish('timed out');
    }
    return;
}

sub on_write {
    my ($self) = @_;

    return if $self->{out} eq '';
    local $SIG{PIPE} = 'IGNORE';
    my $n = syswrite $self->{socket}, $self->{out};
    if (defined $n) {
        substr $self->{out}, 0, $n, '';
    } elsif ($! != EAGAIN && $! != EINTR) {
        $self->{out} = '';          # an early answer may still be there
    }
    return;
}

sub on_read {
    my ($self) = @_;
    my $size = READ_SIZE;

    return if $self->{finished};
    if ($self->{rate}) {
        my $step = int($self->{rate} / 20) || 1;
        $size = $step if $step < $size;
    }

    my $n = sysread $self->{socket}, $self->{in}, $size, length $self->{in};
    return if !defined $n && ($! == EAGAIN || $! == EINTR);

    if (!$n) {
        my $why = defined $n ? 'closed by the server' : "read: $!";
        $self->{state} = 'done' if $self->{state} eq 'until_close'
                                   && defined $n;
        return $self->finish($self->{state} eq 'done' ? undef : $why);
    }

    $self->{first_byte} //= now() - $self->{started};
    1 while $self->step;
    $self->finish if $self->{state} eq 'done';
    return;
}


# The parser: one step, true if another may follow.
sub step {
    my ($self) = @_;
    my $state = $self->{state};

    if ($state eq 'head') {
        $self->{in} =~ s/\A(.*?\r\n)\r\n//s or return 0;
        return $self->parse_head($1);
    }

    if ($state eq 'chunk_size') {
        $self->{in} =~ s/\A([0-9A-Fa-f]+)[^\r\n]*\r\n// or return
            $self->bad_if('chunk size', $self->{in} =~ /\A[^0-9A-Fa-f]|\n/);
        $self->{left} = hex $1;
        $self->{chunks}++;
        $self->{state} = $self->{left} ? 'chunk' : 'trailer';
        return 1;
    }

    if ($state eq 'chunk_end') {
        $self->{in} =~ s/\A\r\n// or return
            $self->bad_if('chunk end', length $self->{in} >= 2);
        $self->{state} = 'chunk_size';
        return 1;
    }

    if ($state eq 'trailer') {
        $self->{in} =~ s/\A([^\r\n]*)\r\n// or return 0;
        $self->{state} = 'done' if $1 eq '';
        return 1;
    }

    return 0 if $state eq 'done' || $self->{in} eq '';

    if ($state eq 'until_close') {
        $self->take(length $self->{in});
        return 0;
    }

    my $n = length $self->{in};
    $n = $self->{left} if $n > $self->{left};
    $self->take($n);
    $self->{left} -= $n;
    $self->{state} = $state eq 'chunk' ? 'chunk_end' : 'done'
        if $self->{left} == 0;
    return 1;
}


sub bad_if {
    my ($self, $what, $bad) = @_;

    $self->finish("invalid $what") if $bad;
    return 0;
}


sub take {
    my ($self, $n) = @_;

    $self->{body} .= substr $self->{in}, 0, $n, '';
    $self->{first_body} //= now() - $self->{started};
    push @{ $self->{arrivals} },
         [now() - $self->{started}, length $self->{body}];
    return;
}


sub parse_head {
    my ($self, $head) = @_;
    my ($status, @lines) = split /\r\n/, $head;

    $status =~ m{^HTTP/\d\.\d (\d{3}) ?(.*)}
        or return $self->bad_if("status line \"$status\"", 1);
    return 1 if $1 == 100;

    @$self{qw(status reason head)} = ($1, $2, $head);
    @{ $self->{headers} } = map { [split /:[ \t]*/, $_, 2] } @lines;

    my $length = $self->header('Content-Length');
    $self->{length_header} = $length;
    if ($self->{method} eq 'HEAD' || $self->{status} =~ /^(?:1..|204|304)$/) {
        $self->{state} = 'done';
    } elsif (($self->header('Transfer-Encoding') // '') =~ /chunked/i) {
        $self->{state} = 'chunk_size';
    } elsif (defined $length) {
        $self->{left} = $length;
        $self->{state} = $length ? 'body' : 'done';
    } else {
        $self->{state} = 'until_close';
    }
    return 1;
}


# What is known so far; without "start" it is all there.

# 0 before there is one, or when there never was.
sub status     { return $_[0]{status} }
sub reason     { return $_[0]{reason} }
sub head       { return $_[0]{head} // '' }
sub body       { return $_[0]{body} }
sub md5        { return md5_hex($_[0]{body}) }
sub done       { return $_[0]{finished} ? 1 : 0 }
sub error      { return $_[0]{error} }
sub timed_out  { return $_[0]{timed_out} }
sub chunks     { return $_[0]{chunks} // 0 }

# True when the whole message came: Content-Length bytes, or the last chunk.
sub complete   { return $_[0]{state} eq 'done' ? 1 : 0 }

# Seconds since the request was sent; undef if it has not happened.
sub first_byte { return $_[0]{first_byte} }
sub first_body { return $_[0]{first_body} }
sub elapsed    { return ($_[0]{finished} // now()) - $_[0]{started} }

# Each read: [seconds, bytes of the body so far].
sub arrivals   { return @{ $_[0]{arrivals} } }


# Values of repeated headers are joined with ", "; undef if there is none.
sub header {
    my ($self, $name) = @_;
    my @values = map { $_->[1] // '' }
                 grep { lc $_->[0] eq lc $name } @{ $self->{headers} };

    return @values ? join ', ', @values : undef;
}


# All of them: lower-case name => value.
sub headers {
    my ($self) = @_;
    return { map { (lc $_->[0] => $self->header($_->[0])) }
             @{ $self->{headers} } };
}


sub DESTROY {
    my ($self) = @_;
    Test::Video::Loop::remove($self);
    return;
}


1;
