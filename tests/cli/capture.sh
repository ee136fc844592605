#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Captures in, flows out: no packet and no byte is lost on the way, whatever ends flows, whatever the
# file is wrapped in, and what is damaged gives what it held.
. tests/lib.sh

captures=tests/data/pcap

# ingest ARGUMENT...: into an empty store
ingest() {
    "$weir" ingest --force --store "$work/store" --summary json "$@" >"$work/out" 2>"$work/err"
    status=$?
}
# rows STORE: all its records
rows() { "$flowq" --store "$1" -o csv 2>/dev/null; }
# sums STORE: packets and bytes of its flows, twins left out
sums() {
    "$flowq" --store "$1" --by proto -o ndjson 2>/dev/null |
        jq -rs '"\(map(.packets) | add) \(map(.bytes) | add)"'
}

# --- conservation, of every capture, by time-outs and by ticks
while IFS='	' read -r file packets frame_bytes decoded _ _ _ bytes _; do
    [ "$file" = file ] && continue
    want="$packets $frame_bytes $decoded $bytes"
    for run in "ingest" "ingest --active-timeout 1s --idle-timeout 100ms" "ingest --flows-max 3" \
        "replay --window 1s"; do
        # shellcheck disable=SC2086 # words are wanted
        "$weir" $run --force --store "$work/store" --summary json "$captures/$file" >/dev/null 2>"$work/err"
        case $? in
        0) end=whole ;;
        3) end=cut ;;
        *) end=failed ;;
        esac
        case $file in cut.*) want_end=cut ;; *) want_end=whole ;; esac
        got="$(field packets) $(field frame_bytes) $(field decoded) $(field bytes)"
        is "$file: packets_and_bytes_of '$run' are_those_of_tshark" "$want_end $want" "$end $got"
        is "$file: frames_are_decoded_or_not_ip_or_malformed_by '$run'" "$packets" \
            "$(($(field decoded) + $(field not_ip) + $(field malformed)))"
        is "$file: the_flows_of '$run' hold_all_packets" "$decoded $bytes" "$(sums "$work/store")"
    done
done <"$captures/expected.tsv"

# --- damage
ingest "$captures/cut.pcap" "$captures/ipv4.pcap"
is "a_cut_capture_exits_3_and_the_rest_is_read" "3 416" "$status $(field packets)"
has "a_cut_capture_is_named_with_the_offset" "cut.pcap: .*offset" "$(head -n 1 "$work/err")"
ingest --strict "$captures/cut.pcap"
is "strict_stops_at_a_cut_capture" 3 "$status"
head -c 20 "$captures/ipv4.pcap" >"$work/header.pcap"
ingest "$work/header.pcap"
is "a_capture_cut_in_its_header_is_refused" "3 0" "$status $(field packets)"
{ cat "$captures/ipv4.pcap"; head -c 100 /dev/zero | tr '\0' '\377'; } >"$work/tail.pcap"
ingest "$work/tail.pcap"
is "rubbish_behind_the_last_frame_costs_no_frame" "3 365" "$status $(field packets)"
ingest --format aws "$captures/ipv4.pcap"
is "a_capture_that_is_said_to_be_text_has_no_packets" 0 "$(field packets)"
echo text >"$work/text.pcap"
ingest --format pcap "$work/text.pcap"
is "a_text_that_is_said_to_be_a_capture_is_refused" 3 "$status"

# --- the same however it comes
ingest "$captures/ipv6.pcap"
rows "$work/store" >"$work/plain"
ingest "$captures/ipv6.pcap.gz"
rows "$work/store" >"$work/gzip"
same "a_compressed_capture_gives_the_same_records" "$work/plain" "$work/gzip"
zstd -q -c "$captures/ipv6.pcap" >"$work/ipv6.zst"
ingest "$work/ipv6.zst"
is "zstd_is_taken_too" "0 353" "$status $(field packets)"
"$weir" ingest --force --store "$work/store" --summary json - <"$captures/ipv6.pcap" 2>"$work/err"
is "standard_input_may_be_a_capture" "0 353" "$? $(field packets)"
ingest --aws-format 'version srcaddr' "$captures/ipv4.pcap"
is "naming_the_fields_of_texts_leaves_captures_alone" "0 365" "$status $(field packets)"

