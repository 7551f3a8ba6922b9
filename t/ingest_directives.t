# Proves what each directive of RTMP ingest takes and refuses, each refusal with
# its message: ranges, inheritance, duplicates, contexts, and what must fit
# together.
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

=== TEST 1: an application, all defaults
--- main_config

--- config
--- no_error_log
[warn]



=== TEST 2: several applications, several servers
--- main_config
stream {
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        video_rtmp live zone=live;
        video_rtmp other zone=live;
        video_rtmp a.b-c_d zone=live;
    }
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_2;
        video_rtmp live zone=live;
    }
}
--- config
--- no_error_log
[warn]



=== TEST 3: an application twice
--- main_config
video_rtmp live zone=live;
--- config
--- must_die
--- error_log
[emerg]
duplicate application "live"



=== TEST 4: an empty application
--- main_config
video_rtmp "" zone=live;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp" directive has an empty application name



=== TEST 5: no zone
--- main_config
video_rtmp two;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_rtmp" directive



=== TEST 6: another parameter
--- main_config
video_rtmp two zones=live;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "zones=live": "zone=NAME" is expected



=== TEST 7: an empty zone
--- main_config
video_rtmp two zone=;
--- config
--- must_die
--- error_log
[emerg]
empty zone name



=== TEST 8: too many parameters
--- main_config
video_rtmp two zone=live zone=live;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_rtmp" directive



=== TEST 9: not in stream
--- main_config
stream { video_rtmp live zone=live; }
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp" directive is not allowed here



=== TEST 10: after another handler
--- main_config
stream {
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        return "x";
        video_rtmp live zone=live;
    }
}
--- config
--- must_die
--- error_log
[emerg]
conflicts with another handler of this server



=== TEST 11: video_segment 499ms
--- main_config
video_segment 499ms;
--- config
--- must_die
--- error_log
[emerg]
"video_segment" must be between 500ms and 60000ms



=== TEST 12: video_segment 60001ms
--- main_config
video_segment 60001ms;
--- config
--- must_die
--- error_log
[emerg]
"video_segment" must be between 500ms and 60000ms



=== TEST 13: video_segment 0
--- main_config
video_segment 0;
--- config
--- must_die
--- error_log
[emerg]
"video_segment" must be between 500ms and 60000ms



=== TEST 14: video_segment 2h
--- main_config
video_segment 2h;
--- config
--- must_die
--- error_log
[emerg]
"video_segment" must be between 500ms and 60000ms



=== TEST 15: video_segment x
--- main_config
video_segment x;
--- config
--- must_die
--- error_log
[emerg]
"video_segment" directive invalid value



=== TEST 16: video_segment -1s
--- main_config
video_segment -1s;
--- config
--- must_die
--- error_log
[emerg]
"video_segment" directive invalid value



=== TEST 17: video_segment 1.5s
--- main_config
video_segment 1.5s;
--- config
--- must_die
--- error_log
[emerg]
"video_segment" directive invalid value



=== TEST 18: video_segment ""
--- main_config
video_segment "";
--- config
--- must_die
--- error_log
[emerg]
"video_segment" directive invalid value



=== TEST 19: video_segment twice
--- main_config
video_segment 5s;
video_segment 5s;
--- config
--- must_die
--- error_log
[emerg]
"video_segment" directive is duplicate



=== TEST 20: video_segment without a value
--- main_config
video_segment;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_segment" directive



=== TEST 21: video_part 49ms
--- main_config
video_part 49ms;
--- config
--- must_die
--- error_log
[emerg]
"video_part" must be between 50ms and 5000ms



=== TEST 22: video_part 5001ms
--- main_config
video_part 5001ms;
--- config
--- must_die
--- error_log
[emerg]
"video_part" must be between 50ms and 5000ms



=== TEST 23: video_part 0
--- main_config
video_part 0;
--- config
--- must_die
--- error_log
[emerg]
"video_part" must be between 50ms and 5000ms



=== TEST 24: video_part 6s
--- main_config
video_part 6s;
--- config
--- must_die
--- error_log
[emerg]
"video_part" must be between 50ms and 5000ms



=== TEST 25: video_part x
--- main_config
video_part x;
--- config
--- must_die
--- error_log
[emerg]
"video_part" directive invalid value



=== TEST 26: video_part -1s
--- main_config
video_part -1s;
--- config
--- must_die
--- error_log
[emerg]
"video_part" directive invalid value



=== TEST 27: video_part 1.5s
--- main_config
video_part 1.5s;
--- config
--- must_die
--- error_log
[emerg]
"video_part" directive invalid value



=== TEST 28: video_part ""
--- main_config
video_part "";
--- config
--- must_die
--- error_log
[emerg]
"video_part" directive invalid value



