#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What flowq prints: each option and form over a store of four flows.
. tests/lib.sh

fields="interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status flow-direction"
cat >"$work/four.log" <<EOF
$fields
eni-0aaaaaaaaaaaaaaaa 10.0.0.1 198.51.100.7 40001 443 6 10 1000 1772000000 1772000029 ACCEPT OK egress
eni-0aaaaaaaaaaaaaaaa 198.51.100.7 10.0.0.1 443 40001 6 20 30000 1772000000 1772000029 ACCEPT OK ingress
eni-0bbbbbbbbbbbbbbbb 10.0.0.2 203.0.113.9 5000 53 17 1 80 1772003600 1772003659 REJECT OK egress
eni-0bbbbbbbbbbbbbbbb 2001:db8::2 2001:db8::9 5001 53 17 2 160 1772060340 1772060399 ACCEPT OK egress
EOF
# 06:13:20 to 06:13:50, 07:13:20 to 07:14:20, 22:59:00 to 23:00:00 on 2026-02-25
"$weir" ingest --store "$work/store" "$work/four.log" 2>/dev/null
ask() {
    "$flowq" --store "$work/store" "$@" >"$work/out" 2>"$work/err"
    status=$?
    tr -d '\r' <"$work/out"
}
rows() { ask -o ndjson "$@" | wc -l | tr -d ' '; }

# --- the four forms hold the same
ask -o ndjson >"$work/ndjson"
jq -r '[.[]] | map(tostring) | join("|")' "$work/ndjson" >"$work/want"
ask -o json | jq -r '.[] | [.[]] | map(tostring) | join("|")' >"$work/json"
same "json_holds_the_same_rows_as_ndjson" "$work/want" "$work/json"
ask -o csv | tail -n +2 | tr ',' '|' >"$work/csv"
same "csv_holds_the_same_rows_as_ndjson" "$work/want" "$work/csv"
jq -r '[.[]] | map(tostring) | map(select(. != "")) | join("|")' "$work/ndjson" >"$work/want_words"
ask -o table | tail -n +2 | awk '{$1=$1; gsub(/ /, "|"); print}' >"$work/table"
same "a_table_holds_the_same_rows_as_ndjson" "$work/want_words" "$work/table"
is "csv_names_its_columns" \
    "start,end,node,direction,src,src_port,dst,dst_port,protocol,flags,action,packets,bytes" \
    "$(ask -o csv | head -n 1)"
is "no_rows_are_an_empty_array" "[]" "$(ask -o json 'proto icmp')"
is "the_default_form_is_a_table" "$(ask -o table)" "$(ask)"

# --- filter, order, limit
is "a_filter_may_be_one_word_or_many" "$(ask -o csv 'dst port 53 and proto udp')" "$(ask -o csv dst port 53 and proto udp)"
is "rows_come_by_time" "1000 30000 80 160" "$(ask -o ndjson | jq .bytes | paste -sd' ' -)"
is "sort_bytes_descends" "30000 1000 160 80" "$(ask -o ndjson --sort bytes | jq .bytes | paste -sd' ' -)"
is "reverse_turns_it_round" "80 160 1000 30000" "$(ask -o ndjson --sort bytes -r | jq .bytes | paste -sd' ' -)"
is "sort_packets_descends" "20 10 2 1" "$(ask -o ndjson --sort packets | jq .packets | paste -sd' ' -)"
is "top_gives_the_first" "30000 1000" "$(ask -o ndjson --sort bytes -n 2 | jq .bytes | paste -sd' ' -)"
has "what_was_cut_is_said" '2 more rows' "$(cat "$work/err")"
is "groups_come_by_bytes" "31000 240" "$(ask -o ndjson --by node | jq .bytes | paste -sd' ' -)"
is "groups_may_come_by_their_keys" "53 443" "$(ask -o ndjson --by port --sort key | jq .port | paste -sd' ' -)"
is "each_key_gives_all_bytes" "12" "$(for key in src dst peer node src_port dst_port port proto action direction flow_log day; do
    ask -o ndjson --by $key | jq -s 'map(.bytes) | add'; done | grep -cx 31240)"
is "sort_none_gives_all" 4 "$(rows --sort none)"
is "twins_count_when_asked" 4 "$(rows --twins)"

# --- ranges of time
is "from_takes_what_ends_behind_it" 2 "$(rows --from 2026-02-25T06:13:50Z)"
is "from_takes_what_reaches_over_it" 4 "$(rows --from 2026-02-25T06:13:49Z)"
has "what_reaches_over_an_end_is_said" '2 flows reach over' "$(cat "$work/err")"
is "to_is_not_included" 0 "$(rows --to 2026-02-25T06:13:20Z)"
is "to_in_milliseconds" 2 "$(rows --to @1772000000001)"
is "from_end_minus" 1 "$(rows --from end-1h)"
is "last_counts_from_the_newest_record" 1 "$(rows --last 1h)"
is "last_is_not_partial_at_its_own_end" 0 "$(grep -c 'reach over' "$work/err")"
is "last_a_day_is_all" 4 "$(rows --last 1d)"
is "a_zone_is_of_input_too" 2 "$(rows --tz +05:30 --from '2026-02-25 11:44')"
ask --last 1h --from end-2h >/dev/null
is "last_excludes_from" 2 "$status"
ask --from 2026-02-26 --to 2026-02-25 >/dev/null
is "an_empty_range_is_a_mistake" 2 "$status"
ask --from 'half past' >/dev/null
is "a_time_that_is_none_is_a_mistake" 2 "$status"

