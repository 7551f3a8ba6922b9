# The requests of a block and their journey: from sections to bytes, over a
# socket, and from bytes to a response.  Used by Test/Nginx/Socket.pm.
package Test::Nginx::Socket::Request;

use strict;
use warnings;

use Errno qw(EAGAIN EINTR EWOULDBLOCK);
use IO::Socket::INET;
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Test::More ();

use constant PIECE_GAP => 0.01;     # so that pieces arrive as pieces


# A list of { pieces => [bytes, ...], methods => [one per response] }, one
# element for each connection.
sub from_block {
    my ($block) = @_;
    my $name = $block->name;

    if (defined(my $raw = scalar $block->raw_request)) {
        my @pieces = ref $raw ? @$raw : $raw;
        my ($method) = join('', @pieces) =~ /^\s*(\w+)/;
        return { pieces => \@pieces, methods => [$method // 'GET'] };
    }

    if (defined(my $list = scalar $block->pipelined_requests)) {
        ref $list eq 'ARRAY' && @$list
            or die "$name: pipelined_requests is not an array\n";
        my @built = map {
            my $last = $_ == $#$list;
            build($block, $list->[$_], $_, $last ? 'close' : 'keep-alive');
        } 0 .. $#$list;
        return {
            pieces  => [join '', map { $_->{bytes} } @built],
            methods => [map { $_->{method} } @built],
        };
    }

    my $request = $block->request;
    defined $request or die "$name: no request\n";
    my @requests = ref $request ? @$request : $request;

    return map {
        my $built = build($block, $requests[$_], $_, 'close');
        { pieces => [$built->{bytes}], methods => [$built->{method}] };
    } 0 .. $#requests;
}


# One request as bytes, completed with the headers that it lacks.
sub build {
    my ($block, $text, $index, $connection) = @_;
    my $name = $block->name;

    !ref $text or die "$name: a request must be a string\n";
    1 while $text =~ s/^\s*\#[^\n]*\s+|^\s+//;

    my ($line, $body) = split /\r?\n/, $text, 2;
    my ($method, $url, $version) =
        ($line // '') =~ m{^(\w+)(?:\s+(.*?))?(?:\s+(HTTP/\S+))?\s*$}
        or die "$name: invalid request line \"$line\"\n";

    my $headers = more_headers($block, $index);
    $headers = "Host: localhost\r\n$headers" if $headers !~ /^Host:/mi;
    $headers .= "Connection: $connection\r\n"
        if $headers !~ /^Connection:/mi;

    if (!defined $body || $body eq '') {
        $body = '';
    } elsif ($headers !~ /^Transfer-Encoding:\s*chunked/mi
             && $headers !~ /^Content-Length:/mi)
    {
        $body =~ s/^\s+|\s+$//g;
        $headers .= 'Content-Length: ' . length($body) . "\r\n";
    }

    $url = '/' if !defined $url || $url eq '';
    $version //= 'HTTP/1.1';
    return {
        method => $method,
        bytes  => "$method $url $version\r\n$headers\r\n$body",
    };
}


sub more_headers {
    my ($block, $index) = @_;
    my $text = $block->more_headers // '';

    $text = $text->[$index] // '' if ref $text;
    return join '', map { my ($key, $value) = split /:\s*/, $_, 2;
                          "$key: " . ($value // '') . "\r\n" }
                    grep { /\S/ && !/^\s*\#/ } split /\r?\n/, $text;
}


# Sends the pieces and reads until the server closes; the bytes read.  A
# failure of its own when nothing comes for $timeout seconds, except in a
# block with "abort".
sub exchange {
    my ($block, $request, $server, $timeout) = @_;
    my $name = $block->name;
    my @pieces = @{ $request->{pieces} };
    my ($out, $in) = (shift(@pieces), '');

    local $SIG{PIPE} = 'IGNORE';
    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1',
        PeerPort => $server->port(0),
        Timeout  => $timeout,
    );
    if (!$socket) {
        Test::More::ok(0, "$name - cannot connect: $!");
        Test::More::diag($server->log_tail(20));
        return '';
    }
    $socket->blocking(0);
    setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;

    while (1) {
        my ($read, $write) = ('', '');
        vec($read, fileno $socket, 1) = 1;
        $write = $read if $out ne '';

        my $n = select($read, $write, undef, $timeout);
        next if $n < 0 && $! == EINTR;
        if ($n <= 0) {
            Test::More::ok(0, "$name - client socket timed out")
                if !defined scalar $block->abort;
            return $in;
        }

        if (vec($write, fileno $socket, 1)) {
            my $sent = syswrite $socket, $out;
            if (defined $sent) {
                substr $out, 0, $sent, '';
            } elsif ($! != EAGAIN) {
                $out = '';              # what the server said is still there
                @pieces = ();
            }
            if ($out eq '' && @pieces) {
                select undef, undef, undef, PIECE_GAP;
                $out = shift @pieces;
            }
        }

        if (vec($read, fileno $socket, 1)) {
            my $got = sysread $socket, $in, 65536, length $in;
            next if !defined $got && $! == EAGAIN;
            return $in if !$got;
        }
    }
}


# { code, head, headers => { lower-case name => [values] }, body, left }.  A
# body that is not complete is a failure of its own.
sub parse_response {
    my ($block, $raw, $method) = @_;
    my %response = (code => '', head => '', headers => {}, body => '',
                    left => '');

    1 while $raw =~ s{\AHTTP/1\.1 100 .*?\r\n\r\n}{}s;
    my $end = index $raw, "\r\n\r\n";
    if ($end < 0) {
        $response{body} = $raw;         # HTTP/0.9, or nothing at all
        return \%response;
    }

    $response{head} = substr $raw, 0, $end + 2;
    my $rest = substr $raw, $end + 4;
    my ($status, @lines) = split /\r\n/, $response{head};
    $response{code} = $1 if $status =~ m{^HTTP/\d\.\d (\d+)};

    for my $line (@lines) {
        my ($key, $value) = split /:[ \t]*/, $line, 2;
        push @{ $response{headers}{lc $key} }, $value // '';
    }

    read_body($block, \%response, $rest, $method);
    return \%response;
}


sub read_body {
    my ($block, $response, $rest, $method) = @_;
    my $coding = lc join ', ', @{ $response->{headers}{'transfer-encoding'}
                                  || [] };
    my ($length) = @{ $response->{headers}{'content-length'} || [] };
    my $what;

    if ($method eq 'HEAD' || $response->{code} =~ /^(?:1..|204|304)$/) {
        $response->{left} = $rest;
        return;
    }

    if ($coding =~ /chunked/) {
        $what = read_chunks($response, $rest);

    } elsif (defined $length) {
        $response->{body} = substr $rest, 0, $length;
        $response->{left} = length $rest > $length
                          ? substr $rest, $length : '';
        my $got = length $response->{body};
        $what = "response body truncated, $length bytes expected, got $got"
            if $got < $length;

    } else {
        $response->{body} = $rest;
    }

    if (defined $what && !defined scalar $block->abort) {
        Test::More::ok(0, $block->name . " - $what");
    }
    return;
}


# What is wrong with the chunks, or undef.
sub read_chunks {
    my ($response, $rest) = @_;

    while ($rest =~ s/\A([0-9A-Fa-f]+)[^\r\n]*\r\n//) {
        my $size = hex $1;

        if ($size == 0) {
            $rest =~ s/\A(?:[^\r\n]+\r\n)*\r\n//
                or return 'no end after the last chunk';
            $response->{left} = $rest;
            return undef;
        }

        $response->{body} .= substr $rest, 0, $size;
        return 'chunk truncated' if length $rest < $size;
        substr $rest, 0, $size, '';
        $rest =~ s/\A\r\n// or return 'no CRLF after a chunk';
    }

    return $rest eq '' ? 'no last chunk' : 'invalid chunk';
}


1;
