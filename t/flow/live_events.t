# Proves that what a publisher signals beside its media reaches players: cue
# points and splices as date ranges of playlists, texts and all of them inside
# the media, at the right time; over delta updates, a publisher that comes
# back, and a killed worker; and that nothing malformed ends a stream.
use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use Test::Video;
use Test::Video::DASH qw(seconds);
use Test::Video::AMF qw(amf_bool amf_ecma amf_encode amf_object amf_string);
use Test::Video::HLS;
use Test::Video::Live;
use Test::Video::Signals qw(emsgs_of id3_of splice_insert time_signal);

my $t = Test::Video->new;
$t->conf(live_conf(grace => '10s', listen => 'reuseport',
                   window => '12s'))->run;

my $feed = live_feed($t, 'cam');
my $base = '/live/cam';

# media times count from the first frame
my ($first) = map { $_->{timestamp} / 1000 } grep { $_->{type} == 9 }
              @{ $feed->{frames} };

sub signal {
    my ($feed, $at, @values) = @_;
    $feed->{rtmp}->send_tag(18, $at, amf_encode(@values));
    return $feed->settle;
}

sub cue {
    my ($feed, $at, %o) = @_;
    return signal($feed, $at, amf_string('onCuePoint'), amf_object(%o));
}

sub base64 { return amf_string(encode_base64($_[0], '')) }

