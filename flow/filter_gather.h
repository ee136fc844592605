/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FILTER_GATHER_H
#define WEIR_FLOW_FILTER_GATHER_H

#include "flow/filter_parser.h"

/* The values of one list while it is read: arrays that grow, sorted and joined once at the end. */

struct filter_gathered {
    struct buffer addresses; /* struct address_range */
    struct buffer numbers;   /* struct number_range */
    struct buffer names;     /* struct bytes, copied into the arena */
    struct buffer files;     /* struct bytes, copied into the arena */
};

void filter_gathered_init(struct filter_gathered *gathered);
void filter_gathered_done(struct filter_gathered *gathered);

/* Adds one value. Errors: ERROR_LIMIT. */
bool filter_gather(struct filter_parser *parser, struct filter_gathered *gathered,
                   enum filter_value_kind kind, const struct filter_value *value);

/* Adds the name of a list file. Errors: ERROR_LIMIT. */
bool filter_gather_path(struct filter_parser *parser, struct filter_gathered *gathered,
                        struct bytes path);

/* Reads the files, sorts all, and hands it over as the values of a term, in the parser's arena;
 * NULL on failure. `gathered` is done then. `offset` is where an error in a file is shown. */
struct filter_values *filter_gathered_finish(struct filter_parser *parser,
                                             struct filter_gathered *gathered,
                                             enum filter_value_kind kind, size_t offset);

struct filter_list_file {
    struct bytes path;
    size_t offset; /* of the @FILE in the filter's text */
    enum filter_value_kind kind;
};

/* Adds the entries of a list file: words between blanks or commas, `#` comments. Errors: those of
 * file_read, ERROR_ARGUMENT (names file and line), ERROR_LIMIT. */
bool filter_gather_file(struct filter_parser *parser, struct filter_gathered *gathered,
                        const struct filter_list_file *file);

#endif
