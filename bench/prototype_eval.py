#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does `weir replay` measure what the prototype of its features measured?

The prototype (agg_causal.c and feat_causal.c, which lie outside of the tree) sees the lines of a
generated fleet whole, weir sees them as a stream; both give the features of each node and minute.
Printed is, a feature, the share of node-minutes in which both say the same, over all of them and
over those in which either says anything, the sums over each other, and what differs by design.

usage: bench/prototype_eval.py BUILD PROTOTYPE [--nodes N] [--days N] [--seed N] [--csv FILE]
Exit status: 0 they agree as far as they should, 1 not.
"""

import argparse
import array
import collections
import csv
import ipaddress
import json
import pathlib
import subprocess
import sys
import tempfile
import time

START_S = 1772409600  # 2026-03-02
OUTPUTS = """in_bytes in_pkts in_flows in_peers out_bytes out_pkts out_flows out_peers out_ports
out_fail syn_unans smtp_peers dns_long amp_bytes newp_bytes new_peers in_bytes_rem dns_q newp_fail
unrep_out_bytes unrep_out_pkts pairflows half_in unsol_in_bytes unsol_in_flows newint_peers newg_bytes
newfleet_bytes admin_flows nrec rej_in rej_out max_newg_ob max_peer_ob udp_out_pkts new_groups
smtp_flows dns_out_bytes in_udp_bytes fail_known refused newq_bytes newq_peers newq_fail
newfleet_peers newfleetg_bytes max_fg_ob small_out smtp_new out_udp_bytes out_rem_bytes in_newpeers
led_ob led_ib led_am led_span led_cv led_n ledg_ob ledg_ib led_port ledn_ob ledn_ib fo_pk fo_fl
in_flows_ext in_fl_newext out_init_ext""".split()
AT = {name: i for i, name in enumerate(OUTPUTS)}

# Ours by theirs; the least share of node-minutes in which they agree, by how much the sums may differ, and why.
SPLIT = "a record that crosses minutes is split by seconds there"
REJECTS = "rejected packets are delivered there"
AT_ONCE = "a rejected conversation is known at once here, after the reply time there"
GROUPS = "addresses there, groups of a bounded memory here"
FEATURES = {
    "out_init": (lambda x: x("out_bytes") - x("out_rem_bytes"), .999, .001, SPLIT),
    "out_serv": (lambda x: x("out_rem_bytes"), .999, .001, SPLIT),
    "unsol": (lambda x: x("unsol_in_bytes"), .5, .01, AT_ONCE),
    "req": (lambda x: x("in_flows_ext"), .7, .3, "pods' addresses are external there"),
    "half": (lambda x: x("syn_unans"), .5, .01, AT_ONCE),
    "unrep": (lambda x: x("fo_pk"), .999, .001, SPLIT),
    "ports": (lambda x: x("out_ports"), .999, .001, ""),
    "adm": (lambda x: x("admin_flows"), .999, .01, ""),
    "smtp": (lambda x: x("smtp_peers"), .999, .001, ""),
    "smtp_new": (lambda x: x("smtp_new"), .9, None, GROUPS),
    "dns_long": (lambda x: x("dns_long"), .999, .001, ""),
    "newfail": (lambda x: x("newq_fail"), .9, None, GROUPS),
    "dns_long_h": (None, .7, .01, "decays in minutes that nobody observed there"),
    "newfail_h": (None, .7, None, GROUPS),
    "newpeers": (lambda x: x("newq_peers"), .8, None, GROUPS),
    "in_flows": (lambda x: x("in_flows"), .999, .001, ""),
    "out_flows": (lambda x: x("out_flows"), .999, .001, ""),
    "out_fail": (lambda x: x("out_fail"), .999, .01, ""),
    "refused": (lambda x: x("refused"), .99, .05, "by each minute's packets there, by all of them here"),
    "amp": (lambda x: x("amp_bytes"), .999, .001, ""),
    "ppf": (lambda x: x("fo_pk") / max(1, x("fo_fl")), .999, .001, SPLIT),
    "in_bytes": (lambda x: x("in_bytes"), .5, .01, REJECTS),
    "out_bytes": (lambda x: x("out_bytes"), .999, .001, SPLIT),
    "in_packets": (lambda x: x("in_pkts"), .5, .01, REJECTS),
    "out_packets": (lambda x: x("out_pkts"), .999, .001, SPLIT),
}
SUMS = {"dns_long_h": "dns_long", "newfail_h": "newfail"}  # over an hour, with decay


def make_fleet(options, folder):
    """The lines of a fleet that the prototype understands: IPv4, and of the nodes' own addresses."""
    fleet = [options.build / "bin/weir-gen", "fleet", "--nodes", str(options.nodes), "--days", str(options.days),
             "--start", "2026-03-02", "--without", "scaling", "--seed", str(options.seed),
             "--attacks", options.attacks, "--out", folder]
    subprocess.run([*fleet, "--plan-only"], check=True, stderr=subprocess.DEVNULL)  # the inventory
    with subprocess.Popen([*fleet[:-1], folder / "done", "--stdout"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as lines:
        kept = pick(lines.stdout, folder)
    if lines.returncode != 0:
        sys.exit(f"prototype_eval: weir-gen ended with status {lines.returncode}")
    return kept


def pick(lines, folder):
    logs = folder / "logs"
    logs.mkdir()
    own = {}
    kept = 0
    with open(logs / "fleet.log", "w", encoding="ascii") as out:
        out.write(next(lines))
        for line in lines:
            fields = line.split(" ", 6)
            # An interface's first line without a pod gives its address away: it is 10.x.
            if fields[3] != "-":
                if ":" in fields[3]:
                    continue
                address = own.get(fields[2])
                if address is None:
                    own.update(addresses_of(folder))
                    address = own[fields[2]]
                if address not in (fields[3], fields[4]):
                    continue
            out.write(line)
            kept += 1
    return kept


def addresses_of(folder):
    """IPv4 address by interface, of an inventory."""
    rows = collections.defaultdict(list)
    with open(folder / "inventory.csv", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            rows[row["node"]].append(row["match"])
    return {matches[0]: next(m for m in matches if m.startswith("10.")) for matches in rows.values()}


def run_prototype(options, folder):
    """Values by minute and node, and the nodes in their order."""
    own = addresses_of(folder)
    with open(folder / "inventory.csv", encoding="utf-8", newline="") as lines:
        name = {row["match"]: row["node"] for row in csv.DictReader(lines)}
    minutes = options.days * 1440
    with open(folder / "nodes.txt", "w", encoding="ascii") as out:
        out.write(f"{START_S} {minutes}\n")
        for interface, address in own.items():
            out.write(f"{interface} {int(ipaddress.ip_address(address))}\n")
    for source in ("agg_causal", "feat_causal"):
        subprocess.run(["cc", "-O2", "-w", "-o", folder / source, options.prototype / f"{source}.c", "-lm"], check=True)
    subprocess.run([folder / "agg_causal", folder, folder / "rows", "0"], check=True, capture_output=True)
    subprocess.run([folder / "feat_causal", folder, folder / "rows", folder / "values", "0"], check=True,
                   capture_output=True)
    values = array.array("f")
    with open(folder / "values", "rb") as data:
        values.frombytes(data.read())
    quality = (folder / "rows.qual").read_bytes()
    return values, quality, [name[interface] for interface in own]


def prototype_rows(values, quality, nodes):
    """(minute, node, quality, values) of what was observed, in order."""
    sums = collections.defaultdict(float)
    width = len(OUTPUTS)
    for index, seen in enumerate(quality):
        minute, node = divmod(index, len(nodes))
        base = index * width
        row = {name: of[0](lambda key: values[base + AT[key]]) for name, of in FEATURES.items() if of[0]}
        for name, of in SUMS.items():
            sums[name, node] = row[name] = sums[name, node] * (1 - 1 / 60) + row[of]
        if seen:
            yield minute, nodes[node], seen, row


def write_csv(path, rows, roles):
    """The form of `weir replay --features`."""
    with open(path, "w", encoding="ascii") as out:
        out.write("window_start,node,identity,role,age_minutes,quality," + ",".join(FEATURES) + "\n")
        for minute, node, seen, row in rows:
            start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START_S + 60 * minute))
            quality = 1 | (2 if seen & 4 else 0)
            out.write(f"{start},{node},{node},{roles[node]},{minute},{quality},"
                      + ",".join(f"{row[name]:.9g}" for name in FEATURES) + "\n")


def run_weir(options, folder):
    """Values by (minute, node), as text by column."""
    path = folder / "features.csv"
    subprocess.run([options.build / "bin/weir", "replay", "--inventory", folder / "inventory.csv", "--features", path,
                    "-o", "ndjson", "--summary", "none", folder / "logs"], check=True, stdout=subprocess.DEVNULL)
    table = {}
    with open(path, encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            start = time.strptime(row["window_start"][:19], "%Y-%m-%dT%H:%M:%S")
            minute = (int(time.mktime(start) - time.timezone) - START_S) // 60
            table[minute, row["node"]] = row
    return table


class Agreement:
    """Of one feature."""

    def __init__(self):
        self.same = self.all = self.same_busy = self.busy = self.absent = 0
        self.theirs = self.ours = 0.0

    def add(self, theirs, text):
        self.all += 1
        if text == "":
            self.absent += 1
            return
        ours = float(text)
        is_same = abs(ours - theirs) <= 1 + 1e-5 * abs(theirs) if max(ours, theirs) > 100 else abs(ours - theirs) < 0.01
        is_busy = ours != 0 or theirs != 0
        self.same += is_same
        self.busy += is_busy
        self.same_busy += is_same and is_busy
        self.ours += ours
        self.theirs += theirs


def compare(rows, table):
    result = {name: Agreement() for name in FEATURES}
    missing = 0
    for minute, node, _, row in rows:
        ours = table.get((minute, node))
        if ours is None:
            missing += 1
            continue
        for name, agreement in result.items():
            if name in ours:
                agreement.add(row[name], ours[name])
    return result, missing


def share(part, whole):
    return f"{100 * part / whole:.2f} %" if whole else "-"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("prototype", type=pathlib.Path, help="the folder of agg_causal.c and feat_causal.c")
    parser.add_argument("--nodes", type=int, default=14)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--attacks", default="all")
    parser.add_argument("--csv", type=pathlib.Path, help="write the prototype's features here, compare nothing")
    parser.add_argument("--keep", type=pathlib.Path, help="work in this empty folder")
    options = parser.parse_args()
    if not (options.prototype / "agg_causal.c").exists():
        print(f"skip: there is no prototype in {options.prototype}")
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or pathlib.Path(temporary)
        kept = make_fleet(options, folder)
        values, quality, nodes = run_prototype(options, folder)
        rows = prototype_rows(values, quality, nodes)
        if options.csv is not None:
            truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
            write_csv(options.csv, rows, {n["node"]: n["role"] for n in truth["nodes"]})
            return
        result, missing = compare(rows, run_weir(options, folder))
    print(f"{options.nodes} nodes, {options.days} days, {kept} lines; {missing} node-minutes that weir did not observe")
    print(f"{'feature':<14}{'the same':>10}{'of busy':>10}{'busy':>9}{'absent':>9}{'sum, ours/theirs':>18}  differs by design")
    bad = missing > 0
    for name, a in result.items():
        _, least, tolerance, why = FEATURES[name]
        ratio = a.ours / a.theirs if a.theirs else 1.0
        is_good = a.all > a.absent and a.same >= least * (a.all - a.absent) and (
            tolerance is None or abs(ratio - 1) <= tolerance)
        bad = bad or not is_good
        print(f"{name:<14}{share(a.same, a.all - a.absent):>10}{share(a.same_busy, a.busy):>10}{a.busy:>9}{a.absent:>9}"
              f"{ratio:>18.4f}  {why if is_good else 'DISAGREES'}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
