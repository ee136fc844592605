/* SPDX-License-Identifier: Apache-2.0 */
/* pcapng (draft-ietf-opsawg-pcapng) is a run of blocks:
 *
 *      0 type | 4 length | 8 body ... options ... | length again        all in the section's order
 *
 *      section     8 order | 12 major, minor | 16 length | 24 options
 *      interface   8 link type, - | 12 snap length | 16 options
 *      enhanced    8 interface | 12 time, high | 16 low | 20 captured | 24 on the wire | 28 frame
 *      packet      8 interface, drops | then as enhanced (obsolete)
 *      simple      8 on the wire | 12 frame
 *      statistics  8 interface | 12 time | 20 options
 *
 * A block whose type is not listed is skipped by its length. The order of octets is read from each
 * section's header, whose type is the same in both. A file is the sections one behind the other;
 * interfaces are numbered on from section to section, so that one number is one interface. */
#include "ingest/capture_pcapng.h"

#include "ingest/capture_clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_SECTION 0x0A0D0D0Au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET 2u
#define BLOCK_SIMPLE 3u
#define BLOCK_STATISTICS 5u
#define BLOCK_ENHANCED 6u

#define BYTE_ORDER_MAGIC 0x1A2B3C4Du
#define BLOCK_SIZE_MIN 12u

#define OPTION_END 0u
#define OPTION_IF_NAME 2u
#define OPTION_IF_TSRESOL 9u
#define OPTION_IF_TSOFFSET 14u
#define OPTION_ISB_IFDROP 5u
#define OPTION_ISB_OSDROP 7u

struct interface {
    struct capture_clock clock;
    uint32_t link_type;
    uint32_t snap_size; /* 0: no limit */
    uint64_t dropped;
    uint8_t *name; /* owned, [name_size] */
    size_t name_size;
};

struct capture_pcapng {
    struct capture_stream *stream; /* borrowed */
    bool is_big;                   /* the section's order */
    uint32_t section_interface;    /* the first interface of the section */
    struct interface *interfaces;  /* [interface_count] */
    uint32_t interface_count;
    uint32_t interface_capacity;
    int64_t time_ns; /* of the last frame */
};

/* One whole block in the stream's view. */
struct block {
    const uint8_t *at;
    uint32_t type;
    uint32_t size;
    uint64_t offset;
};

static uint16_t field_u16(const struct capture_pcapng *pcapng, const uint8_t *at) {
    return pcapng->is_big ? __builtin_bswap16(get_u16(at)) : get_u16(at);
}

static uint32_t field_u32(const struct capture_pcapng *pcapng, const uint8_t *at) {
    return pcapng->is_big ? __builtin_bswap32(get_u32(at)) : get_u32(at);
}

static uint64_t field_u64(const struct capture_pcapng *pcapng, const uint8_t *at) {
    return pcapng->is_big ? __builtin_bswap64(get_u64(at)) : get_u64(at);
}

bool capture_pcapng_recognise(struct bytes front) {
    if (front.size < BLOCK_SIZE_MIN || get_u32(front.data) != BLOCK_SECTION) {
        return false;
    }
    uint32_t order = get_u32(front.data + 8);
    return order == BYTE_ORDER_MAGIC || order == __builtin_bswap32(BYTE_ORDER_MAGIC);
}

/* The message of an input that ended inside something: its own damage, or that it was cut. */
static bool set_truncated(const struct capture_pcapng *pcapng, uint64_t offset, struct error *err) {
    if (capture_stream_is_damaged(pcapng->stream, err)) {
        return false;
    }
    return error_set(err, ERROR_FORMAT, "pcapng block at offset %" PRIu64 ": the file ends in it",
                     offset);
}

static bool set_bad(const struct block *block, const char *what, struct error *err) {
    return error_set(err, ERROR_FORMAT,
                     "pcapng block at offset %" PRIu64 " (type 0x%" PRIX32 ", %" PRIu32
                     " bytes): %s",
                     block->offset, block->type, block->size, what);
}

/* Type and size of the block that the stream stands at, which has 12 bytes at least. The header of
 * a section says in which order it is written itself. */