=== TEST 29: video_part twice
--- main_config
video_part 5s;
video_part 5s;
--- config
--- must_die
--- error_log
[emerg]
"video_part" directive is duplicate



=== TEST 30: video_part without a value
--- main_config
video_part;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_part" directive



=== TEST 31: video_window 3999ms
--- main_config
video_window 3999ms;
--- config
--- must_die
--- error_log
[emerg]
"video_window" must be between 4000ms and 3600000ms



=== TEST 32: video_window 3600001ms
--- main_config
video_window 3600001ms;
--- config
--- must_die
--- error_log
[emerg]
"video_window" must be between 4000ms and 3600000ms



=== TEST 33: video_window 0
--- main_config
video_window 0;
--- config
--- must_die
--- error_log
[emerg]
"video_window" must be between 4000ms and 3600000ms



=== TEST 34: video_window 2h
--- main_config
video_window 2h;
--- config
--- must_die
--- error_log
[emerg]
"video_window" must be between 4000ms and 3600000ms



=== TEST 35: video_window x
--- main_config
video_window x;
--- config
--- must_die
--- error_log
[emerg]
"video_window" directive invalid value



=== TEST 36: video_window -1s
--- main_config
video_window -1s;
--- config
--- must_die
--- error_log
[emerg]
"video_window" directive invalid value



=== TEST 37: video_window 1.5s
--- main_config
video_window 1.5s;
--- config
--- must_die
--- error_log
[emerg]
"video_window" directive invalid value



=== TEST 38: video_window ""
--- main_config
video_window "";
--- config
--- must_die
--- error_log
[emerg]
"video_window" directive invalid value



=== TEST 39: video_window twice
--- main_config
video_window 5s;
video_window 5s;
--- config
--- must_die
--- error_log
[emerg]
"video_window" directive is duplicate



=== TEST 40: video_window without a value
--- main_config
video_window;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_window" directive



=== TEST 41: video_rtmp_timeout 999ms
--- main_config
video_rtmp_timeout 999ms;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp_timeout" must be between 1000ms and 3600000ms



=== TEST 42: video_rtmp_timeout 3600001ms
--- main_config
video_rtmp_timeout 3600001ms;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp_timeout" must be between 1000ms and 3600000ms



=== TEST 43: video_rtmp_timeout 0
--- main_config
video_rtmp_timeout 0;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp_timeout" must be between 1000ms and 3600000ms



=== TEST 44: video_rtmp_timeout 2h
--- main_config
video_rtmp_timeout 2h;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp_timeout" must be between 1000ms and 3600000ms



=== TEST 45: video_rtmp_timeout x
--- main_config
video_rtmp_timeout x;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp_timeout" directive invalid value



=== TEST 46: video_rtmp_timeout -1s
--- main_config
video_rtmp_timeout -1s;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp_timeout" directive invalid value



=== TEST 47: video_rtmp_timeout 1.5s
--- main_config
video_rtmp_timeout 1.5s;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp_timeout" directive invalid value



=== TEST 48: video_rtmp_timeout ""
--- main_config
video_rtmp_timeout "";
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp_timeout" directive invalid value



=== TEST 49: video_rtmp_timeout twice
--- main_config
video_rtmp_timeout 5s;
video_rtmp_timeout 5s;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp_timeout" directive is duplicate



=== TEST 50: video_rtmp_timeout without a value
--- main_config
video_rtmp_timeout;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_rtmp_timeout" directive



=== TEST 51: video_bitrate 63k
--- main_config
video_bitrate 63k;
--- config
--- must_die
--- error_log
[emerg]
"video_bitrate" must be between 64k and 1024m



=== TEST 52: video_bitrate 1025m
--- main_config
video_bitrate 1025m;
--- config
--- must_die
--- error_log
[emerg]
"video_bitrate" must be between 64k and 1024m



=== TEST 53: video_bitrate 0
--- main_config
video_bitrate 0;
--- config
--- must_die
--- error_log
[emerg]
"video_bitrate" must be between 64k and 1024m



=== TEST 54: video_bitrate 1
--- main_config
video_bitrate 1;
--- config
--- must_die
--- error_log
[emerg]
"video_bitrate" must be between 64k and 1024m



=== TEST 55: video_bitrate x
--- main_config
video_bitrate x;
--- config
--- must_die
--- error_log
[emerg]
"video_bitrate" directive invalid value



=== TEST 56: video_bitrate -1k
--- main_config
video_bitrate -1k;
--- config
--- must_die
--- error_log
[emerg]
"video_bitrate" directive invalid value



=== TEST 57: video_bitrate 1.5m
--- main_config
video_bitrate 1.5m;
--- config
--- must_die
--- error_log
[emerg]
"video_bitrate" directive invalid value



