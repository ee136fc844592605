# SPDX-License-Identifier: Apache-2.0
"""How long does `weir replay` take for AWS flow logs, beside DuckDB that only sums them?

usage: replay_bench.py BUILD PYTHON     PYTHON has the pinned DuckDB (bench/duckdb_setup.sh)

Peer: DuckDB with one thread sums bytes and packets by source and minute over the same files
(bench/duckdb_peer.py); its statement alone is timed. Ours is the wall time of the whole process:
parsing, windows, baselines, rules and, where said, the store. Data: BENCH_LINES (10 M) lines of
`weir-gen random` in the page cache. Before anything is timed both must count the same records,
bytes and packets.
"""

import json
import shutil
import sys
from pathlib import Path

from bench_data import Data
from measure import Bar, Figure, pairs, print_table, run

RSS_MIB_MAX = 256


class Replay:
    """Our side: each call is one run of `weir replay`."""

    def __init__(self, build):
        self.weir = Path(build) / "bin" / "weir"
        self.store = Path(build) / "bench-data" / "store"
        self.rss_mib = []

    def summary(self, paths, *options):
        done = run(self.weir, "replay", "--summary", "json", "-o", "ndjson", *options, *paths)
        self.rss_mib.append(done.rss_bytes / 2**20)
        return done, json.loads(done.stderr.splitlines()[-1])

    def seconds(self, paths, *options):
        done = self.summary(paths, *options)[0]
        return done.wall_s, done.cpu_s

    def seconds_with_store(self, paths, *options):
        shutil.rmtree(self.store, ignore_errors=True)
        return self.seconds(paths, "--store", self.store, *options)


class Peer:
    """DuckDB's side."""

    def __init__(self, python):
        self.python = python
        self.script = Path(__file__).with_name("duckdb_peer.py")

    def answer(self, paths):
        return json.loads(run(self.python, self.script, "sums", *paths).stdout)

    def seconds(self, paths):
        answer = self.answer(paths)
        return answer["seconds"], answer["cpu_seconds"]


def check_same_sums(ours, peer, paths):
    mine, theirs = ours.summary(paths, "--threads", "1")[1], peer.answer(paths)
    for name in ("records", "bytes", "packets"):
        if mine[name] != theirs[name]:
            sys.exit(f"replay_bench: {name}: weir says {mine[name]}, DuckDB {theirs[name]}")
    print(f"both count {mine['records']} records, {mine['bytes']} bytes, {mine['packets']} packets")


def main(build, python):
    data, ours, peer = Data(build), Replay(build), Peer(python)
    data.warm()
    whole, plain, packed = [data.whole], data.parts(data.plain), data.parts(data.packed)
    check_same_sums(ours, peer, whole)
    one = ("--threads", "1")
    figures = [
        pairs(
            "replay, peer DuckDB",
            lambda: ours.seconds(whole, *one),
            lambda: peer.seconds(whole),
            Bar(1 / 5),
        ),
        pairs(
            "replay --store, peer DuckDB",
            lambda: ours.seconds_with_store(whole, *one),
            lambda: peer.seconds(whole),
            Bar(1 / 2.5),
        ),
        pairs(
            "replay 8 gzip, peer DuckDB",
            lambda: ours.seconds(packed, *one),
            lambda: peer.seconds(packed),
            Bar(1 / 3),
        ),
        pairs(
            "replay 8 files --threads 2, peer --threads 1",
            lambda: ours.seconds(plain, "--threads", "2"),
            lambda: ours.seconds(plain, *one),
            Bar(1 / 1.7),
        ),
        pairs(
            "replay --store 8 files --threads 2, peer --threads 1",
            lambda: ours.seconds_with_store(plain, "--threads", "2"),
            lambda: ours.seconds_with_store(plain, *one),
            Bar(1 / 1.7),
        ),
    ]
    shutil.rmtree(ours.store, ignore_errors=True)
    figures.append(
        Figure(
            "peak memory of all runs above", [max(ours.rss_mib)], [], Bar(RSS_MIB_MAX, "MiB"), "MiB"
        )
    )
    print_table(figures)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
