#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Samples and what becomes of them (tests/data/aws/README.md).
#
# usage: tests/cli/golden.sh BUILD             compare
#        tests/cli/golden.sh BUILD rewrite     write the expectations anew
. tests/lib.sh
mode=${2:-compare}
data=tests/data/aws

grep -v '^#' "$data/LIST" >"$work/list"
while read -r name options; do
    rm -rf "$work/store"
    eval "replay --store \"\$work/store\" $options \"\$data/\$name.log\""
    {
        tail -n 1 "$work/err" | jq -c 'del(.seconds, .conversations, .conversations_evicted, .node_bytes, .node_bytes_max)'
        "$flowq" --store "$work/store" -o csv 2>/dev/null | tr -d '\r'
    } >"$work/got"
    eval "\"\$weir\" doctor $options \"\$data/\$name.log\"" >"$work/doctor"
    if [ "$mode" = rewrite ]; then
        cp "$work/got" "$data/$name.expect"
        cp "$work/doctor" "$data/$name.doctor"
    else
        same "sample_$name" "$data/$name.expect" "$work/got"
        same "sample_${name}_doctor" "$data/$name.doctor" "$work/doctor"
    fi
done <"$work/list"

finish
