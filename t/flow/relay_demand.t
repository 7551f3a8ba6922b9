# Proves that a stream which is not there is fetched because viewers ask for its
# playlists: once, whatever workers they reach, and for as long as they do; that
# they wait for it and no longer than they must; that a failure is remembered;
# and that reloads, killed workers and lost servers leave no wish that nobody
# serves.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::AMF qw(amf_encode);
use Test::Video::Live;
use Test::Video::Target;

my $t = Test::Video->new(log_level => 'info');
my $tags = live_tags();

sub target { return Test::Video::Target->of($t, @_) }

my $any = 'video_pull live rtmp://127.0.0.1:%%PORT_5%%/app/?k=v on_demand '
    . 'idle=5s;';
my $hall = 'video_pull live rtmp://127.0.0.1:%%PORT_6%%/app/some/hall?x '
    . 'on_demand idle=5s;';

sub conf {
    my (@pulls) = @_;
    return live_conf(grace => '5s', rtmp => join "\n", @pulls,
        'video_rtmp_timeout 2s;', 'video_linger 60s;');
}

my @media = ([18, 0, "\x02\x00\x0aonMetaData" . amf_encode({ framerate => 30 })],
             [9, 0, $tags->{video_header}{body}],
             [8, 0, $tags->{audio_header}{body}]);
for my $n (0 .. 9) {
    push @media, map { [$_->{type}, $_->{timestamp} + 6000 * $n, $_->{body}] }
        @{ $tags->{frames} };
}

sub status_of { return $t->get($_[0])->status }
sub accepted { return scalar(my @all = $_[0]->events('accepted')) }
sub plays { return map { $_->{args}[1] } grep { $_->{name} eq 'play' }
                   $_[0]->events('command') }
sub lines { return scalar(() = $t->log =~ /$_[0]/g) }
sub state {
    my $status = stream_status($t, $_[0]) or return 'none';
    return $status->{state};
}

my $source = target(5, serve => \@media, only => 'cam?k=v');
my $other = target(6, serve => \@media);

$t->conf(conf($any, $hall))->run;


# --- one for all ------------------------------------------------------------

is state('cam'), 'none', 'a stream that is not there';
my @viewers = map { $t->get("/live/cam/$_", start => 1) }
    ('master.m3u8', 'manifest.mpd', 'v0/index.m3u8', 'a0/index.m3u8') x 3;
my @answers = map { $_->end; $_->status } @viewers;
is "@answers", '200 ' x 11 . '200', 'is there for all who ask';
is accepted($source), 1, 'by one connection';
is_deeply [plays($source)], ['cam?k=v'], 'by its name, with the arguments';
like $viewers[2]->body, qr/#EXTINF|#EXT-X-PART/, 'they have something to play';
is state('cam'), 'live', 'it is a stream as any other';
is $t->get('/live/cam/v0/999.m4s')->status, 404, 'segments are not fetched';
is accepted($other), 0, 'the other server was not asked';

my $rtmp = $t->rtmp;
$rtmp->handshake;
$rtmp->connect_app('live');
is $rtmp->publish('cam')->{info}{code}, 'NetStream.Publish.BadName',
    'the name is taken';
$rtmp->close;

is status_of('/live/hall/master.m3u8'), 200, 'one that has a name';
is_deeply [plays($other)], ['some/hall?x'], 'has another one there';
is accepted($source), 1, 'and is asked for there alone';

# --- one that can't be had --------------------------------------------------

my $begun = Test::Video::Loop::now();
is status_of('/live/nope/master.m3u8'), 404, 'one that is not there either';
is accepted($source), 2, 'was asked for';
is status_of('/live/nope/manifest.mpd'), 404, 'again';
is accepted($source), 2, 'is not asked for again';
cmp_ok Test::Video::Loop::now() - $begun, '<', 4, 'at once';
is state('nope'), 'none', 'it is no stream';
is status_of('/live/.nope/master.m3u8'), 404, 'a name that no stream may have';
is status_of('/live/no%20pe/master.m3u8'), 404, 'another one';
is status_of('/live/' . 'n' x 129 . '/master.m3u8'), 404, 'a long one';
is accepted($source), 2, 'are not asked for';
$t->log_like(qr/\[info\].*pull failed: refused by the server in play: .* while pulling "nope"/,
    'log');
$t->no_log(qr/k=v/, 'without the arguments');

# --- a source that goes and comes back --------------------------------------

# somebody looks
my $looks = $t->background(sub {
    while (1) {
        $t->get('/live/cam/v0/index.m3u8');
        select undef, undef, undef, 0.3;
    }
});

sub goes_on { return lines('stream "cam" goes on') }

my $before = goes_on();
$source->stop;
ok +(wait_for { state('cam') eq 'paused' } 5), 'the source goes';
is status_of('/live/cam/v0/index.m3u8'), 200, 'there is what was there';
$source->start(serve => \@media, only => 'cam?k=v');
ok +(wait_for { goes_on() > $before } 8), 'it comes back, the stream goes on';

# --- reload, killed workers -------------------------------------------------