static bool block_peek(struct capture_pcapng *pcapng, struct block *block, struct error *err) {
    block->at = pcapng->stream->view.data;
    block->offset = pcapng->stream->offset;
    block->type = get_u32(block->at); /* as a section's header, the same in both orders */
    if (block->type == BLOCK_SECTION) {
        uint32_t order = get_u32(block->at + 8);
        pcapng->is_big = order == __builtin_bswap32(BYTE_ORDER_MAGIC);
        block->size = field_u32(pcapng, block->at + 4);
        if (order != BYTE_ORDER_MAGIC && !pcapng->is_big) {
            return set_bad(block, "no byte order of a section header", err);
        }
    }
    block->type = field_u32(pcapng, block->at);
    block->size = field_u32(pcapng, block->at + 4);
    if (block->size < BLOCK_SIZE_MIN || block->size % 4 != 0) {
        return set_bad(block, "no size of a block", err);
    }
    return true;
}

/* Makes the whole block visible, and compares its two sizes. */
static bool block_read(struct capture_pcapng *pcapng, struct block *block, uint32_t size_min,
                       struct error *err) {
    if (block->size < size_min) {
        return set_bad(block, "too short for its type", err);
    }
    if (block->size > CAPTURE_STREAM_MAX) {
        return set_bad(block, "longer than 1 MiB", err);
    }
    if (!capture_stream_has(pcapng->stream, block->size)) {
        return set_truncated(pcapng, block->offset, err);
    }
    block->at = pcapng->stream->view.data;
    if (field_u32(pcapng, block->at + block->size - 4) != block->size) {
        return set_bad(block, "its second size differs", err);
    }
    return true;
}

/* Goes on behind a block that is not looked into, of any size. */
static bool block_skip(struct capture_pcapng *pcapng, const struct block *block,
                       struct error *err) {
    struct capture_stream *stream = pcapng->stream;
    if (!capture_stream_skip(stream, block->size - 4) || !capture_stream_has(stream, 4)) {
        return set_truncated(pcapng, block->offset, err);
    }
    if (field_u32(pcapng, stream->view.data) != block->size) {
        return set_bad(block, "its second size differs", err);
    }
    capture_stream_use(stream, 4);
    return true;
}

struct option {
    unsigned code;
    struct bytes value;
};

/* The next option of `options`, code OPTION_END behind the last. False: it is longer than what is
 * left. */
static bool option_next(const struct capture_pcapng *pcapng, struct cursor *options,
                        struct option *out) {
    *out = (struct option){ .code = OPTION_END };
    if (cursor_left(options) == 0) {
        return true;
    }
    const uint8_t *header = cursor_take(options, 4).data;
    if (options->failed) {
        return false;
    }
    size_t size = field_u16(pcapng, header + 2);
    out->value = cursor_take(options, (size + 3) & ~(size_t)3);
    out->value.size = size;
    out->code = field_u16(pcapng, header);
    return !options->failed;
}

static struct cursor options_of(const struct block *block, uint32_t at) {
    return cursor_of(bytes_of(block->at + at, block->size - at - 4));
}

static bool section_read(struct capture_pcapng *pcapng, struct block *block, struct error *err) {
    if (!block_read(pcapng, block, 28, err)) {
        return false;
    }
    unsigned major = field_u16(pcapng, block->at + 12);
    unsigned minor = field_u16(pcapng, block->at + 14);
    if (major != 1 || (minor != 0 && minor != 2)) { /* 1.2 is 1.0, says the draft */
        char message[64];
        (void)snprintf(message, sizeof message, "version %u.%u of pcapng is not known", major,
                       minor);
        return set_bad(block, message, err);
    }
    struct cursor options = options_of(block, 24);
    struct option option;
    do { /* nothing in them is needed, but a section that lies about them is not one */
        if (!option_next(pcapng, &options, &option)) {
            return set_bad(block, "an option is longer than the block", err);
        }
    } while (option.code != OPTION_END);
    pcapng->section_interface = pcapng->interface_count;
    capture_stream_use(pcapng->stream, block->size);
    return true;
}

static bool interface_option(const struct capture_pcapng *pcapng, const struct option *option,
                             struct interface *interface, uint8_t *resolution, int64_t *offset_s) {
    switch (option->code) {
    case OPTION_IF_NAME:
        free(interface->name);
        interface->name = malloc(option->value.size + 1);
        if (interface->name == NULL) {
            return false;
        }
        memcpy(interface->name, option->value.data, option->value.size);
        interface->name_size = option->value.size;
        return true;
    case OPTION_IF_TSRESOL:
        if (option->value.size >= 1) {
            *resolution = option->value.data[0];
        }
        return true;
    case OPTION_IF_TSOFFSET:
        if (option->value.size >= 8) {
            *offset_s = (int64_t)field_u64(pcapng, option->value.data);
        }
        return true;
    default: return true;
    }
}

