#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# For each program of an arm64 build a script of the same path below BUILD/qemu that runs it by
# qemu-user, so that whatever runs the programs of a build runs these without knowing. The kernel
# need not know arm64's programs (binfmt_misc, which containers mostly lack).
#
# usage: scripts/arm64-qemu.sh BUILD
set -eu
build=$(cd "$1" && pwd)
rm -rf "$build/qemu"
for program in "$build"/bin/* "$build"/tests/unit/*_test "$build"/tests/fuzz/*_replay; do
    script=$build/qemu${program#"$build"}
    mkdir -p "${script%/*}"
    printf '#!/bin/sh\nexec qemu-aarch64 -L %s -0 "$0" %s "$@"\n' "$build/sysroot" "$program" >"$script"
    chmod +x "$script"
done
