#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Small inputs whose totals were worked out by hand, from the lines to what flowq says.
. tests/lib.sh

fields="version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
t=1772000000 # 2026-02-25T06:13:20Z
u=1772000030

# name FEED-LETTER ACCOUNT-DIGIT: an object's name as S3 has it
object() { echo "$2$2$2$2$2$2$2$2$2$2$2$2_vpcflowlogs_eu-west-1_fl-0$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1_20260225T0610Z_0000000$2.log"; }

# by KEYS [FILTER]: keys, bytes, packets, flows of each group, one group after another
by() {
    keys=$1
    shift
    count=$(echo "$keys" | awk -F, '{print NF + 3}')
    "$flowq" --store "$work/store" --by "$keys" --sort key -o csv "$@" 2>"$work/flowq" |
        tr -d '\r' | tail -n +2 | cut -d, -f "1-$count" | tr '\n' ';'
}

# --- two accounts, and a flow between two of our nodes: out for one, in for the other, once each
mkdir -p "$work/accounts"
cat >"$work/accounts/$(object a 1)" <<EOF
$fields
2 111111111111 eni-0aaaaaaaaaaaaaaaa 10.0.0.1 10.9.0.2 40000 443 6 10 1000 $t $u ACCEPT OK
2 111111111111 eni-0aaaaaaaaaaaaaaaa 10.9.0.2 10.0.0.1 443 40000 6 20 30000 $t $u ACCEPT OK
2 111111111111 eni-0aaaaaaaaaaaaaaaa 10.0.0.1 198.51.100.7 40001 443 6 1 40 $t $u REJECT OK
EOF
cat >"$work/accounts/$(object b 2)" <<EOF
$fields
2 222222222222 eni-0bbbbbbbbbbbbbbbb 10.0.0.1 10.9.0.2 40000 443 6 10 1000 $t $u ACCEPT OK
2 222222222222 eni-0bbbbbbbbbbbbbbbb 10.9.0.2 10.0.0.1 443 40000 6 20 30000 $t $u ACCEPT OK
2 222222222222 eni-0bbbbbbbbbbbbbbbb 10.9.0.2 203.0.113.9 5000 53 17 1 80 $t $u ACCEPT OK
EOF
replay --store "$work/store" "$work/accounts"
is "two_accounts_exit_0" 0 "$status"
is "two_accounts_records_bytes_packets_add_up" "6 62120 62" "$(field records) $(field bytes) $(field packets)"
is "two_accounts_are_two_feeds_of_two_nodes" "2 2" "$(field files) $(field nodes)"
is "a_flow_between_two_nodes_counts_once_for_each" \
    "eni-0aaaaaaaaaaaaaaaa,in,30000,20,1;eni-0aaaaaaaaaaaaaaaa,out,1040,11,2;eni-0bbbbbbbbbbbbbbbb,in,1000,10,1;eni-0bbbbbbbbbbbbbbbb,out,30080,21,2;" \
    "$(by node,direction)"
is "a_rejected_flow_is_kept_as_such" "reject,40,1,1;" "$(by action 'action reject')"
is "first_and_last_are_those_of_the_records" "2026-02-25T06:13:20.000Z 2026-02-25T06:13:50.000Z" "$(field first) $(field last)"

# --- two flow logs of one interface: stored both, counted once
mkdir -p "$work/logs"
cp "$work/accounts/$(object a 1)" "$work/logs/"
cp "$work/accounts/$(object a 1)" "$work/logs/$(object c 1)"
replay --force --store "$work/store" "$work/logs"
is "two_logs_of_one_interface_are_all_records" 6 "$(field records)"
is "the_second_log_of_an_interface_is_set_aside" 3 "$(field duplicate)"
is "both_logs_are_in_the_store" "fl-0aaaaaaaaaaaaaaaa,31040,31,3;fl-0cccccccccccccccc,31040,31,3;" "$(by flow_log)"

# --- a record of the year 2099 in the middle: kept, counted, and no window sees it
for name in "$(object a 1)" plain.log; do
    rm -rf "$work/future" && mkdir "$work/future"
    cat >"$work/future/$name" <<EOF
