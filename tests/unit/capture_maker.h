/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_UNIT_CAPTURE_MAKER_H
#define WEIR_TESTS_UNIT_CAPTURE_MAKER_H

#include "ingest/capture_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* Captures made octet by octet, in either byte order, and what a reader gives of them. */

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define FILE_MAX ((size_t)8 << 20)
#define FRAMES_MAX 64u
#define NS_PER_S INT64_C(1000000000)

/* A file that is being made. */
struct maker {
    struct buffer file;
    bool is_big;
};

static inline struct maker maker_of(bool is_big) {
    struct maker maker = { .is_big = is_big };
    buffer_init(&maker.file, FILE_MAX);
    return maker;
}

static inline void put16(struct maker *maker, unsigned value) {
    buffer_u16(&maker->file,
               (uint16_t)(maker->is_big ? __builtin_bswap16((uint16_t)value) : value));
}

static inline void put32(struct maker *maker, uint32_t value) {
    buffer_u32(&maker->file, maker->is_big ? __builtin_bswap32(value) : value);
}

static inline void put64(struct maker *maker, uint64_t value) {
    buffer_u64(&maker->file, maker->is_big ? __builtin_bswap64(value) : value);
}

static inline void put_padded(struct maker *maker, const void *data, size_t size) {
    buffer_put(&maker->file, data, size);
    buffer_put(&maker->file, "\0\0\0", (4 - size % 4) % 4);
}

/* A block begins with its type and a size that block_end fills in. */
static inline size_t block_begin(struct maker *maker, uint32_t type) {
    size_t at = maker->file.size;
    put32(maker, type);
    put32(maker, 0);
    return at;
}

static inline void block_end(struct maker *maker, size_t at) {
    uint32_t size = (uint32_t)(maker->file.size + 4 - at);
    put32(maker, size);
    memcpy(maker->file.data + at + 4, maker->file.data + maker->file.size - 4, 4);
}

static inline void put_option(struct maker *maker, unsigned code, const void *data, size_t size) {
    put16(maker, code);
    put16(maker, (unsigned)size);
    put_padded(maker, data, size);
}

static inline void put_section(struct maker *maker) {
    size_t at = block_begin(maker, 0x0A0D0D0A);
    put32(maker, 0x1A2B3C4D);
    put16(maker, 1);
    put16(maker, 0);
    put64(maker, UINT64_MAX);
    block_end(maker, at);
}

struct interface_wish {
    const char *name; /* or NULL */
    uint32_t snap_size;
    uint8_t resolution; /* 0: no option */
    int64_t offset_s;
};

static inline void put_interface(struct maker *maker, unsigned link_type,
                                 struct interface_wish wish) {
    size_t at = block_begin(maker, 1);
    put16(maker, link_type);
    put16(maker, 0);
    put32(maker, wish.snap_size);
    if (wish.name != NULL) {
        put_option(maker, 2, wish.name, strlen(wish.name));
    }
    if (wish.resolution != 0) {
        put_option(maker, 9, &wish.resolution, 1);
    }
    if (wish.offset_s != 0) {
        put16(maker, 14);
        put16(maker, 8);
        put64(maker, (uint64_t)wish.offset_s);
    }
    put32(maker, 0); /* the end of options */
    block_end(maker, at);
}

static inline void put_enhanced(struct maker *maker, uint32_t interface, uint64_t ticks,
                                const void *data, size_t size, uint32_t wire_size) {
    size_t at = block_begin(maker, 6);
    put32(maker, interface);
    put32(maker, (uint32_t)(ticks >> 32));
    put32(maker, (uint32_t)ticks);
    put32(maker, (uint32_t)size);
    put32(maker, wire_size);
    put_padded(maker, data, size);
    block_end(maker, at);
}

