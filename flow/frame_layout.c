/* SPDX-License-Identifier: Apache-2.0 */
/* Header and directory of a frame: written field by field, and read in levels. frame_header_read
 * trusts nothing but `bytes.size`; frame_view_open needs a checked header and makes every section a
 * view within the frame; frame_view_section compares a section's checksum before it is used.
 * Checksums find damage, not malice: whoever reads a section checks all that it says. */
#include "flow/frame_layout.h"

#include <stdarg.h>
#include <stdio.h>
#include <xxhash.h>

/* Offsets in the header, in the order of docs/FORMATS.md. */
enum {
    AT_MAGIC = 0,
    AT_VERSION = 4,
    AT_HEADER_SIZE = 6,
    AT_SIZE = 8,
    AT_COUNT = 12,
    AT_MIN_MS = 16,
    AT_MAX_MS = 24,
    AT_BYTES = 32,
    AT_PACKETS = 40,
    AT_TWIN_COUNT = 48,
    AT_FLAGS = 52,
    AT_INC = 56,
    AT_NUM = 64,
    AT_PARTITION = 72,
    AT_PARTS = 76,
    AT_LOW_MS = 80,
    AT_REACH_MS = 88,
    AT_UNIT_MS = 96,
    AT_TICK_MS = 100,
    AT_BODY_CHECKSUM = 104,
    AT_TIME_UNIT_MS = 112,
    AT_SECTION_COUNT = 116,
    AT_ORIGIN = 118,
    AT_RESERVED = 119,
};

/* Offsets in a directory entry. */
enum {
    ENTRY_NUMBER = 0,
    ENTRY_ENCODING = 2,
    ENTRY_PARAMETER = 3,
    ENTRY_SIZE = 4,
    ENTRY_CHECKSUM = 8,
    ENTRY_LOW = 16,
    ENTRY_HIGH = 24,
};

static const char *const section_names[SECTION_NUMBER_END] = {
    [SECTION_NODES] = "nodes",
    [SECTION_FLOW_LOGS] = "flow_logs",
    [SECTION_STRINGS] = "strings",
    [SECTION_LABELS] = "labels",
    [SECTION_COVERAGE] = "coverage",
    [SECTION_MINUTES] = "minutes",
    [SECTION_IPV4] = "ipv4",
    [SECTION_IPV6] = "ipv6",
    [SECTION_SERVICES] = "services",
    [SECTION_NODE_RUNS] = "node_runs",
    [SECTION_LOCAL] = "local",
    [SECTION_PEER] = "peer",
    [SECTION_END] = "end",
    [SECTION_DURATION] = "duration",
    [SECTION_SERVICE] = "service",
    [SECTION_EPHEMERAL] = "ephemeral",
    [SECTION_PORT_ORDER] = "port_order",
    [SECTION_PACKETS] = "packets",
    [SECTION_BYTES] = "bytes",
    [SECTION_QUALITY] = "quality",
    [SECTION_TCP_FLAGS] = "tcp_flags",
    [SECTION_DIRECTION] = "direction",
    [SECTION_INITIATOR] = "initiator",
    [SECTION_ACTION] = "action",
    [SECTION_FLOW_LOG] = "flow_log",
};

const char *frame_section_name(unsigned number) {
    const char *name = number < SECTION_NUMBER_END ? section_names[number] : NULL;
    return name == NULL ? "unknown" : name;
}

