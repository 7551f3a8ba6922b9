#!/usr/bin/perl

# "video-transcoder serve": sound of any codec that publishers send comes back
# as AAC, when it was, each frame where the one before ends; as loud as asked
# for; and what can't be decoded costs nothing but itself.

use strict;
use warnings;

use FindBin;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

use lib "$FindBin::Bin/lib";
use Test::Video::Coder;
use Test::Video::Enhanced;
use Test::Video::Media;
use Test::Video::Program;
use Test::Video::Sound;

my $dir = tempdir();
my %tools = program_flavours('video-transcoder');

plan skip_all => 'video-transcoder is not built' if !%tools;

use constant { AUDIO => 2, KEY => 1 };

my $rate = 8000;                # of what is compared, samples/s
my ($tool, $pid);

sub make {
    my ($name, $volume, $seconds, @args) = @_;
    return media_file("sound_$name.mp4", qw(-f lavfi -i),
        "anoisesrc=seed=7:color=pink:sample_rate=48000:duration=$seconds:"
        . "amplitude=0.5,volume=$volume", @args,
        qw(-strict -2 -fflags +bitexact -flags:a +bitexact -f mp4));
}

sub serve {
    unlink "$dir/socket";
    $pid = program_start($tool, 'serve', '--socket', "$dir/socket");
    for (1 .. 200) {
        last if -S "$dir/socket";
        sleep 0.05;
    }
    return;
}

sub opened {
    my (%audio) = @_;
    return coder_message(OPEN, body => encode_json({ latency => 'low',
        audio => { bitrate => 96000, rate => 48000, channels => 2, %audio },
        ladder => { rungs => [{ name => 'low', size => '160x90',
                                bitrate => 300000 }] } }));
}

# The header of a source's sound, as the box has it.
sub heading {
    my ($source, $config) = @_;
    my ($first) = enhanced_packets($source);
    $config //= $source->{codec} eq 'aac' ? $first->{data}
              : $source->{codec} eq 'mp3' ? '' : $source->{record};
    return coder_message(HEADER, flags => AUDIO, body => $config,
                         codec => unpack 'N', $source->{fourcc});
}

sub sound_frame {
    my ($source, $packet, $data) = @_;
    return coder_message(FRAME, flags => AUDIO | KEY, pts => $packet->{pts},
        dts => $packet->{pts}, body => $data // $packet->{data},
        codec => unpack 'N', $source->{fourcc});
}

# A film that is as long as what is to be heard, so that there is a header.
my $film = media_file('sound_film.flv', qw(-f lavfi -i
    testsrc2=size=160x90:rate=25:duration=1 -c:v libx264 -preset ultrafast
    -tune zerolatency -pix_fmt yuv420p -g 25));

# Plays these messages; what comes back, at the end.
sub play {
    my ($opening, @messages) = @_;
    my $l = coder_link("$dir/socket");
    my $n = 0;

    for my $m ($opening, @messages, map({ $_->[2] } coder_film($film)),
               coder_message(ENDED))
    {
        coder_put($l, $m) or last;
        coder_receive($l, 0) if ++$n % 20 == 0;
    }
    my $until = time + 20;
    while (coder_receive($l, 0.5)) { last if time > $until }
    close $l->{socket};
    return $l;
}

# Frames of sound as a file of ADTS.
sub adts {
    my ($l, $name) = @_;
    my $bytes = '';
    for my $m (grep { $_->{flags} & AUDIO } coder_got($l, FRAME)) {
        my $len = 7 + length $m->{body};
        my $head = 0xfff1 << 40 | 1 << 38 | 3 << 34 | 2 << 30 | $len << 13
                 | 0x7ff << 2;
        $bytes .= substr(pack('Q>', $head), 1) . $m->{body};
    }
    return spew("$name.aac", $bytes);
}

sub sound_frames { return grep { $_->{flags} & AUDIO } coder_got($_[0], FRAME) }

my %codec = (aac => [qw(-c:a aac -b:a 192k)], mp3 => [qw(-c:a libmp3lame)],
             ac3 => [qw(-c:a ac3 -ac 2)], eac3 => [qw(-c:a eac3 -ar 44100)],
             opus => [qw(-c:a libopus -b:a 192k)], flac => [qw(-c:a flac)],
             mono => [qw(-c:a aac -ac 1 -ar 22050)]);

