# Proves that "video_status" answers with well-formed JSON and Prometheus text,
# to GET and HEAD only, for as many zones as there are.
use Test::Nginx::Socket 'no_plan';

use JSON::PP ();
use Test::Video::Prometheus qw(parse_metrics);

repeat_each(2);

# The names in a JSON text, as the text "a,b,c": dies if it is none.
sub zones {
    my $status = JSON::PP::decode_json(shift);
    return join(',', map { $_->{name} } @{ $status->{zones} }) . "\n";
}

# "NAME: as it should be" for each key of the first zone.
sub numbers {
    my $zone = JSON::PP::decode_json(shift)->{zones}[0];
    return join '', map { "$_ " . ($zone->{$_} =~ /^\d+$/ ? 'n' : 'x') . "\n" }
                    grep { $_ ne 'name' } sort keys %$zone;
}

sub idle {
    my $status = JSON::PP::decode_json(shift);
    my $zone = $status->{zones}[0];
    return join(' ', @$zone{qw(objects refs chunks_reserved workers)},
                $zone->{chunks} - $zone->{chunks_free},
                $zone->{chunks} > 50 ? 'chunks' : 'none',
                $status->{pid} > 1 ? 'pid' : '',
                scalar @{ $status->{streams} }) . "\n";
}

# What is wrong with a text for Prometheus.
sub strange {
    my ($metrics, @bad) = parse_metrics(shift);
    push @bad, grep { !/^ngx_video_/ } keys %$metrics;
    push @bad, 'nothing is there' if !%$metrics;
    return join '', map { "$_\n" } @bad;
}

# How many samples of each zone: all have the same.
sub samples {
    my %count;
    $count{$1}++ while $_[0] =~ /\{zone="([^"]+)"\}/g;
    return join(' ', map { "$_=" . ($count{$_} > 5 ? 'many' : $count{$_}) }
                     sort keys %count) . "\n";
}

add_block_preprocessor(sub {
    my $block = shift;
    $block->set_value('config', 'location = /status { video_status; }')
        if ($block->config // '') !~ /\S/;
});

run_tests();

__DATA__

=== TEST 1: JSON
--- main_config
video { zone live 8m; }
--- config
--- request
GET /status
--- response_headers
Content-Type: application/json
--- response_body_filters
main::zones
--- response_body
live



=== TEST 2: numbers of a zone
--- main_config
video { zone live 8m; }
--- config
--- request
GET /status
--- response_body_filters
main::numbers
--- response_body
chunks n
chunks_cached n
chunks_free n
chunks_lingering n
chunks_reserved n
cuts n
evictions n
objects n
recoveries n
refs n
refusals n
streams n
streams_max n
transcoder_pid n
transcoder_silent n
transcoder_starts n
transcoder_streams n
wakes n
workers n



=== TEST 3: a zone in which nothing happens
--- main_config
video { zone live 8m; }
--- config
--- request
GET /status
--- response_body_filters
main::idle
--- response_body
0 0 0 1 0 chunks pid 0



=== TEST 4: several zones, in order
--- main_config
video { zone one 2m; zone two 3m; zone three 4m; }
--- config
--- request
GET /status
--- response_body_filters
main::zones
--- response_body
one,two,three



=== TEST 5: names are quoted
--- main_config
video { zone 'a"b\c' 2m; }
--- config
--- request
GET /status
--- response_body_filters
main::zones
--- response_body
a"b\c



=== TEST 6: Prometheus
--- main_config
video { zone live 8m; }
--- config
--- request
GET /status?format=prometheus
--- response_headers
Content-Type: text/plain; version=0.0.4; charset=utf-8
--- response_body_filters
main::strange
--- response_body



=== TEST 7: Prometheus, two zones
--- main_config
video { zone one 2m; zone two 3m; }
--- config
--- request
GET /status?format=prometheus
--- response_body_filters
main::samples
--- response_body
one=many two=many



=== TEST 8: other formats are JSON
--- main_config
video { zone live 8m; }
--- config
--- request eval
["GET /status?format=json", "GET /status?format=", "GET /status?x=prometheus",
 "GET /status?format=prometheusx"]
--- response_headers eval
[("Content-Type: application/json") x 4]
--- error_code eval
[200, 200, 200, 200]



=== TEST 9: HEAD
--- main_config
video { zone live 8m; }
--- config
--- request
HEAD /status
--- response_headers_like
Content-Length: [1-9]\d+
--- response_body



=== TEST 10: other methods
--- main_config
video { zone live 8m; }
--- config
--- request eval
["POST /status\nbody", "PUT /status\nbody", "DELETE /status", "OPTIONS /status"]
--- error_code eval
[405, 405, 405, 405]



=== TEST 11: after an internal redirect
--- main_config
video { zone live 8m; }
--- config
location = /status { video_status; }
location = /none { error_page 404 = /status; return 404; }
--- request
GET /none
--- error_code: 200
--- response_body_like: ^\{"pid":



=== TEST 12: no arguments
--- config
location = /status { video_status on; }
--- must_die
--- error_log
[emerg]
invalid number of arguments in "video_status" directive



=== TEST 13: in a location only
--- config
video_status;
--- must_die
--- error_log
[emerg]
"video_status" directive is not allowed here



=== TEST 14: Prometheus, a name that is quoted
--- main_config
video { zone 'a"b\c' 2m; }
--- config
--- request
GET /status?format=prometheus
--- response_body_filters
main::strange
--- response_body



=== TEST 15: Prometheus, no zones
--- config
--- request
GET /status?format=prometheus
--- response_body_filters
main::strange
--- response_body
