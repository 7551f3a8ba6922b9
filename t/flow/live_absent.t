# Proves that a run which a track has no media in, because it was too short, or
# muted without video_audio_fill, is a discontinuity of all playlists alike:
# gaps stand for it there, nothing that was told of a number ever changes; and
# that no manifest has a period without sound after one with.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Known;
use Test::Video::Live;

my $t = Test::Video->new;
$t->conf(live_conf(grace => '5s', window => '6s', zone => '128m',
                   rtmp => 'video_audio_fill 0;', servers => '
    server {
        listen 127.0.0.1:%%PORT_2%%;
        video_rtmp dvr zone=live;
        video_segment 1s;
        video_part 200ms;
        video_window 6s;
        video_bitrate 512k;
        video_publish_grace 5s;
        video_audio_fill 0;
        video_record rec;
        video_dvr 60s;
    }', locations => 'location /dvr/ { video_live zone=live; }'))->run;
known_stream('avc');

my $base;                       # "/live/cam"

sub text { return $t->get("$base/$_[0]")->body }
sub state { return stream_status($t, ($base =~ m{(\w+)$})[0])->{state} }

# --- a publisher -------------------------------------------------------------

# Of pictures $from to $to these tracks.
sub frames {
    my ($from, $to, @tracks) = @_;
    my @tags;

    for my $n ($from .. $to) {
        push @tags, known_tag('avc', 0, 'v0', 'cam', $n, 0);
        push @tags, map { known_tag('avc', 0, 'a0', 'cam', $_, 0) }
                    grep { int($_ * 1024 / 48 / 40) == $n }
                    int(($n - 1) * 40 * 48 / 1024)
                    .. ($n + 1) * 40 * 48 / 1024 + 1 if "@tracks" =~ /a0/;
    }
    return @tags;
}

sub run_of {
    my ($to, @tracks) = @_;
    my ($app, $name) = $base =~ m{(\w+)/(\w+)};

    return live_sent($t, $name, [known_headers('avc', 0, 1000),
                                 frames(25, $to, @tracks)],
                     app => $app, port => $app eq 'dvr' ? 2 : 1);
}

sub lose {
    my ($feed) = @_;
    $feed->reset;
    ok +(wait_for { state() eq 'paused' } 5), "$base: a publisher is lost";
    return watch();
}

# --- a client ----------------------------------------------------------------

# The segments of a playlist: msn, cc (the number of discontinuities), run, uri,
# gap, duration, date.
sub entries {
    my ($text) = @_;
    my ($msn) = $text =~ /^#EXT-X-MEDIA-SEQUENCE:(\d+)/m;
    my ($cc) = $text =~ /^#EXT-X-DISCONTINUITY-SEQUENCE:(\d+)/m;
    my (@entries, %next);

    $cc //= 0;
    for my $line (split /\n/, $text) {
        $cc++ if $line eq '#EXT-X-DISCONTINUITY';
        $msn += $1 if $line =~ /^#EXT-X-SKIP:SKIPPED-SEGMENTS=(\d+)/;
        $next{gap} = 1 if $line eq '#EXT-X-GAP';
        $next{date} = $1 if $line =~ /^#EXT-X-PROGRAM-DATE-TIME:(.*)/;
        $next{duration} = $1 if $line =~ /^#EXTINF:([\d.]+)/;
        next if $line !~ m{^(e\w+)/\d+\.\w+$};
        push @entries, { gap => 0, %next, msn => $msn++, cc => $cc, run => $1,
                         uri => $line };
        %next = ();
    }
    return @entries;
}

my %told;                       # what a number was told to be
my @wrong;

# Loads all playlists again: what has changed is wrong.
sub watch {
    for my $path (qw(v0/index.m3u8 a0/index.m3u8 v0/index_ts.m3u8
                     a0/index_ts.m3u8))
    {
        my $seen = $told{"$base/$path"} //= { first => 0, of => {} };
        my $r = $t->get("$base/$path");
        my @entries = entries($r->body);

        push @wrong, "$path is " . $r->status if !@entries && $seen->{first};
        next if !@entries;
        push @wrong, "$path goes back" if $entries[0]{msn} < $seen->{first};
        $seen->{first} = $entries[0]{msn};

        for my $e (@entries) {
            my $is = join ' ', @$e{qw(uri cc duration gap)};
            my $was = $seen->{of}{ $e->{msn} } //= $is;
            push @wrong, "$path: $was became $is" if $is ne $was;
            push @wrong, "$path: $e->{uri} is $e->{msn}"
                if $e->{uri} !~ m{/$e->{msn}\.};
        }
    }
    return;
}

sub nothing_changed {
    my ($when) = @_;
    watch();
    is_deeply \@wrong, [], "$base: nothing has changed $when";
    @wrong = ();
    return;
}

# Periods of the manifest, as the tracks that they have.
sub periods {
    return map { join ' ', /<Representation id="(\w+)"/g }
           text('manifest.mpd') =~ m{<Period (.*?)</Period>}gs;
}

sub runs { my %n; return grep { !$n{$_}++ } map { $_->{run} } @_ }
sub of_run { my $run = shift; return grep { $_->{run} eq $run } @_ }

# The same discontinuities have the same runs, in both tracks.
sub agree {
    my ($when) = @_;
    my %runs;
    for my $path (qw(v0/index.m3u8 a0/index.m3u8)) {
        $runs{ $_->{run} }{ $_->{cc} } = 1 for entries(text($path));
    }
    my @torn = grep { keys %{ $runs{$_} } > 1 } keys %runs;
    is "@torn", '', "$base: discontinuities agree $when";
    return;
}

# --- a run without sound between two with ------------------------------------

my @publishers;         # a stream ends when its publisher is forgotten

sub story {
    ($base) = @_;

    my $feed = run_of(140, qw(v0 a0));
    watch();
    lose($feed);
    my @before = entries(text('a0/index.m3u8'));
    my $blocked = $t->get("$base/a0/index.m3u8?_HLS_msn="
                          . ($before[-1]{msn} + 1) . '&_HLS_part=0',
                          start => 1);

    $feed = run_of(90, 'v0');
    is state(), 'live', "$base: it goes on without sound";
    watch();
    is_deeply [map { $_->{uri} } entries(text('a0/index.m3u8'))],
        [map { $_->{uri} } @before], 'it may be about to come';
    unlike text('a0/index.m3u8'), qr/PRELOAD-HINT/, 'but nobody says when';
    my ($report) = lines_of(text('v0/index.m3u8'), '#EXT-X-RENDITION-REPORT');
    like $report, qr/a0.*LAST-MSN=$before[-1]{msn}\b/,
        'the report is of what there is';
    is_deeply [periods()], ['v0 a0'], 'the manifest does not list it';
    lose($feed);
    is_deeply [periods()], ['v0 a0'], 'nor when it is over';
    like text('v0/index.m3u8'), qr/RENDITION-REPORT/,
        'the report is there when it is over, too';
    ok !$blocked->done, 'who waits for sound goes on waiting';

    $feed = run_of(90, qw(v0 a0));
    ok +(wait_for { $blocked->done } 5), 'until it comes';
    is $blocked->status, 200, 'with a playlist';
    like text('a0/index.m3u8'), qr/PRELOAD-HINT/, 'and a hint';
    watch();
    agree('when it is back');

    my @video = entries(text('v0/index.m3u8'));
    my @audio = entries(text('a0/index.m3u8'));
    my @runs = runs(@video);
    is scalar @runs, 3, 'three runs are listed';
    is_deeply [runs(@audio)], \@runs, 'of both tracks';
    my @gaps = of_run($runs[1], @audio);
    is scalar(grep { $_->{gap} } @gaps), scalar @gaps, 'of sound as gaps';
    is scalar(grep { $_->{gap} } @audio), scalar @gaps, 'that one alone';
    is_deeply [map { [@$_{qw(cc duration date)}] } @gaps],
        [map { [@$_{qw(cc duration date)}] } of_run($runs[1], @video)],
        'which are where and when the pictures are';
    is $t->get("$base/a0/$_->{uri}")->status, 404, "$_->{uri} is not there"
        for @gaps;
    is_deeply [map { $_->{gap} } of_run($runs[1],
                                        entries(text('a0/index_ts.m3u8')))],
        [map { 1 } @gaps], 'gaps as transport streams, too';
    (my $ts = $gaps[0]{uri}) =~ s/m4s$/ts/;
    is $t->get("$base/a0/$ts")->status, 404, "$ts is not there";
    my @bad = grep { $t->get($_)->status != 200 }
              map { $_->{path} } grep { !$_->{gap} && $_->{path} !~ /$runs[1]/ }
              @{ media_list($t, "$base/a0/index.m3u8")->{items} };
    is "@bad", '', 'all else is';
    is_deeply [periods()], ['v0 a0', 'v0 a0'], 'the manifest goes on';
    unlike text('manifest.mpd'), qr/$runs[1]/, 'without it';

    for my $n (1 .. 16) {
        $feed->send(frames(66 + 25 * $n, 90 + 25 * $n, qw(v0 a0)));
        watch();
        agree("$n s later") if $n % 4 == 0;
    }
    nothing_changed('since');
    push @publishers, $feed;
    return \@gaps;
}

story('/live/cam');
my $left = text('a0/index.m3u8');
like $left, qr/^#EXT-X-DISCONTINUITY-SEQUENCE:2$/m,
    'both that have left are counted';
unlike $left, qr/GAP/, 'and gone';
is_deeply [periods()], ['v0 a0'], 'in one period';

# a playlist of a minute, from the recording
my $gaps = story('/dvr/tape');
my $whole = text('a0/index.m3u8');
is_deeply [map { $_->{uri} } grep { $_->{gap} } entries($whole)],
    [map { $_->{uri} } @$gaps], 'the recording has the same gaps';
my $delta = text('a0/index.m3u8?_HLS_skip=YES');
my ($skipped) = $delta =~ /SKIPPED-SEGMENTS=(\d+)/;
cmp_ok $skipped // 0, '>', 5, 'a delta update leaves them out';
my @rest = entries($whole);
is_deeply [map { $_->{uri} } entries($delta)],
    [map { $_->{uri} } @rest[$skipped .. $#rest]], 'and counts them';

# --- several of them, one as long as the window ------------------------------

$base = '/live/muted';
my $feed = run_of(140, qw(v0 a0));
watch();
for my $pictures (45, 70) {
    lose($feed);
    $feed = run_of($pictures, 'v0');
    watch();
}
lose($feed);
$feed = run_of(50, qw(v0 a0));
agree('after two without');
my @audio = entries(text('a0/index.m3u8'));
is scalar(runs(@audio)), scalar(runs(entries(text('v0/index.m3u8')))),
    'both are listed';
nothing_changed('by two');

lose($feed);
$feed = run_of(60, 'v0');
is scalar(grep { !/a0/ } periods()), 0, 'no period without sound';
$feed->send(frames(61, 220, 'v0'));
watch();
is_deeply [periods()], ['v0'], 'unless there is nothing else in the window';
lose($feed);
$feed = run_of(60, 'v0');
is_deeply [periods()], ['v0', 'v0'], 'then it is what is expected';
lose($feed);
$feed = run_of(90, qw(v0 a0));
is_deeply [periods()], ['v0', 'v0', 'v0 a0'], 'until there is sound again';
agree('then');
nothing_changed('by all that');
$_->end for $feed, @publishers;

$t->finish;
done_testing;
