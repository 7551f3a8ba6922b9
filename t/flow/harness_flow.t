# Proves that the object of the flow tests does what t/lib/README.md says of
# it, against nginx without any module of ours: signals, clients, backends,
# incomplete answers, playlists.
use strict;
use warnings;

use Test::More;
use Test::Video;

my $t = Test::Video->new->plan(65);

my $conf = <<'CONF';
%%GLOBALS%%
%%MODULES%%
worker_processes 2;
events { worker_connections 64; }
http {
%%TEMP_PATHS%%
    access_log %%ROOT%%/logs/access.log;
    keepalive_timeout 60s;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        root %%ROOT%%/html;
        location = /generation { return 200 "one"; }
        location = /echo { return 200 "$request_method $http_a $args"; }
        location = /slow { limit_rate_after 1k; limit_rate 4k; }
        location = /never {
            try_files /slow =404;
            limit_rate_after 1k;
            limit_rate 1;
        }
        location /back/ {
            proxy_pass http://127.0.0.1:%%PORT_7%%;
            proxy_buffering off;
            proxy_http_version 1.1;
        }
    }
    server {
        listen 127.0.0.1:%%PORT_1%%;
        return 200 "second";
    }
}
CONF

$t->conf($conf);
$t->write_file('html/a.txt', 'hello world');
$t->write_file('html/slow', 'x' x 7_000);
$t->write_file('html/big', 'y' x 2_000_000);

my $backend = $t->backend(sub {
    my ($request) = @_;
    my $path = $request->{path};

    return [200, { 'Content-Length' => 100 }, 'too short']
        if $path eq '/back/short';
    return [200, {}, sub { $_[0]->('part'); return 'abort' }]
        if $path eq '/back/abort';
    return [200, {}, sub {
        my $write = shift;
        for (1 .. 3) {
            $write->("piece $_\n");
            select undef, undef, undef, 0.1;
        }
    }] if $path eq '/back/pieces';
    return [403, { A => ['1', '2'] }, 'no'] if $request->{nth} == 1;
    return "n$request->{nth} $request->{args}{k} $request->{body}";
});


# Requests.

is $t->run, $t, 'runs';
my $r = $t->get('/a.txt');
is $r->status, 200, 'status';
is $r->body, 'hello world', 'body';
is $r->header('content-length'), 11, 'header';
is $r->headers->{'content-type'}, 'text/plain', 'headers';
is $r->md5, '5eb63bbbe01eeed093cb22bb8f5acdc3', 'md5';
ok $r->complete, 'complete';
ok $r->done, 'done';
is $r->error, undef, 'no error';
cmp_ok $r->first_byte, '<=', $r->elapsed, 'times';

$r = $t->get('/a.txt', range => '6-10');
is $r->status . $r->body, '206world', 'range';
$r = $t->get('/a.txt', method => 'HEAD');
is $r->complete . $r->body, '1', 'HEAD';
is $t->get('/echo?q', headers => { A => 'b' })->body, 'GET b q', 'headers';
is $t->get('/', port => 1)->body, 'second', 'another port';
is $t->get('/', port => 5)->status, 0, 'nobody there';

$r = $t->get('/a.txt', keep => 1);
my $again = $t->get('/a.txt', over => $r);
is $again->body, 'hello world', 'over the same connection';

# Several at a time; each has its own times.
my $slow = $t->get('/slow', start => 1);
my $fast = $t->get('/a.txt');
ok !$slow->done, 'the slow one is still under way';
$slow->end;
ok $slow->complete, 'and comes whole';
cmp_ok $slow->elapsed, '>', $slow->first_body + 0.1, 'slowly';
cmp_ok scalar($slow->arrivals), '>', 1, 'in several pieces';
$slow = $t->get('/big', rate => 1_000_000, rcvbuf => 4096, start => 1);
ok +(wait_for { length $slow->body > 50_000 } 3), 'a slow reader reads';
$slow->close;
is $slow->complete, 0, 'and goes away';
is $t->get('/never', timeout => 0.1)->error, 'timed out', 'timeout';


