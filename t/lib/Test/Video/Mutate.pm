# Damaged copies of an MP4 file, always the same ones: each has a name that
# says what was done to it, and is made when it is asked for.
package Test::Video::Mutate;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(mutations random_from boxes_of box box_list_is_whole);

my %CONTAINER = map { $_ => 8 } qw(moov trak edts mdia minf dinf stbl mvex
                                   moof traf);
# ... and those with fields before the boxes in them.
@CONTAINER{qw(stsd avc1 hvc1 vp09 mp4a Opus)} = (16, 86, 86, 86, 36, 36);

# Where a table has its number of entries.
my %COUNT = (stsz => 16, trun => 12,
             map { $_ => 12 } qw(stts ctts stsc stco co64 stss elst dref stsd
                                 sgpd sbgp));

my $TOP = 2 ** 32 - 1;


# A generator of its own (xorshift32): numbers below n, the same everywhere.
sub random_from {
    my ($x) = @_;

    $x = $x & 0xffffffff || 1;
    return sub {
        my ($n) = @_;
        $x ^= $x << 13 & 0xffffffff;
        $x ^= $x >> 17;
        $x ^= $x << 5 & 0xffffffff;
        return $x % $n;
    };
}


sub box {
    my ($type, @parts) = @_;
    my $body = join '', @parts;
    return pack('N a4', 8 + length $body, $type) . $body;
}


# All boxes, outer ones first: { path, type, at, size, parent }.
sub boxes_of {
    my ($bytes, $parent, $from, $to) = @_;
    my (@all, %seen);

    ($from, $to) = (0, length $$bytes) if !$parent;
    while ($from + 8 <= $to) {
        my ($size, $type) = unpack 'N a4', substr $$bytes, $from, 8;
        last if $size < 8 || $from + $size > $to;

        my $box = {
            type => $type, at => $from, size => $size, parent => $parent,
            path => ($parent ? "$parent->{path}/" : '') . $type
                    . ($seen{$type}++ || ''),
        };
        push @all, $box;
        push @all, boxes_of($bytes, $box, $from + $CONTAINER{$type},
                            $from + $size)
            if $CONTAINER{$type} && $size > $CONTAINER{$type};
        $from += $size;
    }
    return @all;
}


# Whether bytes are boxes, one after another and nothing else.
sub box_list_is_whole {
    my ($bytes) = @_;
    my $at = 0;

    while ($at + 8 <= length $$bytes) {
        my $size = unpack 'N', substr $$bytes, $at, 4;
        $size = unpack 'Q>', substr $$bytes, $at + 8, 8 if $size == 1;
        return 0 if $size < 8;
        $at += $size;
    }
    return $at == length $$bytes;
}


# mutations(\$bytes, flips => n, seed => n): [name, sub that makes it]...
sub mutations {
    my ($bytes, %o) = @_;
    my @boxes = boxes_of($bytes);
    my @inner = grep { $_->{path} =~ /^moo[vf]/ } @boxes;

    return (cuts($bytes, @boxes), sizes($bytes, @boxes),
            counts($bytes, @inner), types($bytes, @inner),
            loops($bytes, @inner), bombs($bytes, @boxes),
            flips($bytes, $o{seed}, $o{flips}, @boxes));
}


# One that overwrites bytes: at => new, ...
sub over {
    my ($bytes, $name, %new) = @_;

    return [$name, sub {
        my $copy = $$bytes;
        substr $copy, $_, length $new{$_}, $new{$_} for keys %new;
        return $copy;
    }];
}


sub cuts {
    my ($bytes, @boxes) = @_;
    my (@all, %done);

    for my $box (@boxes) {
        for my $delta (-1, 0, 1) {
            my $n = $box->{at} + $delta;
            next if $n < 0 || $done{$n}++;
            push @all, ["cut at $box->{path}" . sprintf('%+d', $delta),
                        sub { substr $$bytes, 0, $n }];
        }
    }
    return @all, ['cut by one', sub { substr $$bytes, 0, -1 }];
}


