# Proves what the directives of recording take and refuse, each refusal with its
# message.
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

=== TEST 1: recording
--- main_config
video_record rec;
--- config
--- no_error_log
[warn]



=== TEST 2: off
--- main_config
video_record off;
--- config
--- no_error_log
[warn]



=== TEST 3: an absolute path and all parameters
--- main_config
video_record $TEST_NGINX_HTML_DIR/rec manual keep=1d threads=default;
--- config
--- no_error_log
[warn]



=== TEST 4: with DVR
--- main_config
video_record rec; video_dvr 2h;
--- config
--- no_error_log
[warn]



=== TEST 5: DVR of nothing
--- main_config
video_dvr 0;
--- config
--- no_error_log
[warn]



=== TEST 6: the longest DVR
--- main_config
video_record rec; video_dvr 24h;
--- config
--- no_error_log
[warn]



=== TEST 7: the shortest DVR
--- main_config
video_record rec; video_dvr 10s;
--- config
--- no_error_log
[warn]



=== TEST 8: inherited, and off in one server
--- main_config
stream {
    video_record rec;
    video_dvr 1h;
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        video_rtmp live zone=live;
    }
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_2;
        video_rtmp live zone=live;
        video_record off;
        video_dvr 0;
    }
}
--- config
--- no_error_log
[warn]



=== TEST 9: no path
--- main_config
video_record;
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_record" directive



=== TEST 10: an unknown parameter
--- main_config
video_record rec split=1h;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "split=1h", "manual", "keep=TIME" or "threads=POOL" is expected



=== TEST 11: no pool
--- main_config
video_record rec threads=;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "threads=", "manual", "keep=TIME" or "threads=POOL" is expected



=== TEST 12: a pool that is not there
--- main_config
video_record rec threads=none;
--- config
--- must_die
--- error_log
[emerg]
unknown thread pool "none"



=== TEST 13: a directory in none
--- main_config
video_record none/such/dir;
--- config
--- must_die
--- error_log
[emerg]
mkdir() "



=== TEST 14: twice
--- main_config
video_record rec; video_record rec2;
--- config
--- must_die
--- error_log
[emerg]
"video_record" directive is duplicate



=== TEST 15: DVR without recording
--- main_config
video_dvr 1h;
--- config
--- must_die
--- error_log
[emerg]
"video_dvr" needs "video_record"



=== TEST 16: DVR, recording is off
--- main_config
video_record off; video_dvr 1h;
--- config
--- must_die
--- error_log
[emerg]
"video_dvr" needs "video_record"



=== TEST 17: video_dvr 9999ms
--- main_config
video_record rec; video_dvr 9999ms;
--- config
--- must_die
--- error_log
[emerg]
"video_dvr" must be 0 or between 10000ms and 86400000ms



=== TEST 18: video_dvr 25h
--- main_config
video_record rec; video_dvr 25h;
--- config
--- must_die
--- error_log
[emerg]
"video_dvr" must be 0 or between 10000ms and 86400000ms



=== TEST 19: video_dvr x
--- main_config
video_record rec; video_dvr x;
--- config
--- must_die
--- error_log
[emerg]
"video_dvr" directive invalid value



=== TEST 20: too many segments
--- main_config
video_record rec; video_segment 500ms; video_part 100ms; video_dvr 24h;
--- config
--- must_die
--- error_log
[emerg]
"video_dvr" 86400000ms has more than 100000 segments of "video_segment" 500ms



=== TEST 21: video_dvr twice
--- main_config
video_record rec; video_dvr 1h; video_dvr 1h;
--- config
--- must_die
--- error_log
[emerg]
"video_dvr" directive is duplicate



=== TEST 22: the shortest time that is kept
--- main_config
video_record rec keep=1m;
--- config
--- no_error_log
[warn]



=== TEST 23: the longest
--- main_config
video_record rec keep=366d; video_dvr 24h;
--- config
--- no_error_log
[warn]



=== TEST 24: as long as DVR needs it
--- main_config
video_record rec keep=150s; video_dvr 2m;
--- config
--- no_error_log
[warn]



=== TEST 25: shorter than DVR needs it
--- main_config
video_record rec keep=149s; video_dvr 2m;
--- config
--- must_die
--- error_log
[emerg]
"keep" of "video_record" is 149000ms, with "video_dvr" 120000ms it must be 150000ms or more



=== TEST 26: the same, where DVR is of the server
--- main_config
stream {
    video_record rec keep=1h;
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        video_rtmp live zone=live;
        video_dvr 1h;
    }
}
--- config
--- must_die
--- error_log
[emerg]
"keep" of "video_record" is 3600000ms, with "video_dvr" 3600000ms it must be 3630000ms or more



=== TEST 27: keep=59s
--- main_config
video_record rec keep=59s;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "keep=59s", a time between 1m and 366d is expected



=== TEST 28: keep=367d
--- main_config
video_record rec keep=367d;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "keep=367d", a time between 1m and 366d is expected



=== TEST 29: keep of nothing
--- main_config
video_record rec keep=;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "keep=", a time between 1m and 366d is expected



=== TEST 30: keep of a word
--- main_config
video_record rec keep=ever;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "keep=ever", a time between 1m and 366d is expected
