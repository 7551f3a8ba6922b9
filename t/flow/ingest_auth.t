# Proves that a publisher is let in, renamed or refused as an HTTP server
# says, with exactly the arguments that the documentation lists; that it can be
# sent away later; that the server hears of each end; and that no answer, late,
# dead or malformed, and no disappearance at any moment does more than refuse.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::AMF qw(amf_string);
use Test::Video::Live;
use Test::Video::RTMP;

my $t = Test::Video->new(log_level => 'info');
my $tags = live_tags();
my $served = 0;         # by one process of the backend: of one connection

# By the name of the stream, for publish; updates and ends are fine unless
# the name says otherwise.
my %publish = (
    empty    => [204],
    no       => [403, {}, 'go away'],
    gone     => [410],
    broken   => [500],
    busy     => [503],
    renamed  => [302, { Location => '/some/where/else?x=y/z' }],
    bare     => [301, { Location => 'bare-name' }],
    absolute => [307, { Location => 'http://other.example/a/other-name' }],
    own      => [302, { Location => 'rtmp://127.0.0.1:1935/live/own-name' }],
    other    => [302, { Location => 'rtmp://192.0.2.1/live/own-name' }],
    bad      => [302, { Location => '/a/.hidden' }],
    slash    => [302, { Location => '/a/' }],
    nowhere  => [302],
    long     => [302, { Location => 'x' x 129 }],
    silent   => undef,
    middle   => { raw => "HTTP/1.1 200 OK\r\nContent-Le" },
    giant    => { raw => "HTTP/1.1 200 OK\r\nX: " . 'x' x 5000 . "\r\n\r\n" },
    garbage  => { raw => "\x03\x00\x01not HTTP", keep => 1 },
    folded   => { raw => "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n" },
    early    => { raw => "HTTP/1.1 100 Continue\r\n\r\n", keep => 1 },
    chunked  => [200, {}, sub { $_[0]->('some'); $_[0]->('thing') }],
    closing  => { raw => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
    more     => { raw => "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc",
                  keep => 1 },
    endless  => [200, { 'Content-Length' => 1e6 },
                 sub { $_[0]->('x' x 1000); sleep 2 }],
    bytes    => [200, {}, sub {
        my ($write) = @_;
        $write->('x');
    }],
);

my $backend = $t->backend(sub {
    my ($r) = @_;
    my $args = Test::Video::Backend::decode_args($r->{body});
    my ($call, $name) = @$args{qw(call name)};

    $served++;
    return [404] if $r->{path} ne '/auth';
    if ($call eq 'publish_done') {
        select undef, undef, undef, 0.7 if $name eq 'last';
        return [200, {}, 'good-bye'];
    }
    if ($call eq 'update_publish') {
        my $nth = $args->{time};
        return [403] if $name eq 'kicked';
        return [500] if $name eq 'flaky' && $nth < 2;
        return [200];
    }
    if ($name =~ /^slow/) {
        select undef, undef, undef, 0.7;
        return [200];
    }
    sleep 3 if $name eq 'late';
    return undef if $name eq 'stale' && $served > 1;
    return exists $publish{$name} ? $publish{$name} : [200, {}, 'welcome'];
});

sub auth_server {
    my ($port, $url, $more) = @_;

    return <<"CONF";
    server {
        listen 127.0.0.1:%%PORT_$port%%;
        video_rtmp live zone=live;
        video_rtmp second zone=live;
        video_publish_auth $url;
        video_publish_auth_timeout 1500ms;
        video_segment 1s;
        video_window 8s;
        video_bitrate 512k;
        $more
    }
CONF
}

my $url = $backend->url . '/auth';

sub conf {
    my (%o) = @_;

    return live_conf(
        zone      => '128m',
        rtmp      => "video_publish_auth $url;\n"
                     . "video_publish_auth_timeout 5s;",
        servers   => auth_server(2, $url, 'video_publish_update 1s;')
                     . auth_server(3, 'http://127.0.0.1:%%PORT_6%%/auth',
                                   'video_publish_update 1s;')
                     . auth_server(4, 'http://127.0.0.1:%%PORT_0%%/auth', '')
                     . auth_server(5, $url, 'video_rtmp_timeout 1s;'),
        locations => <<'CONF', %o);
        location = /auth {
            client_body_buffer_size 16k;
            client_body_in_single_buffer on;
            proxy_pass http://127.0.0.1:%%PORT_0%%/check;
            proxy_method GET;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header X-Arguments $request_body;
        }
        location = /check {
            allow 127.0.0.1;
            deny all;
            if ($http_x_arguments !~ "^call=publish&") { return 204; }
            if ($http_x_arguments ~ "&name=cam1&.*&key=secret1(&|$)") {
                return 204;
            }
            return 403;
        }
CONF
}

$t->conf(conf())->run;


# Up to the answer to connect.
sub connected {
    my (%o) = @_;
    my $rtmp = $t->rtmp(port => $o{port} // 1);

    $rtmp->handshake or die "no handshake\n";
    $rtmp->connect_app($o{app} // 'live', object => $o{object});
    return $rtmp;
}

# The code and the text of the answer to publish.
sub answer {
    my ($name, %o) = @_;
    my $rtmp = connected(%o);
    my $status = $rtmp->publish($name, $o{type});
    my $code = $status ? $status->{info}{code} : 'nothing';

    $code =~ s/^NetStream\.Publish\.//;
    return wantarray ? ($code, $rtmp, $status) : $code;
}

sub code {
    my $status = $_[0]->wait_status(qr/./);
    return $status ? $status->{info}{code} : 'nothing';
}

# The frames of a stream that has ended.
sub ended {
    my ($name) = @_;

    wait_for { $t->log =~ /stream "$name" ended/ } 5;
    return ($t->log =~ /stream "$name" ended, (\d+) frames/)[0];
}

sub send_media {
    my ($rtmp, $to) = @_;

    $rtmp->send_tag(9, 0, $tags->{video_header}{body});
    $rtmp->send_tag(8, 0, $tags->{audio_header}{body});
    for my $tag (@{ $tags->{frames} }) {
        last if $tag->{timestamp} >= $to;
        $rtmp->send_tag($tag->{type}, $tag->{timestamp}, $tag->{body});
    }
}

sub calls {
    my ($call, $name) = @_;

    return grep {
        my $args = Test::Video::Backend::decode_args($_->{body});
        $args->{call} eq $call && $args->{name} eq $name;
    } $backend->requests;
}

sub called {
    my ($call, $name) = @_;
    return wait_for { scalar(() = calls($call, $name)) } 5;
}


# --- allowed ----------------------------------------------------------------

my ($code, $cam, $status) = answer('cam');
my $rtmp;
is $code, 'Start', '2xx: the publisher is let in';
is stream_status($t, 'cam')->{state}, 'starting', 'by its name';
send_media($cam, 1500);
ok +(wait_for { $t->get('/live/cam/v0/index.m3u8')->status == 200 } 5),
    'and its media';
is answer('empty'), 'Start', '204 too';
is answer('chunked'), 'Start', 'a chunked answer';
is answer('bytes'), 'Start', 'another';
is answer('more'), 'Start', 'one with more than it says';
is answer('endless'), 'Start', 'a body that does not end is not waited for';

# --- the arguments ----------------------------------------------------------

my %object = (flashVer => 'FMLE/3.0 (a&b=c; d)',
              swfUrl => amf_string('http://x/a.swf?q=1#2'),
              tcUrl => amf_string('rtmp://h/live?t=1'),
              pageUrl => amf_string("http://\xc3\xa9/~x-_.y"));

($code, $rtmp) = answer('args?key=a%20b&name=evil&&flag&n%61me[]=evil'
                        . "&call=publish_done&sp=1 2;3&duration=9&last=%zz",
                        object => \%object, type => 'record', app => 'second',
                        port => 2);
is $code, 'Start', 'a name with arguments';
my ($call) = calls('publish', 'args');
my ($id) = $call->{body} =~ /&clientid=(\d+)&/;
my $fixed = "&addr=127.0.0.1&clientid=$id&app=second"
    . '&flashver=FMLE%2F3.0%20%28a%26b%3Dc%3B%20d%29'
    . '&swfurl=http%3A%2F%2Fx%2Fa.swf%3Fq%3D1%232'
    . '&tcurl=rtmp%3A%2F%2Fh%2Flive%3Ft%3D1'
    . '&pageurl=http%3A%2F%2F%C3%A9%2F~x-_.y&name=args&type=record';
my $theirs = '&key=a%20b&flag&sp=1%202%3B3&last=%zz';
is $call->{body}, "call=publish$fixed$theirs", 'all arguments of publish';
is $call->{method}, 'POST', 'are posted';
is $call->{uri}, '/auth', 'to the URL';
is $call->{headers}{host}, '127.0.0.1:' . $t->port(7), 'its host';
is $call->{headers}{'content-type'}, 'application/x-www-form-urlencoded',
    'as a form';
is $call->{headers}{'content-length'}, length $call->{body}, 'of a length';

send_media($rtmp, 900);
ok called('update_publish', 'args'), 'an update';
($call) = calls('update_publish', 'args');
my ($time, $stamp, $in) = $call->{body} =~ s/&(time=(\d+)&timestamp=(\d+)
                                              &bytes_in=(\d+))//x
                          ? ($2, $3, $4) : ();
is $call->{body}, "call=update_publish$fixed$theirs", 'the same of an update';
cmp_ok $time, '>=', 1, 'time';
is $stamp, (grep { $_->{timestamp} < 900 } @{ $tags->{frames} })[-1]{timestamp},
    'timestamp of the newest frame';
cmp_ok $in, '>', 3073, 'bytes_in';

$rtmp->unpublish('args');
ok called('publish_done', 'args'), 'after a good-bye publish_done';
($call) = calls('publish_done', 'args');
my ($bytes, $duration) = $call->{body} =~ s/&(bytes_in=(\d+)
                                             &duration=(\d+))//x
                         ? ($2, $3) : ();
is $call->{body}, "call=publish_done$fixed$theirs", 'its arguments';
cmp_ok $bytes, '>', $in, 'bytes_in';
cmp_ok $duration, '>=', $time, 'duration';
is scalar(() = calls('publish_done', 'args')), 1, 'once';

# texts of connect are cut, arguments of the name are not
($code) = answer('big?' . 'k=v&' x 1000, object =>
                 { tcUrl => amf_string('u' x 3000) });
is $code, 'Start', '4000 bytes of arguments';
($call) = calls('publish', 'big');
like $call->{body}, qr/&tcurl=u{1024}&/, 'tcUrl is cut';
is scalar(() = $call->{body} =~ /&k=v(?=&|$)/g), 1000, 'they are not';
is answer('huge?' . 'k' x 4096), 'BadName', 'but there is a limit';
is scalar(() = calls('publish', 'huge')), 0, 'nobody is asked';

# --- renamed ----------------------------------------------------------------

for my $case (['renamed', 'else'], ['bare', 'bare-name'],
              ['absolute', 'other-name'], ['own', 'own-name'])
{
    my ($name, $want) = @$case;
    ($code, $rtmp) = answer($name, port => 2);
    is $code, 'Start', "3xx: $name";
    ok stream_status($t, $want), "it is \"$want\"";
    ok !stream_status($t, $name), 'not as it was';
    $t->log_like(qr/stream "$name" is renamed "$want" by "\Q$url\E"/, 'log');
    $rtmp->unpublish('');
    ok called('publish_done', $want), 'by that name to the end';
}

for my $case (['bad', 'invalid stream name'], ['slash', 'invalid stream name'],
              ['long', 'invalid stream name'],
              ['nowhere', 'a redirect without Location'],
              ['other', 'relaying is not supported'])
{
    my ($name, $why) = @$case;
    ($code, $rtmp) = answer($name);
    is $code, 'Denied', "3xx: $name";
    is $rtmp->wait_message(sub { 0 }), undef, 'nothing more';
    ok $rtmp->eof, 'and closed';
    $t->log_like(qr/\[error\].* refused, "\Q$url\E" renames to "[^"]*": $why, stream "$name"/,
        'log');
}

# --- refused ----------------------------------------------------------------

for my $case (['no', 'info', 'status 403'], ['gone', 'info', 'status 410'],
              ['broken', 'error', 'status 500'],
              ['busy', 'error', 'status 503'],
              ['silent', 'error', 'closed without an answer'],
              ['middle', 'error', 'closed without an answer'],
              ['giant', 'error', 'too long an answer head'],
              ['garbage', 'error', 'not an HTTP/1.x answer'],
              ['folded', 'error', 'malformed header'],
              ['early', 'error', 'unexpected status'],
              ['late', 'error', 'timed out', 5])
{
    my ($name, $level, $why, $port) = @$case;
    ($code, $rtmp, $status) = answer($name, port => $port // 1);
    is $code, 'Denied', "$why: $name";
    is $status->{info}{level}, 'error', 'level error';
    is $status->{info}{description}, 'publishing is not allowed', 'a text';
    is $rtmp->wait_message(sub { 0 }), undef, 'nothing more';
    ok $rtmp->eof, 'and closed';
    is $t->log_count(qr/\[$level\].* refused by "\Q$url\E": $why, stream "$name"/),
        1, 'one line';
    ok !stream_status($t, $name), 'no stream';
}
is scalar(() = calls('publish_done', 'no')), 0, 'no end of what never began';

is answer('dead', port => 3), 'Denied', 'a dead backend';
$t->log_like(qr/\[error\].* connect\(\) to \S+ failed \(111: .*while calling/,
    'log');
$t->log_like(qr/refused by "\S+": connection failed, stream "dead"/, 'log');

# --- nginx as the backend ---------------------------------------------------

is answer('cam1?key=secret1', port => 4), 'Start', 'example: the right key';
is answer('cam1?key=secret2', port => 4), 'Denied', 'a wrong one';
is answer('cam2?key=secret1', port => 4), 'Denied', "another stream's";
is answer('cam1?key=secret11', port => 4), 'Denied', 'more than the key';
is answer('cam2?name=cam1&key=secret1', port => 4), 'Denied', 'a forged name';

# --- messages after publish -------------------------------------------------

# as many frames as when nothing waits
my %frames;
for my $to (2500, 6000) {
    ($code, $rtmp) = answer("frames$to");
    $rtmp->set_chunk_size(65536);
    send_media($rtmp, $to);
    $rtmp->unpublish('');
    $frames{$to} = ended("frames$to");
}
cmp_ok $frames{6000}, '>', 450, 'frames';

# all at once, so that they are read with publish: they wait for the answer
$rtmp = connected();
$rtmp->create_stream;
$rtmp->set_chunk_size(65536);
{
    no warnings 'redefine';
    my $all = '';
    local *Test::Video::RTMP::send_raw = sub { $all .= $_[1]; return 1 };
    $rtmp->send_command_on(1, 'publish', 9, undef, amf_string('slow-media'),
                           'live');
    send_media($rtmp, 2500);
    $rtmp->connection->write($all);
}
ok called('publish', 'slow-media'), 'media right after publish';
ok !stream_status($t, 'slow-media'), 'nothing happens before the answer';
is code($rtmp), 'NetStream.Publish.Start',
    'then it goes on';
ok +(wait_for { $t->get('/live/slow-media/v0/index.m3u8')->status == 200 } 5),
    'with all of the media';
$rtmp->unpublish('');
is ended('slow-media'), $frames{2500}, 'every frame';

# more than fits into one read, and into what the kernel takes
$rtmp = connected(port => 5);
$rtmp->create_stream;
$rtmp->set_chunk_size(65536);
$rtmp->send_command_on(1, 'publish', 9, undef, amf_string('slow-much'), 'live');
send_media($rtmp, 6000);
is code($rtmp), 'NetStream.Publish.Start',
    'much of it';
$rtmp->unpublish('');
is ended('slow-much'), $frames{6000}, 'every frame';

# --- two at once ------------------------------------------------------------

my @two = map { my $r = connected(); $r->create_stream; $r } 1, 2;
$two[$_]->send_command_on(1, 'publish', 9, undef, amf_string("slow$_"), 'live')
    for 0, 1;
is code($two[$_]), 'NetStream.Publish.Start',
    "one of two at once" for 0, 1;

# of one name: both are allowed, one is the stream
@two = map { my $r = connected(); $r->create_stream; $r } 1, 2;
$_->send_command_on(1, 'publish', 9, undef, amf_string('slow-same'), 'live')
    for @two;
is_deeply [sort map { code($_) } @two],
    ['NetStream.Publish.BadName', 'NetStream.Publish.Start'],
    'of two with one name one is taken';
ok called('publish_done', 'slow-same'), 'the other is over';

# --- a client that vanishes -------------------------------------------------

for my $how (qw(close reset)) {
    $rtmp = connected();
    $rtmp->create_stream;
    $rtmp->send_command_on(1, 'publish', 9, undef, amf_string("slow-$how"),
                           'live');
    ok called('publish', "slow-$how"), "$how while the call runs";
    $rtmp->$how;
    $t->log_like(qr/rtmp connection closed, stream "slow-$how"/, 'is noticed');
}
is answer('after'), 'Start', 'others are served';
ok !stream_status($t, 'slow-close'), 'and it is no stream';
is scalar(() = calls('publish_done', 'slow-close')), 0, 'nor its end';

# --- the end ----------------------------------------------------------------

for my $how (qw(close reset)) {
    ($code, $rtmp) = answer("end-$how");
    send_media($rtmp, 500);
    $rtmp->$how;
    ok called('publish_done', "end-$how"), "publish_done after a $how";
}

# --- updates ----------------------------------------------------------------

($code, $rtmp) = answer('kicked', port => 2);
is $code, 'Start', 'a publisher that is let in first';
is code($rtmp), 'NetStream.Publish.Denied',
    'is sent away by an update';
is $rtmp->wait_message(sub { 0 }), undef, 'nothing more';
ok $rtmp->eof, 'and closed';
$t->log_like(qr/\[info\].* sent away by "\Q$url\E": status 403, stream "kicked"/,
    'log');
$t->log_like(qr/stream "kicked" interrupted/, 'as interrupted');
ok called('publish_done', 'kicked'), 'and told to be over';

($code, $rtmp) = answer('flaky', port => 2);
ok +(wait_for { scalar(() = calls('update_publish', 'flaky')) >= 3 } 8),
    'updates that fail do not end it';
is stream_status($t, 'flaky')->{state}, 'starting', 'it is there';
$t->log_like(qr/\[warn\].* update of "\Q$url\E" works again: status 200, stream "flaky"/,
    'log');
is $t->log_count(qr/\[warn\].* update of .* failed: status 500, stream "flaky"/),
    1, 'one line';
$rtmp->close;

# --- connections ------------------------------------------------------------

{
    # one worker, so that its connections can be counted
    $t->conf(conf(workers => 1));
    ok $t->reload, 'one worker';

    my $before = $backend->count;
    is answer("kept$_", port => 5), 'Start', "call $_" for 1 .. 5;
    my %peers = map { $_->{peer} => 1 }
                ($backend->requests)[$before .. $before + 4];
    cmp_ok scalar(keys %peers), '<=', 2, 'connections are used again';

    # one that the backend closes when the next request comes
    is answer('stale', port => 5), 'Start', 'a kept connection was closed';
    my @tries = calls('publish', 'stale');
    is scalar(@tries), 2, 'there was a second try';
    isnt $tries[0]{peer}, $tries[1]{peer}, 'on another connection';

    is answer('closing', port => 5), 'Start', 'one that closes afterwards';
    is answer("closed$_", port => 5), 'Start', 'is no matter' for 1, 2;

    # the backend is started anew: all of them are closed
    $backend->stop;
    $backend->start;
    is answer('again', port => 5), 'Start', 'a backend that was restarted';
}

# --- reload, exit -----------------------------------------------------------

$t->conf(conf(workers => 2));
$rtmp = connected();
$rtmp->create_stream;
$rtmp->send_command_on(1, 'publish', 9, undef, amf_string('slow-reload'),
                       'live');
ok called('publish', 'slow-reload'), 'a call';
ok $t->reload, 'a reload while it runs';
is code($rtmp), 'NetStream.Publish.Start',
    'the old worker goes on';
send_media($rtmp, 1500);
ok +(wait_for { $t->get('/live/slow-reload/v0/index.m3u8')->status == 200 } 5),
    'with the stream';
$rtmp->reset;
ok called('publish_done', 'slow-reload'), 'an exiting worker tells of its end';

# worker_shutdown_timeout: a call does not outlive it
$t->conf("worker_shutdown_timeout 200ms;\n" . conf());
ok $t->reload, 'a reload with worker_shutdown_timeout';
$rtmp = connected();
$rtmp->create_stream;
$rtmp->send_command_on(1, 'publish', 9, undef, amf_string('late'), 'live');
ok +(wait_for { scalar(() = calls('publish', 'late')) == 2 } 5), 'a call';
$t->conf(conf());
ok $t->reload, 'another';
like code($rtmp), qr/^NetStream\.Publish\.(?:Failed|Denied)$/,
    'the publisher is told';
$t->log_like(qr/rtmp server is shutting down, stream "late"|refused by "\Q$url\E": server is shutting down, stream "late"/,
    'log');

($code, $rtmp) = answer('last');
is $code, 'Start', 'a publisher to the end';
$_->close for $rtmp, $cam, @two;
ok $t->quit, 'and the end of the server';
is scalar(() = calls('publish_done', 'last')), 1,
    'a worker exits when publish_done is through';
$t->no_log(qr{publish_done was not taken: .*stream "last"}, 'it was taken');

$t->finish;
done_testing();
