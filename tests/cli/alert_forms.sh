#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `weir replay --alert-format`: each form is valid to what its makers publish, for a replay's alerts and
# for what the unit test makes of every class, state and hostile name. The schemas are fetched once a
# machine; what cannot be had is skipped, aloud.
. tests/lib.sh
forms="alertmanager ocsf ecs cloudevents"
samples=$build/tests/unit/alert_form_test

"$gen" fleet --nodes 6 --duration 6h --seed 3 --backups none \
    --attacks 'exfil api-1 4h 30m 100; dos web-1 5h 20m' --out "$work/fleet" 2>/dev/null
sed -e '1b' -e 's/^api-1,/"api-1""\\<b>'"'"'\xff",/' "$work/fleet/inventory.csv" >"$work/hostile.csv"

# alerts FORM ARGUMENT...: replay's output in $work/FORM, its status in $status
alerts() {
    form=$1
    shift
    "$weir" replay --warm-up 3h --summary none --alert-format "$form" "$@" "$work/fleet/AWSLogs" \
        >"$work/$form" 2>"$work/err"
    status=$?
}

# --- what is written
for form in native $forms; do
    alerts "$form" --inventory "$work/fleet/inventory.csv"
    is "replay_writes_$form" "0: " "$status: $(cat "$work/err")"
    mv "$work/$form" "$work/$form.plain"
done
count=$(wc -l <"$work/native.plain" | tr -d ' ')
has "there_are_alerts_of_two_attacks" "exfil.*dos" "$(jq -r .class "$work/native.plain" | sort -ru | tr '\n' ' ')"
is "alertmanager_gets_one_array" "$count" "$(jq length "$work/alertmanager.plain")"
for form in ocsf ecs cloudevents; do
    is "${form}_is_an_object_a_line" "$count $count" \
        "$(wc -l <"$work/$form.plain" | tr -d ' ') $(jq -c 'select(type == "object")' "$work/$form.plain" | wc -l | tr -d ' ')"
done
is "cloudevents_carries_the_native_form" "$(jq -c . "$work/native.plain")" "$(jq -c .data "$work/cloudevents.plain")"
is "each_form_tells_the_same_alerts" "$(jq -r .id "$work/native.plain" | sort | uniq -c)" \
    "$({
        jq -r '.[].annotations.id' "$work/alertmanager.plain"
        jq -r .metadata.uid "$work/ocsf.plain"
        jq -r .event.id "$work/ecs.plain"
        jq -r .id "$work/cloudevents.plain"
    } | sort | uniq -c | sed 's/ 4 / 1 /')"
is "what_closes_has_the_labels_of_what_opened" 1 \
    "$(jq -c '[.[] | select(.labels.node == "web-1")] | map(.labels) | unique | length' "$work/alertmanager.plain")"

for form in $forms; do
    cp "$work/$form.plain" "$work/want"
    WEIR_SIMD=scalar alerts "$form" --threads 3 --inventory "$work/fleet/inventory.csv"
    same "${form}_is_the_same_with_other_threads_and_widths" "$work/want" "$work/$form"
done
alerts ecs --inventory "$work/fleet/inventory.csv" --store "$work/store"
same "a_store_keeps_the_native_form" "$work/native.plain" "$work/store/alerts.ndjson"
"$weir" replay --summary none --alert-format alertmanager "$work/fleet/AWSLogs" >"$work/out" 2>"$work/err"
is "a_replay_without_alerts_is_an_empty_array" "[]" "$(jq -c . "$work/out")"

# --- options
# refused NAME PATTERN ARGUMENT...
refused() {
    name=$1
    pattern=$2
    shift 2
    "$weir" replay "$@" "$work/fleet/AWSLogs" >"$work/out" 2>"$work/err"
    is "${name}_is_a_usage_error" "2: 0" "$?: $(wc -c <"$work/out" | tr -d ' ')"
    has "${name}_is_told" "$pattern" "$(cat "$work/err")"
}
refused "a_form_as_a_table" "exclude each other" --alert-format ocsf -o table
refused "an_unknown_form" "did you mean 'ocsf'" --alert-format ocfs
refused "a_link_in_the_native_form" "alertmanager, ocsf and ecs" --alert-url http://g/
refused "a_link_that_is_no_url" "no http:// or https:// URL" --alert-format ecs --alert-url g/d
refused "a_link_of_unknown_names" "\{nodes\}" --alert-format ecs --alert-url "http://g/{nodes}"
"$weir" replay --alert-format alertmanager "$work/no_such_path" >"$work/out" 2>"$work/err"
is "a_replay_of_nothing_is_an_empty_array" "3: []" "$?: $(jq -c . "$work/out")"
url='http://g.example/d/weir?var-node={node}&from={from}'
for form in alertmanager ocsf ecs; do
    alerts "$form" --inventory "$work/hostile.csv" --alert-url "$url"
    has "a_link_in_${form}_holds_any_name" "g\.example/d/weir\?var-node=api-1%22%5C%3Cb%3E%27%FF&from=1[0-9]{12}\"" \
        "$(cat "$work/$form")"
