# Proves that asset.json names a run of a recording when all of its tracks have
# begun, or when those that have not won't: so the recording plays at any time,
# also while a publisher is back without its sound, and after workers are killed.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;
use Test::Video::Record;
use Test::Video::VOD;

my $t = Test::Video->new;
$t->conf(live_conf(
    grace => '20s', zone => '128m',
    rtmp => 'video_record rec; video_audio_fill 0;',
    locations => 'location /rec/ { video_vod zone=live; alias %%ROOT%%/rec/;'
               . ' video_segment 1s; } location /mute/rec/ { video_vod'
               . ' zone=live; alias %%ROOT%%/rec/; video_segment 1s;'
               . ' video_tracks v0; } location /control {'
               . ' video_control zone=live; }',
    servers => record_server()))->run;

use constant {
    ONE  => qq({"tracks":[{"file":"0001/v0.mp4"},{"file":"0001/a0.mp4"}]}\n),
    BOTH => qq({"clips":[{"asset":"0001"},{"asset":"0002"}]}\n),
};

sub recording {
    my ($name) = @_;
    my ($dir) = map { m{([^/]+)$} } glob $t->root . "/rec/$name/2*";
    return "/rec/$name/" . ($dir // 'none');
}

sub asset {
    my $file = $t->root . recording($_[0]) . '/asset.json';
    return -f $file ? slurp($file) : 'none';
}

sub named { my @is = @_; return wait_for { asset($is[0]) eq $is[1] } 5 }

sub state_of { return (stream_status($t, $_[0]) // { state => '' })->{state} }

# Seconds that the recording of a stream lasts, by its pictures and its sound.
sub lasts {
    my ($name) = @_;
    return map {
        my $list = media_list($t, recording($name) . "/$_/index.m3u8");
        my $sum = 0;
        $sum += $_ for $list->{text} =~ /^#EXTINF:([\d.]+)/mg;
        my $gone = grep { $t->get($_)->status != 200 }
                   map { uris_of($list, $_) } qw(init segment);
        $list->{status} != 200 ? $list->{status} : $gone ? "$gone gone"
                                                         : int($sum + 0.5);
    } qw(v0 a0);
}

# A publisher whose sound is announced and does not come; what it would be.
sub mute_feed {
    my ($name, %o) = @_;
    my $feed = live_feed($t, $name, %o);
    my @sound = grep { $_->{type} == 8 } @{ $feed->{frames} };
    $feed->{frames} = [grep { $_->{type} == 9 } @{ $feed->{frames} }];
    return ($feed, @sound);
}

# The second run of a stream, whose first has three seconds: it has pictures on
# disk, and no sound.
sub second {
    my ($name, $ms) = @_;
    my $feed = live_feed($t, $name);
    $feed->to(3000);
    $feed->reset;
    ok +(wait_for { state_of($name) eq 'paused' } 5), "$name: a publisher goes";
    ok named($name, ONE), 'its run is named';
    wait_for { join('/', lasts($name)) eq '3/3' } 5;

    my @feed = mute_feed($name);
    for (my $at = 1000; $at <= $ms; $at += 1000) {
        $feed[0]->to($at + 100);
        my $want = $at / 1000;
        wait_for { recorded($t, $name, '0002/v0.mp4') >= $want } 5;
    }
    is recorded($t, $name, '0002/v0.mp4'), $ms / 1000, 'it is back';
    is recorded($t, $name, '0002/a0.mp4'), 0, 'without its sound';
    return @feed;
}

# --- sound that is late -----------------------------------------------------

my ($feed, @sound) = second('late', 3000);
is asset('late'), ONE, 'the run is not named yet';
is_deeply [lasts('late')], [3, 3], 'what was there before plays';
$feed->send(grep { $_->{timestamp} < 3100 } @sound);
ok named('late', BOTH), 'with its sound it is';
is $t->get(recording('late') . '/master.m3u8')->status, 200, 'and plays';
ok +(wait_for { join('/', lasts('late')) eq '6/6' } 5), 'all of it';
$feed->end;

# --- sound that never comes -------------------------------------------------

($feed) = second('gone', 2000);
is asset('gone'), ONE, 'a run without sound is not named';
is $t->get(recording('gone') . '/0002/master.m3u8')->status, 200,
    'what there is of it is an asset of its own';
$feed->reset;
ok named('gone', BOTH), 'until it is over';
like $t->get(recording('gone') . '/manifest.mpd')->body,
    qr/<Period .*<Period /s, 'it can be played by DASH';
is $t->get(recording('gone') . '/master.m3u8')->status, 200, 'and by HLS';
is_deeply [lasts('gone')], [5, 5], 'which has silence for it';
is $t->get('/mute' . recording('gone') . '/master.m3u8')->status, 200,
    'or its pictures alone';

($feed) = second('again', 2000);
$feed->reset;
ok +(wait_for { state_of('again') eq 'paused' } 5), 'another such run';
$feed = live_feed($t, 'again');
$feed->to(2100);
ok named('again', BOTH =~ s/(?=\]\})/,{"asset":"0003"}/r),
    'and one with sound that comes after it';
$feed->end;

($feed) = second('mute', 9000);
is asset('mute'), ONE, 'it is waited for ten seconds';
$feed->to(11_100);
ok named('mute', BOTH), 'and no longer';
$feed->end;

# --- the first run ----------------------------------------------------------

($feed, @sound) = mute_feed('first');
$feed->to(1100);
ok named('first', ONE =~ s/,.*(?=\]\})//r),
    'with nothing before it, what is there is named';
$feed->send(grep { $_->{timestamp} < 1100 } @sound);
ok named('first', ONE), 'and the sound when it is';
$feed->end;

($feed) = mute_feed('dumb');
$feed->to(3100);
$feed->reset;
ok +(wait_for { state_of('dumb') eq 'paused' } 5), 'one without sound goes';
($feed) = live_feed($t, 'dumb');
$feed->to(2100);
ok named('dumb', BOTH), 'it is back, with it';
ok +(wait_for { join('/', lasts('dumb')) eq '5/5' } 5),
    'so there is silence before';
$feed->end;

# --- a recording that is stopped --------------------------------------------

($feed) = second('stop', 2000);
is record_control($t, 'DELETE', 'stop'), 204, 'it is not recorded any more';
$feed->to(3100);
ok named('stop', BOTH), 'then what is there is named';
$feed->end;

# --- workers that are killed ------------------------------------------------

($feed) = second('kill', 2000);
is asset('kill'), ONE, 'nothing is left to be written';
my @pids = $t->workers;
$t->{server}{killed}{$_} = 1 for @pids;
kill 'KILL', @pids;
ok +(wait_for { eval { $t->get('/pid')->status == 200 } } 10),
    'there are workers again';
ok named('kill', BOTH), 'who name what the dead ones had not';
eval { $feed->reset };

done_testing;
