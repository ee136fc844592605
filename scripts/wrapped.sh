#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# For each program of a build a script of the same path below FOLDER that runs it by COMMAND (qemu,
# valgrind), so that whatever runs the programs of a build runs these without knowing. COMMAND is put
# into the script as it stands; "$0" in it is the script's own path.
#
# usage: scripts/wrapped.sh BUILD FOLDER COMMAND
set -eu
build=$(cd "$1" && pwd)
folder=$2
command=$3
rm -rf "$folder"
for program in "$build"/bin/* "$build"/tests/unit/*_test "$build"/tests/fuzz/*_replay; do
    script=$folder${program#"$build"}
    mkdir -p "${script%/*}"
    printf '#!/bin/sh\nexec %s %s "$@"\n' "$command" "$program" >"$script"
    chmod +x "$script"
done
