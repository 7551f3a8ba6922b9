# Proves that the block harness does what t/lib/README.md says of it: each
# section and each pitfall, against nginx without any module of ours.  That
# tests which must fail do fail is proved in t/harness_failures.t.
use Test::Nginx::Socket 'no_plan';

use Digest::MD5 qw(md5_hex);

our $inits = 0;

repeat_each(2);

add_block_preprocessor(sub {
    my $block = shift;
    $block->set_value('request', 'GET /preprocessed')
        if $block->name =~ /preprocessor/;
});

run_tests();

__DATA__

=== TEST 1: one request, defaults
--- config
    location = /hello { return 200 "hello\n"; }
--- request
GET /hello
--- response_body
hello
--- response_headers
Content-Type: text/plain
Content-Length: 6
! X-None
--- no_error_log
[error]



=== TEST 2: static files, default root, several requests
--- config
--- user_files
>>> a.txt
line one
line two
>>> sub/b.txt
b
--- request eval
["GET /a.txt", "GET /sub/b.txt", "HEAD /a.txt", "GET /index.html"]
--- response_body eval
["line one\nline two\n", "b\n", "", qr/It works!/]
--- error_code eval
[200, 200, 200, 200]
--- response_headers eval
["Content-Length: 18", "Content-Length: 2", "Content-Length: 18", "! X"]



=== TEST 3: range of a binary file
--- config
--- user_files eval
[["bin", join "", map { chr } 0 .. 255]]
--- request
GET /bin
--- more_headers
# a comment
Range: bytes=10-19
--- error_code: 206
--- response_headers
Content-Range: bytes 10-19/256
--- response_body eval
join "", map { chr } 10 .. 19



=== TEST 4: pipelined requests on one connection
--- config
    location = /a { return 200 "a$connection_requests"; }
    location = /b { return 404 "b"; }
--- pipelined_requests eval
["GET /a", "GET /b", "HEAD /a", "GET /a"]
--- error_code eval
[200, 404, 200, 200]
--- response_body eval
["a1", "b", "", "a4"]



=== TEST 5: body of a request is trimmed and measured
--- config
    location = /post { return 200 "$request_method $content_length $http_x"; }
--- request
POST /post

four
--- more_headers
X: y
--- response_body chomp
POST 4 y



=== TEST 6: more_headers for each request
--- config
    location = /h { return 200 "$http_x"; }
--- request eval
["GET /h", "GET /h"]
--- more_headers eval
["X: one", "X: two"]
--- response_body eval
["one", "two"]
--- error_code eval
[200, 200]



=== TEST 7: chunked answers are put together
--- config
    location = /static { root html; try_files /big.txt =404; }
    location = /chunked {
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/static;
        proxy_buffering off;
        sub_filter never ever;
        sub_filter_types *;
    }
--- user_files eval
[["big.txt", "0123456789abcdef" x 10000]]
--- request
GET /chunked
--- response_headers
Transfer-Encoding: chunked
! Content-Length
--- response_body eval
"0123456789abcdef" x 10000



=== TEST 8: response_body_filters by name
--- config
    location = /x { return 200 "abc"; }
--- request
GET /x
--- response_body_filters: md5_hex
--- response_body chomp
900150983cd24fb0d6963f7d28e17f72



=== TEST 9: response_body_filters by code
--- config
    location = /x { return 200 "abc"; }
--- request
GET /x
--- response_body_filters eval
sub { scalar reverse $_[0] }
--- response_body: cba



=== TEST 10: error_code_like, headers_like, body_like, body_unlike
--- config
    location = /x { return 403 "forbidden fruit"; }
--- request
GET /x
--- error_code_like: ^4\d\d$
--- response_headers_like
Server: nginx/[\d.]+
Content-Length: \d+
--- response_body_like: fr..t
--- raw_response_headers_like: HTTP/1\.1 403 Forbidden\r\n
--- raw_response_headers_unlike: HTTP/2



=== TEST 11: body_unlike
--- config
    location = /x { return 200 "yes"; }
--- request
GET /x
--- response_body_unlike: no



