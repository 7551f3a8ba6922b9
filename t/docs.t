# Proves that the documentation is complete: each directive in the modules'
# command tables has an entry with its syntax in docs/, each entry is of a
# directive that exists, and its contexts are those of the table.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Test::More;

my $root = abs_path(dirname(__FILE__) . '/..');
my %context = (
    NGX_MAIN_CONF        => 'main',
    NGX_VIDEO_CONF       => 'video',
    NGX_STREAM_MAIN_CONF => 'stream',
    NGX_STREAM_SRV_CONF  => 'server',
    NGX_HTTP_MAIN_CONF   => 'http',
    NGX_HTTP_SRV_CONF    => 'server',
    NGX_HTTP_LOC_CONF    => 'location',
);


sub slurp {
    my ($path) = @_;

    open my $fh, '<', $path or die "$path: $!\n";
    local $/;
    return scalar <$fh>;
}


# Directives of the sources: name => { context => 1 }.
my %code;

for my $path (glob "$root/ngx_video_*/*.c") {
    my $text = slurp($path);

    while ($text =~ /ngx_command_t\s+\w+\[\]\s*=\s*\{(.*?)ngx_null_command/gs) {
        my $table = $1;
        while ($table =~ /\{\s*ngx_string\("(\w+)"\),\s*([A-Z0-9_|\s]+),/g) {
            my ($name, $flags) = ($1, $2);
            for my $flag (split /[|\s]+/, $flags) {
                $code{$name}{ $context{$flag} } = 1 if $context{$flag};
            }
        }
    }
}
cmp_ok scalar(keys %code), '>=', 14, 'directives in the sources';

# Entries of the documents: "Syntax: name ...", with or without markup, and
# what follows up to the next entry.
my (%docs, %where);

for my $path (glob "$root/docs/*.md $root/docs/*/*.md") {
    my @parts = split /^(?=.*\bSyntax\b\W)/m, slurp($path);
    shift @parts;

    for my $entry (@parts) {
        my ($name) = $entry =~ /\bSyntax\b[^\w]*(\w+)/ or next;
        $docs{$name} .= $entry;
        (my $short = $path) =~ s{^\Q$root\E/}{};
        push @{ $where{$name} }, $short;
    }
}

for my $name (sort keys %code) {
    ok exists $docs{$name}, "$name is documented" or next;

    my ($line) = $docs{$name} =~ /\bContexts?\b\W*(.*)/;
    ok defined $line, "$name: its context is" or next;
    my @missing = grep { $docs{$name} !~ /\bContexts?\b[^\n]*\b$_\b/ }
                  sort keys %{ $code{$name} };
    is_deeply \@missing, [], "$name: all its contexts are";
    like $docs{$name}, qr/\bDefault\b/, "$name: so is its default";
}

for my $name (sort keys %docs) {
    ok exists $code{$name}, "$name ($where{$name}[0]) exists";
}

done_testing();
