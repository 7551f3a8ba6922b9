#!/usr/bin/perl

# Files of every codec that a browser decodes, and of every awkward timing,
# play in hls.js, Shaka and dash.js: nothing is refused, seeks show the picture
# of that time, and the end comes where the playlist says.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use List::Util qw(max sum0);

use E2E;
use Test::More;
use Test::Video;
use Test::Video::Corpus qw(has_encoder);
use Test::Video::Program;

my $browsers = 4;               # at a time
my ($coder) = values %{ { program_flavours('video-transcoder') } };

# name => manifest, the page's name
my %players = (
    hls        => ['master.m3u8', 'hls'],
    ts         => ['master_ts.m3u8', 'hls'],
    shaka      => ['master.m3u8', 'shaka'],
    shaka_dash => ['manifest.mpd', 'shaka'],
    dash       => ['manifest.mpd', 'dash'],
);

# --- the files --------------------------------------------------------------

my ($av1) = grep { has_encoder($_) } qw(libsvtav1 libaom-av1);
my %av1 = (libsvtav1 => [qw(-c:v libsvtav1 -preset 10)],
           'libaom-av1' => [qw(-c:v libaom-av1 -cpu-used 8 -usage realtime)]);

my @h264 = qw(-c:v libx264 -preset veryfast -bf 2 -sc_threshold 0);
my @aac = qw(-c:a aac -b:a 64k -ac 2);

sub film {
    my ($name, @options) = @_;
    return numbered_film("players_$name.mp4", @options);
}

my $turned = film('turned', filter => 'transpose=1');
my %files = (
    'plain.mp4' => film('plain'),
    'flac.mp4' => film('flac', codecs => [@h264, qw(-c:a flac -strict -2)]),
    'vp9.mp4' => film('vp9', codecs => [qw(-c:v libvpx-vp9 -deadline realtime
                                        -cpu-used 8 -c:a libopus)]),
    'audio.mp4' => media_file('players_audio.mp4', qw(-f lavfi -i),
                              'sine=f=440:r=48000:d=12', @aac),
    'fragments.mp4' => film('fragments',
                            args => [qw(-movflags cmaf+frag_keyframe)]),
    'rare.mp4' => film('rare', seconds => 24, gop => 250),
    'late.mp4' => film('late', late => 1.5, audio => 12, seconds => 10.5),
    'long.mp4' => film('long', seconds => 9, audio => 12),
    'ntsc.mp4' => film('ntsc', rate => '30000/1001', gop => 60,
                       codecs => [@h264, qw(-c:a libopus)]),
    'turned.mp4' => media_file('players_turned_copy.mp4', '-i', $turned,
                               qw(-c copy -metadata:s:v rotate=90)),
    'minute.mp4' => film('minute', seconds => 60),
);

$files{'av1.mp4'} = film('av1', codecs => [@{ $av1{$av1} }, @aac]) if $av1;

my %film = (
    'hd.mp4' => film('hd', size => '640x360',
                     args => [qw(-metadata:s:a language=eng)]),
    'sd.mp4' => film('sd', args => [qw(-an)]),
    'de.m4a' => media_file('players_de.m4a', qw(-f lavfi -i),
                           'sine=f=880:r=48000:d=12', @aac,
                           qw(-metadata:s:a language=deu)),
);

# --- what must be seen ------------------------------------------------------

