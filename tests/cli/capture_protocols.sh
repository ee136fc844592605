#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What protocols the captures under tests/data/pcap hold, by TShark (expected.tsv) and by flowq, outside
# and inside of tunnels; and that a container does not matter.
. tests/lib.sh
data=tests/data/pcap

# packets PROTOCOL...: of the store's flows, together
packets() {
    "$flowq" --store "$work/store" --by proto -o csv 2>/dev/null | tr -d '\r' |
        awk -F, -v names=" $* " 'index(names, " " $1 " ") { sum += $3 } END { print sum + 0 }'
}

while read -r file _ _ _ tcp udp icmp _ inner_tcp inner_udp inner_icmp; do
    [ "$file" = file ] && continue
    replay --store "$work/store" --force "$data/$file"
    is "tcp_udp_and_icmp_packets_in_$file" "$tcp $udp $icmp" "$(packets tcp) $(packets udp) $(packets icmp icmp6)"
    if [ "$tcp $udp $icmp" != "$inner_tcp $inner_udp $inner_icmp" ]; then
        replay --store "$work/store" --force --tunnels inner "$data/$file"
        is "packets_inside_the_tunnel_of_$file" "$inner_tcp $inner_udp $inner_icmp" \
            "$(packets tcp) $(packets udp) $(packets icmp icmp6)"
    fi
done <"$data/expected.tsv"

# flows FILE: its rows in the store
flows() {
    replay --store "$work/store" --force "$data/$1"
    "$flowq" --store "$work/store" --twins --sort time -o csv >"$work/$1.csv" 2>/dev/null
}
for file in ipv6.pcap ipv6.pcap.gz nano.pcap nano.pcapng; do
    flows "$file"
done
same "a_compressed_capture_gives_the_same_flows" "$work/ipv6.pcap.csv" "$work/ipv6.pcap.gz.csv"
same "pcap_and_pcapng_give_the_same_flows" "$work/nano.pcap.csv" "$work/nano.pcapng.csv"

# As the demo replays it: five minutes to learn from, ten in which the leak has to show.
replay --store "$work/store" --force --window 20s --warm-up 5m "$data/leak.pcap.zst"
is "a_leak_in_a_capture_is_an_alert" "open exfil.volume 10.0.5.10" \
    "$(jq -r '"\(.state) \(.class) \(.node)"' "$work/out" | head -n 1)"
is "the_alert_names_who_got_it" 203.0.113.66 "$(grep -oE '203\.0\.113\.66' "$work/out" | head -n 1)"

finish
