# What the flow tests of recordings share: how much of a stream is on disk, a
# publisher that is not faster than the disk, and recording by hand.
package Test::Video::Record;

use strict;
use warnings;

use Exporter 'import';

use Test::Video::Live;
use Test::Video::Loop qw(wait_for);
use Test::Video::VOD qw(slurp);

our @EXPORT = qw(record_server recorded record_to record_until
                 record_control);


# For "servers" of live_conf(): an application "late" at PORT_2 whose streams
# are recorded when they are told to.
sub record_server {
    return <<'CONF';
    server {
        listen 127.0.0.1:%%PORT_2%%;
        video_rtmp late zone=live;
        video_segment 1s;
        video_window 4s;
        video_publish_grace 0;
        video_bitrate 512k;
        video_record rec manual;
        video_dvr 10m;
    }
CONF
}


# Segments that a file of the newest recording of a stream has.
sub recorded {
    my ($t, $name, $file) = @_;
    my ($path) = reverse sort glob $t->root . "/rec/$name/2*";
    return 0 if !defined $path || !-f "$path/$file";
    my $count = () = slurp("$path/$file") =~ /styp/g;
    return $count;
}


# Goes on to a time of the feed, not faster than the disk takes a run ("0001");
# "each" is called after each second.
sub record_to {
    my ($t, $feed, $name, $ms, $run, $each) = @_;
    while ($feed->{at} < $ms) {
        $feed->to($feed->{at} + 1000 < $ms ? $feed->{at} + 1000 : $ms);
        my $n = int($feed->{at} / 1000 - 0.2);
        return if !wait_for { recorded($t, $name, "$run/v0.mp4") >= $n
                              && recorded($t, $name, "$run/a0.mp4") >= $n } 5;
        $each->() if $each;
    }
    return 1;
}


# Goes on until so many segments of its first run are recorded.
sub record_until {
    my ($t, $feed, $name, $n) = @_;
    while ($feed->{at} < 90_000) {
        $feed->more(1000);
        return 1 if wait_for { recorded($t, $name, '0001/v0.mp4') >= $n } 0.3;
    }
    return;
}


# The status of a request to start (POST) or to stop (DELETE) a recording.
sub record_control {
    my ($t, $method, $name) = @_;
    return $t->get("/control/streams/$name/record", method => $method)->status;
}


1;
