# One nginx under test: its directory, ports, configuration, process and log.
# Used by Test/Nginx/Socket.pm (block tests) and Test/Video.pm (flow tests).
# nginx runs as our child with "daemon off"; a state is observed in /proc and
# in its files, never assumed after a sleep.
package Test::Video::Server;

use strict;
use warnings;

use File::Path qw(make_path);
use File::Spec;
use File::Temp;

use Test::Video::Loop qw(now wait_for);
use Test::Video::Ports;
use Test::Video::Process;

use constant {
    START_TIMEOUT  => 5,
    STOP_TIMEOUT   => $ENV{TEST_NGINX_STOP_TIMEOUT} || 15,
    QUIT_AGAIN     => 0.2,
    ORPHAN_TIMEOUT => 2,
};

# What must not appear in a log unless the test expects it.
my $BAD_LINE = qr/ \[(?:alert|crit|emerg)\]
                 | Sanitizer
                 | \bAssertion\ .*\ failed
                 | exited\ on\ signal
                 | exited\ with\ code\ [1-9] /x;


# Options: log_level, orphan (see Process::spawn; wanted for upgrade).
sub new {
    my ($class, %o) = @_;
    my $self = bless {
        owner     => $$,
        log_level => 'debug',
        ports     => [],
        allowed   => [],
        killed    => {},
        problems  => [],
        log_pos   => 0,
        %o,
    }, $class;

    $self->{dir} = File::Temp->newdir(
        'ngx-video-test-XXXXXXXX',
        TMPDIR  => 1,
        CLEANUP => 0,
    );
    $self->{root} = "$self->{dir}";
    chmod 0755, $self->{root};
    make_path("$self->{root}/$_") for qw(conf html logs);
    $self->{binary} = find_binary($ENV{TEST_NGINX_BINARY} || 'nginx');

    return $self;
}


sub find_binary {
    my ($name) = @_;

    return $name if File::Spec->file_name_is_absolute($name);
    for my $dir (File::Spec->path, '/usr/sbin', '/usr/local/nginx/sbin') {
        return "$dir/$name" if -x "$dir/$name";
    }
    die "there is no $name in PATH; set TEST_NGINX_BINARY\n";
}


sub root     { return $_[0]{root} }
sub pid      { return $_[0]{pid} }
sub binary   { return $_[0]{binary} }
sub log_file { return "$_[0]{root}/logs/error.log" }
sub pid_file { return "$_[0]{root}/logs/nginx.pid" }


sub port {
    my ($self, $n) = @_;
    my $window = int($n / Test::Video::Ports::WIDTH);

    $self->{ports}[$window] //= Test::Video::Ports::take_window();
    return $self->{ports}[$window] + $n % Test::Video::Ports::WIDTH;
}


sub load_modules {
    return join '', map { "load_module $_;\n" }
                    split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';
}


# What every configuration needs at its top.
sub globals {
    my ($self) = @_;
    my $text = "daemon off;\n"
             . "pid $self->{root}/logs/nginx.pid;\n"
             . "error_log $self->{root}/logs/error.log $self->{log_level};\n";

    $text .= "env $_;\n" for qw(ASAN_OPTIONS UBSAN_OPTIONS LD_PRELOAD);
    $text .= "user root;\n" if $> == 0;
    $text .= "$ENV{TEST_NGINX_GLOBALS}\n" if $ENV{TEST_NGINX_GLOBALS};
    return $text;
}


# The five temporary paths of http {}, below the root.
sub temp_paths {
    my ($self) = @_;
    return join '', map { "    ${_}_temp_path $self->{root}/${_}_temp;\n" }
                    qw(client_body proxy fastcgi uwsgi scgi);
}


sub write_file {
    my ($self, $name, $content) = @_;
    my $path = File::Spec->file_name_is_absolute($name)
             ? $name : "$self->{root}/$name";
    my ($volume, $dir) = File::Spec->splitpath($path);

    make_path($dir);
    open my $fh, '>:raw', $path or die "cannot write $path: $!\n";
    print $fh $content;
    close $fh or die "cannot write $path: $!\n";
    return $path;
}


