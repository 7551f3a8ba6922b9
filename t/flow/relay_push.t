# Proves that what a publisher sends reaches every target of video_push to the
# byte, in order and with its timestamps; that a target that is slow, dead,
# rude or gone for a while costs neither the publisher nor the others anything,
# and gets whole GOPs with their headers; and that pushes follow publishers over
# codec changes, reloads and killed workers, and never run in circles.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::AMF qw(amf_encode amf_string);
use Test::Video::FLV;
use Test::Video::Live;
use Test::Video::RTMP;
use Test::Video::Target;

my $t = Test::Video->new(log_level => 'info');
my $tags = live_tags();
my $dir = $t->root;

sub target { return Test::Video::Target->of($t, @_) }

sub server {
    my ($n, $more) = @_;

    return "server { listen 127.0.0.1:%%PORT_$n%%; video_rtmp live zone=live;\n"
         . "video_segment 1s; video_window 8s; video_bitrate 512k;\n"
         . "video_publish_grace 0; $more }\n";
}

# port 1 pushes to the targets 5, 6 and to the zone "other" of port 2
my $pushes = join '', map { "video_push $_;\n" }
    'rtmp://127.0.0.1:%%PORT_5%%/app', 'rtmp://127.0.0.1:%%PORT_6%%/one/two?k=v',
    'rtmp://127.0.0.1:%%PORT_2%%/live';

sub conf {
    my (%o) = @_;
    my $conf = live_conf(rtmp => $pushes . 'video_push_timeout 2s;',
        servers => server(2, '') =~ s/zone=live/zone=other/r,
        locations => "location /other/ { video_live zone=other; }", %o);

    $conf =~ s/zone live 64m;/zone live 64m; zone other 64m;/;
    return $conf;
}

