# Proves that a file which can't be packaged gives 422 and one line in the log
# that says what is wrong with it and where, and that a foreign track is left
# out of a good one.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Media;
use Test::Video::VOD;

my $good = vod_bytes(seconds => 2);
my $size = length $good;
my @source = ('-i', vod_file(seconds => 2), qw(-map 0 -fflags +bitexact));

sub made {
    my ($name, @args) = @_;
    return slurp(media_file($name, @source, @args, qw(-f mp4)));
}

# The good file with other bytes at an offset from the start of a box.
sub with {
    my ($path, $offset, $new) = @_;
    my ($at) = box_at(\$good, $path);
    return rewrite($good, $at + $offset, $new);
}

# The same in a table of a track.
sub table {
    my ($track, $name, @new) = @_;
    return with("moov/trak[$track]/mdia/minf/stbl/$name", @new);
}

sub number {
    my ($track, $name, $offset) = @_;
    return unpack 'N', substr $good, table_at(\$good, $track, $name) + $offset,
                              4;
}

my ($moov, $moov_size) = box_at(\$good, 'moov');
my ($mdat) = box_at(\$good, 'mdat');
my $n = number(0, 'stsz', 16);

my $fragmented = made('fragmented.mp4', qw(-c copy -movflags
                      frag_keyframe+empty_moov+default_base_moof));
my ($moof) = box_at(\$fragmented, 'moof');

