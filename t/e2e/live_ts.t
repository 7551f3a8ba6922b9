#!/usr/bin/perl

# A live stream as MPEG transport streams, in a browser: hls.js plays it, also
# over a publisher that is killed and comes back with pictures of another size.
# Nobody else here takes transport streams apart.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use E2E;
use Test::More;
use Test::Video;

use constant {
    BEFORE => 320,              # widths
    AFTER  => 480,
    LONG   => 8,                # seconds that are played of each
};

sub source {
    my ($size) = @_;
    return media_file("return_$size.mp4",
        qw(-f lavfi -i), "testsrc2=size=$size:rate=25",
        qw(-f lavfi -i sine=frequency=440:sample_rate=48000 -t 100
           -c:v libx264 -profile:v main -preset veryfast -pix_fmt yuv420p
           -b:v 400k -g 50 -keyint_min 50 -sc_threshold 0 -bf 0
           -c:a aac -b:a 96k -ac 2));
}

my @files = (source(BEFORE . 'x180'), source(AFTER . 'x270'));
my $t = Test::Video->new->plan(7);
node($t);

my $publisher = publish_file($t, 'cam', $files[0]);
ok(on_air($t, 'cam', $publisher), 'ffmpeg publishes');
wait_for {
    3 <= (() = $t->get('/live/cam/v0/index_ts.m3u8')->body =~ /^#EXTINF/mg);
} 20;

plays($t, '/live/cam/master_ts.m3u8', 'hls', LONG, fps => 25);

my $mark = $t->root . '/plays';
my $browsing = browse_start($t, 1, {
    path => '/live/cam/master_ts.m3u8', player => 'hls', seconds => LONG + 1,
    survive => \1, change => \1, mark => $mark });

wait_for { -e $mark } 30;
sleep LONG + 2;                 # is played
lose($publisher);
sleep 2;                        # nobody publishes
$publisher = publish_file($t, 'cam', $files[1]);
ok(on_air($t, 'cam', $publisher), 'another one goes on');

my ($seen) = browse_end($browsing);
unpublish($publisher);

my @sizes = @{ $seen->{sizes} // [] };
my @fatal = grep { $_->{fatal} } @{ $seen->{errors} // [] };

is(join(' ', map { $_->{width} } @sizes), join(' ', BEFORE, AFTER),
    'first these pictures, then those');
cmp_ok($sizes[0]{played} // 0, '>=', LONG, 'it plays before');
cmp_ok($sizes[-1]{played} // 0, '>=', LONG, 'it plays on after');
is(join(', ', map { "$_->{time} s: $_->{text}" } @fatal), '',
    'no error ends it');
diag("stalls $seen->{stalls}, $seen->{stallTime} s") if $seen->{stalls};
