# SPDX-License-Identifier: Apache-2.0
# What an operator says changes what a replay tells, and nothing else: thresholds and overrides,
# silences, announced work, limits, from a configuration and from the store.
. tests/lib.sh

"$gen" fleet --nodes 6 --duration 6h --seed 3 --backups none \
    --attacks 'exfil api-1 4h 30m 100; dos web-1 5h 20m' --out "$work/fleet" 2>/dev/null
logs=$work/fleet/AWSLogs

# run CONFIGURATION ARGUMENT...: a replay under it; alerts in $work/out
run() {
    printf '%s\n' "$1" >"$work/weir.yaml"
    shift
    replay --config "$work/weir.yaml" --warm-up 3h --inventory "$work/fleet/inventory.csv" "$@" "$logs"
}
# those [FILTER]: nodes and classes of the alerts that open
those() { jq -r "select(.state == \"open\") | \"\(.node) \(.class)\"" "$work/out" | sort -u | tr '\n' ',' | sed 's/,$//'; }
without_lineage() { jq -c 'del(.lineage)' "$1"; }

run ''
is an_empty_configuration_runs 0 "$status"
cp "$work/out" "$work/plain"
has the_attacks_are_found "api-1 exfil.volume.*web-1 dos.volume" "$(those)"
all=$(those)
rest=$(echo "$all" | tr ',' '\n' | grep -v '^api-1 exfil.volume' | tr '\n' ',' | sed 's/,$//')
start=$(jq -r 'select(.node == "api-1") | .window_start' "$work/plain" | head -n 1)
end=$(jq -r 'select(.node == "api-1") | .window_end' "$work/plain" | tail -n 1)
peers=$(jq -r 'select(.node == "api-1" and .class == "exfil.volume") | .evidence.keys[].peer' "$work/plain" | sort -u | tr '\n' ' ')
"$weir" config defaults >"$work/defaults.yaml"
replay --config "$work/defaults.yaml" --warm-up 3h --inventory "$work/fleet/inventory.csv" "$logs"
same the_defaults_change_no_byte "$work/plain" "$work/out"

off='exfil: off, serve: off, led_exfil: off, crit_exfil: off'
run "rules: { $off }"
is a_rule_that_is_off_does_not_fire "$rest" "$(those)"
run "overrides: [{ nodes: api-1, rules: { $off } }]"
is an_override_is_of_its_nodes "$rest" "$(those)"
run "overrides: [{ nodes: api-2, rules: { $off } }]"
is an_override_is_of_no_other_node "$all" "$(those)"
run "overrides: [{ roles: 'a*', nodes: api-1, rules: { scan: off } }, { nodes: api-1, rules: { $off } }]"
is the_first_override_counts_alone "$all" "$(those)"
run 'rules: { limit_out: { bytes_per_s: 1 } }'
is an_absolute_limit_alerts "6 nodes" \
    "$(jq -r 'select(.rule == "limit_out") | .node' "$work/out" | sort -u | wc -l | tr -d ' ') nodes"
run "overrides: [{ nodes: api-1, rules: { limit_out: { bytes_per_s: 1 } } }]"
is an_absolute_limit_of_one_node_is_of_one_node api-1 \
    "$(jq -r 'select(.rule == "limit_out") | .node' "$work/out" | sort -u)"
run "detector: { cluster: prod, window: 10m }" --window 60s
is an_option_wins_over_the_configuration "prod 60" \
    "$(jq -r '"\(.cluster) \((.window_end | sub("\\.000Z"; "Z") | fromdate) - (.window_start | sub("\\.000Z"; "Z") | fromdate))"' "$work/out" | sort -u)"

quiet="silences: [{ filter: \"peer in {$peers}\", until: $end, classes: exfil.volume }]"
run "$quiet"
is a_silence_by_filter_is_of_what_it_matches "$rest" "$(those)"
count=$(jq -r 'select(.node == "api-1" and .class == "exfil.volume") | .id' "$work/plain" | wc -l | tr -d ' ')
is what_is_silenced_is_counted "$count silenced, $(wc -l <"$work/out" | tr -d ' ') alerts" \
    "$(field silenced) silenced, $(field alerts) alerts"
