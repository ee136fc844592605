# SPDX-License-Identifier: Apache-2.0
# What the command line promises: help, man pages, exit statuses, and words for what was mistyped.
. tests/lib.sh

# try PROGRAM ARGUMENT...: output in $work/out, $work/err, exit status in $status
try() {
    "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
}
out() { cat "$work/out"; }
err() { cat "$work/err"; }

"$weir" --man >"$work/weir.1"
"$flowq" --man >"$work/flowq.1"
for page in "$work/weir.1" "$work/flowq.1" docs/weir.yaml.5 docs/weir-filter.7; do
    # Those that the programs print have no date, so that builds give the same bytes.
    is "${page##*/}_is_sound_mdoc" "" "$(mandoc -T lint -W warning "$page" 2>&1 | grep -v 'missing date')"
done
# -o: the programs are there already, and may be another compiler's or no programs of this machine.
make -s -o all -o "$build/bin/weir" -o "$build/bin/flowq" BUILD="$build" PREFIX=/usr DESTDIR="$work/root" install \
    >"$work/out" 2>&1
is "install_puts_programs_and_pages_in_their_places" \
    "bin/flowq bin/weir share/man/man1/flowq.1 share/man/man1/weir.1 share/man/man5/weir.yaml.5 share/man/man7/weir-filter.7" \
    "$(cd "$work/root/usr" && find . -type f | sed 's|^\./||' | LC_ALL=C sort | tr '\n' ' ' | sed 's/ $//')"
make -s BUILD="$build" PREFIX=/usr DESTDIR="$work/root" uninstall >"$work/out" 2>&1
is "uninstall_leaves_nothing" "" "$(find "$work/root" -type f)"

for command in "weir replay" "weir ingest" "weir doctor" "weir rules" "weir config" "weir silence" "weir ack" "flowq" "flowq baseline"; do
    name=$(echo "$command" | tr ' ' _)
    page=$work/${command%% *}.1
    # shellcheck disable=SC2086 # a program and its subcommand
    try "$build/bin/"$command --help
    is "${name}_help_is_asked_for_and_no_error" "0, 0 bytes of errors" \
        "$status, $(wc -c <"$work/err") bytes of errors"
    missing=
    for option in $(grep -oE '^ +(-., )?--[a-z-]+' "$work/out" | grep -oE -- '--[a-z-]+'); do
        # mdoc writes a dash as \-
        grep -qF -- "Fl \\-${option#--}" "$page" || missing="$missing $option"
    done
    is "${name}_options_of_the_help_stand_in_the_man_page" "" "$missing"
    is "${name}_has_options_to_look_for" yes "$(grep -c '^ .*--' "$work/out" | sed 's/^[1-9][0-9]*$/yes/')"
    # shellcheck disable=SC2086
    try "$build/bin/"$command -h
    is "${name}_short_help_exits_0" 0 "$status"
    # shellcheck disable=SC2086
    try "$build/bin/"$command --versoin
    is "${name}_unknown_option_is_a_usage_error" 2 "$status"
    has "${name}_unknown_option_suggests_the_nearest" "unknown option '--versoin'; did you mean '--version'" "$(err)"
    is "${name}_usage_errors_leave_stdout_alone" "" "$(out)"
done

for program in weir flowq; do
    try "$build/bin/$program" --version
    is "${program}_version_exits_0" 0 "$status"
    has "${program}_version_names_program_and_revision" "^$program [0-9]+\.[0-9]+\.[0-9]+ \(" "$(out)"
    has "${program}_version_prints_the_width_in_use" "^SIMD: frame [a-z0-9]+, filter [a-z0-9]+, detector [a-z0-9]+$" "$(out)"
    export WEIR_SIMD=scalar
    try "$build/bin/$program" --version
    is "${program}_follows_WEIR_SIMD" "SIMD: frame scalar, filter scalar, detector scalar" "$(grep SIMD "$work/out")"
    export WEIR_SIMD=fast
    try "$build/bin/$program" --version
    unset WEIR_SIMD
    is "${program}_refuses_an_unknown_width" 2 "$status"
    is "${program}_names_the_widths" \
        "$program: WEIR_SIMD: 'fast' is not one of scalar, neon, avx2, avx512" "$(err)"
