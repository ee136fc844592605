/* SPDX-License-Identifier: Apache-2.0 */
/* The default format, the hot path:
 *
 *   2 123456789012 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 141853...
 *   |<- front, 37 octets at fixed places ->|<- seven words within 64 octets ->|<- tail: 32 octets
 *
 * One 64-bit mask of spaces from the source address on gives the ends of seven words. Two registers
 * hold the seven numbers (8 octets each, shifted by their length, so that digits are
 * right-aligned), one the two addresses (aws_ipv4.h). Every octet of a line that is taken was
 * compared with what may stand there: so a control character, or an LF in the middle, cannot pass.
 * What has another shape (an older, shorter interface id; IPv6; NODATA; CRLF) is declined. */
#include "ingest/aws_fast.h"

#include "ingest/aws_ipv4.h"

#include <immintrin.h>

#define FRONT_SIZE 37
#define INTERFACE_AT 15
#define TAIL_SIZE 32

/* Where a line's words end, from the source address on. */
struct ends {
    uint32_t src, dst, src_port, dst_port, protocol, packets, bytes;
};

/* The columns, apart from the structs that they belong to, so that none needs to be loaded again.
 */
struct columns {
    int64_t *restrict start_ms;
    int64_t *restrict end_ms;
    uint64_t *restrict bytes;
    uint64_t *restrict packets;
    uint16_t *restrict src_port;
    uint16_t *restrict dst_port;
    uint16_t *restrict point;
    uint8_t *restrict protocol;
    uint8_t *restrict action;
    uint32_t *restrict src; /* by row of the chunk */
    uint32_t *restrict dst;
};

#define INLINE static inline __attribute__((always_inline))

INLINE uint64_t load64(const uint8_t *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

INLINE uint32_t load16(const uint8_t *at) {
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

INLINE __m256i load256(const void *at) {
    return _mm256_loadu_si256((const __m256i *)at);
}

INLINE uint64_t space_mask(const uint8_t *at) {
    __m256i space = _mm256_set1_epi8(' ');
    uint32_t low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load256(at), space));
    uint32_t high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load256(at + 32), space));
    return (uint64_t)high << 32 | low;
}

INLINE uint32_t next_end(uint64_t *mask) {
    uint32_t end = (uint32_t)_tzcnt_u64(*mask);
    *mask = _blsr_u64(*mask);
    return end;
}

/* "V AAAAAAAAAAAA " in front, digits for V and A, and a space behind the interface id. */
INLINE bool is_front(const uint8_t *at) {
    const __m128i base =
        _mm_setr_epi8('0', ' ', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', ' ', 0);
    const __m128i most = _mm_setr_epi8(9, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0, -1);
    __m128i front = _mm_loadu_si128((const __m128i *)at);
    __m128i wrong = _mm_subs_epu8(_mm_xor_si128(front, base), most);
    return _mm_testz_si128(wrong, wrong) != 0 && at[FRONT_SIZE - 1] == ' ';
}

/* The point of a 21-octet interface id that is known, or AWS_POINT_NONE. */
INLINE uint32_t find_interface(const struct aws_key *keys, const uint16_t *slots, uint32_t bits,
                               const uint8_t *id) {
    const __m256i mask = _mm256_setr_epi64x(-1, -1, 0xffffffffff, 0);
    uint64_t hash = aws_key_hash(load64(id), load64(id + 8), load64(id + 13) >> 24, 0);
    __m256i text = _mm256_and_si256(load256(id), mask);
    uint32_t at = (uint32_t)(hash >> (64 - bits));
    for (; slots[at] != 0; at = (at + 1) & ((1u << bits) - 1)) {
        uint32_t point = slots[at] - 1u;
        __m256i other = _mm256_xor_si256(text, load256(&keys[point]));
        if (__builtin_expect(_mm256_testz_si256(other, other), 1)) {
            return point;
        }
    }
    return AWS_POINT_NONE;
}

/* What is wrong with a line, gathered so that it is tested once: octets that are not zero where a
 * character is not what it must be, bits that are not zero where a number is out of its range. */
struct wrong {
    __m256i octets;
    uint64_t bits;
};

/* Both addresses in host order. */
INLINE void read_addresses(const uint8_t *words, struct ends ends, uint32_t *src, uint32_t *dst,
                           struct wrong *wrong) {
    uint32_t src_size = ends.src;
    uint32_t dst_size = ends.dst - ends.src - 1;
    __m256i text =
        _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)words)),
                                _mm_loadu_si128((const __m128i *)(words + ends.src + 1)), 1);
    uint32_t dots = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(text, _mm256_set1_epi8('.')));
    uint32_t src_mask = _bzhi_u32(dots & 0xffff, src_size) | 1u << (src_size & 31);
    uint32_t dst_mask = _bzhi_u32(dots >> 16, dst_size) | 1u << (dst_size & 31);
    const struct aws_ipv4_row *a = &AWS_IPV4[AWS_IPV4_SLOT(src_mask)];
    const struct aws_ipv4_row *b = &AWS_IPV4[AWS_IPV4_SLOT(dst_mask)];
    __m256i shuffle =
        _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_load_si128((const __m128i *)a->shuffle)),
                                _mm_load_si128((const __m128i *)b->shuffle), 1);
    __m256i least =
        _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_load_si128((const __m128i *)a->minimum)),
                                _mm_load_si128((const __m128i *)b->minimum), 1);
    __m256i digits = _mm256_shuffle_epi8(_mm256_xor_si256(text, _mm256_set1_epi8('0')), shuffle);
    __m256i pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi32(0x010A6400));
    __m256i octets = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    wrong->octets = _mm256_or_si256(
        _mm256_or_si256(wrong->octets, _mm256_subs_epu8(digits, _mm256_set1_epi8(9))),
        _mm256_or_si256(_mm256_cmpgt_epi32(octets, _mm256_set1_epi32(255)),
                        _mm256_cmpgt_epi32(least, octets)));
    wrong->bits |= (a->mask ^ src_mask) | (b->mask ^ dst_mask) | src_size >> 4 | dst_size >> 4;
    octets = _mm256_shuffle_epi8(octets, _mm256_set1_epi32(0x0004080C));
    *src = (uint32_t)_mm256_cvtsi256_si32(octets);
    *dst = (uint32_t)_mm_cvtsi128_si32(_mm256_extracti128_si256(octets, 1));
}

