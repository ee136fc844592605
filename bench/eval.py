#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How well does `weir replay` find the attacks of generated fleets, how quiet is it otherwise, and
what do simple methods find in the same features?

Fleets are made by weir-gen and piped into the real replay: one that is attacked in 28 ways, one that
is not, one with three times the churn of external peers, a small one for five weeks (novelty lasts
32 days), and two for more of those attacks that have a bar of their own: ramps are for themselves,
since a node that sent 100 times its usual for a day has learned that. bench/eval_match.py says
what counts as detected, right and false. The peers are those of bench/peers.c.

usage: bench/eval.py BUILD [--scale S] [--seed N] [--per-kind N] [--only FLEET,...] [--jobs N]
                     [--no-peers] [--json FILE] [--misses FILE] [--false-alerts FILE] [--keep DIR]
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import eval_match as match  # pylint: disable=wrong-import-position

START = "2026-03-02"

# Fleets at scale 1: nodes, days, what else weir-gen is told, attacks of each kind, and whether the
# peers see it. Nodes of a pool that scales live for half a day, so node-days are fewer than nodes x days.
FLEETS = {
    "attacked": (160, 14, ["--attacks", "all"], 16, True),
    "quiet": (160, 14, [], 0, True),
    "churn x3": (70, 10, ["--churn", "9"], 0, False),
    "five weeks": (20, 35, ["--attacks", "all"], 1, False),
    "leaks": (80, 14, ["--attacks", "exfil,exfil_known,exfil_drip"], 24, False),
    "ramps": (40, 10, ["--attacks", "exfil_ramp"], 24, False),
}
EXTRA = ("leaks", "ramps")
QUICK_NODES = 14  # at least, so that every role is there

# What divides the usual limits of a peer: a ladder around 1, and far steps for absolute limits.
SENSITIVITIES = "0.06,0.08,0.1,0.12,0.15,0.2,0.3,0.45,0.65,1,1.5,2.5,10,30,100"


def run_fleet(options, name, number):
    """Makes a fleet and replays it through a pipe; the peers read the features from another one."""
    nodes, days, arguments, per_kind, has_peers = FLEETS[name]
    nodes = max(QUICK_NODES, round(nodes * options.scale))
    per_kind = max(1, round(per_kind * options.scale * options.per_kind / 16)) if per_kind else 0
    fleet = [options.build / "bin/weir-gen", "fleet", "--nodes", str(nodes), "--days", str(days), "--start", START,
             "--with", "all", "--seed", str(options.seed * 10 + number), *arguments]
    if per_kind:
        fleet += ["--attacks-per-kind", str(per_kind)]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-eval-"))
    try:
        return replay(options, name, fleet, folder, has_peers and options.has_peers)
    finally:
        if options.keep is not None:
            shutil.copytree(folder, options.keep / name.replace(" ", "-"), dirs_exist_ok=True)
        shutil.rmtree(folder)


def replay(options, name, fleet, folder, has_peers):
    plan, done = folder / "plan", folder / "done"
    # The inventory has to be there before the first line is read.
    subprocess.run([*fleet, "--plan-only", "--out", plan], check=True, stderr=subprocess.DEVNULL)
    weir = [options.build / "bin/weir", "replay", "--inventory", plan / "inventory.csv", "-o", "ndjson",
            "--summary", "json", *options.weir.split(), "-"]
    peers = None
    begin = time.monotonic()
    if has_peers:
        features = folder / "features.csv"
        os.mkfifo(features)
        weir[2:2] = ["--features", features]
        peers = start_peers(options, features, folder)
    with open(folder / "alerts.ndjson", "wb") as alerts, \
            subprocess.Popen([*fleet, "--stdout", "--out", done], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL) as lines:
        run = subprocess.run(weir, stdin=lines.stdout, stdout=alerts, stderr=subprocess.PIPE, text=True, check=False)
        lines.stdout.close()
    if run.returncode != 0 or lines.returncode != 0:
        if peers is not None:
            peers.kill()
        sys.exit(f"eval: {name}: weir ended with status {run.returncode}, weir-gen with {lines.returncode}\n{run.stderr}")
    if peers is not None and peers.wait() != 0:
        sys.exit(f"eval: {name}: the peers ended with status {peers.returncode}")
    truth = match.Fleet(name, json.loads((done / "truth.json").read_text(encoding="utf-8")))
    result = match.Outcome(truth, match.read_alerts(folder / "alerts.ndjson"))
    result.wall_s = time.monotonic() - begin
    result.records = json.loads(run.stderr.splitlines()[-1])["records"]
    return result, peer_outcomes(truth, folder / "peers.ndjson") if has_peers else {}


