# Child processes of a test: start, look at, wait for, and make sure that none
# outlives the test, however it ends.  Used by Server.pm, Backend.pm,
# Publisher.pm.  Processes are known by pid, never by name.
package Test::Video::Process;

use strict;
use warnings;

use Config;
use POSIX qw(:sys_wait_h);
use IO::Handle;

use Test::Video::Loop qw(now wait_for);

# prctl(2), PR_SET_CHILD_SUBREAPER: orphans of our children become our
# children, so they can be seen, waited for and ended.
my %prctl_number = (x86_64 => 157, aarch64 => 167);
use constant PR_SET_CHILD_SUBREAPER => 36;

my $subreaper;        # undef before the first spawn, then 0 or 1
my %own;              # pid => 1, what we started and have not yet reaped
my %status;           # pid => wait status
my ($watch_pid, $watch_pipe);
my $owner = $$;


sub is_subreaper {
    return $subreaper if defined $subreaper;

    my ($arch) = $Config{archname} =~ /^([^-]+)/;
    my $number = $prctl_number{$arch};
    $subreaper = defined $number
        && syscall($number, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 1 : 0;
    return $subreaper;
}


# Forks a Perl child that runs the sub and exits without any END block.  Of
# the open files it keeps only those that are named.
sub fork_child {
    my ($code, @keep) = @_;

    return start_child(sub { let_go(@keep); $code->() });
}


sub start_child {
    my ($code) = @_;

    start_watchdog();
    STDOUT->flush;
    STDERR->flush;

    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        undef $watch_pipe;         # or the watchdog never sees its end
        %own = ();
        my $ok = eval { $code->(); 1 };
        print STDERR $@ if !$ok;
        POSIX::_exit($ok ? 0 : 1);
    }

    adopt($pid);
    return $pid;
}


# A child must not hold its parent's connections: the other side would not see
# them closed.  The descriptors stay in use, so that handles of the parent
# that are destroyed later close nothing that is ours.
sub let_go {
    my %keep = map { fileno($_) => 1 } @_;

    Test::Video::Loop::forget_all();
    open my $null, '+<', '/dev/null' or return;
    opendir my $dir, '/proc/self/fd' or return;
    my @open = grep { /^\d+\z/ && $_ > 2 } readdir $dir;
    closedir $dir;

    for my $fd (@open) {
        next if $keep{$fd} || !-e "/proc/self/fd/$fd";
        POSIX::dup2(fileno $null, $fd);
    }
    return;
}


# Starts a program: cmd => [...], env => {...}, output => file for stdout and
# stderr.  With orphan => 1 the program is started by a helper that exits after
# release($pid): its getppid() then changes as it would after daemonising,
# which nginx wants to see before it accepts USR2.
my %release;

