#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# weir doctor: what it says of samples, of generated fleets with something wrong, and of what is no
# flow log. Each finding is shown where it holds and is absent where it does not.
. tests/lib.sh

# doctor ARGUMENT...: JSON in $work/json, text in $work/text, exit status in $status
doctor() {
    "$weir" doctor -o json "$@" >"$work/json" 2>"$work/err"
    status=$?
    "$weir" doctor "$@" >"$work/text" 2>>"$work/err"
}
# severity ID: of the finding, or "none"
severity() { jq -r "[.findings[] | select(.id == \"$1\") | .severity] | first // \"none\"" "$work/json"; }
# what ID
what() { jq -r ".findings[] | select(.id == \"$1\") | .what" "$work/json"; }
# advice ID
advice() { jq -r ".findings[] | select(.id == \"$1\") | .do" "$work/json"; }

fleet() { "$gen" fleet --nodes 4 --accounts 1 --seed 3 "$@" >/dev/null 2>&1 || not_ok "the_generator_writes_a_fleet"; }

# --- a fleet with all that one could wish
best="version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status instance-id tcp-flags pkt-srcaddr pkt-dstaddr flow-direction"
fleet --duration 3h --fields "$best" --late-permille 0 --out "$work/good"
cp "$work/good/inventory.csv" "$work/nodes.csv"
find "$work/good" -name '*.log' -exec sed -i '/SKIPDATA$/d' {} +
doctor --aws-interval 60s --inventory "$work/nodes.csv" "$work/good/AWSLogs"
is "a_good_log_is_status_0" 0 "$status"
is "a_good_log_has_nothing_but_what_is_never_logged" "unseen" \
    "$(jq -r '[.findings[] | select(.severity != "ok") | .id] | join(" ")' "$work/json")"
is "a_good_log_is_told_to_be_good" "direction_unknown interval late malformed skipdata" \
    "$(jq -r '[.findings[] | select(.severity == "ok") | .id] | sort | join(" ")' "$work/json")"
has "layout_and_version_are_told" "^  19 fields of version 5 \(header line\): version account-id" "$(cat "$work/text")"
is "everything_was_read" "$(jq .files "$work/json")" "$(jq .files_whole "$work/json")"
is "nodes_are_counted" 4 "$(jq '.feeds[0].nodes' "$work/json")"
same_text() {
    "$weir" doctor "$work/good/AWSLogs" >"$work/again"
    "$weir" doctor "$work/good/AWSLogs" | cmp -s - "$work/again" && echo same
}
is "the_same_input_gives_the_same_output" same "$(same_text)"

doctor "$work/good/AWSLogs"
is "a_shorter_interval_is_a_note" "note: say --aws-interval 60s" "$(severity interval): $(advice interval)"
is "a_missing_inventory_is_a_note" note "$(severity no_inventory)"

# --- what a poor log lacks
fleet --duration 3h --out "$work/poor"
doctor "$work/poor/AWSLogs"
for field in flow_direction:warning tcp_flags:note packet_addresses:note instance_id:note; do
    is "a_log_without_${field%:*}_is_told" "${field#*:}" "$(severity "no_${field%:*}")"
done
is "records_without_direction_are_told" "note" "$(severity direction_unknown)"
has "records_without_direction_ask_for_a_field_or_an_inventory" "flow-direction, or give --inventory" "$(advice direction_unknown)"
doctor --inventory "$work/poor/inventory.csv" "$work/poor/AWSLogs"
is "an_inventory_tells_the_directions" ok "$(severity direction_unknown)"

# --- lateness: at most 40 minutes, so more than 10 and less than 40 are needed
fleet --duration 6h --late-permille 100 --lateness 40m --out "$work/late"
doctor "$work/late/AWSLogs"
is "late_records_are_a_warning" warning "$(severity late)"
needed=$(advice late | sed 's/--lateness \([0-9]*\)m .*/\1/')
is "the_lateness_that_holds_all_is_told" yes "$([ "$needed" -gt 10 ] && [ "$needed" -le 40 ] && echo yes)"
doctor --lateness "${needed}m" "$work/late/AWSLogs"
is "the_lateness_that_holds_all_does" ok "$(severity late)"
replay --lateness "${needed}m" "$work/late/AWSLogs"
is "a_replay_with_it_has_no_late_records" 0 "$(field late)"

