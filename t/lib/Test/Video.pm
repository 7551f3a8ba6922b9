# The object of a flow test: one nginx with a configuration of its own, and
# everything that happens around it: clients, publishers, backends, signals.
# Used by t/flow/*.t and t/regress/*.t; how, is in t/lib/README.md.
package Test::Video;

use strict;
use warnings;

use Carp qw(croak);
use Exporter 'import';
use Scalar::Util qw(weaken);
use Storable ();
use Test::More ();

use Test::Video::Backend;
use Test::Video::Connection;
use Test::Video::HTTP;
use Test::Video::Loop qw(now wait_for);
use Test::Video::Process;
use Test::Video::Server;

our @EXPORT = qw(wait_for now);

use constant FINAL_TESTS => 2;      # added to every plan

my %open;           # objects whose final tests are still to come


# Options: log_level (default "info", or TEST_NGINX_LOG_LEVEL).
sub new {
    my ($class, %o) = @_;
    my $self = bless { owner => $$, backends => [], children => [] }, $class;

    $self->{server} = Test::Video::Server->new(
        log_level => $o{log_level} || $ENV{TEST_NGINX_LOG_LEVEL} || 'info',
        orphan    => 1,
    );
    $open{$self} = $self;
    weaken $open{$self};
    return $self;
}


# The number of the author's own tests; those of the end are added.
sub plan {
    my ($self, $tests) = @_;

    Test::More::plan(tests => $tests + FINAL_TESTS);
    $self->{planned} = 1;
    return $self;
}


sub root      { return $_[0]{server}->root }
sub pid       { return $_[0]{server}->pid }
sub server    { return $_[0]{server} }

