# Proves that captions in the pictures of a stream are announced: as soon as
# they have been seen, by playlist and manifest, as configured, over a publisher
# that comes back; and that the pictures are passed on as they came.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::FLV;
use Test::Video::HLS;
use Test::Video::Live;
use Test::Video::Media;
use Test::Video::Signals qw(caption_nal captioned cc_pair cc_text);

my $t = Test::Video->new;
my $dir = media_dir();
my ($mp4) = mp4_h264_aac(seconds => 3, size => '320x180', bitrate => '200k')
    =~ m{([^/]+)\z};

$t->conf(live_conf(grace => '10s', locations => <<"CONF"))->run;
location /named/ {
    video_live zone=live;
    video_captions CC1=eng CC3=es SERVICE12=pt-br;
}
location /off/ {
    video_live zone=live;
    video_captions off;
}
location /vod/ {
    video_vod zone=live;
    alias $dir/;
}
location /voc/ {
    video_vod zone=live;
    video_captions CC1=en;
    alias $dir/;
}
location /voff/ {
    video_vod zone=live;
    video_captions off;
    alias $dir/;
}
CONF

sub master { return $t->get("/$_[0]/master.m3u8")->body }
sub mpd    { return $t->get("/$_[0]/manifest.mpd")->body }

sub ids {
    my @lines = grep { /TYPE=CLOSED-CAPTIONS/ } lines_of($_[0], '#EXT-X-MEDIA');
    return join ' ', map { Test::Video::HLS::attributes($_)->{'INSTREAM-ID'} }
                     @lines;
}

sub attribute {
    my ($line) = lines_of($_[0], '#EXT-X-STREAM-INF');
    return Test::Video::HLS::attributes($line)->{'CLOSED-CAPTIONS'};
}

# --- none -------------------------------------------------------------------

my $feed = live_feed($t, 'cam');
$feed->to(2500);

is attribute(master('live/cam')), 'NONE', 'none so far, which is said';
is ids(master('live/cam')), '', 'none is announced';
unlike mpd('live/cam'), qr/cea-/, 'nor in the manifest';

# --- they come --------------------------------------------------------------

my @frames = @{ $feed->{frames} };

# From the next frame on each has what the sub gives.
sub caption {
    my ($feed, $next) = @_;

    $feed->{frames} = [@frames];
    for my $frame (@{ $feed->{frames} }[$feed->{next} .. $#frames]) {
        $frame = captioned($frame, $next->())
            if Test::Video::FLV::is_frame($frame);
    }
    return $feed;
}

my @text = cc_text(1, 'HELLO');
my @left = @text;
caption($feed, sub { shift @left // cc_pair(0, 0, 0) })->to(5500);

is ids(master('live/cam')), 'CC1', 'CC1 is announced';
is attribute(master('live/cam')), 'captions', 'its group is';
is scalar(lines_of(master('live/cam'), '#EXT-X-MEDIA')), 2,
    'beside the audio rendition';
like mpd('live/cam'), qr{<Accessibility\ schemeIdUri="urn:scte:dash:cc:
                         cea-608:2015"\ value="CC1=und"/>}x, 'in the manifest';
my ($audio) = mpd('live/cam') =~ /(<AdaptationSet [^>]*audio.*)/s;
unlike $audio, qr/cea-/, 'for video only';

# --- and are passed on ------------------------------------------------------

my $track = live_track($t, '/live/cam/v0/index.m3u8');
my $nal = pack 'N/a*', caption_nal(cc_pair(0, 0, 0));
my $found = () = $track->{bytes} =~ /\Q$nal\E/g;
cmp_ok $found, '>', 20, 'SEI as it was sent';
for my $pair (@text) {
    ok index($track->{bytes}, caption_nal($pair)) > 0, 'of each pair' or last;
}

# --- as configured ----------------------------------------------------------

is ids(master('named/cam')), 'CC1 CC3 SERVICE12', 'those that are named';
my @named = map { Test::Video::HLS::attributes($_) }
            grep { /CLOSED/ } lines_of(master('named/cam'), '#EXT-X-MEDIA');
is join(' ', map { $_->{LANGUAGE} } @named), 'en es pt-BR', 'their languages';
is join(' ', map { $_->{NAME} } @named), 'en (CC1) es (CC3) pt-BR (SERVICE12)',
    'their names';
like mpd('named/cam'), qr/608:2015" value="CC1=eng;CC3=spa"/, 'in DASH: 608';
like mpd('named/cam'), qr/708:2015" value="12=lang:por"/, 'in DASH: 708';
is attribute(master('off/cam')), 'NONE', 'off';
is ids(master('off/cam')), '', 'none is announced';
unlike mpd('off/cam'), qr/cea-/, 'nor in the manifest';

# --- more of them -----------------------------------------------------------

@left = (cc_text(3, 'HOLA'), [3, 0x02, 0x22]);
$feed->{next} = 0;
$feed->{offset} = 5500;
caption($feed, sub { (shift @left // (), cc_pair(0, 0, 0)) })->to(8500);
is ids(master('live/cam')), 'CC1 CC3 SERVICE1', 'what came later, too';

# --- the publisher comes back -----------------------------------------------

$feed->reset;
ok +(wait_for { stream_status($t, 'cam')->{state} eq 'paused' } 5), 'paused';
my $back = live_feed($t, 'cam');
$back->to(2500);
is ids(master('live/cam')), 'CC1 CC3 SERVICE1',
    'without captions: those of before are in the window';
like mpd('live/cam'), qr/CC1=und;CC3=und/, 'in the manifest';

# --- only padding -----------------------------------------------------------

my $padded = live_feed($t, 'padded');
caption($padded, sub { cc_pair(0, 0, 0) })->to(2500);
is ids(master('live/padded')), 'CC1', 'padding lets expect CC1';

# --- audio alone ------------------------------------------------------------

my $sound = live_feed($t, 'sound', only => 'audio');
$sound->to(2500);
is attribute(master('live/sound')), 'NONE', 'audio has none';
is attribute(master('named/sound')), undef, 'and none is put on it';

# --- files ------------------------------------------------------------------

is attribute(master("vod/$mp4")), undef, 'a file: nobody has looked';
is ids(master("voc/$mp4")), 'CC1', 'a file, as configured';
is attribute(master("voc/$mp4")), 'captions', 'the group';
like mpd("voc/$mp4"), qr/608:2015" value="CC1=eng"/, 'in the manifest';
is attribute(master("voff/$mp4")), 'NONE', 'a file, off';

$t->stop;
done_testing;
