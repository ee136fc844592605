/* SPDX-License-Identifier: Apache-2.0 */
/* Columns lie in one block; the tables that they point into lie beside it, their texts in the
 * batch's arena. */
#include "flow/batch.h"

#include "flow/batch_columns.h"

#include <assert.h>
#include <stdlib.h>

/* Texts, own addresses, labels. A hostile object cannot pass it: batch_add_... then fails. */
#define ARENA_MAXIMUM ((size_t)64 << 20)
#define NODE_SLOTS (1u << 17)
#define STRING_SLOTS (1u << 17)
#define COLUMN_ROWS ((size_t)BATCH_RECORDS_MAX + BATCH_PADDING)
#define COVERAGE_CAPACITY_FIRST 64u

static bool allocate_columns(struct batch *batch) {
    size_t size = 0;
#define ADD(column) size += COLUMN_ROWS * sizeof *batch->column;
    BATCH_COLUMNS(ADD)
#undef ADD
    uint8_t *block = aligned_alloc(64, (size + 63) & ~(size_t)63);
    if (block == NULL) {
        return false;
    }
    batch->columns = block;
#define PLACE(column)                                                                              \
    batch->column = (void *)block;                                                                 \
    block += COLUMN_ROWS * sizeof *batch->column;
    BATCH_COLUMNS(PLACE)
#undef PLACE
    return true;
}

bool batch_init(struct batch *batch, struct error *err) {
    *batch = (struct batch){ 0 };
    arena_init(&batch->arena, ARENA_MAXIMUM);
    if (!dictionary_init(&batch->addresses, err)) {
        return false;
    }
    batch->nodes = malloc(BATCH_NODES_MAX * sizeof *batch->nodes);
    batch->node_slots = calloc(NODE_SLOTS, sizeof *batch->node_slots);
    batch->flow_logs = malloc(BATCH_FLOW_LOGS_MAX * sizeof *batch->flow_logs);
    if (!allocate_columns(batch) || batch->nodes == NULL || batch->node_slots == NULL ||
        batch->flow_logs == NULL) {
        batch_done(batch);
        return error_set(err, ERROR_LIMIT, "no memory for a batch");
    }
    return true;
}

void batch_done(struct batch *batch) {
    dictionary_done(&batch->addresses);
    arena_done(&batch->arena);
    free(batch->columns);
    free(batch->nodes);
    free(batch->node_slots);
    free(batch->flow_logs);
    free(batch->strings);
    free(batch->string_slots);
    free(batch->coverage);
    *batch = (struct batch){ 0 };
}

#define HASH_FACTOR UINT64_C(0x9E3779B97F4A7C15)

static uint64_t word_hash(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * HASH_FACTOR;
    return hash ^ hash >> 32; /* the upper octets must reach all bits of the next product */
}

/* By words of eight octets: a node has some 80, and every node is asked for once a batch. */
static uint64_t text_hash(uint64_t hash, struct bytes text) {
    size_t at = 0;
    for (; text.size - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, text.data + at, sizeof word);
        hash = word_hash(hash, word);
    }
    uint64_t rest = 0;
    for (; at < text.size; at++) {
        rest = rest << 8 | text.data[at];
    }
    /* The size is an end, so that ("a", "b") is not ("ab", ""). */
    return word_hash(hash, rest ^ (uint64_t)text.size << 56);
}

static uint32_t node_hash(const struct batch_node *node) {
    uint64_t hash = text_hash(0, node->name);
    hash = text_hash(hash, node->identity);
    hash = text_hash(hash, node->interface);
    hash = text_hash(hash, node->role);
    return (uint32_t)((hash * HASH_FACTOR) >> 47);
}

static uint32_t string_hash(struct bytes text) {
    return (uint32_t)((text_hash(0, text) * HASH_FACTOR) >> 47);
}

/* As for nodes below: few strings are the rule, and each one's probe run is cleared. */
static void clear_strings(struct batch *batch) {
    uint32_t mask = STRING_SLOTS - 1;
    if (batch->string_hashed > STRING_SLOTS / 64) {
        memset(batch->string_slots, 0, STRING_SLOTS * sizeof *batch->string_slots);
    } else {
        for (uint32_t id = 1; id < batch->string_hashed; id++) {
            uint32_t at = string_hash(batch->strings[id]);
            while (batch->string_slots[at] != 0) {
                batch->string_slots[at] = 0;
                at = (at + 1) & mask;
            }
        }
    }
    batch->string_hashed = 0;
    batch->string_count = 0;
}

