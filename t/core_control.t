# Proves what "video_control" takes and answers when there is no stream.
use Test::Nginx::Socket 'no_plan';

repeat_each(2);

add_block_preprocessor(sub {
    my $block = shift;
    $block->set_value('config',
                      'location /control/ { video_control zone=live; }')
        if ($block->config // '') !~ /\S/;
    $block->set_value('main_config', 'video { zone live 4m; }')
        if ($block->main_config // '') !~ /\S/;
});

no_long_string();
run_tests();

__DATA__

=== TEST 1: no stream
--- config
--- request
GET /control/streams
--- response_headers
Content-Type: application/json
--- response_body
{"streams":[],"relays":[]}



=== TEST 2: one that is not there
--- config
--- request
GET /control/streams/cam
--- error_code: 404



=== TEST 3: nor can it be ended
--- config
--- request
DELETE /control/streams/cam
--- error_code: 404



=== TEST 4: all can't be
--- config
--- request
DELETE /control/streams
--- error_code: 405



=== TEST 5: nor other methods
--- config
--- request
POST /control/streams/cam
x=y
--- error_code: 405



=== TEST 6: another path
--- config
--- request
GET /control/
--- error_code: 404



=== TEST 7: a longer one
--- config
--- request
GET /control/streamsx
--- error_code: 404



=== TEST 8: HEAD
--- config
--- request
HEAD /control/streams
--- response_body
--- response_headers
Content-Length: 27



=== TEST 9: no zone
--- config
location /control/ { video_control; }
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_control" directive



=== TEST 10: another argument
--- config
location /control/ { video_control live; }
--- must_die
--- error_log
[emerg]
invalid parameter "live": "zone=NAME" is expected



=== TEST 11: a zone that is not declared
--- config
location /control/ { video_control zone=other; }
--- must_die
--- error_log
[emerg]
zero size shared memory zone "other"



=== TEST 12: twice
--- config
location /control/ { video_control zone=live; video_control zone=live; }
--- must_die
--- error_log
[emerg]
"video_control" directive is duplicate



=== TEST 13: not of a server
--- config
video_control zone=live;
--- must_die
--- error_log
[emerg]
"video_control" directive is not allowed here