without_lineage "$work/out" >"$work/told"
without_lineage "$work/plain" | jq -c 'select(.node != "api-1" or .class != "exfil.volume")' >"$work/want"
same a_silence_changes_nothing_else "$work/want" "$work/told"
run "$quiet" --threads 2
without_lineage "$work/out" >"$work/told"
same a_silence_does_not_depend_on_threads "$work/want" "$work/told"
run "silences: [{ filter: \"peer in {$peers} and port 9\", until: $end }]"
is a_filter_must_hold_for_every_conversation "$all" "$(those)"
run "silences: [{ nodes: api-1, until: $start }]"
is a_silence_that_has_ended_is_none "$all" "$(those)"
run "allow: [{ nodes: api-1, until: $end, rules: '*' }]"
is what_is_allowed_is_not_told_either "0 true" "$(jq -r 'select(.node == "api-1") | .id' "$work/out" | wc -l | tr -d ' ') $([ "$(field allowed)" -gt 0 ] && echo true)"

run "changes: [{ name: the move, from: $start, until: $end, nodes: api-1, classes: exfil.* }]"
is announced_work_is_named "$(jq -r 'select(.node == "api-1" and (.class | startswith("exfil."))) | "the move none"' "$work/plain")" \
    "$(jq -r 'select(.node == "api-1" and (.class | startswith("exfil."))) | "\(.announced) \(.recommended_action)"' "$work/out")"
is announced_work_is_of_its_nodes "" "$(jq -r 'select(.node != "api-1") | .announced' "$work/out" | sort -u)"
run "maintenance: [{ name: nightly, from: 2020-01-01, until: 2020-01-02, every: 1d, nodes: web-1 }]"
is maintenance_repeats "nightly none" "$(jq -r 'select(.node == "web-1") | "\(.announced) \(.recommended_action)"' "$work/out" | sort -u)"

run 'ruels:'
is a_wrong_configuration_is_a_usage_error 2 "$status"
has a_wrong_configuration_is_told_with_its_place "weir replay: .*weir.yaml:1:1: unknown key 'ruels'; did you mean 'rules'" "$(cat "$work/err")"
is a_wrong_configuration_reads_nothing "" "$(cat "$work/out")"

# What the store holds of the operator counts, and outlives its flows.
mkdir "$work/store"
"$weir" silence add --file "$work/store/operator.yaml" --until "$end" --node api-1 >/dev/null
replay --store "$work/store" --warm-up 3h --inventory "$work/fleet/inventory.csv" "$logs"
is a_store_may_begin_with_its_operators_file "0 $rest" "$status $(those)"
cp "$work/out" "$work/first"
replay --store "$work/store" --force --warm-up 3h --inventory "$work/fleet/inventory.csv" "$logs"
same force_keeps_the_operators_file "$work/first" "$work/out"
is the_stores_alerts_are_those_that_were_told "" "$(jq -r 'select(.node == "api-1") | .id' "$work/store/alerts.ndjson")"
id=$("$weir" silence list --store "$work/store" -o ndjson | jq -r .id)
"$weir" silence drop --store "$work/store" "$id"
episode=$(jq -r 'select(.node == "api-1" and .class == "exfil.volume") | .episode' "$work/plain" | head -n 1)
"$weir" ack --store "$work/store" "$episode" malicious
replay --store "$work/store" --force --warm-up 3h --inventory "$work/fleet/inventory.csv" "$logs"
is a_silence_that_was_dropped_is_none "$all" "$(those)"
is what_was_acknowledged_is_another_lineage other \
    "$([ "$(jq -r .lineage "$work/out" | head -n 1)" = "$(jq -r .lineage "$work/plain" | head -n 1)" ] || echo other)"

# A replay in two parts, silenced in the first: who was not told of an episode is not told of its end.
find "$logs" -type f | sed 's/.*_\([0-9]*T[0-9]*Z\)_[^_]*$/\1 &/' | LC_ALL=C sort >"$work/files"
half=$(sed -n "$(($(wc -l <"$work/files") * 3 / 4))p" "$work/files" | cut -d' ' -f1)
while read -r stamp file; do
    to=$work/$([ "$stamp" \< "$half" ] && echo early || echo late)/${file#"$logs"/}
    mkdir -p "$(dirname "$to")"
    cp "$file" "$to"
done <"$work/files"
run "$quiet" --store "$work/whole"
without_lineage "$work/whole/alerts.ndjson" >"$work/want"
two="--warm-up 3h --inventory $work/fleet/inventory.csv --store $work/parts"
# shellcheck disable=SC2086 # words are wanted
replay --config "$work/weir.yaml" $two "$work/early"
is a_replay_begins_under_a_silence "0 true" "$status $([ "$(field silenced)" -gt 0 ] && echo true)"
# shellcheck disable=SC2086
replay --config "$work/weir.yaml" $two --append "$work/late"
is it_counts_on_what_was_silenced "0 $count" "$status $(field silenced)"
without_lineage "$work/parts/alerts.ndjson" >"$work/told"
same silences_outlive_a_state "$work/want" "$work/told"
finish
