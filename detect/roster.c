/* SPDX-License-Identifier: Apache-2.0 */
/* One open-addressing table over the hash of the name alone, so that the identities that a name has
 * had lie in one probe run and the present holder is found without a second table. Entries are
 * index + 1; removal shifts the run back, so there are no tombstones. */
#include "detect/roster.h"

#include <stdlib.h>
#include <xxhash.h>

#define CAPACITY_FIRST 64u
#define SLOT_BITS_FIRST 8u

void roster_init(struct roster *roster, uint32_t nodes_max) {
    *roster = (struct roster){ .nodes_max = nodes_max };
}

static void free_text(struct bytes text) {
    free((void *)(uintptr_t)text.data);
}

static void free_texts(struct roster_node *node) {
    free_text(node->name);
    free_text(node->identity);
    free_text(node->role);
    free_text(node->interface);
}

void roster_done(struct roster *roster) {
    for (uint32_t i = 0; i < roster->count; i++) {
        free_texts(&roster->nodes[i]);
    }
    free(roster->nodes);
    free(roster->order);
    free(roster->slots);
    *roster = (struct roster){ .nodes_max = roster->nodes_max };
}

static bool copy_text(struct bytes *out, struct bytes text) {
    *out = (struct bytes){ 0 };
    if (text.size == 0) {
        return true;
    }
    uint8_t *data = malloc(text.size);
    if (data == NULL) {
        return false;
    }
    memcpy(data, text.data, text.size);
    *out = bytes_of(data, text.size);
    return true;
}

static uint32_t slot_of(const struct roster *roster, struct bytes name) {
    return (uint32_t)(XXH3_64bits(name.data, name.size) >> (64 - roster->slot_bits));
}

uint32_t roster_find(const struct roster *roster, struct bytes name, struct bytes identity) {
    if (roster->slots == NULL) {
        return ROSTER_NONE;
    }
    uint32_t mask = (1u << roster->slot_bits) - 1;
    for (uint32_t at = slot_of(roster, name); roster->slots[at] != 0; at = (at + 1) & mask) {
        const struct roster_node *node = &roster->nodes[roster->slots[at] - 1];
        if (bytes_equal(node->name, name) && bytes_equal(node->identity, identity)) {
            return roster->slots[at] - 1;
        }
    }
    return ROSTER_NONE;
}

uint32_t roster_holder(const struct roster *roster, struct bytes name) {
    if (roster->slots == NULL) {
        return ROSTER_NONE;
    }
    uint32_t mask = (1u << roster->slot_bits) - 1;
    for (uint32_t at = slot_of(roster, name); roster->slots[at] != 0; at = (at + 1) & mask) {
        const struct roster_node *node = &roster->nodes[roster->slots[at] - 1];
        if (!node->is_retired && bytes_equal(node->name, name)) {
            return roster->slots[at] - 1;
        }
    }
    return ROSTER_NONE;
}

static void insert_slot(struct roster *roster, uint32_t index) {
    uint32_t mask = (1u << roster->slot_bits) - 1;
    uint32_t at = slot_of(roster, roster->nodes[index].name);
    while (roster->slots[at] != 0) {
        at = (at + 1) & mask;
    }
    roster->slots[at] = index + 1;
}

