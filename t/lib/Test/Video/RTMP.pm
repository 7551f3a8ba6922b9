# A low-level RTMP client for protocol tests, and under Publisher.pm.  Sections
# are those of Adobe's RTMP 1.0 specification.  Nothing here is clever: what
# the test says is sent, wrong or not.
package Test::Video::RTMP;

use strict;
use warnings;

use Test::Video::AMF qw(amf_encode amf_decode amf_string);
use Test::Video::Connection;
use Test::Video::Loop qw(now);

use constant {
    CHUNK_SIZE => 128,      # 5.4.1, until a Set Chunk Size
    HANDSHAKE  => 1536,
};

# 5.4, 6.2, 7.1: message types
use constant {
    SET_CHUNK_SIZE => 1,
    ABORT          => 2,
    ACK            => 3,
    USER_CONTROL   => 4,
    WINDOW_ACK     => 5,
    PEER_BANDWIDTH => 6,
    AUDIO          => 8,
    VIDEO          => 9,
    DATA           => 18,
    COMMAND        => 20,
};


# Connects; options: port, timeout (seconds, for each read).
sub new {
    my ($class, %o) = @_;

    return bless {
        conn       => Test::Video::Connection->new(%o),
        timeout    => ($o{timeout} // 5) * Test::Video::Loop::slowness(),
        out_chunk  => CHUNK_SIZE,
        in_chunk   => CHUNK_SIZE,
        in         => {},       # csid => message that is being received
        codes      => [],
        txid       => 0,
        stream_id  => 0,
        acked      => 0,
    }, $class;
}


# 5.2, the simple handshake.  True if the server's answer is right.
sub handshake {
    my ($self) = @_;
    my $c1 = pack('N2', 0, 0)
           . join '', map { chr int rand 256 } 1 .. HANDSHAKE - 8;

    $self->send_raw("\x03$c1") or return 0;
    my $s0 = $self->{conn}->read_exactly(1) // return 0;
    my $s1 = $self->{conn}->read_exactly(HANDSHAKE) // return 0;
    $self->send_raw($s1);
    my $s2 = $self->{conn}->read_exactly(HANDSHAKE) // return 0;

    # nothing checks the time fields, and the digest handshake answers with
    # bytes of its own
    return $s0 eq "\x03" ? 1 : 0;
}


sub send_raw {
    my ($self, $bytes) = @_;
    return $self->{conn}->write($bytes);
}


# One message as chunks of the present size, the first with a full header.
# True if it could be written.
sub send_message {
    my ($self, $csid, $type, $stream_id, $timestamp, $body) = @_;

    return $self->send_raw($self->message_bytes(
        $csid, $type, $stream_id, $timestamp, $body));
}


# 5.3.1
sub message_bytes {
    my ($self, $csid, $type, $stream_id, $timestamp, $body) = @_;
    my $size = $self->{out_chunk};
    my $stamp = $timestamp & 0xffffffff;
    my $extended = $stamp >= 0xffffff ? pack 'N', $stamp : '';
    my $short = $extended eq '' ? $stamp : 0xffffff;

    my $out = basic_header(0, $csid)
        . substr(pack('N', $short), 1)
        . substr(pack('N', length $body), 1)
        . pack('C V', $type, $stream_id)
        . $extended
        . substr $body, 0, $size;

    for (my $at = $size; $at < length $body; $at += $size) {
        $out .= basic_header(3, $csid) . $extended . substr $body, $at, $size;
    }
    return $out;
}


sub basic_header {
    my ($format, $csid) = @_;

    return pack 'C', $format << 6 | $csid if $csid < 64;
    return pack 'C C', $format << 6, $csid - 64 if $csid < 320;
    return pack 'C v', $format << 6 | 1, $csid - 64;
}


# Announces and uses another size for the chunks that we send.
sub set_chunk_size {
    my ($self, $size) = @_;

    my $ok = $self->send_message(2, SET_CHUNK_SIZE, 0, 0, pack 'N', $size);
    $self->{out_chunk} = $size;
    return $ok;
}


# For tests of wrong sizes: what we use, without saying so.
sub chunk_size {
    my ($self, $size) = @_;

    $self->{out_chunk} = $size if defined $size;
    return $self->{out_chunk};
}


# A command on the connection (stream 0), or on another stream.
sub send_command {
    my ($self, $name, $txid, @args) = @_;
    return $self->send_command_on(0, $name, $txid, @args);
}


sub send_command_on {
    my ($self, $stream_id, $name, $txid, @args) = @_;

    return $self->send_message($stream_id ? 8 : 3, COMMAND, $stream_id, 0,
                               amf_encode(amf_string($name), $txid, @args));
}


# The next complete message { csid, type, stream_id, timestamp, body }, and
# for commands name, txid, args; undef when none comes in time or the server
# has closed.  Control messages are obeyed and returned as well.
sub read_message {
    my ($self, $timeout) = @_;
    my $deadline = now() + ($timeout // $self->{timeout});

    while (1) {
        my $message = $self->next_buffered;
        if ($message) {
            $self->obey($message);
            return $message;
        }
        my $left = $deadline - now();
        return undef if $left <= 0;
        $self->{conn}->fill(65536, $left) or return undef;
        $self->acknowledge;
    }
}


# A message out of what has been read already, or undef.
sub next_buffered {
    my ($self) = @_;

    while (1) {
        my ($length, $message) = $self->parse_chunk($self->{conn}{buffer});
        return undef if !$length;
        substr $self->{conn}{buffer}, 0, $length, '';
        return $message if $message;
    }
}


# 5.3.1: bytes used by the chunk at the start of the buffer (0: not all there)
# and the message that it completes.
sub parse_chunk {
    my ($self, $buffer) = @_;
    my $at = 0;
    my $get = sub {
        my ($n) = @_;
        $at += $n;
        return $at > length $buffer ? undef : substr $buffer, $at - $n, $n;
    };

    my $first = unpack 'C', $get->(1) // return 0;
    my ($format, $csid) = ($first >> 6, $first & 63);
    $csid = 64 + unpack 'C', $get->(1) // return 0 if $csid == 0;
    $csid = 64 + unpack 'v', $get->(2) // return 0 if $csid == 1;

    my $old = $self->{in}{$csid} || { csid => $csid, timestamp => 0,
                                      stamp => 0, body => '' };
    my %new = %$old;
    my $bytes;

    if ($format < 3) {
        $bytes = $get->((11, 7, 3)[$format]) // return 0;
        $new{stamp} = unpack 'N', "\0" . substr $bytes, 0, 3;
        @new{qw(length type)} = unpack 'N C', "\0" . substr $bytes, 3, 4
            if $format < 2;
        $new{stream_id} = unpack 'V', substr $bytes, 7, 4 if $format == 0;
        $new{extended} = $new{stamp} == 0xffffff;
    }
    if ($new{extended}) {
        $new{stamp} = unpack 'N', $get->(4) // return 0;
    }

    die "RTMP: chunk without a header before it\n" if !defined $new{length};
    if ($new{body} eq '') {
        $new{timestamp} = $format == 0 ? $new{stamp}
                        : $new{timestamp} + $new{stamp};
    }

    my $want = $new{length} - length $new{body};
    $want = $self->{in_chunk} if $want > $self->{in_chunk};
    $new{body} .= $get->($want) // return 0;
    $self->{in}{$csid} = \%new;

    return $at if length $new{body} < $new{length};
    my %message = %new;
    $new{body} = '';
    return ($at, \%message);
}


sub obey {
    my ($self, $message) = @_;
    my ($type, $body) = @$message{qw(type body)};

    if ($type == SET_CHUNK_SIZE) {
        $self->{in_chunk} = unpack 'N', $body;

    } elsif ($type == WINDOW_ACK) {
        $self->{window} = unpack 'N', $body;

    } elsif ($type == USER_CONTROL && unpack('n', $body) == 6) {
        $self->send_message(2, USER_CONTROL, 0, 0,        # ping, pong
                            pack('n', 7) . substr $body, 2);

    } elsif ($type == COMMAND) {
        my ($name, $txid, @args) = eval { amf_decode($body) };
        @$message{qw(name txid args)} = ($name // '', $txid, \@args);
        if (($name // '') =~ /^(?:onStatus|_error)$/) {
            my ($info) = grep { ref eq 'HASH' && defined $_->{code} } @args;
            push @{ $self->{codes} }, $info->{code} if $info;
            $message->{info} = $info;
        }
    }
    return;
}


# 5.4.3
sub acknowledge {
    my ($self) = @_;
    my $received = $self->{conn}->received;

    return if !$self->{window};
    return if $received - $self->{acked} < $self->{window} / 2;
    $self->send_message(2, ACK, 0, 0, pack 'N', $received & 0xffffffff);
    $self->{acked} = $received;
    return;
}


# Reads until an onStatus (or _error) has this code or matches; the message.
sub wait_status {
    my ($self, $code, $timeout) = @_;

    return $self->wait_message(sub {
        my $info = $_[0]{info} or return 0;
        return ref $code ? $info->{code} =~ $code : $info->{code} eq $code;
    }, $timeout);
}


# Reads until the answer (_result or _error) to a transaction.
sub wait_result {
    my ($self, $txid, $timeout) = @_;

    return $self->wait_message(sub {
        my $message = $_[0];
        return ($message->{name} // '') =~ /^_(?:result|error)$/
            && $message->{txid} == $txid;
    }, $timeout);
}


sub wait_message {
    my ($self, $condition, $timeout) = @_;
    my $deadline = now() + ($timeout // $self->{timeout});

    while ((my $left = $deadline - now()) > 0) {
        my $message = $self->read_message($left) or return undef;
        return $message if $condition->($message);
    }
    return undef;
}


# Every code that the server has sent so far.
sub status_codes { return @{ $_[0]{codes} } }
sub connection   { return $_[0]{conn} }
sub stream_id    { return $_[0]{stream_id} }
sub eof          { return $_[0]{conn}->eof }
sub close        { return $_[0]{conn}->close }
sub reset        { return $_[0]{conn}->reset }


# Steps of a publisher (7.2); each returns the server's answer, or undef.

sub connect_app {
    my ($self, $app, %o) = @_;
    my $txid = ++$self->{txid};

    $self->send_command('connect', $txid, {
        app      => amf_string($app),
        type     => 'nonprivate',
        flashVer => 'FMLE/3.0 (compatible; test)',
        tcUrl    => $o{tc_url} // "rtmp://127.0.0.1/$app",
        %{ $o{object} || {} },
    });
    return $self->wait_result($txid);
}


sub create_stream {
    my ($self) = @_;
    my $txid = ++$self->{txid};

    $self->send_command('createStream', $txid, undef);
    my $answer = $self->wait_result($txid) or return undef;
    $self->{stream_id} = $answer->{args}[1] // 0
        if $answer->{name} eq '_result';
    return $answer;
}


# releaseStream, FCPublish, createStream, publish; the onStatus that follows.
sub publish {
    my ($self, $name, $type) = @_;

    $self->send_command('releaseStream', ++$self->{txid}, undef,
                        amf_string($name));
    $self->send_command('FCPublish', ++$self->{txid}, undef,
                        amf_string($name));
    $self->create_stream or return undef;
    $self->send_command_on($self->{stream_id}, 'publish', ++$self->{txid},
                           undef, amf_string($name), $type // 'live');
    return $self->wait_status(qr/./);
}


sub unpublish {
    my ($self, $name) = @_;

    $self->send_command('FCUnpublish', ++$self->{txid}, undef,
                        amf_string($name));
    return $self->send_command('deleteStream', ++$self->{txid}, undef,
                               $self->{stream_id});
}


# An audio, video or data message of the stream that was created.
sub send_tag {
    my ($self, $type, $timestamp, $body) = @_;
    my $csid = $type == AUDIO ? 4 : $type == VIDEO ? 6 : 5;

    return $self->send_message($csid, $type, $self->{stream_id}, $timestamp,
                               $body);
}


1;