def start_peers(options, features, folder):
    """Reads a pipe, and keeps what it reads where that was asked for."""
    reader = f'tee "{folder}/kept.csv" <"{features}"' if options.keep else f'cat "{features}"'
    command = f'{reader} | "{options.build}/bench/peers" --sensitivity {SENSITIVITIES} >"{folder}/peers.ndjson"'
    return subprocess.Popen(["sh", "-c", command])


def peer_outcomes(truth, path):
    """Outcomes by peer and sensitivity."""
    alerts = collections.defaultdict(list)
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            alerts[row["peer"], row["sensitivity"]].append(match.Alert(row))
    return {key: match.Outcome(truth, rows) for key, rows in alerts.items()}


# --- attacks by kind -----------------------------------------------------------------------------

def percent(part, whole):
    return f"{100 * part / whole:.0f} %" if whole else "-"


def quantile(values, share):
    """None without values."""
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else None


def minutes(value):
    return "-" if value is None else f"{value / 60:.0f}"


def figures_of(outcomes, events, seed):
    """What one line of the table of kinds says."""
    seen = [outcomes[e.fleet.name].seen(e) for e in events]
    delays = [d for e in events if (d := outcomes[e.fleet.name].delay_s(e)) is not None]
    alerts = sum(map(len, seen))
    incidents = sum(len({a.episode for a in found}) for found in seen)
    anywhere, same_hour = match.chance(outcomes, events, seed)
    return {
        "attacks": len(events), "detected": sum(map(bool, seen)), "right": len(delays),
        "median_s": quantile(delays, .5), "p90_s": quantile(delays, .9),
        "alerts_an_incident": alerts / incidents if incidents else 0.0,
        "chance": anywhere, "chance_same_hour": same_hour,
    }


def print_kinds(outcomes, events, seed):
    """The table; its figures by kind."""
    kinds = collections.defaultdict(list)
    for event in events:
        kinds[event.kind].append(event)
    rows = {kind: figures_of(outcomes, kinds[kind], seed) for kind in sorted(kinds)}
    rows["all"] = figures_of(outcomes, events, seed)
    print(f"{'kind':<20}{'count':>6}{'detected':>10}{'right':>8}{'median':>9}{'p90':>7}{'an incid.':>11}{'chance':>9}"
          f"{'same hour':>11}")
    print(f"{'':<44}{'min':>9}{'min':>7}{'alerts':>11}")
    for kind, f in rows.items():
        print(f"{kind:<20}{f['attacks']:>6}{percent(f['detected'], f['attacks']):>10}{percent(f['right'], f['attacks']):>8}"
              f"{minutes(f['median_s']):>9}{minutes(f['p90_s']):>7}{f['alerts_an_incident']:>11.2f}"
              f"{percent(f['chance'], 1):>9}{percent(f['chance_same_hour'], 1):>11}")
    return rows


# --- false alerts --------------------------------------------------------------------------------

def print_false(outcome):
    fleet = outcome.fleet
    rate = match.false_rate([outcome])
    false, inbound = outcome.recycles()
    print(f"\n{fleet.name}: {fleet.node_days:.0f} node-days, {outcome.records} records in {outcome.wall_s:.0f} s; "
          f"false alerts a node-day {rate:.4f} ({len(outcome.false)}; {len(outcome.declared)} more in declared changes); "
          f"false recycle recommendations {false}; inbound or of a fleet {inbound}")
    causes = collections.Counter((rule_of(a), fleet.cause(a)[0]) for a in outcome.false)
    for (rule, cause), number in causes.most_common():
        print(f"  {number:>5}  {rule:<32} {cause}")
    return {"node_days": fleet.node_days, "records": outcome.records, "seconds": outcome.wall_s,
            "false_alerts": len(outcome.false), "false_alerts_a_node_day": rate, "declared": len(outcome.declared),
            "false_recycles": false, "inbound_recycles": inbound,
            "causes": [[rule, cause, number] for (rule, cause), number in causes.most_common()]}


def rule_of(alert):
    return f"{alert.label} {alert.row.get('rule', '')}"


# --- lists to tune by ----------------------------------------------------------------------------

def describe(alert):
    """An alert in a few words: what the rule saw."""
    row = alert.row
    parts = [f"{match.clock(alert.time_s)} {alert.node} {rule_of(alert)}"]
    parts += [f"{key}={row[key]:g}" for key in ("observed", "expected", "threshold", "score", "confidence") if key in row]
    return " ".join(parts)


