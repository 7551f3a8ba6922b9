# The block-test harness: a .t file in Test::Nginx's format (openresty/
# test-nginx) runs with this module as with the original.  Used by t/*.t; the
# format is in t/lib/README.md.  Here: the functions a .t file calls, the
# generated nginx.conf, and the order of events in a block.  What a request is
# and how it travels is in Socket/Request.pm, the assertions in
# Socket/Check.pm, nginx itself in Test/Video/Server.pm.
package Test::Nginx::Socket;

use strict;
use warnings;

use File::Path qw(remove_tree);
use List::Util qw(shuffle);
use Test::Base ();
use Test::More ();

use Test::Video::Server;
use Test::Nginx::Socket::Request;
use Test::Nginx::Socket::Check;

our @ISA = ('Test::Base');
our @EXPORT = qw(
    repeat_each workers master_on worker_connections no_shuffle
    no_long_string no_root_location log_level timeout add_block_preprocessor
    html_dir server_root server_port bail_out run_tests
);

my %known_section = map { $_ => 1 } qw(
    config http_config main_config post_main_config user_files
    request raw_request pipelined_requests more_headers
    error_code error_code_like response_headers response_headers_like
    raw_response_headers_like raw_response_headers_unlike
    response_body response_body_like response_body_unlike
    response_body_filters ignore_response
    error_log no_error_log grep_error_log grep_error_log_out
    must_die init timeout wait abort log_level skip_nginx skip_eval
    ONLY SKIP LAST
);

# Perl code and pictures of bytes are not texts.
my %not_expanded = map { $_ => 1 } qw(
    init skip_eval skip_nginx response_body_filters user_files
);

my %setting = (
    repeat_each        => 1,
    workers            => 1,
    master             => 'off',
    worker_connections => 64,
    shuffle            => !$ENV{TEST_NGINX_NO_SHUFFLE},
    root_location      => 1,
    log_level          => 'debug',
    timeout            => 3,
);

my @preprocessors;
my $server = Test::Video::Server->new;
my $running;            # what the running nginx was started from
my $running_block;      # and for which block
my $seed;

# Sections with eval see these as $ENV{...}; texts write $TEST_NGINX_...
$ENV{TEST_NGINX_SERVER_PORT} = $server->port(0);
$ENV{TEST_NGINX_SERVER_ROOT} = $server->root;
$ENV{TEST_NGINX_HTML_DIR} = html_dir();
$ENV{"TEST_NGINX_RAND_PORT_$_"} = $server->port($_) for 1 .. 7;


sub repeat_each {
    $setting{repeat_each} = $_[0] if @_;
    return $setting{repeat_each};
}

sub workers {
    $setting{workers} = $_[0] if @_;
    return $setting{workers};
}

sub worker_connections {
    $setting{worker_connections} = $_[0] if @_;
    return $setting{worker_connections};
}

sub log_level {
    $setting{log_level} = $_[0] if @_;
    return $setting{log_level};
}

sub timeout {
    $setting{timeout} = parse_time($_[0]) if @_;
    return $setting{timeout};
}

sub master_on        { $setting{master} = 'on';      return }
sub no_shuffle       { $setting{shuffle} = 0;        return }
sub no_root_location { $setting{root_location} = 0;  return }
sub no_long_string   { return }       # our output is always short

sub html_dir    { return $server->root . '/html' }
sub server_root { return $server->root }
sub server_port { return $server->port(0) }


sub add_block_preprocessor {
    push @preprocessors, @_;
    return;
}


sub bail_out {
    $server->stop;
    Test::More->builder->BAIL_OUT("@_");
    return;
}


