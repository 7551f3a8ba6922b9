# Proves that a progressive file costs little however long it is and however
# slow its clients are, that it is made once for all, that it is sent the same
# in every way nginx has of sending, and that it is cut, never wrong, when its
# source is written over in the meantime.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Corpus;
use Test::Video::Media;
use Test::Video::Mutate;
use Test::Video::VOD;

plan skip_all => 'ffmpeg has no encoder libx264' unless has_encoder('libx264');

# The sanitizers keep what was freed.
my $CHECKED = $ENV{TEST_NGINX_ASAN} || $ENV{TEST_NGINX_USE_VALGRIND};

my %way = (
    vod => '',
    nosendfile => 'sendfile off; output_buffers 2 8k;',
    threads => 'aio threads; sendfile_max_chunk 32k;',
    small => 'video_buffer_size 16k;',
    postpone => 'postpone_output 0;',
    limited => 'limit_rate 20m;',
    kept => 'open_file_cache max=10; open_file_cache_valid 60s;',
);

sub node {
    my (%o) = @_;
    my $t = Test::Video->new(log_level => $o{level} // 'info');
    $t->conf(vod_conf(workers => 2, zone => '64m', listen => 'sndbuf=64k',
        http => 'sendfile on; video_segment 2s; send_timeout 300s;',
        locations => join('', map { <<"CONF" } grep { !/vod/ } sort keys %way),
        location /$_/ {
            video_vod zone=vod;
            $way{$_}
            alias %%ROOT%%/html/;
        }
CONF
        %o))->run;
    return $t;
}

# Source layouts: a frame a chunk; a second a chunk, over 100 KB of video.
my @size = (seconds => 8, size => '480x270', bitrate => '1500k');
my $plain = vod_file(@size, moov => 'last');
my $chunks = media_file('progressive_load.mp4', '-i', $plain, qw(-c copy
    -fflags +bitexact -chunk_duration 1000000 -f mp4));
my $other = vod_file(@size, bitrate => '2000k', fps => 25, moov => 'last');
# twenty minutes
my $long = media_file('progressive_long.mp4', qw(-stream_loop 119 -i),
    vod_file(size => '160x90', bitrate => '100k'), qw(-c copy
    -fflags +bitexact -f mp4));

# forty, at 120 frames a second: over 2 MiB of tables
my $dense = media_file('progressive_dense.mp4', qw(-stream_loop 239 -i),
    vod_file(size => '32x32', bitrate => '10k', fps => 120), qw(-c copy
    -fflags +bitexact -f mp4));

my $t = node();
my $html = $t->root . '/html';
my %name = (plain => $plain, chunks => $chunks, long => $long);
$t->write_file("html/$_.mp4", slurp($name{$_})) for keys %name;

sub path { return "/vod/$_[0].mp4/progressive.mp4" }

sub private {
    my $sum = 0;
    for my $pid ($t->workers) {
        open my $fh, '<', "/proc/$pid/status" or next;
        my ($kb) = map { /^RssAnon:\s+(\d+)/ } <$fh>;
        $sum += $kb;
    }
    return $sum;
}


# --- made once --------------------------------------------------------------

my @first = map { $t->get(path('long'), start => 1, range => '0-999') } 1 .. 24;
$_->end for @first;
is scalar(grep { $_->status != 206 || $_->body ne $first[0]->body } @first), 0,
    'all who come at once get the same';
my %whole;
for my $name (sort keys %name) {
    my $r = $t->get(path($name));
    ok $r->status == 200 && $r->complete, "$name: all of it";
    $whole{$name} = $r->body;
}

# --- a long file ------------------------------------------------------------

my $before = private();
my $again = $t->get(path('long'));
ok $again->body eq $whole{long}, length($whole{long}) . ' bytes once more';
cmp_ok private() - $before, '<', 1024, 'cost no memory' if !$CHECKED;

# Clients that take the first bytes and no more, of moov or of any second.
my $size = length $whole{long};
my @slow = map {
    my ($from, $to) = $_ < 10 ? (0, 1_999_999)
                              : (int $size * $_ / 101, $size - 1);
    [$from, $to, $t->get(path('long'), start => 1, range => "$from-$to",
                         rate => 1, rcvbuf => 4096, timeout => 300)];
} 0 .. 99;
ok +(wait_for { !grep { $_->[2]->body eq '' } @slow } 20), 'slow clients';
my $grown = private() - $before;
diag "100 slow clients: $grown KiB";
cmp_ok $grown, '<', 100 * 160, 'cost a buffer each, and some' if !$CHECKED;
cmp_ok zone_numbers($t)->{refs}, '<=', 10,
    'what they hold of the zone is moov, until they have it';

for my $name (qw(plain chunks)) {
    is $t->get("/vod/$name.mp4/master.m3u8")->status, 200,
        "$name: others are served";
}

my @wrong;
for my $i (0 .. $#slow) {
    my ($from, $to, $r) = @{ $slow[$i] };
    if ($i % 10 || ($i > 20 && $i < 80)) {
        $r->close;
        next;
    }
    $r->read_on->end;
    push @wrong, join ' ', $from, $r->status, length $r->body, $r->elapsed,
                           $r->error // ''
        if !$r->complete
           || $r->body ne substr $whole{long}, $from, $to - $from + 1;
}
is "@wrong", '', 'those that go on get all of it';
ok +(wait_for { zone_numbers($t)->{refs} == 0 } 5), 'no reference is left';

# --- every way of sending ---------------------------------------------------

system "sync $html/$_.mp4" for qw(plain chunks);
sub drop_cache { return system "dd if=$_[0] iflag=nocache count=0 2>/dev/null" }

for my $way (sort keys %way) {
    my @bad;
    for my $name (qw(plain chunks)) {
        my $body = $whole{$name};
        my $path = "/$way/$name.mp4/progressive.mp4";
        for my $range ('', '2000-400000', '300000-', '-100000') {
            drop_cache("$html/$name.mp4");
            my $r = $t->get($path, $range ? (range => $range) : ());
            my ($from, $to) = $range =~ /(\d*)-(\d*)/;
            my $want = $range eq '' ? $body
                     : $from eq '' ? substr $body, -$to
                     : substr $body, $from, ($to || length $body) - $from
                                            + ($to ? 1 : 0);
            push @bad, "$name $range"
                if !$r->complete || $r->body ne $want;
        }
    }
    is "@bad", '', "$way: the same bytes" . ($way{$way} && ", $way{$way}");
}

# --- over 4 GiB -------------------------------------------------------------

# The boxes of a range, some of them replaced.
sub replaced {
    my ($bytes, $from, $to, %new) = @_;
    my $out = '';
    for (boxes($bytes, $from, $to)) {
        my ($type, $at, $end) = @$_;
        $out .= exists $new{$type} ? $new{$type}
              : $type =~ /^(?:moov|trak|mdia|minf|stbl)$/
              ? box($type, replaced($bytes, $at, $end, %new))
              : substr $$bytes, $at - 8, $end - $at + 8;
    }
    return $out;
}

# 240 samples of 25 MB each behind one another, holes but for some marks
my $video = slurp(media_file('progressive_video8.mp4', '-i', $plain,
                  qw(-map 0:v -c copy -fflags +bitexact -f mp4)));
my ($each, $count, $start) = (25_000_000, 240, 65536);
my ($moov) = grep { $_->[0] eq 'moov' } boxes(\$video);
my $sparse = box('ftyp', 'isom', pack 'N', 0)
    . replaced(\$video, $moov->[1] - 8, $moov->[2],
        stsz => box('stsz', pack 'N3', 0, $each, $count),
        stsc => box('stsc', pack 'N5', 0, 1, 1, $count, 1),
        stco => box('stco', pack 'N3', 0, 1, $start));
my $payload = $each * $count;
$sparse .= pack 'N a4 Q>', 1, 'mdat', $start - length($sparse) + $payload;
$t->write_file('html/sparse.mp4', $sparse);
open my $fh, '+<:raw', "$html/sparse.mp4" or die $!;
truncate $fh, $start + $payload or die $!;
for my $n (0 .. 5, 5.9999) {
    seek $fh, $start + int $n * 1e9, 0;
    printf $fh 'mark %6.4f', $n;
}
close $fh;

my $r = $t->get(path('sparse'), method => 'HEAD');
my $head = $r->header('Content-Length') - $payload;
is $r->status, 200, "a file of $payload bytes and $head";
my $first = $t->get(path('sparse'), range => '0-' . ($head - 1))->body;
like $first, qr/co64.*mdat.{8}\z/s, 'has offsets of 64 bits';
is unpack('Q>', substr $first, -8), $payload + 16, 'a mdat as long';
is $t->get(path('sparse'), range => join '-', map { $head + $_ }
           int $_ * 1e9, int $_ * 1e9 + 10)->body, sprintf('mark %6.4f', $_),
    "its byte $_ * 10^9" for 0 .. 5, 5.9999;
unlink "$html/sparse.mp4";

# --- a source that changes --------------------------------------------------

# A download that has begun and waits; how far it is.
sub begun {
    my ($path) = @_;
    my $r = $t->get($path, start => 1, rate => 300_000, rcvbuf => 4096);
    wait_for { length $r->body > 150_000 } 10 or diag 'did not begin';
    return $r;
}

my $n = 0;
for my $name (qw(plain chunks)) {
    my $copy = 'copy' . ++$n;
    my $bytes = slurp($name{$name});
    $t->write_file("html/$copy.mp4", $bytes);
    $r = begun(path($copy));

    $t->write_file("html/.new.mp4", slurp($other));
    rename "$html/.new.mp4", "$html/$copy.mp4" or die $!;
    my $new = $t->get(path($copy))->body;
    isnt $new, $whole{$name}, "$name, renamed over: the new one for who comes";
    $r->{rate} = undef;
    $r->end;
    ok $r->complete && $r->body eq $whole{$name},
        'the old one, whole, for who had begun';

    for my $how ('written over', 'in place') {
        $copy = 'copy' . ++$n;
        $t->write_file("html/$copy.mp4", $bytes);
        $r = begun(path($copy));

        if ($how eq 'in place') {
            open my $fh, '+<:raw', "$html/$copy.mp4" or die $!;
            seek $fh, length($bytes) - 10, 0;
            print $fh 'x' x 10;
            close $fh;

        } else {
            $t->write_file("html/$copy.mp4", slurp($other));
        }
        $r->{rate} = undef;
        $r->end;
        is $r->status, 200, "$name, $how: has begun";
        ok !$r->complete && length $r->body < $r->header('Content-Length'),
            'is cut';
        is index($whole{$name}, $r->body), 0, 'right so far';
        is $t->log_count(qr/"[^"]*$copy\.mp4" was written over since it was/),
            1, 'one line';
    }
}

# the last bytes are sent when all is known to be good
my $copy = 'last';
$t->write_file("html/$copy.mp4", slurp($chunks));
$t->get(path($copy));
$r = $t->get(path($copy), start => 1, range => '-300000', rate => 50_000,
                rcvbuf => 4096);
wait_for { length $r->body > 10_000 } 10;
utime time, time - 100, "$html/$copy.mp4";
$r->{rate} = undef;
$r->end;
ok !$r->complete, 'another date: does not look whole';

is $t->get(path($copy))->status, 200, 'and then is another file';

# a worker that looks at the file once in a minute
$copy = 'kept';
$t->write_file("html/$copy.mp4", slurp($chunks));
$t->get("/kept/$copy.mp4/progressive.mp4") for 1 .. 16;
$t->write_file("html/$copy.mp4", slurp($other));
my @kept = map { $t->get("/kept/$copy.mp4/progressive.mp4") } 1 .. 16;
is scalar(grep { $_->status != 503 } @kept), 0,
    'a file that was open before: not of two files'
    or diag map { $_->status . ' ' } @kept;

# --- the index is wanted by others ------------------------------------------

my $full = node(level => 'debug', zone => '2m', vod => 'video_segment 500ms;');
$full->write_file('html/plain.mp4', slurp($plain));
$full->write_file('html/dense.mp4', slurp($dense));
$r = $full->get(path('dense'));
is $r->status, 503, 'no room for moov';
is $r->header('Retry-After'), 1, 'says when to come again';
is $full->log_count(qr/video zone "vod" is full: no (?:moov|index) of /), 1,
    'is told';

my ($want, @more) = map { $full->get(path('plain'), start => 1) } 1 .. 8;
ok $_->end->complete, 'a shorter one has room' for $want;
is scalar(grep { $_->end->body ne $want->body } @more), 0, 'for all';
is $full->log_count(qr/video hls: moov of "[^"]*plain\.mp4"/), 1,
    'it is made once';
$r = $full->get(path('plain'), start => 1, rate => 400_000, rcvbuf => 4096);
wait_for { length $r->body > 150_000 } 10;
my $made = $full->log_count(qr/video hls: index of "[^"]*plain\.mp4"/);
my $short = vod_bytes(size => '160x90', seconds => 2);
for my $x (1 .. 150) {
    $full->write_file("html/x$x.mp4", $short);
    $full->get("/vod/x$x.mp4/$_") for qw(v0/0.m4s v0/1.m4s a0/0.m4s a0/1.m4s);
}
$r->{rate} = undef;
$r->end;
ok $r->complete && $r->body eq $want->body,
    'a download goes on when its index has been put out';
cmp_ok $full->log_count(qr/video hls: index of "[^"]*plain\.mp4"/), '>', $made,
    'which was made again';
$full->finish;

# --- a worker dies ----------------------------------------------------------

@slow = map { $t->get(path('plain'), start => 1, rcvbuf => 4096,
                      rate => 1_000_000) } 1 .. 16;
wait_for { !grep { length $_->body < 1000 } @slow } 5;
my @workers = $t->workers;
$t->kill_worker(0, 'KILL');
ok +(wait_for { (grep { $_ != $workers[0] } $t->workers) == 2 } 5),
    'another worker comes';
$_->end for @slow;
is scalar(grep { $_->complete ? $_->body ne $whole{plain}
                 : index $whole{plain}, $_->body } @slow), 0, 'no wrong bytes';
ok $t->get(path('plain'))->body eq $whole{plain}, 'it is served again';
$t->expect_log(qr/worker process \d+ exited on signal 9|truncated at/);
ok +(wait_for { zone_numbers($t)->{refs} == 0 } 5), 'no reference is left';

$t->finish;
done_testing;