def write_misses(path, outcomes, events):
    with open(path, "w", encoding="utf-8") as out:
        print("fleet", "kind", "class", "node", "role", "age_h", "start", "end", "how_much", "alerts in that time", sep="\t",
              file=out)
        for event in events:
            outcome = outcomes[event.fleet.name]
            if outcome.delay_s(event) is not None:
                continue
            row, node = event.row, event.row["node"]
            how_much = " ".join(f"{key}={row[key]}" for key in
                                ("fold", "calls_a_minute", "megabytes_a_minute", "gap_s", "port", "bytes", "packets",
                                 "lines") if key in row)
            age_h = (event.start_s - event.fleet.born_s[node]) / 3600
            print(event.fleet.name, event.kind, "|".join(sorted(event.classes)), ",".join(sorted(event.nodes)),
                  event.fleet.roles[node], f"{age_h:.1f}", row["start"], row["end"], how_much,
                  "; ".join(map(describe, outcome.seen(event))) or "-", sep="\t", file=out)


def write_false(path, outcomes):
    with open(path, "w", encoding="utf-8") as out:
        print("fleet", "class", "rule", "node", "role", "age_h", "window_end", "observed", "expected", "threshold",
              "score", "action", "cause", "events", sep="\t", file=out)
        for outcome in outcomes.values():
            fleet = outcome.fleet
            for alert in outcome.false + outcome.declared:
                cause, is_declared = fleet.cause(alert)
                events = "; ".join(f"{e.kind} {e.row['start']}..{e.row['end']} fold={e.row.get('fold', '-')}"
                                   for e in fleet.benign(alert))
                row = alert.row
                age_h = (alert.time_s - fleet.born_s[alert.node]) / 3600
                print(fleet.name, alert.label, row.get("rule", ""), alert.node, fleet.roles[alert.node], f"{age_h:.1f}",
                      match.clock(alert.time_s), *(f"{row[key]:g}" if key in row else "-" for key in
                                                   ("observed", "expected", "threshold", "score")),
                      alert.action, ("declared " if is_declared else "") + cause, events, sep="\t", file=out)


# --- peers ---------------------------------------------------------------------------------------

def print_peers(outcomes, peers, events):
    """Each peer at its usual limits, and at the sensitivities where it is as quiet or as sharp as weir."""
    names = sorted({key for by_setting in peers.values() for key in by_setting})
    seen = [fleet for fleet, by_setting in peers.items() if by_setting]
    if not names:
        return {}
    events = [e for e in events if e.fleet.name in seen]
    ours = {"right": match.share_right(outcomes, events), "false": match.false_rate([outcomes[f] for f in seen])}
    points = {}
    for name, sensitivity in names:
        at = {f: peers[f].get((name, sensitivity)) or match.Outcome(outcomes[f].fleet, []) for f in seen}
        points.setdefault(name, {})[sensitivity] = (match.share_right(at, events), match.false_rate(at.values()))
    print(f"\npeers on the same features ({', '.join(seen)}; {len(events)} attacks): usual limits; as quiet as weir; as sharp")
    print(f"{'':<14}{'right':>7}{'false':>9}{'right at most':>16}{'false at least':>17}")
    print(f"{'weir':<14}{percent(ours['right'], 1):>7}{ours['false']:>9.3f}")
    result = {"weir": ours, "peers": {}}
    for name, curve in points.items():
        right, false = curve.get(1, (0.0, 0.0))
        quiet = max((r for r, f in curve.values() if f <= ours["false"]), default=0.0)
        sharp = min((f for r, f in curve.values() if r >= ours["right"]), default=None)
        print(f"{name:<14}{percent(right, 1):>7}{false:>9.3f}{percent(quiet, 1):>16}"
              f"{'never' if sharp is None else f'{sharp:.3f}':>17}")
        result["peers"][name] = {"right": right, "false": false, "right_at_our_false": quiet,
                                 "false_at_our_right": sharp, "curve": {str(s): p for s, p in sorted(curve.items())}}
    best = max(result["peers"], key=lambda name: result["peers"][name]["right"])
    peer = result["peers"][best]
    result["best"] = best
    print(f"detected at the false alert rate of the best peer ({best}, {peer['false']:.3f}): weir {percent(ours['right'], 1)} "
          f"(at {ours['false']:.3f}), the peer {percent(peer['right'], 1)}; "
          f"false alerts a node-day at its detection ({percent(peer['right'], 1)}): weir {ours['false']:.3f} "
          f"(at {percent(ours['right'], 1)}), the peer {peer['false']:.3f}")
    return result


# --- bars ----------------------------------------------------------------------------------------

def within(outcomes, events, limit_s):
    delays = [outcomes[e.fleet.name].delay_s(e) for e in events]
    return sum(d is not None and d <= limit_s for d in delays) / len(events) if events else None