$fields
2 111111111111 eni-0aaaaaaaaaaaaaaaa 10.0.0.1 10.9.0.2 40000 443 6 10 1000 $t $u ACCEPT OK
2 111111111111 eni-0aaaaaaaaaaaaaaaa 10.0.0.1 10.9.0.3 40000 443 6 1 50 4070908800 4070908800 ACCEPT OK
2 111111111111 eni-0aaaaaaaaaaaaaaaa 10.0.0.1 10.9.0.4 40000 443 6 10 2000 $t $u ACCEPT OK
EOF
    replay --force --store "$work/store" "$work/future"
    is "a_record_of_2099_is_a_record_($name)" "3 3050 1" "$(field records) $(field bytes) $(field future)"
    is "a_record_of_2099_makes_nobody_late_($name)" 0 "$(field late)"
    is "a_record_of_2099_opens_no_window_($name)" 1 "$(field windows)"
    is "a_record_of_2099_is_in_the_store_($name)" "2026-02-25T00:00:00.000Z,3000,20,2;2099-01-01T00:00:00.000Z,50,1,1;" "$(by day)"
    is "the_last_hour_ends_at_the_newest_real_record_($name)" "out,3000,20,2;" "$(by direction --last 1h)"
done

# --- pods behind an interface: the packet's own addresses are the record's
rm -rf "$work/pods" && mkdir "$work/pods"
cat >"$work/pods/pods.log" <<EOF
version interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr srcport dstport protocol packets bytes start end action flow-direction log-status
5 eni-0aaaaaaaaaaaaaaaa 10.0.0.1 93.184.216.34 100.64.1.5 93.184.216.34 40000 443 6 3 300 $t $u ACCEPT egress OK
5 eni-0aaaaaaaaaaaaaaaa 93.184.216.34 10.0.0.1 93.184.216.34 100.64.1.5 443 40000 6 4 4000 $t $u ACCEPT ingress OK
5 eni-0aaaaaaaaaaaaaaaa 10.0.0.1 93.184.216.34 100.64.1.6 93.184.216.34 40000 443 6 5 500 $t $u ACCEPT egress OK
5 eni-0aaaaaaaaaaaaaaaa 10.0.0.1 10.0.0.9 10.0.0.1 10.0.0.9 40000 443 6 6 600 $t $u ACCEPT egress OK
EOF
replay --force --store "$work/store" "$work/pods"
is "pods_count_for_their_node" "eni-0aaaaaaaaaaaaaaaa,in,4000,4,1;eni-0aaaaaaaaaaaaaaaa,out,1400,14,3;" "$(by node,direction)"
is "pods_are_seen_by_their_own_addresses" "10.0.0.1,600,6,1;100.64.1.5,300,3,1;100.64.1.6,500,5,1;" "$(by src out)"
is "peers_of_pods_are_the_other_side" "10.0.0.9,600,6,1;93.184.216.34,4800,12,3;" "$(by peer)"

# --- the same lines as a text, from Firehose and from a subscription: the same totals
rm -rf "$work/wrapped" && mkdir "$work/wrapped"
for i in 1 2 3 4 5; do
    echo "2 111111111111 eni-0aaaaaaaaaaaaaaaa 10.0.0.1 10.9.0.$i 40000 443 6 10 1000 $t $u ACCEPT OK"
    echo "2 111111111111 eni-0aaaaaaaaaaaaaaaa 10.9.0.$i 10.0.0.1 443 40000 6 20 $i $t $u ACCEPT OK"
done >"$work/lines"
jq -cR '{message: .}' "$work/lines" >"$work/wrapped/firehose.log"
jq -jcR '{message: .}' "$work/lines" | gzip >"$work/wrapped/in_a_row.gz"
jq -cRn '{messageType: "DATA_MESSAGE", logEvents: [inputs | {id: "1", message: .}]}' "$work/lines" |
    gzip >"$work/wrapped/subscription.gz"