sub spawn {
    my (%o) = @_;

    return start_child(sub { run_program(%o) })
        if !$o{orphan} || !is_subreaper();

    start_watchdog();       # before the pipes, so that it doesn't have them
    pipe my $pid_read, my $pid_write or die "pipe: $!\n";
    pipe my $go_read, my $go_write or die "pipe: $!\n";

    my $helper = start_child(sub {
        close $go_write;
        my $pid = fork // die "fork: $!\n";
        run_program(%o) if $pid == 0;
        syswrite $pid_write, "$pid\n";
        close $pid_write;
        sysread $go_read, my $byte, 1;
    });

    close $pid_write;
    close $go_read;
    chomp(my $pid = <$pid_read> // die "program was not started\n");
    adopt($pid);
    $release{$pid} = [$helper, $go_write];
    return $pid;
}


sub release {
    my ($pid) = @_;
    my $entry = delete $release{$pid} or return;

    close $entry->[1];
    wait_exit($entry->[0], 5);
    return;
}


sub run_program {
    my (%o) = @_;

    # so that what it leaves behind is known by its group
    setpgrp;
    $ENV{$_} = $o{env}{$_} for keys %{ $o{env} || {} };
    open STDIN, '<', '/dev/null';
    open STDOUT, '>>', $o{output} or POSIX::_exit(126);
    open STDERR, '>&', \*STDOUT;

    no warnings 'exec';
    exec { $o{cmd}[0] } @{ $o{cmd} }
        or print STDERR "cannot run $o{cmd}[0]: $!\n";
    POSIX::_exit(127);
}


sub adopt {
    my ($pid) = @_;

    $own{$pid} = 1;
    delete $status{$pid};          # of a process that had the number before
    syswrite $watch_pipe, "+$pid\n" if $watch_pipe;
    return;
}


# The wait status of a child that has ended, undef while it runs.
sub exit_status {
    my ($pid) = @_;

    return $status{$pid} if exists $status{$pid};
    if ($release{$pid}) {
        return undef if is_running($pid);
        release($pid);              # now it is ours to wait for
    }

    my $got = waitpid $pid, WNOHANG;
    if ($got == $pid) {
        $status{$pid} = $?;
    } elsif ($got == -1 && !is_running($pid)) {
        $status{$pid} = 0;        # not our child: its status is not for us
    } else {
        return undef;
    }

    delete $own{$pid};
    syswrite $watch_pipe, "-$pid\n" if $watch_pipe;
    return $status{$pid};
}


sub wait_exit {
    my ($pid, $seconds) = @_;
    my $deadline = now() + $seconds;

    while (1) {
        my $status = exit_status($pid);
        return $status if defined $status;
        return undef if now() > $deadline;
        Test::Video::Loop::pump(0.002);
    }
}


# TERM (or another signal), then KILL; true if the first was enough.
sub end {
    my ($pid, $signal, $seconds) = @_;

    return 1 if defined exit_status($pid);
    kill $signal // 'TERM', $pid;
    return 1 if defined wait_exit($pid, $seconds // 1);
    kill 'KILL', $pid;
    wait_exit($pid, 5);
    return 0;
}


sub stat_fields {
    my ($pid) = @_;

    open my $fh, '<', "/proc/$pid/stat" or return;
    my $line = <$fh> // return;
    return $line =~ /.*\) (\S) (\d+) (\d+)/s;
}


sub state {
    my ($pid) = @_;
    my ($state) = stat_fields($pid);
    return $state // '';
}


sub is_running {
    my ($pid) = @_;
    return state($pid) !~ /^[ZX]?\z/;
}


sub parent_of {
    my ($pid) = @_;
    return (stat_fields($pid))[1];
}


sub cmdline {
    my ($pid) = @_;

    open my $fh, '<', "/proc/$pid/cmdline" or return '';
    local $/;
    my $text = <$fh> // '';
    $text =~ tr/\0/ /;
    $text =~ s/\s+\z//;
    return $text;
}


sub children {
    my ($parent) = @_;
    my @pids;

    for my $file (glob "/proc/$parent/task/*/children") {
        open my $fh, '<', $file or next;
        push @pids, split ' ', <$fh> // '';
    }

    return sort { $a <=> $b } @pids;
}


sub descendants {
    my ($pid) = @_;
    return map { ($_, descendants($_)) } children($pid);
}


# Running processes that a program has left behind: by now children of ours,
# of the group that the program leads, or among the pids that it had.
sub orphans {
    my ($group, @pids) = @_;
    my %had = map { $_ => 1 } @pids;
    my @found;

    for my $pid (children($$)) {
        next if $own{$pid};
        my $its_group = (stat_fields($pid))[2] // next;
        next if $its_group != $group && !$had{$pid};
        exit_status($pid);
        push @found, $pid if is_running($pid);
    }

    return @found;
}


# The watchdog is told the pid of every child; when our end of its pipe closes,
# even by SIGKILL, it ends what is left.
sub start_watchdog {
    return if $watch_pipe || $owner != $$;

    pipe my $read, my $write or die "pipe: $!\n";
    STDOUT->flush;
    STDERR->flush;

    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', '/dev/null';
        let_go($read);
        $SIG{$_} = 'IGNORE' for qw(INT TERM HUP PIPE);
        watch($read);
        POSIX::_exit(0);
    }

    close $read;
    ($watch_pid, $watch_pipe) = ($pid, $write);
    return;
}


sub watch {
    my ($read) = @_;
    my %pid;

    while (my $line = <$read>) {
        my ($sign, $pid) = $line =~ /^([+-])(\d+)$/ or next;
        if ($sign eq '+') {
            $pid{$pid} = 1;
        } else {
            delete $pid{$pid};
        }
    }

    my @left = map { ($_, descendants($_)) } keys %pid;
    kill 'TERM', @left;

    for (1 .. 20) {
        return if !grep { is_running($_) } @left;
        select undef, undef, undef, 0.05;
    }

    kill 'KILL', grep { is_running($_) } @left;
    return;
}


END {
    if ($watch_pid && $owner == $$) {
        local $?;
        release($_) for keys %release;
        close $watch_pipe;
        waitpid $watch_pid, 0;
    }
}


1;
