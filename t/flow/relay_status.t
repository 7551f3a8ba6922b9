# Proves that video_status, and video_control, tell of each push and pull where
# it goes, how it is, and what has gone through, without keys; in JSON each of
# them, for Prometheus a series once; and that none is left of what is over, or
# of a killed worker.
use strict;
use warnings;

use JSON::PP ();
use Test::More;
use Test::Video;
use Test::Video::Live;
use Test::Video::Target;

my $t = Test::Video->new(log_level => 'info');
my $tags = live_tags();

sub target { return Test::Video::Target->of($t, @_) }

my $sink = target(4);
my $source = target(5, serve => [
    [9, 0, $tags->{video_header}{body}], [8, 0, $tags->{audio_header}{body}],
    map { [@$_{qw(type timestamp body)}] } @{ $tags->{frames} }]);

my $control = 'location /control/ { video_control zone=live; }';

$t->conf(live_conf(locations => $control, rtmp => join "\n",
    'video_push rtmp://127.0.0.1:%%PORT_4%%/app;',
    'video_push rtmp://127.0.0.1:%%PORT_6%%/app/SECRET?key=SECRET;',
    'video_pull live rtmp://127.0.0.1:%%PORT_5%%/app/SECRET pulled on_demand '
    . 'idle=5s;', 'video_publish_standby on;'))->run;

sub relays {
    my ($stream, %want) = @_;
    return grep {
        my $relay = $_;
        $relay->{stream} eq $stream
            && !grep { $relay->{$_} ne $want{$_} } keys %want;
    } @{ status($t)->{relays} };
}

# What video_control has of all streams, or of one.
sub control {
    my $response = $t->get("/control/streams$_[0]");
    return eval { JSON::PP::decode_json($response->body) }
           // { relays => [$response->body] };
}

# How a relay is named: by what does not change.
sub named { return join ' ', sort map { "@$_{qw(stream kind url)}" } @_ }

sub metrics { return $t->get('/status?format=prometheus')->body }

sub url { return 'rtmp://127.0.0.1:' . $t->port($_[0]) . '/app' }

is_deeply status($t)->{relays}, [], 'nothing is sent on';
like metrics(), qr/^# TYPE ngx_video_relay_bytes_total counter$/m,
    'metrics are there';
unlike metrics(), qr/^ngx_video_relay/m, 'without lines';


# --- pushes -----------------------------------------------------------------

my $feed = live_feed($t, 'cam');
$feed->to(2000);
ok +(wait_for { $sink->messages > 50 } 8), 'a stream is pushed';
ok +(wait_for { relays('cam', state => 'waiting') } 5),
    'to one that is not there, too';

my ($good) = relays('cam', url => url(4));
is $good->{state}, 'flowing', 'state of the good one';
is $good->{kind}, 'push', 'kind';
is $good->{zone}, 'live', 'zone';
is $good->{attempts}, 1, 'attempts';
is $good->{dropped}, 0, 'nothing is left out';
cmp_ok $good->{bytes}, '>', 10_000, 'bytes';
cmp_ok abs($good->{since} / 1000 - time), '<', 60, 'time';
my ($bad) = relays('cam', url => url(6));
is $bad->{bytes}, 0, 'the bad one has had nothing';
ok +(wait_for { (relays('cam', url => url(6)))[0]{attempts} > 1 } 5),
    'attempts are counted';
unlike $t->get('/status')->body, qr/SECRET/, 'no key is told';

my $label = 'zone="live",stream="cam",kind="push",url="' . url(4) . '"';
like metrics(), qr/^ngx_video_relay_flowing\{\Q$label\E\} 1$/m, 'flowing';
like metrics(), qr/^ngx_video_relay_attempts_total\{\Q$label\E\} 1$/m,
    'attempts';
like metrics(), qr/^ngx_video_relay_bytes_total\{\Q$label\E\} [1-9]\d{4,}$/m,
    'bytes';
like metrics(), qr/^ngx_video_relay_flowing\{.*:@{[$t->port(6)]}.*\} 0$/m,
    'the bad one';

# video_control has the same
my $other = live_feed($t, 'hall');
$other->to(1500);
ok +(wait_for { relays('hall') == 2 } 5), 'another stream';
is named(@{ control('')->{relays} }), named(@{ status($t)->{relays} }),
    'video_control tells of them, too';
my $cam = control('/cam');
is named(@{ $cam->{relays} }), named(relays('cam')), 'of a stream its own';
is join(' ', map { scalar @{ $_->{tracks} } } $cam, control('/hall')), '2 2',
    'beside its tracks';
unlike $t->get("/control/streams$_")->body, qr/SECRET/, 'without keys'
    for '', '/cam';
$other->end;

# one that stands by
my $second = live_feed($t, 'cam');
is scalar(my @all = relays('cam')), 4, 'with a second publisher there are more';
is scalar(my @lines = metrics() =~ /^ngx_video_relay_flowing\{.*cam.*\}/gm), 2,
    'but no more series';
$second->end;
ok +(wait_for { relays('cam') == 2 } 5), 'it is gone';

# messages that are left out
$sink->start(stop => 'publish');
$feed->more(500);
$t->conf(live_conf(rtmp => join "\n",
    'video_push rtmp://127.0.0.1:%%PORT_4%%/app;', 'video_push_buffer 256k;',
    'video_push_timeout 30s;'));
ok $t->reload, 'a small buffer';
my $slow = live_feed($t, 'slow');
ok +(wait_for {
    $slow->more(4000);
    (relays('slow'))[0]{dropped} > 0;
} 20), 'a target that takes nothing';
my $label_slow = $label =~ s/cam/slow/r;
like metrics(),
    qr/^ngx_video_relay_dropped_messages_total\{\Q$label_slow\E\} [1-9]/m,
    'messages that are left out';

# --- the end ----------------------------------------------------------------

$slow->reset;
$feed->end;
ok +(wait_for { !relays('cam') } 5), 'a stream that is over has none';
$sink->stop;
ok +(wait_for { !@{ status($t)->{relays} } } 5), 'nor has another one';

# --- pulls ------------------------------------------------------------------

$t->conf(live_conf(rtmp => 'video_pull live '
    . 'rtmp://127.0.0.1:%%PORT_5%%/app/?SECRET on_demand idle=5s;'));
ok $t->reload, 'a stream that is fetched';
is $t->get('/live/pulled/master.m3u8')->status, 200, 'somebody asks for it';
my ($pull) = relays('pulled');
is "@$pull{qw(kind state url attempts)}", 'pull flowing ' . url(5) . ' 1',
    'it is told';
cmp_ok $pull->{bytes}, '>', 1000, 'with its bytes';
unlike $t->get('/status')->body, qr/SECRET/, 'and no key';

$t->expect_log(qr/exited on signal 9/, qr/dead worker/);
$source->stop;
ok +(wait_for { !@{ status($t)->{relays} } } 10), 'it is over';
$source->start(mute => 'play');
my $waits = $t->get('/live/other/master.m3u8', start => 1);
ok +(wait_for { relays('other', state => 'connecting') } 5),
    'one that is being connected';
$t->conf(live_conf(rtmp => ''));
kill 'KILL', $t->workers;
$source->stop;
$t->reload;
ok +(wait_for { !@{ status($t)->{relays} } } 10),
    'of killed workers nothing is left';

ok $t->quit, 'the end of the server';
$t->finish;
done_testing();