/* Fills `interface` from its block; its name is owned also on failure. */
static bool interface_fill(struct capture_pcapng *pcapng, const struct block *block,
                           struct interface *interface, struct error *err) {
    uint8_t resolution = 6;
    int64_t offset_s = 0;
    struct cursor options = options_of(block, 16);
    for (;;) {
        struct option option;
        if (!option_next(pcapng, &options, &option)) {
            return set_bad(block, "an option is longer than the block", err);
        }
        if (option.code == OPTION_END) {
            break;
        }
        if (!interface_option(pcapng, &option, interface, &resolution, &offset_s)) {
            return error_set(err, ERROR_LIMIT, "no memory for the name of an interface");
        }
    }
    interface->link_type = field_u16(pcapng, block->at + 8);
    interface->snap_size = field_u32(pcapng, block->at + 12);
    interface->clock = capture_clock_of(resolution, offset_s);
    return true;
}

static bool interfaces_reserve(struct capture_pcapng *pcapng) {
    if (pcapng->interface_count < pcapng->interface_capacity) {
        return true;
    }
    uint32_t capacity = pcapng->interface_capacity == 0 ? 8 : 2 * pcapng->interface_capacity;
    struct interface *interfaces =
        realloc(pcapng->interfaces, capacity * sizeof *pcapng->interfaces);
    if (interfaces == NULL) {
        return false;
    }
    pcapng->interfaces = interfaces;
    pcapng->interface_capacity = capacity;
    return true;
}

static bool interface_read(struct capture_pcapng *pcapng, struct block *block, struct error *err) {
    if (!block_read(pcapng, block, 20, err)) {
        return false;
    }
    if (pcapng->interface_count == CAPTURE_INTERFACES_MAX) {
        return set_bad(block, "more interfaces than are read (4096)", err);
    }
    if (!interfaces_reserve(pcapng)) {
        return error_set(err, ERROR_LIMIT, "no memory for an interface");
    }
    struct interface interface = { 0 };
    if (!interface_fill(pcapng, block, &interface, err)) {
        free(interface.name);
        return false;
    }
    pcapng->interfaces[pcapng->interface_count++] = interface;
    capture_stream_use(pcapng->stream, block->size);
    return true;
}

/* The section's interface of this number, or NULL. */
static struct interface *interface_find(const struct capture_pcapng *pcapng, uint32_t id) {
    return id < pcapng->interface_count - pcapng->section_interface
               ? &pcapng->interfaces[pcapng->section_interface + id]
               : NULL;
}

/* What the interface (5) and the system (7) dropped, from the start of the capture; the last block
 * of an interface counts. */
static bool statistics_read(struct capture_pcapng *pcapng, struct block *block, struct error *err) {
    if (!block_read(pcapng, block, 24, err)) {
        return false;
    }
    struct interface *interface = interface_find(pcapng, field_u32(pcapng, block->at + 8));
    struct cursor options = options_of(block, 20);
    struct option option;
    uint64_t dropped = 0;
    while (option_next(pcapng, &options, &option) && option.code != OPTION_END) {
        bool is_drop = option.code == OPTION_ISB_IFDROP || option.code == OPTION_ISB_OSDROP;
        uint64_t value =
            is_drop && option.value.size == 8 ? field_u64(pcapng, option.value.data) : 0;
        dropped = value > UINT64_MAX - dropped ? UINT64_MAX : dropped + value;
    }
    if (interface != NULL) {
        interface->dropped = dropped;
    }
    capture_stream_use(pcapng->stream, block->size);
    return true;
}

/* Enhanced and obsolete packet blocks differ in how wide the interface's number is. */
static bool packet_read(struct capture_pcapng *pcapng, struct block *block,
                        struct capture_frame *frame, struct error *err) {
    if (!block_read(pcapng, block, 32, err)) {
        return false;
    }
    const uint8_t *at = block->at;
    uint32_t id =
        block->type == BLOCK_PACKET ? field_u16(pcapng, at + 8) : field_u32(pcapng, at + 8);
    const struct interface *interface = interface_find(pcapng, id);
    if (interface == NULL) {
        return set_bad(block, "of an interface that has no block", err);
    }
    uint32_t size = field_u32(pcapng, at + 20);
    if (size > block->size - 32) {
        return set_bad(block, "its frame is longer than the block", err);
    }
    if (size > CAPTURE_FRAME_MAX) {
        return set_bad(block, "its frame is longer than 256 KiB", err);
    }
    uint64_t ticks = (uint64_t)field_u32(pcapng, at + 12) << 32 | field_u32(pcapng, at + 16);
    pcapng->time_ns = capture_clock_ns(&interface->clock, ticks);
    frame->data = bytes_of(at + 28, size);
    frame->wire_size = field_u32(pcapng, at + 24);
    frame->link_type = interface->link_type;
    frame->interface = pcapng->section_interface + id;
    frame->time_ns = pcapng->time_ns;
    capture_stream_use(pcapng->stream, block->size);
    return true;
}

