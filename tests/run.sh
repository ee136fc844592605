#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs every test of a build and closes with one line: N passed, N failed, N skipped.
#
# usage: tests/run.sh BUILD [PATTERN]     only programs and scripts whose path contains PATTERN
#
# Unit tests speak TAP (cmocka); scripts under tests/cli print "ok NAME", "not ok NAME" or
# "skip NAME: why", one line a test. A program that ends with an error and no "not ok" line (a crash,
# a sanitizer's report), that ends before all tests of its plan have run, or that was not built is one
# failure of its own. What a failed test printed is shown.
#
# TEST_JOBS programs run at a time (one, unless it says otherwise); they are reported in their order.
set -u
build=$1
pattern=${2:-}
passed=0
failed=0
skipped=0
started=0
reported=0
jobs=${TEST_JOBS:-1}
log=$(mktemp -d)
trap 'exit 1' INT TERM
trap stop EXIT
export WEIR_SHARED="${WEIR_SHARED:-../shared}"
export UBSAN_OPTIONS=print_stacktrace=1

# Ends what still runs: the shell starts it deaf to the terminal's interrupt.
stop() {
    while [ $reported -lt $started ]; do
        reported=$((reported + 1))
        eval "kill \$process_$reported" 2>/dev/null
    done
    rm -rf "$log"
}

# run NAME COMMAND...: starts it, and reports the oldest when as many run as may
run() {
    case $1 in *"$pattern"*) ;; *) return ;; esac
    started=$((started + 1))
    eval "name_$started=\$1"
    shift
    "$@" >"$log/$started" 2>&1 &
    eval "process_$started=$!"
    if [ $((started - reported)) -ge "$jobs" ]; then
        report
    fi
}

# Waits for the oldest that runs, and counts and shows what it said.
report() {
    reported=$((reported + 1))
    eval "name=\$name_$reported"
    eval "wait \$process_$reported"
    status=$?
    mv "$log/$reported" "$log/out"
    # cmocka 1.1.5 says "not ok 1 # SKIP name" of a skipped test.
    skips=$(grep -cE '^(((not )?ok [0-9]+ # SKIP)|skip )' "$log/out")
    good=$(grep -E '^ok ' "$log/out" | grep -cv '# SKIP')
    bad=$(grep -E '^not ok ' "$log/out" | grep -cv '# SKIP')
    planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$log/out" | head -n 1)
    if [ "$bad" -eq 0 ] && [ "${planned:-$((good + skips))}" -ne $((good + skips)) ]; then
        bad=1
        echo "not ok $name: $planned tests were planned, $((good + skips)) ran" >>"$log/out"
    fi
    if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ $((good + skips)) -eq 0 ]; }; then
        bad=1
        echo "not ok $name: status $status" >>"$log/out"
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    skipped=$((skipped + skips))
    if [ "$bad" -gt 0 ]; then
        echo "FAILED $name (status $status)"
        sed 's/^/    /' "$log/out" | tail -n 60
    else
        echo "  $name: $good passed$([ "$skips" -eq 0 ] || echo ", $skips skipped")"
    fi
    grep -E '^skip |SKIPPED' "$log/out" | sed 's/^/    /'
}

run layers sh -c 'sh scripts/layers.sh && echo "ok no room includes one to its right"'
export CMOCKA_MESSAGE_OUTPUT=TAP
# By the sources, so that what was not built fails and what has no source any more does not run.
for source in tests/unit/*_test.c; do
    run "${source%.c}" "$build/${source%.c}"
done
for source in tests/fuzz/*_fuzz.c; do
    target=${source%_fuzz.c}
    run "$target" "$build/${source%.c}_replay" "tests/fuzz/corpus/${target##*/}"
done
for script in tests/cli/*.sh tests/system/*/run.sh; do
    [ -e "$script" ] || continue
    run "$script" sh "$script" "$build"
done
while [ $reported -lt $started ]; do
    report
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
