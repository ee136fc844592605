/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_TRUTH_H
#define WEIR_TESTS_GEN_TRUTH_H

#include "tests/gen/gen_event.h"

/* What a detector should find, as one JSON object: seed, start, end, nodes, attacks (with the class
 * that each should be given) and benign events. Times are RFC 3339 in UTC; bytes, packets and lines
 * are those that the node's own interface logged with the listed peers. */
void gen_truth_write(const struct gen_events *events, const struct gen_fleet *fleet,
                     uint64_t start_s, uint64_t end_s, struct buffer *out);

#endif
