/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/flow_entry.h"

#define TCP_SYN 0x02u
#define TCP_ACK 0x10u

void flow_entry_begin(struct flow_entry *entry, bool keep_opener) {
    for (unsigned way = 0; way < 2; way++) {
        entry->tcp_flags[way] = 0;
        entry->bytes[way] = 0;
        entry->packets[way] = 0;
        entry->last[way] = 0;
    }
    entry->later_first = 0;
    entry->has_flags = 0;
    if (!keep_opener) {
        entry->is_opener_inferred = 1;
    }
}

/* The packet is older than all before it: distances grow by how much. */
static void move_base(struct flow_entry *entry, unsigned way, int64_t time_ms) {
    uint32_t shift = (uint32_t)(entry->base_ms - time_ms);
    entry->last[0] += entry->packets[0] > 0 ? shift : 0;
    entry->last[1] += entry->packets[1] > 0 ? shift : 0;
    if (entry->later == way) { /* the ways change places */
        entry->later = (way ^ 1u) & 1u;
        entry->later_first = shift;
    } else {
        entry->later_first += entry->packets[entry->later] > 0 ? shift : 0;
    }
    entry->base_ms = time_ms;
}

static void place_in_time(struct flow_entry *entry, unsigned way, int64_t time_ms) {
    if ((entry->packets[0] | entry->packets[1]) == 0) {
        entry->base_ms = time_ms;
        entry->later = (way ^ 1u) & 1u;
        return;
    }
    if (time_ms < entry->base_ms) {
        move_base(entry, way, time_ms);
        return;
    }
    uint32_t since = (uint32_t)(time_ms - entry->base_ms);
    if (entry->later == way && (entry->packets[way] == 0 || since < entry->later_first)) {
        entry->later_first = since;
    }
    entry->last[way] = since > entry->last[way] ? since : entry->last[way];
}

/* SYN alone comes from who opens, SYN with ACK from the other; the first one seen decides. */
static void learn_opener(struct flow_entry *entry, unsigned way, const struct packet *packet) {
    if ((entry->packets[0] | entry->packets[1]) == 0 && entry->is_opener_inferred) {
        entry->opener = way & 1u;
    }
    if (entry->is_opener_inferred && packet->has_flags && (packet->tcp_flags & TCP_SYN) != 0) {
        unsigned is_answer = (packet->tcp_flags & TCP_ACK) != 0;
        entry->opener = (way ^ is_answer) & 1u;
        entry->is_opener_inferred = 0;
    }
}

void flow_entry_add(struct flow_entry *entry, unsigned way, int64_t time_ms,
                    const struct packet *packet) {
    learn_opener(entry, way, packet);
    place_in_time(entry, way, time_ms);
    entry->bytes[way] += packet->bytes;
    entry->packets[way]++;
    if (packet->has_flags) {
        entry->tcp_flags[way] |= packet->tcp_flags;
        entry->has_flags = (entry->has_flags | 1u << way) & 3u;
    }
}

void flow_entry_give(const struct flow_entry *entry, struct flow *out) {
    out->a_port = (uint16_t)(entry->ports >> 16);
    out->b_port = (uint16_t)entry->ports;
    out->protocol = entry->protocol;
    out->log = entry->log;
    out->is_opened_by_b = entry->opener;
    out->is_opener_inferred = entry->is_opener_inferred;
    for (unsigned way = 0; way < 2; way++) {
        struct flow_way *given = &out->way[way];
        *given = (struct flow_way){ 0 };
        if (entry->packets[way] == 0) {
            continue;
        }
        given->first_ms = entry->base_ms + (entry->later == way ? entry->later_first : 0);
        given->last_ms = entry->base_ms + entry->last[way];
        given->bytes = entry->bytes[way];
        given->packets = entry->packets[way];
        given->tcp_flags = entry->tcp_flags[way];
        given->has_flags = (entry->has_flags >> way & 1u) != 0;
    }
}
