/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_AWS_LAYOUT_H
#define WEIR_INGEST_AWS_LAYOUT_H

#include "base/bytes.h"

/* Which field stands in which column of a flow log's lines. A flow log's owner chooses any fields
 * in any order, so a layout comes from names only: a header line, the user's --aws-format, or else
 * the default format. Neither the number of fields nor the version field tells it (docs/FORMATS.md,
 * "AWS"). */

/* The fields that a record is made of. All others are skipped, known or not. */
enum aws_field {
    AWS_SKIPPED = 0,
    AWS_VERSION,
    AWS_ACCOUNT,
    AWS_INTERFACE,
    AWS_SRC,
    AWS_DST,
    AWS_SRC_PORT,
    AWS_DST_PORT,
    AWS_PROTOCOL,
    AWS_PACKETS,
    AWS_BYTES,
    AWS_START,
    AWS_END,
    AWS_ACTION,
    AWS_STATUS,
    AWS_INSTANCE,
    AWS_TCP_FLAGS,
    AWS_PACKET_SRC,
    AWS_PACKET_DST,
    AWS_DIRECTION,
    AWS_RESOURCE,
    AWS_GATEWAY_SRC_INTERFACE, /* tgw-src-eni */
    AWS_GATEWAY_DST_INTERFACE,
    AWS_GATEWAY_ATTACHMENT,
    AWS_FIELD_COUNT,
};

/* Version 11 has 54 fields; a header of more columns than this cannot be used. */
#define AWS_COLUMNS_MAX 128u

struct aws_layout {
    uint32_t column_count;           /* 0: lines of this layout cannot be read */
    uint8_t fields[AWS_COLUMNS_MAX]; /* enum aws_field, by column */
    uint8_t names[AWS_COLUMNS_MAX];  /* for aws_layout_name */
    uint32_t wanted_count;
    uint8_t wanted[AWS_FIELD_COUNT]; /* the columns that are not skipped, ascending */
    uint32_t has;                    /* bits 1 << enum aws_field */
    bool is_default;                 /* exactly the 14 default fields in their order */
    bool is_transit_gateway;         /* has a tgw- field: lines of a gateway (aws_line.h) */
    char unknown[120]; /* names that no version of the format has, ", " between them, else "" */
};

static inline bool aws_layout_has(const struct aws_layout *layout, enum aws_field field) {
    return (layout->has >> field & 1) != 0;
}

/* Whether the same columns are read. */
bool aws_layout_equal(const struct aws_layout *a, const struct aws_layout *b);

/* The vendor's name of a column; NULL when it is unknown, or a Transit Gateway's. */
const char *aws_layout_name(const struct aws_layout *layout, uint32_t column);

/* The highest version of the format among the columns' names, as the vendor counts; 0: none. */
uint32_t aws_layout_version(const struct aws_layout *layout);

/* Whether the layout can give records at all: addresses and both times. */
bool aws_layout_has_records(const struct aws_layout *layout);

/* The 14 fields of version 2. */
void aws_layout_default(struct aws_layout *layout);

/* The 36 fields of a Transit Gateway's flow log in their default order. */
void aws_layout_gateway(struct aws_layout *layout);

/* The word that stands for it where field names are given. */
#define AWS_LAYOUT_GATEWAY_WORD "tgw"

/* Reads field names with white space or commas between them, `account-id`, `account_id` or
 * `${account-id}`; or AWS_LAYOUT_GATEWAY_WORD alone. Unknown names are columns that are skipped,
 * and are listed in `unknown`.
 *
 * Errors: ERROR_ARGUMENT for no name at all, a name that stands twice, more than AWS_COLUMNS_MAX.
 * On failure `layout` has no columns. */
bool aws_layout_parse(struct aws_layout *layout, struct bytes text, struct error *err);

/* Whether a line is made of field names: more than half of its words are names that some version of
 * the format has (the Transit Gateway's too). Values never are: a line of data holds at least as
 * many words that are no names, or it could be read as a record in the first place. */
bool aws_layout_is_header(struct bytes line);

#endif