for threads in 1 2 5; do
    "$weir" replay --window 10s --warm-up 0 --force --store "$work/t$threads" --threads $threads \
        --summary none -o ndjson "$captures"/*.pcap* >"$work/alerts.$threads" 2>/dev/null
    (cd "$work/t$threads" && find flows -type f | sort | xargs sha256sum) >"$work/sums.$threads"
done
for threads in 2 5; do
    same "alerts_do_not_depend_on_${threads}_threads" "$work/alerts.1" "$work/alerts.$threads"
    same "segments_do_not_depend_on_${threads}_threads" "$work/sums.1" "$work/sums.$threads"
    same "state_does_not_depend_on_${threads}_threads" "$work/t1/state" "$work/t$threads/state"
done

# In one run or in two: the flows of a window that was open in between are read again.
mkdir "$work/parts"
cp "$captures/ipv4.pcap" "$captures/ipv6.pcap" "$captures/vlan.pcap" "$work/parts"
"$weir" replay --window 1m --warm-up 0 --store "$work/once" --summary none -o ndjson "$work/parts" >"$work/out" 2>&1
for file in ipv4 ipv6 vlan; do
    "$weir" replay --window 1m --warm-up 0 --store "$work/thrice" --append --summary none -o ndjson \
        "$work/parts/$file.pcap" >"$work/out" 2>&1 ||
        "$weir" replay --window 1m --warm-up 0 --store "$work/thrice" --summary none -o ndjson \
            "$work/parts/$file.pcap" >"$work/out" 2>&1
done
same "captures_appended_one_by_one_leave_the_state_of_one_run" "$work/once/state" "$work/thrice/state"

# --- whose packet it is: 10.0.5.10 is ours
nodes() { "$flowq" --store "$work/store" --by node -o ndjson 2>/dev/null | jq -r .node | sort | paste -sd' '; }
ingest --local 10.0.5.10/32 "$captures/ipv4.pcap"
is "local_says_which_addresses_are_nodes" "0 0" "$status $(field malformed)"
has "an_address_is_a_node_by_its_text" "10\.0\.5\.10" "$(nodes)"
ingest --local 10.99.0.0/16 "$captures/ipv4.pcap"
is "what_belongs_to_no_node_is_the_feed_s" "$captures" "$(nodes)"
printf 'node,match\nserver,10.0.5.10\n' >"$work/nodes.csv"
ingest --inventory "$work/nodes.csv" "$captures/ipv4.pcap"
has "an_inventory_names_nodes" "server" "$(nodes)"
ingest --local 10.0.5.10/8 "$captures/ipv4.pcap"
is "a_prefix_with_bits_behind_its_length_is_a_mistake" 2 "$status"

# --- tunnels
ingest "$captures/gre.pcap"
outer=$("$flowq" --store "$work/store" --by proto -o ndjson 2>/dev/null | jq -r .protocol | sort | paste -sd' ')
ingest --tunnels inner "$captures/gre.pcap"
inner=$("$flowq" --store "$work/store" --by proto -o ndjson 2>/dev/null | jq -r .protocol | sort | paste -sd' ')
is "a_tunnel_is_one_protocol_outside_and_several_inside" "yes" \
    "$([ "$(echo "$outer" | wc -w)" -eq 1 ] && [ "$(echo "$inner" | wc -w)" -gt 1 ] && echo yes)"

# --- two interfaces of one file are two logs
ingest "$captures/links.pcapng"
has "interfaces_of_one_file_are_flow_logs_of_their_own" "^2$" \
    "$("$flowq" --store "$work/store" --by flow_log -o ndjson 2>/dev/null | wc -l)"

# A router's two interfaces: one flow passes both, another only the second.
python3 - "$work/router.pcapng" <<'EOF'
import struct, sys

def block(kind, body):
    size = 12 + len(body)
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)

def packet(interface, second, src, dst):
    ip = struct.pack(">HHHHBBHII", 0x4500, 1000, 0, 0, 64, 17, 0, src, dst)
    frame = ip + struct.pack(">HHHH", 5000, 53, 980, 0)
    time = (1772000000 + second) * 1000000
    head = struct.pack("<IIIII", interface, time >> 32, time & 0xFFFFFFFF, len(frame), 1000)
    return block(6, head + frame)

ours, ours_too, stranger = 0x0A000001, 0x0A000002, 0x08080808
out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
out += block(1, struct.pack("<HHI", 101, 0, 0)) * 2
for second in range(30):
    out += packet(0, second, ours, stranger) + packet(1, second, ours, stranger)
    out += packet(1, second, ours_too, stranger)
open(sys.argv[1], "wb").write(out)
EOF
replay --window 10s --warm-up 0 "$work/router.pcapng"
is "what_was_captured_on_two_interfaces_counts_once_and_the_rest_in_full" "9 3" \
    "$(field records) $(field duplicate)"

# --- feeds: what is no capture and no flow log decides nothing of its folder
mkdir "$work/mixed"
echo "notes on the capture" >"$work/mixed/README"
cp "$captures/ipv4.pcap" "$work/mixed/"
ingest "$work/mixed"
is "a_readme_beside_a_capture_is_one_bad_line" "0 365 1" "$status $(field packets) $(field malformed)"

# --- feeds: files of a folder come in the order of their first packet, whatever their names
mkdir "$work/two"
cp "$captures/scan.pcap" "$work/two/b.pcap"
cp "$captures/ipv4.pcap" "$work/two/a.pcap"
ingest "$work/two"
is "two_captures_of_a_folder_are_one_feed_in_order_of_time" "0 1587 0" "$status $(field packets) $(field late)"

finish
