#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# weir-gen as its users see it: the same bytes for the same seed, lines that are AWS's, objects that
# hold what their names promise, and a truth that agrees with the lines.
#
# usage: tests/cli/gen.sh BUILD
set -u
gen=${1:-build}/bin/weir-gen
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
failures=0

# What these lines were when they were last looked at. A change of the generator changes them on
# purpose; a machine never does.
random_digest=2017823df8fa7282e2a8319ee28cbe743d7dfe2d59fb426f04c467fc73107a95
fleet_digest=9fb28f6e0881d0a639ca59a1c15561782ed7ab4e06f2424be805af75c7e34438

# check NAME: judges the status of the command before it.
check() {
    if [ "$?" -eq 0 ]; then
        echo "ok $1"
    else
        echo "not ok $1"
        failures=$((failures + 1))
    fi
}

digest() {
    sha256sum | cut -d ' ' -f 1
}

# All objects of a folder in the order of their names, decompressed: ACCOUNT STAMP LINE, with the
# stamp in Unix seconds.
stamped() {
    find "$1/AWSLogs" -name '*.gz' | sed 's|.*/||' | sort | while read -r name; do
        stamp=$(echo "$name" | sed 's/.*_\(....\)\(..\)\(..\)T\(..\)\(..\)Z_.*/\1-\2-\3 \4:\5/')
        gzip -dc "$(find "$1/AWSLogs" -name "$name")" |
            sed "s/^/${name%%_*} $(date -u -d "$stamp" +%s) /"
    done
}

# Every line has the 14 fields of the default format, each in its form.
strict='
function bad(why) { if (!failed++) print "line " NR ": " why ": " $0 }
$1 == "version" { if (NF != 14) bad("header"); next }
NF != 14 || /  / || $1 != 2 || $2 !~ /^[0-9]+$/ || length($2) != 12 { bad("front"); next }
length($3) != 21 || $3 !~ /^eni-[0-9a-f]+$/ { bad("interface") }
$11 !~ /^[0-9]+$/ || $12 !~ /^[0-9]+$/ || $12 < $11 || $12 - $11 > 60 { bad("times") }
$14 != "OK" {
    if ($14 != "NODATA" && $14 != "SKIPDATA") bad("status")
    for (i = 4; i <= 10; i++) if ($i != "-") bad("a value without data")
    if ($13 != "-") bad("an action without data")
    next
}
{
    if ($4 !~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/ && $4 !~ /^[0-9a-f:]+$/) bad("source")
    if ($5 !~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/ && $5 !~ /^[0-9a-f:]+$/) bad("destination")
    for (i = 6; i <= 10; i++) if ($i !~ /^[0-9]+$/) bad("number " i)
    if ($6 > 65535 || $7 > 65535 || $8 > 255 || $9 < 1 || $10 < 20 * $9) bad("range")
    if ($13 != "ACCEPT" && $13 != "REJECT") bad("action")
}
END { exit failed > 0 || NR < 2 }'

"$gen" random --lines 20000 --seed 5 >"$folder/random"
[ "$(digest <"$folder/random")" = "$random_digest" ]
check random_lines_are_the_same_on_every_machine
[ "$("$gen" random --lines 20000 --seed 6 | digest)" != "$random_digest" ]
check random_lines_of_another_seed_differ
awk "$strict" "$folder/random"
check random_lines_are_strictly_the_default_format

# fleet SEED OPTION...: a small one
fleet() {
    "$gen" fleet --nodes 16 --duration 3h --seed "$@" 2>/dev/null
}
fleet 7 --stdout >"$folder/fleet"
[ "$(digest <"$folder/fleet")" = "$fleet_digest" ]
check a_fleet_is_the_same_on_every_machine
[ "$(fleet 8 --stdout | digest)" != "$fleet_digest" ]
check another_seed_is_another_fleet
awk "$strict" "$folder/fleet"
check fleet_lines_are_strictly_the_default_format

plan='exfil api-1 1h 30m 100; dos web-2 2h 10m 50; syn_flood web-1 30m 5m'
fleet 7 --gzip --attacks "$plan" --out "$folder/a" &&
    fleet 7 --gzip --attacks "$plan" --out "$folder/b" && diff -r "$folder/a" "$folder/b"
