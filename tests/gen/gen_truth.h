/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_TRUTH_H
#define WEIR_TESTS_GEN_TRUTH_H

#include "tests/gen/gen_event.h"

/* What a detector should find, as one JSON object: seed, start, end, nodes (of an autoscaling place
 * each life, with its own from and to), attacks (with the class that each should be given, and
 * those that are right as well) and benign events (`is_declared`: operators knew of them). Times
 * are RFC 3339 in UTC; bytes, packets and lines are those that all interfaces of the fleet logged
 * of it; `peers` are those known beforehand, where conversations do not draw them one by one. A
 * boost or a gap has no lines of its own. */
void gen_truth_write(const struct gen_events *events, const struct gen_fleet *fleet,
                     uint64_t start_s, uint64_t end_s, struct buffer *out);

/* The declared ones among the events as a change calendar: node,from,to,reason. */
void gen_truth_changes(const struct gen_events *events, const struct gen_fleet *fleet,
                       struct buffer *out);

#endif
