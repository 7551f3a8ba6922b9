#!/usr/bin/perl

# Every unit test of media/ and rtmp/ passes under both sanitizers, and under
# valgrind without them.  "./build.sh test" compiles them first.

use strict;
use warnings;

use FindBin;
use Test::More;

my $build = "$FindBin::Bin/../build";


# Runs one program that writes TAP; its lines become a subtest's.
sub run_unit {
    my ($name, @command) = @_;

    open my $fh, '-|', "@command 2>&1" or die "cannot run @command: $!\n";
    my @lines = <$fh>;
    close $fh;

    my $status = $?;
    my $count = grep { /^ok / } @lines;
    my $bad = grep { /^not ok |runtime error:|Sanitizer/ } @lines;

    my $good = ok($status == 0 && $bad == 0 && $count > 0,
        "$name, $count tests");

    if (!$good) {
        diag(grep { !/^ok / } @lines);
        diag("exit status $status");
    }

    return;
}


my @sources = sort glob "$FindBin::Bin/unit/test_*.c";
plan skip_all => 'no unit tests' if !@sources;

my $valgrind = grep { -x "$_/valgrind" } split /:/, $ENV{PATH};
chdir "$FindBin::Bin/.." or die "chdir: $!\n";

$ENV{ASAN_OPTIONS} = 'detect_leaks=1';
$ENV{UBSAN_OPTIONS} = 'print_stacktrace=1';

for my $source (@sources) {
    my ($name) = $source =~ m{([^/]+)\.c$};

    run_unit("$name with sanitizers", "$build/unit/$name");

    SKIP: {
        skip 'valgrind is not installed', 1 if !$valgrind;

        # it stops a child at each of its instructions
        skip 'dies too often for valgrind', 1 if $name eq 'test_store_death';

        run_unit("$name under valgrind", 'valgrind', '-q',
            '--leak-check=full', '--error-exitcode=99',
            "$build/plain/$name");
    }
}

done_testing();
