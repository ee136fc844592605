#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# clang-tidy over the rooms and the programs, with the checks of .clang-tidy; fails on any warning.
# Tests are left out: cmocka's assertions do not end a path for the analyser, so it sees null
# pointers behind each of them.
#
# usage: scripts/tidy.sh [FILE...]
set -eu
[ $# -gt 0 ] || set -- base/*.c flow/*.c ingest/*.c detect/*.c store/*.c query/*.c tools/*.c

# These define what scripts/tidy.h redefines. Files for arm64 need that machine's headers.
definitions='^base/error\.c$|^flow/frame_layout\.c$'
foreign='_neon\.c$'

# tidy FLAG...: over the files that are named on standard input. Few at a time, so that both
# processors end together.
tidy() {
    xargs -r -P 2 -n 4 sh -c '
        flags=$1
        shift
        clang-tidy --quiet "$@" -- -std=c17 -D_GNU_SOURCE -I. -mavx2 -mbmi -mbmi2 \
            -mavx512f -mavx512bw -mavx512vl -mavx512dq \
            "-DWEIR_VERSION=\"\"" "-DWEIR_REVISION=\"\"" $flags' tidy "$*"
}

status=0
printf '%s\n' "$@" | grep -vE "$definitions|$foreign" | tidy -include scripts/tidy.h || status=1
printf '%s\n' "$@" | grep -E "$definitions" | tidy -I. || status=1
exit $status
