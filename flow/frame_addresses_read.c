/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and searching a frame's addresses (layout: frame_addresses.h). Reading checks every rule
 * of the layout, so that what passes is sorted and without repeats. Searching checks only that it
 * stays inside the section: bytes that break a rule may give a wrong answer, never a wild read. */
#include "flow/frame_addresses.h"

/* A varint of at most 32 bits within [*at, end); false when it does not end or overflows. */
static inline bool varint_read(const uint8_t **at, const uint8_t *end, uint32_t *value) {
    uint32_t sum = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
        if (*at == end) {
            return false;
        }
        uint8_t octet = *(*at)++;
        if (shift == 28 && octet > 15) {
            return false;
        }
        sum |= (uint32_t)(octet & 127) << shift;
        if (octet < 128) {
            *value = sum;
            return true;
        }
    }
    return false;
}

/* The IPv4 section's parts, after the sizes were checked. */
struct ipv4_section {
    uint32_t count;
    uint32_t blocks;
    const uint8_t *index;
    const uint8_t *data;
    const uint8_t *end;
};

static bool ipv4_open(const struct frame_section *section, struct ipv4_section *out,
                      struct error *err) {
    if (section->encoding != ENCODING_PLAIN || section->low > DICTIONARY_CODES_MAX) {
        return frame_bad(err, SECTION_IPV4, "encoding %u, %llu addresses", section->encoding,
                         (unsigned long long)section->low);
    }
    out->count = (uint32_t)section->low;
    out->blocks = frame_ipv4_block_count(out->count);
    size_t index_size = (size_t)FRAME_IPV4_INDEX_ENTRY * out->blocks;
    if (index_size > section->bytes.size) {
        return frame_bad(err, SECTION_IPV4, "%zu bytes for %u addresses", section->bytes.size,
                         out->count);
    }
    out->index = section->bytes.data;
    out->data = out->index + index_size;
    out->end = section->bytes.data + section->bytes.size;
    return true;
}

/* The addresses of one block in order; `*at` is where it begins and is moved behind it. */
static bool ipv4_read_block(struct address *values, const uint8_t **at, const uint8_t *end,
                            uint32_t first, uint32_t count) {
    uint32_t last = first;
    values[0] = address_from_ipv4(first);
    for (uint32_t i = 1; i < count; i++) {
        uint32_t distance;
        if (!varint_read(at, end, &distance) || distance >= UINT32_MAX - last) {
            return false;
        }
        last += distance + 1;
        values[i] = address_from_ipv4(last);
    }
    return true;
}

static bool ipv4_read(const struct frame_section *section, struct address *values, uint32_t *count,
                      struct error *err) {
    struct ipv4_section ipv4 = { 0 };
    if (!ipv4_open(section, &ipv4, err)) {
        return false;
    }
    const uint8_t *at = ipv4.data;
    for (uint32_t block = 0; block < ipv4.blocks; block++) {
        const uint8_t *entry = ipv4.index + (size_t)FRAME_IPV4_INDEX_ENTRY * block;
        uint32_t begin = block * FRAME_IPV4_BLOCK;
        uint32_t rows =
            ipv4.count - begin < FRAME_IPV4_BLOCK ? ipv4.count - begin : FRAME_IPV4_BLOCK;
        uint32_t first = get_u32(entry);
        bool ascends = block == 0 || address_ipv4(values[begin - 1]) < first;
        if (!ascends || get_u32(entry + 4) != (size_t)(at - ipv4.data) ||
            !ipv4_read_block(values + begin, &at, ipv4.end, first, rows)) {
            return frame_bad(err, SECTION_IPV4, "block %u is broken", block);
        }
    }
    if (at != ipv4.end) {
        return frame_bad(err, SECTION_IPV4, "%zu bytes too many", (size_t)(ipv4.end - at));
    }
    *count = ipv4.count;
    return true;
}

