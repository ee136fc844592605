# SPDX-License-Identifier: Apache-2.0
"""Runs programs and compares them: alternating pairs, medians, one table.

A figure is what pairs of runs give: the peer, then ours, with nothing else of ours running. Each pair
has its own ratio, and the median of the ratios is reported beside the smallest and the largest: a
machine that is slow for a minute is slow for both halves of a pair. Bars are on wall time; the ratio
of processor time stands beside it, since others' work hardly moves that.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

PAIRS = 5
ARGUMENTS_SHOWN = 8


@dataclass
class Run:
    """One finished process."""

    wall_s: float
    cpu_s: float
    rss_bytes: int
    stdout: str
    stderr: str


def run(*argv):
    """Runs a program to its end; a failure ends the bench with what it said."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.monotonic()
        process = subprocess.Popen([str(a) for a in argv], stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        result = Run(
            wall_s,
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss * 1024,
            out.read().decode(),
            err.read().decode(),
        )
    if process.returncode != 0:
        command = " ".join(map(str, argv[:ARGUMENTS_SHOWN]))
        sys.exit(f"{command} ...: exit {process.returncode}\n{result.stderr}")
    return result


@dataclass
class Bar:
    """What was claimed: a ratio, or for `unit` an absolute figure, that must not be exceeded."""

    at_most: float
    unit: str = ""


@dataclass
class Figure:
    """One line of the table. `ours` and `peer` are lists of the same length; peer may be empty."""

    name: str
    ours: list
    peer: list
    bar: Bar
    unit: str = "s"
    cpu_ratios: list = field(default_factory=list)

    def ratios(self):
        return [mine / theirs for mine, theirs in zip(self.ours, self.peer)]

    def is_met(self):
        decisive = self.ours if self.bar.unit else self.ratios()
        return statistics.median(decisive) <= self.bar.at_most


def pairs(name, ours, peer, bar, count=PAIRS):
    """`ours` and `peer` are functions that run once and return seconds (wall, processor)."""
    mine, theirs = [], []
    for _ in range(count):
        theirs.append(peer())
        mine.append(ours())
    cpu_ratios = [m[1] / t[1] for m, t in zip(mine, theirs)]
    return Figure(name, [m[0] for m in mine], [t[0] for t in theirs], bar, cpu_ratios=cpu_ratios)


def as_fraction(ratio):
    return f"1/{1 / ratio:.2f}" if ratio < 1 else f"{ratio:.2f}"


def median(samples, unit):
    return f"{statistics.median(samples):.2f} {unit}" if samples else "-"


def row(figure):
    ratio = spread = "-"
    if figure.peer:
        ratios = figure.ratios()
        ratio = as_fraction(statistics.median(ratios))
        spread = f"{as_fraction(min(ratios))} .. {as_fraction(max(ratios))}"
    bar = (
        f"{figure.bar.at_most:g} {figure.bar.unit}"
        if figure.bar.unit
        else as_fraction(figure.bar.at_most)
    )
    return (
        figure.name,
        median(figure.ours, figure.unit),
        median(figure.peer, figure.unit),
        ratio,
        spread,
        as_fraction(statistics.median(figure.cpu_ratios)) if figure.cpu_ratios else "-",
        bar,
        "met" if figure.is_met() else "MISSED",
    )


def print_table(figures):
    """Prints all figures, and how busy the machine was."""
    rows = [("figure", "ours", "peer", "ratio", "spread", "processor", "at most", "")]
    rows += [row(figure) for figure in figures]
    widths = [max(len(line[i]) for line in rows) for i in range(len(rows[0]))]
    for line in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    print(f"load average at the end: {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors")
