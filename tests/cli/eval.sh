#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The evaluation itself: it prints every figure it promises, the same ones for the same seed, and what
# it counts agrees with what replay says.
. tests/lib.sh
if ! command -v python3 >/dev/null; then
    echo "skip evaluation: python3 is not there"
    exit 0
fi
if [ -n "${WEIR_PEER:-}" ]; then
    echo "skip evaluation: an emulator takes a quarter of an hour; same_output.sh holds its output to the machine's"
    exit 0
fi

# evaluate OPTION...: without the figures that a machine gives
evaluate() {
    python3 bench/eval.py "$build" --scale 0.2 --only attacked --no-peers "$@" >"$work/raw" 2>"$work/err"
    status=$?
    sed 's/ in [0-9]* s;/;/' "$work/raw"
}

evaluate --json "$work/json" --misses "$work/misses" --false-alerts "$work/false" >"$work/a"
is "evaluation_ends_well" "0 0" "$status $(wc -c <"$work/err")"
evaluate >"$work/b"
same "one_seed_gives_the_same_figures" "$work/a" "$work/b"
is "every_kind_of_attack_and_all_together_have_a_row" 29 "$(sed -n '/^kind/,/^all/p' "$work/a" | grep -c '%.*%.*%.*%')"
has "false_alerts_are_counted_by_node_day" '^attacked: [0-9]+ node-days, [0-9]+ records; false alerts a node-day 0\.[0-9]{4} \(' "$(cat "$work/a")"
has "recycle_recommendations_are_counted" 'false recycle recommendations [0-9]+; inbound or of a fleet 0$' "$(cat "$work/a")"
count=$(sed -n 's/.*node-day [0-9.]* (\([0-9]*\);.*/\1/p' "$work/a")
is "causes_add_up_to_the_false_alerts" "$count" \
    "$(awk '/^attacked: .*node-days/ { on = 1; next } on && /^  / { sum += $1 } /^$/ { on = 0 } END { print sum + 0 }' "$work/a")"
is "so_do_the_lines_of_the_list" "$count" "$(awk -F '\t' 'NR > 1 && $13 !~ /^declared/' "$work/false" | wc -l)"
is "what_was_found_and_what_was_missed_are_all_attacks" "$(jq '.kinds.all.attacks - .kinds.all.right' "$work/json")" \
    "$(tail -n +2 "$work/misses" | wc -l)"
is "the_figures_as_json_are_those_of_the_table" "$(awk '$1 == "all" { print $2 }' "$work/a")" "$(jq .kinds.all.attacks "$work/json")"
is "every_bar_is_printed_with_its_word" "$(jq '.bars | length' "$work/json")" "$(sed -n '/^bar/,$p' "$work/a" | grep -cE ' (met|missed|-)$')"
has "a_flood_of_hundredfold_is_found_in_minutes" '^dos +[0-9]+ +100 % +100 % +[1-5] ' "$(cat "$work/a")"
finish
