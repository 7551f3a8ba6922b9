# An RTMP publisher in a process of its own, paced by the timestamps of an FLV
# file and steered by the test.  Made by Test::Video's publish().  Commands go
# to the child through one pipe, reports (status codes, progress, the end)
# come back through another and are taken in whenever the test waits.
package Test::Video::Publisher;

use strict;
use warnings;

use Errno qw(EAGAIN);
use IO::Handle;
use JSON::PP ();

use Test::Video::FLV;
use Test::Video::Loop qw(now wait_for);
use Test::Video::Process;
use Test::Video::RTMP;

use constant {
    CHUNK_SIZE     => 4096,
    REPORT_EVERY   => 0.05,
    LATE_WRITE     => 30,       # a server that does not read for so long
    STATUS_TIMEOUT => 5,
};

my $json = JSON::PP->new->latin1->canonical;


# Options: port (a number), app, stream, file (FLV) or tags (from
# FLV::read_tags); speed (1; 0 sends as fast as it can), loop (times; 0 for
# ever), hold (stay connected after the end), from and to (milliseconds of the
# file), chunk_size, type ("live"), tc_url, object (more of the connect
# object), change => sub (in the child: gets a tag and its number, returns a
# tag or undef to leave it out), wait => 0 (don't wait for the answer to
# publish).
sub start {
    my ($class, %o) = @_;
    my $self = bless {
        o     => { speed => 1, loop => 1, chunk_size => CHUNK_SIZE, %o },
        owner => $$,
        codes => [],
        text  => '',
    }, $class;

    pipe my $control, my $to_child or die "pipe: $!\n";
    pipe my $from_child, my $report or die "pipe: $!\n";
    $report->autoflush(1);

    $self->{pid} = Test::Video::Process::fork_child(sub {
        $self->{report} = $report;
        $self->{control} = $control;
        my $why = eval { $self->child } // "error: $@";
        chomp $why;
        $self->say(event => 'end', why => $why);
    }, $control, $report);

    $_->close for $control, $report;
    $_->blocking(0) for $from_child, $to_child;
    @$self{qw(from_child to_child)} = ($from_child, $to_child);
    Test::Video::Loop::add($self);

    $self->wait_status(qr/./, STATUS_TIMEOUT) if $o{wait} // 1;
    return $self;
}


# What the server has said: codes of onStatus and _error, in order.
sub status_codes {
    my ($self) = @_;

    $self->on_read;
    return @{ $self->{codes} };
}


# True as soon as the code (or one that matches) is among them; false after
# the time, or when the publisher has ended without it.
sub wait_status {
    my ($self, $code, $seconds) = @_;
    my $match = sub {
        grep { ref $code ? $_ =~ $code : $_ eq $code } @{ $self->{codes} };
    };

    wait_for { $match->() || $self->ended } $seconds // STATUS_TIMEOUT;
    return $match->() ? 1 : 0;
}


# True while media is being sent or held.
sub publishing {
    my ($self) = @_;
    return !$self->ended && $self->wait_status('NetStream.Publish.Start', 0);
}


# Why it ended: "end of file", "stopped", "cut", "killed", "refused",
# "closed by the server", "error: ..."; undef while it goes on.
sub ended {
    my ($self) = @_;

    return $self->{why} if defined $self->{why};
    my $gone = defined Test::Video::Process::exit_status($self->{pid});
    $self->on_read;
    $self->{why} //= 'killed' if $gone;
    return $self->{why};
}


sub wait_end {
    my ($self, $seconds) = @_;

    wait_for { defined $self->ended } $seconds // 10;
    return $self->{why};
}


# Milliseconds, of the last message sent; counted on over loops.
sub timestamp {
    my ($self) = @_;

    $self->on_read;
    return $self->{timestamp} // 0;
}


# Commands.  Each is carried out between two messages.

sub pause  { return $_[0]->command('pause') }
sub resume { return $_[0]->command('resume') }
sub speed  { return $_[0]->command("speed $_[1]") }

