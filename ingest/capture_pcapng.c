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

#include "ingest/capture_block.h"
#include "ingest/capture_clock.h"

#include <stdio.h>
#include <stdlib.h>

#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET 2u
#define BLOCK_SIMPLE 3u
#define BLOCK_STATISTICS 5u
#define BLOCK_ENHANCED 6u

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

bool capture_pcapng_recognise(struct bytes front) {
    if (front.size < BLOCK_SIZE_MIN || get_u32(front.data) != BLOCK_SECTION) {
        return false;
    }
    uint32_t order = get_u32(front.data + 8);
    return order == BYTE_ORDER_MAGIC || order == __builtin_bswap32(BYTE_ORDER_MAGIC);
}

static bool section_read(struct capture_pcapng *pcapng, struct capture_block *block,
                         struct error *err) {
    if (!capture_block_read(pcapng->stream, block, 28, err)) {
        return false;
    }
    unsigned major = block_u16(block, 12);
    unsigned minor = block_u16(block, 14);
    if (major != 1 || (minor != 0 && minor != 2)) { /* 1.2 is 1.0, says the draft */
        char message[64];
        (void)snprintf(message, sizeof message, "version %u.%u of pcapng is not known", major,
                       minor);
        return capture_block_bad(block, message, err);
    }
    size_t offset = 24;
    struct capture_option option;
    do { /* nothing in them is needed, but a section that lies about them is not one */
        if (!capture_option_next(block, &offset, &option, err)) {
            return false;
        }
    } while (option.code != OPTION_END);
    pcapng->section_interface = pcapng->interface_count;
    capture_stream_use(pcapng->stream, block->size);
    return true;
}

/* What an interface's options say of its clock. */
struct clock_options {
    uint8_t resolution;
    int64_t offset_s;
};

/* The last name counts. */
static bool name_take(const struct capture_block *block, const struct capture_option *option,
                      struct interface *interface, struct error *err) {
    size_t size = option->size < CAPTURE_NAME_MAX ? option->size : CAPTURE_NAME_MAX;
    free(interface->name);
    interface->name_size = 0;
    interface->name = malloc(size + 1);
    if (interface->name == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for the name of an interface");
    }
    memcpy(interface->name, block->at + option->offset, size);
    interface->name_size = size;
    return true;
}

static bool interface_option(const struct capture_block *block, const struct capture_option *option,
                             struct interface *interface, struct clock_options *clock,
                             struct error *err) {
    switch (option->code) {
    case OPTION_IF_NAME: return name_take(block, option, interface, err);
    case OPTION_IF_TSRESOL:
        if (option->size >= 1) {
            clock->resolution = block->at[option->offset];
        }
        break;
    case OPTION_IF_TSOFFSET:
        if (option->size >= 8) {
            clock->offset_s = (int64_t)block_u64(block, option->offset);
        }
        break;
    default: break;
    }
    return true;
}

