# Proves that a publisher may come by TLS (RTMPS) and through a proxy that
# says by the PROXY protocol where it comes from, versions 1 and 2, or both at
# once: every frame arrives, the log has the publisher's address, and who does
# not speak TLS or sends no such line is refused without a trace.
use strict;
use warnings;

use IO::Socket::SSL;
use Test::More;
use Test::Video;
use Test::Video::Live;
use Test::Video::Loop qw(wait_for);

my $t = Test::Video->new(log_level => 'info');
# a client that goes on sending when nginx has said good-bye
$t->expect_log(qr{SSL_shutdown\(\) failed .*application data after close notify});
my $root = $t->root;

system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
       . "-keyout $root/key.pem -out $root/cert.pem 2>$root/openssl") == 0
    or die "no certificate\n";

my $common = <<'CONF';
        video_rtmp live zone=live;
        video_segment 1s;
        video_part 200ms;
        video_window 20s;
        video_bitrate 2m;
CONF
my $tls = <<'CONF';
        ssl_certificate %%ROOT%%/cert.pem;
        ssl_certificate_key %%ROOT%%/key.pem;
CONF

$t->conf(live_conf(window => '20s', bitrate => '2m', servers => <<"CONF"))->run;
    server {
        listen 127.0.0.1:%%PORT_2%% ssl;
$tls$common    }
    server {
        listen 127.0.0.1:%%PORT_3%% proxy_protocol;
        set_real_ip_from 127.0.0.1;
$common    }
    server {
        listen 127.0.0.1:%%PORT_4%% ssl proxy_protocol;
        set_real_ip_from 127.0.0.1;
$tls$common    }
CONF

# what a TLS library makes of RTMP, if it is not what nginx expects
$t->expect_log(qr/SSL_do_handshake\(\) failed/);

my $flv = live_flv();
my $tags = live_tags();

sub ended { my ($name) = @_; return $t->log =~ /stream "$name" ended/ }
sub frames {
    my ($name) = @_;
    return ($t->log =~ /stream "$name" ended, (\d+) frames/)[0];
}


# --- RTMPS ------------------------------------------------------------------

# 6 s of 30 pictures, and of sound
my $want = 180 + 282;
my @ffmpeg = (qw(ffmpeg -v error -nostdin -re -i), $flv, qw(-c copy -f flv));

for my $url (['plain', 'rtmp', 1], ['tls', 'rtmps', 2]) {
    my ($name, $scheme, $port) = @$url;
    is system(@ffmpeg, "$scheme://127.0.0.1:" . $t->port($port)
              . "/live/$name"), 0, "$scheme: ffmpeg publishes";
    ok wait_for(sub { ended($name) }, 5), 'to the end';
    is frames($name), $want, 'every frame';
}

my ($plain, $secure) = map { $t->get("/live/$_/v0/index.m3u8")->body }
                       qw(plain tls);
is scalar(() = $secure =~ /^#EXTINF/mg), scalar(() = $plain =~ /^#EXTINF/mg),
    'as many segments';


# --- the PROXY protocol -----------------------------------------------------

# Publishes all of it at once, after what the proxy says.
sub publish {
    my ($name, $line, %o) = @_;
    my $rtmp = $t->rtmp(%o);

    $rtmp->send_raw($line);
    $rtmp->handshake or return;
    $rtmp->connect_app('live');
    $rtmp->create_stream;
    $rtmp->publish($name);
    $rtmp->send_tag(9, 0, $tags->{video_header}{body});
    $rtmp->send_tag(8, 0, $tags->{audio_header}{body});
    $rtmp->send_tag($_->{type}, $_->{timestamp}, $_->{body})
        for @{ $tags->{frames} };
    $rtmp->unpublish($name);
    $rtmp->close;
    return 1;
}

my $v2 = "\r\n\r\n\0\r\nQUIT\n" . pack 'C C n N N n n', 0x21, 0x11, 12,
         0xc6336407, 0x7f000001, 40000, 1935;

ok publish('v1', "PROXY TCP4 192.0.2.7 127.0.0.1 40000 1935\r\n",
           port => 3), 'version 1';
ok publish('v2', $v2, port => 3), 'version 2';

for my $way (['v1', '192.0.2.7'], ['v2', '198.51.100.7']) {
    my ($name, $address) = @$way;
    ok wait_for(sub { ended($name) }, 5), "$name: to the end";
    is frames($name), $want, 'every frame';
    my ($line) = grep { /stream "$name" ended/ } split /^/, $t->log;
    like $line, qr/client: \Q$address\E\b/, 'from the publisher, says the log';
}

ok !publish('none', '', port => 3), 'without the line: nothing';
like $t->log, qr/broken header: /,
    'but one in the log';


# --- both -------------------------------------------------------------------

# What terminates TCP sends the line before TLS begins.
my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                   PeerPort => $t->port(4)) or die $!;
print $socket "PROXY TCP4 192.0.2.9 127.0.0.1 40000 1935\r\n";
$socket->flush;
ok(IO::Socket::SSL->start_SSL($socket, SSL_verify_mode => 0),
    'TLS after the line');
print $socket "\3" . "\0" x 1536;
my $answer = '';
read $socket, $answer, 1537;
is ord $answer, 3, 'and RTMP in it';
close $socket;


# --- who is refused ---------------------------------------------------------

ok !eval { publish('clear', '', port => 2) }, 'RTMP where TLS is spoken';
is $t->get('/live/clear/v0/index.m3u8')->status, 404, 'is no stream';
done_testing();
