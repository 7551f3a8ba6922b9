# Proves that files are protected where they are served: that what is sent can't
# be read without a key, and with it is what the file has, sample for sample;
# what playlists, manifests and headers tell of it; and licences.
use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use Digest::SHA qw(hmac_sha256);
use JSON::PP ();
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use Test::Video;
use Test::Video::Corpus;
use Test::Video::Loop qw(wait_for);
use Test::Video::Media;
use Test::Video::VOD;

my $seed = join '', map { sprintf '%02x', $_ } 1 .. 32;

my $t = Test::Video->new;
$t->write_file('seed', "$seed\n");
chmod 0600, $t->root . '/seed';

sub location {
    my ($name, $encrypt, $more) = @_;
    return "location /$name/ { video_vod zone=vod; alias %%ROOT%%/html/;"
           . " video_encrypt $encrypt; " . ($more // '') . " }\n";
}

$t->conf(vod_conf(workers => 2, zone => '64m',
    video => 'keys main { seed %%ROOT%%/seed; }',
    http => 'log_format licence "$video_clearkey_verdict|'
            . '$video_clearkey_asset|$video_clearkey_kids|$status";',
    locations =>
        location('cenc', 'cenc keys=main licence=/licence/')
        . location('cbcs', 'cbcs keys=main')
        . location('named', 'cbcs keys=main asset=film-$arg_n')
        . location('off', 'off')
        . 'location /both/ { video_live zone=vod; video_encrypt cenc keys=main; }'
        . 'location /licence/ { video_clearkey keys=main;
               video_clearkey_cors https://player.example;
               access_log %%ROOT%%/licence.log licence; }'))->run;

$t->write_file('html/a.mp4', vod_bytes(bframes => 2));
$t->write_file('html/large.mp4', slurp(vod_file(size => '1280x720',
    bitrate => '8M', seconds => 4)));

# --- what the keys are: see docs/drm.md --------------------------------------

sub hmac {
    my ($key, @parts) = @_;
    return hmac_sha256(join('', map { "$_\0" } @parts), $key);
}

sub key_of {
    my ($asset, $type) = @_;
    my $secret = pack 'H*', $seed;
    my @kid = unpack 'C16', hmac($secret, 'ngx_video key id', $asset, $type, 0);
    $kid[6] = $kid[6] & 0x0f | 0x80;
    $kid[8] = $kid[8] & 0x3f | 0x80;
    my $kid = pack 'C16', @kid;
    return { kid => $kid,
             key => substr(hmac($secret, 'ngx_video content key', $kid), 0, 16),
             iv => substr(hmac($secret, 'ngx_video vector', $kid), 0, 16) };
}

sub hex_of { return unpack 'H*', $_[0] }

sub uuid {
    return join '-', unpack 'A8 A4 A4 A4 A12', hex_of($_[0]);
}

# --- licences ----------------------------------------------------------------

sub url64 {
    my $text = encode_base64($_[0], '');
    $text =~ tr{+/=}{-_}d;
    return $text;
}

sub licence {
    my ($asset, $body, %o) = @_;
    $body = JSON::PP::encode_json($body) if ref $body;
    return $t->get("/licence/$asset", method => 'POST', body => $body, %o);
}

my ($video, $audio) = map { key_of('cenc/a.mp4', $_) } qw(video audio);
my $r = licence('cenc/a.mp4',
    { kids => [map { url64($_->{kid}) } $video, $audio], type => 'temporary' });
is $r->status, 200, 'a licence';
is $r->header('Content-Type'), 'application/json', 'is JSON';
is $r->header('Cache-Control'), 'no-store', 'that is not kept';
is $r->header('Access-Control-Allow-Origin'), 'https://player.example',
    'for pages of another origin';
is_deeply JSON::PP::decode_json($r->body), {
    type => 'temporary',
    keys => [map { { kty => 'oct', kid => url64($_->{kid}),
                     k => url64($_->{key}) } } $video, $audio],
}, 'with both keys, which are derived as documented';
sub licences { return -e $t->root . '/licence.log' ? $t->read_file('licence.log') : '' }

wait_for { licences() } 5;
is +(split /\n/, licences())[-1], 'granted|cenc/a.mp4|'
    . uuid($video->{kid}) . ',' . uuid($audio->{kid}) . '|200', 'logged';

my $other = key_of('cenc/b.mp4', 'video');
is_deeply [map { $_->{kid} } @{ JSON::PP::decode_json(licence('cenc/a.mp4',
    { kids => [url64($other->{kid}), url64($audio->{kid})],
      type => 'temporary' })->body)->{keys} }], [url64($audio->{kid})],
    'what another asset has is left out';
is licence('cenc/a.mp4', { kids => [url64($other->{kid})],
                           type => 'temporary' })->status, 403,
    'nothing but that is refused';
wait_for { licences() =~ /^none/m } 5;
like licences(), qr/^none\|cenc\/a\.mp4\|\Q${\ uuid($other->{kid})}\E\|403$/m,
    'and logged';
is licence('cenc/a.mp4', { kids => [url64($video->{kid})],
                           type => 'persistent-license' })->status, 403,
    'one to be kept is refused';

for my $bad ('', '{', '[]', '{"kids":[],"type":"temporary"}',
    '{"kids":"x","type":"temporary"}', '{"kids":[1],"type":"temporary"}',
    '{"kids":["' . 'A' x 21 . '"],"type":"temporary"}',
    '{"kids":["' . 'A' x 21 . 'B"],"type":"temporary"}',
    '{"kids":["' . 'A' x 22 . '"]}', '{"kids":["' . 'A' x 22 . '"],"type":1}',
    '{"kids":["' . 'A' x 22 . '"],"kids":[],"type":"temporary"}',
    '{"kids":[' . join(',', ('"' . 'A' x 22 . '"') x 33) . '],"type":"temporary"}',
    '[' x 3000, "\0" x 100) {
    is licence('cenc/a.mp4', $bad)->status, 400,
        'no request: ' . substr $bad =~ s/\0/0/gr, 0, 40;
}
is licence('cenc/a.mp4', '{"x":"' . 'y' x 5000 . '"}')->status, 413, 'too long';
is $t->get('/licence/cenc/a.mp4')->status, 405, 'GET is none';
$r = $t->get('/licence/cenc/a.mp4', method => 'OPTIONS');
is $r->status . $r->header('Access-Control-Allow-Methods'), '204POST, OPTIONS',
    'a preflight';
unlike $t->log, qr/\Q${\ hex_of($video->{key})}\E|$seed|\Q${\ url64($video->{key})}\E/,
    'no key and no seed is in the log';

# --- media -------------------------------------------------------------------

# The packets that ffmpeg reads with a key, or without: their number and MD5.
sub decoded {
    my ($path, $key) = @_;
    my @key = $key ? ('-decryption_key', hex_of($key)) : ();
    open my $fh, '-|', qw(ffmpeg -v quiet -nostdin -fflags +ignidx), @key, '-i',
        $path, qw(-c copy -f framemd5 -) or die "ffmpeg: $!\n";
    my @lines = map { s/, *S=.*//sr } grep { !/^#/ } <$fh>;
    return @lines . ' ' . md5_hex(join "\n", map { s/\s+$//r } @lines);
}

sub signalled {
    my ($bytes) = @_;
    my $at = index $bytes, 'tenc';
    return hex_of(substr $bytes, $at + 4, 8) . ' '
           . hex_of(substr $bytes, $at + 12, 16);
}

for my $track (['v0', 'video', 'v'], ['a0', 'audio', 'a']) {
    my ($name, $type) = @$track;

    for my $asset ('a.mp4', 'large.mp4') {
        my $clear = vod_list($t, "/vod/$asset/$name/index.m3u8");
        my $plain = vod_fetched($t, $clear);
        my $want = decoded($plain);

        for my $scheme (qw(cenc cbcs)) {
            my $key = key_of("$scheme/$asset", $type);
            my $list = vod_list($t, "/$scheme/$asset/$name/index.m3u8");
            my $method = $scheme eq 'cenc' ? 'SAMPLE-AES-CTR' : 'SAMPLE-AES';
            my $about = "$scheme of $asset/$name";

            like $list->{body}, qr{^#EXT-X-MAP:.*\n#EXT-X-KEY:METHOD=$method,URI="data:text/plain;base64,\Q${\ encode_base64($key->{kid}, '')}\E",KEYFORMAT="org\.w3\.clearkey",KEYFORMATVERSIONS="1"$}m,
                "$about: the key in the playlist";
            isnt $list->{epoch}, $clear->{epoch}, 'other URLs than clear ones';

            my $path = vod_fetched($t, $list);
            is signalled(slurp($path)),
                ($scheme eq 'cenc' ? '0000000000000108'
                 : $type eq 'video' ? '0100000000190100' : '0000000000000100')
                . ' ' . hex_of($key->{kid}), 'and in the header';
            is decoded($path, $key->{key}), $want,
                'with it all packets are those of the file';
            isnt decoded($path), $want, 'and without it they are not';
        }
    }
}

# --- other codecs ------------------------------------------------------------

my %made = (
    vp9 => [qw(libvpx-vp9 -cpu-used 8 -auto-alt-ref 1 -lag-in-frames 10)],
    av1 => [qw(libaom-av1 -cpu-used 8 -tiles 2x1)],
    hevc => [qw(libx265 -x265-params log-level=none:slices=2 -tag:v hvc1)],
);
for my $codec (sort keys %made) {
    my ($encoder, @args) = @{ $made{$codec} };

    SKIP: {
        skip "ffmpeg has no $encoder", 6 if !has_encoder($encoder);
        $t->write_file("html/$codec.mp4", slurp(media_file("drm_$codec.mp4",
            qw(-f lavfi -i testsrc2=size=320x180:rate=25 -t 4 -c:v), $encoder,
            @args, qw(-b:v 300k -g 50 -f mp4))));
        my $path = "$codec.mp4/v0/index.m3u8";
        my $want = decoded(vod_fetched($t, vod_list($t, "/vod/$path")));

        for my $scheme (qw(cenc cbcs)) {
            my $fetched = vod_fetched($t, vod_list($t, "/$scheme/$path"));
            my $key = key_of("$scheme/$codec.mp4", 'video');
            is decoded($fetched, $key->{key}), $want, "$scheme of $codec";
            isnt decoded($fetched), $want, 'and not without its key';
        }
    }
}

# --- clear, or nothing -------------------------------------------------------

is $t->get("/cbcs/a.mp4/$_")->status, 404, "no $_"
    for qw(progressive.mp4 v0/index_ts.m3u8 master_ts.m3u8 v0/0.ts);
my $playlist = vod_list($t, '/vod/a.mp4/v0/index.m3u8');
is vod_list($t, '/off/a.mp4/v0/index.m3u8')->{epoch}, $playlist->{epoch},
    'off: what is clear';
is $t->get($playlist->{segments}[0] =~ s{^/vod}{/cbcs}r)->status, 404,
    'clear URLs are none of protected ones';
is $t->get(vod_list($t, '/cbcs/a.mp4/v0/index.m3u8')->{segments}[0]
           =~ s{^/cbcs}{/cenc}r)->status, 404, 'nor those of other keys';

# --- key frames, parts of a segment, HEAD ------------------------------------

my $list = vod_list($t, '/cbcs/a.mp4/iframe/v0.m3u8');
my ($init) = map { $t->get($_)->body } $list->{init};
my $frame = $t->get($list->{segments}[1])->body;
$t->write_file('frame.mp4', $init . $frame);
my $key = key_of('cbcs/a.mp4', 'video')->{key};
like decoded($t->root . '/frame.mp4', $key), qr/^1 /, 'a key frame';
isnt decoded($t->root . '/frame.mp4'), decoded($t->root . '/frame.mp4', $key),
    'is protected, too';

$list = vod_list($t, '/cenc/large.mp4/v0/index.m3u8');
my $whole = $t->get($list->{segments}[0]);
$r = $t->get($list->{segments}[0], headers => { Range => 'bytes=1000-1999' });
is $r->status, 206, 'a range';
ok $r->body eq substr($whole->body, 1000, 1000), 'is of the segment';
is $t->get($list->{segments}[0], method => 'HEAD')->header('Content-Length'),
    length $whole->body, 'HEAD has its length';
cmp_ok scalar(() = $whole->body =~ /moof/g), '>', 1,
    'a large segment has several chunks';

# --- manifests ---------------------------------------------------------------

my $mpd = $t->get('/cenc/a.mp4/manifest.mpd')->body;
like $mpd, qr{mp4protection:2011" value="cenc" cenc:default_KID="\Q${\ uuid($_->{kid})}\E"},
    'the key in the manifest' for $video, $audio;
like $mpd, qr{<dashif:Laurl [^>]*>/licence/cenc/a\.mp4</dashif:Laurl>},
    'and where the licence is';
$mpd = $t->get('/cbcs/a.mp4/manifest.mpd')->body;
my ($pssh) = $mpd =~ m{1077efec-c0b2-4d02-ace3-3c1e52e2fb4b">\s*<cenc:pssh [^>]*>([^<]+)<};
my @kids = map { key_of('cbcs/a.mp4', $_)->{kid} } qw(video audio);
is hex_of(decode_base64($pssh // '')), hex_of(pack 'N a4 N H32 N a16 a16 N', 68,
    'pssh', 0x01000000, '1077efecc0b24d02ace33c1e52e2fb4b', 2, @kids, 0),
    'without one: both keys in the box of the common system';

my ($kid) = $t->get('/named/a.mp4/manifest.mpd?n=7')->body
            =~ /default_KID="([^"]+)"/;
is $kid, uuid(key_of('film-7', 'video')->{kid}), 'an asset by a variable';

# --- what can't be protected -------------------------------------------------

$t->expect_log(qr/live streams can't be protected/);
is $t->get('/both/cam/master.m3u8')->status, 500,
    'a live stream is not clear by mistake';
$t->log_like(qr/"cam": live streams can't be protected: video_encrypt/,
    'which is told');

# the length of a NAL unit is made longer than its sample
my $bytes = vod_bytes(bframes => 2);
my $offset = unpack 'N', substr $bytes, index($bytes, 'stco') + 12, 4;
$t->write_file('html/broken.mp4', rewrite($bytes, $offset, "\x7f\xff\xff\xff"));
$list = vod_list($t, '/cenc/broken.mp4/v0/index.m3u8');
is $t->get($list->{segments}[0])->status, 422, 'a sample that is damaged';
$t->log_like(qr/"[^"]+broken\.mp4": a sample can't be protected: NAL unit is cut at offset $offset/,
    'is told, with its offset');
is $t->get($list->{segments}[1])->status, 200, 'other segments are there';

done_testing;
