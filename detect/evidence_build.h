/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_EVIDENCE_BUILD_H
#define WEIR_DETECT_EVIDENCE_BUILD_H

#include "detect/conversation.h"
#include "detect/evidence.h"

/* The strands of one node on their way into the evidence of one direction. */
struct gathering {
    struct evidence *out; /* zeroed; total and is_cut are the caller's */
    struct strand *rows;  /* [count], freed by the caller */
    size_t count;
    size_t capacity;
    uint8_t direction;
};

/* A strand_visit with a struct gathering as its context. Own addresses are taken from all strands
 * of known direction, all else from those of `direction` that were not rejected. Errors:
 * ERROR_LIMIT (memory). */
bool evidence_gather(void *gathering, const struct strand *strand, struct error *err);

/* Fills rows and counts of `out` from what was gathered, which is sorted in place. */
void evidence_build(struct gathering *gathering);

#endif
