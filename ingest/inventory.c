/* SPDX-License-Identifier: Apache-2.0 */
/* One hash table for what rows match (ids, and prefixes by address and length), one for nodes. Rows
 * of one key form a chain in file order. An address is looked up once for each prefix length that
 * the file has, longest first: a handful in practice, 129 at most. */
#include "ingest/inventory.h"

#include "ingest/input.h"
#include "ingest/inventory_rows.h"

#include <stdlib.h>
#include <xxhash.h>

/* A million rows of half a kilobyte. */
#define FILE_SIZE_MAX ((size_t)512 << 20)

/* The tag is the key's hash beside the bits that place it: a row, which lies elsewhere in memory,
 * is only looked at when it is the right one (a lookup among a million rows: some 170 ns, without
 * tags 270). */
struct slot {
    uint32_t first; /* row of a chain, or INVENTORY_NONE */
    uint32_t tag;
};

struct table {
    struct slot *slots; /* [mask + 1] */
    uint32_t mask;
};

struct inventory {
    struct buffer file; /* texts point into it */
    struct inventory_rows rows;
    struct table matches;
    struct table nodes;
    uint8_t lengths[129]; /* those that occur, longest first */
    size_t length_count;
};

/* ---- hashing ---- */

static uint64_t hash_id(struct bytes id) {
    return XXH3_64bits(id.data, id.size);
}

static uint64_t hash_prefix(struct prefix prefix) {
    uint64_t mixed = prefix.address.high * UINT64_C(0x9E3779B97F4A7C15) ^ prefix.address.low;
    mixed = (mixed ^ prefix.length) * UINT64_C(0xD6E8FEB86659FD93);
    mixed = (mixed ^ mixed >> 32) * UINT64_C(0xD6E8FEB86659FD93);
    return mixed ^ mixed >> 32;
}

static uint64_t hash_match(const struct inventory_row *row) {
    return row->is_id ? hash_id(row->id) : hash_prefix(row->prefix);
}

static bool has_match(const struct inventory_row *row, const struct inventory_row *key) {
    if (row->is_id != key->is_id) {
        return false;
    }
    return row->is_id ? bytes_equal(row->id, key->id)
                      : row->prefix.length == key->prefix.length &&
                            address_equal(row->prefix.address, key->prefix.address);
}

static bool has_node(const struct inventory_row *row, const struct inventory_row *key) {
    return bytes_equal(row->entry.node, key->entry.node);
}

/* The slot of a key's chain, or the empty one where it would be. */
static struct slot *find_slot(const struct inventory *inventory, const struct table *table,
                              uint64_t hash, const struct inventory_row *key,
                              bool (*is_equal)(const struct inventory_row *,
                                               const struct inventory_row *)) {
    uint32_t tag = (uint32_t)(hash >> 32);
    for (uint32_t at = (uint32_t)hash & table->mask;; at = (at + 1) & table->mask) {
        struct slot *slot = &table->slots[at];
        if (slot->first == INVENTORY_NONE ||
            (slot->tag == tag && is_equal(&inventory->rows.rows[slot->first], key))) {
            return slot;
        }
    }
}

static struct slot *match_slot(const struct inventory *inventory, const struct inventory_row *key) {
    return find_slot(inventory, &inventory->matches, hash_match(key), key, has_match);
}

static struct slot *node_slot(const struct inventory *inventory, const struct inventory_row *key) {
    return find_slot(inventory, &inventory->nodes, hash_id(key->entry.node), key, has_node);
}

/* ---- building ---- */

/* At most half full. */
static bool table_init(struct table *table, uint32_t count) {
    uint32_t capacity = 16;
    while (capacity < 2 * count) {
        capacity *= 2;
    }
    table->slots = malloc(capacity * sizeof *table->slots);
    if (table->slots == NULL) {
        return false;
    }
    memset(table->slots, 0xff, capacity * sizeof *table->slots);
    table->mask = capacity - 1;
    return true;
}

static bool build(struct inventory *inventory, struct error *err) {
    struct inventory_rows *rows = &inventory->rows;
    if (!table_init(&inventory->matches, rows->count) ||
        !table_init(&inventory->nodes, rows->count)) {
        return error_set(err, ERROR_LIMIT, "no memory for an inventory");
    }
    bool has_length[129] = { false };
    for (uint32_t i = rows->count; i-- > 0;) { /* back to front: so chains are in file order */
        struct inventory_row *row = &rows->rows[i];
        struct slot *slot = match_slot(inventory, row);
        row->next = slot->first;
        *slot = (struct slot){ i, (uint32_t)(hash_match(row) >> 32) };
        slot = node_slot(inventory, row);
        row->next_of_node = slot->first;
        *slot = (struct slot){ i, (uint32_t)(hash_id(row->entry.node) >> 32) };
        if (!row->is_id) {
            has_length[row->prefix.length] = true;
        }
    }
    for (size_t length = 129; length-- > 0;) {
        if (has_length[length]) {
            inventory->lengths[inventory->length_count++] = (uint8_t)length;
        }
    }
    return true;
}

static bool open_text(struct inventory *inventory, struct bytes text, struct error *err) {
    return inventory_rows_parse(&inventory->rows, text, err) && build(inventory, err);
}

