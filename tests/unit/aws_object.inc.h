/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies of aws_object.h; included once by each test program that reads objects. */
#include "tests/unit/aws_object.h"

bool input_open(struct input **out, const char *path, struct error *err) {
    (void)out;
    return error_set(err, ERROR_IO, "%s: this input is in memory only", path);
}

bool input_open_bytes(struct input **out, struct bytes bytes, struct error *err) {
    (void)err;
    struct input *input = calloc(1, sizeof *input);
    input->bytes = bytes;
    input->piece_size = INPUT_PIECE_SIZE;
    input->buffer = malloc(INPUT_LINE_MAX + INPUT_PIECE_SIZE + INPUT_PADDING);
    *out = input;
    return true;
}

void input_close(struct input *input) {
    if (input != NULL) {
        free(input->buffer);
        free(input);
    }
}

bool input_read(struct input *input, size_t keep, struct bytes *piece, bool *is_end,
                struct error *err) {
    assert_true(keep <= INPUT_LINE_MAX && keep <= input->size);
    memmove(input->buffer, input->buffer + input->size - keep, keep);
    size_t left = input->bytes.size - input->at;
    size_t size = left < input->piece_size ? left : input->piece_size;
    bool is_damaged = left == 0 && input->is_truncated;
    if (size > 0) {
        memcpy(input->buffer + keep, input->bytes.data + input->at, size);
    }
    input->at += size;
    input->size = keep + size;
    memset(input->buffer + input->size, 0, INPUT_PADDING);
    *piece = bytes_of(input->buffer, input->size);
    *is_end = is_damaged || (input->at == input->bytes.size && !input->is_truncated);
    return !is_damaged || error_set(err, ERROR_FORMAT, "truncated");
}

struct bytes input_front(struct input *input) {
    size_t size = input->bytes.size < INPUT_PIECE_SIZE ? input->bytes.size : INPUT_PIECE_SIZE;
    return bytes_of(input->bytes.data, size);
}

enum input_codec input_codec(const struct input *input) {
    (void)input;
    return INPUT_PLAIN;
}

uint64_t input_offset(const struct input *input) {
    return input->at;
}

bool inventory_open(struct inventory **out, const char *path, struct error *err) {
    (void)out;
    return error_set(err, ERROR_IO, "%s: this inventory is in memory only", path);
}

bool inventory_open_bytes(struct inventory **out, const char *name, struct bytes bytes,
                          struct error *err) {
    (void)bytes;
    return inventory_open(out, name, err);
}

void inventory_free(struct inventory *inventory) {
    (void)inventory;
}

struct inventory inventory_of(const struct inventory_row *rows, size_t count) {
    struct inventory inventory = { .rows = rows, .count = count };
    for (size_t i = 0; i < count; i++) {
        inventory.entries[i] = (struct inventory_entry){
            .node = bytes_text(rows[i].node),
            .identity = bytes_text(rows[i].identity == NULL ? "" : rows[i].identity),
            .role = bytes_text("role"),
            .from_ms = rows[i].to_ms == 0 ? INT64_MIN : rows[i].from_ms,
            .to_ms = rows[i].to_ms == 0 ? INT64_MAX : rows[i].to_ms,
        };
    }
    return inventory;
}

static bool is_valid(const struct inventory_entry *entry, int64_t at_ms) {
    return at_ms >= entry->from_ms && at_ms < entry->to_ms;
}

const struct inventory_entry *inventory_find_id(const struct inventory *inventory, struct bytes id,
                                                int64_t at_ms, struct inventory_span *span) {
    struct inventory_span all = INVENTORY_ALWAYS;
    const struct inventory_entry *found = NULL;
    for (size_t i = 0; i < inventory->count && found == NULL; i++) {
        const struct inventory_entry *entry = &inventory->entries[i];
        if (!bytes_equal(id, bytes_text(inventory->rows[i].match))) {
            continue;
        }
        bool is_before = at_ms < entry->from_ms;
        found = is_valid(entry, at_ms) ? entry : NULL;
        int64_t from_ms = found != NULL ? entry->from_ms : is_before ? INT64_MIN : entry->to_ms;
        int64_t to_ms = found != NULL ? entry->to_ms : is_before ? entry->from_ms : INT64_MAX;
        all.from_ms = from_ms > all.from_ms ? from_ms : all.from_ms;
        all.to_ms = to_ms < all.to_ms ? to_ms : all.to_ms;
    }
    if (span != NULL) {
        *span = all;
    }
    return found;
}

