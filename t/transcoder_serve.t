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
use Test::Video::Coder;
use Test::Video::Media;
use Test::Video::Program;

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


sub opened { return coder_opening(rungs => \@rungs, @_) }

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


# Sends a film no faster than its last rung comes back, then its end.
sub play {
    my ($l, $rungs, @messages) = @_;
    my $sent = 0;

    for my $m (@messages) {
        coder_put($l, $m->[2]) or return;
        $sent++ if $m->[0] == FRAME;
        my $until = time + 10;

        while ($rungs && $sent - grep({ $_->{track} == $rungs - 1 }
                                      coder_got($l, FRAME)) > 8)
        {
            coder_receive($l, 0.2) or return;
            last if time > $until;
        }
    }
    return;
}


sub finish {
    my ($l) = @_;
    my $until = time + 20;
    coder_put($l, coder_message(ENDED));
    while (coder_receive($l, 0.5)) { last if time > $until }
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
        my @messages = coder_film($films{$kind});
        my $l = coder_link("$dir/socket");
        coder_put($l, opened());
        play($l, 2, @messages);
        finish($l);

        my @headers = coder_got($l, HEADER);
        is join(' ', map { substr $_->{body}, 1, ord $_->{body} } @headers),
            'high low', "$name: $kind: two rungs";
        my @source = sort { $a->[3] <=> $b->[3] }
                     grep { $_->[0] == FRAME } @messages;

        for my $track (0, 1) {
            my @frames = grep { $_->{track} == $track } coder_got($l, FRAME);
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
        is_deeply [coder_got($l, LOG)], [], 'nothing to complain about';
    }

    # --- other pictures in the same stream -----------------------------------

    my $l = coder_link("$dir/socket");
    coder_put($l, opened(rungs => [@rungs,
        { name => 'top', size => '640x360', bitrate => '1m' }]));
    play($l, 2, coder_film($films{plain}));
    play($l, 0, map { my ($type, $dts, $bytes) = @$_;
                      substr $bytes, 12, 16, pack 'q>q>', 10000 + $dts,
                          10000 + $dts;
                      [$type, $dts, $bytes] } coder_film($larger));
    finish($l);
    is join(' ', map { substr $_->{body}, 1, ord $_->{body} }
                 coder_got($l, HEADER)),
        'high low top high low', 'a larger source has more rungs';
    like +(coder_got($l, LOG))[0]{body},
        qr/^rung "top" of 640x360 is left out: the source has 320x180$/,
        'a rung above it is left out';

    # --- what is broken ------------------------------------------------------

    my @messages = coder_film($films{plain});
    my %wrong = (
        'no message'      => ["\xff" x 100, qr/a message is broken/],
        'too long'        => [pack('NC', 1 << 25, OPEN) . "\0" x 30,
                              qr/a message is broken/],
        'no JSON'         => [coder_message(OPEN, body => '{'),
                              qr/OPEN is wrong/],
        'no ladder'       => [coder_message(OPEN, body => '{}'),
                              qr/OPEN is wrong/],
        'no thumbnails'   => [coder_message(OPEN, body => '{"thumbs":{}}'),
                              qr/"thumbs" of OPEN is wrong/],
        'a huge sheet'    => [coder_message(OPEN, body => '{"thumbs":{'
                              . '"size":[1024,1024],"grid":[32,32]}}'),
                              qr/"thumbs" of OPEN is wrong/],
        'an odd size'     => [coder_message(OPEN, body => '{"thumbs":{'
                              . '"size":[161,90],"grid":[1,1]}}'),
                              qr/"thumbs" of OPEN is wrong/],
        'a wrong poster'  => [coder_message(OPEN, body => '{"thumbs":{'
                              . '"size":[160,90],"grid":[1,1],'
                              . '"poster":[1e9,"x"]}}'),
                              qr/"thumbs" of OPEN is wrong/],
        'a wrong ladder'  => [opened(rungs => []), qr/rungs: a list of 1/],
        'another codec'   => [opened(rungs => [{ %{ $rungs[0] },
                              codec => 'vp8' }]),
                              qr/codec: one of h264, hevc, vp9 and av1/],
        'no header'       => [opened() . $messages[1][2],
                              qr/a frame before its header/],
        'another source'  => [opened() . coder_message(HEADER, codec => 1),
                              qr/the codec of the source can't be decoded/],
        'a wrong message' => [opened() . coder_message(STATE),
                              qr/a message that is not for the transcoder/],
    );
    for my $what (sort keys %wrong) {
        my ($bytes, $said) = @{ $wrong{$what} };
        $l = coder_link("$dir/socket");
        coder_put($l, $bytes);
        my $until = time + 10;
        while (coder_receive($l, 0.5)) { last if time > $until }
        my ($log) = coder_got($l, LOG);
        like $log ? $log->{body} : 'nothing',
            $what =~ /message$|too long/ && $what !~ /wrong/ ? qr/nothing/
            : $said, "$what ends it";
        cmp_ok time, '<', $until, 'at once';
    }

    # frames of noise: the stream goes on
    $l = coder_link("$dir/socket");
    coder_put($l, opened());
    my @damaged = map { my @m = @$_;
        substr $m[2], 60, 200, 'x' x 200
            if $m[0] == FRAME && !$m[4] && length $m[2] > 300;
        \@m } @messages;
    coder_put($l, $_->[2]) for @damaged;
    finish($l);
    ok scalar(coder_got($l, FRAME)), 'frames that are damaged are no end';

    # --- a process for each stream -------------------------------------------

    my @links = map { coder_link("$dir/socket") } 1, 2;
    coder_put($_, opened() . join '', map { $_->[2] } @messages[0 .. 20])
        for @links;
    for (1 .. 100) {
        last if !grep { !coder_got($_, FRAME) } @links;
        coder_receive($_, 0.1) for @links;
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
        @gone = grep { !coder_receive($links[$_], 0.05) } 0, 1;
        last if @gone;
    }
    is scalar(@gone), 1, 'one that crashes';
    my $other = $links[1 - $gone[0]];
    $other->{got} = [];
    play($other, 2, @messages[21 .. $#messages]);
    finish($other);
    cmp_ok scalar(coder_got($other, FRAME)), '>', 200, 'costs no other';
    my ($out, $err, $code) = quit();
    is $code, 0, 'it ends when it is told to';
    like $err, qr/^video-transcoder: process \d+ of a stream crashed: /m,
        'and has told of the crash';
    unlike $err, qr/Sanitizer|runtime error/, 'nothing else';
    ok !-e "$dir/socket", 'the socket is gone';

    # --- limits --------------------------------------------------------------

    serve('--streams', 1);
    my $one = coder_link("$dir/socket");
    coder_put($one, opened());
    coder_receive($one, 5);
    my $two = coder_link("$dir/socket");
    my $until = time + 10;
    while (coder_receive($two, 0.5)) { last if time > $until }
    like +(coder_got($two, LOG))[0]{body}, qr/as many streams as there may be/,
        'too many streams';
    quit();
    is coder_receive($one, 5), 0, 'a stream ends with it';

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
    $l = coder_link("$dir/given");
    coder_put($l, opened());
    coder_receive($l, 5);
    close $ours;
    for (1 .. 100) {
        last if !IO::Socket::UNIX->new(Peer => "$dir/given");
        sleep 0.05;
    }
    ok !IO::Socket::UNIX->new(Peer => "$dir/given"),
        'without its life line it takes no more';
    play($l, 2, @messages);
    finish($l);
    cmp_ok scalar(coder_got($l, FRAME)), '>', 200, 'what it has goes on';
    my $gone = 0;
    for (1 .. 100) {
        last if ($gone = waitpid $pid, WNOHANG);
        sleep 0.1;
    }
    is $gone, $pid, 'and is its end' or kill 'KILL', $pid;

    # --- what hangs: pictures that take many times as long as they may ----------

    serve('--timeout', 2);
    $l = coder_link("$dir/socket");
    coder_put($l, opened());
    play($l, 2, @messages[0 .. 20]);
    my $slow = coder_link("$dir/socket");
    coder_put($slow, opened(rungs => [map { {
        name => "rung$_", size => '1280x720', bitrate => '400m',
        preset => 'veryslow' } } 1 .. 16]));
    coder_put($slow, $_->[2]) for (coder_film($noise))[0 .. 3];
    $until = time + 60;
    while (coder_receive($slow, 0.5)) { last if time > $until }
    cmp_ok time, '<', $until, 'a process that makes no progress ends';
    $l->{got} = [];
    play($l, 2, @messages[21 .. $#messages]);
    finish($l);
    cmp_ok scalar(coder_got($l, FRAME)), '>', 200,
        'not one that has had nothing to do for as long';
    (undef, $err) = quit();
    is_deeply [$err =~ /^video-transcoder: process \d+ of a stream (.*)$/mg],
        ['made no progress'], 'that is told';

    # --- a cgroup: what the system has is a directory with this file -----------

    mkdir "$dir/cgroup";
    spew('cgroup/cgroup.procs', '');
    serve('--cgroup', "$dir/cgroup");
    is slurp("$dir/cgroup/cgroup.procs"), "$pid\n", 'it enters its cgroup';
    quit();
    serve('--cgroup', "$dir/none");
    $l = coder_link("$dir/socket");
    coder_put($l, opened(), coder_message(ENDED));
    coder_receive($l, 5);
    ok scalar(coder_got($l, STATE)), 'it serves without one that is not there';
    kill 'TERM', $pid;
    (undef, $err) = program_end($pid);
    like $err, qr{cgroup ".*/none" can't be entered: No such file}, 'that is told';

    # --- what is too slow ----------------------------------------------------

    serve();
    $l = coder_link("$dir/socket");
    coder_put($l, opened(rungs => [
        { name => 'top', size => '1280x720', bitrate => '20m',
          preset => 'veryslow' },
        { name => 'low', size => '160x90', bitrate => '100k' }]));
    coder_put($l, $_->[2]) for coder_film($noise);
    finish($l);
    my @tops = grep { $_->{track} == 0 } coder_got($l, FRAME);
    my @lows = grep { $_->{track} == 1 } coder_got($l, FRAME);
    my @keys = map { $_->[4] ? $_->[3] : () } coder_film($noise);
    like join(' ', map { $_->{body} } coder_got($l, LOG)),
        qr/rung "top" is not made for now: the processor is too slow/,
        'a rung is given up';
    cmp_ok scalar(@tops), '<', scalar(@lows), 'the top one';
    is join(' ', map { $_->{flags} & 1 ? $_->{pts} : () } @lows), "@keys",
        'all key frames are there';
    my $state = coder_state((coder_got($l, STATE))[-1]);
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
                   [qr/--thumbs must be between 1 and 64/,
                    qw(--thumbs 0 --socket x)],
                   [qr/--thumbs-fd must be between 3 and 1023/,
                    qw(--thumbs-fd 2 --socket x)],
                   [qr/--thumbs-socket must not be empty/,
                    '--thumbs-socket', '', qw(--socket x)],
                   [qr/--cgroup must be an absolute path/,
                    qw(--cgroup here --socket x)],
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
