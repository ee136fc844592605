/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting by (node, peer, end) makes node a list of runs, peer a climb inside each of them, and
 * puts records alike beside each other, where zstd finds them: 8.5 -> 5.8 bytes a record on a
 * realistic fleet (5 ns a record for three counting sorts). */
#include "flow/frame_rows.h"

#include "flow/column.h"
#include "flow/radix.h"

#define UNIT_CHUNK 256u

static uint64_t greatest_divisor(uint64_t a, uint64_t b) {
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Division by a fixed number as a multiplication: with its odd part's inverse modulo 2^64, exactly
 * the multiples give a product of at most (2^64 - 1) / odd, and for those it is the quotient
 * (Warren, "Hacker's Delight", 10-17). A division a record would cost ten times as much. */
struct exact_divisor {
    uint64_t inverse;
    uint64_t limit;
    uint64_t low_mask; /* the bits that a multiple has 0 */
    unsigned shift;
};

static struct exact_divisor exact_divisor_of(uint64_t divisor) {
    unsigned shift = (unsigned)__builtin_ctzll(divisor);
    uint64_t odd = divisor >> shift;
    uint64_t inverse = odd; /* right in 3 bits; each step doubles them */
    for (int step = 0; step < 5; step++) {
        inverse *= 2 - odd * inverse;
    }
    return (struct exact_divisor){ .inverse = inverse,
                                   .limit = UINT64_MAX / odd,
                                   .low_mask = (UINT64_C(1) << shift) - 1,
                                   .shift = shift };
}

static bool are_multiples(const uint64_t *values, size_t count, struct exact_divisor divisor) {
    uint64_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        bad |= (values[i] * divisor.inverse > divisor.limit) | (values[i] & divisor.low_mask);
    }
    return bad == 0;
}

/* The greatest number that divides `unit` (0: anything) and all values. Mostly they are multiples
 * of the first few values' divisor, which is only verified. */
static uint64_t narrow_unit(uint64_t unit, const uint64_t *values, size_t count) {
    for (size_t first = 0; first < count && unit != 1; first += UNIT_CHUNK) {
        size_t size = count - first < UNIT_CHUNK ? count - first : UNIT_CHUNK;
        if (unit != 0 && are_multiples(values + first, size, exact_divisor_of(unit))) {
            continue;
        }
        for (size_t i = first; i < first + size && unit != 1; i++) {
            unit = greatest_divisor(values[i], unit);
        }
    }
    return unit;
}

/* Fills ends and durations as multiples of `unit`; false when one is none. */
static bool fill_multiples(struct frame_rows *rows, const int64_t *restrict start_ms,
                           const int64_t *restrict end_ms, uint64_t unit) {
    struct exact_divisor divisor = exact_divisor_of(unit);
    int64_t low = rows->end_low_ms;
    uint64_t bad = 0;
    uint64_t shortest = UINT64_MAX;
    uint64_t longest = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        uint64_t end = (uint64_t)(end_ms[i] - low);
        uint64_t duration = (uint64_t)(end_ms[i] - start_ms[i]);
        uint64_t end_units = (end >> divisor.shift) * divisor.inverse;
        uint64_t units = (duration >> divisor.shift) * divisor.inverse;
        bad |= ((end | duration) & divisor.low_mask) | (end_units > divisor.limit) |
               (units > divisor.limit);
        shortest = units < shortest ? units : shortest;
        longest = units > longest ? units : longest;
        rows->end[i] = end_units;
        rows->duration[i] = units;
    }
    rows->duration_low = shortest;
    rows->duration_high = longest;
    return bad == 0;
}

/* The greatest unit that the times of the first `count` rows have in common; 0: any. */
static uint64_t find_unit(struct frame_rows *rows, const struct batch *batch, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        rows->end[i] = (uint64_t)(batch->end_ms[i] - rows->end_low_ms);
        rows->duration[i] = (uint64_t)(batch->end_ms[i] - batch->start_ms[i]);
    }
    return narrow_unit(narrow_unit(0, rows->end, count), rows->duration, count);
}

