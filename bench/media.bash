# The films that the benchmarks of files share, made once in build/bench.

MEDIA=${MEDIA:-$ROOT/build/bench}

# film NAME SIZE BITRATE SECONDS TIMES: a loop and many rounds of it
film()
{
    local name=$1 size=$2 rate=$3 seconds=$4 times=$5

    ffmpeg -loglevel error -y \
        -f lavfi -i "testsrc2=s=$size:r=30:d=$seconds" \
        -f lavfi -i "sine=f=440:r=48000:d=$seconds" \
        -c:v libx264 -preset ultrafast -b:v "$rate" -minrate "$rate" \
        -maxrate "$rate" -bufsize "$rate" -x264-params nal-hrd=cbr -g 60 \
        -keyint_min 60 -sc_threshold 0 -c:a aac -b:a 128k -ac 2 \
        "$MEDIA/$name.loop.mp4"
    ffmpeg -loglevel error -y -stream_loop $((times - 1)) \
        -i "$MEDIA/$name.loop.mp4" -c copy -movflags +faststart \
        "$MEDIA/$name.tmp.mp4"
    rm "$MEDIA/$name.loop.mp4"
}

# layout NAME OPTION...: the movie in another layout
layout()
{
    local name=$1
    shift

    make_media movie
    ffmpeg -loglevel error -y -i "$MEDIA/movie.mp4" -c copy "$@" \
        "$MEDIA/$name.tmp.mp4"
}

# make_media NAME...: those that are not there yet
make_media()
{
    local name

    mkdir -p "$MEDIA"

    for name in "$@"; do
        [ ! -f "$MEDIA/$name.mp4" ] || continue
        echo "making $name.mp4 in build/bench ..."

        case $name in
        movie)    film movie 1920x1080 5M 20 30 ;;
        sd)       film sd 854x480 1M 20 30 ;;
        two)      film two 320x180 150k 20 360 ;;
        together) layout together -movflags cmaf+frag_keyframe \
                      -frag_duration 6000000 ;;
        chunks)   layout chunks -chunk_duration 1000000 ;;
        esac

        mv "$MEDIA/$name.tmp.mp4" "$MEDIA/$name.mp4"
    done
}
