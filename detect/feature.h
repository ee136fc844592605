/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_FEATURE_H
#define WEIR_DETECT_FEATURE_H

#include "detect/acquaintance.h"
#include "detect/distinct.h"
#include "detect/exchange.h"
#include "detect/fleet.h"
#include "detect/metric.h"
#include "detect/peer_group.h"

/* What a node did in a window, as numbers: the features, each of which gets a baseline of its own
 * and is scored as y = log2(1 + x / scale), and raw ones, which only rules ask for. All are made of
 * the rows of exchange.h. Sums are in units a minute; distinct counts are of the window as it is.
 *
 * What a source cannot tell is absent, not zero: its bit in `absent` (`raw_absent`) is set and its
 * value is 0. Rejected packets are attempts and failures: they count as unsolicited, unanswered and
 * failed, and never as bytes that were delivered.
 *
 * A peer is *novel* when the node has not been in contact with it (acquaintance.h) in the 32 days
 * before the window. In its first day a node has no novelty of its own: then a peer is novel when
 * it is unknown to the node and rare in the fleet (fleet.h), and while the fleet is young, too,
 * novelty is absent. */

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
    FEATURE_COUNT,
};

enum feature_raw {
    FEATURE_RAW_NEWPEERS,
    FEATURE_RAW_IN_FLOWS,
    FEATURE_RAW_OUT_FLOWS,
    FEATURE_RAW_OUT_FAIL,
    FEATURE_RAW_REFUSED,
    FEATURE_RAW_AMP,
    FEATURE_RAW_PPF,
    FEATURE_RAW_OUT_PENDING,
    FEATURE_RAW_COUNT,
};

/* What a feature cannot be told without. */
enum feature_needs {
    FEATURE_NEEDS_REPLIES = 1 << 0, /* both ways of a conversation: sampling loses some */
    FEATURE_NEEDS_NOVELTY = 1 << 1, /* a day of the node's past, or of the fleet's */
};

struct feature_row {
    const char *name;
    const char *unit;
    float scale;       /* the u of the formula; 0: raw */
    uint8_t direction; /* enum direction: what an alert by it is about */
    uint8_t needs;     /* enum feature_needs */
    const char *help;
};

extern const struct feature_row feature_rows[FEATURE_COUNT];
extern const struct feature_row feature_raw_rows[FEATURE_RAW_COUNT];

/* DNS packets that carry more than this many bytes each are long. */
#define FEATURE_DNS_BYTES_MAX 138u

struct feature_values {
    double values[FEATURE_COUNT];
    double raw[FEATURE_RAW_COUNT];
    uint32_t absent; /* bit 1 << enum feature */
    uint32_t raw_absent;
};

/* What is remembered of a node beside its conversations: at most 4 KiB and 48 bytes. */
struct feature_node {
    struct acquaintance peers;
    int64_t born_ms; /* start of the first window measured; -1: none yet */
    double dns_long_h;
    double newfail_h;
};

struct features {
    const struct peer_grouping *grouping; /* borrowed */
    struct fleet *fleet;                  /* borrowed; NULL: no fleet's memory */
    struct feature_node *nodes;           /* [node_capacity], by roster index */
    uint32_t node_capacity;
    struct acquaintance_news *news; /* [news_capacity], scratch */
    uint32_t news_count;
    uint32_t news_capacity;
};

/* `done` accepts a zeroed one. */
void features_init(struct features *features, const struct peer_grouping *grouping,
                   struct fleet *fleet);
void features_done(struct features *features);

/* One node in one window in which it was observed. */
struct feature_view {
    uint32_t node;
    uint64_t name_hash; /* of the node, for the fleet */
    uint8_t quality;    /* enum metric_quality */
    int64_t start_ms;
    int64_t end_ms;
};

/* Measures a node by the rows that exchange_node gave of it, marks in `exchange` what later windows
 * need, and learns whom it contacted. Once a node and window, in any order of nodes and rows.
 * Errors: ERROR_LIMIT (memory; the window then counts in part). */
bool features_measure(struct features *features, const struct feature_view *view,
                      struct exchange *exchange, const struct exchange_row *rows, uint32_t count,
                      struct feature_values *out, struct error *err);

void features_forget(struct features *features, uint32_t node);

/* Of the node alone, acquaintances included. */
uint64_t features_node_bytes(const struct features *features, uint32_t node);

/* One node's memory as bytes and back; reading is total. Errors: ERROR_LIMIT. */
bool features_node_save(const struct features *features, uint32_t node, struct buffer *out,
                        struct error *err);
bool features_node_load(struct features *features, uint32_t node, struct cursor *cursor,
                        struct error *err);

#endif
