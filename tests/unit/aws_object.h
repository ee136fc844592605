/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_UNIT_AWS_OBJECT_H
#define WEIR_TESTS_UNIT_AWS_OBJECT_H

/* Reading whole objects in tests: an input that comes in pieces of any size, an inventory that is a
 * table in the test, and the records of all batches as one flat list. The input and the inventory
 * stand in for the library's: a test must be able to say where a piece ends. */

#include "ingest/aws.h"
#include "ingest/aws_fast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct input {
    struct bytes bytes;
    size_t at;
    size_t piece_size;
    bool is_truncated; /* the input says that it ends before its time */
    uint8_t *buffer;
    size_t size; /* of what the buffer holds */
};

struct inventory_row {
    const char *match;
    const char *node;
    const char *identity;
    int64_t from_ms;
    int64_t to_ms; /* 0: no bounds */
};

struct inventory {
    const struct inventory_row *rows;
    size_t count;
    struct inventory_entry entries[16];
};

struct object {
    const char *text;
    size_t size; /* 0: strlen(text) */
    const char *format;
    const struct inventory *inventory;
    size_t piece_size; /* 0: INPUT_PIECE_SIZE */
    bool is_truncated;
    bool is_scalar; /* else the widest that the processor has */
};

struct flat_record {
    int64_t start_ms, end_ms;
    uint64_t bytes, packets;
    struct address src, dst;
    uint16_t src_port, dst_port, quality;
    uint8_t protocol, tcp_flags, direction, initiator, action;
    char node[64], identity[64], interface[64];
    uint32_t batch;
};

struct flat_gap {
    char node[64];
    uint8_t kind;
    int64_t start_ms, end_ms;
};

struct flat {
    struct flat_record *records;
    size_t count;
    struct flat_gap gaps[64];
    size_t gap_count; /* all of them; the first 64 are kept */
    uint32_t batch_count;
    struct source_counts counts;
    struct source_reject rejects[SOURCE_REJECTS_MAX];
    uint32_t reject_count;
    char warning[200];
    bool is_damaged;
    /* Of the last batch: the own addresses of its nodes. */
    uint32_t node_count;
    uint32_t own_count[8];
    struct address own[8][64];
    uint64_t hash; /* over all columns and tables of all batches */
};

void object_read(const struct object *object, struct flat *flat);
void flat_done(struct flat *flat);
struct inventory inventory_of(const struct inventory_row *rows, size_t count);

#endif
