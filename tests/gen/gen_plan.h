/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_PLAN_H
#define WEIR_TESTS_GEN_PLAN_H

#include "tests/gen/gen_event.h"

/* Random plans: benign life with all that looks bad in it, and attacks of chosen kinds, on nodes
 * and at times that the seed draws. What one part or kind plans does not depend on which others do.
 */

/* What benign life consists of, beside the ordinary traffic of gen_role.h. */
enum gen_part {
    GEN_PART_ROLES,   /* bastion, monitor, crawler */
    GEN_PART_SCALING, /* births and deaths */
    GEN_PART_CHURN,   /* new external peers, and uploads to some */
    GEN_PART_BACKUPS,
    GEN_PART_WEEKLY,
    GEN_PART_DEPLOYS,
    GEN_PART_CROWDS,
    GEN_PART_RETRIES,
    GEN_PART_DNS_STORMS,
    GEN_PART_NEWSLETTERS,
    GEN_PART_FAILOVERS,
    GEN_PART_DOWNLOADS,
    GEN_PART_MOVES,
    GEN_PART_GAPS,
    GEN_PART_LATE, /* reports that come late on a stream too, not in objects only */
    GEN_PART_COUNT,
};
#define GEN_PART_BIT(part) (UINT32_C(1) << (part))
#define GEN_PARTS_ALL (GEN_PART_BIT(GEN_PART_COUNT) - 1)

struct gen_plan_options {
    uint32_t parts;            /* bits GEN_PART_BIT */
    double churn_a_day;        /* new peers of a usual node */
    uint32_t attacks_per_kind; /* 0: by the rate */
    double attacks_a_week;     /* of a node, all kinds together */
    uint64_t quiet_s;          /* no attack before start + quiet */
};

struct gen_plan {
    struct gen_events *events;
    const struct gen_fleet *fleet;
    struct gen_plan_options options;
    uint64_t start_s;
    uint64_t end_s;
};

/* Reads "all", "none", or names with commas between. Errors: ERROR_ARGUMENT (names the word). */
bool gen_plan_parse_parts(const char *text, uint32_t *out, struct error *err);

/* Whether a text is "all" or kinds of attack with commas between: a plan for gen_plan_attacks. */
bool gen_plan_is_kinds(const char *text);

/* Appends the benign events of the options' parts. Errors: ERROR_LIMIT. */
bool gen_plan_benign(const struct gen_plan *plan, struct error *err);

/* Appends attacks of the kinds that `text` names, in turn. One that finds no place is left out: a
 * node is attacked once in twelve hours at most, by a kind that its role and the time allow.
 * Errors: ERROR_LIMIT. */
bool gen_plan_attacks(const struct gen_plan *plan, const char *text, struct error *err);

#endif