# --- zones of output
is "utc_is_shown_as_z" "2026-02-25T06:13:20.000Z" "$(ask -o ndjson | jq -r .start | head -n 1)"
is "an_offset_is_shown" "2026-02-25T11:43:20.000+05:30" "$(ask -o ndjson --tz +05:30 | jq -r .start | head -n 1)"
is "days_are_those_of_the_zone" "2026-02-25T00:00:00.000+05:30,31080;2026-02-26T00:00:00.000+05:30,160;" \
    "$(ask -o csv --by day --tz +05:30 | tail -n +2 | cut -d, -f 1,2 | tr '\n' ';')"
if [ -e /usr/share/zoneinfo/Europe/Berlin ]; then
    is "a_city_is_shown_by_its_offset" "2026-02-25T07:13:20.000+01:00" "$(ask -o ndjson --tz Europe/Berlin | jq -r .start | head -n 1)"
    is "midnight_is_the_citys" "2026-02-25T00:00:00.000+01:00,31240;" \
        "$(ask -o csv --by day --tz Europe/Berlin | tail -n +2 | cut -d, -f 1,2 | tr '\n' ';')"
else
    echo "skip a_city_is_shown_by_its_offset: no tz database"
fi
is "a_bin_holds_what_lies_in_the_range" "2026-02-25T06:00:00.000Z,20667;" \
    "$(ask -o csv --by hour --from 2026-02-25T06:13:30Z --to 2026-02-25T06:20Z | tail -n +2 | cut -d, -f 1,2 | tr '\n' ';')"
is "minutes_share_a_flow_out" "2026-02-25T07:13:00.000Z,53;2026-02-25T07:14:00.000Z,27;" \
    "$(ask -o csv --by minute 'action reject' | tail -n +2 | cut -d, -f 1,2 | tr '\n' ';')"

# --- mistakes
ask 'src 10.0.0.1 and prot udp' >/dev/null
is "an_error_of_the_filter_is_status_2" 2 "$status"
is "a_caret_stands_under_the_mistake" "$(printf 'src 10.0.0.1 and prot udp' | awk '{print index($0, "prot")}')" \
    "$(tail -n 1 "$work/err" | awk '{print index($0, "^")}')"
ask --by nod >/dev/null
has "an_unknown_key_suggests" "did you mean 'node'" "$(cat "$work/err")"
ask --by node,node >/dev/null
is "a_key_twice_is_a_mistake" 2 "$status"
for mistake in "--top 0" "--sort flows" "--by node --sort none" "--tz Mars/Base" "-o xml" "--bogus" "--memory x"; do
    # shellcheck disable=SC2086
    ask $mistake >/dev/null
    is "a_mistake_is_status_2_($mistake)" 2 "$status"
done
"$flowq" --store "$work/nowhere" >/dev/null 2>"$work/err"
is "no_store_is_a_mistake" 2 $?
WEIR_STORE='' "$flowq" >/dev/null 2>"$work/err"
is "an_empty_environment_names_no_store" 2 $?
env -u WEIR_STORE "$flowq" >/dev/null 2>"$work/err"
is "no_store_given_is_a_mistake" 2 $?
has "how_to_name_a_store_is_said" "WEIR_STORE" "$(cat "$work/err")"
is "the_environment_names_the_store" 4 "$(WEIR_STORE="$work/store" "$flowq" -o ndjson 2>/dev/null | wc -l | tr -d ' ')"
ask --memory 1KiB --by src >/dev/null
is "too_little_memory_is_status_3" 3 "$status"
for word in --help -h --version --man; do
    "$flowq" $word >"$work/out" 2>&1
    is "help_is_status_0_($word)" "0 yes" "$? $([ -s "$work/out" ] && echo yes)"
done

# --- beside a writer
i=0
"$gen" random --lines 400000 >"$work/large.log" 2>/dev/null
records=$("$weir" replay --summary json "$work/large.log" 2>&1 >/dev/null | tail -n 1 | jq .records)
total=$((records + 4))
"$weir" ingest --append --store "$work/store" "$work/large.log" 2>/dev/null &
writer=$!
odd=0
while kill -0 "$writer" 2>/dev/null && [ $i -lt 200 ]; do
    ask -o ndjson --by proto >"$work/beside"
    flows=$(jq -s 'map(.flows) | add' "$work/beside")
    [ "$status" = 0 ] && { [ "$flows" = 4 ] || [ "$flows" = "$total" ]; } || odd=$((odd + 1))
    i=$((i + 1))
done
wait "$writer"
is "a_reader_beside_a_writer_sees_all_or_nothing_of_a_commit" 0 "$odd"
is "after_the_commit_all_is_there" "$total" "$(ask -o ndjson --by proto | jq -s 'map(.flows) | add')"

# --- damage
segment=$(find "$work/store/flows" -path '*/02/25/22-0000.seg')
printf '\377\377\377\377' | dd of="$segment" bs=1 seek=300 conv=notrunc 2>/dev/null
is "damage_costs_its_frame_only" "$records" "$(ask -o ndjson --by proto | jq -s 'map(.flows) | add')"
ask --by proto >/dev/null
is "damage_is_status_3" 3 "$status"
has "damage_is_named" "22-0000.seg: frame 0" "$(cat "$work/err")"

finish
