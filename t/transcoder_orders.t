#!/usr/bin/perl

# Orders of thumbnails to "video-transcoder serve": what is made is there when
# all of it is, once for several who order it, and an answer tells whether the
# file is at fault.

use strict;
use warnings;

use FindBin;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

use lib "$FindBin::Bin/lib";
use Test::Video::Coder;
use Test::Video::Media;
use Test::Video::Program;

my $dir = tempdir();
my %tools = program_flavours('video-transcoder');

plan skip_all => 'video-transcoder is not built' if !%tools;

my $film = media_file('orders.mp4', qw(-f lavfi -i
    testsrc2=size=320x180:rate=5:duration=30 -c:v libx264 -preset veryfast
    -pix_fmt yuv420p -g 10 -keyint_min 10 -sc_threshold 0));
my $n = 0;

umask 0;                        # as nginx has it

# The body of an order: options file, place, and members of the JSON.
sub order {
    my (%o) = @_;
    my $file = delete $o{file} // $film;
    my $place = delete $o{place} // "$dir/00/" . ++$n;
    my @is = map { $_ + 0 } (stat $file)[1, 7, 9];

    @is = (1, 2, 3) if !@is;
    return encode_json({ file => \@is, of => \@is, duration => 30000,
        every => 5000, size => [64, 36], grid => [3, 2],
        poster => [-1, 128, 128], %o }) . "\0$file\0$file\0$place\0";
}


sub ordered {
    my ($body, $type) = @_;
    my $l = coder_link("$dir/thumbs.socket");
    coder_put($l, coder_message($type // THUMBS, body => $body));
    return $l;
}


# What is answered: "done", or "flags: line".
sub answer {
    my ($l) = @_;
    my $until = time + 30;

    while (time < $until) { coder_receive($l, 0.5) or last }
    close $l->{socket};
    return 'done' if coder_got($l, DONE);
    my ($log) = coder_got($l, LOG);
    my ($end) = coder_got($l, ENDED);
    return ($end ? $end->{flags} : 'none') . ': ' . ($log ? $log->{body} : '');
}


sub there { return map { m{([^/]+)$} } sort glob "$_[0]/* $_[0]/thumbs/*" }

for my $name (sort keys %tools) {
    unlink "$dir/socket", "$dir/thumbs.socket";
    my $pid = program_start($tools{$name}, 'serve', '--socket', "$dir/socket",
        '--thumbs-socket', "$dir/thumbs.socket", qw(--thumbs 2));

    # --- what is made --------------------------------------------------------

    my $place = "$dir/00/" . ++$n;
    is answer(ordered(order(place => $place))), 'done', "$name: an order";
    is join(' ', there($place)), 'poster.jpg thumbs thumbs.vtt 0.jpg 1.jpg',
        'all of it is there';
    is join(' ', glob "$place.*"), '', 'and nothing else';
    is_deeply [map { (stat)[2] & 077 } glob "$place $place/* $place/thumbs/*"],
        [(0) x 6], 'for nobody else';
    my @before = (stat "$place/thumbs.vtt")[1, 9];
    is answer(ordered(order(place => $place))), 'done', 'once more';
    is_deeply [(stat "$place/thumbs.vtt")[1, 9]], \@before, 'it is not made';

    my @same = map { ordered(order(place => "$dir/01/$name", size => [1024, 576],
                                   grid => [8, 8], every => 100)) } 1 .. 5;
    is join(' ', map { answer($_) } @same), join(' ', ('done') x 5),
        'the same of several, more than are worked on at once';
    is join(' ', glob "$dir/01/$name.*"), '', 'one after the other';

    mkdir "$dir/02";
    mkdir "$dir/02/$name.part";
    spew("02/$name.part/thumbs", '');
    is answer(ordered(order(place => "$dir/02/$name"))), 'done',
        'what another has left';
    is scalar(there("$dir/02/$name")), 5, 'is no hindrance';

    # --- what can't be -------------------------------------------------------

    is answer(ordered(order(file => '/etc/passwd'))) =~ s/\(.*//r,
        "16: can't be opened: Invalid data found when processing input",
        'no media: the file is at fault';
    like answer(ordered(order(place => '/proc/none/x'))),
        qr{^0: mkdir\(\) "/proc/none" failed}, 'no place: it is not';
    is answer(ordered(order(file => '/nowhere'))), '0: it was replaced meanwhile',
        'a file that has gone';
    is answer(ordered(order(of => [1, 2, 3]))), '0: it was replaced meanwhile',
        'a file that is another one';

    # --- what is no order ----------------------------------------------------

    for my $wrong ('', '{}', "{}\0a\0b\0", "{}\0a\0b\0/c\0", order(grid => [0, 1]),
                   order(grid => [32, 1], size => [1024, 16]),
                   order(size => [161, 90]), order(every => 0),
                   order(duration => 0), order(poster => [0, 0, 0]),
                   order(place => 'here'))
    {
        is answer(ordered($wrong)), '0: the order is wrong', 'no order';
    }
    is answer(ordered(order(), OPEN)), '0: the order is wrong', 'no THUMBS';
    close coder_link("$dir/thumbs.socket")->{socket};
    is answer(ordered(order())), 'done', 'nobody is in the way of the next';

    kill 'TERM', $pid;
    my ($out, $err, $code) = program_end($pid);
    is "$out$err$code", '0', 'nothing was told otherwise';
    ok !-e "$dir/thumbs.socket", 'its socket is gone';
}

done_testing;
