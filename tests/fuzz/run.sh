#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs each fuzzer of a build for some seconds, from its seed corpus. New inputs go below the build;
# an input that crashes, hangs (a second; ten for the sanitizers' sake) or takes more than 512 MiB
# of memory fails the run and is kept there, to become a file of the corpus.
#
# usage: tests/fuzz/run.sh BUILD SECONDS
set -u
build=$1
seconds=$2
passed=0
failed=0
for source in tests/fuzz/*_fuzz.c; do
    fuzzer=$build/${source%.c}
    name=${source##*/}
    name=${name%_fuzz.c}
    work="$build/corpus/$name"
    mkdir -p "$work" "$build/findings"
    if "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=512 \
        -print_final_stats=1 -artifact_prefix="$build/findings/$name-" \
        "$work" "tests/fuzz/corpus/$name" >"$build/$name.log" 2>&1; then
        echo "  $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$name.log") inputs"
        passed=$((passed + 1))
    else
        echo "FAILED $name"
        tail -n 40 "$build/$name.log"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
