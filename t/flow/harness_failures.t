# Proves that the flow harness fails a test that must fail: small .t texts are
# run in a child perl, and each has to end badly for the reason given.
use strict;
use warnings;

use File::Path ();
use Test::More;

use Test::Video::Child;


sub flow {
    my ($code) = @_;
    return <<"CHILD";
use strict; use warnings;
use Test::More;
use Test::Video;
my \$t = Test::Video->new->plan(1);
\$t->conf(<<'CONF');
%%GLOBALS%%
%%MODULES%%
worker_processes 2;
events { }
http {
    %%TEMP_PATHS%%
    access_log off;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location / { return 200 "x"; }
        location /slow { root %%ROOT%%; limit_rate_after 1k; limit_rate 1; }
    }
}
CONF
\$t->write_file('slow', 'x' x 5000);
\$t->run;
$code
CHILD
}

my ($ok, $output) = run_text(flow("is \$t->get('/')->body, 'x';"));
ok $ok, 'a good flow test passes' or diag $output;


# Flow tests.

my $log = "open my \$fh, '>>', \$t->root . '/logs/error.log';"
        . "print \$fh \"%s\\n\"; close \$fh; pass;";

fails 'flow: alert', flow(sprintf $log, '[alert] oh'),
      qr/not ok 2 - no unexpected alerts.*\[alert\] oh/s;
fails 'flow: sanitizer', flow(sprintf $log, 'UndefinedBehaviorSanitizer'),
      qr/not ok 2/;
($ok, $output) = run_text(flow("\$t->expect_log(qr/oh/);"
                               . sprintf $log, '[alert] oh'));
ok $ok, 'flow: expected alert' or diag $output;
fails 'flow: worker dies by itself',
      flow("kill 'KILL', (\$t->workers)[0]; "
           . "ok((wait_for { \$t->log =~ /exited on signal/ } 3), 'x');"),
      qr/not ok 2.*exited on signal 9/s;
($ok, $output) = run_text(flow("\$t->kill_worker(1); "
    . "ok((wait_for { \$t->log =~ /exited on signal/ } 3), 'x');"));
ok $ok, 'flow: worker killed by the test' or diag $output;
fails 'flow: dies early', flow('die "early\n";'), qr/^early$/m;
fails 'flow: configuration', flow("\$t->quit; \$t->conf('x'); \$t->run;"),
      qr/nginx ended at once/;
fails 'flow: wrong plan', flow('pass; pass;'), qr/planned 3 tests but ran 4/;


# Nothing is left behind, however a test ends.

($ok, $output) = run_text(flow("\$| = 1; print \$t->root, qq{ \\n}, "
    . "'pid ', \$t->pid, qq{\\n}; "
    . "\$t->backend(sub { '' }); kill 'KILL', \$\$;"));
my ($root, $pid) = $output =~ /^(\S+) \npid (\d+)/m;
require Test::Video::Loop;
ok !$ok && Test::Video::Loop::wait_for(sub { !kill 0, $pid }, 5),
   'nginx ends when its test is killed' or diag $output;
File::Path::remove_tree($root) if $root;        # nobody else does it then

# A worker whose master is gone is found and ended.
($ok, $output) = run_text(flow(
    "my \@workers = \$t->workers; kill 'KILL', \$t->pid; pass; \$t->quit; "
    . "print 'left: ', scalar(grep { kill 0, \$_ } \@workers), qq{\\n};"));
like $output, qr/^left: 0\n.*not ok 3.*outlived nginx/ms, 'flow: orphans';

# A connection that goes on holds nginx.
$ENV{TEST_NGINX_STOP_TIMEOUT} = 1;
fails 'flow: nginx does not stop',
      flow("my \$raw = \$t->raw; \$raw->write(qq{GET /slow HTTP/1.0\\r\\n"
           . "Host: a\\r\\n\\r\\n}); \$raw->read(10); ok !\$t->quit;"),
      qr/^ok 1\b.*not ok 3 .*did not stop within 1 s/ms;

done_testing;