# What is wrong, the file, the message.  In a full box the fields begin at 12.
my @table = (
    # the file and its top-level boxes
    ['empty', '', qr/no moov box at offset 0/],
    ['one byte', 'x', qr/box header is cut at offset 0/],
    ['text', "This is no film.\n" x 100, qr/box is longer than the file/],
    ['zeros', "\0" x 4096, qr/no moov box at offset 0/],
    ['no moov', substr($good, $mdat), qr/no moov box/],
    ['moov is cut', substr($good, 0, $moov + $moov_size - 100),
        qr/box is longer than the file/],
    ['moov header is cut', substr($good, 0, $moov + 5),
        qr/box header is cut at offset $moov\b/],
    ['mdat is cut', substr($good, 0, $size - 5000),
        qr/box is longer than the file|beyond the end/],
    ['size under eight', with('moov', 0, pack 'N', 7),
        qr/box is smaller than its header at offset $moov\b/],
    ['huge size', with('ftyp', 0, pack 'N', 0xffffffff),
        qr/box is longer than the file at offset 0\b/],
    ['size of 64 bits', rewrite($good, 0, "\0\0\0\1ftyp" . "\xff" x 8),
        qr/box is longer than the file at offset 0\b/],
    ['moov renamed', with('moov', 4, 'moof'), qr/no moov box/],

    # boxes in moov
    ['trak is too long', with('moov/trak[0]', 0, pack 'N', $moov_size + 9),
        qr{moov/trak: box is longer than the one around it}],
    ['trak of no size', with('moov/trak[0]', 0, "\0\0\0\4"),
        qr/box is smaller than its header/],
    ['no mvhd', with('moov/mvhd', 4, 'free'), qr/moov has no mvhd/],
    ['no tkhd', with('moov/trak[0]/tkhd', 4, 'free'), qr/trak has no tkhd/],
    ['no mdia', with('moov/trak[0]/mdia', 4, 'free'), qr/trak has no mdia/],
    ['no minf', with('moov/trak[0]/mdia/minf', 4, 'free'),
        qr/mdia has no minf/],
    ['no stbl', with('moov/trak[0]/mdia/minf/stbl', 4, 'free'),
        qr/minf has no stbl/],
    ['no stsd', table(0, 'stsd', 4, 'free'), qr/stbl has no stsd/],
    ['no stts', table(0, 'stts', 4, 'free'), qr/stbl has no stts/],
    ['no stsc', table(0, 'stsc', 4, 'free'), qr/stbl has no stsc/],
    ['no stsz', table(0, 'stsz', 4, 'free'), qr/neither stsz nor stz2/],
    ['no stco', table(0, 'stco', 4, 'free'), qr/neither stco nor co64/],
    ['no avcC', rewrite($good, index($good, 'avcC'), 'free'),
        qr/avc1 has no avcC/],
    ['no esds', rewrite($good, index($good, 'esds'), 'free'),
        qr/mp4a has no esds/],
    ['avcC of version 9', rewrite($good, index($good, 'avcC') + 4, "\x09"),
        qr/avcC/],

    # fields and tables
    ['zero timescale', with('moov/trak[0]/mdia/mdhd', 20, "\0\0\0\0"),
        qr{moov/trak\[1\]/mdia/mdhd: zero timescale}],
    ['zero timescale of the film', with('moov/mvhd', 20, "\0\0\0\0"),
        qr{moov/mvhd: zero timescale}],
    ['stsz is too long', table(0, 'stsz', 16, pack 'N', $n + 1),
        qr/stsz: table is longer than its box/],
    ['stsz of 2^32 samples', table(0, 'stsz', 16, "\xff" x 4),
        qr/stsz: (?:table is longer|too many samples)/],
    ['one sample less in stsz', table(0, 'stsz', 16, pack 'N', $n - 1),
        qr/number of samples differs from stsz/],
    ['a huge sample', table(0, 'stsz', 20, "\x7f\xff\xff\xff"),
        qr/samples are larger than the file|beyond the end/],
    ['2^32 equal samples', table(0, 'stsz', 12, "\0\0\0\1" . "\xff" x 4),
        qr/stsz: too many samples/],
    ['stco beyond the file', table(0, 'stco', 16, pack 'N', $size + 1),
        qr/stco: chunk is beyond the end of the file/],
    ['the last sample beyond', table(1, 'stco', 12 + 4 * number(1, 'stco', 12),
                                     pack 'N', $size - 1),
        qr/stco: samples are beyond the end of the file/],
    ['stco is too long', table(0, 'stco', 12, "\x00\xff\xff\xff"),
        qr/stco: table is longer than its box/],
    ['one chunk less', table(0, 'stco', 12, pack 'N',
                             number(0, 'stco', 12) - 1),
        qr/stsc: number of samples differs from stsz/],
    ['stts differs', table(0, 'stts', 16, pack 'N',
                           number(0, 'stts', 16) - 1),
        qr/stts: number of samples differs from stsz/],
    ['stts of 2^32', table(0, 'stts', 16, "\xff" x 4),
        qr/stts: /],
    ['stts is too long', table(0, 'stts', 12, "\xff" x 4),
        qr/stts: table is longer than its box/],
    ['no duration', table(0, 'stts', 20, "\0" x 4), qr/stts: /],
    ['ctts is too long', table(0, 'ctts', 12, "\xff" x 4),
        qr/ctts: table is longer than its box/],
    ['ctts differs', table(0, 'ctts', 16, "\x00\xff\xff\xff"),
        qr/ctts: number of samples differs from stsz/],
    ['stsc from 2', table(0, 'stsc', 16, pack 'N', 2),
        qr/stsc: first chunks are not ascending from 1/],
    ['stsc of no samples', table(0, 'stsc', 20, pack 'N', 0),
        qr/stsc: chunk has no samples/],
    ['stsc of many samples', table(0, 'stsc', 20, "\xff" x 4), qr/stsc: /],
    ['stsc of another entry', table(0, 'stsc', 24, pack 'N', 2),
        qr/stsd: samples are of an entry that is not there/],
    ['stss of none such', table(0, 'stss', 16, pack 'N', $n + 1),
        qr/stss: sync sample/],
    ['stss is zero', table(0, 'stss', 16, pack 'N', 0), qr/stss: sync sample/],
    ['edit at double speed', with('moov/trak[0]/edts/elst', 24, "\0\2\0\0"),
        qr/elst: edit list changes order or speed/],
    ['edit starts outside', with('moov/trak[1]/edts/elst', 20, "\x7f" x 4),
        qr/elst: edit starts outside the media/],
    ['samples in another file', with('moov/trak[0]/mdia/minf/dinf/dref', 24,
                                     "\0\0\0\0"),
        qr/samples are in another file/],

    # files of other kinds
    ['moof is cut', substr($fragmented, 0, $moof + 200),
        qr/box is longer than the file/],
    ['tfhd renamed', rewrite($fragmented, $moof + 8 + 16 + 8 + 4, 'free'),
        qr{moof/traf\[1\]: traf has no tfhd}],
    ['trex of another entry', rewrite($fragmented,
                                     index($fragmented, 'trex') + 12,
                                     pack 'N', 2),
        qr{traf\[1\]/tfhd: fragment is of another sample entry}],
    ['trun of 2^32 samples', rewrite($fragmented,
                                     index($fragmented, 'trun', $moof) + 8,
                                     "\xff" x 4),
        qr{moof/traf\[1\]: track fragment is damaged}],
    ['fragments beyond the file', rewrite($fragmented,
                                     index($fragmented, 'trun', $moof) + 12,
                                     "\x7f" x 4),
        qr{moof/traf\[1\]: samples are beyond the end of the file}],
    ['foreign codecs', made('foreign.mp4', qw(-c:v mpeg4 -c:a alac)),
        qr/no track that can be packaged/],
);

