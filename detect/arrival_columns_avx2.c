/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled with -mavx2 (the file's suffix). */
#include "detect/arrival_columns.inc.h"

void arrival_columns_fill_avx2(struct arrival_columns *columns, const struct batch *batch,
                               uint32_t first, uint32_t count, const struct arrival_clock *clock) {
    fill(columns, batch, first, count, clock);
}
