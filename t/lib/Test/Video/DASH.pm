# What a DASH manifest says, as a client works it out: periods, representations
# and the segments that their templates expand to.  For tests.
package Test::Video::DASH;

use strict;
use warnings;

use Exporter 'import';
use Time::Local qw(timegm);

our @EXPORT = qw(attribute seconds representations periods);


# The value of an attribute in the text of a tag, or undef.
sub attribute {
    my ($text, $name) = @_;
    my ($value) = $text =~ /\s\Q$name\E="([^"]*)"/;
    return $value;
}


# An xs:dateTime, in seconds since 1970; 0: it is none.
sub seconds {
    my ($date) = @_;
    my ($y, $m, $d, $h, $min, $s) =
        $date =~ /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):([\d.]+)Z$/ or return 0;
    return timegm(int $s, $min, $h, $d, $m - 1, $y) + $s - int $s;
}


# For each representation: id, codecs, bandwidth, init, timescale, offset
# (presentationTimeOffset), and segments [number, start, duration, path].
sub representations {
    my ($text, $base) = @_;
    my @found;

    while ($text =~ m{<Representation\b([^>]*)>(.*?)</Representation>}gs) {
        my ($head, $body) = ($1, $2);
        my $id = attribute($head, 'id');
        my ($template) = $body =~ /<SegmentTemplate\b([^>]*)>/;
        my $number = attribute($template, 'startNumber');
        my $at = 0;
        my %r = (id => $id, codecs => attribute($head, 'codecs'),
                 bandwidth => attribute($head, 'bandwidth'),
                 offset => attribute($template, 'presentationTimeOffset') // 0,
                 timescale => attribute($template, 'timescale'));
        my $fill = sub {
            my ($pattern, $number) = @_;
            $pattern =~ s/\$RepresentationID\$/$id/;
            $pattern =~ s/\$Number\$/$number/;
            return "$base/$pattern";
        };
        $r{init} = $fill->(attribute($template, 'initialization'), '');

        while ($body =~ m{<S\b([^>]*)/>}g) {
            my $s = $1;
            $at = attribute($s, 't') // $at;
            for (0 .. attribute($s, 'r') // 0) {
                push @{ $r{segments} }, [$number, $at, attribute($s, 'd'),
                    $fill->(attribute($template, 'media'), $number)];
                $at += attribute($s, 'd');
                $number++;
            }
        }
        push @found, \%r;
    }
    return @found;
}


# For each period: id, start (s since 1970), and tracks, its representations.
sub periods {
    my ($text, $base) = @_;
    my $zero = seconds(attribute($text, 'availabilityStartTime') // '');
    my @found;

    while ($text =~ m{<Period\b([^>]*)>(.*?)</Period>}gs) {
        my ($head, $body) = ($1, $2);
        my ($start) = attribute($head, 'start') =~ /^PT([\d.]+)S$/;
        push @found, { id => attribute($head, 'id'), start => $zero + $start,
                       tracks => [representations($body, $base)] };
    }
    return @found;
}


1;
