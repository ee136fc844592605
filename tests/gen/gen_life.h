/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_LIFE_H
#define WEIR_TESTS_GEN_LIFE_H

#include "tests/gen/gen_fleet.h"

/* Autoscaling: some places of a fleet are filled by day only. An instance is born in the morning
 * and ends 9 to 11 hours later; the next one takes over its private address under another name,
 * instance and interface. A life is a function of the seed, the place and the day. */

struct gen_life {
    uint64_t birth_s; /* Unix, whole minutes; half-open */
    uint64_t death_s;
};

/* The life of a scaled place on the day that begins at `day_s` (a midnight); false: none that day,
 * as on half of the days of a weekend. */
bool gen_life_of_day(const struct gen_fleet *fleet, uint32_t node, uint64_t day_s,
                     struct gen_life *out);

/* Whether somebody is in that place from `start_s` up to `end_s`, the same one all the time. */
bool gen_life_covers(const struct gen_fleet *fleet, uint32_t node, uint64_t start_s,
                     uint64_t end_s);

/* Gives `out` the place's node with the names that whoever was there at `at_s` had. */
void gen_life_node(const struct gen_fleet *fleet, uint32_t node, uint64_t at_s,
                   struct gen_node *out);

/* Ends and begins the lives that end and begin with the minute at `minute_s`. To be called for the
 * first minute, then for each. */
void gen_life_minute(struct gen_fleet *fleet, uint64_t minute_s);

/* The CSV inventory of the time [start_s, end_s): as gen_fleet_inventory, and for each life its own
 * rows with from and to. */
void gen_life_inventory(const struct gen_fleet *fleet, uint64_t start_s, uint64_t end_s,
                        struct buffer *out);

#endif