for my $flavour (sort keys %tools) {
    $tool = $tools{$flavour};
    serve();

    for my $name (sort keys %codec) {
        my $file = make($name, '-6dB', 3, @{ $codec{$name} });
        my ($source) = enhanced_sources($file);
        my $l = play(opened(), heading($source),
                     map { sound_frame($source, $_) } @{ $source->{packets} });
        my ($header) = grep { $_->{flags} & AUDIO } coder_got($l, HEADER);
        my @frames = sound_frames($l);

        is unpack('H*', $header->{body} // ''),
            unpack('H*', "\5audio") . '1190' . '56e500',
            "$flavour, $name: AAC-LC, 48 kHz, stereo";
        my @steps = map { $frames[$_]{pts} - $frames[$_ - 1]{pts} }
                    1 .. $#frames;
        is join(' ', grep { $_ != 1024 } @steps), '',
            'each frame where the one before ends';
        cmp_ok scalar @frames, '>', 3 * 46, 'all of it';

        # decoders leave out the delay of an encoder by an edit list
        my ($first) = qx(ffprobe -v error -show_entries packet=pts_time -of csv=p=0 $file)
            =~ /^(-?[\d.]+)/;
        my $at = $frames[0]{pts} / 48000 + $first;
        my $expected = int($at * $rate + ($at < 0 ? -0.5 : 0.5));
        my ($lag, $like) = sound_lag(sound_pcm($file, $rate),
            sound_pcm(adts($l, $name), $rate), $expected - 16, $expected + 16,
            $rate);
        cmp_ok abs($lag - $expected), '<=', 8, "when it was ($lag)";
        cmp_ok $like, '>', 0.8, 'and what it was';
    }

    # --- loudness ------------------------------------------------------------

    my $quiet = make('quiet', '-14dB', 16, qw(-c:a aac -b:a 192k));
    my ($source) = enhanced_sources($quiet);
    my @all = (heading($source), map { sound_frame($source, $_) }
                                 @{ $source->{packets} });
    my $was = sound_loudness($quiet, 10);
    my $as = sound_loudness(adts(play(opened(), @all), 'as'), 10);
    my $at = sound_loudness(adts(play(opened(loudness => -23), @all), 'at'),
                            10);
    cmp_ok abs($as - $was), '<', 1, "$flavour: as loud as it came ($was)";
    cmp_ok abs($at + 23), '<', 1.5, "or as asked for ($at)";

    # --- bad input -----------------------------------------------------------

    my $l = play(opened(), heading($source, ''), map { sound_frame($source,
                     $_, 'x' x 100) } @{ $source->{packets} }[0 .. 50]);
    cmp_ok scalar(grep { !($_->{flags} & AUDIO) } coder_got($l, FRAME)), '>=',
        10, "$flavour: pictures of a stream whose sound is noise";
    my $unknown = { %$source, fourcc => 'what' };
    $l = play(opened(), heading($unknown), @all[1 .. 20]);
    cmp_ok scalar(coder_got($l, FRAME)), '>=', 10,
        'and of one with an unknown codec';
    like join('', map { $_->{body} } coder_got($l, LOG)),
        qr/the codec of the sound can't be decoded/, 'which is told';
    $l = play(opened(channels => 7), @all);
    like join('', map { $_->{body} } coder_got($l, LOG)),
        qr/"audio" of OPEN is wrong/, 'what is asked for is checked';
    $l = play(coder_opening(rungs => [{ name => 'low', size => '160x90',
                                        bitrate => 300000 }]), @all);
    is scalar(sound_frames($l)), 0, 'no sound if none is asked for';

    # a source whose sound becomes another, and one that has a hole
    my ($mono) = enhanced_sources(make('mono', '-6dB', 3, @{ $codec{mono} }));
    my @late = map { { %$_, pts => $_->{pts} + 3000 } } @{ $mono->{packets} };
    my @first = grep { $_->{pts} < 1000 || $_->{pts} >= 2000 }
                grep { $_->{pts} < 3000 } @{ $source->{packets} };
    $l = play(opened(), heading($source), map({ sound_frame($source, $_) }
              @first), heading($mono), map { sound_frame($mono, $_) } @late);
    my @frames = sound_frames($l);
    cmp_ok abs($frames[-1]{pts} - $frames[0]{pts} - 6 * 48000), '<', 4096,
        'another sound goes on in time';
    my @odd = grep { $frames[$_]{pts} - $frames[$_ - 1]{pts} < 1024 }
              1 .. $#frames;
    is scalar(@odd), 0, 'no frame is over another';
    cmp_ok scalar(@frames), '>', 5.9 * 48000 / 1024, 'silence is in the hole';

    kill 'TERM', $pid;
    my (undef, $err, $code) = program_end($pid);
    is "$err$code", '0', "$flavour: it ends, with nothing to say";
}

done_testing;
