# A small forked RTMP server, to which nginx pushes, or from which it pulls: it
# records what it gets to the byte, and can be slow, silent, rude or dead.  Each
# connection has a process of its own; what they saw is in a file, which the
# test reads.
package Test::Video::Target;

use strict;
use warnings;

use Carp ();
use IO::Socket::INET;
use JSON::PP ();
use Socket qw(SOL_SOCKET SO_RCVBUF);

use Test::Video::AMF qw(amf_encode amf_string);
use Test::Video::Connection;
use Test::Video::Loop ();
use Test::Video::Process;
use Test::Video::RTMP;

my $json = JSON::PP->new->latin1->canonical;


# Options: port, record (a file), and how it behaves:
#     rate       bytes a second that are read, with a small receive buffer
#     mute       "connect", "publish": says nothing to that, and goes on reading;
#     mutes      so many connections, the others are served
#     stop       "publish": reads nothing more after its answer to that
#     refuse     "connect", "createStream", "publish": that one
#     text       the description of the refusal
#     odd        sends more than it must: pings, chunks of other sizes, an error
#                to FCPublish, unknown commands
#     raw        bytes instead of any answer
#     kick       messages of audio and video after which it says it is over
#     serve      [[type, timestamp, body], ...] that who plays gets, in real
#                time, or so many times as fast as "speed" says
#     only       a stream: others than that can't be played
#     silent     with that: they can, but there is only a data message of them
#     end        what comes after that: "status", "eof", "close"; else nothing
sub new {
    my ($class, %o) = @_;
    my $self = bless { owner => $$, record => delete $o{record},
                       port => delete $o{port} }, $class;

    return $self->start(%o);
}


# At a port of a flow test, the record in its directory; the same options.
sub of {
    my ($class, $t, $n, %o) = @_;
    return $class->new(port => $t->port($n),
                       record => $t->root . "/target_$n", %o);
}


sub start {
    my ($self, %o) = @_;

    $self->stop;
    my $listen;

    # a connection's process of before may not be gone yet
    Test::Video::Loop::wait_for {
        $listen = IO::Socket::INET->new(
            LocalAddr => '127.0.0.1',
            LocalPort => $self->{port},
            Listen    => 128,
            ReuseAddr => 1,
        );
    } 2 or die "target: cannot listen on $self->{port}: $!\n";

    setsockopt $listen, SOL_SOCKET, SO_RCVBUF, 4096
        if $o{rate} || $o{stop};
    $self->{how} = \%o;
    $self->{pid} = Test::Video::Process::fork_child(sub {
        setpgrp;
        $self->serve($listen);
    }, $listen);
    setpgrp $self->{pid}, $self->{pid};
    close $listen;
    return $self;
}


sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} // return;

    kill 'KILL', -$pid;
    Test::Video::Process::wait_exit($pid, 5);
    $self->append('{"event":"stopped"}');
    return;
}


sub port { return $_[0]{port} }


sub idle {
    my ($self) = @_;
    my %open;

    for my $entry ($self->events) {
        $open{ $entry->{conn} } = 1 if $entry->{event} eq 'accepted';
        delete $open{ $entry->{conn} } if $entry->{event} eq 'closed';
        %open = () if $entry->{event} eq 'stopped';
    }
    return !%open;
}


# Everything in order: { conn (1, 2, ...), event, ... }.  Events: accepted,
# handshake, command (name, args), message (type, timestamp, body), closed;
# stopped, of all connections.
sub events {
    my ($self, $event) = @_;
    my $all = $self->{events} //= [];

    # what is new in the file
    if (open my $fh, '<:raw', $self->{record}) {
        seek $fh, $self->{read} // 0, 0;
        while (my $line = <$fh>) {
            last if $line !~ /\n\z/;
            $self->{read} += length $line;
            push @$all, entry($line);
        }
    }
    return grep { !$event || $_->{event} eq $event } @$all;
}


# Messages are many, so they have a form of their own.
sub entry {
    my ($line) = @_;

    return $json->decode($line) if $line !~ /^message /;
    my %entry;
    (@entry{qw(event conn type timestamp stream)}, my $body) = split / /, $line;
    chomp $body;
    $entry{body} = pack 'H*', $body;
    return \%entry;
}


