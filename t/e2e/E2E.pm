# What the end-to-end suites share: a node with conf/single.conf as it is
# shipped, media, publishers, the browser, and lists of decoded frames.
package E2E;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use File::Path qw(make_path);
use JSON::PP;
use List::Util qw(sum);
use Test::More;

use Test::Video;
use Test::Video::Ladder qw(ladder_program);
use Test::Video::Media qw(media_file);
use Test::Video::Process;

our @EXPORT = qw(node node_with media_file numbered_film publish_ffmpeg publish_file
                 publish_gst on_air unpublish lose browse browse_all
                 browse_start browse_end complaints plays frames same_vod
                 contiguous_in);

my $e2e = dirname(abs_path(__FILE__));
my $root = abs_path("$e2e/../..");


# A node with the shipped configuration on ports of its own, and the given
# files of t/media in its media directory: (name => path, ...).
sub node {
    my ($t, %files) = @_;

    return node_with($t, {}, %files);
}


# The same with more "locations", with "rtmp" for the window of that server,
# "ladder" for what is in the ladder "hd", and "video" for more of "video { }".
sub node_with {
    my ($t, $more, %files) = @_;
    my $dir = $t->root;
    my $text = $t->read_file("$root/conf/single.conf");

    $text =~ s/(?=^ *location = \/status)/$more->{locations}/m
        if $more->{locations};
    $text =~ s/^ *video_window .*\n/$more->{rtmp}/m if $more->{rtmp};
    $text =~ s/^(?= *transcoder )/$more->{video}\n/m if $more->{video};
    $text =~ s/^ *ladder hd \{\n\K[^}]*/$more->{ladder}\n/m if $more->{ladder};

    # pid, log and user are the harness's
    $text =~ s/^(?:daemon|pid|error_log)\s[^;]*;\n//mg;
    $text =~ s/\@USER\@/%%GLOBALS%%/;
    $text =~ s/\@MODULES\@/%%MODULES%%/;
    $text =~ s/\@WORKERS\@/2/;
    $text =~ s/\@TRANSCODER\@/ladder_program() \/\/ '\/bin\/false'/e;
    $text =~ s/\@PREFIX\@/$dir/g;
    $text =~ s/\@ROOT\@/$root/g;
    $text =~ s/\@HTTP_PORT\@/%%PORT_0%%/g;
    $text =~ s/\@RTMP_PORT\@/%%PORT_1%%/g;

    make_path("$dir/media", "$dir/temp");
    symlink $files{$_}, "$dir/media/$_" for keys %files;

    return $t->conf($text)->run;
}


# --- media ------------------------------------------------------------------

my @h264 = qw(-c:v libx264 -preset veryfast -bf 2 -sc_threshold 0);
my @aac = qw(-c:a aac -b:a 64k -ac 2);

