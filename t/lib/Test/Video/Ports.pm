# Windows of eight ports, one per test process and more on demand, so that
# test files may run in parallel.  Used by Server.pm.  A window belongs to who
# holds the flock on its file; the kernel gives it back however we end.
package Test::Video::Ports;

use strict;
use warnings;

use Fcntl qw(:flock O_CREAT O_RDWR);
use File::Spec;
use IO::Socket::INET;

use constant {
    BASE    => 20000,
    WIDTH   => 8,
    WINDOWS => 1500,    # up to 32000, below the kernel's ephemeral ports
};

my @locks;              # kept open until the process ends


sub lock_directory {
    my $dir = File::Spec->catdir(File::Spec->tmpdir,
                                 "ngx-video-test-ports-$>");
    mkdir $dir, 0700;
    -d $dir or die "cannot make $dir: $!\n";
    return $dir;
}


# The first port of a window that nobody else has or listens on.
sub take_window {
    if (my $port = $ENV{TEST_NGINX_PORT}) {
        push @locks, undef;
        return $port + WIDTH * $#locks;
    }

    my $dir = lock_directory();

    # Starting at different places keeps a late client of a test that has just
    # ended away from the servers of the next one.
    for my $i (0 .. WINDOWS - 1) {
        my $k = ($$ * 7 + $i) % WINDOWS;
        my $file = File::Spec->catfile($dir, "$k.lock");

        sysopen(my $lock, $file, O_CREAT | O_RDWR, 0600)
            or die "cannot open $file: $!\n";
        next if !flock $lock, LOCK_EX | LOCK_NB;

        my $port = BASE + WIDTH * $k;
        next if grep { !is_free($_) } $port .. $port + WIDTH - 1;

        push @locks, $lock;
        return $port;
    }

    die "no window of free ports\n";
}


sub is_free {
    my ($port) = @_;

    my $socket = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1',
        LocalPort => $port,
        Listen    => 1,
        ReuseAddr => 1,
    );
    return defined $socket;
}


# True when something on this machine listens on the port.  Reads the kernel's
# table instead of connecting: a server under test sees no extra client.
sub is_listening {
    my ($port) = @_;
    my $hex = sprintf '%04X', $port;

    for my $table ('/proc/net/tcp', '/proc/net/tcp6') {
        open my $fh, '<', $table or next;
        while (my $line = <$fh>) {
            return 1 if $line =~ /^\s*\d+: \w+:$hex \w+:0000 0A /;
        }
    }

    return 0;
}


1;