sub read_file {
    my ($self, $name) = @_;
    my $path = File::Spec->file_name_is_absolute($name)
             ? $name : "$self->{root}/$name";

    open my $fh, '<:raw', $path or die "cannot read $path: $!\n";
    local $/;
    return <$fh> // '';
}


sub write_conf {
    my ($self, $text) = @_;

    $self->{conf} = $text;
    $self->{single} = $text =~ /^\s*master_process\s+off\s*;/m;
    my ($count) = $text =~ /^\s*worker_processes\s+(\d+)\s*;/m;
    $self->{worker_count} = $count || 1;
    return $self->write_file('conf/nginx.conf', $text);
}


sub launch {
    my ($self) = @_;
    my @cmd = ($self->{binary}, '-p', "$self->{root}/",
               '-c', "$self->{root}/conf/nginx.conf", '-e', $self->log_file);
    my %env;

    unlink $self->pid_file;

    if ($ENV{TEST_NGINX_ASAN}) {
        chomp(my $library = `gcc -print-file-name=libasan.so`);
        my $log = "log_path=$self->{root}/logs/asan";
        %env = (
            LD_PRELOAD    => $library,
            ASAN_OPTIONS  => 'detect_leaks=0:detect_odr_violation=0:'
                             . "abort_on_error=0:$log",
            UBSAN_OPTIONS => "print_stacktrace=1:$log",
        );
    }

    unshift @cmd, $self->valgrind if $ENV{TEST_NGINX_USE_VALGRIND};

    $self->{pid} = Test::Video::Process::spawn(
        cmd    => \@cmd,
        env    => \%env,
        output => "$self->{root}/logs/stderr.log",
        orphan => $self->{orphan},
    );
    $self->{group} = $self->{pid};
    return;
}


sub valgrind {
    my ($self) = @_;
    my ($volume, $dir) = File::Spec->splitpath(__FILE__);
    my $suppressions = "$dir/../../../valgrind.supp";

    return (qw(valgrind -q --leak-check=full --error-exitcode=99
               --errors-for-leak-kinds=definite --show-leak-kinds=definite
               --num-callers=20),
            (-e $suppressions ? "--suppressions=$suppressions" : ()),
            "--log-file=$self->{root}/logs/valgrind.%p");
}


# Starts nginx and returns true when the given ports are listened on and the
# workers run; false, with ->why, when nginx has ended instead.
sub start {
    my ($self, @ports) = @_;

    $self->launch;
    delete $self->{why};

    my $up = wait_for {
        return 'gone' if defined Test::Video::Process::exit_status(
            $self->{pid});
        return $self->is_up(@ports) && 'up';
    } START_TIMEOUT;

    if ($up eq 'up') {
        Test::Video::Process::release($self->{pid});
        return 1;
    }

    $self->{why} = $up ? 'nginx ended at once' : 'nginx does not come up';
    $self->stop if !$up;
    $self->{exit_code} = $self->exit_code if $up;
    delete $self->{pid} if $up;
    return 0;
}


sub is_up {
    my ($self, @ports) = @_;

    open my $fh, '<', $self->pid_file or return 0;
    my $pid = <$fh> // return 0;
    return 0 if $pid != $self->{pid};
    return 0 if grep { !Test::Video::Ports::is_listening($_) } @ports;
    return 1 if $self->{single};
    return $self->workers >= $self->{worker_count};
}


# For configurations that must be refused: waits for the end, returns the exit
# code, or undef when nginx runs (it is stopped then).
sub start_refused {
    my ($self) = @_;

    $self->launch;
    my $status = Test::Video::Process::wait_exit(
        $self->{pid}, 2 * Test::Video::Loop::slowness());
    if (!defined $status) {
        $self->stop;
        return undef;
    }

    my $code = $self->exit_code;
    delete $self->{pid};
    return $code;
}


