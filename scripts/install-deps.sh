#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs from Debian what is missing for the named uses (below). As root, or with CI=true, it just
# does; else it asks once and uses sudo. Prints nothing when nothing is missing.
#
# usage: scripts/install-deps.sh USE...           build, test, bench, arm64, valgrind, coverage, tidy
#        scripts/install-deps.sh --print USE...   prints what they need, a package a line
set -eu

build="gcc make libc6-dev libisal-dev libzstd-dev libxxhash-dev libssl-dev libpcap-dev libyaml-dev"
test="libcmocka-dev libjansson-dev zlib1g-dev zstd gzip jq clang libclang-rt-14-dev python3 python3-venv mandoc git"
arm64="gcc-aarch64-linux-gnu qemu-user"
valgrind="valgrind"
coverage="gcovr"
tidy="clang-tidy"
bench="python3 python3-venv time nfdump"

mode=install
if [ "${1:-}" = --print ]; then
    mode=print
    shift
fi
wanted=""
for use in "$@"; do
    case $use in
    build) wanted="$wanted $build" ;;
    test) wanted="$wanted $test" ;;
    bench) wanted="$wanted $bench" ;;
    arm64) wanted="$wanted $arm64" ;;
    valgrind) wanted="$wanted $valgrind" ;;
    coverage) wanted="$wanted $coverage" ;;
    tidy) wanted="$wanted $tidy" ;;
    *)
        echo "install-deps.sh: unknown use '$use' (build, test, bench, arm64, valgrind, coverage, tidy)" >&2
        exit 2
        ;;
    esac
done

if [ "$mode" = print ]; then
    # shellcheck disable=SC2086 # words are wanted
    printf '%s\n' $wanted
    exit 0
fi

missing=""
for package in $wanted; do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=""
if [ "$(id -u)" -ne 0 ]; then
    sudo=sudo
    if [ "${CI:-}" != true ]; then
        printf 'Weir needs these Debian packages:%s\nInstall them with sudo apt-get? [Y/n] ' "$missing"
        read -r answer
        case $answer in n* | N*) exit 1 ;; esac
    fi
fi
echo "installing:$missing"
log=$(mktemp)
# shellcheck disable=SC2086 # words are wanted
if ! { $sudo apt-get update -qq &&
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    exit 1
fi
rm -f "$log"
