#!/usr/bin/perl

# A short run of every fuzz target, from its corpus and with a fixed seed,
# finds no crash, no sanitizer error, no leak and no hang.

use strict;
use warnings;

use File::Temp;
use FindBin;
use Test::More;

my $build = "$FindBin::Bin/../build/fuzz";
my $runs = $ENV{FUZZ_RUNS} || 20000;
my $seconds = $ENV{FUZZ_SECONDS} || 10;

plan skip_all => 'clang is not installed'
    if !grep { -x "$_/clang" } split /:/, $ENV{PATH};

my @sources = sort glob "$FindBin::Bin/fuzz/fuzz_*.c";
plan skip_all => 'no fuzz targets' if !@sources;

for my $source (@sources) {
    my ($name) = $source =~ m{([^/]+)\.c$};
    my ($subject) = $name =~ /^fuzz_(.*)/;
    my $work = File::Temp->newdir;
    my @corpus = grep { -d } map { "$FindBin::Bin/fuzz/$_" }
                 "corpus/$subject", "corpus/$name", "corpus_$subject";

    # new inputs go to the first directory, the corpus is only read
    my @command = ("$build/$name", "-runs=$runs", '-seed=1',
        "-max_total_time=$seconds", '-timeout=5', '-rss_limit_mb=1024',
        '-print_final_stats=1', "-artifact_prefix=$work/", "$work", @corpus);

    open my $fh, '-|', "@command 2>&1" or die "cannot run $name: $!\n";
    my @lines = <$fh>;
    close $fh;

    my ($done) = map { /number_of_executed_units: (\d+)/ } @lines;
    my $good = ok($? == 0, "$name, " . ($done // 'no') . ' runs');

    if (!$good) {
        diag(@lines > 60 ? @lines[-60 .. -1] : @lines);
        for my $file (glob "$work/{crash,leak,timeout,oom,slow}-*") {
            diag("$file: ", `xxd $file | head -20`);
        }
    }
}

done_testing();
