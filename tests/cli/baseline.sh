#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `flowq baseline` shows of a store: forms, filters, what sources cannot tell, and that it holds
# what the features of the same replay say.
. tests/lib.sh

base() {
    "$flowq" baseline --store "$work/store" "$@" >"$work/out" 2>"$work/err"
    status=$?
    tr -d '\r' <"$work/out"
}

"$gen" fleet --nodes 4 --days 2 --seed 3 --out "$work/logs" >/dev/null 2>&1 || not_ok the_generator_writes_a_fleet
"$weir" replay --store "$work/store" --inventory "$work/logs/inventory.csv" --features "$work/features.csv" \
    --summary json "$work/logs/AWSLogs" >/dev/null 2>"$work/err"
nodes=$(field nodes)
is "the_summary_tells_of_state" "true true true" \
    "$(tail -n 1 "$work/err" | jq -r '[.conversations > 0, .node_bytes > 1000, .node_bytes_max <= 10000] | join(" ")')"
bytes_max=$(field node_bytes_max)

is "each_node_is_a_row" "$nodes" "$(base -o ndjson | wc -l | tr -d ' ')"
is "no_node_takes_more_than_the_summary_said" "true" "$(base -o json | jq "map(.bytes) | max <= $bytes_max")"
is "nodes_come_by_name" "$(base -o ndjson | jq -r .node)" "$(base -o ndjson | jq -r .node | LC_ALL=C sort)"
is "after_two_days_nodes_are_warm" "warm" "$(base -o ndjson | jq -r .state | sort -u)"
is "with_a_longer_warm_up_they_are_cold" "cold" "$(base -o ndjson --warm-up 72h | jq -r .state | sort -u)"
has "a_cold_node_has_rules_off" "dns_slow" "$(base -o ndjson --warm-up 72h | jq -r .rules_off | head -n 1)"
is "a_warm_one_that_is_told_all_has_none" "0" "$(base -o json | jq '[.[] | select(.rules_off != "" or .absent != "")] | length')"
is "thresholds_of_rare_peers_are_not_below_their_floors" "true" \
    "$(base -o json | jq 'all(.rare_bytes_limit >= 5000000 and .rare_rate_limit >= 5000000 and .rare_long_limit >= 5000000 and .rare_minutes_limit >= 60)')"
has "when_it_is_from_is_told" "^$nodes of $nodes nodes, as of 2026-" "$(cat "$work/err")"

printf 'rules:\n  spam: off\n' >"$work/weir.yaml"
is "what_a_configuration_switches_off_is_off" "spam" "$(base -o ndjson --config "$work/weir.yaml" | jq -r .rules_off | sort -u)"

first=$(base -o ndjson | jq -r .node | head -n 1)
is "a_filter_of_a_node_gives_it" "$first" "$(base -o ndjson node "$first" | jq -r .node)"
is "all_but_one" "$((nodes - 1))" "$(base -o ndjson "not node $first" | wc -l | tr -d ' ')"
is "no_match_is_an_empty_array" "[]" "$(base -o json node nobody)"
base port 443 >/dev/null
is "a_filter_of_flows_is_a_usage_error" 2 "$status"
has "a_filter_of_flows_is_explained" "node NAME" "$(cat "$work/err")"

is "each_scored_feature_is_a_row" 14 "$(base -o ndjson --show features node "$first" | wc -l | tr -d ' ')"
is "records_are_no_less_than_what_is_expected" "0" \
    "$(base -o json --show features | jq '[.[] | select(.record_hour < .expected)] | length')"
# Nothing was ever measured above twice the record of any hour, and the record was measured.
awk -F, -v node="$first" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "out_init") at = i; next }
    $2 == node && $at > most { most = $at } END { printf "%.0f\n", most }' "$work/features.csv" >"$work/most"
is "the_record_is_within_what_was_measured" "true" \
    "$(base -o json --show features node "$first" | jq "map(select(.feature == \"out_init\"))[0].record | . > 0 and . <= $(cat "$work/most") * 1.01")"
is "a_table_of_one_node_shows_all_three" "3" "$(base node "$first" | grep -cE '^node +(identity|feature|peer)')"
is "csv_names_its_columns" \
    "node,identity,role,age,state,windows,last,rare_bytes_limit,rare_rate_limit,rare_long_limit,rare_minutes_limit,rare_peers,bytes,absent,rules_off" \
    "$(base -o csv | head -n 1)"
is "peers_are_those_that_are_counted" "$(base -o json | jq 'map(.rare_peers) | add')" \
    "$(base -o ndjson --show peers | wc -l | tr -d ' ')"

# --- a store without a detector, and none
"$weir" ingest --store "$work/plain" "$work/logs/AWSLogs" 2>/dev/null
"$flowq" baseline --store "$work/plain" >"$work/out" 2>"$work/err"
is "a_store_without_a_detector_is_a_usage_error" 2 "$?"
has "a_store_without_a_detector_is_told" "no detector was part of this store" "$(cat "$work/err")"
"$flowq" baseline --store "$work/none" >"$work/out" 2>"$work/err"
is "no_store_is_a_usage_error" 2 "$?"

# --- another length of windows is read from the state, and a young node says what it cannot tell
"$gen" fleet --nodes 2 --duration 90m --seed 3 --out "$work/young" >/dev/null 2>&1
"$weir" replay --store "$work/short" --window 30s "$work/young/AWSLogs" >/dev/null 2>&1
"$flowq" baseline --store "$work/short" -o ndjson >"$work/out" 2>"$work/err"
is "windows_of_thirty_seconds_are_read" 0 "$?"
is "a_young_fleet_has_no_thresholds_of_rare_peers" "null" "$(jq .rare_bytes_limit "$work/out" | sort -u)"
has "novelty_is_absent_of_a_young_fleet" "newfail" "$(jq -r .absent "$work/out" | head -n 1)"
finish
