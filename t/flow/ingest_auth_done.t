# Proves that the end of a stream is told again when the HTTP server has not
# taken it: later each time, the same, as often as is said, then never; that
# it costs a bounded amount of memory; and that a worker that is told to exit
# stays for it, but not for ever.
use strict;
use warnings;

use Test::More;
use Test::Video;
use Test::Video::Live;

my $t = Test::Video->new(log_level => 'info');
my $down = $t->root . '/down';

# Not taken is what ends while there is a file "down".
my $backend = $t->backend(sub {
    my ($r) = @_;
    my $args = Test::Video::Backend::decode_args($r->{body});

    return [200] if $args->{call} ne 'publish_done';
    return [404] if $args->{name} eq 'unknown';
    return $args->{name} eq 'mute' ? undef : [503] if -e $down;
    return [204];
});

my $auth = 'video_publish_auth ' . $backend->url . '/auth; '
    . 'video_publish_auth_timeout 2s;';

sub server {
    my ($port, $more) = @_;

    return "server { listen 127.0.0.1:%%PORT_$port%%; video_rtmp live "
        . "zone=live; video_bitrate 64k; video_window 8s; $auth $more }\n";
}

sub conf {
    my (%o) = @_;

    return live_conf(workers => 1, rtmp => $auth,
                     servers => server(2, 'video_publish_done_tries 1;')
                                . server(3, 'video_publish_done_tries 2;')
                                . server(4, 'video_publish_done_tries 100;')
                                . server(5, 'video_publish_done_tries 100;')
                                  =~ s{http://\S+}{http://127.0.0.1:%%PORT_0%%/auth;}r,
                     locations => <<'CONF', %o);
        # the same as the backend, for many
        large_client_header_buffers 4 32k;
        location = /auth {
            client_body_buffer_size 32k;
            client_body_in_single_buffer on;
            proxy_pass http://127.0.0.1:%%PORT_0%%/check;
            proxy_method GET;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header X-Arguments $request_body;
        }
        location = /check {
            set $taken 1;
            if ($http_x_arguments ~ "^call=publish_done&") { set $taken 0; }
            if (!-f %%ROOT%%/down) { set $taken 1; }
            if ($taken = 0) { return 503; }
            return 204;
        }
CONF
}

# A stream that was there, and is over.
sub over {
    my ($name, %o) = @_;
    my $rtmp = $t->rtmp(port => $o{port} // 1);

    $rtmp->handshake && $rtmp->connect_app('live') or die "cannot connect\n";
    my $status = $rtmp->publish($name);
    die "cannot publish\n" if !$status || $status->{info}{level} eq 'error';
    $rtmp->unpublish($name =~ s/\?.*//r);
    return;
}

sub ends {
    my ($name) = @_;

    return grep {
        my $args = Test::Video::Backend::decode_args($_->{body});
        $args->{call} eq 'publish_done' && $args->{name} eq $name;
    } $backend->requests;
}

sub told {
    my ($name, $times, $seconds) = @_;

    return wait_for { scalar(() = ends($name)) >= $times } $seconds // 8;
}

sub down { $t->write_file('down', '') }
sub up   { unlink $down }


$t->conf(conf())->run;

# --- taken later ------------------------------------------------------------

down();
over('cam?key=a%20b');
ok told('cam', 3), 'an end that is not taken is told again, and again';
up();
ok told('cam', 4), 'until it is';
ok +(wait_for { $t->log =~ /publish_done was taken, stream "cam", try 4/ } 5),
    'log';
my @ends = ends('cam');
like $ends[0]{body}, qr/&name=cam&.*&duration=\d+&key=a%20b$/, 'what it says';
is scalar(grep { $_->{body} ne $ends[0]{body} } @ends), 0, 'is the same';
for my $n (1, 2, 3) {
    my $passed = $ends[$n]{time} - $ends[$n - 1]{time};
    cmp_ok $passed, '>=', 2 ** ($n - 1) - 0.2, "time before try " . ($n + 1);
}
is $t->log_count(qr/\[warn\].* publish_done was not taken, it is sent again: status 503, stream "cam" while calling "http:/),
    1, 'one line';
$t->no_log(qr/publish_done is given up/, 'it is not given up');

# --- a server that is not there ---------------------------------------------

$backend->stop;
over_unasked('gone');
ok +(wait_for { $t->log =~ /publish_done was not taken, it is sent again: connection failed, stream "gone"/ } 5),
    'nobody listens';
ok +(wait_for { $t->log =~ /connect\(\) to/ } 1), 'which is told';
select undef, undef, undef, 1.6;
$backend->start;
ok told('gone', 1), 'somebody does later';
is $t->log_count(qr/connect\(\) to \S+ failed/), 1, 'and is told once';

# Let in while the server is there, over when it is not.
sub over_unasked {
    my ($name, %o) = @_;

    $backend->start;
    my $rtmp = $t->rtmp(port => $o{port} // 1);
    $rtmp->handshake && $rtmp->connect_app('live') or die "cannot connect\n";
    $rtmp->publish($name);
    $backend->stop;
    $rtmp->unpublish($name);
    return;
}

# --- given up ---------------------------------------------------------------

down();
over('once', port => 2);
ok told('once', 1), 'one try';
ok +(wait_for { $t->log =~ /\[error\].* publish_done is given up: status 503, stream "once", try 1 while calling/ } 5),
    'is all';
over('twice', port => 3);
over('mute', port => 3);
ok +(wait_for { $t->log =~ /\[error\].* publish_done is given up: status 503, stream "twice", try 2 while calling/ } 5),
    'or two';
ok +(wait_for { $t->log =~ /publish_done is given up: closed without an answer, stream "mute", try 2/ } 5),
    'no answer is as good as none';
over('unknown', port => 3);
ok told('unknown', 1), 'an answer is an answer';
up();
over('after');
ok told('after', 1), 'it goes on';
is scalar(() = ends('twice')), 2, 'two in all';
is scalar(() = ends($_)), 1, "$_: one" for 'once', 'unknown';
is $t->log_count(qr/publish_done is given up: .*"$_"/), 1, "$_: one line"
    for 'once', 'twice', 'mute';

# --- too many ---------------------------------------------------------------

# each is 12 KB when it is written out
down();
over("many$_?" . ';' x 4000, port => 5) for 1 .. 100;
ok +(wait_for { $t->log =~ /publish_done is given up: status 503, too many wait, stream "many\d+", try 1/ } 5),
    'there is an end to what waits';
ok +(wait_for { $t->log_count(qr/(?:sent again|too many wait).* stream "many/)
                >= 100 } 30), 'each is the one or the other';
my $lost = $t->log_count(qr/too many wait/);
cmp_ok $lost, '>=', 5, 'some are lost';
cmp_ok $lost, '<=', 30, 'not more than there is no room for';
up();
ok +(wait_for { $t->log_count(qr/was taken, stream "many/) >= 100 - $lost } 60),
    'the others are told';
down();
over("more?" . ';' x 4000, port => 5);
ok +(wait_for { $t->log =~ /sent again: status 503, stream "more"/ } 5),
    'then there is room again';

# --- a reload ---------------------------------------------------------------

my @old = $t->workers;
ok $t->reload, 'a reload while one waits';
over('new');
ok told('new', 2), 'the new worker';
up();
ok +(wait_for { $t->log =~ /was taken, stream "more"/ } 40),
    'the old one has told it';
ok +(wait_for { !kill 0, @old } 5), 'and is gone';

$t->conf("worker_shutdown_timeout 1s;\n" . conf());
ok $t->reload, 'another, with worker_shutdown_timeout';
ok told('new', 3, 40), 'nothing waits';
down();
over('short', port => 4);
ok told('short', 1), 'one waits';
@old = $t->workers;
ok $t->reload, 'and its worker is to exit';
ok +(wait_for { !kill 0, @old } 8), 'which it does';
$t->log_like(qr/\[error\].* publish_done is given up: (?:server is shutting down|status 503), stream "short"/,
    'log');

# --- the end ----------------------------------------------------------------

over('killed', port => 4);
ok told('killed', 1), 'one waits';
ok $t->stop, 'the server is stopped at once';
$t->log_like(qr/publish_done is given up: server is shutting down, stream "killed", try [12] while calling/,
    'log');

$t->conf(conf());
$t->run;
over('last', port => 3);
ok told('last', 1), 'one waits';
ok $t->quit, 'the server is to end';
is scalar(() = ends('last')), 2, 'and tells it before';
$t->log_like(qr/publish_done is given up: status 503, stream "last", try 2/,
    'log');

$t->finish;
done_testing();
