# What a viewer of a stream of Known.pm finds wrong with it: bytes that are not
# the publisher's, frames that are missing, doubled or out of place, playlists
# that take something back.  Base of Viewers.pm; runs in a process of its own.
package Test::Video::Watch;

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use List::Util qw(sum0);

use Test::Video::Corpus ();
use Test::Video::HLS ();
use Test::Video::HTTP;
use Test::Video::Known;
use Test::Video::Loop qw(now);

use constant MOST_FAULTS => 40;

# The answers that a viewer may get; all else is a fault.
my %allowed = map { $_ => 1 } 200, 206, 304, 404, 503;


# Options: port, base ("/live/"), stream, kind, track, name (of the viewer),
# until, seed.
sub new {
    my ($class, %o) = @_;

    srand $o{seed};
    return bless {
        %o, faults => [], broken => [], count => {}, bodies => {}, ends => {},
        init => {}, uri => {}, extinf => {}, number => {}, who => {},
    }, $class;
}


sub left  { return $_[0]{until} - now() }
sub count { return $_[0]{count}{$_[1]} += $_[2] // 1 }


# Waits, and lets requests proceed meanwhile.
sub pause {
    my ($self, $seconds) = @_;
    my $end = now() + $seconds;

    while ((my $left = $end - now()) > 0) {
        Test::Video::Loop::pump($left < 0.05 ? $left : 0.05);
    }
    return;
}


sub fault {
    my ($self, $text) = @_;

    push @{ $self->{faults} }, sprintf '%.3f %s: %s', now(), $self->{name},
        $text if @{ $self->{faults} } < MOST_FAULTS;
    $self->count('faults');
    return;
}


# What the test is told at the end: faults; broken, answers that were cut
# or never came, [from, to, path, error]; count; bodies, path => MD5; ends, the
# first and last frame that were seen of each publisher's track.
sub report {
    my ($self) = @_;
    return { map { $_ => $self->{$_} }
             qw(name faults broken count bodies ends) };
}


# --- requests ---------------------------------------------------------------

# The answer, when it is whole and one that may be given.
sub get {
    my ($self, $path, %o) = @_;
    return $self->answer($self->request($path, %o)->end);
}


sub request {
    my ($self, $path, %o) = @_;
    my $request = Test::Video::HTTP->start(port => $self->{port},
                                           path => $path, timeout => 40, %o);
    $request->{asked} = $path;
    return $request;
}


sub answer {
    my ($self, $r) = @_;
    my $status = $r->status;

    $self->count("status $status");
    if (!$status || !$r->complete) {
        push @{ $self->{broken} }, [$r->{started}, now(), $r->{asked},
            ($status ? $status . ' cut after ' . length $r->body : 'none')
            . ', ' . ($r->error // '')];
        return;
    }
    if (!$allowed{$status}) {
        my ($list) = map { $self->{last}{$_} // () } $r->{asked} =~ /^([^?]*)/;
        $self->fault("$r->{asked} is $status"
                     . ($list ? " after\n$list->{text}" : ''));
        return;
    }
    $self->fault("$r->{asked} is 503 without Retry-After")
        if $status == 503 && !$r->header('Retry-After');
    return $r;
}


# The body of an address whose bytes never change, if it is there.
sub body {
    my ($self, $r) = @_;

    return if !$r || $r->status != 200;
    my ($path, $md5) = ($r->{asked}, $r->md5);
    $self->fault("$path is not what it was")
        if ($self->{bodies}{$path} //= $md5) ne $md5;
    return $r->body;
}


# --- media ------------------------------------------------------------------

# The timing of an init segment, which must be of the publisher's codec.
sub init {
    my ($self, $path) = @_;

    return $self->{init}{$path} if $self->{init}{$path};
    my $bytes = $self->body($self->get($path)) // return;
    my $init = Test::Video::Corpus::init_of(\$bytes);
    if (!$init) {
        $self->fault("$path is no init segment");
        return;
    }
    $init->{bytes} = $bytes;
    return $self->{init}{$path} = $init;
}


# The frames of a body: each { who, n, dts, pts, duration }.  Of one that
# was cut (option "cut") those that are whole.
sub frames {
    my ($self, $path, $body, $map, %o) = @_;
    my $init = $self->init($map) // return;
    my @boxes = Test::Video::Corpus::boxes(\$body);
    my @media = grep { $_->[0] eq 'mdat' } @boxes;
    my @frames;

    # a box that is cut, and its samples, are left out
    substr $body, @media ? $media[-1][2] : 0, length $body, '' if $o{cut};

    my @samples = Test::Video::Corpus::samples_of(\$body, $init);
    $self->fault("$path has bytes that are no frames")
        if !$o{cut} && !@boxes || @boxes && $boxes[-1][2] < length $body
           || sum0(map { $_->[2] - $_->[1] } @media)
              != sum0(map { $_->{size} } @samples);

    for my $sample (@samples) {
        my ($who, $track, $n) = known_check($self->{kind}, $sample->{data});
        if (!defined $who || $track ne $self->track_of($path)) {
            $self->fault(sprintf '%s: %s at %.3f s', $path,
                defined $who ? "frame of $who/$track" : 'a wrong byte',
                $sample->{dts});
            return;
        }
        push @frames, { who => $who, n => $n,
                        map { $_ => $sample->{$_} } qw(dts pts duration) };
        my $ends = $self->{ends}{"$who/$track"} //= [$n, $n];
        $ends->[0] = $n if $n < $ends->[0];
        $ends->[1] = $n if $n > $ends->[1];
        $self->codec_is($who, $track, $map);
    }
    $self->count('frames', scalar @frames);
    return \@frames;
}


sub track_of {
    my ($self, $path) = @_;
    return $path =~ m{/([av]\d+)/} ? $1 : '';
}


sub codec_is {
    my ($self, $who, $track, $map) = @_;
    my ($config) = $who =~ /(\d+)$/;

    return if $self->{codec}{"$map $who"}++;
    my @records = Test::Video::Known::known_records($self->{kind}, $config,
                                                    $track);
    $self->fault("$map is of another codec than $who/$track")
        if grep { index($self->{init}{$map}{bytes}, $_) < 0 } @records;
    return;
}


# Frames that come next in a track.  A place is { who, n, next (decode time),
# moved (presentation to the publisher's) }, empty when something was left
# out on purpose; "run" tells that a discontinuity came before.
sub follow {
    my ($self, $place, $frames, $path, $run) = @_;

    my $track = $self->track_of($path);

    for my $frame (@$frames) {
        my ($who, $n) = @$frame{qw(who n)};
        my $what = "$path: $who/$n";
        my $moved = 1000 * $frame->{pts}
            - Test::Video::Known::shown_at($self->{kind}, $track, $n);

        if (!defined $place->{who}) {
            # as good a start as any other

        } elsif ($who eq $place->{who} && !$run) {
            $self->fault("$what comes after $place->{n}")
                if $n != $place->{n} + 1;
            $self->fault(sprintf '%s is at %.4f s, not %.4f s', $what,
                         $frame->{dts}, $place->{next})
                if abs($frame->{dts} - $place->{next}) > 0.0001;
            # of sound the decode times count on
            $self->fault(sprintf '%s is shown %.3f ms off', $what,
                         $moved - $place->{moved})
                if $track =~ /^v/ && abs($moved - $place->{moved}) > 0.1;

        } else {
            $self->fault("$what after $place->{who}/$place->{n}"
                         . ($run ? '' : ' without a discontinuity'))
                if !$run || $self->{who}{"$who/$track"};
            $self->count('runs');
        }
        if (!defined $place->{who} || $who ne $place->{who}) {
            $self->fault("$what is no key frame")
                if $track eq 'v0' && $run && $n % 25;
            $place->{moved} = $moved;
        }
        $self->{who}{"$who/$track"} = 1;
        @$place{qw(who n next)} = ($who, $n,
                                   $frame->{dts} + $frame->{duration});
        $run = 0;
    }
    return;
}


# --- playlists --------------------------------------------------------------

# A media playlist that has been checked against those before it: { msn, target,
# ended, hint, segments => [{ msn, path (undef: still open), duration, gap, run,
# map, parts => [{ path, duration, gap }] }] }.
sub list {
    my ($self, $path, $text) = @_;
    my $list = $self->parse($path, $text);

    my $last = $self->{last}{$path};
    my $faults = $self->count('faults', 0);

    $self->fault("$path: media sequence $list->{msn} after $last->{msn}")
        if $last && $list->{msn} < $last->{msn};
    $self->{last}{$path} = $list;

    for my $segment (@{ $list->{segments} }) {
        my $msn = "$path $segment->{msn}";
        my $n = 0;
        $self->{map}{$msn} = $segment->{map};
        for my $part (@{ $segment->{parts} }) {
            my $of = "$msn." . $n++;
            $self->same('extinf', ($segment->{map} // '') . " $of",
                        "$part->{path} $part->{duration}");
        }
        next if !defined $segment->{path};

        $self->same('uri', $msn, $segment->{path});
        $self->fault("$segment->{path} is listed as $msn")
            if $segment->{path} !~ m{/$segment->{msn}\.m4s$};
        $self->same('extinf', $msn, $segment->{duration});
        $self->same('number', $msn, $segment->{number})
            if !$list->{skipped};
        $self->fault("$msn lasts $segment->{duration}, over $list->{target}")
            if int($segment->{duration} + 0.5) > $list->{target};
        my $sum = sum0(map { $_->{duration} } @{ $segment->{parts} });
        $self->fault("$msn lasts $segment->{duration}, its parts $sum")
            if $sum && abs($sum - $segment->{duration}) > 0.01;
    }
    $self->fault("$path was\n$last->{text}\nand is\n$text")
        if $last && $self->count('faults', 0) > $faults
           && !$self->{shown}{$path}++;
    $self->count('playlists');
    return $list;
}


sub same {
    my ($self, $what, $key, $value) = @_;
    my $was = $self->{$what}{$key} //= $value;

    $self->fault("$key: $what was $was, is $value") if $was ne $value;
    return;
}


sub parse {
    my ($self, $path, $text) = @_;
    my %list = (msn => 0, segments => [], text => $text);
    my ($msn, $number, %next, $map) = (0, 0);
    my $new = sub { %next = (parts => [], run => 0, gap => 0) };

    $new->();
    for my $line (split /\n/, $text) {
        my ($tag, $value) = $line =~ /^#(EXT[\w-]*)(?::(.*))?$/;
        $tag //= '';
        my $attribute = sub {
            Test::Video::HLS::attributes($value)->{$_[0]};
        };
        my $uri = sub {
            Test::Video::HLS::resolve($path, $attribute->('URI'));
        };

        if ($tag eq 'EXT-X-MEDIA-SEQUENCE') {
            $list{msn} = $msn = $value;
        } elsif ($tag eq 'EXT-X-DISCONTINUITY-SEQUENCE') {
            $number = $value;
        } elsif ($tag eq 'EXT-X-TARGETDURATION') {
            $list{target} = $value;
        } elsif ($tag eq 'EXT-X-ENDLIST') {
            $list{ended} = 1;
        } elsif ($tag eq 'EXT-X-SKIP') {
            $list{skipped} = $attribute->('SKIPPED-SEGMENTS');
            $msn += $list{skipped};
            $map = $self->{map}{"$path " . ($msn - 1)};
        } elsif ($tag eq 'EXT-X-DISCONTINUITY') {
            $next{run} = 1;
            $number++;
        } elsif ($tag eq 'EXT-X-MAP') {
            $map = $uri->();
        } elsif ($tag eq 'EXT-X-GAP') {
            $next{gap} = 1;
        } elsif ($tag eq 'EXTINF') {
            ($next{duration}) = $value =~ /^([\d.]+)/;
        } elsif ($tag eq 'EXT-X-PRELOAD-HINT') {
            $list{hint} = $uri->();
        } elsif ($tag eq 'EXT-X-PART') {
            push @{ $next{parts} }, {
                path => $uri->(), duration => $attribute->('DURATION'),
                gap => ($attribute->('GAP') // '') eq 'YES',
                independent => $attribute->('INDEPENDENT') ? 1 : 0,
            };
        } elsif ($line =~ /^[^#\s]/) {
            push @{ $list{segments} }, {
                %next, msn => $msn++, map => $map, number => $number,
                path => Test::Video::HLS::resolve($path, $line),
            };
            $new->();
        }
    }
    push @{ $list{segments} }, { %next, msn => $msn, map => $map,
                                 number => $number } if @{ $next{parts} };
    $list{next} = [$msn, scalar @{ $next{parts} }];
    return \%list;
}


1;
