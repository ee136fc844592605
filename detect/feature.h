/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_FEATURE_H
#define WEIR_DETECT_FEATURE_H

#include <stdbool.h>
#include <stdint.h>

/* What is measured of a node in a window, as numbers: one table that code, documents and output
 * share. The scored features come first: each has a baseline of its own and is scored as
 * y = log2(1 + x / scale), so that a value far below its scale is as good as none. The others are
 * raw: rules ask for them, or they stand in evidence. Sums are in units a minute; distinct counts
 * are of the window as it is.
 *
 * What a source cannot tell is absent, not zero: its bit is set in the mask that goes with the
 * values, and its value is 0. */

enum feature {
    FEATURE_OUT_INIT,
    FEATURE_OUT_SERV,
    FEATURE_UNSOL,
    FEATURE_REQ,
    FEATURE_HALF,
    FEATURE_UNREP,
    FEATURE_PORTS,
    FEATURE_ADM,
    FEATURE_SMTP,
    FEATURE_SMTP_NEW,
    FEATURE_DNS_LONG,
    FEATURE_NEWFAIL,
    FEATURE_DNS_LONG_H, /* these two sum over the last hour, with exponential decay */
    FEATURE_NEWFAIL_H,
    FEATURE_SCORED_COUNT,

    FEATURE_NEWPEERS = FEATURE_SCORED_COUNT,
    FEATURE_IN_FLOWS,
    FEATURE_OUT_FLOWS,
    FEATURE_OUT_FAIL,
    FEATURE_REFUSED,
    FEATURE_AMP,
    FEATURE_PPF,
    FEATURE_OUT_PENDING,
    FEATURE_OUT_EXTERNAL,
    /* Of the records alone, whoever opened the conversation. */
    FEATURE_IN_BYTES,
    FEATURE_OUT_BYTES,
    FEATURE_IN_PACKETS,
    FEATURE_OUT_PACKETS,
    FEATURE_IN_RECORDS,
    FEATURE_OUT_RECORDS,
    /* Of external peers that nobody else knows: all, the one to which most was sent, and the one
     * that was met in most minutes. */
    FEATURE_LED_NOW,
    FEATURE_LED_OUT,
    FEATURE_LED_IN,
    FEATURE_LED_OUT_LIMIT,
    FEATURE_LED_RATE,
    FEATURE_LED_RATE_LIMIT,
    FEATURE_LED_LONG,
    FEATURE_LED_LONG_LIMIT,
    FEATURE_LED_MINUTES,
    FEATURE_LED_MINUTES_LIMIT,
    FEATURE_DRIFT,
    FEATURE_COUNT,
};
_Static_assert(FEATURE_COUNT <= 64, "a mask has a bit for each");

/* What a feature cannot be told without. */
enum feature_needs {
    FEATURE_NEEDS_REPLIES = 1 << 0, /* both ways of a conversation: sampling loses some */
    FEATURE_NEEDS_NOVELTY = 1 << 1, /* a past of the node, or of the fleet */
};

struct feature_row {
    const char *name;
    const char *unit;
    float scale;       /* the u of the formula; 0: raw */
    uint8_t direction; /* enum direction: what an alert by it is about */
    uint8_t needs;     /* enum feature_needs */
    uint8_t cold;      /* enum feature_cold */
    const char *words; /* behind a value, for people: "37 MB/min sent" */
    const char *help;
};

/* How a scored feature of a node without a past is judged: against what the fleet is used to, even
 * where that is nothing; or, where a zero means little, only once the fleet is used to something.
 */
enum feature_cold {
    FEATURE_COLD_NEEDS_PRIOR,
    FEATURE_COLD_MAY_BE_ZERO,
};

extern const struct feature_row feature_rows[FEATURE_COUNT];

static inline uint64_t feature_bit(enum feature feature) {
    return UINT64_C(1) << feature;
}

/* Those of the table that need what is missing (enum feature_needs), as a mask. */
uint64_t feature_absent(uint8_t missing);

/* Volumes have their hours: what is usual at night, when backups run, says little of noon. Of the
 * others the largest of any hour counts for a node that has no past. */
static inline bool feature_has_hours(enum feature feature) {
    return feature == FEATURE_OUT_INIT || feature == FEATURE_OUT_SERV || feature == FEATURE_REQ;
}

/* A value that is a sum over the last hour grows by a sixtieth of a minute's, so its records do. */
static inline float feature_rise_scale(enum feature feature) {
    return feature == FEATURE_DNS_LONG_H || feature == FEATURE_NEWFAIL_H ? 1.0f / 60.0f : 1.0f;
}

#endif
