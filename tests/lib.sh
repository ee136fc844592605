# SPDX-License-Identifier: Apache-2.0
# For scripts under tests/cli: sourced with the build folder as $1. Each check prints one line. Files
# go to $work, which is removed at the end.
set -u
build=$1
weir=$build/bin/weir
flowq=$build/bin/flowq
gen=$build/bin/weir-gen
export NO_COLOR=1
work=$(mktemp -d "${TMPDIR:-/tmp}/weir-cli-XXXXXX")
failures=0
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

ok() { echo "ok $1"; }
not_ok() {
    echo "not ok $1"
    failures=$((failures + 1))
}

# is NAME WANT GOT: both texts are the same
is() {
    if [ "$2" = "$3" ]; then
        ok "$1"
    else
        not_ok "$1"
        printf '  want: %s\n  got:  %s\n' "$2" "$3"
    fi
}

# has NAME PATTERN TEXT: the text matches the extended regular expression
has() {
    if printf '%s\n' "$3" | grep -qE -- "$2"; then
        ok "$1"
    else
        not_ok "$1"
        printf '  want: /%s/\n  got:  %s\n' "$2" "$3"
    fi
}

# same NAME FILE FILE: byte for byte
same() {
    if cmp -s "$2" "$3"; then
        ok "$1"
    else
        not_ok "$1"
        cmp "$2" "$3" | sed 's/^/  /'
    fi
}

# field NAME: of the JSON object on the last line of $work/err
field() { tail -n 1 "$work/err" | jq -r ".$1"; }

# replay ARGUMENT...: output in $work/out, $work/err, exit status in $status
replay() {
    "$weir" replay -o ndjson --summary json "$@" >"$work/out" 2>"$work/err"
    status=$?
}

finish() { [ "$failures" -eq 0 ]; exit; }
