#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The same input gives the same bytes: whatever the number of threads, the SIMD width, the names of the
# files, whether it comes in one run or in two, and the machine: WEIR_PEER is a build for another one,
# whose programs make the logs and read them again. Without one this build does.
. tests/lib.sh
peer=${WEIR_PEER:-$build}

# fleet GENERATOR FOLDER
fleet() {
    "$1" fleet --nodes 8 --duration 9h --seed 7 --gzip --backups none --late-permille 5 \
        --attacks 'exfil api-1 6h 40m 100; dos web-1 7h 20m' --out "$2" 2>/dev/null
    find "$2" -type f | sort | xargs zcat -f | sha256sum
}

is "the_generator_makes_the_same_logs" "$(fleet "$gen" "$work/fleet")" \
    "$(fleet "$peer/bin/weir-gen" "$work/peer")"
logs=$work/fleet/AWSLogs

# run STORE ARGUMENT...
run() {
    store=$1
    shift
    "$weir" replay --warm-up 3h --summary none --store "$store" -o ndjson "$@" >"$store.out" 2>"$store.err" || {
        echo "not ok run_$(basename "$store"): $(cat "$store.err")"
        failures=$((failures + 1))
    }
}

# stores NAME STORE STORE: alerts, state and segments
stores() {
    same "$1_same_alerts" "$2/alerts.ndjson" "$3/alerts.ndjson"
    same "$1_same_state" "$2/state" "$3/state"
    (cd "$2" && find flows -type f | sort | xargs sha256sum) >"$work/sums.a"
    (cd "$3" && find flows -type f | sort | xargs sha256sum) >"$work/sums.b"
    same "$1_same_segments" "$work/sums.a" "$work/sums.b"
}

run "$work/one" "$logs"
has "there_are_alerts_to_compare" '"class":"exfil.volume"' "$(cat "$work/one.out")"
has "both_attacks_alert" '"class":"dos.volume"' "$(cat "$work/one.out")"
same "stdout_is_what_the_store_keeps" "$work/one.out" "$work/one/alerts.ndjson"

weir=$peer/bin/weir run "$work/again" "$logs"
stores "a_second_run" "$work/one" "$work/again"
run "$work/two" --threads 2 "$logs"
stores "two_threads" "$work/one" "$work/two"
run "$work/five" --threads 5 "$logs"
stores "five_threads" "$work/one" "$work/five"
WEIR_SIMD=scalar run "$work/scalar" "$logs"
stores "the_scalar_paths" "$work/one" "$work/scalar"

# Other names of objects that say the same account, region and flow log: the feeds are the same.
mkdir -p "$work/copied"
find "$logs" -name '*.gz' | sort | while read -r path; do
    name=$(basename "$path")
    cp "$path" "$work/copied/${name%_*}_$(printf %s "$name" | sha256sum | cut -c 1-8).log.gz"
done
run "$work/named" "$work/copied"
stores "other_names_in_the_same_feeds" "$work/one" "$work/named"

# The same records under other names, in other folders: other feeds, the same alerts and state.
mkdir -p "$work/renamed"
find "$logs" -name '*.gz' | sort | while read -r path; do
    name=$(basename "$path")
    stamp=${name#*_*_*_*_}
    stamp=${stamp%%_*}
    account=${name%%_*}
    mkdir -p "$work/renamed/$account"
    zcat "$path" >"$work/renamed/$account/part-$stamp-${name##*_}.txt"
done
run "$work/other" "$work/renamed"
same "renamed_files_same_alerts" "$work/one/alerts.ndjson" "$work/other/alerts.ndjson"
same "renamed_files_same_state" "$work/one/state" "$work/other/state"
for store in one other; do
    "$flowq" --store "$work/$store" -o csv 2>/dev/null >"$work/rows.$store"
done
same "renamed_files_same_records" "$work/rows.one" "$work/rows.other"

# All of one account's objects as the other's: one feed more or less makes no difference.
mkdir -p "$work/split"
find "$logs" -name '*.gz' | sort | awk '{ print NR % 2, $0 }' | while read -r half path; do
    name=$(basename "$path")
    cp "$path" "$work/split/99999999999${half}_${name#*_}"
done
run "$work/mixed" "$work/split"
same "split_over_other_accounts_same_alerts" "$work/one/alerts.ndjson" "$work/mixed/alerts.ndjson"
same "split_over_other_accounts_same_state" "$work/one/state" "$work/mixed/state"

# First the early objects, then the rest on top of the store.
mkdir -p "$work/early" "$work/rest"
find "$logs" -name '*.gz' | while read -r path; do
    case $(basename "$path") in
    *T0[0-5]*) cp "$path" "$work/early/" ;;
    *) cp "$path" "$work/rest/" ;;
    esac
done
run "$work/both" "$work/early"
run "$work/both" --append "$work/rest"
same "appended_same_alerts" "$work/one/alerts.ndjson" "$work/both/alerts.ndjson"
same "appended_same_state" "$work/one/state" "$work/both/state"

"$weir" replay --store "$work/both" --append "$work/rest" >"$work/out" 2>"$work/err"
is "an_input_that_is_in_the_store_is_refused" 2 "$?"
has "the_refused_input_is_named" "in the store already" "$(cat "$work/err")"
"$weir" replay --store "$work/both" "$work/rest" >"$work/out" 2>"$work/err"
is "a_store_is_not_overwritten" 2 "$?"

finish
