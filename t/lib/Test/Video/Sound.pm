# Whether two sounds are one, and when: decoded, and moved against each other.
package Test::Video::Sound;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(sound_pcm sound_lag sound_loudness);


# Samples of a file's sound, mono, -32768 to 32767, so many a second; from its
# first one on, whenever that is.
sub sound_pcm {
    my ($path, $rate) = @_;
    open my $fh, '-|', qw(ffmpeg -v fatal -nostdin -i), $path, '-map', '0:a:0',
        '-ar', $rate, qw(-ac 1 -f s16le -) or die "ffmpeg: $!\n";
    binmode $fh;
    local $/;
    return [unpack 's<*', <$fh> // ''];
}


# By how many samples the second is to be moved to the right to be like the
# first, between two such numbers; and how much they are alike then, -1 to 1.
# Of a second that begins $from samples into the first.
sub sound_lag {
    my ($one, $other, $least, $most, $from) = @_;
    my ($best, $like) = (0, -2);
    my @window = $from .. $from + 8000 - 1;

    for my $lag ($least .. $most) {
        my ($xy, $xx, $yy) = (0, 1e-9, 1e-9);
        for my $i (@window) {
            my $x = $one->[$i] // 0;
            my $y = $i - $lag < 0 ? 0 : $other->[$i - $lag] // 0;
            $xy += $x * $y;
            $xx += $x * $x;
            $yy += $y * $y;
        }
        my $is = $xy / sqrt($xx * $yy);
        ($best, $like) = ($lag, $is) if $is > $like;
    }
    return ($best, $like);
}


# Integrated loudness of a file from a second on, LUFS (EBU R 128).
sub sound_loudness {
    my ($path, $from) = @_;
    my $out = qx(ffmpeg -nostdin -hide_banner -i $path -ss $from -af ebur128 -f null - 2>&1);
    return $out =~ /.*\bI:\s+(-?[\d.]+) LUFS/s ? $1 : 0;
}


1;
