#!/usr/bin/perl

# "video-transcoder serve": frames of a stream come back as frames of all rungs
# with its times and its key frames; what is broken costs that stream, and what
# can't be done in time is left out, from the top.

use strict;
use warnings;

use Fcntl;
use FindBin;
use IO::Socket::UNIX;
use JSON::PP;
use POSIX qw(:sys_wait_h);
use Socket;
use Test::More;
use Time::HiRes qw(sleep time);

use lib "$FindBin::Bin/lib";
use Test::Video::FLV;
use Test::Video::Media;
use Test::Video::Program;

use constant { OPEN => 1, HEADER => 2, FRAME => 3, ENDED => 4, STATE => 5,
               LOG => 6 };

my $dir = tempdir();
my %tools = program_flavours('video-transcoder');

plan skip_all => 'video-transcoder is not built' if !%tools;

my ($tool, $pid);
my @film = (qw(-f lavfi -i), "nullsrc=size=320x180:rate=25:d=6,"
            . "geq=lum='32+mod(N*37,180)':cb=128:cr=128",
            qw(-c:v libx264 -preset ultrafast -pix_fmt yuv420p));
my %films = (
    plain => media_file('serve.flv', @film, qw(-tune zerolatency -g 50)),
    reordered => media_file('serve_reordered.flv', @film,
        qw(-bf 2 -b_strategy 0 -g 33)),
);
my $larger = media_file('serve_larger.flv', @film, qw(-vf scale=640:360
    -tune zerolatency -g 50));
my $noise = media_file('serve_noise.flv', qw(-f lavfi -i),
    "nullsrc=size=1280x720:rate=30:d=20,geq=random(1)*255:128:128",
    qw(-t 20 -c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p
       -g 30 -b:v 20M));
my @rungs = ({ name => 'high', size => '320x180', bitrate => '600k' },
             { name => 'low', size => '160x90', bitrate => '300k' });


sub message {
    my ($type, %m) = @_;
    my $body = $m{body} // '';
    return pack 'NCCnNq>q>a*', length $body, $type, $m{track} // 0,
        $m{flags} // 0, $m{codec} // 0x61766331, $m{pts} // 0, $m{dts} // 0,
        $body;
}


