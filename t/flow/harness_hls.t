# Proves that the playlist clients follow a live stream as they should: a
# backend plays the packager, with segments of 400 ms in parts of 100 ms.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;

use constant { PART => 0.1, PARTS => 4 };

my $t = Test::Video->new->plan(24);
my $start = now();

# How many parts exist.
sub parts_now {
    return int((now() - $start) / PART) + 5;
}


sub playlist {
    my ($low_latency) = @_;
    my $parts = parts_now();
    my $last = int($parts / PARTS);
    my $first = $last > 3 ? $last - 3 : 0;
    my $text = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n"
             . "#EXT-X-MEDIA-SEQUENCE:$first\n"
             . ($low_latency ? "#EXT-X-PART-INF:PART-TARGET=0.1\n" : '')
             . "#EXT-X-MAP:URI=\"init.mp4\"\n";

    for my $msn ($first .. $last) {
        my $n = $msn < $last ? PARTS : $parts % PARTS;
        for my $part ($low_latency ? 0 .. $n - 1 : ()) {
            $text .= "#EXT-X-PART:DURATION=0.1,URI=\"$msn.$part.m4s\"\n";
        }
        $text .= "#EXTINF:0.4,\n$msn.m4s\n" if $msn < $last;
    }
    return $text;
}


$t->backend(sub {
    my ($request) = @_;
    my $path = $request->{path};

    return "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x, y\","
         . "URI=\"../live/a0/index.m3u8\"\n"
         . "#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nv0/index.m3u8\n"
         . "#EXT-X-STREAM-INF:BANDWIDTH=2,AUDIO=\"a\"\nv1/index.m3u8\n"
        if $path eq '/live/master.m3u8';

    if ($path =~ /index\.m3u8$/) {
        my ($msn, $part) = @{ $request->{args} }{qw(_HLS_msn _HLS_part)};
        if (defined $msn) {
            my $wanted = $msn * PARTS + $part + 1;
            select undef, undef, undef, 0.01 while parts_now() < $wanted;
        }
        return playlist($path =~ /v0|ll/);
    }

    if ($path =~ m{/a0/(\d+)\.m4s}) {
        return [404, {}, 'gone'] if $1 % 3 == 1;
        return [200, { 'Content-Length' => 99 }, 'short'] if $1 % 3 == 2;
    }
    return "content of $path";
}, port => 0);

# No nginx is wanted: the backend has its port.

my $job = $t->play('/live/master.m3u8', seconds => 1.5, start => 1);
my $low = $t->llhls('/ll/index.m3u8', seconds => 1);
my $play = $job->end;

my ($master, @lists) = $play->playlists;
is $master->{kind}, 'master', 'master first';
like $master->{text}, qr/^#EXTM3U/, 'its text';
is scalar(grep { $_->{uri} eq '/live/v0/index.m3u8' } @lists) > 1, 1,
   'first variant, again and again';
ok +(grep { $_->{uri} eq '/live/a0/index.m3u8' } @lists), 'its audio';
ok !(grep { $_->{uri} =~ /v1/ } @lists), 'no other variant';

my @uris = $play->uris;
my %count;
$count{$_}++ for @uris;
is +(grep { $_ > 1 } values %count), 0, 'nothing is fetched twice';
is scalar $play->media('init'), 2, 'initialisation of both';
ok $play->parts > 3, 'parts of the low-latency variant';
is scalar(grep { $_->{uri} =~ /v0/ } $play->segments), 0,
   'and not its whole segments';
ok +(grep { $_->{uri} =~ m{a0/\d+\.m4s} } $play->segments), 'segments of audio';

my ($segment) = grep { $_->{status} == 200 && $_->{complete} }
                $play->segments;
is $segment->{status}, 200, 'status';
is $segment->{size}, length "content of $segment->{uri}", 'size';
like $segment->{md5}, qr/^[0-9a-f]{32}$/, 'md5';

my @failures = $play->failures;
cmp_ok scalar @failures, '>=', 2, 'failures';
ok +(grep { $_->{status} == 404 } @failures), 'one that is not there';
ok +(grep { !$_->{complete} } @failures), 'one that is short';

my @blocked = grep { $_->{uri} =~ /_HLS_msn/ } $low->playlists;
cmp_ok scalar @blocked, '>=', 2, 'blocking requests';
cmp_ok scalar @blocked, '<=', 18, 'one for each part';
is scalar($low->failures), 0, 'none failed';
is scalar($low->segments), 0, 'parts only';
my @parts = map { $_->{uri} } $low->parts;
my ($msn, $part) = $parts[0] =~ /(\d+)\.(\d+)\.m4s/;
is_deeply \@parts, [map { my $n = $msn * PARTS + $part + $_;
                          '/ll/' . int($n / PARTS) . '.' . $n % PARTS . '.m4s'
                        } 0 .. $#parts], 'every part, in order';

my $list = Test::Video::HLS::parse("#EXT-X-MEDIA-SEQUENCE:5\n"
    . "#EXT-X-MAP:URI=\"f\",BYTERANGE=\"10\@0\"\n"
    . "#EXTINF:1,\n#EXT-X-BYTERANGE:5\@10\nf\n"
    . "#EXTINF:1,\n#EXT-X-BYTERANGE:7\nf\n#EXT-X-ENDLIST\n");
is_deeply [map { $_->{range} } @{ $list->{items} }],
          ['0-9', '10-14', '15-21'], 'byte ranges';
is $list->{next_msn}, 7, 'media sequence';
ok $list->{ended}, 'end';
