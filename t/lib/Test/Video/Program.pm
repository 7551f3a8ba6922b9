# What tests of the programs beside the modules share: where they are, plain and
# with sanitizers, how they are run, and files of bytes.
package Test::Video::Program;

use strict;
use warnings;

use Exporter 'import';
use File::Basename qw(dirname);
use File::Temp;

our @EXPORT = qw(program_flavours program_start program_end program_run slurp
                 spew tempdir);

my $dir = File::Temp->newdir;
my $owner = $$;
my %running;                    # process ids


# Paths of a program by flavour: those that are built.
sub program_flavours {
    my ($name) = @_;
    my $root = dirname(__FILE__) . '/../../../..';
    my %of = (plain => ['TEST_NGINX_LOAD_MODULES', 'debian'],
              sanitized => ['TEST_NGINX_LOAD_MODULES_ASAN', 'debian-asan']);

    return map {
        my ($modules, $flavour) = ($ENV{ $of{$_}[0] } // '', $of{$_}[1]);
        my ($core) = grep { /ngx_video_core_module/ } split ' ', $modules;
        my $path = ($core ? dirname($core) : "$root/build/$flavour")
                   . "/$name";
        -x $path ? ($_ => $path) : ();
    } keys %of;
}


sub tempdir { return "$dir" }


# Starts it: its process id.
sub program_start {
    my ($path, @args) = @_;
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        open STDOUT, '>', "$dir/.out" or die;
        open STDERR, '>', "$dir/.err" or die;
        exec $path, @args or die "$path: $!\n";
    }
    $running{$pid} = 1;
    return $pid;
}


# Standard output, standard error and exit code.
sub program_end {
    my ($pid) = @_;
    waitpid $pid, 0;
    delete $running{$pid};
    return (slurp("$dir/.out"), slurp("$dir/.err"), $? >> 8);
}


sub program_run { return program_end(program_start(@_)) }


sub slurp {
    my ($path) = @_;
    open my $fh, '<:raw', $path or die "$path: $!\n";
    local $/;
    return scalar readline $fh;
}


# Writes a file into tempdir(): its path.
sub spew {
    my ($name, $bytes) = @_;
    open my $fh, '>:raw', "$dir/$name" or die "$name: $!\n";
    print $fh $bytes;
    close $fh or die "$name: $!\n";
    return "$dir/$name";
}


# A test that died leaves nothing behind.
END { kill 'KILL', keys %running if $$ == $owner }


1;
