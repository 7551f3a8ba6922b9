# Proves that a recording with "keep" stays within its time on disk: what is too
# old is given back, what is left is a valid file of the same pictures and sound
# at the same distance, listed by nobody once it is gone, over a publisher that
# comes back and workers that are killed.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;
use Test::Video::Media;
use Test::Video::VOD;
use Time::HiRes qw(sleep);

use constant KEEP => 70;            # s, with steps of 60
use constant { WHOLE => '0001/v0.mp4', BOX => 16 };

my $t = Test::Video->new;

# a file system without fallocate()
my $none = $t->root . '/none';
mkdir $none or die "$none: $!\n";
my $mounted = !system("mount -t ramfs none $none 2>/dev/null")
              && chmod 0777, $none;
END { system("umount $none") if $mounted }

$t->conf(live_conf(
    grace => '5s', window => '4s',
    rtmp => 'video_record rec keep=70s; video_dvr 40s; video_linger 1s;',
    servers => <<'CONF',
    server {
        listen 127.0.0.1:%%PORT_2%%;
        video_rtmp all zone=live;
        video_segment 1s;
        video_part 200ms;
        video_window 4s;
        video_bitrate 512k;
        video_record all;
    }
    server {
        listen 127.0.0.1:%%PORT_3%%;
        video_rtmp none zone=live;
        video_segment 1s;
        video_part 200ms;
        video_window 4s;
        video_bitrate 512k;
        video_record none keep=1m;
    }
CONF
    locations => join ' ', map {
        "location /$_/ { video_vod zone=live; alias %%ROOT%%/$_/;"
        . ' video_segment 1s; }'
    } qw(rec all)))->run;

my $base = 'http://127.0.0.1:' . $t->port;

