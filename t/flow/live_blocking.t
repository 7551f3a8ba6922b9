# Proves that requests for what is about to come wait for exactly that: blocking
# playlist reloads, preload-hinted parts, growing segments; that each is woken
# by the last frame it needs and no later, and what happens when nothing comes.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;

my $t = Test::Video->new;

# a small sndbuf: bodies don't fit into the socket's buffer
$t->conf(live_conf(listen => 'sndbuf=16k'))->run;

sub start {
    my ($path, %o) = @_;
    return $t->get($path, start => 1, %o);
}


# All are still waiting: each has had the time of a request to another URL.
sub waiting {
    my ($title, @requests) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    $t->get('/pid') for 1 .. 3;
    is_deeply [map { $_->done ? $_->status : 'waits' } @requests],
        [('waits') x @requests], $title;
}


# All are answered, without anything else happening.
sub answered {
    my ($title, $status, @requests) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    wait_for { !grep { !$_->done } @requests } 5;
    is_deeply [map { $_->done ? $_->status . ($_->complete ? '' : ' cut')
                              : 'waits' } @requests],
        [($status) x @requests], $title;
}


# What the URLs of the stream "cam" begin with.
sub media_epoch {
    return '/live/cam/v0/e' . stream_status($t, 'cam')->{epoch} . '/';
}


sub list_of { return Test::Video::HLS::parse($_[0]->body) }


# --- when the publisher pauses: three target durations ----------------------

my $paused = live_feed($t, 'paused');
$paused->to(2200);

my $list = media_list($t, '/live/paused/v0/index.m3u8');
my @late = (
    start("/live/paused/v0/index.m3u8?_HLS_msn=$list->{next_msn}"
          . "&_HLS_part=$list->{next_part}"),
    start("/live/paused/v0/index.m3u8?_HLS_msn=$list->{next_msn}"),
);
my @late_media = (start($list->{hints}[0]{path}),
    start('/live/paused/v0/' . ($list->{next_msn} + 1) . '.m4s'));

# --- before the first segment -----------------------------------------------

my $feed = live_feed($t, 'cam');
my $base = '/live/cam/v0';

my @first = map { start($_) } '/live/cam/master.m3u8', "$base/index.m3u8",
    '/live/cam/a0/index.m3u8', "$base/init.mp4", '/live/cam/manifest.mpd';
waiting 'a published stream without media is waited for', @first;

$feed->to(34);
answered 'the first frame shows what the tracks are', 200, @first[0, 3];
waiting 'but there is no part yet', @first[1, 2, 4];

$feed->to(200);
answered 'the first part makes a playlist', 200, $first[1];
like $first[1]->body, qr/PART:.*\.0\.m4s",INDEPENDENT=YES/, 'of that part';
$feed->to(260);
answered 'of audio too', 200, $first[2];
waiting 'a manifest needs a segment', $first[4];
$feed->to(1100);
answered 'which is there now', 200, $first[4];

# --- the next part ----------------------------------------------------------

$feed->to(2400);
$list = media_list($t, "$base/index.m3u8");
my ($msn, $part) = @$list{qw(next_msn next_part)};
is $part, 2, 'two parts of the third segment';

my $playlist = start("$base/index.m3u8?_HLS_msn=$msn&_HLS_part=$part");
my $hinted = start($list->{hints}[0]{path});
waiting 'the next part is not there', $playlist, $hinted;
$feed->to(2560);
waiting 'nor with five of its six frames', $playlist, $hinted;
$feed->to(2600);
answered 'the sixth makes it', 200, $playlist, $hinted;
is_deeply [@{ list_of($playlist) }{qw(next_msn next_part)}],
    [$msn, $part + 1], 'the playlist has it';
is $t->get($list->{hints}[0]{path})->md5, $hinted->md5,
    'the hinted part is what it is later';
is $playlist->header('Cache-Control'), 'max-age=1', 'a blocked answer may be '
    . 'kept for a target duration';

# answered at once: what is there already
answered 'what is there needs no wait', 200,
    map { start("$base/index.m3u8?$_") } "_HLS_msn=$msn&_HLS_part=0",
        "_HLS_msn=$msn&_HLS_part=$part", '_HLS_msn=' . ($msn - 1), '_HLS_msn=0',
        '_HLS_msn=' . ($msn - 1) . '&_HLS_part=0', "_HLS_skip=YES";

# --- a whole segment --------------------------------------------------------

my $whole = start("$base/index.m3u8?_HLS_msn=$msn");
my $next = start("$base/index.m3u8?_HLS_msn=" . ($msn + 1) . '&_HLS_part=0');
my $sound = start("/live/cam/a0/index.m3u8?_HLS_msn=$msn");
my $after = start("$base/index.m3u8?_HLS_msn=" . ($msn + 2));

$feed->to(2999);
waiting 'a segment is over when the next begins', $whole, $next, $sound;
$feed->to(3030);
answered 'with its key frame', 200, $whole;
is((segment_msns(list_of($whole)))[-1], $msn, 'the segment is listed');
waiting 'that is no part yet', $next;
$feed->to(3200);
answered 'this is', 200, $next, $sound;
waiting 'two segments ahead may be waited for', $after;

