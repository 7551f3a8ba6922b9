# Pictures in files of JPEG: their size, and how bright they are.
package Test::Video::Picture;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(picture_of picture_bright);


# Of a file's bytes: { width, height, data: brightness of pixels, 0 to 255 };
# empty when it is none.
sub picture_of {
    my ($t, $bytes) = @_;
    my $path = $t->write_file('picture.jpg', $bytes);
    my ($width, $height) =
        qx(ffprobe -v error -show_entries stream=width,height -of csv=p=0 $path)
        =~ /^(\d+),(\d+)/ or return {};
    my $data = qx(ffmpeg -v error -i $path -f rawvideo -pix_fmt gray -);
    return { width => $width, height => $height, data => $data };
}


# That of a pixel; -1: there is none.
sub picture_bright {
    my ($picture, $x, $y) = @_;

    return -1 if !$picture->{data} || $x >= $picture->{width}
                 || $y >= $picture->{height};
    return ord substr $picture->{data}, $y * $picture->{width} + $x, 1;
}


1;
