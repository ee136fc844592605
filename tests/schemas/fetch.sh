#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What other systems publish of the forms of their alerts, and a Python that can check against it: from
# package registries, each file by its checksum, once a machine, into a folder outside the tree. Prints
# the folder. What is there already is not asked for again.
#
#   venv/bin/python    with jsonschema, and OCSF's schema (tests/schemas/requirements.txt); whole when
#                      venv/done is there
#   alertmanager.yaml  Alertmanager's API v2, of its Go module
#   cloudevents.js     CloudEvents' JSON schema, as its JavaScript SDK holds it
#   ecs-8.json ecs-9.json   the fields of two versions of ECS, of Elastic's package
#
# A registry that does not answer, or a tool that is missing, is told on stderr, and its file is not there.
#
# usage: tests/schemas/fetch.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
lock=$(cat "$0" "$here/requirements.txt" | sha256sum | cut -c1-16)
folder=${WEIR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weir}/schemas-$lock
mkdir -p "$folder"
work=$(mktemp -d "$folder/fetch-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

say() { echo "tests/schemas/fetch.sh: $1" >&2; }

# thrice COMMAND...: until it succeeds
thrice() {
    for pause in 1 3 0; do
        if "$@" >"$work/log" 2>&1; then
            return 0
        fi
        [ "$pause" -eq 0 ] || sleep "$pause"
    done
    tail -n 3 "$work/log" >&2
    return 1
}

# keep FILE NAME CHECKSUM: puts it into the folder when it is what it should be
keep() {
    if ! echo "$3  $1" | sha256sum --check --status 2>/dev/null; then
        say "$2 is not the one that is wanted"
        return 1
    fi
    cp "$1" "$work/kept" && mv "$work/kept" "$folder/$2"
}

# npm_file PACKAGE CHECKSUM: the package's archive at $work/package.tgz
npm_file() {
    rm -f "$work"/*.tgz
    thrice npm pack --silent --pack-destination "$work" "$1" || return 1
    mv "$work"/*.tgz "$work/package.tgz"
    echo "$2  $work/package.tgz" | sha256sum --check --status 2>/dev/null || {
        say "$1 is not the one that is wanted"
        return 1
    }
}

python() {
    # Built in its place, since it holds its own path.
    python3 -m venv --clear "$folder/venv" >"$work/log" 2>&1 || { tail -n 3 "$work/log" >&2; return 1; }
    thrice "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
        --only-binary :all: --require-hashes -r "$here/requirements.txt" || return 1
    touch "$folder/venv/done"
}

alertmanager() {
    thrice go mod download -json github.com/prometheus/alertmanager@v0.35.0 || return 1
    module=$(sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p' "$work/log")
    keep "$module/api/v2/openapi.yaml" alertmanager.yaml \
        da782cf7fa5e139e089922911fa213879d99d36ab9879bbb828707a3205d1146
}

cloudevents() {
    npm_file cloudevents@10.0.0 61e4be6e52944e20e6fe67e9eedbd501d2d93438cb592c12e82d708a8d59f87f || return 1
    tar -xzf "$work/package.tgz" -C "$work" package/dist/schema/v1.js
    mv "$work/package/dist/schema/v1.js" "$folder/cloudevents.js"
}

# ecs NAME VERSION CHECKSUM
ecs() {
    npm_file "@elastic/ecs@$2" "$3" || return 1
    tar -xzf "$work/package.tgz" -C "$work"
    node -e '
        const fs = require("fs");
        const { EcsFlat, EcsVersion } = require(process.argv[1]);
        fs.writeFileSync(process.argv[2], JSON.stringify({ version: EcsVersion, fields: EcsFlat }));
    ' "$work/package" "$work/fields.json" >"$work/log" 2>&1 || { tail -n 3 "$work/log" >&2; return 1; }
    mv "$work/fields.json" "$folder/$1"
    rm -rf "$work/package"
}

# want FILE TOOL COMMAND...: makes the file unless it is there
want() {
    file=$1
    tool=$2
    shift 2
    [ ! -e "$folder/$file" ] || return 0
    if ! command -v "$tool" >/dev/null; then
        say "no $file: there is no $tool"
    elif ! "$@"; then
        say "no $file: it could not be fetched"
    fi
}

exec 9>"$folder/lock"
flock 9 # one at a time: others wait, and find it done
export GOTOOLCHAIN=local GOFLAGS=-mod=mod
want venv/done python3 python
want alertmanager.yaml go alertmanager
want cloudevents.js npm cloudevents
want ecs-8.json npm ecs ecs-8.json 8.11.5 bcf8c1595a010a1c06a3388afcb877668b616d5ed0c27ba086944a4344649fd3
want ecs-9.json npm ecs ecs-9.json 9.4.0 1c7863cd70f9d52365570fa38a9c39f3d056511fefe4e36a51d2ad7f142ac071
echo "$folder"
