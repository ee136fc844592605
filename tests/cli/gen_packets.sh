#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The same fleet as flow logs and as packets: whichever of the two is replayed, each node sent and
# received the same.
. tests/lib.sh

plan='dos web-2 1m 2m 5; exfil api-1 2m 2m 5; syn_flood web-1 3m 1m 2'

# fleet COMMAND FOLDER OPTION...
fleet() {
    command=$1
    folder=$2
    shift 2
    "$gen" "$command" --nodes 20 --duration 5m --start 2026-03-02T10:00Z --attacks "$plan" --out "$folder" "$@" 2>"$work/said"
}

# by KEYS: bytes and packets of each group in the store, twins included: AWS logs hold them as records
by() {
    count=$(echo "$1" | awk -F, '{ print NF + 2 }')
    "$flowq" --store "$work/store" --twins --by "$1" --sort key -o csv 2>/dev/null | tr -d '\r' | cut -d, -f "1-$count"
}

# totals NAME PATH: by node and direction, protocol and minute
totals() {
    replay --store "$work/store" --force --inventory "$work/$seed-logs/inventory.csv" "$2"
    [ "$status" -eq 0 ] || cat "$work/err"
    by node,direction >"$work/$1.nodes"
    by node,proto >"$work/$1.protocols"
}

for seed in 1 2; do
    fleet fleet "$work/$seed-logs" --seed "$seed" --late-permille 0
    fleet packets "$work/$seed-packets" --seed "$seed"
    is "the_inventory_of_seed_$seed" "$(cat "$work/$seed-logs/inventory.csv")" "$(cat "$work/$seed-packets/inventory.csv")"
    totals logs "$work/$seed-logs/AWSLogs"
    totals capture "$work/$seed-packets/fleet.pcap"
    is "the_capture_of_seed_${seed}_has_the_generators_packets" \
        "$(sed 's/.*: \([0-9]*\) packets, \([0-9]*\) .*/\1 \2/' "$work/said")" "$(field packets) $(field frame_bytes)"
    is "a_capture_is_all_ip_of_seed_$seed" "0 0" "$(field not_ip) $(field malformed)"
    has "every_node_of_seed_${seed}_is_in_it" '^41$' "$(wc -l <"$work/logs.nodes")"
    same "nodes_and_directions_of_seed_$seed" "$work/logs.nodes" "$work/capture.nodes"
    same "nodes_and_protocols_of_seed_$seed" "$work/logs.protocols" "$work/capture.protocols"
done

# The truth's attacks, in bytes and packets: one line each.
attacks() {
    jq -r '.attacks[] | "\(.node) \(.kind) \(.bytes) \(.packets)"' "$1/truth.json"
}
is "the_truth_of_both_is_the_same" "$(attacks "$work/$seed-logs")" "$(attacks "$work/$seed-packets")"
is "there_are_three_attacks" 3 "$(attacks "$work/$seed-packets" | wc -l)"

fleet packets "$work/again" --seed 2
same "packets_of_one_seed_are_the_same" "$work/$seed-packets/fleet.pcap" "$work/again/fleet.pcap"
is "packets_are_the_same_on_every_machine" \
    e786beebd7ec66e1a3ac48714da4f9c66899c856b7bae8411e24f7c47550ba55 \
    "$("$gen" packets --seed 7 --duration 2m --stdout 2>/dev/null | sha256sum | cut -d ' ' -f 1)"
"$gen" packets --seed 2 --nodes 20 --duration 5m --start 2026-03-02T10:00Z --attacks "$plan" --stdout >"$work/stream" 2>/dev/null
same "standard_output_is_the_same_file" "$work/$seed-packets/fleet.pcap" "$work/stream"

"$gen" packets --duration 1m --out /dev/null/no >"$work/out" 2>&1
is "an_unwritable_folder_is_status_4" 4 "$?"
"$gen" packets --duration 30s --stdout >"$work/out" 2>&1
is "less_than_a_minute_is_refused" 2 "$?"
"$gen" packets --duration 2m --stdout >/dev/full 2>"$work/err"
is "a_full_disk_is_status_4_and_one_message" "4 1" "$? $(wc -l <"$work/err")"

# opened OPTION... PATH: what is found after ten minutes of learning: class and node of each episode
opened() {
    replay --warm-up 10m --inventory "$work/attacked/inventory.csv" "$@"
    jq -r 'select(.state == "open") | "\(.class) \(.node)"' "$work/out" | paste -sd ';'
}
hour="--duration 60m --start 2026-03-02T10:00Z --out $work/attacked"
for command in fleet packets; do
    # shellcheck disable=SC2086 # words are wanted
    "$gen" "$command" $hour --attacks 'dos web-2 40m 8m 60; exfil api-1 50m 8m 60' 2>/dev/null
done
is "both_attacks_show_in_the_capture_and_nothing_else" "dos.volume web-2;exfil.volume api-1" \
    "$(opened "$work/attacked/fleet.pcap")"
is "both_attacks_show_in_the_flow_logs_and_nothing_else" "dos.volume web-2;exfil.volume api-1" \
    "$(opened "$work/attacked/AWSLogs")"

# random N F: random packets of F flows
random() { "$gen" random-packets --packets "$1" --flows "$2"; }
random 20000 5000 >"$work/random.pcap"
is "random_packets_are_the_same_on_every_machine" \
    24515177c92e0e9605bb122719cc8bebaac47cb87a0ef1d1a85e001e8923f2df \
    "$(sha256sum "$work/random.pcap" | cut -d ' ' -f 1)"
replay --store "$work/store" --force "$work/random.pcap"
is "random_packets_are_all_ip" "20000 20000" "$(field packets) $(field decoded)"
is "random_packets_come_every_3_microseconds" "2024-10-27T03:33:20.000Z 2024-10-27T03:33:20.059Z" "$(field first) $(field last)"
is "some_random_packets_are_udp" "tcp udp" \
    "$("$flowq" --store "$work/store" --by proto --sort key -o csv 2>/dev/null | cut -d, -f 1 | tail -n +2 | paste -sd ' ')"
random 1000 1 >"$work/random.pcap"
replay --store "$work/store" --force "$work/random.pcap"
is "one_flow_is_one_conversation_both_ways" "1000 2" "$(field packets) $(field records)"
random 1 4294967295 | "$weir" replay --summary json - >/dev/null 2>"$work/err"
is "as_many_flows_as_there_may_be" 1 "$(field packets)"
"$gen" random-packets --flows 0 >"$work/out" 2>"$work/err"
is "no_flows_are_refused" "2 0" "$? $(wc -c <"$work/out")"

from=$(date +%s%N)
"$gen" packets --nodes 200 --duration 5m --start 2026-03-02T10:00Z --stdout 2>"$work/said" >/dev/null
to=$(date +%s%N)
echo "# $(($(sed 's/.*: \([0-9]*\) packets.*/\1/' "$work/said") * 1000 / ((to - from) / 1000000))) packets a second"
finish
