/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FRAME_LAYOUT_H
#define WEIR_FLOW_FRAME_LAYOUT_H

#include "flow/frame.h"

/* The skeleton of a frame (docs/FORMATS.md, "Frame"), for the files that write and read it:
 *
 *      +--------+-----------+-----------+-----+-----------+-------+
 *      | header | directory | section 1 | ... | section n | slack |
 *      +--------+-----------+-----------+-----+-----------+-------+
 *
 * The header holds the checksum of itself and that of the directory; the directory holds those of
 * the sections. So a reader checks what it reads and nothing else. */

#define FRAME_MAGIC UINT32_C(0x4d524657) /* "WFRM" */
/* The fixed part of the header, before the feed's name and the checksum of both. */
#define FRAME_HEADER_FIXED 120u
#define FRAME_HEADER_CHECKSUM 8u
#define FRAME_FEED_SIZE_MAX 4096u
#define FRAME_DIRECTORY_ENTRY 32u
/* Zero bytes at the end, so that vector code may read past the last column. */
#define FRAME_SLACK 8u
/* Known and unknown; a section of every number that could ever be, in 8 kB. */
#define FRAME_SECTIONS_MAX 256u
/* The most bytes of one table, decompressed. */
#define FRAME_TABLE_SIZE_MAX (1u << 20)

enum frame_section_number {
    SECTION_NODES = 1,
    SECTION_FLOW_LOGS = 2,
    SECTION_STRINGS = 3,
    SECTION_LABELS = 4,
    SECTION_COVERAGE = 5,
    SECTION_MINUTES = 6,
    SECTION_IPV4 = 7,
    SECTION_IPV6 = 8,
    SECTION_SERVICES = 9,
    SECTION_NODE_RUNS = 10,

    SECTION_LOCAL = 16, /* index into the node run's local addresses */
    SECTION_PEER = 17,
    SECTION_END = 18,
    SECTION_DURATION = 19,
    SECTION_SERVICE = 20,
    SECTION_EPHEMERAL = 21,
    SECTION_PORT_ORDER = 22,
    SECTION_PACKETS = 23,
    SECTION_BYTES = 24,
    SECTION_QUALITY = 25,
    SECTION_TCP_FLAGS = 26,
    SECTION_DIRECTION = 27,
    SECTION_INITIATOR = 28,
    SECTION_ACTION = 29,
    SECTION_FLOW_LOG = 30,
    SECTION_NUMBER_END = 31, /* known numbers are below it */
};

enum frame_encoding {
    ENCODING_PLAIN = 0,    /* a table as it is */
    ENCODING_ZSTD = 1,     /* a table as one zstd frame */
    ENCODING_CONSTANT = 2, /* a column of one value, `low`; no bytes */
    ENCODING_PACKED = 3,   /* `parameter` bits a row, less `low` */
    ENCODING_TOKENS = 4,   /* exp-mantissa, blocks of a token plane and raw bits */
    ENCODING_PLANES = 5,   /* blocks of two planes: low bytes, high bytes */
};

/* A directory entry with the bytes that it names. For a table `low` is the number of its rows and
 * `high` its size before compression; for a column they are its smallest and largest value. */
struct frame_section {
    bool is_present;
    uint8_t encoding;
    uint8_t parameter;
    uint64_t checksum;
    uint64_t low;
    uint64_t high;
    struct bytes bytes; /* into the frame; FRAME_SLACK more bytes can be read behind it */
};

/* The header's fields that only the codec needs beside those of struct frame_header. */
struct frame_prologue {
    struct frame_header header;
    uint32_t time_unit_ms; /* ends and durations are stored in multiples of it */
    uint16_t section_count;
    uint16_t size; /* of the header itself */
};

/* A frame whose header and directory have been checked. */
struct frame_view {
    struct frame_prologue prologue;
    struct bytes bytes;                                /* exactly the frame */
    struct frame_section sections[SECTION_NUMBER_END]; /* by number */
};

/* The blocks of FRAME_BLOCK_RECORDS rows that `count` rows make. */
static inline uint32_t frame_block_count(uint32_t count) {
    return (count + FRAME_BLOCK_RECORDS - 1) / FRAME_BLOCK_RECORDS;
}

/* The rows of one block. */
static inline uint32_t frame_block_rows(uint32_t count, uint32_t block) {
    uint32_t left = count - block * FRAME_BLOCK_RECORDS;
    return left < FRAME_BLOCK_RECORDS ? left : FRAME_BLOCK_RECORDS;
}

/* The name of a section, for messages. */
const char *frame_section_name(unsigned number);

/* Checks header and directory of the frame at the front of `bytes` (not the sections' checksums).
 * Errors: as frame_header_read. */
bool frame_view_open(struct frame_view *view, struct bytes bytes, struct error *err);

/* The section, after its checksum was compared; NULL without an error when it is absent. Errors:
 * ERROR_FORMAT. */
bool frame_view_section(const struct frame_view *view, unsigned number,
                        const struct frame_section **section, struct error *err);

/* `return frame_bad(err, SECTION_PEER, "row %u ...")`: ERROR_FORMAT, with the section's name. */
__attribute__((format(printf, 3, 4))) bool frame_bad(struct error *err, unsigned number,
                                                     const char *format, ...);

/* The size of a header with this feed name. */
static inline uint32_t frame_header_size(size_t feed_size) {
    return FRAME_HEADER_FIXED + (uint32_t)feed_size + FRAME_HEADER_CHECKSUM;
}

/* Writes the header, the feed's name and the checksum; `out` has room for frame_header_size. */
void frame_header_write(uint8_t *out, const struct frame_prologue *prologue);

/* Writes one directory entry; `section->checksum` is computed from its bytes. */
void frame_entry_write(uint8_t *out, unsigned number, const struct frame_section *section);

/* The checksum of all parts of a frame: XXH3-64 with seed 0. */
uint64_t frame_checksum(struct bytes bytes);

#endif
