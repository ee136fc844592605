#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/DETECTION.md holds what the program says: between `<!-- weir ARGUMENT... -->` and `<!-- end -->`
# stands what that command prints, and each number that the text names is one.
#
# usage: tests/cli/detection.sh BUILD             compare
#        tests/cli/detection.sh BUILD rewrite     write the tables anew
. tests/lib.sh
mode=${2:-compare}
page=docs/DETECTION.md

while IFS= read -r line; do
    case $line in
    '<!-- weir '*)
        arguments=${line#'<!-- weir '}
        printf '%s\n' "$line"
        # shellcheck disable=SC2086 # words of a command line
        "$weir" ${arguments%' -->'} -o markdown
        is_table=yes
        ;;
    '<!-- end -->') is_table=no ;;
    esac
    [ "${is_table:-no}" = yes ] || printf '%s\n' "$line"
done <"$page" >"$work/page"
if [ "$mode" = rewrite ]; then
    cp "$work/page" "$page"
    finish
fi
same "the_tables_are_what_weir_rules_prints" "$page" "$work/page"

"$weir" config defaults >"$work/defaults.yaml"
awk '/^rules:/ { on = 1 } /^#/ && on && !/^  / { } /^  [a-z_]+:/ && on { sub(":.*", ""); sub("^ *", ""); group = $0 }
    /^    [a-z_0-9]+:/ && on { name = $1; sub(":", "", name); print group "." name }' "$work/defaults.yaml" |
    LC_ALL=C sort >"$work/numbers"
is "there_are_numbers_to_look_for" yes "$(grep -cx 'exfil.floor' "$work/numbers" | sed 's/^1$/yes/')"
groups=$(cut -d. -f1 "$work/numbers" | LC_ALL=C sort -u | paste -sd'|' -)
unknown=
for name in $(grep -oE "\`($groups)\.[a-z_0-9]+\`" "$page" | tr -d '`' | LC_ALL=C sort -u); do
    case $name in exfil.volume | exfil.slow | exfil.dns) continue ;; esac # classes
    grep -qxF "$name" "$work/numbers" || unknown="$unknown $name"
done
is "each_number_that_is_named_is_one" "" "$unknown"

# --- weir rules itself
is "each_rule_is_a_row" "$("$weir" rules -o json | jq length)" "$("$weir" rules -o ndjson | wc -l | tr -d ' ')"
is "rules_and_features_have_a_meaning" 0 \
    "$( ("$weir" rules -o json; "$weir" rules --show features -o json) | jq -s 'add | map(select(.means == "")) | length')"
is "an_inbound_class_never_advises_more_than_a_notice" 0 \
    "$("$weir" rules -o json | jq '[.[] | select(.class | test("^dos\\.(volume|syn_flood|amplification)$")) | select(.advice != "notify")] | length')"
is "what_advises_recycling_is_critical" critical "$("$weir" rules -o json | jq -r '.[] | select(.advice | test("recycle")) | .severity' | sort -u)"
"$weir" rules exfil >"$work/out" 2>"$work/err"
is "an_operand_is_a_usage_error" 2 "$?"
finish