=== TEST 58: video_bitrate 1g
--- main_config
video_bitrate 1g;
--- config
--- must_die
--- error_log
[emerg]
"video_bitrate" directive invalid value



=== TEST 59: video_bitrate twice
--- main_config
video_bitrate 1m;
video_bitrate 1m;
--- config
--- must_die
--- error_log
[emerg]
"video_bitrate" directive is duplicate



=== TEST 60: video_bitrate without a value
--- main_config
video_bitrate;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_bitrate" directive



=== TEST 61: video_rtmp_max_message 63k
--- main_config
video_rtmp_max_message 63k;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp_max_message" must be between 64k and 16383k



=== TEST 62: video_rtmp_max_message 16m
--- main_config
video_rtmp_max_message 16m;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp_max_message" must be between 64k and 16383k



=== TEST 63: video_rtmp_max_message 0
--- main_config
video_rtmp_max_message 0;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp_max_message" must be between 64k and 16383k



=== TEST 64: video_rtmp_max_message 17m
--- main_config
video_rtmp_max_message 17m;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp_max_message" must be between 64k and 16383k



=== TEST 65: video_rtmp_max_message x
--- main_config
video_rtmp_max_message x;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp_max_message" directive invalid value



=== TEST 66: video_rtmp_max_message -1k
--- main_config
video_rtmp_max_message -1k;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp_max_message" directive invalid value



=== TEST 67: video_rtmp_max_message 1.5m
--- main_config
video_rtmp_max_message 1.5m;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp_max_message" directive invalid value



=== TEST 68: video_rtmp_max_message 1g
--- main_config
video_rtmp_max_message 1g;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp_max_message" directive invalid value



=== TEST 69: video_rtmp_max_message twice
--- main_config
video_rtmp_max_message 1m;
video_rtmp_max_message 1m;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp_max_message" directive is duplicate



=== TEST 70: video_rtmp_max_message without a value
--- main_config
video_rtmp_max_message;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_rtmp_max_message" directive



=== TEST 71: the smallest values
--- main_config
video_segment 500ms;
video_part 50ms;
video_window 4s;
video_bitrate 64k;
video_rtmp_timeout 1s;
video_rtmp_max_message 64k;
--- config
--- no_error_log
[warn]



=== TEST 72: the largest values
--- main_config
video_segment 60s;
video_part 5s;
video_window 1h;
video_bitrate 1024m;
video_rtmp_timeout 1h;
video_rtmp_max_message 16383k;
--- config
--- no_error_log
[warn]



=== TEST 73: parts longer than segments
--- main_config
video_segment 1s;
video_part 1001ms;
--- config
--- must_die
--- error_log
[emerg]
"video_part" 1001ms is longer than "video_segment" 1000ms



=== TEST 74: parts as long as segments
--- main_config
video_segment 1s;
video_part 1s;
--- config
--- no_error_log
[warn]



=== TEST 75: a window of less than three segments
--- main_config
video_segment 3s;
video_window 8999ms;
--- config
--- must_die
--- error_log
[emerg]
"video_window" 8999ms is shorter than three segments of "video_segment" 3000ms



=== TEST 76: a window of three segments
--- main_config
video_segment 3s;
video_window 9s;
--- config
--- no_error_log
[warn]



=== TEST 77: a window of too many segments
--- main_config
video_segment 500ms;
video_window 1h;
--- config
--- must_die
--- error_log
[emerg]
"video_window" 3600000ms has more than 250 segments of "video_segment" 500ms



=== TEST 78: as many segments as a window can have
--- main_config
video_segment 500ms;
video_window 125s;
--- config
--- no_error_log
[warn]



=== TEST 79: the default window is too short for long segments
--- main_config
video_segment 11s;
--- config
--- must_die
--- error_log
[emerg]
"video_window" 30000ms is shorter than three segments of "video_segment" 11000ms



=== TEST 80: inherited from stream
--- main_config
stream {
    video_segment 1s;
    video_window 4s;
    video_part 300ms;
    video_bitrate 1m;
    video_rtmp_timeout 5s;
    video_rtmp_max_message 1m;
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        video_rtmp live zone=live;
        video_segment 2s;
    }
}
--- config
--- must_die
--- error_log
[emerg]
"video_window" 4000ms is shorter than three segments of "video_segment" 2000ms



=== TEST 81: a server's own value is stronger
--- main_config
stream {
    video_segment 20s;
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        video_rtmp live zone=live;
        video_segment 2s;
    }
}
--- config
--- no_error_log
[warn]



=== TEST 82: servers without RTMP need not fit together
--- main_config
stream {
    video_segment 20s;
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        return "x";
    }
}
--- config
--- no_error_log
[warn]