# --- SKIPDATA
first=$(find "$work/poor" -name '*.log' | sort | head -n 1)
mkdir "$work/skip"
{ cat "$first"; echo "2 111111111111 eni-0aaaaaaaaaaaaaaaa - - - - - - - 1772409600 1772409659 - SKIPDATA"; } >"$work/skip/a.log"
doctor "$work/skip"
is "skipdata_is_a_warning" warning "$(severity skipdata)"

# --- double counting
two=$work/two
mkdir "$two"
cp -r "$work/good/AWSLogs" "$two/"
find "$two" -name '*.log' | while read -r file; do
    copy=$(echo "$file" | sed 's/_fl-[0-9a-f]*_/_fl-0123456789abcdef0_/')
    # another flow log's objects have other lines in front
    { cat "$file"; tail -n 1 "$file"; } >"$copy"
done
doctor "$two"
is "two_logs_of_one_interface_are_a_note" note "$(severity double_counting)"
has "two_logs_of_one_interface_are_named" "interfaces are in more than one log at once: eni-[0-9a-f]+ in fl-[0-9a-f]+ and fl-[0-9a-f]+" "$(what double_counting)"
is "logs_apart_are_none" none "$(doctor "$work/poor/AWSLogs"; severity double_counting)"
is "two_logs_are_no_copies" none "$(doctor "$two"; severity copies)"
mkdir "$work/copies"
cp "$first" "$work/copies/a.log"
cp "$first" "$work/copies/b.log"
doctor "$work/copies"
is "copies_are_a_problem" problem "$(severity copies)"
has "copies_are_named" "1 file is a copy of others.*a.log and .*b.log" "$(what copies)"

# --- the future
mkdir "$work/future"
cp "$first" "$work/future/"
echo "2 111111111111 eni-0aaaaaaaaaaaaaaaa 10.0.0.1 10.0.0.2 1 443 6 1 40 1893456000 1893456030 ACCEPT OK" >>"$work/future/${first##*/}"
doctor "$work/future"
is "records_from_the_future_are_a_warning" "warning: 1" "$(severity future): $(jq '.feeds[0].future' "$work/json")"
is "they_do_not_widen_the_range" "2026" "$(jq -r '.feeds[0].last' "$work/json" | cut -c1-4)"

# --- gaps and names
is "a_log_without_gaps_has_none" "none none" "$(doctor "$work/poor/AWSLogs"; echo "$(severity gaps) $(severity names)")"
mkdir "$work/holes"
i=0
for file in $(find "$work/poor" -name '*.log' | sort); do
    i=$((i + 1))
    case $i in [1-5] | 2[5-9]) cp "$file" "$work/holes/$i.log" ;; esac
done
doctor "$work/holes"
has "a_gap_is_told_with_its_length_and_place" "note: 1 gap of more than an hour, the longest of 1h3[0-9]m.* from 2026-03-02T00:2" "$(severity gaps): $(what gaps)"
is "names_that_tell_nothing_are_a_note" note "$(severity names)"

# --- intervals
awk 'BEGIN {
    print "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
    for (i = 0; i < 300; i++)
        print 2, "111111111111", "eni-0aaaaaaaaaaaaaaaa", "10.0.0.1", "10.9.0." i % 250, 40000 + i, 443, 6, 10, 1000, 1772409600, 1772409600 + 300 + i, "ACCEPT", "OK"
}' >"$work/long.log"
doctor "$work/long.log"
is "a_long_interval_is_a_note" "note: make the flow log anew with --max-aggregation-interval 60" "$(severity interval): $(advice interval)"
doctor --aws-interval 60s "$work/long.log"
is "an_interval_that_is_too_short_is_a_warning" "warning: say --aws-interval 600s" "$(severity interval): $(advice interval)"

