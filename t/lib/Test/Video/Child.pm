# What the tests of the harness share: small .t texts that are run in a child
# perl, and have to end as is told.
package Test::Video::Child;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use File::Temp;
use Test::More;

our @EXPORT = qw(run_text fails);

my $lib = abs_path(dirname(__FILE__) . '/../..');
my $dir = File::Temp->newdir;

# how the test itself is run is not how its children are
delete @ENV{grep { /^(?:HARNESS_|TEST_NGINX_)/ } keys %ENV};


# Whether the text ends well, and what it says.
sub run_text {
    my ($text) = @_;

    open my $fh, '>', "$dir/child.t" or die "child.t: $!\n";
    print $fh $text;
    close $fh;
    my $output = qx('$^X' -I'$lib' '$dir/child.t' 2>&1);
    return ($? == 0, $output);
}


# It must fail, saying what matches the pattern.
sub fails {
    my ($title, $text, $pattern) = @_;
    my ($ok, $output) = run_text($text);

    my $good = !$ok && $output =~ $pattern;
    ok $good, $title;
    diag $output if !$good;
    return;
}


1;
