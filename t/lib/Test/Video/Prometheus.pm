# A strict reader of Prometheus' text exposition format 0.0.4, which finds what
# a lenient one forgives: groups that are apart, names against the conventions,
# the same sample twice.  Used by core_status.t and live_status.t.
package Test::Video::Prometheus;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(parse_metrics);

my $name = qr/[a-z][a-z0-9_]*/;
my $number = qr/-?[0-9]+(?:\.[0-9]+)?/;


# parse_metrics($text): { metric => { type, help, samples => { labels =>
# value } } } and a list of what is wrong.  Labels are as they are written,
# between the braces.
sub parse_metrics {
    my ($text) = @_;
    my (%metrics, @bad, $metric);

    push @bad, 'no newline at the end' if $text !~ /\n\z/;
    push @bad, 'not UTF-8' if !utf8::decode(my $copy = $text);

    for my $line (split /\n/, $text) {
        if (my ($new, $help) = $line =~ /^# HELP ($name) (\S.*)$/) {
            push @bad, "group again: $line" if $metrics{$new};
            push @bad, "help: $line" if $help !~ /^[^\\]+\.$/;
            $metric = $metrics{$new} = { name => $new, samples => {} };
        } elsif (my ($of, $type) = $line =~ /^# TYPE ($name) (\w+)$/) {
            push @bad, "type: $line" if $type !~ /^(?:gauge|counter)$/
                || !$metric || $metric->{name} ne $of || $metric->{type};
            push @bad, "a counter is a _total: $line"
                if ($type eq 'counter') != ($of =~ /_total$/);
            push @bad, "unit: $line" if $of =~ /milli|_ms\b|percent/;
            $metric->{type} = $type;
        } elsif (my ($m, $labels, $value) =
                 $line =~ /^($name)\{(.*)\} ($number)$/) {
            push @bad, "sample of another: $line"
                if !$metric || $metric->{name} ne $m || !$metric->{type};
            push @bad, "twice: $line" if exists $metric->{samples}{$labels};
            push @bad, "negative counter: $line"
                if $metric->{type} eq 'counter' && $value < 0;
            push @bad, labels($labels);
            $metric->{samples}{$labels} = $value;
        } else {
            push @bad, "no line of the format: $line";
        }
    }

    push @bad, map { "without a type: $_->{name}" }
               grep { !$_->{type} } values %metrics;
    return \%metrics, @bad;
}


# name="value" with commas between; in values backslash, quote and newline are
# escaped, nothing else is.
sub labels {
    my ($text) = @_;
    my ($rest, %seen) = $text;

    while ($rest =~ s/\A([a-z][a-z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"//) {
        return "label twice: $text" if $seen{$1}++;
        return if $rest eq '';
        $rest =~ s/\A,// or last;
    }
    return "labels: $text";
}


1;
