# Proves what each directive of HTTP delivery takes and refuses, each refusal
# with its message: contexts, inheritance, duplicates, defaults that show.
use Test::Nginx::Socket 'no_plan';

use File::Basename qw(basename);

use Test::Video::Media;

our $file = basename(mp4_h264_aac(seconds => 13, size => '320x180',
                                  bitrate => '200k'));
$ENV{TEST_NGINX_MEDIA_DIR} = media_dir();

add_block_preprocessor(sub {
    my $block = shift;
    my $text = $block->main_config // '';
    $block->set_value('main_config', ($text =~ /\bvideo \{/ ? ''
                                      : "video { zone live 8m; }\n") . $text);
});

run_tests();

__DATA__

=== TEST 1: video_live: what is not there is not found
--- config
location /l/ {
    video_live zone=live;
}
--- request
GET /l/none/master.m3u8
--- error_code: 404



=== TEST 2: video_live: other methods
--- config
location /l/ {
    video_live zone=live;
}
--- request eval
["POST /l/a/master.m3u8\nx", "DELETE /l/a/master.m3u8", "OPTIONS /l/a/master.m3u8"]
--- error_code eval
[405, 405, 405]



=== TEST 3: video_live without a zone
--- config
location /l/ {
    video_live;
}
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_live" directive



=== TEST 4: video_live: another parameter
--- config
location /l/ {
    video_live live;
}
--- must_die
--- error_log
[emerg]
invalid parameter "live": "zone=NAME" is expected



=== TEST 5: video_live: an empty zone
--- config
location /l/ {
    video_live zone=;
}
--- must_die
--- error_log
[emerg]
empty zone name



=== TEST 6: video_live: two parameters
--- config
location /l/ {
    video_live zone=live zone=live;
}
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_live" directive



=== TEST 7: video_live twice
--- config
location /l/ {
    video_live zone=live;
    video_live zone=live;
}
--- must_die
--- error_log
[emerg]
"video_live" directive is duplicate, or there are both "video_live" and "video_vod"



=== TEST 8: video_live: not in server
--- config
video_live zone=live;
--- must_die
--- error_log
[emerg]
"video_live" directive is not allowed here



=== TEST 9: video_live: not in http
--- http_config
video_live zone=live;
--- config
--- must_die
--- error_log
[emerg]
"video_live" directive is not allowed here



=== TEST 10: video_vod: what is not there is not found
--- config
location /l/ {
    video_vod zone=live;
}
--- request
GET /l/none/master.m3u8
--- error_code: 404



=== TEST 11: video_vod: other methods
--- config
location /l/ {
    video_vod zone=live;
}
--- request eval
["POST /l/a/master.m3u8\nx", "DELETE /l/a/master.m3u8", "OPTIONS /l/a/master.m3u8"]
--- error_code eval
[405, 405, 405]



=== TEST 12: video_vod without a zone
--- config
location /l/ {
    video_vod;
}
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_vod" directive



=== TEST 13: video_vod: another parameter
--- config
location /l/ {
    video_vod live;
}
--- must_die
--- error_log
[emerg]
invalid parameter "live": "zone=NAME" is expected



=== TEST 14: video_vod: an empty zone
--- config
location /l/ {
    video_vod zone=;
}
--- must_die
--- error_log
[emerg]
empty zone name



=== TEST 15: video_vod: two parameters
--- config
location /l/ {
    video_vod zone=live zone=live;
}
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_vod" directive



=== TEST 16: video_vod twice
--- config
location /l/ {
    video_vod zone=live;
    video_vod zone=live;
}
--- must_die
--- error_log
[emerg]
"video_vod" directive is duplicate, or there are both "video_live" and "video_vod"



=== TEST 17: video_vod: not in server
--- config
video_vod zone=live;
--- must_die
--- error_log
[emerg]
"video_vod" directive is not allowed here



=== TEST 18: video_vod: not in http
--- http_config
video_vod zone=live;
--- config
--- must_die
--- error_log
[emerg]
"video_vod" directive is not allowed here



=== TEST 19: live and files in one location
--- config
location /l/ {
    video_live zone=live;
    video_vod zone=live;
}
--- must_die
--- error_log
[emerg]
"video_vod" directive is duplicate, or there are both "video_live" and "video_vod"



=== TEST 20: files and live in one location
--- config
location /l/ {
    video_vod zone=live;
    video_live zone=live;
}
--- must_die
--- error_log
[emerg]
"video_live" directive is duplicate, or there are both "video_live" and "video_vod"



=== TEST 21: not inherited by nested locations
--- config
location /l/ {
    video_live zone=live;
    location /l/inner/ { return 200 "inner\n"; }
}
--- request
GET /l/inner/a/master.m3u8
--- response_body
inner



=== TEST 22: video_segment 499ms
--- config
video_segment 499ms;
--- must_die
--- error_log
[emerg]
"video_segment" must be between 500ms and 60000ms



=== TEST 23: video_segment 60001ms
--- config
video_segment 60001ms;
--- must_die
--- error_log
[emerg]
"video_segment" must be between 500ms and 60000ms



=== TEST 24: video_segment 0
--- config
video_segment 0;
--- must_die
--- error_log
[emerg]
"video_segment" must be between 500ms and 60000ms



=== TEST 25: video_segment 2h
--- config
video_segment 2h;
--- must_die
--- error_log
[emerg]
"video_segment" must be between 500ms and 60000ms



=== TEST 26: video_segment x
--- config
video_segment x;
--- must_die
--- error_log
[emerg]
"video_segment" directive invalid value



=== TEST 27: video_segment -1
--- config
video_segment -1;
--- must_die
--- error_log
[emerg]
"video_segment" directive invalid value



=== TEST 28: video_segment twice
--- config
video_segment 5s;
video_segment 5s;
--- must_die
--- error_log
[emerg]
"video_segment" directive is duplicate



=== TEST 29: video_segment without a value
--- config
video_segment;
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_segment" directive



=== TEST 30: video_segment: checked in http, too
--- http_config
video_segment 499ms;
--- config
--- must_die
--- error_log
[emerg]
"video_segment" must be between



=== TEST 31: video_max_moov 63k
--- config
video_max_moov 63k;
--- must_die
--- error_log
[emerg]
"video_max_moov" must be between 64k and 1024m



=== TEST 32: video_max_moov 1025m
--- config
video_max_moov 1025m;
--- must_die
--- error_log
[emerg]
"video_max_moov" must be between 64k and 1024m



=== TEST 33: video_max_moov 0
--- config
video_max_moov 0;
--- must_die
--- error_log
[emerg]
"video_max_moov" must be between 64k and 1024m



=== TEST 34: video_max_moov x
--- config
video_max_moov x;
--- must_die
--- error_log
[emerg]
"video_max_moov" directive invalid value



=== TEST 35: video_max_moov -1
--- config
video_max_moov -1;
--- must_die
--- error_log
[emerg]
"video_max_moov" directive invalid value



=== TEST 36: video_max_moov twice
--- config
video_max_moov 1m;
video_max_moov 1m;
--- must_die
--- error_log
[emerg]
"video_max_moov" directive is duplicate



=== TEST 37: video_max_moov without a value
--- config
video_max_moov;
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_max_moov" directive



=== TEST 38: video_max_moov: checked in http, too
--- http_config
video_max_moov 63k;
--- config
--- must_die
--- error_log
[emerg]
"video_max_moov" must be between



=== TEST 39: video_buffer_size 15k
--- config
video_buffer_size 15k;
--- must_die
--- error_log
[emerg]
"video_buffer_size" must be between 16k and 4m



=== TEST 40: video_buffer_size 4097k
--- config
video_buffer_size 4097k;
--- must_die
--- error_log
[emerg]
"video_buffer_size" must be between 16k and 4m



=== TEST 41: video_buffer_size 0
--- config
video_buffer_size 0;
--- must_die
--- error_log
[emerg]
"video_buffer_size" must be between 16k and 4m



=== TEST 42: video_buffer_size x
--- config
video_buffer_size x;
--- must_die
--- error_log
[emerg]
"video_buffer_size" directive invalid value



=== TEST 43: video_buffer_size -1
--- config
video_buffer_size -1;
--- must_die
--- error_log
[emerg]
"video_buffer_size" directive invalid value



=== TEST 44: video_buffer_size twice
--- config
video_buffer_size 1m;
video_buffer_size 1m;
--- must_die
--- error_log
[emerg]
"video_buffer_size" directive is duplicate



=== TEST 45: video_buffer_size without a value
--- config
video_buffer_size;
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_buffer_size" directive



=== TEST 46: video_buffer_size: checked in http, too
--- http_config
video_buffer_size 15k;
--- config
--- must_die
--- error_log
[emerg]
"video_buffer_size" must be between



=== TEST 47: video_low_latency: neither on nor off
--- config
video_low_latency maybe;
--- must_die
--- error_log
[emerg]
invalid value "maybe" in "video_low_latency" directive, it must be "on" or "off"



=== TEST 48: video_low_latency twice
--- config
video_low_latency on;
video_low_latency on;
--- must_die
--- error_log
[emerg]
"video_low_latency" directive is duplicate



=== TEST 49: video_cors twice
--- config
video_cors a;
video_cors b;
--- must_die
--- error_log
[emerg]
"video_cors" directive is duplicate



=== TEST 50: video_cors: an unknown variable
--- config
video_cors $nosuchvariable;
--- must_die
--- error_log
[emerg]
unknown "nosuchvariable" variable



=== TEST 51: video_cors without a value
--- config
video_cors;
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_cors" directive



=== TEST 52: the smallest and the largest values, at each level
--- http_config
video_segment 60s;
video_low_latency off;
video_max_moov 1024m;
video_buffer_size 4m;
video_cors *;
--- config
video_segment 500ms;
video_low_latency on;
video_max_moov 64k;
video_buffer_size 16k;
video_cors "";
location /l/ {
    video_live zone=live;
    video_segment 1s;
    video_low_latency off;
    video_max_moov 1m;
    video_buffer_size 1m;
    video_cors x;
}
--- request
GET /l/none/master.m3u8
--- error_code: 404
--- no_error_log
[warn]



=== TEST 53: video_cors: a preflight
--- config
location /l/ {
    video_live zone=live;
    video_cors *;
}
--- request
OPTIONS /l/any/v0/index.m3u8
--- error_code: 204
--- response_headers
Access-Control-Allow-Origin: *
Access-Control-Allow-Methods: GET, HEAD, OPTIONS
! Vary
! Content-Type



=== TEST 54: video_cors of http
--- http_config
video_cors https://a.example;
--- config

location /l/ {
    video_vod zone=live;
    
}
--- request
OPTIONS /l/any/master.m3u8
--- error_code: 204
--- response_headers
Access-Control-Allow-Origin: https://a.example
Vary: Origin



=== TEST 55: video_cors of server
--- http_config
video_cors https://a.example;
--- config
video_cors https://b.example;
location /l/ {
    video_vod zone=live;
    
}
--- request
OPTIONS /l/any/master.m3u8
--- error_code: 204
--- response_headers
Access-Control-Allow-Origin: https://b.example
Vary: Origin



=== TEST 56: video_cors of location
--- http_config
video_cors https://a.example;
--- config
video_cors https://b.example;
location /l/ {
    video_vod zone=live;
    video_cors https://c.example;
}
--- request
OPTIONS /l/any/master.m3u8
--- error_code: 204
--- response_headers
Access-Control-Allow-Origin: https://c.example
Vary: Origin



=== TEST 57: video_cors with variables
--- http_config
map $http_origin $allowed {
    ~^https://[a-z]+\.example$  $http_origin;
}
--- config
location /l/ {
    video_live zone=live;
    video_cors $allowed;
}
--- request eval
["OPTIONS /l/a/master.m3u8", "OPTIONS /l/a/master.m3u8"]
--- more_headers eval
["Origin: https://good.example", "Origin: https://evil.invalid"]
--- error_code eval
[204, 204]
--- response_headers eval
["Access-Control-Allow-Origin: https://good.example",
 "! Access-Control-Allow-Origin"]



=== TEST 58: video_segment: 6 s unless said otherwise
--- http_config

--- config

location /vod/ {
    video_vod zone=live;
    alias $TEST_NGINX_MEDIA_DIR/;
    
}
--- request eval
"GET /vod/$::file/v0/index.m3u8"
--- response_body_like: #EXT-X-TARGETDURATION:6\n



=== TEST 59: video_segment of http
--- http_config
video_segment 3s;
--- config

location /vod/ {
    video_vod zone=live;
    alias $TEST_NGINX_MEDIA_DIR/;
    
}
--- request eval
"GET /vod/$::file/v0/index.m3u8"
--- response_body_like: #EXT-X-TARGETDURATION:3\n



=== TEST 60: video_segment of server
--- http_config
video_segment 3s;
--- config
video_segment 4s;
location /vod/ {
    video_vod zone=live;
    alias $TEST_NGINX_MEDIA_DIR/;
    
}
--- request eval
"GET /vod/$::file/v0/index.m3u8"
--- response_body_like: #EXT-X-TARGETDURATION:4\n



=== TEST 61: video_segment of location
--- http_config
video_segment 3s;
--- config
video_segment 4s;
location /vod/ {
    video_vod zone=live;
    alias $TEST_NGINX_MEDIA_DIR/;
    video_segment 2s;
}
--- request eval
"GET /vod/$::file/v0/index.m3u8"
--- response_body_like: #EXT-X-TARGETDURATION:2\n



=== TEST 62: video_captions: no such caption
--- config
location /l/ {
    video_live zone=live;
    video_captions CC5;
}
--- must_die
--- error_log
[emerg]
invalid caption "CC5" in "video_captions": CC1 to CC4 or SERVICE1 to SERVICE63 is expected, and "=LANGUAGE" if it is known



=== TEST 63: video_captions: no such service
--- config
location /l/ {
    video_live zone=live;
    video_captions CC1 SERVICE64=en;
}
--- must_die
--- error_log
[emerg]
invalid caption "SERVICE64=en" in "video_captions"



=== TEST 64: video_captions: no language
--- config
location /l/ {
    video_live zone=live;
    video_captions CC1=;
}
--- must_die
--- error_log
[emerg]
invalid language "" in "video_captions": a tag like "en", "eng" or "pt-BR" is expected



=== TEST 65: video_captions: twice the same
--- config
location /l/ {
    video_live zone=live;
    video_captions CC1=en CC1=es;
}
--- must_die
--- error_log
[emerg]
duplicate caption "CC1=es" in "video_captions"



=== TEST 66: video_captions: auto is alone
--- config
location /l/ {
    video_live zone=live;
    video_captions auto CC1;
}
--- must_die
--- error_log
[emerg]
invalid caption "auto" in "video_captions"



=== TEST 67: video_captions: too many
--- config
location /l/ {
    video_live zone=live;
    video_captions SERVICE1 SERVICE2 SERVICE3 SERVICE4 SERVICE5 SERVICE6 SERVICE7 SERVICE8 SERVICE9 SERVICE10 SERVICE11 SERVICE12 SERVICE13 SERVICE14 SERVICE15 SERVICE16 SERVICE17;
}
--- must_die
--- error_log
[emerg]
"video_captions" directive has too many captions, 16 are allowed



=== TEST 68: video_captions twice
--- config
location /l/ {
    video_live zone=live;
    video_captions CC1;
    video_captions off;
}
--- must_die
--- error_log
[emerg]
"video_captions" directive is duplicate



=== TEST 69: video_captions: nothing
--- config
location /l/ {
    video_live zone=live;
    video_captions;
}
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_captions" directive



=== TEST 70: video_captions: inherited, and replaced
--- http_config
video_captions CC1=en;
--- config
location /v/ {
    video_vod zone=live;
    alias $TEST_NGINX_MEDIA_DIR/;
}
location /w/ {
    video_vod zone=live;
    video_captions auto;
    alias $TEST_NGINX_MEDIA_DIR/;
}
--- request eval
["GET /v/$main::file/master.m3u8", "GET /w/$main::file/master.m3u8"]
--- response_body_like eval
[qr/INSTREAM-ID="CC1"/, qr/\A(?!.*CAPTIONS)/s]



=== TEST 71: video_thumbs: off by default, and where it is off
--- http_config
video_thumbs off;
--- config
location /v/ {
    video_vod zone=live;
    alias $TEST_NGINX_MEDIA_DIR/;
}
--- request eval
[map { "GET /v/$main::file/$_" } qw(thumbs.vtt thumbs/0.jpg poster.jpg)]
--- error_code eval
[404, 404, 404]



=== TEST 72: video_thumbs: off, where it is on around
--- http_config
video_thumbs on;
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs off;
    alias $TEST_NGINX_MEDIA_DIR/;
}
location /l/ {
    video_live zone=live;
}
--- request eval
["GET /v/$main::file/thumbs.vtt", "GET /l/a/thumbs.vtt"]
--- error_code eval
[404, 404]



