# Proves that delta updates (RFC 8216bis, 6.2.5.1) join what a client has: with
# the segments that it skips a delta is the whole playlist, byte for byte, for
# each track, at once and after waiting; that nothing newer than it says is
# skipped; and that who does not ask for one, or asks too soon, gets it whole.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;
use Test::Video::Loop qw(wait_for);

my $t = Test::Video->new;
$t->conf(live_conf(window => '20s', zone => '128m', bitrate => '2m',
                   locations => <<'CONF'))->run;
location /plain/ {
    video_live zone=live;
    video_low_latency off;
}
CONF

my $feed = live_feed($t, 'cam');
my $base = '/live/cam';

sub body { return $t->get($_[0])->body }

# What a playlist has: its head, and a text for each segment; last, what is
# open.
sub parts_of {
    my ($text) = @_;
    $text =~ s/\A(.*?)(?=#EXT-X-(?:MAP|PROGRAM))//s;
    my $head = $1;
    $text =~ s/^#EXT-X-MAP.*\n//mg;
    return ($head, split /(?<=\.m4s\n)(?=#EXT-X-PROGRAM)/, $text);
}

sub joins {
    my ($full, $delta, $what) = @_;
    my ($head, @all) = parts_of($full);
    my ($short, @new) = parts_of($delta);
    my ($n) = $short =~ /^#EXT-X-SKIP:SKIPPED-SEGMENTS=(\d+)\n/m;
    ok $n, "$what: a delta" or return;
    is_deeply [@all[$n .. $#all]], \@new, "$what: joins";
    like $delta, qr/^#EXT-X-SKIP.*\n(?:#EXT-X-(?:DATERANGE|DISCONT).*\n)*#EXT-X-MAP:/m,
        "$what: with the map of what it begins with";

    $short =~ s/^#EXT-X-SKIP.*\n//m;
    $head =~ s/^(#EXT-X-VERSION:).*/${1}9/m;
    is $short, $head, "$what: the same head, version 9";

    my ($until) = $head =~ /CAN-SKIP-UNTIL=([\d.]+)/;
    my $kept = 0;
    $kept += $_ for map { /^#EXTINF:([\d.]+)/m } @new;
    my ($oldest) = $all[$n - 1] =~ /^#EXTINF:([\d.]+)/m;
    cmp_ok $kept, '>=', $until, "$what: nothing newer is skipped";
    cmp_ok $kept - $1, '<', $until, "$what: and all that is older"
        if $new[0] =~ /^#EXTINF:([\d.]+)/m;
    return $n;
}

# --- too soon ---------------------------------------------------------------

$feed->to(4000);
my $whole = body("$base/v0/index.m3u8");
like $whole, qr/^#EXT-X-SERVER-CONTROL:.*CAN-SKIP-UNTIL=6\.0/m, 'announced';
is body("$base/v0/index.m3u8?_HLS_skip=YES"), $whole, 'nothing is old: whole';

# --- a delta ----------------------------------------------------------------

$feed->to(14030);

for my $track (qw(v0 a0)) {
    my $url = "$base/$track/index.m3u8";
    my ($full, $delta, $v2) = map { body($url . $_) }
                              '', '?_HLS_skip=YES', '?_HLS_skip=v2';
    joins($full, $delta, $track);
    $v2 =~ s/^(#EXT-X-VERSION:)10$/${1}9/m;
    $v2 =~ s/^(#EXT-X-SKIP:.*),RECENTLY-REMOVED-DATERANGES=""$/$1/m;
    is $v2, $delta, "$track: v2, which tells of date ranges";
    is body("$url?_HLS_skip=$_"), $full, "$track: not for \"$_\""
        for '', 'NO', 'yes', 'YESS', 'v3';
}

my ($msn) = (segment_msns(media_list($t, "$base/v0/index.m3u8")))[-1];
my $joined = body("$base/v0/index.m3u8?_HLS_msn=$msn&_HLS_skip=YES");
is $joined, body("$base/v0/index.m3u8?_HLS_skip=YES"), 'with a number too';

# --- after waiting ----------------------------------------------------------

my $late = $t->get("$base/v0/index.m3u8?_HLS_msn=" . ($msn + 2)
                   . '&_HLS_part=0&_HLS_skip=YES', start => 1);
my $early = $t->get("$base/v0/index.m3u8?_HLS_msn=" . ($msn + 2)
                    . '&_HLS_part=0', start => 1);
$feed->to(15230);
my ($delta, $full) = map { $_->end->body } $late, $early;
joins($full, $delta, 'waited for');

# --- who gets none ----------------------------------------------------------

my $plain = body('/plain/cam/v0/index.m3u8');
unlike $plain, qr/CAN-SKIP-UNTIL/, 'without low latency it is not announced';
is body('/plain/cam/v0/index.m3u8?_HLS_skip=YES'), $plain, 'nor given';
is $t->get("$base/master.m3u8?_HLS_skip=YES")->status, 200,
    'a multivariant playlist does not mind';

# --- the end ----------------------------------------------------------------

$feed->end;
ok wait_for(sub { body("$base/v0/index.m3u8") =~ /^#EXT-X-ENDLIST$/m }, 5),
    'the stream ends';
joins(map({ body("$base/v0/index.m3u8$_") } '', '?_HLS_skip=YES'), 'at last');

$t->finish;
done_testing;
