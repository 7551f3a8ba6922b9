# What the live benchmarks share: a node as the end-to-end suites have it
# (conf/single.conf), a publisher, and how a number is printed.
package Bench;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);

my ($bench, $root);

BEGIN {
    $bench = dirname(abs_path(__FILE__));
    $root = abs_path("$bench/..");
}

use lib "$root/t/lib", "$root/t/e2e";

use E2E;
use Test::Video;

our @EXPORT = qw(figure film source moving live_node publish);

my $modules = $ENV{BENCH_MODULES} // "$root/build/debian";

$ENV{TEST_NGINX_LOAD_MODULES} //= join ' ',
    '/usr/lib/nginx/modules/ngx_stream_module.so',
    map { "$modules/$_.so" }
    qw(ngx_video_core_module ngx_video_ingest_module
       ngx_stream_video_rtmp_module ngx_http_video_hls_module);


# 30 frames/s, key frames every 2 s.  In one piece: where a file begins again
# sound and picture don't meet.
sub film {
    my ($name, $size, $bitrate, $seconds) = @_;

    return media_file("bench_$name.flv",
        '-f', 'lavfi', '-i', "testsrc2=s=$size:r=30:d=$seconds",
        '-f', 'lavfi', '-i', "sine=r=48000:d=$seconds",
        qw(-c:v libx264 -preset ultrafast -tune zerolatency
        -b:v), $bitrate, '-maxrate', $bitrate, qw(-bufsize 1M
        -g 60 -keyint_min 60 -sc_threshold 0
        -c:a aac -b:a 128k -f flv));
}


# 1080p, 5 Mbit/s.
sub source {
    my ($seconds) = @_;

    return film('1080p', '1920x1080', '5M', $seconds);
}


# Detail that moves, as a film has it: neither noise nor a still.  1080p with
# key frames every 2 s.
sub moving {
    my ($seconds) = @_;

    return media_file('bench_ladder.mp4', qw(-f lavfi -i),
        'mandelbrot=s=1920x1080:r=30:end_scale=0.01:end_pts=2000,'
        . 'format=yuv420p', qw(-f lavfi -i sine=r=48000 -t), $seconds,
        qw(-c:v libx264 -preset veryfast -b:v 16M -g 60 -c:a aac -b:a 128k));
}


# A node: two workers, segments of 2 s, parts of 200 ms or as long as "part",
# more "locations", and what is in its "ladder".
sub live_node {
    my (%o) = @_;
    my $t = node_with(Test::Video->new(log_level => 'notice'), \%o);

    if ($o{part}) {
        my $conf = $t->read_file('conf/nginx.conf');

        $conf =~ s/(video_part\s+)200ms/$1$o{part}/
            or die "bench: no video_part in the configuration\n";
        $t->write_file('conf/nginx.conf', $conf);
        $t->reload or die "bench: no reload\n";
    }
    return $t;
}


# A file in real time as /live/bench.
sub publish {
    my ($t, $file) = @_;
    return $t->publish('live', 'bench', file => $file);
}


# figure($name, $value, $unit): a number, its limit and whether it is met; one
# with a unit also as a ratio to the limit.  common.bash has the same for the
# shell.  A limit that is missed is told and decides nothing.  Options: limit
# or at_least, format, remark.
sub figure {
    my ($name, $value, $unit, %o) = @_;
    my $limit = $o{limit} // $o{at_least};
    my $verdict = 'no limit';

    $unit = " $unit" if $unit ne '';

    if (defined $limit) {
        my $met = defined $value && (defined $o{at_least} ? $value >= $limit
                                                          : $value <= $limit);

        $verdict = (defined $o{at_least} ? 'at least ' : 'limit ')
                   . $limit . $unit;
        $verdict .= sprintf ', ratio %.2f', $value / $limit
            if defined $value && $unit ne '' && $limit > 0;
        $verdict .= $met ? ', met' : ', NOT met';
    }

    $value = defined $value ? sprintf $o{format} // '%s', $value : 'unknown';
    print "$name: $value$unit ($verdict)",
        defined $o{remark} ? "; $o{remark}" : '', "\n";
    return;
}


1;
