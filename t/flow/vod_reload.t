# Proves that a worker that is told to exit finishes what a thread reads for it
# and what waits for its next turn: reloads under load cut no answer.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Media;
use Test::Video::VOD;

# too small for the movie: transport streams are made anew each time
my $t = Test::Video->new->conf(vod_conf(workers => 2, zone => '4m',
    vod => 'video_segment 2s;'))->run;

$t->write_file('html/movie.mp4',
    slurp(vod_file(size => '640x360', bitrate => '4000k')));
my $dir = '/vod/movie.mp4/v0/';
my @paths = map { "$dir$_" } $t->get("${dir}index_ts.m3u8")->body =~ /^(e\S+)$/mg;
cmp_ok scalar @paths, '>=', 4, 'there are segments';

my %size = map { $_ => length $t->get($_)->body } @paths;
my $base = 'http://127.0.0.1:' . $t->port(0);

my $urls = join '', map { qq(url = "$base$_"\noutput = "/dev/null"\n) }
                    (@paths) x 60;
$t->write_file('urls', "no-keepalive\nheader = \"Connection: close\"\n$urls");

for my $round (1 .. 3) {
    my $config = $t->root . '/urls';
    open my $curl, '-|', "curl -sS --no-progress-meter -Z --parallel-max 12 --config $config "
        . q(-w '\n%{http_code} %{size_download} %{errormsg} %{url}\n' 2>&1)
        or die "curl: $!\n";
    my $n = 0;
    my @wrong;

    while (my $line = <$curl>) {
        next if $line !~ /vod/;
        my ($status, $size, $path) = $line =~ m{^(\d+) (\d+) .*?(/vod/\S+)$};
        $t->signal('HUP') if ++$n % 40 == 20 && $n < 200;
        push @wrong, $line if !$path || $status != 200 || $size != $size{$path};
    }
    close $curl;
    is $n, 60 * @paths, "round $round: all were answered";
    is "@wrong", '', 'in full' or diag @wrong[0 .. ($#wrong > 4 ? 4 : $#wrong)];
}

unlike $t->log, qr/open socket #\d+ left/, 'and no worker left early';

$t->stop;
done_testing;
