# What the tests of files share: a node's configuration, the URLs of an asset,
# the epoch of a file, /status, and surgery on MP4 files.
package Test::Video::VOD;

use strict;
use warnings;
no warnings 'portable';              # 64-bit numbers

use Digest::MD5 qw(md5_hex);
use Exporter 'import';
use JSON::PP ();
use Test::More ();

use Test::Video::Loop qw(wait_for);
use Test::Video::Media;

our @EXPORT = qw(vod_conf vod_file vod_bytes vod_epoch vod_list vod_fetched
                 zone_numbers
                 slurp framemd5 rewrite box_at table_at);


# A node with one zone that serves html/ below /vod/.  Options: workers (1),
# zone ("32m"), video, http and vod (more directives of video {}, of http {} and
# of the location), locations.
sub vod_conf {
    my (%o) = @_;
    my %v = (workers => 1, zone => '32m', listen => '',
             map({ $_ => '' } qw(video http vod locations)), %o);

    return <<"CONF";
%%GLOBALS%%
%%MODULES%%
worker_processes $v{workers};
events { worker_connections 256; }
video { zone vod $v{zone}; $v{video} }
http {
    access_log off;
%%TEMP_PATHS%%
    $v{http}
    server {
        listen 127.0.0.1:%%PORT_0%% $v{listen};
        location /vod/ {
            video_vod zone=vod;
            alias %%ROOT%%/html/;
            $v{vod}
        }
        location = /status { video_status; }
        location = /pid { return 200 \$pid; }
        $v{locations}
    }
}
CONF
}


# Ten seconds of 320x180 with a key frame each second.
sub vod_file {
    return mp4_h264_aac(size => '320x180', bitrate => '300k', @_);
}


sub slurp {
    my ($path) = @_;
    open my $fh, '<:raw', $path or die "$path: $!\n";
    local $/;
    return scalar readline $fh;
}


sub vod_bytes { return slurp(vod_file(@_)) }


# The number in the URLs of a file that nginx sees under this path; "segment"
# in milliseconds.  FNV-1a, as in ngx_http_video_index_epoch().
sub vod_epoch {
    my ($path, $segment) = @_;
    my ($inode, $size, $mtime) = (stat $path)[1, 7, 9];
    my $hash = 0xcbf29ce484222325;

    use integer;
    for my $byte (unpack 'C*', $path . pack 'Q4', $inode, $mtime, $size,
                                                 $segment) {
        $hash = ($hash ^ $byte) * 0x100000001b3;
    }
    return sprintf '%x', $hash;
}


# The URLs in a media playlist: { init => path, segments => [paths], epoch,
# durations => [seconds] }; undef unless it is answered with 200.
sub vod_list {
    my ($t, $path) = @_;
    my $list = $t->get($path);
    $list->status == 200 or return;

    my ($base) = $path =~ m{^(.*/)};
    my $body = $list->body;
    my ($init) = $body =~ /^#EXT-X-MAP:URI="([^"]+)"/m;
    my ($epoch) = $init =~ m{^e([0-9a-f]+)/};
    return {
        init => $base . $init,
        epoch => $epoch,
        segments => [map { "$base$_" } $body =~ /^([^#\n]+)$/mg],
        durations => [$body =~ /^#EXTINF:([\d.]+)/mg],
        body => $body,
    };
}


# What { init, segments } name, as one file: its path.  A test that all is there.
sub vod_fetched {
    my ($t, $s) = @_;
    my @parts = map { $t->get($_) } grep { defined } $s->{init},
                @{ $s->{segments} };

    Test::More::is(scalar(grep { $_->status != 200 || !$_->complete } @parts),
                   0, "all is there: $s->{segments}[0]");
    $t->write_file('fetched', join '', map { $_->body } @parts);
    return $t->root . '/fetched';
}


# The numbers of the only zone in /status.
sub zone_numbers {
    my ($t) = @_;
    return JSON::PP::decode_json($t->get('/status')->body)->{zones}[0];
}


# One line a frame: stream, dts, pts, duration, size, MD5 of what is decoded
# (or, with raw => 1, of the packet).  Returns a sub that waits for the text.
sub framemd5 {
    my ($path, $map, %o) = @_;
    my @copy = $o{raw} ? qw(-c copy) : ();
    open my $fh, '-|', qw(ffmpeg -v error -nostdin -i), $path, '-map', $map,
                       @copy, qw(-f framemd5 -) or die "ffmpeg: $!\n";
    return sub { join '', grep { !/^#/ } <$fh> };
}


# Where the first box of this path is: offset and size.  A path with "[n]"
# takes the n-th of its kind: "moov/trak[1]/mdia/minf/stbl/stsz".
sub box_at {
    my ($bytes, $path) = @_;
    my ($from, $to) = (0, length $$bytes);
    my $size;

    for my $step (split m{/}, $path) {
        my ($type, $n) = $step =~ /^(\w{4})(?:\[(\d+)\])?$/ or die $path;
        $n //= 0;
        my ($at, $found) = ($from);
        while ($at + 8 <= $to) {
            (my $length, my $name) = unpack 'N a4', substr $$bytes, $at, 8;
            last if $name eq $type && $n-- == 0 && ($found = 1);
            $at += $length or last;
        }
        $found or die "no box $step of $path\n";
        $size = unpack 'N', substr $$bytes, $at, 4;
        ($from, $to) = ($at + 8, $at + $size);
    }
    return ($from - 8, $size);
}


# The offset of a table of the n-th track.
sub table_at {
    my ($bytes, $track, $name) = @_;
    my ($at) = box_at($bytes, "moov/trak[$track]/mdia/minf/stbl/$name");
    return $at;
}


# A copy of the bytes in which the given ones are replaced: (offset, new)...
sub rewrite {
    my ($bytes, %new) = @_;
    substr $bytes, $_, length $new{$_}, $new{$_} for keys %new;
    return $bytes;
}


1;
