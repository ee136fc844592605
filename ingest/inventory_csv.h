/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_INVENTORY_CSV_H
#define WEIR_INGEST_INVENTORY_CSV_H

#include "base/arena.h"

/* Reads CSV (RFC 4180) from memory, field by field. Beyond the RFC: lines may end with LF alone, a
 * byte order mark may stand in front, blank lines are passed over, and spaces and tabs around an
 * unquoted field are not part of it. */
struct csv {
    struct bytes text;
    size_t offset;
    uint64_t line; /* of the field read last, from 1 */
    uint64_t next_line;
    bool is_inside; /* a row: the field read last was not its last */
};

struct csv csv_of(struct bytes text);

/* Passes over blank lines and says whether a row follows; its first field is read next. */
bool csv_begin_row(struct csv *csv);

/* The next field of the row, a view into the text, or into `arena` when quotes had to be undone.
 * `csv->is_inside` says whether another one follows. Errors: ERROR_FORMAT ("line 7: ..."),
 * ERROR_LIMIT. */
bool csv_field(struct csv *csv, struct arena *arena, struct bytes *field, struct error *err);

#endif
