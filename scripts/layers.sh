#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fails when a file includes a room that it may not: a room knows those to its left, never those to
# its right, and rooms on one floor do not know each other (docs/ARCHITECTURE.md, "The house").
set -eu

floor() {
    case $1 in
    base) echo 0 ;;
    flow) echo 1 ;;
    ingest | bus | detect | store) echo 2 ;;
    query) echo 3 ;;
    respond) echo 4 ;;
    tools) echo 5 ;;
    *) echo 9 ;;
    esac
}

bad=0
list=$(mktemp)
grep -Hn '^#include "' base/*.[ch] flow/*.[ch] ingest/*.[ch] bus/*.[ch] detect/*.[ch] store/*.[ch] \
    query/*.[ch] respond/*.[ch] tools/*.[ch] 2>/dev/null |
    sed 's/^\([^:]*\):\([0-9]*\):#include "\([^"]*\)".*/\1 \2 \3/' >"$list"
while read -r file line included; do
    from=${file%%/*}
    to=${included%%/*}
    [ "$from" != "$to" ] || continue
    if [ "$(floor "$to")" -ge "$(floor "$from")" ]; then
        echo "$file:$line: $from/ may not include $included" >&2
        bad=1
    fi
done <"$list"
[ -s "$list" ] || bad=1
rm -f "$list"
exit $bad
