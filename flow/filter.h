/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FILTER_H
#define WEIR_FLOW_FILTER_H

#include "flow/batch.h"

/* The filter language over batches: one grammar for flowq, allow-lists and live capture. The
 * grammar stands in flow/filter_parse.h and, for users, in weir-filter(7).
 *
 * A compiled filter is immutable and may be shared between threads; each thread evaluates it with
 * a `struct filter_scratch` of its own. Evaluation works a batch at a time: an address test costs
 * once a dictionary entry, a node test once a node, and only then are columns read. */

struct filter;
struct filter_scratch;

/* Compiles `text`. An empty or blank text matches everything. `out` is freed with filter_free.
 *
 * Errors: ERROR_ARGUMENT; the message has three lines: what is wrong at which column (from 1) and
 * what was expected, the text (a window of it when it is long), and a caret under the place.
 * ERROR_LIMIT: nested deeper than FILTER_DEPTH_MAX, or more than FILTER_TERMS_MAX terms. ERROR_IO:
 * an @FILE could not be read. */
bool filter_compile(struct filter **out, struct bytes text, struct error *err);
void filter_free(struct filter *filter);

#define FILTER_DEPTH_MAX 64
#define FILTER_TERMS_MAX 65536

/* The filter in its normal form (keywords spelled out, precedence by parentheses); compiling it
 * again gives the same filter. Appends to `out`. */
void filter_print(const struct filter *filter, struct buffer *out);

/* Which columns filter_match reads (bits 1 << FRAME_..., flow/frame.h). */
uint32_t filter_columns(const struct filter *filter);

/* Errors: ERROR_LIMIT. `free` accepts NULL. */
struct filter_scratch *filter_scratch_new(struct error *err);
void filter_scratch_free(struct filter_scratch *scratch);

/* Writes one bit a record into `bits` (bit i % 64 of word i / 64; BATCH_RECORDS_MAX / 64 words;
 * bits behind `count` are 0) and returns how many matched. Errors: none; out of memory counts as a
 * bug. */
uint32_t filter_match(const struct filter *filter, struct filter_scratch *scratch,
                      const struct batch *batch, uint64_t *bits);

/* The same by walking the tree for one record: the definition that filter_match is held to. */
bool filter_match_record(const struct filter *filter, const struct batch *batch, uint32_t i);

/* Whether it asks for nothing but who the node is: its name, its identity, or its address. */
bool filter_is_of_nodes(const struct filter *filter);

/* The same filter of a node without any flow, where filter_is_of_nodes. An address is that of a
 * node that is called by its address. */
bool filter_match_node(const struct filter *filter, const struct batch_node *subject);

#endif
