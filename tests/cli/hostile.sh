#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Inputs that nobody should give, and ends that nobody plans: no crash, no hang, no silent loss.
. tests/lib.sh

fields="version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
line() { echo "2 111111111111 eni-0aaaaaaaaaaaaaaaa 10.0.0.${1:-1} 10.9.0.2 40000 443 6 10 1000 1772000000 1772000030 ACCEPT OK"; }
small() { echo "$fields"; line; }
counts() { echo "$(field lines) $(field records) $(field malformed)"; }
small >"$work/a.log"

# --- lines
{ small; head -c 20000000 /dev/zero | tr '\0' x; echo; line; } >"$work/huge.log"
replay "$work/huge.log"
is "a_line_of_20_megabytes_is_one_bad_line" "0: 4 2 1" "$status: $(counts)"
{ small; printf '2 1\0 \0\n'; line; } >"$work/nul.log"
replay "$work/nul.log"
is "nul_bytes_are_one_bad_line" "0: 4 2 1" "$status: $(counts)"
small | tr -d '\n' >"$work/one.log"
replay "$work/one.log"
is "lines_without_ends_are_one_bad_line" "0: 1 0 1" "$status: $(counts)"
{ small; for i in 1 2 3; do line | sed 's/ 10 1000 / 10 9223372036854775807 /'; done; } >"$work/sum.log"
replay --store "$work/sum" "$work/sum.log"
is "sums_of_bytes_do_not_wrap" "18446744073709551615" \
    "$("$flowq" --store "$work/sum" --by dst -o ndjson 2>/dev/null | sed 's/.*"bytes":\([0-9]*\).*/\1/')"

# --- inputs without an end
timeout 60 "$weir" replay /dev/zero >/dev/null 2>"$work/err"
is "a_device_of_zeros_is_no_text" 3 $?
timeout 60 "$weir" replay --format aws /dev/zero >/dev/null 2>"$work/err"
is "a_device_of_zeros_that_is_said_to_be_a_text_is_given_up" 3 $?
has "what_was_given_up_is_said" "does not end within" "$(cat "$work/err")"
{ small; head -c 10000000 /dev/zero; echo; line; } | gzip -9 >"$work/bomb.gz"
replay "$work/bomb.gz"
is "a_gzip_of_zeros_is_one_bad_line" "0: 4 2 1" "$status: $(counts)"
mkfifo "$work/fifo"
small >"$work/fifo" &
replay "$work/fifo"
is "a_fifo_is_read_to_its_end" "0: 2 1 0" "$status: $(counts)"
small | "$weir" replay --summary json - >"$work/out" 2>"$work/err"
is "standard_input_is_an_input" "2 1 0" "$(counts)"

# --- folders
odd="$work/odd/$(printf 'new\nline"q\033[31m\377')"
mkdir -p "$odd"
{ small; echo bad; } >"$odd/$(printf 'x\ny.log')"
ln -s ../odd "$work/odd/loop"
ln -s self "$work/odd/self"
mkfifo "$work/odd/fifo"
timeout 60 "$weir" replay --store "$work/store" --summary json "$work/odd" >"$work/out" 2>"$work/err"
is "loops_and_fifos_in_folders_are_passed_over" "3 1 1" "$(counts)"
jq -e .file "$work/store/rejects.ndjson" >/dev/null
is "odd_names_are_valid_json" 0 $?
replay "$work/odd"
is "no_escape_sequence_reaches_the_terminal" 0 "$(grep -c "$(printf '\033')" "$work/err")"
mkdir "$work/empty"
replay "$work/empty"
is "an_empty_folder_is_a_mistake" 2 "$status"
"$weir" ingest --store "$work/none" 2>"$work/err"
is "no_path_is_a_mistake" 2 $?
is "a_mistake_makes_no_store" "no" "$([ -e "$work/none" ] && echo yes || echo no)"

# --- what cannot be read may come again
replay --force --store "$work/store" /proc/self/mem "$work/a.log"
is "an_input_that_cannot_be_read_is_status_3" "3: 1" "$status: $(field records)"
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    small | sed 's/10.0.0.1/10.0.0.7/' >"$work/u.log"
    chmod 711 "$work"
    mkdir -m 777 "$work/nobody"
    chmod 0 "$work/u.log"
    as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$weir" "$@" 2>/dev/null; }
    if as_nobody --version >/dev/null; then
        as_nobody ingest --store "$work/nobody/s" "$work/u.log" "$work/a.log"
        is "an_unreadable_file_is_status_3" 3 $?
        chmod 644 "$work/u.log"
        as_nobody ingest --append --store "$work/nobody/s" "$work/u.log"
        is "an_unreadable_file_can_be_appended_once_it_is_readable" 0 $?
    else
        echo "skip an_unreadable_file_is_status_3: nobody cannot run $weir"
    fi
else
    echo "skip an_unreadable_file_is_status_3: needs root and setpriv"
fi

# --- what was read in part, or has grown, would count twice
awk -v fields="$fields" 'BEGIN {
    print fields
    for (i = 1; i <= 30000; i++)
        print "2 111111111111 eni-0aaaaaaaaaaaaaaaa 10.0.0.1 10.9.0.2", i * 7919 % 65536, "443 6 10", i, "1772000000 1772000030 ACCEPT OK"
}' >"$work/whole.log"
gzip -c "$work/whole.log" >"$work/whole.log.gz"
for size in 5000 100000; do # less, and more, than the hash of a head is over
    mkdir -p "$work/parted"
    head -c $size "$work/whole.log.gz" >"$work/parted/x.log.gz"
    replay --force --store "$work/store" "$work/parted"
    before="$status: $(field records)"
    cp "$work/whole.log.gz" "$work/parted/x.log.gz"
    replay --append --store "$work/store" "$work/parted"
    is "the_whole_of_a_truncated_file_of_${size}_is_refused" "3: 2" "${before%%:*}: $status"
    has "its_front_is_said_to_be_in_the_store_$size" "its first $size bytes are in the store already" "$(cat "$work/err")"
