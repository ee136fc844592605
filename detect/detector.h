/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_DETECTOR_H
#define WEIR_DETECT_DETECTOR_H

#include "detect/alert.h"
#include "detect/config.h"
#include "detect/feature_sink.h"
#include "flow/batch.h"

/* The detector: the only face of this room that tools see. Records go in in any order; windows
 * close in order when the watermark passes; alerts come out. Everything that comes out is a
 * function of the records and the watermark's windows alone (docs/ARCHITECTURE.md, "Time").
 *
 * One thread. Memory is bounded by the configuration; what a bound costs is counted and marked. */

struct detector;

struct detector_counts {
    uint64_t windows;    /* closed in which any node was observed */
    uint64_t nodes;      /* known now */
    uint64_t nodes_warm; /* of them seen for longer than the warm-up */
    uint64_t alerts;     /* emitted */
    uint64_t silenced;   /* not emitted, since the operator says so (say.h) */
    uint64_t allowed;    /* not emitted, since the operator says that the traffic is legitimate */
    uint64_t episodes;
    uint64_t
        duplicate; /* flows set aside because another log observed the same interface and window */
    uint64_t late; /* records that touch only closed windows (their feed was set aside) */
    uint64_t direction_unknown; /* records that count for neither direction */
    uint64_t nodes_refused;     /* flows of nodes beyond nodes_max */
    uint64_t cells_cut;    /* conversations dropped at the memory bound, each time that they came */
    uint64_t memory_bytes; /* of cells, now */
    uint64_t conversations;         /* remembered over windows, now */
    uint64_t conversations_evicted; /* at the bound: each begins anew */
    /* Of memory, for what is known of nodes: baselines, rules, peers; spare room and what nodes
     * share not counted. */
    uint64_t node_bytes;     /* of all nodes */
    uint64_t node_bytes_max; /* of the one that takes most */
};

/* Errors: ERROR_ARGUMENT, ERROR_LIMIT. `sink` is copied; its context outlives the detector. */
bool detector_new(struct detector **out, const struct detector_config *config,
                  const struct alert_sink *sink, struct error *err);
void detector_free(struct detector *detector);

/* From now on gives `sink` what was measured in each window that closes. Copied; its context
 * outlives the detector. */
void detector_set_feature_sink(struct detector *detector, const struct feature_sink *sink);

/* Adds the records and coverage of a batch (which passes batch_check) to the cells of open windows.
 * Batches flagged LATE or FUTURE are passed over. Errors: ERROR_ARGUMENT (the stamp reaches back
 * more windows than a record may touch; nothing is added), ERROR_LIMIT (memory that no bound
 * covers; part of the batch may be added). */
bool detector_add(struct detector *detector, const struct batch *batch, struct error *err);

/* Closes, in order, every window that ends at or before `watermark_ms`. INT64_MAX closes all that
 * are open. The watermark never falls: a smaller one does nothing. Errors: those of the sink. */
bool detector_advance(struct detector *detector, int64_t watermark_ms, struct error *err);

struct detector_counts detector_counts(const struct detector *detector);

/* State to bytes and back (docs/FORMATS.md, "Detector state"): versioned, checksummed, a closed
 * part (baselines, episodes) and an open part (cells of open windows), both in a canonical order,
 * so that equal states are equal bytes. Appends to `out`. Conversations are brought into the form
 * in which they are saved (detect/settle.h), which does not show. Errors: ERROR_LIMIT. */
bool detector_state_save(struct detector *detector, struct buffer *out, struct error *err);

/* The same with an empty open part, for a caller that has the records themselves: it adds those
 * that end at or after detector_open_ms again after loading. The bytes follow from the closed
 * windows alone. */
bool detector_state_save_closed(const struct detector *detector, struct buffer *out,
                                struct error *err);

/* The start of the first window that is not closed, Unix ms; 0 before any was. */
int64_t detector_open_ms(const struct detector *detector);

/* Into a detector that is new. `bytes` is untrusted. Errors: ERROR_FORMAT, ERROR_UNSUPPORTED,
 * ERROR_ARGUMENT (saved with another window length); the detector is then as new. */
bool detector_state_load(struct detector *detector, struct bytes bytes, struct error *err);

#endif
