# Proves what the directives of calls over TLS, and of the end that is told again,
# take and refuse, each refusal with its message.
use Test::Nginx::Socket 'no_plan';

# main_config of a block is what stands in a server with a zone and an
# application, unless it has a stream {} of its own.
add_block_preprocessor(sub {
    my $block = shift;
    my $text = $block->main_config // '';

    $block->set_value('main_config', "video { zone live 8m; }\n" . (
        $text =~ /\bstream\b/ ? $text : "stream {\n    server {\n"
        . "        listen 127.0.0.1:$ENV{TEST_NGINX_RAND_PORT_1};\n"
        . "        video_rtmp live zone=live;\n        $text\n    }\n}\n"));
    $block->set_value('config', "location = /up { return 204; }\n"
                                . ($block->config // ''));
    if (!defined $block->must_die) {
        $block->set_value('request', 'GET /up');
        $block->set_value('error_code', 204);
    }
});

run_tests();

__DATA__

=== TEST 1: https in capitals, of IPv6, with a port
--- main_config
video_publish_auth HTTPS://[::1]:8443/?x;
--- config
--- no_error_log
[warn]



=== TEST 2: https of a name, without a path
--- main_config
video_publish_auth https://localhost?x;
--- config
--- no_error_log
[warn]



=== TEST 3: https without a host
--- main_config
video_publish_auth https://;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth" must be "off" or a URL that begins with "http://" or "https://", not "https://"



=== TEST 4: https of a socket
--- main_config
video_publish_auth https://unix:/tmp/x:/auth;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth": unix sockets are not supported in "https://unix:/tmp/x:/auth"



=== TEST 5: https with a port out of range
--- main_config
video_publish_auth https://127.0.0.1:65536/;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth": invalid port in "https://127.0.0.1:65536/"



=== TEST 6: https without a host before a port
--- main_config
video_publish_auth https://:443/;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth": no host in "https://:443/"



=== TEST 7: https with a space
--- main_config
video_publish_auth "https://127.0.0.1/a b";
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth": no spaces, controls, "#" or "@" may be in the URL



=== TEST 8: all of TLS
--- main_config
video_publish_auth https://127.0.0.1/auth;
video_publish_auth_ssl_verify off;
video_publish_auth_ssl_name auth.example.com;
video_publish_auth_ssl_protocols TLSv1.2 TLSv1.3;
--- config
--- no_error_log
[warn]



=== TEST 9: one protocol
--- main_config
video_publish_auth https://127.0.0.1/auth;
video_publish_auth_ssl_protocols TLSv1.3;
--- config
--- no_error_log
[warn]



=== TEST 10: inherited, and otherwise
--- main_config
stream {
    video_publish_auth https://127.0.0.1/auth;
    video_publish_auth_ssl_verify off;
    video_publish_auth_ssl_name a.example.com;
    video_publish_auth_ssl_protocols TLSv1.2;
    video_publish_done_tries 1;
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        video_rtmp live zone=live;
        video_publish_auth_ssl_verify on;
        video_publish_auth_ssl_name b.example.com;
        video_publish_auth_ssl_protocols TLSv1.3;
        video_publish_done_tries 100;
    }
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_2;
        video_rtmp live zone=live;
    }
}
--- config
--- no_error_log
[warn]



=== TEST 11: a file that is not needed
--- main_config
video_publish_auth http://127.0.0.1/;
video_publish_auth_ssl_trusted_certificate /no/such.pem;
--- config
--- no_error_log
[warn]



=== TEST 12: a file that is not there
--- main_config
video_publish_auth https://127.0.0.1/auth;
video_publish_auth_ssl_trusted_certificate /no/such.pem;
--- config
--- must_die
--- error_log
[emerg]
SSL_CTX_load_verify_locations("/no/such.pem") failed



=== TEST 13: protocols TLSv1
--- main_config
video_publish_auth https://127.0.0.1/auth;
video_publish_auth_ssl_protocols TLSv1;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth_ssl_protocols" must be "TLSv1.2", "TLSv1.3" or both, not "TLSv1"



=== TEST 14: protocols TLSv1.1 TLSv1.2
--- main_config
video_publish_auth https://127.0.0.1/auth;
video_publish_auth_ssl_protocols TLSv1.1 TLSv1.2;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth_ssl_protocols" must be "TLSv1.2", "TLSv1.3" or both, not "TLSv1.1"



=== TEST 15: protocols TLSv1.2 x
--- main_config
video_publish_auth https://127.0.0.1/auth;
video_publish_auth_ssl_protocols TLSv1.2 x;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth_ssl_protocols" must be "TLSv1.2", "TLSv1.3" or both, not "x"



=== TEST 16: protocols SSLv3
--- main_config
video_publish_auth https://127.0.0.1/auth;
video_publish_auth_ssl_protocols SSLv3;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth_ssl_protocols" must be "TLSv1.2", "TLSv1.3" or both, not "SSLv3"



=== TEST 17: verify with another word
--- main_config
video_publish_auth_ssl_verify yes;
--- config
--- must_die
--- error_log
[emerg]
invalid value "yes" in "video_publish_auth_ssl_verify" directive, it must be "on" or "off"



=== TEST 18: video_publish_auth_ssl_verify twice
--- main_config
video_publish_auth_ssl_verify on;
video_publish_auth_ssl_verify on;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth_ssl_verify" directive is duplicate



=== TEST 19: video_publish_auth_ssl_verify without a value
--- main_config
video_publish_auth_ssl_verify;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_publish_auth_ssl_verify" directive



=== TEST 20: video_publish_auth_ssl_name twice
--- main_config
video_publish_auth_ssl_name a;
video_publish_auth_ssl_name a;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth_ssl_name" directive is duplicate



=== TEST 21: video_publish_auth_ssl_name without a value
--- main_config
video_publish_auth_ssl_name;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_publish_auth_ssl_name" directive



=== TEST 22: video_publish_auth_ssl_trusted_certificate twice
--- main_config
video_publish_auth_ssl_trusted_certificate a;
video_publish_auth_ssl_trusted_certificate a;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth_ssl_trusted_certificate" directive is duplicate



=== TEST 23: video_publish_auth_ssl_trusted_certificate without a value
--- main_config
video_publish_auth_ssl_trusted_certificate;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_publish_auth_ssl_trusted_certificate" directive



=== TEST 24: video_publish_auth_ssl_protocols twice
--- main_config
video_publish_auth_ssl_protocols TLSv1.2;
video_publish_auth_ssl_protocols TLSv1.2;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth_ssl_protocols" directive is duplicate



=== TEST 25: video_publish_auth_ssl_protocols without a value
--- main_config
video_publish_auth_ssl_protocols;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_publish_auth_ssl_protocols" directive



=== TEST 26: video_publish_done_tries
--- main_config
video_publish_done_tries 1;
--- config
--- no_error_log
[warn]



=== TEST 27: video_publish_done_tries 0
--- main_config
video_publish_done_tries 0;
--- config
--- must_die
--- error_log
[emerg]
value must be between 1 and 100



=== TEST 28: video_publish_done_tries 101
--- main_config
video_publish_done_tries 101;
--- config
--- must_die
--- error_log
[emerg]
value must be between 1 and 100



=== TEST 29: video_publish_done_tries x
--- main_config
video_publish_done_tries x;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_done_tries" directive invalid number



=== TEST 30: video_publish_done_tries twice
--- main_config
video_publish_done_tries 2;
video_publish_done_tries 2;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_done_tries" directive is duplicate
