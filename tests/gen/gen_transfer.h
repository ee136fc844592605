/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_TRANSFER_H
#define WEIR_TESTS_GEN_TRANSFER_H

#include "tests/gen/gen_event.h"

/* Adds what the `which`-th node of a GEN_TRANSFER event, number `number` of its table, begins to
 * move in the minute at `minute_s`, one of those of the event. */
void gen_transfer_minute(struct gen_event *event, uint32_t number, uint32_t which,
                         struct gen_traffic *traffic, uint64_t minute_s);

#endif