for my $n (1, 2) {
    my ($was, $connections) = (goes_on(), accepted($source));
    ok $t->reload, "reload $n";
    ok +(wait_for { goes_on() > $was } 8), 'a new worker goes on';
    # an old one may take it that has not been told to exit yet
    cmp_ok accepted($source), '<=', $connections + 2, 'by one connection';
}

$t->expect_log(qr/exited on signal 9/, qr/dead worker/);
$before = goes_on();
kill 'KILL', $t->workers;
ok +(wait_for { goes_on() > $before } 10), 'so does one after a killed one';
ok +(wait_for { state('hall') eq 'ended' } 10),
    'what nobody asks for is over';
kill 'KILL', $looks->{pid} // die 'no pid';

# --- nobody asks ------------------------------------------------------------

my $epoch = stream_status($t, 'cam')->{epoch};
ok +(wait_for { state('cam') eq 'ended' } 12), 'nobody asks for it';
$t->log_like(qr/\[notice\].*pull has ended, nobody asks for it while pulling "cam"/,
    'log');
ok +(wait_for { $source->idle } 5), 'the connection is closed';
like $t->get('/live/cam/v0/index.m3u8')->body, qr/#EXT-X-ENDLIST/,
    'who has seen it sees its end';
is state('cam'), 'ended', 'and brings nothing back';
is status_of('/live/cam/master.m3u8'), 200, 'who asks anew';
is state('cam'), 'live', 'has it fetched again';
isnt stream_status($t, 'cam')->{epoch}, $epoch, 'it is another one';

# --- servers that are no good -----------------------------------------------

$source->stop;
is status_of('/live/one/master.m3u8'), 502, 'a server that is not there';
$source->start(serve => \@media, only => 'cam?k=v', silent => 1);
is status_of('/live/two/master.m3u8'), 504, 'one that sends no media';
is state('two'), 'none', 'which is no stream';
is status_of('/live/two/master.m3u8'), 504, 'remembered';
$source->start(mute => 'connect');
is status_of('/live/three/master.m3u8'), 504, 'one that says nothing';
$source->start(raw => 'HTTP/1.1 400');
is status_of('/live/four/master.m3u8'), 502, 'one that talks rubbish';
$source->start(serve => [$media[3]]);
is status_of('/live/five/master.m3u8'), 502, 'media without a header';

# the next directive that has the name
$source->stop;
$t->conf(conf($any, $any =~ s/PORT_5/PORT_6/r));
ok $t->reload, 'two servers';
is status_of('/live/six/master.m3u8'), 200, 'the one that has it is used';
ok +(grep { $_ eq 'six?k=v' } plays($other)), 'that is the second';

# a publisher of our own is faster
$source->start(mute => 'play');
my $waits = $t->get('/live/seven/master.m3u8', start => 1);
ok +(wait_for { grep { $_ eq 'seven?k=v' } plays($source) } 5), 'asked for';
my $feed = live_feed($t, 'seven');
$feed->to(1500);
ok +(wait_for { $waits->end; 1 } 8), 'a publisher comes';
is $waits->status, 200, 'who waited for it elsewhere has it';
$feed->end;

# --- wishes that are left ---------------------------------------------------

# the worker that has a connection to this port
sub puller {
    my ($port) = @_;
    my $there = sprintf '%04X', $port;

    open my $fh, '<', '/proc/net/tcp' or die "/proc/net/tcp: $!\n";
    my %inode = map { (split)[9] => 1 } grep { (split)[2] =~ /:$there\z/ } <$fh>;

    for my $pid ($t->workers) {
        return $pid if grep { (readlink // '') =~ /socket:\[(\d+)\]/
                              && $inode{$1} } glob "/proc/$pid/fd/*";
    }
    return;
}

$t->conf(conf($any));
ok $t->reload, 'a server that says nothing at first';
$source->start(mute => 'play', mutes => 1, serve => \@media);
$before = accepted($source);
my @waiting = map { $t->get('/live/eight/master.m3u8', start => 1) } 1 .. 8;
ok +(wait_for { accepted($source) > $before } 5), 'asked for';
kill 'KILL', puller($source->port) // die "nobody pulls\n";
my %codes = map { $_->end; ($_->status => 1) } @waiting;
is join(' ', grep { $_ } keys %codes), %codes == 1 && $codes{0} ? '' : 200,
    'a worker dies, another one fetches it for those who still wait';
is status_of('/live/eight/master.m3u8'), 200, 'and for those who come again';

$source->start(mute => 'play');
$before = accepted($source);
my $left = $t->get('/live/nine/master.m3u8', start => 1);
ok +(wait_for { accepted($source) > $before } 5), 'asked for';
$begun = Test::Video::Loop::now();
$t->conf(conf());
ok $t->reload, 'a reload without it';
$left->end;
is $left->status, 404, 'who waits is told';
cmp_ok Test::Video::Loop::now() - $begun, '<', 8, 'at once';
is status_of('/live/nine/master.m3u8'), 404, 'nothing is fetched any more';

ok $t->quit, 'the end of the server';
$_->stop for $source, $other;
$t->finish;
done_testing();
