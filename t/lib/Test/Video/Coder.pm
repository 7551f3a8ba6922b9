# A worker's side of the connection to "video-transcoder serve": messages there
# and back (nvm_wire.h), and films as what a worker would send.
package Test::Video::Coder;

use strict;
use warnings;

use Exporter 'import';
use IO::Socket::UNIX;
use JSON::PP;
use Time::HiRes qw(sleep time);

use Test::Video::FLV;

use constant { OPEN => 1, HEADER => 2, FRAME => 3, ENDED => 4, STATE => 5,
               LOG => 6, THUMBS => 7, DONE => 8 };

our @EXPORT = qw(OPEN HEADER FRAME ENDED STATE LOG THUMBS DONE coder_message coder_opening
                 coder_state
                 coder_film coder_link coder_receive coder_put coder_got);


# Bytes of a message (nvm_wire.h).
sub coder_message {
    my ($type, %m) = @_;
    my $body = $m{body} // '';
    return pack 'NCCnNq>q>a*', length $body, $type, $m{track} // 0,
        $m{flags} // 0, $m{codec} // 0x61766331, $m{pts} // 0, $m{dts} // 0,
        $body;
}


# The first one: options latency, rungs.
sub coder_opening {
    my (%o) = @_;
    return coder_message(OPEN, body => encode_json({ name => 'cam',
        latency => $o{latency} // 'low',
        ladder => { rungs => $o{rungs} } }));
}


# Messages of a film's video: [type, dts, bytes, pts, key].
sub coder_film {
    my ($path) = @_;
    my @messages;

    for my $tag (Test::Video::FLV::read_tags($path)) {
        next if $tag->{type} != 9;
        my ($kind, $packet) = unpack 'CC', $tag->{body};
        next if ($kind & 15) != 7 || $packet > 1;
        my $body = substr $tag->{body}, 5;
        my $cts = unpack 'l>', substr($tag->{body}, 2, 3) . "\0";
        my $dts = $tag->{timestamp};
        push @messages, $packet == 0 ? [HEADER, $dts, coder_message(HEADER,
                                        body => $body), 0, 0]
            : [FRAME, $dts, coder_message(FRAME, body => $body, dts => $dts,
               pts => $dts + $cts / 256, flags => ($kind >> 4) == 1),
               $dts + $cts / 256, ($kind >> 4) == 1];
    }
    return @messages;
}


# A connection, when the daemon takes some.
sub coder_link {
    my ($path) = @_;

    for (1 .. 100) {
        my $s = IO::Socket::UNIX->new(Peer => $path);
        return { socket => $s, in => '', got => [] } if $s;
        sleep 0.05;
    }
    die "no connection\n";
}


# Reads what there is within so many seconds: 0 at the end of the connection.
sub coder_receive {
    my ($l, $wait) = @_;
    my $bits = '';

    vec($bits, fileno $l->{socket}, 1) = 1;
    return 1 if !select $bits, undef, undef, $wait;
    my $n = sysread $l->{socket}, $l->{in}, 1 << 20, length $l->{in};
    return 0 if !$n;

    while (length $l->{in} >= 28) {
        my ($len, $type, $track, $flags, $codec, $pts, $dts)
            = unpack 'NCCnNq>q>', $l->{in};
        last if length $l->{in} < 28 + $len;
        push @{ $l->{got} }, { type => $type, track => $track,
            flags => $flags, codec => $codec, pts => $pts, dts => $dts,
            at => time,
            body => substr $l->{in}, 28, $len };
        substr $l->{in}, 0, 28 + $len, '';
    }
    return 1;
}


# Sends all of it: 0 if it can't be.
sub coder_put {
    my ($l, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';

    while (length $bytes) {
        my $n = syswrite $l->{socket}, $bytes;
        return 0 if !$n;
        substr $bytes, 0, $n, '';
    }
    return 1;
}


# What has come of a type.
sub coder_got {
    my ($l, $type) = @_;
    return grep { $_->{type} == $type } @{ $l->{got} };
}


# What a STATE says.
sub coder_state {
    my ($message) = @_;
    my %state;

    @state{qw(pictures dropped damaged rungs off late cpu)}
        = unpack 'Q>7', $message->{body};
    return \%state;
}


1;
