/* SPDX-License-Identifier: Apache-2.0 */
/* Ranking and writing a frame's addresses; their layout is explained in frame_addresses.h. Radix
 * sorts keep the time linear: a flood of spoofed addresses costs no more an address than a quiet
 * hour. */
#include "flow/frame_addresses.h"

#include "flow/radix.h"

/* Orders the codes of IPv6 addresses by 16 passes of 8 bits, most of which are skipped: addresses
 * of a fleet share most of their bytes. */
static void order_ipv6(struct frame_addresses *addresses, const struct address *values) {
    uint32_t count = addresses->count6;
    uint16_t *order = addresses->ipv6;
    for (unsigned byte = 0; byte < 16; byte++) {
        unsigned shift = 8 * (byte % 8);
        uint32_t places[256] = { 0 };
        for (uint32_t i = 0; i < count; i++) {
            struct address value = values[order[i]];
            places[(byte < 8 ? value.low : value.high) >> shift & 0xff]++;
        }
        uint32_t place = 0;
        bool is_trivial = false;
        for (unsigned d = 0; d < 256; d++) {
            uint32_t here = places[d];
            is_trivial = is_trivial || here == count;
            places[d] = place;
            place += here;
        }
        if (is_trivial) {
            continue;
        }
        for (uint32_t i = 0; i < count; i++) {
            struct address value = values[order[i]];
            uint64_t half = byte < 8 ? value.low : value.high;
            addresses->order_scratch[places[half >> shift & 0xff]++] = order[i];
        }
        memcpy(order, addresses->order_scratch, count * sizeof *order);
    }
}

void frame_addresses_rank(struct frame_addresses *addresses, const struct batch *batch) {
    const struct dictionary *dictionary = &batch->addresses;
    memset(addresses->is_used, 0, dictionary->count * sizeof *addresses->is_used);
    for (uint32_t i = 0; i < batch->count; i++) {
        addresses->is_used[batch->src[i]] = true;
        addresses->is_used[batch->dst[i]] = true;
    }
    addresses->count4 = addresses->count6 = 0;
    for (uint32_t code = 0; code < dictionary->count; code++) {
        if (!addresses->is_used[code]) {
            continue;
        }
        struct address value = dictionary->values[code];
        if (address_is_ipv4(value)) {
            addresses->ipv4[addresses->count4++] = (uint64_t)address_ipv4(value) << 16 | code;
        } else {
            addresses->ipv6[addresses->count6++] = (uint16_t)code;
        }
    }
    radix_sort_u64(addresses->ipv4, addresses->scratch, addresses->count4, 16, 32);
    order_ipv6(addresses, dictionary->values);
    for (uint32_t i = 0; i < addresses->count4; i++) {
        addresses->rank[addresses->ipv4[i] & 0xffff] = (uint16_t)i;
    }
    for (uint32_t i = 0; i < addresses->count6; i++) {
        addresses->rank[addresses->ipv6[i]] = (uint16_t)(addresses->count4 + i);
    }
}

static struct address ranked(const struct frame_addresses *addresses, const struct batch *batch,
                             uint32_t rank) {
    uint32_t count4 = addresses->count4;
    return rank < count4 ? address_from_ipv4((uint32_t)(addresses->ipv4[rank] >> 16))
                         : batch->addresses.values[addresses->ipv6[rank - count4]];
}

bool frame_addresses_rank_of(const struct frame_addresses *addresses, const struct batch *batch,
                             struct address address, uint16_t *rank) {
    bool is_ipv4 = address_is_ipv4(address);
    uint32_t low = is_ipv4 ? 0 : addresses->count4;
    uint32_t high = is_ipv4 ? addresses->count4 : addresses->count4 + addresses->count6;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = address_compare(ranked(addresses, batch, middle), address);
        if (order == 0) {
            *rank = (uint16_t)middle;
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return false;
}

static uint8_t *varint_write(uint8_t *at, uint32_t value) {
    while (value > 127) {
        *at++ = (uint8_t)(value | 128);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

void frame_addresses_write_ipv4(const struct frame_addresses *addresses, struct buffer *out) {
    uint32_t count = addresses->count4;
    size_t index_size = (size_t)FRAME_IPV4_INDEX_ENTRY * frame_ipv4_block_count(count);
    uint8_t *index = buffer_reserve(out, index_size + 5 * (size_t)count);
    if (index == NULL) {
        return;
    }
    uint8_t *data = index + index_size;
    uint8_t *at = data;
    uint32_t last = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t value = (uint32_t)(addresses->ipv4[i] >> 16);
        if (i % FRAME_IPV4_BLOCK == 0) {
            put_u32(index, value);
            put_u32(index + 4, (uint32_t)(at - data));
            index += FRAME_IPV4_INDEX_ENTRY;
        } else {
            at = varint_write(at, value - last - 1);
        }
        last = value;
    }
    out->size += index_size + (size_t)(at - data);
}

void frame_addresses_write_ipv6(const struct frame_addresses *addresses, const struct batch *batch,
                                struct buffer *out) {
    const struct address *values = batch->addresses.values;
    uint32_t count = addresses->count6;
    size_t bitmap_size = (count + 7) / 8;
    size_t count_at = out->size;
    buffer_u32(out, 0);
    uint32_t prefixes = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t high = values[addresses->ipv6[i]].high;
        if (i == 0 || high != values[addresses->ipv6[i - 1]].high) {
            buffer_u64(out, high);
            prefixes++;
        }
    }
    uint8_t *bitmap = buffer_reserve(out, bitmap_size);
    if (bitmap == NULL) {
        return;
    }
    memset(bitmap, 0, bitmap_size);
    for (uint32_t i = 0; i < count; i++) {
        bool is_first =
            i == 0 || values[addresses->ipv6[i]].high != values[addresses->ipv6[i - 1]].high;
        bitmap[i / 8] = (uint8_t)(bitmap[i / 8] | is_first << i % 8);
    }
    out->size += bitmap_size;
    for (uint32_t i = 0; i < count; i++) {
        buffer_u64(out, values[addresses->ipv6[i]].low);
    }
    if (!out->failed) {
        put_u32(out->data + count_at, prefixes);
    }
}
