/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_FLOWQ_ANSWER_H
#define WEIR_TOOLS_FLOWQ_ANSWER_H

#include "query/query.h"
#include "tools/sheet.h"

/* From an answer of query/ to a sheet: which columns there are, and what stands in them. */

/* "src,dst_port,5m" into the query's keys and bin. Errors: ERROR_ARGUMENT (suggests the nearest).
 */
bool answer_parse_keys(const char *text, struct query *query, struct error *err);

/* Runs the query and prints its rows or groups on stdout. Errors: those of query_run, ERROR_IO. */
bool answer_run(const char *store, const struct query *query, enum sheet_form form,
                const struct zone *zone, struct query_stats *stats, struct error *err);

/* One line on stderr: what the answer covers, what was cut, what is missing. */
void answer_print_stats(const struct query *query, const struct query_stats *stats);

#endif
