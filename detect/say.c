/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/say.h"

#include "base/glob.h"

#include <stdlib.h>
#include <xxhash.h>

/* A million episodes' comments, or a long list of prefixes. */
#define TEXT_MAX ((size_t)64 << 20)
#define HASHED_MAX ((size_t)1 << 30)

void say_init(struct say *say) {
    *say = (struct say){ 0 };
    arena_init(&say->arena, TEXT_MAX);
}

void say_done(struct say *say) {
    for (size_t i = 0; i < say->silence_count; i++) {
        filter_free(say->silences[i].filter);
    }
    free(say->sets);
    free(say->silences);
    free(say->plans);
    free(say->exempts);
    free(say->acks);
    free(say->prefixes);
    arena_done(&say->arena);
    *say = (struct say){ 0 };
}

/* Room for one more row behind `count`: rows double, so that room is sought at powers of two. */
static void *grow(void *rows, size_t count, size_t row_size) {
    bool is_full = count == 0 || (count >= 16 && (count & (count - 1)) == 0);
    return is_full ? realloc(rows, (count == 0 ? 16 : 2 * count) * row_size) : rows;
}

#define ADD(say, rows, counted, row, maximum, what, err)                                           \
    do {                                                                                           \
        if ((say)->counted >= (maximum)) {                                                         \
            return error_set(err, ERROR_LIMIT, "more than %u " what, (maximum));                   \
        }                                                                                          \
        void *grown = grow((say)->rows, (say)->counted, sizeof *(say)->rows);                      \
        if (grown == NULL) {                                                                       \
            return error_set(err, ERROR_LIMIT, "no memory for %zu " what, (say)->counted + 1);     \
        }                                                                                          \
        (say)->rows = grown;                                                                       \
        (say)->rows[(say)->counted++] = *(row);                                                    \
        return true;                                                                               \
    } while (0)

bool say_add_set(struct say *say, const struct say_set *set, struct error *err) {
    ADD(say, sets, set_count, set, SAY_SETS_MAX, "overrides", err);
}

bool say_add_plan(struct say *say, const struct say_plan *plan, struct error *err) {
    ADD(say, plans, plan_count, plan, SAY_PLANS_MAX, "windows of maintenance and changes", err);
}

bool say_add_exempt(struct say *say, const struct say_exempt *exempt, struct error *err) {
    ADD(say, exempts, exempt_count, exempt, SAY_EXEMPTS_MAX, "rows of never_recycle", err);
}

bool say_add_ack(struct say *say, const struct say_ack *ack, struct error *err) {
    ADD(say, acks, ack_count, ack, SAY_ACKS_MAX, "acknowledgements", err);
}

bool say_add_prefix(struct say *say, const struct peer_prefix *prefix, struct error *err) {
    ADD(say, prefixes, prefix_count, prefix, PEER_PREFIXES_MAX, "service prefixes", err);
}

static void hash_list(struct buffer *out, const struct say_list *list) {
    buffer_varint(out, list->count);
    for (size_t i = 0; i < list->count; i++) {
        buffer_string(out, list->globs[i]);
    }
}

static void hash_scope(struct buffer *out, const struct say_scope *scope) {
    hash_list(out, &scope->nodes);
    hash_list(out, &scope->roles);
    hash_list(out, &scope->classes);
    hash_list(out, &scope->rules);
}

static void hash_span(struct buffer *out, const struct say_span *span) {
    buffer_u64(out, (uint64_t)span->from_ms);
    buffer_u64(out, (uint64_t)span->until_ms);
    buffer_u64(out, (uint64_t)span->every_ms);
}

/* The filter counts by its normal form: with what its list files held. */
static void hash_silence(struct buffer *out, const struct say_silence *silence) {
    hash_scope(out, &silence->scope);
    hash_span(out, &silence->span);
    buffer_u8(out, silence->is_allowed);
    buffer_u8(out, silence->filter != NULL);
    size_t begin = out->size;
    if (silence->filter != NULL) {
        filter_print(silence->filter, out);
    }
    buffer_u64(out, out->size - begin);
}

