# Proves that streams are sent on and fetched by TLS, that the other server is
# told whom it is to be, and that it is believed only if its certificate is of
# that name and trusted; what it is instead harms nobody.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Live;
use Test::Video::Target;

my $t = Test::Video->new(log_level => 'info');
my $tags = live_tags();
my $dir = $t->root;
my @frames = map { [@$_{qw(type timestamp body)}] } @{ $tags->{frames} };
my @media = ([9, 0, $tags->{video_header}{body}],
             [8, 0, $tags->{audio_header}{body}], @frames);

for my $cert (['good', 'localhost', 'DNS:localhost,IP:127.0.0.1'],
              ['other', 'example.com', 'DNS:example.com'])
{
    my ($name, $cn, $alt) = @$cert;
    system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=$cn "
           . "-addext subjectAltName=$alt -keyout $dir/$name.key "
           . "-out $dir/$name.pem 2>$dir/openssl") == 0
        or die "no certificate\n";
}

my $sink = Test::Video::Target->of($t, 4);
my $source = Test::Video::Target->of($t, 5, serve => \@media);

# targets do not speak TLS: nginx does, PORT_2 for the sink, PORT_3 for the
# source
sub conf {
    my ($certificate, @directives) = @_;
    my $tls = "ssl_certificate %%ROOT%%/$certificate.pem;"
        . "ssl_certificate_key %%ROOT%%/$certificate.key;";

    return live_conf(rtmp => join("\n", 'video_push_timeout 2s;',
                                  @directives), servers => <<"CONF");
    log_format sni '\$ssl_server_name \$ssl_protocol \$bytes_received';
    server {
        listen 127.0.0.1:%%PORT_2%% ssl;
        $tls
        access_log %%ROOT%%/sni.log sni;
        proxy_pass 127.0.0.1:%%PORT_4%%;
    }
    server {
        listen 127.0.0.1:%%PORT_3%% ssl;
        $tls
        proxy_pass 127.0.0.1:%%PORT_5%%;
    }
CONF
}

my $push = 'video_push rtmps://localhost:%%PORT_2%%/app;';
my $trust = 'video_relay_ssl_trusted_certificate %%ROOT%%/good.pem;';

# as another process, such as a proxy, sees them
$t->expect_log(qr/SSL_do_handshake\(\) failed|SSL_shutdown\(\) failed/);


# --- sent on ----------------------------------------------------------------

$t->conf(conf('good', $push, $trust))->run;

my $feed = live_feed($t, 'cam');
$feed->to(3000);
my @sent = grep { $_->[1] < 3000 } @frames;
ok +(wait_for { grep({ length $_->[2] > 10 } $sink->messages) >= @sent } 8),
    'a stream is pushed by TLS';
$feed->end;
ok +(wait_for { $sink->idle } 8), 'to its end';
my %got = map { ("@$_" => 1) } $sink->messages;
is scalar(grep { !$got{"@$_"} } @sent), 0, 'to the byte';
is +($sink->published)[0], 'cam', 'by its name';
ok +(wait_for { ($t->read_file('sni.log') // '') =~ /\n/ } 5), 'the proxy';
like $t->read_file('sni.log'), qr/^localhost TLSv1\.[23] [1-9]\d{4,}$/m,
    'has seen the name';
my ($connect) = grep { $_->{name} eq 'connect' } $sink->events('command');
like $connect->{args}[0]{tcUrl}, qr{^rtmps://localhost:\d+/app$}, 'tcUrl';
$t->no_log(qr/push (?:failed|was interrupted)/, 'nothing went wrong');

# --- fetched ----------------------------------------------------------------

$t->conf(conf('good', $trust,
    'video_pull live rtmps://127.0.0.1:%%PORT_3%%/app/ on_demand;'));
ok $t->reload, 'by an address';
is $t->get('/live/two/v0/index.m3u8')->status, 200,
    'a stream is fetched by TLS';
is status($t)->{relays}[0]{url}, 'rtmps://127.0.0.1:' . $t->port(3) . '/app',
    'status';

# --- certificates -----------------------------------------------------------

sub refused {
    my ($title, $why, @conf) = @_;
    my $before = length $t->log;
    my $accepted = $sink->published;

    $t->conf(conf(@conf));
    ok $t->reload, $title;
    my $publisher = live_feed($t, 'cam');
    $publisher->to(1000);
    ok +(wait_for { substr($t->log, $before)
        =~ /\[error\].*$why.* while pushing "cam" to "rtmps:/ } 5), 'is told';
    ok +(wait_for { substr($t->log, $before)
        =~ /\[error\].*push failed: TLS failed while/ } 5), 'and the end of it';
    is scalar(my @now = $sink->published), $accepted, 'nothing is published';
    $publisher->end;
    return;
}

refused('a certificate that nobody trusts', 'certificate of "localhost" is not '
        . 'trusted: \(\d+:self', 'good', $push);
refused('one of another name', 'certificate is not of "localhost"', 'other',
        $push, 'video_relay_ssl_trusted_certificate %%ROOT%%/other.pem;');
refused('one of another address', 'certificate is not of "127.0.0.1"', 'other',
        $push =~ s/localhost/127.0.0.1/r,
        'video_relay_ssl_trusted_certificate %%ROOT%%/other.pem;');

$t->conf(conf('other', $push, 'video_relay_ssl_verify off;'));
ok $t->reload, 'not verified';
my $n = my @published = $sink->published;
$feed = live_feed($t, 'cam');
$feed->to(1000);
ok +(wait_for { $sink->published > $n } 8), 'any certificate will do';
$feed->end;

# --- what is no TLS ---------------------------------------------------------

my $before = length $t->log;
$t->conf(conf('good', 'video_push rtmps://localhost:%%PORT_4%%/app;'));
ok $t->reload, 'a server without TLS';
$feed = live_feed($t, 'cam');
$feed->to(1000);
ok +(wait_for { substr($t->log, $before)
    =~ /push failed: (?:TLS failed|timed out) while pushing "cam"/ } 8),
    'fails';
$feed->more(1000);
$feed->end;
ok +(wait_for { !@{ status($t)->{relays} } } 8), 'nothing is left';

ok $t->quit, 'the end of the server';
$_->stop for $source, $sink;
$t->finish;
done_testing();