# A file with pictures that have their number in the lowest quarter, see
# player.js, and a tone.  Options: rate (25), seconds (12), audio (as long),
# size, gop (in frames), codecs, late (s, before the video begins), filter, args.
sub numbered_film {
    my ($file, %o) = @_;
    my %v = (rate => 25, seconds => 12, size => '320x180', gop => 50,
             codecs => [@h264, @aac], filter => 'null', args => [], %o);
    my $number = "lum='if(gt(Y,H*3/4),if(bitand(N,pow(2,floor(X*12/W))),"
                 . "235,16),lum(X,Y))':cb=128:cr=128";

    return media_file($file,
        ($v{late} ? ('-itsoffset', $v{late}) : ()), qw(-f lavfi -i),
        "testsrc2=size=$v{size}:rate=$v{rate}:duration=$v{seconds},"
        . "geq=$number,$v{filter}", qw(-f lavfi -i),
        'sine=f=440:r=48000:d=' . ($v{audio} // $v{seconds}),
        @{ $v{codecs} }, '-g', $v{gop}, '-keyint_min', $v{gop},
        qw(-pix_fmt yuv420p -fps_mode passthrough), @{ $v{args} },
        qw(-threads 1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact
           -map_metadata -1));
}


# --- publishers -------------------------------------------------------------

sub publish {
    my ($t, @command) = @_;
    my $output = $t->root . "/publisher_" . ($t->{publishers}++ || 0) . '.log';
    my $pid = Test::Video::Process::spawn(cmd => \@command,
                                          output => $output);

    return { pid => $pid, output => $output };
}


# Of a stream, or with its application: "hd/NAME".
sub rtmp_url {
    my ($t, $name) = @_;
    my $path = $name =~ m{/} ? $name : "live/$name";
    return 'rtmp://127.0.0.1:' . $t->port(1) . "/$path";
}


# A test picture with tone from ffmpeg's encoder, for ever.
sub publish_ffmpeg {
    my ($t, $name) = @_;

    return publish($t, qw(ffmpeg -nostdin -v warning
        -re -f lavfi -i testsrc2=size=640x360:rate=30
        -re -f lavfi -i sine=frequency=440:sample_rate=48000
        -c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p
        -b:v 1000k -g 60 -keyint_min 60 -sc_threshold 0
        -c:a aac -b:a 128k -ac 2 -f flv), rtmp_url($t, $name));
}


# A file in real time, its frames as they are.
sub publish_file {
    my ($t, $name, $file) = @_;

    return publish($t, qw(ffmpeg -nostdin -v warning -re -i), $file,
        qw(-c copy -f flv), rtmp_url($t, $name));
}


# A client that shares no code with ffmpeg: gstreamer's rtmp2sink.
sub publish_gst {
    my ($t, $name) = @_;

    my $pipeline = '
        videotestsrc is-live=true pattern=ball !
        video/x-raw,format=I420,width=640,height=360,framerate=30/1 !
        x264enc tune=zerolatency speed-preset=veryfast bitrate=1000
            key-int-max=60 option-string=scenecut=0 !
        video/x-h264,profile=main ! h264parse ! queue ! mux.
        audiotestsrc is-live=true wave=ticks samplesperbuffer=1024 !
        audio/x-raw,rate=48000,channels=2 ! audioconvert !
        avenc_aac bitrate=128000 ! aacparse ! queue ! mux.
        flvmux name=mux streamable=true !
        rtmp2sink';

    return publish($t, 'gst-launch-1.0', '-q', split(' ', $pipeline),
        'location=' . rtmp_url($t, $name));
}


# Waits until the stream has its first playlists; false, with what the
# publisher said, if it doesn't get them.
sub on_air {
    my ($t, $name, $publisher) = @_;

    my $up = wait_for {
        return 'gone' if defined Test::Video::Process::exit_status(
            $publisher->{pid});
        return '' if $t->get("/live/$name/master.m3u8")->status != 200;
        return $t->get("/live/$name/v0/index.m3u8")->body =~ /^#EXTINF/m
               ? 'up' : '';
    } 15;

    return 1 if $up eq 'up';

    open my $fh, '<', $publisher->{output} // '' or return 0;
    diag($_) for <$fh>;
    return 0;
}


sub unpublish {
    my ($publisher) = @_;

    Test::Video::Process::end($publisher->{pid}, 'TERM', 3);
    return;
}


# Ends a publisher without a good-bye.
sub lose {
    my ($publisher) = @_;

    Test::Video::Process::end($publisher->{pid}, 'KILL', 3);
    return;
}


# --- the browser ------------------------------------------------------------

# What the player page saw, see player.js.  Options: subtitles (that are
# chosen, by their language), shaka (code), seek (positions), end, survive,
# change, mark (file).
sub browse {
    my ($t, $path, $player, $seconds, %o) = @_;

    return (browse_all($t, 1, { path => $path, player => $player,
                                seconds => $seconds, %o }))[0];
}


# The same of many plays, which so many browsers share.
sub browse_all {
    my ($t, $browsers, @plays) = @_;

    return browse_end(browse_start($t, $browsers, @plays));
}


# The same in two steps, for what is to happen meanwhile.
sub browse_start {
    my ($t, $browsers, @plays) = @_;
    my $page = 'http://127.0.0.1:' . $t->port(0) . '/';
    my @pipes;

    for my $n (0 .. $browsers - 1) {
        my @mine = @plays[grep { $_ % $browsers == $n } 0 .. $#plays] or next;
        my $seconds = sum(map { 90 + 3 * $_->{seconds} } @mine);
        my $json = encode_json([map { { %$_, url => $_->{path},
                                        seek => join ',', @{ $_->{seek} // [] }
                                      } } @mine]);

        open $pipes[$n], '-|', 'timeout', $seconds, 'node', "$e2e/player.js",
            '--page', $page, '--plays', $json or die "cannot run node: $!\n";
    }

    return { pipes => \@pipes, plays => scalar @plays };
}


sub browse_end {
    my ($browsing) = @_;
    my @pipes = @{ $browsing->{pipes} };
    my @seen;

    for my $i (0 .. $browsing->{plays} - 1) {
        my $json = readline $pipes[$i % @pipes];

        push @seen, eval { decode_json($json) }
            || { errors => [{ text => 'no answer from the browser' }] };
    }

    close $_ for @pipes;
    return @seen;
}


# All that the player, the console and the requests had to say against it.
sub complaints {
    my ($seen) = @_;

    return (
        (map { ($_->{fatal} ? 'fatal error: ' : 'error: ') . $_->{text} }
            @{ $seen->{errors} // [] }),
        (map { "in the console: $_" } @{ $seen->{consoleErrors} // [] }),
        (map { "request failed: $_" } @{ $seen->{failedRequests} // [] }),
        (map { "answer $_" } @{ $seen->{refused} // [] }),
    );
}


# One test: the page plays the address with this player, and nothing is wrong.
# A busy machine makes a player stall, drop frames and fall behind by itself:
# that is told, but only what we have in hand fails: answers, errors that end
# playback, media that does not decode, time that runs backwards.  hls.js then
# also appends to a buffer that it has not waited for, and tries again; live
# sources drop pictures, which are holes.
# Options: latency (that is expected), fps.
sub plays {
    my ($t, $path, $player, $seconds, %o) = @_;
    my $seen = browse($t, $path, $player, $seconds);
    my $played = $seen->{played} // 0;
    my (@wrong, @slow);

    for my $complaint (complaints($seen)) {
        my $own = qr/stall|nudge|SeekOverHole|buffer is still processing/i;
        my $list = $complaint =~ /^error: .*$own/ ? \@slow : \@wrong;
        push @$list, $complaint;
    }

    push @wrong, "played $played s of $seconds s" if $played < $seconds / 2;
    push @wrong, 'no audio' if !$seen->{audioBytes};
    push @wrong, "$seen->{backwards} steps backwards" if $seen->{backwards};
    push @wrong, "decoded $seen->{frames} frames"
        if ($seen->{frames} // 0) < 0.5 * $played * ($o{fps} // 30);

    push @slow, "$seen->{stalls} stalls" if $seen->{stalls};
    push @slow, 'latency ' . ($seen->{latency} // 'unknown')
        if $o{latency} && !(defined $seen->{latency}
                            && $seen->{latency} < $o{latency});
    diag("$player, $path: ", join('; ', @slow)) if @slow;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $latency = defined $seen->{latency} ? ", latency $seen->{latency} s"
                                           : '';
    ok(!@wrong, ($seen->{name} // $player) . " plays $path$latency")
        || diag(join("\n", @wrong), "\n", JSON::PP->new->encode($seen));

    return $seen;
}


# --- decoded frames ---------------------------------------------------------

# frames($input, 'v' or 'a', @options): the decoded frames of its first track,
# { hash, time in seconds }.
sub frames {
    my ($input, $kind, @options) = @_;
    my @command = (qw(timeout 900 ffmpeg -nostdin -v error), @options, '-i',
        $input, '-map', "0:$kind:0", qw(-fps_mode passthrough
        -enc_time_base -1 -f framemd5 -));
    my ($base, @frames) = (1);

    open my $fh, '-|', @command or die "cannot run ffmpeg: $!\n";

    while (my $line = <$fh>) {
        if ($line =~ m{^#tb 0: (\d+)/(\d+)}) {
            $base = $1 / $2;
            next;
        }

        next if $line =~ /^#/;

        my @field = split /,\s*/, $line;
        chomp $field[5];
        push @frames, { time => $field[2] * $base, hash => $field[5] };
    }

    close $fh;
    diag("ffmpeg ended with $? on $input") if $?;
    return @frames;
}


# Where the first list stands in the second without a gap; -1 if it doesn't.
sub contiguous_in {
    my ($part, $whole) = @_;

    return -1 if !@$part;

  START:
    for my $start (0 .. @$whole - @$part) {
        for my $i (0 .. $#$part) {
            next START if $part->[$i]{hash} ne $whole->[$start + $i]{hash};
        }
        return $start;
    }

    return -1;
}


# Five tests: an asset's frames are the file's, all of them and in order, each
# at its time, and the sound is where it was.  ffmpeg doesn't drop the priming
# of AAC from fragments, so up to three frames of audio more are accepted in
# front.
sub same_vod {
    my ($t, $asset, $manifest, $file) = @_;
    my $path = "$asset/$manifest";
    my $url = 'http://127.0.0.1:' . $t->port(0) . $path;
    my @video = frames($file, 'v');
    my @audio = frames($file, 'a');
    my @got_video = frames($url, 'v');
    my @got_audio = frames($url, 'a');

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is(scalar @got_video, scalar @video, "$path: number of frames");
    is(first_difference(\@video, \@got_video), '', "$path: every frame");

    my $start = contiguous_in(\@audio, \@got_audio);
    my $extra = @got_audio - @audio;
    ok($start >= 0 && $start <= 3 && $extra == $start, "$path: every sample")
        || diag("file: ", scalar @audio, " frames of audio, got: ",
                scalar @got_audio, ", in order from $start");

    is(worst_step(\@video, \@got_video), '', "$path: every frame's time");

    my @starts = map { track_start($t, "$asset/$_") } 'v0', 'a0';
    my $offset = $starts[1][$start < 0 ? 0 : $start] - $starts[0][0]
                 - ($audio[0]{time} - $video[0]{time});
    cmp_ok(abs($offset), '<', 0.002, "$path: sound is where it was")
        || diag("it is off by $offset s");

    return;
}


sub first_difference {
    my ($want, $got) = @_;
    my $last = $#$want > $#$got ? $#$want : $#$got;

    for my $i (0 .. $last) {
        return "frame $i" if ($want->[$i]{hash} // 'none')
                             ne ($got->[$i]{hash} // 'none');
    }

    return '';
}


sub worst_step {
    my ($want, $got) = @_;

    for my $i (1 .. $#$want) {
        my $is = ($got->[$i]{time} // 1e9) - $got->[0]{time};
        my $must = $want->[$i]{time} - $want->[0]{time};

        return "frame $i at $is s instead of $must s"
            if abs($is - $must) > 0.001;
    }

    return '';
}


# --- boxes ------------------------------------------------------------------

# The presentation times of the first segment's samples, sorted, in seconds, by
# the boxes themselves: ffmpeg moves fragments with negative composition
# offsets.
sub track_start {
    my ($t, $base) = @_;
    my $list = $t->get("$base/index.m3u8")->body;
    my ($init) = $list =~ /^#EXT-X-MAP:URI="([^"]+)"/m;
    my ($first) = $list =~ /^([^#\s].*)$/m;
    my $moov = box($t->get("$base/$init")->body, 'moov');
    my $moof = box($t->get("$base/$first")->body, 'moof');

    my $trak = box($moov, 'trak');
    my $mdhd = box($trak, 'mdia', 'mdhd');
    my $scale = unpack ord $mdhd ? 'x20 N' : 'x12 N', $mdhd;
    my $movie = unpack ord(box($moov, 'mvhd')) ? 'x20 N' : 'x12 N',
                       box($moov, 'mvhd');
    my ($duration) = unpack 'x12 N', box($moov, 'mvex', 'trex');
    my $tfhd = box($moof, 'traf', 'tfhd');
    my $flags = unpack('N', $tfhd) & 0xffffff;
    my $at = 8 + ($flags & 1 ? 8 : 0) + ($flags & 2 ? 4 : 0);

    $duration = unpack "x$at N", $tfhd if $flags & 8;

    my $tfdt = box($moof, 'traf', 'tfdt');
    my $time = unpack ord $tfdt ? 'x4 Q>' : 'x4 N', $tfdt;
    my @times = map { $_ / $scale + edit($trak, $scale, $movie) }
                trun_times(box($moof, 'traf', 'trun'), $time, $duration);

    return [sort { $a <=> $b } @times];
}


# The body of the first box of this path, '' if there is none.
sub box {
    my ($data, $type, @rest) = @_;

    while (length $data >= 8) {
        my ($size, $is) = unpack 'N a4', $data;

        last if $size < 8;

        if ($is eq $type) {
            my $body = substr $data, 8, $size - 8;
            return @rest ? box($body, @rest) : $body;
        }

        $data = substr $data, $size;
    }

    return '';
}


# What the edit list adds to the times of a track, s.
sub edit {
    my ($trak, $scale, $movie) = @_;
    my $elst = box($trak, 'edts', 'elst');

    return 0 if $elst eq '';

    my ($version, $count) = unpack 'C x3 N', $elst;
    my $form = $version ? 'Q> q> x4' : 'N l> x4';
    my @entry = unpack "x8 ($form)$count", $elst;
    my $shift = 0;

    while (my ($duration, $media) = splice @entry, 0, 2) {
        return $shift - $media / $scale if $media >= 0;
        $shift += $duration / $movie;
    }

    return $shift;
}


sub trun_times {
    my ($trun, $time, $default) = @_;
    my ($flags, $count) = unpack 'N N', $trun;
    my $at = 8 + ($flags & 1 ? 4 : 0) + ($flags & 4 ? 4 : 0);
    my @fields = grep { $flags & $_ } 0x100, 0x200, 0x400, 0x800;
    my @times;

    for (1 .. $count) {
        my %value = map { ($fields[$_] => unpack 'x' . ($at + 4 * $_)
                           . ' l>', $trun) } 0 .. $#fields;

        $at += 4 * @fields;
        push @times, $time + ($value{0x800} // 0);
        $time += $value{0x100} // $default;
    }

    return @times;
}


1;
