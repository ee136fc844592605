#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How well does `weir replay` find the attacks of a generated fleet, and how quiet is it otherwise?

Four fleets are made by weir-gen and piped into the real replay: one that is attacked, one that is not,
one with three times the churn of external peers, and a small one for five weeks, since novelty lasts
32 days. What comes out is matched with truth.json:

- An attack is detected by an alert of one of its nodes that opens within the attack or the hour behind
  it; rightly, when the alert's class is the attack's. The time to detect is from its start to the end
  of the window that opened the alert: a log's delivery comes on top.
- Every other alert that opens is false, and its cause is the benign event of that node that was on at
  that time or in the hour before; those that operators declared are counted apart.
- Chance: the same attacks moved to other times, and detected by the false alerts alone.

usage: bench/eval.py BUILD [--scale S] [--seed N] [--per-kind N] [--only FLEET]
"""

import argparse
import calendar
import collections
import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

GRACE_S = 3600
MOVES = 20  # of each attack, to learn what chance gives
START = "2026-03-02"

# Fleets at scale 1: nodes, days, and what else weir-gen is told. Together some 5,300 node-days.
FLEETS = {
    "attacked": (140, 14, ["--attacks", "all"]),
    "quiet": (140, 14, []),
    "churn x3": (70, 10, ["--churn", "9"]),
    "five weeks": (20, 35, ["--attacks", "all", "--attacks-per-kind", "1"]),
}


def seconds(text):
    """Unix time of an RFC 3339 time in UTC; fractions do not matter here."""
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


class Event:
    """An attack or a benign event of the truth."""

    def __init__(self, row):
        self.kind = row["kind"]
        self.nodes = set(row.get("nodes", [row["node"]]))
        self.classes = {row["class"], *row.get("also", "").split()} if "class" in row else set()
        self.start_s = seconds(row["start"])
        self.end_s = seconds(row["end"])
        self.is_declared = row.get("is_declared", False)

    def holds(self, alert):
        """Whether an alert may be due to this event."""
        return alert.node in self.nodes and self.start_s <= alert.time_s <= self.end_s + GRACE_S


class Alert:
    """One line of replay's output."""

    def __init__(self, row):
        self.node = row["node"]
        self.label = row["class"]
        self.direction = row["direction"]
        self.time_s = seconds(row["window_end"])
        self.episode = row["episode"]
        self.is_open = row["state"] == "open"
        self.action = row["recommended_action"]


class Result:
    """What replay said of one fleet, matched with what was done to it."""

    def __init__(self, name, truth, alerts, node_days, wall_s, records):
        self.name = name
        self.node_days = node_days
        self.wall_s = wall_s
        self.records = records
        self.start_s, self.end_s = seconds(truth["start"]), seconds(truth["end"])
        self.attacks = [Event(row) for row in truth["attacks"]]
        self.benign = by_node(Event(row) for row in truth["benign"])
        self.alerts = alerts
        attacks = by_node(self.attacks)
        self.false = []
        for alert in alerts:
            alert.is_true = any(event.holds(alert) for event in attacks[alert.node])
            if alert.is_open and not alert.is_true:
                self.false.append(alert)

    def cause(self, alert):
        """The benign events that an alert may be due to, by name; and whether they were declared."""
        events = [event for event in self.benign[alert.node] if event.holds(alert)]
        kinds = sorted({event.kind for event in events})
        return "+".join(kinds) or "nothing planned", any(event.is_declared for event in events)

    def false_recycles(self):
        return sum(alert.action == "recycle" and not alert.is_true for alert in self.alerts)

    def inbound_recycles(self):
        return sum(alert.action == "recycle" and alert.direction == "in" for alert in self.alerts)


def by_node(events):
    table = collections.defaultdict(list)
    for event in events:
        for node in event.nodes:
            table[node].append(event)
    return table