=== TEST 12: repeated headers are joined
--- config
    location = /x { add_header X 1; add_header X 2; return 200; }
--- request
GET /x
--- response_headers
X: 1, 2



=== TEST 13: error_log and no_error_log, literal and regex
--- config
--- request
GET /missing
--- error_code: 404
--- error_log eval
["open() \"", qr/failed \(2: No such file/]
--- no_error_log
[crit]
[alert]



=== TEST 14: grep_error_log counts
--- config
--- request
GET /missing
--- error_code: 404
--- grep_error_log eval: qr/\[error\]/
--- grep_error_log_out
[error]
--- ignore_response



=== TEST 15: refused configuration
--- config
    no_such_directive on;
--- must_die: 1
--- error_log
unknown directive "no_such_directive"



=== TEST 16: refused configuration, any exit code
--- main_config
load_module /nonexistent.so;
--- config
--- must_die
--- error_log
[emerg]
/nonexistent.so



=== TEST 17: http_config is used
--- main_config
    worker_rlimit_nofile 1000;
--- http_config
    map $uri $mapped { default "mapped $uri"; }
--- config
    location = /x { return 200 $mapped; }
--- post_main_config
    worker_priority 0;
--- request
GET /x
--- response_body chomp
mapped /x



=== TEST 18: raw request in pieces
--- config
    location = /raw { return 200 "$http_x"; }
--- raw_request eval
["GET /raw HT", "TP/1.1\r\nHost: a\r\nConnec", "tion: close\r\nX: z\r\n\r\n"]
--- response_body: z



=== TEST 19: HTTP/1.0
--- config
    location = /p { return 200 "$server_protocol $http_host"; }
--- request
GET /p HTTP/1.0
--- response_body chomp
HTTP/1.0 localhost



=== TEST 20: an expected read timeout
--- config
    location = /slow {
        limit_rate_after 1k;
        limit_rate 100;
        root html;
    }
--- user_files eval
[["slow", "x" x 5000]]
--- request
GET /slow
--- timeout: 300ms
--- abort
--- response_body_like: ^x*$
--- skip_eval: 2: $ENV{TEST_NGINX_USE_VALGRIND}



=== TEST 21: 304 has no body
--- config
    location = /x { return 304; }
--- request
GET /x
--- error_code: 304



=== TEST 22: preprocessor
--- config
    location = /preprocessed { return 200 "ok"; }
--- response_body: ok



=== TEST 23: environment and random ports
--- config
    server_name other;
    listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    location = /port { return 200 "$server_port"; }
    location = /proxy {
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/port;
    }
--- request eval
["GET /port", "GET /proxy"]
--- error_code eval
[200, 200]
--- response_body eval
["\$ServerPort", "$ENV{TEST_NGINX_RAND_PORT_1}"]



=== TEST 24: init runs when nginx is up, once a block
--- config
    location = /x { return 200 "x"; }
--- init
    use IO::Socket::INET;
    $::inits++;
    IO::Socket::INET->new("127.0.0.1:$ENV{TEST_NGINX_SERVER_PORT}")
        or die "nginx is not up";
    $::inits == 1 or die "init ran again";
--- request
GET /x
--- response_body: x



=== TEST 25: alerts that the block names are no failure
--- config
    location = /x { return 200 "x"; }
    error_log $TEST_NGINX_SERVER_ROOT/logs/error.log debug;
--- init
    open my $fh, '>>', "$ENV{TEST_NGINX_SERVER_ROOT}/logs/error.log";
    print $fh "[alert] a false one\n" x 2;
--- request
GET /x
--- ignore_response
--- no_error_log
[alert] nothing of this kind



=== TEST 26: skip_nginx
--- config
--- request
GET /never
--- skip_nginx: 3: < 99.0.0



=== TEST 27: skip_eval
--- config
--- request
GET /never
--- skip_eval: 3: 1 + 1 == 2



=== TEST 28: log_level of the block
--- config
--- log_level: error
--- request
GET /index.html
--- no_error_log
[debug]
[info]
