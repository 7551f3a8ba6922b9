# Proves that a part of a file and some of its tracks can be asked for: clips
# by "start" and "end" that are assets of their own, with the pictures of that
# time and no others; limits of height and bandwidth, and tracks by name, which
# leave lines out and nothing else.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Media;
use Test::Video::VOD;

my $t = Test::Video->new;
$t->conf(vod_conf(workers => 2, vod => 'video_clip on;', locations => <<'CONF'))->run;
        location /whole/ {
            video_vod zone=vod;
            alias %%ROOT%%/html/;
        }
        location /some/ {
            video_vod zone=vod;
            video_max_height $arg_height;
            video_max_bandwidth $arg_bandwidth;
            video_tracks $arg_tracks;
            alias %%ROOT%%/html/;
        }
        location /low/ {
            video_max_height 100;
            location /low/er/ {
                video_vod zone=vod;
                alias %%ROOT%%/html/;
            }
        }
CONF
my $base = 'http://127.0.0.1:' . $t->port . '/vod';

# a key frame each second: a clip that begins with one has no others
my $source = vod_file(gop => 30);
$t->write_file('html/a.mp4', slurp($source));
mkdir $t->root . '/html/film';
$t->write_file('html/film/a.mp4', slurp($source));
$t->write_file('html/film/b.mp4', slurp(vod_file(size => '160x90', gop => 30,
                                                 bitrate => '100k')));

sub total {
    my ($list) = @_;
    my $sum = 0;
    $sum += $_ for @{ $list->{durations} };
    return sprintf '%.2f', $sum;
}

sub packets {
    my $text = framemd5(@_, raw => 1);
    return sub { [map { (split /,\s*/)[5] =~ s/\s//gr } split /^/, $text->()] };
}


# --- clips ------------------------------------------------------------------

my $all = vod_list($t, '/vod/a.mp4/v0/index.m3u8');
my $clip = vod_list($t, '/vod/a.mp4/v0/index.m3u8?start=3&end=7');
is total($clip), '4.00', 'four seconds';
isnt $clip->{epoch}, $all->{epoch}, 'another epoch';
is scalar(grep { !/\?start=3\.000&end=7\.000$/ } $clip->{init},
          @{ $clip->{segments} }), 0, 'every URL says which';
is total(vod_list($t, '/vod/a.mp4/v0/index.m3u8?start=3.0&end=7.000')), '4.00',
    'however it is written';
is vod_list($t, '/vod/a.mp4/v0/index.m3u8?start=3.0&end=7.000')->{epoch},
    $clip->{epoch}, 'the same asset';
is total(vod_list($t, '/vod/a.mp4/v0/index.m3u8?start=8')),
    sprintf('%.2f', total($all) - 8), 'to the end';
is total(vod_list($t, '/vod/a.mp4/v0/index.m3u8?end=2.5')), '2.53',
    'from the start, whole pictures';

my ($want, $v, $d) = map { $_->() } map { packets($_, '0:v:0') } $source,
    "$base/a.mp4/master.m3u8?start=3&end=7",
    "$base/a.mp4/manifest.mpd?start=3&end=7";
is_deeply $v, [@$want[90 .. 209]], 'the pictures of these seconds, HLS';
is_deeply $d, $v, 'and DASH';

my @init = map { $t->get($_)->body } map { $_->{init} } $all, $clip;
ok $init[0] eq $init[1], 'a clip from a key frame needs no edit';
my $late = vod_list($t, '/vod/a.mp4/v0/index.m3u8?start=3.5&end=7');
like $t->get($late->{init})->body, qr/elst/, 'within a GOP it has one';
is total(vod_list($t, '/vod/film/v1/index.m3u8?start=2&end=6')), '4.00',
    'renditions together';
is scalar(@{ vod_list($t, '/vod/a.mp4/a0/index.m3u8?start=3&end=7')
             ->{segments} }), 1, 'audio too';
is $t->get('/vod/a.mp4/v0/0.ts?start=3&end=7')->status, 200, 'and transport streams';

is $t->get("/vod/a.mp4/master.m3u8?$_")->status, 400, "refused: $_"
    for 'start=x', 'start=-1', 'start=5&end=5', 'start=5&end=2', 'end=1e9',
        'start=99999999999999999999';
is $t->get('/vod/a.mp4/master.m3u8?start=60')->status, 404,
    'beyond the end there is nothing';
is $t->get("/vod/a.mp4/v0/index.m3u8?$_")->status, 200, "no clip: $_"
    for 'start=', 'start=0', 'x=1';
is vod_list($t, '/whole/a.mp4/v0/index.m3u8?start=3&end=7')->{body},
    vod_list($t, '/whole/a.mp4/v0/index.m3u8')->{body},
    'without the directive arguments mean nothing';

# --- tracks -----------------------------------------------------------------

sub tracks {
    my ($path) = @_;
    my $body = $t->get($path)->body;
    return join ' ', sort $body =~ m{(?:^|")([av]\d+)/index}mg;
}

is tracks('/some/film/master.m3u8'), 'a0 v0 v1', 'all of them';
is tracks('/some/film/master.m3u8?height=100'), 'a0 v1', 'by height';
is tracks('/some/film/master.m3u8?bandwidth=200000'), 'a0 v1', 'by bandwidth';
is tracks('/some/film/master.m3u8?tracks=v0,a0'), 'a0 v0', 'by name';
is tracks('/some/film/master.m3u8?tracks=v1'), 'v1', 'one alone';
is tracks('/some/film/master.m3u8?height=x&bandwidth='), 'a0 v0 v1',
    'what is no number is no limit';
is join(' ', $t->get('/some/film/manifest.mpd?height=100')->body
             =~ /<Representation id="(\w+)"/g), 'a0 v1', 'the MPD too';
is $t->get('/some/film/v0/index.m3u8?height=100')->status, 200,
    'what is not listed is there';
is $t->get('/some/film/master.m3u8?tracks=v7')->status, 422,
    'a list of nothing is an error';
is tracks('/low/er/film/master.m3u8'), 'a0 v1', 'inherited';

for my $case ('video_clip maybe', 'video_max_height tall',
              'video_max_bandwidth 1234567890', 'video_max_height -1')
{
    my $bad = Test::Video->new;
    $bad->conf(vod_conf(vod => "$case;"));
    is $bad->run_refused, 1, "refused: $case";
    is $bad->log_count(qr/\[emerg\].*invalid .*value "(?:maybe|tall|1\d+|-1)"/)
       > 0, 1, "$case: why";
    $bad->finish;
}

$t->finish;
done_testing;
