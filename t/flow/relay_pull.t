# Proves that a stream of video_pull is fetched from another RTMP server by one
# worker and is a stream as any other here, to the byte; that it goes on when
# that server, or the worker, was gone for a while; and that a server which
# refuses, says nothing, or sends rubbish is tried again and harms nothing.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::AMF qw(amf_encode amf_string);
use Test::Video::Ladder;
use Test::Video::Live;
use Test::Video::Target;

my $t = Test::Video->new(log_level => 'info');
my $tags = live_tags();

sub target { return Test::Video::Target->of($t, @_) }

my @pulls = ('video_pull live rtmp://127.0.0.1:%%PORT_5%%/app/some/cam?k=v;',
             'video_pull live rtmp://127.0.0.1:%%PORT_6%%/app/other.1 other;');

# A ladder is asked for by variables that need an address: there is a connection
# of ours alone.
my $program = ladder_program();
my @choice = !$program ? () : (
    video   => "transcoder $program path=%%ROOT%%/transcoder;"
               . 'ladder one { rung low 160x90 100k; }',
    servers => 'geo $ladder { default off; }
                map $server_addr:$remote_port $choice { default $ladder; }');

sub conf {
    my ($pulls, %o) = @_;
    return live_conf(grace => '5s', rtmp => join("\n", @$pulls,
        'video_push rtmp://127.0.0.1:%%PORT_4%%/app;',
        ($program ? 'video_transcode $choice;' : ()),
        'video_rtmp_timeout 1s;'), @choice, %o);
}

my $metadata = "\x02\x00\x0aonMetaData"
    . amf_encode({ framerate => 30, width => 320 });
my @headers = ([18, 0, $metadata], [9, 0, $tags->{video_header}{body}],
               [8, 0, $tags->{audio_header}{body}]);
my @frames = map { [@$_{qw(type timestamp body)}] } @{ $tags->{frames} };

# Rounds of the file.
sub media {
    my ($rounds) = @_;
    my @out = @headers;

    for my $n (0 .. $rounds - 1) {
        push @out, map { [$_->[0], $_->[1] + 6000 * $n, $_->[2]] } @frames;
    }
    return \@out;
}

sub state {
    my $status = stream_status($t, $_[0]) or return 'none';
    return $status->{state};
}

sub is_state {
    my ($name, $want, $title) = @_;
    my $state;

    wait_for { ($state = state($name)) eq $want } 8;
    is $state, $want, $title;
}

my $sink = target(4);
my $source = target(5, serve => media(10));

$t->conf(conf([$pulls[0]]))->run;


# --- to the byte ------------------------------------------------------------

is_state('cam', 'live', 'a stream is pulled');
ok +(wait_for { $t->get('/live/cam/v0/index.m3u8')->status == 200 } 5),
    'and can be played';
ok +(wait_for { $sink->messages > 150 } 8), 'it is pushed on';
my @got = $sink->messages;
my @want = @{ media(10) };
my ($bad) = grep { "@{ $got[$_] }" ne "@{ $want[$_] }" } 0 .. $#got;
is $bad, undef, 'to the byte';
is +($sink->published)[0], 'cam', 'by its name';
is scalar(() = $source->events('accepted')), 1, 'by one worker of two';
my ($play) = grep { $_->{name} eq 'play' } $source->events('command');
is $play->{args}[1], 'some/cam?k=v', 'the name there';
is $play->{stream}, 1, 'on the stream that was created';
is +($source->events('command'))[0]{args}[0]{app}, 'app', 'the application';
$t->log_like(qr/\[notice\].*pull has begun while pulling "cam" from "rtmp:\S+app"/,
    'log');
$t->no_log(qr/k=v/, 'without the name there');

# someone else may not publish it
my $rtmp = $t->rtmp;
$rtmp->handshake;
$rtmp->connect_app('live');
is $rtmp->publish('cam')->{info}{code}, 'NetStream.Publish.BadName',
    'the name is taken';
$rtmp->close;

# --- a source that goes and comes back --------------------------------------

sub goes_on { return scalar(() = $t->log =~ /stream "cam" goes on/g) }

$source->stop;
is_state('cam', 'paused', 'the source goes');
$t->log_like(qr/\[error\].*pull was interrupted: connection closed while pulling "cam"/,
    'log');
$source->start(serve => media(10));
is_state('cam', 'live', 'it comes back');
is goes_on(), 1, 'and the stream goes on';

# a reload, so that the first attempt is not waited for
for my $end (qw(status eof close)) {
    $source->stop;
    is_state('cam', 'paused', 'it goes');
    $source->start(serve => media(1), speed => 6, end => $end);
    my $before = length $t->log;
    $t->reload;
    ok +(wait_for { substr($t->log, $before)
        =~ /pull was interrupted: (?:ended by the server|connection closed)/
    } 8), "end of the stream there: $end";
}

# --- reload, killed workers -------------------------------------------------

$source->start(serve => media(10));
$t->reload;
is_state('cam', 'live', 'as before');
my $n = goes_on();
my $accepted = $source->events('accepted');
ok $t->reload, 'a reload';
ok +(wait_for { goes_on() > $n } 8), 'another worker goes on';
is scalar(() = $source->events('accepted')), $accepted + 1,
    'with one connection';
is scalar(my @workers = $t->workers), 2, 'the old one is gone';

$t->expect_log(qr/exited on signal 9/, qr/dead worker/);
kill 'KILL', $t->workers;
ok +(wait_for { goes_on() > $n + 1 } 8), 'so does the one after a killed one';

$t->conf(conf([]));
ok $t->reload, 'a reload without it';
is_state('cam', 'paused', 'ends it');
is_state('cam', 'interrupted', 'at last');

# --- bad sources ------------------------------------------------------------

$source->stop;
my $other = target(6, refuse => 'play', text => 'no other.1');
$t->conf(conf([$pulls[1]]));
ok $t->reload, 'another one';
$t->log_like(qr/\[error\].*pull failed: refused by the server in play: NetStream.Play.StreamNotFound while pulling "other"/,
    'a source that has no such stream');
ok +(wait_for { 1 < (() = $other->events('accepted')) } 5), 'is asked again';
is $t->get('/live/other/master.m3u8')->status, 404, 'there is none here';

my ($key) = grep { $_->[0] == 9 } @frames;
for my $case (['nothing comes', 'timed out', serve => []],
              ['no answer', 'timed out', mute => 'play'],
              ['media without a header', 'what it sends can.t be used',
               serve => [$frames[0]]],
              ['a broken frame', 'what it sends can.t be used',
               serve => [@headers, @frames[0 .. 90],
                         [9, 4000, substr($key->[2], 0, 5) . "\xff" x 9]],
               speed => 1000],
              ['rubbish', 'not the version byte of RTMP', raw => 'HTTP/1.1 400'])
{
    my ($title, $why, @how) = @$case;
    $other->start(@how);
    $t->conf(conf([$pulls[1]], rtmp => "$pulls[1]\nvideo_rtmp_timeout 1s;"));
    my $before = length $t->log;
    ok $t->reload, $title;
    ok +(wait_for { substr($t->log, $before) =~ /pull (?:failed|was interrupted): $why.* while pulling "other"/ } 8),
        'is logged';
}

# of two with one name one is the stream
$source->start(serve => media(10));
$other->start(serve => media(10));
$t->conf(conf([$pulls[0], $pulls[1] =~ s/ other;/ cam;/r]));
ok $t->reload, 'two sources of one name';
is_state('cam', 'live', 'one is used');
$t->log_like(qr/pull was interrupted: it can't be published here while pulling "cam"/,
    'the other one has to wait');
my $used = $t->log =~ /.*can't be published here while pulling "cam" from "rtmp:\S+:(\d+)/s
    && $1 == $other->port ? $source : $other;
$n = goes_on();
$used->stop;
ok +(wait_for { goes_on() > $n } 20), 'until the first is gone';

# --- foreign ----------------------------------------------------------------

SKIP: {
    skip 'no ffmpeg', 3 if !grep { -x "$_/ffmpeg" } split /:/, $ENV{PATH};

    $_->stop for $source, $other;
    $sink->forget;
    my $flv = live_flv();
    my $url = 'rtmp://127.0.0.1:' . $t->port(6) . '/app/other.1';
    my $job = $t->background(sub {
        system 'ffmpeg', '-nostdin', '-v', 'fatal', '-re', '-i', $flv,
            '-c', 'copy', '-listen', '1', '-f', 'flv', $url;
    });
    $t->conf(conf([$pulls[1]], rtmp => "$pulls[1]\n"
                  . 'video_push rtmp://127.0.0.1:%%PORT_4%%/app;'));
    ok $t->reload, 'ffmpeg as the source';
    is_state('other', 'live', 'is taken');
    $job->end;
    my ($last) = map { $_->{conn} } reverse $sink->events('accepted');
    my @theirs = map { substr $_->[2], 5 }
        grep { $_->[0] == 9 && length $_->[2] > 5
               && substr($_->[2], 1, 1) eq "\1" } $sink->messages($last);
    my @ours = map { substr $_->[2], 5 } grep { $_->[0] == 9 } @frames;
    ok "@theirs" eq "@ours", 'all ' . @ours . ' frames of it, to the byte';
}

ok $t->quit, 'the end of the server';
$_->stop for $source, $other, $sink;
$t->finish;
done_testing();