void batch_reset(struct batch *batch) {
    /* Few nodes are the rule: clear each one's probe run, which ends at an empty slot. A run that
     * was cleared by another node's walk is empty at its hash and costs one look. */
    uint32_t mask = NODE_SLOTS - 1;
    if (batch->node_count > NODE_SLOTS / 64) {
        memset(batch->node_slots, 0, NODE_SLOTS * sizeof *batch->node_slots);
    } else {
        for (uint32_t id = 0; id < batch->node_count; id++) {
            uint32_t at = node_hash(&batch->nodes[id]);
            while (batch->node_slots[at] != 0) {
                batch->node_slots[at] = 0;
                at = (at + 1) & mask;
            }
        }
    }
    batch->stamp = (struct batch_stamp){ 0 };
    batch->count = 0;
    dictionary_reset(&batch->addresses);
    batch->labels = NULL;
    batch->node_count = 0;
    batch->flow_log_count = 0;
    clear_strings(batch);
    batch->coverage_count = 0;
    arena_reset(&batch->arena);
}

static bool no_memory(struct error *err) {
    return error_set(err, ERROR_LIMIT, "a batch's texts exceed %zu bytes", ARENA_MAXIMUM);
}

/* Joins own addresses that `node` does not have yet behind those that it has. */
static bool join_own(struct batch *batch, struct batch_node *node, const struct batch_node *more,
                     struct error *err) {
    uint32_t added = 0;
    for (uint32_t i = 0; i < more->own_count; i++) {
        bool is_known = false;
        for (uint32_t k = 0; k < node->own_count && !is_known; k++) {
            is_known = address_equal(node->own[k], more->own[i]);
        }
        added += !is_known;
    }
    if (added > BATCH_OWN_MAX - node->own_count) {
        added = BATCH_OWN_MAX - node->own_count;
    }
    if (added == 0) {
        return true;
    }
    struct address *own = arena_take(&batch->arena, (node->own_count + added) * sizeof *own);
    if (own == NULL) {
        return no_memory(err);
    }
    if (node->own_count > 0) {
        memcpy(own, node->own, node->own_count * sizeof *own);
    }
    uint32_t count = node->own_count;
    uint32_t end = count + added; /* less than all when BATCH_OWN_MAX is reached */
    for (uint32_t i = 0; i < more->own_count && count < end; i++) {
        bool is_known = false;
        for (uint32_t k = 0; k < count && !is_known; k++) { /* what was just added counts, too */
            is_known = address_equal(own[k], more->own[i]);
        }
        if (!is_known) {
            own[count++] = more->own[i];
        }
    }
    node->own = own;
    node->own_count = count;
    return true;
}

bool batch_add_node(struct batch *batch, const struct batch_node *node, uint16_t *id,
                    struct error *err) {
    uint32_t mask = NODE_SLOTS - 1;
    uint32_t at = node_hash(node);
    for (; batch->node_slots[at] != 0; at = (at + 1) & mask) {
        struct batch_node *known = &batch->nodes[batch->node_slots[at] - 1];
        if (bytes_equal(known->name, node->name) && bytes_equal(known->identity, node->identity) &&
            bytes_equal(known->interface, node->interface) &&
            bytes_equal(known->role, node->role)) {
            *id = (uint16_t)(batch->node_slots[at] - 1);
            return join_own(batch, known, node, err);
        }
    }
    if (batch->node_count == BATCH_NODES_MAX) {
        return error_set(err, ERROR_LIMIT, "a batch has at most %u nodes", BATCH_NODES_MAX);
    }
    bool failed = false;
    struct batch_node added = {
        .name = arena_copy(&batch->arena, node->name, &failed),
        .identity = arena_copy(&batch->arena, node->identity, &failed),
        .role = arena_copy(&batch->arena, node->role, &failed),
        .interface = arena_copy(&batch->arena, node->interface, &failed),
    };
    if (failed) {
        return no_memory(err);
    }
    if (!join_own(batch, &added, node, err)) {
        return false;
    }
    batch->nodes[batch->node_count++] = added;
    batch->node_slots[at] = (uint16_t)batch->node_count;
    *id = (uint16_t)(batch->node_count - 1);
    return true;
}

bool batch_add_flow_log(struct batch *batch, struct bytes name, uint8_t *id, struct error *err) {
    for (uint32_t i = 0; i < batch->flow_log_count; i++) {
        if (bytes_equal(batch->flow_logs[i], name)) {
            *id = (uint8_t)i;
            return true;
        }
    }
    if (batch->flow_log_count == BATCH_FLOW_LOGS_MAX) {
        return error_set(err, ERROR_LIMIT, "a batch has at most %u flow logs", BATCH_FLOW_LOGS_MAX);
    }
    bool failed = false;
    struct bytes copy = arena_copy(&batch->arena, name, &failed);
    if (failed) {
        return no_memory(err);
    }
    batch->flow_logs[batch->flow_log_count] = copy;
    *id = (uint8_t)batch->flow_log_count++;
    return true;
}