/* Room for one more in the table, which stays at most half full. */
static bool grow_slots(struct roster *roster) {
    if (roster->slots != NULL && roster->used < (1u << roster->slot_bits) / 2) {
        return true;
    }
    uint32_t bits = roster->slots == NULL ? SLOT_BITS_FIRST : roster->slot_bits + 1;
    uint32_t *slots = calloc((size_t)1 << bits, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    free(roster->slots);
    roster->slots = slots;
    roster->slot_bits = bits;
    for (uint32_t i = 0; i < roster->count; i++) {
        if (roster->nodes[i].is_used) {
            insert_slot(roster, i);
        }
    }
    return true;
}

static bool grow_nodes(struct roster *roster) {
    if (roster->count < roster->capacity) {
        return true;
    }
    uint32_t capacity = roster->capacity == 0 ? CAPACITY_FIRST : 2 * roster->capacity;
    struct roster_node *nodes = realloc(roster->nodes, capacity * sizeof *nodes);
    if (nodes == NULL) {
        return false;
    }
    roster->nodes = nodes;
    uint32_t *order = realloc(roster->order, capacity * sizeof *order);
    if (order == NULL) {
        return false;
    }
    roster->order = order;
    roster->capacity = capacity;
    return true;
}

/* The lowest free index: the one behind all when none is free. */
static uint32_t free_index(struct roster *roster) {
    while (roster->free_from < roster->count && roster->nodes[roster->free_from].is_used) {
        roster->free_from++;
    }
    return roster->free_from;
}

bool roster_add(struct roster *roster, struct bytes name, struct bytes identity, uint32_t *index,
                struct error *err) {
    if (roster->used >= roster->nodes_max) {
        return error_set(err, ERROR_LIMIT, "%u nodes are known, the most that may be",
                         roster->used);
    }
    uint32_t at = free_index(roster);
    struct roster_node node = { .is_used = true };
    bool is_copied = copy_text(&node.name, name) && copy_text(&node.identity, identity);
    if (!is_copied || !grow_slots(roster) || (at == roster->count && !grow_nodes(roster))) {
        free_texts(&node);
        return error_set(err, ERROR_LIMIT, "no memory for a node");
    }
    roster->nodes[at] = node;
    roster->count += at == roster->count;
    roster->used++;
    roster->is_order_stale = true;
    insert_slot(roster, at);
    *index = at;
    return true;
}

void roster_remove(struct roster *roster, uint32_t index) {
    uint32_t mask = (1u << roster->slot_bits) - 1;
    uint32_t hole = slot_of(roster, roster->nodes[index].name);
    while (roster->slots[hole] != index + 1) {
        hole = (hole + 1) & mask;
    }
    for (uint32_t at = (hole + 1) & mask; roster->slots[at] != 0; at = (at + 1) & mask) {
        uint32_t home = slot_of(roster, roster->nodes[roster->slots[at] - 1].name);
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            roster->slots[hole] = roster->slots[at];
            hole = at;
        }
    }
    roster->slots[hole] = 0;
    free_texts(&roster->nodes[index]);
    roster->nodes[index] = (struct roster_node){ 0 };
    roster->used--;
    roster->free_from = index < roster->free_from ? index : roster->free_from;
    while (roster->count > 0 && !roster->nodes[roster->count - 1].is_used) {
        roster->count--;
    }
    roster->free_from = roster->free_from < roster->count ? roster->free_from : roster->count;
    roster->is_order_stale = true;
}

static bool replace_text(struct bytes *text, struct bytes with) {
    struct bytes copy;
    if (with.size == 0 || bytes_equal(*text, with)) {
        return true;
    }
    if (!copy_text(&copy, with)) {
        return false;
    }
    free_text(*text);
    *text = copy;
    return true;
}

bool roster_describe(struct roster *roster, uint32_t index, const struct roster_note *note,
                     struct error *err) {
    struct roster_node *node = &roster->nodes[index];
    bool is_smaller =
        node->interface.size == 0 || bytes_compare(note->interface, node->interface) < 0;
    if ((is_smaller && !replace_text(&node->interface, note->interface)) ||
        !replace_text(&node->role, note->role)) {
        return error_set(err, ERROR_LIMIT, "no memory for a node's texts");
    }
    return true;
}

static int compare_order(const void *a, const void *b, void *context) {
    const struct roster_node *nodes = context;
    const struct roster_node *one = &nodes[*(const uint32_t *)a];
    const struct roster_node *other = &nodes[*(const uint32_t *)b];
    int order = bytes_compare(one->name, other->name);
    return order != 0 ? order : bytes_compare(one->identity, other->identity);
}

void roster_sort(struct roster *roster) {
    if (!roster->is_order_stale) {
        return;
    }
    roster->order_count = 0;
    for (uint32_t i = 0; i < roster->count; i++) {
        if (roster->nodes[i].is_used) {
            roster->order[roster->order_count++] = i;
        }
    }
    if (roster->order_count > 1) {
        qsort_r(roster->order, roster->order_count, sizeof *roster->order, compare_order,
                roster->nodes);
    }
    roster->is_order_stale = false;
}
