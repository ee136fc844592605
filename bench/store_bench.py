# SPDX-License-Identifier: Apache-2.0
"""How many bytes does a record take in Weir's store, beside DuckDB's Parquet with zstd?

usage: store_bench.py BUILD PYTHON     PYTHON has the pinned DuckDB (bench/duckdb_setup.sh)

Ours is everything that `weir ingest --store` leaves below flows/: the columns of each record and
also the tables of nodes and addresses, coverage and totals a minute. The peer keeps eleven columns of
it (bench/duckdb_peer.py) in the order of the lines, once as DuckDB does it by itself and once
"tuned": row groups of 1 M rows and zstd level 9. Data: BENCH_LINES lines of `weir-gen random`, and a
pinned fleet.
"""

import json
import shutil
import sys
from pathlib import Path

from bench_data import Data
from measure import Bar, Figure, print_table, run


def store_size(weir, store, paths):
    """(bytes below flows/, records)"""
    shutil.rmtree(store, ignore_errors=True)
    done = run(weir, "ingest", "--summary", "json", "--store", store, *paths)
    size = sum(path.stat().st_size for path in (store / "flows").rglob("*") if path.is_file())
    shutil.rmtree(store)
    return size, json.loads(done.stderr.splitlines()[-1])["records"]


def parquet_size(python, mode, out, paths):
    script = Path(__file__).with_name("duckdb_peer.py")
    done = run(python, script, mode, out, *paths)
    size = out.stat().st_size
    out.unlink()
    return size, json.loads(done.stdout)["records"]


def figures_of(name, bar, paths, build, python, folder):
    weir = Path(build) / "bin" / "weir"
    size, records = store_size(weir, folder / "store", paths)
    ours = size / records
    for mode in ("parquet", "parquet-tuned"):
        size, peer_records = parquet_size(python, mode, folder / "peer.parquet", paths)
        if peer_records != records:
            sys.exit(f"store_bench: {name}: weir stored {records} records, DuckDB {peer_records}")
        label = mode.replace("parquet", "Parquet").replace("-", ", ")
        yield Figure(f"{name}, peer {label}", [ours], [size / records], bar, "B/record")


def main(build, python):
    data = Data(build)
    inputs = (("random lines", 10, [data.whole]), ("fleet", 7, data.parts(data.fleet)))
    figures = []
    for name, at_most, paths in inputs:
        figures += figures_of(name, Bar(at_most, "B/record"), paths, build, python, data.folder)
    print_table(figures)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
