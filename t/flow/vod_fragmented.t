# Proves that fragmented files of every kind that ffmpeg makes are played with
# all their packets, through HLS and DASH, cut into the segments that the
# progressive file has of which they were made.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Media;
use Test::Video::VOD;

my $t = Test::Video->new(log_level => 'debug');
$t->conf(vod_conf(workers => 2, http => 'sendfile on; aio threads;'))->run;
my $base = 'http://127.0.0.1:' . $t->port . '/vod';

my $source = vod_file(bframes => 2);
my %flags = (
    base     => 'empty_moov+default_base_moof+frag_keyframe',
    moof     => 'empty_moov+frag_keyframe',
    cmaf     => 'cmaf+frag_keyframe',
    dash     => 'dash+delay_moov+frag_keyframe',
    separate => 'empty_moov+separate_moof+frag_keyframe',
    sidx     => 'cmaf+global_sidx+frag_keyframe',
    short    => 'empty_moov+default_base_moof',
    hybrid   => 'frag_keyframe',        # the first samples are in moov
    mixed    => 'default_base_moof',    # and so many that segments have both
);
my %length = (short => 300000, mixed => 800000);

sub publish_file {
    my ($name, @args) = @_;
    $t->write_file("html/$name.mp4", slurp(media_file("fragments_$name.mp4",
        '-i', $source, qw(-map 0 -c copy -fflags +bitexact), @args,
        qw(-f mp4))));
    return;
}

# MD5s of the packets of a stream, without times.
sub packets {
    my $text = framemd5(@_, raw => 1);
    return sub { [map { (split /,\s*/)[5] } split /^/, $text->()] };
}

publish_file('plain');
publish_file($_, '-movflags', $flags{$_},
             $length{$_} ? ('-frag_duration', $length{$_}) : ()) for keys %flags;

my $plain = vod_list($t, '/vod/plain.mp4/v0/index.m3u8');

for my $name (sort keys %flags) {
    my $list = vod_list($t, "/vod/$name.mp4/v0/index.m3u8");

    is_deeply $list && $list->{durations}, $plain->{durations},
        "$name: the segments of the progressive file" or next;

    for my $kind (qw(v a)) {
        my ($want, @got) = map { packets($_, "0:$kind:0") }
            $t->root . "/html/$name.mp4",
            map { "$base/$name.mp4/$_" } qw(master.m3u8 manifest.mpd);
        $_ = $_->() for $want, @got;

        cmp_ok scalar(@$want), '>', 200, "$name $kind: packets";
        is_deeply $_, $want, "$name $kind: all of them" for @got;
    }
}

# --- what is said of their rates --------------------------------------------

for my $name (sort keys %flags) {
    my ($said) = $t->get("/vod/$name.mp4/manifest.mpd")->body
                 =~ /id="v0" bandwidth="(\d+)"/;
    my $list = vod_list($t, "/vod/$name.mp4/v0/index.m3u8");
    my @rates = map { 8 * length($t->get($list->{segments}[$_])->body)
                      / $list->{durations}[$_] }
                grep { $list->{durations}[$_] > 3 } 0 .. $#{ $list->{segments} };
    my $peak = (sort { $b <=> $a } @rates)[0];
    cmp_ok $peak, '>', 0.9 * $said, "$name: bandwidth is not far off";
    cmp_ok $peak, '<=', $said, "$name: and not too small";
}

# --- from the middle --------------------------------------------------------

# a segment that does not begin with a fragment is read as the others are
for my $track (qw(v0 a0)) {
    my $list = vod_list($t, "/vod/short.mp4/$track/index.m3u8");
    my $n = $#{ $list->{segments} };
    my $last = $t->get($list->{segments}[$n]);

    ok $n > 0 && $last->complete, "short $track: the last segment first";
    is $t->get($list->{segments}[$n], range => '0-99')->body,
        substr($last->body, 0, 100), "short $track: a range of it";
}

is $t->get('/vod/short.mp4/v0/99.m4s')->status, 404, 'no other segments';

$t->finish;
done_testing;
