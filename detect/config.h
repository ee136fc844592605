/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_CONFIG_H
#define WEIR_DETECT_CONFIG_H

#include "detect/rule_param.h"

struct say;

/* All that besides the records forms state or alert. Its hash goes into the alerts' lineage. */
struct detector_config {
    struct bytes cluster; /* name in alerts; default "default" */
    int64_t window_ms;    /* 60,000 */
    int64_t warm_up_ms;   /* a node younger than this is cold: what it does is held against what
                             the fleet is used to, if anything; 24 h */
    int64_t quiet_ms;     /* an episode closes after this long without a firing: 30 min */
    int64_t ongoing_ms;   /* an open episode says so again after this long: 30 min */
    struct rule_params rules;
    const struct say *say;     /* what the operator says besides (say.h); borrowed; NULL: nothing */
    uint64_t memory_bytes_max; /* for the cells of open windows: 128 MiB */
    uint32_t conversations_max; /* open ones that are remembered: 1,048,576 */
    uint32_t groups_max;        /* of external peers, whom the fleet has met: 262,144 */
    uint32_t nodes_max;         /* 65,536; a node beyond it is counted and not watched */
};

/* The defaults above. */
void detector_config_init(struct detector_config *config);

/* XXH3-64 over every field in a fixed form. */
uint64_t detector_config_hash(const struct detector_config *config);

/* Errors: ERROR_ARGUMENT (which field, and its bounds). */
bool detector_config_check(const struct detector_config *config, struct error *err);

#endif
