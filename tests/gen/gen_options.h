/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_OPTIONS_H
#define WEIR_TESTS_GEN_OPTIONS_H

#include "base/option.h"

/* The options of weir-gen's commands: tables that parse, and print --help. */

struct gen_random_values {
    uint64_t lines;
    uint64_t seed;
};

struct gen_random_packets_values {
    uint64_t packets;
    uint64_t flows;
    uint64_t seed;
};

/* Of a fleet, as lines or as packets. */
struct gen_fleet_values {
    uint64_t nodes, days, weeks, accounts, seed, lines_per_object, late_permille;
    uint64_t churn, attacks_per_kind, attack_rate;
    int64_t duration_ms, lateness_ms, quiet_ms;
    const char *start, *out, *fields, *attacks, *backups, *with, *without;
    bool is_gzip, is_stdout, is_plan_only;
};

extern const struct option_table gen_random_table;         /* struct gen_random_values */
extern const struct option_table gen_random_packets_table; /* struct gen_random_packets_values */
extern const struct option_table gen_fleet_table;          /* struct gen_fleet_values */
extern const struct option_table gen_packets_table;        /* the same */

#endif
