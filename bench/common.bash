# What the benchmarks share: a directory of their own, an nginx with one
# worker on one processor, a load client on the other, CPU time from /proc.
#
# Ratios are taken between turns of one run that follow one another: the
# machines are shared, so absolute numbers mean little.

set -euo pipefail
export LC_ALL=C

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
MODULES=${BENCH_MODULES:-$ROOT/build/debian}
PORT=${PORT:-28180}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/video_bench.XXXXXX")
NGINX_PID=
TEMPORARY=("$WORK")

cleanup()
{
    [ -z "$NGINX_PID" ] || kill "$NGINX_PID" 2>/dev/null || true
    [ -z "$NGINX_PID" ] || wait "$NGINX_PID" 2>/dev/null || true
    rm -rf "${TEMPORARY[@]}"
}
trap cleanup EXIT

need()
{
    local tool

    for tool in "$@"; do
        command -v "$tool" >/dev/null \
            || { echo "bench: $tool is missing" >&2; exit 1; }
    done
}

# figure NAME VALUE UNIT [LIMIT [REMARK]]: a number, its limit and whether it
# is met; one with a unit also as a ratio to the limit.  Bench.pm has the same
# for Perl.  A limit that is missed is told and decides nothing.
figure()
{
    awk -v name="$1" -v value="$2" -v unit="${3:+ $3}" -v limit="${4:-}" \
        -v remark="${5:+; $5}" 'BEGIN {
        if (limit == "")
            verdict = "no limit"
        else {
            verdict = "limit " limit unit
            if (unit != "" && limit > 0)
                verdict = verdict sprintf(", ratio %.2f", value / limit)
            verdict = verdict (value + 0 <= limit + 0 ? ", met" : ", NOT met")
        }
        print name ": " value unit " (" verdict ")" remark }'
}

# load_modules NAME...: the lines for nginx.conf
load_modules()
{
    local name

    for name in "$@"; do
        echo "load_module $MODULES/$name.so;"
    done
}

# start_nginx CONF: in the foreground of a child, waits for the port
start_nginx()
{
    local i

    nginx -p "$WORK" -c "$1" &
    NGINX_PID=$!

    for i in $(seq 200); do
        ! (: </dev/tcp/127.0.0.1/"$PORT") 2>/dev/null || return 0
        kill -0 "$NGINX_PID" 2>/dev/null || break
        sleep 0.05
    done

    echo "bench: nginx did not start" >&2
    cat "$WORK"/logs/error.log >&2 || true
    exit 1
}

workers()
{
    cat /proc/"$NGINX_PID"/task/"$NGINX_PID"/children
}

# user and system time of all workers, clock ticks
cpu_ticks()
{
    local pid sum=0 stat

    for pid in $(workers); do
        read -r stat <"/proc/$pid/stat"
        # shellcheck disable=SC2086
        set -- ${stat##*) }
        sum=$((sum + ${12} + ${13}))
    done

    echo $sum
}

# anonymous memory of all workers, kB
anon_kb()
{
    local pid

    for pid in $(workers); do
        awk '/^RssAnon/ { print $2 }' "/proc/$pid/status"
    done | awk '{ n += $1 } END { print n + 0 }'
}

median()
{
    sort -n | awk '{ v[NR] = $1 } END {
        if (NR % 2) print v[(NR + 1) / 2]
        else printf "%.3f\n", (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}