/* An id is of the text as it was written, so that it stays when a list file changes. */
static bool silence_identify(struct say_silence *silence, struct error *err) {
    struct buffer text;
    buffer_init(&text, HASHED_MAX);
    struct say_silence named = *silence;
    named.filter = NULL;
    hash_silence(&text, &named);
    buffer_string(&text, silence->filter_text);
    bool ok = buffer_check(&text, "a silence", err);
    uint64_t hash = ok ? XXH3_64bits(text.data, text.size) : 0;
    for (size_t i = 0; i < 8; i++) {
        silence->id[i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 15];
    }
    silence->id[8] = '\0';
    buffer_done(&text);
    return ok;
}

static bool add_silence(struct say *say, const struct say_silence *silence, struct error *err) {
    ADD(say, silences, silence_count, silence, SAY_SILENCES_MAX, "silences", err);
}

bool say_add_silence(struct say *say, const struct say_silence *silence, struct error *err) {
    struct say_silence row = *silence;
    bool ok = silence_identify(&row, err);
    for (size_t i = 0; ok && i < say->silence_count; i++) {
        ok = strcmp(say->silences[i].id, row.id) != 0 ||
             error_set(err, ERROR_ARGUMENT, "the silence %s is there already", row.id);
    }
    ok = ok && add_silence(say, &row, err);
    if (!ok) {
        filter_free(row.filter);
    }
    return ok;
}

static int compare_acks(const void *a, const void *b) {
    return strcmp(((const struct say_ack *)a)->episode, ((const struct say_ack *)b)->episode);
}

bool say_finish(struct say *say, struct error *err) {
    if (say->ack_count > 0) {
        qsort(say->acks, say->ack_count, sizeof *say->acks, compare_acks);
    }
    for (size_t i = 1; i < say->ack_count; i++) {
        if (compare_acks(&say->acks[i - 1], &say->acks[i]) == 0) {
            return error_set(err, ERROR_ARGUMENT, "episode %s is acknowledged twice",
                             say->acks[i].episode);
        }
    }
    return true;
}

static void hash_sets(struct buffer *out, const struct say *say) {
    buffer_varint(out, say->set_count);
    for (size_t i = 0; i < say->set_count; i++) {
        hash_scope(out, &say->sets[i].scope);
        buffer_u64(out, rule_params_hash(&say->sets[i].params));
    }
}

static void hash_plans(struct buffer *out, const struct say *say) {
    buffer_u8(out, say->has_calendar);
    buffer_varint(out, say->plan_count);
    for (size_t i = 0; i < say->plan_count; i++) {
        buffer_string(out, say->plans[i].name);
        hash_scope(out, &say->plans[i].scope);
        hash_span(out, &say->plans[i].span);
    }
    buffer_varint(out, say->exempt_count);
    for (size_t i = 0; i < say->exempt_count; i++) {
        const struct say_exempt *exempt = &say->exempts[i];
        hash_scope(out, &exempt->scope);
        buffer_varint(out, exempt->port_count);
        for (size_t k = 0; k < exempt->port_count; k++) {
            buffer_u16(out, exempt->ports[k]);
        }
    }
}

static void hash_prefixes(struct buffer *out, const struct say *say) {
    buffer_u8(out, say->has_prefixes);
    buffer_varint(out, say->prefix_count);
    for (size_t i = 0; i < say->prefix_count; i++) {
        buffer_u64(out, say->prefixes[i].prefix.address.high);
        buffer_u64(out, say->prefixes[i].prefix.address.low);
        buffer_u8(out, say->prefixes[i].prefix.length);
        buffer_string(out, bytes_text(say->prefixes[i].service));
    }
}