/* The order in which the seven numbers come out of the two registers. */
enum { SRC_PORT, DST_PORT, BYTES, START, PROTOCOL, PACKETS, END, NOTHING, NUMBER_COUNT };

/* Numbers of 1 to 8 digits; times without their first two. `bytes_shift` is 64 for a number of
 * bytes that is read apart. */
INLINE void read_numbers(const uint8_t *words, const uint8_t *tail, struct ends ends,
                         uint32_t bytes_shift, uint32_t out[NUMBER_COUNT], struct wrong *wrong) {
    const __m256i zero = _mm256_set1_epi8('0');
    const __m256i nine = _mm256_set1_epi8(9);
    __m256i a = _mm256_setr_epi64x(
        (int64_t)load64(words + ends.dst + 1), (int64_t)load64(words + ends.src_port + 1),
        (int64_t)load64(words + ends.dst_port + 1), (int64_t)load64(words + ends.protocol + 1));
    __m256i b =
        _mm256_setr_epi64x((int64_t)load64(words + ends.packets + 1), (int64_t)load64(tail + 2),
                           (int64_t)load64(tail + 13), 0x3030303030303030);
    __m256i a_shift = _mm256_setr_epi64x(72 - 8 * (int64_t)(ends.src_port - ends.dst),
                                         72 - 8 * (int64_t)(ends.dst_port - ends.src_port),
                                         72 - 8 * (int64_t)(ends.protocol - ends.dst_port),
                                         72 - 8 * (int64_t)(ends.packets - ends.protocol));
    __m256i b_shift = _mm256_setr_epi64x(bytes_shift, 0, 0, 0);
    a = _mm256_sllv_epi64(_mm256_xor_si256(a, zero), a_shift);
    b = _mm256_sllv_epi64(_mm256_xor_si256(b, zero), b_shift);
    wrong->octets = _mm256_or_si256(
        wrong->octets, _mm256_or_si256(_mm256_subs_epu8(a, nine), _mm256_subs_epu8(b, nine)));
    const __m256i tens = _mm256_set1_epi16(0x010A);
    const __m256i hundreds = _mm256_set1_epi32(0x00010064);
    a = _mm256_madd_epi16(_mm256_maddubs_epi16(a, tens), hundreds);
    b = _mm256_madd_epi16(_mm256_maddubs_epi16(b, tens), hundreds);
    __m256i values = _mm256_madd_epi16(_mm256_packus_epi32(a, b), _mm256_set1_epi32(0x00012710));
    _mm256_storeu_si256((__m256i *)out, values);
    wrong->bits |=
        (out[SRC_PORT] | out[DST_PORT]) >> 16 | out[PROTOCOL] >> 8 | (out[END] - out[START]) >> 31;
}

/* Whether the five numbers in front of the tail have 1 to 8 digits (the last one perhaps more). */
INLINE bool are_short(struct ends ends) {
    uint32_t over = (ends.src_port - ends.dst - 2) | (ends.dst_port - ends.src_port - 2) |
                    (ends.protocol - ends.dst_port - 2) | (ends.packets - ends.protocol - 2);
    return over < 8;
}

/* A number of 9 to 19 digits. */
static bool read_long(const uint8_t *at, uint32_t size, uint64_t *out) {
    uint64_t value = 0;
    for (uint32_t i = 0; i < size; i++) {
        unsigned digit = (unsigned)at[i] - '0';
        if (digit > 9) {
            return false;
        }
        value = 10 * value + digit;
    }
    *out = value;
    return size <= 19 && value <= INT64_MAX;
}

/* The first two digits of the times, which change every three years: looked at once a change. */
struct century {
    uint32_t text;
    int64_t base_s;
};

