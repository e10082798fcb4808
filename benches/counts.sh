#!/usr/bin/env bash
# Instructions of four kernels, by callgrind, beside those of benches/counts.txt: a slow-down shows
# here on a machine that is too busy for times. Exits with 1 if one takes over 2 % more.
#
#     benches/counts.sh             compare
#     benches/counts.sh --update    write those of now
#
# A count is that of four repetitions less that of two, by two: what prepares them is not in it. It
# holds for the compiler that the file names, and for AVX2, which is what valgrind offers.
set -euo pipefail
cd "$(dirname "$0")/.."
recorded=benches/counts.txt
compiler=$(rustc --version | cut -d' ' -f1-2)

program=$(cargo bench --locked --bench counts --no-run 2>&1 | sed -n 's/.*counts.rs (\(.*\))$/\1/p')
[ -n "$program" ] || { echo "the bench was not built: cargo bench --bench counts --no-run" >&2; exit 2; }

# count KERNEL TIMES: instructions of the whole process.
count() {
    RAYON_NUM_THREADS=1 valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$@" 2>&1 |
        sed -n 's/.*Collected : //p'
}

now=$(for kernel in gradient rank product fit; do
    echo "$kernel $((($(count $kernel 4) - $(count $kernel 2)) / 2))"
done)
if [ "${1:-}" = --update ]; then
    { echo "# $compiler; written by benches/counts.sh --update"; echo "$now"; } >"$recorded"
    cat "$recorded"
    exit
fi
grep -q "^# $compiler;" "$recorded" || echo "counts are of another compiler: $(head -1 "$recorded")"
join <(grep -v '^#' "$recorded" | sort) <(sort <<<"$now") | awk '
    BEGIN { printf "%-10s %14s %14s %7s\n", "kernel", "recorded", "now", "ratio" }
    {
        ratio = $3 / $2
        printf "%-10s %14d %14d %7.3f%s\n", $1, $2, $3, ratio, (ratio > 1.02) ? "  MORE" : ""
        more += (ratio > 1.02)
    }
    END { exit (more > 0) }'
