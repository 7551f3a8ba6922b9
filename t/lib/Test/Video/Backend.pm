# A small forked HTTP server: an origin, a key server, an auth callback.  Made
# by Test::Video's backend().  Each connection has a process of its own, so a
# slow answer holds nobody up; what the handler changes in Perl variables is
# seen neither by the test nor by other requests.  Requests are recorded in a
# file, which the test reads.
package Test::Video::Backend;

use strict;
use warnings;

use Fcntl qw(:flock);
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();

use Test::Video::Loop qw(wait_for);
use Test::Video::Process;

my $json = JSON::PP->new->latin1->canonical;


# The handler gets a request { method, uri, path, query, args, headers (lower
# case), body, peer (its port), n (1 for the first request), nth (the same, by
# path) } and returns one of
#     "body"                                  200
#     [status, { header => value }, "body"]
#     [status, { ... }, sub { my $write = shift; $write->("bytes") ... }]
#         chunked as it is written; with Content-Length among the headers,
#         plain; "return 'abort'" from the sub cuts the connection short
#     { raw => "bytes", keep => 1 }           as they are; closes without keep
#     undef                                   closes without an answer
sub new {
    my ($class, %o) = @_;
    my $self = bless { %o, owner => $$ }, $class;

    $self->start;
    return $self;
}


sub start {
    my ($self) = @_;

    return if $self->{pid};
    my $listen = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1',
        LocalPort => $self->{port},
        Listen    => 128,
        ReuseAddr => 1,
    ) or die "backend: cannot listen on $self->{port}: $!\n";

    $self->{pid} = Test::Video::Process::fork_child(sub {
        setpgrp;
        $self->serve($listen);
    }, $listen);
    # both sides do it, so that it is done whoever is first
    setpgrp $self->{pid}, $self->{pid};
    close $listen;
    return;
}


sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} // return;

    kill 'KILL', -$pid;
    Test::Video::Process::wait_exit($pid, 5);
    return;
}


sub port { return $_[0]{port} }
sub url  { return "http://127.0.0.1:$_[0]{port}" }


# All requests so far, in the order in which they came; count(qr/x/) only
# those whose URI matches.
sub requests {
    my ($self, $pattern) = @_;
    my @all;

    open my $fh, '<:raw', $self->{record} or return;
    while (my $line = <$fh>) {
        last if $line !~ /\n\z/;
        my $request = $json->decode($line);
        push @all, $request if !$pattern || $request->{uri} =~ $pattern;
    }
    return @all;
}

sub count {
    my ($self, $pattern) = @_;
    return scalar(my @all = $self->requests($pattern));
}


# In the child from here on.

sub serve {
    my ($self, $listen) = @_;

    $SIG{CHLD} = 'IGNORE';
    $SIG{PIPE} = 'IGNORE';

    while (1) {
        my $client = $listen->accept or next;
        my $pid = fork;
        next if $pid;
        close $listen;
        if (defined $pid) {
            eval { 1 while $self->serve_one($client) };
            print STDERR "# backend: $@" if $@;
            POSIX::_exit(0);
        }
    }
}


# One request; true if the connection may carry another.
sub serve_one {
    my ($self, $client) = @_;
    my $request = read_request($client) or return 0;

    $request->{peer} = $client->peerport;
    $self->record($request);
    my $answer = $self->{handler}->($request);
    return 0 if !defined $answer;
    if (ref $answer eq 'HASH') {
        write_all($client, $answer->{raw});
        return $answer->{keep};
    }

    my ($status, $headers, $body) = ref $answer ? @$answer
                                  : (200, {}, $answer);
    my %header = %{ $headers || {} };
    my $keep = ($request->{headers}{connection} // '') !~ /close/i
               && $request->{version} ne '1.0';
    my $chunked = 0;

    $body //= '';
    if (!ref $body) {
        $header{'Content-Length'} //= length $body if $status != 304;
    } elsif (!defined $header{'Content-Length'}) {
        $chunked = $request->{version} ne '1.0';
        $header{'Transfer-Encoding'} = 'chunked' if $chunked;
        $keep &&= $chunked;
    }
    $header{Connection} //= $keep ? 'keep-alive' : 'close';

    my $head = "HTTP/1.1 $status Status\r\n"
        . join('', map { my $name = $_;
                         map { "$name: $_\r\n" }
                         ref $header{$name} ? @{ $header{$name} }
                                            : $header{$name} }
                   sort keys %header) . "\r\n";

    if (!ref $body) {
        $body = '' if $request->{method} eq 'HEAD';
        write_all($client, $head . $body);
        return $keep && length $body >= $header{'Content-Length'};
    }

    write_all($client, $head);
    my $result = $body->(sub {
        my ($bytes) = @_;
        return 1 if $bytes eq '';
        $bytes = sprintf("%x\r\n%s\r\n", length $bytes, $bytes) if $chunked;
        return write_all($client, $bytes);
    });
    return 0 if defined $result && $result eq 'abort';
    write_all($client, "0\r\n\r\n") if $chunked;
    return $keep;
}


sub write_all {
    my ($client, $bytes) = @_;

    while ($bytes ne '') {
        my $n = syswrite $client, $bytes or return 0;
        substr $bytes, 0, $n, '';
    }
    return 1;
}


sub read_request {
    my ($client) = @_;
    my $in = '';

    while (index($in, "\r\n\r\n") < 0) {
        sysread $client, $in, 65536, length $in or return;
    }
    $in =~ s{\A(.*?)\r\n\r\n}{}s;
    my ($first, @lines) = split /\r\n/, $1;
    my ($method, $uri, $version) = $first =~ m{^(\S+) (\S+) HTTP/(\S+)}
        or return;
    my %header;
    for my $line (@lines) {
        my ($name, $value) = split /:[ \t]*/, $line, 2;
        $name = lc $name;
        $header{$name} = exists $header{$name} ? "$header{$name}, $value"
                                               : $value;
    }

    my $length = $header{'content-length'} // 0;
    while (length $in < $length) {
        sysread $client, $in, 65536, length $in or return;
    }

    my ($path, $query) = split /\?/, $uri, 2;
    return {
        method  => $method,
        uri     => $uri,
        path    => $path,
        query   => $query // '',
        args    => decode_args($query),
        version => $version,
        headers => \%header,
        body    => substr($in, 0, $length),
    };
}


# Of a query or of a form that was posted.
sub decode_args {
    my ($text) = @_;
    my %args;

    for my $pair (split /&/, $text // '') {
        my ($name, $value) = split /=/, $pair, 2;
        for ($name, $value) {
            next if !defined;
            tr/+/ /;
            s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
        }
        $args{$name} = $value // '';
    }
    return \%args;
}


# Numbers the request and appends it to the record, one at a time.
sub record {
    my ($self, $request) = @_;

    open my $fh, '+>>:raw', $self->{record}
        or die "cannot open $self->{record}: $!\n";
    flock $fh, LOCK_EX;
    seek $fh, 0, 0;
    my ($n, $nth) = (1, 1);
    while (my $line = <$fh>) {
        $n++;
        $nth++ if $json->decode($line)->{path} eq $request->{path};
    }

    $request->{n} = $n;
    $request->{nth} = $nth;
    $request->{time} = Test::Video::Loop::now();
    print $fh $json->encode($request), "\n";
    close $fh;
    return;
}


sub DESTROY {
    my ($self) = @_;

    return if $self->{owner} != $$;
    local ($@, $!, $?);
    $self->stop;
    return;
}


1;
