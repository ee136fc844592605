#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A fleet with all of benign life and an attack of every kind: the same bytes for the same seed, a
# truth that agrees with the lines, parts that can be left out, and a stream that replay takes.
. tests/lib.sh

# fleet FOLDER OPTION...: five days, lines to $work/lines
fleet() {
    folder=$1
    shift
    "$gen" fleet --nodes 56 --days 5 --start 2026-03-05 --seed 3 --stdout --out "$folder" "$@" >"$work/lines" 2>"$work/said"
}

# truth WHAT FILTER: of each attack or benign event
truth() { jq -r ".$1[] | $2" "$work/a/truth.json"; }

fleet "$work/a" --with all --attacks all --attacks-per-kind 1
sha256sum <"$work/lines" >"$work/a.digest"
awk '$14 != "NODATA" && $14 != "SKIPDATA" && $1 != "version"' "$work/lines" | wc -l >"$work/a.records"
fleet "$work/b" --with all --attacks all --attacks-per-kind 1
sha256sum <"$work/lines" >"$work/b.digest"
same "lines_of_one_seed_are_the_same" "$work/a.digest" "$work/b.digest"
is "truth_inventory_and_changes_of_one_seed_are_the_same" "" "$(diff -r "$work/a" "$work/b")"
"$gen" fleet --nodes 56 --days 5 --start 2026-03-05 --seed 3 --with all --attacks all --attacks-per-kind 1 --plan-only --out "$work/plan" >"$work/out"
same "a_plan_alone_has_the_same_inventory" "$work/a/inventory.csv" "$work/plan/inventory.csv"
is "a_plan_alone_has_no_lines_and_the_same_attacks" "$(truth attacks '"\(.node) \(.kind) \(.start)"')" \
    "$(cat "$work/out")$(jq -r '.attacks[] | "\(.node) \(.kind) \(.start)"' "$work/plan/truth.json")"

is "there_is_an_attack_of_every_kind" 28 "$(truth attacks .kind | sort -u | wc -l)"
is "every_attack_has_a_class_and_lines" "" "$(truth attacks 'select((.class | not) or .lines == 0) | .kind')"
is "no_benign_event_has_a_class" "" "$(truth benign 'select(.class) | .kind')"
is "events_lie_within_the_run_and_begin_before_they_end" true \
    "$(jq '.start as $from | .end as $to | [.attacks[], .benign[] | .start >= $from and .end <= $to and .start < .end] | all' "$work/a/truth.json")"
is "every_node_of_an_event_is_one_of_the_fleet" true \
    "$(jq '[.nodes[].node] as $all | [.attacks[], .benign[] | (.nodes // [.node])[]] - $all == []' "$work/a/truth.json")"
is "an_event_on_a_scaled_node_lies_within_its_life" true \
    "$(jq '(.nodes | map({(.node): .}) | add) as $of | [.attacks[], .benign[] | . as $event | (.nodes // [.node])[] | $of[.]
        | select(.from) | .from <= $event.start and .to >= $event.end] | all and length > 0' "$work/a/truth.json")"
is "the_declared_events_are_the_changes" "$(truth benign 'select(.is_declared) | (.nodes // [.node])[] | "\(.)"' | sort)" \
    "$(tail -n +2 "$work/a/changes.csv" | cut -d, -f1 | sort)"
is "addresses_are_used_again_by_others" true \
    "$(jq '[.nodes[] | select(.from) | .addresses[0]] | length > (unique | length)' "$work/a/truth.json")"

# The sums over the lines of what only one event does: attacks with a peer list of their own.
jq -r '.attacks[] | select(.nodes | not) | select(.kind | test("known") | not) | select(.peers | length > 0)
    | "\(.interface) \(.lines) \(.packets) \(.bytes) \(.peers | join(" "))"' "$work/a/truth.json" >"$work/attacks"
awk 'NR == FNR { n++; lines[n] = $2; packets[n] = $3; bytes[n] = $4; for (i = 5; i <= NF; i++) owner[$1 " " $i] = n; next }
    { at = ($3 " " $4) in owner ? owner[$3 " " $4] : ($3 " " $5) in owner ? owner[$3 " " $5] : 0
      if (at) { lines[at]--; packets[at] -= $9; bytes[at] -= $10 } }
    END { for (at in lines) if (lines[at] || packets[at] || bytes[at]) { print "attack " at " is off by " lines[at], packets[at], bytes[at] }
          print n }' "$work/attacks" "$work/lines" >"$work/out"
