# Streams of H.264 and H.265 made at random: parameter sets, and slices of which
# only the headers make sense.  They have what encoders at hand don't write:
# slice groups, long-term pictures, tiles, dependent slice segments, and much
# else; headers as ffmpeg's parser takes them.
package Test::Video::Slices;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(random_stream);

my $bits;


sub u {
    my ($n, $value) = @_;
    $bits .= sprintf "%0${n}b", $value if $n > 0;
    return $value;
}

sub ue {
    my ($value) = @_;
    my $code = sprintf '%b', $value + 1;
    $bits .= '0' x (length($code) - 1) . $code;
    return $value;
}

sub se { my ($v) = @_; return ue($v > 0 ? 2 * $v - 1 : -2 * $v) }

# 0 .. n - 1; small ones and 0 more often
sub any {
    my ($n) = @_;
    return rand() < 0.3 ? 0 : int rand(rand() < 0.5 ? $n : $n < 4 ? $n : 4);
}

sub flag { return u(1, int rand 2) }

sub signed { my ($n) = @_; return se(int(rand 2 * $n + 1) - $n) }

sub log2 {                      # Ceil(Log2(n))
    my ($n) = @_;
    my $bits = 0;
    $bits++ while 1 << $bits < $n;
    return $bits;
}


# The bits as a NAL unit after a start code.
sub nal {
    my ($data) = @_;
    $bits .= '1' if !$data;     # rbsp_stop_one_bit
    $bits .= $data ? '1' : '0' while length($bits) % 8;

    my $bytes = pack('B*', $bits) . ($data ? "\xa5\x5a\xa5\x80" : '');
    $bytes =~ s/\x00\x00(?=[\x00-\x03])/\x00\x00\x03/g;
    $bits = '';
    return "\x00\x00\x00\x01$bytes";
}


# --- H.264 ------------------------------------------------------------------

sub h264_sps {
    my ($id) = @_;
    my %s = (id => $id, chroma => 1, planes => 0);
    my $high = int rand 2;

    u(8, 0x67);
    u(8, $high ? 244 : 77);
    u(16, 30);
    ue($id);

    if ($high) {
        $s{chroma} = ue(int rand 4);
        $s{planes} = flag() if $s{chroma} == 3;
        $s{chroma} = 0 if $s{planes};
        ue(0); ue(0); u(2, 0);
    }
    $s{frame_num} = 4 + ue(any(13));
    $s{poc_type} = ue(int rand 3);
    if ($s{poc_type} == 0) {
        $s{poc} = 4 + ue(any(13));
    } elsif ($s{poc_type} == 1) {
        $s{delta_zero} = flag();
        signed(9); signed(9); ue(0);
    }
    ue(4); u(1, 0);
    my $width = 1 + ue(3 + any(20));
    my $height = 1 + ue(3 + any(20));
    $s{units} = $width * $height;
    $s{frames} = flag();
    u(1, 0) if !$s{frames};
    u(3, 4);
    return \%s;
}


sub h264_groups {
    my ($s, $sps) = @_;
    my $n = 1 + ue(1 + int rand 7);
    my $type = ue(int rand 7);

    if ($type == 0) {
        ue(any(9)) for 1 .. $n;
    } elsif ($type == 2) {
        for (2 .. $n) { ue(0); ue(any(9)) }
    } elsif ($type >= 3 && $type <= 5) {
        flag();
        $s->{rate} = 1 + ue(any($sps->{units}));
    } elsif ($type == 6) {
        ue($sps->{units} - 1);
        u(log2($n), int rand $n) for 1 .. $sps->{units};
    }
    return;
}


sub h264_pps {
    my ($id, $sps) = @_;
    my %s = (id => $id);

    u(8, 0x68);
    ue($id);
    ue($sps->{id});
    $s{cabac} = flag();
    $s{frame_poc} = flag();
    if (rand() < 0.3) { h264_groups(\%s, $sps) } else { ue(0) }
    $s{refs} = [1 + ue(any(8)), 1 + ue(any(8))];
    $s{weighted} = flag();
    $s{bipred} = u(2, int rand 3);
    signed(9) for 1 .. 3;
    $s{deblocking} = flag();
    u(1, 0);
    $s{redundant} = flag();
    return \%s;
}


