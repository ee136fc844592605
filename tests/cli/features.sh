#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What was measured, as a table: complete, in order, the same for the same records, and of no effect
# on the alerts.
. tests/lib.sh

"$gen" fleet --nodes 14 --duration 3h --with all --seed 2 --out "$work/fleet" --stdout >"$work/lines" 2>"$work/said"
# measured FILE OPTION...: alerts to $work/out
measured() {
    table=$1
    shift
    replay --inventory "$work/fleet/inventory.csv" --features "$table" "$@" "$work/lines"
}
# column NAME: of $work/a.csv, without the header
column() {
    awk -F , -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next } { print $at }' "$work/a.csv"
}

replay --inventory "$work/fleet/inventory.csv" "$work/lines"
mv "$work/out" "$work/alerts"
measured "$work/a.csv"
is "replay_ends_well" "0 0" "$status $(grep -c weir: "$work/err")"
same "alerts_do_not_depend_on_it" "$work/alerts" "$work/out"
measured "$work/b.csv" --threads 2
same "it_does_not_depend_on_threads" "$work/a.csv" "$work/b.csv"
"$gen" fleet --nodes 14 --duration 3h --with all --seed 2 --out "$work/objects" >"$work/said" 2>&1
replay --inventory "$work/fleet/inventory.csv" --features "$work/b.csv" "$work/objects/AWSLogs"
same "nor_on_how_records_were_delivered" "$work/a.csv" "$work/b.csv"
is "the_first_columns_say_who_and_when" "window_start,node,identity,role,age_minutes,quality,out_init" \
    "$(head -n 1 "$work/a.csv" | cut -d , -f 1-7)"
is "every_row_has_every_column" 1 "$(awk -F , '{ print NF }' "$work/a.csv" | sort -u | wc -l)"
is "rows_go_by_window_and_node" "" "$(tail -n +2 "$work/a.csv" | cut -d , -f 1-3 | LC_ALL=C sort -c -t , -k 1,1 -k 2,2 -k 3,3 2>&1)"
is "no_node_and_window_is_there_twice" "" "$(cut -d , -f 1-3 "$work/a.csv" | sort | uniq -d)"
is "windows_are_those_of_the_summary" "$(field windows)" "$(column window_start | sort -u | wc -l)"
is "roles_are_those_of_the_inventory" "$(jq -r '.nodes[].role' "$work/fleet/truth.json" | sort -u)" "$(column role | sort -u)"
is "novelty_is_absent_in_a_first_day" "" "$(column newpeers | sort -u)"
replay --inventory "$work/fleet/inventory.csv" --features "$work/none/a.csv" "$work/lines"
is "a_file_that_cannot_be_written_is_an_error_before_anything_is_read" "4 weir replay: $work/none/a.csv: No such file or directory" \
    "$status $(head -n 1 "$work/err")"
if [ -c /dev/full ]; then
    measured /dev/full
    is "a_full_disk_is_an_error" "4 weir replay: /dev/full: No space left on device" "$status $(head -n 1 "$work/err")"
fi
finish
