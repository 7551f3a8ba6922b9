#!/usr/bin/perl

# Protected files play in each player, with licences of the server: cenc and
# cbcs, pictures and sound; and nothing plays without.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use E2E;
use Test::More;
use Test::Video;

use constant SECONDS => 5;

my $t = Test::Video->new;
$t->write_file('seed', '6e' x 32 . "\n");
chmod 0600, $t->root . '/seed';

node_with($t, {
    video => "keys main { seed %%ROOT%%/seed; }",
    locations => join('', map { <<"CONF" } qw(cenc cbcs)) . <<'CONF' },
        location /$_/ {
            video_vod      zone=live;
            video_encrypt  $_ keys=main licence=/licence/;
            alias          %%ROOT%%/media/;
        }
CONF
        location /licence/ {
            video_clearkey  keys=main;
        }
        location /none/ {
            return 403;
        }
CONF
    'film.mp4' => numbered_film('drm.mp4', seconds => 20));

for my $scheme (qw(cenc cbcs)) {
    for my $play (['hls', 'master.m3u8'], ['shaka', 'manifest.mpd'],
                  ['dash', 'manifest.mpd']) {
        my ($player, $list) = @$play;
        my $seen = browse($t, "/$scheme/film.mp4/$list", $player, SECONDS,
            $player eq 'hls' ? (licence => "/licence/$scheme/film.mp4") : (),
            seek => [12]);
        my $about = "$scheme in $seen->{name}";

        is_deeply [complaints($seen)], [], "$about: nothing is wrong";
        cmp_ok $seen->{played} // 0, '>=', SECONDS, 'it plays';
        cmp_ok $seen->{audioBytes} // 0, '>', 0, 'with sound';
        cmp_ok $seen->{frameCallbacks} // 0, '>', SECONDS * 5, 'and pictures';
        ok $seen->{seeks}[0]{goesOn}, 'also from somewhere else';
    }
}

my $seen = browse($t, '/cenc/film.mp4/master.m3u8', 'hls', SECONDS,
    licence => '/none/film.mp4');
cmp_ok $seen->{played} // 0, '<', 0.5, 'nothing plays without a licence';

$t->finish;
done_testing();
