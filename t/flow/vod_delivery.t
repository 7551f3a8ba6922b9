# Proves that files go out the same over TLS and HTTP/2, with kTLS asked for,
# with direct I/O, at a limited rate, and many at a time on one connection.
use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use Test::More;
use Test::Video;
use Test::Video::Media;
use Test::Video::VOD;

my $t = Test::Video->new;
my $root = $t->root;

system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
       . "-keyout $root/key.pem -out $root/cert.pem 2>$root/openssl") == 0
    or die slurp("$root/openssl");

my %way = (
    vod => '',
    direct => 'directio 4k; directio_alignment 512; aio threads;',
    limited => 'limit_rate 2m; limit_rate_after 100k;',
    threads => 'aio threads; sendfile_max_chunk 64k;',
    nosendfile => 'sendfile off;',
);

$t->conf(<<"CONF" =~ s/LOCATIONS/locations()/er)->run;
%%GLOBALS%%
%%MODULES%%
worker_processes 2;
events { worker_connections 256; }
video { zone vod 32m; }
http {
    access_log off;
%%TEMP_PATHS%%
    sendfile on;
    tcp_nopush on;
    open_file_cache max=100;
    video_segment 2s;
    ssl_certificate %%ROOT%%/cert.pem;
    ssl_certificate_key %%ROOT%%/key.pem;
    ssl_conf_command Options KTLS;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        listen 127.0.0.1:%%PORT_1%% ssl http2;
        location = /status { video_status; }
        LOCATIONS
    }
}
CONF

sub locations {
    return join '', map { "location /$_/ { video_vod zone=vod; "
                          . "alias %%ROOT%%/html/; $way{$_} }\n" } sort keys %way;
}

# as ffmpeg does it; by the second, which sendfile sends; and at two rates
my $movie = vod_file(size => '640x360', bitrate => '4000k');
$t->write_file('html/movie.mp4', slurp($movie));
$t->write_file('html/second.mp4', slurp(media_file('second.mp4', '-i', $movie,
    qw(-c copy -fflags +bitexact -chunk_duration 1000000 -f mp4))));

my @paths = map {
    my $name = $_;
    my @lists = map { vod_list($t, "/vod/$name/$_/index.m3u8") } 'v0', 'a0';
    ((map { ($_->{init}, @{ $_->{segments} }[0 .. 2]) } @lists),
     "/vod/$name/v0/0.ts", "/vod/$name/master.m3u8")
} 'movie.mp4', 'second.mp4';
push @paths, '/vod/second.mp4/progressive.mp4';

my %sum = map { my $answer = $t->get($_);
                ($_ => $answer->complete && md5_hex($answer->body)) } @paths;
cmp_ok scalar(grep { $_ } values %sum), '>', 16, 'what is to come';

# What curl gets of these, all at once on one connection.
sub by_curl {
    my ($where, @options) = @_;
    my ($n, $bad) = (0, 0);
    my @command = (qw(curl -k --no-progress-meter --max-time 60), @options);

    for my $path (@paths) {
        my $url = $path =~ s{^/vod}{}r;
        push @command, '-o', "$root/got." . $n++, "$where$url";
    }

    unlink glob "$root/got.*";
    my $status = system(@command) >> 8;
    $n = 0;

    for my $path (@paths) {
        my $file = "$root/got." . $n++;
        $bad++ if !-e $file || md5_hex(slurp($file)) ne $sum{$path};
    }

    return "status $status, $bad bad";
}

for my $way (sort keys %way) {
    my ($plain, $tls) = map { "$_/$way" } 'http://127.0.0.1:' . $t->port(0),
                                          'https://127.0.0.1:' . $t->port(1);
    is by_curl($plain, '--http1.1'), 'status 0, 0 bad', "$way: HTTP/1.1";
    is by_curl($tls, '--http1.1'), 'status 0, 0 bad', "$way: TLS";
    is by_curl($tls, '--http2', '--parallel'), 'status 0, 0 bad',
        "$way: HTTP/2, many at once";
}

# Clients that go away, some of them in the middle, cost nothing.
my $url = 'https://127.0.0.1:' . $t->port(1) . '/limited'
          . $paths[1] =~ s{^/vod}{}r;
for my $protocol ('--http1.1', '--http2') {
    system(qw(curl -sk --limit-rate 20k --max-time 0.3 -o /dev/null),
           $protocol, $url) for 1 .. 3;
}

wait_for { zone_numbers($t)->{refs} == 0 } 5;
is zone_numbers($t)->{refs}, 0, 'no reference is left';

$t->finish;
done_testing();
