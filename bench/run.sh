#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs every bench below a heading: first the inner loops (bench/*_bench.c, built into BUILD/bench),
# then the programs against DuckDB and nfpcapd. BENCH_LINES=N takes N random lines instead of 10 M,
# BENCH_PACKETS=N as many random packets.
#
# usage: bench/run.sh BUILD
set -eu
build=$1

heading() {
    printf '\n== %s ==\n' "$1"
}

echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) processors, load $(cut -d ' ' -f 1-3 /proc/loadavg)"
for source in bench/*_bench.c; do
    [ -e "$source" ] || continue
    name=$(basename "$source" .c)
    heading "$name"
    "$build/bench/$name"
done

python=$(sh bench/duckdb_setup.sh "$build")
export PYTHONDONTWRITEBYTECODE=1
for name in replay_bench store_bench; do
    heading "$name"
    python3 "bench/$name.py" "$build" "$python"
done
heading capture_bench
python3 bench/capture_bench.py "$build"