const struct inventory_entry *inventory_find_address(const struct inventory *inventory,
                                                     struct address address, int64_t at_ms,
                                                     struct inventory_span *span) {
    char text[ADDRESS_TEXT_SIZE];
    size_t size = address_format(address, text);
    return inventory_find_id(inventory, bytes_of(text, size), at_ms, span);
}

size_t inventory_addresses(const struct inventory *inventory, struct bytes node, int64_t at_ms,
                           struct address *out, size_t capacity) {
    size_t count = 0;
    for (size_t i = 0; i < inventory->count && count < capacity; i++) {
        if (bytes_equal(node, inventory->entries[i].node) &&
            is_valid(&inventory->entries[i], at_ms) &&
            address_parse(bytes_text(inventory->rows[i].match), &out[count])) {
            count++;
        }
    }
    return count;
}

size_t inventory_pod_addresses(const struct inventory *inventory, struct bytes node, int64_t at_ms,
                               struct address *out, size_t capacity) {
    (void)inventory, (void)node, (void)at_ms, (void)out, (void)capacity;
    return 0;
}

bool inventory_has_pods(const struct inventory *inventory) {
    (void)inventory;
    return false;
}

static void hash_add(struct flat *flat, const void *data, size_t size) {
    for (size_t i = 0; i < size; i++) {
        flat->hash = (flat->hash ^ ((const uint8_t *)data)[i]) * UINT64_C(0x100000001B3);
    }
}

static void copy_text(char out[64], struct bytes text) {
    size_t size = text.size < 63 ? text.size : 63;
    if (size > 0) {
        memcpy(out, text.data, size);
    }
    out[size] = '\0';
}

static void hash_batch(struct flat *flat, const struct batch *batch) {
    size_t count = batch->count;
    hash_add(flat, batch->start_ms, count * 8);
    hash_add(flat, batch->end_ms, count * 8);
    hash_add(flat, batch->bytes, count * 8);
    hash_add(flat, batch->packets, count * 8);
    hash_add(flat, batch->src, count * 2);
    hash_add(flat, batch->dst, count * 2);
    hash_add(flat, batch->src_port, count * 2);
    hash_add(flat, batch->dst_port, count * 2);
    hash_add(flat, batch->node, count * 2);
    hash_add(flat, batch->quality, count * 2);
    hash_add(flat, batch->protocol, count);
    hash_add(flat, batch->tcp_flags, count);
    hash_add(flat, batch->direction, count);
    hash_add(flat, batch->initiator, count);
    hash_add(flat, batch->action, count);
    hash_add(flat, batch->flow_log, count);
    hash_add(flat, batch->addresses.values, batch->addresses.count * sizeof(struct address));
    for (uint32_t i = 0; i < batch->node_count; i++) {
        const struct batch_node *node = &batch->nodes[i];
        hash_add(flat, node->name.data, node->name.size);
        hash_add(flat, node->identity.data, node->identity.size);
        hash_add(flat, node->interface.data, node->interface.size);
        hash_add(flat, node->own, node->own_count * sizeof *node->own);
    }
    for (uint32_t i = 0; i < batch->coverage_count; i++) {
        const struct batch_coverage *row = &batch->coverage[i];
        hash_add(flat, &row->node, 2);
        hash_add(flat, &row->start_ms, 8);
        hash_add(flat, &row->end_ms, 8);
    }
}

