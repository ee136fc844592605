#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Alerts as a person sees them: `-o table`, with and without colour.
. tests/lib.sh

"$gen" fleet --nodes 6 --duration 6h --seed 3 --backups none \
    --attacks 'exfil api-1 4h 30m 100; dos web-1 5h 20m' --out "$work/fleet" 2>/dev/null

# table ARGUMENT...: what replay shows, in $work/out
table() {
    "$weir" replay --warm-up 3h --summary none -o table --inventory "$work/fleet/inventory.csv" "$@" "$work/fleet/AWSLogs" >"$work/out" 2>"$work/err"
}

table
is "replay_with_a_table_succeeds" 0 "$?"
has "an_alert_is_a_line_with_its_state_class_and_node" \
    '^2[0-9-]*T[0-9:.]*Z  open +high +exfil\.volume +api-1  [0-9.]+ [kMG]?B/min sent, expected [0-9.]+ [kMG]?B \([0-9]+x\)$' \
    "$(cat "$work/out")"
has "a_flood_comes_in" '^[^ ]*  open +[a-z]+ +dos\.volume +web-1  .*/min unsolicited in, expected ' "$(cat "$work/out")"
has "an_open_alert_names_its_peers_and_port" \
    '^    [0-9]+ peers?( at least)?: [0-9.]+ [0-9.]+ [kMG]?B.*; mostly port [0-9]+, (protocol [0-9]+|[a-z]+)$' "$(cat "$work/out")"
has "an_alert_that_ends_is_told" '^[^ ]*  closed +' "$(cat "$work/out")"
is "only_open_alerts_name_peers" "$(grep -c '  open ' "$work/out")" "$(grep -c '^    [0-9]* peer' "$work/out")"
is "there_is_no_colour_where_none_was_asked_for" 0 "$(grep -c "$(printf '\033')" "$work/out")"

plain=$(cat "$work/out")
unset NO_COLOR
CLICOLOR_FORCE=1 table
has "a_grave_alert_is_red_and_its_node_bold" "$(printf '\033\\[31mhigh *\033\\[0m  exfil.volume  \033\\[1mapi-1\033\\[0m')" \
    "$(cat "$work/out")"
is "colour_changes_nothing_else" "$plain" "$(sed "s/$(printf '\033')\\[[0-9]*m//g" "$work/out")"
CLICOLOR_FORCE=0 table
is "colour_can_be_forced_off" "$plain" "$(cat "$work/out")"

"$weir" replay tests/data/pcap/leak.pcap.zst >"$work/out" 2>"$work/err"
has "a_capture_shorter_than_the_warm_up_is_not_called_quiet" 'longer than the warm-up \(1d\)' "$(cat "$work/err")"
"$weir" replay --window 20s --warm-up 5m tests/data/pcap/leak.pcap.zst >"$work/out" 2>"$work/err"
is "one_that_is_longer_is" 0 "$(grep -c warm-up "$work/err")"

finish
