/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the tables of a frame. Rows are varints and texts in the order of the batch; what repeats
 * between rows (a name that is also the identity, times that follow each other) is left out or
 * written as a difference, and zstd finds the rest. */
#include "flow/frame_tables.h"

/* An own address: its rank behind the two marks where records of the frame have it, else a mark and
 * its octets. */
static void write_own(const struct batch *batch, const struct frame_addresses *addresses,
                      struct address own, struct buffer *out) {
    uint16_t rank;
    uint8_t octets[16];
    if (frame_addresses_rank_of(addresses, batch, own, &rank)) {
        buffer_varint(out, FRAME_OWN_RANK + (uint32_t)rank);
        return;
    }
    address_to_octets(own, octets);
    if (address_is_ipv4(own)) {
        buffer_u8(out, FRAME_OWN_IPV4);
        buffer_put(out, octets + 12, 4);
    } else {
        buffer_u8(out, FRAME_OWN_IPV6);
        buffer_put(out, octets, sizeof octets);
    }
}

uint32_t frame_nodes_write(const struct batch *batch, const struct frame_addresses *addresses,
                           struct buffer *out) {
    for (uint32_t i = 0; i < batch->node_count; i++) {
        const struct batch_node *node = &batch->nodes[i];
        bool is_identity = bytes_equal(node->identity, node->name);
        bool is_interface = bytes_equal(node->interface, node->name);
        buffer_u8(out, (uint8_t)((is_identity ? FRAME_NODE_IDENTITY_IS_NAME : 0) |
                                 (is_interface ? FRAME_NODE_INTERFACE_IS_NAME : 0)));
        buffer_string(out, node->name);
        if (!is_identity) {
            buffer_string(out, node->identity);
        }
        if (!is_interface) {
            buffer_string(out, node->interface);
        }
        buffer_string(out, node->role);
        buffer_varint(out, node->own_count);
        for (uint32_t k = 0; k < node->own_count; k++) {
            write_own(batch, addresses, node->own[k], out);
        }
    }
    return batch->node_count;
}

uint32_t frame_flow_logs_write(const struct batch *batch, struct buffer *out) {
    for (uint32_t i = 0; i < batch->flow_log_count; i++) {
        buffer_string(out, batch->flow_logs[i]);
    }
    return batch->flow_log_count;
}

/* String 0 is empty in every batch and not written. */
uint32_t frame_strings_write(const struct batch *batch, struct buffer *out) {
    for (uint32_t i = 1; i < batch->string_count; i++) {
        buffer_string(out, batch->strings[i]);
    }
    return batch->string_count == 0 ? 0 : batch->string_count - 1;
}

uint32_t frame_labels_write(const struct batch *batch, const struct frame_addresses *addresses,
                            struct buffer *out) {
    if (batch->labels == NULL) {
        return 0;
    }
    uint32_t written = 0;
    uint32_t next_rank = 0; /* behind the last one written */
    uint32_t count = addresses->count4 + addresses->count6;
    for (uint32_t rank = 0; rank < count; rank++) {
        uint32_t code = rank < addresses->count4 ? (uint32_t)(addresses->ipv4[rank] & 0xffff)
                                                 : addresses->ipv6[rank - addresses->count4];
        struct batch_label label = batch->labels[code];
        if ((label.pod | label.namespace_ | label.workload | label.group) == 0) {
            continue;
        }
        buffer_varint(out, rank - next_rank);
        buffer_varint(out, label.pod);
        buffer_varint(out, label.namespace_);
        buffer_varint(out, label.workload);
        buffer_varint(out, label.group);
        next_rank = rank + 1;
        written++;
    }
    return written;
}

uint32_t frame_coverage_write(const struct batch *batch, struct buffer *out) {
    struct batch_coverage last = { 0 };
    for (uint32_t i = 0; i < batch->coverage_count; i++) {
        struct batch_coverage row = batch->coverage[i];
        buffer_varint(out, zigzag_encode((int64_t)row.node - last.node));
        buffer_u8(out, row.kind);
        buffer_u8(out, row.flow_log);
        buffer_varint(out, zigzag_encode(row.start_ms - last.start_ms));
        buffer_varint(out, (uint64_t)(row.end_ms - row.start_ms));
        buffer_varint(out, row.dropped);
        last = row;
    }
    return batch->coverage_count;
}

uint32_t frame_services_write(const struct frame_rows *rows, struct buffer *out) {
    uint8_t *at = buffer_reserve(out, 3 * (size_t)rows->service_count);
    if (at != NULL) {
        for (uint32_t i = 0; i < rows->service_count; i++, at += 3) {
            put_u16(at, (uint16_t)rows->services[i]);
            at[2] = (uint8_t)(rows->services[i] >> 16);
        }
        out->size += 3 * (size_t)rows->service_count;
    }
    return rows->service_count;
}