INLINE bool set_century(struct century *century, const uint8_t *tail) {
    unsigned tens = (unsigned)tail[0] - '0';
    unsigned ones = (unsigned)tail[1] - '0';
    century->text = load16(tail);
    century->base_s = (10 * (int64_t)tens + ones) * 100000000;
    return tens <= 9 && ones <= 9;
}

#define WORD64(a, b, c, d, e, f, g, h)                                                             \
    ((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 |              \
     (uint64_t)(e) << 32 | (uint64_t)(f) << 40 | (uint64_t)(g) << 48 | (uint64_t)(h) << 56)

/* Takes one line into row `i` (row `k` of the chunk); returns where it ends, or NULL. */
INLINE const uint8_t *take_line(const struct columns *columns, const struct aws_points *points,
                                const uint8_t *at, struct century *century, uint32_t i,
                                uint32_t k) {
    const uint8_t *words = at + FRONT_SIZE;
    uint64_t mask = space_mask(words);
    struct ends ends;
    ends.src = next_end(&mask);
    ends.dst = next_end(&mask);
    ends.src_port = next_end(&mask);
    ends.dst_port = next_end(&mask);
    ends.protocol = next_end(&mask);
    ends.packets = next_end(&mask);
    if (__builtin_expect(mask == 0 || !is_front(at) || !are_short(ends), 0)) {
        return NULL;
    }
    ends.bytes = (uint32_t)_tzcnt_u64(mask);
    const uint8_t *tail = words + ends.bytes + 1;
    uint64_t action = load64(tail + 22);
    bool is_accept = action == WORD64('A', 'C', 'C', 'E', 'P', 'T', ' ', 'O');
    bool is_reject = action == WORD64('R', 'E', 'J', 'E', 'C', 'T', ' ', 'O');
    if (__builtin_expect(!(is_accept | is_reject) | (tail[10] != ' ') | (tail[21] != ' ') |
                             (load16(tail + 30) != ('K' | '\n' << 8)),
                         0)) {
        return NULL;
    }
    uint32_t text = load16(tail);
    if (__builtin_expect((text != century->text) | (load16(tail + 11) != text), 0)) {
        if (load16(tail + 11) != text || !set_century(century, tail)) {
            return NULL;
        }
    }
    uint32_t bytes_size = ends.bytes - ends.packets - 1;
    struct wrong wrong = { _mm256_setzero_si256(), 0 };
    uint32_t numbers[NUMBER_COUNT];
    uint32_t bytes_shift = bytes_size > 8 ? 64 : 64 - 8 * bytes_size;
    read_numbers(words, tail, ends, bytes_shift, numbers, &wrong);
    uint64_t bytes = numbers[BYTES];
    if (__builtin_expect(bytes_size - 1 > 7, 0)) {
        wrong.bits |= bytes_size == 0 || !read_long(words + ends.packets + 1, bytes_size, &bytes);
    }
    uint32_t src;
    uint32_t dst;
    read_addresses(words, ends, &src, &dst, &wrong);
    uint32_t point = find_interface(points->keys, points->slots, points->bits, at + INTERFACE_AT);
    wrong.bits |= point >> 16;
    if (__builtin_expect(wrong.bits != 0 || !_mm256_testz_si256(wrong.octets, wrong.octets), 0)) {
        return NULL;
    }
    columns->src[k] = src;
    columns->dst[k] = dst;
    columns->start_ms[i] = (century->base_s + numbers[START]) * 1000;
    columns->end_ms[i] = (century->base_s + numbers[END]) * 1000;
    columns->bytes[i] = bytes;
    columns->packets[i] = numbers[PACKETS];
    columns->src_port[i] = (uint16_t)numbers[SRC_PORT];
    columns->dst_port[i] = (uint16_t)numbers[DST_PORT];
    columns->protocol[i] = (uint8_t)numbers[PROTOCOL];
    columns->action[i] = (uint8_t)(is_accept ? ACTION_ACCEPT : ACTION_REJECT);
    columns->point[i] = (uint16_t)point;
    return tail + TAIL_SIZE;
}

const uint8_t *aws_default_lines_avx2(struct aws_rows *rows, const uint8_t *at, const uint8_t *end,
                                      size_t lines_max) {
    struct batch *batch = rows->batch;
    struct columns columns = {
        batch->start_ms,
        batch->end_ms,
        batch->bytes,
        batch->packets,
        batch->src_port,
        batch->dst_port,
        rows->point,
        batch->protocol,
        batch->action,
        rows->chunk->ipv4[AWS_SIDE_SRC],
        rows->chunk->ipv4[AWS_SIDE_DST],
    };
    struct century century = { .text = 0 };
    uint32_t i = rows->count;
    uint32_t coded = rows->coded;
    uint32_t limit = rows->limit - i > lines_max ? i + (uint32_t)lines_max : rows->limit;
    for (; i < limit && at < end; i++) {
        const uint8_t *next = take_line(&columns, &rows->points, at, &century, i, i - coded);
        if (next == NULL || next > end) {
            break;
        }
        at = next;
    }
    if (rows->chunk->has_wide) {
        memset(rows->chunk->is_wide + (rows->count - coded), 0, i - rows->count);
    }
    rows->count = i;
    return at;
}
