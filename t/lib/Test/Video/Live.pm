# What the flow tests of ingest and live delivery share: a node's
# configuration, a small stream, and what /status says.
package Test::Video::Live;

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();

use Test::Video::AMF qw(amf_encode amf_string);
use Test::Video::Corpus ();
use Test::Video::FLV;
use Test::Video::HLS;
use Test::Video::Loop qw(wait_for);
use Test::Video::Media;
use Test::Video::RTMP;

our @EXPORT = qw(live_conf live_flv live_tags live_feed live_sent live_track
                 status zone_status stream_status master_urls media_list
                 segment_msns uris_of lines_of);


# A node: RTMP on PORT_1, HTTP on PORT_0, one zone.  Options: workers (2), zone
# (size, "64m"), video (more of video {}), rtmp and live (more directives of the
# stream server and of location /live/), servers (more of stream {}), locations,
# listen (parameters of the HTTP port), and segment ("1s"), part ("200ms"),
# window ("8s"), bitrate ("512k"), grace ("0").
sub live_conf {
    my (%o) = @_;
    my %v = (workers => 2, zone => '64m', segment => '1s', part => '200ms',
             window => '8s', bitrate => '512k', grace => '0',
             map({ $_ => '' } qw(video listen rtmp live servers
                                   locations)), %o);

    return <<"CONF";
%%GLOBALS%%
%%MODULES%%
worker_processes $v{workers};
events { worker_connections 256; }
video { zone live $v{zone}; $v{video} }
stream {
    server {
        listen 127.0.0.1:%%PORT_1%%;
        video_rtmp live zone=live;
        video_segment $v{segment};
        video_part $v{part};
        video_window $v{window};
        video_bitrate $v{bitrate};
        video_publish_grace $v{grace};
        $v{rtmp}
    }
    $v{servers}
}
http {
    access_log off;
%%TEMP_PATHS%%
    server {
        listen 127.0.0.1:%%PORT_0%% $v{listen};
        location /live/ {
            video_live zone=live;
            $v{live}
        }
        location = /status { video_status; }
        location = /pid { return 200 \$pid; }
        $v{locations}
    }
}
CONF
}


# Six seconds of 320x180 at 30 frames/s with a key frame each second.
sub live_flv {
    return flv_h264_aac(seconds => 6, size => '320x180', bitrate => '300k',
                        gop => 30, @_);
}


# Its tags, by kind: { metadata, video_header, audio_header: the tag; frames:
# video and audio in order }.
sub live_tags {
    my @tags = Test::Video::FLV::read_tags(live_flv(@_));
    my %tags = (all => \@tags);

    for my $tag (@tags) {
        if ($tag->{type} == 18) {
            $tags{metadata} = $tag;
        } elsif (Test::Video::FLV::is_header($tag)) {
            $tags{$tag->{type} == 9 ? 'video_header' : 'audio_header'} = $tag;
        } elsif (!Test::Video::FLV::is_end($tag)) {
            push @{ $tags{frames} }, $tag;
        }
    }
    return \%tags;
}