sub h264_weights {
    my ($sps, @refs) = @_;
    ue(any(8));
    ue(any(8)) if $sps->{chroma};

    for my $n (@refs) {
        for (1 .. $n) {
            if (flag()) { signed(127) for 1 .. 2 }
            if ($sps->{chroma} && flag()) { signed(127) for 1 .. 4 }
        }
    }
    return;
}


sub h264_marking {
    my ($idr) = @_;

    if ($idr) { u(2, int rand 4); return }
    return if !flag();

    for (1 .. int rand 6) {
        my $op = ue((1, 2, 3, 6)[rand 4]);
        ue(any(4));
        ue(any(4)) if $op == 3;
    }
    ue(0);
    return;
}


sub h264_slice {
    my ($sps, $pps) = @_;
    my $idr = rand() < 0.2;
    my $ref = $idr ? 1 : int rand 4;
    my $type = $idr ? (2, 4)[rand 2] : int rand 5;
    my $field = 0;

    u(8, $ref << 5 | ($idr ? 5 : 1));
    ue(any($sps->{units}));
    ue($type);
    ue($pps->{id});
    u(2, int rand 3) if $sps->{planes};
    u($sps->{frame_num}, $idr ? 0 : any(1 << $sps->{frame_num}));
    if (!$sps->{frames}) {
        $field = flag();
        flag() if $field;
    }
    ue(any(65536)) if $idr;
    if ($sps->{poc_type} == 0) {
        u($sps->{poc}, any(1 << $sps->{poc}));
        signed(any(1 << 20)) if $pps->{frame_poc} && !$field;
    } elsif ($sps->{poc_type} == 1 && !$sps->{delta_zero}) {
        signed(any(1 << 20));
        signed(9) if $pps->{frame_poc} && !$field;
    }
    ue(any(128)) if $pps->{redundant};

    my @refs = $type == 1 ? @{ $pps->{refs} }
             : $type == 0 || $type == 3 ? ($pps->{refs}[0]) : ();
    flag() if $type == 1;
    if (@refs && flag()) {
        $_ = 1 + ue(any($field ? 32 : 16)) for @refs;
    }
    for my $n (@refs) {
        next if !flag();
        for (1 .. int rand $n + 1) { ue(int rand 3); ue(any(4)) }
        ue(3);
    }
    h264_weights($sps, @refs) if @refs == 1 && $pps->{weighted}
                                 || @refs == 2 && $pps->{bipred} == 1;
    h264_marking($idr) if $ref;
    ue(any(3)) if $pps->{cabac} && @refs;
    signed(20);
    flag() if $type == 3;
    signed(20) if $type > 2;
    if ($pps->{deblocking} && ue(int rand 3) != 1) { signed(6) for 1 .. 2 }

    if ($pps->{rate}) {
        my $n = 0;
        $n++ while ((1 << $n) - 1) * $pps->{rate} < $sps->{units};
        u($n, 1);
    }
    return;
}


# --- H.265 ------------------------------------------------------------------

# A set of reference pictures: its differences by sign, and which are used.
sub hevc_set {
    my ($sets, $slice) = @_;
    my (%d, $set);

    if (@$sets && flag()) {
        my $ref = $sets->[$slice ? -1 - ue(any(scalar @$sets)) : -1];
        my $minus = flag();
        my $shift = (1 + ue(any(4))) * ($minus ? -1 : 1);

        for my $delta ((map { $_->[0] } @$ref), 0) {
            my $used = flag();
            next if !$used && !flag();
            $d{ $delta + $shift } = $used if $delta + $shift;
        }

    } else {
        my @n = map { ue(any(4)) } 1 .. 2;

        for my $sign (-1, 1) {
            my $delta = 0;
            for (1 .. $n[$sign > 0]) {
                $delta += $sign * (1 + ue(any(3)));
                $d{$delta} = flag();
            }
        }
    }
    return [map { [$_, $d{$_}] } (sort { $b <=> $a } grep { $_ < 0 } keys %d),
            sort { $a <=> $b } grep { $_ > 0 } keys %d];
}


