/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_FEATURE_MEASURE_H
#define WEIR_DETECT_FEATURE_MEASURE_H

#include "detect/acquaintance.h"
#include "detect/distinct.h"
#include "detect/exchange.h"
#include "detect/feature.h"
#include "detect/fleet.h"
#include "detect/ledger.h"
#include "detect/metric.h"
#include "detect/peer_group.h"

/* From the rows of exchange.h to the features of a node. Rejected packets are attempts and
 * failures: they count as unsolicited, unanswered and failed, and never as bytes that were
 * delivered.
 *
 * A peer is *novel* when the node has not been in contact with it (acquaintance.h) in the 32 days
 * before the window. Until it is grown (a day by default) a node has no novelty of its own: then a
 * peer is novel when it is unknown to the node and rare in the fleet (fleet.h), and while the fleet
 * is young, too, novelty is absent. */

/* DNS packets that carry more than this many bytes each are long. */
#define FEATURE_DNS_BYTES_MAX 138u

struct feature_values {
    double values[FEATURE_COUNT]; /* those of the cells, the ledger and the baseline are 0 */
    uint64_t absent;              /* feature_bit */
};

/* What is remembered of a node beside its conversations: at most 4 KiB and 56 bytes. */
struct feature_node {
    struct acquaintance peers;
    int64_t born_ms; /* start of the first window measured; -1: none yet */
    double dns_long_h;
    double newfail_h;
    uint8_t missing; /* enum feature_needs: what the last window measured did without */
};

struct features {
    const struct peer_grouping *grouping; /* borrowed */
    struct fleet *fleet;                  /* borrowed; NULL: no fleet's memory */
    int64_t grown_ms;                     /* a node this old has a novelty of its own */
    struct feature_node *nodes;           /* [node_capacity], by roster index */
    uint32_t node_capacity;
    /* What the last node that was measured exchanged with external peers in conversations that it
     * opened: with those that may be rare, a row each. */
    struct ledger_contact *contacts; /* [news_capacity] */
    uint32_t contact_count;
    struct acquaintance_news *news; /* [news_capacity], scratch */
    uint64_t *told;                 /* [news_capacity] groups that the fleet is told of */
    uint32_t told_count;
    uint32_t news_count;
    uint32_t news_capacity;
};

/* `done` accepts a zeroed one. */
void features_init(struct features *features, const struct peer_grouping *grouping,
                   struct fleet *fleet, int64_t grown_ms);
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

/* When the node first called the peer, or one of its group that answered: the start of that hour,
 * as of the window that starts at `start_ms`, which was measured. False: never, or it is forgotten.
 */
bool features_first_met(const struct features *features, uint32_t node,
                        const struct peer_group *peer, int64_t start_ms, int64_t *first_ms);

void features_forget(struct features *features, uint32_t node);

/* Of the node alone, acquaintances included. */
uint64_t features_node_bytes(const struct features *features, uint32_t node);

/* One node's memory as bytes and back; reading is total. Errors: ERROR_LIMIT. */
bool features_node_save(const struct features *features, uint32_t node, struct buffer *out,
                        struct error *err);
bool features_node_load(struct features *features, uint32_t node, struct cursor *cursor,
                        struct error *err);

#endif
