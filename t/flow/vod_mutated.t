# Proves that a damaged file harms nobody but itself: thousands of damaged
# copies of good files are each answered whole, or with 404, 422 or 503 and one
# line that says what is wrong; no worker dies, grows or keeps a reference.
#
# A failure names its case; VIDEO_MUTATED='seed file/case' (a regular
# expression on the names) runs these alone, with TEST_NGINX_NO_CLEAN=1 the
# files stay.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HTTP;
use Test::Video::Loop ();
use Test::Video::Media;
use Test::Video::Mutate;
use Test::Video::VOD;

use constant {
    LANES    => 8,              # connections, each a file at a time
    ZONE     => 32,             # MiB
    PLACES   => 5,              # failures of a kind that are told
    SLOW     => $ENV{TEST_NGINX_ASAN} || $ENV{TEST_NGINX_USE_VALGRIND},
};

# What a worker may grow by, MiB.  The sanitizers keep what was freed.
my $GROWTH = SLOW ? 512 : 32;


# --- the files --------------------------------------------------------------

my @small = (size => '160x90', bitrate => '40k', seconds => 3, fps => 10);
my @good = ('-i', vod_file(@small, moov => 'last'), qw(-map 0 -c copy
            -fflags +bitexact));
my @exact = qw(-t 3 -threads 1 -fflags +bitexact -flags:v +bitexact
               -flags:a +bitexact -g 10);

sub made {
    my ($name, @args) = @_;
    return slurp(media_file("mutated_$name.mp4", @args, qw(-f mp4)));
}

my %file = (
    plain    => vod_bytes(@small, moov => 'last'),
    moof     => made('moof', @good, qw(-movflags
                     frag_keyframe+empty_moov+default_base_moof)),
    hybrid   => made('hybrid', @good, qw(-movflags frag_keyframe)),
    sidx     => made('sidx', @good, qw(-movflags
                     cmaf+global_sidx+frag_keyframe)),
    vp9_opus => made('vp9_opus', qw(-f lavfi -i testsrc2=size=160x90:rate=10
                     -f lavfi -i sine=f=440:r=48000 -c:v libvpx-vp9 -b:v 40k
                     -deadline realtime -cpu-used 8 -c:a libopus -b:a 32k),
                     @exact),
);
my %flips = (plain => 900, moof => 900, hybrid => 300, sidx => 300,
             vp9_opus => 300);

my @cases;
for my $name (sort keys %file) {
    push @cases, map { ["$name: $$_[0]", $$_[1]] }
        mutations(\$file{$name}, seed => 1 + @cases, flips => $flips{$name});
}
if (my $only = $ENV{VIDEO_MUTATED}) {
    @cases = grep { $$_[0] =~ $only } @cases;
}


# --- the server -------------------------------------------------------------

my $t = Test::Video->new(log_level => 'warn');
$t->conf(vod_conf(workers => 2, zone => ZONE . 'm', vod => 'video_segment 1s;',
                  http => 'keepalive_requests 1000000;'))->run;
my @workers = $t->workers;

# kB of a process, from /proc.
sub memory {
    my ($pid, $what) = @_;
    open my $fh, '<', "/proc/$pid/status" or return 0;
    my ($kb) = map { /^$what:\s+(\d+)/ } <$fh>;
    return $kb // 0;
}

sub private { return (sort { $b <=> $a } map { memory($_, 'RssAnon') }
                      @workers)[0] }

my @paths = qw(master.m3u8 manifest.mpd v0/index.m3u8 v0/init.mp4 v0/0.m4s LAST
               v0/0.ts a0/index.m3u8 a0/0.m4s iframe/v0.m3u8 v0/i1.m4s
               progressive.mp4);

