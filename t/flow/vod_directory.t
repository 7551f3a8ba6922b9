# Proves that a directory of files is one asset: renditions that share their
# boundaries, languages, audio that several files have once; that what does not
# agree or is broken is left out by name; and that a directory that changes is
# another asset.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Media;
use Test::Video::VOD;

my $t = Test::Video->new(log_level => 'debug');
$t->conf(vod_conf(workers => 2))->run;
my $base = 'http://127.0.0.1:' . $t->port . '/vod';
my $html = $t->root . '/html';

my $low = vod_file(size => '160x90', bitrate => '100k');
my $high = vod_file(size => '320x180', bitrate => '300k');
my @audio = (qw(-f lavfi -i sine=f=600:r=48000:d=10 -c:a aac -f mp4
                -fflags +bitexact -metadata:s:a:0));

sub make {
    my ($dir, %files) = @_;
    mkdir "$html/$dir" or -d "$html/$dir" or die "$dir: $!\n";
    $t->write_file("html/$dir/$_", $files{$_}) for sort keys %files;
    return;
}

# The renditions of a multivariant playlist: { v0 => attributes }.
sub renditions {
    my $body = $t->get("/vod/$_[0]/master.m3u8")->body;
    my %all;
    $all{$2} = $1
        while $body =~ m{^#EXT-X-STREAM-INF:(.*)\n(\w+)/index\.m3u8$}mg;
    $all{$2} = $1 while $body =~ m{^#EXT-X-MEDIA:(.*)URI="(\w+)/}mg;
    return \%all;
}


# --- renditions and languages -----------------------------------------------

make('film',
    'a_high.mp4' => slurp($high), 'b_low.mp4' => slurp($low),
    'c_de.m4a' => slurp(media_file('audio_deu.m4a', @audio, 'language=deu')),
    'd_fr.m4a' => slurp(media_file('audio_fra.m4a', @audio, 'language=fra')),
    '.hidden.mp4' => 'being written', 'notes.txt' => 'no media');
mkdir "$html/film/extras.mp4";

my $all = renditions('film');
is join(' ', sort keys %$all), 'a0 a2 a3 v0 v1',
    'two renditions, three languages, audio that both have once';
like $all->{v0}, qr/RESOLUTION=320x180/, 'in the order of their names';
like $all->{v1}, qr/RESOLUTION=160x90/, 'the second';
like $all->{a2}, qr/LANGUAGE="de"/, 'the language of a file';
like $all->{a3}, qr/LANGUAGE="fr"/, 'of another';

my %list = map { $_ => vod_list($t, "/vod/film/$_/index.m3u8") }
           qw(v0 v1 a0 a1 a2 a3);
is_deeply $list{v1}{durations}, $list{v0}{durations}, 'the same boundaries';
is scalar(@{ $list{$_}{segments} }), scalar(@{ $list{v0}{segments} }),
    "as many segments: $_" for qw(a0 a2 a3);
is join(' ', map { $list{$_}{epoch} eq $list{v0}{epoch} ? 1 : 0 }
             sort keys %list), '1 1 1 1 1 1', 'one epoch';

for my $pair ([v0 => $high], [v1 => $low]) {
    my ($track, $file) = @$pair;
    my $out = join '', map { $t->get($_)->body }
              $list{$track}{init}, @{ $list{$track}{segments} };
    $t->write_file('out.mp4', $out);
    my @md5 = map { join ' ', map { (split /,\s*/)[5] } split /^/, $_ }
              map { $_->() }
              map { framemd5($_, '0:v:0', raw => 1) }
              $t->root . '/out.mp4', $file;
    ok length $md5[1] > 5000 && $md5[0] eq $md5[1],
        "$track: all packets of its file";
}

my $mpd = $t->get('/vod/film/manifest.mpd')->body;
is join(' ', $mpd =~ /<Representation id="(\w+)"/g), 'v0 v1 a0 a2 a3',
    'the same in the MPD';
is $t->get('/vod/film/v2/index.m3u8')->status, 404, 'no other rendition';
is $t->get('/vod/film/a4/init.mp4')->status, 404, 'no other audio';
is $t->log_count(qr/video hls: index of "[^"]*a_high\.mp4"/), 1,
    'one index of the first';
is $t->log_count(qr/video hls: index of "[^"]*c_de\.m4a"/), 1,
    'and one of the audio';

# --- what is left out -------------------------------------------------------

make('odd',
    'a.mp4' => slurp($high),
    'b.mp4' => slurp(vod_file(size => '160x90', bitrate => '100k', gop => 25)),
    'c.mp4' => substr(slurp($low), 0, 2000), 'd.mp4' => slurp($low));
is join(' ', sort keys %{ renditions('odd') }), 'a0 v0 v1',
    'a rendition that does not agree, and a broken file';
is $t->log_count(qr{\[warn\].*odd/b\.mp4":\ 1\ video\ track\(s\)\ left\ out:
                    \ no\ key\ frame\ at\ 6000\ ms,\ where\ a\ segment
                    \ begins;\ the\ next\ one\ is\ at\ \d+\ ms}x), 1,
    'the log has the first difference';
is $t->log_count(qr{\[error\].*odd/c\.mp4": .* at offset \d+}), 1,
    'and what is broken';
my $played = vod_list($t, '/vod/odd/v1/index.m3u8');
ok !(grep { !$t->get($_)->complete } @{ $played->{segments} }),
    'the others play';
is $t->log_count(qr{\[error\].*odd/c\.mp4"}), 1, 'without further lines';

make('audio', map { ("$_.m4a" => slurp(media_file("audio_$_.m4a", @audio,
                                                   "language=$_"))) }
              qw(deu fra));
is join(' ', sort keys %{ renditions('audio') }), 'a0 a1', 'audio alone';
is_deeply vod_list($t, '/vod/audio/a1/index.m3u8')->{durations},
    vod_list($t, '/vod/audio/a0/index.m3u8')->{durations},
    'one leads the other';

make('first', 'a.m4a' => slurp(media_file('audio_deu.m4a', @audio,
                                          'language=deu')),
     'b.mp4' => slurp($low));
is_deeply vod_list($t, '/vod/first/v0/index.m3u8')->{durations},
    vod_list($t, '/vod/film/v1/index.m3u8')->{durations},
    'video leads, also when it comes second';

make('many', map { sprintf('%02d.mp4', $_) => slurp($low) } 1 .. 18);
is scalar(grep { /^v/ } keys %{ renditions('many') }), 16, 'sixteen files';
is $t->log_count(qr{\[warn\].*/many": 2 file\(s\) left out, more than 16 of}), 1,
    'and a line that says so';

make('empty');
is $t->get('/vod/empty/master.m3u8')->status, 404, 'an empty directory';
is $t->log_count(qr{\[error\].*/empty": no media files in the directory}), 1,
    'says why';
make('broken', 'a.mp4' => 'broken', 'b.mp4' => 'broken');
is $t->get('/vod/broken/master.m3u8')->status, 422, 'none that can be used';

# --- it changes -------------------------------------------------------------

my $old = vod_list($t, '/vod/first/v0/index.m3u8');
make('first', 'c.mp4' => slurp($high));
utime 1, 1, "$html/first";
is join(' ', sort keys %{ renditions('first') }), 'a0 a1 v0 v1',
    'a file that was added';
isnt vod_list($t, '/vod/first/v0/index.m3u8')->{epoch}, $old->{epoch},
    'is another epoch';
is $t->get($old->{segments}[0])->status, 404, 'the old one is no more';

# twice in one second, by the clock of the file system
my $second = time + 1;
make('young', 'a.mp4' => slurp($low));
utime $second, $second, "$html/young";
is join(' ', sort keys %{ renditions('young') }), 'a0 v0', 'a new directory';
make('young', 'b.mp4' => slurp($high));
utime $second, $second, "$html/young";
ok +(wait_for { renditions('young')->{v1} } 10),
    'what was added in the same second is seen, too';

ok $t->reload, 'reload';
is join(' ', sort keys %{ renditions('film') }), 'a0 a2 a3 v0 v1',
    'the same afterwards';
is zone_numbers($t)->{refs}, 0, 'nothing is held';

$t->finish;
done_testing;