=== TEST 83: no directive of ingest is one of http
--- main_config
--- http_config
video_rtmp live zone=live;
--- config
--- must_die
--- error_log
[emerg]
"video_rtmp" directive is not allowed here



=== TEST 84: video_publish_grace 600001ms
--- main_config
video_publish_grace 600001ms;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_grace" must be between 0ms and 600000ms



=== TEST 85: video_publish_grace 11m
--- main_config
video_publish_grace 11m;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_grace" must be between 0ms and 600000ms



=== TEST 86: video_publish_grace x
--- main_config
video_publish_grace x;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_grace" directive invalid value



=== TEST 87: video_publish_grace -1s
--- main_config
video_publish_grace -1s;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_grace" directive invalid value



=== TEST 88: video_publish_grace ""
--- main_config
video_publish_grace "";
--- config
--- must_die
--- error_log
[emerg]
"video_publish_grace" directive invalid value



=== TEST 89: video_linger 999ms
--- main_config
video_linger 999ms;
--- config
--- must_die
--- error_log
[emerg]
"video_linger" must be between 1000ms and 3600000ms



=== TEST 90: video_linger 0
--- main_config
video_linger 0;
--- config
--- must_die
--- error_log
[emerg]
"video_linger" must be between 1000ms and 3600000ms



=== TEST 91: video_linger 3600001ms
--- main_config
video_linger 3600001ms;
--- config
--- must_die
--- error_log
[emerg]
"video_linger" must be between 1000ms and 3600000ms



=== TEST 92: video_linger x
--- main_config
video_linger x;
--- config
--- must_die
--- error_log
[emerg]
"video_linger" directive invalid value



=== TEST 93: video_linger 1.5s
--- main_config
video_linger 1.5s;
--- config
--- must_die
--- error_log
[emerg]
"video_linger" directive invalid value



=== TEST 94: video_publish_auth off
--- main_config
video_publish_auth off;
--- config
--- no_error_log
[warn]



=== TEST 95: video_publish_auth with a URL
--- main_config
video_publish_auth http://127.0.0.1:8080/auth?key=x;
video_publish_update 0;
video_publish_auth_timeout 100ms;
--- config
--- no_error_log
[warn]



=== TEST 96: video_publish_auth in capitals, of IPv6
--- main_config
video_publish_auth HTTP://[::1]:8080/?x;
video_publish_update 1h;
video_publish_auth_timeout 1m;
--- config
--- no_error_log
[warn]



=== TEST 97: video_publish_auth of a name, without a path
--- main_config
video_publish_auth http://localhost?x;
--- config
--- no_error_log
[warn]



=== TEST 98: video_publish_auth inherited, off in a server
--- main_config
stream {
    video_publish_auth http://127.0.0.1/;
    video_publish_update 1s;
    video_publish_auth_timeout 1s;
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        video_rtmp live zone=live;
        video_publish_auth off;
        video_publish_update 2s;
        video_publish_auth_timeout 2s;
    }
}
--- config
--- no_error_log
[warn]



=== TEST 99: video_publish_auth https
--- main_config
video_publish_auth https://127.0.0.1/auth;
--- config
--- no_error_log
[warn]



=== TEST 100: video_publish_auth on
--- main_config
video_publish_auth on;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth" must be "off" or a URL that begins with "http://" or "https://", not "on"



=== TEST 101: video_publish_auth auth
--- main_config
video_publish_auth auth;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth" must be "off" or a URL that begins with "http://" or "https://", not "auth"



=== TEST 102: video_publish_auth /auth
--- main_config
video_publish_auth /auth;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth" must be "off" or a URL that begins with "http://" or "https://", not "/auth"



=== TEST 103: video_publish_auth ftp://127.0.0.1/
--- main_config
video_publish_auth ftp://127.0.0.1/;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth" must be "off" or a URL that begins with "http://" or "https://", not "ftp://127.0.0.1/"



=== TEST 104: video_publish_auth http://
--- main_config
video_publish_auth http://;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth" must be "off" or a URL that begins with "http://" or "https://", not "http://"



=== TEST 105: video_publish_auth ""
--- main_config
video_publish_auth "";
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth" must be "off" or a URL that begins with "http://" or "https://", not ""



=== TEST 106: video_publish_auth http://u@127.0.0.1/
--- main_config
video_publish_auth http://u@127.0.0.1/;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth": no spaces, controls, "#" or "@" may be in the URL



=== TEST 107: video_publish_auth "http://127.0.0.1/a b"
--- main_config
video_publish_auth "http://127.0.0.1/a b";
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth": no spaces, controls, "#" or "@" may be in the URL



=== TEST 108: video_publish_auth http://127.0.0.1/a#b
--- main_config
video_publish_auth http://127.0.0.1/a#b;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth": no spaces, controls, "#" or "@" may be in the URL



