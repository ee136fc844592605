/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_TELLING_H
#define WEIR_DETECT_TELLING_H

#include "detect/episode.h"

/* From what was measured to what is said: severity, confidence and advice of one alert. */

struct telling {
    const struct roster *roster;
    const struct episode *episode;
    enum rule rule;
    enum attack_class class_;
    enum feature feature;
    enum alert_state state;
    const struct finding_measure *measure; /* of the window; of a closed alert: the peak */
    uint8_t corroborating;
    bool has_second; /* another class of the node within a day */
    bool is_cold;
    uint32_t samples; /* windows that the baseline has learned from */
    int64_t end_ms;   /* of the window */
};

/* Fills all of `alert`, which is zeroed, but `id`, `episode`, `lineage` and the evidence. Its texts
 * are those of the roster and of the scorer's configuration. */
void telling_alert(const struct telling *telling, const struct scorer *scorer, struct alert *alert);

#endif