check objects_and_truth_of_one_seed_are_the_same
fleet 7 --gzip --lines-per-object 500 --attacks "$plan" --out "$folder/parts"
[ "$(find "$folder/parts" -name '*.gz' | wc -l)" -gt "$(find "$folder/a" -name '*.gz' | wc -l)" ]
check a_full_object_is_followed_by_another
path='^AWSLogs/([0-9]{12})/vpcflowlogs/eu-central-1/2026/03/02/'
name='\1_vpcflowlogs_eu-central-1_fl-[0-9a-f]{17}_20260302T[0-2][0-9][0-5][05]Z_[0-9a-f]{8}\.log\.gz$'
! find "$folder/parts/AWSLogs" -type f | sed "s|$folder/parts/||" | grep -Evq "$path$name"
check objects_have_the_names_that_s3_gives
find "$folder/parts" -name '*.gz' -exec gzip -t {} +
check objects_are_whole_gzip_files

for run in a parts; do
    stamped "$folder/$run" >"$folder/$run.lines"
    awk '$3 != "version" && ($14 >= $2 + 300 || $14 < $2 - 600) { print; bad = 1 }
        END { exit bad || NR == 0 }' "$folder/$run.lines"
    check "every_end_lies_in_its_objects_five_minutes_or_ten_before_in_$run"
    awk '$3 == "version" { next }
        largest[$1] - $14 > 600 { print; bad = 1 }
        $14 < $2 { late++ }
        $14 > largest[$1] { largest[$1] = $14 }
        END { exit bad || late == 0 }' "$folder/$run.lines"
    check "some_lines_are_late_and_none_over_ten_minutes_in_$run"
    cut -d ' ' -f 3- "$folder/$run.lines" | grep -v version | sort | digest >"$folder/$run.digest"
done
cmp -s "$folder/a.digest" "$folder/parts.digest"
check parts_hold_the_same_lines_as_whole_objects

# One attack a line: INTERFACE LINES PACKETS BYTES PEER...
tr -d '\n' <"$folder/a/truth.json" | sed 's/.*"attacks":\[//; s/\], *"benign".*//; s/}, *{/}\n{/g' |
    sed 's/.*"interface":"\([^"]*\)".*"lines":\([0-9]*\),"packets":\([0-9]*\),"bytes":\([0-9]*\),"peers":\[\(.*\)\].*/\1 \2 \3 \4 \5/
        s/[",]/ /g' >"$folder/attacks"
awk 'NR == FNR {
        n++; lines[n] = $2; packets[n] = $3; bytes[n] = $4
        for (i = 5; i <= NF; i++) owner[$1 " " $i] = n
        next
    }
    {
        at = ($5 " " $6) in owner ? owner[$5 " " $6] : ($5 " " $7) in owner ? owner[$5 " " $7] : 0
        if (at) { lines[at]--; packets[at] -= $11; bytes[at] -= $12 }
    }
    END {
        for (at in lines) if (lines[at] || packets[at] || bytes[at]) {
            print "attack " at " is off by " lines[at], packets[at], bytes[at]; bad = 1
        }
        exit bad || n != 3
    }' "$folder/attacks" "$folder/a.lines"
check the_truths_totals_are_the_sums_over_the_lines
grep -q NODATA "$folder/a.lines"
check an_idle_interface_reports_nodata

"$gen" fleet --duration 1h --stdout --fields v5 2>/dev/null |
    awk 'NF != 29 { bad = 1 } $20 ~ /^100\.64\./ && $4 != $20 { pods++ } END { exit bad || !pods }'
check pods_show_in_the_packets_own_addresses
"$gen" fleet --duration 1h --stdout --fields 'end srcaddr bytes interface-id' 2>/dev/null |
    awk 'NR == 1 { bad = $0 != "end srcaddr bytes interface-id" } NF != 4 { bad = 1 }
        END { exit bad }'
check fields_come_in_the_order_that_was_asked_for

# refused OPTION VALUE
refused() {
    "$gen" fleet --duration 1h --stdout "$1" "$2" >"$folder/out" 2>"$folder/err"
    [ "$?" -eq 2 ] && [ ! -s "$folder/out" ] && [ -s "$folder/err" ]
    check "a_wrong_option_is_refused: $1 $2"
}
refused --fields no-such
refused --attacks nonsense
refused --attacks 'exfil api-1 2h 5m'
refused --nodes 0
refused --start yesterday
"$gen" fleet --duration 1m --nodes 1 --out /dev/null/no >"$folder/out" 2>&1
[ "$?" -eq 4 ]
check an_unwritable_folder_is_status_4

from=$(date +%s%N)
"$gen" random --lines 1000000 >/dev/null
to=$(date +%s%N)
echo "# $((1000000000000 / ((to - from) / 1000))) random lines a second"
[ "$failures" -eq 0 ]
