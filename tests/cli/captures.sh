#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Real attacks are named in real captures, and what is none is not (bench/captures.tsv).
. tests/lib.sh
data=${WEIR_SHARED:-../shared}/data
if [ ! -d "$data/pcap" ] || ! command -v zstd >/dev/null || ! command -v python3 >/dev/null; then
    echo "skip captures: needs python3, zstd and $data"
    exit 0
fi
python3 bench/captures_eval.py "$build" "$data" >"$work/out" 2>&1
is "every_capture_could_be_read" 0 "$(grep -c 'captures_eval:\|Traceback' "$work/out")"
is "every_attack_is_named" "" "$(grep '^MISSED' "$work/out")"
is "nothing_else_alerts" "" "$(grep '^ALERTS' "$work/out")"
is "no_attack_is_taken_for_another" "" "$(grep '^[^ ]* *[a-z ]*, OTHERS' "$work/out")"
is "nothing_inbound_or_quiet_is_to_be_recycled" "" "$(grep 'RECYCLE' "$work/out")"
has "there_are_attacks_and_quiet_ones" '^[1-9][0-9]* of [1-9][0-9]* attacks .* [1-9][0-9]+ others quiet' "$(cat "$work/out")"
finish