=== TEST 73: video_thumbs and no transcoder
--- main_config
video { zone live 8m; transcoder off; }
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs on;
}
--- must_die
--- error_log
[emerg]
"video_thumbs" needs the transcoder, and there is "transcoder off"



=== TEST 74: video_thumbs: no program
--- main_config
video { zone live 8m; transcoder /nowhere/transcoder; }
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs on;
}
--- must_die
--- error_log
[emerg]
transcoder "/nowhere/transcoder" is no program that can be run



=== TEST 75: video_thumbs yes
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs yes;
}
--- must_die
--- error_log
[emerg]
invalid value "yes" in "video_thumbs": "on" or "off" is expected



=== TEST 76: video_thumbs off every=5s
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs off every=5s;
}
--- must_die
--- error_log
[emerg]
invalid value "every=5s" in "video_thumbs": nothing after "off" is expected



=== TEST 77: video_thumbs on always
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs on always;
}
--- must_die
--- error_log
[emerg]
invalid value "always" in "video_thumbs": "every=", "size=", "grid=", "poster=", "poster_time=" or "timeout=" is expected



=== TEST 78: video_thumbs on colour=red
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs on colour=red;
}
--- must_die
--- error_log
[emerg]
invalid value "colour=red" in "video_thumbs": "every=", "size=", "grid=", "poster=", "poster_time=" or "timeout=" is expected



