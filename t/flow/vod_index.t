# Proves that a file is read once however many ask first, that a replaced file
# is another one, that limits are said and logged, and that indexes outlive
# reloads and dead workers.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Media;
use Test::Video::VOD;

my $t = Test::Video->new(log_level => 'debug');
my $bytes = vod_bytes();
my $large = vod_bytes(size => '480x270', bitrate => '2500k', seconds => 6);

# An hour and more; in segments as short as can be an index of 2.7 MB.
my $long = slurp(media_file('long_14000s.mp4', '-stream_loop', 1400,
    '-i', vod_file(size => '32x16', bitrate => '20k', gop => 15),
    qw(-map 0:v -c copy -fflags +bitexact -f mp4)));

# reuseport: each worker has its share of the clients
$t->conf(vod_conf(
    workers => 2,
    listen => 'sndbuf=16k reuseport',
    http => 'sendfile on;',
    locations => <<'CONF'))->run;
        location /limited/ {
            video_vod zone=vod;
            video_max_moov 64k;
            alias %%ROOT%%/html/;
        }
        location /cached/ {
            video_vod zone=vod;
            open_file_cache max=10;
            open_file_cache_valid 60s;
            alias %%ROOT%%/html/;
        }
CONF

sub made {
    my ($name) = @_;
    return $t->log_count(qr/video hls: index of "[^"]*\Q$name\E", \d+ bytes/);
}

# Clients at as many connections, which the kernel spreads over the workers.
sub ask {
    my ($path, $n, %o) = @_;
    my @all = map { $t->get($path, start => 1, %o) } 1 .. $n;
    $_->end for @all;
    return @all;
}


# --- one index --------------------------------------------------------------

$t->write_file('html/a.mp4', $bytes);
my @all = map { $t->get("/vod/a.mp4/$_", start => 1) }
       map { ('master.m3u8', 'v0/index.m3u8', 'a0/init.mp4', 'v0/0.m4s') }
       1 .. 4;
$_->end for @all;
is scalar(grep { $_->status != 200 || !$_->complete } @all), 0,
    'sixteen first requests are answered';
is made('a.mp4'), 1, 'by one index';

my %pid = map { $_->body => 1 } ask('/pid', 32);
is scalar(keys %pid), 2, 'both workers take part';
ask('/vod/a.mp4/master.m3u8', 32);
is made('a.mp4'), 1, 'and share it';

# --- a replaced file --------------------------------------------------------

my $old = vod_list($t, '/vod/a.mp4/v0/index.m3u8');
my $was = $t->get($old->{segments}[0]);
is $was->status, 200, 'a segment of the old file';

my $html = $t->root . '/html';
$t->write_file('html/.new', vod_bytes(bitrate => '200k'));
rename "$html/.new", "$html/a.mp4" or die $!;

my $new = vod_list($t, '/vod/a.mp4/v0/index.m3u8');
isnt $new->{epoch}, $old->{epoch}, 'a replaced file has another epoch';
is made('a.mp4'), 2, 'and another index';
is scalar(grep { $_->status != 404 }
          map { $t->get($_) } $old->{init}, @{ $old->{segments} }), 0,
    'the URLs of the old one are no more';
my $now = $t->get($new->{segments}[0]);
is $now->status, 200, 'those of the new one are there';
ok $now->body ne $was->body, 'with other bytes';
is $t->get('/vod/a.mp4/v0/index.m3u8',
           headers => ['If-None-Match', $was->header('ETag')])->status, 200,
    'what a client knows is not current';

utime 1, 1, "$html/a.mp4" or die $!;
isnt vod_list($t, '/vod/a.mp4/v0/index.m3u8')->{epoch}, $new->{epoch},
    'another time of modification is another file';

unlink "$html/a.mp4" or die $!;
is $t->get('/vod/a.mp4/master.m3u8')->status, 404, 'a deleted file is gone';
is $t->get($new->{segments}[0])->status, 404, 'with its segments';

$t->write_file('html/same.mp4', $bytes);
ask('/cached/same.mp4/v0/index.m3u8', 16);
my $open = vod_list($t, '/cached/same.mp4/v0/index.m3u8');
unlink "$html/same.mp4" or die $!;
is scalar(grep { $_->status != 200 || !$_->complete }
          ask($open->{segments}[0], 8)), 0,
    'with open_file_cache it stays for its time';

