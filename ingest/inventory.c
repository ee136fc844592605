/* SPDX-License-Identifier: Apache-2.0 */
/* One hash table for what rows match (ids, and prefixes by address and length), one for nodes. Rows
 * of one key form a chain in file order. An address is looked up once for each prefix length that
 * the file has, longest first: a handful in practice, 129 at most. */
#include "ingest/inventory.h"

#include "ingest/input.h"
#include "ingest/inventory_kube.h"
#include "ingest/inventory_rows.h"

#include <stdlib.h>
#include <xxhash.h>

/* A million rows of half a kilobyte. */
#define FILE_SIZE_MAX ((size_t)512 << 20)
/* A node has some five rows a list; whoever joins the lists of more days than this allows gets its
 * identity from these. */
#define NODE_ROWS_MAX 256u

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

/* Puts a row in front of the chain of its match. Of a cluster, a claim that the row repeats gives
 * way to it: the same pod or node has the same address from the same time on. */
static void add_match(struct inventory *inventory, uint32_t at) {
    struct inventory_row *row = &inventory->rows.rows[at];
    struct slot *slot = match_slot(inventory, row);
    row->next = slot->first;
    if (inventory->rows.is_cluster && slot->first != INVENTORY_NONE) {
        struct inventory_row *older = &inventory->rows.rows[slot->first];
        if (older->entry.from_ms == row->entry.from_ms && has_node(older, row) &&
            bytes_equal(older->entry.pod, row->entry.pod) &&
            bytes_equal(older->entry.namespace_, row->entry.namespace_)) {
            row->next = older->next;
            older->entry.to_ms = older->entry.from_ms; /* never valid */
        }
    }
    *slot = (struct slot){ at, (uint32_t)(hash_match(row) >> 32) };
}

static void add_to_node(struct inventory *inventory, uint32_t at) {
    struct inventory_row *row = &inventory->rows.rows[at];
    struct slot *slot = node_slot(inventory, row);
    row->next_of_node = slot->first;
    *slot = (struct slot){ at, (uint32_t)(hash_id(row->entry.node) >> 32) };
}

struct start {
    int64_t from_ms;
    uint32_t row;
};

