# A publisher that doesn't last: it sends media that are known to the byte
# (Known.pm), ends in one of all the ways in which connections end, and comes
# back, until its time is over.  Runs in a process of its own; made by soak
# tests with Test::Video's background().
package Test::Video::Unsteady;

use strict;
use warnings;

use List::Util qw(min);

use Test::Video::Known;
use Test::Video::Loop qw(now);
use Test::Video::RTMP;

use constant {
    STEP      => 0.04,      # how often what is due is sent
    AGAIN     => 0.3,       # after a refusal
    CHUNK     => 4096,
};

# Ways to end, with how often each is chosen.
my %ways = (
    reset       => 3,       # RST
    close       => 2,       # FIN
    half        => 2,       # FIN, but goes on to read
    silent      => 2,       # nothing more is sent
    middle      => 2,       # FIN within a message
    middle_reset => 2,
    garbage     => 1,       # what is no chunk
    bye         => 2,       # says so
);
my @ways = map { ($_) x $ways{$_} } sort keys %ways;

# where a timestamp needs more than 24 bits, and where it wraps
my @bases = (0, 0, 0xfffc00, 2 ** 32 - 4000);


# Options: port (a number), app, stream, kind (of Known.pm), name (of its
# own), until (by the clock of now()), lasts and rests ([least, most] seconds),
# longer (seconds of every fourth rest), seed, silence (seconds that a silent
# one stays).  Returns { lives => [{ who, way, started, ended, sent => { track
# => [first, last] } }...], refused => times }.
sub run {
    my (%o) = @_;
    my $self = bless { %o, lives => [], refused => 0, count => 0 },
               __PACKAGE__;

    srand $o{seed};
    while (now() < $o{until} - 1) {
        if ($self->connect) {
            my $way = $self->live;
            $self->leave($way);
            $self->rest;
        } else {
            $self->{refused}++;
            pause(AGAIN);
        }
    }
    return { map { $_ => $self->{$_} } qw(lives refused name) };
}


sub between {
    my ($least, $most) = @{ $_[0] };
    return $least + rand($most - $least);
}


sub pause {
    my ($seconds) = @_;
    select undef, undef, undef, $seconds if $seconds > 0;
    return;
}


sub rest {
    my ($self) = @_;
    my $seconds = between($self->{rests});

    $seconds = $self->{longer} if $self->{longer} && rand() < 0.25;
    pause(min($seconds, $self->{until} - now()));
    return;
}


sub connect {
    my ($self) = @_;
    my $rtmp = eval {
        Test::Video::RTMP->new(port => $self->{port}, timeout => 3);
    } or return 0;

    $rtmp->handshake && $rtmp->connect_app($self->{app}) or return 0;
    $rtmp->set_chunk_size(CHUNK);
    my $answer = $rtmp->publish($self->{stream}) or return 0;
    return 0 if $answer->{info}{code} ne 'NetStream.Publish.Start';

    $self->{rtmp} = $rtmp;
    return 1;
}


# Sends in real time until it is to end; gives the way.  "who" is another one
# after each change of the codec, too.
sub live {
    my ($self) = @_;
    my $kind = $self->{kind};
    my $configs = Test::Video::Known::configurations($kind);
    my $config = 0;
    my $base = $bases[rand @bases];
    my $lasts = between($self->{lasts});
    my $started = now();
    my $end = min($started + $lasts, $self->{until});
    my %next = map { $_ => /^v/ ? int rand 25 : 0 } known_tracks($kind);
    my $first = $next{v0} // 0;

    # what comes first is due at once
    $_ = $first for @next{grep { /^v/ } keys %next};
    for my $track (grep { /^a/ } keys %next) {
        $next{$track}++ while $self->due($track, $next{$track}) < $first * 40;
    }
    $self->{clock} = $started - $first * 0.04;
    $self->begin($base, $config);

    while (now() < $end) {
        my $at = 1000 * (now() - $self->{clock});

        while (1) {
            my ($track) = sort {
                $self->due($a, $next{$a}) <=> $self->due($b, $next{$b})
                    || substr($b, 0, 1) cmp substr($a, 0, 1) || $a cmp $b;
            } keys %next;
            my $n = $next{$track};
            last if $self->due($track, $n) > $at;

            # with a key frame of the first video
            if ($configs > 1 && $track eq 'v0' && $n > $first && $n % 25 == 0
                && rand() < 0.06)
            {
                $config = 1 - $config;
                $self->begin($base + $n * 40, $config);
            }
            my $tag = known_tag($kind, $config, $track, $self->{life}{who}, $n,
                                $base);
            $self->send($tag) or return 'closed';
            $self->{life}{sent}{$track}[0] //= $n;
            $self->{life}{sent}{$track}[1] = $n;
            $self->{last} = [$track, $n, $base, $config];
            $next{$track}++;
        }
        $self->listen or return 'closed';
    }
    return $ways[rand @ways];
}


sub due {
    my ($self, $track, $n) = @_;
    my $kind = $self->{kind};

    return $track =~ /^v/ ? $n * 40
         : $kind eq 'hevc' ? $n * 20 : int($n * 1024 / 48 + 0.5);
}


# The headers, under a name of its own.
sub begin {
    my ($self, $time, $config) = @_;
    my $who = join '.', $self->{name}, ++$self->{count}, $config;

    $self->{life} = { who => $who, started => now(), sent => {} };
    push @{ $self->{lives} }, $self->{life};
    $self->send($_) for known_headers($self->{kind}, $config, $time % 2 ** 32);
    return;
}


sub send {
    my ($self, $tag) = @_;
    return $self->{rtmp}->send_tag(@$tag{qw(type timestamp body)});
}


# Takes what the server says, for a while; false when it has closed.
sub listen {
    my ($self) = @_;
    my $rtmp = $self->{rtmp};

    pause(STEP);
    $rtmp->connection->fill(65536, 0);
    while (my $message = $rtmp->next_buffered) {
        $rtmp->obey($message);
    }
    $rtmp->acknowledge;
    return !$rtmp->eof;
}


sub leave {
    my ($self, $way) = @_;
    my $rtmp = delete $self->{rtmp};

    $self->{life}{way} = $way;
    if ($way =~ /^middle/) {
        my ($track, $n, $base, $config) = @{ $self->{last} // ['v0', 0, 0, 0] };
        my $tag = known_tag($self->{kind}, $config, $track,
                            $self->{life}{who}, $n + 1, $base);
        my $bytes = $rtmp->message_bytes(6, $tag->{type}, $rtmp->stream_id,
                                         @$tag{qw(timestamp body)});
        $rtmp->send_raw(substr $bytes, 0, 12 + rand(length($bytes) - 13));
    } elsif ($way eq 'garbage') {
        $rtmp->send_raw(join '', map { chr int rand 256 } 1 .. 3000);
    }

    if ($way =~ /reset/) {
        $rtmp->reset;
    } elsif ($way eq 'half') {
        $rtmp->connection->shutdown;
        1 while $rtmp->read_message(1);
        $rtmp->close;
    } elsif ($way eq 'silent') {
        pause(min($self->{silence}, $self->{until} - now()));
        $rtmp->close;
    } elsif ($way eq 'bye') {
        $rtmp->unpublish($self->{stream});
        $rtmp->connection->shutdown;
        1 while $rtmp->read_message(1);
        $rtmp->close;
    } else {
        $rtmp->close;
    }
    $self->{life}{ended} = now();
    return;
}


1;
