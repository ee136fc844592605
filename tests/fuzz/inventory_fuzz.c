/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes give an inventory or an error with a message; what an inventory then answers lies
 * within the entry's validity and is the same over all of its span, and each node that it names has
 * addresses that lead back to some node. */
#include "ingest/inventory.h"

#include <stdlib.h>

static void ask(const struct inventory *inventory, struct address address, int64_t at_ms) {
    struct inventory_span span;
    const struct inventory_entry *entry = inventory_find_address(inventory, address, at_ms, &span);
    if (!inventory_span_has(&span, at_ms) ||
        inventory_find_address(inventory, address, span.from_ms, NULL) != entry ||
        inventory_find_address(inventory, address, span.to_ms - 1, NULL) != entry) {
        abort();
    }
    if (entry == NULL) {
        return;
    }
    if (entry->from_ms > span.from_ms || span.to_ms > entry->to_ms || entry->node.size == 0) {
        abort();
    }
    struct address own[8];
    size_t count = inventory_addresses(inventory, entry->node, at_ms, own, 8);
    for (size_t i = 0; i < count; i++) {
        if (inventory_find_address(inventory, own[i], at_ms, NULL) == NULL) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct inventory *inventory = NULL;
    struct error err = { 0 };
    if (!inventory_open_bytes(&inventory, "fuzz", bytes_of(data, size), &err)) {
        if (inventory != NULL || err.code == ERROR_NONE || err.message[0] == '\0') {
            abort();
        }
        return 0;
    }
    /* Every run of bytes up to a comma or a line's end is asked for, as an id and as an address. */
    for (size_t first = 0, i = 0; i <= size; i++) {
        if (i < size && data[i] != ',' && data[i] != '\n' && data[i] != '/') {
            continue;
        }
        struct bytes text = bytes_of(data + first, i - first);
        struct address address;
        (void)inventory_find_id(inventory, text, 0, NULL); /* must only return */
        if (address_parse(text, &address)) {
            ask(inventory, address, 0);
            ask(inventory, address, INT64_C(1767225600000));
            ask(inventory, address, INT64_MIN);
        }
        first = i + 1;
    }
    inventory_free(inventory);
    return 0;
}
