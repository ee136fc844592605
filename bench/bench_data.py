# SPDX-License-Identifier: Apache-2.0
"""The inputs of the benches, made once by weir-gen below BUILD/bench-data and kept.

They are made anew when the generator's bytes or the number of lines or packets change.
"""

import gzip
import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

from measure import run

LINES_DEFAULT = 10_000_000
PACKETS_DEFAULT = 10_000_000
FLOWS = 500_000
PART_COUNT = 8
# 240 nodes for half a day, 3.5 M lines. Pinned, since the bytes a record depend on it.
FLEET = ("--nodes", "240", "--duration", "12h", "--accounts", "2", "--seed", "1")
COPY_SIZE = 1 << 22


def lines_wanted():
    return int(os.environ.get("BENCH_LINES", LINES_DEFAULT))


def part_name(start_s):
    stamp = time.strftime("%Y%m%dT%H%MZ", time.gmtime(start_s // 300 * 300))
    digest = hashlib.sha256(stamp.encode()).hexdigest()[:8]
    return f"123456789012_vpcflowlogs_us-east-1_fl-0123456789abcdef0_{stamp}_{digest}.log"


def write_parts(whole, folder, line_count):
    """Cuts the log into eight objects of one feed, each with a header line and its own stamp."""
    per_part = -(-line_count // PART_COUNT)
    with open(whole, "rb") as log:
        header = log.readline()
        for _ in range(PART_COUNT):
            line = log.readline()
            if not line:
                break
            end_s = int(line.split()[11])
            with open(folder / part_name(end_s), "wb") as part:
                part.write(header + line)
                part.writelines(log.readline() for _ in range(per_part - 1))


def compress(source, target):
    with open(source, "rb") as plain, gzip.open(target, "wb", compresslevel=6) as packed:
        shutil.copyfileobj(plain, packed, COPY_SIZE)


def is_made(stamp, wanted):
    return stamp.exists() and stamp.read_text() == wanted


def digest_of(program):
    return hashlib.sha256(program.read_bytes()).hexdigest()


def warm(path):
    """Reads a file, so that it lies in the page cache."""
    with open(path, "rb") as file:
        while file.read(COPY_SIZE):
            pass


class Capture:
    """A pcap of random packets, apart from the logs: it is as large as they are."""

    def __init__(self, build):
        generator = Path(build) / "bin" / "weir-gen"
        packets = int(os.environ.get("BENCH_PACKETS", PACKETS_DEFAULT))
        self.path = Path(build) / "bench-capture" / "random.pcap"
        stamp = self.path.with_name("made")
        wanted = f"{packets} {FLOWS} {digest_of(generator)}"
        if not is_made(stamp, wanted):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "wb") as pcap:
                options = ["--packets", str(packets), "--flows", str(FLOWS)]
                subprocess.run([generator, "random-packets", *options], stdout=pcap, check=True)
            stamp.write_text(wanted)

    def warm(self):
        warm(self.path)


class Data:
    """Paths of the inputs; `warm` reads them, so that they lie in the page cache."""

    def __init__(self, build):
        self.generator = Path(build) / "bin" / "weir-gen"
        self.lines = lines_wanted()
        self.folder = Path(build) / "bench-data"
        self.whole = self.folder / "random.log"
        self.plain = self.folder / "plain"
        self.packed = self.folder / "gzip"
        self.fleet = self.folder / "fleet"
        stamp = self.folder / "made"
        wanted = f"{self.lines} {digest_of(self.generator)}"
        if not is_made(stamp, wanted):
            self.make()
            stamp.write_text(wanted)

    def make(self):
        print(f"making {self.lines} lines, plain and gzip, and the logs of a fleet ...", flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        for folder in (self.plain, self.packed):
            folder.mkdir(parents=True)
        with open(self.whole, "wb") as log:
            subprocess.run(
                [self.generator, "random", "--lines", str(self.lines)], stdout=log, check=True
            )
        write_parts(self.whole, self.plain, self.lines)
        for part in sorted(self.plain.iterdir()):
            compress(part, self.packed / (part.name + ".gz"))
        run(self.generator, "fleet", *FLEET, "--out", self.fleet)

    def parts(self, folder):
        return sorted(path for path in folder.rglob("*.log*") if path.is_file())

    def warm(self):
        for path in [
            self.whole,
            *self.parts(self.plain),
            *self.parts(self.packed),
            *self.parts(self.fleet),
        ]:
            warm(path)
