# Proves that the block harness fails a test that must fail: small .t texts are
# run in a child perl, and each has to end badly for the reason given.
use strict;
use warnings;

use Test::More;

use Test::Video::Child;


sub block {
    my ($sections, $head) = @_;
    return "use Test::Nginx::Socket 'no_plan';\n" . ($head // '')
         . "run_tests();\n__DATA__\n\n=== TEST 1: child\n$sections";
}


my $x = "--- config\nlocation = /x { return 200 \"x\"; }\n";
my $get = "$x--- request\nGET /x\n";

# What is written to the log from outside looks as if nginx had.
my $inject = "--- init\nopen my \$fh, '>>', \"\$ENV{TEST_NGINX_SERVER_ROOT}"
           . "/logs/error.log\"; print \$fh \"%s\\n\";\n";

my ($ok, $output) = run_text(block("$get--- response_body: x\n"));
ok $ok, 'a good block test passes' or diag $output;


fails 'wrong status', block("$get--- error_code: 404\n"),
      qr/not ok 1 - TEST 1: child - status code ok/;
fails 'default status', block("--- config\n--- request\nGET /none\n"),
      qr/got: '404'/;
fails 'wrong body', block("$get--- response_body: y\n"),
      qr/not ok 2 .*response_body/;
fails 'wrong header', block("$get--- response_headers\nContent-Length: 2\n"),
      qr/not ok 2 .*header Content-Length/;
fails 'header that should be absent',
      block("$get--- response_headers\n! Server\n"), qr/not ok 2/;
fails 'missing log line', block("$get--- error_log\nsome words\n"),
      qr/not ok 2 .*pattern "some words" matches/;
fails 'log line that should not be',
      block("$get--- no_error_log\nhttp process request line\n"),
      qr/not ok \d .*does not match/;
fails 'alert', block($get . sprintf $inject, '[alert] oh'),
      qr/not ok 2 - TEST 1: child - error.log: \[alert\] oh/;
fails 'crit', block($get . sprintf $inject, '[crit] oh'), qr/\[crit\] oh/;
fails 'alert beside one that is expected',
      block($get . sprintf($inject, '[crit] a\n[alert] b')
            . "--- error_log\n[crit] a\n"),
      qr/error.log: \[alert\] b/;
fails 'sanitizer report',
      block($get . sprintf $inject, '==1==ERROR: AddressSanitizer: oh'),
      qr/error.log: .*AddressSanitizer/;
fails 'sanitizer file',
      block("$get--- init\nopen my \$fh, '>', "
            . "\"\$ENV{TEST_NGINX_SERVER_ROOT}/logs/asan.1\"; "
            . "print \$fh 'heap-use-after-free';\n"),
      qr/report of a checker.*heap-use-after-free/s;
fails 'nginx crashed',
      block("$get--- init\nopen my \$fh, '<', "
            . "\"\$ENV{TEST_NGINX_SERVER_ROOT}/logs/nginx.pid\"; "
            . "kill 'SEGV', <\$fh> + 0;\n"),
      qr/nginx exited with signal 11/;
fails 'worker crashed',
      block("$get--- init\n"
            . "my \$pid = Test::Video::Server->can('read_file')"
            . "->({}, \"\$ENV{TEST_NGINX_SERVER_ROOT}/logs/nginx.pid\");\n"
            . "kill 'SEGV', Test::Video::Process::children(int \$pid);\n"
            . "--- wait: 0.3\n", "master_on();\n"),
      qr/error.log: .*exited on signal 11/;
fails 'nginx does not start', block("--- config\nnonsense;\n"),
      qr/nginx ended at once.*unknown directive/s;
fails 'nginx starts but must not', block("$x--- must_die\n"),
      qr/must refuse to start/;
fails 'read timeout',
      block("--- config\nlocation /s { limit_rate_after 1k; limit_rate 1; "
            . "root html; }\n--- user_files eval\n[['s', 'x' x 5000]]\n"
            . "--- request\nGET /s\n--- timeout: 200ms\n"),
      qr/client socket timed out/;
fails 'no config', block("--- request\nGET /x\n"), qr/no config section/;
fails 'unknown section', block("$get--- respnse_body: x\n"),
      qr/there is no section "respnse_body"/;
fails 'expectations that are not arrays',
      block("$x--- request eval\n['GET /x', 'GET /x']\n"
            . "--- response_body: x\n"),
      qr/several requests, so response_body must be an array/;
fails 'eval that does not compile',
      block("$x--- request eval\n'GET /x' . nothing::here()\n"),
      qr/TEST 1: child: eval: Undefined subroutine/;
fails 'missing environment',
      block("--- config\nset \$a \$TEST_NGINX_NO_SUCH;\n"
            . "--- request\nGET /\n"),
      qr/no environment variable TEST_NGINX_NO_SUCH/;


done_testing;