=== TEST 79: video_thumbs on every=99ms
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs on every=99ms;
}
--- must_die
--- error_log
[emerg]
invalid value "every=99ms" in "video_thumbs": a time between 100ms and 1h is expected



=== TEST 80: video_thumbs on every=x
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs on every=x;
}
--- must_die
--- error_log
[emerg]
invalid value "every=x" in "video_thumbs": a time between 100ms and 1h is expected



=== TEST 81: video_thumbs on every=61m
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs on every=61m;
}
--- must_die
--- error_log
[emerg]
invalid value "every=61m" in "video_thumbs": a time between 100ms and 1h is expected



=== TEST 82: video_thumbs on size=161x90
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs on size=161x90;
}
--- must_die
--- error_log
[emerg]
invalid value "size=161x90" in "video_thumbs": two even numbers between 16 and 1024 with an "x" between them is expected



=== TEST 83: video_thumbs on size=14x16
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs on size=14x16;
}
--- must_die
--- error_log
[emerg]
invalid value "size=14x16" in "video_thumbs": two even numbers between 16 and 1024 with an "x" between them is expected



=== TEST 84: video_thumbs on size=160
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs on size=160;
}
--- must_die
--- error_log
[emerg]
invalid value "size=160" in "video_thumbs": two even numbers between 16 and 1024 with an "x" between them is expected



