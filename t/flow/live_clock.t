# Proves that the times of a stream are those of the server's clock: whatever a
# publisher has been holding before it begins, media are not of the future.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::DASH;
use Test::Video::Live;

my $t = Test::Video->new;
$t->conf(live_conf(grace => '5s'))->run;

# The end of the newest complete segment, by a playlist and by a manifest.
sub ends {
    my ($name) = @_;
    my $text = $t->get("/live/$name/v0/index.m3u8")->body;
    my @times = map { seconds($_) } $text =~ /DATE-TIME:(\S+)/g;
    my @durations = $text =~ /^#EXTINF:([\d.]+)/mg;
    my $mpd = $t->get("/live/$name/manifest.mpd")->body;
    my ($start) = $mpd =~ /availabilityStartTime="([^"]*)"/;
    my ($period) = $mpd =~ /.*<Period [^>]*start="PT([\d.]+)S"/s;
    my ($offset) = $mpd =~ /.*<Representation id="v0".*?(?:Offset="(\d+)")/s;
    my ($last) = $mpd
        =~ /.*<Representation id="v0".*?<SegmentTimeline>(.*?)<\/S/s;
    my $at = 0;
    while ($last =~ m{<S\b([^>]*)/>}g) {
        my $s = $1;
        $at = $1 if $s =~ / t="(\d+)"/;
        my ($d) = $s =~ / d="(\d+)"/;
        $at += $d * (1 + ($s =~ / r="(\d+)"/ ? $1 : 0));
    }
    return ($times[$#durations] + $durations[-1],
            seconds($start) + $period + ($at - ($offset // 0)) / 90000);
}

# more than a segment at once, which is said of when that is complete
my $feed = live_feed($t, 'cam');
$feed->to(1100);
my ($list, $manifest) = ends('cam');
my $now = seconds($t->get('/live/cam/time')->body);

cmp_ok $list, '<=', $now + 0.01, 'a playlist has no time that is yet to come';
cmp_ok $list, '>', $now - 60, 'nor a wrong one';
cmp_ok $manifest, '<=', $now + 1.02, 'nor has a manifest, but for the segment '
    . 'that is being made';

# it is said once, and then it stays
my ($before) = $t->get('/live/cam/v0/index.m3u8')->body =~ /DATE-TIME:(\S+)/;
$feed->to(3500);
my ($after) = $t->get('/live/cam/v0/index.m3u8')->body =~ /DATE-TIME:(\S+)/;
is $after, $before, 'what was said stays';

# what the media say of themselves
my $late = media_list($t, '/live/cam/v0/index.m3u8');
my @dates = map { seconds($_) } $late->{text} =~ /DATE-TIME:(\S+)/g;
my $media = $t->get((uris_of($late, 'segment'))[1])->body;
my ($seconds, $fraction) = unpack 'N N', ($media =~ /prft.{8}(.{8})/s)[0];
cmp_ok abs($seconds - 2_208_988_800 + $fraction / 2 ** 32 - $dates[1]), '<',
    0.002, 'parts agree';

# a publisher that comes back, with a burst, too: not before what was there
$feed->reset;
ok +(wait_for { stream_status($t, 'cam')->{state} eq 'paused' } 5), 'it breaks';
$feed = live_feed($t, 'cam');
$feed->to(2500);
my @times = $t->get('/live/cam/v0/index.m3u8')->body =~ /DATE-TIME:(\S+)/g;
is_deeply [sort @times], \@times, 'times go on';
$feed->end;

$t->finish;
done_testing;
