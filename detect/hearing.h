/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_HEARING_H
#define WEIR_DETECT_HEARING_H

#include "detect/say.h"

/* What becomes of alerts by what the operator says (say.h): stands between who makes them and the
 * sink. An alert that is silenced is counted and not told, nor is the end of an episode of which
 * nothing was told; one within announced work is told with the work's name and without advice. What
 * is judged and learned does not depend on it. One thread. */

struct hearing;

enum hearing_verdict {
    HEARING_TELL,
    HEARING_SILENCED,
    HEARING_ALLOWED, /* not told either: legitimate traffic */
};

struct hearing_answer {
    enum hearing_verdict verdict;
    const struct say_silence *silence; /* that said so: an allowing one first; NULL: told */
    const struct say_plan *plan;       /* that announced it; NULL: none */
    enum alert_advice advice_most;     /* the most that it may advise */
};

/* `say` (NULL: nothing is said) is borrowed and outlives it, `sink` is copied. About 2 MB of
 * address space, of which little is touched, where a silence has a filter. Errors: ERROR_LIMIT. */
bool hearing_new(struct hearing **out, const struct say *say, const struct alert_sink *sink,
                 struct error *err);
void hearing_free(struct hearing *hearing);

/* Takes alerts that are complete, and hands on those that are told. Errors of its emit:
 * ERROR_LIMIT, those of the sink. */
struct alert_sink hearing_sink(struct hearing *hearing);

/* What is said about one alert. `evidence.keys` are what filters are asked about: as flows of the
 * alert's window and direction, with the node's name, identity and role, the conversation's
 * addresses, ports, protocol, bytes and packets. Action, TCP flags and flow log are unknown of
 * them, as of a record whose source does not tell. The answer's pointers are into `say`. Errors:
 * ERROR_LIMIT. */
bool hearing_ask(struct hearing *hearing, const struct alert *alert, struct hearing_answer *answer,
                 struct error *err);

/* Alerts that were not told, by why. */
uint64_t hearing_silenced(const struct hearing *hearing);
uint64_t hearing_allowed(const struct hearing *hearing);

/* The counts, and the episodes of which nothing was told yet, as bytes and back. Reading is total:
 * a failure latches in `cursor`. */
void hearing_save(const struct hearing *hearing, struct buffer *out);
bool hearing_load(struct hearing *hearing, struct cursor *cursor, struct error *err);

#endif