# Date ranges of a playlist.
sub ranges {
    my ($path, %o) = @_;
    my $text = $t->get($path // "$base/v0/index.m3u8", %o)->body;
    return map { Test::Video::HLS::attributes($_) }
           lines_of($text, '#EXT-X-DATERANGE');
}

# The events inside the segments of a track.
sub inside {
    my ($path) = @_;
    return map {
        my $uri = $_;
        map { { %$_, uri => $uri } } emsgs_of($t->get($uri)->body);
    } uris_of(media_list($t, $path), 'segment');
}

sub hex_of { return '0x' . uc unpack 'H*', $_[0] }

# --- before the stream starts, and what is none -----------------------------

cue($feed, 0, name => amf_string('early'), type => amf_string('event'));
$feed->to(1500);
is scalar(ranges()), 0, 'what comes before the stream is not kept';

# --- a cue point ------------------------------------------------------------

cue($feed, 1500, name => amf_string('goal "1"'), type => amf_string('event'),
    time => 1.5, parameters => amf_object(score => 3, ratio => 0.5, away => -1,
                                          'half.time' => amf_bool(1)));
signal($feed, 1500, amf_string('onTextData'),
       amf_ecma(text => amf_string("Z\xc3\xbcrich \xf0\x9f\x98\x80"),
                trackid => 2));
$feed->to(4500);

my ($goal, @more) = ranges();
is scalar(@more), 0, 'one range: a text is none';
like $goal->{ID}, qr/^cue-e[0-9a-f]+-0$/, 'its ID';
is $goal->{CLASS}, 'cue-point', 'its class';
is $goal->{DURATION}, '0.000', 'an instant';
is $goal->{'X-NAME'}, "goal '1'", 'its name, quoted';
is $goal->{'X-SCORE'}, 3, 'a number';
is $goal->{'X-RATIO'}, 0.5, 'another';
is $goal->{'X-AWAY'}, '-1', 'one that is negative';
is $goal->{'X-HALF-TIME'}, 'true', 'a boolean';
is_deeply [ranges("$base/a0/index.m3u8")], [$goal], 'audio lists it, too';

# the date is where the media time is
my $list = media_list($t, "$base/v0/index.m3u8");
my ($date) = $list->{text} =~ /#EXT-X-PROGRAM-DATE-TIME:(\S+)/;
cmp_ok abs(seconds($goal->{'START-DATE'}) - seconds($date) - 1.5
           + $first), '<', 0.002,
    'its date is 1.5 s after the first segment';

my @inside = inside("$base/v0/index.m3u8");
is scalar(@inside), 2, 'two events in the media';
is $_->{scheme}, 'https://aomedia.org/emsg/ID3', 'as ID3' for @inside;
cmp_ok abs($_->{time} - 1.5 + $first), '<', 0.001, 'at their time'
    for @inside;
isnt $inside[0]{id}, $inside[1]{id}, 'with ids';
like $inside[0]{uri}, qr/\d+\.m4s/, 'in the segment of that time';
is $inside[0]{uri}, (uris_of($list, 'segment'))[1], 'which is the second';

my %frames = map { ($_->[1] // $_->[0]) => $_->[2] } id3_of($inside[0]{data});
is $frames{onCuePoint}, 'goal "1"', 'the name of a cue point';
is $frames{score}, 3, 'a parameter';
%frames = map { ($_->[1] // $_->[0]) => $_->[2] } id3_of($inside[1]{data});
is $frames{TIT2}, "Z\xc3\xbcrich \xf0\x9f\x98\x80", 'a text';
is $frames{trackid}, 2, 'and what is beside it';
is scalar(inside("$base/a0/index.m3u8")), 0, 'audio has none beside video';

my $mpd = $t->get("$base/manifest.mpd")->body;
my ($video) = $mpd =~ m{(<AdaptationSet [^>]*"video".*?</AdaptationSet>)}s;
like $video, qr{<InbandEventStream schemeIdUri="\Q$_\E" value="1"/>},
    "the manifest tells of $_" for 'urn:scte:scte35:2013:bin',
                                   'https://aomedia.org/emsg/ID3';
is scalar(() = $mpd =~ /InbandEventStream/g), 2, 'for video alone';

# --- splices ----------------------------------------------------------------

my $out = splice_insert(0x6ffffff0, out => 1, duration => 3);
my $in = splice_insert(0x6ffffff0);
cue($feed, 4500, name => amf_string('scte35'), type => amf_string('event'),
    parameters => amf_object(data => base64($out)));
cue($feed, 4600, name => amf_string('scte35'), type => amf_string('event'),
    parameters => amf_object(data => base64($out)));
$feed->to(6500);

my ($break) = grep { $_->{'SCTE35-OUT'} } ranges();
like $break->{ID}, qr/^splice-6ffffff0-/, 'a splice out';
is $break->{'SCTE35-OUT'}, hex_of($out), 'with its section';
is $break->{'PLANNED-DURATION'}, '3.000', 'its planned duration';
is $break->{DURATION}, undef, 'its duration is not known';
is scalar(ranges()), 2, 'said again it is the same';

signal($feed, 7000, amf_string('onAdCue'),
       amf_object(cue => base64($in), type => amf_string('scte35'), id => 1,
                  duration => 0, time => 7));
$feed->to(7500);
my ($end) = grep { $_->{'SCTE35-IN'} } ranges();
is $end->{ID}, $break->{ID}, 'the splice in has the same ID';
is $end->{'START-DATE'}, $break->{'START-DATE'}, 'and date';
is $end->{DURATION}, '2.500', 'the duration is known now';
cmp_ok abs(seconds($end->{'END-DATE'}) - seconds($end->{'START-DATE'}) - 2.5),
    '<', 0.001, 'so is the end';
is $end->{'SCTE35-IN'}, hex_of($in), 'and the section';

my @splices = grep { $_->{scheme} =~ /scte/ } inside("$base/v0/index.m3u8");
is scalar(@splices), 2, 'both are in the media';
is $splices[0]{data}, $out, 'as they came';
is $splices[0]{duration}, 3, 'with the duration';
cmp_ok abs($splices[0]{time} - 4.5 + $first), '<', 0.001, 'at their time';
is $splices[1]{data}, $in, 'the other';

# --- other forms ------------------------------------------------------------

my $signal = time_signal([7, 0x34, 2], [8, 0x10]);
signal($feed, 7500, amf_string('onUserData'),
       amf_object(hex => amf_string(hex_of($signal))));
signal($feed, 7500, amf_string('scte35'), base64(time_signal([9, 0x50])));
signal($feed, 7500, amf_string('onCuePoint'),
       amf_object(name => amf_string('scte35'), type => amf_string('event'),
                  parameters => amf_object(
                      messageType => amf_string('scte35'),
                      splice_event_id => 77, out_of_network_indicator =>
                      amf_bool(1), break_duration => 1500)));
signal($feed, 7500, amf_string('onAdCue'),
       amf_object(type => amf_string('SpliceOut'), id => amf_string('ad-9'),
                  duration => 4, time => 7.5));
$feed->to(8500);

my @ranges = ranges();
my ($placed) = grep { $_->{ID} =~ /^splice-00000007-/ } @ranges;
is $placed->{'SCTE35-OUT'}, hex_of($signal), 'a segment that goes out';
is $placed->{'PLANNED-DURATION'}, '2.000', 'for so long';
my ($program) = grep { $_->{ID} =~ /^splice-00000008-/ } @ranges;
is $program->{'SCTE35-CMD'}, hex_of($signal), 'another in the same section';
ok +(grep { $_->{ID} =~ /^splice-00000009-/ && $_->{'SCTE35-CMD'} } @ranges),
    'a string alone';
my ($fields) = grep { $_->{ID} =~ /^splice-0000004d-/ } @ranges;
is $fields->{'SCTE35-OUT'},
    hex_of(splice_insert(77, out => 1, duration => 1.5)),
    'a section made of fields';
my ($simple) = grep { ($_->{'PLANNED-DURATION'} // '') eq '4.000' } @ranges;
ok $simple->{'SCTE35-OUT'}, 'and of a simple one';

# --- cancelled --------------------------------------------------------------

cue($feed, 8500, name => amf_string('scte35'),
    data => base64(splice_insert(99, out => 1, duration => 30)));
$feed->to(8900);
ok +(grep { $_->{ID} =~ /^splice-00000063-/ } ranges()), 'one that is to come';
cue($feed, 8900, name => amf_string('scte35'),
    data => base64(splice_insert(99, cancel => 1)));
$feed->to(9500);
ok !(grep { $_->{ID} =~ /^splice-00000063-/ } ranges()), 'is cancelled';
cue($feed, 9500, name => amf_string('scte35'),
    data => base64(splice_insert(99, out => 1, duration => 2)));
$feed->to(9900);
ok +(grep { $_->{ID} =~ /^splice-00000063-/
            && $_->{'PLANNED-DURATION'} eq '2.000' } ranges()),
    'and announced again';

# --- delta updates, and ranges that leave -----------------------------------

my $msn = (segment_msns(media_list($t, "$base/v0/index.m3u8")))[-1];
my $text = $t->get("$base/v0/index.m3u8")->body;
like $text, qr/CAN-SKIP-UNTIL=6\.0,CAN-SKIP-DATERANGES=YES/, 'is offered';

$feed->to(13500);
$text = $t->get("$base/v0/index.m3u8?_HLS_skip=YES")->body;
like $text, qr/#EXT-X-VERSION:9\n/, 'a delta update';
unlike $text, qr/RECENTLY/, 'of segments';
is scalar(lines_of($text, '#EXT-X-DATERANGE')), scalar(ranges()),
    'lists all ranges';

$text = $t->get("$base/v0/index.m3u8?_HLS_skip=v2")->body;
like $text, qr/#EXT-X-VERSION:10\n/, 'and of date ranges';
my ($removed) = $text =~ /RECENTLY-REMOVED-DATERANGES="([^"]*)"/;
is scalar(grep { /^splice-00000063-/ } split /\t/, $removed // ''), 1,
    'tells of the cancelled one';

$feed->to(16500);
ok !(grep { $_->{CLASS} } ranges()), 'a cue point leaves with its segment';
($removed) = $t->get("$base/v0/index.m3u8?_HLS_skip=v2")->body
    =~ /RECENTLY-REMOVED-DATERANGES="([^"]*)"/;
like $removed, qr/(?:\A|\t)\Q$goal->{ID}\E(?:\t|\z)/, 'which is told';
ok +(grep { $_->{ID} eq $break->{ID} } ranges()),
    'a splice stays until it has ended';

# --- nonsense ---------------------------------------------------------------

my $before = ranges();
$feed->{rtmp}->send_tag(18, 16500, amf_encode(amf_string('onCuePoint'))
                                   . "\x03\x00\x04name\x02\xff\xff");
$feed->{rtmp}->send_tag(18, 16500, amf_encode(amf_string('onOther'), 1));
$feed->{rtmp}->send_tag(15, 16500, "\0" . amf_encode(amf_string('onCuePoint'),
                                           amf_object(name => amf_string('a3')
                                           )));
my $broken = splice_insert(5, out => 1);
substr($broken, -1) ^= "\1";
cue($feed, 16500, name => amf_string('scte35'), data => base64($broken));
cue($feed, 16500, name => amf_string('big'), data => amf_string('x' x 60000));
$feed->to(17500);
my @now = ranges();
is scalar(grep { ($_->{'X-NAME'} // '') eq 'a3' } @now), 1, 'AMF3 messages';
ok !(grep { $_->{ID} =~ /^splice-00000005-/ } @now), 'a wrong checksum';
my ($big) = grep { ($_->{'X-NAME'} // '') eq 'big' } @now;
is length $big->{'X-DATA'}, 511, 'a long value is cut';
$t->log_like(qr/stream "cam": malformed data message/);
is stream_status($t, 'cam')->{state}, 'live', 'the stream goes on';

# --- more than there is room for --------------------------------------------

cue($feed, 17500, name => amf_string("n$_")) for 1 .. 300;
$feed->to(18500);
@now = ranges();
is scalar(@now), 256, 'the newest stay';
is $now[-1]{'X-NAME'}, 'n300', 'up to the last';

# --- the publisher comes back -----------------------------------------------

my $open = splice_insert(42, out => 1);
cue($feed, 18500, name => amf_string('scte35'), data => base64($open));
$feed->to(19000);
$feed->reset;
wait_for { stream_status($t, 'cam')->{state} eq 'paused' } 5;
my $back = live_feed($t, 'cam');
$back->to(1200);
cue($back, 1200, name => amf_string('scte35'),
    data => base64(splice_insert(42)));
$back->to(2500);
($break) = grep { $_->{'SCTE35-OUT'} && $_->{ID} =~ /^splice-0000002a-/ }
           ranges();
($end) = grep { $_->{'SCTE35-IN'} && $_->{ID} =~ /^splice-0000002a-/ }
         ranges();
ok $break, 'what began before is listed';
is $end->{ID}, $break->{ID}, 'and ends in the next run';
cmp_ok $end->{DURATION}, '>', 1, 'with the time between';
my ($late) = grep { $_->{scheme} =~ /scte/ }
             reverse inside("$base/v0/index.m3u8");
is $late->{data}, splice_insert(42), 'in the media, too';
cmp_ok $late->{time}, '>', 19, 'on the timeline that goes on';

# --- audio alone ------------------------------------------------------------

my $sound = live_feed($t, 'sound', only => 'audio');
$sound->to(1500);
signal($sound, 1500, amf_string('onTextData'),
       amf_object(text => amf_string('news')));
$sound->to(3500);
is scalar(inside('/live/sound/a0/index.m3u8')), 1, 'audio carries events';
like $t->get('/live/sound/manifest.mpd')->body, qr/InbandEventStream/,
    'and the manifest says so';

# --- a killed worker --------------------------------------------------------

my $kept = live_feed($t, 'kept');
$kept->to(1500);
cue($kept, 1500, name => amf_string('kept'));
$kept->to(3500);
for my $pid ($t->workers) {
    my @workers = $t->workers;
    my ($n) = grep { $workers[$_] == $pid } 0 .. $#workers;
    $t->kill_worker($n, 'KILL');
    wait_for { (grep { $_ != $pid } $t->workers) == 2 } 5;
}
ok +(wait_for { stream_status($t, 'kept')->{state} eq 'paused' } 5),
    'its publisher is gone';
is((ranges('/live/kept/v0/index.m3u8'))[0]{'X-NAME'}, 'kept',
   'events outlive the workers');
my $again = live_feed($t, 'kept');
$again->to(1500);
cue($again, 1500, name => amf_string('again'));
$again->to(2500);
is join(' ', map { $_->{'X-NAME'} } ranges('/live/kept/v0/index.m3u8')),
    'kept again', 'and more come';

$t->stop;
done_testing;