jq -Rn '{messageType: "DATA_MESSAGE", logEvents: [inputs | {id: "1", message: .}]}' "$work/lines" \
    >"$work/wrapped/indented.json"
cp "$work/lines" "$work/wrapped/plain.log"
for name in plain.log firehose.log in_a_row.gz subscription.gz indented.json; do
    replay --force --store "$work/store" "$work/wrapped/$name"
    is "wrapped_lines_have_the_totals_of_plain_ones_($name)" "0: 10 10 0 5015 150" \
        "$status: $(field lines) $(field records) $(field malformed) $(field bytes) $(field packets)"
done
head -c 700 "$work/wrapped/indented.json" >"$work/wrapped/cut.json"
replay --force --store "$work/store" "$work/wrapped/cut.json"
is "a_list_that_breaks_off_is_damage_behind_what_it_held" "3: 4 4 0" \
    "$status: $(field lines) $(field records) $(field malformed)"
has "damage_in_json_says_where_it_is" \
    "cut.json: a list of events breaks off: line [0-9]+, column [0-9]+ \(octet 700\)" "$(cat "$work/err")"
printf 'PAR1\25\0\25' >"$work/wrapped/x.log.parquet"
replay --force --store "$work/store" "$work/wrapped/x.log.parquet"
has "parquet_is_named_with_what_to_do" \
    "Apache Parquet, which is not read: make the flow log write text" "$(cat "$work/err")"
is "parquet_is_an_input_that_could_not_be_read" 3 "$status"

# --- an inventory of a cluster: nodes by name, and their pods
cat >"$work/cluster.json" <<EOF
{"kind":"List","items":[
{"kind":"Node","metadata":{"name":"n1","uid":"u1"},"status":{"addresses":[{"type":"InternalIP","address":"10.0.0.1"}]}},
{"kind":"Pod","metadata":{"name":"web-1","namespace":"shop"},"spec":{"nodeName":"n1"},"status":{"podIP":"100.64.1.5"}}]}
EOF
replay --force --store "$work/store" --inventory "$work/cluster.json" "$work/pods"
is "a_clusters_inventory_names_the_node" "n1,in,4000,4,1;n1,out,1400,14,3;" "$(by node,direction)"

# --- IPv6 only
rm -rf "$work/six" && mkdir "$work/six"
cat >"$work/six/six.log" <<EOF
$fields
2 111111111111 eni-0aaaaaaaaaaaaaaaa 2001:db8::1 2001:db8:ffff::7 40000 443 6 10 1000 $t $u ACCEPT OK
2 111111111111 eni-0aaaaaaaaaaaaaaaa 2001:db8:ffff::7 2001:db8::1 443 40000 6 20 30000 $t $u ACCEPT OK
2 111111111111 eni-0aaaaaaaaaaaaaaaa 2001:db8::1 2001:db8:0:0:1::8 40000 443 17 1 99 $t $u ACCEPT OK
EOF
replay --force --store "$work/store" "$work/six"
is "ipv6_records_have_directions" "in,30000,20,1;out,1099,11,2;" "$(by direction)"
is "ipv6_peers_are_printed_as_rfc_5952_says" "2001:db8::1:0:0:8,99,1,1;2001:db8:ffff::7,31000,30,2;" "$(by peer)"
is "an_ipv6_prefix_filters" "2001:db8:ffff::7,1000,10,1;" "$(by dst 'dst net 2001:db8:ffff::/48')"

# --- bytes and packets by minute are spread over the time that a flow lasted
rm -rf "$work/spread" && mkdir "$work/spread"
# [06:13:20, 06:14:20): 40 of its 60 seconds lie in the first minute
cat >"$work/spread/spread.log" <<EOF
$fields
2 111111111111 eni-0aaaaaaaaaaaaaaaa 10.0.0.1 10.9.0.2 40000 443 6 7 600 $t 1772000059 ACCEPT OK
EOF
replay --force --store "$work/store" "$work/spread"
is "what_is_spread_adds_up_to_what_came" \
    "2026-02-25T06:13:00.000Z,400,4,0;2026-02-25T06:14:00.000Z,200,3,1;" "$(by minute)"

finish
