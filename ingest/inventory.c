/* SPDX-License-Identifier: Apache-2.0 */
/* An address is looked up once for each prefix length that the file has, longest first: a handful
 * in practice, 129 at most. */
#include "ingest/inventory.h"

#include "ingest/input.h"
#include "ingest/inventory_index.h"
#include "ingest/inventory_kube.h"

#include <stdlib.h>

/* A million rows of half a kilobyte. */
#define FILE_SIZE_MAX ((size_t)512 << 20)

struct inventory {
    struct buffer file; /* texts of CSV point into it */
    struct inventory_rows rows;
    struct inventory_index index;
};

/* ---- opening ---- */

enum form { FORM_CSV, FORM_JSON, FORM_YAML, FORM_UTF16 };

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
    struct bytes yaml = bytes_text("apiVersion:");
    if (front.size - at > yaml.size && memcmp(front.data + at, yaml.data, yaml.size) == 0) {
        return FORM_YAML;
    }
    return at < front.size && front.data[at] == '{' ? FORM_JSON : FORM_CSV;
}

static bool refuse(enum form form, struct error *err) {
    return error_set(err, ERROR_FORMAT, "%s",
                     form == FORM_YAML ? "is YAML: print it by -o json"
                                       : "is UTF-16 (a shell's redirection?): save it as UTF-8");
}

static bool open_text(struct inventory *inventory, struct bytes text, struct error *err) {
    return inventory_rows_parse(&inventory->rows, text, err) &&
           inventory_index_build(&inventory->index, &inventory->rows, err);
}

static bool open_json(struct inventory *inventory, struct bytes piece, json_refill refill,
                      void *context, struct error *err) {
    struct json_reader reader;
    json_reader_init(&reader, piece, refill, context);
    bool ok = inventory_kube_parse(&inventory->rows, &reader, err);
    json_reader_done(&reader);
    return ok && inventory_index_build(&inventory->index, &inventory->rows, err);
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
    enum form form = tell_form(input_front(input));
    switch (form) {
    case FORM_YAML:
    case FORM_UTF16: return refuse(form, err);
    case FORM_JSON: return open_json(inventory, (struct bytes){ 0 }, next_piece, input, err);
    case FORM_CSV: break;
    }
    return read_all(&inventory->file, input, err) &&
           open_text(inventory, buffer_bytes(&inventory->file), err);
}

static bool open_bytes(struct inventory *inventory, struct bytes bytes, struct error *err) {
    enum form form = tell_form(bytes);
    switch (form) {
    case FORM_YAML:
    case FORM_UTF16: return refuse(form, err);
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
    inventory_index_done(&inventory->index);
    free(inventory);
}

/* ---- finding ---- */

static bool is_valid(const struct inventory_entry *entry, int64_t at_ms) {
    return entry->from_ms <= at_ms && at_ms < entry->to_ms;
}

/* The first row of the key's chain that is valid; `span` is cut to the times at which it is. */
static const struct inventory_entry *find_valid(const struct inventory *inventory,
                                                const struct inventory_row *key, int64_t at_ms,
                                                struct inventory_span *span) {
    uint32_t at = inventory_index_match(&inventory->index, key);
    while (at != INVENTORY_NONE) {
        const struct inventory_row *row = &inventory->rows.rows[at];
        const struct inventory_entry *entry = &row->entry;
        bool is_found = is_valid(entry, at_ms);
        int64_t from_ms = is_found || at_ms < entry->from_ms ? INT64_MIN : entry->to_ms;
        int64_t to_ms = is_found || at_ms >= entry->to_ms ? INT64_MAX : entry->from_ms;
        from_ms = is_found ? entry->from_ms : from_ms;
        to_ms = is_found ? entry->to_ms : to_ms;
        span->from_ms = from_ms > span->from_ms ? from_ms : span->from_ms;
        span->to_ms = to_ms < span->to_ms ? to_ms : span->to_ms;
        if (is_found) {
            return entry;
        }
        at = row->next;
    }
    return NULL;
}

const struct inventory_entry *inventory_find_id(const struct inventory *inventory, struct bytes id,
                                                int64_t at_ms, struct inventory_span *span) {
    struct inventory_span all = INVENTORY_ALWAYS;
    struct inventory_row key = { .is_id = true, .id = id };
    const struct inventory_entry *entry = find_valid(inventory, &key, at_ms, &all);
    if (span != NULL) {
        *span = all;
    }
    return entry;
}

static struct address mask_address(struct address address, unsigned length) {
    uint64_t high = length == 0 ? 0 : length >= 64 ? UINT64_MAX : ~(UINT64_MAX >> length);
    uint64_t low = length <= 64 ? 0 : length == 128 ? UINT64_MAX : ~(UINT64_MAX >> (length - 64));
    return (struct address){ address.high & high, address.low & low };
}

const struct inventory_entry *inventory_find_address(const struct inventory *inventory,
                                                     struct address address, int64_t at_ms,
                                                     struct inventory_span *span) {
    struct inventory_span all = INVENTORY_ALWAYS;
    const struct inventory_entry *entry = NULL;
    for (size_t i = 0; i < inventory->index.length_count && entry == NULL; i++) {
        uint8_t length = inventory->index.lengths[i];
        struct inventory_row key = { .prefix = { mask_address(address, length), length } };
        entry = find_valid(inventory, &key, at_ms, &all);
    }
    if (span != NULL) {
        *span = all;
    }
    return entry;
}

bool inventory_has_pods(const struct inventory *inventory) {
    return inventory->rows.has_pods;
}

static size_t list_addresses(const struct inventory *inventory, struct bytes node, int64_t at_ms,
                             bool is_of_pods, struct address *out, size_t capacity) {
    size_t count = 0;
    uint32_t at = inventory_index_node(&inventory->index, node);
    while (at != INVENTORY_NONE && count < capacity) {
        const struct inventory_row *row = &inventory->rows.rows[at];
        bool is_single = !row->is_id && row->prefix.length == 128;
        if (is_single && (row->entry.pod.size > 0) == is_of_pods && is_valid(&row->entry, at_ms)) {
            out[count++] = row->prefix.address;
        }
        at = row->next_of_node;
    }
    return count;
}

size_t inventory_addresses(const struct inventory *inventory, struct bytes node, int64_t at_ms,
                           struct address *out, size_t capacity) {
    return list_addresses(inventory, node, at_ms, false, out, capacity);
}

size_t inventory_pod_addresses(const struct inventory *inventory, struct bytes node, int64_t at_ms,
                               struct address *out, size_t capacity) {
    return list_addresses(inventory, node, at_ms, true, out, capacity);
}