sub hevc_sps {
    my ($id) = @_;
    my %s = (id => $id, sets => [], planes => 0);
    my $profile = (1, 4)[rand 2];

    u(16, 0x4201);
    u(8, 1);
    u(8, $profile);
    u(32, 0x60000000);
    u(24, 0x900000);
    u(24, 0);
    u(8, 93);
    ue($id);
    $s{chroma} = ue($profile == 4 ? int rand 4 : 1);
    $s{planes} = flag() if $s{chroma} == 3;
    $s{chroma} = 0 if $s{planes};
    my ($w, $h) = (64 + 8 * int rand 60, 64 + 8 * int rand 60);
    ue($w); ue($h);
    u(1, 0);
    ue(0); ue(0);
    $s{poc} = 4 + ue(any(13));
    u(1, 0); ue(15); ue(0); ue(0);
    ue(0);
    my $size = 4 + ue(1 + int rand 3) - 1;
    ue(0); ue(int rand 2); ue(0); ue(0);
    $s{w} = int(($w + (1 << $size) - 1) / (1 << $size));
    $s{h} = int(($h + (1 << $size) - 1) / (1 << $size));
    u(1, 0); u(1, 0);
    $s{sao} = flag();
    u(1, 0);

    for (1 .. ue(any(9))) {
        push @{ $s{sets} }, hevc_set($s{sets});
    }
    if ($s{long} = flag()) {
        for (1 .. ue(any(4))) {
            u($s{poc}, any(1 << $s{poc}));
            push @{ $s{used} }, flag();
        }
    }
    $s{mvp} = flag();
    u(1, 0); u(1, 0);
    if (u(1, $profile == 4)) { u(8, 0x80); u(9, 0) }
    return \%s;
}


sub hevc_pps {
    my ($id, $sps) = @_;
    my %s = (id => $id, columns => 1, rows => 1);

    u(16, 0x4401);
    ue($id);
    ue($sps->{id});
    $s{dependent} = flag();
    $s{output} = flag();
    $s{extra} = u(3, any(3));
    u(1, 0);
    $s{cabac} = flag();
    $s{refs} = [1 + ue(any(4)), 1 + ue(any(4))];
    signed(9);
    u(1, 0);
    my $skip = flag();
    u(1, 0);
    signed(9) for 1 .. 2;
    $s{chroma_qp} = flag();
    $s{weighted} = flag();
    $s{bipred} = flag();
    u(1, 0);
    my $tiles = flag();
    $s{waves} = flag();
    if ($tiles) {
        $s{columns} = 1 + ue(any($sps->{w} < 20 ? $sps->{w} : 20));
        $s{rows} = 1 + ue(any($sps->{h} < 22 ? $sps->{h} : 22));
        if (!flag()) {
            ue(0) for 3 .. $s{columns} + $s{rows};
        }
        flag();
    }
    $s{entries} = $tiles || $s{waves};
    $s{across} = flag();
    if (flag()) {
        $s{override} = flag();
        $s{disabled} = flag();
        if (!$s{disabled}) { signed(6) for 1 .. 2 }
    }
    u(1, 0);
    $s{modification} = flag();
    ue(0);
    $s{extension} = flag();
    if (u(1, $sps->{chroma} == 3)) {
        u(8, 0x80);
        ue(0) if $skip;
        u(1, 0);
        if ($s{qp_list} = flag()) {
            ue(0); ue(1);
            signed(9) for 1 .. 4;
        }
        ue(0); ue(0);
    }
    return \%s;
}


sub hevc_weights {
    my ($sps, @refs) = @_;
    ue(any(8));
    se(0) if $sps->{chroma};

    for my $n (@refs) {
        my @luma = map { flag() } 1 .. $n;
        my @chroma = map { $sps->{chroma} ? flag() : 0 } 1 .. $n;
        for (0 .. $n - 1) {
            if ($luma[$_]) { signed(100) for 1 .. 2 }
            if ($chroma[$_]) { signed(100) for 1 .. 4 }
        }
    }
    return;
}


