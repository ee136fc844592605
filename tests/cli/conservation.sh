#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Bad input is counted, named and costs nothing else: lines = headers + records + nodata + skipdata +
# malformed, whatever comes.
. tests/lib.sh

t=1772000000
line="2 111111111111 eni-0aaaaaaaaaaaaaaaa 10.0.0.1 10.9.0.2 40000 443 6 10 1000 $t $t ACCEPT OK"

# conserved NAME: of the run before
conserved() {
    is "$1" "$(field lines)" "$(($(field headers) + $(field records) + $(field nodata) + $(field skipdata) + $(field malformed)))"
}

cat >"$work/messy.log" <<EOF
version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status
$line

2 111111111111 eni-0aaaaaaaaaaaaaaaa - - - - - - - $t $t - NODATA
2 111111111111 eni-0aaaaaaaaaaaaaaaa - - - - - - - $t $t - SKIPDATA
2 111111111111 eni-0aaaaaaaaaaaaaaaa 10.0.0.1 10.9.0.2 40000 443 6 10
2 111111111111 eni-0aaaaaaaaaaaaaaaa 10.0.0.999 10.9.0.2 40000 443 6 10 1000 $t $t ACCEPT OK
2 111111111111 eni-0aaaaaaaaaaaaaaaa 10.0.0.1 10.9.0.2 70000 443 6 10 1000 $t $t ACCEPT OK
2 111111111111 eni-0aaaaaaaaaaaaaaaa 10.0.0.1 10.9.0.2 40000 443 6 ten 1000 $t $t ACCEPT OK
2 111111111111 eni-0aaaaaaaaaaaaaaaa 10.0.0.1 10.9.0.2 40000 443 6 10 1000 $t $t MAYBE OK
"quoted \\ line"
$line extra
$line
EOF
printf '%s' "$line" >>"$work/messy.log" # no final newline
replay --store "$work/store" "$work/messy.log"
is "malformed_lines_do_not_fail_a_file" 0 "$status"
is "each_line_is_counted_as_what_it_is" "13 1 3 1 1 7" \
    "$(field lines) $(field headers) $(field records) $(field nodata) $(field skipdata) $(field malformed)"
conserved "lines_are_conserved_in_a_messy_file"
is "every_malformed_line_is_in_the_rejects" 7 "$(wc -l <"$work/store/rejects.ndjson")"
is "a_reject_names_file_line_and_reason" "$work/messy.log 6 field_count" \
    "$(head -n 1 "$work/store/rejects.ndjson" | jq -r '"\(.file) \(.line) \(.reason)"')"
is "rejects_are_json_whatever_the_line_holds" 7 "$(jq -r .text "$work/store/rejects.ndjson" | wc -l)"

replay "$work/messy.log"
has "without_a_store_the_first_of_each_reason_is_said" "line 6: field_count" "$(cat "$work/err")"

replay --strict "$work/messy.log"
is "strict_stops_at_the_first_bad_line_with_3" 3 "$status"
has "strict_names_file_and_line" "messy.log.*line 6" "$(cat "$work/err")"

: >"$work/empty.log"
replay "$work/empty.log"
is "an_empty_file_is_an_input_without_lines" "0 1 0" "$status $(field files) $(field lines)"

printf '\r\n%s\r\n\r\n' "$line" >"$work/crlf.log"
replay "$work/crlf.log"
is "crlf_ends_a_line_and_blank_lines_are_none" "1 1" "$(field lines) $(field records)"

# Compressed: told by content, any number of members, cut at the end.
{ echo "$line" | gzip; : | gzip; echo "$line" | gzip; } >"$work/members"
replay "$work/members"
is "gzip_members_are_one_text" "0 2" "$status $(field records)"
{ echo "$line" | zstd -q; echo "$line" | zstd -q; } >"$work/frames"
replay "$work/frames"
is "zstd_frames_are_one_text" "0 2" "$status $(field records)"

i=0
while [ $i -lt 5000 ]; do
    echo "$line"
    i=$((i + 1))
done >"$work/many.log"
gzip -c "$work/many.log" >"$work/many.gz"
size=$(wc -c <"$work/many.gz")
head -c $((size - 20)) "$work/many.gz" >"$work/cut.gz"
replay --store "$work/cut" "$work/cut.gz" "$work/many.log"
is "a_truncated_gzip_exits_3" 3 "$status"
has "a_truncated_gzip_is_warned_of_by_name" "cut.gz" "$(head -n 1 "$work/err")"
is "a_truncated_gzip_gives_what_it_held_and_the_rest_goes_on" true "$([ "$(field records)" -gt 5000 ] && echo true)"
conserved "lines_are_conserved_in_a_truncated_file"

replay "$work/not-there.log" "$work/crlf.log"
is "a_path_that_is_not_there_exits_3_and_the_rest_is_read" "3 1" "$status $(field records)"
has "a_path_that_is_not_there_is_named" "not-there.log" "$(cat "$work/err")"

head -c 300000 /dev/urandom >"$work/noise"
replay "$work/noise"
conserved "lines_are_conserved_in_noise"

finish