def run_fleet(build, name, arguments, nodes, days):
    """Makes a fleet and replays it through a pipe."""
    weir_gen, weir = build / "bin/weir-gen", build / "bin/weir"
    fleet = [weir_gen, "fleet", "--nodes", str(nodes), "--days", str(days), "--start", START,
             "--with", "all", *arguments]
    with tempfile.TemporaryDirectory() as folder:
        plan, done = pathlib.Path(folder, "plan"), pathlib.Path(folder, "done")
        # The inventory has to be there before the first line is read.
        subprocess.run([*fleet, "--plan-only", "--out", plan], check=True, stderr=subprocess.DEVNULL)
        begin = time.monotonic()
        with subprocess.Popen([*fleet, "--stdout", "--out", done], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as lines:
            replay = subprocess.run([weir, "replay", "--inventory", plan / "inventory.csv", "-o", "ndjson",
                                     "--summary", "json", "-"], stdin=lines.stdout, capture_output=True,
                                    text=True, check=True)
            lines.stdout.close()
        if lines.returncode != 0:
            sys.exit(f"eval: weir-gen ended with status {lines.returncode}")
        wall_s = time.monotonic() - begin
        truth = json.loads((done / "truth.json").read_text(encoding="utf-8"))
    alerts = [Alert(json.loads(line)) for line in replay.stdout.splitlines()]
    records = json.loads(replay.stderr.splitlines()[-1])["records"]
    return Result(name, truth, alerts, nodes * days, wall_s, records)


def first_right(event, alerts):
    """Seconds from an attack's start to its first alert of the right class; None: there is none."""
    times = [a.time_s - event.start_s for a in alerts if a.label in event.classes and event.holds(a)]
    return min(times, default=None)


def chance(result, events, seed):
    """The share of attacks that false alerts would have detected, had they been at other times."""
    draw = random.Random(seed)
    hits = 0
    for event in events:
        length_s = event.end_s - event.start_s
        for _ in range(MOVES):
            moved = Event.__new__(Event)
            moved.__dict__.update(event.__dict__)
            moved.start_s = draw.randint(result.start_s, max(result.start_s, result.end_s - length_s))
            moved.end_s = moved.start_s + length_s
            hits += first_right(moved, result.false) is not None
    return hits / (MOVES * len(events))


def percent(part, whole):
    return f"{100 * part / whole:.0f} %" if whole else "-"


def minutes(values, quantile):
    if not values:
        return "-"
    values = sorted(values)
    return f"{values[min(len(values) - 1, int(quantile * len(values)))] / 60:.0f}"


def print_row(result, name, events, opened, seed):
    """One line of the table of kinds."""
    seen = [[a for a in opened if e.holds(a)] for e in events]
    times = [t for e in events if (t := first_right(e, opened)) is not None]
    found = [len({a.episode for a in alerts}) and len(alerts) / len({a.episode for a in alerts}) for alerts in seen]
    found = [mean for mean in found if mean]
    print(f"{name:<20}{len(events):>6}{percent(sum(map(bool, seen)), len(events)):>10}"
          f"{percent(len(times), len(events)):>8}{minutes(times, .5):>9}{minutes(times, .9):>7}"
          f"{statistics.mean(found) if found else 0:>10.2f}{percent(chance(result, events, seed), 1):>8}")


def print_attacks(result, seed):
    opened = [alert for alert in result.alerts if alert.is_open]
    kinds = collections.defaultdict(list)
    for event in result.attacks:
        kinds[event.kind].append(event)
    print(f"\n{result.name}: attacks\n{'kind':<20}{'count':>6}{'detected':>10}{'right':>8}{'median':>9}{'p90':>7}"
          f"{'an incid.':>10}{'chance':>8}")
    print(f"{'':<44}{'min':>9}{'min':>7}{'alerts':>10}")
    for kind in sorted(kinds):
        print_row(result, kind, kinds[kind], opened, seed)
    print_row(result, "all", result.attacks, opened, seed)


def print_false(result):
    causes = collections.Counter()
    declared = 0
    for alert in result.false:
        cause, is_declared = result.cause(alert)
        declared += is_declared
        if not is_declared:
            causes[alert.label, cause] += 1
    count = sum(causes.values())
    print(f"\n{result.name}: {result.node_days} node-days, {result.records} records in {result.wall_s:.0f} s; "
          f"false alerts a node-day {count / result.node_days:.4f} ({count}; {declared} more in declared changes); "
          f"false recycle recommendations {result.false_recycles()}; of inbound classes {result.inbound_recycles()}")
    for (label, cause), number in causes.most_common():
        print(f"  {number:>5}  {label:<18} {cause}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--scale", type=float, default=1, help="of the fleets' nodes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-kind", type=int, default=16, help="attacks of each kind at scale 1 (28 kinds)")
    parser.add_argument("--only", choices=FLEETS, help="one of the fleets")
    options = parser.parse_args()
    results = []
    for number, (name, (nodes, days, arguments)) in enumerate(FLEETS.items()):
        if options.only not in (None, name):
            continue
        arguments = [*arguments, "--seed", str(options.seed * 10 + number)]
        if name == "attacked":
            arguments += ["--attacks-per-kind", str(max(1, round(options.per_kind * options.scale)))]
        nodes = max(14, round(nodes * options.scale))
        result = run_fleet(options.build, name, arguments, nodes, days)
        results.append(result)
        if result.attacks:
            print_attacks(result, options.seed)
        print_false(result)
        sys.stdout.flush()
    node_days = sum(result.node_days for result in results)
    false = sum(not result.cause(a)[1] for result in results for a in result.false)
    print(f"\nin all: {node_days} node-days, {sum(len(r.attacks) for r in results)} attacks; "
          f"false alerts a node-day {false / node_days:.4f}; "
          f"false recycle recommendations {sum(r.false_recycles() for r in results)}")


if __name__ == "__main__":
    main()
