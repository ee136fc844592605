/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/fragment_table.h"

#include <stdlib.h>

static struct fragment *set_of(struct fragment_table *table, const struct packet *packet) {
    uint64_t mixed = packet->src.high * 3 ^ packet->src.low ^ packet->dst.high * 5 ^
                     (packet->dst.low << 32 | packet->dst.low >> 32) ^
                     ((uint64_t)packet->fragment_id << 8 | packet->fragment_protocol);
    mixed = (mixed ^ mixed >> 29) * UINT64_C(0x9E3779B97F4A7C15);
    return table->sets[(mixed >> 32) % FRAGMENT_SETS];
}

static bool is_same(const struct fragment *fragment, const struct packet *packet) {
    return fragment->serial != 0 && fragment->id == packet->fragment_id &&
           fragment->fragment_protocol == packet->fragment_protocol &&
           address_equal(fragment->src, packet->src) && address_equal(fragment->dst, packet->dst);
}

/* The datagram's place, or the one that makes room for it. */
static struct fragment *place_of(struct fragment *set, const struct packet *packet) {
    struct fragment *oldest = &set[0];
    for (unsigned way = 0; way < FRAGMENT_WAYS; way++) {
        if (is_same(&set[way], packet)) {
            return &set[way];
        }
        oldest = set[way].serial < oldest->serial ? &set[way] : oldest;
    }
    return oldest;
}

static bool is_kept(const struct fragment *fragment, int64_t time_ms) {
    int64_t since_ms = time_ms - fragment->time_ms;
    return since_ms <= FRAGMENT_KEPT_MS && since_ms >= -FRAGMENT_KEPT_MS;
}

bool fragment_table_resolve(struct fragment_table *table, struct packet *packet, int64_t time_ms,
                            struct error *err) {
    if (table->sets == NULL) {
        table->sets = calloc(FRAGMENT_SETS, sizeof *table->sets);
        if (table->sets == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for fragments");
        }
    }
    struct fragment *place = place_of(set_of(table, packet), packet);
    if (packet->is_fragment_tail) {
        if (is_same(place, packet) && is_kept(place, time_ms)) {
            packet->src_port = place->src_port;
            packet->dst_port = place->dst_port;
            packet->protocol = place->protocol;
        }
        return true;
    }
    *place = (struct fragment){
        .src = packet->src,
        .dst = packet->dst,
        .time_ms = time_ms,
        .serial = ++table->serial,
        .id = packet->fragment_id,
        .src_port = packet->src_port,
        .dst_port = packet->dst_port,
        .protocol = packet->protocol,
        .fragment_protocol = packet->fragment_protocol,
    };
    return true;
}

void fragment_table_done(struct fragment_table *table) {
    free(table->sets);
    *table = (struct fragment_table){ 0 };
}
