#!/usr/bin/perl

# "video-transcoder serve": rungs of all codecs have the pictures, the times and
# the key frames of their source, in the form that samples of MP4 have, and what
# a decoder needs besides is in their header.

use strict;
use warnings;

use FindBin;
use Test::More;
use Time::HiRes qw(sleep time);

use lib "$FindBin::Bin/lib";
use Test::Video::Coder;
use Test::Video::Media;
use Test::Video::Program;

my $dir = tempdir();
my %tools = program_flavours('video-transcoder');

plan skip_all => 'video-transcoder is not built' if !%tools;

# Each picture has a brightness that none near it has; key frames are where no
# encoder would have them.
my @film = (qw(-f lavfi -i), "nullsrc=size=320x180:rate=25:d=4,"
            . "geq=lum='32+mod(N*37,180)':cb=128:cr=128",
            qw(-c:v libx264 -preset ultrafast -pix_fmt yuv420p -sc_threshold 0
               -force_key_frames), 'expr:eq(n,0)+eq(n,23)+eq(n,24)+eq(n,61)');
my %films = (
    plain => media_file('codecs.flv', @film, qw(-tune zerolatency)),
    reordered => media_file('codecs_reordered.flv', @film,
                            qw(-bf 2 -b_strategy 0)),
);

# FourCC; levels of brightness that a picture may be off by
my %codecs = (h264 => ['avc1', 8], hevc => ['hvc1', 8], vp9 => ['vp09', 8],
              av1 => ['av01', 8]);
my $pid;


sub serve {
    my ($tool) = @_;
    unlink "$dir/socket";
    $pid = program_start($tool, 'serve', '--socket', "$dir/socket");

    for (1 .. 200) {
        last if -S "$dir/socket";
        sleep 0.05;
    }
    return;
}


# Sends a film no faster than its first rung comes back: that of AV1, which never
# holds pictures.
sub play {
    my ($l, @messages) = @_;
    my $sent = 0;

    for my $m (@messages) {
        coder_put($l, $m->[2]) or return;
        $sent++ if $m->[0] == FRAME;
        my $until = time + 20;

        while ($sent - grep({ $_->{track} == 0 } coder_got($l, FRAME)) > 8)
        {
            coder_receive($l, 0.2) or return;
            last if time > $until;
        }
    }

    my $until = time + 30;
    coder_put($l, coder_message(ENDED));
    while (coder_receive($l, 0.5)) { last if time > $until }
    close $l->{socket};
    return;
}


sub ivf {
    my ($codec, @frames) = @_;
    my $n = 0;

    return pack('a4 v v a4 v v V V V V', 'DKIF', 0, 32, $codec, 160, 90, 25, 1,
                scalar @frames, 0)
           . join '', map { pack('V Q<', length, $n++) . $_ } @frames;
}


# NAL units of an avcC, or of an hvcC.
sub parameter_sets {
    my ($codec, $config) = @_;

    if ($codec eq 'h264') {
        my ($sps) = unpack 'x6n/a', $config;
        return ($sps, unpack 'x' . (8 + length $sps) . 'xn/a', $config);
    }

    my ($count, $rest) = unpack 'x22 C a*', $config;
    my @sets;
    for (1 .. $count) {
        my ($n, $more) = unpack 'x n a*', $rest;
        ($_, $more) = unpack 'n/a a*', $more and push @sets, $_ for 1 .. $n;
        $rest = $more;
    }
    return @sets;
}


# A file of a rung, as a decoder wants it.
sub bare {
    my ($codec, $config, @frames) = @_;

    return ivf('VP90', @frames) if $codec eq 'vp9';
    return ivf('AV01', map { "\x12\0$_" } @frames) if $codec eq 'av1';
    return join '', map { "\0\0\0\1$_" } parameter_sets($codec, $config),
        map { unpack '(N/a)*', $_ } @frames;
}


# Brightness of its pictures.
sub bright {
    my ($codec, $config, @frames) = @_;
    my %format = (h264 => 'h264', hevc => 'hevc', vp9 => 'ivf', av1 => 'ivf');
    my $file = spew("rung.$codec", bare($codec, $config, @frames));
    return unpack 'C*', qx(ffmpeg -v error -f $format{$codec} -i $file -vf scale=16:16:flags=area,crop=1:1:8:8 -vsync passthrough -f rawvideo -pix_fmt gray -);
}


