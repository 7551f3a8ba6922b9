# Proves that segments keep the numbers that they have: a playlist counts its
# segments on from the first, so there is none missing between two runs of a
# track; a name that was forgotten begins with numbers it has not had; what went
# on in a run that is gone is no stream; and one that is cut off is a gap.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Known;
use Test::Video::Live;

my $t = Test::Video->new;
$t->conf(live_conf(grace => '5s', rtmp => 'video_linger 1s;'))->run;

# Numbers in the addresses of segments that are not those of the playlist.
sub misplaced {
    my ($path) = @_;
    my $list = media_list($t, $path);
    my @segments = grep { $_->{kind} eq 'segment' } @{ $list->{items} };

    return 'no segments' if !@segments;
    return join ', ', map { "$_->{uri} is $_->{msn}" }
                      grep { $_->{uri} !~ m{/$_->{msn}\.m4s$} } @segments;
}

# --- a track whose key frame comes before that of the one that leads ---------

# Frames of both tracks of video, the second first, and audio to the end.
sub two {
    my ($who, $from, $to) = @_;
    my @tags = known_headers('two', 0, $from * 40);

    for my $n ($from .. $to) {
        push @tags, map { known_tag('two', 0, $_, $who, $n, 0) } qw(v1 v0);
        push @tags, map {
            my $track = $_;
            map { known_tag('two', 0, $track, $who, $_, 0) }
            grep { int($_ * 1024 / 48 / 40) == $n }
            int(($n - 1) * 40 * 48 / 1024) .. ($n + 1) * 40 * 48 / 1024 + 1;
        } qw(a0 a1);
    }
    return \@tags;
}

known_stream('two');
for my $run (0 .. 2) {
    live_sent($t, 'two', two("two.$run.0", 25, 140))->reset;
    ok +(wait_for { stream_status($t, 'two')->{state} eq 'paused' } 5),
        "run $run";
}
is misplaced("/live/two/$_/index.m3u8"), '', "no number is missing in $_"
    for qw(v0 v1 a0 a1);
like $t->get('/live/two/v1/index.m3u8')->body,
    qr/(?:#EXT-X-DISCONTINUITY\n.*){2}/s, 'of all runs';

# --- a name that is forgotten ------------------------------------------------

sub newest {
    my @msns = segment_msns(media_list($t, '/live/ahead/v0/index.m3u8'));
    return $msns[-1];
}

# more segments than seconds have passed
my $feed = live_feed($t, 'ahead');
$feed->to(30_000);
my $newest = newest();
cmp_ok $newest, '>', time + 15, 'numbers are ahead of the clock';
$feed->end;
ok +(wait_for { !stream_status($t, 'ahead') } 5), 'the stream is gone';
my $other = live_feed($t, 'other');         # in its place
$other->to(1500);
$feed = live_feed($t, 'ahead');
$feed->to(2500);
cmp_ok newest(), '>', $newest, 'the next one of the name has higher ones';
$_->end for $feed, $other;

# --- a run whose next one is gone --------------------------------------------

$feed = live_feed($t, 'cam');
$feed->to(2500);
$feed->reset;
wait_for { stream_status($t, 'cam')->{state} eq 'paused' } 5;
$feed = live_feed($t, 'cam');
$feed->to(2500);
is media_list($t, '/live/cam/v0/index.m3u8')->{status}, 200, 'it went on';
$feed->end;
$feed = live_feed($t, 'cam');
$feed->reset;
my $r = wait_for {
    my $r = $t->get('/live/cam/v0/index.m3u8');
    $r->body =~ /ENDLIST/ ? '' : $r;
} 5;
is $r->status, 404, 'what it went on from is not shown as the stream';

# --- a segment that is cut off -----------------------------------------------

sub list { return media_list($t, '/live/cut/v0/index.m3u8') }

$feed = live_feed($t, 'cut');
$feed->to(14_700);
my $before = list();
my $open = $before->{next_msn};
cmp_ok $before->{next_part}, '>', 0, 'a segment is open';
my ($part) = uris_of($before, 'part', $open);
$t->kill_worker(0, 'KILL') for 1 .. 2;
ok +(wait_for { stream_status($t, 'cut')->{state} eq 'paused' } 5),
    'its worker is killed';

my $after = list();
my ($cut) = grep { $_->{kind} eq 'segment' && $_->{msn} == $open }
            @{ $after->{items} };
ok $cut && $cut->{gap}, 'it is listed as a gap';
is scalar(grep { $_->{gap} } @{ $after->{items} }), 1, 'it alone';
cmp_ok $after->{msn}, '>=', $before->{msn},
    'the playlist does not reach farther back than it did';
is_deeply [uris_of($after, 'part', $open)], [], 'without parts';
is $t->get($_)->status, 404, "$_ is not there" for $cut->{path}, $part;

my $mpd = $t->get('/live/cut/manifest.mpd')->body;
my ($first) = $mpd =~ /startNumber="(\d+)"/;
my ($times) = $mpd =~ m{<SegmentTimeline>(.*?)</SegmentTimeline>}s;
my $count = 0;
$count += 1 + (/ r="(\d+)"/ ? $1 : 0) for $times =~ /<S[^>]*>/g;
is $first + $count, $open, 'manifests end before it';

$feed = live_feed($t, 'cut');
$feed->to(2500);
$after = list();
my ($next) = uris_of($after, 'segment', $open + 1);
my ($new, $old) = map { m{/(e\w+)/} } $next, $part;
isnt $new, $old, 'the next run begins with the number after it';
is misplaced('/live/cut/v0/index.m3u8'), '', 'and all have their numbers';
$feed->end;

$t->finish;
done_testing;