done
alerts cloudevents --inventory "$work/hostile.csv"

# --- what others publish
folder=$(sh tests/schemas/fetch.sh 2>"$work/fetched")
python=$folder/venv/bin/python
sed 's/^/# /' "$work/fetched"

# schema FORM: the file that it needs
schema() {
    case $1 in
    alertmanager) echo "$folder/alertmanager.yaml" ;;
    ecs) echo "$folder/ecs-9.json" ;;
    cloudevents) echo "$folder/cloudevents.js" ;;
    ocsf) echo "$folder/venv/done" ;;
    esac
}

# valid NAME FORM FILE COUNT
valid() {
    is "$1" "$4 valid" "$("$python" tests/schemas/check.py "$folder" "$2" "$3" 2>&1) valid"
}

# broken FORM PATTERN JQ: the checker refuses the first alert as JQ changes it, so it does look
broken() {
    form=$1
    pattern=$2
    shift 2
    jq -c "$@" "$work/$form.plain" | head -n 1 >"$work/broken"
    has "${form}_is_refused_for_its_$(printf %s "$pattern" | tr -cs 'a-z_' '_')" "^Wrong: .*$pattern" \
        "$("$python" tests/schemas/check.py "$folder" "$form" "$work/broken" 2>&1)"
}

for form in $forms; do
    if [ ! -e "$folder/venv/done" ] || [ ! -e "$(schema "$form")" ] ||
        { [ "$form" = ecs ] && [ ! -e "$folder/ecs-8.json" ]; }; then
        echo "skip ${form}_is_valid_to_its_published_schema: $(grep -m 1 -F -e venv/done -e "$(basename "$(schema "$form")")" -e ecs-8 "$work/fetched")"
        continue
    fi
    valid "${form}_is_valid_to_its_published_schema" "$form" "$work/$form.plain" "$count"
    valid "${form}_is_valid_with_a_hostile_name_and_a_link" "$form" "$work/$form" "$count"
    "$samples" "$form" >"$work/samples"
    "$samples" native >"$work/samples.native"
    valid "${form}_is_valid_for_every_class_state_and_oddity" "$form" "$work/samples" \
        "$(wc -l <"$work/samples.native" | tr -d ' ')"
    case $form in
    alertmanager)
        broken alertmanager "labels" '[.[0] | del(.labels)]'
        broken alertmanager "date-time" '[.[0] | .startsAt = "yesterday"]'
        broken alertmanager "string" '[.[0] | .annotations.observed = 1]'
        broken alertmanager "uri" '[.[0] | .generatorURL = "no url"]'
        ;;
    ocsf)
        broken ocsf "finding_info" 'del(.finding_info)'
        broken ocsf "severity_id" '.severity_id = 7'
        broken ocsf "severities" '.severities = 1'
        broken ocsf "uid" 'del(.finding_info.uid)'
        broken ocsf "activity_name" '.activity_name = "Begin"'
        broken ocsf "src_endpoint" '.evidences[0].src_endpoint = {port: 1}'
        ;;
    ecs)
        broken ecs "source.address_of" '.source.address_of = "x"'
        broken ecs "event.kind" '.event.kind = "alarm"'
        broken ecs "timestamp" 'del(."@timestamp")'
        broken ecs "source.ip" '.source.ip = "10.0.0.256"'
        broken ecs "threat.technique.id" '.threat.technique.id = "T1041"'
        broken ecs "event.type" '.event.type = ["access", "creation"]'
        ;;
    cloudevents)
        broken cloudevents "source" 'del(.source)'
        broken cloudevents "date-time" '.time = "now"'
        broken cloudevents "subject" '.subject = "a\nb"'
        broken cloudevents "uri-reference" '.source = "/a b"'
        ;;
    esac
done

finish