/* Of the section's first interface, without a time; what was captured is known by what fits. */
static bool simple_read(struct capture_pcapng *pcapng, struct block *block,
                        struct capture_frame *frame, struct error *err) {
    if (!block_read(pcapng, block, 16, err)) {
        return false;
    }
    const struct interface *interface = interface_find(pcapng, 0);
    if (interface == NULL) {
        return set_bad(block, "of an interface that has no block", err);
    }
    uint32_t wire_size = field_u32(pcapng, block->at + 8);
    uint32_t size = wire_size;
    if (interface->snap_size != 0 && size > interface->snap_size) {
        size = interface->snap_size;
    }
    if (size > block->size - 16) {
        return set_bad(block, "its frame is longer than the block", err);
    }
    if (size > CAPTURE_FRAME_MAX) {
        return set_bad(block, "its frame is longer than 256 KiB", err);
    }
    frame->data = bytes_of(block->at + 12, size);
    frame->wire_size = wire_size;
    frame->link_type = interface->link_type;
    frame->interface = pcapng->section_interface;
    frame->time_ns = pcapng->time_ns;
    capture_stream_use(pcapng->stream, block->size);
    return true;
}

/* Reads one block; `*has_frame` says whether it gave one. */
static bool block_next(struct capture_pcapng *pcapng, struct capture_frame *frame, bool *has_frame,
                       struct error *err) {
    struct block block;
    *has_frame = false;
    if (!block_peek(pcapng, &block, err)) {
        return false;
    }
    switch (block.type) {
    case BLOCK_SECTION: return section_read(pcapng, &block, err);
    case BLOCK_INTERFACE: return interface_read(pcapng, &block, err);
    case BLOCK_STATISTICS: return statistics_read(pcapng, &block, err);
    case BLOCK_ENHANCED:
    case BLOCK_PACKET: *has_frame = true; return packet_read(pcapng, &block, frame, err);
    case BLOCK_SIMPLE: *has_frame = true; return simple_read(pcapng, &block, frame, err);
    default: return block_skip(pcapng, &block, err);
    }
}

enum capture_result capture_pcapng_next(struct capture_pcapng *pcapng, struct capture_frame *frame,
                                        struct error *err) {
    for (;;) {
        if (!capture_stream_has(pcapng->stream, BLOCK_SIZE_MIN)) {
            if (pcapng->stream->view.size == 0 && pcapng->stream->damage.code == ERROR_NONE) {
                return CAPTURE_END;
            }
            (void)set_truncated(pcapng, pcapng->stream->offset, err);
            return CAPTURE_DAMAGED;
        }
        bool has_frame;
        if (!block_next(pcapng, frame, &has_frame, err)) {
            return CAPTURE_DAMAGED;
        }
        if (has_frame) {
            return CAPTURE_FRAME;
        }
    }
}

bool capture_pcapng_open(struct capture_pcapng **out, struct capture_stream *stream,
                         struct error *err) {
    struct capture_pcapng *pcapng = calloc(1, sizeof *pcapng);
    if (pcapng == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory to read a pcapng file");
    }
    pcapng->stream = stream;
    struct block block;
    bool ok = capture_stream_has(stream, BLOCK_SIZE_MIN)
                  ? block_peek(pcapng, &block, err) && section_read(pcapng, &block, err)
                  : set_truncated(pcapng, 0, err);
    if (!ok) {
        capture_pcapng_close(pcapng);
        return false;
    }
    *out = pcapng;
    return true;
}

void capture_pcapng_close(struct capture_pcapng *pcapng) {
    if (pcapng == NULL) {
        return;
    }
    for (uint32_t i = 0; i < pcapng->interface_count; i++) {
        free(pcapng->interfaces[i].name);
    }
    free(pcapng->interfaces);
    free(pcapng);
}

struct bytes capture_pcapng_interface(const struct capture_pcapng *pcapng, uint32_t interface) {
    const struct interface *found = &pcapng->interfaces[interface];
    return bytes_of(found->name, found->name_size);
}

uint32_t capture_pcapng_interface_count(const struct capture_pcapng *pcapng) {
    return pcapng->interface_count;
}

uint64_t capture_pcapng_dropped(const struct capture_pcapng *pcapng, uint32_t interface) {
    return pcapng->interfaces[interface].dropped;
}