/* Nearly always the unit of all is that of the first few, which one pass then proves. */
static void fill_times(struct frame_rows *rows, const struct batch *batch,
                       const struct column_range *end) {
    uint32_t count = rows->count;
    rows->end_low_ms = count == 0 ? 0 : (int64_t)end->low;
    rows->end_high_ms = (int64_t)end->high;
    uint64_t unit = find_unit(rows, batch, count < UNIT_CHUNK ? count : UNIT_CHUNK);
    if (unit == 0 || unit > UINT32_MAX ||
        !fill_multiples(rows, batch->start_ms, batch->end_ms, unit)) {
        unit = find_unit(rows, batch, count);
        unit = unit == 0 || unit > UINT32_MAX ? 1 : unit;
        (void)fill_multiples(rows, batch->start_ms, batch->end_ms, unit);
    }
    rows->time_unit_ms = (uint32_t)unit;
}

#define SERVICE_BITS_SMALL 12u
#define SERVICE_BITS_LARGE 16u

static uint32_t service_slot(uint32_t service, unsigned bits) {
    return (service * UINT32_C(0x9E3779B1)) >> (32 - bits);
}

/* The large table, with all services so far. */
static void grow_service_slots(struct frame_rows *rows, uint32_t service_count) {
    uint64_t *slots = rows->service_slots;
    memset(slots, 0, sizeof *slots << SERVICE_BITS_LARGE);
    for (uint32_t s = 0; s < service_count; s++) {
        uint32_t at = service_slot(rows->services[s], SERVICE_BITS_LARGE);
        while (slots[at] != 0) {
            at = (at + 1) & ((1u << SERVICE_BITS_LARGE) - 1);
        }
        slots[at] = (uint64_t)rows->services[s] << 16 | (s + 1);
    }
}

/* Finds each row's service, numbering them as they come. The table starts at 4,096 slots, which
 * stay in the cache, and becomes large enough for any batch when it is half full. */
static uint32_t number_services(struct frame_rows *rows, const uint32_t *keys) {
    unsigned bits = SERVICE_BITS_SMALL;
    uint64_t *slots = rows->service_slots;
    uint32_t service_count = 0;
    memset(slots, 0, sizeof *slots << bits);
    for (uint32_t i = 0; i < rows->count; i++) {
        uint32_t at = service_slot(keys[i], bits);
        while (slots[at] != 0 && slots[at] >> 16 != keys[i]) {
            at = (at + 1) & ((1u << bits) - 1);
        }
        uint64_t slot = slots[at];
        if (__builtin_expect(slot == 0, 0)) {
            rows->services[service_count] = keys[i];
            rows->service_rows[service_count] = 0;
            slot = ++service_count;
            slots[at] = (uint64_t)keys[i] << 16 | slot;
            if (bits == SERVICE_BITS_SMALL && service_count > 2048) {
                bits = SERVICE_BITS_LARGE;
                grow_service_slots(rows, service_count);
            }
        }
        uint32_t number = (uint32_t)(slot & 0xffff) - 1;
        rows->service[i] = (uint16_t)number;
        rows->service_rows[number]++;
    }
    return service_count;
}

/* Ranks services by frequency, so that the common ones have tokens of their own. The key sorts by
 * falling row count, then by service. */
static void rank_services(struct frame_rows *rows) {
    uint64_t *keys = rows->sort_keys;
    for (uint32_t s = 0; s < rows->service_count; s++) {
        uint64_t rare = BATCH_RECORDS_MAX - rows->service_rows[s];
        keys[s] = rare << 24 | rows->services[s];
    }
    /* By first appearance is found again through the key: sort pairs of (key, s) in 64 bits. */
    for (uint32_t s = 0; s < rows->service_count; s++) {
        keys[s] = keys[s] << 16 | s;
    }
    radix_sort_u64(keys, rows->sort_scratch, rows->service_count, 16, 40);
    for (uint32_t rank = 0; rank < rows->service_count; rank++) {
        rows->service_rank[keys[rank] & 0xffff] = (uint16_t)rank;
        rows->services[rank] = (uint32_t)(keys[rank] >> 16) & 0xffffff;
    }
}

static void fill_services(struct frame_rows *rows, const struct batch *batch) {
    uint32_t *keys = (uint32_t *)rows->sort_keys; /* free until services are ranked */
    const uint16_t *src_port = batch->src_port;
    const uint16_t *dst_port = batch->dst_port;
    for (uint32_t i = 0; i < rows->count; i++) {
        uint16_t lower = src_port[i] < dst_port[i] ? src_port[i] : dst_port[i];
        keys[i] = (uint32_t)lower | (uint32_t)batch->protocol[i] << 16;
    }
    rows->service_count = number_services(rows, keys);
    rank_services(rows);
}

