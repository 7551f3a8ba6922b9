#!/usr/bin/perl

# Processes that write, read, wait, publish and are killed over one zone that
# is full now and then see no wrong byte, lose no wake-up and leave nothing
# behind: once without kills, then with many, then under both sanitizers.  And
# no operation has the lock for long.  ThreadSanitizer: "make -C t tsan".

use strict;
use warnings;

use FindBin;
use Test::More;

my $build = "$FindBin::Bin/../build";

plan skip_all => 'store_stress is not built, see t/Makefile'
    if !-x "$build/plain/store_stress";

$ENV{ASAN_OPTIONS} = 'detect_leaks=0';


sub stress {
    my ($title, @command) = @_;

    open my $fh, '-|', "timeout 90 @command 2>&1"
        or die "cannot run @command: $!\n";
    my @lines = <$fh>;
    close $fh;

    my $good = ok($? == 0 && !grep({ /^not ok|Sanitizer|runtime error/ } @lines)
        && grep({ /^ok/ } @lines), $title);

    note(grep { /^#/ } @lines);
    diag(@lines) if !$good;

    return;
}


my $seed = 1 + $$ % 1000;

stress('8 processes, nobody dies', "$build/plain/store_stress",
    '--seconds 4 --procs 8 --kill 0 --seed', $seed);
stress('16 processes, killed often', "$build/plain/store_stress",
    '--seconds 10 --procs 16 --kill 8 --seed', $seed);
stress('sanitized', "$build/unit/store_stress",
    '--seconds 5 --procs 8 --kill 60 --seed', $seed);

stress('wake-ups, one by one', "$build/plain/store_wake");
stress('wake-ups, sanitized', "$build/unit/store_wake");
stress('the lock, in a large zone', "$build/plain/store_lock");
stress('the lock, sanitized', "$build/unit/store_lock");

done_testing();
