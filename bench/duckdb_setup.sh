#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The peer of the benches: one pinned DuckDB from PyPI, in a virtual environment of its own. Prints
# the path of its python. Does nothing when it is there already.
#
# usage: bench/duckdb_setup.sh BUILD
set -eu
version=2.0.1
venv=$1/venv

if [ "$("$venv/bin/python" -c 'import duckdb; print(duckdb.__version__)' 2>/dev/null || true)" != "$version" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv" >&2
    "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "duckdb==$version" >&2
fi
echo "$venv/bin/python"