/* Fills `interface` from its block; its name is owned also on failure. */
static bool interface_fill(const struct capture_block *block, struct interface *interface,
                           struct error *err) {
    struct clock_options clock = { .resolution = 6 };
    size_t offset = 16;
    struct capture_option option;
    do {
        if (!capture_option_next(block, &offset, &option, err) ||
            !interface_option(block, &option, interface, &clock, err)) {
            return false;
        }
    } while (option.code != OPTION_END);
    interface->link_type = block_u16(block, 8);
    interface->snap_size = block_u32(block, 12);
    interface->clock = capture_clock_of(clock.resolution, clock.offset_s);
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

static bool interface_read(struct capture_pcapng *pcapng, struct capture_block *block,
                           struct error *err) {
    if (!capture_block_read(pcapng->stream, block, 20, err)) {
        return false;
    }
    if (pcapng->interface_count == CAPTURE_INTERFACES_MAX) {
        return capture_block_bad(block, "more interfaces than are read (4096)", err);
    }
    if (!interfaces_reserve(pcapng)) {
        return error_set(err, ERROR_LIMIT, "no memory for an interface");
    }
    struct interface interface = { 0 };
    if (!interface_fill(block, &interface, err)) {
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
static bool statistics_read(struct capture_pcapng *pcapng, struct capture_block *block,
                            struct error *err) {
    if (!capture_block_read(pcapng->stream, block, 24, err)) {
        return false;
    }
    struct interface *interface = interface_find(pcapng, block_u32(block, 8));
    size_t offset = 20;
    struct capture_option option;
    uint64_t dropped = 0;
    do {
        if (!capture_option_next(block, &offset, &option, err)) {
            return false;
        }
        bool is_drop = option.code == OPTION_ISB_IFDROP || option.code == OPTION_ISB_OSDROP;
        uint64_t value = is_drop && option.size == 8 ? block_u64(block, option.offset) : 0;
        dropped = value > UINT64_MAX - dropped ? UINT64_MAX : dropped + value;
    } while (option.code != OPTION_END);
    if (interface != NULL) {
        interface->dropped = dropped;
    }
    capture_stream_use(pcapng->stream, block->size);
    return true;
}

/* Enhanced and obsolete packet blocks differ in how wide the interface's number is. */
static bool packet_read(struct capture_pcapng *pcapng, struct capture_block *block,
                        struct capture_frame *frame, struct error *err) {
    if (!capture_block_read(pcapng->stream, block, 32, err)) {
        return false;
    }
    uint32_t id = block->type == BLOCK_PACKET ? block_u16(block, 8) : block_u32(block, 8);
    const struct interface *interface = interface_find(pcapng, id);
    if (interface == NULL) {
        return capture_block_bad(block, "of an interface that has no block", err);
    }
    uint32_t size = block_u32(block, 20);
    if (size > block->size - 32) {
        return capture_block_bad(block, "its frame is longer than the block", err);
    }
    if (size > CAPTURE_FRAME_MAX) {
        return capture_block_bad(block, "its frame is longer than 256 KiB", err);
    }
    uint64_t ticks = (uint64_t)block_u32(block, 12) << 32 | block_u32(block, 16);
    pcapng->time_ns = capture_clock_ns(&interface->clock, ticks);
    frame->data = bytes_of(block->at + 28, size);
    frame->wire_size = block_u32(block, 24);
    frame->link_type = interface->link_type;
    frame->interface = pcapng->section_interface + id;
    frame->time_ns = pcapng->time_ns;
    capture_stream_use(pcapng->stream, block->size);
    return true;
}

/* Of the section's first interface, without a time; what was captured is known by what fits. */
static bool simple_read(struct capture_pcapng *pcapng, struct capture_block *block,
                        struct capture_frame *frame, struct error *err) {
    if (!capture_block_read(pcapng->stream, block, 16, err)) {
        return false;
    }
    const struct interface *interface = interface_find(pcapng, 0);
    if (interface == NULL) {
        return capture_block_bad(block, "of an interface that has no block", err);
    }
    uint32_t wire_size = block_u32(block, 8);
    uint32_t size = wire_size;
    if (interface->snap_size != 0 && size > interface->snap_size) {
        size = interface->snap_size;
    }
    if (size > block->size - 16) {
        return capture_block_bad(block, "its frame is longer than the block", err);
    }
    if (size > CAPTURE_FRAME_MAX) {
        return capture_block_bad(block, "its frame is longer than 256 KiB", err);
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
    struct capture_block block;
    *has_frame = false;
    if (!capture_block_peek(pcapng->stream, &pcapng->is_big, &block, err)) {
        return false;
    }
    switch (block.type) {
    case BLOCK_SECTION: return section_read(pcapng, &block, err);
    case BLOCK_INTERFACE: return interface_read(pcapng, &block, err);
    case BLOCK_STATISTICS: return statistics_read(pcapng, &block, err);
    case BLOCK_ENHANCED:
    case BLOCK_PACKET: *has_frame = true; return packet_read(pcapng, &block, frame, err);
    case BLOCK_SIMPLE: *has_frame = true; return simple_read(pcapng, &block, frame, err);
    default: return capture_block_skip(pcapng->stream, &block, err);
    }
}

enum capture_result capture_pcapng_next(struct capture_pcapng *pcapng, struct capture_frame *frame,
                                        struct error *err) {
    for (;;) {
        if (!capture_stream_has(pcapng->stream, BLOCK_SIZE_MIN)) {
            if (pcapng->stream->view.size == 0 && pcapng->stream->damage.code == ERROR_NONE) {
                return CAPTURE_END;
            }
            (void)capture_block_cut(pcapng->stream, pcapng->stream->offset, err);
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
    struct capture_block block;
    bool ok = capture_stream_has(stream, BLOCK_SIZE_MIN)
                  ? capture_block_peek(stream, &pcapng->is_big, &block, err) &&
                        section_read(pcapng, &block, err)
                  : capture_block_cut(stream, 0, err);
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
