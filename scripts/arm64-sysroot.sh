#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lays arm64's libraries and headers out in a folder for a cross compiler and for qemu-user: Debian's
# packages of architecture arm64, from the same sources as the machine's own, unpacked and never
# installed. apt works in folders of its own, so the machine's lists, its architectures and its
# packages stay as they are. Needs no root. Does nothing where the folder is whole already.
#
# usage: scripts/arm64-sysroot.sh FOLDER
#
# Not multiarch's `apt-get install pkg:arm64`: libisal-dev of both architectures cannot be installed
# side by side, and a second architecture stays behind on the machine.
set -eu
# The libraries among what is needed, less the compiler's own.
packages=$(sh "$(dirname "$0")/install-deps.sh" --print build test | grep -- '-dev$' | grep -v '^libclang' | sort)

mkdir -p "$1"
folder=$(cd "$1" && pwd)
stamp=$folder/.packages
if [ "$(cat "$stamp" 2>/dev/null)" = "$packages" ]; then
    touch "$stamp"
    exit 0
fi
if [ ! -e "$stamp" ] && [ -n "$(ls -A "$folder")" ]; then
    echo "arm64-sysroot.sh: $folder is not empty and not of this script's making" >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
mkdir -p "$work/lists/partial" "$work/archives/partial"
: >"$work/status"

# A source that has no arm64 is a warning, no failure.
apt_arm64() {
    apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User= \
        -o Dir::State="$work" -o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status" \
        -o Dir::Cache="$work" -o Dir::Cache::archives="$work/archives" -o Acquire::Languages=none \
        -o Debug::NoLocking=1 "$@"
}

echo "fetching arm64's libraries into $1"
# shellcheck disable=SC2086 # words are wanted
if ! { apt_arm64 update && apt_arm64 install -y --no-install-recommends --download-only $packages; } >"$work/log" 2>&1; then
    cat "$work/log" >&2
    exit 1
fi
part=$folder.part
rm -rf "$part"
mkdir "$part"
for package in "$work"/archives/*.deb; do
    dpkg-deb -x "$package" "$part"
done
# A link to /lib/... would lead the linker to the machine's own library.
find "$part" -type l -lname '/*' | while read -r link; do
    ln -sfn "$folder$(readlink "$link")" "$link"
done
(cd "$part" && rm -rf bin sbin etc var usr/bin usr/sbin usr/share)
echo "$packages" >"$part/.packages"
rm -rf "$folder"
mv "$part" "$folder"
