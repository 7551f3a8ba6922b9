# The assertions of a block, in the order and the number of the original
# Test::Nginx.  Used by Test/Nginx/Socket.pm.
package Test::Nginx::Socket::Check;

use strict;
use warnings;

use Test::Base ();
use Test::More ();

use Test::Video::Loop qw(wait_for);

use constant LONG => 300;       # texts from here on are shown in part


# All that is said about one response.  $many: the block has more than one,
# so its expectations are arrays.
sub response {
    my ($block, $response, $index, $round, $many) = @_;
    my $expected = sub {
        my ($section) = @_;
        return one_of($block, $section, $index, $many);
    };

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    code($block, $response, $expected);
    raw_headers($block, $response, $expected);
    headers($block, $response, $expected);
    body($block, $response, $expected, $round);
    return;
}


# The expectation for a response, undef if there is none.
sub one_of {
    my ($block, $section, $index, $many) = @_;
    my $value = $block->$section;

    return undef if !defined $value;
    return ref $value eq 'ARRAY' ? $value->[0] : $value if !$many;
    return $value->[$index] if ref $value eq 'ARRAY';

    Test::Nginx::Socket::bail_out($block->name . " - several requests, so "
        . "$section must be an array as well");
}


sub code {
    my ($block, $response, $expected) = @_;
    my $title = $block->name . ' - status code ok';

    if (defined(my $pattern = $expected->('error_code_like'))) {
        Test::More::like($response->{code}, qr/$pattern/sm, $title);
        return;
    }

    my $code = $expected->('error_code');
    $code =~ s/\s+\z// if defined $code;
    Test::More::is($response->{code}, $code // 200, $title);
    return;
}


sub raw_headers {
    my ($block, $response, $expected) = @_;
    my $name = $block->name;

    if (defined(my $pattern = $expected->('raw_response_headers_like'))) {
        Test::More::like($response->{head}, qr/$pattern/s,
                         "$name - raw resp headers like");
    }
    if (defined(my $pattern = $expected->('raw_response_headers_unlike'))) {
        Test::More::unlike($response->{head}, qr/$pattern/s,
                           "$name - raw resp headers unlike");
    }
    return;
}


sub headers {
    my ($block, $response, $expected) = @_;
    my $name = $block->name;
    my $exact = $expected->('response_headers');
    my $like = $expected->('response_headers_like');

    for my $pair (parse_headers($exact // $like // '')) {
        my ($key, $want) = @$pair;
        my $got = $response->{headers}{lc $key};
        $got = join ', ', @$got if $got;

        if (!defined $want) {
            Test::More::ok(!defined $got, "$name - header $key not present "
                           . 'in the raw headers')
                or Test::More::diag("got \"$got\"");
        } elsif (defined $exact) {
            $want =~ s/\$ServerPort\b/$ENV{TEST_NGINX_SERVER_PORT}/g;
            Test::More::is($got // '', $want, "$name - header $key ok");
        } else {
            Test::More::like($got // '', qr/^$want$/,
                             "$name - header $key like ok");
        }
    }
    return;
}


# A list of [name, value]; the value of "! Name" is undef.
sub parse_headers {
    my ($text) = @_;
    my (@order, %value);

    for my $line (split /\r?\n/, $text) {
        $line =~ s/^\s+|\s+$//g;
        next if $line eq '';
        my $absent = $line =~ s/^!\s*//;
        my ($key, $value) = split /\s*:\s*/, $line, 2;
        push @order, $key if !exists $value{$key};
        $value{$key} = $absent ? undef : $value // '';
    }

    return map { [$_, $value{$_}] } @order;
}


sub body {
    my ($block, $response, $expected, $round) = @_;
    my $name = $block->name;
    my $got = filtered($block, $response->{body});

    for my $section (qw(response_body response_body_like
                        response_body_unlike))
    {
        my $want = $expected->($section);
        next if !defined $want;

        $want =~ s/\$ServerPort\b/$ENV{TEST_NGINX_SERVER_PORT}/g
            if !ref $want;
        my $title = "$name - $section - response is expected (req $round)";

        if ($section eq 'response_body_unlike') {
            Test::More::unlike($got, qr/$want/s, $title);
        } elsif ($section eq 'response_body_like') {
            like_text($got, qr/$want/s, $title);
        } elsif (ref $want) {
            like_text($got, $want, $title);
        } else {
            same_text($got, $want, $title);
        }
        last;       # as in the original: exact, else like, else unlike
    }
    return;
}


sub filtered {
    my ($block, $text) = @_;
    my $filters = $block->response_body_filters;

    return $text if !defined $filters;
    for my $filter (ref $filters eq 'ARRAY' ? @$filters
                    : ref $filters ? $filters : split ' ', $filters)
    {
        $text = (ref $filter ? $filter : named_filter($filter))->($text);
    }
    return $text;
}


sub named_filter {
    my ($name) = @_;

    require Digest::MD5;
    require Digest::SHA;
    for my $package (qw(main Digest::MD5 Digest::SHA)) {
        my $code = $package->can($name);
        return $code if $code;
    }
    die "there is no response_body_filter \"$name\"\n";
}


# is() with a message that fits on a screen, whatever the bytes.
sub same_text {
    my ($got, $want, $title) = @_;

    if (length $got <= LONG && length $want <= LONG
        && "$got$want" !~ /[^\t\n\x20-\x7e]/)
    {
        return Test::Base::is($got, $want, $title);
    }

    my $ok = Test::More::ok($got eq $want, $title);
    if (!$ok) {
        my $at = 0;
        my $end = length $got < length $want ? length $got : length $want;
        $at++ while $at < $end && substr($got, $at, 1) eq substr $want, $at, 1;
        Test::More::diag('got ', length $got, ' bytes, expected ',
                         length $want, ", first difference at $at\n",
                         '     got: ', printable(substr $got, $at, 60), "\n",
                         'expected: ', printable(substr $want, $at, 60));
    }
    return $ok;
}


sub like_text {
    my ($got, $pattern, $title) = @_;

    return Test::More::like($got, $pattern, $title) if length $got <= LONG;
    my $ok = Test::More::ok($got =~ $pattern, $title);
    Test::More::diag(length $got, " bytes don't match $pattern\n",
                     printable(substr $got, 0, LONG)) if !$ok;
    return $ok;
}


sub printable {
    my ($text) = @_;

    $text =~ s/([^\x20-\x7e])/sprintf '\\x%02x', ord $1/ge;
    return $text;
}


# What was logged since the last look.  Messages that are expected may be a
# moment late; the others are taken as they are then.
sub logs {
    my ($block, $server, $round) = @_;
    my $name = $block->name;
    my @wanted = patterns(scalar $block->error_log);
    my @unwanted = patterns(scalar $block->no_error_log);
    my @lines = $server->new_lines;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    wait_for {
        push @lines, $server->new_lines;
        my $missing = grep { my $p = $_; !grep { matches($_, $p) } @lines }
                      @wanted;
        return !$missing;
    } 0.5 if @wanted;

    grep_log($block, \@lines, $round);

    for my $pattern (@wanted) {
        Test::More::ok((grep { matches($_, $pattern) } @lines) > 0,
            "$name - pattern \"$pattern\" matches a line in error.log "
            . "(req $round)");
    }

    for my $pattern (@unwanted) {
        my ($line) = grep { matches($_, $pattern) } @lines;
        Test::More::ok(!defined $line, "$name - pattern \"$pattern\" does "
            . "not match a line in error.log (req $round)")
            or Test::More::diag($line);
    }

    no_bad_news($block, $server, @lines);
    return;
}


sub patterns {
    my ($value) = @_;

    return () if !defined $value;
    return grep { defined } @$value if ref $value eq 'ARRAY';
    return $value if ref $value;
    return grep { $_ ne '' } split /\n+/, $value;
}


sub matches {
    my ($line, $pattern) = @_;
    return ref $pattern ? $line =~ $pattern : index($line, $pattern) >= 0;
}


sub grep_log {
    my ($block, $lines, $round) = @_;
    my $pattern = $block->grep_error_log;
    my $expected = $block->grep_error_log_out;

    $pattern = $pattern->[$round] if ref $pattern eq 'ARRAY';
    $expected = $expected->[$round] if ref $expected eq 'ARRAY';
    return if !defined $pattern;
    defined $expected
        or die $block->name, ": grep_error_log without grep_error_log_out\n";

    $pattern = qr/\Q$pattern\E/ if !ref $pattern;
    my $found = join '', map { /($pattern)/ ? "$1\n" : () } @$lines;
    my $title = $block->name . " - grep_error_log_out (req $round)";

    if (ref $expected) {
        Test::More::like($found, $expected, $title);
    } else {
        Test::Base::is($found, $expected, $title);
    }
    return;
}


# Alerts and worse, unless the block speaks of them; reports of sanitizers.
# Not counted as assertions while all is well.
sub no_bad_news {
    my ($block, $server, @lines) = @_;
    my $name = $block->name;
    my @named = map { patterns($_) } scalar $block->error_log,
                                     scalar $block->no_error_log;
    my @levels = grep { my $level = $_;
                        grep { index("$_", "[$level") >= 0 } @named
                      } qw(alert crit emerg);

    for my $line ($server->bad_lines(@lines)) {
        next if grep { index($line, "[$_]") >= 0 } @levels;
        next if grep { matches($line, $_) }
                     patterns(scalar $block->error_log);
        Test::More::ok(0, "$name - error.log: $line");
    }

    Test::More::ok(0, "$name - $_") for $server->take_problems;
    Test::More::ok(0, "$name - report of a checker"), Test::More::diag($_)
        for $server->reports;
    return;
}


sub after_stop {
    my ($block, $server) = @_;

    no_bad_news($block, $server, $server->new_lines);
    return;
}


1;
