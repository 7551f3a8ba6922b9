#!/usr/bin/perl

# "video-transcoder probe" says of files what ffmpeg put into them, as text and
# as JSON; and of a batch in which most are cut, damaged, no media, or no files
# at all every good one is shown, and of each other one there is a line with a
# reason.  No file reads another one, takes more memory than it may, or holds up
# the rest.

use strict;
use warnings;

use FindBin;
use JSON::PP;
use POSIX qw(mkfifo);
use Test::More;

use lib "$FindBin::Bin/lib";
use Test::Video::Media;
use Test::Video::Program;

my $dir = tempdir();
my %tools = program_flavours('video-transcoder');

plan skip_all => 'video-transcoder is not built' if !%tools;

my $tool;

sub run { return program_run($tool, @_) }

# The first child of a process, when it has one.
sub child_of {
    my ($pid) = @_;
    for (1 .. 500) {
        my ($child) = split ' ', slurp("/proc/$pid/task/$pid/children");
        return $child if $child;
        select undef, undef, undef, 0.02;
    }
    return;
}


sub objects { return map { decode_json($_) } split /\n/, $_[0] }

my @h264 = qw(-c:v libx264 -preset veryfast -pix_fmt yuv420p -sc_threshold 0);
my $movie = media_file('probe.mp4', qw(-f lavfi -i
    testsrc2=size=320x180:rate=30000/1001 -f lavfi -i sine=r=44100 -t 4),
    @h264, qw(-g 30 -c:a aac -ac 1 -metadata:s:a language=fra));
my $turned = media_file('probe_turned.mp4', '-i', $movie,
                        qw(-map 0:v -c copy -metadata:s:v:0 rotate=90));
my $webm = media_file('probe.mkv', '-i', $movie, qw(-c copy -metadata:s:a),
                      "language=\e[31m");
my $ts = media_file('probe.ts', '-i', $movie, qw(-c copy));