# What is wrong with the form of a rung's header and frames.
my %odd = (
    h264 => sub { grep { grep { (ord($_) & 31) =~ /^[789]$/ }
                         unpack '(N/a)*', $_ } @_ },
    hevc => sub { grep { grep { (ord($_) >> 1 & 63) =~ /^3[2-5]$/ }
                         unpack '(N/a)*', $_ } @_ },
    # a frame that is shown, or a superframe: none is shown on its own account
    vp9  => sub { grep { (ord($_) & 0xc8) != 0x80 } @_ },
    # no temporal delimiter
    av1  => sub { grep { (ord($_) >> 3 & 15) == 2 } @_ },
);

for my $name (sort keys %tools) {
    # x265 does not free all that it takes
    my @rungs = grep { $name eq 'plain' || $_ ne 'hevc' } sort keys %codecs;

    for my $latency (qw(low quality)) {
        my ($kind) = $latency eq 'low' ? 'reordered' : 'plain';
        my @messages = coder_film($films{$kind});
        my @source = sort { $a->[3] <=> $b->[3] }
                     grep { $_->[0] == FRAME } @messages;

        serve($tools{$name});
        my $l = coder_link("$dir/socket");
        coder_put($l, coder_opening(latency => $latency, rungs => [map { {
            name => $_, size => '160x90', bitrate => '300k', codec => $_
        } } @rungs]));
        play($l, @messages);

        my @headers = coder_got($l, HEADER);
        is scalar(@headers), scalar(@rungs), "$name, $latency: rungs";
        is_deeply [map { $_->{body} } coder_got($l, LOG)], [],
            'nothing to complain about';

        for my $header (@headers) {
            my ($codec, $config) = unpack 'C/a a*', $header->{body};
            my @frames = grep { $_->{track} == $header->{track} }
                         coder_got($l, FRAME);
            my @shown = sort { $a->{pts} <=> $b->{pts} } @frames;
            my ($fourcc, $most) = @{ $codecs{$codec} };

            is_deeply [map { pack 'N', $_->{codec} } $header, $frames[0]],
                [($fourcc) x 2], "$name, $latency: $codec";
            is "$header->{pts}x$header->{dts}", '160x90', 'its size';
            is join(' ', map { $_->{pts} } @shown),
                join(' ', map { $_->[3] } @source), 'times of the source';
            is join(' ', map { $_->{flags} & 1 ? $_->{pts} : () } @frames),
                join(' ', map { $_->[4] ? $_->[3] : () } @source),
                'its key frames';
            is scalar(grep { $_->{pts} != $_->{dts} } @frames), 0,
                'nothing is reordered' if $latency eq 'low';
            is scalar($odd{$codec}->(map { $_->{body} } @frames)), 0,
                'samples of MP4';

            is scalar(grep { $_->{flags} & 1
                             && index($_->{body}, substr $config, 4) != 0 }
                      @frames), 0, 'key frames begin with its sequence header'
                if $codec eq 'av1';

            my @is = bright($codec, $config, map { $_->{body} } @frames);
            my @wrong = grep {
                abs($is[$_] - ((32 + $_ * 37 % 180) - 16) * 255 / 219) > $most
            } 0 .. $#is;
            is scalar(@is) . " @wrong", scalar(@source) . ' ',
                'and its pictures';
        }

        kill 'TERM', $pid;
        my ($out, $err, $code) = program_end($pid);
        is "$code$err", '0', 'no other word of it';
    }

    # what "ladder" in nginx takes as a preset
    my @presets = grep { $name eq 'plain' || $_->[0] ne 'hevc' }
        (['hevc', 'ultrafast'], ['hevc', 'veryslow'], ['vp9', 0], ['vp9', 8],
         ['av1', 5], ['av1', 10]);
    serve($tools{$name});
    my $l = coder_link("$dir/socket");
    coder_put($l, coder_opening(rungs => [map { {
        name => "$_->[0]$_->[1]", size => '160x90', bitrate => '300k',
        codec => $_->[0], preset => "$_->[1]"
    } } @presets]));
    play($l, (coder_film($films{reordered}))[0 .. 4]);
    is join(' ', sort map { unpack 'C/a', $_->{body} } coder_got($l, HEADER)),
        join(' ', sort map { "$_->[0]$_->[1]" } @presets),
        "$name: the slowest and the fastest presets";
    kill 'TERM', $pid;
    program_end($pid);
}

done_testing;
