# SPDX-License-Identifier: Apache-2.0
# The operator's say on the command line: configurations are looked over, silences and
# acknowledgements come and go in a file that is whole at any time.
. tests/lib.sh

# try COMMAND...: output in $work/out, $work/err, exit status in $status
try() {
    "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
}
err() { cat "$work/err"; }
file=$work/operator.yaml

"$weir" config defaults >"$work/defaults.yaml"
try "$weir" config check "$work/defaults.yaml"
is the_defaults_are_right 0 "$status"
has the_defaults_change_nothing "defaults.yaml: right: 0 numbers other than the defaults, 0 rules off" "$(cat "$work/out")"

# refused NAME PATTERN: the configuration on stdin is wrong, and PATTERN says how
refused() {
    cat >"$work/bad.yaml"
    try "$weir" config check "$work/bad.yaml"
    is "$1_exits_2" 2 "$status"
    has "$1_is_told_with_its_place" "weir config: .*/bad.yaml:$2" "$(err)"
}
echo 'rulez:' | refused an_unknown_key "1:1: unknown key 'rulez'; did you mean 'rules'\?"
printf 'rules:\n  exfil:\n    margin: 99\n' | refused a_number_out_of_bounds \
    "3:13: exfil.margin: 99, must be 0 to 30 bits"
printf 'silences:\n- filter: udp and\n  until: 2026-01-01\n' | refused a_bad_filter "2:11: column "
printf 'silences:\n- filter: udp\n' | refused a_silence_without_an_end "2:3: 'until' is missing here"
printf '\377\376rules' | refused binary " "
try "$weir" config check "$work/none.yaml"
is a_configuration_that_is_not_there_exits_2 2 "$status"
for words in "" "check" "defaults x" "show"; do
    # shellcheck disable=SC2086 # words are wanted
    try "$weir" config $words
    is "config_${words:-nothing}_is_a_usage_error" 2 "$status" | tr ' ' _ | sed 's/^ok_/ok /'
done

try "$weir" silence add --file "$file" --until 2026-12-24 --node 'web-*' --class scan \
    --comment 'the "auditor"' dst net 203.0.113.0/24 and tcp
is a_silence_is_added 0 "$status"
id=$(cat "$work/out")
has its_id_is_printed "^[0-9a-f]{8}$" "$id"
try "$weir" silence add --file "$file" --until 2026-12-24 --node 'web-*' --class scan \
    'dst net 203.0.113.0/24 and tcp'
is the_same_silence_again_is_a_usage_error 2 "$status"
has the_same_silence_again_is_told "the silence $id is there already" "$(err)"
try "$weir" silence add --file "$file" --allow --until 2027-01-01T00:00:00+01:00 --from 2026-01-01 --rule exfil
is an_allowance_is_added 0 "$status"
"$weir" silence list --file "$file" -o ndjson >"$work/list"
is silences_are_listed \
    "$id silence  2026-12-24T00:00:00Z node=web-* class=scan|dst net 203.0.113.0/24 and tcp|the \"auditor\"" \
    "$(head -n 1 "$work/list" | jq -r '"\(.id) \(.kind) \(.from) \(.until) \(.about)|\(.filter)|\(.comment)"')"
is allowances_are_listed "allow 2026-01-01T00:00:00Z 2026-12-31T23:00:00Z rule=exfil" \
    "$(tail -n 1 "$work/list" | jq -r '"\(.kind) \(.from) \(.until) \(.about)"')"
cp "$file" "$work/before.yaml"

# unchanged NAME PATTERN COMMAND...: exits 2, says PATTERN and leaves the file as it was
unchanged() {
    name=$1
    pattern=$2
    shift 2
    try "$@"
    is "${name}_is_a_usage_error" 2 "$status"
    has "${name}_is_told" "$pattern" "$(err)"
    same "${name}_changes_nothing" "$work/before.yaml" "$file"
}
unchanged a_silence_of_everything "about everything" "$weir" silence add --file "$file" --until 2027-01-01
unchanged a_silence_for_ever "--until TIME is missing" "$weir" silence add --file "$file" udp
unchanged a_class_that_is_none "none of that name: 'exfl'" "$weir" silence add --file "$file" --until 2027-01-01 --class exfl
unchanged a_time_that_is_none "--until: " "$weir" silence add --file "$file" --until someday udp
unchanged an_end_before_the_beginning "must be later" "$weir" silence add --file "$file" --until 2026-01-01 --from 2026-01-02 udp
unchanged a_filter_that_is_none "expected a port" "$weir" silence add --file "$file" --until 2027-01-01 port http
unchanged an_id_that_is_none "no silence 00000000" "$weir" silence drop --file "$file" "$id" 00000000
unchanged an_episode_that_is_none "no episode" "$weir" ack --file "$file" 12 benign
unchanged a_verdict_that_is_none "not one of" "$weir" ack --file "$file" 00112233445566778899aabbccddeeff good
unchanged a_word_that_is_none "not one of add, list, drop" "$weir" silence remove --file "$file" "$id"
unchanged no_file "--store DIR or --file FILE" "$weir" silence list
unchanged both_files "exclude each other" "$weir" silence list --file "$file" --store "$work"
unchanged what_is_no_store "is not a store" "$weir" silence list --store "$work"

"$weir" ack --file "$file" 00112233445566778899aabbccddeeff benign --comment "a backup"
"$weir" ack --file "$file" 10112233445566778899aabbccddeeff malicious
"$weir" ack --file "$file" 00112233445566778899aabbccddeeff malicious
"$weir" ack --file "$file" 10112233445566778899aabbccddeeff nothing
is the_last_word_about_an_episode_counts "00112233445566778899aabbccddeeff malicious" \
    "$(grep -A1 episode "$file" | tr -d ' "' | sed 's/^-*episode://; s/^verdict://' | tr '\n' ' ' | sed 's/ $//')"
try "$weir" silence drop --file "$file" "$id"
is a_silence_is_dropped "0: allow" "$status: $("$weir" silence list --file "$file" -o ndjson | jq -r .kind)"
printf 'operator_file: operator.yaml\n' >"$work/weir.yaml"
try "$weir" config check "$work/weir.yaml"
has a_configuration_names_it " 1 silences and allow-lists, .* 1 acknowledgements" "$(cat "$work/out")"

# Writers of one file wait for each other.
rm "$file"
for i in 1 2 3 4 5 6 7 8; do
    "$weir" silence add --file "$file" --until 2027-01-01 "port $i" >/dev/null &
done
wait
is no_change_is_lost_between_writers 8 "$("$weir" silence list --file "$file" -o csv | tail -n +2 | wc -l | tr -d ' ')"
is nothing_else_is_left_beside_the_file "" "$(find "$work" -name '*.tmp' -o -name '*.lock')"
printf 'rules:\n' >"$file"
cp "$file" "$work/before.yaml"
unchanged a_file_that_is_more_than_the_operators "unknown key 'rules'" "$weir" silence add --file "$file" --until 2027-01-01 udp
finish