bool frame_bad(struct error *err, unsigned number, const char *format, ...) {
    char text[ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return error_set(err, ERROR_FORMAT, "section %s: %s", frame_section_name(number), text);
}

uint64_t frame_checksum(struct bytes bytes) {
    return XXH3_64bits(bytes.data, bytes.size);
}

void frame_header_write(uint8_t *out, const struct frame_prologue *prologue) {
    const struct frame_header *header = &prologue->header;
    const struct batch_stamp *stamp = &header->stamp;
    uint32_t size = frame_header_size(stamp->feed.size);
    put_u32(out + AT_MAGIC, FRAME_MAGIC);
    put_u16(out + AT_VERSION, (uint16_t)header->version);
    put_u16(out + AT_HEADER_SIZE, (uint16_t)size);
    put_u32(out + AT_SIZE, header->size);
    put_u32(out + AT_COUNT, header->count);
    put_u64(out + AT_MIN_MS, (uint64_t)header->min_ms);
    put_u64(out + AT_MAX_MS, (uint64_t)header->max_ms);
    put_u64(out + AT_BYTES, header->bytes);
    put_u64(out + AT_PACKETS, header->packets);
    put_u32(out + AT_TWIN_COUNT, header->twin_count);
    put_u32(out + AT_FLAGS, stamp->flags);
    put_u64(out + AT_INC, stamp->inc);
    put_u64(out + AT_NUM, stamp->num);
    put_u32(out + AT_PARTITION, stamp->partition);
    put_u32(out + AT_PARTS, stamp->parts);
    put_u64(out + AT_LOW_MS, (uint64_t)stamp->low_ms);
    put_u64(out + AT_REACH_MS, (uint64_t)stamp->reach_ms);
    put_u32(out + AT_UNIT_MS, stamp->unit_ms);
    put_u32(out + AT_TICK_MS, stamp->tick_ms);
    put_u64(out + AT_BODY_CHECKSUM, header->body_checksum);
    put_u32(out + AT_TIME_UNIT_MS, prologue->time_unit_ms);
    put_u16(out + AT_SECTION_COUNT, prologue->section_count);
    out[AT_ORIGIN] = (uint8_t)stamp->origin;
    out[AT_RESERVED] = 0;
    if (stamp->feed.size > 0) {
        memcpy(out + FRAME_HEADER_FIXED, stamp->feed.data, stamp->feed.size);
    }
    uint32_t before = size - FRAME_HEADER_CHECKSUM;
    put_u64(out + before, frame_checksum(bytes_of(out, before)));
}

void frame_entry_write(uint8_t *out, unsigned number, const struct frame_section *section) {
    put_u16(out + ENTRY_NUMBER, (uint16_t)number);
    out[ENTRY_ENCODING] = section->encoding;
    out[ENTRY_PARAMETER] = section->parameter;
    put_u32(out + ENTRY_SIZE, (uint32_t)section->bytes.size);
    put_u64(out + ENTRY_CHECKSUM, frame_checksum(section->bytes));
    put_u64(out + ENTRY_LOW, section->low);
    put_u64(out + ENTRY_HIGH, section->high);
}

static void header_fill(struct frame_prologue *prologue, const uint8_t *at) {
    struct frame_header *header = &prologue->header;
    header->version = get_u16(at + AT_VERSION);
    header->size = get_u32(at + AT_SIZE);
    header->count = get_u32(at + AT_COUNT);
    header->min_ms = (int64_t)get_u64(at + AT_MIN_MS);
    header->max_ms = (int64_t)get_u64(at + AT_MAX_MS);
    header->bytes = get_u64(at + AT_BYTES);
    header->packets = get_u64(at + AT_PACKETS);
    header->twin_count = get_u32(at + AT_TWIN_COUNT);
    header->body_checksum = get_u64(at + AT_BODY_CHECKSUM);
    prologue->time_unit_ms = get_u32(at + AT_TIME_UNIT_MS);
    prologue->section_count = get_u16(at + AT_SECTION_COUNT);
    prologue->size = get_u16(at + AT_HEADER_SIZE);
    header->stamp = (struct batch_stamp){
        .feed = bytes_of(at + FRAME_HEADER_FIXED, prologue->size - frame_header_size(0)),
        .inc = get_u64(at + AT_INC),
        .num = get_u64(at + AT_NUM),
        .partition = get_u32(at + AT_PARTITION),
        .parts = get_u32(at + AT_PARTS),
        .flags = get_u32(at + AT_FLAGS),
        .origin = (enum origin)at[AT_ORIGIN],
        .low_ms = (int64_t)get_u64(at + AT_LOW_MS),
        .reach_ms = (int64_t)get_u64(at + AT_REACH_MS),
        .unit_ms = get_u32(at + AT_UNIT_MS),
        .tick_ms = get_u32(at + AT_TICK_MS),
    };
}

static bool header_check_values(const struct frame_prologue *prologue, uint8_t origin,
                                uint8_t reserved, size_t available, struct error *err) {
    const struct frame_header *header = &prologue->header;
    if (header->size > FRAME_SIZE_MAX || header->size > available) {
        return error_set(err, ERROR_FORMAT, "a frame of %u bytes, %zu left (at most %u)",
                         header->size, available, FRAME_SIZE_MAX);
    }
    uint32_t least =
        prologue->size + FRAME_DIRECTORY_ENTRY * (uint32_t)prologue->section_count + FRAME_SLACK;
    if (prologue->section_count > FRAME_SECTIONS_MAX || header->size < least) {
        return error_set(err, ERROR_FORMAT, "a frame of %u bytes with %u sections", header->size,
                         prologue->section_count);
    }
    if (header->count > BATCH_RECORDS_MAX || header->twin_count > header->count) {
        return error_set(err, ERROR_FORMAT, "%u records, %u twins (at most %u)", header->count,
                         header->twin_count, BATCH_RECORDS_MAX);
    }
    if (header->min_ms < 0 || header->min_ms > header->max_ms ||
        header->max_ms > BATCH_TIME_MAX_MS || prologue->time_unit_ms == 0) {
        return error_set(err, ERROR_FORMAT, "the header's times are out of bounds");
    }
    if (origin >= ORIGIN_COUNT || reserved != 0) {
        return error_set(err, ERROR_FORMAT, "origin %u, reserved byte %u", origin, reserved);
    }
    return true;
}

static bool prologue_read(struct frame_prologue *prologue, struct bytes bytes, struct error *err) {
    const uint8_t *at = bytes.data;
    if (bytes.size < frame_header_size(0)) {
        return error_set(err, ERROR_FORMAT, "%zu bytes, a frame has at least %u", bytes.size,
                         frame_header_size(0));
    }
    if (get_u32(at + AT_MAGIC) != FRAME_MAGIC) {
        return error_set(err, ERROR_FORMAT, "not a frame (its first bytes are not WFRM)");
    }
    unsigned version = get_u16(at + AT_VERSION);
    if (version > FRAME_VERSION) {
        return error_set(err, ERROR_UNSUPPORTED,
                         "a frame of version %u; this program reads up to version %u", version,
                         FRAME_VERSION);
    }
    unsigned size = get_u16(at + AT_HEADER_SIZE);
    if (version == 0 || size < frame_header_size(0) || size > bytes.size ||
        size > frame_header_size(FRAME_FEED_SIZE_MAX)) {
        return error_set(err, ERROR_FORMAT, "a frame of version %u with a header of %u bytes",
                         version, size);
    }
    unsigned before = size - FRAME_HEADER_CHECKSUM;
    if (get_u64(at + before) != frame_checksum(bytes_of(at, before))) {
        return error_set(err, ERROR_FORMAT, "the header's checksum does not match");
    }
    header_fill(prologue, at);
    return header_check_values(prologue, at[AT_ORIGIN], at[AT_RESERVED], bytes.size, err);
}

bool frame_header_read(struct frame_header *header, struct bytes bytes, struct error *err) {
    struct frame_prologue prologue;
    if (!prologue_read(&prologue, bytes, err)) {
        return false;
    }
    *header = prologue.header;
    return true;
}

/* Sections lie one behind another in the order of the directory, so their sizes say where. */
static bool directory_read(struct frame_view *view, const uint8_t *entries, struct error *err) {
    struct bytes frame = view->bytes;
    uint32_t section_count = view->prologue.section_count;
    size_t offset = view->prologue.size + (size_t)FRAME_DIRECTORY_ENTRY * section_count;
    size_t end = frame.size - FRAME_SLACK;
    unsigned last = 0;
    for (uint32_t i = 0; i < section_count; i++, entries += FRAME_DIRECTORY_ENTRY) {
        unsigned number = get_u16(entries + ENTRY_NUMBER);
        uint32_t size = get_u32(entries + ENTRY_SIZE);
        if (number <= last || size > end - offset) {
            return error_set(err, ERROR_FORMAT,
                             "directory entry %u: section %u behind %u, %u bytes, %zu left", i,
                             number, last, size, end - offset);
        }
        last = number;
        if (number < SECTION_NUMBER_END && section_names[number] != NULL) {
            view->sections[number] = (struct frame_section){
                .is_present = true,
                .encoding = entries[ENTRY_ENCODING],
                .parameter = entries[ENTRY_PARAMETER],
                .checksum = get_u64(entries + ENTRY_CHECKSUM),
                .low = get_u64(entries + ENTRY_LOW),
                .high = get_u64(entries + ENTRY_HIGH),
                .bytes = bytes_of(frame.data + offset, size),
            };
        }
        offset += size;
    }
    if (offset != end || get_u64(frame.data + end) != 0) {
        return error_set(err, ERROR_FORMAT, "sections end at byte %zu, not %zu", offset, end);
    }
    return true;
}

bool frame_view_open(struct frame_view *view, struct bytes bytes, struct error *err) {
    *view = (struct frame_view){ 0 };
    if (!prologue_read(&view->prologue, bytes, err)) {
        return false;
    }
    view->bytes = bytes_of(bytes.data, view->prologue.header.size);
    struct bytes directory = bytes_of(bytes.data + view->prologue.size,
                                      (size_t)FRAME_DIRECTORY_ENTRY * view->prologue.section_count);
    if (frame_checksum(directory) != view->prologue.header.body_checksum) {
        return error_set(err, ERROR_FORMAT, "the directory's checksum does not match");
    }
    return directory_read(view, directory.data, err);
}

bool frame_view_section(const struct frame_view *view, unsigned number,
                        const struct frame_section **section, struct error *err) {
    const struct frame_section *found = &view->sections[number];
    if (!found->is_present) {
        *section = NULL;
        return true;
    }
    if (frame_checksum(found->bytes) != found->checksum) {
        return frame_bad(err, number, "the checksum of its %zu bytes at offset %zu does not match",
                         found->bytes.size, (size_t)(found->bytes.data - view->bytes.data));
    }
    *section = found;
    return true;
}