# [type, timestamp, body] of audio, video and data of a connection (all).
sub messages {
    my ($self, $conn) = @_;

    return map { [@$_{qw(type timestamp body)}] }
           grep { !$conn || $_->{conn} == $conn } $self->events('message');
}


# Names of the streams that were published.
sub published {
    my ($self) = @_;
    return map { $_->{args}[1] } grep { $_->{name} eq 'publish' }
           $self->events('command');
}


# When all connections have ended: what came of them may go.
sub forget {
    my ($self) = @_;

    Test::Video::Loop::wait_for { $self->idle } 5
        or Carp::carp('a target forgets connections that are open');
    unlink $self->{record};
    delete @$self{qw(events read)};
    return;
}


# In the child from here on.

sub serve {
    my ($self, $listen) = @_;
    my $n = 0;

    $SIG{CHLD} = 'IGNORE';
    $SIG{PIPE} = 'IGNORE';

    while (1) {
        my $socket = $listen->accept or next;
        $n++;
        my $pid = fork;
        next if $pid;
        close $listen;
        $self->{conn} = $n;
        $self->connection($socket);
        POSIX::_exit(0);
    }
}


sub note {
    my ($self, $event, %more) = @_;

    return $self->append($json->encode({ conn => $self->{conn},
                                         event => $event, %more }));
}


# Lines of several processes.
sub append {
    my ($self, $line) = @_;

    open my $fh, '>>:raw', $self->{record} or die "$self->{record}: $!\n";
    syswrite $fh, "$line\n";
    close $fh;
    return;
}


sub connection {
    my ($self, $socket) = @_;
    my $how = $self->{how};
    my $conn = bless { socket => $socket, timeout => 60, buffer => '',
                       received => 0 }, 'Test::Video::Connection';
    my $rtmp = bless { conn => $conn, timeout => 60, out_chunk => 128,
                       in_chunk => 128, in => {}, codes => [], acked => 0,
                     }, 'Test::Video::RTMP';

    $conn->slow($how->{rate}) if $how->{rate};
    $self->{rtmp} = $rtmp;
    $self->note('accepted');

    if (defined $how->{raw}) {
        $conn->write($how->{raw});
        1 while $conn->fill(65536, 30);
        $self->note('closed');
        return;
    }

    $self->talk if $self->handshake;
    $self->note('closed');
    return;
}


sub handshake {
    my ($self) = @_;
    my $conn = $self->{rtmp}{conn};

    my $c = $conn->read_exactly(1 + 1536) // return 0;
    $conn->write("\x03" . ("\0" x 8) . ('s' x 1528) . substr $c, 1);
    my $c2 = $conn->read_exactly(1536) // return 0;
    $self->note('handshake', echo => $c2 eq ("\0" x 8) . ('s' x 1528) ? 1 : 0);
    return 1;
}


sub talk {
    my ($self) = @_;

    while (my $message = $self->{rtmp}->read_message(60)) {
        last if $self->message($message);
    }
    return;
}