=== TEST 109: video_publish_auth of a socket
--- main_config
video_publish_auth http://unix:/tmp/x:/auth;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth": unix sockets are not supported in "http://unix:/tmp/x:/auth"



=== TEST 110: video_publish_auth with a port out of range
--- main_config
video_publish_auth http://127.0.0.1:65536/;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth": invalid port in "http://127.0.0.1:65536/"



=== TEST 111: video_publish_auth without a host
--- main_config
video_publish_auth http://:80/;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth": no host in "http://:80/"



=== TEST 112: video_publish_auth of a host that is not found
--- main_config
video_publish_auth http://no.such.invalid/;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth": host not found in "http://no.such.invalid/"



=== TEST 113: video_publish_auth twice
--- main_config
video_publish_auth off;
video_publish_auth off;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth" directive is duplicate



=== TEST 114: video_publish_auth without a value
--- main_config
video_publish_auth;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_publish_auth" directive



=== TEST 115: video_publish_update 999ms
--- main_config
video_publish_update 999ms;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_update" must be 0 or between 1000ms and 3600000ms



=== TEST 116: video_publish_update 1ms
--- main_config
video_publish_update 1ms;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_update" must be 0 or between 1000ms and 3600000ms



=== TEST 117: video_publish_update 3600001ms
--- main_config
video_publish_update 3600001ms;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_update" must be 0 or between 1000ms and 3600000ms



=== TEST 118: video_publish_update 2h
--- main_config
video_publish_update 2h;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_update" must be 0 or between 1000ms and 3600000ms



=== TEST 119: video_publish_update x
--- main_config
video_publish_update x;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_update" directive invalid value



=== TEST 120: video_publish_update off
--- main_config
video_publish_update off;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_update" directive invalid value



=== TEST 121: video_publish_update -1s
--- main_config
video_publish_update -1s;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_update" directive invalid value



=== TEST 122: video_publish_update ""
--- main_config
video_publish_update "";
--- config
--- must_die
--- error_log
[emerg]
"video_publish_update" directive invalid value



=== TEST 123: video_publish_update twice
--- main_config
video_publish_update 5s;
video_publish_update 5s;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_update" directive is duplicate



=== TEST 124: video_publish_auth_timeout 99ms
--- main_config
video_publish_auth_timeout 99ms;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth_timeout" must be between 100ms and 60000ms



=== TEST 125: video_publish_auth_timeout 0
--- main_config
video_publish_auth_timeout 0;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth_timeout" must be between 100ms and 60000ms



=== TEST 126: video_publish_auth_timeout 60001ms
--- main_config
video_publish_auth_timeout 60001ms;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth_timeout" must be between 100ms and 60000ms



=== TEST 127: video_publish_auth_timeout 2h
--- main_config
video_publish_auth_timeout 2h;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth_timeout" must be between 100ms and 60000ms



=== TEST 128: video_publish_auth_timeout x
--- main_config
video_publish_auth_timeout x;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth_timeout" directive invalid value



=== TEST 129: video_publish_auth_timeout twice
--- main_config
video_publish_auth_timeout 5s;
video_publish_auth_timeout 5s;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_auth_timeout" directive is duplicate


=== TEST 130: video_publish_keys off
--- main_config
video_publish_keys off;
video_publish_token off;
video_publish_streams off;
video_publish_bitrate off;
--- config
--- no_error_log
[warn]


=== TEST 131: video_publish_keys with a file that others can read
--- main_config
video_publish_keys $TEST_NGINX_HTML_DIR/keys;
--- config
--- user_files
>>> keys
# NAME KEY
cam1 one # a comment

cam1	two
*   any
--- error_log
[warn]
every user of the system can read the secrets of "


=== TEST 132: video_publish_keys with an argument
--- main_config
video_publish_keys $TEST_NGINX_HTML_DIR/keys arg=stream_key-1;
--- config
--- user_files
>>> keys
cam1 one
--- no_error_log
[emerg]


=== TEST 133: video_publish_keys inherited, off in a server
--- main_config
stream {
    video_publish_keys $TEST_NGINX_HTML_DIR/keys arg=k;
    video_publish_token $TEST_NGINX_HTML_DIR/keys;
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        video_rtmp live zone=live;
        video_publish_keys off;
        video_publish_token off;
    }
}
--- config
--- user_files
>>> keys
cam1 one
--- must_die
--- error_log
[emerg]
more than a secret in


=== TEST 134: video_publish_keys without such a file
--- main_config
video_publish_keys $TEST_NGINX_HTML_DIR/none;
--- config
--- must_die
--- error_log
[emerg]
open() "