# A publisher, that sends what it is told.
sub publisher {
    my ($name, %o) = @_;
    my $rtmp = $t->rtmp(port => $o{port} // 1);

    $rtmp->handshake or die "no handshake\n";
    $rtmp->connect_app('live', object => $o{object});
    my $status = $rtmp->publish($name);
    is $status && $status->{info}{code}, 'NetStream.Publish.Start',
        "publisher $name" if !$o{quiet};
    $rtmp->set_chunk_size(65536);
    return $rtmp;
}

my $metadata = "\x02\x00\x0d\@setDataFrame"
    . amf_encode(amf_string('onMetaData'), { framerate => 30, width => 320 });
my @headers = ([18, 0, $metadata], [9, 0, $tags->{video_header}{body}],
               [8, 0, $tags->{audio_header}{body}]);
my @frames = map { [@$_{qw(type timestamp body)}] } @{ $tags->{frames} };

sub send_all {
    my ($rtmp, @list) = @_;
    $rtmp->send_tag(@$_) for @list;
    return @list;
}

# Frames of a span of time, a round of the file after another.
sub span {
    my ($from, $to) = @_;
    my $round = 6000;
    my @out;

    for my $n (int($from / $round) .. int(($to - 1) / $round)) {
        push @out, map { [$_->[0], $_->[1] + $n * $round, $_->[2]] } @frames;
    }
    return grep { $_->[1] >= $from && $_->[1] < $to } @out;
}

sub text { return join "\n", map { "$_->[0] $_->[1] " . length($_->[2]) . ' '
                                   . unpack 'H16', $_->[2] } @_ }

# All messages, and no other.
sub same {
    my ($target, $want, $title) = @_;
    my @got;

    wait_for { (@got = $target->messages) >= @$want } 10;
    is scalar(@got), scalar(@$want), "$title: as many messages";
    my ($bad) = grep { "@{ $got[$_] // [] }" ne "@{ $want->[$_] }" } 0 .. $#$want;
    is $bad, undef, "$title: to the byte";
    diag("first is $bad:\n" . text(@got[$bad .. $bad + 2]) . "\nwant\n"
         . text(@$want[$bad .. $bad + 2])) if defined $bad && @got > $bad + 2;
    return @got;
}

sub commands {
    my ($target, $conn) = @_;
    return join ' ', map { $_->{name} }
        grep { !$conn || $_->{conn} == $conn } $target->events('command');
}

my $one = target(5);
my $two = target(6, odd => 1);

$t->conf(conf())->run;


# --- to the byte ------------------------------------------------------------

my $rtmp = publisher('cam?key=secret');
my @sent = send_all($rtmp, @headers, span(0, 1000));

# messages of other kinds, in their place
my @cue = ([18, 1000, amf_encode(amf_string('onTextData'), { text => 'hi' })],
           [18, 1000, amf_encode(amf_string('onCuePoint'), { name => 'x' })],
           [15, 1000, "\0" . amf_encode(amf_string('onX'), 1)]);
push @sent, send_all($rtmp, @cue, span(1000, 5000));
ok +(wait_for { $t->get('/other/cam/v0/index.m3u8')->status == 200 } 5),
    'another application plays it';
$rtmp->unpublish('cam');

same($one, \@sent, 'a target');
same($two, \@sent, 'one that says more than it must');
is +($one->published)[0], 'cam', 'the name is appended, without arguments';
is +($two->published)[0], 'two?k=v', 'or is that of the URL';
ok +(wait_for { commands($one) =~ /deleteStream/ } 5), 'good-bye';
is commands($one), 'connect releaseStream FCPublish createStream publish '
    . 'FCUnpublish deleteStream', 'all commands';
my ($connect) = $one->events('command');
is $connect->{args}[0]{app}, 'app', 'app';
is $connect->{args}[0]{tcUrl}, 'rtmp://127.0.0.1:' . $t->port(5) . '/app',
    'tcUrl';
is +($two->events('message'))[0]{stream}, 7, 'the stream that was created';
is +($one->events('handshake'))[0]{echo}, 1, 'C2 is an echo';
$t->log_like(qr/\[notice\].*push has begun while pushing "cam" to "rtmp:\S+app"/,
    'log of the begin');
ok +(wait_for { $t->log_count(qr/push has ended, 0 messages left out/) == 3 } 5),
    'log of the end';
$t->no_log(qr/two\?k=v|secret/, 'names in URLs and arguments are not logged');

# and again
$_->forget for $one, $two;
$rtmp = publisher('cam');
@sent = send_all($rtmp, @headers, span(0, 500));
same($one, \@sent, 'the publisher comes back');
$rtmp->reset;
ok +(wait_for { commands($one) =~ /deleteStream/ } 5),
    'its interruption is an end to the target';

# late timestamps, extended ones, and a large message
$_->forget for $one, $two;
$rtmp = publisher('late');
my $late = 0xfffffe00;
@sent = send_all($rtmp, @headers);
push @sent, send_all($rtmp, map { [$_->[0], ($_->[1] + $late) & 0xffffffff,
                                   $_->[2]] } span(0, 2000));
push @sent, send_all($rtmp, [18, 1500, amf_encode(amf_string('onBig'),
                                                amf_string('x' x 500_000))]);
same($one, \@sent, 'timestamps that wrap, a large message');
same($two, \@sent, 'to all');
$rtmp->unpublish('late');

# Enhanced RTMP is not understood, but passed on: HDR metadata is a header
$_->forget for $one, $two;
$rtmp = publisher('enhanced');
my $hdr = "\x94avc1" . amf_encode(amf_string('colorInfo'), { x => 1 });
my ($avcc) = substr $tags->{video_header}{body}, 5;
@sent = send_all($rtmp, [9, 0, "\x90avc1$avcc"], [9, 0, $hdr], $headers[2],
    map { $_->[0] == 9
          ? [9, $_->[1], pack('C', unpack('C', $_->[2]) & 0x70 | 0x81) . 'avc1'
                         . substr $_->[2], 2] : $_ } span(0, 2500));
same($one, \@sent, 'Enhanced RTMP');

# a target that is lost begins with the headers and a key frame
$one->stop;
ok +(wait_for { $t->log =~ /\[error\].*push was interrupted: connection closed while pushing "enhanced"/ } 5),
    'a target that goes is logged';
$one->forget;
$one->start;
send_all($rtmp, map { [$_->[0], $_->[1],
    $_->[0] == 9 ? pack('C', unpack('C', $_->[2]) & 0x70 | 0x81) . 'avc1'
                   . substr($_->[2], 2) : $_->[2]] } span(2500, 4500));
ok +(wait_for { $one->messages > 3 } 5), 'and comes back';
my @got = $one->messages;
is $got[0][2], "\x90avc1$avcc", 'the codec header';
is $got[1][2], $hdr, 'HDR metadata';
is $got[2][2], $headers[2][2], 'that of audio';
is ord(substr $got[3][2], 0, 1) & 0xf0, 0x90, 'a key frame';
is $got[0][1], $got[3][1], 'headers have its timestamp';
same($two, [@sent, map { [$_->[0], $_->[1],
    $_->[0] == 9 ? pack('C', unpack('C', $_->[2]) & 0x70 | 0x81) . 'avc1'
                   . substr($_->[2], 2) : $_->[2]] } span(2500, 4500)],
    'the other one misses nothing');
$rtmp->unpublish('enhanced');

# --- a codec that changes ----------------------------------------------------

$_->forget for $one, $two;
my $small = live_tags(size => '160x90');
$rtmp = publisher('change');
@sent = send_all($rtmp, @headers, span(0, 2000));
my @after = map { [$_->{type}, $_->{timestamp} + 2000, $_->{body}] }
            grep { $_->{timestamp} < 2000 } @{ $small->{frames} };
push @sent, send_all($rtmp, [9, 2000, $small->{video_header}{body}], @after);
same($one, \@sent, 'a codec change');
is stream_status($t, 'change')->{state}, 'live', 'it goes on here';
$one->stop;
ok +(wait_for { $t->log =~ /push was interrupted: connection closed while pushing "change"/ } 5),
    'a target that is lost after it';
$one->forget;
$one->start;
send_all($rtmp, map { [$_->[0], $_->[1] + 2000, $_->[2]] } @after);
my $video;
ok +(wait_for { ($video) = grep { $_->[0] == 9 } $one->messages } 5),
    'comes back';
is $video->[2], $small->{video_header}{body}, 'to the header of now';
$rtmp->unpublish('change');

# --- dead, refusing, rude ---------------------------------------------------

for my $case (['connect', 'in connect', 'NetConnection.Connect.Rejected'],
              ['createStream', 'in createStream',
               'NetConnection.Connect.Rejected'],
              ['publish', 'in publish', 'NetStream.Publish.BadName'])
{
    my ($what, $where, $code) = @$case;
    $two->forget;
    $two->start(refuse => $what, text => "no\n\"$what\"");
    $one->forget;
    $rtmp = publisher("refused-$what");
    @sent = send_all($rtmp, @headers, span(0, 500));
    same($one, \@sent, 'the others get all');
    $t->log_like(qr/\[error\].*push failed: refused by the server $where: $code, no\?\?$what\? while pushing "refused-$what"/,
        'a refusal is logged');
    $rtmp->unpublish('');
}
$two->forget;
$two->start(refuse => 'publish', text => 'bad name two?k=v');
$rtmp = publisher('quiet');
$t->log_like(qr/refused by the server in publish: NetStream.Publish.BadName while pushing "quiet"/,
    'a text that has the name is not');
$t->no_log(qr/two\?k=v/, 'so that is in no log');
$rtmp->unpublish('');

for my $case ([raw => "HTTP/1.1 400 Bad Request\r\n\r\n",
               'not the version byte of RTMP in handshake'],
              [raw => "\x03" . 'x' x 3072 . "\x02\0\0\0\0\0\x04\x01\0\0\0\0\0\0\0\0",
               'chunk size out of range in connect'],
              [raw => "\x03" . 'x' x 3072 . "\x03\0\0\0\xff\xff\xff\x14\0\0\0\0",
               'message too long in connect'],
              [raw => "\x03" . 'x' x 3072 . "\x03\0\0\0\0\0\x01\x14\0\0\0\0\x05",
               'malformed command in connect'],
              [raw => "\x03" . 'x' x 100, 'timed out'],
              [mute => 'connect', 'timed out'],
              [mute => 'publish', 'timed out'])
{
    my ($key, $value, $why) = @$case;
    my $name = "rude$value" =~ s/\W.*//sr . $why =~ s/\W.*//r;
    $two->start($key, $value);
    $rtmp = publisher($name, quiet => 1);
    my $line = qr/push failed: \Q$why\E while pushing "$name" to "rtmp:\S+one"/;
    ok +(wait_for { $t->log =~ $line } 8), "$key: $why";
    $rtmp->unpublish('');
}

$two->stop;
$_->forget for $one, $two;
$rtmp = publisher('dead');
@sent = send_all($rtmp, @headers, span(0, 500));
same($one, \@sent, 'beside a dead target');
ok +(wait_for { $t->log =~ /push failed: can't connect while pushing "dead"/ } 5),
    'log of a dead one';
$two->start;
ok +(wait_for { () = $two->messages } 8), 'it comes to life';
push @sent, send_all($rtmp, span(500, 2000));
my ($key) = grep { $sent[$_][0] == 9 && $_ > 2 } 0 .. $#sent;
same($two, [map({ [$_->[0], $sent[$key][1], $_->[2]] } @headers),
            @sent[$key .. $#sent]], 'and has all since the last key frame');
$rtmp->unpublish('');

# a server that ends it
$two->forget;
$two->start(kick => 20);
$rtmp = publisher('kicked');
send_all($rtmp, @headers, span(0, 1000));
$t->log_like(qr/push was interrupted: ended by the server in stream: NetStream.Unpublish.Success, over while/,
    'a server that ends it');
ok +(wait_for { $two->published >= 2 } 5), 'is tried again';
$rtmp->unpublish('');

# --- slow -------------------------------------------------------------------

$t->conf(conf(rtmp => $pushes . "video_push_buffer 256k;\n"
                      . 'video_push_timeout 5s;'));
ok $t->reload, 'a reload';
$_->forget for $one, $two;
$two->start(rate => 100_000);
$rtmp = publisher('slow');
@sent = send_all($rtmp, @headers);
my $held = 0;
for my $second (0 .. 59) {
    my $begun = now();
    push @sent, send_all($rtmp, span($second * 1000, $second * 1000 + 1000));
    my $took = now() - $begun;
    $held = $took if $took > $held;
    wait_for { 0 } 0.05;        # 20 times as fast as it is played
}
cmp_ok $held, '<', 1 * Test::Video::Loop::slowness(),
    'the publisher is not held up';
same($one, \@sent, 'nor are others');
$t->log_like(qr/\[warn\].*push is too slow, frames are left out while pushing "slow" to "rtmp:\S+one"/,
    'log');
is $t->log_count(qr/push is too slow/), 1, 'one line';
ok +(wait_for { @got = $two->messages; @got && $got[-1][1] > 50_000 } 20),
    'the slow one gets to the end';
is $got[0][2], $metadata, 'from the beginning';

# each frame it got is one that was sent, and after a gap comes a key frame
my %sent = map { ("$_->[0] $_->[1] $_->[2]" => 1) } @sent;
my %next;
@next{ map { "@$_" } @sent[0 .. $#sent - 1] } = @sent[1 .. $#sent];
my ($gaps, $bad, $before) = (0, 0);
for my $message (@got) {
    my $header = grep { $_->[2] eq $message->[2] } @headers;
    if ($header) {
        $gaps++ if $before && $message->[0] == 18;
        $before = undef if $message->[0] == 18;
        next;
    }
    $bad++ if !$sent{"@$message"};
    if ($before) {
        $bad++ if "@$message" ne "@{ $next{\"@$before\"} }";
    } elsif (!$gaps) {
        $bad++ if "@$message" ne "@{ $sent[3] }";
    } else {
        $bad++ if $message->[0] != 9 || !Test::Video::FLV::is_keyframe(
            { type => 9, body => $message->[2] });
    }
    $before = $message;
}
cmp_ok $gaps, '>', 0, "gaps ($gaps)";
is $bad, 0, 'whole frames in order, after each gap headers and a key frame';
cmp_ok scalar(@got), '<', @sent / 2, 'much is left out';
$rtmp->unpublish('');
ok +(wait_for { $t->log =~ /push has ended, (\d{3,}) messages left out while pushing "slow"/ } 8),
    'they are counted';

# one that takes nothing at all
$two->start(stop => 'publish');
$two->forget;
$rtmp = publisher('stuck');
send_all($rtmp, @headers, span(0, 60_000));
ok +(wait_for { $t->log =~ /push was interrupted: timed out while pushing "stuck"/ } 20),
    'one that takes nothing is given up';
$rtmp->unpublish('');
$two->start;

# --- workers ----------------------------------------------------------------

$_->forget for $one, $two;
$rtmp = publisher('reload');
@sent = send_all($rtmp, @headers, span(0, 1000));
ok $t->reload, 'a reload while it pushes';
push @sent, send_all($rtmp, span(1000, 2500));
same($one, \@sent, 'the old worker goes on');
$rtmp->unpublish('');
ok +(wait_for { commands($one) =~ /deleteStream/ } 5), 'to the end';
same($one, \@sent, 'with all of it');

$_->forget for $one, $two;
$rtmp = publisher('killed');
send_all($rtmp, @headers, span(0, 1000));
same($one, [@headers, span(0, 1000)], 'before a worker is killed');
$t->expect_log(qr/exited on signal 9/, qr/dead worker/);
kill 'KILL', $t->workers;
ok +(wait_for { $one->events('closed') } 5), 'its pushes go with it';
$one->forget;
ok +(wait_for {
    my $again = eval { publisher('killed', quiet => 1) } or return 0;
    $rtmp = $again;
} 5), 'the publisher comes back';
@sent = send_all($rtmp, @headers, span(0, 1000));
same($one, \@sent, 'to another worker');
$rtmp->unpublish('');

# --- in circles -------------------------------------------------------------

$t->conf(conf(rtmp => 'video_push rtmp://127.0.0.1:%%PORT_1%%/live/b;'
                      . 'video_push rtmp://127.0.0.1:%%PORT_1%%/live;'));
ok $t->reload, 'a server that pushes to itself';
my $lines = () = $t->log =~ /is published/g;
$rtmp = publisher('a');
send_all($rtmp, @headers, span(0, 1000));
ok +(wait_for { $t->log =~ /refused by the server in publish: NetStream.Publish.BadName, stream is already published while pushing "a"/ } 5),
    'is refused';
ok +(wait_for { stream_status($t, 'b') } 5),
    'under another name it is once more';
wait_for { 0 } 1.5;             # there is another attempt
is scalar(() = $t->log =~ /is published/g) - $lines, 2, 'and no more';
$rtmp->unpublish('');

$one->forget;
$t->conf(conf());
ok $t->reload, 'as before';
$rtmp = publisher('hops', object => { relayHops => 4 });
send_all($rtmp, @headers, span(0, 500));
$t->log_like(qr/\[error\].*stream "hops" has come through 4 servers and is not pushed on/,
    'a stream that has come far ends here');
is scalar($one->published), 0, 'it is not pushed';
$rtmp->unpublish('');
$rtmp = publisher('near', object => { relayHops => 2 });
ok +(wait_for { $one->published } 5), 'another is';
is +($one->events('command'))[0]{args}[0]{relayHops}, 3, 'and counted';
$rtmp->unpublish('');

# --- standby ----------------------------------------------------------------

$_->forget for $one, $two;
$t->conf(conf(rtmp => $pushes . 'video_publish_standby on;', grace => '5s'));
ok $t->reload, 'publishers that stand by';
$rtmp = publisher('twice');
send_all($rtmp, @headers, span(0, 1000));
my $second = publisher('twice');
send_all($second, @headers, span(0, 1000));
ok +(wait_for { $one->messages > 70 } 5), 'the first is pushed';
is scalar(my @once = $one->published), 1, 'who stands by is not';

$rtmp->reset;
ok +(wait_for { (stream_status($t, 'twice') // {})->{state} eq 'paused' } 5),
    'the first is gone';
$_->forget for $one, $two;
@sent = send_all($second, span(1000, 3000));
ok +(wait_for { $t->log =~ /"twice": the publisher that stood by takes over/ }
     5), 'the other takes over';
ok +(wait_for { $one->published && $one->messages > 60 } 10), 'and is pushed';
my ($first) = grep { $_->[0] == 9 && $_->[2] =~ /^\x17\x01/s } $one->messages;
ok $first && $first->[1] >= 1000, 'from its key frame on';
$second->unpublish('');

# --- foreign ----------------------------------------------------------------

SKIP: {
    skip 'no ffmpeg', 3 if !grep { -x "$_/ffmpeg" } split /:/, $ENV{PATH};

    $two->stop;
    $two->forget;
    my $file = "$dir/foreign.flv";
    my $job = $t->background(sub {
        system 'ffmpeg', '-nostdin', '-v', 'error', '-y', '-listen', '1',
            '-i', 'rtmp://127.0.0.1:' . $t->port(6) . '/one/two?k=v',
            '-c', 'copy', $file;
    });
    $rtmp = publisher('foreign');
    ok +(wait_for { $t->log =~ /push has begun while pushing "foreign" to "\S+one"/ } 10),
        'ffmpeg is pushed to';
    @sent = send_all($rtmp, @headers, span(0, 6000));
    $rtmp->unpublish('');
    $job->end;

    my @theirs = map { substr $_->{body}, 5 }
        grep { $_->{type} == 9 && Test::Video::FLV::is_frame($_) }
        Test::Video::FLV::read_tags($file);
    my @ours = map { substr $_->[2], 5 } grep { $_->[0] == 9 } @frames;
    is scalar(@theirs), scalar(@ours), 'it has all frames of video';
    ok "@theirs" eq "@ours", 'to the byte';
}

ok $t->quit, 'the end of the server';
$_->stop for $one, $two;
$t->finish;
done_testing();