sub exit_code {
    my ($self) = @_;
    my $status = Test::Video::Process::exit_status($self->{pid}) // 0;
    return $status & 127 ? "signal " . ($status & 127) : $status >> 8;
}


# Running workers, in the order of their pids; those that are shutting down
# only with all => 1.
sub workers {
    my ($self, %o) = @_;

    return () if !$self->{pid};
    return ($self->{pid}) if $self->{single};
    return grep {
        my $state = $self->worker_state($_);
        $state eq 'works' || $o{all} && $state eq 'ends';
    } Test::Video::Process::children($self->{pid});
}


# "works", "ends", or '' for other processes.  The title says it, except under
# valgrind, which hides it: there the log does, at level notice.
sub worker_state {
    my ($self, $pid) = @_;
    my $title = Test::Video::Process::cmdline($pid);

    return '' if !Test::Video::Process::is_running($pid);
    if ($title =~ /valgrind/) {
        return $self->log_text =~ / $pid#\d+: gracefully shutting down/
            ? 'ends' : 'works';
    }
    return '' if $title !~ /nginx: worker process/;
    return $title =~ /is shutting down/ ? 'ends' : 'works';
}


# HUP; true when new workers run and no old one takes connections any more.
# False when nginx kept the old configuration.
sub reload {
    my ($self) = @_;
    my %old = map { $_ => 1 } $self->workers;
    my $from = -s $self->log_file;

    kill 'HUP', $self->{pid};
    my $state = wait_for {
        my @now = $self->workers;
        my $new = grep { !$old{$_} } @now;
        return 'new' if $new >= $self->{worker_count}
                        && $new == @now;
        return 'kept' if $new == 0
                         && $self->log_from($from) =~ /\[emerg\]/;
        return '';
    } START_TIMEOUT;

    return $state eq 'new';
}


