/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_RANDOM_H
#define WEIR_TESTS_GEN_RANDOM_H

#include "base/error.h"

#include <stdint.h>

/* Nearly independent fields: the hardest input for a codec and for a parser's branches. Writes a
 * header and `line_count` lines of the default AWS format to the descriptor, 2,000 lines a second
 * of event time from 2024-10-27T03:33:20Z on. 400 interfaces by log-uniform rank, one line in a
 * thousand without data. Errors: ERROR_IO, ERROR_LIMIT (no memory). */
bool gen_random_write(int descriptor, uint64_t line_count, uint64_t seed, struct error *err);

#endif