uint64_t say_hash(const struct say *say) {
    struct buffer text;
    buffer_init(&text, HASHED_MAX);
    hash_sets(&text, say);
    buffer_varint(&text, say->silence_count);
    for (size_t i = 0; i < say->silence_count; i++) {
        hash_silence(&text, &say->silences[i]);
    }
    hash_plans(&text, say);
    buffer_varint(&text, say->ack_count);
    for (size_t i = 0; i < say->ack_count; i++) {
        buffer_put(&text, say->acks[i].episode, 32);
        buffer_u8(&text, (uint8_t)say->acks[i].verdict);
    }
    hash_prefixes(&text, say);
    /* What did not fit is not told apart: a lineage then says less than it could. */
    uint64_t hash = XXH3_64bits(text.data, text.size);
    buffer_done(&text);
    return hash;
}

bool say_list_has(const struct say_list *list, struct bytes text) {
    for (size_t i = 0; i < list->count; i++) {
        if (glob_match(list->globs[i], text)) {
            return true;
        }
    }
    return list->count == 0;
}

static bool scope_has_node(const struct say_scope *scope, struct bytes node, struct bytes identity,
                           struct bytes role) {
    return (say_list_has(&scope->nodes, node) || say_list_has(&scope->nodes, identity)) &&
           say_list_has(&scope->roles, role);
}

/* A fleet incident is about nodes that are named when it is so about each of its nodes. */
static bool scope_has_nodes(const struct say_scope *scope, const struct alert *alert) {
    bool is_whole = alert->node_count <= alert->node_rows;
    for (uint32_t i = 0; is_whole && i < alert->node_rows; i++) {
        is_whole = say_list_has(&scope->nodes, alert->nodes[i]);
    }
    return (is_whole || scope->nodes.count == 0) && say_list_has(&scope->roles, alert->role);
}

bool say_scope_has(const struct say_scope *scope, const struct alert *alert) {
    bool has_nodes = alert->node_rows > 0
                         ? scope_has_nodes(scope, alert)
                         : scope_has_node(scope, alert->node, alert->identity, alert->role);
    return has_nodes && say_list_has(&scope->classes, bytes_text(alert->class_)) &&
           say_list_has(&scope->rules, bytes_text(alert->rule));
}

bool say_span_has(const struct say_span *span, int64_t start_ms, int64_t end_ms) {
    if (end_ms <= span->from_ms) {
        return false;
    }
    /* The last one that began before the window ends: where an earlier one reaches into the window,
     * so does this one. */
    int64_t passed_ms = 0;
    if (span->every_ms > 0) {
        passed_ms = (end_ms - 1 - span->from_ms) / span->every_ms * span->every_ms;
    }
    return start_ms - passed_ms < span->until_ms;
}

size_t say_set_of(const struct say *say, struct bytes node, struct bytes identity,
                  struct bytes role) {
    for (size_t i = 0; i < say->set_count; i++) {
        if (scope_has_node(&say->sets[i].scope, node, identity, role)) {
            return i + 1;
        }
    }
    return 0;
}

enum say_verdict say_ack_of(const struct say *say, const char *episode) {
    struct say_ack key = { 0 };
    size_t size = strlen(episode);
    if (say->ack_count == 0 || size >= sizeof key.episode) {
        return SAY_NOTHING;
    }
    memcpy(key.episode, episode, size);
    const struct say_ack *ack =
        bsearch(&key, say->acks, say->ack_count, sizeof *say->acks, compare_acks);
    return ack == NULL ? SAY_NOTHING : ack->verdict;
}

const struct say_plan *say_plan_of(const struct say *say, const struct alert *alert) {
    for (size_t i = 0; i < say->plan_count; i++) {
        const struct say_plan *plan = &say->plans[i];
        if (say_span_has(&plan->span, alert->window_start_ms, alert->window_end_ms) &&
            say_scope_has(&plan->scope, alert)) {
            return plan;
        }
    }
    return NULL;
}

const char *say_verdict_name(enum say_verdict verdict) {
    static const char *const names[] = { "nothing", "benign", "malicious" };
    return names[verdict];
}
