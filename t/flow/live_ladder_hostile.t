# Proves that a transcoder which says what it must not costs its rungs alone:
# each kind of nonsense ends one connection, with a line, and the source goes
# on.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Ladder;
use Test::Video::Live;

my $t = Test::Video->new;

# The program: to each connection it says $said{what is in "now"}.  A message is
# a head and a body, see nvm_wire.h; H is a header of rung "low", F a frame of
# it; C is a header of the rung of a codec, of this size.
my $config = unpack 'H*', substr live_tags()->{video_header}{body}, 5;
$t->write_file('said.pl', "my \$config = pack 'H*', '$config';\n" . <<'PERL');
sub message {
    my ($type, $track, $flags, $pts, $dts, $body, $codec) = @_;
    return pack('N C C n a4 q> q>', length $body, $type, $track, $flags,
                $codec // 'avc1', $pts, $dts) . $body;
}
my %fourcc = (hevc => 'hvc1', vp9 => 'vp09', av1 => 'av01');
sub C {
    my ($name, $config, $width, $height, $fourcc) = @_;
    return message(2, 1, 4, $width // 160, $height // 90,
                   pack('C/a', $name) . $config, $fourcc // $fourcc{$name});
}
sub V { return message(3, 1, 1, 1e7, 1e7, $_[1], $fourcc{$_[0]}) }
# such as they are without a fault
my $vpcc = pack 'N C8 n', 1 << 24, 0, 11, 0x82, 2, 2, 2, 0, 0;
my $sequence = "\x0a\x0b" . pack 'H*', '00000002a7f16d9d57ff08';
my $av1c = "\x81\0\x0c\0";
my $hvcc = pack 'C22 C', 1, 1, (0) x 19, 3, 0;
sub H { return message(2, $_[0] // 0, 4, 0, 0, $_[1] // "\3low$config") }
sub F { return message(3, $_[0] // 0, 1, $_[1] // 0, $_[2] // 0,
                       $_[3] // "\0\0\0\5\x65\x88\x84\0\x10") }
our %said = (
    nonsense => sub { "GET / HTTP/1.0\r\n\r\n" . 'x' x 100 },
    type     => sub { message(77, 0, 0, 0, 0, '') },
    long     => sub { pack 'N C C n N q> q>', 0x7fffffff, 3, (0) x 5 },
    large    => sub { pack('N C C n N q> q>', 12_000_000, 6, 0, 0, 0, 0, 0)
                      . 'x' x 11_000_000 },
    frame    => sub { F() },
    track    => sub { H(200) },
    unknown  => sub { H(0, "\5other$config") },
    name     => sub { H(0, "\xfflow") },
    config   => sub { H(0, "\3low" . "\1" x 20) },
    nothing  => sub { H(0, '') },
    open     => sub { message(1, 0, 0, 0, 0, '{}') },
    nal      => sub { H() . F(0, 1e7, 1e7, "\0\0\xff\xff\x65") },
    empty    => sub { H() . F(0, 1e7, 1e7, '') },
    before   => sub { H() . F(0, 1e7, 1e7 + 1) },
    ahead    => sub { H() . F(0, 1e7, 0) },
    early    => sub { H() . F(0, 1e7, -2**62 - 2**62) },
    changes  => sub { join '', map { H() } 1 .. 1000 },
    century  => sub { H() . F(0, 2**60, 2**60) },
    past     => sub { H() . F(0, -2**60, -2**60) x 1000 },
    level    => sub { message(6, 0, 0xffff, 0, 0, "a\nline\0" x 5000) },
    state    => sub { message(5, 0, 0, 0, 0, "\xff" x 100_000) },
    short    => sub { message(5, 0, 0, 0, 0, 'x' x 55) },
    closed   => sub { '' },
    fourcc   => sub { message(2, 0, 4, 0, 0, "\3low$config", 'hvc1') },
    codec    => sub { C('vp9', $vpcc, 160, 90, 'av01') },
    avc_hevc => sub { C('hevc', $config) },
    hevc_cut => sub { C('hevc', substr $hvcc, 0, 22) },
    hevc_no  => sub { C('hevc', $hvcc) },
    hevc_set => sub { C('hevc', substr($hvcc, 0, 22)
                                . "\xff" . "\x21\xff\xff\xff\xff" x 9) },
    hevc_big => sub { C('hevc', $hvcc . 'x' x 100_000) },
    vp9_cut  => sub { C('vp9', substr $vpcc, 0, 11) },
    vp9_none => sub { C('vp9', '') },
    vp9_old  => sub { C('vp9', "\0" . substr $vpcc, 1) },
    vp9_big  => sub { C('vp9', $vpcc . 'x' x 100_000) },
    vp9_zero => sub { C('vp9', $vpcc, 0, 90) },
    vp9_less => sub { C('vp9', $vpcc, 160, -90) },
    vp9_wide => sub { C('vp9', $vpcc, 65536, 90) },
    vp9_high => sub { C('vp9', $vpcc, 160, 2**62) },
    vp9_data => sub { C('vp9', $vpcc) . V('vp9', "\0\0\0") },
    vp9_void => sub { C('vp9', $vpcc) . V('vp9', '') },
    vp9_many => sub { join '', map { C('vp9', $vpcc, $_, $_) } 1 .. 1000 },
    av1_cut  => sub { C('av1', "\x81\0\x0c") },
    av1_no   => sub { C('av1', $av1c) },
    av1_obu  => sub { C('av1', $av1c . substr $sequence, 0, 6) },
    av1_leb  => sub { C('av1', "$av1c\x0a" . "\xff" x 20) },
    av1_big  => sub { C('av1', $av1c . $sequence x 10_000) },
    av1_data => sub { C('av1', $av1c . $sequence)
                      . V('av1', "\x32\xff\xff\xff\xff\x0f") },
    # what a header leads to is sent to who is not there any more
    leaves   => sub { H() x 10 },
    cut      => sub { message(9, 0, 0, 0, 0, '') },
    image    => sub { message(10, 0, 0, 0, 0, 'x' x 5_000_000) },
    images   => sub {
        # no thumbnails, sheets and posters, of no segment
        my @n = (0, 1, -1, time, time + 1e6, 2**62, -2**63);
        my $all = '';
        for my $flags (0, 0x20, 0x40, 0x60, 0xffff) {
            for my $pts (@n) {
                $all .= message(10, 9, $flags, $pts, $_, 'x' x 1000)
                      . message(10, 9, $flags, $pts, $_, '') for @n;
            }
        }
        return $all;
    },
);
our @order = sort keys %said;
PERL

my $script = $t->write_file('fake', "#!/usr/bin/perl\n" . <<'PERL');
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename;
use IO::Handle;
use IO::Socket::UNIX;

our (%said, @order);
require(dirname(abs_path($0)) . '/said.pl');
my %o = @ARGV[1 .. $#ARGV];
my $listen = IO::Socket::UNIX->new_from_fd($o{'--fd'}, '+<') or die "fd: $!";
my $life = IO::Handle->new_from_fd($o{'--life'}, '+<') or die "life: $!";
$SIG{PIPE} = 'IGNORE';
$SIG{ALRM} = sub { exit 0 };
alarm 300;
$listen->blocking(1);
my @kept;

while (1) {
    my $rin = '';
    vec($rin, $_, 1) = 1 for fileno $listen, fileno $life;
    my $ready;
    syswrite $life, '@0' until select $ready = $rin, undef, undef, 1;
    last if vec $ready, fileno $life, 1;
    my $c = $listen->accept // last;
    open my $now, '<', dirname(abs_path($0)) . '/now' or die "now: $!";
    my $what = <$now>;
    syswrite $life, '@1';
    my $text = $said{$what} ? $said{$what}->() : '';
    # it is there; what it hears is of no interest
    $c->syswrite($said{$what} ? pack('N C C n N q> q> Q>7', 56, 5, (0) x 12)
                                . $text : '');
    syswrite $life, "said $what";
    push @kept, $c if $what eq 'silent';
    if ($what !~ /silent|closed|leaves/) {
        my $end = time + 20;
        $rin = '';
        vec($rin, fileno $c, 1) = 1;
        while (time < $end) {
            syswrite $life, '@1';
            last if select(my $r = $rin, undef, undef, 0.5)
                    && !sysread $c, my $buf, 65536;
            last if $what =~ /^(?:past|level|state|changes|images|vp9_many)$/;
        }
    }
}
PERL
chmod 0755, $script;

my @order = do {
    our (%said, @order);
    require($t->root . '/said.pl');
    @order;
};
$t->conf(live_conf(
    video => "transcoder $script path=%%ROOT%%/transcoder;"
             . 'ladder one { rung low 160x90 200k; thumbs;
                             rung hevc 160x90 200k codec=hevc;
                             rung vp9 160x90 200k codec=vp9;
                             rung av1 160x90 200k codec=av1; }',
    zone => '256m', rtmp => 'video_transcode one;'))->run;
ok +(wait_for { $t->log =~ /start video transcoder/ } 5), 'it runs';

my %why = (
    (map { $_ => qr/sent what is no message/ } qw(nonsense type long)),
    large => qr/sent too long a message/,
    (map { $_ => qr/sent what can't be used/ }
     qw(frame track unknown name config nothing open nal empty before ahead
        early century short cut image fourcc codec avc_hevc hevc_cut hevc_no
        hevc_set hevc_big vp9_cut vp9_none vp9_old vp9_big vp9_zero vp9_less
        vp9_wide vp9_high vp9_data vp9_void av1_cut av1_no av1_obu av1_leb
        av1_big av1_data)),
    (map { $_ => qr/is gone/ } qw(closed leaves past level state changes
                                  images vp9_many)),
);

# one after the other, each by a publisher of its own
for my $what (@order) {
    $t->write_file('now', $what);
    my $feed = live_feed($t, $what);
    ok +(ladder_until {
        $t->log =~ /stream "$what": the transcoder $why{$what}/
    } $feed, 4), "$what: that is told";
    ok +(ladder_until { @{ stream_status($t, $what)->{tracks} } } $feed, 4),
        'and the stream is live';
    $feed->more(1500);
    my $track = live_track($t, "/live/$what/v0/index.m3u8");
    cmp_ok scalar(@{ $track->{samples} }), '>', 20, 'with its source';
    $feed->end;
}

$t->log_like(qr/\[info\] .* stream "level": transcoder: a while/,
    'what it logs has a level that nginx knows');
is scalar(grep { length > 2000 } split /\n/, $t->log), 0,
    'and lines are not endless';

# one that says nothing at all
$t->write_file('now', 'silent');
my $feed = live_feed($t, 'silent');
ok +(ladder_until { my $s = stream_status($t, 'silent');
                    $s && @{ $s->{tracks} } } $feed),
    'silence is not waited for';
$feed->more(30000);
is $t->get('/live/silent/v0/index.m3u8')->status, 200, 'for long';
$feed->end;
$t->finish;
done_testing;