def bars_of(outcomes, events, everything):
    """(figure, value, how it is compared, bar), in the order of the printed table."""
    of = collections.defaultdict(list)
    for event in everything:
        of[event.kind].append(event)
    rated = [o for name, o in outcomes.items() if name != "churn x3"]
    leaks = [d for e in of["exfil"] + of["exfil_known"] if (d := outcomes[e.fleet.name].delay_s(e)) is not None]
    opened = [a for o in outcomes.values() for a in o.opened]
    incidents = {(o.fleet.name, a.episode) for o in outcomes.values() for a in o.opened}
    recycles = [o.recycles() for o in outcomes.values()]
    return [
        ("attacks of all kinds", len(events), ">=", 400),
        ("detected in the right class", match.share_right(outcomes, events) if events else None, ">=", .85),
        ("node-days that false alerts are counted in", sum(o.fleet.node_days for o in rated), ">=", 5000),
        ("false alerts a node-day", match.false_rate(rated) if rated else None, "<=", .01),
        ("false recycle recommendations, churn x3 too", sum(r[0] for r in recycles), "<=", 0),
        ("recycle recommendations, inbound or of a fleet", sum(r[1] for r in recycles), "<=", 0),
        ("exfiltration 100x to a new peer", match.share_right(outcomes, of["exfil"]) if of["exfil"] else None, ">=", .95),
        ("exfiltration 100x to a known peer",
         match.share_right(outcomes, of["exfil_known"]) if of["exfil_known"] else None, ">=", .90),
        ("their median time to detect, s", statistics.median(leaks) if leaks else None, "<=", 180),
        ("drip detected within 10 h", within(outcomes, of["exfil_drip"], 36000), ">=", .75),
        ("ramp detected within 12 h", within(outcomes, of["exfil_ramp"], 43200), ">=", .95),
        ("open alerts an incident", len(opened) / len(incidents) if incidents else None, "<=", 1.6),
    ]


def print_bars(bars):
    print(f"\n{'bar':<46}{'':>12}{'':>9}")
    rows = []
    for name, value, relation, bar in bars:
        is_met = value is not None and (value >= bar if relation == ">=" else value <= bar)
        word = "-" if value is None else "met" if is_met else "missed"
        shown = "-" if value is None else f"{value:.4g}"
        print(f"{name:<46}{shown:>12}{relation:>4} {bar:<6g}{word}")
        rows.append({"bar": name, "value": value, "relation": relation, "limit": bar, "is_met": is_met})
    return rows


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--scale", type=float, default=1, help="of the fleets' nodes and attacks")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-kind", type=int, default=16, help="attacks of each kind at scale 1 (28 kinds)")
    parser.add_argument("--only", default=",".join(FLEETS), help="fleets, by name")
    parser.add_argument("--jobs", type=int, default=2, help="fleets at a time")
    parser.add_argument("--no-peers", dest="has_peers", action="store_false")
    parser.add_argument("--weir", default="", metavar="OPTIONS", help="more options for `weir replay`")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write all figures here")
    parser.add_argument("--misses", type=pathlib.Path, metavar="FILE", help="write the attacks not found rightly (TSV)")
    parser.add_argument("--false-alerts", type=pathlib.Path, metavar="FILE", help="write the false alerts (TSV)")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR", help="keep alerts, features and truth")
    options = parser.parse_args()
    options.fleets = options.only.split(",")
    if any(name not in FLEETS for name in options.fleets):
        parser.error(f"fleets are {', '.join(FLEETS)}")
    return options


def main():
    options = read_options()
    outcomes, peers = {}, {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        runs = {name: pool.submit(run_fleet, options, name, number) for number, name in enumerate(FLEETS)
                if name in options.fleets}
        for name, run in runs.items():
            outcomes[name], peers[name] = run.result()
    everything = [event for outcome in outcomes.values() for event in outcome.fleet.attacks]
    events = [event for event in everything if event.fleet.name not in EXTRA]  # of all kinds alike
    summary = {"seed": options.seed, "scale": options.scale, "kinds": {}, "fleets": {}}
    if events:
        print("attacks of all fleets but leaks and ramps")
        summary["kinds"] = print_kinds(outcomes, events, options.seed)
    extra = [event for event in everything if event.fleet.name in EXTRA]
    if extra:
        print("\nattacks of leaks and ramps")
        summary["extra"] = print_kinds(outcomes, extra, options.seed)
    for name, outcome in outcomes.items():
        summary["fleets"][name] = print_false(outcome)
    summary["peers"] = print_peers(outcomes, peers, events)
    summary["bars"] = print_bars(bars_of(outcomes, events, everything))
    if options.misses:
        write_misses(options.misses, outcomes, everything)
    if options.false_alerts:
        write_false(options.false_alerts, outcomes)
    if options.json:
        options.json.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
