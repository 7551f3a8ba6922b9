# Proves that stream keys, signed tokens and limits let in whom they should and
# nobody else, in this order and before any callback, with one line in the log
# that has no secret in it; that what the documentation says to make tokens with
# works; that a reload takes changed files; and that the limits hold over all
# workers.
use strict;
use warnings;

use Cwd qw(abs_path);
use Digest::SHA qw(hmac_sha256_hex);
use File::Basename qw(dirname);
use Test::More;
use Test::Video;
use Test::Video::AMF qw(amf_string);
use Test::Video::Live;
use Test::Video::Process;

my $t = Test::Video->new(log_level => 'info');
my $tags = live_tags();
my $docs = abs_path(dirname(__FILE__) . '/../../docs/ingest.md');

my $backend = $t->backend(sub {
    my ($r) = @_;
    my $args = Test::Video::Backend::decode_args($r->{body});

    return [302, { Location => '/renamed' }]
        if $args->{call} eq 'publish' && $args->{name} eq 'door';
    return [403] if $args->{call} eq 'publish' && $args->{name} eq 'shut';
    return [200];
});
my $url = $backend->url . '/auth';

# what no line of the log may have
my %secret = (cam => 'KeyOfCam0', hall => 'KeyOfHall', new => 'KeyOfHal2',
              any => 'KeyOfAny+=', door => 'KeyOfDoor', tail => 'KeyTail');
my $old = 'SecretOfTokens-old';
my $young = 'SecretOfTokens-new';

sub write_files {
    my (%o) = @_;

    $t->write_file('keys', "# NAME KEY\ncam $o{cam}\n\nhall\t$secret{hall}\n"
                           . "hall $secret{new} # both\n"
                           . "door $secret{door}\nshut $secret{door}\n"
                           . "gate $secret{door}\n");
    $t->write_file('any', "cam $secret{cam}\n*  $secret{any}\n");
    $t->write_file('secrets', join '', map { "$_\n" } @{ $o{secrets} });
    chmod 0600, map { $t->root . "/$_" } qw(keys any secrets);
    return;
}

sub server {
    my ($port, $more) = @_;

    return <<"CONF";
    server {
        listen 127.0.0.1:%%PORT_$port%% reuseport;
        video_rtmp live zone=live;
        video_rtmp other zone=live;
        video_segment 1s;
        video_window 8s;
        video_bitrate 512k;
        video_publish_grace 0;
        $more
    }
CONF
}

sub conf {
    my ($tokens, $limits) = @_;

    return live_conf(
        zone    => '128m',
        rtmp    => 'video_publish_keys %%ROOT%%/keys;',
        servers => join('',
            'limit_conn_zone $binary_remote_addr zone=from:1m;',
            server(2, "video_publish_token $tokens;"),
            server(3, "video_publish_keys %%ROOT%%/any arg=k_1;"),
            server(4, 'video_publish_keys %%ROOT%%/keys;'
                      . 'video_publish_token %%ROOT%%/secrets;'
                      . "video_publish_auth $url; $limits"),
            server(5, 'video_publish_streams 24;'),
            server(6, 'limit_conn from 3; video_publish_bitrate 512k 4s;')));
}

write_files(cam => $secret{cam}, secrets => [$old]);
$t->conf(conf('%%ROOT%%/secrets', ''))->run;


