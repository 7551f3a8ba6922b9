# What tests of live ladders share: the transcoder's program, publishers that
# wait for it, and what can be seen of its process.
package Test::Video::Ladder;

use strict;
use warnings;

use Exporter 'import';

use Test::Video::Live;
use Test::Video::Loop qw(wait_for);
use Test::Video::Program;

our @EXPORT = qw(ladder_program ladder_to ladder_until ladder_tracks
                 transcoder_pid transcoder_processes);


# The program of the flavour that is tested; undef: it is not built.
sub ladder_program {
    my %tools = program_flavours('video-transcoder');

    return $tools{ $ENV{TEST_NGINX_ASAN} ? 'sanitized' : 'plain' };
}


# Sends up to a time, no faster than the transcoder: after each piece it waits
# until all rungs have come as far as the source.  True if they have.
sub ladder_to {
    my ($t, $stream, $feed, $ms, %o) = @_;

    while ($feed->{at} < $ms) {
        $feed->to($feed->{at} + 300 < $ms ? $feed->{at} + 300 : $ms);
        wait_for {
            my ($source, @rungs) = ladder_tracks($t, $stream);
            return 0 if !$source;
            my @far = grep { $_->{msn} == $source->{msn}
                             && $_->{parts} == $source->{parts} } @rungs;
            @far == ($o{rungs} // 2);
        } 20 or return 0;
    }
    return 1;
}


# Sends in real time, or "speed" times as fast, until something is so: true; or
# 20 s.
sub ladder_until (&$;$) {
    my ($code, $feed, $speed) = @_;

    for (1 .. 200) {
        return 1 if $code->();
        $feed->more(100);
        select undef, undef, undef, 0.1 / ($speed // 1);
    }
    return 0;
}


# What /status says of the tracks of video, while it is live.
sub ladder_tracks {
    my ($t, $stream) = @_;
    my $status = stream_status($t, $stream);
    my $live = $status && $status->{state} eq 'live';

    return grep { $_->{kind} eq 'video' } $live ? @{ $status->{tracks} } : ();
}


# 0: it does not run.
sub transcoder_pid { return zone_status($_[0])->{transcoder_pid} }


# Process ids of what runs of this program with so many "streams", which tells it
# from those of other tests; its streams are included.
sub transcoder_processes {
    my ($program, $streams) = @_;
    my $mark = qr{^\Q$program\E\x00serve\x00.*\x00--streams\x00$streams\x00}s;

    return grep {
        my $line = '';
        if (open my $fh, '<', "/proc/$_/cmdline") {
            local $/;
            $line = <$fh> // '';
        }
        $line =~ $mark;
    } map { m{/(\d+)$} } glob '/proc/[0-9]*';
}


1;
