#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The table that the baselines are held to is what its script computes.
. tests/lib.sh
if ! command -v python3 >/dev/null; then
    echo "skip baseline_golden: python3 is not there"
    exit 0
fi

python3 tests/unit/baseline_golden.py >"$work/table"
same "the_table_is_what_its_script_computes" "$work/table" tests/unit/baseline_golden.inc.h
python3 tests/unit/baseline_golden.py --differences >"$work/differences"
is "every_difference_is_measured" 6 "$(grep -c ' | ' "$work/differences")"

finish