my $too_far = $t->get("$base/index.m3u8?_HLS_msn=" . ($msn + 4));
is $too_far->status, 400, 'three may not';

# --- a growing segment ------------------------------------------------------

my $open = $msn + 1;
my $growing = start("$base/$open.m4s");
my $old = start("$base/$open.m4s", version => '1.0');
my $coming = start("$base/" . ($open + 1) . '.m4s');
my $last_part = start("$base/" . ($open + 1) . '.0.m4s');

ok +(wait_for { length $growing->body } 5), 'a segment in the making is sent';
is $growing->status, 200, 'status 200';
is $growing->header('Transfer-Encoding'), 'chunked', 'chunked';
is $growing->header('Content-Length'), undef, 'of unknown length';
is $growing->header('Accept-Ranges'), undef, 'without ranges';
waiting 'as far as it is', $growing, $old, $coming;

my $size = length $growing->body;
$feed->to(3400);
ok +(wait_for { length $growing->body > $size } 5), 'the next part follows';
waiting 'at once', $growing, $old, $coming;

my $range = start("$base/$open.m4s", range => '0-9');
ok +(wait_for { length $range->body >= 1000 } 5), 'a range of it is all of it';
is $range->status, 200, 'status 200';
is $t->get("$base/$open.m4s", method => 'HEAD')->status, 200, 'HEAD is';

$feed->to(4100);
answered 'it ends with the segment', 200, $growing, $old;
my $segment = $t->get("$base/$open.m4s");
is $segment->header('Content-Length'), length $segment->body, 'length now';
ok $growing->body eq $segment->body, 'the bytes were those';
ok $old->body eq $segment->body, 'with HTTP/1.0 too';

$feed->to(4250);
answered 'the first part of the next', 200, $last_part;
ok +(wait_for { length $coming->body } 5), 'which has begun, too';

$feed->to(5100);
answered 'and is complete', 200, $coming, $after;
ok $coming->body eq $t->get("$base/" . ($open + 1) . '.m4s')->body,
    'and right';

# --- a client that is slow, or has little room ------------------------------

my $large = live_feed($t, 'large', flv => [size => '1280x720',
                                           bitrate => '4000k']);
$large->to(2450);
my $before = media_list($t, '/live/large/v0/index.m3u8');
my ($done) = (uris_of($before, 'segment'))[-1];
my $right = $t->get($done);
cmp_ok length $right->body, '>', 200_000, 'a large segment, whole';
my @slow = (start($done, rcvbuf => 4096),
            start($done, rate => 1_000_000, rcvbuf => 4096),
            start($done, rate => 1_000_000, rcvbuf => 4096,
                  range => '1000-199999'));
answered 'slow clients get it', 200, @slow[0, 1];
answered 'a range, too', 206, $slow[2];
is scalar(grep { $_->body ne $right->body } @slow[0, 1]), 0, 'and right';
ok $slow[2]->body eq substr($right->body, 1000, 199_000), 'also of the range';

my $expect = join '', map { $t->get($_)->body }
             uris_of($before, 'part', $before->{next_msn});
cmp_ok length $expect, '>', 50_000, 'two parts of the next one';
my $narrow = start("/live/large/v0/$before->{next_msn}.m4s", rcvbuf => 4096);
ok +(wait_for { length $narrow->body >= length $expect } 5),
    'a narrow client gets all that there is of a growing segment';
ok $narrow->body eq $expect, 'the right bytes';
$large->to(3250);
answered 'and the rest', 200, $narrow;
ok $narrow->body eq
    $t->get("/live/large/v0/$before->{next_msn}.m4s")->body, 'right, too';
$large->end;

# --- parts that a segment turned out not to have ----------------------------

# RFC 8216bis, 6.2.5.2: one after the last part of a segment is the first of
# the next; a client can't know which part is the last.
$feed->to(6000);
$list = media_list($t, "$base/index.m3u8");
($msn, $part) = @$list{qw(next_msn next_part)};
is $part, 5, 'five parts, and the segment may go on';
is $list->{hints}[0]{path}, media_epoch() . ($msn + 1) . '.0.m4s',
    'but is not expected to: the hint is of the next one';
my $early = start($list->{hints}[0]{path});
$playlist = start("$base/index.m3u8?_HLS_msn=$msn&_HLS_part=$part");
$hinted = start("$base/$msn.$part.m4s");
waiting 'a sixth part is waited for', $playlist, $hinted, $early;
$feed->to(6030);                                # a key frame: there is none
answered 'the part will not come', 404, $hinted;
waiting 'and the playlist waits for the first part of the next', $playlist;
$feed->to(6230);
answered 'which comes', 200, $playlist, $early;
like $playlist->body, qr/PART:.*\/@{[$msn + 1]}\.0\.m4s/, 'and is listed';

# --- what is not understood -------------------------------------------------

