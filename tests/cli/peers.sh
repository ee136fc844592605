#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The peers that the evaluation compares with: each method sees what it should in one node's minutes,
# and nothing where there is nothing.
. tests/lib.sh
peers=$build/bench/peers
if [ ! -x "$peers" ]; then
    echo "skip peers: $peers is not built here"
    exit 0
fi

# minutes COUNT ASSIGNMENTS: rows of one node; awk's ASSIGNMENTS may set x (out_init), u (unsol),
# a (amp), b (out_bytes) and q (quality) by m, the minute
minutes() {
    awk -v count="$1" 'BEGIN {
        print "window_start,node,identity,role,age_minutes,quality,out_init,unsol,amp,out_bytes,unheard"
        for (m = 0; m < count; m++) {
            x = 100000 + m % 7; u = 0; a = 0; b = x; q = 1
            '"$2"'
            printf "2026-03-%02dT%02d:%02d:00Z,web-1,i-1,web,%d,%d,%.0f,%.0f,%.0f,%.0f,\n",
                2 + m / 1440, m / 60 % 24, m % 60, m, q, x, u, a, b
        }
    }'
}

# alerts OPTION...: of the rows on standard input, one a line: peer class time
alerts() { "$peers" "$@" | jq -r '"\(.peer) \(.class) \(.window_end)"'; }

jump='if (m >= 3000 && m < 3020) x = 1e8;'
all_but_limits='3-sigma
ewma
holt-winters'

is "steady_traffic_gives_no_alert" "" "$(minutes 4320 '' | alerts)"
is "a_jump_is_seen_by_each_method_that_learns" "$all_but_limits" \
    "$(minutes 4320 "$jump" | alerts | awk '$2 == "exfil.volume" { print $1 }' | sort)"
is "an_alert_names_the_end_of_the_third_minute_in_a_row" "3-sigma exfil.volume 2026-03-04T02:03:00.000Z" \
    "$(minutes 4320 "$jump" | alerts --peer 3-sigma)"
is "a_node_in_its_first_day_is_not_judged" "" "$(minutes 1440 'if (m >= 900 && m < 920) x = 1e8;' | alerts)"
is "minutes_that_the_log_lost_are_not_judged" "" "$(minutes 4320 "$jump"'if (x > 1e7) q = 3;' | alerts)"
is "limits_see_what_is_over_a_gigabit_and_nothing_below" "limits exfil.volume 2026-03-02T00:11:00.000Z" \
    "$(minutes 60 'if (m == 10) b = 7500000001; if (m == 30) b = 7500000000;' | alerts)"
is "half_of_reflectors_make_a_flood_an_amplification" "dos.amplification
dos.volume" "$(minutes 4320 'if (m >= 2000 && m < 2010) u = 1e8; if (m >= 4000 && m < 4010) { u = 1e8; a = 6e7 }' |
    alerts --peer 3-sigma | cut -d ' ' -f 2 | sort)"
night='if (m % 1440 >= 120 && m % 1440 < 150) x = 1e8;'
is "a_nightly_job_is_a_season_to_holt_winters" "" "$(minutes 7200 "$night" | alerts --peer holt-winters)"
is "a_nightly_job_is_an_alert_every_night_to_3_sigma" 4 "$(minutes 7200 "$night" | alerts --peer 3-sigma | wc -l)"
is "half_an_hour_of_quiet_ends_an_incident" 2 \
    "$(minutes 4320 'if (m >= 3000 && m < 3005 || m >= 3035 && m < 3040) x = 1e8;' | alerts --peer 3-sigma | wc -l)"
is "less_quiet_does_not" 1 \
    "$(minutes 4320 'if (m >= 3000 && m < 3005 || m >= 3032 && m < 3037) x = 1e8;' | alerts --peer 3-sigma | wc -l)"
is "a_sensitivity_divides_the_limit" "1 2" "$(minutes 4320 'if (m >= 3000 && m < 3020) x = 185000;' |
    "$peers" --peer 3-sigma --sensitivity 0.2,1,2 | jq -r .sensitivity | sort | tr '\n' ' ' | sed 's/ $//')"
echo "a,b" | "$peers" >"$work/out" 2>"$work/err"
is "another_file_is_refused" "2 peers: standard input is not what \`weir replay --features\` writes" "$? $(cat "$work/err")"
finish
