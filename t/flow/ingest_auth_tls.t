# Proves that publishers are let in by an HTTP server over TLS: one that is told
# whom it is to be, and is believed only if its certificate is of that name and
# trusted; that its connections are used again; and that one that is slow, dead
# or no TLS at all costs nobody but its publisher.
use strict;
use warnings;

use IO::Socket::INET;
use Test::More;
use Test::Video;
use Test::Video::Live;

my $t = Test::Video->new(log_level => 'info');
my $dir = $t->root;

for my $cert (['good', 'localhost', 'DNS:localhost,IP:127.0.0.1'],
              ['other', 'example.com', 'DNS:example.com'])
{
    my ($name, $cn, $alt) = @$cert;
    system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=$cn "
           . "-addext subjectAltName=$alt -keyout $dir/$name.key "
           . "-out $dir/$name.pem 2>$dir/openssl") == 0
        or die "no certificate\n";
}

my $backend = $t->backend(sub {
    my ($r) = @_;
    my $args = Test::Video::Backend::decode_args($r->{body});

    return [403] if $args->{name} eq 'no';
    return [302, { Location => '/renamed' }] if $args->{name} eq 'old';
    return [200, {}, 'x' x 20000] if $args->{name} eq 'long';
    return [200];
});

# a server that takes connections, and says nothing
my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 8,
                                   LocalPort => $t->port(6), ReuseAddr => 1)
    or die "cannot listen: $!\n";

my $auth = 'video_publish_auth https://localhost:%%PORT_2%%/auth;';
my $trust = 'video_publish_auth_ssl_trusted_certificate %%ROOT%%/good.pem;';
my $trust_other = $trust =~ s/good/other/r;

# The backend does not speak TLS: nginx does for it, on PORT_2 and PORT_3, a
# connection there for each that it has.  With another certificate, or when it
# ends, who still has an end to tell would try for long.
sub conf {
    my ($directives, %o) = @_;
    my $certificate = $o{certificate} // 'good';
    my $tls = "ssl_certificate %%ROOT%%/$certificate.pem;"
        . "ssl_certificate_key %%ROOT%%/$certificate.key;";
    my $more = $o{more} // '';

    return live_conf(workers => $o{workers} // 1,
                     rtmp => "video_publish_auth_timeout 2s;\n"
                         . "video_publish_done_tries 1;\n$directives",
                     servers => <<"CONF");
    log_format sni '"\$ssl_server_name" \$ssl_protocol';
    server {
        listen 127.0.0.1:%%PORT_2%% ssl;
        ssl_protocols TLSv1.2 TLSv1.3;
        $tls
        access_log %%ROOT%%/sni.log sni;
        proxy_pass 127.0.0.1:%%PORT_7%%;
    }
    server {
        listen 127.0.0.1:%%PORT_3%% ssl;
        ssl_protocols TLSv1.2;
        $tls
        access_log %%ROOT%%/sni.log sni;
        proxy_pass 127.0.0.1:%%PORT_7%%;
    }
    $more
CONF
}

# as another process, such as a proxy, sees them
$t->expect_log(qr/SSL_do_handshake\(\) failed|SSL_shutdown\(\) failed/);