for my $query ('_HLS_msn=', '_HLS_msn=x', '_HLS_msn=-1', '_HLS_msn=1.5',
               '_HLS_msn=1e3', '_HLS_msn=0x10', '_HLS_part=0',
               "_HLS_msn=$msn&_HLS_part=", "_HLS_msn=$msn&_HLS_part=x",
               "_HLS_msn=$msn&_HLS_part=-1", '_HLS_msn=99999999999999999999',
               '_HLS_msn=9223372036854775807')
{
    is $t->get("$base/index.m3u8?$query", timeout => 2)->status, 400,
        "400: $query";
}

# --- many, at both workers --------------------------------------------------

$list = media_list($t, "$base/index.m3u8");
($msn, $part) = @$list{qw(next_msn next_part)};
my @many = map { start("$base/index.m3u8?_HLS_msn=$msn&_HLS_part=$part") }
           1 .. 80;
my @gone = map { start($list->{hints}[0]{path}) } 1 .. 20;
waiting 'eighty wait', @many;
$_->close for @gone;
$feed->more(200);
answered 'and are answered', 200, @many;
my %same = map { ($_->md5 => 1) } @many;
is scalar(keys %same), 1, 'with one text';

# --- the end while requests wait --------------------------------------------

$list = media_list($t, "$base/index.m3u8");
($msn, $part) = @$list{qw(next_msn next_part)};
$open = $msn;

sub hold {
    my ($base) = @_;
    return (start("$base/index.m3u8?_HLS_msn=$msn&_HLS_part=" . ($part + 1)),
            start("$base/index.m3u8?_HLS_msn=" . ($msn + 1)),
            start("$base/$msn." . ($part) . '.m4s'),
            start("$base/" . ($msn + 1) . '.m4s'),
            start("$base/$msn.m4s"));
}

my @held = hold($base);
waiting 'five more', @held;
$feed->end;
answered 'a clean end answers playlists', 200, @held[0, 1];
like $_->body, qr/^#EXT-X-ENDLIST$/m, 'with the end' for @held[0, 1];
answered 'what will not come is not found', 404, $held[3];
answered 'the growing segment is complete', 200, $held[4];
ok $held[4]->body eq $t->get("$base/$msn.m4s")->body, 'and right';
is $t->get("$base/index.m3u8?_HLS_msn=" . ($msn + 50), timeout => 2)->status,
    200, 'an ended playlist is never waited for';

# --- a publisher that vanishes ----------------------------------------------

$base = '/live/cut/v0';
$feed = live_feed($t, 'cut');
$feed->to(2450);
$list = media_list($t, "$base/index.m3u8");
($msn, $part) = @$list{qw(next_msn next_part)};
@held = hold($base);
ok +(wait_for { length $held[4]->body } 5), 'a growing segment';
waiting 'and others', @held;
$feed->reset;
answered 'playlists are answered', 200, @held[0, 1];
answered 'the part that was under way is there', 200, $held[2];
answered 'what will not come is not found', 404, $held[3];
ok +(wait_for { $held[4]->done } 5), 'the growing segment ends';
ok $held[4]->complete, 'with all that has come';
like list_of($held[0])->{items}[-1]{uri}, qr/$msn/, 'and is listed';

# --- republished: the waiting one gets the new stream's ---------------------

$feed = live_feed($t, 'cut');
my $again = start("$base/index.m3u8");
waiting 'the new stream is waited for', $again;
$feed->to(2450);
answered 'and answered', 200, $again;
cmp_ok list_of($again)->{msn}, '>', $msn - 1, 'with newer numbers';
$feed->end;

# --- the pace of a real publisher -------------------------------------------

my $publisher = $t->publish('live', 'paced', file => live_flv(), loop => 0);
ok +(wait_for { $t->get('/live/paced/v0/index.m3u8')->status == 200 } 5),
    'a publisher in real time';
my $client = $t->llhls('/live/paced/v0/index.m3u8', requests => 10);
my @lists = grep { $_->{kind} eq 'playlist' } $client->playlists;
is scalar($client->failures), 0, 'ten blocking requests';
my $total = $lists[-1]{time} + $lists[-1]{elapsed} - $lists[1]{time};
cmp_ok $total, '>', 9 * 0.2 * 0.7, 'they last about as long as ten parts';
cmp_ok $total, '<', 11 * 0.2 + 10, 'and not much longer';
my @uris = map { $_->{uri} } $client->parts;
is scalar(@uris), scalar(keys %{ { map { $_ => 1 } @uris } }), 'no part twice';
$publisher->stop;

# --- the paused one ---------------------------------------------------------

answered 'a playlist that does not come: 503', 503, @late;
is $_->header('Retry-After'), 1, 'to be asked for again' for @late;
answered 'media that does not come: 404', 404, @late_media;
for my $request (@late, @late_media) {
    cmp_ok $request->elapsed, '>', 2.9, 'after three target durations';
    cmp_ok $request->elapsed, '<', 20, 'and not much later';
}
$t->log_like(qr/video request timed out waiting for media/, 'logged');
$paused->more(1000);
is $t->get('/live/paused/v0/index.m3u8')->status, 200, 'it goes on';

$paused->end;
ok +(wait_for { zone_status($t)->{refs} == 0 } 5), 'no reference is left';

$t->finish;
done_testing();
