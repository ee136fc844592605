/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_DETECTOR_VIEW_H
#define WEIR_DETECT_DETECTOR_VIEW_H

#include "detect/detector.h"
#include "detect/ledger.h"
#include "detect/rule.h"

/* What a detector knows of its nodes, to be looked at: what is normal for each, what its sources
 * cannot tell, and which rules that costs. Nothing here changes a result. One thread. */

/* One scored feature, in its unit, as the next window would be judged by. */
struct detector_view_feature {
    double expected;    /* at this hour */
    double record_hour; /* around this hour: what a rule's margin is over. Of a cold node: at least
                           what the fleet, or the node's role, is used to */
    double record;      /* at any hour, the same */
    bool is_absent;     /* the node's sources, or its age, do not tell it: the others say nothing */
    bool is_open;       /* a cold node, and nobody to hold it against: nothing is over it */
};

struct detector_view_node {
    struct bytes name; /* these four are valid until the detector changes */
    struct bytes identity;
    struct bytes role;
    struct bytes interface;
    int64_t age_ms;   /* since the first window in which it was observed */
    int64_t last_ms;  /* end of the last one */
    uint32_t windows; /* learned */
    bool is_retired;  /* another identity has taken its name */
    bool is_cold;
    uint64_t absent;    /* feature_bit: what its last window could not tell */
    uint32_t rules_off; /* bits 1 << enum rule: those that cannot fire for want of a feature, or of
                           somebody to hold a cold node against, or are switched off for it */
    struct detector_view_feature features[FEATURE_SCORED_COUNT];
    double limits[LEDGER_MEASURE_COUNT]; /* of the ledger; below 0: the fleet is too young */
    const struct ledger_entry *rare[LEDGER_ENTRIES_MAX]; /* [rare_count], by group; as the texts */
    uint32_t rare_count;
    uint64_t bytes; /* of memory that it takes */
};

/* How many nodes are known, retired ones too; they are sorted for detector_view_node. */
uint32_t detector_view_count(struct detector *detector);

/* The `rank`th of them by (name, identity), after detector_view_count. */
void detector_view_node(const struct detector *detector, uint32_t rank,
                        struct detector_view_node *out);

/* The length of the windows that a saved state was made with: what a detector needs to load it.
 * Errors: ERROR_FORMAT, ERROR_UNSUPPORTED. */
bool detector_view_window_ms(struct bytes state, int64_t *window_ms, struct error *err);

#endif