/* Which address is local has no pattern in busy logs, so it is chosen without a branch. */
static void fill_codes(struct frame_rows *restrict rows, const struct batch *batch,
                       const uint16_t *restrict ranks) {
    for (uint32_t i = 0; i < rows->count; i++) {
        uint32_t src = ranks[batch->src[i]];
        uint32_t dst = ranks[batch->dst[i]];
        uint32_t swap = (src ^ dst) & (0u - (batch->direction[i] == DIRECTION_IN));
        uint32_t peer = dst ^ swap;
        uint16_t src_port = batch->src_port[i];
        uint16_t dst_port = batch->dst_port[i];
        uint16_t higher = src_port < dst_port ? dst_port : src_port;
        rows->peer[i] = (uint16_t)peer;
        rows->codes[i] = (src ^ swap) | (uint64_t)peer << 16 | (uint64_t)rows->service[i] << 32 |
                         (uint64_t)higher << 48;
        rows->small[i] = (uint8_t)(batch->direction[i] << FRAME_SMALL_DIRECTION_SHIFT |
                                   batch->initiator[i] << FRAME_SMALL_INITIATOR_SHIFT |
                                   batch->action[i] << FRAME_SMALL_ACTION_SHIFT |
                                   (src_port < dst_port) << FRAME_SMALL_PORT_ORDER_SHIFT);
    }
}

static void sort_rows(struct frame_rows *rows, const struct batch *batch,
                      const struct frame_addresses *addresses) {
    uint32_t count = rows->count;
    for (uint32_t i = 0; i < count; i++) {
        rows->order[i] = (uint16_t)i;
    }
    uint64_t span = (uint64_t)(rows->end_high_ms - rows->end_low_ms) / rows->time_unit_ms;
    radix_order_u64(rows->order, rows->order_scratch, count, rows->end, column_width(span));
    radix_order_u16(rows->order, rows->order_scratch, count, rows->peer, rows->counters,
                    addresses->count4 + addresses->count6);
    radix_order_u16(rows->order, rows->order_scratch, count, batch->node, rows->counters,
                    batch->node_count);
}

/* All columns of up to 16 bits that batches usually have more than one value of. */
static void place_codes(struct frame_rows *restrict rows, const uint16_t *restrict node) {
    for (uint32_t place = 0; place < rows->count; place++) {
        uint16_t row = rows->order[place];
        uint64_t codes = rows->codes[row];
        rows->local_at[place] = (uint16_t)codes;
        rows->peer_at[place] = (uint16_t)(codes >> 16);
        rows->service_at[place] = rows->service_rank[codes >> 32 & 0xffff];
        rows->ephemeral_at[place] = (uint16_t)(codes >> 48);
        rows->small_at[place] = rows->small[row];
        rows->node[place] = node[row];
    }
}

void frame_rows_fill(struct frame_rows *rows, const struct batch *batch,
                     const struct frame_addresses *addresses, const struct column_range *end) {
    rows->count = batch->count;
    fill_times(rows, batch, end);
    fill_services(rows, batch);
    fill_codes(rows, batch, addresses->rank);
    sort_rows(rows, batch, addresses);
    place_codes(rows, batch->node);
}

/* Whether all are equal; mostly told by the first that is not. */
static bool is_constant_u8(const uint8_t *column, uint32_t count) {
    return count == 0 || memcmp(column, column + 1, count - 1) == 0;
}

static bool is_constant_u16(const uint16_t *column, uint32_t count) {
    return count == 0 || memcmp(column, column + 1, (count - 1) * sizeof *column) == 0;
}

void frame_rows_gather_u8(const struct frame_rows *rows, uint16_t *restrict out,
                          const uint8_t *restrict column) {
    if (is_constant_u8(column, rows->count)) {
        for (uint32_t i = 0; i < rows->count; i++) {
            out[i] = column[0];
        }
        return;
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        out[i] = column[rows->order[i]];
    }
}

void frame_rows_gather_u16(const struct frame_rows *rows, uint16_t *restrict out,
                           const uint16_t *restrict column) {
    if (is_constant_u16(column, rows->count)) {
        memcpy(out, column, rows->count * sizeof *out);
        return;
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        out[i] = column[rows->order[i]];
    }
}

void frame_rows_gather_u64(const struct frame_rows *rows, uint64_t *restrict out,
                           const uint64_t *restrict column, uint32_t first, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        out[i] = column[rows->order[first + i]];
    }
}