# --- limits -----------------------------------------------------------------

$t->write_file('html/long.mp4', $long);
is $t->get('/limited/long.mp4/master.m3u8')->status, 422,
    'moov exceeds video_max_moov';
is $t->log_count(qr/\[error\].*long\.mp4": moov exceeds video_max_moov at /),
    1, 'says one line';
is $t->get('/vod/long.mp4/master.m3u8')->status, 200,
    'a limit is of the location: the same file elsewhere';

# a file that is broken is so for all
$t->write_file('html/broken.mp4', substr $bytes, 0, 100);
is scalar(grep { $_->status != 422 } ask('/vod/broken.mp4/master.m3u8', 8)), 0,
    'a broken file is refused each time';
is $t->log_count(qr/\[error\].*broken\.mp4": .* at offset \d+,/), 8,
    'each time with one line';
is $t->log_count(qr/video hls: reads "[^"]*broken\.mp4"/), 1, 'read once';

# --- reload -----------------------------------------------------------------

$t->write_file('html/b.mp4', $bytes);
my $before = zone_numbers($t)->{objects};
my @segment = ask('/vod/b.mp4/a0/0.m4s', 2);
is scalar(grep { $_->status == 200 } @segment), 2, 'a kept segment';
ok $t->reload, 'reload';
is scalar(grep { $_->body ne $segment[0]->body }
          ask('/vod/b.mp4/a0/0.m4s', 8)), 0, 'the same bytes afterwards';
is made('b.mp4'), 1, 'no second index';
is zone_numbers($t)->{objects}, $before + 2, 'no second copy';

# --- a worker dies ----------------------------------------------------------

$t->write_file('html/large.mp4', $large);
my $whole = $t->get('/vod/large.mp4/v0/0.m4s')->body;
cmp_ok length $whole, '>', 1_000_000, 'a large segment';

my @slow = map { $t->get('/vod/large.mp4/v0/0.m4s', start => 1, rcvbuf => 4096,
                         rate => 2_000_000) } 1 .. 16;
ok +(wait_for { !grep { length $_->body < 1000 } @slow } 5), 'slow downloads';
is zone_numbers($t)->{refs}, 0, 'hold nothing of the zone';

my @before = $t->workers;
$t->kill_worker(0, 'KILL');
ok +(wait_for { (grep { $_ != $before[0] } $t->workers) == 2 } 5),
    'another worker comes';
$_->end for @slow;

my $whole_n = grep { $_->complete } @slow;
is scalar(grep { $_->complete ? $_->body ne $whole
                              : index($whole, $_->body) } @slow), 0,
    'no wrong bytes';
cmp_ok $whole_n, '>', 0, 'the other worker goes on';
cmp_ok $whole_n, '<', 16, 'the dead one did not';
ok +(wait_for { zone_numbers($t)->{refs} == 0 } 5), 'no reference is left';
is scalar(grep { $_->body ne $whole } ask('/vod/large.mp4/v0/0.m4s', 8)), 0,
    'both workers serve again';
is made('large.mp4'), 1, 'from the same index';
$t->expect_log(qr/worker process \d+ exited on signal 9/);

# --- a zone that is too small -----------------------------------------------

my $small = Test::Video->new;
$small->conf(vod_conf(zone => '2m', vod => 'video_segment 500ms;'))->run;
$small->write_file('html/long.mp4', $long);
my $full = $small->get('/vod/long.mp4/master.m3u8');
is $full->status, 503, 'no room for an index';
is $full->header('Retry-After'), 1, 'says when to come again';
is $small->log_count(qr/\[error\].*video\ zone\ "vod"\ is\ full:\ no\ index\ of
                        \ "[^"]*long\.mp4"\ of\ \d+\ bytes,/x), 1,
    'and one line why';
is zone_numbers($small)->{refs}, 0, 'holds nothing';
$small->write_file('html/a.mp4', $bytes);
is $small->get('/vod/a.mp4/v0/0.m4s')->status, 200, 'a small file fits';
$small->finish;

$t->finish;
done_testing;