# live_feed($t, $stream, app => "live", port => 1, only => "video", flv => ...):
# a publisher that sends what the test says and nothing else; its media is the
# file, over and over.
sub live_feed {
    my ($t, $stream, %o) = @_;
    my $rtmp = $t->rtmp(port => $o{port} // 1);

    $rtmp->handshake && $rtmp->connect_app($o{app} // 'live')
        or die "cannot connect for $stream\n";
    $rtmp->set_chunk_size(65536);
    my $answer = $rtmp->publish($stream);
    my $tags = live_tags(@{ $o{flv} || [] });
    my @frames = grep { !$o{only} || $_->{type} == ($o{only} eq 'video' ? 9 : 8)
                      } @{ $tags->{frames} };
    my ($video) = grep { $_->{type} == 9 } @frames;

    # one round: to the frame after the last, which repeats the first
    my $count = grep { $_->{type} == 9 } @frames;
    my $self = bless {
        rtmp => $rtmp, frames => \@frames, next => 0, offset => 0, at => 0,
        code => $answer && $answer->{info}{code},
        length => $video ? int($count * 1000 / 30 + 0.5)
                         : $frames[-1]{timestamp} + 21,
    }, 'Test::Video::Live::Feed';

    $rtmp->send_tag(9, 0, $tags->{video_header}{body})
        if ($o{only} // '') ne 'audio';
    $rtmp->send_tag(8, 0, $tags->{audio_header}{body})
        if ($o{only} // '') ne 'video';
    return $self;
}


# live_sent($t, $stream, [tags], app, port, metadata => { ... }): a publisher
# that has sent these; it can only settle, end and reset.
sub live_sent {
    my ($t, $stream, $tags, %o) = @_;
    my $rtmp = $t->rtmp(port => $o{port} // 1);

    $rtmp->handshake && $rtmp->connect_app($o{app} // 'live')
        && $rtmp->publish($stream) or die "cannot publish $stream\n";
    $rtmp->set_chunk_size(65536);
    $rtmp->send_tag(18, 0, "\x02\x00\x0d\@setDataFrame"
                           . amf_encode(amf_string('onMetaData'),
                                        $o{metadata})) if $o{metadata};
    my $self = bless { rtmp => $rtmp }, 'Test::Video::Live::Feed';
    return $self->send(@$tags);
}


# All of a track that its playlist lists: { list, init (bytes), timing, segments
# => [[samples]...], samples }; undef when something of it is missing.
sub live_track {
    my ($t, $path, %o) = @_;
    my $list = media_list($t, $path, %o);
    my ($init) = uris_of($list, 'init');
    my %track = (list => $list, segments => []);

    return if !defined $init;
    $track{init} = $t->get($init, %o)->body;
    $track{timing} = Test::Video::Corpus::init_of(\$track{init}) // return;
    for my $uri (uris_of($list, 'segment')) {
        my $r = $t->get($uri, %o);
        return if $r->status != 200 || !$r->complete;
        my $body = $r->body;
        push @{ $track{segments} },
            [Test::Video::Corpus::samples_of(\$body, $track{timing})];
        $track{bytes} .= $body;
    }
    $track{samples} = [map { @$_ } @{ $track{segments} }];
    return \%track;
}


sub status {
    my ($t, %o) = @_;
    return JSON::PP::decode_json($t->get('/status', %o)->body);
}


sub zone_status {
    my ($t, $name) = @_;
    my ($zone) = grep { $_->{name} eq ($name // 'live') }
                 @{ status($t)->{zones} };
    return $zone;
}


# undef when there is no such stream.
sub stream_status {
    my ($t, $name) = @_;
    my ($stream) = grep { $_->{name} eq $name } @{ status($t)->{streams} };
    return $stream;
}


# Paths of the media playlists that a master playlist names: video, audio.
sub master_urls {
    my ($t, $path) = @_;
    my @urls = Test::Video::HLS::media_playlists($t->get($path)->body, 1);
    return map { Test::Video::HLS::resolve($path, $_) } @urls;
}


# A media playlist, parsed, with its text and every URI made a path.
sub media_list {
    my ($t, $path, %o) = @_;
    my $response = $t->get($path, %o);
    my $list = Test::Video::HLS::parse($response->body);

    $list->{status} = $response->status;
    $list->{text} = $response->body;
    $_->{path} = Test::Video::HLS::resolve($path, $_->{uri})
        for @{ $list->{items} };
    $_->{path} = Test::Video::HLS::resolve($path, $_->{URI})
        for @{ $list->{hints} || [] };
    return $list;
}


sub segment_msns {
    my ($list) = @_;
    return map { $_->{msn} } grep { $_->{kind} eq 'segment' }
           @{ $list->{items} };
}


# Paths of the items of a kind (of one segment).
sub uris_of {
    my ($list, $kind, $msn) = @_;
    return map { $_->{path} }
           grep { $_->{kind} eq $kind
                  && (!defined $msn || $_->{msn} == $msn) }
           @{ $list->{items} };
}


sub lines_of {
    my ($text, $tag) = @_;
    return grep { /^\Q$tag\E(?::|$)/ } split /\n/, $text;
}


package Test::Video::Live::Feed;

sub rtmp { return $_[0]{rtmp} }
sub code { return $_[0]{code} }


# Goes on with another file, which is live_flv's of these options: its codec
# headers, then its frames from the first key frame.  The time goes on.
sub change {
    my ($self, @flv) = @_;
    my $tags = Test::Video::Live::live_tags(@flv);
    my %is = map { $_->{type} => 1 } @{ $self->{frames} };
    my $at = $self->{at};

    $self->{offset} = $at;
    $self->{next} = 0;
    $self->{frames} = [grep { $is{$_->{type}} } @{ $tags->{frames} }];
    $self->{rtmp}->send_tag(9, $at, $tags->{video_header}{body}) if $is{9};
    $self->{rtmp}->send_tag(8, $at, $tags->{audio_header}{body}) if $is{8};
    return;
}


# Sends all frames before a time in ms.  They have been taken in on return.
sub to {
    my ($self, $ms) = @_;

    while (1) {
        my $tag = $self->{frames}[ $self->{next} ];
        my $time = $tag->{timestamp} + $self->{offset};
        last if $time >= $ms;
        $self->{rtmp}->send_tag($tag->{type}, $time, $tag->{body})
            or die "the server does not take media\n";
        if (++$self->{next} == @{ $self->{frames} }) {
            $self->{next} = 0;
            $self->{offset} += $self->{length};
        }
    }
    $self->{at} = $ms;
    return $self->settle;
}


# Sends tags as they are.  They have been taken in on return.
sub send {
    my ($self, @tags) = @_;
    my $rtmp = $self->{rtmp};

    for my $tag (@tags) {
        $rtmp->send_tag(@$tag{qw(type timestamp body)})
            or die "the server does not take media\n";
    }
    return $self->settle;
}


sub more {
    my ($self, $ms) = @_;
    return $self->to($self->{at} + $ms);
}


# An answer to a ping comes after everything before it has been handled.
sub settle {
    my ($self) = @_;

    $self->{rtmp}->send_message(2, Test::Video::RTMP::USER_CONTROL, 0, 0,
                                pack 'n N', 6, ++$self->{pings});
    $self->{rtmp}->wait_message(sub {
        $_[0]{type} == Test::Video::RTMP::USER_CONTROL
            && $_[0]{body} eq pack 'n N', 7, $self->{pings};
    }) or die "no answer to a ping\n";
    return $self;
}


# Good-bye; returns when the server has closed.
sub end {
    my ($self) = @_;
    my $rtmp = $self->{rtmp};

    $rtmp->unpublish('');
    1 while $rtmp->read_message;
    $rtmp->close;
    return;
}


# Without a good-bye.
sub reset {
    my ($self) = @_;

    $self->{rtmp}->reset;
    return;
}


1;
