/* SPDX-License-Identifier: Apache-2.0 */
/* The column loops in plain C: the definition that the other widths are held to.
 *
 * Per value, by count: tokens_encode is a chain of an or, a shift and an unaligned store (about 2
 * ns); tokens_decode has only the bit position as its chain, since tokens are known beforehand
 * (about 1 ns). Loads and stores of 8 bytes hold 57 bits at any bit position, so the raw bits of a
 * token above 235 (58 to 61 bits) go in two pieces. */
#include "flow/column.h"

#include <assert.h>

#define PIECE_BITS 32u
/* The largest token whose raw bits fit one load: 4 * 59 + 3 has 57. */
#define NARROW_TOKEN_MAX 239u

/* A position in a bit stream that is being written: `fill` bits wait in `word`. */
struct bit_writer {
    uint8_t *at;
    uint64_t word;
    unsigned fill; /* 0 to 7 between two puts */
};

/* `count` <= 57. */
static inline void put_bits(struct bit_writer *writer, uint64_t bits, unsigned count) {
    writer->word |= bits << writer->fill;
    writer->fill += count;
    put_u64(writer->at, writer->word);
    writer->at += writer->fill >> 3;
    /* Two shifts: with fill 64 one of 64 would be undefined. */
    writer->word = writer->word >> (writer->fill & 0x78) / 2 >> (writer->fill & 0x78) / 2;
    writer->fill &= 7;
}

static size_t tokens_encode(uint8_t *restrict tokens, uint8_t *restrict bits,
                            const uint64_t *restrict values, size_t count) {
    struct bit_writer writer = { .at = bits };
    for (size_t i = 0; i < count; i++) {
        uint64_t value = values[i];
        unsigned highest = 63 - (unsigned)__builtin_clzll(value | 1);
        bool is_large = value >= 16;
        unsigned raw = is_large ? highest - 2 : 0;
        tokens[i] = (uint8_t)(is_large ? 4 * highest + (unsigned)(value >> raw & 3) : value);
        uint64_t mantissa = value & ((UINT64_C(1) << raw) - 1);
        if (__builtin_expect(raw > 57, 0)) {
            put_bits(&writer, (uint32_t)mantissa, PIECE_BITS);
            put_bits(&writer, mantissa >> PIECE_BITS, raw - PIECE_BITS);
        } else {
            put_bits(&writer, mantissa, raw);
        }
    }
    return (size_t)(writer.at - bits) + (writer.fill > 0);
}

static uint64_t tokens_bit_count(const uint8_t *tokens, size_t count) {
    uint64_t sum = 0;
    while (count > 0) {
        /* Inner sums of 32 bits, so that the compiler may use vectors of them. */
        size_t part = count < 4096 ? count : 4096;
        uint32_t part_sum = 0;
        for (size_t i = 0; i < part; i++) {
            uint32_t token = tokens[i];
            part_sum += token < 16 ? 0 : (token >> 2) - 2;
        }
        sum += part_sum;
        tokens += part;
        count -= part;
    }
    return sum;
}

static inline uint64_t bits_at(const uint8_t *bits, size_t position, unsigned count) {
    return get_u64(bits + (position >> 3)) >> (position & 7) & ((UINT64_C(1) << count) - 1);
}

static void tokens_decode(uint64_t *restrict values, const uint8_t *restrict tokens,
                          const uint8_t *restrict bits, size_t count) {
    size_t position = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned token = tokens[i];
        unsigned raw = column_token_bits(token);
        uint64_t head = token < 16 ? token : (uint64_t)(4 | (token & 3)) << raw;
        if (__builtin_expect(token > NARROW_TOKEN_MAX, 0)) {
            values[i] = head | bits_at(bits, position, PIECE_BITS) |
                        bits_at(bits, position + PIECE_BITS, raw - PIECE_BITS) << PIECE_BITS;
        } else {
            values[i] = head | bits_at(bits, position, raw);
        }
        position += raw;
    }
}

static struct column_range range(const uint64_t *values, size_t count) {
    struct column_range all = { .low = UINT64_MAX };
    for (size_t i = 0; i < count; i++) {
        all.low = values[i] < all.low ? values[i] : all.low;
        all.high = values[i] > all.high ? values[i] : all.high;
        all.sum += values[i];
    }
    return all;
}

static void pack(uint8_t *restrict out, const uint16_t *restrict values, size_t count,
                 uint16_t base, unsigned width) {
    assert(width >= 1 && width <= COLUMN_WIDTH_MAX);
    struct bit_writer writer = { .at = out };
    for (size_t i = 0; i < count; i++) {
        put_bits(&writer, (uint16_t)(values[i] - base), width);
    }
}

static void unpack(uint16_t *restrict values, const uint8_t *restrict bytes, size_t count,
                   uint16_t base, unsigned width) {
    assert(width >= 1 && width <= COLUMN_WIDTH_MAX);
    for (size_t i = 0; i < count; i++) {
        values[i] = (uint16_t)(bits_at(bytes, i * width, width) + base);
    }
}

const struct column_kernels column_kernels_scalar = {
    .name = "scalar",
    .tokens_encode = tokens_encode,
    .tokens_bit_count = tokens_bit_count,
    .tokens_decode = tokens_decode,
    .range = range,
    .pack = pack,
    .unpack = unpack,
};