# --- lines
{ cat "$work/long.log"; echo "2 bad line"; } >"$work/one_bad.log"
doctor "$work/one_bad.log"
is "a_bad_line_is_a_warning" "0: warning" "$status: $(severity malformed)"
has "a_bad_line_is_shown" "1 of 302 lines .* mostly by their field_count: .*one_bad.log line 302: 2 bad line" "$(what malformed)"
echo "hello world" >"$work/text.log"
doctor "$work/text.log"
is "a_text_that_is_no_log_is_a_problem" "problem problem" "$(severity malformed) $(severity no_records)"
has "a_text_that_is_no_log_is_said_to_be_assumed" "taken for it: nothing in it says so" "$(cat "$work/text")"
is "a_good_log_has_records" none "$(doctor "$work/long.log"; severity no_records)"
echo "version resource-type tgw-id srcaddr dstaddr start end log-status" >"$work/tgw.log"
echo "6 TransitGateway tgw-1 10.0.0.1 10.0.0.2 1772409600 1772409660 OK" >>"$work/tgw.log"
doctor "$work/tgw.log"
is "a_transit_gateways_log_is_a_warning" warning "$(severity transit_gateway)"
doctor --aws-format "version interface-id bytes" tests/data/aws/no_header.log
is "a_layout_without_times_is_a_problem" problem "$(severity no_times_or_addresses)"
doctor --aws-format "version nonsense-id srcaddr dstaddr start end" tests/data/aws/no_header.log
is "unknown_fields_are_a_note" note "$(severity unknown_fields)"

# --- files
: >"$work/empty.log"
doctor "$work/empty.log" "$work/long.log"
is "an_empty_file_is_a_note" "0: note" "$status: $(severity empty)"
gzip -c "$work/long.log" | head -c 1000 >"$work/cut.log.gz"
doctor "$work/cut.log.gz"
is "a_truncated_file_is_a_problem" "3: problem" "$status: $(severity damaged)"
doctor "$work/none.log" "$work/long.log"
is "a_missing_file_is_a_problem" "3: problem" "$status: $(severity unreadable)"
has "a_missing_file_is_named" "1 of 2 files not readable: .*none.log \(cannot open: No such file or directory\)" "$(what unreadable)"
is "a_missing_file_costs_only_itself" 300 "$(jq '[.feeds[].records] | add' "$work/json")"
printf 'PAR1\25\0\25' >"$work/x.log.parquet"
echo '{"insertId":"1","logName":"projects/p/logs/compute.googleapis.com%2Fvpc_flows","jsonPayload":{"connection":{}}}' >"$work/gcp.json"
echo '{"records":[{"category":"FlowLogFlowEvent","flowRecords":{}}]}' >"$work/azure.json"
doctor "$work/x.log.parquet" "$work/gcp.json" "$work/azure.json"
is "foreign_formats_are_status_3" "3: 3" "$status: $(jq '[.findings[] | select(.id == "foreign")] | length' "$work/json")"
has "foreign_formats_are_named" "Apache Parquet.*|" "$(what foreign | tr '\n' '|')"
has "clouds_are_told_apart" "Azure virtual network flow logs.*Google Cloud VPC flow logs" "$(what foreign | sort | tr '\n' ' ')"
is "a_good_log_is_not_foreign" "none none none none" \
    "$(doctor "$work/long.log"; echo "$(severity foreign) $(severity unreadable) $(severity damaged) $(severity empty)")"

# --- captures
captures=tests/data/pcap
doctor "$captures/ipv4.pcap"
has "a_capture_is_named" "link type Ethernet; 1 interface" "$(cat "$work/text")"
has "frames_are_counted" "365 frames: 363 IP, 2 others" "$(cat "$work/text")"
is "a_good_capture_has_no_fact_against_it" "none none none none none none none none" \
    "$(for id in unknown_link_type dropped captured_twice out_of_order headers_cut tunnels gaps no_private_end; do severity $id; done | tr '\n' ' ' | sed 's/ $//')"
is "what_a_capture_was_cut_to_is_no_loss" ok "$(severity snapped)"
is "no_word_of_SKIPDATA_in_a_capture" none "$(severity skipdata)"
doctor "$captures/vxlan.pcap"
is "tunnels_are_a_note" note "$(severity tunnels)"
has "tunnels_are_counted" "^347 of 375 packets \(92.5 %\) hold another packet" "$(what tunnels)"
doctor --tunnels inner "$captures/vxlan.pcap"
is "tunnels_that_are_looked_into_are_none" none "$(severity tunnels)"
doctor "$captures/cut.pcapng"
is "a_capture_that_is_cut_off_is_a_problem" "3: problem" "$status: $(severity damaged)"
doctor --local 192.0.2.0/24 "$captures/ipv4.pcap"
is "a_capture_of_others_has_no_direction" "warning: say whose addresses are nodes: --local CIDR, or --inventory" \
    "$(severity direction_unknown): $(advice direction_unknown)"