/* Makes the table of strings, with its empty one, when it is not there. */
static bool begin_strings(struct batch *batch, struct error *err) {
    if (batch->string_count > 0) {
        return true;
    }
    if (batch->strings == NULL) {
        batch->strings = malloc(BATCH_STRINGS_MAX * sizeof *batch->strings);
        if (batch->strings == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for a batch's strings");
        }
    }
    batch->strings[0] = (struct bytes){ 0 };
    batch->string_count = 1;
    return true;
}

bool batch_push_string(struct batch *batch, struct bytes text, struct error *err) {
    if (!begin_strings(batch, err)) {
        return false;
    }
    if (batch->string_count == BATCH_STRINGS_MAX) {
        return error_set(err, ERROR_LIMIT, "a batch has at most %u strings", BATCH_STRINGS_MAX);
    }
    bool failed = false;
    struct bytes copy = arena_copy(&batch->arena, text, &failed);
    if (failed) {
        return no_memory(err);
    }
    batch->strings[batch->string_count++] = copy;
    return true;
}

/* The slot of a text, or the free one where it would be. */
static uint16_t *string_slot(const struct batch *batch, struct bytes text) {
    uint32_t at = string_hash(text);
    while (batch->string_slots[at] != 0 &&
           !bytes_equal(batch->strings[batch->string_slots[at]], text)) {
        at = (at + 1) & (STRING_SLOTS - 1);
    }
    return &batch->string_slots[at];
}

/* Makes the hash know all strings: those that were pushed are not in it yet. The first of equal
 * ones counts. */
static bool hash_strings(struct batch *batch, struct error *err) {
    if (batch->string_slots == NULL) {
        batch->string_slots = calloc(STRING_SLOTS, sizeof *batch->string_slots);
        if (batch->string_slots == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for a batch's strings");
        }
    }
    uint32_t id = batch->string_hashed == 0 ? 1 : batch->string_hashed;
    for (; id < batch->string_count; id++) {
        uint16_t *slot = string_slot(batch, batch->strings[id]);
        *slot = *slot == 0 ? (uint16_t)id : *slot;
    }
    batch->string_hashed = id;
    return true;
}

bool batch_add_string(struct batch *batch, struct bytes text, uint16_t *id, struct error *err) {
    if (!begin_strings(batch, err) || !hash_strings(batch, err)) {
        return false;
    }
    *id = 0;
    if (text.size == 0) {
        return true;
    }
    uint16_t *slot = string_slot(batch, text);
    if (*slot == 0) {
        if (!batch_push_string(batch, text, err)) {
            return false;
        }
        *slot = (uint16_t)(batch->string_count - 1);
        batch->string_hashed = batch->string_count;
    }
    *id = *slot;
    return true;
}

bool batch_set_label(struct batch *batch, uint16_t code, struct batch_label label,
                     struct error *err) {
    assert(code < batch->addresses.count);
    if (batch->labels == NULL) {
        batch->labels =
            arena_take_zeroed(&batch->arena, DICTIONARY_CODES_MAX, sizeof *batch->labels);
        if (batch->labels == NULL) {
            return no_memory(err);
        }
    }
    batch->labels[code] = label;
    return true;
}

bool batch_add_coverage(struct batch *batch, const struct batch_coverage *row) {
    if (batch->coverage_count == BATCH_COVERAGE_MAX) {
        return false;
    }
    if (batch->coverage_count == batch->coverage_capacity) {
        uint32_t capacity =
            batch->coverage_capacity == 0 ? COVERAGE_CAPACITY_FIRST : 2 * batch->coverage_capacity;
        struct batch_coverage *rows = realloc(batch->coverage, capacity * sizeof *rows);
        if (rows == NULL) {
            return false;
        }
        batch->coverage = rows;
        batch->coverage_capacity = capacity;
    }
    batch->coverage[batch->coverage_count++] = *row;
    return true;
}

bool batch_has_room(const struct batch *batch, uint32_t count) {
    /* Addresses outlive records that batch_keep_rows removes, so codes have a bound of their own.
     */
    return count <= BATCH_RECORDS_MAX - batch->count &&
           batch->addresses.count + 2 * (uint64_t)count <= DICTIONARY_CODES_MAX &&
           batch->addresses.octets + 32 * (uint64_t)count <= BATCH_ADDRESS_OCTETS_MAX;
}
