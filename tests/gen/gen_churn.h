/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_CHURN_H
#define WEIR_TESTS_GEN_CHURN_H

#include "tests/gen/gen_traffic.h"

/* The benign churn of external peers: hosts that a node calls once or for an hour, and that nobody
 * met before: a customer's server, a package's new home, a partner's hook. One node in ten meets
 * ten times as many. The large uploads among them are events (GEN_EVENT_UPLOAD). */

/* How many new peers a node meets in a day, when usual nodes meet `a_day`. */
double gen_churn_rate(const struct gen_fleet *fleet, uint32_t node, double a_day);

/* Adds the minute's calls to new peers. */
void gen_churn_minute(struct gen_traffic *traffic, double a_day, uint64_t minute_s);

#endif
