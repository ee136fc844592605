/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_BYTES_H
#define WEIR_BASE_BYTES_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A view of bytes that somebody else owns; `data` may be NULL when `size` is 0. */
struct bytes {
    const uint8_t *data;
    size_t size;
};

static inline struct bytes bytes_of(const void *data, size_t size) {
    return (struct bytes){ .data = data, .size = size };
}

/* The characters of a C string, without its end. */
static inline struct bytes bytes_text(const char *text) {
    return (struct bytes){ .data = (const uint8_t *)text, .size = strlen(text) };
}

static inline bool bytes_equal(struct bytes a, struct bytes b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Order by bytes, then by length: <0, 0, >0. */
int bytes_compare(struct bytes a, struct bytes b);

/* Fixed little-endian fields, at any alignment. */
static inline uint16_t get_u16(const uint8_t *at) {
    uint16_t value;
    memcpy(&value, at, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap16(value);
#endif
    return value;
}

static inline uint32_t get_u32(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap32(value);
#endif
    return value;
}

static inline uint64_t get_u64(const uint8_t *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

static inline void put_u16(uint8_t *at, uint16_t value) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap16(value);
#endif
    memcpy(at, &value, sizeof value);
}

static inline void put_u32(uint8_t *at, uint32_t value) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap32(value);
#endif
    memcpy(at, &value, sizeof value);
}

static inline void put_u64(uint8_t *at, uint64_t value) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    memcpy(at, &value, sizeof value);
}

/* Reads untrusted bytes front to back. A read beyond the end returns 0 (or an empty view) and
 * latches `failed`; from then on every read does. So a run of reads is checked once, at its end. */
struct cursor {
    const uint8_t *data;
    size_t size;
    size_t offset;
    bool failed;
};

static inline struct cursor cursor_of(struct bytes bytes) {
    return (struct cursor){ .data = bytes.data, .size = bytes.size };
}

static inline size_t cursor_left(const struct cursor *cursor) {
    return cursor->failed ? 0 : cursor->size - cursor->offset;
}

uint8_t cursor_u8(struct cursor *cursor);
uint16_t cursor_u16(struct cursor *cursor);
uint32_t cursor_u32(struct cursor *cursor);
uint64_t cursor_u64(struct cursor *cursor);

/* LEB128, at most ten bytes; a longer or overflowing one latches `failed`. */
uint64_t cursor_varint(struct cursor *cursor);

/* The next `size` bytes as a view into the cursor's bytes. */
struct bytes cursor_take(struct cursor *cursor, size_t size);

/* A varint length, then that many bytes. */
struct bytes cursor_string(struct cursor *cursor);

/* Bytes that grow, on the heap, up to a maximum given at the start. A put that would pass the
 * maximum (or that finds no memory) writes nothing and latches `failed`, as a cursor does; what was
 * written before stays. One thread at a time. */
struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t maximum;
    bool failed;
};

/* Empty, without memory yet. `maximum` is in bytes. */
void buffer_init(struct buffer *buffer, size_t maximum);
/* Releases the memory. Accepts a zeroed buffer. */
void buffer_done(struct buffer *buffer);
/* Size 0 and `failed` cleared; keeps the memory. */
void buffer_reset(struct buffer *buffer);

/* Makes room for `size` more bytes and returns where they go, or NULL (latched). The caller fills
 * them and adds to `size` itself. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t size);

void buffer_put(struct buffer *buffer, const void *data, size_t size);
void buffer_u8(struct buffer *buffer, uint8_t value);
void buffer_u16(struct buffer *buffer, uint16_t value);
void buffer_u32(struct buffer *buffer, uint32_t value);
void buffer_u64(struct buffer *buffer, uint64_t value);
void buffer_varint(struct buffer *buffer, uint64_t value);
/* A varint length, then the bytes. */
void buffer_string(struct buffer *buffer, struct bytes bytes);

/* True when nothing failed; else ERROR_LIMIT with `what` and the maximum. */
bool buffer_check(const struct buffer *buffer, const char *what, struct error *err);

static inline struct bytes buffer_bytes(const struct buffer *buffer) {
    return (struct bytes){ .data = buffer->data, .size = buffer->size };
}

/* Signed to unsigned so that small magnitudes are small: 0, -1, 1, -2 -> 0, 1, 2, 3. */
static inline uint64_t zigzag_encode(int64_t value) {
    return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static inline int64_t zigzag_decode(uint64_t value) {
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

#endif
