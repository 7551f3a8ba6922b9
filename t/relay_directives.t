# Proves what the directives of pushing and pulling take and refuse, each refusal
# with its message: URLs, names, ranges, duplicates, contexts.
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

=== TEST 1: several video_push
--- main_config
video_push rtmp://127.0.0.1/app;
video_push RTMP://127.0.0.1:1936/app/;
video_push rtmp://[::1]:1936/app/name?key=value;
video_push rtmp://localhost/app/a/b;
video_push_buffer 256k;
video_push_timeout 1s;
--- config
--- no_error_log
[warn]



=== TEST 2: the same in stream
--- main_config
stream {
    video_push_buffer 1024m;
    video_push_timeout 1m;
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        video_rtmp live zone=live;
        video_push rtmp://127.0.0.1/app;
    }
}
--- config
--- no_error_log
[warn]



=== TEST 3: video_push not in stream
--- main_config
stream { video_push rtmp://127.0.0.1/app; }
--- config
--- must_die
--- error_log
[emerg]
"video_push" directive is not allowed here



=== TEST 4: video_push without a URL
--- main_config
video_push;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_push" directive



=== TEST 5: video_push with more
--- main_config
video_push rtmp://127.0.0.1/app x;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_push" directive



=== TEST 6: video_push of another scheme
--- main_config
video_push http://127.0.0.1/app;
--- config
--- must_die
--- error_log
[emerg]
"video_push" must be a URL that begins with "rtmp://" or "rtmps://", not "http://127.0.0.1/app"



=== TEST 7: video_push off
--- main_config
video_push off;
--- config
--- must_die
--- error_log
[emerg]
"video_push" must be a URL that begins with "rtmp://" or "rtmps://", not "off"



=== TEST 8: video_push of no host
--- main_config
video_push rtmp://;
--- config
--- must_die
--- error_log
[emerg]
"video_push" must be a URL that begins with "rtmp://" or "rtmps://", not "rtmp://"



=== TEST 9: video_push over TLS
--- main_config
video_push rtmps://127.0.0.1/app;
video_push RTMPS://localhost:8443/app/x;
video_push rtmps://[::1]/app/x;
video_pull live rtmps://localhost/app/y;
video_relay_ssl_verify off;
--- config
--- no_error_log
[emerg]



=== TEST 10: video_push to a unix socket
--- main_config
video_push rtmp://unix:/tmp/x:/app;
--- config
--- must_die
--- error_log
[emerg]
"video_push": unix sockets are not supported in "rtmp://unix:/tmp/x:/app"



=== TEST 11: video_push without an application, rtmp://127.0.0.1
--- main_config
video_push rtmp://127.0.0.1;
--- config
--- must_die
--- error_log
[emerg]
"video_push": no application in "rtmp://127.0.0.1"



=== TEST 12: video_push without an application, rtmp://127.0.0.1/
--- main_config
video_push rtmp://127.0.0.1/;
--- config
--- must_die
--- error_log
[emerg]
"video_push": no application in "rtmp://127.0.0.1/"



=== TEST 13: video_push without an application, rtmp://127.0.0.1//name
--- main_config
video_push rtmp://127.0.0.1//name;
--- config
--- must_die
--- error_log
[emerg]
"video_push": no application in "rtmp://127.0.0.1//name"



=== TEST 14: video_push to port 0
--- main_config
video_push rtmp://127.0.0.1:0/app;
--- config
--- must_die
--- error_log
[emerg]
"video_push": invalid port in "rtmp://127.0.0.1:0/app"



=== TEST 15: video_push to a host that is not there
--- main_config
video_push rtmp://no-such-host.invalid/app;
--- config
--- must_die
--- error_log
[emerg]
"video_push": host not found in "rtmp://no-such-host.invalid/app"



=== TEST 16: video_push with a space
--- main_config
video_push "rtmp://127.0.0.1/app/a b";
--- config
--- must_die
--- error_log
[emerg]
"video_push": no spaces or controls may be in the URL "rtmp://127.0.0.1/app/a b"



=== TEST 17: video_push of 513 bytes
--- main_config
video_push rtmp://127.0.0.1/app/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx;
--- config
--- must_die
--- error_log
[emerg]
is longer than 512 bytes



=== TEST 18: video_push of 512 bytes
--- main_config
video_push rtmp://127.0.0.1/app/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx;
--- config
--- no_error_log
[warn]



=== TEST 19: sixteen video_push
--- main_config
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
--- config
--- no_error_log
[warn]



=== TEST 20: seventeen video_push
--- main_config
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
video_push rtmp://127.0.0.1/app;
--- config
--- must_die
--- error_log
[emerg]
more than 16 "video_push" in a server



=== TEST 21: video_push_buffer below its range
--- main_config
video_push_buffer 255k;
--- config
--- must_die
--- error_log
[emerg]
"video_push_buffer" must be between 256k and 1024m



=== TEST 22: video_push_buffer above its range
--- main_config
video_push_buffer 1025m;
--- config
--- must_die
--- error_log
[emerg]
"video_push_buffer" must be between 256k and 1024m



=== TEST 23: video_push_buffer x
--- main_config
video_push_buffer x;
--- config
--- must_die
--- error_log
[emerg]
"video_push_buffer" directive invalid value



=== TEST 24: video_push_buffer twice
--- main_config
video_push_buffer 1m;
video_push_buffer 1m;
--- config
--- must_die
--- error_log
[emerg]
"video_push_buffer" directive is duplicate



=== TEST 25: video_push_timeout below its range
--- main_config
video_push_timeout 999ms;
--- config
--- must_die
--- error_log
[emerg]
"video_push_timeout" must be between 1000ms and 60000ms



=== TEST 26: video_push_timeout above its range
--- main_config
video_push_timeout 61s;
--- config
--- must_die
--- error_log
[emerg]
"video_push_timeout" must be between 1000ms and 60000ms



=== TEST 27: video_push_timeout x
--- main_config
video_push_timeout x;
--- config
--- must_die
--- error_log
[emerg]
"video_push_timeout" directive invalid value



=== TEST 28: video_push_timeout twice
--- main_config
video_push_timeout 5s;
video_push_timeout 5s;
--- config
--- must_die
--- error_log
[emerg]
"video_push_timeout" directive is duplicate



=== TEST 29: several video_pull
--- main_config
video_pull live rtmp://127.0.0.1:1/app/name;
video_pull live rtmp://127.0.0.1:1/app/a/b?c=d/e;
video_pull live rtmp://127.0.0.1:1/app/some,name?x other;
--- config
--- no_error_log
[emerg]



=== TEST 30: video_pull not in stream
--- main_config
stream { video_pull live rtmp://127.0.0.1/app/x; }
--- config
--- must_die
--- error_log
[emerg]
"video_pull" directive is not allowed here



=== TEST 31: video_pull without a URL
--- main_config
video_pull live;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_pull" directive



=== TEST 32: video_pull with more
--- main_config
video_pull live rtmp://127.0.0.1/app/x y z;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "z" of "video_pull": "on_demand", "idle=TIME" or "silence=TIME", each once, is expected



=== TEST 33: video_pull of another application
--- main_config
video_pull lives rtmp://127.0.0.1/app/x;
--- config
--- must_die
--- error_log
[emerg]
"video_pull": no "video_rtmp lives" before it in this server



=== TEST 34: video_pull of another scheme
--- main_config
video_pull live http://127.0.0.1/app/x;
--- config
--- must_die
--- error_log
[emerg]
"video_pull" must be a URL that begins with "rtmp://" or "rtmps://", not "http://127.0.0.1/app/x"



=== TEST 35: video_pull without a stream, rtmp://127.0.0.1/app
--- main_config
video_pull live rtmp://127.0.0.1/app;
--- config
--- must_die
--- error_log
[emerg]
"video_pull": no stream in "rtmp://127.0.0.1/app"



=== TEST 36: video_pull without a stream, rtmp://127.0.0.1/app/
--- main_config
video_pull live rtmp://127.0.0.1/app/;
--- config
--- must_die
--- error_log
[emerg]
"video_pull": no stream in "rtmp://127.0.0.1/app/"



=== TEST 37: video_pull of a name that it may not have here
--- main_config
video_pull live rtmp://127.0.0.1/app/a/.b?c;
--- config
--- must_die
--- error_log
[emerg]
"video_pull": ".b" is not a name that a stream may have, give it another one after the URL



=== TEST 38: video_pull by a name that it may not have
--- main_config
video_pull live rtmp://127.0.0.1/app/a x?y;
--- config
--- must_die
--- error_log
[emerg]
"video_pull": "x?y" is not a name that a stream may have



=== TEST 39: video_pull by a long name
--- main_config
video_pull live rtmp://127.0.0.1/app/a xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx;
--- config
--- must_die
--- error_log
[emerg]
is not a name that a stream may have



=== TEST 40: video_pull by an empty name
--- main_config
video_pull live rtmp://127.0.0.1/app/a "";
--- config
--- must_die
--- error_log
[emerg]
"video_pull": "" is not a name that a stream may have



=== TEST 41: video_pull on demand
--- main_config
video_pull live rtmp://127.0.0.1/app/x on_demand;
video_pull live rtmp://127.0.0.1/app/x/y?z z on_demand idle=5s;
video_pull live rtmp://127.0.0.1/app/x q idle=1h on_demand;
video_pull live rtmp://127.0.0.1/app/ on_demand;
video_pull live rtmp://127.0.0.1/app on_demand idle=1m30s;
video_pull live rtmp://127.0.0.1/app/?key=x on_demand;
video_pull live rtmp://127.0.0.1/app/x y silence=500ms;
video_pull live rtmp://127.0.0.1/app/x silence=1m;
video_pull live rtmp://127.0.0.1/app/x z silence=2s idle=10s on_demand;
--- config
--- no_error_log
[emerg]



=== TEST 42: video_pull, idle not on demand
--- main_config
video_pull live rtmp://127.0.0.1/app/x idle=10s;
--- config
--- must_die
--- error_log
[emerg]
"idle" of "video_pull" needs "on_demand"



=== TEST 43: video_pull, a short idle
--- main_config
video_pull live rtmp://127.0.0.1/app/x on_demand idle=4s;
--- config
--- must_die
--- error_log
[emerg]
"idle" of "video_pull" must be between 5s and 1h, not "4s"



=== TEST 44: video_pull, a long idle
--- main_config
video_pull live rtmp://127.0.0.1/app/x on_demand idle=61m;
--- config
--- must_die
--- error_log
[emerg]
"idle" of "video_pull" must be between 5s and 1h, not "61m"



=== TEST 45: video_pull, no idle
--- main_config
video_pull live rtmp://127.0.0.1/app/x on_demand idle=;
--- config
--- must_die
--- error_log
[emerg]
"idle" of "video_pull" must be between 5s and 1h, not ""



=== TEST 46: video_pull, on demand twice
--- main_config
video_pull live rtmp://127.0.0.1/app/x on_demand on_demand;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "on_demand" of "video_pull"



=== TEST 47: video_pull, arguments in another order
--- main_config
video_pull live rtmp://127.0.0.1/app/x on_demand y;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "y" of "video_pull"



=== TEST 48: video_pull on demand of all by one name
--- main_config
video_pull live rtmp://127.0.0.1/app/ x on_demand;
--- config
--- must_die
--- error_log
[emerg]
"video_pull": no stream in "rtmp://127.0.0.1/app/"



=== TEST 49: video_pull on demand with long arguments
--- main_config
video_pull live rtmp://127.0.0.1/app/?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx on_demand;
--- config
--- must_die
--- error_log
[emerg]
are longer than 384 bytes



=== TEST 50: video_push over TLS to no host
--- main_config
video_push rtmps://;
--- config
--- must_die
--- error_log
[emerg]
"video_push" must be a URL that begins with "rtmp://" or "rtmps://", not "rtmps://"



=== TEST 51: video_push over TLS to a unix socket
--- main_config
video_push rtmps://unix:/tmp/x:/app;
--- config
--- must_die
--- error_log
[emerg]
"video_push": unix sockets are not supported in "rtmps://unix:/tmp/x:/app"



=== TEST 52: video_push over TLS without an application
--- main_config
video_push rtmps://127.0.0.1/;
--- config
--- must_die
--- error_log
[emerg]
"video_push": no application in "rtmps://127.0.0.1/"



=== TEST 53: video_relay_ssl_verify maybe
--- main_config
video_relay_ssl_verify maybe;
--- config
--- must_die
--- error_log
[emerg]
invalid value "maybe" in "video_relay_ssl_verify" directive, it must be "on" or "off"



=== TEST 54: video_relay_ssl_trusted_certificate that is not there
--- main_config
video_push rtmps://127.0.0.1/app;
video_relay_ssl_trusted_certificate /no/such.pem;
--- config
--- must_die
--- error_log
[emerg]
SSL_CTX_load_verify_locations("/no/such.pem") failed



=== TEST 55: the same twice
--- main_config
video_relay_ssl_trusted_certificate a.pem;
video_relay_ssl_trusted_certificate a.pem;
--- config
--- must_die
--- error_log
[emerg]
"video_relay_ssl_trusted_certificate" directive is duplicate



=== TEST 56: video_relay_ssl_verify in stream, with the certificates of the system
--- main_config
stream {
    video_relay_ssl_verify on;
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        video_rtmp live zone=live;
        video_push rtmps://127.0.0.1/app;
    }
}
--- config
--- no_error_log
[warn]



=== TEST 57: video_pull, a short silence
--- main_config
video_pull live rtmp://127.0.0.1/app/x silence=499ms;
--- config
--- must_die
--- error_log
[emerg]
"silence" of "video_pull" must be between 500ms and 60s, not "499ms"



=== TEST 58: video_pull, a long silence
--- main_config
video_pull live rtmp://127.0.0.1/app/x silence=61s;
--- config
--- must_die
--- error_log
[emerg]
"silence" of "video_pull" must be between 500ms and 60s, not "61s"



=== TEST 59: video_pull, silence twice
--- main_config
video_pull live rtmp://127.0.0.1/app/x y silence=1s silence=2s;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "silence=2s" of "video_pull"
