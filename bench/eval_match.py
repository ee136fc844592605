# SPDX-License-Identifier: Apache-2.0
"""What a detector said of a generated fleet, matched with what was done to it (for bench/eval.py).

- An attack is detected by an alert of one of its nodes that opens within the attack or the hour
  behind it; rightly, when the alert's class is the attack's. The time to detect is from its start to
  the end of the window that opened the alert: a log's delivery comes on top.
- Every other alert that opens is false, and its cause is the benign event of that node that was on at
  that time or in the hour before; those that operators declared are counted apart.
- Chance: the same attacks moved to other times, at random or by whole days, and detected by the false
  alerts alone.
"""

import calendar
import collections
import json
import random
import time

GRACE_S = 3600
DAY_S = 86400
MOVES = 20  # of each attack, to learn what chance gives


def seconds(text):
    """Unix time of an RFC 3339 time in UTC; fractions do not matter here."""
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


def clock(time_s):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time_s))


class Event:
    """An attack or a benign event of the truth."""

    def __init__(self, row):
        self.row = row
        self.kind = row["kind"]
        self.nodes = set(row.get("nodes", [row["node"]]))
        self.classes = {row["class"], *row.get("also", "").split()} if "class" in row else set()
        self.start_s = seconds(row["start"])
        self.end_s = seconds(row["end"])
        self.is_declared = row.get("is_declared", False)

    def holds(self, alert, moved_s=0):
        """Whether an alert may be due to this event, had it begun `moved_s` later."""
        return (not self.nodes.isdisjoint(alert.nodes)
                and self.start_s + moved_s <= alert.time_s <= self.end_s + moved_s + GRACE_S)


class Alert:
    """One alert, of weir or of bench/peers.c."""

    def __init__(self, row):
        self.row = row
        self.nodes = row.get("nodes") or [row["node"]]  # several: a fleet incident, listed under its first
        self.node = self.nodes[0]
        self.label = row["class"]
        self.direction = row["direction"]
        self.time_s = seconds(row["window_end"])
        self.episode = row["episode"]
        self.is_open = row["state"] == "open"
        self.action = row["recommended_action"]
        self.is_true = False


class Fleet:
    """What was done to a fleet."""

    def __init__(self, name, truth):
        self.name = name
        self.start_s, self.end_s = seconds(truth["start"]), seconds(truth["end"])
        self.attacks = [Event(row) for row in truth["attacks"]]
        for event in self.attacks:
            event.fleet = self
        self.attacks_of = by_node(self.attacks)
        self.benign_of = by_node(Event(row) for row in truth["benign"])
        self.roles = {row["node"]: row["role"] for row in truth["nodes"]}
        self.born_s = {row["node"]: seconds(row["from"]) if "from" in row else self.start_s for row in truth["nodes"]}
        self.node_days = sum(min(self.end_s, seconds(row["to"]) if "to" in row else self.end_s) - self.born_s[row["node"]]
                             for row in truth["nodes"]) / DAY_S

    def benign(self, alert):
        """The benign events that an alert may be due to."""
        return [event for node in alert.nodes for event in self.benign_of[node] if event.holds(alert)]

    def cause(self, alert):
        """The benign events that an alert may be due to, by name; and whether they were declared."""
        events = self.benign(alert)
        kinds = sorted({event.kind for event in events})
        return "+".join(kinds) or "nothing planned", any(event.is_declared for event in events)


class Outcome:
    """What one detector said of one fleet."""

    def __init__(self, fleet, alerts):
        self.fleet = fleet
        self.alerts = alerts
        self.opened = [alert for alert in alerts if alert.is_open]
        self.opened_of = collections.defaultdict(list)
        self.false = []
        self.declared = []
        for alert in alerts:
            alert.is_true = any(event.holds(alert) for node in alert.nodes for event in fleet.attacks_of[node])
        for alert in self.opened:
            for node in alert.nodes:
                self.opened_of[node].append(alert)
            if not alert.is_true:
                (self.declared if fleet.cause(alert)[1] else self.false).append(alert)
        self.false_of = collections.defaultdict(list)
        for alert in self.false + self.declared:
            for node in alert.nodes:
                self.false_of[node].append(alert)

    def seen(self, event):
        """The alerts that opened during an attack."""
        found = {id(a): a for node in sorted(event.nodes) for a in self.opened_of[node] if event.holds(a)}
        return list(found.values())

    def delay_s(self, event):
        """From an attack's start to its first alert of the right class; None: there is none."""
        return min((a.time_s - event.start_s for a in self.seen(event) if a.label in event.classes), default=None)

    def recycles(self):
        """Recommendations to recycle: those without an attack, and those of inbound classes or of a fleet."""
        asked = [alert for alert in self.alerts if alert.action == "recycle"]
        return (sum(not alert.is_true for alert in asked),
                sum(alert.direction == "in" or not alert.row["node"] for alert in asked))

    def is_chance(self, event, moved_s):
        return any(a.label in event.classes and event.holds(a, moved_s)
                   for node in event.nodes for a in self.false_of[node])


def by_node(events):
    table = collections.defaultdict(list)
    for event in events:
        for node in event.nodes:
            table[node].append(event)
    return table


def chance(outcomes, events, seed):
    """The shares of moved attacks that false alerts would have detected: moved anywhere, and by days."""
    draw = random.Random(seed)
    hits = [0, 0]
    tries = [0, 0]
    for event in events:
        fleet = event.fleet
        outcome = outcomes[fleet.name]
        first_s, last_s = fleet.start_s - event.start_s, fleet.end_s - event.end_s
        days = [d * DAY_S for d in range(-(-first_s // DAY_S), last_s // DAY_S + 1) if d != 0]
        for _ in range(MOVES):
            tries[0] += 1
            hits[0] += outcome.is_chance(event, draw.randint(first_s, max(first_s, last_s)))
            if days:
                tries[1] += 1
                hits[1] += outcome.is_chance(event, draw.choice(days))
    return tuple(hit / max(1, tried) for hit, tried in zip(hits, tries))


def read_alerts(path):
    with open(path, encoding="utf-8") as lines:
        return [Alert(json.loads(line)) for line in lines]


def share_right(outcomes, events):
    """Of the attacks, those detected in the right class."""
    return sum(outcomes[e.fleet.name].delay_s(e) is not None for e in events) / len(events) if events else 0.0


def false_rate(outcomes):
    days = sum(o.fleet.node_days for o in outcomes)
    return sum(len(o.false) for o in outcomes) / days if days else 0.0
