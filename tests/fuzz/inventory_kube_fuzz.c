/* SPDX-License-Identifier: Apache-2.0 */
/* Property: any bytes give rows or an error with a message; the same ones however the text comes in
 * pieces; and of an inventory made of them, each row's node has addresses that lead back to some
 * node at their time. The first octet is the size of a piece. */
#include "ingest/inventory_kube.h"

#include "tests/unit/json_reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true) {
    if (!is_true) {
        abort();
    }
}

static void require_same_row(const struct inventory_row *a, const struct inventory_row *b) {
    const struct inventory_entry *x = &a->entry;
    const struct inventory_entry *y = &b->entry;
    require(bytes_equal(x->node, y->node) && bytes_equal(x->identity, y->identity));
    require(bytes_equal(x->role, y->role) && bytes_equal(x->pod, y->pod));
    require(bytes_equal(x->namespace_, y->namespace_) && bytes_equal(x->workload, y->workload));
    require(x->from_ms == y->from_ms && x->to_ms == y->to_ms && x->from_ms < x->to_ms);
    require(a->is_id == b->is_id && bytes_equal(a->id, b->id));
    require(a->prefix.length == b->prefix.length &&
            address_equal(a->prefix.address, b->prefix.address));
}

static void ask(const struct inventory *inventory, const struct inventory_row *row) {
    int64_t at_ms = row->entry.from_ms;
    if (row->is_id) {
        require(inventory_find_id(inventory, row->id, at_ms, NULL) != NULL);
    } else {
        require(inventory_find_address(inventory, row->prefix.address, at_ms, NULL) != NULL);
    }
    struct address own[8];
    size_t count = inventory_addresses(inventory, row->entry.node, at_ms, own, 8);
    for (size_t i = 0; i < count; i++) {
        require(inventory_find_address(inventory, own[i], at_ms, NULL) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2 || data[1] != '{') {
        return 0;
    }
    struct bytes text = bytes_of(data + 1, size - 1);
    struct inventory_rows rows[2];
    struct error errors[2] = { { 0 }, { 0 } };
    struct json_reader reader;
    json_reader_init(&reader, text, NULL, NULL);
    bool ok = inventory_kube_parse(&rows[0], &reader, &errors[0]);
    json_reader_done(&reader);
    struct pieces pieces = { .left = text, .size = data[0] == 0 ? SIZE_MAX : data[0] };
    json_reader_init(&reader, (struct bytes){ 0 }, pieces_next, &pieces);
    require(inventory_kube_parse(&rows[1], &reader, &errors[1]) == ok);
    json_reader_done(&reader);
    free(pieces.copy);
    require(strcmp(errors[0].message, errors[1].message) == 0);
    require(ok == (errors[0].message[0] == '\0'));
    struct inventory *inventory = NULL;
    require(inventory_open_bytes(&inventory, "fuzz", text, &errors[0]) == ok);
    for (uint32_t i = 0; ok && i < rows[0].count; i++) {
        require(rows[1].count == rows[0].count);
        require_same_row(&rows[0].rows[i], &rows[1].rows[i]);
        ask(inventory, &rows[0].rows[i]);
    }
    inventory_free(inventory);
    inventory_rows_done(&rows[0]);
    inventory_rows_done(&rows[1]);
    return 0;
}
