# Proves that a track which has nothing yet in the newest run of a stream says
# nothing of what comes, and that the others tell of what it has.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::HLS;
use Test::Video::Known;
use Test::Video::Live;

my $t = Test::Video->new;
$t->conf(live_conf(grace => '5s', window => '6s'))->run;
known_stream('avc');

my $base = '/live/cam';

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
    return live_sent($t, 'cam', [known_headers('avc', 0, 1000),
                                 frames(25, $to, @tracks)]);
}

sub lose {
    my ($feed) = @_;
    $feed->reset;
    ok +(wait_for { state() eq 'paused' } 5), 'a publisher is lost';
    return;
}

# --- a run without sound after one with --------------------------------------

my $feed = run_of(140, qw(v0 a0));
lose($feed);
my $before = media_list($t, "$base/a0/index.m3u8");

$feed = run_of(90, 'v0');
is state(), 'live', 'it goes on without sound';
is_deeply [uris_of(media_list($t, "$base/a0/index.m3u8"), 'segment')],
    [uris_of($before, 'segment')], 'which may be about to come';
unlike text('a0/index.m3u8'), qr/PRELOAD-HINT/, 'but nobody says when';

my $last = $before->{next_msn} - 1;
sub report { return (lines_of(text('v0/index.m3u8'),
                              '#EXT-X-RENDITION-REPORT'))[0] // '' }
like report(), qr/a0.*LAST-MSN=$last\b/, 'the report is of what there is';
lose($feed);
like report(), qr/a0.*LAST-MSN=$last\b/, 'also when it is over';

$feed = run_of(90, qw(v0 a0));
like text('a0/index.m3u8'), qr/PRELOAD-HINT/, 'until there is sound';
unlike report(), qr/LAST-MSN=$last\b/, 'that is reported';
$feed->end;

$t->finish;
done_testing;
