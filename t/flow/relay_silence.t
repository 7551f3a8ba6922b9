# Proves that a source of video_pull which goes on sending data and pings, but no
# media, is given up and tried again; that one which pauses for less is not; and
# that the time is that of "silence", or else of the server.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::AMF qw(amf_encode);
use Test::Video::Live;
use Test::Video::Target;

my $t = Test::Video->new(log_level => 'info');
my $tags = live_tags();
my $slow = Test::Video::Loop::slowness();
my $data = "\x02\x00\x06onBeat" . amf_encode({ x => 1 });

# The file, with a pause of some ms after its first second, in which there is a
# message of data now and then.
sub paused {
    my ($pause) = @_;
    my (@before, @after);

    for my $tag (map { [@$_{qw(type timestamp body)}] } @{ $tags->{frames} }) {
        push @{ $tag->[1] < 1000 ? \@before : \@after }, $tag;
    }
    $_->[1] += $pause for @after;
    return [[9, 0, $tags->{video_header}{body}],
            [8, 0, $tags->{audio_header}{body}], @before,
            map({ [18, 1000 + 200 * $_, $data] } 0 .. $pause / 200 - 1),
            @after];
}

sub pull {
    my ($more, $timeout) = @_;
    return live_conf(grace => '20s', rtmp => join "\n",
        "video_pull live rtmp://127.0.0.1:%%PORT_5%%/app/x cam $more;",
        "video_rtmp_timeout $timeout;");
}

sub silent { return () = $t->log =~ /pull was interrupted: no media have come for long while pulling "cam"/g }
sub goes_on { return () = $t->log =~ /stream "cam" goes on/g }
sub accepted { return () = $_[0]->events('accepted') }

# --- silence -----------------------------------------------------------------

my $ms = int 1500 * $slow;
my $source = Test::Video::Target->of($t, 5, serve => paused(60_000));
$t->conf(pull("silence=${ms}ms", '60s'))->run;
ok +(wait_for { (stream_status($t, 'cam') // {})->{state} } 8), 'a stream';
my $began = Test::Video::Loop::now();
ok +(wait_for { silent() } 10 * $slow), 'that has no media any more is given up';
cmp_ok Test::Video::Loop::now() - $began, '<', 8 * $slow, 'soon';
ok +(wait_for { goes_on() } 10 * $slow), 'and tried again';
cmp_ok scalar(accepted($source)), '>=', 2, 'by another connection';
ok +(wait_for { silent() >= 2 } 10 * $slow), 'again and again';

# --- a pause -----------------------------------------------------------------

$source->start(serve => paused(3000));
my ($lost, $came) = (scalar(silent()), scalar accepted($source));
$t->conf(pull('silence=20s', '1s'));
ok $t->reload, 'more silence than the server would bear';
ok +(wait_for { accepted($source) > $came } 8), 'it is connected';
$came = accepted($source);
my $pictures = stream_status($t, 'cam')->{ingest}{video};
ok +(wait_for { stream_status($t, 'cam')->{ingest}{video} > $pictures + 60 }
     15 * $slow), 'goes on after a pause';
is scalar(accepted($source)), $came, 'with the same connection';
is scalar(silent()), $lost, 'without a word';

# --- the default -------------------------------------------------------------

$source->start(serve => paused(60_000));
$t->conf(pull('', int(1500 * $slow) . 'ms'));
ok $t->reload, 'without "silence"';
ok +(wait_for { silent() > $lost } 15 * $slow),
    'video_rtmp_timeout is of media, too';

ok $t->quit, 'the end of the server';
$source->stop;
$t->finish;
done_testing();
