/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds-checked reading and bounded writing of bytes. Every length is compared as
 * `size <= end - at`, which cannot overflow. */
#include "base/bytes.h"

#include <stdlib.h>

int bytes_compare(struct bytes a, struct bytes b) {
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.data, b.data, size);
    if (order != 0) {
        return order;
    }
    return (a.size > b.size) - (a.size < b.size);
}

static const uint8_t *take(struct cursor *cursor, size_t size) {
    if (cursor->failed || size > cursor->size - cursor->offset) {
        cursor->failed = true;
        return NULL;
    }
    if (cursor->data == NULL) {
        return NULL; /* nothing of nothing: not a failure, but not a pointer to add to either */
    }
    const uint8_t *at = cursor->data + cursor->offset;
    cursor->offset += size;
    return at;
}

uint8_t cursor_u8(struct cursor *cursor) {
    const uint8_t *at = take(cursor, 1);
    return at == NULL ? 0 : *at;
}

uint16_t cursor_u16(struct cursor *cursor) {
    const uint8_t *at = take(cursor, 2);
    return at == NULL ? 0 : get_u16(at);
}

uint32_t cursor_u32(struct cursor *cursor) {
    const uint8_t *at = take(cursor, 4);
    return at == NULL ? 0 : get_u32(at);
}

uint64_t cursor_u64(struct cursor *cursor) {
    const uint8_t *at = take(cursor, 8);
    return at == NULL ? 0 : get_u64(at);
}

uint64_t cursor_varint(struct cursor *cursor) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t octet = cursor_u8(cursor);
        if (shift == 63 && octet > 1) {
            break;
        }
        value |= (uint64_t)(octet & 127) << shift;
        if (octet < 128) {
            return cursor->failed ? 0 : value;
        }
    }
    cursor->failed = true;
    return 0;
}

struct bytes cursor_take(struct cursor *cursor, size_t size) {
    const uint8_t *at = take(cursor, size);
    return at == NULL ? (struct bytes){ 0 } : bytes_of(at, size);
}

struct bytes cursor_string(struct cursor *cursor) {
    uint64_t size = cursor_varint(cursor);
    if (size > SIZE_MAX) {
        cursor->failed = true;
    }
    return cursor_take(cursor, (size_t)size);
}

void buffer_init(struct buffer *buffer, size_t maximum) {
    *buffer = (struct buffer){ .maximum = maximum };
}

void buffer_done(struct buffer *buffer) {
    free(buffer->data);
    *buffer = (struct buffer){ .maximum = buffer->maximum };
}

void buffer_reset(struct buffer *buffer) {
    buffer->size = 0;
    buffer->failed = false;
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t size) {
    if (buffer->failed || size > buffer->maximum - buffer->size) {
        buffer->failed = true;
        return NULL;
    }
    if (size > buffer->capacity - buffer->size || buffer->data == NULL) {
        size_t need = buffer->size + size;
        size_t capacity = buffer->capacity < 256 ? 256 : buffer->capacity;
        while (capacity < need) {
            capacity = capacity > SIZE_MAX / 2 ? need : 2 * capacity;
        }
        /* Doubling may not take more than the maximum says; at least a byte, so that it is a block.
         */
        if (capacity > buffer->maximum) {
            capacity = buffer->maximum > 0 ? buffer->maximum : 1;
        }
        uint8_t *data = realloc(buffer->data, capacity);
        if (data == NULL) {
            buffer->failed = true;
            return NULL;
        }
        buffer->data = data;
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->size;
}

void buffer_put(struct buffer *buffer, const void *data, size_t size) {
    uint8_t *at = buffer_reserve(buffer, size);
    if (at != NULL && size > 0) {
        memcpy(at, data, size);
        buffer->size += size;
    }
}

void buffer_u8(struct buffer *buffer, uint8_t value) {
    buffer_put(buffer, &value, 1);
}

void buffer_u16(struct buffer *buffer, uint16_t value) {
    uint8_t octets[2];
    put_u16(octets, value);
    buffer_put(buffer, octets, sizeof octets);
}

void buffer_u32(struct buffer *buffer, uint32_t value) {
    uint8_t octets[4];
    put_u32(octets, value);
    buffer_put(buffer, octets, sizeof octets);
}

void buffer_u64(struct buffer *buffer, uint64_t value) {
    uint8_t octets[8];
    put_u64(octets, value);
    buffer_put(buffer, octets, sizeof octets);
}

void buffer_varint(struct buffer *buffer, uint64_t value) {
    uint8_t octets[10];
    size_t size = 0;
    while (value > 127) {
        octets[size++] = (uint8_t)(value | 128);
        value >>= 7;
    }
    octets[size++] = (uint8_t)value;
    buffer_put(buffer, octets, size);
}

void buffer_string(struct buffer *buffer, struct bytes bytes) {
    buffer_varint(buffer, bytes.size);
    buffer_put(buffer, bytes.data, bytes.size);
}

bool buffer_check(const struct buffer *buffer, const char *what, struct error *err) {
    if (!buffer->failed) {
        return true;
    }
    return error_set(err, ERROR_LIMIT, "%s: no room beyond %zu bytes (at most %zu)", what,
                     buffer->size, buffer->maximum);
}
