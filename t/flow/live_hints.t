# Proves that the part that comes next is the one that was hinted at, for every
# publisher that keeps its key frame distance: audio ahead of its video, files
# that are looped, timestamps that jitter, dropped frames; that it fails once
# when the distance changes; that audio which waits for a key frame is neither
# lost nor kept for long; and that audio stays where its timestamps say.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::FLV;
use Test::Video::HLS;
use Test::Video::Live;
use Time::Local qw(timegm);

use constant { AUDIO => 8, VIDEO => 9, FRAME => 1024 / 48, LOOK => 40 };

my $t = Test::Video->new;
$t->conf(live_conf(zone => '128m', window => '16s',
                   rtmp => 'video_audio_fill 0;'))->run;

my $tags = live_tags();
my ($key) = grep { Test::Video::FLV::is_keyframe($_) } @{ $tags->{frames} };
my ($picture) = grep { $_->{type} == VIDEO && $_ != $key }
                @{ $tags->{frames} };
my ($sound) = grep { $_->{type} == AUDIO } @{ $tags->{frames} };


# --- what is sent: [when it is sent, type, timestamp, body], times in ms ------

# Video: fps (30), gop (frames: 30, or a list), seconds (6), at (a
# function of frame number and time: its timestamp, undef: not sent).
sub video {
    my (%o) = @_;
    my $fps = $o{fps} // 30;
    my @gops = ref $o{gop} ? @{ $o{gop} } : $o{gop} // 30;
    my ($left, @frames) = (0);

    for my $n (0 .. $fps * ($o{seconds} // 6) - 1) {
        my $time = $n * 1000 / $fps;
        my $body = ($left ? $picture : $key)->{body};

        $left ||= @gops > 1 ? shift @gops : $gops[0];
        $left--;
        my $at = $o{at} ? $o{at}->($n, $time) : $time;
        push @frames, [$at, VIDEO, int($at + 0.5), $body] if defined $at;
    }
    return @frames;
}


# Audio: seconds (6), from (0), lead (ms that it comes ahead of video), at (as
# above).
sub audio {
    my (%o) = @_;
    my @frames;

    for my $n (0 .. ($o{seconds} // 6) * 1000 / FRAME - 1) {
        my $time = ($o{from} // 0) + $n * FRAME;
        my $at = $o{at} ? $o{at}->($n, $time) : $time;
        push @frames, [$at - ($o{lead} // 0), AUDIO, int($at + 0.5),
                       $sound->{body}] if defined $at;
    }
    return @frames;
}


# --- who looks at each playlist that there is -------------------------------

package Watch {
    sub new {
        my ($class, $name, %o) = @_;
        my $feed = Test::Video::Live::live_feed($t, $name, only => $o{only});
        my @tracks = $o{only} ? $o{only} eq 'audio' ? 'a0' : 'v0' : qw(v0 a0);

        return bless { name => $name, feed => $feed, tracks => \@tracks,
                       untrue => [], first => $o{only} ? 2300 : 700 }, $class;
    }

    # Sends frames in the order of their times, and looks at the playlists when
    # there are any.
    sub send {
        my ($self, @frames) = @_;
        my $look = $self->{first};

        for my $frame (sort { $a->[0] <=> $b->[0] } @frames) {
            my ($when, $type, $time, $body) = @$frame;
            $self->{feed}->rtmp->send_tag($type, $time, $body);
            $self->{sent} = $time if $type == main::AUDIO;
            next if $when < $look;
            $look = $when + main::LOOK;
            $self->look;
        }
        return $self->look;
    }

    sub look {
        my ($self) = @_;

        $self->{feed}->settle if !$self->{over};
        my %got = map {
            ($_ => $t->get("/live/$self->{name}/$_/index.m3u8", start => 1))
        } @{ $self->{tracks} };
        $self->see($_, $got{$_}->end->body) for @{ $self->{tracks} };
        $self->edge($self->{tracks}[0]);
        $self->measure if $self->{a0} && !$self->{over};
        return $self;
    }

    # A hint that is not the last list's is true if that part has come, and
    # come first.
    sub see {
        my ($self, $track, $text) = @_;
        my $list = Test::Video::HLS::parse($text);
        my $hint = $list->{hints} ? $list->{hints}[0]{URI} : '';
        my $last = $self->{$track} //= { hint => '', text => '' };
        my @new = grep { $_->{kind} eq 'part' && !$last->{seen}{ $_->{uri} }++ }
                  @{ $list->{items} };

        if ($last->{hint} && $hint && (@new || $hint ne $last->{hint})
            && (!@new || $new[0]{uri} ne $last->{hint}))
        {
            push @{ $self->{untrue} }, "$track: $last->{hint} was hinted at, "
                . (@new ? "$new[0]{uri} came" : "then $hint");
        }
        $last->{all}{ $_->{msn} }{ $_->{part} } = $_->{duration} for @new;
        @$last{qw(hint part_target text)} =
            ($hint, $list->{part_target}, $text);
        return;
    }

    # The clean end.
    sub end {
        my ($self) = @_;

        $self->{feed}->end;
        $self->{over} = 1;
        return $self->look;
    }

    # Where a playlist ends, in ms since the stream began.
    sub edge {
        my ($self, $track) = @_;
        my ($first) = $self->{$track}{text} =~ /MEDIA-SEQUENCE:(\d+)/;
        my $edge;

        $self->{oldest} //= $first;
        # the clock is corrected when the first segment is complete
        delete $self->{wall} if defined $first && $first == $self->{oldest}
            && $track eq $self->{tracks}[0];

        for (split /\n/, $self->{$track}{text}) {
            if (/DATE-TIME:(\d+)-(\d+)-(\d+)T(\d+):(\d+):([\d.]+)Z/) {
                $edge = 1000 * (main::timegm(0, $5, $4, $3, $2 - 1, $1) + $6);
                $self->{wall} //= $edge;
            } elsif (/^#EXT-X-PART:DURATION=([\d.]+)/) {
                $edge += 1000 * $1;
            }
        }
        return $edge - $self->{wall};
    }

    # How far audio is from where its timestamps say, at the end of a part.
    sub measure {
        my ($self) = @_;
        my $edge = $self->edge('a0');

        return if $edge == ($self->{edge} // 0);
        $self->{edge} = $edge;
        push @{ $self->{offsets} }, $edge - $self->{sent} - main::FRAME;
        return;
    }

    # The parts of segments that were seen from their beginning to their end.
    sub whole {
        my ($self, $track) = @_;
        my $all = $self->{$track}{all};
        my @msns = sort { $a <=> $b } keys %$all;

        return @$all{ @msns[1 .. $#msns - 1] };
    }

    sub counts {
        my ($self, $track) = @_;
        return map { scalar keys %$_ } $self->whole($track);
    }

    # Parts shorter than so many seconds.
    sub shorter {
        my ($self, $track, $seconds) = @_;
        return grep { $_ < $seconds } map { values %$_ } $self->whole($track);
    }

    sub longer {
        my ($self, $track) = @_;
        my $limit = $self->{$track}{part_target} + 1e-6;

        return grep { $_ > $limit } map { values %$_ }
               values %{ $self->{$track}{all} };
    }
}


# A stream from its first frame to its last.
sub watch {
    my ($name, %o) = @_;
    my $watch = Watch->new($name, %o);

    return $watch->send(@{ $o{frames} })->end;
}


# No hint was wrong, or no more than are allowed.
sub kept {
    my ($watch, $title, $allowed) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my @untrue = @{ $watch->{untrue} };
    cmp_ok scalar(@untrue), '<=', $allowed // 0, "$title: hints came true"
        or diag(join "\n", @untrue);
    return $watch;
}


# ... and all segments have five parts of about 200 ms, in both tracks.
sub kept_whole {
    my ($watch, $title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    kept($watch, $title);
    is_deeply [map { $watch->longer($_) } @{ $watch->{tracks} }], [],
        "$title: no part is too long";
    for my $track (@{ $watch->{tracks} }) {
        my @counts = $watch->counts($track);
        is_deeply [@counts], [(5) x @counts], "$title: parts of $track";
        is_deeply [$watch->shorter($track, 0.17)], [], "$title: without rests";
    }
    return $watch;
}


# --- as it should be --------------------------------------------------------

my $watch = kept_whole(watch('regular', frames => [video(), audio()]),
                       'regular');
is scalar($watch->counts('v0')), 4, 'four whole segments were seen';

kept_whole(watch('alone', only => 'video', frames => [video()]), 'video only');
kept(watch('sound', only => 'audio', frames => [audio()]), 'audio only');

# --- audio that is ahead ----------------------------------------------------

for my $lead (5, 21, 60, 150, 350, 800) {
    kept_whole(watch("lead$lead",
                     frames => [video(), audio(lead => $lead)]),
               "audio $lead ms ahead");
}

kept_whole(watch('behind', frames => [video(), audio(lead => -400)]),
           'audio 400 ms behind');

# what waited is there with the key frame
$watch = Watch->new('waits');
$watch->send(grep { $_->[0] < 1995 } video(), audio(lead => 300));
my $hint = $watch->{a0}{hint};
like $hint, qr/\.0\.m4s$/, 'the first part of the next segment is hinted at';
unlike $watch->{a0}{text}, qr/PART:.*\Q$hint\E/, 'and waits for the key frame';
$watch->send([2000, VIDEO, 2000, $key->{body}]);
like $watch->{a0}{text}, qr/PART:.*\Q$hint\E/, 'with which it comes';

# nor is it lost when the publisher says good-bye before
$watch->send(grep { $_->[0] > 2000 && $_->[0] < 2990 }
             video(), audio(lead => 300));
$watch->end;
like $watch->{a0}{text}, qr/^#EXT-X-ENDLIST$/m, 'the end while audio waits';
cmp_ok abs($watch->edge('a0') - 3290), '<', 30, 'it has all of the audio';

# --- audio that waits in vain -----------------------------------------------

$watch = Watch->new('mute');
$watch->send(grep { $_->[0] < 2950 } video(), audio());
$watch->send(grep { $_->[0] >= 2950 } audio(seconds => 4));
cmp_ok $watch->edge('a0'), '<', 3050, 'no key frame: audio waits';
$watch->send(grep { $_->[0] >= 4000 } audio(seconds => 6));
cmp_ok $watch->edge('a0'), '>', 5700, 'but not for ever';
$watch->send(grep { $_->[0] >= 6000 } video(seconds => 8),
             audio(seconds => 8));
cmp_ok abs($watch->edge('a0') - $watch->edge('v0')), '<', 250,
    'video is back';
kept($watch, 'audio in between', 1);
$watch->end;

# more than may wait
$watch = Watch->new('crowd');
$watch->send(grep { $_->[0] < 1990 } video(), audio());
$watch->{feed}->rtmp->send_tag(AUDIO, 2010, $sound->{body}) for 1 .. 400;
$watch->{feed}->rtmp->send_tag(AUDIO, 2010,
                               $sound->{body} . "\0" x 1_100_000) for 1 .. 2;
$watch->send(grep { $_->[0] >= 1990 } video(seconds => 3));
is stream_status($t, 'crowd')->{state}, 'live', 'more than may wait does not';
$watch->{feed}->reset;

# --- timestamps -------------------------------------------------------------

# a file that is looped: 20 ms are missing where it begins again
kept(watch('step', frames => [
    video(seconds => 8, at => sub { $_[1] + 20 * int($_[0] / 90) }),
    audio(seconds => 8),
]), 'a step in video');

kept(watch('back', frames => [
    video(seconds => 8, at => sub { $_[1] - 20 * int($_[0] / 90) }),
    audio(seconds => 8),
]), 'a step back');

my @jitter = map { ($_ * 7919 % 17) - 8 } 0 .. 16;
kept(watch('jitter', frames => [
    video(seconds => 8, at => sub { $_[1] + $jitter[$_[0] % 17] + 8 }),
    audio(seconds => 8, at => sub { $_[1] + $jitter[$_[0] * 3 % 17] + 8 }),
]), 'timestamps that jitter');

# some muxers stamp a frame that comes late with the time of the audio before it
my %late = (5 => 27, 58 => 30, 59 => 29, 71 => 27, 89 => 29, 119 => 60,
            120 => 45, 121 => 30, 150 => 170, 151 => 140, 152 => 110,
            153 => 80, 154 => 50, 155 => 20);
$watch = kept(watch('late', frames => [
    video(seconds => 9, at => sub { $_[1] + ($late{$_[0]} // 0) }),
    audio(seconds => 9),
]), 'frames that are stamped late');
is scalar($watch->counts('v0')), 7, 'a late key frame ends its segment';

kept(watch('slower', frames => [
    video(seconds => 8, at => sub { $_[1] + $_[0] * $_[0] / 24 }),
    audio(seconds => 8),
]), 'a frame rate that falls, with as many frames in a segment');

# a publisher that can't keep up leaves out frames, but no key frame
kept(watch('drops', frames => [
    video(seconds => 8, at => sub {
        my ($n, $time) = @_;
        return $n >= 100 && $n < 108 || $n >= 190 && $n < 193 ? undef : $time;
    }),
    audio(seconds => 8),
]), 'dropped frames');

# --- key frame distances ----------------------------------------------------

kept_whole(watch('ntsc', frames => [
    video(fps => 30000 / 1001, seconds => 6),
    audio(),
]), '29.97 frames/s');

kept(watch('25', frames => [
    video(fps => 25, gop => 32, seconds => 6), audio(lead => 30) ]),
    'no multiple of a part', 2);

kept(watch('long', frames => [
    video(gop => 75, seconds => 10), audio(seconds => 10, lead => 70) ]),
    'longer than video_segment', 2);

# nobody could know that the fourth is longer than those before it
kept(watch('once', frames => [
    video(gop => [30, 30, 30, 44, 30], seconds => 8),
    audio(seconds => 8, lead => 40) ]), 'one late key frame', 2);

kept(watch('change', frames => [
    video(gop => [30, 30, 30, 48], seconds => 10),
    audio(seconds => 10, lead => 40) ]), 'another distance', 6);

kept(watch('any', frames => [
    video(gop => [47, 35, 61, 33, 52, 40, 71, 38, 59], seconds => 14),
    audio(seconds => 14) ]), 'any distance', 2);

# --- audio and video stay together ----------------------------------------

sub furthest {
    my ($watch) = @_;
    return (sort { abs $a <=> abs $b } @{ $watch->{offsets} })[-1];
}

# each second has 49 frames of audio, that is 45 ms too many
$watch = kept(watch('surplus', frames => [
    video(seconds => 12),
    map { my $s = $_; audio(from => $s * 1000, seconds => 1.0454) } 0 .. 11,
]), 'a file that is looped with too much audio');
cmp_ok abs(furthest($watch)), '<', 200, 'audio does not drift';
$t->log_like(qr/\[warn\].* stream "surplus": more audio than time, frames are/,
             'which is logged');

# a step back by 300 ms
$watch = kept(watch('backwards', frames => [
    video(seconds => 6),
    audio(seconds => 3), audio(seconds => 3.3, from => 2700) ]),
    'audio that was sent already');
cmp_ok abs($watch->{offsets}[-1]), '<', 30, 'is dropped';

# a gap of 300 ms
$watch = watch('gap', frames => [
    video(seconds => 6),
    audio(seconds => 2.5), audio(seconds => 3.2, from => 2800) ]);
cmp_ok abs($watch->{offsets}[-1]), '<', 30, 'a gap in audio stays one';

# what is stamped in groups is no surplus
my $groups = int(5 * 1000 / FRAME / 5) * 5;
$watch = kept(watch('groups', frames => [
    video(seconds => 6),
    audio(seconds => 5, at => sub {
        my ($n) = @_;
        return $n < $groups ? int($n / 5) * 5 * FRAME : undef;
    }) ]), 'groups of five frames with one timestamp');
cmp_ok abs($watch->edge('a0') - $groups * FRAME), '<', 3,
    'have all of their frames';
$t->no_log(qr/stream "groups": more audio/, 'nothing is left out');

$t->finish;
done_testing();
