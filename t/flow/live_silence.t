# Proves that sound which is missing is silence, from the picture on where it
# ended until the one where it is back: of a publisher that comes back without
# it, or stops to send it; that nothing of what is sent moves by it; and that
# sound which is only late is no missing one.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Known;
use Test::Video::Live;
use Test::Video::Record;

my $t = Test::Video->new;
$t->conf(live_conf(grace => '10s', window => '30s', zone => '128m', servers => '
    server {
        listen 127.0.0.1:%%PORT_2%%;
        video_rtmp rec zone=live;
        video_segment 1s;
        video_window 30s;
        video_bitrate 512k;
        video_publish_grace 10s;
        video_audio_fill 2s;
        video_record rec;
    }', locations => '
        location /rec/ { video_live zone=live; }
        location /vod/ { video_vod zone=live; alias %%ROOT%%/rec/; }'))->run;
known_stream($_) for qw(avc hevc);

my %rate = (avc => 1024 / 48, hevc => 20);      # ms of a frame of sound

# Of pictures $from to $to (without the last) these tracks, in order of time;
# the sound sent "late" ms after its time.
sub frames {
    my ($kind, $from, $to, $tracks, $late) = @_;
    my @tags;

    $late //= 0;
    push @tags, map { [$_ * 40, known_tag($kind, 0, 'v0', 'cam', $_, 0)] }
                $from .. $to - 1 if $tracks =~ /v/;
    push @tags, map { [$_ * $rate{$kind} + $late,
                       known_tag($kind, 0, 'a0', 'cam', $_, 0)] }
                grep { my $at = $_ * $rate{$kind} + $late;
                       $at >= $from * 40 && $at < $to * 40 }
                0 .. $to * 40 / $rate{$kind} if $tracks =~ /a/;
    return map { $_->[1] } sort { $a->[0] <=> $b->[0] } @tags;
}

sub publish {
    my ($name, $kind, $headers, $to, $tracks, %o) = @_;
    my @headers = grep { my $is = $_->{type} == 9 ? 'v' : 'a';
                         $headers =~ /$is/ } known_headers($kind, 0, 1000);
    return live_sent($t, $name, [@headers, frames($kind, 25, $to, $tracks)],
                     %o);
}

sub lose {
    my ($name, $feed) = @_;
    $feed->reset;
    ok +(wait_for { stream_status($t, $name)->{state} eq 'paused' } 5),
        "$name: a publisher is lost";
    return;
}

# The runs of a playlist: { init, segments }, paths; init undef as TS.
sub runs {
    my ($path) = @_;
    my ($base) = $path =~ m{^(.*/)};

    return map {
        my ($init) = /^#EXT-X-MAP:URI="([^"]+)"/m;
        +{ init => $init && $base . $init,
           segments => [map { $base . $_ } m{^(e[\w-]+/\d+\.\w+)$}mg] };
    } split /^#EXT-X-DISCONTINUITY\n/m, $t->get($path)->body;
}

# What there is of sound, in order: ["silence", samples], ["sound", first, last]
# for numbers that follow each other; and whether decode times go on in a run.
sub heard {
    my ($kind, $path) = @_;
    my @heard;

    for my $run (runs($path)) {
        my $init = $t->get($run->{init})->body;
        my $timing = Test::Video::Corpus::init_of(\$init);
        my (@of, $end);
        my $torn = 0;

        for my $uri (@{ $run->{segments} }) {
            my $body = $t->get($uri)->body;

            for my $s (Test::Video::Corpus::samples_of(\$body, $timing)) {
                my (undef, undef, $n) = known_check($kind, $s->{data});

                $torn++ if defined $end && abs($end - $s->{dts}) > 0.00005;
                $end = $s->{dts} + $s->{duration};

                if (!defined $n) {
                    push @of, ['silence', 0] if !@of || $of[-1][0] ne 'silence';
                    $of[-1][1]++;
                } elsif (@of && $of[-1][0] eq 'sound' && $of[-1][2] + 1 == $n) {
                    $of[-1][2] = $n;
                } else {
                    push @of, ['sound', $n, $n];
                }
            }
        }
        push @heard, @of;
        push @heard, ["$torn steps"] if $torn;
    }
    return \@heard;
}

# The numbers, discontinuities and gaps of both tracks are the same.
sub alike {
    my ($base, $when) = @_;
    my @of = map {
        my $text = $t->get("$base/$_/index.m3u8")->body;
        join ' ', $text =~ /^(\#EXT-X-(?:MEDIA-SEQUENCE:\d+|DISCONTINUITY
                            (?:-SEQUENCE:\d+)?|GAP)|e\w+\/\d+\.m4s)$/mgx;
    } qw(v0 a0);
    is $of[1], $of[0], "$base: sound has the segments of pictures $when";
    return;
}

sub periods {
    my ($base) = @_;
    return map { join ' ', /<Representation id="(\w+)"/g }
           $t->get("$base/manifest.mpd")->body =~ m{<Period (.*?)</Period>}gs;
}

sub silent { return stream_status($t, $_[0])->{ingest}{silent} }
sub dropped { return stream_status($t, $_[0])->{ingest}{dropped}{silent} }

# --- a publisher that is back without its sound ------------------------------

# what is not announced is waited for, for a second: the picture that is the
# first then
for my $how (['av', 25, 'nothing comes of it'],
             ['v', 75, 'it is not announced'])
{
    my ($headers, $first, $why) = @$how;
    my $name = "back_$headers";
    my $base = "/live/$name";

    my $feed = publish($name, 'avc', 'av', 100, 'va');
    my ($run) = stream_status($t, $name)->{runs};
    lose($name, $feed);
    $feed = publish($name, 'avc', $headers, 150, 'v');
    is stream_status($t, $name)->{runs}, 2, "the stream goes on, $why";
    alike($base, 'then');
    is_deeply [periods($base)], ['v0 a0', 'v0 a0'], 'so has DASH';

    my $heard = heard('avc', "$base/a0/index.m3u8");
    is scalar(@$heard), 2, 'sound, and then silence'
        or diag(explain($heard));
    is $heard->[0][0] . $heard->[1][0], 'soundsilence', 'in that order';
    cmp_ok $heard->[1][1], '>=', int((125 - $first) * 40 / $rate{avc}),
        'all the time';
    is silent($name), int((149 - $first) * 40 / $rate{avc}),
        'up to the newest picture, not beyond';
    is dropped($name), 0, 'nothing is left out for it';
    $t->log_like(qr/\[warn\].*stream "$name": audio is missing, there is/,
                 'a line says so');

    lose($name, $feed);
    $feed = publish($name, 'avc', 'av', 100, 'va');
    alike($base, 'when it is back');
    $heard = heard('avc', "$base/a0/index.m3u8");
    is join(' ', map { $_->[0] // '-' } @$heard), 'sound silence sound',
        'sound again';
    $feed->end;
}

# --- sound that stops, and comes again ---------------------------------------

for my $kind (qw(avc hevc)) {
    my $name = "stops_$kind";
    my $feed = publish($name, $kind, 'av', 100, 'va');
    $feed->send(frames($kind, 100, 120, 'v'));
    is silent($name), 0, "$kind: nothing for less than a second is nothing";
    $feed->send(frames($kind, 120, 200, 'v'));
    cmp_ok silent($name), '>', 3800 / $rate{$kind}, 'then there is silence';
    $feed->send(frames($kind, 200, 300, 'va'));

    my @last = (int(3999.99 / $rate{$kind}), int(7999.99 / $rate{$kind}) + 1);
    cmp_ok abs(silent($name) - ($last[1] - $last[0] - 1)), '<=', 1,
        'just as long as it was missing';
    my $heard = heard($kind, "/live/$name/a0/index.m3u8");
    is join(' ', map { $_->[0] } @$heard), 'sound silence sound',
        'one run, no step';
    is $heard->[0][2], $last[0], 'all of the sound before it';
    cmp_ok abs($heard->[2][1] - $last[1]), '<=', 1, 'and after it';
    is stream_status($t, $name)->{runs}, 1, 'it is one run';
    alike("/live/$name", 'all the time');

    # where sound is to the pictures
    my ($a, $v) = map { live_track($t, "/live/$name/$_/index.m3u8") }
                  qw(a0 v0);
    my ($late) = grep { my (undef, undef, $n) = known_check($kind, $_->{data});
                        defined $n && $n == $heard->[2][1] + 20 }
                 @{ $a->{samples} };
    my $want = $v->{samples}[0]{pts}
               + (($heard->[2][1] + 20) * $rate{$kind} - 1000) / 1000;
    $want -= 0.04 if $kind eq 'hevc';           # its pictures are shown later
    cmp_ok abs($late->{pts} - $want), '<', 0.025, 'sound is with its pictures'
        or diag("$late->{pts} s, not $want s");
    $feed->end;
}

# --- sound that is late ------------------------------------------------------

my $feed = publish('late', 'avc', 'av', 25, '');
$feed->send(frames('avc', 25, 250, 'va', 800));
is silent('late'), 0, 'sound that is behind is not missing';
is_deeply [map { $_->[0] } @{ heard('avc', '/live/late/a0/index.m3u8') }],
    ['sound'], 'it is heard';
$feed->end;

$feed = publish('later', 'avc', 'av', 25, '');
$feed->send(frames('avc', 25, 250, 'va', 1700));
cmp_ok abs(silent('later') - 1700 / $rate{avc}), '<=', 3,
    'if it begins too late there is silence before';
is_deeply [map { $_->[0] } @{ heard('avc', '/live/later/a0/index.m3u8') }],
    ['silence', 'sound'], 'but not again, however far behind it stays';
$feed->end;

$feed = publish('begins', 'avc', 'av', 100, 'v');
cmp_ok silent('begins'), '>', 2900 / $rate{avc}, 'a stream begins without';
alike('/live/begins', 'from the beginning');
$feed->send(frames('avc', 60, 100, 'a'));
cmp_ok dropped('begins'), '>', 1500 / $rate{avc}, 'what comes now is too late';
$feed->send(frames('avc', 100, 200, 'va'));
my $heard = heard('avc', '/live/begins/a0/index.m3u8');
is join(' ', map { $_->[0] } @$heard), 'silence sound', 'the next is not';
cmp_ok abs($heard->[1][1] - 4000 / $rate{avc}), '<=', 3, 'from there on';
$feed->end;

# the pictures stop, not the sound
$feed = publish('dark', 'avc', 'av', 100, 'va');
$feed->send(frames('avc', 100, 400, 'a'), frames('avc', 400, 500, 'va'));
is silent('dark'), 0, 'pictures that are missing are no missing sound';
$t->no_log(qr/"dark": audio is missing/, 'and nobody says so');
$feed->end;

# two seconds of pictures, two of sound, and so on
$feed = publish('bursts', 'avc', 'av', 25, '');
for my $n (0 .. 7) {
    my ($from, $to) = (25 + 50 * $n, 75 + 50 * $n);
    $feed->send(frames('avc', $from, $to, 'v'), frames('avc', $from, $to, 'a'));
}
cmp_ok silent('bursts'), '<=', 2000 / $rate{avc} + 1,
    'sound in bursts: silence once';
$heard = heard('avc', '/live/bursts/a0/index.m3u8');
is join(' ', map { $_->[0] } @$heard), 'silence sound', 'and then it is heard';
$feed->end;

# sound that is ahead of the pictures when it comes
$feed = publish('ahead', 'avc', 'av', 150, 'v');
$feed->send(frames('avc', 160, 170, 'a'), frames('avc', 150, 170, 'v'),
            frames('avc', 170, 200, 'va'));
is join(' ', map { $_->[0] } @{ heard('avc', '/live/ahead/a0/index.m3u8') }),
    'silence sound', 'silence goes on to where sound begins';
$feed->end;

# pictures faster than time
$feed = publish('fast', 'avc', 'av', 100, 'v');
$feed->send(frames('avc', 100, 2400, 'v'));
cmp_ok silent('fast') * $rate{avc}, '<', 75_000,
    'no more silence than a minute and the time that has passed';
cmp_ok silent('fast') * $rate{avc}, '>=', 59_000, 'and not less';
$feed->end;

# --- sound that was never there, or can't be made ----------------------------

$feed = publish('mute', 'avc', 'v', 150, 'v');
is join(' ', periods('/live/mute')), 'v0', 'pictures alone';
is silent('mute'), 0, 'are what they are';
lose('mute', $feed);
$feed = publish('mute', 'avc', 'v', 150, 'v');
is silent('mute'), 0, 'also when they go on';
$feed->end;

$feed = publish('radio', 'avc', 'a', 100, 'a');
is silent('radio'), 0, 'sound alone is not filled';
$feed->end;

# --- another sound than before -----------------------------------------------

$feed = publish('other', 'avc', 'av', 100, 'va');
lose('other', $feed);
$feed = publish('other', 'avc', 'v', 150, 'v');
cmp_ok silent('other'), '>', 2900 / $rate{avc}, 'silence as of AAC';
my ($opus) = grep { $_->{type} == 8 } known_headers('hevc', 0, 6000);
$feed->send($opus, frames('avc', 150, 176, 'v'),
            frames('hevc', 175, 176, 'a'), frames('avc', 176, 250, 'v'),
            frames('hevc', 176, 250, 'a'));
like stream_status($t, 'other')->{tracks}[1]{codec}, qr/opus/i,
    'then Opus comes, in a run of its own';
is stream_status($t, 'other')->{runs}, 3, 'which goes on';
$feed->end;

# --- a recording -------------------------------------------------------------

$feed = publish('tape', 'avc', 'av', 100, 'va', app => 'rec', port => 2);
lose('tape', $feed);
$feed = publish('tape', 'avc', 'v', 120, 'v', app => 'rec', port => 2);
is silent('tape'), 0, 'video_audio_fill is longer here';
$feed->send(frames('avc', 120, 200, 'v'));
cmp_ok silent('tape'), '>', 4900 / $rate{avc}, 'and over';
$feed->end;
my ($dir) = map { m{([^/]+)$} } glob $t->root . '/rec/tape/2*';
ok +(wait_for { recorded($t, 'tape', '0002/a0.mp4') >= 5 } 5),
    'silence is recorded';
my $base = "/vod/tape/$dir";
is $t->get("$base/master.m3u8")->status, 200, 'and is an asset';
$heard = heard('avc', "$base/a0/index.m3u8");
is join(' ', map { $_->[0] } @$heard), 'sound silence', 'that plays';

# --- what decoders say -------------------------------------------------------

$feed = live_feed($t, 'real');
$feed->to(2000);
$feed->reset;
ok +(wait_for { stream_status($t, 'real')->{state} eq 'paused' } 5), 'real';
$feed = live_feed($t, 'real', only => 'video');
$feed->to(4000);
$feed->end;
for my $list (qw(v0/index_ts.m3u8 a0/index.m3u8)) {
    my $run = (runs("/live/real/$list"))[1];
    my $file = $t->root . '/real';

    $t->write_file('real', join '', map { $t->get($_)->body }
                           grep { defined } $run->{init}, @{ $run->{segments} });
    my $said = qx(ffmpeg -v error -nostdin -i $file -map 0:a:0 -f s16le -y $file.pcm 2>&1);
    is $said, '', "$list: a decoder finds no fault";
    open my $fh, '<:raw', "$file.pcm" or die "$file.pcm: $!\n";
    my $pcm = do { local $/; <$fh> };
    cmp_ok length($pcm), '>', 48000 * 2, 'in more than half a second';
    unlike $pcm, qr/[^\0]/, 'and no sound';
}

$t->finish;
done_testing;