# Where the last segment is, if there is a list.
sub last_segment {
    my ($list) = @_;
    return 'v0/2.m4s' if !$list || $list->status != 200;
    my ($last) = $list->body =~ /^([^#\n]+)\n(?:#.*\n)*\z/m;
    return 'v0/' . ($last // '2.m4s');
}

for my $name (sort keys %file) {
    $t->write_file("html/good_$name.mp4", $file{$name});
    my @bad = grep { my $r = $t->get("/vod/good_$name.mp4/$_");
                     $r->status != 200 && $_ !~ /ts$/ }
              map { $_ eq 'LAST' ? 'v0/2.m4s' : $_ } @paths;
    is "@bad", '', "$name: the good one is served";
}


# --- each of them -----------------------------------------------------------

my (%wrong, %count, @slowest, @answers);
my $before = private();
my $peak = $before;
my $half;

sub wrong {
    my ($kind, $what) = @_;
    push @{ $wrong{$kind} }, $what;
    return;
}

sub look_at {
    my ($lane, $r) = @_;
    my $path = $lane->{path};
    my $what = "$lane->{case}[0], $path";
    my $status = $r->status;

    $count{$status}++;
    push @answers, [$what, "m$lane->{n}.mp4/$path", $status];
    @slowest = sort { $b->[0] <=> $a->[0] } @slowest, [$r->elapsed, $what];
    $#slowest = 2 if @slowest > 3;

    if ($r->timed_out) {
        wrong('late', $what);
    } elsif ($status !~ /^(?:200|206|404|422|503)$/) {
        wrong('status', "$what: $status");
    } elsif (!$r->complete) {
        wrong('cut', "$what: " . ($r->error // ''));
    } elsif ($status == 200 && $path =~ /\.m(?:4s|p4)$/
             && !box_list_is_whole(\$r->body)) {
        wrong('boxes', $what);
    }
    return;
}

# The lane's next request, of this file or another; false when none is left.
my $next = 0;
sub go_on {
    my ($lane) = @_;

    if (!@{ $lane->{paths} }) {
        unlink $lane->{file} if $lane->{file} && !$ENV{TEST_NGINX_NO_CLEAN};
        return 0 if $next == @cases;

        $lane->{n} = $next;
        $lane->{case} = $cases[$next++];
        $lane->{paths} = [@paths];
        $lane->{list} = undef;
        $lane->{file} = $t->write_file("html/m$lane->{n}.mp4",
                                       $lane->{case}[1]->());
        $half = private() if $next == int(@cases / 2);
        if ($next % 100 == 0) {
            my $now = private();
            $peak = $now if $now > $peak;
        }
    }

    my $path = shift @{ $lane->{paths} };
    $path = last_segment($lane->{list}) if $path eq 'LAST';
    $lane->{path} = $path;

    my $old = $lane->{request};
    $lane->{request} = Test::Video::HTTP->start(port => $t->port, keep => 1,
        path => "/vod/m$lane->{n}.mp4/$path", timeout => 5,
        $old && $old->{socket} ? (over => $old) : ());
    return 1;
}

my $start = Test::Video::Loop::now();
my @lanes = map { { paths => [] } } 1 .. LANES;
@lanes = grep { go_on($_) } @lanes;

while (@lanes) {
    Test::Video::Loop::pump(0.05);
    for my $lane (grep { $_->{request}->done } @lanes) {
        look_at($lane, $lane->{request});
        $lane->{list} = $lane->{request}
            if $lane->{path} eq 'v0/index.m3u8';
        go_on($lane) or $lane->{over} = 1;
    }
    @lanes = grep { !$_->{over} } @lanes;
}

diag sprintf '%d files, %d answers in %.1f s: %s', scalar @cases,
    scalar @answers, Test::Video::Loop::now() - $start,
    join ', ', map { "$count{$_} times $_" } sort keys %count;
diag sprintf 'slow: %.0f ms, %s', 1000 * $$_[0], $$_[1] for @slowest;


# --- what the log says ------------------------------------------------------

my %lines;
for my $line (split /^/, $t->log) {
    my ($about) = $line =~ m{request: "GET /vod/(m\d+\.mp4/\S+)};
    push @{ $lines{$about} }, $line if $about && $line =~ /\[error\]/;
}

# What is wrong with a file, and where; or why nothing of it can be had.
my $SAYS = qr/ at\ offset\ \d+,\ client
             | ":\ nothing\ to\ list:
             | segment\ \d+\ is\ too\ large
             | ":\ no\ moov\ of\ it\ can\ be\ made:\ segment\ \d+:\ limit
             | ":\ no\ transport\ stream\ can\ be\ made\ of\ it: /x;

for my $answer (@answers) {
    my ($what, $about, $status) = @$answer;
    my @about = @{ $lines{$about} // [] };
    my $wanted = $status =~ /^(?:422|503)$/ ? 1 : 0;

    wrong('lines', "$what: $status, " . @about . " lines\n@about")
        if @about != $wanted && $status =~ /^(?:200|206|404|422|503)$/;
    wrong('says', "$what: @about")
        if $status == 422 && @about == 1 && $about[0] !~ $SAYS;
}

my %title = (
    late   => 'no answer was late',
    status => 'no answer but 200, 404, 422 and 503',
    cut    => 'every answer was whole',
    boxes  => 'what is sent is boxes',
    lines  => 'a line for each file that is refused, and no other',
    says   => 'which says what is wrong and where',
);

cmp_ok scalar(@cases), '>=', 2000, 'damaged files'
    if !$ENV{VIDEO_MUTATED};
for my $kind (sort keys %title) {
    my @all = @{ $wrong{$kind} // [] };
    is scalar(@all), 0, $title{$kind} or do {
        diag $_ for grep { defined } @all[0 .. PLACES - 1];
    };
}


# --- and all is well --------------------------------------------------------

my $after = private();
$peak = $after if $after > $peak;
my ($mark) = sort { $b <=> $a } map { memory($_, 'VmHWM') } @workers;
diag sprintf 'a worker had %.1f MiB of its own, %.1f at half, %.1f at last, '
           . '%.1f at most; peak with the zone %.1f', map { $_ / 1024 }
           $before, $half // 0, $after, $peak, $mark;

is join(' ', $t->workers), "@workers", 'no worker died';
cmp_ok $peak - $before, '<', $GROWTH * 1024, 'none grew';
cmp_ok $after - ($half // $before), '<', $GROWTH / 2 * 1024,
    'nor goes on growing';
cmp_ok $mark - $before, '<', (ZONE + 2 * $GROWTH) * 1024, 'nor for a moment';
is $t->get('/vod/good_plain.mp4/v0/0.m4s')->status, 200, 'a good file';


# --- small files that claim much --------------------------------------------

# A file with a hole of so many bytes at an offset.
sub with_hole {
    my ($name, $bytes, $at, $hole) = @_;
    my $path = $t->write_file("html/$name.mp4", substr $bytes, 0, $at);
    open my $fh, '+<:raw', $path or die "$path: $!\n";
    seek $fh, $at + $hole, 0;
    print $fh substr $bytes, $at;
    close $fh;
    truncate $path, $hole + length $bytes;
    return;
}

# more boxes of fragments than a request may read
my ($moof) = grep { $_->{path} eq 'moof' } boxes_of(\$file{moof});
my $moof_end = $moof->{at} + $moof->{size};
my $hole = 65 * 2 ** 20;
my $large = rewrite($file{moof}, $moof->{at}, pack 'N', $moof->{size} + 8
                                                        + $hole);
substr $large, $moof_end, 0, pack 'N a4', 8 + $hole, 'free';
with_hole('large_moof', $large, $moof_end + 8, $hole);

# a segment of millions of samples, none of which has an entry in a table
sub box_with {
    my ($bytes, $from, $to, $new) = @_;
    my ($out, $tracks) = ('', 0);
    while ($from < $to) {
        my ($size, $type) = unpack 'N a4', substr $$bytes, $from, 8;
        if (exists $new->{$type}) {
            $out .= $new->{$type};
        } elsif ($type =~ /^(?:moov|trak|mdia|minf|stbl)$/
                 && !($type eq 'trak' && $tracks++)) {
            $out .= box($type, box_with($bytes, $from + 8, $from + $size,
                                        $new));
        } elsif ($type ne 'trak') {
            $out .= substr $$bytes, $from, $size;
        }
        $from += $size;
    }
    return $out;
}

my $many = 4_000_000;
my ($moov) = grep { $_->{path} eq 'moov' } boxes_of(\$file{plain});
my $dense = box('ftyp', 'isom', pack 'N', 0)
    . box_with(\$file{plain}, $moov->{at}, $moov->{at} + $moov->{size}, {
          edts => '', ctts => '',
          stts => box('stts', pack 'N4', 0, 1, $many, 1),
          stss => box('stss', pack 'N3', 0, 1, 1),
          stsz => box('stsz', pack 'N3', 0, 1, $many),
          stsc => box('stsc', pack 'N5', 0, 1, 1, $many, 1),
          stco => box('stco', pack 'N3', 0, 1, 16),
      });
$dense .= pack 'N a4', 8 + $many, 'mdat';
with_hole('dense', $dense, length $dense, $many);

is $t->get('/vod/large_moof.mp4/v0/0.m4s', timeout => 30)->status, 422,
        'moofs of 65 MiB: not 500';
($mark) = sort { $b <=> $a } map { memory($_, 'VmHWM') } @workers;
is $t->get('/vod/dense.mp4/v0/0.m4s', timeout => 30)->status, 422,
        'a segment of four million samples: no memory is taken for it';
($after) = sort { $b <=> $a } map { memory($_, 'VmHWM') } @workers;
cmp_ok $after, '<', $mark + 32 * 1024, 'nor was' if !SLOW;

ok +(wait_for { zone_numbers($t)->{refs} == 0 } 5), 'no reference is left';

$t->finish;
done_testing;
