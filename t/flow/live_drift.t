# Proves that the times of a manifest follow the server's clock when the
# publisher's is fast: in further periods, of which none changes once it was
# told, and without an effect on playlists; over a change of codecs and over a
# publisher that comes back, too.
use strict;
use warnings;

use List::Util qw(max min);
use Test::More;
use Test::Video;
use Test::Video::DASH;
use Test::Video::Live;

# what a manifest may be off by, s: a step, and what a segment strays
use constant STEP => 0.046;

my $t = Test::Video->new;
$t->conf(live_conf(window => '240s', bitrate => '200k', zone => '128m',
                   grace => '20s'))->run;

# The date of each segment of a track by its playlist: { msn => s }.
sub dates {
    my ($name, $track) = @_;
    my $text = $t->get("/live/$name/$track/index.m3u8")->body;
    my ($msn) = $text =~ /MEDIA-SEQUENCE:(\d+)/;
    my ($date, %dates);
    for (split /\n/, $text) {
        $date = seconds($1) if /DATE-TIME:(\S+)/;
        next unless /^#EXTINF:([\d.]+)/;
        $dates{$msn++} = $date;
        $date += $1;
    }
    return \%dates;
}

# The same by the manifest, and its periods.
sub by_manifest {
    my ($name) = @_;
    my @periods = periods($t->get("/live/$name/manifest.mpd")->body,
                          "/live/$name");
    my %dates;
    for my $period (@periods) {
        for my $track (@{ $period->{tracks} }) {
            for (@{ $track->{segments} }) {
                my ($msn, $start) = @$_;
                $dates{twice}++ if $dates{ $track->{id} }{$msn};
                $dates{ $track->{id} }{$msn} = $period->{start}
                    + ($start - $track->{offset}) / $track->{timescale};
            }
        }
    }
    return (\%dates, @periods);
}

sub follows {
    my ($name, $least) = @_;
    my ($manifest, @periods) = by_manifest($name);

    cmp_ok scalar(@periods), '>=', $least, 'there are more periods';
    my %ids = map { $_->{id} => 1 } @periods;
    is scalar(keys %ids), scalar(@periods), 'each has a name';
    is $manifest->{twice}, undef, 'no segment is in two';

    for my $track (qw(v0 a0)) {
        my $dates = dates($name, $track);
        my $got = $manifest->{$track};
        my @missing = grep { !exists $got->{$_} } keys %$dates;
        is "@missing", '', "$track: all segments are in one";
        my @off = map { $got->{$_} - $dates->{$_} }
                  grep { exists $dates->{$_} } keys %$got;
        cmp_ok max(@off), '<', STEP, "$track: none is late";
        cmp_ok min(@off), '>', -STEP(), "$track: none is early";
    }
    return @periods;
}

sub told {
    my (@periods) = @_;
    return { map {
        my $period = $_;
        map { ("$period->{id} $_->{id}" =>
               "$period->{start} $_->{offset} $_->{init}") }
            @{ $period->{tracks} }
    } @periods };
}

# Media that come all at once are those of a clock that is very fast: dates
# follow it by 2 ms in a second.
my $feed = live_feed($t, 'cam', flv => [bitrate => '100k']);
$feed->to(70_000);
my $before = told(follows('cam', 3));

my $dates = dates('cam', 'v0');
my ($first, $last) = (min(keys %$dates), max(keys %$dates));
cmp_ok $dates->{$last} - $dates->{$first}, '<', $last - $first - 0.09,
    'the clock was corrected by more than two steps';
unlike $t->get('/live/cam/v0/index.m3u8')->body, qr/DISCONTINUITY/,
    'playlists have no discontinuity for it';

$feed->to(130_000);
my $after = told(my @periods = follows('cam', 5));
is_deeply { map { $_ => $after->{$_} } keys %$before }, $before,
    'what was told stays';
my @gone = grep { $t->get($_->[3])->status != 200 }
           map { $_->{segments}[0] } map { @{ $_->{tracks} } } @periods;
is scalar(@gone), 0, 'each begins with a segment that is there';

# the clock stays that of the publisher when its codec changes
$feed->change(bitrate => '100k', size => '160x96');
$feed->to(165_000);
my $changed = told(follows('cam', 7));
is_deeply { map { $_ => $changed->{$_} } keys %$before }, $before,
    'what was told stays in another run';

# and what was corrected is not lost when it comes back
$feed->reset;
ok +(wait_for { stream_status($t, 'cam')->{state} eq 'paused' } 5), 'it breaks';
$feed = live_feed($t, 'cam', flv => [bitrate => '100k']);
$feed->to(40_000);
$after = told(@periods = follows('cam', 8));
is_deeply { map { $_ => $after->{$_} } keys %$changed }, $changed,
    'what was told stays when it comes back';
my @starts = map { $_->{start} } @periods;
is_deeply [sort { $a <=> $b } @starts], \@starts, 'periods are in order';
$feed->end;

$t->finish;
done_testing;