# Reference pictures; how many of them may be used.
sub hevc_references {
    my ($sps) = @_;
    my @sets = @{ $sps->{sets} };
    my ($set, $used) = (undef, 0);

    u($sps->{poc}, any(1 << $sps->{poc}));
    if (u(1, @sets ? int rand 2 : 0)) {
        $set = $sets[u(log2(scalar @sets), int rand @sets)];
    } else {
        $set = hevc_set(\@sets, 1);
    }
    $used += $_->[1] for @$set;

    if ($sps->{long}) {
        my @of = @{ $sps->{used} // [] };
        my $room = 15 - @$set < 3 ? 0 : 2;
        my $known = @of ? ue(any($room ? 2 : 1)) : 0;
        my $more = ue(any($room ? 2 : 1));

        for (1 .. $known + $more) {
            if ($_ <= $known) {
                $used += $of[u(log2(scalar @of), int rand @of)];
            } else {
                u($sps->{poc}, any(1 << $sps->{poc}));
                $used += flag();
            }
            ue(any(9)) if flag();
        }
    }
    return $used;
}


sub hevc_own {
    my ($sps, $pps, $nal) = @_;
    my ($used, $mvp, $sao) = (0, 0, 0);

    flag() for 1 .. $pps->{extra};
    my $type = ue($nal >= 16 ? 2 : int rand 3);
    flag() if $pps->{output};
    u(2, int rand 3) if $sps->{planes};
    if ($nal != 19 && $nal != 20) {
        $used = hevc_references($sps);
        $mvp = flag() if $sps->{mvp};
    }
    if ($sps->{sao}) {
        $sao = flag();
        $sao |= flag() if $sps->{chroma};
    }
    if ($type != 2) {
        my @refs = @{ $pps->{refs} }[0 .. 1 - $type];
        if (flag()) {
            $_ = 1 + ue(any(15)) for @refs;
        }
        if ($pps->{modification} && $used > 1) {
            for my $n (@refs) {
                next if !flag();
                u(log2($used), int rand $used) for 1 .. $n;
            }
        }
        flag() if @refs == 2;
        flag() if $pps->{cabac};
        if ($mvp) {
            my $list = @refs == 2 && !flag();
            ue(any($refs[$list])) if $refs[$list] > 1;
        }
        hevc_weights($sps, @refs) if $pps->{@refs == 2 ? 'bipred' : 'weighted'};
        ue(any(5));
    }
    signed(9);
    if ($pps->{chroma_qp}) { signed(9) for 1 .. 2 }
    flag() if $pps->{qp_list};
    my $disabled = $pps->{disabled};
    if ($pps->{override} && flag()) {
        $disabled = flag();
        if (!$disabled) { signed(6) for 1 .. 2 }
    }
    flag() if $pps->{across} && ($sao || !$disabled);
    return;
}


sub hevc_slice {
    my ($sps, $pps) = @_;
    my $nal = (0, 1, 1, 8, 19, 20, 21)[rand 7];
    my $dependent = 0;

    u(16, $nal << 9 | 1);
    my $first = flag();
    flag() if $nal >= 16;
    ue($pps->{id});
    if (!$first) {
        $dependent = flag() if $pps->{dependent};
        my $blocks = $sps->{w} * $sps->{h};
        u(log2($blocks), any($blocks));
    }
    hevc_own($sps, $pps, $nal) if !$dependent;

    if ($pps->{entries}) {
        my $max = $pps->{columns} * ($pps->{waves} ? $sps->{h} : $pps->{rows});
        my $n = ue(any($max));
        if ($n) {
            my $len = 1 + ue(any(32));
            u($len, any(1 << ($len > 30 ? 30 : $len))) for 1 .. $n;
        }
    }
    if ($pps->{extension}) {
        u(8, any(256)) for 1 .. ue(any(20));
    }
    u(1, 1);
    u(1, 0) while length($bits) % 8;
    return;
}


# random_stream(codec, seed): bytes.
sub random_stream {
    my ($codec, $seed) = @_;
    my ($sps_of, $pps_of, $slice_of) = $codec eq 'h264'
        ? (\&h264_sps, \&h264_pps, \&h264_slice)
        : (\&hevc_sps, \&hevc_pps, \&hevc_slice);

    srand $seed;
    $bits = '';
    my $stream = '';

    if ($codec eq 'hevc') {
        $stream = "\x00\x00\x00\x01" . pack 'H*',
            '40010c01ffff01600000030090000003000003001e959009';
    }
    for (1 .. 4) {
        my $sps = $sps_of->(int rand($codec eq 'h264' ? 32 : 16));
        $stream .= nal();
        my $pps = $pps_of->(int rand 64, $sps);
        $stream .= nal();

        for (1 .. 8) {
            $slice_of->($sps, $pps);
            $stream .= nal(1);
        }
    }
    return $stream;
}


1;