# Answers that are cut short must be seen.

$r = $t->get('/back/short');
is $r->status, 200, 'short body has a good status';
ok !$r->complete, 'but is not complete';
is $r->error, 'closed by the server', 'and says why';
$r = $t->get('/back/abort');
ok !$r->complete && $r->body eq 'part', 'no last chunk: not complete';
$t->expect_log(qr/upstream prematurely closed/);
$t->log_like(qr/upstream prematurely closed/, 'nginx saw it too');

$r = $t->get('/back/pieces', start => 1);
ok +(wait_for { $r->body =~ /piece 1/ } 2), 'first piece';
ok !$r->done, 'comes before the last';
is $r->end->body, "piece 1\npiece 2\npiece 3\n", 'all pieces';
is $r->chunks, 4, 'as chunks';


# The backend.

$r = $t->get('/back/x?k=v%20w');
is $r->status, 403, 'first answer of the backend';
is $r->header('A'), '1, 2', 'repeated header';
is $t->get('/back/x?k=v%20w', body => 'data')->body, 'n2 v w data',
   'second answer';
is $backend->count, 5, 'requests counted';
is $backend->count(qr{/x}), 2, 'and by pattern';
is +($backend->requests)[-1]{method}, 'POST', 'and recorded';
$backend->stop;
is $t->get('/back/x')->status, 502, 'backend stopped';
$backend->start;
is $t->get('/back/y')->status, 403, 'backend started again';


# Raw connections.

my $raw = $t->raw;
ok $raw->write("GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n"), 'write';
like $raw->expect(qr/\r\n\r\n/), qr/^HTTP\/1.1 200/, 'expect';
is $raw->read(5), 'hello', 'read so many';
is $raw->read_exactly(6), ' world', 'read exactly';
is $raw->expect(qr/never/, 0.1), undef, 'expect gives up';
my $start = now();
$raw->slow(200)->write("GET /generation HTTP/1.1\r\nHost: a\r\n"
                       . "Connection: close\r\n\r\n");
cmp_ok now() - $start, '>', 0.15, 'slow writer';
$raw->slow(0);
like $raw->read_all, qr/one\z/, 'read to the end';
ok $raw->eof, 'end';
$raw->close;


# Signals.

my @workers = $t->workers;
is @workers, 2, 'two workers';
$slow = $t->get('/slow', start => 1);
wait_for { length $slow->body } 2;
$t->conf($conf =~ s/"one"/"two"/r);
ok $t->reload, 'reload';
is $t->get('/generation')->body, 'two', 'new configuration';
is scalar(grep { my $pid = $_; grep { $_ == $pid } @workers } $t->workers), 0,
   'new workers';
ok $slow->end->complete, 'an old request goes on to its end';

$t->expect_log(qr/\[emerg\].*nonsense/);
$t->write_file('conf/nginx.conf', 'nonsense on;');
is $t->reload, '', 'a reload that fails';
is $t->get('/generation')->body, 'two', 'old configuration stays';

my $master = $t->pid;
$t->conf($conf =~ s/"one"/"three"/r);
ok $t->upgrade, 'binary upgrade';
isnt $t->pid, $master, 'new master';
is $t->get('/generation')->body, 'three', 'that answers';

my $killed = $t->kill_worker(0);
ok !(grep { $_ == $killed } $t->workers), 'a worker killed';
ok +(wait_for { $t->workers == 2 } 5), 'and replaced';
is $t->log_count(qr/exited on signal 9/), 1, 'log_count';
$t->no_log(qr/this was never logged/);


# Jobs beside the test, files, the end.

my $job = $t->background(sub { return { body => $t->get('/a.txt')->body } });
is $job->end->{body}, 'hello world', 'job in the background';
is $t->read_file('html/a.txt'), 'hello world', 'files';
ok $t->quit, 'graceful end';