static bool ipv4_find(const struct frame_section *section, uint32_t wanted, bool *has,
                      struct error *err) {
    struct ipv4_section ipv4 = { 0 };
    if (!ipv4_open(section, &ipv4, err)) {
        return false;
    }
    uint32_t low = 0; /* blocks below begin at or before `wanted` */
    uint32_t high = ipv4.blocks;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (get_u32(ipv4.index + (size_t)FRAME_IPV4_INDEX_ENTRY * middle) <= wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *has = false;
    if (low == 0) {
        return true;
    }
    uint32_t block = low - 1;
    const uint8_t *entry = ipv4.index + (size_t)FRAME_IPV4_INDEX_ENTRY * block;
    uint32_t last = get_u32(entry);
    uint32_t offset = get_u32(entry + 4);
    if (offset > (size_t)(ipv4.end - ipv4.data)) {
        return frame_bad(err, SECTION_IPV4, "block %u is broken", block);
    }
    const uint8_t *at = ipv4.data + offset;
    uint32_t left = ipv4.count - block * FRAME_IPV4_BLOCK;
    left = left < FRAME_IPV4_BLOCK ? left : FRAME_IPV4_BLOCK;
    while (last < wanted && --left > 0) {
        uint32_t distance;
        if (!varint_read(&at, ipv4.end, &distance) || distance >= UINT32_MAX - last) {
            return frame_bad(err, SECTION_IPV4, "block %u is broken", block);
        }
        last += distance + 1;
    }
    *has = last == wanted;
    return true;
}

struct ipv6_section {
    uint32_t count;
    uint32_t prefixes;
    const uint8_t *highs;
    const uint8_t *bitmap;
    const uint8_t *lows;
};

static bool ipv6_open(const struct frame_section *section, struct ipv6_section *out,
                      struct error *err) {
    size_t size = section->bytes.size;
    if (section->encoding != ENCODING_PLAIN || section->low < 1 ||
        section->low > DICTIONARY_CODES_MAX || size < 4) {
        return frame_bad(err, SECTION_IPV6, "encoding %u, %llu addresses, %zu bytes",
                         section->encoding, (unsigned long long)section->low, size);
    }
    out->count = (uint32_t)section->low;
    out->prefixes = get_u32(section->bytes.data);
    size_t bitmap_size = (out->count + 7) / 8;
    if (out->prefixes < 1 || out->prefixes > out->count ||
        size != 4 + 8 * (size_t)out->prefixes + bitmap_size + 8 * (size_t)out->count) {
        return frame_bad(err, SECTION_IPV6, "%zu bytes for %u addresses in %u prefixes", size,
                         out->count, out->prefixes);
    }
    out->highs = section->bytes.data + 4;
    out->bitmap = out->highs + 8 * (size_t)out->prefixes;
    out->lows = out->bitmap + bitmap_size;
    return true;
}

static bool bitmap_has(const uint8_t *bitmap, uint32_t i) {
    return bitmap[i / 8] >> i % 8 & 1;
}

static bool ipv6_read(const struct frame_section *section, struct address *values, uint32_t *count,
                      struct error *err) {
    struct ipv6_section ipv6 = { 0 };
    if (!ipv6_open(section, &ipv6, err)) {
        return false;
    }
    uint32_t prefix = 0; /* prefixes begun */
    struct address last = { 0, 0 };
    for (uint32_t i = 0; i < ipv6.count; i++) {
        bool is_first = bitmap_has(ipv6.bitmap, i);
        prefix += is_first;
        if (prefix < 1 || prefix > ipv6.prefixes) {
            return frame_bad(err, SECTION_IPV6, "address %u is in prefix %u of %u", i, prefix,
                             ipv6.prefixes);
        }
        struct address value = { .high = get_u64(ipv6.highs + 8 * (size_t)(prefix - 1)),
                                 .low = get_u64(ipv6.lows + 8 * (size_t)i) };
        if (address_is_ipv4(value) || (i > 0 && address_compare(last, value) >= 0) ||
            (i > 0 && is_first == (last.high == value.high))) {
            return frame_bad(err, SECTION_IPV6, "address %u is out of order", i);
        }
        values[i] = last = value;
    }
    bool is_spare = ipv6.count % 8 != 0 && ipv6.bitmap[ipv6.count / 8] >> ipv6.count % 8 != 0;
    if (prefix != ipv6.prefixes || is_spare) {
        return frame_bad(err, SECTION_IPV6, "%u prefixes, %u used", ipv6.prefixes, prefix);
    }
    *count = ipv6.count;
    return true;
}

/* How many of `count` ascending numbers are at most `wanted`. */
static uint32_t count_up_to(const uint8_t *numbers, uint32_t count, uint64_t wanted) {
    uint32_t low = 0;
    uint32_t high = count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (get_u64(numbers + 8 * (size_t)middle) <= wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The place of the `rank`-th one (from 0) among the first `count` bits; `count` when there is none.
 */
static uint32_t bitmap_select(const uint8_t *bitmap, uint32_t count, uint32_t rank) {
    uint32_t at = 0;
    while (count - at >= 64) {
        uint32_t ones = (uint32_t)__builtin_popcountll(get_u64(bitmap + at / 8));
        if (ones > rank) {
            break;
        }
        rank -= ones;
        at += 64;
    }
    for (; at < count; at++) {
        if (bitmap_has(bitmap, at) && rank-- == 0) {
            break;
        }
    }
    return at;
}

static bool ipv6_find(const struct frame_section *section, struct address wanted, bool *has,
                      struct error *err) {
    struct ipv6_section ipv6 = { 0 };
    if (!ipv6_open(section, &ipv6, err)) {
        return false;
    }
    *has = false;
    uint32_t prefix = count_up_to(ipv6.highs, ipv6.prefixes, wanted.high);
    if (prefix == 0 || get_u64(ipv6.highs + 8 * (size_t)(prefix - 1)) != wanted.high) {
        return true;
    }
    uint32_t begin = bitmap_select(ipv6.bitmap, ipv6.count, prefix - 1);
    uint32_t end = bitmap_select(ipv6.bitmap, ipv6.count, prefix);
    const uint8_t *lows = ipv6.lows + 8 * (size_t)begin;
    uint32_t place = count_up_to(lows, end - begin, wanted.low);
    *has = place > 0 && get_u64(lows + 8 * (size_t)(place - 1)) == wanted.low;
    return true;
}

bool frame_addresses_read(const struct frame_view *view, struct dictionary *dictionary,
                          struct error *err) {
    const struct frame_section *ipv4;
    const struct frame_section *ipv6;
    if (!frame_view_section(view, SECTION_IPV4, &ipv4, err) ||
        !frame_view_section(view, SECTION_IPV6, &ipv6, err)) {
        return false;
    }
    uint64_t total = (ipv4 == NULL ? 0 : ipv4->low) + (ipv6 == NULL ? 0 : ipv6->low);
    uint64_t octets = 4 * (ipv4 == NULL ? 0 : ipv4->low) + 16 * (ipv6 == NULL ? 0 : ipv6->low);
    if (total > DICTIONARY_CODES_MAX || octets > BATCH_ADDRESS_OCTETS_MAX) {
        return frame_bad(err, SECTION_IPV6, "%llu addresses in all", (unsigned long long)total);
    }
    uint32_t count4 = 0;
    uint32_t count6 = 0;
    if ((ipv4 != NULL && !ipv4_read(ipv4, dictionary->values, &count4, err)) ||
        (ipv6 != NULL && !ipv6_read(ipv6, dictionary->values + count4, &count6, err))) {
        return false;
    }
    dictionary_adopt_sorted(dictionary, count4, count6);
    return true;
}

bool frame_addresses_find(const struct frame_view *view, struct address address, bool *has,
                          struct error *err) {
    bool is_ipv4 = address_is_ipv4(address);
    const struct frame_section *section = &view->sections[is_ipv4 ? SECTION_IPV4 : SECTION_IPV6];
    if (!section->is_present) {
        *has = false;
        return true;
    }
    return is_ipv4 ? ipv4_find(section, address_ipv4(address), has, err)
                   : ipv6_find(section, address, has, err);
}