# The duration that playlists or the manifest say, s.
sub duration {
    my ($t, $path) = @_;
    my $text = $t->get($path)->body;

    return $1 if $text =~ /mediaPresentationDuration="PT([\d.]+)S"/;

    my ($base) = $path =~ m{^(.*/)};
    my @lists = ($text =~ /^([^#\s].*)$/mg,
                 $text =~ /^#EXT-X-MEDIA:.*URI="([^"]+)"/mg);

    return max(map { sum0($t->get($base . $_)->body =~ /^#EXTINF:([\d.]+)/mg) }
               @lists);
}


# A ladder of two rungs: its path.
sub write_ladder {
    my ($t) = @_;

    $t->write_file('ladder.json', JSON::PP->new->encode({ rungs => [
        map { { name => "r$_->[0]", size => $_->[0], bitrate => $_->[1] } }
            ['640x360', '800k'], ['320x180', '300k'] ] }));
    return $t->root . '/ladder.json';
}


# What is wrong with the seeks.
sub lost {
    my ($seen, %o) = @_;
    my @wrong;

    for my $seek (@{ $seen->{seeks} }) {
        my ($asked, $shown) = @$seek{qw(asked shown)};

        if (!defined $shown) {
            push @wrong, "nothing is shown at $asked s";
            next;
        }

        push @wrong, "it stands at $asked s" if !$seek->{goesOn};
        next if $o{audio};

        my $time = $seek->{picture} / $o{rate} + $o{first};
        push @wrong, "at $shown s it shows the picture of $time s"
            if abs($time - $shown) > $o{apart} / $o{rate};
    }

    push @wrong, 'not every seek was made'
        if @{ $seen->{seeks} // [] } < @{ $o{seek} };

    return @wrong;
}


# hls.js moves what it makes of a transport stream so that decoding starts at
# 0, and then jumps to the first picture.
sub wrong {
    my ($t, $path, $seen, %o) = @_;
    my $size = join 'x', map { $_ // '' } @$seen{qw(width height)};
    my $want = $o{audio} ? '0x0' : $o{size};
    my $own = join '|', qw(stall nudge), 'SourceBuffer is still processing',
              $o{ts} ? 'bufferSeekOverHole' : ();
    my @wrong = grep { !/^error: .*(?:$own)/i } complaints($seen);

    push @wrong, 'nothing was played' if !$seen->{played};
    push @wrong, 'no audio' if !$seen->{audioBytes};
    push @wrong, "$seen->{backwards} steps backwards" if $seen->{backwards};
    push @wrong, "a picture of $size" if $size !~ /^(?:$want)$/;
    push @wrong, lost($seen, %o, apart => $o{ts} ? 3.5 : 1.5);

    my $duration = duration($t, $path);
    push @wrong, 'the end never came' if !defined $seen->{endedAt};
    push @wrong, "it ended at $seen->{endedAt} s of $duration s"
        if defined $seen->{endedAt}
           && abs($seen->{endedAt} - $duration) > 0.2;

    return @wrong;
}


# Fast forward by key frames alone: at their times, each the right picture.
sub wrong_trick {
    my ($t, $path, $seen, %o) = @_;
    my @keys = grep { m{/i\d+\.m4s$} } @{ $seen->{fetched} // [] };
    my @frames = grep { $_->[0] > 24 } @{ $seen->{trick} // [] };
    my @wrong = complaints($seen);

    push @wrong, 'key frames were not asked for' if @keys < 3;
    push @wrong, 'it came to ' . ($seen->{called} // 'nothing')
        if ($seen->{called} // 0) < 30;

    for my $frame (@frames) {
        my ($time, $picture) = @$frame;

        # what is drawn may be one later than what the page was told
        push @wrong, "at $time s it shows picture $picture"
            if $picture % 50 || abs($picture / 25 - $time) > 4.1;
    }

    push @wrong, 'no picture was seen' if !@frames;

    return @wrong;
}


sub wrong_language {
    my ($t, $path, $seen, %o) = @_;
    my @wrong = (wrong(@_));

    push @wrong, 'the other language was not asked for'
        if !grep { m{/film/a1/.*\.m4s$} } @{ $seen->{fetched} };

    return @wrong;
}

# --- who plays what ---------------------------------------------------------

# Shaka never comes to an end with a change of sound that a seek breaks in on:
# the new sound has to be there.
my $language = <<'CODE';
    const end = Date.now() + 30000;
    const there = () => performance.getEntriesByType('resource').some(
        ({ name }) => /[/]a1[/].*m4s/.test(name))
        && player.getBufferedInfo().audio.some((range) => range.end > 11);

    player.selectAudioTrack(player.getAudioTracks().find(
        (track) => track.language === 'en'));

    while (!there() && Date.now() < end) {
        await new Promise((done) => setTimeout(done, 50));
    }
CODE

my $fast = <<'CODE';
    const end = Date.now() + 30000;

    player.trickPlay(8);

    while (video.currentTime < 30 && Date.now() < end) {
        await new Promise((done) => setTimeout(done, 50));
    }

    return video.currentTime;
CODE

# Options: seek (positions), rate, first (time of the first picture), audio (no
# pictures), size, location, query, shaka (code), wrong.
my @plays = (
    ['plain.mp4', [qw(hls ts shaka shaka_dash dash)]],
    ['vp9.mp4', [qw(hls shaka_dash)]],
    $av1 ? ['av1.mp4', [qw(shaka dash)]] : (),
    ['flac.mp4', [qw(hls shaka_dash)]],
    ['audio.mp4', [qw(ts dash)], audio => 1],
    ['fragments.mp4', [qw(ts shaka)]],
    ['film', [qw(hls dash)], size => '320x180|640x360'],
    ['rare.mp4', [qw(ts shaka_dash)], seek => [18.3, 4.1]],
    # HLS has no way to say that a track begins late: docs/hls.md
    ['late.mp4', [qw(shaka_dash dash)], first => 1.5],
    ['long.mp4', [qw(ts dash)]],
    ['ntsc.mp4', [qw(shaka dash)], rate => 30000 / 1001],
    ['turned.mp4', [qw(hls shaka_dash)]],
    ['plain.mp4', [qw(hls dash)], first => -4, seek => [4, 2.1],
     location => 'clip', query => '?start=4&end=10'],
    # what video-transcoder makes
    $coder ? ['ladder', [qw(hls ts shaka_dash dash)],
              size => '320x180|640x360'] : (),
    ['film', ['shaka'], size => '320x180|640x360', wrong => \&wrong_language,
     shaka => $language],
    ['minute.mp4', [qw(shaka shaka_dash)], seek => [], end => 0,
     location => 'clip',
     wrong => \&wrong_trick, shaka => $fast],
);

my $t = Test::Video->new;

node_with($t, { locations => <<'CONF' }, %files);
        location /clip/ {
            video_vod   zone=live;
            video_clip  on;
            video_trick_mode on;
            alias       @PREFIX@/media/;
        }

CONF

my $film = $t->root . '/media/film';
mkdir $film or die "$film: $!\n";
symlink $film{$_}, "$film/$_" for keys %film;

if ($coder) {
    my (undef, $err, $code) = program_run($coder, qw(ladder --preset veryfast
        --chunk 4 --ladder), write_ladder($t), '-o',
        $t->root . '/media/ladder', $film{'hd.mp4'});
    $code == 0 or die $err;
}

my @queue;

for my $play (@plays) {
    my ($asset, $names, @options) = @$play;
    my %o = (seek => [7.3, 3.1], rate => 25, first => 0, size => '320x180',
             location => 'vod', query => '', end => 1, wrong => \&wrong,
             @options);

    for my $name (@$names) {
        my ($manifest, $player) = @{ $players{$name} };

        push @queue, {
            path => "/$o{location}/$asset/$manifest$o{query}",
            player => $player, o => { %o, ts => $name eq 'ts' },
        };
    }
}

# for a closer look: patterns of players and addresses
my @only = @ARGV;
@queue = grep { my $play = "$_->{player} $_->{path}";
                !grep { $play !~ /$_/ } @only } @queue;

my @seen = browse_all($t, $browsers, map {
    my $play = $_;
    +{ path => $play->{path}, player => $play->{player}, seconds => 2,
       map { ($_ => $play->{o}{$_}) } qw(seek end shaka) };
} @queue);

for my $play (@queue) {
    my ($path, $player, $o) = @$play{qw(path player o)};
    my $seen = shift @seen;
    my @wrong = $o->{wrong}->($t, $path, $seen, %$o);

    ok(!@wrong, "$player plays $path" . ($o->{shaka} ? ', and more' : ''))
        || diag(join("\n", @wrong), "\n", JSON::PP->new->encode($seen));
}

# --- ffmpeg -----------------------------------------------------------------

# The picture that ffmpeg shows after a seek.
sub picture_at {
    my ($url, $time) = @_;

    open my $fh, '-|', qw(timeout 60 ffmpeg -nostdin -v fatal -ss), $time,
        '-i', $url, qw(-map 0:v:0 -frames:v 1 -vf), 'scale=240:80,format=gray',
        qw(-f rawvideo -) or die "ffmpeg: $!\n";
    local $/;
    my $gray = <$fh> // '';
    close $fh;

    return -1 if length $gray < 240 * 80;

    return sum0(map { ord(substr $gray, 70 * 240 + 20 * $_ + 10, 1) > 128
                      ? 2**$_ : 0 } 0 .. 11);
}

# Of HLS transport streams only: ffmpeg 5.1 finds nothing when it seeks in HLS
# of fMP4, not in its own either.  Of fragments it takes decode times.
for my $play (@plays) {
    my ($asset, $names, @options) = @$play;
    my %o = (rate => 25, first => 0, location => 'vod', query => '',
             seek => [7.3], audio => 0, @options);

    next if $o{shaka} || $o{audio} || @only;

    for my $name ('dash', grep { $_ eq 'ts' } @$names) {
        my $path = "/$o{location}/$asset/$players{$name}[0]$o{query}";
        my $asked = $o{seek}[0];
        my $picture = picture_at('http://127.0.0.1:' . $t->port(0) . $path,
                                 $asked);
        my $time = $picture / $o{rate} + $o{first};

        ok($picture >= 0 && abs($time - $asked) < 0.2, "ffmpeg seeks in $path")
            || diag("at $asked s it shows the picture of $time s");
    }
}

$t->finish;
done_testing;
