# Proves what "transcoder", "ladder" and "video_transcode" take and refuse, each
# refusal with its message.
use Test::Nginx::Socket 'no_plan';

use lib 't/lib';
use Test::Video::Ladder;

my $program = ladder_program() // '/bin/true';

# main_config of a block is what stands in "video { }", or all of it; "USE" is
# what "video_transcode" has.
add_block_preprocessor(sub {
    my $block = shift;
    my $text = $block->main_config // '';
    my $use = $text =~ s/^USE (.*)\n//m ? $1 : 'off';

    $text =~ s/PROGRAM/$program/g;
    $text = "video { zone live 8m; $text }\n" if $text !~ /\bvideo \{/;
    $block->set_value('main_config', $text . "stream {\n    server {\n"
        . "        listen 127.0.0.1:$ENV{TEST_NGINX_RAND_PORT_1};\n"
        . "        video_rtmp live zone=live;\n"
        . "        video_transcode $use;\n    }\n}\n");
    $block->set_value('config', "location = /up { return 204; }\n");
    if (!defined $block->must_die) {
        $block->set_value('request', 'GET /up');
        $block->set_value('error_code', 204);
    }
});

run_tests();

__DATA__

=== TEST 1: everything
--- main_config
transcoder PROGRAM streams=1 thumbs=64 nice=19 memory=64m timeout=1h path=tc max_size=0 cgroup=/nowhere;
ladder a { rung x 32x32 10k; rung y 8192x8192 500m maxrate=500m bufsize=10k fps=240
 preset=veryslow profile=baseline; latency quality; }
ladder b-_1 { rung z 640x360 1m; latency low; }
USE a
--- config
--- no_error_log
[warn]



=== TEST 2: no ladder: the program need not be there
--- main_config
transcoder /nowhere/transcoder;
--- config
--- no_error_log
[warn]



=== TEST 3: off: the same
--- main_config
transcoder off; ladder a { rung x 640x360 1m; }
USE a
--- config
--- no_error_log
[warn]



=== TEST 4: no memory limit
--- main_config
transcoder PROGRAM memory=0 path=tc; ladder a { rung x 640x360 1m; }
USE a
--- config
--- no_error_log
[warn]



=== TEST 5: a ladder by variables
--- main_config
transcoder PROGRAM path=tc; ladder a { rung x 640x360 1m; }
USE "$video_app$video_name"
--- config
--- no_error_log
[warn]



=== TEST 6: nothing of it
--- main_config

--- config
--- no_error_log
[warn]



=== TEST 7: no program
--- main_config
transcoder /nowhere/transcoder path=tc; ladder a { rung x 640x360 1m; }
--- config
--- must_die
--- error_log
[emerg]
transcoder "/nowhere/transcoder" is no program that can be run: ladders and thumbnails need the path of video-transcoder in "transcoder", or "transcoder off"



=== TEST 8: a directory
--- main_config
transcoder /usr/bin path=tc; ladder a { rung x 640x360 1m; }
--- config
--- must_die
--- error_log
[emerg]
transcoder "/usr/bin" is no program that can be run



=== TEST 9: not in PATH
--- main_config
transcoder no-such-transcoder path=tc; ladder a { rung x 640x360 1m; }
--- config
--- must_die
--- error_log
[emerg]
transcoder "no-such-transcoder" is no program that can be run



=== TEST 10: an empty program
--- main_config
transcoder "";
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "": a program or "off" is expected



=== TEST 11: twice
--- main_config
transcoder off; transcoder off;
--- config
--- must_die
--- error_log
[emerg]
"transcoder" directive is duplicate



=== TEST 12: off and more
--- main_config
transcoder off nice=1;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "nice=1": nothing after "off" is expected



=== TEST 13: another parameter
--- main_config
transcoder PROGRAM cpus=4;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "cpus=4": "streams=", "thumbs=", "nice=", "memory=", "timeout=", "path=", "max_size=" or "cgroup=" is expected



=== TEST 14: no parameter
--- main_config
transcoder PROGRAM fast;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "fast": "streams=", "thumbs=", "nice=", "memory=", "timeout=", "path=", "max_size=" or "cgroup=" is expected



=== TEST 15: no streams
--- main_config
transcoder PROGRAM streams=0;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "streams=0": a number between 1 and 256 is expected



=== TEST 16: too many streams
--- main_config
transcoder PROGRAM streams=257;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "streams=257": a number between 1 and 256 is expected



=== TEST 17: less than nice
--- main_config
transcoder PROGRAM nice=-1;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "nice=-1": a number between 0 and 19 is expected



=== TEST 18: too nice
--- main_config
transcoder PROGRAM nice=20;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "nice=20": a number between 0 and 19 is expected



=== TEST 19: little memory
--- main_config
transcoder PROGRAM memory=63m;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "memory=63m": 0, or a size between 64m and 65536m, is expected



=== TEST 20: memory without a unit
--- main_config
transcoder PROGRAM memory=64;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "memory=64": 0, or a size between 64m and 65536m, is expected



=== TEST 21: much memory
--- main_config
transcoder PROGRAM memory=65537m;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "memory=65537m": 0, or a size between 64m and 65536m, is expected



=== TEST 22: no size
--- main_config
transcoder PROGRAM memory=much;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "memory=much": 0, or a size between 64m and 65536m, is expected



=== TEST 23: no time
--- main_config
transcoder PROGRAM timeout=0;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "timeout=0": a time between 1s and 1h is expected



=== TEST 24: much time
--- main_config
transcoder PROGRAM timeout=2h;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "timeout=2h": a time between 1s and 1h is expected



=== TEST 25: no cgroup
--- main_config
transcoder PROGRAM cgroup=video;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "cgroup=video": the path of a cgroup is expected



=== TEST 26: no path
--- main_config
transcoder PROGRAM path=;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "path=": "streams=", "thumbs=", "nice=", "memory=", "timeout=", "path=", "max_size=" or "cgroup=" is expected



=== TEST 27: a name that is none
--- main_config
ladder a.b { rung x 640x360 1m; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "a.b": a name of up to 31 letters, digits, "-" and "_", not "off", is expected



=== TEST 28: off is no name
--- main_config
ladder off { rung x 640x360 1m; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "off": a name of up to 31 letters, digits, "-" and "_", not "off", is expected



=== TEST 29: a long name
--- main_config
ladder abcdefghijklmnopqrstuvwxyz123456 { rung x 640x360 1m; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "abcdefghijklmnopqrstuvwxyz123456": a name of up to 31 letters, digits, "-" and "_", not "off", is expected



=== TEST 30: two of a name
--- main_config
transcoder off; ladder a { rung x 640x360 1m; } ladder a { rung x 640x360 1m; }
--- config
--- must_die
--- error_log
[emerg]
"ladder" directive is duplicate



=== TEST 31: empty
--- main_config
ladder a { }
--- config
--- must_die
--- error_log
[emerg]
ladder "a" is empty: "rung", "audio" or "thumbs" is expected



=== TEST 32: another directive
--- main_config
ladder a { step x 640x360 1m; }
--- config
--- must_die
--- error_log
[emerg]
unknown directive "step" in "ladder": "rung", "audio", "thumbs" or "latency" is expected



=== TEST 33: a block in it
--- main_config
ladder a { rung x { } }
--- config
--- must_die
--- error_log
[emerg]
unexpected "{"



=== TEST 34: outside
--- main_config
video { zone live 8m; }
ladder a { rung x 640x360 1m; }

--- config
--- must_die
--- error_log
[emerg]
"ladder" directive is not allowed here



=== TEST 35: a latency
--- main_config
ladder a { latency none; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "none": "low" or "quality" is expected



=== TEST 36: no latency
--- main_config
ladder a { latency; }
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "latency"



=== TEST 37: few arguments
--- main_config
transcoder off; ladder a { rung x 640x360; }
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "rung": a name, a size and a bit rate are expected



=== TEST 38: a rung's name
--- main_config
transcoder off; ladder a { rung x/y 640x360 1m; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "x/y": a name of up to 31 letters, digits, "-" and "_" is expected



=== TEST 39: two rungs of a name
--- main_config
transcoder off; ladder a { rung x 640x360 1m; rung x 320x180 1m; }
--- config
--- must_die
--- error_log
[emerg]
duplicate rung "x"



=== TEST 40: too many rungs
--- main_config
transcoder off; ladder a { rung x0 640x360 1m; rung x1 640x360 1m; rung x2 640x360 1m; rung x3 640x360 1m; rung x4 640x360 1m; rung x5 640x360 1m; rung x6 640x360 1m; }
--- config
--- must_die
--- error_log
[emerg]
ladder "a" has more than 6 rungs



=== TEST 41: no size
--- main_config
transcoder off; ladder a { rung x 640 1m; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "640": WIDTHxHEIGHT, even numbers between 32 and 8192, is expected



=== TEST 42: an odd size
--- main_config
transcoder off; ladder a { rung x 641x360 1m; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "641x360": WIDTHxHEIGHT, even numbers between 32 and 8192, is expected



=== TEST 43: a small size
--- main_config
transcoder off; ladder a { rung x 640x30 1m; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "640x30": WIDTHxHEIGHT, even numbers between 32 and 8192, is expected



=== TEST 44: a large size
--- main_config
transcoder off; ladder a { rung x 8194x360 1m; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "8194x360": WIDTHxHEIGHT, even numbers between 32 and 8192, is expected



=== TEST 45: three numbers
--- main_config
transcoder off; ladder a { rung x 640x360x2 1m; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "640x360x2": WIDTHxHEIGHT, even numbers between 32 and 8192, is expected



=== TEST 46: a low rate
--- main_config
transcoder off; ladder a { rung x 640x360 9999; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "9999": a bit rate between 10k and 500m is expected



=== TEST 47: a high rate
--- main_config
transcoder off; ladder a { rung x 640x360 501m; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "501m": a bit rate between 10k and 500m is expected



=== TEST 48: a rate beyond numbers
--- main_config
transcoder off; ladder a { rung x 640x360 99999999999999999999; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "99999999999999999999": a bit rate between 10k and 500m is expected



=== TEST 49: a word
--- main_config
transcoder off; ladder a { rung x 640x360 fast; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "fast": a bit rate between 10k and 500m is expected



=== TEST 50: only a unit
--- main_config
transcoder off; ladder a { rung x 640x360 k; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "k": a bit rate between 10k and 500m is expected



=== TEST 51: maxrate below the rate
--- main_config
transcoder off; ladder a { rung x 640x360 1m maxrate=999k; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "maxrate=999k": a rate that is not below that of the rung, up to 500m, is expected



=== TEST 52: bufsize
--- main_config
transcoder off; ladder a { rung x 640x360 1m bufsize=1k; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "bufsize=1k": a size between 10k and 500m is expected



=== TEST 53: fps
--- main_config
transcoder off; ladder a { rung x 640x360 1m fps=241; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "fps=241": a number between 1 and 240 is expected



=== TEST 54: preset
--- main_config
transcoder off; ladder a { rung x 640x360 1m preset=placebo; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "preset=placebo": a preset of x264, "ultrafast" to "veryslow", is expected



=== TEST 55: profile
--- main_config
transcoder off; ladder a { rung x 640x360 1m profile=high10; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "profile=high10": "baseline", "main" or "high" is expected



=== TEST 56: another parameter of a rung
--- main_config
transcoder off; ladder a { rung x 640x360 1m tune=film; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "tune=film": "codec=", "maxrate=", "bufsize=", "fps=", "preset=" or "profile=" is expected



=== TEST 57: no parameter of a rung
--- main_config
transcoder off; ladder a { rung x 640x360 1m fast; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "fast": "codec=", "maxrate=", "bufsize=", "fps=", "preset=" or "profile=" is expected



=== TEST 58: a ladder that is not there
--- main_config
transcoder off;
USE nowhere
--- config
--- must_die
--- error_log
[emerg]
ladder "nowhere" is not declared in "video { }" in 



=== TEST 59: an empty choice
--- main_config
transcoder off;
USE ""
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "": the name of a ladder or "off" is expected



=== TEST 60: two choices
--- main_config
transcoder off; ladder a { rung x 640x360 1m; }
USE a; video_transcode a
--- config
--- must_die
--- error_log
[emerg]
"video_transcode" directive is duplicate



=== TEST 61: an unknown variable
--- main_config
transcoder off;
USE $no_such
--- config
--- must_die
--- error_log
[emerg]
unknown "no_such" variable


=== TEST 62: sound, all of it
--- main_config
transcoder PROGRAM;
ladder a { rung x 640x360 1m; audio 32k rate=44100 channels=1 loudness=-10 variant; }
ladder b { rung x 640x360 1m; audio 512k loudness=-40; }
USE a
--- no_error_log
[warn]



=== TEST 63: sound without a rate
--- main_config
ladder a { rung x 640x360 1m; audio; }
--- config
--- must_die
--- error_log
[emerg]
invalid number of arguments in "audio": a bit rate is expected



=== TEST 64: sound of too few bits
--- main_config
ladder a { rung x 640x360 1m; audio 31k; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "31k": a bit rate between 32k and 512k is expected



=== TEST 65: of too many
--- main_config
ladder a { rung x 640x360 1m; audio 513k; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "513k": a bit rate between 32k and 512k is expected



=== TEST 66: another rate
--- main_config
ladder a { rung x 640x360 1m; audio 96k rate=22050; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "rate=22050": 44100 or 48000 is expected



=== TEST 67: more channels
--- main_config
ladder a { rung x 640x360 1m; audio 96k channels=6; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "channels=6": 1 or 2 is expected



=== TEST 68: too loud
--- main_config
ladder a { rung x 640x360 1m; audio 96k loudness=-9; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "loudness=-9": a loudness between -40 and -10 (LUFS) is expected



=== TEST 69: not at all
--- main_config
ladder a { rung x 640x360 1m; audio 96k loudness=-41; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "loudness=-41": a loudness between -40 and -10 (LUFS) is expected



=== TEST 70: a parameter that is none
--- main_config
ladder a { rung x 640x360 1m; audio 96k codec=opus; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "codec=opus": "rate=", "channels=", "loudness=-" or "variant" is expected



=== TEST 71: sound twice
--- main_config
ladder a { rung x 640x360 1m; audio 96k; audio 64k; }
--- config
--- must_die
--- error_log
[emerg]
duplicate rung "audio"



=== TEST 72: a rung of its name
--- main_config
ladder a { rung audio 640x360 1m; audio 64k; }
--- config
--- must_die
--- error_log
[emerg]
duplicate rung "audio"



=== TEST 73: sound alone
--- main_config
transcoder PROGRAM path=tc; ladder a { audio 64k; }
USE a
--- config



=== TEST 74: six rungs and sound
--- main_config
ladder a { rung r0 64x64 100k; rung r1 64x64 100k; rung r2 64x64 100k; rung r3 64x64 100k; rung r4 64x64 100k; rung r5 64x64 100k; audio 64k; }
--- config
--- must_die
--- error_log
[emerg]
ladder "a" has more than 6 rungs



=== TEST 75: thumbs of none
--- main_config
transcoder PROGRAM thumbs=0;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "thumbs=0": a number between 1 and 64 is expected



=== TEST 76: thumbs of too many
--- main_config
transcoder PROGRAM thumbs=65;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "thumbs=65": a number between 1 and 64 is expected



=== TEST 77: a size that is none
--- main_config
transcoder PROGRAM max_size=x;
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "max_size=x": a size is expected



=== TEST 78: thumbnails alone
--- main_config
transcoder PROGRAM path=tc; ladder a { thumbs; }
USE a
--- config



=== TEST 79: the least of thumbnails
--- main_config
transcoder PROGRAM path=tc; ladder a { thumbs size=16x16 grid=1x1 poster=16x16; }
USE a
--- config



=== TEST 80: the most of thumbnails
--- main_config
transcoder PROGRAM path=tc; ladder a { thumbs size=1024x1024 grid=4x4 poster=4096x4096; rung x 640x360 1m; audio 64k; }
USE a
--- config



=== TEST 81: no poster
--- main_config
transcoder PROGRAM path=tc; ladder a { thumbs poster=off; }
USE a
--- config



=== TEST 82: thumbnails of 14x90
--- main_config
ladder a { thumbs size=14x90; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "size=14x90": two even numbers between 16 and 1024 with an "x" between them is expected



=== TEST 83: thumbnails of 161x90
--- main_config
ladder a { thumbs size=161x90; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "size=161x90": two even numbers between 16 and 1024 with an "x" between them is expected



=== TEST 84: thumbnails of 160x1026
--- main_config
ladder a { thumbs size=160x1026; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "size=160x1026": two even numbers between 16 and 1024 with an "x" between them is expected



=== TEST 85: thumbnails of 160
--- main_config
ladder a { thumbs size=160; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "size=160": two even numbers between 16 and 1024 with an "x" between them is expected



=== TEST 86: a grid of 0x1
--- main_config
ladder a { thumbs grid=0x1; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "grid=0x1": two numbers between 1 and 32 with an "x" between them is expected



=== TEST 87: a grid of 1x33
--- main_config
ladder a { thumbs grid=1x33; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "grid=1x33": two numbers between 1 and 32 with an "x" between them is expected



=== TEST 88: a poster of 14x14
--- main_config
ladder a { thumbs poster=14x14; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "poster=14x14": "off", or two even numbers between 16 and 4096 with an "x" between them is expected



=== TEST 89: a poster of 4098x16
--- main_config
ladder a { thumbs poster=4098x16; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "poster=4098x16": "off", or two even numbers between 16 and 4096 with an "x" between them is expected



=== TEST 90: a poster of on
--- main_config
ladder a { thumbs poster=on; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "poster=on": "off", or two even numbers between 16 and 4096 with an "x" between them is expected



=== TEST 91: another parameter of thumbnails
--- main_config
ladder a { thumbs every=5s; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "every=5s": "size=", "grid=" or "poster=" is expected



=== TEST 92: no parameter of thumbnails
--- main_config
ladder a { thumbs on; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "on": "size=", "grid=" or "poster=" is expected



=== TEST 93: thumbnails twice
--- main_config
ladder a { thumbs; thumbs; }
--- config
--- must_die
--- error_log
[emerg]
"thumbs" directive is duplicate



=== TEST 94: too large a sheet
--- main_config
ladder a { thumbs size=320x180 grid=13x1; }
--- config
--- must_die
--- error_log
[emerg]
a sheet of "thumbs", "grid" times "size", must not be larger than 4096x4096



=== TEST 95: all codecs
--- main_config
transcoder PROGRAM path=tc;
ladder a { rung x0 640x360 1m codec=h264 preset=veryslow profile=high; rung x1 640x360 1m preset=ultrafast codec=hevc;
 rung x2 640x360 1m codec=vp9 preset=0; rung x3 640x360 1m codec=av1 preset=10; rung x4 640x360 1m preset=8 codec=vp9; rung x5 640x360 1m preset=5 codec=av1 maxrate=2m bufsize=2m fps=25; }
USE a
--- config
--- no_error_log
[warn]



=== TEST 96: another codec
--- main_config
transcoder off; ladder a { rung x 640x360 1m codec=mpeg2; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "codec=mpeg2": "h264", "hevc", "vp9" or "av1" is expected



=== TEST 97: no codec
--- main_config
transcoder off; ladder a { rung x 640x360 1m codec=; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "codec=": "h264", "hevc", "vp9" or "av1" is expected



=== TEST 98: a codec and more
--- main_config
transcoder off; ladder a { rung x 640x360 1m codec=h2645; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "codec=h2645": "h264", "hevc", "vp9" or "av1" is expected



=== TEST 99: a preset of HEVC
--- main_config
transcoder off; ladder a { rung x 640x360 1m preset=placebo codec=hevc; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "preset=placebo": a preset of x265, "ultrafast" to "veryslow", is expected



=== TEST 100: a preset of VP9
--- main_config
transcoder off; ladder a { rung x 640x360 1m preset=9 codec=vp9; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "preset=9": a speed of libvpx, "0" to "8", is expected



=== TEST 101: a slow one of AV1
--- main_config
transcoder off; ladder a { rung x 640x360 1m codec=av1 preset=4; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "preset=4": a speed of libaom, "5" to "10", is expected



=== TEST 102: a fast one of AV1
--- main_config
transcoder off; ladder a { rung x 640x360 1m codec=av1 preset=11; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "preset=11": a speed of libaom, "5" to "10", is expected



=== TEST 103: a profile of HEVC
--- main_config
transcoder off; ladder a { rung x 640x360 1m codec=hevc profile=main; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "profile=main": no "profile=" with "codec=hevc" is expected



=== TEST 104: a profile of VP9
--- main_config
transcoder off; ladder a { rung x 640x360 1m profile=high codec=vp9; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "profile=high": no "profile=" with "codec=vp9" is expected



=== TEST 105: a profile of AV1
--- main_config
transcoder off; ladder a { rung x 640x360 1m codec=av1 profile=main; }
--- config
--- must_die
--- error_log
[emerg]
invalid parameter "profile=main": no "profile=" with "codec=av1" is expected
