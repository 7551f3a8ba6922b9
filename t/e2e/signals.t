#!/usr/bin/perl

# What a publisher signals reaches people's players: hls.js, dash.js and Shaka
# tell of texts, cue points and splices, and are given or offer the captions.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use E2E;
use MIME::Base64 qw(encode_base64);
use Test::More;
use Test::Video;
use Test::Video::AMF qw(amf_encode amf_object amf_string);
use Test::Video::FLV;
use Test::Video::Live;
use Test::Video::Loop qw(now);
use Test::Video::Process;
use Test::Video::Signals qw(captioned cc_pair cc_text splice_insert);

my $t = Test::Video->new;
node($t);

# In real time: captions all the time, and each two seconds a text, a cue point
# and a splice, by turns out and in.
my $publisher = Test::Video::Process::fork_child(sub {
    my $feed = live_feed($t, 'cam');
    my @texts = ('HELLO CC1', 'OTHER CC1');
    my @left;

    for my $frame (@{ $feed->{frames} }) {
        next if !Test::Video::FLV::is_frame($frame);

        if (!@left) {
            push @texts, shift @texts;
            @left = (cc_text(1, $texts[0]), (cc_pair(0, 0, 0)) x 15);
        }
        $frame = captioned($frame, shift @left);
    }

    my $from = now();
    for (my $n = 0; $n < 1000; $n++) {
        $feed->to((now() - $from) * 1000);
        signals($feed, $n / 20) if $n % 20 == 0;
        select undef, undef, undef, 0.1;
    }
});

sub signals {
    my ($feed, $n) = @_;
    my $at = $feed->{at};
    my $splice = splice_insert(100 + int($n / 2), $n % 2 ? ()
                               : (out => 1, duration => 2));

    $feed->{rtmp}->send_tag(18, $at, amf_encode(@$_)) for
        [amf_string('onTextData'), amf_object(text => amf_string("text $n"))],
        [amf_string('onCuePoint'),
         amf_object(name => amf_string("cue $n"), at => $at)],
        [amf_string('onCuePoint'),
         amf_object(name => amf_string('scte35'),
                    data => amf_string(encode_base64($splice, '')))];
    return;
}

ok +(wait_for { $t->get('/live/cam/v0/index.m3u8')->body =~ /^#EXTINF/m } 15),
    'on air';

my %seen;
$seen{$_->[0]} = browse($t, "/live/cam/$_->[1]", $_->[0], 8, signals => 1)
    for ['hls', 'master.m3u8'], ['dash', 'manifest.mpd'],
        ['shaka', 'master.m3u8'];
$seen{shaka_dash} = browse($t, '/live/cam/manifest.mpd', 'shaka', 8,
                           signals => 1);

for my $player (sort keys %seen) {
    # dash.js 5.2 says that of the end of each low-latency segment, and goes on
    is join('; ', grep { !/stall|nudge|still processing|null .*'fields'/i }
                  complaints($seen{$player})), '', "$player: plays";
    cmp_ok $seen{$player}{played}, '>', 4, "$player: goes on";
}

sub told {
    my ($player, $from, $data) = @_;
    return grep { $_->{from} eq $from && $_->{data} =~ $data }
           @{ $seen{$player}{signals} };
}

cmp_ok scalar(told('hls', 'metadata', qr/^ID3.*TIT2.*text \d/s)), '>=', 2,
    'hls.js: texts';
cmp_ok scalar(told('hls', 'dateRange', qr/"X-NAME":"cue \d/)), '>=', 2,
    'hls.js: cue points as date ranges';
cmp_ok scalar(told('hls', 'dateRange', qr/"SCTE35-OUT":"0xFC/)), '>=', 1,
    'hls.js: splices';
cmp_ok scalar(told('hls', 'captions', qr/\xfc\xc8E/)), '>=', 2,
    'hls.js: captions';

ok +(grep { $_->{label} eq 'CC1' } @{ $seen{dash}{captions} }),
    'dash.js: captions are offered';
cmp_ok scalar(told('dash', 'event', qr/^ID3.*TIT2.*text \d/s)), '>=', 2,
    'dash.js: texts';
cmp_ok scalar(told('dash', 'event', qr/^\xfc/)), '>=', 2, 'dash.js: splices';

cmp_ok scalar(told('shaka_dash', 'emsg', qr/^\xfc/)), '>=', 2,
    'Shaka, DASH: splices';
cmp_ok scalar(told('shaka_dash', 'metadata', qr/text \d/)), '>=', 2,
    'Shaka, DASH: texts';
cmp_ok scalar(told('shaka', 'metadata', qr/cue \d/)), '>=', 2,
    'Shaka, HLS: cue points';

is_deeply $seen{shaka}{texts}, ['cc1'], 'Shaka, HLS: captions are offered';
is_deeply $seen{shaka_dash}{texts}, ['und'], 'Shaka, DASH: they are, too';

Test::Video::Process::end($publisher, 'KILL');
done_testing;
