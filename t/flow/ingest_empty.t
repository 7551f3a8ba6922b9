# Proves that a track which is announced and has no media is no rendition that
# players wait for: others are listed without it, until it has some; and that
# sound does not wait for ever for video that has no key frame.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Enhanced;
use Test::Video::HLS;
use Test::Video::Live;
use Test::Video::Media;

my $t = Test::Video->new;
$t->conf(live_conf(zone => '96m', window => '30s',
                   rtmp => 'video_audio_fill 0;'))->run;

my ($large, $small, $sound) = enhanced_sources(media_file('empty.mp4',
    qw(-f lavfi -i testsrc2=size=160x90:rate=25
       -f lavfi -i testsrc2=size=96x54:rate=25
       -f lavfi -i sine=f=440:r=48000 -map 0 -map 1 -map 2 -t 30
       -pix_fmt yuv420p -g 25 -keyint_min 25 -c:v libx264 -preset veryfast
       -sc_threshold 0 -bf 0 -c:a aac -threads 1 -fflags +bitexact
       -flags:v +bitexact -flags:a +bitexact -map_metadata -1 -f mp4)));
my @lead = enhanced_tags($large);
my @other = enhanced_tags($small, track => 1, multitrack => 'one');
my @sound = enhanced_tags($sound);

sub headers { return grep { $_->{header} } @_ }
sub part {
    my ($from, $to, @tags) = @_;
    return in_time(grep { !$_->{header} && $_->{timestamp} >= $from
                          && $_->{timestamp} < $to } @tags);
}
sub sent { return live_sent($t, $_[0], [@_[1 .. $#_]]) }
sub words { return join ' ', sort @_ }
sub master { return $t->get("/live/$_[0]/master.m3u8")->body }
sub sizes { return words(master($_[0]) =~ /RESOLUTION=(\d+x\d+)/g) }
sub manifest { return $t->get("/live/$_[0]/manifest.mpd")->body }
sub tracks { return words(manifest($_[0]) =~ /<Representation id="(\w+)"/g) }
sub state { return (stream_status($t, $_[0]) // { state => 'gone' })->{state} }

# --- a second video ----------------------------------------------------------

my $feed = sent('second', headers(@lead, @other, @sound),
                part(0, 1500, @lead, @sound));
is sizes('second'), '160x90 96x54', 'second: at first it may be about to come';
$feed->send(part(1500, 5000, @lead, @sound));
is sizes('second'), '160x90', 'second: it is not listed when it does not';
like master('second'), qr/AUDIO="audio"/, 'second: sound is';
is tracks('second'), 'a0 v0', 'second: nor is it in the manifest';
$feed->send(part(5000, 12_000, @lead, @other, @sound));
is sizes('second'), '160x90 96x54', 'second: it is when it comes';
is tracks('second'), 'a0 v0 v1', 'second: in the manifest, too';
is $t->get($_)->status, 200, "second: $_"
    for map { uris_of(media_list($t, '/live/second/v1/index.m3u8'), $_) }
        qw(init segment);

# --- sound -------------------------------------------------------------------

$feed = sent('sound', headers(@lead, @sound), part(0, 5000, @lead));
my $text = master('sound');
unlike $text, qr/AUDIO|mp4a/, 'sound: what has none is listed without';
is sizes('sound'), '160x90', 'sound: with its video';
is tracks('sound'), 'v0', 'sound: the manifest, too';
$feed->send(part(5000, 10_000, @lead, @sound));
like master('sound'), qr/mp4a.*AUDIO="audio"/, 'sound: it is there when it comes';

# --- video without a key frame -----------------------------------------------

$feed = sent('radio', headers(@lead, @sound), part(0, 9000, @sound));
is state('radio'), 'starting', 'radio: video that was announced is waited for';
$feed->send(part(9000, 14_000, @sound));
is state('radio'), 'live', 'radio: not for ever';
$t->log_like(qr/\[warn\].*stream "radio": video came too late and is left out/,
             'radio: as the log says');
$t->log_like(qr/stream "radio" is live: mp4a.40.2 /, 'radio: sound begins');
unlike master('radio'), qr/RESOLUTION/, 'radio: alone';
is media_list($t, '/live/radio/a0/index.m3u8')->{status}, 200, 'radio: plays';

$feed->send(headers(@lead), grep { !$_->{key} } part(14_040, 14_900, @lead));
is sizes('radio'), '', 'radio: frames without a key frame change nothing';
$feed->send(part(15_000, 19_000, @lead, @sound));
$t->log_like(qr/stream "radio" is live: avc1.64000b,mp4a.40.2 /,
             'radio: a key frame does');
is sizes('radio'), '160x90', 'radio: video is there';
is tracks('radio'), 'a0 v0', 'radio: and sound';
is $t->get('/live/radio/v0/index.m3u8')->status, 200, 'radio: it plays';

# frames, but none that is a key frame; another header when one comes
my @late = map { { %$_, timestamp => $_->{timestamp} + 15_000 } }
           part(0, 4000, enhanced_tags($small));
$feed = sent('blind', headers(@lead, @sound),
             part(40, 960, @lead), part(960, 14_000, @sound),
             headers(enhanced_tags($small)),
             in_time(@late, part(15_000, 19_000, @sound)));
is sizes('blind'), '96x54', 'blind: of another size than was announced';

undef $feed;
$t->stop;
done_testing;