for my $name (sort keys %tools) {
    $tool = $tools{$name};

    # --- what is in a file ---------------------------------------------------

    my ($out, $err, $code) = run('probe', '--json', $movie);
    is "$code$err", '0', "$name: a file";
    my ($o) = objects($out);
    is $o->{file}, $movie, 'its name';
    like $o->{format}, qr/mp4/, 'its format';
    is $o->{size}, -s $movie, 'its size';
    cmp_ok abs($o->{duration} - 4), '<', 0.1, 'its duration';
    my ($v, $a) = @{ $o->{tracks} };
    is_deeply [@$v{qw(kind codec width height fps pixels frames sar)}],
        ['video', 'h264', 320, 180, '30000/1001', 'yuv420p', 120, '1'],
        'its pictures';
    is $v->{key_frames}, 4, 'key frames';
    is_deeply $v->{key_interval}, { min => 1.001, max => 1.001 },
        'how far they are apart';
    is_deeply [@$a{qw(kind codec profile sample_rate channels language)}],
        ['audio', 'aac', 'LC', 44100, 1, 'fra'], 'its sound';
    cmp_ok $a->{bitrate}, '>', 10_000, 'and its rate';

    ($out) = run('probe', '--json', $turned);
    # ffmpeg counts against the clock
    is +(objects($out))[0]{tracks}[0]{rotation}, 270, 'turned to the left';

    ($out, $err, $code) = run('probe', $movie, $webm, $ts);
    is "$code$err", '0', 'several, as text';
    is scalar(() = $out =~ /codec h264/g), 3, 'all of them';
    like $out, qr/^\Q$movie\E\n {4}format mov.*\n {4}0: kind video, codec h264/m,
        'in lines';
    unlike $out, qr/[^\n -~]/, 'what a file says is not for the terminal';
    like $out, qr/language \?\[31m/, 'it is shown as far as it can be';

    # --- a batch -------------------------------------------------------------

    my $bytes = slurp($movie);
    my (@batch, @good);
    srand 7;
    for my $n (0 .. 99) {
        my $how = $n % 10;
        my $file = "$dir/batch$n.mp4";
        my $is = $bytes;
        if ($how < 3) {
            push @good, $file;
        } elsif ($how == 3) {
            $is = substr $bytes, 0, 100 + $n;
        } elsif ($how == 4) {
            $is = join '', map { chr int rand 256 } 1 .. 5000;
        } elsif ($how == 5) {
            $is = '';
        } elsif ($how == 6) {
            $is =~ s/moov/mooo/;
        } elsif ($how == 7) {
            $is = "ffconcat version 1.0\nfile '$movie'\n";
        } elsif ($how == 8) {
            $is = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n$movie\n"
                  . "#EXT-X-ENDLIST\n";
        } else {
            push @batch, "$dir/none$n.mp4";
            next;
        }
        spew("batch$n.mp4", $is);
        push @batch, $file;
    }
    ($out, $err, $code) = run('probe', '--json', @batch);
    is $code, 1, 'a batch of which some are broken';
    is_deeply [map { $_->{file} } objects($out)], \@good, 'the good ones';
    my @lines = split /\n/, $err;
    is scalar(@lines), 70, 'a line for each of the others';
    is scalar(grep { !/^video-transcoder: \S+\.mp4: can't be \w+: \w[ -~]+$/ }
              @lines), 0, 'with a reason'
        or diag($err);
    like $err, qr/none9\.mp4: can't be opened: No such file or directory/,
        'one that is not there';
    like $err, qr/batch6\.mp4: can't be opened: .*moov atom not found\)$/m,
        'with what libav says';
    unlike $out, qr/batch[78]\./, 'lists of other files are no media';

    # of bytes that are changed all are shown, or refused with a line
    my @changed = map {
        my $is = $bytes;
        substr $is, rand(length $is), 1, chr rand 256 for 1 .. 200;
        spew("changed$_.mp4", $is);
    } 1 .. 30;
    ($out, $err, $code) = run('probe', '--json', @changed);
    is scalar(objects($out)) + (() = $err =~ /^video-transcoder: /mg), 30,
        'each of changed files has its line';
    unlike $err, qr/crashed|no progress/, 'and an end';

    # --- names ---------------------------------------------------------------

    mkdir "$dir/http:";
    spew('http:/-x.mp4', $bytes);
    chdir "$dir/http:" or die;
    ($out, $err, $code) = run('probe', '--json', '--', '-x.mp4');
    is "$code$err", '0', 'a name like an option';
    chdir '/';
    ($out, $err, $code) = run('probe', '--json', "$dir/http:/-x.mp4");
    is "$code$err", '0', 'or like an address';
    ($out, $err, $code) = run('probe', 'concat:/etc/passwd');
    like $err, qr/No such file/, 'is a name';
    ($out, $err, $code) = run('probe', "$dir");
    is $code, 1, 'a directory';

    # --- limits --------------------------------------------------------------

    mkfifo("$dir/fifo", 0600) if !-e "$dir/fifo";
    open my $fifo, '+<', "$dir/fifo" or die "fifo: $!\n";
    ($out, $err, $code) = run('probe', '--timeout', 1, "$dir/fifo", $movie);
    is $code, 1, 'a file that has no end';
    like $err, qr/fifo: no progress for 1 s$/m, 'is given up';
    like $out, qr/probe-\w+\.mp4/, 'the next one is shown';

    my $pid = program_start($tool, 'probe', "$dir/fifo", $movie);
    kill 'KILL', child_of($pid) // die "no child\n";
    ($out, $err, $code) = program_end($pid);
    is $code, 1, 'a process that crashes';
    like $err, qr/fifo: crashed: Killed$/m, 'is said to have';
    like $out, qr/probe-\w+\.mp4/, 'and costs its file';
    close $fifo;

    if ($name eq 'plain') {
        spew('large.ttf', "\0" x (80 << 20));
        system(qw(ffmpeg -v error -nostdin -y -i), $movie, '-attach',
               "$dir/large.ttf", qw(-metadata:s:t mimetype=font/ttf -c copy),
               "$dir/large.mkv") == 0 or die "ffmpeg failed\n";
        ($out, $err, $code) = run('probe', '--memory', 64, "$dir/large.mkv");
        unlike $err, qr/crashed/, 'without memory it does what it can';
        ($out, $err, $code) = run('probe', "$dir/large.mkv");
        is "$code$err", '0', 'and enough';
    }

    # --- options -------------------------------------------------------------

    for my $wrong ([qr/^usage/], [qr/"prob" is no command/, 'prob', 'x'],
                   [qr/probe needs a file/, 'probe'],
                   [qr/--memory must be 0 or between 64 and 65536 .*"63"/,
                    'probe', '--memory', 63, 'x'],
                   [qr/--memory must/, 'probe', '--memory', '1g', 'x'],
                   [qr/--memory must/, 'probe', '--memory', 65537, 'x'],
                   [qr/--timeout must be 0 or between 1 and 86400 .*"-1"/,
                    'probe', '--timeout', -1, 'x'],
                   [qr/--timeout must/, 'probe', '--timeout', 86401, 'x'],
                   [qr/--timeout must/, 'probe', '--timeout', '', 'x'],
                   [qr/unrecognized option/, 'probe', '--jso_', 'x'])
    {
        my ($said, @args) = @$wrong;
        ($out, $err, $code) = run(@args);
        is "$out$code", '2', "video-transcoder @args";
        like $err, $said, 'and why';
    }
    ($out, $err, $code) = run('--help');
    is "$code$err", '0', 'help';
    like $out, qr/^usage: video-transcoder probe/, 'is there';
    ($out, $err, $code) = run('probe', '--memory', 0, '--timeout', 0, $movie);
    is "$code$err", '0', 'no limits';
}

done_testing;
