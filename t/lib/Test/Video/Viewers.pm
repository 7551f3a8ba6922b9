# Kinds of viewers of a stream of Known.pm; what each gets is checked by
# Watch.pm.  Each runs until its time is over and returns a report.
package Test::Video::Viewers;

use strict;
use warnings;

use parent 'Test::Video::Watch';

use Test::Video::Known;
use Test::Video::Loop qw(now);

use constant AGAIN => 0.3;


# A viewer: of the kind ("live", "plain", "dash", ...) with the options of
# Watch.pm.
sub run {
    my ($class, $how, %o) = @_;
    my $self = $class->new(%o);

    $self->{media} = "$o{base}$o{stream}/";
    $self->$how;
    return $self->report;
}


# A playlist or undef; undef for a while when there is none.
sub playlist {
    my ($self, $path, $query) = @_;
    my $r = $self->get($path . ($query // ''));

    return $self->list($path, $r->body) if $r && $r->status == 200;
    $self->pause(AGAIN);
    return;
}


# --- Low-Latency HLS --------------------------------------------------------

# Follows one track by its parts, with blocking requests and hints.
sub live {
    my ($self) = @_;
    my $path = "$self->{media}$self->{track}/index.m3u8";
    my $place = {};
    my ($list, $hinted, %held);

    while ($self->left > 0) {
        my $query = '';
        if ($list && !$list->{ended}) {
            $query = sprintf '?_HLS_msn=%d&_HLS_part=%d', @{ $list->{next} };
            $query .= '&_HLS_skip=' . (qw(YES v2))[rand 2] if rand() < 0.5;
            $hinted = $list->{hint} && rand() < 0.8
                    ? $self->request($list->{hint}) : undef;
        }
        $list = $self->playlist($path, $query);
        if (!$list) {
            $self->answer($hinted->end) if $hinted;
            undef $hinted;
            next;
        }
        if (grep { !defined $_->{map} } @{ $list->{segments} }) {
            # an update of another stream than the last one
            $self->answer($hinted->end) if $hinted;
            undef $list;
            undef $hinted;
            next;
        }
        $self->take_parts($path, $list, $place, \%held, $hinted);
        $self->pause(AGAIN) if $list->{ended};
        undef $hinted;
    }
    return;
}


# All parts that are new, then segments that they have made whole.
sub take_parts {
    my ($self, $path, $list, $place, $held, $hinted) = @_;

    for my $segment (@{ $list->{segments} }) {
        my @parts = @{ $segment->{parts} };
        my $of = $held->{"$segment->{msn} $segment->{map}"} //= {
            parts => [], done => 0 };

        for my $n (0 .. $#parts) {
            next if defined $of->{parts}[$n];
            $self->take_part($path, $segment, $n, $of, $place, $hinted)
                or return;
        }
        next if !defined $segment->{path} || $segment->{gap};

        # who is late finds no parts of its last segments
        $place->{whole} = 1 if @parts && ($place->{msn} // 0) == $segment->{msn}
                               && $place->{part} == $#parts;
        next if $of->{done}++;
        $self->whole_segment($segment, $of) if @parts;
    }
    my @old = grep { (split)[0] < $list->{msn} } keys %$held;
    delete @$held{@old};
    return;
}


# False when it could not be had: then what follows is a new start.
sub take_part {
    my ($self, $path, $segment, $n, $of, $place, $hinted) = @_;
    my $part = $segment->{parts}[$n];
    my $run = $segment->{run} && $n == 0
              || ($place->{map} // '') ne $segment->{map};
    my $next = defined $place->{msn}
        && ($segment->{msn} == $place->{msn} && $n == $place->{part} + 1
            || $segment->{msn} == $place->{msn} + 1 && $n == 0
               && $place->{whole});

    # begins where the newest segment does
    if (!defined $place->{msn} && $n) {
        $of->{parts}[$n] = '';
        return 1;
    }
    my $is_hinted = $hinted && $hinted->{asked} eq $part->{path}
                    && !$hinted->{taken}++;
    my $r = $is_hinted ? $self->answer($hinted->end)
                       : $self->get($part->{path});
    $self->count($is_hinted ? 'hinted' : 'asked');
    my $body = $self->body($r);
    if (!defined $body) {
        $self->not_there($path, $segment, $n) if $r;
        %$place = ();
        return 0;
    }
    $of->{parts}[$n] = $body;
    my $frames = $self->frames($part->{path}, $body, $segment->{map});
    if (!$frames) {
        %$place = ();
        return 0;
    }
    if (!$next && !$run) {
        $self->count('jumps') if defined $place->{msn};
        %$place = ();
    }
    $self->follow($place, $frames, $part->{path}, $run);
    @$place{qw(msn part map whole)} = ($segment->{msn}, $n, $segment->{map});
    $self->count('parts');
    return 1;
}


# What is 404 must not be listed any more.
sub not_there {
    my ($self, $path, $segment, $n) = @_;
    my $r = $self->get($path) or return;

    return if $r->status != 200;
    my $list = $self->list($path, $r->body);
    my ($now) = grep { $_->{msn} == $segment->{msn}
                       && $_->{map} eq $segment->{map} }
                @{ $list->{segments} };
    my $item = $now && (defined $n ? $now->{parts}[$n] : $now);
    $self->fault("$item->{path} is listed and 404")
        if $item && defined $item->{path} && !$item->{gap} && !$now->{gap};
    $self->count('gone');
    return;
}


# The parts of a segment, end to end, are the segment.
sub whole_segment {
    my ($self, $segment, $of) = @_;
    my @parts = @{ $of->{parts} };

    return if rand() > 0.4 || grep { !defined || $_ eq '' } @parts;
    my $body = $self->body($self->get($segment->{path})) // return;
    $self->fault("$segment->{path} is not its " . @parts . ' parts')
        if $body ne join '', @parts;
    $self->count('wholes');
    return;
}


# --- HLS --------------------------------------------------------------------

# Follows all tracks by their segments.
sub plain {
    my ($self) = @_;
    my %place = map { $_ => {} } known_tracks($self->{kind});

    while ($self->left > 0) {
        my $target = 1;
        for my $track (sort keys %place) {
            my $path = "$self->{media}$track/index.m3u8";
            my $list = $self->playlist($path) or next;
            $target = $list->{target};
            $self->take_segments($path, $list, $place{$track});
        }
        $self->pause($target / 2);
    }
    return;
}


sub take_segments {
    my ($self, $path, $list, $place) = @_;

    for my $segment (@{ $list->{segments} }) {
        my $msn = $segment->{msn};
        next if !defined $segment->{path} || $segment->{gap}
                || defined $place->{msn} && $msn <= $place->{msn};

        my $run = $segment->{run} || ($place->{map} // '') ne $segment->{map};
        my $r = $self->get($segment->{path});
        my $body = $self->body($r);
        if (!defined $body) {
            $self->not_there($path, $segment) if $r;
            %$place = (msn => $msn);
            next;
        }
        my $frames = $self->frames($segment->{path}, $body, $segment->{map})
            or next;
        if (defined $place->{msn} && $msn != $place->{msn} + 1 && !$run) {
            $self->count('jumps');
            %$place = ();
        }
        $self->follow($place, $frames, $segment->{path}, $run);
        @$place{qw(msn map)} = ($msn, $segment->{map});
        $self->count('segments');
    }
    return;
}


# --- DASH -------------------------------------------------------------------

# Follows all tracks, reading segments while they grow.
sub dash {
    my ($self) = @_;
    my %place;

    while ($self->left > 0) {
        my $r = $self->get("$self->{media}manifest.mpd");
        if (!$r || $r->status != 200) {
            $self->pause(AGAIN);
            next;
        }
        $self->count('manifests');
        my @segments = $self->manifest($r->body);
        my @growing;
        for my $segment (@segments) {
            my $place = $place{$segment->{track}} //= {};
            my $msn = $segment->{msn};
            next if defined $place->{msn} && $msn <= $place->{msn};
            $place->{asked} = $place->{msn};
            @$place{qw(msn)} = ($msn);
            push @growing, [$segment, $place, $place->{asked},
                            $self->request($segment->{path})];
        }
        $self->take_growing(@$_) for @growing;
        $self->pause(0.5);
    }
    return;
}


sub take_growing {
    my ($self, $segment, $place, $before, $request) = @_;
    my $path = $segment->{path};
    my $r = $self->answer($request->end);
    my $body = $self->body($r);

    if (!defined $body) {
        $self->frames($path, $request->body, $segment->{map}, cut => 1)
            if $request->status == 200;
        %$place = (msn => $segment->{msn});
        $self->count('gone') if $r;
        return;
    }
    my $run = ($place->{map} // '') ne $segment->{map};
    my $frames = $self->frames($path, $body, $segment->{map}) or return;

    if (defined $before && $segment->{msn} != $before + 1 && !$run) {
        $self->count('jumps');
        %$place = (msn => $segment->{msn});
    }
    $self->follow($place, $frames, $path, $run);
    $place->{map} = $segment->{map};
    $self->count('segments');
    $self->count('chunked') if !defined $r->header('Content-Length');
    return;
}


# Segments of a manifest in their order: { track, msn, path, map }.
sub manifest {
    my ($self, $text) = @_;
    my @found;

    for my $period ($text =~ m{<Period\b.*?</Period>}gs) {
        while ($period =~ m{<Representation\b([^>]*)>(.*?)</Representation>}gs)
        {
            my ($head, $body) = ($1, $2);
            my ($track) = $head =~ /\bid="(\w+)"/;
            my %is = $body =~ /<SegmentTemplate\b([^>]*)>/
                   ? $1 =~ /(\w+)="([^"]*)"/g : ();
            s/\$RepresentationID\$/$track/ for @is{qw(initialization media)};
            my $msn = $is{startNumber};
            for my $line ($body =~ m{<S\b([^>]*)/>}g) {
                my $more = $line =~ /\br="(\d+)"/ ? $1 : 0;
                for (0 .. $more) {
                    my $name = $is{media} =~ s/\$Number\$/$msn/r;
                    push @found, { track => $track, msn => $msn++,
                                   path => "$self->{media}$name",
                                   map => "$self->{media}$is{initialization}" };
                }
            }
        }
    }
    $self->fault("a manifest without segments:\n$text") if !@found;
    return sort { $a->{msn} <=> $b->{msn} } @found;
}


# --- others -----------------------------------------------------------------

# Something of a stream: a listed segment, the newest or any other.
sub any_segment {
    my ($self, $newest) = @_;
    my @tracks = known_tracks($self->{kind});
    my $track = $tracks[rand @tracks];
    my $path = "$self->{media}$track/index.m3u8";
    my $list = $self->playlist($path) or return;
    my @segments = grep { defined $_->{path} && !$_->{gap} }
                   @{ $list->{segments} } or return;

    return ($segments[$newest ? -1 : rand @segments], $path, $list);
}


# Reads several segments at once, at some KB a second each.
sub slow {
    my ($self) = @_;
    my @reading;

    while ($self->left > 0) {
        if (@reading < 6 && $self->left > 10) {
            my ($segment) = $self->any_segment(rand() < 0.3);
            push @reading, [$segment, $self->request($segment->{path},
                rate => 2000 + rand 8000, rcvbuf => 4096, timeout => 120)]
                if $segment;
        }
        $self->pause(0.5);
        my @done = grep { $_->[1]->done } @reading;
        @reading = grep { !$_->[1]->done } @reading;
        $self->read_slowly(@$_) for @done;
    }
    $_->[1]->close for @reading;
    return;
}


# One that is cut off is told by a short body; what it got is right.
sub read_slowly {
    my ($self, $segment, $r) = @_;
    my $cut = $r->status == 200 && !$r->complete;

    $self->count($cut ? 'cut off' : 'read slowly');
    $self->count('status ' . $r->status);
    return if $r->status != 200 || $r->body eq '';
    $self->body($r) if !$cut;
    $self->frames($segment->{path}, $r->body, $segment->{map}, cut => $cut);
    return;
}


# Goes away in the middle of what it gets, or before.
sub leaver {
    my ($self) = @_;

    while ($self->left > 0) {
        my ($segment, $path, $list) = $self->any_segment(1);
        if (!$segment) {
            $self->pause(AGAIN);
            next;
        }
        my ($msn, $part) = @{ $list->{next} };
        my $next = $segment->{path} =~ s/\d+(?=\.m4s$)/$msn/r;
        my @paths = ($segment->{path}, $next, $next =~ s/\.m4s/.$part.m4s/r,
                     "$path?_HLS_msn=$msn&_HLS_part=$part");
        my $asked = $paths[rand @paths];
        my $r = $self->request($asked, rcvbuf => 4096);
        $self->pause(rand 0.6);
        $self->frames($asked, $r->body, $segment->{map}, cut => !$r->complete)
            if $asked =~ /m4s$/ && $r->status == 200 && $r->body ne '';
        setsockopt $r->{socket}, Socket::SOL_SOCKET(), Socket::SO_LINGER(),
            pack 'ii', 1, 0 if $r->{socket} && rand() < 0.5;
        $r->close;
        $self->count('left');
    }
    return;
}


# Asks again for what was listed, in all ways, as long as it is listed.
sub again {
    my ($self) = @_;

    while ($self->left > 0) {
        my ($segment, $path) = $self->any_segment;
        $self->pause(0.1);
        next if !$segment;
        my $asked = $segment->{path};
        my $r = $self->get($asked);
        my $body = $self->body($r);
        if (!defined $body) {
            $self->not_there($path, $segment) if $r;
            next;
        }
        $self->frames($asked, $body, $segment->{map});

        my $from = int rand length $body;
        my $to = $from + int rand(length($body) - $from);
        $r = $self->get($asked, range => "$from-$to");
        $self->fault("$asked: $from-$to is not of it")
            if $r && $r->status == 206
               && $r->body ne substr $body, $from, $to - $from + 1;
        $r = $self->get($asked, headers => { 'If-None-Match' => '"x"' });
        $self->body($r);
        $self->count('again');
    }
    return;
}


# Asks for what nobody should.
sub hostile {
    my ($self) = @_;
    my @tracks = known_tracks($self->{kind});
    my %may = map { $_ => 1 } 200, 204, 206, 304, 400, 404, 405, 414, 416, 503;

    while ($self->left > 0) {
        my @msn = (0, -1, int rand 2 ** 31, 2 ** 64, 1e30, 'x', '%00', '',
                   time + int(rand 20) - 10, time);
        my @names = ($self->{stream}, 'nobody', '..', 'a' x 200, '%ff', 'avc2');
        my @files = ('index.m3u8', 'init.mp4', time . '.m4s', time . '.0.m4s',
                     'e0/1.m4s', 'eff/init.mp4', '0.99999.m4s', 'x', '');
        my $pick = sub { $_[rand @_] };
        my $path = join '/', $self->{base} =~ s{/$}{}r, $pick->(@names),
            rand() < 0.2 ? $pick->(qw(master.m3u8 manifest.mpd time info.json))
                         : ($pick->(@tracks, 'v9', 's0'), $pick->(@files));
        $path .= sprintf '?_HLS_%s=%s&_HLS_%s=%s&_HLS_skip=%s',
            $pick->(qw(msn part)), $pick->(@msn), $pick->(qw(msn part)),
            $pick->(@msn), $pick->('YES', 'v2', 'NO', 'x' x 300)
            if rand() < 0.6;
        my $r = $self->request($path, timeout => 15,
            method => $pick->(('GET') x 6, qw(HEAD OPTIONS POST DELETE)),
            rand() < 0.3 ? (range => $pick->('0-', '5-2', '-1', '0-0,2-3',
                                             '99999999999999999999-')) : ());
        $self->pause(rand 0.1);
        if (rand() < 0.3) {
            $r->close;
            next;
        }
        $r->end;
        my $status = $r->status;
        $self->count("status $status");
        if ($status == 0 || !$r->complete) {
            push @{ $self->{broken} }, [$r->{started}, now(), $path,
                                        "$status " . ($r->error // '')];
        } elsif (!$may{$status}) {
            $self->fault("$path is $status");
        }
    }
    return;
}


1;