=== TEST 135: video_publish_keys of a directory
--- main_config
video_publish_keys $TEST_NGINX_HTML_DIR;
--- config
--- must_die
--- error_log
[emerg]
" is not a file


=== TEST 136: video_publish_keys of an empty file
--- main_config
video_publish_keys $TEST_NGINX_HTML_DIR/keys;
--- config
--- user_files
>>> keys
# none
--- must_die
--- error_log
[emerg]
no keys in "


=== TEST 137: video_publish_keys without a key
--- main_config
video_publish_keys $TEST_NGINX_HTML_DIR/keys;
--- config
--- user_files
>>> keys
# NAME KEY
a b
cam1
--- must_die
--- error_log
[emerg]
no key after the name in $TEST_NGINX_HTML_DIR/keys:3


=== TEST 138: video_publish_keys with more than a key
--- main_config
video_publish_keys $TEST_NGINX_HTML_DIR/keys;
--- config
--- user_files
>>> keys
cam1 one two
--- must_die
--- error_log
[emerg]
more than a name and a key in $TEST_NGINX_HTML_DIR/keys:1


=== TEST 139: video_publish_keys of an invalid name
--- main_config
video_publish_keys $TEST_NGINX_HTML_DIR/keys;
--- config
--- user_files
>>> keys
a b
live/cam1 one
--- must_die
--- error_log
[emerg]
invalid stream name in $TEST_NGINX_HTML_DIR/keys:2


=== TEST 140: video_publish_keys of a key that is cut
--- main_config
video_publish_keys $TEST_NGINX_HTML_DIR/keys;
--- config
--- user_files
>>> keys
cam1 one/two
--- must_die
--- error_log
[emerg]
"/", "?", "&", "%" or "#" in a key, which URLs don't carry as they are in $TEST_NGINX_HTML_DIR/keys:1


=== TEST 141: video_publish_keys with another parameter
--- main_config
video_publish_keys $TEST_NGINX_HTML_DIR/keys key=x;
--- config
--- user_files
>>> keys
cam1 one
--- must_die
--- error_log
[emerg]
invalid parameter "key=x": "arg=NAME" is expected, of up to 64 letters, digits, "-" and "_"


=== TEST 142: video_publish_keys with an empty argument
--- main_config
video_publish_keys $TEST_NGINX_HTML_DIR/keys arg=;
--- config
--- user_files
>>> keys
cam1 one
--- must_die
--- error_log
[emerg]
invalid parameter "arg=": "arg=NAME" is expected


=== TEST 143: video_publish_keys with an invalid argument
--- main_config
video_publish_keys $TEST_NGINX_HTML_DIR/keys arg=a.b;
--- config
--- user_files
>>> keys
cam1 one
--- must_die
--- error_log
[emerg]
invalid parameter "arg=a.b": "arg=NAME" is expected


=== TEST 144: video_publish_keys twice
--- main_config
video_publish_keys off;
video_publish_keys off;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_keys" directive is duplicate


=== TEST 145: video_publish_keys without a file
--- main_config
video_publish_keys;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_publish_keys" directive


=== TEST 146: video_publish_keys too many
--- main_config
video_publish_keys a arg=b c;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_publish_keys" directive


=== TEST 147: video_publish_token with a file
--- main_config
video_publish_token $TEST_NGINX_HTML_DIR/keys;
--- config
--- user_files
>>> keys
# new
0123456789abcdef
0123456789ABCDEF # old
--- error_log
[warn]
every user of the system can read the secrets of "


=== TEST 148: video_publish_token with a short secret
--- main_config
video_publish_token $TEST_NGINX_HTML_DIR/keys;
--- config
--- user_files
>>> keys
0123456789abcdef
0123456789abcde
--- must_die
--- error_log
[emerg]
a secret of less than 16 bytes in $TEST_NGINX_HTML_DIR/keys:2


=== TEST 149: video_publish_token with two words
--- main_config
video_publish_token $TEST_NGINX_HTML_DIR/keys;
--- config
--- user_files
>>> keys
0123456789abcdef 0123456789abcdef
--- must_die
--- error_log
[emerg]
more than a secret in $TEST_NGINX_HTML_DIR/keys:1


=== TEST 150: video_publish_token of an empty file
--- main_config
video_publish_token $TEST_NGINX_HTML_DIR/keys;
--- config
--- user_files
>>> keys
#0123456789abcdef
--- must_die
--- error_log
[emerg]
no secrets in "


=== TEST 151: video_publish_token twice
--- main_config
video_publish_token off;
video_publish_token off;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_token" directive is duplicate


=== TEST 152: video_publish_token too many
--- main_config
video_publish_token a b;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_publish_token" directive


=== TEST 153: video_publish_streams, the largest
--- main_config
video_publish_streams 1024 address=1024;
--- config
--- no_error_log
[warn]


