# Proves that files are played as MPEG transport streams with all their frames:
# what is muxed, which tracks are listed, counters that go on from segment to
# segment, segments that are made once, and clear answers where there is none.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Media;
use Test::Video::VOD;

my $t = Test::Video->new(log_level => 'debug');
(my $conf = vod_conf(workers => 2, locations => <<'CONF'))
        location /small/ {
            video_vod zone=small;
            alias %%ROOT%%/html/;
        }
        location /live/ {
            video_live zone=vod;
        }
CONF
    =~ s/(zone vod 32m;)/$1 zone small 2m;/;
$t->conf($conf)->run;
my $base = 'http://127.0.0.1:' . $t->port . '/vod';

my $source = vod_file(bframes => 2);
$t->write_file('html/a.mp4', slurp($source));
$t->write_file('html/large.mp4', slurp(vod_file(size => '640x360',
    bitrate => '4000k')));
my @audio = (qw(-f lavfi -i sine=f=600:r=48000:d=10 -c:a aac -f mp4
                -fflags +bitexact -metadata:s:a:0 language=deu));
mkdir $t->root . '/html/film';
$t->write_file('html/film/a.mp4', slurp($source));
$t->write_file('html/film/b.m4a', slurp(media_file('audio_deu.m4a', @audio)));
$t->write_file('html/opus.mp4', slurp(media_file('opus_aac.mp4', '-i', $source,
    qw(-map 0:v -map 0:a -map 0:a -c copy -c:a:0 libopus -f mp4
       -fflags +bitexact -strict -2))));

sub hashes {
    my $text = framemd5(@_);
    return sub { join '', map { (split /,\s*/)[5] } split /^/, $text->() };
}

sub codecs {
    my ($name) = @_;
    open my $fh, '-|', qw(ffprobe -v error -show_entries stream=codec_name
                          -of csv=p=0), $t->root . "/$name" or die $!;
    my %seen;
    return join ' ', grep { !$seen{$_}++ } map { /(\w+)/ } <$fh>;
}

# Packets of a stream: [pid, counter, payload].
sub packets {
    my ($bytes) = @_;
    return map {
        my ($sync, $pid, $flags) = unpack 'C n C', $_;
        [$pid & 0x1fff, $flags & 15, $flags & 0x10, $sync];
    } unpack '(a188)*', $bytes;
}


# --- the same frames --------------------------------------------------------

my $list = vod_list_ts('a.mp4/v0');
is scalar(@{ $list->{segments} }),
    scalar(@{ vod_list($t, '/vod/a.mp4/v0/index.m3u8')->{segments} }),
    'as many segments as in MP4';
unlike $list->{body}, qr/EXT-X-MAP|m4s/, 'and nothing else of it';

for my $map ('0:v:0', '0:a:0') {
    my ($want, $got) = map { $_->() } map { hashes($_, $map) }
        $source, "$base/a.mp4/v0/index_ts.m3u8";
    # without an edit list the encoder's delay of audio is heard
    substr $got, 0, 33, '' if $map eq '0:a:0';
    $got = substr $got, 0, length $want;
    ok length $want > 5000 && $got eq $want, "every frame of $map";
}

my @bodies = map { $t->get($_)->body } @{ $list->{segments} };
$t->write_file('all.ts', join '', @bodies);
is scalar(grep { length($_) % 188 || !length } @bodies), 0, 'whole packets';
my $said = `ffmpeg -v warning -nostdin -i @{[$t->root]}/all.ts -f null - 2>&1`;
is $said, '', 'a demuxer has nothing to say';

my (%counter, @jumps, @sync);
for my $packet (map { packets($_) } @bodies) {
    my ($pid, $counter, $payload, $sync) = @$packet;
    push @sync, $sync if $sync != 0x47;
    push @jumps, $pid if $payload && defined $counter{$pid}
                         && $counter != (($counter{$pid} + 1) & 15);
    $counter{$pid} = $counter if $payload;
}
is scalar(@sync), 0, 'in step';
is "@jumps", '', 'counters go on over segments';
is scalar(keys %counter), 4, 'two tables, video and audio';

# --- what is listed ---------------------------------------------------------

my $master = $t->get('/vod/film/master_ts.m3u8')->body;
like $master, qr{^v0/index_ts\.m3u8$}m, 'the variant';
like $master, qr{^#EXT-X-MEDIA:.*DEFAULT=YES[^\n]*CHANNELS="\d"$}m,
    'its audio is in it';
like $master, qr{^#EXT-X-MEDIA:.*LANGUAGE="de".*URI="a1/index_ts\.m3u8"$}m,
    'another language is not';
my $german = $t->get('/vod/film/a1/0.ts');
is $german->status, 200, 'audio alone';
$t->write_file('german.ts', $german->body);
is codecs('german.ts'), 'aac', 'is audio';

$master = $t->get('/vod/opus.mp4/master_ts.m3u8')->body;
unlike $master, qr/[Oo]pus/, 'a codec that it does not carry is left out';
is $t->get('/vod/opus.mp4/a0/0.ts')->status, 404, 'and is not there';
$t->write_file('opus.ts', $t->get('/vod/opus.mp4/v0/0.ts')->body);
is codecs('opus.ts'), 'h264 aac', 'the next audio is muxed';

# --- delivery ---------------------------------------------------------------

my $url = $list->{segments}[0];
my $whole = $t->get($url);
is $whole->header('Content-Type'), 'video/mp2t', 'type';
like $whole->header('Cache-Control'), qr/immutable/, 'kept for ever';
is $t->get($url, headers => ['If-None-Match', $whole->header('ETag')])->status,
    304, 'and known by its tag';
is $t->get($url, range => '188-375')->body, substr($whole->body, 188, 188),
    'a range';
my $head = $t->get($url, method => 'HEAD');
is $head->header('Content-Length'), length $whole->body, 'HEAD';

my @all = map { $t->get('/vod/large.mp4/v0/0.ts', start => 1) } 1 .. 12;
$_->end for @all;
is scalar(grep { $_->status != 200 || !$_->complete
                 || $_->body ne $all[0]->body } @all), 0, 'twelve at once';
is $t->log_count(qr{video hls: made segment 0 of "[^"]*large\.mp4"}), 1,
    'are given what one made';

# --- none -------------------------------------------------------------------

is $t->get("/vod/a.mp4/$_")->status, 404, $_
    for qw(v0/99.ts v1/0.ts a1/0.ts v0/0.0.ts v0/01.ts ts v0/.ts);
is $t->get("/live/cam/$_")->status, 404, "live: $_"
    for qw(master_ts.m3u8 v0/index_ts.m3u8 v0/0.ts);
my $full = $t->get('/small/large.mp4/v0/0.ts');
is $full->status, 503, 'a zone that is too small for a segment';
is $full->header('Retry-After'), 1, 'may be larger soon';
is $t->log_count(qr/\[error\].*video zone "small" is full: no segment 0 of/),
    1, 'says so';
is $t->get('/small/large.mp4/v0/index_ts.m3u8')->status, 200,
    'the rest works on';
ok +(wait_for_idle()), 'nothing is held';

sub wait_for_idle {
    return Test::Video::Loop::wait_for(sub { zone_numbers($t)->{refs} == 0 },
                                       5);
}

sub vod_list_ts {
    my ($track) = @_;
    my $body = $t->get("/vod/$track/index_ts.m3u8")->body;
    return {
        body => $body,
        segments => [map { "/vod/$track/$_" } $body =~ /^([^#\n]+\.ts)$/mg],
    };
}

$t->finish;
done_testing;
