# Proves that "video_asset" chooses the file or the directory of an asset by a
# variable, in the contexts that its page names, and never one that a client
# invents.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::VOD;

my $t = Test::Video->new;
$t->conf(vod_conf(http => <<'CONF', locations => <<'CONF2'))->run;
    map $id $film {
        default "";
        one     %%ROOT%%/films/one.mp4;
        two     %%ROOT%%/films/two;
        three   films/one.mp4;
    }
CONF
        location ~ ^/play/(?<id>[^/]+)/ {
            video_vod zone=vod;
            video_asset $film;
        }
        location /arg/ {
            video_vod zone=vod;
            video_asset %%ROOT%%/films/$arg_file;
        }
        location /fixed/ {
            video_asset %%ROOT%%/films/one.mp4;
            location /fixed/nested/ {
                video_vod zone=vod;
            }
        }
CONF2

mkdir $t->root . "/$_" for qw(films films/two);
my $bytes = vod_bytes();
$t->write_file('films/one.mp4', $bytes);
$t->write_file('films/two/a.mp4', $bytes);
$t->write_file('html/one.mp4', $bytes);
$t->write_file('secret.mp4', $bytes);

for my $id (qw(one two)) {
    my $list = vod_list($t, "/play/$id/v0/index.m3u8");
    ok $list, "$id: a playlist" or next;
    my $segment = $t->get($list->{segments}[0]);
    is $segment->status, 200, "$id: a segment";
    is $t->get("/play/$id/$_")->status, 200, "$id: $_"
        for qw(master.m3u8 manifest.mpd a0/init.mp4);
}
is $t->get('/vod/one.mp4/master.m3u8')->status, 200, 'others as before';
is $t->get('/fixed/nested/x/master.m3u8')->status, 200, 'inherited';

for my $case (['/play/other/master.m3u8', '', 'an empty value'],
              ['/play/three/master.m3u8', 'films/one.mp4', 'not absolute'],
              ['/arg/x/master.m3u8?file=../secret.mp4',
               $t->root . '/films/../secret.mp4', 'a path that escapes'],
              ['/arg/x/master.m3u8?file=two/..', $t->root . '/films/two/..',
               'at its end'])
{
    my ($path, $value, $what) = @$case;
    my $message = qr/\[error\].*"video_asset" gives "\Q$value\E", no absolute/;
    my $before = $t->log_count($message);
    is $t->get($path)->status, 404, $what;
    is $t->log_count($message), $before + 1, "$what: a line";
}
is $t->get('/arg/x/master.m3u8?file=one.mp4')->status, 200, 'a good one';
is $t->get('/arg/x/master.m3u8?file=none.mp4')->status, 404, 'none such';

for my $value ('films/one.mp4', '""') {
    my $bad = Test::Video->new;
    $bad->conf(vod_conf(vod => "video_asset $value;"));
    is $bad->run_refused, 1, "refused: $value";
    is $bad->log_count(qr/\[emerg\].*invalid "video_asset" value "[^"]*": an absolute/) > 0, 1,
        "$value: says what is expected";
    $bad->finish;
}

$t->finish;
done_testing;