=== TEST 154: video_publish_streams of an address alone
--- main_config
video_publish_streams address=1;
--- config
--- no_error_log
[warn]


=== TEST 155: video_publish_streams, the other way around
--- main_config
video_publish_streams address=1 5;
--- config
--- no_error_log
[warn]


=== TEST 156: video_publish_streams 0
--- main_config
video_publish_streams 0;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "0": "off", or a number of streams or "address=NUMBER" or both, between 1 and 1024, is expected


=== TEST 157: video_publish_streams 1025
--- main_config
video_publish_streams 1025;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "1025": "off", or a number of streams or "address=NUMBER" or both, between 1 and 1024, is expected


=== TEST 158: video_publish_streams -1
--- main_config
video_publish_streams -1;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "-1": "off", or a number of streams or "address=NUMBER" or both, between 1 and 1024, is expected


=== TEST 159: video_publish_streams x
--- main_config
video_publish_streams x;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "x": "off", or a number of streams or "address=NUMBER" or both, between 1 and 1024, is expected


=== TEST 160: video_publish_streams address=0
--- main_config
video_publish_streams address=0;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "address=0": "off", or a number of streams or "address=NUMBER" or both, between 1 and 1024, is expected


=== TEST 161: video_publish_streams address=
--- main_config
video_publish_streams address=;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "address=": "off", or a number of streams or "address=NUMBER" or both, between 1 and 1024, is expected


=== TEST 162: video_publish_streams address=1025
--- main_config
video_publish_streams address=1025;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "address=1025": "off", or a number of streams or "address=NUMBER" or both, between 1 and 1024, is expected


=== TEST 163: video_publish_streams addres=1
--- main_config
video_publish_streams addres=1;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "addres=1": "off", or a number of streams or "address=NUMBER" or both, between 1 and 1024, is expected


=== TEST 164: video_publish_streams 5 5
--- main_config
video_publish_streams 5 5;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "5": "off", or a number of streams or "address=NUMBER" or both, between 1 and 1024, is expected


=== TEST 165: video_publish_streams address=5 address=5
--- main_config
video_publish_streams address=5 address=5;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "address=5": "off", or a number of streams or "address=NUMBER" or both, between 1 and 1024, is expected


=== TEST 166: video_publish_streams off address=5
--- main_config
video_publish_streams off address=5;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "off": "off", or a number of streams or "address=NUMBER" or both, between 1 and 1024, is expected


=== TEST 167: video_publish_streams 5 off
--- main_config
video_publish_streams 5 off;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "off": "off", or a number of streams or "address=NUMBER" or both, between 1 and 1024, is expected


=== TEST 168: video_publish_streams twice
--- main_config
video_publish_streams 5;
video_publish_streams 5;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_streams" directive is duplicate


=== TEST 169: video_publish_streams without a value
--- main_config
video_publish_streams;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_publish_streams" directive


=== TEST 170: video_publish_bitrate, the smallest
--- main_config
video_publish_bitrate 64k 1s;
--- config
--- no_error_log
[warn]


=== TEST 171: video_publish_bitrate, the largest
--- main_config
video_publish_bitrate 1024m 60s;
--- config
--- no_error_log
[warn]


=== TEST 172: video_publish_bitrate alone
--- main_config
video_publish_bitrate 8m;
--- config
--- no_error_log
[warn]


=== TEST 173: video_publish_bitrate 63k
--- main_config
video_publish_bitrate 63k;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_bitrate" must be "off" or between 64k and 1024m, not "63k"


=== TEST 174: video_publish_bitrate 1025m
--- main_config
video_publish_bitrate 1025m;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_bitrate" must be "off" or between 64k and 1024m, not "1025m"


=== TEST 175: video_publish_bitrate 0
--- main_config
video_publish_bitrate 0;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_bitrate" must be "off" or between 64k and 1024m, not "0"


=== TEST 176: video_publish_bitrate x
--- main_config
video_publish_bitrate x;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_bitrate" must be "off" or between 64k and 1024m, not "x"


=== TEST 177: video_publish_bitrate -1k
--- main_config
video_publish_bitrate -1k;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_bitrate" must be "off" or between 64k and 1024m, not "-1k"


=== TEST 178: video_publish_bitrate 1.5m
--- main_config
video_publish_bitrate 1.5m;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_bitrate" must be "off" or between 64k and 1024m, not "1.5m"


=== TEST 179: video_publish_bitrate 1g
--- main_config
video_publish_bitrate 1g;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_bitrate" must be "off" or between 64k and 1024m, not "1g"


=== TEST 180: video_publish_bitrate over 999ms
--- main_config
video_publish_bitrate 8m 999ms;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_bitrate" must be measured over between 1s and 60s, not "999ms"


