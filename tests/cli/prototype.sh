#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The features that weir measures are those of the prototype that they were designed with, on a small
# fleet, as far as they are meant to be.
. tests/lib.sh
prototype=${WEIR_SHARED:-../shared}/detect
if [ ! -e "$prototype/agg_causal.c" ] || ! command -v cc >/dev/null || ! command -v python3 >/dev/null; then
    echo "skip prototype: needs python3, a compiler and $prototype"
    exit 0
fi
python3 bench/prototype_eval.py "$build" "$prototype" --nodes 14 --days 2 >"$work/out" 2>&1
status=$?
is "features_agree_with_the_prototype_but_where_they_differ_by_design" 0 "$status"
[ "$status" -eq 0 ] || cat "$work/out"
is "every_feature_of_the_prototype_is_compared" 25 "$(sed '1,/^feature/d' "$work/out" | grep -c '%')"
finish