# The newest recording of a stream, as a path below the root.
sub recording {
    my ($name, $where) = @_;
    my ($dir) = reverse sort glob $t->root . '/' . ($where // 'rec')
                                  . "/$name/2*";
    return defined $dir ? substr $dir, length $t->root : '';
}

sub file { return $t->root . recording($_[0], $_[2]) . '/' . ($_[1] // WHOLE) }

# Top-level boxes of a file: [type, offset, size], and what is behind the last
# whole one.
sub boxes {
    my ($path) = @_;
    my ($at, $end, @boxes) = (0, -s $path);

    open my $fh, '<:raw', $path or return;
    while ($at + 8 <= $end) {
        seek $fh, $at, 0;
        read $fh, my $head, BOX;
        my ($size, $type, $large) = unpack 'N a4 Q>', $head;
        $size = $large if $size == 1;
        return if $size < 8 || $size > $end - $at;
        push @boxes, [$type, $at, $size];
        $at += $size;
    }
    return $at == $end ? @boxes : ();
}

# Media that a file has and that are hidden, by parts of 200 ms.
sub parts { return scalar grep { $_->[0] eq 'moof' } boxes(@_) }
sub spare { my ($free) = grep { $_->[0] eq 'free' } boxes(@_); return $free }

sub on_disk { return 512 * (stat $_[0])[12] }

# Goes on by seconds, with what else is published, not faster than the disk.
sub on {
    my ($name, $s, $run, @feeds) = @_;
    my $file;
    for (1 .. $s) {
        my $had = defined $file ? -s $file // 0 : 0;
        $_->more(1000) for @feeds;
        $file = file($name, "$run/v0.mp4");
        wait_for { (-s $file // 0) > $had } 2 if $_ > 1;
    }
    return;
}

sub on_none {
    my ($feed, $s) = @_;
    for (1 .. $s) {
        my ($file) = glob "$none/cam/2*/0001/v0.mp4";
        my $had = defined $file ? -s $file : 0;
        $feed->more(1000);
        wait_for { -s $file > $had } 2 if defined $file;
    }
    return;
}

sub list { return media_list($t, recording($_[0]) . "/$_[1]/index.m3u8") }

sub duration {
    my $sum = 0;
    $sum += $_ for $_[0]{text} =~ /^#EXTINF:([\d.]+)/mg;
    return $sum;
}

sub zeros { return grep { $t->get($_)->body =~ /\0{400}/ } @_ }

# Segments of lists that are not there, or not what they were.
sub broken {
    my @uris = map { uris_of($_, 'segment') } @_;
    return ((grep { my $r = $t->get($_);
                    $r->status != 200 || $r->body !~ /^....styp/s } @uris),
            zeros(@uris));
}

# Packets of video and of sound: [time in ticks, md5].
sub packets {
    my ($url) = @_;
    my %packets;
    for (split /\n/, framemd5($url, '0', raw => 1)->()) {
        my ($n, undef, $pts, undef, undef, $md5) = split /,\s*/;
        push @{ $packets{$n} }, [$pts, $md5];
    }
    return \%packets;
}

# What ffprobe says of a file, and complains of.
sub probe {
    my ($path) = @_;
    my $text = `ffprobe -v warning -of flat -show_entries format=start_time -count_packets -show_entries stream=nb_read_packets $path 2>&1`;
    my ($start) = $text =~ /start_time="([\d.]+)"/;
    my ($n) = $text =~ /nb_read_packets="(\d+)"/;
    $text =~ s/^(?:format|streams).*\n//mg;
    return ($start, $n, $text);
}

# --- what is too old goes ---------------------------------------------------

my $feed = live_feed($t, 'cam');
my $all = live_feed($t, 'whole', app => 'all', port => 2);

on('cam', 125, '0001', $feed, $all);
my $early = spare(file('cam'));
is $early->[2], 32, 'nothing is too old by a step yet';
is $early->[1] % 8, 0, 'the size of the box is in one sector';
my $before = list('cam', 'v0');
my $full = on_disk(file('cam'));

on('cam', 15, '0001', $feed, $all);
cmp_ok spare(file('cam'))->[2], '>', 1000, 'a minute is covered';
my $vod = list('cam', 'v0');
cmp_ok abs(duration($vod) - 79), '<', 2, 'and not listed';
is_deeply [broken($vod)], [], 'what is left plays';
cmp_ok on_disk(file('cam')), '>', $full, 'nothing is freed yet';

for my $minute (1 .. 4) {
    on('cam', 60, '0001', $feed, $all);
    my $file = file('cam');
    my $size = -s $file;
    my $left = parts($file) * 0.2;
    my $all = 140 + 60 * $minute;
    cmp_ok $left, '>=', KEEP, "minute $minute: enough is kept";
    cmp_ok $left, '<', KEEP + 62, 'not more than a step too much';
    cmp_ok on_disk($file), '<', $size * ($left + 62) / $all + 65536,
        'and a step more on disk: ' . on_disk($file) . " of $size";
    my $live = media_list($t, '/live/cam/v0/index.m3u8');
    cmp_ok duration($live), '>=', 38, 'the live list reaches back';
    is_deeply [broken($live, list('cam', 'v0'), list('cam', 'a0'))], [],
        'to what is there';
    is_deeply [zeros(uris_of($before, 'segment'))], [],
        'zeros are sent to nobody';
}

# --- with the same times ----------------------------------------------------

$_->more(1500) for $feed, $all;
$_->end for $feed, $all;
my $size = -1;
wait_for { my $now = -s file('cam'); ($size, $now) = ($now, $size); $size == $now } 5;

sub start_of {
    my ($start, $n, $text) = probe($_[0]);
    is $text, '', "ffprobe reads $_[1]";
    cmp_ok $n, '>', 2000, 'all packets of it';
    my $inspect = $ENV{TEST_NGINX_LOAD_MODULES} =~ m{(\S+)/ngx_video_core} ? "$1/video-inspect" : '';
    like `$inspect $_[0]`, qr/^\s*free .*\bsize=?\s*(?!32\b)\d/m, 'video-inspect, too'
        if -x $inspect;
    return $start;
}
my ($v, $a) = map { start_of(file('cam', "0001/$_.mp4"), $_) } qw(v0 a0);
cmp_ok abs($v - $a), '<', 0.05, "which begin at $v and $a";
cmp_ok abs($v - 300), '<', 1, 'where they did before';

my ($left, $whole) = map { packets("$base$_/master.m3u8") }
                     recording('cam'), recording('whole', 'all');
my @moved;
for my $n (sort keys %$whole) {
    my ($is, $was) = ($left->{$n}, $whole->{$n});
    my $k = @$is;
    cmp_ok $k, '>', 2000, "packets of stream $n";
    is_deeply [map { $_->[1] } @$is], [map { $_->[1] } @$was[-$k .. -1]],
        'the newest of all, as they were';
    my %by = map { $was->[-$k + $_][0] - $is->[$_][0] => 1 } 0 .. $k - 1;
    is keys %by, 1, 'all moved by as much';
    push @moved, keys %by;
}
cmp_ok abs($moved[0] / 48000 - $moved[1] / 90000), '<', 0.003,
    'sound and pictures alike';
is slurp(file('cam', 'asset.json')),
    qq({"tracks":[{"file":"0001/v0.mp4"},{"file":"0001/a0.mp4"}]}\n),
    'the asset is what it was';

# Tracks lose what is too old one after the other: the box of one file covers
# ten segments more than that of the other.
for my $track (qw(v0 a0)) {
    my $copy = $t->root . "/rec/$track";
    system('cp', '-r', $t->root . recording('cam'), $copy) == 0 or die "cp\n";
    my $path = "$copy/0001/$track.mp4";
    my @boxes = boxes($path);
    my ($free) = grep { $_->[0] eq 'free' } @boxes;
    my $to = (grep { $_->[0] eq 'styp' } @boxes)[10][1];
    open my $fh, '+<:raw', $path or die "$path: $!\n";
    seek $fh, $free->[1] + 8, 0;
    print $fh pack 'Q>', $to - $free->[1];
    close $fh;

    $left = packets("$base/rec/$track/master.m3u8");
    my @at;
    for my $n (sort keys %$whole) {
        my ($is, $was) = ($left->{$n}, $whole->{$n});
        my %by = map { $was->[-1 - $_][0] - $is->[-1 - $_][0] => 1 }
                 0 .. $#$is - 2;
        is keys %by, 1, "$track has less, stream $n: all moved by as much";
        push @at, (keys %by)[0] / ($n ? 90000 : 48000);
    }
    cmp_ok abs($at[0] - $at[1]), '<', 0.003, 'sound and pictures alike';
    cmp_ok abs($at[0] - ($track eq 'v0' ? 310 : 300)), '<', 0.2,
        'the pictures begin it';
    cmp_ok abs(duration(media_list($t, "/rec/$track/v0/index.m3u8"))
               - ($track eq 'v0' ? 71 : 81)), '<', 1, 'which tells its length';
}

# --- a run that is too old --------------------------------------------------

$feed = live_feed($t, 'runs');
on('runs', 20, '0001', $feed);
$feed->reset;
ok +(wait_for { (stream_status($t, 'runs') // {})->{state} eq 'paused' } 5),
    'a publisher goes';
$feed = live_feed($t, 'runs', flv => [size => '160x90']);
on('runs', 65, '0002', $feed);
is slurp(file('runs', 'asset.json')),
    qq({"clips":[{"asset":"0001"},{"asset":"0002"}]}\n), 'and comes back';
my $live = media_list($t, '/live/runs/v0/index.m3u8');
is_deeply [broken($live, list('runs', 'v0'))], [], 'all of it plays';
# a text is known by its inode, size and second, in which more than a minute
# goes by here: the inode is not to be another text's of this size
link file('runs', 'asset.json'), file('runs', '.before') or die "link: $!\n";
on('runs', 60, '0002', $feed);
ok +(wait_for { !-e file('runs', '0001') } 3), 'then the first run is gone';
is slurp(file('runs', 'asset.json')),
    qq({"tracks":[{"file":"0002/v0.mp4"},{"file":"0002/a0.mp4"}]}\n),
    'and the second is all there is';
$live = media_list($t, '/live/runs/v0/index.m3u8');
is_deeply [broken($live, list('runs', 'v0'))], [], 'which plays';
$feed->reset;
wait_for { (stream_status($t, 'runs') // {})->{state} eq 'paused' } 5;
$feed = live_feed($t, 'runs');
on('runs', 3, '0003', $feed);
ok +(wait_for {
    slurp(file('runs', 'asset.json'))
        eq qq({"clips":[{"asset":"0002"},{"asset":"0003"}]}\n)
} 5), 'and another comes';
is_deeply [broken(list('runs', 'v0'))], [], 'all of which plays';
$feed->end;

# --- workers that are killed ------------------------------------------------

# Kills both workers after a while, from another process.
sub killer {
    my ($wait, @pids) = @_;
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    sleep $wait;
    kill 'KILL', @pids;
    require POSIX;
    POSIX::_exit(0);
}

srand($ENV{TEST_VIDEO_SEED} // 1);
my (@wrong, @next);

for my $n (1 .. $ENV{TEST_VIDEO_KILLS} // 4) {
    my $name = "kill$n";
    $feed = live_feed($t, $name);
    on($name, $n % 2 ? 126 : 186, '0001', $feed);
    my @pids = $t->workers;
    $t->{server}{killed}{$_} = 1 for @pids;
    my $killer = killer(0.02 + rand 0.3, @pids);
    eval { on($name, 60, '0001', $feed); 1 };
    waitpid $killer, 0;
    eval { $feed->reset };

    ok +(wait_for { eval { $t->get('/pid')->status == 200 } } 10),
        'there are workers again';
    for my $file (map { file($name, "0001/$_.mp4") } qw(v0 a0)) {
        push @wrong, "$file: not whole" if !boxes($file);
        push @wrong, "$file: " . spare($file)->[2] if $n % 2 == 0 && spare($file)->[2] == 32;
    }
    # the recording is finished by another worker, which makes it another asset
    my @broken;
    wait_for {
        @broken = ('no list');
        eval { @broken = broken(map { list($name, $_) } qw(v0 a0)) };
        !@broken;
    } 5;
    push @wrong, map { "$name: $_" } @broken;

    # within the grace time, or after it
    $feed = live_feed($t, $name);
    on($name, 3, '0001', $feed);
    push @next, $name if recording($name) eq '' || !parts(glob $t->root . recording($name) . '/000?/v0.mp4');
    $feed->end;
}
is_deeply \@wrong, [], 'files are whole, and play';
is_deeply \@next, [], 'recording goes on';

# --- a file system that can't ----------------------------------------------

SKIP: {
    skip 'no file system can be mounted here', 3 if !$mounted;
    $feed = live_feed($t, 'cam', app => 'none', port => 3);
    on_none($feed, 200);
    is $t->log_count(qr/\[warn\].*stream "cam": what is too old of "\S+" is kept: fallocate\(\) failed \(95: Operation not supported\)/),
        1, 'is told of once';
    my ($path) = glob "$none/cam/2*/0001/v0.mp4";
    is spare($path)->[2], 32, 'nothing is covered';
    cmp_ok parts($path), '>', 5 * 195, 'all is kept';
    $feed->end;
}

$t->finish if $t->can('finish');
done_testing;