done

try "$weir"
is weir_without_arguments_is_a_usage_error 2 "$status"
has weir_without_arguments_shows_how "^usage: weir COMMAND" "$(err)"
try "$weir" replya
is an_unknown_command_is_a_usage_error 2 "$status"
has an_unknown_command_suggests_the_nearest "did you mean 'replay'" "$(err)"
try "$weir" --help
is weir_help_is_asked_for_and_no_error "0, 0" "$status, $(wc -c <"$work/err" | tr -d ' ')"

"$gen" fleet --nodes 3 --days 1 --seed 1 --out "$work/logs" >/dev/null 2>&1 ||
    not_ok "the_generator_writes_a_fleet"
logs=$work/logs/AWSLogs
mkdir "$work/empty"
echo "version" >"$work/file"

# usage NAME PATTERN ARGUMENT...: `weir ARGUMENT...` ends with 2 and says PATTERN
usage() {
    name=$1
    pattern=$2
    shift 2
    try "$weir" "$@"
    is "${name}_is_a_usage_error" 2 "$status"
    has "${name}_is_told" "$pattern" "$(err)"
}
usage a_replay_of_nothing "no PATH was given" replay
usage an_ingest_without_a_store "--store" ingest "$logs"
usage append_with_force "--append and --force exclude each other" \
    replay --store "$work/new" --append --force "$logs"
usage append_without_a_store "about a --store" replay --append "$logs"
usage an_unknown_choice "--summary: 'jsno' is not one of .*did you mean 'json'" replay --summary jsno "$logs"
usage a_missing_argument "--store needs an argument" replay "$logs" --store
usage too_many_threads "--threads: 65 is out of range" replay --threads 65 "$logs"
usage an_interval_that_aws_does_not_have "--aws-interval" replay --aws-interval 61s "$logs"
usage an_inventory_that_is_not_there "$work/none.csv" replay --inventory "$work/none.csv" "$logs"
usage an_inventory_that_is_a_folder "$work/empty" replay --inventory "$work/empty" "$logs"
usage an_inventory_without_its_columns "$work/file" replay --inventory "$work/file" "$logs"
usage an_empty_path "a path is empty" replay "" "$logs"
is nothing_was_written_after_a_usage_error no "$(test -e "$work/new" && echo yes || echo no)"

try "$flowq"
is flowq_without_a_store_is_a_usage_error 2 "$status"
has flowq_without_a_store_says_where_to_name_one "WEIR_STORE" "$(err)"

for store in "$work/file/store" /dev/full/store; do
    try "$weir" replay --store "$store" "$logs"
    is "a_store_below_${store%/store}_exits_4" 4 "$status" | sed "s,$work/,,"
    has "a_store_below_${store%/store}_is_named" "$store" "$(err)" | sed "s,$work/,,"
done

replay --store "$work/store" "$logs"
is the_store_for_what_follows_is_written 0 "$status"
{ "$flowq" --store "$work/store" -o ndjson 2>"$work/err"; echo "$?" >"$work/code"; } | head -n 1 >"$work/out"
is a_reader_that_leaves_gets_its_line 1 "$(wc -l <"$work/out" | tr -d ' ')"
is a_reader_that_leaves_is_no_error "0: " "$(cat "$work/code"): $(err)"
"$flowq" --store "$work/store" -o ndjson >/dev/full 2>"$work/err"
is a_full_device_is_an_error_that_is_told "4: No space left" "$?: $(grep -o 'No space left' "$work/err")"

esc=$(printf '\033')
try env -u NO_COLOR CLICOLOR_FORCE=1 "$flowq" --store "$work/store" --by node
is colour_can_be_forced_into_a_pipe yes "$(grep -q "$esc" "$work/out" && echo yes || echo no)"
try env NO_COLOR=1 CLICOLOR_FORCE=1 "$flowq" --store "$work/store" --by node
is NO_COLOR_wins 0 "$(grep -c "$esc" "$work/out")"
try env -u NO_COLOR "$flowq" --store "$work/store" --by node
is a_pipe_gets_no_colour_unasked 0 "$(grep -c "$esc" "$work/out")"
finish
