/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_EVIDENCE_BUILD_H
#define WEIR_DETECT_EVIDENCE_BUILD_H

#include "detect/conversation.h"
#include "detect/evidence.h"

/* Fills rows and counts of `out` (total and is_cut are the caller's) from the strands of one node
 * and direction, which are sorted in place. */
void evidence_build(struct evidence *out, struct strand *strands, size_t count);

#endif