static int compare_starts(const void *a, const void *b) {
    const struct start *x = a;
    const struct start *y = b;
    if (x->from_ms != y->from_ms) {
        return x->from_ms < y->from_ms ? -1 : 1;
    }
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Chains of a cluster: what began last comes first. */
static bool chain_by_start(struct inventory *inventory, struct error *err) {
    const struct inventory_rows *rows = &inventory->rows;
    struct start *starts = malloc(((size_t)rows->count + 1) * sizeof *starts);
    if (starts == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for an inventory");
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        starts[i] = (struct start){ rows->rows[i].entry.from_ms, i };
    }
    qsort(starts, rows->count, sizeof *starts, compare_starts);
    for (uint32_t i = 0; i < rows->count; i++) {
        add_match(inventory, starts[i].row);
    }
    free(starts);
    return true;
}

/* Back to front, so that chains are in file order; rows of pods first, so that they are behind
 * those of their node. */
static void chain_nodes(struct inventory *inventory) {
    const struct inventory_rows *rows = &inventory->rows;
    for (int is_pod = rows->is_cluster; is_pod >= 0; is_pod--) {
        for (uint32_t i = rows->count; i-- > 0;) {
            bool has_pod = rows->is_cluster && rows->rows[i].entry.pod.size > 0;
            if (has_pod == (is_pod == 1)) {
                add_to_node(inventory, i);
            }
        }
    }
}

/* Gives a pod's row the identity and the role of its node: of several of one name, of the one that
 * began last before the pod did, else of the first. */
static void name_node(struct inventory *inventory, struct inventory_row *pod) {
    const struct inventory_row *best = NULL;
    uint32_t at = node_slot(inventory, pod)->first;
    for (uint32_t i = 0; i < NODE_ROWS_MAX && at != INVENTORY_NONE; i++) {
        const struct inventory_row *row = &inventory->rows.rows[at];
        if (row->entry.pod.size > 0) {
            break;
        }
        bool is_before = row->entry.from_ms <= pod->entry.from_ms;
        if (best == NULL || (is_before && (best->entry.from_ms > pod->entry.from_ms ||
                                           row->entry.from_ms > best->entry.from_ms))) {
            best = row;
        }
        at = row->next_of_node;
    }
    if (best != NULL) {
        pod->entry.identity = best->entry.identity;
        pod->entry.role = best->entry.role;
    }
}

static void list_lengths(struct inventory *inventory) {
    bool has_length[129] = { false };
    for (uint32_t i = 0; i < inventory->rows.count; i++) {
        const struct inventory_row *row = &inventory->rows.rows[i];
        has_length[row->prefix.length] |= !row->is_id;
    }
    for (size_t length = 129; length-- > 0;) {
        if (has_length[length]) {
            inventory->lengths[inventory->length_count++] = (uint8_t)length;
        }
    }
}

static bool build(struct inventory *inventory, struct error *err) {
    struct inventory_rows *rows = &inventory->rows;
    if (!table_init(&inventory->matches, rows->count) ||
        !table_init(&inventory->nodes, rows->count)) {
        return error_set(err, ERROR_LIMIT, "no memory for an inventory");
    }
    list_lengths(inventory);
    chain_nodes(inventory);
    if (!rows->is_cluster) {
        for (uint32_t i = rows->count; i-- > 0;) { /* back to front: so chains are in file order */
            add_match(inventory, i);
        }
        return true;
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        if (rows->rows[i].entry.pod.size > 0) {
            name_node(inventory, &rows->rows[i]);
        }
    }
    return chain_by_start(inventory, err);
}

/* ---- opening ---- */

enum form { FORM_CSV, FORM_JSON, FORM_UTF16 };

/* By the first character, behind blanks and a byte order mark. */
static enum form tell_form(struct bytes front) {
    if (front.size >= 2 &&
        (memcmp(front.data, "\xff\xfe", 2) == 0 || memcmp(front.data, "\xfe\xff", 2) == 0)) {
        return FORM_UTF16;
    }
    size_t at = front.size >= 3 && memcmp(front.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < front.size && (front.data[at] == ' ' || front.data[at] == '\t' ||
                               front.data[at] == '\n' || front.data[at] == '\r')) {
        at++;
    }
    return at < front.size && front.data[at] == '{' ? FORM_JSON : FORM_CSV;
}

static bool refuse_utf16(struct error *err) {
    return error_set(err, ERROR_FORMAT, "is UTF-16 (a shell's redirection?): save it as UTF-8");
}

static bool open_text(struct inventory *inventory, struct bytes text, struct error *err) {
    return inventory_rows_parse(&inventory->rows, text, err) && build(inventory, err);
}

static bool open_json(struct inventory *inventory, struct bytes piece, json_refill refill,
                      void *context, struct error *err) {
    struct json_reader reader;
    json_reader_init(&reader, piece, refill, context);
    bool ok = inventory_kube_parse(&inventory->rows, &reader, err);
    json_reader_done(&reader);
    return ok && build(inventory, err);
}

static bool next_piece(void *context, struct bytes *piece, struct error *err) {
    struct input *input = context;
    bool is_end;
    return input_read(input, 0, piece, &is_end, err);
}

static bool read_all(struct buffer *file, struct input *input, struct error *err) {
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
    return ok;
}

static bool open_input(struct inventory *inventory, struct input *input, struct error *err) {
    switch (tell_form(input_front(input))) {
    case FORM_UTF16: return refuse_utf16(err);
    case FORM_JSON: return open_json(inventory, (struct bytes){ 0 }, next_piece, input, err);
    case FORM_CSV: break;
    }
    return read_all(&inventory->file, input, err) &&
           open_text(inventory, buffer_bytes(&inventory->file), err);
}

static bool open_bytes(struct inventory *inventory, struct bytes bytes, struct error *err) {
    switch (tell_form(bytes)) {
    case FORM_UTF16: return refuse_utf16(err);
    case FORM_JSON: return open_json(inventory, bytes, NULL, NULL, err);
    case FORM_CSV: break;
    }
    buffer_put(&inventory->file, bytes.data, bytes.size);
    return buffer_check(&inventory->file, "the file", err) &&
           open_text(inventory, buffer_bytes(&inventory->file), err);
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
    struct input *input = NULL;
    bool ok = input_open(&input, path, err) && open_input(inventory, input, err);
    input_close(input);
    return finish(out, inventory, path, ok, err);
}

bool inventory_open_bytes(struct inventory **out, const char *name, struct bytes bytes,
                          struct error *err) {
    struct inventory *inventory = inventory_new(err);
    if (inventory == NULL) {
        return false;
    }
    return finish(out, inventory, name, open_bytes(inventory, bytes, err), err);
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

bool inventory_has_pods(const struct inventory *inventory) {
    return inventory->rows.has_pods;
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