# The bodies of the next $n messages become noise.
sub corrupt { return $_[0]->command('corrupt ' . ($_[1] // 1)) }

# Bytes on the connection, as they are.
sub raw { return $_[0]->command('raw ' . unpack 'H*', $_[1]) }


sub command {
    my ($self, $text) = @_;

    local $SIG{PIPE} = 'IGNORE';
    syswrite $self->{to_child}, "$text\n";
    return $self;
}


# FCUnpublish, deleteStream, close.  Returns when the process has ended.
sub stop {
    my ($self) = @_;
    return $self->command('stop')->gone(3);
}


# Closes with a TCP reset, in the middle of whatever it was.
sub cut {
    my ($self) = @_;
    return $self->command('cut')->gone(1);
}


# Ends the process; the kernel closes its connection.
sub kill {
    my ($self) = @_;
    return $self->gone(0);
}


sub gone {
    my ($self, $seconds) = @_;

    if ($seconds) {
        Test::Video::Process::wait_exit($self->{pid}, $seconds);
    }
    Test::Video::Process::end($self->{pid}, 'KILL');
    $self->ended;
    return $self;
}


# Interface to the loop.

sub fh          { return $_[0]{from_child} }
sub wants_read  { return !defined $_[0]{why} }
sub wants_write { return 0 }
sub on_write    { return }
sub on_tick     { return }

sub on_read {
    my ($self) = @_;

    1 while sysread $self->{from_child}, $self->{text}, 65536,
                    length $self->{text};

    while ($self->{text} =~ s/\A([^\n]*)\n//) {
        my $report = $json->decode($1);
        if ($report->{event} eq 'status') {
            push @{ $self->{codes} }, $report->{code};
        } elsif ($report->{event} eq 'sent') {
            $self->{timestamp} = $report->{timestamp};
        } else {
            $self->{why} = $report->{why};
        }
    }
    return;
}


sub abandon {
    my ($self) = @_;

    $self->gone(0);
    return;
}


sub DESTROY {
    my ($self) = @_;

    return if $self->{owner} != $$;
    local ($@, $!, $?);
    Test::Video::Loop::remove($self);
    $self->gone(0);
    return;
}


# In the child from here on.  Everything returns why it ended, or undef.

sub say {
    my ($self, %report) = @_;

    local $SIG{PIPE} = 'IGNORE';
    print { $self->{report} } $json->encode(\%report), "\n";
    return;
}


sub child {
    my ($self) = @_;
    my $o = $self->{o};
    my @tags = $o->{tags} ? @{ $o->{tags} }
                          : Test::Video::FLV::read_tags($o->{file});
    my $rtmp = $self->{rtmp} = Test::Video::RTMP->new(
        port => $o->{port}, timeout => STATUS_TIMEOUT);

    my $answer = $rtmp->handshake
        && $rtmp->connect_app($o->{app}, tc_url => $o->{tc_url},
                              object => $o->{object});
    $self->say_codes;
    return $self->refusal if !$answer || $answer->{name} ne '_result';

    $rtmp->set_chunk_size($o->{chunk_size}) if $o->{chunk_size};
    $answer = $rtmp->publish($o->{stream}, $o->{type});
    $self->say_codes;
    return $self->refusal
        if !$answer || $answer->{info}{code} ne 'NetStream.Publish.Start';

    $rtmp->{conn}{timeout} = LATE_WRITE;
    return $self->send_tags($self->selected(@tags)) // $self->leave;
}


sub refusal {
    my ($self) = @_;
    return $self->{rtmp}->eof ? 'closed by the server' : 'refused';
}


sub say_codes {
    my ($self) = @_;
    my @codes = $self->{rtmp}->status_codes;

    for my $code (@codes[$self->{said} // 0 .. $#codes]) {
        $self->say(event => 'status', code => $code);
    }
    $self->{said} = @codes;
    return;
}


# The part of the file between from and to, with all headers.
sub selected {
    my ($self, @tags) = @_;
    my ($from, $to) = @{ $self->{o} }{qw(from to)};

    return grep {
        my $time = $_->{timestamp};
        Test::Video::FLV::is_header($_)
            || $time >= ($from // 0) && (!defined $to || $time < $to);
    } @tags;
}


# All tags, as often as asked for.
sub send_tags {
    my ($self, @tags) = @_;
    my $o = $self->{o};
    my @media = grep { !Test::Video::FLV::is_header($_)
                        && !Test::Video::FLV::is_end($_) } @tags;
    my @end = grep { Test::Video::FLV::is_end($_) } @tags;
    my $first = @media ? $media[0]{timestamp} : 0;
    my $length = @media ? $media[-1]{timestamp} - $first : 0;
    my $offset = 0;
    my $number = 0;

    # a frame's time between the last frame and its repetition
    $length += @media > 1 ? int($length / $#media + 0.5) || 1 : 1;
    $self->{clock} = { at => now(), position => 0, speed => $o->{speed} };

    for (my $round = 1; !$o->{loop} || $round <= $o->{loop}; $round++) {
        my @round = $round > 1 ? @media
                  : grep { !Test::Video::FLV::is_end($_) } @tags;
        push @round, @end if $round == $o->{loop};

        for my $tag (@round) {
            my $header = Test::Video::FLV::is_header($tag);
            my $time = $header ? 0 : $tag->{timestamp} - $first;
            my $why = $self->wait_until($time + $offset);
            return $why if defined $why;

            my $out = { %$tag, timestamp => $time + $offset };
            $out = $o->{change}->($out, $number) if $o->{change};
            $number++;
            next if !$out;
            $self->send_one($out) or return $self->refusal;
        }
        $offset += $length;
    }

    $self->say(event => 'sent', timestamp => $self->{last} // 0);
    return $o->{hold} ? $self->wait_until(undef) : undef;
}


sub send_one {
    my ($self, $tag) = @_;
    my $body = $tag->{body};

    # Data goes out as encoders send it.
    $body = "\x02\x00\x0d\@setDataFrame$body"
        if $tag->{type} == 18 && $body !~ /\A\x02..\@/s;

    if ($self->{corrupt}) {
        $self->{corrupt}--;
        $body = join '', map { chr int rand 256 } 1 .. length $body;
    }

    $self->{last} = $tag->{timestamp};
    if (now() > ($self->{report_at} // 0)) {
        $self->{report_at} = now() + REPORT_EVERY;
        $self->say(event => 'sent', timestamp => $self->{last});
    }
    return $self->{rtmp}->send_tag(@$tag{qw(type timestamp)}, $body);
}


# Until the moment for a timestamp (undef: for ever), reading from the server
# and obeying the test meanwhile.
sub wait_until {
    my ($self, $timestamp) = @_;
    my $conn = $self->{rtmp}->connection;

    while (1) {
        my $clock = $self->{clock};
        my $wait = 1;
        if (defined $timestamp && !$clock->{paused}) {
            my $left = $timestamp / 1000 - $clock->{position};
            $wait = $clock->{speed}
                ? $left / $clock->{speed} - (now() - $clock->{at}) : 0;
            $wait = 0 if $wait < 0;
            $wait = 1 if $wait > 1;
        }

        my $bits = '';
        vec($bits, fileno $conn->socket, 1) = 1;
        vec($bits, fileno $self->{control}, 1) = 1;
        my $n = select(my $ready = $bits, undef, undef, $wait);

        if ($n > 0 && vec($ready, fileno $self->{control}, 1)) {
            my $why = $self->obey;
            return $why if defined $why;
        }
        if ($n > 0 && vec($ready, fileno $conn->socket, 1)) {
            my $why = $self->listen;
            return $why if defined $why;
        }

        return undef if $wait == 0 && defined $timestamp
                        && !$self->{clock}{paused};
    }
}


sub listen {
    my ($self) = @_;
    my $rtmp = $self->{rtmp};

    $rtmp->connection->fill(65536, 0.01);
    while (my $message = $rtmp->next_buffered) {
        $rtmp->obey($message);
    }
    $rtmp->acknowledge;
    $self->say_codes;
    return $rtmp->eof ? 'closed by the server' : undef;
}


# Commands of the test.
sub obey {
    my ($self) = @_;
    my $rtmp = $self->{rtmp};
    my $clock = $self->{clock};

    my $n = sysread $self->{control}, $self->{commands}, 65536,
                    length($self->{commands} //= '');
    return 'the test is gone' if !$n;

    while ($self->{commands} =~ s/\A(\w+) ?([^\n]*)\n//) {
        my ($command, $value) = ($1, $2);

        if ($command eq 'stop') {
            $self->leave;
            return 'stopped';

        } elsif ($command eq 'cut') {
            $rtmp->reset;
            return 'cut';

        } elsif ($command eq 'raw') {
            $rtmp->send_raw(pack 'H*', $value);

        } elsif ($command eq 'corrupt') {
            $self->{corrupt} = $value;

        } elsif ($command =~ /^(?:pause|resume|speed)$/) {
            # the position stands still while paused
            $clock->{position} += (now() - $clock->{at}) * $clock->{speed}
                if !$clock->{paused};
            $clock->{at} = now();
            $clock->{paused} = $command eq 'pause' ? 1
                             : $command eq 'resume' ? 0 : $clock->{paused};
            $clock->{speed} = $value if $command eq 'speed';
        }
    }
    return undef;
}


# A polite end: the server may say something, and closes or lets us close.
sub leave {
    my ($self) = @_;
    my $rtmp = $self->{rtmp};

    $rtmp->unpublish($self->{o}{stream});
    $rtmp->connection->shutdown;
    1 while $rtmp->read_message(1);
    $self->say_codes;
    $rtmp->close;
    return 'end of file';
}


1;
