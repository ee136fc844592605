#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does `weir replay` name the attacks in real captures and labelled flow sets, and keep quiet in the rest?

bench/captures.tsv names them, with the options that suit each; every other capture of the folder has
to be quiet, too. A capture has no day to learn from: with --warm-up 0 its nodes are judged by what
nodes that nothing is known of may do. Flow sets (Zeek's conn.log, Argus' binetflow) are written as the
AWS lines that the interface of each `--local` node would have logged, by the minute, with TCP flags.

The time to detect is from the first packet to the end of the window of the first right alert.

usage: bench/captures_eval.py BUILD DATA [--only TEXT] [--rows] [--verbose]
Exit status: 0 all as expected, 1 not.
"""

import argparse
import calendar
import csv
import datetime
import ipaddress
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

FIELDS = ("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action "
          "log-status tcp-flags")
PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "ipv6-icmp": 58, "icmp6": 58}
SYN, FIN, RST, SYN_ACK = 2, 1, 4, 18


class Flow:
    """A conversation: who began it, and what each side sent; index 0 is the one who began."""

    def __init__(self, start_s, duration_s, protocol, addresses, ports, packets, sizes, flags):
        self.start_s, self.duration_s, self.protocol = start_s, duration_s, protocol
        self.addresses, self.ports, self.packets, self.sizes, self.flags = addresses, ports, packets, sizes, flags


def number(text):
    return float(text) if text not in (None, "", "-", "(empty)") else 0.0


def zeek_flows(lines):
    names = []
    for line in lines:
        if line.startswith("#fields"):
            names = line.rstrip("\n").split("\t")[1:]
        if line.startswith("#") or not line.strip():
            continue
        row = json.loads(line) if line.startswith("{") else dict(zip(names, line.rstrip("\n").split("\t")))
        yield zeek_flow(row)


def zeek_flow(row):
    history = str(row.get("history") or "")
    flags = [SYN if "S" in history else 0, SYN_ACK if "h" in history else 0]
    for side, letters in enumerate(("FR", "fr")):
        flags[side] |= (FIN if letters[0] in history else 0) | (RST if letters[1] in history else 0)
    # Some logs lack counts: then a letter of the history is a packet.
    packets = [int(number(row.get("orig_pkts"))) or sum(c.isupper() for c in history),
               int(number(row.get("resp_pkts"))) or sum(c.islower() for c in history)]
    sizes = [int(number(row.get("orig_ip_bytes")) or number(row.get("orig_bytes")) + 40 * packets[0]),
             int(number(row.get("resp_ip_bytes")) or number(row.get("resp_bytes")) + 40 * packets[1])]
    return Flow(float(row["ts"]), number(row.get("duration")), PROTOCOLS.get(row["proto"], 0),
                (row["id.orig_h"], row["id.resp_h"]), (int(row["id.orig_p"]), int(row["id.resp_p"])), packets, sizes, flags)


def argus_flows(lines):
    lines = list(lines)
    for row in csv.DictReader(lines, delimiter="\t" if "\t" in lines[0] else ","):
        if row["Proto"] not in PROTOCOLS:
            continue
        start = datetime.datetime.strptime(row["StartTime"], "%Y/%m/%d %H:%M:%S.%f").replace(tzinfo=datetime.timezone.utc)
        packets = [int(row["SrcPkts"]), int(row["TotPkts"]) - int(row["SrcPkts"])]
        sizes = [int(row["SrcBytes"]), int(row["TotBytes"]) - int(row["SrcBytes"])]
        ports = tuple(int(row[name], 0) if row[name] else 0 for name in ("Sport", "Dport"))
        yield Flow(start.timestamp(), float(row["Dur"]), PROTOCOLS[row["Proto"]], (row["SrcAddr"], row["DstAddr"]), ports,
                   packets, sizes, [0, 0])


def aws_lines(flows, nodes):
    """What the interfaces of `nodes` log of the flows: (time of the report, line)."""
    for flow in flows:
        first, last = int(flow.start_s) // 60, int(flow.start_s + flow.duration_s) // 60
        for node in nodes.intersection(flow.addresses):
            for side in (0, 1):
                yield from side_lines(flow, node, side, first, last)


def side_lines(flow, node, side, first, last):
    """One direction of a flow by the minute, evenly."""
    pieces = min(last - first + 1, max(1, flow.packets[side]))
    done = [0, 0]
    for piece in range(pieces):
        packets = flow.packets[side] * (piece + 1) // pieces - done[0]
        size = flow.sizes[side] * (piece + 1) // pieces - done[1]
        done = [done[0] + packets, done[1] + size]
        if packets == 0:
            continue
        start = max(int(flow.start_s), (first + piece) * 60)
        end = max(start, min(int(flow.start_s + flow.duration_s), (first + piece) * 60 + 59))
        ends = (flow.addresses[side], flow.addresses[1 - side], flow.ports[side], flow.ports[1 - side])
        yield end, (f"5 123456789012 eni-{node} {ends[0]} {ends[1]} {ends[2]} {ends[3]} {flow.protocol} {packets} {size} "
                    f"{start} {end} ACCEPT OK {flow.flags[side] if flow.protocol == 6 else 0}")


def silent_lines(lines, nodes):
    """What is logged of minutes without a flow: without it they would be minutes that nobody observed."""
    busy = {(int(line.split(" ")[10]) // 60, line.split(" ")[2]) for _, line in lines}
    minutes = [minute for minute, _ in busy]
    return [(minute * 60 + 59, f"5 123456789012 eni-{node} - - - - - - - {minute * 60} {minute * 60 + 59} - NODATA -")
            for minute in range(min(minutes), max(minutes) + 1) for node in nodes if (minute, f"eni-{node}") not in busy]


def unpacked(path):
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dc", path], capture_output=True, text=True, check=True).stdout.splitlines(True)
    return path.read_text(encoding="utf-8").splitlines(True)


def write_lines(path, options, folder):
    """A flow set as a file of lines; the options without --local, which an AWS line has no use for."""
    words = options.split()
    nodes = set()
    while "--local" in words:
        at = words.index("--local")
        nodes.add(str(ipaddress.ip_network(words[at + 1]).network_address))
        del words[at:at + 2]
    read = argus_flows if "binetflow" in path.name else zeek_flows
    lines = list(aws_lines(read(unpacked(path)), nodes))
    lines = sorted(lines + silent_lines(lines, nodes))
    out = folder / "flows.log"
    out.write_text("\n".join([FIELDS, *(line for _, line in lines)]) + "\n", encoding="ascii")
    return out, [*words, "--aws-interval", "60s"]


def seconds(text):
    fraction = float("0" + text[19:].rstrip("Z")) if len(text) > 20 else 0.0
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) + fraction


def replay(build, path, options, folder):
    """The alerts that opened, when the first packet was, and all alerts."""
    words = options.split()
    if path.parent.name == "flows":
        path, words = write_lines(path, options, folder)
    run = subprocess.run([build / "bin/weir", "replay", "-o", "ndjson", "--summary", "json", "--warm-up", "0", *words, path],
                         capture_output=True, text=True, check=False)
    if run.returncode not in (0, 3):
        sys.exit(f"captures_eval: {path.name}: weir ended with status {run.returncode}: {run.stderr}")
    alerts = [json.loads(line) for line in run.stdout.splitlines()]
    first = json.loads(run.stderr.splitlines()[-1])["first"]
    return [a for a in alerts if a["state"] == "open"], seconds(first) if first else 0.0, alerts


class Verdict:
    """What became of one row."""

    def __init__(self, row, opened, first_s, alerts):
        self.row = row
        wanted = set(row["classes"].split("|"))
        right = [a for a in opened if a["class"] in wanted]
        self.opened = opened
        self.is_slow = "--window 60s" in row["options"]
        self.delay_s = min((seconds(a["window_end"]) - first_s for a in right), default=None)
        self.others = sorted({a["class"] for a in opened} - (wanted if row["expect"] != "quiet" else set()))
        self.recycles = sum(a["recommended_action"] == "recycle" for a in alerts)
        inbound = [a for a in alerts if a["recommended_action"] == "recycle" and a["direction"] == "in"]
        if row["expect"] == "attack":
            self.word = "found" if right else "MISSED"
        elif row["expect"] == "beyond":
            self.word = "found all the same" if right else "beyond"
        else:
            self.word = "ALERTS" if opened else "quiet"
        if row["expect"] != "quiet" and self.others:
            self.word += ", OTHERS"
        if inbound or (self.recycles and row["expect"] == "quiet"):
            self.word += ", RECYCLE"
        self.is_good = self.word == self.word.lower()

    def print(self):
        got = ", ".join(f"{a['class']} by {a['rule']}" for a in self.opened[:4]) + (", ..." if len(self.opened) > 4 else "")
        delay = "" if self.delay_s is None else f"{self.delay_s:.0f} s"
        print(f"{self.word:<20}{self.row['file'].split('/')[-1][:58]:<60}{delay:>7}  {got or '-'}")


def read_table(path, data):
    names = ("file", "options", "expect", "classes", "note")
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = [dict(zip(names, line)) for line in lines]
    named = {row["file"] for row in rows}
    for capture in sorted((data / "pcap").iterdir()):
        name = f"pcap/{capture.name}"
        if capture.suffix in (".pcap", ".pcapng", ".cap") and name not in named:
            rows.append({"file": name, "options": "--window 10s", "expect": "quiet", "classes": "-", "note": ""})
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("data", type=pathlib.Path, help="the folder that has pcap/ and flows/")
    parser.add_argument("--only", default="", help="files whose name has this in it")
    parser.add_argument("--verbose", action="store_true", help="print quiet captures that no row names, too")
    options = parser.parse_args()
    if not (options.data / "pcap").is_dir():
        print(f"skip: there are no captures in {options.data}")
        return
    verdicts = []
    with tempfile.TemporaryDirectory() as folder:
        for row in read_table(pathlib.Path(__file__).with_name("captures.tsv"), options.data):
            if options.only not in row["file"] or not (options.data / row["file"]).exists():
                continue
            verdict = Verdict(row, *replay(options.build, options.data / row["file"], row["options"], pathlib.Path(folder)))
            verdicts.append(verdict)
            if row["note"] or not verdict.is_good or options.verbose:
                verdict.print()
    attacks = [v for v in verdicts if v.row["expect"] == "attack"]
    fast = [v.delay_s for v in attacks if v.delay_s is not None and v.row["file"].startswith("pcap") and not v.is_slow]
    quiet = [v for v in verdicts if v.row["expect"] == "quiet"]
    print(f"\n{sum(v.delay_s is not None for v in attacks)} of {len(attacks)} attacks found in their class, "
          f"{sum(v.word == 'found all the same' for v in verdicts)} of {sum(v.row['expect'] == 'beyond' for v in verdicts)} "
          f"beyond reach; {sum(not v.opened for v in quiet)} of {len(quiet)} others quiet; "
          f"alerts of another class in {sum('OTHERS' in v.word for v in verdicts)}; "
          f"recycle recommendations {sum(v.recycles for v in verdicts)}")
    print(f"median time to detect in captures with ticks of 10 s or less: {f'{statistics.median(fast):.0f} s' if fast else '-'} (bar: 30 s)")
    sys.exit(0 if all(v.is_good for v in verdicts) else 1)


if __name__ == "__main__":
    main()