sub answer {
    my ($name, %o) = @_;
    my $rtmp = $t->rtmp(port => $o{port} // 1);

    $rtmp->handshake && $rtmp->connect_app('live') or die "cannot connect\n";
    my $status = $rtmp->publish($name);
    my $code = $status ? $status->{info}{code} : 'nothing';

    $code =~ s/^NetStream\.Publish\.//;
    return wantarray ? ($code, $rtmp) : $code;
}

sub calls {
    my ($call, $name) = @_;

    return grep {
        my $args = Test::Video::Backend::decode_args($_->{body});
        $args->{call} eq $call && $args->{name} eq $name;
    } $backend->requests;
}

sub reload {
    my ($title, @conf) = @_;

    $t->conf(conf(@conf));
    return ok $t->reload, $title;
}


# --- allowed ----------------------------------------------------------------

$t->conf(conf("$auth $trust video_publish_update 1s;"))->run;

my ($code, $rtmp) = answer('cam');
is $code, 'Start', 'a publisher is let in by TLS';
ok +(wait_for { scalar(() = calls('update_publish', 'cam')) } 5), 'an update';
$rtmp->unpublish('cam');
ok +(wait_for { scalar(() = calls('publish_done', 'cam')) } 5), 'the end';
my ($call) = calls('publish', 'cam');
is $call->{headers}{host}, 'localhost:' . $t->port(2), 'Host';
is answer('no'), 'Denied', 'another is refused';
$t->log_like(qr/\[info\].* refused by "https:\S+": status 403, stream "no"/,
    'log');
($code, $rtmp) = answer('old');
is $code, 'Start', 'and one is renamed';
ok +(wait_for { stream_status($t, 'renamed') } 5), 'so';
$rtmp->close;
is answer('long'), 'Start', 'a long answer';

# --- connections ------------------------------------------------------------

my $before = $backend->count;
is answer("kept$_"), 'Start', "call $_" for 1 .. 6;
my %peers = map { $_->{peer} => 1 }
            ($backend->requests)[$before .. $before + 5];
cmp_ok scalar(keys %peers), '<=', 3, 'connections are used again';

$backend->stop;
$backend->start;
is answer('again'), 'Start', 'they may have been closed';
ok +(wait_for { ($t->read_file('sni.log') // '') =~ /\n/ } 5), 'the proxy';
like $t->read_file('sni.log'), qr/^"localhost" TLSv1\.3$/m, 'was told the name';

# --- names, protocols -------------------------------------------------------

unlink "$dir/sni.log";
reload('by an address', "video_publish_auth https://127.0.0.1:%%PORT_3%%/; "
       . $trust, workers => 2);
is answer('cam'), 'Start', 'its certificate is of that';
reload('one of another name', "video_publish_auth https://127.0.0.1:%%PORT_2%%;"
       . " video_publish_auth_ssl_name example.com; $trust_other",
       certificate => 'other');
is answer('cam'), 'Start', 'which is looked for';
ok +(wait_for { ($t->read_file('sni.log') // '') =~ /^"-" TLSv1\.2$/m } 5),
    'no address as a name';
ok $t->quit, 'the end closes what was kept';
$t->run;
is answer('cam'), 'Start', 'another start';
reload('a certificate of the name in the URL', "$auth $trust");
ok +(wait_for { $t->read_file('sni.log') =~ /^"example\.com" TLSv1\.3$/m } 5),
    'the other name was said';

reload('one protocol', 'video_publish_auth https://localhost:%%PORT_3%%/a;'
       . " video_publish_auth_ssl_protocols TLSv1.2; $trust");
is answer('cam'), 'Start', 'that the server has';
reload('another', 'video_publish_auth https://localhost:%%PORT_3%%/a;'
       . " video_publish_auth_ssl_protocols TLSv1.3; $trust");
is answer('cam'), 'Denied', 'that it does not have';

# --- servers of one URL -----------------------------------------------------

sub server {
    my ($port, $directives) = @_;

    return "server { listen 127.0.0.1:%%PORT_$port%%; video_rtmp live "
        . "zone=live; video_bitrate 512k; video_window 8s; $directives }";
}

reload('a URL for several servers', '', more => "$auth $trust\n"
       . server(4, '') . server(5, 'video_publish_auth_ssl_trusted_certificate'
                                   . ' %%ROOT%%/other.pem;'));
is answer('one'), 'Start', 'is spoken to';
is answer('two', port => 4), 'Start', 'in the same way';
is answer('three', port => 5), 'Denied', 'or in another, whatever is kept';
is answer('four', port => 4), 'Start', 'but there';

# --- certificates -----------------------------------------------------------

sub refused {
    my ($title, $why, @conf) = @_;
    my $at = length $t->log;

    reload($title, @conf);
    is answer('refused'), 'Denied', 'is refused';
    my $log = substr $t->log, $at;
    like $log, qr/\[error\].*$why.* while calling "https:/, 'is told';
    like $log, qr/\[error\].* refused by "https:\S+": TLS failed, stream "refused"/,
        'and the publisher with it';
    is scalar(() = calls('publish', 'refused')), 0, 'nothing is asked';
    return;
}

refused('a certificate that nobody trusts', 'certificate of "localhost" is not '
        . 'trusted: \(\d+:self', $auth);
refused('one of another name', 'certificate is not of "localhost"',
        "$auth $trust_other", certificate => 'other');
refused('one of another address', 'certificate is not of "127.0.0.1"',
        $auth =~ s/localhost/127.0.0.1/r . $trust_other,
        certificate => 'other');
refused('one of another name than is wanted', 'certificate is not of "x.test"',
        "$auth $trust video_publish_auth_ssl_name x.test;");

reload('not verified', "$auth video_publish_auth_ssl_verify off;",
       certificate => 'other');
is answer('cam'), 'Start', 'any certificate will do';

# --- what is no TLS ---------------------------------------------------------

refused('a server without TLS', 'SSL_do_handshake\(\) failed',
        'video_publish_auth https://localhost:%%PORT_0%%/a;');

my $at = length $t->log;
reload('a server that says nothing', $trust . 'video_publish_auth '
       . 'https://127.0.0.1:%%PORT_6%%/a;', more => server(4, "$auth $trust"));
my $waiting = $t->rtmp(port => 1);
$waiting->handshake && $waiting->connect_app('live') && $waiting->create_stream;
$waiting->send_command_on(1, 'publish', 9, undef,
                          Test::Video::AMF::amf_string('late'), 'live');
is answer('meanwhile', port => 4), 'Start', 'others are served meanwhile';
is $waiting->wait_status(qr/./)->{info}{code}, 'NetStream.Publish.Denied',
    'its publisher is refused';
like substr($t->log, $at), qr/refused by "https:\S+": (?:timed out|TLS failed), stream "late"/,
    'log';

# --- the end of a worker ----------------------------------------------------

$t->conf("worker_shutdown_timeout 200ms;\n"
         . conf('video_publish_auth https://127.0.0.1:%%PORT_6%%/a;'
                . 'video_publish_auth_timeout 30s;')
           =~ s/video_publish_auth_timeout 2s;//r);
ok $t->reload, 'a reload with worker_shutdown_timeout';
$waiting = $t->rtmp(port => 1);
$waiting->handshake && $waiting->connect_app('live') && $waiting->create_stream;
$waiting->send_command_on(1, 'publish', 9, undef,
                          Test::Video::AMF::amf_string('held'), 'live');
my @old = $t->workers;
$t->conf(conf("$auth $trust"));
ok $t->reload, 'another, in the handshake';
ok +(wait_for { !kill 0, @old } 8), 'the old worker does not wait for it';

ok $t->quit, 'the end of the server';
$t->finish;
done_testing();
