/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_QUERY_ROWS_H
#define WEIR_QUERY_ROWS_H

#include "query/scan.h"

/* The answer as single records: shown as they are stored (QUERY_SORT_NONE), or collected, sorted
 * and then shown. With a limit only the best `limit` are kept while collecting. Errors: as
 * query_run. */
bool rows_run(const char *directory, const struct query *query, const struct query_sink *sink,
              struct query_stats *stats, struct error *err);

#endif
