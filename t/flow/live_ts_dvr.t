# Proves that transport streams reach back to what has left memory: made from
# disk they are what they would have been, what is missing is a gap, and a file
# that somebody deletes is no more than that.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Live;
use Test::Video::Record;
use Test::Video::TS;
use Test::Video::VOD;

my $t = Test::Video->new(log_level => 'debug');
$t->conf(live_conf(
    grace => '3s', window => '4s', zone => '128m',
    rtmp => 'video_record rec; video_dvr 60s; video_linger 20s;',
    servers => record_server(),
    locations => 'location /control { video_control zone=live; }'))->run;

sub list { return media_list($t, "/live/$_[0]/v0/index_ts.m3u8") }

# Bytes without what counts segments.
sub alike {
    my ($bytes) = @_;
    substr $bytes, $_, 1, "\x10" for 3, 191;
    return $bytes;
}

# The kernel's copy of a file is dropped, where it can be: a thread reads it.
sub forget {
    my ($name) = @_;
    system 'dd', "of=$_", 'oflag=nocache', 'conv=notrunc,fdatasync',
        qw(count=0 status=none) for glob $t->root
                                                   . "/rec/$name/2*/*/*.mp4";
    return;
}

# --- the same from memory and from disk --------------------------------------

my @flv = (bframes => 2);
my ($memory, $disk) = map { live_feed($t, $_, flv => \@flv) } qw(memory disk);
my %body;
ok record_to($t, $memory, 'memory', 20_500, '0001', sub {
    for my $uri (uris_of(list('memory'), 'segment')) {
        $body{$uri} //= $t->get($uri)->body;
    }
}), 'a stream of which all is taken at once';
ok record_to($t, $disk, 'disk', 20_500, '0001'), 'and one of which nothing is';

my @was = uris_of(list('memory'), 'segment');
my @is = uris_of(list('disk'), 'segment');
is scalar(@is), 20, 'all of it is listed';
is scalar(@was), 20, 'of both';
forget('disk');
is $t->get($is[0] =~ s/\.ts$/.1.m4s/r)->status, 200, 'a thread reads a part';
forget('disk');
my @segments = map { $t->get($_)->body } @is;
is join("\n", ts_faults(@segments)), '', 'packets, counters and times';
is scalar(grep { alike($segments[$_]) ne alike($body{$was[$_]}) } 0 .. $#is),
    0, 'what is made from disk is what is made from memory';

my $head = $t->get($is[0], method => 'HEAD');
is $head->header('Content-Length'), length $segments[0], 'HEAD';
is $t->get($is[0], range => '188-375')->body, substr($segments[0], 188, 188),
    'a range';

# --- another run -------------------------------------------------------------

$disk->reset;
ok +(wait_for { stream_status($t, 'disk')->{state} eq 'paused' } 5),
    'its publisher is gone';
$disk = live_feed($t, 'disk', flv => [size => '160x90']);
ok record_to($t, $disk, 'disk', 12_500, '0002'), 'and comes back';
my $list = list('disk');
is scalar(uris_of($list, 'segment')), 33, 'all of both runs is listed';
is scalar(lines_of($list->{text}, '#EXT-X-DISCONTINUITY')), 1,
    'with a discontinuity';
$t->reload;
forget('disk');
my @both = map { $t->get($_)->body } uris_of($list, 'segment');
is join("\n", ts_faults(@both)), '', 'in order';
is scalar(grep { $both[$_] ne $segments[$_] } 0 .. 19), 0,
    'what was there is as it was';
$disk->end;
like list('disk')->{text}, qr/^#EXT-X-ENDLIST$/m, 'the end is told';
is $t->get((uris_of(list('disk'), 'segment'))[-1])->status, 200,
    'with the last segment';

# --- sound alone -------------------------------------------------------------

my $sound = media_list($t, '/live/memory/a0/index_ts.m3u8');
is join("\n", ts_faults(map { $t->get($_)->body }
                        uris_of($sound, 'segment'))), '', 'sound from disk';
cmp_ok scalar(uris_of($sound, 'segment')), '>=', 20, 'all of it';
$memory->end;

# --- a gap -------------------------------------------------------------------

my $hand = live_feed($t, 'hand', app => 'late', port => 2);

$hand->to(3500);
is record_control($t, POST => 'hand'), 204, 'recording is started';
ok record_until($t, $hand, 'hand', 3), 'it is recorded';
is record_control($t, DELETE => 'hand'), 204, 'it is stopped';
my $had = recorded($t, 'hand', '0001/v0.mp4');
$hand->more(3000) for 1 .. 4;
is record_control($t, POST => 'hand'), 204, 'and on again';
ok record_until($t, $hand, 'hand', $had + 2), 'it goes on';
$hand->more(5000);
ok +(wait_for { list('hand')->{text} =~ /^#EXT-X-GAP\n#EXTINF/m } 5),
    'what is missing is a gap';

# what is being written when the list is made may be there a moment later
my @gaps;
ok +(wait_for {
    $list = list('hand');
    @gaps = map { $_->{path} } grep { $_->{gap} } @{ $list->{items} };
    !grep { $t->get($_)->status != 404 } @gaps;
} 10), 'which is not there';
my @there = map { $_->{path} } grep { !$_->{gap} } @{ $list->{items} };
cmp_ok scalar @gaps, '>', 0, 'there are some';
is scalar(grep { $t->get($_)->status != 200 } @there), 0, 'the rest is';
$hand->end;

# --- files that somebody deletes ---------------------------------------------

my $gone = live_feed($t, 'gone', flv => \@flv);
record_to($t, $gone, 'gone', 14_500, '0001');
$list = list('gone');
unlink glob $t->root . '/rec/gone/2*/0001/v0.mp4';
my ($old) = uris_of($list, 'segment');
is $t->get($old)->status, 404, 'a segment of a file that was deleted is 404';
$t->log_like(qr/\[error\].* recorded segment \d+ is gone: open\(\) "\S+v0\.mp4" failed \(2: No such/,
             'and a line in the log');
is $t->get((uris_of($list, 'segment'))[-1])->status, 200,
    'those in memory are there';

# what was recorded is damaged
my ($path) = glob $t->root . '/rec/gone/2*/0001/a0.mp4';
open my $fh, '+<', $path or die "$path: $!\n";
my $bytes = do { local $/; <$fh> };
(my $bad = $bytes) =~ s/moof(....)mfhd/moof$1free/gs;
$bad =~ s/traf/free/g;
seek $fh, 0, 0;
print $fh $bad;
close $fh;
my ($alone) = uris_of(media_list($t, '/live/gone/a0/index_ts.m3u8'), 'segment');
is $t->get($alone)->status, 500, 'a damaged recording is an error';
$t->log_like(qr/\[error\].* stream "gone": segment \d+ can't be read: moof has no traf at offset \d+/,
             'with a line in the log');
$gone->end;

ok +(wait_for { zone_status($t)->{refs} == 0 } 5), 'nothing is held';
$t->finish;
done_testing;
