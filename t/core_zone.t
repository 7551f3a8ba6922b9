# Proves what "video { zone NAME SIZE; }" takes and refuses, each refusal with
# its message, and that zones can be used before they are declared.
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(sub {
    my $block = shift;
    $block->set_value('config', "location = /status { video_status; }\n"
                                . ($block->config // ''));
    $block->set_value('request', 'GET /status')
        if !defined $block->must_die && !defined $block->request;
});

run_tests();

__DATA__

=== TEST 1: no block at all
--- config
--- response_body_like: "zones":\[\],"streams":\[\]



=== TEST 2: an empty block
--- main_config
video { }
--- config
--- response_body_like: "zones":\[\]



=== TEST 3: a zone
--- main_config
video {
    zone live 4m;
}
--- config
--- response_body_like: "zones":\[\{"name":"live","chunks":\d+,



=== TEST 4: several zones, sizes in k, m, bytes and the smallest
--- main_config
video {
    zone a 2m;
    zone b 3000k;
    zone c 2097152;
    zone with-Other_chars.1 2M;
}
--- config
--- response_body_like: "name":"a".*"name":"b".*"name":"c".*"name":"with-Other_chars.1"



=== TEST 5: too small
--- main_config
video { zone live 2047k; }
--- config
--- must_die
--- error_log
[emerg]
invalid size "2047k" of zone "live": a number with "k" or "m", at least 2m, is expected



=== TEST 6: no number
--- main_config
video { zone live big; }
--- config
--- must_die
--- error_log
[emerg]
invalid size "big" of zone "live"



=== TEST 7: negative
--- main_config
video { zone live -4m; }
--- config
--- must_die
--- error_log
[emerg]
invalid size "-4m" of zone "live"



=== TEST 8: zero
--- main_config
video { zone live 0; }
--- config
--- must_die
--- error_log
[emerg]
invalid size "0" of zone "live"



=== TEST 9: gigabytes are not a unit of sizes
--- main_config
video { zone live 1g; }
--- config
--- must_die
--- error_log
[emerg]
invalid size "1g" of zone "live"



=== TEST 10: overflow
--- main_config
video { zone live 99999999999999999999m; }
--- config
--- must_die
--- error_log
[emerg]
invalid size "99999999999999999999m" of zone "live"



=== TEST 11: empty name
--- main_config
video { zone "" 4m; }
--- config
--- must_die
--- error_log
[emerg]
empty zone name



=== TEST 12: the same name twice
--- main_config
video {
    zone live 4m;
    zone live 4m;
}
--- config
--- must_die
--- error_log
[emerg]
zone "live" is already declared



=== TEST 13: the same name with another size
--- main_config
video {
    zone live 4m;
    zone live 8m;
}
--- config
--- must_die
--- error_log
[emerg]
the size 8388608 of shared memory zone "live" conflicts with already declared size 4194304



=== TEST 14: no size
--- main_config
video { zone live; }
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "zone" directive



=== TEST 15: three arguments
--- main_config
video { zone live 4m 4m; }
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "zone" directive



=== TEST 16: the block twice
--- main_config
video { }
video { }
--- config
--- must_die
--- error_log
[emerg]
"video" directive is duplicate



=== TEST 17: the block has no arguments
--- main_config
video live { }
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video" directive



=== TEST 18: not inside http
--- http_config
video { }
--- config
--- must_die
--- error_log
[emerg]
"video" directive is not allowed here



=== TEST 19: an unknown directive inside
--- main_config
video { zones live 4m; }
--- config
--- must_die
--- error_log
[emerg]
unknown directive "zones"



=== TEST 20: other directives are not allowed inside
--- main_config
video { worker_processes 1; }
--- config
--- must_die
--- error_log
[emerg]
"worker_processes" directive is not allowed here



=== TEST 21: zone is not allowed outside
--- main_config
zone live 4m;
--- config
--- must_die
--- error_log
[emerg]
"zone" directive is not allowed here



=== TEST 22: a zone that another module has
--- main_config
video { zone mine 4m; }
--- http_config
limit_conn_zone $remote_addr zone=mine:4m;
--- config
--- must_die
--- error_log
[emerg]
the shared memory zone "mine" is already declared for a different use



=== TEST 23: a zone that nobody declared, in http
--- main_config
video { zone live 4m; }
--- config
location /live/ { video_live zone=nolive; }
--- must_die
--- error_log
[emerg]
zero size shared memory zone "nolive"



=== TEST 24: a zone that nobody declared, in stream
--- main_config
video { zone live 4m; }
stream {
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        video_rtmp live zone=nolive;
    }
}
--- config
--- must_die
--- error_log
[emerg]
zero size shared memory zone "nolive"



=== TEST 25: a zone that is declared after its use
--- main_config
stream {
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        video_rtmp live zone=late;
    }
}
video { zone late 4m; }
--- config
location /live/ { video_live zone=late; }
--- response_body_like: "name":"late"



=== TEST 26: a zone that is declared after http
--- post_main_config
video { zone late 4m; }
--- config
location /live/ { video_live zone=late; }
--- response_body_like: "name":"late"
