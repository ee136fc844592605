/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FRAME_SPLIT_H
#define WEIR_FLOW_FRAME_SPLIT_H

#include "flow/frame.h"

/* Cuts a batch that is too large for one frame into two halves: the first half of its records and
 * of its coverage rows, and the rest, each with the tables that they use and the stamp of `batch`.
 * Both outputs are initialised batches; what they held is gone. The feed's name is borrowed as that
 * of `batch` is. Where to cut hangs on the counts alone.
 *
 * Errors: ERROR_LIMIT (one record or coverage row at most: nothing is left to cut; memory). */
bool frame_split(const struct batch *batch, struct batch *first, struct batch *second,
                 struct error *err);

#endif