my $t = Test::Video->new;
$t->conf(vod_conf(workers => 2))->run;
my @workers = $t->workers;

# --- each of them -----------------------------------------------------------

my $i = 0;
for my $case (@table) {
    my ($title, $bytes, $message) = @$case;
    my $name = sprintf 'broken%d.mp4', $i++;

    $t->write_file("html/$name", $bytes);
    my $r = $t->get("/vod/$name/master.m3u8");
    my @lines = grep { /\Q$name\E/ && /\[(?:warn|error|crit|alert)\]/ }
                split /^/, $t->log;
    my $line = $lines[0] // '';

    my $ok = $r->status == 422 && @lines == 1
        && $line =~ m{\[error\]\ [^"]*"[^"]*/html/$name":\ ([^"]*)
                      \ at\ offset\ \d+,\ client:}x
        && "$1 at offset $line" =~ $message;
    ok $ok, $title;
    diag "status ", $r->status, "\n@lines" unless $ok;
}

my @all = map { $t->get("/vod/broken$_.mp4/v0/0.m4s", start => 1) }
          0 .. $#table;
$_->end for @all;
is scalar(grep { $_->status != 422 } @all), 0, 'their segments: the same';

# --- a foreign track beside good ones ---------------------------------------

$t->write_file('html/foreign.mp4', slurp(media_file('partly.mp4', @source,
    qw(-map 0:v -c copy -c:v:1 mpeg4 -f mp4))));
my $list = $t->get('/vod/foreign.mp4/master.m3u8');
is $list->status, 200, 'a foreign track beside good ones';
is scalar(() = $list->body =~ /^v\d+\/index/mg), 1, 'is not listed';
is $t->get('/vod/foreign.mp4/a0/0.m4s')->status, 200, 'the others are there';
is $t->get('/vod/foreign.mp4/v1/index.m3u8')->status, 404, 'it is not';
my @left = grep { /foreign\.mp4/ && /\[(?:warn|error)\]/ } split /^/, $t->log;
is scalar(@left), 1, 'one line';
like $left[0], qr/\[warn\].*": 1 track\(s\) left out, the first is "mp4v"/,
    'says which';

# the same goes for one without samples
$t->write_file('html/silent.mp4', table(1, 'stsz', 16, "\0" x 4));
is $t->get('/vod/silent.mp4/master.m3u8')->status, 200, 'a track of no samples';
is $t->log_count(qr/silent\.mp4": 1 track\(s\) left out, .* "mp4a"/), 1,
    'is left out';
is $t->get('/vod/silent.mp4/a0/index.m3u8')->status, 404, 'and not there';

# samples of no bytes make a segment of boxes alone
$t->write_file('html/hollow.mp4', table(0, 'stsz', 20, "\0" x (4 * $n)));
my $hollow = $t->get('/vod/hollow.mp4/v0/0.m4s');
ok $hollow->status == 200 && $hollow->complete, 'samples of no bytes';
is substr($hollow->body, -8), pack('N a4', 8, 'mdat'), 'an empty mdat';

# --- and all is well --------------------------------------------------------

$t->write_file('html/good.mp4', $good);
is $t->get('/vod/good.mp4/v0/0.m4s')->status, 200, 'a good file';
is join(' ', $t->workers), "@workers", 'no worker died';
ok +(wait_for { zone_numbers($t)->{refs} == 0 } 5), 'no reference is left';

$t->finish;
done_testing;