is "the_truths_totals_are_the_sums_over_the_lines" "$(wc -l <"$work/attacks")" "$(cat "$work/out")"

"$weir" replay --inventory "$work/plan/inventory.csv" -o ndjson --summary json - <"$work/lines" >"$work/out" 2>"$work/err"
is "replay_takes_every_line" "$(cat "$work/a.records") 0" "$(field records) $(field malformed)"
is "replay_finds_no_record_too_late" 0 "$(field late)"
is "every_life_is_a_node_of_its_own" true \
    "$([ "$(field nodes)" -le "$(jq '.nodes | length' "$work/a/truth.json")" ] && [ "$(field nodes)" -gt 56 ] && echo true)"

# Ten minutes in the middle of each event, when every interval lies within it.
"$gen" fleet --nodes 28 --duration 2h --attacks 'log_gap db-1 1h 20m; log_skip db-2 1h 20m' --out "$work/gaps" --stdout >"$work/lines" 2>"$work/said"
interface() { jq -r ".nodes[] | select(.node == \"$1\") | .interface" "$work/gaps/truth.json"; }
# lines NODE STATUS FROM_MINUTE TO_MINUTE: how many of the node have it and end in these minutes of the run
lines() {
    awk -v eni="$(interface "$1")" -v status="$2" -v from="$(($3 * 60))" -v to="$(($4 * 60))" -v start="$(date -u -d 2026-03-02 +%s)" \
        '$3 == eni && $14 == status && $12 >= start + from && $12 < start + to { n++ } END { print n + 0 }' "$work/lines"
}
is "a_gap_has_no_line_of_the_interface" "0 0 0" "$(lines db-1 OK 65 75) $(lines db-1 NODATA 65 75) $(lines db-1 SKIPDATA 65 75)"
has "it_had_lines_before_and_behind" '^[1-9][0-9]+ [1-9][0-9]+$' "$(lines db-1 OK 45 55) $(lines db-1 OK 85 95)"
is "where_half_is_lost_every_interval_says_so" 10 "$(lines db-2 SKIPDATA 65 75)"
has "the_other_half_is_there" '^[1-9][0-9]+$' "$(lines db-2 OK 65 75)"

# Of an autoscaling place: nothing before its birth, nothing two minutes behind its end.
jq -r '.nodes[] | select(.from) | "\(.interface) \(.from | fromdate) \(.to | fromdate)"' "$work/a/truth.json" >"$work/lives"
fleet "$work/c" --with all
is "a_scaled_node_has_no_line_outside_of_its_life" "0" \
    "$(awk 'NR == FNR { from[$1] = $2; to[$1] = $3; next } $3 in from && ($11 < from[$3] - 60 || $12 > to[$3] + 120) { n++ } END { print n + 0 }' "$work/lives" "$work/lines")"
has "and_lines_in_it" '^[1-9][0-9]+$' "$(awk 'NR == FNR { from[$1]; next } $3 in from { n++ } END { print n + 0 }' "$work/lives" "$work/lines")"

# without PART KIND...: leaves no event of these kinds, and the others as they were
without() {
    part=$1
    pattern=$2
    "$gen" fleet --nodes 56 --days 5 --start 2026-03-05 --seed 3 --without "$part" --plan-only --out "$work/less"
    is "without_${part}_there_is_none_and_the_rest_stays" \
        "$(truth benign "select(.kind | test(\"^($pattern)\$\") | not) | \"\\(.kind) \\(.node) \\(.start)\"" | sha256sum)" \
        "$(jq -r '.benign[] | "\(.kind) \(.node) \(.start)"' "$work/less/truth.json" | sha256sum)"
}
without backups 'backup|backup_new'
without churn upload
without gaps 'log_gap|log_skip'
without deploys deploy
without moves region_move

# refused OPTION...
refused() {
    "$gen" fleet --stdout "$@" >"$work/out" 2>"$work/err"
    is "refused: $*" "2 0 1" "$? $(wc -c <"$work/out") $(wc -l <"$work/err")"
}
refused --with backups,nonsense
refused --with all --without churn
refused --attacks exfil,nonsense
refused --attacks exfil,backup
refused --attacks-per-kind 0
refused --weeks 0
finish