sub message {
    my ($self, $message) = @_;
    my $type = $message->{type};

    if ($type == 8 || $type == 9 || $type == 18 || $type == 15) {
        $self->append(join ' ', 'message', $self->{conn}, $type,
                      @$message{qw(timestamp stream_id)},
                      unpack 'H*', $message->{body});
        $self->{media}++ if $type < 10;
        return $self->status('status', 'NetStream.Unpublish.Success', 'over')
            && 1 if ($self->{how}{kick} // 0) == ($self->{media} // 0)
                    && $type < 10;
        return 0;
    }
    return 0 if $type != 20;

    my ($name, @args) = ($message->{name}, @{ $message->{args} });
    $self->note('command', name => $name, args => \@args,
                stream => $message->{stream_id});

    return 0 if ($self->{how}{mute} // '') eq $name
        && $self->{conn} <= ($self->{how}{mutes} // $self->{conn});
    my $code = $self->can("on_$name") or return 0;
    return $code->($self, $message->{txid}, @args);
}


sub refused {
    my ($self, $name, $txid) = @_;

    return 0 if ($self->{how}{refuse} // '') ne $name;
    my $info = { level => 'error', code => 'NetConnection.Connect.Rejected',
                 description => $self->{how}{text} // 'go away' };
    $self->{rtmp}->send_command('_error', $txid, undef, $info);
    return 1;
}


sub on_connect {
    my ($self, $txid) = @_;
    my $rtmp = $self->{rtmp};

    return 1 if $self->refused('connect', $txid);
    if ($self->{how}{odd}) {
        $rtmp->send_message(2, 5, 0, 0, pack 'N', 5000);
        $rtmp->send_message(2, 4, 0, 0, pack 'nN', 6, $_) for 1 .. 500;
        $rtmp->set_chunk_size(7);
        $rtmp->send_command('onBWDone', 0, undef, 8192);
        $rtmp->send_command('_result', 99, undef, 5);
    }
    $rtmp->send_command('_result', $txid, { fmsVer => amf_string('x/1') },
        { level => 'status', code => 'NetConnection.Connect.Success' });
    return 0;
}


sub on_FCPublish {
    my ($self, $txid) = @_;

    $self->{rtmp}->send_command('_error', $txid, undef,
                                { level => 'error', code => 'x' })
        if $self->{how}{odd};
    return 0;
}


sub on_createStream {
    my ($self, $txid) = @_;

    return 1 if $self->refused('createStream', $txid);
    $self->{rtmp}->send_command('_result', $txid, undef,
                                $self->{how}{odd} ? 7 : 1);
    return 0;
}


sub status {
    my ($self, $level, $code, $text) = @_;

    return $self->{rtmp}->send_command_on(
        $self->{how}{odd} ? 7 : 1, 'onStatus', 0, undef,
        { level => $level, code => $code, description => amf_string($text) });
}


sub on_publish {
    my ($self) = @_;

    if (($self->{how}{refuse} // '') eq 'publish') {
        $self->status('error', 'NetStream.Publish.BadName',
                      $self->{how}{text} // 'go away');
        return 1;
    }
    $self->status('status', 'NetStream.Publish.Start', 'go on');
    sleep 60 if $self->{how}{stop};
    return 0;
}


sub on_play {
    my ($self, undef, undef, $name) = @_;
    my ($rtmp, $how) = @$self{qw(rtmp how)};
    my $missing = defined $how->{only} && $name ne $how->{only};
    my $begun = Test::Video::Loop::now();

    if (($how->{refuse} // '') eq 'play' || ($missing && !$how->{silent})) {
        $self->status('error', 'NetStream.Play.StreamNotFound',
                      $how->{text} // 'go away');
        return 1;
    }
    $self->status('status', 'NetStream.Play.Start', 'here it is');

    if ($missing) {
        $rtmp->send_message(6, 18, 1, 0, amf_encode(
            amf_string('|RtmpSampleAccess'), 1, 1));
        return 0;
    }

    for my $tag (@{ $how->{serve} }) {
        my $at = $begun + $tag->[1] / 1000 / ($how->{speed} || 1);
        my $left = $at - Test::Video::Loop::now();
        select undef, undef, undef, $left if $left > 0;
        $rtmp->send_message($tag->[0] == 8 ? 4 : 6, $tag->[0], 1, $tag->[1],
                            $tag->[2]) or last;
    }
    my $end = $how->{end} // '';
    return 1 if $end eq 'close';
    $self->status('status', 'NetStream.Play.UnpublishNotify', 'over')
        if $end eq 'status';
    $rtmp->send_message(2, 4, 0, 0, pack 'nN', 1, 1) if $end eq 'eof';
    return 0;
}


sub on_deleteStream {
    my ($self) = @_;

    $self->status('status', 'NetStream.Unpublish.Success', 'over');
    return 1;
}


sub DESTROY {
    my ($self) = @_;

    return if $self->{owner} != $$;
    local ($@, $!, $?);
    $self->stop;
    return;
}


1;