# USR2, then QUIT to the old master; true when the new one has workers and the
# old one is gone.
sub upgrade {
    my ($self) = @_;
    my $old = $self->{pid};

    kill 'USR2', $old;
    my $new = wait_for {
        return '' if !-e $self->pid_file . '.oldbin';
        open my $fh, '<', $self->pid_file or return '';
        my $pid = int(<$fh> // 0);
        return '' if !$pid || $pid == $old;
        local $self->{pid} = $pid;
        return $self->workers >= $self->{worker_count} ? $pid : '';
    } START_TIMEOUT or return 0;

    Test::Video::Process::adopt($new);
    kill 'QUIT', $old;
    my $status = Test::Video::Process::wait_exit(
        $old, STOP_TIMEOUT * Test::Video::Loop::slowness());
    $self->{pid} = $new;
    return defined $status && $status == 0;
}


sub kill_worker {
    my ($self, $n, $signal) = @_;
    my @workers = $self->workers;
    my $pid = $workers[$n] // die "there is no worker $n\n";

    $self->{killed}{$pid} = 1;
    kill $signal // 'KILL', $pid or die "cannot kill worker $pid: $!\n";
    wait_for { !Test::Video::Process::is_running($pid) } 5;
    return $pid;
}


# Ends nginx and everything it has left behind.  What was not as it should be
# is added to ->problems.
sub stop {
    my ($self, $signal) = @_;
    my $pid = $self->{pid} // return;
    my $limit = STOP_TIMEOUT * Test::Video::Loop::slowness();
    my @had = Test::Video::Process::descendants($pid);

    if (!$self->quit_within($signal // 'QUIT', $limit)) {
        $self->problem("nginx did not stop within $limit s");
        my @all = ($pid, Test::Video::Process::descendants($pid));
        kill 'KILL', @all;
        Test::Video::Process::wait_exit($pid, 5);

    } elsif (my $code = $self->exit_code) {
        $self->problem("nginx exited with $code");
    }

    delete $self->{pid};
    $self->end_orphans(@had);
    return;
}


# A QUIT that comes before a single-process nginx first waits is lost, so it
# is sent again.
sub quit_within {
    my ($self, $signal, $seconds) = @_;
    my $deadline = now() + $seconds;

    while (now() < $deadline) {
        kill $signal, $self->{pid};
        my $status = Test::Video::Process::wait_exit(
            $self->{pid}, $self->{single} ? QUIT_AGAIN : $seconds);
        return 1 if defined $status;
    }

    return 0;
}


sub end_orphans {
    my ($self, @had) = @_;
    my @left;

    return if wait_for {
        @left = Test::Video::Process::orphans($self->{group}, @had);
        return !@left;
    } ORPHAN_TIMEOUT;

    for my $pid (@left) {
        my $title = Test::Video::Process::cmdline($pid);
        $self->problem("process $pid ($title) outlived nginx");
        Test::Video::Process::end($pid, 'KILL');
    }
    return;
}


sub problem {
    my ($self, $text) = @_;
    push @{ $self->{problems} }, $text;
    return;
}


# What was found since the last call.
sub take_problems {
    my ($self) = @_;
    return splice @{ $self->{problems} };
}


sub log_text {
    my ($self) = @_;
    return $self->log_from(0);
}


sub log_from {
    my ($self, $position) = @_;

    open my $fh, '<:raw', $self->log_file or return '';
    seek $fh, $position // 0, 0;
    local $/;
    return <$fh> // '';
}


# Complete lines added to the log since the last call.
sub new_lines {
    my ($self) = @_;
    my $text = $self->log_from($self->{log_pos});

    $text =~ s/[^\n]+\z//;
    $self->{log_pos} += length $text;
    return split /^/m, $text;
}


# Those of the lines that are bad news, without what expect() and kill_worker
# allow.
sub bad_lines {
    my ($self, @lines) = @_;
    my $killed = join '|', keys %{ $self->{killed} };
    my @bad;

    for my $line (grep { $_ =~ $BAD_LINE } @lines) {
        next if grep { $line =~ $_ } @{ $self->{allowed} };
        next if $killed && $line =~ /process (?:$killed) exited on signal/;
        next if $killed && $line =~ /was locked by (?:$killed)\b/;
        chomp $line;
        push @bad, $line;
    }

    return @bad;
}


sub allow {
    my ($self, @patterns) = @_;
    push @{ $self->{allowed} }, map { ref $_ ? $_ : qr/\Q$_\E/ } @patterns;
    return;
}


# First lines of sanitizer and valgrind reports, and of stderr where they go
# when there is no log_path.  Each report is given once.
sub reports {
    my ($self) = @_;
    my @found;

    for my $file (glob "$self->{root}/logs/{asan,valgrind}.*") {
        next if !-s $file || $self->{reported}{$file}++;
        push @found, $self->read_file($file);
    }

    my $stderr = "$self->{root}/logs/stderr.log";
    if (-s $stderr && !$self->{reported}{$stderr}) {
        my $text = $self->read_file($stderr);
        if ($text =~ /Sanitizer|runtime error:|Assertion .* failed/) {
            $self->{reported}{$stderr} = 1;
            push @found, $text;
        }
    }

    return map { first_lines($_, 30) } @found;
}


sub first_lines {
    my ($text, $count) = @_;
    my @lines = split /^/m, $text;
    splice @lines, $count if @lines > $count;
    return join q{}, @lines;
}


sub log_tail {
    my ($self, $lines) = @_;
    my $text = '';

    $text .= $self->read_file('logs/stderr.log')
        if -s "$self->{root}/logs/stderr.log";
    my @lines = split /^/m, $self->log_text;
    my $from = @lines > $lines ? @lines - $lines : 0;
    return $text . join '', @lines[$from .. $#lines];
}


sub DESTROY {
    my ($self) = @_;

    return if $self->{owner} != $$;
    local ($@, $!, $?);
    $self->stop;
    if ($ENV{TEST_NGINX_NO_CLEAN}) {
        print STDERR "# kept $self->{root}\n";
        return;
    }
    File::Path::remove_tree($self->{root}, { safe => 0, error => \my $e });
    return;
}


1;
