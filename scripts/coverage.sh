#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs every test of a build that counts its lines, and says what they ran of the rooms and the
# programs: a table by file, the sum, and pages of the sources. Branches of assertions do not count:
# nothing may take their other side.
#
# usage: scripts/coverage.sh BUILD
set -eu
build=$1
report=$build/report
find "$build" -name '*.gcda' -delete
sh tests/run.sh "$build"
rm -rf "$report"
mkdir -p "$report"
gcovr --root . --object-directory "$build" --exclude 'tests/' --exclude 'bench/' \
    --exclude-branches-by-pattern '.*assert\(.*' --exclude-throw-branches \
    --html-details "$report/index.html" --txt "$report/files.txt" --print-summary "$build" >"$report/summary.txt"
sed -n '/^[a-z].*\.[ch] /p' "$report/files.txt" | sort -k4,4n | head -n 25
cat "$report/summary.txt"
echo "$report/index.html"