sub sizes {
    my ($bytes, @boxes) = @_;
    my @all;

    for my $box (@boxes) {
        my ($path, $at, $size) = @$box{qw(path at size)};

        push @all, over($bytes, "size of $path: $_", $at, pack 'N', $_)
            for 0, 1, 7, 8, $size - 1, $size + 1, 2 ** 31, $TOP;
        push @all, over($bytes, "64-bit size of $path: $$_[0]",
                        $at, pack 'N a4 N N', 1, $box->{type}, @$_[1, 2])
            for ['8', 0, 8], ['2^32', 1, 0], ['2^63', 2 ** 31, 0],
                ['2^64-1', $TOP, $TOP], ["-offset", $TOP, $TOP + 1 - $at];
    }
    return @all;
}


sub counts {
    my ($bytes, @boxes) = @_;
    my @all;

    for my $box (@boxes) {
        my $field = $COUNT{ $box->{type} } or next;
        next if $field + 4 > $box->{size};

        my $at = $box->{at} + $field;
        my $n = unpack 'N', substr $$bytes, $at, 4;
        push @all, over($bytes, "count of $box->{path}: $_", $at, pack 'N', $_)
            for grep { $_ >= 0 } 0, 1, $n - 1, $n + 1, 2 ** 29, 2 ** 30,
                                 2 ** 31, $TOP;
    }
    return @all;
}


# Each box becomes its neighbour, what is around it, and nothing.
sub types {
    my ($bytes, @boxes) = @_;
    my @all;

    for my $i (0 .. $#boxes) {
        my ($box, $next) = @boxes[$i, $i + 1];
        my ($path, $at) = @$box{qw(path at)};

        push @all, over($bytes, "$path is free", $at + 4, 'free');
        push @all, over($bytes, "$path is its parent", $at + 4,
                        $box->{parent}{type}) if $box->{parent};
        push @all, over($bytes, "$path for $next->{path}",
                        $at + 4, $next->{type}, $next->{at} + 4, $box->{type})
            if $next;
    }
    return @all;
}


# What is in a box claims to be that box, and to be as long.
sub loops {
    my ($bytes, @boxes) = @_;

    return map {
        over($bytes, "$_->{path} has itself",
             $_->{at} + ($CONTAINER{ $_->{type} } // 8),
             substr($$bytes, $_->{at}, 8))
    } grep { $_->{size} >= 16 + ($CONTAINER{ $_->{type} } // 8) } @boxes;
}


# Boxes in boxes, thousands deep: alone, and in place of what should be there.
sub bombs {
    my ($bytes, @boxes) = @_;
    my @all;

    for my $type (sort keys %CONTAINER, qw(udta meta ilst sinf wave)) {
        my $fields = "\0" x (($CONTAINER{$type} // 8) - 8);
        my $bomb = sub {
            my ($deep) = @_;
            my $unit = 8 + length $fields;
            return join '', map { pack('N a4', $_ * $unit, $type) . $fields }
                            reverse 1 .. $deep;
        };
        push @all, ["$type in $type, 3000 deep", sub { $bomb->(3000) }];
        push @all, ["moov of $type, 3000 deep",
                    sub { box('moov', $bomb->(3000)) . $$bytes }];
        push @all, ["3000 $type beside one another",
                    sub { box('moov', box($type, $fields) x 3000) . $$bytes }];
        push @all, ["a good file behind $type, 3000 deep",
                    sub { $$bytes . $bomb->(3000) }];
    }
    return @all, ['twice', sub { $$bytes x 2 }],
                 ['a hundred times', sub { $$bytes x 100 }];
}


# One to 32 bytes get another value: half of them in the boxes that are read.
sub flips {
    my ($bytes, $seed, $n, @boxes) = @_;
    my @spans = map { [@$_{qw(at size)}] }
                grep { $_->{path} =~ /^moo[vf]\d*$/ } @boxes;
    my @all;

    for my $i (0 .. $n - 1) {
        push @all, ["flips $i", sub {
            my $random = random_from($seed * 1_000_003 + $i * 7919 + 1);
            my $copy = $$bytes;
            $random->(2) for 1 .. 8;
            my $count = 1 + $random->(1 + $random->(32));
            for (1 .. $count) {
                my ($at, $size) = $i % 2 ? (0, length $copy)
                                : @{ $spans[$random->(scalar @spans)] };
                vec($copy, $at + $random->($size), 8) ^= 1 + $random->(255);
            }
            return $copy;
        }];
    }
    return @all;
}


1;
