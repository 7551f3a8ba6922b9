# Proves that all of live works over HTTP/2, many requests of one connection at
# a time: what waits is answered by the frame it needs, segments grow, clients
# that go away in the middle leave nothing behind, and a reload disturbs none.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;
use Test::Video::Process;
use Test::Video::VOD;

plan skip_all => 'no curl with HTTP/2'
    if `curl --version 2>&1` !~ /^Features:.*\bHTTP2\b/m;

my $t = Test::Video->new;
my $root = $t->root;

system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
       . "-keyout $root/key.pem -out $root/cert.pem 2>$root/openssl") == 0
    or die "no certificate\n";

$t->conf(live_conf(window => '30s', locations => <<'CONF'))->run;
    }
    server {
        listen 127.0.0.1:%%PORT_3%% ssl http2 sndbuf=16k;
        ssl_certificate %%ROOT%%/cert.pem;
        ssl_certificate_key %%ROOT%%/key.pem;
        location /live/ { video_live zone=live; }
CONF

# Starts curl with all of these on one connection; so many at a time.
sub curl {
    my ($name, $paths, @options) = @_;
    my $n = 0;
    my @command = (qw(curl -k --no-progress-meter --http2 --parallel
                      --parallel-max 100 --max-time 20 -w),
                   '%{http_version} %{http_code} %{exitcode}\n', @options);

    unlink glob "$root/$name.*";
    push @command, '-o', "$root/$name." . $n++,
        'https://127.0.0.1:' . $t->port(3) . $_ for @$paths;

    return { pid => Test::Video::Process::spawn(cmd => \@command,
                                                output => "$root/$name.said"),
             name => $name, paths => $paths };
}

sub running { return !defined Test::Video::Process::exit_status($_[0]{pid}) }

# Waits for its end: bodies, in the order of the paths; all with status 200.
sub bodies {
    my ($curl, $title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    ok +(wait_for { !running($curl) } 20), "$title: all have ended";
    my @said = split /\n/, slurp("$root/$curl->{name}.said");
    is_deeply \@said, [('2 200 0') x @{ $curl->{paths} }], "$title: with 200";
    return map { -f "$root/$curl->{name}.$_" ? slurp("$root/$curl->{name}.$_")
                                             : '' } 0 .. $#{ $curl->{paths} };
}

# curl has had the time of some requests.
sub is_waiting {
    my ($curl, $title) = @_;
    wait_for { 0 } 0.5;
    $t->get('/pid') for 1 .. 3;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok running($curl), $title;
    return;
}

# --- before there is anything -----------------------------------------------

my $feed = live_feed($t, 'cam');
my @first = map { "/live/cam/$_" } qw(master.m3u8 v0/index.m3u8 a0/index.m3u8
                                      v0/init.mp4 a0/init.mp4 manifest.mpd);
my $curl = curl('first', \@first);
is_waiting $curl, 'a stream without media is waited for';
$feed->to(2200);
my @got = bodies($curl, 'a stream that begins');
like $got[0], qr/^#EXT-X-STREAM-INF/m, 'the multivariant playlist';
like $got[1], qr/^#EXT-X-PART:/m, 'one of media';
is substr($got[3], 4, 4), 'ftyp', 'an init segment';
like $got[5], qr/<SegmentT/, 'the manifest';

# --- what is about to come --------------------------------------------------

my @kinds = qw(v0 a0);
my %list = map { $_ => media_list($t, "/live/cam/$_/index.m3u8") } @kinds;
my @paths;
for my $kind (@kinds) {
    my $list = $list{$kind};
    my $query = "index.m3u8?_HLS_msn=$list->{next_msn}";
    my ($dir) = $list->{hints}[0]{path} =~ m{^(.*/)};

    push @paths, $list->{hints}[0]{path}, "$dir$list->{next_msn}.m4s",
        "$dir" . ($list->{next_msn} + 1) . '.m4s', "/live/cam/$kind/$query",
        "/live/cam/$kind/$query&_HLS_part=$list->{next_part}&_HLS_skip=YES";
}
# more than one client asks for
my @many = map { @paths } 1 .. 5;
$curl = curl('next', \@many);
is_waiting $curl, scalar(@many) . ' requests wait on one connection';
$feed->to($feed->{at} + 34) while $feed->{at} < 5200 && running($curl);
$feed->to(5200);
@got = bodies($curl, 'what comes');

for my $i (0 .. $#paths) {
    next if $paths[$i] =~ /m3u8/;
    my $plain = $t->get($paths[$i]);
    is scalar(grep { $got[$i + @paths * $_] eq $plain->body } 0 .. 4), 5,
        'all get what HTTP/1.1 does';
}
for my $i (grep { $paths[$_] =~ /m3u8/ } 0 .. $#paths) {
    my $list = Test::Video::HLS::parse($got[$i]);
    my ($msn) = $paths[$i] =~ /msn=(\d+)/;
    cmp_ok $list->{next_msn}, '>=', $msn, 'a playlist has what it waited for';
}

# --- clients that go away ---------------------------------------------------

my $held = zone_numbers($t)->{refs};    # by the publisher
my $list = media_list($t, '/live/cam/v0/index.m3u8');
my ($dir) = $list->{hints}[0]{path} =~ m{^(.*/)};
my @segments = map { "$dir$_.m4s" } segment_msns($list);
my @gone = map { curl("gone$_", [($list->{hints}[0]{path},
        "/live/cam/v0/index.m3u8?_HLS_msn=$list->{next_msn}",
        "$dir$list->{next_msn}.m4s", @segments) x 3],
        '--limit-rate', '2k') } 1 .. 4;
is_waiting $gone[0], 'requests that wait, and bodies that go slowly';
$feed->to($feed->{at} + 100);   # in the middle of a part
kill 'KILL', $_->{pid} for @gone[0, 1];
kill 'TERM', $_->{pid} for @gone[2, 3];
ok +(wait_for { !grep { running($_) } @gone } 5), 'their clients go';
wait_for { zone_numbers($t)->{refs} == $held } 5;
is zone_numbers($t)->{refs}, $held, 'nothing is held';
$feed->to(7200);
is $t->get("$dir$list->{next_msn}.m4s")->status, 200, 'the stream goes on';

# --- refused ----------------------------------------------------------------

my $far = $list->{next_msn} + 100;
$curl = curl('far', ["/live/cam/v0/index.m3u8?_HLS_msn=$far",
                     "/live/cam/v0/index.m3u8?_HLS_part=1",
                     '/live/none/master.m3u8', "$dir$far.m4s"]);
wait_for { !running($curl) } 10;
is join(' ', sort map { (split)[1] } split /\n/, slurp("$root/far.said")),
    '400 400 404 404', 'statuses of errors';

# --- a reload ---------------------------------------------------------------

$list = media_list($t, '/live/cam/v0/index.m3u8');
@paths = ($list->{hints}[0]{path}, "$dir$list->{next_msn}.m4s",
          "/live/cam/v0/index.m3u8?_HLS_msn=$list->{next_msn}");
$curl = curl('reload', \@paths);
is_waiting $curl, 'requests wait';
ok $t->reload, 'a reload';
$feed->to(9200);
@got = bodies($curl, 'what the old worker has');
ok $got[$_] eq $t->get($paths[$_])->body, 'the same as of the new' for 0, 1;

# --- the end ----------------------------------------------------------------

$list = media_list($t, '/live/cam/v0/index.m3u8');
my $after = $list->{next_msn} + 1;
$curl = curl('end', [map { "/live/cam/$_/index.m3u8?_HLS_msn=$after" } @kinds]);
is_waiting $curl, 'who waits for more';
$feed->end;
@got = bodies($curl, 'the end of the stream');
like $got[0], qr/^#EXT-X-ENDLIST/m, 'is told';

ok $t->quit, 'the end of the server';
$t->finish;
done_testing();
