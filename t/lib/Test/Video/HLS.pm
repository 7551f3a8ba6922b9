# HLS clients that write down what they see.  play() follows a stream as an
# ordinary player does; llhls() as a low-latency one, with blocking playlist
# requests (draft-pantos-hls-rfc8216bis, 6.2.5.2).  Neither judges: the record
# is for the test.  Used by Test/Video.pm.
package Test::Video::HLS;

use strict;
use warnings;

use Test::Video::HTTP;
use Test::Video::Loop qw(now);

use constant {
    SHORTEST_WAIT => 0.1,
    NO_ANSWER     => 3,         # attempts before a follower gives up
};


# play(path => master playlist, port, seconds (5), headers, timeout, audio =>
# 0).  Follows the first variant and the first audio rendition of its group.
sub play {
    my ($class, %o) = @_;
    my $self = $class->new(%o);
    my $master = $self->fetch($o{path}, 'master') or return $self;

    my @urls = media_playlists($master->body, $o{audio} // 1);
    @urls = map { resolve($o{path}, $_) } @urls;
    @urls = ($o{path}) if $master->body =~ /^#EXTINF:/m;
    my %next_at = map { $_ => 0 } @urls;

    while (%next_at && now() < $self->{deadline}) {
        my ($url) = sort { $next_at{$a} <=> $next_at{$b} } keys %next_at;
        my $wait = $next_at{$url} - now();
        if ($wait > 0) {
            Test::Video::Loop::pump($wait < 0.05 ? $wait : 0.05);
            next;
        }
        my $list = $self->playlist($url);
        if (!$list || $list->{ended}) {
            delete $next_at{$url};
            next;
        }
        my $pause = ($list->{target} // 1) / 2;
        $next_at{$url} = now()
            + ($pause > SHORTEST_WAIT ? $pause : SHORTEST_WAIT);
    }

    $self->{ended_at} = $self->time;
    return $self;
}


# llhls(path => media playlist, port, seconds (5) or requests, headers, parts
# => 0 (playlists only), segments => 1 (whole segments as well), skip => 1
# (delta updates)).
sub llhls {
    my ($class, %o) = @_;
    my $self = $class->new(%o);
    my $list = $self->playlist($o{path}) or return $self;
    my $failed = 0;

    for (my $n = 1; !$o{requests} || $n <= $o{requests}; $n++) {
        last if now() >= $self->{deadline} || $list->{ended};
        my ($msn, $part) = next_part($list);
        my $query = "_HLS_msn=$msn&_HLS_part=$part"
                  . ($o{skip} ? '&_HLS_skip=YES' : '');
        my $glue = $o{path} =~ /\?/ ? '&' : '?';
        my $new = $self->playlist("$o{path}$glue$query");
        last if !$new && ++$failed == NO_ANSWER;
        $list = $new if $new;
    }

    $self->{ended_at} = $self->time;
    return $self;
}


# The part that comes after the last one listed.
sub next_part {
    my ($list) = @_;
    return ($list->{next_msn}, $list->{next_part});
}


sub new {
    my ($class, %o) = @_;

    return bless {
        o         => \%o,
        started   => now(),
        deadline  => now() + ($o{seconds} // 5),
        playlists => [],
        media     => [],
        seen      => {},
    }, $class;
}


sub time {
    my ($self) = @_;
    return now() - $self->{started};
}


# One request; recorded as a playlist or as media.  The response when it is
# complete and 200 (206).
sub fetch {
    my ($self, $url, $kind, %more) = @_;
    my $at = $self->time;
    my $response = Test::Video::HTTP->start(
        %{ $self->{o} }, %more, path => $url)->end;
    my %entry = (
        kind     => $kind,
        uri      => $url,
        time     => $at,
        status   => $response->status,
        complete => $response->complete,
        error    => $response->error,
        elapsed  => $response->elapsed,
        first_byte => $response->first_byte,
        headers  => $response->headers,
        size     => length $response->body,
        md5      => $response->md5,
    );

    if ($kind eq 'master' || $kind eq 'playlist') {
        $entry{text} = $response->body;
        push @{ $self->{playlists} }, \%entry;
    } else {
        $entry{range} = $more{range};
        $entry{body} = $response->body if $self->{o}{bodies};
        push @{ $self->{media} }, \%entry;
    }

    return $response
        if $response->complete && $response->status =~ /^20[06]$/;
    return;
}


# Fetches a media playlist and what is new in it; the parsed list.
sub playlist {
    my ($self, $url) = @_;
    my $response = $self->fetch($url, 'playlist') or return;
    my $list = parse($response->body);
    my $o = $self->{o};
    my $parts = $list->{has_parts} && ($o->{parts} // 1);
    my $whole = !$list->{has_parts} || $o->{segments};

    for my $item (@{ $list->{items} }) {
        next if $item->{gap};
        next if $item->{kind} eq 'part' && !$parts;
        next if $item->{kind} eq 'segment' && !$whole;

        my $uri = resolve($url, $item->{uri});
        my $key = join ' ', $uri, $item->{range} // '';
        next if $self->{seen}{$key}++;
        $self->fetch($uri, $item->{kind}, range => $item->{range});
    }
    return $list;
}


# A media playlist: items in order { kind => init|segment|part, uri, range,
# duration, msn, part, gap }, target, ended, and what comes next.
sub parse {
    my ($text) = @_;
    my %list = (items => [], msn => 0);
    my ($msn, $part) = (0, 0);
    my ($duration, $gap, $range);
    my %next_start;             # of byte ranges without an offset

    my $byterange = sub {
        my ($uri, $spec) = @_;
        return undef if !defined $spec;
        my ($length, $start) = $spec =~ /^(\d+)(?:@(\d+))?$/ or return undef;
        $start //= $next_start{$uri} // 0;
        $next_start{$uri} = $start + $length;
        return $start . '-' . ($start + $length - 1);
    };

    for my $line (split /\r?\n/, $text) {
        if ($line =~ /^#EXT-X-MEDIA-SEQUENCE:(\d+)/) {
            $list{msn} = $msn = $1;
        } elsif ($line =~ /^#EXT-X-TARGETDURATION:([\d.]+)/) {
            $list{target} = $1;
        } elsif ($line =~ /^#EXT-X-PART-INF:.*PART-TARGET=([\d.]+)/) {
            $list{part_target} = $1;
        } elsif ($line =~ /^#EXT-X-ENDLIST/) {
            $list{ended} = 1;
        } elsif ($line =~ /^#EXT-X-SKIP:(.*)/) {
            $msn += attributes($1)->{'SKIPPED-SEGMENTS'} // 0;
        } elsif ($line =~ /^#EXT-X-GAP/) {
            $gap = 1;
        } elsif ($line =~ /^#EXTINF:([\d.]+)/) {
            $duration = $1;
        } elsif ($line =~ /^#EXT-X-BYTERANGE:(\S+)/) {
            $range = $1;
        } elsif ($line =~ /^#EXT-X-(MAP|PART|PRELOAD-HINT):(.*)/) {
            my ($tag, $attribute) = ($1, attributes($2));
            if ($tag eq 'PRELOAD-HINT') {
                push @{ $list{hints} }, $attribute;
                next;
            }
            push @{ $list{items} }, {
                kind => $tag eq 'MAP' ? 'init' : 'part',
                uri  => $attribute->{URI},
                range => $byterange->($attribute->{URI},
                                      $attribute->{BYTERANGE}),
                gap  => ($attribute->{GAP} // '') eq 'YES',
                duration => $attribute->{DURATION},
                $tag eq 'PART' ? (msn => $msn, part => $part++) : (),
            };
            $list{has_parts} = 1 if $tag eq 'PART';
        } elsif ($line =~ /^[^#\s]/) {
            push @{ $list{items} }, {
                kind => 'segment', uri => $line, msn => $msn, gap => $gap,
                duration => $duration, range => $byterange->($line, $range),
            };
            $msn++;
            ($part, $gap, $range) = (0, undef, undef);
        }
    }

    @list{qw(next_msn next_part)} = ($msn, $part);
    return \%list;
}


# The first variant's playlist and the first rendition of its audio group.
sub media_playlists {
    my ($text, $want_audio) = @_;
    my @lines = split /\r?\n/, $text;
    my @urls;

    for my $i (0 .. $#lines) {
        next if $lines[$i] !~ /^#EXT-X-STREAM-INF:(.*)/;
        my $variant = attributes($1);
        my ($url) = grep { /^[^#\s]/ } @lines[$i + 1 .. $#lines];
        push @urls, $url // ();
        last if !$want_audio || !defined $variant->{AUDIO};

        my ($audio) = grep {
            ($_->{TYPE} // '') eq 'AUDIO' && defined $_->{URI}
                && ($_->{'GROUP-ID'} // '') eq $variant->{AUDIO};
        } map { /^#EXT-X-MEDIA:(.*)/ ? attributes($1) : () } @lines;
        push @urls, $audio->{URI} if $audio;
        last;
    }
    return @urls;
}


sub attributes {
    my ($text) = @_;
    my %value;

    while ($text =~ /([A-Z0-9-]+)=(?:"([^"]*)"|([^,]*))/g) {
        $value{$1} = $2 // $3;
    }
    return \%value;
}


# A URI in a playlist, as a path on the same server.
sub resolve {
    my ($base, $uri) = @_;

    return $1 || '/' if $uri =~ m{^https?://[^/]+(/.*)?$};
    return $uri if $uri =~ m{^/};

    (my $dir = $base) =~ s/\?.*//;
    $dir =~ s{[^/]*\z}{};
    my $path = "$dir$uri";
    1 while $path =~ s{/(?!\.\./)[^/?]+/\.\./}{/};
    $path =~ s{/\./}{/}g;
    return $path;
}


# The record.

# Each { kind (master, playlist), uri, time, status, complete, error, elapsed,
# first_byte, headers, size, md5, text }.
sub playlists { return @{ $_[0]{playlists} } }

# The same without text; kind is init, segment or part; range if there was
# one; body only with bodies => 1.
sub media {
    my ($self, $kind) = @_;
    return grep { !$kind || $_->{kind} eq $kind } @{ $self->{media} };
}

sub segments { return $_[0]->media('segment') }
sub parts    { return $_[0]->media('part') }
sub uris     { return map { $_->{uri} } $_[0]->media }

# What was not 200 or 206, or not complete.
sub failures {
    my ($self) = @_;
    return grep { $_->{status} !~ /^20[06]$/ || !$_->{complete} }
           $self->playlists, $self->media;
}

# The last media playlist that came, parsed.
sub last_playlist {
    my ($self) = @_;
    my ($last) = grep { $_->{kind} eq 'playlist' && $_->{status} == 200 }
                 reverse $self->playlists;
    return $last && parse($last->{text});
}


1;
