/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_HEARING_H
#define WEIR_DETECT_HEARING_H

#include "detect/say.h"

/* What becomes of an alert by what the operator says (say.h). One thread. */

struct hearing;

enum hearing_verdict {
    HEARING_TELL,
    HEARING_SILENCED, /* not told; judged and learned as ever */
    HEARING_ALLOWED,  /* not told: legitimate traffic */
};

struct hearing_answer {
    enum hearing_verdict verdict;
    const struct say_silence *silence; /* that said so: an allowing one first; NULL: told */
    const struct say_plan *plan;       /* that announced it; NULL: none */
    enum alert_advice advice_most;     /* the most that it may advise */
};

/* `say` is borrowed and outlives it. About 2 MB of address space, of which little is touched; none
 * where no silence has a filter. Errors: ERROR_LIMIT. */
bool hearing_new(struct hearing **out, const struct say *say, struct error *err);
void hearing_free(struct hearing *hearing);

/* The alert is complete but for its id; `evidence.keys` are what filters are asked about: as flows
 * of the alert's window and direction, with the node's name, identity and role, the conversation's
 * addresses, ports, protocol, bytes and packets. Action, TCP flags and flow log are unknown of
 * them, as of a record whose source does not tell. The answer's pointers are into `say`. Errors:
 * ERROR_LIMIT. */
bool hearing_ask(struct hearing *hearing, const struct alert *alert, struct hearing_answer *answer,
                 struct error *err);

#endif
