#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the table that baseline_golden_test.c holds the envelope core to: one node, five and a half
days of minutes, in double precision. By our formulas and, for the last two columns, by those of the
prototype that the design was measured with; CHOICES says where these differ.

A row is a minute and, of that minute: y, mu, z, over_hour, over_record as it was scored; level,
deviation, season and envelope of its hour, record as it left them; the prototype's over_hour and
over_record.

usage: tests/unit/baseline_golden.py                 the table, as baseline_golden.inc.h
       tests/unit/baseline_golden.py --differences   how far each choice alone moves the scores
"""
import math
import sys

START_MINUTE = 7 * 60 + 30  # of the day; the first hour is half a one
MINUTES = 5 * 1440 + 720
SCALE = 1e4
FLEET_RECORD = 8.0  # of the mature nodes of the role, in bits
GAP = range(3 * 1440 + 90, 3 * 1440 + 290)  # not observed
# In each a rule holds or is latched. The first ends within an hour, the second as one ends.
EPISODES = (range(3 * 1440 + 400, 3 * 1440 + 425), range(4 * 1440 + 415, 4 * 1440 + 450))
HOURLY = (9, 7, 6, 5, 5, 7, 12, 20, 34, 44, 50, 52, 48, 50, 53, 51, 46, 40, 33, 27, 22, 18, 14, 11)

# What differs: (ours, the prototype's).
CHOICES = {
    "season_weight": ("min(c / 120, 1)", "c / (c + 120)"),
    "season_wait": ("learned from the first window on", "from the 61st on"),
    "first_deviation": ("not learned from the first window", "learned from it"),
    "episode_hour": ("that of the last window that fired", "that of the first that did not"),
    "episode_rise": ("two bits over any record", "two bits over that of the hour"),
}
OURS = {name: 0 for name in CHOICES}
PROTOTYPE = {name: 1 for name in CHOICES}


def series():
    """Bytes of each minute: a day's shape, noise, a backup at 02:10, what the episodes add; one burst
    while every window still counts whole. Whole numbers only, since the test makes the same."""
    state = 12345
    for t in range(MINUTES):
        state = (state * 1103515245 + 12345) % 2147483648
        noise = 50 + state // 65536 % 101  # percent
        minute = (START_MINUTE + t) % 1440
        value = HOURLY[minute // 60] * 1000 * noise // 100
        if 130 <= minute < 150:
            value += 20000000 // 100 * noise
        if t == 20 or any(t in episode for episode in EPISODES):
            value += 60000000 // 100 * noise
        yield value


def clip(value, low, high):
    return max(low, min(high, value))


def run(choices):
    """A row of scores and state for each minute that is observed."""
    level, deviation, count, record, peak = 0.0, 0.7, 0, 0.0, 0.0
    season, envelope, counts = [0.0] * 24, [0.0] * 24, [0] * 24
    hour_before, fired_hour, rows = None, 0, {}
    for t, value in enumerate(series()):
        h = (START_MINUTE + t) // 60 % 24
        if h != hour_before:
            if hour_before is not None:
                envelope[h] = max(envelope[h] - 0.15, 0)
                record = max(envelope)
            hour_before = h
        if t in GAP:
            continue
        count += 1
        is_cold = count < 1440
        y = math.log2(1 + value / SCALE)
        c = counts[h]
        weight = c / (c + 120) if choices["season_weight"] else min(c / 120, 1)
        mu = level + season[h] * weight
        d = max(deviation, 0.25)
        hour = max(envelope[h], envelope[h - 1], envelope[(h + 1) % 24], mu + 2 * d)
        own = max(record, FLEET_RECORD) if is_cold else record
        over_hour = y - (max(hour, own) if is_cold else hour)
        row = [y, mu, (y - mu) / d, over_hour, y - max(own, mu)]

        is_active = any(t in episode for episode in EPISODES)
        if is_active:
            peak, fired_hour = max(peak, y), h
        elif peak > 0:
            end = h if choices["episode_hour"] else fired_hour
            for slot in (end, end - 1):
                base = envelope[slot] if choices["episode_rise"] else record
                envelope[slot] = max(envelope[slot], min(peak, base + 2))
            record = max(record, envelope[end], envelope[end - 1])
            peak = 0.0

        rate, gain = max(1 / 1440, 1 / count), 0.1 if is_active else 1.0
        is_early = count < 30
        cut = y - mu if is_early else clip(y - mu, -3 * d, 3 * d)
        level += rate * gain * cut
        if count > 1 or choices["first_deviation"]:
            deviation += (0.05 if is_early else rate) * gain * (1.25 * abs(cut) - deviation)
        if count > 60 or not choices["season_wait"]:
            rest = clip(y - level - season[h], -3 * d, 3 * d)
            season[h] += max(1 / 240, 1 / (c + 1)) * gain * rest
        counts[h] += 1
        most = max(FLEET_RECORD + 2, mu + 2) if is_cold else math.inf
        rise = 0.0 if is_active else 8.0 if is_cold else 1 / 60
        envelope[h] += clip(min(y, most) - envelope[h], 0, rise)
        record = max(record, envelope[h])
        rows[t] = row + [level, deviation, season[h], envelope[h], record]
    return rows


def shown(t):
    """Every 173rd minute and all around the episodes, the backups and the gap."""
    near = [GAP.start, GAP.stop] + [end for e in EPISODES for end in (e.start, e.stop)]
    near += [day * 1440 + 130 - START_MINUTE for day in range(1, 6)]
    return t < 3 or 20 <= t < 22 or t % 173 == 0 or any(0 <= t - at < 2 for at in near)


def table():
    ours, prototype = run(OURS), run(PROTOTYPE)
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* Written by baseline_golden.py, which says what the columns are. */")
    print("/* clang-format off */")
    for t, row in ours.items():
        if shown(t):
            numbers = row + prototype[t][3:5]
            print(f"{{ {t}, {{ {', '.join(f'{number:.5f}' for number in numbers)} }} }},")


def differences():
    ours = run(OURS)
    for name in [*CHOICES, "all"]:
        other = run(PROTOTYPE if name == "all" else OURS | {name: 1})
        print(f"{name}: {' | '.join(CHOICES.get(name, ('ours', 'the prototype')))}")
        for days in (range(0, 1), range(1, 6)):
            moved = [abs(ours[t][3] - other[t][3]) for t in ours if t // 1440 in days]
            print(f"  days {days.start} to {days.stop - 1}: over_hour by {sum(moved) / len(moved):.4f}"
                  f" bits on average, {max(moved):.3f} at most")


if __name__ == "__main__":
    if sys.argv[1:] == ["--differences"]:
        differences()
    elif sys.argv[1:]:
        sys.exit("usage: tests/unit/baseline_golden.py [--differences]")
    else:
        table()
