# SPDX-License-Identifier: Apache-2.0
"""How long does `weir ingest` take to turn a capture into stored flows, beside `nfpcapd -r`?

usage: capture_bench.py BUILD

Peer: nfpcapd (nfdump 1.7, Debian) with the same time-outs, which reads the same pcap and writes
nfdump's files, uncompressed as it does by default. Both are whole processes, ours with one thread and
a new store in each run; for replay, windows, baselines and rules come on top. Data: BENCH_PACKETS
(10 M) packets of `weir-gen random-packets`, of 500,000 flows, in the page cache. Before anything is
timed both must count the same packets and bytes.
"""

import json
import re
import shutil
import statistics
import sys
from pathlib import Path

from bench_data import Capture
from measure import Bar, Figure, pairs, print_table, run

TIME_OUTS_S = "60,15"


class Ours:
    def __init__(self, build, capture):
        self.weir = Path(build) / "bin" / "weir"
        self.capture = capture
        self.store = capture.parent / "store"
        self.rss_mib = []

    def run(self, command, *options):
        shutil.rmtree(self.store, ignore_errors=True)
        done = run(self.weir, command, "--summary", "json", *options, self.capture)
        self.rss_mib.append(done.rss_bytes / 2**20)
        return done

    def totals(self):
        summary = json.loads(self.run("ingest", "--store", self.store).stderr.splitlines()[-1])
        return summary["packets"], summary["bytes"]

    def ingest(self):
        done = self.run("ingest", "--store", self.store)
        return done.wall_s, done.cpu_s

    def replay(self):
        done = self.run("replay", "-o", "ndjson")
        return done.wall_s, done.cpu_s


class Peer:
    def __init__(self, capture):
        self.capture = capture
        self.folder = capture.parent / "nfdump"
        self.rss_mib = []

    def run(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        done = run("nfpcapd", "-e", TIME_OUTS_S, "-r", self.capture, "-w", self.folder)
        self.rss_mib.append(done.rss_bytes / 2**20)
        return done

    def totals(self):
        self.run()
        said = run("nfdump", "-I", "-R", self.folder).stdout
        return tuple(int(re.search(rf"^{name}: (\d+)", said, re.M)[1]) for name in ("Packets", "Bytes"))

    def seconds(self):
        done = self.run()
        return done.wall_s, done.cpu_s


def main(build):
    if shutil.which("nfpcapd") is None:
        print("skip capture_bench: nfpcapd is not installed (Debian: nfdump)")
        return
    capture = Capture(build)
    capture.warm()
    ours, peer = Ours(build, capture.path), Peer(capture.path)
    mine, theirs = ours.totals(), peer.totals()
    if mine != theirs:
        sys.exit(f"capture_bench: packets and bytes: weir says {mine}, nfpcapd {theirs}")
    print(f"both count {mine[0]} packets, {mine[1]} bytes")
    figures = [
        pairs("ingest a capture, peer nfpcapd", ours.ingest, peer.seconds, Bar(1 / 6), count=3),
        pairs("replay a capture, peer nfpcapd", ours.replay, peer.seconds, Bar(1 / 6), count=3),
    ]
    most, theirs_most = max(ours.rss_mib), statistics.median(peer.rss_mib)
    figures.append(Figure("peak memory, peer nfpcapd", [most], [theirs_most], Bar(1 / 3), "MiB"))
    for folder in (ours.store, peer.folder):
        shutil.rmtree(folder, ignore_errors=True)
    print_table(figures)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