sub opening {
    my (%o) = @_;
    return message(OPEN, body => encode_json({ name => 'cam',
        latency => $o{latency} // 'low',
        ladder => { rungs => $o{rungs} // \@rungs } }));
}


# Messages of a film's video: [type, dts, bytes].
sub film {
    my ($path) = @_;
    my @messages;

    for my $tag (Test::Video::FLV::read_tags($path)) {
        next if $tag->{type} != 9;
        my ($kind, $packet) = unpack 'CC', $tag->{body};
        next if ($kind & 15) != 7 || $packet > 1;
        my $body = substr $tag->{body}, 5;
        my $cts = unpack 'l>', substr($tag->{body}, 2, 3) . "\0";
        my $dts = $tag->{timestamp};
        push @messages, $packet == 0 ? [HEADER, $dts, message(HEADER,
                                        body => $body), 0, 0]
            : [FRAME, $dts, message(FRAME, body => $body, dts => $dts,
               pts => $dts + $cts / 256, flags => ($kind >> 4) == 1),
               $dts + $cts / 256, ($kind >> 4) == 1];
    }
    return @messages;
}


sub serve {
    my (@args) = @_;
    unlink "$dir/socket";
    $pid = program_start($tool, 'serve', '--socket', "$dir/socket", @args);

    for (1 .. 200) {
        last if -S "$dir/socket";
        sleep 0.05;
    }
    return;
}


sub quit {
    kill 'TERM', $pid;
    return program_end($pid);
}


sub link_up {
    for (1 .. 100) {
        my $s = IO::Socket::UNIX->new(Peer => "$dir/socket");
        return { socket => $s, in => '', got => [] } if $s;
        sleep 0.05;
    }
    die "no connection\n";
}


# Reads what there is within so many seconds: 0 at the end of the connection.
sub receive {
    my ($l, $wait) = @_;
    my $bits = '';

    vec($bits, fileno $l->{socket}, 1) = 1;
    return 1 if !select $bits, undef, undef, $wait;
    my $n = sysread $l->{socket}, $l->{in}, 1 << 20, length $l->{in};
    return 0 if !$n;

    while (length $l->{in} >= 28) {
        my ($len, $type, $track, $flags, $codec, $pts, $dts)
            = unpack 'NCCnNq>q>', $l->{in};
        last if length $l->{in} < 28 + $len;
        push @{ $l->{got} }, { type => $type, track => $track,
            flags => $flags, pts => $pts, dts => $dts,
            body => substr $l->{in}, 28, $len };
        substr $l->{in}, 0, 28 + $len, '';
    }
    return 1;
}


sub put {
    my ($l, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';

    while (length $bytes) {
        my $n = syswrite $l->{socket}, $bytes;
        return 0 if !$n;
        substr $bytes, 0, $n, '';
    }
    return 1;
}


sub got { my ($l, $type) = @_; return grep { $_->{type} == $type } @{ $l->{got} } }

# Sends a film no faster than its last rung comes back, then its end.
sub play {
    my ($l, $rungs, @messages) = @_;
    my $sent = 0;

    for my $m (@messages) {
        put($l, $m->[2]) or return;
        $sent++ if $m->[0] == FRAME;
        my $until = time + 10;

        while ($rungs && $sent - grep({ $_->{track} == $rungs - 1 }
                                      got($l, FRAME)) > 8)
        {
            receive($l, 0.2) or return;
            last if time > $until;
        }
    }
    return;
}


sub finish {
    my ($l) = @_;
    my $until = time + 20;
    put($l, message(ENDED));
    while (receive($l, 0.5)) { last if time > $until }
    close $l->{socket};
    return;
}


# Brightness of the pictures of a rung.
sub bright {
    my ($l, $track) = @_;
    my $bytes = '';

    for my $m (@{ $l->{got} }) {
        next if $m->{track} != $track;

        if ($m->{type} == HEADER) {
            my $config = substr $m->{body}, 1 + ord $m->{body};
            my ($sps) = unpack 'x6n/a', $config;
            my ($pps) = unpack 'x' . (8 + length $sps) . 'xn/a', $config;
            $bytes .= "\0\0\0\1$sps\0\0\0\1$pps";

        } elsif ($m->{type} == FRAME) {
            my @nals = unpack '(N/a)*', $m->{body};
            $bytes .= "\0\0\0\1$_" for @nals;
        }
    }
    my $file = spew('rung.h264', $bytes);
    return unpack 'C*', qx(ffmpeg -v error -i $file -vf scale=16:16:flags=area,crop=1:1:8:8 -vsync passthrough -f rawvideo -pix_fmt gray -);
}


sub children { return grep { /\d/ } split ' ', qx(pgrep -P $pid) }

for my $name (sort keys %tools) {
    $tool = $tools{$name};
    serve();

    # --- what comes back -----------------------------------------------------

    for my $kind (sort keys %films) {
        my @messages = film($films{$kind});
        my $l = link_up();
        put($l, opening());
        play($l, 2, @messages);
        finish($l);

        my @headers = got($l, HEADER);
        is join(' ', map { substr $_->{body}, 1, ord $_->{body} } @headers),
            'high low', "$name: $kind: two rungs";
        my @source = sort { $a->[3] <=> $b->[3] }
                     grep { $_->[0] == FRAME } @messages;

        for my $track (0, 1) {
            my @frames = grep { $_->{track} == $track } got($l, FRAME);
            is join(' ', map { $_->{pts} } @frames),
                join(' ', map { $_->[3] } @source), 'times of the source';
            is join(' ', map { $_->{flags} & 1 ? $_->{pts} : () } @frames),
                join(' ', map { $_->[4] ? $_->[3] : () } @source),
                'its key frames';
            is scalar(grep { $_->{pts} != $_->{dts} } @frames), 0,
                'nothing is reordered';
            my @is = bright($l, $track);
            my @wrong = grep {
                abs($is[$_] - ((32 + $_ * 37 % 180) - 16) * 255 / 219) > 8
            } 0 .. $#is;
            is scalar(@is) . " @wrong", scalar(@source) . ' ',
                'and its pictures';
        }
        is_deeply [got($l, LOG)], [], 'nothing to complain about';
    }

    # --- other pictures in the same stream -----------------------------------

    my $l = link_up();
    put($l, opening(rungs => [@rungs,
        { name => 'top', size => '640x360', bitrate => '1m' }]));
    play($l, 2, film($films{plain}));
    play($l, 0, map { my ($type, $dts, $bytes) = @$_;
                      substr $bytes, 12, 16, pack 'q>q>', 10000 + $dts,
                          10000 + $dts;
                      [$type, $dts, $bytes] } film($larger));
    finish($l);
    is join(' ', map { substr $_->{body}, 1, ord $_->{body} } got($l, HEADER)),
        'high low top high low', 'a larger source has more rungs';
    like +(got($l, LOG))[0]{body},
        qr/^rung "top" of 640x360 is left out: the source has 320x180$/,
        'a rung above it is left out';

    # --- what is broken ------------------------------------------------------

    my @messages = film($films{plain});
    my %wrong = (
        'no message'      => ["\xff" x 100, qr/a message is broken/],
        'too long'        => [pack('NC', 1 << 25, OPEN) . "\0" x 30,
                              qr/a message is broken/],
        'no JSON'         => [message(OPEN, body => '{'), qr/OPEN is wrong/],
        'no ladder'       => [message(OPEN, body => '{}'), qr/OPEN is wrong/],
        'a wrong ladder'  => [opening(rungs => []), qr/rungs: a list of 1/],
        'another codec'   => [opening(rungs => [{ %{ $rungs[0] },
                              codec => 'vp9' }]), qr/have h264 alone/],
        'no header'       => [opening() . $messages[1][2],
                              qr/a frame before its header/],
        'another source'  => [opening() . message(HEADER, codec => 1),
                              qr/the codec of the source can't be decoded/],
        'a wrong message' => [opening() . message(STATE),
                              qr/a message that is not for the transcoder/],
    );
    for my $what (sort keys %wrong) {
        my ($bytes, $said) = @{ $wrong{$what} };
        $l = link_up();
        put($l, $bytes);
        my $until = time + 10;
        while (receive($l, 0.5)) { last if time > $until }
        my ($log) = got($l, LOG);
        like $log ? $log->{body} : 'nothing',
            $what =~ /message$|too long/ && $what !~ /wrong/ ? qr/nothing/
            : $said, "$what ends it";
        cmp_ok time, '<', $until, 'at once';
    }

    # frames of noise: the stream goes on
    $l = link_up();
    put($l, opening());
    my @damaged = map { my @m = @$_;
        substr $m[2], 60, 200, 'x' x 200
            if $m[0] == FRAME && !$m[4] && length $m[2] > 300;
        \@m } @messages;
    put($l, $_->[2]) for @damaged;
    finish($l);
    ok scalar(got($l, FRAME)), 'frames that are damaged are no end';

    # --- a process for each stream -------------------------------------------

    my @links = map { link_up() } 1, 2;
    put($_, opening() . join '', map { $_->[2] } @messages[0 .. 20])
        for @links;
    for (1 .. 100) {
        last if !grep { !got($_, FRAME) } @links;
        receive($_, 0.1) for @links;
    }
    my @children;
    for (1 .. 100) {
        last if (@children = children()) == 2;
        sleep 0.05;
    }
    is scalar(@children), 2, 'a process for each stream';
    kill 'ABRT', $children[0];
    my @gone;
    for (1 .. 100) {
        @gone = grep { !receive($links[$_], 0.05) } 0, 1;
        last if @gone;
    }
    is scalar(@gone), 1, 'one that crashes';
    my $other = $links[1 - $gone[0]];
    $other->{got} = [];
    play($other, 2, @messages[21 .. $#messages]);
    finish($other);
    cmp_ok scalar(got($other, FRAME)), '>', 200, 'costs no other';
    my ($out, $err, $code) = quit();
    is $code, 0, 'it ends when it is told to';
    like $err, qr/^video-transcoder: process \d+ of a stream crashed: /,
        'and has told of the crash';
    unlike $err, qr/Sanitizer|runtime error/, 'nothing else';
    ok !-e "$dir/socket", 'the socket is gone';

    # --- limits --------------------------------------------------------------

    serve('--streams', 1);
    my $one = link_up();
    put($one, opening());
    receive($one, 5);
    my $two = link_up();
    my $until = time + 10;
    while (receive($two, 0.5)) { last if time > $until }
    like +(got($two, LOG))[0]{body}, qr/as many streams as there may be/,
        'too many streams';
    quit();
    is receive($one, 5), 0, 'a stream ends with it';

    # the end of what started it: streams go on, new ones are not taken
    socketpair my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die;
    unlink "$dir/given";
    my $listen = IO::Socket::UNIX->new(Local => "$dir/given", Listen => 5)
        or die;
    for my $fh ($theirs, $listen) {
        fcntl $fh, Fcntl::F_SETFD(), 0;
    }
    $pid = program_start($tool, 'serve', '--fd', fileno $listen, '--life',
                         fileno $theirs);
    close $theirs;
    close $listen;
    $l = { socket => IO::Socket::UNIX->new(Peer => "$dir/given"), in => '',
           got => [] };
    put($l, opening());
    receive($l, 5);
    close $ours;
    for (1 .. 100) {
        last if !IO::Socket::UNIX->new(Peer => "$dir/given");
        sleep 0.05;
    }
    ok !IO::Socket::UNIX->new(Peer => "$dir/given"),
        'without its life line it takes no more';
    play($l, 2, @messages);
    finish($l);
    cmp_ok scalar(got($l, FRAME)), '>', 200, 'what it has goes on';
    my $gone = 0;
    for (1 .. 100) {
        last if ($gone = waitpid $pid, WNOHANG);
        sleep 0.1;
    }
    is $gone, $pid, 'and is its end' or kill 'KILL', $pid;

    # --- what is too slow ----------------------------------------------------

    serve();
    $l = link_up();
    put($l, opening(rungs => [
        { name => 'top', size => '1280x720', bitrate => '20m',
          preset => 'veryslow' },
        { name => 'low', size => '160x90', bitrate => '100k' }]));
    put($l, $_->[2]) for film($noise);
    finish($l);
    my @tops = grep { $_->{track} == 0 } got($l, FRAME);
    my @lows = grep { $_->{track} == 1 } got($l, FRAME);
    my @keys = map { $_->[4] ? $_->[3] : () } film($noise);
    like join(' ', map { $_->{body} } got($l, LOG)),
        qr/rung "top" is not made for now: the processor is too slow/,
        'a rung is given up';
    cmp_ok scalar(@tops), '<', scalar(@lows), 'the top one';
    is join(' ', map { $_->{flags} & 1 ? $_->{pts} : () } @lows), "@keys",
        'all key frames are there';
    my ($state) = (reverse map { decode_json($_->{body}) } got($l, STATE))[0];
    cmp_ok $state->{dropped}, '>', 0, 'what was dropped is counted'
        or diag(explain($state));
    quit();

    # --- options -------------------------------------------------------------

    for my $wrong ([qr/serve needs --socket or --fd/],
                   [qr/serve needs --socket or --fd/, qw(--socket x --fd 5)],
                   [qr/serve takes no file, not "x"/, qw(--socket y x)],
                   [qr/--fd must be between 3 and 1023/, qw(--fd 2)],
                   [qr/--life must be between 3/, qw(--life 0 --socket x)],
                   [qr/--streams must be between 1 and 256/,
                    qw(--streams 0 --socket x)],
                   [qr/--nice must be between 0 and 19/,
                    qw(--nice 20 --socket x)],
                   [qr/serve has no option --json/, qw(--json --socket x)])
    {
        my ($said, @args) = @$wrong;
        ($out, $err, $code) = program_run($tool, 'serve', @args);
        is "$out$code", '2', "serve @args";
        like $err, $said, 'and why';
    }
    ($out, $err, $code) = program_run($tool, qw(serve --socket /proc/x));
    is $code, 1, 'no place for the socket';
    like $err, qr/bind\(\) failed: /, 'is said';
}

done_testing;