static inline void put_statistics(struct maker *maker, uint32_t interface, uint64_t by_interface,
                                  uint64_t by_system) {
    size_t at = block_begin(maker, 5);
    put32(maker, interface);
    put64(maker, 0);
    put16(maker, 5);
    put16(maker, 8);
    put64(maker, by_interface);
    put16(maker, 7);
    put16(maker, 8);
    put64(maker, by_system);
    put32(maker, 0);
    block_end(maker, at);
}

static inline void put_pcap_header(struct maker *maker, uint32_t magic, uint32_t link_type) {
    put32(maker, magic);
    put16(maker, 2);
    put16(maker, 4);
    put64(maker, 0);
    put32(maker, 262144);
    put32(maker, link_type);
}

static inline void put_record(struct maker *maker, uint32_t seconds, uint32_t fraction,
                              const void *data, size_t size, uint32_t wire_size) {
    put32(maker, seconds);
    put32(maker, fraction);
    put32(maker, (uint32_t)size);
    put32(maker, wire_size);
    buffer_put(&maker->file, data, size);
}

/* What a reading gave: the frames, their octets joined. */
struct reading {
    struct capture_frame frames[FRAMES_MAX];
    uint32_t count;
    struct buffer octets;
    bool is_open;
    enum capture_result result;
    struct error err;
    uint32_t interface_count;
    uint64_t dropped[8];
    char names[8][CAPTURE_NAME_MAX + 32];
};

static inline void reading_finish(struct reading *out, struct capture_reader *reader) {
    out->interface_count = capture_reader_interface_count(reader);
    for (uint32_t i = 0; i < out->interface_count && i < COUNT(out->names); i++) {
        struct bytes name = capture_reader_interface(reader, i);
        (void)snprintf(out->names[i], sizeof out->names[i], "%.*s", (int)name.size,
                       name.size == 0 ? "" : (const char *)name.data);
        out->dropped[i] = capture_reader_dropped(reader, i);
    }
    struct capture_frame frame;
    assert_int_equal(capture_reader_next(reader, &frame, &out->err), CAPTURE_END);
    capture_reader_close(reader);
}

static inline void read_chunks(struct bytes file, size_t chunk_size, struct reading *out) {
    *out = (struct reading){ 0 };
    buffer_init(&out->octets, FILE_MAX);
    struct input *input;
    struct capture_reader *reader;
    assert_true(input_open_chunks(&input, file, chunk_size, &out->err));
    out->is_open = capture_reader_open(&reader, input, &out->err);
    if (!out->is_open) {
        return;
    }
    struct capture_frame frame;
    while ((out->result = capture_reader_next(reader, &frame, &out->err)) == CAPTURE_FRAME) {
        buffer_put(&out->octets, frame.data.data, frame.data.size);
        if (out->count < FRAMES_MAX) {
            out->frames[out->count] = frame;
        }
        out->count++;
        assert_int_equal(frame.number, out->count);
    }
    reading_finish(out, reader);
}

/* Reads the file that was made, and releases it. */
static inline struct reading read_made(struct maker *maker) {
    assert_false(maker->file.failed);
    struct reading reading;
    read_chunks(buffer_bytes(&maker->file), 65536, &reading);
    buffer_done(&maker->file);
    return reading;
}

static inline void assert_text(const struct reading *reading, const char *text) {
    assert_int_equal(reading->octets.size, strlen(text));
    assert_memory_equal(reading->octets.data, text, strlen(text));
}

static inline void assert_end(const struct reading *reading, uint32_t count) {
    if (!reading->is_open || reading->result != CAPTURE_END) {
        fail_msg("%s", reading->err.message);
    }
    assert_int_equal(reading->count, count);
}

static inline void assert_damaged(const struct reading *reading, uint32_t count,
                                  const char *message) {
    assert_true(reading->is_open);
    assert_int_equal(reading->result, CAPTURE_DAMAGED);
    assert_int_equal(reading->count, count);
    if (strstr(reading->err.message, message) == NULL) {
        fail_msg("\"%s\", \"%s\" expected", reading->err.message, message);
    }
}

#endif