done
replay --force --store "$work/store" "$work/parted"
is "force_reads_it_again" "0: 30000" "$status: $(field records)"
mkdir "$work/grown"
small >"$work/grown/x.log"
replay --force --store "$work/store" "$work/grown"
line 3 >>"$work/grown/x.log"
replay --append --store "$work/store" "$work/grown"
is "a_file_that_has_grown_is_refused" 2 "$status"
{ echo "$fields"; line 4; line 5; line 6; } >"$work/grown/x.log"
replay --append --store "$work/store" "$work/grown"
is "a_larger_file_of_the_same_name_that_begins_otherwise_is_taken" "0: 3" "$status: $(field records)"

# --- disks
"$flowq" --store "$work/store" >/dev/full 2>"$work/err"
is "an_answer_that_cannot_be_written_is_status_4" 4 $?
"$gen" random --lines 200000 >"$work/large.log" 2>/dev/null
mkdir "$work/disk"
if mount -t tmpfs -o size=300k tmpfs "$work/disk" 2>/dev/null; then
    "$weir" ingest --store "$work/disk/s" "$work/a.log" 2>/dev/null
    before=$("$flowq" --store "$work/disk/s" -o ndjson 2>/dev/null)
    "$weir" ingest --append --store "$work/disk/s" "$work/large.log" 2>"$work/err"
    is "a_full_disk_is_status_4" 4 $?
    has "a_full_disk_is_said" "No space left" "$(cat "$work/err")"
    is "a_full_disk_leaves_the_store_as_it_was" "$before" "$("$flowq" --store "$work/disk/s" -o ndjson 2>/dev/null)"
    umount "$work/disk"
else
    echo "skip a_full_disk_is_status_4: may not mount"
fi

# --- a reader that leaves does not stop the store
replay --force --store "$work/store" "$work/a.log"
"$weir" replay --force --store "$work/store" -o ndjson "$work/large.log" 2>/dev/null | head -c 1 >/dev/null
is "a_reader_that_leaves_does_not_stop_the_store" "yes" \
    "$("$flowq" --store "$work/store" --by action -o ndjson 2>/dev/null | grep -q . && echo yes)"

# --- killed in the middle
kill_in_the_middle() {
    "$weir" "$@" >/dev/null 2>&1 &
    pid=$!
    sleep 0.05
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
}
cat "$work/large.log" "$work/large.log" "$work/large.log" "$work/large.log" >"$work/larger.log"
kill_in_the_middle replay --store "$work/killed" "$work/larger.log"
replay --store "$work/killed" "$work/a.log"
is "a_new_store_can_be_begun_again_after_a_kill" "0: 1" "$status: $(field records)"
before=$("$flowq" --store "$work/killed" -o ndjson 2>/dev/null)
kill_in_the_middle replay --append --store "$work/killed" "$work/larger.log"
is "a_killed_append_leaves_the_store_as_it_was" "$before" "$("$flowq" --store "$work/killed" -o ndjson 2>/dev/null)"
small | sed 's/10.0.0.1/10.0.0.9/' >"$work/b.log"
replay --append --store "$work/killed" "$work/b.log"
is "append_goes_on_after_a_kill" "0: 2" "$status: $("$flowq" --store "$work/killed" -o ndjson 2>/dev/null | wc -l | tr -d ' ')"
replay --append --store "$work/killed" "$work/b.log"
is "append_refuses_what_it_has_read" "2: 2" "$status: $("$flowq" --store "$work/killed" -o ndjson 2>/dev/null | wc -l | tr -d ' ')"
kill_in_the_middle replay --force --store "$work/killed" "$work/larger.log"
replay --force --store "$work/killed" "$work/a.log"
is "force_works_after_a_kill" "0: 1" "$status: $("$flowq" --store "$work/killed" -o ndjson 2>/dev/null | wc -l | tr -d ' ')"

finish
