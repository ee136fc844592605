/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes give an inventory or an error with a message; what an inventory then answers lies
 * within the entry's validity, and each node that it names has addresses that lead back to some
 * node. */
#include "ingest/inventory.h"

#include <stdlib.h>

static void ask(const struct inventory *inventory, struct address address, int64_t at_ms) {
    bool is_timed;
    const struct inventory_entry *entry =
        inventory_find_address(inventory, address, at_ms, &is_timed);
    if (entry == NULL) {
        return;
    }
    bool has_bounds = entry->from_ms != INT64_MIN || entry->to_ms != INT64_MAX;
    if (entry->from_ms > at_ms || at_ms >= entry->to_ms || entry->node.size == 0 ||
        (has_bounds && !is_timed)) {
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