=== TEST 181: video_publish_bitrate over 61s
--- main_config
video_publish_bitrate 8m 61s;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_bitrate" must be measured over between 1s and 60s, not "61s"


=== TEST 182: video_publish_bitrate over 0
--- main_config
video_publish_bitrate 8m 0;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_bitrate" must be measured over between 1s and 60s, not "0"


=== TEST 183: video_publish_bitrate over x
--- main_config
video_publish_bitrate 8m x;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_bitrate" must be measured over between 1s and 60s, not "x"


=== TEST 184: video_publish_bitrate over 1.5s
--- main_config
video_publish_bitrate 8m 1.5s;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_bitrate" must be measured over between 1s and 60s, not "1.5s"


=== TEST 185: video_publish_bitrate over 10m
--- main_config
video_publish_bitrate 8m 10m;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_bitrate" must be measured over between 1s and 60s, not "10m"


=== TEST 186: video_publish_bitrate off with a time
--- main_config
video_publish_bitrate off 10s;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_bitrate" must be "off" or between 64k and 1024m, not "off"


=== TEST 187: video_publish_bitrate twice
--- main_config
video_publish_bitrate 8m;
video_publish_bitrate off;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_bitrate" directive is duplicate


=== TEST 188: publish control in http
--- main_config

--- config
video_publish_keys off;
--- must_die
--- error_log
[emerg]
"video_publish_keys" directive is not allowed here



=== TEST 189: video_publish_standby on
--- main_config
video_publish_standby on;
--- config
--- no_error_log
[warn]



=== TEST 190: video_publish_standby yes
--- main_config
video_publish_standby yes;
--- config
--- must_die
--- error_log
[emerg]
invalid value "yes" in "video_publish_standby" directive, it must be "on" or "off"



=== TEST 191: video_publish_standby twice
--- main_config
video_publish_standby on;
video_publish_standby on;
--- config
--- must_die
--- error_log
[emerg]
"video_publish_standby" directive is duplicate



=== TEST 192: video_publish_standby with silence
--- main_config
video_publish_standby on silence=500ms;
--- config
--- no_error_log
[warn]



=== TEST 193: video_publish_standby without an end of silence
--- main_config
video_publish_standby on silence=0;
--- config
--- no_error_log
[warn]



=== TEST 194: video_publish_standby, a short silence
--- main_config
video_publish_standby on silence=499ms;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "silence=499ms": after "on" "silence=TIME", 0 or between 500ms and 60s, is expected



=== TEST 195: video_publish_standby, a long silence
--- main_config
video_publish_standby on silence=61s;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "silence=61s": after "on" "silence=TIME", 0 or between 500ms and 60s, is expected



=== TEST 196: video_publish_standby, another parameter
--- main_config
video_publish_standby on 5s;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "5s": after "on" "silence=TIME", 0 or between 500ms and 60s, is expected



=== TEST 197: video_publish_standby, no time
--- main_config
video_publish_standby on silence=x;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "silence=x": after "on" "silence=TIME", 0 or between 500ms and 60s, is expected



=== TEST 198: video_publish_standby, silence without standby
--- main_config
video_publish_standby off silence=5s;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "silence=5s": after "on" "silence=TIME", 0 or between 500ms and 60s, is expected



=== TEST 199: video_audio_fill off
--- main_config
video_audio_fill 0;
--- config
--- no_error_log
[warn]



=== TEST 200: video_audio_fill, the least
--- main_config
video_audio_fill 500ms;
--- config
--- no_error_log
[warn]



=== TEST 201: video_audio_fill, the most
--- main_config
video_audio_fill 60s;
--- config
--- no_error_log
[warn]



=== TEST 202: video_audio_fill 499ms
--- main_config
video_audio_fill 499ms;
--- config
--- must_die
--- error_log
[emerg]
"video_audio_fill" must be 0 or between 500ms and 60000ms



=== TEST 203: video_audio_fill 61s
--- main_config
video_audio_fill 61s;
--- config
--- must_die
--- error_log
[emerg]
"video_audio_fill" must be 0 or between 500ms and 60000ms



=== TEST 204: video_audio_fill x
--- main_config
video_audio_fill x;
--- config
--- must_die
--- error_log
[emerg]
"video_audio_fill" directive invalid value



=== TEST 205: video_audio_fill twice
--- main_config
video_audio_fill 1s; video_audio_fill 2s;
--- config
--- must_die
--- error_log
[emerg]
"video_audio_fill" directive is duplicate



=== TEST 206: video_audio_fill in stream {}
--- main_config
stream {
    video_audio_fill 2s;
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        video_rtmp live zone=live;
    }
}
--- config
--- no_error_log
[warn]