# The code and the text of the answer to publish, and the client.
sub answer {
    my ($name, $port, %o) = @_;
    my $rtmp = $t->rtmp(port => $port // 1);

    $rtmp->handshake or die "no handshake\n";
    $rtmp->connect_app($o{app} // 'live');
    my $status = $rtmp->publish($name);
    my $code = $status ? $status->{info}{code} : 'nothing';
    $code =~ s/^NetStream\.Publish\.//;
    return ($code, $status && $status->{info}{description}, $rtmp);
}

# Let in; good-bye.
sub allowed {
    my ($name, $port, $title, %o) = @_;
    my ($code, undef, $rtmp) = answer($name, $port, %o);
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is $code, 'Start', $title;
    $rtmp->unpublish('');
    1 while $rtmp->read_message;
    return;
}

# Refused with a text; the same, or another one, is in the log, once.
sub refused {
    my ($name, $port, $text, $title, %o) = @_;
    my ($stream) = $name =~ /^([^?]*)/;
    my $log = qr/publish is refused: \Q@{[ $o{log} || $text ]}\E, stream "$stream"/;
    my $before = $t->log_count($log);
    my ($code, $why, $rtmp) = answer($name, $port, %o);
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is $code, 'Denied', $title;
    is $why, $text, 'is told why';
    is $rtmp->wait_message(sub { 0 }), undef, 'nothing more';
    ok $rtmp->eof, 'and closed';
    is $t->log_count($log), $before + 1, 'one line';
    return;
}

sub token {
    my ($name, %o) = @_;
    my $e = $o{e} // time + 600;
    my $app = $o{app} // 'live';
    my $ip = defined $o{ip} ? "&ip=$o{ip}" : '';
    my $st = hmac_sha256_hex("$app/$name?e=$e$ip", $o{secret} // $old);

    return "$name?e=$e$ip&st=$st";
}

sub calls {
    my ($call, $name) = @_;

    return grep {
        my $args = Test::Video::Backend::decode_args($_->{body});
        $args->{call} eq $call && $args->{name} eq $name;
    } $backend->requests;
}


# --- keys -------------------------------------------------------------------

allowed("cam?key=$secret{cam}", 1, 'a key');
allowed("hall?x=y&key=$secret{hall}&z", 1, 'another, between arguments');
allowed("hall?key=$secret{new}", 1, 'a second one of the same name');
allowed("cam?key=Key%4ffCam0", 1, 'an encoded one');
refused('cam', 1, 'no stream key', 'none');
refused("cam?Key=$secret{cam}", 1, 'no stream key', 'another argument');
refused('cam?key=', 1, 'wrong stream key', 'an empty one');
refused("cam?key=$secret{hall}", 1, 'wrong stream key', "another stream's");
refused("cam?key=$secret{cam}x", 1, 'wrong stream key', 'more than the key');
refused('cam?key=' . 'x' x 4000, 1, 'wrong stream key', 'a long one');
refused("cam?key=x&key=$secret{cam}", 1, 'two stream keys', 'two');
refused("nobody?key=$secret{cam}", 1, 'wrong stream key',
        'a name without a key', log => 'a stream without a key in the file');

allowed("cam?k_1=$secret{cam}", 3, 'of another argument');
refused("cam?key=$secret{cam}", 3, 'no stream key', 'and not of this');
allowed("nobody?k_1=$secret{any}", 3, 'the key of any name');
refused("cam?k_1=$secret{any}", 3, 'wrong stream key',
        'but not of one that has its own');

# --- a real client ----------------------------------------------------------

sub ffmpeg {
    my ($stream, $port) = @_;

    return Test::Video::Process::spawn(
        cmd => [qw(ffmpeg -v error -nostdin -re -stream_loop -1 -i), live_flv(),
                qw(-c copy -f flv), 'rtmp://127.0.0.1:' . $t->port($port)
                                    . "/live/$stream"],
        output => $t->root . '/ffmpeg.log');
}

my $ffmpeg = ffmpeg("cam?key=$secret{cam}", 1);
ok +(wait_for { $t->get('/live/cam/v0/index.m3u8')->status == 200 } 8),
    'ffmpeg with a key publishes';
my $bad = ffmpeg('hall?key=nonsense', 1);
ok defined Test::Video::Process::wait_exit($bad, 8), 'with a wrong one it ends';
ok !stream_status($t, 'hall'), 'and there is no stream';

# a client that cuts the URL at the last "/" makes a name of the key's end
my ($code, $why) = answer("$secret{tail}?x", 1, app => "live/cam?key=Key");
is $code, 'Denied', 'a key with a slash';
($code, $why) = answer("no name?key=$secret{cam}", 1);
is $code, 'BadName', 'a key of an invalid name';
$t->log_like(qr/rtmp invalid stream name, stream "no name",/, 'log');
{
    my $rtmp = $t->rtmp;
    $rtmp->handshake;
    $rtmp->connect_app("none?key=$secret{cam}");
    $t->log_like(qr/rtmp unknown application, stream "none",/,
        'one of an unknown application');
}
$t->no_log(qr/key=/, 'no arguments in the log');
$t->no_log(qr/every user of the system can read/, 'nobody else reads the files');

# --- tokens -----------------------------------------------------------------

allowed(token('cam1'), 2, 'a token');
allowed(token('cam1', e => time + 5), 2, 'that is good for five seconds');
allowed(token('cam1', app => 'other'), 2, 'of another application',
        app => 'other');
allowed(token('cam1', ip => '127.0.0.1'), 2, 'of an address');
allowed(token('cam1', ip => '::ffff:127.0.0.1'), 2, 'written otherwise');

refused('cam1', 2, 'no token', 'none');
refused('cam1?e=' . (time + 600), 2, 'no token', 'only a time');
refused('cam1?e=soon&st=' . '0' x 64, 2, 'malformed token', 'a malformed one');
refused(token('cam1') . '00', 2, 'malformed token', 'too long a one');
refused(token('cam1', e => time - 2), 2, 'expired token', 'an old one');
refused(token('cam1', app => 'other'), 2, 'wrong token',
        "another application's");
refused(token('cam2') =~ s/cam2/cam1/r, 2, 'wrong token', "another stream's");
refused(token('cam1', secret => $young), 2, 'wrong token',
        'by an unknown secret');
refused(token('cam1', e => time - 2) =~ s/e=\d+/'e=' . (time + 600)/er, 2,
        'wrong token', 'prolonged');
refused(token('cam1', ip => '192.0.2.7'), 2, 'token of another address',
        "another address's");
refused(token('cam1', ip => 'x'), 2, 'token of another address', 'of none');

# the command line of the documentation, word for word
{
    open my $fh, '<', $docs or die "$docs: $!\n";
    my ($lines) = do { local $/; <$fh> } =~ /```sh\n(SECRET=.*?)```/s;
    ok $lines, 'the documentation makes a token';
    my ($name, $made) = split /\n/, `set -e; $lines echo "\$SECRET"`;
    like $name, qr/^cam1\?e=\d+&st=[0-9a-f]{64}$/, 'by openssl';

    write_files(cam => $secret{cam}, secrets => ['# two', $old, $made]);
    ok $t->reload, 'its secret is added';
    allowed($name, 2, 'and it is taken');
    allowed(token('cam1'), 2, 'beside those of the old one');
}

# --- reload -----------------------------------------------------------------

my ($running) = grep { /stream "cam" is live/ } split /\n/, $t->log;
ok $running, 'a stream is on air';
write_files(cam => 'KeyOfCam1', secrets => [$young]);
ok $t->reload, 'other keys, other secrets';
is stream_status($t, 'cam')->{state}, 'live', 'it stays';
Test::Video::Process::end($ffmpeg);
ok +(wait_for { my $s = stream_status($t, 'cam');
                !$s || $s->{state} ne 'live' } 5), 'until it ends';
refused("cam?key=$secret{cam}", 1, 'wrong stream key', 'the old key');
allowed('cam?key=KeyOfCam1', 1, 'the new one');
refused(token('cam1'), 2, 'wrong token', 'the old secret');
allowed(token('cam1', secret => $young), 2, 'the new one');

write_files(cam => 'KeyOfCam1 more', secrets => [$young]);
$t->expect_log(qr/\[emerg\].* more than a name and a key in \S+:2/);
ok !$t->reload, 'a file that is wrong';
allowed('cam?key=KeyOfCam1', 1, 'changes nothing');
write_files(cam => 'KeyOfCam1', secrets => [$young]);
chmod 0644, $t->root . '/secrets';
ok $t->reload, 'a file that others can read';
$t->log_like(qr/\[warn\].* every user of the system can read the secrets of "\S+secrets"/,
    'is warned of');

# --- all together -----------------------------------------------------------

$t->conf(conf('%%ROOT%%/secrets', 'video_publish_streams address=2;'));
ok $t->reload, 'keys, tokens, a callback and a limit';

my $door = token('door', secret => $young);
refused($door, 4, 'no stream key', 'a token without a key');
refused("door?key=$secret{door}", 4, 'no token', 'a key without a token');
refused("$door&key=$secret{door}x", 4, 'wrong stream key', 'a wrong key');
is scalar(() = $backend->requests), 0, 'nobody has been asked';
($code) = answer(token('shut', secret => $young) . "&key=$secret{door}", 4);
is $code, 'Denied', 'both right: the callback decides';

my ($started, undef, $rtmp) = answer("$door&key=$secret{door}", 4);
is $started, 'Start', 'all agree';
ok stream_status($t, 'renamed'), 'the callback names it';
my ($call) = calls('publish', 'door');
like $call->{body}, qr/&st=[0-9a-f]{64}&key=$secret{door}$/,
    'it is told all arguments';

my @more = (answer('one', 5))[2];
refused(token('gate', secret => $young) . "&key=$secret{door}", 4,
        'too many streams of the address', 'the limit is the last',
        log => 'too many streams of the address, '
               . '"video_publish_streams" of "live" is address=2');
ok +(wait_for { scalar(() = calls('publish_done', 'gate')) } 5),
    'the callback hears of the end';

# --- limits -----------------------------------------------------------------

# one stream is "renamed", one is "one"; the name of the server does not matter
push @more, map { (answer("more$_", 5))[2] } 3 .. 24;
is scalar(grep { $_->{state} eq 'starting' } @{ status($t)->{streams} }), 24,
    'as many streams as may be';
my %pids = map { $_ => 1 } $t->log =~ /\[notice\] (\d+)#.* stream "(?:more\d+)" is published/g;
is scalar(keys %pids), 2, 'with both workers';
refused("last$_", 5, 'too many streams of the application', 'none more',
        log => 'too many streams of the application, '
               . '"video_publish_streams" of "live" is 24') for 1, 2;
allowed('last', 5, 'in another application', app => 'other');
(shift @more)->unpublish('');
ok +(wait_for { (stream_status($t, 'one') // { state => 'gone' })->{state}
                ne 'starting' } 5),
    'one ends';
my ($last, undef, $next) = answer('last', 5);
is $last, 'Start', 'there is room for another';
refused('last2', 5, 'too many streams of the application', 'and no more',
        log => 'too many streams of the application, '
               . '"video_publish_streams" of "live" is 24');
$_->close for @more, $next, $rtmp;
ok +(wait_for { !grep { $_->{state} =~ /starting|live/ }
                @{ status($t)->{streams} } } 5), 'all are gone';

# connections are nginx's
{
    my @three = map { $t->raw(6) } 1 .. 3;
    ok +(wait_for { $t->log_count(qr/client 127\.0\.0\.1:\d+ connected to 127\.0\.0\.1:@{[ $t->port(6) ]}/)
                    == 3 } 5), 'three connections';
    my $fourth = $t->raw(6);
    $fourth->read_all(5);
    ok !$fourth->socket || $fourth->eof, 'limit_conn closes the fourth';
    $t->log_like(qr/limiting connections by zone "from"/, 'log');
    $_->close for @three;
}

# 512k over 4 s are 262144 bytes
{
    my $feed;
    ok +(wait_for { $feed = eval { live_feed($t, 'slow', port => 6) } } 5),
        'and lets others come';
    $feed->to(2000);
    is stream_status($t, 'slow')->{state}, 'live', 'a slow publisher';
    $feed->end;

    ($code, undef, my $fast) = answer('fast', 6);
    $fast->send_tag(9, 0, $tags->{video_header}{body});
    my $sent = 0;
    my $junk = "\x17\x01\x00\x00\x00" . pack('N', 16000) . 'x' x 16000;
    while ($sent < 2e6) {
        $fast->send_tag(9, $sent / 1000, $junk) or last;
        $sent += length $junk;
    }
    my $status = $fast->wait_status(qr/Denied/);
    is $status && $status->{info}{description}, 'the bit rate is too high',
        'a fast one is sent away';
    is $fast->wait_message(sub { 0 }), undef, 'nothing more';
    ok $fast->eof, 'and closed';
    is $t->log_count(qr/\[error\].* publisher is sent away: \d+ bytes in \d+ms are more than "video_publish_bitrate" 524288 over 4000ms, stream "fast"/),
        1, 'one line';
    is $t->log_count(qr/rtmp .*"fast"/), 0, 'no other';
    my ($bytes) = $t->log =~ /sent away: (\d+) bytes/;
    cmp_ok $bytes, '<', 262144 + 65536 + 1, 'before it has sent much more';
}

# --- the log ----------------------------------------------------------------

my $log = $t->log;
my @told = grep { index($log, $_) >= 0 }
           grep { $_ ne $secret{tail} } values %secret, $old, $young,
           'KeyOfCam1';
is "@told", '', 'no secret is in the log';
my $status = $t->get('/status')->body;
is scalar(grep { index($status, $_) >= 0 } values %secret, $old, $young), 0,
    'nor in the status';

$t->finish;
done_testing();
