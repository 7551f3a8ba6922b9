# Proves what is made from a file's index alone, playlists, manifest and init
# segment: their texts, headers, conditional and CORS requests, and which URLs
# are 404.
use Test::Nginx::Socket 'no_plan';
use Test::Video::Media;
use Test::Video::VOD;

use File::Basename qw(basename);

repeat_each(2);

my $file = vod_file();
my $gop5 = vod_file(gop => 150);        # key frames at 0 s and 5 s

$ENV{TEST_NGINX_MEDIA} = media_dir();
$ENV{TEST_NGINX_FILE} = basename($file);
$ENV{TEST_NGINX_GOP5} = basename($gop5);
$ENV{TEST_NGINX_EPOCH} = vod_epoch($file, 6000);
$ENV{TEST_NGINX_EPOCH_2S} = vod_epoch($file, 2000);

# The lines of a playlist that cutting decides.
sub cuts {
    return join '', grep { /^#EXT(INF|-X-TARGET)|^#EXT-X-ENDLIST/ }
                    split /^/m, shift;
}

# The types of the boxes at the top: "ftyp moov".
sub boxes {
    my ($body, @types) = @_;
    while (length $body >= 8) {
        my ($size, $type) = unpack 'N a4', $body;
        push @types, $type;
        $body = $size >= 8 && $size <= length $body ? substr $body, $size
                                                    : 'x';
    }
    return join ' ', @types, length $body ? 'rest' : ();
}

add_block_preprocessor(sub {
    my $block = shift;
    my $more = $block->config // '';

    $block->set_value('main_config', 'video { zone vod 16m; }');
    $block->set_value('config', <<"CONF") if $more !~ /video_vod/;
        $more
        location /vod/ {
            video_vod zone=vod;
            alias $ENV{TEST_NGINX_MEDIA}/;
        }
CONF
});

run_tests();

__DATA__

=== TEST 1: multivariant playlist
--- config
--- request
GET /vod/$TEST_NGINX_FILE/master.m3u8
--- response_headers
Content-Type: application/vnd.apple.mpegurl
Cache-Control: no-cache
Accept-Ranges: bytes
! Access-Control-Allow-Origin
! Vary
! Last-Modified
--- response_body_like chomp
^#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="audio",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a0/index\.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=\d+,AVERAGE-BANDWIDTH=\d+,CODECS="avc1\.64000d,mp4a\.40\.2",RESOLUTION=320x180,FRAME-RATE=30\.000,AUDIO="audio"
v0/index\.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=\d+,AVERAGE-BANDWIDTH=\d+,CODECS="avc1\.64000d",RESOLUTION=320x180,URI="iframe/v0\.m3u8"
$



=== TEST 2: media playlist of the video
--- config
--- request
GET /vod/$TEST_NGINX_FILE/v0/index.m3u8
--- response_headers
Content-Type: application/vnd.apple.mpegurl
Cache-Control: no-cache
--- response_body eval
"#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:6
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI=\"e$ENV{TEST_NGINX_EPOCH}/init.mp4\"
#EXTINF:6.000000,
e$ENV{TEST_NGINX_EPOCH}/0.m4s
#EXTINF:4.000000,
e$ENV{TEST_NGINX_EPOCH}/1.m4s
#EXT-X-ENDLIST
"



=== TEST 3: media playlist of the audio, cut at the video's places
--- config
--- request
GET /vod/$TEST_NGINX_FILE/a0/index.m3u8
--- response_body_filters eval
\&main::cuts
--- response_body_like chomp
^#EXT-X-TARGETDURATION:6
#EXTINF:6\.0[0-4]\d+,
#EXTINF:(3\.9|4\.0)\d+,
#EXT-X-ENDLIST
$



=== TEST 4: manifest
--- config
--- request
GET /vod/$TEST_NGINX_FILE/manifest.mpd
--- response_headers
Content-Type: application/dash+xml
Cache-Control: no-cache
--- response_body_like eval
my $epoch = $ENV{TEST_NGINX_EPOCH};
qr!^<\?xml.*
<MPD\ [^>]*mediaPresentationDuration="PT10\.0\d+S"\ type="static">.*
<AdaptationSet\ [^>]*contentType="video".*
<Representation\ id="v0"[^>]*codecs="avc1\.64000d"\ width="320"\ height="180".*
startNumber="0"\ initialization="\$RepresentationID\$/e$epoch/init\.mp4"\ media="\$RepresentationID\$/e$epoch/\$Number\$\.m4s".*
<S\ t="0"\ d="92160"/>\s*<S\ d="61440"/>.*
<Representation\ id="a0"[^>]*codecs="mp4a\.40\.2"\ audioSamplingRate="48000".*
</MPD>\n$!xs



=== TEST 5: init segment with its epoch, and without, of both tracks
--- config
--- request eval
["GET /vod/$ENV{TEST_NGINX_FILE}/v0/e$ENV{TEST_NGINX_EPOCH}/init.mp4",
 "GET /vod/$ENV{TEST_NGINX_FILE}/v0/init.mp4",
 "GET /vod/$ENV{TEST_NGINX_FILE}/a0/e$ENV{TEST_NGINX_EPOCH}/init.mp4",
 "GET /vod/$ENV{TEST_NGINX_FILE}/a0/init.mp4"]
--- response_headers eval
["Content-Type: video/mp4\nCache-Control: max-age=31536000, immutable",
 "Content-Type: video/mp4\nCache-Control: no-cache",
 "Content-Type: audio/mp4\nCache-Control: max-age=31536000, immutable",
 "Content-Type: audio/mp4\nCache-Control: no-cache"]
--- response_body_filters eval
\&main::boxes
--- response_body eval
[("ftyp moov") x 4]



=== TEST 6: segments: boxes, headers
--- config
--- request eval
["GET /vod/$ENV{TEST_NGINX_FILE}/v0/e$ENV{TEST_NGINX_EPOCH}/0.m4s",
 "GET /vod/$ENV{TEST_NGINX_FILE}/a0/e$ENV{TEST_NGINX_EPOCH}/1.m4s",
 "GET /vod/$ENV{TEST_NGINX_FILE}/v0/1.m4s"]
--- response_headers eval
["Content-Type: video/mp4\nCache-Control: max-age=31536000, immutable
Accept-Ranges: bytes",
 "Content-Type: audio/mp4\nCache-Control: max-age=31536000, immutable
Accept-Ranges: bytes",
 "Content-Type: video/mp4\nCache-Control: no-cache
Accept-Ranges: bytes"]
--- response_body_filters eval
\&main::boxes
--- response_body eval
[("styp moof mdat") x 3]



=== TEST 7: an entity tag is strong and names the epoch
--- config
--- request eval
["GET /vod/$ENV{TEST_NGINX_FILE}/master.m3u8",
 "GET /vod/$ENV{TEST_NGINX_FILE}/manifest.mpd",
 "GET /vod/$ENV{TEST_NGINX_FILE}/v0/index.m3u8",
 "GET /vod/$ENV{TEST_NGINX_FILE}/v0/init.mp4",
 "GET /vod/$ENV{TEST_NGINX_FILE}/v0/0.m4s"]
--- response_headers_like eval
[("ETag: \"$ENV{TEST_NGINX_EPOCH}-[0-9a-f]+\"") x 5]



=== TEST 8: entity tags of segments differ
--- config
--- request eval
["GET /vod/$ENV{TEST_NGINX_FILE}/v0/0.m4s",
 "GET /vod/$ENV{TEST_NGINX_FILE}/v0/1.m4s",
 "GET /vod/$ENV{TEST_NGINX_FILE}/a0/0.m4s"]
--- response_headers eval
["ETag: \"$ENV{TEST_NGINX_EPOCH}-100000000\"",
 "ETag: \"$ENV{TEST_NGINX_EPOCH}-100000001\"",
 "ETag: \"$ENV{TEST_NGINX_EPOCH}-200000000\""]



=== TEST 9: If-None-Match of a segment: 304
--- config
--- request
GET /vod/$TEST_NGINX_FILE/v0/0.m4s
--- more_headers eval
"If-None-Match: \"$ENV{TEST_NGINX_EPOCH}-100000000\""
--- error_code: 304
--- response_headers eval
"Cache-Control: no-cache
ETag: \"$ENV{TEST_NGINX_EPOCH}-100000000\"
! Content-Length
! Content-Type"



=== TEST 10: If-None-Match of anything, on all kinds: 304
--- config
--- request eval
["GET /vod/$ENV{TEST_NGINX_FILE}/master.m3u8",
 "GET /vod/$ENV{TEST_NGINX_FILE}/manifest.mpd",
 "GET /vod/$ENV{TEST_NGINX_FILE}/v0/index.m3u8",
 "HEAD /vod/$ENV{TEST_NGINX_FILE}/v0/init.mp4"]
--- more_headers
If-None-Match: *
--- error_code eval
[304, 304, 304, 304]



=== TEST 11: If-None-Match of another epoch: the whole
--- config
--- request
GET /vod/$TEST_NGINX_FILE/v0/index.m3u8
--- more_headers
If-None-Match: "1-1"
--- response_body_like: ^#EXTM3U



=== TEST 12: HEAD has the length and no body
--- config
--- request eval
["HEAD /vod/$ENV{TEST_NGINX_FILE}/v0/index.m3u8",
 "HEAD /vod/$ENV{TEST_NGINX_FILE}/v0/init.mp4",
 "HEAD /vod/$ENV{TEST_NGINX_FILE}/a0/0.m4s"]
--- response_headers_like eval
[("Content-Length: [1-9]\\d+") x 3]
--- response_body eval
["", "", ""]



=== TEST 13: HEAD and GET say the same
--- config
--- pipelined_requests eval
["HEAD /vod/$ENV{TEST_NGINX_FILE}/a0/0.m4s",
 "GET /vod/$ENV{TEST_NGINX_FILE}/a0/0.m4s",
 "GET /vod/$ENV{TEST_NGINX_FILE}/a0/0.m4s"]
--- response_headers_like eval
my $samples = 73820;
[("Content-Length: $samples\n"
  . "ETag: \"$ENV{TEST_NGINX_EPOCH}-200000000\"") x 3]



=== TEST 14: other methods: 405
--- config
--- request eval
["POST /vod/$ENV{TEST_NGINX_FILE}/master.m3u8\nx",
 "PUT /vod/$ENV{TEST_NGINX_FILE}/v0/0.m4s\nx",
 "DELETE /vod/$ENV{TEST_NGINX_FILE}/v0/index.m3u8",
 "OPTIONS /vod/$ENV{TEST_NGINX_FILE}/master.m3u8"]
--- error_code eval
[405, 405, 405, 405]



=== TEST 15: a range of a playlist
--- config
--- request
GET /vod/$TEST_NGINX_FILE/master.m3u8
--- more_headers
Range: bytes=0-6
--- error_code: 206
--- response_headers_like
Content-Range: bytes 0-6/\d+
--- response_body chomp
#EXTM3U



=== TEST 16: an argument changes nothing
--- config
--- request eval
["GET /vod/$ENV{TEST_NGINX_FILE}/v0/index.m3u8?_HLS_msn=99",
 "GET /vod/$ENV{TEST_NGINX_FILE}/v0/index.m3u8?_HLS_part=x"]
--- response_body_like eval
["ENDLIST", "ENDLIST"]



=== TEST 17: CORS for all
--- config
video_cors *;
--- request
GET /vod/$TEST_NGINX_FILE/master.m3u8
--- more_headers
Origin: http://a.example
--- response_headers
Access-Control-Allow-Origin: *
Access-Control-Expose-Headers: Content-Length,Content-Range,Date,ETag
! Access-Control-Allow-Methods
! Vary



=== TEST 18: CORS by a variable
--- config
video_cors $http_origin;
--- request
GET /vod/$TEST_NGINX_FILE/v0/0.m4s
--- more_headers
Origin: http://a.example
--- response_headers
Access-Control-Allow-Origin: http://a.example
Access-Control-Expose-Headers: Content-Length,Content-Range,Date,ETag
Vary: Origin



=== TEST 19: CORS by a variable that is empty
--- config
video_cors $http_origin;
--- request
GET /vod/$TEST_NGINX_FILE/v0/0.m4s
--- response_headers
! Access-Control-Allow-Origin
! Access-Control-Expose-Headers



=== TEST 20: CORS on 206, 304 and errors
--- config
video_cors *;
--- request eval
[("GET /vod/$ENV{TEST_NGINX_FILE}/v0/0.m4s") x 3,
 "GET /vod/nothing.mp4/v0/0.m4s"]
--- more_headers eval
["Range: bytes=5-", "If-None-Match: *", "Range: bytes=99999999-", ""]
--- error_code eval
[206, 304, 416, 404]
--- response_headers eval
[("Access-Control-Allow-Origin: *") x 4]



=== TEST 21: preflight
--- config
video_cors *;
--- request
OPTIONS /vod/$TEST_NGINX_FILE/v0/0.m4s
--- more_headers
Origin: http://a.example
Access-Control-Request-Method: GET
Access-Control-Request-Headers: range
--- error_code: 204
--- response_headers
Access-Control-Allow-Origin: *
Access-Control-Allow-Methods: GET, HEAD, OPTIONS
Access-Control-Allow-Headers: Range, If-None-Match, Cache-Control, CMCD-Object, CMCD-Request, CMCD-Session, CMCD-Status
Access-Control-Max-Age: 86400



=== TEST 22: CORS is set per location, and switched off by an empty value
--- config
    video_cors *;
    location /vod/ {
        video_vod zone=vod;
        alias $TEST_NGINX_MEDIA/;
        video_cors http://b.example;
    }
    location /none/ {
        video_vod zone=vod;
        alias $TEST_NGINX_MEDIA/;
        video_cors "";
    }
--- request eval
["GET /vod/$ENV{TEST_NGINX_FILE}/master.m3u8",
 "GET /none/$ENV{TEST_NGINX_FILE}/master.m3u8"]
--- response_headers eval
["Access-Control-Allow-Origin: http://b.example\nVary: Origin",
 "! Access-Control-Allow-Origin\n! Vary"]



=== TEST 23: no such file
--- config
--- request
GET /vod/nothing.mp4/master.m3u8
--- error_code: 404
--- error_log eval
[qr!\[error\].* open\(\) "\S*/nothing\.mp4" failed \(2: !]



=== TEST 24: a file is no directory
--- config
--- request
GET /vod/$TEST_NGINX_FILE/more.mp4/master.m3u8
--- error_code: 404
--- error_log
failed (20:



=== TEST 25: a directory is no file
--- config
--- user_files
>>> dir/x
--- config
    location /vod/ { video_vod zone=vod; alias $TEST_NGINX_HTML_DIR/; }
--- request eval
["GET /vod/dir/master.m3u8", "GET /vod/dir//v0/index.m3u8"]
--- error_code eval
[404, 404]



=== TEST 26: paths shorter than the alias
--- config
--- request eval
["GET /vod/master.m3u8", "GET /vod/manifest.mpd", "GET /vod/v0/index.m3u8",
 "GET /vod/v0/0.m4s", "GET /vod/v0/e1/0.m4s", "GET /vod/v0/e1/init.mp4",
 "GET /vod//master.m3u8", "GET /vod/"]
--- error_code eval
[404, 404, 404, 404, 404, 404, 404, 404]
--- no_error_log
[alert]
[crit]



=== TEST 27: no such track, segment, part, epoch
--- config
--- request eval
my $base = "GET /vod/$ENV{TEST_NGINX_FILE}";
my $epoch = $ENV{TEST_NGINX_EPOCH};
[map { "$base/$_" }
 qw(v1/index.m3u8 a1/0.m4s v15/init.mp4 v16/init.mp4 v0/2.m4s v0/4294967296.m4s
    v0/999999999999999.m4s v0/9999999999999999.m4s), "v0/e$epoch/2.m4s",
 qw(v0/e1/0.m4s v0/e1/init.mp4 a0/e1/0.m4s), "v0/e${epoch}0/0.m4s",
 "v0/e$epoch/0.0.m4s", "v0/0.0.m4s"]
--- error_code eval
[(404) x 15]



=== TEST 28: paths that are none
--- config
--- request eval
my $base = "GET /vod/$ENV{TEST_NGINX_FILE}";
my $epoch = $ENV{TEST_NGINX_EPOCH};
["$base", "$base/", map { "$base/$_" }
 qw(index.m3u8 x0/index.m3u8 v/index.m3u8 v00/0.m4s v0/00.m4s v0/-1.m4s
    v0/.m4s v0/a.m4s v0/0.m4v v0/e/0.m4s v0/eX/0.m4s),
 "v0/E$epoch/0.m4s", "e$epoch/v0/0.m4s", "v0/e$epoch/index.m3u8",
 "v0/e$epoch/master.m3u8"]
--- error_code eval
[(404) x 17]



=== TEST 29: root instead of alias, below directories, with an escaped name
--- user_files eval
[["films/a/b/my film.mp4", Test::Video::VOD::vod_bytes()]]
--- config
    location /films/ { video_vod zone=vod; root $TEST_NGINX_HTML_DIR; }
--- request eval
["GET /films/a/b/my%20film.mp4/v0/index.m3u8",
 "GET /films/a/b/my%20film.mp4/v0/0.m4s",
 "GET /films/a/my%20film.mp4/v0/0.m4s"]
--- error_code eval
[200, 200, 404]



=== TEST 30: a location by regular expression, root from a variable
--- user_files eval
[["a.mp4", Test::Video::VOD::vod_bytes()]]
--- config
    set $dir $TEST_NGINX_HTML_DIR;
    location ~ \.(m3u8|m4s)$ { video_vod zone=vod; root $dir; }
--- request eval
["GET /a.mp4/v0/index.m3u8", "GET /a.mp4/v0/0.m4s"]
--- error_code eval
[200, 200]



=== TEST 31: an alias with captures
--- config
    location ~ ^/(?<name>\w+)/(?<rest>.*)$ {
        video_vod zone=vod;
        alias $TEST_NGINX_HTML_DIR/$name.mp4;
    }
--- user_files eval
[["a.mp4", Test::Video::VOD::vod_bytes()]]
--- request eval
["GET /a/v0/index.m3u8", "GET /a/v0/0.m4s", "GET /b/v0/0.m4s"]
--- error_code eval
[200, 200, 404]



=== TEST 32: video_segment 2s: shorter segments, another epoch
--- config
    location /vod/ {
        video_vod zone=vod;
        alias $TEST_NGINX_MEDIA/;
        video_segment 2s;
    }
--- request
GET /vod/$TEST_NGINX_FILE/v0/index.m3u8
--- response_body eval
"#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI=\"e$ENV{TEST_NGINX_EPOCH_2S}/init.mp4\"
" . join('', map { "#EXTINF:2.000000,\ne$ENV{TEST_NGINX_EPOCH_2S}/$_.m4s\n" }
             0 .. 4) . "#EXT-X-ENDLIST\n"



=== TEST 33: video_segment 3s: a rest of a second stays
--- config
video_segment 3s;
--- request
GET /vod/$TEST_NGINX_FILE/v0/index.m3u8
--- response_body_filters eval
\&main::cuts
--- response_body
#EXT-X-TARGETDURATION:3
#EXTINF:3.000000,
#EXTINF:3.000000,
#EXTINF:3.000000,
#EXTINF:1.000000,
#EXT-X-ENDLIST



=== TEST 34: video_segment 9s: a key frame is enough for a short last one
--- config
video_segment 9s;
--- request
GET /vod/$TEST_NGINX_FILE/v0/index.m3u8
--- response_body_filters eval
\&main::cuts
--- response_body
#EXT-X-TARGETDURATION:9
#EXTINF:9.000000,
#EXTINF:1.000000,
#EXT-X-ENDLIST



=== TEST 35: video_segment 60s: one segment
--- config
video_segment 60s;
--- request
GET /vod/$TEST_NGINX_FILE/v0/index.m3u8
--- response_body_filters eval
\&main::cuts
--- response_body
#EXT-X-TARGETDURATION:10
#EXTINF:10.000000,
#EXT-X-ENDLIST



=== TEST 36: video_segment 500ms: key frames are farther apart
--- config
video_segment 500ms;
--- request
GET /vod/$TEST_NGINX_GOP5/v0/index.m3u8
--- response_body_filters eval
\&main::cuts
--- response_body
#EXT-X-TARGETDURATION:5
#EXTINF:5.000000,
#EXTINF:5.000000,
#EXT-X-ENDLIST