static bool read_file(struct buffer *file, const char *path, struct error *err) {
    struct input *input;
    if (!input_open(&input, path, err)) {
        return false;
    }
    bool is_end = false;
    bool ok = true;
    while (ok && !is_end) {
        struct bytes piece;
        ok = input_read(input, 0, &piece, &is_end, err);
        if (ok) {
            buffer_put(file, piece.data, piece.size);
            ok = buffer_check(file, "the file", err);
        }
    }
    input_close(input);
    return ok;
}

static struct inventory *inventory_new(struct error *err) {
    struct inventory *inventory = calloc(1, sizeof *inventory);
    if (inventory == NULL) {
        (void)error_set(err, ERROR_LIMIT, "no memory for an inventory");
        return NULL;
    }
    buffer_init(&inventory->file, FILE_SIZE_MAX);
    return inventory;
}

static bool finish(struct inventory **out, struct inventory *inventory, const char *name, bool ok,
                   struct error *err) {
    if (!ok) {
        inventory_free(inventory);
        return error_context(err, "%s", name);
    }
    *out = inventory;
    return true;
}

bool inventory_open(struct inventory **out, const char *path, struct error *err) {
    struct inventory *inventory = inventory_new(err);
    if (inventory == NULL) {
        return false;
    }
    bool ok = read_file(&inventory->file, path, err) &&
              open_text(inventory, buffer_bytes(&inventory->file), err);
    return finish(out, inventory, path, ok, err);
}

bool inventory_open_bytes(struct inventory **out, const char *name, struct bytes bytes,
                          struct error *err) {
    struct inventory *inventory = inventory_new(err);
    if (inventory == NULL) {
        return false;
    }
    buffer_put(&inventory->file, bytes.data, bytes.size);
    bool ok = buffer_check(&inventory->file, "the file", err) &&
              open_text(inventory, buffer_bytes(&inventory->file), err);
    return finish(out, inventory, name, ok, err);
}

void inventory_free(struct inventory *inventory) {
    if (inventory == NULL) {
        return;
    }
    buffer_done(&inventory->file);
    inventory_rows_done(&inventory->rows);
    free(inventory->matches.slots);
    free(inventory->nodes.slots);
    free(inventory);
}

/* ---- finding ---- */

static bool is_valid(const struct inventory_entry *entry, int64_t at_ms) {
    return entry->from_ms <= at_ms && at_ms < entry->to_ms;
}

/* The first row of the key's chain that is valid; `*is_timed` is set when one with bounds came
 * before it, or it has some itself. */
static const struct inventory_entry *find_valid(const struct inventory *inventory,
                                                const struct inventory_row *key, int64_t at_ms,
                                                bool *is_timed) {
    uint32_t at = match_slot(inventory, key)->first;
    while (at != INVENTORY_NONE) {
        const struct inventory_row *row = &inventory->rows.rows[at];
        *is_timed |= row->entry.from_ms != INT64_MIN || row->entry.to_ms != INT64_MAX;
        if (is_valid(&row->entry, at_ms)) {
            return &row->entry;
        }
        at = row->next;
    }
    return NULL;
}

const struct inventory_entry *inventory_find_id(const struct inventory *inventory, struct bytes id,
                                                int64_t at_ms, bool *is_timed) {
    bool unused;
    is_timed = is_timed == NULL ? &unused : is_timed;
    *is_timed = false;
    struct inventory_row key = { .is_id = true, .id = id };
    return find_valid(inventory, &key, at_ms, is_timed);
}

static struct address mask_address(struct address address, unsigned length) {
    uint64_t high = length == 0 ? 0 : length >= 64 ? UINT64_MAX : ~(UINT64_MAX >> length);
    uint64_t low = length <= 64 ? 0 : length == 128 ? UINT64_MAX : ~(UINT64_MAX >> (length - 64));
    return (struct address){ address.high & high, address.low & low };
}

const struct inventory_entry *inventory_find_address(const struct inventory *inventory,
                                                     struct address address, int64_t at_ms,
                                                     bool *is_timed) {
    bool unused;
    is_timed = is_timed == NULL ? &unused : is_timed;
    *is_timed = false;
    for (size_t i = 0; i < inventory->length_count; i++) {
        uint8_t length = inventory->lengths[i];
        struct inventory_row key = { .prefix = { mask_address(address, length), length } };
        const struct inventory_entry *entry = find_valid(inventory, &key, at_ms, is_timed);
        if (entry != NULL) {
            return entry;
        }
    }
    return NULL;
}

size_t inventory_addresses(const struct inventory *inventory, struct bytes node, int64_t at_ms,
                           struct address *out, size_t capacity) {
    size_t count = 0;
    struct inventory_row key = { .entry = { .node = node } };
    uint32_t at = node_slot(inventory, &key)->first;
    while (at != INVENTORY_NONE && count < capacity) {
        const struct inventory_row *row = &inventory->rows.rows[at];
        if (!row->is_id && row->prefix.length == 128 && is_valid(&row->entry, at_ms)) {
            out[count++] = row->prefix.address;
        }
        at = row->next_of_node;
    }
    return count;
}
