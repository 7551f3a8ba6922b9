# Proves that a second publisher of a stream stands by and takes over when the
# first is gone, without a gap in numbers, whichever workers they are at; that
# the first one then stands by; and what a good-bye does.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;

my $t = Test::Video->new;
$t->conf(live_conf(grace => '5s', window => '30s',
                   rtmp => 'video_publish_standby on; video_linger 5s;',
                   servers => <<'CONF'))->run;
    server {
        listen 127.0.0.1:%%PORT_2%%;
        video_rtmp live zone=live;
        video_segment 1s;
        video_window 8s;
        video_bitrate 512k;
    }
CONF

sub list { return media_list($t, '/live/cam/v0/index.m3u8') }
sub state { return (stream_status($t, 'cam') // { state => 'gone' })->{state} }

my $first = live_feed($t, 'cam');
$first->to(3500);
my $second = live_feed($t, 'cam', flv => [size => '160x90']);
is $second->code, 'NetStream.Publish.Start', 'a second publisher is let in';
$t->log_like(qr/stream "cam" is on air, another publisher stands by/,
             'and stands by');
$second->to(4500);
$first->to(6500);
my $list = list();
is scalar(lines_of($list->{text}, '#EXT-X-DISCONTINUITY')), 0,
    'what it sends is not seen';
is scalar(uris_of($list, 'segment')), 6, 'what the first one sends is';
is live_feed($t, 'cam', port => 2)->code, 'NetStream.Publish.BadName',
    'a server without standby refuses';

# --- it takes over ----------------------------------------------------------

$first->reset;
ok +(wait_for { state() eq 'paused' } 5), 'the first is gone';
$second->to(4900);
is state(), 'paused', 'the second waits for its key frame';
my $taken = wait_for { $second->more(500); state() eq 'live' } 5;
ok $taken, 'and takes over';
$t->log_like(qr/stream "cam": the publisher that stood by takes over/,
             'with a line in the log');
$second->more(3000);
$list = list();
my @msns = segment_msns($list);
is_deeply \@msns, [$msns[0] .. $msns[0] + $#msns], 'numbers go on';
is scalar(lines_of($list->{text}, '#EXT-X-DISCONTINUITY')), 1,
    'with a discontinuity';
is_deeply [grep { $t->get($_)->status != 200 }
           map { uris_of($list, $_) } qw(init segment part)], [],
    'all is there';
like $t->get('/live/cam/master.m3u8')->body, qr/RESOLUTION=320x180/,
    'master has the larger size';

# --- the first comes back, and stands by ------------------------------------

$first = live_feed($t, 'cam');
is $first->code, 'NetStream.Publish.Start', 'the first is back';
$first->to(2500);
$second->more(1000);
is scalar(lines_of(list()->{text}, '#EXT-X-DISCONTINUITY')), 1,
    'and stands by';
$second->reset;
ok +(wait_for { state() eq 'paused' } 5), 'the second is gone';
ok +(wait_for { $first->more(500); state() eq 'live' } 5),
    'the first takes over';
$first->more(1500);
is scalar(lines_of(list()->{text}, '#EXT-X-DISCONTINUITY')), 2,
    'with another discontinuity';

# --- who stands by may go -----------------------------------------------------

my $third = live_feed($t, 'cam');
$third->to(1500);
$third->end;
$first->more(1000);
is state(), 'live', 'one that stood by and left has changed nothing';

# --- a good-bye --------------------------------------------------------------

$second = live_feed($t, 'cam');
$second->to(500);
my $epoch = stream_status($t, 'cam')->{epoch};
$first->end;
is state(), 'ended', 'a good-bye ends the stream';
ok +(wait_for { $second->more(500); state() eq 'live' } 5),
    'the other begins another one';
isnt stream_status($t, 'cam')->{epoch}, $epoch, 'of its own';
is scalar(lines_of(list()->{text}, '#EXT-X-DISCONTINUITY')), 0,
    'without what was before'
    if wait_for { $second->more(1000); list()->{status} == 200 } 3;
$second->end;

# --- sound alone --------------------------------------------------------------

$first = live_feed($t, 'radio', only => 'audio');
$first->to(3500);
$second = live_feed($t, 'radio', only => 'audio');
$second->to(2000);
$first->reset;
ok +(wait_for {
    $second->more(300);
    (stream_status($t, 'radio') // {})->{state} eq 'live'
} 5), 'sound alone is taken over, too';
$second->end;

done_testing;