static void flatten(struct flat *flat, const struct batch *batch) {
    if (batch->count > 0) {
        flat->records =
            realloc(flat->records, (flat->count + batch->count) * sizeof *flat->records);
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        struct flat_record *record = &flat->records[flat->count++];
        const struct batch_node *node = &batch->nodes[batch->node[i]];
        /* Field by field onto zeros: records are compared as octets, padding included. */
        memset(record, 0, sizeof *record);
        record->start_ms = batch->start_ms[i];
        record->end_ms = batch->end_ms[i];
        record->bytes = batch->bytes[i];
        record->packets = batch->packets[i];
        record->src = batch->addresses.values[batch->src[i]];
        record->dst = batch->addresses.values[batch->dst[i]];
        record->src_port = batch->src_port[i];
        record->dst_port = batch->dst_port[i];
        record->quality = batch->quality[i];
        record->protocol = batch->protocol[i];
        record->tcp_flags = batch->tcp_flags[i];
        record->direction = batch->direction[i];
        record->initiator = batch->initiator[i];
        record->action = batch->action[i];
        record->batch = flat->batch_count;
        copy_text(record->node, node->name);
        copy_text(record->identity, node->identity);
        copy_text(record->interface, node->interface);
    }
    for (uint32_t i = 0; i < batch->coverage_count; i++, flat->gap_count++) {
        if (flat->gap_count < 64) {
            struct flat_gap *gap = &flat->gaps[flat->gap_count];
            copy_text(gap->node, batch->nodes[batch->coverage[i].node].name);
            gap->kind = batch->coverage[i].kind;
            gap->start_ms = batch->coverage[i].start_ms;
            gap->end_ms = batch->coverage[i].end_ms;
        }
    }
    flat->node_count = batch->node_count;
    for (uint32_t i = 0; i < batch->node_count && i < 8; i++) {
        flat->own_count[i] = batch->nodes[i].own_count;
        if (flat->own_count[i] > 0) {
            memcpy(flat->own[i], batch->nodes[i].own, flat->own_count[i] * sizeof(struct address));
        }
    }
}

static void add_result(struct flat *flat, const struct source_result *result) {
    source_counts_add(&flat->counts, &result->counts);
    for (uint32_t i = 0; i < result->reject_count; i++) {
        flat->rejects[flat->reject_count++] = result->rejects[i];
    }
    if (result->warning[0] != '\0') {
        assert_string_equal(flat->warning, ""); /* once an object */
        memcpy(flat->warning, result->warning, sizeof flat->warning);
    }
}

static void check_conservation(const struct flat *flat) {
    const struct source_counts *counts = &flat->counts;
    assert_int_equal(counts->lines, counts->headers + counts->records + counts->nodata +
                                        counts->skipdata + counts->malformed);
    uint64_t rejects = 0;
    for (int i = 0; i < REJECT_REASON_COUNT; i++) {
        rejects += counts->rejects[i];
    }
    assert_int_equal(counts->malformed, rejects);
    assert_int_equal(counts->records, flat->count);
    assert_int_equal(counts->nodata + counts->skipdata, flat->gap_count);
    uint64_t bytes = 0;
    uint64_t packets = 0;
    uint64_t unknown = 0;
    for (size_t i = 0; i < flat->count; i++) {
        bytes += flat->records[i].bytes;
        packets += flat->records[i].packets;
        unknown += flat->records[i].direction == DIRECTION_UNKNOWN;
    }
    assert_int_equal(counts->bytes, bytes);
    assert_int_equal(counts->packets, packets);
    assert_int_equal(counts->direction_unknown, unknown);
}

void object_read(const struct object *object, struct flat *flat) {
    *flat = (struct flat){ .hash = 1 };
    struct error err;
    struct input *input;
    size_t size = object->size == 0 ? strlen(object->text) : object->size;
    assert_true(input_open_bytes(&input, bytes_of(object->text, size), &err));
    input->piece_size = object->piece_size == 0 ? INPUT_PIECE_SIZE : object->piece_size;
    input->is_truncated = object->is_truncated;
    struct source_options options = { .aws_format = object->format,
                                      .inventory = object->inventory };
    struct source *source;
    enum cpu_width width = object->is_scalar ? CPU_SCALAR : CPU_AVX512;
    assert_true(aws_open_width(&source, input, bytes_text("fl-1"), &options, width, &err));
    struct batch batch;
    assert_true(batch_init(&batch, &err));
    struct source_result result = { .is_end = false };
    while (!result.is_end) {
        assert_true(aws_source.next(source, &batch, &result, &err));
        if (!batch_check(&batch, &err)) {
            fail_msg("%s", err.message);
        }
        add_result(flat, &result);
        flatten(flat, &batch);
        hash_batch(flat, &batch);
        flat->batch_count++;
    }
    flat->is_damaged = result.is_damaged;
    batch_done(&batch);
    aws_source.close(source);
    check_conservation(flat);
}

void flat_done(struct flat *flat) {
    free(flat->records);
}
