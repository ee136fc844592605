/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_QUERY_BIN_H
#define WEIR_QUERY_BIN_H

#include "base/zone.h"

/* Bins of time by a zone's clock: minutes, hours, days. Where the clock is put forward or back a
 * bin is shorter or longer (a day of 23 or 25 hours); of two hours with one name each is a bin. */

/* Where the bin that holds `t_ms` begins. `bin_ms` is whole seconds, at most a day. NULL: UTC. */
int64_t bin_begin(const struct zone *zone, int64_t bin_ms, int64_t t_ms);

/* Where the bin behind the one that begins at `begin_ms` begins: later, always. */
int64_t bin_next(const struct zone *zone, int64_t bin_ms, int64_t begin_ms);

#endif
