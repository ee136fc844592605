/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_CALLS_H
#define WEIR_TESTS_GEN_CALLS_H

#include "tests/gen/gen_event.h"

/* Adds the conversations that the `which`-th node of a GEN_CALLS event, number `number` of its
 * table, begins in the minute at `minute_s`; `height` is a factor of their number. */
void gen_calls_minute(struct gen_event *event, uint32_t number, uint32_t which, double height,
                      struct gen_traffic *traffic, uint64_t minute_s);

#endif