=== TEST 85: video_thumbs on grid=0x1
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs on grid=0x1;
}
--- must_die
--- error_log
[emerg]
invalid value "grid=0x1" in "video_thumbs": two numbers between 1 and 32 with an "x" between them is expected



=== TEST 86: video_thumbs on grid=33x1
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs on grid=33x1;
}
--- must_die
--- error_log
[emerg]
invalid value "grid=33x1" in "video_thumbs": two numbers between 1 and 32 with an "x" between them is expected



=== TEST 87: video_thumbs on poster=x
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs on poster=x;
}
--- must_die
--- error_log
[emerg]
invalid value "poster=x" in "video_thumbs": two even numbers between 16 and 4096 with an "x" between them is expected



=== TEST 88: video_thumbs on poster_time=25h
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs on poster_time=25h;
}
--- must_die
--- error_log
[emerg]
invalid value "poster_time=25h" in "video_thumbs": a time up to 24h is expected



=== TEST 89: video_thumbs on timeout=11m
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs on timeout=11m;
}
--- must_die
--- error_log
[emerg]
invalid value "timeout=11m" in "video_thumbs": a time between 100ms and 10m is expected



=== TEST 90: video_thumbs: a sheet that is too large
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs on size=1024x16 grid=9x1;
}
--- must_die
--- error_log
[emerg]
a sheet of "video_thumbs", "grid" times "size", must not be larger than 8192x8192



=== TEST 91: video_thumbs twice
--- config
location /v/ {
    video_vod zone=live;
    video_thumbs on;
    video_thumbs off;
}
--- must_die
--- error_log
[emerg]
"video_thumbs" directive is duplicate
