/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_SAY_H
#define WEIR_DETECT_SAY_H

#include "base/arena.h"
#include "detect/alert.h"
#include "detect/peer_group.h"
#include "detect/rule_param.h"
#include "flow/filter.h"

/* What the operator says, as plain values: the rules' numbers and for whom they differ, what is not
 * to be told, what was announced, who must never be recycled, and what past episodes were. Somebody
 * else reads it out of files (tools/config_file.h); here stands what it means. Nothing here knows
 * what time it is: everything is compared with the times of alerts.
 *
 * Built by the functions below (one thread), then only read (any thread). It owns all it holds. */

/* Shell patterns (base/glob.h), whole texts; an empty list means any. */
struct say_list {
    const struct bytes *globs;
    size_t count;
};

/* Whom and what something is about: each list must have one that matches. A node is matched by its
 * name or by its identity; a fleet incident, when each of its nodes is by its name. */
struct say_scope {
    struct say_list nodes;
    struct say_list roles;
    struct say_list classes; /* "exfil.volume" */
    struct say_list rules;   /* "exfil" */
};

/* [from, until), and where `every_ms` is not 0 the same again each time that has passed. A window
 * that it overlaps is within it. */
struct say_span {
    int64_t from_ms;  /* INT64_MIN: ever */
    int64_t until_ms; /* above from_ms */
    int64_t every_ms; /* 0, or at least until_ms - from_ms; then from_ms is a time */
};

/* Other numbers for some nodes. */
struct say_set {
    struct bytes name; /* may be empty */
    struct say_scope scope;
    struct rule_params params;
};

/* Alerts that are not told, while it lasts: those in its scope of which every conversation of the
 * evidence's `keys` matches the filter. An alert without any such conversation matches no filter.
 */
struct say_silence {
    char id[9]; /* hex of a hash of the others but `comment` */
    struct say_scope scope;
    struct say_span span;
    struct bytes filter_text;
    struct filter *filter; /* NULL: every alert in scope */
    struct bytes comment;
    bool is_allowed; /* an allow-list: the traffic is legitimate and may be learned, too */
};

/* What was announced: alerts within it are told, marked with its name, and advise nothing. */
struct say_plan {
    struct bytes name;
    struct say_scope scope;
    struct say_span span;
    bool is_change; /* of the change calendar; else maintenance */
};

/* Who does by trade what a rule takes for an attack (crawlers, scanners, mailers, monitoring): such
 * an alert never advises more than a notice. With ports: only where every conversation of the
 * evidence is with one of them. */
struct say_exempt {
    struct bytes name;
    struct say_scope scope;
    const uint16_t *ports; /* [port_count], of the peer or of the node */
    size_t port_count;
};

enum say_verdict { SAY_NOTHING, SAY_BENIGN, SAY_MALICIOUS };

/* What an episode was, as a person found out. */
struct say_ack {
    char episode[33]; /* 32 hex digits, as in alerts */
    enum say_verdict verdict;
    struct bytes comment;
};

#define SAY_SETS_MAX 1024u
#define SAY_SILENCES_MAX 4096u
#define SAY_PLANS_MAX 4096u
#define SAY_EXEMPTS_MAX 1024u
#define SAY_ACKS_MAX 32768u

struct say {
    struct say_set *sets; /* [set_count], the first that matches a node counts */
    size_t set_count;
    struct say_silence *silences;
    size_t silence_count;
    struct say_plan *plans;
    size_t plan_count;
    struct say_exempt *exempts;
    size_t exempt_count;
    struct say_ack *acks; /* by episode, ascending, once say_finish was called */
    size_t ack_count;
    struct peer_prefix *prefixes; /* of services, instead of the built-in ones */
    size_t prefix_count;
    bool has_prefixes;
    bool has_calendar;  /* changes are declared: what lies outside of them is none */
    struct arena arena; /* the texts */
};

/* Nothing said. `done` accepts a zeroed one. */
void say_init(struct say *say);
void say_done(struct say *say);

/* Each takes a copy of the row; what the row points to lies in `say`'s arena, and a silence's
 * filter becomes `say`'s (also on failure). Sets the silence's id. Errors: ERROR_LIMIT;
 * ERROR_ARGUMENT (the same silence twice). */
bool say_add_set(struct say *say, const struct say_set *set, struct error *err);
bool say_add_silence(struct say *say, const struct say_silence *silence, struct error *err);
bool say_add_plan(struct say *say, const struct say_plan *plan, struct error *err);
bool say_add_exempt(struct say *say, const struct say_exempt *exempt, struct error *err);
bool say_add_ack(struct say *say, const struct say_ack *ack, struct error *err);
bool say_add_prefix(struct say *say, const struct peer_prefix *prefix, struct error *err);

/* To be called when all was added. Errors: ERROR_ARGUMENT (an episode acknowledged twice). */
bool say_finish(struct say *say, struct error *err);

/* XXH3-64 over all that can change an alert or a state, in a fixed form; comments and the names of
 * sets are none of it. */
uint64_t say_hash(const struct say *say);

/* Whose numbers count for a node: 0 for everybody's, else 1 + the index of its set. */
size_t say_set_of(const struct say *say, struct bytes node, struct bytes identity,
                  struct bytes role);

/* What was said about an episode (32 hex digits). */
enum say_verdict say_ack_of(const struct say *say, const char *episode);

bool say_list_has(const struct say_list *list, struct bytes text);
bool say_scope_has(const struct say_scope *scope, const struct alert *alert);
bool say_span_has(const struct say_span *span, int64_t start_ms, int64_t end_ms);

/* The first plan that an alert's window lies in, or NULL. */
const struct say_plan *say_plan_of(const struct say *say, const struct alert *alert);

/* "nothing", "benign", "malicious". */
const char *say_verdict_name(enum say_verdict verdict);

#endif
