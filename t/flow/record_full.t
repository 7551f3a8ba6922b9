# Proves that a disk that is full ends a recording and not the stream, that what
# is on it plays, and that recording goes on when there is room again.  Needs
# leave to mount a small file system.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;
use Test::Video::VOD;

my $t = Test::Video->new;
my $dir = $t->root . '/full';
mkdir $dir or die "$dir: $!\n";

if (system("mount -t tmpfs -o size=400k,mode=0777 none $dir 2>/dev/null")) {
    plan skip_all => 'no file system can be mounted here';
}
END { system("umount $dir") if defined $dir && -d $dir }

$t->expect_log(qr/failed, recording stops, the stream goes on/);
$t->conf(live_conf(
    window => '4s', rtmp => 'video_record full; video_dvr 60s;',
    locations => 'location /rec/ { video_vod zone=live; alias %%ROOT%%/full/;'
               . ' video_segment 1s; } location /control {'
               . ' video_control zone=live; }'))->run;

sub recording { return stream_status($t, 'cam')->{recording} }
sub list { return media_list($t, '/live/cam/v0/index.m3u8') }

# without what is said to be missing
sub listed {
    return map { $_->{path} }
           grep { $_->{kind} eq 'segment' && !$_->{gap} } @{ list()->{items} };
}
sub gone { return grep { $t->get($_)->status != 200 } @_ }

my $feed = live_feed($t, 'cam');
for (1 .. 40) {
    $feed->more(1000);
    last if wait_for { recording() eq 'failed' } 0.3;
}
is recording(), 'failed', 'the disk is full';
is $t->log_count(qr/\[crit\].*stream "cam": pwritev?\(\) "\S+" failed, recording stops, the stream goes on \(28: No space left on device\)/),
    1, 'with one line in the log';
my @then = listed();
is_deeply [gone(@then)], [], 'all that is listed is there';
$feed->more(1000);
isnt +(listed())[-1], $then[-1], 'the stream goes on';
my ($oldest) = segment_msns(list());
$feed->more(1000) for 1 .. 12;
is_deeply [gone(listed())], [], 'what is listed is in memory, or on disk';
like list()->{text}, qr/^#EXT-X-GAP$/m, 'what is in between is a gap';
is +(segment_msns(list()))[0], $oldest, 'the oldest is what it was';

my ($name) = map { m{([^/]+)$} } glob "$dir/cam/2*";
my $vod = media_list($t, "/rec/cam/$name/v0/index.m3u8");
cmp_ok scalar(uris_of($vod, 'segment')), '>', 3, 'what is on disk';
is_deeply [gone(map { uris_of($vod, $_) } qw(init segment))], [], 'plays';
$t->log_like(qr/stream "cam": pwritev/, 'told once');
is $t->log_count(qr/broken off/), 0, 'no half segment is left';

# --- room again -------------------------------------------------------------

system("mount -o remount,size=4m $dir") == 0 or die "remount failed\n";
is $t->get('/control/streams/cam/record', method => 'POST')->status, 204,
    'it is started again';
$feed->more(1000) for 1 .. 3;
is recording(), 'on', 'and goes on';
# while it grows, what was listed a moment ago is another epoch's
ok +(wait_for {
    $vod = media_list($t, "/rec/cam/$name/v0/index.m3u8");
    uris_of($vod, 'segment') > 4
        && !gone(map { uris_of($vod, $_) } qw(init segment))
} 5), 'the recording, too, and plays';
like list()->{text}, qr/^#EXT-X-GAP$/m, 'what is missing stays a gap';
is +(segment_msns(list()))[0], $oldest, 'and the oldest as it was';
is_deeply [gone(listed())], [], 'all else is there';
$feed->end;
$t->stop if $t->can('stop');

done_testing;