mkdir "$work/mixed"
cp "$captures/ipv4.pcap" "$work/long.log" "$work/mixed/"
doctor "$work/mixed"
has "two_formats_in_one_feed_are_a_problem" "aws in a feed of pcap|pcap in a feed of aws" "$(what foreign)"
is "and_nothing_of_them_is_damaged" "none: keep formats in folders of their own" "$(severity damaged): $(advice foreign)"

# --- a run points to it
hint() { "$weir" replay "$@" 2>&1 >/dev/null | grep -c "weir doctor"; }
is "a_run_without_trouble_does_not_mention_the_doctor" 0 "$(hint "$work/good/AWSLogs")"
is "a_run_with_little_trouble_does_not_mention_the_doctor" "1: 0" "$(doctor "$work/one_bad.log"; jq '.feeds[0].malformed' "$work/json"): $(hint "$work/one_bad.log")"
is "unknown_directions_point_to_the_doctor" 1 "$(hint --local 192.0.2.0/24 "$captures/ipv4.pcap")"
is "lost_data_points_to_the_doctor" 1 "$(hint tests/data/aws/default.log)"
is "malformed_lines_point_to_the_doctor" 1 "$(hint "$work/text.log")"
is "late_records_point_to_the_doctor" 1 "$(hint --lateness 0 "$work/late/AWSLogs")"

# --- a part
doctor --read 300k "$work/late/AWSLogs"
is "a_part_is_said_to_be_one" note "$(severity sampled)"
is "a_part_is_spread_over_the_feed" yes \
    "$(jq -r '.feeds[0] | if (.objects_read < .objects / 2) and (.first < "2026-03-02T00:10") and (.last > "2026-03-02T05:40") then "yes" else "no" end' "$work/json")"
doctor --read 20k --all "$work/late/AWSLogs"
is "all_is_all" none "$(severity sampled)"

# --- hostile
head -c 300000 /dev/urandom >"$work/random"
doctor "$work/random"
is "random_octets_are_foreign" "3: problem" "$status: $(severity foreign)"
timeout 20 "$weir" doctor /dev/zero >"$work/text" 2>&1
is "a_device_of_zeros_is_foreign" 3 $?
mkdir "$work/nothing"
doctor "$work/nothing"
is "a_folder_of_nothing_is_a_mistake" 2 "$status"
doctor
is "no_path_is_a_mistake" 2 "$status"
esc=$(printf '\033')
odd="$work/$(printf 'new\nline\033[31m.log')"
printf 'x\033[31m\n' >"$odd"
doctor "$odd"
is "no_escape_sequence_reaches_the_terminal" 0 "$(grep -c "$esc" "$work/text")"
is "odd_names_are_valid_json" 0 "$(jq -e . "$work/json" >/dev/null; echo $?)"
"$weir" doctor "$work/late/AWSLogs" >/dev/full 2>/dev/null
is "a_full_device_is_status_4" 4 $?
"$weir" doctor - <"$work/long.log" >"$work/text"
has "standard_input_is_read" "301 lines: 300 records" "$(cat "$work/text")"

# --- what other projects test their parsers with
samples=${WEIR_SHARED:-../shared}/data
if [ -d "$samples/aws" ]; then
    bad=
    for file in "$samples"/aws/* "$samples"/gcp/* "$samples"/azure/*; do
        timeout 20 "$weir" doctor "$file" >"$work/text" 2>"$work/err"
        case $? in 0 | 3) ;; *) bad="$bad $file" ;; esac
    done
    is "vendors_samples_do_no_harm" "" "$bad"
    # named SAMPLE PATTERN
    named() { has "sample_${1##*/}" "$2" "$("$weir" doctor "$samples/$1")"; }
    named aws/beats--accept-reject-traffic.log "14 fields of version 2 \(header line\)"
    named aws/beats--tcp-flag-sequence.log "21 fields of version 3 \(header line\)"
    named aws/beats--custom-nat-gateway.log "problem +the log lacks start, end"
    named aws/otel--valid_tgw_flow_log.log "warning +a Transit Gateway's flow log"
    named gcp/elastic--vpcflow-4.ndjson "Google Cloud VPC flow logs"
    named azure/danifitz--nsg-PT1H.json "Azure network security group flow logs"
    named azure/elastic--test-vnet.log "Azure virtual network flow logs"
else
    echo "skip vendors_samples: $samples is not there"
fi

finish