sub port {
    my ($self, $n) = @_;
    return $self->{server}->port($n // 0);
}


# The complete nginx.conf.  %%PORT_n%%, %%ROOT%%, %%MODULES%% (load_module
# lines), %%GLOBALS%% (daemon, pid, error_log, env, user) are replaced.
sub conf {
    my ($self, $text) = @_;
    my $server = $self->{server};

    $text =~ s/%%GLOBALS%%/$server->globals/ge;
    $text =~ s/%%MODULES%%/$server->load_modules/ge;
    $text =~ s/%%TEMP_PATHS%%/$server->temp_paths/ge;
    $text =~ s/%%ROOT%%/$server->root/ge;
    $text =~ s/%%PORT_(\d+)%%/$server->port($1)/ge;
    croak "unknown placeholder $1" if $text =~ /(%%\w+%%)/;

    $self->{listen} = { map { $_ => 1 }
        $text =~ /\blisten\s+(?:[\d.*]+:)?(\d+)\b(?![^;]*\budp\b)/mg };
    $server->write_conf($text);
    return $self;
}


# Returns when every port of a "listen" answers and all workers run; dies with
# the log otherwise.
sub run {
    my ($self) = @_;
    my $server = $self->{server};

    if (!$server->start(keys %{ $self->{listen} })) {
        my $why = "$server->{why}\n" . $server->log_tail(20);
        $self->{dead} = 1;
        croak $why;
    }
    return $self;
}


# For a configuration that must be refused: the exit code, undef if it is not.
sub run_refused {
    my ($self) = @_;

    $self->{server}->allow(qr/\[emerg\]/);
    return $self->{server}->start_refused;
}


# True if the new configuration is used, false if nginx has kept the old one.
sub reload {
    my ($self) = @_;
    return $self->{server}->reload;
}


sub upgrade {
    my ($self) = @_;
    return $self->{server}->upgrade;
}


# Both end clients and publishers first.  stop is fast (TERM), quit graceful:
# true if nginx ended by itself in time.
sub stop {
    my ($self) = @_;
    return $self->end_server('TERM');
}


sub quit {
    my ($self) = @_;
    return $self->end_server('QUIT');
}


sub end_server {
    my ($self, $signal) = @_;
    my $before = @{ $self->{server}{problems} };

    $self->{server}->stop($signal);
    return @{ $self->{server}{problems} } == $before;
}


# A signal to the master.
sub signal {
    my ($self, $name) = @_;

    kill $name, $self->pid or croak "cannot send $name: $!";
    return;
}


sub workers {
    my ($self, %o) = @_;
    return $self->{server}->workers(%o);
}


# Kills the n-th worker (see workers); returns its pid when it is gone.
sub kill_worker {
    my ($self, $n, $signal) = @_;
    return $self->{server}->kill_worker($n // 0, $signal);
}


# Clients.

# get($path, port => n, ...): options of Test::Video::HTTP->start; port is an
# index.  With start => 1 it returns at once, and ->end waits.
sub get {
    my ($self, $path, %o) = @_;
    my $start = delete $o{start};
    my $request = Test::Video::HTTP->start(
        %o, path => $path, port => $self->port($o{port} // 0));

    return $start ? $request : $request->end;
}


# Ends all of them, returns them.
sub end_all {
    my ($self, @requests) = @_;
    return map { $_->end } @requests;
}


sub raw {
    my ($self, $port, %o) = @_;
    return Test::Video::Connection->new(%o, port => $self->port($port // 0));
}


# backend($sub, port => n): a forked HTTP server, see Test/Video/Backend.pm.
# Without port the highest index that is free: 7, 6, ...
sub backend {
    my ($self, $handler, %o) = @_;
    my $list = $self->{backends};
    my $index = $o{port} // 7 - @$list;
    my $backend = Test::Video::Backend->new(
        handler => $handler,
        port    => $self->port($index),
        record  => $self->root . "/backend_$index.requests",
    );

    push @$list, $backend;
    return $backend;
}


# Runs a sub in a process of its own; ->end waits and returns what the sub
# has returned.
sub background {
    my ($self, $code) = @_;
    my $n = @{ $self->{children} };
    my $file = $self->root . "/background_$n";
    my $pid = Test::Video::Process::fork_child(sub {
        my $result = eval { { value => scalar $code->() } }
                     || { error => $@ };
        Storable::nstore($result, $file);
    });

    my $job = bless { pid => $pid, file => $file }, 'Test::Video::Job';
    push @{ $self->{children} }, $job;
    return $job;
}


# Files, below the root unless absolute.

sub write_file {
    my ($self, $name, $content) = @_;
    return $self->{server}->write_file($name, $content);
}


sub read_file {
    my ($self, $name) = @_;
    return $self->{server}->read_file($name);
}


# The log.

sub log {
    my ($self) = @_;
    return $self->{server}->log_text;
}


# The next three are about the whole error.log so far; the first two are
# tests.
sub log_like {
    my ($self, $pattern, $title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $found = wait_for { $self->log =~ $pattern } 1;
    return Test::More::ok($found, $title // "log has $pattern");
}


sub no_log {
    my ($self, $pattern, $title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my ($line) = grep { $_ =~ $pattern } split /\n/, $self->log;
    return Test::More::ok(!defined $line, $title // "log has no $pattern")
        || Test::More::diag($line) && 0;
}


sub log_count {
    my ($self, $pattern) = @_;
    return scalar grep { $_ =~ $pattern } split /\n/, $self->log;
}


# Alerts and worse that this test provokes.
sub expect_log {
    my ($self, @patterns) = @_;

    $self->{server}->allow(@patterns);
    return $self;
}


# Live streams.

# publish($app, $stream, file => ..., ...): see Test/Video/Publisher.pm.
sub publish {
    my ($self, $app, $stream, %o) = @_;

    require Test::Video::Publisher;
    my $publisher = Test::Video::Publisher->start(
        %o, app => $app, stream => $stream, port => $self->port($o{port} // 1));
    push @{ $self->{children} }, $publisher;
    return $publisher;
}


# rtmp(): a low-level client, see Test/Video/RTMP.pm.
sub rtmp {
    my ($self, %o) = @_;

    require Test::Video::RTMP;
    return Test::Video::RTMP->new(%o, port => $self->port($o{port} // 1));
}


# play($master, seconds => n), llhls($media_playlist, ...): records of what a
# client saw, see Test/Video/HLS.pm.  With start => 1 in the background.
sub play {
    my ($self, $path, %o) = @_;
    return $self->follow('play', $path, %o);
}


sub llhls {
    my ($self, $path, %o) = @_;
    return $self->follow('llhls', $path, %o);
}


sub follow {
    my ($self, $how, $path, %o) = @_;

    require Test::Video::HLS;
    my $start = delete $o{start};
    my $client = sub {
        Test::Video::HLS->$how(
            %o, path => $path, port => $self->port($o{port} // 0));
    };
    return $start ? $self->background($client) : $client->();
}


# The end.

# Stops everything and makes the final tests.  A file with a plan() need not
# call it; one that ends with done_testing calls it just before.
sub finish {
    my ($self) = @_;

    $self->{planned} = 1;
    return $self->conclude;
}


sub conclude {
    my ($self) = @_;
    my $server = $self->{server};

    return if !delete $open{$self};

    $_->abandon for @{ $self->{children} };
    $_->stop for @{ $self->{backends} };
    $server->stop;

    my @bad = $server->bad_lines(split /^/m, $server->log_text);
    my @problems = ($server->take_problems, $server->reports);

    final_test($self, 'no unexpected alerts in the log', @bad);
    final_test($self, 'nginx ended cleanly, nothing from checkers', @problems);

    if (!Test::More->builder->is_passing) {
        Test::More::diag('end of the log:');
        Test::More::diag($server->log_tail($ENV{TEST_NGINX_LOG_TAIL} // 10));
    }
    return;
}


# Without a plan (skip_all, a test that died early) only bad news counts.
sub final_test {
    my ($self, $title, @bad) = @_;

    return if !@bad && !$self->{planned};
    local $Test::Builder::Level = $Test::Builder::Level + 2;
    Test::More::ok(!@bad, $title);
    Test::More::diag($_) for @bad;
    return;
}


sub DESTROY {
    my ($self) = @_;

    return if $self->{owner} != $$;
    local ($@, $!, $?);
    $self->conclude;
    return;
}


END {
    local $?;
    for my $self (values %open) {
        next if !$self || $self->{owner} != $$;
        $self->conclude;
        $self->{server}->DESTROY;
        $self->{server}{owner} = 0;
    }
}


package Test::Video::Job;

sub done {
    my ($self) = @_;
    return defined Test::Video::Process::exit_status($self->{pid});
}


sub end {
    my ($self, $seconds) = @_;
    my $limit = ($seconds // 30) * Test::Video::Loop::slowness();

    defined Test::Video::Process::wait_exit($self->{pid}, $limit)
        or die "background job does not end\n";
    my $result = Storable::retrieve($self->{file});
    die $result->{error} if $result->{error};
    return $result->{value};
}


sub abandon {
    my ($self) = @_;

    Test::Video::Process::end($self->{pid}, 'KILL');
    return;
}


1;