sub parse_time {
    my ($text) = @_;

    return undef if !defined $text;
    my ($number, $unit) = $text =~ /^\s*([\d.]+)\s*(ms|s)?\s*$/
        or die "invalid time \"$text\"\n";
    return ($unit // 's') eq 'ms' ? $number / 1000 : $number;
}


sub run_tests {
    my $builder = Test::More->builder;

    Test::More::plan('no_plan') if !$builder->has_plan;

    my @blocks = Test::Base::blocks();
    check_sections($_) for @blocks;

    if ($setting{shuffle}) {
        $seed = $ENV{TEST_NGINX_SHUFFLE_SEED} || 1 + int rand 2 ** 31;
        srand $seed;
        @blocks = shuffle(@blocks);
    }

    for my $block (@blocks) {
        $_->($block) for @preprocessors;
        check_sections($block);
        run_block($block);
    }

    finish();
    return;
}


sub check_sections {
    my ($block) = @_;
    my %order = map { $_ => 1 } @{ $block->{_section_order}[0] || [] };

    for my $name (keys %order) {
        die $block->name, ": there is no section \"$name\"\n"
            if !$known_section{$name};
    }
    return;
}


# Stops nginx and looks at what it said on its way out.
sub stop_server {
    return if !$running_block;

    $server->stop;
    Test::Nginx::Socket::Check::after_stop($running_block, $server);
    undef $running;
    undef $running_block;
    return;
}


sub finish {
    stop_server();

    if ($seed && !Test::More->builder->is_passing) {
        Test::More::diag("blocks were shuffled: "
                         . "TEST_NGINX_SHUFFLE_SEED=$seed repeats the order");
        undef $seed;
    }
    return;
}


sub run_block {
    my ($block) = @_;
    my $name = $block->name;

    if (my ($count, $reason) = skip_count($block)) {
        for (1 .. $count * $setting{repeat_each}) {
            Test::More->builder->skip("$name - $reason");
        }
        return;
    }

    die "$name: no config section\n" if !defined scalar $block->config;
    expand_sections($block);

    if (defined scalar $block->must_die) {
        run_must_die($block);
        return;
    }

    start_server($block) or return;

    if (defined(my $code = scalar $block->init)) {
        eval "package main; no strict; $code; 1"
            or die "$name: init: $@";
    }

    my $timeout = parse_time(scalar $block->timeout) // $setting{timeout};
    $timeout *= Test::Video::Loop::slowness();

    for my $round (0 .. $setting{repeat_each} - 1) {
        run_round($block, $round, $timeout);
    }
    return;
}


# One pass over the requests of a block: each answer is followed by all of
# the block's assertions, those on the log included.
sub run_round {
    my ($block, $round, $timeout) = @_;
    my @requests = Test::Nginx::Socket::Request::from_block($block);
    my $many = @requests > 1 || @{ $requests[0]{methods} } > 1;
    my $index = 0;

    for my $request (@requests) {
        my $raw = Test::Nginx::Socket::Request::exchange(
            $block, $request, $server, $timeout);

        for my $method (@{ $request->{methods} }) {
            my $response = { };
            if (!defined scalar $block->ignore_response) {
                $response = Test::Nginx::Socket::Request::parse_response(
                    $block, $raw, $method);
                $raw = $response->{left};
                Test::Nginx::Socket::Check::response(
                    $block, $response, $index, $round, $many);
            }

            wait_before_logs($block);
            Test::Nginx::Socket::Check::logs($block, $server, $round);
            $index++;
        }
    }
    return;
}


sub wait_before_logs {
    my ($block) = @_;
    my $seconds = parse_time(scalar $block->wait) or return;

    select undef, undef, undef, $seconds;
    return;
}


sub run_must_die {
    my ($block) = @_;
    my $name = $block->name;
    my $expected = $block->must_die;

    # a refused start loses memory, on purpose
    local $ENV{TEST_NGINX_USE_VALGRIND};

    stop_server();
    prepare_root($block);
    $server->new_lines;
    my $code = $server->start_refused;

    if (!defined $code) {
        Test::More::ok(0, "$name - nginx must refuse to start");
    } elsif ($expected =~ /\d/) {
        Test::More::is($code, int $expected, "$name - exit code");
    } elsif ($code =~ /signal/) {
        Test::More::ok(0, "$name - nginx ended by $code");
    }

    Test::Nginx::Socket::Check::logs($block, $server, 0);
    return;
}


# nginx is started again only when something that it reads has changed.
sub start_server {
    my ($block) = @_;
    my $name = $block->name;
    my $wanted = join "\0", configuration($block),
                            map { @$_[0, 1] } user_files($block);

    if (defined $running && $running eq $wanted) {
        $running_block = $block;
        return 1;
    }

    stop_server();
    prepare_root($block);
    $server->new_lines;         # what comes from here on is this block's

    if (!$server->start($server->port(0))) {
        Test::More::ok(0, "$name - $server->{why}");
        Test::More::diag($server->log_tail(20));
        $server->new_lines;
        return 0;
    }

    $running = $wanted;
    $running_block = $block;
    return 1;
}


# An empty root, as if no block had been there before.
sub prepare_root {
    my ($block) = @_;
    my $root = $server->root;

    remove_tree(grep { !m{/(?:conf|logs)\z} } glob "$root/*");
    mkdir html_dir();
    $server->write_file('html/index.html', '<html><head><title>It works!'
                        . '</title></head><body>It works!</body></html>');

    for my $file (user_files($block)) {
        my ($path, $content) = @$file;
        $path = html_dir() . "/$path" if $path !~ m{^/};
        $server->write_file($path, $content);
    }

    $server->write_conf(configuration($block));
    return;
}


# A list of [path, content].
sub user_files {
    my ($block) = @_;
    my $value = $block->user_files;

    return () if !defined $value;
    return @$value if ref $value;

    my (undef, @parts) = split /^>>>[ \t]*(\S+)[^\n]*\n/m, expand($value);
    my @files;
    while (my ($path, $content) = splice @parts, 0, 2) {
        push @files, [$path, $content // ''];
    }
    return @files;
}


sub configuration {
    my ($block) = @_;
    my %part = map { my $text = $block->$_; ($_ => $text // '') }
                   qw(main_config http_config config post_main_config);
    my $port = $server->port(0);
    my $root = $setting{root_location}
        ? 'location / { root html; index index.html index.htm; }' : '';
    my $postpone = defined $ENV{TEST_NGINX_POSTPONE_OUTPUT}
        ? "postpone_output $ENV{TEST_NGINX_POSTPONE_OUTPUT};" : '';

    local $server->{log_level} = $block->log_level || $setting{log_level};

    return "worker_processes $setting{workers};\n"
        . "master_process $setting{master};\n"
        . $server->globals
        . $server->load_modules
        . $part{main_config} . "\n"
        . "http {\n"
        . "    access_log $server->{root}/logs/access.log;\n"
        . $server->temp_paths
        . "    default_type text/plain;\n"
        . "    keepalive_timeout 68000ms;\n"
        . "    $postpone\n"
        . $part{http_config} . "\n"
        . "    server {\n"
        . "        listen 127.0.0.1:$port;\n"
        . "        server_name localhost;\n"
        . "        client_max_body_size 30M;\n"
        . $part{config} . "\n"
        . "        $root\n"
        . "    }\n"
        . "}\n"
        . $part{post_main_config} . "\n"
        . "events {\n"
        . "    accept_mutex off;\n"
        . "    worker_connections $setting{worker_connections};\n"
        . "}\n";
}


# $TEST_NGINX_NAME in the texts of a block, once.
sub expand_sections {
    my ($block) = @_;

    for my $name (grep { !$not_expanded{$_} } keys %known_section) {
        my $value = $block->$name;
        next if !defined $value;
        $block->set_value($name, expand($value));
    }
    return;
}


sub expand {
    my ($value) = @_;

    return [map { expand($_) } @$value] if ref $value eq 'ARRAY';
    return $value if ref $value || !defined $value;

    $value =~ s{\$(?:(TEST_NGINX_[A-Z0-9_]+)|\{(TEST_NGINX_[A-Z0-9_]+)\})}{
        my $name = $1 // $2;
        bail_out("there is no environment variable $name")
            if !defined $ENV{$name};
        $ENV{$name};
    }ge;
    return $value;
}


# "N: condition" of skip_nginx (on the version) or skip_eval (Perl); a list
# of count and reason, or nothing.
sub skip_count {
    my ($block) = @_;

    if (defined(my $spec = scalar $block->skip_nginx)) {
        my ($count, $op, $version, $reason) = $spec =~
            /^\s*(\d+)\s*:\s*([<>]=?)\s*(\d+\.\d+\.\d+)\s*(?::\s*(.*))?$/
            or die $block->name, ": invalid skip_nginx \"$spec\"\n";
        my $order = version_number(nginx_version())
                    <=> version_number($version);
        my %true = ('<' => $order < 0, '<=' => $order <= 0,
                    '>' => $order > 0, '>=' => $order >= 0);
        return ($count, $reason // "nginx $op $version") if $true{$op};
    }

    if (defined(my $spec = scalar $block->skip_eval)) {
        my ($count, $code) = $spec =~ /^\s*(\d+)\s*:\s*(.*)/s
            or die $block->name, ": invalid skip_eval \"$spec\"\n";
        my $true = eval "package main; no strict; $code";
        die $block->name, ": skip_eval: $@" if $@;
        return ($count, 'skip_eval') if $true;
    }

    return;
}


sub version_number {
    my ($major, $minor, $patch) = split /\./, $_[0];
    return ($major * 1000 + $minor) * 1000 + $patch;
}


sub nginx_version {
    our $version //= do {
        my $text = qx('$server->{binary}' -v 2>&1);
        $text =~ m{/(\d+\.\d+\.\d+)} ? $1 : die "no version in \"$text\"\n";
    };
    return $version;
}


END {
    if ($server && $server->{owner} == $$) {
        local $?;
        finish();
        $server->DESTROY;
        $server->{owner} = 0;
    }
}


# Test::Base takes the error message of a failed eval for the value.
package Test::Nginx::Socket::Filter;

our @ISA = ('Test::Base::Filter');

sub eval {
    my $self = shift;
    # this package has functions named as the builtins are
    local $SIG{__WARN__} = sub { warn @_ if $_[0] !~ /^Ambiguous call/ };
    my @values = $self->SUPER::eval(@_);

    die $self->current_block->name, ": eval: $@" if $@;
    return @values;
}


1;
